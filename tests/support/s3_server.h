/* versitygw on a free port of this machine, and a proxy before it that makes faults. Both end with the test program. */
#pragma once
#include <glib.h>

typedef struct {
  char *folder;   /* buckets are folders in it */
  char *endpoint; /* http://127.0.0.1:port */
  char *proxy;    /* the same through the fault proxy; NULL until s3_server_start_proxy() */
  char *ca_file;  /* the server speaks TLS and shows this certificate; NULL: plain HTTP */
  int port;
  GPid server_pid, proxy_pid;
} S3Server;

/* Why the tests over S3 cannot run here; NULL when they can. */
const char *s3_server_missing(void);
/* Starts it with bucket "lake" and sets AWS_* in the environment (before other threads start). Aborts the test on
 * failure. */
S3Server *s3_server_start(void);
/* The same over TLS, with buckets in the host's name: https://lake.localhost:port. For clients that trust `ca_file`
 * (AWS_CA_BUNDLE). */
S3Server *s3_server_start_secure(void);
void s3_server_start_proxy(S3Server *server);
void s3_server_stop(S3Server *server);
/* Rules for the proxy, as JSON (tests/support/s3_fault_proxy.py). Forgets what it saw. */
void s3_server_set_faults(S3Server *server, const char *rules);
/* How many requests whose line contains `part` came since. */
guint s3_server_count_seen(S3Server *server, const char *part);

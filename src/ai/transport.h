/*
 * HTTP to providers, driven by a loop: kept-alive connections, deadlines, cancellation. http:// goes over our own small
 * HTTP/1.1 client (wire.c), https:// and proxies over libcurl. Belongs to one loop; all functions on its thread.
 */
#pragma once
#include "ai/loop.h"

#define TRANSPORT_MAX_HEAD (64u << 10)

typedef struct Transport Transport;
typedef struct Transfer Transfer;

typedef enum {
  TRANSFER_DONE,       /* the whole reply came */
  TRANSFER_NO_CONNECT, /* name, connection or TLS: nothing was processed */
  TRANSFER_BROKEN,     /* the connection ended in the middle, or it was not HTTP */
  TRANSFER_TIMEOUT
} TransferEnd;

typedef struct {
  int status;
  gint64 retry_after_ms; /* of the header Retry-After (seconds or date) or retry-after-ms; -1: none */
  gboolean event_stream; /* the media type is text/event-stream */
} TransferHead;

/* Called on the loop. `body` may be called many times; FALSE ends the transfer (no `end` follows). `end` exactly once. */
typedef struct {
  gboolean (*body)(const TransferHead *head, const char *bytes, gsize length, gpointer data);
  void (*end)(const TransferHead *head, TransferEnd how, gpointer data);
} TransferEvents;

Transport *transport_new(AiLoop *loop, GError **error); /* (transfer full) */
void transport_free(Transport *transport);              /* with no transfer in flight. NULL is fine */
/* POST of JSON. `headers`: lines "Name: value". Copies everything but `body` (referenced). Never calls back before it returns. */
Transfer *transport_post(Transport *transport, const char *url, const char *const *headers, GBytes *body, gint64 timeout_ms,
                         const TransferEvents *events, gpointer data);
void transfer_cancel(Transfer *transfer); /* no more events; the connection is closed. NULL is fine */
/* Seconds or an HTTP date as milliseconds from now; -1 when it is neither. */
gint64 transport_retry_after_ms(const char *text);

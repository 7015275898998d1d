#include "support/s3_server.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "base/disk.h"
#include "base/http.h"

#define PROGRAM ".deps/bin/versitygw"
#define START_MS 20000

const char *s3_server_missing(void) {
  return g_file_test(PROGRAM, G_FILE_TEST_IS_EXECUTABLE)
             ? NULL
             : "there is no versitygw: run scripts/setup.sh test with Go 1.20 or newer";
}

static int free_port(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &length), ==, 0);
  close(fd);
  return ntohs(address.sin_port);
}

/* A killed test takes its servers with it. */
static void die_with_parent(gpointer unused) {
  (void)unused;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void request(const S3Server *server, const char *method, const char *url, const char *body,
                    HttpResponse *response, GError **error) {
  g_autoptr(HttpClient) client = http_client_new(&(HttpOptions){.ca_file = server->ca_file});
  HttpRequest sent = {.method = method,
                      .url = url,
                      .body = body,
                      .body_length = body != NULL ? (gint64)strlen(body) : 0,
                      .max_body = 16 << 20,
                      .deadline = deadline_in_ms(10000, NULL)};
  http_client_send(client, &sent, response, error);
}

static void wait_until_healthy(const S3Server *server) {
  g_autofree char *url = g_strconcat(server->endpoint, "/health", NULL);
  Deadline deadline = deadline_in_ms(START_MS, NULL);
  while (deadline_left_ms(deadline) > 0) {
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) error = NULL;
    request(server, "GET", url, NULL, &response, &error);
    if (error == NULL && response.status == 200) return;
    g_usleep(50000);
  }
  g_error("versitygw did not start");
}

static void set_environment(void) {
  g_setenv("AWS_ACCESS_KEY_ID", "testkey", TRUE);
  g_setenv("AWS_SECRET_ACCESS_KEY", "testsecret123", TRUE);
  g_setenv("AWS_EC2_METADATA_DISABLED", "true", TRUE);
  g_setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", TRUE);
  g_setenv("AWS_CONFIG_FILE", "/nonexistent", TRUE);
  g_unsetenv("AWS_SESSION_TOKEN");
  g_unsetenv("AWS_CA_BUNDLE");
  g_setenv("NO_PROXY", "127.0.0.1,localhost", TRUE);
  g_setenv("no_proxy", "127.0.0.1,localhost", TRUE);
}

/* Server, buckets and what it is told besides. */
static S3Server *server_new(void) {
  S3Server *server = g_new0(S3Server, 1);
  g_autoptr(GError) error = NULL;
  set_environment();
  server->folder = g_dir_make_tmp("aisle-s3-XXXXXX", &error);
  g_assert_no_error(error);
  server->port = free_port();
  return server;
}

static void launch(S3Server *server, const char *const *more) {
  g_autoptr(GError) error = NULL;
  g_autofree char *listen = g_strdup_printf("127.0.0.1:%d", server->port);
  g_autofree char *buckets = g_build_filename(server->folder, "buckets", NULL);
  g_autofree char *bucket = g_build_filename(buckets, "lake", NULL);
  g_assert_true(disk_make_folder(bucket, &error));
  g_autoptr(GPtrArray) arguments = g_ptr_array_new();
  const char *const first[] = {PROGRAM, "--port", listen, "--quiet", "--health", "/health"};
  for (guint i = 0; i < G_N_ELEMENTS(first); i++) g_ptr_array_add(arguments, (gpointer)first[i]);
  for (; more && *more; more++) g_ptr_array_add(arguments, (gpointer)*more);
  g_ptr_array_add(arguments, (gpointer) "posix");
  g_ptr_array_add(arguments, buckets);
  g_ptr_array_add(arguments, NULL);
  g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "ROOT_ACCESS_KEY", "testkey", TRUE);
  environment = g_environ_setenv(environment, "ROOT_SECRET_KEY", "testsecret123", TRUE);
  g_spawn_async(NULL, (char **)arguments->pdata, environment,
                G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, die_with_parent,
                NULL, &server->server_pid, &error);
  g_assert_no_error(error);
  wait_until_healthy(server);
}

S3Server *s3_server_start(void) {
  S3Server *server = server_new();
  server->endpoint = g_strdup_printf("http://127.0.0.1:%d", server->port);
  launch(server, NULL);
  return server;
}

/* A certificate that is its own authority. */
static void make_certificate(const S3Server *server, const char *key) {
  const char *arguments[] = {"openssl",
                             "req",
                             "-x509",
                             "-newkey",
                             "ec",
                             "-pkeyopt",
                             "ec_paramgen_curve:P-256",
                             "-nodes",
                             "-days",
                             "2",
                             "-subj",
                             "/CN=localhost",
                             "-addext",
                             "subjectAltName=DNS:localhost,DNS:lake.localhost",
                             "-keyout",
                             key,
                             "-out",
                             server->ca_file,
                             NULL};
  g_autoptr(GError) error = NULL;
  int status = 0;
  g_spawn_sync(NULL, (char **)arguments, NULL,
               G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL,
               &status, &error);
  g_assert_no_error(error);
  g_assert_true(g_spawn_check_wait_status(status, &error));
}

S3Server *s3_server_start_secure(void) {
  S3Server *server = server_new();
  g_autofree char *key = g_build_filename(server->folder, "key.pem", NULL);
  g_autofree char *domain = g_strdup_printf("localhost:%d", server->port);
  server->ca_file = g_build_filename(server->folder, "certificate.pem", NULL);
  make_certificate(server, key);
  server->endpoint = g_strconcat("https://", domain, NULL);
  const char *const more[] = {"--cert", server->ca_file, "--key", key, "--virtual-domain", domain, NULL};
  launch(server, more);
  return server;
}

void s3_server_start_proxy(S3Server *server) {
  g_autofree char *port = g_strdup_printf("%d", server->port);
  char *arguments[] = {(char *)"python3", (char *)"tests/support/s3_fault_proxy.py", port, NULL};
  g_autoptr(GError) error = NULL;
  int out;
  g_spawn_async_with_pipes(NULL, arguments, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, die_with_parent,
                           NULL, &server->proxy_pid, NULL, &out, NULL, &error);
  g_assert_no_error(error);
  char line[16] = {0};
  for (gsize got = 0; got < sizeof line - 1 && memchr(line, '\n', got) == NULL;) {
    ssize_t n = read(out, line + got, sizeof line - 1 - got);
    g_assert_cmpint(n, >, 0);
    got += (gsize)n;
  }
  close(out);
  server->proxy = g_strdup_printf("http://127.0.0.1:%s", g_strstrip(line));
}

static void stop(GPid pid) {
  if (pid <= 0) return;
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
}

void s3_server_stop(S3Server *server) {
  stop(server->proxy_pid);
  stop(server->server_pid);
  disk_remove_tree(server->folder);
  g_free(server->folder);
  g_free(server->endpoint);
  g_free(server->proxy);
  g_free(server->ca_file);
  g_free(server);
}

void s3_server_set_faults(S3Server *server, const char *rules) {
  g_autofree char *url = g_strconcat(server->proxy, "/__faults", NULL);
  g_auto(HttpResponse) response = {0};
  g_autoptr(GError) error = NULL;
  request(server, "POST", url, rules, &response, &error);
  g_assert_no_error(error);
  g_assert_cmpint(response.status, ==, 200);
}

guint s3_server_count_seen(S3Server *server, const char *part) {
  g_autofree char *url = g_strconcat(server->proxy, "/__seen", NULL);
  g_auto(HttpResponse) response = {0};
  g_autoptr(GError) error = NULL;
  request(server, "GET", url, NULL, &response, &error);
  g_assert_no_error(error);
  guint count = 0;
  g_auto(GStrv) lines = g_strsplit((const char *)response.body->data, "\n", -1);
  for (char **line = lines; *line != NULL; line++) count += strstr(*line, part) != NULL;
  return count;
}

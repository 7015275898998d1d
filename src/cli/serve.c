/* aisle serve: the workspace over HTTP. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/cli.h"
#include "server/listen.h"
#include "server/server.h"

#define DRAIN_MS 10000
#define DEFAULT_CACHE_MB 256

typedef struct {
  char *workspace;
  char *listen;
  int threads, memory_mb, cache_mb, workers, queue, timeout_s;
} Settings;

static void settings_clear(Settings *settings) {
  g_free(settings->workspace);
  g_free(settings->listen);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Settings, settings_clear)

static gboolean check_range(const char *flag, int value, int maximum, GError **error) {
  if (value >= 0 && value <= maximum) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "%s must be between 0 and %d", flag, maximum);
  return FALSE;
}

static gboolean read_settings(int argc, char **argv, Settings *settings, GError **error) {
  const GOptionEntry entries[] = {
      {"workspace", 'w', 0, G_OPTION_ARG_FILENAME, &settings->workspace, "Workspace to serve", "DIR"},
      {"listen", 'l', 0, G_OPTION_ARG_STRING, &settings->listen, "Address on loopback (127.0.0.1:8080)", "HOST:PORT"},
      {"threads", 0, 0, G_OPTION_ARG_INT, &settings->threads, "Threads of the SQL engine (0: cores)", "N"},
      {"memory", 0, 0, G_OPTION_ARG_INT, &settings->memory_mb, "Memory of the SQL engine in MB (0: half)", "MB"},
      {"cache", 0, 0, G_OPTION_ARG_INT, &settings->cache_mb, "Memory of the result cache in MB (256)", "MB"},
      {"workers", 0, 0, G_OPTION_ARG_INT, &settings->workers, "Questions at once (4)", "N"},
      {"queue", 0, 0, G_OPTION_ARG_INT, &settings->queue, "Questions that may wait (64)", "N"},
      {"timeout", 0, 0, G_OPTION_ARG_INT, &settings->timeout_s, "Seconds a question may take (30)", "S"},
      {0}};
  g_autoptr(GOptionContext) context = g_option_context_new("- answer questions over HTTP, on this machine only");
  g_option_context_add_main_entries(context, entries, NULL);
  g_autoptr(GError) problem = NULL;
  if (!g_option_context_parse(context, &argc, &argv, &problem) || argc > 1) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "%s",
                problem != NULL ? problem->message : "too many arguments; see aisle serve --help");
    return FALSE;
  }
  if (settings->workspace == NULL) settings->workspace = g_strdup(g_getenv("AISLE_WORKSPACE"));
  if (settings->workspace == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "say which workspace: aisle serve -w DIR");
    return FALSE;
  }
  return check_range("--threads", settings->threads, 1024, error) && check_range("--memory", settings->memory_mb, 1 << 24, error) &&
         check_range("--cache", settings->cache_mb, 1 << 20, error) && check_range("--workers", settings->workers, 256, error) &&
         check_range("--queue", settings->queue, 65536, error) && check_range("--timeout", settings->timeout_s, 86400, error);
}

/* Every connection is a file; the usual soft limit of 1,024 is less than the server takes. */
static void raise_file_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = MIN(limit.rlim_max, 65536);
  setrlimit(RLIMIT_NOFILE, &limit);
}

/* Threads started after this leave the signals to serve_until_signal(). */
static void block_signals(sigset_t *signals) {
  sigemptyset(signals);
  sigaddset(signals, SIGTERM);
  sigaddset(signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, signals, NULL);
  signal(SIGPIPE, SIG_IGN);
}

static void serve_until_signal(Server *server, const sigset_t *signals) {
  int received = 0;
  printf("Aisle answers at %s (this machine only: there are no accounts yet). Ctrl-C stops it.\n", server_url(server));
  fflush(stdout);
  sigwait(signals, &received);
  printf("stopping: running questions may finish, for up to %d seconds\n", DRAIN_MS / 1000);
  fflush(stdout);
  server_stop(server, DRAIN_MS);
}

int cli_serve(int argc, char **argv) {
  g_auto(Settings) settings = {.cache_mb = DEFAULT_CACHE_MB};
  GError *error = NULL;
  if (!read_settings(argc, argv, &settings, &error)) return cli_fail("serve", error);
  const char *listen_at = settings.listen != NULL ? settings.listen : "127.0.0.1:8080";
  /* Known before the tables are opened, which may take a while. */
  ListenAddress address;
  if (!listen_address_parse(listen_at, &address, &error)) return cli_fail("serve", error);
  sigset_t signals;
  block_signals(&signals);
  raise_file_limit();
  AnswerServiceOptions options = {.workspace = settings.workspace, .threads = settings.threads,
                                  .memory_limit_bytes = (gint64)settings.memory_mb << 20, .cache_bytes = (gsize)settings.cache_mb << 20};
  g_autoptr(AnswerService) service = answer_service_open(&options, &error);
  if (service == NULL) return cli_fail("serve", error);
  ServerOptions server_options = {.listen = listen_at, .workers = settings.workers, .queue_max = settings.queue, .request_ms = settings.timeout_s * 1000};
  g_autoptr(Server) server = server_start(&server_options, service, &error);
  if (server == NULL) return cli_fail("serve", error);
  serve_until_signal(server, &signals);
  return 0;
}

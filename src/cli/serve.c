/* aisle serve: the workspace over HTTP. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/agent_workspace.h"
#include "cli/cli.h"
#include "server/listen.h"
#include "server/server.h"

#define DRAIN_MS 10000

/* A number out of range is refused here, not where it would do harm. */
static gboolean check_range(const Settings *settings, Setting setting, gint64 maximum, GError **error) {
  gint64 value = settings_integer(settings, setting);
  if (value >= 0 && value <= maximum) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "%s says %s; the most is %" G_GINT64_FORMAT, settings_origin(settings, setting),
              settings_text(settings, setting), maximum);
  return FALSE;
}

typedef struct {
  const char *name;
  char letter;
  Setting setting;
  const char *help, *value;
} FlagOfSetting;
static const FlagOfSetting FLAGS[] = {
    {"listen", 'l', SETTING_SERVER_LISTEN, "Address on loopback (127.0.0.1:8080)", "HOST:PORT"},
    {"threads", 0, SETTING_ENGINE_THREADS, "Threads of the SQL engine (0: cores)", "N"},
    {"memory", 0, SETTING_ENGINE_MEMORY, "Memory of the SQL engine, such as 4GB", "SIZE"},
    {"cache", 0, SETTING_CACHE_MEMORY, "Memory of the result cache, such as 256MB", "SIZE"},
    {"workers", 0, SETTING_SERVER_WORKERS, "Questions at once (4)", "N"},
    {"queue", 0, SETTING_SERVER_QUEUE, "Questions that may wait (64)", "N"},
    {"timeout", 0, SETTING_SERVER_TIMEOUT, "How long a question may take (30s)", "TIME"},
};

/* The workspace goes to *workspace (transfer full). */
static Settings *read_settings(int argc, char **argv, char **workspace, GError **error) {
  g_autofree char *profile = NULL;
  char *texts[G_N_ELEMENTS(FLAGS)] = {NULL};
  GOptionEntry entries[G_N_ELEMENTS(FLAGS) + 3] = {
      CLI_WORKSPACE(workspace),
      {"profile", 0, 0, G_OPTION_ARG_STRING, &profile, "Section of `profiles` in aisle.yaml", "NAME"}};
  for (guint i = 0; i < G_N_ELEMENTS(FLAGS); i++)
    entries[i + 2] = (GOptionEntry){FLAGS[i].name, FLAGS[i].letter, 0, G_OPTION_ARG_STRING, &texts[i], FLAGS[i].help, FLAGS[i].value};
  g_autoptr(GOptionContext) context = g_option_context_new("- answer questions over HTTP, on this machine only");
  g_option_context_add_main_entries(context, entries, NULL);
  g_autoptr(GError) problem = NULL;
  g_autoptr(Settings) settings = NULL;
  gboolean good = FALSE;
  if (!g_option_context_parse(context, &argc, &argv, &problem) || argc > 1) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "%s",
                problem != NULL ? problem->message : "too many arguments; see aisle serve --help");
  } else {
    good = cli_find_workspace(workspace, error) && (settings = settings_load(*workspace, profile, error)) != NULL;
  }
  for (guint i = 0; i < G_N_ELEMENTS(FLAGS); i++) {
    good = good && (texts[i] == NULL || settings_set_flag(settings, FLAGS[i].setting, texts[i], error));
    g_free(texts[i]);
  }
  good = good && check_range(settings, SETTING_ENGINE_THREADS, 1024, error) && check_range(settings, SETTING_SERVER_WORKERS, 256, error) &&
         check_range(settings, SETTING_SERVER_QUEUE, 65536, error) && check_range(settings, SETTING_SERVER_TIMEOUT, 86400000, error) &&
         check_range(settings, SETTING_SERVER_ABANDON, 86400000, error);
  return good ? g_steal_pointer(&settings) : NULL;
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
  GError *error = NULL;
  g_autofree char *workspace = NULL;
  g_autoptr(Settings) settings = read_settings(argc, argv, &workspace, &error);
  if (settings == NULL) return cli_fail("serve", error);
  const char *listen_at = settings_text(settings, SETTING_SERVER_LISTEN);
  /* Known before the tables are opened, which may take a while. */
  ListenAddress address;
  if (!listen_address_parse(listen_at, &address, &error)) return cli_fail("serve", error);
  sigset_t signals;
  block_signals(&signals);
  raise_file_limit();
  AnswerServiceOptions options = {.workspace = workspace,
                                  .follow = TRUE,
                                  .threads = (int)settings_integer(settings, SETTING_ENGINE_THREADS),
                                  .memory_limit_bytes = settings_integer(settings, SETTING_ENGINE_MEMORY),
                                  .cache_bytes = (gsize)settings_integer(settings, SETTING_CACHE_MEMORY)};
  g_autoptr(AnswerService) service = answer_service_open(&options, &error);
  if (service == NULL) return cli_fail("serve", error);
  g_auto(AgentWorkspace) agents = {0};
  if (!agent_workspace_attach(&agents, service, workspace, settings, TRUE, &error)) return cli_fail("serve", error);
  g_autofree char *program = settings_boolean(settings, SETTING_SERVER_SCHEDULES) ? g_file_read_link("/proc/self/exe", NULL) : NULL;
  /* Also when questions are asked without a model, others may want one. */
  gboolean elsewhere = *settings_text(settings, SETTING_AI_URL) != '\0';
  if (agents.gateway == NULL && !elsewhere && (agents.gateway = ai_gateway_for_workspace(workspace, settings, &error)) == NULL) return cli_fail("serve", error);
  ServerOptions server_options = {.program = program, .gateway = elsewhere ? NULL : agents.gateway, .agents = agents.agents, .listen = listen_at,
                                  .workers = (int)settings_integer(settings, SETTING_SERVER_WORKERS),
                                  .queue_max = (int)settings_integer(settings, SETTING_SERVER_QUEUE),
                                  .request_ms = (int)settings_integer(settings, SETTING_SERVER_TIMEOUT),
                                  .abandon_ms = (int)settings_integer(settings, SETTING_SERVER_ABANDON)};
  g_autoptr(Server) server = server_start(&server_options, service, &error);
  if (server == NULL) return cli_fail("serve", error);
  serve_until_signal(server, &signals);
  return 0;
}

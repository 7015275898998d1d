/* aisle gateway: the model gateway as a process of its own. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ai/ai.h"
#include "ai/http.h"
#include "cli/cli.h"
#include "server/listen.h"

#define DRAIN_MS 10000

static AiGateway *open_gateway(const char *workspace, const char *config, const char *state, int threads, GError **error) {
  g_autoptr(Settings) settings = settings_load(workspace, NULL, error);
  if (settings == NULL) return NULL;
  const char *name = config != NULL ? config : settings_text(settings, SETTING_AI_CONFIG);
  g_autofree char *path = config != NULL || g_path_is_absolute(name) || workspace == NULL ? g_strdup(name) : g_build_filename(workspace, name, NULL);
  g_autofree char *folder = state != NULL ? g_strdup(state) : workspace != NULL ? g_build_filename(workspace, "state", NULL) : g_path_get_dirname(path);
  if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "there is no configuration %s; write it (docs/gateway.md has one to start from) or name one with --config", path);
    return NULL;
  }
  AiGatewayOptions options = {.config_path = path, .state_folder = folder, .threads = threads};
  return ai_gateway_open(&options, error);
}

/* Until somebody ends it; SIGHUP reads the configuration again at once. */
static void wait_for_end(AiGateway *gateway, const sigset_t *signals) {
  int received = 0;
  while (sigwait(signals, &received) == 0 && received == SIGHUP) {
    g_autoptr(GError) error = NULL;
    if (!ai_gateway_reload_now(gateway, &error)) fprintf(stderr, "aisle gateway: the configuration was not taken: %s\n", error->message);
  }
}

static int serve(AiGateway *gateway, const char *listen_on) {
  GError *error = NULL;
  ListenAddress address;
  if (!listen_address_parse(listen_on, &address, &error)) return cli_fail("gateway", error);
  AiHttp *http = ai_http_start(gateway, &address.socket_address.any,
                               address.ipv6 ? sizeof address.socket_address.ipv6 : sizeof address.socket_address.ipv4, &error);
  if (http == NULL) return cli_fail("gateway", error);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  printf("listening on http://%s:%d\n", address.host, ai_http_port(http));
  fflush(stdout);
  wait_for_end(gateway, &signals);
  ai_http_stop(http, DRAIN_MS);
  return 0;
}

int cli_gateway(int argc, char **argv) {
  g_autofree char *workspace = NULL, *config = NULL, *state = NULL, *listen_on = NULL;
  int threads = 0;
  GError *error = NULL;
  const GOptionEntry entries[] = {
      {"workspace", 'w', 0, G_OPTION_ARG_FILENAME, &workspace, "Folder whose ai.yaml and state are used (default: $AISLE_WORKSPACE, else the current folder)", "DIR"},
      {"config", 0, 0, G_OPTION_ARG_FILENAME, &config, "Configuration instead of ai.yaml of that folder", "FILE"},
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &state, "Folder of budgets, records and the queue (state/ of that folder)", "DIR"},
      {"listen", 0, 0, G_OPTION_ARG_STRING, &listen_on, "Address and port (127.0.0.1:8090)", "HOST:PORT"},
      {"threads", 0, 0, G_OPTION_ARG_INT, &threads, "Event loops (2)", "N"},
      {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}};
  g_autoptr(GOptionContext) context = g_option_context_new(NULL);
  g_option_context_set_summary(context, "Serves the OpenAI API to the company's programs, and sends what they ask to the providers of ai.yaml (docs/gateway.md).");
  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, &argc, &argv, &error)) {
    error->domain = AISLE_ERROR;
    error->code = AISLE_ERROR_INVALID_ARGUMENT;
    return cli_fail("gateway", error);
  }
  /* Before any thread is there: they inherit that these signals are waited for, not delivered. */
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  signal(SIGPIPE, SIG_IGN);
  if (config == NULL) cli_default_workspace(&workspace);
  AiGateway *gateway = open_gateway(workspace, config, state, threads, &error);
  if (gateway == NULL) return cli_fail("gateway", error);
  int status = serve(gateway, listen_on != NULL ? listen_on : "127.0.0.1:8090");
  ai_gateway_free(gateway);
  return status;
}

/* aisle mcp: the workspace as tools for other programs' language models, over standard input and output. */
#include <signal.h>
#include <unistd.h>

#include "agent/mcp.h"
#include "cli/agent_workspace.h"
#include "cli/cli.h"

typedef struct {
  char *workspace, *scope_file, *as_of;
  gint seconds;
} McpOptions;

static void mcp_options_clear(McpOptions *options) {
  g_free(options->workspace);
  g_free(options->scope_file);
  g_free(options->as_of);
}

static gboolean parse_options(int argc, char **argv, McpOptions *options, Day *as_of, GError **error) {
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&options->workspace),
      {"scope", 0, 0, G_OPTION_ARG_FILENAME, &options->scope_file, "Access scope as a JSON file", "FILE"},
      {"as-of", 0, 0, G_OPTION_ARG_STRING, &options->as_of, "The day that counts as today", "YYYY-MM-DD"},
      {"seconds", 0, 0, G_OPTION_ARG_INT, &options->seconds, "Time allowed for one call (30)", "N"},
      {0}};
  g_autoptr(GOptionContext) context = g_option_context_new("- serve the Model Context Protocol on standard input and output");
  g_option_context_set_description(context, "The same protocol over HTTP: POST /mcp of `aisle serve`.\n");
  g_option_context_add_main_entries(context, entries, NULL);
  g_autoptr(GError) problem = NULL;
  if (!g_option_context_parse(context, &argc, &argv, &problem) || argc > 1) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "%s", problem != NULL ? problem->message : "too many arguments; see aisle mcp --help");
    return FALSE;
  }
  *as_of = DAY_NONE;
  if (options->seconds < 1 || (options->as_of != NULL && !day_parse_iso(options->as_of, as_of))) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT,
                        options->seconds < 1 ? "--seconds must be at least 1" : "--as-of is not a date; write it as YYYY-MM-DD");
    return FALSE;
  }
  return cli_find_workspace(&options->workspace, error);
}

int cli_mcp(int argc, char **argv) {
  McpOptions options = {.seconds = 30};
  GError *error = NULL;
  McpServer server = {0};
  g_auto(AgentWorkspace) workspace = {0};
  signal(SIGPIPE, SIG_IGN);
  gboolean good = parse_options(argc, argv, &options, &server.as_of, &error) &&
                  agent_workspace_open_following(&workspace, options.workspace, options.scope_file, &error);
  server.service = workspace.answers;
  server.agents = workspace.agents;
  server.scope = workspace.scope;
  server.tells_changes = TRUE;
  server.request_ms = (gint64)options.seconds * 1000;
  good = good && mcp_serve_stdio(&server, STDIN_FILENO, STDOUT_FILENO, &error);
  mcp_options_clear(&options);
  return good ? 0 : cli_fail("mcp", error);
}

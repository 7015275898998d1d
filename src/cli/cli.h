/* cli: one file per subcommand. Each takes the arguments after its own name (argv[0] is the name) and returns the exit status. */
#pragma once
#include "base/base.h"

int cli_init(int argc, char **argv);
int cli_ask(int argc, char **argv);
int cli_eval(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_read(int argc, char **argv);
int cli_export(int argc, char **argv);
int cli_feedback(int argc, char **argv);
int cli_tables(int argc, char **argv);
int cli_history(int argc, char **argv);
int cli_restore(int argc, char **argv);
int cli_vacuum(int argc, char **argv);
int cli_compact(int argc, char **argv);
int cli_snapshot(int argc, char **argv);
int cli_ingest(int argc, char **argv);
int cli_quality(int argc, char **argv);
int cli_settings(int argc, char **argv);
int cli_refresh(int argc, char **argv);
int cli_serve(int argc, char **argv);
int cli_agent(int argc, char **argv);
int cli_trace(int argc, char **argv);
int cli_memory(int argc, char **argv);
int cli_mcp(int argc, char **argv);
int cli_generate(int argc, char **argv);
int cli_gateway(int argc, char **argv);
int cli_ai(int argc, char **argv);

/* The option -w of a verb that works in a workspace. */
#define CLI_WORKSPACE(place) \
  {"workspace", 'w', 0, G_OPTION_ARG_FILENAME, place, "The workspace (default: $AISLE_WORKSPACE, else the current folder)", "DIR"}
/* Sets what -w did not: to AISLE_WORKSPACE of the environment, or ".". */
void cli_default_workspace(char **workspace);
/* The same; NOT_FOUND, with what to do, when it is no workspace. */
gboolean cli_find_workspace(char **workspace, GError **error);

/* How a verb of the command line is called: "history -w DIR TABLE". */
const char *cli_usage(const char *verb);
/* Prints "aisle VERB: message" with a hint and returns the exit status of the error. Takes the error. */
int cli_fail(const char *verb, GError *error);

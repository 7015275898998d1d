#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

typedef struct {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *usage;
  const char *purpose;
} Command;

static const Command COMMANDS[] = {
    {"init", cli_init, "init WORKSPACE FILE...", "make a workspace from data files nobody described"},
    {"ingest", cli_ingest, "ingest -w DIR [NAME|FILE...]", "bring new files into the tables, as ingest/*.yaml says"},
    {"quality", cli_quality, "quality -w DIR [accept|fix|reject|submit]", "what loads found wrong, and what becomes of those rows"},
    {"ask", cli_ask, "ask -w DIR \"question\"", "answer a question"},
    {"eval", cli_eval, "eval -w DIR GOLDEN.jsonl", "ask golden questions and judge the answers"},
    {"check", cli_check, "check -w DIR", "hold the model against its rules and the data"},
    {"feedback", cli_feedback, "feedback -w DIR", "what people said of answers; makes golden questions of it"},
    {"settings", cli_settings, "settings -w DIR", "show every setting, its value and where that came from"},
    {"read", cli_read, "read FILE --csv", "print the cells of a file before typing"},
    {"serve", cli_serve, "serve -w DIR [--listen 127.0.0.1:8080]", "answer questions over HTTP, on this machine"},
    {"agent", cli_agent, "agent -w DIR \"question\"", "answer in steps, with a language model where rules end"},
    {"trace", cli_trace, "trace -w DIR ID", "show what a run of the agent did, step by step"},
    {"memory", cli_memory, "memory -w DIR add \"phrase\" \"meaning\"", "what words mean to you: list, add, forget"},
    {"mcp", cli_mcp, "mcp -w DIR", "serve other programs' language models (Model Context Protocol)"},
    {"ai", cli_ai, "ai -w DIR costs|prompts|calls", "what models cost, which prompts there are, who called"},
    {"gateway", cli_gateway, "gateway -w DIR [--listen 127.0.0.1:8090]", "one door between language models and the company"},
    {"export", cli_export, "export -w DIR TABLE", "print a typed table as CSV"},
    {"tables", cli_tables, "tables -w DIR", "list the tables, their versions and sizes"},
    {"history", cli_history, "history -w DIR TABLE", "what happened to a table"},
    {"restore", cli_restore, "restore -w DIR TABLE --version N", "make an earlier version of a table the newest"},
    {"snapshot", cli_snapshot, "snapshot -w DIR NAME", "keep the data as it is now under a name"},
    {"compact", cli_compact, "compact -w DIR [TABLE...]", "write small files together"},
    {"vacuum", cli_vacuum, "vacuum -w DIR [TABLE...]", "remove files that no version in use needs"},
    {"generate", cli_generate, "generate DIR --scale N --seed S", "write files of a made-up retailer, to try things on"},
    {"refresh", cli_refresh, "refresh -w DIR", "bring rollups, and tables that lie elsewhere, up to date"},
};

int cli_fail(const char *verb, GError *error) {
  const AisleErrorInfo *info = aisle_error_info_of(error);
  fprintf(stderr, "aisle %s: %s\n", verb, error != NULL ? error->message : info->meaning);
  int status = info->exit_status;
  g_clear_error(&error);
  return status;
}

static void print_help(FILE *out) {
  fprintf(out, "Aisle answers questions about a retailer's own tables.\n\n");
  for (guint i = 0; i < G_N_ELEMENTS(COMMANDS); i++) fprintf(out, "  aisle %-42s %s\n", COMMANDS[i].usage, COMMANDS[i].purpose);
  fprintf(out, "\n  aisle VERB --help tells more. Start with:  aisle init shop sales.csv && aisle ask -w shop \"sales by month\"\n");
}

int main(int argc, char **argv) {
  setlocale(LC_CTYPE, "C.UTF-8");
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "-h") == 0) {
    print_help(argc < 2 ? stderr : stdout);
    return argc < 2 ? aisle_error_info(AISLE_ERROR_INVALID_ARGUMENT)->exit_status : 0;
  }
  if (strcmp(argv[1], "--version") == 0) {
    printf("aisle %s\n", AISLE_VERSION);
    return 0;
  }
  for (guint i = 0; i < G_N_ELEMENTS(COMMANDS); i++)
    if (strcmp(argv[1], COMMANDS[i].name) == 0) return COMMANDS[i].run(argc - 1, argv + 1);
  fprintf(stderr, "aisle: there is no command '%s'\n\n", argv[1]);
  print_help(stderr);
  return aisle_error_info(AISLE_ERROR_INVALID_ARGUMENT)->exit_status;
}

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

/* In the order of the help; without a function: a heading. */
static const Command COMMANDS[] = {
    {"Questions and answers", NULL, NULL, NULL},
    {"init", cli_init, "init WORKSPACE FILE...", "make a workspace from data files nobody described"},
    {"ask", cli_ask, "ask -w DIR \"question\"", "answer a question"},
    {"serve", cli_serve, "serve -w DIR [--listen 127.0.0.1:8080]", "the same on a page and over HTTP, on this machine"},
    {"check", cli_check, "check -w DIR", "hold the model against its rules and the data"},
    {"eval", cli_eval, "eval -w DIR GOLDEN.jsonl", "ask golden questions and judge the answers"},
    {"feedback", cli_feedback, "feedback -w DIR", "what people said of answers; makes golden questions of it"},
    {"settings", cli_settings, "settings -w DIR", "show every setting, its value and where that came from"},
    {"Files and tables", NULL, NULL, NULL},
    {"read", cli_read, "read FILE --csv", "print the cells of a file before typing"},
    {"export", cli_export, "export -w DIR TABLE", "print a typed table as CSV"},
    {"ingest", cli_ingest, "ingest -w DIR [NAME|FILE...]", "bring new files into the tables, as ingest/*.yaml says"},
    {"quality", cli_quality, "quality -w DIR [accept|fix|reject|submit]", "what loads found wrong, and what becomes of those rows"},
    {"tables", cli_tables, "tables -w DIR", "list the tables, their versions and sizes"},
    {"history", cli_history, "history -w DIR TABLE", "what happened to a table"},
    {"restore", cli_restore, "restore -w DIR TABLE --version N", "make an earlier version of a table the newest"},
    {"snapshot", cli_snapshot, "snapshot -w DIR [NAME]", "keep the data as it is now under a name, or list the names"},
    {"refresh", cli_refresh, "refresh -w DIR", "bring rollups, and tables that lie elsewhere, up to date"},
    {"compact", cli_compact, "compact -w DIR [TABLE...]", "write small files together"},
    {"vacuum", cli_vacuum, "vacuum -w DIR [TABLE...]", "remove files that no version in use needs"},
    {"generate", cli_generate, "generate DIR --scale N --seed S", "write files of a made-up retailer, to try things on"},
    {"Language models (none is needed)", NULL, NULL, NULL},
    {"agent", cli_agent, "agent -w DIR \"question\"", "answer in steps, with a language model where rules end"},
    {"trace", cli_trace, "trace -w DIR [ID]", "show what a run of the agent did, step by step"},
    {"memory", cli_memory, "memory -w DIR add \"phrase\" \"meaning\"", "what words mean to you: list, add, forget"},
    {"mcp", cli_mcp, "mcp -w DIR", "serve other programs' language models (Model Context Protocol)"},
    {"gateway", cli_gateway, "gateway -w DIR [--listen 127.0.0.1:8090]", "one door between language models and the company"},
    {"ai", cli_ai, "ai -w DIR costs|budgets|prompts|calls", "what models cost, which prompts there are, who called"},
};

int cli_fail(const char *verb, GError *error) {
  const AisleErrorInfo *info = aisle_error_info_of(error);
  fprintf(stderr, "aisle %s: %s\n", verb, error != NULL ? error->message : info->meaning);
  int status = info->exit_status;
  g_clear_error(&error);
  return status;
}

void cli_default_workspace(char **workspace) {
  if (*workspace == NULL) *workspace = g_strdup(g_getenv("AISLE_WORKSPACE") != NULL ? g_getenv("AISLE_WORKSPACE") : ".");
}

gboolean cli_find_workspace(char **workspace, GError **error) {
  cli_default_workspace(workspace);
  g_autofree char *settings = g_build_filename(*workspace, "aisle.yaml", NULL);
  if (g_file_test(settings, G_FILE_TEST_EXISTS)) return TRUE;
  if (strcmp(*workspace, ".") == 0)
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND,
                        "the current folder is not a workspace; name one with -w DIR, or make one: aisle init shop FILE...");
  else if (g_file_test(*workspace, G_FILE_TEST_IS_REGULAR))
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "%s is a file; make a workspace of it: aisle init shop %s", *workspace, *workspace);
  else
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "'%s' is not a workspace; make one with: aisle init %s FILE...", *workspace, *workspace);
  return FALSE;
}

static void print_help(FILE *out) {
  fprintf(out, "Aisle answers questions about a retailer's own tables.\n");
  for (guint i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
    if (COMMANDS[i].run == NULL) fprintf(out, "\n%s\n", COMMANDS[i].name);
    else fprintf(out, "  aisle %-42s %s\n", COMMANDS[i].usage, COMMANDS[i].purpose);
  }
  fprintf(out, "\nStart with:  aisle init shop sales.csv && aisle ask -w shop \"sales by month\"\n"
               "aisle help VERB tells more, aisle --version which program this is.\n");
}

static const Command *find_command(const char *name) {
  for (guint i = 0; i < G_N_ELEMENTS(COMMANDS); i++)
    if (COMMANDS[i].run != NULL && strcmp(name, COMMANDS[i].name) == 0) return &COMMANDS[i];
  return NULL;
}

/* Two slips of the finger away at most; NULL when none is. */
static const Command *nearest_command(const char *name) {
  const Command *nearest = NULL;
  int distance = 3;
  for (guint i = 0; g_utf8_validate(name, -1, NULL) && i < G_N_ELEMENTS(COMMANDS); i++) {
    int d = COMMANDS[i].run != NULL ? text_distance(name, COMMANDS[i].name, 2) : 3;
    if (d >= distance || d >= (int)strlen(COMMANDS[i].name)) continue;
    nearest = &COMMANDS[i];
    distance = d;
  }
  return nearest;
}

const char *cli_usage(const char *verb) {
  const Command *command = find_command(verb);
  return command != NULL ? command->usage : verb;
}

static int run_command(int argc, char **argv) {
  const Command *command = find_command(argv[0]);
  if (command == NULL) {
    const Command *nearest = nearest_command(argv[0]);
    if (nearest != NULL) fprintf(stderr, "aisle: there is no command '%s'; did you mean aisle %s?\n", argv[0], nearest->usage);
    else fprintf(stderr, "aisle: there is no command '%.100s'; aisle help lists those there are\n", argv[0]);
    return aisle_error_info(AISLE_ERROR_INVALID_ARGUMENT)->exit_status;
  }
  g_autofree char *name = g_strconcat("aisle ", command->name, NULL); /* as the help of a verb shows it */
  g_set_prgname(name);
  return command->run(argc, argv);
}

int main(int argc, char **argv) {
  setlocale(LC_CTYPE, "C.UTF-8");
  const char *first = argc > 1 ? argv[1] : "";
  if (strcmp(first, "help") == 0 && argc > 2) return run_command(2, (char *[]){argv[2], (char *)"--help", NULL});
  if (argc < 2 || strcmp(first, "--help") == 0 || strcmp(first, "help") == 0 || strcmp(first, "-h") == 0) {
    print_help(argc < 2 ? stderr : stdout);
    return argc < 2 ? aisle_error_info(AISLE_ERROR_INVALID_ARGUMENT)->exit_status : 0;
  }
  if (strcmp(first, "--version") == 0) {
    printf("aisle %s\n", AISLE_VERSION);
    return 0;
  }
  return run_command(argc - 1, argv + 1);
}

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "answer/answer.h"
#include "cli/lake.h"

#define ASK_MAX_LINE (1 << 20)
#define ASK_EXIT_CLARIFY 3
#define ASK_EXIT_REFUSED 4

typedef struct {
  char *workspace, *as_of, *session, *after, *scope_file, *batch;
  char *snapshot, *at;
  gint64 at_version;
  gboolean json, csv, sql, explain;
  gint seconds;
  char **words;
} AskOptions;

static void ask_options_clear(AskOptions *options) {
  g_free(options->workspace);
  g_free(options->as_of);
  g_free(options->snapshot);
  g_free(options->at);
  g_free(options->session);
  g_free(options->after);
  g_free(options->scope_file);
  g_free(options->batch);
  g_strfreev(options->words);
}

static gboolean parse_options(int argc, char **argv, AskOptions *options, GError **error) {
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&options->workspace),
      {"json", 0, 0, G_OPTION_ARG_NONE, &options->json, "One JSON answer on standard output", NULL},
      {"csv", 0, 0, G_OPTION_ARG_NONE, &options->csv, "The result as CSV", NULL},
      {"sql", 0, 0, G_OPTION_ARG_NONE, &options->sql, "The SQL that was run", NULL},
      {"explain", 0, 0, G_OPTION_ARG_NONE, &options->explain, "Which words became what, how surely, and what else they could be", NULL},
      {"as-of", 0, 0, G_OPTION_ARG_STRING, &options->as_of, "The day that counts as today", "YYYY-MM-DD"},
      {"snapshot", 0, 0, G_OPTION_ARG_STRING, &options->snapshot, "Data as a named snapshot has it", "NAME"},
      {"at", 0, 0, G_OPTION_ARG_STRING, &options->at, "Data as it was then (a date: at its end, UTC)", "TIME"},
      {"at-version", 0, 0, G_OPTION_ARG_INT64, &options->at_version, "Tables at this version", "N"},
      {"session", 0, 0, G_OPTION_ARG_STRING, &options->session, "Conversation to go on with", "ID"},
      {"after", 0, 0, G_OPTION_ARG_STRING, &options->after, "Answer that this question follows", "ID"},
      {"scope", 0, 0, G_OPTION_ARG_FILENAME, &options->scope_file, "Access scope as a JSON file", "FILE"},
      {"batch", 0, 0, G_OPTION_ARG_FILENAME, &options->batch, "Questions as JSON lines; one answer a line", "FILE"},
      {"seconds", 0, 0, G_OPTION_ARG_INT, &options->seconds, "Time allowed for one question (30)", "N"},
      {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->words, NULL, "QUESTION"},
      {0}};
  g_autoptr(GOptionContext) context = g_option_context_new("- answer a question about the workspace's data");
  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, &argc, &argv, error)) return FALSE;
  if (options->seconds < 1) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "--seconds must be at least 1");
    return FALSE;
  }
  if (options->words != NULL || options->batch != NULL) return cli_find_workspace(&options->workspace, error);
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "say what you want to know:  aisle ask -w DIR \"sales by month\"");
  return FALSE;
}

/* At most one of --snapshot, --at, --at-version. */
static gboolean choose_data(const AskOptions *options, DataChoice *choice, GError **error) {
  int given = (options->snapshot != NULL) + (options->at != NULL) + (options->at_version >= 0);
  *choice = (DataChoice){.snapshot = options->snapshot, .by_version = options->at_version >= 0, .version = options->at_version};
  if (given > 1)
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "give one of --snapshot, --at and --at-version");
  return given <= 1 && (options->at == NULL || cli_lake_time(options->at, &choice->at_ms, error));
}

static gboolean parse_day(const char *text, Day *out, GError **error) {
  *out = DAY_NONE;
  if (text == NULL || day_parse_iso(text, out)) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "'%s' is not a date; write it as YYYY-MM-DD", text);
  return FALSE;
}

static int exit_status_of(const json_t *answer) {
  const char *status = json_get_string(answer, "status");
  if (g_strcmp0(status, "answered") == 0) return 0;
  if (g_strcmp0(status, "clarify") == 0) return ASK_EXIT_CLARIFY;
  if (g_strcmp0(status, "refused") == 0) return ASK_EXIT_REFUSED;
  const char *code = json_get_string(json_object_get(answer, "error"), "code");
  for (int i = 0; i < AISLE_ERROR_COUNT; i++)
    if (g_strcmp0(aisle_error_info(i)->name, code) == 0) return aisle_error_info(i)->exit_status;
  return aisle_error_info(AISLE_ERROR_INTERNAL)->exit_status;
}

static int terminal_width(void) {
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) return MIN(size.ws_col, 120);
  return 80;
}

static void print_explanation(const json_t *answer) {
  const json_t *understood = json_object_get(answer, "understood");
  for (gsize i = 0; i < json_array_size(understood); i++) {
    const json_t *word = json_array_get(understood, i);
    printf("  %-28s %-10s %-32s %.2f\n", json_get_string(word, "text"), json_get_string(word, "kind"), json_get_string(word, "meaning"),
           json_number_value(json_object_get(word, "score")));
    size_t k;
    const json_t *other;
    json_array_foreach(json_object_get(word, "alternatives"), k, other) printf("  %-28s not taken: %s\n", "", json_string_value(other));
  }
}

static void print_answer(const json_t *answer, const AskOptions *options) {
  if (options->json) {
    g_autofree char *text = json_to_text(answer, JSON_PLAIN);
    puts(text);
  } else if (options->csv) {
    g_autofree char *text = answer_render_csv(answer);
    fputs(text, stdout);
  } else if (options->sql) {
    const char *sql = json_get_string(answer, "sql");
    puts(sql != NULL ? sql : "-- nothing was run");
  } else {
    if (options->explain) print_explanation(answer);
    g_autofree char *text = answer_render_terminal(answer, terminal_width(), isatty(STDOUT_FILENO) && g_getenv("NO_COLOR") == NULL);
    fputs(text, stdout);
  }
}

/* ---- batches ---- */
static json_t *failed_line(const GError *error) {
  return json_pack("{s:s, s:{s:s, s:s}}", "status", "failed", "error", "code", aisle_error_info_of(error)->name, "message", error->message);
}

static json_t *ask_line(AnswerService *service, const json_t *line, AccessScope *scope, GHashTable *answer_ids, const AskOptions *options) {
  g_autoptr(GError) error = NULL;
  const char *question = json_get_string(line, "question"), *after = json_get_string(line, "after");
  const char *as_of = json_get_string(line, "as_of") != NULL ? json_get_string(line, "as_of") : options->as_of;
  Day day;
  if (question == NULL) {
    g_set_error_literal(&error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "the line has no \"question\"");
    return failed_line(error);
  }
  if (!parse_day(as_of, &day, &error)) return failed_line(error);
  const char *after_id = after != NULL ? g_hash_table_lookup(answer_ids, after) : NULL;
  AnswerRequest request = {.question = question, .scope = scope, .as_of = day, .after = after_id != NULL ? after_id : after,
                           .deadline = deadline_in_ms((gint64)options->seconds * 1000, NULL), .explain = options->explain};
  return answer_ask(service, &request);
}

static gboolean print_line_answer(AnswerService *service, const char *text, AccessScope *scope, GHashTable *answer_ids, const AskOptions *options) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) line = json_parse(text, strlen(text), &error);
  g_autoptr(json_t) answer = line != NULL ? ask_line(service, line, scope, answer_ids, options) : failed_line(error);
  const char *id = line != NULL ? json_get_string(line, "id") : NULL;
  if (id != NULL) {
    const char *answer_id = json_get_string(answer, "id");
    if (answer_id != NULL) {
      g_hash_table_replace(answer_ids, g_strdup(id), g_strdup(answer_id));
      json_object_set_new(answer, "answer_id", json_string(answer_id));
    }
    json_object_set_new(answer, "id", json_string(id));
  }
  g_autofree char *out = json_to_text(answer, JSON_PLAIN);
  return puts(out) >= 0;
}

static int run_batch(AnswerService *service, AccessScope *scope, const AskOptions *options) {
  g_autoptr(GError) error = NULL;
  FILE *file = strcmp(options->batch, "-") == 0 ? stdin : fopen(options->batch, "r");
  if (file == NULL) {
    aisle_error_set_errno(&error, errno, "open '%s'", options->batch);
    return cli_fail("ask", g_steal_pointer(&error));
  }
  g_autoptr(GHashTable) answer_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  char *line = NULL;
  size_t capacity = 0;
  ssize_t length;
  int status = 0;
  while ((length = getline(&line, &capacity, file)) >= 0) {
    if (length > ASK_MAX_LINE) {
      fprintf(stderr, "aisle ask: a line of more than %d bytes was left out\n", ASK_MAX_LINE);
      status = aisle_error_info(AISLE_ERROR_TOO_LARGE)->exit_status;
      continue;
    }
    g_strstrip(line);
    if (*line && !print_line_answer(service, line, scope, answer_ids, options)) status = aisle_error_info(AISLE_ERROR_IO)->exit_status;
  }
  free(line);
  if (file != stdin) fclose(file);
  return status;
}

static int run_question(AnswerService *service, AccessScope *scope, const AskOptions *options) {
  GError *error = NULL;
  g_autofree char *question = g_strjoinv(" ", options->words);
  Day as_of;
  if (!parse_day(options->as_of, &as_of, &error)) return cli_fail("ask", error);
  AnswerRequest request = {.question = question, .scope = scope, .as_of = as_of, .after = options->after, .session = options->session,
                           .deadline = deadline_in_ms((gint64)options->seconds * 1000, NULL), .explain = options->explain};
  g_autoptr(json_t) answer = answer_ask(service, &request);
  print_answer(answer, options);
  return exit_status_of(answer);
}

int cli_ask(int argc, char **argv) {
  AskOptions options = {.seconds = 30, .at_version = -1};
  GError *error = NULL;
  int status;
  if (!parse_options(argc, argv, &options, &error)) {
    if (error->domain == G_OPTION_ERROR) error->domain = AISLE_ERROR, error->code = AISLE_ERROR_INVALID_ARGUMENT;
    status = cli_fail("ask", error);
    ask_options_clear(&options);
    return status;
  }
  g_autoptr(AccessScope) scope = options.scope_file != NULL ? access_scope_from_file(options.scope_file, &error) : access_scope_new_local();
  AnswerServiceOptions service_options = {.workspace = options.workspace};
  gboolean fits = scope != NULL && choose_data(&options, &service_options.data, &error);
  g_autoptr(AnswerService) service = fits ? answer_service_open(&service_options, &error) : NULL;
  if (service == NULL) status = cli_fail("ask", error);
  else status = options.batch != NULL ? run_batch(service, scope, &options) : run_question(service, scope, &options);
  ask_options_clear(&options);
  return status;
}

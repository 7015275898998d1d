/* aisle feedback -w DIR: what people said of answers, by reason; --golden makes a golden question of one case. */
#include <stdio.h>
#include <string.h>

#include "answer/answer.h"
#include "cli/cli.h"

#define MAX_CASES 10000
#define MAX_GOLDEN_ROWS 1000
#define ASK_SECONDS 60

typedef struct {
  char *workspace, *reason, *verdict, *golden, *sql, *expect;
  gboolean as_json;
} FeedbackOptions;

static void feedback_options_clear(FeedbackOptions *options) {
  g_free(options->workspace);
  g_free(options->reason);
  g_free(options->verdict);
  g_free(options->golden);
  g_free(options->sql);
  g_free(options->expect);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FeedbackOptions, feedback_options_clear)

static gboolean parse_options(int argc, char **argv, FeedbackOptions *options, GError **error) {
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&options->workspace),
      {"reason", 0, 0, G_OPTION_ARG_STRING, &options->reason, "Only this reason: wrong_number, misunderstood, incomplete, chart, slow, other", "NAME"},
      {"verdict", 0, 0, G_OPTION_ARG_STRING, &options->verdict, "Only these: up or down", "NAME"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &options->as_json, "Print every case with its trace, one JSON object a line", NULL},
      {"golden", 0, 0, G_OPTION_ARG_STRING, &options->golden, "Print this case (and what it follows) as lines for aisle eval", "ID"},
      {"sql", 0, 0, G_OPTION_ARG_STRING, &options->sql, "With --golden: a statement that gives the right rows", "SELECT"},
      {"expect", 0, 0, G_OPTION_ARG_STRING, &options->expect, "With --golden: refused or clarify, where that is right", "STATUS"},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr(GOptionContext) context = g_option_context_new("- what people said of answers");
  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, &argc, &argv, error)) return FALSE;
  if (argc == 1) return TRUE;
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "it takes no argument; name the workspace with -w DIR");
  return FALSE;
}

/* ---- listing ---- */

static const char *text_or(const json_t *object, const char *key, const char *otherwise) {
  const char *text = json_get_string(object, key);
  return text != NULL ? text : otherwise;
}

static const char *reason_of(const json_t *one) {
  return text_or(one, "reason", g_strcmp0(json_get_string(one, "verdict"), "up") == 0 ? "(good)" : "(no reason)");
}

static gboolean is_wanted(const FeedbackOptions *options, const json_t *one) {
  return (options->reason == NULL || strcmp(options->reason, reason_of(one)) == 0) &&
         (options->verdict == NULL || g_strcmp0(options->verdict, json_get_string(one, "verdict")) == 0);
}

static void print_case(const json_t *one) {
  const json_t *trace = json_object_get(one, "trace");
  printf("  %s  %-4s  %s\n", json_get_string(one, "id"), text_or(one, "verdict", "?"), text_or(trace, "question", "(a query)"));
  if (json_get_string(trace, "restatement") != NULL) printf("      understood: %s\n", json_get_string(trace, "restatement"));
  if (json_get_string(one, "text") != NULL) printf("      said: %s\n", json_get_string(one, "text"));
}

/* Groups, the largest first. */
static void print_groups(const GPtrArray *cases) {
  g_autoptr(GPtrArray) reasons = g_ptr_array_new();
  for (guint i = 0; i < cases->len; i++) {
    const char *reason = reason_of(cases->pdata[i]);
    if (!g_ptr_array_find_with_equal_func(reasons, reason, g_str_equal, NULL)) g_ptr_array_add(reasons, (gpointer)reason);
  }
  while (reasons->len > 0) {
    guint best = 0, most = 0;
    for (guint r = 0; r < reasons->len; r++) {
      guint count = 0;
      for (guint i = 0; i < cases->len; i++) count += strcmp(reason_of(cases->pdata[i]), reasons->pdata[r]) == 0;
      if (count > most) {
        most = count;
        best = r;
      }
    }
    const char *reason = g_ptr_array_steal_index(reasons, best);
    printf("%s: %u\n", reason, most);
    for (guint i = 0; i < cases->len; i++)
      if (strcmp(reason_of(cases->pdata[i]), reason) == 0) print_case(cases->pdata[i]);
  }
  if (cases->len == 0) printf("nobody has said anything yet\n");
}

static void print_cases(const FeedbackOptions *options, const json_t *all) {
  g_autoptr(GPtrArray) cases = g_ptr_array_new();
  for (gsize i = 0; i < json_array_size(all); i++) {
    if (is_wanted(options, json_array_get(all, i))) g_ptr_array_add(cases, json_array_get(all, i));
  }
  if (!options->as_json) {
    print_groups(cases);
    return;
  }
  for (guint i = 0; i < cases->len; i++) {
    g_autofree char *line = json_to_text(cases->pdata[i], JSON_PLAIN);
    printf("%s\n", line);
  }
}

/* ---- golden questions ---- */

/* What the case's query gives today, counted from the day it counted from then. */
static json_t *rows_of(const char *workspace, const json_t *trace, GError **error) {
  AnswerServiceOptions options = {.workspace = workspace};
  g_autoptr(AnswerService) service = answer_service_open(&options, error);
  if (service == NULL) return NULL;
  g_autoptr(AccessScope) scope = access_scope_new_local();
  AnswerRequest request = {.query = json_object_get(trace, "query"), .scope = scope, .as_of = DAY_NONE, .unlogged = TRUE,
                           .deadline = deadline_in_ms(ASK_SECONDS * 1000, NULL), .max_rows = MAX_GOLDEN_ROWS + 1};
  const char *as_of = json_get_string(trace, "as_of");
  if (as_of != NULL) day_parse_iso(as_of, &request.as_of);
  g_autoptr(json_t) answer = answer_ask(service, &request);
  json_t *rows = json_object_get(answer, "rows");
  if (g_strcmp0(json_get_string(answer, "status"), "answered") == 0 && json_array_size(rows) <= MAX_GOLDEN_ROWS) return json_incref(rows);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT,
              "its query gives no rows that could be expected (or more than %d); say what is right with --sql or --expect", MAX_GOLDEN_ROWS);
  return NULL;
}

/* What is right: what the options say, else what was found good. */
static gboolean add_truth(const FeedbackOptions *options, const json_t *one, json_t *line, GError **error) {
  const json_t *trace = json_object_get(one, "trace");
  const char *status = text_or(trace, "status", "answered");
  gboolean good = g_strcmp0(json_get_string(one, "verdict"), "up") == 0;
  if (options->sql == NULL && options->expect == NULL && !good) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT,
                        "this answer was found bad: say what is right, with --sql \"SELECT ...\" or --expect refused|clarify");
    return FALSE;
  }
  const char *expect = options->sql != NULL ? "answered" : options->expect != NULL ? options->expect : status;
  if (strcmp(expect, "answered") != 0 && strcmp(expect, "refused") != 0 && strcmp(expect, "clarify") != 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "'%s' is nothing to expect: answered, refused or clarify", expect);
    return FALSE;
  }
  json_object_set_new(line, "expect", json_string(expect));
  if (options->sql != NULL) {
    json_object_set_new(line, "gold_sql", json_pack("[s]", options->sql));
  } else if (strcmp(expect, "answered") == 0) {
    json_t *rows = rows_of(options->workspace, trace, error);
    if (rows == NULL) return FALSE;
    json_object_set_new(line, "rows", rows);
    /* So that a line in the workspace's golden.jsonl is a verified question too. */
    if (good && json_get_string(trace, "after") == NULL) json_object_set(line, "query", json_object_get(trace, "query"));
  }
  return TRUE;
}

static json_t *new_line(const char *id, const char *question, const json_t *as_of, const char *after) {
  json_t *line = json_pack("{s:s, s:s, s:s}", "id", id, "category", "feedback", "question", question);
  if (json_is_string(as_of)) json_object_set(line, "as_of", (json_t *)as_of);
  if (after != NULL) json_object_set_new(line, "after", json_string(after));
  return line;
}

static void print_line(const json_t *line) {
  g_autofree char *text = json_to_text(line, JSON_PLAIN);
  printf("%s\n", text);
}

/* The questions it follows come first, as they were understood; ids are those of the answers. */
static void print_golden(const json_t *one, const json_t *line) {
  const json_t *trace = json_object_get(one, "trace"), *before = json_object_get(trace, "before");
  const char *after = NULL;
  for (gsize i = 0; i < json_array_size(before); i++) {
    const json_t *turn = json_array_get(before, i);
    if (json_get_string(turn, "question") == NULL) continue;
    g_autoptr(json_t) earlier = new_line(json_get_string(turn, "id"), json_get_string(turn, "question"), json_object_get(trace, "as_of"), after);
    json_object_set_new(earlier, "expect", json_string("answered"));
    json_object_set_new(earlier, "sql_pattern", json_string("SELECT"));
    print_line(earlier);
    after = json_get_string(turn, "id");
  }
  print_line(line);
}

static gboolean make_golden(const FeedbackOptions *options, const json_t *all, GError **error) {
  for (gsize i = 0; i < json_array_size(all); i++) {
    const json_t *one = json_array_get(all, i), *trace = json_object_get(one, "trace");
    if (g_strcmp0(json_get_string(one, "id"), options->golden) != 0) continue;
    const char *question = json_get_string(trace, "question");
    if (question == NULL) {
      g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "this answer came from a query, not from a question in words");
      return FALSE;
    }
    g_autoptr(json_t) line = new_line(json_get_string(trace, "id"), question, json_object_get(trace, "as_of"), json_get_string(trace, "after"));
    if (!add_truth(options, one, line, error)) return FALSE;
    g_autofree char *note = g_strdup_printf("%s: %s", reason_of(one), text_or(one, "text", ""));
    json_object_set_new(line, "note", json_string(note));
    print_golden(one, line);
    return TRUE;
  }
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "there is no case '%s'; aisle feedback lists them", options->golden);
  return FALSE;
}

int cli_feedback(int argc, char **argv) {
  GError *error = NULL;
  g_auto(FeedbackOptions) options = {0};
  if (!parse_options(argc, argv, &options, &error)) return cli_fail("feedback", error);
  if (!cli_find_workspace(&options.workspace, &error)) return cli_fail("feedback", error);
  g_autofree char *path = g_build_filename(options.workspace, "state", "aisle.db", NULL);
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
    g_set_error_literal(&error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "nothing has been asked in this workspace yet");
    return cli_fail("feedback", error);
  }
  g_autoptr(Store) store = store_open_sqlite(path, &error);
  g_autoptr(json_t) all = store != NULL ? store_list_records(store, STORE_FEEDBACK, NULL, NULL, MAX_CASES, &error) : NULL;
  if (all == NULL) return cli_fail("feedback", error);
  if (options.golden == NULL) print_cases(&options, all);
  else if (!make_golden(&options, all, &error)) return cli_fail("feedback", error);
  return 0;
}

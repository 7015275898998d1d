/* aisle ai costs|budgets|prompts|calls: the bill, what is left, the templates, the record. */
#include <stdio.h>
#include <string.h>

#include "ai/ai.h"
#include "ai/budget.h"
#include "ai/prompts.h"
#include "ai/record.h"
#include "cli/cli.h"

typedef struct {
  char *workspace, *by, *since, *template_id;
  gboolean json;
  int limit;
} AiFlags;

#define WIDEST 48

/* (transfer full) */
static char *cell_text(const json_t *value) {
  if (json_is_string(value)) return g_strdup(json_string_value(value));
  if (json_is_real(value)) return g_strdup_printf("%.1f", json_real_value(value));
  if (value == NULL || json_is_null(value)) return g_strdup("");
  return json_to_text(value, JSON_PLAIN);
}

/* Every column that any row has, in the order of the first that has it; what is itself a list is told apart. */
static GPtrArray *columns_of(const json_t *rows) {
  GPtrArray *columns = g_ptr_array_new();
  gsize index;
  json_t *row, *value;
  const char *key;
  json_array_foreach((json_t *)rows, index, row) {
    json_object_foreach(row, key, value) {
      if (!json_is_array(value) && !g_ptr_array_find_with_equal_func(columns, key, g_str_equal, NULL)) g_ptr_array_add(columns, (gpointer)key);
    }
  }
  return columns;
}

/* Rows as a table for people: each column as wide as it must be, numbers to the right. */
static void print_rows(const json_t *rows) {
  g_autoptr(GPtrArray) columns = columns_of(rows);
  gsize index;
  json_t *row;
  for (int line = -1; line < (int)json_array_size(rows); line++) {
    for (guint c = 0; c < columns->len; c++) {
      const char *name = g_ptr_array_index(columns, c);
      glong width = g_utf8_strlen(name, -1);
      json_array_foreach((json_t *)rows, index, row) {
        g_autofree char *text = cell_text(json_object_get(row, name));
        width = MAX(width, MIN(g_utf8_strlen(text, -1), WIDEST));
      }
      const json_t *value = line >= 0 ? json_object_get(json_array_get(rows, (gsize)line), name) : NULL;
      g_autofree char *text = line < 0 ? g_strdup(name) : cell_text(value), *shown = g_utf8_substring(text, 0, MIN(g_utf8_strlen(text, -1), WIDEST));
      int pad = (int)(width - g_utf8_strlen(shown, -1));
      gboolean right = json_is_number(value);
      printf("%s%*s%s%*s", c > 0 ? "  " : "", right ? pad : 0, "", shown, right || c + 1 == columns->len ? 0 : pad, "");
    }
    printf("\n");
  }
}

/* What a template's tests found, below the table. */
static void print_problems(const json_t *rows) {
  gsize i, j;
  json_t *row, *problem;
  json_array_foreach((json_t *)rows, i, row) {
    json_array_foreach(json_object_get(row, "problems"), j, problem)
        printf("%s %s, test \"%s\": %s\n", json_get_string(row, "template"), json_get_string(row, "version"), json_get_string(problem, "test"),
               json_get_string(problem, "why"));
  }
}

static void print_result(const char *name, json_t *rows, gboolean as_json) {
  if (!as_json) {
    print_rows(rows);
    print_problems(rows);
  } else {
    g_autoptr(json_t) whole = json_pack("{s:O}", name, rows);
    g_autofree char *text = json_to_text(whole, JSON_PLAIN);
    printf("%s\n", text);
  }
}

/* Prints what was found; that nothing was called or spent so far is an answer too, and said. Exit status, -1 on failure. */
static int show_found(const AiFlags *flags, const char *name, json_t *found, gboolean as_json, GError **error) {
  g_autoptr(json_t) rows = found;
  if (rows == NULL && error != NULL && g_error_matches(*error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND)) {
    if (!flags->json) printf("%s\n", (*error)->message);
    g_clear_error(error);
    if (!flags->json) return 0;
    rows = json_array();
  }
  if (rows != NULL) print_result(name, rows, as_json);
  return rows != NULL ? 0 : -1;
}

static int show_costs(const AiFlags *flags, GError **error) {
  gint64 back_ms = 0;
  if (flags->since != NULL && !duration_parse(flags->since, &back_ms)) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "--since takes a time such as 7d or 12h");
    return -1;
  }
  g_autofree char *path = g_build_filename(flags->workspace, "state", "ai-calls.db", NULL);
  gint64 since_ms = back_ms > 0 ? g_get_real_time() / 1000 - back_ms : 0;
  return show_found(flags, "costs", ai_records_costs(path, flags->by != NULL ? flags->by : "team,purpose", since_ms, error), flags->json, error);
}

static int show_budgets(const AiFlags *flags, GError **error) {
  g_autofree char *path = g_build_filename(flags->workspace, "state", "ai-budget.db", NULL);
  return show_found(flags, "budgets", ai_ledger_list(path, error), flags->json, error);
}

static int show_calls(const AiFlags *flags, GError **error) {
  g_autofree char *path = g_build_filename(flags->workspace, "state", "ai-calls.db", NULL);
  return show_found(flags, "calls", ai_records_list(path, flags->limit, error), TRUE, error);
}

static int show_prompts(const AiFlags *flags, GError **error) {
  g_autoptr(Settings) settings = settings_load(flags->workspace, NULL, error);
  if (settings == NULL) return -1;
  const char *name = settings_text(settings, SETTING_AI_CONFIG);
  g_autofree char *path = g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(flags->workspace, name, NULL);
  g_autofree char *records = g_build_filename(flags->workspace, "state", "ai-calls.db", NULL);
  gboolean passed = TRUE;
  g_autoptr(json_t) rows = ai_prompts_report(path, records, flags->template_id, &passed, error);
  if (rows == NULL) return -1;
  print_result("prompts", rows, flags->json);
  return passed ? 0 : 1;
}

int cli_ai(int argc, char **argv) {
  AiFlags flags = {.workspace = NULL, .limit = 100};
  GError *error = NULL;
  const GOptionEntry entries[] = {CLI_WORKSPACE(&flags.workspace),
                                  {"by", 0, 0, G_OPTION_ARG_STRING, &flags.by, "costs: company, team, user, purpose, model, template, version, day; several with commas", "WHAT"},
                                  {"since", 0, 0, G_OPTION_ARG_STRING, &flags.since, "costs: only of this long ago until now, such as 30d", "TIME"},
                                  {"template", 0, 0, G_OPTION_ARG_STRING, &flags.template_id, "prompts: only this one", "ID"},
                                  {"limit", 0, 0, G_OPTION_ARG_INT, &flags.limit, "calls: how many (100)", "N"},
                                  {"json", 0, 0, G_OPTION_ARG_NONE, &flags.json, "As JSON", NULL},
                                  {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}};
  g_autoptr(GOptionContext) context = g_option_context_new("costs|budgets|prompts|calls");
  g_option_context_set_summary(context, "What language models cost, how much of each budget is used, which prompts there are (with their tests), which calls were made.");
  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, &argc, &argv, &error)) {
    error->domain = AISLE_ERROR;
    error->code = AISLE_ERROR_INVALID_ARGUMENT;
    return cli_fail("ai", error);
  }
  const char *what = argc == 2 ? argv[1] : "";
  int status = -1;
  cli_default_workspace(&flags.workspace);
  /* As of the gateway: a folder with an ai.yaml and no data is enough. */
  if (!g_file_test(flags.workspace, G_FILE_TEST_IS_DIR) && !cli_find_workspace(&flags.workspace, &error)) status = -1;
  else if (strcmp(what, "costs") == 0) status = show_costs(&flags, &error);
  else if (strcmp(what, "prompts") == 0) status = show_prompts(&flags, &error);
  else if (strcmp(what, "budgets") == 0) status = show_budgets(&flags, &error);
  else if (strcmp(what, "calls") == 0) status = show_calls(&flags, &error);
  else g_set_error_literal(&error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "say what: aisle ai costs, aisle ai budgets, aisle ai prompts or aisle ai calls");
  g_free(flags.workspace);
  g_free(flags.by);
  g_free(flags.since);
  g_free(flags.template_id);
  return status < 0 ? cli_fail("ai", error) : status;
}

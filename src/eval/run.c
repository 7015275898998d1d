/* Asks the questions, in order, and judges the answers. */
#include "eval/eval.h"
#include <string.h>

#define EVAL_SECONDS 60
#define EVAL_MAX_QUESTIONS 100000

static void item_free(EvalItem *item) {
  json_decref(item->question);
  json_decref(item->answer);
  json_decref(item->golds);
  g_free(item->problem);
  g_free(item);
}

void eval_report_free(EvalReport *report) {
  if (report == NULL) return;
  g_ptr_array_unref(report->items);
  g_free(report);
}

GPtrArray *eval_load(const char *path, GError **error) {
  g_autofree char *text = NULL;
  gsize length = 0;
  g_autoptr(GPtrArray) questions = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
  if (!g_file_get_contents(path, &text, &length, error)) return NULL;
  if (!text_is_valid(text, length)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s is not UTF-8 text", path);
    return NULL;
  }
  g_auto(GStrv) lines = g_strsplit(g_str_has_prefix(text, "\xef\xbb\xbf") ? text + 3 : text, "\n", EVAL_MAX_QUESTIONS);
  for (guint i = 0; lines[i] != NULL; i++) {
    if (*g_strstrip(lines[i]) == '\0') continue;
    g_autoptr(GError) cause = NULL;
    g_autoptr(json_t) line = json_parse(lines[i], strlen(lines[i]), &cause);
    if (line == NULL || json_get_string(line, "id") == NULL || json_get_string(line, "question") == NULL) {
      /* The cause names a place in the line, "1:8: ..."; the line itself is known here. */
      const char *why = cause == NULL ? " a question is an object with \"id\" and \"question\""
                        : g_str_has_prefix(cause->message, "1:") ? cause->message + 2 : cause->message;
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s:%u:%s", path, i + 1, why);
      return NULL;
    }
    g_ptr_array_add(questions, g_steal_pointer(&line));
  }
  return g_steal_pointer(&questions);
}

/* ---- what is expected ---- */
static void add_expected_rows(const json_t *question, json_t *golds) {
  json_t *rows = json_object_get(question, "rows"), *value = json_object_get(question, "value");
  if (json_is_array(rows)) json_array_append(golds, rows);
  if (value != NULL && !json_is_null(value)) json_array_append_new(golds, json_pack("[[O]]", value));
}

static json_t *expected_rows(GoldTables *gold, const json_t *question, char **problem) {
  json_t *golds = json_array();
  const json_t *readings = json_object_get(question, "gold_sql");
  gsize count = json_is_string(readings) ? 1 : json_array_size(readings);
  add_expected_rows(question, golds);
  for (gsize i = 0; i < count; i++) {
    const char *sql = json_string_value(json_is_string(readings) ? readings : json_array_get(readings, i));
    g_autoptr(GError) error = NULL;
    json_t *rows = sql != NULL ? gold_tables_rows(gold, sql, &error) : NULL;
    if (rows != NULL)
      json_array_append_new(golds, rows);
    else if (*problem == NULL)
      *problem = g_strdup(error != NULL ? error->message : "gold_sql is not text");
  }
  return golds;
}

/* ---- asking ---- */
typedef struct {
  AnswerService *service;
  GoldTables *gold;
  AccessScope *scope;
  GHashTable *answer_ids; /* question id -> answer id */
} Run;

static json_t *ask(Run *run, const json_t *question, double *milliseconds) {
  const char *after = json_get_string(question, "after"), *as_of = json_get_string(question, "as_of");
  AnswerRequest request = {.question = json_get_string(question, "question"),
                           .scope = run->scope,
                           .as_of = DAY_NONE,
                           .deadline = deadline_in_ms(EVAL_SECONDS * 1000, NULL)};
  if (as_of != NULL) day_parse_iso(as_of, &request.as_of);
  if (after != NULL) {
    const char *known = g_hash_table_lookup(run->answer_ids, after);
    request.after = known != NULL ? known : after;
  }
  gint64 started = g_get_monotonic_time();
  json_t *answer = answer_ask(run->service, &request);
  *milliseconds = (double)(g_get_monotonic_time() - started) / 1000;
  const char *id = json_get_string(answer, "id");
  if (id != NULL) g_hash_table_insert(run->answer_ids, g_strdup(json_get_string(question, "id")), g_strdup(id));
  return answer;
}

static EvalItem *judge_question(Run *run, json_t *question) {
  EvalItem *item = g_new0(EvalItem, 1);
  item->question = json_incref(question);
  item->golds = expected_rows(run->gold, question, &item->problem);
  item->answer = ask(run, question, &item->milliseconds);
  item->cost = json_get_double(item->answer, "cost", 0);
  item->verdict = judge_answer(question, item->golds, item->answer);
  return item;
}

/* Whether the workspace has the question's data. Questions that name none are about whatever there is. */
static gboolean has_data(Run *run, const json_t *question, const char *wanted, gboolean *has, GError **error) {
  const char *dataset = json_get_string(question, "dataset");
  g_autoptr(GError) cause = NULL;
  *has = dataset == NULL || wanted == NULL || strcmp(dataset, wanted) == 0;
  if (*has && dataset != NULL) *has = gold_tables_name(run->gold, dataset, &cause);
  if (cause == NULL) return TRUE;
  g_propagate_error(error, g_steal_pointer(&cause));
  return FALSE;
}

EvalReport *eval_run(AnswerService *service, const GPtrArray *questions, const char *dataset, GError **error) {
  g_autoptr(Model) model = answer_service_model_ref(service);
  g_autoptr(LakeSnapshot) snapshot = answer_service_snapshot_ref(service);
  g_autoptr(GoldTables) gold = gold_tables_open(model, snapshot, error);
  g_autoptr(AccessScope) scope = access_scope_new_local();
  g_autoptr(GHashTable) answer_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  if (gold == NULL) return NULL;
  g_autoptr(EvalReport) report = g_new0(EvalReport, 1);
  report->items = g_ptr_array_new_with_free_func((GDestroyNotify)item_free);
  Run run = {service, gold, scope, answer_ids};
  for (guint i = 0; i < questions->len; i++) {
    json_t *question = g_ptr_array_index(questions, i);
    gboolean has = FALSE;
    if (!has_data(&run, question, dataset, &has, error)) return NULL;
    if (has)
      g_ptr_array_add(report->items, judge_question(&run, question));
    else
      report->skipped++;
  }
  return g_steal_pointer(&report);
}

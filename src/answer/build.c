/* The answer of the contract as JSON (schemas/answer.json). */
#include <string.h>

#include "answer/answer_private.h"
#include "lake/quality.h"
#include "query/restate.h"

#define CLARIFY_MIN_OPTIONS 2
#define CLARIFY_MAX_OPTIONS 4

static json_t *text_or_null(const char *text) { return text != NULL ? json_string(text) : json_null(); }

static json_t *strings_json(char **strings) {
  json_t *list = json_array();
  for (; strings != NULL && *strings; strings++) json_array_append_new(list, json_string(*strings));
  return list;
}

/* "code|text" -> {code, text} */
static json_t *caveats_json(const GPtrArray *caveats) {
  json_t *list = json_array();
  for (guint i = 0; i < caveats->len; i++) {
    const char *caveat = g_ptr_array_index(caveats, i);
    const char *bar = strchr(caveat, '|');
    json_array_append_new(list, json_pack("{s:s%, s:s}", "code", caveat, bar != NULL ? (size_t)(bar - caveat) : strlen(caveat), "text",
                                          bar != NULL ? bar + 1 : caveat));
  }
  return list;
}

static json_t *understood_json(const AskResult *asked) {
  json_t *list = json_array();
  for (guint i = 0; asked != NULL && asked->understood != NULL && i < asked->understood->len; i++) {
    const Understood *understood = g_ptr_array_index(asked->understood, i);
    json_t *item = json_pack("{s:i, s:i, s:s, s:s, s:s, s:f}", "start", understood->start, "length", understood->length, "text", understood->text,
                             "kind", understood->kind, "meaning", understood->meaning, "score", understood->score);
    for (char **other = understood->alternatives; other != NULL && *other != NULL; other++) {
      if (other == understood->alternatives) json_object_set_new(item, "alternatives", json_array());
      json_array_append_new(json_object_get(item, "alternatives"), json_string(*other));
    }
    json_array_append_new(list, item);
  }
  return list;
}

static json_t *columns_json(const GPtrArray *columns) {
  json_t *list = json_array();
  for (guint i = 0; i < columns->len; i++) {
    const AnswerColumn *column = g_ptr_array_index(columns, i);
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "name", column->name, "label", column->label, "type",
                                          column->type, "role", column->role == COLUMN_DIMENSION ? "dimension" : "measure", "unit",
                                          column->unit != NULL ? column->unit : "", "format", column->format != NULL ? column->format : "",
                                          "kind", column->kind != NULL ? column->kind : "", "measure", column->measure));
  }
  return list;
}

static json_t *rows_json(const ResultTable *result) {
  json_t *rows = json_array();
  for (gsize r = 0; r < result->n_rows; r++) {
    json_t *row = json_array();
    for (guint c = 0; c < result_table_n_columns(result); c++) json_array_append_new(row, value_to_json(result_table_at(result, r, c)));
    json_array_append_new(rows, row);
  }
  return rows;
}

static json_t *facts_json(const GPtrArray *facts) {
  json_t *list = json_array();
  for (guint i = 0; i < facts->len; i++) {
    const Fact *fact = g_ptr_array_index(facts, i);
    json_array_append_new(list, json_pack("{s:s, s:O, s:s}", "text", fact->text, "value", fact->value, "from", fact->from));
  }
  return list;
}

static gboolean has_rollup(const Model *model, const char *dataset) {
  for (guint i = 0; i < model->rollups->len; i++)
    if (g_strcmp0(((const Rollup *)g_ptr_array_index(model->rollups, i))->dataset, dataset) == 0) return TRUE;
  return FALSE;
}

/* What was, or would be, read of each table. Sizes are told to those who may see all rows. */
static json_t *source_json(const Turn *turn, const PlanRead *read) {
  const Dataset *dataset = model_find_dataset(turn->model, read->dataset->name);
  const SnapshotTable *table = dataset != NULL ? lake_snapshot_find(read->edition > 0 ? turn->baseline : turn->snapshot, dataset->table) : NULL;
  if (table == NULL) return NULL;
  const QueryPlan *plan = turn->plan;
  gboolean sees_all = access_scope_is_unrestricted(turn->request->scope), is_rolled = read->dataset->rollup != NULL;
  const ValueIndex *values = turn->values;
  const Field *date = dataset->default_date != NULL ? dataset_find_field(dataset, dataset->default_date) : NULL;
  DateRange range = values != NULL && date != NULL ? value_index_date_range(values, date) : (DateRange){0, 0, FALSE};
  g_autofree char *through = range.known ? day_format_iso(range.last) : NULL;
  gint64 rows = sees_all ? read->rows : values != NULL ? value_index_rows(values, dataset->name) : 0;
  RollupReason reason = is_rolled ? plan->reason : has_rollup(turn->model, dataset->name) ? plan->reason : ROLLUP_NONE_DECLARED;
  json_t *source = json_object();
  json_object_set_new(source, "table", json_string(dataset->name));
  json_object_set_new(source, "version", json_integer(table->version));
  const char *snapshot = (read->edition > 0 ? turn->baseline : turn->snapshot)->name;
  if (snapshot != NULL) json_object_set_new(source, "snapshot", json_string(snapshot));
  json_object_set_new(source, "data_through", read->edition == 0 ? text_or_null(through) : json_null());
  json_object_set_new(source, "files", json_integer(read->files));
  json_object_set_new(source, "files_total", json_integer(read->files_total));
  json_object_set_new(source, "bytes_scanned", sees_all ? json_integer(read->bytes) : json_null());
  json_object_set_new(source, "bytes_total", sees_all ? json_integer(read->bytes_total) : json_null());
  json_object_set_new(source, "rows_scanned", json_integer(rows));
  json_object_set_new(source, "rollup", is_rolled ? json_string(plan->rollup->definition->name) : json_null());
  json_object_set_new(source, "rollup_reason", json_string(rollup_reason_code(reason)));
  return source;
}

/* The last day that all facts behind the answer have rows of; 0: it cannot be told. */
static Day facts_through(const Turn *turn, const SemanticQuery *resolved) {
  Day through = 0;
  const ValueIndex *values = turn->values;
  for (guint i = 0; turn->plan != NULL && values != NULL && resolved->time_field == NULL && i < turn->plan->reads->len; i++) {
    const PlanRead *read = &g_array_index(turn->plan->reads, PlanRead, i);
    const Dataset *dataset = model_find_dataset(turn->model, read->dataset->name);
    const Field *date = dataset != NULL && dataset->is_fact && dataset->default_date != NULL ? dataset_find_field(dataset, dataset->default_date) : NULL;
    DateRange range = date != NULL ? value_index_date_range(values, date) : (DateRange){0, 0, FALSE};
    if (range.known && (through == 0 || range.last < through)) through = range.last;
  }
  return through;
}

static json_t *sources_json(const Turn *turn) {
  json_t *list = json_array();
  for (guint i = 0; turn->plan != NULL && i < turn->plan->reads->len; i++) {
    json_t *source = source_json(turn, &g_array_index(turn->plan->reads, PlanRead, i));
    if (source != NULL) json_array_append_new(list, source);
  }
  return list;
}

/* What loads found wrong in the tables behind the answer and nobody decided about, and loads that are overdue. Numbers of
 * rows are for those who may see all rows. */
static void note_quality(Turn *turn, const GPtrArray *datasets) {
  gint64 now_ms = g_get_real_time() / 1000;
  gboolean all = access_scope_is_unrestricted(turn->request->scope);
  for (guint i = 0; i < datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(datasets, i);
    QualityState state;
    if (!quality_state_read(answer_service_workspace(turn->service), dataset->table, &state)) continue;
    if (all && state.apart + state.flagged > 0)
      turn_caveat(turn, "open_quality_problems", "%s: rows that quality rules found and nobody decided about: %" G_GINT64_FORMAT " set apart, %" G_GINT64_FORMAT " flagged",
                  dataset->label, state.apart, state.flagged);
    else if (state.apart + state.flagged + state.warnings > 0)
      turn_caveat(turn, "open_quality_problems", "%s: quality rules found problems that are not settled", dataset->label);
    if (state.stale_after_ms > 0 && state.loaded_ms > 0 && now_ms - state.loaded_ms > state.stale_after_ms)
      turn_caveat(turn, "stale_data", "%s: the last load was %" G_GINT64_FORMAT " hours ago, later than it should be", dataset->label,
                  (now_ms - state.loaded_ms) / 3600000);
  }
}

/* Everything every answer has. */
static json_t *new_answer(const Turn *turn, const char *status, const AskResult *asked) {
  json_t *answer = json_object();
  json_object_set_new(answer, "schema_version", json_integer(1));
  json_object_set_new(answer, "id", json_string(turn->id));
  json_object_set_new(answer, "status", json_string(status));
  json_object_set_new(answer, "question", text_or_null(turn->request->question));
  g_autofree char *as_of = turn->as_of != DAY_NONE ? day_format_iso(turn->as_of) : NULL;
  json_object_set_new(answer, "as_of", text_or_null(as_of));
  json_object_set_new(answer, "understood", understood_json(asked));
  json_object_set_new(answer, "query", json_null());
  json_object_set_new(answer, "resolved", json_null());
  json_object_set_new(answer, "restatement", json_null());
  json_object_set_new(answer, "sql", json_null());
  json_object_set_new(answer, "columns", json_array());
  json_object_set_new(answer, "rows", json_array());
  json_object_set_new(answer, "row_count", json_integer(0));
  json_object_set_new(answer, "truncated", json_false());
  json_object_set_new(answer, "narrative", json_string(""));
  json_object_set_new(answer, "facts", json_array());
  json_object_set_new(answer, "chart", json_null());
  json_object_set_new(answer, "sources", json_array());
  json_object_set_new(answer, "clarify", json_null());
  json_object_set_new(answer, "reason", json_null());
  json_object_set_new(answer, "error", json_null());
  json_object_set_new(answer, "after", text_or_null(turn->after));
  json_object_set_new(answer, "session", text_or_null(turn->session));
  json_object_set_new(answer, "route", json_string(turn->route != NULL ? turn->route : "rules"));
  json_object_set_new(answer, "cost", json_integer(0));
  json_object_set_new(answer, "model_hash", text_or_null(turn->model != NULL ? turn->model->hash : NULL));
  return answer;
}

static double since_ms(gint64 from_us, gint64 to_us) { return from_us > 0 && to_us > from_us ? (double)(to_us - from_us) / 1000.0 : 0; }

static json_t *finish_answer(Turn *turn, json_t *answer) {
  if (turn->as_of_from_data) {
    g_autofree char *day = day_format_iso(turn->as_of);
    turn_caveat(turn, "as_of", "the data ends on %s, so that day counts as today", day);
  }
  json_object_set_new(answer, "caveats", turn->caveats != NULL ? caveats_json(turn->caveats) : json_array());
  gint64 now = g_get_monotonic_time();
  json_object_set_new(answer, "timing_ms",
                      json_pack("{s:f, s:f, s:f}", "understand", since_ms(turn->started_us, turn->understood_us), "engine",
                                since_ms(turn->understood_us, turn->executed_us), "total", since_ms(turn->started_us, now)));
  return answer;
}

/* "The drop in sales", where they rose: the question took for granted what is not so. */
static void note_other_way(Turn *turn, const SemanticQuery *resolved, const CompiledQuery *compiled, const ResultTable *result) {
  Toward toward = resolved->compare.toward;
  if (toward == TOWARD_NONE || result->n_rows != 1) return;
  for (guint i = 0; i < compiled->columns->len; i++) {
    const AnswerColumn *column = g_ptr_array_index(compiled->columns, i);
    const Value *change = result_table_at(result, 0, i);
    if (g_strcmp0(column->kind, "change") != 0 || column->measure != 0 || change->type == VALUE_NULL) continue;
    if (toward == TOWARD_RISE ? change->number <= 0 : change->number >= 0)
      turn_caveat(turn, "other_way", "it did not %s in that time", toward == TOWARD_RISE ? "rise" : "fall");
  }
}

/* Rows that tie with the last one shown are worth a word; so are empty results and cut ones. */
static void note_shape(Turn *turn, const SemanticQuery *resolved, const ResultTable *result) {
  if (result->n_rows == 0) turn_caveat(turn, "no_rows", "no rows match these conditions");
  if (result->truncated) turn_caveat(turn, "truncated", "only the first %" G_GSIZE_FORMAT " rows are shown", result->n_rows);
  if (resolved->compare.kind != COMPARE_PERIODS) return;
  const TimeRange *current = &resolved->time, *baseline = &resolved->compare.baseline;
  if (current->from == DAY_NONE || current->to == DAY_NONE || baseline->from == DAY_NONE || baseline->to == DAY_NONE) return;
  int current_days = current->to - current->from, baseline_days = baseline->to - baseline->from;
  if (current_days != baseline_days)
    turn_caveat(turn, "unequal_days", "the periods have %d and %d days", current_days, baseline_days);
}

/* Stock is not added up over time: which count is shown has to be said. */
static void note_snapshot(Turn *turn, const SemanticQuery *resolved) {
  for (guint i = 0; i < resolved->dimensions->len; i++)
    if (((const Dimension *)g_ptr_array_index(resolved->dimensions, i))->kind == DIMENSION_TIME) return; /* of each period its last */
  const ValueIndex *values = turn->values;
  for (guint i = 0; values != NULL && i < resolved->measures->len; i++) {
    const Measure *measure = g_ptr_array_index(resolved->measures, i);
    const Metric *metric = measure->kind == MEASURE_METRIC && measure->metric != NULL ? model_find_metric(turn->model, measure->metric) : NULL;
    const Dataset *dataset = metric != NULL && metric->additivity == ADDITIVITY_SNAPSHOT ? model_find_dataset(turn->model, metric->dataset) : NULL;
    const Field *date = dataset != NULL && dataset->default_date != NULL ? dataset_find_field(dataset, dataset->default_date) : NULL;
    DateRange range = date != NULL ? value_index_date_range(values, date) : (DateRange){0, 0, FALSE};
    if (!range.known) continue;
    gboolean earlier = resolved->time.kind == TIME_ABSOLUTE && resolved->time.to != DAY_NONE && resolved->time.to <= range.last;
    g_autofree char *day = day_range_describe(earlier ? resolved->time.to - 1 : range.last, earlier ? resolved->time.to : range.last + 1, &turn->model->calendar);
    turn_caveat(turn, "snapshot", earlier ? "%s as last counted up to %s" : "%s as counted on %s", metric->label, day);
  }
}

/* Numbers that are not exact are called so, with how far they may be off. */
static void note_estimates(Turn *turn) {
  const CompiledQuery *compiled = turn->plan != NULL ? turn->plan->compiled : NULL;
  if (compiled == NULL || compiled->estimated == NULL || turn->plan->rollup == NULL) return;
  g_autoptr(GString) names = g_string_new(NULL);
  for (guint i = 0; i < compiled->estimated->len; i++) {
    const char *name = g_ptr_array_index(compiled->estimated, i);
    const Metric *metric = model_find_metric(turn->model, name);
    g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", metric != NULL && metric->label != NULL ? metric->label : name);
  }
  turn_caveat(turn, "estimated", "%s: estimated from the rollup %s, as the model allows; numbers up to %d are exact, larger ones within "
              "%.2f %% in 19 of 20 cases", names->str, turn->plan->rollup->definition->name, ENGINE_SKETCH_EXACT, ENGINE_SKETCH_ERROR * 100);
}

/* What a query means, before or without running it. */
static json_t *describe_query(Turn *turn, const SemanticQuery *query, const SemanticQuery *resolved, const CompiledQuery *compiled,
                              const AskResult *asked) {
  json_t *answer = new_answer(turn, "answered", asked);
  json_object_set_new(answer, "query", semantic_query_to_json(query));
  json_object_set_new(answer, "resolved", semantic_query_to_json(resolved));
  g_autofree char *restatement = semantic_query_restate(query, turn->model);
  json_object_set_new(answer, "restatement", text_or_null(restatement));
  json_object_set_new(answer, "sql", text_or_null(compiled->shown_sql));
  json_object_set_new(answer, "columns", columns_json(compiled->columns));
  json_object_set_new(answer, "sources", sources_json(turn));
  return answer;
}

static const char *const UNDERSTOOD_KEYS[] = {"understood", "query", "resolved", "restatement", "as_of", "after", NULL};

void turn_report_understood(Turn *turn, const SemanticQuery *query, const SemanticQuery *resolved, const CompiledQuery *compiled,
                            const AskResult *asked) {
  if (turn->request->sink == NULL) return;
  g_autoptr(json_t) answer = describe_query(turn, query, resolved, compiled, asked);
  turn_report(turn, "understood", answer, UNDERSTOOD_KEYS);
}

json_t *turn_build_understood(Turn *turn, const SemanticQuery *query, const SemanticQuery *resolved, const CompiledQuery *compiled,
                              const AskResult *asked) {
  json_t *answer = describe_query(turn, query, resolved, compiled, asked);
  turn_caveat(turn, "not_run", "this only says what was understood; nothing was computed");
  return finish_answer(turn, answer);
}

#define DRIVER_SENTENCES 3

static void take_all(GPtrArray *to, GPtrArray *from) {
  while (from->len > 0) g_ptr_array_add(to, g_ptr_array_steal_index(from, 0));
}

/* "By region, Central accounts for 77.5 % of the change.": of each dimension that explains a good part, checked like any sentence. */
static void add_drivers(const Turn *turn, Narrative *narrative) {
  guint said = 0;
  for (guint i = 0; turn->parts != NULL && i < turn->parts->len && said < DRIVER_SENTENCES; i++) {
    const ChangePart *part = g_ptr_array_index(turn->parts, i);
    InsightInput input = {part->query, turn->model, part->plan->compiled->columns, part->result, 0};
    g_autoptr(Narrative) told = insight_narrate(&input);
    said += told->sentences->len;
    narrative->dropped += told->dropped;
    take_all(narrative->sentences, told->sentences);
    take_all(narrative->facts, told->facts);
  }
}

void turn_report(const Turn *turn, const char *stage, const json_t *answer, const char *const *keys) {
  if (turn->request->sink == NULL) return;
  g_autoptr(json_t) part = json_object();
  for (; *keys != NULL; keys++) {
    json_t *value = json_object_get(answer, *keys);
    if (value != NULL) json_object_set(part, *keys, value);
  }
  turn->request->sink(turn->request->sink_data, stage, part);
}

static const char *const RESULT_KEYS[] = {"columns", "rows", "row_count", "truncated", "chart", "sql", NULL};
static const char *const SENTENCE_KEYS[] = {"narrative", "facts", "caveats", "sources", NULL};

json_t *turn_build_answered(Turn *turn, const SemanticQuery *query, const SemanticQuery *resolved, const CompiledQuery *compiled,
                            const ResultTable *result, const AskResult *asked) {
  note_shape(turn, resolved, result);
  note_snapshot(turn, resolved);
  note_estimates(turn);
  note_other_way(turn, resolved, compiled, result);
  note_quality(turn, compiled->tables);
  json_t *answer = describe_query(turn, query, resolved, compiled, asked);
  json_object_set_new(answer, "rows", rows_json(result));
  json_object_set_new(answer, "row_count", json_integer((json_int_t)result->n_rows));
  json_object_set_new(answer, "truncated", json_boolean(result->truncated));
  InsightInput input = {resolved, turn->model, compiled->columns, result, facts_through(turn, resolved)};
  json_t *chart = insight_chart(&input);
  json_object_set_new(answer, "chart", chart != NULL ? chart : json_null());
  turn_report(turn, "result", answer, RESULT_KEYS);
  g_autoptr(SemanticQuery) plain = semantic_query_copy(resolved);
  plain->analysis = ANALYSIS_NONE;
  if (turn->whole != NULL) g_ptr_array_set_size(plain->dimensions, 0);
  InsightInput whole = {plain, turn->model, turn->whole != NULL ? turn->whole->columns : NULL, turn->whole_result, 0};
  g_autoptr(Narrative) narrative = insight_narrate(turn->whole != NULL ? &whole : &input);
  if (turn->whole != NULL) add_drivers(turn, narrative);
  GString *text = g_string_new(NULL);
  g_autofree char *place = resolved->compare.kind != COMPARE_SNAPSHOTS ? restate_data_place(&resolved->data, turn->model) : NULL;
  if (place != NULL && narrative->sentences->len > 0) g_string_append_printf(text, "%c%s: ", g_ascii_toupper(*place), place + 1);
  for (guint i = 0; i < narrative->sentences->len; i++)
    g_string_append_printf(text, "%s%s", i > 0 ? " " : "", (const char *)g_ptr_array_index(narrative->sentences, i));
  json_object_set_new(answer, "narrative", json_string(text->str));
  g_string_free(text, TRUE);
  json_object_set_new(answer, "facts", facts_json(narrative->facts));
  finish_answer(turn, answer);
  turn_report(turn, "sentences", answer, SENTENCE_KEYS);
  return answer;
}

/* A question of the whole of a metric, ready to be asked. */
static void add_metric_option(const Turn *turn, json_t *options, const char *metric) {
  g_autoptr(json_t) json = metric != NULL ? json_pack("{s:[{s:s}]}", "metrics", "metric", metric) : NULL;
  g_autoptr(SemanticQuery) query = json != NULL ? semantic_query_from_json(json, NULL) : NULL;
  g_autofree char *label = query != NULL ? semantic_query_restate(query, turn->model) : NULL;
  if (label == NULL || *label == '\0') return;
  for (gsize i = 0; i < json_array_size(options); i++)
    if (g_strcmp0(json_get_string(json_array_get(options, i), "label"), label) == 0) return;
  json_array_append_new(options, json_pack("{s:s, s:o}", "label", label, "query", semantic_query_to_json(query)));
}

/* Two to four ready options: where the words gave fewer, what the model can always tell. */
static json_t *options_json(const Turn *turn, const AskResult *asked) {
  json_t *options = json_array();
  for (guint i = 0; asked->options != NULL && i < MIN(asked->options->len, CLARIFY_MAX_OPTIONS); i++) {
    const AskOption *option = g_ptr_array_index(asked->options, i);
    json_array_append_new(options, json_pack("{s:s, s:o}", "label", option->label, "query",
                                             option->query != NULL ? semantic_query_to_json(option->query) : json_null()));
  }
  if (json_array_size(options) < CLARIFY_MIN_OPTIONS) add_metric_option(turn, options, turn->model->default_metric);
  for (guint i = 0; i < turn->model->metrics->len && json_array_size(options) < CLARIFY_MIN_OPTIONS; i++)
    add_metric_option(turn, options, ((const Metric *)g_ptr_array_index(turn->model->metrics, i))->name);
  return options;
}

json_t *turn_build_unanswered(Turn *turn, const AskResult *asked) {
  gboolean clarify = asked->status == ASK_CLARIFY;
  json_t *answer = new_answer(turn, clarify ? "clarify" : "refused", asked);
  if (clarify) {
    json_t *options = options_json(turn, asked);
    json_object_set_new(answer, "clarify", json_pack("{s:s, s:o}", "question", asked->clarify_question, "options", options));
    json_object_set_new(answer, "narrative", json_string(asked->clarify_question));
  } else {
    json_object_set_new(answer, "reason", json_pack("{s:s, s:o, s:o, s:s}", "code", asked->reason_code, "missing",
                                                    text_or_null(asked->missing), "closest", strings_json(asked->closest), "text",
                                                    asked->reason_text != NULL ? asked->reason_text : ""));
    json_object_set_new(answer, "narrative", json_string(asked->reason_text != NULL ? asked->reason_text : ""));
  }
  return finish_answer(turn, answer);
}

json_t *turn_build_failed(Turn *turn, const GError *error) {
  if (turn->as_of == 0 && turn->model == NULL) turn->as_of = DAY_NONE;
  json_t *answer = new_answer(turn, "failed", NULL);
  const AisleErrorInfo *info = aisle_error_info_of(error);
  json_object_set_new(answer, "error", json_pack("{s:s, s:s, s:s}", "code", info->name, "message",
                                                 error != NULL ? error->message : "the question could not be answered", "hint", info->meaning));
  return finish_answer(turn, answer);
}

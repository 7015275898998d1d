#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "answer/answer_private.h"
#include "answer/plan.h"
#include "answer/rearrange.h"
#include "ask/token.h"
#include "model/relation.h"
#include "query/restate.h"

#define ANSWER_DEFAULT_ROWS 10000
#define ANSWER_STALE_DAYS 7
#define BARE_OPTIONS 3

void turn_caveat(Turn *turn, const char *code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_autofree char *caveat = g_strdup_printf("%s|%s", code, text);
  for (guint i = 0; i < turn->caveats->len; i++)
    if (strcmp(g_ptr_array_index(turn->caveats, i), caveat) == 0) return;
  g_ptr_array_add(turn->caveats, g_steal_pointer(&caveat));
}

/* ---- the turn ---- */
static void turn_clear(Turn *turn) {
  g_clear_pointer(&turn->baseline, lake_snapshot_unref);
  g_clear_pointer(&turn->known_snapshots, g_ptr_array_unref);
  g_clear_pointer(&turn->caveats, g_ptr_array_unref);
  query_plan_free(turn->plan);
  query_plan_free(turn->whole_plan);
  result_table_free(turn->whole_result);
  g_clear_pointer(&turn->parts, g_ptr_array_unref);
  g_free(turn->id);
  g_free(turn->session);
  g_free(turn->after);
  turn_close_data(turn);
}

/* Chance for ids, fetched for several at once: asking the system costs more than all else about a cached answer's id. */
static void take_chance(guint8 *out, gsize length) {
  static _Thread_local guint8 pool[240];
  static _Thread_local gsize used = sizeof pool;
  if (used + length > sizeof pool) {
    if (getentropy(pool, sizeof pool) != 0) {
      for (gsize i = 0; i < sizeof pool; i++) pool[i] = (guint8)g_random_int();
    }
    used = 0;
  }
  memcpy(out, pool + used, length);
  used += length;
}

static char *append_hex(char *out, const guint8 *bytes, gsize length) {
  static const char digits[] = "0123456789abcdef";
  for (gsize i = 0; i < length; i++) {
    *out++ = digits[bytes[i] >> 4];
    *out++ = digits[bytes[i] & 15];
  }
  return out;
}

char *answer_new_id(void) {
  /* The time first, then chance: ids of one moment stand together in the store's index. */
  guint64 now_ms = GUINT64_TO_BE((guint64)g_get_real_time() / 1000);
  guint8 chance[10];
  take_chance(chance, sizeof chance);
  char *id = g_malloc(2 + 12 + 2 * sizeof chance + 1);
  memcpy(id, "a_", 2);
  char *end = append_hex(id + 2, (const guint8 *)&now_ms + 2, 6);
  *append_hex(end, chance, sizeof chance) = '\0';
  return id;
}

static const Field *default_date(const Model *model) {
  const Dataset *dataset = model->default_dataset != NULL ? model_find_dataset(model, model->default_dataset) : NULL;
  return dataset != NULL && dataset->default_date != NULL ? dataset_find_field(dataset, dataset->default_date) : NULL;
}

/* The wall clock, or the data's last day where the data ended more than a week ago. */
void turn_set_as_of(Turn *turn) {
  const ValueIndex *values = turn->values;
  turn->as_of = turn->request->as_of;
  turn->as_of_from_data = FALSE;
  if (turn->as_of != DAY_NONE) return;
  turn->as_of = day_today();
  const Field *date = default_date(turn->model);
  DateRange range = date != NULL ? value_index_date_range(values, date) : (DateRange){0, 0, FALSE};
  if (!range.known || range.last >= turn->as_of - ANSWER_STALE_DAYS) return;
  turn->as_of = range.last;
  turn->as_of_from_data = TRUE;
}

static gboolean turn_init(Turn *turn, AnswerService *service, const AnswerRequest *request, GError **error) {
  turn->service = service;
  turn->request = request;
  turn->started_us = g_get_monotonic_time();
  turn->id = request->id != NULL ? g_strdup(request->id) : answer_new_id();
  turn->session = g_strdup(request->session);
  turn->route = "rules";
  turn->caveats = g_ptr_array_new_with_free_func(g_free);
  if (!turn_open_data(turn, &request->data, error)) return FALSE;
  turn_set_as_of(turn);
  return TRUE;
}

/* ---- the conversation ---- */
typedef struct {
  SemanticQuery *query;
  GPtrArray *options; /* of AskOption* */
} Before;

void ask_option_clear(gpointer pointer) {
  AskOption *option = pointer;
  g_free(option->label);
  semantic_query_free(option->query);
  g_free(option);
}

static void before_clear(Before *before) {
  semantic_query_free(before->query);
  g_clear_pointer(&before->options, g_ptr_array_unref);
}

static gboolean read_before(Turn *turn, Before *before, GError **error) {
  const AnswerRequest *request = turn->request;
  g_autofree char *scope_key = access_scope_key(request->scope);
  g_autofree char *newest = NULL;
  const char *after = request->after;
  if (after == NULL && request->session != NULL) {
    GError *problem = NULL;
    newest = store_session_newest(answer_service_store(turn->service), request->session, scope_key, &problem);
    if (problem != NULL) {
      g_propagate_error(error, problem);
      return FALSE;
    }
    after = newest;
  }
  if (after == NULL) return TRUE;
  g_autoptr(json_t) answer = store_get_answer(answer_service_store(turn->service), after, scope_key, error);
  if (answer == NULL) return FALSE;
  turn->after = g_strdup(after);
  if (turn->session == NULL) turn->session = g_strdup(json_get_string(answer, "session"));
  const json_t *query = json_object_get(answer, "query");
  if (json_is_object(query)) before->query = semantic_query_from_json(query, NULL);
  const json_t *options = json_object_get(answer, "options");
  before->options = g_ptr_array_new_with_free_func(ask_option_clear);
  for (gsize i = 0; i < json_array_size(options); i++) {
    const json_t *item = json_array_get(options, i);
    AskOption *option = g_new0(AskOption, 1);
    option->label = g_strdup(json_get_string(item, "label") != NULL ? json_get_string(item, "label") : "");
    if (json_is_object(json_object_get(item, "query"))) option->query = semantic_query_from_json(json_object_get(item, "query"), NULL);
    g_ptr_array_add(before->options, option);
  }
  return TRUE;
}

/* ---- running ---- */

/* The second look at what the compiler wrote: one SELECT over the model's own relations, by the allow-list. */
static gboolean pass_guard(Turn *turn, const CompiledQuery *compiled, GError **error) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < turn->model->datasets->len; i++) g_ptr_array_add(names, ((Dataset *)g_ptr_array_index(turn->model->datasets, i))->name);
  for (guint i = 0; i < compiled->relations->len; i++) { /* of the data it is compared with */
    const QueryRelation *relation = g_ptr_array_index(compiled->relations, i);
    if (relation->edition > 0) g_ptr_array_add(names, relation->name);
  }
  g_ptr_array_add(names, NULL);
  return answer_data_guard(turn->data, compiled->shown_sql, (const char *const *)names->pdata, error);
}

QueryPlan *turn_plan(Turn *turn, const SemanticQuery *resolved, GError **error) {
  return query_plan_new(answer_data_lake(turn->data), turn->rollups, resolved, turn->model, turn->request->scope, turn->baseline, turn->request->deadline, error);
}

ResultTable *turn_run(Turn *turn, const QueryPlan *plan, gsize max_rows, GError **error) {
  if (!pass_guard(turn, plan->compiled, error)) return NULL;
  return engine_select(answer_data_engine(turn->data), plan->sql, plan->compiled->parameters, max_rows, turn->request->deadline, error);
}

/* The engine's result for a meaning: kept from before, or computed once for all who ask now. (transfer full): its holder. */
static GBytes *result_of(Turn *turn, const SemanticQuery *resolved, gsize max_rows, GError **error) {
  Cache *cache = answer_service_cache(turn->service);
  g_autofree char *key = meaning_key(turn->data, turn->baseline, turn->request->scope, resolved, max_rows, turn->plan->compiled->estimated != NULL);
  GBytes *kept = NULL;
  CacheOutcome outcome = cache_get_or_begin(cache, key, turn->request->deadline, &kept, error);
  if (outcome == CACHE_HIT) turn->route = "meaning_cache";
  if (outcome != CACHE_BEGIN) return kept;
  if (turn->baseline == NULL) kept = rearranged_result(cache, turn->data, turn->request->scope, resolved, max_rows, turn->plan->compiled->estimated != NULL);
  if (kept != NULL) turn->route = "meaning_cache";
  ResultTable *result = kept == NULL ? turn_run(turn, turn->plan, max_rows, error) : NULL;
  if (result != NULL) kept = kept_result_new(result);
  cache_finish(cache, key, kept, TRUE);
  return kept;
}

static json_t *run_query(Turn *turn, const SemanticQuery *query, AskResult *asked, GError **error) {
  g_autoptr(SemanticQuery) resolved = NULL, settled = NULL;
  if (!semantic_query_validate(query, turn->model, error)) return NULL;
  GError *problem = NULL;
  json_t *unsettled = turn_settle_data(turn, query, asked, &settled, &problem);
  if (unsettled != NULL) return unsettled;
  if (problem != NULL || !semantic_query_validate(settled, turn->model, &problem)) {
    g_propagate_error(error, problem);
    return NULL;
  }
  ResolveContext context = {turn->as_of, turn->model->calendar};
  resolved = semantic_query_resolve(settled, turn->model, &context, error);
  if (resolved == NULL) return NULL;
  query_plan_free(turn->plan);
  turn->plan = turn_plan(turn, resolved, error);
  if (turn->plan == NULL) return NULL;
  CompiledQuery *compiled = turn->plan->compiled;
  turn->understood_us = g_get_monotonic_time();
  if (turn->request->understand_only) return turn_build_understood(turn, query, resolved, compiled, asked);
  turn_report_understood(turn, query, resolved, compiled, asked);
  gsize max_rows = turn->request->max_rows > 0 ? turn->request->max_rows : ANSWER_DEFAULT_ROWS;
  gint64 scope_rows = turn->request->scope->max_rows;
  if (scope_rows > 0 && (gsize)scope_rows < max_rows) max_rows = (gsize)scope_rows;
  g_autoptr(GBytes) held = NULL;
  if (resolved->analysis == ANALYSIS_DRIVERS) {
    GPtrArray *columns = NULL;
    ResultTable *explained = turn_explain_change(turn, resolved, &columns, error);
    if (explained == NULL) return NULL;
    held = kept_result_new(explained);
    g_ptr_array_unref(compiled->columns);
    compiled->columns = columns;
  } else {
    held = result_of(turn, resolved, max_rows, error);
  }
  if (held == NULL) return NULL;
  turn->executed_us = g_get_monotonic_time();
  return turn_build_answered(turn, query, resolved, compiled, kept_result_table(held), asked);
}

/* A query that does not fit the model is refused, not a failure: it was understood, but the data has no such thing. */
static json_t *refuse_query(Turn *turn, AskResult *asked, const GError *problem) {
  AskResult none = {0};
  AskResult *refused = asked != NULL ? asked : &none;
  refused->status = ASK_REFUSED;
  refused->reason_code = g_strdup("no_such_combination");
  const char *colon = *problem->message == '/' ? strstr(problem->message, ": ") : NULL; /* the JSON path is for programs */
  refused->reason_text = g_strdup(colon != NULL ? colon + 2 : problem->message);
  refused->missing = g_strdup(turn->request->question);
  json_t *answer = turn_build_unanswered(turn, refused);
  g_free(none.reason_code);
  g_free(none.reason_text);
  g_free(none.missing);
  return answer;
}

/* `problem` is taken: a refusal, or an error of the caller. */
static json_t *refuse_or_fail(Turn *turn, AskResult *asked, GError *problem, GError **error) {
  if (g_error_matches(problem, AISLE_ERROR, AISLE_ERROR_BAD_QUERY)) {
    g_autoptr(GError) reason = problem;
    return refuse_query(turn, asked, reason);
  }
  g_propagate_error(error, problem);
  return NULL;
}

static json_t *run_or_refuse(Turn *turn, const SemanticQuery *query, AskResult *asked, GError **error) {
  GError *problem = NULL;
  json_t *answer = run_query(turn, query, asked, &problem);
  return answer != NULL ? answer : refuse_or_fail(turn, asked, problem, error);
}

static json_t *run_given_query(Turn *turn, GError **error) {
  GError *problem = NULL;
  g_autoptr(SemanticQuery) query = semantic_query_from_json(turn->request->query, &problem);
  return query != NULL ? run_or_refuse(turn, query, NULL, error) : refuse_or_fail(turn, NULL, problem, error);
}

static void add_measure_option(const Turn *turn, AskResult *asked, const char *name) {
  const Metric *metric = name != NULL ? model_find_metric(turn->model, name) : NULL;
  for (guint i = 0; metric != NULL && i < asked->options->len; i++)
    if (g_strcmp0(((const AskOption *)g_ptr_array_index(asked->options, i))->label, metric->label) == 0) return;
  if (metric == NULL) return;
  AskOption *option = g_new0(AskOption, 1);
  option->label = g_strdup(metric->label);
  option->query = semantic_query_new();
  g_ptr_array_add(option->query->measures, measure_new_metric(metric->name));
  g_ptr_array_add(asked->options, option);
}

/* Words about the data alone: "compare that with last week's snapshot" is about the query before. */
static AskResult *read_bare_phrase(Turn *turn, const Before *before) {
  AskResult *asked = g_new0(AskResult, 1);
  if (before->query != NULL) {
    asked->query = semantic_query_copy(before->query);
    asked->is_followup = TRUE;
    return asked;
  }
  asked->status = ASK_CLARIFY;
  asked->clarify_question = g_strdup("That names a state of the data. What should be told of it?");
  asked->options = g_ptr_array_new_with_free_func(ask_option_clear);
  add_measure_option(turn, asked, turn->model->default_metric);
  for (guint i = 0; i < turn->model->metrics->len && asked->options->len < BARE_OPTIONS; i++)
    add_measure_option(turn, asked, ((const Metric *)g_ptr_array_index(turn->model->metrics, i))->name);
  return asked;
}

static gboolean is_bare(const char *rest) {
  static const char *const EMPTY[] = {"and", "that", "this", "it", "what", "about", "how", "the", "same", "now", "please", "but", "so", "show", "me", "with", "also", "then", "again"};
  g_autoptr(GArray) tokens = tokens_parse(rest);
  for (guint i = 0; i < tokens->len; i++) {
    gboolean empty = FALSE;
    for (guint k = 0; k < G_N_ELEMENTS(EMPTY); k++) empty = empty || strcmp(token_at(tokens, i)->fold, EMPTY[k]) == 0;
    if (!empty) return FALSE;
  }
  return TRUE;
}

static void tell_phrase(const Turn *turn, const DataPhrase *phrase, AskResult *asked) {
  if (asked->understood == NULL || asked->query == NULL) return;
  Understood *understood = g_new0(Understood, 1);
  g_autofree char *data = restate_data(&asked->query->data, turn->model);
  g_autofree char *other = phrase->compares ? restate_data(&asked->query->compare.data, turn->model) : NULL;
  *understood = (Understood){.start = phrase->start, .length = phrase->length, .kind = g_strdup("data"), .score = 1,
                             .text = g_strndup(turn->request->question + phrase->start, (gsize)phrase->length),
                             .meaning = other != NULL ? g_strdup_printf("%s against %s", data, other) : g_strdup(data)};
  g_ptr_array_add(asked->understood, understood);
}

/* Reads the words with the names of the data they are about, which a conversation may have settled before. */
static AskResult *understand(Turn *turn, const Before *before, const DataPhrase *phrase, GError **error) {
  if (phrase != NULL) turn_read_over(turn, &phrase->data);
  if (phrase != NULL && is_bare(phrase->rest)) return read_bare_phrase(turn, before);
  const char *words = phrase != NULL ? phrase->rest : turn->request->question;
  AskContext context = {turn->as_of, before->query, before->options};
  AskResult *asked = ask_understand(turn->lexicon, words, &context, error);
  if (asked == NULL || phrase != NULL || !asked->is_followup || asked->query == NULL || asked->query->data.kind == DATA_NOW) return asked;
  turn_read_over(turn, &asked->query->data);
  ask_result_free(asked);
  context.as_of = turn->as_of;
  return ask_understand(turn->lexicon, words, &context, error);
}

static json_t *run_question(Turn *turn, const Before *before, GError **error) {
  GError *problem = NULL;
  g_autoptr(DataPhrase) phrase = turn_read_data_phrase(turn, &problem);
  if (problem != NULL) {
    g_propagate_error(error, problem);
    return NULL;
  }
  g_autoptr(AskResult) asked = understand(turn, before, phrase, error);
  if (asked == NULL) return NULL;
  if (phrase != NULL && asked->query != NULL) {
    turn_apply_data_phrase(turn, phrase, asked->query);
    tell_phrase(turn, phrase, asked);
    if (phrase->why) turn_caveat(turn, "no_drivers", "only how much it changed is told; ask by a field, such as by region, where it changed");
  }
  for (guint i = 0; phrase != NULL && asked->options != NULL && i < asked->options->len; i++) {
    AskOption *option = g_ptr_array_index(asked->options, i);
    if (option->query != NULL) turn_apply_data_phrase(turn, phrase, option->query);
  }
  for (guint i = 0; asked->assumptions != NULL && i < asked->assumptions->len; i++)
    g_ptr_array_add(turn->caveats, g_strdup(g_ptr_array_index(asked->assumptions, i)));
  turn->understood_us = g_get_monotonic_time();
  if (asked->status != ASK_UNDERSTOOD) return turn_build_unanswered(turn, asked);
  return run_or_refuse(turn, asked->query, asked, error);
}

static void keep_answer(Turn *turn, const json_t *answer) {
  g_autofree char *scope_key = access_scope_key(turn->request->scope);
  const json_t *query = json_object_get(answer, "query"), *clarify = json_object_get(answer, "clarify");
  const json_t *options = clarify != NULL ? json_object_get(clarify, "options") : NULL;
  g_autofree char *query_text = json_is_object(query) ? json_to_text(query, JSON_PLAIN) : NULL;
  g_autofree char *options_text = json_is_array(options) ? json_to_text(options, JSON_PLAIN) : NULL;
  g_autofree char *sources = json_to_text(json_object_get(answer, "sources"), JSON_PLAIN);
  StoreAnswer record = {.id = turn->id, .session = turn->session, .tenant = turn->request->scope->tenant, .user = turn->request->scope->user,
                        .scope_key = scope_key, .question = turn->request->asked_as != NULL ? turn->request->asked_as : turn->request->question, .status = json_get_string(answer, "status"),
                        .query_json = query_text, .options_json = options_text, .route = turn->route,
                        .created_ms = g_get_real_time() / 1000, .latency_us = g_get_monotonic_time() - turn->started_us,
                        .rows = json_get_int(answer, "row_count", 0), .versions_json = sources,
                        .after = turn->after, .as_of = json_get_string(answer, "as_of"),
                        .restatement = json_get_string(answer, "restatement")};
  g_autoptr(GError) problem = NULL;
  if (!store_put_answer(answer_service_store(turn->service), &record, &problem)) g_warning("the answer could not be kept: %s", problem->message);
}

json_t *answer_ask(AnswerService *service, const AnswerRequest *request) {
  Turn turn = {0};
  Before before = {0};
  g_autoptr(GError) error = NULL;
  json_t *answer = NULL;
  if (turn_init(&turn, service, request, &error) && read_before(&turn, &before, &error)) {
    if (request->query != NULL) {
      answer = run_given_query(&turn, &error);
    } else {
      answer = run_question(&turn, &before, &error);
    }
  }
  if (answer == NULL) answer = turn_build_failed(&turn, error);
  if (turn.lexicon != NULL && !request->unlogged) keep_answer(&turn, answer);
  before_clear(&before);
  turn_clear(&turn);
  return answer;
}

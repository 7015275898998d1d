/* Which state of the data a turn is about: said in the question, named in the query, or what the request was opened with. */
#include <string.h>

#include "answer/answer_private.h"
#include "answer/snapshots.h"
#include "ask/data_phrase.h"
#include "query/restate.h"

/* What settling needs to know, read once for each turn. */
static gboolean read_snapshots(Turn *turn, GError **error) {
  if (turn->known_snapshots == NULL) turn->known_snapshots = lake_snapshots(answer_service_workspace(turn->service), error);
  return turn->known_snapshots != NULL;
}

/* "Last Monday" counts from the day of the caller, or today: snapshots are kept by the wall clock, whatever the data's days are. */
static ResolveContext settling_context(const Turn *turn) {
  return (ResolveContext){turn->request->as_of != DAY_NONE ? turn->request->as_of : day_today(), turn->model->calendar};
}

static void settle(const Turn *turn, const DataRef *said, SettledState *out) {
  g_autoptr(AnswerData) now = answer_service_data(turn->service, NULL, NULL);
  ResolveContext context = settling_context(turn);
  snapshots_settle(turn->known_snapshots, answer_data_snapshot(now)->id, said, &context, out);
}

/* ---- opening ---- */
gboolean turn_open_data(Turn *turn, const DataChoice *choice, GError **error) {
  g_auto(DataView) view = {0};
  g_autoptr(AnswerData) data = answer_service_data(turn->service, choice, error);
  if (data == NULL || !answer_data_view(data, turn->request->scope, &view, error)) return FALSE;
  turn_close_data(turn);
  turn->data = g_steal_pointer(&data);
  turn->snapshot = lake_snapshot_ref(answer_data_snapshot(turn->data));
  turn->model = g_steal_pointer(&view.model);
  turn->rollups = g_steal_pointer(&view.rollups);
  turn->lexicon = g_steal_pointer(&view.lexicon);
  turn->values = g_steal_pointer(&view.values);
  return TRUE;
}

void turn_close_data(Turn *turn) {
  lexicon_unref(turn->lexicon);
  model_unref(turn->model);
  value_index_unref(turn->values);
  g_clear_pointer(&turn->snapshot, lake_snapshot_unref);
  g_clear_pointer(&turn->rollups, g_ptr_array_unref);
  answer_data_unref(turn->data);
  turn->lexicon = NULL;
  turn->model = NULL;
  turn->values = NULL;
  turn->data = NULL;
}

/* Opens a settled state and lets the turn go on over it. */
static gboolean take_state(Turn *turn, const DataRef *settled, GError **error) {
  DataChoice choice = snapshots_choice(settled, &turn->request->data);
  if (!turn_open_data(turn, &choice, error)) return FALSE;
  turn_set_as_of(turn);
  return TRUE;
}

static gboolean take_baseline(Turn *turn, const DataRef *settled, GError **error) {
  const char *workspace = answer_service_workspace(turn->service);
  DataChoice choice = snapshots_choice(settled, &turn->request->data);
  g_clear_pointer(&turn->baseline, lake_snapshot_unref);
  if (choice.snapshot != NULL) {
    turn->baseline = lake_snapshot_open(workspace, choice.snapshot, error);
  } else if (choice.at_ms != 0) {
    turn->baseline = lake_snapshot_open_at(workspace, choice.at_ms, error);
  } else {
    g_autoptr(AnswerData) data = answer_service_data(turn->service, &choice, error);
    turn->baseline = data != NULL ? lake_snapshot_ref(answer_data_snapshot(data)) : NULL;
  }
  return turn->baseline != NULL;
}

/* ---- what cannot be settled ---- */
static void add_option(AskResult *asked, const SemanticQuery *query, gboolean baseline, const char *name, const Model *model) {
  AskOption *option = g_new0(AskOption, 1);
  option->query = semantic_query_copy(query);
  DataRef *ref = baseline ? &option->query->compare.data : &option->query->data;
  data_ref_clear(ref);
  if (name != NULL) *ref = (DataRef){.kind = DATA_SNAPSHOT, .name = g_strdup(name)};
  option->label = restate_data(ref, model);
  g_ptr_array_add(asked->options, option);
}

static void ask_which(const Turn *turn, AskResult *asked, const SemanticQuery *query, gboolean baseline, const SettledState *state) {
  const DataRef *said = baseline ? &query->compare.data : &query->data;
  g_autofree char *words = said->name != NULL && *said->name == '\0' ? g_strdup("the snapshot") : restate_data(said, turn->model);
  asked->status = ASK_CLARIFY;
  g_free(asked->clarify_question);
  asked->clarify_question = state->outcome == STATE_NEAR ? g_strdup_printf("There is no %s. Did you mean this one?", words + strlen("the "))
                                                         : g_strdup_printf("Which snapshot is meant by %s?", words);
  g_clear_pointer(&asked->options, g_ptr_array_unref);
  asked->options = g_ptr_array_new_with_free_func(ask_option_clear);
  for (guint i = 0; i < state->fits->len; i++) add_option(asked, query, baseline, g_ptr_array_index(state->fits, i), turn->model);
  if (state->fits->len == 1) add_option(asked, query, baseline, NULL, turn->model);
}

/* "There is no snapshot of 3 November 2026 ..." */
static char *why_no_state(const char *missing, const char *list, const SettledState *state) {
  const char *gone = state->outcome == STATE_SETTLED ? ": no table was there yet, or vacuum took what it was made of" : "";
  if (*list != '\0') return g_strdup_printf("There is no %s%s. There are these snapshots: %s.", missing, gone, list);
  return g_strdup_printf("There is no %s%s. No snapshot was kept under a name yet: aisle snapshot NAME keeps one.", missing, gone);
}

static void refuse_state(const Turn *turn, AskResult *asked, const DataRef *said, const SettledState *state) {
  g_autofree char *words = restate_data(said, turn->model), *list = snapshots_list(turn->known_snapshots);
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < turn->known_snapshots->len; i++)
    g_ptr_array_add(names, g_strdup(((const SnapshotName *)g_ptr_array_index(turn->known_snapshots, i))->name));
  g_ptr_array_add(names, NULL);
  asked->status = ASK_REFUSED;
  asked->reason_code = g_strdup("no_such_snapshot");
  asked->missing = g_strdup(words + (g_str_has_prefix(words, "the ") ? strlen("the ") : 0));
  asked->closest = (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
  asked->reason_text = why_no_state(asked->missing, list, state);
}

/* The answer that says why not. */
static json_t *cannot_settle(Turn *turn, AskResult *asked, const SemanticQuery *query, gboolean baseline, const SettledState *state) {
  g_autoptr(AskResult) own = asked == NULL ? g_new0(AskResult, 1) : NULL;
  AskResult *result = asked != NULL ? asked : own;
  if (state->outcome == STATE_UNKNOWN || state->outcome == STATE_SETTLED)
    refuse_state(turn, result, baseline ? &query->compare.data : &query->data, state);
  else ask_which(turn, result, query, baseline, state);
  return turn_build_unanswered(turn, result);
}

/* ---- settling ---- */
static void note_state(Turn *turn, const DataRef *said, const SettledState *state) {
  if (state->ref.kind == DATA_NOW) return;
  g_autofree char *words = restate_data(&state->ref, turn->model), *wanted = restate_data(said, turn->model);
  g_autofree char *day = day_range_describe((Day)(state->taken_ms / 86400000), (Day)(state->taken_ms / 86400000) + 1, &turn->model->calendar);
  if (state->instead) turn_caveat(turn, "data_state", "%s was not kept; these are the tables as they stood at the end of %s (UTC)", wanted, day);
  else if (state->ref.kind == DATA_SNAPSHOT) turn_caveat(turn, "data_state", "%s was kept on %s; later loads are not in it", words, day);
  else turn_caveat(turn, "data_state", "tables as they stood at the end of %s (UTC); later loads are not in it", day);
}

/* Tables are younger than the time, or vacuum took what it needs. */
static gboolean is_gone(const GError *problem) { return g_error_matches(problem, AISLE_ERROR, AISLE_ERROR_NOT_FOUND); }

json_t *turn_settle_data(Turn *turn, const SemanticQuery *query, AskResult *asked, SemanticQuery **settled, GError **error) {
  *settled = semantic_query_copy(query);
  gboolean compares = query->compare.kind == COMPARE_SNAPSHOTS;
  if (query->data.kind == DATA_NOW && !compares) return NULL;
  if (!read_snapshots(turn, error)) return NULL;
  for (int baseline = 0; baseline <= compares; baseline++) {
    const DataRef *said = baseline ? &query->compare.data : &query->data;
    g_auto(SettledState) state = {0};
    settle(turn, said, &state);
    if (state.outcome != STATE_SETTLED) return cannot_settle(turn, asked, query, baseline, &state);
    g_autoptr(GError) problem = NULL;
    if (!(baseline ? take_baseline(turn, &state.ref, &problem) : take_state(turn, &state.ref, &problem))) {
      if (is_gone(problem)) return cannot_settle(turn, asked, query, baseline, &state);
      g_propagate_error(error, g_steal_pointer(&problem));
      return NULL;
    }
    note_state(turn, said, &state);
    DataRef *target = baseline ? &(*settled)->compare.data : &(*settled)->data;
    data_ref_clear(target);
    *target = data_ref_copy(&state.ref);
  }
  return NULL;
}

/* ---- questions ---- */
static gboolean says_snapshot(const char *text) {
  g_autofree char *folded = text != NULL ? text_fold(text) : NULL;
  return folded != NULL && strstr(folded, "snapshot") != NULL;
}

/* Whether the tables know snapshots of their own: of stock, of prices. */
static gboolean has_own_snapshots(const Model *model) {
  for (guint d = 0; d < model->datasets->len; d++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, d);
    if (says_snapshot(dataset->label) || says_snapshot(dataset->name)) return TRUE;
    for (guint f = 0; f < dataset->fields->len; f++)
      if (says_snapshot(((const Field *)g_ptr_array_index(dataset->fields, f))->label)) return TRUE;
  }
  return FALSE;
}

DataPhrase *turn_read_data_phrase(Turn *turn, GError **error) {
  const char *question = turn->request->question;
  if (!data_phrase_possible(question) || strlen(question) > 2000 || !g_utf8_validate(question, -1, NULL) || !read_snapshots(turn, error)) return NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < turn->known_snapshots->len; i++) g_ptr_array_add(names, ((const SnapshotName *)g_ptr_array_index(turn->known_snapshots, i))->name);
  ResolveContext context = settling_context(turn);
  return data_phrase_find(question, names, context.as_of, &context.calendar, has_own_snapshots(turn->model));
}

/* The words are read with the names of the data that they are about. Where that cannot be opened, running says why. */
void turn_read_over(Turn *turn, const DataRef *said) {
  g_autoptr(GError) problem = NULL;
  if (said->kind == DATA_NOW || !read_snapshots(turn, &problem)) return;
  g_auto(SettledState) state = {0};
  settle(turn, said, &state);
  if (state.outcome == STATE_SETTLED && !take_state(turn, &state.ref, &problem)) g_clear_error(&problem);
}

/* Of two states the later one is told, and held against the earlier. */
static void put_later_first(const Turn *turn, SemanticQuery *query) {
  g_auto(SettledState) data = {0}, baseline = {0};
  settle(turn, &query->data, &data);
  settle(turn, &query->compare.data, &baseline);
  if (data.outcome != STATE_SETTLED || baseline.outcome != STATE_SETTLED || baseline.taken_ms <= data.taken_ms) return;
  DataRef later = query->compare.data;
  query->compare.data = query->data;
  query->data = later;
}

/* A name is written as the snapshot's own. */
static DataRef named_ref(const Turn *turn, const DataRef *said) {
  if (said->kind != DATA_SNAPSHOT) return data_ref_copy(said);
  g_auto(SettledState) state = {0};
  settle(turn, said, &state);
  return data_ref_copy(state.outcome == STATE_SETTLED ? &state.ref : said);
}

void turn_apply_data_phrase(const Turn *turn, const DataPhrase *phrase, SemanticQuery *query) {
  if (phrase->names_data) { /* else a conversation goes on over the data it was about */
    data_ref_clear(&query->data);
    query->data = named_ref(turn, &phrase->data);
  }
  if (!phrase->compares) {
    if (query->compare.kind == COMPARE_SNAPSHOTS) query->compare.kind = COMPARE_NONE;
    data_ref_clear(&query->compare.data);
    return;
  }
  query->compare.kind = COMPARE_SNAPSHOTS;
  query->compare.toward = phrase->toward;
  query->compare.show = COMPARE_SHOW_ALL;
  query->compare.baseline = time_range_all();
  data_ref_clear(&query->compare.data);
  query->compare.data = named_ref(turn, &phrase->baseline);
  put_later_first(turn, query);
  if (query->measures->len == 0 && query->detail->len == 0 && turn->model->default_metric != NULL)
    g_ptr_array_add(query->measures, measure_new_metric(turn->model->default_metric));
  if (!phrase->ranks || query->measures->len == 0 || query->dimensions->len == 0) return;
  Order order = {.index = 0, .on = phrase->relative ? ON_GROWTH : ON_CHANGE, .descending = phrase->toward != TOWARD_FALL, .absolute = phrase->toward == TOWARD_NONE};
  g_array_set_size(query->order, 0);
  g_array_append_val(query->order, order);
}

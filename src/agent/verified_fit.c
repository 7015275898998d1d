/*
 * Whether a question is a verified one. Both are cut into words; what rules know as a value or a time stands as a slot.
 * Words must be the same, in their order, but for fillers and plurals; slots may differ where the verified query has
 * exactly one place for what stood in them.
 */
#include <string.h>

#include "agent/verified.h"
#include "agent/words.h"

/* Words that ask, and change nothing of what is asked. */
static const char *const FILLERS[] = {"please", "show", "me", "us", "the", "a", "an", "what", "is", "was", "are", "were", "give", "tell",
                                      "can", "could", "you", "i", "want", "would", "like", "to", "see", "know"};
#define WORD_EDGES ",;:.?!\"'()"

static gboolean is_filler(const char *word) {
  for (guint i = 0; i < G_N_ELEMENTS(FILLERS); i++)
    if (strcmp(word, FILLERS[i]) == 0) return TRUE;
  return FALSE;
}

/* Plain plurals only: a stem would make "returning" the same as "returns". */
static void drop_plural(char *word) {
  gsize length = strlen(word);
  if (length > 3 && word[length - 1] == 's' && word[length - 2] != 's' && g_ascii_isalpha(word[length - 2])) word[length - 1] = '\0';
}

static void append_words(GPtrArray *words, const char *text, gsize length) {
  g_autofree char *piece = g_strndup(text, length), *folded = text_fold(piece);
  g_auto(GStrv) parts = g_strsplit_set(folded, " ", -1);
  for (char **part = parts; *part != NULL; part++) {
    char *word = *part;
    while (*word != '\0' && strchr(WORD_EDGES, *word) != NULL) word++;
    for (gsize end = strlen(word); end > 0 && strchr(WORD_EDGES, word[end - 1]) != NULL; end--) word[end - 1] = '\0';
    if (*word == '\0' || is_filler(word)) continue;
    drop_plural(word);
    g_ptr_array_add(words, g_strdup(word));
  }
}

char *verified_words(const char *question) {
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  append_words(words, question, strlen(question));
  g_ptr_array_add(words, NULL);
  return g_strjoinv(" ", (char **)words->pdata);
}

/* ---- slots ---- */

typedef struct {
  GPtrArray *words;  /* of char*; a slot stands as "{value}" or "{time}", which no question has after folding: braces are no words */
  GPtrArray *values; /* of char*: what stood in them */
  GPtrArray *times;
} Cut;

static void cut_clear(Cut *cut) {
  g_ptr_array_unref(cut->words);
  g_ptr_array_unref(cut->values);
  g_ptr_array_unref(cut->times);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cut, cut_clear)

static gboolean is_blank(const char *text, gsize length) {
  for (gsize i = 0; i < length; i++)
    if (text[i] != ' ') return FALSE;
  return TRUE;
}

/* "in March" and "last month" are said alike. */
static void drop_word_before_time(GPtrArray *words) {
  static const char *const before_times[] = {"in", "during", "for"};
  const char *last = words->len > 0 ? g_ptr_array_index(words, words->len - 1) : "";
  for (guint i = 0; i < G_N_ELEMENTS(before_times); i++)
    if (strcmp(last, before_times[i]) == 0) {
      g_ptr_array_set_size(words, (gint)words->len - 1);
      return;
    }
}

/* `understood`: what rules made of the question's words, from left to right. */
static void cut_question(const char *question, const json_t *understood, Cut *out) {
  *out = (Cut){g_ptr_array_new_with_free_func(g_free), g_ptr_array_new_with_free_func(g_free), g_ptr_array_new_with_free_func(g_free)};
  gsize at = 0, length = strlen(question), time_end = 0;
  for (gsize i = 0; i < json_array_size(understood); i++) {
    const json_t *word = json_array_get(understood, i);
    const char *kind = json_get_string(word, "kind");
    gboolean is_time = g_strcmp0(kind, "time") == 0, is_value = g_strcmp0(kind, "value") == 0;
    gsize start = (gsize)json_get_int(word, "start", 0), size = (gsize)json_get_int(word, "length", 0);
    if ((!is_time && !is_value) || start < at || size == 0 || size > length || start > length - size) continue;
    append_words(out->words, question + at, start - at);
    GPtrArray *slots = is_time ? out->times : out->values;
    if (is_time && time_end > 0 && is_blank(question + time_end, start - time_end)) { /* "March" "2024" are one time */
      char *before = g_ptr_array_steal_index(slots, slots->len - 1);
      g_ptr_array_add(slots, g_strdup_printf("%s %.*s", before, (int)size, question + start));
      g_free(before);
    } else {
      if (is_time) drop_word_before_time(out->words);
      g_ptr_array_add(slots, g_strndup(question + start, size));
      g_ptr_array_add(out->words, g_strdup(is_time ? "{time}" : "{value}"));
    }
    at = start + size;
    if (is_time) time_end = at;
  }
  append_words(out->words, question + at, length - at);
}

static gboolean same_words(const GPtrArray *left, const GPtrArray *right) {
  if (left->len != right->len) return FALSE;
  for (guint i = 0; i < left->len; i++)
    if (strcmp(g_ptr_array_index(left, i), g_ptr_array_index(right, i)) != 0) return FALSE;
  return TRUE;
}

static gboolean same_folded(const char *a, const char *b) {
  g_autofree char *left = text_fold(a), *right = text_fold(b);
  return strcmp(left, right) == 0;
}

/* ---- values ---- */

typedef struct {
  AgentRun *run;
  Model *model;
  ValueIndex *values;
} Values;

static void values_clear(Values *values) {
  g_clear_pointer(&values->model, model_unref);
  g_clear_pointer(&values->values, value_index_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Values, values_clear)

static gboolean values_init(Values *values, AgentRun *run) {
  AnswerService *answers = agent_service_answers(run->service);
  *values = (Values){run, NULL, NULL};
  return answer_service_visible(answers, run->request->ask.scope, &values->model, &values->values, NULL);
}

/* What the text is called in this field; NULL: nothing is, or several things are. (transfer full) */
static char *value_in_field(const Values *values, const char *text, const char *field_name) {
  g_autoptr(GPtrArray) hits = value_index_find(values->values, text);
  char *found = NULL;
  for (guint i = 0; i < hits->len; i++) {
    const ValueHit *hit = g_ptr_array_index(hits, i);
    g_autofree char *name = g_strconcat(hit->field->dataset, ".", hit->field->name, NULL);
    if (strcmp(name, field_name) != 0 || hit->match > VALUE_MATCH_FOLDED || g_strcmp0(found, hit->value) == 0) continue;
    if (found != NULL) {
      g_free(found);
      return NULL;
    }
    found = g_strdup(hit->value);
  }
  return found;
}

/* Takes `before` out of the one filter that has it, and puts `now` in. FALSE: there is no such place, or more than one. */
static gboolean put_value(const Values *values, json_t *query, const char *before, const char *now) {
  json_t *filters = json_object_get(query, "filters"), *place = NULL;
  gsize place_at = 0, places = 0;
  g_autofree char *value = NULL;
  for (gsize i = 0; i < json_array_size(filters); i++) {
    const json_t *filter = json_array_get(filters, i);
    const char *field = json_get_string(filter, "field");
    json_t *list = json_object_get(filter, "values");
    g_autofree char *was = field != NULL ? value_in_field(values, before, field) : NULL;
    for (gsize j = 0; was != NULL && j < json_array_size(list); j++) {
      if (g_strcmp0(json_string_value(json_array_get(list, j)), was) != 0) continue;
      places++;
      place = list;
      place_at = j;
      g_free(value);
      value = value_in_field(values, now, field);
    }
  }
  if (places != 1 || value == NULL) return FALSE;
  json_array_set_new(place, place_at, json_string(value));
  return TRUE;
}

static gboolean put_values(const Values *values, json_t *query, const Cut *was, const Cut *is) {
  if (was->values->len != is->values->len) return FALSE;
  for (guint i = 0; i < is->values->len; i++) {
    const char *before = g_ptr_array_index(was->values, i), *now = g_ptr_array_index(is->values, i);
    if (same_folded(before, now)) continue;
    /* "North but not South" must not become "South but not South": a value that stands elsewhere already is not put in. */
    for (guint j = 0; j < was->values->len; j++)
      if (same_folded(g_ptr_array_index(was->values, j), now)) return FALSE;
    if (!put_value(values, query, before, now)) return FALSE;
  }
  return TRUE;
}

/* ---- times ---- */

/* What rules make of a time beside the query's first metric; NULL. (transfer full) */
static json_t *read_time(AgentRun *run, const json_t *query, const char *text) {
  g_autoptr(Model) model = answer_service_model_ref(agent_service_answers(run->service));
  const json_t *first = json_array_get(json_object_get(query, "metrics"), 0);
  const char *name = json_is_string(first) ? json_string_value(first) : json_get_string(first, "metric");
  const Metric *metric = name != NULL ? model_find_metric(model, name) : NULL;
  if (metric == NULL) return NULL;
  g_autofree char *question = g_strdup_printf("%s %s", metric->label, text);
  g_autoptr(json_t) read = run_ask(run, question, FALSE, TRUE);
  return json_incref(json_object_get(json_object_get(read, "query"), "time"));
}

/* The time of the question takes the place of the verified one's, which must be the query's own time. */
static gboolean put_times(AgentRun *run, json_t *query, const Cut *was, const Cut *is) {
  if (was->times->len != is->times->len) return FALSE;
  gboolean same = TRUE;
  for (guint i = 0; i < is->times->len; i++) same = same && same_folded(g_ptr_array_index(was->times, i), g_ptr_array_index(is->times, i));
  if (same) return TRUE;
  if (is->times->len != 1) return FALSE;
  g_autoptr(json_t) before = read_time(run, query, g_ptr_array_index(was->times, 0)), now = read_time(run, query, g_ptr_array_index(is->times, 0));
  if (before == NULL || now == NULL || !json_equal(before, json_object_get(query, "time")) || json_object_get(query, "compare") != NULL) return FALSE;
  json_object_set(query, "time", now);
  return TRUE;
}

/* ---- all of it ---- */

/* Values of text fields must be there for this caller; numbers and dates are any. */
static gboolean values_are_there(const Values *values, const json_t *filters) {
  for (gsize i = 0; i < json_array_size(filters); i++) {
    const json_t *filter = json_array_get(filters, i), *list = json_object_get(filter, "values");
    const char *op = json_get_string(filter, "op"), *name = json_get_string(filter, "field");
    const Field *field = name != NULL ? model_find_field(values->model, name) : NULL;
    if (field == NULL || field->type != FIELD_TEXT || (op != NULL && strcmp(op, "=") != 0 && strcmp(op, "!=") != 0)) continue;
    if (value_index_distinct(values->values, field) < 0) continue; /* too many to be kept */
    for (gsize j = 0; j < json_array_size(list); j++) {
      const char *value = json_string_value(json_array_get(list, j));
      g_autofree char *found = value != NULL ? value_in_field(values, value, name) : NULL;
      if (found == NULL) return FALSE;
    }
  }
  return TRUE;
}

gboolean verified_holds(AgentRun *run, const json_t *query) {
  g_auto(Values) values = {0};
  if (!values_init(&values, run) || !values_are_there(&values, json_object_get(query, "filters"))) return FALSE;
  AnswerRequest request = run->request->ask;
  request.question = request.after = request.session = request.id = NULL;
  request.query = query;
  request.sink = NULL;
  request.understand_only = request.unlogged = TRUE;
  g_autoptr(json_t) understood = answer_ask(agent_service_answers(run->service), &request);
  return json_is_object(json_object_get(understood, "resolved"));
}

json_t *verified_fit(AgentRun *run, const VerifiedQuestion *verified, const char *question, const json_t *asked) {
  g_autoptr(json_t) query = json_deep_copy(verified->query);
  g_autofree char *words = verified_words(question), *own = verified_words(verified->question);
  if (strcmp(words, own) != 0) {
    g_autoptr(json_t) read = run_ask(run, verified->question, FALSE, TRUE);
    g_auto(Cut) was = {0}, is = {0};
    g_auto(Values) values = {0};
    cut_question(verified->question, json_object_get(read, "understood"), &was);
    cut_question(question, json_object_get(asked, "understood"), &is);
    if (!same_words(was.words, is.words) || !values_init(&values, run) || !put_values(&values, query, &was, &is) || !put_times(run, query, &was, &is))
      return NULL;
  }
  return verified_holds(run, query) ? g_steal_pointer(&query) : NULL;
}

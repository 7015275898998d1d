#include "answer/result_cache.h"

#include "ask/data_phrase.h"
#include <sodium.h>
#include <string.h>

/* Fields of an answer that belong to the request, in the order they are looked for. */
typedef enum { SLOT_NONE, SLOT_ID, SLOT_QUESTION, SLOT_ROUTE, SLOT_TIMING } Slot;
#define MAX_PIECES 8
/* Enough that nobody finds two questions with one key. */
#define QUESTION_KEY_BYTES 32

/* Text up to a slot, then the slot. */
typedef struct {
  char *text;
  gsize length;
  Slot slot;
} Piece;

typedef struct {
  Piece pieces[MAX_PIECES];
  guint n_pieces;
  gsize length;
  char *status, *query, *options, *sources, *as_of, *restatement;
  gint64 rows;
} KeptAnswer;

/* ---- keys ---- */

/* Each part with its length before it: "a" + "bc" is not "ab" + "c". */
static void add_part(GString *parts, const char *part) {
  guint64 length = part != NULL ? strlen(part) : G_MAXUINT64;
  g_string_append_len(parts, (const char *)&length, sizeof length);
  if (part != NULL) g_string_append_len(parts, part, (gssize)length);
}

static void add_number(GString *parts, gint64 number) {
  g_string_append_len(parts, (const char *)&number, sizeof number);
}

static GString *begin_key(const AnswerData *data, const char *kind, const AccessScope *scope) {
  GString *parts = g_string_sized_new(512);
  g_autofree char *scope_key = access_scope_key(scope);
  add_part(parts, RESULT_CACHE_FORMAT);
  add_part(parts, kind);
  add_part(parts, scope_key);
  add_part(parts, answer_data_snapshot(data)->id);
  add_part(parts, answer_data_model(data)->hash);
  return parts;
}

/* BLAKE2b: this key is made for every request. Takes the parts. */
static char *end_quick_key(GString *parts) {
  guint8 hash[QUESTION_KEY_BYTES];
  crypto_generichash(hash, sizeof hash, (const guint8 *)parts->str, parts->len, NULL, 0);
  g_string_free(parts, TRUE);
  char *key = g_malloc(2 * sizeof hash + 1);
  sodium_bin2hex(key, 2 * sizeof hash + 1, hash, sizeof hash);
  return key;
}

char *question_key(AnswerService *service, const AnswerRequest *request) {
  /* Reading a parent may wait, and a conversation seldom asks the same twice. */
  if (request->question == NULL || request->after != NULL || request->session != NULL || !data_choice_is_none(&request->data)) return NULL;
  /* Which snapshots there are is no part of the key. */
  if (data_phrase_possible(request->question)) return NULL;
  g_autoptr(AnswerData) data = answer_service_data(service, NULL, NULL);
  GString *parts = begin_key(data, "question", request->scope);
  add_part(parts, request->question);
  /* Without an as_of of its own a question may mean another day tomorrow. */
  add_number(parts, request->as_of != DAY_NONE ? request->as_of : day_today());
  add_number(parts, request->as_of != DAY_NONE);
  add_number(parts, (gint64)request->max_rows);
  add_number(parts, (request->understand_only ? 1 : 0) | (request->explain ? 2 : 0));
  return end_quick_key(parts);
}

/* Whether the test holds for the groups as it does for their rows: customers by customer, of those worth more than 1000. */
static gboolean tests_the_groups(const AnswerData *data, const SemanticQuery *query, const Filter *filter) {
  if (filter->kind != FILTER_ENTITY || filter->negated || filter->top != 0 || !filter->within || filter->entity == NULL || filter->measure == NULL) return FALSE;
  if (filter->measure->kind != MEASURE_METRIC || filter->measure->filters->len > 0 || filter->measure->time.kind != TIME_ALL) return FALSE;
  if (filter->op < OP_LESS || filter->op > OP_GREATER_EQUAL || filter->values->len != 1 || query->measures->len != 1 || query->dimensions->len != 1) return FALSE;
  const Measure *measure = g_ptr_array_index(query->measures, 0);
  if (measure->kind != MEASURE_METRIC || g_strcmp0(measure->metric, filter->measure->metric) != 0 || measure->filters->len > 0 || measure->time.kind != TIME_ALL) return FALSE;
  const Dimension *dimension = g_ptr_array_index(query->dimensions, 0);
  const Entity *entity = model_find_entity(answer_data_model(data), filter->entity);
  const Field *key = entity != NULL && entity->key != NULL ? model_find_field(answer_data_model(data), entity->key) : NULL;
  const Field *grouped = dimension->kind == DIMENSION_FIELD ? model_find_field(answer_data_model(data), dimension->field) : NULL;
  if (key == NULL || grouped != key) return FALSE;
  gboolean plain = query->compare.kind == COMPARE_NONE && query->window == WINDOW_NONE && query->share == SHARE_NONE && query->cohort == COHORT_NONE &&
                   query->analysis == ANALYSIS_NONE && query->detail->len == 0 && query->missing_rows == MISSING_OMIT;
  for (guint i = 0; plain && i < query->filters->len; i++) {
    const Filter *other = g_ptr_array_index(query->filters, i);
    plain = other == filter || other->kind == FILTER_FIELD;
  }
  return plain;
}

/* "customers who spent more than 1000" as "customers with revenue over 1000": the same rows, said in two ways. NULL: it is no such query. */
static SemanticQuery *with_tested_groups(const AnswerData *data, const SemanticQuery *query) {
  for (guint i = 0; i < query->filters->len; i++) {
    const Filter *filter = g_ptr_array_index(query->filters, i);
    if (!tests_the_groups(data, query, filter)) continue;
    SemanticQuery *copy = semantic_query_copy(query);
    Having having = {.measure = 0, .on = ON_VALUE, .op = filter->op, .value = g_ascii_strtod(g_ptr_array_index(filter->values, 0), NULL)};
    g_array_append_val(copy->having, having);
    g_ptr_array_remove_index(copy->filters, i);
    return copy;
  }
  return NULL;
}

char *meaning_key(const AnswerData *data, const LakeSnapshot *baseline, const AccessScope *scope, const SemanticQuery *resolved, gsize max_rows,
                  gboolean estimated) {
  g_autoptr(GString) parts = begin_key(data, "meaning", scope);
  g_autoptr(SemanticQuery) tested = with_tested_groups(data, resolved);
  g_autofree char *canonical = semantic_query_canonical(tested != NULL ? tested : resolved);
  add_part(parts, canonical);
  add_part(parts, baseline != NULL ? baseline->id : NULL);
  add_number(parts, (gint64)max_rows);
  add_number(parts, estimated); /* a rollup that is filled later may be exact */
  return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guint8 *)parts->str, parts->len);
}

/* ---- answers ---- */

static void kept_answer_free(gpointer data) {
  KeptAnswer *kept = data;
  for (guint i = 0; i < kept->n_pieces; i++) g_free(kept->pieces[i].text);
  g_free(kept->status);
  g_free(kept->query);
  g_free(kept->options);
  g_free(kept->sources);
  g_free(kept->as_of);
  g_free(kept->restatement);
  g_free(kept);
}

static Slot slot_of(const char *key) {
  static const struct {
    const char *key;
    Slot slot;
  } slots[] = {{"id", SLOT_ID}, {"question", SLOT_QUESTION}, {"route", SLOT_ROUTE}, {"timing_ms", SLOT_TIMING}};
  for (guint i = 0; i < G_N_ELEMENTS(slots); i++) {
    if (strcmp(slots[i].key, key) == 0) return slots[i].slot;
  }
  return SLOT_NONE;
}

static void end_piece(KeptAnswer *kept, GString *text, Slot slot) {
  Piece *piece = &kept->pieces[kept->n_pieces++];
  *piece = (Piece){g_strndup(text->str, text->len), text->len, slot};
  kept->length += text->len;
  g_string_truncate(text, 0);
}

static void cut_answer(KeptAnswer *kept, const json_t *answer) {
  g_autoptr(GString) text = g_string_new("{");
  const char *key;
  json_t *value;
  gboolean first = TRUE;
  json_object_foreach((json_t *)answer, key, value) {
    if (!first) g_string_append_c(text, ',');
    first = FALSE;
    json_append_string(text, key, -1);
    g_string_append_c(text, ':');
    Slot slot = slot_of(key);
    if (slot != SLOT_NONE) end_piece(kept, text, slot);
    else json_append(text, value, JSON_PLAIN);
  }
  g_string_append_c(text, '}');
  end_piece(kept, text, SLOT_NONE);
}

static char *text_of(const json_t *value) {
  return value != NULL && !json_is_null(value) ? json_to_text(value, JSON_PLAIN) : NULL;
}

GBytes *kept_answer_new(const json_t *answer) {
  const char *status = json_get_string(answer, "status");
  if (g_strcmp0(status, "failed") == 0) return NULL;
  KeptAnswer *kept = g_new0(KeptAnswer, 1);
  cut_answer(kept, answer);
  kept->status = g_strdup(status);
  kept->query = text_of(json_object_get(answer, "query"));
  kept->options = text_of(json_object_get(json_object_get(answer, "clarify"), "options"));
  kept->sources = text_of(json_object_get(answer, "sources"));
  kept->as_of = g_strdup(json_get_string(answer, "as_of"));
  kept->restatement = g_strdup(json_get_string(answer, "restatement"));
  kept->rows = json_get_int(answer, "row_count", 0);
  gsize size = sizeof *kept + kept->length + (kept->query != NULL ? strlen(kept->query) : 0) +
               (kept->options != NULL ? strlen(kept->options) : 0) + (kept->sources != NULL ? strlen(kept->sources) : 0);
  /* The size only tells the cache what an entry weighs; nobody reads the bytes as such. */
  return g_bytes_new_with_free_func(kept, size, kept_answer_free, kept);
}

static const KeptAnswer *kept_answer_of(GBytes *kept) {
  return g_bytes_get_data(kept, NULL);
}

static void append_slot(GString *text, Slot slot, const char *id, const char *question, gint64 took_us) {
  switch (slot) {
  case SLOT_ID: json_append_string(text, id, -1); break;
  case SLOT_QUESTION: json_append_string(text, question, -1); break;
  case SLOT_ROUTE: g_string_append(text, "\"exact_cache\""); break;
  case SLOT_TIMING:
    g_string_append(text, "{\"understand\":0,\"engine\":0,\"total\":");
    g_string_append_printf(text, "%" G_GINT64_FORMAT ".%03d}", took_us / 1000, (int)(took_us % 1000));
    break;
  case SLOT_NONE: break;
  }
}

GBytes *kept_answer_text(GBytes *kept, const char *id, const char *question, gint64 took_us) {
  const KeptAnswer *answer = kept_answer_of(kept);
  GString *text = g_string_sized_new(answer->length + strlen(question) + 192);
  for (guint i = 0; i < answer->n_pieces; i++) {
    g_string_append_len(text, answer->pieces[i].text, (gssize)answer->pieces[i].length);
    append_slot(text, answer->pieces[i].slot, id, question, took_us);
  }
  return g_string_free_to_bytes(text);
}

void kept_answer_record(GBytes *kept, StoreAnswer *out) {
  const KeptAnswer *answer = kept_answer_of(kept);
  out->status = answer->status;
  out->query_json = answer->query;
  out->options_json = answer->options;
  out->versions_json = answer->sources;
  out->as_of = answer->as_of;
  out->restatement = answer->restatement;
  out->rows = answer->rows;
  out->shared = kept;
}

/* ---- results ---- */

GBytes *kept_result_new(ResultTable *table) {
  gsize size = sizeof *table + table->cells->len * sizeof(Value) + table->columns->len * 64;
  for (guint i = 0; i < table->cells->len; i++) {
    const Value *value = &g_array_index(table->cells, Value, i);
    if (value->text != NULL) size += strlen(value->text) + 1;
  }
  return g_bytes_new_with_free_func(table, size, (GDestroyNotify)result_table_free, table);
}

const ResultTable *kept_result_table(GBytes *kept) {
  return g_bytes_get_data(kept, NULL);
}

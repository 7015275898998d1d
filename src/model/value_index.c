#include "model/value_index.h"

#include <string.h>

#include "lake/registry.h"
#include "model/relation.h"

/* Fields with more distinct values than this are not listed (free text); keys of entities may have more. */
#define VALUE_INDEX_MAX_DISTINCT 200000
#define VALUE_INDEX_MAX_LENGTH 200
/* Abbreviations and typos are only read for fields with few values: with many, anything abbreviates something. */
#define VALUE_INDEX_SMALL_FIELD 300

typedef struct {
  const Field *field;
  char *value;
  char *folded; /* words separated by one space */
  gint64 rows;
} IndexedValue;

struct ValueIndex {
  gint reference_count;
  Model *model;
  GPtrArray *values;       /* of IndexedValue* */
  GHashTable *by_phrase;   /* folded -> GPtrArray of IndexedValue* */
  GHashTable *by_stem;     /* stemmed phrase -> GPtrArray */
  GHashTable *by_field;    /* Field* -> GPtrArray, most rows first */
  GHashTable *by_code;     /* folded code label -> GPtrArray of IndexedValue* */
  GHashTable *date_ranges; /* Field* -> DateRange* */
  GHashTable *row_counts;  /* dataset name -> gint64* */
  GHashTable *starts;      /* stem of a phrase's first word -> words in the longest phrase that begins so */
};

static void indexed_value_free(gpointer pointer) {
  IndexedValue *value = pointer;
  g_free(value->value);
  g_free(value->folded);
  g_free(value);
}

/* Folded text with everything but letters and digits turned into single spaces; apostrophes vanish. */
static char *phrase_of(const char *text) {
  g_autofree char *folded = text_fold(text);
  GString *out = g_string_new(NULL);
  for (const char *at = folded; *at; at = g_utf8_next_char(at)) {
    gunichar c = g_utf8_get_char(at);
    if (c == '\'' || c == 0x2019) continue;
    if (g_unichar_isalnum(c))
      g_string_append_unichar(out, c);
    else if (out->len > 0 && out->str[out->len - 1] != ' ')
      g_string_append_c(out, ' ');
  }
  while (out->len > 0 && out->str[out->len - 1] == ' ') g_string_truncate(out, out->len - 1);
  return g_string_free(out, FALSE);
}

static char *stem_phrase(const char *phrase) {
  g_auto(GStrv) words = g_strsplit(phrase, " ", -1);
  for (char **word = words; *word; word++) {
    char *stem = text_stem(*word);
    g_free(*word);
    *word = stem;
  }
  return g_strjoinv(" ", words);
}

static void add_to_list(GHashTable *table, const char *key, IndexedValue *value) {
  GPtrArray *list = g_hash_table_lookup(table, key);
  if (list == NULL) {
    list = g_ptr_array_new();
    g_hash_table_insert(table, g_strdup(key), list);
  }
  for (guint i = 0; i < list->len; i++)
    if (g_ptr_array_index(list, i) == value) return;
  g_ptr_array_add(list, value);
}

static guint count_words(const char *phrase) {
  guint words = *phrase ? 1 : 0;
  for (; *phrase; phrase++) words += *phrase == ' ';
  return words;
}

/* `stems`: a phrase of stemmed words. */
static void note_start(ValueIndex *index, const char *stems) {
  g_autofree char *first = g_strndup(stems, strcspn(stems, " "));
  guint known = GPOINTER_TO_UINT(g_hash_table_lookup(index->starts, first)), words = count_words(stems);
  if (words > known) g_hash_table_insert(index->starts, g_steal_pointer(&first), GUINT_TO_POINTER(words));
}

/* Yes and no as the data says them. */
static const char *shown_value(const Field *field, const char *stored) {
  gboolean yes = FALSE;
  const char *word = field_read_flag(field, stored, &yes) ? field_flag_word(field, yes) : NULL;
  return word != NULL ? word : stored;
}

static void index_value(ValueIndex *index, const Field *field, const char *text, gint64 rows) {
  if (strlen(text) > VALUE_INDEX_MAX_LENGTH) return;
  IndexedValue *value = g_new0(IndexedValue, 1);
  value->field = field;
  value->value = g_strdup(text);
  value->folded = phrase_of(text);
  value->rows = rows;
  g_ptr_array_add(index->values, value);
  GPtrArray *of_field = g_hash_table_lookup(index->by_field, field);
  g_ptr_array_add(of_field, value);
  if (*value->folded) {
    add_to_list(index->by_phrase, value->folded, value);
    g_autofree char *stems = stem_phrase(value->folded);
    add_to_list(index->by_stem, stems, value);
    note_start(index, stems);
  }
  for (guint i = 0; i < field->codes->len; i++) {
    const CodedValue *coded = g_ptr_array_index(field->codes, i);
    if (g_strcmp0(shown_value(field, coded->code), text) != 0) continue;
    for (char **label = coded->labels; *label; label++) {
      g_autofree char *phrase = phrase_of(*label);
      add_to_list(index->by_code, phrase, value);
      g_autofree char *stems = stem_phrase(phrase);
      add_to_list(index->by_code, stems, value);
      note_start(index, stems);
    }
  }
}

static gboolean is_listed(const Field *field) {
  if (field->type != FIELD_TEXT && field->type != FIELD_BOOLEAN && field->type != FIELD_INTEGER) return FALSE;
  if (field->role == FIELD_ROLE_DETAIL || field->role == FIELD_ROLE_MEASURE || field->role == FIELD_ROLE_TIME) return FALSE;
  return field->distinct_count < 0 || field->distinct_count <= VALUE_INDEX_MAX_DISTINCT;
}

static gboolean index_field(ValueIndex *index, Engine *engine, const Field *field, const char *relation, Deadline deadline,
                            GError **error) {
  g_autofree char *column = text_sql_identifier(field->name);
  g_autofree char *sql = g_strdup_printf(
      "WITH visible AS (%s) SELECT CAST(%s AS VARCHAR) AS value, count(*) AS row_count FROM visible WHERE %s IS NOT NULL "
      "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %d",
      relation, column, column, VALUE_INDEX_MAX_DISTINCT);
  g_autoptr(ResultTable) result = engine_query(engine, sql, NULL, 0, deadline, error);
  if (result == NULL) return FALSE;
  g_hash_table_insert(index->by_field, (gpointer)field, g_ptr_array_new());
  for (gsize row = 0; row < result->n_rows; row++)
    index_value(index, field, shown_value(field, result_table_at(result, row, 0)->text), result_table_at(result, row, 1)->integer);
  return TRUE;
}

static Day value_day(const Value *value) {
  if (value->type == VALUE_DATE) return (Day)value->integer;
  if (value->type != VALUE_TIMESTAMP) return DAY_NONE;
  gint64 day_us = G_GINT64_CONSTANT(86400000000);
  gint64 day = value->integer / day_us;
  return (Day)(value->integer < 0 && value->integer % day_us != 0 ? day - 1 : day);
}

/* Row count and date ranges of a dataset in one scan. */
static gboolean index_ranges(ValueIndex *index, Engine *engine, const Dataset *dataset, const char *relation, Deadline deadline,
                             GError **error) {
  g_autoptr(GString) sql = g_string_new(NULL);
  g_string_append_printf(sql, "WITH visible AS (%s) SELECT count(*)", relation);
  g_autoptr(GPtrArray) dated = g_ptr_array_new();
  for (guint i = 0; i < dataset->fields->len; i++) {
    Field *field = g_ptr_array_index(dataset->fields, i);
    if (field->type != FIELD_DATE && field->type != FIELD_TIMESTAMP) continue;
    g_autofree char *column = text_sql_identifier(field->name);
    g_string_append_printf(sql, ", min(%s), max(%s)", column, column);
    g_ptr_array_add(dated, field);
  }
  g_string_append(sql, " FROM visible");
  g_autoptr(ResultTable) result = engine_query(engine, sql->str, NULL, 0, deadline, error);
  if (result == NULL) return FALSE;
  gint64 *count = g_new(gint64, 1);
  *count = result_table_at(result, 0, 0)->integer;
  g_hash_table_insert(index->row_counts, g_strdup(dataset->name), count);
  for (guint i = 0; i < dated->len; i++) {
    DateRange *range = g_new0(DateRange, 1);
    range->first = value_day(result_table_at(result, 0, 1 + 2 * i));
    range->last = value_day(result_table_at(result, 0, 2 + 2 * i));
    range->known = range->first != DAY_NONE;
    g_hash_table_insert(index->date_ranges, g_ptr_array_index(dated, i), range);
  }
  return TRUE;
}

static GHashTable *list_table(void) {
  return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
}

static ValueIndex *value_index_new(Model *model) {
  ValueIndex *index = g_new0(ValueIndex, 1);
  index->reference_count = 1;
  index->model = model_ref(model);
  index->values = g_ptr_array_new_with_free_func(indexed_value_free);
  index->by_phrase = list_table();
  index->by_stem = list_table();
  index->by_code = list_table();
  index->starts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  index->by_field = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
  index->date_ranges = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  index->row_counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return index;
}

static gboolean index_dataset(ValueIndex *index, Engine *engine, Model *model, const Dataset *dataset, const AccessScope *scope, Deadline deadline,
                              GError **error) {
  g_autofree char *relation = relation_sql(model, dataset, scope, error);
  if (relation == NULL || !index_ranges(index, engine, dataset, relation, deadline, error)) return FALSE;
  for (guint f = 0; f < dataset->fields->len; f++) {
    const Field *field = g_ptr_array_index(dataset->fields, f);
    if (!is_listed(field) || !relation_field_visible(model, field, scope)) continue;
    if (!index_field(index, engine, field, relation, deadline, error)) return FALSE;
  }
  return TRUE;
}

ValueIndex *value_index_build(Engine *engine, Model *model, const AccessScope *scope, Deadline deadline, GError **error) {
  g_autoptr(ValueIndex) index = value_index_new(model);
  for (guint d = 0; d < model->datasets->len; d++) {
    g_autoptr(GError) failing = NULL;
    if (index_dataset(index, engine, model, g_ptr_array_index(model->datasets, d), scope, deadline, &failing)) continue;
    /* A table that lies elsewhere and is away fails where it is asked; the others can still be. */
    if (external_is_away(failing)) continue;
    g_propagate_error(error, g_steal_pointer(&failing));
    return NULL;
  }
  return g_steal_pointer(&index);
}

ValueIndex *value_index_ref(ValueIndex *index) {
  g_atomic_int_inc(&index->reference_count);
  return index;
}

void value_index_unref(ValueIndex *index) {
  if (index == NULL || !g_atomic_int_dec_and_test(&index->reference_count)) return;
  g_hash_table_unref(index->by_phrase);
  g_hash_table_unref(index->by_stem);
  g_hash_table_unref(index->by_code);
  g_hash_table_unref(index->starts);
  g_hash_table_unref(index->by_field);
  g_hash_table_unref(index->date_ranges);
  g_hash_table_unref(index->row_counts);
  g_ptr_array_unref(index->values);
  model_unref(index->model);
  g_free(index);
}

static void add_hit(GPtrArray *hits, const IndexedValue *value, ValueMatch match) {
  for (guint i = 0; i < hits->len; i++) {
    const ValueHit *hit = g_ptr_array_index(hits, i);
    if (hit->value == value->value) return;
  }
  ValueHit *hit = g_new0(ValueHit, 1);
  *hit = (ValueHit){value->field, value->value, value->folded, value->rows, match};
  g_ptr_array_add(hits, hit);
}

static void add_hits(GPtrArray *hits, GHashTable *table, const char *key, ValueMatch match) {
  GPtrArray *list = g_hash_table_lookup(table, key);
  for (guint i = 0; list != NULL && i < list->len; i++) add_hit(hits, g_ptr_array_index(list, i), match);
}

/*
 * How well a short capital word abbreviates a value: 4 initials of its words, 3 its first letters, 2 first and last
 * letter, 1 letters in order; 0 not at all.
 */
static int abbreviation_grade(const char *abbreviation, const char *folded) {
  g_auto(GStrv) words = g_strsplit(folded, " ", -1);
  gsize n_words = g_strv_length(words), length = strlen(abbreviation);
  if (n_words == length && n_words > 1) {
    gsize same = 0;
    while (same < length && words[same][0] == abbreviation[same]) same++;
    if (same == length) return 4;
  }
  if (n_words != 1 || length != 2 || strlen(folded) < 4) return 0;
  if (g_str_has_prefix(folded, abbreviation)) return 3;
  if (folded[0] != abbreviation[0]) return 0;
  if (folded[strlen(folded) - 1] == abbreviation[1]) return 2;
  return strchr(folded + 1, abbreviation[1]) != NULL ? 1 : 0;
}

/* Two to four capitals: the one value (of a field with few values) that they abbreviate best. */
static void add_abbreviated(const ValueIndex *index, const char *phrase, GPtrArray *hits) {
  gsize length = strlen(phrase);
  if (length < 2 || length > 4) return;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isupper(phrase[i])) return;
  g_autofree char *lower = g_ascii_strdown(phrase, -1);
  int best_grade = 0;
  guint best_size = G_MAXUINT; /* of two fields, the one with fewer values */
  g_autoptr(GPtrArray) best = g_ptr_array_new();
  for (guint i = 0; i < index->values->len; i++) {
    IndexedValue *value = g_ptr_array_index(index->values, i);
    GPtrArray *of_field = g_hash_table_lookup(index->by_field, value->field);
    if (of_field->len > VALUE_INDEX_SMALL_FIELD || value->field->type != FIELD_TEXT ||
        value->field->role != FIELD_ROLE_DIMENSION)
      continue;
    int grade = abbreviation_grade(lower, value->folded);
    if (grade == 0 || grade < best_grade || (grade == best_grade && of_field->len > best_size)) continue;
    if (grade > best_grade || of_field->len < best_size) g_ptr_array_set_size(best, 0);
    best_grade = grade;
    best_size = of_field->len;
    g_ptr_array_add(best, value);
  }
  if (best->len > 3) return;
  for (guint i = 0; i < best->len; i++) add_hit(hits, g_ptr_array_index(best, i), VALUE_MATCH_ABBREVIATION);
}

GPtrArray *value_index_find(const ValueIndex *index, const char *phrase) {
  GPtrArray *hits = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *folded = phrase_of(phrase);
  if (!*folded) return hits;
  GPtrArray *list = g_hash_table_lookup(index->by_phrase, folded);
  for (guint i = 0; list != NULL && i < list->len; i++) {
    const IndexedValue *value = g_ptr_array_index(list, i);
    add_hit(hits, value, strcmp(value->value, phrase) == 0 ? VALUE_MATCH_EXACT : VALUE_MATCH_FOLDED);
  }
  if (hits->len > 0) return hits;
  add_hits(hits, index->by_code, folded, VALUE_MATCH_CODE);
  g_autofree char *stems = stem_phrase(folded);
  if (hits->len == 0) add_hits(hits, index->by_code, stems, VALUE_MATCH_CODE);
  if (hits->len == 0) add_hits(hits, index->by_stem, stems, VALUE_MATCH_INFLECTED);
  if (hits->len == 0) add_abbreviated(index, phrase, hits);
  return hits;
}

/* Smaller is nearer; 0 means not near. */
static int nearness(const char *phrase, gsize length, const IndexedValue *value) {
  const char *folded = value->folded;
  if (g_str_has_prefix(folded, phrase) && (folded[length] == ' ' || length >= 4)) return 2;
  if (length >= 4) {
    const char *inside = strstr(folded, phrase);
    if (inside != NULL && (inside == folded || inside[-1] == ' ')) return 3;
    gboolean has_digit = FALSE;
    for (const char *at = phrase; *at; at++) has_digit = has_digit || g_ascii_isdigit(*at);
    int limit = has_digit ? 0 : length >= 8 ? 2 : 1;
    if (limit > 0 && labs((long)strlen(folded) - (long)length) <= limit && text_distance(phrase, folded, limit) <= limit)
      return 1;
  }
  return 0;
}

typedef struct {
  int rank;
  const IndexedValue *value;
} NearValue;

static int compare_near(gconstpointer a, gconstpointer b) {
  const NearValue *left = a, *right = b;
  if (left->rank != right->rank) return left->rank - right->rank;
  if (left->value->rows != right->value->rows) return left->value->rows > right->value->rows ? -1 : 1;
  return strcmp(left->value->value, right->value->value);
}

GPtrArray *value_index_near(const ValueIndex *index, const char *phrase, guint limit) {
  GPtrArray *hits = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *folded = phrase_of(phrase);
  gsize length = strlen(folded);
  if (length < 3) return hits;
  g_autoptr(GArray) near = g_array_new(FALSE, FALSE, sizeof(NearValue));
  for (guint i = 0; i < index->values->len; i++) {
    const IndexedValue *value = g_ptr_array_index(index->values, i);
    NearValue candidate = {nearness(folded, length, value), value};
    if (candidate.rank > 0) g_array_append_val(near, candidate);
  }
  g_array_sort(near, compare_near);
  for (guint i = 0; i < near->len && hits->len < limit; i++) {
    const NearValue *candidate = &g_array_index(near, NearValue, i);
    add_hit(hits, candidate->value, candidate->rank == 1 ? VALUE_MATCH_TYPO : VALUE_MATCH_PREFIX);
  }
  return hits;
}

GPtrArray *value_index_of_field(const ValueIndex *index, const Field *field, const char *contains, guint limit) {
  GPtrArray *hits = g_ptr_array_new_with_free_func(g_free);
  GPtrArray *list = g_hash_table_lookup(index->by_field, field);
  g_autofree char *folded = phrase_of(contains != NULL ? contains : "");
  for (guint i = 0; list != NULL && i < list->len && hits->len < limit; i++) {
    const IndexedValue *value = g_ptr_array_index(list, i);
    if (!*folded || strstr(value->folded, folded) != NULL)
      add_hit(hits, value, g_str_has_prefix(value->folded, folded) ? VALUE_MATCH_PREFIX : VALUE_MATCH_FOLDED);
  }
  return hits;
}

guint value_index_longest_from(const ValueIndex *index, const char *stem) {
  return GPOINTER_TO_UINT(g_hash_table_lookup(index->starts, stem));
}

DateRange value_index_date_range(const ValueIndex *index, const Field *field) {
  const DateRange *range = field != NULL ? g_hash_table_lookup(index->date_ranges, field) : NULL;
  return range != NULL ? *range : (DateRange){DAY_NONE, DAY_NONE, FALSE};
}

gint64 value_index_distinct(const ValueIndex *index, const Field *field) {
  GPtrArray *list = g_hash_table_lookup(index->by_field, field);
  return list != NULL ? (gint64)list->len : -1;
}

gint64 value_index_rows(const ValueIndex *index, const char *dataset) {
  const gint64 *count = g_hash_table_lookup(index->row_counts, dataset);
  return count != NULL ? *count : 0;
}

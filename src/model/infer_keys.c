/* What identifies a row. Single columns first, then combinations that mean something: order and line, day and store. */
#include "model/infer.h"
#include "model/infer_private.h"
#include <string.h>

#define MOST_COMBINATIONS 40
#define MOST_KEY_PARTS 4
#define MOST_CANDIDATES 64
#define FIRST_LOOK_ROWS 200000
#define LEAST_ESTIMATE 0.96 /* of the rows: an estimate of distinct values below it is no key */

/* Estimated distinct counts decide nothing: a column that looks unique is counted exactly. */
static gboolean verify_unique(Inference *inference, InferTable *table, InferColumn *column, GError **error) {
  const ColumnProfile *profile = column->profile;
  if (table->profile->rows <= PROFILE_EXACT_ROWS || profile->filled != table->profile->rows ||
      (column->field->role != FIELD_ROLE_IDENTIFIER && !infer_is_concept(column, "line_id")) ||
      (double)profile->distinct < (double)profile->filled * LEAST_ESTIMATE)
    return TRUE;
  /* Repeats usually stand close together: the first rows often show that it is none, for little. */
  g_autofree char *first = g_strdup_printf("SELECT (count(*) - count(DISTINCT v))::DOUBLE FROM (SELECT %s AS v FROM %s LIMIT %d)",
                                           profile->sql, table->profile->relation, FIRST_LOOK_ROWS);
  g_autofree char *sql = g_strdup_printf("SELECT count(DISTINCT %s)::DOUBLE FROM %s", profile->sql, table->profile->relation);
  double repeats = 0, distinct = 0;
  column->is_key = FALSE;
  if (!profile_number(inference->engine, first, inference->deadline, &repeats, error))
    return FALSE;
  if (repeats > 0)
    return TRUE;
  if (!profile_number(inference->engine, sql, inference->deadline, &distinct, error))
    return FALSE;
  column->is_key = (gint64)distinct == table->profile->rows;
  column->field->distinct_count = (gint64)distinct;
  return TRUE;
}

static int key_rank(const InferColumn *column) {
  const Field *field = column->field;
  if (!column->is_key || field->role == FIELD_ROLE_MEASURE || field->personal != NULL)
    return 0;
  if (column->concept != NULL && column->concept->kind == CONCEPT_IDENTIFIER)
    return column->concept->entity != NULL ? 5 : 4;
  if (field->role == FIELD_ROLE_IDENTIFIER)
    return 3;
  if (field->role == FIELD_ROLE_TIME && field->type == FIELD_DATE)
    return 2;
  return field->role == FIELD_ROLE_DIMENSION ? 1 : 0;
}

static gboolean choose_single_key(Inference *inference, InferTable *table, GError **error) {
  for (guint i = 0; i < table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    if (!verify_unique(inference, table, column, error))
      return FALSE;
    if (key_rank(column) > (table->key != NULL ? key_rank(table->key) : 0))
      table->key = column;
  }
  if (table->key == NULL)
    return TRUE;
  model_add_word(&table->dataset->primary_key, table->key->field->name);
  infer_note_column(inference, table->key, "different on every row: the key of the table");
  return TRUE;
}

typedef struct {
  InferColumn *column;
  int rank;
} KeyPart;

/* 0: no part of a key; lower numbers are tried first. */
static int part_rank(const InferTable *table, const InferColumn *column, gboolean has_order) {
  if (column->profile->filled != table->profile->rows || column->profile->distinct < 2 ||
      !g_str_equal(column->field->expression, column->field->name))
    return 0;
  if (infer_is_concept(column, "order_id"))
    return 1;
  if (column->is_period)
    return 2;
  if (column->field->role == FIELD_ROLE_TIME && g_strcmp0(table->dataset->default_date, column->field->name) == 0)
    return 2;
  if (infer_is_concept(column, "line_id") || (column->concept != NULL && column->concept->kind == CONCEPT_IDENTIFIER))
    return 3;
  if (column->field->role == FIELD_ROLE_IDENTIFIER)
    return 4;
  if (column->field->role == FIELD_ROLE_DETAIL && infer_has_word(column, "hour")) /* visits of each hour */
    return 4;
  return column->field->role == FIELD_ROLE_DIMENSION && !has_order ? 5 : 0;
}

static gboolean is_unique_together(Inference *inference, const InferTable *table, GPtrArray *parts, gboolean *unique,
                                   GError **error) {
  double possible = 1;
  g_autoptr(GString) list = g_string_new(NULL);
  for (guint i = 0; i < parts->len; i++) {
    const InferColumn *part = g_ptr_array_index(parts, i);
    possible *= (double)part->profile->distinct;
    g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", part->profile->sql);
  }
  *unique = FALSE;
  if (possible < (double)table->profile->rows)
    return TRUE;
  g_autofree char *sql = g_strdup_printf("SELECT count(*)::DOUBLE FROM (SELECT DISTINCT %s FROM %s)", list->str,
                                         table->profile->relation);
  double distinct = 0;
  if (!profile_number(inference->engine, sql, inference->deadline, &distinct, error))
    return FALSE;
  *unique = (gint64)distinct == table->profile->rows;
  return TRUE;
}

static int compare_parts(gconstpointer a, gconstpointer b) { return ((const KeyPart *)a)->rank - ((const KeyPart *)b)->rank; }

/* Best first, equal ones in the table's order. Of a wide table the best few: combinations of all are never tried. (transfer full) */
static GArray *key_parts(const InferTable *table) {
  GArray *parts = g_array_new(FALSE, FALSE, sizeof(KeyPart));
  gboolean has_order = infer_find_concept(table, "order_id") != NULL;
  for (guint i = 0; i < table->columns->len; i++) {
    KeyPart part = {.column = g_ptr_array_index(table->columns, i)};
    part.rank = part_rank(table, part.column, has_order);
    if (part.rank > 0)
      g_array_append_val(parts, part);
  }
  g_array_sort(parts, compare_parts);
  g_array_set_size(parts, MIN(parts->len, MOST_CANDIDATES));
  return parts;
}

static gboolean try_combinations(Inference *inference, InferTable *table, const GArray *candidates, GPtrArray *chosen, guint from,
                                 guint size, int *left, gboolean *found, GError **error) {
  if (chosen->len == size) {
    *left -= 1;
    return is_unique_together(inference, table, chosen, found, error);
  }
  /* The first part is an order or a day: without one, unique together is mere chance. */
  for (guint i = from; i < candidates->len && *left > 0; i++) {
    const KeyPart *candidate = &g_array_index(candidates, KeyPart, i);
    if (chosen->len == 0 && candidate->rank > 2)
      return TRUE;
    g_ptr_array_add(chosen, candidate->column);
    if (!try_combinations(inference, table, candidates, chosen, i + 1, size, left, found, error))
      return FALSE;
    if (*found)
      return TRUE;
    g_ptr_array_set_size(chosen, (int)chosen->len - 1);
  }
  return TRUE;
}

static gboolean choose_key_combination(Inference *inference, InferTable *table, GError **error) {
  if (table->key != NULL || table->profile->rows > PROFILE_EXACT_ROWS || table->profile->rows < 2)
    return TRUE;
  g_autoptr(GArray) candidates = key_parts(table);
  int left = MOST_COMBINATIONS;
  for (guint size = 2; size <= MOST_KEY_PARTS && size <= candidates->len; size++) {
    g_autoptr(GPtrArray) chosen = g_ptr_array_new();
    gboolean found = FALSE;
    if (!try_combinations(inference, table, candidates, chosen, 0, size, &left, &found, error))
      return FALSE;
    if (!found)
      continue;
    for (guint i = 0; i < chosen->len; i++)
      model_add_word(&table->dataset->primary_key, ((InferColumn *)g_ptr_array_index(chosen, i))->field->name);
    infer_note_table(inference, table, "%u columns together are different on every row", size);
    return TRUE;
  }
  return TRUE;
}

gboolean infer_keys(Inference *inference, GError **error) {
  for (guint i = 0; i < inference->tables->len; i++) {
    InferTable *table = g_ptr_array_index(inference->tables, i);
    if (!choose_single_key(inference, table, error) || !choose_key_combination(inference, table, error))
      return FALSE;
  }
  if (!infer_joins(inference, error))
    return FALSE;
  infer_facts(inference);
  return TRUE;
}

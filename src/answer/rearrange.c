#include "answer/rearrange.h"

#include <string.h>

#define DIMENSIONS_MAX 3

/* ---- whether only the presentation differs ---- */

/* Whether its values sort by what is shown of them. */
static gboolean sorts_as_shown(const Dimension *dimension) {
  switch (dimension->kind) {
  case DIMENSION_FIELD:
  case DIMENSION_TIME:
  case DIMENSION_FIRST_TIME: return TRUE;
  case DIMENSION_CYCLIC: return dimension->cyclic == CYCLIC_HOUR_OF_DAY || dimension->cyclic == CYCLIC_DAY_OF_MONTH;
  default: return FALSE;
  }
}

static gboolean order_is_presentation(const SemanticQuery *query) {
  guint count = query->dimensions->len;
  gboolean plain = count >= 2 && count <= DIMENSIONS_MAX && query->limit == 0 && query->offset == 0 && query->order->len == 0 && query->window == WINDOW_NONE &&
                   query->share != SHARE_WITHIN && query->compare.kind == COMPARE_NONE && query->cohort == COHORT_NONE && query->analysis == ANALYSIS_NONE &&
                   query->detail->len == 0;
  for (guint i = 0; plain && i < query->having->len; i++) plain = g_array_index(query->having, Having, i).on == ON_VALUE;
  return plain;
}

/* ---- the table ---- */

typedef struct {
  const ResultTable *table;
  const guint *from;
  guint count;
} Sorting;

static int compare_values(const Value *a, const Value *b) {
  if (a->type == VALUE_NULL || b->type == VALUE_NULL) return (a->type == VALUE_NULL) - (b->type == VALUE_NULL); /* the engine's: last */
  if (a->type == VALUE_TEXT) return strcmp(a->text, b->text);
  if (a->type == VALUE_DOUBLE || a->type == VALUE_DECIMAL) return (a->number > b->number) - (a->number < b->number);
  return (a->integer > b->integer) - (a->integer < b->integer);
}

static int compare_rows(gconstpointer left, gconstpointer right, gpointer data) {
  const Sorting *sorting = data;
  guint a = *(const guint *)left, b = *(const guint *)right;
  for (guint i = 0; i < sorting->count; i++) {
    int order = 0;
    const Value *one = result_table_at(sorting->table, a, sorting->from[i]), *other = result_table_at(sorting->table, b, sorting->from[i]);
    if (sorting->from[i] > 0) order = compare_values(one, other);
    else if (compare_values(one, other) != 0) order = a < b ? -1 : 1; /* rows of the kept table stand in the order of its first column */
    if (order != 0) return order;
  }
  return a < b ? -1 : a > b;
}

static void copy_cells(ResultTable *to, const ResultTable *table, guint row, const guint *from, guint count) {
  for (guint column = 0; column < result_table_n_columns(table); column++) {
    Value cell = *result_table_at(table, row, column < count ? from[column] : column);
    if (cell.text != NULL) cell.text = g_string_chunk_insert(to->strings, cell.text);
    g_array_append_val(to->cells, cell);
  }
}

ResultTable *result_rearranged(const ResultTable *table, const guint *from, guint count) {
  Sorting sorting = {.table = table, .from = from, .count = count};
  g_autofree guint *rows = g_new(guint, MAX(table->n_rows, 1));
  for (guint i = 0; i < table->n_rows; i++) rows[i] = i;
  g_qsort_with_data(rows, (gint)table->n_rows, sizeof *rows, compare_rows, &sorting);
  ResultTable *arranged = result_table_new();
  for (guint i = 0; i < result_table_n_columns(table); i++) {
    const ResultColumn *column = g_ptr_array_index(table->columns, i < count ? from[i] : i);
    result_table_add_column(arranged, column->name, column->type, column->sql_type);
  }
  for (guint i = 0; i < table->n_rows; i++) copy_cells(arranged, table, rows[i], from, count);
  arranged->n_rows = table->n_rows;
  return arranged;
}

/* ---- looking for one ---- */

/* `from[i]`: where dimension i of `resolved` stands in the query that is looked for. */
static GBytes *kept_as(Cache *cache, const AnswerData *data, const AccessScope *scope, const SemanticQuery *resolved, gsize max_rows, gboolean estimated,
                       const guint *from) {
  guint count = resolved->dimensions->len;
  g_autoptr(SemanticQuery) other = semantic_query_copy(resolved);
  for (guint i = 0; i < count; i++) {
    const Dimension *dimension = g_ptr_array_index(resolved->dimensions, i);
    if (from[i] > 0 && !sorts_as_shown(dimension)) return NULL;
    dimension_free(g_ptr_array_index(other->dimensions, from[i]));
    other->dimensions->pdata[from[i]] = dimension_copy(dimension);
  }
  g_autofree char *key = meaning_key(data, NULL, scope, other, max_rows, estimated);
  g_autoptr(GBytes) kept = cache_get(cache, key);
  if (kept == NULL || kept_result_table(kept)->truncated || result_table_n_columns(kept_result_table(kept)) < count) return NULL;
  return kept_result_new(result_rearranged(kept_result_table(kept), from, count));
}

GBytes *rearranged_result(Cache *cache, const AnswerData *data, const AccessScope *scope, const SemanticQuery *resolved, gsize max_rows, gboolean estimated) {
  static const guint PAIR[][DIMENSIONS_MAX] = {{1, 0, 2}};
  static const guint TRIPLE[][DIMENSIONS_MAX] = {{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  if (!order_is_presentation(resolved)) return NULL;
  gboolean pair = resolved->dimensions->len == 2;
  for (guint i = 0; i < (pair ? G_N_ELEMENTS(PAIR) : G_N_ELEMENTS(TRIPLE)); i++) {
    GBytes *kept = kept_as(cache, data, scope, resolved, max_rows, estimated, pair ? PAIR[i] : TRIPLE[i]);
    if (kept != NULL) return kept;
  }
  return NULL;
}

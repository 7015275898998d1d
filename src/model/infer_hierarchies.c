/*
 * Hierarchies: every value of the finer column belongs to exactly one of the coarser. Counted exactly; a single exception
 * makes it no hierarchy, for then a roll-up would be ambiguous.
 */
#include "model/infer.h"
#include <string.h>

#define MOST_LEVELS 14         /* columns of one table that are compared with each other */
#define LEAST_ROWS_PER_VALUE 3 /* fewer rows per value of the finer column: chance */
#define MOST_VALUES 20000
#define FIRST_LOOK_ROWS 50000

typedef struct {
  GPtrArray *columns; /* of InferColumn*, few values first */
  gboolean *finer;    /* [fine * n + coarse] */
} Levels;

/* In a table of things each row is one value of its key, so the rows per value say nothing there. */
static gboolean is_level(const InferTable *table, const InferColumn *column) {
  const ColumnProfile *profile = column->profile;
  const Field *field = column->field;
  gboolean grouped = field->role == FIELD_ROLE_DIMENSION ||
                     (field->role == FIELD_ROLE_IDENTIFIER && field->entity == NULL && infer_is_concept(column, "product_id"));
  gboolean customer = column->concept != NULL && g_strcmp0(column->concept->entity, "customer") == 0;
  gboolean flag = column->field->codes->len > 0 || field->type == FIELD_BOOLEAN;
  gboolean frequent = !table->dataset->is_fact || profile->distinct * LEAST_ROWS_PER_VALUE <= table->profile->rows;
  return grouped && !customer && !flag && field->personal == NULL && profile->distinct >= 2 && profile->distinct <= MOST_VALUES &&
         frequent && !profile->column->is_path && g_str_equal(field->expression, field->name);
}

static int compare_distinct(gconstpointer a, gconstpointer b) {
  const InferColumn *left = *(InferColumn *const *)a, *right = *(InferColumn *const *)b;
  return (left->profile->distinct > right->profile->distinct) - (left->profile->distinct < right->profile->distinct);
}

static gboolean counts_agree(Inference *inference, const InferTable *table, const InferColumn *fine, const InferColumn *coarse,
                             const char *limit, gboolean *agree, GError **error) {
  g_autofree char *sql = g_strdup_printf(
      "SELECT count(*)::DOUBLE, count(DISTINCT f)::DOUBLE FROM (SELECT DISTINCT f, c FROM (SELECT %s AS f, %s AS c FROM %s%s) "
      "WHERE f IS NOT NULL)",
      fine->profile->sql, coarse->profile->sql, table->profile->relation, limit);
  double counts[2] = {0, 0};
  if (!profile_numbers(inference->engine, sql, inference->deadline, counts, 2, error))
    return FALSE;
  *agree = counts[0] == counts[1] && counts[0] > 1;
  return TRUE;
}

static gboolean determines(Inference *inference, const InferTable *table, const InferColumn *fine, const InferColumn *coarse,
                           gboolean *agree, GError **error) {
  g_autofree char *limit = g_strdup_printf(" LIMIT %d", FIRST_LOOK_ROWS);
  if (table->profile->rows > FIRST_LOOK_ROWS &&
      (!counts_agree(inference, table, fine, coarse, limit, agree, error) || !*agree))
    return !*agree;
  return counts_agree(inference, table, fine, coarse, "", agree, error);
}

static gboolean find_dependencies(Inference *inference, const InferTable *table, Levels *levels, GError **error) {
  guint n = levels->columns->len;
  for (guint coarse = 0; coarse < n; coarse++)
    for (guint fine = coarse + 1; fine < n; fine++) {
      InferColumn *c = g_ptr_array_index(levels->columns, coarse), *f = g_ptr_array_index(levels->columns, fine);
      if (f->profile->distinct <= c->profile->distinct || c->profile->nulls > 0)
        continue;
      g_autoptr(GError) problem = NULL;
      if (!determines(inference, table, f, c, &levels->finer[fine * n + coarse], &problem) && problem != NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
      }
    }
  return TRUE;
}

/* The longest chain that begins at the coarse level `at`; `chain` receives the levels. */
static guint longest_chain(const Levels *levels, guint at, GArray *chain) {
  guint n = levels->columns->len, best = 0;
  g_autoptr(GArray) tail = g_array_new(FALSE, FALSE, sizeof(guint));
  for (guint fine = at + 1; fine < n; fine++) {
    if (!levels->finer[fine * n + at])
      continue;
    g_autoptr(GArray) candidate = g_array_new(FALSE, FALSE, sizeof(guint));
    guint length = longest_chain(levels, fine, candidate);
    if (length > best) {
      best = length;
      g_array_set_size(tail, 0);
      g_array_append_vals(tail, candidate->data, candidate->len);
    }
  }
  g_array_append_val(chain, at);
  g_array_append_vals(chain, tail->data, tail->len);
  return best + 1;
}

static void add_chain(Inference *inference, const InferTable *table, const Levels *levels, const GArray *chain) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  g_autoptr(GString) shown = g_string_new(NULL);
  for (guint i = 0; i < chain->len; i++) {
    const InferColumn *column = g_ptr_array_index(levels->columns, g_array_index(chain, guint, i));
    g_ptr_array_add(names, column->field->name);
    g_string_append_printf(shown, "%s%s", i > 0 ? " > " : "", column->field->label);
  }
  const char *coarsest = g_ptr_array_index(names, 0), *finest = g_ptr_array_index(names, names->len - 1);
  g_autofree char *name = g_strdup_printf("%s_%s_to_%s", table->dataset->name, coarsest, finest);
  g_ptr_array_add(names, NULL);
  model_builder_add_hierarchy(inference->builder, name, table->dataset->name, (const char *const *)names->pdata);
  infer_note(inference, name, "every value belongs to one of the level above: %s", shown->str);
}

static gboolean is_part_of(const GArray *chain, const GArray *longer) {
  guint matched = 0;
  for (guint i = 0; i < longer->len && matched < chain->len; i++)
    matched += g_array_index(longer, guint, i) == g_array_index(chain, guint, matched);
  return matched == chain->len;
}

static void add_chains(Inference *inference, const InferTable *table, const Levels *levels) {
  g_autoptr(GPtrArray) added = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  for (guint at = 0; at < levels->columns->len; at++) {
    GArray *chain = g_array_new(FALSE, FALSE, sizeof(guint));
    gboolean useful = longest_chain(levels, at, chain) >= 2;
    for (guint i = 0; i < added->len && useful; i++)
      useful = !is_part_of(chain, g_ptr_array_index(added, i));
    if (useful)
      add_chain(inference, table, levels, chain);
    g_ptr_array_add(added, chain);
  }
}

static gboolean table_hierarchies(Inference *inference, InferTable *table, GError **error) {
  g_autoptr(GPtrArray) columns = g_ptr_array_new();
  for (guint i = 0; i < table->columns->len; i++)
    if (is_level(table, g_ptr_array_index(table->columns, i)))
      g_ptr_array_add(columns, g_ptr_array_index(table->columns, i));
  g_ptr_array_sort(columns, compare_distinct);
  if (columns->len > MOST_LEVELS)
    g_ptr_array_set_size(columns, MOST_LEVELS);
  if (columns->len < 2)
    return TRUE;
  g_autofree gboolean *finer = g_new0(gboolean, (gsize)columns->len * columns->len);
  Levels levels = {columns, finer};
  if (!find_dependencies(inference, table, &levels, error))
    return FALSE;
  add_chains(inference, table, &levels);
  return TRUE;
}

gboolean infer_hierarchies(Inference *inference, GError **error) {
  for (guint i = 0; i < inference->tables->len; i++)
    if (!table_hierarchies(inference, g_ptr_array_index(inference->tables, i), error))
      return FALSE;
  return TRUE;
}

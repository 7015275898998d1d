/* The stage between blocks and final SELECT: one row per group with values, earlier values, shares and windows. */
#include "query/compiler.h"

#define MAX_BUCKETS 10000 /* of a series whose gaps are filled: 27 years of days, 13 months of hours */

static char *key_name(const Statement *statement, guint index) {
  return sql_name(((const GroupKey *)statement->grouping->keys->pdata[index])->name);
}

static void add_column(GPtrArray *columns, const char *sql, const char *name) {
  g_autofree char *alias = sql_name(name);
  g_ptr_array_add(columns, g_str_equal(sql, alias) ? g_strdup(sql) : g_strdup_printf("%s AS %s", sql, alias));
}

static const Term *first_leaf(const Term *term) {
  return term->kind == TERM_LEAF ? term : first_leaf(term->left);
}

static char *leaf_of_row(const Statement *statement, const Term *term) {
  return term_sql(term, joined_leaf_sql, statement->grouping);
}

/* A bucket before which the data had not begun has no earlier value; one whose group was absent has 0. */
static char *previous_sql(const Statement *statement, const PlannedMeasure *planned) {
  g_autofree char *sql = leaf_of_row(statement, planned->previous);
  if (!statement->by_bucket) return g_steal_pointer(&sql);
  const Block *block = first_leaf(planned->previous)->block;
  g_autofree char *marker = compiler_cte(block->cte), *name = key_name(statement, (guint)statement->series);
  g_autofree char *earliest =
      block->earliest ? g_strdup(block->earliest) : g_strdup_printf("SELECT MIN(%s) FROM %s", name, marker);
  return g_strdup_printf("CASE WHEN %s >= (%s) THEN %s END", (char *)statement->keys->pdata[statement->series],
                         earliest, sql);
}

/* ---- shares ---- */
static char *share_sql(const Statement *statement, const PlannedMeasure *planned) {
  const SemanticQuery *query = statement->query;
  g_autofree char *value = leaf_of_row(statement, planned->value);
  if (planned->has_total) {
    g_autofree char *total = compiler_cte(planned->total), *name = g_strconcat(planned->name, "_total", NULL),
                    *column = sql_name(name);
    return g_strdup_printf(term_is_leaf(planned->value) ? "%s / NULLIF(%s.%s, 0)" : "(%s) / NULLIF(%s.%s, 0)", value,
                           total, column);
  }
  g_autoptr(GPtrArray) within = g_ptr_array_new();
  for (guint i = 0; query->share == SHARE_WITHIN && i < statement->keys->len && (int)i < query->share_dimensions; i++)
    g_ptr_array_add(within, statement->keys->pdata[i]);
  g_autofree char *partition = sql_join(within, ", ");
  return g_strdup_printf(term_is_leaf(planned->value) ? "%s / NULLIF(SUM(%s) OVER (%s%s), 0)"
                                                      : "(%s) / NULLIF(SUM(%s) OVER (%s%s), 0)",
                         value, value, within->len ? "PARTITION BY " : "", partition);
}

/* Joins the totals that shares need and adding up would not give. */
static void join_totals(const Statement *statement, GString *from) {
  guint n_keys = statement->query->share == SHARE_WITHIN ? (guint)statement->query->share_dimensions : 0;
  for (guint i = 0; i < statement->measures->len; i++) {
    const PlannedMeasure *planned = statement->measures->pdata[i];
    if (!planned->has_total) continue;
    g_autofree char *total = compiler_cte(planned->total);
    g_string_append_printf(from, n_keys ? "\nLEFT JOIN %s ON " : "\nCROSS JOIN %s", total);
    for (guint k = 0; k < n_keys && k < statement->keys->len; k++) {
      g_autofree char *name = key_name(statement, k);
      g_string_append_printf(from, "%s%s.%s IS NOT DISTINCT FROM %s", k ? " AND " : "", total, name,
                             (char *)statement->keys->pdata[k]);
    }
  }
}

/* ---- windows ---- */
typedef struct {
  const Grouping *grouping;
  const char *over;
} Accumulation;

static char *accumulated_leaf(const Block *block, const Leaf *leaf, gpointer user_data) {
  const Accumulation *accumulation = user_data;
  g_autofree char *value = joined_leaf_sql(block, leaf, (gpointer)accumulation->grouping);
  const char *function = g_str_has_prefix(leaf->aggregate_sql, "MIN(")   ? "MIN"
                         : g_str_has_prefix(leaf->aggregate_sql, "MAX(") ? "MAX"
                                                                         : "SUM";
  return g_strdup_printf("%s(%s) OVER (%s)", function, value, accumulation->over);
}

/* "PARTITION BY the other dimensions ORDER BY time": without time, largest first. (transfer full) */
static char *window_over(const Statement *statement, const char *value) {
  g_autoptr(GPtrArray) others = g_ptr_array_new();
  for (guint i = 0; i < statement->keys->len; i++)
    if (statement->series >= 0 && (int)i != statement->series) g_ptr_array_add(others, statement->keys->pdata[i]);
  g_autofree char *partition = sql_join(others, ", "), *keys = sql_join(statement->keys, ", ");
  const char *series = statement->series >= 0 ? statement->keys->pdata[statement->series] : NULL;
  g_autofree char *order =
      series ? g_strdup(series) : g_strdup_printf("%s DESC%s%s", value, statement->keys->len ? ", " : "", keys);
  return g_strdup_printf("%s%s%sORDER BY %s ROWS", others->len ? "PARTITION BY " : "", partition,
                         others->len ? " " : "", order);
}

static char *rank_sql(const Statement *statement, const char *value, guint measure) {
  gboolean ascending = FALSE;
  const GArray *orders = statement->query->order;
  for (guint i = 0; i < orders->len; i++) {
    const Order *order = &g_array_index(orders, Order, i);
    if (order->on == ON_VALUE && order->index == (int)measure) ascending = !order->descending;
  }
  g_autoptr(GPtrArray) within = g_ptr_array_new();
  for (guint i = 0; i < statement->keys->len && (int)i < statement->query->limit_within; i++)
    g_ptr_array_add(within, statement->keys->pdata[i]);
  g_autofree char *partition = sql_join(within, ", ");
  return g_strdup_printf("RANK() OVER (%s%s%sORDER BY %s%s)", within->len ? "PARTITION BY " : "", partition,
                         within->len ? " " : "", value, ascending ? "" : " DESC");
}

static char *window_sql(const Statement *statement, const PlannedMeasure *planned, guint measure, GError **error) {
  const SemanticQuery *query = statement->query;
  g_autofree char *value = leaf_of_row(statement, planned->value);
  if (query->window == WINDOW_RANK) return rank_sql(statement, value, measure);
  if (query->window == WINDOW_RUN_RATE) {
    gboolean bounded = query->time.kind == TIME_ABSOLUTE && query->time.from != DAY_NONE && query->time.to > query->time.from;
    if (bounded && (term_is_additive(planned->value) || term_is_leaf(planned->value)))
      return g_strdup_printf("%s * %d.0 / %d", value, query->window_size, (int)(query->time.to - query->time.from));
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" has no run rate: it needs a total and a period with both ends", planned->name);
    return NULL;
  }
  g_autofree char *over = window_over(statement, value);
  gboolean cumulative = query->window == WINDOW_CUMULATIVE;
  g_autofree char *frame =
      cumulative ? g_strdup_printf("%s UNBOUNDED PRECEDING", over)
                 : g_strdup_printf("%s BETWEEN %d PRECEDING AND CURRENT ROW", over, MAX(query->window_size, 1) - 1);
  Accumulation accumulation = {statement->grouping, frame};
  if (term_accumulates(planned->value) && (cumulative || !term_is_additive(planned->value)))
    return term_sql(planned->value, accumulated_leaf, &accumulation);
  if (!cumulative) return g_strdup_printf("AVG(%s) OVER (%s)", value, frame);
  if (planned->running) return term_sql(planned->running, accumulated_leaf, &accumulation);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" cannot be accumulated", planned->name);
  return NULL;
}

/* ---- rows for buckets that have none ---- */
static char *step_sql(TimeUnit unit) {
  int months = time_unit_months(unit);
  if (months) return g_strdup_printf("INTERVAL %d MONTH", months);
  return g_strdup(unit == TIME_UNIT_HOUR   ? "INTERVAL 1 HOUR"
                  : unit == TIME_UNIT_WEEK ? "INTERVAL 7 DAY"
                                           : "INTERVAL 1 DAY");
}

/* Every bucket between the first and the last that `found` has, with every combination of the other keys it has. */
static char *every_bucket(const Statement *statement, const char *found, const GPtrArray *others) {
  const Dimension *series = statement->query->dimensions->pdata[statement->series];
  g_autofree char *name = key_name(statement, (guint)statement->series), *step = step_sql(series->unit);
  g_autofree char *bucket = g_strdup_printf("first_bucket + number * %s", step), *list = sql_join(others, ", ");
  GString *sql = g_string_new(NULL);
  g_string_append_printf(sql, "SELECT CAST(%s AS %s) AS %s%s%s\n", bucket,
                         series->unit == TIME_UNIT_HOUR ? "TIMESTAMP" : "DATE", name, others->len ? ", " : "", list);
  g_string_append_printf(sql, "FROM (SELECT MIN(%s) AS first_bucket, MAX(%s) AS last_bucket FROM %s) AS bounds\n", name,
                         name, found);
  g_string_append_printf(sql, "CROSS JOIN (SELECT unnest(generate_series(0, %d)) AS number) AS steps\n",
                         MAX_BUCKETS - 1);
  if (others->len) g_string_append_printf(sql, "CROSS JOIN (SELECT DISTINCT %s FROM %s) AS others\n", list, found);
  g_string_append_printf(sql, "WHERE %s <= last_bucket", bucket);
  return g_string_free(sql, FALSE);
}

/* The joined row becomes a CTE; every bucket takes its place, with nothing where there was no row. */
static void fill_gaps(Statement *statement) {
  g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) others = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < statement->keys->len; i++) {
    g_autofree char *name = key_name(statement, i);
    add_column(columns, statement->keys->pdata[i], ((const GroupKey *)statement->grouping->keys->pdata[i])->name);
    if ((int)i != statement->series) g_ptr_array_add(others, g_steal_pointer(&name));
  }
  for (guint b = 0; b < statement->grouping->blocks->len; b++) {
    const Block *block = statement->grouping->blocks->pdata[b];
    for (guint i = 0; i < block->leaves->len; i++) {
      const Leaf *leaf = block->leaves->pdata[i];
      g_ptr_array_add(columns, sql_name(leaf->name));
    }
  }
  g_autofree char *list = sql_join(columns, ", ");
  guint found =
      compiler_add_cte(statement->compiler, "found", g_strdup_printf("SELECT %s\nFROM %s", list, statement->from));
  g_autofree char *found_name = compiler_cte(found);
  guint every = compiler_add_cte(statement->compiler, "every_bucket", every_bucket(statement, found_name, others));
  g_autofree char *every_name = compiler_cte(every);
  g_free(statement->from);
  GString *from = g_string_new(NULL);
  g_string_append_printf(from, "%s\nLEFT JOIN %s ON ", every_name, found_name);
  for (guint i = 0; i < statement->keys->len; i++) {
    g_autofree char *key = key_name(statement, i);
    g_string_append_printf(from, "%s%s.%s IS NOT DISTINCT FROM %s.%s", i ? " AND " : "", every_name, key, found_name,
                           key);
    g_free(statement->keys->pdata[i]);
    statement->keys->pdata[i] = g_strdup_printf("%s.%s", every_name, key);
  }
  statement->from = g_string_free(from, FALSE);
  statement->grouping->is_sparse = TRUE;
}

/* ---- the stage ---- */
/* Buckets that only the earlier period has are not of the result: none before the range, none after the last of the
 * data. */
static char *bucket_bounds(const Statement *statement) {
  if (!statement->by_bucket) return g_strdup("");
  const PlannedMeasure *planned = statement->measures->pdata[0];
  const Dimension *series = statement->query->dimensions->pdata[statement->series];
  const TimeRange *time = &statement->query->time;
  g_autofree char *block = compiler_cte(first_leaf(planned->value)->block->cte),
                  *name = key_name(statement, (guint)statement->series);
  const char *key = statement->keys->pdata[statement->series];
  g_autofree char *upper = g_strdup_printf("\nWHERE %s <= (SELECT MAX(%s) FROM %s)", key, name, block);
  if (time->kind != TIME_ABSOLUTE || time->from == DAY_NONE) return g_steal_pointer(&upper);
  TimeUnit unit = series->unit == TIME_UNIT_HOUR ? TIME_UNIT_DAY : series->unit;
  g_autofree char *from = sql_date_value(statement->compiler->pool,
                                         day_unit_start(time->from, unit, &statement->compiler->model->calendar));
  return g_strdup_printf("%s\n  AND %s >= %s", upper, key, from);
}

static gboolean add_measure_columns(Statement *statement, GPtrArray *columns, GError **error) {
  for (guint i = 0; i < statement->measures->len; i++) {
    const PlannedMeasure *planned = statement->measures->pdata[i];
    g_autofree char *value = leaf_of_row(statement, planned->value);
    add_column(columns, value, planned->value_name);
    if (planned->previous) {
      g_autofree char *previous = previous_sql(statement, planned);
      add_column(columns, previous, planned->previous_name);
    }
    if (statement->query->share != SHARE_NONE) {
      g_autofree char *share = share_sql(statement, planned);
      add_column(columns, share, planned->share_name);
    }
    g_autofree char *window = NULL;
    if (statement->query->window != WINDOW_NONE) {
      window = window_sql(statement, planned, i, error);
      if (!window) return FALSE;
      add_column(columns, window, planned->window_name);
    }
  }
  return TRUE;
}

/* Where every column is a leaf of the only block under its own name, the block itself is the stage. */
static gboolean block_is_stage(const Statement *statement) {
  const SemanticQuery *query = statement->query;
  if (statement->grouping->blocks->len != 1 || statement->by_bucket || statement->grouping->is_sparse ||
      query->share != SHARE_NONE || query->window != WINDOW_NONE)
    return FALSE;
  for (guint i = 0; i < statement->measures->len; i++) {
    const PlannedMeasure *planned = statement->measures->pdata[i];
    if (!term_is_leaf(planned->value) || !g_str_equal(planned->value->leaf->name, planned->value_name)) return FALSE;
    if (planned->previous &&
        (!term_is_leaf(planned->previous) || !g_str_equal(planned->previous->leaf->name, planned->previous_name)))
      return FALSE;
  }
  return TRUE;
}

gboolean statement_stage(Statement *statement, GError **error) {
  statement->from = grouping_join(statement->compiler, statement->grouping, statement->keys);
  if (statement->query->missing_rows == MISSING_ZERO && statement->series >= 0 && statement->measures->len)
    fill_gaps(statement);
  if (block_is_stage(statement)) {
    statement->stage = ((const Block *)statement->grouping->blocks->pdata[0])->cte;
    return TRUE;
  }
  g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < statement->keys->len; i++)
    add_column(columns, statement->keys->pdata[i], ((const GroupKey *)statement->grouping->keys->pdata[i])->name);
  if (!add_measure_columns(statement, columns, error)) return FALSE;
  GString *from = g_string_new(statement->from);
  join_totals(statement, from);
  g_autofree char *list = sql_list(columns), *bounds = bucket_bounds(statement);
  const char *name = statement->query->compare.kind != COMPARE_NONE ? "compared" : "results";
  statement->stage =
      compiler_add_cte(statement->compiler, name, g_strdup_printf("SELECT %s\nFROM %s%s", list, from->str, bounds));
  g_string_free(from, TRUE);
  return TRUE;
}

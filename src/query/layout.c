/*
 * Laying a planned statement out as SQL. The plain case is one grouped SELECT. Otherwise the blocks become CTEs, a
 * stage computes one row per group from their join (values, earlier values, shares, windows), and the final SELECT
 * filters, ranks, orders and shows them.
 */
#include "query/compiler.h"

static const GroupKey *key_at(const Statement *statement, guint index) {
  return statement->grouping->keys->pdata[index];
}

static void add_column(GPtrArray *columns, const char *sql, const char *name) {
  g_autofree char *alias = sql_name(name);
  g_ptr_array_add(columns, g_str_equal(sql, alias) ? g_strdup(sql) : g_strdup_printf("%s AS %s", sql, alias));
}

/* ---- a measure's columns, over the stage or (direct) over the rows ---- */
typedef struct {
  const Statement *statement;
  const Block *direct; /* NULL: columns of the stage */
} Reading;

static char *value_sql(const Reading *reading, const PlannedMeasure *planned) {
  return reading->direct ? term_sql(planned->value, block_leaf_sql, NULL) : sql_name(planned->value_name);
}

static gboolean is_date_term(const Term *term) {
  return g_str_equal(term_type(term), "date") || g_str_equal(term_type(term), "timestamp");
}

static char *change_sql(const PlannedMeasure *planned) {
  g_autofree char *value = sql_name(planned->value_name), *previous = sql_name(planned->previous_name);
  return is_date_term(planned->value) ? g_strdup_printf("date_diff('day', %s, %s)", previous, value)
                                      : g_strdup_printf("%s - %s", value, previous);
}

static char *growth_sql(const PlannedMeasure *planned) {
  g_autofree char *value = sql_name(planned->value_name), *previous = sql_name(planned->previous_name);
  return g_strdup_printf("(%s - %s) / NULLIF(%s, 0)", value, previous, previous);
}

static char *on_sql(const Reading *reading, const PlannedMeasure *planned, On on, GError **error) {
  const SemanticQuery *query = reading->statement->query;
  switch (on) {
  case ON_VALUE: return value_sql(reading, planned);
  case ON_PREVIOUS:
  case ON_CHANGE:
  case ON_GROWTH:
    if (planned->previous && !(on == ON_GROWTH && is_date_term(planned->value)))
      return on == ON_PREVIOUS ? sql_name(planned->previous_name)
             : on == ON_CHANGE ? change_sql(planned)
                               : growth_sql(planned);
    break;
  case ON_SHARE:
    if (query->share != SHARE_NONE) return sql_name(planned->share_name);
    break;
  case ON_WINDOW:
    if (query->window != WINDOW_NONE) return sql_name(planned->window_name);
    break;
  default: break;
  }
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" has no such column to order or filter by",
              planned->name);
  return NULL;
}

/* ---- having ---- */
static char *having_sql(const Reading *reading, const Having *having, GError **error) {
  const GPtrArray *measures = reading->statement->measures;
  if (having->measure < 0 || (guint)having->measure >= measures->len) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "there is no measure %d to filter by", having->measure);
    return NULL;
  }
  g_autofree char *sql = on_sql(reading, measures->pdata[having->measure], having->on, error);
  if (!sql) return NULL;
  GPtrArray *pool = reading->statement->compiler->pool;
  gboolean compound = strchr(sql, ' ') != NULL && !g_str_has_prefix(sql, "COALESCE(");
  g_autofree char *left = compound ? g_strdup_printf("(%s)", sql) : g_strdup(sql);
  if (having->op == OP_IS_NULL || having->op == OP_IS_NOT_NULL)
    return g_strdup_printf("%s IS %sNULL", left, having->op == OP_IS_NULL ? "" : "NOT ");
  g_autofree char *value = sql_number_value(pool, having->value);
  if (having->op == OP_BETWEEN) {
    g_autofree char *value_to = sql_number_value(pool, having->value_to);
    return g_strdup_printf("%s BETWEEN %s AND %s", left, value, value_to);
  }
  return g_strdup_printf("%s %s %s", left, operator_sql(having->op), value);
}

/* "keyword a AND b"; empty without conditions; NULL on error. (transfer full) */
static char *having_clause(const Reading *reading, const char *keyword, GError **error) {
  const GArray *having = reading->statement->query->having;
  GString *clause = g_string_new(NULL);
  for (guint i = 0; i < having->len; i++) {
    g_autofree char *sql = having_sql(reading, &g_array_index(having, Having, i), error);
    if (!sql) {
      g_string_free(clause, TRUE);
      return NULL;
    }
    g_string_append_printf(clause, "%s%s", i ? "\n  AND " : keyword, sql);
  }
  return g_string_free(clause, FALSE);
}

/* ---- order ---- */
/* What a dimension is ordered by: its column in the result, or its key where the names of its values do not sort. */
static char *dimension_order(const Reading *reading, guint index) {
  const GroupKey *key = key_at(reading->statement, index);
  g_autofree char *name = sql_name(key->name);
  const char *source = reading->direct ? reading->direct->keys->pdata[index] : name;
  if (group_key_sorts(key->dimension)) return g_steal_pointer(&name);
  if (reading->direct) return g_strdup(source);
  g_autofree char *stage = compiler_cte(reading->statement->stage);
  return g_strdup_printf("%s.%s", stage, name);
}

static char *order_sql(const Reading *reading, const Order *order, GError **error) {
  const Statement *statement = reading->statement;
  gboolean is_dimension = order->on == ON_DIMENSION;
  guint count = is_dimension ? statement->grouping->keys->len : statement->measures->len;
  if (order->index < 0 || (guint)order->index >= count) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "there is no %s %d to order by",
                is_dimension ? "dimension" : "measure", order->index);
    return NULL;
  }
  const PlannedMeasure *planned = is_dimension ? NULL : statement->measures->pdata[order->index];
  /* A column of the result is named; its expression would say the same again. */
  gboolean by_name = planned && order->on == ON_VALUE && !order->absolute;
  g_autofree char *sql = is_dimension ? dimension_order(reading, (guint)order->index)
                         : by_name    ? sql_name(planned->value_name)
                                      : on_sql(reading, planned, order->on, error);
  if (!sql) return NULL;
  const char *direction = order->descending ? " DESC" : "";
  return order->absolute ? g_strdup_printf("ABS(%s)%s", sql, direction) : g_strdup_printf("%s%s", sql, direction);
}

static gboolean orders_dimension(const GArray *orders, guint index) {
  for (guint i = 0; i < orders->len; i++) {
    const Order *order = &g_array_index(orders, Order, i);
    if (order->on == ON_DIMENSION && order->index == (int)index) return TRUE;
  }
  return FALSE;
}

/* The query's order; else by the first measure where a limit makes it a ranking; then by the dimensions. */
static GPtrArray *order_items(const Reading *reading, guint leading, GError **error) {
  const SemanticQuery *query = reading->statement->query;
  g_autoptr(GArray) orders = g_array_new(FALSE, TRUE, sizeof(Order));
  for (guint i = 0; i < leading; i++) {
    Order first = {.index = (int)i, .on = ON_DIMENSION};
    g_array_append_val(orders, first);
  }
  if (query->order->len) {
    g_array_append_vals(orders, query->order->data, query->order->len);
  } else if (query->limit > 0 && reading->statement->measures->len) {
    Order largest = {.index = 0, .on = ON_VALUE, .descending = TRUE};
    g_array_append_val(orders, largest);
  }
  for (guint i = 0; i < reading->statement->grouping->keys->len; i++)
    if (!orders_dimension(orders, i)) {
      Order tie = {.index = (int)i, .on = ON_DIMENSION};
      g_array_append_val(orders, tie);
    }
  g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < orders->len; i++) {
    char *sql = order_sql(reading, &g_array_index(orders, Order, i), error);
    if (!sql) return NULL;
    g_ptr_array_add(items, sql);
  }
  return g_steal_pointer(&items);
}

static char *order_and_limit(const Reading *reading, GError **error) {
  const SemanticQuery *query = reading->statement->query;
  guint within = query->limit > 0 ? (guint)MAX(query->limit_within, 0) : 0;
  g_autoptr(GPtrArray) items = order_items(reading, MIN(within, reading->statement->grouping->keys->len), error);
  if (!items) return NULL;
  g_autofree char *list = sql_join(items, ", ");
  GString *sql = g_string_new(NULL);
  if (items->len) g_string_append_printf(sql, "\nORDER BY %s", list);
  if (query->limit > 0 && !within) g_string_append_printf(sql, "\nLIMIT %d", query->limit);
  if (query->offset > 0 && !within)
    g_string_append_printf(sql, query->limit > 0 ? " OFFSET %d" : "\nOFFSET %d", query->offset);
  return g_string_free(sql, FALSE);
}

/* The limit within each combination of the first dimensions. */
static char *qualify_clause(const Reading *reading, GError **error) {
  const SemanticQuery *query = reading->statement->query;
  guint within = MIN((guint)MAX(query->limit_within, 0), reading->statement->grouping->keys->len);
  if (!within || query->limit <= 0) return g_strdup("");
  g_autoptr(GPtrArray) items = order_items(reading, within, error);
  if (!items) return NULL;
  g_autoptr(GPtrArray) groups = g_ptr_array_new();
  for (guint i = 0; i < within; i++) g_ptr_array_add(groups, items->pdata[i]);
  g_autofree char *partition = sql_join(groups, ", ");
  g_autoptr(GPtrArray) rest = g_ptr_array_new();
  for (guint i = within; i < items->len; i++) g_ptr_array_add(rest, items->pdata[i]);
  g_autofree char *order = sql_join(rest, ", ");
  g_autofree char *over =
      g_strdup_printf("ROW_NUMBER() OVER (PARTITION BY %s%s%s)", partition, rest->len ? " ORDER BY " : "", order);
  if (query->offset > 0)
    return g_strdup_printf("\nQUALIFY %s BETWEEN %d AND %d", over, query->offset + 1, query->offset + query->limit);
  return g_strdup_printf("\nQUALIFY %s <= %d", over, query->limit);
}

/* ---- the columns that are shown ---- */
static void show_keys(const Reading *reading, GPtrArray *columns) {
  const Statement *statement = reading->statement;
  for (guint i = 0; i < statement->grouping->keys->len; i++) {
    const GroupKey *key = key_at(statement, i);
    g_autofree char *name = sql_name(key->name);
    g_autofree char *display = group_key_display(statement->compiler, key->dimension,
                                                 reading->direct ? reading->direct->keys->pdata[i] : name);
    add_column(columns, display, key->name);
  }
}

static void show_measure(const Reading *reading, const PlannedMeasure *planned, GPtrArray *columns) {
  const SemanticQuery *query = reading->statement->query;
  CompareShow show = statement_show(reading->statement, planned);
  if (show & COMPARE_SHOW_VALUE) {
    g_autofree char *value = value_sql(reading, planned);
    add_column(columns, value, planned->value_name);
  }
  if (show & COMPARE_SHOW_PREVIOUS) {
    g_autofree char *previous = sql_name(planned->previous_name);
    add_column(columns, previous, planned->previous_name);
  }
  if (show & COMPARE_SHOW_CHANGE) {
    g_autofree char *change = change_sql(planned);
    add_column(columns, change, planned->change_name);
  }
  if (show & COMPARE_SHOW_GROWTH) {
    g_autofree char *growth = growth_sql(planned);
    add_column(columns, growth, planned->growth_name);
  }
  if (query->share != SHARE_NONE) add_column(columns, planned->share_name, planned->share_name);
  if (query->window != WINDOW_NONE) add_column(columns, planned->window_name, planned->window_name);
}

static char *shown_columns(const Reading *reading) {
  g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(g_free);
  show_keys(reading, columns);
  for (guint i = 0; i < reading->statement->measures->len; i++)
    show_measure(reading, reading->statement->measures->pdata[i], columns);
  return sql_list(columns);
}

/* ---- one grouped SELECT ---- */
static gboolean is_direct(const Statement *statement) {
  const SemanticQuery *query = statement->query;
  gboolean only_values = TRUE;
  for (guint i = 0; i < query->having->len; i++)
    only_values = only_values && g_array_index(query->having, Having, i).on == ON_VALUE;
  return statement->grouping->blocks->len == 1 && query->compare.kind == COMPARE_NONE && query->share == SHARE_NONE &&
         query->window == WINDOW_NONE && (query->limit_within <= 0 || query->limit <= 0) && only_values &&
         !(query->missing_rows == MISSING_ZERO && statement->series >= 0);
}

static char *direct_sql(const Statement *statement, GError **error) {
  const Block *block = statement->grouping->blocks->pdata[0];
  Reading reading = {statement, block};
  g_autofree char *columns = shown_columns(&reading), *from = block_from_where(block),
                  *keys = sql_join(block->keys, ", ");
  g_autofree char *group = block->keys->len ? g_strdup_printf("\nGROUP BY %s", keys) : g_strdup("");
  g_autofree char *having = having_clause(&reading, "\nHAVING ", error);
  g_autofree char *order = having ? order_and_limit(&reading, error) : NULL;
  return order ? g_strconcat("SELECT ", columns, "\n", from, group, having, order, NULL) : NULL;
}

/* ---- stage, then final SELECT ---- */
char *statement_sql(Statement *statement, GError **error) {
  if (is_direct(statement)) return direct_sql(statement, error);
  if (!statement_stage(statement, error)) return NULL;
  Reading reading = {statement, NULL};
  g_autofree char *columns = shown_columns(&reading), *stage = compiler_cte(statement->stage);
  g_autofree char *where = having_clause(&reading, "\nWHERE ", error);
  g_autofree char *qualify = where ? qualify_clause(&reading, error) : NULL;
  g_autofree char *order = qualify ? order_and_limit(&reading, error) : NULL;
  return order ? g_strconcat("SELECT ", columns, "\nFROM ", stage, where, qualify, order, NULL) : NULL;
}

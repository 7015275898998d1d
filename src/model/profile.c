#include "model/profile.h"

/* Aggregates of one statement; wide tables are profiled in groups of columns so that a statement stays small. */
#define COLUMNS_PER_STATEMENT 250
#define COLUMNS_LAID_UNDER 1024
/* A statement over thousands of columns takes long to prepare: of wide tables only so many columns are looked at closely. */
#define WIDE_TABLE 300
#define WIDE_TABLE_LOOKS 200
#define WIDE_TABLE_CELLS 20000000

static void frequent_value_free(gpointer data) {
  FrequentValue *value = data;
  g_free(value->value);
  g_free(value);
}

static void column_profile_free(gpointer data) {
  ColumnProfile *column = data;
  g_free(column->sql);
  g_free(column->minimum);
  g_free(column->maximum);
  g_ptr_array_unref(column->frequent);
  g_free(column);
}

void table_profile_free(TableProfile *profile) {
  if (profile == NULL)
    return;
  g_free(profile->relation);
  if (profile->columns != NULL)
    g_ptr_array_unref(profile->columns);
  g_free(profile);
}

static ColumnProfile *column_profile_new(const ImportedColumn *column) {
  ColumnProfile *profile = g_new0(ColumnProfile, 1);
  profile->column = column;
  profile->sql = text_sql_identifier(column->name);
  profile->is_number = column->type == FIELD_INTEGER || column->type == FIELD_DECIMAL || column->type == FIELD_DOUBLE;
  profile->is_text = column->type == FIELD_TEXT;
  profile->frequent = g_ptr_array_new_with_free_func(frequent_value_free);
  return profile;
}

static double number_at(const ResultTable *result, gsize row, guint column) {
  const Value *value = result_table_at(result, row, column);
  return value->type == VALUE_NULL ? 0 : value->type == VALUE_TEXT ? g_ascii_strtod(value->text, NULL) : value->number;
}

gboolean profile_numbers(Engine *engine, const char *sql, Deadline deadline, double *out, guint count, GError **error) {
  g_autoptr(ResultTable) result = engine_query(engine, sql, NULL, 1, deadline, error);
  if (result == NULL)
    return FALSE;
  if (result->n_rows != 1 || result_table_n_columns(result) < count) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INTERNAL, "a profiling statement gave %zu rows", result->n_rows);
    return FALSE;
  }
  for (guint i = 0; i < count; i++)
    out[i] = number_at(result, 0, i);
  return TRUE;
}

gboolean profile_number(Engine *engine, const char *sql, Deadline deadline, double *out, GError **error) {
  return profile_numbers(engine, sql, deadline, out, 1, error);
}

gint64 column_profile_rows_of(const ColumnProfile *column, const char *value) {
  for (guint i = 0; i < column->frequent->len; i++) {
    const FrequentValue *frequent = g_ptr_array_index(column->frequent, i);
    if (g_str_equal(frequent->value, value))
      return frequent->rows;
  }
  return 0;
}

/* Tables of a snapshot are views in schema "lake"; tests and imports in progress have plain tables. */
static char *find_relation(Engine *engine, const char *table, Deadline deadline, GError **error) {
  g_autofree char *literal = text_sql_quote(table);
  g_autofree char *name = text_sql_identifier(table);
  g_autofree char *sql = g_strdup_printf(
      "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'lake' AND table_name = %s", literal);
  double found = 0;
  if (!profile_number(engine, sql, deadline, &found, error))
    return NULL;
  return found > 0 ? g_strdup_printf("\"lake\".%s", name) : g_steal_pointer(&name);
}

static gboolean is_small_and_wide(const TableProfile *profile) {
  return profile->columns->len > WIDE_TABLE && profile->rows * (gint64)profile->columns->len <= WIDE_TABLE_CELLS;
}

/* Files of thousands of columns are opened anew for every statement; a small table of them is kept in memory meanwhile. */
static char *keep_columns(Engine *engine, const TableProfile *profile, const char *prefix, const char *columns, Deadline deadline,
                          GError **error) {
  g_autofree char *name = g_strconcat(prefix, profile->table->table, NULL);
  g_autofree char *kept = text_sql_identifier(name);
  g_autofree char *sql = g_strdup_printf("CREATE OR REPLACE TABLE %s AS SELECT %s FROM %s", kept, columns, profile->relation);
  return engine_execute(engine, sql, deadline, error) ? g_steal_pointer(&kept) : NULL;
}

static gboolean keep_wide_table(Engine *engine, TableProfile *profile, Deadline deadline, GError **error) {
  if (!is_small_and_wide(profile))
    return TRUE;
  char *kept = keep_columns(engine, profile, "_profiled_", "*", deadline, error);
  if (kept == NULL)
    return FALSE;
  g_free(profile->relation);
  profile->relation = kept;
  return TRUE;
}

#define COUNTS_PER_COLUMN 10

/* What is counted of the values that `c` names. */
static void append_counts(GString *sql, const char *c, gboolean is_number, gboolean estimated) {
  g_string_append_printf(sql, ", count(%s)::DOUBLE", c);
  g_string_append_printf(sql, ", coalesce(%s%s), 0)::DOUBLE", estimated ? "approx_count_distinct(" : "count(DISTINCT ", c);
  g_string_append_printf(sql, ", min(%s)::VARCHAR, max(%s)::VARCHAR", c, c);
  if (is_number)
    g_string_append_printf(sql,
                           ", min(%s)::DOUBLE, max(%s)::DOUBLE, avg(%s)::DOUBLE, count_if(%s < 0)::DOUBLE, "
                           "count_if(%s = 0)::DOUBLE, count_if(%s = floor(%s))::DOUBLE",
                           c, c, c, c, c, c, c);
  else
    g_string_append(sql, ", 0, 0, 0, 0, 0, 0");
}

static void read_counts(const ResultTable *result, guint row, guint at, gint64 rows, ColumnProfile *column) {
  column->filled = (gint64)number_at(result, row, at);
  column->nulls = rows - column->filled;
  column->distinct = MIN((gint64)number_at(result, row, at + 1), column->filled);
  const Value *minimum = result_table_at(result, row, at + 2), *maximum = result_table_at(result, row, at + 3);
  column->minimum = minimum->type == VALUE_NULL ? NULL : g_strdup(minimum->text);
  column->maximum = maximum->type == VALUE_NULL ? NULL : g_strdup(maximum->text);
  double numbers[6];
  for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
    numbers[i] = number_at(result, row, at + 4 + i);
  if (column->is_number) {
    column->low = numbers[0];
    column->high = numbers[1];
    column->mean = numbers[2];
    column->negative = (gint64)numbers[3];
    column->zero = (gint64)numbers[4];
    column->whole = (gint64)numbers[5];
  }
}

/*
 * Ten expressions a column are planned one by one, which takes far longer than counting a few rows of thousands of columns:
 * columns of one type are laid under each other and counted as groups.
 */
static gboolean count_laid_under(Engine *engine, TableProfile *profile, const GPtrArray *columns, Deadline deadline, GError **error) {
  const ColumnProfile *any = g_ptr_array_index(columns, 0);
  g_autoptr(GString) sql = g_string_new("SELECT i::DOUBLE");
  append_counts(sql, "v", any->is_number, FALSE);
  g_string_append_printf(sql, " FROM (SELECT unnest(range(%u)) AS i, unnest([", columns->len);
  for (guint i = 0; i < columns->len; i++)
    g_string_append_printf(sql, "%s%s", i > 0 ? ", " : "", ((const ColumnProfile *)g_ptr_array_index(columns, i))->sql);
  g_string_append_printf(sql, "]) AS v FROM %s) GROUP BY i", profile->relation);
  g_autoptr(ResultTable) result = engine_query(engine, sql->str, NULL, 0, deadline, error);
  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < result->n_rows; row++) {
    guint i = (guint)number_at(result, row, 0);
    if (i < columns->len)
      read_counts(result, row, 1, profile->rows, g_ptr_array_index(columns, i));
  }
  return TRUE;
}

static gboolean count_wide_columns(Engine *engine, TableProfile *profile, Deadline deadline, GError **error) {
  for (int type = FIELD_TEXT; type <= FIELD_TIME; type++) {
    g_autoptr(GPtrArray) columns = g_ptr_array_new();
    for (guint i = 0; i < profile->columns->len; i++) {
      ColumnProfile *column = g_ptr_array_index(profile->columns, i);
      if ((int)column->column->type == type)
        g_ptr_array_add(columns, column);
      gboolean full = columns->len == COLUMNS_LAID_UNDER || (i + 1 == profile->columns->len && columns->len > 0);
      if (full && !count_laid_under(engine, profile, columns, deadline, error))
        return FALSE;
      if (full)
        g_ptr_array_set_size(columns, 0);
    }
  }
  return TRUE;
}

static gboolean count_columns(Engine *engine, TableProfile *profile, Deadline deadline, GError **error) {
  if (is_small_and_wide(profile))
    return count_wide_columns(engine, profile, deadline, error);
  for (guint first = 0; first < profile->columns->len; first += COLUMNS_PER_STATEMENT) {
    guint end = MIN(first + COLUMNS_PER_STATEMENT, profile->columns->len);
    g_autoptr(GString) sql = g_string_new("SELECT count(*)::DOUBLE");
    for (guint i = first; i < end; i++)
      append_counts(sql, ((const ColumnProfile *)g_ptr_array_index(profile->columns, i))->sql,
                    ((const ColumnProfile *)g_ptr_array_index(profile->columns, i))->is_number, profile->rows > PROFILE_EXACT_ROWS);
    g_string_append_printf(sql, " FROM %s", profile->relation);
    g_autoptr(ResultTable) result = engine_query(engine, sql->str, NULL, 1, deadline, error);
    if (result == NULL)
      return FALSE;
    for (guint i = first; i < end; i++)
      read_counts(result, 0, 1 + (i - first) * COUNTS_PER_COLUMN, profile->rows, g_ptr_array_index(profile->columns, i));
  }
  return TRUE;
}

/* Patterns a text column may follow; the share of matching values goes to the member of the same place. */
static const char *const shape_tests[] = {
    "regexp_full_match(v, '[^@\\s]+@[^@\\s]+\\.[A-Za-z]{2,}')",
    "regexp_matches(v, '^(https?://|www\\.)')",
    "regexp_full_match(v, '\\+?[0-9(][0-9() .\\-/]{6,18}[0-9]') AND length(regexp_replace(v, '[^0-9]', '', 'g')) >= 7",
    "regexp_full_match(v, '[A-Za-z0-9._/#\\-]+') AND regexp_matches(v, '[0-9]')",
    "regexp_matches(v, '\\s')",
    "regexp_matches(v, '[A-Za-z]')",
    "regexp_full_match(v, '(19|20)[0-9]{2}[-/]?(0[1-9]|1[0-2])')",
    "regexp_full_match(v, '[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{1,7}')",
    "regexp_matches(v, '[,;|].*[,;|]')"};
#define SHAPE_TESTS G_N_ELEMENTS(shape_tests)

static gboolean read_shapes(Engine *engine, const char *relation, ColumnProfile *column, Deadline deadline,
                            GError **error) {
  g_autoptr(GString) sql = g_string_new("SELECT count(*)::DOUBLE, avg(length(v))::DOUBLE, max(length(v))::DOUBLE");
  for (guint i = 0; i < SHAPE_TESTS; i++)
    g_string_append_printf(sql, ", count_if(%s)::DOUBLE", shape_tests[i]);
  g_string_append_printf(sql, " FROM (SELECT trim(%s) AS v FROM %s WHERE %s IS NOT NULL LIMIT %d)", column->sql,
                         relation, column->sql, PROFILE_SHAPE_ROWS);
  double found[SHAPE_TESTS + 3];
  if (!profile_numbers(engine, sql->str, deadline, found, SHAPE_TESTS + 3, error))
    return FALSE;
  column->average_length = found[1];
  column->longest = (gint64)found[2];
  double *const members[SHAPE_TESTS] = {&column->email,  &column->url,     &column->phone, &column->code,  &column->spaced,
                                        &column->letters, &column->month, &column->card,  &column->listed};
  for (guint i = 0; i < SHAPE_TESTS; i++)
    *members[i] = found[0] > 0 ? found[i + 3] / found[0] : 0;
  return TRUE;
}

static gboolean read_frequent(Engine *engine, const char *relation, ColumnProfile *column, Deadline deadline,
                              GError **error) {
  g_autofree char *sql =
      g_strdup_printf("SELECT v, n::DOUBLE FROM (SELECT %s::VARCHAR AS v, count(*) AS n FROM %s WHERE %s IS NOT NULL GROUP BY 1) "
                      "ORDER BY n DESC, v LIMIT %d",
                      column->sql, relation, column->sql, PROFILE_FREQUENT_VALUES);
  g_autoptr(ResultTable) result = engine_query(engine, sql, NULL, 0, deadline, error);
  if (result == NULL)
    return FALSE;
  for (gsize row = 0; row < result->n_rows; row++) {
    FrequentValue *value = g_new0(FrequentValue, 1);
    value->value = g_strdup(result_table_at(result, row, 0)->text);
    value->rows = (gint64)number_at(result, row, 1);
    g_ptr_array_add(column->frequent, value);
  }
  column->frequent_complete = result->n_rows < PROFILE_FREQUENT_VALUES;
  return TRUE;
}

/* Values of measured numbers say nothing one by one; of codes and flags they do. */
static gboolean is_worth_counting(const ColumnProfile *column) {
  if (column->is_number)
    return column->column->type == FIELD_INTEGER && column->distinct <= PROFILE_FREQUENT_NUMBERS;
  return column->is_text ? column->distinct <= PROFILE_FREQUENT_DISTINCT && column->longest <= 200
                         : column->column->type == FIELD_BOOLEAN;
}

/* The columns whose values are read one by one: all, or the first of a wide table. (transfer container) */
static GPtrArray *columns_to_read(const TableProfile *profile) {
  gboolean wide = profile->columns->len > WIDE_TABLE;
  GPtrArray *chosen = g_ptr_array_new();
  for (guint i = 0; i < profile->columns->len && (!wide || chosen->len < WIDE_TABLE_LOOKS); i++) {
    ColumnProfile *column = g_ptr_array_index(profile->columns, i);
    if (column->filled > 0 && (!wide || !column->is_number || column->distinct <= 2))
      g_ptr_array_add(chosen, column);
  }
  return chosen;
}

/* The relation to read them from: of a wide table one of these columns alone, for each statement costs the table's width. */
static char *relation_to_read(Engine *engine, const TableProfile *profile, const GPtrArray *chosen, Deadline deadline, GError **error) {
  if (!is_small_and_wide(profile) || chosen->len == 0)
    return g_strdup(profile->relation);
  g_autoptr(GString) list = g_string_new(NULL);
  for (guint i = 0; i < chosen->len; i++)
    g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", ((ColumnProfile *)g_ptr_array_index(chosen, i))->sql);
  return keep_columns(engine, profile, "_looked_at_", list->str, deadline, error);
}

static gboolean look_closely(Engine *engine, const TableProfile *profile, Deadline deadline, GError **error) {
  g_autoptr(GPtrArray) chosen = columns_to_read(profile);
  g_autofree char *relation = relation_to_read(engine, profile, chosen, deadline, error);
  if (relation == NULL)
    return FALSE;
  for (guint i = 0; i < chosen->len; i++) {
    ColumnProfile *column = g_ptr_array_index(chosen, i);
    if (column->is_text && !read_shapes(engine, relation, column, deadline, error))
      return FALSE;
    if (is_worth_counting(column) && !read_frequent(engine, relation, column, deadline, error))
      return FALSE;
  }
  return TRUE;
}

TableProfile *profile_table(Engine *engine, const ImportedTable *table, Deadline deadline, GError **error) {
  g_autoptr(TableProfile) profile = g_new0(TableProfile, 1);
  profile->table = table;
  profile->columns = g_ptr_array_new_with_free_func(column_profile_free);
  for (guint i = 0; i < table->columns->len; i++)
    g_ptr_array_add(profile->columns, column_profile_new(g_ptr_array_index(table->columns, i)));
  profile->relation = find_relation(engine, table->table, deadline, error);
  if (profile->relation == NULL)
    return NULL;
  g_autofree char *count = g_strdup_printf("SELECT count(*)::DOUBLE FROM %s", profile->relation);
  double rows = 0;
  if (!profile_number(engine, count, deadline, &rows, error))
    return NULL;
  profile->rows = (gint64)rows;
  if (!keep_wide_table(engine, profile, deadline, error) || !count_columns(engine, profile, deadline, error))
    return NULL;
  if (!look_closely(engine, profile, deadline, error))
    return NULL;
  return g_steal_pointer(&profile);
}

/*
 * The same queries with and without rollups, and with and without leaving rows out that the compiler says do not
 * matter: equal results. 5,000 over two kinds of dates, fewer (but 1,000) on a machine that is busy with other things;
 * ROLLUP_QUERIES in the environment sets how many of each (`make test-rollups` runs more).
 */
#include "model/relation.h"
#include "query/rollup.h"
#include "unit/query/random_query.h"
#include "unit/query/shop.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 2500
#define LEAST_ROUNDS 500
#define PATIENCE_US (G_GINT64_CONSTANT(70) * 1000 * 1000)
#define SEED 20230817
#define PICK(random, array) (array)[g_rand_int_range((random), 0, (gint32)G_N_ELEMENTS(array))]

typedef struct {
  Model *model;
  Engine *engine;
  AccessScope *scopes[4];
  GPtrArray *views[4]; /* of RollupView*, smallest first, for each scope */
  guint used, not_used, run;
  guint estimated; /* answers from sketches */
  guint with_keys; /* reads that ask another table for keys */
  guint reasons[ROLLUP_REASON_COUNT];
} Fixture;

/* ---- the shop, with more rows and rollups ---- */
static const char MORE_ROWS[] =
    "INSERT INTO lake.order_line SELECT 1000 + i, CASE WHEN i % 97 = 0 THEN NULL ELSE 'O' || (i // 3) END,"
    " CASE WHEN i % 211 = 0 THEN NULL ELSE DATE '2018-01-01' + CAST(hash(i // 3) % 1096 AS INTEGER) END,"
    " CASE WHEN i % 211 = 0 THEN NULL ELSE CAST(DATE '2018-01-01' + CAST(hash(i // 3) % 1096 AS INTEGER) AS TIMESTAMP)"
    "   + INTERVAL (hash(i // 3 + 7) % 86400) SECOND END,"
    " DATE '2018-01-05' + CAST(hash(i) % 1096 AS INTEGER),"
    " CASE WHEN i % 53 = 0 THEN NULL ELSE 'C' || (hash(i // 3 + 1) % 40) END, 'P' || (hash(i + 2) % 9),"
    " CASE hash(i // 3 + 3) % 5 WHEN 0 THEN 'West' WHEN 1 THEN 'East' WHEN 2 THEN 'North' WHEN 3 THEN NULL ELSE "
    "'it''s' END,"
    " CASE WHEN i % 41 = 0 THEN NULL ELSE 1 + hash(i + 4) % 5 END, CAST(hash(i + 5) % 20000 AS DECIMAL(18,4)) / 100,"
    " CAST(hash(i + 6) % 9000 AS DECIMAL(18,4)) / 100 - 30, (hash(i + 8) % 4) / 10.0,"
    " CASE WHEN hash(i + 9) % 7 = 0 THEN DATE '2020-06-01' END FROM range(2500) t(i)";

static Model *shop_with_rollups(const json_t *shop, const char *default_date) {
  g_autoptr(json_t) changed = json_deep_copy(shop);
  json_t *lines = json_array_get(json_object_get(changed, "datasets"), 0);
  json_object_set_new(lines, "default_date", json_string(default_date));
  json_t *metrics = json_object_get(changed, "metrics");
  json_array_append_new(metrics, json_pack("{s:s,s:s,s:s,s:s}", "name", "discounts", "aggregate", "sum", "dataset",
                                           "order_line", "expression", "discount"));
  json_array_append_new(
      metrics, json_pack("{s:s,s:s,s:s}", "name", "line_count", "aggregate", "count", "dataset", "order_line"));
  json_array_append_new(metrics, json_pack("{s:s,s:s,s:s,s:s}", "name", "mean_sale", "aggregate", "average", "dataset",
                                           "order_line", "expression", "sales"));
  json_array_append_new(metrics, json_pack("{s:s,s:s,s:s,s:s,s:s}", "name", "held", "aggregate", "sum", "dataset",
                                           "order_line", "expression", "quantity", "additivity", "snapshot"));
  return test_shop_model(changed);
}

typedef struct {
  const char *name;
  TimeUnit grain;
  const char *dimensions[6], *metrics[6], *estimates[3];
} Definition;
static const Definition DEFINITIONS[] = {
    {"yearly", TIME_UNIT_YEAR, {"region"}, {"revenue", "line_count"}, {0}},
    {"monthly", TIME_UNIT_MONTH, {"region", "product.category"}, {0}, {0}},
    {"daily", TIME_UNIT_DAY, {"region", "product.category"}, {0}, {0}},
    {"hourly", TIME_UNIT_HOUR, {"region"}, {0}, {0}},
    {"sketches", TIME_UNIT_DAY, {"region"}, {"revenue", "kept"}, {"customers"}}, /* so few that estimates are exact */
    {"keys", TIME_UNIT_DAY, {"region", "product_id"}, {"revenue", "profit", "units", "orders", "customers", "kept"}, {0}},
};

static void add_views(Fixture *fixture, guint scope) {
  fixture->views[scope] = g_ptr_array_new_with_free_func((GDestroyNotify)rollup_view_free);
  g_autoptr(Model) visible = model_visible(fixture->model, fixture->scopes[scope]);
  for (guint i = 0; i < G_N_ELEMENTS(DEFINITIONS); i++) {
    const Definition *definition = &DEFINITIONS[i];
    Rollup rollup = {.name = (char *)definition->name, .dataset = (char *)"order_line", .grain = definition->grain,
                     .dimensions = (char **)definition->dimensions, .metrics = (char **)definition->metrics,
                     .estimates = (char **)definition->estimates};
    g_autoptr(GError) error = NULL;
    RollupView *view = rollup_view_new(fixture->model, visible, fixture->scopes[scope], &rollup, &error);
    g_assert_no_error(error);
    g_ptr_array_add(fixture->views[scope], view);
    if (scope) continue;
    g_autoptr(CompiledQuery) fill = rollup_fill_query(view, &error);
    g_assert_no_error(error);
    g_autofree char *sql = g_strdup_printf("CREATE TABLE lake._rollup_%s AS %s", definition->name, fill->sql);
    engine_execute(fixture->engine, sql, DEADLINE_NEVER, &error);
    g_assert_no_error(error);
  }
}

static AccessScope *scope_from(const char *json) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) parsed = json_parse(json, strlen(json), &error);
  AccessScope *scope = access_scope_from_json(parsed, &error);
  g_assert_no_error(error);
  return scope;
}

static Fixture *fixture_new(const char *default_date) {
  Fixture *fixture = g_new0(Fixture, 1);
  g_autoptr(json_t) shop = test_read_json("tests/data/query/shop.json");
  fixture->model = shop_with_rollups(shop, default_date);
  fixture->engine = test_shop_engine(shop);
  g_autoptr(GError) error = NULL;
  engine_execute(fixture->engine, MORE_ROWS, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  fixture->scopes[0] = access_scope_new_local();
  fixture->scopes[1] = scope_from("{\"row_filters\":[{\"field\":\"region\",\"values\":[\"West\",\"it's\"]}]}");
  fixture->scopes[2] = scope_from("{\"row_filters\":[{\"field\":\"category\",\"values\":[\"Furniture\"]}],"
                                  "\"hidden_fields\":[\"profit\"]}");
  fixture->scopes[3] = scope_from("{\"row_filters\":[{\"field\":\"customer_id\",\"values\":[\"C1\",\"C2\",\"C3\"]}]}");
  for (guint i = 0; i < G_N_ELEMENTS(fixture->scopes); i++) add_views(fixture, i);
  return fixture;
}

static void fixture_free(Fixture *fixture) {
  for (guint i = 0; i < G_N_ELEMENTS(fixture->scopes); i++) {
    g_ptr_array_unref(fixture->views[i]);
    access_scope_unref(fixture->scopes[i]);
  }
  engine_unref(fixture->engine);
  model_unref(fixture->model);
  g_free(fixture);
}

/* ---- queries that people ask: metrics by categories and periods ---- */
static TimeRange aligned_time(GRand *random) {
  int year = g_rand_int_range(random, 2018, 2021), month = g_rand_int_range(random, 1, 13);
  switch (g_rand_int_range(random, 0, 4)) {
  case 0: return time_range_absolute(day_from_ymd(year, 1, 1), day_from_ymd(year + 1, 1, 1));
  case 1: return time_range_absolute(day_from_ymd(year, month, 1), day_add_months(day_from_ymd(year, month, 1), 3));
  case 2: return time_range_absolute(day_from_ymd(year, month, 1), day_from_ymd(year, month, 1) + 45);
  default: return time_range_all();
  }
}

static Filter *usual_filter(GRand *random) {
  static const Operator operators[] = {OP_EQUAL, OP_EQUAL, OP_NOT_EQUAL, OP_CONTAINS, OP_STARTS_WITH, OP_GREATER};
  static const char *const regions[] = {"West", "East", "North", "it's", "nowhere"};
  int kind = g_rand_int_range(random, 0, 8);
  if (kind == 0) {
    Filter *filter = filter_new(FILTER_CONDITION);
    filter->condition = g_strdup(g_rand_boolean(random) ? "cancelled" : "furniture");
    filter->negated = g_rand_boolean(random);
    return filter;
  }
  if (kind == 1) {
    Filter *filter = filter_new(FILTER_CYCLIC);
    filter->cyclic = g_rand_boolean(random) ? CYCLIC_WEEKDAY : CYCLIC_MONTH_OF_YEAR;
    g_ptr_array_add(filter->values, g_strdup_printf("%d", g_rand_int_range(random, 1, 8)));
    return filter;
  }
  if (kind == 2) { /* of a table that the rows lead to: read by its keys */
    static const char *const names[] = {"Furniture", "Technology", "nothing of it"};
    Filter *filter = filter_new_values("product.category", PICK(random, operators), PICK(random, names), NULL);
    filter->negated = g_rand_int_range(random, 0, 6) == 0;
    return filter;
  }
  Filter *filter = filter_new_values("order_line.region", g_rand_int_range(random, 0, 4) ? OP_EQUAL : OP_NOT_EQUAL,
                                     PICK(random, regions), NULL);
  if (kind == 3) g_ptr_array_add(filter->values, g_strdup(PICK(random, regions)));
  if (kind == 4) filter->negated = TRUE;
  return filter;
}

static Dimension *usual_dimension(GRand *random) {
  static const char *const fields[] = {"order_line.region", "order_line.region", "product.category",
                                       "product.product_name"};
  static const TimeUnit units[] = {TIME_UNIT_DAY, TIME_UNIT_WEEK, TIME_UNIT_MONTH, TIME_UNIT_QUARTER, TIME_UNIT_YEAR};
  int kind = g_rand_int_range(random, 0, 6);
  Dimension *dimension = dimension_new(kind < 3 ? DIMENSION_FIELD : kind < 5 ? DIMENSION_TIME : DIMENSION_CYCLIC);
  if (kind < 3)
    dimension->field = g_strdup(PICK(random, fields));
  else if (kind < 5)
    dimension->unit = PICK(random, units);
  else
    dimension->cyclic = CYCLIC_WEEKDAY;
  return dimension;
}

static SemanticQuery *usual_query(GRand *random) {
  static const char *const metrics[] = {
      "revenue", "profit", "units",      "margin",     "orders",  "customers", "order_value", "cancelled_value",
      "lost",    "kept",   "list_value", "line_count", "revenue", "mean_sale", "discounts",   "held"};
  SemanticQuery *query = semantic_query_new();
  for (int n = g_rand_int_range(random, 1, 3); n > 0; n--)
    g_ptr_array_add(query->measures, measure_new_metric(PICK(random, metrics)));
  for (int n = g_rand_int_range(random, 0, 3); n > 0; n--) g_ptr_array_add(query->dimensions, usual_dimension(random));
  for (int n = g_rand_int_range(random, 0, 3); n > 0; n--) g_ptr_array_add(query->filters, usual_filter(random));
  query->time = aligned_time(random);
  if (g_rand_int_range(random, 0, 6) == 0) {
    Measure *per = measure_new(MEASURE_PER);
    per->aggregate = AGGREGATE_AVERAGE;
    per->per_unit = TIME_UNIT_DAY;
    per->left = measure_new_metric("revenue");
    g_ptr_array_add(query->measures, per);
  }
  if (query->time.kind == TIME_ABSOLUTE && g_rand_int_range(random, 0, 4) == 0) {
    query->compare.kind = COMPARE_PERIODS;
    query->compare.show = COMPARE_SHOW_ALL;
    query->compare.baseline = time_range_absolute(query->time.from - 365, query->time.from);
  }
  if (query->dimensions->len && g_rand_int_range(random, 0, 6) == 0) query->share = SHARE_TOTAL;
  for (guint i = 0; i < query->dimensions->len && g_rand_int_range(random, 0, 3) == 0; i++)
    if (((const Dimension *)query->dimensions->pdata[i])->kind == DIMENSION_TIME) query->window = WINDOW_CUMULATIVE;
  if (g_rand_int_range(random, 0, 20) == 0) g_ptr_array_set_size(query->measures, 0); /* members only */
  if (g_rand_int_range(random, 0, 30) == 0) query->time_field = g_strdup("order_line.ship_date");
  if (g_rand_int_range(random, 0, 30)) return query;
  g_autoptr(SemanticQuery) list = query; /* now and then rows are listed */
  query = semantic_query_new();
  query->time = list->time;
  g_ptr_array_add(query->detail, g_strdup("order_line.region"));
  return query;
}

/* ---- comparing ---- */
static gboolean equal_values(const Value *a, const Value *b) {
  if (a->type == VALUE_NULL || b->type == VALUE_NULL) return a->type == b->type;
  if (a->type == VALUE_DOUBLE || b->type == VALUE_DOUBLE)
    return fabs(a->number - b->number) <= 1e-12 * MAX(fabs(a->number), fabs(b->number));
  g_autofree char *one = value_to_text(a), *other = value_to_text(b);
  return g_str_equal(one, other);
}

static void assert_equal(const SemanticQuery *query, const char *how, const ResultTable *a, const ResultTable *b,
                         const char *sql) {
  gboolean equal = a->n_rows == b->n_rows && result_table_n_columns(a) == result_table_n_columns(b);
  for (gsize row = 0; equal && row < a->n_rows; row++)
    for (guint i = 0; equal && i < result_table_n_columns(a); i++)
      equal = equal_values(result_table_at(a, row, i), result_table_at(b, row, i));
  if (equal) return;
  g_autofree char *text = semantic_query_canonical(query);
  g_test_message("%s differs: %s\n%s", how, text, sql);
  g_test_fail();
}

static ResultTable *run_sql(const Fixture *fixture, const CompiledQuery *compiled, const char *sql) {
  g_autoptr(GError) error = NULL;
  ResultTable *result =
      engine_select(fixture->engine, sql, compiled->parameters, 0, deadline_in_ms(20000, NULL), &error);
  if (error) g_test_message("%s\n%s", error->message, sql);
  g_assert_no_error(error);
  return result;
}

/* "column = value or ..."; keys of other tables are asked for. */
static void append_values(const Fixture *fixture, const ReadCondition *condition, GString *sql) {
  g_autoptr(ResultTable) keys = condition->keys ? run_sql(fixture, condition->keys, condition->keys->sql) : NULL;
  guint count = keys ? (guint)keys->n_rows : condition->values->len;
  for (guint i = 0; i < count; i++) {
    g_autofree char *value =
        keys ? value_to_text(result_table_at(keys, i, 0)) : g_strdup(condition->values->pdata[i]);
    g_autofree char *quoted = text_sql_quote(value);
    g_string_append_printf(sql, "%s%s", i ? ", " : "", quoted);
  }
  if (!count) g_string_append(sql, "NULL"); /* no key passes: no row matters */
}

/* What the reads of a relation say, as SQL over its table. */
static char *read_sql(Fixture *fixture, const QueryRelation *relation) {
  if (!relation->reads) return NULL;
  static const char *const operators[] = {
      [OP_LESS] = "<", [OP_LESS_EQUAL] = "<=", [OP_GREATER] = ">", [OP_GREATER_EQUAL] = ">="};
  GString *sql = g_string_new(NULL);
  g_string_append_printf(sql, "(SELECT * FROM lake.%s WHERE FALSE", relation->dataset->table);
  for (guint i = 0; i < relation->reads->len; i++) {
    const GPtrArray *read = relation->reads->pdata[i];
    g_string_append(sql, " OR (TRUE");
    for (guint k = 0; k < read->len; k++) {
      const ReadCondition *condition = read->pdata[k];
      g_string_append_printf(sql, " AND %s %s (", condition->column,
                             condition->op == OP_EQUAL ? "IN" : operators[condition->op]);
      append_values(fixture, condition, sql);
      fixture->with_keys += condition->keys != NULL;
      g_string_append_c(sql, ')');
    }
    g_string_append_c(sql, ')');
  }
  g_string_append_c(sql, ')');
  return g_string_free(sql, FALSE);
}

static void check_reads(Fixture *fixture, const SemanticQuery *query, const CompiledQuery *compiled,
                        const ResultTable *expected) {
  g_autoptr(GPtrArray) tables = g_ptr_array_new_with_free_func(g_free);
  gboolean any = FALSE;
  for (guint i = 0; i < compiled->relations->len; i++) {
    g_ptr_array_add(tables, read_sql(fixture, compiled->relations->pdata[i]));
    any = any || tables->pdata[i];
  }
  if (!any) return;
  g_autofree char *sql = compiled_query_bind(compiled, (char *const *)tables->pdata);
  g_autoptr(ResultTable) result = run_sql(fixture, compiled, sql);
  assert_equal(query, "leaving rows out", expected, result, sql);
}

static RollupReason run_over_rollup(Fixture *fixture, guint scope, const SemanticQuery *query,
                                    const CompiledQuery *compiled, const ResultTable *expected) {
  RollupReason first = ROLLUP_NONE_DECLARED;
  for (guint i = 0; i < fixture->views[scope]->len; i++) {
    const RollupView *view = fixture->views[scope]->pdata[i];
    RollupReason reason = rollup_check(view, query, fixture->scopes[scope]);
    fixture->reasons[reason]++;
    g_autoptr(CompiledQuery) rolled =
        reason == ROLLUP_USED ? rollup_compile(view, query, fixture->scopes[scope], compiled, NULL) : NULL;
    if (reason == ROLLUP_USED && !rolled) reason = ROLLUP_DIMENSION_MISSING;
    if (first == ROLLUP_NONE_DECLARED) first = reason;
    if (!rolled) continue;
    g_autoptr(ResultTable) result = run_sql(fixture, rolled, rolled->sql);
    fixture->estimated += rolled->estimated != NULL;
    assert_equal(query, view->definition->name, expected, result, rolled->sql);
    for (guint c = 0; c < compiled->columns->len; c++) {
      const AnswerColumn *a = compiled->columns->pdata[c], *b = rolled->columns->pdata[c];
      g_assert_cmpstr(a->name, ==, b->name);
      g_assert_cmpstr(a->type, ==, b->type);
      g_assert_cmpstr(a->unit, ==, b->unit);
      g_assert_cmpstr(a->format, ==, b->format);
    }
    return ROLLUP_USED;
  }
  return first;
}

static void check_query(Fixture *fixture, guint scope, const SemanticQuery *query) {
  ResolveContext context = {.as_of = day_from_ymd(2020, 4, 20), .calendar = fixture->model->calendar};
  g_autoptr(Model) visible = model_visible(fixture->model, fixture->scopes[scope]);
  if (!semantic_query_validate(query, visible, NULL)) return;
  g_autoptr(SemanticQuery) resolved = semantic_query_resolve(query, visible, &context, NULL);
  g_autoptr(CompiledQuery) compiled =
      resolved ? semantic_query_compile(resolved, visible, fixture->scopes[scope], NULL) : NULL;
  if (!compiled) return;
  g_autoptr(ResultTable) expected = run_sql(fixture, compiled, compiled->sql);
  check_reads(fixture, resolved, compiled, expected);
  fixture->run++;
  if (run_over_rollup(fixture, scope, resolved, compiled, expected) == ROLLUP_USED) fixture->used++;
}

static void check_differential(Fixture *fixture) {
  const char *wanted = g_getenv("ROLLUP_QUERIES");
  guint rounds = wanted ? (guint)strtoul(wanted, NULL, 10) : ROUNDS;
  gint64 enough_us = wanted ? G_MAXINT64 : g_get_monotonic_time() + PATIENCE_US;
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  while (fixture->run < rounds && (fixture->run < LEAST_ROUNDS || g_get_monotonic_time() < enough_us)) {
    g_autoptr(SemanticQuery) query = g_rand_int_range(random, 0, 10) ? usual_query(random) : random_query(random);
    check_query(fixture, g_rand_int_range(random, 0, 3) ? 0 : (guint)g_rand_int_range(random, 1, 4), query);
    if (g_test_failed()) return;
  }
  g_test_message("%u of %u queries used a rollup", fixture->used, fixture->run);
  for (guint i = 0; i < ROLLUP_REASON_COUNT; i++)
    if (fixture->reasons[i]) g_test_message("  %s: %u", rollup_reason_code((RollupReason)i), fixture->reasons[i]);
  g_test_message("%u reads were narrowed by keys of another table", fixture->with_keys);
  g_assert_cmpuint(fixture->used * 10, >=, fixture->run * 6);
  g_test_message("%u were answered from sketches", fixture->estimated);
  g_assert_cmpuint(fixture->estimated * 100, >=, fixture->run);
  g_assert_cmpuint(fixture->with_keys * 40, >=, fixture->run);
}

static void check_with_dates(void) {
  Fixture *fixture = fixture_new("order_date");
  check_differential(fixture);
  static const RollupReason hit[] = {
      ROLLUP_ROW_LIST,         ROLLUP_NEEDS_ROWS,       ROLLUP_NOT_ADDITIVE,         ROLLUP_SNAPSHOT_MEASURE,
      ROLLUP_INEXACT_SUM,      ROLLUP_MEASURE_MISSING,  ROLLUP_DISTINCT_KEY_MISSING, ROLLUP_DIMENSION_MISSING,
      ROLLUP_FILTER_MISSING,   ROLLUP_GRAIN_TOO_COARSE, ROLLUP_RANGE_NOT_ALIGNED,    ROLLUP_OTHER_DATE,
      ROLLUP_SCOPE_NOT_COVERED};
  for (guint i = 0; i < G_N_ELEMENTS(hit); i++)
    if (!fixture->reasons[hit[i]]) {
      g_test_message("no query was kept from a rollup by %s", rollup_reason_code(hit[i]));
      g_test_fail();
    }
  fixture_free(fixture);
}

static void check_with_moments(void) {
  Fixture *fixture = fixture_new("ordered_at");
  check_differential(fixture);
  fixture_free(fixture);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/query/rollup/same_answers_by_dates", check_with_dates);
  g_test_add_func("/query/rollup/same_answers_by_moments", check_with_moments);
  return g_test_run();
}

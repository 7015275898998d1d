#include "unit/query/random_query.h"

#define PICK(random, array) (array)[g_rand_int_range((random), 0, (gint32)G_N_ELEMENTS(array))]

static gboolean chance(GRand *random, double share) {
  return g_rand_double(random) < share;
}

static const char *const metrics[] = {"revenue",   "profit",     "units",       "margin",          "orders",
                                      "customers", "products",   "order_value", "cancelled_value", "lost",
                                      "kept",      "list_value", "visitors",    "conversion",      "stock"};
static const char *const entities[] = {"order", "customer", "product"};

static TimeRange random_time(GRand *random, gboolean relative) {
  static const TimeUnit units[] = {TIME_UNIT_DAY,  TIME_UNIT_WEEK, TIME_UNIT_MONTH,          TIME_UNIT_QUARTER,
                                   TIME_UNIT_HALF, TIME_UNIT_YEAR, TIME_UNIT_FISCAL_QUARTER, TIME_UNIT_FISCAL_YEAR};
  Day from = day_from_ymd(g_rand_int_range(random, 2018, 2021), g_rand_int_range(random, 1, 13),
                          g_rand_int_range(random, 1, 29));
  if (!relative || chance(random, 0.5)) return time_range_absolute(from, from + g_rand_int_range(random, 1, 500));
  TimeRange range =
      time_range_units(PICK(random, units), g_rand_int_range(random, -6, 2), g_rand_int_range(random, 1, 4));
  int kind = g_rand_int_range(random, 0, 3);
  if (kind == 1) range = (TimeRange){TIME_ROLLING, DAY_NONE, DAY_NONE, range.unit, 0, range.count};
  if (kind == 2) range = (TimeRange){TIME_TO_DATE, DAY_NONE, DAY_NONE, range.unit, MIN(range.offset, 0), 0};
  return range;
}

static Measure *random_measure(GRand *random, int depth);

static Filter *random_value_filter(GRand *random) {
  static const char *const fields[] = {"order_line.region", "product.category", "product.product_name",
                                       "order_line.customer_id"};
  static const char *const values[] = {"West", "East", "Furniture", "Pen", "C1", "nowhere", "it's"};
  Filter *filter = filter_new(FILTER_FIELD);
  filter->field = g_strdup(PICK(random, fields));
  filter->op = chance(random, 0.7) ? OP_EQUAL : OP_NOT_EQUAL;
  for (int n = g_rand_int_range(random, 1, 4); n > 0; n--)
    g_ptr_array_add(filter->values, g_strdup(PICK(random, values)));
  return filter;
}

static Filter *random_number_filter(GRand *random) {
  static const char *const fields[] = {"order_line.sales", "order_line.quantity", "order_line.discount",
                                       "product.list_price"};
  Filter *filter = filter_new(FILTER_FIELD);
  filter->field = g_strdup(PICK(random, fields));
  filter->op = (Operator)g_rand_int_range(random, OP_LESS, OP_IS_NOT_NULL + 1);
  int values = filter->op == OP_BETWEEN ? 2 : filter->op >= OP_IS_NULL ? 0 : 1;
  for (int i = 0; i < values; i++)
    g_ptr_array_add(filter->values, g_strdup_printf("%d", g_rand_int_range(random, 0, 200)));
  return filter;
}

static Filter *random_cyclic_filter(GRand *random) {
  static const Cyclic cyclics[] = {CYCLIC_HOUR_OF_DAY, CYCLIC_WEEKDAY, CYCLIC_DAY_OF_MONTH, CYCLIC_MONTH_OF_YEAR,
                                   CYCLIC_QUARTER_OF_YEAR};
  Filter *filter = filter_new(FILTER_CYCLIC);
  filter->cyclic = PICK(random, cyclics);
  for (int n = g_rand_int_range(random, 1, 4); n > 0; n--)
    g_ptr_array_add(filter->values, g_strdup_printf("%d", g_rand_int_range(random, 1, 5)));
  return filter;
}

static Filter *random_filter(GRand *random, int depth) {
  int kind = g_rand_int_range(random, 0, depth > 1 ? 4 : 7);
  Filter *filter;
  switch (kind) {
  case 0: return random_number_filter(random);
  case 1: return random_cyclic_filter(random);
  case 2:
    filter = filter_new(FILTER_CONDITION);
    filter->condition = g_strdup(chance(random, 0.5) ? "cancelled" : "furniture");
    break;
  case 4:
    filter = filter_new(FILTER_ENTITY);
    filter->entity = g_strdup(PICK(random, entities));
    filter->op = (Operator)g_rand_int_range(random, OP_EQUAL, OP_GREATER_EQUAL + 1);
    filter->measure = random_measure(random, depth + 1);
    filter->within = chance(random, 0.5);
    g_ptr_array_add(filter->values, g_strdup_printf("%d", g_rand_int_range(random, 0, 5)));
    break;
  case 5:
  case 6:
    filter = filter_new(kind == 5 ? FILTER_DID : FILTER_ANY);
    for (int n = g_rand_int_range(random, 1, 3); n > 0; n--)
      g_ptr_array_add(filter->did, random_filter(random, depth + 1));
    if (kind == 5) {
      filter->entity = g_strdup(PICK(random, entities));
      filter->within = chance(random, 0.5);
      if (chance(random, 0.4)) filter->did_time = random_time(random, FALSE);
    }
    break;
  default: filter = random_value_filter(random);
  }
  filter->negated = chance(random, 0.3);
  return filter;
}

static Measure *random_aggregate(GRand *random) {
  static const char *const fields[] = {"order_line.sales", "order_line.quantity", "order_line.discount",
                                       "product.list_price", "visit.visitors"};
  Measure *measure = measure_new(MEASURE_AGGREGATE);
  measure->aggregate = (Aggregate)g_rand_int_range(random, AGGREGATE_SUM, AGGREGATE_STDDEV + 1);
  measure->field = g_strdup(PICK(random, fields));
  if (measure->aggregate == AGGREGATE_PERCENTILE) measure->percentile = 0.25;
  return measure;
}

static Measure *random_measure(GRand *random, int depth) {
  int kind = g_rand_int_range(random, 0, depth > 1 ? 4 : 8);
  Measure *measure;
  if (kind == 3) {
    measure = random_aggregate(random);
  } else if (kind == 4) {
    measure = measure_new(MEASURE_PER);
    measure->aggregate = (Aggregate)g_rand_int_range(random, AGGREGATE_SUM, AGGREGATE_MAX + 1);
    measure->left = random_measure(random, depth + 1);
    if (chance(random, 0.6))
      measure->per_entity = g_strdup(PICK(random, entities));
    else
      measure->per_unit = TIME_UNIT_DAY;
    if (chance(random, 0.3)) {
      measure->tested = TRUE;
      measure->test = (Operator)g_rand_int_range(random, OP_EQUAL, OP_BETWEEN + 1);
      measure->test_value = g_rand_int_range(random, 0, 200);
      if (measure->test == OP_BETWEEN) measure->test_value_to = measure->test_value + 50;
    }
  } else if (kind == 5) {
    measure = measure_new((MeasureKind)g_rand_int_range(random, MEASURE_RATIO, MEASURE_SUM + 1));
    measure->left = random_measure(random, depth + 1);
    measure->right = random_measure(random, depth + 1);
  } else {
    measure = measure_new_metric(PICK(random, metrics));
  }
  while (chance(random, 0.25)) g_ptr_array_add(measure->filters, random_filter(random, depth + 1));
  if (chance(random, 0.1)) measure->time = random_time(random, FALSE);
  measure->ignore_query_filters = chance(random, 0.05);
  return measure;
}

static Dimension *random_dimension(GRand *random) {
  static const char *const fields[] = {"order_line.region", "product.category", "product.product_name",
                                       "order_line.customer_id", "order_line.order_id"};
  static const Cyclic cyclics[] = {CYCLIC_HOUR_OF_DAY, CYCLIC_WEEKDAY, CYCLIC_MONTH_OF_YEAR, CYCLIC_WEEKEND,
                                   CYCLIC_QUARTER_OF_YEAR};
  Dimension *dimension =
      dimension_new((DimensionKind)g_rand_int_range(random, DIMENSION_FIELD, DIMENSION_FIRST_TIME + 1));
  double low = g_rand_int_range(random, 1, 50), high = low + g_rand_int_range(random, 1, 50);
  dimension->unit = (TimeUnit)g_rand_int_range(random, TIME_UNIT_HOUR, TIME_UNIT_FISCAL_YEAR + 1);
  switch (dimension->kind) {
  case DIMENSION_FIELD: dimension->field = g_strdup(PICK(random, fields)); break;
  case DIMENSION_CYCLIC: dimension->cyclic = PICK(random, cyclics); break;
  case DIMENSION_BUCKET:
    dimension->field = g_strdup("order_line.sales");
    g_array_append_val(dimension->edges, low);
    g_array_append_val(dimension->edges, high);
    break;
  case DIMENSION_ENTITY_BUCKET:
    dimension->measure = random_measure(random, 1);
    if (chance(random, 0.7)) g_array_append_val(dimension->edges, low);
    dimension->entity = g_strdup(PICK(random, entities));
    break;
  case DIMENSION_FIRST_TIME: dimension->entity = g_strdup(PICK(random, entities)); break;
  default: break;
  }
  if (dimension->kind != DIMENSION_TIME && dimension->kind != DIMENSION_FIRST_TIME) dimension->unit = TIME_UNIT_NONE;
  return dimension;
}

static void random_compare(GRand *random, SemanticQuery *query) {
  Compare *compare = &query->compare;
  compare->kind = (CompareKind)g_rand_int_range(random, COMPARE_PERIODS, COMPARE_REST + 1);
  compare->show = (guint)g_rand_int_range(random, 1, 16);
  compare->toward = (Toward)g_rand_int_range(random, TOWARD_NONE, TOWARD_FALL + 1);
  if (compare->kind == COMPARE_PERIODS) compare->baseline = random_time(random, TRUE);
  if (compare->kind == COMPARE_MEMBERS || compare->kind == COMPARE_REST) {
    compare->field = g_strdup("order_line.region");
    compare->member = g_strdup("West");
    compare->other = compare->kind == COMPARE_MEMBERS ? g_strdup("East") : NULL;
  }
  if (query->time.kind == TIME_ALL) query->time = random_time(random, TRUE);
}

static void random_results(GRand *random, SemanticQuery *query) {
  guint measures = query->measures->len, dimensions = query->dimensions->len;
  if (chance(random, 0.3)) {
    Having having = {g_rand_int_range(random, 0, (gint32)measures), ON_VALUE,
                     (Operator)g_rand_int_range(random, OP_EQUAL, OP_BETWEEN + 1), 3, 100.5};
    having.value_to = having.op == OP_BETWEEN ? having.value_to : 0;
    g_array_append_val(query->having, having);
  }
  if (chance(random, 0.5)) {
    gboolean by_dimension = dimensions && chance(random, 0.4);
    Order order = {g_rand_int_range(random, 0, (gint32)(by_dimension ? dimensions : measures)),
                   by_dimension ? ON_DIMENSION : ON_VALUE, chance(random, 0.5), chance(random, 0.1)};
    order.absolute = order.absolute && !by_dimension;
    g_array_append_val(query->order, order);
  }
  if (chance(random, 0.4)) query->limit = g_rand_int_range(random, 1, 10);
  if (query->limit && chance(random, 0.3)) query->offset = g_rand_int_range(random, 1, 4);
  if (query->limit && dimensions > 1 && chance(random, 0.4))
    query->limit_within = g_rand_int_range(random, 1, (gint32)dimensions);
  if (chance(random, 0.15)) query->share = SHARE_TOTAL;
  if (dimensions > 1 && chance(random, 0.1)) {
    query->share = SHARE_WITHIN;
    query->share_dimensions = 1;
  }
  if (dimensions && chance(random, 0.15)) {
    query->window = (WindowKind)g_rand_int_range(random, WINDOW_CUMULATIVE, WINDOW_RANK + 1);
    query->window_size = query->window == WINDOW_MOVING_AVERAGE ? 3 : 0;
  }
}

SemanticQuery *random_query(GRand *random) {
  SemanticQuery *query = semantic_query_new();
  for (int n = g_rand_int_range(random, 1, 4); n > 0; n--) g_ptr_array_add(query->measures, random_measure(random, 0));
  for (int n = g_rand_int_range(random, 0, 4); n > 0; n--) g_ptr_array_add(query->dimensions, random_dimension(random));
  for (int n = g_rand_int_range(random, 0, 3); n > 0; n--) g_ptr_array_add(query->filters, random_filter(random, 0));
  if (chance(random, 0.5)) query->time = random_time(random, TRUE);
  if (chance(random, 0.3)) random_compare(random, query);
  random_results(random, query);
  if (chance(random, 0.1)) {
    query->cohort = chance(random, 0.5) ? COHORT_NEW : COHORT_REPEAT;
    query->cohort_entity = g_strdup("customer");
  }
  query->missing_rows = chance(random, 0.1) ? MISSING_ZERO : MISSING_OMIT;
  return query;
}

/* ---- shuffling ---- */
static void shuffle_array(GRand *random, GPtrArray *array) {
  for (guint i = array->len; i > 1; i--) {
    guint other = (guint)g_rand_int_range(random, 0, (gint32)i);
    gpointer moved = array->pdata[i - 1];
    array->pdata[i - 1] = array->pdata[other];
    array->pdata[other] = moved;
  }
}

static void shuffle_measure(GRand *random, Measure *measure);

static void shuffle_filters(GRand *random, GPtrArray *filters) {
  shuffle_array(random, filters);
  for (guint i = 0; i < filters->len; i++) {
    Filter *filter = filters->pdata[i];
    if (filter->op != OP_BETWEEN) shuffle_array(random, filter->values);
    shuffle_filters(random, filter->did);
    if (filter->measure) shuffle_measure(random, filter->measure);
  }
}

static void shuffle_measure(GRand *random, Measure *measure) {
  shuffle_filters(random, measure->filters);
  if (measure->left) shuffle_measure(random, measure->left);
  if (measure->right) shuffle_measure(random, measure->right);
}

void shuffle_query(GRand *random, SemanticQuery *query) {
  shuffle_filters(random, query->filters);
  for (guint i = 0; i < query->measures->len; i++) shuffle_measure(random, query->measures->pdata[i]);
  for (guint i = 0; i < query->dimensions->len; i++) {
    Dimension *dimension = query->dimensions->pdata[i];
    if (dimension->measure) shuffle_measure(random, dimension->measure);
  }
}

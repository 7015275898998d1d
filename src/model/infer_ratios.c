/* Ratios of sums that retailers ask for, where both parts exist. */
#include "model/infer.h"
#include "model/infer_private.h"

typedef struct {
  const char *name, *numerator, *denominator, *label, *unit, *description;
  gboolean lower_is_better;
  const char *words[12];
} Ratio;

/* unit "": that of the numerator. */
static const Ratio ratios[] = {
    {"units_per_order", "units", "orders", "Units per order", "", "Units over orders", FALSE,
     {"items per order", "basket size", "units per transaction", "items per basket", "average basket size", "units per basket",
      "items per transaction", "average units per order", "units per invoice"}},
    {"revenue_per_customer", "revenue", "customers", "Revenue per customer", "", "Revenue over customers", FALSE,
     {"sales per customer", "average revenue per customer", "customer value", "spend per customer", "average spend per customer",
      "average customer spend", "revenue per client"}},
    {"orders_per_customer", "orders", "customers", "Orders per customer", "number", "Orders over customers", FALSE,
     {"purchase frequency", "average orders per customer", "order frequency", "invoices per customer"}},
    {"lines_per_order", "order_lines", "orders", "Lines per order", "number", "Order lines over orders", FALSE,
     {"lines per invoice", "average lines per order", "line items per order"}},
    {"revenue_per_unit", "revenue", "units", "Revenue per unit", "", "Revenue over units", FALSE,
     {"average selling price", "sales per unit", "average revenue per unit"}},
    {"profit_per_order", "profit", "orders", "Profit per order", "", "Profit over orders", FALSE,
     {"average profit per order", "average order profit"}},
    {"revenue_per_store", "revenue", "stores", "Revenue per store", "", "Revenue over stores", FALSE,
     {"sales per store", "average sales per store", "average revenue per store", "sales per branch"}},
    {"conversion_rate", "orders", "visits", "Conversion rate", "fraction", "Orders over visits", FALSE,
     {"conversion", "conversion rates", "visit to order conversion", "traffic conversion", "convert", "converts", "converted",
      "converting", "visits converted", "visits that convert"}},
    {"conversion_rate", "conversions", "clicks", "Conversion rate", "fraction", "Conversions over clicks", FALSE,
     {"conversion rates", "click to conversion rate", "conversions per click"}},
    {"revenue_per_visit", "revenue", "visits", "Revenue per visit", "", "Revenue over visits", FALSE,
     {"sales per visit", "revenue per visitor", "sales per visitor", "revenue per session"}},
    {"roas", "attributed_revenue", "spend", "Return on ad spend", "number", "Attributed revenue over marketing spend", FALSE,
     {"return on advertising spend", "revenue per marketing spend", "marketing efficiency", "return on marketing spend", "ad efficiency"}},
    {"cost_per_conversion", "spend", "conversions", "Cost per conversion", "", "Marketing spend over conversions", TRUE,
     {"spend per conversion", "cost of a conversion"}},
    {"bounce_rate", "bounces", "visits", "Bounce rate", "fraction", "Bounces over visits", TRUE, {"bounce rates", "share of bounces"}},
    {"roas", "revenue", "spend", "Return on ad spend", "number", "Revenue over marketing spend", FALSE,
     {"return on advertising spend", "revenue per marketing spend", "marketing efficiency", "return on marketing spend", "ad efficiency"}},
    {"cost_per_order", "spend", "orders", "Marketing cost per order", "", "Marketing spend over orders", TRUE,
     {"acquisition cost", "cost per acquisition", "cpa", "spend per order", "marketing spend per order"}},
    {"spend_share", "spend", "revenue", "Marketing share of revenue", "fraction", "Marketing spend over revenue", TRUE,
     {"marketing ratio", "advertising to sales ratio", "spend as a share of revenue"}},
    {"cost_per_click", "spend", "clicks", "Cost per click", "", "Marketing spend over clicks", TRUE, {"cpc", "spend per click"}},
    {"click_through_rate", "clicks", "impressions", "Click-through rate", "fraction", "Clicks over impressions", FALSE,
     {"ctr", "click rate", "click through rate"}},
    {"budget_attainment", "revenue", "budget", "Budget attainment", "fraction", "Revenue over budget", FALSE,
     {"target attainment", "budget achievement", "target achievement", "achievement", "attainment", "sales to budget",
      "plan attainment", "budget fulfilment"}},
    {"unit_target_attainment", "units", "target_units", "Unit target attainment", "fraction", "Units over the target", FALSE, {NULL}},
    {"return_rate", "returned_orders", "orders", "Return rate", "fraction", "Orders with returns over orders", TRUE,
     {"returns rate", "rate of returns", "refund rate", "share of orders returned"}},
    {"order_return_rate", "returned_orders", "orders", "Share of orders returned", "fraction", "Orders with returns over orders", TRUE,
     {"share of orders returned", "share of returned orders", "share of orders with returns", "order return rate", "share of orders with a return"}},
    {"refund_share", "refunds", "revenue", "Refunds per revenue", "fraction", "Refunds over revenue", TRUE,
     {"refund share", "share of revenue refunded", "return rate by value", "value of returns as a share of revenue", "refunds as a share of revenue",
      "returns as a share of revenue", "value of returns as a percentage of revenue", "refunds as a percentage of revenue",
      "returns as a percentage of revenue", "returns as a percentage of sales"}},
    {"cancellation_rate", "cancelled_orders", "orders", "Cancellation rate", "fraction", "Cancelled orders over orders", TRUE,
     {"cancel rate", "rate of cancellation", "share of orders cancelled"}},
};

/*
 * Where what came back is counted line by line (returns lead to the lines that were sold), the rate is that of pieces,
 * and that of orders has a name of its own.
 */
static const Ratio *rate_of_returns(const Inference *inference, const Ratio *ratio) {
  static const Ratio of_units = {"return_rate", "returned_units", "units", "Return rate", "fraction", "Units returned over units sold", TRUE,
                                 {"returns rate", "rate of returns", "refund rate", "unit return rate", "share of units returned"}};
  const Metric *returned = model_find_metric(inference->model, "returned_units"), *sold = model_find_metric(inference->model, "units");
  gboolean by_line = returned != NULL && sold != NULL && !g_str_equal(returned->dataset, sold->dataset) &&
                     infer_leads_to(inference, infer_find_table(inference, returned->dataset), infer_find_table(inference, sold->dataset));
  by_line |= returned != NULL && sold != NULL && !g_str_equal(returned->dataset, sold->dataset) &&
             model_find_metric(inference->model, "returned_orders") == NULL; /* returns that name no order at all */
  if (g_str_equal(ratio->name, "return_rate"))
    return by_line ? &of_units : ratio;
  gboolean only_by_line = g_str_equal(ratio->name, "order_return_rate") || g_str_equal(ratio->name, "refund_share");
  return only_by_line && !by_line ? NULL : ratio;
}

/* What leaves cancelled rows out is divided by the orders that were not cancelled. */
static const char *denominator_of(const Inference *inference, const Ratio *ratio, const Metric *numerator) {
  gboolean completed = numerator->conditions[0] != NULL && numerator->conditions[0][0] == '!' && g_str_equal(ratio->denominator, "orders") &&
                       model_find_metric(inference->model, "completed_orders") != NULL;
  return completed ? "completed_orders" : ratio->denominator;
}

static Metric *add_derived(Inference *inference, const Ratio *ratio, MetricKind kind) {
  const Metric *numerator = model_find_metric(inference->model, ratio->numerator);
  if (numerator == NULL || model_find_metric(inference->model, ratio->denominator) == NULL ||
      model_find_metric(inference->model, ratio->name) != NULL)
    return NULL;
  const char *denominator = denominator_of(inference, ratio, numerator);
  Metric *metric = model_builder_add_derived_metric(inference->builder, ratio->name, kind, ratio->numerator, denominator);
  const char *unit = g_str_equal(ratio->unit, "number") || (ratio->unit[0] == '\0' && !numerator->is_money) ? ""
                     : ratio->unit[0] == '\0'                                                              ? numerator->unit
                                                                                                           : ratio->unit;
  g_autofree char *copy = g_strdup(unit);
  infer_describe(inference, metric, ratio->label, copy, ratio->description);
  metric->lower_is_better = ratio->lower_is_better;
  infer_add_words(inference, metric, (char *const *)ratio->words);
  infer_note(inference, ratio->name, "a ratio of sums");
  return metric;
}

/* Orders of which at least one row is cancelled or returned. */
static void add_orders_gone(Inference *inference, const char *condition_name) {
  const Condition *condition = model_find_condition(inference->model, condition_name);
  const Metric *orders = model_find_metric(inference->model, "orders");
  if (condition == NULL || orders == NULL || orders->kind != METRIC_AGGREGATE)
    return;
  const InferTable *table = infer_find_table(inference, orders->dataset), *other = infer_find_table(inference, condition->dataset);
  if (!infer_leads_to(inference, table, other))
    return;
  g_autofree char *name = g_strdup_printf("%s_orders", condition_name);
  Metric *metric = infer_add_metric(inference, name, orders->aggregate, table, orders->expression);
  if (metric == NULL)
    return;
  g_autofree char *label = g_strdup_printf("%c%s %s", g_ascii_toupper(condition_name[0]), condition_name + 1, orders->label);
  label[0] = g_ascii_toupper(label[0]);
  infer_describe(inference, metric, label, "count", "Orders with at least one such row");
  model_add_word(&metric->conditions, condition_name);
  metric->lower_is_better = TRUE;
  static const char *const nouns[] = {"orders", "invoices", "transactions"};
  for (guint i = 0; i < G_N_ELEMENTS(nouns); i++) {
    g_autofree char *phrase = g_strdup_printf("%s %s", condition_name, nouns[i]);
    if (g_ascii_strcasecmp(phrase, label) != 0)
      model_add_word(&metric->synonyms, phrase);
  }
}

/* The column of the lines that names their order, where orders are counted in a table of their own; NULL. */
static const InferColumn *order_of_lines(const Inference *inference, const InferTable *lines, const Metric *orders) {
  g_autoptr(GPtrArray) path = model_join_path(inference->model, lines->dataset->name, orders->dataset);
  const Relationship *only = path != NULL && path->len == 1 ? g_ptr_array_index(path, 0) : NULL;
  return only != NULL && g_strcmp0(only->to_fields[0], orders->expression) == 0 ? infer_find_column(lines, only->from_fields[0]) : NULL;
}

/* Orders whose value counts: with cancelled orders left out of revenue, they are left out below it as well. */
static const char *orders_of_revenue(Inference *inference) {
  const Metric *revenue = model_find_metric(inference->model, "revenue"), *orders = model_find_metric(inference->model, "orders");
  if (revenue == NULL || orders == NULL)
    return "orders";
  const InferTable *table = infer_find_table(inference, revenue->dataset);
  gboolean apart = !g_str_equal(revenue->dataset, orders->dataset);
  const InferColumn *number = apart && table != NULL ? order_of_lines(inference, table, orders) : NULL;
  const InferTable *home = infer_find_table(inference, orders->dataset);
  gboolean empty_orders = number != NULL && home != NULL && number->profile->distinct < home->profile->rows;
  if ((apart && number == NULL) || (revenue->conditions[0] == NULL && !empty_orders))
    return "orders";
  Metric *metric = infer_add_metric(inference, "completed_orders", orders->aggregate, table, apart ? number->field->name : orders->expression);
  if (metric == NULL)
    return "orders";
  if (revenue->conditions[0] == NULL) {
    infer_describe(inference, metric, "Orders with lines", "count", "Orders of which something was sold");
    return "completed_orders";
  }
  infer_describe(inference, metric, "Completed orders", "count", "Orders that were neither cancelled nor returned");
  model_set_words(&metric->conditions, (const char *const *)revenue->conditions);
  model_add_word(&metric->synonyms, "orders not cancelled");
  return "completed_orders";
}

static void add_average_order_value(Inference *inference) {
  const char *orders = orders_of_revenue(inference);
  const Ratio ratio = {"average_order_value", "revenue", orders, "Average order value", "", "Revenue over orders", FALSE,
                       {"aov", "average order size", "average basket value", "average transaction value", "average invoice value",
                        "average ticket", "average basket", "average receipt", "revenue per order", "sales per order",
                        "average purchase value"}};
  Metric *metric = add_derived(inference, &ratio, METRIC_RATIO);
  static const char *const more[] = {"order value", "basket value", "average bill", "average value of an order", "average value of an invoice",
                                     "average value per order", "average sale", "average purchase", "average order", "invoice value",
                                     "transaction value", "average ticket size", "average order amount", "average check", "average spend per order", NULL};
  if (metric != NULL)
    infer_add_words(inference, metric, (char *const *)more);
}

/* Days from order to shipping and to delivery. */
static void add_days(Inference *inference, const InferTable *table, const char *concept, const char *name, const char *label,
                     const char *const *words) {
  const InferColumn *from = infer_find_concept(table, "order_date"), *to = infer_find_concept(table, concept);
  if (from == NULL || to == NULL)
    return;
  g_autofree char *expression = g_strdup_printf("date_diff('day', %s, %s)", from->field->name, to->field->name);
  Metric *metric = infer_add_metric(inference, name, AGGREGATE_AVERAGE, table, expression);
  if (metric == NULL)
    return;
  infer_describe(inference, metric, label, "days", "Average number of days between the two dates");
  metric->lower_is_better = TRUE;
  infer_add_words(inference, metric, (char *const *)words);
  for (; *words != NULL; words++) { /* people say that it is the average */
    g_autofree char *average = g_strdup_printf("average %s", *words);
    if (!g_str_has_prefix(*words, "average"))
      model_add_word(&metric->synonyms, average);
  }
  infer_note(inference, metric->name, "days from %s to %s", from->field->label, to->field->label);
}

/* One condition stands for both: it answers to both names. */
static void share_words(const Inference *inference) {
  static const char *const pairs[][3] = {{"cancellation_rate", "return rate", "returns rate"},
                                         {"return_rate", "cancellation rate", "cancel rate"},
                                         {"cancelled_orders", "returned orders", "returned invoices"},
                                         {"returned_orders", "cancelled orders", "cancelled invoices"}};
  for (guint i = 0; i < G_N_ELEMENTS(pairs); i++)
    for (guint j = 0; j < inference->model->metrics->len; j++) {
      Metric *metric = g_ptr_array_index(inference->model->metrics, j);
      if (!g_str_equal(metric->name, pairs[i][0]))
        continue;
      model_add_word(&metric->synonyms, pairs[i][1]);
      model_add_word(&metric->synonyms, pairs[i][2]);
    }
}

/* Lines without a quantity are single items. */
static void lines_are_items(Inference *inference) {
  static const char *const counted[] = {"items sold", "units sold", "units", "number of items", NULL};
  static const char *const each[] = {"items per order", "items per transaction", "items per basket", "basket size", "average basket size",
                                     "units per order", "items per invoice", NULL};
  if (model_find_metric(inference->model, "units") != NULL)
    return;
  for (guint i = 0; i < inference->model->metrics->len; i++) {
    Metric *metric = g_ptr_array_index(inference->model->metrics, i);
    if (g_str_equal(metric->name, "order_lines"))
      infer_add_words(inference, metric, (char *const *)counted);
    else if (g_str_equal(metric->name, "lines_per_order"))
      infer_add_words(inference, metric, (char *const *)each);
  }
}

/* Where nothing else costs, cost is what marketing costs. */
static void spend_is_cost(Inference *inference) {
  static const char *const words[] = {"cost", "costs", "total cost", NULL};
  if (model_find_metric(inference->model, "cost") != NULL || model_find_metric(inference->model, "spend") == NULL)
    return;
  for (guint i = 0; i < inference->model->metrics->len; i++) {
    Metric *metric = g_ptr_array_index(inference->model->metrics, i);
    if (g_str_equal(metric->name, "spend"))
      infer_add_words(inference, metric, (char *const *)words);
  }
}

void infer_ratios(Inference *inference, const InferTable *table) {
  static const char *const shipping[] = {"days to ship", "shipping time", "shipping days", "time to ship", "days between order and shipping",
      "days from order to shipping", "processing time", "handling time", "lead time", "order to ship time", NULL};
  static const char *const delivery[] = {"days to deliver", "delivery time", "days to delivery", "time to deliver",
      "days between order and delivery", "days from order to delivery", "average delivery time", NULL};
  static const Ratio by_value = {.name = "refund_share"}; /* known line by line */
  add_orders_gone(inference, "cancelled");
  add_orders_gone(inference, "returned");
  add_average_order_value(inference);
  for (guint i = 0; i < G_N_ELEMENTS(ratios); i++)
    if (rate_of_returns(inference, &ratios[i]) != NULL)
      add_derived(inference, rate_of_returns(inference, &ratios[i]), METRIC_RATIO);
  lines_are_items(inference);
  spend_is_cost(inference);
  if (table->gone_by_prefix)
    share_words(inference);
  static const Ratio variance = {"budget_variance", "revenue", "budget", "Revenue less budget", "", "Revenue minus budget", FALSE,
                                 {"variance to budget", "difference to budget", "budget gap", "gap to target", "variance against budget",
                                  "over or under budget", "gap to budget", "variance"}};
  add_derived(inference, &variance, METRIC_DIFFERENCE);
  static const Ratio kept = {"revenue_after_returns", "revenue", "refunds", "Revenue after returns", "", "Revenue minus refunds", FALSE,
                             {"net revenue after returns", "sales after returns", "net sales after returns", "revenue net of returns",
                              "sales net of returns", "revenue after refunds", "revenue less refunds", "revenue less returns", "sales less returns",
                              "revenue minus returns"}};
  if (rate_of_returns(inference, &by_value) != NULL)
    add_derived(inference, &kept, METRIC_DIFFERENCE);
  for (guint i = 0; i < inference->tables->len; i++) { /* dates stand in the lines, or in the orders they lead to */
    const InferTable *other = g_ptr_array_index(inference->tables, i);
    if (!other->dataset->is_fact || !infer_leads_to(inference, table, other))
      continue;
    add_days(inference, other, "ship_date", "shipping_days", "Days to ship", shipping);
    add_days(inference, other, "delivery_date", "delivery_days", "Days to deliver", delivery);
  }
}

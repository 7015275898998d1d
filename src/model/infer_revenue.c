/*
 * Money made: which column is revenue, with or without tax; or quantity times price. What cancellations and returns do
 * to it. Profit and margin.
 */
#include "model/infer.h"
#include "model/expression.h"
#include "model/infer_private.h"
#include "model/infer_sales.h"
#include <string.h>

/* total = part + rest on nearly every row, to the cent. */
static gboolean adds_up(Sales *sales, const InferColumn *total, const InferColumn *part, const InferColumn *rest, gboolean *holds,
                        GError **error) {
  g_autofree char *test = g_strdup_printf(
      "abs(%s::DOUBLE - %s::DOUBLE - %s::DOUBLE) <= 0.011 + 0.0005 * abs(%s::DOUBLE) OR (%s IS NULL OR %s IS NULL)", infer_sql_of(total),
      infer_sql_of(part), infer_sql_of(rest), infer_sql_of(total), infer_sql_of(total), infer_sql_of(part));
  double share = 0;
  if (!infer_share(sales->inference, sales->table, test, &share, error))
    return FALSE;
  *holds = share >= LEAST_EQUAL;
  return TRUE;
}

/*
 * With a tax column there are two revenues. The data says which column holds which: total = net + tax. Revenue is the
 * total; without a net column the net one is total - tax, but only where some column shows that the total has tax in it.
 */
static gboolean separate_tax(Sales *sales, GError **error) {
  if (sales->tax == NULL || sales->total == NULL || sales->tax->profile->filled == 0)
    return TRUE;
  for (guint i = 0; i < sales->table->columns->len; i++) {
    InferColumn *other = g_ptr_array_index(sales->table->columns, i);
    gboolean with = FALSE, without = FALSE;
    if (other == sales->total || other == sales->tax || !infer_is_money_sum(other))
      continue;
    if (!adds_up(sales, sales->total, other, sales->tax, &without, error) || !adds_up(sales, other, sales->total, sales->tax, &with, error))
      return FALSE;
    if (!with && !without)
      continue;
    InferColumn *total = with ? other : sales->total, *net = with ? sales->total : other;
    gboolean is_net_column = with || infer_is_concept(net, "revenue_excluding_tax") || infer_is_concept(net, "revenue");
    sales->total = total;
    if (is_net_column)
      sales->net = net;
    g_free(sales->revenue_net);
    sales->revenue_net = is_net_column ? g_strdup(net->field->name)
                                       : g_strdup_printf("%s - %s", total->field->name, sales->tax->field->name);
    infer_note(sales->inference, "revenue", "%s = %s + %s on the rows: it includes tax", total->field->label, net->field->label,
               sales->tax->field->label);
    return TRUE;
  }
  return TRUE;
}

/* The column of a concept in the table itself, or else in one that its rows lead to. */
static InferColumn *find_near(const Sales *sales, const char *concept) {
  InferColumn *own = infer_find_concept(sales->table, concept);
  for (guint i = 0; own == NULL && i < sales->inference->tables->len; i++) {
    InferTable *other = g_ptr_array_index(sales->inference->tables, i);
    InferColumn *found = other != sales->table && !other->dataset->is_fact ? infer_find_concept(other, concept) : NULL;
    if (found != NULL && infer_leads_to(sales->inference, sales->table, other))
      own = found;
  }
  return own;
}

/* "price", or "products.price" for a column of another table. */
static char *near_expression(const Sales *sales, const InferColumn *column) {
  return column->table == sales->table ? g_strdup(column->field->name)
                                       : g_strdup_printf("%s.%s", column->table->dataset->name, column->field->name);
}

/* Not what is paid for the goods, whatever it equals by chance. */
static gboolean may_be_amount(const InferColumn *column) {
  static const char *const others[] = {"discount", "tax", "shipping_cost", "cost", "unit_cost", "profit", "budget", "spend", "refunds"};
  for (guint i = 0; i < G_N_ELEMENTS(others); i++)
    if (infer_is_concept(column, others[i])) return FALSE;
  return column->field->role == FIELD_ROLE_MEASURE && infer_is_money(column) && !infer_has_word(column, "price") && !infer_has_word(column, "cost");
}

/*
 * No header says revenue ("Goods Value"): money that is quantity times price on many rows, and never above it, is what
 * the line came to. *found NULL: there is no such column.
 */
static gboolean find_amount_by_price(Sales *sales, InferColumn **found, GError **error) {
  const InferTable *table = sales->table;
  const InferColumn *units = infer_find_concept(table, "units"), *price = infer_find_concept(table, "unit_price");
  if (price == NULL)
    price = infer_find_concept(table, "list_price");
  *found = NULL;
  double best = 0.25;
  for (guint i = 0; units != NULL && price != NULL && i < table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    if (column == price || !may_be_amount(column))
      continue;
    g_autofree char *product = g_strdup_printf("(%s::DOUBLE * %s::DOUBLE)", infer_sql_of(units), infer_sql_of(price));
    g_autofree char *equal = g_strdup_printf("abs(%s::DOUBLE - %s) <= 0.011 + 0.001 * abs(%s)", infer_sql_of(column), product, product);
    g_autofree char *within = g_strdup_printf("abs(%s::DOUBLE) <= 0.011 + 1.001 * abs(%s)", infer_sql_of(column), product);
    double share = 0, below = 0;
    if (!infer_share(sales->inference, table, equal, &share, error) || !infer_share(sales->inference, table, within, &below, error))
      return FALSE;
    if (share <= best || below < LEAST_EQUAL)
      continue;
    best = share;
    *found = column;
  }
  if (*found != NULL)
    infer_note(sales->inference, "revenue", "%s is %s times %s, or less, on the rows", (*found)->field->label, units->field->label, price->field->label);
  return TRUE;
}

/* A cost that is mostly above the price of one where several are sold is the line's, not that of one. */
static gboolean settle_line_cost(Sales *sales, GError **error) {
  const InferTable *table = sales->table;
  const InferColumn *units = infer_find_concept(table, "units"), *price = infer_find_concept(table, "unit_price");
  InferColumn *cost = infer_find_concept(table, "unit_cost");
  if (price == NULL)
    price = infer_find_concept(table, "list_price");
  if (cost == NULL || units == NULL || price == NULL || infer_find_concept(table, "cost") != NULL || cost->field->role != FIELD_ROLE_MEASURE)
    return TRUE;
  g_autofree char *several = g_strdup_printf("%s >= 3", infer_sql_of(units));
  g_autofree char *above = g_strdup_printf("%s >= 3 AND %s::DOUBLE > %s::DOUBLE", infer_sql_of(units), infer_sql_of(cost), infer_sql_of(price));
  double many = 0, dear = 0;
  if (!infer_share(sales->inference, table, several, &many, error) || !infer_share(sales->inference, table, above, &dear, error))
    return FALSE;
  if (many <= 0 || dear < many * 0.6)
    return TRUE;
  cost->concept = retail_lexicon_concept(sales->inference->lexicon, "cost");
  cost->field->default_aggregate = AGGREGATE_SUM;
  cost->is_rate = FALSE;
  infer_note_column(sales->inference, cost, "the cost of the whole line: above the price of one where several are sold");
  return TRUE;
}

/* Quantity times price, less the discount where the discount is a share of it. */
static char *price_expression(Sales *sales) {
  const InferColumn *units = infer_find_concept(sales->table, "units"), *discount = infer_find_concept(sales->table, "discount");
  const InferColumn *price = infer_find_concept(sales->table, "unit_price");
  if (price == NULL)
    price = infer_find_concept(sales->table, "discounted_price");
  gboolean reduced = price != NULL && infer_is_concept(price, "discounted_price");
  if (price == NULL)
    price = infer_find_concept(sales->table, "list_price");
  if (price == NULL && units != NULL && (price = find_near(sales, "unit_price")) == NULL)
    price = find_near(sales, "list_price");
  if (price == NULL)
    return NULL;
  sales->unit = price->field->unit;
  if (units == NULL && infer_rows_are_pieces(sales->table)) {
    sales->piece = price->table == sales->table ? infer_find_column(sales->table, price->field->name) : NULL;
    infer_note(sales->inference, "revenue", "%s of each line: there is no quantity, a line is one piece", price->field->label);
    return g_strdup(price->field->name);
  }
  if (units == NULL)
    return NULL;
  g_autofree char *price_sql = near_expression(sales, price);
  gboolean share = discount != NULL && discount->field->default_aggregate == AGGREGATE_AVERAGE && !reduced;
  if (!share) {
    infer_note(sales->inference, "revenue", "no column holds it: %s times %s", units->field->label, price->field->label);
    return g_strdup_printf("%s * %s", units->field->name, price_sql);
  }
  g_autofree char *part = infer_column_expression(discount);
  infer_note(sales->inference, "revenue", "no column holds it: %s times %s less %s", units->field->label, price->field->label,
             discount->field->label);
  sales->undiscounted = g_strdup_printf("%s * %s", units->field->name, price_sql);
  sales->discounted_part = g_strdup_printf("%s * %s * coalesce(%s, 0)", units->field->name, price_sql, part);
  return g_strdup_printf("%s * %s * (1 - coalesce(%s, 0))", units->field->name, price_sql, part);
}

/* ---- net of cancellations and returns ---- */

static const char *const gone[] = {"cancelled", "returned"};

static gboolean is_negative(const InferTable *table, const char *condition) {
  return g_str_equal(condition, "cancelled") ? table->cancelled_is_negative : table->returned_is_negative;
}

/* A list that only names what came back, not how much of it: sales keep their sums, the returned part is a measure of its own. */
static gboolean only_names(const InferTable *list, const InferTable *sales) {
  if (list == sales || !list->lists_returns)
    return FALSE;
  for (guint i = 0; i < list->columns->len; i++)
    if (infer_column_is_sale(g_ptr_array_index(list->columns, i)))
      return FALSE;
  return TRUE;
}

/* Cancelled or returned rows that carry positive numbers are left out of net sums. */
static gboolean excludes(const Inference *inference, const InferTable *table, const char *condition) {
  const Condition *found = model_find_condition(inference->model, condition);
  if (found == NULL || is_negative(table, condition) || (table->returned_is_partial && g_str_equal(condition, "returned")))
    return FALSE;
  InferTable *other = infer_find_table(inference, found->dataset);
  return other != NULL && !only_names(other, table) && infer_leads_to(inference, table, other);
}

void infer_apply_net(Inference *inference, const InferTable *table, Metric *metric) {
  for (guint i = 0; i < G_N_ELEMENTS(gone); i++)
    if (excludes(inference, table, gone[i])) {
      g_autofree char *without = g_strdup_printf("!%s", gone[i]);
      model_add_word(&metric->conditions, without);
      infer_note(inference, metric->name, "%s rows are left out", gone[i]);
    }
}

gboolean infer_column_is_sale(const InferColumn *column) {
  static const char *const concepts[] = {"revenue", "revenue_excluding_tax", "units", "cost", "profit", "tax"};
  for (guint i = 0; i < G_N_ELEMENTS(concepts); i++)
    if (infer_is_concept(column, concepts[i]))
      return column->field->default_aggregate == AGGREGATE_SUM;
  return FALSE;
}

/* The same sum before cancellations and returns, and the value of those. */
static void add_gross(Sales *sales, const char *base, const char *expression, const char *unit) {
  Inference *inference = sales->inference;
  gboolean units = g_str_equal(base, "units");
  gboolean any = FALSE;
  g_autofree char *name = g_strdup_printf("gross_%s", base);
  static const char *const revenue_words[] = {"gross revenue", "gross sales", "revenue before returns", "sales before returns",
      "gross turnover", "revenue before cancellations", "sales before cancellations", "gross revenue before returns", NULL};
  static const char *const unit_words[] = {"gross units", "units before returns", "units sold before returns", "gross units sold", NULL};
  for (guint i = 0; i < G_N_ELEMENTS(gone); i++)
    any |= (model_find_condition(inference->model, gone[i]) != NULL && is_negative(sales->table, gone[i])) ||
           excludes(inference, sales->table, gone[i]);
  if (!any)
    return;
  Metric *metric = infer_add_sum(sales, name, expression, units ? "Gross units" : "Gross revenue", unit,
                           units ? "Units before cancellations and returns" : "Revenue before cancellations and returns",
                           units ? unit_words : revenue_words);
  for (guint i = 0; i < G_N_ELEMENTS(gone) && metric != NULL; i++)
    if (model_find_condition(inference->model, gone[i]) != NULL && is_negative(sales->table, gone[i])) {
      g_autofree char *without = g_strdup_printf("!%s", gone[i]);
      model_add_word(&metric->conditions, without);
    }
}

static void add_gone(Sales *sales, const char *condition, const char *base, const char *expression, const char *unit) {
  const Condition *found = model_find_condition(sales->inference->model, condition);
  gboolean units = g_str_equal(base, "units"), cancelled = g_str_equal(condition, "cancelled");
  InferTable *other = found != NULL ? infer_find_table(sales->inference, found->dataset) : NULL;
  gboolean partial = sales->table->returned_is_partial && !cancelled;
  if (other == NULL || partial || !infer_leads_to(sales->inference, sales->table, other))
    return;
  g_autofree char *name = g_strdup_printf("%s_%s", condition, units ? "units" : "value");
  g_autofree char *label = g_strdup_printf("%s %s", cancelled ? "Cancelled" : "Returned", units ? "units" : "value");
  g_autofree char *description = g_strdup_printf("%s of %s, as a positive number", units ? "Units" : "Value", found->label);
  Metric *metric = infer_add_sum(sales, name, expression, label, unit, description, NULL);
  if (metric == NULL)
    return;
  model_add_word(&metric->conditions, condition);
  metric->negate = is_negative(sales->table, condition);
  metric->lower_is_better = TRUE;
  static const char *const value_forms[] = {"value of % orders", "value of % invoices", "value of % transactions", "% revenue",
                                            "% sales", "% amount", "value of % lines", "revenue lost to %"};
  static const char *const unit_forms[] = {"units %", "% units", "units on % orders", "units on % invoices", "% quantity", "% items"};
  const char *const *forms = units ? unit_forms : value_forms;
  for (guint i = 0; i < (units ? G_N_ELEMENTS(unit_forms) : G_N_ELEMENTS(value_forms)); i++) {
    g_autoptr(GString) phrase = g_string_new(forms[i]);
    g_string_replace(phrase, "%", condition, 0);
    if (g_ascii_strcasecmp(phrase->str, metric->label) != 0)
      model_add_word(&metric->synonyms, phrase->str);
  }
  static const char *const returned_value[] = {"value of returns", "returns value", "refunds", "value of refunds", NULL};
  static const char *const cancelled_value[] = {"value of cancellations", "cancellation value", NULL};
  static const char *const units_back[] = {"units that came back", "units returned", "returned units", "units refunded", NULL};
  gboolean both = sales->table->gone_by_prefix;
  if (units && (both || !cancelled))
    infer_add_words(sales->inference, metric, (char *const *)units_back);
  else if (!units && (both || !cancelled))
    infer_add_words(sales->inference, metric, (char *const *)returned_value);
  if (!units && (both || cancelled))
    infer_add_words(sales->inference, metric, (char *const *)cancelled_value);
}

static void add_gross_and_gone(Sales *sales, const char *base, const char *expression, const char *unit) {
  add_gross(sales, base, expression, unit);
  for (guint i = 0; i < G_N_ELEMENTS(gone); i++)
    add_gone(sales, gone[i], base, expression, unit);
}

/* ---- the metrics ---- */

static void add_revenue(Sales *sales) {
  Inference *inference = sales->inference;
  const gboolean merchandise = sales->total != NULL && infer_has_word(sales->total, "gmv"); /* by its name gross of all that came back */
  g_autofree char *label = sales->total != NULL && !merchandise ? infer_metric_label(inference, sales->total) : g_strdup("Revenue");
  Metric *metric = infer_add_sum(sales, "revenue", sales->revenue, label, sales->unit,
                           sales->revenue_net != NULL ? "Revenue including tax" : "Revenue", NULL);
  if (metric == NULL)
    return;
  if (sales->total != NULL) {
    sales->total->has_metric = TRUE;
    if (!merchandise)
      infer_add_header_words(inference, metric, sales->total);
    infer_note(inference, "revenue", "%s is the column of it", sales->total->field->label);
  }
  infer_add_concept_words(inference, metric, "revenue");
  static const char *const with_tax[] = {"sales including tax", "revenue including tax", "sales with tax", "revenue with tax",
      "total including tax", "sales incl tax", "revenue incl tax", "tax-inclusive sales", "sales including vat", "total sales including tax", NULL};
  if (sales->revenue_net != NULL)
    infer_add_words(inference, metric, (char *const *)with_tax);
  infer_apply_net(inference, sales->table, metric);
  infer_add_piece_price(sales, metric);
  infer_add_undiscounted(sales);
  add_gross_and_gone(sales, "revenue", sales->revenue, sales->unit);
  Metric *before = merchandise ? (Metric *)model_find_metric(inference->model, "gross_revenue") : NULL;
  if (merchandise) {
    static const char *const words[] = {"gmv", "gross merchandise value", NULL};
    Metric *named = before != NULL ? before : metric;
    g_autofree char *header = infer_metric_label(inference, sales->total);
    model_set_text(&named->label, header);
    infer_add_header_words(inference, named, sales->total);
    infer_add_words(inference, named, (char *const *)words);
  }
  static const char *const gross[] = {"gross revenue", "gross sales", "gross turnover", NULL};
  if (model_find_metric(inference->model, "gross_revenue") == NULL && sales->undiscounted == NULL)
    infer_add_words(inference, metric, (char *const *)gross);
  if (sales->revenue_net == NULL)
    return;
  g_autofree char *net_label = sales->net != NULL ? infer_metric_label(inference, sales->net) : g_strdup("Revenue excluding tax");
  Metric *net = infer_add_sum(sales, "revenue_excluding_tax", sales->revenue_net, net_label, sales->unit, "Revenue without tax", NULL);
  if (net == NULL)
    return;
  if (sales->net != NULL) {
    sales->net->has_metric = TRUE;
    infer_add_header_words(inference, net, sales->net);
  }
  infer_add_concept_words(inference, net, "revenue_excluding_tax");
  infer_move_word(metric, net, "net sales");
  infer_move_word(metric, net, "net revenue");
  infer_apply_net(inference, sales->table, net);
}

static void add_units(Sales *sales) {
  InferColumn *units = infer_find_concept(sales->table, "units");
  if (units == NULL || units->field->role != FIELD_ROLE_MEASURE)
    return;
  Metric *metric = infer_add_column_metric(sales->inference, "units", units);
  if (metric == NULL)
    return;
  units->has_metric = TRUE;
  infer_add_concept_words(sales->inference, metric, "units");
  if (sales->table->goods_noun != NULL) {
    g_autofree char *goods = text_plural(sales->table->goods_noun), *sold = g_strdup_printf("%s sold", goods), *number = g_strdup_printf("number of %s", goods),
                    *many = g_strdup_printf("number of %s sold", goods);
    const char *const words[] = {sold, number, many, NULL};
    infer_add_words(sales->inference, metric, (char *const *)words);
  }
  infer_apply_net(sales->inference, sales->table, metric);
  add_gross_and_gone(sales, "units", units->field->name, "count");
}

/* Among several quantities (ordered, delivered) the one that, times the price, is the amount that was charged. */
static gboolean find_charged_units(Sales *sales, const InferColumn **units, GError **error) {
  const InferColumn *price = infer_find_concept(sales->table, "unit_price");
  *units = infer_find_concept(sales->table, "units");
  if (price == NULL || sales->total == NULL || *units == NULL || expression_is_joined(sales->table->dataset, sales->revenue)) return TRUE;
  static const char *const WORDS[] = {"quantity", "units", "unit", "piece", "pieces", NULL};
  double best = -1;
  for (guint i = 0; i < sales->table->columns->len; i++) {
    const InferColumn *column = g_ptr_array_index(sales->table->columns, i);
    gboolean counts = column == *units;
    for (char **word = column->words; *word != NULL && !counts; word++) counts = g_strv_contains(WORDS, *word);
    if (!counts || column == price || column->field->role != FIELD_ROLE_MEASURE || infer_is_money(column)) continue;
    g_autofree char *test = g_strdup_printf("abs(%s::DOUBLE * %s::DOUBLE - %s::DOUBLE) <= 0.011 + 0.001 * abs(%s::DOUBLE)", infer_sql_of(column),
                                            infer_sql_of(price), infer_sql_of(sales->total), infer_sql_of(sales->total));
    double share = 0;
    if (!infer_share(sales->inference, sales->table, test, &share, error)) return FALSE;
    if (share <= best + (column == *units ? 0 : 0.02)) continue; /* of equals the plain one */
    best = share;
    *units = column;
  }
  return TRUE;
}

/* What goods cost: a column of its own, or quantity times the cost of one. */
static char *cost_expression(Sales *sales, const InferColumn *units) {
  const InferColumn *cost = infer_find_concept(sales->table, "cost"), *each = find_near(sales, "unit_cost");
  if (cost != NULL && cost->field->role == FIELD_ROLE_MEASURE)
    return g_strdup(cost->field->name);
  if (each == NULL || units == NULL)
    return NULL;
  g_autofree char *each_sql = near_expression(sales, each);
  g_autofree char *expression = g_strdup_printf("%s * %s", units->field->name, each_sql);
  Metric *metric = infer_add_sum(sales, "cost", expression, "Cost", sales->unit, "Quantity times unit cost", NULL);
  if (metric != NULL) {
    infer_add_concept_words(sales->inference, metric, "cost");
    infer_apply_net(sales->inference, sales->table, metric);
    infer_note(sales->inference, "cost", "no column holds it: %s times %s", units->field->label, each->field->label);
  }
  return g_steal_pointer(&expression);
}

static void add_profit(Sales *sales, const InferColumn *units) {
  InferColumn *profit = infer_find_concept(sales->table, "profit");
  g_autofree char *cost = cost_expression(sales, units);
  if (profit != NULL && profit->field->role == FIELD_ROLE_MEASURE) {
    Metric *metric = infer_add_column_metric(sales->inference, "profit", profit);
    if (metric == NULL)
      return;
    profit->has_metric = TRUE;
    infer_add_concept_words(sales->inference, metric, "profit");
    infer_apply_net(sales->inference, sales->table, metric);
    return;
  }
  if (cost == NULL)
    return;
  const char *income = sales->revenue_net != NULL ? sales->revenue_net : sales->revenue;
  g_autofree char *expression = g_strdup_printf("%s - %s", income, cost);
  Metric *metric = infer_add_sum(sales, "profit", expression, "Profit", sales->unit, "Revenue less cost", NULL);
  if (metric == NULL)
    return;
  infer_add_concept_words(sales->inference, metric, "profit");
  infer_apply_net(sales->inference, sales->table, metric);
  infer_note(sales->inference, "profit", "no column holds it: revenue less cost");
  sales->profit_is_net = sales->revenue_net != NULL;
  if (!expression_is_joined(sales->table->dataset, expression)) /* a condition is about the columns of its own table */
    sales->computed_profit = g_steal_pointer(&expression);
}

/* Margin is profit over revenue; a column of margins that says the same is not a metric of its own. */
static gboolean add_margin(Sales *sales, GError **error) {
  Inference *inference = sales->inference;
  if (model_find_metric(inference->model, "profit") == NULL)
    return TRUE;
  Metric *metric = model_builder_add_derived_metric(inference->builder, "margin", METRIC_RATIO, "profit",
                                                    sales->profit_is_net ? "revenue_excluding_tax" : "revenue");
  infer_describe(inference, metric, "Profit margin", "fraction", "Sum of profit over sum of revenue");
  infer_add_concept_words(inference, metric, "margin");
  infer_note(inference, "margin", "a ratio of sums, never an average of ratios");
  InferColumn *column = infer_find_concept(sales->table, "margin"), *profit = infer_find_concept(sales->table, "profit");
  if (column == NULL || profit == NULL || column->field->default_aggregate != AGGREGATE_AVERAGE ||
      expression_is_joined(sales->table->dataset, sales->revenue))
    return TRUE;
  g_autofree char *test = g_strdup_printf("(%s) = 0 OR abs(%s / %.1f - %s::DOUBLE / (%s)::DOUBLE) < 0.001", sales->revenue, infer_sql_of(column),
                                          column->scale, infer_sql_of(profit), sales->revenue);
  double share = 0;
  if (!infer_share(inference, sales->table, test, &share, error))
    return FALSE;
  if (share < 0.95)
    return TRUE;
  column->has_metric = TRUE;
  infer_add_header_words(inference, metric, column);
  infer_note(inference, "margin", "%s says the same on the rows", column->field->label);
  return TRUE;
}

/* Rows at a loss get a name where there are any. */
static gboolean add_computed_loss(Sales *sales, GError **error) {
  if (sales->computed_profit == NULL)
    return TRUE;
  g_autofree char *test = g_strdup_printf("(%s) < 0", sales->computed_profit);
  double share = 0;
  if (!infer_share(sales->inference, sales->table, test, &share, error))
    return FALSE;
  if (share > 0)
    infer_add_loss(sales->inference, sales->table, sales->computed_profit, "revenue is below cost");
  return TRUE;
}

static gboolean is_price(const InferColumn *column) {
  static const char *const concepts[] = {"unit_price", "list_price", "discounted_price"};
  for (guint i = 0; i < G_N_ELEMENTS(concepts); i++)
    if (infer_is_concept(column, concepts[i])) return TRUE;
  return infer_has_word(column, "price") && column->field->role == FIELD_ROLE_MEASURE;
}

/* No header speaks of units ("Packs"): whole numbers that, times a price, are on most rows the revenue, are units. */
static gboolean find_units_by_price(Sales *sales, GError **error) {
  const InferTable *table = sales->table;
  const InferColumn *total = sales->total;
  if (total == NULL || infer_find_concept(table, "units") != NULL)
    return TRUE;
  for (guint i = 0; i < table->columns->len * table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i / table->columns->len);
    const InferColumn *price = g_ptr_array_index(table->columns, i % table->columns->len);
    gboolean counts = column->field->role == FIELD_ROLE_MEASURE && column->field->type == FIELD_INTEGER && !infer_is_money(column) && column != total;
    if (!counts || !is_price(price) || column == price || price == total)
      continue;
    g_autofree char *test = g_strdup_printf("abs(%s::DOUBLE * %s::DOUBLE - %s::DOUBLE) <= 0.011 + 0.001 * abs(%s::DOUBLE)", infer_sql_of(column),
                                            infer_sql_of(price), infer_sql_of(total), infer_sql_of(total));
    double share = 0;
    if (!infer_share(sales->inference, table, test, &share, error))
      return FALSE;
    if (share < 0.7)
      continue;
    column->concept = retail_lexicon_concept(sales->inference->lexicon, "units");
    infer_note(sales->inference, "units", "%s times %s is %s on %.0f %% of the rows", column->field->label, price->field->label, total->field->label,
               100 * share);
    return TRUE;
  }
  return TRUE;
}

static gboolean conclude_sales(Sales *sales, GError **error) {
  if (!infer_prefer_net(sales, error) || !separate_tax(sales, error))
    return FALSE;
  if (sales->total == NULL && sales->net != NULL)
    sales->total = sales->net;
  if (!settle_line_cost(sales, error) || (sales->total == NULL && !find_amount_by_price(sales, &sales->total, error)))
    return FALSE;
  if (sales->total == NULL && (sales->revenue = price_expression(sales)) == NULL)
    sales->total = infer_find_concept(sales->table, "payments");
  if (!find_units_by_price(sales, error))
    return FALSE;
  if (sales->total != NULL) {
    sales->revenue = g_strdup(sales->total->field->name);
    sales->unit = sales->total->field->unit;
  }
  if (sales->revenue != NULL) {
    const InferColumn *units = NULL;
    add_revenue(sales);
    add_units(sales);
    if (!find_charged_units(sales, &units, error))
      return FALSE;
    add_profit(sales, units);
    return add_computed_loss(sales, error) && add_margin(sales, error);
  }
  add_units(sales);
  return TRUE;
}

gboolean infer_revenue(Inference *inference, InferTable *table, GError **error) {
  Sales sales = {.inference = inference, .table = table, .unit = "currency"};
  sales.total = infer_find_concept(table, "revenue");
  sales.net = infer_find_concept(table, "revenue_excluding_tax");
  sales.tax = infer_find_concept(table, "tax");
  if (sales.total != NULL && sales.total->field->role != FIELD_ROLE_MEASURE)
    sales.total = NULL;
  gboolean done = conclude_sales(&sales, error);
  g_free(sales.revenue);
  g_free(sales.revenue_net);
  g_free(sales.computed_profit);
  g_free(sales.undiscounted);
  g_free(sales.discounted_part);
  return done;
}

/* Parts of what was earned that have names of their own: gross beside net, before a discount, the price of single pieces. */
#include "model/infer_sales.h"
#include <string.h>

const char *infer_sql_of(const InferColumn *column) { return column->profile->sql; }

gboolean infer_is_money_sum(const InferColumn *column) {
  return column->field->role == FIELD_ROLE_MEASURE && column->field->default_aggregate == AGGREGATE_SUM && infer_is_money(column) &&
         g_str_equal(column->field->expression, column->field->name);
}

/*
 * "Gross Amt" beside "Net Amt", never below it: what was earned is the net one, and each is asked for by its own name. Gross
 * is before discounts where there are any, else it includes tax.
 */
gboolean infer_prefer_net(Sales *sales, GError **error) {
  InferColumn *gross = sales->total, *net = NULL;
  if (gross == NULL || !infer_has_word(gross, "gross") || !infer_is_money_sum(gross))
    return TRUE;
  for (guint i = 0; net == NULL && i < sales->table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(sales->table->columns, i);
    if (column != gross && infer_has_word(column, "net") && infer_is_money_sum(column) &&
        (infer_is_concept(column, "revenue") || infer_is_concept(column, "revenue_excluding_tax")))
      net = column;
  }
  if (net == NULL)
    return TRUE;
  g_autofree char *below = g_strdup_printf("abs(%s::DOUBLE) <= abs(%s::DOUBLE) + 0.011", infer_sql_of(net), infer_sql_of(gross));
  double share = 0;
  if (!infer_share(sales->inference, sales->table, below, &share, error))
    return FALSE;
  if (share < LEAST_EQUAL)
    return TRUE;
  static const char *const words[] = {"gross sales", "gross revenue", "gross turnover", "gross takings", NULL};
  static const char *const taxed[] = {"sales including tax", "revenue including tax", "sales with tax", "revenue with tax", "gross sales including tax",
      "total including tax", "sales incl tax", "revenue incl tax", "sales including vat", "revenue including vat", "gross sales including vat", NULL};
  const InferColumn *discount = infer_find_concept(sales->table, "discount");
  Metric *metric = infer_add_column_metric(sales->inference, "revenue_before_deductions", gross);
  if (metric != NULL) {
    gross->has_metric = TRUE;
    infer_add_words(sales->inference, metric, (char *const *)words);
    if (discount == NULL || discount->field->default_aggregate != AGGREGATE_SUM)
      infer_add_words(sales->inference, metric, (char *const *)taxed);
    infer_apply_net(sales->inference, sales->table, metric);
  }
  infer_note(sales->inference, "revenue", "%s is never above %s: it is what was earned", net->field->label, gross->field->label);
  sales->total = net;
  sales->net = sales->tax = NULL;
  return TRUE;
}

Metric *infer_add_sum(Sales *sales, const char *name, const char *expression, const char *label, const char *unit,
                       const char *description, const char *const *words) {
  Metric *metric = infer_add_metric(sales->inference, name, AGGREGATE_SUM, sales->table, expression);
  if (metric == NULL)
    return NULL;
  infer_describe(sales->inference, metric, label, unit, description);
  infer_add_words(sales->inference, metric, (char *const *)words);
  return metric;
}

/* What the goods would have cost without the discount, and what it took off. */
void infer_add_undiscounted(Sales *sales) {
  static const char *const before[] = {"gross sales", "gross revenue", "sales before discount", "revenue before discount", "sales before discounts",
      "revenue before discounts", "gross sales before discount", "gross revenue before discount", "undiscounted sales", "undiscounted revenue", NULL};
  static const char *const off[] = {"discount amount", "total discount", "discount given", "discounts given", "total discounts", "value of discounts",
                                    "discount value", "discounted amount", "discount in money", NULL};
  if (sales->undiscounted == NULL)
    return;
  Metric *metric = infer_add_sum(sales, "revenue_before_discount", sales->undiscounted, "Revenue before discount", sales->unit, "Quantity times price, before any discount", NULL);
  if (metric != NULL) {
    infer_add_words(sales->inference, metric, (char *const *)before);
    infer_apply_net(sales->inference, sales->table, metric);
  }
  metric = infer_add_sum(sales, "discount_amount", sales->discounted_part, "Discount amount", sales->unit, "What discounts took off", off);
  if (metric != NULL)
    infer_apply_net(sales->inference, sales->table, metric);
}

/* A line is one piece: "total price" is the revenue, a price without a word more is what pieces cost on average. */
void infer_add_piece_price(Sales *sales, Metric *revenue) {
  static const char *const words[] = {"unit price", "average price", "average unit price", "price per unit", "price per item", "average selling price",
                                      "asp", "item price", "average item price", NULL};
  static const char *const whole[] = {"total price", "sum of prices", "price total", "item value", "price of items sold", "total price of items sold", NULL};
  if (sales->piece == NULL)
    return;
  Metric *metric = infer_add_column_metric(sales->inference, "unit_price", sales->piece);
  if (metric == NULL)
    return;
  sales->piece->has_metric = TRUE;
  infer_describe(sales->inference, metric, "Average price", sales->unit, "The plain average of the prices of lines");
  infer_add_words(sales->inference, metric, (char *const *)words);
  infer_add_words(sales->inference, revenue, (char *const *)whole);
  g_autofree char *phrase = retail_header_phrase(sales->piece->field->label);
  infer_move_word(metric, revenue, phrase);
}

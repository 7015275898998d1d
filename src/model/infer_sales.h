/* What the parts that conclude money made share. */
#pragma once
#include "model/infer.h"
#include "model/infer_private.h"

#define LEAST_EQUAL 0.99 /* of the rows, for an equation between columns to hold */

typedef struct {
  Inference *inference;
  InferTable *table;
  InferColumn *total, *net, *tax;
  char *revenue;     /* expression */
  char *revenue_net; /* expression excluding tax; NULL */
  gboolean profit_is_net; /* computed from revenue excluding tax */
  char *undiscounted;    /* revenue before a discount that is a share of it; NULL */
  char *discounted_part; /* what the discount takes off; NULL */
  InferColumn *piece;    /* the price that is revenue where a line is one piece; NULL */
  char *computed_profit; /* over the table's own columns; NULL */
  const char *unit;
} Sales;

const char *infer_sql_of(const InferColumn *column); /* the column in SQL over the table's rows */
gboolean infer_is_money_sum(const InferColumn *column);
/* The sum of an expression over the table's columns as a metric; NULL: the name is taken. */
Metric *infer_add_sum(Sales *sales, const char *name, const char *expression, const char *label, const char *unit,
                      const char *description, const char *const *words);
/* Makes "Net Amt" the revenue where "Gross Amt" was, and gross a metric of its own. FALSE: the engine failed. */
gboolean infer_prefer_net(Sales *sales, GError **error);
void infer_add_undiscounted(Sales *sales);
void infer_add_piece_price(Sales *sales, Metric *revenue);

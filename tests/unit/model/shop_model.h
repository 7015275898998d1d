/* A small shop for the tests of model/: sale lines, products, stores with their region. */
#pragma once
#include "model/build.h"

#define SHOP_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void shop_add_sales(ModelBuilder *builder) {
  Dataset *sales = model_builder_add_dataset(builder, "sale_line", "sale_line");
  sales->is_fact = TRUE;
  sales->row_count = 6;
  model_set_text(&sales->label, "sale lines");
  model_set_text(&sales->default_date, "sold_on");
  model_set_words(&sales->row_words, SHOP_WORDS("line", "sale line"));
  model_builder_add_field(builder, sales, "order_id", NULL, FIELD_TEXT, FIELD_ROLE_IDENTIFIER)->null_count = 0;
  model_builder_add_field(builder, sales, "sold_on", NULL, FIELD_DATE, FIELD_ROLE_TIME);
  model_builder_add_field(builder, sales, "product_id", NULL, FIELD_TEXT, FIELD_ROLE_IDENTIFIER);
  model_builder_add_field(builder, sales, "store_id", NULL, FIELD_INTEGER, FIELD_ROLE_IDENTIFIER);
  Field *quantity = model_builder_add_field(builder, sales, "quantity", "qty", FIELD_INTEGER, FIELD_ROLE_MEASURE);
  quantity->default_aggregate = AGGREGATE_SUM;
  model_set_text(&quantity->minimum, "-1");
  model_set_text(&quantity->maximum, "40");
  Field *price = model_builder_add_field(builder, sales, "unit_price", NULL, FIELD_DECIMAL, FIELD_ROLE_MEASURE);
  price->default_aggregate = AGGREGATE_AVERAGE;
  model_set_text(&price->unit, "currency");
  Field *cost = model_builder_add_field(builder, sales, "unit_cost", NULL, FIELD_DECIMAL, FIELD_ROLE_MEASURE);
  model_set_text(&cost->label, "Cost Price");
  model_set_words(&cost->synonyms, SHOP_WORDS("purchase price"));
  model_builder_add_field(builder, sales, "line_profit", "quantity * (unit_price - unit_cost)", FIELD_DECIMAL,
                          FIELD_ROLE_MEASURE);
  Field *status = model_builder_add_field(builder, sales, "status", NULL, FIELD_TEXT, FIELD_ROLE_DIMENSION);
  model_add_code(status, "C", SHOP_WORDS("cancelled", "called off"));
  model_add_code(status, "P", SHOP_WORDS("paid"));
}

static void shop_add_dimensions(ModelBuilder *builder) {
  Dataset *product = model_builder_add_dataset(builder, "product", "product");
  model_builder_add_field(builder, product, "product_id", NULL, FIELD_TEXT, FIELD_ROLE_IDENTIFIER);
  model_builder_add_field(builder, product, "product_name", NULL, FIELD_TEXT, FIELD_ROLE_DIMENSION);
  model_builder_add_field(builder, product, "category", NULL, FIELD_TEXT, FIELD_ROLE_DIMENSION);
  model_set_words(&product->primary_key, SHOP_WORDS("product_id"));
  Dataset *store = model_builder_add_dataset(builder, "store", "store");
  model_builder_add_field(builder, store, "id", "store_id", FIELD_INTEGER, FIELD_ROLE_IDENTIFIER);
  Field *region = model_builder_add_field(builder, store, "region", NULL, FIELD_TEXT, FIELD_ROLE_DIMENSION);
  model_set_text(&region->label, "Sales Region");
  model_set_words(&store->primary_key, SHOP_WORDS("id"));
  model_builder_add_relationship(builder, "sale_line_to_product", "sale_line", "product_id", "product", "product_id");
  model_builder_add_relationship(builder, "sale_line_to_store", "sale_line", "store_id", "store", "id");
  model_builder_add_hierarchy(builder, "product", "product", SHOP_WORDS("category", "product_name"));
}

static void shop_add_metrics(ModelBuilder *builder) {
  model_builder_add_condition(builder, "cancelled", "sale_line", "status = 'C'");
  model_builder_add_condition(builder, "at_a_loss", "sale_line", "coalesce(line_profit < 0, FALSE)");
  Metric *revenue = model_builder_add_metric(builder, "revenue", AGGREGATE_SUM, "sale_line", "quantity * unit_price");
  model_set_text(&revenue->label, "Sales");
  model_set_words(&revenue->synonyms, SHOP_WORDS("turnover", "takings"));
  model_set_words(&revenue->conditions, SHOP_WORDS("!cancelled"));
  model_set_text(&revenue->unit, "currency");
  revenue->is_money = TRUE;
  Metric *profit = model_builder_add_metric(builder, "profit", AGGREGATE_SUM, "sale_line", "line_profit");
  model_set_text(&profit->unit, "currency");
  profit->is_money = TRUE;
  model_builder_add_derived_metric(builder, "margin", METRIC_RATIO, "profit", "revenue");
  Metric *orders = model_builder_add_metric(builder, "orders", AGGREGATE_COUNT_DISTINCT, "sale_line", "order_id");
  model_set_text(&orders->entity, "order");
  model_builder_add_metric(builder, "lines", AGGREGATE_COUNT, "sale_line", NULL);
  model_builder_add_derived_metric(builder, "lines_per_order", METRIC_RATIO, "lines", "orders");
  model_builder_add_metric(builder, "dear_price", AGGREGATE_PERCENTILE, "sale_line", "unit_price")->percentile = 0.9;
  Metric *cancelled =
      model_builder_add_metric(builder, "cancelled_value", AGGREGATE_SUM, "sale_line", "quantity * unit_price");
  model_set_words(&cancelled->conditions, SHOP_WORDS("cancelled"));
  cancelled->negate = TRUE;
  cancelled->lower_is_better = TRUE;
  Entity *order = model_builder_add_entity(builder, "order", "sale_line", "order_id");
  model_set_words(&order->synonyms, SHOP_WORDS("basket"));
  model_set_text(&order->metric, "orders");
  order->is_event = TRUE;
  Entity *product = model_builder_add_entity(builder, "product", "product", "product_id");
  model_set_text(&product->name_field, "product_name");
}

static ModelBuilder *shop_builder(void) {
  ModelBuilder *builder = model_builder_new("shop");
  shop_add_sales(builder);
  shop_add_dimensions(builder);
  shop_add_metrics(builder);
  Model *draft = model_builder_draft(builder);
  model_set_text(&draft->default_metric, "revenue");
  model_set_text(&draft->default_dataset, "sale_line");
  model_set_text(&draft->currency, "GBP");
  draft->calendar = (Calendar){7, 4, FALSE};
  return builder;
}

static Model *shop_model(void) {
  GError *error = NULL;
  Model *model = model_builder_finish(shop_builder(), &error);
  g_assert_no_error(error);
  return model;
}

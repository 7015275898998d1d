/*
 * Results for the tests of insight/, described as JSON: a query, its columns, rows, and sentences that must or must not
 * pass. See tests/data/insight/ for the form.
 */
#pragma once
#include "insight/insight.h"

typedef struct {
  char *name;
  InsightInput input;
  Model *model;
  SemanticQuery *query;
  GPtrArray *columns;
  ResultTable *result;
  json_t *json; /* what it was made from */
} Shape;

Shape *shape_new(const json_t *json);
void shape_free(Shape *shape);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Shape, shape_free)
/* All shapes of one file of tests/data/insight/. Of Shape*. */
GPtrArray *shapes_load(const char *file_name);

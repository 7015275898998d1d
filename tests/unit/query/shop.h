/* A shop from tests/data/query/shop.json: its model, and an engine that holds its rows as "lake" tables. */
#pragma once
#include "model/build.h"
#include "query/query.h"

json_t *test_read_json(const char *path);     /* aborts the test when it cannot be read (transfer full) */
Model *test_shop_model(const json_t *shop);   /* (transfer full) */
Engine *test_shop_engine(const json_t *shop); /* (transfer full) */

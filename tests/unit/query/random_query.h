/* Random queries over the shop of tests/data/query/shop.json. They have the right form; not all of them make sense. */
#pragma once
#include "query/query.h"

SemanticQuery *random_query(GRand *random); /* (transfer full) */
/* Shuffles what has no order: filters, lists of values, filters of measures. Changes in place. */
void shuffle_query(GRand *random, SemanticQuery *query);

/* A metric's expression may name columns of datasets that the rows lead to: "quantity * products.price". */
#pragma once
#include "query/compiler.h"

/* The expression over the source's rows: columns of other datasets are joined, and stand under the name they got. (transfer full) */
char *joined_expression_sql(Compiler *compiler, RowSource *source, const char *expression, GError **error);

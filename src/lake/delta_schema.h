/* Columns of a Delta table as its schemaString and back. Private to the lake. */
#pragma once
#include "lake/delta.h"

/* (transfer full) */
json_t *delta_schema_to_json(const GPtrArray *columns);
/* Of DeltaColumn*; nested and unknown types are UNSUPPORTED, names that cannot be are CORRUPT. (transfer full) */
GPtrArray *delta_schema_parse(const char *schema, GError **error);
gboolean delta_columns_have_timestamp(const GPtrArray *columns);
/* A deep copy. (transfer full) */
GPtrArray *delta_columns_copy(const GPtrArray *columns);

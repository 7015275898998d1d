/* DuckDB's columns as our cells. Pure but for what it adds to the table. */
#pragma once
#include <duckdb.h>

#include "engine/engine.h"

/* Adds the result's columns. UNSUPPORTED names a column whose type has no form of ours. */
gboolean duckdb_cells_add_columns(ResultTable *table, duckdb_result *result, GError **error);
/* Appends the first `n_rows` rows of a chunk. */
void duckdb_cells_add_rows(ResultTable *table, duckdb_data_chunk chunk, gsize n_rows);
/* Integer columns that met a number beyond 64 bits become exact decimals. Once, after the last row. */
void duckdb_cells_finish(ResultTable *table);
/* Decimal text to DuckDB's form; FALSE when it is not a decimal of up to 38 digits. */
gboolean duckdb_cells_parse_decimal(const char *text, duckdb_decimal *out);

/*
 * Sketches of distinct values (engine/sketch.h) as aggregates of SQL, in every connection of the database:
 * aisle_sketch(VARCHAR) -> VARCHAR, aisle_sketch_merge(VARCHAR) -> VARCHAR of sketches, aisle_sketch_count(VARCHAR) ->
 * BIGINT of sketches. NULL is nothing: a sketch of nothing is NULL, its count 0.
 */
#pragma once
#include <duckdb.h>
#include <glib.h>

gboolean duckdb_sketch_register(duckdb_connection connection);

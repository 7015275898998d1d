/* Functions of ours that SQL may call. */
#pragma once
#include <duckdb.h>

#include "engine/engine.h"

/* VARCHAR -> VARCHAR in every connection of the database. Takes `user_data`, also when it fails. */
gboolean duckdb_function_add_text(duckdb_connection connection, const char *name, EngineTextFunction function,
                                  gpointer user_data, GDestroyNotify free_data);

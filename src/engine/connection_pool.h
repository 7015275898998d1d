/* A bounded set of connections to one DuckDB database. Thread-safe. */
#pragma once
#include <duckdb.h>

#include "base/base.h"

typedef struct ConnectionPool ConnectionPool;
ConnectionPool *connection_pool_new(duckdb_database database, int max_connections); /* does not own the database */
void connection_pool_free(ConnectionPool *pool); /* all connections must have been returned */
/* Waits for a free one until the deadline: BUSY, or CANCELLED. NULL on error. Give it back. */
duckdb_connection connection_pool_take(ConnectionPool *pool, Deadline deadline, GError **error);
void connection_pool_return(ConnectionPool *pool, duckdb_connection connection);

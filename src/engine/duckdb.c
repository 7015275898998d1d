/* The embedded engine: DuckDB in this process, in memory, over its C API. */
#include <duckdb.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "engine/connection_pool.h"
#include "engine/duckdb_cells.h"
#include "engine/duckdb_function.h"
#include "engine/duckdb_sketch.h"
#include "engine/engine_private.h"
#include "engine/watchdog.h"

#define DEFAULT_CONNECTIONS 4

typedef struct {
  Engine base;
  duckdb_database database;
  ConnectionPool *pool;
  Watchdog *watchdog;
  int max_connections;
  pthread_mutex_t running_lock;
  duckdb_connection running; /* of the newest statement; NULL */
} DuckdbEngine;

/* One statement at work: its connection, what watches it, what it must give back. */
typedef struct {
  DuckdbEngine *engine;
  duckdb_connection connection;
  Deadline deadline;
  WatchdogEntry watch;
  duckdb_prepared_statement statement;
  duckdb_result result;
  gboolean has_result;
} Run;

static void interrupt_connection(gpointer connection) {
  duckdb_interrupt(connection);
}

static void look_at_progress(gpointer connection, Progress *progress) {
  duckdb_query_progress_type seen = duckdb_query_progress(connection);
  progress_set(progress, (gint64)seen.rows_processed, seen.percentage);
}

static void note_running(DuckdbEngine *engine, duckdb_connection connection) {
  pthread_mutex_lock(&engine->running_lock);
  engine->running = connection;
  pthread_mutex_unlock(&engine->running_lock);
}

static gboolean run_begin(Run *run, Engine *engine, Deadline deadline, GError **error) {
  memset(run, 0, sizeof *run);
  run->engine = (DuckdbEngine *)engine;
  run->deadline = deadline;
  if (!deadline_check(deadline, error)) return FALSE;
  run->connection = connection_pool_take(run->engine->pool, deadline, error);
  if (run->connection == NULL) return FALSE;
  watchdog_watch(run->engine->watchdog, &run->watch, run->connection, deadline);
  note_running(run->engine, run->connection);
  return TRUE;
}

static void run_end(Run *run) {
  if (run->connection == NULL) return;
  watchdog_unwatch(run->engine->watchdog, &run->watch);
  note_running(run->engine, NULL);
  if (run->has_result) duckdb_destroy_result(&run->result);
  if (run->statement != NULL) duckdb_destroy_prepare(&run->statement);
  connection_pool_return(run->engine->pool, run->connection);
  run->connection = NULL;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_end)

/* ---- errors ---- */

static AisleErrorCode code_of(duckdb_error_type type, const char *message) {
  if (strstr(message, "No space left on device") != NULL || strstr(message, "max_temp_directory_size") != NULL)
    return AISLE_ERROR_NO_SPACE;
  switch (type) {
  case DUCKDB_ERROR_PERMISSION: return AISLE_ERROR_BLOCKED;
  case DUCKDB_ERROR_OUT_OF_MEMORY: return AISLE_ERROR_TOO_LARGE;
  case DUCKDB_ERROR_IO: return AISLE_ERROR_IO;
  default: return AISLE_ERROR_ENGINE;
  }
}

/* The engine's message without the excerpt of the statement, and without the list of all that would have been possible. */
static void set_engine_error(const Run *run, duckdb_error_type type, const char *message, GError **error) {
  if (message == NULL) message = "no reason given";
  gboolean interrupted = type == DUCKDB_ERROR_INTERRUPT || strstr(message, "INTERRUPT") != NULL;
  if (interrupted && !deadline_check(run->deadline, error)) return;
  gsize length = strlen(message);
  static const char *const ENDS[] = {"\n\nLINE ", "\n\tCandidate functions:"};
  for (guint i = 0; i < G_N_ELEMENTS(ENDS); i++) {
    const char *end = strstr(message, ENDS[i]);
    if (end != NULL) length = MIN(length, (gsize)(end - message));
  }
  g_autofree char *shown = g_strndup(message, length);
  g_set_error(error, AISLE_ERROR, code_of(type, message), "SQL engine: %s", g_strstrip(shown));
}

static gboolean check_result(Run *run, duckdb_state state, GError **error) {
  if (state == DuckDBSuccess) return TRUE;
  set_engine_error(run, duckdb_result_error_type(&run->result), duckdb_result_error(&run->result), error);
  return FALSE;
}

/* ---- statements ---- */

static gboolean duckdb_kind_execute(Engine *engine, const char *sql, Deadline deadline, GError **error) {
  g_auto(Run) run;
  if (!run_begin(&run, engine, deadline, error)) return FALSE;
  duckdb_state state = duckdb_query(run.connection, sql, &run.result);
  run.has_result = TRUE;
  return check_result(&run, state, error);
}

static duckdb_state bind_decimal(duckdb_prepared_statement statement, idx_t index, const char *text) {
  duckdb_decimal decimal;
  if (text == NULL || !duckdb_cells_parse_decimal(text, &decimal)) return DuckDBError;
  return duckdb_bind_decimal(statement, index, decimal);
}

static duckdb_state bind_one(duckdb_prepared_statement statement, idx_t index, const Parameter *parameter) {
  switch (parameter->type) {
  case VALUE_NULL: return duckdb_bind_null(statement, index);
  case VALUE_BOOL: return duckdb_bind_boolean(statement, index, parameter->integer != 0);
  case VALUE_INT: return duckdb_bind_int64(statement, index, parameter->integer);
  case VALUE_DOUBLE: return duckdb_bind_double(statement, index, parameter->number);
  case VALUE_DECIMAL: return bind_decimal(statement, index, parameter->text);
  case VALUE_TEXT: return duckdb_bind_varchar(statement, index, parameter->text);
  case VALUE_DATE: return duckdb_bind_date(statement, index, (duckdb_date){(int32_t)parameter->integer});
  case VALUE_TIMESTAMP: return duckdb_bind_timestamp(statement, index, (duckdb_timestamp){parameter->integer});
  case VALUE_TIME: return duckdb_bind_time(statement, index, (duckdb_time){parameter->integer});
  }
  return DuckDBError;
}

static gboolean bind_all(Run *run, const GPtrArray *parameters, GError **error) {
  guint given = parameters != NULL ? parameters->len : 0;
  if (duckdb_nparams(run->statement) != given) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_ENGINE, "SQL engine: the statement takes %u parameters, %u were given",
                (guint)duckdb_nparams(run->statement), given);
    return FALSE;
  }
  for (guint i = 0; i < given; i++) {
    if (bind_one(run->statement, i + 1, parameters->pdata[i]) == DuckDBSuccess) continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_ENGINE, "SQL engine: parameter %u cannot be bound", i + 1);
    return FALSE;
  }
  return TRUE;
}

static gboolean prepare(Run *run, const char *sql, StatementKind kind, GError **error) {
  if (duckdb_prepare(run->connection, sql, &run->statement) != DuckDBSuccess) {
    const char *message = duckdb_prepare_error(run->statement);
    gboolean denied = message != NULL && g_str_has_prefix(message, "Permission Error");
    set_engine_error(run, denied ? DUCKDB_ERROR_PERMISSION : DUCKDB_ERROR_INVALID, message, error);
    return FALSE;
  }
  if (kind == STATEMENT_SELECT_ONLY && duckdb_prepared_statement_type(run->statement) != DUCKDB_STATEMENT_TYPE_SELECT) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BLOCKED, "only SELECT statements may run here");
    return FALSE;
  }
  return TRUE;
}

static gboolean check_size(const ResultTable *table, gsize more_rows, GError **error) {
  gsize n_columns = MAX(table->columns->len, 1);
  if (more_rows <= ENGINE_MAX_CELLS / n_columns - table->n_rows) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE,
              "the result has more than %" G_GSIZE_FORMAT " cells; ask for fewer rows or columns", ENGINE_MAX_CELLS);
  return FALSE;
}

/* Reads the streamed result up to `max_rows` rows (0: all). */
static gboolean fetch(Run *run, ResultTable *table, gsize max_rows, GError **error) {
  for (;;) {
    duckdb_data_chunk chunk = duckdb_fetch_chunk(run->result);
    if (chunk == NULL) break;
    gsize n_rows = duckdb_data_chunk_get_size(chunk);
    if (n_rows == 0) {
      duckdb_destroy_data_chunk(&chunk);
      break;
    }
    gsize room = max_rows == 0 ? n_rows : MIN(max_rows - table->n_rows, n_rows);
    table->truncated = room < n_rows;
    gboolean fits = check_size(table, room, error);
    if (fits) duckdb_cells_add_rows(table, chunk, room);
    duckdb_destroy_data_chunk(&chunk);
    if (!fits) return FALSE;
    if (table->truncated) return TRUE;
  }
  const char *message = duckdb_result_error(&run->result);
  if (message == NULL || *message == '\0') return TRUE;
  set_engine_error(run, duckdb_result_error_type(&run->result), message, error);
  return FALSE;
}

static ResultTable *duckdb_kind_run(Engine *engine, const char *sql, const GPtrArray *parameters, gsize max_rows,
                                    StatementKind kind, Deadline deadline, GError **error) {
  g_auto(Run) run;
  if (!run_begin(&run, engine, deadline, error)) return NULL;
  if (!prepare(&run, sql, kind, error) || !bind_all(&run, parameters, error)) return NULL;
  /* Streamed: a result that is cut off is never computed to its end, nor held twice. */
  duckdb_state state = duckdb_execute_prepared_streaming(run.statement, &run.result);
  run.has_result = TRUE;
  if (!check_result(&run, state, error)) return NULL;
  g_autoptr(ResultTable) table = result_table_new();
  if (!duckdb_cells_add_columns(table, &run.result, error)) return NULL;
  if (!fetch(&run, table, max_rows, error)) return NULL;
  duckdb_cells_finish(table);
  return g_steal_pointer(&table);
}

/* The lock keeps the connection from being given back while it is asked. */
static double duckdb_kind_progress(Engine *engine) {
  DuckdbEngine *duckdb = (DuckdbEngine *)engine;
  duckdb_query_progress_type progress = {-1, 0, 0};
  pthread_mutex_lock(&duckdb->running_lock);
  if (duckdb->running != NULL) progress = duckdb_query_progress(duckdb->running);
  pthread_mutex_unlock(&duckdb->running_lock);
  return progress.percentage >= 0 ? MIN(progress.percentage / 100, 1.0) : -1;
}

static gboolean duckdb_kind_add_text_function(Engine *engine, const char *name, EngineTextFunction function,
                                              gpointer user_data, GDestroyNotify free_data, GError **error) {
  g_auto(Run) run;
  if (!run_begin(&run, engine, DEADLINE_NEVER, error)) {
    if (free_data) free_data(user_data);
    return FALSE;
  }
  if (duckdb_function_add_text(run.connection, name, function, user_data, free_data)) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_ENGINE, "SQL engine: the function %s cannot be added", name);
  return FALSE;
}

static gboolean add_own_functions(Engine *engine, GError **error) {
  g_auto(Run) run;
  if (!run_begin(&run, engine, DEADLINE_NEVER, error)) return FALSE;
  if (duckdb_sketch_register(run.connection)) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_ENGINE, "the SQL engine does not take our functions");
  return FALSE;
}

/* ---- life ---- */

/* Only with its (silent) progress bar does a connection know how far a statement is; afterwards nothing can be set. */
static gboolean show_progress(DuckdbEngine *duckdb, GError **error) {
  g_autoptr(GPtrArray) connections = g_ptr_array_new();
  gboolean done = TRUE;
  for (int i = 0; done && i < duckdb->max_connections; i++) {
    duckdb_connection connection = connection_pool_take(duckdb->pool, DEADLINE_NEVER, error);
    done = connection != NULL;
    if (!done) break;
    g_ptr_array_add(connections, connection);
    static const char *const settings[] = {"SET enable_progress_bar = true", "SET enable_progress_bar_print = false"};
    for (guint s = 0; s < G_N_ELEMENTS(settings); s++) {
      duckdb_result result;
      if (duckdb_query(connection, settings[s], &result) != DuckDBSuccess) g_debug("no progress: %s", duckdb_result_error(&result));
      duckdb_destroy_result(&result);
    }
  }
  for (guint i = 0; i < connections->len; i++) connection_pool_return(duckdb->pool, connections->pdata[i]);
  return done;
}

static gboolean duckdb_kind_lock_down(Engine *engine, const char *const *directories, GError **error) {
  if (!show_progress((DuckdbEngine *)engine, error)) return FALSE;
  GString *sql = g_string_new("SET allowed_directories = [");
  for (const char *const *directory = directories; directory != NULL && *directory != NULL; directory++) {
    g_autofree char *quoted = text_sql_quote(*directory);
    g_string_append_printf(sql, "%s%s", directory == directories ? "" : ", ", quoted);
  }
  g_string_append(sql, "]; SET enable_external_access = false; SET lock_configuration = true");
  gboolean done = engine_execute(engine, sql->str, DEADLINE_NEVER, error);
  g_string_free(sql, TRUE);
  return done;
}

static char *duckdb_kind_parse_sql(Engine *engine, const char *sql, GError **error) {
  g_autoptr(GPtrArray) parameters = parameters_new();
  parameters_add_text(parameters, sql);
  g_autoptr(ResultTable) table = engine_query(engine, "SELECT json_serialize_sql($1::VARCHAR)::VARCHAR", parameters, 1,
                                              DEADLINE_NEVER, error);
  if (table == NULL) return NULL;
  return value_to_text(result_table_at(table, 0, 0));
}

static void duckdb_kind_free(Engine *engine) {
  DuckdbEngine *duckdb = (DuckdbEngine *)engine;
  watchdog_free(duckdb->watchdog);
  connection_pool_free(duckdb->pool);
  if (duckdb->database != NULL) duckdb_close(&duckdb->database);
  pthread_mutex_destroy(&duckdb->running_lock);
  g_free(duckdb);
}

static const EngineKind duckdb_kind = {"duckdb",        duckdb_kind_free,      duckdb_kind_execute,
                                       duckdb_kind_run, duckdb_kind_lock_down, duckdb_kind_parse_sql,
                                       duckdb_kind_progress, duckdb_kind_add_text_function};

gint64 engine_memory_within(gint64 most) {
  gint64 pages = sysconf(_SC_PHYS_PAGES), page_size = sysconf(_SC_PAGESIZE);
  return MIN(most, pages > 0 && page_size > 0 ? pages * page_size / 2 : (gint64)1 << 30);
}

static void configure(duckdb_config config, const EngineOptions *options) {
  gint64 memory = options->memory_limit_bytes > 0 ? options->memory_limit_bytes : engine_memory_within(G_MAXINT64);
  g_autofree char *memory_text = g_strdup_printf("%" G_GINT64_FORMAT "B", memory);
  g_autofree char *threads = g_strdup_printf("%d", options->threads > 0 ? options->threads : (int)g_get_num_processors());
  duckdb_set_config(config, "memory_limit", memory_text);
  duckdb_set_config(config, "threads", threads);
  duckdb_set_config(config, "autoinstall_known_extensions", "false");
  duckdb_set_config(config, "autoload_known_extensions", "false");
  duckdb_set_config(config, "allow_community_extensions", "false");
  duckdb_set_config(config, "temp_directory", options->spill_directory != NULL ? options->spill_directory : "");
  if (options->extension_directory != NULL) duckdb_set_config(config, "extension_directory", options->extension_directory);
}

static gboolean open_database(DuckdbEngine *duckdb, const EngineOptions *options, GError **error) {
  duckdb_config config;
  if (duckdb_create_config(&config) != DuckDBSuccess) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_ENGINE, "the SQL engine does not start");
    return FALSE;
  }
  configure(config, options);
  char *message = NULL;
  duckdb_state state = duckdb_open_ext(NULL, &duckdb->database, config, &message);
  duckdb_destroy_config(&config);
  if (state == DuckDBSuccess) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_ENGINE, "the SQL engine does not start: %s", message != NULL ? message : "?");
  duckdb_free(message);
  return FALSE;
}

Engine *engine_open_duckdb(const EngineOptions *options, GError **error) {
  static const EngineOptions defaults;
  if (options == NULL) options = &defaults;
  DuckdbEngine *duckdb = g_new0(DuckdbEngine, 1);
  duckdb->base.kind = &duckdb_kind;
  atomic_init(&duckdb->base.references, 1);
  pthread_mutex_init(&duckdb->running_lock, NULL);
  g_autoptr(Engine) engine = &duckdb->base;
  if (!open_database(duckdb, options, error)) return NULL;
  duckdb->max_connections = options->max_connections > 0 ? options->max_connections : DEFAULT_CONNECTIONS;
  duckdb->pool = connection_pool_new(duckdb->database, duckdb->max_connections);
  duckdb->watchdog = watchdog_new(interrupt_connection, look_at_progress);
  if (duckdb->watchdog == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_ENGINE, "the system gives no further thread");
    return NULL;
  }
  /* Dates with zones must not depend on where the program runs. */
  const char *settings = "SET GLOBAL parquet_metadata_cache = true; SET GLOBAL TimeZone = 'UTC'";
  if (!engine_execute(engine, settings, DEADLINE_NEVER, error) || !add_own_functions(engine, error)) return NULL;
  return g_steal_pointer(&engine);
}

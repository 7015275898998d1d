/*
 * engine: SQL in, rows out. One struct of function pointers per kind of engine; nothing above knows which one runs.
 * An Engine is thread-safe: it keeps a bounded pool of connections. Results are plain memory owned by the caller.
 */
#pragma once
#include "base/base.h"

typedef enum { VALUE_NULL, VALUE_BOOL, VALUE_INT, VALUE_DOUBLE, VALUE_DECIMAL, VALUE_TEXT, VALUE_DATE, VALUE_TIMESTAMP,
               VALUE_TIME } ValueType;

/* One cell. `type` is VALUE_NULL or the column's type. */
typedef struct {
  ValueType type;
  gint64 integer;   /* BOOL 0/1; INT; DATE: days since epoch; TIMESTAMP and TIME: microseconds */
  double number;    /* INT, DOUBLE, DECIMAL as a double */
  const char *text; /* TEXT: UTF-8. DECIMAL: exact digits without trailing zeros. Owned by the table. Else NULL */
} Value;

typedef struct {
  char *name;
  ValueType type;
  char *sql_type; /* the engine's own name, "DECIMAL(38,4)" */
} ResultColumn;

typedef struct {
  GPtrArray *columns; /* of ResultColumn* */
  GArray *cells;      /* of Value, row-major */
  gsize n_rows;
  gboolean truncated; /* max_rows was reached */
  GStringChunk *strings;
} ResultTable;

ResultTable *result_table_new(void);
void result_table_free(ResultTable *table);
void result_table_add_column(ResultTable *table, const char *name, ValueType type, const char *sql_type);
guint result_table_n_columns(const ResultTable *table);
const Value *result_table_at(const ResultTable *table, gsize row, guint column); /* (transfer none) */
int result_table_find_column(const ResultTable *table, const char *name); /* -1: none */
json_t *value_to_json(const Value *value); /* dates ISO, decimals as numbers (transfer full) */
char *value_to_text(const Value *value);   /* for people and CSV; NULL becomes "" (transfer full) */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ResultTable, result_table_free)

/* A bound parameter, $1 first. */
typedef struct {
  ValueType type; /* NULL, BOOL, INT, DOUBLE, TEXT, DATE, TIMESTAMP; DECIMAL is passed as its text */
  gint64 integer;
  double number;
  char *text; /* owned */
} Parameter;
GPtrArray *parameters_new(void); /* of Parameter*, frees them */
void parameters_add_text(GPtrArray *parameters, const char *text);
void parameters_add_int(GPtrArray *parameters, gint64 value);
void parameters_add_double(GPtrArray *parameters, double value);
void parameters_add_date(GPtrArray *parameters, Day day);

typedef struct {
  int threads;               /* 0: number of cores */
  gint64 memory_limit_bytes; /* 0: half of the machine's memory */
  const char *spill_directory; /* NULL: none */
  const char *extension_directory; /* NULL: none */
  int max_connections;       /* queries at once; 0: 4 */
} EngineOptions;

typedef struct Engine Engine;
/* Work over whole tables (loads, profiles, rollups) takes no more than this, however large they are; the rest is spilled. */
#define ENGINE_WORK_BYTES (G_GINT64_CONSTANT(2500) * 1000 * 1000)
/* `most`, or half of the machine's memory where that is less. Bytes. */
gint64 engine_memory_within(gint64 most);

#define ENGINE_SKETCH_EXACT 256
#define ENGINE_SKETCH_ERROR 0.0325

/*
 * An in-process DuckDB instance in memory, with three aggregates of ours: aisle_sketch(VARCHAR), aisle_sketch_merge and
 * aisle_sketch_count (engine/duckdb_sketch.h). A count is exact up to ENGINE_SKETCH_EXACT different values; beyond them 19
 * of 20 lie within ENGINE_SKETCH_ERROR (a fraction) of the exact one. Fails with AISLE_ERROR_ENGINE. (transfer full)
 */
Engine *engine_open_duckdb(const EngineOptions *options, GError **error);
Engine *engine_ref(Engine *engine);
void engine_unref(Engine *engine); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Engine, engine_unref)

/* Statements of our own (CREATE VIEW, COPY ...); several may be given. No result. */
gboolean engine_execute(Engine *engine, const char *sql, Deadline deadline, GError **error);
/* One statement with parameters (may be NULL); at most max_rows rows are kept (0: all). Interrupted at the deadline. (transfer full) */
ResultTable *engine_query(Engine *engine, const char *sql, const GPtrArray *parameters, gsize max_rows, Deadline deadline,
                          GError **error);
/* The same, but refuses to run anything whose prepared type is not SELECT: AISLE_ERROR_BLOCKED. */
ResultTable *engine_select(Engine *engine, const char *sql, const GPtrArray *parameters, gsize max_rows, Deadline deadline,
                           GError **error);
/* How far the statement is that runs now: 0..1, -1 when nothing runs, it cannot be told, or its connection was not asked to keep
 * count (SET enable_progress_bar). For showing to people; from any thread. */
double engine_progress(Engine *engine);
/*
 * A function of SQL: text in, text out, NULL for NULL, the same for equal texts. `function` appends its result to `out`; it
 * is called from the engine's threads, several at once. The engine keeps `user_data` until it ends.
 */
typedef void (*EngineTextFunction)(const char *text, gsize length, GString *out, gpointer user_data);
gboolean engine_add_text_function(Engine *engine, const char *name, EngineTextFunction function, gpointer user_data,
                                  GDestroyNotify free_data, GError **error);
/* Forbids files outside `directories`, network, further settings. Irreversible. */
gboolean engine_lock_down(Engine *engine, const char *const *directories, GError **error);
/* The engine's own parse of one or more statements as JSON (json_serialize_sql). (transfer full) */
char *engine_parse_sql(Engine *engine, const char *sql, GError **error);

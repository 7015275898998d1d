/*
 * What an engine implements. Adding a kind: fill this table, write engine_open_<kind>(), run the conformance tests over it.
 */
#pragma once
#include <stdatomic.h>

#include "engine/engine.h"

/* Cells one result may hold: 64 million of 32 bytes. */
#define ENGINE_MAX_CELLS ((gsize)64 << 20)

typedef enum { STATEMENT_ANY, STATEMENT_SELECT_ONLY } StatementKind;

typedef struct {
  const char *name;
  void (*free)(Engine *engine);
  gboolean (*execute)(Engine *engine, const char *sql, Deadline deadline, GError **error);
  ResultTable *(*run)(Engine *engine, const char *sql, const GPtrArray *parameters, gsize max_rows, StatementKind kind,
                      Deadline deadline, GError **error);
  gboolean (*lock_down)(Engine *engine, const char *const *directories, GError **error);
  char *(*parse_sql)(Engine *engine, const char *sql, GError **error);
  double (*progress)(Engine *engine);
  gboolean (*add_text_function)(Engine *engine, const char *name, EngineTextFunction function, gpointer user_data,
                                GDestroyNotify free_data, GError **error);
} EngineKind;

/* First member of every kind's own struct. */
struct Engine {
  const EngineKind *kind;
  atomic_int references;
};

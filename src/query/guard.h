/*
 * The guard: what stands between any SQL text and the engine. Exactly one SELECT; an allow-list of node types,
 * functions and relations over the engine's own parse; a row limit. It sees logical names only.
 */
#pragma once
#include "engine/engine.h"

typedef struct {
  const char *const *relations; /* allowed relation names, NULL-terminated */
  gint64 max_rows;              /* the LIMIT that must be there, or is put around; 0: none */
} GuardPolicy;

/* A statement that may run, possibly wrapped in a LIMIT; AISLE_ERROR_BLOCKED says which construct is refused. (transfer full) */
char *guard_check(Engine *engine, const char *sql, const GuardPolicy *policy, GError **error);
/* The same for an expression of a model: scalar (allow_aggregates FALSE) or aggregate, over the given columns. */
gboolean guard_check_expression(Engine *engine, const char *expression, gboolean allow_aggregates, GError **error);

/*
 * Inside the guard: one walk over the engine's parse of a statement. Everything is an allow-list: a node, a part of a
 * node, a function, a relation that is not named here is refused, so what a later engine adds is refused as well.
 * Each visit returns FALSE with AISLE_ERROR_BLOCKED set.
 */
#pragma once
#include "query/guard.h"

/* What one statement may cost to read and to run. */
#define GUARD_MAX_BYTES (256 * 1024)
#define GUARD_MAX_DEPTH 150 /* of nested nodes */
#define GUARD_MAX_NODES 50000
#define GUARD_MAX_CTES 64
#define GUARD_MAX_SUBQUERIES 64
#define GUARD_MAX_JOINS 48
#define GUARD_MAX_GROUPING_SETS 64
#define GUARD_MAX_SELECTS 128          /* with those of set operations */
#define GUARD_MAX_AGGREGATES 300       /* calls, also over windows */
#define GUARD_MAX_LOOSE_JOINS 2        /* linked by an inequality only; a join that nothing links counts for two */
#define GUARD_MAX_GENERATED 10000      /* rows of one range() */
#define GUARD_MAX_GENERATED_ALL 100000 /* product over the statement */
#define GUARD_MAX_REPEAT 1000          /* repeat(), lpad(), rpad(), bar() */
#define GUARD_MAX_GROWTH 16            /* doublings of text and lists over the statement */

/* A common table expression in scope. */
typedef struct {
  char *name;
  gboolean single_row;
} GuardCte;

typedef struct {
  const GuardPolicy *policy;
  GPtrArray *ctes;     /* of GuardCte*, innermost last */
  gboolean expression; /* of a model: no subquery, no window, no parameter */
  gboolean no_aggregates;
  guint depth, nodes, selects, n_ctes, subqueries, joins, loose_joins, aggregates;
  double generated; /* product of what generators give */
  double growth;    /* doublings */
  GError **error;
} GuardWalk;

/* Sets the error: "the statement may not use ...". Always FALSE. */
gboolean guard_refuse(GuardWalk *walk, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Counts a node and a level; guard_leave() ends the level. */
gboolean guard_enter(GuardWalk *walk);
void guard_leave(GuardWalk *walk);

/* ---- guard_walk.c: statements, relations, names ---- */
gboolean guard_visit_node(GuardWalk *walk, const json_t *node);
gboolean guard_visit_orders(GuardWalk *walk, const json_t *orders);
void guard_cte_free(gpointer cte);
const GuardCte *guard_find_cte(const GuardWalk *walk, const char *name);
/* Refuses an object with a part that is not among `parts` (NULL-terminated); "type" and "class" are always known. */
gboolean guard_known_parts(GuardWalk *walk, const json_t *object, const char *const *parts);
/* A part that must not be used: NULL, FALSE, or empty. */
gboolean guard_is_unused(const json_t *value);

/* ---- guard_expression.c ---- */
gboolean guard_visit_expression(GuardWalk *walk, const json_t *expression); /* json null is fine */
gboolean guard_visit_expressions(GuardWalk *walk, const json_t *array);

/* ---- guard_joins.c: how many rows can come out of a FROM ---- */
/* Counts the joins below `from` that neither their condition nor `where` links. */
gboolean guard_count_joins(GuardWalk *walk, const json_t *from, const json_t *where);
/* The same for a SELECT in an expression that speaks of relations around it: it is joined to them, only written otherwise. */
gboolean guard_count_correlation(GuardWalk *walk, const json_t *node);
/* Whether a SELECT gives one row whatever the data. */
gboolean guard_is_single_row(const json_t *node);

/* ---- guard_sizes.c: how large values and lists can become ---- */
gboolean guard_check_generator(GuardWalk *walk, const char *name, const json_t *arguments);
gboolean guard_check_growth(GuardWalk *walk, const char *name, const json_t *arguments);

/* ---- guard_functions.c ---- */
typedef enum {
  GUARD_FUNCTION_UNKNOWN,
  GUARD_FUNCTION_SCALAR,
  GUARD_FUNCTION_AGGREGATE,  /* may also run over a window */
  GUARD_FUNCTION_COLLECTING, /* aggregate that keeps all it saw: not over a window */
  GUARD_FUNCTION_WINDOW
} GuardFunctionKind;
GuardFunctionKind guard_function_kind(const char *name);

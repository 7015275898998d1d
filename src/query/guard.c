/* The guard's faces: a statement with its LIMIT, an expression of a model. */
#include "query/guard.h"

#include <string.h>

#include "query/guard_walk.h"

static gboolean blocked(GError **error, const char *message) {
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BLOCKED, message);
  return FALSE;
}

/* Brackets deeper than the engine's parser should be given; quoted ones count too, which only refuses more. */
static gboolean is_nested_too_deeply(const char *sql) {
  int depth = 0;
  for (; *sql != '\0'; sql++) {
    if (*sql == '(' || *sql == '[' || *sql == '{') depth++;
    if ((*sql == ')' || *sql == ']' || *sql == '}') && depth > 0) depth--;
    if (depth > GUARD_MAX_DEPTH) return TRUE;
  }
  return FALSE;
}

/*
 * The parse of exactly one SELECT. Locations are 2^64-1 where the engine has none, so large integers are read as reals.
 * (transfer full); the node inside is its "statements"[0]."node".
 */
static json_t *parse_statement(Engine *engine, const char *sql, const json_t **node, GError **error) {
  gsize length = strlen(sql);
  g_autoptr(GError) failed = NULL;
  if (length > GUARD_MAX_BYTES) return blocked(error, "the statement is too long"), NULL;
  if (!text_is_valid(sql, length)) return blocked(error, "the statement is not UTF-8 text"), NULL;
  if (is_nested_too_deeply(sql))
    return blocked(error, "the statement is nested too deeply; use WITH to flatten it"), NULL;
  g_autofree char *text = engine_parse_sql(engine, sql, &failed);
  if (text == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BLOCKED, "not a SELECT that can be read: %s", failed->message);
    return NULL;
  }
  json_error_t problem;
  g_autoptr(json_t) parse =
      json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &problem);
  const json_t *statements = json_object_get(parse, "statements");
  if (parse == NULL) return blocked(error, "the statement is nested too deeply or holds numbers out of range"), NULL;
  if (json_get_bool(parse, "error", FALSE) || !json_is_array(statements)) {
    const char *message = json_get_string(parse, "error_message");
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BLOCKED, "not a SELECT that can be read: %s",
                message != NULL ? message : "unknown");
    return NULL;
  }
  if (json_array_size(statements) != 1) return blocked(error, "exactly one statement is allowed"), NULL;
  *node = json_object_get(json_array_get(statements, 0), "node");
  return g_steal_pointer(&parse);
}

static void walk_init(GuardWalk *walk, const GuardPolicy *policy, GError **error) {
  *walk = (GuardWalk){.policy = policy, .generated = 1, .error = error};
  walk->ctes = g_ptr_array_new_with_free_func(guard_cte_free);
}

/* ---- LIMIT ---- */

/* Whether the statement itself gives at most `most` rows: a constant LIMIT of its outermost SELECT. */
static gboolean has_limit(const json_t *node, gint64 most) {
  const json_t *modifiers = json_object_get(node, "modifiers");
  for (size_t i = 0; i < json_array_size(modifiers); i++) {
    const json_t *modifier = json_array_get(modifiers, i), *limit = json_object_get(modifier, "limit");
    const json_t *constant = json_object_get(limit, "value"), *value = json_object_get(constant, "value");
    if (g_strcmp0(json_get_string(modifier, "type"), "LIMIT_MODIFIER") != 0) continue;
    if (g_strcmp0(json_get_string(limit, "class"), "CONSTANT") != 0 || json_get_bool(constant, "is_null", TRUE))
      continue;
    if (g_strcmp0(json_get_string(json_object_get(constant, "type"), "id"), "INTEGER") != 0) continue;
    if (json_is_number(value) && json_number_value(value) >= 0 && json_number_value(value) <= (double)most) return TRUE;
  }
  return FALSE;
}

static gboolean has_any_limit(const json_t *node) {
  const json_t *modifiers = json_object_get(node, "modifiers");
  for (size_t i = 0; i < json_array_size(modifiers); i++)
    if (json_object_get(json_array_get(modifiers, i), "limit") != NULL) return TRUE;
  return FALSE;
}

/* Without what ends a statement: white space and semicolons. (transfer full) */
static char *without_end(const char *sql) {
  gsize length = strlen(sql);
  while (length > 0 && (g_ascii_isspace(sql[length - 1]) || sql[length - 1] == ';')) length--;
  return g_strndup(sql, length);
}

/*
 * With a LIMIT: at its end where it has none (so the order stays its own), around it otherwise. The result is parsed
 * again: whatever stood in the text, what runs is one SELECT with that limit outermost. (transfer full)
 */
static char *with_limit(Engine *engine, const char *sql, const json_t *node, gint64 max_rows, GError **error) {
  g_autofree char *body = without_end(sql), *limited = NULL;
  if (max_rows <= 0 || has_limit(node, max_rows)) return g_steal_pointer(&body);
  int most = (int)MIN(max_rows, G_MAXINT32);
  if (has_any_limit(node))
    limited = g_strdup_printf("SELECT * FROM (%s\n) AS limited LIMIT %d", body, most);
  else
    limited = g_strdup_printf("%s\nLIMIT %d", body, most);
  const json_t *limited_node;
  g_autoptr(json_t) parse = parse_statement(engine, limited, &limited_node, error);
  if (parse == NULL) return NULL;
  if (!has_limit(limited_node, max_rows)) return blocked(error, "the statement cannot be given a LIMIT"), NULL;
  return g_steal_pointer(&limited);
}

/* ---- faces ---- */

char *guard_check(Engine *engine, const char *sql, const GuardPolicy *policy, GError **error) {
  const json_t *node;
  g_autoptr(json_t) parse = parse_statement(engine, sql, &node, error);
  if (parse == NULL) return NULL;
  GuardWalk walk;
  walk_init(&walk, policy, error);
  gboolean good = guard_visit_node(&walk, node);
  g_ptr_array_unref(walk.ctes);
  return good ? with_limit(engine, sql, node, policy->max_rows, error) : NULL;
}

/* Nothing but one expression: no FROM, no clause around it. */
static const json_t *only_expression(const json_t *node) {
  static const char *const clauses[] = {"modifiers", "where_clause", "group_expressions", "group_sets", "having",
                                        "sample",    "qualify"};
  const json_t *list = json_object_get(node, "select_list");
  if (g_strcmp0(json_get_string(node, "type"), "SELECT_NODE") != 0 || json_array_size(list) != 1) return NULL;
  if (g_strcmp0(json_get_string(json_object_get(node, "from_table"), "type"), "EMPTY") != 0) return NULL;
  if (json_array_size(json_object_get(json_object_get(node, "cte_map"), "map")) > 0) return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(clauses); i++)
    if (!guard_is_unused(json_object_get(node, clauses[i]))) return NULL;
  return json_array_get(list, 0);
}

gboolean guard_check_expression(Engine *engine, const char *expression, gboolean allow_aggregates, GError **error) {
  const GuardPolicy nothing = {0};
  g_autofree char *sql = g_strdup_printf("SELECT (%s\n)", expression);
  const json_t *node;
  g_autoptr(json_t) parse = parse_statement(engine, sql, &node, error);
  if (parse == NULL) return FALSE;
  const json_t *only = only_expression(node);
  /* "a, b" in brackets reads as one row. */
  if (only == NULL || g_strcmp0(json_get_string(only, "class"), "STAR") == 0 ||
      g_strcmp0(json_get_string(only, "function_name"), "row") == 0)
    return blocked(error, "one expression over the columns is allowed here, nothing else");
  GuardWalk walk;
  walk_init(&walk, &nothing, error);
  walk.expression = TRUE;
  walk.no_aggregates = !allow_aggregates;
  gboolean good = guard_visit_expression(&walk, only);
  g_ptr_array_unref(walk.ctes);
  return good;
}

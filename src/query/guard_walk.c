/* Statements, relations and the names they may use. */
#include "query/guard_walk.h"

#include <stdarg.h>
#include <string.h>

gboolean guard_refuse(GuardWalk *walk, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *what = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_set_error(walk->error, AISLE_ERROR, AISLE_ERROR_BLOCKED, "%s", what);
  return FALSE;
}

gboolean guard_enter(GuardWalk *walk) {
  if (++walk->nodes > GUARD_MAX_NODES) return guard_refuse(walk, "the statement has too many parts; split it");
  if (++walk->depth > GUARD_MAX_DEPTH)
    return guard_refuse(walk, "the statement is nested too deeply; use WITH to flatten it");
  return TRUE;
}

void guard_leave(GuardWalk *walk) {
  walk->depth--;
}

gboolean guard_is_unused(const json_t *value) {
  if (json_is_string(value)) return json_string_length(value) == 0;
  if (json_is_array(value)) return json_array_size(value) == 0;
  return value == NULL || json_is_null(value) || json_is_false(value);
}

gboolean guard_known_parts(GuardWalk *walk, const json_t *object, const char *const *parts) {
  static const char *const everywhere[] = {"type", "class", "alias", "query_location", NULL};
  const char *key;
  json_t *value;
  if (!json_is_object(object)) return guard_refuse(walk, "the statement has a part that is not known here");
  json_object_foreach ((json_t *)object, key, value) {
    if (!g_strv_contains(everywhere, key) && !g_strv_contains(parts, key))
      return guard_refuse(walk, "the statement has a part that is not known here: %s", key);
  }
  return TRUE;
}

/* ---- names of relations ---- */

void guard_cte_free(gpointer cte) {
  g_free(((GuardCte *)cte)->name);
  g_free(cte);
}

const GuardCte *guard_find_cte(const GuardWalk *walk, const char *name) {
  for (guint i = walk->ctes->len; i-- > 0;) {
    const GuardCte *cte = walk->ctes->pdata[i];
    if (g_ascii_strcasecmp(cte->name, name) == 0) return cte;
  }
  return NULL;
}

/* A name that can be nothing but a name: no path, no pattern, no address. */
static gboolean is_plain_name(const char *name) {
  if (*name == '\0' || strlen(name) > 200) return FALSE;
  return strpbrk(name, "./\\*?[]:;'\"%~$`") == NULL;
}

static gboolean is_allowed_relation(const GuardWalk *walk, const char *name) {
  for (const char *const *relation = walk->policy->relations; relation != NULL && *relation != NULL; relation++)
    if (g_ascii_strcasecmp(*relation, name) == 0) return TRUE;
  return FALSE;
}

static gboolean visit_base_table(GuardWalk *walk, const json_t *table) {
  static const char *const parts[] = {"sample",       "schema_name", "table_name", "column_name_alias",
                                      "catalog_name", "at_clause",   NULL};
  if (!guard_known_parts(walk, table, parts)) return FALSE;
  if (!guard_is_unused(json_object_get(table, "at_clause")))
    return guard_refuse(walk, "AT (VERSION or TIMESTAMP) is not allowed");
  const char *catalog = json_get_string(table, "catalog_name"), *schema = json_get_string(table, "schema_name");
  const char *name = json_get_string(table, "table_name");
  if (name == NULL || *name == '\0') return guard_refuse(walk, "a relation without a name is not allowed");
  gboolean qualified = (catalog != NULL && *catalog) || (schema != NULL && *schema);
  if (!qualified && guard_find_cte(walk, name) != NULL) return TRUE;
  g_autofree char *full = qualified
                              ? g_strconcat(catalog != NULL ? catalog : "", catalog != NULL && *catalog ? "." : "",
                                            schema != NULL ? schema : "", ".", name, NULL)
                              : g_strdup(name);
  /* A dot inside a quoted name must not pass for a schema. */
  if (!is_plain_name(name) ||
      (qualified && ((schema && !is_plain_name(schema)) || (catalog && *catalog && !is_plain_name(catalog)))))
    return guard_refuse(walk, "\"%s\" is not the name of a table here", name);
  if (!is_allowed_relation(walk, full)) return guard_refuse(walk, "there is no table \"%s\" here", full);
  return TRUE;
}

/* ---- what stands in FROM ---- */

static gboolean visit_subquery(GuardWalk *walk, const json_t *subquery) {
  static const char *const parts[] = {"node", "named_param_map", NULL};
  if (++walk->subqueries > GUARD_MAX_SUBQUERIES) return guard_refuse(walk, "the statement has too many subqueries");
  return guard_known_parts(walk, subquery, parts) && guard_visit_node(walk, json_object_get(subquery, "node"));
}

static gboolean visit_from(GuardWalk *walk, const json_t *from);

static gboolean visit_join(GuardWalk *walk, const json_t *join) {
  static const char *const parts[] = {"sample",
                                      "left",
                                      "right",
                                      "condition",
                                      "join_type",
                                      "ref_type",
                                      "using_columns",
                                      "delim_flipped",
                                      "duplicate_eliminated_columns",
                                      NULL};
  static const char *const kinds[] = {"REGULAR", "CROSS", "NATURAL", "ASOF", NULL};
  static const char *const types[] = {"INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI", NULL};
  if (!guard_known_parts(walk, join, parts)) return FALSE;
  const char *kind = json_get_string(join, "ref_type"), *type = json_get_string(join, "join_type");
  if (kind == NULL || !g_strv_contains(kinds, kind))
    return guard_refuse(walk, "a %s join is not allowed", kind ? kind : "nameless");
  if (type == NULL || !g_strv_contains(types, type))
    return guard_refuse(walk, "a %s join is not allowed", type ? type : "nameless");
  if (++walk->joins > GUARD_MAX_JOINS)
    return guard_refuse(walk, "the statement joins more than %d times", GUARD_MAX_JOINS);
  return visit_from(walk, json_object_get(join, "left")) && visit_from(walk, json_object_get(join, "right")) &&
         guard_visit_expression(walk, json_object_get(join, "condition"));
}

static gboolean visit_table_function(GuardWalk *walk, const json_t *from) {
  static const char *const parts[] = {"sample", "function", "column_name_alias", "with_ordinality", NULL};
  static const char *const allowed[] = {"range", "generate_series", "unnest", NULL};
  if (!guard_known_parts(walk, from, parts)) return FALSE;
  const json_t *function = json_object_get(from, "function");
  const char *name = json_get_string(function, "function_name");
  if (name == NULL || !g_strv_contains(allowed, name))
    return guard_refuse(walk, "the table function %s() is not allowed", name != NULL ? name : "?");
  return guard_visit_expression(walk, function);
}

static gboolean visit_values(GuardWalk *walk, const json_t *from) {
  static const char *const parts[] = {"sample", "expected_names", "expected_types", "values", NULL};
  if (!guard_known_parts(walk, from, parts)) return FALSE;
  size_t i;
  json_t *row;
  json_array_foreach (json_object_get(from, "values"), i, row) {
    if (!guard_visit_expressions(walk, row)) return FALSE;
  }
  return TRUE;
}

static gboolean visit_from_kind(GuardWalk *walk, const json_t *from) {
  static const char *const empty_parts[] = {"sample", NULL};
  static const char *const subquery_parts[] = {"sample", "subquery", "column_name_alias", NULL};
  const char *type = json_get_string(from, "type");
  if (!guard_is_unused(json_object_get(from, "sample")))
    return guard_refuse(walk, "TABLESAMPLE is not allowed: two runs would differ");
  if (g_strcmp0(type, "EMPTY") == 0) return guard_known_parts(walk, from, empty_parts);
  if (g_strcmp0(type, "BASE_TABLE") == 0) return visit_base_table(walk, from);
  if (g_strcmp0(type, "JOIN") == 0) return visit_join(walk, from);
  if (g_strcmp0(type, "TABLE_FUNCTION") == 0) return visit_table_function(walk, from);
  if (g_strcmp0(type, "EXPRESSION_LIST") == 0) return visit_values(walk, from);
  if (g_strcmp0(type, "SUBQUERY") == 0)
    return guard_known_parts(walk, from, subquery_parts) && visit_subquery(walk, json_object_get(from, "subquery"));
  if (g_strcmp0(type, "SHOW_REF") == 0) return guard_refuse(walk, "SHOW, DESCRIBE and SUMMARIZE are not allowed");
  if (g_strcmp0(type, "PIVOT") == 0) return guard_refuse(walk, "PIVOT and UNPIVOT are not allowed");
  return guard_refuse(walk, "a %s in FROM is not allowed", type != NULL ? type : "part without a type");
}

static gboolean visit_from(GuardWalk *walk, const json_t *from) {
  gboolean good = guard_enter(walk) && visit_from_kind(walk, from);
  guard_leave(walk);
  return good;
}

/* ---- statements ---- */

gboolean guard_visit_orders(GuardWalk *walk, const json_t *orders) {
  static const char *const parts[] = {"null_order", "expression", NULL};
  size_t i;
  json_t *order;
  json_array_foreach (orders, i, order) {
    if (!guard_known_parts(walk, order, parts) || !guard_visit_expression(walk, json_object_get(order, "expression")))
      return FALSE;
  }
  return TRUE;
}

static gboolean visit_modifiers(GuardWalk *walk, const json_t *modifiers) {
  static const char *const parts[] = {"orders", "limit", "offset", "distinct_on_targets", NULL};
  static const char *const types[] = {"ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER",
                                      NULL};
  size_t i;
  json_t *modifier;
  json_array_foreach (modifiers, i, modifier) {
    const char *type = json_get_string(modifier, "type");
    if (type == NULL || !g_strv_contains(types, type))
      return guard_refuse(walk, "a clause that is not known here: %s", type ? type : "?");
    if (!guard_known_parts(walk, modifier, parts) || !guard_visit_orders(walk, json_object_get(modifier, "orders")) ||
        !guard_visit_expression(walk, json_object_get(modifier, "limit")) ||
        !guard_visit_expression(walk, json_object_get(modifier, "offset")) ||
        !guard_visit_expressions(walk, json_object_get(modifier, "distinct_on_targets")))
      return FALSE;
  }
  return TRUE;
}

/*
 * Puts the node's common table expressions in scope, in order: each sees those before it, not itself. A name is only
 * ever free where the engine too finds the expression, else it would fall through to a table of that name.
 */
static gboolean visit_ctes(GuardWalk *walk, const json_t *map) {
  static const char *const parts[] = {"aliases", "query", "materialized", "key_targets", NULL};
  size_t i;
  json_t *entry;
  json_array_foreach (json_object_get(map, "map"), i, entry) {
    const char *name = json_get_string(entry, "key");
    const json_t *cte = json_object_get(entry, "value"), *node = json_object_get(json_object_get(cte, "query"), "node");
    if (++walk->n_ctes > GUARD_MAX_CTES)
      return guard_refuse(walk, "WITH defines more than %d relations", GUARD_MAX_CTES);
    if (name == NULL || !is_plain_name(name)) return guard_refuse(walk, "WITH defines a relation without a plain name");
    if (g_strcmp0(json_get_string(node, "type"), "RECURSIVE_CTE_NODE") == 0 ||
        !guard_is_unused(json_object_get(cte, "key_targets")))
      return guard_refuse(walk, "WITH RECURSIVE is not allowed");
    if (!guard_known_parts(walk, cte, parts) || !guard_visit_node(walk, node)) return FALSE;
    GuardCte *in_scope = g_new0(GuardCte, 1);
    in_scope->name = g_strdup(name);
    in_scope->single_row = guard_is_single_row(node);
    g_ptr_array_add(walk->ctes, in_scope);
  }
  return TRUE;
}

static gboolean visit_select_node(GuardWalk *walk, const json_t *node) {
  static const char *const parts[] = {
      "modifiers",         "cte_map",    "select_list",        "from_table", "where_clause",
      "group_expressions", "group_sets", "aggregate_handling", "having",     "sample",
      "qualify",           NULL};
  if (!guard_known_parts(walk, node, parts)) return FALSE;
  if (++walk->selects > GUARD_MAX_SELECTS)
    return guard_refuse(walk, "the statement has more than %d SELECTs", GUARD_MAX_SELECTS);
  if (!guard_is_unused(json_object_get(node, "sample")))
    return guard_refuse(walk, "SAMPLE is not allowed: two runs would differ");
  if (json_array_size(json_object_get(node, "group_sets")) > GUARD_MAX_GROUPING_SETS)
    return guard_refuse(walk, "more than %d grouping sets", GUARD_MAX_GROUPING_SETS);
  return visit_from(walk, json_object_get(node, "from_table")) &&
         guard_visit_expressions(walk, json_object_get(node, "select_list")) &&
         guard_visit_expression(walk, json_object_get(node, "where_clause")) &&
         guard_visit_expressions(walk, json_object_get(node, "group_expressions")) &&
         guard_visit_expression(walk, json_object_get(node, "having")) &&
         guard_visit_expression(walk, json_object_get(node, "qualify")) &&
         guard_count_joins(walk, json_object_get(node, "from_table"), json_object_get(node, "where_clause"));
}

static gboolean visit_set_operation(GuardWalk *walk, const json_t *node) {
  static const char *const parts[] = {"modifiers", "cte_map", "setop_type", "left", "right", "setop_all", NULL};
  static const char *const types[] = {"UNION", "EXCEPT", "INTERSECT", "UNION_BY_NAME", NULL};
  const char *type = json_get_string(node, "setop_type");
  if (type == NULL || !g_strv_contains(types, type))
    return guard_refuse(walk, "a set operation that is not known here");
  return guard_known_parts(walk, node, parts) && guard_visit_node(walk, json_object_get(node, "left")) &&
         guard_visit_node(walk, json_object_get(node, "right"));
}

static gboolean visit_node_kind(GuardWalk *walk, const json_t *node) {
  const char *type = json_get_string(node, "type");
  if (g_strcmp0(type, "SELECT_NODE") == 0) return visit_select_node(walk, node);
  if (g_strcmp0(type, "SET_OPERATION_NODE") == 0) return visit_set_operation(walk, node);
  return guard_refuse(walk, "only SELECT is allowed, not %s", type != NULL ? type : "this");
}

gboolean guard_visit_node(GuardWalk *walk, const json_t *node) {
  guint outer = walk->ctes->len;
  gboolean good = guard_enter(walk) && visit_ctes(walk, json_object_get(node, "cte_map")) &&
                  visit_node_kind(walk, node) && visit_modifiers(walk, json_object_get(node, "modifiers"));
  if (walk->ctes->len > outer) g_ptr_array_remove_range(walk->ctes, outer, walk->ctes->len - outer);
  guard_leave(walk);
  return good;
}

/*
 * How many rows can come out of a FROM. A join is linked when an equality between two of its relations (in ON, USING or
 * WHERE) holds it together, loose when only an inequality does, a cross join when nothing does. Relations of one row
 * multiply nothing. This bounds what is written by mistake or in malice; time and memory bound the rest.
 */
#include <string.h>

#include "query/guard_walk.h"

/* ---- one row whatever the data ---- */

static gboolean holds_aggregate(const json_t *expression, int depth) {
  if (depth > GUARD_MAX_DEPTH) return FALSE;
  if (json_is_array(expression)) {
    for (size_t i = 0; i < json_array_size(expression); i++)
      if (holds_aggregate(json_array_get(expression, i), depth + 1)) return TRUE;
    return FALSE;
  }
  const char *class = json_get_string(expression, "class");
  if (g_strcmp0(class, "WINDOW") == 0 || g_strcmp0(class, "SUBQUERY") == 0) return FALSE;
  if (g_strcmp0(class, "FUNCTION") == 0) {
    const char *name = json_get_string(expression, "function_name");
    GuardFunctionKind kind = name != NULL ? guard_function_kind(name) : GUARD_FUNCTION_UNKNOWN;
    if (kind == GUARD_FUNCTION_AGGREGATE || kind == GUARD_FUNCTION_COLLECTING) return TRUE;
  }
  const char *key;
  json_t *value;
  json_object_foreach ((json_t *)expression, key, value) {
    if ((json_is_object(value) || json_is_array(value)) && holds_aggregate(value, depth + 1)) return TRUE;
  }
  return FALSE;
}

/* unnest() in a SELECT list makes rows of its own. */
static gboolean holds_unnest(const json_t *expression, int depth) {
  if (depth > GUARD_MAX_DEPTH) return TRUE;
  if (g_strcmp0(json_get_string(expression, "function_name"), "unnest") == 0) return TRUE;
  const char *key;
  json_t *value;
  if (json_is_array(expression)) {
    for (size_t i = 0; i < json_array_size(expression); i++)
      if (holds_unnest(json_array_get(expression, i), depth + 1)) return TRUE;
  }
  json_object_foreach ((json_t *)expression, key, value) {
    if ((json_is_object(value) || json_is_array(value)) && holds_unnest(value, depth + 1)) return TRUE;
  }
  return FALSE;
}

static gboolean has_limit_one(const json_t *modifiers) {
  for (size_t i = 0; i < json_array_size(modifiers); i++) {
    const json_t *limit = json_object_get(json_array_get(modifiers, i), "limit"),
                 *value = json_object_get(limit, "value");
    if (g_strcmp0(json_get_string(limit, "class"), "CONSTANT") == 0 && json_get_double(value, "value", 2) <= 1 &&
        !json_get_bool(value, "is_null", TRUE) &&
        g_strcmp0(json_get_string(json_array_get(modifiers, i), "type"), "LIMIT_MODIFIER") == 0)
      return TRUE;
  }
  return FALSE;
}

gboolean guard_is_single_row(const json_t *node) {
  if (has_limit_one(json_object_get(node, "modifiers"))) return TRUE;
  if (g_strcmp0(json_get_string(node, "type"), "SELECT_NODE") != 0) return FALSE;
  const json_t *list = json_object_get(node, "select_list");
  if (json_array_size(json_object_get(node, "group_expressions")) > 0 ||
      json_array_size(json_object_get(node, "group_sets")) > 0 ||
      g_strcmp0(json_get_string(node, "aggregate_handling"), "STANDARD_HANDLING") != 0 || holds_unnest(list, 0))
    return FALSE;
  if (g_strcmp0(json_get_string(json_object_get(node, "from_table"), "type"), "EMPTY") == 0) return TRUE;
  return holds_aggregate(list, 0);
}

static gboolean relation_is_single_row(const GuardWalk *walk, const json_t *relation) {
  const char *type = json_get_string(relation, "type");
  if (g_strcmp0(type, "SUBQUERY") == 0)
    return guard_is_single_row(json_object_get(json_object_get(relation, "subquery"), "node"));
  if (g_strcmp0(type, "EXPRESSION_LIST") == 0) return json_array_size(json_object_get(relation, "values")) <= 1;
  if (g_strcmp0(type, "BASE_TABLE") == 0) {
    const char *schema = json_get_string(relation, "schema_name"), *name = json_get_string(relation, "table_name");
    const GuardCte *cte = (schema == NULL || *schema == '\0') && name != NULL ? guard_find_cte(walk, name) : NULL;
    return cte != NULL && cte->single_row;
  }
  if (g_strcmp0(type, "JOIN") == 0)
    return relation_is_single_row(walk, json_object_get(relation, "left")) &&
           relation_is_single_row(walk, json_object_get(relation, "right"));
  return FALSE;
}

/* ---- what holds relations together ---- */

typedef enum { LINK_NONE, LINK_LOOSE, LINK_EQUAL } Link;

/* The qualifier of the first column in an expression: "o" of o.day; "" when it has none; NULL without columns. */
static const char *first_qualifier(const json_t *expression, int depth) {
  if (depth > GUARD_MAX_DEPTH) return NULL;
  if (g_strcmp0(json_get_string(expression, "class"), "COLUMN_REF") == 0) {
    const json_t *names = json_object_get(expression, "column_names");
    return json_array_size(names) > 1 ? json_string_value(json_array_get(names, 0)) : "";
  }
  const char *key;
  json_t *value;
  if (json_is_array(expression)) {
    for (size_t i = 0; i < json_array_size(expression); i++) {
      const char *found = first_qualifier(json_array_get(expression, i), depth + 1);
      if (found != NULL) return found;
    }
    return NULL;
  }
  json_object_foreach ((json_t *)expression, key, value) {
    const char *found = json_is_object(value) || json_is_array(value) ? first_qualifier(value, depth + 1) : NULL;
    if (found != NULL) return found;
  }
  return NULL;
}

static gboolean are_of_two_relations(const json_t *left, const json_t *right) {
  const char *a = first_qualifier(left, 0), *b = first_qualifier(right, 0);
  if (a == NULL || b == NULL) return FALSE;
  if (*a == '\0' && *b == '\0') return !json_equal(left, right);
  return g_ascii_strcasecmp(a, b) != 0;
}

/* Counts what each condition that must hold links: equalities and inequalities between two relations. */
static void count_links(const json_t *condition, int depth, guint *equal, guint *loose) {
  const char *class = json_get_string(condition, "class"), *type = json_get_string(condition, "type");
  if (class == NULL || type == NULL || depth > GUARD_MAX_DEPTH) return;
  if (strcmp(type, "CONJUNCTION_AND") == 0) {
    const json_t *children = json_object_get(condition, "children");
    for (size_t i = 0; i < json_array_size(children); i++)
      count_links(json_array_get(children, i), depth + 1, equal, loose);
  } else if (strcmp(class, "COMPARISON") == 0) {
    gboolean two = are_of_two_relations(json_object_get(condition, "left"), json_object_get(condition, "right"));
    gboolean equality = strcmp(type, "COMPARE_EQUAL") == 0 || strcmp(type, "COMPARE_NOT_DISTINCT_FROM") == 0;
    if (two && equality)
      ++*equal;
    else if (two)
      ++*loose;
  } else if (strcmp(class, "BETWEEN") == 0) {
    if (are_of_two_relations(json_object_get(condition, "input"), json_object_get(condition, "lower"))) ++*loose;
  } else if (strcmp(type, "CONJUNCTION_OR") == 0) {
    /* "a.x = b.x OR ..." may let everything through, but is no slip: it links loosely. */
    if (first_qualifier(condition, 0) != NULL && g_strcmp0(first_qualifier(condition, 0), "") != 0) ++*loose;
  }
}

static Link link_of(const json_t *join) {
  const char *kind = json_get_string(join, "ref_type");
  if (g_strcmp0(kind, "NATURAL") == 0 || json_array_size(json_object_get(join, "using_columns")) > 0) return LINK_EQUAL;
  guint equal = 0, loose = 0;
  count_links(json_object_get(join, "condition"), 0, &equal, &loose);
  if (equal > 0 || g_strcmp0(kind, "ASOF") == 0) return LINK_EQUAL;
  return loose > 0 ? LINK_LOOSE : LINK_NONE;
}

static void count_tree(const GuardWalk *walk, const json_t *from, int depth, guint *crossed, guint *loose) {
  if (g_strcmp0(json_get_string(from, "type"), "JOIN") != 0 || depth > GUARD_MAX_DEPTH) return;
  const json_t *left = json_object_get(from, "left"), *right = json_object_get(from, "right");
  count_tree(walk, left, depth + 1, crossed, loose);
  count_tree(walk, right, depth + 1, crossed, loose);
  if (relation_is_single_row(walk, left) || relation_is_single_row(walk, right)) return;
  Link link = link_of(from);
  if (link == LINK_NONE)
    ++*crossed;
  else if (link == LINK_LOOSE)
    ++*loose;
}

gboolean guard_count_joins(GuardWalk *walk, const json_t *from, const json_t *where) {
  guint crossed = 0, loose = 0, equal_links = 0, loose_links = 0;
  count_tree(walk, from, 0, &crossed, &loose);
  if (crossed > 0) { /* old style: FROM a, b WHERE a.id = b.id */
    count_links(where, 0, &equal_links, &loose_links);
    crossed -= MIN(crossed, equal_links);
    guint moved = MIN(crossed, loose_links);
    crossed -= moved;
    loose += moved;
  }
  walk->loose_joins += 2 * crossed + loose;
  if (walk->loose_joins > GUARD_MAX_LOOSE_JOINS)
    return guard_refuse(walk, "too many joins without a condition that says which rows belong together");
  return TRUE;
}

/* ---- a SELECT that is run anew for rows around it ---- */

/* Every name that stands for a relation somewhere in it, in lower case; the keys are the set's. */
static void collect_relations(const json_t *part, int depth, GHashTable *names) {
  static const char *const keys[] = {"alias", "table_name"};
  const char *key;
  json_t *value;
  size_t i;
  if (depth > GUARD_MAX_DEPTH) return;
  for (guint k = 0; k < G_N_ELEMENTS(keys); k++) {
    const char *name = json_get_string(part, keys[k]);
    if (name != NULL && *name != '\0') g_hash_table_add(names, g_ascii_strdown(name, -1));
  }
  json_array_foreach(part, i, value) collect_relations(value, depth + 1, names);
  json_object_foreach((json_t *)part, key, value) collect_relations(value, depth + 1, names);
}

/* Whether it speaks of a column of a relation that is not in the set. */
static gboolean speaks_of_others(const json_t *part, int depth, GHashTable *names) {
  const char *key;
  json_t *value;
  size_t i;
  if (depth > GUARD_MAX_DEPTH) return FALSE;
  const json_t *column = g_strcmp0(json_get_string(part, "class"), "COLUMN_REF") == 0 ? json_object_get(part, "column_names") : NULL;
  if (json_array_size(column) > 1 && json_is_string(json_array_get(column, 0))) {
    g_autofree char *relation = g_ascii_strdown(json_string_value(json_array_get(column, 0)), -1);
    if (!g_hash_table_contains(names, relation)) return TRUE;
  }
  json_array_foreach(part, i, value) if (speaks_of_others(value, depth + 1, names)) return TRUE;
  json_object_foreach((json_t *)part, key, value) if (speaks_of_others(value, depth + 1, names)) return TRUE;
  return FALSE;
}

gboolean guard_count_correlation(GuardWalk *walk, const json_t *node) {
  if (g_strcmp0(json_get_string(json_object_get(node, "from_table"), "type"), "EMPTY") == 0) return TRUE;
  g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  collect_relations(node, 0, names);
  if (!speaks_of_others(node, 0, names)) return TRUE;
  guint equal = 0, loose = 0;
  count_links(json_object_get(node, "where_clause"), 0, &equal, &loose);
  if (equal == 0) walk->loose_joins += loose > 0 ? 1 : 2;
  if (walk->loose_joins <= GUARD_MAX_LOOSE_JOINS) return TRUE;
  return guard_refuse(walk, "a SELECT inside an expression needs an equality that says which of its rows belong to which row outside");
}

/* Expressions: for each class, the types it may have, the parts that hold expressions and those that hold none. */
#include <string.h>

#include "query/guard_walk.h"

typedef struct {
  const char *class;
  const char *types;              /* "|A|B|"; NULL: any */
  const char *const *expressions; /* parts that are an expression or an array of them */
  const char *const *others;      /* parts that hold none; a special visit looks at them where that matters */
  gboolean (*check)(GuardWalk *walk, const json_t *expression);
} ExpressionForm;

#define PARTS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static gboolean check_column(GuardWalk *walk, const json_t *column) {
  static const char *const about_the_session[] = {
      "current_user", "session_user", "current_role", "current_schema", "current_catalog", "current_database", NULL};
  const json_t *names = json_object_get(column, "column_names");
  const char *only = json_array_size(names) == 1 ? json_string_value(json_array_get(names, 0)) : NULL;
  if (only == NULL) return TRUE;
  g_autofree char *lower = g_ascii_strdown(only, -1);
  return !g_strv_contains(about_the_session, lower) || guard_refuse(walk, "%s is not allowed", lower);
}

static gboolean check_type(GuardWalk *walk, const json_t *type) {
  static const char *const names[] = {"BOOLEAN",      "TINYINT",      "SMALLINT",  "INTEGER",
                                      "BIGINT",       "HUGEINT",      "UTINYINT",  "USMALLINT",
                                      "UINTEGER",     "UBIGINT",      "UHUGEINT",  "FLOAT",
                                      "DOUBLE",       "DECIMAL",      "VARCHAR",   "CHAR",
                                      "DATE",         "TIME",         "TIMESTAMP", "TIMESTAMP_S",
                                      "TIMESTAMP_MS", "TIMESTAMP_NS", "INTERVAL",  "TIMESTAMP WITH TIME ZONE",
                                      "UUID",         "NULL",         NULL};
  const char *name = json_get_string(type, "id");
  const json_t *info = json_object_get(type, "type_info");
  if (g_strcmp0(name, "LIST") == 0) {
    gboolean good = guard_enter(walk) && check_type(walk, json_object_get(info, "child_type"));
    guard_leave(walk);
    return good;
  }
  if (name == NULL || !g_strv_contains(names, name)) {
    const char *own = json_get_string(info, "name");
    return guard_refuse(walk, "a cast to %s is not allowed", own != NULL ? own : name != NULL ? name : "?");
  }
  return TRUE;
}

static gboolean check_cast(GuardWalk *walk, const json_t *cast) {
  return check_type(walk, json_object_get(cast, "cast_type"));
}

static gboolean check_star(GuardWalk *walk, const json_t *star) {
  size_t i;
  json_t *entry;
  gboolean columns = !guard_is_unused(json_object_get(star, "columns")); /* COLUMNS(*), and ORDER BY ALL */
  if ((columns && walk->expression) || !guard_is_unused(json_object_get(star, "expr")))
    return guard_refuse(walk, "COLUMNS() is not allowed; name the columns");
  json_array_foreach (json_object_get(star, "replace_list"), i, entry) {
    if (!guard_visit_expression(walk, json_object_get(entry, "value"))) return FALSE;
  }
  return TRUE;
}

static gboolean check_case(GuardWalk *walk, const json_t *expression) {
  static const char *const parts[] = {"when_expr", "then_expr", NULL};
  size_t i;
  json_t *branch;
  json_array_foreach (json_object_get(expression, "case_checks"), i, branch) {
    if (!guard_known_parts(walk, branch, parts) ||
        !guard_visit_expression(walk, json_object_get(branch, "when_expr")) ||
        !guard_visit_expression(walk, json_object_get(branch, "then_expr")))
      return FALSE;
  }
  return TRUE;
}

static gboolean check_subquery(GuardWalk *walk, const json_t *expression) {
  static const char *const parts[] = {"node", "named_param_map", NULL};
  const json_t *subquery = json_object_get(expression, "subquery");
  if (walk->expression) return guard_refuse(walk, "an expression may not hold a SELECT");
  if (++walk->subqueries > GUARD_MAX_SUBQUERIES) return guard_refuse(walk, "the statement has too many subqueries");
  const json_t *node = json_object_get(subquery, "node");
  return guard_known_parts(walk, subquery, parts) && guard_visit_node(walk, node) && guard_count_correlation(walk, node);
}

static gboolean check_parameter(GuardWalk *walk, const json_t *parameter) {
  const char *name = json_get_string(parameter, "identifier");
  if (walk->expression) return guard_refuse(walk, "an expression may not hold a parameter");
  if (name == NULL || *name == '\0' || strlen(name) > 4 || strspn(name, "0123456789") != strlen(name))
    return guard_refuse(walk, "parameters are numbered: $1, $2 ...");
  return TRUE;
}

/* The function's name when it may be called in this way; NULL with the error set. */
static const char *allowed_function(GuardWalk *walk, const json_t *call, gboolean window, GuardFunctionKind *kind) {
  const char *name = json_get_string(call, "function_name");
  const char *schema = json_get_string(call, "schema"), *catalog = json_get_string(call, "catalog");
  *kind = name != NULL ? guard_function_kind(name) : GUARD_FUNCTION_UNKNOWN;
  if (*kind == GUARD_FUNCTION_UNKNOWN || (schema && *schema && strcmp(schema, "main") != 0) || (catalog && *catalog)) {
    guard_refuse(walk, "the function %s() is not allowed", name != NULL ? name : "?");
    return NULL;
  }
  if (walk->no_aggregates && *kind != GUARD_FUNCTION_SCALAR) {
    guard_refuse(walk, "%s() aggregates; only an expression over one row is allowed here", name);
    return NULL;
  }
  if (*kind != GUARD_FUNCTION_SCALAR && ++walk->aggregates > GUARD_MAX_AGGREGATES) {
    guard_refuse(walk, "the statement has more than %d aggregates", GUARD_MAX_AGGREGATES);
    return NULL;
  }
  if (window != (*kind == GUARD_FUNCTION_WINDOW) && !(window && *kind == GUARD_FUNCTION_AGGREGATE)) {
    guard_refuse(walk, window ? "%s() is not allowed over a window" : "%s() needs OVER (...)", name);
    return NULL;
  }
  return name;
}

static gboolean check_function(GuardWalk *walk, const json_t *call) {
  GuardFunctionKind kind;
  const char *name = allowed_function(walk, call, FALSE, &kind);
  if (name == NULL) return FALSE;
  if (!guard_is_unused(json_object_get(call, "export_state"))) return guard_refuse(walk, "EXPORT_STATE is not allowed");
  if (!guard_visit_orders(walk, json_object_get(json_object_get(call, "order_bys"), "orders"))) return FALSE;
  const json_t *arguments = json_object_get(call, "children");
  return guard_check_generator(walk, name, arguments) && guard_check_growth(walk, name, arguments);
}

static gboolean check_window(GuardWalk *walk, const json_t *call) {
  GuardFunctionKind kind;
  if (walk->expression) return guard_refuse(walk, "an expression may not hold a window");
  return allowed_function(walk, call, TRUE, &kind) != NULL &&
         guard_visit_orders(walk, json_object_get(call, "orders")) &&
         guard_visit_orders(walk, json_object_get(call, "arg_orders"));
}

static gboolean check_array(GuardWalk *walk, const json_t *expression) {
  if (g_strcmp0(json_get_string(expression, "type"), "ARRAY_CONSTRUCTOR") != 0) return TRUE;
  return guard_check_growth(walk, "list_value", json_object_get(expression, "children"));
}

static const ExpressionForm forms[] = {
    {"COLUMN_REF", NULL, PARTS(), PARTS("column_names"), check_column},
    {"CONSTANT", NULL, PARTS(), PARTS("value"), NULL},
    {"FUNCTION", NULL, PARTS("children", "filter"),
     PARTS("function_name", "schema", "catalog", "order_bys", "distinct", "is_operator", "export_state"),
     check_function},
    {"WINDOW", NULL,
     PARTS("children", "partitions", "start_expr", "end_expr", "offset_expr", "default_expr", "filter_expr"),
     PARTS("function_name", "schema", "catalog", "orders", "start", "end", "ignore_nulls", "exclude_clause", "distinct",
           "arg_orders"),
     check_window},
    {"COMPARISON", NULL, PARTS("left", "right"), PARTS(), NULL},
    {"BETWEEN", NULL, PARTS("input", "lower", "upper"), PARTS(), NULL},
    {"CONJUNCTION", NULL, PARTS("children"), PARTS(), NULL},
    {"OPERATOR",
     "|OPERATOR_NOT|OPERATOR_IS_NULL|OPERATOR_IS_NOT_NULL|COMPARE_IN|COMPARE_NOT_IN|OPERATOR_COALESCE|OPERATOR_NULLIF|"
     "ARRAY_EXTRACT|ARRAY_SLICE|STRUCT_EXTRACT|ARRAY_CONSTRUCTOR|GROUPING_FUNCTION|OPERATOR_TRY|",
     PARTS("children"), PARTS(), check_array},
    {"CASE", NULL, PARTS("else_expr"), PARTS("case_checks"), check_case},
    {"CAST", NULL, PARTS("child"), PARTS("cast_type", "try_cast"), check_cast},
    {"COLLATE", NULL, PARTS("child"), PARTS("collation"), NULL},
    {"SUBQUERY", NULL, PARTS("child"), PARTS("subquery", "subquery_type", "comparison_type"), check_subquery},
    {"STAR", NULL, PARTS(),
     PARTS("relation_name", "exclude_list", "replace_list", "columns", "expr", "qualified_exclude_list", "rename_list"),
     check_star},
    {"PARAMETER", NULL, PARTS(), PARTS("identifier"), check_parameter},
};

static const ExpressionForm *find_form(const char *class) {
  for (gsize i = 0; i < G_N_ELEMENTS(forms); i++)
    if (strcmp(forms[i].class, class) == 0) return &forms[i];
  return NULL;
}

static gboolean has_type(const ExpressionForm *form, const char *type) {
  if (form->types == NULL) return TRUE;
  g_autofree char *wanted = g_strdup_printf("|%s|", type != NULL ? type : "");
  return strstr(form->types, wanted) != NULL;
}

static gboolean visit_form(GuardWalk *walk, const json_t *expression) {
  const char *class = json_get_string(expression, "class"), *type = json_get_string(expression, "type");
  const ExpressionForm *form = class != NULL ? find_form(class) : NULL;
  if (form == NULL || !has_type(form, type))
    return guard_refuse(walk, "the statement may not use %s", type != NULL ? type : class != NULL ? class : "this");
  const char *const everywhere[] = {"type", "class", "alias", "query_location", NULL};
  const char *key;
  json_t *value;
  if (form->check != NULL && !form->check(walk, expression)) return FALSE;
  json_object_foreach ((json_t *)expression, key, value) {
    if (g_strv_contains(everywhere, key) || g_strv_contains(form->others, key)) continue;
    if (!g_strv_contains(form->expressions, key))
      return guard_refuse(walk, "%s has a part that is not known here: %s", class, key);
    if (!(json_is_array(value) ? guard_visit_expressions(walk, value) : guard_visit_expression(walk, value)))
      return FALSE;
  }
  return TRUE;
}

gboolean guard_visit_expression(GuardWalk *walk, const json_t *expression) {
  if (expression == NULL || json_is_null(expression)) return TRUE;
  gboolean good = guard_enter(walk) && visit_form(walk, expression);
  guard_leave(walk);
  return good;
}

gboolean guard_visit_expressions(GuardWalk *walk, const json_t *array) {
  size_t i;
  json_t *expression;
  json_array_foreach (array, i, expression) {
    if (!guard_visit_expression(walk, expression)) return FALSE;
  }
  return TRUE;
}

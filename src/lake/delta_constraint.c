/* Conditions that a table holds its rows to: CHECK constraints, invariants, required columns. */
#include "lake/delta_rows.h"
#include <string.h>

#define PREFIX "delta.constraints."
#define MARK "aisle-constraint:"
#define MARK_END "\x1f"
#define MAX_CONDITION_BYTES 10000
#define MAX_NODES 2000

/* ---- which texts are run ---- */

static gboolean is_one_of(const char *const *list, const char *word) {
  return word && g_strv_contains(list, word);
}

/* Expressions of the engine's parse that compare and compute, and nothing else. */
static gboolean is_harmless(const json_t *node, guint *left) {
  static const char *const classes[] = {"COMPARISON", "CONJUNCTION", "CONSTANT", "COLUMN_REF", "OPERATOR", "CAST",
                                        "BETWEEN", "CASE", "FUNCTION", NULL};
  static const char *const functions[] = {"+", "-", "*", "/", "%", "||", "abs", "length", "lower", "upper", "trim", "substring",
                                          "substr", "coalesce", "round", "floor", "ceil", "year", "month", "day", "~~", "!~~",
                                          "like_escape", "not_like_escape", "regexp_full_match", "starts_with", "mod",
                                          "date_trunc", "nullif", "isnan", "contains", "prefix", "suffix", NULL};
  if (*left == 0) return FALSE;
  --*left;
  if (json_is_array(node)) {
    size_t i;
    json_t *item;
    json_array_foreach (node, i, item)
      if (!is_harmless(item, left)) return FALSE;
    return TRUE;
  }
  if (!json_is_object(node)) return TRUE;
  const char *class = json_get_string(node, "class");
  if (class && !is_one_of(classes, class)) return FALSE;
  if (class && !strcmp(class, "FUNCTION") && !is_one_of(functions, json_get_string(node, "function_name"))) return FALSE;
  if (json_object_get(node, "subquery") || json_object_get(node, "from_table")) return FALSE;
  const char *key;
  json_t *value;
  json_object_foreach ((json_t *)node, key, value)
    if (!is_harmless(value, left)) return FALSE;
  return TRUE;
}

/* The one expression of "SELECT <condition>"; NULL when it is anything else. */
static const json_t *only_expression(const json_t *parse) {
  const json_t *statements = json_object_get(parse, "statements");
  const json_t *node = json_object_get(json_array_get(statements, 0), "node");
  const json_t *list = json_object_get(node, "select_list");
  const char *from = json_get_string(json_object_get(node, "from_table"), "type");
  gboolean single = json_array_size(statements) == 1 && json_array_size(list) == 1 && from && !strcmp(from, "EMPTY");
  gboolean plain = json_array_size(json_object_get(node, "modifiers")) == 0 && !json_is_object(json_object_get(node, "where_clause"));
  return single && plain ? json_array_get(list, 0) : NULL;
}

gboolean delta_condition_check(Engine *engine, const char *condition, const char *what, GError **error) {
  gboolean good = FALSE;
  if (strlen(condition) <= MAX_CONDITION_BYTES && text_is_valid(condition, strlen(condition))) {
    g_autofree char *sql = g_strdup_printf("SELECT (%s\n)", condition);
    g_autofree char *parsed = engine_parse_sql(engine, sql, NULL);
    g_autoptr(GString) text = g_string_new(parsed ? parsed : "");
    /* "no location" is written as a number that is too large for JSON integers here */
    g_string_replace(text, "18446744073709551615", "-1", 0);
    g_autoptr(json_t) parse = json_parse(text->str, text->len, NULL);
    const json_t *expression = parse ? only_expression(parse) : NULL;
    guint left = MAX_NODES;
    good = expression && is_harmless(expression, &left);
  }
  if (!good)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "%s: the condition \"%s\" is not one that can be checked here", what,
                condition);
  return good;
}

/* ---- as SQL ---- */

static gboolean append_condition(GString *sql, Engine *engine, const char *name, const char *condition, GError **error) {
  if (!delta_condition_check(engine, condition, name, error)) return FALSE;
  g_autofree char *message = g_strconcat(MARK, name, MARK_END, NULL), *quoted = text_sql_quote(message);
  /* NULL breaks a constraint, as with other Delta writers. */
  g_string_append_printf(sql, "%sCASE WHEN coalesce((%s\n), false) THEN true ELSE error(%s) END", sql->len ? " AND " : "",
                         condition, quoted);
  return TRUE;
}

static gboolean append_columns(GString *sql, const DeltaTable *table, Engine *engine, GError **error) {
  for (guint i = 0; i < table->columns->len; i++) {
    const DeltaColumn *column = table->columns->pdata[i];
    g_autofree char *quoted = text_sql_identifier(column->name);
    g_autofree char *present = g_strdup_printf("%s IS NOT NULL", quoted);
    g_autofree char *name = g_strdup_printf("%s NOT NULL", column->name);
    if (column->required && !append_condition(sql, engine, name, present, error)) return FALSE;
    if (column->invariant && !append_condition(sql, engine, column->name, column->invariant, error)) return FALSE;
  }
  return TRUE;
}

gboolean delta_constraints_sql(const DeltaTable *table, Engine *engine, char **out, GError **error) {
  g_autoptr(GString) sql = g_string_new(NULL);
  *out = NULL;
  if (!append_columns(sql, table, engine, error)) return FALSE;
  g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(table->configuration), (GCompareFunc)strcmp);
  for (GList *key = keys; key; key = key->next) {
    if (!g_str_has_prefix(key->data, PREFIX)) continue;
    const char *condition = g_hash_table_lookup(table->configuration, key->data);
    if (!append_condition(sql, engine, (const char *)key->data + strlen(PREFIX), condition, error)) return FALSE;
  }
  if (sql->len) *out = g_string_free(g_steal_pointer(&sql), FALSE);
  return TRUE;
}

char *delta_constraint_broken(const char *message) {
  const char *start = strstr(message, MARK);
  if (!start) return NULL;
  start += strlen(MARK);
  const char *end = strstr(start, MARK_END);
  return end ? g_strndup(start, (gsize)(end - start)) : g_strdup(start);
}

/* ---- setting one ---- */

/* Fails when a row that is there already breaks it. */
static gboolean check_rows(const DeltaTable *table, Engine *engine, const char *name, const char *condition, GError **error) {
  if (!delta_table_fetch(table, NULL, DEADLINE_NEVER, error)) return FALSE;
  g_autofree char *relation = delta_relation_sql(table, NULL);
  g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM (%s) WHERE NOT coalesce((%s\n), false)", relation, condition);
  g_autoptr(ResultTable) rows = engine_query(engine, sql, NULL, 0, DEADLINE_NEVER, error);
  if (!rows) return FALSE;
  gint64 broken = result_table_at(rows, 0, 0)->integer;
  if (broken > 0)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s: %" G_GINT64_FORMAT " rows break the constraint %s",
                table->location, broken, name);
  return broken == 0;
}

static gboolean is_plain_name(const char *name) {
  for (const char *p = name; *p; p++)
    if (!g_ascii_isalnum(*p) && *p != '_') return FALSE;
  return *name != '\0';
}

gboolean delta_set_constraint(DeltaTable *table, Engine *engine, const char *name, const char *condition, GError **error) {
  if (!is_plain_name(name)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "\"%s\" is not the name of a constraint", name);
    return FALSE;
  }
  if (condition && (!delta_condition_check(engine, condition, name, error) || !check_rows(table, engine, name, condition, error)))
    return FALSE;
  g_autofree char *key = g_strconcat(PREFIX, name, NULL);
  g_autoptr(DeltaCommit) commit = delta_commit_new(table, condition ? "ADD CONSTRAINT" : "DROP CONSTRAINT");
  delta_commit_set_parameter(commit, "name", name);
  if (condition) delta_commit_set_parameter(commit, "expr", condition);
  delta_commit_set_configuration(commit, key, condition);
  /* rows that others add in the meantime were not looked at */
  delta_commit_set_read(commit, NULL, 0);
  return delta_commit_write(commit, engine, error) >= 0;
}

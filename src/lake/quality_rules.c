/* Rules: from YAML, and to SQL that is true for rows that break them. */
#include "lake/ingest_yaml.h"
#include "lake/quality.h"
#include "lake/quality_codes.h"
#include <string.h>

static const char *const kinds[] = {"required",  "valid_date", "order", "allowed", "positive", "range",     "pattern", "reference",
                                    "recent",    "sql",        "unique", "volume", "freshness", "shift",    "type",    NULL};
static const char *const actions[] = {"fail", "quarantine", "review", "fix", "warn", NULL};

const char *rule_kind_name(RuleKind kind) {
  return kinds[kind];
}

const char *rule_action_name(RuleAction action) {
  return actions[action];
}

gboolean rule_is_about_rows(RuleKind kind) {
  return kind != RULE_UNIQUE && kind != RULE_VOLUME && kind != RULE_FRESHNESS && kind != RULE_SHIFT;
}

void quality_rule_free(QualityRule *rule) {
  if (!rule) return;
  g_free(rule->name);
  g_strfreev(rule->columns);
  g_free(rule->other);
  g_free(rule->table);
  g_strfreev(rule->values);
  g_free(rule->pattern);
  g_free(rule->from);
  g_free(rule->to);
  g_free(rule->expression);
  g_free(rule->fix);
  g_free(rule);
}

/* Of allowed values. */
#define FEW_VALUES 8
#define MANY_VALUES 5000

/* ---- reading ---- */

static const char *const rule_keys[] = {"required", "valid_date", "order",  "allowed", "positive",  "range", "pattern", "reference",
                                        "recent",   "sql",        "unique", "volume",  "freshness", "shift", "name",    "then",
                                        "after",    "values",     "codes",  "from",    "to",        "matches", "table", "column",
                                        "within",   "tolerance",  "value",  "expression", NULL};

/* A text of YAML as an SQL literal: numbers as they are. (transfer full) */
static char *literal(const char *text) {
  char *end;
  double number = g_ascii_strtod(text, &end);
  (void)number;
  gboolean plain = end != text && !*end && strspn(text, "+-.0123456789") == strlen(text);
  return plain ? g_strdup(text) : text_sql_quote(text);
}

static RuleKind find_kind(const YamlReading *reading, const YamlNode *node, const YamlNode **value) {
  RuleKind found = RULE_TYPE;
  for (int i = 0; i < RULE_TYPE; i++) {
    const YamlNode *here = yaml_get(node, kinds[i]);
    if (!here) continue;
    if (found != RULE_TYPE) yaml_complain(reading, yaml_get_key(node, kinds[i]), "one rule has one kind: '%s' or '%s'", kinds[found], kinds[i]);
    found = (RuleKind)i;
    *value = here;
  }
  return found;
}

static void read_fix(const YamlReading *reading, const YamlNode *node, QualityRule *rule) {
  g_autofree char *value = yaml_take_text(reading, node, "value");
  rule->fix = yaml_take_text(reading, node, "expression");
  if (value && !rule->fix) rule->fix = literal(value);
  if (rule->action == ON_FIX && !rule->fix) yaml_complain(reading, node, "a rule that fixes needs 'value' or 'expression'");
  if (rule->action == ON_FIX && g_strv_length(rule->columns) != 1) yaml_complain(reading, node, "a rule that fixes is about one column");
}

static void read_needs(const YamlReading *reading, const YamlNode *node, QualityRule *rule) {
  g_autofree char *codes = yaml_take_text(reading, node, "codes");
  if (codes) {
    g_strfreev(rule->values);
    rule->values = quality_code_list(codes);
    if (!rule->values[0]) yaml_complain(reading, yaml_get(node, "codes"), "there is no code list '%s'; there are: us_states, currencies, countries", codes);
  }
  switch (rule->kind) {
  case RULE_ORDER:
    if (!rule->other) yaml_complain(reading, node, "'order' needs 'after': the column that comes first");
    break;
  case RULE_ALLOWED:
    if (!rule->values[0]) yaml_complain(reading, node, "'allowed' needs 'values' or 'codes'");
    break;
  case RULE_RANGE:
    if (!rule->from && !rule->to) yaml_complain(reading, node, "'range' needs 'from', 'to' or both");
    break;
  case RULE_PATTERN:
    if (!rule->pattern) yaml_complain(reading, node, "'pattern' needs 'matches': a regular expression");
    break;
  case RULE_REFERENCE:
    if (!rule->table || !rule->other) yaml_complain(reading, node, "'reference' needs 'table' and 'column'");
    else if (!name_is_physical(rule->table) || !name_is_physical(rule->other)) yaml_complain(reading, node, "'table' and 'column' are names of the lake");
    break;
  case RULE_RECENT:
  case RULE_FRESHNESS:
    if (!rule->within_ms) yaml_complain(reading, node, "'%s' needs 'within': a time such as 3d", kinds[rule->kind]);
    break;
  case RULE_VOLUME:
    if (!rule->from && !rule->to && rule->tolerance <= 0) yaml_complain(reading, node, "'volume' needs 'from', 'to' or 'tolerance'");
    break;
  default: break;
  }
}

static void name_rule(QualityRule *rule, GHashTable *taken) {
  if (!rule->name) {
    guint columns = g_strv_length(rule->columns);
    g_autofree char *joined = columns > 3 ? g_strdup_printf("%s_and_%u_more", rule->columns[0], columns - 1) : g_strjoinv("_", rule->columns);
    rule->name = rule->kind == RULE_SQL ? g_strdup("sql") : g_strdup_printf("%s_%s", kinds[rule->kind], joined);
  }
  g_autofree char *unique = text_slug_unique(rule->name, taken);
  g_free(rule->name);
  rule->name = g_steal_pointer(&unique);
}

static QualityRule *read_rule(const YamlReading *reading, const YamlNode *node, GHashTable *taken) {
  const YamlNode *value = NULL;
  if (node->kind != YAML_MAP) {
    yaml_complain(reading, node, "a rule is a map such as {required: order_id, then: quarantine}");
    return NULL;
  }
  yaml_check_keys(reading, node, rule_keys);
  RuleKind kind = find_kind(reading, node, &value);
  if (kind == RULE_TYPE) {
    yaml_complain(reading, node, "the rule has no kind: required, valid_date, order, allowed, positive, range, pattern, reference, recent, "
                                 "sql, unique, volume, freshness or shift");
    return NULL;
  }
  QualityRule *rule = g_new0(QualityRule, 1);
  rule->kind = kind;
  rule->line = node->line;
  rule->column = node->column;
  rule->name = yaml_take_text(reading, node, "name");
  if (kind == RULE_SQL) rule->expression = yaml_take_text(reading, node, "sql");
  rule->columns = kind == RULE_SQL || kind == RULE_VOLUME ? g_new0(char *, 1) : yaml_take_texts(reading, node, kinds[kind]);
  for (guint i = 0; rule->columns[i]; i++)
    if (!name_is_physical(rule->columns[i])) yaml_complain(reading, value, "'%s' is no column of a table", rule->columns[i]);
  if (kind != RULE_SQL && kind != RULE_VOLUME && !rule->columns[0]) yaml_complain(reading, node, "the rule names no column");
  if (kind == RULE_SQL && (!rule->expression || !*rule->expression)) yaml_complain(reading, node, "the rule has no SQL");
  rule->other = yaml_take_text(reading, node, kind == RULE_ORDER ? "after" : "column");
  rule->table = yaml_take_text(reading, node, "table");
  rule->values = yaml_take_texts(reading, node, "values");
  rule->pattern = yaml_take_text(reading, node, "matches");
  rule->from = yaml_take_text(reading, node, "from");
  rule->to = yaml_take_text(reading, node, "to");
  rule->within_ms = yaml_take_duration(reading, node, "within");
  rule->tolerance = yaml_take_fraction(reading, node, "tolerance", kind == RULE_SHIFT ? 0.25 : 0);
  int action = yaml_take_choice(reading, node, "then", actions, rule_is_about_rows(kind) ? ON_QUARANTINE : ON_WARN);
  rule->action = (RuleAction)MAX(action, 0);
  if (!rule_is_about_rows(kind) && rule->action != ON_FAIL && rule->action != ON_WARN)
    yaml_complain(reading, node, "'%s' is about the whole load: 'then' is fail or warn", kinds[kind]);
  read_needs(reading, node, rule);
  read_fix(reading, node, rule);
  name_rule(rule, taken);
  return rule;
}

GPtrArray *quality_rules_read(const YamlNode *node, const char *file, GPtrArray *problems) {
  GPtrArray *rules = g_ptr_array_new_with_free_func((GDestroyNotify)quality_rule_free);
  YamlReading reading = {file, problems};
  if (yaml_is_null(node)) return rules;
  if (node->kind != YAML_LIST) {
    yaml_complain(&reading, node, "'quality' is a list of rules");
    return rules;
  }
  g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  guint about_rows = 0;
  for (guint i = 0; i < node->items->len; i++) {
    QualityRule *rule = read_rule(&reading, node->items->pdata[i], taken);
    if (!rule) continue;
    about_rows += rule_is_about_rows(rule->kind);
    g_ptr_array_add(rules, rule);
  }
  if (about_rows >= QUALITY_MAX_ROW_RULES)
    yaml_complain(&reading, node, "there are more than %d rules about rows; several columns may share one rule", QUALITY_MAX_ROW_RULES - 1);
  return rules;
}

/* ---- SQL ---- */

static char *list_sql(char **values) {
  GString *list = g_string_new(NULL);
  for (guint i = 0; values[i]; i++) {
    g_autofree char *quoted = text_sql_quote(values[i]);
    g_string_append_printf(list, "%s%s", i ? ", " : "", quoted);
  }
  return g_string_free(list, FALSE);
}

static char *day_sql(gint64 ms) {
  g_autoptr(GDateTime) moment = g_date_time_new_from_unix_utc(ms / 1000);
  g_autofree char *text = g_date_time_format(moment, "%Y-%m-%d %H:%M:%S");
  return g_strdup_printf("TIMESTAMP '%s'", text);
}

static void append_bounds(GString *sql, const QualityRule *rule, const char *column) {
  g_autofree char *from = rule->from ? literal(rule->from) : NULL, *to = rule->to ? literal(rule->to) : NULL;
  if (from) g_string_append_printf(sql, "%s < %s", column, from);
  if (from && to) g_string_append(sql, " OR ");
  if (to) g_string_append_printf(sql, "%s > %s", column, to);
}

static void append_date(GString *sql, const QualityRule *rule, const char *column, gint64 now_ms) {
  g_autofree char *from = rule->from ? text_sql_quote(rule->from) : g_strdup("'1900-01-01'");
  g_autofree char *to = rule->to ? text_sql_quote(rule->to) : day_sql(now_ms + 86400000);
  g_string_append_printf(sql, "%s IS NOT NULL AND (TRY_CAST(%s AS TIMESTAMP) IS NULL OR TRY_CAST(%s AS TIMESTAMP) < TIMESTAMP %s OR TRY_CAST(%s AS TIMESTAMP) > CAST(%s AS TIMESTAMP))",
                         column, column, column, from, column, to);
}

/* Looking a text up among an enumeration's names takes a third of the time that a long list of constants does. */
static void append_allowed(GString *sql, const QualityRule *rule, const char *column) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) unique = g_ptr_array_new();
  gboolean has_empty = FALSE;
  for (guint i = 0; rule->values[i]; i++) {
    has_empty = has_empty || !*rule->values[i];
    if (g_hash_table_add(seen, rule->values[i])) g_ptr_array_add(unique, rule->values[i]);
  }
  gboolean is_long = unique->len > FEW_VALUES && unique->len <= MANY_VALUES && !has_empty;
  g_ptr_array_add(unique, NULL);
  g_autofree char *list = list_sql((char **)unique->pdata);
  if (is_long) g_string_append_printf(sql, "%s IS NOT NULL AND TRY_CAST(CAST(%s AS VARCHAR) AS ENUM(%s)) IS NULL", column, column, list);
  else g_string_append_printf(sql, "CAST(%s AS VARCHAR) NOT IN (%s)", column, list);
}

static void append_violation(GString *sql, const QualityRule *rule, const char *column, gint64 now_ms) {
  g_autofree char *oldest = day_sql(now_ms - rule->within_ms), *tomorrow = day_sql(now_ms + 86400000);
  g_autofree char *pattern = rule->pattern ? text_sql_quote(rule->pattern) : NULL;
  g_autofree char *other = rule->other ? text_sql_identifier(rule->other) : NULL, *table = rule->table ? text_sql_identifier(rule->table) : NULL;
  switch (rule->kind) {
  case RULE_REQUIRED: g_string_append_printf(sql, "%s IS NULL OR CAST(%s AS VARCHAR) = ''", column, column); break;
  case RULE_VALID_DATE: append_date(sql, rule, column, now_ms); break;
  case RULE_ORDER: g_string_append_printf(sql, "%s < %s", column, other); break;
  case RULE_ALLOWED: append_allowed(sql, rule, column); break;
  case RULE_POSITIVE:
    g_string_append_printf(sql, "%s IS NOT NULL AND (TRY_CAST(%s AS DOUBLE) IS NULL OR TRY_CAST(%s AS DOUBLE) <= 0 OR "
                           "TRY_CAST(%s AS DOUBLE) <> floor(TRY_CAST(%s AS DOUBLE)))", column, column, column, column, column);
    break;
  case RULE_RANGE: append_bounds(sql, rule, column); break;
  case RULE_PATTERN: g_string_append_printf(sql, "NOT regexp_full_match(CAST(%s AS VARCHAR), %s)", column, pattern); break;
  case RULE_REFERENCE:
    g_string_append_printf(sql, "%s IS NOT NULL AND CAST(%s AS VARCHAR) NOT IN (SELECT CAST(%s AS VARCHAR) FROM lake.%s WHERE %s IS NOT NULL)",
                           column, column, other, table, other);
    break;
  case RULE_RECENT: g_string_append_printf(sql, "%s < %s OR %s > %s", column, oldest, column, tomorrow); break;
  case RULE_SQL: g_string_append_printf(sql, "NOT (%s\n)", rule->expression); break;
  default: g_string_append(sql, "false"); break;
  }
}

char *quality_violation_sql(const QualityRule *rule, gint64 now_ms) {
  GString *sql = g_string_new("coalesce(");
  if (!rule->columns[0]) append_violation(sql, rule, "", now_ms);
  for (guint i = 0; rule->columns[i]; i++) {
    g_autofree char *column = text_sql_identifier(rule->columns[i]);
    g_string_append(sql, i ? ") OR (" : "(");
    append_violation(sql, rule, column, now_ms);
  }
  if (rule->columns[0]) g_string_append_c(sql, ')');
  g_string_append(sql, ", false)");
  return g_string_free(sql, FALSE);
}

char *quality_reason(const QualityRule *rule) {
  g_autofree char *listed = g_strjoinv(", ", rule->columns);
  gboolean any_of = rule->columns[0] && rule->columns[1] && rule->kind != RULE_UNIQUE;
  g_autofree char *columns = any_of ? g_strdup_printf("one of %s", listed) : g_strdup(listed), *values = g_strjoinv(", ", rule->values);
  if (strlen(values) > 80) memcpy(values + 77, "...", 4);
  switch (rule->kind) {
  case RULE_REQUIRED: return g_strdup_printf("%s is empty", columns);
  case RULE_VALID_DATE: return g_strdup_printf("%s is not a possible date", columns);
  case RULE_ORDER: return g_strdup_printf("%s is before %s", columns, rule->other);
  case RULE_ALLOWED: return g_strdup_printf("%s is none of %s", columns, values);
  case RULE_POSITIVE: return g_strdup_printf("%s is not a whole number above 0", columns);
  case RULE_RANGE:
    return g_strdup_printf("%s is not %s%s%s%s", columns, rule->from ? (rule->to ? "between " : "at least ") : "at most ",
                           rule->from ? rule->from : "", rule->from && rule->to ? " and " : "", rule->to ? rule->to : "");
  case RULE_PATTERN: return g_strdup_printf("%s does not have the form %s", columns, rule->pattern);
  case RULE_REFERENCE: return g_strdup_printf("%s does not occur in %s.%s", columns, rule->table, rule->other);
  case RULE_RECENT: return g_strdup_printf("%s is too old or in the future", columns);
  case RULE_SQL: return g_strdup_printf("does not hold: %s", rule->expression);
  case RULE_UNIQUE: return g_strdup_printf("%s is not unique", columns);
  case RULE_VOLUME: return g_strdup("the load has an unusual number of rows");
  case RULE_FRESHNESS: return g_strdup_printf("the newest %s is too old", columns);
  case RULE_SHIFT: return g_strdup_printf("%s differs from the loads before", columns);
  case RULE_TYPE: return g_strdup("a cell does not fit the type of its column");
  }
  return g_strdup(rule->name);
}

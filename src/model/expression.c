#include "model/expression.h"

#include <string.h>

#include "model/model_private.h"

#define EXPRESSION_MAX_DEPTH 40

static void token_free(gpointer pointer) {
  ExpressionToken *token = pointer;
  g_free(token->text);
  g_free(token);
}

static void reference_free(gpointer pointer) {
  ColumnReference *reference = pointer;
  g_free(reference->qualifier);
  g_free(reference->name);
  g_free(reference);
}

static gboolean bad(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean bad(GError **error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *message = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL, message);
  return FALSE;
}

/* ---- tokens ---- */

static gboolean is_word_start(char c) {
  return g_ascii_isalpha(c) || c == '_' || (guchar)c >= 0x80;
}
static gboolean is_word_byte(char c) {
  return is_word_start(c) || g_ascii_isdigit(c);
}

static void add_token(GPtrArray *tokens, TokenKind kind, gsize start, gsize end, char *text) {
  ExpressionToken *token = g_new0(ExpressionToken, 1);
  token->kind = kind;
  token->start = start;
  token->end = end;
  token->text = text;
  g_ptr_array_add(tokens, token);
}

/* From the opening quote to behind the closing one; doubled quotes stand for one. 0: never closed. */
static gsize scan_quoted(const char *text, gsize at, char quote, GString *content) {
  for (at++; text[at] != '\0'; at++) {
    if (text[at] != quote) {
      g_string_append_c(content, text[at]);
    } else if (text[at + 1] == quote) {
      g_string_append_c(content, quote);
      at++;
    } else {
      return at + 1;
    }
  }
  return 0;
}

static gsize scan_number(const char *text, gsize at) {
  while (g_ascii_isdigit(text[at]) || text[at] == '_') at++;
  if (text[at] == '.') at++;
  while (g_ascii_isdigit(text[at]) || text[at] == '_') at++;
  if (text[at] == 'e' || text[at] == 'E') {
    gsize digits = at + 1 + (text[at + 1] == '+' || text[at + 1] == '-');
    if (g_ascii_isdigit(text[digits])) at = digits;
    while (g_ascii_isdigit(text[at])) at++;
  }
  return at;
}

static gsize scan_symbol(const char *text, gsize at) {
  static const char *const longer[] = {"<>", "!=", "<=", ">=", "||", "::", "==", "//", "**"};
  for (guint i = 0; i < G_N_ELEMENTS(longer); i++)
    if (strncmp(text + at, longer[i], 2) == 0) return at + 2;
  return at + 1;
}

static gboolean check_symbol(const char *text, gsize at, GError **error) {
  if (text[at] == ';') return bad(error, "\";\" ends a statement, an expression has none");
  if (strncmp(text + at, "--", 2) == 0 || strncmp(text + at, "/*", 2) == 0)
    return bad(error, "comments are not allowed");
  if (strchr("$?#@{}\\`", text[at]) != NULL) return bad(error, "\"%c\" is not allowed in an expression", text[at]);
  if ((guchar)text[at] < 0x20 && !g_ascii_isspace(text[at])) return bad(error, "it holds a control character");
  return TRUE;
}

/* One token at `at`; returns the byte behind it, 0 on error. */
static gsize scan_token(const char *text, gsize at, GPtrArray *tokens, GError **error) {
  gsize start = at;
  if (text[at] == '\'' || text[at] == '"') {
    g_autoptr(GString) content = g_string_new(NULL);
    gsize end = scan_quoted(text, at, text[at], content);
    if (end == 0)
      return bad(error, "a %s is never closed", text[start] == '"' ? "quoted name" : "text in quotes"), (gsize)0;
    gboolean is_name = text[start] == '"';
    add_token(tokens, is_name ? TOKEN_QUOTED : TOKEN_STRING, start, end,
              is_name ? g_ascii_strdown(content->str, -1) : g_strdup(content->str));
    return end;
  }
  if (is_word_start(text[at])) {
    while (is_word_byte(text[at])) at++;
    /* E'..', X'..' and the like change how a text is read: only plain texts are. */
    if (text[at] == '\'' && at - start == 1)
      return bad(error, "texts with a letter before the quote are not allowed"), (gsize)0;
    add_token(tokens, TOKEN_WORD, start, at, g_ascii_strdown(text + start, (gssize)(at - start)));
    return at;
  }
  if (g_ascii_isdigit(text[at]) || (text[at] == '.' && g_ascii_isdigit(text[at + 1]))) {
    at = scan_number(text, at);
    if (is_word_start(text[at]))
      return bad(error, "\"%.*s\" is neither a number nor a name", (int)(at - start + 1), text + start), (gsize)0;
    add_token(tokens, TOKEN_NUMBER, start, at, g_strndup(text + start, at - start));
    return at;
  }
  if (!check_symbol(text, at, error)) return 0;
  at = scan_symbol(text, at);
  add_token(tokens, TOKEN_SYMBOL, start, at, g_strndup(text + start, at - start));
  return at;
}

GPtrArray *expression_tokenize(const char *expression, GError **error) {
  gsize length = strlen(expression);
  if (length > EXPRESSION_MAX_BYTES) {
    bad(error, "it is longer than %d characters", EXPRESSION_MAX_BYTES);
    return NULL;
  }
  g_autoptr(GPtrArray) tokens = g_ptr_array_new_with_free_func(token_free);
  for (gsize at = 0; at < length;) {
    if (g_ascii_isspace(expression[at])) {
      at++;
      continue;
    }
    at = scan_token(expression, at, tokens, error);
    if (at == 0) return NULL;
  }
  if (tokens->len == 0) {
    bad(error, "it is empty");
    return NULL;
  }
  return g_steal_pointer(&tokens);
}

/* ---- what a word is ---- */

static gboolean word_in(const char *word, const char *const *list, guint count) {
  for (guint i = 0; i < count; i++)
    if (strcmp(word, list[i]) == 0) return TRUE;
  return FALSE;
}

/* Words that are never a column unless quoted. */
static gboolean is_reserved(const char *word) {
  static const char *const words[] = {"and",      "or",      "not",     "case",    "when",     "then",      "else",
                                      "end",      "is",      "null",    "in",      "like",     "ilike",     "similar",
                                      "to",       "between", "true",    "false",   "as",       "cast",      "try_cast",
                                      "distinct", "escape",  "collate", "from",    "interval", "symmetric", "isnull",
                                      "notnull",  "glob",    "both",    "leading", "trailing", "for"};
  return word_in(word, words, G_N_ELEMENTS(words));
}

/* Words that begin or join statements; as column names they must be quoted in SQL anyway. */
static gboolean is_statement_word(const char *word) {
  static const char *const words[] = {
      "select",  "with",    "union", "except",  "intersect", "into",      "where",  "group",    "having",    "order",
      "limit",   "offset",  "join",  "using",   "window",    "create",    "grant",  "all",      "any",       "some",
      "lateral", "qualify", "pivot", "unpivot", "table",     "returning", "lambda", "describe", "summarize", "show"};
  return word_in(word, words, G_N_ELEMENTS(words));
}

/* These are only dangerous before a parenthesis; without one they are names. */
static gboolean is_many_row_word(const char *word) {
  static const char *const words[] = {"over", "filter", "exists", "values", "unnest", "columns", "within"};
  return word_in(word, words, G_N_ELEMENTS(words));
}

static gboolean is_aggregate_function(const char *word) {
  static const char *const words[] = {"sum",
                                      "avg",
                                      "mean",
                                      "min",
                                      "max",
                                      "count",
                                      "count_star",
                                      "count_if",
                                      "countif",
                                      "median",
                                      "mode",
                                      "mad",
                                      "first",
                                      "last",
                                      "any_value",
                                      "arbitrary",
                                      "arg_min",
                                      "arg_max",
                                      "argmin",
                                      "argmax",
                                      "min_by",
                                      "max_by",
                                      "stddev",
                                      "stddev_pop",
                                      "stddev_samp",
                                      "variance",
                                      "var_pop",
                                      "var_samp",
                                      "quantile",
                                      "quantile_cont",
                                      "quantile_disc",
                                      "percentile_cont",
                                      "percentile_disc",
                                      "approx_count_distinct",
                                      "approx_quantile",
                                      "string_agg",
                                      "group_concat",
                                      "listagg",
                                      "array_agg",
                                      "list",
                                      "bool_and",
                                      "bool_or",
                                      "bit_and",
                                      "bit_or",
                                      "bit_xor",
                                      "corr",
                                      "covar_pop",
                                      "covar_samp",
                                      "regr_slope",
                                      "product",
                                      "fsum",
                                      "kahan_sum",
                                      "favg",
                                      "entropy",
                                      "kurtosis",
                                      "skewness",
                                      "histogram",
                                      "row_number",
                                      "rank",
                                      "dense_rank",
                                      "ntile",
                                      "lag",
                                      "lead",
                                      "first_value",
                                      "last_value",
                                      "nth_value",
                                      "percent_rank",
                                      "cume_dist"};
  return word_in(word, words, G_N_ELEMENTS(words));
}

static const ExpressionToken *token_at(const GPtrArray *tokens, guint index) {
  return index < tokens->len ? g_ptr_array_index(tokens, index) : NULL;
}

static gboolean token_is(const ExpressionToken *token, const char *text) {
  return token != NULL && (token->kind == TOKEN_SYMBOL || token->kind == TOKEN_WORD) && strcmp(token->text, text) == 0;
}

static gboolean is_name_token(const ExpressionToken *token) {
  return token != NULL && (token->kind == TOKEN_QUOTED || (token->kind == TOKEN_WORD && !is_reserved(token->text)));
}

/* A word that stands where SQL wants a type, a part of a date or a unit, not a column. */
static gboolean is_not_a_column_here(const GPtrArray *tokens, guint index) {
  const ExpressionToken *before = index > 0 ? token_at(tokens, index - 1) : NULL;
  const ExpressionToken *after = token_at(tokens, index + 1);
  if (token_is(after, "(")) return TRUE;                             /* a function */
  if (after != NULL && after->kind == TOKEN_STRING) return TRUE;     /* DATE '2020-01-01' */
  if (token_is(before, "as") || token_is(before, "::")) return TRUE; /* CAST(x AS integer) */
  if (token_is(before, "collate")) return TRUE;
  if (token_is(after, "from") && token_is(before, "(")) return TRUE; /* EXTRACT(month FROM ..) */
  if (before == NULL || index < 2) return FALSE;
  /* INTERVAL 3 month, INTERVAL '3' month, INTERVAL (..) month is not supported */
  return token_is(token_at(tokens, index - 2), "interval") &&
         (before->kind == TOKEN_NUMBER || before->kind == TOKEN_STRING);
}

static GPtrArray *find_references(const GPtrArray *tokens) {
  GPtrArray *references = g_ptr_array_new_with_free_func(reference_free);
  for (guint i = 0; i < tokens->len; i++) {
    const ExpressionToken *token = token_at(tokens, i);
    if (!is_name_token(token)) continue;
    const ExpressionToken *member = token_is(token_at(tokens, i + 1), ".") ? token_at(tokens, i + 2) : NULL;
    gboolean qualified = member != NULL && (member->kind == TOKEN_QUOTED || member->kind == TOKEN_WORD);
    if (!qualified && is_not_a_column_here(tokens, i) && token->kind == TOKEN_WORD) continue;
    ColumnReference *reference = g_new0(ColumnReference, 1);
    reference->qualifier = qualified ? g_strdup(token->text) : NULL;
    reference->name = g_strdup(qualified ? member->text : token->text);
    reference->start = token->start;
    reference->end = qualified ? member->end : token->end;
    g_ptr_array_add(references, reference);
    if (qualified) i += 2;
  }
  return references;
}

char *model_column_expression(const char *name) {
  gboolean is_plain = model_name_is_valid(name) && !is_reserved(name) && !is_statement_word(name);
  return is_plain ? g_strdup(name) : text_sql_identifier(name);
}

GPtrArray *expression_references(const char *expression, GError **error) {
  g_autoptr(GPtrArray) tokens = expression_tokenize(expression, error);
  return tokens != NULL ? find_references(tokens) : NULL;
}

gboolean expression_is_column(const char *expression, char **column) {
  g_autoptr(GPtrArray) tokens = expression != NULL ? expression_tokenize(expression, NULL) : NULL;
  if (tokens == NULL || tokens->len != 1) return FALSE;
  const ExpressionToken *token = token_at(tokens, 0);
  gboolean is_constant = token_is(token, "null") || token_is(token, "true") || token_is(token, "false");
  if ((token->kind != TOKEN_WORD && token->kind != TOKEN_QUOTED) || is_constant) return FALSE;
  if (column != NULL) *column = g_strdup(token_at(tokens, 0)->text);
  return TRUE;
}

/* ---- is it one scalar expression? ---- */

/* "*" multiplies only where something stands before it that can be multiplied. */
static gboolean is_star_for_columns(const GPtrArray *tokens, guint index) {
  const ExpressionToken *before = index > 0 ? token_at(tokens, index - 1) : NULL;
  const ExpressionToken *after = token_at(tokens, index + 1);
  if (before == NULL || after == NULL) return TRUE;
  if (before->kind == TOKEN_SYMBOL) return !token_is(before, ")") && !token_is(before, "]");
  return before->kind == TOKEN_WORD && is_reserved(before->text) && !token_is(before, "end");
}

/* FROM belongs to EXTRACT(.. FROM ..), TRIM, SUBSTRING and IS DISTINCT FROM; anywhere else it begins a subquery. */
static gboolean is_from_of_function(const GPtrArray *tokens, guint index) {
  if (index > 0 && token_is(token_at(tokens, index - 1), "distinct")) return TRUE;
  int depth = 0;
  for (guint i = index; i-- > 0;) {
    const ExpressionToken *token = token_at(tokens, i);
    if (token_is(token, ")")) depth++;
    if (!token_is(token, "(") || depth-- > 0) continue;
    const ExpressionToken *function = i > 0 ? token_at(tokens, i - 1) : NULL;
    return token_is(function, "extract") || token_is(function, "trim") || token_is(function, "substring") ||
           token_is(function, "overlay");
  }
  return FALSE;
}

static gboolean check_word(const GPtrArray *tokens, guint index, GError **error) {
  const ExpressionToken *token = token_at(tokens, index);
  gboolean is_function = token_is(token_at(tokens, index + 1), "(");
  if (is_function && is_aggregate_function(token->text))
    return bad(error, "%s() needs many rows, the expression must be about one row", token->text);
  gboolean is_member = index > 0 && token_is(token_at(tokens, index - 1), ".");
  if (!is_member && (is_statement_word(token->text) || (is_function && is_many_row_word(token->text))))
    return bad(error, "\"%s\" is not allowed, it must be one scalar expression", token->text);
  if (token_is(token, "from") && !is_from_of_function(tokens, index))
    return bad(error, "\"from\" is not allowed here, it must be one scalar expression");
  return TRUE;
}

static gboolean check_symbols(const GPtrArray *tokens, GError **error) {
  g_autoptr(GString) open = g_string_new(NULL);
  for (guint i = 0; i < tokens->len; i++) {
    const ExpressionToken *token = token_at(tokens, i);
    if (token->kind != TOKEN_SYMBOL) continue;
    char symbol = token->text[0];
    if (symbol == '(' || symbol == '[') g_string_append_c(open, symbol);
    if (open->len > EXPRESSION_MAX_DEPTH) return bad(error, "it is nested deeper than %d", EXPRESSION_MAX_DEPTH);
    if (symbol == ')' || symbol == ']') {
      if (open->len == 0 || open->str[open->len - 1] != (symbol == ')' ? '(' : '['))
        return bad(error, "a \"%c\" closes nothing", symbol);
      g_string_truncate(open, open->len - 1);
    }
    if (strcmp(token->text, "*") == 0 && is_star_for_columns(tokens, i))
      return bad(error, "\"*\" for all columns is not allowed");
    if (symbol == ',' && open->len == 0) return bad(error, "a comma outside of parentheses, it must be one expression");
    if (symbol == '.' && token_is(token_at(tokens, i + 1), "*")) return bad(error, "\".*\" is not allowed");
    if (symbol == '.' && i >= 2 && token_is(token_at(tokens, i - 2), "."))
      return bad(error, "names have at most two parts: dataset.field");
  }
  return open->len == 0 || bad(error, "a \"%c\" is never closed", open->str[open->len - 1]);
}

gboolean expression_check_scalar(const char *expression, GError **error) {
  g_autoptr(GPtrArray) tokens = expression_tokenize(expression, error);
  if (tokens == NULL || !check_symbols(tokens, error)) return FALSE;
  if (expression_is_column(expression, NULL)) return TRUE;
  for (guint i = 0; i < tokens->len; i++) {
    const ExpressionToken *token = token_at(tokens, i);
    if (token->kind == TOKEN_WORD && !check_word(tokens, i, error)) return FALSE;
  }
  return TRUE;
}

/* ---- rewriting ---- */

static const Field *find_field_folded(const Dataset *dataset, const char *lower_name) {
  for (guint i = 0; i < dataset->fields->len; i++) {
    const Field *field = g_ptr_array_index(dataset->fields, i);
    if (g_ascii_tolower(field->name[0]) == lower_name[0] && g_ascii_strcasecmp(field->name, lower_name) == 0)
      return field;
  }
  return NULL;
}

/* Some stored field stands on this physical column. */
static gboolean is_known_column(const Dataset *dataset, const char *lower_name) {
  for (guint i = 0; i < dataset->fields->len; i++) {
    const Field *field = g_ptr_array_index(dataset->fields, i);
    g_autofree char *column = NULL;
    if (expression_is_column(field->expression, &column) && strcmp(column, lower_name) == 0) return TRUE;
  }
  return FALSE;
}

static void append_column(GString *out, const char *alias, const char *column) {
  g_autofree char *quoted = text_sql_identifier(column);
  if (alias != NULL) g_string_append_printf(out, "%s.", alias);
  g_string_append(out, quoted);
}

/* `within`: the field whose expression this is; NULL: none. Its own name in there is the column of that name. */
static gboolean expand_into(GString *out, const Dataset *dataset, const Field *within, const char *expression, const char *alias,
                            guint depth, GError **error);

static gboolean expand_reference(GString *out, const Dataset *dataset, const Field *within, const ColumnReference *reference,
                                 const char *alias, guint depth, GError **error) {
  if (reference->qualifier != NULL && g_ascii_strcasecmp(reference->qualifier, dataset->name) != 0)
    return bad(error, "\"%s.%s\" is of another dataset; only columns of %s can be used", reference->qualifier,
               reference->name, dataset->name);
  const Field *field = find_field_folded(dataset, reference->name);
  g_autofree char *column = NULL;
  if (field == NULL) {
    if (!is_known_column(dataset, reference->name))
      return bad(error, "\"%s\" is no field of %s", reference->name, dataset->name);
    append_column(out, alias, reference->name);
    return TRUE;
  }
  if (field == within) {
    append_column(out, alias, reference->name);
    return TRUE;
  }
  if (expression_is_column(field->expression, &column)) {
    append_column(out, alias, column);
    return TRUE;
  }
  if (depth > dataset->fields->len) return bad(error, "\"%s\" is computed from itself", reference->name);
  g_string_append_c(out, '(');
  if (!expand_into(out, dataset, field, field->expression, alias, depth + 1, error)) return FALSE;
  g_string_append_c(out, ')');
  return TRUE;
}

static gboolean expand_into(GString *out, const Dataset *dataset, const Field *within, const char *expression, const char *alias,
                            guint depth, GError **error) {
  g_autoptr(GPtrArray) references = expression_references(expression, error);
  if (references == NULL) return FALSE;
  gsize copied = 0;
  for (guint i = 0; i < references->len; i++) {
    const ColumnReference *reference = g_ptr_array_index(references, i);
    g_string_append_len(out, expression + copied, (gssize)(reference->start - copied));
    if (!expand_reference(out, dataset, within, reference, alias, depth, error)) return FALSE;
    if (out->len > EXPRESSION_MAX_EXPANDED_BYTES) return bad(error, "it grows too long when its fields are filled in");
    copied = reference->end;
  }
  g_string_append(out, expression + copied);
  return TRUE;
}

char *expression_expand(const Dataset *dataset, const char *expression, const char *alias, GError **error) {
  g_autoptr(GString) out = g_string_new(NULL);
  if (!expand_into(out, dataset, NULL, expression, alias, 0, error)) return NULL;
  return g_string_free(g_steal_pointer(&out), FALSE);
}

char *expression_of_field(const Dataset *dataset, const Field *field, const char *alias, GError **error) {
  g_autofree char *column = NULL;
  g_autoptr(GString) out = g_string_new(NULL);
  if (expression_is_column(field->expression, &column)) append_column(out, alias, column);
  else if (!expand_into(out, dataset, field, field->expression, alias, 0, error)) return NULL;
  return g_string_free(g_steal_pointer(&out), FALSE);
}

gboolean expression_is_joined(const Dataset *dataset, const char *expression) {
  g_autoptr(GPtrArray) references = expression != NULL ? expression_references(expression, NULL) : NULL;
  for (guint i = 0; references != NULL && i < references->len; i++) {
    const ColumnReference *reference = g_ptr_array_index(references, i);
    if (reference->qualifier != NULL && g_ascii_strcasecmp(reference->qualifier, dataset->name) != 0) return TRUE;
  }
  return FALSE;
}

void expression_add_columns(const Dataset *dataset, const char *expression, GHashTable *columns) {
  g_autoptr(GPtrArray) references = expression_references(expression, NULL);
  for (guint i = 0; references != NULL && i < references->len; i++) {
    const ColumnReference *reference = g_ptr_array_index(references, i);
    if (!g_hash_table_add(columns, g_strdup(reference->name))) continue; /* seen: also ends circles */
    const Field *field = find_field_folded(dataset, reference->name);
    if (field != NULL) expression_add_columns(dataset, field->expression, columns);
  }
}

/* Copies the expression with every reference written anew. `from` is the qualifier to take away, `to` the one to add.
 */
static char *requalify(const char *expression, const char *from, const char *to, GError **error) {
  g_autoptr(GPtrArray) references = expression_references(expression, error);
  if (references == NULL) return NULL;
  g_autoptr(GString) out = g_string_new(NULL);
  gsize copied = 0;
  for (guint i = 0; i < references->len; i++) {
    const ColumnReference *reference = g_ptr_array_index(references, i);
    g_string_append_len(out, expression + copied, (gssize)(reference->start - copied));
    copied = reference->start;
    if (to != NULL && reference->qualifier == NULL) g_string_append_printf(out, "%s.", to);
    if (from != NULL && reference->qualifier != NULL && g_ascii_strcasecmp(reference->qualifier, from) == 0)
      copied = (gsize)(strchr(expression + reference->start, '.') + 1 - expression);
  }
  g_string_append(out, expression + copied);
  return g_string_free(g_steal_pointer(&out), FALSE);
}

char *expression_qualify(const char *expression, const char *qualifier, GError **error) {
  return requalify(expression, NULL, qualifier, error);
}

char *expression_unqualify(const char *expression, const char *qualifier, GError **error) {
  return requalify(expression, qualifier, NULL, error);
}

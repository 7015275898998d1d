/*
 * expression: the small SQL expressions that stand in a model (computed fields, conditions, metrics), read just far
 * enough to know which columns they name and that they are one scalar expression and nothing else. Quotes, strings and
 * nesting are respected. This is not the guard: compiled queries pass that as well.
 */
#pragma once
#include "model/model.h"

#define EXPRESSION_MAX_BYTES 16384
#define EXPRESSION_MAX_EXPANDED_BYTES 65536

typedef enum { TOKEN_WORD, TOKEN_QUOTED, TOKEN_STRING, TOKEN_NUMBER, TOKEN_SYMBOL } TokenKind;
typedef struct {
  TokenKind kind;
  gsize start, end; /* bytes [start, end) of the expression */
  char *text;       /* WORD: lower case; QUOTED: without quotes, lower case; SYMBOL: itself; others: as written */
} ExpressionToken;

typedef struct {
  char *qualifier;  /* "order_line" in order_line.quantity, lower case; NULL */
  char *name;       /* lower case, as SQL compares names */
  gsize start, end; /* the whole reference with its qualifier */
} ColumnReference;

/* Of ExpressionToken*. Errors (BAD_MODEL): comments, ";", unclosed quotes, parameters, too long. (transfer full) */
GPtrArray *expression_tokenize(const char *expression, GError **error);
/* The columns it names, in order, repeats included. Of ColumnReference*. (transfer full) */
GPtrArray *expression_references(const char *expression, GError **error);
/*
 * BAD_MODEL unless it is one scalar expression: balanced, no statement words, no aggregate, no window, no "*" for all
 * columns. The message says what is wrong, without the expression's place.
 */
gboolean expression_check_scalar(const char *expression, GError **error);
/* TRUE for a bare column name, quoted or not; *column (may be NULL) receives it, lower case. (transfer full) */
gboolean expression_is_column(const char *expression, char **column);
/*
 * The expression over the columns of the lake table: names of computed fields are replaced by what computes them.
 * In a computed field its own name is the column of that name ("upper(city)" as the field city).
 * Every column is written as a quoted identifier, with `alias` (may be NULL) in front.
 * Fails for unknown names, foreign qualifiers, circles and growth past EXPRESSION_MAX_EXPANDED_BYTES. (transfer full)
 */
char *expression_expand(const Dataset *dataset, const char *expression, const char *alias, GError **error);
/* The same for one field of the dataset. (transfer full) */
char *expression_of_field(const Dataset *dataset, const Field *field, const char *alias, GError **error);
/* The expression with `qualifier.` before every bare column name (as other tools want to read it). (transfer full) */
char *expression_qualify(const char *expression, const char *qualifier, GError **error);
/* The other way round: "qualifier." taken away. (transfer full) */
char *expression_unqualify(const char *expression, const char *qualifier, GError **error);
/* TRUE when it names a column of another dataset ("products.unit_cost"), which a metric may where rows lead to that dataset. */
gboolean expression_is_joined(const Dataset *dataset, const char *expression);
/* Adds the lower-case physical columns that the expression comes down to. Unknown names are added as they are. */
void expression_add_columns(const Dataset *dataset, const char *expression, GHashTable *columns);

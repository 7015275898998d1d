#include "query/sql_text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SQL_LINE_LENGTH 100

/* Every word that duckdb_keywords() does not call "unreserved", sorted. */
static const char *const keywords[] = {"all",
                                       "analyse",
                                       "analyze",
                                       "and",
                                       "anti",
                                       "any",
                                       "array",
                                       "as",
                                       "asc",
                                       "asof",
                                       "asymmetric",
                                       "at",
                                       "authorization",
                                       "between",
                                       "bigint",
                                       "binary",
                                       "bit",
                                       "boolean",
                                       "both",
                                       "by",
                                       "case",
                                       "cast",
                                       "char",
                                       "character",
                                       "check",
                                       "coalesce",
                                       "collate",
                                       "collation",
                                       "column",
                                       "columns",
                                       "concurrently",
                                       "constraint",
                                       "create",
                                       "cross",
                                       "dec",
                                       "decimal",
                                       "default",
                                       "deferrable",
                                       "desc",
                                       "describe",
                                       "distinct",
                                       "do",
                                       "else",
                                       "end",
                                       "except",
                                       "exists",
                                       "extract",
                                       "false",
                                       "fetch",
                                       "float",
                                       "for",
                                       "foreign",
                                       "freeze",
                                       "from",
                                       "full",
                                       "generated",
                                       "glob",
                                       "group",
                                       "grouping",
                                       "grouping_id",
                                       "having",
                                       "ilike",
                                       "in",
                                       "initially",
                                       "inner",
                                       "inout",
                                       "int",
                                       "integer",
                                       "intersect",
                                       "interval",
                                       "into",
                                       "is",
                                       "isnull",
                                       "join",
                                       "lambda",
                                       "lateral",
                                       "leading",
                                       "left",
                                       "like",
                                       "limit",
                                       "map",
                                       "national",
                                       "natural",
                                       "nchar",
                                       "none",
                                       "not",
                                       "notnull",
                                       "null",
                                       "nullif",
                                       "numeric",
                                       "offset",
                                       "on",
                                       "only",
                                       "or",
                                       "order",
                                       "out",
                                       "outer",
                                       "overlaps",
                                       "overlay",
                                       "pivot",
                                       "pivot_longer",
                                       "pivot_wider",
                                       "placing",
                                       "position",
                                       "positional",
                                       "precision",
                                       "primary",
                                       "qualify",
                                       "real",
                                       "references",
                                       "returning",
                                       "right",
                                       "row",
                                       "select",
                                       "semi",
                                       "setof",
                                       "show",
                                       "similar",
                                       "smallint",
                                       "some",
                                       "struct",
                                       "substring",
                                       "summarize",
                                       "symmetric",
                                       "table",
                                       "tablesample",
                                       "then",
                                       "time",
                                       "timestamp",
                                       "to",
                                       "trailing",
                                       "treat",
                                       "trim",
                                       "true",
                                       "try_cast",
                                       "union",
                                       "unique",
                                       "unpack",
                                       "unpivot",
                                       "using",
                                       "values",
                                       "varchar",
                                       "variadic",
                                       "verbose",
                                       "when",
                                       "where",
                                       "window",
                                       "with",
                                       "xmlattributes",
                                       "xmlconcat",
                                       "xmlelement",
                                       "xmlexists",
                                       "xmlforest",
                                       "xmlnamespaces",
                                       "xmlparse",
                                       "xmlpi",
                                       "xmlroot",
                                       "xmlserialize",
                                       "xmltable"};

static int compare_keyword(const void *name, const void *keyword) {
  return strcmp(name, *(const char *const *)keyword);
}

static gboolean is_plain_name(const char *name) {
  if (!(g_ascii_islower(name[0]) || name[0] == '_')) return FALSE;
  for (const char *c = name; *c; c++)
    if (!(g_ascii_islower(*c) || g_ascii_isdigit(*c) || *c == '_')) return FALSE;
  return !bsearch(name, keywords, G_N_ELEMENTS(keywords), sizeof keywords[0], compare_keyword);
}

char *sql_name(const char *name) {
  return is_plain_name(name) ? g_strdup(name) : text_sql_identifier(name);
}

static gboolean parameter_equal(const Parameter *a, const Parameter *b) {
  return a->type == b->type && a->integer == b->integer && memcmp(&a->number, &b->number, sizeof a->number) == 0 &&
         g_strcmp0(a->text, b->text) == 0;
}

/* The pool has just got one more value: drop it again where an equal one is there. */
static char *share_newest(GPtrArray *pool) {
  guint newest = pool->len - 1, found = 0;
  while (!parameter_equal(pool->pdata[found], pool->pdata[newest])) found++;
  if (found < newest) g_ptr_array_remove_index(pool, newest);
  return g_strdup_printf("%cp%u%c", SQL_MARK_OPEN, found, SQL_MARK_CLOSE);
}

char *sql_text_value(GPtrArray *pool, const char *text) {
  parameters_add_text(pool, text);
  return share_newest(pool);
}

char *sql_int_value(GPtrArray *pool, gint64 value) {
  parameters_add_int(pool, value);
  return share_newest(pool);
}

char *sql_double_value(GPtrArray *pool, double value) {
  parameters_add_double(pool, value);
  return share_newest(pool);
}

char *sql_number_value(GPtrArray *pool, double value) {
  gboolean is_integer = value >= -9e15 && value <= 9e15 && floor(value) >= value;
  return is_integer ? sql_int_value(pool, (gint64)value) : sql_double_value(pool, value);
}

char *sql_date_value(GPtrArray *pool, Day day) {
  parameters_add_date(pool, day);
  return share_newest(pool);
}

char *sql_bool_value(GPtrArray *pool, gboolean value) {
  parameters_add_int(pool, value != 0);
  ((Parameter *)pool->pdata[pool->len - 1])->type = VALUE_BOOL;
  return share_newest(pool);
}

Parameter *sql_parameter_copy(const Parameter *parameter) {
  Parameter *copy = g_memdup2(parameter, sizeof *parameter);
  copy->text = g_strdup(parameter->text);
  return copy;
}

char *sql_literal(const Parameter *parameter) {
  switch (parameter->type) {
  case VALUE_TEXT: return text_sql_quote(parameter->text);
  case VALUE_INT: return g_strdup_printf("%" G_GINT64_FORMAT, parameter->integer);
  case VALUE_BOOL: return g_strdup(parameter->integer ? "TRUE" : "FALSE");
  case VALUE_DATE: {
    g_autofree char *iso = day_format_iso((Day)parameter->integer);
    return g_strdup_printf("DATE '%s'", iso);
  }
  case VALUE_DOUBLE: {
    GString *text = g_string_new(NULL);
    json_append_double(text, parameter->number);
    return g_string_free(text, FALSE);
  }
  default: return g_strdup("NULL");
  }
}

char *sql_join(const GPtrArray *parts, const char *separator) {
  GString *joined = g_string_new(NULL);
  for (guint i = 0; i < parts->len; i++) {
    if (i) g_string_append(joined, separator);
    g_string_append(joined, parts->pdata[i]);
  }
  return g_string_free(joined, FALSE);
}

char *sql_list(const GPtrArray *columns) {
  gsize length = 0;
  for (guint i = 0; i < columns->len; i++) length += strlen(columns->pdata[i]) + 2;
  return sql_join(columns, length > SQL_LINE_LENGTH ? ",\n       " : ", ");
}

/*
 * Pieces of SQL text while a query is being compiled. Bound values and names of common table expressions stand in them
 * as markers (\x02p7\x03, \x02c3\x03), because neither the order of the parameters nor the final name of a relation is
 * known before everything is planned. Rendering numbers the parameters in the order they are read.
 */
#pragma once
#include "engine/engine.h"

#define SQL_MARK_OPEN '\x02'
#define SQL_MARK_CLOSE '\x03'

/* The identifier as it is, or quoted where it is a keyword or no plain name. (transfer full) */
char *sql_name(const char *name);

/* Markers for values; equal values share one parameter. `pool` is an array of Parameter*. (transfer full) */
char *sql_text_value(GPtrArray *pool, const char *text);
char *sql_int_value(GPtrArray *pool, gint64 value);
char *sql_double_value(GPtrArray *pool, double value);
char *sql_number_value(GPtrArray *pool, double value); /* an integer where it is one */
char *sql_date_value(GPtrArray *pool, Day day);
char *sql_bool_value(GPtrArray *pool, gboolean value);

/* A parameter as a literal that people read and engines parse. (transfer full) */
char *sql_literal(const Parameter *parameter);
Parameter *sql_parameter_copy(const Parameter *parameter);

/* Joins the strings of an array. (transfer full) */
char *sql_join(const GPtrArray *parts, const char *separator);
/* Columns of a SELECT: on one line, or each on its own where that gets long. (transfer full) */
char *sql_list(const GPtrArray *columns);

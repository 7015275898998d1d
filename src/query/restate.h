/* Pieces of the restatement: plain English for parts of a query. All strings (transfer full). */
#pragma once
#include "query/compiler.h"

char *restate_field(const Model *model, const char *name);          /* label */
char *restate_number(double value);                                 /* "100000", "0.5": read back exactly */
char *restate_test(Operator op, double value, double value_to);     /* "more than 10" */
char *restate_list(const GPtrArray *words, const char *last_joint); /* "a, b and c" */
/* "in 2019", "last month", "from 3 March 2019 to 9 May 2019", "since ..."; NULL when unrestricted */
char *restate_time(const TimeRange *range, const Model *model);
char *restate_period(const TimeRange *range, const Model *model); /* the same without "in": "2019", "last month" */
/* 'the snapshot "week 2026-46"', "last week's snapshot", "the data of 3 November 2026", "the current data"; short: "week 2026-46" */
char *restate_data(const DataRef *ref, const Model *model);
char *restate_data_short(const DataRef *ref, const Model *model);
/* 'in the snapshot "week 2026-46"', "as it was reported on 3 November 2026"; NULL for the data as it is */
char *restate_data_place(const DataRef *ref, const Model *model);
char *restate_filter(const Model *model, const Filter *filter);   /* "for Region West", "without cancelled invoices" */
char *restate_filters(const Model *model, const GPtrArray *filters); /* all, joined; NULL for none */
char *restate_measure(const Model *model, const Measure *measure);
/* "customers", where a query only lists what their own table lists; NULL: something else. (transfer full) */
char *restate_listed(const SemanticQuery *query, const Model *model);
char *restate_dimension(const Model *model, const Dimension *dimension);

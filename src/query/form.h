/* Words of the JSON form, shared by reading, writing and restating. */
#pragma once
#include "query/query.h"

const char *operator_name(Operator op); /* "=", "!=", "between" ... */
gboolean operator_parse(const char *name, Operator *out);
const char *compare_name(CompareKind kind); /* "periods" ... */
gboolean compare_parse(const char *name, CompareKind *out);
const char *data_name(DataKind kind); /* "newest", "previous", "oldest"; NULL: told otherwise */
gboolean data_parse(const char *name, DataKind *out);
const char *toward_name(Toward toward); /* "rise", "fall"; NULL: none */
gboolean toward_parse(const char *name, Toward *out);
const char *on_name(On on); /* "value", "previous", "change", "growth", "share", "window", "dimension" */
gboolean on_parse(const char *name, On *out);
const char *window_name(WindowKind kind);
gboolean window_parse(const char *name, WindowKind *out);
const char *cyclic_name(Cyclic cyclic); /* "hour_of_day" */
gboolean cyclic_parse(const char *name, Cyclic *out);

/* JSON of the parts; with `canonical`, lists whose order means nothing are sorted. (transfer full) */
json_t *time_range_to_json(const TimeRange *range);
json_t *filter_to_json(const Filter *filter, gboolean canonical);
json_t *measure_to_json(const Measure *measure, gboolean canonical);
json_t *dimension_to_json(const Dimension *dimension, gboolean canonical);
json_t *query_to_json(const SemanticQuery *query, gboolean canonical);

/* The enumerations of a model by the names they have in YAML and JSON. */
#include <string.h>

#include "model/model_private.h"

static const char *const AGGREGATE_NAMES[] = {"none", "sum", "count",      "count_distinct", "average", "median",
                                              "min",  "max", "percentile", "first",          "last",    "stddev"};
static const char *const FIELD_TYPE_NAMES[] = {"text",    "integer", "decimal",   "double",
                                               "boolean", "date",    "timestamp", "time"};
static const char *const FIELD_ROLE_NAMES[] = {"dimension", "measure", "identifier", "time", "detail"};
static const char *const METRIC_KIND_NAMES[] = {"aggregate", "ratio", "difference"};
static const char *const ADDITIVITY_NAMES[] = {"sum", "distinct", "ratio", "snapshot", "none"};

static int find_name(const char *const *names, guint count, const char *name) {
  for (guint i = 0; name != NULL && i < count; i++)
    if (strcmp(names[i], name) == 0) return (int)i;
  return -1;
}

const char *aggregate_name(Aggregate aggregate) {
  return AGGREGATE_NAMES[aggregate];
}

gboolean aggregate_parse(const char *name, Aggregate *out) {
  int found = find_name(AGGREGATE_NAMES, G_N_ELEMENTS(AGGREGATE_NAMES), name);
  if (found >= 0) *out = (Aggregate)found;
  return found >= 0;
}

const char *field_type_name(FieldType type) {
  return FIELD_TYPE_NAMES[type];
}

gboolean field_type_parse(const char *name, FieldType *out) {
  int found = find_name(FIELD_TYPE_NAMES, G_N_ELEMENTS(FIELD_TYPE_NAMES), name);
  if (found >= 0) *out = (FieldType)found;
  return found >= 0;
}

const char *field_role_name(FieldRole role) {
  return FIELD_ROLE_NAMES[role];
}

gboolean field_role_parse(const char *name, FieldRole *out) {
  int found = find_name(FIELD_ROLE_NAMES, G_N_ELEMENTS(FIELD_ROLE_NAMES), name);
  if (found >= 0) *out = (FieldRole)found;
  return found >= 0;
}

const char *metric_kind_name(MetricKind kind) {
  return METRIC_KIND_NAMES[kind];
}

gboolean metric_kind_parse(const char *name, MetricKind *out) {
  int found = find_name(METRIC_KIND_NAMES, G_N_ELEMENTS(METRIC_KIND_NAMES), name);
  if (found >= 0) *out = (MetricKind)found;
  return found >= 0;
}

const char *additivity_name(Additivity additivity) {
  return ADDITIVITY_NAMES[additivity];
}

gboolean additivity_parse(const char *name, Additivity *out) {
  int found = find_name(ADDITIVITY_NAMES, G_N_ELEMENTS(ADDITIVITY_NAMES), name);
  if (found >= 0) *out = (Additivity)found;
  return found >= 0;
}

const char *field_type_choices(void) {
  return "text, integer, decimal, double, boolean, date, timestamp, time";
}
const char *field_role_choices(void) {
  return "dimension, measure, identifier, time, detail";
}
const char *metric_kind_choices(void) {
  return "aggregate, ratio, difference";
}
const char *additivity_choices(void) {
  return "sum, distinct, ratio, snapshot, none";
}
const char *aggregate_choices(void) {
  return "none, sum, count, count_distinct, average, median, min, max, percentile, first, last, stddev";
}

#define MODEL_NAME_MAX 120

gboolean model_name_is_valid(const char *name) {
  if (name == NULL || !g_ascii_islower(name[0]) || strlen(name) > MODEL_NAME_MAX) return FALSE;
  for (const char *at = name; *at != '\0'; at++)
    if (!g_ascii_islower(*at) && !g_ascii_isdigit(*at) && *at != '_') return FALSE;
  return TRUE;
}

#include "query/form.h"

static gboolean find_name(const char *const *names, guint count, const char *name, int *out) {
  for (guint i = 0; i < count; i++)
    if (names[i] && g_str_equal(names[i], name)) {
      *out = (int)i;
      return TRUE;
    }
  return FALSE;
}

static const char *const operators[] = {[OP_EQUAL] = "=",
                                        [OP_NOT_EQUAL] = "!=",
                                        [OP_LESS] = "<",
                                        [OP_LESS_EQUAL] = "<=",
                                        [OP_GREATER] = ">",
                                        [OP_GREATER_EQUAL] = ">=",
                                        [OP_BETWEEN] = "between",
                                        [OP_IS_NULL] = "is_null",
                                        [OP_IS_NOT_NULL] = "is_not_null",
                                        [OP_CONTAINS] = "contains",
                                        [OP_STARTS_WITH] = "starts_with"};
static const char *const compares[] = {[COMPARE_NONE] = NULL,           [COMPARE_PERIODS] = "periods",
                                       [COMPARE_PREVIOUS] = "previous", [COMPARE_YEAR_EARLIER] = "year_earlier",
                                       [COMPARE_MEMBERS] = "members",   [COMPARE_REST] = "rest",
                                       [COMPARE_SNAPSHOTS] = "snapshots"};
static const char *const datas[] = {[DATA_NOW] = NULL,   [DATA_SNAPSHOT] = NULL,       [DATA_TAKEN] = NULL,
                                    [DATA_AT] = NULL,    [DATA_NEWEST] = "newest",     [DATA_PREVIOUS] = "previous",
                                    [DATA_OLDEST] = "oldest"};
static const char *const ons[] = {
    [ON_VALUE] = "value", [ON_PREVIOUS] = "previous", [ON_CHANGE] = "change",      [ON_GROWTH] = "growth",
    [ON_SHARE] = "share", [ON_WINDOW] = "window",     [ON_DIMENSION] = "dimension"};
static const char *const windows[] = {[WINDOW_NONE] = NULL,
                                      [WINDOW_CUMULATIVE] = "cumulative",
                                      [WINDOW_MOVING_AVERAGE] = "moving_average",
                                      [WINDOW_RANK] = "rank",
                                      [WINDOW_RUN_RATE] = "run_rate"};
static const char *const towards[] = {[TOWARD_NONE] = NULL, [TOWARD_RISE] = "rise", [TOWARD_FALL] = "fall"};

const char *operator_name(Operator op) {
  return operators[op];
}

gboolean operator_parse(const char *name, Operator *out) {
  int found;
  if (!find_name(operators, G_N_ELEMENTS(operators), name, &found)) return FALSE;
  *out = (Operator)found;
  return TRUE;
}

const char *compare_name(CompareKind kind) {
  return compares[kind];
}

gboolean compare_parse(const char *name, CompareKind *out) {
  int found;
  if (!find_name(compares, G_N_ELEMENTS(compares), name, &found)) return FALSE;
  *out = (CompareKind)found;
  return TRUE;
}

const char *data_name(DataKind kind) {
  return datas[kind];
}

gboolean data_parse(const char *name, DataKind *out) {
  int found;
  if (!find_name(datas, G_N_ELEMENTS(datas), name, &found)) return FALSE;
  *out = (DataKind)found;
  return TRUE;
}

const char *toward_name(Toward toward) {
  return towards[toward];
}

gboolean toward_parse(const char *name, Toward *out) {
  int found;
  if (!find_name(towards, G_N_ELEMENTS(towards), name, &found)) return FALSE;
  *out = (Toward)found;
  return TRUE;
}

const char *on_name(On on) {
  return ons[on];
}

gboolean on_parse(const char *name, On *out) {
  int found;
  if (!find_name(ons, G_N_ELEMENTS(ons), name, &found)) return FALSE;
  *out = (On)found;
  return TRUE;
}

const char *window_name(WindowKind kind) {
  return windows[kind];
}

gboolean window_parse(const char *name, WindowKind *out) {
  int found;
  if (!find_name(windows, G_N_ELEMENTS(windows), name, &found)) return FALSE;
  *out = (WindowKind)found;
  return TRUE;
}

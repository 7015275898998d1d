/*
 * How large values and lists can become. Rows that a statement makes up (range) need constant bounds; text and lists
 * that it makes longer (repeat, a || a) have a budget of doublings for the whole statement.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "query/guard_walk.h"

#define DAY_SECONDS 86400.0

/* ---- constants ---- */

/* Through casts and the trunc() that INTERVAL 3 DAY is read as. */
static const json_t *constant_below(const json_t *expression) {
  for (int i = 0; i < 8; i++) {
    const char *class = json_get_string(expression, "class");
    if (g_strcmp0(class, "CONSTANT") == 0) return json_object_get(expression, "value");
    if (g_strcmp0(class, "CAST") == 0)
      expression = json_object_get(expression, "child");
    else if (g_strcmp0(json_get_string(expression, "function_name"), "trunc") == 0)
      expression = json_array_get(json_object_get(expression, "children"), 0);
    else
      return NULL;
  }
  return NULL;
}

static gboolean constant_number(const json_t *expression, double *number) {
  if (g_strcmp0(json_get_string(expression, "function_name"), "-") == 0) {
    const json_t *children = json_object_get(expression, "children");
    if (json_array_size(children) != 1 || !constant_number(json_array_get(children, 0), number)) return FALSE;
    *number = -*number;
    return TRUE;
  }
  const json_t *constant = constant_below(expression), *value = json_object_get(constant, "value");
  const char *type = json_get_string(json_object_get(constant, "type"), "id");
  if (json_is_string(value)) { /* INTERVAL '3' DAY */
    char *end;
    *number = g_ascii_strtod(json_string_value(value), &end);
    return *end == '\0' && isfinite(*number);
  }
  if (!json_is_number(value) || g_strcmp0(type, "DECIMAL") == 0) return FALSE; /* decimals come without their point */
  *number = json_number_value(value);
  return TRUE;
}

/* The text of a constant, through casts. (transfer none) */
static const char *constant_text(const json_t *expression) {
  return json_string_value(json_object_get(constant_below(expression), "value"));
}

/* A day or moment as seconds, to the day. */
static gboolean constant_moment(const json_t *expression, double *seconds) {
  const char *text = constant_text(expression);
  if (text == NULL || strlen(text) < 10) return FALSE;
  g_autofree char *date = g_strndup(text, 10);
  Day day;
  if (!day_parse_iso(date, &day) || (text[10] != '\0' && text[10] != ' ' && text[10] != 'T')) return FALSE;
  *seconds = day * DAY_SECONDS;
  return TRUE;
}

static const struct {
  const char *unit;
  double seconds; /* of the shortest one */
} interval_units[] = {{"millisecond", 0.001},
                      {"microsecond", 1e-6},
                      {"second", 1},
                      {"minute", 60},
                      {"hour", 3600},
                      {"day", DAY_SECONDS},
                      {"week", 7 * DAY_SECONDS},
                      {"month", 28 * DAY_SECONDS},
                      {"quarter", 90 * DAY_SECONDS},
                      {"year", 365 * DAY_SECONDS}};

static gboolean unit_seconds(const char *unit, double *seconds) {
  for (gsize i = 0; i < G_N_ELEMENTS(interval_units); i++) {
    gsize length = strlen(interval_units[i].unit);
    if (g_ascii_strncasecmp(unit, interval_units[i].unit, length) != 0) continue;
    if (unit[length] != '\0' && g_ascii_strcasecmp(unit + length, "s") != 0) return FALSE;
    *seconds = interval_units[i].seconds;
    return TRUE;
  }
  return FALSE;
}

/* INTERVAL 1 DAY is to_days(...), INTERVAL '1 day' a cast. */
static gboolean constant_interval(const json_t *expression, double *seconds) {
  const char *function = json_get_string(expression, "function_name");
  double count, unit;
  if (function != NULL && g_str_has_prefix(function, "to_")) {
    if (!unit_seconds(function + 3, &unit) ||
        !constant_number(json_array_get(json_object_get(expression, "children"), 0), &count))
      return FALSE;
  } else {
    const char *text = constant_text(expression);
    char *end;
    if (text == NULL) return FALSE;
    count = g_ascii_strtod(text, &end);
    if (end == text) return FALSE;
    while (*end == ' ') end++;
    if (!unit_seconds(end, &unit)) return FALSE;
  }
  *seconds = count * unit;
  return TRUE;
}

/* ---- generators ---- */

/* How many values range(arguments) gives; negative when that is not constant. */
static double generated_count(const json_t *arguments) {
  size_t n = json_array_size(arguments);
  const json_t *first = json_array_get(arguments, 0), *second = json_array_get(arguments, 1),
               *third = json_array_get(arguments, 2);
  double from = 0, to = 0, step = 1;
  if (n == 1) return constant_number(first, &to) ? MAX(to, 0) + 1 : -1;
  if (n != 2 && n != 3) return -1;
  if (constant_number(first, &from) && constant_number(second, &to)) {
    if (n == 3 && (!constant_number(third, &step) || step == 0)) return -1;
  } else if (n != 3 || !constant_moment(first, &from) || !constant_moment(second, &to) ||
             !constant_interval(third, &step) || step == 0) {
    return -1;
  } else {
    to += DAY_SECONDS;
  }
  return MAX((to - from) / step, 0) + 1;
}

gboolean guard_check_generator(GuardWalk *walk, const char *name, const json_t *arguments) {
  if (g_ascii_strcasecmp(name, "range") != 0 && g_ascii_strcasecmp(name, "generate_series") != 0) return TRUE;
  double count = generated_count(arguments);
  if (count < 0) return guard_refuse(walk, "%s() needs constant bounds", name);
  walk->generated *= MAX(count, 1);
  if (count > GUARD_MAX_GENERATED + 1 || walk->generated > GUARD_MAX_GENERATED_ALL)
    return guard_refuse(walk, "%s() makes too many rows: at most %d", name, GUARD_MAX_GENERATED);
  return TRUE;
}

/* ---- growth ---- */

static gboolean is_constant(const json_t *expression) {
  return constant_below(expression) != NULL;
}

static guint count_variable(const json_t *arguments) {
  guint n = 0;
  for (size_t i = 0; i < json_array_size(arguments); i++) n += !is_constant(json_array_get(arguments, i));
  return n;
}

static gboolean spend_growth(GuardWalk *walk, const char *name, double factor) {
  if (factor > 1) walk->growth += log2(factor);
  return walk->growth <= GUARD_MAX_GROWTH || guard_refuse(walk, "%s() would make values too long", name);
}

/* A constant count at `index`, of at most GUARD_MAX_REPEAT. */
static gboolean has_small_count(GuardWalk *walk, const char *name, const json_t *arguments, size_t index,
                                double *count) {
  if (index >= json_array_size(arguments)) return TRUE;
  if (!constant_number(json_array_get(arguments, index), count) || *count > GUARD_MAX_REPEAT)
    return guard_refuse(walk, "%s() needs a constant length of at most %d", name, GUARD_MAX_REPEAT);
  return TRUE;
}

/* A constant that is put in again and again: "\0\0" doubles, so each back reference counts as a text. */
static gboolean check_replacement(GuardWalk *walk, const char *name, const json_t *arguments) {
  const char *text = constant_text(json_array_get(arguments, 2));
  if (text == NULL) return guard_refuse(walk, "%s() needs a constant replacement", name);
  double factor = (double)MAX(strlen(text), 1);
  return spend_growth(walk, name, factor);
}

/* printf and format: widths come from the format. */
static gboolean check_format(GuardWalk *walk, const char *name, const json_t *arguments) {
  const char *format = constant_text(json_array_get(arguments, 0));
  if (format == NULL) return guard_refuse(walk, "%s() needs a constant format", name);
  guint digits = 0, open = 0;
  for (const char *at = format; *at != '\0'; at++) {
    digits = g_ascii_isdigit(*at) ? digits + 1 : 0;
    if (*at == '{') open++;
    if (*at == '}' && open > 0) open--;
    if (digits > 3 || open > 1 || *at == '*') return guard_refuse(walk, "%s() with such a width is not allowed", name);
  }
  return spend_growth(walk, name, count_variable(arguments));
}

gboolean guard_check_growth(GuardWalk *walk, const char *name, const json_t *arguments) {
  static const char *const joining[] = {"||",          "concat", "concat_ws",   "list_value", "list_pack",
                                        "array_value", "row",    "struct_pack", "map",        NULL};
  g_autofree char *lower = g_ascii_strdown(name, -1);
  double count = 1;
  if (g_strv_contains(joining, lower)) return spend_growth(walk, lower, count_variable(arguments));
  if (strcmp(lower, "repeat") == 0)
    return has_small_count(walk, lower, arguments, 1, &count) && spend_growth(walk, lower, count);
  if (strcmp(lower, "lpad") == 0 || strcmp(lower, "rpad") == 0)
    return has_small_count(walk, lower, arguments, 1, &count);
  if (strcmp(lower, "bar") == 0) return has_small_count(walk, lower, arguments, 3, &count);
  if (strcmp(lower, "replace") == 0 || strcmp(lower, "regexp_replace") == 0)
    return check_replacement(walk, lower, arguments);
  if (strcmp(lower, "format") == 0 || strcmp(lower, "printf") == 0) return check_format(walk, lower, arguments);
  if (strcmp(lower, "strftime") == 0)
    return is_constant(json_array_get(arguments, 0)) || is_constant(json_array_get(arguments, 1)) ||
           guard_refuse(walk, "strftime() needs a constant format");
  return TRUE;
}

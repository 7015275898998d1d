#include "base/json_schema.h"

#include <math.h>
#include <string.h>

#include "base/date.h"
#include "base/error.h"

#define COMPONENTS "#/components/schemas/"
/* Schemas refer to themselves; what they describe is bounded by the depth of the JSON, and their alternatives by the steps. */
#define MAX_DEPTH (4 * JSON_MAX_DEPTH)
#define MAX_STEPS 1000000
#define MAX_PROBLEM_BYTES 4000

typedef struct {
  const json_t *root, *components;
  const char *whole;
  GString *path;
  GString *problems; /* NULL: only the verdict counts */
  gboolean all;      /* every problem, not only the first */
  int depth;
  int *steps;        /* left */
} Check;

static gboolean holds(Check *check, const json_t *schema, const json_t *value);

static gboolean wrong(Check *check, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean wrong(Check *check, const char *format, ...) {
  if (check->problems == NULL || check->problems->len > MAX_PROBLEM_BYTES) return FALSE;
  va_list arguments;
  va_start(arguments, format);
  g_string_append_printf(check->problems, "%s%s ", check->problems->len > 0 ? "\n" : "", check->path->len > 0 ? check->path->str : check->whole);
  g_string_append_vprintf(check->problems, format, arguments);
  va_end(arguments);
  return FALSE;
}

/* ---- values of any type ---- */

static gboolean has_type(const json_t *value, const char *type) {
  switch (json_typeof(value)) {
  case JSON_OBJECT: return strcmp(type, "object") == 0;
  case JSON_ARRAY: return strcmp(type, "array") == 0;
  case JSON_STRING: return strcmp(type, "string") == 0;
  case JSON_INTEGER: return strcmp(type, "integer") == 0 || strcmp(type, "number") == 0;
  /* 1.0 is a whole number: section 6.1.1. */
  case JSON_REAL: return strcmp(type, "number") == 0 || (strcmp(type, "integer") == 0 && json_real_value(value) == floor(json_real_value(value)));
  case JSON_TRUE:
  case JSON_FALSE: return strcmp(type, "boolean") == 0;
  case JSON_NULL: return strcmp(type, "null") == 0;
  }
  return FALSE;
}

static gboolean check_type(Check *check, const json_t *type, const json_t *value) {
  if (json_is_string(type)) return has_type(value, json_string_value(type)) || wrong(check, "must be of type %s", json_string_value(type));
  for (gsize i = 0; i < json_array_size(type); i++) {
    const char *name = json_string_value(json_array_get(type, i));
    if (name != NULL && has_type(value, name)) return TRUE;
  }
  return wrong(check, "has the wrong type");
}

static gboolean check_enum(Check *check, const json_t *choices, const json_t *value) {
  for (gsize i = 0; i < json_array_size(choices); i++) {
    if (json_equal(json_array_get(choices, i), value)) return TRUE;
  }
  g_autofree char *list = json_to_text(choices, JSON_PLAIN);
  return wrong(check, "must be one of %.300s", list);
}

/* ---- by type ---- */

static gboolean check_string(Check *check, const json_t *schema, const json_t *value) {
  const char *text = json_string_value(value), *pattern = json_get_string(schema, "pattern");
  glong length = g_utf8_strlen(text, (gssize)json_string_length(value));
  if (length < json_get_int(schema, "minLength", 0)) return wrong(check, "is too short");
  if (length > json_get_int(schema, "maxLength", G_MAXINT64)) return wrong(check, "is too long");
  if (pattern != NULL && strcmp(pattern, JSON_SCHEMA_NO_NUL) != 0) {
    /* What is no pattern here may be one elsewhere (there are several dialects): it says nothing. */
    g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_DOLLAR_ENDONLY, 0, NULL);
    if (regex != NULL && !g_regex_match(regex, text, 0, NULL)) return wrong(check, "must match %.200s", pattern);
  }
  Day day;
  if (g_strcmp0(json_get_string(schema, "format"), "date") == 0 && !day_parse_iso(text, &day)) return wrong(check, "must be a date like 2020-12-31");
  return TRUE;
}

static gboolean check_number(Check *check, const json_t *schema, const json_t *value) {
  double number = json_number_value(value), step = json_get_double(schema, "multipleOf", 0);
  double least = json_get_double(schema, "minimum", -INFINITY), most = json_get_double(schema, "maximum", INFINITY);
  double above = json_get_double(schema, "exclusiveMinimum", -INFINITY), below = json_get_double(schema, "exclusiveMaximum", INFINITY);
  if (number < least) return wrong(check, "must be at least %g", least);
  if (number > most) return wrong(check, "must be at most %g", most);
  if (number <= above) return wrong(check, "must be more than %g", above);
  if (number >= below) return wrong(check, "must be less than %g", below);
  /* Decimal fractions have no exact binary form. */
  if (step > 0 && fabs(number / step - round(number / step)) > 1e-9) return wrong(check, "must be a multiple of %g", step);
  return TRUE;
}

static gboolean check_at(Check *check, const char *key, gsize index, const json_t *schema, const json_t *value) {
  gsize length = check->path->len;
  if (key != NULL) g_string_append_printf(check->path, "/%.100s", key);
  else g_string_append_printf(check->path, "/%" G_GSIZE_FORMAT, index);
  gboolean good = holds(check, schema, value);
  g_string_truncate(check->path, length);
  return good;
}

static gboolean check_unique(Check *check, const json_t *value) {
  for (gsize i = 1; i < json_array_size(value); i++) {
    for (gsize j = 0; j < i; j++) {
      if (--*check->steps < 0) return wrong(check, "is too large to be checked");
      if (json_equal(json_array_get(value, i), json_array_get(value, j))) return wrong(check, "has the same item twice");
    }
  }
  return TRUE;
}

static gboolean check_array(Check *check, const json_t *schema, const json_t *value) {
  gsize n = json_array_size(value);
  gboolean good = TRUE;
  if ((gint64)n < json_get_int(schema, "minItems", 0)) good = wrong(check, "has too few items");
  else if ((gint64)n > json_get_int(schema, "maxItems", G_MAXINT64)) good = wrong(check, "has too many items");
  const json_t *first = json_object_get(schema, "prefixItems"), *rest = json_object_get(schema, "items");
  for (gsize i = 0; i < n && (good || check->all); i++) {
    const json_t *inner = i < json_array_size(first) ? json_array_get(first, i) : rest;
    if (inner != NULL) good = check_at(check, NULL, i, inner, json_array_get(value, i)) && good;
  }
  if (good && json_is_true(json_object_get(schema, "uniqueItems"))) good = check_unique(check, value);
  return good;
}

static gboolean check_required(Check *check, const json_t *required, const json_t *value) {
  gboolean good = TRUE;
  for (gsize i = 0; i < json_array_size(required) && (good || check->all); i++) {
    const char *name = json_string_value(json_array_get(required, i));
    if (name != NULL && json_object_get(value, name) == NULL) good = wrong(check, "needs \"%.100s\"", name);
  }
  return good;
}

static gboolean check_object(Check *check, const json_t *schema, const json_t *value) {
  const json_t *properties = json_object_get(schema, "properties"), *others = json_object_get(schema, "additionalProperties");
  gboolean good = check_required(check, json_object_get(schema, "required"), value);
  if (good && (gint64)json_object_size(value) < json_get_int(schema, "minProperties", 0)) good = wrong(check, "has too few members");
  const char *key;
  json_t *member;
  json_object_foreach((json_t *)value, key, member) {
    const json_t *inner = json_object_get(properties, key);
    if (!good && !check->all) return FALSE;
    if (inner == NULL && json_is_false(others)) good = wrong(check, "has no member \"%.100s\"", key);
    if (inner == NULL && json_is_object(others)) inner = others;
    if (inner != NULL) good = check_at(check, key, 0, inner, member) && good;
  }
  return good;
}

static gboolean check_by_type(Check *check, const json_t *schema, const json_t *value) {
  switch (json_typeof(value)) {
  case JSON_OBJECT: return check_object(check, schema, value);
  case JSON_ARRAY: return check_array(check, schema, value);
  case JSON_STRING: return check_string(check, schema, value);
  case JSON_INTEGER:
  case JSON_REAL: return check_number(check, schema, value);
  case JSON_TRUE:
  case JSON_FALSE:
  case JSON_NULL: break;
  }
  return TRUE;
}

/* ---- combinations and references ---- */

/* How many of the schemas the value meets; what they say against it is not kept. */
static gsize count_matches(Check *check, const json_t *schemas, const json_t *value) {
  gsize matches = 0;
  Check attempt = *check;
  attempt.problems = NULL;
  attempt.all = FALSE;
  for (gsize i = 0; i < json_array_size(schemas); i++) matches += holds(&attempt, json_array_get(schemas, i), value);
  return matches;
}

static gboolean check_combinations(Check *check, const json_t *schema, const json_t *value) {
  const json_t *one = json_object_get(schema, "oneOf"), *any = json_object_get(schema, "anyOf");
  const json_t *all = json_object_get(schema, "allOf"), *none = json_object_get(schema, "not");
  gsize matches = one != NULL ? count_matches(check, one, value) : 1;
  if (matches != 1) return wrong(check, matches == 0 ? "has none of its possible forms" : "has several of its forms at once");
  if (any != NULL && count_matches(check, any, value) == 0) return wrong(check, "has none of its possible forms");
  for (gsize i = 0; i < json_array_size(all); i++) {
    if (!holds(check, json_array_get(all, i), value)) return FALSE;
  }
  if (none == NULL) return TRUE;
  Check attempt = *check;
  attempt.problems = NULL;
  return !holds(&attempt, none, value) || wrong(check, "has a form that it must not have");
}

static const json_t *resolve(const Check *check, const char *reference) {
  if (g_str_has_prefix(reference, COMPONENTS)) return json_object_get(check->components, reference + strlen(COMPONENTS));
  if (*reference != '#') return NULL;
  g_auto(GStrv) steps = g_strsplit(reference + 1, "/", 16);
  const json_t *found = check->root;
  for (guint i = 0; steps[i] != NULL; i++)
    if (*steps[i] != '\0') found = json_object_get(found, steps[i]);
  return found;
}

static gboolean check_reference(Check *check, const char *reference, const json_t *value) {
  const json_t *target = resolve(check, reference);
  return target != NULL ? holds(check, target, value) : wrong(check, "cannot be checked: there is no schema %.200s", reference);
}

static gboolean holds(Check *check, const json_t *schema, const json_t *value) {
  if (json_is_boolean(schema)) return json_is_true(schema) || wrong(check, "is not allowed");
  if (check->depth >= MAX_DEPTH || --*check->steps < 0) return wrong(check, "is nested too deeply");
  check->depth++;
  const json_t *type = json_object_get(schema, "type"), *choices = json_object_get(schema, "enum"), *constant = json_object_get(schema, "const");
  const char *reference = json_get_string(schema, "$ref");
  gboolean good = (reference == NULL || check_reference(check, reference, value)) && (type == NULL || check_type(check, type, value)) &&
                  (choices == NULL || check_enum(check, choices, value)) &&
                  (constant == NULL || json_equal(constant, value) || wrong(check, "has another value than it must have")) &&
                  check_by_type(check, schema, value) && check_combinations(check, schema, value);
  check->depth--;
  return good;
}

static gboolean run(const json_t *schema, const json_t *components, const json_t *value, const char *whole, GString *problems, gboolean all) {
  g_autoptr(GString) path = g_string_new(NULL);
  int steps = MAX_STEPS;
  Check check = {schema, components, whole, path, problems, all, 0, &steps};
  return holds(&check, schema, value);
}

gboolean json_schema_holds(const json_t *schema, const json_t *components, const json_t *value, const char *whole, GString *problems) {
  g_autoptr(GString) found = g_string_new(NULL);
  gboolean good = run(schema, components, value, whole, problems != NULL ? found : NULL, TRUE);
  if (!good && problems != NULL) g_string_append_printf(problems, "%s\n", found->str);
  return good;
}

gboolean json_schema_check(const json_t *schema, const json_t *components, const json_t *value, GError **error) {
  g_autoptr(GString) problems = g_string_new(NULL);
  gboolean good = run(schema, components, value, "the body", problems, FALSE);
  if (!good) g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "%s", problems->str);
  return good;
}

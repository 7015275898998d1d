#include "server/schema.h"

#include <string.h>

#define REFERENCE_PREFIX "#/components/schemas/"
/* Schemas refer to themselves; what they describe is bounded by the depth of the JSON. */
#define MAX_DEPTH (4 * JSON_MAX_DEPTH)

typedef struct {
  const json_t *components;
  GString *path;
  char *failure; /* the first, with its path */
  int depth;
} Check;

static gboolean check_value(Check *check, const json_t *schema, const json_t *value);

static gboolean fail(Check *check, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean fail(Check *check, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *what = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  if (check->failure == NULL)
    check->failure = g_strdup_printf("%s %s", check->path->len > 0 ? check->path->str : "the body", what);
  return FALSE;
}

static gboolean has_type(const json_t *value, const char *type) {
  switch (json_typeof(value)) {
  case JSON_OBJECT: return g_str_equal(type, "object");
  case JSON_ARRAY: return g_str_equal(type, "array");
  case JSON_STRING: return g_str_equal(type, "string");
  case JSON_INTEGER: return g_str_equal(type, "integer") || g_str_equal(type, "number");
  case JSON_REAL: return g_str_equal(type, "number");
  case JSON_TRUE:
  case JSON_FALSE: return g_str_equal(type, "boolean");
  case JSON_NULL: return g_str_equal(type, "null");
  }
  return FALSE;
}

static gboolean check_type(Check *check, const json_t *type, const json_t *value) {
  if (json_is_string(type))
    return has_type(value, json_string_value(type)) || fail(check, "must be of type %s", json_string_value(type));
  for (gsize i = 0; i < json_array_size(type); i++) {
    if (has_type(value, json_string_value(json_array_get(type, i)))) return TRUE;
  }
  return fail(check, "has the wrong type");
}

static gboolean check_enum(Check *check, const json_t *choices, const json_t *value) {
  for (gsize i = 0; i < json_array_size(choices); i++) {
    if (json_equal(json_array_get(choices, i), value)) return TRUE;
  }
  g_autofree char *list = json_to_text(choices, JSON_PLAIN);
  return fail(check, "must be one of %.300s", list);
}

static gboolean check_string(Check *check, const json_t *schema, const json_t *value) {
  const char *text = json_string_value(value);
  glong length = g_utf8_strlen(text, (gssize)json_string_length(value));
  if (length < json_get_int(schema, "minLength", 0)) return fail(check, "is too short");
  if (length > json_get_int(schema, "maxLength", G_MAXINT64)) return fail(check, "is too long");
  const char *pattern = json_get_string(schema, "pattern");
  if (pattern != NULL && strcmp(pattern, SCHEMA_NO_NUL) != 0 &&
      !g_regex_match_simple(pattern, text, G_REGEX_DOLLAR_ENDONLY, 0))
    return fail(check, "must match %s", pattern);
  Day day;
  if (g_strcmp0(json_get_string(schema, "format"), "date") == 0 && !day_parse_iso(text, &day))
    return fail(check, "must be a date like 2020-12-31");
  return TRUE;
}

static gboolean check_number(Check *check, const json_t *schema, const json_t *value) {
  const json_t *minimum = json_object_get(schema, "minimum"), *maximum = json_object_get(schema, "maximum");
  double number = json_number_value(value);
  if (minimum != NULL && number < json_number_value(minimum)) return fail(check, "must be at least %g", json_number_value(minimum));
  if (maximum != NULL && number > json_number_value(maximum)) return fail(check, "must be at most %g", json_number_value(maximum));
  return TRUE;
}

static gboolean check_at(Check *check, const char *key, gsize index, const json_t *schema, const json_t *value) {
  gsize length = check->path->len;
  if (key != NULL) g_string_append_printf(check->path, "/%.100s", key);
  else g_string_append_printf(check->path, "/%" G_GSIZE_FORMAT, index);
  gboolean good = check_value(check, schema, value);
  g_string_truncate(check->path, length);
  return good;
}

static gboolean check_array(Check *check, const json_t *schema, const json_t *value) {
  gsize n = json_array_size(value);
  if ((gint64)n < json_get_int(schema, "minItems", 0)) return fail(check, "has too few items");
  if ((gint64)n > json_get_int(schema, "maxItems", G_MAXINT64)) return fail(check, "has too many items");
  const json_t *items = json_object_get(schema, "items");
  for (gsize i = 0; items != NULL && i < n; i++) {
    if (!check_at(check, NULL, i, items, json_array_get(value, i))) return FALSE;
  }
  return TRUE;
}

static gboolean check_object(Check *check, const json_t *schema, const json_t *value) {
  const json_t *required = json_object_get(schema, "required"), *properties = json_object_get(schema, "properties");
  const json_t *additional = json_object_get(schema, "additionalProperties");
  for (gsize i = 0; i < json_array_size(required); i++) {
    const char *name = json_string_value(json_array_get(required, i));
    if (json_object_get(value, name) == NULL) return fail(check, "needs \"%s\"", name);
  }
  if ((gint64)json_object_size(value) < json_get_int(schema, "minProperties", 0)) return fail(check, "has too few members");
  const char *key;
  json_t *member;
  json_object_foreach((json_t *)value, key, member) {
    const json_t *property = json_object_get(properties, key);
    if (property == NULL && json_is_false(additional)) return fail(check, "has no member \"%.100s\"", key);
    if (property == NULL && json_is_object(additional)) property = additional;
    if (property != NULL && !check_at(check, key, 0, property, member)) return FALSE;
  }
  return TRUE;
}

/* How many of the schemas the value meets; what they say against it is not kept. */
static gsize count_matches(Check *check, const json_t *schemas, const json_t *value) {
  gsize matches = 0;
  for (gsize i = 0; i < json_array_size(schemas); i++) {
    Check attempt = {check->components, check->path, NULL, check->depth};
    if (check_value(&attempt, json_array_get(schemas, i), value)) matches++;
    g_free(attempt.failure);
  }
  return matches;
}

static gboolean check_combinations(Check *check, const json_t *schema, const json_t *value) {
  const json_t *one = json_object_get(schema, "oneOf"), *any = json_object_get(schema, "anyOf");
  const json_t *all = json_object_get(schema, "allOf");
  gsize matches = one != NULL ? count_matches(check, one, value) : 1;
  if (matches != 1) return fail(check, matches == 0 ? "has none of its possible forms" : "has several of its forms at once");
  if (any != NULL && count_matches(check, any, value) == 0) return fail(check, "has none of its possible forms");
  for (gsize i = 0; i < json_array_size(all); i++) {
    if (!check_value(check, json_array_get(all, i), value)) return FALSE;
  }
  return TRUE;
}

static gboolean check_reference(Check *check, const char *reference, const json_t *value) {
  const json_t *target = g_str_has_prefix(reference, REFERENCE_PREFIX)
                             ? json_object_get(check->components, reference + strlen(REFERENCE_PREFIX))
                             : NULL;
  if (target == NULL) return fail(check, "cannot be checked: there is no schema %s", reference);
  return check_value(check, target, value);
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

static gboolean check_value(Check *check, const json_t *schema, const json_t *value) {
  if (json_is_boolean(schema)) return json_is_true(schema) || fail(check, "is not allowed");
  if (check->depth >= MAX_DEPTH) return fail(check, "is nested too deeply");
  check->depth++;
  const json_t *type = json_object_get(schema, "type"), *choices = json_object_get(schema, "enum");
  const json_t *constant = json_object_get(schema, "const");
  const char *reference = json_get_string(schema, "$ref");
  gboolean good = (reference == NULL || check_reference(check, reference, value)) &&
                  (type == NULL || check_type(check, type, value)) &&
                  (choices == NULL || check_enum(check, choices, value)) &&
                  (constant == NULL || json_equal(constant, value) || fail(check, "has another value than it must have")) &&
                  check_by_type(check, schema, value) && check_combinations(check, schema, value);
  check->depth--;
  return good;
}

gboolean schema_check(const json_t *schema, const json_t *components, const json_t *value, GError **error) {
  Check check = {.components = components, .path = g_string_new(NULL)};
  gboolean good = check_value(&check, schema, value);
  if (!good) g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "%s", check.failure);
  g_string_free(check.path, TRUE);
  g_free(check.failure);
  return good;
}

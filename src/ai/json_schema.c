#include "ai/json_schema.h"

#include <math.h>
#include <string.h>

#define MAX_DEPTH 48
#define MAX_PROBLEM_BYTES 4000

typedef struct {
  const json_t *root;
  GString *problems; /* NULL: only the verdict counts */
} Check;

static gboolean holds(Check *check, const json_t *schema, const json_t *value, const char *place, int depth);

G_GNUC_PRINTF(3, 4)
static gboolean wrong(Check *check, const char *place, const char *format, ...) {
  if (check->problems == NULL || check->problems->len > MAX_PROBLEM_BYTES) return FALSE;
  va_list arguments;
  g_string_append_printf(check->problems, "%s: ", *place != '\0' ? place : "the answer");
  va_start(arguments, format);
  g_string_append_vprintf(check->problems, format, arguments);
  va_end(arguments);
  g_string_append_c(check->problems, '\n');
  return FALSE;
}

static gboolean is_type(const json_t *value, const char *type) {
  if (type == NULL) return TRUE;
  if (strcmp(type, "object") == 0) return json_is_object(value);
  if (strcmp(type, "array") == 0) return json_is_array(value);
  if (strcmp(type, "string") == 0) return json_is_string(value);
  if (strcmp(type, "boolean") == 0) return json_is_boolean(value);
  if (strcmp(type, "null") == 0) return json_is_null(value);
  if (strcmp(type, "number") == 0) return json_is_number(value);
  if (strcmp(type, "integer") == 0) return json_is_integer(value) || (json_is_real(value) && json_real_value(value) == floor(json_real_value(value)));
  return TRUE;
}

static gboolean check_type(Check *check, const json_t *schema, const json_t *value, const char *place) {
  const json_t *type = json_object_get(schema, "type"), *item;
  gsize index;
  if (json_is_string(type)) return is_type(value, json_string_value(type)) || wrong(check, place, "must be of type %s", json_string_value(type));
  if (!json_is_array(type)) return TRUE;
  json_array_foreach((json_t *)type, index, item) {
    if (is_type(value, json_string_value(item))) return TRUE;
  }
  return wrong(check, place, "is of none of the types allowed");
}

static gboolean check_values(Check *check, const json_t *schema, const json_t *value, const char *place) {
  const json_t *list = json_object_get(schema, "enum"), *only = json_object_get(schema, "const"), *item;
  gsize index;
  if (only != NULL && !json_equal(only, value)) return wrong(check, place, "is not the one value allowed");
  if (!json_is_array(list)) return TRUE;
  json_array_foreach((json_t *)list, index, item) {
    if (json_equal(item, value)) return TRUE;
  }
  g_autofree char *text = json_to_text(list, JSON_PLAIN);
  return wrong(check, place, "must be one of %.300s", text);
}

static gboolean check_number(Check *check, const json_t *schema, const json_t *value, const char *place) {
  if (!json_is_number(value)) return TRUE;
  double number = json_number_value(value);
  if (number < json_get_double(schema, "minimum", -INFINITY)) return wrong(check, place, "is below %g", json_get_double(schema, "minimum", 0));
  if (number > json_get_double(schema, "maximum", INFINITY)) return wrong(check, place, "is above %g", json_get_double(schema, "maximum", 0));
  if (number <= json_get_double(schema, "exclusiveMinimum", -INFINITY) || number >= json_get_double(schema, "exclusiveMaximum", INFINITY))
    return wrong(check, place, "is outside its bounds");
  double step = json_get_double(schema, "multipleOf", 0);
  if (step > 0 && fabs(number / step - round(number / step)) > 1e-9) return wrong(check, place, "is no multiple of %g", step);
  return TRUE;
}

static gboolean check_text(Check *check, const json_t *schema, const json_t *value, const char *place) {
  if (!json_is_string(value)) return TRUE;
  glong length = g_utf8_strlen(json_string_value(value), (gssize)json_string_length(value));
  if (length < json_get_int(schema, "minLength", 0)) return wrong(check, place, "is shorter than %" G_GINT64_FORMAT, json_get_int(schema, "minLength", 0));
  if (length > json_get_int(schema, "maxLength", G_MAXINT64)) return wrong(check, place, "is longer than %" G_GINT64_FORMAT, json_get_int(schema, "maxLength", 0));
  const char *pattern = json_get_string(schema, "pattern");
  if (pattern == NULL) return TRUE;
  g_autoptr(GRegex) regex = g_regex_new(pattern, 0, 0, NULL);
  return regex == NULL || g_regex_match(regex, json_string_value(value), 0, NULL) || wrong(check, place, "does not match %.100s", pattern);
}

static gboolean check_object(Check *check, const json_t *schema, const json_t *value, const char *place, int depth) {
  if (!json_is_object(value)) return TRUE;
  gboolean good = TRUE;
  json_t *required = json_object_get(schema, "required"), *item, *member;
  const json_t *properties = json_object_get(schema, "properties"), *others = json_object_get(schema, "additionalProperties");
  const char *key;
  gsize index;
  json_array_foreach(required, index, item) {
    if (json_is_string(item) && json_object_get(value, json_string_value(item)) == NULL) good = wrong(check, place, "\"%s\" is missing", json_string_value(item));
  }
  json_object_foreach((json_t *)value, key, member) {
    const json_t *inner = json_object_get(properties, key);
    g_autofree char *below = g_strdup_printf("%s%s%s", place, *place != '\0' ? "." : "", key);
    if (inner != NULL) good = holds(check, inner, member, below, depth + 1) && good;
    else if (json_is_false(others)) good = wrong(check, place, "\"%.60s\" is not allowed here", key);
    else if (json_is_object(others)) good = holds(check, others, member, below, depth + 1) && good;
  }
  return good;
}

static gboolean check_array(Check *check, const json_t *schema, const json_t *value, const char *place, int depth) {
  if (!json_is_array(value)) return TRUE;
  gboolean good = TRUE;
  gint64 n = (gint64)json_array_size(value);
  if (n < json_get_int(schema, "minItems", 0)) good = wrong(check, place, "has fewer than %" G_GINT64_FORMAT " items", json_get_int(schema, "minItems", 0));
  if (n > json_get_int(schema, "maxItems", G_MAXINT64)) good = wrong(check, place, "has more than %" G_GINT64_FORMAT " items", json_get_int(schema, "maxItems", 0));
  const json_t *first = json_object_get(schema, "prefixItems"), *rest = json_object_get(schema, "items");
  json_t *item;
  gsize index;
  json_array_foreach((json_t *)value, index, item) {
    const json_t *inner = index < json_array_size(first) ? json_array_get(first, index) : rest;
    g_autofree char *below = g_strdup_printf("%s[%zu]", place, index);
    if (inner != NULL) good = holds(check, inner, item, below, depth + 1) && good;
    for (gsize j = 0; json_is_true(json_object_get(schema, "uniqueItems")) && j < index; j++)
      if (json_equal(json_array_get(value, j), item)) return wrong(check, below, "stands twice");
  }
  return good;
}

static gboolean check_combined(Check *check, const json_t *schema, const json_t *value, const char *place, int depth) {
  json_t *any = json_object_get(schema, "anyOf"), *one = json_object_get(schema, "oneOf"), *all = json_object_get(schema, "allOf"), *item;
  const json_t *none = json_object_get(schema, "not");
  Check quiet = {check->root, NULL};
  gsize index, matches = 0;
  json_array_foreach(all, index, item) {
    if (!holds(check, item, value, place, depth + 1)) return FALSE;
  }
  json_array_foreach(any, index, item) matches += holds(&quiet, item, value, place, depth + 1);
  if (json_array_size(any) > 0 && matches == 0) return wrong(check, place, "has none of the forms allowed");
  matches = 0;
  json_array_foreach(one, index, item) matches += holds(&quiet, item, value, place, depth + 1);
  if (json_array_size(one) > 0 && matches != 1) return wrong(check, place, "must have exactly one of the forms allowed");
  return none == NULL || !holds(&quiet, none, value, place, depth + 1) || wrong(check, place, "has a form that is not allowed");
}

static const json_t *resolve(const Check *check, const json_t *schema) {
  const char *reference = json_get_string(schema, "$ref");
  if (reference == NULL) return schema;
  if (!g_str_has_prefix(reference, "#")) return NULL;
  g_auto(GStrv) steps = g_strsplit(reference + 1, "/", 16);
  const json_t *found = check->root;
  for (guint i = 0; steps[i] != NULL; i++)
    if (*steps[i] != '\0') found = json_object_get(found, steps[i]);
  return found;
}

static gboolean holds(Check *check, const json_t *schema, const json_t *value, const char *place, int depth) {
  if (depth > MAX_DEPTH) return wrong(check, place, "is nested too deep");
  if (json_is_boolean(schema)) return json_is_true(schema) || wrong(check, place, "is not allowed");
  schema = resolve(check, schema);
  if (schema == NULL) return wrong(check, place, "the schema refers to something that is not there");
  if (json_get_string(schema, "$ref") != NULL) return holds(check, schema, value, place, depth + 1);
  if (!check_type(check, schema, value, place)) return FALSE;
  gboolean good = check_values(check, schema, value, place);
  good = check_number(check, schema, value, place) && good;
  good = check_text(check, schema, value, place) && good;
  good = check_object(check, schema, value, place, depth) && good;
  good = check_array(check, schema, value, place, depth) && good;
  return check_combined(check, schema, value, place, depth) && good;
}

gboolean ai_schema_holds(const json_t *schema, const json_t *value, GString *problems) {
  Check check = {schema, problems};
  return holds(&check, schema, value, "", 0);
}

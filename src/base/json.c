#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static gboolean depth_ok(const char *bytes, gsize length, GError **error) {
  int depth = 0, line = 1;
  gboolean in_string = FALSE;
  for (gsize i = 0; i < length; i++) {
    char c = bytes[i];
    if (c == '\n') line++;
    if (in_string) {
      if (c == '\\') i++;
      else if (c == '"') in_string = FALSE;
    } else if (c == '"') in_string = TRUE;
    else if (c == '{' || c == '[') {
      if (++depth > JSON_MAX_DEPTH) {
        g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "JSON line %d: nested more than %d deep", line, JSON_MAX_DEPTH);
        return FALSE;
      }
    } else if (c == '}' || c == ']') depth--;
  }
  return TRUE;
}

json_t *json_parse(const char *bytes, gsize length, GError **error) {
  if (length > JSON_MAX_BYTES) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "JSON of more than %u bytes", JSON_MAX_BYTES);
    return NULL;
  }
  if (!depth_ok(bytes, length, error)) return NULL;
  json_error_t problem;
  json_t *value = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
  if (value == NULL)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "JSON %d:%d: %s", problem.line, problem.column, problem.text);
  return value;
}

json_t *json_parse_file(const char *path, GError **error) {
  g_autofree char *bytes = NULL;
  gsize length = 0;
  if (!g_file_get_contents(path, &bytes, &length, error)) return NULL;
  json_t *value = json_parse(bytes, length, error);
  if (value == NULL) g_prefix_error(error, "%s: ", path);
  return value;
}

const char *json_get_string(const json_t *object, const char *key) { return json_string_value(json_object_get(object, key)); }

gint64 json_get_int(const json_t *object, const char *key, gint64 fallback) {
  const json_t *value = json_object_get(object, key);
  return json_is_integer(value) ? json_integer_value(value) : fallback;
}

double json_get_double(const json_t *object, const char *key, double fallback) {
  const json_t *value = json_object_get(object, key);
  return json_is_number(value) ? json_number_value(value) : fallback;
}

gboolean json_get_bool(const json_t *object, const char *key, gboolean fallback) {
  const json_t *value = json_object_get(object, key);
  return json_is_boolean(value) ? json_is_true(value) : fallback;
}

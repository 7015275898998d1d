#include "ai/config_read.h"

#include <math.h>
#include <string.h>

gboolean config_fail(const ConfigPart *part, GError **error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL, "%s: %s: %s", part->file, part->place, text);
  return FALSE;
}

gboolean config_names(const ConfigPart *part, const char *names, GError **error) {
  if (!json_is_object(part->object)) return config_fail(part, error, "must hold names and values");
  g_auto(GStrv) known = g_strsplit(names, " ", -1);
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)part->object, key, value) {
    if (!g_strv_contains((const char *const *)known, key)) return config_fail(part, error, "there is no '%s' here; known are %s", key, names);
  }
  return TRUE;
}

static const json_t *member(const ConfigPart *part, const char *name) {
  const json_t *value = json_object_get(part->object, name);
  return json_is_null(value) ? NULL : value;
}

gboolean config_text(const ConfigPart *part, const char *name, char **out, GError **error) {
  const json_t *value = member(part, name);
  if (value == NULL) return TRUE;
  char *text = json_is_string(value)  ? g_strdup(json_string_value(value))
               : json_is_integer(value) || json_is_real(value) ? json_to_text(value, JSON_PLAIN)
                                                              : NULL;
  if (text == NULL) return config_fail(part, error, "%s must be text", name);
  g_free(*out);
  *out = text;
  return TRUE;
}

gboolean config_number(const ConfigPart *part, const char *name, double low, double high, double *out, GError **error) {
  const json_t *value = member(part, name);
  if (value == NULL) return TRUE;
  double number = json_number_value(value);
  if (!json_is_number(value) || !(number >= low && number <= high))
    return config_fail(part, error, "%s must be a number from %g to %g", name, low, high);
  *out = number;
  return TRUE;
}

gboolean config_int(const ConfigPart *part, const char *name, int low, int high, int *out, GError **error) {
  double number = *out;
  if (!config_number(part, name, low, high, &number, error)) return FALSE;
  if (number != floor(number)) return config_fail(part, error, "%s must be a whole number", name);
  *out = (int)number;
  return TRUE;
}

gboolean config_duration(const ConfigPart *part, const char *name, gint64 *ms, GError **error) {
  g_autofree char *text = NULL;
  if (!config_text(part, name, &text, error)) return FALSE;
  return text == NULL || duration_parse(text, ms) || config_fail(part, error, "%s must be a time such as 500ms, 30s or 5min", name);
}

gboolean config_bool(const ConfigPart *part, const char *name, gboolean *out, GError **error) {
  const json_t *value = member(part, name);
  if (value == NULL) return TRUE;
  if (!json_is_boolean(value)) return config_fail(part, error, "%s must be true or false", name);
  *out = json_is_true(value);
  return TRUE;
}

gboolean config_texts(const ConfigPart *part, const char *name, char ***out, GError **error) {
  const json_t *value = member(part, name), *item;
  if (value == NULL) return TRUE;
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  gsize index;
  if (!json_is_array(value)) return config_fail(part, error, "%s must be a list of texts", name);
  json_array_foreach((json_t *)value, index, item) {
    if (!json_is_string(item)) return config_fail(part, error, "%s must be a list of texts", name);
    g_strv_builder_add(builder, json_string_value(item));
  }
  g_strfreev(*out);
  *out = g_strv_builder_end(builder);
  return TRUE;
}

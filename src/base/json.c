/* Reading JSON: jansson parses, we bound size and depth and say where a mistake stands. */
#include "base/json.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/error.h"

/* FALSE with the byte that goes too deep: found here, before the parser recurses into it. */
static gboolean depth_is_bounded(const char *bytes, gsize length, gsize *offset) {
  int depth = 0;
  gboolean in_string = FALSE;
  for (gsize i = 0; i < length; i++) {
    char c = bytes[i];
    if (in_string) {
      if (c == '\\') i++;
      else if (c == '"') in_string = FALSE;
    } else if (c == '"') {
      in_string = TRUE;
    } else if (c == '[' || c == '{') {
      if (++depth > JSON_MAX_DEPTH) {
        *offset = i;
        return FALSE;
      }
    } else if ((c == ']' || c == '}') && depth > 0) {
      depth--;
    }
  }
  return TRUE;
}

static void line_and_column(const char *bytes, gsize offset, int *line, int *column) {
  *line = *column = 1;
  for (gsize i = 0; i < offset; i++) {
    if (bytes[i] == '\n') {
      (*line)++;
      *column = 1;
    } else {
      (*column)++;
    }
  }
}

static json_t *parse(const char *bytes, gsize length, gboolean wide, GError **error) {
  if (length > JSON_MAX_BYTES) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "the JSON text is larger than %u bytes", JSON_MAX_BYTES);
    return NULL;
  }
  gsize deep = 0;
  if (!depth_is_bounded(bytes, length, &deep)) {
    int line, column;
    line_and_column(bytes, deep, &line, &column);
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%d:%d: JSON is nested deeper than %d levels", line, column,
                JSON_MAX_DEPTH);
    return NULL;
  }
  json_error_t problem;
  json_t *value = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
  if (value == NULL && wide && json_error_code(&problem) == json_error_numeric_overflow)
    value = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &problem);
  if (value == NULL)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%d:%d: not valid JSON: %s", MAX(problem.line, 1),
                MAX(problem.column, 1), problem.text);
  return value;
}

json_t *json_parse(const char *bytes, gsize length, GError **error) {
  return parse(bytes, length, FALSE, error);
}

json_t *json_parse_wide(const char *bytes, gsize length, GError **error) {
  return parse(bytes, length, TRUE, error);
}

json_t *json_parse_file(const char *path, GError **error) {
  struct stat status;
  if (stat(path, &status) != 0) {
    aisle_error_set_errno(error, errno, "read '%s'", path);
    return NULL;
  }
  if (!S_ISREG(status.st_mode) || status.st_size > JSON_MAX_BYTES) {
    g_set_error(error, AISLE_ERROR, S_ISREG(status.st_mode) ? AISLE_ERROR_TOO_LARGE : AISLE_ERROR_BAD_INPUT,
                "'%s' is not a JSON file of at most %u bytes", path, JSON_MAX_BYTES);
    return NULL;
  }
  g_autofree char *bytes = NULL;
  gsize length = 0;
  if (!g_file_get_contents(path, &bytes, &length, error)) return NULL;
  json_t *value = json_parse(bytes, length, error);
  if (value == NULL) g_prefix_error(error, "%s:", path);
  return value;
}

const char *json_get_string(const json_t *object, const char *key) {
  return json_string_value(json_object_get(object, key));
}

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

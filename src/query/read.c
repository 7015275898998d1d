#include "query/read.h"

gboolean reader_fail(Reader *reader, const char *what) {
  if (!reader->failed)
    g_set_error(reader->error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "%s: %s",
                reader->path->len ? reader->path->str : "/", what);
  reader->failed = TRUE;
  return FALSE;
}

gsize reader_enter(Reader *reader, const char *key) {
  gsize before = reader->path->len;
  g_string_append_printf(reader->path, "/%s", key);
  return before;
}

gsize reader_enter_index(Reader *reader, size_t index) {
  gsize before = reader->path->len;
  g_string_append_printf(reader->path, "/%zu", index);
  return before;
}

void reader_leave(Reader *reader, gsize before) {
  g_string_truncate(reader->path, before);
}

/* ---- checked access ---- */
gboolean reader_only_keys(Reader *reader, const json_t *object, const char *const *allowed) {
  if (!json_is_object(object)) return reader_fail(reader, "must be an object");
  const char *key;
  json_t *value;
  json_object_foreach ((json_t *)object, key, value) {
    if (!g_strv_contains(allowed, key)) {
      gsize before = reader_enter(reader, key);
      reader_fail(reader, "unknown key");
      reader_leave(reader, before);
      return FALSE;
    }
  }
  return TRUE;
}

void reader_text(Reader *reader, const json_t *object, const char *key, char **out) {
  const json_t *value = json_object_get(object, key);
  if (!value || reader->failed) return;
  gsize before = reader_enter(reader, key);
  if (!json_is_string(value))
    reader_fail(reader, "must be a text");
  else
    *out = g_strdup(json_string_value(value));
  reader_leave(reader, before);
}

void reader_flag(Reader *reader, const json_t *object, const char *key, gboolean *out) {
  const json_t *value = json_object_get(object, key);
  if (!value || reader->failed) return;
  gsize before = reader_enter(reader, key);
  if (!json_is_boolean(value))
    reader_fail(reader, "must be true or false");
  else
    *out = json_is_true(value);
  reader_leave(reader, before);
}

void reader_integer(Reader *reader, const json_t *object, const char *key, int least, int most, int *out) {
  const json_t *value = json_object_get(object, key);
  if (!value || reader->failed) return;
  gsize before = reader_enter(reader, key);
  if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most) {
    g_autofree char *what = g_strdup_printf("must be a whole number from %d to %d", least, most);
    reader_fail(reader, what);
  } else {
    *out = (int)json_integer_value(value);
  }
  reader_leave(reader, before);
}

void reader_number(Reader *reader, const json_t *object, const char *key, double *out) {
  const json_t *value = json_object_get(object, key);
  if (!value || reader->failed) return;
  gsize before = reader_enter(reader, key);
  if (!json_is_number(value))
    reader_fail(reader, "must be a number");
  else
    *out = json_number_value(value);
  reader_leave(reader, before);
}

gboolean reader_word(Reader *reader, const json_t *object, const char *key, ParseWord parse, int *out) {
  const json_t *value = json_object_get(object, key);
  if (!value || reader->failed) return FALSE;
  gsize before = reader_enter(reader, key);
  gboolean known = json_is_string(value) && parse(json_string_value(value), out);
  if (!known) reader_fail(reader, "is not one of the known words");
  reader_leave(reader, before);
  return known;
}

gboolean parse_operator_word(const char *name, int *out) {
  Operator op;
  return operator_parse(name, &op) ? (*out = (int)op, TRUE) : FALSE;
}
gboolean parse_cyclic_word(const char *name, int *out) {
  Cyclic cyclic;
  return cyclic_parse(name, &cyclic) ? (*out = (int)cyclic, TRUE) : FALSE;
}
gboolean parse_unit_word(const char *name, int *out) {
  TimeUnit unit;
  return time_unit_parse(name, &unit) && unit != TIME_UNIT_NONE ? (*out = (int)unit, TRUE) : FALSE;
}
gboolean parse_aggregate_word(const char *name, int *out) {
  Aggregate aggregate;
  return aggregate_parse(name, &aggregate) && aggregate != AGGREGATE_NONE ? (*out = (int)aggregate, TRUE) : FALSE;
}
gboolean parse_data_word(const char *name, int *out) {
  DataKind kind;
  return data_parse(name, &kind) ? (*out = (int)kind, TRUE) : FALSE;
}

gboolean parse_compare_word(const char *name, int *out) {
  CompareKind kind;
  return compare_parse(name, &kind) ? (*out = (int)kind, TRUE) : FALSE;
}
gboolean parse_toward_word(const char *name, int *out) {
  Toward toward;
  return toward_parse(name, &toward) ? (*out = (int)toward, TRUE) : FALSE;
}
gboolean parse_on_word(const char *name, int *out) {
  On on;
  return on_parse(name, &on) ? (*out = (int)on, TRUE) : FALSE;
}
gboolean parse_window_word(const char *name, int *out) {
  WindowKind kind;
  return window_parse(name, &kind) ? (*out = (int)kind, TRUE) : FALSE;
}

void reader_list(Reader *reader, const json_t *object, const char *key, ReadElement element, gpointer out) {
  const json_t *list = json_object_get(object, key);
  if (!list || reader->failed) return;
  gsize before = reader_enter(reader, key);
  if (!json_is_array(list))
    reader_fail(reader, "must be a list");
  else if (json_array_size(list) > QUERY_MAX_LIST)
    reader_fail(reader, "has too many elements");
  for (size_t i = 0; !reader->failed && i < json_array_size(list); i++) {
    gsize inside = reader_enter_index(reader, i);
    element(reader, json_array_get(list, i), out);
    reader_leave(reader, inside);
  }
  reader_leave(reader, before);
}

#include "base/scope.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

/* What a scope file may hold at most. */
#define SCOPE_MAX_ITEMS 10000

/* The count stands beside the public part, so that readers see only what is immutable. */
typedef struct {
  AccessScope scope;
  atomic_int references;
  char *key; /* made once: every question asks for it */
} CountedScope;

static void row_filter_free(gpointer data) {
  ScopeRowFilter *filter = data;
  if (filter == NULL) return;
  g_free(filter->attribute);
  g_free(filter->field);
  g_strfreev(filter->values);
  g_free(filter);
}

static char *make_key(const AccessScope *scope);

static AccessScope *scope_new(void) {
  CountedScope *counted = g_new0(CountedScope, 1);
  atomic_init(&counted->references, 1);
  counted->scope.row_filters = g_ptr_array_new_with_free_func(row_filter_free);
  return &counted->scope;
}

AccessScope *access_scope_new_local(void) {
  AccessScope *scope = scope_new();
  scope->tenant = g_strdup("local");
  scope->user = g_strdup("local");
  scope->roles = g_new0(char *, 1);
  scope->hidden_fields = g_new0(char *, 1);
  ((CountedScope *)scope)->key = make_key(scope);
  return scope;
}

AccessScope *access_scope_ref(AccessScope *scope) {
  atomic_fetch_add_explicit(&((CountedScope *)scope)->references, 1, memory_order_relaxed);
  return scope;
}

void access_scope_unref(AccessScope *scope) {
  if (scope == NULL) return;
  CountedScope *counted = (CountedScope *)scope;
  if (atomic_fetch_sub_explicit(&counted->references, 1, memory_order_acq_rel) != 1) return;
  g_free(scope->tenant);
  g_free(scope->user);
  g_strfreev(scope->roles);
  g_strfreev(scope->hidden_fields);
  g_ptr_array_unref(scope->row_filters);
  g_free(counted->key);
  g_free(counted);
}

static gboolean refuse(GError **error, const char *path, const char *what) {
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "scope: %s %s", path, what);
  return FALSE;
}

/* Every key of `object` must be one of `keys` (NULL-terminated). */
static gboolean check_keys(const json_t *object, const char *path, const char *const *keys, GError **error) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)object, key, value) {
    if (g_strv_contains(keys, key)) continue;
    /* A misspelt rule that is silently ignored would open the data. */
    g_autofree char *known = g_strjoinv(", ", (char **)keys);
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "scope: %s has no key '%s'; known are %s", path, key,
                known);
    return FALSE;
  }
  return TRUE;
}

static gboolean read_string(const json_t *object, const char *key, const char *fallback, char **out, GError **error) {
  const json_t *value = json_object_get(object, key);
  if (value != NULL && !json_is_null(value) && !json_is_string(value)) return refuse(error, key, "must be a string");
  *out = g_strdup(json_is_string(value) ? json_string_value(value) : fallback);
  return TRUE;
}

/* A list of strings; numbers and booleans are taken as their text where `scalars` says so. NULL: error. */
static char **read_strings(const json_t *list, const char *path, gboolean scalars, GError **error) {
  if (list == NULL || json_is_null(list)) return g_new0(char *, 1);
  if (!json_is_array(list) || json_array_size(list) > SCOPE_MAX_ITEMS) {
    refuse(error, path, "must be a list of at most 10000 strings");
    return NULL;
  }
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  gsize index;
  json_t *item;
  json_array_foreach((json_t *)list, index, item) {
    if (json_is_string(item)) {
      g_strv_builder_add(builder, json_string_value(item));
    } else if (scalars && (json_is_number(item) || json_is_boolean(item))) {
      g_autofree char *text = json_to_text(item, JSON_PLAIN);
      g_strv_builder_add(builder, text);
    } else {
      refuse(error, path, "must hold strings only");
      return NULL;
    }
  }
  return g_strv_builder_end(builder);
}

static gboolean read_row_filter(const json_t *json, guint index, AccessScope *scope, GError **error) {
  static const char *const keys[] = {"attribute", "field", "values", NULL};
  g_autofree char *path = g_strdup_printf("row_filters[%u]", index);
  if (!json_is_object(json)) return refuse(error, path, "must be an object");
  if (!check_keys(json, path, keys, error)) return FALSE;
  const char *field = json_get_string(json, "field");
  if (field == NULL || *field == '\0') return refuse(error, path, "needs a field");
  const json_t *values = json_object_get(json, "values");
  if (!json_is_array(values)) return refuse(error, path, "needs a list of values");
  ScopeRowFilter *filter = g_new0(ScopeRowFilter, 1);
  g_ptr_array_add(scope->row_filters, filter);
  filter->field = g_strdup(field);
  if (!read_string(json, "attribute", NULL, &filter->attribute, error)) return FALSE;
  filter->values = read_strings(values, path, TRUE, error);
  return filter->values != NULL;
}

static gboolean read_row_filters(const json_t *list, AccessScope *scope, GError **error) {
  if (list == NULL || json_is_null(list)) return TRUE;
  if (!json_is_array(list) || json_array_size(list) > SCOPE_MAX_ITEMS)
    return refuse(error, "row_filters", "must be a list of objects");
  for (guint i = 0; i < json_array_size(list); i++) {
    if (!read_row_filter(json_array_get(list, i), i, scope, error)) return FALSE;
  }
  return TRUE;
}

static gboolean read_count(const json_t *limits, const char *key, gint64 *out, GError **error) {
  const json_t *value = json_object_get(limits, key);
  if (value == NULL || json_is_null(value)) return TRUE;
  if (!json_is_integer(value) || json_integer_value(value) < 0)
    return refuse(error, key, "must be a whole number that is not negative");
  *out = json_integer_value(value);
  return TRUE;
}

static gboolean read_limits(const json_t *limits, AccessScope *scope, GError **error) {
  static const char *const keys[] = {"rows", "bytes_scanned", "seconds", NULL};
  if (limits == NULL || json_is_null(limits)) return TRUE;
  if (!json_is_object(limits)) return refuse(error, "limits", "must be an object");
  if (!check_keys(limits, "limits", keys, error)) return FALSE;
  if (!read_count(limits, "rows", &scope->max_rows, error)) return FALSE;
  if (!read_count(limits, "bytes_scanned", &scope->max_bytes_scanned, error)) return FALSE;
  const json_t *seconds = json_object_get(limits, "seconds");
  if (seconds == NULL || json_is_null(seconds)) return TRUE;
  double number = json_is_number(seconds) ? json_number_value(seconds) : -1;
  if (!isfinite(number) || number < 0) return refuse(error, "seconds", "must be a number that is not negative");
  scope->max_seconds = number;
  return TRUE;
}

AccessScope *access_scope_from_json(const json_t *json, GError **error) {
  static const char *const keys[] = {"tenant", "user", "roles", "row_filters", "hidden_fields", "limits", NULL};
  if (!json_is_object(json)) {
    refuse(error, "the scope", "must be a JSON object");
    return NULL;
  }
  if (!check_keys(json, "the scope", keys, error)) return NULL;
  g_autoptr(AccessScope) scope = scope_new();
  if (!read_string(json, "tenant", "local", &scope->tenant, error)) return NULL;
  if (!read_string(json, "user", "local", &scope->user, error)) return NULL;
  if ((scope->roles = read_strings(json_object_get(json, "roles"), "roles", FALSE, error)) == NULL) return NULL;
  if (!read_row_filters(json_object_get(json, "row_filters"), scope, error)) return NULL;
  scope->hidden_fields = read_strings(json_object_get(json, "hidden_fields"), "hidden_fields", FALSE, error);
  if (scope->hidden_fields == NULL || !read_limits(json_object_get(json, "limits"), scope, error)) return NULL;
  ((CountedScope *)scope)->key = make_key(scope);
  return g_steal_pointer(&scope);
}

AccessScope *access_scope_from_file(const char *path, GError **error) {
  g_autoptr(json_t) json = json_parse_file(path, error);
  return json != NULL ? access_scope_from_json(json, error) : NULL;
}

gboolean access_scope_is_unrestricted(const AccessScope *scope) {
  return scope->row_filters->len == 0 && scope->hidden_fields[0] == NULL;
}

static int compare_texts(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted and without repetition: the order in a file does not decide what is visible. (transfer full) */
static json_t *sorted_set(char *const *texts) {
  g_autoptr(GPtrArray) sorted = g_ptr_array_new();
  for (char *const *text = texts; *text != NULL; text++) g_ptr_array_add(sorted, *text);
  g_ptr_array_sort(sorted, compare_texts);
  json_t *list = json_array();
  for (guint i = 0; i < sorted->len; i++) {
    const char *text = sorted->pdata[i];
    if (i == 0 || strcmp(text, sorted->pdata[i - 1]) != 0) json_array_append_new(list, json_string(text));
  }
  return list;
}

static json_t *sorted_row_filters(const GPtrArray *filters) {
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < filters->len; i++) {
    const ScopeRowFilter *filter = filters->pdata[i];
    g_autoptr(json_t) pair = json_array();
    json_array_append_new(pair, json_string(filter->field));
    json_array_append_new(pair, sorted_set(filter->values));
    g_ptr_array_add(texts, json_to_text(pair, JSON_SORTED));
  }
  g_ptr_array_add(texts, NULL);
  return sorted_set((char *const *)texts->pdata);
}

static char *make_key(const AccessScope *scope) {
  /* Limits are no part of what is visible, but they cut results. The person's name is not: two people with the same
   * view share what is cached. */
  g_autoptr(json_t) key = json_object();
  json_object_set_new(key, "tenant", json_string(scope->tenant));
  json_object_set_new(key, "hidden_fields", sorted_set(scope->hidden_fields));
  json_object_set_new(key, "row_filters", sorted_row_filters(scope->row_filters));
  json_object_set_new(key, "rows", json_integer(scope->max_rows));
  json_object_set_new(key, "bytes_scanned", json_integer(scope->max_bytes_scanned));
  return json_to_text(key, JSON_SORTED);
}

char *access_scope_key(const AccessScope *scope) {
  return g_strdup(((const CountedScope *)scope)->key);
}

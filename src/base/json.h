/*
 * JSON: jansson reads, we write. Numbers are written in the shortest form that reads back to the same double
 * (jansson prints 0.1 as 0.10000000000000001), keys optionally sorted for canonical bytes.
 */
#pragma once
#include <glib.h>
#include <jansson.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

#define JSON_MAX_BYTES (16u << 20)
#define JSON_MAX_DEPTH 64

/* Parses one JSON value; duplicate keys, trailing bytes, invalid UTF-8 and too deep nesting are BAD_INPUT with line:column. (transfer full) */
json_t *json_parse(const char *bytes, gsize length, GError **error);
/* The same, but where a whole number does not fit 64 bits all numbers are reals, as in other readers of JSON. (transfer full) */
json_t *json_parse_wide(const char *bytes, gsize length, GError **error);
json_t *json_parse_file(const char *path, GError **error);

typedef enum { JSON_PLAIN = 0, JSON_SORTED = 1 << 0, JSON_PRETTY = 1 << 1 } JsonFlags;
char *json_to_text(const json_t *value, JsonFlags flags); /* (transfer full) */
void json_append(GString *out, const json_t *value, JsonFlags flags);
void json_append_string(GString *out, const char *text, gssize length); /* quoted and escaped */
void json_append_double(GString *out, double value); /* shortest round trip; NaN and infinities become null */

/* Access that does not fail: NULL / fallback where the key is missing or of another type. (transfer none) */
const char *json_get_string(const json_t *object, const char *key);
gint64 json_get_int(const json_t *object, const char *key, gint64 fallback);
double json_get_double(const json_t *object, const char *key, double fallback);
gboolean json_get_bool(const json_t *object, const char *key, gboolean fallback);

/* Reading JSON with a path: the first mistake ends it and is named "/filters/0/op: ...". */
#pragma once
#include "query/form.h"

#define QUERY_MAX_DEPTH 12
#define QUERY_MAX_LIST 1000

/* Where reading is. */
typedef struct {
  GString *path;
  GError **error;
  int depth;
  gboolean failed;
} Reader;

/* Sets the error, once. FALSE, always. */
gboolean reader_fail(Reader *reader, const char *what);
/* Steps into a key or element; gives what reader_leave() needs. */
gsize reader_enter(Reader *reader, const char *key);
gsize reader_enter_index(Reader *reader, size_t index);
void reader_leave(Reader *reader, gsize before);

/* Checked access: absent keys leave `out` as it is. */
gboolean reader_only_keys(Reader *reader, const json_t *object, const char *const *allowed);
void reader_text(Reader *reader, const json_t *object, const char *key, char **out);
void reader_flag(Reader *reader, const json_t *object, const char *key, gboolean *out);
void reader_integer(Reader *reader, const json_t *object, const char *key, int least, int most, int *out);
void reader_number(Reader *reader, const json_t *object, const char *key, double *out);
/* A text that must be one of the words that `parse` knows; TRUE when it was there and is. */
typedef gboolean (*ParseWord)(const char *name, int *out);
gboolean reader_word(Reader *reader, const json_t *object, const char *key, ParseWord parse, int *out);
gboolean parse_operator_word(const char *name, int *out);
gboolean parse_cyclic_word(const char *name, int *out);
gboolean parse_unit_word(const char *name, int *out);
gboolean parse_aggregate_word(const char *name, int *out);
gboolean parse_compare_word(const char *name, int *out);
gboolean parse_data_word(const char *name, int *out);
gboolean parse_toward_word(const char *name, int *out);
gboolean parse_on_word(const char *name, int *out);
gboolean parse_window_word(const char *name, int *out);
/* An array; calls `element` with the path inside. */
typedef void (*ReadElement)(Reader *reader, const json_t *element, gpointer out);
void reader_list(Reader *reader, const json_t *object, const char *key, ReadElement element, gpointer out);

/* ---- read_parts.c ---- */
void reader_time(Reader *reader, const json_t *object, const char *key, TimeRange *out);
void reader_data(Reader *reader, const json_t *object, const char *key, DataRef *out);
void reader_filters(Reader *reader, const json_t *object, const char *key, GPtrArray *out);
void reader_measure(Reader *reader, const json_t *json, gpointer out);   /* ReadElement; out: GPtrArray of Measure* */
void reader_dimension(Reader *reader, const json_t *json, gpointer out); /* ReadElement; out: GPtrArray of Dimension* */

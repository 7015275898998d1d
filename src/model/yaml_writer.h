/*
 * yaml_writer: block YAML with comments, in a fixed layout. Beside what is written goes the old node of the same place
 * (or NULL): its comments are kept, and with yaml_write_foreign() its keys that the writer knows nothing of.
 */
#pragma once
#include "base/yaml_tree.h"

typedef struct {
  GString *out;
  guint indent;
  gboolean dash_pending; /* the next line begins an item of a list */
} YamlWriter;

void yaml_write_comment(YamlWriter *writer, const char *text); /* lines, "# " added where it is missing; NULL is fine */
/* "key: value". Nothing is written for NULL or (words) an empty list. `old` is the map that held the key before. */
void yaml_write_text(YamlWriter *writer, const YamlNode *old, const char *key, const char *value);
void yaml_write_words(YamlWriter *writer, const YamlNode *old, const char *key, char **words);
void yaml_write_flag(YamlWriter *writer, const YamlNode *old, const char *key, gboolean value);
void yaml_write_count(YamlWriter *writer, const YamlNode *old, const char *key, gint64 value);
void yaml_write_raw(YamlWriter *writer, const YamlNode *old, const char *key, const char *yaml);
/* "key:" and one level deeper; `comment` (may be NULL) stands above it unless the old file has one. */
void yaml_begin(YamlWriter *writer, const YamlNode *old, const char *key, const char *comment);
void yaml_end(YamlWriter *writer);
/* One item of a list, a map: "- " goes before its first key. `old_item` holds the comment to keep. */
void yaml_begin_item(YamlWriter *writer, const YamlNode *old_item, const char *comment);
void yaml_end_item(YamlWriter *writer);
/* Every key of the old map that is not known, as it was. `known` is NULL-terminated. */
void yaml_write_foreign(YamlWriter *writer, const YamlNode *old, const char *const *known);
void yaml_append_scalar(GString *out, const char *text); /* quoted only where it must be */
void yaml_append_flow_words(GString *out, char **words); /* [a, b] */

/* Reading the values of ingestion files; every mistake becomes a problem with its place. Private to the lake. */
#pragma once
#include "base/yaml_tree.h"

typedef struct {
  const char *file;
  GPtrArray *problems;
} YamlReading;

void yaml_complain(const YamlReading *reading, const YamlNode *node, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* Text of a scalar; NULL (after a problem) where it is none. (transfer full) */
char *yaml_take_text(const YamlReading *reading, const YamlNode *map, const char *key);
/* One text or a list of texts; never NULL. (transfer full) */
char **yaml_take_texts(const YamlReading *reading, const YamlNode *map, const char *key);
/* "90s", "7d", "hourly"; 0 where the key is missing. */
gint64 yaml_take_duration(const YamlReading *reading, const YamlNode *map, const char *key);
double yaml_take_fraction(const YamlReading *reading, const YamlNode *map, const char *key, double fallback);
/* Position of the text in a NULL-terminated list; `fallback` where the key is missing, -1 after a problem. */
int yaml_take_choice(const YamlReading *reading, const YamlNode *map, const char *key, const char *const *choices, int fallback);
/* Keys that are not in the list are problems. */
void yaml_check_keys(const YamlReading *reading, const YamlNode *map, const char *const *known);
/* [a-z][a-z0-9_]*, up to 200 characters. Pure. */
gboolean name_is_physical(const char *name);

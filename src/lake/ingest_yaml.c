#include "lake/ingest_yaml.h"

#include <string.h>

void yaml_complain(const YamlReading *reading, const YamlNode *node, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  yaml_problem_add(reading->problems, reading->file, node ? node->line : 1, node ? node->column : 1, "%s", text);
}

char *yaml_take_text(const YamlReading *reading, const YamlNode *map, const char *key) {
  const YamlNode *node = yaml_get(map, key);
  if (yaml_is_null(node)) return NULL;
  if (node->kind == YAML_SCALAR) return g_strdup(node->text);
  yaml_complain(reading, node, "'%s' must be one text", key);
  return NULL;
}

char **yaml_take_texts(const YamlReading *reading, const YamlNode *map, const char *key) {
  const YamlNode *node = yaml_get(map, key);
  g_autoptr(GStrvBuilder) texts = g_strv_builder_new();
  if (node && node->kind == YAML_SCALAR && !yaml_is_null(node)) {
    g_strv_builder_add(texts, node->text);
  } else if (node && node->kind == YAML_LIST) {
    for (guint i = 0; i < node->items->len; i++) {
      const YamlNode *item = node->items->pdata[i];
      if (item->kind == YAML_SCALAR)
        g_strv_builder_add(texts, item->text);
      else
        yaml_complain(reading, item, "'%s' is a list of texts", key);
    }
  } else if (!yaml_is_null(node)) {
    yaml_complain(reading, node, "'%s' must be a text or a list of texts", key);
  }
  return g_strv_builder_end(texts);
}

gint64 yaml_take_duration(const YamlReading *reading, const YamlNode *map, const char *key) {
  const YamlNode *node = yaml_get(map, key);
  gint64 milliseconds = 0;
  if (yaml_is_null(node) || (node->kind == YAML_SCALAR && schedule_parse(node->text, &milliseconds))) return milliseconds;
  yaml_complain(reading, node, "'%s' must be a time such as 26h or 7d, or hourly, daily, weekly", key);
  return 0;
}

double yaml_take_fraction(const YamlReading *reading, const YamlNode *map, const char *key, double fallback) {
  const YamlNode *node = yaml_get(map, key);
  if (yaml_is_null(node)) return fallback;
  char *end = NULL;
  double value = node->kind == YAML_SCALAR ? g_ascii_strtod(node->text, &end) : -1;
  if (end && end != node->text && *end == '%' && !end[1]) {
    value /= 100;
    end++;
  }
  if (end && end != node->text && !*end && value >= 0 && value <= 1000) return value;
  yaml_complain(reading, node, "'%s' must be a share such as 0.2 or 20%%", key);
  return fallback;
}

int yaml_take_choice(const YamlReading *reading, const YamlNode *map, const char *key, const char *const *choices, int fallback) {
  const YamlNode *node = yaml_get(map, key);
  if (yaml_is_null(node)) return fallback;
  for (int i = 0; node->kind == YAML_SCALAR && choices[i]; i++)
    if (!strcmp(node->text, choices[i])) return i;
  g_autofree char *list = g_strjoinv(", ", (char **)choices);
  yaml_complain(reading, node, "'%s' must be one of: %s", key, list);
  return -1;
}

void yaml_check_keys(const YamlReading *reading, const YamlNode *map, const char *const *known) {
  for (guint i = 0; map && map->kind == YAML_MAP && i < map->keys->len; i++) {
    const YamlNode *key = map->keys->pdata[i];
    if (g_strv_contains(known, key->text)) continue;
    const char *near = NULL;
    for (int k = 0; known[k] && !near; k++)
      if (text_distance(key->text, known[k], 2) <= 2) near = known[k];
    if (near) {
      yaml_complain(reading, key, "there is no '%s' here; did you mean '%s'?", key->text, near);
      continue;
    }
    g_autofree char *list = g_strjoinv(", ", (char **)known);
    yaml_complain(reading, key, "there is no '%s' here; possible are: %s", key->text, list);
  }
}

gboolean name_is_physical(const char *name) {
  if (!name || !g_ascii_islower(name[0]) || strlen(name) > 200) return FALSE;
  for (const char *p = name; *p; p++)
    if (!g_ascii_islower(*p) && !g_ascii_isdigit(*p) && *p != '_') return FALSE;
  return TRUE;
}

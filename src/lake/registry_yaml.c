/* registry.yaml: which places there are. */
#include <string.h>

#include "base/yaml_tree.h"
#include "lake/registry_private.h"

#define FILE_NAME "registry.yaml"

static void source_free(gpointer pointer) {
  RegistrySource *source = pointer;
  g_free(source->path);
  g_free(source->table);
  g_free(source);
}

static const char *text_at(const YamlNode *map, const char *key, GPtrArray *problems) {
  const YamlNode *node = yaml_get(map, key);
  if (node == NULL) return NULL;
  if (node->kind == YAML_SCALAR && *node->text != '\0') return node->text;
  yaml_problem_add(problems, FILE_NAME, node->line, node->column, "%s must be text", key);
  return NULL;
}

static void refuse_others(const YamlNode *map, const char *const *known, GPtrArray *problems) {
  for (guint i = 0; i < map->keys->len; i++) {
    const YamlNode *key = map->keys->pdata[i];
    if (!g_strv_contains(known, key->text))
      yaml_problem_add(problems, FILE_NAME, key->line, key->column, "there is no '%s' here; known are: %s", key->text,
                       known[0]);
  }
}

static RegistrySource *read_source(const YamlNode *node, GPtrArray *problems) {
  static const char *const known[] = {"path", "table", NULL};
  if (node->kind != YAML_MAP) {
    yaml_problem_add(problems, FILE_NAME, node->line, node->column, "a source is a map; write - path: /data/exports/*");
    return NULL;
  }
  refuse_others(node, known, problems);
  const char *path = text_at(node, "path", problems), *table = text_at(node, "table", problems);
  if (path == NULL ||
      (strstr(path, "://") != NULL && !object_url_is_remote(path) && !g_str_has_prefix(path, "file:///"))) {
    yaml_problem_add(problems, FILE_NAME, node->line, node->column,
                     "a source needs a path: a folder, or s3://bucket/prefix, with * where names differ");
    return NULL;
  }
  g_autofree char *slug = table != NULL ? text_slug(table) : NULL;
  if (table != NULL && strcmp(slug, table) != 0) {
    const YamlNode *place = yaml_get(node, "table");
    yaml_problem_add(problems, FILE_NAME, place->line, place->column,
                     "a table's name has small letters, digits and _ only; write %s", slug);
  }
  RegistrySource *source = g_new0(RegistrySource, 1);
  *source = (RegistrySource){g_strdup(path), g_strdup(table), node->line};
  return source;
}

GPtrArray *registry_read_sources(const char *bytes, gsize length, GPtrArray *problems) {
  static const char *const known[] = {"version", "sources", NULL};
  guint before = problems->len;
  g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func(source_free);
  g_autoptr(YamlNode) root = yaml_tree_parse(bytes, length, FILE_NAME, problems);
  const YamlNode *list = root != NULL ? yaml_get(root, "sources") : NULL,
                 *version = root != NULL ? yaml_get(root, "version") : NULL;
  if (root != NULL && root->kind == YAML_MAP) refuse_others(root, known, problems);
  if (version != NULL && (version->kind != YAML_SCALAR || strcmp(version->text, "1") != 0))
    yaml_problem_add(problems, FILE_NAME, version->line, version->column,
                     "this program reads only version 1 of the file");
  if (root != NULL && !yaml_is_null(list) && list->kind != YAML_LIST)
    yaml_problem_add(problems, FILE_NAME, list->line, list->column,
                     "sources must be a list; write - path: /data/exports/*");
  for (guint i = 0; root != NULL && !yaml_is_null(list) && list->kind == YAML_LIST && i < list->items->len; i++) {
    const YamlNode *item = list->items->pdata[i];
    if (i == REGISTRY_MAX_SOURCES) {
      yaml_problem_add(problems, FILE_NAME, item->line, item->column, "there are more than %d sources",
                       REGISTRY_MAX_SOURCES);
      break;
    }
    RegistrySource *source = read_source(item, problems);
    if (source != NULL) g_ptr_array_add(sources, source);
  }
  return problems->len == before ? g_steal_pointer(&sources) : NULL;
}

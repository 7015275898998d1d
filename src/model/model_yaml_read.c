/* Single values out of a model file, each with a message that says what to do. */
#include <math.h>
#include <string.h>

#include "model/model_yaml.h"
#include "model/validate.h"

#define MODEL_TEXT_MAX 20000

void model_reader_problem(ModelReader *reader, const YamlNode *node, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  yaml_problem_add(reader->problems, reader->file, node->line, node->column, "%s", text);
}

void model_reader_mark(ModelReader *reader, gconstpointer subject, const YamlNode *node) {
  YamlMark *mark = g_new(YamlMark, 1);
  *mark = (YamlMark){reader->file, node->line, node->column};
  g_hash_table_insert(reader->marks, (gpointer)subject, mark);
}

gboolean model_reader_expect(ModelReader *reader, const YamlNode *node, YamlKind kind, const char *what) {
  static const char *const shapes[] = {"a single value", "a list (\"- ...\" on each line)",
                                       "entries of the form \"name: value\""};
  if (node->kind == kind) return TRUE;
  model_reader_problem(reader, node, "%s is not %s; write it so", what, shapes[kind]);
  return FALSE;
}

void model_reader_check_keys(ModelReader *reader, const YamlNode *map, const char *const *known) {
  for (guint i = 0; map->kind == YAML_MAP && i < map->keys->len; i++) {
    const YamlNode *key = g_ptr_array_index(map->keys, i);
    if (g_strv_contains(known, key->text)) continue;
    const char *nearest = model_nearest(key->text, known);
    g_autofree char *all = g_strjoinv(", ", (char **)known);
    if (nearest != NULL)
      model_reader_problem(reader, key, "unknown key \"%.60s\"; did you mean \"%s\"?", key->text, nearest);
    else
      model_reader_problem(reader, key, "unknown key \"%.60s\"; remove it, or use one of: %s", key->text, all);
  }
}

static const YamlNode *get_scalar(ModelReader *reader, const YamlNode *map, const char *key) {
  const YamlNode *node = yaml_get(map, key);
  if (yaml_is_null(node) || !model_reader_expect(reader, node, YAML_SCALAR, key)) return NULL;
  if (strlen(node->text) <= MODEL_TEXT_MAX) return node;
  model_reader_problem(reader, node, "%s is longer than %d bytes; shorten it", key, MODEL_TEXT_MAX);
  return NULL;
}

void model_reader_text(ModelReader *reader, const YamlNode *map, const char *key, char **slot) {
  const YamlNode *node = get_scalar(reader, map, key);
  if (node == NULL) return;
  model_set_text(slot, node->text);
  model_reader_mark(reader, slot, node);
}

const char *model_reader_required(ModelReader *reader, const YamlNode *map, const char *key, const char *what) {
  const YamlNode *node = get_scalar(reader, map, key);
  if (node != NULL && *node->text != '\0') return node->text;
  if (node != NULL || yaml_is_null(yaml_get(map, key)))
    model_reader_problem(reader, map, "%s has no \"%s\"; add it", what, key);
  return NULL;
}

void model_reader_words(ModelReader *reader, const YamlNode *map, const char *key, char ***slot) {
  model_reader_words_of(reader, yaml_get(map, key), key, slot);
}

void model_reader_words_of(ModelReader *reader, const YamlNode *node, const char *key, char ***slot) {
  if (yaml_is_null(node)) return;
  if (node->kind == YAML_SCALAR) { /* one word needs no list */
    model_add_word(slot, node->text);
    model_reader_mark(reader, (*slot)[g_strv_length(*slot) - 1], node);
    return;
  }
  if (!model_reader_expect(reader, node, YAML_LIST, key)) return;
  for (guint i = 0; i < node->items->len; i++) {
    const YamlNode *item = g_ptr_array_index(node->items, i);
    if (!model_reader_expect(reader, item, YAML_SCALAR, "an entry of the list")) continue;
    if (yaml_is_null(item) || *item->text == '\0' || strlen(item->text) > MODEL_TEXT_MAX) {
      model_reader_problem(reader, item, "an entry of \"%s\" is empty or too long; write a word or remove it", key);
      continue;
    }
    guint before = g_strv_length(*slot);
    model_add_word(slot, item->text);
    if (g_strv_length(*slot) > before) model_reader_mark(reader, (*slot)[before], item);
  }
  model_reader_mark(reader, slot, node);
}

void model_reader_flag(ModelReader *reader, const YamlNode *map, const char *key, gboolean *slot) {
  const YamlNode *node = get_scalar(reader, map, key);
  if (node == NULL) return;
  if (g_ascii_strcasecmp(node->text, "true") == 0 || g_ascii_strcasecmp(node->text, "yes") == 0)
    *slot = TRUE;
  else if (g_ascii_strcasecmp(node->text, "false") == 0 || g_ascii_strcasecmp(node->text, "no") == 0)
    *slot = FALSE;
  else
    model_reader_problem(reader, node, "\"%.40s\" is neither true nor false; write one of them", node->text);
}

void model_reader_count(ModelReader *reader, const YamlNode *map, const char *key, gint64 *slot) {
  const YamlNode *node = get_scalar(reader, map, key);
  if (node == NULL) return;
  gint64 value;
  if (g_ascii_string_to_signed(node->text, 10, 0, G_MAXINT64, &value, NULL))
    *slot = value;
  else
    model_reader_problem(reader, node, "\"%.40s\" is no whole number; write digits only", node->text);
}

void model_reader_number(ModelReader *reader, const YamlNode *map, const char *key, double *slot) {
  const YamlNode *node = get_scalar(reader, map, key);
  if (node == NULL) return;
  char *end = NULL;
  double value = g_ascii_strtod(node->text, &end);
  if (end != node->text && *end == '\0' && isfinite(value))
    *slot = value;
  else
    model_reader_problem(reader, node, "\"%.40s\" is no number; write it like 0.9", node->text);
  model_reader_mark(reader, slot, node);
}

void model_reader_enum(ModelReader *reader, const YamlNode *map, const char *key, EnumParse parse, const char *choices,
                       guint *slot) {
  const YamlNode *node = get_scalar(reader, map, key);
  if (node == NULL || parse(node->text, slot)) return;
  g_auto(GStrv) names = g_strsplit(choices, ", ", -1);
  const char *nearest = model_nearest(node->text, (const char *const *)names);
  if (nearest != NULL)
    model_reader_problem(reader, node, "\"%.40s\" is no %s; did you mean \"%s\"?", node->text, key, nearest);
  else
    model_reader_problem(reader, node, "\"%.40s\" is no %s; use one of: %s", node->text, key, choices);
}

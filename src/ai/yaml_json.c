#include "ai/yaml_json.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#define MAX_DEPTH 32

typedef struct {
  yaml_document_t document;
  const char *name;
} Reader;

static json_t *fail(Reader *reader, const yaml_node_t *node, const char *what, GError **error) {
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL, "%s:%zu:%zu: %s", reader->name, node->start_mark.line + 1,
              node->start_mark.column + 1, what);
  return NULL;
}

static json_t *plain_scalar(const char *text) {
  if (*text == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0) return json_null();
  if (strcmp(text, "true") == 0) return json_true();
  if (strcmp(text, "false") == 0) return json_false();
  char *end;
  /* Digits with a leading zero are codes, not numbers. */
  gboolean code = text[0] == '0' && g_ascii_isdigit(text[1]);
  if (code || strspn(text, "+-.0123456789eE") != strlen(text)) return json_string(text);
  errno = 0;
  gint64 whole = g_ascii_strtoll(text, &end, 10);
  if (*end == '\0' && errno == 0) return json_integer(whole);
  double number = g_ascii_strtod(text, &end);
  return *end == '\0' ? json_real(number) : json_string(text);
}

static json_t *read_node(Reader *reader, int index, int depth, GError **error);

static json_t *read_mapping(Reader *reader, const yaml_node_t *node, int depth, GError **error) {
  g_autoptr(json_t) object = json_object();
  for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
    const yaml_node_t *key = yaml_document_get_node(&reader->document, pair->key);
    if (key->type != YAML_SCALAR_NODE) return fail(reader, key, "a name must be text", error);
    const char *name = (const char *)key->data.scalar.value;
    if (json_object_get(object, name) != NULL) return fail(reader, key, "this name stands twice", error);
    json_t *value = read_node(reader, pair->value, depth + 1, error);
    if (value == NULL) return NULL;
    json_object_set_new(object, name, value);
  }
  return g_steal_pointer(&object);
}

static json_t *read_node(Reader *reader, int index, int depth, GError **error) {
  const yaml_node_t *node = yaml_document_get_node(&reader->document, index);
  if (depth > MAX_DEPTH) return fail(reader, node, "nested too deep", error);
  if (node->type == YAML_MAPPING_NODE) return read_mapping(reader, node, depth, error);
  if (node->type == YAML_SCALAR_NODE) {
    const char *text = (const char *)node->data.scalar.value;
    if (!text_is_valid(text, node->data.scalar.length)) return fail(reader, node, "text must be UTF-8 without NUL", error);
    return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain_scalar(text) : json_string(text);
  }
  g_autoptr(json_t) list = json_array();
  for (const yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
    json_t *value = read_node(reader, *item, depth + 1, error);
    if (value == NULL) return NULL;
    json_array_append_new(list, value);
  }
  return g_steal_pointer(&list);
}

json_t *yaml_json_parse(const char *name, const char *text, gsize length, GError **error) {
  Reader reader = {.name = name};
  yaml_parser_t parser;
  if (length > YAML_JSON_MAX_BYTES || !yaml_parser_initialize(&parser)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "%s: the file is too large", name);
    return NULL;
  }
  yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
  json_t *result = NULL;
  /* The loader resolves an alias to the same node; a tree that meets itself ends at MAX_DEPTH. */
  if (!yaml_parser_load(&parser, &reader.document)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL, "%s:%zu:%zu: %s", name, parser.problem_mark.line + 1,
                parser.problem_mark.column + 1, parser.problem != NULL ? parser.problem : "cannot be read");
  } else {
    result = yaml_document_get_root_node(&reader.document) == NULL ? json_object() : read_node(&reader, 1, 0, error);
    yaml_document_delete(&reader.document);
  }
  yaml_parser_delete(&parser);
  return result;
}

json_t *yaml_json_file(const char *path, GError **error) {
  g_autofree char *text = NULL;
  gsize length;
  if (!g_file_get_contents(path, &text, &length, error)) return NULL;
  g_autofree char *name = g_path_get_basename(path);
  return yaml_json_parse(name, text, length, error);
}

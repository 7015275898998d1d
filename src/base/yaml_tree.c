#include "base/yaml_tree.h"

#include <string.h>
#include <yaml.h>

typedef struct {
  yaml_parser_t parser;
  const char *file;
  GPtrArray *problems;
  guint nodes;
  gboolean failed;
} TreeReader;

/* ---- problems ---- */

static void yaml_problem_free(gpointer pointer) {
  YamlProblem *problem = pointer;
  g_free(problem->text);
  g_free(problem);
}

GPtrArray *yaml_problems_new(void) {
  return g_ptr_array_new_with_free_func(yaml_problem_free);
}

void yaml_problem_add(GPtrArray *problems, const char *file, guint line, guint column, const char *format, ...) {
  YamlProblem *problem = g_new0(YamlProblem, 1);
  va_list arguments;
  va_start(arguments, format);
  problem->text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  problem->file = file;
  problem->line = line;
  problem->column = column;
  g_ptr_array_add(problems, problem);
}

static gint compare_problems(gconstpointer a, gconstpointer b) {
  const YamlProblem *first = *(YamlProblem *const *)a, *second = *(YamlProblem *const *)b;
  int by_file = g_strcmp0(second->file, first->file); /* core.yaml before aisle.yaml */
  if (by_file != 0) return by_file;
  if (first->line != second->line) return first->line < second->line ? -1 : 1;
  if (first->column != second->column) return first->column < second->column ? -1 : 1;
  return strcmp(first->text, second->text);
}

char *yaml_problems_to_text(GPtrArray *problems) {
  g_ptr_array_sort(problems, compare_problems);
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < problems->len; i++) {
    const YamlProblem *problem = g_ptr_array_index(problems, i);
    g_string_append_printf(text, "%s%s:%u:%u: %s", i > 0 ? "\n" : "", problem->file, problem->line, problem->column,
                           problem->text);
  }
  return g_string_free(text, FALSE);
}

/* ---- nodes ---- */

static void free_node(gpointer node) {
  yaml_node_free(node);
}

static YamlNode *node_new(YamlKind kind, const yaml_event_t *event) {
  YamlNode *node = g_new0(YamlNode, 1);
  node->kind = kind;
  node->line = (guint)event->start_mark.line + 1;
  node->column = (guint)event->start_mark.column + 1;
  node->end_line = (guint)event->end_mark.line + 1;
  node->end_column = (guint)event->end_mark.column + 1;
  if (kind != YAML_SCALAR) node->items = g_ptr_array_new_with_free_func(free_node);
  if (kind == YAML_MAP) node->keys = g_ptr_array_new_with_free_func(free_node);
  if (kind == YAML_MAP) node->index = g_hash_table_new(g_str_hash, g_str_equal);
  return node;
}

void yaml_node_free(YamlNode *node) {
  if (node == NULL) return;
  g_free(node->text);
  g_free(node->comment);
  g_free(node->trailing);
  g_clear_pointer(&node->index, g_hash_table_unref);
  g_clear_pointer(&node->keys, g_ptr_array_unref);
  g_clear_pointer(&node->items, g_ptr_array_unref);
  g_free(node);
}

static const YamlNode *find_entry(const YamlNode *map, const char *key, const GPtrArray *entries) {
  guint position = GPOINTER_TO_UINT(g_hash_table_lookup(map->index, key));
  return position > 0 && position <= entries->len ? g_ptr_array_index(entries, position - 1) : NULL;
}

const YamlNode *yaml_get(const YamlNode *map, const char *key) {
  return map != NULL && map->kind == YAML_MAP ? find_entry(map, key, map->items) : NULL;
}

const YamlNode *yaml_get_key(const YamlNode *map, const char *key) {
  return map != NULL && map->kind == YAML_MAP ? find_entry(map, key, map->keys) : NULL;
}

gboolean yaml_is_null(const YamlNode *node) {
  if (node == NULL) return TRUE;
  if (node->kind != YAML_SCALAR || !node->is_plain) return FALSE;
  return *node->text == '\0' || strcmp(node->text, "~") == 0 || g_ascii_strcasecmp(node->text, "null") == 0;
}

/* ---- events to nodes ---- */

static void fail_at(TreeReader *reader, yaml_mark_t mark, const char *what_and_what_to_do) {
  if (!reader->failed)
    yaml_problem_add(reader->problems, reader->file, (guint)mark.line + 1, (guint)mark.column + 1, "%s",
                     what_and_what_to_do);
  reader->failed = TRUE;
}

static void report_syntax(TreeReader *reader) {
  const yaml_parser_t *parser = &reader->parser;
  const char *problem = parser->problem != NULL ? parser->problem : "it cannot be read";
  if (reader->failed) return;
  reader->failed = TRUE;
  yaml_problem_add(reader->problems, reader->file, (guint)parser->problem_mark.line + 1,
                   (guint)parser->problem_mark.column + 1,
                   "this is not YAML: %s%s%s; check indentation, quotes and colons near here", problem,
                   parser->context != NULL ? " " : "", parser->context != NULL ? parser->context : "");
}

static gboolean next_event(TreeReader *reader, yaml_event_t *event) {
  if (reader->failed) return FALSE;
  if (yaml_parser_parse(&reader->parser, event)) return TRUE;
  report_syntax(reader);
  return FALSE;
}

static const yaml_char_t *event_tag(const yaml_event_t *event) {
  switch (event->type) {
  case YAML_SCALAR_EVENT: return event->data.scalar.tag;
  case YAML_SEQUENCE_START_EVENT: return event->data.sequence_start.tag;
  case YAML_MAPPING_START_EVENT: return event->data.mapping_start.tag;
  default: return NULL;
  }
}

static YamlNode *read_node(TreeReader *reader, yaml_event_t *event, guint depth);

static void read_list(TreeReader *reader, YamlNode *list, guint depth) {
  yaml_event_t event;
  while (next_event(reader, &event)) {
    if (event.type == YAML_SEQUENCE_END_EVENT) {
      list->end_line = (guint)event.end_mark.line + 1;
      list->end_column = (guint)event.end_mark.column + 1;
      yaml_event_delete(&event);
      return;
    }
    YamlNode *item = read_node(reader, &event, depth + 1);
    if (item == NULL) return;
    g_ptr_array_add(list->items, item);
  }
}

static gboolean read_key(TreeReader *reader, YamlNode *map, yaml_event_t *event) {
  yaml_mark_t mark = event->start_mark;
  if (event->type != YAML_SCALAR_EVENT) {
    yaml_event_delete(event);
    fail_at(reader, mark, "a key must be a plain word; write \"name: value\"");
    return FALSE;
  }
  YamlNode *key = read_node(reader, event, 0);
  if (key == NULL) return FALSE;
  if (!g_hash_table_contains(map->index, key->text))
    g_hash_table_insert(map->index, key->text, GUINT_TO_POINTER(map->keys->len + 1));
  else
    yaml_problem_add(reader->problems, reader->file, key->line, key->column,
                     "\"%.60s\" stands here twice; remove or rename one", key->text);
  g_ptr_array_add(map->keys, key);
  return TRUE;
}

static void read_map(TreeReader *reader, YamlNode *map, guint depth) {
  yaml_event_t event;
  while (next_event(reader, &event)) {
    if (event.type == YAML_MAPPING_END_EVENT) {
      map->end_line = (guint)event.end_mark.line + 1;
      map->end_column = (guint)event.end_mark.column + 1;
      yaml_event_delete(&event);
      return;
    }
    if (!read_key(reader, map, &event) || !next_event(reader, &event)) break;
    YamlNode *item = read_node(reader, &event, depth + 1);
    if (item == NULL) break;
    g_ptr_array_add(map->items, item);
  }
  reader->failed = TRUE; /* broken off: the tree is given up */
}

static YamlNode *read_scalar(TreeReader *reader, const yaml_event_t *event) {
  const char *text = (const char *)event->data.scalar.value;
  gsize length = event->data.scalar.length;
  if (memchr(text, '\0', length) != NULL) {
    fail_at(reader, event->start_mark, "a text holds a zero byte; remove it");
    return NULL;
  }
  YamlNode *node = node_new(YAML_SCALAR, event);
  node->text = g_strndup(text, length);
  node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
  return node;
}

/* Consumes the event. NULL after a failure. */
static YamlNode *read_node(TreeReader *reader, yaml_event_t *event, guint depth) {
  YamlNode *node = NULL;
  if (event->type == YAML_ALIAS_EVENT)
    fail_at(reader, event->start_mark, "aliases (*name) are not supported; write the text out");
  else if (event_tag(event) != NULL)
    fail_at(reader, event->start_mark, "tags (!name) are not supported; remove it");
  else if (depth > YAML_MAX_DEPTH)
    fail_at(reader, event->start_mark, "it is nested too deeply; such a file needs few levels");
  else if (++reader->nodes > YAML_MAX_NODES)
    fail_at(reader, event->start_mark, "the file has too many entries; split it");
  else if (event->type == YAML_SCALAR_EVENT)
    node = read_scalar(reader, event);
  else if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT)
    node = node_new(event->type == YAML_MAPPING_START_EVENT ? YAML_MAP : YAML_LIST, event);
  else
    fail_at(reader, event->start_mark, "there is nothing here; write an entry");
  yaml_event_delete(event);
  if (node != NULL && node->kind == YAML_MAP) read_map(reader, node, depth);
  if (node != NULL && node->kind == YAML_LIST) read_list(reader, node, depth);
  if (reader->failed) g_clear_pointer(&node, yaml_node_free);
  return node;
}

static YamlNode *read_document(TreeReader *reader) {
  g_autoptr(YamlNode) root = NULL;
  yaml_event_t event;
  while (next_event(reader, &event)) {
    yaml_event_type_t type = event.type;
    yaml_mark_t mark = event.start_mark;
    gboolean is_content = type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT &&
                          type != YAML_DOCUMENT_END_EVENT && type != YAML_STREAM_END_EVENT;
    if (type == YAML_DOCUMENT_START_EVENT && root != NULL)
      fail_at(reader, mark, "a second document begins here; keep one document per file");
    if (is_content && root == NULL)
      root = read_node(reader, &event, 0);
    else
      yaml_event_delete(&event);
    if (type == YAML_STREAM_END_EVENT) break;
  }
  return reader->failed ? NULL : g_steal_pointer(&root);
}

/* ---- comments ---- */

static const char *skip_blanks(const char *line) {
  while (*line == ' ' || *line == '\t') line++;
  return line;
}

/* The block of full-line comments that ends on the line before `line` (1-based). */
static char *comment_above(char **lines, guint line_count, guint line) {
  guint first = line - 1; /* index of the node's own line */
  while (first > 0 && first <= line_count && *skip_blanks(lines[first - 1]) == '#') first--;
  if (first == line - 1) return NULL;
  GString *comment = g_string_new(NULL);
  for (guint i = first; i < line - 1; i++) g_string_append_printf(comment, "%s\n", skip_blanks(lines[i]));
  return g_string_free(comment, FALSE);
}

static char *comment_behind(char **lines, guint line_count, guint line, guint column) {
  if (line == 0 || line > line_count) return NULL;
  const char *text = lines[line - 1];
  if (g_utf8_strlen(text, -1) < (glong)column) return NULL;
  const char *rest = g_utf8_offset_to_pointer(text, (glong)column - 1);
  const char *hash = skip_blanks(rest);
  return *hash == '#' && hash > rest ? g_strdup(hash) : NULL;
}

static gboolean is_one_line(const YamlNode *node) {
  return node->line == node->end_line && (node->kind == YAML_SCALAR || node->items->len > 0);
}

static void attach_comments(YamlNode *node, gboolean is_item, char **lines, guint line_count) {
  for (guint i = 0; node->items != NULL && i < node->items->len; i++) {
    YamlNode *item = g_ptr_array_index(node->items, i);
    YamlNode *place = node->kind == YAML_MAP ? g_ptr_array_index(node->keys, i) : item;
    /* The first key of a map in a list stands on the line of its "-": the comment belongs to the item. */
    gboolean is_shared_line = is_item && node->kind == YAML_MAP && i == 0;
    if (!is_shared_line) place->comment = comment_above(lines, line_count, place->line);
    if (is_one_line(item))
      item->trailing = comment_behind(lines, line_count, item->end_line, item->end_column);
    else if (node->kind == YAML_MAP)
      place->trailing = comment_behind(lines, line_count, place->end_line, place->end_column + 1);
    attach_comments(item, node->kind == YAML_LIST, lines, line_count);
  }
}

YamlNode *yaml_tree_parse(const char *bytes, gsize length, const char *file, GPtrArray *problems) {
  if (length > YAML_MAX_BYTES) {
    yaml_problem_add(problems, file, 1, 1, "the file is larger than %u MB; such a file is small", YAML_MAX_BYTES >> 20);
    return NULL;
  }
  if (!text_is_valid(bytes, length)) {
    yaml_problem_add(problems, file, 1, 1, "the file is not UTF-8 text; save it as UTF-8");
    return NULL;
  }
  if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) { /* editors on Windows put a byte order mark in front */
    bytes += 3;
    length -= 3;
  }
  TreeReader reader = {.file = file, .problems = problems};
  if (!yaml_parser_initialize(&reader.parser)) g_error("out of memory");
  yaml_parser_set_input_string(&reader.parser, (const unsigned char *)bytes, length);
  yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
  YamlNode *root = read_document(&reader);
  yaml_parser_delete(&reader.parser);
  if (root == NULL) {
    if (!reader.failed) yaml_problem_add(problems, file, 1, 1, "the file is empty; write something or remove the file");
    return NULL;
  }
  g_autofree char *text = g_strndup(bytes, length);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) g_strchomp(lines[i]);
  attach_comments(root, FALSE, lines, g_strv_length(lines));
  return root;
}

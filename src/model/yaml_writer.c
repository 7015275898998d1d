#include "model/yaml_writer.h"

#include <string.h>

/* ---- scalars ---- */

static gboolean means_something_else(const char *text) {
  static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
  for (guint i = 0; i < G_N_ELEMENTS(words); i++)
    if (g_ascii_strcasecmp(words[i], text) == 0) return TRUE;
  return FALSE;
}

static gboolean is_plain_char(gunichar c) {
  if (c < 0x80) return c >= 0x20 && c < 0x7f && strchr(",[]{}:#&!|>%@`\"\\", (int)c) == NULL;
  return g_unichar_isprint(c) && c != 0xfeff && c != 0x2028 && c != 0x2029;
}

static gboolean can_be_plain(const char *text) {
  gunichar first = g_utf8_get_char(text);
  if (!g_unichar_isalpha(first) && first != '_' && first != '(') return FALSE;
  if (means_something_else(text) || g_str_has_suffix(text, " ")) return FALSE;
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at))
    if (!is_plain_char(g_utf8_get_char(at))) return FALSE;
  return TRUE;
}

static void append_quoted(GString *out, const char *text) {
  g_string_append_c(out, '"');
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
    gunichar c = g_utf8_get_char(at);
    if (c == '"' || c == '\\')
      g_string_append_printf(out, "\\%c", (char)c);
    else if (c == '\n')
      g_string_append(out, "\\n");
    else if (c == '\t')
      g_string_append(out, "\\t");
    else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
             (c >= 0xfdd0 && c < 0x10000 && !g_unichar_isprint(c)))
      g_string_append_printf(out, "\\u%04X", c);
    else
      g_string_append_unichar(out, c);
  }
  g_string_append_c(out, '"');
}

void yaml_append_scalar(GString *out, const char *text) {
  if (*text != '\0' && can_be_plain(text))
    g_string_append(out, text);
  else
    append_quoted(out, text);
}

void yaml_append_flow_words(GString *out, char **words) {
  g_string_append_c(out, '[');
  for (guint i = 0; words[i] != NULL; i++) {
    if (i > 0) g_string_append(out, ", ");
    yaml_append_scalar(out, words[i]);
  }
  g_string_append_c(out, ']');
}

/* ---- lines ---- */

static void append_spaces(YamlWriter *writer, guint count) {
  for (guint i = 0; i < count; i++) g_string_append_c(writer->out, ' ');
}

static void start_line(YamlWriter *writer) {
  append_spaces(writer, writer->dash_pending ? writer->indent - 2 : writer->indent);
  if (writer->dash_pending) g_string_append(writer->out, "- ");
  writer->dash_pending = FALSE;
}

void yaml_write_comment(YamlWriter *writer, const char *text) {
  if (text == NULL || *text == '\0') return;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_strstrip(lines[i]);
    if (*lines[i] == '\0') continue;
    append_spaces(writer, writer->dash_pending ? writer->indent - 2 : writer->indent);
    g_string_append_printf(writer->out, "%s%s\n", *lines[i] == '#' ? "" : "# ", lines[i]);
  }
}

static void start_key(YamlWriter *writer, const YamlNode *old, const char *key, const char *comment) {
  const YamlNode *old_key = yaml_get_key(old, key);
  yaml_write_comment(writer, old_key != NULL && old_key->comment != NULL ? old_key->comment : comment);
  start_line(writer);
  yaml_append_scalar(writer->out, key);
  g_string_append_c(writer->out, ':');
}

static void end_line(YamlWriter *writer, const char *trailing) {
  if (trailing != NULL) g_string_append_printf(writer->out, "  %s", trailing);
  g_string_append_c(writer->out, '\n');
}

static void end_value(YamlWriter *writer, const YamlNode *old, const char *key) {
  const YamlNode *value = yaml_get(old, key);
  end_line(writer, value != NULL ? value->trailing : NULL);
}

void yaml_write_raw(YamlWriter *writer, const YamlNode *old, const char *key, const char *yaml) {
  start_key(writer, old, key, NULL);
  g_string_append_printf(writer->out, " %s", yaml);
  end_value(writer, old, key);
}

void yaml_write_text(YamlWriter *writer, const YamlNode *old, const char *key, const char *value) {
  if (value == NULL) return;
  g_autoptr(GString) scalar = g_string_new(NULL);
  yaml_append_scalar(scalar, value);
  yaml_write_raw(writer, old, key, scalar->str);
}

void yaml_write_words(YamlWriter *writer, const YamlNode *old, const char *key, char **words) {
  if (words == NULL || words[0] == NULL) return;
  g_autoptr(GString) list = g_string_new(NULL);
  yaml_append_flow_words(list, words);
  yaml_write_raw(writer, old, key, list->str);
}

void yaml_write_flag(YamlWriter *writer, const YamlNode *old, const char *key, gboolean value) {
  yaml_write_raw(writer, old, key, value ? "true" : "false");
}

void yaml_write_count(YamlWriter *writer, const YamlNode *old, const char *key, gint64 value) {
  g_autofree char *digits = g_strdup_printf("%" G_GINT64_FORMAT, value);
  yaml_write_raw(writer, old, key, digits);
}

void yaml_begin(YamlWriter *writer, const YamlNode *old, const char *key, const char *comment) {
  start_key(writer, old, key, comment);
  const YamlNode *old_key = yaml_get_key(old, key);
  end_line(writer, old_key != NULL ? old_key->trailing : NULL);
  writer->indent += 2;
}

void yaml_end(YamlWriter *writer) {
  writer->indent -= 2;
}

void yaml_begin_item(YamlWriter *writer, const YamlNode *old_item, const char *comment) {
  yaml_write_comment(writer, old_item != NULL && old_item->comment != NULL ? old_item->comment : comment);
  writer->indent += 2;
  writer->dash_pending = TRUE;
}

void yaml_end_item(YamlWriter *writer) {
  writer->dash_pending = FALSE;
  writer->indent -= 2;
}

/* ---- what others wrote ---- */

static void append_old_scalar(YamlWriter *writer, const YamlNode *node) {
  /* A plain 0.2 or true must not become a text, a quoted one must not become a number. */
  gboolean stays_plain = node->is_plain && *node->text != '\0' && strchr(node->text, '\n') == NULL;
  for (const char *at = node->text; stays_plain && *at != '\0'; at = g_utf8_next_char(at))
    stays_plain = is_plain_char(g_utf8_get_char(at));
  if (stays_plain)
    g_string_append(writer->out, node->text);
  else if (*node->text != '\0' || !node->is_plain)
    append_quoted(writer->out, node->text);
}

static void write_old_value(YamlWriter *writer, const YamlNode *node);

static void write_old_list(YamlWriter *writer, const YamlNode *list) {
  for (guint i = 0; i < list->items->len; i++) {
    const YamlNode *item = g_ptr_array_index(list->items, i);
    if (item->kind == YAML_MAP && item->items->len > 0) {
      yaml_begin_item(writer, item, NULL);
      yaml_write_foreign(writer, item, (const char *const[]){NULL});
      yaml_end_item(writer);
      continue;
    }
    yaml_write_comment(writer, item->comment);
    start_line(writer);
    g_string_append_c(writer->out, '-');
    write_old_value(writer, item);
  }
}

/* Everything behind "key:" or "-", with the end of the line. */
static void write_old_value(YamlWriter *writer, const YamlNode *node) {
  if (node->kind == YAML_SCALAR || node->items->len == 0) {
    g_string_append_c(writer->out, ' ');
    if (node->kind == YAML_SCALAR)
      append_old_scalar(writer, node);
    else
      g_string_append(writer->out, node->kind == YAML_MAP ? "{}" : "[]");
    end_line(writer, node->trailing);
    return;
  }
  end_line(writer, NULL);
  writer->indent += 2;
  if (node->kind == YAML_MAP)
    yaml_write_foreign(writer, node, (const char *const[]){NULL});
  else
    write_old_list(writer, node);
  writer->indent -= 2;
}

void yaml_write_foreign(YamlWriter *writer, const YamlNode *old, const char *const *known) {
  for (guint i = 0; old != NULL && old->kind == YAML_MAP && i < old->items->len; i++) {
    const YamlNode *key = g_ptr_array_index(old->keys, i);
    if (g_strv_contains(known, key->text)) continue;
    start_key(writer, old, key->text, NULL);
    write_old_value(writer, g_ptr_array_index(old->items, i));
  }
}

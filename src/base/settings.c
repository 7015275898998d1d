#include "base/settings.h"

#include <errno.h>
#include <string.h>

#include "base/base.h"
#include "base/yaml_tree.h"

#define FILE_NAME "aisle.yaml"
#define BY_FLAG "flag" /* the origin of a value from the command line */

typedef struct {
  const char *name;
  SettingType type;
  const char *fallback, *meaning;
} SettingInfo;

static const SettingInfo TABLE[] = {
#define X(symbol, name, type, fallback, meaning) {name, SETTING_TYPE_##type, fallback, meaning},
    SETTINGS_TABLE(X)
#undef X
};

typedef struct {
  char *text, *origin;
  gint64 number;
} SettingValue;

struct Settings {
  SettingValue values[SETTING_COUNT];
};

/* Digits with an optional decimal part and a unit of the list; the result in the list's smallest unit. */
typedef struct {
  const char *suffix;
  double factor;
} Unit;

static gboolean parse_with_units(const char *text, const Unit *units, guint n_units, gint64 *out) {
  char *end;
  if (!g_ascii_isdigit(text[0])) return FALSE;
  double number = g_ascii_strtod(text, &end);
  while (*end == ' ') end++;
  for (guint i = 0; i < n_units; i++) {
    if (g_ascii_strcasecmp(end, units[i].suffix) != 0) continue;
    double value = number * units[i].factor;
    if (value >= 9e18) return FALSE;
    *out = (gint64)value;
    return TRUE;
  }
  return *end == '\0' && number == 0 ? (*out = 0, TRUE) : FALSE;
}

gboolean duration_parse(const char *text, gint64 *milliseconds) {
  static const Unit UNITS[] = {{"ms", 1},        {"s", 1000},      {"sec", 1000},      {"min", 60e3},    {"m", 60e3},
                               {"h", 3600e3},    {"d", 86400e3},   {"day", 86400e3},   {"days", 86400e3}, {"w", 7 * 86400e3}};
  return parse_with_units(text, UNITS, G_N_ELEMENTS(UNITS), milliseconds);
}

gboolean schedule_parse(const char *text, gint64 *milliseconds) {
  static const struct {
    const char *word;
    gint64 hours;
  } words[] = {{"hourly", 1}, {"daily", 24}, {"weekly", 168}};
  for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
    if (strcmp(text, words[i].word) != 0) continue;
    *milliseconds = words[i].hours * 3600000;
    return TRUE;
  }
  return duration_parse(text, milliseconds);
}

gboolean bytes_parse(const char *text, gint64 *bytes) {
  static const Unit UNITS[] = {{"", 1},          {"B", 1},        {"KB", 1e3},       {"MB", 1e6},          {"GB", 1e9},       {"TB", 1e12},
                               {"KiB", 1024.0},  {"MiB", 1048576.0}, {"GiB", 1073741824.0}, {"TiB", 1099511627776.0}};
  return parse_with_units(text, UNITS, G_N_ELEMENTS(UNITS), bytes);
}

static const char *const EXPECTED[] = {"text", "a whole number", "a size such as 4GB", "a time such as 30s, 5min or 7d",
                                       "true or false"};

static gboolean parse_number(SettingType type, const char *text, gint64 *number) {
  char *end;
  switch (type) {
    case SETTING_TYPE_TEXT: *number = 0; return TRUE;
    case SETTING_TYPE_INTEGER:
      errno = 0;
      *number = g_ascii_strtoll(text, &end, 10);
      return end != text && *end == '\0' && errno == 0;
    case SETTING_TYPE_BYTES: return bytes_parse(text, number);
    case SETTING_TYPE_DURATION: return duration_parse(text, number);
    case SETTING_TYPE_BOOLEAN:
      *number = g_ascii_strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0;
      return *number || g_ascii_strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0;
  }
  return FALSE;
}

/* Takes `origin`. */
static gboolean set_value(Settings *settings, Setting setting, const char *text, char *origin, GError **error) {
  gint64 number;
  if (!g_utf8_validate(text, -1, NULL) || !parse_number(TABLE[setting].type, text, &number)) {
    /* A flag is before the eyes of who typed it; a file or a variable is not. */
    gboolean typed = strcmp(origin, BY_FLAG) == 0;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "%s%sthe setting %s must be %s, not '%.80s'", typed ? "" : origin,
                typed ? "" : ": ", TABLE[setting].name, EXPECTED[TABLE[setting].type], text);
    g_free(origin);
    return FALSE;
  }
  SettingValue *value = &settings->values[setting];
  g_free(value->text);
  g_free(value->origin);
  *value = (SettingValue){g_strdup(text), origin, number};
  return TRUE;
}

static gboolean find_setting(const char *name, Setting *out) {
  for (guint i = 0; i < SETTING_COUNT; i++)
    if (strcmp(TABLE[i].name, name) == 0) {
      *out = (Setting)i;
      return TRUE;
    }
  return FALSE;
}

static gboolean has_settings_below(const char *name) {
  g_autofree char *prefix = g_strconcat(name, ".", NULL);
  for (guint i = 0; i < SETTING_COUNT; i++)
    if (g_str_has_prefix(TABLE[i].name, prefix)) return TRUE;
  return FALSE;
}

typedef struct {
  Settings *settings;
  const char *profile; /* whose section is being read; NULL: the file itself */
} FileReader;

G_GNUC_PRINTF(3, 4)
static gboolean file_error(const YamlNode *node, GError **error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, FILE_NAME ":%u:%u: %s", node->line, node->column, text);
  return FALSE;
}

static gboolean read_scalar(FileReader *reader, const char *name, const YamlNode *key, const YamlNode *value, GError **error) {
  Setting setting;
  if (!find_setting(name, &setting))
    return file_error(key, error, "there is no setting '%s'; `aisle settings` lists those there are", name);
  if (value->kind != YAML_SCALAR) return file_error(value, error, "the setting %s takes one value", name);
  char *origin = reader->profile == NULL ? g_strdup_printf(FILE_NAME ":%u", value->line)
                                         : g_strdup_printf(FILE_NAME ":%u (profile %s)", value->line, reader->profile);
  return set_value(reader->settings, setting, value->text, origin, error);
}

static gboolean read_map(FileReader *reader, const YamlNode *map, const char *prefix, GError **error) {
  for (guint i = 0; i < map->keys->len; i++) {
    const YamlNode *key = map->keys->pdata[i], *value = map->items->pdata[i];
    /* These two are no settings: the version of the file, and what profiles change. */
    if (prefix == NULL && (strcmp(key->text, "version") == 0 || strcmp(key->text, "profiles") == 0)) continue;
    g_autofree char *name = prefix == NULL ? g_strdup(key->text) : g_strconcat(prefix, ".", key->text, NULL);
    if (value->kind == YAML_MAP && has_settings_below(name)) {
      if (!read_map(reader, value, name, error)) return FALSE;
    } else if (!read_scalar(reader, name, key, value, error)) {
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean read_profile(FileReader *reader, const YamlNode *root, const char *profile, GError **error) {
  const YamlNode *section = yaml_get(yaml_get(root, "profiles"), profile);
  if (section == NULL) {
    static const char *const USUAL[] = {"dev", "staging", "prod"};
    for (guint i = 0; i < G_N_ELEMENTS(USUAL); i++)
      if (strcmp(profile, USUAL[i]) == 0) return TRUE;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, FILE_NAME " has no profile '%s' in its section 'profiles'", profile);
    return FALSE;
  }
  reader->profile = profile;
  if (section->kind == YAML_MAP) return read_map(reader, section, NULL, error);
  return yaml_is_null(section) || file_error(section, error, "profile %s must hold settings", profile);
}

static gboolean read_root(Settings *settings, const YamlNode *root, const char *profile, GError **error) {
  FileReader reader = {settings, NULL};
  if (yaml_is_null(root)) return TRUE;
  if (root->kind != YAML_MAP) return file_error(root, error, "the file must be a list of names and values");
  const YamlNode *version = yaml_get(root, "version");
  if (version != NULL && g_strcmp0(version->text, "1") != 0)
    return file_error(version, error, "the workspace is of version %s, and this program knows version 1; use the program that made it, or a newer one",
                      version->text != NULL ? version->text : "?");
  if (!read_map(&reader, root, NULL, error)) return FALSE;
  if (profile == NULL) profile = g_getenv("AISLE_PROFILE");
  if (profile == NULL) profile = settings->values[SETTING_PROFILE].text;
  return *profile == '\0' || read_profile(&reader, root, profile, error);
}

static gboolean is_only_comments(const char *text) {
  for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
    while (g_ascii_isspace(*line)) line++;
    if (*line != '#' && *line != '\0') return FALSE;
  }
  return TRUE;
}

static gboolean read_file(Settings *settings, const char *workspace, const char *profile, GError **error) {
  g_autofree char *path = g_build_filename(workspace, FILE_NAME, NULL);
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr(GError) missing = NULL;
  if (!g_file_get_contents(path, &text, &length, &missing)) {
    if (g_error_matches(missing, G_FILE_ERROR, G_FILE_ERROR_NOENT)) return TRUE;
    g_propagate_error(error, g_steal_pointer(&missing));
    return FALSE;
  }
  if (strlen(text) == length && is_only_comments(text)) return TRUE;
  g_autoptr(GPtrArray) problems = yaml_problems_new();
  g_autoptr(YamlNode) root = yaml_tree_parse(text, length, FILE_NAME, problems);
  if (problems->len == 0) return read_root(settings, root, profile, error);
  g_autofree char *told = yaml_problems_to_text(problems);
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, told);
  return FALSE;
}

/* "server.listen" -> "AISLE_SERVER_LISTEN". (transfer full) */
static char *environment_name(const char *name) {
  g_autofree char *upper = g_ascii_strup(name, -1);
  g_strdelimit(upper, ".", '_');
  return g_strconcat("AISLE_", upper, NULL);
}

static gboolean read_environment(Settings *settings, GError **error) {
  for (guint i = 0; i < SETTING_COUNT; i++) {
    g_autofree char *name = environment_name(TABLE[i].name);
    const char *text = g_getenv(name);
    if (text != NULL && !set_value(settings, (Setting)i, text, g_steal_pointer(&name), error)) return FALSE;
  }
  return TRUE;
}

Settings *settings_load(const char *workspace, const char *profile, GError **error) {
  g_autoptr(Settings) settings = g_new0(Settings, 1);
  for (guint i = 0; i < SETTING_COUNT; i++)
    if (!set_value(settings, (Setting)i, TABLE[i].fallback, g_strdup("default"), error)) return NULL;
  if (workspace != NULL && !read_file(settings, workspace, profile, error)) return NULL;
  if (!read_environment(settings, error)) return NULL;
  if (profile != NULL && !settings_set_flag(settings, SETTING_PROFILE, profile, error)) return NULL;
  return g_steal_pointer(&settings);
}

void settings_free(Settings *settings) {
  if (settings == NULL) return;
  for (guint i = 0; i < SETTING_COUNT; i++) {
    g_free(settings->values[i].text);
    g_free(settings->values[i].origin);
  }
  g_free(settings);
}

gboolean settings_set_flag(Settings *settings, Setting setting, const char *text, GError **error) {
  return set_value(settings, setting, text, g_strdup(BY_FLAG), error);
}

const char *settings_text(const Settings *settings, Setting setting) { return settings->values[setting].text; }
gint64 settings_integer(const Settings *settings, Setting setting) { return settings->values[setting].number; }
gboolean settings_boolean(const Settings *settings, Setting setting) { return settings->values[setting].number != 0; }
const char *settings_origin(const Settings *settings, Setting setting) { return settings->values[setting].origin; }

json_t *settings_to_json(const Settings *settings) {
  json_t *list = json_array();
  for (guint i = 0; i < SETTING_COUNT; i++)
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "name", TABLE[i].name, "value", settings->values[i].text,
                                          "origin", settings->values[i].origin, "meaning", TABLE[i].meaning));
  return list;
}

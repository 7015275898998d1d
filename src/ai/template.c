#include "ai/template.h"

#include <string.h>
#include <sys/stat.h>

#include "ai/config_read.h"
#include "ai/yaml_json.h"
#include "base/embedded.h"

/* Templates that travel inside the program end like this. */
#define INSIDE ".prompt.yaml"

struct AiTemplates {
  gint refs;
  char *folder;
  gint64 stamp;
  GPtrArray *all; /* of AiTemplate*, by id, then version */
};

static void template_free(gpointer data) {
  AiTemplate *template = data;
  g_free(template->id);
  g_free(template->version);
  g_free(template->model);
  g_free(template->system);
  g_free(template->instructions);
  json_t *const values[] = {template->input, template->output, template->blocks, template->definitions, template->tests};
  for (guint i = 0; i < G_N_ELEMENTS(values); i++) json_decref(values[i]);
  g_free(template);
}

/* Words that cost tokens and say nothing; lines and blanks that do the same. (transfer full) */
static char *without_filler(const char *text) {
  if (text == NULL) return g_strdup("");
  static const char FILLER[] = "\\b(?:please|kindly|basically|actually|simply|really|very|just|of course|make sure to|be sure to|in order(?= to\\b))\\s+";
  g_autoptr(GRegex) words = g_regex_new(FILLER, G_REGEX_CASELESS, 0, NULL);
  g_autoptr(GRegex) blanks = g_regex_new("[ \\t]+", 0, 0, NULL);
  g_autofree char *fewer = g_regex_replace_literal(words, text, -1, 0, "", 0, NULL);
  char *out = g_regex_replace_literal(blanks, fewer, -1, 0, " ", 0, NULL);
  return g_strstrip(out);
}

static gboolean read_version(GPtrArray *all, const char *id, const char *version, const ConfigPart *part, const json_t *tests, GError **error) {
  static const char *const TIERS[] = {"auto", "simple", "moderate", "complex"};
  if (!config_names(part, "model tier system instructions input output data definitions max_tokens temperature check_facts", error)) return FALSE;
  AiTemplate *template = g_new0(AiTemplate, 1);
  g_ptr_array_add(all, template);
  template->id = g_strdup(id);
  template->version = g_strdup(version);
  template->temperature = -1;
  template->system = without_filler(json_get_string(part->object, "system"));
  template->instructions = without_filler(json_get_string(part->object, "instructions"));
  template->tests = json_incref((json_t *)tests);
  g_autofree char *tier = g_strdup("auto");
  if (!config_text(part, "model", &template->model, error) || !config_text(part, "tier", &tier, error) ||
      !config_int(part, "max_tokens", 1, 1 << 20, &template->max_tokens, error) ||
      !config_number(part, "temperature", 0, 2, &template->temperature, error) ||
      !config_bool(part, "check_facts", &template->check_facts, error))
    return FALSE;
  int found = -1;
  for (int i = 0; i < (int)G_N_ELEMENTS(TIERS); i++)
    if (strcmp(TIERS[i], tier) == 0) found = i;
  if (found < 0) return config_fail(part, error, "tier must be simple, moderate or complex");
  template->tier = (AiComplexity)found;
  template->input = json_incref(json_object_get(part->object, "input"));
  template->output = json_incref(json_object_get(part->object, "output"));
  template->blocks = json_incref(json_object_get(part->object, "data"));
  template->definitions = json_incref(json_object_get(part->object, "definitions"));
  if (template->model == NULL || *template->instructions == '\0') return config_fail(part, error, "a version needs a model and instructions");
  return template->input != NULL && json_is_array(template->blocks) ? TRUE : config_fail(part, error, "a version needs an input schema and a list of data");
}

static gboolean read_file(GPtrArray *all, const char *name, const char *text, gsize length, GError **error) {
  g_autoptr(json_t) json = yaml_json_parse(name, text, length, error);
  if (json == NULL) return FALSE;
  ConfigPart whole = {json, name, "the file"};
  if (!config_names(&whole, "id description versions tests", error)) return FALSE;
  const char *id = json_get_string(json, "id"), *version;
  json_t *versions = json_object_get(json, "versions"), *item;
  if (id == NULL || !json_is_object(versions)) return config_fail(&whole, error, "a template needs an id and versions");
  for (guint i = all->len; i > 0; i--) { /* a file in the folder takes the place of the one inside the program */
    const AiTemplate *known = g_ptr_array_index(all, i - 1);
    if (strcmp(known->id, id) == 0) g_ptr_array_remove_index(all, i - 1);
  }
  json_object_foreach(versions, version, item) {
    g_autofree char *place = g_strdup_printf("versions.%s", version);
    ConfigPart part = {item, name, place};
    if (!read_version(all, id, version, &part, json_object_get(json, "tests"), error)) return FALSE;
  }
  return TRUE;
}

/* Versions count: 10 is newer than 9. */
static int compare_templates(gconstpointer a, gconstpointer b) {
  const AiTemplate *x = *(const AiTemplate *const *)a, *y = *(const AiTemplate *const *)b;
  int order = strcmp(x->id, y->id), left = text_leading_number(x->version), right = text_leading_number(y->version);
  return order != 0 ? order : left != right ? left - right : strcmp(x->version, y->version);
}

static gint64 stamp_of(const char *folder) {
  GDir *dir = folder != NULL ? g_dir_open(folder, 0, NULL) : NULL;
  const char *name;
  gint64 sum = 0;
  while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if (g_str_has_suffix(name, ".yaml")) sum += ai_config_stamp(path);
  }
  if (dir != NULL) g_dir_close(dir);
  return sum;
}

static gboolean read_folder(AiTemplates *templates, GError **error) {
  GDir *dir = templates->folder != NULL ? g_dir_open(templates->folder, 0, NULL) : NULL;
  const char *name;
  gboolean read = TRUE;
  while (dir != NULL && read && (name = g_dir_read_name(dir)) != NULL) {
    if (!g_str_has_suffix(name, ".yaml")) continue;
    g_autofree char *path = g_build_filename(templates->folder, name, NULL), *text = NULL;
    gsize length;
    read = g_file_get_contents(path, &text, &length, error) && read_file(templates->all, name, text, length, error);
  }
  if (dir != NULL) g_dir_close(dir);
  return read;
}

AiTemplates *ai_templates_load(const char *folder, GError **error) {
  g_autoptr(AiTemplates) templates = g_new0(AiTemplates, 1);
  templates->refs = 1;
  templates->folder = g_strdup(folder);
  templates->stamp = stamp_of(folder);
  templates->all = g_ptr_array_new_with_free_func(template_free);
  for (const EmbeddedFile *file = embedded_files; file->name != NULL; file++) {
    if (g_str_has_suffix(file->name, INSIDE) && !read_file(templates->all, file->name, file->bytes, file->length, error)) return NULL;
  }
  if (!read_folder(templates, error)) return NULL;
  g_ptr_array_sort(templates->all, compare_templates);
  return g_steal_pointer(&templates);
}

AiTemplates *ai_templates_ref(AiTemplates *templates) {
  g_atomic_int_inc(&templates->refs);
  return templates;
}

void ai_templates_unref(AiTemplates *templates) {
  if (templates == NULL || !g_atomic_int_dec_and_test(&templates->refs)) return;
  g_ptr_array_unref(templates->all);
  g_free(templates->folder);
  g_free(templates);
}

void ai_templates_forgive(AiTemplates *templates) {
  templates->stamp = templates->folder != NULL ? stamp_of(templates->folder) : 0;
}

gboolean ai_templates_changed(const AiTemplates *templates) {
  return templates->folder != NULL && stamp_of(templates->folder) != templates->stamp;
}

const AiTemplate *ai_templates_find(const AiTemplates *templates, const char *id, const char *version, GError **error) {
  const AiTemplate *found = NULL;
  for (guint i = 0; i < templates->all->len; i++) {
    const AiTemplate *template = g_ptr_array_index(templates->all, i);
    if (strcmp(template->id, id) == 0 && (version == NULL || strcmp(template->version, version) == 0)) found = template;
  }
  if (found == NULL)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "there is no template '%.60s'%s%.20s; `aisle ai prompts` lists them", id,
                version != NULL ? " of version " : "", version != NULL ? version : "");
  return found;
}

GPtrArray *ai_templates_all(const AiTemplates *templates) {
  GPtrArray *all = g_ptr_array_new();
  for (guint i = 0; i < templates->all->len; i++) g_ptr_array_add(all, g_ptr_array_index(templates->all, i));
  return all;
}

#include "ai/config.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "ai/config_read.h"
#include "ai/yaml_json.h"

static void provider_free(gpointer data) {
  AiProviderConfig *provider = data;
  g_free(provider->name);
  g_free(provider->url);
  if (provider->key != NULL) memset(provider->key, 0, strlen(provider->key));
  g_free(provider->key);
  g_free(provider->api_version);
  g_free(provider->region);
  json_decref(provider->headers);
  g_free(provider);
}

static void trial_free(gpointer data) {
  AiTrial *trial = data;
  g_free(trial->version);
  g_free(trial->flag);
  g_free(trial);
}

AiConfig *ai_config_new_empty(const char *path) {
  AiConfig *config = g_new0(AiConfig, 1);
  config->refs = 1;
  config->path = g_strdup(path);
  config->currency = g_strdup("USD");
  config->week_start = 1;
  config->providers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, provider_free);
  config->models = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, ai_logical_free);
  config->prices = g_ptr_array_new_with_free_func(ai_price_free);
  config->rules = g_ptr_array_new_with_free_func(ai_rule_free);
  config->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, ai_key_free);
  config->flags = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  config->releases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  config->trials = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, trial_free);
  config->refused = g_ptr_array_new_with_free_func((GDestroyNotify)g_regex_unref);
  config->files = g_ptr_array_new_with_free_func(g_free);
  config->cache_bytes = 64u << 20;
  config->cache_ms = 24 * 3600000LL;
  config->stale_ms = 7 * 24 * 3600000LL;
  config->timeout_ms = 120000;
  config->first_token_ms = 30000;
  config->batch_wait_ms = 200;
  config->batch_size = 8;
  config->collect_ms = 60000;
  config->poll_ms = 30000;
  config->batch_most = 1000;
  config->queue_workers = 2;
  config->queue_max = 10000;
  config->in_flight_max = 1024;
  config->redact = TRUE;
  config->min_group = 5;
  config->max_input_tokens = 100000;
  config->max_output_bytes = 1 << 20;
  config->record_ms = 90 * 24 * 3600000LL;
  return config;
}

AiConfig *ai_config_ref(AiConfig *config) {
  g_atomic_int_inc(&config->refs);
  return config;
}

void ai_config_unref(AiConfig *config) {
  if (config == NULL || !g_atomic_int_dec_and_test(&config->refs)) return;
  g_hash_table_unref(config->models);
  g_hash_table_unref(config->providers);
  g_ptr_array_unref(config->prices);
  g_ptr_array_unref(config->rules);
  g_ptr_array_unref(config->refused);
  g_ptr_array_unref(config->files);
  g_hash_table_unref(config->keys);
  g_hash_table_unref(config->flags);
  g_hash_table_unref(config->releases);
  g_hash_table_unref(config->trials);
  g_free(config->prompts);
  g_free(config->currency);
  g_clear_pointer(&config->zone, g_time_zone_unref);
  g_free(config->path);
  g_free(config);
}

/* ---- parts ---- */

/* Before it is read: what is written while it is read counts as written since. */
static void remember_file(AiConfig *config, const char *path) {
  config->stamp += ai_config_stamp(path);
  g_ptr_array_add(config->files, g_strdup(path));
}

static gboolean read_secret(AiConfig *config, AiProviderConfig *provider, const ConfigPart *part, GError **error) {
  g_autofree char *variable = NULL, *file = NULL;
  if (!config_text(part, "key_env", &variable, error) || !config_text(part, "key_file", &file, error)) return FALSE;
  if (variable != NULL) provider->key = g_strdup(g_getenv(variable));
  if (variable != NULL && provider->key == NULL)
    return config_fail(part, error, "the environment has no variable %s (key_env)", variable);
  if (file != NULL) remember_file(config, file);
  if (file != NULL && !g_file_get_contents(file, &provider->key, NULL, NULL)) return config_fail(part, error, "cannot read the file of key_file");
  if (provider->key != NULL) g_strstrip(provider->key);
  if (provider->key != NULL && strpbrk(provider->key, "\r\n") != NULL) return config_fail(part, error, "the key must be one line");
  return TRUE;
}

static gboolean read_provider(AiConfig *config, const ConfigPart *part, const char *name, GError **error) {
  static const char *const TYPES[] = {"openai", "azure", "anthropic", "gemini"};
  if (!config_names(part, "type url key_env key_file api_version region headers", error)) return FALSE;
  AiProviderConfig *provider = g_new0(AiProviderConfig, 1);
  provider->name = g_strdup(name);
  provider->type = AI_PROVIDER_TYPES;
  g_hash_table_replace(config->providers, provider->name, provider);
  g_autofree char *type = NULL;
  if (!config_text(part, "type", &type, error) || !config_text(part, "url", &provider->url, error) ||
      !config_text(part, "api_version", &provider->api_version, error) || !config_text(part, "region", &provider->region, error) ||
      !read_secret(config, provider, part, error))
    return FALSE;
  for (int i = 0; i < AI_PROVIDER_TYPES; i++)
    if (g_strcmp0(type, TYPES[i]) == 0) provider->type = (AiProviderType)i;
  if (provider->type == AI_PROVIDER_TYPES) return config_fail(part, error, "type must be openai, azure, anthropic or gemini");
  if (provider->url == NULL || (!g_str_has_prefix(provider->url, "http://") && !g_str_has_prefix(provider->url, "https://")))
    return config_fail(part, error, "url must begin with http:// or https://");
  while (g_str_has_suffix(provider->url, "/")) provider->url[strlen(provider->url) - 1] = '\0';
  json_t *headers = json_object_get(part->object, "headers"), *value;
  const char *key;
  json_object_foreach(headers, key, value) {
    if (!json_is_string(value) || strpbrk(json_string_value(value), "\r\n") != NULL || strpbrk(key, ":\r\n ") != NULL)
      return config_fail(part, error, "headers must be names and one-line texts");
  }
  provider->headers = json_incref(headers);
  return TRUE;
}

typedef gboolean (*NamedReader)(AiConfig *config, const ConfigPart *part, const char *name, GError **error);
typedef gboolean (*ItemReader)(AiConfig *config, const ConfigPart *part, GError **error);

static gboolean read_named(AiConfig *config, const ConfigPart *whole, const char *section, NamedReader reader, GError **error) {
  json_t *object = json_object_get(whole->object, section), *item;
  const char *key;
  if (object != NULL && !json_is_object(object)) return config_fail(whole, error, "%s must hold names and values", section);
  json_object_foreach(object, key, item) {
    g_autofree char *place = g_strdup_printf("%s.%s", section, key);
    ConfigPart part = {item, whole->file, place};
    if (!reader(config, &part, key, error)) return FALSE;
  }
  return TRUE;
}

static gboolean read_list(AiConfig *config, const ConfigPart *whole, const char *section, ItemReader reader, GError **error) {
  json_t *list = json_object_get(whole->object, section), *item;
  gsize index;
  if (list != NULL && !json_is_array(list)) return config_fail(whole, error, "%s must be a list", section);
  json_array_foreach(list, index, item) {
    g_autofree char *place = g_strdup_printf("%s[%zu]", section, index);
    ConfigPart part = {item, whole->file, place};
    if (!reader(config, &part, error)) return FALSE;
  }
  return TRUE;
}

static gboolean read_flag(AiConfig *config, const ConfigPart *part, const char *name, GError **error) {
  double share = 0;
  if (!config_names(part, "share", error) || !config_number(part, "share", 0, 1, &share, error)) return FALSE;
  double *kept = g_new(double, 1);
  *kept = share;
  g_hash_table_replace(config->flags, g_strdup(name), kept);
  return TRUE;
}

static gboolean read_release(AiConfig *config, const ConfigPart *part, const char *name, GError **error) {
  g_autofree char *version = NULL, *trial = NULL, *flag = NULL;
  if (!config_names(part, "version trial flag", error) || !config_text(part, "version", &version, error) ||
      !config_text(part, "trial", &trial, error) || !config_text(part, "flag", &flag, error))
    return FALSE;
  if (version != NULL) g_hash_table_replace(config->releases, g_strdup(name), g_steal_pointer(&version));
  if ((trial == NULL) != (flag == NULL)) return config_fail(part, error, "a trial version needs a flag, and a flag a trial version");
  if (trial == NULL) return TRUE;
  AiTrial *kept = g_new0(AiTrial, 1);
  kept->version = g_steal_pointer(&trial);
  kept->flag = g_steal_pointer(&flag);
  g_hash_table_replace(config->trials, g_strdup(name), kept);
  return TRUE;
}

static gboolean read_policy(AiConfig *config, const ConfigPart *whole, GError **error) {
  ConfigPart part = {json_object_get(whole->object, "policy"), whole->file, "policy"};
  if (part.object == NULL) return TRUE;
  g_autofree char *record = NULL;
  g_auto(GStrv) refused = NULL;
  if (!config_names(&part, "record keep_records redact min_group max_input_tokens max_output_bytes refuse", error) ||
      !config_text(&part, "record", &record, error) || !config_duration(&part, "keep_records", &config->record_ms, error) ||
      !config_bool(&part, "redact", &config->redact, error) || !config_int(&part, "min_group", 1, 1000000, &config->min_group, error) ||
      !config_int(&part, "max_input_tokens", 1, 10000000, &config->max_input_tokens, error) ||
      !config_int(&part, "max_output_bytes", 1, 64 << 20, &config->max_output_bytes, error) ||
      !config_texts(&part, "refuse", &refused, error))
    return FALSE;
  if (record != NULL && strcmp(record, "kept") != 0 && strcmp(record, "hashed") != 0)
    return config_fail(&part, error, "record must be kept or hashed");
  config->keep_content = g_strcmp0(record, "kept") == 0;
  for (guint i = 0; refused != NULL && refused[i] != NULL; i++) {
    g_autoptr(GError) reason = NULL;
    GRegex *pattern = g_regex_new(refused[i], G_REGEX_CASELESS | G_REGEX_OPTIMIZE, 0, &reason);
    if (pattern == NULL) return config_fail(&part, error, "refuse[%u]: %s", i, reason->message);
    g_ptr_array_add(config->refused, pattern);
  }
  return TRUE;
}

static gboolean read_small_parts(AiConfig *config, const ConfigPart *whole, GError **error) {
  ConfigPart cache = {json_object_get(whole->object, "cache"), whole->file, "cache"};
  ConfigPart queue = {json_object_get(whole->object, "queue"), whole->file, "queue"};
  ConfigPart batch = {json_object_get(whole->object, "batch"), whole->file, "batch"};
  g_autofree char *memory = NULL;
  gint64 bytes = (gint64)config->cache_bytes;
  if (cache.object != NULL &&
      (!config_names(&cache, "memory keep stale", error) || !config_text(&cache, "memory", &memory, error) ||
       !config_duration(&cache, "keep", &config->cache_ms, error) || !config_duration(&cache, "stale", &config->stale_ms, error)))
    return FALSE;
  if (memory != NULL && !bytes_parse(memory, &bytes)) return config_fail(&cache, error, "memory must be a size such as 64MB");
  config->cache_bytes = (gsize)bytes;
  if (queue.object != NULL &&
      (!config_names(&queue, "workers waiting", error) || !config_int(&queue, "workers", 1, 64, &config->queue_workers, error) ||
       !config_int(&queue, "waiting", 1, 10000000, &config->queue_max, error)))
    return FALSE;
  return batch.object == NULL ||
         (config_names(&batch, "size wait collect most poll", error) && config_int(&batch, "most", 1, 10000, &config->batch_most, error) &&
          config_duration(&batch, "collect", &config->collect_ms, error) && config_duration(&batch, "poll", &config->poll_ms, error) && config_int(&batch, "size", 1, 64, &config->batch_size, error) &&
          config_duration(&batch, "wait", &config->batch_wait_ms, error));
}

static gboolean read_price_file(AiConfig *config, const ConfigPart *whole, GError **error) {
  g_autofree char *name = NULL;
  if (!config_text(whole, "prices", &name, error)) return FALSE;
  if (name == NULL) return TRUE;
  g_autofree char *folder = g_path_get_dirname(config->path);
  g_autofree char *path = g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(folder, name, NULL);
  remember_file(config, path);
  g_autoptr(json_t) prices = yaml_json_file(path, error);
  if (prices == NULL) return FALSE;
  ConfigPart part = {prices, name, "the file"};
  return config_read_prices(config, &part, error);
}

/* When a day, a week and a month of the company begin. */
static gboolean read_calendar(AiConfig *config, const ConfigPart *whole, GError **error) {
  static const char *const DAYS[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
  g_autofree char *zone = NULL, *day = NULL;
  if (!config_text(whole, "time_zone", &zone, error) || !config_text(whole, "week_start", &day, error)) return FALSE;
  if (zone != NULL && strcmp(zone, "UTC") != 0) config->zone = g_time_zone_new_identifier(zone);
  if (zone != NULL && strcmp(zone, "UTC") != 0 && config->zone == NULL)
    return config_fail(whole, error, "time_zone '%.60s' is not known here; give a name such as Europe/Berlin", zone);
  gboolean known = day == NULL;
  for (guint i = 0; day != NULL && i < G_N_ELEMENTS(DAYS); i++) {
    if (strcmp(DAYS[i], day) != 0) continue;
    config->week_start = (int)i + 1;
    known = TRUE;
  }
  return known || config_fail(whole, error, "week_start must be a weekday such as monday");
}

static gboolean read_all(AiConfig *config, const ConfigPart *whole, GError **error) {
  int version = 1;
  if (!config_names(whole,
                    "version providers models prices budgets limits keys flags prompts releases cache queue batch policy timeout "
                    "first_token_timeout in_flight time_zone week_start",
                    error) ||
      !config_int(whole, "version", 1, 1, &version, error) || !config_duration(whole, "timeout", &config->timeout_ms, error) ||
      !config_duration(whole, "first_token_timeout", &config->first_token_ms, error) ||
      !config_int(whole, "in_flight", 1, 100000, &config->in_flight_max, error) || !config_text(whole, "prompts", &config->prompts, error) ||
      !read_calendar(config, whole, error))
    return FALSE;
  if (config->prompts != NULL && !g_path_is_absolute(config->prompts)) {
    g_autofree char *folder = g_path_get_dirname(config->path), *name = config->prompts;
    config->prompts = g_build_filename(folder, name, NULL);
  }
  return read_named(config, whole, "providers", read_provider, error) && read_named(config, whole, "models", config_read_model, error) &&
         read_named(config, whole, "flags", read_flag, error) && read_named(config, whole, "releases", read_release, error) &&
         read_list(config, whole, "budgets", config_read_budget, error) && read_list(config, whole, "limits", config_read_limit, error) &&
         read_list(config, whole, "keys", config_read_key, error) && read_policy(config, whole, error) &&
         read_small_parts(config, whole, error) && read_price_file(config, whole, error);
}

AiConfig *ai_config_load(const char *path, GError **error) {
  gint64 stamp = ai_config_stamp(path);
  g_autoptr(json_t) json = yaml_json_file(path, error);
  if (json == NULL) return NULL;
  g_autofree char *name = g_path_get_basename(path);
  g_autoptr(AiConfig) config = ai_config_new_empty(path);
  config->stamp = stamp;
  ConfigPart whole = {json, name, "the file"};
  return read_all(config, &whole, error) ? g_steal_pointer(&config) : NULL;
}

gint64 ai_config_stamp(const char *path) {
  struct stat about;
  if (stat(path, &about) != 0) return 0;
  return (gint64)about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec + (gint64)about.st_size + (gint64)about.st_ino;
}

gint64 ai_config_stamp_now(const AiConfig *config) {
  gint64 sum = ai_config_stamp(config->path);
  for (guint i = 0; i < config->files->len; i++) sum += ai_config_stamp(g_ptr_array_index(config->files, i));
  return sum;
}

GDateTime *ai_config_time(const AiConfig *config, gint64 unix_s) {
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(unix_s);
  return config->zone != NULL ? g_date_time_to_timezone(utc, config->zone) : g_steal_pointer(&utc);
}

gboolean ai_config_flag(const AiConfig *config, const char *flag, const char *caller) {
  const double *share = g_hash_table_lookup(config->flags, flag);
  if (share == NULL) return FALSE;
  g_autofree char *text = g_strconcat(flag, "\n", caller != NULL ? caller : "", NULL);
  g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
  digest[8] = '\0';
  return (double)g_ascii_strtoull(digest, NULL, 16) < *share * 4294967296.0;
}

#include "ai/gateway.h"

#include <string.h>

#include "ai/call.h"
#include "ai/drift.h"
#include "ai/metrics.h"
#include "ai/queue.h"
#include "ai/remote.h"
#include "ai/template.h"
#include "ai/tier.h"

#define LOOK_EVERY_US G_USEC_PER_SEC
#define DEFAULT_LOOPS 2
#define STOP_WAIT_MS 5000
#define SCORES_KEPT 2000

/* ---- configuration ---- */

/* Under the lock. Breakers outlive the configuration that made them. */
static void attach_breakers(AiGateway *gateway, AiConfig *config) {
  GHashTableIter models;
  gpointer value;
  g_hash_table_iter_init(&models, config->models);
  while (g_hash_table_iter_next(&models, NULL, &value)) {
    AiLogical *logical = value;
    for (guint t = 0; t < G_N_ELEMENTS(logical->tiers); t++) {
      for (guint i = 0; i < logical->tiers[t]->len; i++) {
        AiRoute *route = g_ptr_array_index(logical->tiers[t], i);
        AiBreaker *breaker = g_hash_table_lookup(gateway->breakers, route->name);
        if (breaker == NULL) g_hash_table_insert(gateway->breakers, g_strdup(route->name), breaker = ai_breaker_new());
        route->breaker = breaker;
      }
    }
  }
}

/* Under the lock. */
static gboolean load(AiGateway *gateway, GError **error) {
  gint64 stamp = ai_config_stamp(gateway->config_path);
  g_autoptr(AiConfig) config = stamp != 0 ? ai_config_load(gateway->config_path, error) : ai_config_new_empty(gateway->config_path);
  if (config == NULL) return FALSE;
  AiTemplates *templates = ai_templates_load(gateway->prompts != NULL ? gateway->prompts : config->prompts, error);
  if (templates == NULL) return FALSE;
  attach_breakers(gateway, config);
  ai_config_unref(gateway->config);
  ai_templates_unref(gateway->templates);
  gateway->config = g_steal_pointer(&config);
  gateway->templates = templates;
  return TRUE;
}

gboolean ai_gateway_reload_now(AiGateway *gateway, GError **error) {
  return gateway->remote != NULL || ai_gateway_reload(gateway, error);
}

gboolean ai_gateway_reload(AiGateway *gateway, GError **error) {
  pthread_mutex_lock(&gateway->lock);
  gboolean loaded = load(gateway, error);
  pthread_mutex_unlock(&gateway->lock);
  return loaded;
}

/* Under the lock. A configuration with a mistake does not replace one that works. */
static void look_for_changes(AiGateway *gateway) {
  gint64 now_us = g_get_monotonic_time();
  if (now_us - gateway->last_look_us < LOOK_EVERY_US) return;
  gateway->last_look_us = now_us;
  gint64 stamp = ai_config_stamp_now(gateway->config);
  if (stamp == gateway->config->stamp && !ai_templates_changed(gateway->templates)) return;
  g_autoptr(GError) error = NULL;
  if (!load(gateway, &error)) {
    g_warning("the changed configuration of the model gateway is not used: %s", error->message);
    gateway->config->stamp = stamp;
    ai_templates_forgive(gateway->templates);
  }
}

AiConfig *ai_gateway_config(AiGateway *gateway) {
  pthread_mutex_lock(&gateway->lock);
  look_for_changes(gateway);
  AiConfig *config = ai_config_ref(gateway->config);
  pthread_mutex_unlock(&gateway->lock);
  return config;
}

AiTemplates *ai_gateway_templates(AiGateway *gateway) {
  pthread_mutex_lock(&gateway->lock);
  AiTemplates *templates = ai_templates_ref(gateway->templates);
  pthread_mutex_unlock(&gateway->lock);
  return templates;
}

gboolean ai_gateway_has_model(AiGateway *gateway, const char *logical) {
  if (gateway->remote != NULL) return ai_remote_has_model(gateway->remote, logical);
  AiConfig *config = ai_gateway_config(gateway);
  gboolean has = g_hash_table_contains(config->models, logical);
  ai_config_unref(config);
  return has;
}

/* ---- the same call in flight ---- */

gboolean ai_flight_join(AiGateway *gateway, const char *key, AiCall *call) {
  pthread_mutex_lock(&gateway->lock);
  GPtrArray *waiting = g_hash_table_lookup(gateway->flights, key);
  if (waiting != NULL) g_ptr_array_add(waiting, ai_call_ref(call));
  else g_hash_table_insert(gateway->flights, g_strdup(key), g_ptr_array_new());
  pthread_mutex_unlock(&gateway->lock);
  return waiting != NULL;
}

GPtrArray *ai_flight_end(AiGateway *gateway, const char *key) {
  gpointer kept = NULL, waiting = NULL;
  pthread_mutex_lock(&gateway->lock);
  g_hash_table_steal_extended(gateway->flights, key, &kept, &waiting);
  pthread_mutex_unlock(&gateway->lock);
  g_free(kept);
  return waiting;
}

AiLoopParts *ai_gateway_pick_loop(AiGateway *gateway) {
  return &gateway->parts[(guint)g_atomic_int_add(&gateway->next_loop, 1) % (guint)gateway->n_loops];
}

void ai_gateway_log_drift(AiGateway *gateway, const char *template_id, double score) {
  g_autofree char *alert = ai_drift_add(gateway->drift, template_id, score);
  if (alert != NULL) g_warning("%s", alert);
}

static void write_consistency(AiGateway *gateway, GString *out) {
  static const char *const HEADS[] = {"# HELP aisle_llm_consistency Moving average of how much of a template's answers its data supports.\n# TYPE aisle_llm_consistency gauge\n",
                                      "# HELP aisle_llm_consistency_out 1 while that is below its control limit.\n# TYPE aisle_llm_consistency_out gauge\n"};
  g_autoptr(json_t) series = ai_drift_report(gateway->drift);
  json_t *one;
  gsize index;
  for (int out_of_limits = 0; out_of_limits < 2; out_of_limits++) {
    g_string_append(out, HEADS[out_of_limits]);
    json_array_foreach(series, index, one) {
      double value = out_of_limits ? json_get_bool(one, "out", FALSE) : json_get_double(one, "average", 0);
      g_string_append_printf(out, "aisle_llm_consistency%s{template=\"%s\"} %g\n", out_of_limits ? "_out" : "", json_get_string(one, "series"), value);
    }
  }
}

void ai_gateway_write_metrics(AiGateway *gateway, GString *out) {
  if (gateway->remote != NULL) return;
  CacheStatistics cache;
  cache_statistics(gateway->cache, &cache);
  ai_metrics_write(gateway->metrics, out);
  write_consistency(gateway, out);
  g_string_append_printf(out, "# TYPE aisle_llm_calls_in_flight gauge\naisle_llm_calls_in_flight %d\n"
                              "# TYPE aisle_llm_cache_hits_total counter\naisle_llm_cache_hits_total %" G_GUINT64_FORMAT "\n"
                              "# TYPE aisle_llm_cache_bytes gauge\naisle_llm_cache_bytes %zu\n",
                         g_atomic_int_get(&gateway->in_flight), cache.hits, cache.bytes);
}

void ai_gateway_set_filter(AiGateway *gateway, AiFilter filter, gpointer user) {
  gateway->filter = filter;
  gateway->filter_data = user;
}

/* ---- opening and closing ---- */

static gboolean start_loops(AiGateway *gateway, int n, GError **error) {
  for (int i = 0; i < n; i++) {
    AiLoopParts *parts = &gateway->parts[i];
    parts->running = g_hash_table_new(NULL, NULL);
    parts->loop = ai_loop_new(error);
    if (parts->loop == NULL) return FALSE;
    gateway->n_loops++;
    parts->transport = transport_new(parts->loop, error);
    if (parts->transport == NULL) return FALSE;
  }
  return TRUE;
}

/* The chart goes on where the last process left it; what was told then is not told again. */
static void add_old_score(const char *template_id, double score, gpointer data) {
  g_free(ai_drift_add(data, template_id, score));
}

static gboolean open_state(AiGateway *gateway, GError **error) {
  g_mkdir_with_parents(gateway->state_folder, 0700); /* a failure shows when the first file is opened */
  g_autofree char *ledger_path = g_build_filename(gateway->state_folder, "ai-budget.db", NULL);
  g_autofree char *queue_path = g_build_filename(gateway->state_folder, "ai-queue.db", NULL);
  gateway->records_path = g_build_filename(gateway->state_folder, "ai-calls.db", NULL);
  AiLedger *ledger = ai_ledger_sqlite(ledger_path, error);
  gateway->budget = ledger != NULL ? ai_budget_new(ledger, error) : NULL;
  gateway->records = gateway->budget != NULL ? ai_records_open(gateway->records_path, error) : NULL;
  if (gateway->records == NULL) return FALSE;
  ai_records_scores(gateway->records, SCORES_KEPT, add_old_score, gateway->drift);
  ai_records_prune(gateway->records, g_get_real_time() / 1000 - gateway->config->record_ms);
  gateway->queue = ai_queue_open(gateway, queue_path, error);
  return gateway->queue != NULL;
}

AiGateway *ai_gateway_open(const AiGatewayOptions *options, GError **error) {
  AiGateway *gateway = g_new0(AiGateway, 1);
  pthread_mutex_init(&gateway->lock, NULL);
  gateway->config_path = g_strdup(options->config_path);
  gateway->state_folder = g_strdup(options->state_folder);
  gateway->prompts = g_strdup(options->prompts);
  gateway->breakers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, ai_breaker_free);
  gateway->flights = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  gateway->last_look_us = g_get_monotonic_time();
  gateway->drift = ai_drift_new();
  gateway->tiers = ai_tiers_new();
  gateway->metrics = ai_metrics_new();
  gateway->redactor = ai_redactor_new();
  int loops = CLAMP(options->threads > 0 ? options->threads : DEFAULT_LOOPS, 1, AI_MAX_LOOPS);
  gboolean opened = ai_gateway_reload(gateway, error);
  if (opened) gateway->cache = cache_new(gateway->config->cache_bytes);
  if (opened && start_loops(gateway, loops, error) && open_state(gateway, error)) return gateway;
  ai_gateway_free(gateway);
  return NULL;
}

static void cancel_all(gpointer data) {
  AiLoopParts *parts = data;
  g_autoptr(GPtrArray) calls = g_ptr_array_new_with_free_func((GDestroyNotify)ai_call_unref);
  GHashTableIter iterator;
  gpointer call;
  g_hash_table_iter_init(&iterator, parts->running);
  while (g_hash_table_iter_next(&iterator, &call, NULL)) g_ptr_array_add(calls, ai_call_ref(call));
  for (guint i = 0; i < calls->len; i++) ai_call_fail_new(g_ptr_array_index(calls, i), AISLE_ERROR_CANCELLED, "the gateway stops");
}

/* Calls end before what they use does; the budget answers those that wait for it before its thread ends. */
static void stop_calls(AiGateway *gateway) {
  g_atomic_int_set(&gateway->stopping, 1);
  for (int i = 0; i < gateway->n_loops; i++) ai_loop_post(gateway->parts[i].loop, cancel_all, &gateway->parts[i]);
  for (int waited = 0; waited < STOP_WAIT_MS && g_atomic_int_get(&gateway->in_flight) > 0; waited++) g_usleep(1000);
}

void ai_gateway_free(AiGateway *gateway) {
  if (gateway == NULL) return;
  ai_remote_free(gateway->remote);
  ai_queue_stop(gateway->queue);
  stop_calls(gateway);
  /* Its last answers lead to settlements on the loops, also where a call ended meanwhile: it goes after them. */
  ai_budget_stop(gateway->budget);
  for (int i = 0; i < gateway->n_loops; i++) ai_loop_stop(gateway->parts[i].loop);
  for (int i = 0; i < AI_MAX_LOOPS; i++) {
    if (gateway->parts[i].transport != NULL) transport_free(gateway->parts[i].transport);
    ai_loop_free(gateway->parts[i].loop);
    if (gateway->parts[i].running != NULL) g_hash_table_unref(gateway->parts[i].running);
  }
  ai_queue_free(gateway->queue);
  ai_budget_free(gateway->budget);
  ai_records_free(gateway->records);
  cache_free(gateway->cache);
  ai_drift_free(gateway->drift);
  ai_tiers_free(gateway->tiers);
  ai_metrics_free(gateway->metrics);
  ai_redactor_free(gateway->redactor);
  ai_templates_unref(gateway->templates);
  ai_config_unref(gateway->config);
  if (gateway->breakers != NULL) g_hash_table_unref(gateway->breakers);
  if (gateway->flights != NULL) g_hash_table_unref(gateway->flights);
  g_free(gateway->records_path);
  g_free(gateway->config_path);
  g_free(gateway->state_folder);
  g_free(gateway->prompts);
  pthread_mutex_destroy(&gateway->lock);
  g_free(gateway);
}

AiGateway *ai_gateway_connect(const char *url, const char *key, GError **error) {
  struct AiRemote *remote = ai_remote_new(url, key, error);
  if (remote == NULL) return NULL;
  AiGateway *gateway = g_new0(AiGateway, 1);
  pthread_mutex_init(&gateway->lock, NULL);
  gateway->remote = remote;
  return gateway;
}

AiGateway *ai_gateway_for_workspace(const char *workspace, const Settings *settings, GError **error) {
  const char *url = settings_text(settings, SETTING_AI_URL), *config = settings_text(settings, SETTING_AI_CONFIG);
  if (*url != '\0') return ai_gateway_connect(url, g_getenv("AISLE_AI_KEY"), error);
  g_autofree char *path = g_path_is_absolute(config) ? g_strdup(config) : g_build_filename(workspace, config, NULL);
  g_autofree char *state = g_build_filename(workspace, "state", NULL);
  AiGatewayOptions options = {.config_path = path, .state_folder = state};
  return ai_gateway_open(&options, error);
}

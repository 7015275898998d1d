/* Logical models, their tiers and routes; prices. */
#include <math.h>
#include <string.h>

#include "ai/config_read.h"

#define DEFAULT_MAX_OUTPUT 4096
#define MAX_RETRIES 10
#define PICO 1e12
/* What OpenAI, Azure, Anthropic and Google take for a request in a batch. */
#define DEFAULT_BATCH_SHARE 0.5
/* Of the price of input, for what goes into the cache; only Anthropic says what did, and takes this. */
#define CACHE_WRITE_SHARE 1.25

void ai_route_free(gpointer data) {
  AiRoute *route = data;
  if (route == NULL) return;
  g_free(route->name);
  g_free(route->model);
  g_free(route->region);
  g_free(route->flag);
  g_free(route);
}

void ai_logical_free(gpointer data) {
  AiLogical *logical = data;
  if (logical == NULL) return;
  for (guint i = 0; i < G_N_ELEMENTS(logical->tiers); i++) g_clear_pointer(&logical->tiers[i], g_ptr_array_unref);
  g_free(logical->name);
  g_free(logical);
}

void ai_price_free(gpointer data) {
  AiPrice *price = data;
  if (price == NULL) return;
  g_free(price->model);
  g_free(price->from);
  g_free(price);
}

static gboolean read_route(AiConfig *config, const ConfigPart *part, gboolean fallback, GPtrArray *routes, GError **error) {
  if (!config_names(part, "provider model weight region flag max_output temperature credits batch", error)) return FALSE;
  AiRoute *route = g_new0(AiRoute, 1);
  g_ptr_array_add(routes, route);
  route->fallback = fallback;
  route->weight = 1;
  route->max_output = DEFAULT_MAX_OUTPUT;
  route->temperature = -1;
  double credits = 0;
  g_autofree char *provider = NULL;
  if (!config_text(part, "provider", &provider, error) || !config_text(part, "model", &route->model, error) ||
      !config_text(part, "region", &route->region, error) || !config_text(part, "flag", &route->flag, error) ||
      !config_number(part, "weight", 0, 1e6, &route->weight, error) || !config_number(part, "credits", 0, 1e6, &credits, error) ||
      !config_int(part, "max_output", 1, 1 << 20, &route->max_output, error) ||
      !config_number(part, "temperature", 0, 2, &route->temperature, error) || !config_bool(part, "batch", &route->batch, error))
    return FALSE;
  if (provider == NULL || route->model == NULL) return config_fail(part, error, "a route needs a provider and a model");
  route->provider = g_hash_table_lookup(config->providers, provider);
  if (route->provider == NULL) return config_fail(part, error, "there is no provider '%s'", provider);
  config->any_batch_route = config->any_batch_route || route->batch;
  if (route->region == NULL) route->region = g_strdup(route->provider->region);
  route->credits = llround(credits * 1e9);
  route->name = g_strconcat(provider, "/", route->model, NULL);
  return TRUE;
}

static gboolean read_routes(AiConfig *config, const ConfigPart *part, const char *name, gboolean fallback, GPtrArray *routes,
                            GError **error) {
  const json_t *list = json_object_get(part->object, name), *item;
  gsize index;
  if (list == NULL) return TRUE;
  if (!json_is_array(list)) return config_fail(part, error, "%s must be a list of routes", name);
  json_array_foreach((json_t *)list, index, item) {
    g_autofree char *place = g_strdup_printf("%s.%s[%zu]", part->place, name, index);
    ConfigPart inner = {item, part->file, place};
    if (!read_route(config, &inner, fallback, routes, error)) return FALSE;
  }
  return TRUE;
}

static GPtrArray *read_tier(AiConfig *config, const ConfigPart *part, const json_t *shared, GError **error) {
  g_autoptr(GPtrArray) routes = g_ptr_array_new_with_free_func(ai_route_free);
  ConfigPart whole = {shared, part->file, part->place};
  if (!read_routes(config, part, "routes", FALSE, routes, error) || !read_routes(config, part, "fallbacks", TRUE, routes, error))
    return NULL;
  /* What stands at the model itself is the fallback of every tier. */
  if (shared != part->object && !read_routes(config, &whole, "fallbacks", TRUE, routes, error)) return NULL;
  if (routes->len > 0) return g_steal_pointer(&routes);
  config_fail(part, error, "needs at least one route");
  return NULL;
}

static gboolean read_tiers(AiConfig *config, const ConfigPart *part, AiLogical *logical, GError **error) {
  static const char *const NAMES[] = {"simple", "moderate", "complex"};
  const json_t *tiers = json_object_get(part->object, "tiers");
  if (tiers != NULL) {
    ConfigPart whole = {tiers, part->file, part->place};
    if (!config_names(&whole, "simple moderate complex", error)) return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS(NAMES); i++) {
    const json_t *tier = json_object_get(tiers, NAMES[i]);
    g_autofree char *place = tier != NULL ? g_strdup_printf("%s.tiers.%s", part->place, NAMES[i]) : g_strdup(part->place);
    ConfigPart inner = {tier != NULL ? tier : part->object, part->file, place};
    if (tier != NULL && !config_names(&inner, "routes fallbacks", error)) return FALSE;
    /* A tier that is not described is the one below it. */
    if (tier == NULL && tiers != NULL && i > 0) logical->tiers[i] = g_ptr_array_ref(logical->tiers[i - 1]);
    else logical->tiers[i] = read_tier(config, &inner, part->object, error);
    if (logical->tiers[i] == NULL) return FALSE;
  }
  return TRUE;
}

gboolean config_read_model(AiConfig *config, const ConfigPart *part, const char *name, GError **error) {
  if (!config_names(part, "routes fallbacks tiers retries hedge_after continue simple_share", error)) return FALSE;
  AiLogical *logical = g_new0(AiLogical, 1);
  logical->name = g_strdup(name);
  g_hash_table_replace(config->models, logical->name, logical);
  logical->retries = 2;
  logical->continues = TRUE;
  logical->simple_share = 0.7;
  return config_int(part, "retries", 0, MAX_RETRIES, &logical->retries, error) &&
         config_duration(part, "hedge_after", &logical->hedge_ms, error) && config_bool(part, "continue", &logical->continues, error) &&
         config_number(part, "simple_share", 0, 1, &logical->simple_share, error) && read_tiers(config, part, logical, error);
}

static gboolean read_price(AiConfig *config, const ConfigPart *part, GError **error) {
  if (!config_names(part, "model from input cached_input cache_write output batch", error)) return FALSE;
  AiPrice *price = g_new0(AiPrice, 1);
  g_ptr_array_add(config->prices, price);
  double input = 0, output = 0, cached = -1, written = -1, batch = DEFAULT_BATCH_SHARE;
  if (!config_text(part, "model", &price->model, error) || !config_text(part, "from", &price->from, error) ||
      !config_number(part, "input", 0, 1e6, &input, error) || !config_number(part, "output", 0, 1e6, &output, error) ||
      !config_number(part, "cached_input", 0, 1e6, &cached, error) || !config_number(part, "cache_write", 0, 1e6, &written, error) || !config_number(part, "batch", 0, 1, &batch, error))
    return FALSE;
  if (price->model == NULL) return config_fail(part, error, "a price needs a model");
  GDate date;
  if (price->from == NULL) price->from = g_strdup("0001-01-01");
  g_date_clear(&date, 1);
  if (strlen(price->from) == 10) g_date_set_parse(&date, price->from);
  if (!g_date_valid(&date)) return config_fail(part, error, "from must be a date such as 2026-01-31");
  price->input_pico = llround(input * PICO / 1e6);
  price->output_pico = llround(output * PICO / 1e6);
  price->batch_ppm = llround(batch * 1e6);
  price->written_pico = written < 0 ? llround(input * CACHE_WRITE_SHARE * PICO / 1e6) : llround(written * PICO / 1e6);
  price->cached_pico = cached < 0 ? price->input_pico : llround(cached * PICO / 1e6);
  return TRUE;
}

static int compare_prices(gconstpointer a, gconstpointer b) {
  const AiPrice *x = *(const AiPrice *const *)a, *y = *(const AiPrice *const *)b;
  int order = strcmp(x->model, y->model);
  return order != 0 ? order : strcmp(x->from, y->from);
}

gboolean config_read_prices(AiConfig *config, const ConfigPart *part, GError **error) {
  const json_t *list = json_object_get(part->object, "prices"), *item;
  gsize index;
  if (!config_names(part, "version currency prices", error)) return FALSE;
  if (!config_text(part, "currency", &config->currency, error)) return FALSE;
  if (!json_is_array(list)) return config_fail(part, error, "prices must be a list");
  json_array_foreach((json_t *)list, index, item) {
    g_autofree char *place = g_strdup_printf("prices[%zu]", index);
    ConfigPart inner = {item, part->file, place};
    if (!read_price(config, &inner, error)) return FALSE;
  }
  g_ptr_array_sort(config->prices, compare_prices);
  return TRUE;
}

const AiPrice *ai_config_price(const AiConfig *config, const char *model) {
  const AiPrice *found = NULL;
  char today[16] = "";
  for (guint i = 0; i < config->prices->len; i++) {
    const AiPrice *price = g_ptr_array_index(config->prices, i);
    if (strcmp(price->model, model) != 0) continue;
    if (*today == '\0') {
      g_autoptr(GDateTime) now = ai_config_time(config, g_get_real_time() / G_USEC_PER_SEC);
      g_snprintf(today, sizeof today, "%04d-%02d-%02d", g_date_time_get_year(now), g_date_time_get_month(now),
                 g_date_time_get_day_of_month(now));
    }
    if (strcmp(price->from, today) <= 0) found = price;
  }
  return found;
}

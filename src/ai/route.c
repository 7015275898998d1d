/* Which routes a call may take, in which order; what they cost. */
#include <math.h>
#include <string.h>

#include "ai/call.h"

typedef struct {
  AiRoute *route;
  double rank;
} Ranked;

static int compare_ranked(gconstpointer a, gconstpointer b) {
  const Ranked *x = a, *y = b;
  if (x->route->fallback != y->route->fallback) return x->route->fallback ? 1 : -1;
  return x->rank < y->rank ? -1 : x->rank > y->rank;
}

GPtrArray *ai_route_plan(const AiConfig *config, const AiLogical *logical, AiComplexity complexity, const AiAccount *account, const char *region) {
  const GPtrArray *routes = logical->tiers[complexity == AI_COMPLEXITY_COMPLEX ? 2 : complexity == AI_COMPLEXITY_MODERATE ? 1 : 0];
  g_autoptr(GArray) ranked = g_array_sized_new(FALSE, FALSE, sizeof(Ranked), routes->len);
  for (guint i = 0; i < routes->len; i++) {
    AiRoute *route = g_ptr_array_index(routes, i);
    if (region != NULL && g_strcmp0(route->region, region) != 0) continue;
    if (route->flag != NULL && !ai_config_flag(config, route->flag, account->user != NULL ? account->user : account->team)) continue;
    /* Exponential clocks: the first to ring is chosen with its share of the weights (Efraimidis and Spirakis). */
    double rank = route->fallback ? i : route->weight > 0 ? -log(1.0 - g_random_double()) / route->weight : 1e9 + i;
    /* A route that a flag switches on for this caller is what they are to get. */
    if (route->flag != NULL && !route->fallback) rank = -1;
    Ranked entry = {route, rank};
    g_array_append_val(ranked, entry);
  }
  g_array_sort(ranked, compare_ranked);
  GPtrArray *plan = g_ptr_array_sized_new(ranked->len);
  for (guint i = 0; i < ranked->len; i++) g_ptr_array_add(plan, g_array_index(ranked, Ranked, i).route);
  return plan;
}

gint64 ai_tokens_estimate(gsize bytes) {
  return (gint64)(bytes + 3) / 4;
}

#define MESSAGE_TOKENS 8   /* what a format adds around a message, at most */
#define OTHER_PART_TOKENS 2000 /* an image */

static gint64 content_bound(const json_t *content) {
  if (json_is_string(content)) return (gint64)json_string_length(content);
  gint64 sum = 0;
  gsize index;
  json_t *part;
  json_array_foreach((json_t *)content, index, part) {
    const json_t *text = json_object_get(part, "text");
    sum += json_is_string(text) ? (gint64)json_string_length(text) : OTHER_PART_TOKENS;
  }
  return sum;
}

static gint64 json_bound(const json_t *value) {
  return value != NULL ? (gint64)json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) : 0;
}

gint64 ai_tokens_bound(const json_t *chat) {
  gint64 sum = 0;
  gsize index;
  json_t *message;
  json_array_foreach(json_object_get(chat, "messages"), index, message)
      sum += content_bound(json_object_get(message, "content")) + json_bound(json_object_get(message, "tool_calls")) + MESSAGE_TOKENS;
  return sum + json_bound(json_object_get(chat, "tools")) + json_bound(json_object_get(chat, "response_format")) +
         json_bound(json_object_get(chat, "input")) + MESSAGE_TOKENS;
}

static void cost_of(const AiConfig *config, const AiRoute *route, const AiUsage *usage, gboolean in_batch, AiAmounts *out) {
  const AiPrice *price = ai_config_price(config, route->name);
  if (price == NULL) price = ai_config_price(config, route->model);
  *out = (AiAmounts){0};
  gint64 tokens = usage->input_tokens + usage->output_tokens;
  out->amount[AI_UNIT_TOKENS] = tokens;
  out->amount[AI_UNIT_CREDITS] = route->credits * tokens;
  if (price == NULL) return;
  gint64 cached = MIN(usage->cached_tokens, usage->input_tokens), written = MIN(usage->written_tokens, usage->input_tokens - cached);
  /* 128 bits: a hostile count of tokens must not wrap a bill around. */
  __int128 pico = (__int128)price->input_pico * (usage->input_tokens - cached - written) + (__int128)price->cached_pico * cached +
                  (__int128)price->written_pico * written +
                  (__int128)price->output_pico * usage->output_tokens;
  if (in_batch) pico = (pico * price->batch_ppm + 999999) / 1000000;
  __int128 nano = (pico + 999) / 1000;
  out->amount[AI_UNIT_MONEY] = nano > G_MAXINT64 / 4 ? G_MAXINT64 / 4 : (gint64)nano;
}

void ai_route_cost(const AiConfig *config, const AiRoute *route, const AiUsage *usage, AiAmounts *out) {
  cost_of(config, route, usage, FALSE, out);
}

gint64 ai_route_saved_by_cache(const AiConfig *config, const AiRoute *route, const AiUsage *usage) {
  AiAmounts real, without;
  AiUsage uncached = *usage;
  uncached.cached_tokens = 0;
  cost_of(config, route, usage, FALSE, &real);
  cost_of(config, route, &uncached, FALSE, &without);
  return MAX(0, without.amount[AI_UNIT_MONEY] - real.amount[AI_UNIT_MONEY]);
}

void ai_route_batch_cost(const AiConfig *config, const AiRoute *route, const AiUsage *usage, AiAmounts *out) {
  cost_of(config, route, usage, TRUE, out);
}

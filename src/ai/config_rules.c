/* Budgets, limits a minute, callers' keys. */
#include <math.h>
#include <string.h>

#include "ai/config_read.h"

#define NANO 1e9

const char *const ai_unit_names[] = {"money", "tokens", "credits", "requests", NULL};
const char *const ai_period_names[] = {"minute", "day", "week", "month", NULL};
const char *const ai_level_names[] = {"company", "team", "user", "purpose", "role", NULL};

void ai_rule_free(gpointer data) {
  AiBudgetRule *rule = data;
  if (rule == NULL) return;
  g_free(rule->match);
  g_clear_pointer(&rule->alerts, g_array_unref);
  g_free(rule);
}

void ai_key_free(gpointer data) {
  AiKey *key = data;
  if (key == NULL) return;
  g_free(key->tenant);
  g_free(key->team);
  g_free(key->user);
  g_free(key->region);
  g_strfreev(key->roles);
  g_strfreev(key->models);
  g_free(key);
}

static int name_index(const char *const *names, const char *name) {
  for (int i = 0; names[i] != NULL; i++)
    if (g_strcmp0(names[i], name) == 0) return i;
  return -1;
}

/* Exactly one level is named: whose budget it is. */
static gboolean read_whose(const ConfigPart *part, AiBudgetRule *rule, GError **error) {
  int found = 0;
  for (int i = 0; ai_level_names[i] != NULL; i++) {
    if (json_object_get(part->object, ai_level_names[i]) == NULL) continue;
    found++;
    rule->level = (AiLevel)i;
    if (!config_text(part, ai_level_names[i], &rule->match, error)) return FALSE;
  }
  return (found == 1 && rule->match != NULL) || config_fail(part, error, "name one of company, team, user, purpose, role");
}

static gboolean read_alerts(const ConfigPart *part, AiBudgetRule *rule, GError **error) {
  const json_t *list = json_object_get(part->object, "alert"), *item;
  gsize index;
  rule->alerts = g_array_new(FALSE, FALSE, sizeof(double));
  if (list != NULL && !json_is_array(list)) return config_fail(part, error, "alert must be a list of shares, like [0.5, 0.9]");
  json_array_foreach((json_t *)list, index, item) {
    double share = json_number_value(item);
    if (!(share > 0 && share <= 1)) return config_fail(part, error, "alert must be a list of shares, like [0.5, 0.9]");
    g_array_append_val(rule->alerts, share);
  }
  return TRUE;
}

gboolean config_read_budget(AiConfig *config, const ConfigPart *part, GError **error) {
  if (!config_names(part, "company team user purpose role limit unit per alert", error)) return FALSE;
  AiBudgetRule *rule = g_new0(AiBudgetRule, 1);
  g_ptr_array_add(config->rules, rule);
  g_autofree char *unit = g_strdup("money"), *period = g_strdup("month");
  double limit = -1;
  if (!read_whose(part, rule, error) || !read_alerts(part, rule, error) || !config_number(part, "limit", 0, 9e9, &limit, error) ||
      !config_text(part, "unit", &unit, error) || !config_text(part, "per", &period, error))
    return FALSE;
  int unit_index = name_index(ai_unit_names, unit), period_index = name_index(ai_period_names, period);
  if (unit_index < 0 || period_index < 0 || limit < 0)
    return config_fail(part, error, "needs a limit, a unit (money, tokens, credits, requests) and per (minute, day, week, month)");
  rule->unit = (AiUnit)unit_index;
  rule->period = (AiPeriod)period_index;
  gboolean fractions = rule->unit == AI_UNIT_MONEY || rule->unit == AI_UNIT_CREDITS;
  rule->limit = fractions ? llround(limit * NANO) : llround(limit);
  return TRUE;
}

static gboolean add_limit(AiConfig *config, const ConfigPart *part, const char *name, AiUnit unit, GError **error) {
  double limit = -1;
  if (!config_number(part, name, 0, 1e12, &limit, error)) return FALSE;
  if (limit < 0) return TRUE;
  AiBudgetRule *rule = g_new0(AiBudgetRule, 1);
  g_ptr_array_add(config->rules, rule);
  rule->alerts = g_array_new(FALSE, FALSE, sizeof(double));
  rule->unit = unit;
  rule->period = AI_PERIOD_MINUTE;
  rule->limit = llround(limit);
  return read_whose(part, rule, error);
}

gboolean config_read_limit(AiConfig *config, const ConfigPart *part, GError **error) {
  return config_names(part, "company team user purpose role requests_per_minute tokens_per_minute", error) &&
         add_limit(config, part, "requests_per_minute", AI_UNIT_REQUESTS, error) &&
         add_limit(config, part, "tokens_per_minute", AI_UNIT_TOKENS, error);
}

gboolean config_read_key(AiConfig *config, const ConfigPart *part, GError **error) {
  if (!config_names(part, "sha256 env company team user roles models region trusted", error)) return FALSE;
  g_autofree char *digest = NULL, *variable = NULL;
  AiKey *key = g_new0(AiKey, 1);
  gboolean read = config_text(part, "sha256", &digest, error) && config_text(part, "env", &variable, error) &&
                  config_text(part, "company", &key->tenant, error) && config_text(part, "team", &key->team, error) &&
                  config_text(part, "user", &key->user, error) && config_texts(part, "roles", &key->roles, error) &&
                  config_texts(part, "models", &key->models, error) && config_text(part, "region", &key->region, error) && config_bool(part, "trusted", &key->trusted, error);
  const char *secret = variable != NULL ? g_getenv(variable) : NULL;
  if (read && digest == NULL && secret != NULL) digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, secret, -1);
  if (read && (digest == NULL || strlen(digest) != 64))
    read = config_fail(part, error, "needs sha256 (64 hex digits of the key's SHA-256) or env (a variable that holds the key)");
  if (!read) {
    ai_key_free(key);
    return FALSE;
  }
  g_hash_table_replace(config->keys, g_ascii_strdown(digest, -1), key);
  return TRUE;
}

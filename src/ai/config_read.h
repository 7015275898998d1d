/* Reading a configuration that is JSON by now: typed members, no unknown names, errors that name the place. Private. */
#pragma once
#include "ai/config.h"

typedef struct {
  const json_t *object;
  const char *file, *place;
} ConfigPart;

gboolean config_fail(const ConfigPart *part, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* `names` apart by spaces. */
gboolean config_names(const ConfigPart *part, const char *names, GError **error);
/* Outputs are left alone where the member is missing, and set on success only. */
gboolean config_text(const ConfigPart *part, const char *name, char **out, GError **error);
gboolean config_number(const ConfigPart *part, const char *name, double low, double high, double *out, GError **error);
gboolean config_int(const ConfigPart *part, const char *name, int low, int high, int *out, GError **error);
gboolean config_duration(const ConfigPart *part, const char *name, gint64 *ms, GError **error);
gboolean config_bool(const ConfigPart *part, const char *name, gboolean *out, GError **error);
gboolean config_texts(const ConfigPart *part, const char *name, char ***out, GError **error);

/* models, budgets, limits (config_models.c, config_rules.c) */
gboolean config_read_model(AiConfig *config, const ConfigPart *part, const char *name, GError **error);
gboolean config_read_budget(AiConfig *config, const ConfigPart *part, GError **error);
gboolean config_read_limit(AiConfig *config, const ConfigPart *part, GError **error);
gboolean config_read_key(AiConfig *config, const ConfigPart *part, GError **error);
gboolean config_read_prices(AiConfig *config, const ConfigPart *part, GError **error);
void ai_route_free(gpointer route);
void ai_logical_free(gpointer logical);
void ai_rule_free(gpointer rule);
void ai_key_free(gpointer key);
void ai_price_free(gpointer price);

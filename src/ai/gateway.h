/* What the parts of a gateway share. Private to ai/. */
#pragma once
#include <pthread.h>

#include "ai/breaker.h"
#include "ai/budget.h"
#include "ai/record.h"
#include "ai/redact.h"
#include "ai/transport.h"
#include "cache/cache.h"

typedef struct AiCall AiCall;
typedef struct AiTemplates AiTemplates;
typedef struct AiQueue AiQueue;
typedef struct AiDrift AiDrift;
typedef struct AiTiers AiTiers;

typedef struct {
  AiLoop *loop;
  Transport *transport;
  gint calls; /* in flight; of the loop */
  GHashTable *running; /* of AiCall*; of the loop */
} AiLoopParts;

#define AI_MAX_LOOPS 8

struct AiGateway {
  char *config_path, *state_folder, *prompts;
  AiLoopParts parts[AI_MAX_LOOPS];
  int n_loops;
  gint next_loop; /* atomic */
  gint in_flight; /* atomic */
  gint stopping;  /* atomic */

  pthread_mutex_t lock; /* config, templates, breakers, flights */
  AiConfig *config;
  AiTemplates *templates;
  GHashTable *breakers; /* route name -> AiBreaker*; never shrinks */
  GHashTable *flights;  /* cache key -> GPtrArray of AiCall* that wait for the leader */
  gint64 last_look_us;  /* at the configuration's file */

  AiBudget *budget;
  AiRecords *records;
  char *records_path;
  Cache *cache;
  AiQueue *queue;   /* NULL: none */
  AiDrift *drift;
  AiTiers *tiers;
  struct AiMetrics *metrics;
  AiRedactor *redactor;
  AiFilter filter;  /* content that is not passed on; NULL: only the patterns of the configuration */
  gpointer filter_data;
  struct AiRemote *remote; /* calls go to another process; all above but config is unused */
};

/* The configuration as it stands; looks at the file at most once a second. (transfer full) */
AiConfig *ai_gateway_config(AiGateway *gateway);
AiTemplates *ai_gateway_templates(AiGateway *gateway); /* (transfer full) */
gboolean ai_gateway_reload(AiGateway *gateway, GError **error); /* now */
AiLoopParts *ai_gateway_pick_loop(AiGateway *gateway);
/* A budget's settlement in whole: what a call cost. */
void ai_gateway_log_drift(AiGateway *gateway, const char *template_id, double score);

/* TRUE: `call` waits for another with its key (a reference is taken). FALSE: it leads. */
gboolean ai_flight_join(AiGateway *gateway, const char *key, AiCall *call);
/* Those who waited. (transfer full, of AiCall* with a reference each) */
GPtrArray *ai_flight_end(AiGateway *gateway, const char *key);

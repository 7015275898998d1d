/*
 * ai.yaml: providers, logical models with tiers and routes, prices, budgets, limits, callers' keys, policy. An immutable
 * snapshot with a reference count: a reload makes a new one, calls in flight keep theirs.
 */
#pragma once
#include "ai/ai.h"

typedef enum { AI_PROVIDER_OPENAI, AI_PROVIDER_AZURE, AI_PROVIDER_ANTHROPIC, AI_PROVIDER_GEMINI, AI_PROVIDER_TYPES } AiProviderType;

typedef struct {
  char *name, *url; /* url without a trailing slash */
  AiProviderType type;
  char *key;         /* secret; NULL: none */
  char *api_version; /* azure */
  char *region;
  json_t *headers; /* more of them; object of texts; NULL */
} AiProviderConfig;

/* Millionths of a millionth (pico) of the currency, for one token. The file has them per million tokens. */
typedef struct {
  char *model, *from; /* from: ISO date from which it holds */
  gint64 input_pico, cached_pico, written_pico, output_pico; /* cached, written: what the provider's cache had, and what went into it */
  gint64 batch_ppm; /* share of it that is paid in a provider's batch */
} AiPrice;

typedef struct {
  const AiProviderConfig *provider;
  char *name; /* provider/model */
  char *model, *region;
  double weight;
  char *flag;          /* used only while this flag is on for the caller; NULL: always */
  gboolean fallback;   /* tried only after those that are not */
  gboolean batch;      /* what may wait goes into the provider's batches */
  int max_output;      /* tokens */
  double temperature;  /* < 0: the provider's */
  gint64 credits;      /* billionths of a credit for one token; 0: none */
  gpointer breaker;    /* AiBreaker; set by the gateway (transfer none) */
} AiRoute;

typedef struct {
  char *name;
  GPtrArray *tiers[3]; /* of AiRoute*: simple, moderate, complex */
  int retries;         /* more attempts on the same route */
  gint64 hedge_ms;     /* 0: never */
  gboolean continues;  /* a broken stream is continued by the next route; else an error */
  double simple_share; /* of the requests, when the gateway chooses the tier; see tier.h */
} AiLogical;

typedef enum { AI_UNIT_MONEY, AI_UNIT_TOKENS, AI_UNIT_CREDITS, AI_UNIT_REQUESTS } AiUnit;
typedef enum { AI_PERIOD_MINUTE, AI_PERIOD_DAY, AI_PERIOD_WEEK, AI_PERIOD_MONTH } AiPeriod;
typedef enum { AI_LEVEL_COMPANY, AI_LEVEL_TEAM, AI_LEVEL_USER, AI_LEVEL_PURPOSE, AI_LEVEL_ROLE } AiLevel;

/* One line of `budgets` or `limits` (these count per minute). "*" gives everyone on the level the same amount of their own. */
typedef struct {
  AiLevel level;
  char *match;
  AiUnit unit;
  AiPeriod period;
  gint64 limit;  /* nano-units; tokens and requests in whole ones */
  GArray *alerts; /* of double: shares of the limit */
} AiBudgetRule;

typedef struct {
  char *tenant, *team, *user;
  char *region;           /* calls of this key stay in it; NULL: any */
  char **roles, **models; /* models NULL: all */
  gboolean trusted;       /* may name team, user and purpose of others in headers */
} AiKey;

typedef struct {
  gint refs;
  char *path;
  gint64 stamp; /* of the file and of those that it names: changes when one does */
  GPtrArray *files; /* of char*: prices, files of keys */
  char *currency;
  GTimeZone *zone;       /* the company's, in which days, weeks and months of budgets and dates of prices begin; NULL: UTC */
  int week_start;        /* 1 Monday to 7 Sunday */
  GHashTable *providers; /* name -> AiProviderConfig* */
  GHashTable *models;    /* logical name -> AiLogical* */
  GPtrArray *prices;     /* of AiPrice*, by model, newest last */
  GPtrArray *rules;      /* of AiBudgetRule* */
  GHashTable *keys;      /* SHA-256 in hex -> AiKey*; empty: no keys are asked for */
  GHashTable *flags;     /* name -> double*: share of callers for whom it is on */
  GHashTable *releases;  /* template -> version */
  GHashTable *trials;    /* template -> AiTrial: another version by flag */
  char *prompts;         /* folder; NULL */
  gsize cache_bytes;
  gint64 cache_ms, stale_ms, timeout_ms, first_token_ms, batch_wait_ms;
  gboolean any_batch_route;
  gint64 collect_ms, poll_ms; /* of the providers' batches: how long requests are collected, how often they are asked after */
  int batch_most;
  int batch_size, queue_workers, queue_max, in_flight_max;
  gboolean keep_content; /* record input and output themselves, not only their hashes */
  gboolean redact;
  int min_group; /* k */
  int max_input_tokens, max_output_bytes;
  gint64 record_ms; /* how long records are kept */
  GPtrArray *refused; /* of GRegex*: content that is not passed on (the built-in filter) */
} AiConfig;

typedef struct {
  char *version, *flag;
} AiTrial;

/* BAD_MODEL with the place. (transfer full) */
AiConfig *ai_config_load(const char *path, GError **error);
AiConfig *ai_config_new_empty(const char *path); /* no models (transfer full) */
AiConfig *ai_config_ref(AiConfig *config);
void ai_config_unref(AiConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AiConfig, ai_config_unref)
/* Changes when the file is written. 0: not there. */
gint64 ai_config_stamp(const char *path);
/* The same for a configuration and all files that it names; what `stamp` is compared with. */
gint64 ai_config_stamp_now(const AiConfig *config);
/* A moment in the company's time. (transfer full) */
GDateTime *ai_config_time(const AiConfig *config, gint64 unix_s);
/* The price that holds now; NULL: none, it costs nothing. (transfer none) */
const AiPrice *ai_config_price(const AiConfig *config, const char *model);
/* Stable: the same caller gets the same side as long as the share stands. */
gboolean ai_config_flag(const AiConfig *config, const char *flag, const char *caller);

extern const char *const ai_unit_names[], *const ai_period_names[], *const ai_level_names[];

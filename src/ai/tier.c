#include "ai/tier.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* No request below the first is anything but simple; none above the second is simple, none above the third less than complex. */
#define ALWAYS_SIMPLE 300
#define NEVER_SIMPLE 12000
#define ALWAYS_COMPLEX 24000
/* Where the lines stand before enough requests were seen. */
#define FIRST_SIMPLE 2000
#define FIRST_COMPLEX 12000
#define REMEMBERED 256
#define LEAST_SEEN 32
#define LOOK_EVERY 16
/* What makes a request heavier than its text. */
#define TURN_WEIGHT 300
#define TOOL_WEIGHT 1500
#define PART_WEIGHT 500

typedef struct {
  int weights[REMEMBERED];
  guint seen;
  int simple, complex; /* the lines: up to, above */
} Traffic;

struct AiTiers {
  pthread_mutex_t lock;
  GHashTable *models; /* name -> Traffic*; bounded by the configuration */
};

AiTiers *ai_tiers_new(void) {
  AiTiers *tiers = g_new0(AiTiers, 1);
  pthread_mutex_init(&tiers->lock, NULL);
  tiers->models = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return tiers;
}

void ai_tiers_free(AiTiers *tiers) {
  if (tiers == NULL) return;
  g_hash_table_unref(tiers->models);
  pthread_mutex_destroy(&tiers->lock);
  g_free(tiers);
}

static int weigh(const json_t *chat) {
  const json_t *messages = json_object_get(chat, "messages");
  gsize weight = 0, index;
  json_t *message;
  json_array_foreach((json_t *)messages, index, message) {
    const json_t *content = json_object_get(message, "content");
    weight += json_is_string(content) ? json_string_length(content) : json_array_size(content) * PART_WEIGHT;
  }
  /* A system message and a question are what every request has. */
  if (json_array_size(messages) > 2) weight += (json_array_size(messages) - 2) * TURN_WEIGHT;
  weight += json_array_size(json_object_get(chat, "tools")) * TOOL_WEIGHT;
  return (int)MIN(weight, G_MAXINT / 2);
}

static int compare(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}

static void draw_lines(Traffic *traffic, double simple_share) {
  int sorted[REMEMBERED];
  guint n = MIN(traffic->seen, REMEMBERED);
  memcpy(sorted, traffic->weights, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, compare);
  double complex_share = (1 - simple_share) / 3;
  guint simple = (guint)(simple_share * n), complex = (guint)((1 - complex_share) * n);
  traffic->simple = simple > 0 ? sorted[simple - 1] : 0;
  traffic->complex = sorted[MIN(MAX(complex, 1), n) - 1];
}

AiComplexity ai_tiers_choose(AiTiers *tiers, const char *model, double simple_share, const json_t *chat) {
  int weight = weigh(chat);
  pthread_mutex_lock(&tiers->lock);
  Traffic *traffic = g_hash_table_lookup(tiers->models, model);
  if (traffic == NULL) {
    traffic = g_new0(Traffic, 1);
    traffic->simple = FIRST_SIMPLE;
    traffic->complex = FIRST_COMPLEX;
    g_hash_table_insert(tiers->models, g_strdup(model), traffic);
  }
  traffic->weights[traffic->seen++ % REMEMBERED] = weight;
  if (traffic->seen >= LEAST_SEEN && traffic->seen % LOOK_EVERY == 0) draw_lines(traffic, simple_share);
  int simple = CLAMP(traffic->simple, ALWAYS_SIMPLE, NEVER_SIMPLE), complex = CLAMP(traffic->complex, simple, ALWAYS_COMPLEX);
  pthread_mutex_unlock(&tiers->lock);
  return weight <= simple ? AI_COMPLEXITY_SIMPLE : weight <= complex ? AI_COMPLEXITY_MODERATE : AI_COMPLEXITY_COMPLEX;
}

/*
 * The record of every call: who, what for, template version, model, tokens, cost, latency, cache, guard verdicts, input and
 * output (kept or hashed, as policy says). Written in batches by a thread of its own; a full queue makes calls BUSY before
 * they leave, so nothing runs unrecorded. Thread-safe; several processes may share the file.
 */
#pragma once
#include "ai/config.h"

typedef struct {
  char *id, *tenant, *team, *user, *purpose, *logical, *template_id, *version, *route, *model, *status, *cache, *verdicts, *idempotency;
  char *input, *output; /* themselves or their SHA-256 */
  char *reply_key, *reply; /* kept for a day so that the same call again costs nothing; NULL: none */
  gint64 at_ms, latency_us, cost_nano, saved_nano;
  AiUsage usage;
  int attempts, repairs;
  double consistency; /* -1: not judged */
} AiRecord;
void ai_record_free(AiRecord *record);

typedef struct AiRecords AiRecords;
AiRecords *ai_records_open(const char *path, GError **error); /* (transfer full) */
void ai_records_free(AiRecords *records);                     /* writes what is queued. NULL is fine */
gboolean ai_records_has_room(AiRecords *records);
void ai_records_put(AiRecords *records, AiRecord *record);    /* takes it */
gboolean ai_records_flush(AiRecords *records, gint64 wait_ms);
void ai_records_prune(AiRecords *records, gint64 before_ms);

/* From any process, over a connection of its own. `by`: "team", "purpose", "user", "model", "template", "day" or two of
 * them with a comma; since_ms 0: all. [{<by>..., calls, failed, cached, input_tokens, output_tokens, cost, saved,
 * p50_ms}] (transfer full) */
json_t *ai_records_costs(const char *path, const char *by, gint64 since_ms, GError **error);
/* Newest first. (transfer full) */
json_t *ai_records_list(const char *path, int limit, GError **error);
/* The last `most` scores of consistency, oldest first, of the process before this one too. */
typedef void (*AiScoreFunction)(const char *template_id, double score, gpointer data);
void ai_records_scores(AiRecords *records, int most, AiScoreFunction function, gpointer data);
/* The reply that was put under this key within a day; NULL: none. (transfer full) */
char *ai_records_reply(AiRecords *records, const char *key);
/* Billionths as a decimal without loss: 1230000000 -> "1.23". (transfer full) */
char *ai_money_text(gint64 nano);

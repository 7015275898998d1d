/* One request of a provider's batch: from the job to its line, from the line's answer to the job's result. Private to the lane. */
#pragma once
#include "ai/batch_store.h"
#include "ai/call.h"
#include "ai/provider_batch.h"

/* The job as a call under `config`, prepared and not sent; `version` NULL: the released one. (transfer full) */
AiCall *ai_batch_item_call(AiGateway *gateway, AiConfig *config, const AiWork *work, const char *version, GError **error);
/* Its line in the batch (transfer full) */
char *ai_batch_item_line(const AiCall *call, const AiRoute *route, const char *id, GError **error);
/* Reserves the worst case of all at the price of batches, under their tickets, and waits for the answers. `refused` gets, by
 * item, 0 (reserved), or how long to wait in milliseconds (a limit of this minute), or -1 (not now). */
void ai_batch_items_reserve(AiGateway *gateway, AiConfig *config, const AiRoute *route, const GPtrArray *items, gint64 lifetime_ms, gint64 *refused);
/* Hands the provider's reply on: the work ends with it. Takes the work of the item. FALSE: it is no reply; nothing is taken. */
gboolean ai_batch_item_answer(AiGateway *gateway, AiConfig *config, const AiRoute *route, AiBatchItem *item, const char *remote, const json_t *native);

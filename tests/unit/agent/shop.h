/* A small shop in a scratch folder, and a model that says what a script tells it to. */
#pragma once
#include "agent/agent.h"

/* A workspace with a few orders; aborts when it cannot be made. (transfer full) */
char *shop_workspace_new(void);
void shop_workspace_remove(char *folder);

/* {purpose: [reply, reply, ...]}: a reply is what the model says; {"$error": code name}; {"$sleep_ms": n, ...}; {"$kill": true}. */
typedef struct {
  const json_t *script;
  GHashTable *used;    /* purpose -> number of replies given */
  const char *ledger;  /* file of the idempotency keys that were charged; NULL */
  guint calls, charged;
} Script;
#define SCRIPT_CALL_COST 1000000 /* billionths */
gboolean script_call(gpointer data, const AgentModelCall *call, AgentModelReply *reply, GError **error);

typedef struct {
  AccessScope *scope;
  AnswerService *answers;
  AgentService *agents;
} Shop;
void shop_open(Shop *shop, const char *folder, const json_t *scope, Script *script, gboolean with_weights); /* script NULL: no model */
void shop_close(Shop *shop);
AgentRequest shop_request(const Shop *shop, const char *question);

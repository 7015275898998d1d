/*
 * A request to the gateway's own HTTP face that came in over somebody else's listener (`aisle serve`): the same addresses,
 * keys, limits and replies as in ai/http.h. Runs on a loop of the gateway; nothing of it waits.
 *
 * All calls of AiExchangeFace but `header` and `argument` come on that loop: be quick. Of each exchange there is either one
 * `reply`, or events, and then `end`, exactly once; after it nothing of the exchange exists any more. An exchange whose
 * client left is cancelled upstream within AI_EXCHANGE_LOOK_MS, and ends without a reply.
 */
#pragma once
#include "ai/ai.h"

#define AI_EXCHANGE_LOOK_MS 200
#define AI_EXCHANGE_MAX_BODY ((gsize)16 << 20)

typedef struct {
  int status;
  GBytes *body; /* JSON; of an error {"error": {message, type, code}} */
  gint64 retry_after_ms;      /* 0: none */
  const char *const *headers; /* name, value, name, value, ..., NULL */
} AiExchangeReply; /* (transfer none), for the length of the call */

typedef struct {
  /* A header or an argument of the request; NULL: none. Called before ai_exchange_start() returns, never after. */
  const char *(*header)(gpointer user, const char *name);
  const char *(*argument)(gpointer user, const char *name);
  gboolean (*left)(gpointer user); /* TRUE: the client is gone */
  void (*reply)(const AiExchangeReply *reply, gpointer user);
  /* An event of a stream (status 200); `name` NULL: bare data. Takes `data`: one line. */
  void (*event)(const char *name, GBytes *data, gpointer user);
  void (*end)(gpointer user);
} AiExchangeFace;

/* TRUE: the gateway is in this process, so that exchanges can be had with it. */
gboolean ai_exchange_is_possible(const AiGateway *gateway);
/* `body` NULL: none. `face` must be static. */
void ai_exchange_start(AiGateway *gateway, const char *method, const char *path, GBytes *body, const AiExchangeFace *face, gpointer user);

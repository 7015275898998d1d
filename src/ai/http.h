/*
 * The gateway over HTTP: the OpenAI API (/v1/chat/completions, /v1/embeddings, /v1/models), /llm/summary, /llm/async,
 * /health, /metrics. The server is part of the gateway's own loops (http_connection.c), so a request, its upstream and its reply
 * meet one thread only. Keys of ai.yaml decide who a caller is; without keys everyone is the local caller.
 */
#pragma once
#include <netinet/in.h>

#include "ai/ai.h"

typedef struct AiHttp AiHttp;
/* The gateway must be one of this process and outlive it. (transfer full) */
AiHttp *ai_http_start(AiGateway *gateway, const struct sockaddr *address, socklen_t length, GError **error);
int ai_http_port(const AiHttp *http);
/* Takes no more requests, lets those in flight end for `drain_ms`, then cancels them. NULL is fine */
void ai_http_stop(AiHttp *http, gint64 drain_ms);

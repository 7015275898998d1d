/*
 * GET /v1/ws: questions and their events over one WebSocket (RFC 6455; frames by wslay). A client sends JSON objects as text
 * messages, each with a "type" and, where it likes, a "ref" that comes back with every event about it:
 *   {"type": "ask", "ref": "1", "question": ...}    as the body of POST /v1/ask
 *   {"type": "query", "ref": "2", "query": ...}     as the body of POST /v1/query
 *   {"type": "resume", "id": ID, "after": N}        events of an answer on its way behind number N
 *   {"type": "cancel", "id": ID}
 *   {"type": "ping"}
 * and receives {"ref", "id", "seq", "event", "data"} with the events of text/event-stream, {"event": "pong"}, and
 * {"event": "error", "data": problem} for what it should not have sent. One thread serves all sockets.
 *
 * Bounds of a connection: SOCKET_MAX_FLIGHTS answers at once, messages of SOCKET_MAX_MESSAGE bytes (else closed, 1009),
 * SOCKET_MAX_QUEUED bytes on their way to it (events wait in their streams; a client that does not read is not read from).
 * Binary messages close it (1003), text that is not UTF-8 too (1007). Silent ones are pinged, dead ones dropped.
 */
#pragma once
#include <microhttpd.h>

#include "server/route.h"

#define SOCKET_MAX_CONNECTIONS 2048
#define SOCKET_MAX_FLIGHTS 16
#define SOCKET_MAX_MESSAGE ((guint64)256 << 10)
#define SOCKET_MAX_QUEUED ((gsize)512 << 10)
#define SOCKET_MAX_QUEUED_FRAMES 256
#define SOCKET_PING_MS 20000
#define SOCKET_DEAD_MS 60000
#define SOCKET_CLOSE_MS 3000

typedef struct SocketHub SocketHub;
SocketHub *socket_hub_new(ServerState *state); /* NULL when the system gives none. (transfer full) */
/* Says good-bye to all (1001) and waits a little for them; takes no more. */
void socket_hub_stop(SocketHub *hub);
void socket_hub_free(SocketHub *hub); /* stops first when needed. NULL is fine */
/* The reply that makes a connection a socket; `key` as the client sent it. NULL: there are too many. */
struct MHD_Response *socket_hub_response(SocketHub *hub, const char *key);
int socket_hub_count(SocketHub *hub);

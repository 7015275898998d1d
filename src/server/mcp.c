/* POST /mcp: the Model Context Protocol over HTTP, without sessions; every reply is one JSON message. */
#include "agent/mcp.h"
#include "server/route.h"

void handle_mcp(const Call *call, Reply *reply) {
  McpServer server = {.service = call->state->service, .agents = call->state->agents, .scope = call->state->scope, .as_of = DAY_NONE,
                      .request_ms = deadline_left_ms(call->deadline)};
  g_autoptr(json_t) message = mcp_handle(&server, call->body, call->deadline.cancelled);
  if (message != NULL) reply_set_json(reply, 200, message);
  else reply_set_bytes(reply, 202, MEDIA_JSON, g_bytes_new_static("", 0));
}

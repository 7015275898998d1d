/* Inside the protocol: what its files share. */
#pragma once
#include "agent/mcp.h"

typedef enum { RPC_PARSE = -32700, RPC_INVALID = -32600, RPC_NO_METHOD = -32601, RPC_PARAMS = -32602, RPC_INTERNAL = -32603,
               RPC_NO_RESOURCE = -32002, RPC_BUSY = -32000, RPC_VERSION = -32022 } RpcCode;

/* One request on its way. */
typedef struct {
  const McpServer *server;
  const json_t *params; /* an object; NULL: none */
  gboolean stateless;   /* 2026-07-28: results carry their kind and how long they hold */
  Deadline deadline;
  guint progress;       /* told so far */
  RpcCode code;         /* set with `message` when there is no result */
  char *message;        /* owned */
} McpCall;

/* Says why there is no result; returns NULL. */
json_t *mcp_fault(McpCall *call, RpcCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Says that the call is so far, where its caller wants to know. */
void mcp_tell_progress(McpCall *call, const char *what);

/* Results of the methods. NULL: see `code` and `message`. (transfer full) */
json_t *mcp_list_tools(McpCall *call);
json_t *mcp_call_tool(McpCall *call);
json_t *mcp_list_resources(McpCall *call);
json_t *mcp_list_resource_templates(McpCall *call);
json_t *mcp_read_resource(McpCall *call);

/* What describe_model and the resources show: the model as this caller may see it, or one dataset of it; NULL: no such. (transfer full) */
json_t *mcp_describe(const McpServer *server, const char *dataset);

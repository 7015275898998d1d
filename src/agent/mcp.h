/*
 * The Model Context Protocol (modelcontextprotocol.io), by which other programs' language models use this workspace:
 * tools `ask`, `semantic_query`, `describe_model`, `search_values`, `explain_change`, and the model as resources.
 * JSON-RPC 2.0 messages in, JSON-RPC messages out; mcp_serve_stdio() and the server's POST /mcp carry them.
 *
 * Both ways of agreeing on a version are spoken: the `initialize` handshake (2024-11-05 to 2025-11-25), and the stateless
 * form (2026-07-28), where every request names its version in `_meta` and `server/discover` tells what there is.
 * Nothing is kept between messages, so one McpServer serves any number of callers; all are safe from any thread.
 * Everything is seen through the caller's access scope, as everywhere.
 */
#pragma once
#include "agent/agent.h"

/* Most that one call of `ask` may cost, in billionths of the price table's currency. */
#define MCP_QUESTION_NANO ((gint64)50000000)
/* Longest message that is read. */
#define MCP_MAX_MESSAGE ((gsize)1 << 20)
/* Rows of a result that a tool gives when the caller does not say how many. */
#define MCP_DEFAULT_ROWS 200
#define MCP_MAX_ROWS 5000

/* Who is served, and with what. All (transfer none). */
typedef struct {
  AnswerService *service;
  AgentService *agents; /* `ask` goes through it: a user's words, and a model where one is configured; NULL: rules alone */
  AccessScope *scope;
  Day as_of;         /* DAY_NONE: as for any question */
  gint64 request_ms; /* longest time for one call */
  gboolean tells_changes; /* whoever carries the messages sends mcp_list_changed() when data or model change */
  /* Takes a notification that belongs to the request being handled: how far it is, where it asked to know. On the
   * thread that handles it, before its reply. NULL: nobody listens. */
  void (*notify)(gpointer data, const json_t *notification);
  gpointer notify_data;
} McpServer;

/* Whether handling this message may call `notify`: it calls a tool and says by which token it wants to hear of it. Pure. */
gboolean mcp_wants_progress(const json_t *message);
/* The notification that there may be other resources, or other things in them. (transfer full) */
json_t *mcp_list_changed(void);
/* What a change of data or model changes: compare with the one before. (transfer full) */
char *mcp_state_of(AnswerService *service);

/*
 * One message. Requests get a reply, faults too; notifications and replies get none (NULL). `cancelled` may be NULL.
 * (transfer full)
 */
json_t *mcp_handle(const McpServer *server, const json_t *message, const gint *cancelled);
/* The same from bytes: what is not JSON is answered as a parse error. (transfer full) */
json_t *mcp_handle_text(const McpServer *server, const char *bytes, gsize length, const gint *cancelled);

/*
 * Lines of JSON from `input`, replies as lines to `output`, until the input ends; calls run beside each other, at most
 * MCP_STDIO_CALLS at once, and `notifications/cancelled` stops one. Changes of data or model are told to a client that
 * has said `notifications/initialized`, within MCP_LOOK_MS. TRUE when the input ended in good order.
 */
#define MCP_LOOK_MS 2000
#define MCP_STDIO_CALLS 4
#define MCP_STDIO_WAITING 64
gboolean mcp_serve_stdio(const McpServer *server, int input, int output, GError **error);

/* The route table: what addresses exist, what they take and give. Everything that speaks of routes is made from it. */
#pragma once
#include "cache/cache.h"
#include "media/media.h"
#include "server/metrics.h"
#include "server/reply.h"
#include "server/server.h"
#include "server/worker_pool.h"

#define ROUTE_MAX_PARAMETERS 8

typedef enum { PARAMETER_NONE, PARAMETER_TEXT, PARAMETER_INTEGER } ParameterKind;
typedef struct {
  ParameterKind kind;
  const char *name;
  gboolean in_path;
  gboolean required;
  gint64 minimum, maximum; /* of the number; of the text's length in characters */
  gint64 fallback;         /* integers */
  const char *description;
  const char *choices;     /* texts: "a|b|c" and nothing else; NULL: any */
} RouteParameter;

/* What handlers may use of the server. */
typedef struct ServerState ServerState;
typedef struct Call Call;
struct ServerState {
  AnswerService *service;
  AccessScope *scope;
  json_t *components; /* schemas by name */
  GBytes *openapi;
  Cache *bodies;           /* of requests read lately: what their bytes say */
  Metrics metrics;
  gint draining;           /* atomic: no new work is taken */
  int (*waiting)(gpointer server);
  gboolean (*submit)(gpointer server, Work *work); /* work for the pool; FALSE: its queue is full, or the server stops */
  gpointer server;
  EventHub *events;
  struct TaskRunner *tasks;
  struct SocketHub *sockets;
  struct AgentService *agents; /* NULL: none (transfer none) */
  struct AiGateway *gateway;   /* whose addresses are served here; NULL: none (transfer none) */
  ChartDrawer *charts;
  EventStream *mcp_news;   /* what programs over the Model Context Protocol are told unasked */
  EventStream *news;       /* what has changed, for pages that show it */
  struct Schedule *schedule;      /* NULL: schedules are left to others */
  struct RegistryWatch *registry; /* tables that lie elsewhere */
  gint64 request_ms;       /* how long a question may take */
  gint64 abandon_ms;       /* how long it goes on when nobody reads its events any more */
  void (*finish)(const Call *call); /* of Route.start */
};

/* One request, checked against its route. */
struct Call {
  ServerState *state;
  const struct Route *route;
  const char *method;  /* of the route */
  const json_t *body; /* meets the route's schema; NULL */
  const char *texts[ROUTE_MAX_PARAMETERS]; /* NULL: not given */
  gint64 integers[ROUTE_MAX_PARAMETERS];
  const char *accept_encoding, *if_none_match; /* headers; NULL */
  Deadline deadline;
  const char *socket_key; /* of a WebSocket's handshake; NULL: this is none, or not a good one */
  guint64 last_event; /* number of the last event the client saw; 0: none */
  /* Of the request; NULL: it has none of that name. Until the call is finished. */
  const char *(*header)(const Call *call, const char *name);
};

typedef void (*RouteHandler)(const Call *call, Reply *reply);
/* Answers without waiting, or leaves the reply empty (status 0): then the handler runs on a worker. */
typedef RouteHandler RouteShortcut;

typedef struct Route {
  const char *method, *path, *operation, *summary;
  RouteParameter parameters[ROUTE_MAX_PARAMETERS];
  const char *request;  /* name of the body's schema; NULL: no body */
  gsize body_max;
  const char *media_type, *response; /* of success, NULL: nothing is sent (204); name of its schema, NULL: not JSON */
  int status;           /* of success where it is not 200 or 204 */
  gboolean pooled;      /* may take long: runs on a worker */
  const char *accepted; /* name of the schema of a 202, where success may also be that; NULL */
  RouteHandler handler;
  RouteShortcut shortcut; /* NULL: none */
  /* Instead of `handler`: begins what others go on with; the connection sleeps until ServerState.finish(call), once, from
   * any thread and with a reply. Must not wait. */
  RouteHandler start;
  RouteHandler events;    /* takes over where the client prefers text/event-stream; must not wait; leaves the reply empty where
                            `handler` is to answer after all; NULL: no such form */
  const char *events_about; /* which events there are; NULL: none */
} Route;

extern const Route routes[];
guint routes_count(void);

typedef struct {
  const Route *route;    /* NULL: see `allow` */
  char *path_value;      /* what stands for {name}; owned */
  char *allow;           /* the methods of this path, when the method is wrong; NULL: no such path; owned */
} RouteMatch;
void route_match_clear(RouteMatch *match);
/* HEAD is GET. `path` is decoded. */
void route_match(const char *method, const char *path, RouteMatch *match);

/* ---- handlers (handlers.c, pages.c) ---- */
void handle_ask(const Call *call, Reply *reply);
void handle_ask_from_cache(const Call *call, Reply *reply);
void handle_ask_events(const Call *call, Reply *reply);
void handle_socket(const Call *call, Reply *reply);
void handle_stream(const Call *call, Reply *reply);
void handle_stream_cancel(const Call *call, Reply *reply);
void handle_news(const Call *call, Reply *reply);
void handle_news_events(const Call *call, Reply *reply);
void handle_answer(const Call *call, Reply *reply);
void handle_export(const Call *call, Reply *reply);
void handle_history(const Call *call, Reply *reply);
void handle_threads(const Call *call, Reply *reply);
void handle_thread(const Call *call, Reply *reply);
void handle_thread_rename(const Call *call, Reply *reply);
void handle_thread_delete(const Call *call, Reply *reply);
void handle_pins(const Call *call, Reply *reply);
void handle_pin_add(const Call *call, Reply *reply);
void handle_pin_change(const Call *call, Reply *reply);
void handle_pin_delete(const Call *call, Reply *reply);
void handle_feedback(const Call *call, Reply *reply);
void handle_task_add(const Call *call, Reply *reply);
void handle_tasks(const Call *call, Reply *reply);
void handle_task(const Call *call, Reply *reply);
void handle_task_status(const Call *call, Reply *reply);
void handle_task_cancel(const Call *call, Reply *reply);
void handle_link_add(const Call *call, Reply *reply);
void handle_link(const Call *call, Reply *reply);
void handle_registry_refresh(const Call *call, Reply *reply);
void handle_registry_event(const Call *call, Reply *reply);
void handle_query(const Call *call, Reply *reply);
void handle_understand(const Call *call, Reply *reply);
void handle_suggest(const Call *call, Reply *reply);
void handle_values(const Call *call, Reply *reply);
void handle_model(const Call *call, Reply *reply);
void handle_table(const Call *call, Reply *reply);
void handle_tables(const Call *call, Reply *reply);
void handle_health(const Call *call, Reply *reply);
void handle_ready(const Call *call, Reply *reply);
void handle_metrics(const Call *call, Reply *reply);
void handle_openapi(const Call *call, Reply *reply);
void handle_mcp(const Call *call, Reply *reply);
void handle_mcp_events(const Call *call, Reply *reply);
void handle_mcp_glance(const Call *call, Reply *reply);
void handle_mcp_listen(const Call *call, Reply *reply);
void mcp_tell_change(ServerState *state); /* data or model have changed; any thread */
void handle_page(const Call *call, Reply *reply);
void handle_page_part(const Call *call, Reply *reply);
void handle_page_icon(const Call *call, Reply *reply);

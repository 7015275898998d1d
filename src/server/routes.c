#include "server/route.h"

#include "server/agents.h"
#include "server/models.h"

#include <string.h>

#define KB ((gsize)1 << 10)
/* Parameters that many have. */
#define ID_OF(what) {PARAMETER_TEXT, "id", TRUE, TRUE, 1, 64, 0, "Id of " what ".", NULL}
#define SEARCH {PARAMETER_TEXT, "q", FALSE, FALSE, 0, 200, 0, "Text it contains.", NULL}
#define LIMIT(most) {PARAMETER_INTEGER, "limit", FALSE, FALSE, 1, 200, most, "How many at most.", NULL}
#define ANSWER_EVENTS "Events accepted, understood, running, result, sentences, then done (an Answer) or error (a Problem)."
#define BEFORE {PARAMETER_INTEGER, "before", FALSE, FALSE, 0, G_MAXINT64, 0, "\"next\" of the list before: what comes behind it.", NULL}

const Route routes[] = {
    {.method = "POST", .path = "/v1/ask", .operation = "ask", .summary = "Ask a question in words",
     .request = "AskRequest", .body_max = 32 * KB, .media_type = MEDIA_JSON, .response = "Answer",
     .pooled = TRUE, .handler = handle_ask, .shortcut = handle_ask_from_cache, .events = handle_ask_events, .events_about = ANSWER_EVENTS},
    {.method = "POST", .path = "/v1/query", .operation = "query", .summary = "Run a semantic query",
     .request = "QueryRequest", .body_max = 256 * KB, .media_type = MEDIA_JSON, .response = "Answer",
     .pooled = TRUE, .handler = handle_query, .events = handle_ask_events, .events_about = ANSWER_EVENTS},
    {.method = "GET", .path = "/v1/streams/{id}", .operation = "stream",
     .summary = "Events of an answer on its way, from behind the last one seen (header Last-Event-ID)",
     .parameters = {{PARAMETER_TEXT, "id", TRUE, TRUE, 1, 64, 0, "Id of the answer, as its first event tells it.", NULL},
                    {PARAMETER_INTEGER, "after", FALSE, FALSE, 0, G_MAXINT32, 0, "Number of the last event seen.", NULL}},
     .media_type = MEDIA_EVENTS, .handler = handle_stream, .events_about = ANSWER_EVENTS},
    {.method = "DELETE", .path = "/v1/streams/{id}", .operation = "cancelStream", .summary = "Cancel an answer on its way",
     .parameters = {{PARAMETER_TEXT, "id", TRUE, TRUE, 1, 64, 0, "Id of the answer, as its first event tells it.", NULL}},
     .media_type = NULL, .handler = handle_stream_cancel},
    {.method = "GET", .path = "/v1/ws", .operation = "socket",
     .summary = "A WebSocket (version 13): several questions at once, their events, cancelling", .status = 101, .handler = handle_socket},
    {.method = "GET", .path = "/v1/events", .operation = "news",
     .summary = "That threads, pins, tasks, links or the snapshot have changed: what there is now, or as events for as long as one listens",
     .parameters = {{PARAMETER_INTEGER, "after", FALSE, FALSE, 0, G_MAXINT32, 0, "Number of the last event seen; 0: only what comes.", NULL}},
     .media_type = MEDIA_JSON, .response = "News", .handler = handle_news, .events = handle_news_events,
     .events_about = "An event for each change, named after what has changed. It does not end before the client leaves or the server stops."},
    {.method = "GET", .path = "/v1/answers/{id}", .operation = "answer", .summary = "An answer given before, computed again",
     .parameters = {ID_OF("the answer")}, .media_type = MEDIA_JSON, .response = "Answer", .pooled = TRUE, .handler = handle_answer},
    {.method = "GET", .path = "/v1/answers/{id}/export", .operation = "export",
     .summary = "An answer as a file: its rows as CSV or Excel workbook, its chart as picture, all of it as a page to print",
     .parameters = {ID_OF("the answer"),
                    {PARAMETER_TEXT, "format", FALSE, TRUE, 1, 8, 0, "Kind of file.", "csv|xlsx|png|svg|html"},
                    {PARAMETER_TEXT, "theme", FALSE, FALSE, 1, 8, 0, "Colours of the chart; light.", "light|dark"},
                    {PARAMETER_TEXT, "chart", FALSE, FALSE, 1, 8, 0, "Kind of chart, where both fit.", "bar|line"},
                    {PARAMETER_INTEGER, "width", FALSE, FALSE, 200, 2000, 900, "Of the chart, in pixels.", NULL},
                    {PARAMETER_INTEGER, "height", FALSE, FALSE, 150, 2000, 500, "Of the chart, in pixels.", NULL},
                    {PARAMETER_INTEGER, "scale", FALSE, FALSE, 1, 4, 2, "Pixels of a PNG for each of the chart's.", NULL}},
     .media_type = MEDIA_ANY, .pooled = TRUE, .handler = handle_export},
    {.method = "GET", .path = "/v1/history", .operation = "history", .summary = "Questions asked before, newest first",
     .parameters = {SEARCH, LIMIT(50), BEFORE}, .media_type = MEDIA_JSON, .response = "History", .pooled = TRUE, .handler = handle_history},
    {.method = "GET", .path = "/v1/threads", .operation = "threads", .summary = "Conversations, newest first",
     .parameters = {SEARCH, LIMIT(50), BEFORE}, .media_type = MEDIA_JSON, .response = "Threads", .pooled = TRUE, .handler = handle_threads},
    {.method = "GET", .path = "/v1/threads/{id}", .operation = "thread", .summary = "A conversation and its turns, oldest first",
     .parameters = {ID_OF("the conversation: its session")}, .media_type = MEDIA_JSON, .response = "ThreadWithTurns", .pooled = TRUE,
     .handler = handle_thread},
    {.method = "PATCH", .path = "/v1/threads/{id}", .operation = "renameThread", .summary = "Give a conversation another title",
     .parameters = {ID_OF("the conversation: its session")}, .request = "ThreadChange", .body_max = 4 * KB, .media_type = MEDIA_JSON,
     .response = "Thread", .pooled = TRUE, .handler = handle_thread_rename},
    {.method = "DELETE", .path = "/v1/threads/{id}", .operation = "deleteThread",
     .summary = "Remove a conversation from the list; its questions stay in the history",
     .parameters = {ID_OF("the conversation: its session")}, .pooled = TRUE, .handler = handle_thread_delete},
    {.method = "GET", .path = "/v1/pins", .operation = "pins", .summary = "Pinned answers, in their order",
     .media_type = MEDIA_JSON, .response = "Pins", .pooled = TRUE, .handler = handle_pins},
    {.method = "POST", .path = "/v1/pins", .operation = "addPin", .summary = "Pin a semantic query",
     .request = "NewPin", .body_max = 256 * KB, .media_type = MEDIA_JSON, .response = "Pin", .status = 201, .pooled = TRUE,
     .handler = handle_pin_add},
    {.method = "PATCH", .path = "/v1/pins/{id}", .operation = "changePin", .summary = "Rename or move a pin, or change its chart",
     .parameters = {ID_OF("the pin")}, .request = "PinChange", .body_max = 4 * KB, .media_type = MEDIA_JSON, .response = "Pin",
     .pooled = TRUE, .handler = handle_pin_change},
    {.method = "DELETE", .path = "/v1/pins/{id}", .operation = "deletePin", .summary = "Remove a pin",
     .parameters = {ID_OF("the pin")}, .pooled = TRUE, .handler = handle_pin_delete},
    {.method = "POST", .path = "/v1/feedback", .operation = "feedback", .summary = "Say whether an answer helped; the newest word counts",
     .request = "NewFeedback", .body_max = 32 * KB, .media_type = MEDIA_JSON, .response = "Feedback", .status = 201, .pooled = TRUE,
     .handler = handle_feedback},
    {.method = "POST", .path = "/v1/tasks", .operation = "addTask",
     .summary = "Answer a question that may take long, also when nobody waits and across restarts",
     .request = "TaskRequest", .body_max = 256 * KB, .media_type = MEDIA_JSON, .response = "Task", .status = 202, .pooled = TRUE,
     .handler = handle_task_add},
    {.method = "GET", .path = "/v1/tasks", .operation = "tasks", .summary = "Tasks, newest first",
     .parameters = {LIMIT(50)}, .media_type = MEDIA_JSON, .response = "Tasks", .pooled = TRUE, .handler = handle_tasks},
    {.method = "GET", .path = "/v1/tasks/{id}", .operation = "task", .summary = "A task with what was asked and, once it is done, its answer",
     .parameters = {ID_OF("the task")}, .media_type = MEDIA_JSON, .response = "Task", .pooled = TRUE, .handler = handle_task},
    {.method = "DELETE", .path = "/v1/tasks/{id}", .operation = "cancelTask", .summary = "Cancel a task; remove it when it has ended",
     .parameters = {ID_OF("the task")}, .pooled = TRUE, .handler = handle_task_cancel},
    {.method = "GET", .path = "/status/{id}", .operation = "taskStatus", .summary = "How far a task is",
     .parameters = {ID_OF("the task")}, .media_type = MEDIA_JSON, .response = "Task", .pooled = TRUE, .handler = handle_task_status},
    {.method = "POST", .path = "/v1/links", .operation = "addLink", .summary = "Share a semantic query, never its data",
     .request = "NewLink", .body_max = 256 * KB, .media_type = MEDIA_JSON, .response = "Link", .status = 201, .pooled = TRUE,
     .handler = handle_link_add},
    {.method = "GET", .path = "/v1/links/{id}", .operation = "link", .summary = "What a shared link asks",
     .parameters = {ID_OF("the link")}, .media_type = MEDIA_JSON, .response = "Link", .pooled = TRUE, .handler = handle_link},
    {.method = "POST", .path = "/v1/understand", .operation = "understand",
     .summary = "What a question means, without running it",
     .request = "UnderstandRequest", .body_max = 32 * KB, .media_type = MEDIA_JSON, .response = "Answer",
     .pooled = TRUE, .handler = handle_understand},
    {.method = "GET", .path = "/v1/suggest", .operation = "suggest", .summary = "Complete a half-typed question",
     .parameters = {{PARAMETER_TEXT, "q", FALSE, TRUE, 0, 500, 0, "What has been typed so far.", NULL},
                    {PARAMETER_INTEGER, "limit", FALSE, FALSE, 1, 50, 10, "How many suggestions at most.", NULL}},
     .media_type = MEDIA_JSON, .response = "Suggestions", .pooled = TRUE, .handler = handle_suggest},
    {.method = "GET", .path = "/v1/values/{field}", .operation = "values", .summary = "Values of a field, most rows first",
     .parameters = {{PARAMETER_TEXT, "field", TRUE, TRUE, 1, 200, 0, "A field of the model, \"field\" or \"dataset.field\".", NULL},
                    {PARAMETER_TEXT, "q", FALSE, FALSE, 0, 200, 0, "Text the values contain.", NULL},
                    {PARAMETER_INTEGER, "limit", FALSE, FALSE, 1, 1000, 20, "How many values at most.", NULL}},
     .media_type = MEDIA_JSON, .response = "Values", .pooled = TRUE, .handler = handle_values},
    {.method = "GET", .path = "/v1/model", .operation = "model", .summary = "The semantic model",
     .media_type = MEDIA_JSON, .response = "Model", .pooled = TRUE, .handler = handle_model},
    {.method = "GET", .path = "/v1/tables", .operation = "tables", .summary = "The tables of the current snapshot",
     .media_type = MEDIA_JSON, .response = "Tables", .pooled = TRUE, .handler = handle_tables},
    {.method = "POST", .path = "/v1/agent", .operation = "agent",
     .summary = "Ask a question in steps, with a language model where rules end; as events, each step is told",
     .request = "AgentRequest", .body_max = 32 * KB, .media_type = MEDIA_JSON, .response = "Answer", .pooled = TRUE,
     .handler = handle_agent, .events = handle_agent_events,
     .events_about = "Events accepted, step for each step, sentence for each checked sentence of a model while it writes (restarted: those before count no more), then done (an Answer) or error."},
    {.method = "GET", .path = "/v1/traces/{id}", .operation = "trace", .summary = "What a run of the agent did, step by step",
     .parameters = {ID_OF("the run, or of the answer it gave")}, .media_type = MEDIA_JSON, .response = "Trace", .pooled = TRUE,
     .handler = handle_trace},
    {.method = "GET", .path = "/v1/memory", .operation = "memory", .summary = "What words mean to the caller",
     .media_type = MEDIA_JSON, .response = "Memory", .pooled = TRUE, .handler = handle_memory},
    {.method = "POST", .path = "/v1/memory", .operation = "addMemory", .summary = "Say what a word means; replaces what it meant",
     .request = "NewMemory", .body_max = 4 * KB, .media_type = MEDIA_JSON, .response = "MemoryEntry", .status = 201, .pooled = TRUE,
     .handler = handle_memory_add},
    {.method = "DELETE", .path = "/v1/memory/{id}", .operation = "forgetMemory", .summary = "Forget what a word means",
     .parameters = {ID_OF("the entry")}, .pooled = TRUE, .handler = handle_memory_forget},
    {.method = "GET", .path = "/v1/tables/{name}", .operation = "table", .summary = "A table with its versions, freshness and quality",
     .parameters = {{PARAMETER_TEXT, "name", TRUE, TRUE, 1, 200, 0, "As GET /v1/tables names it.", NULL}},
     .media_type = MEDIA_JSON, .response = "TableDetail", .pooled = TRUE, .handler = handle_table},
    {.method = "POST", .path = "/v1/registry/refresh", .operation = "refreshRegistry",
     .summary = "Look again at tables that lie elsewhere (registry.yaml), and say what is known of them",
     .request = "RegistryRefresh", .body_max = 16 * KB, .media_type = MEDIA_JSON, .response = "Registry", .pooled = TRUE,
     .handler = handle_registry_refresh},
    {.method = "POST", .path = "/v1/registry/events", .operation = "registryEvent",
     .summary = "An event notification of S3: what it is about is looked at soon",
     .request = "S3Event", .body_max = 1024 * KB, .media_type = MEDIA_JSON, .response = "S3EventSeen", .status = 202, .pooled = TRUE,
     .handler = handle_registry_event},
    {.method = "POST", .path = "/v1/chat/completions", .operation = "chat",
     .summary = "A language model's answer, in OpenAI's form; budgets, limits, guards and failover are the model gateway's",
     .request = "ChatRequest", .body_max = AI_EXCHANGE_MAX_BODY, .media_type = MEDIA_JSON, .response = "ChatCompletion",
     .start = handle_models_exchange, .events = handle_models_exchange, .events_about = "Where a stream is asked for: OpenAI's chunks, then [DONE]."},
    {.method = "POST", .path = "/v1/embeddings", .operation = "embed", .summary = "Vectors of texts, in OpenAI's form",
     .request = "EmbeddingsRequest", .body_max = AI_EXCHANGE_MAX_BODY, .media_type = MEDIA_JSON, .response = "Embeddings",
     .start = handle_models_exchange},
    {.method = "GET", .path = "/v1/models", .operation = "models", .summary = "The logical models that may be called, in OpenAI's form",
     .media_type = MEDIA_JSON, .response = "LanguageModels", .start = handle_models_exchange},
    {.method = "POST", .path = "/llm/summary", .operation = "summarize",
     .summary = "A template filled with its input and answered by a model, checked against that input; at once, or later (\"async\": true)",
     .request = "SummaryRequest", .body_max = AI_EXCHANGE_MAX_BODY, .media_type = MEDIA_JSON, .response = "Summary", .accepted = "SummaryAccepted",
     .start = handle_models_exchange, .events = handle_models_exchange,
     .events_about = "Where a stream is asked for: {text, restarted} for each piece, then {result} (a Summary) or {error}."},
    {.method = "GET", .path = "/llm/async", .operation = "summaryLater",
     .summary = "What became of a summary that was to be made later; of a series: its finished ones; of neither: the caller's newest",
     .parameters = {{PARAMETER_TEXT, "id", FALSE, FALSE, 1, 64, 0, "As the 202 told it.", NULL},
                    {PARAMETER_TEXT, "series", FALSE, FALSE, 1, 200, 0, "Instead of an id.", NULL},
                    {PARAMETER_INTEGER, "wait", FALSE, FALSE, 0, 60, 0, "Seconds to wait for its end.", NULL}},
     .media_type = MEDIA_JSON, .response = "SummaryJob", .start = handle_models_exchange, .events = handle_models_exchange,
     .events_about = "An event \"state\" (a SummaryJob) for each change, until the job has ended or a minute is over."},
    {.method = "DELETE", .path = "/llm/async", .operation = "cancelSummary", .summary = "Cancel a summary that was to be made later; one that has ended stays",
     .parameters = {{PARAMETER_TEXT, "id", FALSE, TRUE, 1, 64, 0, "As the 202 told it.", NULL}},
     .media_type = MEDIA_JSON, .response = "SummaryJob", .start = handle_models_exchange},
    {.method = "POST", .path = "/mcp", .operation = "mcp", .summary = "One message of the Model Context Protocol",
     .request = "McpMessage", .body_max = 1024 * KB, .media_type = MEDIA_JSON, .response = "McpReply", .pooled = TRUE,
     .handler = handle_mcp, .events = handle_mcp_events,
     .events_about = "For a tool call with a progress token: notifications of how far it is, then the reply; each an event named message."},
    {.method = "GET", .path = "/mcp", .operation = "mcpListen",
     .summary = "What the Model Context Protocol's server says by itself: that data or model have changed. It does not end before the client leaves",
     .media_type = MEDIA_EVENTS, .handler = handle_mcp_glance, .events = handle_mcp_listen, .events_about = "JSON-RPC notifications, each an event named message."},
    {.method = "GET", .path = "/healthz", .operation = "health", .summary = "Whether the program runs",
     .media_type = MEDIA_JSON, .response = "Health", .handler = handle_health},
    {.method = "GET", .path = "/readyz", .operation = "ready", .summary = "Whether questions are taken",
     .media_type = MEDIA_JSON, .response = "Health", .handler = handle_ready},
    {.method = "GET", .path = "/metrics", .operation = "metrics", .summary = "Counters in Prometheus' text format",
     .media_type = "text/plain; version=0.0.4; charset=utf-8", .handler = handle_metrics},
    {.method = "GET", .path = "/openapi.json", .operation = "openapi", .summary = "This description",
     .media_type = MEDIA_JSON, .response = "Document", .handler = handle_openapi},
    {.method = "GET", .path = "/", .operation = "page", .summary = "A page that asks and shows",
     .media_type = "text/html; charset=utf-8", .handler = handle_page},
    {.method = "GET", .path = "/assets/{file}", .operation = "pagePart", .summary = "A part of the page",
     .parameters = {{PARAMETER_TEXT, "file", TRUE, TRUE, 1, 200, 0, "A name that the page itself holds.", NULL}},
     .media_type = MEDIA_ANY, .handler = handle_page_part},
    {.method = "GET", .path = "/favicon.svg", .operation = "icon", .summary = "The page's icon",
     .media_type = "image/svg+xml", .handler = handle_page_icon},
};

guint routes_count(void) {
  G_STATIC_ASSERT(G_N_ELEMENTS(routes) <= METRICS_MAX_ROUTES);
  return G_N_ELEMENTS(routes);
}

void route_match_clear(RouteMatch *match) {
  g_clear_pointer(&match->path_value, g_free);
  g_clear_pointer(&match->allow, g_free);
  match->route = NULL;
}

/* TRUE when the path has the form of the template; its one {name} stands for one segment that is not empty. */
static gboolean path_matches(const char *template, const char *path, const char **value, gsize *length) {
  *value = NULL;
  *length = 0;
  const char *brace = strchr(template, '{');
  if (brace == NULL) return strcmp(template, path) == 0;
  gsize fixed = (gsize)(brace - template);
  if (strncmp(template, path, fixed) != 0) return FALSE;
  *value = path + fixed;
  *length = strcspn(*value, "/");
  return *length > 0 && strcmp(strchr(brace, '}') + 1, *value + *length) == 0;
}

void route_match(const char *method, const char *path, RouteMatch *match) {
  memset(match, 0, sizeof *match);
  if (strcmp(method, "HEAD") == 0) method = "GET";
  for (guint i = 0; i < routes_count(); i++) {
    const char *value;
    gsize length;
    if (!path_matches(routes[i].path, path, &value, &length)) continue;
    if (strcmp(routes[i].method, method) == 0) {
      match->route = &routes[i];
      match->path_value = value != NULL ? g_strndup(value, length) : NULL;
      g_clear_pointer(&match->allow, g_free);
      return;
    }
    const char *methods = strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method;
    char *allow = match->allow != NULL ? g_strconcat(match->allow, ", ", methods, NULL) : g_strdup(methods);
    g_free(match->allow);
    match->allow = allow;
  }
}

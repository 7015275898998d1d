/*
 * Two callers of one service at once, with scopes of their own: nothing of what only one may see reaches the other, through
 * answers, events, traces, memory, resources, tools, or what a model is sent for them.
 */
#include <pthread.h>
#include <string.h>

#include "agent/mcp.h"
#include "shop.h"

#define ROUNDS 3

typedef struct {
  const char *user;
  const char *scope;          /* JSON */
  const char *hidden[8];      /* what only others may see */
  const char *seen[4];        /* what this one may see, and does somewhere */
  const char *questions[10];
} Caller;
/* Revenue: 304.65 in all, 144.50 in the North, 104.15 in the South. Names that both have in their data stand in neither list. */
static const Caller CALLERS[] = {
    {"nora",
     "{\"user\": \"nora\", \"row_filters\": [{\"field\": \"Region\", \"values\": [\"North\"]}]}",
     {"Blue Kite", "Floor Lamp", "South", "West", "104.15", "304.65", "2022-11-30", "sunny side"},
     {"Road Atlas", "144.5"},
     {"revenue", "revenue by region", "revenue by product", "list rows with product and revenue", "revenue by month", "revenue of Blu Kite",
      "revenue of illumination", "revenue by flumph", "revenue by region, subsequently orders by category"}},
    {"sven",
     "{\"user\": \"sven\", \"row_filters\": [{\"field\": \"Region\", \"values\": [\"South\"]}], \"hidden_fields\": [\"Mood\"]}",
     {"Lamps", "Road Atlas", "North", "Mood", "merry", "144.5", "304.65", "dark side"},
     {"Blue Kite", "104.15"},
     {"revenue", "revenue by region", "revenue by product", "list rows with product and revenue", "revenue by month", "revenue of Rod Atlas",
      "revenue of illumination", "revenue by feeling", "revenue by region, subsequently orders by category"}}};

typedef struct {
  const Caller *caller;
  Shop *shop;
  AccessScope *scope;
  GString *told;    /* everything that reached this caller, or a model for them */
  char *answer;     /* id of one of their answers */
} Session;

/* Of both sessions; the model finds the caller's by its scope. */
static Session sessions[G_N_ELEMENTS(CALLERS)];

static void tell(Session *session, const json_t *json) {
  g_autofree char *text = json_to_text(json, JSON_PLAIN);
  g_string_append(session->told, text);
  g_string_append_c(session->told, '\n');
}

/* Says something to everything, from what it was shown, and notes what that was. A caller's runs are on one thread. */
static gboolean nosy_model(gpointer data, const AgentModelCall *call, AgentModelReply *reply, GError **error) {
  (void)data;
  (void)error;
  for (guint i = 0; i < G_N_ELEMENTS(sessions); i++)
    if (strcmp(call->scope->user, sessions[i].caller->user) == 0) tell(&sessions[i], call->input);
  const char *name = json_object_iter_key(json_object_iter(json_object_get(call->input, "names")));
  const char *unknown = json_string_value(json_array_get(json_object_get(call->input, "unknown"), 0));
  if (strcmp(call->purpose, "plan") == 0)
    reply->json = json_pack("{s:[{s:s}, {s:s}]}", "parts", "question", "revenue by region", "question", "orders by category");
  else
    reply->json = json_pack("{s:[{s:s, s:s}], s:{s:[s]}}", "words", "text", unknown != NULL ? unknown : "", "means", name != NULL ? name : "", "query",
                            "metrics", "revenue");
  reply->cost_nano = 1;
  return TRUE;
}

static void on_event(gpointer data, const char *step, gint64 number, const json_t *detail) {
  (void)step;
  (void)number;
  tell(data, detail);
}

static void on_stage(gpointer data, const char *stage, const json_t *part) {
  (void)stage;
  tell(data, part);
}

static void ask(Session *session, const char *question) {
  AgentRequest request = {.ask = {.question = question, .scope = session->scope, .as_of = DAY_NONE, .deadline = deadline_in_ms(120000, NULL),
                                  .sink = on_stage, .sink_data = session},
                          .allow_model = TRUE, .max_cost_nano = 1000, .on_event = on_event, .on_event_data = session};
  g_autoptr(json_t) answer = agent_run(session->shop->agents, &request);
  tell(session, answer);
  g_autofree char *owner = agent_owner(session->scope);
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) trace = run_store_trace(agent_service_runs(session->shop->agents), json_get_string(answer, "id"), owner, &error);
  g_assert_no_error(error);
  tell(session, trace);
  if (answer != NULL && g_strcmp0(json_get_string(answer, "status"), "answered") == 0) {
    g_free(session->answer);
    session->answer = g_strdup(json_get_string(answer, "id"));
  }
}

static void use_tools(Session *session) {
  static const char *const MESSAGES[] = {
      "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/call\", \"params\": {\"name\": \"describe_model\", \"arguments\": {}}}",
      "{\"jsonrpc\": \"2.0\", \"id\": 2, \"method\": \"tools/call\", \"params\": {\"name\": \"describe_model\", \"arguments\": {\"dataset\": \"orders\"}}}",
      "{\"jsonrpc\": \"2.0\", \"id\": 3, \"method\": \"tools/call\", \"params\": {\"name\": \"search_values\", \"arguments\": {\"text\": \"kit\"}}}",
      "{\"jsonrpc\": \"2.0\", \"id\": 4, \"method\": \"tools/call\", \"params\": {\"name\": \"search_values\", \"arguments\": {\"text\": \"la\"}}}",
      "{\"jsonrpc\": \"2.0\", \"id\": 5, \"method\": \"tools/call\", \"params\": {\"name\": \"semantic_query\", \"arguments\": {\"query\": {\"metrics\": "
      "[\"revenue\"], \"dimensions\": [\"orders.region\", \"orders.product\"]}}}}",
      "{\"jsonrpc\": \"2.0\", \"id\": 6, \"method\": \"tools/call\", \"params\": {\"name\": \"explain_change\", \"arguments\": {\"metric\": \"revenue\", "
      "\"period\": {\"from\": \"2023-01-01\", \"to\": \"2024-01-01\"}}}}",
      "{\"jsonrpc\": \"2.0\", \"id\": 7, \"method\": \"tools/call\", \"params\": {\"name\": \"ask\", \"arguments\": {\"question\": \"profit by category\"}}}",
      "{\"jsonrpc\": \"2.0\", \"id\": 8, \"method\": \"resources/list\"}",
      "{\"jsonrpc\": \"2.0\", \"id\": 9, \"method\": \"resources/templates/list\"}",
      "{\"jsonrpc\": \"2.0\", \"id\": 10, \"method\": \"resources/read\", \"params\": {\"uri\": \"aisle://model\"}}"};
  McpServer server = {.service = session->shop->answers, .agents = session->shop->agents, .scope = session->scope, .as_of = DAY_NONE, .request_ms = 120000};
  for (guint i = 0; i < G_N_ELEMENTS(MESSAGES); i++) {
    g_autoptr(json_t) reply = mcp_handle_text(&server, MESSAGES[i], strlen(MESSAGES[i]), NULL);
    g_assert_nonnull(reply);
    tell(session, reply);
  }
}

static void *live(void *data) {
  Session *session = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *owner = agent_owner(session->scope);
  RunStore *runs = agent_service_runs(session->shop->agents);
  /* The same word means another thing to each. */
  const char *meaning = session == &sessions[0] ? "revenue dark side" : "revenue sunny side";
  g_assert_true(run_store_remember(runs, owner, "takings", meaning, "taught", NULL, &error));
  for (int round = 0; round < ROUNDS; round++) {
    for (const char *const *question = session->caller->questions; *question != NULL; question++) ask(session, *question);
    use_tools(session);
    g_autoptr(json_t) memory = run_store_memory(runs, owner, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(json_array_size(memory), ==, 1);
    tell(session, memory);
  }
  return NULL;
}

/* What one has by its id does not exist for the other. */
static void check_ids(const Session *of, const Session *other) {
  g_autoptr(GError) error = NULL;
  RunStore *runs = agent_service_runs(of->shop->agents);
  g_autofree char *owner = agent_owner(other->scope);
  g_assert_nonnull(of->answer);
  g_assert_null(run_store_trace(runs, of->answer, owner, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_clear_error(&error);
  AgentRequest request = {.ask = {.scope = other->scope, .as_of = DAY_NONE, .deadline = deadline_in_ms(120000, NULL)}};
  g_assert_null(agent_resume(of->shop->agents, of->answer, &request, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_clear_error(&error);
  request.ask.question = "and by category";
  request.ask.after = of->answer;
  g_autoptr(json_t) follow = agent_run(of->shop->agents, &request);
  g_assert_cmpstr(json_get_string(follow, "status"), !=, "answered");
  g_autoptr(json_t) memory = run_store_memory(runs, owner, &error);
  g_assert_false(run_store_forget(runs, owner, json_get_int(json_array_get(memory, 0), "id", 0) + (of == &sessions[0] ? -1 : 1), &error));
}

static void test_callers(void) {
  g_autofree char *weights = encoder_find_weights(NULL);
  char *folder = shop_workspace_new();
  g_autofree char *state = g_build_filename(folder, "state", NULL), *cache = g_build_filename(folder, "cache", NULL);
  g_autoptr(GError) error = NULL;
  Shop shop;
  shop_open(&shop, folder, NULL, NULL, FALSE);
  agent_service_free(shop.agents);
  AgentOptions options = {.answers = shop.answers, .state_folder = state, .cache_folder = cache, .weights = weights, .model = nosy_model};
  shop.agents = agent_service_open(&options, &error);
  g_assert_no_error(error);
  pthread_t threads[G_N_ELEMENTS(CALLERS)];
  for (guint i = 0; i < G_N_ELEMENTS(CALLERS); i++) {
    g_autoptr(json_t) scope = json_parse(CALLERS[i].scope, strlen(CALLERS[i].scope), &error);
    g_assert_no_error(error);
    sessions[i] = (Session){&CALLERS[i], &shop, access_scope_from_json(scope, &error), g_string_new(NULL), NULL};
    g_assert_no_error(error);
  }
  for (guint i = 0; i < G_N_ELEMENTS(CALLERS); i++) g_assert_cmpint(pthread_create(&threads[i], NULL, live, &sessions[i]), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS(CALLERS); i++) g_assert_cmpint(pthread_join(threads[i], NULL), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS(CALLERS); i++) {
    const char *told = sessions[i].told->str;
    for (guint j = 0; j < G_N_ELEMENTS(CALLERS[i].hidden) && CALLERS[i].hidden[j] != NULL; j++) {
      const char *leak = strstr(told, CALLERS[i].hidden[j]);
      if (leak != NULL) g_error("%s was told '%s': %.400s", CALLERS[i].user, CALLERS[i].hidden[j], leak - MIN(200, leak - told));
    }
    for (const char *const *seen = CALLERS[i].seen; *seen != NULL; seen++)
      if (strstr(told, *seen) == NULL) g_error("%s was never told '%s'", CALLERS[i].user, *seen);
    /* What a model was shown of near values: hers, and none of them his. */
    if (weights != NULL && i == 0) g_assert_nonnull(strstr(told, "value orders.category=Lamps"));
    check_ids(&sessions[i], &sessions[1 - i]);
  }
  for (guint i = 0; i < G_N_ELEMENTS(CALLERS); i++) {
    access_scope_unref(sessions[i].scope);
    g_string_free(sessions[i].told, TRUE);
    g_free(sessions[i].answer);
  }
  shop_close(&shop);
  shop_workspace_remove(folder);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/agent/callers", test_callers);
  return g_test_run();
}

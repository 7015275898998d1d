/* The face that other modules call, in this process and over HTTP to another gateway: the same requests, the same answers. */
#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <microhttpd.h>
#include <string.h>

#include "ai/ai.h"
#include "ai/http.h"

/* ---- a provider ---- */

static const char REPLY[] = "{\"id\":\"1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
                            "\"content\":%s},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":4,\"total_tokens\":14}}";
static const char PIECE[] = "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"},\"finish_reason\":%s}]}\n\n";

/* What to say is decided by the path (which provider) and by words in the request. */
static char *reply_for(const char *url, const char *body, const char **type) {
  *type = "application/json";
  if (strstr(url, "/embeddings") != NULL) return g_strdup("{\"data\":[{\"index\":1,\"embedding\":[3,4]},{\"index\":0,\"embedding\":[1,2]}],\"usage\":{\"prompt_tokens\":2}}");
  if (strstr(body, "sleep") != NULL) g_usleep(1500000);
  if (strstr(body, "\"stream\":true") != NULL) {
    *type = "text/event-stream";
    g_autofree char *first = g_strdup_printf(PIECE, strstr(url, "/broken") != NULL ? "half " : "whole ", "null");
    g_autofree char *second = g_strdup_printf(PIECE, "answer", "\"stop\"");
    return strstr(url, "/broken") != NULL ? g_steal_pointer(&first) : g_strconcat(first, second, "data: [DONE]\n\n", NULL);
  }
  return g_strdup_printf(REPLY, strstr(body, "json_schema") != NULL ? "\"{\\\"n\\\": 7}\"" : "\"Hello there.\"");
}

static enum MHD_Result provide(void *data, struct MHD_Connection *connection, const char *url, const char *method, const char *version, const char *upload, size_t *size,
                               void **kept) {
  (void)data;
  (void)method;
  (void)version;
  GString *body = *kept;
  if (body == NULL) {
    *kept = g_string_new(NULL);
    return MHD_YES;
  }
  if (*size > 0) {
    g_string_append_len(body, upload, (gssize)*size);
    *size = 0;
    return MHD_YES;
  }
  const char *type;
  g_autofree char *text = reply_for(url, body->str, &type);
  struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
  MHD_add_response_header(response, "Content-Type", type);
  enum MHD_Result queued = MHD_queue_response(connection, 200, response);
  MHD_destroy_response(response);
  return queued;
}

static void forget(void *data, struct MHD_Connection *connection, void **kept, enum MHD_RequestTerminationCode code) {
  (void)data;
  (void)connection;
  (void)code;
  if (*kept != NULL) g_string_free(*kept, TRUE);
}

/* ---- gateways ---- */

typedef struct {
  struct MHD_Daemon *provider;
  char *folder;
  AiGateway *gateway, *remote;
  AiHttp *http;
} Fixture;

static const char CONFIG[] =
    "version: 1\nprices: prices.yaml\nprovidersX"
    "models:\n  query: {retries: 0, routes: [{provider: good, model: m}]}\n  flaky: {retries: 0, routes: [{provider: bad, model: m}], fallbacks: [{provider: good, model: m}]}\n"
    "  gone: {retries: 0, routes: [{provider: nobody, model: m}]}\n  embedding: {routes: [{provider: good, model: e}]}\n"
    "budgets: [{team: poor, limit: 0}]\n";

static void put_file(const Fixture *fixture, const char *name, const char *text) {
  g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void set_up(Fixture *fixture) {
  g_autoptr(GError) error = NULL;
  fixture->provider = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, provide, NULL, MHD_OPTION_NOTIFY_COMPLETED, forget, NULL,
                                       MHD_OPTION_SOCK_ADDR, &(struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, MHD_OPTION_END);
  g_assert_nonnull(fixture->provider);
  int port = MHD_get_daemon_info(fixture->provider, MHD_DAEMON_INFO_BIND_PORT)->port;
  fixture->folder = g_dir_make_tmp("aisle-ai-XXXXXX", NULL);
  g_autofree char *providers = g_strdup_printf("providers:\n  good: {type: openai, url: 'http://127.0.0.1:%d/v1'}\n  bad: {type: openai, url: 'http://127.0.0.1:%d/broken'}\n"
                                               "  nobody: {type: openai, url: 'http://127.0.0.1:9/v1'}\n", port, port);
  g_auto(GStrv) parts = g_strsplit(CONFIG, "providersX", 2);
  g_autofree char *config = g_strjoinv(providers, parts), *path = g_build_filename(fixture->folder, "ai.yaml", NULL);
  put_file(fixture, "ai.yaml", config);
  put_file(fixture, "prices.yaml", "prices: [{model: m, input: 2, output: 10}]\n");
  AiGatewayOptions options = {.config_path = path, .state_folder = fixture->folder};
  fixture->gateway = ai_gateway_open(&options, &error);
  g_assert_no_error(error);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  fixture->http = ai_http_start(fixture->gateway, (struct sockaddr *)&address, sizeof address, &error);
  g_assert_no_error(error);
  g_autofree char *url = g_strdup_printf("http://127.0.0.1:%d/", ai_http_port(fixture->http));
  fixture->remote = ai_gateway_connect(url, NULL, &error);
  g_assert_no_error(error);
}

static void tear_down(Fixture *fixture) {
  ai_gateway_free(fixture->remote);
  ai_http_stop(fixture->http, 1000);
  ai_gateway_free(fixture->gateway);
  MHD_stop_daemon(fixture->provider);
  g_autoptr(GDir) dir = g_dir_open(fixture->folder, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name(dir)) != NULL) {
    g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
    g_unlink(path);
  }
  g_rmdir(fixture->folder);
  g_free(fixture->folder);
}

static json_t *message(const char *text) {
  return json_pack("[{s:s, s:s}]", "role", "user", "content", text);
}

/* ---- both faces ---- */

static void check_answers(AiGateway *gateway) {
  g_autoptr(json_t) messages = message("Hi"), schema = json_pack("{s:s, s:{s:{s:s}}}", "type", "object", "properties", "n", "type", "integer");
  AiRequest request = AI_REQUEST_INIT;
  request.model = "query";
  request.purpose = "test";
  request.messages = messages;
  request.deadline = deadline_in_ms(20000, NULL);
  g_auto(AiResponse) plain = {0}, structured = {0};
  g_autoptr(GError) error = NULL;
  ai_complete(gateway, &request, &plain, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(plain.text, ==, "Hello there.");
  g_assert_cmpstr(plain.finish_reason, ==, "stop");
  g_assert_cmpstr(plain.route, ==, "good/m");
  g_assert_cmpint(plain.usage.input_tokens, ==, 10);
  g_assert_cmpint(plain.usage.cost_nano, ==, 60000); /* 10 x 2 + 4 x 10 millionths */
  request.output_schema = schema;
  ai_complete(gateway, &request, &structured, &error);
  g_assert_no_error(error);
  g_assert_cmpint(json_get_int(structured.json, "n", 0), ==, 7);
  g_assert_true(ai_gateway_has_model(gateway, "query"));
  g_assert_false(ai_gateway_has_model(gateway, "other"));
}

static void check_errors(AiGateway *gateway) {
  static const struct {
    const char *model, *team;
    AisleErrorCode code;
  } CASES[] = {{"other", NULL, AISLE_ERROR_UNSUPPORTED}, {"query", "poor", AISLE_ERROR_BUDGET}, {"gone", NULL, AISLE_ERROR_UPSTREAM}};
  g_autoptr(json_t) messages = message("Hi");
  for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
    AiRequest request = AI_REQUEST_INIT;
    request.model = CASES[i].model;
    request.caller.team = CASES[i].team;
    request.messages = messages;
    request.deadline = deadline_in_ms(20000, NULL);
    g_auto(AiResponse) response = {0};
    g_autoptr(GError) error = NULL;
    g_assert_false(ai_complete(gateway, &request, &response, &error));
    g_assert_error(error, AISLE_ERROR, (gint)CASES[i].code);
    g_assert_cmpstr(response.text, ==, "");
  }
}

static void check_vectors(AiGateway *gateway) {
  const char *const texts[] = {"a", "b"};
  AiCaller caller = {.user = "ann"};
  guint dimensions = 0;
  g_autoptr(GError) error = NULL;
  g_autofree float *vectors = ai_embed(gateway, "embedding", &caller, texts, 2, &dimensions, deadline_in_ms(20000, NULL), &error);
  g_assert_no_error(error);
  g_assert_cmpuint(dimensions, ==, 2);
  for (int i = 0; i < 4; i++) g_assert_cmpfloat(vectors[i], ==, (float)(i + 1));
}

static void test_inside(void) {
  Fixture fixture;
  set_up(&fixture);
  check_answers(fixture.gateway);
  check_errors(fixture.gateway);
  check_vectors(fixture.gateway);
  tear_down(&fixture);
}

static void test_over_http(void) {
  Fixture fixture;
  set_up(&fixture);
  check_answers(fixture.remote);
  check_errors(fixture.remote);
  check_vectors(fixture.remote);
  tear_down(&fixture);
}

/* ---- streams and stopping ---- */

static void collect(const char *text, gboolean restarted, gpointer user) {
  g_string_append(user, restarted ? "[again]" : "");
  g_string_append(user, text);
}

static void test_repeated_call(void) {
  Fixture fixture;
  set_up(&fixture);
  g_autoptr(json_t) messages = message("Hi");
  AiRequest request = AI_REQUEST_INIT;
  request.model = "query";
  request.caller.user = "ann";
  request.messages = messages;
  request.idempotency = "run-1.plan.1";
  for (int i = 0; i < 3; i++) {
    g_auto(AiResponse) response = {0};
    g_autoptr(GError) error = NULL;
    if (i == 2) request.caller.user = "bob";
    ai_complete(fixture.gateway, &request, &response, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(response.text, ==, "Hello there.");
    g_assert_cmpint(response.cache, ==, i == 1 ? AI_CACHE_HIT : AI_CACHE_MISS);
    g_assert_cmpint(response.usage.cost_nano, ==, i == 1 ? 0 : 60000);
    g_usleep(400000); /* it is written within that */
  }
  tear_down(&fixture);
}

static void test_stream_restarts(void) {
  Fixture fixture;
  set_up(&fixture);
  g_autoptr(json_t) messages = message("Hi");
  g_autoptr(GString) heard = g_string_new(NULL);
  AiRequest request = AI_REQUEST_INIT;
  request.model = "flaky";
  request.messages = messages;
  request.on_text = collect;
  request.on_text_user = heard;
  g_auto(AiResponse) response = {0};
  g_autoptr(GError) error = NULL;
  ai_complete(fixture.gateway, &request, &response, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(heard->str, ==, "half [again]whole answer");
  g_assert_cmpstr(response.text, ==, "whole answer");
  g_assert_cmpint(response.attempts, ==, 2);
  /* Over HTTP it arrives in the same pieces. */
  g_string_truncate(heard, 0);
  g_auto(AiResponse) far = {0};
  request.no_cache = TRUE;
  ai_complete(fixture.remote, &request, &far, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(heard->str, ==, "half [again]whole answer");
  g_assert_cmpstr(far.text, ==, "whole answer");
  /* What fails before its first word fails as without a stream. */
  g_auto(AiResponse) none = {0};
  request.model = "gone";
  g_assert_false(ai_complete(fixture.remote, &request, &none, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM);
  tear_down(&fixture);
}

static gpointer cancel_soon(gpointer flag) {
  g_usleep(100000);
  g_atomic_int_set((gint *)flag, 1);
  return NULL;
}

static void test_stopping(void) {
  Fixture fixture;
  set_up(&fixture);
  g_autoptr(json_t) messages = message("sleep");
  gint flag = 0;
  AiRequest request = AI_REQUEST_INIT;
  request.model = "query";
  request.messages = messages;
  request.deadline = deadline_in_ms(20000, &flag);
  g_auto(AiResponse) first = {0}, second = {0};
  g_autoptr(GError) error = NULL;
  GThread *thread = g_thread_new("cancel", cancel_soon, &flag);
  g_assert_false(ai_complete(fixture.gateway, &request, &first, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CANCELLED);
  g_thread_join(thread);
  g_clear_error(&error);
  request.deadline = deadline_in_ms(100, NULL);
  g_assert_false(ai_complete(fixture.gateway, &request, &second, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TIMEOUT);
  tear_down(&fixture);
}

static void test_without_configuration(void) {
  g_autofree char *folder = g_dir_make_tmp("aisle-ai-XXXXXX", NULL), *path = g_build_filename(folder, "ai.yaml", NULL);
  AiGatewayOptions options = {.config_path = path, .state_folder = folder};
  g_autoptr(GError) error = NULL;
  AiGateway *gateway = ai_gateway_open(&options, &error);
  g_assert_no_error(error);
  g_assert_false(ai_gateway_has_model(gateway, "query"));
  g_autoptr(json_t) messages = message("Hi");
  AiRequest request = AI_REQUEST_INIT;
  request.model = "query";
  request.messages = messages;
  g_auto(AiResponse) response = {0};
  g_assert_false(ai_complete(gateway, &request, &response, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED);
  ai_gateway_free(gateway);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name(dir)) != NULL) {
    g_autofree char *file = g_build_filename(folder, name, NULL);
    g_unlink(file);
  }
  g_rmdir(folder);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ai/gateway/inside", test_inside);
  g_test_add_func("/ai/gateway/over_http", test_over_http);
  g_test_add_func("/ai/gateway/repeated_call", test_repeated_call);
  g_test_add_func("/ai/gateway/stream_restarts", test_stream_restarts);
  g_test_add_func("/ai/gateway/stopping", test_stopping);
  g_test_add_func("/ai/gateway/without_configuration", test_without_configuration);
  return g_test_run();
}

#include "shop.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Mood is no word of retail: what means the same is unknown to rules today and tomorrow. */
static const char SHOP_CSV[] =
    "Order ID,Order Date,Region,Category,Product,Quantity,Revenue,Profit,Mood\n"
    "A-1,2022-01-05,North,Toys,Red Kite,2,21.00,4.20,merry\n"
    "A-1,2022-01-05,North,Lamps,Desk Lamp,1,27.00,-3.00,calm\n"
    "A-2,2022-02-11,South,Toys,Blue Kite,5,49.95,11.00,calm\n"
    "A-3,2022-11-30,South,Books,Field Guide,1,12.20,2.10,gloomy\n"
    "A-4,2023-03-08,North,Books,Road Atlas,3,66.00,20.00,merry\n"
    "A-5,2023-03-21,West,Lamps,Floor Lamp,1,56.00,-8.40,gloomy\n"
    "A-6,2023-12-24,South,Toys,Red Kite,4,42.00,8.40,merry\n"
    "A-7,2024-01-02,North,Books,Field Guide,2,30.50,6.00,calm\n";

static void make_workspace(const char *folder) {
  g_autoptr(GError) error = NULL;
  g_autofree char *csv = g_build_filename(folder, "orders.csv", NULL), *settings = g_build_filename(folder, "aisle.yaml", NULL);
  g_assert_true(g_file_set_contents(csv, SHOP_CSV, -1, &error));
  g_assert_true(g_file_set_contents(settings, "version: 1\n", -1, &error));
  EngineOptions options = {.threads = 1};
  g_autoptr(Engine) engine = engine_open_duckdb(&options, &error);
  g_assert_no_error(error);
  const char *const paths[] = {csv, NULL};
  g_autoptr(GPtrArray) tables = lake_import(engine, folder, paths, NULL, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  g_assert_true(lake_snapshot_publish(folder, "", &error));
  g_autoptr(LakeSnapshot) snapshot = lake_snapshot_open(folder, NULL, &error);
  g_assert_true(lake_snapshot_attach(snapshot, engine, DEADLINE_NEVER, &error));
  g_assert_true(engine_execute(engine, "CREATE TABLE orders AS FROM lake.orders", DEADLINE_NEVER, &error));
  g_autoptr(GHashTable) notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(Model) model = model_infer(engine, "shop", tables, notes, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  g_assert_true(model_save(model, notes, folder, &error));
}

char *shop_workspace_new(void) {
  char *folder = g_dir_make_tmp("aisle-agent-XXXXXX", NULL);
  g_assert_nonnull(folder);
  /* In a process of its own, so that the caller has no threads and may fork again. */
  pid_t child = fork();
  if (child == 0) {
    make_workspace(folder);
    _exit(0);
  }
  int status = 0;
  g_assert_cmpint(waitpid(child, &status, 0), ==, child);
  g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return folder;
}

static void remove_tree(const char *path) {
  g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
  const char *name;
  while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
    g_autofree char *inner = g_build_filename(path, name, NULL);
    remove_tree(inner);
  }
  g_remove(path);
}

void shop_workspace_remove(char *folder) {
  remove_tree(folder);
  g_free(folder);
}

/* ---- the model ---- */

/* TRUE when this key was not charged before. */
static gboolean charge(Script *script, const char *key) {
  if (script->ledger == NULL) return TRUE;
  g_autofree char *before = NULL;
  gsize length = 0;
  if (!g_file_get_contents(script->ledger, &before, &length, NULL)) before = g_strdup("");
  g_autofree char *line = g_strconcat(key, "\n", NULL);
  if (strstr(before, line) != NULL) return FALSE;
  g_autofree char *after = g_strconcat(before, line, NULL);
  g_assert_true(g_file_set_contents(script->ledger, after, -1, NULL));
  return TRUE;
}

static gboolean fail_as(const char *name, GError **error) {
  for (int code = 0; code < AISLE_ERROR_COUNT; code++)
    if (strcmp(aisle_error_info(code)->name, name) == 0) g_set_error_literal(error, AISLE_ERROR, code, "the script says so");
  g_assert_nonnull(*error);
  return FALSE;
}

gboolean script_call(gpointer data, const AgentModelCall *call, AgentModelReply *reply, GError **error) {
  Script *script = data;
  if (script->used == NULL) script->used = g_hash_table_new(g_str_hash, g_str_equal);
  const json_t *replies = json_object_get(script->script, call->purpose);
  guint number = GPOINTER_TO_UINT(g_hash_table_lookup(script->used, call->purpose));
  /* The record of a gateway: the same call again gets the same reply. It ends with the round. */
  const char *dot = strrchr(call->idempotency, '.');
  g_assert_nonnull(dot);
  guint round = (guint)text_leading_number(dot + 1);
  g_hash_table_insert(script->used, (gpointer)g_intern_string(call->purpose), GUINT_TO_POINTER(number + 1));
  script->calls++;
  const json_t *said = json_array_get(replies, MIN(round, MAX(json_array_size(replies), 1) - 1));
  if (charge(script, call->idempotency)) script->charged++;
  if (said == NULL) return fail_as("unsupported", error);
  if (json_get_bool(said, "$kill", FALSE)) kill(getpid(), SIGKILL);
  gint64 sleep_ms = json_get_int(said, "$sleep_ms", 0);
  if (sleep_ms > 0) {
    g_usleep((gulong)MIN(sleep_ms, deadline_left_ms(call->deadline)) * 1000);
    if (!deadline_check(call->deadline, error)) return FALSE;
  }
  const char *problem = json_get_string(said, "$error");
  if (problem != NULL) return fail_as(problem, error);
  g_autofree char *whole = json_to_text(said, JSON_PLAIN);
  for (gsize at = 0; call->on_text != NULL && whole[at] != '\0';) { /* as a model would: a few bytes at a time */
    g_autofree char *piece = g_strndup(whole + at, 7);
    call->on_text(piece, FALSE, call->on_text_data);
    at += strlen(piece);
  }
  reply->json = json_deep_copy(said);
  reply->cost_nano = SCRIPT_CALL_COST;
  reply->model = g_strdup("script");
  return TRUE;
}

/* ---- service ---- */

void shop_open(Shop *shop, const char *folder, const json_t *scope, Script *script, gboolean with_weights) {
  g_autoptr(GError) error = NULL;
  shop->scope = scope != NULL ? access_scope_from_json(scope, &error) : access_scope_new_local();
  g_assert_no_error(error);
  AnswerServiceOptions answers = {.workspace = folder, .threads = 1};
  shop->answers = answer_service_open(&answers, &error);
  g_assert_no_error(error);
  g_autofree char *state = g_build_filename(folder, "state", NULL), *cache = g_build_filename(folder, "cache", NULL), *weights = with_weights ? encoder_find_weights(NULL) : NULL;
  AgentOptions agents = {.answers = shop->answers, .state_folder = state, .cache_folder = cache, .weights = weights, .model = script != NULL ? script_call : NULL,
                         .model_data = script};
  shop->agents = agent_service_open(&agents, &error);
  g_assert_no_error(error);
}

void shop_close(Shop *shop) {
  agent_service_free(shop->agents);
  answer_service_free(shop->answers);
  access_scope_unref(shop->scope);
}

AgentRequest shop_request(const Shop *shop, const char *question) {
  return (AgentRequest){.ask = {.question = question, .scope = shop->scope, .as_of = DAY_NONE, .deadline = deadline_in_ms(60000, NULL)},
                        .allow_model = TRUE, .max_cost_nano = 100 * SCRIPT_CALL_COST};
}

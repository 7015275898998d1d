/* A run that is killed after any step, or while a model is answering, goes on from there and is charged once. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shop.h"

#define QUESTION "revenue by region, subsequently orders by category"
#define STEPS_AT_MOST 16

static json_t *script_of(gboolean kills) {
  const char *plan = "{\"parts\":[{\"question\":\"revenue by region\"},{\"question\":\"orders by category\"}]}";
  const char *narrate = "{\"sentences\":[\"North leads with revenue of 144.50.\"]}";
  g_autofree char *text = g_strdup_printf("{\"plan\":[%s],\"narrate\":[%s]}", kills ? "{\"$kill\":true}" : plan, narrate);
  return json_parse(text, strlen(text), NULL);
}

static void kill_at(gpointer data, const char *step, gint64 number, const json_t *detail) {
  (void)step;
  (void)detail;
  if (number == *(const int *)data) kill(getpid(), SIGKILL);
}

typedef struct {
  const char *folder, *ledger, *out, *resume;
  int die_after;
  gboolean die_in_call;
} Life;

/* In a process of its own: runs, or goes on with, the question and writes down what came out. */
static void live(const Life *life) {
  g_autoptr(json_t) said = script_of(life->die_in_call);
  Script script = {.script = said, .ledger = life->ledger};
  Shop shop;
  shop_open(&shop, life->folder, NULL, &script, FALSE);
  AgentRequest request = shop_request(&shop, QUESTION);
  request.prose = TRUE;
  request.ask.id = "a_run";
  request.on_event = life->die_after > 0 ? kill_at : NULL;
  request.on_event_data = (gpointer)&life->die_after;
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) answer = life->resume != NULL ? agent_resume(shop.agents, life->resume, &request, &error) : agent_run(shop.agents, &request);
  g_assert_no_error(error);
  g_autoptr(json_t) told = json_pack("{s:O, s:O, s:O, s:I}", "rows", json_object_get(answer, "rows"), "status", json_object_get(answer, "status"),
                                     "narrative", json_object_get(answer, "narrative"), "charged", (json_int_t)script.charged);
  g_autofree char *text = json_to_text(told, JSON_PLAIN);
  g_assert_true(g_file_set_contents(life->out, text, -1, NULL));
  shop_close(&shop);
}

/* TRUE when it was killed. */
static gboolean in_child(const Life *life) {
  pid_t child = fork();
  if (child == 0) {
    live(life);
    _exit(0);
  }
  int status = 0;
  g_assert_cmpint(waitpid(child, &status, 0), ==, child);
  g_assert_true(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
  return WIFSIGNALED(status);
}

static guint count_lines(const char *path) {
  g_autofree char *text = NULL;
  if (!g_file_get_contents(path, &text, NULL, NULL)) return 0;
  guint lines = 0;
  for (const char *at = text; *at != '\0'; at++) lines += *at == '\n';
  return lines;
}

static json_t *result_of(const char *path) {
  g_autoptr(GError) error = NULL;
  json_t *result = json_parse_file(path, &error);
  g_assert_no_error(error);
  return result;
}

/* One life that dies, and one that goes on; FALSE when the first one came to its end. */
static gboolean die_and_go_on(int die_after, gboolean in_call, const json_t *expected, guint charges) {
  char *folder = shop_workspace_new();
  g_autofree char *ledger = g_build_filename(folder, "ledger", NULL), *out = g_build_filename(folder, "out.json", NULL);
  Life first = {.folder = folder, .ledger = ledger, .out = out, .die_after = die_after, .die_in_call = in_call};
  gboolean killed = in_child(&first);
  if (killed) {
    Life second = {.folder = folder, .ledger = ledger, .out = out, .resume = "a_run"};
    g_assert_false(in_child(&second));
    g_autoptr(json_t) result = result_of(out);
    json_object_del(result, "charged");
    g_autofree char *got = json_to_text(result, JSON_SORTED), *wanted = json_to_text(expected, JSON_SORTED);
    if (strcmp(got, wanted) != 0) g_error("killed after step %d: %s, not %s", die_after, got, wanted);
    g_assert_cmpuint(count_lines(ledger), ==, charges);
  }
  shop_workspace_remove(folder);
  return killed;
}

static void test_killed(void) {
  char *folder = shop_workspace_new();
  g_autofree char *ledger = g_build_filename(folder, "ledger", NULL), *out = g_build_filename(folder, "out.json", NULL);
  Life whole = {.folder = folder, .ledger = ledger, .out = out};
  g_assert_false(in_child(&whole));
  g_autoptr(json_t) expected = result_of(out);
  guint charges = count_lines(ledger);
  g_assert_cmpint(json_get_int(expected, "charged", 0), ==, 2); /* a plan and the sentences */
  json_object_del(expected, "charged");
  g_assert_nonnull(strstr(json_get_string(expected, "narrative"), "144.50"));
  shop_workspace_remove(folder);
  int killed = 0;
  for (int step = 1; step < STEPS_AT_MOST; step++) killed += die_and_go_on(step, FALSE, expected, charges);
  g_assert_cmpint(killed, >=, 8);
  g_assert_true(die_and_go_on(0, TRUE, expected, charges));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/agent/killed", test_killed);
  return g_test_run();
}

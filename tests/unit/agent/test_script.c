/* Whole runs with a model that is right, wrong in every way, slow, or absent: cases in tests/data/agent/cases.json. */
#include <string.h>

#include "agent/run.h"
#include "shop.h"

#define CASES "tests/data/agent/cases.json"

static const char *const VOLATILE[] = {"id", "timing_ms", "session", "after"};

static json_t *without_own(json_t *answer) {
  for (guint i = 0; i < G_N_ELEMENTS(VOLATILE); i++) json_object_del(answer, VOLATILE[i]);
  return answer;
}

static void assert_same(const json_t *answer, const json_t *expected, const char *name) {
  g_autoptr(json_t) left = without_own(json_deep_copy(answer)), right = without_own(json_deep_copy(expected));
  g_autofree char *got = json_to_text(left, JSON_SORTED), *wanted = json_to_text(right, JSON_SORTED);
  if (strcmp(got, wanted) != 0) g_error("%s: %s\nis not the rules' %s", name, got, wanted);
}

static json_t *trace_of(const Shop *shop, const json_t *answer) {
  g_autofree char *owner = agent_owner(shop->scope);
  g_autoptr(GError) error = NULL;
  json_t *trace = run_store_trace(agent_service_runs(shop->agents), json_get_string(answer, "id"), owner, &error);
  g_assert_no_error(error);
  return trace;
}

static void check_expected(const json_t *expect, const json_t *answer, const Script *script, const char *trace, const char *name) {
  g_autofree char *text = json_to_text(answer, JSON_PLAIN);
  const char *has = json_get_string(expect, "has"), *never = json_get_string(expect, "never"), *wrong = json_get_string(expect, "wrong");
  if (json_get_string(expect, "status") != NULL && !answer_is(answer, json_get_string(expect, "status"))) g_error("%s: %s", name, text);
  if (has != NULL && strstr(text, has) == NULL) g_error("%s: no '%s' in %s", name, has, text);
  if (never != NULL && strstr(text, never) != NULL) g_error("%s: '%s' stands in %s", name, never, text);
  if (wrong != NULL && strstr(trace, wrong) == NULL) g_error("%s: the trace does not say '%s': %s", name, wrong, trace);
  if (json_object_get(expect, "calls") != NULL) g_assert_cmpint(script->calls, ==, json_get_int(expect, "calls", 0));
}

/* Sentences that were told while they came, one a line. */
static void note_sentence(gpointer told, const char *sentence) {
  if (sentence == NULL) g_string_truncate(told, 0);
  else g_string_append_printf(told, "%s\n", sentence);
}

static char *folder; /* one workspace for all cases: what a run leaves belongs to the run */

static void run_case(gconstpointer data) {
  const json_t *test = data, *expect = json_object_get(test, "expect");
  const char *name = json_get_string(test, "name"), *question = json_get_string(test, "question");
  if (json_get_bool(test, "needs_weights", FALSE)) {
    g_autofree char *weights = encoder_find_weights(NULL);
    if (weights == NULL) {
      g_test_skip("the text encoder's weights are not installed (scripts/setup.sh weights)");
      return;
    }
  }
  Script script = {.script = json_object_get(test, "model")};
  Shop shop;
  shop_open(&shop, folder, json_object_get(test, "scope"), script.script != NULL ? &script : NULL, json_get_bool(test, "needs_weights", FALSE));
  AgentRequest request = shop_request(&shop, question);
  request.prose = json_get_bool(test, "prose", FALSE);
  request.allow_sql = json_get_bool(test, "allow_sql", FALSE);
  if (json_object_get(test, "ms") != NULL) request.ask.deadline = deadline_in_ms(json_get_int(test, "ms", 0), NULL);
  if (json_object_get(test, "budget_calls") != NULL) request.max_cost_nano = json_get_int(test, "budget_calls", 0) * SCRIPT_CALL_COST;
  g_autoptr(GString) told = g_string_new(NULL);
  request.on_sentence = note_sentence;
  request.on_sentence_data = told;
  g_autoptr(json_t) answer = agent_run(shop.agents, &request);
  if (json_get_string(expect, "told") != NULL) g_assert_cmpstr(told->str, ==, json_get_string(expect, "told"));
  g_autoptr(json_t) trace = trace_of(&shop, answer);
  g_autofree char *trace_text = json_to_text(trace, JSON_PLAIN);
  if (json_get_bool(expect, "rules", FALSE)) {
    AgentRequest plain = shop_request(&shop, question);
    g_autoptr(json_t) rules = answer_ask(shop.answers, &plain.ask);
    assert_same(answer, rules, name);
  }
  check_expected(expect, answer, &script, trace_text, name);
  g_clear_pointer(&script.used, g_hash_table_unref);
  shop_close(&shop);
}

/* What the person chose is read by rules the next time; another person's words are not. */
static void test_choice_is_learnt(void) {
  g_autofree char *weights = encoder_find_weights(NULL);
  if (weights == NULL) {
    g_test_skip("the text encoder's weights are not installed (scripts/setup.sh weights)");
    return;
  }
  g_autoptr(json_t) said = json_pack("{s:[{s:[{s:s, s:s}], s:{s:[s], s:[s]}}]}", "propose", "words", "text", "feeling", "means", "Mood", "query",
                                     "metrics", "revenue", "dimensions", "orders.mood");
  Script script = {.script = said};
  Shop shop;
  g_autoptr(json_t) own = json_pack("{s:s}", "user", "learner");
  shop_open(&shop, folder, own, &script, TRUE);
  AgentRequest request = shop_request(&shop, "revenue by feeling");
  g_autoptr(json_t) asked = agent_run(shop.agents, &request);
  g_assert_true(answer_is(asked, "clarify"));
  g_assert_cmpuint(json_array_size(json_object_get(json_object_get(asked, "clarify"), "options")), >=, 2);
  request.ask.question = "the first";
  request.ask.after = json_get_string(asked, "id");
  g_autoptr(json_t) chosen = agent_run(shop.agents, &request);
  g_assert_true(answer_is(chosen, "answered"));
  g_assert_cmpint(json_get_int(chosen, "row_count", 0), ==, 3);
  request.ask.question = "profit by feeling";
  request.ask.after = NULL;
  request.allow_model = FALSE;
  g_autoptr(json_t) again = agent_run(shop.agents, &request);
  g_assert_true(answer_is(again, "answered"));
  g_autoptr(json_t) other_scope = json_pack("{s:s}", "user", "other");
  Shop other;
  shop_open(&other, folder, other_scope, NULL, FALSE);
  AgentRequest others = shop_request(&other, "profit by feeling");
  g_autoptr(json_t) refused = agent_run(other.agents, &others);
  g_assert_true(answer_is(refused, "refused"));
  g_clear_pointer(&script.used, g_hash_table_unref);
  shop_close(&other);
  shop_close(&shop);
}

static void test_edges(void) {
  g_assert_cmpint(agent_next_state(STATE_ENGINEER, OUTCOME_WHOLE), ==, STATE_DONE);
  g_assert_cmpint(agent_next_state(STATE_VALIDATE, OUTCOME_REJECTED), ==, STATE_ENGINEER);
  g_assert_cmpint(agent_next_state(STATE_CHECK, OUTCOME_REJECTED), ==, STATE_COUNT);
  /* From every state an end can be reached, and nothing leads out of it. */
  for (int state = 0; state < STATE_DONE; state++) {
    gboolean leads_on = FALSE;
    AgentState parsed;
    for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) leads_on = leads_on || agent_next_state(state, outcome) != STATE_COUNT;
    g_assert_true(leads_on);
    g_assert_true(agent_state_parse(agent_state_name(state), &parsed) && (int)parsed == state);
  }
  for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) g_assert_cmpint(agent_next_state(STATE_DONE, outcome), ==, STATE_COUNT);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) cases = json_parse_file(CASES, &error);
  g_assert_no_error(error);
  g_test_add_func("/agent/edges", test_edges);
  for (gsize i = 0; i < json_array_size(cases); i++) {
    g_autofree char *path = g_strconcat("/agent/script/", json_get_string(json_array_get(cases, i), "name"), NULL);
    g_test_add_data_func(path, json_array_get(cases, i), run_case);
  }
  g_test_add_func("/agent/choice_is_learnt", test_choice_is_learnt);
  folder = shop_workspace_new();
  int failed = g_test_run();
  shop_workspace_remove(folder);
  return failed;
}

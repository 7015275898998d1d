/*
 * Times of agents and of the text encoder inside one process:
 *   measure_agent steps WORKSPACE QUESTIONS ROUNDS   a run of the agent beside the same question without it, no model
 *   measure_agent embed WEIGHTS TEXTS ROUNDS         one text -> one vector, one thread
 * Texts and questions are read from a file, one a line. One JSON object a line on stdout.
 */
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"

#define MAX_ROUNDS 100000

static int compare_times(const void *a, const void *b) {
  gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;
  return (left > right) - (left < right);
}

static double percentile(GArray *times, double share) {
  g_array_sort(times, compare_times);
  return (double)g_array_index(times, gint64, (guint)((double)(times->len - 1) * share));
}

static int fail(GError *error) {
  fprintf(stderr, "measure_agent: %s\n", error->message);
  g_error_free(error);
  return 1;
}

static int measure_embed(const char *weights, char **texts, int rounds) {
  GError *error = NULL;
  g_autoptr(Encoder) encoder = encoder_open(weights, &error);
  if (encoder == NULL) return fail(error);
  for (char **text = texts; *text != NULL; text++) {
    if (**text == '\0') continue;
    float vector[ENCODER_DIMENSIONS];
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(gint64)), tokens = encoder_tokenize(encoder, *text);
    for (int i = 0; i < rounds; i++) {
      gint64 started = g_get_monotonic_time();
      if (!encoder_embed(encoder, *text, vector, &error)) return fail(error);
      gint64 spent = g_get_monotonic_time() - started;
      g_array_append_val(times, spent);
    }
    g_autoptr(json_t) line = json_pack("{s:s, s:i, s:f, s:f}", "text", *text, "tokens", (int)tokens->len, "median_us", percentile(times, 0.5), "least_us",
                                       percentile(times, 0));
    g_autofree char *out = json_to_text(line, JSON_PLAIN);
    puts(out);
  }
  return 0;
}

/* Both ways in turn, so that what else the machine does falls on both. */
static void time_question(AnswerService *answers, AgentService *agents, AccessScope *scope, const char *question, int rounds) {
  g_autoptr(GArray) plain = g_array_new(FALSE, FALSE, sizeof(gint64)), by_agent = g_array_new(FALSE, FALSE, sizeof(gint64));
  AgentRequest request = {.ask = {.question = question, .scope = scope, .as_of = DAY_NONE, .deadline = DEADLINE_NEVER}, .allow_model = TRUE};
  for (int i = 0; i < rounds; i++) {
    gint64 started = g_get_monotonic_time();
    json_decref(answer_ask(answers, &request.ask));
    gint64 between = g_get_monotonic_time(), spent = between - started;
    g_array_append_val(plain, spent);
    json_decref(agent_run(agents, &request));
    spent = g_get_monotonic_time() - between;
    g_array_append_val(by_agent, spent);
  }
  g_autoptr(json_t) line = json_pack("{s:s, s:f, s:f, s:f, s:f}", "question", question, "ask_median_us", percentile(plain, 0.5), "agent_median_us",
                                     percentile(by_agent, 0.5), "ask_p99_us", percentile(plain, 0.99), "agent_p99_us", percentile(by_agent, 0.99));
  g_autofree char *out = json_to_text(line, JSON_PLAIN);
  puts(out);
}

static int measure_steps(const char *workspace, char **questions, int rounds) {
  GError *error = NULL;
  AnswerServiceOptions options = {.workspace = workspace, .threads = 1, .cache_bytes = (gsize)64 << 20};
  g_autoptr(AnswerService) answers = answer_service_open(&options, &error);
  if (answers == NULL) return fail(error);
  g_autofree char *state = g_build_filename(workspace, "state", NULL);
  AgentOptions agent_options = {.answers = answers, .state_folder = state};
  g_autoptr(AgentService) agents = agent_service_open(&agent_options, &error);
  if (agents == NULL) return fail(error);
  g_autoptr(AccessScope) scope = access_scope_new_local();
  for (char **question = questions; *question != NULL; question++)
    if (**question != '\0') time_question(answers, agents, scope, *question, rounds);
  return 0;
}

int main(int argc, char **argv) {
  int rounds = argc == 5 ? CLAMP(text_leading_number(argv[4]), 1, MAX_ROUNDS) : 0;
  g_autofree char *text = NULL;
  if (rounds == 0 || !g_file_get_contents(argv[3], &text, NULL, NULL)) {
    fprintf(stderr, "usage: measure_agent steps WORKSPACE QUESTIONS ROUNDS | embed WEIGHTS TEXTS ROUNDS\n");
    return 2;
  }
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  if (strcmp(argv[1], "steps") == 0) return measure_steps(argv[2], lines, rounds);
  if (strcmp(argv[1], "embed") == 0) return measure_embed(argv[2], lines, rounds);
  fprintf(stderr, "measure_agent: what is '%s'?\n", argv[1]);
  return 2;
}

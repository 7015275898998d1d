/*
 * Times inside one process, over questions read from a file (one a line):
 *   measure understand WORKSPACE QUESTIONS ROUNDS   question -> semantic query
 *   measure answer     WORKSPACE QUESTIONS ROUNDS   question -> finished JSON text, no result cache
 * One JSON object a line on stdout: {"question", "status", "median_us", "sql"}.
 */
#include "answer/answer.h"
#include <stdio.h>
#include <string.h>

#define MAX_ROUNDS 100000

static int compare_times(const void *a, const void *b) {
  gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;
  return (left > right) - (left < right);
}

static double median(GArray *times) {
  g_array_sort(times, compare_times);
  return (double)g_array_index(times, gint64, times->len / 2);
}

static void print_line(const char *question, const char *status, double median_us, const char *sql) {
  g_autoptr(json_t) line = json_pack("{s:s, s:s, s:f, s:s}", "question", question, "status", status, "median_us",
                                     median_us, "sql", sql ? sql : "");
  g_autofree char *text = json_to_text(line, JSON_PLAIN);
  printf("%s\n", text);
}

/* Many questions take less than the clock's microsecond tick, so a batch is timed and divided. */
static gboolean measure_understand(const Lexicon *lexicon, const char *question, int rounds, GError **error) {
  const int batch = 16;
  AskContext context = {.as_of = day_today()};
  g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(gint64));
  AskStatus status = ASK_REFUSED;
  for (int round = 0; round < rounds; round++) {
    gint64 started = g_get_monotonic_time();
    for (int i = 0; i < batch; i++) {
      g_autoptr(AskResult) result = ask_understand(lexicon, question, &context, error);
      if (!result) return FALSE;
      status = result->status;
    }
    gint64 spent = g_get_monotonic_time() - started;
    g_array_append_val(times, spent);
  }
  const char *names[] = {[ASK_UNDERSTOOD] = "answered", [ASK_CLARIFY] = "clarify", [ASK_REFUSED] = "refused"};
  print_line(question, names[status], median(times) / batch, NULL);
  return TRUE;
}

static gboolean measure_answer(AnswerService *service, AccessScope *scope, const char *question, int rounds) {
  g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(gint64));
  g_autoptr(json_t) answer = NULL;
  for (int round = 0; round < rounds; round++) {
    AnswerRequest request = {.question = question, .scope = scope, .as_of = DAY_NONE, .deadline = DEADLINE_NEVER};
    gint64 started = g_get_monotonic_time();
    g_autoptr(GBytes) text = answer_ask_text(service, &request, NULL);
    gint64 spent = g_get_monotonic_time() - started;
    g_array_append_val(times, spent);
    if (round == 0) answer = json_parse(g_bytes_get_data(text, NULL), g_bytes_get_size(text), NULL);
  }
  if (!answer) return FALSE;
  print_line(question, json_get_string(answer, "status"), median(times), json_get_string(answer, "sql"));
  return TRUE;
}

static gboolean measure_all(const char *what, const char *workspace, char **questions, int rounds, GError **error) {
  AnswerServiceOptions options = {.workspace = workspace};
  g_autoptr(AnswerService) service = answer_service_open(&options, error);
  if (!service) return FALSE;
  g_autoptr(AccessScope) scope = access_scope_new_local();
  g_autoptr(Lexicon) lexicon = answer_service_lexicon(service, scope, error);
  if (!lexicon) return FALSE;
  for (char **question = questions; *question; question++) {
    if (!**question) continue;
    gboolean measured = strcmp(what, "answer") == 0 ? measure_answer(service, scope, *question, rounds)
                                                    : measure_understand(lexicon, *question, rounds, error);
    if (!measured) return FALSE;
  }
  return TRUE;
}

int main(int argc, char **argv) {
  gint64 rounds = 0;
  if (argc != 5 || !g_ascii_string_to_signed(argv[4], 10, 1, MAX_ROUNDS, &rounds, NULL)) {
    fprintf(stderr, "usage: measure understand|answer WORKSPACE QUESTIONS ROUNDS\n");
    return 2;
  }
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  if (!g_file_get_contents(argv[3], &text, NULL, &error)) {
    fprintf(stderr, "measure: %s\n", error->message);
    return 1;
  }
  g_auto(GStrv) questions = g_strsplit(text, "\n", -1);
  if (!measure_all(argv[1], argv[2], questions, (int)rounds, &error)) {
    fprintf(stderr, "measure: %s\n", error ? error->message : "no answer");
    return 1;
  }
  return 0;
}

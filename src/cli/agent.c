/* aisle agent: questions in several steps. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "cli/agent_workspace.h"
#include "cli/cli.h"

#define MAX_LINE (1 << 20)
#define EXIT_CLARIFY 3
#define EXIT_REFUSED 4
#define TERMINAL_WIDTH 80

typedef struct {
  char *workspace, *scope_file, *as_of, *session, *after, *batch, *resume;
  gboolean json, steps, no_model, prose, sql;
  gint seconds;
  double budget;
  char **words;
} AgentFlags;

static void flags_clear(AgentFlags *flags) {
  char *texts[] = {flags->workspace, flags->scope_file, flags->as_of, flags->session, flags->after, flags->batch, flags->resume};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) g_free(texts[i]);
  g_strfreev(flags->words);
}

static gboolean parse_flags(int argc, char **argv, AgentFlags *flags, GError **error) {
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&flags->workspace),
      {"json", 0, 0, G_OPTION_ARG_NONE, &flags->json, "One JSON answer on standard output", NULL},
      {"steps", 0, 0, G_OPTION_ARG_NONE, &flags->steps, "Each step, and each sentence of a model, as a JSON line on standard error", NULL},
      {"no-model", 0, 0, G_OPTION_ARG_NONE, &flags->no_model, "Rules only", NULL},
      {"prose", 0, 0, G_OPTION_ARG_NONE, &flags->prose, "Sentences by the model, each checked, where there are several parts", NULL},
      {"allow-sql", 0, 0, G_OPTION_ARG_NONE, &flags->sql, "Where all else fails the model may write SQL (setting ai.sql); labelled", NULL},
      {"budget", 0, 0, G_OPTION_ARG_DOUBLE, &flags->budget, "Most that one question may cost (0.05), in the price table's currency", "MONEY"},
      {"as-of", 0, 0, G_OPTION_ARG_STRING, &flags->as_of, "The day that counts as today", "YYYY-MM-DD"},
      {"session", 0, 0, G_OPTION_ARG_STRING, &flags->session, "Conversation to go on with", "ID"},
      {"after", 0, 0, G_OPTION_ARG_STRING, &flags->after, "Answer that this question follows", "ID"},
      {"scope", 0, 0, G_OPTION_ARG_FILENAME, &flags->scope_file, "Access scope as a JSON file", "FILE"},
      {"batch", 0, 0, G_OPTION_ARG_FILENAME, &flags->batch, "Questions as JSON lines; one answer a line", "FILE"},
      {"resume", 0, 0, G_OPTION_ARG_STRING, &flags->resume, "Go on with a run that was interrupted ('all': every one)", "ID"},
      {"seconds", 0, 0, G_OPTION_ARG_INT, &flags->seconds, "Time allowed for one question (60)", "N"},
      {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &flags->words, NULL, "QUESTION"},
      {0}};
  g_autoptr(GOptionContext) context = g_option_context_new("- answer a question in steps, with a language model where rules end");
  g_option_context_add_main_entries(context, entries, NULL);
  g_autoptr(GError) problem = NULL;
  if (!g_option_context_parse(context, &argc, &argv, &problem)) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, problem->message);
    return FALSE;
  }
  if (flags->words != NULL || flags->batch != NULL || flags->resume != NULL) return cli_find_workspace(&flags->workspace, error);
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "say what you want to know:  aisle agent -w DIR \"sales by month\"");
  return FALSE;
}

static gboolean parse_day(const char *text, Day *out, GError **error) {
  *out = DAY_NONE;
  if (text == NULL || day_parse_iso(text, out)) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "'%s' is not a date; write it as YYYY-MM-DD", text);
  return FALSE;
}

static void show_step(gpointer data, const char *step, gint64 number, const json_t *detail) {
  (void)data;
  g_autoptr(json_t) line = json_pack("{s:I, s:s, s:O}", "number", (json_int_t)number, "step", step, "detail", detail);
  g_autofree char *text = json_to_text(line, JSON_PLAIN);
  fprintf(stderr, "%s\n", text);
}

static void show_sentence(gpointer data, const char *sentence) {
  (void)data;
  g_autoptr(json_t) line = sentence != NULL ? json_pack("{s:s}", "sentence", sentence) : json_pack("{s:b}", "restarted", 1);
  g_autofree char *text = json_to_text(line, JSON_PLAIN);
  fprintf(stderr, "%s\n", text);
}

static AgentRequest request_of(const AgentFlags *flags, const AgentWorkspace *workspace, Day as_of) {
  return (AgentRequest){.ask = {.scope = workspace->scope, .as_of = as_of, .after = flags->after, .session = flags->session,
                                .deadline = deadline_in_ms((gint64)flags->seconds * 1000, NULL)},
                        .allow_model = !flags->no_model, .prose = flags->prose, .allow_sql = flags->sql && workspace->sql_allowed, .max_cost_nano = (gint64)(flags->budget * 1e9),
                        .on_event = flags->steps ? show_step : NULL, .on_sentence = flags->steps ? show_sentence : NULL};
}

static int exit_status_of(const json_t *answer) {
  const char *status = json_get_string(answer, "status");
  if (g_strcmp0(status, "answered") == 0) return 0;
  if (g_strcmp0(status, "clarify") == 0) return EXIT_CLARIFY;
  if (g_strcmp0(status, "refused") == 0) return EXIT_REFUSED;
  const char *code = json_get_string(json_object_get(answer, "error"), "code");
  for (int i = 0; i < AISLE_ERROR_COUNT; i++)
    if (g_strcmp0(aisle_error_info(i)->name, code) == 0) return aisle_error_info(i)->exit_status;
  return aisle_error_info(AISLE_ERROR_INTERNAL)->exit_status;
}

static void print_answer(const json_t *answer, gboolean json) {
  g_autofree char *text = json ? json_to_text(answer, JSON_PLAIN) : answer_render_terminal(answer, TERMINAL_WIDTH, FALSE);
  fputs(text, stdout);
  if (json) putchar('\n');
}

/* ---- many questions ---- */

static json_t *ask_line(const AgentWorkspace *workspace, const AgentFlags *flags, GHashTable *ids, const json_t *line) {
  g_autoptr(GError) error = NULL;
  const char *as_of = json_get_string(line, "as_of") != NULL ? json_get_string(line, "as_of") : flags->as_of;
  Day day = DAY_NONE;
  if (json_get_string(line, "question") == NULL)
    g_set_error_literal(&error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "the line has no \"question\"");
  if (error != NULL || !parse_day(as_of, &day, &error))
    return json_pack("{s:s, s:{s:s, s:s}}", "status", "failed", "error", "code", aisle_error_info_of(error)->name, "message", error->message);
  const char *after = json_get_string(line, "after"), *known = after != NULL ? g_hash_table_lookup(ids, after) : NULL;
  AgentRequest request = request_of(flags, workspace, day);
  request.ask.question = json_get_string(line, "question");
  request.ask.after = known != NULL ? known : after;
  return agent_run(workspace->agents, &request);
}

static int run_batch(const AgentWorkspace *workspace, const AgentFlags *flags, GError **error) {
  FILE *file = strcmp(flags->batch, "-") == 0 ? stdin : fopen(flags->batch, "r");
  if (file == NULL) {
    aisle_error_set_errno(error, errno, "open '%s'", flags->batch);
    return aisle_error_info_of(*error)->exit_status;
  }
  g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  char *text = NULL;
  size_t capacity = 0;
  ssize_t length;
  int status = 0;
  while ((length = getline(&text, &capacity, file)) >= 0) {
    g_autoptr(json_t) line = length <= MAX_LINE ? json_parse(text, (gsize)length, NULL) : NULL;
    if (line == NULL) {
      fprintf(stderr, "aisle agent: a line that is not a JSON object was left out\n");
      status = aisle_error_info(AISLE_ERROR_BAD_INPUT)->exit_status;
      continue;
    }
    g_autoptr(json_t) answer = ask_line(workspace, flags, ids, line);
    const char *id = json_get_string(line, "id"), *answer_id = json_get_string(answer, "id");
    if (id != NULL && answer_id != NULL) {
      g_hash_table_replace(ids, g_strdup(id), g_strdup(answer_id));
      json_object_set_new(answer, "answer_id", json_string(answer_id));
      json_object_set_new(answer, "id", json_string(id));
    }
    print_answer(answer, TRUE);
  }
  free(text);
  if (file != stdin) fclose(file);
  return status;
}

/* ---- going on ---- */

static int resume_runs(AgentService *agents, const AgentFlags *flags, const AgentRequest *request, GError **error) {
  g_autofree char *owner = agent_owner(request->ask.scope);
  g_autoptr(json_t) runs = strcmp(flags->resume, "all") == 0 ? run_store_unfinished(agent_service_runs(agents), owner, 0, 1000, error)
                                                             : json_pack("[s]", flags->resume);
  int status = runs != NULL ? 0 : aisle_error_info_of(*error)->exit_status;
  for (gsize i = 0; i < json_array_size(runs) && *error == NULL; i++) {
    g_autoptr(json_t) answer = agent_resume(agents, json_string_value(json_array_get(runs, i)), request, error);
    if (answer == NULL) return aisle_error_info_of(*error)->exit_status;
    print_answer(answer, flags->json);
    status = exit_status_of(answer);
  }
  return status;
}

static int run_flags(const AgentFlags *flags, GError **error) {
  Day as_of;
  g_auto(AgentWorkspace) workspace = {0};
  if (!parse_day(flags->as_of, &as_of, error) || !agent_workspace_open(&workspace, flags->workspace, flags->scope_file, !flags->no_model, error))
    return aisle_error_info_of(*error)->exit_status;
  if (flags->batch != NULL) return run_batch(&workspace, flags, error);
  AgentRequest request = request_of(flags, &workspace, as_of);
  if (flags->resume != NULL) return resume_runs(workspace.agents, flags, &request, error);
  g_autofree char *question = g_strjoinv(" ", flags->words);
  request.ask.question = question;
  g_autoptr(json_t) answer = agent_run(workspace.agents, &request);
  print_answer(answer, flags->json);
  return exit_status_of(answer);
}

int cli_agent(int argc, char **argv) {
  AgentFlags flags = {.seconds = 60, .budget = 0.05};
  GError *error = NULL;
  int status = parse_flags(argc, argv, &flags, &error) ? run_flags(&flags, &error) : 0;
  flags_clear(&flags);
  return error != NULL ? cli_fail("agent", error) : status;
}

/* aisle trace: what a run did, step by step; aisle memory: what words mean to a user. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "cli/cli.h"

typedef struct {
  char *workspace, *scope_file;
  gboolean json;
  char **words;
} Flags;

static void flags_clear(Flags *flags) {
  g_free(flags->workspace);
  g_free(flags->scope_file);
  g_strfreev(flags->words);
}

static const char MEMORY_NOTE[] =
    "What is taught holds for you alone: on the page and over HTTP, in aisle agent and the tool `ask` of aisle mcp (aisle ask\n"
    "reads words as they stand). The answer says when a word was read that way. In a question it can be said in words too: by\n"
    "sales I mean net revenue; forget what I mean by sales; what do you remember.";

static gboolean parse_flags(int argc, char **argv, const char *purpose, const char *note, Flags *flags, GError **error) {
  const GOptionEntry entries[] = {CLI_WORKSPACE(&flags->workspace),
                                  {"scope", 0, 0, G_OPTION_ARG_FILENAME, &flags->scope_file, "Whose: access scope as a JSON file", "FILE"},
                                  {"json", 0, 0, G_OPTION_ARG_NONE, &flags->json, "As JSON", NULL},
                                  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &flags->words, NULL, NULL},
                                  {0}};
  g_autoptr(GOptionContext) context = g_option_context_new(purpose);
  g_option_context_add_main_entries(context, entries, NULL);
  g_option_context_set_summary(context, note);
  g_autoptr(GError) problem = NULL;
  if (!g_option_context_parse(context, &argc, &argv, &problem)) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, problem->message);
    return FALSE;
  }
  return cli_find_workspace(&flags->workspace, error);
}

/* The workspace's runs; whose they are goes to *owner (transfer full). */
static RunStore *open_runs(const Flags *flags, char **owner, GError **error) {
  g_autofree char *path = g_build_filename(flags->workspace, "state", "agent.db", NULL);
  g_autoptr(AccessScope) scope = flags->scope_file != NULL ? access_scope_from_file(flags->scope_file, error) : access_scope_new_local();
  if (scope == NULL) return NULL;
  *owner = agent_owner(scope);
  return run_store_open(path, error);
}

static void print_json(const json_t *json) {
  g_autofree char *text = json_to_text(json, JSON_PRETTY);
  puts(text);
}

/* ---- trace ---- */

#define RECENT_RUNS 20

/* Adds "; text" to a remark, or "text" to an empty one. */
static void add_remark(GString *remark, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add_remark(GString *remark, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (remark->len > 0) g_string_append(remark, "; ");
  g_string_append_vprintf(remark, format, arguments);
  va_end(arguments);
}

static void remark_model(GString *remark, const json_t *model) {
  if (model == NULL) return;
  const char *name = json_get_string(model, "model"), *problem = json_get_string(model, "error");
  if (problem != NULL) add_remark(remark, "the language model gave no answer: %s", problem);
  else add_remark(remark, "asked the language model%s%s for %.6f", name != NULL ? " " : "", name != NULL ? name : "", (double)json_get_int(model, "cost_nano", 0) / 1e9);
}

/* What a step says of itself, in a few words. (transfer full) */
static char *remark_of(const json_t *detail) {
  GString *remark = g_string_new(NULL);
  const json_t *unknown = json_object_get(detail, "unknown"), *learnt = json_object_get(detail, "memory");
  if (json_get_string(detail, "kind") != NULL) add_remark(remark, "%s", json_get_string(detail, "kind"));
  if (json_object_get(detail, "part") != NULL) add_remark(remark, "part %" G_GINT64_FORMAT, json_get_int(detail, "part", 0));
  if (json_get_string(detail, "status") != NULL) add_remark(remark, "%s", json_get_string(detail, "status"));
  if (json_object_get(detail, "rows") != NULL) add_remark(remark, "%" G_GINT64_FORMAT " rows", json_get_int(detail, "rows", 0));
  for (gsize i = 0; i < json_array_size(unknown); i++) add_remark(remark, "'%s' is unknown", json_get_string(json_array_get(unknown, i), "text"));
  for (gsize i = 0; i < json_array_size(learnt); i++)
    add_remark(remark, "'%s' means '%s' to you", json_get_string(json_array_get(learnt, i), "phrase"), json_get_string(json_array_get(learnt, i), "meaning"));
  if (json_get_string(detail, "no_vectors") != NULL) add_remark(remark, "names were looked for by their letters alone: %s", json_get_string(detail, "no_vectors"));
  remark_model(remark, json_object_get(detail, "model"));
  if (json_get_string(detail, "wrong") != NULL) add_remark(remark, "not taken: %s", json_get_string(detail, "wrong"));
  if (json_object_get(detail, "dropped_sentences") != NULL)
    add_remark(remark, "%" G_GINT64_FORMAT " sentences left out", json_get_int(detail, "dropped_sentences", 0));
  add_remark(remark, "-> %s", json_get_string(detail, "outcome") != NULL ? json_get_string(detail, "outcome") : "?");
  return g_string_free(remark, FALSE);
}

static void print_trace(const json_t *trace) {
  gint64 total = 0;
  for (gsize i = 0; i < json_array_size(trace); i++) {
    const json_t *step = json_array_get(trace, i);
    g_autofree char *remark = remark_of(json_object_get(step, "detail"));
    gint64 took = json_get_int(step, "took_us", 0);
    total += took;
    printf("%3" G_GINT64_FORMAT "  %-9s %9.3f ms  %s\n", json_get_int(step, "step", 0), json_get_string(step, "name"), (double)took / 1000, remark);
  }
  printf("%" G_GSIZE_FORMAT " steps, %.3f ms; --json shows all that was kept of them\n", json_array_size(trace), (double)total / 1000);
}

static void print_recent(const json_t *runs) {
  for (gsize i = 0; i < json_array_size(runs); i++) {
    const json_t *run = json_array_get(runs, i);
    const char *question = json_get_string(run, "question");
    printf("%s  %s%s\n", json_get_string(run, "id"), question != NULL ? question : "", json_get_bool(run, "finished", FALSE) ? "" : "  (not finished: aisle agent --resume)");
  }
  if (json_array_size(runs) == 0) puts("no question was asked in steps yet: aisle agent -w DIR \"sales by month\"");
}

/* Without an id: the newest runs. */
static void run_trace(const Flags *flags, GError **error) {
  g_autofree char *owner = NULL;
  if (flags->words != NULL && flags->words[1] != NULL) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "one id at a time: aisle trace -w DIR ID");
    return;
  }
  g_autoptr(RunStore) runs = open_runs(flags, &owner, error);
  if (runs == NULL) return;
  g_autoptr(json_t) found = flags->words != NULL ? run_store_trace(runs, flags->words[0], owner, error) : run_store_recent(runs, owner, RECENT_RUNS, error);
  if (found == NULL) return;
  if (flags->json) print_json(found);
  else if (flags->words != NULL) print_trace(found);
  else print_recent(found);
}

/* ---- memory ---- */

static void list_memory(RunStore *runs, const char *owner, gboolean json, GError **error) {
  g_autoptr(json_t) entries = run_store_memory(runs, owner, error);
  if (entries == NULL) return;
  if (json) {
    print_json(entries);
    return;
  }
  for (gsize i = 0; i < json_array_size(entries); i++) {
    const json_t *entry = json_array_get(entries, i);
    g_autofree char *uses = text_count(json_get_int(entry, "uses", 0), "time");
    printf("%4" G_GINT64_FORMAT "  '%s' means '%s'  (%s, used %s)\n", json_get_int(entry, "id", 0), json_get_string(entry, "phrase"),
           json_get_string(entry, "meaning"), json_get_string(entry, "origin"), uses);
  }
  if (json_array_size(entries) == 0) puts("nothing is remembered; teach a word: aisle memory -w DIR add \"turnover\" \"sales\"");
}

static void run_memory(const Flags *flags, GError **error) {
  g_autofree char *owner = NULL;
  g_autoptr(RunStore) runs = open_runs(flags, &owner, error);
  if (runs == NULL) return;
  guint count = flags->words != NULL ? g_strv_length(flags->words) : 0;
  const char *verb = count > 0 ? flags->words[0] : "list";
  gint64 id = 0;
  if (strcmp(verb, "list") == 0 && count <= 1) {
    list_memory(runs, owner, flags->json, error);
  } else if (strcmp(verb, "add") == 0 && count == 3) {
    if (run_store_remember(runs, owner, flags->words[1], flags->words[2], "taught", &id, error))
      printf("%" G_GINT64_FORMAT ": '%s' means '%s' from now on\n", id, flags->words[1], flags->words[2]);
  } else if (strcmp(verb, "forget") == 0 && count == 2 && (id = text_leading_number(flags->words[1])) > 0) {
    run_store_forget(runs, owner, id, error);
  } else {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT,
                        "say what: aisle memory -w DIR [list | add PHRASE MEANING | forget NUMBER]");
  }
}

static int run_verb(const char *verb, int argc, char **argv, const char *purpose, const char *note, void (*run)(const Flags *flags, GError **error)) {
  Flags flags = {0};
  GError *error = NULL;
  if (parse_flags(argc, argv, purpose, note, &flags, &error)) run(&flags, &error);
  flags_clear(&flags);
  return error != NULL ? cli_fail(verb, error) : 0;
}

int cli_trace(int argc, char **argv) {
  return run_verb("trace", argc, argv, "[ID] - what a run did, step by step; without an id, the newest runs", NULL, run_trace);
}

int cli_memory(int argc, char **argv) {
  return run_verb("memory", argc, argv, "[list | add PHRASE MEANING | forget NUMBER] - what words mean to you", MEMORY_NOTE, run_memory);
}

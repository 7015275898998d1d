/* aisle eval: golden questions against a workspace. Exit 0 when every target is met, 1 when one is missed. */
#include <stdio.h>

#include "cli/cli.h"
#include "eval/eval.h"

#define EVAL_EXIT_MISSED 1

typedef struct {
  char *workspace, *dataset, *json_path, *html_path;
  char **targets, **files;
  gint max_wrong;
  gboolean show;
} EvalOptions;

static void eval_options_clear(EvalOptions *options) {
  g_free(options->workspace);
  g_free(options->dataset);
  g_free(options->json_path);
  g_free(options->html_path);
  g_strfreev(options->targets);
  g_strfreev(options->files);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EvalOptions, eval_options_clear)

static gboolean parse_options(int argc, char **argv, EvalOptions *options, GError **error) {
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&options->workspace),
      {"dataset", 0, 0, G_OPTION_ARG_STRING, &options->dataset, "Only questions about this data set", "NAME"},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &options->json_path, "Write the report as JSON", "FILE"},
      {"html", 0, 0, G_OPTION_ARG_FILENAME, &options->html_path, "Write the report as a page", "FILE"},
      {"min-right", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->targets,
       "Least fraction of right answers, of all or of one category; may be given again (0.95)", "[CATEGORY=]FRACTION"},
      {"max-wrong", 0, 0, G_OPTION_ARG_INT, &options->max_wrong, "Most wrong answers that were given all the same",
       "N"},
      {"show", 0, 0, G_OPTION_ARG_NONE, &options->show, "Print what was expected and answered where that differs",
       NULL},
      {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->files, NULL, "GOLDEN.jsonl"},
      {0}};
  g_autoptr(GOptionContext) context = g_option_context_new("- ask golden questions and judge the answers");
  g_option_context_set_description(context,
                                   "One question a line, with what is right:\n"
                                   "  {\"id\": \"a\", \"question\": \"sales in February\", \"value\": 31.00}\n"
                                   "  {\"id\": \"b\", \"question\": \"sales by shop\", \"rows\": [[\"Market\", 31.1], [\"Hill Street\", 36.6]]}\n"
                                   "  {\"id\": \"c\", \"question\": \"sales by planet\", \"expect\": \"refused\"}\n"
                                   "Instead of value or rows also range ([low, high]), gold_sql (statements over the files' own headers; any may match)\n"
                                   "or sql_pattern; beside them category, as_of, after (an earlier id), ordered.\n");
  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, &argc, &argv, error)) return FALSE;
  if (options->files != NULL && g_strv_length(options->files) == 1) return cli_find_workspace(&options->workspace, error);
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "name one file of questions:  aisle eval -w DIR golden.jsonl");
  return FALSE;
}

static gboolean write_reports(const EvalReport *report, const EvalOptions *options, GError **error) {
  if (options->json_path != NULL) {
    g_autoptr(json_t) json = eval_report_json(report);
    g_autofree char *text = json_to_text(json, JSON_PRETTY);
    if (!g_file_set_contents(options->json_path, text, -1, error)) return FALSE;
  }
  if (options->html_path != NULL) {
    g_autofree char *html = eval_report_html(report);
    if (!g_file_set_contents(options->html_path, html, -1, error)) return FALSE;
  }
  return TRUE;
}

/* Prints every target that was missed. */
static gboolean check_targets(const EvalReport *report, const EvalOptions *options, gboolean *met, GError **error) {
  static const char *const USUAL[] = {"0.95", NULL};
  const char *const *targets = options->targets != NULL ? (const char *const *)options->targets : USUAL;
  *met = TRUE;
  for (guint i = 0; targets[i] != NULL; i++) {
    g_autofree char *why = NULL;
    g_autoptr(GError) cause = NULL;
    if (eval_meets(report, targets[i], &why, &cause)) continue;
    if (cause != NULL) {
      g_propagate_error(error, g_steal_pointer(&cause));
      return FALSE;
    }
    printf("missed  %s\n", why);
    *met = FALSE;
  }
  guint wrong = eval_tally(report, NULL).wrong_answered;
  if (options->max_wrong >= 0 && wrong > (guint)options->max_wrong) {
    printf("missed  wrong but answered: %u, at most %d\n", wrong, options->max_wrong);
    *met = FALSE;
  }
  return TRUE;
}

int cli_eval(int argc, char **argv) {
  GError *error = NULL;
  g_auto(EvalOptions) options = {.max_wrong = -1};
  if (!parse_options(argc, argv, &options, &error)) return cli_fail("eval", error);
  g_autoptr(GPtrArray) questions = eval_load(options.files[0], &error);
  if (questions == NULL) return cli_fail("eval", error);
  AnswerServiceOptions service_options = {.workspace = options.workspace};
  g_autoptr(AnswerService) service = answer_service_open(&service_options, &error);
  if (service == NULL) return cli_fail("eval", error);
  g_autoptr(EvalReport) report = eval_run(service, questions, options.dataset, &error);
  if (report == NULL) return cli_fail("eval", error);
  g_autofree char *text = eval_report_text(report, options.show);
  fputs(text, stdout);
  gboolean met = FALSE;
  if (!write_reports(report, &options, &error) || !check_targets(report, &options, &met, &error))
    return cli_fail("eval", error);
  return met ? 0 : EVAL_EXIT_MISSED;
}

/* aisle generate DIR: files of a made-up retailer, to try things on. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "generate/generate.h"

static gboolean parse_period(const char *text, GeneratePeriod *period, GError **error) {
  static const char *const names[] = {"month", "week", "day"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (!strcmp(text, names[i])) {
      *period = (GeneratePeriod)i;
      return TRUE;
    }
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "--files is month, week or day, not \"%s\"", text);
  return FALSE;
}

static void report(const GenerateSummary *made, const char *folder, double seconds) {
  g_autofree char *lines = text_count(made->lines, "order line"), *orders = text_count(made->orders, "order"),
                  *visits = text_count(made->visits, "visit"), *reviews = text_count(made->reviews, "review"),
                  *files = text_count(made->files, "file");
  printf("%s: %s of %s, %s, %s; %s, %.1f MB in %.1f s; what was planted is in truth.json\n", folder, lines, orders, visits,
         reviews, files, (double)made->bytes / 1e6, seconds);
}

int cli_generate(int argc, char **argv) {
  GenerateOptions made = GENERATE_DEFAULTS;
  gint64 seed = 1;
  g_autofree char *files = NULL;
  const GOptionEntry entries[] = {
      {"scale", 0, 0, G_OPTION_ARG_DOUBLE, &made.scale,
       "1 (default): a million order lines over three years, 0.2 GB in all", "N"},
      {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "Same seed, same bytes (default 1)", "S"},
      {"files", 0, 0, G_OPTION_ARG_STRING, &files, "What one file holds: month (default), week, day", "PERIOD"},
      {"dirty", 0, 0, G_OPTION_ARG_DOUBLE, &made.dirty, "Share of order lines with a mistake (0.002)", "SHARE"},
      {"duplicate", 0, 0, G_OPTION_ARG_DOUBLE, &made.duplicate, "Share sent twice (0.01)", "SHARE"},
      {"late", 0, 0, G_OPTION_ARG_DOUBLE, &made.late, "Share that comes with the next file (0.01)", "SHARE"},
      {"threads", 0, 0, G_OPTION_ARG_INT, &made.threads, "Threads (default: cores)", "N"},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr(GOptionContext) options = g_option_context_new("DIR - files of a made-up retailer, to try things on");
  g_option_context_add_main_entries(options, entries, NULL);
  GError *error = NULL;
  if (!g_option_context_parse(options, &argc, &argv, &error) || argc != 2) {
    fprintf(stderr, "aisle generate: %s\n", error != NULL ? error->message : "name one folder: aisle generate DIR");
    g_clear_error(&error);
    return aisle_error_info(AISLE_ERROR_INVALID_ARGUMENT)->exit_status;
  }
  if (files != NULL && !parse_period(files, &made.period, &error)) return cli_fail("generate", error);
  made.folder = argv[1];
  made.seed = (guint64)seed;
  gint64 started = g_get_monotonic_time();
  GenerateSummary summary = {0};
  if (!generate_retailer(&made, &summary, DEADLINE_NEVER, &error)) return cli_fail("generate", error);
  report(&summary, argv[1], (double)(g_get_monotonic_time() - started) / 1e6);
  return 0;
}

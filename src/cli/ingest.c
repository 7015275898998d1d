/* aisle ingest: new files into the tables, as ingest/NAME.yaml says. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/ingest_guard.h"
#include "cli/init_workspace.h"
#include "model/model.h"

#define BAR_WIDTH 30
#define BAR_INTERVAL_US 100000

typedef struct {
  char *workspace, *week, *memory;
  gboolean plan, json, no_model;
  gint threads;
  gint64 bucket_bytes, memory_bytes;
  char *bucket_size;
  char **parameters, **arguments;
} IngestFlags;

static void ingest_flags_clear(IngestFlags *flags) {
  g_free(flags->workspace);
  g_free(flags->week);
  g_free(flags->memory);
  g_free(flags->bucket_size);
  g_strfreev(flags->parameters);
  g_strfreev(flags->arguments);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IngestFlags, ingest_flags_clear)

static gboolean parse_size(const char *flag, const char *text, gint64 *bytes, GError **error) {
  if (text == NULL || bytes_parse(text, bytes)) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "--%s is a size such as 2GB, not '%s'", flag, text);
  return FALSE;
}

static gboolean parse_flags(IngestFlags *flags, int *argc, char ***argv, GError **error) {
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&flags->workspace),
      {"plan", 0, 0, G_OPTION_ARG_NONE, &flags->plan, "Say what would happen, and do nothing", NULL},
      {"week", 0, 0, G_OPTION_ARG_STRING, &flags->week, "Load this ISO week, and keep what was loaded as a named snapshot", "2026-W47"},
      {"param", 0, 0, G_OPTION_ARG_STRING_ARRAY, &flags->parameters, "A :parameter of the query", "NAME=VALUE"},
      {"memory", 0, 0, G_OPTION_ARG_STRING, &flags->memory, "Memory of the SQL engine (2.5GB)", "SIZE"},
      {"threads", 0, 0, G_OPTION_ARG_INT, &flags->threads, "Threads of the SQL engine (cores)", "N"},
      {"bucket-size", 0, 0, G_OPTION_ARG_STRING, &flags->bucket_size, "Bytes of source in one bucket (1.5GB)", "SIZE"},
      {"no-model", 0, 0, G_OPTION_ARG_NONE, &flags->no_model, "Leave describing new tables to a later run", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &flags->json, "One JSON event a line", NULL},
      {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &flags->arguments, NULL, "[NAME|FILE...]"},
      G_OPTION_ENTRY_NULL};
  g_autoptr(GOptionContext) context = g_option_context_new("- bring new files into the tables");
  g_option_context_set_summary(context, "Without names all ingestion files of the workspace (ingest/*.yaml) are run. Files are given to the definition that\n"
                                        "is named beside them, or to the one whose source they match.");
  g_option_context_add_main_entries(context, entries, NULL);
  g_autoptr(GError) problem = NULL;
  if (!g_option_context_parse(context, argc, argv, &problem)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "%s; see aisle ingest --help", problem->message);
    return FALSE;
  }
  return parse_size("memory", flags->memory, &flags->memory_bytes, error) && parse_size("bucket-size", flags->bucket_size, &flags->bucket_bytes, error);
}

static GHashTable *parse_parameters(char **texts, GError **error) {
  g_autoptr(GHashTable) values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (; texts != NULL && *texts != NULL; texts++) {
    const char *equals = strchr(*texts, '=');
    if (equals == NULL || equals == *texts) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "--param takes NAME=VALUE, not '%s'", *texts);
      return NULL;
    }
    g_hash_table_insert(values, g_strndup(*texts, (gsize)(equals - *texts)), g_strdup(equals + 1));
  }
  return g_steal_pointer(&values);
}

/* ---- what to run ---- */

typedef struct {
  GPtrArray *definitions; /* all of the workspace */
  GPtrArray *chosen;      /* of const IngestDefinition* */
  IngestDefinition *made; /* for files that no definition was written for */
  GPtrArray *files;       /* of char*, NULL-terminated when there are any */
} Choice;

static void choice_clear(Choice *choice) {
  g_clear_pointer(&choice->definitions, g_ptr_array_unref);
  g_clear_pointer(&choice->chosen, g_ptr_array_unref);
  ingest_definition_free(choice->made);
  g_clear_pointer(&choice->files, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Choice, choice_clear)

/* The definition whose source has a pattern that the file's name fits. */
static const IngestDefinition *definition_for_file(const GPtrArray *definitions, const char *file) {
  g_autofree char *base = g_path_get_basename(file);
  for (guint i = 0; i < definitions->len; i++) {
    const IngestDefinition *definition = definitions->pdata[i];
    const IngestSource *source = definition->sources->pdata[0];
    for (guint k = 0; source->files[k] != NULL; k++) {
      g_autofree char *pattern = g_path_get_basename(source->files[k]);
      if (g_pattern_match_simple(pattern, base)) return definition;
    }
  }
  return definitions->len == 1 ? definitions->pdata[0] : NULL;
}

/* Keys that the model knows of the table, so that corrected rows replace those before. */
static char **keys_of_table(const char *workspace, const char *table) {
  g_autoptr(Model) model = model_load(workspace, NULL);
  for (guint i = 0; model != NULL && i < model->datasets->len; i++) {
    const Dataset *dataset = model->datasets->pdata[i];
    if (strcmp(dataset->table, table) == 0) return g_strdupv(dataset->primary_key);
  }
  return g_new0(char *, 1);
}

static char *table_of_file(const char *file) {
  g_autofree char *base = g_path_get_basename(file);
  char *dot = strchr(base, '.');
  if (dot != NULL && dot != base) *dot = '\0';
  return text_slug(base);
}

static gboolean choose_for_files(Choice *choice, const char *workspace, GError **error) {
  const char *first = choice->files->pdata[0];
  g_ptr_array_add(choice->files, NULL);
  if (choice->chosen->len > 1) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "files can be given to one definition at a time");
    return FALSE;
  }
  if (choice->chosen->len == 1) return TRUE;
  const IngestDefinition *definition = definition_for_file(choice->definitions, first);
  if (definition == NULL) {
    g_autofree char *table = table_of_file(first);
    g_auto(GStrv) keys = keys_of_table(workspace, table);
    definition = choice->made = ingest_definition_plain(table, (const char *const *)choice->files->pdata, (const char *const *)keys);
  }
  g_ptr_array_add(choice->chosen, (gpointer)definition);
  return TRUE;
}

static gboolean choose(Choice *choice, const IngestFlags *flags, GError **error) {
  choice->definitions = ingest_definitions_load(flags->workspace, error);
  if (choice->definitions == NULL) return FALSE;
  choice->chosen = g_ptr_array_new();
  choice->files = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; flags->arguments != NULL && flags->arguments[i] != NULL; i++) {
    const char *argument = flags->arguments[i];
    const IngestDefinition *definition = ingest_definition_find(choice->definitions, argument);
    if (definition != NULL) {
      g_ptr_array_add(choice->chosen, (gpointer)definition);
    } else if (g_file_test(argument, G_FILE_TEST_EXISTS)) {
      g_ptr_array_add(choice->files, g_canonicalize_filename(argument, NULL));
    } else {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "'%s' is neither a file nor an ingestion file (%s/ingest/%s.yaml)", argument, flags->workspace, argument);
      return FALSE;
    }
  }
  if (choice->files->len > 0) return choose_for_files(choice, flags->workspace, error);
  for (guint i = 0; flags->arguments == NULL && i < choice->definitions->len; i++)
    g_ptr_array_add(choice->chosen, choice->definitions->pdata[i]);
  if (choice->chosen->len > 0) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "%s/ingest/ holds no ingestion file; write one (docs/ingest.md) or name data files", flags->workspace);
  return FALSE;
}

/* ---- telling ---- */

typedef struct {
  gboolean json, terminal, shown;
  gint64 next_us;
} Teller;

static void print_json(json_t *event) {
  g_autofree char *line = json_to_text(event, JSON_PLAIN);
  printf("%s\n", line);
  fflush(stdout);
  json_decref(event);
}

static void show_progress(const IngestProgress *progress, gpointer user_data) {
  Teller *teller = user_data;
  gint64 now = g_get_monotonic_time();
  if (now < teller->next_us) return;
  teller->next_us = now + BAR_INTERVAL_US;
  if (teller->json) {
    print_json(json_pack("{s:s, s:s, s:f, s:I, s:I, s:I}", "event", "progress", "phase", progress->phase, "fraction", progress->fraction, "rows",
                         (json_int_t)progress->rows, "rows_per_second", (json_int_t)progress->rows_per_second, "seconds_left",
                         (json_int_t)progress->seconds_left));
    return;
  }
  if (!teller->terminal) return;
  teller->shown = TRUE;
  char drawn[BAR_WIDTH + 1];
  int filled = progress->fraction < 0 ? 0 : (int)(MIN(progress->fraction, 1.0) * BAR_WIDTH);
  memset(drawn, '.', BAR_WIDTH);
  memset(drawn, '#', (gsize)filled);
  drawn[BAR_WIDTH] = '\0';
  fprintf(stderr, "\r\033[K[%s] %s", drawn, progress->phase);
  if (progress->rows_per_second >= 0) fprintf(stderr, ", %" G_GINT64_FORMAT " rows/s", progress->rows_per_second);
  if (progress->seconds_left >= 0) fprintf(stderr, ", %" G_GINT64_FORMAT " s left", progress->seconds_left);
  fflush(stderr);
}

static void print_steps(const IngestReport *report) {
  for (guint i = 0; i < report->steps->len; i++) printf("  %s\n", (char *)report->steps->pdata[i]);
}

static void print_quality(const QualityReport *quality) {
  for (guint i = 0; quality != NULL && i < quality->findings->len; i++) {
    const QualityFinding *finding = quality->findings->pdata[i];
    if (!finding->broken) continue;
    g_autofree char *rows = text_count(finding->rows, "row");
    printf("  %-10s %s: %s%s%s\n", finding->action, finding->rule, finding->reason, finding->evidence != NULL ? ": " : "",
           finding->evidence != NULL ? finding->evidence : "");
    if (finding->rows > 0) printf("             %s\n", rows);
  }
}

static void print_report(const IngestReport *report) {
  if (strcmp(report->outcome, "planned") == 0) {
    printf("%s: this would happen\n", report->definition);
    print_steps(report);
    return;
  }
  if (strcmp(report->outcome, "nothing_new") == 0) {
    printf("%s: nothing new (%u %s in the table already)\n", report->definition, report->files_known,
           report->files_known == 1 ? "file is" : "files are");
    return;
  }
  g_autofree char *read = text_count(report->rows_read, "row"), *inserted = text_format_number((double)report->rows_inserted, 0),
                  *updated = text_format_number((double)report->rows_updated, 0), *duplicate = text_count(report->rows_duplicate, "repeated row"),
                  *apart = text_count(report->rows_quarantined, "row"), *unreadable = text_count(report->rows_unreadable, "row");
  printf("%s: %s read, %s added and %s corrected in %s (version %" G_GINT64_FORMAT "), %.1f s\n", report->definition, read, inserted, updated,
         report->target, report->version, report->seconds);
  if (report->rows_duplicate > 0) printf("  %s left out\n", duplicate);
  if (report->rows_quarantined > 0) printf("  %s set apart: aisle quality --list\n", apart);
  if (report->rows_unreadable > 0) printf("  %s could not be read: lake/_quality/%s/\n", unreadable, report->target);
  for (guint i = 0; i < report->personal->len; i++) printf("  personal? %s\n", (char *)report->personal->pdata[i]);
  for (guint i = 0; i < report->drift->len; i++) printf("  drift: %s\n", (char *)report->drift->pdata[i]);
  print_quality(report->quality);
}

static void tell_report(const Teller *teller, const IngestReport *report) {
  if (!teller->json) {
    print_report(report);
    return;
  }
  json_t *event = ingest_report_to_json(report);
  json_object_set_new(event, "event", json_string("load"));
  print_json(event);
}

/* ---- running ---- */

static void tell_line(const Teller *teller, const char *event, const char *text) {
  if (teller->json) print_json(json_pack("{s:s, s:s}", "event", event, "text", text));
  else printf("%s\n", text);
}

static gboolean finish(const IngestFlags *flags, const Choice *choice, const GPtrArray *reports, const Teller *teller, GError **error) {
  g_autofree char *summary = NULL;
  if (!flags->no_model && !ingest_extend_model(flags->workspace, reports, &summary, error)) return FALSE;
  if (summary != NULL) tell_line(teller, "model", summary);
  if (flags->week == NULL) return TRUE;
  g_autoptr(Engine) engine = engine_open_duckdb(&(EngineOptions){.max_connections = 2}, error);
  g_autoptr(GPtrArray) said = engine != NULL ? ingest_week_close(flags->workspace, engine, choice->chosen, flags->week, error) : NULL;
  for (guint i = 0; said != NULL && i < said->len; i++) tell_line(teller, "week", said->pdata[i]);
  return said != NULL;
}

static gboolean run(const IngestFlags *flags, GError **error) {
  g_auto(Choice) choice = {0};
  g_autoptr(GHashTable) parameters = parse_parameters(flags->parameters, error);
  if (parameters == NULL || !choose(&choice, flags, error)) return FALSE;
  Teller teller = {.json = flags->json, .terminal = isatty(STDERR_FILENO)};
  IngestOptions options = {.workspace = flags->workspace, .guard = &cli_ingest_guard, .week = flags->week, .parameters = parameters,
                           .plan_only = flags->plan, .bucket_bytes = flags->bucket_bytes, .memory_bytes = flags->memory_bytes,
                           .threads = flags->threads, .progress = show_progress, .progress_data = &teller, .deadline = DEADLINE_NEVER,
                           .files = choice.files->len > 0 ? (const char *const *)choice.files->pdata : NULL};
  g_autoptr(QualityReport) failed = NULL;
  g_autoptr(GPtrArray) reports = ingest_run(choice.chosen, &options, &failed, error);
  if (teller.shown) fputs("\r\033[K", stderr);
  if (failed != NULL && !flags->json) print_quality(failed);
  if (failed != NULL && flags->json) print_json(json_pack("{s:s, s:o}", "event", "refused", "quality", quality_report_to_json(failed)));
  if (reports == NULL) return FALSE;
  for (guint i = 0; i < reports->len; i++) tell_report(&teller, reports->pdata[i]);
  return flags->plan || finish(flags, &choice, reports, &teller, error);
}

int cli_ingest(int argc, char **argv) {
  g_auto(IngestFlags) flags = {0};
  g_autoptr(GError) error = NULL;
  if (!parse_flags(&flags, &argc, &argv, &error)) return cli_fail("ingest", g_steal_pointer(&error));
  return cli_find_workspace(&flags.workspace, &error) && run(&flags, &error) ? 0 : cli_fail("ingest", g_steal_pointer(&error));
}

/* aisle init: files that nobody described become a workspace. */
#include "cli/cli.h"
#include "cli/init_privacy.h"
#include "cli/init_report.h"
#include "cli/init_rules.h"
#include "cli/init_workspace.h"
#include "base/disk.h"
#include "lake/lake.h"
#include "model/infer_add.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  char *name;
  gboolean add, json, privacy;
  char **arguments; /* workspace, files */
} InitOptions;

static void init_options_clear(InitOptions *options) {
  g_free(options->name);
  g_strfreev(options->arguments);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(InitOptions, init_options_clear)

static gboolean parse_options(InitOptions *options, int *argc, char ***argv, GError **error) {
  const GOptionEntry entries[] = {
      {"name", 0, 0, G_OPTION_ARG_STRING, &options->name, "Name of the workspace (the folder's name)", "NAME"},
      {"add", 0, 0, G_OPTION_ARG_NONE, &options->add, "Add the tables to a workspace that exists", NULL},
      {"privacy", 0, 0, G_OPTION_ARG_NONE, &options->privacy, "Hash columns that look personal before anything is written (docs/ingest.md)", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &options->json, "Print what was concluded as JSON", NULL},
      {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->arguments, NULL, "WORKSPACE FILE..."},
      G_OPTION_ENTRY_NULL};
  g_autoptr(GOptionContext) context = g_option_context_new("- make a workspace from data files");
  g_option_context_set_summary(context, "Reads CSV, TSV, Parquet, JSON, XLSX and SQLite files, folders of them, s3://bucket/prefix/*.csv and\n"
                                        "https:// addresses, finds out what they hold, and writes tables and a semantic model that answer\n"
                                        "questions.");
  g_option_context_add_main_entries(context, entries, NULL);
  g_autoptr(GError) problem = NULL;
  if (!g_option_context_parse(context, argc, argv, &problem)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "%s; see aisle init --help", problem->message);
    return FALSE;
  }
  if (options->arguments == NULL || g_strv_length(options->arguments) < 2) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "name a folder for the workspace and at least one data file: aisle init shop orders.csv");
    return FALSE;
  }
  return TRUE;
}

/* ---- progress ---- */

#define BAR_WIDTH 30
#define BAR_INTERVAL_US 100000

typedef struct {
  gboolean shown;
  gint64 next_us;
} ProgressBar;

static void show_progress(double fraction, gint64 rows, const char *what, gpointer user_data) {
  ProgressBar *bar = user_data;
  gint64 now = g_get_monotonic_time();
  if (now < bar->next_us)
    return;
  bar->next_us = now + BAR_INTERVAL_US;
  bar->shown = TRUE;
  char drawn[BAR_WIDTH + 1];
  int filled = fraction < 0 ? 0 : (int)(MIN(fraction, 1.0) * BAR_WIDTH);
  memset(drawn, '.', BAR_WIDTH);
  memset(drawn, '#', (gsize)filled);
  drawn[BAR_WIDTH] = '\0';
  g_autofree char *count = text_format_number((double)rows, 0);
  fprintf(stderr, "\r\033[K[%s] %s, %s rows", drawn, what != NULL ? what : "reading", count);
  fflush(stderr);
}

static void end_progress(const ProgressBar *bar) {
  if (bar->shown)
    fputs("\r\033[K", stderr);
}

/* ---- building ---- */

static Engine *open_engine(const char *folder, GError **error) {
  g_autofree char *spill = g_build_filename(folder, "cache", "spill", NULL);
  if (!disk_make_folder(spill, error))
    return NULL;
  EngineOptions options = {.memory_limit_bytes = engine_memory_within(ENGINE_WORK_BYTES), .spill_directory = spill, .max_connections = 2};
  return engine_open_duckdb(&options, error);
}

static void remove_spill(const char *folder) {
  g_autofree char *spill = g_build_filename(folder, "cache", "spill", NULL);
  disk_remove_tree(spill);
}

static GPtrArray *import_files(Engine *engine, const char *folder, char **files, GError **error) {
  ProgressBar bar = {FALSE, 0};
  ImportOptions options = {.source_name = NULL};
  if (isatty(STDERR_FILENO)) {
    options.progress = show_progress;
    options.progress_data = &bar;
  }
  GPtrArray *tables = lake_import(engine, folder, (const char *const *)files, &options, DEADLINE_NEVER, error);
  end_progress(&bar);
  return tables;
}

/* The engine sees the tables through a snapshot, as every later question does. */
static gboolean attach_tables(Engine *engine, const char *folder, GError **error) {
  if (!lake_snapshot_publish(folder, NULL, error))
    return FALSE;
  g_autoptr(LakeSnapshot) snapshot = lake_snapshot_open(folder, NULL, error);
  return snapshot != NULL && lake_snapshot_attach(snapshot, engine, DEADLINE_NEVER, error);
}

/* Writes the model, the record of the load and, last, the snapshot that names both. */
static gboolean finish(const char *folder, InitReport *report, GError **error) {
  return model_save(report->model, report->notes, folder, error) && init_report_write_load(report, folder, error) &&
         lake_snapshot_publish(folder, report->model->hash, error);
}

static gboolean build(const char *folder, const char *name, char **files, InitReport *report, GError **error) {
  if (!workspace_write_settings(folder, name, error))
    return FALSE;
  g_autoptr(Engine) engine = open_engine(folder, error);
  if (engine == NULL)
    return FALSE;
  report->tables = import_files(engine, folder, files, error);
  if (report->tables == NULL || !lake_import_place(folder, report->tables, DEADLINE_NEVER, error) || !attach_tables(engine, folder, error))
    return FALSE;
  report->model = model_infer(engine, name, report->tables, report->notes, DEADLINE_NEVER, error);
  if (report->model == NULL || !init_propose_rules(engine, folder, report->model, report->tables, error) || !finish(folder, report, error))
    return FALSE;
  remove_spill(folder);
  return TRUE;
}

/* ---- adding to a workspace ---- */

/* Old and new tables are looked at together: a new one may lead to an old one. What people wrote about the old stays. */
static Model *extend_model(Engine *engine, const Model *existing, InitReport *report, GError **error) {
  g_autoptr(GPtrArray) all = model_imported_tables(existing);
  guint old = all->len;
  for (guint i = 0; i < report->tables->len; i++)
    g_ptr_array_add(all, g_ptr_array_index(report->tables, i));
  g_autoptr(Model) inferred = model_infer(engine, existing->name, all, report->notes, DEADLINE_NEVER, error);
  while (all->len > old) /* these belong to the report */
    (void)g_ptr_array_steal_index(all, all->len - 1);
  return inferred != NULL ? model_add_inferred(existing, inferred, error) : NULL;
}

/* New tables are in folders of their own that no snapshot of before names, so taking them away undoes the load. */
static void undo_load(const char *folder, const InitReport *report, const char *model_hash) {
  lake_import_undo(folder, report->tables);
  g_autoptr(GError) ignored = NULL; /* the load's own error is the one to tell */
  lake_snapshot_publish(folder, model_hash, &ignored);
}

static gboolean add_tables(const char *folder, char **files, InitReport *report, GError **error) {
  g_autoptr(Model) existing = model_load(folder, error);
  if (existing == NULL)
    return FALSE;
  g_autoptr(Engine) engine = open_engine(folder, error);
  if (engine == NULL)
    return FALSE;
  report->tables = import_files(engine, folder, files, error);
  gboolean done = report->tables != NULL && lake_import_place(folder, report->tables, DEADLINE_NEVER, error) && attach_tables(engine, folder, error) &&
                  (report->model = extend_model(engine, existing, report, error)) != NULL &&
                  init_propose_rules(engine, folder, report->model, report->tables, error) && finish(folder, report, error);
  if (!done)
    undo_load(folder, report, existing->hash);
  remove_spill(folder);
  return done;
}

static gboolean make_workspace(const InitOptions *options, InitReport *report, GError **error) {
  if (options->add) {
    g_autofree char *folder = g_canonicalize_filename(options->arguments[0], NULL);
    if (workspace_exists(folder))
      return add_tables(folder, options->arguments + 1, report, error);
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "%s is no workspace yet; leave out --add to make it", options->arguments[0]);
    return FALSE;
  }
  g_autoptr(WorkspaceDraft) draft = workspace_draft_new(options->arguments[0], error);
  if (draft == NULL)
    return FALSE;
  g_autofree char *base = g_path_get_basename(draft->path);
  if (build(draft->folder, options->name != NULL ? options->name : base, options->arguments + 1, report, error) &&
      workspace_draft_publish(draft, error))
    return TRUE;
  lake_import_undo(draft->folder, report->tables);
  return FALSE;
}

/* The same with files coming in through ingestion; says what it did itself. */
static gboolean make_private_workspace(const InitOptions *options, GPtrArray *said, GError **error) {
  g_autofree char *path = g_canonicalize_filename(options->arguments[0], NULL), *base = g_path_get_basename(path);
  const char *name = options->name != NULL ? options->name : base;
  if (options->add)
    return init_load_privately(path, options->arguments + 1, said, error);
  g_autoptr(WorkspaceDraft) draft = workspace_draft_new(options->arguments[0], error);
  return draft != NULL && workspace_write_settings(draft->folder, name, error) &&
         init_load_privately(draft->folder, options->arguments + 1, said, error) && workspace_draft_publish(draft, error);
}

static int init_privately(const InitOptions *options) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) said = g_ptr_array_new_with_free_func(g_free);
  if (!make_private_workspace(options, said, &error))
    return cli_fail("init", g_steal_pointer(&error));
  g_autoptr(json_t) lines = json_array();
  for (guint i = 0; i < said->len; i++) {
    json_array_append_new(lines, json_string(said->pdata[i]));
    if (!options->json)
      printf("%s\n", (char *)said->pdata[i]);
  }
  g_autoptr(json_t) all = json_pack("{s:s, s:O}", "workspace", options->arguments[0], "said", lines);
  g_autofree char *text = json_to_text(all, JSON_PRETTY);
  if (options->json)
    printf("%s\n", text);
  return 0;
}

int cli_init(int argc, char **argv) {
  g_auto(InitOptions) options = {0};
  g_autoptr(GError) error = NULL;
  if (!parse_options(&options, &argc, &argv, &error))
    return cli_fail("init", g_steal_pointer(&error));
  if (options.privacy)
    return init_privately(&options);
  g_auto(InitReport) report = {0};
  report.workspace = options.arguments[0];
  report.notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  if (!make_workspace(&options, &report, &error))
    return cli_fail("init", g_steal_pointer(&error));
  options.json ? init_report_print_json(&report) : init_report_print(&report);
  return 0;
}

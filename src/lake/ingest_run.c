/* A load from beginning to end. */
#include "lake/ingest_private.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define BUCKET_BYTES (G_GINT64_CONSTANT(1500) * 1000 * 1000)
#define MAX_BUCKETS 512
/* Below this reading again costs less than keeping what was read. */
#define SMALL_BYTES (G_GINT64_CONSTANT(8) * 1000 * 1000)
#define WAIT_FOR_TABLES_MS 10000
/* How much larger the cells of a packed file are. */
#define PACKED_FACTOR 5

/* ---- reporting ---- */

void ingest_tell(const IngestRun *run, const char *phase, double fraction, gint64 rows) {
  if (!run->options->progress) return;
  double seconds = (double)(g_get_monotonic_time() - run->started_us) / 1e6;
  IngestProgress progress = {phase, fraction, rows, rows > 0 && seconds > 0 ? (gint64)((double)rows / seconds) : -1,
                             fraction > 0.01 ? (gint64)(seconds / fraction - seconds) : -1};
  run->options->progress(&progress, run->options->progress_data);
}

void ingest_step(IngestRun *run, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_ptr_array_add(run->report->steps, g_strdup_vprintf(format, arguments));
  va_end(arguments);
}

void ingest_report_free(IngestReport *report) {
  if (!report) return;
  g_free(report->definition);
  g_free(report->target);
  g_free(report->load);
  g_free(report->outcome);
  g_clear_pointer(&report->drift, g_ptr_array_unref);
  g_clear_pointer(&report->personal, g_ptr_array_unref);
  quality_report_free(report->quality);
  g_clear_pointer(&report->columns, g_ptr_array_unref);
  g_free(report->sql);
  g_clear_pointer(&report->steps, g_ptr_array_unref);
  g_free(report);
}

static json_t *texts_to_json(const GPtrArray *texts) {
  json_t *list = json_array();
  for (guint i = 0; i < texts->len; i++) json_array_append_new(list, json_string(texts->pdata[i]));
  return list;
}

json_t *ingest_report_to_json(const IngestReport *report) {
  json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:I, s:i, s:i, s:I, s:f, s:f}", "definition", report->definition, "target", report->target, "load",
                           report->load, "outcome", report->outcome, "version", (json_int_t)report->version, "files_read", (int)report->files_read,
                           "files_known", (int)report->files_known, "bytes_read", (json_int_t)report->bytes_read, "seconds", report->seconds, "commit_seconds", report->commit_seconds);
  json_t *rows = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "read", (json_int_t)report->rows_read, "unreadable",
                           (json_int_t)report->rows_unreadable, "quarantined", (json_int_t)report->rows_quarantined, "flagged",
                           (json_int_t)report->rows_flagged, "fixed", (json_int_t)report->rows_fixed, "duplicate",
                           (json_int_t)report->rows_duplicate, "inserted", (json_int_t)report->rows_inserted, "updated",
                           (json_int_t)report->rows_updated);
  json_object_set_new(json, "rows", rows);
  json_object_set_new(json, "buckets", json_integer(report->buckets));
  json_object_set_new(json, "resumed", json_boolean(report->resumed));
  json_object_set_new(json, "created", json_boolean(report->created));
  json_object_set_new(json, "drift", texts_to_json(report->drift));
  json_object_set_new(json, "personal", texts_to_json(report->personal));
  json_object_set_new(json, "steps", texts_to_json(report->steps));
  json_object_set_new(json, "quality", report->quality ? quality_report_to_json(report->quality) : json_null());
  if (report->sql) json_object_set_new(json, "sql", json_string(report->sql));
  return json;
}

/* ---- life ---- */

static void ingest_run_free(gpointer pointer) {
  IngestRun *run = pointer;
  g_clear_pointer(&run->remotes, g_ptr_array_unref);
  if (run->scratch) disk_remove_tree(run->scratch);
  g_free(run->scratch);
  g_free(run->import.staging);
  g_free(run->import.lake);
  g_free(run->import.rejected_folder);
  g_clear_pointer(&run->import.taken, g_hash_table_unref);
  g_clear_pointer(&run->import.text_types, g_hash_table_unref);
  g_free(run->workspace);
  g_free(run->work);
  g_free(run->load);
  g_free(run->location);
  g_clear_pointer(&run->parameters, g_hash_table_unref);
  g_free(run->parameter_text);
  g_clear_pointer(&run->files, g_ptr_array_unref);
  g_clear_pointer(&run->relations, g_ptr_array_unref);
  g_clear_pointer(&run->rules, g_ptr_array_unref);
  g_clear_pointer(&run->table, delta_table_unref);
  g_clear_pointer(&run->outputs, g_ptr_array_unref);
  g_free(run->query);
  g_clear_pointer(&run->written, g_ptr_array_unref);
  ingest_report_free(run->report);
  engine_unref(run->engine);
  g_free(run);
}

static gboolean is_personal(const IngestRun *run) {
  return run->definition->privacy->len > 0;
}

static gboolean any_names(const GPtrArray *columns, const char *name) {
  for (guint i = 0; columns && i < columns->len; i++)
    if (ingest_names_parameter(((const IngestColumn *)columns->pdata[i])->expression, name)) return TRUE;
  return FALSE;
}

/* A parameter that nothing in the file names changes nothing: a file that is in the table stays known in the next week. */
static gboolean matters(const IngestDefinition *definition, const char *name) {
  return ingest_names_parameter(definition->sql, name) || any_names(definition->columns, name) || any_names(definition->derive, name) ||
         (definition->where && ingest_names_parameter(definition->where->expression, name));
}

/* What the query may be given: the week, the file's defaults, --param. */
static gboolean set_parameters(IngestRun *run, GError **error) {
  run->parameters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iterator;
  gpointer name, value;
  g_hash_table_iter_init(&iterator, run->definition->parameters);
  while (g_hash_table_iter_next(&iterator, &name, &value)) g_hash_table_insert(run->parameters, g_strdup(name), g_strdup(value));
  if (run->options->parameters) {
    g_hash_table_iter_init(&iterator, run->options->parameters);
    while (g_hash_table_iter_next(&iterator, &name, &value)) g_hash_table_insert(run->parameters, g_strdup(name), g_strdup(value));
  }
  if (run->options->week) {
    Day from, to;
    int year, week;
    if (!ingest_week_parse(run->options->week, &from, &to, &year, &week)) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "'%s' is no week; write it as 2026-W47", run->options->week);
      return FALSE;
    }
    g_hash_table_insert(run->parameters, g_strdup("week"), g_strdup(run->options->week));
    g_hash_table_insert(run->parameters, g_strdup("week_start"), day_format_iso(from));
    g_hash_table_insert(run->parameters, g_strdup("week_end"), day_format_iso(to));
  }
  g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(run->parameters), (GCompareFunc)strcmp);
  GString *text = g_string_new(NULL);
  for (GList *at = names; at; at = at->next)
    if (matters(run->definition, at->data)) g_string_append_printf(text, "%s=%s\n", (char *)at->data, (char *)g_hash_table_lookup(run->parameters, at->data));
  run->parameter_text = g_string_free(text, FALSE);
  return TRUE;
}

static void order_rules(IngestRun *run) {
  run->rules = g_ptr_array_new();
  for (guint i = 0; i < run->definition->rules->len; i++)
    if (rule_is_about_rows(((QualityRule *)run->definition->rules->pdata[i])->kind)) g_ptr_array_add(run->rules, run->definition->rules->pdata[i]);
}

static IngestRun *run_new(const IngestDefinition *definition, const IngestOptions *options) {
  IngestRun *run = g_new0(IngestRun, 1);
  run->definition = definition;
  run->options = options;
  run->workspace = g_canonicalize_filename(options->workspace, NULL);
  run->started_us = g_get_monotonic_time();
  run->now_ms = g_get_real_time() / 1000;
  IngestReport *report = run->report = g_new0(IngestReport, 1);
  run->remotes = g_ptr_array_new_with_free_func((GDestroyNotify)remote_files_free);
  report->definition = g_strdup(definition->name);
  report->target = g_strdup(definition->target);
  report->outcome = g_strdup("nothing_new");
  report->version = -1;
  report->drift = g_ptr_array_new_with_free_func(g_free);
  report->personal = g_ptr_array_new_with_free_func(g_free);
  report->steps = g_ptr_array_new_with_free_func(g_free);
  order_rules(run);
  return run;
}

/* ---- preparing ---- */

/* Personal data may not be spilled: until the pass is over, the engine of such a load has no folder to spill to. */
static gboolean open_engine(IngestRun *run, GError **error) {
  g_autofree char *spill = g_build_filename(run->workspace, "cache", "spill", NULL);
  EngineOptions options = {.threads = run->options->threads,
                           .memory_limit_bytes = run->options->memory_bytes > 0 ? run->options->memory_bytes : engine_memory_within(ENGINE_WORK_BYTES),
                           .spill_directory = is_personal(run) ? NULL : spill,
                           .max_connections = 2};
  if (!disk_make_folder(spill, error)) return FALSE;
  run->engine = engine_open_duckdb(&options, error);
  return run->engine && engine_execute(run->engine, "SET GLOBAL preserve_insertion_order = false; SET GLOBAL partitioned_write_max_open_files = 1024", DEADLINE_NEVER, error) &&
         (!is_personal(run) || privacy_prepare(run->engine, run->workspace, error));
}

#define SCRATCH_IN_MEMORY "/dev/shm"
#define SCRATCH_PREFIX "aisle-ingest-"

/* What a killed load left in memory. Its process is in the name. */
static void remove_stale_scratch(const char *parent) {
  g_autoptr(GDir) listing = g_dir_open(parent, 0, NULL);
  const char *name;
  while (listing && (name = g_dir_read_name(listing))) {
    if (!g_str_has_prefix(name, SCRATCH_PREFIX)) continue;
    gint64 process = g_ascii_strtoll(name + strlen(SCRATCH_PREFIX), NULL, 10);
    g_autofree char *path = g_build_filename(parent, name, NULL);
    if (process > 0 && process <= G_MAXINT32 && kill((pid_t)process, 0) != 0 && errno == ESRCH) disk_remove_tree(path);
  }
}

/* Messy files are staged and remote ones fetched there: in memory, when they hold what no disk may see. */
static gboolean make_scratch(IngestRun *run, GError **error) {
  g_autofree char *id = g_uuid_string_random(), *name = g_strdup_printf(SCRATCH_PREFIX "%d-%s", (int)getpid(), id);
  g_autofree char *parent = is_personal(run) ? g_strdup(SCRATCH_IN_MEMORY) : g_build_filename(run->workspace, "cache", NULL);
  remove_stale_scratch(parent);
  run->scratch = g_build_filename(parent, name, NULL);
  if (g_mkdir_with_parents(run->scratch, 0700) == 0) return TRUE;
  aisle_error_set_errno(error, errno, "make the folder %s", run->scratch);
  return FALSE;
}

static void prepare_import(IngestRun *run) {
  run->import.engine = run->engine;
  run->import.workspace = run->workspace;
  run->import.deadline = run->options->deadline;
  run->import.lake = g_build_filename(run->workspace, "lake", NULL);
  run->import.taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  run->import.text_types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  run->import.hide_text = is_personal(run);
  run->import.whole_rows = TRUE;
  run->import.rejected_folder = g_build_filename(run->work, "unreadable", NULL);
  run->import.staging = g_strdup(run->scratch);
}

static gboolean open_table(IngestRun *run, GError **error) {
  g_autoptr(GError) failing = NULL;
  run->table = delta_table_open(run->location, -1, run->engine, &failing);
  run->is_new = !run->table && g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  if (run->table || run->is_new) return TRUE;
  g_propagate_error(error, g_steal_pointer(&failing));
  return FALSE;
}

/* Rules that look into other tables see them as questions do. */
static gboolean attach_references(IngestRun *run, GError **error) {
  gboolean needed = FALSE;
  for (guint i = 0; i < run->rules->len; i++) needed = needed || ((QualityRule *)run->rules->pdata[i])->kind == RULE_REFERENCE;
  if (!needed) return TRUE;
  g_autoptr(LakeSnapshot) snapshot = lake_snapshot_open(run->workspace, NULL, error);
  return snapshot && lake_snapshot_attach(snapshot, run->engine, run->options->deadline, error);
}

static guint count_buckets(const IngestRun *run) {
  gint64 bytes = 0, size = run->options->bucket_bytes > 0 ? run->options->bucket_bytes : BUCKET_BYTES;
  for (guint i = 0; i < run->files->len; i++) {
    const IngestFile *file = run->files->pdata[i];
    gboolean packed = g_str_has_suffix(file->path, ".gz") || g_str_has_suffix(file->path, ".zst") || g_str_has_suffix(file->path, ".parquet");
    if (!file->known) bytes += file->bytes * (packed ? PACKED_FACTOR : 1);
  }
  return (guint)CLAMP((bytes + size - 1) / size, 1, MAX_BUCKETS);
}

static GPtrArray *stored_columns(const IngestRun *run) {
  GPtrArray *columns = g_ptr_array_new();
  for (guint i = 0; i < run->outputs->len; i++) {
    const IngestOutput *output = run->outputs->pdata[i];
    if (!output->privacy || output->privacy->action != PRIVACY_DROP) g_ptr_array_add(columns, output->column);
  }
  return columns;
}

/* A table that is not there yet, or one that gets the columns that came. */
static gboolean shape_table(IngestRun *run, GError **error) {
  g_autoptr(GPtrArray) columns = stored_columns(run);
  if (run->is_new) {
    run->table = delta_table_draft(run->location, columns, (const char *const *)run->definition->partition_by, NULL, error);
    return run->table != NULL;
  }
  gboolean grows = FALSE;
  for (guint i = 0; i < columns->len && !grows; i++) grows = !delta_table_column(run->table, ((DeltaColumn *)columns->pdata[i])->name);
  if (!grows) return TRUE;
  g_autoptr(GPtrArray) evolved = g_ptr_array_new();
  for (guint i = 0; i < run->table->columns->len; i++) g_ptr_array_add(evolved, run->table->columns->pdata[i]);
  for (guint i = 0; i < columns->len; i++)
    if (!delta_table_column(run->table, ((DeltaColumn *)columns->pdata[i])->name)) g_ptr_array_add(evolved, columns->pdata[i]);
  if (!delta_evolve(run->table, run->engine, evolved, NULL, error)) return FALSE;
  g_clear_pointer(&run->table, delta_table_unref);
  return open_table(run, error);
}

static void describe_columns(IngestRun *run) {
  run->report->columns = g_ptr_array_new_with_free_func((GDestroyNotify)imported_column_free);
  for (guint i = 0; i < run->outputs->len; i++) {
    const IngestOutput *output = run->outputs->pdata[i];
    if (output->privacy && output->privacy->action == PRIVACY_DROP) continue;
    ImportedColumn *column = g_new0(ImportedColumn, 1);
    column->name = g_strdup(output->name);
    column->label = g_strdup(output->label);
    column->type = output->column->type;
    if (output->privacy && output->privacy->action != PRIVACY_KEEP) column->note = g_strdup_printf("personal: %s", privacy_action_name(output->privacy->action));
    const ImportRelation *relation = run->relations->pdata[0];
    for (guint k = 0; k < relation->table->columns->len; k++) {
      const ImportedColumn *found = relation->table->columns->pdata[k];
      if (strcmp(found->name, column->name)) continue;
      column->currency = g_strdup(found->currency);
      if (column->type == FIELD_BOOLEAN && found->type == FIELD_BOOLEAN) {
        column->yes = g_strdup(found->yes);
        column->no = g_strdup(found->no);
      }
      column->is_percent = found->is_percent;
      column->is_path = found->is_path;
    }
    g_ptr_array_add(run->report->columns, column);
  }
}

static void describe_plan(IngestRun *run) {
  const IngestDefinition *definition = run->definition;
  g_autofree char *bytes = g_format_size((guint64)run->bytes), *keys = g_strjoinv(", ", definition->keys),
                  *partitions = g_strjoinv(", ", definition->partition_by), *clusters = g_strjoinv(", ", definition->cluster_by);
  static const char *const modes[] = {"merge into", "append to", "overwrite"};
  ingest_step(run, "read %u new file%s (%s); %u known already", run->report->files_read, run->report->files_read == 1 ? "" : "s", bytes, run->report->files_known);
  for (guint i = 0; i < definition->privacy->len; i++) {
    const PrivacyRule *rule = definition->privacy->pdata[i];
    ingest_step(run, "%s the personal column %s before anything is written", privacy_action_name(rule->action), rule->column);
  }
  if (definition->rules->len) ingest_step(run, "hold the rows against %u quality rules", definition->rules->len);
  if (*keys) ingest_step(run, "keep one row for each %s%s%s, in %u bucket%s", keys, definition->keep_last_by ? ", the last by " : "",
                         definition->keep_last_by ? definition->keep_last_by : "", run->buckets, run->buckets == 1 ? "" : "s");
  ingest_step(run, "%s the table %s%s%s%s%s%s", run->is_new ? "create" : modes[definition->mode], definition->target, *partitions ? ", partitioned by " : "",
              partitions, *clusters ? ", sorted by " : "", clusters, run->is_new ? "" : "");
}

/* SQL of rules is people's SQL too. */
static gboolean guard_rules(const IngestRun *run, GError **error) {
  for (guint i = 0; i < run->definition->rules->len; i++) {
    const QualityRule *rule = run->definition->rules->pdata[i];
    const char *texts[] = {rule->expression, rule->fix};
    for (guint k = 0; k < G_N_ELEMENTS(texts); k++) {
      if (!texts[k] || run->options->guard->check_expression(run->engine, texts[k], error)) continue;
      g_prefix_error(error, "%s:%u:%u: %s: ", run->definition->file, rule->line, rule->column, rule->name);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean prepare(IngestRun *run, GError **error) {
  prepare_import(run);
  run->buckets = run->report->buckets = count_buckets(run);
  run->small = run->buckets == 1 && run->bytes < SMALL_BYTES;
  if (!guard_rules(run, error) || !attach_references(run, error) || !ingest_query_prepare(run, TRUE, error) || !ingest_columns_decide(run, error))
    return FALSE;
  if (run->is_new) ingest_note_personal(run);
  describe_columns(run);
  describe_plan(run);
  run->report->sql = g_strdup(run->query);
  return TRUE;
}

/* ---- running ---- */

static gboolean has_new_files(const IngestRun *run) {
  return run->report->files_read > 0;
}

/* From here on rows hold nothing personal, so a large bucket may spill. */
static gboolean allow_spilling(IngestRun *run, GError **error) {
  if (!is_personal(run)) return TRUE;
  g_autofree char *spill = g_build_filename(run->workspace, "cache", "spill", NULL), *quoted = text_sql_quote(spill);
  g_autofree char *sql = g_strdup_printf("SET temp_directory = %s", quoted);
  return engine_execute(run->engine, sql, DEADLINE_NEVER, error);
}

static gboolean carry_out(IngestRun *run, QualityReport **failed, GError **error) {
  if (!ingest_pass(run, error) || !allow_spilling(run, error) || !ingest_judge(run, failed, error) || !shape_table(run, error) ||
      !ingest_write_buckets(run, error))
    return FALSE;
  gint64 kept = run->report->rows_read - run->report->rows_quarantined, stored = 0;
  for (guint i = 0; i < run->written->len; i++) stored += MAX(((DeltaFile *)run->written->pdata[i])->rows, 0);
  run->report->rows_duplicate = run->written->len ? kept - stored : 0;
  run->report->created = run->is_new;
  gint64 before_us = g_get_monotonic_time();
  if (!ingest_commit(run, error)) return FALSE;
  run->report->commit_seconds = (double)(g_get_monotonic_time() - before_us) / 1e6;
  g_free(run->report->outcome);
  run->report->outcome = g_strdup("loaded");
  return TRUE;
}

static gboolean run_one(IngestRun *run, QualityReport **failed, GError **error) {
  if (!open_table(run, error)) return FALSE;
  ingest_files_mark_known(run);
  if (!has_new_files(run)) {
    run->report->version = run->is_new ? -1 : run->table->version;
    ingest_step(run, "all %u files are in the table already", run->report->files_known);
    return TRUE;
  }
  if (!prepare(run, error)) return FALSE;
  if (run->options->plan_only) {
    g_free(run->report->outcome);
    run->report->outcome = g_strdup("planned");
    return TRUE;
  }
  return carry_out(run, failed, error);
}

static gboolean find_work(IngestRun *run, GError **error) {
  if (!set_parameters(run, error) || !open_engine(run, error) || !make_scratch(run, error) || !ingest_files_find(run, error)) return FALSE;
  run->load = ingest_files_identity(run);
  run->report->load = g_strdup(run->load);
  run->work = g_build_filename(run->workspace, "state", "ingest", run->definition->target, run->load, NULL);
  run->location = lake_table_location(run->workspace, run->definition->target, error);
  return run->location && (run->options->plan_only || disk_make_folder(run->work, error));
}

/* Work of loads that were given up for another one over the same table. */
static void remove_other_work(const IngestRun *run) {
  g_autofree char *folder = g_path_get_dirname(run->work), *own = g_path_get_basename(run->work);
  g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
  const char *name;
  while (listing && (name = g_dir_read_name(listing))) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if (strcmp(name, own)) disk_remove_tree(path);
  }
}

static GPtrArray *collect_reports(const GPtrArray *runs) {
  GPtrArray *reports = g_ptr_array_new_with_free_func((GDestroyNotify)ingest_report_free);
  for (guint i = 0; i < runs->len; i++) {
    IngestRun *run = runs->pdata[i];
    run->report->seconds = (double)(g_get_monotonic_time() - run->started_us) / 1e6;
    g_ptr_array_add(reports, g_steal_pointer(&run->report));
  }
  return reports;
}

static LakeLoad *begin_load(const GPtrArray *runs, GError **error) {
  g_autoptr(GString) identity = g_string_new("ingest");
  g_autoptr(GPtrArray) tables = g_ptr_array_new();
  const IngestRun *first = runs->pdata[0];
  for (guint i = 0; i < runs->len; i++) {
    const IngestRun *run = runs->pdata[i];
    g_string_append_printf(identity, ":%s", run->load);
    g_ptr_array_add(tables, run->definition->target);
  }
  g_ptr_array_add(tables, NULL);
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, identity->str, -1);
  return lake_load_begin(first->workspace, hash, (const char *const *)tables->pdata, first->engine, deadline_in_ms(WAIT_FOR_TABLES_MS, NULL), error);
}

/* Two definitions of one table would each take the other's rows for its own past. */
static gboolean targets_differ(const GPtrArray *definitions, GError **error) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < definitions->len; i++) {
    const IngestDefinition *definition = definitions->pdata[i];
    if (g_hash_table_add(seen, definition->target)) continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "two definitions load the table %s; run them one after the other", definition->target);
    return FALSE;
  }
  return TRUE;
}

/* NULL, with an error that may be shown. */
static GPtrArray *fail(const IngestRun *run, GError **error) {
  if (is_personal(run) && error) privacy_hide_values(*error);
  for (guint i = 0; error && i < run->remotes->len; i++) remote_files_show_in(run->remotes->pdata[i], *error);
  return NULL;
}

GPtrArray *ingest_run(const GPtrArray *definitions, const IngestOptions *options, QualityReport **failed, GError **error) {
  g_autoptr(GPtrArray) runs = g_ptr_array_new_with_free_func(ingest_run_free);
  if (!targets_differ(definitions, error)) return NULL;
  for (guint i = 0; i < definitions->len; i++) {
    IngestRun *run = run_new(definitions->pdata[i], options);
    g_ptr_array_add(runs, run);
    if (!find_work(run, error)) return fail(run, error);
  }
  if (runs->len == 0) return collect_reports(runs);
  g_autoptr(LakeLoad) load = options->plan_only ? NULL : begin_load(runs, error);
  if (!load && !options->plan_only) return NULL;
  gboolean loaded = load && lake_load_resumed(load);
  for (guint i = 0; i < runs->len; i++) {
    IngestRun *run = runs->pdata[i];
    if (load) remove_other_work(run);
    if (!run_one(run, failed, error)) return fail(run, error);
    loaded = loaded || !strcmp(run->report->outcome, "loaded");
  }
  if (loaded && !lake_load_publish(load, NULL, NULL, error)) return NULL;
  for (guint i = 0; load && i < runs->len; i++) {
    const IngestRun *run = runs->pdata[i];
    gboolean changed = !strcmp(run->report->outcome, "loaded");
    if (changed && !quality_state_update(run->engine, run->workspace, run->definition->target, run->definition->stale_after_ms, error)) return NULL;
    disk_remove_tree(run->work);
  }
  return collect_reports(runs);
}

/* ---- checking ---- */

static void check_expression(const IngestDefinition *definition, const IngestColumn *column, const IngestGuard *guard, Engine *engine, GHashTable *values,
                             GPtrArray *problems) {
  g_autoptr(GError) failing = NULL;
  g_autofree char *bound = ingest_bind_parameters(column->expression, values, &failing);
  if (bound && guard->check_expression(engine, bound, &failing)) return;
  yaml_problem_add(problems, definition->file, column->line, column->column, "%s: %s", column->name, failing->message);
}

/* The columns a file makes, whose names become the table's. */
static void check_made(const IngestDefinition *definition, const GPtrArray *columns, const IngestGuard *guard, Engine *engine, GHashTable *values,
                       GPtrArray *problems) {
  for (guint i = 0; i < columns->len; i++) {
    const IngestColumn *column = columns->pdata[i];
    check_expression(definition, column, guard, engine, values, problems);
    g_autofree char *personal = ingest_made_of_personal(definition, engine, column);
    if (personal) yaml_problem_add(problems, definition->file, column->line, column->column, "%s", personal);
  }
}

static GHashTable *sample_parameters(const IngestDefinition *definition) {
  GHashTable *values = g_hash_table_new(g_str_hash, g_str_equal);
  GHashTableIter iterator;
  gpointer name, value;
  g_hash_table_iter_init(&iterator, definition->parameters);
  while (g_hash_table_iter_next(&iterator, &name, &value)) g_hash_table_insert(values, name, value);
  g_hash_table_insert(values, (gpointer) "week", (gpointer) "2026-W47");
  g_hash_table_insert(values, (gpointer) "week_start", (gpointer) "2026-11-16");
  g_hash_table_insert(values, (gpointer) "week_end", (gpointer) "2026-11-23");
  return values;
}

void ingest_definition_check(const IngestDefinition *definition, const IngestGuard *guard, Engine *engine, GPtrArray *problems) {
  g_autoptr(GHashTable) values = sample_parameters(definition);
  check_made(definition, definition->columns, guard, engine, values, problems);
  check_made(definition, definition->derive, guard, engine, values, problems);
  if (definition->where) check_expression(definition, definition->where, guard, engine, values, problems);
  for (guint i = 0; i < definition->rules->len; i++) {
    const QualityRule *rule = definition->rules->pdata[i];
    char *texts[] = {rule->expression, rule->fix};
    for (guint k = 0; k < G_N_ELEMENTS(texts); k++) {
      IngestColumn column = {rule->name, texts[k], rule->line, rule->column};
      if (texts[k]) check_expression(definition, &column, guard, engine, values, problems);
    }
  }
  if (!definition->sql) return;
  g_autoptr(GError) failing = NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < definition->sources->len; i++) g_ptr_array_add(names, ((IngestSource *)definition->sources->pdata[i])->name);
  g_ptr_array_add(names, NULL);
  g_autofree char *bound = ingest_bind_parameters(definition->sql, values, &failing);
  if (!bound || !guard->check_select(engine, bound, (const char *const *)names->pdata, &failing))
    yaml_problem_add(problems, definition->file, definition->sql_line, definition->sql_column, "sql: %s", failing->message);
}

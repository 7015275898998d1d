/* Which columns of files that nobody described look personal. */
#include "lake/ingest_private.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SAMPLE_ROWS 2000

void personal_table_free(PersonalTable *table) {
  if (!table) return;
  g_free(table->table);
  g_strfreev(table->files);
  g_strfreev(table->columns);
  g_strfreev(table->kinds);
  g_free(table);
}

/* Where messy files are staged: in memory. */
static gboolean prepare_context(ImportContext *context, GError **error) {
  g_autofree char *id = g_uuid_string_random(), *name = g_strdup_printf("aisle-ingest-%d-%s", (int)getpid(), id);
  context->staging = g_build_filename("/dev/shm", name, NULL);
  context->lake = g_strdup(context->staging);
  context->rejected_folder = g_strdup(context->staging);
  context->hide_text = TRUE;
  context->deadline = DEADLINE_NEVER;
  context->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  context->engine = engine_open_duckdb(&(EngineOptions){.max_connections = 2}, error);
  if (!context->engine) return FALSE;
  if (g_mkdir_with_parents(context->staging, 0700) == 0) return TRUE;
  aisle_error_set_errno(error, errno, "make the folder %s", context->staging);
  return FALSE;
}

static void context_clear(ImportContext *context) {
  if (context->staging) disk_remove_tree(context->staging);
  g_free(context->staging);
  g_free(context->lake);
  g_free(context->rejected_folder);
  g_clear_pointer(&context->taken, g_hash_table_unref);
  engine_unref(context->engine);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImportContext, context_clear)

/* What a column of a sample looks like; NULL. */
static const char *kind_of(const ResultTable *rows, guint column) {
  g_autoptr(GPtrArray) sample = g_ptr_array_new_with_free_func(g_free);
  for (gsize r = 0; r < rows->n_rows; r++)
    if (result_table_at(rows, r, column)->type != VALUE_NULL) g_ptr_array_add(sample, value_to_text(result_table_at(rows, r, column)));
  g_ptr_array_add(sample, NULL);
  return privacy_detect(((ResultColumn *)rows->columns->pdata[column])->name, (const char *const *)sample->pdata);
}

void ingest_note_personal(IngestRun *run) {
  g_autofree char *sql = g_strdup_printf("SELECT * FROM (%s) LIMIT %d", run->query, SAMPLE_ROWS);
  /* What fails here fails the load as well, and is told there. */
  g_autoptr(ResultTable) rows = engine_query(run->engine, sql, NULL, SAMPLE_ROWS, run->options->deadline, NULL);
  for (guint c = 0; rows && c < result_table_n_columns(rows); c++) {
    const char *name = ((ResultColumn *)rows->columns->pdata[c])->name;
    if (*name == '_' || privacy_rule_find(run->definition->privacy, name)) continue;
    const char *kind = kind_of(rows, c);
    if (kind)
      g_ptr_array_add(run->report->personal, g_strdup_printf("%s looks like personal data (%s) and is stored as it is; say under 'privacy:' "
                                                             "what becomes of it, or keep", name, kind));
  }
}

static PersonalTable *look_at(ImportContext *context, const TableSource *source, GHashTable *tables, GError **error) {
  g_autoptr(ImportRelation) relation = import_relation(context, source, TRUE, error);
  if (!relation) return NULL;
  g_autofree char *sql = g_strdup_printf("SELECT * FROM (%s) LIMIT %d", relation->select, SAMPLE_ROWS);
  g_autoptr(ResultTable) rows = engine_query(context->engine, sql, NULL, SAMPLE_ROWS, DEADLINE_NEVER, error);
  if (!rows) return NULL;
  g_autoptr(GStrvBuilder) columns = g_strv_builder_new(), kinds = g_strv_builder_new(), files = g_strv_builder_new();
  for (guint c = 0; c < result_table_n_columns(rows); c++) {
    const char *name = ((ResultColumn *)rows->columns->pdata[c])->name, *kind = kind_of(rows, c);
    if (!kind) continue;
    g_strv_builder_add(columns, name);
    g_strv_builder_add(kinds, kind);
  }
  for (guint i = 0; i < source->paths->len; i++) {
    g_autofree char *path = g_canonicalize_filename(source->paths->pdata[i], NULL);
    g_strv_builder_add(files, path);
  }
  PersonalTable *table = g_new0(PersonalTable, 1);
  table->table = text_slug_unique(source->name, tables);
  table->columns = g_strv_builder_end(columns);
  table->kinds = g_strv_builder_end(kinds);
  table->files = g_strv_builder_end(files);
  return table;
}

GPtrArray *ingest_find_personal(const char *const *paths, GError **error) {
  for (guint i = 0; paths[i]; i++) {
    if (!source_is_remote(paths[i])) continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "%s: write an ingestion file with 'privacy:' for files that lie elsewhere", paths[i]);
    return NULL;
  }
  g_autoptr(GPtrArray) sources = sources_find(paths, error);
  g_auto(ImportContext) context = {0};
  if (!sources || !prepare_context(&context, error)) return NULL;
  g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GPtrArray) tables = g_ptr_array_new_with_free_func((GDestroyNotify)personal_table_free);
  for (guint i = 0; i < sources->len; i++) {
    PersonalTable *table = look_at(&context, sources->pdata[i], names, error);
    if (!table) return NULL;
    g_ptr_array_add(tables, table);
  }
  return g_steal_pointer(&tables);
}

char *ingest_personal_definition(const PersonalTable *table) {
  GString *text = g_string_new("# Written by aisle init --privacy; docs/ingest.md explains it.\nsource:\n");
  for (guint i = 0; table->files[i]; i++) {
    g_autofree char *quoted = text_sql_quote(table->files[i]); /* YAML doubles single quotes as SQL does */
    g_string_append_printf(text, "  - %s\n", quoted);
  }
  g_string_append_printf(text, "target: %s\n", table->table);
  if (table->columns[0]) g_string_append(text, "privacy:\n");
  for (guint i = 0; table->columns[i]; i++) g_string_append_printf(text, "  %s: hash # %s\n", table->columns[i], table->kinds[i]);
  return g_string_free(text, FALSE);
}

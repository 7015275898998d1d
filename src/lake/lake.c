/* The face of the module: importing files, reading one file as clean CSV. */
#include "lake/lake.h"
#include "lake/import.h"
#include "lake/source_remote.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define STAGING_PREFIX "_staging-"
#define STALE_STAGING_SECONDS (24 * 3600)

static void import_context_clear(ImportContext *context) {
  if (context->staging) disk_remove_tree(context->staging);
  g_free(context->staging);
  g_free(context->lake);
  if (context->taken) g_hash_table_unref(context->taken);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImportContext, import_context_clear)

/* Staging folders of imports that were killed a day ago or more. */
static void remove_stale_staging(const char *lake) {
  g_autoptr(GDir) listing = g_dir_open(lake, 0, NULL);
  const char *name;
  while (listing && (name = g_dir_read_name(listing))) {
    g_autofree char *path = g_build_filename(lake, name, NULL);
    struct stat status;
    if (g_str_has_prefix(name, STAGING_PREFIX) && stat(path, &status) == 0 &&
        status.st_mtime < time(NULL) - STALE_STAGING_SECONDS)
      disk_remove_tree(path);
  }
}

static gboolean import_context_prepare(ImportContext *context, GError **error) {
  g_autofree char *root = g_canonicalize_filename(context->workspace, NULL);
  context->lake = g_build_filename(root, "lake", NULL);
  remove_stale_staging(context->lake);
  g_autofree char *id = g_uuid_string_random();
  g_autofree char *name = g_strconcat(STAGING_PREFIX, id, NULL);
  context->staging = g_build_filename(context->lake, name, NULL);
  context->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return disk_make_folder(context->staging, error);
}

static gboolean import_staged(ImportContext *context, GPtrArray *staged, GPtrArray *tables, GError **error) {
  for (guint i = 0; i < staged->len; i++) {
    ImportedTable *table = import_text_table(context, staged->pdata[i], error);
    if (!table) return FALSE;
    g_ptr_array_add(tables, table);
  }
  return TRUE;
}

static gboolean import_source(ImportContext *context, const TableSource *source, GPtrArray *tables, GError **error) {
  g_autoptr(GPtrArray) staged = NULL;
  ImportedTable *table = NULL;
  switch (source->kind) {
  case SOURCE_TEXT: table = import_text_table(context, source, error); break;
  case SOURCE_PARQUET: table = import_parquet_table(context, source, error); break;
  case SOURCE_JSON: staged = source_json_tables(context, source, error); break;
  case SOURCE_SQLITE: staged = source_sqlite_tables(context, source, error); break;
  case SOURCE_XLSX: staged = source_xlsx_tables(context, source, error); break;
  }
  if (table) g_ptr_array_add(tables, table);
  return table || (staged && import_staged(context, staged, tables, error));
}

/* Takes tables of a failed import away again. */
static void undo(const ImportContext *context, const GPtrArray *tables) {
  for (guint i = 0; i < tables->len; i++) {
    const ImportedTable *table = tables->pdata[i];
    g_autofree char *folder = g_build_filename(context->lake, table->table, NULL);
    disk_remove_tree(folder);
    g_autofree char *rejected_name = g_strconcat(table->table, ".csv", NULL);
    g_autofree char *rejected = g_build_filename(context->lake, "_rejected", rejected_name, NULL);
    disk_remove_tree(rejected);
  }
}

/* Files and folders as they are; what lies elsewhere is fetched first, and shown by its address. */
static GPtrArray *import_find_sources(ImportContext *context, const char *const *paths, RemoteFiles **remote, GError **error) {
  gboolean any = FALSE;
  for (guint i = 0; paths[i]; i++) any |= source_is_remote(paths[i]);
  if (!any) return sources_find(paths, error);
  g_autoptr(Settings) settings = settings_load(context->workspace, NULL, error);
  if (!settings) return NULL;
  ObjectOptions options = object_options_of(settings);
  g_autofree char *folder = g_build_filename(context->staging, "remote", NULL);
  import_report(context, -1, 0, "fetching");
  *remote = remote_files_fetch(paths, folder, &options, context->deadline, error);
  GPtrArray *sources = *remote ? sources_find(remote_files_paths(*remote), error) : NULL;
  for (guint i = 0; sources && i < sources->len; i++) {
    TableSource *source = sources->pdata[i];
    char *shown = g_strdup(remote_files_shown(*remote, source->shown));
    g_free(source->shown);
    source->shown = shown;
  }
  return sources;
}

GPtrArray *lake_import(Engine *engine, const char *workspace, const char *const *paths, const ImportOptions *options,
                       Deadline deadline, GError **error) {
  g_auto(ImportContext) context = {.engine = engine, .workspace = workspace, .options = options, .deadline = deadline,
                                    .began_us = g_get_real_time()};
  g_autoptr(RemoteFiles) remote = NULL;
  if (!import_context_prepare(&context, error)) return NULL;
  g_autoptr(GPtrArray) sources = import_find_sources(&context, paths, &remote, error);
  if (!sources) {
    if (error) remote_files_show_in(remote, *error);
    return NULL;
  }
  g_autoptr(GPtrArray) tables = g_ptr_array_new_with_free_func((GDestroyNotify)imported_table_free);
  for (guint i = 0; i < sources->len; i++) {
    TableSource *source = sources->pdata[i];
    if (options && options->source_name && sources->len == 1) {
      g_free(source->name);
      source->name = g_strdup(options->source_name);
    }
    if (!import_source(&context, source, tables, error)) {
      undo(&context, tables);
      if (error) remote_files_show_in(remote, *error);
      return NULL;
    }
  }
  return g_steal_pointer(&tables);
}

/* ---- aisle read ---- */

static gboolean write_line(GString *line, FILE *out, GError **error) {
  g_string_append(line, "\r\n");
  gboolean ok = fwrite(line->str, 1, line->len, out) == line->len;
  if (!ok) aisle_error_set_errno(error, errno, "write the output");
  g_string_truncate(line, 0);
  return ok;
}

static gboolean write_rows(TableReader *reader, FILE *out, GError **error) {
  const TableLayout *layout = table_reader_layout(reader);
  g_autoptr(GString) line = g_string_new(NULL);
  if (layout->header_records > 0) {
    for (guint j = 0; j < layout->columns; j++) {
      if (j) g_string_append_c(line, ',');
      const char *label = layout->labels->pdata[j];
      csv_append_cell(line, label, strlen(label));
    }
    if (!write_line(line, out, error)) return FALSE;
  }
  TableRow row;
  int got;
  while ((got = table_reader_next(reader, &row, error)) > 0) {
    if (row.kind == TABLE_ROW_ASIDE) continue;
    guint cells = MAX(row.n_cells, layout->columns);
    for (guint j = 0; j < cells; j++) {
      if (j) g_string_append_c(line, ',');
      if (j < row.n_cells) csv_append_cell(line, row.cells[j].text, row.cells[j].length);
    }
    if (!write_line(line, out, error)) return FALSE;
  }
  if (got == 0 && fflush(out) != 0) {
    aisle_error_set_errno(error, errno, "write the output");
    return FALSE;
  }
  return got == 0;
}

gboolean lake_read_as_csv(const char *path, FILE *out, GError **error) {
  g_autoptr(TableReader) reader = table_reader_open(path, error);
  return reader && write_rows(reader, out, error);
}

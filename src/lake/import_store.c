/* From a query to a committed Delta table. */
#include "lake/content_hash.h"
#include "lake/delta_commit.h"
#include "lake/import.h"
#include <string.h>
#include <sys/stat.h>

#define ONE_FILE_BYTES (G_GINT64_CONSTANT(1) << 30)

void import_report(const ImportContext *context, double fraction, gint64 rows, const char *what) {
  if (context->options && context->options->progress)
    context->options->progress(fraction, rows, what, context->options->progress_data);
}

char *import_table_name(ImportContext *context, const char *name) {
  for (;;) {
    g_autofree char *slug = text_slug_unique(name, context->taken);
    g_autofree char *first = g_build_filename(context->lake, slug, "_delta_log", "00000000000000000000.json", NULL);
    g_autofree char *checkpoint = g_build_filename(context->lake, slug, "_delta_log", "_last_checkpoint", NULL);
    /* A folder without a commit is what a crash left; it is taken over. */
    if (!g_file_test(first, G_FILE_TEST_EXISTS) && !g_file_test(checkpoint, G_FILE_TEST_EXISTS))
      return g_steal_pointer(&slug);
  }
}

static GPtrArray *delta_columns_of(const ImportedTable *table) {
  GPtrArray *columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  for (guint i = 0; i < table->columns->len; i++) {
    const ImportedColumn *column = table->columns->pdata[i];
    g_ptr_array_add(columns, delta_column_new(column->name, column->label, column->type));
  }
  return columns;
}

/* The files as a person has them: a staged sheet or table is of the file that is shown. Of char*. (transfer container) */
static GPtrArray *original_files(const TableSource *source) {
  GPtrArray *files = g_ptr_array_new();
  if (source->paths->len == 1 && g_file_test(source->shown, G_FILE_TEST_IS_REGULAR)) g_ptr_array_add(files, source->shown);
  else g_ptr_array_extend(files, source->paths, NULL, NULL);
  return files;
}

/* As it was when it was read. */
static gboolean is_unchanged(const ImportContext *context, const char *path) {
  struct stat about;
  return stat(path, &about) == 0 && (gint64)about.st_mtim.tv_sec * G_USEC_PER_SEC + about.st_mtim.tv_nsec / 1000 <= context->began_us;
}

/* What the table is made of, so that a later load of the same content under any name does nothing. */
static gboolean identify(ImportContext *context, DeltaCommit *commit, const GPtrArray *files, GError **error) {
  g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < files->len; i++) {
    if (!is_unchanged(context, files->pdata[i])) continue;
    g_autofree char *hash = content_hash(files->pdata[i], NULL, NULL, context->deadline, error);
    if (!hash) return FALSE;
    if (!is_unchanged(context, files->pdata[i]) || !g_hash_table_add(known, g_strdup(hash))) continue;
    g_autofree char *application = content_identity(hash);
    delta_commit_set_identity(commit, &(DeltaIdentity){application, 1});
  }
  return TRUE;
}

static gboolean commit_files(ImportContext *context, DeltaTable *draft, const TableSource *source, const GPtrArray *files, GError **error) {
  g_autoptr(GPtrArray) originals = original_files(source);
  g_autoptr(DeltaCommit) commit = delta_commit_new(draft, "CREATE TABLE");
  for (guint i = 0; i < files->len; i++) delta_commit_add(commit, files->pdata[i], TRUE);
  return identify(context, commit, originals, error) && delta_commit_write(commit, NULL, error) >= 0;
}

/* The files as they are shown: all of a series, or the one address or file. */
static char **shown_files(const TableSource *source) {
  g_autoptr(GStrvBuilder) shown = g_strv_builder_new();
  gboolean series = source->paths->len > 1 && !strcmp(source->shown, source->paths->pdata[0]);
  for (guint i = 0; series && i < source->paths->len; i++) g_strv_builder_add(shown, source->paths->pdata[i]);
  if (!series) g_strv_builder_add(shown, source->shown);
  return g_strv_builder_end(shown);
}

static gboolean store_in(ImportContext *context, ImportedTable *table, const char *folder, const char *select,
                         const TableSource *source, GError **error) {
  g_autoptr(GPtrArray) columns = delta_columns_of(table);
  g_autoptr(DeltaTable) draft = delta_table_draft(folder, columns, NULL, NULL, error);
  DeltaWriteOptions options = {.target_file_bytes = ONE_FILE_BYTES, .deadline = context->deadline};
  g_autoptr(GPtrArray) files = draft ? delta_write_rows(draft, context->engine, select, &options, error) : NULL;
  if (!files) return FALSE;
  table->rows = 0;
  for (guint i = 0; i < files->len; i++) table->rows += ((const DeltaFile *)files->pdata[i])->rows;
  if (table->rows == 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s: there are no rows", table->source);
    return FALSE;
  }
  if (!commit_files(context, draft, source, files, error)) return FALSE;
  g_strfreev(table->sources);
  table->sources = shown_files(source);
  g_strfreev(table->files);
  table->files = g_new0(char *, files->len + 1);
  for (guint i = 0; i < files->len; i++) table->files[i] = delta_file_location(draft, files->pdata[i]);
  return TRUE;
}

gboolean import_store(ImportContext *context, ImportedTable *table, const char *select, const TableSource *source,
                      GError **error) {
  g_autofree char *folder = g_build_filename(context->lake, table->table, NULL);
  import_report(context, 0.8, table->rows, "writing");
  g_autoptr(GError) failing = NULL;
  if (store_in(context, table, folder, select, source, &failing)) return TRUE;
  g_autofree char *log = g_build_filename(folder, "_delta_log", NULL);
  g_autofree char *first = g_build_filename(log, "00000000000000000000.json", NULL);
  /* The commit may stand although flushing its folder failed; then the table is left alone. */
  if (!g_file_test(first, G_FILE_TEST_EXISTS)) disk_remove_tree(folder);
  if (strstr(failing->message, "No space left")) failing->code = AISLE_ERROR_NO_SPACE;
  g_propagate_error(error, g_steal_pointer(&failing));
  return FALSE;
}

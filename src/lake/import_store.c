/* From a query to a committed Delta table. */
#include "lake/import.h"
#include <string.h>
#include <sys/stat.h>

#define ONE_FILE_BYTES (G_GINT64_CONSTANT(1) << 30)
#define IDENTITY_BYTES (1u << 20)

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

static void hash_part(GChecksum *hash, FILE *file, long offset, int whence) {
  g_autofree guchar *bytes = g_malloc(IDENTITY_BYTES);
  if (fseek(file, offset, whence) != 0) return;
  size_t n = fread(bytes, 1, IDENTITY_BYTES, file);
  g_checksum_update(hash, bytes, (gssize)n);
}

char *import_identity(const GPtrArray *paths) {
  g_autoptr(GChecksum) hash = g_checksum_new(G_CHECKSUM_SHA256);
  for (guint i = 0; i < paths->len; i++) {
    struct stat status = {0};
    FILE *file = fopen(paths->pdata[i], "rbe");
    if (!file) continue;
    if (fstat(fileno(file), &status) == 0) {
      g_autofree char *facts =
          g_strdup_printf("%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT ".%09ld;", (gint64)status.st_size,
                          (gint64)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
      g_checksum_update(hash, (const guchar *)facts, -1);
    }
    hash_part(hash, file, 0, SEEK_SET);
    if (status.st_size > (off_t)IDENTITY_BYTES) hash_part(hash, file, -(long)IDENTITY_BYTES, SEEK_END);
    fclose(file);
  }
  return g_strconcat("import:", g_checksum_get_string(hash), NULL);
}

static GPtrArray *delta_columns_of(const ImportedTable *table) {
  GPtrArray *columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  for (guint i = 0; i < table->columns->len; i++) {
    const ImportedColumn *column = table->columns->pdata[i];
    g_ptr_array_add(columns, delta_column_new(column->name, column->label, column->type));
  }
  return columns;
}

static gboolean store_in(ImportContext *context, ImportedTable *table, const char *folder, const char *select,
                         const char *identity, GError **error) {
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
  DeltaIdentity load = {identity, 1};
  if (!delta_table_create(folder, columns, files, identity ? &load : NULL, error)) return FALSE;
  g_strfreev(table->files);
  table->files = g_new0(char *, files->len + 1);
  for (guint i = 0; i < files->len; i++) table->files[i] = delta_file_location(draft, files->pdata[i]);
  return TRUE;
}

gboolean import_store(ImportContext *context, ImportedTable *table, const char *select, const char *identity,
                      GError **error) {
  g_autofree char *folder = g_build_filename(context->lake, table->table, NULL);
  import_report(context, 0.8, table->rows, "writing");
  g_autoptr(GError) failing = NULL;
  if (store_in(context, table, folder, select, identity, &failing)) return TRUE;
  g_autofree char *log = g_build_filename(folder, "_delta_log", NULL);
  g_autofree char *first = g_build_filename(log, "00000000000000000000.json", NULL);
  /* The commit may stand although flushing its folder failed; then the table is left alone. */
  if (!g_file_test(first, G_FILE_TEST_EXISTS)) disk_remove_tree(folder);
  if (strstr(failing->message, "No space left")) failing->code = AISLE_ERROR_NO_SPACE;
  g_propagate_error(error, g_steal_pointer(&failing));
  return FALSE;
}

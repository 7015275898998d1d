/* From a query to a committed Delta table. */
#include "lake/import.h"
#include <string.h>
#include <sys/stat.h>

#define ROW_GROUP_ROWS 122880
#define ONE_FILE_ROWS (G_GINT64_CONSTANT(200) * 1000 * 1000)
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

/* Writes the query's rows as one Parquet file of the table's folder; its name is returned. */
static char *write_parquet(ImportContext *context, const char *folder, const char *select, GError **error) {
  g_autofree char *id = g_uuid_string_random();
  g_autofree char *name = g_strdup_printf("part-00000-%s.parquet", id);
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_autofree char *quoted = text_sql_quote(path);
  g_autofree char *sql = g_strdup_printf("COPY (%s) TO %s (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %d)",
                                         select, quoted, ROW_GROUP_ROWS);
  if (!engine_execute(context->engine, sql, context->deadline, error) || !disk_flush_file(path, error)) return NULL;
  return g_steal_pointer(&name);
}

static gboolean store_in(ImportContext *context, ImportedTable *table, const char *folder, const char *select,
                         const char *identity, GError **error) {
  if (!disk_make_folder(folder, error)) return FALSE;
  g_autofree char *file = write_parquet(context, folder, select, error);
  if (!file) return FALSE;
  g_autoptr(GPtrArray) columns = delta_columns_of(table);
  DeltaFile *described = delta_file_describe(context->engine, folder, file, columns, context->deadline, error);
  if (!described) return FALSE;
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func((GDestroyNotify)delta_file_free);
  g_ptr_array_add(files, described);
  table->rows = described->rows;
  if (table->rows == 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s: there are no rows", table->source);
    return FALSE;
  }
  DeltaIdentity load = {identity, 1};
  if (!disk_flush_folder(context->lake, error) ||
      !delta_table_create(folder, columns, files, identity ? &load : NULL, error))
    return FALSE;
  g_strfreev(table->files);
  table->files = g_new0(char *, 2);
  table->files[0] = g_build_filename(folder, file, NULL);
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

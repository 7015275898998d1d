/* Which files there are, of which kind, and which of them belong to one table. */
#include "lake/import.h"
#include "lake/source_remote.h"
#include <glib/gstdio.h>
#include <string.h>

#define MAX_FILES 10000
#define MAX_FOLDER_DEPTH 8

void table_source_free(TableSource *source) {
  if (!source) return;
  g_free(source->name);
  g_free(source->shown);
  g_ptr_array_unref(source->paths);
  g_free(source);
}

SourceKind source_kind_of(const char *path, GError **error) {
  guchar head[16] = {0};
  FILE *file = fopen(path, "rbe");
  if (!file) {
    (void)error;
    return SOURCE_TEXT; /* reading it will report what is wrong */
  }
  size_t n = fread(head, 1, sizeof head, file);
  fclose(file);
  if (n >= 4 && !memcmp(head, "PAR1", 4)) return SOURCE_PARQUET;
  if (n >= 16 && !memcmp(head, "SQLite format 3", 16)) return SOURCE_SQLITE;
  g_autofree char *lower = g_ascii_strdown(path, -1);
  if (n >= 4 && !memcmp(head, "PK\3\4", 4) && (g_str_has_suffix(lower, ".xlsx") || g_str_has_suffix(lower, ".xlsm")))
    return SOURCE_XLSX;
  gboolean json_name = g_str_has_suffix(lower, ".json") || g_str_has_suffix(lower, ".ndjson") ||
                       g_str_has_suffix(lower, ".jsonl") || g_str_has_suffix(lower, ".json.gz") ||
                       g_str_has_suffix(lower, ".ndjson.gz") || g_str_has_suffix(lower, ".jsonl.gz");
  return json_name ? SOURCE_JSON : SOURCE_TEXT;
}

/* "orders.csv.gz" -> "orders" */
static char *stem_of(const char *path) {
  static const char *const extensions[] = {".gz",    ".zst",  ".zstd", ".csv",     ".tsv",    ".txt",
                                           ".tab",   ".psv",  ".dat",  ".parquet", ".json",   ".ndjson",
                                           ".jsonl", ".xlsx", ".xlsm", ".db",      ".sqlite", ".sqlite3"};
  char *stem = g_path_get_basename(path);
  for (gboolean again = TRUE; again;) {
    again = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(extensions); i++) {
      gsize n = strlen(stem), m = strlen(extensions[i]);
      if (n > m && !g_ascii_strcasecmp(stem + n - m, extensions[i])) {
        stem[n - m] = '\0';
        again = TRUE;
      }
    }
  }
  return stem;
}

/* "2024_sales" -> "sales_2024": names of tables begin with a letter. (transfer full) */
static char *letter_first(const char *stem) {
  gsize digits = strspn(stem, "0123456789");
  gsize gap = strspn(stem + digits, "-_. ");
  const char *rest = stem + digits + gap;
  return digits > 0 && g_ascii_isalpha(*rest) ? g_strdup_printf("%s_%.*s", rest, (int)digits, stem) : g_strdup(stem);
}

/* "sales_2024-01" -> "sales"; NULL where there is no date or number at the end. (transfer full) */
static char *series_of(const char *stem) {
  gsize end = strlen(stem);
  while (end > 0 && (g_ascii_isdigit(stem[end - 1]) || strchr("-_. ", stem[end - 1]))) end--;
  return end > 0 && stem[end] ? g_strndup(stem, end) : NULL;
}

static gint compare_paths(gconstpointer a, gconstpointer b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

gboolean source_is_data_name(const char *name) {
  static const char *const extensions[] = {".csv",     ".tsv",    ".txt",     ".tab",   ".psv",  ".dat",
                                           ".parquet", ".json",   ".ndjson",  ".jsonl", ".xlsx", ".xlsm",
                                           ".db",      ".sqlite", ".sqlite3", ".gz",    ".zst"};
  g_autofree char *lower = g_ascii_strdown(name, -1);
  for (gsize i = 0; i < G_N_ELEMENTS(extensions); i++)
    if (g_str_has_suffix(lower, extensions[i])) return TRUE;
  return FALSE;
}

/* What lies in a workspace are tables and their state, not files to read. */
static gboolean is_workspace(const char *folder) {
  g_autofree char *settings = g_build_filename(folder, "aisle.yaml", NULL), *snapshots = g_build_filename(folder, "snapshots", NULL);
  return g_file_test(settings, G_FILE_TEST_IS_REGULAR) && g_file_test(snapshots, G_FILE_TEST_IS_DIR);
}

static gboolean collect(const char *path, int depth, GPtrArray *files, GError **error) {
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "%s: there is no such file or folder", path);
    return FALSE;
  }
  if (files->len >= MAX_FILES) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "more than %d files", MAX_FILES);
    return FALSE;
  }
  if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
    g_ptr_array_add(files, g_strdup(path));
    return TRUE;
  }
  if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s is neither a file nor a folder (files are read more than once); write it to a file first",
                path);
    return FALSE;
  }
  if (is_workspace(path)) return TRUE;
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GDir) listing = g_dir_open(path, 0, NULL);
  const char *name;
  while (listing && (name = g_dir_read_name(listing)))
    if (name[0] != '.' && name[0] != '_') g_ptr_array_add(names, g_strdup(name));
  g_ptr_array_sort(names, compare_paths);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *child = g_build_filename(path, names->pdata[i], NULL);
    gboolean is_folder = g_file_test(child, G_FILE_TEST_IS_DIR);
    if (!strcmp(names->pdata[i], "truth.json")) continue; /* what `aisle generate` planted in the files beside it */
    if (is_folder ? depth < MAX_FOLDER_DEPTH : source_is_data_name(names->pdata[i]))
      if (!collect(child, depth + 1, files, error)) return FALSE;
  }
  return TRUE;
}

gboolean sources_list(const char *const *paths, GPtrArray *files, GError **error) {
  for (; *paths; paths++)
    if (!collect(*paths, 0, files, error)) return FALSE;
  if (files->len > 0) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "there are no data files");
  return FALSE;
}

/* Text files of a series belong together when their headers are the same. */
static gboolean headers_agree(const char *a, const char *b) {
  g_autoptr(TableReader) x = table_reader_open(a, NULL), y = table_reader_open(b, NULL);
  if (!x || !y) return FALSE;
  const TableLayout *p = table_reader_layout(x), *q = table_reader_layout(y);
  if (p->columns != q->columns || p->header_records == 0 || q->header_records == 0) return FALSE;
  for (guint i = 0; i < p->columns; i++)
    if (strcmp(p->labels->pdata[i], q->labels->pdata[i])) return FALSE;
  return TRUE;
}

static TableSource *find_series(GPtrArray *sources, const char *path, const char *series, SourceKind kind) {
  g_autofree char *folder = g_path_get_dirname(path);
  for (guint i = 0; i < sources->len; i++) {
    TableSource *source = sources->pdata[i];
    const char *first = source->paths->pdata[0];
    g_autofree char *other_folder = g_path_get_dirname(first), *stem = stem_of(first), *other = series_of(stem);
    if (source->kind == kind && kind == SOURCE_TEXT && other && !strcmp(other, series) &&
        !strcmp(folder, other_folder) && headers_agree(first, path))
      return source;
  }
  return NULL;
}

GPtrArray *sources_find(const char *const *paths, GError **error) {
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
  if (!sources_list(paths, files, error)) return NULL;
  g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func((GDestroyNotify)table_source_free);
  for (guint i = 0; i < files->len; i++) {
    const char *path = files->pdata[i];
    SourceKind kind = source_kind_of(path, error);
    g_autofree char *stem = stem_of(path), *series = series_of(stem);
    TableSource *source = series ? find_series(sources, path, series, kind) : NULL;
    if (source) {
      g_free(source->name);
      source->name = g_steal_pointer(&series);
    } else {
      source = g_new0(TableSource, 1);
      source->kind = kind;
      source->name = letter_first(stem);
      source->paths = g_ptr_array_new_with_free_func(g_free);
      source->shown = g_strdup(path);
      g_ptr_array_add(sources, source);
    }
    g_ptr_array_add(source->paths, g_strdup(path));
  }
  return g_steal_pointer(&sources);
}

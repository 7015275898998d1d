/* Which files a load reads, and which of them are new. */
#include "lake/content_hash.h"
#include "lake/ingest_private.h"
#include <errno.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#define REMEMBERED_MAX 20000

/* ---- finding ---- */

static gint compare_paths(gconstpointer a, gconstpointer b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static gboolean add_matches(const char *workspace, const char *pattern, GPtrArray *paths, GError **error) {
  g_autofree char *full = g_canonicalize_filename(pattern, workspace);
  glob_t found = {0};
  int status = glob(full, GLOB_BRACE | GLOB_TILDE_CHECK, NULL, &found);
  if (status == GLOB_NOMATCH) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "%s: there is no such file", pattern);
    return FALSE;
  }
  gboolean good = status == 0 && sources_list((const char *const *)found.gl_pathv, paths, error);
  globfree(&found);
  if (status != 0) g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "%s: the folder cannot be searched", pattern);
  return good;
}

/* Fetched files stay until the load ends. */
static const char *const *fetch(IngestRun *run, const char *const *patterns, GError **error) {
  gboolean remote = FALSE;
  for (guint i = 0; patterns[i]; i++) remote = remote || source_is_remote(patterns[i]);
  if (!remote) return patterns;
  g_autoptr(Settings) settings = settings_load(run->workspace, NULL, error);
  if (!settings) return NULL;
  ObjectOptions options = object_options_of(settings);
  g_autofree char *folder = g_strdup_printf("%s/remote-%u", run->scratch, run->remotes->len);
  ingest_tell(run, "fetching", -1, -1);
  RemoteFiles *files = remote_files_fetch(patterns, folder, &options, run->options->deadline, error);
  if (!files) return NULL;
  g_ptr_array_add(run->remotes, files);
  return remote_files_paths(files);
}

const char *ingest_shown_file(const IngestRun *run, const char *path) {
  for (guint i = 0; i < run->remotes->len; i++) {
    const char *shown = remote_files_shown(run->remotes->pdata[i], path);
    if (strcmp(shown, path)) return shown;
  }
  return path;
}

char **ingest_expand(IngestRun *run, const char *const *patterns, GError **error) {
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
  const char *const *local = fetch(run, patterns, error);
  if (!local) return NULL;
  for (; *local; local++)
    if (!add_matches(run->workspace, *local, paths, error)) return NULL;
  g_ptr_array_sort(paths, compare_paths);
  g_autoptr(GStrvBuilder) unique = g_strv_builder_new();
  for (guint i = 0; i < paths->len; i++)
    if (i == 0 || strcmp(paths->pdata[i], paths->pdata[i - 1])) g_strv_builder_add(unique, paths->pdata[i]);
  return g_strv_builder_end(unique);
}

/* ---- hashing ---- */

typedef struct {
  const IngestRun *run;
  gint64 before, total;
} Hashing;

static void tell_hashing(gint64 bytes, gpointer data) {
  const Hashing *hashing = data;
  ingest_tell(hashing->run, "hashing", hashing->total > 0 ? (double)(hashing->before + bytes) / (double)hashing->total : -1, -1);
}

static char *hash_file(IngestRun *run, const char *path, gint64 before, gint64 total, GError **error) {
  Hashing hashing = {run, before, total};
  return content_hash(path, tell_hashing, &hashing, run->options->deadline, error);
}

static char *memory_path(const IngestRun *run) {
  return g_build_filename(run->workspace, "state", "ingest", "hashes.json", NULL);
}

static char *facts_of(const struct stat *status) {
  return g_strdup_printf("%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT ".%09ld/%" G_GUINT64_FORMAT, (gint64)status->st_size,
                         (gint64)status->st_mtim.tv_sec, status->st_mtim.tv_nsec, (guint64)status->st_ino);
}

/* What is remembered only saves time, so failing to read or write it is no error. */
static json_t *read_memory(const IngestRun *run) {
  g_autofree char *path = memory_path(run);
  json_t *memory = g_file_test(path, G_FILE_TEST_EXISTS) ? json_parse_file(path, NULL) : NULL;
  return json_is_object(memory) ? memory : json_object();
}

static void write_memory(const IngestRun *run, json_t *memory) {
  if (json_object_size(memory) > REMEMBERED_MAX) json_object_clear(memory);
  g_autofree char *path = memory_path(run), *folder = g_path_get_dirname(path), *text = json_to_text(memory, JSON_PLAIN);
  if (disk_make_folder(folder, NULL)) disk_replace_unflushed(path, text, strlen(text), NULL);
}

static void ingest_file_free(gpointer pointer) {
  IngestFile *file = pointer;
  g_free(file->path);
  g_free(file->hash);
  g_free(file);
}

static gint64 total_bytes(char **paths) {
  gint64 total = 0;
  struct stat status;
  for (guint i = 0; paths[i]; i++) total += stat(paths[i], &status) == 0 ? (gint64)status.st_size : 0;
  return total;
}

gboolean ingest_files_find(IngestRun *run, GError **error) {
  const IngestSource *source = run->definition->sources->pdata[0];
  const char *const *patterns = run->options->files ? run->options->files : (const char *const *)source->files;
  g_auto(GStrv) paths = ingest_expand(run, patterns, error);
  if (!paths) return FALSE;
  run->files = g_ptr_array_new_with_free_func(ingest_file_free);
  g_autoptr(json_t) memory = read_memory(run);
  gint64 total = total_bytes(paths), before = 0;
  for (guint i = 0; paths[i]; i++) {
    struct stat status;
    if (stat(paths[i], &status) != 0) {
      aisle_error_set_errno(error, errno, "read %s", paths[i]);
      return FALSE;
    }
    g_autofree char *facts = facts_of(&status);
    const json_t *remembered = json_object_get(memory, paths[i]);
    const char *known = g_strcmp0(json_get_string(remembered, "facts"), facts) ? NULL : json_get_string(remembered, "hash");
    g_autofree char *hash = known ? g_strdup(known) : hash_file(run, paths[i], before, total, error);
    if (!hash) return FALSE;
    if (!known && !g_str_has_prefix(paths[i], run->scratch)) json_object_set_new(memory, paths[i], json_pack("{s:s, s:s}", "facts", facts, "hash", hash));
    IngestFile *file = g_new0(IngestFile, 1);
    file->path = g_strdup(paths[i]);
    file->hash = g_steal_pointer(&hash);
    file->bytes = (gint64)status.st_size;
    before += file->bytes;
    g_ptr_array_add(run->files, file);
  }
  write_memory(run, memory);
  return TRUE;
}

/* ---- identity ---- */

char *ingest_files_identity(const IngestRun *run) {
  g_autoptr(GChecksum) hash = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(hash, (const guchar *)run->definition->text_hash, -1);
  g_checksum_update(hash, (const guchar *)run->parameter_text, -1);
  for (guint i = 0; i < run->files->len; i++) {
    const IngestFile *file = run->files->pdata[i];
    g_checksum_update(hash, (const guchar *)file->hash, -1);
  }
  return g_strndup(g_checksum_get_string(hash), 32);
}

char *ingest_file_application(const IngestRun *run, const IngestFile *file) {
  if (!*run->parameter_text) return g_strdup_printf("ingest:%s:%s", run->definition->name, file->hash);
  g_autofree char *parameters = g_compute_checksum_for_string(G_CHECKSUM_SHA256, run->parameter_text, -1);
  return g_strdup_printf("ingest:%s:%s:%.16s", run->definition->name, file->hash, parameters);
}

void ingest_files_mark_known(IngestRun *run) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  run->bytes = 0;
  run->report->files_known = run->report->files_read = 0;
  for (guint i = 0; i < run->files->len; i++) {
    IngestFile *file = run->files->pdata[i];
    g_autofree char *application = ingest_file_application(run, file), *content = content_identity(file->hash);
    DeltaIdentity loaded = {application, 1}, begun_with = {content, 1};
    /* Two copies of one file are one file. */
    file->known = (!run->is_new && (delta_table_has(run->table, &loaded) || delta_table_has(run->table, &begun_with))) || !g_hash_table_add(seen, file->hash);
    run->bytes += file->known ? 0 : file->bytes;
    *(file->known ? &run->report->files_known : &run->report->files_read) += 1;
  }
  run->report->bytes_read = run->bytes;
}

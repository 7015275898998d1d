/* Snapshots as files: which version of every table belongs together. One JSON file each, replaced in one step. */
#include "lake/snapshot.h"
#include "base/disk.h"
#include "lake/load.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define CURRENT "current"
#define LOCK_WAIT_MS 60000
#define LOCK_POLL_US 20000
#define MAX_NAME 200

void snapshot_entry_free(SnapshotEntry *entry) {
  if (!entry) return;
  g_free(entry->name);
  g_free(entry);
}

void snapshot_file_free(SnapshotFile *file) {
  if (!file) return;
  g_free(file->id);
  g_free(file->name);
  g_free(file->model_hash);
  g_clear_pointer(&file->entries, g_ptr_array_unref);
  g_free(file);
}

/* ---- locks ---- */

gboolean workspace_lock(const char *workspace, const char *name, WorkspaceLock *lock, Deadline deadline, GError **error) {
  g_autofree char *folder = g_build_filename(workspace, "state", "locks", NULL);
  g_autofree char *file = g_strconcat(name, ".lock", NULL);
  g_autofree char *path = g_build_filename(folder, file, NULL);
  if (!disk_make_folder(folder, error)) return FALSE;
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    aisle_error_set_errno(error, errno, "open the lock %s", path);
    return FALSE;
  }
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    gboolean held = errno == EWOULDBLOCK || errno == EINTR;
    if (held && deadline_left_ms(deadline) > 0) {
      g_usleep(LOCK_POLL_US);
      continue;
    }
    close(fd);
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BUSY, "another process is changing \"%s\" of this workspace; try again later", name);
    return FALSE;
  }
  lock->fd = fd;
  return TRUE;
}

void workspace_unlock(WorkspaceLock *lock) {
  if (lock->fd >= 0) close(lock->fd);
  lock->fd = -1;
}

/* ---- reading ---- */

static gboolean is_plain_name(const char *name) {
  if (!name || !*name || name[0] == '.' || strlen(name) > MAX_NAME) return FALSE;
  for (const char *p = name; *p; p++)
    if (*p == '/' || *p == '\\' || (guchar)*p < 0x20) return FALSE;
  return text_is_valid(name, strlen(name));
}

gboolean snapshot_name_check(const char *name, GError **error) {
  if (is_plain_name(name) && strcmp(name, CURRENT)) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "\"%s\" is not the name of a snapshot", name ? name : "");
  return FALSE;
}

static char *path_of(const char *workspace, const char *name) {
  g_autofree char *file = g_strconcat(name ? name : CURRENT, ".json", NULL);
  return g_build_filename(workspace, "snapshots", file, NULL);
}

static gint compare_entries(gconstpointer a, gconstpointer b) {
  return strcmp((*(SnapshotEntry *const *)a)->name, (*(SnapshotEntry *const *)b)->name);
}

static SnapshotEntry *entry_new(const char *name, gint64 version) {
  SnapshotEntry *entry = g_new0(SnapshotEntry, 1);
  entry->name = g_strdup(name);
  entry->version = version;
  return entry;
}

gint64 snapshot_entries_version(const GPtrArray *entries, const char *table) {
  for (guint i = 0; i < entries->len; i++) {
    const SnapshotEntry *entry = entries->pdata[i];
    if (!strcmp(entry->name, table)) return entry->version;
  }
  return -1;
}

static SnapshotFile *file_new(void) {
  SnapshotFile *file = g_new0(SnapshotFile, 1);
  file->entries = g_ptr_array_new_with_free_func((GDestroyNotify)snapshot_entry_free);
  return file;
}

static SnapshotFile *parse_file(const json_t *json, const char *path, GError **error) {
  g_autoptr(SnapshotFile) file = file_new();
  file->id = g_strdup(json_get_string(json, "id"));
  file->name = g_strdup(json_get_string(json, "name"));
  file->model_hash = g_strdup(json_get_string(json, "model_hash"));
  file->created_ms = json_get_int(json, "created_ms", 0);
  file->kept_ms = json_get_int(json, "kept_ms", file->created_ms);
  size_t i;
  json_t *table;
  json_array_foreach (json_object_get(json, "tables"), i, table) {
    const char *name = json_get_string(table, "name");
    gint64 version = json_get_int(table, "version", -1);
    if (!is_plain_name(name) || version < 0) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "%s: a table has no name or no version", path);
      return NULL;
    }
    g_ptr_array_add(file->entries, entry_new(name, version));
  }
  if (!file->id) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "%s has no id", path);
    return NULL;
  }
  g_ptr_array_sort(file->entries, compare_entries);
  return g_steal_pointer(&file);
}

SnapshotFile *snapshot_file_read(const char *workspace, const char *name, GError **error) {
  if (name && !is_plain_name(name)) {
    snapshot_name_check(name, error);
    return NULL;
  }
  g_autofree char *path = path_of(workspace, name);
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND,
                name ? "there is no snapshot \"%s\"" : "%s has no data yet: run aisle init", name ? name : workspace);
    return NULL;
  }
  g_autoptr(json_t) json = json_parse_file(path, error);
  return json ? parse_file(json, path, error) : NULL;
}

GPtrArray *snapshot_files_all(const char *workspace, GError **error) {
  g_autofree char *folder = g_build_filename(workspace, "snapshots", NULL);
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func((GDestroyNotify)snapshot_file_free);
  g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
  const char *entry;
  while (listing && (entry = g_dir_read_name(listing))) {
    if (entry[0] == '.' || !g_str_has_suffix(entry, ".json")) continue;
    g_autofree char *path = g_build_filename(folder, entry, NULL);
    g_autoptr(json_t) json = json_parse_file(path, error);
    SnapshotFile *file = json ? parse_file(json, path, error) : NULL;
    if (!file) return NULL;
    g_free(file->name);
    file->name = strcmp(entry, CURRENT ".json") ? g_strndup(entry, strlen(entry) - strlen(".json")) : NULL;
    g_ptr_array_add(files, file);
  }
  return g_steal_pointer(&files);
}

char *lake_snapshot_current_id(const char *workspace, GError **error) {
  g_autoptr(SnapshotFile) file = snapshot_file_read(workspace, NULL, error);
  return file ? g_strdup(file->id) : NULL;
}

static gint newest_first(gconstpointer a, gconstpointer b) {
  const SnapshotFile *x = *(SnapshotFile *const *)a, *y = *(SnapshotFile *const *)b;
  if (x->created_ms != y->created_ms) return (x->created_ms < y->created_ms) - (x->created_ms > y->created_ms);
  return x->kept_ms != y->kept_ms ? (x->kept_ms < y->kept_ms) - (x->kept_ms > y->kept_ms) : g_strcmp0(x->name, y->name);
}

void snapshot_name_free(SnapshotName *name) {
  g_free(name->name);
  g_free(name->id);
  g_free(name);
}

GPtrArray *lake_snapshots(const char *workspace, GError **error) {
  g_autoptr(GPtrArray) files = snapshot_files_all(workspace, error);
  if (!files) return NULL;
  g_ptr_array_sort(files, newest_first);
  GPtrArray *names = g_ptr_array_new_with_free_func((GDestroyNotify)snapshot_name_free);
  for (guint i = 0; i < files->len; i++) {
    const SnapshotFile *file = files->pdata[i];
    if (!file->name) continue;
    SnapshotName *name = g_new0(SnapshotName, 1);
    *name = (SnapshotName){g_strdup(file->name), g_strdup(file->id), file->kept_ms};
    g_ptr_array_add(names, name);
  }
  return names;
}

GPtrArray *lake_snapshot_names(const char *workspace, GError **error) {
  g_autoptr(GPtrArray) files = snapshot_files_all(workspace, error);
  if (!files) return NULL;
  g_ptr_array_sort(files, newest_first);
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < files->len; i++) {
    const SnapshotFile *file = files->pdata[i];
    if (file->name) g_ptr_array_add(names, g_strdup(file->name));
  }
  return names;
}

/* ---- writing ---- */

/* Equal tables and model, equal id: what was computed over one holds over the other. */
static char *identify(const SnapshotFile *file) {
  g_autoptr(GChecksum) hash = g_checksum_new(G_CHECKSUM_SHA256);
  for (guint i = 0; i < file->entries->len; i++) {
    const SnapshotEntry *entry = file->entries->pdata[i];
    g_autofree char *line = g_strdup_printf("%s@%" G_GINT64_FORMAT "\n", entry->name, entry->version);
    g_checksum_update(hash, (const guchar *)line, -1);
  }
  g_checksum_update(hash, (const guchar *)(file->model_hash ? file->model_hash : ""), -1);
  return g_strndup(g_checksum_get_string(hash), 32);
}

static char *text_of(const SnapshotFile *file) {
  json_t *tables = json_array();
  for (guint i = 0; i < file->entries->len; i++) {
    const SnapshotEntry *entry = file->entries->pdata[i];
    json_array_append_new(tables, json_pack("{s:s, s:I}", "name", entry->name, "version", (json_int_t)entry->version));
  }
  g_autoptr(json_t) json = json_pack("{s:i, s:s, s:I, s:o*, s:o*, s:o*, s:o}", "schema_version", 2, "id", file->id, "created_ms",
                                     (json_int_t)file->created_ms, "kept_ms", file->name ? json_integer(file->kept_ms) : NULL, "name", file->name ? json_string(file->name) : NULL,
                                     "model_hash", file->model_hash ? json_string(file->model_hash) : NULL, "tables", tables);
  return json_to_text(json, JSON_PRETTY);
}

static gboolean write_current(const char *workspace, const SnapshotFile *file, GError **error) {
  g_autofree char *path = path_of(workspace, NULL), *text = text_of(file);
  return disk_replace(path, text, strlen(text), error);
}

static gboolean write_named(const char *workspace, SnapshotFile *file, const char *name, GError **error) {
  g_free(file->name);
  file->name = g_strdup(name);
  file->kept_ms = g_get_real_time() / 1000;
  g_autofree char *path = path_of(workspace, name), *text = text_of(file);
  g_autoptr(GError) failing = NULL;
  if (disk_create(path, text, strlen(text), &failing)) return TRUE;
  if (g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_EXISTS))
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_EXISTS, "there is a snapshot \"%s\" already", name);
  else
    g_propagate_error(error, g_steal_pointer(&failing));
  return FALSE;
}

static void apply(SnapshotFile *file, const SnapshotEntry *change) {
  for (guint i = file->entries->len; i-- > 0;)
    if (!strcmp(((const SnapshotEntry *)file->entries->pdata[i])->name, change->name)) g_ptr_array_remove_index(file->entries, i);
  if (change->version >= 0) g_ptr_array_add(file->entries, entry_new(change->name, change->version));
}

static gboolean begin_change(const char *workspace, WorkspaceLock *lock, GError **error) {
  g_autofree char *folder = g_build_filename(workspace, "snapshots", NULL);
  return disk_make_folder(folder, error) && workspace_lock(workspace, "snapshots", lock, deadline_in_ms(LOCK_WAIT_MS, NULL), error);
}

gboolean snapshot_publish_changes(const char *workspace, const GPtrArray *changes, gboolean only_these, const char *model_hash,
                                  const char *name, GError **error) {
  g_auto(WorkspaceLock) lock = WORKSPACE_LOCK_NONE;
  if ((name && !snapshot_name_check(name, error)) || !begin_change(workspace, &lock, error)) return FALSE;
  g_autoptr(GError) failing = NULL;
  g_autoptr(SnapshotFile) file = snapshot_file_read(workspace, NULL, &failing);
  if (!file && !g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_NOT_FOUND)) {
    g_propagate_error(error, g_steal_pointer(&failing));
    return FALSE;
  }
  if (!file) file = file_new();
  if (only_these) g_ptr_array_set_size(file->entries, 0);
  for (guint i = 0; i < changes->len; i++) apply(file, changes->pdata[i]);
  g_ptr_array_sort(file->entries, compare_entries);
  if (model_hash || only_these) {
    g_free(file->model_hash);
    file->model_hash = g_strdup(model_hash);
  }
  g_free(file->id);
  file->id = identify(file);
  file->created_ms = g_get_real_time() / 1000;
  g_clear_pointer(&file->name, g_free);
  return write_current(workspace, file, error) && (!name || write_named(workspace, file, name, error));
}

gboolean lake_snapshot_keep(const char *workspace, const char *name, GError **error) {
  g_auto(WorkspaceLock) lock = WORKSPACE_LOCK_NONE;
  if (!snapshot_name_check(name, error) || !begin_change(workspace, &lock, error)) return FALSE;
  g_autoptr(SnapshotFile) file = snapshot_file_read(workspace, NULL, error);
  return file && write_named(workspace, file, name, error);
}

gboolean lake_snapshot_forget(const char *workspace, const char *name, GError **error) {
  g_auto(WorkspaceLock) lock = WORKSPACE_LOCK_NONE;
  if (!snapshot_name_check(name, error) || !begin_change(workspace, &lock, error)) return FALSE;
  g_autofree char *path = path_of(workspace, name), *folder = g_path_get_dirname(path);
  if (g_unlink(path) == 0) return disk_flush_folder(folder, error);
  if (errno == ENOENT) g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "there is no snapshot \"%s\"", name);
  else aisle_error_set_errno(error, errno, "remove the snapshot %s", name);
  return FALSE;
}

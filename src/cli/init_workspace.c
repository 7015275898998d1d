#include "cli/init_workspace.h"
#include "base/disk.h"
#include "base/settings.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_FILE ".lock"

static const char *const folders[] = {"model", "ingest", "lake", "state", "cache", "snapshots"};

gboolean workspace_exists(const char *path) {
  g_autofree char *settings = g_build_filename(path, "aisle.yaml", NULL);
  return g_file_test(settings, G_FILE_TEST_EXISTS);
}

static gboolean is_empty_folder(const char *path) {
  g_autoptr(GDir) listing = g_dir_open(path, 0, NULL);
  return listing != NULL && g_dir_read_name(listing) == NULL;
}

static gboolean refuse_existing(const char *path, GError **error) {
  if (!g_file_test(path, G_FILE_TEST_EXISTS) || is_empty_folder(path))
    return TRUE;
  if (workspace_exists(path))
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_EXISTS, "%s is a workspace already; add tables to it with --add, or name another folder",
                path);
  else
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_EXISTS, "%s is there already and is not an empty folder; name another folder", path);
  return FALSE;
}

/* ".shop.init-1234": the process that builds it is in the name, and holds the lock inside. */
static char *draft_prefix(const char *path) {
  g_autofree char *base = g_path_get_basename(path);
  return g_strdup_printf(".%s.init-", base);
}

static gboolean process_is_gone(const char *folder, const char *number) {
  gint64 pid = g_ascii_strtoll(number, NULL, 10);
  if (pid <= 0 || pid > G_MAXINT32)
    return FALSE;
  if (kill((pid_t)pid, 0) != 0 && errno == ESRCH)
    return TRUE;
  /* The number may have gone to another process since; nobody but the builder holds the lock. */
  g_autofree char *lock_path = g_build_filename(folder, LOCK_FILE, NULL);
  int lock = open(lock_path, O_RDWR | O_CLOEXEC);
  if (lock < 0)
    return FALSE;
  gboolean free_to_take = flock(lock, LOCK_EX | LOCK_NB) == 0;
  close(lock);
  return free_to_take;
}

static void remove_stale_drafts(const char *parent, const char *path) {
  g_autofree char *prefix = draft_prefix(path);
  g_autoptr(GDir) listing = g_dir_open(parent, 0, NULL);
  const char *name;
  while (listing != NULL && (name = g_dir_read_name(listing)) != NULL) {
    if (!g_str_has_prefix(name, prefix))
      continue;
    g_autofree char *folder = g_build_filename(parent, name, NULL);
    if (process_is_gone(folder, name + strlen(prefix)))
      disk_remove_tree(folder);
  }
}

static gboolean take_lock(WorkspaceDraft *draft, GError **error) {
  g_autofree char *path = g_build_filename(draft->folder, LOCK_FILE, NULL);
  draft->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (draft->lock < 0 || flock(draft->lock, LOCK_EX | LOCK_NB) != 0) {
    aisle_error_set_errno(error, errno, "make %s", path);
    return FALSE;
  }
  return TRUE;
}

WorkspaceDraft *workspace_draft_new(const char *path, GError **error) {
  g_autoptr(WorkspaceDraft) draft = g_new0(WorkspaceDraft, 1);
  draft->lock = -1;
  draft->path = g_canonicalize_filename(path, NULL);
  if (!refuse_existing(draft->path, error))
    return NULL;
  g_autofree char *parent = g_path_get_dirname(draft->path);
  if (!disk_make_folder(parent, error))
    return NULL;
  remove_stale_drafts(parent, draft->path);
  g_autofree char *prefix = draft_prefix(draft->path);
  g_autofree char *name = g_strdup_printf("%s%d", prefix, (int)getpid());
  g_autofree char *folder = g_build_filename(parent, name, NULL);
  if (g_mkdir(folder, 0777) != 0) {
    aisle_error_set_errno(error, errno, "make the folder %s", draft->path);
    return NULL;
  }
  draft->folder = g_steal_pointer(&folder);
  if (!take_lock(draft, error))
    return NULL;
  return g_steal_pointer(&draft);
}

static void release_lock(WorkspaceDraft *draft) {
  if (draft->lock < 0)
    return;
  g_autofree char *path = g_build_filename(draft->folder, LOCK_FILE, NULL);
  g_unlink(path);
  close(draft->lock);
  draft->lock = -1;
}

gboolean workspace_draft_publish(WorkspaceDraft *draft, GError **error) {
  g_autofree char *lock_path = g_build_filename(draft->folder, LOCK_FILE, NULL);
  g_unlink(lock_path);
  if (!disk_flush_folder(draft->folder, error))
    return FALSE;
  /* Over an empty folder this works; over one that another process filled meanwhile it fails. */
  if (rename(draft->folder, draft->path) != 0) {
    int reason = errno;
    if (reason == ENOTEMPTY || reason == EEXIST)
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_EXISTS, "%s was made by another process meanwhile; add tables to it with --add", draft->path);
    else
      aisle_error_set_errno(error, reason, "give the workspace its name %s", draft->path);
    return FALSE;
  }
  g_autofree char *parent = g_path_get_dirname(draft->path);
  if (disk_flush_folder(parent, error)) {
    g_clear_pointer(&draft->folder, g_free);
    return TRUE;
  }
  /* The name may be lost when the machine stops: what is reported as failed is not there. */
  if (rename(draft->path, draft->folder) != 0)
    g_clear_pointer(&draft->folder, g_free);
  return FALSE;
}

void workspace_draft_free(WorkspaceDraft *draft) {
  if (draft == NULL)
    return;
  if (draft->folder != NULL) {
    release_lock(draft);
    disk_remove_tree(draft->folder);
  } else if (draft->lock >= 0) {
    close(draft->lock);
  }
  g_free(draft->folder);
  g_free(draft->path);
  g_free(draft);
}

static const char SETTINGS_TEMPLATE[] =
    "# Settings of this workspace. A value here is overridden by the environment (AISLE_...), and that by a flag.\n"
    "version: 1\n"
    "\n"
    "# Shown to people.\n"
    "name: %s\n"
    "\n"
    "# What the columns mean stands in model/: core.yaml (Apache Ossie) and aisle.yaml (labels, synonyms, conditions).\n"
    "# Change it there, and let `aisle check` hold it against the data.\n";

gboolean workspace_write_settings(const char *folder, const char *name, GError **error) {
  for (guint i = 0; i < G_N_ELEMENTS(folders); i++) {
    g_autofree char *path = g_build_filename(folder, folders[i], NULL);
    if (!disk_make_folder(path, error))
      return FALSE;
  }
  g_autofree char *path = g_build_filename(folder, "aisle.yaml", NULL);
  if (g_file_test(path, G_FILE_TEST_EXISTS))
    return TRUE;
  g_autofree char *quoted = text_sql_quote(name); /* YAML doubles single quotes as SQL does */
  g_autoptr(Settings) settings = settings_load(NULL, NULL, error);
  if (settings == NULL)
    return FALSE;
  const char *lake = settings_text(settings, SETTING_LAKE_LOCATION);
  g_autoptr(GString) text = g_string_new(NULL);
  g_string_append_printf(text, SETTINGS_TEMPLATE, quoted);
  if (*lake != '\0') { /* who asks later need not know where the tables were put */
    g_autofree char *place = text_sql_quote(lake);
    g_string_append_printf(text, "\n# Where the tables are kept.\nlake:\n  location: %s\n", place);
  }
  return disk_replace(path, text->str, text->len, error);
}

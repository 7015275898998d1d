#include "object/copies_evict.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  char *path;
  guint64 place;
  gint64 size, used_ns;
} Kept;

static void kept_clear(gpointer item) {
  g_free(((Kept *)item)->path);
}

static gint compare_use(gconstpointer a, gconstpointer b) {
  gint64 x = ((const Kept *)a)->used_ns, y = ((const Kept *)b)->used_ns;
  return (x > y) - (x < y);
}

static void read_shard(const char *path, GArray *all) {
  g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
  const char *name;
  while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
    g_autofree char *file = g_build_filename(path, name, NULL);
    struct stat status;
    if (stat(file, &status) != 0 || !S_ISREG(status.st_mode)) continue;
    Kept kept = {g_steal_pointer(&file), copies_place_of(name), status.st_size,
                 (gint64)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec};
    g_array_append_val(all, kept);
  }
}

static GArray *read_all(const char *path) {
  GArray *all = g_array_new(FALSE, FALSE, sizeof(Kept));
  g_array_set_clear_func(all, kept_clear);
  for (int i = 0; i < 256; i++) {
    g_autofree char *name = g_strdup_printf("%02x", (guint)i);
    g_autofree char *shard = g_build_filename(path, name, NULL);
    read_shard(shard, all);
  }
  return all;
}

/* Whoever holds it has its byte locked, in this process or another: locks belong to descriptors, and this one is new.
 */
static gboolean remove_if_free(int fd, const Kept *kept) {
  if (!copies_lock_place(fd, kept->place, F_WRLCK)) return FALSE;
  gboolean removed = unlink(kept->path) == 0;
  copies_lock_place(fd, kept->place, F_UNLCK);
  return removed;
}

/* Of what is being fetched, by any process. */
static gint64 bytes_aside(const char *folder) {
  g_autofree char *tmp = g_build_filename(folder, "tmp", NULL);
  g_autoptr(GArray) aside = g_array_new(FALSE, FALSE, sizeof(Kept));
  g_array_set_clear_func(aside, kept_clear);
  copies_remove_leftovers(folder);
  read_shard(tmp, aside);
  gint64 bytes = 0;
  for (guint i = 0; i < aside->len; i++) bytes += g_array_index(aside, Kept, i).size;
  return bytes;
}

gint64 copies_evict(const char *folder, gint64 most) {
  gint64 bytes = bytes_aside(folder); /* before what is kept: one that is renamed meanwhile counts twice, not never */
  g_autoptr(GArray) all = read_all(folder);
  for (guint i = 0; i < all->len; i++) bytes += g_array_index(all, Kept, i).size;
  if (bytes <= most) return bytes;
  g_autofree char *held = g_build_filename(folder, "held", NULL);
  int fd = open(held, O_RDWR | O_CLOEXEC);
  if (fd < 0) return bytes;
  g_array_sort(all, compare_use);
  gint64 aim = most - most / 10;
  for (guint i = 0; i < all->len && bytes > aim; i++) {
    const Kept *kept = &g_array_index(all, Kept, i);
    if (remove_if_free(fd, kept)) bytes -= kept->size;
  }
  close(fd);
  return bytes;
}

void copies_remove_leftovers(const char *folder) {
  g_autofree char *tmp = g_build_filename(folder, "tmp", NULL);
  g_autoptr(GDir) listing = g_dir_open(tmp, 0, NULL);
  const char *name;
  while (listing != NULL && (name = g_dir_read_name(listing)) != NULL) {
    g_autofree char *path = g_build_filename(tmp, name, NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) unlink(path);
    close(fd);
  }
}

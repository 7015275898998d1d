/* Opening by URL, and what is the same for every store. */
#include "object/object.h"

#include <string.h>

#include "object/copies.h"
#include "object/s3.h"

struct ObjectStore {
  gint references;
  char *url, *folder;
  const ObjectBackend *backend;
  void *self;
  Copies *copies; /* NULL: local, or no folder to keep them */
};

struct ObjectCopy {
  ObjectStore *store;
  char *path;
  guint64 place;
};

static const char *text_or_null(const Settings *settings, Setting setting) {
  const char *text = settings_text(settings, setting);
  return *text != '\0' ? text : NULL;
}

ObjectOptions object_options_of(const Settings *settings) {
  return (ObjectOptions){.endpoint = text_or_null(settings, SETTING_S3_ENDPOINT),
                         .region = text_or_null(settings, SETTING_S3_REGION),
                         .style = text_or_null(settings, SETTING_S3_STYLE),
                         .cache_bytes = settings_integer(settings, SETTING_CACHE_DISK)};
}

gboolean object_url_is_remote(const char *url) {
  return g_str_has_prefix(url, "s3://");
}

static char *without_slashes_at_end(const char *text) {
  gsize length = strlen(text);
  while (length > 1 && text[length - 1] == '/') length--;
  return g_strndup(text, length);
}

/* "/a", "a", "file:///a" -> an absolute path. (transfer full) */
static char *local_folder_of(const char *url, GError **error) {
  if (!g_str_has_prefix(url, "file:")) return g_canonicalize_filename(url, NULL);
  g_autoptr(GError) reason = NULL;
  g_autofree char *path = g_filename_from_uri(url, NULL, &reason);
  if (path != NULL) return g_canonicalize_filename(path, NULL);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT,
              "'%s' names no folder of this machine: %s; write file:///folder or the path", url, reason->message);
  return NULL;
}

static gboolean has_other_scheme(const char *url) {
  const char *colon = strstr(url, "://");
  return colon != NULL && colon > url && !g_str_has_prefix(url, "file://") && strcspn(url, "/") > (gsize)(colon - url);
}

static ObjectStore *open_remote(const char *url, const ObjectOptions *options, GError **error) {
  S3Store *s3 = s3_open(url, options, error);
  if (s3 == NULL) return NULL;
  g_autoptr(ObjectStore) store = g_new0(ObjectStore, 1);
  store->references = 1;
  store->url = g_strdup(s3->url);
  store->backend = &object_s3_backend;
  store->self = s3;
  if (options->cache_folder != NULL &&
      (store->copies = copies_open(options->cache_folder, options->cache_bytes, error)) == NULL)
    return NULL;
  return g_steal_pointer(&store);
}

ObjectStore *object_store_open(const char *url, const ObjectOptions *options, GError **error) {
  static const ObjectOptions NONE = {0};
  if (options == NULL) options = &NONE;
  if (object_url_is_remote(url)) return open_remote(url, options, error);
  if (*url == '\0' || has_other_scheme(url)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT,
                "'%s' is no place to keep objects: name a folder, file:///folder or s3://bucket/prefix", url);
    return NULL;
  }
  g_autofree char *folder = local_folder_of(url, error);
  if (folder == NULL) return NULL;
  ObjectStore *store = g_new0(ObjectStore, 1);
  store->references = 1;
  store->folder = without_slashes_at_end(folder);
  store->url = g_strdup(store->folder);
  store->backend = &object_local_backend;
  store->self = object_local_open(store->folder);
  return store;
}

ObjectStore *object_store_ref(ObjectStore *store) {
  g_atomic_int_inc(&store->references);
  return store;
}

void object_store_unref(ObjectStore *store) {
  if (store == NULL || !g_atomic_int_dec_and_test(&store->references)) return;
  copies_free(store->copies);
  store->backend->free(store->self);
  g_free(store->url);
  g_free(store->folder);
  g_free(store);
}

const char *object_store_url(const ObjectStore *store) {
  return store->url;
}
const char *object_store_folder(const ObjectStore *store) {
  return store->folder;
}

static gboolean begin(const char *key, Deadline deadline, GError **error) {
  return object_key_check(key, error) && deadline_check(deadline, error);
}

GBytes *object_get(ObjectStore *store, const char *key, gsize max_bytes, ObjectInfo *info, Deadline deadline,
                   GError **error) {
  ObjectInfo ignored;
  if (!begin(key, deadline, error)) return NULL;
  return store->backend->get(store->self, key, 0, -1, max_bytes, NULL, info != NULL ? info : &ignored, deadline, error);
}

GBytes *object_get_range(ObjectStore *store, const char *key, gint64 offset, gsize length, const char *etag,
                         ObjectInfo *info, Deadline deadline, GError **error) {
  ObjectInfo ignored;
  if (!begin(key, deadline, error)) return NULL;
  if (offset < 0 || length > G_MAXINT64 / 2 || offset > G_MAXINT64 / 2) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "a range of '%s' must lie in it", key);
    return NULL;
  }
  if (length == 0) return g_bytes_new(NULL, 0);
  return store->backend->get(store->self, key, offset, (gint64)length, length, etag, info != NULL ? info : &ignored,
                             deadline, error);
}

gboolean object_stat(ObjectStore *store, const char *key, ObjectInfo *info, Deadline deadline, GError **error) {
  ObjectInfo ignored;
  return begin(key, deadline, error) &&
         store->backend->stat(store->self, key, info != NULL ? info : &ignored, deadline, error);
}

static gboolean put(ObjectStore *store, const char *key, const void *bytes, gsize length, gboolean only_absent,
                    Deadline deadline, GError **error) {
  if (!begin(key, deadline, error)) return FALSE;
  if (length > (gsize)OBJECT_PUT_MAX) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "'%s' has more than the 5 GiB that one object may have",
                key);
    return FALSE;
  }
  return store->backend->put(store->self, key, bytes, length, only_absent, deadline, error);
}

gboolean object_put_if_absent(ObjectStore *store, const char *key, const void *bytes, gsize length, Deadline deadline,
                              GError **error) {
  return put(store, key, bytes, length, TRUE, deadline, error);
}

gboolean object_put(ObjectStore *store, const char *key, const void *bytes, gsize length, Deadline deadline,
                    GError **error) {
  return put(store, key, bytes, length, FALSE, deadline, error);
}

gboolean object_put_file(ObjectStore *store, const char *key, const char *path, Deadline deadline, GError **error) {
  return begin(key, deadline, error) && store->backend->put_file(store->self, key, path, deadline, error);
}

gboolean object_delete(ObjectStore *store, const char *key, Deadline deadline, GError **error) {
  return begin(key, deadline, error) && store->backend->remove(store->self, key, deadline, error);
}

GPtrArray *object_list(ObjectStore *store, const ObjectListing *listing, gboolean *more, Deadline deadline,
                       GError **error) {
  ObjectListing whole = *listing;
  gboolean ignored;
  if (whole.prefix == NULL) whole.prefix = "";
  if (whole.max == 0 || whole.max > OBJECT_PAGE_MAX) whole.max = OBJECT_PAGE_MAX;
  if (!deadline_check(deadline, error)) return NULL;
  if (strlen(whole.prefix) > OBJECT_KEY_MAX || !g_utf8_validate(whole.prefix, -1, NULL)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "no object can have a name that begins like this");
    return NULL;
  }
  return store->backend->list(store->self, &whole, more != NULL ? more : &ignored, deadline, error);
}

GPtrArray *object_list_all(ObjectStore *store, const char *prefix, guint max, Deadline deadline, GError **error) {
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)object_entry_free);
  gboolean more = TRUE;
  while (more) {
    const ObjectEntry *last = all->len > 0 ? all->pdata[all->len - 1] : NULL;
    ObjectListing listing = {.prefix = prefix, .start_after = last != NULL ? last->key : NULL};
    g_autoptr(GPtrArray) page = object_list(store, &listing, &more, deadline, error);
    if (page == NULL) return NULL;
    if (all->len + page->len > max) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "%s/%s: there are more than %u objects; name fewer",
                  store->url, prefix, max);
      return NULL;
    }
    if (page->len == 0) break;
    g_ptr_array_extend_and_steal(all, g_steal_pointer(&page));
  }
  return g_steal_pointer(&all);
}

ObjectEntry *object_entry_new(const char *key, const ObjectInfo *info) {
  ObjectEntry *entry = g_new0(ObjectEntry, 1);
  entry->key = g_strdup(key);
  entry->info = *info;
  return entry;
}

void object_entry_free(ObjectEntry *entry) {
  if (entry == NULL) return;
  g_free(entry->key);
  g_free(entry);
}

static char *local_path(ObjectStore *store, const char *key, gint64 size, const char *etag, Deadline deadline,
                        GError **error) {
  ObjectInfo info;
  if (!object_stat(store, key, &info, deadline, error)) return NULL;
  if ((size < 0 || info.size == size) && (etag == NULL || strcmp(etag, info.etag) == 0))
    return g_build_filename(store->folder, key, NULL);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_CONFLICT,
              "%s/%s is not the file that was meant: its size or content changed", store->url, key);
  return NULL;
}

static char *remote_path(ObjectStore *store, const char *key, gint64 size, const char *etag, guint64 *place,
                         Deadline deadline, GError **error) {
  if (!begin(key, deadline, error)) return NULL;
  if (store->copies != NULL)
    return copies_take(store->copies, store->backend, store->self, store->url, key, size, etag, place, deadline, error);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT,
              "%s: there is no folder to keep copies of remote files in", store->url);
  return NULL;
}

ObjectCopy *object_store_local_copy(ObjectStore *store, const char *key, gint64 size, const char *etag,
                                    Deadline deadline, GError **error) {
  guint64 place = 0;
  char *path = store->folder != NULL ? local_path(store, key, size, etag, deadline, error)
                                     : remote_path(store, key, size, etag, &place, deadline, error);
  if (path == NULL) return NULL;
  ObjectCopy *copy = g_new0(ObjectCopy, 1);
  copy->store = object_store_ref(store);
  copy->path = path;
  copy->place = place;
  return copy;
}

const char *object_copy_path(const ObjectCopy *copy) {
  return copy->path;
}

void object_copy_free(ObjectCopy *copy) {
  if (copy == NULL) return;
  if (copy->store->copies != NULL) copies_give_back(copy->store->copies, copy->place);
  object_store_unref(copy->store);
  g_free(copy->path);
  g_free(copy);
}

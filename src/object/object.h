/*
 * object: named bytes in a store that many machines share. One interface over a folder ("/data/lake",
 * "file:///data/lake") and an S3 bucket ("s3://bucket/prefix", any endpoint, path or host style); one conformance suite
 * runs over both.
 *
 * What holds for every store:
 *  - An object is there whole or not at all, and once a put has returned it survives a crash.
 *  - Of any number of writers that put one absent key at once, exactly one succeeds; the others get EXISTS.
 *  - Keys are UTF-8, relative to the store, parts separated by "/": no empty part, no "." or "..", no control
 * character, no part that begins with ".tmp-", at most 1024 bytes. Others are INVALID_ARGUMENT. Listings are in the
 * order of bytes.
 *  - Every call ends at its deadline (TIMEOUT, CANCELLED). What may pass by itself (5xx, slow-down, broken connections,
 *    stalls, truncated bodies) is tried again with growing, random pauses; what may not (403, 404, 412) is not.
 *  - Errors: NOT_FOUND (no such object or bucket), EXISTS, FORBIDDEN (credentials missing, wrong or expired), CONFLICT
 *    (the object is not the one that was meant), TOO_LARGE, TIMEOUT, BUSY (told to slow down until the end), IO.
 * Messages say what to do and hold no secret. A store is thread-safe and may be shared; it keeps connections open
 * between calls.
 */
#pragma once
#include "base/base.h"

#define OBJECT_KEY_MAX 1024
#define OBJECT_PUT_MAX (G_GINT64_CONSTANT(5) << 30) /* of one object: what S3 takes in one PUT */
#define OBJECT_PAGE_MAX 1000

typedef struct ObjectStore ObjectStore;

typedef struct {
  /* S3; NULL: from the environment (AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_CA_BUNDLE), else Amazon's.
   */
  const char *endpoint; /* "https://host[:port]" */
  const char *region;
  const char *style; /* "path", "host", "auto" or NULL: host at Amazon, path elsewhere */
  /* Where copies of remote objects are kept, and how many bytes at most; NULL: object_store_local_copy() is refused. */
  const char *cache_folder;
  gint64 cache_bytes;
  gint64 stall_ms; /* an attempt that receives nothing for so long is given up and repeated; 0: 20 s */
} ObjectOptions;
/* From s3.* and cache.disk; `cache_folder` stays NULL. Strings are the settings' own. */
ObjectOptions object_options_of(const Settings *settings);

/* TRUE for "s3://…": no path of this machine. */
gboolean object_url_is_remote(const char *url);
/* Opens; asks nothing of a server yet. A local folder need not exist. `options` NULL: all from the environment.
 * (transfer full) */
ObjectStore *object_store_open(const char *url, const ObjectOptions *options, GError **error);
ObjectStore *object_store_ref(ObjectStore *store);
void object_store_unref(ObjectStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ObjectStore, object_store_unref)
/* "/data/lake" or "s3://bucket/prefix": no slash at the end. (transfer none) */
const char *object_store_url(const ObjectStore *store);
/* The folder of a local store; NULL for a remote one. (transfer none) */
const char *object_store_folder(const ObjectStore *store);

typedef struct {
  gint64 size;        /* of the whole object, in bytes */
  gint64 modified_ms; /* since 1970, UTC */
  char etag[72];      /* changes with the content; without quotes */
} ObjectInfo;

/* The whole object; more than `max_bytes` is TOO_LARGE. `info` may be NULL. (transfer full) */
GBytes *object_get(ObjectStore *store, const char *key, gsize max_bytes, ObjectInfo *info, Deadline deadline,
                   GError **error);
/* `length` bytes from `offset`, fewer where the object ends before. With `etag` not NULL: CONFLICT when the object has
 * another. */
GBytes *object_get_range(ObjectStore *store, const char *key, gint64 offset, gsize length, const char *etag,
                         ObjectInfo *info, Deadline deadline, GError **error);
gboolean object_stat(ObjectStore *store, const char *key, ObjectInfo *info, Deadline deadline, GError **error);

/*
 * Writes an object that must not be there: EXISTS, and nothing changed, when it is. Where an answer of the server was
 * lost, the object is read back and compared: let the bytes hold something that no other writer writes (an id), or
 * "mine" and "another's with the same bytes" cannot be told apart.
 */
gboolean object_put_if_absent(ObjectStore *store, const char *key, const void *bytes, gsize length, Deadline deadline,
                              GError **error);
/* Writes or replaces. */
gboolean object_put(ObjectStore *store, const char *key, const void *bytes, gsize length, Deadline deadline,
                    GError **error);
/* The same from a file of this machine, streamed. A local store takes the file by a link where it can: do not change it
 * later. */
gboolean object_put_file(ObjectStore *store, const char *key, const char *path, Deadline deadline, GError **error);
/* One that is not there is fine. */
gboolean object_delete(ObjectStore *store, const char *key, Deadline deadline, GError **error);

typedef struct {
  char *key;       /* relative to the store; ends with "/" for a folder of a shallow listing */
  ObjectInfo info; /* size -1 for a folder */
} ObjectEntry;
typedef struct {
  const char *prefix;      /* "" or NULL: all. Any beginning of a key, not only whole folders */
  const char *start_after; /* NULL; else only keys after this one */
  gboolean shallow;        /* what lies below the next "/" after the prefix is one entry, a folder */
  guint max;               /* entries at most; 0 or more than OBJECT_PAGE_MAX: that many */
} ObjectListing;
/* One page in the order of keys; `more` (may be NULL): go on after the last key. Nothing there is an empty page. Of
 * ObjectEntry*. (transfer full) */
GPtrArray *object_list(ObjectStore *store, const ObjectListing *listing, gboolean *more, Deadline deadline,
                       GError **error);
void object_entry_free(ObjectEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ObjectEntry, object_entry_free)
/* All pages, refused above `max` entries. (transfer full) */
GPtrArray *object_list_all(ObjectStore *store, const char *prefix, guint max, Deadline deadline, GError **error);

/*
 * A file on this machine with the bytes of an immutable object, held there until it is freed: the file itself of a
 * local store, else a copy in the cache folder. The copy is fetched once whoever asks at the same time, checked by size
 * and ETag, and seen only when whole; several processes may share the folder. Least recently used copies that nobody
 * holds go when the bound is reached; NO_SPACE when all that is left is held. `size` -1 and `etag` NULL: not known, the
 * store is asked for them first.
 */
typedef struct ObjectCopy ObjectCopy;
ObjectCopy *object_store_local_copy(ObjectStore *store, const char *key, gint64 size, const char *etag,
                                    Deadline deadline, GError **error);
const char *object_copy_path(const ObjectCopy *copy); /* (transfer none) */
void object_copy_free(ObjectCopy *copy);              /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ObjectCopy, object_copy_free)

/*
 * One file from http:// or https:// to `path`, which is replaced; redirects are followed, broken connections go on
 * where they broke off. On failure nothing is left. Errors as above; TOO_LARGE beyond `max_bytes`.
 */
gboolean object_fetch_url(const char *url, const char *path, gint64 max_bytes, Deadline deadline, GError **error);
/* A file name for a URL's last part, safe on this machine; "data" where it has none. Pure. (transfer full) */
char *object_url_file_name(const char *url);

/* Patterns such as "sales/2026-*.csv" over keys: "*" and "?" within one part, "**" over parts, "[a-z]". Pure. */
gboolean object_glob_match(const char *pattern, const char *key);
/* The longest beginning without a wildcard: what to list. (transfer full) */
char *object_glob_prefix(const char *pattern);

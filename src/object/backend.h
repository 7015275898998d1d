/* What each kind of store provides; private to the module. Keys are checked before they come here. */
#pragma once
#include "object/object.h"

typedef struct {
  /* `length` -1: to the end, refused above `max_bytes`. `etag` may be NULL. */
  GBytes *(*get)(void *self, const char *key, gint64 offset, gint64 length, gsize max_bytes, const char *etag,
                 ObjectInfo *info, Deadline deadline, GError **error);
  gboolean (*stat)(void *self, const char *key, ObjectInfo *info, Deadline deadline, GError **error);
  gboolean (*put)(void *self, const char *key, const void *bytes, gsize length, gboolean only_absent, Deadline deadline,
                  GError **error);
  gboolean (*put_file)(void *self, const char *key, const char *path, Deadline deadline, GError **error);
  gboolean (*remove)(void *self, const char *key, Deadline deadline, GError **error);
  GPtrArray *(*list)(void *self, const ObjectListing *listing, gboolean *more, Deadline deadline, GError **error);
  /* The whole object into an empty file; NULL for stores whose objects are files already. */
  gboolean (*fetch)(void *self, const char *key, int fd, ObjectInfo *info, Deadline deadline, GError **error);
  void (*free)(void *self);
} ObjectBackend;

void *object_local_open(const char *folder);
extern const ObjectBackend object_local_backend;

/* INVALID_ARGUMENT unless the key is one that every store can hold. */
gboolean object_key_check(const char *key, GError **error);
ObjectEntry *object_entry_new(const char *key, const ObjectInfo *info);

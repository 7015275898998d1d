/* A folder as a store; private to the module. */
#pragma once
#include <sys/stat.h>

#include "object/backend.h"

typedef struct {
  char *folder; /* absolute */
} LocalStore;
void object_local_free(LocalStore *store);
void object_local_describe(const struct stat *status, ObjectInfo *info);
GPtrArray *object_local_list(void *self, const ObjectListing *listing, gboolean *more, Deadline deadline,
                             GError **error);

/*
 * Deletion vectors (Delta's PROTOCOL.md): which rows of a data file are no longer part of the table. Other writers make them;
 * they are read, and kept inline where a table of the registry stands for another's. Private to the lake.
 */
#pragma once
#include "base/json.h"
#include "object/object.h"

/* Setting of a table whose files may have some. */
#define DELTA_VECTORS_SETTING "delta.enableDeletionVectors"

/* Immutable, shared. */
typedef struct DeltaVector {
  char *key;      /* tells it from another vector of the same file */
  char *path;     /* of the object in the table's folder that holds it; NULL: it stands in the log itself */
  GBytes *bitmap; /* a RoaringBitmapArray (lake/roaring.h) that was found good */
  gint64 rows;    /* deleted by it, at least 1 */
  gint64 end;     /* one after the last row it deletes */
  gint references;
} DeltaVector;
DeltaVector *delta_vector_ref(DeltaVector *vector);
void delta_vector_unref(DeltaVector *vector); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeltaVector, delta_vector_unref)

/* Of an add or remove action's "deletionVector"; NULL when it is none. (transfer full) */
char *delta_vector_key(const json_t *descriptor);
/* The object that holds it, within the table; NULL: none, or a path that is not within. (transfer full) */
char *delta_vector_path(const json_t *descriptor);
/*
 * Fetches and checks it. CORRUPT; UNSUPPORTED for vectors outside the table's folder and for enormous ones; what the store says.
 * (transfer full)
 */
DeltaVector *delta_vector_read(const json_t *descriptor, ObjectStore *store, Deadline deadline, GError **error);
/* A descriptor that holds all of it. (transfer full) */
json_t *delta_vector_to_json(const DeltaVector *vector);

/* Appends the condition that holds for the rows that remain; `row`: SQL of a row's number in the file. */
void delta_vector_append_condition(GString *sql, const DeltaVector *vector, const char *row);
/* How long that condition is, about. */
gsize delta_vector_condition_length(const DeltaVector *vector);

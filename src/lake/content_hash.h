/* A file's content as a name, by which a load knows what it has read already. */
#pragma once
#include "base/base.h"

/* So many bytes of the file were hashed. */
typedef void (*ContentProgress)(gint64 bytes, gpointer user_data);

/* BLAKE2b, 32 bytes, in hexadecimal. `told` may be NULL. IO, TIMEOUT, CANCELLED. (transfer full) */
char *content_hash(const char *path, ContentProgress told, gpointer user_data, Deadline deadline, GError **error);
/* The identity (DeltaIdentity.application) under which a table keeps that `aisle init` read this content. (transfer full) */
char *content_identity(const char *hash);

/* Which copies go when room is needed; private to the module. */
#pragma once
#include "base/base.h"

/* Locks (F_RDLCK, F_WRLCK) or frees (F_UNLCK) the byte of a copy; FALSE with errno. */
gboolean copies_lock_place(int fd, guint64 place, int type);
/* From the name of a copy. */
guint64 copies_place_of(const char *name);
/* Removes copies that nobody holds, least recently used first, until no more than `most` bytes are left (a tenth less,
 * once it begins). Returns what is left. */
gint64 copies_evict(const char *folder, gint64 most);
/* Files of fetches that died. */
void copies_remove_leftovers(const char *folder);

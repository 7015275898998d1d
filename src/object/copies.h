/*
 * Copies of immutable remote objects in a folder of this machine that several processes share. Private to the module.
 *
 * folder/ab/<hash of store and key>-<size>-<hash of etag>.<ext>   whole copies only: written in folder/tmp, checked,
 * renamed folder/tmp/<id>                                                  being fetched, of the size it will have, so
 * that all processes count it; locked by who fetches, so leftovers are known folder/held, folder/fetching                                     empty; a byte at a place made of
 * the hash is locked (open file description locks: one descriptor holds any number) The time of last change of a copy
 * is when it was last used.
 */
#pragma once
#include "object/backend.h"

typedef struct Copies Copies;
Copies *copies_open(const char *folder, gint64 max_bytes, GError **error);
void copies_free(Copies *copies); /* nothing may be held. NULL is fine */

/* Who holds a copy keeps `place` and gives it back. `url` names the store. (transfer full): the path */
char *copies_take(Copies *copies, const ObjectBackend *backend, void *self, const char *url, const char *key,
                  gint64 size, const char *etag, guint64 *place, Deadline deadline, GError **error);
void copies_give_back(Copies *copies, guint64 place);

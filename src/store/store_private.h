/* Between store.c (answers, through a queue) and store_state.c (everything else, at once). */
#pragma once
#include <pthread.h>

#include "store/database.h"

typedef struct Item Item;

struct Store {
  const DatabaseKind *kind;

  pthread_mutex_t lock; /* of everything down to `reader_lock` */
  pthread_cond_t put;     /* there is work, or the end has come */
  pthread_cond_t written; /* there is room, or a batch ended */
  Item *oldest, *newest;  /* what is not durable yet, also what is being written */
  GHashTable *by_id;      /* set of those */
  guint length;
  guint64 n_put, n_written;
  guint64 n_wanted; /* somebody waits until so many are written */
  GError *failure; /* of the last batch; NULL when it went well */
  gboolean ending;

  pthread_mutex_t reader_lock;
  Database *reader;

  pthread_mutex_t changer_lock;
  Database *changer; /* writes all but answers */

  Database *writer; /* only of the thread */
  pthread_t thread;
};

/* The queue before the database, the thread that empties it, and reads that see both. */
#include <string.h>
#include <time.h>

#include "base/condition.h"
#include "store/store_private.h"

#define QUEUE_MAX 16384
#define BATCH_MAX 4096
/* How long put waits for room. */
#define PUT_WAIT_MS 1000
/* How long a batch gathers while nobody waits for it, or until it is that long: a commit costs far more than a row. */
#define GATHER_MS 10
#define GATHER_ITEMS 1024
/* How long to wait after a failed commit before the next try. */
#define RETRY_MS 500

/* An answer in the queue; `answer` points into memory of the item itself, or into what its answer shares. */
struct Item {
  StoreAnswer answer;
  Item *next, *previous;
  guint id_hash;
  char texts[];
};

/* ---- items ---- */

#define N_OWN 8 /* texts that each answer has of its own come first */

static gsize size_of(const char *text) {
  return text != NULL ? strlen(text) + 1 : 0;
}

/* One allocation for an item and its texts, but for those that are shared. */
static Item *item_new(const StoreAnswer *answer) {
  const char *texts[] = {answer->id, answer->session, answer->tenant, answer->user, answer->scope_key, answer->question, answer->route, answer->after,
                         answer->status, answer->query_json, answer->options_json, answer->versions_json, answer->as_of, answer->restatement};
  guint n_copied = answer->shared != NULL ? N_OWN : G_N_ELEMENTS(texts);
  gsize sizes[G_N_ELEMENTS(texts)], size = 0;
  for (guint i = 0; i < n_copied; i++) size += sizes[i] = size_of(texts[i]);
  Item *item = g_malloc(sizeof(Item) + size);
  item->answer = *answer;
  item->next = item->previous = NULL;
  item->id_hash = text_hash(answer->id);
  if (answer->shared != NULL) g_bytes_ref(answer->shared);
  const char **places[] = {&item->answer.id, &item->answer.session, &item->answer.tenant, &item->answer.user, &item->answer.scope_key,
                           &item->answer.question, &item->answer.route, &item->answer.after, &item->answer.status, &item->answer.query_json,
                           &item->answer.options_json, &item->answer.versions_json, &item->answer.as_of, &item->answer.restatement};
  char *end = item->texts;
  for (guint i = 0; i < n_copied; i++) {
    if (texts[i] != NULL) *places[i] = memcpy(end, texts[i], sizes[i]);
    end += sizes[i];
  }
  return item;
}

static void item_free(Item *item) {
  g_clear_pointer(&item->answer.shared, g_bytes_unref);
  g_free(item);
}

/* Items in a set by their ids. */
static guint hash_item(gconstpointer item) {
  return ((const Item *)item)->id_hash;
}

static gboolean same_id(gconstpointer a, gconstpointer b) {
  return a == b || strcmp(((const Item *)a)->answer.id, ((const Item *)b)->answer.id) == 0;
}

static const Item *find_item(GHashTable *by_id, const char *id) {
  Item wanted = {.answer = {.id = id}, .id_hash = text_hash(id)};
  return g_hash_table_lookup(by_id, &wanted);
}

/* ---- the writing thread ---- */

/* Writes up to BATCH_MAX items from `first`; `*count` says how many. */
static gboolean write_batch(const DatabaseKind *kind, Database *writer, const Item *first, guint length, guint *count, GError **error) {
  *count = MIN(length, BATCH_MAX);
  gboolean written = kind->begin(writer, error);
  const Item *item = first;
  for (guint i = 0; written && i < *count; i++) {
    written = kind->insert_answer(writer, &item->answer, error);
    /* What follows the last of them may be set by another thread just now. */
    if (i + 1 < *count) item = item->next;
  }
  written = written && kind->commit(writer, error);
  if (!written) kind->rollback(writer);
  return written;
}

/* Takes the written items out of the queue. (transfer full): the chain, by `next`. Under the lock. */
static Item *take_written(Store *store, guint count) {
  Item *first = store->oldest, *last = first;
  for (guint i = 1; i < count; i++) last = last->next;
  store->oldest = last->next;
  if (store->oldest != NULL) store->oldest->previous = NULL;
  else store->newest = NULL;
  last->next = NULL;
  for (Item *item = first; item != NULL; item = item->next) {
    if (g_hash_table_lookup(store->by_id, item) == item) g_hash_table_remove(store->by_id, item);
  }
  store->length -= count;
  store->n_written += count;
  return first;
}

static void free_chain(Item *item) {
  while (item != NULL) {
    Item *next = item->next;
    item_free(item);
    item = next;
  }
}

/* FALSE when the end has come and nothing is left. Under the lock. */
static gboolean wait_for_batch(Store *store) {
  while (store->oldest == NULL && !store->ending) pthread_cond_wait(&store->put, &store->lock);
  struct timespec until = condition_time_in_ms(GATHER_MS);
  while (store->length < GATHER_ITEMS && !store->ending && store->n_put > store->n_wanted) {
    if (pthread_cond_timedwait(&store->put, &store->lock, &until) != 0) break;
  }
  return store->oldest != NULL;
}

static void *write_until_end(void *data) {
  Store *store = data;
  pthread_mutex_lock(&store->lock);
  while (wait_for_batch(store)) {
    /* Nobody but this thread takes items out, so this part of the chain stays while the lock is given up. */
    Item *first = store->oldest;
    guint length = store->length, count = 0;
    pthread_mutex_unlock(&store->lock);
    GError *failure = NULL;
    gboolean written = write_batch(store->kind, store->writer, first, length, &count, &failure);
    pthread_mutex_lock(&store->lock);
    Item *done = written ? take_written(store, count) : NULL;
    g_clear_error(&store->failure);
    store->failure = failure;
    pthread_cond_broadcast(&store->written);
    if (done != NULL) {
      pthread_mutex_unlock(&store->lock);
      free_chain(done);
      pthread_mutex_lock(&store->lock);
    } else if (store->ending) {
      break;
    } else {
      struct timespec until = condition_time_in_ms(RETRY_MS);
      while (!store->ending && pthread_cond_timedwait(&store->put, &store->lock, &until) == 0) continue;
    }
  }
  pthread_mutex_unlock(&store->lock);
  return NULL;
}

/* ---- life ---- */

static void init_locks(Store *store) {
  pthread_mutex_init(&store->lock, NULL);
  pthread_mutex_init(&store->reader_lock, NULL);
  pthread_mutex_init(&store->changer_lock, NULL);
  condition_init(&store->put);
  condition_init(&store->written);
}

static void store_clear(Store *store) {
  if (store->failure != NULL && store->length > 0)
    g_warning("%u answers could not be kept: %s", store->length, store->failure->message);
  free_chain(store->oldest);
  g_hash_table_unref(store->by_id);
  g_clear_error(&store->failure);
  store->kind->close(store->reader);
  store->kind->close(store->changer);
  store->kind->close(store->writer);
  pthread_cond_destroy(&store->put);
  pthread_cond_destroy(&store->written);
  pthread_mutex_destroy(&store->lock);
  pthread_mutex_destroy(&store->reader_lock);
  pthread_mutex_destroy(&store->changer_lock);
  g_free(store);
}

Store *store_open_sqlite(const char *path, GError **error) {
  return store_open(&database_sqlite, path, error);
}

Store *store_open(const DatabaseKind *kind, const char *address, GError **error) {
  Store *store = g_new0(Store, 1);
  store->kind = kind;
  init_locks(store);
  store->by_id = g_hash_table_new(hash_item, same_id);
  store->writer = kind->open(address, DATABASE_WRITE, error);
  if (store->writer != NULL) store->changer = kind->open(address, DATABASE_WRITE, error);
  if (store->changer != NULL) store->reader = kind->open(address, DATABASE_READ, error);
  if (store->reader == NULL) {
    store_clear(store);
    return NULL;
  }
  if (pthread_create(&store->thread, NULL, write_until_end, store) != 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BUSY, "the system gives no further thread");
    store_clear(store);
    return NULL;
  }
  return store;
}

void store_free(Store *store) {
  if (store == NULL) return;
  pthread_mutex_lock(&store->lock);
  store->ending = TRUE;
  pthread_cond_broadcast(&store->put);
  pthread_mutex_unlock(&store->lock);
  pthread_join(store->thread, NULL);
  store_clear(store);
}

/* ---- the face ---- */

/* TRUE when there is room now; waits for it while writing goes well. Under the lock. */
static gboolean wait_for_room(Store *store, GError **error) {
  struct timespec until = condition_time_in_ms(PUT_WAIT_MS);
  while (store->length >= QUEUE_MAX && store->failure == NULL) {
    if (pthread_cond_timedwait(&store->written, &store->lock, &until) != 0) break;
  }
  if (store->length < QUEUE_MAX) return TRUE;
  if (store->failure != NULL) g_propagate_error(error, g_error_copy(store->failure));
  else g_set_error(error, AISLE_ERROR, AISLE_ERROR_BUSY, "answers come faster than they can be kept; try again shortly");
  return FALSE;
}

/* Under the lock, with room. */
static void append(Store *store, Item *item) {
  item->previous = store->newest;
  if (store->newest != NULL) store->newest->next = item;
  else store->oldest = item;
  store->newest = item;
  g_hash_table_replace(store->by_id, item, item);
  /* The thread sleeps when nothing is left, or while a batch gathers. */
  store->length++;
  if (store->length == 1 || store->length == GATHER_ITEMS) pthread_cond_signal(&store->put);
  store->n_put++;
}

gboolean store_put_answer(Store *store, const StoreAnswer *answer, GError **error) {
  if (answer->id == NULL || answer->scope_key == NULL || answer->status == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "an answer needs an id, a status and a scope to be kept");
    return FALSE;
  }
  Item *item = item_new(answer);
  pthread_mutex_lock(&store->lock);
  gboolean room = wait_for_room(store, error);
  if (room) append(store, item);
  pthread_mutex_unlock(&store->lock);
  if (!room) item_free(item);
  return room;
}

gboolean store_try_put_answer(Store *store, const StoreAnswer *answer) {
  if (answer->id == NULL || answer->scope_key == NULL || answer->status == NULL) return FALSE;
  Item *item = item_new(answer);
  pthread_mutex_lock(&store->lock);
  gboolean room = store->length < QUEUE_MAX;
  if (room) append(store, item);
  pthread_mutex_unlock(&store->lock);
  if (!room) item_free(item);
  return room;
}

gboolean store_flush(Store *store, GError **error) {
  pthread_mutex_lock(&store->lock);
  guint64 target = store->n_put;
  store->n_wanted = target;
  pthread_cond_broadcast(&store->put);
  while (store->n_written < target && store->failure == NULL) pthread_cond_wait(&store->written, &store->lock);
  gboolean durable = store->n_written >= target;
  if (!durable) g_propagate_error(error, g_error_copy(store->failure));
  pthread_mutex_unlock(&store->lock);
  return durable;
}

json_t *store_get_answer(Store *store, const char *id, const char *scope_key, GError **error) {
  pthread_mutex_lock(&store->lock);
  const Item *item = find_item(store->by_id, id);
  gboolean visible = item != NULL && strcmp(item->answer.scope_key, scope_key) == 0;
  json_t *answer = visible ? database_answer_json(&item->answer) : NULL;
  pthread_mutex_unlock(&store->lock);
  if (answer != NULL) return answer;
  pthread_mutex_lock(&store->reader_lock);
  answer = store->kind->get_answer(store->reader, id, scope_key, error);
  pthread_mutex_unlock(&store->reader_lock);
  return answer;
}

char *store_session_newest(Store *store, const char *session, const char *scope_key, GError **error) {
  char *id = NULL;
  pthread_mutex_lock(&store->lock);
  for (const Item *item = store->newest; item != NULL && id == NULL; item = item->previous) {
    if (g_strcmp0(item->answer.session, session) == 0 && strcmp(item->answer.scope_key, scope_key) == 0)
      id = g_strdup(item->answer.id);
  }
  pthread_mutex_unlock(&store->lock);
  if (id != NULL) return id;
  pthread_mutex_lock(&store->reader_lock);
  id = store->kind->session_newest(store->reader, session, scope_key, error);
  pthread_mutex_unlock(&store->reader_lock);
  return id;
}

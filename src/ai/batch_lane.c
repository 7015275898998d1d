#include "ai/batch_lane.h"

#include <string.h>

#include "ai/batch_items.h"
#include "base/condition.h"

#define BUSY_TURN_MS 100
#define IDLE_TURN_MS 2000
#define ASK_TIMEOUT_MS 60000
#define MOVE_TIMEOUT_MS 600000
#define MAX_SENDS 5
#define MAX_HANDED 64
#define MAX_BATCH_BYTES ((gsize)32 << 20)
/* Batches end within a day; what did not by then is not waited for. Reservations stand a little longer. */
#define GIVE_UP_MS ((gint64)25 * 3600000)
#define LIFETIME_MS ((gint64)26 * 3600000)
/* A batch that was created a moment ago may not be listed yet. */
#define LISTED_AFTER_MS 10000

struct AiLane {
  AiGateway *gateway;
  AiBatchStore *store;
  HttpClient *http;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  gint stop;   /* atomic; the deadline of every request looks at it */
  gint handed; /* atomic: answers that are being checked */
  gboolean woken;   /* under lock */
  gboolean joined;
  GHashTable *readings; /* batch id -> Reading*; of the thread */
};

/* A batch whose results are being taken. */
typedef struct {
  GHashTable *items;  /* job id -> AiBatchItem*: not yet told of */
  GHashTable *known;  /* job ids that were told of before, when reading broke off */
  gboolean complete;
} Reading;

static void reading_free(gpointer data) {
  Reading *reading = data;
  g_clear_pointer(&reading->items, g_hash_table_unref);
  g_hash_table_unref(reading->known);
  g_free(reading);
}

static gint64 now_ms(void) {
  return g_get_real_time() / 1000;
}

static AiBatchPeer peer_for(AiLane *lane, const AiRoute *route, gint64 timeout_ms) {
  return (AiBatchPeer){route, lane->http, deadline_in_ms(timeout_ms, &lane->stop)};
}

static void set_state(AiBatchRow *row, const char *state) {
  g_free(row->state);
  row->state = g_strdup(state);
}

/* ---- which jobs and routes ---- */

gboolean ai_lane_may_take(AiGateway *gateway, const json_t *job) {
  AiConfig *config = ai_gateway_config(gateway);
  const char *name = json_get_string(job, "model"), *id = json_get_string(job, "template"), *version = json_get_string(job, "version");
  AiTemplates *templates = NULL;
  if (config->any_batch_route && name == NULL && id != NULL) {
    templates = ai_gateway_templates(gateway);
    const AiTemplate *template = ai_templates_find(templates, id, version != NULL ? version : g_hash_table_lookup(config->releases, id), NULL);
    name = template != NULL ? template->model : NULL;
  }
  const AiLogical *logical = config->any_batch_route && name != NULL ? g_hash_table_lookup(config->models, name) : NULL;
  gboolean may = FALSE;
  for (guint t = 0; logical != NULL && t < G_N_ELEMENTS(logical->tiers); t++)
    for (guint i = 0; i < logical->tiers[t]->len; i++) may = may || ((const AiRoute *)g_ptr_array_index(logical->tiers[t], i))->batch;
  ai_templates_unref(templates);
  ai_config_unref(config);
  return may;
}

static const AiRoute *find_route(const AiConfig *config, const char *name) {
  GHashTableIter models;
  gpointer value;
  g_hash_table_iter_init(&models, config->models);
  while (g_hash_table_iter_next(&models, NULL, &value)) {
    const AiLogical *logical = value;
    for (guint t = 0; t < G_N_ELEMENTS(logical->tiers); t++)
      for (guint i = 0; i < logical->tiers[t]->len; i++) {
        const AiRoute *route = g_ptr_array_index(logical->tiers[t], i);
        if (strcmp(route->name, name) == 0) return route;
      }
  }
  return NULL;
}

/* ---- collecting ---- */

typedef struct {
  AiBatchRow *row;
  GPtrArray *items;
  gsize bytes;
} Group;

static void group_free(gpointer data) {
  Group *group = data;
  ai_batch_row_free(group->row);
  g_ptr_array_unref(group->items);
  g_free(group);
}

static Group *group_of(GHashTable *groups, const AiRoute *route) {
  Group *group = g_hash_table_lookup(groups, route->name);
  if (group != NULL) return group;
  group = g_new0(Group, 1);
  group->items = g_ptr_array_new_with_free_func((GDestroyNotify)ai_batch_item_free);
  group->row = g_new0(AiBatchRow, 1);
  group->row->id = g_strdup_printf("aisle-%08x%08x%08x", g_random_int(), g_random_int(), g_random_int());
  group->row->route = g_strdup(route->name);
  group->row->state = g_strdup("reserving");
  group->row->created_ms = now_ms();
  g_hash_table_insert(groups, g_strdup(route->name), group);
  return group;
}

/* Puts a job into its route's group, or on the ordinary way: what is known already, cannot be prepared, or has no such route. Takes `work`. */
static void sort_in(AiLane *lane, AiConfig *config, GHashTable *groups, AiWork *work) {
  AiCall *call = ai_batch_item_call(lane->gateway, config, work, NULL, NULL);
  const AiRoute *route = NULL;
  for (guint i = 0; call != NULL && route == NULL && i < call->plan->len; i++) {
    const AiRoute *candidate = g_ptr_array_index(call->plan, i);
    if (candidate->batch) route = candidate;
  }
  g_autofree char *line = route != NULL && !ai_call_is_known(call) ? ai_batch_item_line(call, route, work->id, NULL) : NULL;
  Group *group = line != NULL ? group_of(groups, route) : NULL;
  if (group == NULL) {
    ai_batch_store_return(lane->store, work->id, FALSE, 0);
    ai_work_free(work);
  } else if (group->bytes + strlen(line) > MAX_BATCH_BYTES && group->items->len > 0) {
    ai_work_free(work); /* the next batch has it */
  } else {
    group->bytes += strlen(line);
    g_ptr_array_add(group->items, ai_batch_item_new(work, call->template != NULL ? call->template->version : NULL, ai_budget_new_ticket() + group->items->len));
  }
  ai_call_unref(call);
}

static void collect(AiLane *lane, AiConfig *config) {
  gint64 since_ms;
  int waiting = ai_batch_store_waiting(lane->store, &since_ms);
  gboolean due = waiting >= config->batch_most || !config->any_batch_route || since_ms + config->collect_ms <= now_ms();
  if (waiting == 0 || !due) return;
  g_autoptr(GPtrArray) works = ai_batch_store_oldest(lane->store, config->batch_most);
  g_autoptr(GHashTable) groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, group_free);
  g_ptr_array_set_free_func(works, NULL);
  for (guint i = 0; i < works->len; i++) sort_in(lane, config, groups, g_ptr_array_index(works, i));
  GHashTableIter iterator;
  gpointer value;
  g_hash_table_iter_init(&iterator, groups);
  while (g_hash_table_iter_next(&iterator, NULL, &value)) ai_batch_store_make(lane->store, ((Group *)value)->row, ((Group *)value)->items);
}

/* ---- giving back ---- */

/* It costs nothing, and goes another way. */
static void release(AiLane *lane, const AiBatchItem *item) {
  const AiAmounts nothing = {0};
  ai_budget_settle(lane->gateway->budget, item->ticket, &nothing);
}

static void return_item(AiLane *lane, const AiBatchItem *item, gboolean same_lane, gint64 wait_ms) {
  if (item->work->cancelled) ai_batch_store_drop(lane->store, item->work->id);
  else ai_batch_store_return(lane->store, item->work->id, same_lane, wait_ms > 0 ? now_ms() + wait_ms : 0);
}

static void give_back(AiLane *lane, const AiBatchRow *row, const char *why) {
  g_autoptr(GPtrArray) items = ai_batch_store_items(lane->store, row);
  g_warning("a batch of %u requests to %s is given up, they are run one by one: %s", items->len, row->route, why);
  for (guint i = 0; i < items->len; i++) release(lane, g_ptr_array_index(items, i));
  if (!ai_budget_flush(lane->gateway->budget, ASK_TIMEOUT_MS)) return;
  for (guint i = 0; i < items->len; i++) return_item(lane, g_ptr_array_index(items, i), FALSE, 0);
  ai_batch_store_close(lane->store, row);
}

/* ---- sending ---- */

/* Also again after a crash: what was reserved under these tickets is let go first. */
static void reserve(AiLane *lane, AiConfig *config, const AiRoute *route, AiBatchRow *row) {
  g_autoptr(GPtrArray) items = ai_batch_store_items(lane->store, row);
  for (guint i = 0; i < items->len; i++) release(lane, g_ptr_array_index(items, i));
  if (!ai_budget_flush(lane->gateway->budget, ASK_TIMEOUT_MS)) return;
  g_autofree gint64 *refused = g_new0(gint64, MAX(items->len, 1));
  ai_batch_items_reserve(lane->gateway, config, route, items, LIFETIME_MS, refused);
  for (guint i = 0; i < items->len; i++)
    if (refused[i] != 0) return_item(lane, g_ptr_array_index(items, i), refused[i] > 0, refused[i]);
  set_state(row, "sending");
  ai_batch_store_save(lane->store, row);
}

/* The lines of all that is still wanted. (transfer full) */
static GPtrArray *make_lines(AiLane *lane, AiConfig *config, const AiRoute *route, const AiBatchRow *row) {
  g_autoptr(GPtrArray) items = ai_batch_store_items(lane->store, row);
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < items->len; i++) {
    const AiBatchItem *item = g_ptr_array_index(items, i);
    AiCall *call = item->work->cancelled ? NULL : ai_batch_item_call(lane->gateway, config, item->work, item->version, NULL);
    char *line = call != NULL ? ai_batch_item_line(call, route, item->work->id, NULL) : NULL;
    ai_call_unref(call);
    if (line != NULL) {
      g_ptr_array_add(lines, line);
      continue;
    }
    release(lane, item);
    return_item(lane, item, FALSE, 0);
  }
  return lines;
}

static void try_later(AiLane *lane, AiBatchRow *row, const GError *error) {
  gboolean refused = g_error_matches(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT) || g_error_matches(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  if (refused || ++row->tries >= MAX_SENDS) {
    give_back(lane, row, error->message);
    return;
  }
  row->next_ms = now_ms() + ((gint64)1000 << row->tries);
  ai_batch_store_save(lane->store, row);
}

/* From here on it may exist. */
static void create(AiLane *lane, AiConfig *config, const AiBatchProvider *provider, const AiRoute *route, AiBatchRow *row, const GPtrArray *lines) {
  g_autoptr(GError) error = NULL;
  set_state(row, "creating");
  row->tried_ms = now_ms();
  row->size = (int)lines->len;
  row->next_ms = row->tried_ms + config->poll_ms;
  if (!ai_batch_store_save(lane->store, row)) return;
  /* Over a connection of its own: over a kept one that had died the client would send it a second time. */
  g_autoptr(HttpClient) http = http_client_new(NULL);
  AiBatchPeer peer = {route, http, deadline_in_ms(MOVE_TIMEOUT_MS, &lane->stop)};
  if (provider->create(&peer, row->id, lines, row->file, &row->remote, &error)) {
    set_state(row, "running");
    g_message("%u requests went to %s as batch %s", lines->len, route->name, row->remote);
    ai_batch_store_save(lane->store, row);
  } else if (g_error_matches(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT) || g_error_matches(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND)) {
    give_back(lane, row, error->message);
  } else {
    g_info("whether batch %s was created is not known: %s", row->id, error->message);
  }
}

static void send_all(AiLane *lane, AiConfig *config, const AiBatchProvider *provider, const AiRoute *route, AiBatchRow *row) {
  g_autoptr(GPtrArray) lines = make_lines(lane, config, route, row);
  g_autoptr(GError) error = NULL;
  if (lines->len == 0) {
    ai_batch_store_close(lane->store, row);
    return;
  }
  AiBatchPeer peer = peer_for(lane, route, MOVE_TIMEOUT_MS);
  g_clear_pointer(&row->file, g_free); /* of a try before this one: it may hold what has left since */
  if (provider->upload != NULL && !provider->upload(&peer, row->id, lines, &row->file, &error)) try_later(lane, row, error);
  else create(lane, config, provider, route, row, lines);
}

/* ---- was it created? ---- */

typedef struct {
  AiLane *lane;
  GHashTable *ids; /* of the jobs in it */
} Seeking;

static gboolean is_taken(const char *remote, gpointer data) {
  return ai_batch_store_has_remote(((Seeking *)data)->lane->store, remote);
}

static gboolean is_ours(const char *custom_id, gpointer data) {
  return g_hash_table_contains(((Seeking *)data)->ids, custom_id);
}

static void seek(AiLane *lane, AiConfig *config, const AiBatchProvider *provider, const AiRoute *route, AiBatchRow *row) {
  g_autoptr(GPtrArray) items = ai_batch_store_items(lane->store, row);
  g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < items->len; i++) g_hash_table_add(ids, ((AiBatchItem *)g_ptr_array_index(items, i))->work->id);
  Seeking seeking = {lane, ids};
  AiBatchSought sought = {row->id, (guint)row->size, row->tried_ms, is_taken, is_ours, &seeking};
  AiBatchPeer peer = peer_for(lane, route, ASK_TIMEOUT_MS);
  g_autoptr(GError) error = NULL;
  AiBatchFound found = provider->find(&peer, &sought, &row->remote, &error);
  row->next_ms = now_ms() + config->poll_ms;
  if (found == AI_BATCH_FOUND) {
    set_state(row, "running");
    row->next_ms = 0;
  } else if (found == AI_BATCH_NOT_THERE && now_ms() >= row->tried_ms + MIN(config->poll_ms, LISTED_AFTER_MS)) {
    if (++row->tries >= MAX_SENDS) {
      give_back(lane, row, "it could not be created");
      return;
    }
    set_state(row, "sending");
    row->next_ms = 0;
  }
  ai_batch_store_save(lane->store, row);
}

/* ---- results ---- */

typedef struct {
  AiLane *lane;
  AiConfig *config;
  const AiRoute *route;
  const AiBatchRow *row;
  Reading *reading;
} Taking;

static void refuse_item(AiLane *lane, AiBatchItem *item, const char *reason) {
  g_autoptr(GError) error = g_error_new(AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "the provider refused the request: %.500s", reason != NULL ? reason : "no reason given");
  release(lane, item);
  g_atomic_int_inc(&lane->handed);
  ai_queue_work_done(g_steal_pointer(&item->work), NULL, error, 0);
}

/* A bounded number is checked at a time. FALSE: the lane stops. */
static gboolean wait_for_room(AiLane *lane) {
  while (g_atomic_int_get(&lane->handed) >= MAX_HANDED && !g_atomic_int_get(&lane->stop)) g_usleep(2000);
  return !g_atomic_int_get(&lane->stop);
}

static gboolean on_result(const char *id, AiBatchOutcome outcome, const json_t *native, const char *reason, gpointer data) {
  Taking *taking = data;
  AiLane *lane = taking->lane;
  AiBatchItem *item = g_hash_table_lookup(taking->reading->items, id);
  if (item == NULL) return TRUE; /* not ours, or told of before */
  if (!wait_for_room(lane)) return FALSE;
  g_atomic_int_inc(&lane->handed);
  gboolean handed = outcome == AI_BATCH_ANSWERED && ai_batch_item_answer(lane->gateway, taking->config, taking->route, item, taking->row->remote, native);
  if (!handed) g_atomic_int_add(&lane->handed, -1);
  if (outcome == AI_BATCH_REFUSED) {
    refuse_item(lane, item, reason);
  } else if (!handed) {
    g_info("a request of batch %s was not answered there: %s", taking->row->remote, reason != NULL ? reason : "expired or cancelled");
    return TRUE; /* it stays, and is returned with those that are not told of at all */
  }
  g_hash_table_add(taking->reading->known, g_strdup(id));
  g_hash_table_remove(taking->reading->items, id);
  return TRUE;
}

static Reading *reading_of(AiLane *lane, const AiBatchRow *row) {
  Reading *reading = g_hash_table_lookup(lane->readings, row->id);
  if (reading != NULL) return reading;
  reading = g_new0(Reading, 1);
  reading->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_insert(lane->readings, g_strdup(row->id), reading);
  return reading;
}

static void take_results(AiLane *lane, AiConfig *config, const AiBatchProvider *provider, const AiRoute *route, AiBatchRow *row, const AiBatchStatus *status) {
  Reading *reading = reading_of(lane, row);
  g_autoptr(GPtrArray) items = ai_batch_store_items(lane->store, row);
  g_clear_pointer(&reading->items, g_hash_table_unref);
  reading->items = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)ai_batch_item_free);
  g_ptr_array_set_free_func(items, NULL);
  for (guint i = 0; i < items->len; i++) {
    AiBatchItem *item = g_ptr_array_index(items, i);
    if (g_hash_table_contains(reading->known, item->work->id)) ai_batch_item_free(item);
    else g_hash_table_insert(reading->items, g_strdup(item->work->id), item);
  }
  Taking taking = {lane, config, route, row, reading};
  AiBatchPeer peer = peer_for(lane, route, MOVE_TIMEOUT_MS);
  g_autoptr(GError) error = NULL;
  if (!provider->read(&peer, row->remote, status, on_result, &taking, &error)) {
    g_info("the results of batch %s could not be read: %s", row->remote, error->message);
    return;
  }
  if (g_atomic_int_get(&lane->stop)) return;
  GHashTableIter rest;
  gpointer value;
  g_hash_table_iter_init(&rest, reading->items);
  while (g_hash_table_iter_next(&rest, NULL, &value)) release(lane, value);
  if (!ai_budget_flush(lane->gateway->budget, ASK_TIMEOUT_MS)) return;
  g_hash_table_iter_init(&rest, reading->items);
  while (g_hash_table_iter_next(&rest, NULL, &value)) return_item(lane, value, FALSE, 0);
  reading->complete = TRUE;
}

/* Asks after it; takes what it answered, and when all of that is written, has it forgotten. */
static void look(AiLane *lane, AiConfig *config, const AiBatchProvider *provider, const AiRoute *route, AiBatchRow *row) {
  Reading *reading = g_hash_table_lookup(lane->readings, row->id);
  if (reading != NULL && reading->complete && ai_batch_store_count(lane->store, row, FALSE) != 0) return;
  AiBatchPeer peer = peer_for(lane, route, ASK_TIMEOUT_MS);
  g_auto(AiBatchStatus) status = {0};
  g_autoptr(GError) error = NULL;
  if (reading != NULL && reading->complete) {
    g_autoptr(GError) ignored = NULL;
    if (provider->look(&peer, row->remote, &status, &ignored)) provider->forget(&peer, row->remote, row->file, &status);
    ai_batch_store_close(lane->store, row);
    g_hash_table_remove(lane->readings, row->id);
    return;
  }
  row->next_ms = now_ms() + config->poll_ms;
  if (!provider->look(&peer, row->remote, &status, &error)) {
    if (g_error_matches(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND)) give_back(lane, row, "the provider does not know it");
    else ai_batch_store_save(lane->store, row);
    return;
  }
  if (status.reason != NULL) {
    give_back(lane, row, status.reason);
  } else if (status.over) {
    take_results(lane, config, provider, route, row, &status);
    row->next_ms = reading_of(lane, row)->complete ? 0 : row->next_ms;
    ai_batch_store_save(lane->store, row);
  } else {
    if (ai_batch_store_count(lane->store, row, TRUE) == 0) provider->cancel(&peer, row->remote, NULL);
    ai_batch_store_percent(lane->store, row, 5 + status.percent * 9 / 10);
    ai_batch_store_save(lane->store, row);
  }
}

/* ---- the thread ---- */

static void advance(AiLane *lane, AiConfig *config, AiBatchRow *row) {
  const AiRoute *route = find_route(config, row->route);
  const AiBatchProvider *provider = route != NULL ? ai_batch_provider_of(route) : NULL;
  gboolean sent = strcmp(row->state, "creating") == 0 || strcmp(row->state, "running") == 0;
  if (now_ms() > row->created_ms + GIVE_UP_MS) give_back(lane, row, "it did not end within a day");
  else if (provider == NULL && !sent) give_back(lane, row, "its route left the configuration");
  else if (provider == NULL) return; /* it may come back */
  else if (strcmp(row->state, "reserving") == 0) reserve(lane, config, route, row);
  else if (strcmp(row->state, "sending") == 0) send_all(lane, config, provider, route, row);
  else if (strcmp(row->state, "creating") == 0) seek(lane, config, provider, route, row);
  else look(lane, config, provider, route, row);
}

/* TRUE: there is something to do soon. */
static gboolean turn(AiLane *lane) {
  AiConfig *config = ai_gateway_config(lane->gateway);
  gint64 since_ms;
  collect(lane, config);
  g_autoptr(GPtrArray) rows = ai_batch_store_open_rows(lane->store);
  for (guint i = 0; i < rows->len && !g_atomic_int_get(&lane->stop); i++) {
    AiBatchRow *row = g_ptr_array_index(rows, i);
    if (row->next_ms <= now_ms()) advance(lane, config, row);
  }
  ai_config_unref(config);
  return rows->len > 0 || ai_batch_store_waiting(lane->store, &since_ms) > 0;
}

static void *run_lane(void *data) {
  AiLane *lane = data;
  while (!g_atomic_int_get(&lane->stop)) {
    gint64 pause_ms = turn(lane) ? BUSY_TURN_MS : IDLE_TURN_MS;
    pthread_mutex_lock(&lane->lock);
    if (!lane->woken) condition_wait_ms(&lane->changed, &lane->lock, pause_ms);
    lane->woken = FALSE;
    pthread_mutex_unlock(&lane->lock);
  }
  return NULL;
}

void ai_lane_wake(AiLane *lane) {
  pthread_mutex_lock(&lane->lock);
  lane->woken = TRUE;
  pthread_cond_broadcast(&lane->changed);
  pthread_mutex_unlock(&lane->lock);
}

void ai_lane_item_ended(AiLane *lane) {
  g_atomic_int_add(&lane->handed, -1);
}

AiLane *ai_lane_new(AiQueue *queue, const char *path, const char *owner, GError **error) {
  AiBatchStore *store = ai_batch_store_open(queue, path, owner, error);
  if (store == NULL) return NULL;
  AiLane *lane = g_new0(AiLane, 1);
  pthread_mutex_init(&lane->lock, NULL);
  condition_init(&lane->changed);
  lane->gateway = ai_queue_gateway(queue);
  lane->store = store;
  lane->http = http_client_new(NULL);
  lane->readings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, reading_free);
  lane->joined = pthread_create(&lane->thread, NULL, run_lane, lane) != 0;
  if (!lane->joined) return lane;
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BUSY, "the system gives no thread for batches");
  ai_lane_free(lane);
  return NULL;
}

void ai_lane_stop(AiLane *lane) {
  if (lane == NULL || lane->joined) return;
  g_atomic_int_set(&lane->stop, 1);
  ai_lane_wake(lane);
  pthread_join(lane->thread, NULL);
  lane->joined = TRUE;
}

void ai_lane_free(AiLane *lane) {
  if (lane == NULL) return;
  ai_lane_stop(lane);
  g_hash_table_unref(lane->readings);
  http_client_free(lane->http);
  ai_batch_store_free(lane->store);
  pthread_cond_destroy(&lane->changed);
  pthread_mutex_destroy(&lane->lock);
  g_free(lane);
}

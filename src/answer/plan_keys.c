#include "answer/plan_keys.h"

#include <pthread.h>
#include <string.h>

#include "query/guard.h"

#define MAX_REMEMBERED 512  /* filters, each with at most READ_MAX_KEYS keys */
#define LEAST_RATIO 4       /* the large table has so many times the rows of those that are asked */
#define MOST_ROWS 2000000   /* of tables that are asked */
#define PATIENCE_MS 2000L   /* asking only ever saves time */

struct PlanKeys {
  Engine *engine;
  Model *model;
  LakeSnapshot *snapshot;
  pthread_mutex_t lock; /* of `known` */
  GHashTable *known;    /* statement with its values -> GPtrArray* of char*; NULL: too many */
};

static void unref_list(gpointer list) {
  if (list != NULL) g_ptr_array_unref(list);
}

PlanKeys *plan_keys_new(Engine *engine, Model *model, LakeSnapshot *snapshot) {
  PlanKeys *keys = g_new0(PlanKeys, 1);
  *keys = (PlanKeys){.engine = engine, .model = model, .snapshot = snapshot};
  pthread_mutex_init(&keys->lock, NULL);
  keys->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_list);
  return keys;
}

void plan_keys_free(PlanKeys *keys) {
  if (keys == NULL) return;
  g_hash_table_unref(keys->known);
  pthread_mutex_destroy(&keys->lock);
  g_free(keys);
}

/* Small tables only, or what is saved is spent on asking. */
static gboolean is_worth_asking(const PlanKeys *keys, const CompiledQuery *query, gint64 rows) {
  gint64 asked = 0;
  for (guint i = 0; i < query->relations->len; i++) {
    const QueryRelation *relation = g_ptr_array_index(query->relations, i);
    const SnapshotTable *table = lake_snapshot_find(keys->snapshot, relation->dataset->table);
    if (table == NULL) return FALSE;
    asked += table->rows;
  }
  return asked <= MOST_ROWS && asked <= rows / LEAST_RATIO;
}

static gboolean passes_guard(const PlanKeys *keys, const CompiledQuery *query, GError **error) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < keys->model->datasets->len; i++) g_ptr_array_add(names, ((Dataset *)g_ptr_array_index(keys->model->datasets, i))->name);
  g_ptr_array_add(names, NULL);
  GuardPolicy policy = {(const char *const *)names->pdata, 0};
  g_autofree char *checked = guard_check(keys->engine, query->shown_sql, &policy, error);
  return checked != NULL;
}

static GPtrArray *fetch(const PlanKeys *keys, const CompiledQuery *query, Deadline deadline, gboolean *failed) {
  g_autoptr(GError) error = NULL;
  Deadline soon = {MIN(deadline.at_us, g_get_monotonic_time() + PATIENCE_MS * 1000), deadline.cancelled, NULL};
  g_autoptr(ResultTable) result =
      passes_guard(keys, query, &error) ? engine_select(keys->engine, query->sql, query->parameters, READ_MAX_KEYS + 1, soon, &error) : NULL;
  *failed = result == NULL;
  if (result == NULL) g_info("keys for leaving out files were not asked for: %s", error->message);
  if (result == NULL || result->n_rows > READ_MAX_KEYS) return NULL;
  GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
  for (gsize row = 0; row < result->n_rows; row++) g_ptr_array_add(list, value_to_text(result_table_at(result, row, 0)));
  return list;
}

GPtrArray *plan_keys_ask(PlanKeys *keys, const CompiledQuery *query, gint64 rows, Deadline deadline) {
  if (!is_worth_asking(keys, query, rows)) return NULL;
  g_autofree char *name = g_strconcat(query->sql, "\n", query->shown_sql, NULL); /* the scope's part, and the values */
  gpointer known = NULL;
  pthread_mutex_lock(&keys->lock);
  gboolean found = g_hash_table_lookup_extended(keys->known, name, NULL, &known);
  if (found && known != NULL) g_ptr_array_ref(known);
  pthread_mutex_unlock(&keys->lock);
  if (found) return known;
  gboolean failed = FALSE;
  GPtrArray *list = fetch(keys, query, deadline, &failed);
  if (failed) return NULL;
  pthread_mutex_lock(&keys->lock);
  if (g_hash_table_size(keys->known) >= MAX_REMEMBERED) g_hash_table_remove_all(keys->known);
  g_hash_table_insert(keys->known, g_steal_pointer(&name), list != NULL ? g_ptr_array_ref(list) : NULL);
  pthread_mutex_unlock(&keys->lock);
  return list;
}

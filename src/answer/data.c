#include "answer/data.h"
#include <pthread.h>
#include <string.h>

#include "lake/registry.h"
#include "model/relation.h"
#include "query/guard.h"

#define MAX_SCOPES 64
#define MAX_PASSED 4096 /* hashes of statements */

struct AnswerData {
  gint references;
  Engine *engine;
  LakeSnapshot *snapshot;
  Model *model;
  PlanLake *lake;
  pthread_mutex_t lock; /* of `views` and `passed` */
  GHashTable *views;    /* scope key -> DataView* */
  GHashTable *passed;   /* hashes of statements that the guard let through */
};

void data_view_clear(DataView *view) {
  lexicon_unref(view->lexicon);
  value_index_unref(view->values);
  g_clear_pointer(&view->rollups, g_ptr_array_unref);
  model_unref(view->model);
  memset(view, 0, sizeof *view);
}

static void data_view_free(gpointer pointer) {
  data_view_clear(pointer);
  g_free(pointer);
}

/* ---- opening ---- */

gboolean data_choice_is_none(const DataChoice *choice) {
  return choice->snapshot == NULL && choice->at_ms == 0 && !choice->by_version;
}

static LakeSnapshot *open_snapshot(const char *workspace, const DataChoice *choice, GError **error) {
  if (data_choice_is_none(choice)) return lake_snapshot_open(workspace, NULL, error);
  if (choice->snapshot != NULL) return lake_snapshot_open(workspace, choice->snapshot, error);
  if (choice->at_ms != 0) return lake_snapshot_open_at(workspace, choice->at_ms, error);
  return lake_snapshot_open_version(workspace, choice->table, choice->version, error);
}

/* Every folder that files of the tables lie in: they may be elsewhere than in the workspace. */
static gboolean lock_down(AnswerData *data, const char *workspace, const char *spill, GError **error) {
  g_autoptr(GPtrArray) folders = g_ptr_array_new();
  g_autofree char *lake = g_build_filename(workspace, "lake", NULL);
  g_ptr_array_add(folders, lake);
  g_ptr_array_add(folders, (gpointer)spill);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < data->snapshot->tables->len; i++) {
    const SnapshotTable *table = data->snapshot->tables->pdata[i];
    for (char **file = table->files; *file != NULL; file++) g_hash_table_add(seen, g_path_get_dirname(*file));
  }
  GHashTableIter iter;
  gpointer folder;
  g_hash_table_iter_init(&iter, seen);
  while (g_hash_table_iter_next(&iter, &folder, NULL))
    if (!g_str_has_prefix(folder, lake)) g_ptr_array_add(folders, folder);
  /* Tables that lie elsewhere are named by links; the engine looks where they lead. */
  g_auto(GStrv) external = external_table_folders(workspace, data->snapshot);
  for (char **real = external; *real != NULL; real++)
    if (!g_hash_table_contains(seen, *real)) g_ptr_array_add(folders, *real);
  g_ptr_array_add(folders, NULL);
  return engine_lock_down(data->engine, (const char *const *)folders->pdata, error);
}

static gboolean open_engine(AnswerData *data, const char *workspace, const AnswerServiceOptions *options, GError **error) {
  g_autofree char *spill = g_build_filename(workspace, "cache", "spill", NULL);
  EngineOptions engine = {.threads = options->threads, .memory_limit_bytes = options->memory_limit_bytes, .spill_directory = spill};
  data->engine = engine_open_duckdb(&engine, error);
  if (data->engine == NULL) return FALSE;
  if (!lake_snapshot_attach(data->snapshot, data->engine, deadline_in_ms(60000, NULL), error)) return FALSE;
  data->lake = plan_lake_open(workspace, data->model, data->snapshot, data->engine);
  return lock_down(data, workspace, spill, error);
}

AnswerData *answer_data_open(const AnswerServiceOptions *options, const DataChoice *choice, GError **error) {
  g_autofree char *workspace = g_canonicalize_filename(options->workspace, NULL);
  g_autoptr(AnswerData) data = g_new0(AnswerData, 1);
  data->references = 1;
  pthread_mutex_init(&data->lock, NULL);
  data->views = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, data_view_free);
  data->passed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  data->model = model_load(workspace, error);
  if (data->model == NULL) return NULL;
  data->snapshot = open_snapshot(workspace, choice, error);
  if (data->snapshot == NULL || !open_engine(data, workspace, options, error)) return NULL;
  return g_steal_pointer(&data);
}

AnswerData *answer_data_ref(AnswerData *data) {
  g_atomic_int_inc(&data->references);
  return data;
}

void answer_data_unref(AnswerData *data) {
  if (data == NULL || !g_atomic_int_dec_and_test(&data->references)) return;
  g_clear_pointer(&data->views, g_hash_table_unref);
  g_clear_pointer(&data->passed, g_hash_table_unref);
  plan_lake_free(data->lake);
  engine_unref(data->engine);
  g_clear_pointer(&data->snapshot, lake_snapshot_unref);
  model_unref(data->model);
  pthread_mutex_destroy(&data->lock);
  g_free(data);
}

Engine *answer_data_engine(const AnswerData *data) { return data->engine; }
LakeSnapshot *answer_data_snapshot(const AnswerData *data) { return data->snapshot; }
Model *answer_data_model(const AnswerData *data) { return data->model; }
PlanLake *answer_data_lake(const AnswerData *data) { return data->lake; }

/* ---- the guard ---- */

static gboolean has_passed(AnswerData *data, const char *hash) {
  pthread_mutex_lock(&data->lock);
  gboolean known = g_hash_table_contains(data->passed, hash);
  pthread_mutex_unlock(&data->lock);
  return known;
}

static void note_passed(AnswerData *data, const char *hash) {
  pthread_mutex_lock(&data->lock);
  if (g_hash_table_size(data->passed) >= MAX_PASSED) g_hash_table_remove_all(data->passed);
  g_hash_table_add(data->passed, g_strdup(hash));
  pthread_mutex_unlock(&data->lock);
}

gboolean answer_data_guard(AnswerData *data, const char *sql, const char *const *relations, GError **error) {
  g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
  for (const char *const *name = relations; *name != NULL; name++) g_checksum_update(checksum, (const guchar *)*name, (gssize)strlen(*name) + 1);
  g_checksum_update(checksum, (const guchar *)"", 1); /* no name is empty: here the text begins */
  g_checksum_update(checksum, (const guchar *)sql, (gssize)strlen(sql));
  const char *hash = g_checksum_get_string(checksum);
  if (has_passed(data, hash)) return TRUE;
  GuardPolicy policy = {relations, 0};
  g_autofree char *checked = guard_check(data->engine, sql, &policy, error);
  if (checked == NULL) return FALSE;
  note_passed(data, hash);
  return TRUE;
}

/* ---- what a scope sees ---- */

static gboolean build_view(AnswerData *data, AccessScope *scope, DataView *view, GError **error) {
  view->model = model_visible(data->model, scope);
  if (view->model == NULL) return FALSE;
  view->values = value_index_build(data->engine, view->model, scope, deadline_in_ms(120000, NULL), error);
  if (view->values == NULL) return FALSE;
  view->lexicon = lexicon_new(view->model, view->values, error);
  if (view->lexicon == NULL) return FALSE;
  view->rollups = plan_lake_views(data->lake, view->model, scope);
  return TRUE;
}

/* Under the lock: built on first use; old scopes are forgotten all at once when there are too many. */
static DataView *view_of(AnswerData *data, AccessScope *scope, GError **error) {
  g_autofree char *key = access_scope_key(scope);
  DataView *view = g_hash_table_lookup(data->views, key);
  if (view != NULL) return view;
  if (g_hash_table_size(data->views) >= MAX_SCOPES) g_hash_table_remove_all(data->views);
  view = g_new0(DataView, 1);
  if (!build_view(data, scope, view, error)) {
    data_view_free(view);
    return NULL;
  }
  g_hash_table_insert(data->views, g_steal_pointer(&key), view);
  return view;
}

gboolean answer_data_view(AnswerData *data, AccessScope *scope, DataView *out, GError **error) {
  memset(out, 0, sizeof *out);
  pthread_mutex_lock(&data->lock);
  const DataView *view = view_of(data, scope, error);
  if (view != NULL) {
    out->model = model_ref(view->model);
    out->lexicon = lexicon_ref(view->lexicon);
    out->values = value_index_ref(view->values);
    out->rollups = g_ptr_array_ref(view->rollups);
  }
  pthread_mutex_unlock(&data->lock);
  return view != NULL;
}

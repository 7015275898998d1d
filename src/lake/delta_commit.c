#include "lake/delta_commit.h"
#include "lake/delta_actions.h"
#include "lake/delta_schema.h"
#include "lake/delta_vector.h"
#include <string.h>

#define COMMIT_TRIES 200
#define CHECKPOINT_EVERY 10

typedef struct {
  DeltaFile *file;
  gboolean data_change;
} FileAction;

struct DeltaCommit {
  DeltaTable *base;
  char *operation;
  char *transaction; /* names this commit among all */
  json_t *parameters, *metrics;
  GPtrArray *columns;        /* NULL: as they are */
  GHashTable *configuration; /* NULL: as it is */
  GPtrArray *identities;     /* of DeltaIdentity*, owning */
  GPtrArray *resets;         /* the same: set back */
  GPtrArray *adds, *removes; /* of FileAction* */
  GHashTable *removed_paths;
  gboolean reads, reads_all, was_done, may_stand;
  GArray *predicates;        /* of DeltaPredicate */
  GStringChunk *strings;     /* what predicates and their values point to */
  GPtrArray *values;         /* arrays of Value */
};

static gint64 now_ms(void) { return g_get_real_time() / 1000; }

static DeltaFile *file_copy(const DeltaFile *file) {
  DeltaFile *copy = g_new0(DeltaFile, 1);
  copy->path = g_strdup(file->path);
  copy->bytes = file->bytes;
  copy->rows = file->rows;
  copy->modified_ms = file->modified_ms;
  copy->n_partition_values = file->n_partition_values;
  copy->partition_values = g_new0(char *, file->n_partition_values + 1);
  for (guint i = 0; i < file->n_partition_values; i++) copy->partition_values[i] = g_strdup(file->partition_values[i]);
  copy->statistics = g_strdup(file->statistics);
  copy->layout = g_strdup(file->layout);
  copy->vector = delta_vector_ref(file->vector);
  return copy;
}

static void file_action_free(gpointer data) {
  FileAction *action = data;
  delta_file_free(action->file);
  g_free(action);
}

static void identity_free(gpointer data) {
  DeltaIdentity *identity = data;
  g_free((char *)identity->application);
  g_free(identity);
}

DeltaCommit *delta_commit_new(DeltaTable *base, const char *operation) {
  DeltaCommit *commit = g_new0(DeltaCommit, 1);
  commit->base = delta_table_ref(base);
  commit->operation = g_strdup(operation);
  commit->transaction = g_uuid_string_random();
  commit->parameters = json_object();
  commit->metrics = json_object();
  commit->identities = g_ptr_array_new_with_free_func(identity_free);
  commit->resets = g_ptr_array_new_with_free_func(identity_free);
  commit->adds = g_ptr_array_new_with_free_func(file_action_free);
  commit->removes = g_ptr_array_new_with_free_func(file_action_free);
  commit->removed_paths = g_hash_table_new(g_str_hash, g_str_equal);
  commit->predicates = g_array_new(FALSE, FALSE, sizeof(DeltaPredicate));
  commit->strings = g_string_chunk_new(256);
  commit->values = g_ptr_array_new_with_free_func(g_free);
  return commit;
}

void delta_commit_free(DeltaCommit *commit) {
  if (!commit) return;
  g_hash_table_unref(commit->removed_paths);
  g_ptr_array_unref(commit->adds);
  g_ptr_array_unref(commit->removes);
  g_ptr_array_unref(commit->identities);
  g_ptr_array_unref(commit->resets);
  g_array_unref(commit->predicates);
  g_ptr_array_unref(commit->values);
  g_string_chunk_free(commit->strings);
  g_clear_pointer(&commit->columns, g_ptr_array_unref);
  g_clear_pointer(&commit->configuration, g_hash_table_unref);
  json_decref(commit->parameters);
  json_decref(commit->metrics);
  g_free(commit->transaction);
  g_free(commit->operation);
  delta_table_unref(commit->base);
  g_free(commit);
}

/* ---- what it is made of ---- */

void delta_commit_set_parameter(DeltaCommit *commit, const char *name, const char *value) {
  json_object_set_new(commit->parameters, name, json_string(value));
}

void delta_commit_set_metric(DeltaCommit *commit, const char *name, gint64 value) {
  g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);
  json_object_set_new(commit->metrics, name, json_string(text));
}

void delta_commit_set_configuration(DeltaCommit *commit, const char *name, const char *value) {
  if (!commit->configuration) {
    commit->configuration = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iter;
    gpointer key, old;
    g_hash_table_iter_init(&iter, commit->base->configuration);
    while (g_hash_table_iter_next(&iter, &key, &old))
      g_hash_table_insert(commit->configuration, g_strdup(key), g_strdup(old));
  }
  if (value) g_hash_table_replace(commit->configuration, g_strdup(name), g_strdup(value));
  else g_hash_table_remove(commit->configuration, name);
}

void delta_commit_set_columns(DeltaCommit *commit, const GPtrArray *columns) {
  g_clear_pointer(&commit->columns, g_ptr_array_unref);
  commit->columns = delta_columns_copy(columns);
}

static DeltaIdentity *identity_new(const char *application, gint64 version) {
  DeltaIdentity *identity = g_new0(DeltaIdentity, 1);
  identity->application = g_strdup(application);
  identity->version = version;
  return identity;
}

void delta_commit_set_identity(DeltaCommit *commit, const DeltaIdentity *identity) {
  if (identity) g_ptr_array_add(commit->identities, identity_new(identity->application, identity->version));
}

void delta_commit_reset_identity(DeltaCommit *commit, const char *application, gint64 version) {
  g_ptr_array_add(commit->resets, identity_new(application, version));
}

static FileAction *file_action_new(const DeltaFile *file, gboolean data_change) {
  FileAction *action = g_new0(FileAction, 1);
  action->file = file_copy(file);
  action->data_change = data_change;
  return action;
}

void delta_commit_add(DeltaCommit *commit, const DeltaFile *file, gboolean data_change) {
  g_ptr_array_add(commit->adds, file_action_new(file, data_change));
}

void delta_commit_remove(DeltaCommit *commit, const DeltaFile *file, gboolean data_change) {
  FileAction *action = file_action_new(file, data_change);
  g_ptr_array_add(commit->removes, action);
  g_hash_table_add(commit->removed_paths, action->file->path);
}

void delta_commit_set_read(DeltaCommit *commit, const DeltaPredicate *predicates, guint n_predicates) {
  commit->reads = TRUE;
  commit->reads_all = n_predicates == 0;
  g_array_set_size(commit->predicates, 0);
  for (guint i = 0; i < n_predicates; i++) {
    DeltaPredicate copy = predicates[i];
    Value *values = g_new0(Value, copy.n_values + 1);
    for (guint v = 0; v < copy.n_values; v++) {
      values[v] = copy.values[v];
      if (values[v].text) values[v].text = g_string_chunk_insert(commit->strings, values[v].text);
    }
    g_ptr_array_add(commit->values, values);
    copy.column = g_string_chunk_insert(commit->strings, copy.column);
    copy.values = values;
    g_array_append_val(commit->predicates, copy);
  }
}

/* ---- as text ---- */

static void append_action(GString *text, const char *kind, json_t *body) {
  g_autoptr(json_t) action = json_pack("{s:o}", kind, body);
  json_append(text, action, JSON_PLAIN);
  g_string_append_c(text, '\n');
}

static void append_info(GString *text, const DeltaCommit *commit) {
  gboolean blind = !commit->reads && commit->removes->len == 0;
  json_t *info = json_pack("{s:I, s:s, s:O, s:b, s:s, s:s}", "timestamp", (json_int_t)now_ms(), "operation", commit->operation,
                           "operationParameters", commit->parameters, "isBlindAppend", blind, "engineInfo",
                           "Aisle/" AISLE_VERSION, "txnId", commit->transaction);
  if (commit->base->version >= 0) json_object_set_new(info, "readVersion", json_integer(commit->base->version));
  if (json_object_size(commit->metrics) > 0) json_object_set(info, "operationMetrics", commit->metrics);
  append_action(text, "commitInfo", info);
}

static void append_description(GString *text, const DeltaCommit *commit) {
  const DeltaTable *base = commit->base;
  GHashTable *configuration = commit->configuration ? commit->configuration : base->configuration;
  const GPtrArray *columns = commit->columns ? commit->columns : base->columns;
  gboolean is_new = base->version < 0;
  json_t *protocol = delta_protocol_to_json(base, columns, configuration);
  if (protocol) append_action(text, "protocol", protocol);
  if (!is_new && !commit->columns && !commit->configuration) return;
  g_autoptr(json_t) schema = delta_schema_to_json(columns);
  g_autofree char *schema_text = commit->columns || is_new ? json_to_text(schema, JSON_PLAIN) : g_strdup(base->schema);
  append_action(text, "metaData",
                delta_metadata_to_json(base, is_new ? commit->transaction : base->id, schema_text, configuration,
                                       is_new ? now_ms() : base->created_ms));
}

static void append_identities(GString *text, const GPtrArray *identities) {
  for (guint i = 0; i < identities->len; i++) {
    const DeltaIdentity *identity = identities->pdata[i];
    append_action(text, "txn", json_pack("{s:s, s:I, s:I}", "appId", identity->application, "version",
                                         (json_int_t)identity->version, "lastUpdated", (json_int_t)now_ms()));
  }
}

static GString *commit_text(const DeltaCommit *commit) {
  GString *text = g_string_new(NULL);
  append_info(text, commit);
  append_description(text, commit);
  append_identities(text, commit->identities);
  append_identities(text, commit->resets);
  for (guint i = 0; i < commit->removes->len; i++) {
    const FileAction *action = commit->removes->pdata[i];
    append_action(text, "remove", delta_remove_to_json(commit->base, action->file, action->data_change, now_ms()));
  }
  for (guint i = 0; i < commit->adds->len; i++) {
    const FileAction *action = commit->adds->pdata[i];
    append_action(text, "add", delta_file_to_json(commit->base, action->file, action->data_change));
  }
  return text;
}

/* ---- what others did in the meantime ---- */

typedef struct {
  const DeltaCommit *commit;
  gint64 version;
  guint identities_seen;
} Rival;

static gboolean conflict(const Rival *rival, const char *what, GError **error) {
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_CONFLICT, "%s: another writer was first (version %" G_GINT64_FORMAT
              ") and %s; try again", rival->commit->base->location, rival->version, what);
  return FALSE;
}

static gboolean check_added(const Rival *rival, const json_t *add, GError **error) {
  const DeltaCommit *commit = rival->commit;
  if (!commit->reads || !json_get_bool(add, "dataChange", TRUE)) return TRUE;
  DeltaFile *file = delta_action_file(add, commit->base->partition_columns, commit->base->location, error);
  if (!file) return FALSE;
  delta_file_read_bounds(commit->base, file);
  gboolean touches = commit->reads_all || delta_file_may_match(commit->base, file, (const DeltaPredicate *)(gpointer)commit->predicates->data,
                                                               commit->predicates->len);
  delta_file_free(file);
  return !touches || conflict(rival, "added rows that this change depends on", error);
}

static gboolean check_action(const json_t *action, gpointer data, GError **error) {
  Rival *rival = data;
  const DeltaCommit *commit = rival->commit;
  const json_t *part;
  if (json_is_object(json_object_get(action, "metaData")) || json_is_object(json_object_get(action, "protocol")))
    return conflict(rival, "changed the table's columns or settings", error);
  if (json_is_object(part = json_object_get(action, "add"))) return check_added(rival, part, error);
  if (json_is_object(part = json_object_get(action, "remove"))) {
    g_autofree char *path = delta_action_path(part, commit->base->location, error);
    if (!path) return FALSE;
    return !g_hash_table_contains(commit->removed_paths, path) || conflict(rival, "changed the same rows", error);
  }
  if (json_is_object(part = json_object_get(action, "txn")))
    for (guint i = 0; i < commit->identities->len; i++) {
      const DeltaIdentity *identity = commit->identities->pdata[i];
      if (!g_strcmp0(json_get_string(part, "appId"), identity->application) &&
          json_get_int(part, "version", G_MININT64) >= identity->version)
        rival->identities_seen++;
    }
  return TRUE;
}

typedef enum { RIVALS_FINE, RIVALS_DID_IT, RIVALS_FAIL } Rivals;

/* Looks at versions after *seen, which moves on. */
static Rivals check_rivals(const DeltaCommit *commit, gint64 *seen, GError **error) {
  for (;;) {
    Rival rival = {commit, *seen + 1, 0};
    g_autoptr(GError) failing = NULL;
    if (!delta_log_read(commit->base->store, *seen + 1, check_action, &rival, &failing)) {
      if (g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_NOT_FOUND)) return RIVALS_FINE;
      g_propagate_error(error, g_steal_pointer(&failing));
      return RIVALS_FAIL;
    }
    if (rival.identities_seen > 0) {
      if (rival.identities_seen == commit->identities->len) {
        ++*seen;
        return RIVALS_DID_IT;
      }
      conflict(&rival, "loaded a part of the same content", error);
      return RIVALS_FAIL;
    }
    ++*seen;
  }
}

/* ---- writing ---- */

static gboolean already_there(const DeltaCommit *commit) {
  for (guint i = 0; i < commit->identities->len; i++)
    if (!delta_table_has(commit->base, commit->identities->pdata[i])) return FALSE;
  return commit->identities->len > 0;
}

static gboolean takes_rows_away(const DeltaCommit *commit) {
  for (guint i = 0; i < commit->removes->len; i++)
    if (((const FileAction *)commit->removes->pdata[i])->data_change) return TRUE;
  return FALSE;
}

static void checkpoint_after(const DeltaCommit *commit, gint64 version, Engine *engine) {
  const char *setting = g_hash_table_lookup(commit->base->configuration, "delta.checkpointInterval");
  gint64 every = CHECKPOINT_EVERY;
  if (setting && (!g_ascii_string_to_signed(setting, 10, 1, 1000000, &every, NULL))) every = CHECKPOINT_EVERY;
  if (version <= 0 || version % every != 0) return;
  g_autoptr(GError) failing = NULL;
  g_autoptr(DeltaTable) table = delta_table_open(commit->base->location, version, engine, &failing);
  if (!table || !delta_checkpoint_write(table, engine, &failing))
    g_warning("%s: no checkpoint of version %" G_GINT64_FORMAT ": %s", commit->base->location, version, failing->message);
}

static gint64 lost_too_often(const DeltaCommit *commit, GError **error) {
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_CONFLICT, "%s: other writers were first %d times; try again",
              commit->base->location, COMMIT_TRIES);
  return -1;
}

static gboolean find_transaction(const json_t *action, gpointer data, GError **error) {
  (void)error;
  const char *transaction = json_get_string(json_object_get(action, "commitInfo"), "txnId");
  const char **looked_for = data;
  if (transaction && *looked_for && !strcmp(transaction, *looked_for)) *looked_for = NULL;
  return TRUE;
}

/* A put that failed late may have made the commit all the same: then its files must stay. */
static gboolean stands_or_unknown(const DeltaCommit *commit, gint64 version) {
  const char *looked_for = commit->transaction;
  g_autoptr(GError) failing = NULL;
  if (delta_log_read(commit->base->store, version, find_transaction, &looked_for, &failing)) return looked_for == NULL;
  return !g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
}

static gint64 fail_to_put(DeltaCommit *commit, gint64 version, GError *losing, GError **error) {
  if (g_error_matches(losing, AISLE_ERROR, AISLE_ERROR_EXISTS)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_EXISTS, "%s: there is a table already", commit->base->location);
    g_error_free(losing);
    return -1;
  }
  commit->may_stand = stands_or_unknown(commit, version);
  g_propagate_error(error, losing);
  if (commit->may_stand)
    g_prefix_error(error, "version %" G_GINT64_FORMAT " of %s may or may not last, look at its history: ", version, commit->base->location);
  return -1;
}

gint64 delta_commit_write(DeltaCommit *commit, Engine *engine, GError **error) {
  const DeltaTable *base = commit->base;
  commit->was_done = already_there(commit);
  if (commit->was_done) return base->version;
  if (base->version >= 0 && !delta_protocol_check_write(base, takes_rows_away(commit), error)) return -1;
  gint64 seen = base->version;
  for (int attempt = 0; attempt < COMMIT_TRIES; attempt++) {
    g_autoptr(GString) text = commit_text(commit);
    g_autofree char *key = delta_log_commit_key(seen + 1);
    g_autoptr(GError) losing = NULL;
    if (object_put_if_absent(base->store, key, text->str, text->len, DEADLINE_NEVER, &losing)) {
      checkpoint_after(commit, seen + 1, engine);
      return seen + 1;
    }
    if (!g_error_matches(losing, AISLE_ERROR, AISLE_ERROR_EXISTS) || base->version < 0)
      return fail_to_put(commit, seen + 1, g_steal_pointer(&losing), error);
    switch (check_rivals(commit, &seen, error)) {
    case RIVALS_FAIL: return -1;
    case RIVALS_DID_IT: commit->was_done = TRUE; return seen;
    case RIVALS_FINE: break;
    }
    g_usleep((gulong)g_random_int_range(500, 2000 * (MIN(attempt, 20) + 1)));
  }
  return lost_too_often(commit, error);
}

gboolean delta_commit_may_stand(const DeltaCommit *commit) { return commit->may_stand; }
gboolean delta_commit_was_done(const DeltaCommit *commit) { return commit->was_done; }

/* ---- shorthands ---- */

gboolean delta_table_create(const char *location, const GPtrArray *columns, const GPtrArray *files,
                            const DeltaIdentity *identity, GError **error) {
  g_autoptr(DeltaTable) draft = delta_table_draft(location, columns, NULL, NULL, error);
  if (!draft) return FALSE;
  g_autoptr(DeltaCommit) commit = delta_commit_new(draft, "CREATE TABLE");
  delta_commit_set_identity(commit, identity);
  for (guint i = 0; i < files->len; i++) delta_commit_add(commit, files->pdata[i], TRUE);
  return delta_commit_write(commit, NULL, error) >= 0;
}

gint64 delta_table_append(const char *location, const GPtrArray *files, const DeltaIdentity *identity, Engine *engine,
                          GError **error) {
  g_autoptr(DeltaTable) table = delta_table_open(location, -1, engine, error);
  if (!table) return -1;
  g_autoptr(DeltaCommit) commit = delta_commit_new(table, "WRITE");
  delta_commit_set_parameter(commit, "mode", "Append");
  delta_commit_set_identity(commit, identity);
  for (guint i = 0; i < files->len; i++) delta_commit_add(commit, files->pdata[i], TRUE);
  return delta_commit_write(commit, engine, error);
}

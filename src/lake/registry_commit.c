/* An external table is brought up to what was found: links, columns, one commit. */
#include <string.h>

#include "lake/load.h"
#include "lake/registry_private.h"

#define MAX_DRIFT 50

void external_update_clear(ExternalUpdate *update) {
  delta_table_unref(update->table);
  if (update->drift != NULL) g_ptr_array_unref(update->drift);
}

/* One step of it. */
typedef struct {
  ExternalUpdate *update;
  const FoundTable *found;
  char *location;
  DeltaTable *existing;   /* NULL: none yet */
  GPtrArray *columns;     /* of DeltaColumn*: of the table from now on */
  GPtrArray *links;       /* of char*: path of each found file within the table */
  GPtrArray *own;         /* of GPtrArray* of DeltaColumn*: columns of each found file; NULL: known to fit */
  GPtrArray *held;        /* of ObjectCopy* */
  char **partition_names; /* physical */
} Step;

static void free_columns(gpointer columns) {
  if (columns != NULL) g_ptr_array_unref(columns);
}

static void step_clear(Step *step) {
  g_free(step->location);
  delta_table_unref(step->existing);
  free_columns(step->columns);
  free_columns(step->links);
  free_columns(step->own);
  free_columns(step->held);
  g_strfreev(step->partition_names);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Step, step_clear)

static Engine *engine_of(const Step *step) {
  return step->update->options->engine;
}
static Deadline deadline_of(const Step *step) {
  return step->update->options->deadline;
}

static gboolean open_existing(Step *step, GError **error) {
  g_autoptr(GError) failing = NULL;
  g_autofree char *there = external_table_location(step->update->workspace, step->found->name);
  g_autofree char *root = g_canonicalize_filename(step->update->workspace, NULL);
  step->location = g_build_filename(root, "external", step->found->name, NULL);
  if (there == NULL) return TRUE;
  step->existing = delta_table_open(there, -1, engine_of(step), &failing);
  if (step->existing != NULL || g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_NOT_FOUND)) return TRUE;
  g_propagate_error(error, g_steal_pointer(&failing));
  return FALSE;
}

static gboolean has_file(const DeltaTable *table, const char *path) {
  for (guint i = 0; table != NULL && i < table->files->len; i++)
    if (strcmp(((const DeltaFile *)table->files->pdata[i])->path, path) == 0) return TRUE;
  return FALSE;
}

/* A Delta table's columns hold for all of its files; others are asked one by one, unless they are in the table already.
 */
static gboolean look_at_file(Step *step, const FoundFile *file, GHashTable *known, GError **error) {
  char *link =
      external_link(step->update->workspace, step->location, step->found, file, step->held, deadline_of(step), error);
  if (link == NULL) return FALSE;
  g_ptr_array_add(step->links, link);
  GPtrArray *columns = NULL;
  if (step->found->columns != NULL) {
    columns = g_ptr_array_ref(step->found->columns);
  } else if (step->update->accept || !g_hash_table_contains(known, link)) {
    g_autofree char *path = g_build_filename(step->location, link, NULL);
    g_autoptr(GPtrArray) skipped = g_ptr_array_new_with_free_func(g_free);
    columns = external_columns(engine_of(step), path, skipped, deadline_of(step), error);
    if (columns == NULL) {
      g_prefix_error(error, "%s: ", file->key);
      return FALSE;
    }
    for (guint i = 0; i < skipped->len; i++)
      g_ptr_array_add(step->update->drift, g_strdup_printf("%s: the column %s is no plain value and is not read",
                                                           file->key, (char *)skipped->pdata[i]));
  }
  g_ptr_array_add(step->own, columns);
  return TRUE;
}

static gboolean look_at_files(Step *step, GError **error) {
  g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; step->existing != NULL && i < step->existing->files->len; i++)
    g_hash_table_add(known, ((DeltaFile *)step->existing->files->pdata[i])->path);
  step->links = g_ptr_array_new_with_free_func(g_free);
  step->own = g_ptr_array_new_with_free_func(free_columns);
  step->held = g_ptr_array_new_with_free_func((GDestroyNotify)object_copy_free);
  for (guint i = 0; i < step->found->files->len; i++)
    if (!look_at_file(step, step->found->files->pdata[i], known, error)) return FALSE;
  return TRUE;
}

/* The table's own, else those of the first file; with `accept` those of all. */
static gboolean decide_columns(Step *step, GError **error) {
  GPtrArray *first = NULL;
  for (guint i = 0; first == NULL && i < step->own->len; i++) first = step->own->pdata[i];
  const GPtrArray *start = step->existing != NULL ? step->existing->columns
                           : first != NULL        ? first
                                                  : step->found->columns;
  if (start == NULL || start->len == 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s: there is no column that can be read",
                step->found->source);
    return FALSE;
  }
  g_autoptr(GPtrArray) nothing = g_ptr_array_new();
  step->columns = step->existing != NULL ? external_accept(start, nothing) : external_accept(nothing, start);
  for (guint i = 0; step->update->accept && i < step->own->len; i++) {
    if (step->own->pdata[i] == NULL) continue;
    GPtrArray *both = external_accept(step->columns, step->own->pdata[i]);
    g_ptr_array_unref(step->columns);
    step->columns = both;
  }
  return TRUE;
}

/* Columns of "name=value" folders, or of a Delta table's partitions. */
static gboolean decide_partitions(Step *step, GError **error) {
  g_autoptr(GStrvBuilder) names = g_strv_builder_new();
  for (guint p = 0; step->found->partitions[p] != NULL; p++) {
    const char *label = step->found->partitions[p];
    int at = external_find_label(step->columns, label);
    if (step->existing == NULL && step->found->columns == NULL) {
      g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
      if (at >= 0) g_ptr_array_remove_index(step->columns, (guint)at); /* the folder's word counts */
      for (guint i = 0; i < step->columns->len; i++)
        g_hash_table_add(taken, g_strdup(((DeltaColumn *)step->columns->pdata[i])->name));
      g_autofree char *name = text_slug_unique(label, taken);
      at = (int)step->columns->len;
      g_ptr_array_add(step->columns, external_partition_column(label, name, step->found, p));
    }
    if (at >= 0) g_strv_builder_add(names, ((const DeltaColumn *)step->columns->pdata[at])->name);
  }
  step->partition_names = g_strv_builder_end(names);
  gboolean same = step->existing == NULL || g_strv_equal((const char *const *)step->partition_names,
                                                         (const char *const *)step->existing->partition_columns);
  if (same && g_strv_length(step->partition_names) == g_strv_length(step->found->partitions)) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT,
              "%s: its folders are divided otherwise than before; give it another name with table: in registry.yaml",
              step->found->source);
  return FALSE;
}

static gboolean fits_partitions(const Step *step, const FoundFile *file) {
  for (guint p = 0; step->partition_names[p] != NULL; p++)
    for (guint i = 0; i < step->columns->len; i++) {
      const DeltaColumn *column = step->columns->pdata[i];
      DeltaBound bound;
      if (strcmp(column->name, step->partition_names[p]) != 0 || file->partition_values[p] == NULL ||
          column->type == FIELD_TEXT)
        continue;
      if (!registry_parse_bound(column, file->partition_values[p], &bound)) {
        g_ptr_array_add(step->update->drift, g_strdup_printf("%s: \"%s\" is no %s as before", file->key,
                                                             file->partition_values[p], column->label));
        return FALSE;
      }
    }
  return TRUE;
}

static gboolean may_be_read(const Step *step, guint i) {
  const FoundFile *file = step->found->files->pdata[i];
  const char *shown = step->found->columns != NULL ? step->found->source : file->key;
  GPtrArray *own = step->own->pdata[i];
  if (!fits_partitions(step, file)) return FALSE;
  if (own == NULL || step->update->accept) return TRUE;
  /* What a Delta table says of itself is said once. */
  g_autoptr(GPtrArray) again = g_ptr_array_new_with_free_func(g_free);
  return external_compare(step->columns, own, step->found->partitions, shown,
                          step->found->columns != NULL && i > 0 ? again : step->update->drift);
}

static DeltaFile *describe_file(Step *step, const DeltaTable *table, guint i, GError **error) {
  const FoundFile *found = step->found->files->pdata[i];
  DeltaFile *file = g_new0(DeltaFile, 1);
  file->path = g_strdup(step->links->pdata[i]);
  file->bytes = found->info.size;
  file->rows = found->rows;
  file->modified_ms = found->info.modified_ms;
  file->n_partition_values = found->n_partition_values;
  file->partition_values = g_new0(char *, found->n_partition_values + 1);
  for (guint p = 0; p < found->n_partition_values; p++)
    file->partition_values[p] = g_strdup(found->partition_values[p]);
  g_autofree char *path = g_build_filename(step->location, file->path, NULL);
  file->vector = delta_vector_ref(found->vector);
  file->statistics = external_statistics(engine_of(step), table, path, &file->rows, deadline_of(step), error);
  if (file->vector != NULL) file->rows -= file->vector->rows;
  if (file->statistics != NULL) return file;
  g_prefix_error(error, "%s: ", found->key);
  delta_file_free(file);
  return NULL;
}

static gboolean same_columns(const GPtrArray *a, const GPtrArray *b) {
  if (a->len != b->len) return FALSE;
  for (guint i = 0; i < a->len; i++) {
    const DeltaColumn *x = a->pdata[i], *y = b->pdata[i];
    if (strcmp(x->name, y->name) != 0 || strcmp(x->delta_type, y->delta_type) != 0 || g_strcmp0(x->stored, y->stored) != 0)
      return FALSE;
  }
  return TRUE;
}

/* Actions for what came and went; FALSE with an error. *any: there is something to commit. */
static gboolean add_actions(Step *step, DeltaCommit *commit, const DeltaTable *shape, const GArray *readable,
                            gboolean *any, GError **error) {
  g_autoptr(GHashTable) present = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < step->links->len; i++) {
    char *link = step->links->pdata[i];
    if (!g_array_index(readable, gboolean, i)) continue;
    g_hash_table_add(present, link);
    if (has_file(step->existing, link)) continue;
    DeltaFile *file = describe_file(step, shape, i, error);
    if (file == NULL) return FALSE;
    delta_commit_add(commit, file, TRUE);
    delta_file_free(file);
    *any = TRUE;
  }
  for (guint i = 0; step->existing != NULL && i < step->existing->files->len; i++) {
    const DeltaFile *file = step->existing->files->pdata[i];
    if (g_hash_table_contains(present, file->path)) continue;
    delta_commit_remove(commit, file, TRUE);
    *any = TRUE;
  }
  return TRUE;
}

static gboolean has_vectors(const FoundTable *found) {
  for (guint i = 0; i < found->files->len; i++)
    if (((const FoundFile *)found->files->pdata[i])->vector != NULL) return TRUE;
  return FALSE;
}

static gboolean commit(Step *step, const GArray *readable, GError **error) {
  const FoundTable *found = step->found;
  g_autoptr(DeltaTable) draft =
      delta_table_draft(step->location, step->columns, (const char *const *)step->partition_names, NULL, error);
  if (draft == NULL) return FALSE;
  g_autoptr(DeltaCommit) change = delta_commit_new(step->existing != NULL ? step->existing : draft, "REGISTER");
  gboolean any = step->existing == NULL;
  if (any) {
    delta_commit_set_configuration(change, EXTERNAL_SETTING, found->format == EXTERNAL_DELTA ? "delta" : "parquet");
    delta_commit_set_configuration(change, "aisle.label", found->label);
  } else if (!same_columns(step->existing->columns, step->columns)) {
    delta_commit_set_columns(change, step->columns);
    any = TRUE;
  }
  if (has_vectors(found)) delta_commit_set_configuration(change, DELTA_VECTORS_SETTING, "true");
  delta_commit_set_parameter(change, "source", found->source);
  if (!add_actions(step, change, draft, readable, &any, error)) return FALSE;
  if (any && delta_commit_write(change, engine_of(step), error) < 0) return FALSE;
  step->update->changed = any;
  step->update->is_new = step->existing == NULL;
  step->update->table = delta_table_open(step->location, -1, engine_of(step), error);
  return step->update->table != NULL;
}

/* A table of the lake must not be hidden by one from elsewhere. */
static gboolean check_name(const Step *step, GError **error) {
  g_autofree char *location =
      step->existing == NULL ? lake_table_location(step->update->workspace, step->found->name, error) : NULL;
  if (step->existing != NULL) return TRUE;
  if (location == NULL) return FALSE;
  gint64 version = delta_newest_version(location, NULL);
  if (version < 0) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_EXISTS,
              "%s: the workspace has a table %s already; give this one another name with table: in registry.yaml",
              step->found->source, step->found->name);
  return FALSE;
}

static void shorten_drift(GPtrArray *drift) {
  if (drift->len <= MAX_DRIFT) return;
  guint more = drift->len - MAX_DRIFT;
  g_ptr_array_set_size(drift, MAX_DRIFT);
  g_ptr_array_add(drift, g_strdup_printf("and %u more", more));
}

gboolean external_update(ExternalUpdate *update, const FoundTable *found, GError **error) {
  g_auto(Step) step = {.update = update, .found = found};
  update->drift = g_ptr_array_new_with_free_func(g_free);
  if (!open_existing(&step, error) || !check_name(&step, error) || !look_at_files(&step, error) ||
      !decide_columns(&step, error) || !decide_partitions(&step, error))
    return FALSE;
  g_autoptr(GArray) readable = g_array_new(FALSE, TRUE, sizeof(gboolean));
  for (guint i = 0; i < found->files->len; i++) {
    gboolean good = may_be_read(&step, i);
    g_array_append_val(readable, good);
    update->left_out += !good;
  }
  shorten_drift(update->drift);
  gboolean nothing_left = found->files->len == 0 || update->left_out == found->files->len;
  if (nothing_left && step.existing != NULL && step.existing->files->len > 0) {
    update->table = delta_table_ref(step.existing);
    if (found->files->len == 0)
      g_ptr_array_add(update->drift, g_strdup_printf("%s is empty now; the last version stays", found->source));
    return TRUE;
  }
  return commit(&step, readable, error);
}

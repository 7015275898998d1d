/* What lies at the places that the registry names. */
#include <string.h>

#include "lake/registry_private.h"

static void found_file_free(gpointer pointer) {
  FoundFile *file = pointer;
  g_free(file->key);
  delta_vector_unref(file->vector);
  for (guint i = 0; i < file->n_partition_values; i++) g_free(file->partition_values[i]);
  g_free(file->partition_values);
  g_free(file->statistics);
  g_free(file);
}

void found_table_free(FoundTable *table) {
  if (table == NULL) return;
  g_free(table->name);
  g_free(table->label);
  g_free(table->source);
  object_store_unref(table->store);
  g_free(table->folder);
  g_free(table->unit);
  g_ptr_array_unref(table->files);
  g_strfreev(table->partitions);
  if (table->columns != NULL) g_ptr_array_unref(table->columns);
  g_free(table->fingerprint);
  g_free(table);
}

/* ---- a source's place ---- */

typedef struct {
  const RegistrySource *source;
  ObjectStore *store;
  char *pattern; /* within the store */
  guint depth;   /* parts of the pattern; 0: it has "**" and only whole keys fit */
} Place;

static void place_clear(Place *place) {
  object_store_unref(place->store);
  g_free(place->pattern);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

/* The store begins where the pattern has no wildcard any more: at the bucket, or at the deepest plain folder. */
static gboolean place_open(const char *workspace, const RegistrySource *source, Place *place, GError **error) {
  g_autofree char *full = NULL;
  place->source = source;
  if (object_url_is_remote(source->path)) {
    gsize bucket = strlen("s3://") + strcspn(source->path + strlen("s3://"), "/");
    g_autofree char *root = g_strndup(source->path, bucket);
    place->store = external_store(workspace, root, error);
    full = g_strdup(source->path[bucket] == '/' ? source->path + bucket + 1 : "");
  } else {
    g_autofree char *base = g_canonicalize_filename(workspace, NULL);
    const char *plain = g_str_has_prefix(source->path, "file://") ? source->path + strlen("file://") : source->path;
    g_autofree char *path = g_canonicalize_filename(plain, base), *prefix = object_glob_prefix(path);
    g_autofree char *root = g_path_get_dirname(prefix); /* a prefix that ends with "/" gives the folder itself */
    place->store = object_store_open(root, NULL, error);
    full = g_strdup(path + strlen(root));
  }
  const char *start = full;
  while (*start == '/') start++;
  place->pattern = g_strdup(start);
  while (g_str_has_suffix(place->pattern, "/")) place->pattern[strlen(place->pattern) - 1] = '\0';
  place->depth = 1;
  for (const char *p = place->pattern; *p != '\0'; p++) place->depth += *p == '/';
  if (strstr(place->pattern, "**") != NULL) place->depth = 0;
  if (place->store != NULL && *place->pattern != '\0') return TRUE;
  if (place->store != NULL)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "name what is a table there; write %s/*",
                source->path);
  return FALSE;
}

/* The first `depth` parts of a key, when they fit: what the table's name comes from. NULL otherwise. (transfer full) */
static char *unit_of(const Place *place, const char *key, gboolean *is_folder) {
  const char *end = key;
  for (guint parts = 0; place->depth > 0 && *end != '\0'; end++)
    if (*end == '/' && ++parts == place->depth) break;
  if (place->depth == 0) end = key + strlen(key);
  *is_folder = *end == '/';
  g_autofree char *unit = g_strndup(key, (gsize)(end - key));
  return object_glob_match(place->pattern, unit) ? g_steal_pointer(&unit) : NULL;
}

static char *table_name_of(const char *unit) {
  g_autofree char *base = g_path_get_basename(unit);
  if (g_str_has_suffix(base, ".parquet")) base[strlen(base) - strlen(".parquet")] = '\0';
  return text_slug(base);
}

/* ---- tables ---- */

typedef struct {
  GPtrArray *tables;   /* of FoundTable* */
  GHashTable *by_name; /* name -> FoundTable* */
  GPtrArray *problems;
} Finding;

static void add_problem(Finding *finding, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add_problem(Finding *finding, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_ptr_array_add(finding->problems, g_strdup_vprintf(format, arguments));
  va_end(arguments);
}

/* The table that a unit belongs to, made at its first file; NULL when another place has the name. */
static FoundTable *table_for(Finding *finding, const Place *place, const char *unit, gboolean is_folder) {
  g_autofree char *name = place->source->table != NULL ? g_strdup(place->source->table) : table_name_of(unit);
  FoundTable *table = g_hash_table_lookup(finding->by_name, name);
  g_autofree char *source = place->source->table != NULL ? g_strdup(place->source->path)
                                                         : g_strconcat(object_store_url(place->store), "/", unit, NULL);
  if (table != NULL) {
    if (strcmp(table->source, source) == 0) return table;
    g_autofree char *text =
        g_strdup_printf("%s: there is a table %s from %s already; give one of them another name with table:", source,
                        name, table->source);
    if (finding->problems->len == 0 || strcmp(finding->problems->pdata[finding->problems->len - 1], text) != 0)
      g_ptr_array_add(finding->problems, g_steal_pointer(&text));
    return NULL;
  }
  table = g_new0(FoundTable, 1);
  table->name = g_strdup(name);
  table->label = place->source->table != NULL ? g_strdup(name) : g_path_get_basename(unit);
  if (g_str_has_suffix(table->label, ".parquet")) table->label[strlen(table->label) - strlen(".parquet")] = '\0';
  table->source = g_steal_pointer(&source);
  table->store = object_store_ref(place->store);
  table->folder = is_folder && place->source->table == NULL ? g_strconcat(unit, "/", NULL) : g_strdup("");
  table->unit = g_strdup(unit);
  table->files = g_ptr_array_new_with_free_func(found_file_free);
  table->partitions = g_new0(char *, 1);
  g_ptr_array_add(finding->tables, table);
  g_hash_table_insert(finding->by_name, table->name, table);
  return table;
}

/* Hidden files and folders are other programs' own, except "_part=1" folders. */
static gboolean is_hidden(const char *key) {
  g_auto(GStrv) parts = g_strsplit(key, "/", -1);
  for (char **part = parts; *part != NULL; part++)
    if (**part == '.' || (**part == '_' && strchr(*part, '=') == NULL)) return TRUE;
  return FALSE;
}

static void add_entry(Finding *finding, const Place *place, const ObjectEntry *entry) {
  gboolean is_folder;
  g_autofree char *unit = unit_of(place, entry->key, &is_folder);
  if (unit == NULL) return;
  const char *rest = entry->key + strlen(unit);
  gboolean is_log = is_folder && g_str_has_prefix(rest, "/_delta_log/");
  gboolean is_data = g_str_has_suffix(entry->key, ".parquet") && !is_hidden(is_folder ? rest + 1 : entry->key);
  FoundTable *table = is_log || is_data ? table_for(finding, place, unit, is_folder) : NULL;
  if (table == NULL) return;
  table->has_others |= strcmp(table->unit, unit) != 0;
  table->has_log |= is_log;
  if (!is_data) return;
  FoundFile *file = g_new0(FoundFile, 1);
  file->key = g_strdup(entry->key);
  file->info = entry->info;
  file->rows = -1;
  g_ptr_array_add(table->files, file);
}

/* ---- "year=2026/month=01/" ---- */

/* (transfer full) name -> value of the folders between the table's folder and the file */
static GPtrArray *parts_of(const FoundTable *table, const FoundFile *file) {
  GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
  const char *rest = g_str_has_prefix(file->key, table->folder) ? file->key + strlen(table->folder) : file->key;
  for (const char *slash; (slash = strchr(rest, '/')) != NULL; rest = slash + 1) {
    const char *equals = memchr(rest, '=', (gsize)(slash - rest));
    if (equals == NULL || equals == rest) continue;
    g_ptr_array_add(parts, g_strndup(rest, (gsize)(equals - rest)));
    g_autofree char *value = g_strndup(equals + 1, (gsize)(slash - equals) - 1);
    char *decoded = g_uri_unescape_string(value, NULL);
    g_ptr_array_add(parts, decoded != NULL ? decoded : g_steal_pointer(&value));
  }
  return parts;
}

static gboolean read_partitions(FoundTable *table) {
  for (guint i = 0; i < table->files->len; i++) {
    FoundFile *file = table->files->pdata[i];
    g_autoptr(GPtrArray) parts = parts_of(table, file);
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    file->n_partition_values = parts->len / 2;
    file->partition_values = g_new0(char *, parts->len / 2 + 1);
    for (guint p = 0; p + 1 < parts->len; p += 2) {
      g_strv_builder_add(names, parts->pdata[p]);
      gboolean is_null = strcmp(parts->pdata[p + 1], "__HIVE_DEFAULT_PARTITION__") == 0;
      file->partition_values[p / 2] = is_null ? NULL : g_strdup(parts->pdata[p + 1]);
    }
    g_auto(GStrv) list = g_strv_builder_end(names);
    if (i == 0) {
      g_strfreev(table->partitions);
      table->partitions = g_steal_pointer(&list);
    } else if (!g_strv_equal((const char *const *)list, (const char *const *)table->partitions)) {
      return FALSE;
    }
  }
  return TRUE;
}

static void set_fingerprint(FoundTable *table) {
  g_autoptr(GChecksum) hash = g_checksum_new(G_CHECKSUM_SHA256);
  for (guint i = 0; i < table->files->len; i++) {
    const FoundFile *file = table->files->pdata[i];
    g_autofree char *line =
        g_strdup_printf("%s\n%" G_GINT64_FORMAT "\n%s\n", file->key, file->info.size, file->info.etag);
    g_checksum_update(hash, (const guchar *)line, -1);
  }
  table->fingerprint = g_strndup(g_checksum_get_string(hash), 32);
}

static void take_as_delta(FoundTable *table) {
  table->format = EXTERNAL_DELTA;
  g_free(table->folder);
  table->folder = g_strconcat(table->unit, "/", NULL);
}

/* ---- all ---- */

static gboolean find_source(Finding *finding, const char *workspace, const RegistrySource *source, Deadline deadline,
                            GError **error) {
  g_auto(Place) place = {0};
  guint before = finding->tables->len;
  if (!place_open(workspace, source, &place, error)) return FALSE;
  g_autofree char *prefix = object_glob_prefix(place.pattern);
  g_autoptr(GPtrArray) entries = object_list_all(place.store, prefix, REGISTRY_MAX_FILES, deadline, error);
  if (entries == NULL) return FALSE;
  for (guint i = 0; i < entries->len; i++) add_entry(finding, &place, entries->pdata[i]);
  if (finding->tables->len == before)
    add_problem(
        finding,
        "%s: nothing there is a Parquet file, a folder of them or a Delta table; to load other files use aisle ingest",
        source->path);
  return TRUE;
}

GPtrArray *registry_find(const char *workspace, const GPtrArray *sources, GPtrArray *problems, Deadline deadline,
                         GError **error) {
  g_autoptr(GPtrArray) tables = g_ptr_array_new_with_free_func((GDestroyNotify)found_table_free);
  g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);
  Finding finding = {tables, by_name, problems};
  for (guint i = 0; i < sources->len; i++) {
    const RegistrySource *source = sources->pdata[i];
    g_autoptr(GError) failing = NULL;
    if (find_source(&finding, workspace, source, deadline, &failing)) continue;
    if (!deadline_check(deadline, error)) return NULL;
    add_problem(&finding, "registry.yaml:%u: %s: %s", source->line, source->path, failing->message);
  }
  if (tables->len > REGISTRY_MAX_TABLES) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "the registry finds more than %d tables: name fewer",
                REGISTRY_MAX_TABLES);
    return NULL;
  }
  for (guint i = 0; i < tables->len; i++) {
    FoundTable *table = tables->pdata[i];
    if (table->has_log && !table->has_others) {
      take_as_delta(table);
    } else if (table->has_log) { /* which of its files count, only its log says */
      add_problem(&finding, "%s: a Delta table cannot be one table with other files; name it by itself", table->source);
      g_ptr_array_remove_index(tables, i--);
    } else if (!read_partitions(table)) {
      add_problem(&finding, "%s: its files lie in folders of different kinds (name=value); name one kind",
                  table->source);
      g_ptr_array_remove_index(tables, i--);
    } else {
      set_fingerprint(table);
    }
  }
  return g_steal_pointer(&tables);
}

/* Our name for it; the label is the name in the files. What binds its writers does not bind us, who only read. */
static DeltaColumn *column_from_delta(const DeltaColumn *from, GHashTable *taken) {
  DeltaColumn *column = delta_column_copy(from);
  g_free(column->label);
  column->label = g_strdup(from->name);
  g_free(column->name);
  column->name = text_slug_unique(from->name, taken);
  g_clear_pointer(&column->invariant, g_free);
  column->required = column->generated = FALSE;
  return column;
}

/* The log says which files count. */
gboolean registry_find_delta(FoundTable *table, Engine *engine, Deadline deadline, GError **error) {
  if (!deadline_check(deadline, error)) return FALSE;
  g_autofree char *folder = g_strndup(table->folder, strlen(table->folder) - 1);
  g_autofree char *location = g_strconcat(object_store_url(table->store), "/", folder, NULL);
  g_autoptr(DeltaTable) delta = delta_table_open(location, -1, engine, error);
  if (delta == NULL) return FALSE;
  g_ptr_array_set_size(table->files, 0);
  g_strfreev(table->partitions);
  table->partitions = g_strdupv(delta->partition_columns);
  table->columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < delta->columns->len; i++)
    g_ptr_array_add(table->columns, column_from_delta(delta->columns->pdata[i], taken));
  for (guint i = 0; i < delta->files->len; i++) {
    const DeltaFile *from = delta->files->pdata[i];
    FoundFile *file = g_new0(FoundFile, 1);
    file->key = g_strconcat(table->folder, from->path, NULL);
    file->info.size = from->bytes;
    file->info.modified_ms = from->modified_ms;
    file->rows = from->rows;
    file->statistics = g_strdup(from->statistics);
    file->vector = delta_vector_ref(from->vector);
    file->n_partition_values = from->n_partition_values;
    file->partition_values = g_new0(char *, from->n_partition_values + 1);
    for (guint p = 0; p < from->n_partition_values; p++)
      file->partition_values[p] = g_strdup(from->partition_values[p]);
    g_ptr_array_add(table->files, file);
  }
  g_free(table->fingerprint);
  table->fingerprint = g_strdup_printf("%s@%" G_GINT64_FORMAT, delta->id, delta->version);
  return TRUE;
}

/* Ingestion files: from YAML to a definition. */
#include "lake/ingest.h"
#include "lake/ingest_yaml.h"
#include <string.h>

static void ingest_source_free(gpointer pointer) {
  IngestSource *source = pointer;
  g_free(source->name);
  g_strfreev(source->files);
  g_strfreev(source->text_columns);
  g_free(source);
}

static void ingest_column_free(gpointer pointer) {
  IngestColumn *column = pointer;
  if (!column) return;
  g_free(column->name);
  g_free(column->expression);
  g_free(column);
}

void ingest_definition_free(IngestDefinition *definition) {
  if (!definition) return;
  g_free(definition->file);
  g_free(definition->name);
  g_free(definition->target);
  g_free(definition->text_hash);
  g_clear_pointer(&definition->sources, g_ptr_array_unref);
  g_free(definition->sql);
  g_clear_pointer(&definition->columns, g_ptr_array_unref);
  ingest_column_free(definition->where);
  g_clear_pointer(&definition->derive, g_ptr_array_unref);
  g_clear_pointer(&definition->parameters, g_hash_table_unref);
  g_strfreev(definition->keys);
  g_free(definition->keep_last_by);
  g_strfreev(definition->partition_by);
  g_strfreev(definition->cluster_by);
  g_free(definition->history_date);
  g_strfreev(definition->history_measures);
  g_clear_pointer(&definition->rules, g_ptr_array_unref);
  g_clear_pointer(&definition->privacy, g_ptr_array_unref);
  g_free(definition);
}

static IngestDefinition *definition_new(void) {
  IngestDefinition *definition = g_new0(IngestDefinition, 1);
  definition->sources = g_ptr_array_new_with_free_func(ingest_source_free);
  definition->columns = g_ptr_array_new_with_free_func(ingest_column_free);
  definition->derive = g_ptr_array_new_with_free_func(ingest_column_free);
  definition->parameters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return definition;
}

/* ---- parts ---- */

static const char *const source_keys[] = {"files", "text", NULL};

static IngestSource *source_new(const YamlReading *reading, const char *name, const YamlNode *node) {
  g_autoptr(YamlNode) wrapped = NULL;
  IngestSource *source = g_new0(IngestSource, 1);
  source->name = g_strdup(name);
  if (node->kind == YAML_MAP) {
    yaml_check_keys(reading, node, source_keys);
    source->files = yaml_take_texts(reading, node, "files");
    source->text_columns = yaml_take_texts(reading, node, "text");
  } else {
    g_autoptr(GStrvBuilder) files = g_strv_builder_new();
    if (node->kind == YAML_SCALAR) g_strv_builder_add(files, node->text);
    for (guint i = 0; node->kind == YAML_LIST && i < node->items->len; i++) {
      const YamlNode *item = node->items->pdata[i];
      if (item->kind == YAML_SCALAR) g_strv_builder_add(files, item->text);
      else yaml_complain(reading, item, "a source is a list of files");
    }
    source->files = g_strv_builder_end(files);
    source->text_columns = g_new0(char *, 1);
  }
  if (!source->files[0]) yaml_complain(reading, node, "the source '%s' names no files", name);
  if (!name_is_physical(name))
    yaml_complain(reading, node, "'%s' is no name for a source; use small letters, digits and _", name);
  return source;
}

static void read_sources(const YamlReading *reading, const YamlNode *root, IngestDefinition *definition) {
  const YamlNode *node = yaml_get(root, "source"), *several = yaml_get(root, "sources");
  if (yaml_is_null(node) == yaml_is_null(several)) {
    yaml_complain(reading, node ? node : root, "say what to read: either 'source: FILES' or 'sources:' with a name for each");
    return;
  }
  if (!yaml_is_null(node)) {
    g_ptr_array_add(definition->sources, source_new(reading, "source", node));
    return;
  }
  if (several->kind != YAML_MAP || several->keys->len == 0) {
    yaml_complain(reading, several, "'sources' must be a map: name of the relation -> files");
    return;
  }
  for (guint i = 0; i < several->keys->len; i++)
    g_ptr_array_add(definition->sources, source_new(reading, ((YamlNode *)several->keys->pdata[i])->text, several->items->pdata[i]));
}

static IngestColumn *column_new(const char *name, const YamlNode *expression) {
  IngestColumn *column = g_new0(IngestColumn, 1);
  column->name = g_strdup(name);
  column->expression = g_strdup(expression->text);
  column->line = expression->line;
  column->column = expression->column;
  return column;
}

static void read_columns(const YamlReading *reading, const YamlNode *root, const char *key, GPtrArray *columns) {
  const YamlNode *map = yaml_get(root, key);
  if (yaml_is_null(map)) return;
  if (map->kind != YAML_MAP) {
    yaml_complain(reading, map, "'%s' must be a map: column -> SQL expression", key);
    return;
  }
  for (guint i = 0; i < map->keys->len && i < INGEST_MAX_COLUMNS; i++) {
    const YamlNode *name = map->keys->pdata[i], *expression = map->items->pdata[i];
    if (!name_is_physical(name->text))
      yaml_complain(reading, name, "'%s' is no name for a column; use small letters, digits and _", name->text);
    else if (expression->kind != YAML_SCALAR || !*expression->text)
      yaml_complain(reading, expression, "the column '%s' needs an SQL expression", name->text);
    else
      g_ptr_array_add(columns, column_new(name->text, expression));
  }
}

static void read_parameters(const YamlReading *reading, const YamlNode *root, IngestDefinition *definition) {
  const YamlNode *map = yaml_get(root, "parameters");
  if (yaml_is_null(map)) return;
  if (map->kind != YAML_MAP) {
    yaml_complain(reading, map, "'parameters' must be a map: name -> default");
    return;
  }
  for (guint i = 0; i < map->keys->len; i++) {
    const YamlNode *name = map->keys->pdata[i], *value = map->items->pdata[i];
    if (!name_is_physical(name->text) || value->kind != YAML_SCALAR)
      yaml_complain(reading, name, "a parameter is a name and a default text");
    else
      g_hash_table_insert(definition->parameters, g_strdup(name->text), g_strdup(value->text));
  }
}

static void read_query(const YamlReading *reading, const YamlNode *root, IngestDefinition *definition) {
  const YamlNode *sql = yaml_get(root, "sql"), *where = yaml_get(root, "where");
  definition->sql = yaml_take_text(reading, root, "sql");
  if (definition->sql) {
    /* A block ("|") begins on the next line. */
    definition->sql_line = sql->line;
    definition->sql_column = sql->column;
    if (strlen(definition->sql) > INGEST_MAX_SQL_BYTES) yaml_complain(reading, sql, "the query is longer than 256 kB");
  }
  read_columns(reading, root, "columns", definition->columns);
  if (where && where->kind == YAML_SCALAR && !yaml_is_null(where)) definition->where = column_new("where", where);
  if (definition->sql && (definition->columns->len || definition->where))
    yaml_complain(reading, sql, "give either 'sql' or 'columns' and 'where', not both");
  if (!definition->sql && definition->sources->len > 1)
    yaml_complain(reading, root, "several sources need an 'sql' that says how they come together");
  read_columns(reading, root, "derive", definition->derive);
  read_parameters(reading, root, definition);
}

static void check_names(const YamlReading *reading, const YamlNode *root, const char *key, char **names) {
  for (guint i = 0; names[i]; i++)
    if (!name_is_physical(names[i]))
      yaml_complain(reading, yaml_get(root, key), "'%s' is no column of a table; use small letters, digits and _", names[i]);
}

static void read_target(const YamlReading *reading, const YamlNode *root, IngestDefinition *definition) {
  static const char *const modes[] = {"merge", "append", "overwrite", NULL}, *const drifts[] = {"refuse", "accept", NULL};
  definition->target = yaml_take_text(reading, root, "target");
  if (!definition->target) definition->target = text_slug(definition->name);
  if (!name_is_physical(definition->target))
    yaml_complain(reading, yaml_get(root, "target"), "'%s' is no name for a table; use small letters, digits and _", definition->target);
  definition->keys = yaml_take_texts(reading, root, "keys");
  definition->keep_last_by = yaml_take_text(reading, root, "keep_last_by");
  definition->partition_by = yaml_take_texts(reading, root, "partition_by");
  definition->cluster_by = yaml_take_texts(reading, root, "cluster_by");
  check_names(reading, root, "keys", definition->keys);
  check_names(reading, root, "partition_by", definition->partition_by);
  check_names(reading, root, "cluster_by", definition->cluster_by);
  int mode = yaml_take_choice(reading, root, "mode", modes, definition->keys[0] ? INGEST_MERGE : INGEST_APPEND);
  definition->mode = (IngestMode)MAX(mode, 0);
  definition->drift = (IngestDrift)MAX(yaml_take_choice(reading, root, "drift", drifts, INGEST_DRIFT_REFUSE), 0);
  if (definition->mode == INGEST_MERGE && !definition->keys[0])
    yaml_complain(reading, yaml_get(root, "mode"), "merging needs 'keys'");
  if (definition->keep_last_by && !definition->keys[0])
    yaml_complain(reading, yaml_get(root, "keep_last_by"), "'keep_last_by' needs 'keys': it chooses among rows with equal ones");
}

static void read_history(const YamlReading *reading, const YamlNode *root, IngestDefinition *definition) {
  static const char *const keys[] = {"date", "measures", NULL};
  const YamlNode *history = yaml_get(root, "history");
  definition->history_measures = yaml_take_texts(reading, history, "measures");
  if (yaml_is_null(history)) return;
  yaml_check_keys(reading, history, keys);
  definition->history_date = yaml_take_text(reading, history, "date");
  if (!definition->history_date || !definition->history_measures[0])
    yaml_complain(reading, history, "'history' needs a 'date' column and 'measures' to add up by week");
}

static const char *const root_keys[] = {"version",  "source",  "sources",      "sql",          "columns",    "where",   "derive",
                                        "parameters", "target", "mode",        "keys",         "keep_last_by", "partition_by",
                                        "cluster_by", "drift",  "schedule",    "stale_after",  "history",    "quality", "privacy",
                                        "description", NULL};

static char *stem_of_file(const char *file) {
  char *base = g_path_get_basename(file);
  char *dot = strrchr(base, '.');
  if (dot) *dot = '\0';
  return base;
}

IngestDefinition *ingest_definition_read(const char *bytes, gsize length, const char *shown_file, GPtrArray *problems) {
  YamlReading reading = {g_intern_string(shown_file), problems};
  guint before = problems->len;
  g_autoptr(YamlNode) root = yaml_tree_parse(bytes, length, reading.file, problems);
  if (!root) return NULL;
  if (root->kind != YAML_MAP) {
    yaml_complain(&reading, root, "an ingestion file is a map with at least 'source'");
    return NULL;
  }
  yaml_check_keys(&reading, root, root_keys);
  g_autoptr(IngestDefinition) definition = definition_new();
  definition->file = g_strdup(shown_file);
  definition->name = stem_of_file(shown_file);
  definition->text_hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, length);
  read_sources(&reading, root, definition);
  read_query(&reading, root, definition);
  read_target(&reading, root, definition);
  read_history(&reading, root, definition);
  definition->schedule_ms = yaml_take_duration(&reading, root, "schedule");
  definition->stale_after_ms = yaml_take_duration(&reading, root, "stale_after");
  definition->rules = quality_rules_read(yaml_get(root, "quality"), reading.file, problems);
  definition->privacy = privacy_rules_read(yaml_get(root, "privacy"), reading.file, problems);
  for (guint i = 0; i < definition->privacy->len; i++) {
    const PrivacyRule *rule = definition->privacy->pdata[i];
    if (rule->action == PRIVACY_DROP && g_strv_contains((const char *const *)definition->keys, rule->column))
      yaml_problem_add(problems, reading.file, rule->line, rule->place, "'%s' is a key and cannot be dropped; hash it", rule->column);
  }
  return problems->len == before ? g_steal_pointer(&definition) : NULL;
}

IngestDefinition *ingest_definition_plain(const char *target, const char *const *files, const char *const *keys) {
  IngestDefinition *definition = definition_new();
  definition->file = g_strdup("");
  definition->name = g_strdup(target);
  definition->target = g_strdup(target);
  definition->text_hash = g_strdup("plain");
  IngestSource *source = g_new0(IngestSource, 1);
  source->name = g_strdup("source");
  source->files = g_strdupv((char **)files);
  source->text_columns = g_new0(char *, 1);
  g_ptr_array_add(definition->sources, source);
  definition->keys = keys ? g_strdupv((char **)keys) : g_new0(char *, 1);
  definition->mode = definition->keys[0] ? INGEST_MERGE : INGEST_APPEND;
  definition->partition_by = g_new0(char *, 1);
  definition->cluster_by = g_new0(char *, 1);
  definition->history_measures = g_new0(char *, 1);
  definition->rules = quality_rules_read(NULL, "", NULL);
  definition->privacy = privacy_rules_read(NULL, "", NULL);
  return definition;
}

/* ---- the folder ---- */

static gint compare_definitions(gconstpointer a, gconstpointer b) {
  return strcmp((*(IngestDefinition *const *)a)->name, (*(IngestDefinition *const *)b)->name);
}

GPtrArray *ingest_definitions_load(const char *workspace, GError **error) {
  g_autofree char *folder = g_build_filename(workspace, "ingest", NULL);
  g_autoptr(GPtrArray) definitions = g_ptr_array_new_with_free_func((GDestroyNotify)ingest_definition_free);
  g_autoptr(GPtrArray) problems = yaml_problems_new();
  g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
  const char *name;
  while (listing && (name = g_dir_read_name(listing))) {
    if (name[0] == '.' || (!g_str_has_suffix(name, ".yaml") && !g_str_has_suffix(name, ".yml"))) continue;
    g_autofree char *path = g_build_filename(folder, name, NULL), *shown = g_build_filename("ingest", name, NULL);
    g_autofree char *bytes = NULL;
    gsize length = 0;
    if (!g_file_get_contents(path, &bytes, &length, error)) return NULL;
    IngestDefinition *definition = ingest_definition_read(bytes, length, shown, problems);
    if (definition) g_ptr_array_add(definitions, definition);
    if (definitions->len > INGEST_MAX_DEFINITIONS) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "%s holds more than %d ingestion files", folder, INGEST_MAX_DEFINITIONS);
      return NULL;
    }
  }
  if (problems->len) {
    g_autofree char *text = yaml_problems_to_text(problems);
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, g_strchomp(text));
    return NULL;
  }
  g_ptr_array_sort(definitions, compare_definitions);
  return g_steal_pointer(&definitions);
}

const IngestDefinition *ingest_definition_find(const GPtrArray *definitions, const char *name) {
  for (guint i = 0; i < definitions->len; i++) {
    const IngestDefinition *definition = definitions->pdata[i];
    if (!strcmp(definition->name, name)) return definition;
  }
  return NULL;
}

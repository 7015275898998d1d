/* From the sources to a query, and from the query to the columns of the table. */
#include "lake/column_profile.h"
#include "lake/ingest_private.h"
#include <string.h>

/* ---- sources ---- */

/* All files of one source as one table; they need not be a series by name. */
static TableSource *source_of_files(const IngestSource *source, char **paths, GError **error) {
  TableSource *made = g_new0(TableSource, 1);
  made->name = g_strdup(source->name);
  made->shown = g_strdup(paths[0]);
  made->paths = g_ptr_array_new_with_free_func(g_free);
  made->kind = source_kind_of(paths[0], NULL);
  for (guint i = 0; paths[i]; i++) {
    SourceKind kind = source_kind_of(paths[i], NULL);
    if (kind != made->kind || (kind != SOURCE_TEXT && kind != SOURCE_PARQUET && i > 0)) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED,
                  "%s and %s cannot be read as one source; text and Parquet files can be read together with their like, others one by one",
                  paths[0], paths[i]);
      table_source_free(made);
      return NULL;
    }
    g_ptr_array_add(made->paths, g_strdup(paths[i]));
  }
  return made;
}

static char **new_files(const IngestRun *run) {
  g_autoptr(GStrvBuilder) paths = g_strv_builder_new();
  for (guint i = 0; i < run->files->len; i++) {
    const IngestFile *file = run->files->pdata[i];
    if (!file->known) g_strv_builder_add(paths, file->path);
  }
  return g_strv_builder_end(paths);
}

static gboolean open_relations(IngestRun *run, gboolean allow_direct, GError **error) {
  g_clear_pointer(&run->relations, g_ptr_array_unref);
  run->relations = g_ptr_array_new_with_free_func((GDestroyNotify)import_relation_free);
  for (guint i = 0; i < run->definition->sources->len; i++) {
    const IngestSource *source = run->definition->sources->pdata[i];
    g_auto(GStrv) paths = i == 0 ? new_files(run) : ingest_expand(run, (const char *const *)source->files, error);
    TableSource *table = paths ? source_of_files(source, paths, error) : NULL;
    if (!table) return FALSE;
    run->import.places = i == 0;
    g_hash_table_remove_all(run->import.text_types);
    for (guint k = 0; source->text_columns[k]; k++) g_hash_table_add(run->import.text_types, g_strdup(source->text_columns[k]));
    ImportRelation *relation = import_relation(&run->import, table, allow_direct, error);
    table_source_free(table);
    if (!relation) return FALSE;
    g_ptr_array_add(run->relations, relation);
  }
  return TRUE;
}

/* ---- cells that do not fit ---- */

/* Whether the column comes through the query as it is, so that what the table holds under its name tells its type. */
static gboolean comes_through(const IngestDefinition *definition, const char *name) {
  if (definition->sql) return FALSE;
  for (guint i = 0; i < definition->columns->len; i++) {
    const IngestColumn *column = definition->columns->pdata[i];
    if (!strcmp(column->name, name)) return !strcmp(column->expression, name);
  }
  return definition->columns->len == 0;
}

static gboolean may_lose_cells(FieldType from, FieldType to) {
  return from != to && to != FIELD_TEXT && to != FIELD_TIME && !(from == FIELD_INTEGER && (to == FIELD_DECIMAL || to == FIELD_DOUBLE)) &&
         !(from == FIELD_DATE && to == FIELD_TIMESTAMP);
}

/*
 * One bad cell can make a column of numbers look like text. Columns that the table knows are cast to its types before the
 * query works with them; cells that do not fit become NULL, and the row says so (_misfit) and what they were (_raw).
 */
static char *fitted_source(IngestRun *run, const ImportRelation *relation) {
  g_autoptr(GString) replaced = g_string_new(NULL), misfit = g_string_new(NULL), raw = g_string_new(NULL);
  for (guint i = 0; !run->is_new && i < relation->table->columns->len; i++) {
    const ImportedColumn *found = relation->table->columns->pdata[i];
    const DeltaColumn *known = delta_table_column(run->table, found->name);
    const PrivacyRule *rule = privacy_rule_find(run->definition->privacy, found->name);
    if (!known || (rule && rule->action != PRIVACY_GENERALISE) || !comes_through(run->definition, found->name) || !may_lose_cells(found->type, known->type)) continue;
    g_autofree char *name = text_sql_identifier(found->name), *key = text_sql_quote(found->name), *type = delta_column_sql_type(known);
    g_string_append_printf(replaced, "%sTRY_CAST(%s AS %s) AS %s", replaced->len ? ", " : "", name, type, name);
    g_string_append_printf(misfit, "%s(%s IS NOT NULL AND (TRY_CAST(%s AS %s) IS NULL", misfit->len ? " OR " : "", name, name, type);
    gboolean cut = known->type == FIELD_INTEGER;
    if (cut) g_string_append_printf(misfit, " OR TRY_CAST(%s AS DOUBLE) <> TRY_CAST(%s AS BIGINT)", name, name);
    g_string_append(misfit, "))");
    if (!rule) g_string_append_printf(raw, "%s%s: CAST(%s AS VARCHAR)", raw->len ? ", " : "", key, name);
  }
  run->has_misfits = replaced->len > 0;
  if (!run->has_misfits) return g_strdup(relation->select);
  g_autofree char *kept = raw->len ? g_strdup_printf("CASE WHEN %s THEN CAST(to_json({%s}) AS VARCHAR) END", misfit->str, raw->str) : g_strdup("CAST(NULL AS VARCHAR)");
  return g_strdup_printf("SELECT * REPLACE (%s), (%s) AS _misfit, %s AS _raw FROM (%s)", replaced->str, misfit->str, kept, relation->select);
}

/* ---- the query ---- */

static gboolean check_one(const IngestRun *run, const IngestColumn *column, const char *bound, GError **error) {
  if (run->options->guard->check_expression(run->engine, bound, error)) return TRUE;
  g_prefix_error(error, "%s:%u:%u: %s: ", run->definition->file, column->line, column->column, column->name);
  return FALSE;
}

/* The expression with its parameters, looked at by the guard. (transfer full) */
static char *bind_column(const IngestRun *run, const IngestColumn *column, GError **error) {
  g_autofree char *bound = ingest_bind_parameters(column->expression, run->parameters, error);
  if (!bound) {
    g_prefix_error(error, "%s:%u:%u: ", run->definition->file, column->line, column->column);
    return NULL;
  }
  return check_one(run, column, bound, error) ? g_steal_pointer(&bound) : NULL;
}

static gboolean append_columns(const IngestRun *run, const GPtrArray *columns, GString *sql, GError **error) {
  for (guint i = 0; i < columns->len; i++) {
    const IngestColumn *column = columns->pdata[i];
    g_autofree char *bound = bind_column(run, column, error), *name = text_sql_identifier(column->name);
    if (!bound) return FALSE;
    g_string_append_printf(sql, "(%s\n) AS %s, ", bound, name);
  }
  return TRUE;
}

/* What people wrote: a whole SELECT, or a mapping. */
static gboolean append_picked(const IngestRun *run, GString *sql, GError **error) {
  const IngestDefinition *definition = run->definition;
  if (definition->sql) {
    g_autofree char *bound = ingest_bind_parameters(definition->sql, run->parameters, error);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < definition->sources->len; i++) g_ptr_array_add(names, ((IngestSource *)definition->sources->pdata[i])->name);
    g_ptr_array_add(names, NULL);
    if (!bound || !run->options->guard->check_select(run->engine, bound, (const char *const *)names->pdata, error)) {
      g_prefix_error(error, "%s:%u:%u: ", definition->file, definition->sql_line, definition->sql_column);
      return FALSE;
    }
    g_string_append(sql, bound);
    return TRUE;
  }
  g_string_append(sql, "SELECT ");
  if (definition->columns->len == 0) g_string_append(sql, "* ");
  else if (!append_columns(run, definition->columns, sql, error)) return FALSE;
  else g_string_append(sql, run->has_misfits ? "_file, _place, _misfit, _raw " : "_file, _place ");
  g_string_append(sql, "FROM source");
  if (!definition->where) return TRUE;
  g_autofree char *where = bind_column(run, definition->where, error);
  if (where) g_string_append_printf(sql, " WHERE (%s\n)", where);
  return where != NULL;
}

gboolean ingest_query_prepare(IngestRun *run, gboolean allow_direct, GError **error) {
  if (!open_relations(run, allow_direct, error)) return FALSE;
  g_autoptr(GString) sql = g_string_new("WITH ");
  for (guint i = 0; i < run->relations->len; i++) {
    g_autofree char *name = text_sql_identifier(((IngestSource *)run->definition->sources->pdata[i])->name);
    const ImportRelation *relation = run->relations->pdata[i];
    g_autofree char *select = i == 0 ? fitted_source(run, relation) : g_strdup(relation->select);
    g_string_append_printf(sql, "%s%s AS NOT MATERIALIZED (%s)", i ? ", " : "", name, select);
  }
  g_string_append(sql, ", picked AS NOT MATERIALIZED (");
  if (!append_picked(run, sql, error)) return FALSE;
  g_string_append(sql, "\n) SELECT ");
  if (!append_columns(run, run->definition->derive, sql, error)) return FALSE;
  g_string_append(sql, "* FROM picked");
  g_free(run->query);
  run->query = g_strdup(sql->str);
  return TRUE;
}

/* ---- columns ---- */

static void ingest_output_free(gpointer pointer) {
  IngestOutput *output = pointer;
  g_free(output->name);
  g_free(output->label);
  g_free(output->source_type);
  g_free(output->sql_type);
  delta_column_free(output->column);
  g_free(output);
}

static const ImportedColumn *found_column(const IngestRun *run, const char *name) {
  const ImportRelation *relation = run->relations->pdata[0];
  for (guint i = 0; i < relation->table->columns->len; i++) {
    const ImportedColumn *column = relation->table->columns->pdata[i];
    if (!strcmp(column->name, name)) return column;
  }
  return NULL;
}

static gboolean keeps_type(const PrivacyRule *rule) {
  return !rule || rule->action == PRIVACY_GENERALISE || rule->action == PRIVACY_KEEP;
}

/* Personal text that was hashed or masked is text, whatever it was before. */
static FieldType stored_type(const IngestOutput *output) {
  return keeps_type(output->privacy) ? output->type : FIELD_TEXT;
}

static IngestOutput *output_new(const IngestRun *run, const char *name, const char *type) {
  const ImportedColumn *found = found_column(run, name);
  IngestOutput *output = g_new0(IngestOutput, 1);
  g_autoptr(GString) unused = g_string_new(NULL);
  output->name = g_strdup(name);
  output->label = g_strdup(found ? found->label : name);
  output->source_type = g_strdup(type);
  output->type = import_field_of_sql(type, name, unused);
  output->privacy = privacy_rule_find(run->definition->privacy, name);
  const DeltaColumn *existing = run->is_new ? NULL : delta_table_column(run->table, name);
  if (existing) {
    g_autofree char *existing_type = delta_column_sql_type(existing);
    /* What is hashed anew fits always; else cells must become what the table holds. */
    if (keeps_type(output->privacy)) output->type = existing->type;
    output->sql_type = g_strdup(keeps_type(output->privacy) ? existing_type : field_type_sql(output->type));
    output->column = delta_column_copy(existing);
  } else {
    output->sql_type = g_strdup(field_type_sql(output->type));
    output->column = delta_column_new(name, output->label, stored_type(output));
  }
  output->narrows = existing && strcmp(output->sql_type, type) && strcmp(output->sql_type, "VARCHAR");
  return output;
}

static gboolean has_output(const IngestRun *run, const char *name) {
  for (guint i = 0; i < run->outputs->len; i++) {
    const IngestOutput *output = run->outputs->pdata[i];
    if (!strcmp(output->name, name)) return !output->privacy || output->privacy->action != PRIVACY_DROP;
  }
  return FALSE;
}

static gboolean need_columns(const IngestRun *run, const char *what, char **names, GError **error) {
  for (guint i = 0; names && names[i]; i++) {
    if (has_output(run, names[i])) continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s: '%s' in '%s' is no column of the rows", run->definition->file, names[i], what);
    return FALSE;
  }
  return TRUE;
}

char *ingest_made_of_personal(const IngestDefinition *definition, Engine *engine, const IngestColumn *column) {
  if (privacy_rule_find(definition->privacy, column->name)) return NULL;
  for (guint i = 0; i < definition->privacy->len; i++) {
    const PrivacyRule *rule = definition->privacy->pdata[i];
    if (rule->action == PRIVACY_KEEP || !privacy_reads(engine, column->expression, rule->column)) continue;
    return g_strdup_printf("'%s' is made of '%s', which is personal: say under 'privacy:' what becomes of '%s' too (hash, mask, generalise, "
                           "drop; keep, if it tells of nobody)", column->name, rule->column, column->name);
  }
  return NULL;
}

static gboolean check_made(const IngestRun *run, const GPtrArray *columns, GError **error) {
  for (guint i = 0; i < columns->len; i++) {
    const IngestColumn *column = columns->pdata[i];
    g_autofree char *problem = ingest_made_of_personal(run->definition, run->engine, column);
    if (!problem) continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s:%u:%u: %s", run->definition->file, column->line, column->column, problem);
    return FALSE;
  }
  return TRUE;
}

/* Columns named by rules that are not there would otherwise fail deep inside the engine. */
static gboolean check_names(const IngestRun *run, GError **error) {
  const IngestDefinition *definition = run->definition;
  char *last[] = {definition->keep_last_by, NULL};
  if (!need_columns(run, "keys", definition->keys, error) || !need_columns(run, "partition_by", definition->partition_by, error) ||
      !need_columns(run, "cluster_by", definition->cluster_by, error) || !need_columns(run, "keep_last_by", last, error))
    return FALSE;
  for (guint i = 0; i < definition->rules->len; i++) {
    const QualityRule *rule = definition->rules->pdata[i];
    for (guint k = 0; rule->columns[k]; k++) {
      gboolean there = FALSE;
      for (guint o = 0; o < run->outputs->len && !there; o++) there = !strcmp(((IngestOutput *)run->outputs->pdata[o])->name, rule->columns[k]);
      if (there) continue;
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s:%u:%u: '%s' is no column of the rows", definition->file, rule->line,
                  rule->column, rule->columns[k]);
      return FALSE;
    }
  }
  for (guint i = 0; i < definition->privacy->len; i++) {
    const PrivacyRule *rule = definition->privacy->pdata[i];
    gboolean there = FALSE;
    for (guint o = 0; o < run->outputs->len && !there; o++) there = !strcmp(((IngestOutput *)run->outputs->pdata[o])->name, rule->column);
    if (there) continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s:%u:%u: '%s' is no column of the rows, so nothing would be protected",
                definition->file, rule->line, rule->place, rule->column);
    return FALSE;
  }
  return check_made(run, definition->columns, error) && check_made(run, definition->derive, error);
}

static void note_drift(IngestRun *run, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void note_drift(IngestRun *run, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_ptr_array_add(run->report->drift, g_strdup_vprintf(format, arguments));
  va_end(arguments);
}

/* Columns that came or went. Accepted, new ones are added to the table and missing ones are NULL. */
static gboolean look_for_drift(IngestRun *run, GError **error) {
  if (run->is_new) return TRUE;
  for (guint i = 0; i < run->table->columns->len; i++) {
    const DeltaColumn *column = run->table->columns->pdata[i];
    if (!has_output(run, column->name)) note_drift(run, "the column %s of the table is missing in the files", column->name);
  }
  for (guint i = 0; i < run->outputs->len; i++) {
    const IngestOutput *output = run->outputs->pdata[i];
    if (has_output(run, output->name) && !delta_table_column(run->table, output->name))
      note_drift(run, "the column %s of the files is not in the table", output->name);
  }
  if (run->report->drift->len == 0 || run->definition->drift == INGEST_DRIFT_ACCEPT) return TRUE;
  g_autoptr(GString) all = g_string_new(NULL);
  for (guint i = 0; i < run->report->drift->len; i++) g_string_append_printf(all, "%s%s", i ? "; " : "", (char *)run->report->drift->pdata[i]);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT,
              "%s: %s. Name the columns under 'columns:' or take the change with 'drift: accept'", run->definition->name, all->str);
  return FALSE;
}

gboolean ingest_columns_decide(IngestRun *run, GError **error) {
  g_autofree char *sql = g_strdup_printf("DESCRIBE %s", run->query);
  g_autoptr(ResultTable) described = engine_query(run->engine, sql, NULL, 0, run->options->deadline, error);
  if (!described) {
    if (error && *error && (*error)->code == AISLE_ERROR_ENGINE) (*error)->code = AISLE_ERROR_BAD_INPUT;
    g_prefix_error(error, "%s: ", run->definition->file);
    return FALSE;
  }
  g_clear_pointer(&run->outputs, g_ptr_array_unref);
  g_ptr_array_set_size(run->report->drift, 0);
  run->outputs = g_ptr_array_new_with_free_func(ingest_output_free);
  guint places = 0;
  for (gsize i = 0; i < described->n_rows; i++) {
    const char *name = result_table_at(described, i, 0)->text, *type = result_table_at(described, i, 1)->text;
    if (!strcmp(name, "_misfit") || !strcmp(name, "_raw")) continue;
    if (!strcmp(name, "_file") || !strcmp(name, "_place")) {
      places++;
      continue;
    }
    g_autofree char *slug = text_slug(name);
    if (strcmp(slug, name)) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s: '%s' is no name for a column of a table; write ... AS %s",
                  run->definition->file, name, slug);
      return FALSE;
    }
    for (guint k = 0; k < run->outputs->len; k++) {
      if (strcmp(((IngestOutput *)run->outputs->pdata[k])->name, name)) continue;
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s: the column '%s' comes twice", run->definition->file, name);
      return FALSE;
    }
    g_ptr_array_add(run->outputs, output_new(run, name, type));
  }
  run->has_places = places == 2;
  return check_names(run, error) && look_for_drift(run, error);
}

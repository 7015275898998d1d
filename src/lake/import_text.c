/*
 * Importing delimited text. Two passes over the file: the first counts what the cells of every column look like, the
 * second converts them by the plan decided from the counts over all rows into a clean file that the engine reads.
 */
#include "lake/import.h"
#include <string.h>

#define CHECK_ROWS 4096
#define REJECTED_TEXT_BYTES 2000
#define LINE_LIMIT_MIN (4u << 20)

typedef struct {
  ImportContext *context;
  const TableSource *source;
  ImportedTable *table;
  GPtrArray *readers; /* of TableReader*, one a file */
  ColumnProfile *profiles;
  ColumnPlan *plans;
  gint64 *bad_cells; /* per column */
  guint n_columns;
  gint64 rows;
  gsize longest_row;
  DiskWriter *rejected; /* made when first needed */
  GString *line;
} TextImport;

static void text_import_clear(TextImport *import) {
  if (import->readers) g_ptr_array_unref(import->readers);
  g_free(import->profiles);
  g_free(import->plans);
  g_free(import->bad_cells);
  disk_writer_abandon(import->rejected);
  if (import->line) g_string_free(import->line, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TextImport, text_import_clear)

static gboolean same_labels(const TableLayout *a, const TableLayout *b) {
  if (a->columns != b->columns) return FALSE;
  for (guint i = 0; i < a->columns; i++)
    if (strcmp(a->labels->pdata[i], b->labels->pdata[i])) return FALSE;
  return TRUE;
}

static gboolean open_readers(TextImport *import, GError **error) {
  import->readers = g_ptr_array_new_with_free_func((GDestroyNotify)table_reader_free);
  for (guint i = 0; i < import->source->paths->len; i++) {
    TableReader *reader = table_reader_open(import->source->paths->pdata[i], error);
    if (!reader) return FALSE;
    g_ptr_array_add(import->readers, reader);
    if (!same_labels(table_reader_layout(import->readers->pdata[0]), table_reader_layout(reader))) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s: its columns differ from those of %s",
                  (char *)import->source->paths->pdata[i], (char *)import->source->paths->pdata[0]);
      return FALSE;
    }
  }
  import->n_columns = table_reader_layout(import->readers->pdata[0])->columns;
  return TRUE;
}

/* Calls for every row of every file. Stops at the deadline. */
typedef gboolean (*RowVisitor)(TextImport *import, const char *path, const TableRow *row, GError **error);

static gboolean visit_rows(TextImport *import, RowVisitor visit, double from, double to, const char *what,
                           GError **error) {
  gint64 seen = 0;
  for (guint i = 0; i < import->readers->len; i++) {
    TableReader *reader = import->readers->pdata[i];
    const char *path = import->source->paths->pdata[i];
    TableRow row;
    int got;
    while ((got = table_reader_next(reader, &row, error)) > 0) {
      if (!visit(import, path, &row, error)) return FALSE;
      if (++seen % CHECK_ROWS == 0) {
        if (!deadline_check(import->context->deadline, error)) return FALSE;
        double part = (i + text_source_fraction(table_reader_source(reader))) / import->readers->len;
        import_report(import->context, from + (to - from) * part, seen, what);
      }
    }
    if (got < 0) return FALSE;
  }
  return TRUE;
}

static gboolean profile_row(TextImport *import, const char *path, const TableRow *row, GError **error) {
  (void)path;
  (void)error;
  if (row->kind != TABLE_ROW_GOOD) return TRUE;
  import->rows++;
  gsize length = 0;
  for (guint j = 0; j < import->n_columns; j++) {
    column_profile_add(&import->profiles[j], row->cells[j].text, row->cells[j].length);
    length += row->cells[j].length;
  }
  import->longest_row = MAX(import->longest_row, length);
  return TRUE;
}

static void decide_columns(TextImport *import) {
  TableEvidence evidence = {0};
  for (guint j = 0; j < import->n_columns; j++) table_evidence_add(&evidence, &import->profiles[j]);
  for (guint j = 0; j < import->n_columns; j++) {
    ImportedColumn *column = import->table->columns->pdata[j];
    column_profile_decide(&import->profiles[j], column->label, &evidence, &import->plans[j], column);
    import_force_text(import->context, &import->plans[j], column);
  }
}

void import_force_text(const ImportContext *context, ColumnPlan *plan, ImportedColumn *column) {
  if (!context->text_types || !g_hash_table_contains(context->text_types, column->name)) return;
  *plan = (ColumnPlan){.type = FIELD_TEXT, .identifier = plan->identifier};
  column->type = FIELD_TEXT;
  column->is_percent = FALSE;
  g_clear_pointer(&column->currency, g_free);
}

/* ---- second pass ---- */

static gboolean reject(TextImport *import, const char *path, gint64 line, const char *reason, const char *text,
                       gsize length, GError **error) {
  g_autofree char *folder = import->context->rejected_folder
                                ? g_strdup(import->context->rejected_folder)
                                : g_build_filename(import->context->lake, "_rejected", NULL);
  if (!import->rejected) {
    g_autofree char *name = g_strconcat(import->table->table, ".csv", NULL);
    g_autofree char *file = g_build_filename(folder, name, NULL);
    if (!disk_make_folder(folder, error) || !(import->rejected = disk_writer_new(file, FALSE, error))) return FALSE;
    disk_writer_add(import->rejected, "file,line,reason,text\n", 22);
  }
  g_autoptr(GString) record = g_string_new(NULL);
  csv_append_cell(record, path, strlen(path));
  g_string_append_printf(record, ",%" G_GINT64_FORMAT ",", line);
  csv_append_cell(record, reason, strlen(reason));
  g_string_append_c(record, ',');
  csv_append_cell(record, text, import->context->hide_text ? 0 : MIN(length, REJECTED_TEXT_BYTES));
  g_string_append_c(record, '\n');
  disk_writer_add(import->rejected, record->str, record->len);
  return TRUE;
}

/* Quotes every text, so that the engine never takes one for anything else. */
static void append_staged(GString *line, gsize from) {
  gboolean plain = TRUE;
  for (gsize i = from; i < line->len && plain; i++) {
    char c = line->str[i];
    plain = g_ascii_isalnum(c) || c == '-' || c == '.' || c == ':' || c == '_';
  }
  if (plain) return;
  g_autofree char *value = g_strndup(line->str + from, line->len - from);
  g_string_truncate(line, from);
  g_string_append_c(line, '"');
  for (const char *p = value; *p; p++) {
    if (*p == '"') g_string_append_c(line, '"');
    g_string_append_c(line, *p);
  }
  g_string_append_c(line, '"');
}

static gboolean convert_row(TextImport *import, guint file, const TableRow *row, DiskWriter *out, GError **error) {
  const char *path = import->source->paths->pdata[file];
  if (row->kind != TABLE_ROW_GOOD) {
    import->table->rejected_rows += row->kind == TABLE_ROW_RAGGED;
    import->table->aside_rows += row->kind == TABLE_ROW_ASIDE;
    return reject(import, path, row->line, row->reason, row->raw, row->raw_length, error);
  }
  if (row->repaired &&
      !reject(import, path, row->line, "was damaged and put right; the row is kept", row->raw, row->raw_length, error))
    return FALSE;
  g_string_truncate(import->line, 0);
  for (guint j = 0; j < import->n_columns; j++) {
    if (j) g_string_append_c(import->line, ',');
    gsize from = import->line->len;
    const CsvCell *cell = &row->cells[j];
    CellOutcome outcome = column_plan_convert(&import->plans[j], cell->text, cell->length, import->line);
    if (outcome == CELL_VALUE) {
      append_staged(import->line, from);
    } else if (outcome == CELL_BAD) {
      g_string_truncate(import->line, from);
      import->bad_cells[j]++;
      const ImportedColumn *column = import->table->columns->pdata[j];
      gboolean whole_rows = import->context->whole_rows;
      g_autofree char *reason =
          g_strdup_printf("column %s: not a %s; the row is %s", column->label,
                          column->type == FIELD_DATE || column->type == FIELD_TIMESTAMP ? "date" : "number",
                          whole_rows ? "set apart" : "kept with this cell empty");
      if (whole_rows) {
        import->table->rejected_rows++;
        return reject(import, path, row->line, reason, row->raw, row->raw_length, error);
      }
      if (!reject(import, path, row->line, reason, cell->text, cell->length, error)) return FALSE;
    }
  }
  if (import->context->places) g_string_append_printf(import->line, ",%u,%" G_GINT64_FORMAT, file, row->line);
  g_string_append_c(import->line, '\n');
  disk_writer_add(out, import->line->str, import->line->len);
  return TRUE;
}

static gboolean stage_rows(TextImport *import, const char *staged, GError **error) {
  g_autoptr(DiskWriter) out = disk_writer_new(staged, FALSE, error);
  if (!out) return FALSE;
  gint64 seen = 0;
  for (guint i = 0; i < import->readers->len; i++) {
    TableReader *reader = import->readers->pdata[i];
    if (!table_reader_restart(reader, error)) return FALSE;
    TableRow row;
    int got;
    while ((got = table_reader_next(reader, &row, error)) > 0) {
      if (!convert_row(import, i, &row, out, error)) return FALSE;
      if (++seen % CHECK_ROWS == 0) {
        if (!deadline_check(import->context->deadline, error)) return FALSE;
        import_report(import->context, 0.4 + 0.4 * (double)seen / (double)MAX(import->rows, 1), seen, "converting");
      }
    }
    if (got < 0) return FALSE;
  }
  return disk_writer_close(g_steal_pointer(&out), error);
}

static char *staged_select(TextImport *import, const char *staged, GHashTable *taken) {
  GString *types = g_string_new(NULL);
  for (guint j = 0; j < import->n_columns; j++) {
    const ImportedColumn *column = import->table->columns->pdata[j];
    g_autofree char *name = text_sql_quote(column->name);
    g_string_append_printf(types, "%s%s: '%s'", j ? ", " : "", name, field_type_sql(column->type));
  }
  g_autoptr(GString) joined = g_string_new(NULL);
  import_join_times(import->table, taken, joined);
  if (import->context->places) {
    /* The file stands in the staged rows as its number. */
    g_string_append(joined, ", [");
    for (guint i = 0; i < import->source->paths->len; i++) {
      g_autofree char *file = text_sql_quote(import->source->paths->pdata[i]);
      g_string_append_printf(joined, "%s%s", i ? ", " : "", file);
    }
    g_string_append(joined, "][_file_number + 1] AS _file, _line AS _place");
    g_string_append(types, ", '_file_number': 'BIGINT', '_line': 'BIGINT'");
  }
  g_autofree char *path = text_sql_quote(staged);
  gsize line_limit = MAX(LINE_LIMIT_MIN, import->longest_row * 2 + import->n_columns * 4);
  char *select = g_strdup_printf(
      "SELECT *%s%s FROM read_csv(%s, auto_detect=false, header=false, delim=',', quote='\"', escape='\"', nullstr='', "
      "new_line='\\n', strict_mode=true, max_line_size=%" G_GSIZE_FORMAT ", buffer_size=%" G_GSIZE_FORMAT
      ", columns={%s})",
      import->context->places ? " EXCLUDE (_file_number, _line)" : "", joined->str, path, line_limit, line_limit * 2,
      types->str);
  g_string_free(types, TRUE);
  return select;
}

static void note_bad_cells(TextImport *import) {
  for (guint j = 0; j < import->n_columns; j++) {
    if (!import->bad_cells[j]) continue;
    ImportedColumn *column = import->table->columns->pdata[j];
    g_autofree char *before = column->note;
    column->note = g_strdup_printf(
        "%s%s%" G_GINT64_FORMAT " %s could not be read and %s empty; see lake/_rejected/%s.csv", before ? before : "",
        before ? "; " : "", import->bad_cells[j], import->bad_cells[j] == 1 ? "cell" : "cells",
        import->bad_cells[j] == 1 ? "is" : "are", import->table->table);
  }
}

/* Reads and stages everything; returns the query over the staged rows. `staged` is the file. */
static char *stage_import(TextImport *import, char **staged, GError **error) {
  const TableLayout *layout = table_reader_layout(import->readers->pdata[0]);
  g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  import->table->columns = import_name_columns(layout->labels, taken);
  import->profiles = g_new0(ColumnProfile, import->n_columns);
  import->plans = g_new0(ColumnPlan, import->n_columns);
  import->bad_cells = g_new0(gint64, import->n_columns);
  import->line = g_string_new(NULL);
  for (guint j = 0; j < import->n_columns; j++) column_profile_init(&import->profiles[j]);
  if (!visit_rows(import, profile_row, 0, 0.4, "reading", error)) return NULL;
  if (import->rows == 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT,
                "%s:%" G_GINT64_FORMAT ": there are no rows below the header", import->source->shown,
                table_reader_lines_before_rows(import->readers->pdata[0]) + 1);
    return NULL;
  }
  decide_columns(import);
  g_autofree char *name = g_strconcat(import->table->table, ".csv", NULL);
  *staged = g_build_filename(import->context->staging, name, NULL);
  if (!stage_rows(import, *staged, error)) return NULL;
  note_bad_cells(import);
  if (import->rejected && !disk_writer_close(g_steal_pointer(&import->rejected), error)) return NULL;
  return staged_select(import, *staged, taken);
}

static gboolean run_import(TextImport *import, GError **error) {
  g_autofree char *staged = NULL;
  g_autofree char *select = stage_import(import, &staged, error);
  if (!select) return FALSE;
  gint64 expected = import->rows;
  gboolean stored = import_store(import->context, import->table, select, import->source, error);
  disk_remove_tree(staged);
  if (stored && import->table->rows != expected) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INTERNAL,
                "%s: %" G_GINT64_FORMAT " rows were read but %" G_GINT64_FORMAT " stored", import->source->shown,
                expected, import->table->rows);
    return FALSE;
  }
  return stored;
}

ImportedTable *import_text_table(ImportContext *context, const TableSource *source, GError **error) {
  g_auto(TextImport) import = {.context = context, .source = source};
  if (!open_readers(&import, error)) return NULL;
  ImportedTable *table = import.table = g_new0(ImportedTable, 1);
  table->table = import_table_name(context, source->name);
  table->label = g_strdup(source->name);
  table->source = g_strdup(source->shown);
  g_autoptr(GError) failing = NULL;
  if (import_direct(context, source, import.readers, table, &failing)) return table;
  if (failing)
    g_propagate_error(error, g_steal_pointer(&failing));
  else if (run_import(&import, error))
    return table;
  imported_table_free(table);
  return NULL;
}

/* ---- a relation, not yet stored ---- */

void import_relation_free(ImportRelation *relation) {
  if (!relation) return;
  imported_table_free(relation->table);
  g_free(relation->select);
  g_free(relation->head);
  g_free(relation->tail);
  g_free(relation);
}

ImportRelation *import_text_relation(ImportContext *context, const TableSource *source, gboolean allow_direct,
                                     GError **error) {
  g_auto(TextImport) import = {.context = context, .source = source};
  if (!open_readers(&import, error)) return NULL;
  g_autoptr(ImportRelation) relation = g_new0(ImportRelation, 1);
  ImportedTable *table = import.table = relation->table = g_new0(ImportedTable, 1);
  table->table = text_slug_unique(source->name, context->taken);
  table->label = g_strdup(source->name);
  table->source = g_strdup(source->shown);
  g_autoptr(GError) failing = NULL;
  if (allow_direct && import_direct_relation(context, source, import.readers, relation, &failing))
    return g_steal_pointer(&relation);
  if (failing) {
    g_propagate_error(error, g_steal_pointer(&failing));
    return NULL;
  }
  g_autofree char *staged = NULL;
  relation->select = stage_import(&import, &staged, error);
  relation->place_is_line = TRUE;
  table->rows = import.rows;
  return relation->select ? g_steal_pointer(&relation) : NULL;
}

ImportRelation *import_relation(ImportContext *context, const TableSource *source, gboolean allow_direct, GError **error) {
  g_autoptr(GPtrArray) staged = NULL;
  switch (source->kind) {
  case SOURCE_TEXT: return import_text_relation(context, source, allow_direct, error);
  case SOURCE_PARQUET: return import_parquet_relation(context, source, error);
  case SOURCE_JSON: staged = source_json_tables(context, source, error); break;
  case SOURCE_SQLITE: staged = source_sqlite_tables(context, source, error); break;
  case SOURCE_XLSX: staged = source_xlsx_tables(context, source, error); break;
  }
  if (!staged) return NULL;
  if (staged->len != 1) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED,
                "%s holds %u tables; an ingestion source is one table: write it to a file of its own", source->shown,
                staged->len);
    return NULL;
  }
  return import_text_relation(context, staged->pdata[0], allow_direct, error);
}

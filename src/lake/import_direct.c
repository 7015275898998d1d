/*
 * The short way for large, clean text files: types are decided on parts of the file, and the engine's parallel reader
 * converts all of it in one pass under strict rules. Whatever contradicts, a ragged row, a number too long, ends that
 * pass, and the file is read the long way. So this is faster or without effect, never different.
 */
#include "lake/import.h"
#include "lake/totals_row.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DIRECT_MIN_BYTES (16u << 20)
#define HEAD_ROWS 20000
#define PARTS 16
#define PART_BYTES (256u << 10)
#define TAIL_BYTES (64u << 10)
#define MOST_COLUMNS 500 /* the engine takes ever longer to plan an expression a column; our own conversion does not */

/* What must hold for the engine to read the file as we would. */
static gboolean is_plain(const TableReader *reader, const char *path) {
  const TextSource *source = table_reader_source(reader);
  const CsvDialect *dialect = table_reader_dialect(reader);
  const TableLayout *layout = table_reader_layout(reader);
  (void)path;
  return !text_source_is_packed(source) && text_source_encoding(source) == ENCODING_UTF8 &&
         text_source_bom_bytes(source) == 0 && layout->columns > 1 && layout->columns <= MOST_COLUMNS && layout->header_records > 0 &&
         !layout->pads_short_rows && dialect->delimiter[0] && dialect->quote && !dialect->skip_space;
}

/* The whole rows within a part of the file are profiled. Where the first of them starts may be guessed wrongly
 * within a quoted cell; that only costs the attempt. */
static gboolean profile_part(const char *path, gint64 offset, const TableReader *reader, ColumnProfile *profiles) {
  const CsvDialect *dialect = table_reader_dialect(reader);
  guint columns = table_reader_layout(reader)->columns;
  g_autofree char *bytes = g_malloc(PART_BYTES);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : pread(fd, bytes, PART_BYTES, offset);
  if (fd >= 0) close(fd);
  if (n <= 0) return FALSE;
  const char *text = bytes, *end = bytes + n;
  const char *first = memchr(text, '\n', (gsize)n);
  text = first ? first + 1 : end;
  CsvRecord record;
  csv_record_init(&record);
  gboolean good = TRUE;
  for (gsize taken; good && text < end &&
                    (taken = csv_parse_record(dialect, text, (gsize)(end - text), FALSE, CSV_NO_LITERAL, &record));
       text += taken) {
    good = record.cells->len == columns && !record.stray_quote;
    for (guint j = 0; good && j < columns; j++)
      column_profile_add(&profiles[j], csv_record_cell(&record, j)->text, csv_record_cell(&record, j)->length);
  }
  csv_record_clear(&record);
  return good;
}

/* The last lines are rows, not a footer, and their line ends are plain. */
static gboolean tail_is_plain(const char *path, gint64 size, const TableReader *reader) {
  g_autofree char *bytes = g_malloc(TAIL_BYTES);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : pread(fd, bytes, TAIL_BYTES, MAX(0, size - (gint64)TAIL_BYTES));
  if (fd >= 0) close(fd);
  const char *end = n > 0 ? bytes + n : bytes;
  while (end > bytes && (end[-1] == '\n' || end[-1] == '\r')) end--;
  const char *last = end;
  while (last > bytes && last[-1] != '\n' && last[-1] != '\r') last--;
  if (last == bytes) return FALSE;
  CsvRecord record;
  csv_record_init(&record);
  csv_parse_record(table_reader_dialect(reader), last, (gsize)(end - last), TRUE, CSV_NO_LITERAL, &record);
  guint filled = 0;
  for (guint j = 0; j < record.cells->len; j++) filled += csv_record_cell(&record, j)->length > 0;
  gboolean plain = record.cells->len == table_reader_layout(reader)->columns && filled > 1 &&
                   !totals_row_is((const CsvCell *)(gpointer)record.cells->data, record.cells->len);
  csv_record_clear(&record);
  return plain;
}

static gboolean profile_sample(TableReader *reader, const char *path, ColumnProfile *profiles) {
  TableRow row;
  guint columns = table_reader_layout(reader)->columns;
  for (guint i = 0; i < HEAD_ROWS && table_reader_next(reader, &row, NULL) > 0; i++) {
    if (row.kind != TABLE_ROW_GOOD || row.repaired) return FALSE;
    for (guint j = 0; j < columns; j++) column_profile_add(&profiles[j], row.cells[j].text, row.cells[j].length);
  }
  gint64 size = (gint64)text_source_file_size(table_reader_source(reader));
  for (int part = 1; part <= PARTS; part++)
    if (!profile_part(path, MAX(0, size - (gint64)PART_BYTES) / PARTS * part, reader, profiles)) return FALSE;
  return tail_is_plain(path, size, reader);
}

/* Decides the types and writes the query. FALSE: a column needs more than SQL. */
static gboolean direct_select(const ImportContext *context, ImportedTable *table, const TableReader *reader, const TableSource *source,
                              const ColumnProfile *profiles, GString *select, gsize *head_bytes,
                              gsize *tail_at) {
  const CsvDialect *dialect = table_reader_dialect(reader);
  guint columns = table_reader_layout(reader)->columns;
  TableEvidence evidence = {0};
  for (guint j = 0; j < columns; j++) table_evidence_add(&evidence, &profiles[j]);
  g_autoptr(GString) names = g_string_new(NULL);
  g_string_assign(select, "SELECT ");
  for (guint j = 0; j < columns; j++) {
    ImportedColumn *column = table->columns->pdata[j];
    ColumnPlan plan;
    column_profile_decide(&profiles[j], column->label, &evidence, &plan, column);
    import_force_text(context, &plan, column);
    /* Queries multiply: with few digits the engine stays out of slow 128-bit divisions. What is stored has four all the same. */
    if (context->places && plan.type == FIELD_DECIMAL && profiles[j].written_point <= 2) plan.scale = 2;
    g_autofree char *identifier = text_sql_identifier(column->name), *quoted = text_sql_quote(column->name);
    g_string_append(select, j ? ", " : "");
    if (!column_plan_sql(&plan, &profiles[j], column->name, select)) return FALSE;
    g_string_append_printf(select, " AS %s", identifier);
    g_string_append_printf(names, "%s%s: 'VARCHAR'", j ? ", " : "", quoted);
  }
  if (context->places) {
    g_string_append(select, ", filename AS _file, CAST(hash(");
    for (guint j = 0; j < columns; j++) {
      g_autofree char *identifier = text_sql_identifier(((ImportedColumn *)table->columns->pdata[j])->name);
      g_string_append_printf(select, "%s%s", j ? ", " : "", identifier);
    }
    g_string_append(select, ") >> 1 AS BIGINT) AS _place");
  }
  g_string_append(select, " FROM read_csv([");
  *head_bytes = select->len;
  for (guint i = 0; i < source->paths->len; i++) {
    g_autofree char *path = text_sql_quote(source->paths->pdata[i]);
    g_string_append_printf(select, "%s%s", i ? ", " : "", path);
  }
  const char quote[2] = {dialect->quote, '\0'}, escape[2] = {dialect->escape ? dialect->escape : dialect->quote, '\0'};
  g_autofree char *delimiter_sql = text_sql_quote(dialect->delimiter), *quote_sql = text_sql_quote(quote),
                  *escape_sql = text_sql_quote(escape);
  *tail_at = select->len;
  g_string_append_printf(select,
                         "], auto_detect=false, header=false, skip=%" G_GINT64_FORMAT
                         ", delim=%s, quote=%s, escape=%s, nullstr=" COLUMN_NULLS_SQL
                         ", strict_mode=true%s, columns={%s})",
                         table_reader_lines_before_rows(reader), delimiter_sql, quote_sql, escape_sql,
                         context->places ? ", filename=true" : "", names->str);
  return TRUE;
}

static gboolean may_be_direct(const TableSource *source, const GPtrArray *readers) {
  guint64 bytes = 0;
  for (guint i = 0; i < readers->len; i++) {
    const TableReader *reader = readers->pdata[i];
    bytes += text_source_file_size(table_reader_source(reader));
    if (!is_plain(reader, source->paths->pdata[i]) ||
        memcmp(table_reader_dialect(reader), table_reader_dialect(readers->pdata[0]), sizeof(CsvDialect)) ||
        table_reader_lines_before_rows(reader) != table_reader_lines_before_rows(readers->pdata[0]))
      return FALSE;
  }
  return bytes >= DIRECT_MIN_BYTES;
}

gboolean import_direct_relation(ImportContext *context, const TableSource *source, GPtrArray *readers,
                                ImportRelation *relation, GError **error) {
  if (!may_be_direct(source, readers)) return FALSE;
  ImportedTable *table = relation->table;
  const TableLayout *layout = table_reader_layout(readers->pdata[0]);
  g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  table->columns = import_name_columns(layout->labels, taken);
  g_autofree ColumnProfile *profiles = g_new0(ColumnProfile, layout->columns);
  for (guint j = 0; j < layout->columns; j++) column_profile_init(&profiles[j]);
  gboolean good = TRUE;
  for (guint i = 0; good && i < readers->len; i++)
    good = profile_sample(readers->pdata[i], source->paths->pdata[i], profiles);
  g_autoptr(GString) select = g_string_new(NULL);
  gsize head_bytes = 0, tail_at = 0;
  if (good && direct_select(context, table, readers->pdata[0], source, profiles, select, &head_bytes, &tail_at)) {
    relation->select = g_strdup(select->str);
    relation->head = g_strndup(select->str, head_bytes);
    relation->tail = g_strdup(select->str + tail_at);
    relation->direct = TRUE;
    relation->lines_before_rows = table_reader_lines_before_rows(readers->pdata[0]);
    return TRUE;
  }
  g_clear_pointer(&table->columns, g_ptr_array_unref);
  for (guint i = 0; i < readers->len; i++)
    if (!table_reader_restart(readers->pdata[i], error)) return FALSE;
  return FALSE;
}

gboolean import_direct(ImportContext *context, const TableSource *source, GPtrArray *readers, ImportedTable *table,
                       GError **error) {
  ImportRelation relation = {.table = table};
  if (!import_direct_relation(context, source, readers, &relation, error)) return FALSE;
  g_autofree char *select = relation.select, *head = relation.head, *tail = relation.tail;
  import_report(context, -1, 0, "reading");
  g_autoptr(GError) failing = NULL;
  if (import_store(context, table, select, source, &failing)) return TRUE;
  /* Only what the data contradicts is worth the long way; a deadline or a full disk is not. */
  if (failing->code != AISLE_ERROR_ENGINE) {
    g_propagate_error(error, g_steal_pointer(&failing));
    return FALSE;
  }
  g_clear_pointer(&table->columns, g_ptr_array_unref);
  for (guint i = 0; i < readers->len; i++)
    if (!table_reader_restart(readers->pdata[i], error)) return FALSE;
  return FALSE;
}

/* Steps of an import, private to the lake. */
#pragma once
#include "lake/column_profile.h"
#include "lake/delta_change.h"
#include "base/disk.h"
#include "lake/lake.h"
#include "lake/table_reader.h"

/* What one call of lake_import works with. */
typedef struct {
  Engine *engine;
  const char *workspace;
  const ImportOptions *options;
  Deadline deadline;
  char *lake;        /* <workspace>/lake */
  char *staging;     /* a folder for files on their way, removed at the end */
  GHashTable *taken; /* table names in use */
  gint64 began_us;   /* wall clock; a file that was written later may hold other rows than those that were read */
  /* What ingestion asks for besides (see import_relation). */
  gboolean places;        /* the relation's rows tell where they come from */
  gboolean whole_rows;    /* a row with a cell that does not fit its column is set apart, not kept with the cell empty */
  gboolean hide_text;     /* no text of a row may reach the disk */
  char *rejected_folder;  /* NULL: <lake>/_rejected */
  GHashTable *text_types; /* column names that are read as text whatever they hold; NULL */
} ImportContext;

typedef enum { SOURCE_TEXT, SOURCE_PARQUET, SOURCE_JSON, SOURCE_SQLITE, SOURCE_XLSX } SourceKind;

/* One table to be made, of one or more files with the same columns. */
typedef struct {
  SourceKind kind;
  char *name;       /* for the table, not yet a slug */
  GPtrArray *paths; /* of char*: what is read */
  char *shown;      /* the file as the user knows it */
} TableSource;
void table_source_free(TableSource *source);

/* Files and folders to sources; several files of a series become one. Of TableSource*. (transfer full) */
GPtrArray *sources_find(const char *const *paths, GError **error);
/* Adds the data files of files and folders (in order) to `files` (of char*), without looking into them. */
gboolean sources_list(const char *const *paths, GPtrArray *files, GError **error);
SourceKind source_kind_of(const char *path, GError **error);

/* Text tables: decides types over all rows, converts them into a clean staged file, stores that. */
ImportedTable *import_text_table(ImportContext *context, const TableSource *source, GError **error);
/*
 * Tries to have the engine read large, clean files in one strict pass. TRUE: the table is stored. FALSE without an
 * error: it must be read the long way (nothing of the attempt remains).
 */
gboolean import_direct(ImportContext *context, const TableSource *source, GPtrArray *readers, ImportedTable *table,
                       GError **error);
/* Parquet: columns as they are. */
ImportedTable *import_parquet_table(ImportContext *context, const TableSource *source, GError **error);

/*
 * Runs `select` (whose columns are those of `table`) into Parquet files of the table and commits version 0, which knows the
 * content of the source's files (lake/content_hash.h). Sets table->files, sources and rows. On failure nothing of the table
 * remains.
 */
gboolean import_store(ImportContext *context, ImportedTable *table, const char *select, const TableSource *source,
                      GError **error);
/* The engine's type to ours; the cast that leads there is appended to `expression`. */
FieldType import_field_of_sql(const char *type, const char *name, GString *expression);

/*
 * A source as a relation of the engine; nothing of it is stored. Staged files live as long as the context.
 * With context->places two columns follow those of the table: _file, the path, and _place: the line where the row starts,
 * or (place_is_line FALSE) a hash of its cells by which the line can be found later, so that the parallel reader stays
 * parallel.
 */
typedef struct {
  ImportedTable *table; /* columns as found */
  char *select;
  gboolean place_is_line;
  gboolean direct; /* by samples; a contradiction in the data ends the query with ENGINE: then ask again without */
  gint64 lines_before_rows; /* direct: of each file */
  char *head, *tail;        /* direct: `select` is head, quoted files, tail; to read one of the files again */
} ImportRelation;
void import_relation_free(ImportRelation *relation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImportRelation, import_relation_free)
ImportRelation *import_relation(ImportContext *context, const TableSource *source, gboolean allow_direct, GError **error);
ImportRelation *import_text_relation(ImportContext *context, const TableSource *source, gboolean allow_direct, GError **error);
/* FALSE without an error: not possible. */
gboolean import_direct_relation(ImportContext *context, const TableSource *source, GPtrArray *readers,
                                ImportRelation *relation, GError **error);
ImportRelation *import_parquet_relation(ImportContext *context, const TableSource *source, GError **error);

/* A name that no table has yet. (transfer full) */
char *import_table_name(ImportContext *context, const char *name);
void import_report(const ImportContext *context, double fraction, gint64 rows, const char *what);

/* The columns of a text table: names from labels, types from profiles. */
typedef struct {
  guint n_columns;
  ColumnProfile *profiles;
  ColumnPlan *plans;
} TextColumns;

/* Reads the column as text where context->text_types says so. */
void import_force_text(const ImportContext *context, ColumnPlan *plan, ImportedColumn *column);

/* Turns labels into columns with unique names (notes on missing and repeated ones). Of ImportedColumn*. */
GPtrArray *import_name_columns(const GPtrArray *labels, GHashTable *taken);
/* Adds a timestamp for each pair of a date and a time-of-day column; appends its SQL to `select` ("a" + "b" AS "c"). */
void import_join_times(ImportedTable *table, GHashTable *taken, GString *select);

/* Other formats into a staged text file that the text import reads; returned sources refer to it. Of TableSource*. */
GPtrArray *source_json_tables(ImportContext *context, const TableSource *source, GError **error);
GPtrArray *source_sqlite_tables(ImportContext *context, const TableSource *source, GError **error);
GPtrArray *source_xlsx_tables(ImportContext *context, const TableSource *source, GError **error);

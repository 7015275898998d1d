/*
 * lake: files in, Delta tables out. Reading files of any dialect, deciding types, writing Parquet through the engine and
 * the Delta log ourselves; snapshots that pin table versions.
 */
#pragma once
#include "engine/engine.h"
#include <stdio.h>

/* Types a stored column can have. TIME is stored as text HH:MM:SS (Delta has no time type). */
typedef enum { FIELD_TEXT, FIELD_INTEGER, FIELD_DECIMAL, FIELD_DOUBLE, FIELD_BOOLEAN, FIELD_DATE, FIELD_TIMESTAMP,
               FIELD_TIME } FieldType;

/* What reading the files found out about one table, as far as values alone tell. */
typedef struct {
  char *name;          /* physical */
  char *label;         /* original header */
  FieldType type;
  char *yes, *no;      /* BOOLEAN: the words that the cells say it with, "Yes" and "No"; NULL: true and false */
  char *currency;      /* ISO code when cells carried a sign or code; NULL */
  gboolean is_percent; /* cells carried %, stored as fraction */
  gboolean is_path;    /* "A|B|C" */
  char *note;          /* evidence in words: "dates are month/day/year: 4,112 cells have a second number above 12" */
  gboolean to_check;   /* the note says something that a person should look at */
} ImportedColumn;
typedef struct {
  char *table;         /* lake table name, from the file name */
  char *label;
  char *source;        /* file it came from, the first of a series */
  char **sources;      /* all of them; an address, where they were fetched */
  gint64 rows, rejected_rows;
  gint64 aside_rows;   /* not of the table: footer, totals, the header again, another table; kept with the rejected */
  GPtrArray *columns;  /* of ImportedColumn* */
  char **files;        /* Parquet files, where they were made */
  char *placed;        /* where lake.location had it brought; NULL: it lies in lake/ of the workspace */
} ImportedTable;
void imported_column_free(ImportedColumn *column);
void imported_table_free(ImportedTable *table);


/* ---- reading ---- */
/* Progress of a long read: fraction 0..1 (or -1 unknown) and rows so far. Called from the working thread. */
typedef void (*LakeProgress)(double fraction, gint64 rows, const char *what, gpointer user_data);

typedef struct {
  const char *source_name; /* NULL: from the file name */
  LakeProgress progress;
  gpointer progress_data;
} ImportOptions;

/*
 * Reads the files and folders (CSV/TSV of any dialect, .gz, .zst, Parquet, JSON, XLSX, SQLite) and writes one Delta
 * table each to <workspace>/lake/<table>/, version 0. A date and a time-of-day column of one row are joined into a
 * timestamp as well (the date column stays). Rows that cannot be read are written to <workspace>/lake/_rejected/<table>.csv
 * with file, line and reason, and counted. Errors name file and line. Of ImportedTable*. (transfer full)
 */
GPtrArray *lake_import(Engine *engine, const char *workspace, const char *const *paths, const ImportOptions *options,
                       Deadline deadline, GError **error);
/*
 * Brings imported tables to where the setting lake.location says, their logs last; nothing to do without the setting.
 * EXISTS when there is a table of that name. On failure lake_import_undo() takes all of them away again.
 */
gboolean lake_import_place(const char *workspace, GPtrArray *tables, Deadline deadline, GError **error);
void lake_import_undo(const char *workspace, const GPtrArray *tables); /* NULL is fine */
/* The cells of one file before typing, as UTF-8 CSV (comma, RFC 4180 quoting, with header). */
gboolean lake_read_as_csv(const char *path, FILE *out, GError **error);

/* ---- snapshots ---- */
typedef struct {
  char *name;               /* table */
  gint64 version;
  char **files;             /* where the engine finds the Parquet files of that version */
  gint64 rows, bytes;
  char *location;           /* folder of the table, or URL */
  struct DeltaTable *delta; /* that version (lake/delta.h): columns, files with statistics, for pruning */
  GPtrArray *copies;        /* of files elsewhere, held as long as the snapshot is open */
} SnapshotTable;
typedef struct {
  char *id;              /* changes with every load */
  char *name;            /* NULL for the current one */
  char *model_hash;
  gint64 created_ms;
  GPtrArray *tables;     /* of SnapshotTable* */
} LakeSnapshot;

/* Publishes the newest version of every table of the workspace as the current snapshot: write, fsync, rename. Loads of
 * several tables use lake/load.h instead. */
gboolean lake_snapshot_publish(const char *workspace, const char *model_hash, GError **error);
/* The current (name NULL) or a named snapshot. (transfer full) */
LakeSnapshot *lake_snapshot_open(const char *workspace, const char *name, GError **error);
/* The same as lake_snapshot_open(workspace, NULL), with every table at the version it had at that time (milliseconds since
 * 1970, UTC), or with one table (NULL: each that has it) at that version. Tables younger than that are left out. */
LakeSnapshot *lake_snapshot_open_at(const char *workspace, gint64 time_ms, GError **error);
LakeSnapshot *lake_snapshot_open_version(const char *workspace, const char *table, gint64 version, GError **error);
/* Keeps the current snapshot under a name ("week 2026-47"): vacuum never takes a file of it. EXISTS. */
gboolean lake_snapshot_keep(const char *workspace, const char *name, GError **error);
gboolean lake_snapshot_forget(const char *workspace, const char *name, GError **error);
/* A snapshot that was kept under a name. */
typedef struct {
  char *name, *id;
  gint64 kept_ms; /* when it was kept, or last kept anew */
} SnapshotName;
void snapshot_name_free(SnapshotName *name);
/* All of them, newest first. Of SnapshotName*. (transfer full) */
GPtrArray *lake_snapshots(const char *workspace, GError **error);
/* Names, newest first. Of char*. (transfer full) */
GPtrArray *lake_snapshot_names(const char *workspace, GError **error);
/* The id of the current snapshot, read from its file without opening tables: cheap enough to ask often. (transfer full) */
char *lake_snapshot_current_id(const char *workspace, GError **error);
LakeSnapshot *lake_snapshot_ref(LakeSnapshot *snapshot);
void lake_snapshot_unref(LakeSnapshot *snapshot);
const SnapshotTable *lake_snapshot_find(const LakeSnapshot *snapshot, const char *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LakeSnapshot, lake_snapshot_unref)
/* Creates schema "lake" in the engine with one view per table over exactly the snapshot's files. */
gboolean lake_snapshot_attach(const LakeSnapshot *snapshot, Engine *engine, Deadline deadline, GError **error);

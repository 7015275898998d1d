/*
 * profile: what one table's values look like. One pass of counts per table, one over the first rows for shapes of text,
 * and one per column of few values for its frequent values. Inference concludes from this and from exact checks only.
 */
#pragma once
#include "engine/engine.h"
#include "lake/lake.h"

#define PROFILE_EXACT_ROWS 2000000   /* distinct counts are exact up to here, estimated above */
#define PROFILE_SHAPE_ROWS 20000     /* rows whose text is matched against patterns */
#define PROFILE_FREQUENT_VALUES 200  /* values kept per column */
#define PROFILE_FREQUENT_NUMBERS 100  /* integers of more distinct values are measured, not counted */
#define PROFILE_FREQUENT_DISTINCT 20000 /* columns with more distinct values are not counted value by value */

typedef struct {
  char *value; /* as text */
  gint64 rows;
} FrequentValue;

typedef struct {
  const ImportedColumn *column; /* (transfer none) */
  char *sql;                    /* the column as a quoted identifier */
  gint64 filled, nulls, distinct;
  char *minimum, *maximum;      /* ISO text or number; NULL: no value */
  gboolean is_number;
  double low, high, mean;       /* numbers */
  gint64 negative, zero, whole; /* numbers: how many are */
  gboolean is_text;
  /* Text: lengths in and shares of the first non-empty rows. */
  double average_length;
  gint64 longest;
  double email, url, phone, code, spaced, letters, month, card, listed;
  GPtrArray *frequent;          /* of FrequentValue*, most rows first */
  gboolean frequent_complete;   /* every distinct value is in `frequent` */
} ColumnProfile;

typedef struct {
  const ImportedTable *table; /* (transfer none) */
  char *relation;             /* quoted, ready for FROM */
  gint64 rows;
  GPtrArray *columns;         /* of ColumnProfile*, as in table->columns */
} TableProfile;

/* Profiles the relation "lake"."<table>", or "<table>" where there is no such schema. (transfer full) */
TableProfile *profile_table(Engine *engine, const ImportedTable *table, Deadline deadline, GError **error);
void table_profile_free(TableProfile *profile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TableProfile, table_profile_free)

/* The single number a statement gives; NULL is 0. */
gboolean profile_number(Engine *engine, const char *sql, Deadline deadline, double *out, GError **error);
/* The numbers of the single row a statement gives. `out` has room for `count`. */
gboolean profile_numbers(Engine *engine, const char *sql, Deadline deadline, double *out, guint count, GError **error);
/* The value's row count, or 0 where it is not among the frequent values. */
gint64 column_profile_rows_of(const ColumnProfile *column, const char *value);

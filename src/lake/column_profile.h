/*
 * What the cells of one column look like, counted over all of them, and the type concluded from the counts.
 * A plan then turns each cell into the canonical text of its type.
 */
#pragma once
#include "lake/cell_date.h"
#include "lake/cell_number.h"
#include "lake/lake.h"

#define BOOLEAN_PAIRS 10
#define BOOLEAN_LONGEST 6
#define BOOLEAN_PAIRS_ENGLISH 3 /* the first ones */

typedef struct {
  gint64 cells, empty, null_words;     /* null_words: "NA", "-", "None" and the like */
  gint64 point_numbers, comma_numbers; /* valid under each meaning of dot and comma */
  gint64 plain_numbers, point_zeros, leading_zeros, percents, currencies, exponents;
  guint fraction_point, fraction_comma; /* most significant digits after the decimal sign */
  guint written_point, written_comma;   /* the same with trailing zeros */
  guint whole_digits, shortest_whole;
  char currency[4];
  gboolean mixed_currency;
  gint64 dates, settled_dates, year_first, named_months, compact_dates, unsettled, clocked, offset_dates;
  gint64 valid[DATE_ORDER_COUNT],
      only[DATE_ORDER_COUNT];      /* of the unsettled: possible, and possible in no other order */
  gint64 rising[DATE_ORDER_COUNT]; /* cells not before the one above, per order */
  Day previous[DATE_ORDER_COUNT];
  gint64 dots_in_dates, two_digit_years;
  char separator; /* of the unsettled dates, 0 when they differ or there are none */
  int smallest_offset, largest_offset;
  gint64 times;
  gint64 booleans[BOOLEAN_PAIRS], yes_words; /* cells that are a word of the pair; cells that say yes */
  char said[2][BOOLEAN_LONGEST + 1];         /* the first cell that says no, that says yes, as it is written */
  gint64 epoch_seconds, epoch_milliseconds, serial_days; /* whole numbers that may be points in time */
  gint64 paths;
  gsize longest;
  gboolean is_text; /* so much plain text that looking on is of no use */
} ColumnProfile;

/* A pair of words for yes and no, "true" and "false" first; lower case. */
void column_boolean_words(guint pair, const char **yes, const char **no);
/* The pair that all `values` cells are of; BOOLEAN_PAIRS: none. */
guint column_profile_boolean(const ColumnProfile *profile, gint64 values);

void column_profile_init(ColumnProfile *profile);
void column_profile_add(ColumnProfile *profile, const char *text, gsize length);

/* What the other columns of the table tell. */
typedef struct {
  gboolean comma_decimal; /* some column can only be read with decimal commas */
  gint64 date_evidence[DATE_ORDER_COUNT];
} TableEvidence;
void table_evidence_add(TableEvidence *evidence, const ColumnProfile *profile);

typedef struct {
  FieldType type;
  gboolean identifier; /* text that is made of numbers: ".0" falls off */
  gboolean comma_decimal;
  gboolean percent;
  DateOrder order, second_order; /* cells impossible under the first are read under the second */
  gboolean use_second_order;
  gboolean to_utc;
  gint64 epoch_units; /* the number of a timestamp: units per second since 1970 in UTC; 0: it is written out */
  gboolean serial;    /* the number of a date: days since 1899-12-30, as spreadsheets count */
  guint scale;     /* DECIMAL in SQL: digits after the point; 0: 4, as money is stored */
  gboolean simple; /* the cells already are in canonical form: no conversion needed */
} ColumnPlan;

/* Decides the type; fills type, currency, flags and note of `column` (name and label are set by the caller). */
void column_profile_decide(const ColumnProfile *profile, const char *header, const TableEvidence *evidence,
                           ColumnPlan *plan, ImportedColumn *column);

typedef enum { CELL_VALUE, CELL_NULL, CELL_BAD } CellOutcome;
/* Appends the canonical text of the cell; nothing for NULL and for cells that contradict the plan. */
CellOutcome column_plan_convert(const ColumnPlan *plan, const char *text, gsize length, GString *out);
/* "Order ID", "DocNo", "zip", "phone": names of things that are not counted with. */
gboolean header_is_identifier(const char *header);
/* Words of a header in lower case, "DocNo" -> invoice, no. (transfer full) */
GPtrArray *header_words(const char *header);
const char *field_type_sql(FieldType type); /* the engine's type: "DECIMAL(18,4)" */
/*
 * The same conversion as SQL over the text column `name`, appended to `out`; the expression fails on every cell that is
 * not exactly as the profile saw the others. FALSE: the plan is not one of the simple ones that SQL can do.
 */
gboolean column_plan_sql(const ColumnPlan *plan, const ColumnProfile *profile, const char *name, GString *out);
/* Texts that mean NULL in any column, as a SQL list. */
#define COLUMN_NULLS_SQL "['', 'NULL', 'null', 'NaN', 'nan', 'N/A', 'n/a', '#N/A', '\\N', '(null)', '<NA>']"

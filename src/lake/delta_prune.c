/* Which files may hold rows that are asked for. A file goes only when its statistics exclude every row. */
#include "lake/delta.h"
#include <math.h>
#include <string.h>

#define MICROS_PER_DAY (G_GINT64_CONSTANT(86400) * 1000000)

/* A predicate's value in the form of the column's bounds. */
typedef struct {
  DeltaBound least, greatest; /* equal, unless the value lies between two values of the column's type */
  gboolean usable;
  gboolean is_null;
} Comparand;

static void set_integer(Comparand *out, gint64 least, gint64 greatest) {
  out->least.integer = least;
  out->greatest.integer = greatest;
  out->usable = TRUE;
}

/* Numbers against whole or decimal columns: the units just below and above. */
static void number_to_units(const Value *value, int scale, Comparand *out) {
  double scaled = value->number * pow(10, scale);
  gint64 whole;
  if (value->type == VALUE_INT && scale == 0) {
    set_integer(out, value->integer, value->integer);
  } else if (value->type == VALUE_INT && scale <= 18 &&
             !__builtin_mul_overflow(value->integer, (gint64)pow(10, scale), &whole)) {
    set_integer(out, whole, whole);
  } else if (fabs(scaled) < 9e18) {
    gint64 slack = 1 + (gint64)(fabs(scaled) * 4e-16);
    set_integer(out, (gint64)floor(scaled) - slack, (gint64)ceil(scaled) + slack);
  }
}

static gint64 floor_day(gint64 micros) {
  return micros >= 0 ? micros / MICROS_PER_DAY : -((-micros + MICROS_PER_DAY - 1) / MICROS_PER_DAY);
}

static Comparand comparand_of(const DeltaColumn *column, const Value *value) {
  Comparand out = {.usable = FALSE, .is_null = value->type == VALUE_NULL};
  gboolean number = value->type == VALUE_INT || value->type == VALUE_DOUBLE || value->type == VALUE_DECIMAL;
  switch (column->type) {
  case FIELD_INTEGER:
    if (number) number_to_units(value, 0, &out);
    break;
  case FIELD_DECIMAL:
    if (number && column->precision <= 18) number_to_units(value, column->scale, &out);
    break;
  case FIELD_DOUBLE:
    if (number && !isnan(value->number)) {
      /* an integer or decimal may not be a double itself */
      out.least.number = nextafter(value->number, -INFINITY);
      out.greatest.number = nextafter(value->number, INFINITY);
      out.usable = TRUE;
    }
    break;
  case FIELD_BOOLEAN:
    if (value->type == VALUE_BOOL) set_integer(&out, value->integer != 0, value->integer != 0);
    break;
  case FIELD_DATE:
    if (value->type == VALUE_DATE) set_integer(&out, value->integer, value->integer);
    if (value->type == VALUE_TIMESTAMP) /* a date compares as its midnight */
      set_integer(&out, floor_day(value->integer), floor_day(value->integer + MICROS_PER_DAY - 1));
    break;
  case FIELD_TIMESTAMP:
    if (value->type == VALUE_TIMESTAMP) set_integer(&out, value->integer, value->integer);
    if (value->type == VALUE_DATE && ABS(value->integer) < G_MAXINT64 / MICROS_PER_DAY)
      set_integer(&out, value->integer * MICROS_PER_DAY, value->integer * MICROS_PER_DAY);
    break;
  case FIELD_TEXT:
  case FIELD_TIME:
    if (value->type == VALUE_TEXT && value->text) {
      out.least.text = out.greatest.text = (char *)value->text;
      out.usable = TRUE;
    }
    break;
  }
  return out;
}

static int compare(const DeltaColumn *column, const DeltaBound *a, const DeltaBound *b) {
  switch (column->type) {
  case FIELD_TEXT:
  case FIELD_TIME: return strcmp(a->text, b->text);
  case FIELD_DOUBLE: return (a->number > b->number) - (a->number < b->number);
  default: return (a->integer > b->integer) - (a->integer < b->integer);
  }
}

static gboolean is_between(const DeltaColumn *column, const DeltaBounds *bounds, const Comparand *value) {
  return compare(column, &value->greatest, &bounds->minimum) >= 0 && compare(column, &value->least, &bounds->maximum) <= 0;
}

/* Any text with the prefix lies at or after it and before what follows all of them. */
static gboolean may_start_with(const DeltaBounds *bounds, const char *prefix) {
  return strcmp(bounds->maximum.text, prefix) >= 0 &&
         (strcmp(bounds->minimum.text, prefix) <= 0 || g_str_has_prefix(bounds->minimum.text, prefix));
}

static gboolean may_meet_value(const DeltaColumn *column, const DeltaBounds *bounds, DeltaOperator operator,
                               const Value *given) {
  Comparand value = comparand_of(column, given);
  if (value.is_null) return FALSE; /* no row compares with NULL */
  if (!value.usable || !bounds->known) return TRUE;
  switch (operator) {
  case DELTA_EQUAL:
  case DELTA_IN: return is_between(column, bounds, &value);
  case DELTA_NOT_EQUAL:
    return compare(column, &value.least, &value.greatest) != 0 || compare(column, &bounds->minimum, &bounds->maximum) != 0 ||
           compare(column, &bounds->minimum, &value.least) != 0;
  case DELTA_LESS: return compare(column, &bounds->minimum, &value.greatest) < 0 ||
                          compare(column, &value.least, &value.greatest) != 0;
  case DELTA_LESS_EQUAL: return compare(column, &bounds->minimum, &value.greatest) <= 0;
  case DELTA_GREATER:
    return compare(column, &bounds->maximum, &value.least) > 0 || compare(column, &value.least, &value.greatest) != 0;
  case DELTA_GREATER_EQUAL: return compare(column, &bounds->maximum, &value.least) >= 0;
  case DELTA_STARTS_WITH: return column->type != FIELD_TEXT || may_start_with(bounds, given->text);
  case DELTA_IS_NULL:
  case DELTA_IS_NOT_NULL: return TRUE;
  }
  return TRUE;
}

static gboolean may_meet(const DeltaTable *table, const DeltaFile *file, const DeltaPredicate *predicate) {
  int at = delta_table_column_index(table, predicate->column);
  if (at < 0 || (guint)at >= file->n_bounds) return TRUE;
  const DeltaColumn *column = table->columns->pdata[at];
  const DeltaBounds *bounds = &file->bounds[at];
  gboolean only_nulls = file->rows >= 0 && bounds->nulls == file->rows;
  if (predicate->operator == DELTA_IS_NULL) return bounds->nulls != 0;
  if (only_nulls || predicate->operator == DELTA_IS_NOT_NULL) return !only_nulls;
  /* Doubles: a NaN is in no statistics and greater than everything. */
  if (column->type == FIELD_DOUBLE && predicate->operator != DELTA_LESS && predicate->operator != DELTA_LESS_EQUAL &&
      predicate->operator != DELTA_EQUAL && predicate->operator != DELTA_IN)
    return TRUE;
  for (guint i = 0; i < predicate->n_values; i++)
    if (may_meet_value(column, bounds, predicate->operator, &predicate->values[i])) return TRUE;
  return predicate->n_values == 0 && predicate->operator != DELTA_IN;
}

gboolean delta_file_may_match(const DeltaTable *table, const DeltaFile *file, const DeltaPredicate *predicates,
                              guint n_predicates) {
  if (file->rows == 0) return FALSE;
  for (guint i = 0; i < n_predicates; i++)
    if (!may_meet(table, file, &predicates[i])) return FALSE;
  return TRUE;
}

GPtrArray *delta_table_prune(const DeltaTable *table, const DeltaPredicate *predicates, guint n_predicates) {
  GPtrArray *kept = g_ptr_array_new();
  for (guint i = 0; i < table->files->len; i++)
    if (delta_file_may_match(table, table->files->pdata[i], predicates, n_predicates))
      g_ptr_array_add(kept, table->files->pdata[i]);
  return kept;
}

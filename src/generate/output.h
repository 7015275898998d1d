/* A CSV file being written: text is gathered and written out by the megabyte. One thread. */
#pragma once
#include "generate/world.h"
#include <errno.h>
#include <stdio.h>

#define OUTPUT_BUFFER_BYTES (1u << 20)

typedef struct {
  FILE *file;
  char *path;
  GString *text;
  gint64 bytes; /* written out */
  int failed;   /* errno of the first failure */
} Output;

static inline gboolean output_flush(Output *output) {
  if (output->text->len && fwrite(output->text->str, 1, output->text->len, output->file) != output->text->len &&
      !output->failed)
    output->failed = errno ? errno : EIO;
  output->bytes += (gint64)output->text->len;
  g_string_truncate(output->text, 0);
  return !output->failed;
}

/* Ends a line that stands in `text`; writes out when enough has gathered. */
static inline void output_end_line(Output *output) {
  g_string_append_c(output->text, '\n');
  if (output->text->len >= OUTPUT_BUFFER_BYTES) output_flush(output);
}

static inline void output_int(GString *text, gint64 value) {
  char digits[24], *at = digits + sizeof digits;
  guint64 rest = value < 0 ? 0 - (guint64)value : (guint64)value;
  do *--at = (char)('0' + rest % 10);
  while (rest /= 10);
  if (value < 0) *--at = '-';
  g_string_append_len(text, at, digits + sizeof digits - at);
}

static inline void output_two(GString *text, guint value) {
  g_string_append_c(text, (char)('0' + value / 10 % 10));
  g_string_append_c(text, (char)('0' + value % 10));
}

static inline void output_cents(GString *text, gint64 cents) {
  output_int(text, cents / 100);
  g_string_append_c(text, '.');
  output_two(text, (guint)(cents % 100));
}

static inline void output_date(GString *text, Day day) {
  int year, month, day_of_month;
  day_to_ymd(day, &year, &month, &day_of_month);
  output_int(text, year);
  g_string_append_c(text, '-');
  output_two(text, (guint)month);
  g_string_append_c(text, '-');
  output_two(text, (guint)day_of_month);
}

static inline void output_moment(GString *text, Day day, guint second) {
  output_date(text, day);
  g_string_append_c(text, ' ');
  output_two(text, second / 3600);
  g_string_append_c(text, ':');
  output_two(text, second / 60 % 60);
  g_string_append_c(text, ':');
  output_two(text, second % 60);
}

/* files.c. Opens DIR/name with a header line; NULL with IO, NO_SPACE. (transfer full) */
Output *output_open(const char *folder, const char *name, const char *header, GError **error);
/* Writes out and closes; FALSE with what failed. Frees in any case. `bytes` (may be NULL) is added to. */
gboolean output_close(Output *output, gint64 *bytes, GError **error);
void output_discard(Output *output); /* after a failure elsewhere; NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Output, output_discard)

/* ---- what was written ---- */
typedef struct {
  GenerateSummary written;
  gint64 distinct_orders, distinct_lines, duplicate_lines, late_lines, cancelled_lines, returned_units;
  gint64 dirty[DIRTY_KINDS]; /* distinct lines */
  Amounts clean;             /* distinct lines without the dirty ones, and the orders that have such a line */
  Amounts everything;        /* distinct lines as they were before they got dirty */
  gint64 year_revenue[8];    /* of `everything`, by year from the first */
  gint64 clean_year_revenue[8];
  EventEffects effects;
} Account;
void account_add(Account *sum, const Account *part);

/* files.c: orders, lines, visits and reviews of days [from, to), and what comes late from [before, from). */
gboolean generate_period_files(const World *world, guint before, guint from, guint to, Account *account,
                               Deadline deadline, GError **error);
/* tables.c: everything else, one by one, so that threads can share the work. */
guint generate_table_count(void);
gboolean generate_table(const World *world, guint number, Account *account, Deadline deadline, GError **error);
/* truth.c */
gboolean generate_truth(const World *world, const Account *account, GError **error);

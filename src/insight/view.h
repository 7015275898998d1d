/*
 * ResultView: an InsightInput with its meaning laid out. Which columns group and which measure, what rows are called,
 * which period or member is compared with which, whether all of the data is in view. Narrator, fact check, chart and
 * drawing all read the result through it, so they cannot disagree on names. Lives within one call; borrows everything
 * from the input.
 */
#pragma once
#include "insight/insight.h"

typedef struct {
  guint column;
  const Dimension *dimension; /* NULL: the query does not tell */
  const Field *field;         /* NULL: unknown */
  gboolean is_time;           /* calendar buckets */
  gboolean is_cyclic;         /* weekday, hour of day: natural order, no growth */
  gboolean is_bucket;         /* ranges of a value */
  gboolean is_each_value;     /* of how much each thing has: "1 order line", "2 order lines" */
  TimeUnit unit;              /* calendar buckets: which */
  char *noun, *nouns;         /* "sub-category", "sub-categories" */
  char **labels;              /* per row, as sentences say it: "November 2020", "West", "customer 17850", "(none)" */
} ViewDimension;

/* All columns of one measure; -1 where the result has no such column. */
typedef struct {
  int measure;
  int value, previous, change, growth, share, window;
  int main;          /* the column that is told first */
  char *name;        /* as in mid-sentence: "sales" */
  gboolean plural;   /* "sales were" */
  gboolean additive; /* values of groups may be added up */
  gboolean lower_is_better;
  gboolean is_profit; /* below zero it is a loss */
} ViewMeasure;

typedef struct {
  const InsightInput *input;
  const SemanticQuery *query; /* never NULL */
  SemanticQuery *own_query;
  GPtrArray *dimensions; /* of ViewDimension* */
  GPtrArray *measures;   /* of ViewMeasure* */
  gsize n_rows;
  gboolean limited;  /* rows were cut off */
  gboolean complete; /* every group is there: totals and shares may be computed */
  gboolean is_detail;
  gboolean is_series; /* one time dimension, rows in order of time */
  gboolean is_compared;
  char *current_name, *previous_name; /* compared periods or members; NULL */
  gboolean previous_is_period;
  gboolean of_snapshots; /* the two sides are states of the data, not periods */
  char *rows_noun, *row_noun; /* what one row is: "order line(s)", else "row" */
  char *filter_context;       /* " for West": with a leading space; may be "" */
  char *context;              /* " for West in 2019": filters and time */
  GPtrArray *context_phrases; /* of char*: the parts of it that may stand in a sentence unchecked */
} ResultView;

ResultView *result_view_new(const InsightInput *input);
void result_view_free(ResultView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ResultView, result_view_free)

ViewDimension *view_dimension(const ResultView *view, guint index);
ViewMeasure *view_measure(const ResultView *view, guint index);
const AnswerColumn *view_column(const ResultView *view, int column);
/* NAN for NULL and for what is no number. */
double view_number(const ResultView *view, gsize row, int column);
gboolean view_is_fraction(const ResultView *view, int column); /* fraction or pp */
/* Sum of a column over all rows; NAN when there is no number. */
double view_sum(const ResultView *view, int column);
/* No value of the column is negative. */
gboolean view_non_negative(const ResultView *view, int column);
/* A row's members joined: "Retail in West". (transfer full) */
char *view_row_label(const ResultView *view, gsize row);
char *view_row_name(const ResultView *view, gsize row); /* the same for charts: "Retail · West" (transfer full) */
/* The periods of a series follow each other without a gap, as far as can be told. */
gboolean view_is_contiguous(const ResultView *view);
/* Amounts in the column's unit, for values that were computed. (transfer full) */
char *view_format(const ResultView *view, int column, double value);
/* Two of them beside each other: fractions that would read alike get more digits. (both transfer full) */
void view_format_pair(const ResultView *view, int column, double one, double other, char **one_text, char **other_text);
char *view_format_percent(double fraction);
char *view_format_points(double difference); /* size of a difference of two fractions: "1.2 pp" (transfer full) */
/* "Payment_Method", "BookedOn" -> "payment method", "invoice date"; words in capitals stay. (transfer full) */
char *view_words(const char *label);
/* "2020-11" -> "November 2020" ("Nov 2020" when brief); what is no period is copied. (transfer full) */
char *view_period_label(const char *period, gboolean brief);
char *view_day_label(Day day, gboolean brief); /* "3 January 2017" */
/* The cell as people read it within one dimension: codes by name, periods, "(none)". (transfer full) */
char *view_cell_label(const ResultView *view, const ViewDimension *dimension, gsize row, gboolean brief);
/* Signs in front of changes, units left to the caller. (transfer full) */
char *view_format_cell(const AnswerColumn *column, const Value *value, gboolean signed_changes);
/* Context of the query in words; fills context and context_phrases. */
void view_describe_context(ResultView *view);
gboolean view_is_plural(const char *name);
char *view_capital(const char *name); /* first letter upper (transfer full) */
/* The dataset has one row for each of some things (stores, members), and is not what the questions are mostly about. */
gboolean view_lists_things(const ResultView *view, const Dataset *dataset);
/* "for Diabetes", "with more than 1 orders": the filters of a measure of its own. (transfer full) */
char *view_filter_words(const ResultView *view, const GPtrArray *filters);
/* Each row is one event with what is said of it: order, customer, date. */
gboolean view_lists_events(const ResultView *view);
/* The row's period, in a series, goes on well after the data or the time asked about ends. */
gboolean view_is_partial(const ResultView *view, gsize row);
/* Digits only, or too short to stand alone: needs its noun in front. */
gboolean view_is_bare(const char *label);

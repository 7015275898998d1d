/* What the passes that read measures share. Measures returned are the caller's. */
#pragma once
#include "ask/parse.h"

/* The fact a metric comes from; of a ratio the fact of its numerator; NULL: several or none. */
const Dataset *measure_fact(const Parse *parse, const Metric *metric);
/* The column that the metric aggregates; NULL: it computes what it takes from a row, or has no rows of its own. */
const Field *measure_row_field(const Parse *parse, const Metric *metric);
/* The model's own ratio of the two; NULL: it has none. */
const Metric *measure_known_ratio(const Parse *parse, const Metric *top, const Metric *below);
/* Rows that the other metric leaves out (cancelled ones) are left out of the measure of `metric` too, where it knows them. */
void measure_leave_out_alike(const Parse *parse, Measure *measure, const Metric *metric, const Metric *other);
/* A sum or a count: something that can be averaged over orders, customers, days. */
gboolean metric_is_total(const Metric *metric);
/* Whether `top` counts things that several of the entity have: one product is in many orders, so their numbers cannot be divided. */
gboolean measure_is_shared(const Parse *parse, const Metric *top, const Entity *entity);
/* "total order value", where that is an average: what the average is taken of. NULL: it is none, or the words say so. */
const Metric *measure_total_of_average(const Parse *parse, guint index);
/* `top` for each of the entity: the model's own ratio where it has one. NULL: the entity cannot be counted. */
Measure *measure_ratio_per(const Parse *parse, const Metric *top, const Entity *entity);
/* Aggregate of `inner` (taken over) per entity, or per unit of time where `entity` is NULL. */
Measure *measure_per(Measure *inner, Aggregate aggregate, const Entity *entity, TimeUnit unit);
/* The date itself, shown under the name of its column. */
Measure *measure_of_date(const Field *date);
/* Aggregate over single rows of the metric's own row expression. */
Measure *measure_of_rows(const Parse *parse, const Metric *metric, Aggregate aggregate);

/* What an unclaimed noun adds up to: a sum or a count; NULL: nothing. */
const Metric *measure_countable(const Parse *parse, const Item *item);
/* `top` over `below`: the model's own ratio of the two, else one made here. */
Measure *measure_quotient(const Parse *parse, const Metric *top, const Metric *below);

/* The metric over just the condition that is filtered on, shown with its natural sign (units returned), where the model has it. */
const Metric *measure_of_condition(const Parse *parse, const Metric *metric);

/* What the noun measures: a metric, the number of an entity or of rows; NULL: nothing. */
const Metric *measure_noun_metric(const Parse *parse, const Item *item);

/* The number at `index` with what scales it ("2 million"); `end`: the item after it. */
double parse_scaled_number(Parse *parse, guint index, guint *end);
/* "100k", "2.5m": such words become numbers. */
void parse_read_scaled_numbers(Parse *parse);
/* Counts the noun at `index`: an entity, rows, different values. FALSE: it cannot be counted. */
gboolean parse_count_item(Parse *parse, guint index);
/* "how did the campaign do", "what do agents earn": not how many of them there are. */
gboolean parse_asks_how_it_fares(const Parse *parse);
/* "styles", "titles": one of them is a kind of thing, no piece of it. */
gboolean parse_names_kind(const Parse *parse, const Item *item);
void parse_counts(Parse *parse);
/* "bought the most tea products (by value)": measured by money, though products are counted. */
void parse_rank_by_value(Parse *parse);

/* The noun that "per", "of an", "on a single" leads to after `after`; -1. */
int parse_per_noun(const Parse *parse, guint after, ItemKind *kind);
/* Whether one of the words stands right before the noun. */
gboolean parse_linked_by(const Parse *parse, guint noun, const char *const *words);
void parse_claim_between(Parse *parse, guint first, guint last);
/* Adds `aggregate` (named at item `index`) of a metric, per the noun at `noun` (-1: none). */
void parse_add_aggregate(Parse *parse, guint index, Aggregate aggregate, const Metric *metric, int noun);
void parse_aggregates(Parse *parse);
void parse_pieces_per(Parse *parse);
void parse_quotients(Parse *parse);

/* Whether the noun at `noun`, after "per" or "each" at `by`, is what a total is divided by, rather than a group. */
gboolean parse_is_denominator(const Parse *parse, guint by, guint noun);
/* "average sales per order" where the model calls "average sales" what it divides by orders: said twice, no group. */
gboolean parse_repeats_denominator(const Parse *parse, guint by, guint noun);

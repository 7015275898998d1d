/*
 * Reading one question: passes over its items, from the most specific construction to the plainest piece. Each pass looks
 * for its triggers, puts its piece into the query, and claims the items it used. A pass that must ask back or refuse
 * calls parse_clarify / parse_refuse; the first one stands.
 */
#pragma once
#include "ask/item.h"

typedef struct {
  Items *items;
  const Lexicon *lexicon;
  const Model *model;
  const AskContext *context;
  SemanticQuery *query;
  GPtrArray *assumptions;     /* of char* "code|text" */
  AskResult *verdict;         /* set once asked back or refused */
  gboolean fragment;          /* reading a follow-up: defaults come from the query before */
  gboolean metric_named;      /* the question names what is measured */
  gboolean listing;           /* which/list: the group is what is asked for */
  gboolean singular;          /* "which region": one row */
  gboolean group_named;       /* by, per, each, which: groups were named */
  gboolean plain_list;        /* just the things are asked for, no measure of them */
  gboolean limit_named;
  gboolean order_named;
  gboolean change_asked;      /* grew, fell, change, compared: two periods belong together */
  gboolean change_tested;     /* by more than 50 %: a test on the change was found */
  gboolean total_asked;       /* combined, in total */
  gboolean time_given, all_time;
  gboolean baseline_given;    /* follow-up: the period is what the question before is compared with */
  guint series_units;         /* bit per TimeUnit named as a series */
  int subject;                /* item of the noun after which/how many/top; -1 */
  const Entity *counted;      /* entity that is counted */
  const Field *counted_field; /* or the field whose different values are */
} Parse;

/* ---- looking at items ---- */
guint parse_n(const Parse *parse);
Item *parse_item(const Parse *parse, guint index);
/* First unclaimed item of the class at or after `from`; -1. */
int parse_find_word(const Parse *parse, WordClass word, guint from);
gboolean parse_has_word(const Parse *parse, WordClass word);
gboolean parse_free_word(const Parse *parse, guint index, WordClass word);
/* First word of the item, folded; "" before the first and past the last item. Borrowed from the question's tokens. */
const char *parse_fold(const Parse *parse, int index);
/* Index of the next item that is not an unclaimed stop word (or any of `skip` classes), from `index` on; -1 past the end. */
int parse_next(const Parse *parse, guint index);
int parse_before(const Parse *parse, guint index);
/* Stems of one root: "delivered" and "delivery", "open" and "opened", "hire" and "hiring". */
gboolean parse_same_root(const char *a, const char *b);
void parse_claim(Parse *parse, guint index, const char *as);
/* "in total", "overall": the question says nothing else than that the sum of all is wanted. */
gboolean parse_asked_total(const Parse *parse);
void parse_claim_word(Parse *parse, WordClass word, const char *as);
void parse_describe(Parse *parse, guint index, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* ---- building ---- */
void parse_assume(Parse *parse, const char *code, const char *format, ...) G_GNUC_PRINTF(3, 4);
void ask_option_free(gpointer option); /* an AskOption* */
void parse_clarify(Parse *parse, const char *question);
void parse_add_option(Parse *parse, const char *label, SemanticQuery *query); /* takes the query */
void parse_refuse(Parse *parse, const char *code, const char *missing, const char *format, ...) G_GNUC_PRINTF(4, 5);
int parse_add_metric(Parse *parse, const Metric *metric); /* index; never twice */
int parse_add_measure(Parse *parse, Measure *measure);    /* takes it */
const Metric *parse_default_metric(const Parse *parse);
const Metric *parse_entity_metric(const Parse *parse, const Entity *entity);
/* Whether the metric counts the entity, all of it or a part ("completed orders"). */
gboolean parse_metric_counts(const Parse *parse, const Metric *metric, const Entity *entity);
/* Field by which the main fact (or another fact) refers to an entity that lives in a table of its own; NULL: none does. */
const Field *parse_entity_reference(const Parse *parse, const Entity *entity);
const Metric *parse_rows_metric(const Parse *parse, const Dataset *dataset);
void parse_add_field_dimension(Parse *parse, const Field *field);
void parse_add_time_dimension(Parse *parse, TimeUnit unit);
int parse_time_dimension(const Parse *parse); /* index; -1 */
/* Metric of the item, also when the word reads as something else first. */
const Metric *item_metric(const Item *item);
/* Field the noun groups by; NULL when it is no such noun. */
const Field *parse_group_field(const Parse *parse, const Item *item);
gboolean parse_is_group_noun(const Parse *parse, const Item *item);
void parse_group_by_item(Parse *parse, guint index);
/* Date field of the main fact and its visible range. */
DateRange parse_data_range(const Parse *parse);
/* What things are called under `field`: the product under its group, the customer under their segment; NULL: nothing. */
const Entity *parse_thing_within(const Parse *parse, const Field *field);
/* The table with one row for each of the entity; NULL: there is none. */
const Dataset *parse_listing_dataset(const Parse *parse, const Entity *entity);
/* The date of the entity's own table that the question speaks of ("joined", "opened"); NULL: it speaks of none. */
const Field *parse_own_date(const Parse *parse, const Entity *entity);
/* Rows of the groups (of `entity`, or where that is NULL of `field`) whose measure passes; joins the query's filters. Takes the measure. */
Filter *parse_add_group_filter(Parse *parse, const Entity *entity, const Field *field, Measure *measure);
/* Whether the question speaks of lines or events, so that conditions on single rows are meant. */
gboolean parse_names_rows(const Parse *parse);

/* Whether the noun or value at `index` stands under "excluding", "not", "outside" or before "excluded"; claims that word. */
gboolean parse_is_negated(Parse *parse, guint index);
/* The main fact's field by which it leads to the noun's table, where not every row has one; NULL: it is no such noun. */
const Field *parse_loose_link(const Parse *parse, const Item *item);

/* ---- passes ---- */
void parse_wording(Parse *parse);   /* the first three, the runner-up, change to the previous month, the monthly average */
void parse_spread(Parse *parse);    /* orders by their number of lines; days that pass a test */
void parse_events(Parse *parse);    /* orders over 500 with their columns, or counted by group */
void parse_gone(Parse *parse);      /* customers won, lost, not come back */
void parse_special(Parse *parse);   /* days between, first/last date, more than once, bought but never, new, lost money */
void parse_own_date_of(Parse *parse); /* when did the Kendal branch open; called by parse_special */
void parse_state_of(Parse *parse);    /* which stores are closed; called by parse_filters */
/* Only Tea; no Tea in it; called by parse_special. `person`: who buys, NULL: nobody is spoken of. */
void parse_without(Parse *parse, const Entity *person);
/* A filter on what else the entity did (transfer full), and one more value for it. */
Filter *parse_new_did(const Entity *entity, gboolean negated);
void parse_add_did_value(GPtrArray *filters, const Item *item);
void parse_listed_prices(Parse *parse); /* the unit price of a product: that of the list of products */
void parse_known_groups(Parse *parse);  /* which promotion sold most: one of them, not the rows without; once all is ranked */
void parse_happened(Parse *parse);    /* orders with a return, without a payment; called by parse_special */
void parse_finish_happened(Parse *parse); /* customers who returned something in May: that is when they did; once the period is known */
void parse_happened_dates(Parse *parse); /* by month of order, of what came back later; once the measures are known */
/* Whether measures stand on rows with a date of their own, and lead to those of this date. */
gboolean parse_has_other_date(const Parse *parse, const Field *date);
/* Whether the noun names rows of another event than what is measured. */
gboolean parse_is_other_event(const Parse *parse, const Item *item);
void parse_durations(Parse *parse); /* days from one date to another */
void parse_lists(Parse *parse);     /* what a table lists: who joined when, what opened first */
void parse_filters(Parse *parse);   /* values, conditions, missing, weekends */
void parse_flags(Parse *parse);     /* vegetarian dishes; called by parse_filters */
/* "promo days", "weeks with a holiday": claims the noun of time beside the flag (or its value) at `index`, which only carries it. */
void parse_claim_flagged_period(Parse *parse, guint index, const Field *field);
void parse_presence_sides(Parse *parse); /* with a voucher against without; called by parse_filters */
void parse_links(Parse *parse);     /* on promotion, with a card, members against non-members; called by parse_filters */
void parse_claim_loose_links(Parse *parse); /* such nouns that nothing else used: only rows that have one */
void parse_groups(Parse *parse);    /* by, each, which, monthly */
void parse_measures(Parse *parse);  /* metrics, counts, aggregates, per entity */
void parse_buckets(Parse *parse);   /* orders by size */
void parse_ages(Parse *parse);      /* customers over 60, by age group */
void parse_columns(Parse *parse);   /* two parts of one measure side by side */
void parse_reach(Parse *parse);     /* which of several fields of one name */
void parse_rank(Parse *parse);      /* top n, highest, order */
void parse_tests(Parse *parse);     /* above 100,000; more than 10 orders */
void parse_times(Parse *parse);     /* periods and what they are for */
void parse_changes(Parse *parse);   /* growth, comparisons, shares, windows, why */
void parse_share(Parse *parse);
void parse_finish_special(Parse *parse); /* cohorts, once the groups are known */
void parse_decide(Parse *parse);    /* what is left over */

/* ---- follow-ups ---- */
gboolean followup_applies(const Parse *parse);
void followup_drop_replaced(Parse *parse); /* what stands after "instead of" */
void followup_merge(Parse *parse); /* the fragment's pieces into a copy of the query before */

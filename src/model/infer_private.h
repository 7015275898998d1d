/* Parts of inference that call each other. */
#pragma once
#include "model/infer.h"

/* A field computed from a column; NULL when the name is taken. */
InferColumn *infer_add_computed(Inference *inference, InferTable *table, const InferColumn *source, const char *name,
                                FieldType type, FieldRole role, const char *expression);
/* Spellings that differ in capitals only become one; last, for it makes columns computed fields. */
gboolean infer_spelling(Inference *inference, GError **error);
/* What columns mean without the words that several headers of the table begin with. */
void infer_shared_prefixes(const Inference *inference, InferTable *table);
/* What clicks and impressions cost is advertising, whatever the header calls it. */
void infer_costs_of_clicks(const Inference *inference, const InferTable *table);
/* What is sold, where only the numbers of lines are called after it. */
void infer_goods_of_lines(const Inference *inference, InferTable *table);
gboolean infer_joins(Inference *inference, GError **error);
void infer_facts(Inference *inference);
/* TRUE when rows of `from` lead many-to-one to `to`, or they are the same. */
gboolean infer_leads_to(const Inference *inference, const InferTable *from, const InferTable *to);
/* Order lines with a price and no quantity. */
gboolean infer_rows_are_pieces(const InferTable *table);
/* What may join two columns: 3 same name or same thing, 2 same ending, 1 values only; 0: nothing. */
int infer_join_strength(const InferColumn *many, const InferColumn *one);
/* 2: the table sells for money; 1: counts something sold; 0: neither. */
int infer_sales_rank(const InferTable *table);
/* A join of `many` to `one` by two or three columns, where there is one and no path yet. */
gboolean infer_link(Inference *inference, InferTable *many, InferTable *one, GError **error);
/* Every value of the column stands on one date only, and several of them on one date. */
gboolean infer_numbers_events(Inference *inference, const InferColumn *column, const InferColumn *date, gboolean *numbers, GError **error);

/* The condition of rows on which this expression is below 0. */
void infer_add_loss(Inference *inference, const InferTable *table, const char *profit, const char *reason);

/* ---- metrics ---- */
/* NULL when both the name and the longer "<dataset>_<name>" are taken. (transfer none) */
Metric *infer_add_metric(Inference *inference, const char *name, Aggregate aggregate, const InferTable *table,
                         const char *expression);
/* The metric of one column, with its header's words. */
Metric *infer_add_column_metric(Inference *inference, const char *name, const InferColumn *column);
/* What people are shown for the numbers of a column. (transfer full) */
char *infer_metric_label(const Inference *inference, const InferColumn *column);
void infer_describe(Inference *inference, Metric *metric, const char *label, const char *unit, const char *description);
void infer_add_words(Inference *inference, Metric *metric, char *const *words);
void infer_add_concept_words(Inference *inference, Metric *metric, const char *concept);
void infer_add_header_words(const Inference *inference, Metric *metric, const InferColumn *column);
/* The column as a number; percentages as fractions. (transfer full) */
char *infer_column_expression(const InferColumn *column);
/* A word that means the second metric rather than the first. */
void infer_move_word(Metric *from, Metric *to, const char *word);
/* TRUE for money and units of sales: cancelled rows do not belong to them. */
gboolean infer_column_is_sale(const InferColumn *column);
void infer_apply_net(Inference *inference, const InferTable *table, Metric *metric);
gboolean infer_revenue(Inference *inference, InferTable *table, GError **error);
void infer_ratios(Inference *inference, const InferTable *table);

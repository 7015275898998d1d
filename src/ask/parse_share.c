/* Shares: of each group in the total, or of one part in the whole. */
#include <string.h>

#include "ask/parse.h"

static gboolean is_verb(const Item *item, const Parse *parse) {
  static const char *const VERBS[] = {"come", "comes", "came", "is", "are", "was", "were", "did", "do", "does", "have", "has", "had",
      "belong", "belongs", "go", "goes", "went", "made", "make", "ordered", "bought", "buy", "paid", "used", "contain", "contained", "from",
      "by", "that", "who", "which", "account", "accounts", "accounted", "placed", "generated", "with", "using", "included", "include", NULL};
  const char *fold = token_at(parse->items->tokens, item->first)->fold;
  for (const char *const *verb = VERBS; *verb; verb++)
    if (strcmp(fold, *verb) == 0) return item->kind == ITEM_STOP || item->kind == ITEM_WORD;
  return FALSE;
}

static Measure *whole_of(const Measure *part) {
  Measure *whole = measure_copy(part);
  g_ptr_array_set_size(whole->filters, 0);
  return whole;
}

static gboolean belongs_to_whole(const Parse *parse, const Filter *filter, guint share_at) {
  gboolean after_noun = FALSE;
  for (guint i = share_at + 1; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->filter == filter) return TRUE;
    if (after_noun && is_verb(item, parse)) return FALSE;
    if (item->kind == ITEM_METRIC || item->kind == ITEM_ENTITY || item->kind == ITEM_ROWS) after_noun = TRUE;
  }
  return FALSE;
}

/* The filters spoken of after the verb make the part; the others (and the period) hold for both. */
static void make_ratio(Parse *parse, guint share_at) {
  GPtrArray *filters = parse->query->filters;
  Measure *part = g_ptr_array_steal_index(parse->query->measures, 0);
  guint n_part = 0;
  gboolean any_whole = FALSE;
  for (guint i = 0; i < filters->len; i++) any_whole = any_whole || belongs_to_whole(parse, g_ptr_array_index(filters, i), share_at);
  for (guint i = 0; i < filters->len;) {
    Filter *filter = g_ptr_array_index(filters, i);
    gboolean negated_condition = filter->kind == FILTER_CONDITION && filter->negated; /* "cancellations excluded" is for both */
    gboolean numerator = !negated_condition && (filter->kind == FILTER_ENTITY || filter->kind == FILTER_DID || !any_whole ||
                                                !belongs_to_whole(parse, filter, share_at));
    if (numerator) {
      g_ptr_array_add(part->filters, g_ptr_array_steal_index(filters, i));
      n_part++;
    } else {
      i++;
    }
  }
  if (n_part == 0 && filters->len > 0) { /* "percentage of cancelled orders": the only restriction is the part */
    while (filters->len > 0) g_ptr_array_add(part->filters, g_ptr_array_steal_index(filters, 0));
    n_part = 1;
  }
  if (n_part == 0) {
    g_ptr_array_insert(parse->query->measures, 0, part);
    return;
  }
  Measure *ratio = measure_new(MEASURE_RATIO);
  ratio->left = part;
  ratio->right = whole_of(part);
  const Metric *metric = part->metric != NULL ? model_find_metric(parse->model, part->metric) : NULL;
  ratio->name = g_strdup_printf("share_of_%s", metric != NULL ? metric->name : "total");
  ratio->label = g_strdup_printf("Share of %s", metric != NULL ? metric->label : "total");
  g_ptr_array_insert(parse->query->measures, 0, ratio);
}

/* "share of units bought by members per branch": a part within each group. */
static gboolean part_is_named(const Parse *parse, guint share_at) {
  for (guint i = 0; i < parse->query->filters->len; i++) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, i);
    if (filter->kind == FILTER_CONDITION && filter->negated) continue;
    if (filter->kind == FILTER_FIELD && (filter->op != OP_EQUAL || filter->values->len != 1)) continue;
    gboolean grouped = FALSE;
    for (guint d = 0; d < parse->query->dimensions->len; d++)
      grouped = grouped || g_strcmp0(((const Dimension *)g_ptr_array_index(parse->query->dimensions, d))->field, filter->field) == 0;
    if (!grouped && !belongs_to_whole(parse, filter, share_at)) return TRUE;
  }
  return FALSE;
}

void parse_share(Parse *parse) {
  if (parse->verdict != NULL) return;
  int share = parse_find_word(parse, WORD_SHARE, 0);
  if (share < 0) return;
  for (guint i = (guint)share + 1; i < parse_n(parse) && i <= (guint)share + 3; i++) { /* "percentage sales growth" */
    const Item *item = parse_item(parse, i);
    if (item_is_word(item, WORD_GROW) || item_is_word(item, WORD_RISE) || item_is_word(item, WORD_FALL) || item_is_word(item, WORD_CHANGE)) {
      parse_claim(parse, (guint)share, "relative change");
      return;
    }
  }
  if (parse->fragment && parse->query->measures->len == 0) { /* "as a share of the total" */
    parse->query->share = SHARE_TOTAL;
    parse_claim_word(parse, WORD_SHARE, "share");
    parse_claim_word(parse, WORD_SUM, "total");
    return;
  }
  if (parse->query->measures->len == 0) {
    const Metric *metric = parse_default_metric(parse);
    if (metric == NULL || (parse->query->filters->len == 0 && parse->query->dimensions->len == 0)) return;
    parse_add_metric(parse, metric);
    parse_assume(parse, "default_metric", "measured by %s", metric->label);
  }
  const Measure *asked = g_ptr_array_index(parse->query->measures, 0);
  const Metric *asked_metric = asked->metric != NULL ? model_find_metric(parse->model, asked->metric) : NULL;
  if (asked_metric != NULL && asked_metric->kind == METRIC_RATIO && g_strcmp0(asked_metric->unit, "fraction") == 0) {
    parse_claim_word(parse, WORD_SHARE, "share"); /* a rate of the model is a share already */
    return;
  }
  if (parse->total_asked && parse->query->limit > 0) {
    parse_clarify(parse, "The share of each of them, or of all of them together?");
    return;
  }
  gboolean entity_test = FALSE;
  for (guint i = 0; i < parse->query->filters->len; i++) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, i);
    entity_test = entity_test || filter->kind == FILTER_ENTITY || filter->kind == FILTER_DID;
  }
  if (entity_test && parse->listing == FALSE) make_ratio(parse, (guint)share);
  else if (parse->query->dimensions->len > 0 && !part_is_named(parse, (guint)share)) parse->query->share = SHARE_TOTAL;
  else make_ratio(parse, (guint)share);
  parse_claim_word(parse, WORD_SHARE, "share");
  parse_claim_word(parse, WORD_SUM, "total");
  parse->change_asked = FALSE;
}

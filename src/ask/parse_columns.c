/* Two parts of one measure side by side: "delivered value next to cancelled value" is two columns, not two rows. */
#include <string.h>

#include "ask/parse.h"

/* What one side is narrowed by: a value's filter, or a condition's. */
typedef struct {
  guint item;
  const Filter *filter;
} Side;

static gboolean is_side(const Item *item) {
  return item->filter != NULL && !item->negated && (item->kind == ITEM_VALUE || item->kind == ITEM_CONDITION);
}

static int side_before(const Parse *parse, int at) {
  for (int i = at - 1; i >= 0 && i >= at - 3; i--)
    if (is_side(parse_item(parse, (guint)i))) return i;
  return -1;
}

static int side_after(const Parse *parse, int at) {
  for (int i = at + 1; i < (int)parse_n(parse) && i <= at + 3; i++)
    if (is_side(parse_item(parse, (guint)i))) return i;
  return -1;
}

/* The link between the two sides: "next to", or "and" between two adjectives of one measure in a series. */
static int find_link(const Parse *parse, int *left, int *right) {
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    gboolean beside = item_is_word(item, WORD_BESIDE), both = item_is_word(item, WORD_AND);
    if (!beside && !both) continue;
    *left = side_before(parse, (int)i);
    *right = side_after(parse, (int)i);
    if (*left < 0 || *right < 0) continue;
    if (beside) return (int)i;
    const Item *measured = *right + 1 < (int)parse_n(parse) ? parse_item(parse, (guint)*right + 1) : NULL;
    gboolean adjectives = *left == (int)i - 1 && *right == (int)i + 1 && measured != NULL && !measured->comma_before &&
                          (measured->kind == ITEM_METRIC || measured->kind == ITEM_ENTITY || item_is_word(measured, WORD_VALUE_WORD));
    if (adjectives && (parse_has_word(parse, WORD_BESIDE) || parse_time_dimension(parse) >= 0)) return (int)i;
  }
  return -1;
}

/* The filter narrowed to the one value (or condition) of the side. (transfer full) */
static Filter *filter_of_side(const Parse *parse, guint index) {
  const Item *item = parse_item(parse, index);
  const Filter *filter = item->filter;
  if (filter->kind != FILTER_FIELD || filter->op != OP_EQUAL) return filter_copy(filter);
  Filter *own = filter_new(FILTER_FIELD);
  own->field = g_strdup(filter->field);
  own->op = OP_EQUAL;
  for (guint h = 0; h < item->hits->len; h++) {
    const ValueHit *hit = g_ptr_array_index(item->hits, h);
    g_autofree char *path = lexicon_field_path(hit->field);
    if (strcmp(path, filter->field) == 0) g_ptr_array_add(own->values, g_strdup(hit->value));
  }
  return own;
}

static void add_column(Parse *parse, const Measure *measure, guint side) {
  Measure *copy = measure_copy(measure);
  g_ptr_array_add(copy->filters, filter_of_side(parse, side));
  g_autofree char *source = item_source(parse->items, parse_item(parse, side));
  const gboolean missing = ((const Filter *)parse_item(parse, side)->filter)->op == OP_IS_NULL;
  g_autofree char *words = missing ? g_strdup_printf("non-%s", source) : g_strdup(source);
  g_autofree char *slug = text_slug(words);
  const Metric *metric = copy->metric != NULL ? model_find_metric(parse->model, copy->metric) : NULL;
  g_free(copy->name);
  g_free(copy->label);
  copy->name = g_strdup_printf("%s_%s", slug, metric != NULL ? metric->name : "value");
  copy->label = g_strdup_printf("%s %s", words, metric != NULL ? metric->label : "value");
  g_ptr_array_add(parse->query->measures, copy);
}

static void remove_filter(Parse *parse, const Filter *filter) {
  for (guint i = 0; i < parse_n(parse); i++)
    if (parse_item(parse, i)->filter == filter) parse_item(parse, i)->filter = NULL;
  for (guint d = 0; filter->kind == FILTER_FIELD && d < parse->query->dimensions->len; d++) { /* grouped by the two members: no longer */
    const Dimension *dimension = g_ptr_array_index(parse->query->dimensions, d);
    if (dimension->kind == DIMENSION_FIELD && g_strcmp0(dimension->field, filter->field) == 0) g_ptr_array_remove_index(parse->query->dimensions, d--);
  }
  g_ptr_array_remove(parse->query->filters, (gpointer)filter);
}

/* "delivered value next to cancelled value", where the latter is a metric of its own. */
static gboolean beside_metric(Parse *parse) {
  int beside = parse_find_word(parse, WORD_BESIDE, 0), left = beside >= 0 ? side_before(parse, beside) : -1;
  const Metric *money = parse_default_metric(parse);
  const Measure *only = parse->query->measures->len == 1 ? g_ptr_array_index(parse->query->measures, 0) : NULL;
  const Metric *metric = only != NULL && only->kind == MEASURE_METRIC ? model_find_metric(parse->model, only->metric) : NULL;
  if (left < 0 || money == NULL || metric == NULL || metric->conditions[0] == NULL) return FALSE;
  const Filter *filter = parse_item(parse, (guint)left)->filter;
  g_autoptr(Measure) measure = measure_new_metric(money->name);
  add_column(parse, measure, (guint)left);
  g_ptr_array_insert(parse->query->measures, 0, g_ptr_array_steal_index(parse->query->measures, 1)); /* in the order they are named */
  remove_filter(parse, filter);
  parse_claim(parse, (guint)beside, "side by side");
  parse_claim_word(parse, WORD_VALUE_WORD, "value");
  return TRUE;
}

/* "members against non-members": rows that have the link, and rows that have not. */
static gboolean split_by_presence(Parse *parse) {
  int sides[2] = {-1, -1};
  for (guint i = 0; i < parse_n(parse) && sides[1] < 0; i++) {
    const Filter *filter = parse_item(parse, i)->filter;
    if (filter == NULL || filter->kind != FILTER_FIELD || (filter->op != OP_IS_NOT_NULL && filter->op != OP_IS_NULL)) continue;
    const Filter *first = sides[0] >= 0 ? parse_item(parse, (guint)sides[0])->filter : NULL;
    if (first == NULL) sides[0] = (int)i;
    else if (first->op != filter->op && strcmp(first->field, filter->field) == 0) sides[1] = (int)i;
  }
  if (sides[1] < 0) return FALSE;
  g_autoptr(Measure) measure = g_ptr_array_steal_index(parse->query->measures, 0);
  for (guint k = 0; k < 2; k++) add_column(parse, measure, (guint)sides[k]);
  for (guint k = 0; k < 2; k++) remove_filter(parse, parse_item(parse, (guint)sides[k])->filter);
  parse_claim_word(parse, WORD_COMPARE, "side by side");
  return TRUE;
}

void parse_columns(Parse *parse) {
  if (parse->verdict == NULL && parse->query->measures->len == 1 && split_by_presence(parse)) return;
  if (parse->verdict == NULL && beside_metric(parse)) return;
  int left, right, link = parse->verdict == NULL && parse->query->measures->len == 1 ? find_link(parse, &left, &right) : -1;
  if (link < 0) return;
  const Filter *first = parse_item(parse, (guint)left)->filter, *second = parse_item(parse, (guint)right)->filter;
  if (first->kind != second->kind || (first->kind == FILTER_FIELD && g_strcmp0(first->field, second->field) != 0)) return;
  g_autoptr(Measure) measure = g_ptr_array_steal_index(parse->query->measures, 0);
  add_column(parse, measure, (guint)left);
  add_column(parse, measure, (guint)right);
  remove_filter(parse, first);
  if (second != first) remove_filter(parse, second);
  parse_claim(parse, (guint)link, "side by side");
  parse_claim_word(parse, WORD_BESIDE, "side by side");
}

/* Several tables may have a field of the same name: the one that the measured facts lead to is meant. */
#include <string.h>

#include "ask/parse.h"

static void add_dataset(GPtrArray *datasets, const Dataset *dataset) {
  if (dataset != NULL && !g_ptr_array_find(datasets, dataset, NULL)) g_ptr_array_add(datasets, (gpointer)dataset);
}

static void add_measure_datasets(const Parse *parse, const Measure *measure, GPtrArray *datasets) {
  if (measure == NULL) return;
  const Metric *metric = measure->metric != NULL ? model_find_metric(parse->model, measure->metric) : NULL;
  if (metric != NULL) {
    g_autoptr(GPtrArray) of_metric = model_metric_datasets(parse->model, metric);
    for (guint i = 0; of_metric != NULL && i < of_metric->len; i++) add_dataset(datasets, g_ptr_array_index(of_metric, i));
  }
  const Field *field = measure->field != NULL ? model_find_field(parse->model, measure->field) : NULL;
  if (field != NULL) add_dataset(datasets, model_find_dataset(parse->model, field->dataset));
  if (measure->dataset != NULL) add_dataset(datasets, model_find_dataset(parse->model, measure->dataset));
  add_measure_datasets(parse, measure->left, datasets);
  add_measure_datasets(parse, measure->right, datasets);
}

/* The facts that the measures stand on; the main fact where nothing is measured yet. (transfer container) */
static GPtrArray *measured_datasets(const Parse *parse) {
  GPtrArray *datasets = g_ptr_array_new();
  GPtrArray *measures = parse->query->measures;
  if (measures->len == 0 && parse->fragment && parse->context->previous != NULL) measures = parse->context->previous->measures;
  for (guint i = 0; i < measures->len; i++) add_measure_datasets(parse, g_ptr_array_index(measures, i), datasets);
  if (datasets->len == 0 && parse->model->default_dataset != NULL)
    add_dataset(datasets, model_find_dataset(parse->model, parse->model->default_dataset));
  return datasets;
}

/* Rows of the fact that lack the link to the field's table; the surer link is the more natural reading. */
static gint64 missing_links(const Parse *parse, const Dataset *fact, const Field *field) {
  if (strcmp(fact->name, field->dataset) == 0) return -1;
  g_autoptr(GPtrArray) path = model_join_path(parse->model, fact->name, field->dataset);
  if (path == NULL || path->len == 0) return 0;
  gint64 missing = 0;
  for (guint i = 0; i < path->len; i++) {
    const Relationship *relationship = g_ptr_array_index(path, i);
    const Dataset *from = model_find_dataset(parse->model, relationship->from_dataset);
    const Field *key = from != NULL && relationship->from_fields[0] != NULL ? dataset_find_field(from, relationship->from_fields[0]) : NULL;
    if (key != NULL) missing += key->null_count;
    missing += (gint64)i; /* shorter paths first */
  }
  return missing;
}

/* Smaller is better; G_MAXINT64: some measured fact cannot be divided by it. */
static gint64 reach_cost(const Parse *parse, const GPtrArray *datasets, const Field *field) {
  gint64 cost = 0;
  for (guint i = 0; i < datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(datasets, i);
    const Field *reached = reach_field(parse->model, dataset, field);
    if (reached == NULL) return G_MAXINT64;
    cost += 2 * missing_links(parse, dataset, reached) + (reached != field);
  }
  return cost;
}

static const Field *best_field(const Parse *parse, const GPtrArray *datasets, const GPtrArray *candidates, gboolean *tied) {
  const Field *best = NULL;
  gint64 best_cost = G_MAXINT64;
  *tied = FALSE;
  for (guint i = 0; i < candidates->len; i++) {
    const Field *field = g_ptr_array_index(candidates, i);
    gint64 cost = reach_cost(parse, datasets, field);
    if (cost == G_MAXINT64) continue;
    *tied = best != NULL && cost == best_cost;
    if (cost < best_cost) {
      best_cost = cost;
      best = field;
    }
  }
  return best;
}

static gboolean same_words(const char *a, const char *b) {
  g_autofree char *left = phrase_normalise(a), *right = phrase_normalise(b);
  g_autofree char *left_stem = phrase_stem(left), *right_stem = phrase_stem(right);
  return strcmp(left_stem, right_stem) == 0;
}

/* Fields that people would call the same. (transfer container) */
static GPtrArray *namesakes(const Parse *parse, const Field *field) {
  GPtrArray *fields = g_ptr_array_new();
  g_ptr_array_add(fields, (gpointer)field);
  for (guint d = 0; d < parse->model->datasets->len; d++) {
    const Dataset *dataset = g_ptr_array_index(parse->model->datasets, d);
    for (guint f = 0; f < dataset->fields->len; f++) {
      const Field *other = g_ptr_array_index(dataset->fields, f);
      gboolean things = field->entity != NULL && other->entity != NULL && strcmp(field->entity, other->entity) != 0; /* names of genres and of artists */
      gboolean alike = other != field && other->role == field->role && !things &&
                       (strcmp(other->name, field->name) == 0 || same_words(other->label, field->label));
      if (alike) g_ptr_array_add(fields, (gpointer)other);
    }
  }
  return fields;
}

static gboolean is_pinned(const Parse *parse, const Field *field) {
  for (guint i = 0; i < parse_n(parse); i++)
    if (parse_item(parse, i)->pinned && parse_item(parse, i)->meaning.field == field) return TRUE;
  return FALSE;
}

/* "sellers by country": of those that are counted, where their own table says it. */
static const Field *field_of_counted(const Parse *parse, const GPtrArray *candidates) {
  const Measure *only = parse->query->measures->len == 1 ? g_ptr_array_index(parse->query->measures, 0) : NULL;
  const Metric *metric = only != NULL && only->metric != NULL ? model_find_metric(parse->model, only->metric) : NULL;
  const Entity *entity = metric != NULL && metric->entity != NULL ? model_find_entity(parse->model, metric->entity) : NULL;
  for (guint i = 0; entity != NULL && entity->dataset != NULL && !entity->is_event && i < candidates->len; i++) {
    const Field *field = g_ptr_array_index(candidates, i);
    if (parse_listing_dataset(parse, entity) != NULL && strcmp(field->dataset, parse_listing_dataset(parse, entity)->name) == 0) return field;
  }
  return NULL;
}

static void settle_dimensions(Parse *parse, const GPtrArray *datasets) {
  for (guint i = 0; i < parse->query->dimensions->len; i++) {
    Dimension *dimension = g_ptr_array_index(parse->query->dimensions, i);
    const Field *field = dimension->field != NULL ? model_find_field(parse->model, dimension->field) : NULL;
    if (dimension->kind != DIMENSION_FIELD || field == NULL || is_pinned(parse, field)) continue;
    g_autoptr(GPtrArray) candidates = namesakes(parse, field);
    gboolean tied;
    const Field *best = field_of_counted(parse, candidates);
    if (best == NULL) best = best_field(parse, datasets, candidates, &tied);
    if (best == NULL || best == field) continue;
    g_free(dimension->field);
    dimension->field = lexicon_field_path(best);
  }
}

static gboolean item_has_field(const Item *item, const Field *field) { return item_hit(item, field) != NULL; }

/* Fields that every word of the filter is a value of. (transfer container) */
static GPtrArray *shared_fields(const Parse *parse, const Filter *filter, guint *n_items) {
  GPtrArray *fields = g_ptr_array_new();
  *n_items = 0;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->filter != filter || item->hits == NULL) continue;
    if ((*n_items)++ == 0) {
      for (guint h = 0; h < item->hits->len; h++) {
        gpointer field = (gpointer)((const ValueHit *)g_ptr_array_index(item->hits, h))->field;
        if (!g_ptr_array_find(fields, field, NULL)) g_ptr_array_add(fields, field);
      }
    } else {
      for (guint f = 0; f < fields->len;) {
        if (item_has_field(item, g_ptr_array_index(fields, f))) f++;
        else g_ptr_array_remove_index(fields, f);
      }
    }
  }
  return fields;
}

static void move_filter(Parse *parse, Filter *filter, const Field *field) {
  for (guint i = 0; filter->values->len > 1 && i < parse->query->dimensions->len; i++) { /* groups made of the filter's members follow its field */
    Dimension *dimension = g_ptr_array_index(parse->query->dimensions, i);
    if (dimension->kind != DIMENSION_FIELD || g_strcmp0(dimension->field, filter->field) != 0) continue;
    g_free(dimension->field);
    dimension->field = lexicon_field_path(field);
  }
  g_free(filter->field);
  filter->field = lexicon_field_path(field);
  g_ptr_array_set_size(filter->values, 0);
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (item->filter != filter || item->hits == NULL) continue;
    item_keep_field(item, field);
    const ValueHit *hit = item_hit(item, NULL);
    for (guint h = 0; h < item->hits->len; h++) g_ptr_array_add(filter->values, g_strdup(((const ValueHit *)g_ptr_array_index(item->hits, h))->value));
    if (hit != NULL) parse_describe(parse, i, "%s %s %s", field->label, item->negated ? "≠" : "=", hit->value);
  }
}

static void settle_filters(Parse *parse, const GPtrArray *datasets) {
  for (guint f = 0; f < parse->query->filters->len; f++) {
    Filter *filter = g_ptr_array_index(parse->query->filters, f);
    const Field *field = filter->kind == FILTER_FIELD && filter->field != NULL ? model_find_field(parse->model, filter->field) : NULL;
    if (field == NULL) continue;
    guint n_items;
    g_autoptr(GPtrArray) candidates = shared_fields(parse, filter, &n_items);
    gboolean tied = FALSE;
    if (n_items == 0) continue;
    const Field *best = best_field(parse, datasets, candidates, &tied);
    if (best != NULL && !tied && (best != field || candidates->len > 1)) move_filter(parse, filter, best);
  }
}

void parse_reach(Parse *parse) {
  if (parse->verdict != NULL) return;
  g_autoptr(GPtrArray) datasets = measured_datasets(parse);
  settle_filters(parse, datasets);
  if (!parse->plain_list) settle_dimensions(parse, datasets); /* what a table lists is read from that table */
}

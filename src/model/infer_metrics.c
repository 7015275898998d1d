/* One metric for every number, one for everything that is counted, and the row counts. */
#include "model/infer.h"
#include "model/infer_private.h"
#include <string.h>

Metric *infer_add_metric(Inference *inference, const char *name, Aggregate aggregate, const InferTable *table,
                         const char *expression) {
  g_autofree char *longer = NULL;
  if (model_find_metric(inference->model, name) != NULL) {
    longer = g_strdup_printf("%s_%s", table->dataset->name, name);
    if (model_find_metric(inference->model, longer) != NULL)
      return NULL;
    name = longer;
  }
  return model_builder_add_metric(inference->builder, name, aggregate, table->dataset->name, expression);
}

void infer_describe(Inference *inference, Metric *metric, const char *label, const char *unit, const char *description) {
  if (label != NULL)
    model_set_text(&metric->label, label);
  model_set_text(&metric->unit, unit);
  model_set_text(&metric->description, description);
  metric->is_money = g_str_has_prefix(unit, "currency");
  (void)inference;
}

/* Words for a metric: those of its concept, unless another metric is called so already. */
void infer_add_words(Inference *inference, Metric *metric, char *const *words) {
  for (; words != NULL && *words != NULL; words++) {
    gboolean taken = FALSE;
    for (guint i = 0; i < inference->model->metrics->len && !taken; i++) {
      const Metric *other = g_ptr_array_index(inference->model->metrics, i);
      taken = other != metric && (g_strv_contains((const char *const *)other->synonyms, *words) ||
                                  (other->label != NULL && g_ascii_strcasecmp(other->label, *words) == 0));
    }
    if (!taken && g_strcmp0(metric->label, *words) != 0)
      model_add_word(&metric->synonyms, *words);
  }
}

/* "discount rate": not what an amount of discount is called. */
static gboolean names_rate(const char *word) {
  return g_str_has_suffix(word, " rate") || g_str_has_suffix(word, " percentage") || g_str_has_suffix(word, " percent");
}

void infer_move_word(Metric *from, Metric *to, const char *word) {
  g_autoptr(GPtrArray) kept = g_ptr_array_new();
  for (char **synonym = from->synonyms; *synonym != NULL; synonym++)
    if (!g_str_equal(*synonym, word))
      g_ptr_array_add(kept, *synonym);
  g_ptr_array_add(kept, NULL);
  model_set_words(&from->synonyms, (const char *const *)kept->pdata);
  model_add_word(&to->synonyms, word);
}

void infer_add_concept_words(Inference *inference, Metric *metric, const char *concept) {
  const Concept *found = retail_lexicon_concept(inference->lexicon, concept);
  if (found == NULL)
    return;
  g_autoptr(GPtrArray) fitting = g_ptr_array_new();
  for (char **word = found->words; word != NULL && *word != NULL; word++)
    if (metric->aggregate != AGGREGATE_SUM || !names_rate(*word))
      g_ptr_array_add(fitting, *word);
  g_ptr_array_add(fitting, NULL);
  infer_add_words(inference, metric, (char **)fitting->pdata);
  metric->lower_is_better = found->lower_is_better;
}

/* "Qty Ordered": people also say units ordered, ordered quantity, pieces ordered. */
static void add_piece_words(Metric *metric, const char *spelled) {
  static const char *const PIECES[] = {"quantity", "units", "pieces", "qty"};
  g_auto(GStrv) words = g_strsplit(spelled, " ", -1);
  if (g_strv_length(words) != 2)
    return;
  gboolean pieces_first = g_str_equal(words[0], "quantity") || g_str_equal(words[0], "units");
  const char *pieces = pieces_first ? words[0] : words[1], *done = pieces_first ? words[1] : words[0];
  if ((!g_str_equal(pieces, "quantity") && !g_str_equal(pieces, "units")) || !g_str_has_suffix(done, "ed"))
    return;
  for (guint i = 0; i < G_N_ELEMENTS(PIECES); i++) {
    g_autofree char *after = g_strdup_printf("%s %s", PIECES[i], done), *before = g_strdup_printf("%s %s", done, PIECES[i]);
    model_add_word(&metric->synonyms, after);
    model_add_word(&metric->synonyms, before);
  }
}

/* "Resolution Hours", "first response (min)": people say resolution time, first response. */
static void add_time_words(Metric *metric, const char *spelled) {
  static const char *const UNITS[] = {"minutes", "minute", "mins", "min", "hours", "hour", "hrs", "hr", "seconds", "second", "secs", "sec", "days", "day", NULL};
  const char *last = strrchr(spelled, ' ');
  if (metric->aggregate != AGGREGATE_AVERAGE || last == NULL || !g_strv_contains(UNITS, last + 1))
    return;
  g_autofree char *what = g_strndup(spelled, (gsize)(last - spelled));
  if (strstr(what, "time") == NULL) {
    g_autofree char *time = g_strdup_printf("%s time", what);
    model_add_word(&metric->synonyms, time);
  }
  if (strchr(what, ' ') != NULL)
    model_add_word(&metric->synonyms, what);
}

/* The header's own words are words for the metric. */
void infer_add_header_words(const Inference *inference, Metric *metric, const InferColumn *column) {
  g_autofree char *phrase = retail_header_phrase(column->field->label);
  g_autofree char *spelled = retail_header_spelled(inference->lexicon, column->field->label);
  g_autofree char *slug = g_strdelimit(g_strdup(column->field->name), "_", ' ');
  g_autofree char *written = g_strdelimit(g_utf8_strdown(column->field->label, -1), "_-", ' ');
  const char *const all[] = {phrase, spelled, slug, written};
  g_autofree char *label = metric->label != NULL ? g_utf8_strdown(metric->label, -1) : g_strdup("");
  for (guint i = 0; i < G_N_ELEMENTS(all); i++)
    if (*all[i] != '\0' && !g_str_equal(all[i], label))
      model_add_word(&metric->synonyms, all[i]);
  if (column->says_short && !g_str_equal(column->short_phrase, label))
    model_add_word(&metric->synonyms, column->short_phrase);
  add_piece_words(metric, spelled);
  add_time_words(metric, spelled);
}

char *infer_column_expression(const InferColumn *column) {
  return column->scale == 1 ? g_strdup(column->field->name)
                            : g_strdup_printf("%s / %.1f", column->field->name, column->scale);
}

static char *capitalised(const char *words) {
  char *label = g_strdup(words);
  label[0] = g_ascii_toupper(label[0]);
  return label;
}

/* Headers made for machines ("unit_price", "SALESAMT", "qtySold") are spelled out; those made for people stay. */
char *infer_metric_label(const Inference *inference, const InferColumn *column) {
  const char *header = column->field->label;
  gboolean capitals = TRUE, small = FALSE, camel = FALSE;
  for (const char *c = header; *c != '\0'; c++) {
    capitals &= !g_ascii_islower(*c);
    small |= g_ascii_islower(*c);
    camel |= c > header && g_ascii_isupper(*c) && g_ascii_islower(c[-1]);
  }
  gboolean made_for_people = strchr(header, '_') == NULL && !camel && !(capitals && strlen(header) > 4) && small;
  g_autofree char *spelled = retail_header_spelled(inference->lexicon, header);
  if (made_for_people || *spelled == '\0')
    return g_strdup(header);
  gsize letters = strlen(header); /* "MarkDown1" and "MarkDown2" are two */
  while (letters > 0 && g_ascii_isdigit(header[letters - 1]))
    letters--;
  g_autofree char *numbered = header[letters] != '\0' && !g_str_has_suffix(spelled, header + letters)
                                  ? g_strdup_printf("%s %s", spelled, header + letters) : g_strdup(spelled);
  return capitalised(numbered);
}

Metric *infer_add_column_metric(Inference *inference, const char *name, const InferColumn *column) {
  g_autofree char *expression = infer_column_expression(column);
  Aggregate aggregate = column->field->default_aggregate != AGGREGATE_NONE ? column->field->default_aggregate : AGGREGATE_SUM;
  Metric *metric = infer_add_metric(inference, name, aggregate, column->table, expression);
  if (metric == NULL)
    return NULL;
  const char *kind = aggregate == AGGREGATE_AVERAGE ? "the plain average" : "the sum";
  g_autofree char *description = g_strdup_printf("%s of %s over the %s", kind, column->field->label, column->table->dataset->label);
  description[0] = g_ascii_toupper(description[0]);
  g_autofree char *label = infer_metric_label(inference, column);
  infer_describe(inference, metric, label, column->scale == 1 ? column->field->unit : "fraction", description);
  infer_add_header_words(inference, metric, column);
  infer_note(inference, metric->name, "%s is %s", column->field->label,
             aggregate == AGGREGATE_AVERAGE ? "averaged: adding it up means nothing" : "added up");
  return metric;
}

/* Stock is counted at a point in time: it adds up over products and stores, never over days. */
static void mark_snapshot(Inference *inference, Metric *metric, const InferColumn *column) {
  if (!infer_is_concept(column, "stock") && !infer_is_concept(column, "stock_value"))
    return;
  if (column->table->dataset->default_date == NULL)
    return;
  metric->additivity = ADDITIVITY_SNAPSHOT;
  infer_note(inference, metric->name, "a level at a point in time: never added up over time");
}

static gboolean canonical_is_free(const Inference *inference, const char *concept) {
  return model_find_metric(inference->model, concept) == NULL;
}

/* A column that is the best of its concept gets the concept's name; any other keeps its own. */
static void add_number(Inference *inference, InferTable *table, InferColumn *column) {
  const Concept *concept = column->concept;
  if (column->has_metric || column->field->role != FIELD_ROLE_MEASURE || column->profile->filled == 0)
    return;
  gboolean canonical = concept != NULL && concept->kind == CONCEPT_MEASURE && infer_find_concept(table, concept->name) == column &&
                       canonical_is_free(inference, concept->name) && !g_str_equal(concept->name, "margin") &&
                       !g_str_equal(concept->name, "revenue") && !g_str_equal(concept->name, "days_measure");
  const char *counted = concept == NULL ? NULL : g_str_equal(concept->name, "order_count") ? "orders" : g_str_equal(concept->name, "customer_count") ? "customers" : NULL;
  if (canonical && counted != NULL)
    canonical = canonical_is_free(inference, counted);
  const char *name = !canonical ? column->field->name : counted != NULL ? counted : concept->name;
  Metric *metric = infer_add_column_metric(inference, name, column);
  if (metric == NULL)
    return;
  column->has_metric = TRUE;
  if (canonical)
    infer_add_concept_words(inference, metric, concept->name);
  else if (concept != NULL)
    metric->lower_is_better = concept->lower_is_better;
  mark_snapshot(inference, metric, column);
  if (infer_column_is_sale(column) && !infer_has_word(column, "gross"))
    infer_apply_net(inference, table, metric);
}

/* What was paid back for returns: the column called so, or the only money of their table. */
static void add_refunds(Inference *inference, InferTable *table) {
  InferColumn *found = infer_find_concept(table, "refunds");
  guint others = 0;
  for (guint i = 0; i < table->columns->len && found == NULL; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    others += column->field->role == FIELD_ROLE_MEASURE && infer_is_money(column) && column->field->default_aggregate == AGGREGATE_SUM;
  }
  for (guint i = 0; i < table->columns->len && found == NULL && others == 1; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    if (column->field->role == FIELD_ROLE_MEASURE && infer_is_money(column) && column->field->default_aggregate == AGGREGATE_SUM)
      found = column;
  }
  if (found == NULL || found->has_metric || found->field->role != FIELD_ROLE_MEASURE || !canonical_is_free(inference, "refunds"))
    return;
  Metric *metric = infer_add_column_metric(inference, "refunds", found);
  if (metric == NULL)
    return;
  static const char *const words[] = {"value of returns", "returned value", "value returned", "value of returned goods", "credited", NULL};
  found->has_metric = TRUE;
  infer_add_concept_words(inference, metric, "refunds");
  infer_add_words(inference, metric, (char *const *)words);
  infer_note(inference, metric->name, "money of %s: what was paid back", table->dataset->name);
  g_autofree char *expression = infer_column_expression(found);
  Metric *each = infer_add_metric(inference, "average_refund", AGGREGATE_AVERAGE, table, expression);
  static const char *const of_each[] = {"refund per return", "average refund per return", "average value of a return", "average return value", NULL};
  if (each == NULL)
    return;
  infer_describe(inference, each, "Average refund", found->field->unit, "What was paid back for one return, on average");
  infer_add_words(inference, each, (char *const *)of_each);
  each->lower_is_better = TRUE;
}

/* A table of returns with a date of its own counts what came back. */
static void count_returns(Inference *inference, InferTable *table) {
  static const char *const units_words[] = {"units were returned", "units returned", "items returned", "units came back", NULL};
  static const char *const order_words[] = {"returned orders", "orders were returned", "orders returned", "orders came back", NULL};
  InferColumn *units = infer_find_concept(table, "units"), *order = infer_find_entity_column(table, "order", CONCEPT_IDENTIFIER);
  if (units == NULL)
    units = infer_find_concept(table, "returned_units");
  if (table == inference->main || !table->dataset->is_fact || !table->lists_returns)
    return;
  Metric *metric = units != NULL && canonical_is_free(inference, "returned_units")
                       ? infer_add_column_metric(inference, "returned_units", units) : NULL;
  if (metric != NULL) {
    units->has_metric = TRUE;
    infer_describe(inference, metric, "Returned units", "count", "Units that came back");
    infer_add_header_words(inference, metric, units);
    infer_add_concept_words(inference, metric, "returned_units");
    infer_add_words(inference, metric, (char *const *)units_words);
  }
  metric = order != NULL && canonical_is_free(inference, "returned_orders")
               ? infer_add_metric(inference, "returned_orders", AGGREGATE_COUNT_DISTINCT, table, order->field->name) : NULL;
  if (metric != NULL) {
    infer_describe(inference, metric, "Returned orders", "count", "Different orders of which something came back");
    infer_add_words(inference, metric, (char *const *)order_words);
    metric->lower_is_better = TRUE;
    infer_note(inference, metric->name, "counted in %s", table->dataset->name);
  }
  add_refunds(inference, table);
}

static void add_numbers(Inference *inference, InferTable *table) {
  count_returns(inference, table);
  for (guint i = 0; i < table->columns->len; i++)
    add_number(inference, table, g_ptr_array_index(table->columns, i));
}

/* ---- counts ---- */

static char *count_label(const Inference *inference, const Entity *entity, const InferColumn *key) {
  if (g_str_equal(entity->name, "order") && key != NULL) {
    const EntityWords *words = retail_entity_words(inference->lexicon, "order");
    for (char **word = words->words; *word != NULL; word++)
      if (infer_has_word(key, *word)) {
        g_autofree char *plural = text_plural(*word);
        return capitalised(plural);
      }
  }
  g_autofree char *phrase = g_strdelimit(g_strdup(entity->name), "_", ' ');
  g_autofree char *plural = text_plural(phrase);
  return capitalised(plural);
}

/* Counted where things happen: in the facts that point to the key, so that a period or a category can narrow it. */
static InferColumn *counting_column(const Inference *inference, const Entity *entity) {
  InferTable *home = infer_find_table(inference, entity->dataset);
  InferColumn *key = entity->key != NULL ? infer_find_column(home, entity->key) : NULL;
  gboolean own_events = home != NULL && g_str_equal(entity->name, "order") && home->dataset->is_fact && home->dataset->default_date != NULL &&
                        key == home->key; /* an order without lines is an order as well */
  if (inference->main == NULL || key == NULL || home == inference->main || own_events)
    return key;
  g_autoptr(GPtrArray) path = model_join_path(inference->model, inference->main->dataset->name, entity->dataset);
  if (path != NULL && path->len > 0) {
    const Relationship *last = g_ptr_array_index(path, path->len - 1);
    InferColumn *computed = infer_find_column(infer_find_table(inference, last->from_dataset), entity->key);
    if (last->to_fields[1] != NULL && computed != NULL)
      return computed; /* of several parts, put together in both tables */
    if (last->to_fields[1] == NULL && g_str_equal(last->to_fields[0], entity->key))
      return infer_find_column(infer_find_table(inference, last->from_dataset), last->from_fields[0]);
  }
  return key;
}

static void count_entity(Inference *inference, Entity *entity) {
  const InferColumn *key = counting_column(inference, entity);
  const InferTable *table = key != NULL ? key->table : infer_find_table(inference, entity->dataset);
  g_autofree char *noun = g_strdelimit(g_strdup(entity->name), "_", ' ');
  g_autofree char *plural = text_plural(noun), *name = text_slug(plural);
  Metric *metric = infer_add_metric(inference, name, key != NULL ? AGGREGATE_COUNT_DISTINCT : AGGREGATE_COUNT, table,
                                    key != NULL ? key->field->name : NULL);
  if (metric == NULL)
    return;
  g_autofree char *label = count_label(inference, entity, key);
  g_autofree char *description = key != NULL ? g_strdup_printf("Different %s; rows without one do not count", key->field->label)
                                             : g_strdup_printf("Rows of %s: each is one", table->dataset->label);
  infer_describe(inference, metric, label, "count", description);
  model_set_text(&metric->entity, entity->name);
  model_set_text(&entity->metric, metric->name);
  for (char **word = entity->synonyms; *word != NULL; word++) {
    g_autofree char *words = text_plural(*word);
    if (g_ascii_strcasecmp(words, label) != 0)
      model_add_word(&metric->synonyms, words);
  }
  if (g_ascii_strcasecmp(plural, label) != 0)
    model_add_word(&metric->synonyms, plural);
  infer_note(inference, metric->name, "%s", description);
}

/* What a table lists, one row each, where that is an entity: members of a loyalty scheme are the customers. */
static Entity *entity_listed_in(const Inference *inference, const InferTable *table) {
  for (guint i = 0; i < inference->model->entities->len && !table->dataset->is_fact; i++) {
    Entity *entity = g_ptr_array_index(inference->model->entities, i);
    if (g_strcmp0(entity->dataset, table->dataset->name) == 0 && entity->key != NULL)
      return entity;
  }
  return NULL;
}

/* The rows themselves. Where rows are orders the orders are counted by their numbers, and rows are only rows. */
static void count_rows(Inference *inference, InferTable *table) {
  const InferColumn *order = infer_find_entity_column(table, "order", CONCEPT_IDENTIFIER);
  gboolean lines = order != NULL && !table->row_is_order && table->dataset->is_fact && g_str_has_suffix(table->dataset->label, "lines");
  g_autofree char *own = g_strdup_printf("%s_rows", table->dataset->name);
  gboolean canonical = lines && canonical_is_free(inference, "order_lines");
  Metric *metric = infer_add_metric(inference, canonical ? "order_lines" : own, AGGREGATE_COUNT, table, NULL);
  if (metric == NULL)
    return;
  g_autofree char *plain = capitalised(table->dataset->label);
  g_autofree char *label = lines ? g_strdup(plain) : table->dataset->is_fact ? g_str_has_suffix(plain, " rows") ? g_strdup(plain) : g_strdup_printf("Rows of %s", table->dataset->label)
                                                                             : g_strdup_printf("%s on file", plain);
  infer_describe(inference, metric, label, "count", "Rows, all of them");
  for (char **word = table->dataset->row_words; *word != NULL; word++) {
    const EntityWords *orders = retail_entity_words(inference->lexicon, "order");
    if (table->row_is_order && orders != NULL && g_strv_contains((const char *const *)orders->words, *word))
      continue;
    if (!lines && table != inference->main && model_find_entity(inference->model, *word) != NULL)
      continue;
    Entity *listed = entity_listed_in(inference, table);
    if (listed != NULL) {
      model_add_word(&listed->synonyms, *word);
      continue;
    }
    g_autofree char *plural = text_plural(*word);
    const char *const words[] = {plural, NULL};
    infer_add_words(inference, metric, (char *const *)words);
  }
  static const char *const listed[] = {"registered %", "listed %", "known %"};
  for (guint i = 0; i < G_N_ELEMENTS(listed) && !table->dataset->is_fact; i++) {
    g_autoptr(GString) phrase = g_string_new(listed[i]);
    g_string_replace(phrase, "%", table->dataset->label, 0);
    model_add_word(&metric->synonyms, phrase->str);
  }
  infer_note(inference, metric->name, "the number of rows of %s", table->dataset->name);
}

/* ---- all of it ---- */

static GPtrArray *tables_in_order(const Inference *inference) {
  GPtrArray *order = g_ptr_array_new();
  if (inference->main != NULL)
    g_ptr_array_add(order, inference->main);
  for (guint fact = 2; fact-- > 0;)
    for (guint i = 0; i < inference->tables->len; i++) {
      InferTable *table = g_ptr_array_index(inference->tables, i);
      if (table != inference->main && (guint)(table->dataset->is_fact != FALSE) == fact)
        g_ptr_array_add(order, table);
    }
  return order;
}

static void choose_default_metric(Inference *inference) {
  static const char *const wanted[] = {"revenue", "units", "orders", "visits", "spend", "budget", "stock", "profit", "products", "customers"};
  for (guint i = 0; i < G_N_ELEMENTS(wanted); i++)
    if (model_find_metric(inference->model, wanted[i]) != NULL) {
      model_set_text(&inference->model->default_metric, wanted[i]);
      return;
    }
  if (inference->model->metrics->len > 0)
    model_set_text(&inference->model->default_metric, ((Metric *)g_ptr_array_index(inference->model->metrics, 0))->name);
}

gboolean infer_metrics(Inference *inference, GError **error) {
  g_autoptr(GPtrArray) order = tables_in_order(inference);
  if (inference->main != NULL && !infer_revenue(inference, inference->main, error))
    return FALSE;
  for (guint i = 0; i < inference->model->entities->len; i++)
    count_entity(inference, g_ptr_array_index(inference->model->entities, i));
  for (guint i = 0; i < order->len; i++)
    add_numbers(inference, g_ptr_array_index(order, i));
  for (guint i = 0; i < order->len; i++)
    count_rows(inference, g_ptr_array_index(order, i));
  if (inference->main != NULL)
    infer_ratios(inference, inference->main);
  choose_default_metric(inference);
  return TRUE;
}

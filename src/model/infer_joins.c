/* Joins between tables: which column of one leads to the one row of another, and which tables hold facts. */
#include "model/infer.h"
#include "model/infer_private.h"
#include <string.h>

#define LEAST_CONTAINMENT 0.99

typedef struct {
  InferColumn *many, *one;
  int strength; /* 3 same name or same thing, 2 same ending, 1 values only */
} JoinCandidate;

static gboolean same_type_class(const InferColumn *a, const InferColumn *b) {
  FieldType left = a->field->type, right = b->field->type;
  return left == right;
}

static gboolean same_words(char **a, char **b) {
  return g_strv_equal((const char *const *)a, (const char *const *)b);
}

static gboolean ends_with(char **words, char **ending) {
  guint n = g_strv_length(words), m = g_strv_length(ending);
  return m > 0 && n > m && same_words(words + (n - m), ending);
}

static gboolean same_entity(const InferColumn *a, const InferColumn *b) {
  return a->concept != NULL && b->concept != NULL && a->concept->entity != NULL && a->concept == b->concept;
}

static gboolean is_calendar(const InferTable *table) {
  if (table->key == NULL || table->key->field->role != FIELD_ROLE_TIME)
    return FALSE;
  for (guint i = 0; i < table->columns->len; i++) {
    const InferColumn *column = g_ptr_array_index(table->columns, i);
    if (column->field->role == FIELD_ROLE_MEASURE)
      return FALSE;
  }
  return table->columns->len > 1;
}

static gboolean can_be_many(const InferColumn *column) {
  const Field *field = column->field;
  return column->profile->filled > 0 && field->personal == NULL && g_str_equal(field->expression, field->name) &&
         (field->role == FIELD_ROLE_IDENTIFIER || field->role == FIELD_ROLE_DIMENSION ||
          (field->role == FIELD_ROLE_TIME && g_strcmp0(column->table->dataset->default_date, field->name) == 0));
}

static gboolean can_be_one(const InferColumn *column) {
  const Field *field = column->field;
  if (!column->is_key || !g_str_equal(field->expression, field->name))
    return FALSE;
  if (field->role == FIELD_ROLE_TIME)
    return is_calendar(column->table);
  return field->role == FIELD_ROLE_IDENTIFIER || (field->role == FIELD_ROLE_DIMENSION && field->personal == NULL);
}

int infer_join_strength(const InferColumn *many, const InferColumn *one) {
  if (!same_type_class(many, one) || (many->field->role == FIELD_ROLE_TIME) != (one->field->role == FIELD_ROLE_TIME))
    return 0;
  if (many->field->role == FIELD_ROLE_TIME || same_words(many->words, one->words) || same_entity(many, one))
    return 3;
  gboolean longer = many->words[0] != NULL && many->words[1] != NULL && one == one->table->key && ends_with(one->words, many->words);
  if (ends_with(many->words, one->words) || longer) /* "TerritoryKey" leads to "SalesTerritoryKey" */
    return 2;
  /* By values alone only where the values are telling: numbers that count up are in every table. */
  gboolean other_thing = many->concept != NULL && many->concept->entity != NULL && one->concept != NULL &&
                         g_strcmp0(many->concept->entity, one->concept->entity) != 0;
  gboolean telling = many->profile->is_text && many->profile->distinct >= 5 && one->profile->code > 0.9 &&
                     one->profile->letters > 0.9 && !other_thing && many != many->table->key;
  return telling && one == one->table->key && one->field->role == FIELD_ROLE_IDENTIFIER ? 1 : 0;
}

static int compare_candidates(gconstpointer a, gconstpointer b) {
  const JoinCandidate *left = a, *right = b;
  if (left->strength != right->strength)
    return right->strength - left->strength;
  return (right->one == right->one->table->key) - (left->one == left->one->table->key);
}

static GArray *join_candidates(const InferTable *many, const InferTable *one) {
  GArray *candidates = g_array_new(FALSE, FALSE, sizeof(JoinCandidate));
  for (guint i = 0; i < many->columns->len; i++) {
    InferColumn *from = g_ptr_array_index(many->columns, i);
    for (guint j = 0; can_be_many(from) && j < one->columns->len; j++) {
      InferColumn *to = g_ptr_array_index(one->columns, j);
      /* Where both are unique, the one side is the table that the key is about. */
      gboolean backwards = from == many->key && to != one->key;
      int strength = can_be_one(to) && !backwards ? infer_join_strength(from, to) : 0;
      if (strength > 0)
        g_array_append_vals(candidates, &(JoinCandidate){from, to, strength}, 1);
    }
  }
  g_array_sort(candidates, compare_candidates);
  return candidates;
}

/* Share of the filled rows of `many` whose value stands in `one`. */
static gboolean containment(Inference *inference, const InferColumn *many, const InferColumn *one, double *share,
                            GError **error) {
  g_autofree char *sql = g_strdup_printf(
      "SELECT coalesce(avg(CASE WHEN %s IN (SELECT %s FROM %s) THEN 1.0 ELSE 0.0 END), 0)::DOUBLE FROM %s WHERE %s IS NOT NULL",
      many->profile->sql, one->profile->sql, one->table->profile->relation, many->table->profile->relation, many->profile->sql);
  return profile_number(inference->engine, sql, inference->deadline, share, error);
}

gboolean infer_leads_to(const Inference *inference, const InferTable *from, const InferTable *to) {
  g_autoptr(GPtrArray) path = model_join_path(inference->model, from->dataset->name, to->dataset->name);
  return path != NULL;
}

static void add_join(Inference *inference, const JoinCandidate *join, double share) {
  InferTable *many = join->many->table, *one = join->one->table;
  g_autofree char *name = g_strdup_printf("%s_to_%s", many->dataset->name, one->dataset->name);
  model_builder_add_relationship(inference->builder, name, many->dataset->name, join->many->field->name, one->dataset->name,
                                 join->one->field->name);
  one->is_one_side = TRUE;
  static const char *const reasons[] = {"", "by its values", "by the end of its name", "by its name"};
  infer_note(inference, name, "found %s; %s is different on every row of %s; %.2f %% of the rows of %s lead to one",
             reasons[join->strength], join->one->field->name, one->dataset->name, share * 100, many->dataset->name);
}

/*
 * A list of the returned or cancelled orders covers few of the sales; what it says is that these came back. It is joined
 * when nearly all of it is found among the sales.
 */
static gboolean names_returns(char **words) {
  static const char *const named[] = {"return", "returns", "returned", "refund", "refunds", "cancellations", "cancelled", NULL};
  for (char **word = words; *word != NULL; word++)
    if (g_strv_contains(named, *word))
      return TRUE;
  return FALSE;
}

static void find_lists_of_returns(const Inference *inference) {
  for (guint i = 0; i < inference->tables->len; i++) {
    InferTable *table = g_ptr_array_index(inference->tables, i);
    g_auto(GStrv) words = g_strsplit(table->dataset->name, "_", -1);
    g_auto(GStrv) meant = retail_header_words(inference->lexicon, table->dataset->name); /* "retouren" */
    table->lists_returns = names_returns(words) || names_returns(meant);
  }
}

/* It says what of an order came back: an order that it names was not returned as a whole. */
static gboolean lists_parts(const InferTable *table) {
  return infer_find_concept(table, "line_id") != NULL || infer_find_entity_column(table, "product", CONCEPT_IDENTIFIER) != NULL ||
         infer_find_entity_column(table, "product", CONCEPT_NAME) != NULL;
}

/* ---- the table that is about the order itself ---- */

static gboolean is_keyed_by_order(const InferTable *table) {
  return table->key != NULL && table->key->concept != NULL && table->key->concept->kind == CONCEPT_IDENTIFIER &&
         g_strcmp0(table->key->concept->entity, "order") == 0;
}

/* "orders", "bestellungen": the table is called after what it lists. */
static gboolean is_called_after_orders(const Inference *inference, const InferTable *table) {
  const EntityWords *order = retail_entity_words(inference->lexicon, "order");
  g_autofree char *noun = infer_table_noun(table->dataset->name);
  g_auto(GStrv) words = retail_header_words(inference->lexicon, noun);
  guint n = g_strv_length(words);
  g_autofree char *last = n > 0 ? text_singular(words[n - 1]) : g_strdup("");
  return order != NULL && g_strv_contains((const char *const *)order->words, last);
}

/* Payments, deliveries and returns may have the order's number on every row, too: they are about something else. */
static void find_orders(Inference *inference) {
  int best = -1;
  for (guint i = 0; i < inference->tables->len; i++) {
    InferTable *table = g_ptr_array_index(inference->tables, i);
    if (!is_keyed_by_order(table) || table->lists_returns)
      continue;
    gboolean who = infer_find_entity_column(table, "customer", CONCEPT_IDENTIFIER) != NULL ||
                   infer_find_entity_column(table, "customer", CONCEPT_NAME) != NULL;
    int score = 4 * is_called_after_orders(inference, table) + 2 * (infer_find_concept(table, "order_date") != NULL) + who;
    if (score > best || (score == best && table->profile->rows > inference->orders->profile->rows)) {
      best = score;
      inference->orders = table;
    }
  }
}

/* One row of each belongs to one of the other: a payment leads to its order as well. */
static gboolean leads_both_ways(const Inference *inference, const InferTable *many, const InferTable *one) {
  return one == inference->orders && many != one && is_keyed_by_order(many) && !many->lists_returns;
}

static gboolean join_tables(Inference *inference, InferTable *many, InferTable *one, GError **error) {
  if (many == one || (infer_leads_to(inference, one, many) && !leads_both_ways(inference, many, one)))
    return TRUE;
  g_autoptr(GArray) candidates = join_candidates(many, one);
  for (guint i = 0; i < candidates->len; i++) {
    const JoinCandidate *candidate = &g_array_index(candidates, JoinCandidate, i);
    double share = 0, back = 0;
    if (!containment(inference, candidate->many, candidate->one, &share, error))
      return FALSE;
    gboolean listed = share < LEAST_CONTAINMENT && candidate->strength == 3 && one->lists_returns && !lists_parts(one) && !many->lists_returns;
    if (listed && !containment(inference, candidate->one, candidate->many, &back, error))
      return FALSE;
    if (share < LEAST_CONTAINMENT && back < LEAST_CONTAINMENT)
      continue;
    add_join(inference, candidate, share);
    return TRUE;
  }
  return TRUE;
}

/* A table with unique rows of its own kind may lead to another of the same kind; the larger leads to the smaller. */
static int compare_rows(gconstpointer a, gconstpointer b, gpointer data) {
  const InferTable *left = *(InferTable *const *)a, *right = *(InferTable *const *)b;
  const Inference *inference = data;
  int rows = (left->profile->rows < right->profile->rows) - (left->profile->rows > right->profile->rows);
  return rows != 0 ? rows : (right == inference->orders) - (left == inference->orders);
}

gboolean infer_joins(Inference *inference, GError **error) {
  g_autoptr(GPtrArray) by_size = g_ptr_array_new();
  for (guint i = 0; i < inference->tables->len; i++)
    g_ptr_array_add(by_size, g_ptr_array_index(inference->tables, i));
  find_lists_of_returns(inference);
  find_orders(inference);
  g_ptr_array_sort_with_data(by_size, compare_rows, inference);
  for (guint i = 0; i < by_size->len; i++)
    for (guint j = 0; j < by_size->len; j++)
      if (!join_tables(inference, g_ptr_array_index(by_size, i), g_ptr_array_index(by_size, j), error))
        return FALSE;
  for (guint i = 0; i < by_size->len; i++)
    for (guint j = 0; j < by_size->len; j++)
      if (!infer_link(inference, g_ptr_array_index(by_size, i), g_ptr_array_index(by_size, j), error))
        return FALSE;
  return TRUE;
}

/* ---- facts ---- */

static gboolean has_event_date(const InferTable *table) {
  const InferColumn *date = table->dataset->default_date != NULL ? infer_find_column(table, table->dataset->default_date) : NULL;
  if (date == NULL)
    return FALSE;
  return !infer_is_concept(date, "join_date") && !infer_is_concept(date, "created_date") && !infer_is_concept(date, "payment_date");
}

static gboolean has_measure(const InferTable *table) {
  for (guint i = 0; i < table->columns->len; i++)
    if (((InferColumn *)g_ptr_array_index(table->columns, i))->field->role == FIELD_ROLE_MEASURE)
      return TRUE;
  return FALSE;
}

static gboolean entity_is_named(const InferTable *table, const char *entity) {
  return infer_find_entity_column(table, entity, CONCEPT_IDENTIFIER) != NULL ||
         infer_find_entity_column(table, entity, CONCEPT_NAME) != NULL;
}

/* Lines that have a price and no quantity: each is one piece. */
gboolean infer_rows_are_pieces(const InferTable *table) {
  const InferColumn *order = infer_find_entity_column(table, "order", CONCEPT_IDENTIFIER);
  return order != NULL && order != table->key && infer_find_concept(table, "units") == NULL &&
         infer_find_concept(table, "unit_price") != NULL && entity_is_named(table, "product");
}

/* 2: sells for money; 1: counts something sold; 0: neither. */
int infer_sales_rank(const InferTable *table) {
  gboolean priced = infer_find_concept(table, "units") != NULL &&
                    (infer_find_concept(table, "unit_price") != NULL || infer_find_concept(table, "list_price") != NULL);
  if (infer_find_concept(table, "revenue") != NULL || infer_find_concept(table, "revenue_excluding_tax") != NULL || priced ||
      infer_rows_are_pieces(table))
    return 2;
  return infer_find_concept(table, "units") != NULL || infer_find_entity_column(table, "order", CONCEPT_IDENTIFIER) != NULL;
}

/* A list of products sells nothing: its cost is that of one piece, its quantities are no units sold. */
static void reconsider_thing(Inference *inference, InferTable *table) {
  for (guint i = 0; i < table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    if (infer_is_concept(column, "cost")) {
      column->concept = retail_lexicon_concept(inference->lexicon, "unit_cost");
      column->field->default_aggregate = AGGREGATE_AVERAGE;
      infer_note_column(inference, column, "of one piece, for the table lists things");
    } else if (infer_is_concept(column, "units") || infer_is_concept(column, "revenue")) {
      column->concept = NULL;
    }
  }
}

/* Lines were sold when their order was placed, whatever days of shipping and receipt they have themselves. */
static gboolean leads_to_dated_orders(const Inference *inference, const InferTable *lines) {
  const InferColumn *own = lines->dataset->default_date != NULL ? infer_find_column(lines, lines->dataset->default_date) : NULL;
  guint dates = 0;
  for (guint i = 0; i < lines->columns->len; i++)
    dates += ((InferColumn *)g_ptr_array_index(lines->columns, i))->field->role == FIELD_ROLE_TIME;
  for (guint i = 0; own != NULL && dates > 1 && i < inference->model->relationships->len; i++) {
    const Relationship *join = g_ptr_array_index(inference->model->relationships, i);
    const InferTable *to = g_str_equal(join->from_dataset, lines->dataset->name) ? infer_find_table(inference, join->to_dataset) : NULL;
    const InferColumn *date = to != NULL && to->dataset->is_fact && to->dataset->default_date != NULL ? infer_find_column(to, to->dataset->default_date) : NULL;
    gboolean orders = date != NULL && infer_is_concept(date, "order_date") && to->key != NULL && to->key->concept != NULL &&
                      g_strcmp0(to->key->concept->entity, "order") == 0;
    if (orders && !infer_has_word(own, "order"))
      return TRUE;
  }
  return FALSE;
}

void infer_facts(Inference *inference) {
  for (guint i = 0; i < inference->tables->len; i++) {
    InferTable *table = g_ptr_array_index(inference->tables, i);
    gboolean event = infer_find_entity_column(table, "order", CONCEPT_IDENTIFIER) != NULL || has_measure(table);
    gboolean leads = FALSE;
    for (guint j = 0; j < inference->tables->len; j++)
      leads |= g_ptr_array_index(inference->tables, j) != table && infer_leads_to(inference, table, g_ptr_array_index(inference->tables, j));
    gboolean fact = table->is_one_side ? has_event_date(table) && event
                                       : has_event_date(table) || inference->tables->len == 1 || (leads && has_measure(table));
    table->dataset->is_fact = fact && !(table->is_one_side && table->lists_returns);
    infer_note_table(inference, table, "%s", table->dataset->is_fact ? "holds facts" : "describes things that facts refer to");
  }
  for (guint i = 0; i < inference->tables->len; i++)
    if (!((InferTable *)g_ptr_array_index(inference->tables, i))->dataset->is_fact)
      reconsider_thing(inference, g_ptr_array_index(inference->tables, i));
  InferTable *best = NULL;
  for (guint i = 0; i < inference->tables->len; i++) {
    InferTable *table = g_ptr_array_index(inference->tables, i);
    if (best == NULL || table->dataset->is_fact > best->dataset->is_fact ||
        (table->dataset->is_fact == best->dataset->is_fact &&
         (infer_sales_rank(table) > infer_sales_rank(best) ||
          (infer_sales_rank(table) == infer_sales_rank(best) && table->profile->rows > best->profile->rows))))
      best = table;
  }
  inference->main = best;
  if (best != NULL)
    model_set_text(&inference->model->default_dataset, best->dataset->name);
  if (best != NULL && leads_to_dated_orders(inference, best))
    model_set_text(&best->dataset->default_date, NULL);
}

/*
 * Joins by two or three columns, where no single one leads to one row: returns name an order and an article, shops are
 * numbered per country. Two kinds are looked for. Rows of something that happened (an order number and what is in it),
 * and lists of things which only the combination tells apart. Facts that merely share their dimensions (stock and sales,
 * both by day, store and product) are no such link: they meet where they are added up.
 */
#include "model/infer.h"
#include "model/infer_private.h"
#include <string.h>

#define LEAST_FOUND 0.99
#define MOST_PARTS 3
#define MOST_PAIRS 12
#define MOST_TRIES 40
#define FIRST_LOOK_ROWS 200000
#define MOST_ATTRIBUTES 12

typedef enum { PART_EVENT = 1, PART_LINE, PART_IDENTIFIER, PART_NAME, PART_DATE, PART_DIMENSION } PartRank;

/* Two columns that may be one part of the key. */
typedef struct {
  InferColumn *many, *one;
  PartRank rank;
} KeyPair;

typedef struct {
  Inference *inference;
  InferTable *many, *one;
  GArray *pairs;            /* of KeyPair, best parts first */
  KeyPair chosen[MOST_PARTS];
  guint size;               /* of `chosen` */
  gboolean plain;           /* without categories: unique together with one is more easily chance */
  gboolean events;          /* the rows of the one side happened */
  int left;                 /* combinations that may still be tried */
  gboolean found;
  double share;             /* of the many rows that lead to one */
} Search;

/* ---- which columns belong together ---- */

static gboolean is_line_id(const InferColumn *column) { return infer_is_concept(column, "line_id"); }

static gboolean is_plain_column(const InferColumn *column) {
  return column->profile->filled > 0 && column->field->personal == NULL && g_str_equal(column->field->expression, column->field->name);
}

static gboolean can_be_part(const InferColumn *column) {
  const Field *field = column->field;
  gboolean names = field->role == FIELD_ROLE_IDENTIFIER || field->role == FIELD_ROLE_DIMENSION || is_line_id(column);
  gboolean dated = field->role == FIELD_ROLE_TIME && g_strcmp0(column->table->dataset->default_date, field->name) == 0;
  return is_plain_column(column) && (names || dated);
}

static gboolean is_event_entity(const Inference *inference, const InferColumn *column) {
  const Concept *concept = column->concept;
  if (concept == NULL || concept->kind != CONCEPT_IDENTIFIER || concept->entity == NULL)
    return FALSE;
  const EntityWords *words = retail_entity_words(inference->lexicon, concept->entity);
  return words != NULL && words->is_event;
}

/* Numbers of orders, whatever they are called: each stands on rows of one date, or leads to the table of what happened. */
static gboolean is_event(Inference *inference, const InferColumn *column, gboolean *event, GError **error) {
  *event = is_event_entity(inference, column);
  if (*event || column->field->role != FIELD_ROLE_IDENTIFIER || column->concept != NULL || column->profile->distinct < 2)
    return TRUE;
  for (guint i = 0; i < inference->model->relationships->len && !*event; i++) {
    const Relationship *join = g_ptr_array_index(inference->model->relationships, i);
    const InferTable *to = infer_find_table(inference, join->to_dataset);
    *event = g_str_equal(join->from_dataset, column->table->dataset->name) && g_strcmp0(join->from_fields[0], column->field->name) == 0 &&
             join->from_fields[1] == NULL && to != NULL && to->dataset->default_date != NULL;
  }
  const char *name = column->table->dataset->default_date;
  const InferColumn *date = name != NULL ? infer_find_column(column->table, name) : NULL;
  /* A number that is nearly different on every row has one date whatever it numbers. */
  if (*event || date == NULL || column->profile->distinct * 20 > column->table->profile->rows * 19)
    return TRUE;
  return infer_numbers_events(inference, column, date, event, error);
}

static gboolean rank_of(Inference *inference, const InferColumn *one, PartRank *rank, GError **error) {
  gboolean event = FALSE;
  if (!is_event(inference, one, &event, error))
    return FALSE;
  *rank = event                                                          ? PART_EVENT
          : is_line_id(one)                                              ? PART_LINE
          : one->field->role == FIELD_ROLE_IDENTIFIER                    ? PART_IDENTIFIER
          : one->concept != NULL && one->concept->kind == CONCEPT_NAME   ? PART_NAME
          : one->field->role == FIELD_ROLE_TIME                          ? PART_DATE
                                                                         : PART_DIMENSION;
  return TRUE;
}

/* "order_line_no" beside "line_no" in a list of returns: the one that speaks of the order is the order's. */
static gboolean speaks_of_order(const Inference *inference, const InferColumn *column) {
  const EntityWords *words = retail_entity_words(inference->lexicon, "order");
  for (char **word = words != NULL ? words->words : NULL; word != NULL && *word != NULL; word++)
    if (infer_has_word(column, *word))
      return TRUE;
  return FALSE;
}

static InferColumn *partner_of(const Inference *inference, const InferTable *many, const InferColumn *one) {
  InferColumn *best = NULL;
  int best_strength = 0;
  for (guint i = 0; i < many->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(many->columns, i);
    int strength = can_be_part(column) ? infer_join_strength(column, one) : 0;
    if (strength < 2)
      continue;
    if (is_line_id(one) && strength == 2 && speaks_of_order(inference, column))
      strength = 4;
    if (strength > best_strength) {
      best = column;
      best_strength = strength;
    }
  }
  return best;
}

static int compare_pairs(gconstpointer a, gconstpointer b) { return (int)((const KeyPair *)a)->rank - (int)((const KeyPair *)b)->rank; }

static gboolean find_pairs(Search *search, GError **error) {
  for (guint i = 0; i < search->one->columns->len && search->pairs->len < MOST_PAIRS; i++) {
    InferColumn *one = g_ptr_array_index(search->one->columns, i);
    InferColumn *many = can_be_part(one) ? partner_of(search->inference, search->many, one) : NULL;
    KeyPair pair = {many, one, PART_DIMENSION};
    if (many == NULL)
      continue;
    if (!rank_of(search->inference, one, &pair.rank, error))
      return FALSE;
    g_array_append_val(search->pairs, pair);
  }
  g_array_sort(search->pairs, compare_pairs);
  return TRUE;
}

/* ---- what the data says of a combination ---- */

typedef enum { SIDE_MANY, SIDE_ONE } Side;

static const InferColumn *side_of(const KeyPair *pair, Side side) { return side == SIDE_MANY ? pair->many : pair->one; }

/* "a", "b" of one side, each followed by `suffix`. (transfer full) */
static char *key_list(const KeyPair *pairs, guint size, Side side, const char *separator, const char *suffix) {
  GString *list = g_string_new(NULL);
  for (guint i = 0; i < size; i++)
    g_string_append_printf(list, "%s%s%s", i > 0 ? separator : "", side_of(&pairs[i], side)->profile->sql, suffix);
  return g_string_free(list, FALSE);
}

/* Over the whole table; rows that lack a part lead nowhere and are left out. */
static gboolean is_unique(Inference *inference, const InferTable *table, const KeyPair *pairs, guint size, Side side, gboolean *unique,
                          GError **error) {
  double possible = 1;
  for (guint i = 0; i < size; i++)
    possible *= (double)side_of(&pairs[i], side)->profile->distinct;
  *unique = FALSE;
  g_autofree char *keys = key_list(pairs, size, side, ", ", ""), *filled = key_list(pairs, size, side, " AND ", " IS NOT NULL");
  double repeats = 0;
  /* Repeats usually stand close together: the first rows often show that it is none, for little. */
  for (int whole = table->profile->rows <= FIRST_LOOK_ROWS; whole < 2; whole++) {
    g_autofree char *limit = whole ? g_strdup("") : g_strdup_printf(" LIMIT %d", FIRST_LOOK_ROWS);
    g_autofree char *sql = g_strdup_printf(
        "WITH k AS (SELECT %s FROM %s WHERE %s%s) SELECT ((SELECT count(*) FROM k) - (SELECT count(*) FROM (SELECT DISTINCT * FROM k)))::DOUBLE",
        keys, table->profile->relation, filled, limit);
    if (!profile_number(inference->engine, sql, inference->deadline, &repeats, error))
      return FALSE;
    if (repeats > 0)
      return TRUE;
  }
  *unique = possible >= 2;
  return TRUE;
}

/* Share of the rows of `side` whose combination stands on the other side. */
static gboolean share_found(Inference *inference, const KeyPair *pairs, guint size, Side side, double *share, GError **error) {
  Side other = side == SIDE_MANY ? SIDE_ONE : SIDE_MANY;
  const InferTable *from = side_of(&pairs[0], side)->table, *to = side_of(&pairs[0], other)->table;
  g_autofree char *keys = key_list(pairs, size, side, ", ", ""), *filled = key_list(pairs, size, side, " AND ", " IS NOT NULL");
  g_autofree char *there = key_list(pairs, size, other, ", ", "");
  g_autoptr(GString) equal = g_string_new(NULL);
  for (guint i = 0; i < size; i++)
    g_string_append_printf(equal, "%sm.%s = o.%s", i > 0 ? " AND " : "", side_of(&pairs[i], side)->profile->sql,
                           side_of(&pairs[i], other)->profile->sql);
  g_autofree char *sql = g_strdup_printf(
      "SELECT coalesce(avg(CASE WHEN o.hit THEN 1.0 ELSE 0.0 END), 0)::DOUBLE FROM (SELECT %s FROM %s WHERE %s) m "
      "LEFT JOIN (SELECT DISTINCT %s, TRUE AS hit FROM %s) o ON %s",
      keys, from->profile->relation, filled, there, to->profile->relation, equal->str);
  return profile_number(inference->engine, sql, inference->deadline, share, error);
}

/* By order and line, while the products of the two rows differ: the numbers are those of something else. */
static gboolean products_agree(Search *search, gboolean *agree, GError **error) {
  *agree = TRUE;
  const KeyPair *product = NULL;
  for (guint i = 0; i < search->pairs->len && product == NULL; i++) {
    const KeyPair *pair = &g_array_index(search->pairs, KeyPair, i);
    if (pair->rank == PART_IDENTIFIER && pair->one->concept != NULL && g_strcmp0(pair->one->concept->entity, "product") == 0)
      product = pair;
  }
  gboolean by_line = FALSE;
  for (guint i = 0; i < search->size; i++) {
    by_line |= search->chosen[i].rank == PART_LINE;
    if (product != NULL && search->chosen[i].one == product->one)
      return TRUE;
  }
  if (product == NULL || !by_line)
    return TRUE;
  KeyPair extended[MOST_PARTS + 1];
  memcpy(extended, search->chosen, search->size * sizeof(KeyPair));
  extended[search->size] = *product;
  double share = 0;
  if (!share_found(search->inference, extended, search->size + 1, SIDE_MANY, &share, error))
    return FALSE;
  *agree = share >= LEAST_FOUND;
  return TRUE;
}

/* ---- lists of things ---- */

/* Levels, plans and counts by several dimensions are facts, however few attributes stand beside them. */
static gboolean counts_something(const InferTable *table) {
  static const char *const counted[] = {"stock", "stock_value", "budget", "target_units", "spend", "visits", "clicks", "impressions",
                                        "units", "revenue", "order_count", "returned_units", "refunds", "profit", "cost"};
  for (guint i = 0; i < G_N_ELEMENTS(counted); i++)
    if (infer_find_concept(table, counted[i]) != NULL)
      return TRUE;
  return FALSE;
}

static gboolean is_chosen(const Search *search, const InferColumn *column) {
  for (guint i = 0; i < search->size; i++)
    if (search->chosen[i].one == column)
      return TRUE;
  return FALSE;
}

/* The column says something of the combination that none of its parts says alone. */
static gboolean belongs_to_all(Search *search, const InferColumn *attribute, gboolean *belongs, GError **error) {
  *belongs = TRUE;
  for (guint i = 0; i < search->size && *belongs; i++) {
    const InferColumn *part = search->chosen[i].one;
    g_autofree char *sql = g_strdup_printf("SELECT count(*)::DOUBLE FROM (SELECT DISTINCT %s, %s FROM %s WHERE %s IS NOT NULL AND %s IS NOT NULL)",
                                           part->profile->sql, attribute->profile->sql, search->one->profile->relation,
                                           part->profile->sql, attribute->profile->sql);
    double pairs = 0;
    if (!profile_number(search->inference->engine, sql, search->inference->deadline, &pairs, error))
      return FALSE;
    *belongs = pairs > (double)part->profile->distinct;
  }
  return TRUE;
}

/* A grid of two dimensions has attributes of the one and of the other; a list of things has attributes of its rows. */
static gboolean describes_things(Search *search, gboolean *describes, GError **error) {
  int left = MOST_ATTRIBUTES;
  *describes = FALSE;
  for (guint i = 0; i < search->one->columns->len && left > 0 && !*describes; i++) {
    const InferColumn *column = g_ptr_array_index(search->one->columns, i);
    gboolean rate = column->field->role == FIELD_ROLE_MEASURE && column->field->default_aggregate == AGGREGATE_AVERAGE;
    gboolean attribute = column->field->role == FIELD_ROLE_DIMENSION || rate;
    if (!attribute || is_chosen(search, column) || column->profile->filled == 0 ||
        !g_str_equal(column->field->expression, column->field->name))
      continue;
    left--;
    if (!belongs_to_all(search, column, describes, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- the search ---- */

static gboolean has_rank(const Search *search, PartRank lowest, PartRank highest) {
  for (guint i = 0; i < search->size; i++)
    if (search->chosen[i].rank >= lowest && search->chosen[i].rank <= highest)
      return TRUE;
  return FALSE;
}

static gboolean try_chosen(Search *search, GError **error) {
  if (search->events ? !has_rank(search, PART_EVENT, PART_EVENT) : !has_rank(search, PART_IDENTIFIER, PART_NAME))
    return TRUE;
  search->left--;
  gboolean unique = FALSE, holds = TRUE;
  if (!is_unique(search->inference, search->one, search->chosen, search->size, SIDE_ONE, &unique, error))
    return FALSE;
  if (!unique)
    return TRUE;
  if (!share_found(search->inference, search->chosen, search->size, SIDE_MANY, &search->share, error))
    return FALSE;
  if (search->share < LEAST_FOUND)
    return TRUE;
  if (search->events ? !products_agree(search, &holds, error) : !describes_things(search, &holds, error))
    return FALSE;
  search->found = holds;
  return TRUE;
}

static gboolean try_sizes(Search *search, guint from, guint size, GError **error) {
  if (search->size == size)
    return try_chosen(search, error);
  for (guint i = from; i < search->pairs->len && search->left > 0 && !search->found; i++) {
    KeyPair pair = g_array_index(search->pairs, KeyPair, i);
    if (search->plain && pair.rank >= PART_DATE)
      continue;
    search->chosen[search->size++] = pair;
    if (!try_sizes(search, i + 1, size, error))
      return FALSE;
    if (!search->found)
      search->size--;
  }
  return TRUE;
}

/* Both sides may be different on every row: then the list of what was sold is the one side, or the longer of two. */
static gboolean leads_back(Search *search, gboolean *back, GError **error) {
  const InferTable *many = search->many, *one = search->one;
  int rank = infer_sales_rank(many) - infer_sales_rank(one);
  gboolean preferred = many->lists_returns != one->lists_returns ? one->lists_returns
                       : rank != 0                               ? rank > 0
                                                                 : many->profile->rows > one->profile->rows;
  *back = FALSE;
  if (!search->events || !preferred)
    return TRUE;
  double share = 0;
  if (!is_unique(search->inference, many, search->chosen, search->size, SIDE_MANY, back, error))
    return FALSE;
  if (*back && !share_found(search->inference, search->chosen, search->size, SIDE_ONE, &share, error))
    return FALSE;
  *back = *back && share >= LEAST_FOUND;
  return TRUE;
}

/* ---- counting what only the combination identifies ---- */

/* The part that numbers the things: shop numbers per country, receipt numbers per shop. Order lines have no name of their own. */
static const KeyPair *numbering_part(const Search *search) {
  const InferTable *one = search->one;
  gboolean goods = infer_find_entity_column(one, "product", CONCEPT_IDENTIFIER) != NULL || infer_find_concept(one, "units") != NULL ||
                   infer_find_concept(one, "line_id") != NULL;
  const KeyPair *part = NULL;
  for (guint i = 0; i < search->size; i++) {
    const Concept *concept = search->chosen[i].one->concept;
    gboolean numbers = concept != NULL && concept->kind == CONCEPT_IDENTIFIER && concept->entity != NULL;
    if (numbers && (search->events ? search->chosen[i].rank == PART_EVENT : TRUE))
      part = &search->chosen[i];
  }
  return search->events && goods ? NULL : part;
}

/* "country || ' ' || shop_no": empty where a part is. (transfer full) */
static char *key_expression(const Search *search, Side side, gboolean quoted) {
  GString *expression = g_string_new(NULL);
  for (guint i = 0; i < search->size; i++) {
    const InferColumn *column = side_of(&search->chosen[i], side);
    const char *name = quoted ? column->profile->sql : column->field->name;
    g_string_append_printf(expression, column->field->type == FIELD_TEXT ? "%s%s" : "%sCAST(%s AS VARCHAR)", i > 0 ? " || ' ' || " : "", name);
  }
  return g_string_free(expression, FALSE);
}

/* What the computed column holds, in as far as later parts of inference ask. (transfer none) */
static ColumnProfile *profile_key(const Search *search, InferTable *table, Side side, const InferColumn *source, GError **error) {
  g_autofree char *sql = key_expression(search, side, TRUE);
  g_autofree char *counts = g_strdup_printf("SELECT count(%s)::DOUBLE, count(DISTINCT %s)::DOUBLE FROM %s", sql, sql, table->profile->relation);
  double numbers[2] = {0, 0};
  if (!profile_numbers(search->inference->engine, counts, search->inference->deadline, numbers, 2, error))
    return NULL;
  ColumnProfile *profile = g_new0(ColumnProfile, 1);
  profile->column = source->profile->column;
  profile->sql = g_strdup_printf("(%s)", sql);
  profile->filled = (gint64)numbers[0];
  profile->nulls = table->profile->rows - profile->filled;
  profile->distinct = (gint64)numbers[1];
  profile->is_text = TRUE;
  profile->frequent = g_ptr_array_new();
  g_ptr_array_add(table->profile->columns, profile);
  return profile;
}

static gboolean add_key(Search *search, Side side, const KeyPair *part, GError **error) {
  const InferColumn *source = side_of(part, side);
  InferTable *table = source->table;
  g_autofree char *name = g_strdup_printf("%s_key", part->one->concept->entity), *expression = key_expression(search, side, FALSE);
  if (infer_find_column(table, name) != NULL)
    return TRUE;
  const ColumnProfile *profile = profile_key(search, table, side, source, error);
  if (profile == NULL)
    return FALSE;
  InferColumn *key = infer_add_computed(search->inference, table, source, name, FIELD_TEXT, FIELD_ROLE_IDENTIFIER, expression);
  g_autoptr(GString) label = g_string_new(NULL);
  for (guint i = 0; i < search->size; i++)
    g_string_append_printf(label, "%s%s", i > 0 ? " " : "", side_of(&search->chosen[i], side)->field->label);
  model_set_text(&key->field->label, label->str);
  key->profile = profile;
  key->concept = part->one->concept;
  key->score = source->score + 1; /* the better of the two, wherever the thing is looked for */
  key->field->distinct_count = profile->distinct;
  key->field->null_count = profile->nulls;
  infer_note_column(search->inference, key, "only together do they say which %s is meant", part->one->concept->entity);
  if (side == SIDE_MANY)
    return TRUE;
  key->is_key = TRUE;
  table->key = key;
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < search->size; i++)
    g_ptr_array_add(names, search->chosen[i].one->field->name);
  g_ptr_array_add(names, NULL);
  model_set_words(&table->dataset->primary_key, (const char *const *)names->pdata);
  return TRUE;
}

static gboolean add_keys(Search *search, GError **error) {
  const KeyPair *part = numbering_part(search);
  if (part == NULL)
    return TRUE;
  for (guint i = (guint)(part - search->chosen); i + 1 < search->size; i++) { /* "DE 1": the number comes last */
    KeyPair last = search->chosen[i];
    search->chosen[i] = search->chosen[i + 1];
    search->chosen[i + 1] = last;
  }
  part = &search->chosen[search->size - 1];
  search->one->is_one_side = TRUE;
  if (search->events && search->inference->orders == NULL && g_str_equal(part->one->concept->entity, "order"))
    search->inference->orders = search->one;
  return add_key(search, SIDE_ONE, part, error) && add_key(search, SIDE_MANY, part, error);
}

static void add_link(Search *search) {
  InferTable *many = search->many, *one = search->one;
  g_autofree char *name = g_strdup_printf("%s_to_%s", many->dataset->name, one->dataset->name);
  Relationship *join = model_builder_add_relationship(search->inference->builder, name, many->dataset->name,
                                                      search->chosen[0].many->field->name, one->dataset->name,
                                                      search->chosen[0].one->field->name);
  g_autoptr(GString) keys = g_string_new(search->chosen[0].one->field->name);
  for (guint i = 1; i < search->size; i++) {
    model_add_word(&join->from_fields, search->chosen[i].many->field->name);
    model_add_word(&join->to_fields, search->chosen[i].one->field->name);
    g_string_append_printf(keys, "%s%s", i + 1 < search->size ? ", " : " and ", search->chosen[i].one->field->name);
  }
  one->is_one_side |= !search->events; /* order lines stay facts, whatever leads to them */
  infer_note(search->inference, name,
             "found by the names of %u columns; no single one leads to one row, but %s together are different on every row of %s; "
             "%.2f %% of the rows of %s lead to one",
             search->size, keys->str, one->dataset->name, search->share * 100, many->dataset->name);
}

static gboolean run_search(Search *search, GError **error) {
  if (!find_pairs(search, error))
    return FALSE;
  search->events = FALSE;
  for (guint i = 0; i < search->pairs->len; i++)
    search->events |= g_array_index(search->pairs, KeyPair, i).rank == PART_EVENT;
  if (search->pairs->len < 2 || (!search->events && (search->one->dataset->default_date != NULL || counts_something(search->one) ||
                                                     search->one->profile->rows > search->many->profile->rows)))
    return TRUE;
  for (int categories = 0; categories < 2 && !search->found; categories++)
    for (guint size = 2; size <= MOST_PARTS && !search->found; size++) {
      search->plain = categories == 0;
      search->size = 0;
      if (!try_sizes(search, 0, size, error))
        return FALSE;
    }
  gboolean back = FALSE;
  if (!search->found)
    return TRUE;
  if (!leads_back(search, &back, error))
    return FALSE;
  if (back)
    return TRUE;
  add_link(search);
  return add_keys(search, error);
}

gboolean infer_link(Inference *inference, InferTable *many, InferTable *one, GError **error) {
  if (many == one || many->profile->rows == 0 || one->profile->rows < 2 || infer_leads_to(inference, many, one) ||
      infer_leads_to(inference, one, many))
    return TRUE;
  g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(KeyPair));
  Search search = {.inference = inference, .many = many, .one = one, .pairs = pairs, .left = MOST_TRIES};
  return run_search(&search, error);
}

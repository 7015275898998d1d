/* What is counted: orders, customers, products, stores. Where their keys live, what they are called. */
#include "model/infer.h"
#include "model/infer_private.h"
#include <string.h>

#define MOST_AMBIGUOUS_NAMES 0.05 /* share of keys with more than one name above which the name does not name it */
#define LEAST_DISTINCT_NAMES 0.8  /* names per key below which the name is a group rather than a name */

/* The column that identifies the entity in a table: its identifier, or its name where there is none. */
static InferColumn *entity_column(const InferTable *table, const char *entity) {
  if (table->key != NULL && table->key->concept != NULL && g_strcmp0(table->key->concept->entity, entity) == 0)
    return table->key; /* "Customer Code" beside "Customer" in a table of customers */
  InferColumn *column = infer_find_entity_column(table, entity, CONCEPT_IDENTIFIER);
  return column != NULL ? column : infer_find_entity_column(table, entity, CONCEPT_NAME);
}

static guint n_joins_to(const Inference *inference, const InferTable *table) {
  guint n = 0;
  for (guint i = 0; i < inference->model->relationships->len; i++)
    n += g_str_equal(((const Relationship *)g_ptr_array_index(inference->model->relationships, i))->to_dataset, table->dataset->name);
  return n;
}

/* How much a table looks like that of the things themselves: called after them, dated, and others lead to it. */
static guint home_rank(const Inference *inference, const InferTable *table, const char *entity) {
  g_autofree char *noun = infer_table_noun(table->dataset->name);
  g_auto(GStrv) words = retail_header_words(inference->lexicon, noun);
  gboolean named = words[0] != NULL && g_str_equal(words[g_strv_length(words) - 1], entity);
  return named * 1000 + (table->dataset->default_date != NULL) * 100 + n_joins_to(inference, table);
}

/* The key of payments, one for each order, is that of the orders. */
static gboolean is_borrowed(const Inference *inference, const InferColumn *key, const char *entity) {
  for (guint i = 0; i < inference->model->relationships->len; i++) {
    const Relationship *join = g_ptr_array_index(inference->model->relationships, i);
    gboolean own = g_str_equal(join->from_dataset, key->table->dataset->name) && g_str_equal(join->from_fields[0], key->field->name);
    const InferTable *other = own && join->from_fields[1] == NULL ? infer_find_table(inference, join->to_dataset) : NULL;
    if (other != NULL && (!infer_leads_to(inference, other, key->table) ||
                          home_rank(inference, other, entity) > home_rank(inference, key->table, entity)))
      return TRUE;
  }
  return FALSE;
}

/* A table of the things themselves first, then the main facts, then any other table. */
static InferColumn *find_key(const Inference *inference, const char *entity) {
  InferColumn *best = NULL;
  int best_rank = 0;
  for (guint i = 0; i < inference->tables->len; i++) {
    InferTable *table = g_ptr_array_index(inference->tables, i);
    InferColumn *column = entity_column(table, entity);
    if (column == NULL)
      continue;
    gboolean own_table = column == table->key && table->is_one_side && !table->lists_returns && !is_borrowed(inference, column, entity);
    int rank = own_table ? 4 : table == inference->main ? 3 : table->dataset->is_fact ? 2 : 1;
    if (rank > best_rank) {
      best = column;
      best_rank = rank;
    }
  }
  return best;
}

static gboolean names_the_key(Inference *inference, const InferColumn *key, const InferColumn *name, gboolean *names,
                              GError **error) {
  g_autofree char *sql = g_strdup_printf(
      "SELECT count(*)::DOUBLE, coalesce(count_if(n > 1), 0)::DOUBLE FROM (SELECT %s, count(DISTINCT %s) AS n FROM %s "
      "WHERE %s IS NOT NULL GROUP BY 1)",
      key->profile->sql, name->profile->sql, key->table->profile->relation, key->profile->sql);
  double counts[2] = {0, 0};
  if (!profile_numbers(inference->engine, sql, inference->deadline, counts, 2, error))
    return FALSE;
  *names = counts[0] > 0 && counts[1] <= counts[0] * MOST_AMBIGUOUS_NAMES &&
           (double)name->profile->distinct >= (double)key->profile->distinct * LEAST_DISTINCT_NAMES;
  if (*names)
    infer_note_column(inference, name, "names %s: %.0f of %.0f have more than one name", key->field->label, counts[1], counts[0]);
  return TRUE;
}

/* In a table of things, the text that is called "name", "title" or after the thing is its name. */
static InferColumn *own_name(const InferColumn *key) {
  static const char *const plain[] = {"name", "title", "description"};
  guint n = g_strv_length(key->words);
  if (key != key->table->key || n < 2)
    return NULL;
  for (guint rank = 0; rank < G_N_ELEMENTS(plain); rank++)
    for (guint i = 0; i < key->table->columns->len; i++) {
      InferColumn *column = g_ptr_array_index(key->table->columns, i);
      guint m = g_strv_length(column->words);
      gboolean own = m == 1 || (m == 2 && (g_str_equal(column->words[0], "company") || g_str_equal(column->words[0], key->words[n - 2])));
      if (column->profile->is_text && column->field->role == FIELD_ROLE_DIMENSION && column->profile->filled > 0 && own &&
          g_str_equal(column->words[m - 1], plain[rank]))
        return column;
    }
  return NULL;
}

/* In a table of things, the first text that is different on nearly every row ("Dish", "Preparation") is the name. */
static InferColumn *telling_text(const InferColumn *key) {
  for (guint i = 0; key == key->table->key && i < key->table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(key->table->columns, i);
    const ColumnProfile *profile = column->profile;
    gboolean free = column != key && profile->is_text && column->field->role == FIELD_ROLE_DIMENSION && column->concept == NULL;
    if (free && (double)profile->distinct >= 0.95 * (double)key->table->profile->rows && profile->filled == key->table->profile->rows && profile->code < 0.5)
      return column;
  }
  return NULL;
}

/* A "description" of categories or a "company name" of suppliers looked like a product's or a customer's. */
static void forget_foreign_names(Inference *inference) {
  for (guint i = 0; i < inference->tables->len; i++) {
    const InferTable *table = g_ptr_array_index(inference->tables, i);
    const InferColumn *key = table->key;
    gboolean things = key != NULL && !table->dataset->is_fact && g_strv_length(key->words) > 1 &&
                      g_str_equal(key->words[g_strv_length(key->words) - 1], "id");
    for (guint j = 0; things && j < table->columns->len; j++) {
      InferColumn *column = g_ptr_array_index(table->columns, j);
      if (column->concept == NULL || column->concept->kind != CONCEPT_NAME ||
          g_strcmp0(column->concept->entity, key->concept != NULL ? key->concept->entity : NULL) == 0 ||
          infer_find_entity_column(table, column->concept->entity, CONCEPT_IDENTIFIER) != NULL)
        continue;
      gboolean general = column->words[1] == NULL || g_str_equal(column->words[0], "company");
      if (!general)
        continue;
      column->concept = NULL;
      model_set_text(&column->field->personal, NULL);
    }
  }
}

/* "Customer" beside the key "Customer Code": the text that is called like the thing itself. */
static InferColumn *called_like(const InferColumn *key, const char *entity) {
  for (guint i = 0; key == key->table->key && i < key->table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(key->table->columns, i);
    if (column != key && column->profile->is_text && column->concept != NULL && g_strcmp0(column->concept->entity, entity) == 0 &&
        g_strv_length(column->words) == 1)
      return column;
  }
  return NULL;
}

/* "Retailer" beside "Retailer ID" where the rows are not retailers. */
static InferColumn *beside(const InferColumn *key) {
  guint n = g_strv_length(key->words);
  for (guint i = 0; n > 1 && g_str_equal(key->words[n - 1], "id") && i < key->table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(key->table->columns, i);
    gboolean same = column != key && column->profile->is_text && column->field->role == FIELD_ROLE_DIMENSION && g_strv_length(column->words) == n - 1;
    for (guint j = 0; same && j < n - 1; j++)
      same = g_str_equal(column->words[j], key->words[j]);
    if (same)
      return column;
  }
  return NULL;
}

/* "SubcategoryName" beside the key "ProductSubcategoryKey". */
static InferColumn *ending_name(const InferColumn *key) {
  guint n = g_strv_length(key->words);
  for (guint i = 0; key == key->table->key && n > 2 && g_str_equal(key->words[n - 1], "id") && i < key->table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(key->table->columns, i);
    guint m = g_strv_length(column->words);
    gboolean same = column->profile->is_text && column->field->role == FIELD_ROLE_DIMENSION && m > 1 && m < n && g_str_equal(column->words[m - 1], "name");
    for (guint j = 0; same && j + 1 < m; j++)
      same = g_str_equal(column->words[j], key->words[n - m + j]);
    if (same)
      return column;
  }
  return NULL;
}

/* First and last name of people who are listed by number. */
static InferColumn *full_name(Inference *inference, const Entity *entity, const InferColumn *key) {
  InferColumn *parts[2] = {NULL, NULL};
  static const char *const which[] = {"first", "last"};
  for (guint i = 0; i < key->table->columns->len && key == key->table->key; i++) {
    InferColumn *column = g_ptr_array_index(key->table->columns, i);
    for (guint j = 0; j < G_N_ELEMENTS(which); j++)
      if (column->profile->is_text && infer_has_word(column, which[j]) && infer_has_word(column, "name"))
        parts[j] = column;
  }
  if (parts[0] == NULL || parts[1] == NULL)
    return NULL;
  g_autofree char *name = g_strdup_printf("%s_name", entity->name);
  g_autofree char *label = g_strdup_printf("%s name", entity->name);
  g_autofree char *expression = g_strdup_printf("concat_ws(' ', %s, %s)", parts[0]->field->name, parts[1]->field->name);
  InferColumn *column = infer_add_computed(inference, key->table, parts[1], name, FIELD_TEXT, FIELD_ROLE_DIMENSION, expression);
  if (column == NULL)
    return NULL;
  model_set_text(&column->field->label, label);
  model_set_text(&column->field->personal, "name");
  infer_note_column(inference, column, "%s and %s", parts[0]->field->label, parts[1]->field->label);
  return column;
}

static gboolean conclude_name(Inference *inference, Entity *entity, const InferColumn *key, GError **error) {
  InferColumn *name = infer_find_entity_column(key->table, entity->name, CONCEPT_NAME);
  if (name == NULL)
    name = called_like(key, entity->name);
  if (name == NULL && (name = full_name(inference, entity, key)) != NULL) {
    model_set_text(&entity->name_field, name->field->name);
    model_set_text(&name->field->entity, entity->name);
    return TRUE;
  }
  if (name == NULL)
    name = own_name(key);
  if (name == NULL)
    name = beside(key);
  if (name == NULL)
    name = ending_name(key);
  if (name == NULL && g_str_equal(entity->name, "product"))
    name = telling_text(key);
  gboolean names = FALSE;
  if (name == NULL || name == key || name->profile->nulls * 10 > key->table->profile->rows)
    return TRUE;
  if (!names_the_key(inference, key, name, &names, error))
    return FALSE;
  if (!names)
    return TRUE;
  model_set_text(&entity->name_field, name->field->name);
  model_set_text(&name->field->entity, entity->name);
  return TRUE;
}

/* Every column that holds this entity's keys, in whatever table, says so. */
static void mark_columns(Inference *inference, const char *entity) {
  for (guint i = 0; i < inference->tables->len; i++) {
    InferColumn *column = entity_column(g_ptr_array_index(inference->tables, i), entity);
    if (column != NULL && column->field->entity == NULL)
      model_set_text(&column->field->entity, entity);
  }
}

/* "SupportRepId" leads to the employees: grouped by it, they are shown by name. */
static void mark_links(Inference *inference, const InferColumn *key, const char *entity) {
  for (guint i = 0; i < inference->model->relationships->len; i++) {
    const Relationship *join = g_ptr_array_index(inference->model->relationships, i);
    if (join->from_fields[1] != NULL || !g_str_equal(join->to_dataset, key->table->dataset->name) || !g_str_equal(join->to_fields[0], key->field->name))
      continue;
    const InferTable *from = infer_find_table(inference, join->from_dataset);
    InferColumn *column = from != NULL ? infer_find_column(from, join->from_fields[0]) : NULL;
    if (column != NULL && column->field->entity == NULL && (column->concept == NULL || column->concept->entity == NULL))
      model_set_text(&column->field->entity, entity);
  }
}

/* Where a number is called "Purchase", a purchaser has its stem: the word would be heard as the number. */
static gboolean sounds_like_number(const Inference *inference, const char *word) {
  for (guint i = 0; g_str_equal(word, "purchaser") && i < inference->tables->len; i++) {
    const InferTable *table = g_ptr_array_index(inference->tables, i);
    for (guint j = 0; j < table->columns->len; j++) {
      const InferColumn *column = g_ptr_array_index(table->columns, j);
      if (column->field->role == FIELD_ROLE_MEASURE && infer_has_word(column, "purchase"))
        return TRUE;
    }
  }
  return FALSE;
}

static void add_entity_words(Inference *inference, Entity *entity, const InferColumn *key) {
  const EntityWords *known = retail_entity_words(inference->lexicon, entity->name);
  for (char **word = known != NULL ? known->words : NULL; word != NULL && *word != NULL; word++)
    if (!g_str_equal(*word, entity->name) && !sounds_like_number(inference, *word))
      model_add_word(&entity->synonyms, *word);
  entity->is_event = known != NULL && known->is_event;
  if (key == NULL)
    return;
  if (g_str_equal(entity->name, "product") && key->table->goods_noun != NULL)
    model_add_word(&entity->synonyms, key->table->goods_noun);
  g_autofree char *phrase = retail_header_phrase(key->field->label);
  if (!g_str_equal(phrase, entity->name))
    model_add_word(&entity->synonyms, phrase);
}

/* "customer_unique_id" in a table with one row for each order's customer: the one that comes back is the customer. */
static InferColumn *steadier_key(InferColumn *key) {
  const InferTable *table = key->table;
  for (guint i = 0; key == table->key && key->concept != NULL && i < table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    guint n = g_strv_length(column->words);
    if (column != key && n > 2 && g_str_equal(column->words[n - 1], "id") && infer_has_word(column, "unique") && column->concept == key->concept &&
        column->profile->nulls == 0 && column->profile->distinct < table->profile->rows)
      return column;
  }
  return key;
}

static gboolean add_entity(Inference *inference, const char *name, InferColumn *key, GError **error) {
  InferTable *table = key->table;
  Entity *entity = model_builder_add_entity(inference->builder, name, table->dataset->name, key->field->name);
  add_entity_words(inference, entity, key);
  mark_columns(inference, name);
  mark_links(inference, key, name);
  model_set_text(&key->field->entity, name);
  infer_note(inference, name, "counted by %s of %s", key->field->label, table->dataset->name);
  return conclude_name(inference, entity, key, error);
}

/* "Loyalty Scheme ID" in a table where nothing known is meant: the scheme is counted all the same. */
static gboolean add_unknown_entities(Inference *inference, InferTable *table, GError **error) {
  for (guint i = 0; i < table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    guint n = g_strv_length(column->words);
    if (column->field->role != FIELD_ROLE_IDENTIFIER || column->concept != NULL || n < 2 || column->profile->filled == 0)
      continue;
    g_auto(GStrv) noun = g_strdupv(column->words);
    g_clear_pointer(&noun[n - 1], g_free);
    g_autofree char *phrase = g_strjoinv(" ", noun);
    g_autofree char *name = text_slug(phrase);
    const InferTable *namesake = infer_find_table(inference, name);
    gboolean own_table = namesake == NULL || namesake == table; /* genres are listed in the table "genre", not in one that points to it */
    if (model_find_entity(inference->model, name) == NULL && own_table && (namesake == NULL || column == table->key) &&
        !add_entity(inference, name, column, error))
      return FALSE;
  }
  return TRUE;
}

/* A word for orders that the table or its date is called after; NULL. */
static const char *order_word(const Inference *inference, const InferTable *table) {
  static const char *const nouns[] = {"order", "transaction", "purchase", "receipt", "invoice", "ticket"};
  const InferColumn *date = table->dataset->default_date != NULL ? infer_find_column(table, table->dataset->default_date) : NULL;
  g_autofree char *noun = infer_table_noun(table->dataset->name);
  g_auto(GStrv) words = retail_header_words(inference->lexicon, noun);
  guint n = g_strv_length(words);
  for (guint i = 0; i < G_N_ELEMENTS(nouns); i++)
    if ((n > 0 && g_str_equal(words[n - 1], nouns[i])) || (date != NULL && infer_has_word(date, nouns[i])))
      return nouns[i];
  return NULL;
}

/* A file of transactions without numbers: each row is one. */
static void orders_without_key(Inference *inference) {
  InferTable *main = inference->main;
  if (main == NULL || model_find_entity(inference->model, "order") != NULL || !main->dataset->is_fact ||
      order_word(inference, main) == NULL || infer_find_concept(main, "order_count") != NULL)
    return;
  Entity *entity = model_builder_add_entity(inference->builder, "order", main->dataset->name, NULL);
  add_entity_words(inference, entity, NULL);
  main->row_is_order = TRUE;
  infer_note(inference, "order", "every row of %s is one: there is no order number", main->dataset->name);
}

/* ---- what a row is called ---- */

/* "invoice" of "Invoice No", where it is a word for orders; else "order". */
static char *order_noun(const Inference *inference, const InferColumn *key) {
  const EntityWords *words = retail_entity_words(inference->lexicon, "order");
  for (char **word = words != NULL ? words->words : NULL; word != NULL && *word != NULL; word++)
    if (infer_has_word(key, *word))
      return g_strdup(*word);
  return g_strdup("order");
}

static void add_row_word(Dataset *dataset, const char *format, const char *noun) {
  g_autoptr(GString) word = g_string_new(format);
  g_string_replace(word, "%", noun, 0);
  model_add_word(&dataset->row_words, word->str);
}

static void name_order_rows(Inference *inference, InferTable *table, const InferColumn *order) {
  Dataset *dataset = table->dataset;
  const char *word = order == NULL ? order_word(inference, table) : NULL;
  g_autofree char *noun = order != NULL ? order_noun(inference, order) : g_strdup(word != NULL ? word : "order");
  if (table->row_is_order) {
    g_autofree char *plural = text_plural(noun);
    model_set_text(&dataset->label, plural);
    model_add_word(&dataset->row_words, noun);
    const EntityWords *words = retail_entity_words(inference->lexicon, "order");
    for (char **known = words != NULL ? words->words : NULL; known != NULL && *known != NULL; known++)
      model_add_word(&dataset->row_words, *known);
    return;
  }
  g_autofree char *label = g_strdup_printf("%s lines", noun);
  model_set_text(&dataset->label, label);
  static const char *const forms[] = {"% line", "line", "order line", "line item", "% line item", "% item", "item line",
                                      "order item", "sales line", "transaction line", "invoice line"};
  for (guint i = 0; i < G_N_ELEMENTS(forms); i++)
    add_row_word(dataset, forms[i], noun);
}

/* "stores" are stores; of "inventory" or "web_traffic" nobody counts several, only rows. */
static void name_other_rows(const Inference *inference, InferTable *table) {
  g_autofree char *noun = infer_table_noun(table->dataset->name);
  const char *known = g_hash_table_lookup(inference->lexicon->abbreviations, noun); /* "filialen" are stores */
  g_autofree char *words = known != NULL ? text_plural(known) : g_strdup(noun);
  g_autofree char *singular = text_singular(words), *plural = text_plural(singular);
  if (table->lists_returns && !table->dataset->is_fact) { /* "returned" is what it says of orders, not what its rows are */
    model_set_text(&table->dataset->label, "listed returns");
    model_add_word(&table->dataset->row_words, "listed return");
    return;
  }
  gboolean counted = !g_str_equal(words, singular) || !table->dataset->is_fact;
  g_autofree char *row = counted ? g_strdup(singular) : g_strdup_printf("%s row", words);
  g_autofree char *label = counted ? g_strdup(plural) : g_strdup_printf("%s rows", words);
  model_set_text(&table->dataset->label, label);
  for (guint i = 0; i < table->columns->len; i++) { /* "sales by person" means the column Person */
    const InferColumn *column = g_ptr_array_index(table->columns, i);
    if (column->field->label != NULL && g_ascii_strcasecmp(column->field->label, row) == 0)
      return;
  }
  model_add_word(&table->dataset->row_words, row);
}

static void name_rows(Inference *inference, InferTable *table) {
  Dataset *dataset = table->dataset;
  const InferColumn *order = infer_find_entity_column(table, "order", CONCEPT_IDENTIFIER);
  gboolean sells = infer_find_concept(table, "revenue") != NULL || infer_find_concept(table, "units") != NULL ||
                   table == inference->main;
  /* Payments and deliveries have the number of the order; what is delivered of its lines leads to them. */
  gboolean about_order = inference->orders == NULL || inference->orders == table;
  gboolean leads = inference->main != NULL && table != inference->main && infer_leads_to(inference, table, inference->main);
  if (order != NULL && order == table->key && !table->lists_returns && about_order)
    table->row_is_order = TRUE;
  gboolean lines = order != NULL && order != table->key && sells && dataset->is_fact && !table->lists_returns && !leads;
  if (table->row_is_order || lines || (order != NULL && table == inference->main && !table->lists_returns)) {
    name_order_rows(inference, table, order);
  } else {
    name_other_rows(inference, table);
  }
  if (table == inference->main) {
    static const char *const general[] = {"row", "record", "entry"};
    for (guint i = 0; i < G_N_ELEMENTS(general); i++)
      model_add_word(&dataset->row_words, general[i]);
  }
}

/* A list of what is sold, though its header names no product ("Pack Code"): the main fact leads to it, and it has prices or costs. */
static InferColumn *find_goods(const Inference *inference) {
  static const char *const names[] = {"product", "article", "menu", "catalog", "catalogue", "assortment", "range", "title", "dish", "style"};
  static const char *const money[] = {"unit_price", "list_price", "unit_cost", "discounted_price"};
  for (guint i = 0; i < inference->tables->len && inference->main != NULL; i++) {
    InferTable *table = g_ptr_array_index(inference->tables, i);
    InferColumn *key = table->key;
    gboolean leads = key != NULL && !table->dataset->is_fact && infer_leads_to(inference, inference->main, table) && table != inference->main;
    if (!leads || (key->concept != NULL && key->concept->entity != NULL))
      continue;
    g_autofree char *noun = infer_table_noun(table->dataset->name);
    gboolean sold = FALSE;
    for (guint k = 0; k < G_N_ELEMENTS(names); k++)
      sold |= strstr(noun, names[k]) != NULL;
    for (guint k = 0; k < G_N_ELEMENTS(money); k++)
      sold |= infer_find_concept(table, money[k]) != NULL;
    if (sold)
      return key;
  }
  return NULL;
}

static gboolean add_goods(Inference *inference, GError **error) {
  InferColumn *key = model_find_entity(inference->model, "product") == NULL ? find_goods(inference) : NULL;
  if (key == NULL)
    return TRUE;
  const Concept *product = retail_lexicon_concept(inference->lexicon, "product_id");
  for (guint i = 0; i < inference->tables->len; i++) { /* its code in the other tables too */
    InferColumn *column = infer_find_column(g_ptr_array_index(inference->tables, i), key->field->name);
    if (column != NULL && column->concept == NULL)
      column->concept = product;
  }
  return add_entity(inference, "product", key, error);
}

#define LEAST_ORDERS 50
#define MOST_LINES 20         /* of an order, on average */
#define MOST_TORN_ORDERS 0.01 /* share of numbers with more than one date above which they number no orders */

gboolean infer_numbers_events(Inference *inference, const InferColumn *column, const InferColumn *date, gboolean *numbers, GError **error) {
  g_autofree char *sql = g_strdup_printf(
      "SELECT count(*)::DOUBLE, coalesce(count_if(n > 1), 0)::DOUBLE, count(DISTINCT first)::DOUBLE FROM (SELECT %s AS c, "
      "count(DISTINCT %s) AS n, min(%s) AS first FROM %s WHERE %s IS NOT NULL GROUP BY 1)",
      column->profile->sql, date->profile->sql, date->profile->sql, column->table->profile->relation, column->profile->sql);
  double counts[3] = {0, 0, 0};
  if (!profile_numbers(inference->engine, sql, inference->deadline, counts, 3, error))
    return FALSE;
  gboolean has_clock = date->field->type == FIELD_TIMESTAMP; /* then nearly every order has a time of its own */
  *numbers = counts[0] > 0 && counts[1] <= counts[0] * MOST_TORN_ORDERS && (has_clock || counts[0] >= counts[2] * 1.2);
  return TRUE;
}

/* No header says order ("Slip"): codes of which each stands on a few lines, all of one date, number the sales. */
static gboolean find_orders_by_lines(Inference *inference, GError **error) {
  InferTable *main = inference->main;
  if (main == NULL || !main->dataset->is_fact || main->dataset->default_date == NULL || infer_find_concept(main, "order_count") != NULL ||
      infer_find_entity_column(main, "order", CONCEPT_IDENTIFIER) != NULL)
    return TRUE;
  const InferColumn *date = infer_find_column(main, main->dataset->default_date);
  gint64 rows = main->profile->rows;
  for (guint i = 0; date != NULL && i < main->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(main->columns, i);
    const ColumnProfile *profile = column->profile;
    gboolean code = column->concept == NULL && profile->is_text && profile->code > 0.95 && profile->spaced < 0.05;
    gboolean repeats = profile->distinct >= LEAST_ORDERS && profile->distinct * MOST_LINES >= rows && profile->distinct * 21 <= rows * 20;
    gboolean numbers = FALSE;
    if (!code || !repeats || profile->filled * 20 < rows * 19)
      continue;
    if (!infer_numbers_events(inference, column, date, &numbers, error))
      return FALSE;
    if (!numbers)
      continue;
    column->concept = retail_lexicon_concept(inference->lexicon, "order_id");
    column->field->role = FIELD_ROLE_IDENTIFIER;
    infer_note_column(inference, column, "numbers the sales: a few lines each, all of one date");
    return TRUE;
  }
  return TRUE;
}

gboolean infer_entities(Inference *inference, GError **error) {
  if (!find_orders_by_lines(inference, error))
    return FALSE;
  forget_foreign_names(inference);
  static const char *const known[] = {"order", "customer", "product", "store", "seller", "supplier", "campaign", "visit",
                                      "warehouse", "return", "shipment", "shipper", "review"};
  for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
    InferColumn *key = find_key(inference, known[i]);
    if (key != NULL && g_str_equal(known[i], "customer"))
      key = steadier_key(key);
    gboolean listed = key != NULL && g_str_equal(known[i], "return") && key->table->lists_returns &&
                      !key->table->dataset->is_fact; /* there it is the orders that came back: a condition of theirs */
    if (key != NULL && !listed && !add_entity(inference, known[i], key, error))
      return FALSE;
  }
  if (!add_goods(inference, error))
    return FALSE;
  for (guint i = 0; i < inference->tables->len; i++)
    if (!add_unknown_entities(inference, g_ptr_array_index(inference->tables, i), error))
      return FALSE;
  orders_without_key(inference);
  for (guint i = 0; i < inference->tables->len; i++)
    name_rows(inference, g_ptr_array_index(inference->tables, i));
  return TRUE;
}

/*
 * "Item_MRP", "Item_Weight", "Item_Type": a word that several headers of a table begin with says whose column it is. People
 * leave it out, and what stands behind it tells what the column means.
 */
#include "model/infer.h"
#include "model/infer_private.h"
#include <string.h>

#define LEAST_SHARED 3 /* headers that begin alike */

static guint n_beginning(const InferTable *table, const char *word) {
  guint n = 0;
  for (guint i = 0; i < table->columns->len; i++) {
    const InferColumn *column = g_ptr_array_index(table->columns, i);
    n += g_strv_length(column->words) > 1 && g_str_equal(column->words[0], word);
  }
  return n;
}

static gboolean is_shared(const InferTable *table, const char *word) {
  for (guint i = 0; i < table->columns->len; i++) {
    const InferColumn *column = g_ptr_array_index(table->columns, i);
    if (g_str_equal(column->words[0] != NULL ? column->words[0] : "", word))
      return n_beginning(table, word) >= LEAST_SHARED;
  }
  return FALSE;
}

/* How many words at the beginning are such words; at least one word stays. */
static guint prefix_length(const InferTable *table, const InferColumn *column) {
  guint n = g_strv_length(column->words), taken = 0;
  while (taken + 1 < n && is_shared(table, column->words[taken]))
    taken++;
  return taken;
}

/* Too general to stand alone. */
static gboolean is_telling(const char *phrase) {
  static const char *const general[] = {"value", "amount", "total", "number", "count", "name", "code", "date", "id", "key", "rate", "price",
                                        "cost", "quantity", "level", "day", "month", "year", "time", "period", "type", "unit", "line", "row",
                                        "order", "sales", "sale", "identifier", "number of", "description", NULL};
  return *phrase != '\0' && !g_strv_contains(general, phrase);
}

static char *short_phrase(const RetailLexicon *lexicon, const InferColumn *column, guint prefix) {
  g_autofree char *spelled = retail_header_spelled(lexicon, column->profile->column->label);
  const char *rest = spelled;
  for (guint i = 0; i < prefix && rest != NULL; i++)
    rest = (rest = strchr(rest, ' ')) != NULL ? rest + 1 : NULL;
  return g_strdup(rest != NULL ? rest : "");
}

static gboolean is_only_one(const InferTable *table, const InferColumn *column) {
  for (guint i = 0; i < table->columns->len; i++) {
    const InferColumn *other = g_ptr_array_index(table->columns, i);
    g_autofree char *phrase = retail_header_phrase(other->profile->column->label);
    if (other != column && (g_strcmp0(other->short_phrase, column->short_phrase) == 0 || g_str_equal(phrase, column->short_phrase)))
      return FALSE;
  }
  return TRUE;
}

static InferColumn *named_after(const InferTable *table, const char *noun) {
  for (guint i = 0; i < table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    gboolean name = g_strv_length(column->words) == 2 && g_str_equal(column->words[0], noun) && g_str_equal(column->words[1], "name");
    if (name && column->profile->is_text && column->profile->distinct * 2 < column->profile->filled)
      return column;
  }
  return NULL;
}

static gboolean names_product(const InferTable *table) {
  for (guint i = 0; i < table->columns->len; i++) {
    const InferColumn *column = g_ptr_array_index(table->columns, i);
    if (column->concept != NULL && g_strcmp0(column->concept->entity, "product") == 0)
      return TRUE;
  }
  return FALSE;
}

/*
 * "pizza_id" that is different on every line beside "pizza_name" that is not: the one numbers lines, the other is what is
 * sold. Only where quantities or prices stand beside it and nothing is called a product.
 */
void infer_goods_of_lines(const Inference *inference, InferTable *table) {
  gboolean sold = FALSE;
  for (guint i = 0; i < table->columns->len; i++)
    sold |= infer_is_concept(g_ptr_array_index(table->columns, i), "units") || infer_is_concept(g_ptr_array_index(table->columns, i), "unit_price");
  for (guint i = 0; sold && !names_product(table) && i < table->columns->len; i++) {
    InferColumn *number = g_ptr_array_index(table->columns, i);
    gboolean numbers = number->is_key && number->concept == NULL && g_strv_length(number->words) == 2 && g_str_equal(number->words[1], "id");
    InferColumn *name = numbers ? named_after(table, number->words[0]) : NULL;
    if (name == NULL)
      continue;
    number->concept = retail_lexicon_concept(inference->lexicon, "line_id");
    name->concept = retail_lexicon_concept(inference->lexicon, "product_name");
    table->goods_noun = g_strdup(number->words[0]);
  }
}

void infer_shared_prefixes(const Inference *inference, InferTable *table) {
  for (guint i = 0; i < table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    guint prefix = prefix_length(table, column);
    if (prefix == 0)
      continue;
    column->short_phrase = short_phrase(inference->lexicon, column, prefix);
    FieldType type = column->profile->column->type;
    gboolean number = type == FIELD_DECIMAL || type == FIELD_DOUBLE || type == FIELD_INTEGER;
    for (guint cut = 1; column->concept == NULL && number && cut <= prefix; cut++)
      column->concept = retail_lexicon_match(inference->lexicon, column->words + cut, 1u << CONCEPT_MEASURE, &column->score);
  }
  for (guint i = 0; i < table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    gboolean time = column->profile->column->type == FIELD_DATE || column->profile->column->type == FIELD_TIMESTAMP;
    column->says_short = column->short_phrase != NULL && !time && is_telling(column->short_phrase) && is_only_one(table, column);
  }
}

void infer_costs_of_clicks(const Inference *inference, const InferTable *table) {
  gboolean advertises = infer_find_concept(table, "clicks") != NULL || infer_find_concept(table, "impressions") != NULL;
  gboolean spends = infer_find_concept(table, "spend") != NULL;
  InferColumn *cost = infer_find_concept(table, "cost");
  if (advertises && !spends && cost != NULL)
    cost->concept = retail_lexicon_concept(inference->lexicon, "spend");
}

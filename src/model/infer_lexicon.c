/* Reading lexicon/retail.yaml. The file travels inside the program, so a mistake in it is a defect, never the user's. */
#include <string.h>

#include "base/embedded.h"
#include "base/yaml_tree.h"
#include "model/infer.h"

static const char *scalar_of(const YamlNode *node) {
  return node != NULL && node->kind == YAML_SCALAR ? node->text : NULL;
}

static const char *key_text(const YamlNode *map, guint position) {
  return ((const YamlNode *)map->keys->pdata[position])->text;
}

/* The scalars of a list; an absent one is the empty list. (transfer full) */
static char **words_of(const YamlNode *list) {
  g_autoptr(GStrvBuilder) words = g_strv_builder_new();
  for (guint i = 0; list != NULL && list->kind == YAML_LIST && i < list->items->len; i++) {
    const char *word = scalar_of(list->items->pdata[i]);
    if (word != NULL) g_strv_builder_add(words, word);
  }
  return g_strv_builder_end(words);
}

static void concept_free(gpointer data) {
  Concept *concept = data;
  g_free(concept->name);
  g_free(concept->entity);
  g_ptr_array_unref(concept->exact);
  g_ptr_array_unref(concept->headers);
  g_strfreev(concept->never);
  g_strfreev(concept->words);
  g_free(concept->unit);
  g_free(concept);
}

static void entity_words_free(gpointer data) {
  EntityWords *entity = data;
  g_free(entity->name);
  g_strfreev(entity->words);
  g_free(entity);
}

static void condition_words_free(gpointer data) {
  ConditionWords *condition = data;
  g_free(condition->name);
  g_strfreev(condition->values);
  g_strfreev(condition->flags);
  g_strfreev(condition->words);
  g_free(condition);
}

static void lexicon_code_free(gpointer data) {
  CodedValue *code = data;
  g_free(code->code);
  g_strfreev(code->labels);
  g_free(code);
}

static ConceptKind concept_kind(const char *name) {
  static const char *const names[] = {"measure", "identifier", "name", "date", "time", "dimension", "detail"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (g_strcmp0(name, names[i]) == 0)
      return (ConceptKind)i;
  return CONCEPT_DETAIL;
}

static GPtrArray *header_patterns(const RetailLexicon *lexicon, const YamlNode *sequence) {
  GPtrArray *patterns = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
  g_auto(GStrv) phrases = words_of(sequence);
  for (char **phrase = phrases; *phrase != NULL; phrase++)
    g_ptr_array_add(patterns, retail_header_words(lexicon, *phrase));
  return patterns;
}

static Concept *read_concept(const RetailLexicon *lexicon, const YamlNode *node) {
  Concept *concept = g_new0(Concept, 1);
  concept->name = g_strdup(scalar_of(yaml_get(node, "name")));
  concept->kind = concept_kind(scalar_of(yaml_get(node, "kind")));
  concept->entity = g_strdup(scalar_of(yaml_get(node, "entity")));
  concept->exact = header_patterns(lexicon, yaml_get(node, "exact"));
  concept->headers = header_patterns(lexicon, yaml_get(node, "headers"));
  g_auto(GStrv) never = words_of(yaml_get(node, "never"));
  g_autoptr(GStrvBuilder) normal = g_strv_builder_new();
  for (char **word = never; *word != NULL; word++) {
    g_auto(GStrv) words = retail_header_words(lexicon, *word);
    if (words[0] != NULL && words[1] == NULL)
      g_strv_builder_add(normal, words[0]);
  }
  concept->never = g_strv_builder_end(normal);
  concept->words = words_of(yaml_get(node, "words"));
  const char *aggregate = scalar_of(yaml_get(node, "aggregate"));
  concept->aggregate = g_strcmp0(aggregate, "average") == 0 ? AGGREGATE_AVERAGE
                       : g_strcmp0(aggregate, "sum") == 0   ? AGGREGATE_SUM
                                                            : AGGREGATE_NONE;
  const char *unit = scalar_of(yaml_get(node, "unit"));
  concept->unit = g_strdup(unit != NULL ? unit : "");
  concept->lower_is_better = g_strcmp0(scalar_of(yaml_get(node, "lower_is_better")), "true") == 0;
  return concept;
}

/* Vocabulary first: splitting glued headers ("orderdate") needs to know all words. */
static void collect_vocabulary(RetailLexicon *lexicon, const YamlNode *concepts) {
  for (guint at = 0; at < concepts->items->len; at++) {
    const YamlNode *node = concepts->items->pdata[at];
    static const char *const lists[] = {"exact", "headers"};
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
      g_auto(GStrv) phrases = words_of(yaml_get(node, lists[i]));
      for (char **phrase = phrases; *phrase != NULL; phrase++) {
        g_auto(GStrv) words = g_strsplit(*phrase, " ", -1);
        for (char **word = words; *word != NULL; word++)
          g_hash_table_add(lexicon->vocabulary, g_ascii_strdown(*word, -1));
      }
    }
  }
}

static void read_abbreviations(RetailLexicon *lexicon, const YamlNode *map) {
  for (guint i = 0; i < map->items->len; i++)
    g_hash_table_insert(lexicon->abbreviations, g_strdup(key_text(map, i)), g_strdup(scalar_of(map->items->pdata[i])));
}

static void read_entities(RetailLexicon *lexicon, const YamlNode *map) {
  for (guint i = 0; i < map->items->len; i++) {
    const YamlNode *node = map->items->pdata[i];
    EntityWords *entity = g_new0(EntityWords, 1);
    entity->name = g_strdup(key_text(map, i));
    entity->words = words_of(yaml_get(node, "words"));
    entity->is_event = g_strcmp0(scalar_of(yaml_get(node, "event")), "true") == 0;
    g_hash_table_insert(lexicon->entities, entity->name, entity);
  }
}

static void read_conditions(RetailLexicon *lexicon, const YamlNode *map) {
  for (guint i = 0; i < map->items->len; i++) {
    const YamlNode *node = map->items->pdata[i];
    ConditionWords *condition = g_new0(ConditionWords, 1);
    condition->name = g_strdup(key_text(map, i));
    condition->values = words_of(yaml_get(node, "values"));
    condition->flags = words_of(yaml_get(node, "flags"));
    condition->words = words_of(yaml_get(node, "words"));
    g_hash_table_insert(lexicon->conditions, condition->name, condition);
  }
}

static void read_codes(RetailLexicon *lexicon, const YamlNode *map) {
  for (guint i = 0; i < map->items->len; i++) {
    GPtrArray *codes = g_ptr_array_new_with_free_func(lexicon_code_free);
    const YamlNode *list = map->items->pdata[i];
    for (guint at = 0; list->kind == YAML_MAP && at < list->items->len; at++) {
      CodedValue *value = g_new0(CodedValue, 1);
      value->code = g_strdup(key_text(list, at));
      value->labels = words_of(list->items->pdata[at]);
      g_ptr_array_add(codes, value);
    }
    g_hash_table_insert(lexicon->codes, g_strdup(key_text(map, i)), codes);
  }
}

static gboolean is_map(const YamlNode *node) {
  return node != NULL && node->kind == YAML_MAP;
}

static gboolean read_lexicon(RetailLexicon *lexicon, const YamlNode *root) {
  const YamlNode *concepts = yaml_get(root, "concepts");
  const YamlNode *abbreviations = yaml_get(root, "abbreviations");
  const YamlNode *entities = yaml_get(root, "entities");
  const YamlNode *conditions = yaml_get(root, "conditions");
  const YamlNode *codes = yaml_get(root, "codes");
  if (concepts == NULL || concepts->kind != YAML_LIST || !is_map(abbreviations) || !is_map(entities) ||
      !is_map(conditions) || !is_map(codes))
    return FALSE;
  read_abbreviations(lexicon, abbreviations);
  collect_vocabulary(lexicon, concepts);
  for (guint i = 0; i < concepts->items->len; i++) g_ptr_array_add(lexicon->concepts, read_concept(lexicon, concepts->items->pdata[i]));
  read_entities(lexicon, entities);
  read_conditions(lexicon, conditions);
  read_codes(lexicon, codes);
  return TRUE;
}

void retail_lexicon_free(RetailLexicon *lexicon) {
  if (lexicon == NULL)
    return;
  g_hash_table_unref(lexicon->abbreviations);
  g_hash_table_unref(lexicon->vocabulary);
  g_ptr_array_unref(lexicon->concepts);
  g_hash_table_unref(lexicon->entities);
  g_hash_table_unref(lexicon->conditions);
  g_hash_table_unref(lexicon->codes);
  g_free(lexicon);
}

static RetailLexicon *retail_lexicon_new(void) {
  RetailLexicon *lexicon = g_new0(RetailLexicon, 1);
  lexicon->abbreviations = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  lexicon->vocabulary = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  lexicon->concepts = g_ptr_array_new_with_free_func(concept_free);
  lexicon->entities = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entity_words_free);
  lexicon->conditions = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, condition_words_free);
  lexicon->codes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  return lexicon;
}

RetailLexicon *retail_lexicon_load(GError **error) {
  const EmbeddedFile *source = embedded_file_find("retail.yaml");
  g_autoptr(GPtrArray) problems = yaml_problems_new();
  g_autoptr(YamlNode) root = source != NULL ? yaml_tree_parse((const char *)source->bytes, source->length, "retail.yaml", problems) : NULL;
  g_autoptr(RetailLexicon) lexicon = retail_lexicon_new();
  if (problems->len == 0 && root != NULL && read_lexicon(lexicon, root)) return g_steal_pointer(&lexicon);
  g_autofree char *told = yaml_problems_to_text(problems);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INTERNAL, "the program's retail words cannot be read: %s",
              problems->len > 0 ? told : "they are not in the form expected");
  return NULL;
}

const Concept *retail_lexicon_concept(const RetailLexicon *lexicon, const char *name) {
  for (guint i = 0; i < lexicon->concepts->len; i++) {
    const Concept *concept = g_ptr_array_index(lexicon->concepts, i);
    if (g_strcmp0(concept->name, name) == 0)
      return concept;
  }
  return NULL;
}

const EntityWords *retail_entity_words(const RetailLexicon *lexicon, const char *entity) {
  return g_hash_table_lookup(lexicon->entities, entity);
}

const ConditionWords *retail_condition_words(const RetailLexicon *lexicon, const char *condition) {
  return g_hash_table_lookup(lexicon->conditions, condition);
}

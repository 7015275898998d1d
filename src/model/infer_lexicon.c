/* Reading lexicon/retail.yaml. The file travels inside the program, so a mistake in it is a defect, never the user's. */
#include "base/embedded.h"
#include "model/infer.h"
#include <string.h>
#include <yaml.h>

typedef struct {
  yaml_document_t document;
  gboolean loaded;
} LexiconFile;

static const yaml_node_t *lexicon_node(LexiconFile *file, int index) {
  return yaml_document_get_node(&file->document, index);
}

static const char *lexicon_scalar(const yaml_node_t *node) {
  return node != NULL && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static const yaml_node_t *lexicon_get(LexiconFile *file, const yaml_node_t *mapping, const char *key) {
  if (mapping == NULL || mapping->type != YAML_MAPPING_NODE)
    return NULL;
  for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++)
    if (g_strcmp0(lexicon_scalar(lexicon_node(file, pair->key)), key) == 0)
      return lexicon_node(file, pair->value);
  return NULL;
}

/* The scalars of a sequence; an absent one is the empty list. (transfer full) */
static char **lexicon_words(LexiconFile *file, const yaml_node_t *sequence) {
  g_autoptr(GStrvBuilder) words = g_strv_builder_new();
  if (sequence != NULL && sequence->type == YAML_SEQUENCE_NODE)
    for (yaml_node_item_t *item = sequence->data.sequence.items.start; item < sequence->data.sequence.items.top; item++) {
      const char *word = lexicon_scalar(lexicon_node(file, *item));
      if (word != NULL)
        g_strv_builder_add(words, word);
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

static GPtrArray *header_patterns(const RetailLexicon *lexicon, LexiconFile *file, const yaml_node_t *sequence) {
  GPtrArray *patterns = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
  g_auto(GStrv) phrases = lexicon_words(file, sequence);
  for (char **phrase = phrases; *phrase != NULL; phrase++)
    g_ptr_array_add(patterns, retail_header_words(lexicon, *phrase));
  return patterns;
}

static Concept *read_concept(const RetailLexicon *lexicon, LexiconFile *file, const yaml_node_t *node) {
  Concept *concept = g_new0(Concept, 1);
  concept->name = g_strdup(lexicon_scalar(lexicon_get(file, node, "name")));
  concept->kind = concept_kind(lexicon_scalar(lexicon_get(file, node, "kind")));
  concept->entity = g_strdup(lexicon_scalar(lexicon_get(file, node, "entity")));
  concept->exact = header_patterns(lexicon, file, lexicon_get(file, node, "exact"));
  concept->headers = header_patterns(lexicon, file, lexicon_get(file, node, "headers"));
  g_auto(GStrv) never = lexicon_words(file, lexicon_get(file, node, "never"));
  g_autoptr(GStrvBuilder) normal = g_strv_builder_new();
  for (char **word = never; *word != NULL; word++) {
    g_auto(GStrv) words = retail_header_words(lexicon, *word);
    if (words[0] != NULL && words[1] == NULL)
      g_strv_builder_add(normal, words[0]);
  }
  concept->never = g_strv_builder_end(normal);
  concept->words = lexicon_words(file, lexicon_get(file, node, "words"));
  const char *aggregate = lexicon_scalar(lexicon_get(file, node, "aggregate"));
  concept->aggregate = g_strcmp0(aggregate, "average") == 0 ? AGGREGATE_AVERAGE
                       : g_strcmp0(aggregate, "sum") == 0   ? AGGREGATE_SUM
                                                            : AGGREGATE_NONE;
  const char *unit = lexicon_scalar(lexicon_get(file, node, "unit"));
  concept->unit = g_strdup(unit != NULL ? unit : "");
  concept->lower_is_better = g_strcmp0(lexicon_scalar(lexicon_get(file, node, "lower_is_better")), "true") == 0;
  return concept;
}

/* Vocabulary first: splitting glued headers ("orderdate") needs to know all words. */
static void collect_vocabulary(RetailLexicon *lexicon, LexiconFile *file, const yaml_node_t *concepts) {
  for (yaml_node_item_t *item = concepts->data.sequence.items.start; item < concepts->data.sequence.items.top; item++) {
    const yaml_node_t *node = lexicon_node(file, *item);
    static const char *const lists[] = {"exact", "headers"};
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
      g_auto(GStrv) phrases = lexicon_words(file, lexicon_get(file, node, lists[i]));
      for (char **phrase = phrases; *phrase != NULL; phrase++) {
        g_auto(GStrv) words = g_strsplit(*phrase, " ", -1);
        for (char **word = words; *word != NULL; word++)
          g_hash_table_add(lexicon->vocabulary, g_ascii_strdown(*word, -1));
      }
    }
  }
}

static void read_abbreviations(RetailLexicon *lexicon, LexiconFile *file, const yaml_node_t *mapping) {
  for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++)
    g_hash_table_insert(lexicon->abbreviations, g_strdup(lexicon_scalar(lexicon_node(file, pair->key))),
                        g_strdup(lexicon_scalar(lexicon_node(file, pair->value))));
}

static void read_entities(RetailLexicon *lexicon, LexiconFile *file, const yaml_node_t *mapping) {
  for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
    const yaml_node_t *node = lexicon_node(file, pair->value);
    EntityWords *entity = g_new0(EntityWords, 1);
    entity->name = g_strdup(lexicon_scalar(lexicon_node(file, pair->key)));
    entity->words = lexicon_words(file, lexicon_get(file, node, "words"));
    entity->is_event = g_strcmp0(lexicon_scalar(lexicon_get(file, node, "event")), "true") == 0;
    g_hash_table_insert(lexicon->entities, entity->name, entity);
  }
}

static void read_conditions(RetailLexicon *lexicon, LexiconFile *file, const yaml_node_t *mapping) {
  for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
    const yaml_node_t *node = lexicon_node(file, pair->value);
    ConditionWords *condition = g_new0(ConditionWords, 1);
    condition->name = g_strdup(lexicon_scalar(lexicon_node(file, pair->key)));
    condition->values = lexicon_words(file, lexicon_get(file, node, "values"));
    condition->flags = lexicon_words(file, lexicon_get(file, node, "flags"));
    condition->words = lexicon_words(file, lexicon_get(file, node, "words"));
    g_hash_table_insert(lexicon->conditions, condition->name, condition);
  }
}

static void read_codes(RetailLexicon *lexicon, LexiconFile *file, const yaml_node_t *mapping) {
  for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
    GPtrArray *codes = g_ptr_array_new_with_free_func(lexicon_code_free);
    const yaml_node_t *list = lexicon_node(file, pair->value);
    for (yaml_node_pair_t *code = list->data.mapping.pairs.start; code < list->data.mapping.pairs.top; code++) {
      CodedValue *value = g_new0(CodedValue, 1);
      value->code = g_strdup(lexicon_scalar(lexicon_node(file, code->key)));
      value->labels = lexicon_words(file, lexicon_node(file, code->value));
      g_ptr_array_add(codes, value);
    }
    g_hash_table_insert(lexicon->codes, g_strdup(lexicon_scalar(lexicon_node(file, pair->key))), codes);
  }
}

static gboolean is_mapping(const yaml_node_t *node) { return node != NULL && node->type == YAML_MAPPING_NODE; }

static gboolean read_lexicon(RetailLexicon *lexicon, LexiconFile *file) {
  const yaml_node_t *root = yaml_document_get_root_node(&file->document);
  const yaml_node_t *concepts = lexicon_get(file, root, "concepts");
  const yaml_node_t *abbreviations = lexicon_get(file, root, "abbreviations");
  const yaml_node_t *entities = lexicon_get(file, root, "entities");
  const yaml_node_t *conditions = lexicon_get(file, root, "conditions");
  const yaml_node_t *codes = lexicon_get(file, root, "codes");
  if (concepts == NULL || concepts->type != YAML_SEQUENCE_NODE || !is_mapping(abbreviations) || !is_mapping(entities) ||
      !is_mapping(conditions) || !is_mapping(codes))
    return FALSE;
  read_abbreviations(lexicon, file, abbreviations);
  collect_vocabulary(lexicon, file, concepts);
  for (yaml_node_item_t *item = concepts->data.sequence.items.start; item < concepts->data.sequence.items.top; item++)
    g_ptr_array_add(lexicon->concepts, read_concept(lexicon, file, lexicon_node(file, *item)));
  read_entities(lexicon, file, entities);
  read_conditions(lexicon, file, conditions);
  read_codes(lexicon, file, codes);
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
  yaml_parser_t parser;
  if (source == NULL || !yaml_parser_initialize(&parser)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INTERNAL, "the retail thesaurus is missing from the program");
    return NULL;
  }
  g_autoptr(RetailLexicon) lexicon = retail_lexicon_new();
  LexiconFile file = {0};
  yaml_parser_set_input_string(&parser, (const unsigned char *)source->bytes, source->length);
  file.loaded = yaml_parser_load(&parser, &file.document);
  gboolean right = file.loaded && read_lexicon(lexicon, &file);
  if (!right)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INTERNAL, "the retail thesaurus cannot be read: line %zu: %s",
                parser.problem_mark.line + 1, parser.problem != NULL ? parser.problem : "not in the form expected");
  if (file.loaded)
    yaml_document_delete(&file.document);
  yaml_parser_delete(&parser);
  return right ? g_steal_pointer(&lexicon) : NULL;
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

#include "agent/names.h"

#include <string.h>

#include "agent/vectors.h"

/* How near in meaning a word must be for a name to be offered; it must be nearer than every other thing. Nothing is answered
 * by this alone: "tax" is 0.64 from "revenue". */
#define MEANING_LEAST 0.45f
/* Letters a slip of the pen may change, in words of at least this length. */
#define SLIP_LETTERS 1
#define SLIP_LEAST_LENGTH 5
#define NAMES_MAX 5000

struct NameIndex {
  gint references;
  GPtrArray *names;      /* of Name* */
  GHashTable *by_folded; /* folded -> Name* */
  VectorIndex *vectors;  /* in the order of names; NULL */
  Embedder *embedder;
};

static void name_free(gpointer pointer) {
  Name *name = pointer;
  g_free(name->text);
  g_free(name->folded);
  g_free(name->target);
  g_free(name);
}

static void add_name(NameIndex *index, const char *text, const char *target, gboolean is_value) {
  if (text == NULL || *text == '\0' || index->names->len >= NAMES_MAX) return;
  g_autofree char *folded = text_fold(text);
  if (*folded == '\0' || g_hash_table_contains(index->by_folded, folded)) return;
  Name *name = g_new0(Name, 1);
  name->text = g_strdup(text);
  name->folded = g_steal_pointer(&folded);
  name->target = g_strdup(target);
  name->is_value = is_value;
  g_ptr_array_add(index->names, name);
  g_hash_table_insert(index->by_folded, name->folded, name);
}

static void add_names(NameIndex *index, const char *kind, const char *thing, const char *label, char *const *synonyms) {
  g_autofree char *target = g_strdup_printf("%s %s", kind, thing);
  add_name(index, label, target, FALSE);
  for (; synonyms != NULL && *synonyms != NULL; synonyms++) add_name(index, *synonyms, target, FALSE);
}

static void add_model(NameIndex *index, const Model *model) {
  for (guint i = 0; i < model->metrics->len; i++) {
    const Metric *metric = g_ptr_array_index(model->metrics, i);
    add_names(index, "metric", metric->name, metric->label, metric->synonyms);
  }
  for (guint i = 0; i < model->entities->len; i++) {
    const Entity *entity = g_ptr_array_index(model->entities, i);
    add_names(index, "entity", entity->name, entity->name, entity->synonyms);
  }
  for (guint i = 0; i < model->conditions->len; i++) {
    const Condition *condition = g_ptr_array_index(model->conditions, i);
    add_names(index, "condition", condition->name, condition->label, condition->synonyms);
  }
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, i);
    for (guint j = 0; j < dataset->fields->len; j++) {
      const Field *field = g_ptr_array_index(dataset->fields, j);
      g_autofree char *thing = g_strdup_printf("%s.%s", dataset->name, field->name);
      add_names(index, "field", thing, field->label, field->synonyms);
    }
  }
}

/* Names come from headers of files: all are encoded once, and kept for the next process. */
static gboolean has_letter(const char *text) {
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at))
    if (g_unichar_isalpha(g_utf8_get_char(at))) return TRUE;
  return FALSE;
}

/* Kinds of things, by what the data calls them. A word that names something else already keeps that meaning. */
static void add_values(NameIndex *index, const Model *model, const ValueIndex *values) {
  guint added = 0;
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, i);
    for (guint j = 0; j < dataset->fields->len; j++) {
      const Field *field = g_ptr_array_index(dataset->fields, j);
      gint64 distinct = value_index_distinct(values, field);
      if (field->type != FIELD_TEXT || field->personal != NULL || distinct < 0 || distinct > NAMES_VALUES_OF_FIELD) continue;
      g_autoptr(GPtrArray) hits = value_index_of_field(values, field, NULL, NAMES_VALUES_OF_FIELD);
      for (guint k = 0; k < hits->len && added < NAMES_VALUES_MAX; k++) {
        const ValueHit *hit = g_ptr_array_index(hits, k);
        if (!has_letter(hit->value)) continue;
        g_autofree char *target = g_strdup_printf("value %s.%s=%s", dataset->name, field->name, hit->value);
        add_name(index, hit->value, target, TRUE);
        added++;
      }
    }
  }
}

static void add_vectors(NameIndex *index, const char *path) {
  g_autofree const char **texts = g_new(const char *, index->names->len + 1);
  for (guint i = 0; i < index->names->len; i++) texts[i] = ((const Name *)g_ptr_array_index(index->names, i))->text;
  index->vectors = agent_vectors_open(index->embedder, path, texts, index->names->len);
}

NameIndex *name_index_new(const Model *visible, const ValueIndex *values, Embedder *embedder, const char *path) {
  NameIndex *index = g_new0(NameIndex, 1);
  index->references = 1;
  index->names = g_ptr_array_new_with_free_func(name_free);
  index->by_folded = g_hash_table_new(g_str_hash, g_str_equal);
  index->embedder = embedder;
  add_model(index, visible);
  if (values != NULL) add_values(index, visible, values);
  if (embedder != NULL) add_vectors(index, path);
  return index;
}

gboolean name_index_has_vectors(const NameIndex *index) {
  return index->vectors != NULL;
}

NameIndex *name_index_ref(NameIndex *index) {
  g_atomic_int_inc(&index->references);
  return index;
}

void name_index_unref(NameIndex *index) {
  if (index == NULL || !g_atomic_int_dec_and_test(&index->references)) return;
  g_hash_table_unref(index->by_folded);
  g_ptr_array_unref(index->names);
  vector_index_free(index->vectors);
  g_free(index);
}

const Name *name_index_find(const NameIndex *index, const char *text) {
  g_autofree char *folded = text_fold(text);
  return g_hash_table_lookup(index->by_folded, folded);
}

/* ---- nearness ---- */

static gboolean same_form(const char *text, const char *folded) {
  g_autofree char *own = text_fold(text), *stem = text_stem(own), *other = text_stem(folded);
  if (strcmp(stem, other) == 0) return TRUE;
  return g_utf8_strlen(own, -1) >= SLIP_LEAST_LENGTH && *own == *folded && text_distance(own, folded, SLIP_LETTERS) <= SLIP_LETTERS;
}

static GArray *nearest_by_meaning(const NameIndex *index, const char *text, guint limit) {
  return agent_vectors_near(index->vectors, index->embedder, text, limit);
}

static void append_thing(GPtrArray *names, const Name *name, guint limit) {
  guint values = 0;
  for (guint i = 0; i < names->len; i++) {
    const Name *other = g_ptr_array_index(names, i);
    if (strcmp(other->target, name->target) == 0) return;
    values += other->is_value;
  }
  if (names->len < limit && (!name->is_value || values < limit / 2)) g_ptr_array_add(names, (gpointer)name);
}

static gboolean shares_word(const char *text, const char *folded) {
  g_auto(GStrv) words = g_strsplit(folded, " ", -1);
  for (char **word = words; *word != NULL; word++)
    if (strlen(*word) > 2 && strstr(text, *word) != NULL) return TRUE;
  return FALSE;
}

GPtrArray *name_index_near(const NameIndex *index, const char *text, guint limit) {
  GPtrArray *near = g_ptr_array_new();
  g_autofree char *folded = text_fold(text);
  for (guint i = 0; i < index->names->len; i++) {
    const Name *name = g_ptr_array_index(index->names, i);
    if (shares_word(folded, name->folded) || same_form(folded, name->folded)) append_thing(near, name, limit);
  }
  g_autoptr(GArray) hits = nearest_by_meaning(index, text, 4 * limit);
  for (guint i = 0; i < hits->len; i++) {
    VectorHit hit = g_array_index(hits, VectorHit, i);
    const Name *name = g_ptr_array_index(index->names, hit.entry);
    if (!name->is_value || hit.similarity >= MEANING_LEAST) append_thing(near, name, limit);
  }
  return near;
}

const char *name_index_evidence(const NameIndex *index, const char *text, const Name *name) {
  for (guint i = 0; i < index->names->len; i++) {
    const Name *other = g_ptr_array_index(index->names, i);
    if (strcmp(other->target, name->target) == 0 && same_form(text, other->folded)) return "form";
  }
  g_autoptr(GArray) hits = nearest_by_meaning(index, text, index->names->len);
  float own = -1, others = -1;
  for (guint i = 0; i < hits->len; i++) {
    VectorHit hit = g_array_index(hits, VectorHit, i);
    gboolean same = strcmp(((const Name *)g_ptr_array_index(index->names, hit.entry))->target, name->target) == 0;
    if (same) own = MAX(own, hit.similarity);
    else others = MAX(others, hit.similarity);
  }
  return own >= MEANING_LEAST && own > others ? "meaning" : NULL;
}

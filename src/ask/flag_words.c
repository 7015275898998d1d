/* What people say for columns of yes and no: "subscribers" of Subscription Status, "promo code" of Promo Code Used. */
#include "ask/flag_words.h"

#include <string.h>

const char *flag_value(const Field *field, gboolean yes) {
  static const char *const YES[] = {"y", "yes", "true", "t", "1", "j", "ja", "oui", NULL}, *const NO[] = {"n", "no", "false", "f", "0", "none", "nein", "non", NULL};
  if (field->type == FIELD_BOOLEAN) return field_flag_word(field, yes) != NULL ? field_flag_word(field, yes) : yes ? "true" : "false";
  for (guint i = 0; i < field->codes->len; i++) {
    const CodedValue *coded = g_ptr_array_index(field->codes, i);
    g_autofree char *lower = g_ascii_strdown(coded->code, -1);
    if (g_strv_contains(yes ? YES : NO, lower)) return coded->code;
  }
  return NULL;
}

/* "0" for no holiday, letters for what kind of holiday it is. */
static gboolean has_nought(const Field *field) {
  return field->type == FIELD_TEXT && field->codes->len == 1 && field->distinct_count != 0 && field->distinct_count != 1 &&
         field->null_count == 0; /* of an empty cell nobody knows which it is */
}

gboolean flag_is(const Field *field) {
  return field != NULL && flag_value(field, FALSE) != NULL && (flag_value(field, TRUE) != NULL || has_nought(field));
}

Filter *flag_filter(const Field *field, gboolean yes) {
  const char *value = flag_value(field, yes);
  g_autofree char *path = lexicon_field_path(field);
  return filter_new_values(path, value != NULL ? OP_EQUAL : OP_NOT_EQUAL, value != NULL ? value : flag_value(field, !yes), NULL);
}

/* Words of one family: who has it, and in what state one is then. */
static const char *const *family_of(const char *word) {
  static const struct { const char *noun; const char *words[4]; } FAMILIES[] = {
      {"subscription", {"subscriber", "subscribed", "subscribing"}}, {"membership", {"member"}}, {"registration", {"registered"}},
      {"enrolment", {"enrolled"}}, {"enrollment", {"enrolled"}}, {"promotion", {"promoted"}}, {"promo", {"promoted"}}, {"discount", {"discounted"}},
      {"refund", {"refunded"}}, {"return", {"returned"}}, {"cancellation", {"cancelled", "canceled"}}, {"delivery", {"delivered"}},
      {"approval", {"approved"}}, {"activation", {"active"}}, {"insurance", {"insured"}}, {"holiday", {"holidays"}}};
  for (guint i = 0; i < G_N_ELEMENTS(FAMILIES); i++)
    if (strcmp(FAMILIES[i].noun, word) == 0) return FAMILIES[i].words;
  return NULL;
}

/* The words that the label is about: without "is", "has", "status", "flag", "used", "applied". (transfer full) */
static char *bare_words(const Field *field) {
  static const char *const AROUND[] = {"is", "has", "was", "status", "flag", "used", "applied", "indicator", "ind", "yn", "given", NULL};
  g_autofree char *phrase = phrase_normalise(field->label);
  g_auto(GStrv) words = g_strsplit(phrase, " ", -1);
  g_autoptr(GPtrArray) kept = g_ptr_array_new();
  for (char **word = words; *word != NULL; word++)
    if (!g_strv_contains(AROUND, *word)) g_ptr_array_add(kept, *word);
  g_ptr_array_add(kept, NULL);
  return g_strjoinv(" ", (char **)kept->pdata);
}

static void offer(Lexicon *lexicon, const Field *field, const char *phrase) {
  g_autofree char *stem = phrase_stem(phrase);
  const Meaning *known = lexicon_find(lexicon, stem);
  const gboolean taken = known != NULL && (known->field != NULL || known->entity != NULL || known->metric != NULL || known->condition != NULL || known->rows != NULL);
  if (*phrase != '\0' && !taken) lexicon_add_field_phrase(lexicon, field, phrase);
}

void flag_words_add(Lexicon *lexicon) {
  for (guint d = 0; d < lexicon->model->datasets->len; d++) {
    const Dataset *dataset = g_ptr_array_index(lexicon->model->datasets, d);
    for (guint f = 0; f < dataset->fields->len; f++) {
      const Field *field = g_ptr_array_index(dataset->fields, f);
      if (field->role != FIELD_ROLE_DIMENSION || !flag_is(field)) continue;
      g_autofree char *bare = bare_words(field);
      offer(lexicon, field, bare);
      const char *const *family = family_of(bare);
      for (guint i = 0; family != NULL && i < 4 && family[i] != NULL; i++) offer(lexicon, field, family[i]);
    }
  }
}

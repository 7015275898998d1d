#include "agent/memory.h"

#include <string.h>

void memory_reading_clear(MemoryReading *reading) {
  g_free(reading->text);
  json_decref(reading->applied);
  g_clear_pointer(&reading->edits, g_array_unref);
}

static gboolean is_word_byte(char c) {
  return g_ascii_isalnum(c) || c == '_' || (guchar)c >= 0x80;
}

/* Length of the original that folds to `phrase` here, at word borders; 0: it does not stand here. */
static gsize matches_at(const char *question, gsize at, const char *phrase) {
  if (at > 0 && is_word_byte(question[at - 1])) return 0;
  gsize words = strlen(phrase);
  for (gsize length = words; length <= words + 8 && at + length <= strlen(question); length++) {
    if (is_word_byte(question[at + length - 1]) && is_word_byte(question[at + length])) continue;
    if (!g_utf8_validate(question + at, (gssize)length, NULL)) continue;
    g_autofree char *piece = g_strndup(question + at, length), *folded = text_fold(piece);
    if (strcmp(folded, phrase) == 0) return length;
  }
  return 0;
}

/* The entry with the longest phrase that stands at this place; NULL. */
static const json_t *entry_at(const json_t *entries, const char *question, gsize at, gsize *length) {
  const json_t *best = NULL;
  for (gsize i = 0; i < json_array_size(entries); i++) {
    const json_t *entry = json_array_get(entries, i);
    gsize matched = matches_at(question, at, json_get_string(entry, "phrase"));
    if (matched > 0 && (best == NULL || matched > *length)) {
      best = entry;
      *length = matched;
    }
  }
  return best;
}

/* Words that judge, and say by nothing: what is taught of them is by what. */
static gboolean is_judging(const char *phrase) {
  static const char *const JUDGING[] = {"best", "worst", "top", "bottom", "good", "bad", "better", "worse", "strongest", "weakest", "biggest", "largest", "smallest",
                                        "leading", "most successful", "least successful", "performing best", "best performing", "worst performing", "most important"};
  for (guint i = 0; i < G_N_ELEMENTS(JUDGING); i++)
    if (strcmp(phrase, JUDGING[i]) == 0) return TRUE;
  return FALSE;
}

/* "the best region" becomes "the best region by margin", unless the question itself says by what. */
static void add_judging(const json_t *entries, const char *question, GString *text, MemoryReading *out) {
  g_autofree char *folded = text_fold(question);
  if (strstr(folded, " by ") != NULL) return;
  for (gsize at = 0; question[at] != '\0'; at++) {
    gsize length = 0;
    const json_t *entry = is_word_byte(question[at]) ? entry_at(entries, question, at, &length) : NULL;
    if (entry == NULL || !is_judging(json_get_string(entry, "phrase"))) continue;
    while (text->len > 0 && strchr(" .?!", text->str[text->len - 1]) != NULL) g_string_truncate(text, text->len - 1);
    MemoryEdit edit = {strlen(question), strlen(question), text->len, G_MAXSIZE};
    g_string_append_printf(text, " by %s", json_get_string(entry, "meaning"));
    g_array_append_val(out->edits, edit);
    json_array_append_new(out->applied, json_pack("{s:O, s:s, s:s}", "id", json_object_get(entry, "id"), "phrase", json_get_string(entry, "phrase"), "meaning",
                                                  json_get_string(entry, "meaning")));
    return;
  }
}

void memory_apply(const json_t *entries, const char *question, MemoryReading *out) {
  *out = (MemoryReading){NULL, json_array(), g_array_new(FALSE, FALSE, sizeof(MemoryEdit))};
  if (json_array_size(entries) == 0) {
    out->text = g_strdup(question);
    return;
  }
  GString *text = g_string_new(NULL);
  for (gsize at = 0; question[at] != '\0';) {
    gsize length = 0;
    const json_t *entry = is_word_byte(question[at]) ? entry_at(entries, question, at, &length) : NULL;
    if (entry == NULL || is_judging(json_get_string(entry, "phrase"))) {
      g_string_append_c(text, question[at++]);
      continue;
    }
    const char *meaning = json_get_string(entry, "meaning");
    MemoryEdit edit = {at, at + length, text->len, text->len + strlen(meaning)};
    g_array_append_val(out->edits, edit);
    g_string_append(text, meaning);
    json_array_append_new(out->applied, json_pack("{s:O, s:s, s:s}", "id", json_object_get(entry, "id"), "phrase", json_get_string(entry, "phrase"),
                                                  "meaning", meaning));
    at += length;
  }
  add_judging(entries, question, text, out);
  out->text = g_string_free(text, FALSE);
}

/* The place in the original of a byte of the text that rules read; within a replaced phrase, its start or its end. */
static gsize original_place(const MemoryReading *reading, gsize place, gboolean end) {
  gssize moved = 0;
  for (guint i = 0; i < reading->edits->len; i++) {
    const MemoryEdit *edit = &g_array_index(reading->edits, MemoryEdit, i);
    if (place < edit->new_from || (end && place == edit->new_from)) break;
    if (end ? place <= edit->new_to : place < edit->new_to) return end ? edit->to : edit->from;
    moved = (gssize)edit->to - (gssize)edit->new_to;
  }
  return (gsize)((gssize)place + moved);
}

void memory_explain(const MemoryReading *reading, const char *question, json_t *answer) {
  json_object_set_new(answer, "question", json_string(question));
  if (json_array_size(reading->applied) == 0) return;
  json_t *understood = json_object_get(answer, "understood"), *caveats = json_object_get(answer, "caveats");
  for (gsize i = json_array_size(understood); i-- > 0;) {
    json_t *word = json_array_get(understood, i);
    gsize start = (gsize)json_get_int(word, "start", 0), length = (gsize)json_get_int(word, "length", 0);
    gsize from = original_place(reading, start, FALSE), to = original_place(reading, start + length, TRUE);
    if (from > to || to > strlen(question)) continue;
    if (from == to && length > 0) { /* what was added stands nowhere in the question; the caveat tells of it */
      json_array_remove(understood, i);
      continue;
    }
    g_autofree char *text = g_strndup(question + from, to - from);
    json_object_set_new(word, "start", json_integer((json_int_t)from));
    json_object_set_new(word, "length", json_integer((json_int_t)(to - from)));
    json_object_set_new(word, "text", json_string(text));
  }
  for (gsize i = 0; i < json_array_size(reading->applied); i++) {
    const json_t *entry = json_array_get(reading->applied, i);
    g_autofree char *said = g_strdup_printf("'%s' was read as '%s', as you have taught", json_get_string(entry, "phrase"), json_get_string(entry, "meaning"));
    json_array_append_new(caveats, json_pack("{s:s, s:s}", "code", "memory", "text", said));
  }
}

#include "vector/wordpiece.h"

#include <string.h>
#include <utf8proc.h>

#define VOCABULARY_MAX_BYTES (16u << 20)
/* Longer words are unknown, as in the published tokenizer. */
#define WORD_MAX_CHARACTERS 100
#define PIECE_MAX_BYTES (WORD_MAX_CHARACTERS * 4 + 3)
#define CONTINUATION "##"

struct Wordpiece {
  char *bytes;     /* the file, each line ended by NUL */
  GHashTable *ids; /* piece in `bytes` -> id */
  gint32 unknown, start, end;
};

void wordpiece_free(Wordpiece *wordpiece) {
  if (wordpiece == NULL) return;
  g_clear_pointer(&wordpiece->ids, g_hash_table_unref);
  g_free(wordpiece->bytes);
  g_free(wordpiece);
}

static gboolean find_special(const Wordpiece *wordpiece, const char *name, gint32 *out) {
  gpointer id;
  if (!g_hash_table_lookup_extended(wordpiece->ids, name, NULL, &id)) return FALSE;
  *out = GPOINTER_TO_INT(id);
  return TRUE;
}

Wordpiece *wordpiece_open(const char *path, GError **error) {
  g_autoptr(Wordpiece) wordpiece = g_new0(Wordpiece, 1);
  g_autoptr(GError) cause = NULL;
  gsize length = 0;
  if (!g_file_get_contents(path, &wordpiece->bytes, &length, &cause)) {
    g_set_error(error, AISLE_ERROR, g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? AISLE_ERROR_NOT_FOUND : AISLE_ERROR_IO,
                "cannot read '%s'", path);
    return NULL;
  }
  wordpiece->ids = g_hash_table_new(g_str_hash, g_str_equal);
  gint32 id = 0;
  gboolean sane = length <= VOCABULARY_MAX_BYTES && text_is_valid(wordpiece->bytes, length);
  for (char *line = wordpiece->bytes; sane && line < wordpiece->bytes + length; id++) {
    char *newline = memchr(line, '\n', (gsize)(wordpiece->bytes + length - line));
    char *end = newline != NULL ? newline : wordpiece->bytes + length;
    *end = '\0';
    if (end > line && end[-1] == '\r') end[-1] = '\0';
    g_hash_table_insert(wordpiece->ids, line, GINT_TO_POINTER(id));
    line = end + 1;
  }
  if (!sane || !find_special(wordpiece, "[UNK]", &wordpiece->unknown) || !find_special(wordpiece, "[CLS]", &wordpiece->start) ||
      !find_special(wordpiece, "[SEP]", &wordpiece->end)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "'%s' is not a WordPiece vocabulary; install the weights again", path);
    return NULL;
  }
  return g_steal_pointer(&wordpiece);
}

guint wordpiece_size(const Wordpiece *wordpiece) {
  return g_hash_table_size(wordpiece->ids);
}

/* ---- characters ---- */

static gboolean is_space(gunichar c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_ZS;
}

/* Left out altogether: control and format characters, and what is no character. */
static gboolean is_dropped(gunichar c) {
  if (c == 0xFFFD) return TRUE;
  switch (utf8proc_category((utf8proc_int32_t)c)) {
  case UTF8PROC_CATEGORY_CC:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_CN:
  case UTF8PROC_CATEGORY_CO:
  case UTF8PROC_CATEGORY_CS: return TRUE;
  default: return FALSE;
  }
}

/* Stands alone: ASCII symbols, and every script's punctuation. */
static gboolean is_punctuation(gunichar c) {
  if (c < 128) return g_ascii_ispunct((gchar)c);
  utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

static gboolean is_ideograph(gunichar c) {
  static const struct { gunichar first, last; } blocks[] = {{0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F},
                                                            {0x2B740, 0x2B81F}, {0x2B820, 0x2CEAF}, {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};
  for (guint i = 0; i < G_N_ELEMENTS(blocks); i++)
    if (c >= blocks[i].first && c <= blocks[i].last) return TRUE;
  return FALSE;
}

/* ---- words ---- */

typedef struct {
  const Wordpiece *wordpiece;
  GArray *ids;
  guint max_tokens; /* without the closing one */
  GString *word;
} Tokenizing;

static gboolean find_piece(const Wordpiece *wordpiece, const char *from, gsize length, gboolean continues, gint32 *id) {
  char piece[PIECE_MAX_BYTES];
  gsize prefix = continues ? strlen(CONTINUATION) : 0;
  memcpy(piece, CONTINUATION, prefix);
  memcpy(piece + prefix, from, length);
  piece[prefix + length] = '\0';
  return find_special(wordpiece, piece, id);
}

/* Appends the pieces of the word gathered so far, or "unknown" for the whole of it. */
static void end_word(Tokenizing *state) {
  const char *word = state->word->str, *end = word + state->word->len;
  guint before = state->ids->len;
  gboolean known = state->word->len > 0 && g_utf8_strlen(word, (gssize)state->word->len) <= WORD_MAX_CHARACTERS;
  for (const char *from = word; known && from < end;) {
    const char *to = end;
    gint32 id = state->wordpiece->unknown;
    while (to > from && !find_piece(state->wordpiece, from, (gsize)(to - from), from > word, &id)) to = g_utf8_prev_char(to);
    known = to > from;
    if (known) g_array_append_val(state->ids, id);
    from = to;
  }
  if (!known && state->word->len > 0) {
    g_array_set_size(state->ids, before);
    g_array_append_val(state->ids, state->wordpiece->unknown);
  }
  g_string_truncate(state->word, 0);
}

static void take_character(Tokenizing *state, gunichar c) {
  if (is_space(c)) {
    end_word(state);
  } else if (is_punctuation(c) || is_ideograph(c)) {
    end_word(state);
    g_string_append_unichar(state->word, c);
    end_word(state);
  } else {
    g_string_append_unichar(state->word, c);
  }
}

/* Canonically decomposed, without accents, in lower case. */
static void take_folded(Tokenizing *state, gunichar c) {
  utf8proc_int32_t parts[16];
  int boundary = 0;
  utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c, parts, G_N_ELEMENTS(parts), UTF8PROC_DECOMPOSE, &boundary);
  for (utf8proc_ssize_t i = 0; i < MIN(n, (utf8proc_ssize_t)G_N_ELEMENTS(parts)); i++)
    if (utf8proc_category(parts[i]) != UTF8PROC_CATEGORY_MN) take_character(state, (gunichar)utf8proc_tolower(parts[i]));
}

GArray *wordpiece_tokenize(const Wordpiece *wordpiece, const char *text, guint max_tokens) {
  Tokenizing state = {wordpiece, g_array_sized_new(FALSE, FALSE, sizeof(gint32), 32), max_tokens - 1, g_string_sized_new(32)};
  g_array_append_val(state.ids, wordpiece->start);
  for (const char *p = text; *p != '\0' && state.ids->len < state.max_tokens; p = g_utf8_next_char(p)) {
    gunichar c = g_utf8_get_char(p);
    if (is_space(c)) take_character(&state, ' ');
    else if (!is_dropped(c)) take_folded(&state, c);
  }
  end_word(&state);
  if (state.ids->len > state.max_tokens) g_array_set_size(state.ids, state.max_tokens);
  g_array_append_val(state.ids, wordpiece->end);
  g_string_free(state.word, TRUE);
  return state.ids;
}

/* Names of snapshots: what makes two of them the same, and weeks in them. */
#include <stdlib.h>
#include <string.h>

#include "ask/data_phrase.h"

/* Folded letters and digits; everything else becomes one space, or nothing. */
static char *plain(const char *name, gboolean spaced) {
  g_autofree char *folded = text_fold(name);
  GString *out = g_string_new(NULL);
  for (const char *at = folded; *at; at = g_utf8_next_char(at)) {
    gunichar c = g_utf8_get_char(at);
    if (g_unichar_isalnum(c)) g_string_append_unichar(out, c);
    else if (spaced && out->len > 0 && out->str[out->len - 1] != ' ') g_string_append_c(out, ' ');
  }
  return g_strchomp(g_string_free(out, FALSE));
}

char *snapshot_key(const char *name) {
  return plain(name, FALSE);
}

static const char *skip_word(const char *at, const char *word) {
  gsize length = strlen(word);
  if (strncmp(at, word, length) != 0 || g_ascii_isalpha(at[length])) return NULL;
  at += length;
  while (*at == ' ') at++;
  return at;
}

static gboolean skip_any(const char **at, const char *const *words) {
  for (; *words != NULL; words++) {
    const char *after = skip_word(*at, *words);
    if (after == NULL) continue;
    *at = after;
    return TRUE;
  }
  return FALSE;
}

/* A number of so many digits that ends there; 0: none. */
static int read_digits(const char **at, int least, int most) {
  int digits = 0, number = 0;
  while (g_ascii_isdigit((*at)[digits])) digits++;
  if (digits < least || digits > most) return 0;
  for (int i = 0; i < digits; i++) number = number * 10 + ((*at)[i] - '0');
  *at += digits;
  while (**at == ' ') (*at)++;
  return number;
}

static gboolean is_year(int number) { return number >= 1900 && number < 2200; }

gboolean snapshot_week(const char *name, int *year, int *week) {
  static const char *const WEEKS[] = {"weeks", "week", "wk", "cw", "kw", "w", NULL}, *const KINDS[] = {"calendar", "iso", NULL};
  static const char *const JOINTS[] = {"of", "in", NULL};
  g_autofree char *text = plain(name, TRUE);
  const char *at = text;
  skip_any(&at, KINDS);
  gboolean named = skip_any(&at, WEEKS);
  const char *begin = at;
  *year = read_digits(&at, 4, 4);
  if (is_year(*year)) {
    skip_any(&at, WEEKS);
    *week = read_digits(&at, named ? 1 : 2, 2);
    return *at == '\0' && *week >= 1 && *week <= 53;
  }
  at = begin;
  *year = 0;
  *week = named ? read_digits(&at, 1, 2) : 0;
  if (*week < 1 || *week > 53) return FALSE;
  if (*at == '\0') return TRUE;
  skip_any(&at, JOINTS);
  *year = read_digits(&at, 4, 4);
  return *at == '\0' && is_year(*year);
}

#include "ai/facts.h"

#include <math.h>
#include <string.h>

#define MAX_DEPTH 32

/* ---- what the data says ---- */

typedef struct {
  double value;
  gboolean change; /* of a field that tells a direction */
  char *metric;    /* the field without its ending, blanks for underscores */
  char *row;       /* folded names of the same row, each between blanks */
} Number;

typedef struct {
  GArray *numbers; /* of Number */
  GHashTable *words;
} Data;

static void number_clear(gpointer data) {
  Number *number = data;
  g_free(number->metric);
  g_free(number->row);
}

/* Letters and digits of a text as folded words. */
static void add_words(GHashTable *words, const char *text) {
  g_autofree char *folded = text_fold(text);
  GString *word = g_string_new(NULL);
  for (const char *c = folded;; c = g_utf8_next_char(c)) {
    gunichar letter = *c != '\0' ? g_utf8_get_char(c) : ' ';
    if (g_unichar_isalnum(letter)) {
      g_string_append_unichar(word, letter);
      continue;
    }
    if (word->len > 0) g_hash_table_add(words, g_strdup(word->str));
    g_string_truncate(word, 0);
    if (*c == '\0') break;
  }
  g_string_free(word, TRUE);
}

static void add_number(Data *data, double value, const char *key, const char *row) {
  static const char *const ENDINGS[] = {"_change", "_growth", "_delta", "_diff", "_difference", "_yoy", "_mom", "_pp", "change", "growth"};
  Number number = {.value = value};
  for (guint i = 0; key != NULL && i < G_N_ELEMENTS(ENDINGS) && !number.change; i++) {
    if (!g_str_has_suffix(key, ENDINGS[i])) continue;
    number.change = TRUE;
    number.metric = g_strndup(key, strlen(key) - strlen(ENDINGS[i]));
    g_strdelimit(number.metric, "_", ' ');
  }
  if (number.change) number.row = g_strdup(row);
  g_array_append_val(data->numbers, number);
}

/* Numbers inside a text: dates, "Top 5", "1,204". */
static void add_numbers_of_text(Data *data, const char *text, const char *key, const char *row) {
  for (const char *c = text; *c != '\0';) {
    if (!g_ascii_isdigit(*c)) {
      c++;
      continue;
    }
    g_autoptr(GString) digits = g_string_new(NULL);
    const char *start = c;
    for (; g_ascii_isdigit(*c) || ((*c == ',' || *c == '.') && g_ascii_isdigit(c[1])); c++)
      if (*c != ',') g_string_append_c(digits, *c);
    double value = g_ascii_strtod(digits->str, NULL);
    gboolean negative = start > text && start[-1] == '-' && (start - 1 == text || g_ascii_isspace(start[-2]));
    add_number(data, negative ? -value : value, key, row);
  }
}

static void collect(Data *data, const json_t *value, const char *key, const char *row, int depth) {
  const char *name;
  json_t *member;
  gsize index;
  if (depth > MAX_DEPTH) return;
  if (json_is_number(value)) {
    add_number(data, json_number_value(value), key, row);
  } else if (json_is_string(value)) {
    add_words(data->words, json_string_value(value));
    add_numbers_of_text(data, json_string_value(value), key, row);
  } else if (json_is_array(value)) {
    add_number(data, (double)json_array_size(value), NULL, NULL);
    json_array_foreach((json_t *)value, index, member) collect(data, member, key, row, depth + 1);
  } else if (json_is_object(value)) {
    g_autoptr(GString) names = g_string_new(row != NULL ? row : " ");
    json_object_foreach((json_t *)value, name, member) {
      if (!json_is_string(member)) continue;
      g_autofree char *folded = text_fold(json_string_value(member));
      g_string_append_printf(names, "%s ", folded);
    }
    json_object_foreach((json_t *)value, name, member) {
      add_words(data->words, name);
      collect(data, member, name, names->str, depth + 1);
    }
  }
}

/* ---- what the text says ---- */

typedef struct {
  Data data;
  AiFacts facts;
  GString *problems;
} Check;

/* `kind`: what of it is wrong, in words before it. */
static void judge(Check *check, gboolean good, const char *kind, const char *what, gsize length) {
  check->facts.checked++;
  if (good) return;
  check->facts.unsupported++;
  if (check->problems == NULL || check->problems->len > 4000) return;
  g_autofree char *piece = g_strndup(what, MIN(length, 200));
  g_autofree char *valid = g_utf8_make_valid(piece, -1);
  g_string_append_printf(check->problems, "%s: \"%s\"\n", kind, valid);
}

typedef struct {
  const char *start, *end;
  double value;     /* as shown, scaled */
  double tolerance; /* half of its last digit, scaled */
  gboolean percent;
} Shown;

static double scale_of(const char **c) {
  static const struct {
    const char *word;
    double factor;
  } WORDS[] = {{"million", 1e6}, {"billion", 1e9}, {"thousand", 1e3}, {"bn", 1e9}, {"mn", 1e6}, {"k", 1e3}, {"m", 1e6}, {"b", 1e9}};
  const char *p = *c;
  while (*p == ' ') p++;
  for (guint i = 0; i < G_N_ELEMENTS(WORDS); i++) {
    gsize n = strlen(WORDS[i].word);
    /* One letter belongs to the number only where it touches it. */
    if (n == 1 && p != *c) continue;
    if (g_ascii_strncasecmp(p, WORDS[i].word, n) != 0 || g_ascii_isalnum(p[n])) continue;
    *c = p + n;
    return WORDS[i].factor;
  }
  return 1;
}

/* The next number that is not part of a word ("Q4"); FALSE: none. */
static gboolean next_number(const char *text, const char *from, Shown *out) {
  for (const char *c = from; *c != '\0'; c++) {
    if (!g_ascii_isdigit(*c)) continue;
    gboolean in_word = c > text && (g_ascii_isalpha(c[-1]) || (guchar)c[-1] >= 0xc0);
    g_autoptr(GString) digits = g_string_new(NULL);
    const char *start = c, *end = c;
    int decimals = -1;
    for (; g_ascii_isdigit(*end) || ((*end == ',' || *end == '.') && g_ascii_isdigit(end[1])); end++) {
      if (*end == '.') decimals = decimals < 0 ? 0 : decimals;
      else if (*end != ',' && decimals >= 0) decimals++;
      if (*end != ',') g_string_append_c(digits, *end);
    }
    if (in_word) {
      c = end - 1;
      continue;
    }
    gboolean negative = start > text && (start[-1] == '-' || (start - text > 2 && memcmp(start - 3, "\xe2\x88\x92", 3) == 0)) &&
                        (start - 1 == text || !g_ascii_isdigit(start[-2]));
    const char *after = end;
    double factor = scale_of(&after);
    const char *unit = after;
    while (*unit == ' ') unit++;
    out->percent = *unit == '%' || g_ascii_strncasecmp(unit, "percent", 7) == 0 || g_ascii_strncasecmp(unit, "pp", 2) == 0;
    out->start = start;
    out->end = *unit == '%' ? unit + 1 : after;
    out->value = g_ascii_strtod(digits->str, NULL) * factor * (negative ? -1 : 1);
    out->tolerance = 0.5 * pow(10, -MAX(decimals, 0)) * factor * 1.0000001;
    return TRUE;
  }
  return FALSE;
}

/* A shown number stands for a value of the data when rounding that value as shown gives it; signs are directions. */
static gboolean stands_for(const Shown *shown, double value) {
  double size = fabs(shown->value);
  gboolean whole = shown->tolerance >= 0.5 && shown->tolerance < 0.6 && !shown->percent;
  if (fabs(fabs(value) - size) <= (whole && fabs(value) < 10 ? 1e-9 : shown->tolerance)) return TRUE;
  return shown->percent && fabs(fabs(value) * 100 - size) <= shown->tolerance;
}

static gboolean is_supported(const Data *data, const Shown *shown) {
  for (guint i = 0; i < data->numbers->len; i++)
    if (stands_for(shown, g_array_index(data->numbers, Number, i).value)) return TRUE;
  return FALSE;
}

/* ---- directions ---- */

static const char *const UP[] = {"rose",  "rise",  "rises", "risen",  "grew", "grow",  "grows", "grown", "increased", "increase", "increases", "up",
                                 "gained", "gain", "gains", "climbed", "climb", "jumped", "surged", "improved", "higher", "growth", "rising", "growing", NULL};
static const char *const DOWN[] = {"fell", "fall", "falls", "fallen", "dropped", "drop", "drops", "declined", "decline", "declines", "decreased", "decrease",
                                   "decreases", "down", "lost", "shrank", "shrunk", "slipped", "sank", "worsened", "lower", "reduced", "falling", "declining", NULL};

static gboolean has_word_of(const char *folded, const char *const *words) {
  for (guint i = 0; words[i] != NULL; i++) {
    gsize n = strlen(words[i]);
    for (const char *at = strstr(folded, words[i]); at != NULL; at = strstr(at + 1, words[i]))
      if ((at == folded || !g_ascii_isalpha(at[-1])) && !g_ascii_isalpha(at[n])) return TRUE;
  }
  return FALSE;
}

/* 1 up, -1 down, 0 none or both or denied. */
static int direction_of(const char *folded) {
  static const char *const NOT[] = {"not", "no", "never", "neither", "without", "nor", NULL};
  gboolean up = has_word_of(folded, UP), down = has_word_of(folded, DOWN);
  return up == down || has_word_of(folded, NOT) ? 0 : up ? 1 : -1;
}

/* The signs of what a clause may speak of: 1, -1, or 0 where they differ or are unknown. */
static int sign_in_data(const Data *data, const char *folded, const Shown *shown) {
  gboolean plus = FALSE, minus = FALSE, named_row = FALSE;
  for (int round = 0; round < 2; round++) {
    for (guint i = 0; i < data->numbers->len; i++) {
      const Number *number = &g_array_index(data->numbers, Number, i);
      if (!number->change || number->value == 0) continue;
      if (shown != NULL ? !stands_for(shown, number->value) : *number->metric == '\0' || strstr(folded, number->metric) == NULL) continue;
      gboolean row_named = FALSE;
      g_auto(GStrv) names = g_strsplit(number->row != NULL ? number->row : "", " ", -1);
      for (guint j = 0; names[j] != NULL && !row_named; j++) row_named = strlen(names[j]) > 2 && strstr(folded, names[j]) != NULL;
      if (round == 0) named_row = named_row || row_named;
      else if (row_named || !named_row) *(number->value > 0 ? &plus : &minus) = TRUE;
    }
  }
  return plus == minus ? 0 : plus ? 1 : -1;
}

static void check_direction(Check *check, const char *clause, gsize length) {
  g_autofree char *copy = g_strndup(clause, length), *folded = text_fold(copy);
  int said = direction_of(folded);
  if (said == 0) return;
  Shown first, second;
  gboolean any = next_number(copy, copy, &first);
  if (any && strstr(folded, "from ") != NULL && next_number(copy, first.end, &second) && strstr(folded, " to ") != NULL &&
      first.percent == second.percent && strstr(copy, "from") < first.start) {
    int real = second.value > first.value ? 1 : second.value < first.value ? -1 : 0;
    judge(check, real == said, "The direction is wrong", clause, length);
    return;
  }
  int known = 0;
  for (gboolean more = any; more && known == 0; more = next_number(copy, first.end, &first)) known = sign_in_data(&check->data, folded, &first);
  if (!any) known = sign_in_data(&check->data, folded, NULL);
  if (known != 0) judge(check, known == said, "The direction is not what the data says", clause, length);
}

static gsize clause_length(const char *text) {
  static const char *const BREAKS[] = {" while ", " but ", " whereas ", " and ", ", ", "; ", "\n", "! ", "? ", ". "};
  gsize nearest = strlen(text);
  for (guint i = 0; i < G_N_ELEMENTS(BREAKS); i++) {
    const char *at = strstr(text, BREAKS[i]);
    if (at != NULL && (gsize)(at - text) < nearest) nearest = (gsize)(at - text);
  }
  return nearest;
}

/* ---- names ---- */

static gboolean is_common(const char *word) {
  static const char *const COMMON[] = {"i",       "january", "february", "march",   "april",    "may",      "june",     "july",   "august", "september",
                                       "october", "november", "december", "monday", "tuesday",  "wednesday", "thursday", "friday", "saturday", "sunday",
                                       "usd",     "eur",     "gbp",      "yoy",     "mom",      "ytd",      "kpi"};
  for (guint i = 0; i < G_N_ELEMENTS(COMMON); i++)
    if (strcmp(word, COMMON[i]) == 0) return TRUE;
  return FALSE;
}

/* Capitals in the middle of a sentence name something. */
static void check_names(Check *check, const char *text) {
  gboolean begins = TRUE;
  for (const char *c = text; *c != '\0';) {
    gunichar letter = g_utf8_get_char(c);
    if (!g_unichar_isalpha(letter)) {
      if (*c == '.' || *c == '!' || *c == '?' || *c == ':' || *c == '\n' || *c == '"' || *c == '*' || *c == '-') begins = TRUE;
      c = g_utf8_next_char(c);
      continue;
    }
    const char *end = c;
    while (g_unichar_isalnum(g_utf8_get_char(end)) && *end != '\0') end = g_utf8_next_char(end);
    g_autofree char *word = g_strndup(c, (gsize)(end - c)), *folded = text_fold(word), *single = text_singular(folded);
    if (g_unichar_isupper(letter) && !begins && !is_common(folded))
      judge(check, g_hash_table_contains(check->data.words, folded) || g_hash_table_contains(check->data.words, single),
            "This name does not stand in the data", c, (gsize)(end - c));
    begins = FALSE;
    c = end;
  }
}

AiFacts ai_facts_check(const json_t *sent, const char *known, const char *text, GString *problems) {
  Check check = {.problems = problems};
  check.data.numbers = g_array_new(FALSE, FALSE, sizeof(Number));
  g_array_set_clear_func(check.data.numbers, number_clear);
  check.data.words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  if (sent != NULL) collect(&check.data, sent, NULL, NULL, 0);
  if (known != NULL) {
    add_words(check.data.words, known);
    add_numbers_of_text(&check.data, known, NULL, NULL);
  }
  Shown shown;
  for (const char *c = text; next_number(text, c, &shown); c = shown.end)
    judge(&check, is_supported(&check.data, &shown), "This number does not stand in the data", shown.start, (gsize)(shown.end - shown.start));
  for (const char *c = text; *c != '\0';) {
    gsize length = clause_length(c);
    check_direction(&check, c, length);
    c += length;
    if (*c != '\0') c++;
  }
  check_names(&check, text);
  g_array_unref(check.data.numbers);
  g_hash_table_unref(check.data.words);
  check.facts.score = check.facts.checked > 0 ? 1.0 - (double)check.facts.unsupported / check.facts.checked : 1;
  return check.facts;
}

#include "ai/redact.h"

#include <string.h>

typedef gboolean (*Check)(const char *text, gsize length);

static gboolean passes_luhn(const char *text, gsize length) {
  int sum = 0, digits = 0;
  for (gsize i = length; i > 0; i--) {
    if (!g_ascii_isdigit(text[i - 1])) continue;
    int value = text[i - 1] - '0';
    if (digits++ % 2 == 1) value = value * 2 > 9 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  return digits >= 13 && digits <= 19 && sum % 10 == 0;
}

/* ISO 13616: the first four characters go to the end, letters become 10 to 35, the whole is 1 modulo 97. */
static gboolean passes_iban(const char *text, gsize length) {
  char plain[40];
  gsize n = 0;
  for (gsize i = 0; i < length && n < sizeof plain; i++)
    if (text[i] != ' ') plain[n++] = text[i];
  if (n < 15 || n > 34) return FALSE;
  int rest = 0;
  for (gsize i = 0; i < n; i++) {
    char c = plain[(i + 4) % n];
    int value = g_ascii_isdigit(c) ? c - '0' : g_ascii_toupper(c) - 'A' + 10;
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest == 1;
}

typedef struct {
  const char *kind, *pattern;
  Check check;  /* NULL: the pattern is enough */
  int group;    /* what of the match is replaced */
} Kind;

/* Keys first: they hold what looks like other things. */
static const Kind KINDS[] = {
    {"PRIVATE_KEY", "-----BEGIN [A-Z ]*PRIVATE KEY-----[\\s\\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\\z)", NULL, 0},
    {"SECRET",
     "\\b(?:sk-[A-Za-z0-9_-]{16,}|AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}"
     "|AIza[0-9A-Za-z_-]{30,}|glpat-[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{30,}|[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"
     "|eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]*)",
     NULL, 0},
    {"SECRET", "(?i)\\bbearer\\s+([A-Za-z0-9._~+/-]{16,}=*)", NULL, 1},
    {"PASSWORD", "(?i)\\b(?:password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?token|client[_-]?secret)\\b[\"']?\\s*(?:[:=]|\\bis\\b)\\s*[\"']?([^\\s\"',;]{4,})",
     NULL, 1},
    {"PASSWORD", "\\b[a-z][a-z0-9+.-]*://[^\\s/:@]+:([^\\s/@]+)@", NULL, 1},
    {"EMAIL", "[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)*\\.[A-Za-z]{2,}", NULL, 0},
    {"IBAN", "\\b[A-Z]{2}\\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\\b", passes_iban, 0},
    {"CARD", "(?<![\\d.])[3-6]\\d{3}(?:[ -]?\\d){9,15}(?![\\d.]\\d|\\d)", passes_luhn, 0},
    {"SSN", "(?<![\\d-])(?!000|666|9\\d\\d)\\d{3}-(?!00)\\d{2}-(?!0000)\\d{4}(?![\\d-])", NULL, 0},
    {"PHONE", "(?<![\\w.+-])(?:\\+\\d{1,3}[ .-]?(?:\\(?\\d{1,4}\\)?[ .-]?){2,5}\\d{2,4}|\\(\\d{3}\\) ?\\d{3}[ .-]\\d{4}|\\d{3}[.-]\\d{3}[.-]\\d{4})(?![\\w-]|\\.\\d)",
     NULL, 0},
};
static const char *const NAMES[] = {"PRIVATE_KEY", "SECRET", "PASSWORD", "EMAIL", "IBAN", "CARD", "SSN", "PHONE"};

struct AiRedactor {
  GRegex *patterns[G_N_ELEMENTS(KINDS)];
};

AiRedactor *ai_redactor_new(void) {
  AiRedactor *redactor = g_new0(AiRedactor, 1);
  for (guint i = 0; i < G_N_ELEMENTS(KINDS); i++) redactor->patterns[i] = g_regex_new(KINDS[i].pattern, G_REGEX_OPTIMIZE, 0, NULL);
  return redactor;
}

void ai_redactor_free(AiRedactor *redactor) {
  if (redactor == NULL) return;
  for (guint i = 0; i < G_N_ELEMENTS(KINDS); i++)
    if (redactor->patterns[i] != NULL) g_regex_unref(redactor->patterns[i]);
  g_free(redactor);
}

const char *ai_redact_kind(guint bit) {
  return bit < G_N_ELEMENTS(NAMES) ? NAMES[bit] : NULL;
}

static guint32 bit_of(const char *kind) {
  for (guint i = 0; i < G_N_ELEMENTS(NAMES); i++)
    if (strcmp(NAMES[i], kind) == 0) return 1u << i;
  return 0;
}

/* Most text holds nothing of the kind: a look that costs little. */
static gboolean may_hold(const char *text) {
  int digits = 0;
  for (const char *c = text; *c != '\0'; c++) {
    if (*c == '@' || *c == '_') return TRUE;
    if (g_ascii_isdigit(*c)) {
      if (++digits >= 9) return TRUE;
    } else if (*c != ' ' && *c != '-' && *c != '.' && *c != '(' && *c != ')') {
      digits = 0;
    }
  }
  static const char *const WORDS[] = {"sk-", "AKIA", "ASIA", "xox", "AIza", "eyJ", "glpat-", "-----BEGIN", "://"};
  for (guint i = 0; i < G_N_ELEMENTS(WORDS); i++)
    if (strstr(text, WORDS[i]) != NULL) return TRUE;
  static const char *const FOLDED[] = {"password", "passwd", "passphrase", "pwd", "secret", "apikey", "api-key", "token", "bearer"};
  for (const char *c = text; *c != '\0'; c++) {
    char first = g_ascii_tolower(*c);
    if (first != 'p' && first != 's' && first != 'a' && first != 't' && first != 'b') continue;
    for (guint i = 0; i < G_N_ELEMENTS(FOLDED); i++)
      if (g_ascii_strncasecmp(c, FOLDED[i], strlen(FOLDED[i])) == 0) return TRUE;
  }
  return FALSE;
}

/* NULL: no match. */
static char *replace_all(const GRegex *pattern, const Kind *kind, const char *text, guint *found) {
  g_autoptr(GMatchInfo) match = NULL;
  GString *out = NULL;
  gint start, end, copied = 0;
  g_regex_match(pattern, text, 0, &match);
  for (; g_match_info_matches(match); g_match_info_next(match, NULL)) {
    if (!g_match_info_fetch_pos(match, kind->group, &start, &end) || start < copied) continue;
    if (kind->check != NULL && !kind->check(text + start, (gsize)(end - start))) continue;
    if (text[start] == '[' || (end > start && text[end - 1] == ']')) continue; /* redacted before */
    if (out == NULL) out = g_string_new(NULL);
    g_string_append_len(out, text + copied, start - copied);
    g_string_append_printf(out, "[%s]", kind->kind);
    copied = end;
    (*found)++;
  }
  if (out == NULL) return NULL;
  g_string_append(out, text + copied);
  return g_string_free(out, FALSE);
}

char *ai_redact(const AiRedactor *redactor, const char *text, guint *found, guint32 *kinds) {
  char *current = NULL;
  *found = 0;
  if (!may_hold(text)) return NULL;
  for (guint i = 0; i < G_N_ELEMENTS(KINDS); i++) {
    guint before = *found;
    char *next = redactor->patterns[i] != NULL ? replace_all(redactor->patterns[i], &KINDS[i], current != NULL ? current : text, found) : NULL;
    if (next == NULL) continue;
    if (kinds != NULL && *found > before) *kinds |= bit_of(KINDS[i].kind);
    g_free(current);
    current = next;
  }
  return current;
}

guint ai_redact_json(const AiRedactor *redactor, json_t *value, guint32 *kinds) {
  guint sum = 0, found;
  const char *key;
  json_t *member;
  gsize index;
  void *next;
  json_object_foreach_safe(value, next, key, member) {
    if (!json_is_string(member)) {
      sum += ai_redact_json(redactor, member, kinds);
      continue;
    }
    g_autofree char *text = ai_redact(redactor, json_string_value(member), &found, kinds);
    if (text != NULL) json_object_set_new(value, key, json_string(text));
    sum += found;
  }
  json_array_foreach(value, index, member) {
    if (!json_is_string(member)) {
      sum += ai_redact_json(redactor, member, kinds);
      continue;
    }
    g_autofree char *text = ai_redact(redactor, json_string_value(member), &found, kinds);
    if (text != NULL) json_array_set_new(value, index, json_string(text));
    sum += found;
  }
  return sum;
}

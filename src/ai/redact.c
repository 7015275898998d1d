#include "ai/redact.h"

#include <string.h>

/* How much of what a pattern found is one: 0 to `length`. */
typedef gsize (*Check)(const char *text, gsize length);

static guint count_digits(const char *text, gsize length) {
  guint n = 0;
  for (gsize i = 0; i < length; i++) n += g_ascii_isdigit(text[i]);
  return n;
}

static gboolean passes_luhn(const char *text, gsize length) {
  int sum = 0, digits = 0;
  for (gsize i = length; i > 0; i--) {
    if (!g_ascii_isdigit(text[i - 1])) continue;
    int value = text[i - 1] - '0';
    if (digits++ % 2 == 1) value = value * 2 > 9 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  return sum % 10 == 0;
}

/* Issuers' first digits and lengths (ISO/IEC 7812): what is as long as a barcode or an order's number is seldom a card. */
static gboolean is_card(const char *text, gsize length) {
  guint digits = count_digits(text, length), first = 0;
  for (gsize i = 0, n = 0; i < length && n < 4; i++)
    if (g_ascii_isdigit(text[i]) && ++n > 0) first = first * 10 + (guint)(text[i] - '0');
  gboolean fits = first / 1000 == 2   ? digits == 16 && first >= 2221 && first <= 2720
                  : first / 1000 == 3 ? digits >= 14 && digits <= 16
                  : first / 1000 == 4 ? digits == 16 || digits == 19
                  : first / 1000 == 5 ? digits == 16
                                      : digits >= 16 && digits <= 19;
  return fits && passes_luhn(text, length);
}

/* ISO 13616: the first four characters go to the end, letters become 10 to 35, the whole is 1 modulo 97. */
static gboolean is_iban(const char *text, gsize length) {
  char plain[40];
  gsize n = 0;
  for (gsize i = 0; i < length && n < sizeof plain; i++)
    if (g_ascii_isalnum(text[i])) plain[n++] = text[i];
  if (n < 15 || n > 34) return FALSE;
  int rest = 0;
  for (gsize i = 0; i < n; i++) {
    char c = plain[(i + 4) % n];
    int value = g_ascii_isdigit(c) ? c - '0' : g_ascii_toupper(c) - 'A' + 10;
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest == 1;
}

/* What follows in groups of its own may have been taken along: "4111 1111 1111 1111 12/29". */
static gsize longest(gboolean (*is_one)(const char *text, gsize length), const char *text, gsize length) {
  for (gsize n = length; n > 0;) {
    if (is_one(text, n)) return n;
    while (n > 0 && g_ascii_isalnum(text[n - 1])) n--;
    while (n > 0 && !g_ascii_isalnum(text[n - 1])) n--;
  }
  return 0;
}

static gsize check_card(const char *text, gsize length) {
  return longest(is_card, text, length);
}

static gsize check_iban(const char *text, gsize length) {
  return longest(is_iban, text, length);
}

/* ITU-T E.164: at most fifteen digits. */
static gsize check_phone(const char *text, gsize length) {
  guint digits = count_digits(text, length);
  return digits >= 9 && digits <= 15 ? length : 0;
}

typedef struct {
  const char *kind, *pattern;
  Check check;  /* NULL: the pattern is enough */
  int group;    /* what of the match is replaced */
} Kind;

/* Keys first: they hold what looks like other things. */
static const Kind KINDS[] = {
    {"PRIVATE_KEY", "-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\\s\\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\\z)", NULL, 0},
    {"SECRET",
     "\\b(?:sk-[A-Za-z0-9_-]{16,}|AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|xox[abeprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{20,}"
     "|AIza[0-9A-Za-z_-]{30,}|glpat-[A-Za-z0-9_-]{16,}|glsa_[A-Za-z0-9_]{20,}|npm_[A-Za-z0-9]{30,}|[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9]{16,}"
     "|hf_[A-Za-z0-9]{20,}|SG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}|ya29\\.[A-Za-z0-9_-]{16,}|GOCSPX-[A-Za-z0-9_-]{16,}|pypi-[A-Za-z0-9_-]{20,}|dop_v1_[a-f0-9]{32,}"
     "|shp(?:at|ss|ca|pa)_[A-Fa-f0-9]{24,}|sq0[a-z]{3}-[A-Za-z0-9_-]{20,}|dapi[0-9a-f]{32}|key-[0-9a-f]{32}|AGE-SECRET-KEY-1[A-Z0-9]{20,}|hooks\\.slack\\.com/services/[A-Za-z0-9/]{20,}"
     "|eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]*)",
     NULL, 0},
    {"SECRET", "(?i)\\bbearer\\s+([A-Za-z0-9._~+/-]{16,}=*)", NULL, 1},
    {"SECRET", "(?i)\\bauthorization[\"']?\\s*[:=]\\s*[\"']?basic\\s+([A-Za-z0-9+/]{6,}=*)", NULL, 1},
    {"PASSWORD",
     "(?i)(?<![A-Za-z0-9])[A-Za-z0-9_-]{0,40}?(?:password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key"
     "|(?:access|auth|refresh|bearer|session)[_-]?token)(?:[_-]?(?:key|value))?[\"']?\\s*(?:[:=]|\\bis\\b)\\s*[\"']?([^\\s\"',;]{4,})",
     NULL, 1},
    {"PASSWORD", "(?<![a-z0-9+.-])[0-9+.-]*+[a-z][a-z0-9+.-]*+://[^\\s/:@]*:([^\\s/]+)@", NULL, 1},
    {"EMAIL", "(?<![\\p{L}\\p{N}._%+'-])[\\p{L}\\p{N}._%+'-]++@[\\p{L}\\p{N}-]+(?:\\.[\\p{L}\\p{N}-]+)*\\.\\p{L}{2,}", NULL, 0},
    {"EMAIL", "(?i)(?<![\\p{L}\\p{N}._%+-])[\\p{L}\\p{N}._%+-]++\\s?[\\[(]\\s?at\\s?[\\])]\\s?[\\p{L}\\p{N}-]+(?:\\s?(?:\\.|[\\[(]\\s?dot\\s?[\\])])\\s?[\\p{L}\\p{N}-]+)+", NULL, 0},
    {"IBAN", "(?i)\\b[A-Z]{2}\\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?\\b", check_iban, 0},
    {"CARD", "(?<![\\d.])(?:[2-6]\\d{3}(?:[ \\x{a0}-]?\\d){9,15}|[2-6]\\d{3}(?:\\.\\d{4}){3})(?![\\d.]\\d|\\d)", check_card, 0},
    {"SSN", "(?<![\\d-])(?!000|666|9\\d\\d)\\d{3}-(?!00)\\d{2}-(?!0000)\\d{4}(?![\\d-])", NULL, 0},
    {"PHONE", "(?i)\\b(?:phone|tel|telephone|mobile|fax|call|whatsapp)(?:\\s?(?:no|number))?\\b[.:]*\\s*(\\+?\\d[\\d ()./-]{6,}\\d)(?![\\w.,]\\d|\\d)", check_phone, 1},
    {"PHONE",
     "(?<![\\w.,+-])(?:\\+\\d{1,3}[ .-]?(?:\\(?\\d{1,4}\\)?[ .-]?){2,5}\\d{2,4}|(?:1[ .-])?\\(\\d{3}\\) ?\\d{3}[ .-]\\d{4}|(?:1[ .-])?\\d{3}[.-]\\d{3}[.-]\\d{4}"
     "|(?:1 )?[2-9]\\d{2} [2-9]\\d{2} \\d{4}|00(?:[ .-][1-9]\\d{0,2}|[1-9]\\d{0,2}[ ./-])[ ./-]?\\(?\\d{1,4}\\)?(?:[ ./-]?\\d{2,4}){1,4}|\\(0\\d{1,4}\\) ?\\d{3,8}(?:[ -]\\d{2,4}){0,3}"
     "|0[1-9]\\d{0,3}[ /]\\d{2,8}(?:[ -]\\d{2,4}){0,4})(?![\\w-]|[.,]\\d)",
     check_phone, 0},
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
    } else if (strchr(" -.()/", *c) == NULL && (guchar)*c < 0x80) {
      digits = 0;
    }
  }
  static const char *const WORDS[] = {"sk-", "AKIA", "ASIA", "xox", "xapp-", "AIza", "eyJ", "glpat-", "-----BEGIN", "://", "SG.", "ya29.", "GOCSPX-", "pypi-", "sq0", "dapi", "key-", "AGE-SECRET",
                                      "hooks.slack", "(at)", "[at]", "( at", "[ at", "(AT)", "[AT]"};
  for (guint i = 0; i < G_N_ELEMENTS(WORDS); i++)
    if (strstr(text, WORDS[i]) != NULL) return TRUE;
  static const char *const FOLDED[] = {"password", "passwd", "passphrase", "pwd", "secret", "apikey", "api-key", "token", "bearer", "accesskey", "accountkey", "privatekey", "authorization"};
  for (const char *c = text; *c != '\0'; c++) {
    char first = g_ascii_tolower(*c);
    if (first != 'p' && first != 's' && first != 'a' && first != 't' && first != 'b') continue;
    for (guint i = 0; i < G_N_ELEMENTS(FOLDED); i++)
      if (g_ascii_strncasecmp(c, FOLDED[i], strlen(FOLDED[i])) == 0) return TRUE;
  }
  return FALSE;
}

/* "[EMAIL]", or what of it a pattern took. */
static gboolean is_mark(const char *text, gsize length) {
  for (guint i = 0; i < G_N_ELEMENTS(NAMES); i++) {
    gsize name = strlen(NAMES[i]);
    if (length > name && length <= name + 2 && text[0] == '[' && strncmp(text + 1, NAMES[i], name) == 0 && text[name + 1] == ']') return TRUE;
  }
  return FALSE;
}

/* NULL: no match. What cannot be looked through does not leave. */
static char *replace_all(const GRegex *pattern, const Kind *kind, const char *text, guint *found) {
  g_autoptr(GMatchInfo) match = NULL;
  g_autoptr(GError) error = NULL;
  GString *out = NULL;
  gint start, end, copied = 0;
  g_regex_match_full(pattern, text, -1, 0, 0, &match, &error);
  for (; error == NULL && g_match_info_matches(match); g_match_info_next(match, &error)) {
    if (!g_match_info_fetch_pos(match, kind->group, &start, &end) || start < copied) continue;
    if (kind->check != NULL) end = start + (gint)kind->check(text + start, (gsize)(end - start));
    /* The bracket of a list around it is none of it. */
    if (end > start && text[end - 1] == ']' && memchr(text + start, '[', (gsize)(end - start)) == NULL) end--;
    if (end == start || is_mark(text + start, (gsize)(end - start))) continue; /* redacted before */
    if (out == NULL) out = g_string_new(NULL);
    g_string_append_len(out, text + copied, start - copied);
    g_string_append_printf(out, "[%s]", kind->kind);
    copied = end;
    (*found)++;
  }
  if (error != NULL) {
    if (out != NULL) g_string_free(out, TRUE);
    (*found)++;
    return g_strdup_printf("[%s]", kind->kind);
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

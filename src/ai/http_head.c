#include "ai/http_head.h"

#include <string.h>

gsize http_head_find(const char *bytes, gsize length) {
  const char *end = memmem(bytes, length, "\r\n\r\n", 4);
  return end != NULL ? (gsize)(end - bytes) + 4 : 0;
}

/* ---- the address ---- */

/* In place; `plus`: + stands for a space. FALSE: a broken escape, or one of NUL. */
static gboolean unescape(char *text, gboolean plus) {
  char *to = text;
  for (const char *from = text; *from != '\0'; from++) {
    if (*from == '%') {
      int high = g_ascii_xdigit_value(from[1]), low = high < 0 ? -1 : g_ascii_xdigit_value(from[2]);
      if (low < 0 || high * 16 + low == 0) return FALSE;
      *to++ = (char)(high * 16 + low);
      from += 2;
    } else {
      *to++ = *from == '+' && plus ? ' ' : *from;
    }
  }
  *to = '\0';
  return TRUE;
}

static gboolean read_arguments(HttpHead *head, char *query) {
  for (char *next; query != NULL; query = next) {
    next = strchr(query, '&');
    if (next != NULL) *next++ = '\0';
    if (*query == '\0') continue;
    if (head->n_arguments == HTTP_HEAD_ARGUMENTS) return FALSE;
    char *value = strchr(query, '=');
    if (value != NULL) *value++ = '\0';
    if (!unescape(query, TRUE) || (value != NULL && !unescape(value, TRUE))) return FALSE;
    head->arguments[head->n_arguments++] = (HttpField){query, value != NULL ? value : ""};
  }
  return TRUE;
}

/* An address with a host before it, as a proxy gets it, is one too. */
static gboolean read_address(HttpHead *head, char *address) {
  if (g_ascii_strncasecmp(address, "http://", 7) == 0) {
    address = strchr(address + 7, '/');
    if (address == NULL) return FALSE;
  }
  char *fragment = strchr(address, '#'), *query = strchr(address, '?');
  if (fragment != NULL) return FALSE;
  if (query != NULL) *query++ = '\0';
  head->path = address;
  return unescape(address, FALSE) && read_arguments(head, query);
}

/* ---- lines ---- */

/* RFC 9110 section 5.6.2. */
static gboolean is_token(const char *text) {
  if (*text == '\0') return FALSE;
  for (; *text != '\0'; text++)
    if (!g_ascii_isalnum(*text) && strchr("!#$%&'*+-.^_`|~", *text) == NULL) return FALSE;
  return TRUE;
}

static gboolean has_control(const char *text) {
  for (; *text != '\0'; text++)
    if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f) return TRUE;
  return FALSE;
}

static int read_first_line(HttpHead *head, char *line) {
  char *address = strchr(line, ' '), *version = address != NULL ? strchr(address + 1, ' ') : NULL;
  if (version == NULL || has_control(line) || strchr(line, '\t') != NULL) return 400;
  *address++ = '\0';
  *version++ = '\0';
  head->method = line;
  if (strncmp(version, "HTTP/", 5) != 0 || !is_token(line)) return 400;
  head->old = strcmp(version, "HTTP/1.0") == 0;
  if (!head->old && strcmp(version, "HTTP/1.1") != 0) return 505;
  return read_address(head, address) ? 0 : 400;
}

static gboolean has_word(const char *list, const char *word) {
  g_auto(GStrv) words = g_strsplit(list, ",", 16);
  for (guint i = 0; words[i] != NULL; i++)
    if (g_ascii_strcasecmp(g_strstrip(words[i]), word) == 0) return TRUE;
  return FALSE;
}

/* What of a line says how the message goes on. 0, or a refusal. */
static int read_meaning(HttpHead *head, const HttpField *line, gboolean *has_length) {
  if (g_ascii_strcasecmp(line->name, "content-length") == 0) {
    guint64 length;
    if (!g_ascii_isdigit(*line->value) || !g_ascii_string_to_unsigned(line->value, 10, 0, G_MAXINT64, &length, NULL)) return 400;
    if (*has_length && length != head->length) return 400;
    *has_length = TRUE;
    head->length = length;
  } else if (g_ascii_strcasecmp(line->name, "transfer-encoding") == 0) {
    if (head->chunked || head->old) return 400;
    if (g_ascii_strcasecmp(line->value, "chunked") != 0) return 501;
    head->chunked = TRUE;
  } else if (g_ascii_strcasecmp(line->name, "connection") == 0) {
    if (has_word(line->value, "close")) head->close = TRUE;
    else if (head->old && has_word(line->value, "keep-alive")) head->close = FALSE;
  } else if (g_ascii_strcasecmp(line->name, "expect") == 0) {
    if (g_ascii_strcasecmp(line->value, "100-continue") != 0) return 417;
    head->expects = !head->old;
  }
  return 0;
}

static int read_line(HttpHead *head, char *line, gboolean *has_length) {
  char *colon = strchr(line, ':');
  if (colon == NULL || has_control(line)) return 400;
  *colon = '\0';
  if (!is_token(line)) return 400;
  if (head->n_lines == HTTP_HEAD_LINES) return 431;
  HttpField *field = &head->lines[head->n_lines++];
  *field = (HttpField){line, g_strstrip(colon + 1)};
  return read_meaning(head, field, has_length);
}

int http_head_read(HttpHead *head, char *text, gsize length) {
  head->method = head->path = NULL;
  head->n_lines = head->n_arguments = 0;
  head->old = head->close = head->expects = head->chunked = FALSE;
  head->length = 0;
  gboolean first = TRUE, has_length = FALSE;
  if (memchr(text, '\0', length) != NULL) return 400;
  for (char *line = text, *next; line < text + length - 2; line = next) {
    char *end = strstr(line, "\r\n");
    if (end == NULL) return 400;
    *end = '\0';
    next = end + 2;
    int refused = first ? read_first_line(head, line) : read_line(head, line, &has_length);
    if (refused != 0) return refused;
    if (first) head->close = head->old;
    first = FALSE;
  }
  if (first) return 400;
  /* Two lengths for one body: whoever stands before us may have believed the other. */
  return head->chunked && has_length ? 400 : 0;
}

const char *http_head_line(const HttpHead *head, const char *name) {
  for (guint i = 0; i < head->n_lines; i++)
    if (g_ascii_strcasecmp(head->lines[i].name, name) == 0) return head->lines[i].value;
  return NULL;
}

const char *http_head_argument(const HttpHead *head, const char *name) {
  for (guint i = 0; i < head->n_arguments; i++)
    if (strcmp(head->arguments[i].name, name) == 0) return head->arguments[i].value;
  return NULL;
}

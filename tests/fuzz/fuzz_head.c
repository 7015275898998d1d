/*
 * Any bytes as requests to the gateway: a head is read into its own text or refused with a status, no part of one holds the end
 * of a line, and a body has the same content and end however it is cut on its way.
 */
#include "ai/http_head.h"
#include "ai/wire_body.h"
#include "fuzz.h"
#include <stdlib.h>
#include <string.h>

static void check_part(const char *part, const char *text, size_t length) {
  if (part < text || part + strlen(part) > text + length) abort();
  if (strpbrk(part, "\r\n") != NULL) abort();
}

static void check_head(const HttpHead *head, const char *text, size_t length) {
  check_part(head->method, text, length);
  if (head->path < text || head->path + strlen(head->path) > text + length) abort(); /* its escapes may stand for anything */
  for (guint i = 0; i < head->n_lines; i++) {
    check_part(head->lines[i].name, text, length);
    check_part(head->lines[i].value, text, length);
  }
  if (head->chunked && head->length != 0) abort();
}

/* What is left after the body. */
static size_t read_body(WireBody *body, const char *bytes, size_t length, size_t piece_length, GString *content) {
  size_t taken = 0;
  while (taken < length && !body->finished && !body->invalid) {
    size_t end = MIN(length, taken + piece_length), size;
    const char *piece = NULL;
    while ((size = wire_body_next(body, bytes, end, &taken, &piece)) > 0) {
      if (piece < bytes || piece + size > bytes + end) abort();
      g_string_append_len(content, piece, (gssize)size);
    }
    if (!body->finished && !body->invalid && taken != end) abort();
  }
  return taken;
}

static size_t check_body(const HttpHead *head, const char *bytes, size_t length) {
  WireBodyKind kind = head->chunked ? WIRE_BODY_CHUNKED : WIRE_BODY_LENGTH;
  WireBody whole, cut;
  g_autoptr(GString) all = g_string_new(NULL), pieces = g_string_new(NULL);
  wire_body_init(&whole, kind, head->length);
  wire_body_init(&cut, kind, head->length);
  size_t taken = read_body(&whole, bytes, length, MAX(length, 1), all), taken_cut = read_body(&cut, bytes, length, 1, pieces);
  if (whole.finished != cut.finished || whole.invalid != cut.invalid) abort();
  if (!whole.invalid && (taken != taken_cut || !g_string_equal(all, pieces))) abort();
  return whole.finished ? taken : length;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  const char *at = (const char *)bytes, *end = at + length;
  HttpHead *head = g_new0(HttpHead, 1);
  gsize head_length;
  while (at < end && (head_length = http_head_find(at, (gsize)(end - at))) > 0 && head_length <= HTTP_HEAD_MAX) {
    g_autofree char *text = g_strndup(at, head_length);
    int status = http_head_read(head, text, head_length);
    if (status != 0) {
      if (status < 400 || status > 599) abort();
      break;
    }
    check_head(head, text, head_length);
    at += head_length;
    at += check_body(head, at, (size_t)(end - at));
  }
  g_free(head);
  return 0;
}

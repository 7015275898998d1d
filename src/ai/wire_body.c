#include "ai/wire_body.h"

#define MAX_SIZE_DIGITS 12

void wire_body_init(WireBody *body, WireBodyKind kind, guint64 length) {
  *body = (WireBody){.kind = kind, .left = length, .state = CHUNK_SIZE};
  body->finished = kind == WIRE_BODY_LENGTH && length == 0;
}

/* One byte of framing. */
static void step(WireBody *body, char c) {
  switch (body->state) {
  case CHUNK_SIZE:
    if (g_ascii_isxdigit(c)) {
      body->left = body->left * 16 + (guint64)g_ascii_xdigit_value(c);
      body->invalid = ++body->digits > MAX_SIZE_DIGITS;
    } else if (body->digits == 0) {
      body->invalid = TRUE;
    } else if (c == '\n') {
      body->state = body->left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
    } else {
      body->state = CHUNK_EXTENSION;
    }
    break;
  case CHUNK_EXTENSION:
    if (c == '\n') body->state = body->left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
    break;
  case CHUNK_DATA_END:
    if (c == '\n') {
      body->state = CHUNK_SIZE;
      body->digits = 0;
    } else if (c != '\r') {
      body->invalid = TRUE;
    }
    break;
  case CHUNK_TRAILER:
    if (c == '\n') body->finished = TRUE;
    else if (c != '\r') body->state = CHUNK_TRAILER_LINE;
    break;
  case CHUNK_TRAILER_LINE:
    if (c == '\n') body->state = CHUNK_TRAILER;
    break;
  case CHUNK_DATA: break;
  }
}

gsize wire_body_next(WireBody *body, const char *bytes, gsize length, gsize *position, const char **piece) {
  while (*position < length && !body->finished && !body->invalid) {
    gboolean content = body->kind != WIRE_BODY_CHUNKED || body->state == CHUNK_DATA;
    if (!content) {
      step(body, bytes[(*position)++]);
      continue;
    }
    gsize have = length - *position;
    gsize take = body->kind == WIRE_BODY_UNTIL_CLOSE || body->left > have ? have : (gsize)body->left;
    *piece = bytes + *position;
    *position += take;
    if (body->kind == WIRE_BODY_UNTIL_CLOSE) return take;
    body->left -= take;
    if (body->left == 0 && body->kind == WIRE_BODY_LENGTH) body->finished = TRUE;
    if (body->left == 0 && body->kind == WIRE_BODY_CHUNKED) body->state = CHUNK_DATA_END;
    return take;
  }
  return 0;
}

/* Where the body of an HTTP/1.1 message ends, and its bytes without the framing (RFC 9112 section 6). Pure state machine. */
#pragma once
#include <glib.h>

typedef enum { WIRE_BODY_LENGTH, WIRE_BODY_CHUNKED, WIRE_BODY_UNTIL_CLOSE } WireBodyKind;
typedef enum { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_DATA_END, CHUNK_TRAILER, CHUNK_TRAILER_LINE } WireChunkState;
typedef struct {
  WireBodyKind kind;
  guint64 left; /* of the body or of this chunk */
  WireChunkState state;
  int digits;
  gboolean finished, invalid;
} WireBody;

void wire_body_init(WireBody *body, WireBodyKind kind, guint64 length);
/* Finds the next piece of content in bytes[*position..length): its start and size (0: more input is needed, or finished, or
 * invalid), and moves *position past it. */
gsize wire_body_next(WireBody *body, const char *bytes, gsize length, gsize *position, const char **piece);

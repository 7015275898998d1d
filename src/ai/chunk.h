/*
 * A chunk of a stream in the form of the OpenAI API, as it came: read in one pass over its bytes, without a tree, because a
 * stream has one for every few letters of its text. Only what such chunks nearly always are is read like this: one choice, whose
 * delta is text or nothing. Everything else (tool calls, usage, errors, members that are not known here, and all that is not
 * JSON) is left to the parser, which also finds what is wrong with it. Pure.
 */
#pragma once
#include <glib.h>

typedef struct {
  gsize at, length;
} AiSpan;

typedef struct {
  const char *bytes; /* (transfer none) one line of JSON */
  gsize length;
  AiSpan id, model; /* the values, with their quotes */
  AiSpan usage;     /* a member "usage" that is null, with a comma beside it; length 0: none */
  gboolean has_content, has_reason;
  AiSpan content, reason; /* within the quotes, escapes as they stand */
} AiChunk;

/* FALSE: it needs the parser. The chunk points into `bytes`. */
gboolean ai_chunk_read(AiChunk *chunk, const char *bytes, gsize length);
void ai_chunk_append_content(const AiChunk *chunk, GString *out); /* the text that it brings */
/* The chunk under another id and model (JSON strings, with quotes), and without usage. */
void ai_chunk_append(const AiChunk *chunk, const char *id, const char *model, GString *out);

#include "ai/chunk.h"

#include <string.h>

typedef struct {
  AiChunk *chunk;
  const char *at, *end;
  const char *comma; /* before the member that is read; NULL: it is the first */
  guint chunk_seen, choice_seen, delta_seen; /* members, so that none comes twice */
} Reader;

/* Reads the value of a member; FALSE: not a plain chunk. */
typedef gboolean (*Member)(Reader *reader, AiSpan key);

/* No line ends: an event of several lines is rare, and goes to the parser. */
static void skip_space(Reader *reader) {
  while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t')) reader->at++;
}

static gboolean take(Reader *reader, char c) {
  skip_space(reader);
  if (reader->at == reader->end || *reader->at != c) return FALSE;
  reader->at++;
  return TRUE;
}

static gboolean take_word(Reader *reader, const char *word) {
  gsize length = strlen(word);
  if ((gsize)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0) return FALSE;
  reader->at += length;
  return TRUE;
}

/* `inside`: without the quotes. Escapes of one letter only, and only where they are asked for. */
static gboolean take_string(Reader *reader, gboolean escapes, AiSpan *inside) {
  if (!take(reader, '"')) return FALSE;
  const char *start = reader->at;
  for (; reader->at < reader->end; reader->at++) {
    unsigned char c = (unsigned char)*reader->at;
    if (c == '"') {
      *inside = (AiSpan){(gsize)(start - reader->chunk->bytes), (gsize)(reader->at - start)};
      reader->at++;
      return TRUE;
    }
    if (c < 0x20) return FALSE;
    if (c != '\\') continue;
    if (!escapes || ++reader->at == reader->end || *reader->at == '\0' || strchr("\"\\/bfnrt", *reader->at) == NULL) return FALSE;
  }
  return FALSE;
}

static gboolean take_whole_number(Reader *reader) {
  const char *start = reader->at;
  while (reader->at < reader->end && g_ascii_isdigit(*reader->at)) reader->at++;
  gsize digits = (gsize)(reader->at - start);
  return digits > 0 && digits <= 18 && (digits == 1 || *start != '0');
}

/* Text, a whole number, or null. */
static gboolean take_scalar(Reader *reader) {
  AiSpan unused;
  skip_space(reader);
  if (reader->at == reader->end) return FALSE;
  return *reader->at == '"' ? take_string(reader, FALSE, &unused) : *reader->at == 'n' ? take_word(reader, "null") : take_whole_number(reader);
}

static gboolean take_text_or_null(Reader *reader, gboolean escapes, gboolean *present, AiSpan *inside) {
  skip_space(reader);
  if (take_word(reader, "null")) return TRUE;
  return *present = take_string(reader, escapes, inside);
}

static gboolean take_object(Reader *reader, Member member) {
  const char *comma = NULL;
  if (!take(reader, '{')) return FALSE;
  if (take(reader, '}')) return TRUE;
  for (;;) {
    AiSpan key;
    if (!take_string(reader, FALSE, &key) || !take(reader, ':')) return FALSE;
    reader->comma = comma;
    if (!member(reader, key)) return FALSE;
    if (take(reader, '}')) return TRUE;
    if (!take(reader, ',')) return FALSE;
    comma = reader->at - 1;
  }
}

/* Which of the names a key is; -1: none, or it came before. */
static int which(const Reader *reader, AiSpan key, const char *const *names, guint n, guint *seen) {
  for (guint i = 0; i < n; i++) {
    if (strlen(names[i]) != key.length || memcmp(names[i], reader->chunk->bytes + key.at, key.length) != 0) continue;
    if (*seen & (1u << i)) return -1;
    *seen |= 1u << i;
    return (int)i;
  }
  return -1;
}

static gboolean delta_member(Reader *reader, AiSpan key) {
  enum { CONTENT, ROLE, REFUSAL };
  static const char *const NAMES[] = {"content", "role", "refusal"};
  switch (which(reader, key, NAMES, G_N_ELEMENTS(NAMES), &reader->delta_seen)) {
  case CONTENT: return take_text_or_null(reader, TRUE, &reader->chunk->has_content, &reader->chunk->content);
  case ROLE:
  case REFUSAL: return take_scalar(reader);
  default: return FALSE;
  }
}

static gboolean choice_member(Reader *reader, AiSpan key) {
  enum { DELTA, REASON, INDEX, LOGPROBS, STOP_REASON };
  static const char *const NAMES[] = {"delta", "finish_reason", "index", "logprobs", "stop_reason"};
  switch (which(reader, key, NAMES, G_N_ELEMENTS(NAMES), &reader->choice_seen)) {
  case DELTA: return take_object(reader, delta_member);
  case REASON: return take_text_or_null(reader, FALSE, &reader->chunk->has_reason, &reader->chunk->reason);
  case INDEX:
  case LOGPROBS:
  case STOP_REASON: return take_scalar(reader);
  default: return FALSE;
  }
}

static gboolean take_name(Reader *reader, AiSpan *span) {
  AiSpan inside;
  if (!take_string(reader, FALSE, &inside)) return FALSE;
  *span = (AiSpan){inside.at - 1, inside.length + 2};
  return TRUE;
}

/* Many providers say null in every chunk but the last; one of the commas beside the member goes with it. */
static gboolean take_no_usage(Reader *reader, AiSpan key) {
  const char *start = reader->chunk->bytes + key.at - 1, *comma = reader->comma;
  skip_space(reader);
  if (!take_word(reader, "null")) return FALSE;
  skip_space(reader);
  const char *after = reader->at;
  if (after < reader->end && *after == ',') after++;
  else if (comma != NULL) start = comma;
  reader->chunk->usage = (AiSpan){(gsize)(start - reader->chunk->bytes), (gsize)(after - start)};
  return TRUE;
}

static gboolean chunk_member(Reader *reader, AiSpan key) {
  enum { ID, MODEL, CHOICES, USAGE, OBJECT, CREATED, FINGERPRINT, TIER };
  static const char *const NAMES[] = {"id", "model", "choices", "usage", "object", "created", "system_fingerprint", "service_tier"};
  switch (which(reader, key, NAMES, G_N_ELEMENTS(NAMES), &reader->chunk_seen)) {
  case ID: return take_name(reader, &reader->chunk->id);
  case MODEL: return take_name(reader, &reader->chunk->model);
  case CHOICES: return take(reader, '[') && take_object(reader, choice_member) && take(reader, ']');
  case USAGE: return take_no_usage(reader, key);
  case OBJECT:
  case CREATED:
  case FINGERPRINT:
  case TIER: return take_scalar(reader);
  default: return FALSE;
  }
}

static gboolean is_utf8(const char *bytes, gsize length) {
  gsize plain = 0;
  while (plain < length && (signed char)bytes[plain] >= 0) plain++;
  return plain == length || g_utf8_validate_len(bytes + plain, length - plain, NULL);
}

gboolean ai_chunk_read(AiChunk *chunk, const char *bytes, gsize length) {
  *chunk = (AiChunk){.bytes = bytes, .length = length};
  Reader reader = {.chunk = chunk, .at = bytes, .end = bytes + length};
  if (!take_object(&reader, chunk_member)) return FALSE;
  skip_space(&reader);
  gboolean choices = chunk->bytes + length == reader.at && (reader.chunk_seen & 4) != 0;
  return choices && chunk->id.length > 0 && chunk->model.length > 0 && is_utf8(bytes, length);
}

static char unescaped(char c) {
  static const char LETTERS[] = "bfnrt", MEANT[] = "\b\f\n\r\t";
  const char *found = strchr(LETTERS, c);
  return found != NULL ? MEANT[found - LETTERS] : c;
}

void ai_chunk_append_content(const AiChunk *chunk, GString *out) {
  const char *at = chunk->bytes + chunk->content.at, *end = at + chunk->content.length;
  while (chunk->has_content && at < end) {
    const char *escape = memchr(at, '\\', (gsize)(end - at));
    g_string_append_len(out, at, (escape != NULL ? escape : end) - at);
    if (escape == NULL) break;
    g_string_append_c(out, unescaped(escape[1]));
    at = escape + 2;
  }
}

void ai_chunk_append(const AiChunk *chunk, const char *id, const char *model, GString *out) {
  struct {
    AiSpan span;
    const char *text;
  } parts[] = {{chunk->id, id}, {chunk->model, model}, {chunk->usage, ""}};
  gsize done = 0;
  for (guint round = 0; round < G_N_ELEMENTS(parts); round++) {
    int next = -1;
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
      if (parts[i].span.length > 0 && parts[i].span.at >= done && (next < 0 || parts[i].span.at < parts[next].span.at)) next = (int)i;
    if (next < 0) break;
    g_string_append_len(out, chunk->bytes + done, (gssize)(parts[next].span.at - done));
    g_string_append(out, parts[next].text);
    done = parts[next].span.at + parts[next].span.length;
  }
  g_string_append_len(out, chunk->bytes + done, (gssize)(chunk->length - done));
}

#include "server/source.h"

#include <string.h>

#define BLOCK_BYTES (32 * 1024)

typedef struct {
  ReplySource source;
  GString *pending;
  gsize sent;
  gboolean ended;
} Sending;

/* On the event loop of the connection. */
static ssize_t read_more(void *data, uint64_t position, char *out, size_t room) {
  (void)position;
  Sending *sending = data;
  while (sending->sent == sending->pending->len && !sending->ended) {
    g_string_truncate(sending->pending, 0);
    sending->sent = 0;
    while (!sending->ended && sending->pending->len < room) sending->ended = !sending->source.next(sending->source.data, sending->pending);
  }
  gsize n = MIN(room, sending->pending->len - sending->sent);
  if (n == 0) return MHD_CONTENT_READER_END_OF_STREAM;
  memcpy(out, sending->pending->str + sending->sent, n);
  sending->sent += n;
  return (ssize_t)n;
}

static void release(void *data) {
  Sending *sending = data;
  sending->source.release(sending->source.data);
  g_string_free(sending->pending, TRUE);
  g_free(sending);
}

struct MHD_Response *source_response_new(Reply *reply) {
  Sending *sending = g_new0(Sending, 1);
  sending->source = reply->source;
  sending->pending = g_string_sized_new(BLOCK_BYTES);
  memset(&reply->source, 0, sizeof reply->source);
  struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_more, sending, release);
  if (response == NULL) release(sending);
  return response;
}

#include "server/streamed_work.h"

gboolean streamed_work_start(ServerState *state, EventStream *stream, const json_t *body, void (*run)(Work *work), GError **error) {
  StreamedWork *work = g_new0(StreamedWork, 1);
  *work = (StreamedWork){{run}, state, json_deep_copy(body), event_stream_ref(stream)};
  atomic_fetch_add(&state->metrics.in_flight, 1);
  if (state->submit(state->server, &work->work)) return TRUE;
  streamed_work_end(work);
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BUSY, "too many questions at once; try again shortly");
  return FALSE;
}

void streamed_work_reply(const Call *call, EventStream *stream, void (*run)(Work *work), const GError *error, Reply *reply) {
  g_autoptr(GError) busy = NULL;
  if (stream != NULL && streamed_work_start(call->state, stream, call->body, run, &busy)) {
    reply_set_stream(reply, stream, 0);
    return;
  }
  reply_set_error(reply, busy != NULL ? busy : error);
  event_stream_unref(stream);
}

void streamed_work_end(StreamedWork *work) {
  event_stream_end(work->stream);
  event_stream_unref(work->stream);
  atomic_fetch_sub(&work->state->metrics.in_flight, 1);
  json_decref(work->body);
  g_free(work);
}

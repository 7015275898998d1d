/* An event stream as text/event-stream (WHATWG HTML, 9.2): one response that grows while its connection sleeps in between. */
#pragma once
#include <microhttpd.h>

#include "server/event_stream.h"
#include "server/hangup.h"

/* For this connection only. NULL when there is no memory. */
struct MHD_Response *sse_response_new(EventStream *stream, guint64 after, struct MHD_Connection *connection, HangupWatch *hangups);

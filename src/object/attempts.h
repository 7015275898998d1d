/* How often and after which pauses a request is tried again; private to the module. */
#pragma once
#include "base/http.h"

/* Waits before the next attempt after `made` of them; FALSE when that was enough or the deadline is too near: `*error`
 * then also tells how often it was tried. */
gboolean attempts_wait(int made, gint64 retry_after_ms, Deadline deadline, GError **error);
/* What the service asked for, within reason; 0: nothing. */
gint64 attempts_retry_after(const HttpResponse *response);
/* A failure without an answer that may be gone the next time. */
/* Whether an answer's bytes are those that begin at `offset`: the whole (then from 0), or the part it says ("bytes 5-9/10"). */
gboolean attempts_begins_at(const HttpResponse *response, gint64 offset);
gboolean attempts_may_pass(const GError *error, Deadline deadline);

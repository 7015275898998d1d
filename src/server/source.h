/* A body that is made piece by piece while it is sent (ReplySource), so that memory does not grow with it. */
#pragma once
#include <microhttpd.h>

#include "server/reply.h"

/* Takes the reply's source. NULL when there is no memory. */
struct MHD_Response *source_response_new(Reply *reply);

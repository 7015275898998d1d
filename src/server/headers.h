/* Header fields of a request. Pure. */
#pragma once
#include <glib.h>

/* Whether a Host or the host of an Origin names this machine itself ("localhost", "127.0.0.1:8080", "[::1]"). */
gboolean headers_host_is_local(const char *host);
gboolean headers_origin_is_local(const char *origin);
/* "application/json", also with charset=utf-8. */
gboolean headers_is_json(const char *content_type);
/* Whether `accept` names this very type, so that it is wanted more than what stands for anything. */
gboolean headers_names(const char *accept, const char *media_type);
/* Whether `accept` (NULL: anything) takes "type/subtype"; a parameter of `media_type` does not count. */
gboolean headers_accepts(const char *accept, const char *media_type);
/* Whether an Accept-Encoding header (NULL: none) names this encoding, and not with weight 0. A "*" names nothing here. */
gboolean headers_accepts_encoding(const char *accept_encoding, const char *encoding);

/* What kind of message this is. */
#pragma once
#include <glib.h>

/* "question", "summary", "analysis", "product", "small_talk" or "out_of_scope". Pure. (transfer none) */
const char *route_of(const char *message);

/* /openapi.json (OpenAPI 3.1), made from the route table. */
#pragma once
#include "server/route.h"

/* All schemas by name: ours, and the contracts of schemas/ with their references turned inwards. (transfer full) */
json_t *openapi_components(GError **error);
GBytes *openapi_document(const json_t *components); /* (transfer full) */
/* A copy in which requests refer to semantic queries of a bounded depth (openapi_shallow.c). (transfer full) */
json_t *openapi_shallow_components(const json_t *components);

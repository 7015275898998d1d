/*
 * JSON Schema (2020-12), the part that our contracts, templates and model providers use: $ref, type, enum, const; properties,
 * required, additionalProperties, minProperties; items, prefixItems, min/maxItems, uniqueItems; min/maxLength, pattern, format date;
 * minimum, maximum and their exclusive forms, multipleOf; anyOf, oneOf, allOf, not. Other keywords only describe. References lead
 * into the schema itself ("#/$defs/X") or to `components` ("#/components/schemas/X"). Pure, thread-safe; depth and work are bounded,
 * so that a schema from outside cannot keep it busy.
 */
#pragma once
#include "base/json.h"

/* A pattern that says what the JSON parser sees to already, for others to know: it is not checked again. */
#define JSON_SCHEMA_NO_NUL "^[^\\x00]*$"

/* TRUE: it holds. Else `problems` (may be NULL) gets lines such as "/rows/0/value must be of type number", a bounded number of them;
 * `whole` is what the value itself is called. `components` may be NULL. */
gboolean json_schema_holds(const json_t *schema, const json_t *components, const json_t *value, const char *whole, GString *problems);
/* The same for the body of a request: INVALID_ARGUMENT with the first problem. */
gboolean json_schema_check(const json_t *schema, const json_t *components, const json_t *value, GError **error);

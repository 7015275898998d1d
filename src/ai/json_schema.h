/*
 * JSON Schema (the part of draft 2020-12 that model providers take): type, enum, const, properties, required,
 * additionalProperties, items, prefixItems, min/maxItems, uniqueItems, min/maxLength, pattern, minimum, maximum and their
 * exclusive forms, multipleOf, anyOf, oneOf, allOf, not, $ref to #/$defs. Other words are notes. Pure; depth bounded.
 */
#pragma once
#include "base/base.h"

/* TRUE: it holds. Else `problems` (may be NULL) gets lines "place: what is wrong", a bounded number of them. */
gboolean ai_schema_holds(const json_t *schema, const json_t *value, GString *problems);

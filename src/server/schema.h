/*
 * JSON Schema (2020-12), the part our contracts use: $ref, type, enum, const, properties, required, additionalProperties,
 * minProperties, items, min/maxItems, min/maxLength, minimum, maximum, pattern, format date, oneOf, anyOf, allOf.
 * Other keywords only describe. Pure, thread-safe.
 */
#pragma once
#include "base/base.h"

/* A pattern that says what the JSON parser sees to already, for others to know: it is not checked again. */
#define SCHEMA_NO_NUL "^[^\\x00]*$"

/* INVALID_ARGUMENT names the path: "/query/limit must be at least 1". `components`: what "#/components/schemas/X" leads to. */
gboolean schema_check(const json_t *schema, const json_t *components, const json_t *value, GError **error);

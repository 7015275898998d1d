/*
 * YAML read as JSON (core schema: null, true/false, numbers, text; aliases are refused, so is nesting beyond 32). What people
 * write by hand in ai.yaml, price tables and prompts/ becomes the json_t that everything else works on. Pure.
 */
#pragma once
#include "base/base.h"

#define YAML_JSON_MAX_BYTES (4u << 20)

/* BAD_MODEL with `name`:line:column. An empty document is an empty object. (transfer full) */
json_t *yaml_json_parse(const char *name, const char *text, gsize length, GError **error);
json_t *yaml_json_file(const char *path, GError **error);

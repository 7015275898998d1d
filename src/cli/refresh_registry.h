/* Tables that lie elsewhere (registry.yaml), looked at again; private to aisle refresh. */
#pragma once
#include "base/base.h"

/* The registry's report (lake/registry.h) with "added_to_model": tables that the model did not know. (transfer full) */
json_t *refresh_registry(const char *workspace, char **accept, GError **error);
void refresh_registry_print(const json_t *report);

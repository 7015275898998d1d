/* Lists of codes that rules may name. */
#pragma once
#include <glib.h>

/* "us_states" (codes and names), "currencies" (ISO 4217), "countries" (ISO 3166-1 alpha-2). Empty for other names. (transfer full) */
char **quality_code_list(const char *name);

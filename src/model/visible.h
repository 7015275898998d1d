/* Which parts of a model a scope names and hides. */
#pragma once
#include "model/model_private.h"

/* TRUE when a scope's "field" or "dataset.field" (names or labels, any case) means this field. */
gboolean scope_entry_means_field(const char *entry, const Dataset *dataset, const Field *field);
/*
 * Lower-case names of what is hidden in one dataset: hidden fields, the columns beneath them, and whatever is computed
 * from those. Keys of a set; NULL when nothing is hidden. (transfer full)
 */
GHashTable *scope_hidden_names(const Dataset *dataset, const AccessScope *scope);
/* TRUE when the expression needs any of the hidden names. `hidden` may be NULL. */
gboolean expression_needs_any(const Dataset *dataset, const char *expression, GHashTable *hidden);

/* Adding tables to a model that people may have edited: theirs stays as it is, what is new is inferred. */
#pragma once
#include "model/model.h"

/* The tables of a model as if they had just been imported, for inferring across old and new ones. Of ImportedTable*. (transfer full) */
GPtrArray *model_imported_tables(const Model *model);
/*
 * `existing` with everything of `inferred` that is about a table `existing` does not have: the dataset, joins from and to
 * it, metrics, conditions, entities and hierarchies on it, and ratios that need those. (transfer full)
 */
Model *model_add_inferred(const Model *existing, const Model *inferred, GError **error);

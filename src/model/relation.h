/*
 * The bottom of every query: a dataset as one caller may see it. Row filters and hidden fields of the scope are applied
 * here, once, and nothing above sees the bare table. The bare table is the relation "lake"."<table>" of the engine.
 */
#pragma once
#include "model/model.h"

/*
 * A SELECT over "lake"."<table>" giving every visible field of the dataset under its name (computed fields included),
 * restricted to the scope's rows; text literals are inlined escaped. A row filter on a field of another dataset that is
 * reachable many-to-one is a semi-join; a filter that cannot be applied to this dataset leaves it whole only when the
 * dataset has no path to the filtered field. Hidden fields and whatever is computed from them are absent. (transfer full)
 */
char *relation_sql(const Model *model, const Dataset *dataset, const AccessScope *scope, GError **error);
/*
 * The same in two parts: `head` + a relation with the table's columns + `tail`. Whoever knows which files of the table
 * matter binds them there; nothing that a caller wrote is in between. Both are set on success only. (transfer full)
 */
gboolean relation_sql_parts(const Model *model, const Dataset *dataset, const AccessScope *scope, char **head, char **tail,
                            GError **error);
gboolean relation_field_visible(const Model *model, const Field *field, const AccessScope *scope);
/* The model without what the scope hides: fields, metrics, entities, conditions that need hidden fields. Same object when nothing is. (transfer full) */
Model *model_visible(Model *model, const AccessScope *scope);

/* What aisle init proposes for loads to come: keys, quality rules with their evidence, personal columns. */
#pragma once
#include "model/model.h"

/*
 * Writes <folder>/ingest/<table>.yaml.proposal for each of the tables (of ImportedTable*); a person renames it to use it.
 * The tables are queryable as lake.<table>. Files that are there are left alone.
 */
gboolean init_propose_rules(Engine *engine, const char *folder, const Model *model, const GPtrArray *tables, GError **error);

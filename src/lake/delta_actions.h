/* Actions of the log as JSON. Private to the lake. All (transfer full). */
#pragma once
#include "lake/delta_replay.h"

json_t *delta_remove_to_json(const DeltaTable *table, const DeltaFile *file, gboolean data_change, gint64 now_ms);
json_t *delta_metadata_to_json(const DeltaTable *table, const char *id, const char *schema, GHashTable *configuration,
                               gint64 created_ms);
/* The protocol that a table of these columns and settings needs; NULL when what `base` has is enough. */
json_t *delta_protocol_to_json(const DeltaTable *base, const GPtrArray *columns, GHashTable *configuration);
json_t *delta_strings_to_json(char **strings);

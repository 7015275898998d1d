/* aisle init --privacy: files come in through ingestion, so that what looks personal is changed before it is written. */
#pragma once
#include <glib.h>

/*
 * Writes an ingestion file for each table that the files make into <folder>/ingest/, loads them all, and makes or extends
 * the model. `said` receives what was done, a line each (of char*). On failure the ingestion files are taken away again.
 */
gboolean init_load_privately(const char *folder, char **files, GPtrArray *said, GError **error);

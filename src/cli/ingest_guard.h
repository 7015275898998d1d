/* What ingestion is given from the floors above the lake: the guard, and a model that knows the new tables. */
#pragma once
#include "lake/ingest.h"

extern const IngestGuard cli_ingest_guard;

/*
 * Tables that the model does not know yet are looked at and added to it; a workspace without a model gets one. Publishes the
 * snapshot again under the new model. `summary` receives what it says now, NULL when nothing was added. (transfer full)
 */
gboolean ingest_extend_model(const char *workspace, const GPtrArray *reports, char **summary, GError **error);

/* Reads and checks all of <workspace>/ingest/ without data. `mistakes`: one a line with its place; NULL when there are none. (transfer full) */
gboolean ingest_check_files(const char *workspace, char **mistakes, GError **error);

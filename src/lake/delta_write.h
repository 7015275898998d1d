/* Describing files just written. Private to the lake. */
#pragma once
#include "lake/delta_commit.h"

/* Describes a Parquet file just written: size, rows and statistics per column, from its footer. (transfer full) */
DeltaFile *delta_file_describe(Engine *engine, const char *folder, const char *relative_path, const GPtrArray *columns,
                               Deadline deadline, GError **error);

/*
 * Sources that lie elsewhere: "s3://bucket/prefix/sales-*.csv" (an object, all data files below a prefix, or a pattern
 * with *, ?, [a-z] and **) and "https://host/orders.csv". They come as files of this machine under names like their
 * own, so that every reader works on them; they stay until remote_files_free().
 */
#pragma once
#include "object/object.h"

typedef struct RemoteFiles RemoteFiles;

gboolean source_is_remote(const char *path);
/*
 * Fetches what is remote among `paths`. `folder` is made and holds the names; it is removed at the end. Copies from S3
 * are kept in options->cache_folder (NULL: in `folder`), at most options->cache_bytes together. NOT_FOUND when a
 * pattern meets nothing. (transfer full)
 */
RemoteFiles *remote_files_fetch(const char *const *paths, const char *folder, const ObjectOptions *options,
                                Deadline deadline, GError **error);
void remote_files_free(RemoteFiles *files); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RemoteFiles, remote_files_free)
/* What to read instead of `paths`: files for what was remote, the others as they were. NULL at the end. (transfer none)
 */
const char *const *remote_files_paths(const RemoteFiles *files);
/* The address that a file came from, for people; of other paths the path itself. (transfer none) */
const char *remote_files_shown(const RemoteFiles *files, const char *path);
/* Names fetched files in a message by their addresses: where their copies lay tells nobody anything. NULLs are fine. */
void remote_files_show_in(const RemoteFiles *files, GError *error);
/* Names that hold data, by their ends: "x.csv", "x.parquet", "x.json.gz". */
gboolean source_is_data_name(const char *name);

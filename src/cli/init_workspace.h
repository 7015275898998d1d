/* A workspace in the making: built beside its final place and given its name in one step. Private to aisle init. */
#pragma once
#include "base/base.h"

typedef struct {
  char *path;   /* where it will stand, absolute */
  char *folder; /* where it is built: a hidden sibling; the workspace itself when it exists already */
  int lock;     /* held while this process lives; -1: none */
} WorkspaceDraft;

gboolean workspace_exists(const char *path);
/*
 * Refuses what is there already (EXISTS), removes drafts of processes that died, and makes the folders.
 * (transfer full)
 */
WorkspaceDraft *workspace_draft_new(const char *path, GError **error);
/* The draft becomes the workspace, whole. */
gboolean workspace_draft_publish(WorkspaceDraft *draft, GError **error);
/* Frees; what was not published is removed. NULL is fine. */
void workspace_draft_free(WorkspaceDraft *draft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WorkspaceDraft, workspace_draft_free)
/* Folders that may be missing, and aisle.yaml unless it is there. */
gboolean workspace_write_settings(const char *folder, const char *name, GError **error);

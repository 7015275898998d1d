/*
 * A thread that keeps the registry of a workspace fresh while a server runs: looks at its start, whenever
 * lake.registry_ttl has passed, when files appear or go at places of this machine (inotify), and when it is poked (an
 * event of S3). What it finds becomes the current snapshot, which everybody who watches that takes up.
 */
#pragma once
#include "lake/registry.h"

typedef struct RegistryWatch RegistryWatch;
/* Nothing is waited for. NULL only when the system gives no thread. (transfer full) */
RegistryWatch *registry_watch_start(const char *workspace);
/* Cancels what is at work and ends the thread. NULL is fine */
void registry_watch_free(RegistryWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RegistryWatch, registry_watch_free)

/* Looks now, in the calling thread. registry_refresh's report. (transfer full) */
json_t *registry_watch_refresh(RegistryWatch *watch, const char *const *accept, Deadline deadline, GError **error);
/* Has the thread look soon; many pokes are one. */
void registry_watch_poke(RegistryWatch *watch);
/* Whether an object is at a place that the registry names. */
gboolean registry_watch_concerns(RegistryWatch *watch, const char *bucket, const char *key);
/*
 * Objects that an event of S3 is about, as JSON: "Records" of S3's own notifications (also MinIO's and Ceph's, keys
 * with + and %XX), or "detail" of EventBridge. Returns how many of them the registry names; *objects: how many there
 * are. BAD_INPUT when it is no such event.
 */
gboolean registry_watch_event(RegistryWatch *watch, const json_t *event, guint *objects, guint *concerned,
                              GError **error);

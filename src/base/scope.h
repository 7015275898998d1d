/*
 * AccessScope: who asks, and what part of the data exists for them. Everything above the tables is seen through it.
 * JSON: {tenant, user, roles[], row_filters:[{attribute, field, values[]}], hidden_fields[], limits{rows, bytes_scanned, seconds}}
 * Immutable after construction, reference counted, may be shared between threads.
 */
#pragma once
#include <glib.h>
#include <jansson.h>

typedef struct {
  char *attribute; /* name of the person's attribute, for explanation; may be NULL */
  char *field;     /* "field" or "dataset.field", physical name or label */
  char **values;   /* allowed values; an empty list allows no row */
} ScopeRowFilter;

typedef struct {
  char *tenant;
  char *user;
  char **roles;
  GPtrArray *row_filters;  /* of ScopeRowFilter* */
  char **hidden_fields;    /* "field" or "dataset.field" */
  gint64 max_rows;         /* 0: no limit of its own */
  gint64 max_bytes_scanned;
  double max_seconds;
} AccessScope;

AccessScope *access_scope_new_local(void); /* unrestricted: no accounts exist. (transfer full) */
AccessScope *access_scope_from_json(const json_t *json, GError **error); /* unknown keys are refused */
AccessScope *access_scope_from_file(const char *path, GError **error);
AccessScope *access_scope_ref(AccessScope *scope);
void access_scope_unref(AccessScope *scope);
gboolean access_scope_is_unrestricted(const AccessScope *scope); /* no row filter, no hidden field */
/* Canonical bytes of everything that decides what is visible; part of every cache key. (transfer full) */
char *access_scope_key(const AccessScope *scope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AccessScope, access_scope_unref)

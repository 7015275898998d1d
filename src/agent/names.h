/*
 * Names of a model as one caller sees it: metrics, fields, entities, conditions with their labels and synonyms, and the
 * values of columns that sort things into kinds; and how near a text is to them. Immutable, shared between threads. This
 * is what a model is shown of a workspace, and what its proposals are held against.
 */
#pragma once
#include "agent/vectors.h"
#include "answer/answer.h"

typedef struct {
  char *text;      /* as people say it: "Sales", "turnover" */
  char *folded;
  char *target;    /* "metric revenue", "field superstore.region", "value superstore.region=West": the same for all names of one thing */
  gboolean is_value;
} Name;

/* Columns with more different values name single things, not kinds; and values past this number in all are left out. */
#define NAMES_VALUES_OF_FIELD 200
#define NAMES_VALUES_MAX 2000

typedef struct NameIndex NameIndex;
/*
 * `values`: those this caller sees, of the fields of this model; NULL: none. Columns of personal data give no values.
 * `embedder` may be NULL. Vectors are kept in the file `path` (NULL: not kept); only names that are new are encoded. (transfer full)
 */
NameIndex *name_index_new(const Model *visible, const ValueIndex *values, Embedder *embedder, const char *path);
gboolean name_index_has_vectors(const NameIndex *index); /* FALSE: nearness is by letters alone */
NameIndex *name_index_ref(NameIndex *index);
void name_index_unref(NameIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NameIndex, name_index_unref)
/* The thing that a text names exactly (folded); NULL. (transfer none) */
const Name *name_index_find(const NameIndex *index, const char *text);
/*
 * Names near the text, by letters and, where there is an encoder, by meaning; each thing once, and no more values than half of
 * them, only those that are near indeed. Of const Name*. (transfer container)
 */
GPtrArray *name_index_near(const NameIndex *index, const char *text, guint limit);
/*
 * Why `text` may be offered as `name`: "form" (same stem, or a slip of the pen), "meaning" (the encoder finds no thing
 * nearer). NULL: nothing speaks for it. (transfer none)
 */
const char *name_index_evidence(const NameIndex *index, const char *text, const Name *name);

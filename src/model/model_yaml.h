/* What reading and writing model/core.yaml and model/aisle.yaml share. */
#pragma once
#include "model/model_private.h"
#include "base/yaml_tree.h"

#define MODEL_CORE_FILE "model/core.yaml"
#define MODEL_EXTENSION_FILE "model/aisle.yaml"
/* The version of the Apache Ossie core that is written; reading knows these. */
#define OSSIE_VERSION "0.2.0.dev0"
#define OSSIE_VERSIONS_READ "0.1.0, 0.1.1, 0.2.0.dev0"
#define MODEL_EXTENSION_VERSION 1

typedef struct {
  ModelBuilder *builder;
  Model *model;     /* the draft */
  const char *file; /* the one being read */
  GPtrArray *problems;
  GHashTable *marks;       /* address of a member or element -> YamlMark* */
  GHashTable *metric_sql;  /* Metric* -> const YamlNode* of its SQL in core.yaml */
  GHashTable *metric_home; /* Metric* -> dataset name for metrics that stand inside a dataset */
  GHashTable *described;   /* set of elements (Dataset*, Field*, Metric*) that aisle.yaml describes */
} ModelReader;

typedef struct {
  const char *file;
  guint line, column;
} YamlMark;

/* ---- reading single values; each adds a problem where the value is not what it must be ---- */
void model_reader_problem(ModelReader *reader, const YamlNode *node, const char *format, ...) G_GNUC_PRINTF(3, 4);
void model_reader_mark(ModelReader *reader, gconstpointer subject, const YamlNode *node);
gboolean model_reader_expect(ModelReader *reader, const YamlNode *node, YamlKind kind, const char *what);
/* Names every key that is not known, with the nearest one. `known` is NULL-terminated. */
void model_reader_check_keys(ModelReader *reader, const YamlNode *map, const char *const *known);
/* All of these leave the target alone when the key is missing. */
void model_reader_text(ModelReader *reader, const YamlNode *map, const char *key, char **slot);
void model_reader_words(ModelReader *reader, const YamlNode *map, const char *key, char ***slot);
/* The same for a value at hand; `key` names it in messages. */
void model_reader_words_of(ModelReader *reader, const YamlNode *node, const char *key, char ***slot);
void model_reader_flag(ModelReader *reader, const YamlNode *map, const char *key, gboolean *slot);
void model_reader_count(ModelReader *reader, const YamlNode *map, const char *key, gint64 *slot);
void model_reader_number(ModelReader *reader, const YamlNode *map, const char *key, double *slot);
typedef gboolean (*EnumParse)(const char *name, guint *out);
/* `choices`: "a, b, c". */
void model_reader_enum(ModelReader *reader, const YamlNode *map, const char *key, EnumParse parse, const char *choices,
                       guint *slot);
/* The text of a required scalar, or NULL with a problem. (transfer none) */
const char *model_reader_required(ModelReader *reader, const YamlNode *map, const char *key, const char *what);

/* ---- the two files ---- */
void model_read_core(ModelReader *reader, const YamlNode *root);
void model_read_extension(ModelReader *reader, const YamlNode *root);
/* What neither file says: roles and defaults of models written for other tools. */
void model_read_defaults(ModelReader *reader, gboolean has_extension);
/* Both file texts; NULL texts are files that do not exist. NULL with BAD_MODEL listing all problems. (transfer full) */
Model *model_from_texts(const char *core, gsize core_length, const char *extension, gsize extension_length,
                        GError **error);
/* Texts of both files, with `notes` (name -> evidence; NULL) as comments. `old_core`, `old_extension`: earlier contents whose comments and foreign keys are kept, or NULL.
 */
char *model_core_to_text(const Model *model, GHashTable *notes, const YamlNode *old_core);
char *model_extension_to_text(const Model *model, GHashTable *notes, const YamlNode *old_extension);

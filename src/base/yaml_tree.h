/*
 * yaml_tree: a YAML file as a tree that remembers where everything stood, and the comments beside it, so that mistakes
 * can be named by line and column and a file can be written again without losing what people wrote.
 * Input is hostile: size, depth and number of nodes are bounded; aliases, tags and further documents are refused.
 */
#pragma once
#include "base/base.h"

#define YAML_MAX_BYTES (16u << 20)
#define YAML_MAX_DEPTH 24
#define YAML_MAX_NODES 1000000

typedef enum { YAML_SCALAR, YAML_LIST, YAML_MAP } YamlKind;

typedef struct {
  YamlKind kind;
  char *text;        /* SCALAR */
  gboolean is_plain; /* SCALAR: written without quotes */
  GPtrArray *keys;   /* MAP: of YamlNode*, all scalars */
  GPtrArray *items;  /* MAP, LIST: of YamlNode* */
  GHashTable *index; /* MAP: key text -> position + 1, first of each */
  guint line, column;
  guint end_line, end_column;
  char *comment;  /* full-line comments directly above, "# a\n# b\n"; of a MAP on its keys; NULL */
  char *trailing; /* "# .." behind it on the same line; NULL */
} YamlNode;

typedef struct {
  const char *file; /* as it is named to people: "model/core.yaml" (transfer none) */
  guint line, column;
  char *text; /* "what; what to do" */
} YamlProblem;

GPtrArray *yaml_problems_new(void); /* of YamlProblem*, frees them */
void yaml_problem_add(GPtrArray *problems, const char *file, guint line, guint column, const char *format, ...)
    G_GNUC_PRINTF(5, 6);
/* In order of file, line, column; one a line "file:line:column: text". (transfer full) */
char *yaml_problems_to_text(GPtrArray *problems);

/* NULL after at least one problem was added; duplicate keys are added as problems but do not end the reading. (transfer
 * full) */
YamlNode *yaml_tree_parse(const char *bytes, gsize length, const char *file, GPtrArray *problems);
void yaml_node_free(YamlNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(YamlNode, yaml_node_free)

const YamlNode *yaml_get(const YamlNode *map, const char *key);     /* NULL: no map, no such key */
const YamlNode *yaml_get_key(const YamlNode *map, const char *key); /* the key itself, for its place and comment */
gboolean yaml_is_null(const YamlNode *node);                        /* NULL, or a plain null, ~ or nothing */

/* Files that travel inside the program (the lexicon folder). Bytes are NUL-terminated; immutable. */
#pragma once
#include <stddef.h>

typedef struct {
  const char *name; /* "thesaurus.yaml" */
  const char *bytes;
  size_t length;
} EmbeddedFile;
extern const EmbeddedFile embedded_files[]; /* ends with name == NULL */
/* NULL: no such file. (transfer none) */
const EmbeddedFile *embedded_file_find(const char *name);

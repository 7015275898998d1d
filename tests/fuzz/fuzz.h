/* What the fuzz targets share: a small shop, imported, inferred and indexed once per process. */
#pragma once
#include "ask/ask.h"
#include <stdint.h>

typedef struct {
  Engine *engine;
  Model *model;
  ValueIndex *values;
  Lexicon *lexicon;
  AccessScope *scope;
  char *workspace; /* a scratch folder, removed at exit */
} FuzzShop;

/* Aborts when the shop cannot be made. (transfer none) */
const FuzzShop *fuzz_shop(void);
/* The input as a NUL-terminated string. (transfer full) */
char *fuzz_text(const uint8_t *bytes, size_t length);
/* A path under which the bytes can be read; valid until the next call. (transfer none) */
const char *fuzz_file(const uint8_t *bytes, size_t length);

/* The face libFuzzer knows. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* A small shop for the targets that need a model: imported, inferred and indexed once per process. */
#pragma once
#include "ask/ask.h"
#include "fuzz.h"

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

/*
 * What words mean to a user: "sales" means "net revenue". Applied to the words of a question before rules read them;
 * an entry replaces a whole phrase, the longest first, and never what an entry has put in.
 */
#pragma once
#include "agent/agent.h"

typedef struct {
  char *text;      /* the question as rules read it */
  json_t *applied; /* [{id, phrase, meaning}] */
  GArray *edits;   /* of MemoryEdit, from left to right */
} MemoryReading;
typedef struct {
  gsize from, to;         /* bytes of the original that were replaced */
  gsize new_from, new_to; /* what stands for them */
} MemoryEdit;
void memory_reading_clear(MemoryReading *reading);
/* `entries`: of run_store_memory(). Nothing applied: the text itself. */
void memory_apply(const json_t *entries, const char *question, MemoryReading *out);
/* Brings the places of `understood` in an answer back to the words that were typed, and says what was taken for what. */
void memory_explain(const MemoryReading *reading, const char *question, json_t *answer);

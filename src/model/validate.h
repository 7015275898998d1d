/* Mistakes inside a model that show without looking at data. */
#pragma once
#include "model/build.h"

/* Appends every mistake to `problems` (of ModelProblem*). */
void model_validate(const Model *model, GPtrArray *problems);
/* The candidate nearest to a misspelt word, or NULL when none is near. (transfer none) */
const char *model_nearest(const char *word, const char *const *candidates);

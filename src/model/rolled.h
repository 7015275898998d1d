/* A model in which the rows of one dataset are replaced by rows that add some of them up. */
#pragma once
#include "model/model.h"

typedef struct {
  const char *name;    /* of the field and of its column in the replacing table */
  const Field *origin; /* the field it takes its values from: of the dataset, or of one that it leads to */
} RolledField;

typedef struct {
  const char *dataset;       /* whose rows are replaced */
  const char *table;         /* the replacing lake table */
  const RolledField *fields; /* the first is the default date */
  guint n_fields;
  const char *const *columns; /* further columns, numbers; NULL-terminated */
  const char *const
      *conditions; /* row conditions that stand in columns ROLLED_CONDITION_PREFIX + name; NULL-terminated */
} RolledDataset;
#define ROLLED_CONDITION_PREFIX "aisle_is_"

/*
 * Relationships stay where all their fields on the dataset's side do; none leads to the dataset any more. Conditions of
 * the dataset stay where their columns do. (transfer full)
 */
Model *model_roll_dataset(const Model *model, const RolledDataset *rolled);
/* Marks the model's dataset as the rows of a rollup. For a model that nobody else holds yet. */
void model_set_rollup(Model *model, const char *dataset, const struct RollupView *rollup);

/* Shared by the files of lake/rollup. */
#pragma once
#include "lake/rollup.h"

#define ROLLUP_CONFIGURATION "aisle.rollup" /* of the rollup's table: {"definition", "tables": {name: version}} */
#define ROLLUP_FORMAT "1"

/* Whole periods whose sums may have changed. */
typedef struct {
  Day from, to; /* half open */
} RollupDays;
typedef struct {
  GArray *days;       /* of RollupDays, in order, apart from each other */
  gboolean has_nulls; /* rows without a date too */
} RollupTouch;
#define ROLLUP_MAX_DAYS 64 /* ranges; more are taken together */

typedef struct {
  RollupState state;
  DeltaTable *rollup; /* NULL: there is none */
  DeltaTable *then,
      *now; /* the rows' table as the rollup has it, and as the snapshot has it; NULL when they are the same */
  GPtrArray *added, *removed; /* of DeltaFile*: between the two */
  gboolean only_added;
  RollupTouch touch; /* unless only_added */
} RollupPicture;
void rollup_picture_clear(RollupPicture *picture);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RollupPicture, rollup_picture_clear)
gboolean rollup_picture_open(const char *workspace, const RollupSpec *spec, const LakeSnapshot *snapshot,
                             Engine *engine, RollupPicture *picture, GError **error);
char *rollup_location(const char *workspace, const RollupSpec *spec);
char *rollup_made_from(const RollupSpec *spec, const LakeSnapshot *snapshot);
/* The SELECT over a relation of the table's columns. (transfer full) */
char *rollup_fill_sql(const RollupSpec *spec, const char *relation);
/* Files of `now` in which changed sums have rows. (transfer container) */
GPtrArray *rollup_changed_files(const RollupSpec *spec, const RollupPicture *picture);
char *rollup_changed_sql(const RollupSpec *spec, const RollupPicture *picture);
char *rollup_relation_sql(const RollupSpec *spec, const RollupPicture *picture);

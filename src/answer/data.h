/*
 * One picture of a workspace: a snapshot of its tables, the model, an engine that sees exactly these, and what each scope
 * sees of it. Immutable but for what is kept on first use; reference counted; thread-safe. A newly published snapshot is
 * another AnswerData; questions in flight keep theirs. Inside answer/.
 */
#pragma once
#include "answer/answer.h"
#include "answer/plan.h"

typedef struct AnswerData AnswerData;

gboolean data_choice_is_none(const DataChoice *choice);
/* (transfer full) */
AnswerData *answer_data_open(const AnswerServiceOptions *options, const DataChoice *choice, GError **error);
AnswerData *answer_data_ref(AnswerData *data);
void answer_data_unref(AnswerData *data); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AnswerData, answer_data_unref)

/* All (transfer none). */
Engine *answer_data_engine(const AnswerData *data);
LakeSnapshot *answer_data_snapshot(const AnswerData *data);
Model *answer_data_model(const AnswerData *data);
PlanLake *answer_data_lake(const AnswerData *data);

/*
 * The guard's verdict (query/guard.h) about a statement of the compiler's over these relations (NULL-terminated). Which
 * statements passed is remembered, by their whole text, for a bounded number of them: a verdict depends on nothing else.
 */
gboolean answer_data_guard(AnswerData *data, const char *sql, const char *const *relations, GError **error);

/* What one scope sees; each of the outputs may be NULL. (transfer full) */
typedef struct {
  Model *model;
  Lexicon *lexicon;
  ValueIndex *values;
  GPtrArray *rollups; /* of RollupView* */
} DataView;
gboolean answer_data_view(AnswerData *data, AccessScope *scope, DataView *out, GError **error);
void data_view_clear(DataView *view);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DataView, data_view_clear)

/* The picture a request wants: the newest one, or that of its choice. (transfer full) */
AnswerData *answer_service_data(AnswerService *service, const DataChoice *choice, GError **error);

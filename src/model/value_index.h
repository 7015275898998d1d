/*
 * ValueIndex: which values the data holds, as one caller may see them. Built with SELECT DISTINCT over scoped relations;
 * it never holds a value of a row or field the scope hides. Immutable, thread-safe, reference counted.
 */
#pragma once
#include "model/model.h"

typedef enum { VALUE_MATCH_EXACT, VALUE_MATCH_FOLDED, VALUE_MATCH_CODE, VALUE_MATCH_INFLECTED, VALUE_MATCH_ABBREVIATION,
               VALUE_MATCH_PREFIX, VALUE_MATCH_TYPO } ValueMatch;

typedef struct {
  const Field *field; /* (transfer none), of the model the index was built with */
  const char *value;  /* as stored; of booleans the data's own word where the model knows it */
  const char *folded;
  gint64 rows;
  ValueMatch match;
} ValueHit;

typedef struct ValueIndex ValueIndex;
typedef struct { Day first, last; gboolean known; } DateRange;

ValueIndex *value_index_build(Engine *engine, Model *model, const AccessScope *scope, Deadline deadline, GError **error);
ValueIndex *value_index_ref(ValueIndex *index);
void value_index_unref(ValueIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ValueIndex, value_index_unref)

/* Values equal to the phrase (exact, folded, inflected, coded, abbreviated). Of ValueHit*. (transfer full) */
GPtrArray *value_index_find(const ValueIndex *index, const char *phrase);
/* Values near the phrase (typo distance, prefix, contains), best first, at most `limit`. (transfer full) */
GPtrArray *value_index_near(const ValueIndex *index, const char *phrase, guint limit);
/* Values of one field starting with or containing the text, most rows first. For suggestions. (transfer full) */
GPtrArray *value_index_of_field(const ValueIndex *index, const Field *field, const char *contains, guint limit);
/* Words in the longest phrase of a value whose first word has this stem; 0: no phrase begins so. */
guint value_index_longest_from(const ValueIndex *index, const char *stem);
/* First and last date of a time field as the caller may see it. */
DateRange value_index_date_range(const ValueIndex *index, const Field *field);
gint64 value_index_distinct(const ValueIndex *index, const Field *field); /* -1 unknown */
gint64 value_index_rows(const ValueIndex *index, const char *dataset); /* visible rows */

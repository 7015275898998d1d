/*
 * What a token of a sentence is about: the members, period, measure and counterpart that stand near it, by fixed rules.
 * One token has one reading; a sentence built otherwise is rejected rather than guessed at.
 */
#pragma once
#include "insight/token.h"

#define CLAIM_MAX_DIMENSIONS 6
#define CLAIM_MAX_MEMBERS 12

typedef struct {
  const ResultView *view;
  GPtrArray *tokens; /* of Token* */
  const char *text;
  GPtrArray *facts; /* of Fact*; NULL: not wanted */
  char *why;        /* first thing that does not follow */
} Check;

/* Members per dimension; several of one dimension are a group ("East and West"). */
typedef struct {
  const char *members[CLAIM_MAX_DIMENSIONS][CLAIM_MAX_MEMBERS];
  guint counts[CLAIM_MAX_DIMENSIONS];
  int side; /* 1 current, -1 previous, 0 not told */
  gboolean any;
} Subject;

/* Never NULL: outside the sentence an empty word. */
const Token *claim_token(const Check *check, int index);
Token *claim_token_mutable(const Check *check, int index);
gboolean claim_is_cue(const Check *check, int index, Cue cue);
gboolean claim_is_number(const Check *check, int index);
/* [start, end) of the part between ';' '.'; of the part between ',' ':' '(' ... as well. */
void claim_segment(const Check *check, int index, int *start, int *end);
void claim_clause(const Check *check, int index, int *start, int *end);
gboolean claim_range_has(const Check *check, int start, int end, TokenKind kind, Cue cue);
/* Marks names that something is compared with. Once per sentence. */
void claim_mark_objects(Check *check);

/* Members standing right behind ("$5 in West"), else the nearest before. */
Subject claim_subject(const Check *check, int index);
/* Only what stands right behind / before. */
gboolean claim_bind_after(const Check *check, int index, Subject *subject);
void claim_bind_before(const Check *check, int index, Subject *subject);
/* First members within [start, end), objects left out unless asked for. */
gboolean claim_bind_range(const Check *check, int start, int end, gboolean objects, Subject *subject);
gboolean claim_row_matches(const Check *check, const Subject *subject, gsize row);
/* Number of matching rows; *row is the first. */
gsize claim_rows(const Check *check, const Subject *subject, gsize *row);

typedef struct {
  int measure; /* index into view->measures; -1: cannot be told */
  int column;  /* -1: the measure's main column */
} BoundMeasure;
BoundMeasure claim_measure(const Check *check, int index);

void claim_fact(Check *check, const Token *token, double value, const char *from_format, ...) G_GNUC_PRINTF(4, 5);

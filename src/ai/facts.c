#include "ai/facts.h"

#include <string.h>

#include "ai/facts_private.h"

#define MAX_PROBLEMS 4000
/* Nobody reads more, and every piece is held against every value. */
#define MAX_TEXT (32u << 10)

/* `kind`: what of it is wrong, in words before it. */
void fact_judge(FactCheck *check, gboolean good, const char *kind, const char *what, const char *end) {
  check->facts.checked++;
  if (good) return;
  check->facts.unsupported++;
  if (check->problems == NULL || check->problems->len > MAX_PROBLEMS) return;
  g_autofree char *piece = g_strndup(what, MIN((gsize)(end - what), 200));
  g_autofree char *valid = g_utf8_make_valid(piece, -1);
  g_string_append_printf(check->problems, "%s: \"%s\"\n", kind, valid);
}

void fact_judge_clause(FactCheck *check, const FactClause *clause, gboolean good, const char *kind) {
  fact_judge(check, good, kind, fact_token_at(check, clause->first)->start, fact_token_at(check, clause->end - 1)->end);
}

AiFacts ai_facts_check(const json_t *sent, const char *known, const char *text, GString *problems) {
  g_autoptr(FactData) data = fact_data_new(sent, known);
  FactCheck check = {.data = data, .problems = problems};
  if (strlen(text) > MAX_TEXT) {
    fact_judge(&check, FALSE, "The text is too long to be checked", text, text + 100);
    return check.facts;
  }
  check.tokens = fact_tokens(text);
  fact_mark_names(&check);
  fact_part_at_words(&check);
  g_autoptr(GArray) clauses = fact_clauses(&check);
  for (guint i = 0; i < clauses->len; i++) {
    const FactClause *clause = &g_array_index(clauses, FactClause, i);
    gboolean counts = fact_check_numbers(&check, clause);
    if (!counts || clause->scope.names->len > 0) fact_check_direction(&check, clause);
    int compared = fact_is_denied(&check, clause) ? -1 : fact_compare(data, check.tokens, clause->first, clause->end, &clause->scope);
    if (compared >= 0) fact_judge_clause(&check, clause, compared == 1, "The data does not say that this is more, or less");
  }
  fact_check_names(&check);
  g_array_unref(check.tokens);
  check.facts.score = check.facts.checked > 0 ? 1.0 - (double)check.facts.unsupported / check.facts.checked : 1;
  return check.facts;
}

static void append_said(GString *out, const json_t *value) {
  const char *key;
  json_t *member;
  gsize index;
  if (json_is_string(value)) g_string_append_printf(out, "%s\n", json_string_value(value));
  else if (json_is_number(value)) g_string_append_printf(out, "%.15g\n", json_number_value(value));
  json_object_foreach((json_t *)value, key, member) append_said(out, member);
  json_array_foreach((json_t *)value, index, member) append_said(out, member);
}

char *ai_facts_said(const json_t *answer) {
  GString *out = g_string_new(NULL);
  append_said(out, answer);
  return g_string_free(out, FALSE);
}

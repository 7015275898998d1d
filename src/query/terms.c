/* Terms: a measure as arithmetic over leaf aggregates. */
#include "query/compiler.h"
#include <string.h>

void term_free(Term *term) {
  if (!term) return;
  term_free(term->left);
  term_free(term->right);
  g_free(term);
}

gboolean term_is_leaf(const Term *term) {
  return term->kind == TERM_LEAF;
}

gboolean term_is_additive(const Term *term) {
  if (term->kind == TERM_LEAF) return term->leaf->is_additive;
  return term->kind != TERM_RATIO && term_is_additive(term->left) && (!term->right || term_is_additive(term->right));
}

gboolean term_zero_when_missing(const Term *term) {
  if (term->kind == TERM_LEAF) return term->leaf->zero_when_missing;
  return term->kind != TERM_RATIO && term_zero_when_missing(term->left) &&
         (!term->right || term_zero_when_missing(term->right));
}

gboolean term_accumulates(const Term *term) {
  if (term->kind == TERM_LEAF)
    return term->leaf->is_additive || g_str_has_prefix(term->leaf->aggregate_sql, "MIN(") ||
           g_str_has_prefix(term->leaf->aggregate_sql, "MAX(");
  return term_accumulates(term->left) && (!term->right || term_accumulates(term->right));
}

const char *term_type(const Term *term) {
  if (term->kind == TERM_LEAF) return term->leaf->type;
  if (term->kind == TERM_RATIO) return "number";
  if (term->right && !g_str_equal(term_type(term->left), term_type(term->right))) return "number";
  gboolean is_date = g_str_equal(term_type(term->left), "date") || g_str_equal(term_type(term->left), "timestamp");
  return is_date && term->right ? "integer" : term_type(term->left);
}

/* Missing means 0 in sums and differences, but never under a division. */
static char *operand(const Term *term, LeafSql leaf_sql, gpointer user_data) {
  g_autofree char *sql = term_sql(term, leaf_sql, user_data);
  gboolean is_sum = term->kind == TERM_DIFFERENCE || term->kind == TERM_SUM;
  if (term->kind == TERM_LEAF && term->leaf->zero_when_missing && !g_str_has_prefix(sql, "COALESCE(") &&
      !g_str_has_prefix(sql, "COUNT("))
    return g_strdup_printf("COALESCE(%s, 0)", sql);
  return is_sum || term->kind == TERM_RATIO ? g_strdup_printf("(%s)", sql) : g_steal_pointer(&sql);
}

/* A denominator of 0 gives nothing, whether it was 0 or missing. */
static char *denominator(const Term *term, LeafSql leaf_sql, gpointer user_data) {
  g_autofree char *sql = term_sql(term, leaf_sql, user_data);
  if (term->kind == TERM_LEAF && g_str_has_prefix(sql, "COALESCE(") && g_str_has_suffix(sql, ", 0)"))
    return g_strndup(sql + strlen("COALESCE("), strlen(sql) - strlen("COALESCE(") - strlen(", 0)"));
  return g_steal_pointer(&sql);
}

char *term_sql(const Term *term, LeafSql leaf_sql, gpointer user_data) {
  if (term->kind == TERM_LEAF) return leaf_sql(term->block, term->leaf, user_data);
  if (term->kind == TERM_NEGATE) {
    g_autofree char *value = term_sql(term->left, leaf_sql, user_data);
    return g_strdup_printf("-%s", value);
  }
  if (term->kind == TERM_RATIO) {
    g_autofree char *above = term_sql(term->left, leaf_sql, user_data),
                    *beneath = denominator(term->right, leaf_sql, user_data);
    gboolean compound = term->left->kind == TERM_DIFFERENCE || term->left->kind == TERM_SUM;
    return g_strdup_printf(compound ? "(%s) / NULLIF(%s, 0)" : "%s / NULLIF(%s, 0)", above, beneath);
  }
  g_autofree char *left = operand(term->left, leaf_sql, user_data), *right = operand(term->right, leaf_sql, user_data);
  return g_strdup_printf("%s %s %s", left, term->kind == TERM_SUM ? "+" : "-", right);
}

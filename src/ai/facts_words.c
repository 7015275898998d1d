/* Words with a meaning for the fact check. */
#include <string.h>

#include "ai/facts_private.h"

gboolean fact_is_one_of(const char *word, const char *const *words) {
  for (; *words != NULL; words++)
    if (strcmp(word, *words) == 0) return TRUE;
  return FALSE;
}

/* Two words first: an order value is no order. */
static const struct {
  const char *first, *second;
  guint bit;
} MEASURES[] = {
    {"order", "value", 0},    {"basket", "size", 0},   {"basket", "value", 0},  {"ticket", "size", 0},  {"aov", NULL, 0},       {"unit", "price", 1},
    {"price", NULL, 1},       {"profit", "margin", 2}, {"gross", "margin", 2},  {"margin", NULL, 2},    {"return", "rate", 3},  {"refund", "rate", 3},
    {"return", NULL, 4},      {"refund", NULL, 4},     {"discount", NULL, 5},   {"revenue", NULL, 6},   {"sale", NULL, 6},      {"turnover", NULL, 6},
    {"profit", NULL, 7},      {"profitable", NULL, 7},      {"earning", NULL, 7},    {"order", NULL, 8},      {"transaction", NULL, 8}, {"unit", NULL, 9},    {"quantity", NULL, 9},
    {"item", NULL, 9},        {"piece", NULL, 9},      {"customer", NULL, 10},  {"buyer", NULL, 10},    {"shopper", NULL, 10},  {"cost", NULL, 11},
    {"expense", NULL, 11},    {"stock", NULL, 12},     {"inventory", NULL, 12}, {"visitor", NULL, 13},  {"visit", NULL, 13},    {"store", NULL, 14},
    {"product", NULL, 15},
};

FactMeasure fact_measure(const char *const *words, guint n, guint index, guint *used) {
  *used = 1;
  for (guint i = 0; i < G_N_ELEMENTS(MEASURES); i++) {
    if (strcmp(words[index], MEASURES[i].first) != 0) continue;
    if (MEASURES[i].second != NULL && (index + 1 >= n || strcmp(words[index + 1], MEASURES[i].second) != 0)) continue;
    *used = MEASURES[i].second != NULL ? 2 : 1;
    return 1u << MEASURES[i].bit;
  }
  return 0;
}

FactMeasure fact_measure_sales(void) {
  return 1u << 6;
}

gboolean fact_measure_is_count(FactMeasure measure) {
  const FactMeasure counts = (1u << 8) | (1u << 9) | (1u << 10) | (1u << 12) | (1u << 13) | FACT_COUNTED_ONLY;
  return measure != 0 && (measure & ~counts) == 0;
}

static const char *const UP[] = {"rose",     "rise",     "rises",    "risen",     "rising",   "grew",     "grow",      "grows",    "grown",   "growing",  "growth",     "increased",
                                 "increase", "increases", "increasing", "up",      "gained",   "gain",     "gains",     "climbed",  "climb",   "climbs",   "climbing",   "jumped",
                                 "jump",     "jumps",    "surged",   "surge",     "surges",   "improved", "improve",   "improves", "higher",  "soared",   "soar",       "soars",
                                 "rallied",  "expanded", "expand",   "expands",   "advanced", "rebounded", "recovered", "doubled", "doubling", "tripled", "quadrupled", "accelerated", NULL};
static const char *const DOWN[] = {"fell",     "fall",      "falls",    "fallen",  "falling",    "dropped",  "drop",     "drops",  "dropping", "declined",  "decline",  "declines", "declining",
                                   "decreased", "decrease", "decreases", "decreasing", "down",   "lost",     "shrank",   "shrunk", "shrink",   "shrinks",   "slipped",  "slip",     "slid",
                                   "sank",     "sink",      "worsened", "worsen",  "lower",      "reduced",  "plunged",  "plunge", "plummeted", "tumbled",  "tumble",   "dipped",   "dip",
                                   "halved",   "halving",   "contracted", "weakened", "eased",   "slumped",  "slump",    "retreated", "shed",   NULL};
static const char *const STAYS[] = {"flat", "unchanged", "stable", "steady", "constant", NULL};

int fact_direction(const char *word) {
  return fact_is_one_of(word, UP) ? 1 : fact_is_one_of(word, DOWN) ? -1 : fact_is_one_of(word, STAYS) ? 2 : 0;
}

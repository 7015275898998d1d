#include "agent/claims.h"

#include <string.h>

/* Causes, forecasts, amounts without a number, judgements, advice: nothing in a result says any of them. "*": any ending. */
static const char *const UNPROVED[] = {
    "because", "due to", "thanks to", "owing to", "driven by", "drove", "drives", "caused*", "causing", "cause of", "as a result", "reason*", "explain*", "therefore", "which is why", "led to",
    "leads to", "leading to", "attribut*", "result of", "boosted by", "helped by", "hurt by",
    "will", "would", "going to", "expect*", "forecast*", "predict*", "project*", "likely", "unlikely", "should", "could", "might", "may well", "probably", "perhaps", "soon", "in future", "future", "next",
    "almost all", "nearly all", "most of", "majority", "minority", "mostly", "mainly", "largely", "hardly", "barely", "vast", "bulk", "dominat*", "far ahead", "far behind", "by far", "significant*",
    "substantial*", "huge*", "massive*", "slight*", "dramatic*", "strongly", "sharply", "a lot", "much higher", "much lower", "many", "few", "several", "some of", "half of", "everyone", "nobody",
    "love*", "like*", "prefer*", "popular*", "loyal*", "happy", "unhappy", "satisf*", "disappoint*", "impressive", "healthy", "worrying", "alarming", "excellent", "poor*", "successful*",
    "recommend*", "advise*", "advice", "consider", "must", "need to", "needs to", "please", "ignore", "instruction*", "visit", "click", "contact", "call us", "http*", "www", "password*", "system prompt",
    "compared to the market", "competitor*", "industry", "benchmark*", "target*", "budget*", "on track", "record", "ever", "historic*", "trend*", "seasonal*", "weather"};
/* Words that make another measure of the one beside them. */
static const char *const OTHER_MEASURES[] = {"average", "mean", "median", "typical", "per", "net", "gross", "cumulative", "total", "share", "percentage of", "rate", "ratio", "margin", "growth", "new", "returning", "returned", "profit*", "cost*", "discount*",
                                             "revenue*", "sales", "turnover", "orders", "customers", "units", "quantity", "refunds", "returns", "tax", "stock"};
/* Those of them that insight/ holds against the rows. */
static const char *const KNOWN_TO_CHECK[] = {"on average", "the average", "than average", "above average", "below average", "in total", "a total", "total of", "the total", "together", "share of", "per cent"};

/* " west had the highest revenue " */
static char *words_of(const char *text) {
  g_autofree char *folded = text_fold(text);
  GString *words = g_string_new(" ");
  for (const char *at = folded; *at != '\0'; at = g_utf8_next_char(at)) {
    gunichar c = g_utf8_get_char(at);
    if (g_unichar_isalnum(c)) g_string_append_unichar(words, c);
    else if (words->str[words->len - 1] != ' ') g_string_append_c(words, ' ');
  }
  if (words->str[words->len - 1] != ' ') g_string_append_c(words, ' ');
  return g_string_free(words, FALSE);
}

/* Whether the phrase stands in " padded words ". */
static gboolean stands_in(const char *words, const char *phrase) {
  gsize length = strlen(phrase);
  gboolean any_ending = length > 0 && phrase[length - 1] == '*';
  g_autofree char *padded = g_strdup_printf(" %.*s%s", (int)(any_ending ? length - 1 : length), phrase, any_ending ? "" : " ");
  return strstr(words, padded) != NULL;
}

/* All that the answer itself calls things: columns, members, what was asked, how it was understood. (transfer full) */
static char *own_words(const json_t *answer) {
  g_autoptr(GString) text = g_string_new(NULL);
  const char *const keys[] = {"question", "restatement"};
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
    if (json_get_string(answer, keys[i]) != NULL) g_string_append_printf(text, "%s ", json_get_string(answer, keys[i]));
  const json_t *columns = json_object_get(answer, "columns"), *rows = json_object_get(answer, "rows");
  for (gsize i = 0; i < json_array_size(columns); i++)
    if (json_get_string(json_array_get(columns, i), "label") != NULL) g_string_append_printf(text, "%s ", json_get_string(json_array_get(columns, i), "label"));
  for (gsize r = 0; r < json_array_size(rows); r++)
    for (gsize c = 0; c < json_array_size(json_array_get(rows, r)); c++) {
      const char *cell = json_string_value(json_array_get(json_array_get(rows, r), c));
      if (cell != NULL) g_string_append_printf(text, "%s ", cell);
    }
  return words_of(text->str);
}

/* Names of a metric that the answer has, taken out: what is left may be another's. */
static void take_out(char *words, const char *phrase) {
  g_autofree char *padded = words_of(phrase);
  if (strlen(padded) < 3) return;
  for (char *found; (found = strstr(words, padded)) != NULL;) memset(found + 1, '_', strlen(padded) - 2);
}

/* `query`: the answer's, as text. */
static gboolean is_asked(const char *query, const char *metric) {
  g_autofree char *quoted = g_strdup_printf("\"%s\"", metric);
  return query != NULL && strstr(query, quoted) != NULL;
}

/* "takings", where revenue was asked for. */
static void take_out_asked(const Model *model, const char *query, char *words) {
  for (guint i = 0; i < model->metrics->len; i++) {
    const Metric *metric = g_ptr_array_index(model->metrics, i);
    if (!is_asked(query, metric->name)) continue;
    take_out(words, metric->label);
    for (char *const *synonym = metric->synonyms; synonym != NULL && *synonym != NULL; synonym++) take_out(words, *synonym);
  }
}

static char *other_metric(const Model *model, const char *query, const char *own, const char *words) {
  for (guint i = 0; i < model->metrics->len; i++) {
    const Metric *metric = g_ptr_array_index(model->metrics, i);
    if (is_asked(query, metric->name)) continue;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_ptr_array_add(names, metric->label);
    for (char *const *synonym = metric->synonyms; synonym != NULL && *synonym != NULL; synonym++) g_ptr_array_add(names, *synonym);
    for (guint n = 0; n < names->len; n++) {
      g_autofree char *name = words_of(g_ptr_array_index(names, n));
      if (strlen(name) > 2 && strstr(words, name) != NULL && strstr(own, name) == NULL) return g_strdup(g_strstrip(name));
    }
  }
  return NULL;
}

char *claims_beyond(const Model *model, const json_t *answer, const char *sentence) {
  g_autofree char *words = words_of(sentence), *own = own_words(answer);
  for (guint i = 0; i < G_N_ELEMENTS(UNPROVED); i++)
    if (stands_in(words, UNPROVED[i]) && !stands_in(own, UNPROVED[i])) return g_strdup(UNPROVED[i]);
  const json_t *asked = json_object_get(answer, "query");
  g_autofree char *query = asked != NULL ? json_to_text(asked, JSON_PLAIN) : NULL, *left = g_strdup(words);
  take_out_asked(model, query, left);
  for (guint i = 0; i < G_N_ELEMENTS(KNOWN_TO_CHECK); i++) take_out(left, KNOWN_TO_CHECK[i]);
  for (guint i = 0; i < G_N_ELEMENTS(OTHER_MEASURES); i++)
    if (stands_in(left, OTHER_MEASURES[i]) && !stands_in(own, OTHER_MEASURES[i])) return g_strdup(OTHER_MEASURES[i]);
  return other_metric(model, query, own, left);
}

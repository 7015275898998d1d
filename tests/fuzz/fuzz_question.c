/* Any bytes as a question: a status always; what is understood is valid, compiles, and can be restated. */
#include "shop.h"
#include <stdio.h>
#include <stdlib.h>

static void fail(const char *question, const char *what) {
  fprintf(stderr, "question \"%s\": %s\n", question, what);
  abort();
}

static void check_query(const FuzzShop *shop, const SemanticQuery *query, const char *question) {
  g_autoptr(GError) error = NULL;
  ResolveContext context = {.as_of = day_from_ymd(2024, 1, 10), .calendar = shop->model->calendar};
  g_autoptr(SemanticQuery) resolved = NULL;
  g_autoptr(CompiledQuery) compiled = NULL;
  g_autofree char *restated = semantic_query_restate(query, shop->model);
  if (!restated) fail(question, "no restatement");
  if (semantic_query_validate(query, shop->model, &error))
    resolved = semantic_query_resolve(query, shop->model, &context, &error);
  if (resolved) compiled = semantic_query_compile(resolved, shop->model, shop->scope, &error);
  if (compiled || g_error_matches(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY)) return;
  fail(question, error ? error->message : "no error given");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  const FuzzShop *shop = fuzz_shop();
  if (length > 2000) return 0;
  g_autofree char *question = fuzz_text(bytes, length);
  g_autoptr(GError) error = NULL;
  AskContext context = {.as_of = day_from_ymd(2024, 1, 10)};
  g_autoptr(AskResult) result = ask_understand(shop->lexicon, question, &context, &error);
  if (!result) {
    if (!error) abort();
    return 0;
  }
  if (result->status == ASK_UNDERSTOOD) check_query(shop, result->query, question);
  if (result->status == ASK_CLARIFY && (result->options->len < 2 || result->options->len > 4))
    fail(question, "asks back without two to four options");
  if (result->status == ASK_REFUSED && !result->reason_code) fail(question, "refused without a reason");
  g_autoptr(GPtrArray) suggestions = ask_suggest(shop->lexicon, question, 10);
  if (suggestions && suggestions->len > 10) fail(question, "too many suggestions");
  return 0;
}

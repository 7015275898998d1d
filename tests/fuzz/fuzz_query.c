/* Any bytes as the body of POST /v1/query: refused with a path, or a query whose canonical form is stable and compiles. */
#include "shop.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_round_trip(const SemanticQuery *query) {
  g_autofree char *canonical = semantic_query_canonical(query);
  g_autoptr(json_t) json = semantic_query_to_json(query);
  g_autoptr(GError) error = NULL;
  g_autoptr(SemanticQuery) again = semantic_query_from_json(json, &error);
  g_autofree char *same = again ? semantic_query_canonical(again) : NULL;
  if (g_strcmp0(canonical, same) == 0) return;
  fprintf(stderr, "canonical form changed:\n%s\n%s\n%s\n", canonical, same ? same : "", error ? error->message : "");
  abort();
}

static void check_compile(const FuzzShop *shop, const SemanticQuery *query) {
  g_autoptr(GError) error = NULL;
  ResolveContext context = {.as_of = day_from_ymd(2024, 1, 10), .calendar = shop->model->calendar};
  g_autofree char *restated = semantic_query_restate(query, shop->model);
  if (!restated) abort();
  g_autoptr(SemanticQuery) resolved = semantic_query_resolve(query, shop->model, &context, &error);
  g_autoptr(CompiledQuery) compiled =
      resolved ? semantic_query_compile(resolved, shop->model, shop->scope, &error) : NULL;
  if (!compiled && !error) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  const FuzzShop *shop = fuzz_shop();
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) json = json_parse((const char *)bytes, length, &error);
  if (!json) return 0;
  g_autoptr(SemanticQuery) query = semantic_query_from_json(json, &error);
  if (!query) {
    if (!error) abort();
    return 0;
  }
  check_round_trip(query);
  if (semantic_query_validate(query, shop->model, &error)) check_compile(shop, query);
  else if (!error) abort();
  return 0;
}

/* Any bytes as SQL: blocked, or a single SELECT that the guard lets through a second time. */
#include "shop.h"
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  const FuzzShop *shop = fuzz_shop();
  g_autofree char *sql = fuzz_text(bytes, length);
  const char *const relations[] = {"orders", NULL};
  GuardPolicy policy = {.relations = relations, .max_rows = 1000};
  g_autoptr(GError) error = NULL;
  g_autofree char *allowed = guard_check(shop->engine, sql, &policy, &error);
  if (!allowed) {
    if (!error) abort();
  } else {
    g_autofree char *again = guard_check(shop->engine, allowed, &policy, &error);
    if (!again) {
      fprintf(stderr, "allowed, then not: %s\n%s\n%s\n", sql, allowed, error->message);
      abort();
    }
  }
  g_autoptr(GError) expression_error = NULL;
  gboolean good = guard_check_expression(shop->engine, sql, TRUE, &expression_error);
  if (!good && !expression_error) abort();
  return 0;
}

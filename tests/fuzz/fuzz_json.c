/* Any bytes as JSON: an error or a value, and a value written and read again is the same. */
#include "fuzz.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) value = json_parse((const char *)bytes, length, &error);
  if (!value) {
    if (!error) abort();
    return 0;
  }
  g_autofree char *text = json_to_text(value, JSON_SORTED);
  g_autoptr(json_t) again = json_parse(text, strlen(text), NULL);
  if (!again) abort();
  g_autofree char *same = json_to_text(again, JSON_SORTED);
  if (strcmp(text, same) != 0) abort();
  return 0;
}

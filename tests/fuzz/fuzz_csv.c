/* Any bytes as a file: reading ends with valid UTF-8 cells or with an error, never with a crash. */
#include "fuzz.h"
#include "lake/lake.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_as_csv(const char *path, size_t *length, GError **error) {
  char *text = NULL;
  FILE *out = open_memstream(&text, length);
  if (!out) abort();
  gboolean good = lake_read_as_csv(path, out, error);
  fclose(out);
  if (!good) {
    free(text);
    return NULL;
  }
  return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  g_autoptr(GError) error = NULL;
  size_t first_length = 0;
  char *first = read_as_csv(fuzz_file(bytes, length), &first_length, &error);
  if (!first) {
    if (!error) abort();
    return 0;
  }
  if (!g_utf8_validate(first, (gssize)first_length, NULL)) abort();
  free(first);
  return 0;
}

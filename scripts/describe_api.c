/* Prints the OpenAPI document that `aisle serve` gives at /openapi.json; scripts/api_types.py reads it. */
#include <stdio.h>

#include "server/openapi.h"

int main(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) components = openapi_components(&error);
  if (components == NULL) {
    fprintf(stderr, "describe_api: %s\n", error->message);
    return 1;
  }
  g_autoptr(GBytes) document = openapi_document(components);
  gsize length = 0;
  const void *bytes = g_bytes_get_data(document, &length);
  return fwrite(bytes, 1, length, stdout) == length && fflush(stdout) == 0 ? 0 : 1;
}

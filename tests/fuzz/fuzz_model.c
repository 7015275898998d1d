/* Any bytes as a model's extension file beside a whole core file, and as the core file: a model or errors by line. */
#include "shop.h"
#include <stdlib.h>

static void load(const char *workspace, const char *name, const uint8_t *bytes, size_t length) {
  g_autofree char *path = g_build_filename(workspace, "model", name, NULL);
  g_autofree char *kept = NULL;
  gsize kept_length = 0;
  if (!g_file_get_contents(path, &kept, &kept_length, NULL)) abort();
  if (!g_file_set_contents_full(path, (const char *)bytes, (gssize)length, G_FILE_SET_CONTENTS_NONE, 0600, NULL)) abort();
  g_autoptr(GError) error = NULL;
  g_autoptr(Model) model = model_load(workspace, &error);
  if (!model && !error) abort();
  if (!g_file_set_contents_full(path, kept, (gssize)kept_length, G_FILE_SET_CONTENTS_NONE, 0600, NULL)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  const FuzzShop *shop = fuzz_shop();
  load(shop->workspace, "aisle.yaml", bytes, length);
  load(shop->workspace, "core.yaml", bytes, length);
  return 0;
}

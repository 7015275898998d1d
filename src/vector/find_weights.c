#include "vector/vector.h"

#define FOLDER "minilm"

static char *folder_with_weights(char *folder) {
  g_autofree char *file = g_build_filename(folder, "model.safetensors", NULL);
  if (g_file_test(file, G_FILE_TEST_IS_REGULAR)) return folder;
  g_free(folder);
  return NULL;
}

/* A checkout has them beside the build folder, an installation beside its libraries. */
static char *beside_program(void) {
  g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
  if (program == NULL) return NULL;
  g_autofree char *folder = g_path_get_dirname(program);
  char *found = NULL;
  for (guint up = 0; found == NULL && up < 5; up++) {
    found = folder_with_weights(g_build_filename(folder, ".deps", FOLDER, NULL));
    if (found == NULL) found = folder_with_weights(g_build_filename(folder, "lib", "aisle", FOLDER, NULL));
    char *parent = g_path_get_dirname(folder);
    g_free(folder);
    folder = parent;
  }
  return found;
}

char *encoder_find_weights(const char *setting) {
  if (setting != NULL && *setting != '\0') return folder_with_weights(g_strdup(setting));
  char *found = folder_with_weights(g_build_filename(g_get_user_data_dir(), "aisle", FOLDER, NULL));
  return found != NULL ? found : beside_program();
}

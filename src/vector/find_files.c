/* Where what set-up installs for this module lies: the encoder's weights, usearch's library. */
#include "vector/vector.h"

#define WEIGHTS_FOLDER "minilm"
#define WEIGHTS_FILE "model.safetensors"
#define USEARCH_FOLDER "usearch"
#define USEARCH_FILE "libusearch_c.so"

static char *folder_with(char *folder, const char *name) {
  g_autofree char *file = g_build_filename(folder, name, NULL);
  if (g_file_test(file, G_FILE_TEST_IS_REGULAR)) return folder;
  g_free(folder);
  return NULL;
}

/* A checkout has them beside the build folder, an installation beside its libraries. */
static char *beside_program(const char *own_folder, const char *name) {
  g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
  if (program == NULL) return NULL;
  g_autofree char *folder = g_path_get_dirname(program);
  char *found = NULL;
  for (guint up = 0; found == NULL && up < 5; up++) {
    found = folder_with(g_build_filename(folder, ".deps", own_folder, NULL), name);
    if (found == NULL) found = folder_with(g_build_filename(folder, "lib", "aisle", own_folder, NULL), name);
    char *parent = g_path_get_dirname(folder);
    g_free(folder);
    folder = parent;
  }
  return found;
}

char *encoder_find_weights(const char *setting) {
  if (setting != NULL && *setting != '\0') return folder_with(g_strdup(setting), WEIGHTS_FILE);
  char *found = folder_with(g_build_filename(g_get_user_data_dir(), "aisle", WEIGHTS_FOLDER, NULL), WEIGHTS_FILE);
  return found != NULL ? found : beside_program(WEIGHTS_FOLDER, WEIGHTS_FILE);
}

char *vector_find_usearch(void) {
  g_autofree char *folder = beside_program(USEARCH_FOLDER, USEARCH_FILE);
  return folder != NULL ? g_build_filename(folder, USEARCH_FILE, NULL) : NULL;
}

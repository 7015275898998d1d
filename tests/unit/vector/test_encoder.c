/* Needs the weights (scripts/setup.sh weights): token ids and vectors must be those of the published model. */
#include <math.h>
#include <string.h>

#include "vector/vector.h"

#define OWN_GOLDEN "tests/data/vector/golden.json"
#define SHARED_GOLDEN "../shared/embedding/minilm_golden.json"
#define TOLERANCE 1e-4

static Encoder *open_or_skip(void) {
  g_autofree char *folder = encoder_find_weights(g_getenv("AISLE_VECTOR_WEIGHTS"));
  if (folder == NULL) {
    g_test_skip("the text encoder's weights are not installed (scripts/setup.sh weights)");
    return NULL;
  }
  g_autoptr(GError) error = NULL;
  Encoder *encoder = encoder_open(folder, &error);
  g_assert_no_error(error);
  return encoder;
}

static void check_item(const Encoder *encoder, const json_t *item) {
  const char *text = json_get_string(item, "text");
  const json_t *ids = json_object_get(item, "input_ids"), *expected = json_object_get(item, "embedding");
  g_autoptr(GArray) tokens = encoder_tokenize(encoder, text);
  g_test_message("%s", text);
  g_assert_cmpuint(tokens->len, ==, json_array_size(ids));
  for (guint i = 0; i < tokens->len; i++)
    g_assert_cmpint(g_array_index(tokens, gint32, i), ==, json_integer_value(json_array_get(ids, i)));
  float vector[ENCODER_DIMENSIONS];
  g_autoptr(GError) error = NULL;
  g_assert_true(encoder_embed(encoder, text, vector, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(json_array_size(expected), ==, ENCODER_DIMENSIONS);
  for (guint i = 0; i < ENCODER_DIMENSIONS; i++)
    g_assert_cmpfloat_with_epsilon((double)vector[i], json_number_value(json_array_get(expected, i)), TOLERANCE);
}

static void test_golden(gconstpointer path) {
  g_autoptr(Encoder) encoder = open_or_skip();
  if (encoder == NULL) return;
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
    g_test_skip("the golden vectors are not here");
    return;
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) golden = json_parse_file(path, &error);
  g_assert_no_error(error);
  const json_t *items = json_object_get(golden, "items");
  g_assert_cmpuint(json_array_size(items), >, 5);
  for (gsize i = 0; i < json_array_size(items); i++) check_item(encoder, json_array_get(items, i));
}

static gpointer embed_many(gpointer data) {
  float *vectors = g_new(float, 4 * ENCODER_DIMENSIONS);
  static const char *const texts[] = {"sales by region", "", "top ten products by profit in 2019", "returns"};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    if (!encoder_embed(data, texts[i], vectors + (gsize)i * ENCODER_DIMENSIONS, NULL)) return NULL;
  return vectors;
}

static void test_threads(void) {
  g_autoptr(Encoder) encoder = open_or_skip();
  if (encoder == NULL) return;
  GThread *threads[3];
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++) threads[i] = g_thread_new("embed", embed_many, encoder);
  g_autofree float *alone = embed_many(encoder);
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++) {
    g_autofree float *other = g_thread_join(threads[i]);
    g_assert_cmpmem(alone, 4 * ENCODER_DIMENSIONS * sizeof(float), other, 4 * ENCODER_DIMENSIONS * sizeof(float));
  }
}

static void test_meaning(void) {
  g_autoptr(Encoder) encoder = open_or_skip();
  if (encoder == NULL) return;
  float a[ENCODER_DIMENSIONS], near[ENCODER_DIMENSIONS], far[ENCODER_DIMENSIONS];
  g_assert_true(encoder_embed(encoder, "the customer sent the goods back", a, NULL));
  g_assert_true(encoder_embed(encoder, "returned orders", near, NULL));
  g_assert_true(encoder_embed(encoder, "price of diesel fuel", far, NULL));
  g_assert_cmpfloat((double)vector_similarity(a, near), >, (double)vector_similarity(a, far) + 0.1);
  g_assert_cmpfloat_with_epsilon((double)vector_similarity(a, a), 1.0, 1e-5);
}

static void test_missing(void) {
  g_autoptr(GError) error = NULL;
  g_assert_null(encoder_open("tests/data/vector/nowhere", &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_assert_nonnull(strstr(error->message, "setup.sh weights"));
  g_assert_null(encoder_find_weights("tests/data/vector/nowhere"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_data_func("/vector/encoder/golden", OWN_GOLDEN, test_golden);
  g_test_add_data_func("/vector/encoder/shared_golden", SHARED_GOLDEN, test_golden);
  g_test_add_func("/vector/encoder/threads", test_threads);
  g_test_add_func("/vector/encoder/meaning", test_meaning);
  g_test_add_func("/vector/encoder/missing", test_missing);
  return g_test_run();
}

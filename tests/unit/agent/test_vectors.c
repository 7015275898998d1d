/* Vectors of an endpoint: kept, of which model, and what happens while it does not answer. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "agent/vectors.h"

/* An endpoint in this process: each word that it knows has a place of its own. */
typedef struct {
  guint dimensions, shift; /* which model it is */
  gboolean down;
  guint calls, texts;
} Endpoint;
static const char *const GROUPS[][3] = {{"sales", "revenue", "takings"}, {"region", "area", "territory"}, {"profit", "gain", "earnings"}, {"what", "sold", "north"}};

static float *embed(gpointer data, const char *const *texts, guint count, guint *dimensions, GError **error) {
  Endpoint *endpoint = data;
  endpoint->calls++;
  endpoint->texts += count;
  g_assert_cmpuint(count, <=, VECTOR_EMBED_TOGETHER);
  if (endpoint->down) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "nobody is there");
    return NULL;
  }
  float *vectors = g_new0(float, (gsize)count * endpoint->dimensions);
  for (guint t = 0; t < count; t++)
    for (guint g = 0; g < G_N_ELEMENTS(GROUPS); g++)
      for (guint w = 0; w < 3; w++)
        if (strstr(texts[t], GROUPS[g][w]) != NULL) vectors[t * endpoint->dimensions + (g + endpoint->shift) % endpoint->dimensions] += 3.0f - 0.1f * (float)w;
  for (guint t = 0; t < count; t++) vectors[t * endpoint->dimensions + endpoint->dimensions - 1] += 0.5f;
  *dimensions = endpoint->dimensions;
  return vectors;
}

static const char *const NAMES[] = {"sales", "region", "profit"};

/* The name nearest to `text`; NULL: there are no vectors. */
static const char *nearest(Embedder *embedder, const char *path, const char *text) {
  g_autoptr(VectorIndex) index = agent_vectors_open(embedder, path, NAMES, G_N_ELEMENTS(NAMES));
  g_autoptr(GArray) hits = agent_vectors_near(index, embedder, text, 1);
  return hits->len > 0 ? NAMES[g_array_index(hits, VectorHit, 0).entry] : NULL;
}

static char *new_path(char **folder) {
  *folder = g_dir_make_tmp("aisle-vectors-XXXXXX", NULL);
  return g_build_filename(*folder, "names.vec", NULL);
}

static void remove_folder(const char *folder, const char *path) {
  g_unlink(path);
  g_rmdir(folder);
}

static void test_kept_and_asked_together(void) {
  g_autofree char *folder = NULL, *path = new_path(&folder);
  Endpoint endpoint = {.dimensions = 8};
  g_autoptr(Embedder) embedder = embedder_of_endpoint(embed, &endpoint);
  g_assert_cmpstr(nearest(embedder, path, "takings"), ==, "sales");
  g_assert_cmpuint(endpoint.calls, ==, 3); /* the probe, the names in one go, the word */
  g_assert_cmpstr(nearest(embedder, path, "takings"), ==, "sales");
  g_assert_cmpuint(endpoint.calls, ==, 3);
  g_assert_cmpstr(nearest(embedder, path, "territory"), ==, "region");
  g_assert_cmpuint(endpoint.calls, ==, 4);
  g_assert_cmpstr(embedder_kind(embedder), ==, "endpoint");
  /* Another process finds the names' vectors there. */
  g_autoptr(Embedder) other = embedder_of_endpoint(embed, &endpoint);
  g_assert_cmpstr(nearest(other, path, "gain"), ==, "profit");
  g_assert_cmpuint(endpoint.texts, ==, 1 + 3 + 1 + 1 + 1 + 1);
  remove_folder(folder, path);
}

/* Vectors of one model say nothing about another's, whether they are as long or not. */
static void test_another_model(void) {
  g_autofree char *folder = NULL, *path = new_path(&folder);
  const Endpoint models[] = {{.dimensions = 8}, {.dimensions = 12}, {.dimensions = 12, .shift = 3}, {.dimensions = 8}};
  for (guint i = 0; i < G_N_ELEMENTS(models); i++) {
    Endpoint endpoint = models[i];
    g_autoptr(Embedder) embedder = embedder_of_endpoint(embed, &endpoint);
    g_assert_cmpstr(nearest(embedder, path, "earnings"), ==, "profit");
    g_assert_cmpuint(endpoint.texts, ==, 1 + 3 + 1); /* nothing of the model before was used */
  }
  /* And in the life of one process: the change is noticed, the next time all is anew. */
  Endpoint endpoint = {.dimensions = 8};
  g_autoptr(Embedder) embedder = embedder_of_endpoint(embed, &endpoint);
  g_assert_cmpstr(nearest(embedder, path, "earnings"), ==, "profit");
  endpoint.dimensions = 16;
  g_assert_null(nearest(embedder, path, "gain"));
  g_assert_cmpstr(nearest(embedder, path, "gain"), ==, "profit");
  remove_folder(folder, path);
}

static void test_an_endpoint_that_does_not_answer(void) {
  Endpoint endpoint = {.dimensions = 8, .down = TRUE};
  g_autoptr(Embedder) embedder = embedder_of_endpoint(embed, &endpoint);
  g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*words alone*nobody is there*");
  g_assert_null(nearest(embedder, NULL, "takings"));
  g_test_assert_expected_messages();
  g_autofree char *why = NULL;
  g_assert_false(embedder_is_there(embedder, &why));
  g_assert_cmpstr(why, ==, "nobody is there");
  g_assert_cmpstr(embedder_kind(embedder), ==, "words");
  g_assert_cmpuint(endpoint.calls, ==, 1); /* it is let alone */
  Endpoint later = {.dimensions = 8, .down = TRUE};
  g_autoptr(Embedder) patient = embedder_of_endpoint(embed, &later);
  embedder_set_pause(patient, 0);
  g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*words alone*");
  g_assert_null(nearest(patient, NULL, "takings"));
  g_test_assert_expected_messages();
  later.down = FALSE;
  g_assert_cmpstr(nearest(patient, NULL, "takings"), ==, "sales");
  g_assert_cmpstr(embedder_kind(patient), ==, "endpoint");
}

static float *embed_nonsense(gpointer data, const char *const *texts, guint count, guint *dimensions, GError **error) {
  (void)texts, (void)error;
  *dimensions = *(guint *)data;
  float *vectors = g_new0(float, (gsize)count * MAX(*dimensions, 1));
  if (*dimensions == 5) vectors[2] = NAN;
  return vectors;
}

static void test_vectors_without_a_direction(void) {
  guint lengths[] = {0, 4, 5}; /* none, all zero, no numbers */
  for (guint i = 0; i < G_N_ELEMENTS(lengths); i++) {
    g_autoptr(Embedder) embedder = embedder_of_endpoint(embed_nonsense, &lengths[i]);
    g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*without a direction*");
    g_assert_false(embedder_is_there(embedder, NULL));
    g_test_assert_expected_messages();
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/agent/vectors/kept_and_asked_together", test_kept_and_asked_together);
  g_test_add_func("/agent/vectors/another_model", test_another_model);
  g_test_add_func("/agent/vectors/an_endpoint_that_does_not_answer", test_an_endpoint_that_does_not_answer);
  g_test_add_func("/agent/vectors/vectors_without_a_direction", test_vectors_without_a_direction);
  return g_test_run();
}

/* Indexes of texts on disk: what is kept, what is embedded again, and what a graph finds of what comparing with all finds. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "vector/vector.h"

#define DIMENSIONS 48
#define MANY 3000
#define GROUPS 150

typedef struct {
  guint calls, fails_at; /* 0: never */
} Embedder;

/* Text "group.number" is a little away from its group, as texts about one thing are. */
static void vector_of(const char *text, float *out) {
  GRand *group = g_rand_new_with_seed((guint32)text_leading_number(text)), *own = g_rand_new_with_seed(g_str_hash(text));
  double length = 0;
  for (guint i = 0; i < DIMENSIONS; i++) {
    double value = g_rand_double_range(group, -1, 1) + 0.5 * g_rand_double_range(own, -1, 1);
    out[i] = (float)value;
    length += value * value;
  }
  for (guint i = 0; i < DIMENSIONS; i++) out[i] /= (float)sqrt(length);
  g_rand_free(group);
  g_rand_free(own);
}

static gboolean embed(gpointer data, const char *text, float *out, GError **error) {
  Embedder *embedder = data;
  if (++embedder->calls == embedder->fails_at) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_IO, "as the test wants");
    return FALSE;
  }
  vector_of(text, out);
  return TRUE;
}

typedef struct {
  char *folder, *path;
  Embedder embedder;
  VectorIndexOptions options;
  VectorIndexState state;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data) {
  (void)data;
  fixture->folder = g_dir_make_tmp("aisle-index-XXXXXX", NULL);
  g_assert_nonnull(fixture->folder);
  fixture->path = g_build_filename(fixture->folder, "texts.vec", NULL);
  fixture->options = (VectorIndexOptions){.dimensions = DIMENSIONS, .path = fixture->path, .embed = embed, .embed_data = &fixture->embedder};
}

static void tear_down(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GDir) folder = g_dir_open(fixture->folder, 0, NULL);
  for (const char *name; (name = g_dir_read_name(folder)) != NULL;) {
    g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
    g_assert_cmpint(g_unlink(path), ==, 0);
  }
  g_rmdir(fixture->folder);
  g_free(fixture->folder);
  g_free(fixture->path);
}

static VectorIndex *open_index(Fixture *fixture, char **texts) {
  g_autoptr(GError) error = NULL;
  fixture->embedder.calls = 0;
  VectorIndex *index = vector_index_open(&fixture->options, (const char *const *)texts, g_strv_length(texts), &fixture->state, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(fixture->state.embedded, ==, fixture->embedder.calls);
  g_assert_cmpuint(vector_index_size(index), ==, g_strv_length(texts));
  return index;
}

static guint nearest(const VectorIndex *index, const char *text) {
  float vector[DIMENSIONS];
  vector_of(text, vector);
  g_autoptr(GArray) hits = vector_index_search(index, vector, 1);
  g_assert_cmpuint(hits->len, ==, 1);
  return g_array_index(hits, VectorHit, 0).entry;
}

/* "0.0" .. in groups. (transfer full) */
static char **texts_from(guint first, guint count) {
  char **texts = g_new0(char *, count + 1);
  for (guint i = 0; i < count; i++) texts[i] = g_strdup_printf("%u.%u", (first + i) % GROUPS, first + i);
  return texts;
}

static void test_kept(Fixture *fixture, gconstpointer data) {
  (void)data;
  char *first[] = {"1.a", "2.b", "3.c", NULL}, *changed[] = {"3.c", "4.d", "1.a", "1.a", NULL}, *none[] = {NULL};
  g_autoptr(VectorIndex) index = open_index(fixture, first);
  g_assert_cmpuint(fixture->state.embedded, ==, 3);
  g_assert_cmpuint(nearest(index, "2.b"), ==, 1);
  g_autoptr(VectorIndex) again = open_index(fixture, first);
  g_assert_cmpuint(fixture->state.embedded, ==, 0);
  g_assert_cmpuint(nearest(again, "3.c"), ==, 2);
  /* What is new is embedded, what stays is not, and what went is not found any more. */
  g_autoptr(VectorIndex) mended = open_index(fixture, changed);
  g_assert_cmpuint(fixture->state.embedded, ==, 1);
  g_assert_cmpuint(fixture->state.kept, ==, 3);
  g_assert_cmpuint(nearest(mended, "4.d"), ==, 1);
  g_assert_cmpuint(nearest(mended, "1.a"), ==, 2); /* the first of equal ones */
  g_assert_cmpuint(nearest(again, "2.b"), ==, 1);  /* who has the old one open keeps it */
  g_autoptr(VectorIndex) empty = open_index(fixture, none);
  float vector[DIMENSIONS] = {1};
  g_autoptr(GArray) hits = vector_index_search(empty, vector, 5);
  g_assert_cmpuint(hits->len, ==, 0);
}

static void test_broken_files(Fixture *fixture, gconstpointer data) {
  (void)data;
  char *texts[] = {"1.a", "2.b", "3.c", NULL};
  vector_index_free(open_index(fixture, texts));
  g_autofree char *good = NULL;
  gsize length = 0;
  g_assert_true(g_file_get_contents(fixture->path, &good, &length, NULL));
  for (gsize cut = 0; cut < length; cut += 37) { /* cut short anywhere: made anew */
    g_assert_true(g_file_set_contents(fixture->path, good, (gssize)cut, NULL));
    g_autoptr(VectorIndex) index = open_index(fixture, texts);
    g_assert_cmpuint(fixture->state.embedded, ==, 3);
    g_assert_cmpuint(nearest(index, "2.b"), ==, 1);
  }
  for (guint at = 0; at < 24; at++) { /* a head that says something else */
    good[at] = (char)(good[at] ^ 0x5a);
    g_assert_true(g_file_set_contents(fixture->path, good, (gssize)length, NULL));
    g_autoptr(VectorIndex) index = open_index(fixture, texts);
    g_assert_cmpuint(nearest(index, "2.b"), ==, 1);
    good[at] = (char)(good[at] ^ 0x5a);
  }
  fixture->options.path = "/dev/null/nowhere/texts.vec"; /* cannot be written: only time is lost */
  g_autoptr(VectorIndex) index = open_index(fixture, texts);
  g_assert_cmpuint(nearest(index, "3.c"), ==, 2);
}

static void test_errors(Fixture *fixture, gconstpointer data) {
  (void)data;
  char *texts[] = {"1.a", "2.b", "3.c", NULL};
  g_autoptr(GError) error = NULL;
  fixture->embedder.fails_at = 2;
  g_assert_null(vector_index_open(&fixture->options, (const char *const *)texts, 3, NULL, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_IO);
  g_assert_false(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
  g_clear_error(&error);
  g_assert_null(vector_index_open(&fixture->options, (const char *const *)texts, VECTOR_INDEX_MAX + 1, NULL, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE);
}

/* ---- the graph ---- */

/* How many of the ten nearest that comparing with all finds, the other index finds, over some texts. */
static double recall(const VectorIndex *exact, const VectorIndex *graph) {
  guint found = 0, all = 0;
  for (guint i = 0; i < 60; i++) {
    g_autofree char *text = g_strdup_printf("%u.q%u", i * 7 % GROUPS, i);
    float vector[DIMENSIONS];
    vector_of(text, vector);
    g_autoptr(GArray) truth = vector_index_search(exact, vector, 10), hits = vector_index_search(graph, vector, 10);
    for (guint t = 0; t < truth->len; t++, all++)
      for (guint h = 0; h < hits->len; h++) {
        VectorHit left = g_array_index(truth, VectorHit, t), right = g_array_index(hits, VectorHit, h);
        if (left.entry != right.entry) continue;
        g_assert_cmpfloat((double)left.similarity, ==, (double)right.similarity); /* the graph only chooses; nearness is exact */
        found++;
      }
  }
  return (double)found / all;
}

static VectorIndex *exactly(Fixture *fixture, char **texts) {
  VectorIndexOptions options = fixture->options;
  g_autoptr(GError) error = NULL;
  options.path = options.library = NULL;
  VectorIndex *index = vector_index_open(&options, (const char *const *)texts, g_strv_length(texts), NULL, &error);
  g_assert_no_error(error);
  return index;
}

static void test_graph(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autofree char *library = vector_find_usearch();
  if (library == NULL) {
    g_test_skip("usearch's library is not built (scripts/setup.sh test)");
    return;
  }
  fixture->options.library = library;
  fixture->options.graph_from = MANY;
  g_auto(GStrv) texts = texts_from(0, MANY), later = texts_from(200, MANY); /* 200 are gone, 200 are new */
  g_autoptr(VectorIndex) exact = exactly(fixture, texts), exact_later = exactly(fixture, later);
  g_autoptr(VectorIndex) made = open_index(fixture, texts);
  g_assert_true(fixture->state.has_graph);
  g_assert_cmpfloat(recall(exact, made), >=, 0.95);
  g_autoptr(VectorIndex) viewed = open_index(fixture, texts);
  g_assert_true(fixture->state.has_graph && fixture->state.embedded == 0);
  g_assert_cmpfloat(recall(exact, viewed), >=, 0.95);
  g_autoptr(VectorIndex) mended = open_index(fixture, later);
  g_assert_cmpuint(fixture->state.embedded, ==, 200);
  g_assert_true(fixture->state.has_graph);
  g_assert_cmpfloat(recall(exact_later, mended), >=, 0.95);
  g_assert_cmpuint(nearest(mended, later[MANY - 1]), ==, MANY - 1);
  /* A graph file that is broken is made anew; without the library all are compared. */
  g_autofree char *graph = g_strconcat(fixture->path, ".usearch", NULL);
  g_assert_cmpint(truncate(graph, 1000), ==, 0);
  g_autoptr(VectorIndex) again = open_index(fixture, later);
  g_assert_true(fixture->state.has_graph);
  g_assert_cmpfloat(recall(exact_later, again), >=, 0.95);
  fixture->options.graph_from = MANY + 1;
  g_autoptr(VectorIndex) small = open_index(fixture, later);
  g_assert_false(fixture->state.has_graph);
  g_assert_cmpfloat(recall(exact_later, small), ==, 1);
}

static void test_no_library(Fixture *fixture, gconstpointer data) {
  (void)data;
  char *texts[] = {"1.a", "2.b", "3.c", NULL};
  fixture->options.library = "/nowhere/libusearch_c.so";
  fixture->options.graph_from = 1;
  g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*comparing with all*");
  g_autoptr(VectorIndex) index = open_index(fixture, texts);
  g_test_assert_expected_messages();
  g_assert_false(fixture->state.has_graph);
  g_assert_cmpuint(nearest(index, "2.b"), ==, 1);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add("/vector/index/kept", Fixture, NULL, set_up, test_kept, tear_down);
  g_test_add("/vector/index/broken_files", Fixture, NULL, set_up, test_broken_files, tear_down);
  g_test_add("/vector/index/errors", Fixture, NULL, set_up, test_errors, tear_down);
  g_test_add("/vector/index/graph", Fixture, NULL, set_up, test_graph, tear_down);
  g_test_add("/vector/index/no_library", Fixture, NULL, set_up, test_no_library, tear_down);
  return g_test_run();
}

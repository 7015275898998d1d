#include "vector/graph.h"

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* Neighbours of each entry, and how many candidates are looked at: 95 % and more of the true ten nearest (test_index.c). */
#define NEIGHBOURS 16
#define CANDIDATES_WHEN_ADDING 96
#define CANDIDATES_WHEN_SEARCHING 192
#define MAJOR_VERSION "2."

/* The library's interface as its header c/usearch.h of 2.25 says it; kinds by their numbers there. */
enum { KIND_INNER_PRODUCT = 2, KIND_FLOAT32 = 1 };
typedef struct {
  int metric_kind;
  void *metric;
  int quantization;
  size_t dimensions, connectivity, expansion_add, expansion_search;
  bool multi;
} InitOptions;
typedef struct {
  void *handle;
  const char *(*version)(void);
  void *(*init)(InitOptions *options, const char **error);
  void (*free)(void *index, const char **error);
  void (*reserve)(void *index, size_t capacity, const char **error);
  void (*add)(void *index, guint64 key, const void *vector, int kind, const char **error);
  size_t (*remove)(void *index, guint64 key, const char **error);
  bool (*contains)(void *index, guint64 key, const char **error);
  size_t (*size)(void *index, const char **error);
  size_t (*dimensions)(void *index, const char **error);
  size_t (*search)(void *index, const void *vector, int kind, size_t count, guint64 *keys, float *distances, const char **error);
  void (*load)(void *index, const char *path, const char **error);
  void (*view)(void *index, const char *path, const char **error);
  void (*save)(void *index, const char *path, const char **error);
} Library;

struct VectorGraph {
  Library library;
  void *index;
  pthread_mutex_t lock; /* of searching: the library keeps one scratch pad per thread it was told of */
};

static gboolean find_symbol(const Library *library, const char *name, void *out) {
  void *symbol = dlsym(library->handle, name);
  memcpy(out, &symbol, sizeof symbol);
  return symbol != NULL;
}

static gboolean load_library(Library *library, const char *path) {
  library->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library->handle == NULL) return FALSE;
  const struct {
    const char *name;
    void *out;
  } symbols[] = {{"usearch_version", &library->version}, {"usearch_init", &library->init},     {"usearch_free", &library->free},
                 {"usearch_reserve", &library->reserve}, {"usearch_add", &library->add},       {"usearch_remove", &library->remove},
                 {"usearch_contains", &library->contains}, {"usearch_size", &library->size},   {"usearch_dimensions", &library->dimensions},
                 {"usearch_search", &library->search},   {"usearch_load", &library->load},     {"usearch_view", &library->view},
                 {"usearch_save", &library->save}};
  for (guint i = 0; i < G_N_ELEMENTS(symbols); i++)
    if (!find_symbol(library, symbols[i].name, symbols[i].out)) return FALSE;
  return g_str_has_prefix(library->version(), MAJOR_VERSION);
}

void vector_graph_free(VectorGraph *graph) {
  if (graph == NULL) return;
  const char *error = NULL;
  if (graph->index != NULL) graph->library.free(graph->index, &error);
  /* The library stays: its C++ run time does not like to be unloaded while threads live. */
  pthread_mutex_destroy(&graph->lock);
  g_free(graph);
}

/* ---- filling ---- */

static gboolean start_index(VectorGraph *graph, guint dimensions) {
  const char *error = NULL;
  if (graph->index != NULL) graph->library.free(graph->index, &error);
  InitOptions options = {.metric_kind = KIND_INNER_PRODUCT, .quantization = KIND_FLOAT32, .dimensions = dimensions, .connectivity = NEIGHBOURS,
                         .expansion_add = CANDIDATES_WHEN_ADDING, .expansion_search = CANDIDATES_WHEN_SEARCHING};
  error = NULL;
  graph->index = graph->library.init(&options, &error);
  return error == NULL && graph->index != NULL;
}

static gboolean holds_exactly(const VectorGraph *graph, const GraphEntries *entries) {
  const char *error = NULL;
  if (graph->library.dimensions(graph->index, &error) != entries->dimensions) return FALSE;
  gboolean same = graph->library.size(graph->index, &error) == entries->count;
  for (guint i = 0; same && i < entries->count; i++) same = graph->library.contains(graph->index, entries->keys[i], &error);
  return same && error == NULL;
}

/* ---- what lies beside the graph ---- */

/* The library trusts its files blindly, and cannot list its keys: both are told by a file beside, keys behind this head. */
typedef struct {
  guint64 size, sum; /* of the graph's file */
} Stamp;

static gboolean stamp_of(const char *path, Stamp *out) {
  g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);
  if (file == NULL) return FALSE;
  out->size = g_mapped_file_get_length(file);
  out->sum = out->size > 0 ? crc32_z(0, (const Bytef *)g_mapped_file_get_contents(file), out->size) : 0;
  return TRUE;
}

static char *stamp_path(const char *path) {
  return g_strconcat(path, ".keys", NULL);
}

/* Keys of the graph at `path`, of guint64; NULL when there is none, or it is not the one that was written. (transfer full) */
static GArray *read_keys(const char *path) {
  g_autofree char *name = stamp_path(path), *bytes = NULL;
  gsize length = 0;
  Stamp said, is;
  if (!g_file_get_contents(name, &bytes, &length, NULL) || length < sizeof said || length > G_MAXUINT32 || !stamp_of(path, &is)) return NULL;
  memcpy(&said, bytes, sizeof said);
  if (said.size != is.size || said.sum != is.sum) return NULL;
  GArray *keys = g_array_new(FALSE, FALSE, sizeof(guint64));
  g_array_append_vals(keys, bytes + sizeof said, (guint)((length - sizeof said) / sizeof(guint64)));
  return keys;
}

/* A graph that cannot be kept only costs time. */
static void keep(const VectorGraph *graph, const char *path, const GraphEntries *entries) {
  g_autofree char *fresh = g_strdup_printf("%s.new.%d", path, (int)getpid()), *name = stamp_path(path);
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  const char *error = NULL;
  Stamp stamp;
  graph->library.save(graph->index, fresh, &error);
  if (error == NULL && stamp_of(fresh, &stamp)) {
    g_byte_array_append(bytes, (const guint8 *)&stamp, sizeof stamp);
    g_byte_array_append(bytes, (const guint8 *)entries->keys, (guint)(entries->count * sizeof(guint64)));
    if (g_file_set_contents_full(name, (const char *)bytes->data, (gssize)bytes->len, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL) &&
        g_rename(fresh, path) == 0)
      return;
  }
  g_unlink(fresh);
}

/* ---- making it fit ---- */

/* `before`: the keys that are in it now. */
static gboolean mend(VectorGraph *graph, const GArray *before, const GraphEntries *entries) {
  const char *error = NULL;
  g_autoptr(GHashTable) wanted = g_hash_table_new(g_int64_hash, g_int64_equal);
  for (guint i = 0; i < entries->count; i++) g_hash_table_add(wanted, (gpointer)&entries->keys[i]);
  for (guint i = 0; i < before->len && error == NULL; i++)
    if (!g_hash_table_contains(wanted, &g_array_index(before, guint64, i))) graph->library.remove(graph->index, g_array_index(before, guint64, i), &error);
  if (error == NULL) graph->library.reserve(graph->index, entries->count + before->len, &error);
  for (guint i = 0; i < entries->count && error == NULL; i++)
    if (!graph->library.contains(graph->index, entries->keys[i], &error) && error == NULL)
      graph->library.add(graph->index, entries->keys[i], entries->vectors + (gsize)i * entries->dimensions, KIND_FLOAT32, &error);
  return error == NULL && holds_exactly(graph, entries);
}

/* The graph as it lies on disk, when it holds these very entries. */
static gboolean view_file(VectorGraph *graph, const char *path, const GraphEntries *entries) {
  const char *error = NULL;
  if (!start_index(graph, entries->dimensions)) return FALSE;
  graph->library.view(graph->index, path, &error);
  return error == NULL && holds_exactly(graph, entries);
}

static gboolean load_and_mend(VectorGraph *graph, const char *path, const GArray *before, const GraphEntries *entries) {
  const char *error = NULL;
  if (!start_index(graph, entries->dimensions)) return FALSE;
  graph->library.load(graph->index, path, &error);
  return error == NULL && graph->library.dimensions(graph->index, &error) == entries->dimensions && mend(graph, before, entries);
}

/* The one on disk, mended where need be, or one from nothing. */
static gboolean fit(VectorGraph *graph, const char *path, const GraphEntries *entries) {
  g_autoptr(GArray) before = read_keys(path), nothing = g_array_new(FALSE, FALSE, sizeof(guint64));
  gboolean same = before != NULL && before->len == entries->count &&
                  memcmp(before->data, entries->keys, (gsize)entries->count * sizeof(guint64)) == 0;
  if (same && view_file(graph, path, entries)) return TRUE;
  gboolean good = (before != NULL && load_and_mend(graph, path, before, entries)) ||
                  (start_index(graph, entries->dimensions) && mend(graph, nothing, entries));
  if (good) keep(graph, path, entries);
  return good;
}

VectorGraph *vector_graph_open(const char *library, const char *path, const GraphEntries *entries) {
  VectorGraph *graph = g_new0(VectorGraph, 1);
  pthread_mutex_init(&graph->lock, NULL);
  if (load_library(&graph->library, library) && fit(graph, path, entries)) return graph;
  g_warning("near neighbours are found by comparing with all: the library '%s' does not work", library);
  vector_graph_free(graph);
  return NULL;
}

guint vector_graph_search(VectorGraph *graph, const float *vector, guint limit, guint64 *keys) {
  g_autofree float *distances = g_new(float, limit);
  const char *error = NULL;
  pthread_mutex_lock(&graph->lock);
  size_t found = graph->library.search(graph->index, vector, KIND_FLOAT32, limit, keys, distances, &error);
  pthread_mutex_unlock(&graph->lock);
  return error == NULL ? (guint)found : 0;
}

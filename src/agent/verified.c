#include "agent/verified.h"

#include <string.h>

#include "agent/vectors.h"

#define GOLDEN_MAX_BYTES ((gsize)16 << 20)
#define FEEDBACK_MAX 2000

static void question_free(gpointer pointer) {
  VerifiedQuestion *question = pointer;
  g_free(question->question);
  json_decref(question->query);
  g_free(question);
}

typedef struct {
  GPtrArray *questions;
  GHashTable *seen; /* words of what was decided already, by the newest */
} Loading;

/* `query` NULL: the newest word about this question is that its answer was bad. */
static void add_question(Loading *loading, const char *question, const json_t *query, const char *origin) {
  if (question == NULL || !text_is_valid(question, strlen(question)) || loading->questions->len >= VERIFIED_MAX) return;
  if (!g_hash_table_add(loading->seen, verified_words(question)) || query == NULL) return;
  VerifiedQuestion *verified = g_new0(VerifiedQuestion, 1);
  verified->question = g_strdup(question);
  verified->query = json_deep_copy(query);
  verified->origin = origin;
  g_ptr_array_add(loading->questions, verified);
}

/* ---- thumbs ---- */

/* An answer that follows another means nothing by itself; but "the first", said to two readings, verifies the question that had them. */
static const char *question_alone(const json_t *trace) {
  if (json_get_string(trace, "after") == NULL) return json_get_string(trace, "question");
  const json_t *before = json_object_get(trace, "before"), *only = json_array_get(before, 0);
  gboolean was_asked_back = json_array_size(before) == 1 && !json_is_object(json_object_get(only, "query"));
  return was_asked_back ? json_get_string(only, "question") : NULL;
}

static void add_feedback(Loading *loading, AnswerService *answers, const AccessScope *scope) {
  g_autofree char *scope_key = access_scope_key(scope), *owner = agent_owner(scope);
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) records = store_list_records(answer_service_store(answers), STORE_FEEDBACK, scope_key, NULL, FEEDBACK_MAX, &error);
  if (records == NULL) g_warning("verified questions of users are left out: %s", error->message);
  for (gsize i = 0; i < json_array_size(records); i++) {
    const json_t *record = json_array_get(records, i), *trace = json_object_get(record, "trace"), *query = json_object_get(trace, "query");
    if (g_strcmp0(json_get_string(record, "owner"), owner) != 0) continue; /* who sees the same may still mean something else */
    gboolean good = g_strcmp0(json_get_string(record, "verdict"), "up") == 0;
    if (good && !json_is_object(query)) continue;
    add_question(loading, question_alone(trace), good ? query : NULL, "feedback");
  }
}

/* ---- golden files ---- */

static void add_golden_line(Loading *loading, const json_t *line) {
  const json_t *query = json_object_get(line, "query");
  const char *expect = json_get_string(line, "expect");
  if (!json_is_object(query) || json_get_string(line, "after") != NULL || (expect != NULL && strcmp(expect, "answered") != 0)) return;
  add_question(loading, json_get_string(line, "question"), query, "golden");
}

static void add_golden_file(Loading *loading, const char *path) {
  g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);
  if (file == NULL) return;
  gsize length = g_mapped_file_get_length(file);
  if (length > GOLDEN_MAX_BYTES) {
    g_warning("the golden file '%s' is too large to be read with every question; split it", path);
    return;
  }
  const char *at = g_mapped_file_get_contents(file), *end = at + length;
  guint broken = 0;
  while (at < end) {
    const char *newline = memchr(at, '\n', (gsize)(end - at)), *stop = newline != NULL ? newline : end;
    g_autoptr(json_t) line = stop > at ? json_parse(at, (gsize)(stop - at), NULL) : NULL;
    if (json_is_object(line)) add_golden_line(loading, line);
    else if (stop > at) broken++;
    at = stop + 1;
  }
  if (broken > 0) g_warning("%u lines of the golden file '%s' are no JSON objects; they were left out", broken, path);
}

static int compare_names(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_golden(Loading *loading, const char *workspace) {
  g_autofree char *single = g_build_filename(workspace, "golden.jsonl", NULL), *folder = g_build_filename(workspace, "golden", NULL);
  add_golden_file(loading, single);
  g_autoptr(GDir) files = g_dir_open(folder, 0, NULL);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  for (const char *name; files != NULL && (name = g_dir_read_name(files)) != NULL;)
    if (g_str_has_suffix(name, ".jsonl")) g_ptr_array_add(names, g_strdup(name));
  g_ptr_array_sort(names, compare_names);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *path = g_build_filename(folder, g_ptr_array_index(names, i), NULL);
    add_golden_file(loading, path);
  }
}

GPtrArray *verified_load(AnswerService *answers, const AccessScope *scope) {
  Loading loading = {g_ptr_array_new_with_free_func(question_free), g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
  add_feedback(&loading, answers, scope);
  add_golden(&loading, answer_service_workspace(answers));
  g_hash_table_unref(loading.seen);
  return loading.questions;
}

/* ---- the nearest ---- */

typedef struct {
  const VerifiedQuestion *question;
  double nearness;
} Scored;

static int compare_scores(gconstpointer a, gconstpointer b) {
  double left = ((const Scored *)a)->nearness, right = ((const Scored *)b)->nearness;
  return left < right ? 1 : left > right ? -1 : 0;
}

/* Share of the words of both that stand in both (Dice): 1: the same words. */
static double shared_words(char *const *words, const char *question) {
  g_autofree char *joined = verified_words(question);
  g_auto(GStrv) own = g_strsplit(joined, " ", -1);
  guint shared = 0, all = g_strv_length((char **)words) + g_strv_length(own);
  for (char *const *word = words; *word != NULL; word++) shared += g_strv_contains((const char *const *)own, *word);
  return all > 0 ? 2.0 * shared / all : 0;
}

GPtrArray *verified_near(const GPtrArray *questions, Embedder *embedder, const char *path, const char *text, guint limit) {
  g_autofree char *joined = verified_words(text);
  g_auto(GStrv) words = g_strsplit(joined, " ", -1);
  g_autoptr(GArray) scores = g_array_new(FALSE, FALSE, sizeof(Scored));
  g_autofree const char **texts = g_new(const char *, questions->len + 1);
  for (guint i = 0; i < questions->len; i++) {
    const VerifiedQuestion *question = g_ptr_array_index(questions, i);
    Scored scored = {question, shared_words(words, question->question)};
    texts[i] = question->question;
    g_array_append_val(scores, scored);
  }
  g_autoptr(VectorIndex) vectors = questions->len > 0 ? agent_vectors_open(embedder, path, texts, questions->len) : NULL;
  g_autoptr(GArray) hits = agent_vectors_near(vectors, embedder, text, 4 * limit);
  for (guint i = 0; i < hits->len; i++) {
    VectorHit hit = g_array_index(hits, VectorHit, i);
    g_array_index(scores, Scored, hit.entry).nearness += (double)hit.similarity;
  }
  g_array_sort(scores, compare_scores);
  GPtrArray *near = g_ptr_array_new();
  for (guint i = 0; i < scores->len && near->len < limit && g_array_index(scores, Scored, i).nearness > 0; i++)
    g_ptr_array_add(near, (gpointer)g_array_index(scores, Scored, i).question);
  return near;
}

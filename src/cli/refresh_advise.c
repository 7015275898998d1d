#include "cli/refresh_advise.h"

#include <stdio.h>

#include "query/rollup_advise.h"
#include "store/store.h"

#define LOG_PAGE 500
#define LOG_PAGES 40 /* the newest 20,000 answers */

typedef struct {
  Model *model;
  GHashTable *known; /* canonical text -> index + 1 in `asked` */
  GArray *asked;     /* of AskedQuery: different ones, with what they took in all */
} Asked;

static void asked_clear(Asked *asked) {
  model_unref(asked->model);
  g_clear_pointer(&asked->known, g_hash_table_unref);
  for (guint i = 0; asked->asked != NULL && i < asked->asked->len; i++)
    semantic_query_free(g_array_index(asked->asked, AskedQuery, i).query);
  g_clear_pointer(&asked->asked, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asked, asked_clear)

/* An answer of the log; what the model does not know any more is passed over. */
static void add_answer(Asked *asked, const json_t *answer) {
  const json_t *json = json_object_get(answer, "query");
  g_autoptr(SemanticQuery) query = json_is_object(json) ? semantic_query_from_json(json, NULL) : NULL;
  if (query == NULL || !semantic_query_validate(query, asked->model, NULL)) return;
  Day as_of = DAY_NONE;
  const char *day = json_get_string(answer, "as_of");
  if (day == NULL || !day_parse_iso(day, &as_of)) as_of = day_today();
  ResolveContext context = {as_of, asked->model->calendar};
  g_autoptr(SemanticQuery) resolved = semantic_query_resolve(query, asked->model, &context, NULL);
  if (resolved == NULL) return;
  g_autofree char *canonical = semantic_query_canonical(resolved);
  guint index = GPOINTER_TO_UINT(g_hash_table_lookup(asked->known, canonical));
  if (index == 0 && asked->asked->len < ROLLUP_ADVICE_QUERIES) {
    AskedQuery fresh = {g_steal_pointer(&resolved), 0};
    g_array_append_val(asked->asked, fresh);
    index = asked->asked->len;
    g_hash_table_insert(asked->known, g_steal_pointer(&canonical), GUINT_TO_POINTER(index));
  }
  if (index > 0) g_array_index(asked->asked, AskedQuery, index - 1).latency_us += json_get_int(answer, "latency_us", 0);
}

static gboolean read_log(Asked *asked, const char *workspace, GError **error) {
  g_autofree char *path = g_build_filename(workspace, "state", "aisle.db", NULL);
  g_autoptr(Store) store = store_open_sqlite(path, error);
  if (store == NULL) return FALSE;
  g_autoptr(AccessScope) everything = access_scope_new_local();
  g_autofree char *scope = access_scope_key(everything);
  StoreSearch search = {.scope_key = scope, .limit = LOG_PAGE};
  for (int page = 0; page < LOG_PAGES; page++) {
    g_autoptr(json_t) answers = store_search_answers(store, &search, error);
    if (answers == NULL) return FALSE;
    gsize n = json_array_size(answers);
    for (gsize i = 0; i < n; i++) add_answer(asked, json_array_get(answers, i));
    if (n < LOG_PAGE) return TRUE;
    search.before = json_get_int(json_array_get(answers, n - 1), "cursor", 0);
  }
  return TRUE;
}

static void print_list(const char *key, char **words) {
  printf("    %s: [", key);
  for (guint i = 0; words[i] != NULL; i++) printf("%s%s", i > 0 ? ", " : "", words[i]);
  printf("]\n");
}

gboolean refresh_advise(const char *workspace, GError **error) {
  g_auto(Asked) asked = {0};
  asked.model = model_load(workspace, error);
  if (asked.model == NULL) return FALSE;
  asked.known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  asked.asked = g_array_new(FALSE, FALSE, sizeof(AskedQuery));
  if (!read_log(&asked, workspace, error)) return FALSE;
  g_autoptr(GPtrArray) advice =
      rollup_advise(asked.model, (const AskedQuery *)(gpointer)asked.asked->data, asked.asked->len);
  if (advice->len == 0) {
    printf("of %u different questions none would be answered by a further rollup\n", asked.asked->len);
    return TRUE;
  }
  printf("rollups:\n");
  for (guint i = 0; i < advice->len; i++) {
    const RollupAdvice *proposed = g_ptr_array_index(advice, i);
    printf("  # would have answered %u of %u different questions, which took %.1f s\n  %s:\n    dataset: %s\n    "
           "grain: %s\n",
           proposed->answered, asked.asked->len, (double)proposed->latency_us / 1e6, proposed->definition->name,
           proposed->definition->dataset, time_unit_name(proposed->definition->grain));
    if (proposed->definition->dimensions[0] != NULL) print_list("dimensions", proposed->definition->dimensions);
    printf("    refresh: hourly\n");
  }
  return TRUE;
}

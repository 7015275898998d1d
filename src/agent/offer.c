/* Asking the person: "did you mean". What they choose is learnt (engineer.c). */
#include <string.h>

#include "agent/run.h"
#include "agent/service.h"
#include "agent/words.h"

#define OPTIONS_MAX 4
#define NEAR_NAMES 12

typedef struct {
  json_t *options; /* [{label, query}] */
  json_t *offered; /* [{words, query}] */
} Offer;

static gboolean is_offered(const Offer *offer, const json_t *query) {
  for (gsize i = 0; i < json_array_size(offer->offered); i++)
    if (json_equal(json_object_get(json_array_get(offer->offered, i), "query"), (json_t *)query)) return TRUE;
  return FALSE;
}

static void add_option(Offer *offer, const json_t *words, const json_t *read) {
  const json_t *query = json_object_get(read, "query");
  const char *label = json_get_string(read, "restatement");
  if (!json_is_object(query) || label == NULL || is_offered(offer, query)) return;
  json_array_append_new(offer->options, json_pack("{s:s, s:O}", "label", label, "query", query));
  json_array_append_new(offer->offered, json_pack("{s:O, s:O}", "words", words, "query", query));
}

/* Other things the one unknown word is near to, as far as rules read the question with them. */
static void add_near(AgentRun *run, const Part *part, const json_t *unknown, Offer *offer) {
  const char *text = json_get_string(json_array_get(unknown, 0), "text");
  g_autoptr(NameIndex) names = agent_service_names(run->service, run->request->ask.scope);
  g_autoptr(GPtrArray) near = name_index_near(names, text, NEAR_NAMES);
  for (guint i = 0; i < near->len && json_array_size(offer->options) < OPTIONS_MAX - 1; i++) {
    const Name *name = g_ptr_array_index(near, i);
    g_autoptr(json_t) words = json_pack("[{s:s, s:s, s:s}]", "text", text, "means", name->text, "evidence", "near");
    g_autofree char *rewritten = replace_unknown(part->asked, unknown, words);
    g_autoptr(json_t) read = rewritten != NULL ? run_ask(run, rewritten, FALSE, TRUE) : NULL;
    g_autoptr(json_t) left = unknown_words(read);
    if (json_array_size(left) == 0) add_option(offer, words, read);
  }
}

/* Kept like any answer, so that the next question may choose. */
static void keep_answer(const AgentRun *run, const json_t *answer) {
  const AccessScope *scope = run->request->ask.scope;
  g_autofree char *scope_key = access_scope_key(scope), *options = json_to_text(json_object_get(json_object_get(answer, "clarify"), "options"), JSON_PLAIN);
  StoreAnswer record = {.id = json_get_string(answer, "id"), .session = run->request->ask.session, .tenant = scope->tenant, .user = scope->user,
                        .scope_key = scope_key, .question = run->request->ask.question, .status = "clarify", .options_json = options,
                        .route = "model", .created_ms = g_get_real_time() / 1000, .cost = (double)run->cost_nano / 1e9};
  g_autoptr(GError) error = NULL;
  if (!store_put_answer(answer_service_store(agent_service_answers(run->service)), &record, &error)) g_warning("the answer could not be kept: %s", error->message);
}

/* The rules' answer, turned into a question. */
static json_t *clarify_answer(AgentRun *run, const json_t *unknown, json_t *options) {
  json_t *answer = json_deep_copy(run_rules_answer(run));
  GString *words = g_string_new(NULL);
  for (gsize i = 0; i < json_array_size(unknown); i++)
    g_string_append_printf(words, "%s'%s'", i > 0 ? " and " : "", json_get_string(json_array_get(unknown, i), "text"));
  g_autofree char *question = g_strdup_printf("The data does not call anything %s. Did you mean:", words->str), *id = answer_new_id();
  g_string_free(words, TRUE);
  json_object_set_new(answer, "id", json_string(id));
  json_object_set_new(answer, "status", json_string("clarify"));
  json_object_set_new(answer, "route", json_string("model"));
  json_object_set_new(answer, "reason", json_null());
  json_object_set_new(answer, "narrative", json_string(question));
  json_object_set_new(answer, "cost", json_real((double)run->cost_nano / 1e9));
  json_object_set_new(answer, "clarify", json_pack("{s:s, s:O}", "question", question, "options", options));
  return answer;
}

gboolean run_offer(AgentRun *run, Part *part, const json_t *unknown, const json_t *words, const json_t *read) {
  Offer offer = {json_array(), json_array()};
  add_option(&offer, words, read);
  if (json_array_size(unknown) == 1) add_near(run, part, unknown, &offer);
  gboolean good = json_array_size(offer.options) >= 2;
  if (good) {
    run->answer = clarify_answer(run, unknown, offer.options);
    keep_answer(run, run->answer);
    part->offered = json_incref(offer.offered);
    run_note(run, "words", json_incref((json_t *)words));
  }
  json_decref(offer.options);
  json_decref(offer.offered);
  return good;
}

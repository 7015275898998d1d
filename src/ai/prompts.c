#include "ai/prompts.h"

#include <string.h>

#include "ai/call.h"
#include "ai/facts.h"
#include "base/json_schema.h"

/* As the gateway judges an answer. */
static gboolean is_valid(const AiTemplate *template, const AiPayload *payload, const json_t *reply, GString *why) {
  if (template->output != NULL && !json_schema_holds(template->output, NULL, reply, "the answer", why)) return FALSE;
  if (!template->check_facts) return TRUE;
  g_autofree char *known = g_strconcat(template->instructions, "\n", template->system, NULL);
  g_autofree char *said = ai_facts_said(reply);
  return ai_facts_check(payload->sent, known, said, why).unsupported == 0;
}

static gboolean run_test(const AiTemplate *template, const json_t *test, int min_group, json_t *problems) {
  g_autoptr(GError) error = NULL;
  g_auto(AiPayload) payload = {0};
  const char *name = json_get_string(test, "name");
  g_autoptr(GString) why = g_string_new(NULL);
  g_autoptr(json_t) messages = ai_template_messages(template, json_object_get(test, "input"), min_group, &payload, &error);
  gboolean expected = json_get_bool(test, "valid", TRUE), refused = json_get_bool(test, "refused", FALSE), good;
  if (messages == NULL) {
    g_string_append(why, error->message);
    good = refused;
  } else {
    good = !refused && is_valid(template, &payload, json_object_get(test, "reply"), why) == expected;
  }
  if (!good) json_array_append_new(problems, json_pack("{s:s, s:s}", "test", name != NULL ? name : "", "why", why->len > 0 ? why->str : "it was held to be valid"));
  return good;
}

static gsize first_input_bytes(const AiTemplate *template, int min_group) {
  g_auto(AiPayload) payload = {0};
  g_autoptr(json_t) messages = ai_template_messages(template, json_object_get(json_array_get(template->tests, 0), "input"), min_group, &payload, NULL);
  const char *system = json_get_string(json_array_get(messages, 0), "content"), *user = json_get_string(json_array_get(messages, 1), "content");
  return (system != NULL ? strlen(system) : strlen(template->system) + strlen(template->instructions)) + (user != NULL ? strlen(user) : 0);
}

static void add_estimate(json_t *row, const AiConfig *config, const AiTemplate *template, gint64 tokens) {
  const AiLogical *logical = g_hash_table_lookup(config->models, template->model);
  if (logical == NULL) return;
  const GPtrArray *routes = logical->tiers[template->tier == AI_COMPLEXITY_COMPLEX ? 2 : template->tier == AI_COMPLEXITY_MODERATE ? 1 : 0];
  const AiRoute *route = g_ptr_array_index(routes, 0);
  AiUsage usage = {.input_tokens = tokens, .output_tokens = template->max_tokens > 0 ? template->max_tokens : route->max_output};
  AiAmounts cost;
  ai_route_cost(config, route, &usage, &cost);
  g_autofree char *text = ai_money_text(cost.amount[AI_UNIT_MONEY]);
  json_object_set_new(row, "most_cost", json_string(text));
}

/* What calls of this version really took. */
static void add_history(json_t *row, const json_t *history, const AiTemplate *template) {
  json_t *entry;
  gsize index;
  json_array_foreach((json_t *)history, index, entry) {
    if (g_strcmp0(json_get_string(entry, "template"), template->id) != 0 || g_strcmp0(json_get_string(entry, "version"), template->version) != 0) continue;
    gint64 calls = json_get_int(entry, "calls", 0);
    json_object_set_new(row, "calls", json_integer(calls));
    json_object_set_new(row, "mean_tokens", json_integer(calls > 0 ? (json_get_int(entry, "input_tokens", 0) + json_get_int(entry, "output_tokens", 0)) / calls : 0));
    json_object_set(row, "cost", json_object_get(entry, "cost"));
  }
}

static json_t *report_of(const AiConfig *config, const AiTemplate *template, const json_t *history, gboolean *passed) {
  json_t *problems = json_array(), *test;
  int failed = 0;
  gsize index;
  json_array_foreach(template->tests, index, test) failed += !run_test(template, test, config->min_group, problems);
  *passed = *passed && failed == 0;
  gint64 tokens = ai_tokens_estimate(first_input_bytes(template, config->min_group));
  json_t *row = json_pack("{s:s, s:s, s:s, s:I, s:i, s:i, s:o}", "template", template->id, "version", template->version, "model", template->model, "tokens",
                          (json_int_t)tokens, "tests", (int)json_array_size(template->tests), "failed", failed, "problems", problems);
  add_estimate(row, config, template, tokens);
  add_history(row, history, template);
  return row;
}

json_t *ai_prompts_report(const char *config_path, const char *records_path, const char *only, gboolean *passed, GError **error) {
  g_autoptr(AiConfig) config = ai_config_stamp(config_path) != 0 ? ai_config_load(config_path, error) : ai_config_new_empty(config_path);
  if (config == NULL) return NULL;
  g_autoptr(AiTemplates) templates = ai_templates_load(config->prompts, error);
  if (templates == NULL) return NULL;
  g_autoptr(json_t) history = g_file_test(records_path, G_FILE_TEST_EXISTS) ? ai_records_costs(records_path, "template,version", 0, NULL) : NULL;
  g_autoptr(GPtrArray) all = ai_templates_all(templates);
  json_t *rows = json_array();
  for (guint i = 0; i < all->len; i++) {
    const AiTemplate *template = g_ptr_array_index(all, i);
    if (only == NULL || strcmp(only, template->id) == 0) json_array_append_new(rows, report_of(config, template, history, passed));
  }
  return rows;
}

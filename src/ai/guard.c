#include "ai/guard.h"

#include <string.h>

#include "ai/facts.h"
#include "base/json_schema.h"
#include "ai/redact.h"

/* ---- before ---- */

static void tell_redacted(AiCall *call, guint found, guint32 kinds) {
  g_autoptr(GString) names = g_string_new(NULL);
  for (guint i = 0; ai_redact_kind(i) != NULL; i++)
    if (kinds & (1u << i)) g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", ai_redact_kind(i));
  g_autofree char *detail = g_strdup_printf("%u: %s", found, names->str);
  ai_call_verdict(call, "personal_data", "redacted", detail);
}

/* Only what is sent: a call may still be answered from what the caller gave. */
static void redact(AiCall *call) {
  static const char *const PARTS[] = {"messages", "input", "tools", "user"};
  guint found = 0;
  guint32 kinds = 0;
  for (guint i = 0; i < G_N_ELEMENTS(PARTS); i++) {
    json_t *part = json_object_get(call->chat, PARTS[i]);
    guint one = 0;
    if (part == NULL) continue;
    if (json_is_string(part)) {
      g_autofree char *text = ai_redact(call->gateway->redactor, json_string_value(part), &one, &kinds);
      if (text != NULL) json_object_set_new(call->chat, PARTS[i], json_string(text));
    } else {
      one = ai_redact_json(call->gateway->redactor, part, &kinds);
    }
    found += one;
  }
  if (found > 0) tell_redacted(call, found, kinds);
}

gboolean ai_guard_before(AiCall *call, GError **error) {
  gint64 bytes = ai_tokens_bound(call->chat);
  if (ai_tokens_estimate((gsize)bytes) > call->config->max_input_tokens) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "the request has about %" G_GINT64_FORMAT " tokens; at most %d are sent",
                ai_tokens_estimate((gsize)bytes), call->config->max_input_tokens);
    return FALSE;
  }
  if (call->config->redact) redact(call);
  return TRUE;
}

/* ---- after ---- */

const char *ai_guard_json_part(const char *text, gsize *length) {
  const char *start = text + strspn(text, " \t\r\n"), *line = g_str_has_prefix(start, "```") ? strchr(start, '\n') : NULL;
  if (line != NULL) start = line + 1;
  *length = strlen(start);
  while (*length > 0 && (g_ascii_isspace(start[*length - 1]) || start[*length - 1] == '`')) (*length)--;
  return start;
}

static json_t *parse_answer(const char *text) {
  gsize length;
  const char *part = ai_guard_json_part(text, &length);
  return json_parse(part, length, NULL);
}

static gboolean check_schema(AiCall *call, const char *text, GString *problems) {
  if (call->schema == NULL) return TRUE;
  json_decref(call->out.json);
  call->out.json = parse_answer(text);
  if (call->out.json == NULL) {
    g_string_append(problems, "The answer must be one JSON value and nothing else.\n");
    return FALSE;
  }
  if (json_schema_holds(call->schema, NULL, call->out.json, "the answer", problems)) return TRUE;
  json_decref(call->out.json);
  call->out.json = NULL;
  g_string_append(problems, "Answer again with JSON that meets the schema, and nothing else.\n");
  return FALSE;
}

gboolean ai_guard_passes_on(const AiCall *call, const char *text) {
  for (guint i = 0; i < call->config->refused->len; i++)
    if (g_regex_match(g_ptr_array_index(call->config->refused, i), text, 0, NULL)) return FALSE;
  return call->gateway->filter == NULL || call->gateway->filter(text, call->gateway->filter_data);
}

static gboolean check_facts(AiCall *call, const char *text, GString *problems) {
  if (!call->check_facts || call->input == NULL) return TRUE;
  g_autofree char *said = call->out.json != NULL ? ai_facts_said(call->out.json) : g_strdup(text);
  g_autofree char *known = call->template != NULL ? g_strconcat(call->template->instructions, "\n", call->template->system, NULL) : NULL;
  AiFacts facts = ai_facts_check(call->input, known, said, problems);
  call->out.consistency = facts.score;
  if (facts.unsupported == 0) {
    ai_call_verdict(call, "facts", "pass", NULL);
    return TRUE;
  }
  g_string_append(problems, "Use only numbers, names and directions that stand in the data. Write the whole answer again.\n");
  return FALSE;
}

AiGuardOutcome ai_guard_after(AiCall *call, const char *text, GString *problems) {
  if (!ai_guard_passes_on(call, text)) {
    g_string_append(problems, "it holds content that is not passed on");
    return AI_GUARD_REFUSE;
  }
  return check_schema(call, text, problems) && check_facts(call, text, problems) ? AI_GUARD_PASS : AI_GUARD_REPAIR;
}

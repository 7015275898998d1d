/*
 * Prompt templates: files prompts/<id>.yaml, versioned, released by ai.yaml, independent of the program.
 *
 *   id: narrate
 *   versions:
 *     "2":
 *       model: summary            # logical model
 *       tier: simple              # optional
 *       system: |  ...            # static; stands first, so that providers may cache it
 *       instructions: |  ...      # apart from data
 *       input: {JSON Schema}      # what may be sent
 *       output: {JSON Schema}     # what must come back; absent: free text
 *       data: [{path: rows, as: hierarchy|table|text, by: [category, subcategory], values: [revenue], count: orders, units: {..}}]
 *       definitions: {revenue: net of returns}
 *       max_tokens: 400
 *       temperature: 0
 *       check_facts: true
 *     tests: [{name, input, reply, valid, ...}]
 *
 * The payload is built here and only here: rows leave only as aggregates over at least k source rows (`count` names the
 * field that says how many; smaller groups are left out and counted), strings that came from data are quoted as
 * untrusted, filler words are dropped from instructions. Immutable once loaded, reference counted.
 */
#pragma once
#include "ai/config.h"

typedef struct AiTemplates AiTemplates;
typedef struct AiTemplate AiTemplate;

struct AiTemplate {
  char *id, *version, *model, *system, *instructions;
  AiComplexity tier;
  json_t *input, *output, *blocks, *definitions, *tests;
  int max_tokens;
  double temperature; /* < 0: the route's */
  gboolean check_facts;
};

/* `folder` NULL or missing: only those inside the program. BAD_MODEL with file and place. (transfer full) */
AiTemplates *ai_templates_load(const char *folder, GError **error);
AiTemplates *ai_templates_ref(AiTemplates *templates);
void ai_templates_unref(AiTemplates *templates);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AiTemplates, ai_templates_unref)
void ai_templates_forgive(AiTemplates *templates); /* what was written since is not asked about again */
gboolean ai_templates_changed(const AiTemplates *templates); /* a file of the folder was written since */
/* `version` NULL: the newest. NOT_FOUND. (transfer none) */
const AiTemplate *ai_templates_find(const AiTemplates *templates, const char *id, const char *version, GError **error);
GPtrArray *ai_templates_all(const AiTemplates *templates); /* (transfer container) of AiTemplate*, by id and version */

typedef struct {
  int rows_sent, rows_left_out; /* groups below k */
  json_t *sent;                 /* the data as it was sent: what facts are checked against (owned) */
} AiPayload;
void ai_payload_clear(AiPayload *payload);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AiPayload, ai_payload_clear)
/*
 * Messages of a template with its input. BAD_INPUT where the input does not meet the schema, BLOCKED where rows have no
 * count or a field that is not declared. (transfer full)
 */
json_t *ai_template_messages(const AiTemplate *template, const json_t *input, int min_group, AiPayload *payload, GError **error);

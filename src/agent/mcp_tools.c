/* Tools: what they take, and what they give. A tool that fails says so in its result, for the model to read. */
#include <string.h>

#include "agent/mcp_private.h"
#include "base/embedded.h"

#define VALUES_DEFAULT 10
#define VALUES_MAX 100
#define QUESTION_MAX 2000

typedef enum { ARGUMENT_NONE, ARGUMENT_TEXT, ARGUMENT_INTEGER, ARGUMENT_OBJECT, ARGUMENT_TIME } ArgumentKind;
typedef struct {
  const char *name;
  ArgumentKind kind;
  gboolean required;
  gint64 maximum; /* of a number, or of a text's bytes */
  const char *description;
} Argument;

#define TOOL_MAX_ARGUMENTS 6
typedef struct {
  const char *name, *title, *description;
  Argument arguments[TOOL_MAX_ARGUMENTS];
  json_t *(*run)(McpCall *call, const json_t *arguments, GError **error); /* structured content */
} Tool;

#define ARGUMENT_AS_OF {"as_of", ARGUMENT_TEXT, FALSE, 10, "The day that counts as today, YYYY-MM-DD; moves the calendar only."}
#define ARGUMENT_ROWS {"max_rows", ARGUMENT_INTEGER, FALSE, MCP_MAX_ROWS, "Rows of the result at most (200)."}

/* ---- what they do ---- */

static gboolean read_as_of(const McpCall *call, const json_t *arguments, Day *out, GError **error) {
  const char *text = json_get_string(arguments, "as_of");
  *out = call->server->as_of;
  if (text == NULL || day_parse_iso(text, out)) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "'%s' is not a date; write it as YYYY-MM-DD", text);
  return FALSE;
}

static void tell_step(gpointer call, const char *step, gint64 number, const json_t *detail) {
  (void)number;
  (void)detail;
  mcp_tell_progress(call, step);
}

static void tell_stage(gpointer call, const char *stage, const json_t *part) {
  (void)part;
  mcp_tell_progress(call, stage);
}

/* The answer, but for what only pictures need. */
static json_t *run_request(McpCall *call, const json_t *arguments, const char *question, const json_t *query, GError **error) {
  AnswerRequest request = {.question = question, .query = query, .scope = call->server->scope, .deadline = call->deadline,
                           .after = json_get_string(arguments, "after"), .max_rows = (gsize)json_get_int(arguments, "max_rows", MCP_DEFAULT_ROWS),
                           .sink = tell_stage, .sink_data = call};
  if (!read_as_of(call, arguments, &request.as_of, error)) return NULL;
  AgentRequest in_steps = {.ask = request, .allow_model = TRUE, .max_cost_nano = MCP_QUESTION_NANO, .on_event = tell_step, .on_event_data = call};
  json_t *answer = call->server->agents != NULL ? agent_run(call->server->agents, &in_steps) : answer_ask(call->server->service, &request);
  json_object_del(answer, "chart");
  return answer;
}

static json_t *tool_ask(McpCall *call, const json_t *arguments, GError **error) {
  return run_request(call, arguments, json_get_string(arguments, "question"), NULL, error);
}

static json_t *tool_semantic_query(McpCall *call, const json_t *arguments, GError **error) {
  return run_request(call, arguments, NULL, json_object_get(arguments, "query"), error);
}

static json_t *tool_explain_change(McpCall *call, const json_t *arguments, GError **error) {
  const json_t *period = json_object_get(arguments, "period"), *baseline = json_object_get(arguments, "baseline");
  g_autoptr(json_t) query = json_pack("{s:[s], s:s, s:O}", "metrics", json_get_string(arguments, "metric"), "analysis", "drivers", "time", period);
  json_object_set_new(query, "compare",
                      baseline != NULL ? json_pack("{s:s, s:O}", "kind", "periods", "baseline", baseline) : json_pack("{s:s}", "kind", "previous"));
  return run_request(call, arguments, NULL, query, error);
}

static json_t *tool_describe_model(McpCall *call, const json_t *arguments, GError **error) {
  json_t *model = mcp_describe(call->server, json_get_string(arguments, "dataset"));
  if (model == NULL)
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "there is no such dataset; without `dataset` all are listed");
  return model;
}

static const char *match_name(ValueMatch match) {
  static const char *const names[] = {"exact", "folded", "code", "inflected", "abbreviation", "prefix", "typo"};
  return (guint)match < G_N_ELEMENTS(names) ? names[match] : "near";
}

static void append_hits(json_t *values, GPtrArray *hits, const Field *only, guint limit) {
  for (guint i = 0; i < hits->len && json_array_size(values) < limit; i++) {
    const ValueHit *hit = g_ptr_array_index(hits, i);
    if (only != NULL && only != hit->field) continue;
    g_autofree char *field = g_strconcat(hit->field->dataset, ".", hit->field->name, NULL);
    gboolean there = FALSE;
    for (gsize j = 0; j < json_array_size(values) && !there; j++)
      there = strcmp(json_get_string(json_array_get(values, j), "field"), field) == 0 &&
              strcmp(json_get_string(json_array_get(values, j), "value"), hit->value) == 0;
    if (!there)
      json_array_append_new(values, json_pack("{s:s, s:s, s:s, s:I, s:s}", "field", field, "label", hit->field->label, "value", hit->value,
                                              "rows", (json_int_t)hit->rows, "match", match_name(hit->match)));
  }
}

static json_t *tool_search_values(McpCall *call, const json_t *arguments, GError **error) {
  const char *text = json_get_string(arguments, "text"), *name = json_get_string(arguments, "field");
  guint limit = (guint)json_get_int(arguments, "limit", VALUES_DEFAULT);
  g_autoptr(ValueIndex) index = NULL;
  g_autoptr(Model) visible = NULL;
  if (!answer_service_visible(call->server->service, call->server->scope, &visible, &index, error)) return NULL;
  const Field *field = name != NULL ? model_find_field(visible, name) : NULL;
  if (name != NULL && field == NULL) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "the model has no such field; describe_model lists them");
    return NULL;
  }
  json_t *values = json_array();
  g_autoptr(GPtrArray) found = field != NULL ? value_index_of_field(index, field, text, limit) : value_index_find(index, text);
  append_hits(values, found, NULL, limit);
  if (field == NULL) {
    g_autoptr(GPtrArray) near = value_index_near(index, text, limit);
    append_hits(values, near, NULL, limit);
  }
  return json_pack("{s:o}", "values", values);
}

static const Tool TOOLS[] = {
    {"ask", "Ask a question", "Answers a question in English about the company's data: numbers, rankings, comparisons, trends, shares, "
     "why something changed. The status is answered, clarify (choose one of the options) or refused (the data cannot say).",
     {{"question", ARGUMENT_TEXT, TRUE, QUESTION_MAX, "As to a colleague: \"sales by region last quarter\"."},
      {"after", ARGUMENT_TEXT, FALSE, 64, "Id of the answer this question follows."}, ARGUMENT_AS_OF, ARGUMENT_ROWS}, tool_ask},
    {"semantic_query", "Run a semantic query", "Runs a question given as data, with names of the model (describe_model). It is checked; "
     "what does not fit is refused with the place and the reason.",
     {{"query", ARGUMENT_OBJECT, TRUE, 0, "Metrics by dimensions, with time, filters, comparison, order, limit."}, ARGUMENT_AS_OF, ARGUMENT_ROWS},
     tool_semantic_query},
    {"describe_model", "Describe the model", "What the data means: metrics, dimensions, entities, row conditions, and the dates the data spans.",
     {{"dataset", ARGUMENT_TEXT, FALSE, 200, "Only this dataset."}}, tool_describe_model},
    {"search_values", "Search values", "Which values of the data are meant by a text: names of products, regions, customers.",
     {{"text", ARGUMENT_TEXT, TRUE, 200, "What to look for."}, {"field", ARGUMENT_TEXT, FALSE, 200, "Only in this field."},
      {"limit", ARGUMENT_INTEGER, FALSE, VALUES_MAX, "Values at most (10)."}}, tool_search_values},
    {"explain_change", "Explain a change", "Why an additive metric changed between two periods: the members of every dimension with their "
     "part of the change.",
     {{"metric", ARGUMENT_TEXT, TRUE, 200, "Name of a metric of the model."},
      {"period", ARGUMENT_TIME, TRUE, 0, "{\"from\", \"to\"} (half open) or {\"unit\", \"offset\", \"count\"}."},
      {"baseline", ARGUMENT_TIME, FALSE, 0, "What to compare with; the previous period of the same kind."}, ARGUMENT_AS_OF}, tool_explain_change},
};

/* ---- their description ---- */

static json_t *query_schema(void) {
  const EmbeddedFile *file = embedded_file_find("semantic_query.json");
  return file != NULL ? json_parse(file->bytes, file->length, NULL) : NULL;
}

static json_t *argument_schema(const Argument *argument, const json_t *queries) {
  json_t *schema = NULL;
  if (argument->kind == ARGUMENT_TEXT) schema = json_pack("{s:s, s:I}", "type", "string", "maxLength", (json_int_t)argument->maximum);
  if (argument->kind == ARGUMENT_INTEGER)
    schema = json_pack("{s:s, s:i, s:I}", "type", "integer", "minimum", 1, "maximum", (json_int_t)argument->maximum);
  if (argument->kind == ARGUMENT_TIME) schema = json_deep_copy(json_object_get(json_object_get(queries, "$defs"), "time"));
  if (argument->kind == ARGUMENT_OBJECT) {
    schema = json_deep_copy(queries);
    static const char *const outer[] = {"$schema", "$id", "$defs", "title"};
    for (guint i = 0; i < G_N_ELEMENTS(outer); i++) json_object_del(schema, outer[i]);
  }
  json_object_set_new(schema, "description", json_string(argument->description));
  return schema;
}

/* References inside the query's schema start at the root, so its definitions go there. */
static json_t *input_schema(const Tool *tool, const json_t *queries) {
  json_t *properties = json_object(), *required = json_array();
  json_t *schema = json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required", required, "additionalProperties", 0);
  for (guint i = 0; i < TOOL_MAX_ARGUMENTS && tool->arguments[i].kind != ARGUMENT_NONE; i++) {
    const Argument *argument = &tool->arguments[i];
    json_object_set_new(properties, argument->name, argument_schema(argument, queries));
    if (argument->required) json_array_append_new(required, json_string(argument->name));
    if (argument->kind >= ARGUMENT_OBJECT) json_object_set(schema, "$defs", json_object_get(queries, "$defs"));
  }
  return schema;
}

json_t *mcp_list_tools(McpCall *call) {
  g_autoptr(json_t) queries = query_schema();
  if (queries == NULL) return mcp_fault(call, RPC_INTERNAL, "the schema of semantic queries is missing");
  json_t *tools = json_array();
  for (guint i = 0; i < G_N_ELEMENTS(TOOLS); i++)
    json_array_append_new(tools, json_pack("{s:s, s:s, s:s, s:o, s:{s:b, s:b, s:b, s:b}}", "name", TOOLS[i].name, "title", TOOLS[i].title,
                                           "description", TOOLS[i].description, "inputSchema", input_schema(&TOOLS[i], queries), "annotations",
                                           "readOnlyHint", 1, "destructiveHint", 0, "idempotentHint", 1, "openWorldHint", 0));
  return json_pack("{s:o}", "tools", tools);
}

/* ---- calling one ---- */

static gboolean argument_fits(const Argument *argument, const json_t *value) {
  switch (argument->kind) {
  case ARGUMENT_TEXT:
    return json_is_string(value) && json_string_length(value) > 0 && (gint64)json_string_length(value) <= argument->maximum &&
           text_is_valid(json_string_value(value), json_string_length(value));
  case ARGUMENT_INTEGER: return json_is_integer(value) && json_integer_value(value) >= 1 && json_integer_value(value) <= argument->maximum;
  case ARGUMENT_OBJECT:
  case ARGUMENT_TIME: return json_is_object(value);
  case ARGUMENT_NONE: break;
  }
  return FALSE;
}

static const Argument *find_argument(const Tool *tool, const char *name) {
  for (guint i = 0; i < TOOL_MAX_ARGUMENTS && tool->arguments[i].kind != ARGUMENT_NONE; i++)
    if (strcmp(tool->arguments[i].name, name) == 0) return &tool->arguments[i];
  return NULL;
}

static gboolean check_arguments(const Tool *tool, const json_t *arguments, GError **error) {
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)arguments, name, value) {
    const Argument *argument = find_argument(tool, name);
    if (argument == NULL || !argument_fits(argument, value)) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, argument == NULL ? "there is no argument '%s'" : "'%s' does not have the form its schema says", name);
      return FALSE;
    }
  }
  for (guint i = 0; i < TOOL_MAX_ARGUMENTS && tool->arguments[i].kind != ARGUMENT_NONE; i++)
    if (tool->arguments[i].required && json_object_get(arguments, tool->arguments[i].name) == NULL) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "'%s' is missing", tool->arguments[i].name);
      return FALSE;
    }
  return TRUE;
}

json_t *mcp_call_tool(McpCall *call) {
  const char *name = json_get_string(call->params, "name");
  const Tool *tool = NULL;
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS(TOOLS); i++)
    if (strcmp(TOOLS[i].name, name) == 0) tool = &TOOLS[i];
  if (tool == NULL) return mcp_fault(call, RPC_PARAMS, "there is no such tool");
  const json_t *given = json_object_get(call->params, "arguments");
  if (given != NULL && !json_is_object(given)) return mcp_fault(call, RPC_PARAMS, "arguments must be an object");
  g_autoptr(json_t) arguments = given != NULL ? json_incref((json_t *)given) : json_object();
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) content = check_arguments(tool, arguments, &error) ? tool->run(call, arguments, &error) : NULL;
  gboolean failed = content == NULL || g_strcmp0(json_get_string(content, "status"), "failed") == 0;
  g_autofree char *text = content != NULL ? json_to_text(content, JSON_PLAIN) : g_strdup(error->message);
  json_t *result = json_pack("{s:[{s:s, s:s}], s:b}", "content", "type", "text", "text", text, "isError", failed);
  if (content != NULL) json_object_set(result, "structuredContent", content);
  return result;
}

/* What leaves for a template: only aggregates over enough rows, only what is declared, and no planted text as anything but a
 * value. The corpus of planted instructions is tests/data/ai/injections.jsonl. */
#include <glib/gstdio.h>
#include <string.h>

#include "ai/template.h"

static const char TEMPLATE[] =
    "id: t\nversions:\n  '2':\n    model: m\n    system: You please summarise.\n    instructions: Say   really what the data says.\n"
    "    input: {type: object, required: [question], properties: {question: {type: string, maxLength: 4000}, rows: {type: array}, total: {type: number}, list: {}}}\n"
    "    data:\n      - {path: question, as: text}\n      - {path: total, as: text}\n      - {path: list, as: text}\n"
    "      - {path: rows, as: hierarchy, by: [category, product], values: [sales], count: n, units: {sales: EUR}}\n"
    "    definitions: {sales: net of returns}\n"
    "  '10': {model: m, instructions: Newer., input: {type: object}, data: []}\n";

typedef struct {
  char *folder, *path;
  AiTemplates *templates;
  const AiTemplate *template;
} Fixture;

static Fixture set_up(void) {
  Fixture fixture = {.folder = g_dir_make_tmp("aisle-payload-XXXXXX", NULL)};
  fixture.path = g_build_filename(fixture.folder, "t.yaml", NULL);
  g_assert_true(g_file_set_contents(fixture.path, TEMPLATE, -1, NULL));
  g_autoptr(GError) error = NULL;
  fixture.templates = ai_templates_load(fixture.folder, &error);
  g_assert_no_error(error);
  fixture.template = ai_templates_find(fixture.templates, "t", "2", &error);
  g_assert_no_error(error);
  return fixture;
}

static void tear_down(Fixture *fixture) {
  ai_templates_unref(fixture->templates);
  g_unlink(fixture->path);
  g_rmdir(fixture->folder);
  g_free(fixture->path);
  g_free(fixture->folder);
}

static json_t *parsed(const char *text) {
  g_autoptr(GError) error = NULL;
  json_t *value = json_parse(text, strlen(text), &error);
  g_assert_no_error(error);
  return value;
}

static const char *content(const json_t *messages, gsize index) {
  return json_get_string(json_array_get(messages, index), "content");
}

static void test_form(void) {
  Fixture fixture = set_up();
  g_autoptr(json_t) input = parsed("{\"question\": \"How?\", \"total\": 12.5, \"rows\": [{\"category\": \"A\", \"product\": \"x\", \"sales\": 3, \"n\": 9, \"customer\": \"Ann\"},"
                                   "{\"category\": \"A\", \"product\": \"y\", \"sales\": 4, \"n\": 5}, {\"category\": \"B\", \"product\": \"z\", \"sales\": 5, \"n\": 4}]}");
  g_auto(AiPayload) payload = {0};
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) messages = ai_template_messages(fixture.template, input, 5, &payload, &error);
  g_assert_no_error(error);
  g_assert_cmpint(payload.rows_sent, ==, 2);
  g_assert_cmpint(payload.rows_left_out, ==, 1);
  g_assert_nonnull(strstr(content(messages, 0), "You summarise.\nSay what the data says."));
  g_assert_nonnull(strstr(content(messages, 0), "sales: net of returns"));
  g_assert_nonnull(strstr(content(messages, 1), "\"A\"\n  \"x\"\n    sales 3 EUR\n  \"y\"\n    sales 4 EUR\n"));
  g_assert_null(strstr(content(messages, 1), "\"z\""));
  g_assert_null(strstr(content(messages, 1), "Ann"));
  g_autofree char *sent = json_to_text(payload.sent, JSON_SORTED);
  g_assert_null(strstr(sent, "Ann"));
  g_assert_null(strstr(sent, "\"z\""));
  tear_down(&fixture);
}

static void test_refusals(void) {
  static const struct {
    const char *input;
    AisleErrorCode code;
  } CASES[] = {
      {"{\"question\": \"?\", \"rows\": [{\"category\": \"A\", \"sales\": 1}]}", AISLE_ERROR_BLOCKED},
      {"{\"question\": \"?\", \"rows\": [{\"category\": \"A\", \"sales\": 1, \"n\": \"9\"}]}", AISLE_ERROR_BLOCKED},
      {"{\"question\": \"?\", \"orders\": [{\"id\": 1}]}", AISLE_ERROR_BLOCKED},
      {"{\"question\": \"?\", \"secret\": 1}", AISLE_ERROR_BLOCKED},
      {"{\"question\": \"?\", \"list\": [{\"id\": 1}]}", AISLE_ERROR_BLOCKED},
      {"{\"question\": \"?\", \"list\": [[1]]}", AISLE_ERROR_BLOCKED},
      {"{\"question\": \"?\", \"list\": {\"a\": [1]}}", AISLE_ERROR_BLOCKED},
      {"{\"rows\": []}", AISLE_ERROR_BAD_INPUT},
      {"{\"question\": 1}", AISLE_ERROR_BAD_INPUT},
      {"[]", AISLE_ERROR_BAD_INPUT},
  };
  Fixture fixture = set_up();
  for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
    g_autoptr(json_t) input = parsed(CASES[i].input);
    g_auto(AiPayload) payload = {0};
    g_autoptr(GError) error = NULL;
    g_assert_null(ai_template_messages(fixture.template, input, 5, &payload, &error));
    g_assert_error(error, AISLE_ERROR, (gint)CASES[i].code);
  }
  tear_down(&fixture);
}

static guint occurrences(const char *text, const char *what) {
  guint n = 0;
  for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what)) n++;
  return n;
}

/* A planted text stays one JSON string on one line between marks it cannot write, and never reaches the system message. */
static void check_planted(const Fixture *fixture, const char *planted) {
  g_autoptr(json_t) input = json_pack("{s:s, s:[{s:s, s:s, s:i, s:i}]}", "question", planted, "rows", "category", planted, "product", planted, "sales", 3, "n", 9);
  g_autoptr(json_t) harmless = parsed("{\"question\": \"x\", \"rows\": [{\"category\": \"x\", \"product\": \"x\", \"sales\": 3, \"n\": 9}]}");
  g_auto(AiPayload) payload = {0}, other = {0};
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) messages = ai_template_messages(fixture->template, input, 5, &payload, &error);
  g_assert_no_error(error);
  g_autoptr(json_t) plain = ai_template_messages(fixture->template, harmless, 5, &other, &error);
  g_assert_cmpuint(json_array_size(messages), ==, 2);
  g_assert_cmpstr(content(messages, 0), ==, content(plain, 0));
  const char *user = content(messages, 1);
  g_assert_cmpuint(occurrences(user, "\n"), ==, occurrences(content(plain, 1), "\n"));
  g_assert_cmpuint(occurrences(user, "<"), ==, 2);
  g_assert_cmpuint(occurrences(user, ">"), ==, 2);
  g_assert_true(g_str_has_prefix(user, "<data-"));
  g_autofree char *mark = g_strndup(user + 1, strcspn(user + 1, ">"));
  g_assert_null(strstr(planted, mark));
  /* And it is still the value it was. */
  const char *line = strstr(user, "question:\n") + strlen("question:\n");
  g_autofree char *quoted = g_strndup(line, strcspn(line, "\n"));
  g_autofree char *list = g_strdup_printf("[%s]", quoted);
  g_autoptr(json_t) back = parsed(list);
  g_assert_cmpstr(json_string_value(json_array_get(back, 0)), ==, planted);
}

static void test_injections(void) {
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents("tests/data/ai/injections.jsonl", &text, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  Fixture fixture = set_up();
  guint n = 0;
  for (guint i = 0; lines[i] != NULL; i++) {
    if (*lines[i] == '\0') continue;
    g_autofree char *list = g_strdup_printf("[%s]", lines[i]);
    g_autoptr(json_t) value = parsed(list);
    check_planted(&fixture, json_string_value(json_array_get(value, 0)));
    n++;
  }
  g_assert_cmpuint(n, >=, 150);
  tear_down(&fixture);
}

static void test_versions(void) {
  Fixture fixture = set_up();
  g_autoptr(GError) error = NULL;
  g_assert_cmpstr(ai_templates_find(fixture.templates, "t", NULL, &error)->version, ==, "10");
  g_assert_null(ai_templates_find(fixture.templates, "t", "3", &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_assert_false(ai_templates_changed(fixture.templates));
  g_assert_true(g_file_set_contents(fixture.path, "id: t\n", -1, NULL));
  g_assert_true(ai_templates_changed(fixture.templates));
  g_clear_error(&error);
  g_assert_null(ai_templates_load(fixture.folder, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL);
  tear_down(&fixture);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ai/payload/form", test_form);
  g_test_add_func("/ai/payload/refusals", test_refusals);
  g_test_add_func("/ai/payload/injections", test_injections);
  g_test_add_func("/ai/payload/versions", test_versions);
  return g_test_run();
}

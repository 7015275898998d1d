/* What may not leave is replaced, what looks like it is not. Cases: tests/data/ai/redact.jsonl. */
#include <string.h>

#include "ai/redact.h"

static void test_cases(void) {
  g_autofree char *content = NULL;
  g_assert_true(g_file_get_contents("tests/data/ai/redact.jsonl", &content, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
  AiRedactor *redactor = ai_redactor_new();
  guint n = 0, failed = 0;
  for (guint i = 0; lines[i] != NULL; i++) {
    if (*lines[i] == '\0') continue;
    g_autoptr(json_t) test = json_parse(lines[i], strlen(lines[i]), NULL);
    g_assert_nonnull(test);
    guint found;
    const char *text = json_get_string(test, "text");
    g_autofree char *out = ai_redact(redactor, text, &found, NULL);
    if (strcmp(out != NULL ? out : text, json_get_string(test, "out")) != 0) g_test_message("%s -> %s", text, out), failed++;
    g_assert_cmpint(found > 0, ==, strcmp(text, json_get_string(test, "out")) != 0);
    n++;
  }
  g_assert_cmpuint(n, >=, 100);
  g_assert_cmpuint(failed, ==, 0);
  ai_redactor_free(redactor);
}

/* A long run of what names may hold is looked at once, not from each of its letters. */
static void test_long_runs(void) {
  AiRedactor *redactor = ai_redactor_new();
  g_autoptr(GString) text = g_string_new("blob_");
  for (guint i = 0; i < 400000; i++) g_string_append_c(text, "0a.9-f_c"[i % 8]);
  g_string_append(text, " password=hunter2");
  guint found = 0;
  g_autofree char *out = ai_redact(redactor, text->str, &found, NULL);
  g_assert_cmpuint(found, >=, 1);
  g_assert_null(strstr(out, "hunter2"));
  ai_redactor_free(redactor);
}

static void test_json(void) {
  AiRedactor *redactor = ai_redactor_new();
  g_autoptr(json_t) value = json_pack("{s:[{s:s, s:i}], s:s}", "messages", "content", "write to ann@example.org", "n", 4, "note", "call +49 30 1234567 now");
  guint32 kinds = 0;
  g_assert_cmpuint(ai_redact_json(redactor, value, &kinds), ==, 2);
  g_autofree char *text = json_to_text(value, JSON_SORTED);
  g_assert_cmpstr(text, ==, "{\"messages\":[{\"content\":\"write to [EMAIL]\",\"n\":4}],\"note\":\"call [PHONE] now\"}");
  guint bits = 0;
  for (guint i = 0; ai_redact_kind(i) != NULL; i++) bits += (kinds >> i) & 1;
  g_assert_cmpuint(bits, ==, 2);
  ai_redactor_free(redactor);
}

/* Redacting twice changes nothing more. */
static void test_stable(void) {
  AiRedactor *redactor = ai_redactor_new();
  guint found;
  g_autofree char *once = ai_redact(redactor, "ann@example.org, password: hunter22, 4111 1111 1111 1111", &found, NULL);
  g_assert_cmpstr(once, ==, "[EMAIL], password: [PASSWORD], [CARD]");
  g_autofree char *twice = ai_redact(redactor, once, &found, NULL);
  g_assert_null(twice);
  ai_redactor_free(redactor);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ai/redact/cases", test_cases);
  g_test_add_func("/ai/redact/long-runs", test_long_runs);
  g_test_add_func("/ai/redact/json", test_json);
  g_test_add_func("/ai/redact/stable", test_stable);
  return g_test_run();
}

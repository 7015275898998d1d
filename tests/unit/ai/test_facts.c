/* Numbers, directions and names against the data; JSON Schema; the control chart. */
#include <string.h>

#include "ai/drift.h"
#include "ai/facts.h"

static const char DATA[] =
    "{\"period\": \"last month\", \"total\": 1234567.89, \"share\": 0.256, \"rows\": ["
    "{\"category\": \"Chairs\", \"sales\": 1200, \"sales_change\": 200, \"sales_growth\": 0.2},"
    "{\"category\": \"Desk Lamps\", \"sales\": 450, \"sales_change\": -50, \"sales_growth\": -0.1}]}";

static void test_texts(void) {
  static const struct {
    const char *text;
    int unsupported;
  } CASES[] = {
      {"Chairs sold for 1,200.", 0},
      {"The total was 1,234,567.89, about 1.2 million or 1,235k.", 0},
      {"The share is 25.6% (26 %).", 0},
      {"Sales of Chairs rose by 200 (20%) while Desk Lamps fell by 10%.", 0},
      {"There are 2 categories.", 0},
      {"Sales of Chairs did not fall by 20%.", 0},
      {"Chairs sold for 1,300.", 1},
      {"The total was 1.3 million.", 1},
      {"The share is 27%.", 1},
      {"Sales of Chairs fell by 20%.", 1},
      {"Sales of Desk Lamps rose by 50.", 1},
      {"Sales of Desk Lamps grew.", 1},
      {"Sales of Chairs grew.", 0},
      {"Sales rose from 450 to 1,200.", 0},
      {"Sales fell from 450 to 1,200.", 1},
      {"The best seller was Sofas, then Chairs.", 1},
      {"Chairs cost 1,200 in January.", 0},
      {"Chairs did 5 times better.", 1},
      {"No figures here.", 0},
      {"", 0},
  };
  g_autoptr(json_t) data = json_parse(DATA, strlen(DATA), NULL);
  for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
    g_autoptr(GString) problems = g_string_new(NULL);
    AiFacts facts = ai_facts_check(data, "Name the best seller.", CASES[i].text, problems);
    if (facts.unsupported != CASES[i].unsupported) g_test_message("%s -> %s", CASES[i].text, problems->str);
    g_assert_cmpint(facts.unsupported, ==, CASES[i].unsupported);
    g_assert_true((facts.unsupported == 0) == (facts.score == 1));
    g_assert_true((problems->len > 0) == (facts.unsupported > 0));
  }
}

/* Right-looking sentences, right and wrong, over several forms of data: no wrong one passes, no right one is held back. */
static void test_sentences(void) {
  g_autofree char *bytes = NULL;
  gsize length, index;
  g_assert_true(g_file_get_contents("tests/data/ai/facts.json", &bytes, &length, NULL));
  g_autoptr(json_t) whole = json_parse(bytes, length, NULL);
  json_t *cases = json_object_get(whole, "cases"), *one;
  guint right = 0, wrong = 0, failed = 0;
  json_array_foreach(cases, index, one) {
    g_autoptr(GString) problems = g_string_new(NULL);
    gboolean good = json_get_bool(one, "good", FALSE);
    const json_t *data = json_object_get(json_object_get(whole, "data"), json_get_string(one, "data"));
    AiFacts facts = ai_facts_check(data, "Use only what stands in the data.", json_get_string(one, "text"), problems);
    *(good ? &right : &wrong) += 1;
    if ((facts.unsupported == 0) == good) continue;
    failed++;
    g_test_message("%s, but: %s: %s", good ? "right" : "wrong", json_get_string(one, "text"), problems->len > 0 ? problems->str : "passed");
  }
  g_assert_cmpuint(right, >=, 90);
  g_assert_cmpuint(wrong, >=, 120);
  g_assert_cmpuint(failed, ==, 0);
}

/* Pieces of sentences in any order, cut anywhere: whatever is said of them, nothing is read that is not there. */
static void test_pieces(void) {
  g_autofree char *bytes = NULL;
  gsize length;
  g_assert_true(g_file_get_contents("tests/data/ai/facts.json", &bytes, &length, NULL));
  g_autoptr(json_t) whole = json_parse(bytes, length, NULL);
  const json_t *cases = json_object_get(whole, "cases");
  for (int i = 0; i < 400; i++) {
    const json_t *one = json_array_get(cases, (gsize)g_test_rand_int_range(0, (int)json_array_size(cases)));
    const char *data = json_get_string(one, "data");
    g_autoptr(GString) text = g_string_new(NULL);
    for (int part = 0; part < 4; part++) {
      const char *piece = json_get_string(json_array_get(cases, (gsize)g_test_rand_int_range(0, (int)json_array_size(cases))), "text");
      int size = (int)strlen(piece), from = g_test_rand_int_range(0, size);
      g_string_append_len(text, piece + from, g_test_rand_int_range(0, size - from + 1));
    }
    g_autofree char *valid = g_utf8_make_valid(text->str, -1);
    g_autoptr(GString) problems = g_string_new(NULL);
    AiFacts facts = ai_facts_check(json_object_get(json_object_get(whole, "data"), data), NULL, valid, problems);
    g_assert_cmpint(facts.checked, >=, facts.unsupported);
    g_assert_true(g_utf8_validate(problems->str, -1, NULL));
  }
  g_autofree char *endless = g_strnfill(100000, '7');
  g_assert_cmpint(ai_facts_check(whole, NULL, endless, NULL).unsupported, ==, 1);
}

static void test_drift(void) {
  AiDrift *drift = ai_drift_new();
  for (int i = 0; i < 200; i++) g_assert_null(ai_drift_add(drift, "a", i % 10 == 0 ? 0.9 : 1.0));
  int alarms = 0;
  for (int i = 0; i < 30; i++) {
    g_autofree char *alarm = ai_drift_add(drift, "a", 0.6);
    alarms += alarm != NULL;
  }
  g_assert_cmpint(alarms, ==, 1);
  for (int i = 0; i < 30; i++) g_assert_null(ai_drift_add(drift, "a", 1.0));
  g_assert_null(ai_drift_add(drift, "b", 0.1));
  g_autoptr(json_t) report = ai_drift_report(drift);
  g_assert_cmpuint(json_array_size(report), ==, 2);
  ai_drift_free(drift);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ai/facts/texts", test_texts);
  g_test_add_func("/ai/facts/sentences", test_sentences);
  g_test_add_func("/ai/facts/pieces", test_pieces);
  g_test_add_func("/ai/facts/drift", test_drift);
  return g_test_run();
}

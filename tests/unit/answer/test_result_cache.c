#include "answer/result_cache.h"

#include <string.h>

static const char whole[] = "{\"schema_version\":1,\"id\":\"a_1\",\"status\":\"clarify\",\"question\":\"first \\\"words\\\"\",\"query\":{\"metrics\":[]},"
                            "\"rows\":[[1,2.5,null]],\"row_count\":1,\"clarify\":{\"question\":\"?\",\"options\":[{\"label\":\"x\"}]},"
                            "\"sources\":[{\"table\":\"t\"}],\"route\":\"rules\",\"timing_ms\":{\"total\":9.5}}";

static json_t *parse(const char *text) {
  g_autoptr(GError) error = NULL;
  json_t *json = json_parse(text, strlen(text), &error);
  g_assert_no_error(error);
  return json;
}

static void test_an_answer_with_the_fields_of_another_request(void) {
  g_autoptr(json_t) answer = parse(whole);
  g_autoptr(GBytes) kept = kept_answer_new(answer);
  g_autoptr(GBytes) text = kept_answer_text(kept, "a_2", "other \"words\"\n", 1234);
  g_autofree char *copy = g_strndup(g_bytes_get_data(text, NULL), g_bytes_get_size(text));
  g_autoptr(json_t) again = parse(copy);
  /* Everything else stays, also its order. */
  json_object_set_new(answer, "id", json_string("a_2"));
  json_object_set_new(answer, "question", json_string("other \"words\"\n"));
  json_object_set_new(answer, "route", json_string("exact_cache"));
  json_object_set_new(answer, "timing_ms", json_pack("{s:i, s:i, s:f}", "understand", 0, "engine", 0, "total", 1.234));
  g_autofree char *expected = json_to_text(answer, JSON_PLAIN), *got = json_to_text(again, JSON_PLAIN);
  g_assert_cmpstr(got, ==, expected);
}

static void test_what_is_recorded_of_it(void) {
  g_autoptr(json_t) answer = parse(whole);
  g_autoptr(GBytes) kept = kept_answer_new(answer);
  StoreAnswer line = {.id = "a_2"};
  kept_answer_record(kept, &line);
  g_assert_cmpstr(line.id, ==, "a_2");
  g_assert_cmpstr(line.status, ==, "clarify");
  g_assert_cmpstr(line.query_json, ==, "{\"metrics\":[]}");
  g_assert_cmpstr(line.options_json, ==, "[{\"label\":\"x\"}]");
  g_assert_cmpstr(line.versions_json, ==, "[{\"table\":\"t\"}]");
  g_assert_cmpint(line.rows, ==, 1);
}

static void test_failures_are_not_kept(void) {
  g_autoptr(json_t) answer = parse("{\"id\":\"a_1\",\"status\":\"failed\",\"error\":{\"code\":\"timeout\"}}");
  g_assert_null(kept_answer_new(answer));
}

static void test_a_result_lives_as_long_as_it_is_held(void) {
  ResultTable *table = result_table_new();
  result_table_add_column(table, "a", VALUE_TEXT, "VARCHAR");
  Value cell = {.type = VALUE_TEXT, .text = g_string_chunk_insert(table->strings, "a text of some length")};
  g_array_append_val(table->cells, cell);
  table->n_rows = 1;
  g_autoptr(Cache) cache = cache_new(1 << 20);
  {
    g_autoptr(GBytes) kept = kept_result_new(table);
    g_assert_cmpuint(g_bytes_get_size(kept), >, sizeof(Value) + strlen(cell.text));
    cache_put(cache, "k", kept);
  }
  g_autoptr(GBytes) held = cache_get(cache, "k");
  cache_clear(cache);
  g_assert_cmpstr(result_table_at(kept_result_table(held), 0, 0)->text, ==, "a text of some length");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/result-cache/an-answer-with-the-fields-of-another-request", test_an_answer_with_the_fields_of_another_request);
  g_test_add_func("/result-cache/what-is-recorded-of-it", test_what_is_recorded_of_it);
  g_test_add_func("/result-cache/failures-are-not-kept", test_failures_are_not_kept);
  g_test_add_func("/result-cache/a-result-lives-as-long-as-it-is-held", test_a_result_lives_as_long_as_it_is_held);
  return g_test_run();
}

/* The judge, case by case, and what a report makes of verdicts. */
#include "eval/eval.h"
#include <glib/gstdio.h>
#include <string.h>

static json_t *load(const char *name) {
  g_autofree char *path = g_build_filename("tests", "data", "eval", name, NULL);
  g_autoptr(GError) error = NULL;
  json_t *json = json_parse_file(path, &error);
  g_assert_no_error(error);
  return json;
}

static void test_rows(void) {
  g_autoptr(json_t) cases = load("rows.json");
  size_t i;
  json_t *one;
  g_assert_cmpuint(json_array_size(cases), >, 30);
  json_array_foreach (cases, i, one) {
    gboolean match = judge_rows(json_object_get(one, "gold"), json_get_bool(one, "ordered", FALSE),
                                json_object_get(one, "columns"), json_object_get(one, "rows"));
    if (match != json_get_bool(one, "match", FALSE)) {
      g_test_message("%s: %s", json_get_string(one, "name"), match ? "matched" : "did not match");
      g_test_fail();
    }
  }
}

static void test_verdicts(void) {
  g_autoptr(json_t) cases = load("verdicts.json");
  size_t i;
  json_t *one;
  json_array_foreach (cases, i, one) {
    Verdict verdict =
        judge_answer(json_object_get(one, "question"), json_object_get(one, "golds"), json_object_get(one, "answer"));
    g_test_message("case %zu", i + 1);
    g_assert_cmpstr(verdict_name(verdict), ==, json_get_string(one, "verdict"));
  }
}

/* Many rows that are alike within tolerance are paired without trying every order. */
static void test_many_rows(void) {
  g_autoptr(json_t) gold = json_array();
  g_autoptr(json_t) rows = json_array();
  g_autoptr(json_t) columns = json_pack("[{},{}]");
  for (int i = 0; i < 20000; i++) {
    g_autofree char *name = g_strdup_printf("customer %d", i);
    json_array_append_new(gold, json_pack("[s,f]", name, 1000.5 + i));
    json_array_insert_new(rows, 0, json_pack("[f,s]", 1000.5 + i + 0.001, name));
  }
  g_assert_true(judge_rows(gold, FALSE, columns, rows));
  json_array_set_new(json_array_get(rows, 700), 0, json_real(1));
  g_assert_false(judge_rows(gold, FALSE, columns, rows));
}

static void add_item(EvalReport *report, const char *category, Verdict verdict, double milliseconds) {
  EvalItem *item = g_new0(EvalItem, 1);
  item->question = json_pack("{s:s, s:s, s:s}", "id", "q", "category", category, "question", "how <much>?");
  item->answer = json_pack("{s:s, s:s}", "status", "answered", "narrative", "a & b");
  item->golds = json_pack("[[[i]]]", 5);
  item->verdict = verdict;
  item->milliseconds = milliseconds;
  g_ptr_array_add(report->items, item);
}

static void item_free(EvalItem *item) {
  json_decref(item->question);
  json_decref(item->answer);
  json_decref(item->golds);
  g_free(item);
}

static EvalReport *some_report(void) {
  EvalReport *report = g_new0(EvalReport, 1);
  report->items = g_ptr_array_new_with_free_func((GDestroyNotify)item_free);
  add_item(report, "simple", VERDICT_RIGHT, 1);
  add_item(report, "simple", VERDICT_RIGHT, 2);
  add_item(report, "simple", VERDICT_WRONG_VALUES, 3);
  add_item(report, "complex", VERDICT_NOT_ANSWERED, 100);
  return report;
}

static void test_report(void) {
  g_autoptr(EvalReport) report = some_report();
  EvalTally all = eval_tally(report, NULL), simple = eval_tally(report, "simple");
  g_assert_cmpuint(all.questions, ==, 4);
  g_assert_cmpuint(all.right, ==, 2);
  g_assert_cmpuint(all.wrong_answered, ==, 1);
  g_assert_cmpuint(all.not_answered, ==, 1);
  g_assert_cmpuint(simple.questions, ==, 3);
  g_autofree char *text = eval_report_text(report, TRUE);
  g_assert_nonnull(strstr(text, "latency p50 2.0 ms, p95 100.0 ms"));
  g_assert_nonnull(strstr(text, "wrong_values  q (simple)  how <much>?"));
  g_autofree char *html = eval_report_html(report);
  g_assert_nonnull(strstr(html, "how &lt;much&gt;?"));
  g_assert_null(strstr(html, "<much>"));
  g_autoptr(json_t) json = eval_report_json(report);
  g_assert_cmpint(json_get_int(json_object_get(json, "all"), "right", 0), ==, 2);
  g_assert_cmpuint(json_array_size(json_object_get(json, "items")), ==, 4);
}

static void test_targets(void) {
  g_autoptr(EvalReport) report = some_report();
  g_autoptr(GError) error = NULL;
  char *why = NULL;
  g_assert_true(eval_meets(report, "0.5", &why, &error));
  g_assert_true(eval_meets(report, "simple=0.66", &why, &error));
  g_assert_false(eval_meets(report, "simple=0.67", &why, &error));
  g_assert_no_error(error);
  g_assert_nonnull(strstr(why, "simple: 2 of 3 right"));
  g_clear_pointer(&why, g_free);
  g_assert_false(eval_meets(report, "no such category=0.1", &why, &error));
  g_clear_pointer(&why, g_free);
  g_assert_false(eval_meets(report, "95", &why, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
}

static void test_bad_files(void) {
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;
  int file = g_file_open_tmp("golden-XXXXXX.jsonl", &path, &error);
  g_assert_no_error(error);
  g_close(file, NULL);
  g_assert_true(g_file_set_contents(path, "{\"id\":\"a\",\"question\":\"b\"}\n\n{\"id\":\"c\"}\n", -1, NULL));
  g_assert_null(eval_load(path, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT);
  g_assert_nonnull(strstr(error->message, ":3:"));
  g_assert_true(g_file_set_contents(path, "{\"id\":\"a\",\"question\":\"b\"}\n", -1, NULL));
  g_autoptr(GPtrArray) questions = eval_load(path, NULL);
  g_assert_cmpuint(questions->len, ==, 1);
  g_unlink(path);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/eval/judge/rows", test_rows);
  g_test_add_func("/eval/judge/verdicts", test_verdicts);
  g_test_add_func("/eval/judge/many-rows", test_many_rows);
  g_test_add_func("/eval/report/text-json-html", test_report);
  g_test_add_func("/eval/report/targets", test_targets);
  g_test_add_func("/eval/load/bad-files", test_bad_files);
  return g_test_run();
}

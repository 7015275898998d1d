/* Verdicts added up: text for a terminal, JSON for machines, and whether targets are met. */
#include "eval/eval.h"
#include <stdlib.h>
#include <string.h>

static const char *category_of(const EvalItem *item) {
  const char *category = json_get_string(item->question, "category");
  return category != NULL ? category : "other";
}

EvalTally eval_tally(const EvalReport *report, const char *category) {
  EvalTally tally = {0};
  for (guint i = 0; i < report->items->len; i++) {
    const EvalItem *item = g_ptr_array_index(report->items, i);
    if (category != NULL && strcmp(category, category_of(item)) != 0) continue;
    tally.questions++;
    if (item->verdict == VERDICT_RIGHT)
      tally.right++;
    else if (verdict_is_wrong_but_answered(item->verdict))
      tally.wrong_answered++;
    else
      tally.not_answered++;
  }
  return tally;
}

/* In order of first appearance. Of const char*. */
static GPtrArray *categories(const EvalReport *report) {
  GPtrArray *names = g_ptr_array_new();
  for (guint i = 0; i < report->items->len; i++) {
    const char *category = category_of(g_ptr_array_index(report->items, i));
    if (!g_ptr_array_find_with_equal_func(names, category, g_str_equal, NULL))
      g_ptr_array_add(names, (gpointer)category);
  }
  return names;
}

static int compare_doubles(gconstpointer a, gconstpointer b) {
  double one = *(const double *)a, other = *(const double *)b;
  return (one > other) - (one < other);
}

/* Nearest-rank percentile of the latencies. */
static double latency(const EvalReport *report, double part) {
  g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
  for (guint i = 0; i < report->items->len; i++)
    g_array_append_val(times, ((EvalItem *)g_ptr_array_index(report->items, i))->milliseconds);
  if (times->len == 0) return 0;
  g_array_sort(times, compare_doubles);
  guint rank = (guint)(part * times->len + 0.999999);
  return g_array_index(times, double, CLAMP(rank, 1, times->len) - 1);
}

static double total_cost(const EvalReport *report) {
  double cost = 0;
  for (guint i = 0; i < report->items->len; i++) cost += ((EvalItem *)g_ptr_array_index(report->items, i))->cost;
  return cost;
}

/* ---- targets ---- */
gboolean eval_meets(const EvalReport *report, const char *target, char **why, GError **error) {
  const char *equals = strrchr(target, '='), *number = equals != NULL ? equals + 1 : target;
  g_autofree char *category = equals != NULL ? g_strndup(target, (gsize)(equals - target)) : NULL;
  char *end = NULL;
  double wanted = g_ascii_strtod(number, &end);
  *why = NULL;
  if (end == number || *end != '\0' || !(wanted >= 0 && wanted <= 1)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT,
                "'%s' is no target; write a fraction such as 0.95, or simple=1 for one category", target);
    return FALSE;
  }
  EvalTally tally = eval_tally(report, category);
  double right = tally.questions > 0 ? (double)tally.right / tally.questions : 0;
  if (tally.questions > 0 && right >= wanted - 1e-9) return TRUE;
  *why = g_strdup_printf("%s: %u of %u right, the target is %.1f %%", category != NULL ? category : "all", tally.right,
                         tally.questions, wanted * 100);
  return FALSE;
}

/* ---- text ---- */
static void append_tally(GString *out, const char *name, EvalTally tally) {
  double whole = tally.questions > 0 ? tally.questions : 1;
  g_string_append_printf(out, "%-16s %9u  %5u %5.1f %%  %9u %5.1f %%  %7u %5.1f %%\n", name, tally.questions,
                         tally.right, 100 * tally.right / whole, tally.wrong_answered,
                         100 * tally.wrong_answered / whole, tally.not_answered, 100 * tally.not_answered / whole);
}

static void append_rows(GString *out, const char *name, const json_t *rows) {
  g_string_append_printf(out, "  %s: %zu row%s\n", name, json_array_size(rows), json_array_size(rows) == 1 ? "" : "s");
  for (gsize i = 0; i < MIN(json_array_size(rows), 5); i++) {
    g_autofree char *text = json_to_text(json_array_get(rows, i), JSON_PLAIN);
    g_string_append_printf(out, "      %s\n", text);
  }
}

static void append_failure(GString *out, const EvalItem *item) {
  const char *expected = json_get_string(item->question, "expect"), *text = NULL;
  g_string_append_printf(out, "\n%s  %s (%s)  %s\n", verdict_name(item->verdict), json_get_string(item->question, "id"),
                         category_of(item), json_get_string(item->question, "question"));
  if (item->problem != NULL) g_string_append_printf(out, "  the gold SQL failed: %s\n", item->problem);
  if (json_array_size(item->golds) == 0)
    g_string_append_printf(out, "  expected: %s\n", expected != NULL ? expected : "answered");
  for (gsize i = 0; i < json_array_size(item->golds); i++)
    append_rows(out, i == 0 ? "gold" : "or", json_array_get(item->golds, i));
  g_string_append_printf(out, "  answer: %s", json_get_string(item->answer, "status"));
  if ((text = json_get_string(item->answer, "restatement")) != NULL)
    g_string_append_printf(out, " (read as: %s)", text);
  else if ((text = json_get_string(item->answer, "narrative")) != NULL)
    g_string_append_printf(out, " (%s)", text);
  g_string_append_c(out, '\n');
  if (json_is_array(json_object_get(item->answer, "rows")))
    append_rows(out, "rows", json_object_get(item->answer, "rows"));
}

char *eval_report_text(const EvalReport *report, gboolean show_failures) {
  g_autoptr(GString) out = g_string_new(NULL);
  g_autoptr(GPtrArray) names = categories(report);
  g_string_append_printf(out, "%-16s %9s  %13s  %17s  %15s\n", "category", "questions", "right", "wrong, answered",
                         "not answered");
  for (guint i = 0; i < names->len; i++)
    append_tally(out, g_ptr_array_index(names, i), eval_tally(report, g_ptr_array_index(names, i)));
  append_tally(out, "all", eval_tally(report, NULL));
  g_string_append_printf(out, "\nlatency p50 %.1f ms, p95 %.1f ms; cost %.4g", latency(report, 0.5),
                         latency(report, 0.95), total_cost(report));
  if (report->skipped > 0)
    g_string_append_printf(out, "; %u question%s about other data left out", report->skipped,
                           report->skipped == 1 ? "" : "s");
  g_string_append_c(out, '\n');
  for (guint i = 0; show_failures && i < report->items->len; i++)
    if (((EvalItem *)g_ptr_array_index(report->items, i))->verdict != VERDICT_RIGHT)
      append_failure(out, g_ptr_array_index(report->items, i));
  return g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- JSON ---- */
static json_t *tally_json(EvalTally tally) {
  return json_pack("{s:i, s:i, s:i, s:i}", "questions", tally.questions, "right", tally.right, "wrong_answered",
                   tally.wrong_answered, "not_answered", tally.not_answered);
}

static json_t *item_json(const EvalItem *item) {
  json_t *json = json_pack("{s:O, s:s, s:O, s:s, s:f, s:f}", "id", json_object_get(item->question, "id"), "category",
                           category_of(item), "question", json_object_get(item->question, "question"), "verdict",
                           verdict_name(item->verdict), "milliseconds", item->milliseconds, "cost", item->cost);
  static const char *const KEYS[] = {"id", "status", "restatement", "narrative", "sql"};
  json_t *answer = json_object();
  for (guint i = 0; i < G_N_ELEMENTS(KEYS); i++)
    if (json_object_get(item->answer, KEYS[i]) != NULL)
      json_object_set(answer, KEYS[i], json_object_get(item->answer, KEYS[i]));
  json_object_set_new(json, "answer", answer);
  if (item->problem != NULL) json_object_set_new(json, "problem", json_string(item->problem));
  return json;
}

json_t *eval_report_json(const EvalReport *report) {
  g_autoptr(GPtrArray) names = categories(report);
  json_t *by_category = json_object(), *items = json_array();
  for (guint i = 0; i < names->len; i++)
    json_object_set_new(by_category, g_ptr_array_index(names, i),
                        tally_json(eval_tally(report, g_ptr_array_index(names, i))));
  for (guint i = 0; i < report->items->len; i++)
    json_array_append_new(items, item_json(g_ptr_array_index(report->items, i)));
  return json_pack("{s:o, s:o, s:{s:f, s:f}, s:f, s:i, s:o}", "all", tally_json(eval_tally(report, NULL)), "categories",
                   by_category, "latency_ms", "p50", latency(report, 0.5), "p95", latency(report, 0.95), "cost",
                   total_cost(report), "skipped", report->skipped, "items", items);
}

/* ---- HTML ---- */
static void append_escaped(GString *out, const char *text) {
  g_autofree char *escaped = g_markup_escape_text(text != NULL ? text : "", -1);
  g_string_append(out, escaped);
}

static void append_tally_row(GString *out, const char *name, EvalTally tally) {
  g_string_append(out, "<tr><th scope=\"row\">");
  append_escaped(out, name);
  double share = tally.questions > 0 ? 100.0 * tally.right / tally.questions : 0;
  g_string_append_printf(out, "</th><td>%u</td><td>%u</td><td>%.1f&nbsp;%%</td><td>%u</td><td>%u</td></tr>\n",
                         tally.questions, tally.right, share, tally.wrong_answered, tally.not_answered);
}

static void append_item_row(GString *out, const EvalItem *item) {
  const char *said = json_get_string(item->answer, "narrative");
  g_string_append_printf(out, "<tr class=\"%s\"><td>", verdict_name(item->verdict));
  append_escaped(out, json_get_string(item->question, "id"));
  g_string_append(out, "</td><td>");
  append_escaped(out, json_get_string(item->question, "question"));
  g_string_append_printf(out, "</td><td>%s</td><td>%.1f</td><td>", verdict_name(item->verdict), item->milliseconds);
  append_escaped(out, said);
  g_string_append(out, "</td><td><code>");
  append_escaped(out, json_get_string(item->answer, "sql"));
  g_string_append(out, "</code></td></tr>\n");
}

char *eval_report_html(const EvalReport *report) {
  g_autoptr(GString) out = g_string_new(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Golden questions</title>\n<style>"
      "body{font:15px/1.45 system-ui,sans-serif;margin:2rem;max-width:90rem}table{border-collapse:collapse;margin:1rem "
      "0}"
      "th,td{text-align:left;vertical-align:top;padding:.3rem .7rem;border-bottom:1px solid #ddd}"
      "tr.wrong_rows,tr.wrong_values,tr.wrong_status_answered{background:#fde2e2}"
      "tr.not_answered,tr.wrong_status_other{background:#fff3d6}code{white-space:pre-wrap;font-size:12px}"
      "</style></head><body>\n<h1>Golden "
      "questions</h1>\n<table><thead><tr><th>category</th><th>questions</th><th>right</th>"
      "<th>right %</th><th>wrong but answered</th><th>not answered</th></tr></thead><tbody>\n");
  g_autoptr(GPtrArray) names = categories(report);
  for (guint i = 0; i < names->len; i++)
    append_tally_row(out, g_ptr_array_index(names, i), eval_tally(report, g_ptr_array_index(names, i)));
  append_tally_row(out, "all", eval_tally(report, NULL));
  g_string_append_printf(out, "</tbody></table>\n<p>Latency p50 %.1f ms, p95 %.1f ms; cost %.4g; %u left out.</p>\n",
                         latency(report, 0.5), latency(report, 0.95), total_cost(report), report->skipped);
  g_string_append(
      out, "<table><thead><tr><th>id</th><th>question</th><th>verdict</th><th>ms</th><th>answer</th><th>SQL</th></tr>"
           "</thead><tbody>\n");
  for (guint i = 0; i < report->items->len; i++) append_item_row(out, g_ptr_array_index(report->items, i));
  g_string_append(out, "</tbody></table></body></html>\n");
  return g_string_free(g_steal_pointer(&out), FALSE);
}

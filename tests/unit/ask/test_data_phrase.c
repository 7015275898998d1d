/* Words about the data itself, from tests/data/ask/data_phrases.tsv; names of snapshots and weeks in them. */
#include <glib.h>
#include <string.h>

#include "ask/data_phrase.h"

static char *words_of(const DataRef *ref) {
  g_autofree char *from = ref->time.kind == TIME_ABSOLUTE ? day_format_iso(ref->time.from) : NULL;
  const char *when = from != NULL ? from : ref->time.offset == -1 && ref->time.unit == TIME_UNIT_WEEK ? "last week" : "?";
  switch (ref->kind) {
  case DATA_NOW: return g_strdup("now");
  case DATA_SNAPSHOT: return g_strdup(*ref->name != '\0' ? ref->name : "(which)");
  case DATA_TAKEN: return g_strdup_printf("taken %s", when);
  case DATA_AT: return g_strdup_printf("at %s", when);
  case DATA_NEWEST: return g_strdup("newest");
  case DATA_PREVIOUS: return g_strdup("previous");
  case DATA_OLDEST: return g_strdup("oldest");
  }
  return NULL;
}

static char *squeezed(const char *text) {
  g_auto(GStrv) words = g_strsplit_set(text, " ", -1);
  GString *out = g_string_new(NULL);
  for (char **word = words; *word != NULL; word++)
    if (**word != '\0') g_string_append_printf(out, "%s%s", out->len > 0 ? " " : "", *word);
  return g_string_free(out, FALSE);
}

static GPtrArray *known_names(void) {
  GPtrArray *names = g_ptr_array_new();
  g_ptr_array_add(names, (gpointer) "October close");
  g_ptr_array_add(names, (gpointer) "week 2026-47");
  g_ptr_array_add(names, (gpointer) "week 2026-46");
  return names;
}

static void test_phrase(gconstpointer data) {
  g_auto(GStrv) cells = g_strsplit(data, "\t", -1);
  g_assert_cmpuint(g_strv_length(cells), ==, 4);
  g_autoptr(GPtrArray) names = known_names();
  Calendar calendar = CALENDAR_DEFAULT;
  g_autoptr(DataPhrase) phrase = data_phrase_find(cells[0], names, day_from_ymd(2026, 11, 21), &calendar, FALSE);
  if (strcmp(cells[1], "-") == 0) {
    g_assert_null(phrase);
    return;
  }
  g_assert_nonnull(phrase);
  g_autofree char *state = words_of(&phrase->data), *rest = squeezed(phrase->rest);
  g_autofree char *baseline = phrase->compares ? words_of(&phrase->baseline) : g_strdup("-");
  g_assert_cmpstr(state, ==, cells[1]);
  g_assert_cmpstr(baseline, ==, cells[2]);
  g_assert_cmpstr(rest, ==, cells[3]);
  g_assert_cmpuint(strlen(phrase->rest), ==, strlen(cells[0])); /* positions stay */
  g_assert_cmpint(phrase->start + phrase->length, <=, (int)strlen(cells[0]));
}

/* Tables of stock counts have snapshots of their own: a name that is no snapshot's is theirs. */
static void test_own_snapshots(void) {
  g_autoptr(GPtrArray) names = known_names();
  Calendar calendar = CALENDAR_DEFAULT;
  Day today = day_from_ymd(2026, 11, 21);
  g_assert_null(data_phrase_find("units in the stock snapshot", names, today, &calendar, TRUE));
  g_assert_null(data_phrase_find("stock by snapshot", names, today, &calendar, TRUE));
  g_autoptr(DataPhrase) phrase = data_phrase_find("units in the october close snapshot", names, today, &calendar, TRUE);
  g_assert_nonnull(phrase);
}

static void test_weeks(void) {
  static const struct { const char *text; int year, week; } GOOD[] = {
      {"week 2026-47", 2026, 47}, {"2026-W47", 2026, 47}, {"2026W47", 2026, 47}, {"W47", 0, 47},         {"wk 7 of 2026", 2026, 7},
      {"Week 20 2026", 2026, 20}, {"2026-07", 2026, 7},   {"week 2026 7", 2026, 7}, {"ISO week 53 2026", 2026, 53}};
  for (guint i = 0; i < G_N_ELEMENTS(GOOD); i++) {
    int year, week;
    g_assert_true(snapshot_week(GOOD[i].text, &year, &week));
    g_assert_cmpint(year, ==, GOOD[i].year);
    g_assert_cmpint(week, ==, GOOD[i].week);
  }
  static const char *const BAD[] = {"week 54", "week", "2026", "2026-7", "47", "weekly close", "week 47 x", "week 2026-00", ""};
  for (guint i = 0; i < G_N_ELEMENTS(BAD); i++) {
    int year, week;
    g_assert_false(snapshot_week(BAD[i], &year, &week));
  }
  g_autofree char *one = snapshot_key("October-Close"), *other = snapshot_key(" october  close ");
  g_assert_cmpstr(one, ==, other);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents("tests/data/ask/data_phrases.tsv", &text, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    if (**line == '#' || **line == '\0') continue;
    g_autofree char *end = g_strndup(*line, strcspn(*line, "\t")), *path = g_strdup_printf("/data_phrase/%s", g_strdelimit(end, "/", '_'));
    g_test_add_data_func(path, *line, test_phrase);
  }
  g_test_add_func("/data_phrase/own_snapshots", test_own_snapshots);
  g_test_add_func("/data_phrase/weeks", test_weeks);
  return g_test_run();
}

/* The language of time, phrase by phrase, from tests/data/ask/time.tsv. */
#include <glib.h>
#include <string.h>

#include "ask/time_phrase.h"

typedef struct { char *phrase, *as_of, *from, *to; } Case;

static void case_free(gpointer pointer) {
  Case *one = pointer;
  g_free(one->phrase);
  g_free(one->as_of);
  g_free(one->from);
  g_free(one->to);
  g_free(one);
}

static Day day_of(const char *text) {
  Day day = DAY_NONE;
  if (strcmp(text, "-") != 0) g_assert_true(day_parse_iso(text, &day));
  return day;
}

static void test_phrase(gconstpointer data) {
  const Case *one = data;
  g_autofree char *question = g_strdup_printf("sales %s", one->phrase);
  g_autoptr(GArray) tokens = tokens_parse(question);
  Calendar calendar = CALENDAR_DEFAULT;
  g_autoptr(GArray) mentions = time_mentions_find(tokens, &calendar);
  g_assert_cmpuint(mentions->len, ==, 1);
  TimeRange range;
  g_assert_true(time_mention_range(&g_array_index(mentions, TimeMention, 0), &calendar, &range));
  ResolveContext context = {day_of(one->as_of), calendar};
  Day from = DAY_NONE, to = DAY_NONE;
  g_assert_true(time_range_resolve(&range, &context, &from, &to));
  g_assert_cmpint(from, ==, day_of(one->from));
  g_assert_cmpint(to, ==, day_of(one->to));
}

/* A month or quarter without a year stays partial until the question or the data supplies it. */
static void test_partial(void) {
  static const char *const PHRASES[] = {"sales in March", "Q2 sales", "sales on 5 December", "fourth-quarter sales"};
  for (guint i = 0; i < G_N_ELEMENTS(PHRASES); i++) {
    g_autoptr(GArray) tokens = tokens_parse(PHRASES[i]);
    Calendar calendar = CALENDAR_DEFAULT;
    g_autoptr(GArray) mentions = time_mentions_find(tokens, &calendar);
    g_assert_cmpuint(mentions->len, ==, 1);
    const TimeMention *mention = &g_array_index(mentions, TimeMention, 0);
    g_assert_true(time_point_is_partial(&mention->from));
    TimeRange range;
    g_assert_false(time_mention_range(mention, &calendar, &range));
  }
}

/* A year said once holds for the partial period beside it. */
static void test_years_spread(void) {
  g_autoptr(GArray) tokens = tokens_parse("compare January and February 2019");
  Calendar calendar = CALENDAR_DEFAULT;
  g_autoptr(GArray) mentions = time_mentions_find(tokens, &calendar);
  g_assert_cmpuint(mentions->len, ==, 2);
  g_assert_cmpint(g_array_index(mentions, TimeMention, 0).from.year, ==, 2019);
  g_assert_cmpint(g_array_index(mentions, TimeMention, 1).from.year, ==, 2019);
}

/* Numbers that are compared, verbs that look like months, and names are no dates. */
static void test_no_time(void) {
  static const char *const PHRASES[] = {"states with sales above 2000", "may I see the sales", "top 2019 customers", "customer 2010",
                                        "sales of more than 1999"};
  for (guint i = 0; i < G_N_ELEMENTS(PHRASES); i++) {
    g_autoptr(GArray) tokens = tokens_parse(PHRASES[i]);
    Calendar calendar = CALENDAR_DEFAULT;
    g_autoptr(GArray) mentions = time_mentions_find(tokens, &calendar);
    g_assert_cmpuint(mentions->len, ==, 0);
  }
}

static void add_cases(void) {
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  g_file_get_contents("tests/data/ask/time.tsv", &text, NULL, &error);
  g_assert_no_error(error);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    if (*lines[i] == '#' || *lines[i] == '\0') continue;
    g_auto(GStrv) cells = g_strsplit(lines[i], "\t", -1);
    g_assert_cmpuint(g_strv_length(cells), ==, 4);
    Case *one = g_new0(Case, 1);
    *one = (Case){g_strdup(cells[0]), g_strdup(cells[1]), g_strdup(cells[2]), g_strdup(cells[3])};
    g_autofree char *slug = text_slug(cells[0]);
    g_autofree char *path = g_strdup_printf("/ask/time/%u-%s", i, slug);
    g_test_add_data_func_full(path, one, test_phrase, case_free);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_cases();
  g_test_add_func("/ask/time/partial", test_partial);
  g_test_add_func("/ask/time/years spread", test_years_spread);
  g_test_add_func("/ask/time/no time", test_no_time);
  return g_test_run();
}

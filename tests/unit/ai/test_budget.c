/* The ledger under threads: what fits is let through, what does not is refused, and at the end it adds up. */
#include <glib/gstdio.h>
#include <pthread.h>
#include <string.h>

#include "ai/budget.h"
#include "ai/record.h"

#define THREADS 8
#define CALLS 40

typedef struct {
  char *folder;
  AiConfig *config;
} Fixture;

static Fixture set_up(const char *budgets) {
  Fixture fixture = {.folder = g_dir_make_tmp("aisle-budget-XXXXXX", NULL)};
  g_autofree char *path = g_build_filename(fixture.folder, "ai.yaml", NULL), *text = g_strdup_printf("version: 1\n%s", budgets);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
  g_autoptr(GError) error = NULL;
  fixture.config = ai_config_load(path, &error);
  g_assert_no_error(error);
  return fixture;
}

static void tear_down(Fixture *fixture) {
  static const char *const FILES[] = {"ai.yaml", "b.db", "b.db-wal", "b.db-shm"};
  ai_config_unref(fixture->config);
  for (guint i = 0; i < G_N_ELEMENTS(FILES); i++) {
    g_autofree char *path = g_build_filename(fixture->folder, FILES[i], NULL);
    g_unlink(path);
  }
  g_rmdir(fixture->folder);
  g_free(fixture->folder);
}

static AiBudget *open_budget(const Fixture *fixture) {
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename(fixture->folder, "b.db", NULL);
  AiLedger *ledger = ai_ledger_sqlite(path, &error);
  g_assert_no_error(error);
  AiBudget *budget = ai_budget_new(ledger, &error);
  g_assert_no_error(error);
  return budget;
}

typedef struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  gboolean done;
  gint64 ticket;
  AisleErrorCode code;
} Answer;

static void on_answer(const AiBudgetVerdict *verdict, gpointer data) {
  Answer *answer = data;
  pthread_mutex_lock(&answer->lock);
  answer->done = TRUE;
  answer->ticket = verdict->ticket;
  answer->code = verdict->code;
  pthread_cond_signal(&answer->changed);
  pthread_mutex_unlock(&answer->lock);
}

static gint64 reserve(AiBudget *budget, AiConfig *config, const char *team, gint64 tokens, gint64 wait_ms, AisleErrorCode *code) {
  Answer answer = {.done = FALSE};
  pthread_mutex_init(&answer.lock, NULL);
  pthread_cond_init(&answer.changed, NULL);
  AiAccount account = {.tenant = (char *)"acme", .team = (char *)team};
  AiAmounts worst = {.amount[AI_UNIT_TOKENS] = tokens, .amount[AI_UNIT_REQUESTS] = 1};
  ai_budget_reserve(budget, config, &account, &worst, wait_ms, on_answer, &answer);
  pthread_mutex_lock(&answer.lock);
  while (!answer.done) pthread_cond_wait(&answer.changed, &answer.lock);
  pthread_mutex_unlock(&answer.lock);
  pthread_cond_destroy(&answer.changed);
  pthread_mutex_destroy(&answer.lock);
  if (code != NULL) *code = answer.code;
  return answer.ticket;
}

static void settle(AiBudget *budget, gint64 ticket, gint64 tokens) {
  AiAmounts spent = {.amount[AI_UNIT_TOKENS] = tokens, .amount[AI_UNIT_REQUESTS] = 1};
  ai_budget_settle(budget, ticket, &spent);
}

typedef struct {
  AiBudget *budget;
  AiConfig *config;
  gint *passed; /* atomic */
} Caller;

static void *call_often(void *data) {
  Caller *caller = data;
  for (int i = 0; i < CALLS; i++) {
    gint64 ticket = reserve(caller->budget, caller->config, "bi", 10, 5000, NULL);
    if (ticket == 0) continue;
    g_atomic_int_inc(caller->passed);
    settle(caller->budget, ticket, 3); /* less than the worst case */
  }
  return NULL;
}

/* Two budgets over one file stand for two processes. */
static void test_threads(void) {
  Fixture fixture = set_up("budgets: [{team: bi, limit: 307, unit: tokens, per: month}]\n");
  AiBudget *budgets[2] = {open_budget(&fixture), open_budget(&fixture)};
  pthread_t threads[THREADS];
  Caller callers[THREADS];
  gint passed = 0;
  for (int i = 0; i < THREADS; i++) {
    callers[i] = (Caller){budgets[i % 2], fixture.config, &passed};
    g_assert_cmpint(pthread_create(&threads[i], NULL, call_often, &callers[i]), ==, 0);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  /* The last that fits: 3 spent for each, and 10 must still be free. */
  g_assert_cmpint(passed, ==, 100);
  ai_budget_free(budgets[0]);
  g_autoptr(json_t) report = ai_budget_report(budgets[1]);
  g_assert_cmpuint(json_array_size(report), ==, 1);
  g_assert_cmpint(json_get_int(json_array_get(report, 0), "spent", 0), ==, 300);
  ai_budget_free(budgets[1]);
  tear_down(&fixture);
}

static void test_verdicts(void) {
  Fixture fixture = set_up("budgets: [{team: '*', limit: 20, unit: tokens, per: week}]\nlimits: [{company: acme, requests_per_minute: 1000}]\n");
  AiBudget *budget = open_budget(&fixture);
  AisleErrorCode code = AISLE_ERROR_INTERNAL;
  gint64 first = reserve(budget, fixture.config, "bi", 15, 1000, NULL);
  g_assert_cmpint(first, >, 0);
  g_assert_cmpint(reserve(budget, fixture.config, "bi", 21, 1000, &code), ==, 0); /* never fits: refused at once */
  g_assert_cmpint(code, ==, AISLE_ERROR_BUDGET);
  g_assert_cmpint(reserve(budget, fixture.config, "bi", 15, 30, &code), ==, 0); /* waits, then is refused */
  g_assert_cmpint(reserve(budget, fixture.config, "ops", 15, 30, NULL), >, 0);  /* "*": everyone's own */
  settle(budget, first, 1);
  gint64 second = reserve(budget, fixture.config, "bi", 15, 5000, NULL);
  g_assert_cmpint(second, >, 0);
  settle(budget, second, 25); /* dearer than its worst case: told as it is */
  g_assert_cmpint(reserve(budget, fixture.config, "bi", 1, 30, &code), ==, 0);
  ai_budget_free(budget);
  tear_down(&fixture);
}

static void test_mistakes(void) {
  static const char *const WRONG[] = {"budgets: [{limit: 3}]", "budgets: [{team: a, user: b, limit: 3}]", "budgets: [{team: a, limit: -3}]", "budgets: [{team: a, limit: 3, per: year}]",
                                      "budgets: [{team: a, limit: 3, alert: [2]}]", "models: {m: {routes: []}}", "models: {m: {routes: [{provider: x, model: y}]}}",
                                      "providers: {p: {type: other, url: 'http://x'}}", "providers: {p: {type: openai, url: 'ftp://x'}}",
                                      "providers: {p: {type: openai, url: 'http://x', key_env: AISLE_NO_SUCH_VARIABLE}}", "keys: [{user: x}]", "policy: {record: all}", "timeout: soon", "time_zone: Atlantis/Centre",
                                      "week_start: someday"};
  for (guint i = 0; i < G_N_ELEMENTS(WRONG); i++) {
    g_autofree char *folder = g_dir_make_tmp("aisle-budget-XXXXXX", NULL), *path = g_build_filename(folder, "ai.yaml", NULL);
    g_assert_true(g_file_set_contents(path, WRONG[i], -1, NULL));
    g_autoptr(GError) error = NULL;
    g_assert_null(ai_config_load(path, &error));
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL);
    g_assert_true(g_str_has_prefix(error->message, "ai.yaml: "));
    g_unlink(path);
    g_rmdir(folder);
  }
}

static gint64 at_ms(const char *iso) {
  g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(iso, NULL);
  g_assert_nonnull(time);
  return g_date_time_to_unix(time) * 1000;
}

/* The company's midnight, not that of Greenwich; its clock changes in spring and autumn. */
static void test_periods(void) {
  static const struct {
    const char *calendar, *per, *now, *start;
  } CASES[] = {
      {"", "day", "2026-11-21T23:59:59Z", "2026-11-21T00:00:00Z"},
      {"", "week", "2026-11-22T12:00:00Z", "2026-11-16T00:00:00Z"},
      {"", "month", "2026-11-30T23:59:59Z", "2026-11-01T00:00:00Z"},
      {"time_zone: UTC\nweek_start: sunday\n", "week", "2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z"},
      {"time_zone: Europe/Berlin\n", "minute", "2026-11-21T23:59:59Z", "2026-11-21T23:59:00Z"},
      {"time_zone: Europe/Berlin\n", "day", "2026-11-21T22:59:59Z", "2026-11-20T23:00:00Z"},
      {"time_zone: Europe/Berlin\n", "day", "2026-11-21T23:00:00Z", "2026-11-21T23:00:00Z"},
      {"time_zone: Europe/Berlin\n", "day", "2026-03-29T21:59:59Z", "2026-03-28T23:00:00Z"}, /* 23 hours */
      {"time_zone: Europe/Berlin\n", "day", "2026-03-29T22:00:00Z", "2026-03-29T22:00:00Z"},
      {"time_zone: Europe/Berlin\n", "day", "2026-10-25T22:59:59Z", "2026-10-24T22:00:00Z"}, /* 25 hours */
      {"time_zone: Europe/Berlin\n", "week", "2026-11-22T22:59:59Z", "2026-11-15T23:00:00Z"},
      {"time_zone: Europe/Berlin\n", "week", "2026-11-22T23:00:00Z", "2026-11-22T23:00:00Z"},
      {"time_zone: Europe/Berlin\n", "month", "2026-10-31T23:00:00Z", "2026-10-31T23:00:00Z"},
      {"time_zone: Europe/Berlin\n", "month", "2026-10-31T22:59:59Z", "2026-09-30T22:00:00Z"},
      {"time_zone: America/Los_Angeles\nweek_start: sunday\n", "week", "2026-11-22T07:59:59Z", "2026-11-15T08:00:00Z"},
      {"time_zone: America/Los_Angeles\nweek_start: sunday\n", "week", "2026-11-22T08:00:00Z", "2026-11-22T08:00:00Z"},
      {"time_zone: Asia/Kolkata\n", "month", "2026-12-31T18:30:00Z", "2026-12-31T18:30:00Z"},
  };
  g_autoptr(GTimeZone) known = g_time_zone_new_identifier("Europe/Berlin");
  if (known == NULL) {
    g_test_skip("this machine has no time zones");
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
    g_autofree char *text = g_strdup_printf("%sbudgets: [{team: bi, limit: 9, per: %s}]\n", CASES[i].calendar, CASES[i].per);
    Fixture fixture = set_up(text);
    AiAccount account = {.team = (char *)"bi"};
    AiAmounts amounts = {.amount[AI_UNIT_MONEY] = 1};
    g_autoptr(GPtrArray) entries = ai_budget_entries(fixture.config, &account, &amounts, at_ms(CASES[i].now));
    const AiEntry *entry = g_ptr_array_index(entries, 0);
    g_assert_cmpint(entry->period_ms, ==, at_ms(CASES[i].start));
    tear_down(&fixture);
  }
}

/* What a killed process had reserved stands in nobody's way when it has run out; a late settlement still counts. */
static void test_expiry(void) {
  Fixture fixture = set_up("budgets: [{team: bi, limit: 20, unit: tokens, per: month}]\n");
  g_autofree char *path = g_build_filename(fixture.folder, "b.db", NULL);
  AiLedger *ledger = ai_ledger_sqlite(path, NULL);
  AiAccount account = {.team = (char *)"bi"};
  AiAmounts worst = {.amount[AI_UNIT_TOKENS] = 15}, spent = {.amount[AI_UNIT_TOKENS] = 4};
  g_autoptr(GPtrArray) entries = ai_budget_entries(fixture.config, &account, &worst, g_get_real_time() / 1000);
  guint which;
  g_assert_true(ledger->begin(ledger, NULL));
  g_assert_cmpint(ledger->reserve(ledger, 1, entries, 1000, &which), ==, AI_LEDGER_DONE);
  g_assert_cmpint(ledger->reserve(ledger, 2, entries, 5000, &which), ==, AI_LEDGER_WAIT);
  g_assert_true(ledger->expire(ledger, 999));
  g_assert_cmpint(ledger->reserve(ledger, 2, entries, 5000, &which), ==, AI_LEDGER_WAIT);
  g_assert_true(ledger->expire(ledger, 1000));
  g_assert_cmpint(ledger->reserve(ledger, 2, entries, 5000, &which), ==, AI_LEDGER_DONE);
  g_assert_true(ledger->settle(ledger, 1, &spent));
  g_assert_true(ledger->settle(ledger, 1, &spent)); /* twice changes nothing */
  g_assert_true(ledger->settle(ledger, 2, &spent));
  g_assert_true(ledger->commit(ledger, NULL));
  g_autoptr(json_t) report = ledger->report(ledger, 0);
  g_assert_cmpint(json_get_int(json_array_get(report, 0), "spent", 0), ==, 8);
  g_assert_cmpint(json_get_int(json_array_get(report, 0), "reserved", -1), ==, 0);
  ledger->free(ledger);
  tear_down(&fixture);
}

static void test_money(void) {
  static const struct {
    gint64 nano;
    const char *text;
  } CASES[] = {{0, "0.00"}, {1, "0.000000001"}, {1500000000, "1.50"}, {-1234567890, "-1.23456789"}, {G_MAXINT64, "9223372036.854775807"}};
  for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
    g_autofree char *text = ai_money_text(CASES[i].nano);
    g_assert_cmpstr(text, ==, CASES[i].text);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ai/budget/threads", test_threads);
  g_test_add_func("/ai/budget/verdicts", test_verdicts);
  g_test_add_func("/ai/budget/mistakes", test_mistakes);
  g_test_add_func("/ai/budget/periods", test_periods);
  g_test_add_func("/ai/budget/expiry", test_expiry);
  g_test_add_func("/ai/budget/money", test_money);
  return g_test_run();
}

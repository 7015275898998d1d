#include "ai/budget.h"

#include <pthread.h>
#include <string.h>

#include "base/condition.h"

/* How often those who wait are looked at again for what other processes settled. */
#define POLL_MS 5
#define EXPIRE_EVERY_MS 10000
/* A reservation outlives the wait of its call by this. */
#define LIFETIME_MS (15 * 60 * 1000)
#define MAX_QUEUED 100000

typedef struct {
  gint64 ticket; /* > 0: settles this */
  gint64 given;  /* > 0: the ticket to reserve under */
  gint64 lifetime_ms;
  AiAmounts spent;
  AiConfig *config;
  GPtrArray *entries;
  gint64 give_up_us;
  AiBudgetFunction function;
  gpointer data;
  AiBudgetVerdict verdict;
  gboolean decided;
} Work;

struct AiBudget {
  AiLedger *ledger;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  GPtrArray *queued; /* of Work*; under lock */
  gboolean stop;     /* under lock */
  gboolean joined;   /* the thread has ended */
  GPtrArray *waiting; /* of Work*, oldest first; of the thread */
  gint64 next_expiry_us;
  gint64 last_ticket;
  json_t **report;   /* under lock: who wants one */
  guint64 pushed, turned; /* under lock: works that came, and those that were dealt with */
};

void ai_account_clear(AiAccount *account) {
  g_free(account->tenant);
  g_free(account->team);
  g_free(account->user);
  g_free(account->purpose);
  g_strfreev(account->roles);
  *account = (AiAccount){0};
}

static void entry_free(gpointer data) {
  AiEntry *entry = data;
  g_free(entry->key);
  g_free(entry);
}

static void work_free(Work *work) {
  g_clear_pointer(&work->entries, g_ptr_array_unref);
  ai_config_unref(work->config);
  g_free(work->verdict.reason);
  g_free(work);
}

/* ---- rules ---- */

/* Whose amount a rule counts for this account; NULL: the rule does not hold for it. (transfer none) */
static const char *whose(const AiBudgetRule *rule, const AiAccount *account) {
  const char *name = NULL;
  switch (rule->level) {
  case AI_LEVEL_COMPANY: name = account->tenant; break;
  case AI_LEVEL_TEAM: name = account->team; break;
  case AI_LEVEL_USER: name = account->user; break;
  case AI_LEVEL_PURPOSE: name = account->purpose; break;
  case AI_LEVEL_ROLE:
    /* Each user with the role has the amount. */
    if (account->roles == NULL || !g_strv_contains((const char *const *)account->roles, rule->match)) return NULL;
    return account->user != NULL ? account->user : "";
  }
  if (strcmp(rule->match, "*") == 0) return name != NULL ? name : "";
  return g_strcmp0(rule->match, name) == 0 ? name : NULL;
}

gboolean ai_budget_applies(const AiConfig *config, const AiAccount *account) {
  for (guint i = 0; i < config->rules->len; i++)
    if (whose(g_ptr_array_index(config->rules, i), account) != NULL) return TRUE;
  return FALSE;
}

/* Days, weeks and months begin at the company's midnight; a day of its clock change has 23 or 25 hours. */
static gint64 period_start(const AiConfig *config, AiPeriod period, gint64 now_ms) {
  const gint64 minute = 60000, day = 86400000;
  if (period == AI_PERIOD_MINUTE) return now_ms - now_ms % minute;
  if (period == AI_PERIOD_DAY && config->zone == NULL) return now_ms - now_ms % day;
  g_autoptr(GTimeZone) zone = config->zone != NULL ? g_time_zone_ref(config->zone) : g_time_zone_new_utc();
  g_autoptr(GDateTime) now = ai_config_time(config, now_ms / 1000);
  g_autoptr(GDateTime) midnight = g_date_time_new(zone, g_date_time_get_year(now), g_date_time_get_month(now),
                                                  period == AI_PERIOD_MONTH ? 1 : g_date_time_get_day_of_month(now), 0, 0, 0);
  int back = period == AI_PERIOD_WEEK ? (g_date_time_get_day_of_week(now) - config->week_start + 7) % 7 : 0;
  g_autoptr(GDateTime) start = g_date_time_add_days(midnight, -back);
  return g_date_time_to_unix(start) * 1000;
}

static gint64 period_end(const AiConfig *config, AiPeriod period, gint64 start_ms) {
  if (period == AI_PERIOD_MINUTE) return start_ms + 60000;
  g_autoptr(GDateTime) start = ai_config_time(config, start_ms / 1000);
  g_autoptr(GDateTime) next = period == AI_PERIOD_MONTH ? g_date_time_add_months(start, 1) : g_date_time_add_days(start, period == AI_PERIOD_WEEK ? 7 : 1);
  return g_date_time_to_unix(next) * 1000;
}

GPtrArray *ai_budget_entries(const AiConfig *config, const AiAccount *account, const AiAmounts *amounts, gint64 now_ms) {
  GPtrArray *entries = g_ptr_array_new_with_free_func(entry_free);
  for (guint i = 0; i < config->rules->len; i++) {
    const AiBudgetRule *rule = g_ptr_array_index(config->rules, i);
    const char *name = whose(rule, account);
    if (name == NULL) continue;
    AiEntry *entry = g_new0(AiEntry, 1);
    entry->key = g_strdup_printf("%s:%s:%s:%s:%s", ai_level_names[rule->level], rule->match, name, ai_unit_names[rule->unit],
                                 ai_period_names[rule->period]);
    entry->rule = rule;
    entry->unit = rule->unit;
    entry->period = rule->period;
    entry->period_ms = period_start(config, rule->period, now_ms);
    entry->limit = rule->limit;
    entry->amount = amounts->amount[rule->unit];
    /* A worst case above a minute's tokens would never be let through; alone in its minute it is. */
    if (rule->period == AI_PERIOD_MINUTE && rule->unit == AI_UNIT_TOKENS) entry->amount = MIN(entry->amount, rule->limit);
    g_ptr_array_add(entries, entry);
  }
  return entries;
}

/* ---- the thread ---- */

static void refuse(Work *work, const AiEntry *entry) {
  gint64 now_ms = g_get_real_time() / 1000;
  gboolean limit = entry->period == AI_PERIOD_MINUTE;
  work->verdict.code = limit ? AISLE_ERROR_RATE_LIMITED : AISLE_ERROR_BUDGET;
  work->verdict.retry_after_ms = MAX(1, period_end(work->config, entry->period, entry->period_ms) - now_ms);
  work->verdict.reason = g_strdup_printf("the %s of this %s for the %s is used up", limit ? "limit" : "budget", ai_level_names[entry->rule->level],
                                         ai_period_names[entry->period]);
  work->decided = TRUE;
}

static void fail(Work *work, const char *reason) {
  work->verdict.ticket = 0;
  work->verdict.code = AISLE_ERROR_BUSY;
  work->verdict.retry_after_ms = 1000;
  g_free(work->verdict.reason);
  work->verdict.reason = g_strdup_printf("the budget cannot be written now: %s", reason);
  work->decided = TRUE;
}

/* Unique across processes: the time in its upper part, chance below. */
gint64 ai_budget_new_ticket(void) {
  return (g_get_real_time() / 1000 << 20) + (gint64)(g_random_int() & 0xfffff);
}

static void try_reserve(AiBudget *budget, Work *work, gint64 now_us) {
  guint which = 0;
  gint64 now_ms = g_get_real_time() / 1000, ticket = work->given;
  if (ticket == 0) ticket = budget->last_ticket = MAX(ai_budget_new_ticket(), budget->last_ticket + 1);
  AiLedgerOutcome outcome = budget->ledger->reserve(budget->ledger, ticket, work->entries, now_ms + work->lifetime_ms, &which);
  if (outcome == AI_LEDGER_DONE) {
    work->verdict.ticket = ticket;
    work->decided = TRUE;
  } else if (outcome == AI_LEDGER_REFUSED || (outcome == AI_LEDGER_WAIT && now_us >= work->give_up_us)) {
    refuse(work, g_ptr_array_index(work->entries, which));
  } else if (outcome == AI_LEDGER_FAILED) {
    fail(work, "the ledger failed");
  }
}

/* One transaction over everything there is to do. */
static gboolean run_all(AiBudget *budget, GPtrArray *taken, gint64 now_us, GError **error) {
  if (!budget->ledger->begin(budget->ledger, error)) return FALSE;
  if (now_us >= budget->next_expiry_us) {
    budget->ledger->expire(budget->ledger, g_get_real_time() / 1000);
    budget->next_expiry_us = now_us + EXPIRE_EVERY_MS * 1000;
  }
  for (guint i = 0; i < taken->len; i++) {
    Work *work = g_ptr_array_index(taken, i);
    if (work->ticket > 0) work->decided = budget->ledger->settle(budget->ledger, work->ticket, &work->spent);
  }
  for (guint i = 0; i < budget->waiting->len; i++) try_reserve(budget, g_ptr_array_index(budget->waiting, i), now_us);
  return budget->ledger->commit(budget->ledger, error);
}

static void tell_decided(AiBudget *budget) {
  guint kept = 0;
  for (guint i = 0; i < budget->waiting->len; i++) {
    Work *work = g_ptr_array_index(budget->waiting, i);
    if (!work->decided) {
      g_ptr_array_index(budget->waiting, kept++) = work;
      continue;
    }
    work->function(&work->verdict, work->data);
    work_free(work);
  }
  g_ptr_array_set_size(budget->waiting, (int)kept);
}

static void turn(AiBudget *budget, GPtrArray *taken) {
  g_autoptr(GError) error = NULL;
  gint64 now_us = g_get_monotonic_time();
  for (guint i = 0; i < taken->len; i++) {
    Work *work = g_ptr_array_index(taken, i);
    if (work->ticket == 0) g_ptr_array_add(budget->waiting, work);
  }
  gboolean done = run_all(budget, taken, now_us, &error);
  if (!done) {
    budget->ledger->rollback(budget->ledger);
    for (guint i = 0; i < budget->waiting->len; i++) fail(g_ptr_array_index(budget->waiting, i), error->message);
  }
  /* Settlements are not lost: what could not be written now is tried again. */
  pthread_mutex_lock(&budget->lock);
  for (guint i = 0; i < taken->len; i++) {
    Work *work = g_ptr_array_index(taken, i);
    gboolean again = work->ticket != 0 && !done && !budget->stop;
    budget->turned += !again;
    if (again) g_ptr_array_add(budget->queued, work);
    else if (work->ticket != 0) work_free(work);
  }
  pthread_cond_broadcast(&budget->changed);
  pthread_mutex_unlock(&budget->lock);
  g_ptr_array_set_size(taken, 0);
  tell_decided(budget);
}

static void wait_for_work(AiBudget *budget) {
  gint64 ms = budget->waiting->len > 0 ? POLL_MS : EXPIRE_EVERY_MS;
  if (budget->queued->len == 0 && !budget->stop && budget->report == NULL) condition_wait_ms(&budget->changed, &budget->lock, ms);
}

static void give_report(AiBudget *budget) {
  if (budget->report == NULL) return;
  json_t *report = budget->ledger->report(budget->ledger, g_get_real_time() / 1000);
  *budget->report = report != NULL ? report : json_array();
  budget->report = NULL;
  pthread_cond_broadcast(&budget->changed);
}

static void *run_budget(void *data) {
  AiBudget *budget = data;
  GPtrArray *taken = g_ptr_array_new();
  for (;;) {
    pthread_mutex_lock(&budget->lock);
    wait_for_work(budget);
    GPtrArray *swap = budget->queued;
    budget->queued = taken;
    taken = swap;
    give_report(budget);
    gboolean stop = budget->stop && taken->len == 0;
    pthread_mutex_unlock(&budget->lock);
    if (stop) break;
    turn(budget, taken);
  }
  g_ptr_array_unref(taken);
  for (guint i = 0; i < budget->waiting->len; i++) fail(g_ptr_array_index(budget->waiting, i), "the gateway stops");
  tell_decided(budget);
  return NULL;
}

/* ---- face ---- */

AiBudget *ai_budget_new(AiLedger *ledger, GError **error) {
  AiBudget *budget = g_new0(AiBudget, 1);
  pthread_mutex_init(&budget->lock, NULL);
  condition_init(&budget->changed);
  budget->ledger = ledger;
  budget->queued = g_ptr_array_new();
  budget->waiting = g_ptr_array_new();
  if (pthread_create(&budget->thread, NULL, run_budget, budget) == 0) return budget;
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BUSY, "the system gives no thread for budgets");
  ledger->free(ledger);
  g_free(budget);
  return NULL;
}

void ai_budget_stop(AiBudget *budget) {
  if (budget == NULL || budget->joined) return;
  pthread_mutex_lock(&budget->lock);
  budget->stop = TRUE;
  pthread_cond_broadcast(&budget->changed);
  pthread_mutex_unlock(&budget->lock);
  pthread_join(budget->thread, NULL);
  budget->joined = TRUE;
}

void ai_budget_free(AiBudget *budget) {
  if (budget == NULL) return;
  ai_budget_stop(budget);
  g_autoptr(GPtrArray) late = g_steal_pointer(&budget->queued);
  budget->queued = g_ptr_array_new();
  if (late->len > 0) turn(budget, late);
  budget->ledger->free(budget->ledger);
  g_ptr_array_unref(budget->queued);
  g_ptr_array_unref(budget->waiting);
  pthread_cond_destroy(&budget->changed);
  pthread_mutex_destroy(&budget->lock);
  g_free(budget);
}

static gboolean push(AiBudget *budget, Work *work) {
  pthread_mutex_lock(&budget->lock);
  gboolean room = work->ticket > 0 || (!budget->stop && budget->queued->len < MAX_QUEUED);
  if (room) g_ptr_array_add(budget->queued, work);
  budget->pushed += room;
  if (room && budget->queued->len == 1) pthread_cond_broadcast(&budget->changed);
  pthread_mutex_unlock(&budget->lock);
  return room;
}

void ai_budget_reserve(AiBudget *budget, AiConfig *config, const AiAccount *account, const AiAmounts *worst, gint64 wait_ms,
                       AiBudgetFunction function, gpointer data) {
  ai_budget_reserve_as(budget, 0, LIFETIME_MS, config, account, worst, wait_ms, function, data);
}

void ai_budget_reserve_as(AiBudget *budget, gint64 ticket, gint64 lifetime_ms, AiConfig *config, const AiAccount *account, const AiAmounts *worst,
                          gint64 wait_ms, AiBudgetFunction function, gpointer data) {
  Work *work = g_new0(Work, 1);
  work->given = ticket;
  work->lifetime_ms = lifetime_ms;
  work->config = ai_config_ref(config);
  work->entries = ai_budget_entries(config, account, worst, g_get_real_time() / 1000);
  work->give_up_us = g_get_monotonic_time() + wait_ms * 1000;
  work->function = function;
  work->data = data;
  if (push(budget, work)) return;
  fail(work, "too much at once");
  function(&work->verdict, data);
  work_free(work);
}

void ai_budget_settle(AiBudget *budget, gint64 ticket, const AiAmounts *spent) {
  if (ticket <= 0) return;
  Work *work = g_new0(Work, 1);
  work->ticket = ticket;
  work->spent = *spent;
  if (!push(budget, work)) work_free(work);
}

gboolean ai_budget_flush(AiBudget *budget, gint64 wait_ms) {
  struct timespec until = condition_time_in_ms(wait_ms);
  pthread_mutex_lock(&budget->lock);
  guint64 aim = budget->pushed;
  int late = 0;
  while (budget->turned < aim && !budget->joined && late == 0) late = pthread_cond_timedwait(&budget->changed, &budget->lock, &until);
  gboolean written = budget->turned >= aim;
  pthread_mutex_unlock(&budget->lock);
  return written;
}

json_t *ai_budget_report(AiBudget *budget) {
  json_t *report = NULL;
  pthread_mutex_lock(&budget->lock);
  while (budget->report != NULL && !budget->stop) pthread_cond_wait(&budget->changed, &budget->lock);
  budget->report = &report;
  pthread_cond_broadcast(&budget->changed);
  while (report == NULL && !budget->stop) pthread_cond_wait(&budget->changed, &budget->lock);
  pthread_mutex_unlock(&budget->lock);
  return report != NULL ? report : json_array();
}

/*
 * Budgets and limits: company, team, user, purpose, role; money, tokens, credits, requests; minute to month, in the company's time zone.
 *
 * Exact under any concurrency and across processes: before a call leaves, its worst case is reserved in one transaction of
 * SQLite against every rule that holds for it; when it ends, the real amount takes its place. Spent plus reserved never
 * exceeds a limit. A caller is refused only when the worst case would not fit beside what is *spent*; where merely
 * reservations of others stand in the way it waits for them to settle (up to its deadline), so nobody is refused whose
 * call would have fitted. A reservation whose process died expires and frees its amount.
 *
 * One thread of its own writes; all that waits at that moment goes into one transaction. Callbacks come on that thread:
 * hand them on and return. Thread-safe.
 *
 * Where another store keeps the ledger (PostgreSQL, Redis), it implements AiLedger; waiting, batching and rules stay here.
 */
#pragma once
#include "ai/config.h"

/* By AiUnit: money and credits in nano-units, tokens and requests in whole ones. */
typedef struct {
  gint64 amount[4];
} AiAmounts;

typedef struct {
  char *tenant, *team, *user, *purpose;
  char **roles;
} AiAccount;
void ai_account_clear(AiAccount *account);

/* One rule as it holds for one caller now. */
typedef struct {
  char *key;       /* rule and whose, without the period */
  gint64 period_ms; /* start of the period, since 1970 */
  gint64 limit, amount;
  AiUnit unit;
  AiPeriod period;
  const AiBudgetRule *rule;
} AiEntry;

typedef enum { AI_LEDGER_DONE, AI_LEDGER_WAIT, AI_LEDGER_REFUSED, AI_LEDGER_FAILED } AiLedgerOutcome;

/* What a store of the ledger does. Calls between begin and commit are one transaction; all from one thread. */
typedef struct AiLedger AiLedger;
struct AiLedger {
  gboolean (*begin)(AiLedger *ledger, GError **error);
  gboolean (*commit)(AiLedger *ledger, GError **error);
  void (*rollback)(AiLedger *ledger);
  /* All entries or none. REFUSED, WAIT: *which is the entry that does not fit. */
  AiLedgerOutcome (*reserve)(AiLedger *ledger, gint64 ticket, GPtrArray *entries, gint64 expires_ms, guint *which);
  /* Takes the reservation away and adds what was spent, by unit; a share of a rule's `alerts` that is
   * crossed is logged and kept for the report. Also after the reservation expired. */
  gboolean (*settle)(AiLedger *ledger, gint64 ticket, const AiAmounts *spent);
  gboolean (*expire)(AiLedger *ledger, gint64 now_ms);
  json_t *(*report)(AiLedger *ledger, gint64 now_ms); /* [{key, period_ms, limit, spent, reserved, alerted}] (transfer full) */
  void (*free)(AiLedger *ledger);
};
AiLedger *ai_ledger_sqlite(const char *path, GError **error); /* (transfer full) */
/* What stands in a ledger's file, for people and from any process: of each rule and of whom it counts, the newest period.
 * [{level, who, per, since, unit, limit, spent, reserved, used}], `used` in percent of the limit. NOT_FOUND. (transfer full) */
json_t *ai_ledger_list(const char *path, GError **error);

typedef struct AiBudget AiBudget;
AiBudget *ai_budget_new(AiLedger *ledger, GError **error); /* takes the ledger. (transfer full) */
/* Ends its thread: who still waits is told BUSY, as is who comes later. Settlements are still taken. Idempotent, NULL is fine */
void ai_budget_stop(AiBudget *budget);
/* When nobody can call any more: the loops, on which late answers lead to settlements, have ended. Stops first, and writes the
 * settlements that came since. NULL is fine */
void ai_budget_free(AiBudget *budget);

typedef struct {
  gint64 ticket; /* of the reservation; 0: refused */
  AisleErrorCode code;
  char *reason;  /* owned by whoever gets it */
  gint64 retry_after_ms;
} AiBudgetVerdict;
typedef void (*AiBudgetFunction)(const AiBudgetVerdict *verdict, gpointer data);

/* FALSE: no rule holds for this account; nothing to reserve. Cheap. */
gboolean ai_budget_applies(const AiConfig *config, const AiAccount *account);
/* Answers by `function`, always. */
void ai_budget_reserve(AiBudget *budget, AiConfig *config, const AiAccount *account, const AiAmounts *worst, gint64 wait_ms,
                       AiBudgetFunction function, gpointer data);
void ai_budget_settle(AiBudget *budget, gint64 ticket, const AiAmounts *spent);
/*
 * For work that outlives its process: the ticket is made and kept by the caller first, so that whoever takes the work over can
 * settle it (again: the second time changes nothing). It stands for `lifetime_ms`.
 */
gint64 ai_budget_new_ticket(void);
void ai_budget_reserve_as(AiBudget *budget, gint64 ticket, gint64 lifetime_ms, AiConfig *config, const AiAccount *account, const AiAmounts *worst,
                          gint64 wait_ms, AiBudgetFunction function, gpointer data);
/* TRUE: what was settled before is written. Not from its callbacks. */
gboolean ai_budget_flush(AiBudget *budget, gint64 wait_ms);
/* The entries that hold for an account at that moment. (transfer full, of AiEntry*) */
GPtrArray *ai_budget_entries(const AiConfig *config, const AiAccount *account, const AiAmounts *amounts, gint64 now_ms);
json_t *ai_budget_report(AiBudget *budget); /* waits for its thread (transfer full) */

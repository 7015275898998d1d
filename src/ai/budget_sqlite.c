/* The ledger in SQLite. One row per rule, caller and period; a reservation has a row per rule until it is settled. */
#include <string.h>

#include "ai/budget.h"
#include "ai/record.h"
#include "store/sql.h"

#define EXPIRED_KEPT_MS ((gint64)24 * 3600000)

static const char SCHEMA[] =
    "CREATE TABLE IF NOT EXISTS ledger (key TEXT NOT NULL, period_ms INTEGER NOT NULL, max INTEGER NOT NULL,"
    " spent INTEGER NOT NULL, reserved INTEGER NOT NULL, alerted REAL NOT NULL DEFAULT 0, PRIMARY KEY (key, period_ms)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS reservations (ticket INTEGER NOT NULL, part INTEGER NOT NULL, key TEXT NOT NULL, period_ms INTEGER NOT NULL,"
    " unit INTEGER NOT NULL, amount INTEGER NOT NULL, alerts TEXT, expires_ms INTEGER NOT NULL, PRIMARY KEY (ticket, part)) WITHOUT ROWID;";

enum { FIND, ADD, RESERVE, LIST, SETTLE, ALERT, DROP, STATEMENTS };
static const char *const SQL[STATEMENTS] = {
    [FIND] = "SELECT spent, reserved FROM ledger WHERE key = ?1 AND period_ms = ?2",
    [ADD] = "INSERT INTO ledger (key, period_ms, max, spent, reserved) VALUES (?1, ?2, ?3, 0, ?4)"
            " ON CONFLICT (key, period_ms) DO UPDATE SET reserved = reserved + ?4, max = ?3",
    [RESERVE] = "INSERT INTO reservations VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [LIST] = "SELECT key, period_ms, unit, amount, alerts FROM reservations WHERE ticket = ?1",
    [SETTLE] = "UPDATE ledger SET reserved = reserved - ?3, spent = spent + ?4 WHERE key = ?1 AND period_ms = ?2"
               " RETURNING spent, max, alerted",
    [ALERT] = "UPDATE ledger SET alerted = ?3 WHERE key = ?1 AND period_ms = ?2",
    [DROP] = "DELETE FROM reservations WHERE ticket = ?1",
};

typedef struct {
  AiLedger face;
  sqlite3 *handle;
  sqlite3_stmt *statements[STATEMENTS];
} Sqlite;

static gboolean begin(AiLedger *ledger, GError **error) {
  return sql_run(((Sqlite *)ledger)->handle, "BEGIN IMMEDIATE", error);
}

static gboolean commit(AiLedger *ledger, GError **error) {
  return sql_run(((Sqlite *)ledger)->handle, "COMMIT", error);
}

static void rollback(AiLedger *ledger) {
  Sqlite *self = (Sqlite *)ledger;
  if (!sqlite3_get_autocommit(self->handle)) sqlite3_exec(self->handle, "ROLLBACK", NULL, NULL, NULL);
}

static char *alerts_text(const AiBudgetRule *rule) {
  if (rule->alerts == NULL || rule->alerts->len == 0) return NULL;
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < rule->alerts->len; i++) g_string_append_printf(text, "%s%g", i > 0 ? " " : "", g_array_index(rule->alerts, double, i));
  return g_string_free(text, FALSE);
}

static AiLedgerOutcome fits(Sqlite *self, const AiEntry *entry) {
  sqlite3_stmt *find = self->statements[FIND];
  sql_bind_text(find, 1, entry->key);
  sqlite3_bind_int64(find, 2, entry->period_ms);
  int result = sqlite3_step(find);
  gint64 spent = result == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
  gint64 reserved = result == SQLITE_ROW ? sqlite3_column_int64(find, 1) : 0;
  sqlite3_reset(find);
  if (result != SQLITE_ROW && result != SQLITE_DONE) return AI_LEDGER_FAILED;
  if (entry->amount > entry->limit - spent) return AI_LEDGER_REFUSED;
  return entry->amount > entry->limit - spent - reserved ? AI_LEDGER_WAIT : AI_LEDGER_DONE;
}

static gboolean take(Sqlite *self, gint64 ticket, guint part, const AiEntry *entry, gint64 expires_ms) {
  sqlite3_stmt *add = self->statements[ADD], *reserve = self->statements[RESERVE];
  sql_bind_text(add, 1, entry->key);
  sqlite3_bind_int64(add, 2, entry->period_ms);
  sqlite3_bind_int64(add, 3, entry->limit);
  sqlite3_bind_int64(add, 4, entry->amount);
  g_autofree char *alerts = alerts_text(entry->rule);
  sqlite3_bind_int64(reserve, 1, ticket);
  sqlite3_bind_int(reserve, 2, (int)part);
  sql_bind_text(reserve, 3, entry->key);
  sqlite3_bind_int64(reserve, 4, entry->period_ms);
  sqlite3_bind_int(reserve, 5, (int)entry->unit);
  sqlite3_bind_int64(reserve, 6, entry->amount);
  sql_bind_text(reserve, 7, alerts);
  sqlite3_bind_int64(reserve, 8, expires_ms);
  gboolean done = sql_step_done(add) && sql_step_done(reserve);
  sql_bind_text(reserve, 7, NULL);
  return done;
}

static AiLedgerOutcome reserve(AiLedger *ledger, gint64 ticket, GPtrArray *entries, gint64 expires_ms, guint *which) {
  Sqlite *self = (Sqlite *)ledger;
  AiLedgerOutcome worst = AI_LEDGER_DONE;
  for (guint i = 0; i < entries->len; i++) {
    AiLedgerOutcome outcome = fits(self, g_ptr_array_index(entries, i));
    if (outcome > worst) {
      worst = outcome;
      *which = i;
    }
  }
  for (guint i = 0; worst == AI_LEDGER_DONE && i < entries->len; i++)
    if (!take(self, ticket, i, g_ptr_array_index(entries, i), expires_ms)) return AI_LEDGER_FAILED;
  return worst;
}

static void check_alerts(Sqlite *self, const char *key, gint64 period_ms, const char *alerts, gint64 spent, gint64 limit, double alerted) {
  g_auto(GStrv) shares = g_strsplit(alerts, " ", -1);
  double crossed = alerted;
  for (guint i = 0; shares[i] != NULL; i++) {
    double share = g_ascii_strtod(shares[i], NULL);
    if (share > crossed && (double)spent >= share * (double)limit) crossed = share;
  }
  if (crossed <= alerted) return;
  g_message("budget %s: %.0f %% of this period's amount is spent", key, crossed * 100);
  sqlite3_stmt *statement = self->statements[ALERT];
  sql_bind_text(statement, 1, key);
  sqlite3_bind_int64(statement, 2, period_ms);
  sqlite3_bind_double(statement, 3, crossed);
  sql_step_done(statement);
}

static gboolean settle_part(Sqlite *self, sqlite3_stmt *row, const AiAmounts *spent) {
  sqlite3_stmt *settle = self->statements[SETTLE];
  const char *key = (const char *)sqlite3_column_text(row, 0), *alerts = (const char *)sqlite3_column_text(row, 4);
  gint64 period_ms = sqlite3_column_int64(row, 1);
  int unit = sqlite3_column_int(row, 2);
  sql_bind_text(settle, 1, key);
  sqlite3_bind_int64(settle, 2, period_ms);
  sqlite3_bind_int64(settle, 3, sqlite3_column_int64(row, 3));
  sqlite3_bind_int64(settle, 4, unit >= 0 && unit < 4 ? spent->amount[unit] : 0);
  int result = sqlite3_step(settle);
  gint64 now_spent = result == SQLITE_ROW ? sqlite3_column_int64(settle, 0) : 0, limit = result == SQLITE_ROW ? sqlite3_column_int64(settle, 1) : 0;
  double alerted = result == SQLITE_ROW ? sqlite3_column_double(settle, 2) : 0;
  sqlite3_reset(settle);
  if (alerts != NULL && result == SQLITE_ROW) check_alerts(self, key, period_ms, alerts, now_spent, limit, alerted);
  return result == SQLITE_ROW || result == SQLITE_DONE;
}

static gboolean settle(AiLedger *ledger, gint64 ticket, const AiAmounts *spent) {
  Sqlite *self = (Sqlite *)ledger;
  sqlite3_stmt *list = self->statements[LIST];
  sqlite3_bind_int64(list, 1, ticket);
  gboolean done = TRUE;
  int result;
  while (done && (result = sqlite3_step(list)) == SQLITE_ROW) done = settle_part(self, list, spent);
  sqlite3_reset(list);
  sqlite3_bind_int64(self->statements[DROP], 1, ticket);
  return done && sql_step_done(self->statements[DROP]);
}

/* What expired no longer stands in anyone's way, but a late settlement still finds its rows. */
static gboolean expire(AiLedger *ledger, gint64 now_ms) {
  Sqlite *self = (Sqlite *)ledger;
  g_autofree char *sql = g_strdup_printf(
      "UPDATE ledger SET reserved = reserved - (SELECT coalesce(sum(amount), 0) FROM reservations r WHERE r.key = ledger.key"
      "  AND r.period_ms = ledger.period_ms AND r.expires_ms <= %" G_GINT64_FORMAT " AND r.amount > 0)"
      " WHERE EXISTS (SELECT 1 FROM reservations r WHERE r.key = ledger.key AND r.period_ms = ledger.period_ms"
      "  AND r.expires_ms <= %" G_GINT64_FORMAT " AND r.amount > 0);"
      "UPDATE reservations SET amount = 0 WHERE expires_ms <= %" G_GINT64_FORMAT " AND amount > 0;"
      "DELETE FROM reservations WHERE expires_ms <= %" G_GINT64_FORMAT ";"
      "DELETE FROM ledger WHERE key LIKE '%%:minute' AND period_ms < %" G_GINT64_FORMAT,
      now_ms, now_ms, now_ms, now_ms - EXPIRED_KEPT_MS, now_ms - EXPIRED_KEPT_MS);
  return sql_run(self->handle, sql, NULL);
}

static json_t *report(AiLedger *ledger, gint64 now_ms) {
  (void)now_ms;
  sqlite3_stmt *statement =
      sql_prepare(((Sqlite *)ledger)->handle,
                  "SELECT key, period_ms, max AS \"limit\", spent, reserved, alerted FROM ledger WHERE key NOT LIKE '%:minute'"
                  " ORDER BY period_ms DESC, key LIMIT 1000", NULL);
  json_t *rows = statement != NULL ? sql_rows(statement, NULL) : NULL;
  sqlite3_finalize(statement);
  return rows;
}

static void free_ledger(AiLedger *ledger) {
  Sqlite *self = (Sqlite *)ledger;
  for (int i = 0; i < STATEMENTS; i++) sqlite3_finalize(self->statements[i]);
  sqlite3_close(self->handle);
  g_free(self);
}

AiLedger *ai_ledger_sqlite(const char *path, GError **error) {
  sqlite3 *handle = sql_open(path, SCHEMA, FALSE, error);
  if (handle == NULL) return NULL;
  Sqlite *self = g_new0(Sqlite, 1);
  self->face = (AiLedger){begin, commit, rollback, reserve, settle, expire, report, free_ledger};
  self->handle = handle;
  for (int i = 0; i < STATEMENTS; i++) {
    self->statements[i] = sql_prepare(handle, SQL[i], error);
    if (self->statements[i] != NULL) continue;
    free_ledger(&self->face);
    return NULL;
  }
  return &self->face;
}

/* An amount as people write it: money and credits are kept in billionths. */
static json_t *amount_json(gint64 amount, const char *unit) {
  if (strcmp(unit, "money") != 0 && strcmp(unit, "credits") != 0) return json_integer(amount);
  g_autofree char *text = ai_money_text(amount);
  return json_string(text);
}

/* The key of a row is level:match:who:unit:period (ai_budget_entries()); `who` may hold colons. NULL: it is none. */
static json_t *entry_json(const json_t *row) {
  g_auto(GStrv) parts = g_strsplit(json_get_string(row, "key"), ":", -1);
  guint n = g_strv_length(parts);
  if (n < 5) return NULL;
  const char *unit = parts[n - 2], *period = parts[n - 1], *match = parts[1];
  gsize skip = strlen(parts[0]) + strlen(match) + 2, tail = strlen(unit) + strlen(period) + 2;
  const char *key = json_get_string(row, "key");
  g_autofree char *who = g_strndup(key + skip, strlen(key) - skip - tail);
  gint64 limit = json_get_int(row, "limit", 0), spent = json_get_int(row, "spent", 0);
  g_autoptr(GDateTime) start = g_date_time_new_from_unix_utc(json_get_int(row, "period_ms", 0) / 1000);
  /* Where the company's midnight is not that of UTC, the moment is told. */
  gboolean whole = g_date_time_get_hour(start) == 0 && g_date_time_get_minute(start) == 0;
  g_autofree char *since = g_date_time_format(start, whole ? "%Y-%m-%d" : "%Y-%m-%dT%H:%MZ");
  return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:f}", "level", parts[0], "who", who, "per", period, "since", since, "unit", unit, "limit", amount_json(limit, unit),
                   "spent", amount_json(spent, unit), "reserved", amount_json(json_get_int(row, "reserved", 0), unit), "used", limit > 0 ? 100.0 * (double)spent / (double)limit : 0.0);
}

json_t *ai_ledger_list(const char *path, GError **error) {
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "nothing was spent from this workspace yet");
    return NULL;
  }
  AiLedger *ledger = ai_ledger_sqlite(path, error);
  if (ledger == NULL) return NULL;
  g_autoptr(json_t) rows = ledger->report(ledger, g_get_real_time() / 1000);
  json_t *row;
  ledger->free(ledger);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  json_t *list = json_array();
  gsize index;
  json_array_foreach(rows, index, row) {
    const char *key = json_get_string(row, "key");
    json_t *entry = key != NULL && g_hash_table_add(seen, (gpointer)key) ? entry_json(row) : NULL;
    if (entry != NULL) json_array_append_new(list, entry);
  }
  return list;
}

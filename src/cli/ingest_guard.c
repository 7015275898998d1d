#include "cli/ingest_guard.h"

#include "query/guard.h"

static gboolean check_select(Engine *engine, const char *sql, const char *const *relations, GError **error) {
  const GuardPolicy policy = {.relations = relations};
  g_autofree char *checked = guard_check(engine, sql, &policy, error);
  return checked != NULL;
}

static gboolean check_expression(Engine *engine, const char *expression, GError **error) {
  return guard_check_expression(engine, expression, FALSE, error);
}

const IngestGuard cli_ingest_guard = {check_select, check_expression};

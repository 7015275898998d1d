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

gboolean ingest_check_files(const char *workspace, char **mistakes, GError **error) {
  *mistakes = NULL;
  g_autoptr(GError) failing = NULL;
  g_autoptr(GPtrArray) definitions = ingest_definitions_load(workspace, &failing);
  if (definitions == NULL && g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_BAD_INPUT)) {
    *mistakes = g_strdup_printf("%s\n", failing->message);
    return TRUE;
  }
  if (definitions == NULL) {
    g_propagate_error(error, g_steal_pointer(&failing));
    return FALSE;
  }
  if (definitions->len == 0) return TRUE;
  g_autoptr(Engine) engine = engine_open_duckdb(&(EngineOptions){.max_connections = 1}, error);
  if (engine == NULL) return FALSE;
  g_autoptr(GPtrArray) problems = yaml_problems_new();
  for (guint i = 0; i < definitions->len; i++) ingest_definition_check(definitions->pdata[i], &cli_ingest_guard, engine, problems);
  if (problems->len > 0) *mistakes = yaml_problems_to_text(problems);
  return TRUE;
}

/*
 * SQL of a load's steps.
 *
 * The pass: query -> cells cast to the table's types (a cell that does not fit becomes NULL and sets bit 0) -> one bit for
 * each rule that the row breaks -> repairs, then privacy. Everything is one projection over the source, so the engine's
 * parallel reader stays busy and rows are touched once. Only what comes out of the last step is written anywhere.
 *
 * One of each key: hashes that occur once need no look at the rows; only rows whose hash repeats are compared by key. Of
 * those the greatest `keep_last_by` wins, then the file whose name sorts last, then the greatest cells, so that the choice
 * never depends on the order in which threads work.
 */
#include "lake/ingest_private.h"
#include <string.h>

static gboolean is_stored(const IngestOutput *output) {
  return !output->privacy || output->privacy->action != PRIVACY_DROP;
}

char *ingest_stored_columns(const IngestRun *run, const char *prefix) {
  GString *list = g_string_new(NULL);
  for (guint i = 0; i < run->outputs->len; i++) {
    const IngestOutput *output = run->outputs->pdata[i];
    g_autofree char *name = text_sql_identifier(output->name);
    if (is_stored(output)) g_string_append_printf(list, "%s%s%s", list->len ? ", " : "", prefix, name);
  }
  return g_string_free(list, FALSE);
}

gint64 ingest_action_mask(const IngestRun *run, RuleAction action) {
  gint64 mask = action == ON_QUARANTINE ? 1 : 0; /* bit 0: a cell does not fit */
  for (guint i = 0; i < run->rules->len; i++) {
    const QualityRule *rule = run->rules->pdata[i];
    if (rule->action == action) mask |= (gint64)1 << (i + 1);
  }
  return mask;
}

/* ---- casting ---- */

static void append_cast(GString *sql, const IngestOutput *output, const char *name) {
  if (!strcmp(output->source_type, output->sql_type)) {
    g_string_append(sql, name);
    return;
  }
  if (output->narrows) {
    g_string_append_printf(sql, "TRY_CAST(%s AS %s) AS %s", name, output->sql_type, name);
    return;
  }
  import_field_of_sql(output->source_type, output->name, sql);
  g_string_append_printf(sql, " AS %s", name);
}

/* True where the cell is lost by the cast: no such value, or another number. */
static void append_misfit(GString *sql, const IngestOutput *output, const char *name) {
  gboolean numbers = strcmp(output->source_type, "VARCHAR") && !strcmp(output->sql_type, "BIGINT");
  g_string_append_printf(sql, "(%s IS NOT NULL AND (TRY_CAST(%s AS %s) IS NULL", name, name, output->sql_type);
  if (numbers) g_string_append_printf(sql, " OR TRY_CAST(%s AS BIGINT) <> %s", name, name);
  g_string_append(sql, "))");
}

static void append_typed(GString *sql, const IngestRun *run) {
  GString *misfit = g_string_new(NULL), *raw = g_string_new(NULL);
  g_string_append(sql, "SELECT ");
  for (guint i = 0; i < run->outputs->len; i++) {
    const IngestOutput *output = run->outputs->pdata[i];
    g_autofree char *name = text_sql_identifier(output->name);
    append_cast(sql, output, name);
    g_string_append(sql, ", ");
    if (!output->narrows) continue;
    g_autofree char *key = text_sql_quote(output->name);
    g_string_append(misfit, misfit->len ? " OR " : "");
    append_misfit(misfit, output, name);
    if (!output->privacy) g_string_append_printf(raw, "%s%s: CAST(%s AS VARCHAR)", raw->len ? ", " : "", key, name);
  }
  /* The source may have found misfits before the query (ingest_query.c). */
  if (run->has_misfits) g_string_append(misfit, misfit->len ? " OR _misfit" : "_misfit");
  g_autofree char *own_raw = raw->len ? g_strdup_printf("CASE WHEN %s THEN CAST(to_json({%s}) AS VARCHAR) END", misfit->str, raw->str) : g_strdup("CAST(NULL AS VARCHAR)");
  g_string_append_printf(sql, "(%s) AS __misfit, ", misfit->len ? misfit->str : "false");
  g_string_append_printf(sql, run->has_misfits ? "coalesce(_raw, %s) AS __raw, " : "%s AS __raw, ", own_raw);
  g_string_append(sql, run->has_places ? "_file, _place" : "CAST(NULL AS VARCHAR) AS _file, CAST(NULL AS BIGINT) AS _place");
  g_string_append_printf(sql, " FROM (%s)", run->query);
  g_string_free(misfit, TRUE);
  g_string_free(raw, TRUE);
}

/* ---- rules ---- */

static void append_mask(GString *sql, const IngestRun *run) {
  g_string_append(sql, "(CASE WHEN __misfit THEN CAST(1 AS BIGINT) ELSE 0 END");
  for (guint i = 0; i < run->rules->len; i++) {
    g_autofree char *violation = quality_violation_sql(run->rules->pdata[i], run->now_ms);
    g_string_append_printf(sql, " + CASE WHEN %s THEN CAST(%" G_GINT64_FORMAT " AS BIGINT) ELSE 0 END", violation, (gint64)1 << (i + 1));
  }
  g_string_append(sql, ") AS __q");
}

/* Cells that rules repair, and what they were before. */
static char *repaired(const IngestRun *run, const IngestOutput *output, const char *name) {
  char *expression = g_strdup(name);
  for (guint i = 0; i < run->rules->len; i++) {
    const QualityRule *rule = run->rules->pdata[i];
    if (rule->action != ON_FIX || strcmp(rule->columns[0], output->name)) continue;
    char *before = expression;
    expression = g_strdup_printf("CASE WHEN (__q & %" G_GINT64_FORMAT ") <> 0 THEN CAST((%s\n) AS %s) ELSE %s END", (gint64)1 << (i + 1),
                                 rule->fix, output->sql_type, before);
    g_free(before);
  }
  return expression;
}

static void append_originals(GString *sql, const IngestRun *run) {
  gint64 mask = ingest_action_mask(run, ON_FIX);
  g_autoptr(GString) cells = g_string_new(NULL);
  for (guint i = 0; i < run->rules->len; i++) {
    const QualityRule *rule = run->rules->pdata[i];
    if (rule->action != ON_FIX || privacy_rule_find(run->definition->privacy, rule->columns[0])) continue;
    g_autofree char *key = text_sql_quote(rule->columns[0]), *name = text_sql_identifier(rule->columns[0]);
    if (!strstr(cells->str, key)) g_string_append_printf(cells, "%s%s: CAST(%s AS VARCHAR)", cells->len ? ", " : "", key, name);
  }
  if (cells->len)
    g_string_append_printf(sql, "CASE WHEN (__q & %" G_GINT64_FORMAT ") <> 0 THEN CAST(to_json({%s}) AS VARCHAR) ELSE __raw END AS __original", mask, cells->str);
  else
    g_string_append(sql, "__raw AS __original");
}

/* ---- the pass ---- */

/* Without rules, and where every cell fits by its type, no row is set apart. */
static gboolean may_speak_of_rows(const IngestRun *run) {
  gboolean may = run->rules->len > 0 || run->has_misfits;
  for (guint i = 0; i < run->outputs->len && !may; i++) may = ((IngestOutput *)run->outputs->pdata[i])->narrows;
  return may;
}

char *ingest_pass_sql(const IngestRun *run) {
  GString *sql = g_string_new("SELECT ");
  for (guint i = 0; i < run->outputs->len; i++) {
    const IngestOutput *output = run->outputs->pdata[i];
    g_autofree char *name = text_sql_identifier(output->name), *cell = repaired(run, output, name);
    if (!is_stored(output)) continue;
    g_autofree char *safe = output->privacy ? privacy_sql(output->privacy, cell, output->sql_type) : NULL;
    if (!safe && !strcmp(cell, name)) g_string_append_printf(sql, "%s, ", name);
    else g_string_append_printf(sql, "%s AS %s, ", safe ? safe : cell, name);
  }
  /* A place is only needed for rows that are spoken of. */
  g_string_append(sql, may_speak_of_rows(run) ? "_file, CASE WHEN __q <> 0 THEN _place END AS _place, __q, "
                                              : "_file, CAST(NULL AS BIGINT) AS _place, CAST(0 AS BIGINT) AS __q, ");
  append_originals(sql, run);
  if (run->definition->keys[0]) {
    g_string_append(sql, ", CAST(hash(");
    for (guint i = 0; run->definition->keys[i]; i++) {
      g_autofree char *name = text_sql_identifier(run->definition->keys[i]);
      g_string_append_printf(sql, "%s%s", i ? ", " : "", name);
    }
    g_string_append(sql, ") >> 1 AS BIGINT) AS __h");
  }
  g_string_append(sql, " FROM (SELECT *, ");
  append_mask(sql, run);
  g_string_append(sql, " FROM (");
  append_typed(sql, run);
  g_string_append(sql, "))");
  if (run->buckets <= 1) return g_string_free(sql, FALSE);
  /* Of rows without a key any bucket will do; a steady one keeps the pass repeatable. */
  g_autofree char *inner = g_string_free(sql, FALSE), *columns = ingest_stored_columns(run, "");
  g_autofree char *hash = run->definition->keys[0] ? g_strdup("__h") : g_strdup_printf("hash(%s)", columns);
  return g_strdup_printf("SELECT *, CAST(%s %% %u AS INTEGER) AS __b FROM (%s)", hash, run->buckets, inner);
}

/* ---- what the pass left ---- */

char *ingest_spilled_sql(const IngestRun *run, gint bucket) {
  if (run->small) return g_strdup(INGEST_SMALL_TABLE);
  g_autofree char *pattern = run->buckets <= 1 ? g_build_filename(run->work, "spill", "all.parquet", NULL)
                             : bucket < 0      ? g_build_filename(run->work, "spill", "**", "*.parquet", NULL)
                                               : g_strdup_printf("%s/spill/__b=%d/*.parquet", run->work, bucket);
  g_autofree char *quoted = text_sql_quote(pattern);
  return g_strdup_printf("read_parquet(%s, hive_partitioning=false)", quoted);
}

char *ingest_kept_sql(const IngestRun *run, gint bucket) {
  g_autofree char *columns = ingest_stored_columns(run, ""), *spilled = ingest_spilled_sql(run, bucket);
  gint64 apart = ingest_action_mask(run, ON_QUARANTINE);
  if (!run->definition->keys[0])
    return g_strdup_printf("SELECT %s FROM %s WHERE (__q & %" G_GINT64_FORMAT ") = 0", columns, spilled, apart);
  g_autoptr(GString) keys = g_string_new(NULL), keyless = g_string_new(NULL), order = g_string_new(NULL);
  for (guint i = 0; run->definition->keys[i]; i++) {
    g_autofree char *name = text_sql_identifier(run->definition->keys[i]);
    g_string_append_printf(keys, "%s%s", i ? ", " : "", name);
    g_string_append_printf(keyless, " OR %s IS NULL", name);
  }
  if (run->definition->keep_last_by) {
    g_autofree char *last = text_sql_identifier(run->definition->keep_last_by);
    g_string_append_printf(order, "%s DESC NULLS LAST, ", last);
  }
  g_string_append(order, "_file DESC NULLS LAST");
  for (guint i = 0; i < run->outputs->len; i++) {
    const IngestOutput *output = run->outputs->pdata[i];
    g_autofree char *name = text_sql_identifier(output->name);
    if (is_stored(output)) g_string_append_printf(order, ", %s DESC NULLS LAST", name);
  }
  return g_strdup_printf("SELECT %s FROM %s WHERE (__q & %" G_GINT64_FORMAT ") = 0 AND __h NOT IN (SELECT __h FROM ingest_repeated) "
                         "UNION ALL SELECT %s FROM (SELECT * FROM %s WHERE (__q & %" G_GINT64_FORMAT ") = 0 AND __h IN (SELECT __h FROM "
                         "ingest_repeated) QUALIFY row_number() OVER (PARTITION BY %s ORDER BY %s) = 1%s)",
                         columns, spilled, apart, columns, spilled, apart, keys->str, order->str, keyless->str);
}

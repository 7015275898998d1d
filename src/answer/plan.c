#include "answer/plan.h"
#include "answer/plan_keys.h"
#include <string.h>

/* Rollups as small as this are read once: opening their file would take longer than reading it. */
#define MEMORY_ROLLUP_BYTES (1 << 20)
/* So many keys are held against each file's bounds one by one. */
#define LISTED_KEYS 200

typedef struct {
  const Rollup *definition; /* of the model */
  RollupServing *serving;   /* NULL: it cannot be read */
} PlanRollup;

struct PlanLake {
  Model *model;
  LakeSnapshot *snapshot;
  GArray *rollups; /* of PlanRollup, smallest first */
  PlanKeys *keys;
};

/* ---- the lake ---- */
static RollupServing *open_rollup(const char *workspace, Model *model, const Rollup *definition,
                                  const LakeSnapshot *snapshot, Engine *engine, GError **error) {
  g_autoptr(AccessScope) everything = access_scope_new_local();
  g_autoptr(RollupView) view = rollup_view_new(model, model, everything, definition, error);
  g_autoptr(RollupSpec) spec = view != NULL ? rollup_view_spec(view, error) : NULL;
  g_autoptr(RollupServing) serving =
      spec != NULL ? rollup_serving_open(workspace, spec, snapshot, engine, error) : NULL;
  if (serving == NULL || serving->relation == NULL) return g_steal_pointer(&serving);
  g_autofree char *table = g_strconcat(ROLLUP_TABLE_PREFIX, definition->name, NULL), *name = text_sql_identifier(table);
  gboolean in_memory = serving->bytes <= MEMORY_ROLLUP_BYTES;
  g_autofree char *sql =
      g_strdup_printf("CREATE OR REPLACE %s lake.%s AS %s", in_memory ? "TABLE" : "VIEW", name, serving->relation);
  return engine_execute(engine, sql, deadline_in_ms(60000, NULL), error) ? g_steal_pointer(&serving) : NULL;
}

static gint compare_sizes(gconstpointer a, gconstpointer b) {
  const RollupServing *one = ((const PlanRollup *)a)->serving, *other = ((const PlanRollup *)b)->serving;
  gint64 rows = one != NULL && one->relation != NULL ? one->rows : G_MAXINT64;
  gint64 other_rows = other != NULL && other->relation != NULL ? other->rows : G_MAXINT64;
  return rows < other_rows ? -1 : rows > other_rows;
}

static void free_rollup(gpointer rollup) {
  rollup_serving_free(((PlanRollup *)rollup)->serving);
}

PlanLake *plan_lake_open(const char *workspace, Model *model, LakeSnapshot *snapshot, Engine *engine) {
  PlanLake *lake = g_new0(PlanLake, 1);
  lake->model = model_ref(model);
  lake->snapshot = lake_snapshot_ref(snapshot);
  lake->rollups = g_array_new(FALSE, TRUE, sizeof(PlanRollup));
  g_array_set_clear_func(lake->rollups, free_rollup);
  lake->keys = plan_keys_new(engine, model, snapshot);
  for (guint i = 0; i < model->rollups->len; i++) {
    g_autoptr(GError) error = NULL;
    PlanRollup rollup = {g_ptr_array_index(model->rollups, i), NULL};
    rollup.serving = open_rollup(workspace, model, rollup.definition, snapshot, engine, &error);
    if (rollup.serving == NULL)
      g_warning("rollup %s is not used: %s", rollup.definition->name,
                error != NULL ? error->message : "it cannot be read");
    g_array_append_val(lake->rollups, rollup);
  }
  g_array_sort(lake->rollups, compare_sizes);
  return lake;
}

void plan_lake_free(PlanLake *lake) {
  if (lake == NULL) return;
  g_array_unref(lake->rollups);
  plan_keys_free(lake->keys);
  lake_snapshot_unref(lake->snapshot);
  model_unref(lake->model);
  g_free(lake);
}

GPtrArray *plan_lake_views(PlanLake *lake, Model *visible, const AccessScope *scope) {
  GPtrArray *views = g_ptr_array_new_with_free_func((GDestroyNotify)rollup_view_free);
  for (guint i = 0; i < lake->rollups->len; i++) {
    const PlanRollup *rollup = &g_array_index(lake->rollups, PlanRollup, i);
    RollupView *view = rollup_view_new(lake->model, visible, scope, rollup->definition, NULL);
    if (view != NULL) g_ptr_array_add(views, view);
  }
  return views;
}

/* ---- which rollup ---- */
static const RollupServing *serving_of(const PlanLake *lake, const RollupView *view) {
  for (guint i = 0; i < lake->rollups->len; i++) {
    const PlanRollup *rollup = &g_array_index(lake->rollups, PlanRollup, i);
    if (strcmp(rollup->definition->name, view->definition->name) == 0) return rollup->serving;
  }
  return NULL;
}

static RollupReason state_reason(const RollupServing *serving) {
  if (serving == NULL || serving->state == ROLLUP_IS_MISSING) return ROLLUP_NOT_BUILT;
  if (serving->state == ROLLUP_IS_STALE) return ROLLUP_STALE;
  return serving->state == ROLLUP_DIMENSION_IS_NEW ? ROLLUP_DIMENSION_CHANGED : ROLLUP_USED;
}

static RollupReason judge(const PlanLake *lake, const RollupView *view, const SemanticQuery *resolved,
                          const AccessScope *scope, const CompiledQuery *over_rows, CompiledQuery **rolled) {
  RollupReason reason = rollup_check(view, resolved, scope);
  const RollupServing *serving = serving_of(lake, view);
  if (reason == ROLLUP_USED) reason = state_reason(serving);
  const Dataset *rows = model_find_dataset(view->raw, view->definition->dataset);
  const SnapshotTable *table = rows != NULL ? lake_snapshot_find(lake->snapshot, rows->table) : NULL;
  if (reason == ROLLUP_USED && table != NULL && serving->rows * 2 > table->rows) reason = ROLLUP_NOT_SMALLER;
  if (reason != ROLLUP_USED) return reason;
  *rolled = rollup_compile(view, resolved, scope, over_rows, NULL);
  return *rolled != NULL ? ROLLUP_USED : ROLLUP_DIMENSION_MISSING;
}

static gboolean reads_dataset(const CompiledQuery *compiled, const char *name) {
  for (guint i = 0; i < compiled->tables->len; i++)
    if (strcmp(((const Dataset *)g_ptr_array_index(compiled->tables, i))->name, name) == 0) return TRUE;
  return FALSE;
}

static void take_rollup(QueryPlan *plan, const RollupView *view, CompiledQuery *rolled) {
  compiled_query_free(plan->compiled);
  plan->compiled = rolled;
  plan->rollup = view;
}

/* Takes the first that answers exactly, or else the first that the model lets estimate; else the reason is that of the
 * one that came nearest: reasons stand in that order. */
static void choose_rollup(QueryPlan *plan, const PlanLake *lake, const GPtrArray *views, const SemanticQuery *resolved,
                          const AccessScope *scope) {
  plan->reason = ROLLUP_NONE_DECLARED;
  CompiledQuery *estimate = NULL;
  const RollupView *estimating = NULL;
  for (guint i = 0; i < views->len; i++) {
    const RollupView *view = g_ptr_array_index(views, i);
    if (!reads_dataset(plan->compiled, view->definition->dataset)) continue;
    CompiledQuery *rolled = NULL;
    RollupReason reason = judge(lake, view, resolved, scope, plan->compiled, &rolled);
    if (reason != ROLLUP_USED) plan->reason = MAX(plan->reason, reason);
    if (rolled == NULL) continue;
    if (rolled->estimated == NULL) {
      plan->reason = ROLLUP_USED;
      compiled_query_free(estimate);
      take_rollup(plan, view, rolled);
      return;
    }
    if (estimate != NULL) {
      compiled_query_free(rolled);
      continue;
    }
    estimate = rolled;
    estimating = view;
  }
  if (estimate == NULL) return;
  plan->reason = ROLLUP_ESTIMATED;
  take_rollup(plan, estimating, estimate);
}

/* ---- which files ---- */
static gboolean read_value(FieldType type, const char *text, Value *value) {
  Day day;
  if (type == FIELD_TEXT) {
    *value = (Value){.type = VALUE_TEXT, .text = text};
    return TRUE;
  }
  if (type == FIELD_INTEGER) {
    *value = (Value){.type = VALUE_INT};
    if (!g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &value->integer, NULL)) return FALSE;
    value->number = (double)value->integer;
    return TRUE;
  }
  if (!day_parse_iso(text, &day)) return FALSE;
  *value = (Value){.type = VALUE_DATE, .integer = day};
  return TRUE;
}

/* A condition that cannot be said to the log is left out: more files stay. */
static void add_predicate(const ReadCondition *condition, GArray *predicates, GPtrArray *values) {
  static const DeltaOperator operators[] = {[OP_LESS] = DELTA_LESS,
                                            [OP_LESS_EQUAL] = DELTA_LESS_EQUAL,
                                            [OP_GREATER] = DELTA_GREATER,
                                            [OP_GREATER_EQUAL] = DELTA_GREATER_EQUAL};
  g_autofree Value *list = g_new0(Value, condition->values->len);
  for (guint i = 0; i < condition->values->len; i++)
    if (!read_value(condition->type, g_ptr_array_index(condition->values, i), &list[i])) return;
  DeltaPredicate predicate = {condition->column, condition->op == OP_EQUAL ? DELTA_IN : operators[condition->op], list,
                              condition->values->len};
  g_array_append_val(predicates, predicate);
  g_ptr_array_add(values, g_steal_pointer(&list));
}

typedef struct {
  GArray *predicates; /* of DeltaPredicate */
  GPtrArray *values;  /* what they point to */
} Predicates;

static guint count_files(const DeltaTable *table, const Predicates *wanted) {
  guint files = 0;
  for (guint i = 0; i < table->files->len; i++)
    files += delta_file_may_match(table, g_ptr_array_index(table->files, i), (const DeltaPredicate *)(gpointer)wanted->predicates->data,
                                  wanted->predicates->len);
  return files;
}

/* What another table says about a column: a list of few keys, the bounds of many. */
static void add_keys(const PlanLake *lake, const ReadCondition *condition, gint64 rows, Deadline deadline, Predicates *wanted) {
  g_autoptr(GPtrArray) keys = plan_keys_ask(lake->keys, condition->keys, rows, deadline);
  if (keys == NULL) return;
  if (keys->len <= LISTED_KEYS) {
    ReadCondition list = {condition->column, condition->type, OP_EQUAL, keys, NULL};
    add_predicate(&list, wanted->predicates, wanted->values);
    return;
  }
  g_autoptr(GPtrArray) first = g_ptr_array_new(), last = g_ptr_array_new();
  g_ptr_array_add(first, keys->pdata[0]);
  g_ptr_array_add(last, keys->pdata[keys->len - 1]);
  ReadCondition low = {condition->column, condition->type, OP_GREATER_EQUAL, first, NULL};
  ReadCondition high = {condition->column, condition->type, OP_LESS_EQUAL, last, NULL};
  add_predicate(&low, wanted->predicates, wanted->values);
  add_predicate(&high, wanted->predicates, wanted->values);
}

/* Marks the files that may hold a row of the read. Other tables are asked only where more than one file is left. */
static void mark_files(const PlanLake *lake, const DeltaTable *table, const GPtrArray *read, Deadline deadline, gboolean *matters) {
  g_autoptr(GArray) predicates = g_array_new(FALSE, FALSE, sizeof(DeltaPredicate));
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
  Predicates wanted = {predicates, values};
  gboolean has_keys = FALSE;
  for (guint i = 0; i < read->len; i++) {
    const ReadCondition *condition = g_ptr_array_index(read, i);
    has_keys = has_keys || condition->keys != NULL;
    if (condition->keys == NULL) add_predicate(condition, predicates, values);
  }
  if (has_keys && count_files(table, &wanted) < 2) has_keys = FALSE;
  for (guint i = 0; has_keys && i < read->len; i++) {
    const ReadCondition *condition = g_ptr_array_index(read, i);
    if (condition->keys != NULL) add_keys(lake, condition, delta_table_rows(table), deadline, &wanted);
  }
  for (guint i = 0; i < table->files->len; i++)
    matters[i] =
        matters[i] || delta_file_may_match(table, g_ptr_array_index(table->files, i),
                                           (const DeltaPredicate *)(gpointer)predicates->data, predicates->len);
}

/* SQL of the files that matter; NULL: all of them, beneath the logical name. (transfer full) */
static char *bind_files(const PlanLake *lake, const QueryRelation *relation, const SnapshotTable *snapshot, Deadline deadline,
                        PlanRead *read) {
  if (relation->reads == NULL || read->files_total < 2) return NULL;
  const DeltaTable *table = snapshot->delta;
  if (table == NULL) return NULL;
  g_autofree gboolean *matters = g_new0(gboolean, table->files->len + 1);
  for (guint i = 0; i < relation->reads->len; i++) mark_files(lake, table, g_ptr_array_index(relation->reads, i), deadline, matters);
  g_autoptr(GPtrArray) files = g_ptr_array_new();
  gint64 bytes = 0, rows = 0;
  for (guint i = 0; i < table->files->len; i++) {
    DeltaFile *file = g_ptr_array_index(table->files, i);
    if (!matters[i]) continue;
    g_ptr_array_add(files, file);
    bytes += file->bytes;
    rows += MAX(file->rows, 0);
  }
  if (files->len == table->files->len) return NULL;
  read->files = files->len;
  read->bytes = bytes;
  read->rows = rows;
  g_autofree char *sql = delta_relation_sql(table, files);
  return g_strdup_printf("(%s)", sql);
}

static PlanRead read_of_rollup(const PlanLake *lake, const QueryPlan *plan) {
  const RollupServing *serving = serving_of(lake, plan->rollup);
  if (serving == NULL) return (PlanRead){.dataset = rollup_view_dataset(plan->rollup)};
  gint64 files = serving->files + serving->row_files;
  return (PlanRead){rollup_view_dataset(plan->rollup), 0, files, serving->bytes, files, serving->bytes, serving->rows};
}

/* Every table that is compared was there then. */
static gboolean check_baseline(const CompiledQuery *compiled, const LakeSnapshot *baseline, GError **error) {
  for (guint i = 0; i < compiled->relations->len; i++) {
    const QueryRelation *relation = g_ptr_array_index(compiled->relations, i);
    if (relation->edition == 0) continue;
    /* What leads to a scope's field lies beneath the logical name, and so in the query's own state. */
    if (relation->tail != NULL && strstr(relation->tail, "\"lake\".") != NULL) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN,
                  "which rows of \"%s\" you may see is decided by another table, so two states of it cannot be compared; ask each by itself",
                  relation->dataset->label);
      return FALSE;
    }
    const SnapshotTable *table = baseline != NULL ? lake_snapshot_find(baseline, relation->dataset->table) : NULL;
    if (table != NULL && table->delta != NULL) continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "the data that is compared with has no table \"%s\" yet", relation->dataset->label);
    return FALSE;
  }
  return TRUE;
}

static void bind_plan(QueryPlan *plan, const PlanLake *lake, const LakeSnapshot *baseline, Deadline deadline) {
  g_autoptr(GPtrArray) tables = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < plan->compiled->relations->len; i++) {
    const QueryRelation *relation = g_ptr_array_index(plan->compiled->relations, i);
    const LakeSnapshot *snapshot = relation->edition > 0 ? baseline : lake->snapshot;
    const SnapshotTable *table = lake_snapshot_find(snapshot, relation->dataset->table);
    PlanRead read = {.dataset = relation->dataset, .edition = relation->edition};
    if (relation->dataset->rollup != NULL) read = read_of_rollup(lake, plan);
    if (table != NULL) {
      read.files = read.files_total = g_strv_length(table->files);
      read.bytes = read.bytes_total = table->bytes;
      read.rows = table->rows;
    }
    char *bound = table != NULL ? bind_files(lake, relation, table, deadline, &read) : NULL;
    if (bound == NULL && relation->edition > 0) { /* beneath the logical name lie the query's own rows */
      g_autofree char *sql = delta_relation_sql(table->delta, NULL);
      bound = g_strdup_printf("(%s)", sql);
    }
    g_ptr_array_add(tables, bound);
    g_array_append_val(plan->reads, read);
  }
  plan->sql = compiled_query_bind(plan->compiled, (char *const *)tables->pdata);
}

/* ---- the whole ---- */
void query_plan_free(QueryPlan *plan) {
  if (plan == NULL) return;
  compiled_query_free(plan->compiled);
  g_clear_pointer(&plan->reads, g_array_unref);
  g_free(plan->sql);
  g_free(plan);
}

QueryPlan *query_plan_new(PlanLake *lake, const GPtrArray *views, const SemanticQuery *resolved, const Model *model,
                          const AccessScope *scope, LakeSnapshot *baseline, Deadline deadline, GError **error) {
  CompiledQuery *compiled = semantic_query_compile(resolved, model, scope, error);
  if (compiled == NULL || !check_baseline(compiled, baseline, error)) {
    compiled_query_free(compiled);
    return NULL;
  }
  QueryPlan *plan = g_new0(QueryPlan, 1);
  plan->compiled = compiled;
  plan->reads = g_array_new(FALSE, FALSE, sizeof(PlanRead));
  choose_rollup(plan, lake, views, resolved, scope);
  bind_plan(plan, lake, baseline, deadline);
  return plan;
}

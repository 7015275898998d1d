#include "cli/init_rules.h"

#include <string.h>

#include "base/disk.h"
#include "lake/privacy.h"

/* A set of values is proposed as complete when it is small and each occurs often. */
#define ALLOWED_MAX_VALUES 12
#define ALLOWED_ROWS_PER_VALUE 20
#define SAMPLE_ROWS 2000
#define SAMPLE_VALUES 200
/* An order of dates that so few rows contradict is meant. */
#define ORDER_EXCEPTIONS 0.001

/* Bounds for wide tables: columns that are looked at, dates that are compared pairwise. */
#define MOST_COLUMNS 200
#define MOST_DATES 12
#define MOST_KEPT_ROWS 100000

typedef struct {
  Engine *engine;
  const Model *model;
  const Dataset *dataset;
  GPtrArray *fields; /* of const Field*: the stored ones that are looked at */
  char *relation;    /* holds them */
  GString *rules; /* YAML */
} Proposal;

static ResultTable *ask(const Proposal *proposal, gsize max_rows, const char *format, ...) G_GNUC_PRINTF(3, 4);
static ResultTable *ask(const Proposal *proposal, gsize max_rows, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *sql = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  /* A proposal that cannot be made is no reason for init to fail. */
  return engine_query(proposal->engine, sql, NULL, max_rows, DEADLINE_NEVER, NULL);
}

static gboolean is_stored(const Field *field) {
  return strcmp(field->expression, field->name) == 0;
}

static char *count_text(gint64 count) {
  return text_format_number((double)count, 0);
}

static void propose_required(Proposal *proposal) {
  g_autoptr(GString) names = g_string_new(NULL);
  g_autofree char *rows = count_text(proposal->dataset->row_count);
  for (guint i = 0; i < proposal->dataset->fields->len; i++) {
    const Field *field = proposal->dataset->fields->pdata[i];
    if (is_stored(field) && field->null_count == 0) g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", field->name);
  }
  if (names->len > 0) g_string_append_printf(proposal->rules, "  # none of %s rows is empty there\n  - {required: [%s]}\n", rows, names->str);
}

static void propose_range(Proposal *proposal, const Field *field) {
  if (field->minimum == NULL || field->maximum == NULL) return;
  if (field->type == FIELD_DATE || field->type == FIELD_TIMESTAMP) {
    g_string_append_printf(proposal->rules, "  # %s to %s\n  - {valid_date: %s}\n", field->minimum, field->maximum, field->name);
    return;
  }
  if (field->type != FIELD_INTEGER && field->type != FIELD_DECIMAL && field->type != FIELD_DOUBLE) return;
  double low = g_ascii_strtod(field->minimum, NULL), high = g_ascii_strtod(field->maximum, NULL);
  if (low < 0 || field->role == FIELD_ROLE_IDENTIFIER) return;
  if (field->type == FIELD_INTEGER && low >= 1) g_string_append_printf(proposal->rules, "  # from %s to %s\n  - {positive: %s}\n", field->minimum, field->maximum, field->name);
  else if (g_strcmp0(field->unit, "fraction") == 0 && high <= 1) g_string_append_printf(proposal->rules, "  # from %s to %s\n  - {range: %s, from: 0, to: 1}\n", field->minimum, field->maximum, field->name);
  else g_string_append_printf(proposal->rules, "  # from %s to %s\n  - {range: %s, from: 0}\n", field->minimum, field->maximum, field->name);
}

static void append_yaml_text(GString *out, const char *text) {
  g_autofree char *quoted = text_sql_quote(text); /* YAML doubles single quotes as SQL does */
  g_string_append(out, quoted);
}

static gboolean is_plain_value(const char *text) {
  return text[0] != '\0' && strchr(text, '\n') == NULL && strlen(text) <= 60;
}

static void propose_allowed(Proposal *proposal, const Field *field) {
  gint64 rows = proposal->dataset->row_count;
  if (field->type != FIELD_TEXT || field->role != FIELD_ROLE_DIMENSION || field->personal != NULL || field->distinct_count < 2 || field->distinct_count > ALLOWED_MAX_VALUES ||
      rows < field->distinct_count * ALLOWED_ROWS_PER_VALUE)
    return;
  const char *relation = proposal->relation;
  g_autofree char *name = text_sql_identifier(field->name);
  g_autoptr(ResultTable) values = ask(proposal, ALLOWED_MAX_VALUES + 1, "SELECT %s FROM %s WHERE %s IS NOT NULL GROUP BY 1 ORDER BY 1", name, relation, name);
  if (values == NULL || values->n_rows == 0 || values->n_rows > ALLOWED_MAX_VALUES) return;
  g_autoptr(GString) list = g_string_new(NULL);
  for (gsize i = 0; i < values->n_rows; i++) {
    const char *value = result_table_at(values, i, 0)->text;
    if (!is_plain_value(value)) return;
    g_string_append(list, i > 0 ? ", " : "");
    append_yaml_text(list, value);
  }
  g_autofree char *count = count_text(rows);
  g_string_append_printf(proposal->rules, "  # %" G_GSIZE_FORMAT " values in %s rows; a new one is looked at\n  - {allowed: %s, values: [%s], then: review}\n", values->n_rows, count, field->name, list->str);
}

/* Identifiers that all look alike: letters as they are, digits as digits. */
static void propose_pattern(Proposal *proposal, const Field *field) {
  if (field->type != FIELD_TEXT || field->role != FIELD_ROLE_IDENTIFIER || field->personal != NULL) return;
  const char *relation = proposal->relation;
  g_autofree char *name = text_sql_identifier(field->name);
  g_autoptr(ResultTable) shapes = ask(proposal, 2, "SELECT regexp_replace(regexp_replace(%s, '[0-9]', '9', 'g'), '[A-Z]', 'A', 'g') AS shape, count(*) FROM %s WHERE %s IS NOT NULL GROUP BY 1", name, relation, name);
  if (shapes == NULL || shapes->n_rows != 1) return;
  const char *shape = result_table_at(shapes, 0, 0)->text;
  if (!is_plain_value(shape) || strspn(shape, "9A-_/") != strlen(shape)) return;
  g_autoptr(GString) pattern = g_string_new(NULL);
  for (const char *p = shape; *p != '\0';) {
    const char *end = p;
    while (*end == *p) end++;
    if (*p == '9' || *p == 'A') g_string_append_printf(pattern, "%s{%d}", *p == '9' ? "[0-9]" : "[A-Z]", (int)(end - p));
    else g_string_append_len(pattern, p, end - p);
    p = end;
  }
  g_autofree char *rows = count_text((gint64)result_table_at(shapes, 0, 1)->number);
  g_string_append_printf(proposal->rules, "  # all %s values have this form\n  - {pattern: %s, matches: '%s', then: review}\n", rows, field->name, pattern->str);
}

static void propose_order(Proposal *proposal, const Field *later, const Field *earlier) {
  g_autofree char *a = text_sql_identifier(later->name), *b = text_sql_identifier(earlier->name);
  g_autoptr(ResultTable) counts = ask(proposal, 1, "SELECT count(*) FILTER (WHERE %s < %s), count(*) FILTER (WHERE %s > %s), count(*) FROM %s WHERE %s IS NOT NULL AND %s IS NOT NULL", a, b, a, b, proposal->relation, a, b);
  if (counts == NULL) return;
  gint64 wrong = result_table_at(counts, 0, 0)->integer, right = result_table_at(counts, 0, 1)->integer, all = result_table_at(counts, 0, 2)->integer;
  if (right == 0 || (double)wrong > (double)all * ORDER_EXCEPTIONS) return;
  g_string_append_printf(proposal->rules, "  # %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " rows contradict\n  - {order: %s, after: %s}\n", wrong, all, later->name, earlier->name);
}

static void propose_orders(Proposal *proposal) {
  g_autoptr(GPtrArray) dates = g_ptr_array_new();
  for (guint i = 0; i < proposal->fields->len && dates->len < MOST_DATES; i++)
    if (((const Field *)proposal->fields->pdata[i])->type == FIELD_DATE) g_ptr_array_add(dates, proposal->fields->pdata[i]);
  for (guint i = 0; i < dates->len; i++)
    for (guint k = 0; k < dates->len; k++)
      if (i != k) propose_order(proposal, dates->pdata[i], dates->pdata[k]);
}

static void propose_references(Proposal *proposal) {
  for (guint i = 0; i < proposal->model->relationships->len; i++) {
    const Relationship *relationship = proposal->model->relationships->pdata[i];
    const Dataset *to = model_find_dataset(proposal->model, relationship->to_dataset);
    if (strcmp(relationship->from_dataset, proposal->dataset->name) != 0 || to == NULL || g_strv_length(relationship->from_fields) != 1 || to == proposal->dataset) continue;
    g_string_append_printf(proposal->rules, "  # leads to %s\n  - {reference: %s, table: %s, column: %s, then: review}\n", to->label, relationship->from_fields[0], to->table, relationship->to_fields[0]);
  }
}

static void append_list(GString *out, const char *key, char **names) {
  g_autofree char *list = g_strjoinv(", ", names);
  if (*list != '\0') g_string_append_printf(out, "%s: [%s]\n", key, list);
}

static void propose_whole(Proposal *proposal) {
  const Dataset *dataset = proposal->dataset;
  g_autofree char *keys = g_strjoinv(", ", dataset->primary_key);
  if (*keys != '\0') g_string_append_printf(proposal->rules, "  # the key\n  - {unique: [%s]}\n", keys);
  g_string_append(proposal->rules, "  # compared with the loads before\n  - {volume: rows, tolerance: 50%}\n");
}

/* Personal columns by what the model says and by their values. */
static void append_privacy(GString *out, const Proposal *proposal) {
  gboolean any = FALSE;
  for (guint i = 0; i < proposal->dataset->fields->len; i++) {
    const Field *field = proposal->dataset->fields->pdata[i];
    const char *relation = proposal->relation;
  g_autofree char *name = text_sql_identifier(field->name);
    if (field->type != FIELD_TEXT || !is_stored(field)) continue;
    g_autoptr(ResultTable) values = ask(proposal, SAMPLE_VALUES, "SELECT DISTINCT %s FROM (SELECT %s FROM %s LIMIT %d) WHERE %s IS NOT NULL", name, name, relation, SAMPLE_ROWS, name);
    g_autoptr(GPtrArray) sample = g_ptr_array_new();
    for (gsize k = 0; values != NULL && k < values->n_rows; k++) g_ptr_array_add(sample, (gpointer)result_table_at(values, k, 0)->text);
    g_ptr_array_add(sample, NULL);
    const char *class = field->personal != NULL ? field->personal : privacy_detect(field->name, (const char *const *)sample->pdata);
    if (class == NULL) continue;
    if (!any) g_string_append(out, "\n# These look personal. Uncomment to change them before anything is written.\n# privacy:\n");
    any = TRUE;
    g_string_append_printf(out, "#   %s: hash    # %s\n", field->name, class);
  }
}

static const Dataset *dataset_of(const Model *model, const char *table) {
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *dataset = model->datasets->pdata[i];
    if (strcmp(dataset->table, table) == 0) return dataset;
  }
  return NULL;
}

/* Few rows are held in memory: every statement on the table itself would cost all its columns. */
static void cut_relation(Proposal *proposal, const char *columns) {
  g_autofree char *whole = g_steal_pointer(&proposal->relation);
  g_autofree char *name = g_strconcat("_proposed_", proposal->dataset->table, NULL), *kept = text_sql_identifier(name);
  g_autofree char *sql = g_strdup_printf("CREATE OR REPLACE TABLE %s AS SELECT %s FROM %s", kept, columns, whole);
  gboolean small = proposal->dataset->row_count <= MOST_KEPT_ROWS;
  proposal->relation = small && engine_execute(proposal->engine, sql, DEADLINE_NEVER, NULL) ? g_steal_pointer(&kept) : g_strdup_printf("(SELECT %s FROM %s)", columns, whole);
}

/* The columns to look at, and what to ask for them: each statement costs the width of its table, so a wide one is cut. */
static void choose_fields(Proposal *proposal) {
  g_autofree char *table = text_sql_identifier(proposal->dataset->table);
  g_autoptr(GString) columns = g_string_new(NULL);
  guint stored = 0;
  proposal->fields = g_ptr_array_new();
  for (guint i = 0; i < proposal->dataset->fields->len; i++) {
    Field *field = proposal->dataset->fields->pdata[i];
    if (!is_stored(field) || ++stored > MOST_COLUMNS) continue;
    g_autofree char *name = text_sql_identifier(field->name);
    g_string_append_printf(columns, "%s%s", columns->len > 0 ? ", " : "", name);
    g_ptr_array_add(proposal->fields, field);
  }
  proposal->relation = g_strdup_printf("lake.%s", table);
  if (stored <= MOST_COLUMNS) return;
  cut_relation(proposal, columns->str);
  g_string_append_printf(proposal->rules, "  # of %u columns, the first %u were looked at\n", stored, MOST_COLUMNS);
}

/* The path as seen from the folder, so that both can be moved together. (transfer full) */
static char *path_from(const char *folder, const char *path) {
  g_autofree char *here = g_canonicalize_filename(folder, NULL), *there = g_canonicalize_filename(path, NULL);
  g_auto(GStrv) from = g_strsplit(here, "/", -1), to = g_strsplit(there, "/", -1);
  guint common = 0;
  while (from[common] != NULL && to[common] != NULL && strcmp(from[common], to[common]) == 0) common++;
  GString *out = g_string_new(NULL);
  for (guint i = common; from[i] != NULL; i++) g_string_append(out, "../");
  for (guint i = common; to[i] != NULL; i++) g_string_append_printf(out, "%s%s", i > common ? "/" : "", to[i]);
  return g_string_free(out, FALSE);
}

/* "orders_2024-01.csv", "orders_2025-01.csv" -> "orders_*.csv": what is a number or a date may be any. Of one folder, as the files of a series are. (transfer full) */
static char *series_pattern(char **files) {
  gsize head = strlen(files[0]), tail = head;
  for (guint i = 1; files[i] != NULL; i++) {
    gsize length = strlen(files[i]), same = 0;
    while (same < MIN(head, length) && files[i][same] == files[0][same]) same++;
    head = same;
    for (same = 0; same < MIN(tail, length - head) && files[i][length - 1 - same] == files[0][strlen(files[0]) - 1 - same];) same++;
    tail = same;
  }
  const char *end = files[0] + strlen(files[0]) - MIN(tail, strlen(files[0]) - head);
  while (g_ascii_isdigit(*end) || *end == '-') end++;
  while (head > 0 && (g_ascii_isdigit(files[0][head - 1]) || files[0][head - 1] == '-')) head--;
  g_autofree char *start = g_strndup(files[0], head);
  return g_strconcat(start, "*", end, NULL);
}

/* Where loads to come find such files: addresses as they are, files as seen from the workspace. (transfer full) */
static char *proposed_source(const char *folder, const ImportedTable *table) {
  if (strstr(table->source, "://") != NULL || table->sources == NULL) return g_strdup(table->source);
  g_autofree char *files = table->sources[1] != NULL ? series_pattern(table->sources) : g_strdup(table->source);
  return path_from(folder, files);
}

static char *proposal_text(Proposal *proposal, const char *folder, const ImportedTable *table) {
  GString *out = g_string_new(NULL);
  g_autofree char *source = proposed_source(folder, table);
  g_string_append_printf(out, "# Proposed by aisle init from %s. Rename this file to %s.yaml to use it; docs/ingest.md explains it.\n"
                              "# As seen from the workspace; a pattern (orders_*.csv) takes in the files to come.\nsource: ", table->source, table->table);
  append_yaml_text(out, source);
  g_string_append_printf(out, "\ntarget: %s\n", table->table);
  append_list(out, "keys", proposal->dataset->primary_key);
  if (proposal->dataset->primary_key[0] == NULL) g_string_append(out, "# No key was found, so rows of new files are added to those before.\n");
  propose_required(proposal);
  for (guint i = 0; i < proposal->fields->len; i++) {
    const Field *field = proposal->fields->pdata[i];
    propose_range(proposal, field);
    propose_allowed(proposal, field);
    propose_pattern(proposal, field);
  }
  propose_orders(proposal);
  propose_references(proposal);
  propose_whole(proposal);
  g_string_append_printf(out, "quality:\n%s", proposal->rules->str);
  append_privacy(out, proposal);
  return g_string_free(out, FALSE);
}

gboolean init_propose_rules(Engine *engine, const char *folder, const Model *model, const GPtrArray *tables, GError **error) {
  for (guint i = 0; i < tables->len; i++) {
    const ImportedTable *table = tables->pdata[i];
    Proposal proposal = {.engine = engine, .model = model, .dataset = dataset_of(model, table->table)};
    g_autofree char *name = g_strconcat(table->table, ".yaml.proposal", NULL), *path = g_build_filename(folder, "ingest", name, NULL);
    if (proposal.dataset == NULL || g_file_test(path, G_FILE_TEST_EXISTS)) continue;
    proposal.rules = g_string_new(NULL);
    choose_fields(&proposal);
    g_autofree char *text = proposal_text(&proposal, folder, table);
    g_string_free(proposal.rules, TRUE);
    g_ptr_array_unref(proposal.fields);
    g_free(proposal.relation);
    if (!disk_replace(path, text, strlen(text), error)) return FALSE;
  }
  return TRUE;
}

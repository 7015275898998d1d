/* Whether an answer shows a gold result, and the verdict on it. */
#include "eval/judge.h"
#include <string.h>

#define PAIRING_MAX_ROWS 2000 /* rows of one group that are paired by search; larger groups only by sorting */

const char *verdict_name(Verdict verdict) {
  static const char *const NAMES[] = {"right",        "wrong_rows",        "wrong_values", "wrong_status_answered",
                                      "not_answered", "wrong_status_other"};
  return verdict < VERDICT_COUNT ? NAMES[verdict] : "?";
}

gboolean verdict_is_wrong_but_answered(Verdict verdict) {
  return verdict == VERDICT_WRONG_ROWS || verdict == VERDICT_WRONG_VALUES || verdict == VERDICT_WRONG_STATUS_ANSWERED;
}

/* ---- columns ---- */
typedef GArray CellColumn; /* of Cell */

static CellColumn *read_column(const json_t *rows, gsize column, CellKind kind, int year, double scale) {
  CellColumn *cells = g_array_sized_new(FALSE, TRUE, sizeof(Cell), (guint)json_array_size(rows));
  g_array_set_clear_func(cells, (GDestroyNotify)cell_clear);
  size_t i;
  json_t *row;
  json_array_foreach (rows, i, row) {
    Cell cell;
    if (!cell_read(json_array_get(row, column), kind, year, &cell)) {
      g_array_unref(cells);
      return NULL;
    }
    cell.number *= scale;
    g_array_append_val(cells, cell);
  }
  return cells;
}

static int compare_cells(gconstpointer a, gconstpointer b) {
  return cell_compare(a, b);
}

/* The same values whatever the order. Sorting is enough: the band's ends rise with the gold value. */
static gboolean same_values(const CellColumn *gold, const CellColumn *answer) {
  g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(Cell));
  g_autoptr(GArray) other = g_array_new(FALSE, FALSE, sizeof(Cell));
  g_array_append_vals(one, gold->data, gold->len);
  g_array_append_vals(other, answer->data, answer->len);
  g_array_sort(one, compare_cells);
  g_array_sort(other, compare_cells);
  for (guint i = 0; i < one->len; i++)
    if (!cell_close(&g_array_index(one, Cell, i), &g_array_index(other, Cell, i))) return FALSE;
  return TRUE;
}

/* One way to read an answer column as a gold column. */
typedef struct {
  gsize column;
  CellColumn *cells;
} Candidate;

static void candidate_clear(Candidate *candidate) {
  g_array_unref(candidate->cells);
}

static void add_candidate(GArray *candidates, gsize column, CellColumn *cells, const CellColumn *gold) {
  if (cells == NULL) return;
  Candidate candidate = {column, cells};
  if (same_values(gold, cells))
    g_array_append_val(candidates, candidate);
  else
    g_array_unref(cells);
}

static GArray *find_candidates(const CellColumn *gold, CellKind kind, int year, const json_t *columns,
                               const json_t *rows) {
  GArray *candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
  g_array_set_clear_func(candidates, (GDestroyNotify)candidate_clear);
  for (gsize c = 0; c < json_array_size(columns); c++) {
    add_candidate(candidates, c, read_column(rows, c, kind, year, 1), gold);
    if (kind == CELL_NUMBER && g_strcmp0(json_get_string(json_array_get(columns, c), "unit"), "%") == 0)
      add_candidate(candidates, c, read_column(rows, c, kind, year, 0.01), gold);
  }
  return candidates;
}

/* ---- rows ---- */
typedef struct {
  GPtrArray *gold;   /* of CellColumn*, one per gold column */
  GPtrArray *answer; /* of CellColumn*, as chosen */
  guint rows;
} Pairing;

static const Cell *cell_at(const GPtrArray *columns, guint column, guint row) {
  return &g_array_index((GArray *)g_ptr_array_index(columns, column), Cell, row);
}

static gboolean rows_close(const Pairing *pairing, guint gold_row, guint answer_row) {
  for (guint c = 0; c < pairing->gold->len; c++)
    if (!cell_close(cell_at(pairing->gold, c, gold_row), cell_at(pairing->answer, c, answer_row))) return FALSE;
  return TRUE;
}

/* Everything that must be equal exactly: text and NULLs first, so that rows to be paired come to stand together. */
static int compare_rows(const GPtrArray *columns, guint a, guint b, gboolean exact_only) {
  for (int round = 0; round < (exact_only ? 1 : 2); round++)
    for (guint c = 0; c < columns->len; c++) {
      const Cell *one = cell_at(columns, c, a), *other = cell_at(columns, c, b);
      gboolean is_exact = one->is_null || other->is_null || one->text != NULL;
      int order = is_exact == (round == 0) ? cell_compare(one, other) : 0;
      if (order != 0) return order;
    }
  return 0;
}

static int compare_row_numbers(gconstpointer a, gconstpointer b, gpointer columns) {
  return compare_rows(columns, *(const guint *)a, *(const guint *)b, FALSE);
}

static GArray *sorted_rows(GPtrArray *columns, guint count) {
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(guint));
  for (guint i = 0; i < count; i++) g_array_append_val(rows, i);
  g_array_sort_with_data(rows, compare_row_numbers, columns);
  return rows;
}

/* Augmenting path: gives gold row `g` an answer row, moving others if need be. */
static gboolean find_partner(const Pairing *pairing, const GArray *gold, const GArray *answer, guint from, guint to,
                             guint g, gboolean *seen, int *holder) {
  for (guint a = from; a < to; a++) {
    if (seen[a - from] || !rows_close(pairing, g_array_index(gold, guint, g), g_array_index(answer, guint, a)))
      continue;
    seen[a - from] = TRUE;
    if (holder[a - from] < 0 || find_partner(pairing, gold, answer, from, to, (guint)holder[a - from], seen, holder)) {
      holder[a - from] = (int)g;
      return TRUE;
    }
  }
  return FALSE;
}

/* Rows [from, to) of both sides have equal exact cells; their numbers are paired within tolerance. */
static gboolean pair_group(const Pairing *pairing, const GArray *gold, const GArray *answer, guint from, guint to) {
  gboolean in_order = TRUE;
  for (guint i = from; i < to && in_order; i++)
    in_order = rows_close(pairing, g_array_index(gold, guint, i), g_array_index(answer, guint, i));
  if (in_order || to - from > PAIRING_MAX_ROWS) return in_order;
  g_autofree int *holder = g_new(int, to - from);
  for (guint i = 0; i < to - from; i++) holder[i] = -1;
  for (guint g = from; g < to; g++) {
    g_autofree gboolean *seen = g_new0(gboolean, to - from);
    if (!find_partner(pairing, gold, answer, from, to, g, seen, holder)) return FALSE;
  }
  return TRUE;
}

static gboolean same_rows(const Pairing *pairing, gboolean ordered) {
  if (ordered) {
    for (guint i = 0; i < pairing->rows; i++)
      if (!rows_close(pairing, i, i)) return FALSE;
    return TRUE;
  }
  g_autoptr(GArray) gold = sorted_rows(pairing->gold, pairing->rows);
  g_autoptr(GArray) answer = sorted_rows(pairing->answer, pairing->rows);
  for (guint from = 0; from < pairing->rows;) {
    guint to = from + 1;
    while (to < pairing->rows &&
           compare_rows(pairing->gold, g_array_index(gold, guint, from), g_array_index(gold, guint, to), TRUE) == 0)
      to++;
    if (!pair_group(pairing, gold, answer, from, to)) return FALSE;
    from = to;
  }
  return TRUE;
}

/* ---- assignment of columns ---- */
static gboolean assign(Pairing *pairing, const GPtrArray *choices, guint64 used, gboolean ordered) {
  guint column = pairing->answer->len;
  if (column == choices->len) return same_rows(pairing, ordered);
  const GArray *candidates = g_ptr_array_index(choices, column);
  for (guint i = 0; i < candidates->len; i++) {
    const Candidate *candidate = &g_array_index(candidates, Candidate, i);
    if (candidate->column >= 64 || (used >> candidate->column & 1)) continue;
    g_ptr_array_add(pairing->answer, candidate->cells);
    if (assign(pairing, choices, used | (guint64)1 << candidate->column, ordered)) return TRUE;
    g_ptr_array_set_size(pairing->answer, (int)column);
  }
  return FALSE;
}

static gboolean are_rows(const json_t *rows, gsize width) {
  size_t i;
  json_t *row;
  json_array_foreach (rows, i, row)
    if (!json_is_array(row) || json_array_size(row) != width) return FALSE;
  return json_is_array(rows);
}

gboolean judge_rows(const json_t *gold_rows, gboolean ordered, const json_t *columns, const json_t *rows) {
  gsize width = json_array_size(columns);
  gsize gold_width = json_array_size(gold_rows) > 0 ? json_array_size(json_array_get(gold_rows, 0)) : 0;
  if (!are_rows(gold_rows, gold_width) || !are_rows(rows, width) || json_array_size(rows) != json_array_size(gold_rows))
    return FALSE;
  if (json_array_size(gold_rows) == 0) return TRUE;
  if (width > gold_width + JUDGE_MAX_EXTRA_COLUMNS) return FALSE;
  g_autoptr(GPtrArray) gold = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  g_autoptr(GPtrArray) choices = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  g_autoptr(GPtrArray) chosen = g_ptr_array_new();
  for (gsize c = 0; c < gold_width; c++) {
    CellKind kind = cell_kind_of(gold_rows, c);
    int year = kind == CELL_MONTH || kind == CELL_QUARTER ? cell_common_year(gold_rows, c) : 0;
    CellColumn *cells = read_column(gold_rows, c, kind, 0, 1);
    if (cells == NULL) return FALSE;
    g_ptr_array_add(gold, cells);
    g_ptr_array_add(choices, find_candidates(cells, kind, year, columns, rows));
  }
  Pairing pairing = {gold, chosen, (guint)json_array_size(gold_rows)};
  return assign(&pairing, choices, 0, ordered);
}

/* ---- verdicts ---- */
static gboolean in_range(const json_t *range, const json_t *rows) {
  const json_t *cell = json_array_get(json_array_get(rows, 0), json_array_size(json_array_get(rows, 0)) - 1);
  Cell read;
  if (json_array_size(rows) != 1 || !cell_read(cell, CELL_NUMBER, 0, &read) || read.is_null) return FALSE;
  return read.number >= json_number_value(json_array_get(range, 0)) &&
         read.number <= json_number_value(json_array_get(range, 1));
}

static gboolean sql_matches(const char *pattern, const json_t *answer) {
  const char *sql = json_get_string(answer, "sql");
  return sql != NULL && g_regex_match_simple(pattern, sql, G_REGEX_CASELESS | G_REGEX_DOTALL, 0);
}

static Verdict judge_rows_of(const json_t *question, const json_t *golds, const json_t *answer) {
  const json_t *columns = json_object_get(answer, "columns"), *rows = json_object_get(answer, "rows");
  const json_t *range = json_object_get(question, "range");
  const char *pattern = json_get_string(question, "sql_pattern");
  gboolean ordered = json_get_bool(question, "ordered", FALSE), same_length = FALSE;
  if (pattern != NULL && !sql_matches(pattern, answer)) return VERDICT_WRONG_VALUES;
  if (json_array_size(range) == 2) return in_range(range, rows) ? VERDICT_RIGHT : VERDICT_WRONG_VALUES;
  if (pattern != NULL && json_array_size(golds) == 0) return VERDICT_RIGHT;
  size_t i;
  json_t *gold;
  json_array_foreach (golds, i, gold) {
    if (judge_rows(gold, ordered, columns, rows)) return VERDICT_RIGHT;
    same_length |= json_array_size(gold) == json_array_size(rows);
  }
  return same_length ? VERDICT_WRONG_VALUES : VERDICT_WRONG_ROWS;
}

Verdict judge_answer(const json_t *question, const json_t *golds, const json_t *answer) {
  const char *status = json_get_string(answer, "status"), *expected = json_get_string(question, "expect");
  if (expected == NULL) expected = "answered";
  gboolean should_answer = strcmp(expected, "answered") == 0;
  if (g_strcmp0(status, "answered") != 0) {
    if (g_strcmp0(status, expected) == 0) return VERDICT_RIGHT;
    return should_answer ? VERDICT_NOT_ANSWERED : VERDICT_WRONG_STATUS_OTHER;
  }
  return should_answer ? judge_rows_of(question, golds, answer) : VERDICT_WRONG_STATUS_ANSWERED;
}

/* What the data says: values with the row, the measure and the kind of each; the names of rows. */
#include <math.h>
#include <string.h>

#include "ai/facts_private.h"

#define MAX_DEPTH 32
#define MAX_FIELDS 63
#define MAX_NAME_WORDS 6
/* Of what may be told in loose words: "over 1,000", "about 1,000". */
#define NEAR 0.1
#define ABOUT 0.05
#define ROUND 0.01

static void row_free(gpointer data) {
  FactRow *row = data;
  g_array_unref(row->fields);
  g_array_unref(row->names);
  g_free(row->metric);
  g_free(row);
}

static void name_free(gpointer data) {
  FactName *name = data;
  g_ptr_array_unref(name->words);
  g_free(name);
}

static void cell_clear(gpointer data) {
  g_free(((FactCell *)data)->key);
}

void fact_data_free(FactData *data) {
  if (data == NULL) return;
  g_array_unref(data->cells);
  g_ptr_array_unref(data->rows);
  g_ptr_array_unref(data->names);
  g_ptr_array_unref(data->fields);
  g_hash_table_unref(data->words);
  g_hash_table_unref(data->by_words);
  g_hash_table_unref(data->kinds);
  g_array_unref(data->lengths);
  g_free(data);
}

/* ---- words and names ---- */

static void add_words(FactData *data, const char *text) {
  g_autoptr(GArray) tokens = fact_tokens(text);
  for (guint i = 0; i < tokens->len; i++) {
    const FactToken *token = &g_array_index(tokens, FactToken, i);
    g_hash_table_add(data->words, g_strdup(token->word));
    g_hash_table_add(data->words, g_strdup(token->single));
  }
}

static int field_index(FactData *data, const char *key) {
  for (guint i = 0; i < data->fields->len; i++)
    if (strcmp(g_ptr_array_index(data->fields, i), key) == 0) return (int)i;
  if (data->fields->len >= MAX_FIELDS) return MAX_FIELDS;
  g_ptr_array_add(data->fields, g_strdup(key));
  return (int)data->fields->len - 1;
}

/* -1: too long to be a name. */
static int name_index(FactData *data, const char *text) {
  g_autoptr(GArray) tokens = fact_tokens(text);
  if (tokens->len == 0 || tokens->len > MAX_NAME_WORDS) return -1;
  g_autoptr(GString) joined = g_string_new(NULL);
  for (guint i = 0; i < tokens->len; i++) g_string_append_printf(joined, "%s ", g_array_index(tokens, FactToken, i).single);
  guint known = GPOINTER_TO_UINT(g_hash_table_lookup(data->by_words, joined->str));
  if (known > 0) return (int)known - 1;
  FactName *name = g_new0(FactName, 1);
  name->words = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < tokens->len; i++) g_ptr_array_add(name->words, g_strdup(g_array_index(tokens, FactToken, i).single));
  g_ptr_array_add(data->names, name);
  g_hash_table_insert(data->by_words, g_strdup(joined->str), GUINT_TO_POINTER(data->names->len));
  return (int)data->names->len - 1;
}

static void add_name(FactData *data, FactRow *row, const char *key, const char *text) {
  int name = name_index(data, text), field = field_index(data, key);
  if (name < 0) return;
  g_array_append_val(row->names, name);
  g_array_append_val(row->fields, field);
  row->all_fields |= (guint64)1 << field;
  ((FactName *)g_ptr_array_index(data->names, name))->fields |= (guint64)1 << field;
}

static int new_row(FactData *data, guint list, int parent) {
  FactRow *row = g_new0(FactRow, 1);
  const FactRow *above = parent >= 0 ? g_ptr_array_index(data->rows, parent) : NULL;
  row->list = list;
  row->names = g_array_new(FALSE, FALSE, sizeof(int));
  row->fields = g_array_new(FALSE, FALSE, sizeof(int));
  if (above != NULL) {
    g_array_append_vals(row->names, above->names->data, above->names->len);
    g_array_append_vals(row->fields, above->fields->data, above->fields->len);
    row->all_fields = above->all_fields;
    row->metric = g_strdup(above->metric);
    row->measure = above->measure;
  }
  g_ptr_array_add(data->rows, row);
  return (int)data->rows->len - 1;
}

/* ---- values ---- */

static gboolean ends_with(const char *key, const char *const *endings) {
  for (; *endings != NULL; endings++)
    if (g_str_has_suffix(key, *endings)) return TRUE;
  return FALSE;
}

static gboolean holds_word(const char *key, const char *const *words) {
  g_auto(GStrv) parts = g_strsplit_set(key, "_ -", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    if (fact_is_one_of(parts[i], words)) return TRUE;
  return FALSE;
}

/* Of a field's name, or of the row's metric. */
static FactMeasure measure_of(const char *text) {
  g_autoptr(GArray) tokens = NULL;
  g_autofree char *spaced = g_strdelimit(g_strdup(text), "_-.", ' ');
  tokens = fact_tokens(spaced);
  const char *words[MAX_NAME_WORDS];
  guint n = 0, used;
  for (; n < tokens->len && n < G_N_ELEMENTS(words); n++) words[n] = g_array_index(tokens, FactToken, n).single;
  for (guint i = 0; i < n; i++) {
    FactMeasure found = fact_measure(words, n, i, &used);
    if (found != 0) return found;
  }
  return 0;
}

static void describe(FactCell *cell) {
  static const char *const CHANGES[] = {"_change", "_growth", "_delta", "_diff", "_difference", "_yoy", "_mom", "_wow", "_pp", "change", "growth", "delta", NULL};
  static const char *const BEFORE[] = {"previous", "prior", "before", "prev", "last", "ly", "baseline", NULL};
  static const char *const FRACTIONS[] = {"growth", "share", "rate", "ratio", "margin", "yoy", "mom", "wow", "pct", "percent", "percentage", "pp", "part", "fraction", NULL};
  static const char *const PERCENTS[] = {"pct", "percent", "percentage", NULL};
  static const char *const POINTS[] = {"pp", "points", NULL};
  cell->change = ends_with(cell->key, CHANGES);
  cell->previous = holds_word(cell->key, BEFORE);
  cell->fraction = holds_word(cell->key, FRACTIONS);
  cell->percent_key = holds_word(cell->key, PERCENTS);
  cell->points = holds_word(cell->key, POINTS);
  cell->measure = measure_of(cell->key);
}

static void kind_free(gpointer data) {
  cell_clear(data);
  g_free(data);
}

/* What a field's name tells of its values; worked out once. */
static const FactCell *kind_of_field(FactData *data, const char *key) {
  FactCell *kind = g_hash_table_lookup(data->kinds, key != NULL ? key : "");
  if (kind != NULL) return kind;
  kind = g_new0(FactCell, 1);
  kind->key = key != NULL ? text_fold(key) : g_strdup("");
  describe(kind);
  if (key != NULL) add_words(data, key);
  g_hash_table_insert(data->kinds, g_strdup(key != NULL ? key : ""), kind);
  return kind;
}

static void add_cell(FactData *data, double value, const char *key, int row) {
  FactCell cell = *kind_of_field(data, key);
  cell.value = value;
  cell.row = row;
  cell.key = g_strdup(cell.key);
  if (cell.measure == 0 && row >= 0) cell.measure = ((const FactRow *)g_ptr_array_index(data->rows, row))->measure;
  g_array_append_val(data->cells, cell);
}

/* Numbers inside a text: dates, "Top 5", "1,204", "12 %". They bind no row: a label's number names, it does not measure. */
static void add_numbers_of_text(FactData *data, const char *text, const char *key) {
  g_autoptr(GArray) tokens = fact_tokens(text);
  for (guint i = 0; i < tokens->len; i++) {
    const FactToken *token = &g_array_index(tokens, FactToken, i);
    if (!token->is_number) continue;
    FactCell cell = {.value = token->number.negative ? -token->number.value : token->number.value, .row = -1, .key = key != NULL ? text_fold(key) : g_strdup(""),
                     .of_text = TRUE, .percent = token->number.percent, .points = token->number.points};
    g_array_append_val(data->cells, cell);
  }
}

/* A value and the one before it tell a direction, also where nobody worked out the change. */
static void add_derived(FactData *data, guint first, int row) {
  for (guint i = first, end = data->cells->len; i < end; i++) {
    const FactCell *now = &g_array_index(data->cells, FactCell, i);
    for (guint j = first; j < end && now->row == row && !now->change && !now->previous; j++) {
      const FactCell *before = &g_array_index(data->cells, FactCell, j);
      if (before->row != row || !before->previous || before->measure != now->measure || now->value == before->value) continue;
      if (!g_str_has_prefix(before->key, now->key) && !g_str_has_suffix(before->key, now->key)) continue;
      FactCell cell = {.value = now->value - before->value, .row = row, .key = g_strdup(now->key), .measure = now->measure, .change = TRUE, .derived = TRUE, .growth = before->value != 0 ? now->value / before->value - 1 : 0};
      g_array_append_val(data->cells, cell);
      now = &g_array_index(data->cells, FactCell, i);
    }
  }
}

static void collect(FactData *data, const json_t *value, const char *key, int row, int depth);

/* What names a row stands before what it measures. */
static void collect_object(FactData *data, const json_t *value, int row, int depth) {
  static const char *const METRICS[] = {"metric", "measure", "kpi", "indicator", NULL};
  const char *name;
  json_t *member;
  guint first = data->cells->len;
  json_object_foreach((json_t *)value, name, member) {
    kind_of_field(data, name);
    if (row < 0 || !json_is_string(member)) continue;
    add_name(data, g_ptr_array_index(data->rows, row), name, json_string_value(member));
    FactRow *own = g_ptr_array_index(data->rows, row);
    g_autofree char *folded = text_fold(name);
    if (own->metric != NULL || !fact_is_one_of(folded, METRICS)) continue;
    own->metric = g_strdup(json_string_value(member));
    own->measure = measure_of(own->metric);
  }
  guint list = data->lists;
  json_object_foreach((json_t *)value, name, member) {
    /* {"Chairs": 1200, "Lamps": 450}: such a key is a name. */
    gboolean names = json_is_number(member) && g_unichar_isupper(g_utf8_get_char(name));
    int own = names ? new_row(data, list, row) : row;
    if (names) add_name(data, g_ptr_array_index(data->rows, own), "name", name);
    if (names) data->lists = list + 1;
    collect(data, member, names ? "value" : name, own, depth + 1);
  }
  add_derived(data, first, row);
}

static void collect(FactData *data, const json_t *value, const char *key, int row, int depth) {
  json_t *member;
  gsize index;
  if (depth > MAX_DEPTH) return;
  if (json_is_number(value)) {
    add_cell(data, json_number_value(value), key, row);
  } else if (json_is_string(value)) {
    add_words(data, json_string_value(value));
    add_numbers_of_text(data, json_string_value(value), key);
  } else if (json_is_array(value)) {
    guint length = (guint)json_array_size(value), list = data->lists++;
    g_array_append_val(data->lengths, length);
    json_array_foreach((json_t *)value, index, member) collect(data, member, key, json_is_object(member) ? new_row(data, list, row) : row, depth + 1);
  } else if (json_is_object(value)) {
    collect_object(data, value, row, depth);
  }
}

static gboolean find_currency(FactData *data) {
  static const struct {
    const char *word;
    char currency;
  } CODES[] = {{"usd", '$'}, {"eur", 'e'}, {"gbp", 'p'}, {"jpy", 'y'}, {"dollar", '$'}, {"euro", 'e'}, {"yen", 'y'}};
  for (guint i = 0; i < G_N_ELEMENTS(CODES); i++) {
    if (!g_hash_table_contains(data->words, CODES[i].word)) continue;
    if (data->currency != 0 && data->currency != CODES[i].currency) return FALSE;
    data->currency = CODES[i].currency;
  }
  return TRUE;
}

FactData *fact_data_new(const json_t *sent, const char *known) {
  FactData *data = g_new0(FactData, 1);
  data->cells = g_array_new(FALSE, FALSE, sizeof(FactCell));
  g_array_set_clear_func(data->cells, cell_clear);
  data->rows = g_ptr_array_new_with_free_func(row_free);
  data->names = g_ptr_array_new_with_free_func(name_free);
  data->fields = g_ptr_array_new_with_free_func(g_free);
  data->words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  data->by_words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  data->kinds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, kind_free);
  data->lengths = g_array_new(FALSE, FALSE, sizeof(guint));
  if (sent != NULL) collect(data, sent, NULL, -1, 0);
  if (known != NULL) {
    add_words(data, known);
    add_numbers_of_text(data, known, NULL);
  }
  if (!find_currency(data)) data->currency = 0;
  return data;
}

/* ---- what stands for what ---- */

gboolean fact_row_has(const FactRow *row, int name) {
  for (guint i = 0; i < row->names->len; i++)
    if (g_array_index(row->names, int, i) == name) return TRUE;
  return FALSE;
}

/* Each name of the scope is met: by the row itself, or by another name of the same field that the row has, or the row has no such field. */
gboolean fact_row_in_scope(const FactData *data, int index, const FactScope *scope) {
  if (index < 0) return TRUE;
  const FactRow *row = g_ptr_array_index(data->rows, index);
  for (guint i = 0; i < scope->names->len; i++) {
    int name = g_array_index(scope->names, int, i);
    guint64 fields = ((const FactName *)g_ptr_array_index(data->names, name))->fields;
    gboolean met = fact_row_has(row, name) || (row->all_fields & fields) == 0;
    for (guint j = 0; j < scope->names->len && !met; j++) {
      int other = g_array_index(scope->names, int, j);
      met = other != name && (((const FactName *)g_ptr_array_index(data->names, other))->fields & fields) != 0 && fact_row_has(row, other);
    }
    if (!met) return FALSE;
  }
  return TRUE;
}

gboolean fact_cell_in_scope(const FactData *data, const FactCell *cell, const FactScope *scope) {
  return (scope->measures == 0 || cell->measure == 0 || (cell->measure & scope->measures) != 0) && fact_row_in_scope(data, cell->row, scope);
}

/* The size of the value in the unit of the text; FALSE: the units do not fit. */
static gboolean rounds_to(const FactNumber *shown, double size) {
  double off = size - shown->value, room = MAX(shown->tolerance, 1e-9);
  if (shown->bound > 0) return off >= -1e-9 && off <= MAX(NEAR * shown->value, room);
  if (shown->bound < 0) return off <= 1e-9 && -off <= MAX(NEAR * shown->value, room);
  if (shown->whole && size < 10) room = 1e-9;
  if (fabs(off) <= room) return TRUE;
  return fabs(off) <= shown->loose && fabs(off) <= (shown->about ? ABOUT : ROUND) * size;
}

static gboolean unit_fits(const FactData *data, const FactNumber *shown, const FactCell *cell) {
  if (shown->currency != 0 && (cell->fraction || fact_measure_is_count(cell->measure))) return FALSE;
  if (shown->currency != 0 && data->currency != 0 && shown->currency != data->currency) return FALSE;
  if (!shown->percent) return !cell->percent;
  if (fact_measure_is_count(cell->measure) && !cell->fraction) return FALSE;
  /* A change of a share or a margin is in points; growth is in percent. */
  static const char *const GROWTH[] = {"growth", "yoy", "mom", "wow", NULL};
  if (shown->points && !cell->points && holds_word(cell->key, GROWTH)) return FALSE;
  return shown->points || !cell->points;
}

gboolean fact_stands_for(const FactData *data, const FactNumber *shown, const FactCell *cell, gboolean lost) {
  double size = fabs(cell->value);
  if (cell->derived || !unit_fits(data, shown, cell)) return FALSE;
  if ((shown->negative && cell->value > 0) || (shown->plus && cell->value < 0)) return FALSE;
  if (cell->value < 0 && !cell->change && !cell->of_text && !shown->negative && !lost) return FALSE;
  if (!shown->percent) return rounds_to(shown, size);
  /* In percent: fractions, and what says that it is in percent. */
  if ((cell->percent || cell->percent_key || cell->points || (cell->fraction && size > 1.5)) && rounds_to(shown, size)) return TRUE;
  gboolean may_be_fraction = !cell->of_text && !cell->percent_key && (cell->fraction || size <= 1 || size != floor(size)) && size <= 50;
  return may_be_fraction && rounds_to(shown, size * 100);
}

gboolean fact_shares_field(const FactData *data, int name, int other) {
  return (((const FactName *)g_ptr_array_index(data->names, name))->fields & ((const FactName *)g_ptr_array_index(data->names, other))->fields) != 0;
}

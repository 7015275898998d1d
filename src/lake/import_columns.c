/* Names of columns, and timestamps joined of two of them. */
#include "lake/import.h"
#include <string.h>

void imported_column_free(ImportedColumn *column) {
  if (!column) return;
  g_free(column->name);
  g_free(column->label);
  g_free(column->yes);
  g_free(column->no);
  g_free(column->currency);
  g_free(column->note);
  g_free(column);
}

void imported_table_free(ImportedTable *table) {
  if (!table) return;
  g_free(table->table);
  g_free(table->label);
  g_free(table->source);
  g_strfreev(table->sources);
  if (table->columns) g_ptr_array_unref(table->columns);
  g_strfreev(table->files);
  g_free(table->placed);
  g_free(table);
}

GPtrArray *import_name_columns(const GPtrArray *labels, GHashTable *taken) {
  GPtrArray *columns = g_ptr_array_new_with_free_func((GDestroyNotify)imported_column_free);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < labels->len; i++) {
    const char *label = labels->pdata[i];
    ImportedColumn *column = g_new0(ImportedColumn, 1);
    guint times = GPOINTER_TO_UINT(g_hash_table_lookup(seen, label)) + 1;
    g_hash_table_insert(seen, g_strdup(label), GUINT_TO_POINTER(times));
    if (!*label) {
      column->label = g_strdup_printf("Column %u", i + 1);
      column->note = g_strdup(i == 0 ? "the column has no name; perhaps a row index" : "the column has no name");
    } else if (times > 1) {
      column->label = g_strdup_printf("%s (%u)", label, times);
      column->note = g_strdup_printf("the name \"%s\" occurs more than once", label);
    } else {
      column->label = g_strdup(label);
    }
    column->name = text_slug_unique(column->label, taken);
    g_ptr_array_add(columns, column);
  }
  return columns;
}

static gboolean shares_word(const char *a, const char *b) {
  g_autoptr(GPtrArray) x = header_words(a), y = header_words(b);
  for (guint i = 0; i < x->len; i++)
    for (guint k = 0; k < y->len; k++)
      if (!strcmp(x->pdata[i], y->pdata[k]) && strcmp(x->pdata[i], "date") && strcmp(x->pdata[i], "time")) return TRUE;
  return FALSE;
}

/* The date that a time of day belongs to: the only one, one that shares a word, or the column beside it. */
static const ImportedColumn *date_of_time(const ImportedTable *table, guint time_column) {
  const ImportedColumn *time = table->columns->pdata[time_column];
  const ImportedColumn *only = NULL, *sharing = NULL;
  guint dates = 0;
  for (guint i = 0; i < table->columns->len; i++) {
    const ImportedColumn *column = table->columns->pdata[i];
    if (column->type != FIELD_DATE) continue;
    dates++;
    only = column;
    if (!sharing && shares_word(column->label, time->label)) sharing = column;
  }
  if (dates == 1) return only;
  if (sharing) return sharing;
  const ImportedColumn *before = time_column > 0 ? table->columns->pdata[time_column - 1] : NULL;
  return before && before->type == FIELD_DATE ? before : NULL;
}

void import_join_times(ImportedTable *table, GHashTable *taken, GString *select) {
  guint n_columns = table->columns->len;
  for (guint i = 0; i < n_columns; i++) {
    const ImportedColumn *time = table->columns->pdata[i];
    const ImportedColumn *date = time->type == FIELD_TIME ? date_of_time(table, i) : NULL;
    if (!date) continue;
    ImportedColumn *joined = g_new0(ImportedColumn, 1);
    g_autofree char *wanted = g_strconcat(date->name, "_time", NULL);
    joined->name = text_slug_unique(wanted, taken);
    joined->label = g_strconcat(date->label, " and ", time->label, NULL);
    joined->type = FIELD_TIMESTAMP;
    joined->note = g_strdup_printf("joined from \"%s\" and \"%s\"", date->label, time->label);
    g_autofree char *date_name = text_sql_identifier(date->name), *time_name = text_sql_identifier(time->name),
                    *name = text_sql_identifier(joined->name);
    g_string_append_printf(select, ", (%s + CAST(%s AS TIME)) AS %s", date_name, time_name, name);
    g_ptr_array_add(table->columns, joined);
  }
}

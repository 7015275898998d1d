/* Life cycle of a whole semantic query, and equality by canonical bytes. */
#include "query/semantic_query.h"

DataRef data_ref_copy(const DataRef *ref) {
  return (DataRef){ref->kind, g_strdup(ref->name), ref->time};
}

void data_ref_clear(DataRef *ref) {
  g_free(ref->name);
  *ref = (DataRef){.kind = DATA_NOW};
}

gboolean data_ref_equal(const DataRef *a, const DataRef *b) {
  return a->kind == b->kind && g_strcmp0(a->name, b->name) == 0 && time_range_equal(&a->time, &b->time);
}

SemanticQuery *semantic_query_new(void) {
  SemanticQuery *query = g_new0(SemanticQuery, 1);
  query->measures = g_ptr_array_new_with_free_func((GDestroyNotify)measure_free);
  query->dimensions = g_ptr_array_new_with_free_func((GDestroyNotify)dimension_free);
  query->time = time_range_all();
  query->filters = g_ptr_array_new_with_free_func((GDestroyNotify)filter_free);
  query->having = g_array_new(FALSE, TRUE, sizeof(Having));
  query->compare.baseline = time_range_all();
  query->compare.show = COMPARE_SHOW_ALL;
  query->order = g_array_new(FALSE, TRUE, sizeof(Order));
  query->detail = g_ptr_array_new_with_free_func(g_free);
  return query;
}

static void copy_elements(GPtrArray *to, const GPtrArray *from, gpointer (*copy)(gconstpointer)) {
  for (guint i = 0; from && i < from->len; i++) g_ptr_array_add(to, copy(from->pdata[i]));
}

static gpointer copy_measure(gconstpointer measure) {
  return measure_copy(measure);
}

static gpointer copy_dimension(gconstpointer dimension) {
  return dimension_copy(dimension);
}

static gpointer copy_filter(gconstpointer filter) {
  return filter_copy(filter);
}

static gpointer copy_string(gconstpointer string) {
  return g_strdup(string);
}

SemanticQuery *semantic_query_copy(const SemanticQuery *query) {
  if (!query) return NULL;
  SemanticQuery *copy = semantic_query_new();
  copy_elements(copy->measures, query->measures, copy_measure);
  copy_elements(copy->dimensions, query->dimensions, copy_dimension);
  copy_elements(copy->filters, query->filters, copy_filter);
  copy_elements(copy->detail, query->detail, copy_string);
  if (query->having) g_array_append_vals(copy->having, query->having->data, query->having->len);
  if (query->order) g_array_append_vals(copy->order, query->order->data, query->order->len);
  copy->time = query->time;
  copy->time_field = g_strdup(query->time_field);
  copy->compare = query->compare;
  copy->compare.field = g_strdup(query->compare.field);
  copy->compare.member = g_strdup(query->compare.member);
  copy->compare.other = g_strdup(query->compare.other);
  copy->compare.data = data_ref_copy(&query->compare.data);
  copy->data = data_ref_copy(&query->data);
  copy->limit = query->limit;
  copy->offset = query->offset;
  copy->limit_within = query->limit_within;
  copy->window = query->window;
  copy->window_size = query->window_size;
  copy->share = query->share;
  copy->share_dimensions = query->share_dimensions;
  copy->cohort = query->cohort;
  copy->cohort_entity = g_strdup(query->cohort_entity);
  copy->analysis = query->analysis;
  copy->missing_rows = query->missing_rows;
  return copy;
}

void semantic_query_free(SemanticQuery *query) {
  if (!query) return;
  g_clear_pointer(&query->measures, g_ptr_array_unref);
  g_clear_pointer(&query->dimensions, g_ptr_array_unref);
  g_clear_pointer(&query->filters, g_ptr_array_unref);
  g_clear_pointer(&query->having, g_array_unref);
  g_clear_pointer(&query->order, g_array_unref);
  g_clear_pointer(&query->detail, g_ptr_array_unref);
  g_free(query->time_field);
  g_free(query->compare.field);
  g_free(query->compare.member);
  g_free(query->compare.other);
  data_ref_clear(&query->compare.data);
  data_ref_clear(&query->data);
  g_free(query->cohort_entity);
  g_free(query);
}

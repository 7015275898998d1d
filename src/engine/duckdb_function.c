#include "engine/duckdb_function.h"

typedef struct {
  EngineTextFunction function;
  gpointer user_data;
  GDestroyNotify free_data;
} TextFunction;

static void text_function_free(void *pointer) {
  TextFunction *text = pointer;
  if (text->free_data) text->free_data(text->user_data);
  g_free(text);
}

static void run_text_function(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const TextFunction *text = duckdb_scalar_function_get_extra_info(info);
  idx_t n_rows = duckdb_data_chunk_get_size(input);
  duckdb_vector vector = duckdb_data_chunk_get_vector(input, 0);
  duckdb_string_t *values = duckdb_vector_get_data(vector);
  uint64_t *validity = duckdb_vector_get_validity(vector);
  g_autoptr(GString) out = g_string_new(NULL);
  uint64_t *out_validity = NULL;
  for (idx_t row = 0; row < n_rows; row++) {
    if (validity && !duckdb_validity_row_is_valid(validity, row)) {
      if (!out_validity) {
        duckdb_vector_ensure_validity_writable(output);
        out_validity = duckdb_vector_get_validity(output);
      }
      duckdb_validity_set_row_invalid(out_validity, row);
      continue;
    }
    g_string_truncate(out, 0);
    text->function(duckdb_string_t_data(&values[row]), duckdb_string_t_length(values[row]), out, text->user_data);
    duckdb_vector_assign_string_element_len(output, row, out->str, out->len);
  }
}

gboolean duckdb_function_add_text(duckdb_connection connection, const char *name, EngineTextFunction function,
                                  gpointer user_data, GDestroyNotify free_data) {
  TextFunction *text = g_new0(TextFunction, 1);
  *text = (TextFunction){function, user_data, free_data};
  duckdb_scalar_function scalar = duckdb_create_scalar_function();
  duckdb_logical_type varchar = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  duckdb_scalar_function_set_name(scalar, name);
  duckdb_scalar_function_add_parameter(scalar, varchar);
  duckdb_scalar_function_set_return_type(scalar, varchar);
  duckdb_scalar_function_set_extra_info(scalar, text, text_function_free);
  duckdb_scalar_function_set_function(scalar, run_text_function);
  duckdb_state state = duckdb_register_scalar_function(connection, scalar);
  duckdb_destroy_logical_type(&varchar);
  duckdb_destroy_scalar_function(&scalar);
  return state == DuckDBSuccess;
}

#include "engine/duckdb_sketch.h"

#include "engine/sketch.h"

/* What the engine keeps for each group. */
typedef struct {
  Sketch *sketch; /* NULL: nothing yet */
} State;

static idx_t state_size(duckdb_function_info info) {
  (void)info;
  return sizeof(State);
}

static void state_init(duckdb_function_info info, duckdb_aggregate_state state) {
  (void)info;
  ((State *)state)->sketch = NULL;
}

static void states_free(duckdb_aggregate_state *states, idx_t count) {
  for (idx_t i = 0; i < count; i++) g_clear_pointer(&((State *)states[i])->sketch, sketch_free);
}

static void update(duckdb_function_info info, duckdb_data_chunk input, duckdb_aggregate_state *states, gboolean is_text) {
  duckdb_vector vector = duckdb_data_chunk_get_vector(input, 0);
  duckdb_string_t *values = duckdb_vector_get_data(vector);
  uint64_t *validity = duckdb_vector_get_validity(vector);
  idx_t count = duckdb_data_chunk_get_size(input);
  for (idx_t row = 0; row < count; row++) {
    if (validity && !duckdb_validity_row_is_valid(validity, row)) continue;
    State *state = (State *)states[row];
    if (!state->sketch) state->sketch = sketch_new();
    const char *text = duckdb_string_t_data(&values[row]);
    gsize length = duckdb_string_t_length(values[row]);
    if (is_text)
      sketch_add(state->sketch, text, length);
    else if (!sketch_merge_text(state->sketch, text, length)) {
      duckdb_aggregate_function_set_error(info, "a sketch of distinct values cannot be read; refresh the rollup");
      return;
    }
  }
}

static void update_texts(duckdb_function_info info, duckdb_data_chunk input, duckdb_aggregate_state *states) {
  update(info, input, states, TRUE);
}

static void update_sketches(duckdb_function_info info, duckdb_data_chunk input, duckdb_aggregate_state *states) {
  update(info, input, states, FALSE);
}

static void combine(duckdb_function_info info, duckdb_aggregate_state *source, duckdb_aggregate_state *target,
                    idx_t count) {
  (void)info;
  for (idx_t i = 0; i < count; i++) {
    const State *from = (State *)source[i];
    State *to = (State *)target[i];
    if (!from->sketch) continue;
    if (!to->sketch) to->sketch = sketch_new();
    sketch_merge(to->sketch, from->sketch);
  }
}

static void give_sketches(duckdb_function_info info, duckdb_aggregate_state *source, duckdb_vector result, idx_t count,
                          idx_t offset) {
  (void)info;
  g_autoptr(GString) text = g_string_sized_new(SKETCH_MAX_TEXT);
  duckdb_vector_ensure_validity_writable(result);
  uint64_t *validity = duckdb_vector_get_validity(result);
  for (idx_t i = 0; i < count; i++) {
    const State *state = (State *)source[i];
    if (!state->sketch) {
      duckdb_validity_set_row_invalid(validity, offset + i);
      continue;
    }
    g_string_truncate(text, 0);
    sketch_write(state->sketch, text);
    duckdb_vector_assign_string_element_len(result, offset + i, text->str, text->len);
  }
}

static void give_counts(duckdb_function_info info, duckdb_aggregate_state *source, duckdb_vector result, idx_t count,
                        idx_t offset) {
  (void)info;
  int64_t *counts = duckdb_vector_get_data(result);
  for (idx_t i = 0; i < count; i++) {
    const State *state = (State *)source[i];
    counts[offset + i] = state->sketch ? sketch_count(state->sketch) : 0;
  }
}

static gboolean add(duckdb_connection connection, const char *name, duckdb_aggregate_update_t update_one,
                    duckdb_aggregate_finalize_t give, duckdb_type gives) {
  duckdb_aggregate_function function = duckdb_create_aggregate_function();
  duckdb_logical_type varchar = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR), result = duckdb_create_logical_type(gives);
  duckdb_aggregate_function_set_name(function, name);
  duckdb_aggregate_function_add_parameter(function, varchar);
  duckdb_aggregate_function_set_return_type(function, result);
  duckdb_aggregate_function_set_special_handling(function); /* groups of nothing but NULL have a count too */
  duckdb_aggregate_function_set_functions(function, state_size, state_init, update_one, combine, give);
  duckdb_aggregate_function_set_destructor(function, states_free);
  gboolean done = duckdb_register_aggregate_function(connection, function) == DuckDBSuccess;
  duckdb_destroy_logical_type(&varchar);
  duckdb_destroy_logical_type(&result);
  duckdb_destroy_aggregate_function(&function);
  return done;
}

gboolean duckdb_sketch_register(duckdb_connection connection) {
  return add(connection, "aisle_sketch", update_texts, give_sketches, DUCKDB_TYPE_VARCHAR) &&
         add(connection, "aisle_sketch_merge", update_sketches, give_sketches, DUCKDB_TYPE_VARCHAR) &&
         add(connection, "aisle_sketch_count", update_sketches, give_counts, DUCKDB_TYPE_BIGINT);
}

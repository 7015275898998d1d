#include "engine/duckdb_cells.h"

#include <string.h>

#include "engine/duckdb_number.h"

/* Nesting of lists and structs that is written out. */
#define NESTED_MAX_DEPTH 32

/* One column of a chunk, opened for reading. */
typedef struct {
  duckdb_type type;
  duckdb_type storage; /* of decimals and enums */
  int scale;
  void *data;
  uint64_t *validity;
  duckdb_logical_type logical;
  duckdb_vector vector;
} Reader;

/* ---- types ---- */

static const struct {
  duckdb_type type;
  ValueType value_type;
  const char *name;
} types[] = {
    {DUCKDB_TYPE_BOOLEAN, VALUE_BOOL, "BOOLEAN"},
    {DUCKDB_TYPE_TINYINT, VALUE_INT, "TINYINT"},
    {DUCKDB_TYPE_SMALLINT, VALUE_INT, "SMALLINT"},
    {DUCKDB_TYPE_INTEGER, VALUE_INT, "INTEGER"},
    {DUCKDB_TYPE_BIGINT, VALUE_INT, "BIGINT"},
    {DUCKDB_TYPE_UTINYINT, VALUE_INT, "UTINYINT"},
    {DUCKDB_TYPE_USMALLINT, VALUE_INT, "USMALLINT"},
    {DUCKDB_TYPE_UINTEGER, VALUE_INT, "UINTEGER"},
    {DUCKDB_TYPE_UBIGINT, VALUE_INT, "UBIGINT"},
    {DUCKDB_TYPE_HUGEINT, VALUE_INT, "HUGEINT"},
    {DUCKDB_TYPE_UHUGEINT, VALUE_INT, "UHUGEINT"},
    {DUCKDB_TYPE_FLOAT, VALUE_DOUBLE, "FLOAT"},
    {DUCKDB_TYPE_DOUBLE, VALUE_DOUBLE, "DOUBLE"},
    {DUCKDB_TYPE_TIMESTAMP, VALUE_TIMESTAMP, "TIMESTAMP"},
    {DUCKDB_TYPE_TIMESTAMP_S, VALUE_TIMESTAMP, "TIMESTAMP_S"},
    {DUCKDB_TYPE_TIMESTAMP_MS, VALUE_TIMESTAMP, "TIMESTAMP_MS"},
    {DUCKDB_TYPE_TIMESTAMP_NS, VALUE_TIMESTAMP, "TIMESTAMP_NS"},
    {DUCKDB_TYPE_TIMESTAMP_TZ, VALUE_TIMESTAMP, "TIMESTAMP WITH TIME ZONE"},
    {DUCKDB_TYPE_DATE, VALUE_DATE, "DATE"},
    {DUCKDB_TYPE_TIME, VALUE_TIME, "TIME"},
    {DUCKDB_TYPE_TIME_TZ, VALUE_TIME, "TIME WITH TIME ZONE"},
    {DUCKDB_TYPE_TIME_NS, VALUE_TIME, "TIME_NS"},
    {DUCKDB_TYPE_INTERVAL, VALUE_TEXT, "INTERVAL"},
    {DUCKDB_TYPE_VARCHAR, VALUE_TEXT, "VARCHAR"},
    {DUCKDB_TYPE_BLOB, VALUE_TEXT, "BLOB"},
    {DUCKDB_TYPE_DECIMAL, VALUE_DECIMAL, "DECIMAL"},
    {DUCKDB_TYPE_ENUM, VALUE_TEXT, "ENUM"},
    {DUCKDB_TYPE_UUID, VALUE_TEXT, "UUID"},
    {DUCKDB_TYPE_LIST, VALUE_TEXT, "LIST"},
    {DUCKDB_TYPE_STRUCT, VALUE_TEXT, "STRUCT"},
    {DUCKDB_TYPE_MAP, VALUE_TEXT, "MAP"},
    {DUCKDB_TYPE_ARRAY, VALUE_TEXT, "ARRAY"},
    {DUCKDB_TYPE_SQLNULL, VALUE_NULL, "NULL"},
};

/* Index into `types`, or -1. */
static int find_type(duckdb_type type) {
  for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
    if (types[i].type == type) return (int)i;
  }
  return -1;
}

static char *type_name(duckdb_logical_type logical, int depth) {
  duckdb_type type = duckdb_get_type_id(logical);
  int index = find_type(type);
  if (index < 0 || depth > NESTED_MAX_DEPTH) return g_strdup("UNKNOWN");
  if (type == DUCKDB_TYPE_DECIMAL)
    return g_strdup_printf("DECIMAL(%d,%d)", duckdb_decimal_width(logical), duckdb_decimal_scale(logical));
  if (type != DUCKDB_TYPE_LIST) return g_strdup(types[index].name);
  duckdb_logical_type child = duckdb_list_type_child_type(logical);
  g_autofree char *child_name = type_name(child, depth + 1);
  duckdb_destroy_logical_type(&child);
  return g_strconcat(child_name, "[]", NULL);
}

/* Whether every part of a nested type can be read. */
static gboolean is_readable(duckdb_logical_type logical, int depth) {
  duckdb_type type = duckdb_get_type_id(logical);
  if (find_type(type) < 0 || depth > NESTED_MAX_DEPTH) return FALSE;
  duckdb_logical_type parts[2] = {NULL, NULL};
  gboolean readable = TRUE;
  switch (type) {
  case DUCKDB_TYPE_LIST: parts[0] = duckdb_list_type_child_type(logical); break;
  case DUCKDB_TYPE_ARRAY: parts[0] = duckdb_array_type_child_type(logical); break;
  case DUCKDB_TYPE_MAP:
    parts[0] = duckdb_map_type_key_type(logical);
    parts[1] = duckdb_map_type_value_type(logical);
    break;
  case DUCKDB_TYPE_STRUCT:
    for (idx_t i = 0; readable && i < duckdb_struct_type_child_count(logical); i++) {
      duckdb_logical_type child = duckdb_struct_type_child_type(logical, i);
      readable = is_readable(child, depth + 1);
      duckdb_destroy_logical_type(&child);
    }
    break;
  default: break;
  }
  for (guint i = 0; i < 2; i++) {
    if (parts[i] == NULL) continue;
    readable = readable && is_readable(parts[i], depth + 1);
    duckdb_destroy_logical_type(&parts[i]);
  }
  return readable;
}

gboolean duckdb_cells_add_columns(ResultTable *table, duckdb_result *result, GError **error) {
  idx_t n = duckdb_column_count(result);
  for (idx_t i = 0; i < n; i++) {
    duckdb_logical_type logical = duckdb_column_logical_type(result, i);
    const char *name = duckdb_column_name(result, i);
    gboolean readable = is_readable(logical, 0);
    g_autofree char *sql_type = type_name(logical, 0);
    if (readable) result_table_add_column(table, name, types[find_type(duckdb_get_type_id(logical))].value_type, sql_type);
    duckdb_destroy_logical_type(&logical);
    if (!readable) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED,
                  "column '%s' has a type that is not supported; cast it to VARCHAR", name);
      return FALSE;
    }
  }
  return TRUE;
}

/* ---- reading cells ---- */

static void reader_open(Reader *reader, duckdb_vector vector, duckdb_logical_type logical) {
  memset(reader, 0, sizeof *reader);
  reader->vector = vector;
  reader->logical = logical;
  reader->type = duckdb_get_type_id(logical);
  reader->data = duckdb_vector_get_data(vector);
  reader->validity = duckdb_vector_get_validity(vector);
  if (reader->type == DUCKDB_TYPE_DECIMAL) {
    reader->storage = duckdb_decimal_internal_type(logical);
    reader->scale = duckdb_decimal_scale(logical);
  } else if (reader->type == DUCKDB_TYPE_ENUM) {
    reader->storage = duckdb_enum_internal_type(logical);
  }
}

static gboolean is_null(const Reader *reader, idx_t row) {
  return reader->type == DUCKDB_TYPE_SQLNULL ||
         (reader->validity != NULL && (reader->validity[row / 64] >> (row % 64) & 1) == 0);
}

/* A signed or unsigned integer of any storage up to 64 bits. */
static gint64 read_small_integer(duckdb_type storage, const void *data, idx_t row) {
  switch (storage) {
  case DUCKDB_TYPE_BOOLEAN: return ((const bool *)data)[row] ? 1 : 0;
  case DUCKDB_TYPE_TINYINT: return ((const int8_t *)data)[row];
  case DUCKDB_TYPE_SMALLINT: return ((const int16_t *)data)[row];
  case DUCKDB_TYPE_INTEGER: return ((const int32_t *)data)[row];
  case DUCKDB_TYPE_UTINYINT: return ((const uint8_t *)data)[row];
  case DUCKDB_TYPE_USMALLINT: return ((const uint16_t *)data)[row];
  case DUCKDB_TYPE_UINTEGER: return ((const uint32_t *)data)[row];
  default: return ((const int64_t *)data)[row];
  }
}

static void set_integer(Value *value, gint64 integer) {
  value->integer = integer;
  value->number = (double)integer;
}

/* An integer beyond 64 bits keeps its digits; duckdb_cells_finish() makes the column a decimal. */
static void set_wide(Value *value, UnsignedWide magnitude, gboolean negative, ResultTable *table) {
  if (!negative && magnitude <= G_MAXINT64) {
    set_integer(value, (gint64)magnitude);
    return;
  }
  if (negative && magnitude <= (UnsignedWide)G_MAXINT64 + 1) {
    set_integer(value, (gint64)-(Wide)magnitude);
    return;
  }
  char buffer[WIDE_TEXT_SIZE];
  const char *text = wide_format(magnitude, negative, 0, buffer);
  value->type = VALUE_DECIMAL;
  value->text = g_string_chunk_insert(table->strings, text);
  value->number = g_ascii_strtod(text, NULL);
}

static void set_decimal(Value *value, const Reader *reader, idx_t row, ResultTable *table) {
  Wide wide = reader->storage == DUCKDB_TYPE_HUGEINT ? wide_of_hugeint(((const duckdb_hugeint *)reader->data)[row])
                                                      : read_small_integer(reader->storage, reader->data, row);
  char buffer[WIDE_TEXT_SIZE];
  UnsignedWide magnitude = wide < 0 ? -(UnsignedWide)wide : (UnsignedWide)wide;
  const char *text = wide_format(magnitude, wide < 0, reader->scale, buffer);
  value->text = g_string_chunk_insert(table->strings, text);
  value->number = wide_to_double(wide, reader->scale, text);
}

/* The double people mean by a float: the shortest decimal that reads back to it. */
static double widen_float(float narrow) {
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  for (int precision = 6; precision <= 9; precision++) {
    char format[8];
    g_snprintf(format, sizeof format, "%%.%dg", precision);
    g_ascii_formatd(text, sizeof text, format, (double)narrow);
    double wide = g_ascii_strtod(text, NULL);
    if ((float)wide == narrow) return wide;
  }
  return (double)narrow;
}

static gint64 floor_div64(gint64 value, gint64 divisor) {
  gint64 quotient = value / divisor;
  return quotient * divisor > value ? quotient - 1 : quotient;
}

static gint64 read_micros(const Reader *reader, idx_t row) {
  gint64 raw = ((const int64_t *)reader->data)[row], micros;
  gboolean infinite = raw == G_MAXINT64 || raw == -G_MAXINT64;
  switch (reader->type) {
  case DUCKDB_TYPE_TIMESTAMP_S:
    if (infinite || __builtin_mul_overflow(raw, (gint64)1000000, &micros)) return raw > 0 ? G_MAXINT64 : -G_MAXINT64;
    return micros;
  case DUCKDB_TYPE_TIMESTAMP_MS:
    if (infinite || __builtin_mul_overflow(raw, (gint64)1000, &micros)) return raw > 0 ? G_MAXINT64 : -G_MAXINT64;
    return micros;
  case DUCKDB_TYPE_TIMESTAMP_NS: return infinite ? raw : floor_div64(raw, 1000);
  case DUCKDB_TYPE_TIME_NS: return raw / 1000;
  case DUCKDB_TYPE_TIME_TZ: return (gint64)((guint64)raw >> 24);
  default: return raw;
  }
}

static void append_interval(GString *out, const duckdb_interval *interval) {
  if (interval->months != 0) g_string_append_printf(out, "%d months ", interval->months);
  if (interval->days != 0) g_string_append_printf(out, "%d days ", interval->days);
  gint64 micros = interval->micros;
  guint64 magnitude = micros < 0 ? -(guint64)micros : (guint64)micros;
  guint64 seconds = magnitude / 1000000;
  g_string_append_printf(out, "%s%02" G_GUINT64_FORMAT ":%02d:%02d", micros < 0 ? "-" : "", seconds / 3600,
                         (int)(seconds / 60 % 60), (int)(seconds % 60));
  if (magnitude % 1000000 != 0) g_string_append_printf(out, ".%06d", (int)(magnitude % 1000000));
}

static void append_uuid(GString *out, duckdb_hugeint value) {
  /* Stored with the top bit flipped, so that it sorts as unsigned. */
  guint64 upper = (guint64)value.upper ^ ((guint64)1 << 63), lower = value.lower;
  g_string_append_printf(out, "%08x-%04x-%04x-%04x-%012" G_GINT64_MODIFIER "x", (guint)(upper >> 32),
                         (guint)(upper >> 16 & 0xffff), (guint)(upper & 0xffff), (guint)(lower >> 48),
                         lower & (guint64)0xffffffffffff);
}

/* Text of a string cell; NUL bytes would cut it, so they show as the replacement character. */
static void append_varchar(GString *out, duckdb_string_t *string) {
  const char *bytes = duckdb_string_t_data(string);
  gsize length = duckdb_string_t_length(*string);
  for (const char *nul; (nul = memchr(bytes, '\0', length)) != NULL;) {
    gsize before = (gsize)(nul - bytes);
    g_string_append_len(out, bytes, (gssize)before);
    g_string_append(out, "\xEF\xBF\xBD");
    bytes = nul + 1;
    length -= before + 1;
  }
  g_string_append_len(out, bytes, (gssize)length);
}

static void append_blob(GString *out, duckdb_string_t *string) {
  const guchar *bytes = (const guchar *)duckdb_string_t_data(string);
  for (guint i = 0; i < duckdb_string_t_length(*string); i++) g_string_append_printf(out, "\\x%02X", bytes[i]);
}

static json_t *read_json(const Reader *reader, idx_t row);

static json_t *read_json_child(duckdb_vector vector, duckdb_logical_type logical, idx_t row) {
  Reader child;
  reader_open(&child, vector, logical);
  return read_json(&child, row);
}

static json_t *read_list(const Reader *reader, idx_t row) {
  gboolean fixed = reader->type == DUCKDB_TYPE_ARRAY;
  idx_t size = fixed ? duckdb_array_type_array_size(reader->logical) : 0;
  duckdb_list_entry entry = fixed ? (duckdb_list_entry){row * size, size} : ((duckdb_list_entry *)reader->data)[row];
  duckdb_vector vector = fixed ? duckdb_array_vector_get_child(reader->vector) : duckdb_list_vector_get_child(reader->vector);
  duckdb_logical_type logical =
      fixed ? duckdb_array_type_child_type(reader->logical) : duckdb_list_type_child_type(reader->logical);
  json_t *list = json_array();
  for (idx_t i = 0; i < entry.length; i++)
    json_array_append_new(list, read_json_child(vector, logical, entry.offset + i));
  duckdb_destroy_logical_type(&logical);
  return list;
}

static json_t *read_map(const Reader *reader, idx_t row) {
  duckdb_list_entry entry = ((duckdb_list_entry *)reader->data)[row];
  duckdb_vector pairs = duckdb_list_vector_get_child(reader->vector);
  duckdb_logical_type key_type = duckdb_map_type_key_type(reader->logical);
  duckdb_logical_type value_type = duckdb_map_type_value_type(reader->logical);
  json_t *object = json_object();
  for (idx_t i = 0; i < entry.length; i++) {
    idx_t at = entry.offset + i;
    g_autoptr(json_t) key = read_json_child(duckdb_struct_vector_get_child(pairs, 0), key_type, at);
    g_autofree char *key_text = json_is_string(key) ? g_strdup(json_string_value(key)) : json_to_text(key, JSON_PLAIN);
    json_object_set_new(object, key_text, read_json_child(duckdb_struct_vector_get_child(pairs, 1), value_type, at));
  }
  duckdb_destroy_logical_type(&key_type);
  duckdb_destroy_logical_type(&value_type);
  return object;
}

static json_t *read_struct(const Reader *reader, idx_t row) {
  json_t *object = json_object();
  for (idx_t i = 0; i < duckdb_struct_type_child_count(reader->logical); i++) {
    char *name = duckdb_struct_type_child_name(reader->logical, i);
    duckdb_logical_type logical = duckdb_struct_type_child_type(reader->logical, i);
    json_object_set_new(object, name, read_json_child(duckdb_struct_vector_get_child(reader->vector, i), logical, row));
    duckdb_destroy_logical_type(&logical);
    duckdb_free(name);
  }
  return object;
}

/* Appends the text of a type that has no other form. */
static void append_text(GString *out, const Reader *reader, idx_t row) {
  switch (reader->type) {
  case DUCKDB_TYPE_VARCHAR: append_varchar(out, &((duckdb_string_t *)reader->data)[row]); break;
  case DUCKDB_TYPE_BLOB: append_blob(out, &((duckdb_string_t *)reader->data)[row]); break;
  case DUCKDB_TYPE_INTERVAL: append_interval(out, &((duckdb_interval *)reader->data)[row]); break;
  case DUCKDB_TYPE_UUID: append_uuid(out, ((duckdb_hugeint *)reader->data)[row]); break;
  case DUCKDB_TYPE_ENUM: {
    char *label = duckdb_enum_dictionary_value(reader->logical, (idx_t)read_small_integer(reader->storage, reader->data, row));
    g_string_append(out, label);
    duckdb_free(label);
    break;
  }
  default: {
    g_autoptr(json_t) json = read_json(reader, row);
    json_append(out, json, JSON_PLAIN);
  }
  }
}

static void read_cell(const Reader *reader, idx_t row, ValueType type, Value *value, ResultTable *table) {
  *value = (Value){.type = type};
  switch (reader->type) {
  case DUCKDB_TYPE_HUGEINT: {
    Wide wide = wide_of_hugeint(((const duckdb_hugeint *)reader->data)[row]);
    set_wide(value, wide < 0 ? -(UnsignedWide)wide : (UnsignedWide)wide, wide < 0, table);
    return;
  }
  case DUCKDB_TYPE_UHUGEINT: {
    duckdb_uhugeint raw = ((const duckdb_uhugeint *)reader->data)[row];
    set_wide(value, (UnsignedWide)raw.upper << 64 | raw.lower, FALSE, table);
    return;
  }
  case DUCKDB_TYPE_UBIGINT: set_wide(value, ((const uint64_t *)reader->data)[row], FALSE, table); return;
  case DUCKDB_TYPE_DECIMAL: set_decimal(value, reader, row, table); return;
  case DUCKDB_TYPE_FLOAT: value->number = widen_float(((const float *)reader->data)[row]); return;
  case DUCKDB_TYPE_DOUBLE: value->number = ((const double *)reader->data)[row]; return;
  case DUCKDB_TYPE_DATE: value->integer = ((const int32_t *)reader->data)[row]; return;
  default: break;
  }
  if (type == VALUE_BOOL || type == VALUE_INT) {
    set_integer(value, read_small_integer(reader->type, reader->data, row));
  } else if (type == VALUE_TIMESTAMP || type == VALUE_TIME) {
    value->integer = read_micros(reader, row);
  } else {
    g_autoptr(GString) text = g_string_new(NULL);
    append_text(text, reader, row);
    value->text = g_string_chunk_insert_len(table->strings, text->str, (gssize)text->len);
  }
}

/* A value inside a nested one. is_readable() has bounded the depth. */
static json_t *read_json(const Reader *reader, idx_t row) {
  if (is_null(reader, row)) return json_null();
  switch (reader->type) {
  case DUCKDB_TYPE_LIST:
  case DUCKDB_TYPE_ARRAY: return read_list(reader, row);
  case DUCKDB_TYPE_MAP: return read_map(reader, row);
  case DUCKDB_TYPE_STRUCT: return read_struct(reader, row);
  default: {
    g_autoptr(ResultTable) scratch = result_table_new();
    Value value;
    read_cell(reader, row, types[find_type(reader->type)].value_type, &value, scratch);
    return value_to_json(&value);
  }
  }
}

/* The common case without a copy in between. */
static gboolean read_plain_text(const Reader *reader, idx_t row, Value *value, ResultTable *table) {
  if (reader->type != DUCKDB_TYPE_VARCHAR) return FALSE;
  duckdb_string_t *string = &((duckdb_string_t *)reader->data)[row];
  const char *bytes = duckdb_string_t_data(string);
  gsize length = duckdb_string_t_length(*string);
  if (memchr(bytes, '\0', length) != NULL) return FALSE;
  *value = (Value){.type = VALUE_TEXT, .text = g_string_chunk_insert_len(table->strings, bytes, (gssize)length)};
  return TRUE;
}

void duckdb_cells_add_rows(ResultTable *table, duckdb_data_chunk chunk, gsize n_rows) {
  guint n_columns = table->columns->len;
  gsize first = table->cells->len;
  g_array_set_size(table->cells, (guint)(first + n_rows * n_columns));
  for (guint c = 0; c < n_columns; c++) {
    const ResultColumn *column = table->columns->pdata[c];
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, c);
    duckdb_logical_type logical = duckdb_vector_get_column_type(vector);
    Reader reader;
    reader_open(&reader, vector, logical);
    for (gsize row = 0; row < n_rows; row++) {
      Value *value = &g_array_index(table->cells, Value, first + row * n_columns + c);
      if (is_null(&reader, row)) *value = (Value){.type = VALUE_NULL};
      else if (!read_plain_text(&reader, row, value, table)) read_cell(&reader, row, column->type, value, table);
    }
    duckdb_destroy_logical_type(&logical);
  }
  table->n_rows += n_rows;
}

static void column_to_decimal(ResultTable *table, guint c) {
  ResultColumn *column = table->columns->pdata[c];
  column->type = VALUE_DECIMAL;
  for (gsize row = 0; row < table->n_rows; row++) {
    Value *value = &g_array_index(table->cells, Value, row * table->columns->len + c);
    if (value->type != VALUE_INT) continue;
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value->integer);
    value->text = g_string_chunk_insert(table->strings, text);
    value->type = VALUE_DECIMAL;
  }
}

void duckdb_cells_finish(ResultTable *table) {
  for (guint c = 0; c < table->columns->len; c++) {
    const ResultColumn *column = table->columns->pdata[c];
    if (column->type != VALUE_INT) continue;
    for (gsize row = 0; row < table->n_rows; row++) {
      if (result_table_at(table, row, c)->type != VALUE_DECIMAL) continue;
      column_to_decimal(table, c);
      break;
    }
  }
}

gboolean duckdb_cells_parse_decimal(const char *text, duckdb_decimal *out) {
  gboolean negative = *text == '-', point = FALSE;
  if (*text == '-' || *text == '+') text++;
  UnsignedWide magnitude = 0;
  int digits = 0, scale = 0;
  for (; *text != '\0'; text++) {
    if (*text == '.' && !point) {
      point = TRUE;
      continue;
    }
    if (!g_ascii_isdigit(*text) || digits == 38) return FALSE;
    magnitude = magnitude * 10 + (UnsignedWide)(*text - '0');
    digits++;
    if (point) scale++;
  }
  if (digits == 0) return FALSE;
  Wide value = negative ? -(Wide)magnitude : (Wide)magnitude;
  out->width = (uint8_t)digits;
  out->scale = (uint8_t)scale;
  out->value.lower = (uint64_t)value;
  out->value.upper = (int64_t)(value >> 64);
  return TRUE;
}

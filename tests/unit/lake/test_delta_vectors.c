/* Deletion vectors and column mapping: tables as Spark and Trino write them, and bytes that nobody should. */
#include <zlib.h>

#include "lake/delta_change.h"
#include "lake/delta_replay.h"
#include "lake/delta_vector.h"
#include "lake/roaring.h"
#include "scratch.h"

/* Rows 3, 4, 7, 11, 18, 29. */
#define EXAMPLE_INLINE "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L"
#define EXAMPLE_BYTES 44
/* The path that PROTOCOL.md gives: folder "ab", the last 20 letters are d2c639aa-8816-431a-aaf6-d3fe2512ff61. */
#define EXAMPLE_PLACE "ab^-aqEH.-t@S}K{vb[*k^"
#define EXAMPLE_PATH "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin"

static void number(GByteArray *out, guint64 value, guint size) {
  for (guint i = 0; i < size; i++) {
    guint8 byte = (guint8)(value >> (8 * i));
    g_byte_array_append(out, &byte, 1);
  }
}

/* One bitmap with runs: rows 0..first_run-1 of container 0, and `single` of container 1. */
static GByteArray *runs_and_array(guint first_run, guint single) {
  GByteArray *out = g_byte_array_new();
  number(out, 1681511377, 4);
  number(out, 1, 8);
  number(out, 0, 4);
  number(out, 12347 | (1 << 16), 4); /* two containers */
  number(out, 1, 1);                 /* the first is runs */
  number(out, 0, 2), number(out, first_run - 1, 2);
  number(out, 1, 2), number(out, 0, 2);
  number(out, 1, 2), number(out, 0, 2), number(out, first_run - 1, 2);
  number(out, single, 2);
  return out;
}

/* Every second row of 65,536, as a bitmap. */
static GByteArray *bitmap(void) {
  GByteArray *out = g_byte_array_new();
  number(out, 1681511377, 4);
  number(out, 1, 8);
  number(out, 0, 4);
  number(out, 12346, 4), number(out, 1, 4);
  number(out, 0, 2), number(out, 32767, 2);
  number(out, 0, 4);
  for (int i = 0; i < 8192; i++) number(out, 0x55, 1);
  return out;
}

static gboolean has_row(const GByteArray *bits, gint64 row) {
  return row / 8 < bits->len && bits->data[row / 8] & (0x80 >> (row % 8));
}

static void containers_are_read(void) {
  g_autoptr(GError) error = NULL;
  gint64 count = 0;
  g_autoptr(GByteArray) bytes = runs_and_array(5, 7), half = bitmap();
  g_autoptr(GByteArray) bits = roaring_read(bytes->data, bytes->len, &count, &error);
  g_assert_no_error(error);
  g_assert_cmpint(count, ==, 6);
  for (gint64 row = 0; row < 70000; row++) g_assert_true(has_row(bits, row) == (row < 5 || row == 65536 + 7));
  number(bytes, 0, 2); /* as Trino leaves behind */
  g_autoptr(GByteArray) again = roaring_read(bytes->data, bytes->len, &count, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(again->len, ==, bits->len);
  number(bytes, 1, 1);
  g_assert_null(roaring_read(bytes->data, bytes->len, &count, NULL));
  g_autoptr(GByteArray) odd = roaring_read(half->data, half->len, &count, &error);
  g_assert_no_error(error);
  g_assert_cmpint(count, ==, 32768);
  for (gint64 row = 0; row < 65536; row++) g_assert_true(has_row(odd, row) == (row % 2 == 0));
}

/* Cut anywhere, or with any bit turned, bytes are either refused or another set, never trouble. */
static void bad_bytes_are_refused(void) {
  g_autoptr(GByteArray) bytes = runs_and_array(5, 7);
  for (guint length = 0; length < bytes->len; length++) {
    g_autoptr(GError) error = NULL;
    gint64 count = 0;
    g_autofree guint8 *cut = g_memdup2(bytes->data, length);
    g_assert_null(roaring_read(cut, length, &count, &error));
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT);
  }
  for (guint bit = 0; bit < bytes->len * 8; bit++) {
    g_autoptr(GError) error = NULL;
    gint64 count = 0;
    bytes->data[bit / 8] ^= (guint8)(1 << (bit % 8));
    g_autoptr(GByteArray) bits = roaring_read(bytes->data, bytes->len, &count, &error);
    g_assert_true((bits != NULL) == (error == NULL));
    gint64 seen = 0;
    for (gint64 row = 0; bits && row < (gint64)bits->len * 8; row++) seen += has_row(bits, row);
    if (bits) g_assert_cmpint(seen, ==, count);
    bytes->data[bit / 8] ^= (guint8)(1 << (bit % 8));
  }
  g_autoptr(GError) error = NULL;
  gint64 count = 0;
  bytes->data[12] = 1; /* rows from 2^32 on */
  g_assert_null(roaring_read(bytes->data, bytes->len, &count, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED);
}

static json_t *descriptor(const char *storage, const char *place, gsize size, gint64 rows) {
  return json_pack("{s:s, s:s, s:i, s:I, s:I}", "storageType", storage, "pathOrInlineDv", place, "offset", 1, "sizeInBytes",
                   (json_int_t)size, "cardinality", (json_int_t)rows);
}

/* The bytes of the example, which base 85 gives. */
static GBytes *example_bytes(ObjectStore *store) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) inline_one = descriptor("i", EXAMPLE_INLINE, EXAMPLE_BYTES, 6);
  g_autoptr(DeltaVector) vector = delta_vector_read(inline_one, store, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  g_assert_cmpint(vector->end, ==, 30);
  g_autoptr(json_t) again = delta_vector_to_json(vector);
  g_assert_cmpstr(json_get_string(again, "pathOrInlineDv"), ==, EXAMPLE_INLINE);
  return g_bytes_ref(vector->bitmap);
}

static void vectors_inline_and_in_files(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(GError) error = NULL;
  g_autoptr(ObjectStore) store = object_store_open(scratch.path, NULL, &error);
  g_autoptr(GBytes) bytes = example_bytes(store);
  g_autoptr(json_t) filed = descriptor("u", EXAMPLE_PLACE, EXAMPLE_BYTES, 6);
  g_autofree char *path = delta_vector_path(filed);
  g_assert_cmpstr(path, ==, EXAMPLE_PATH);
  g_assert_null(delta_vector_read(filed, store, DEADLINE_NEVER, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_clear_error(&error);
  /* version, size, bitmap, checksum */
  gsize length;
  const guint8 *bitmap_bytes = g_bytes_get_data(bytes, &length);
  guint32 size = GUINT32_TO_BE((guint32)length), sum = GUINT32_TO_BE((guint32)crc32(0, bitmap_bytes, (uInt)length));
  g_autoptr(GByteArray) file = g_byte_array_new();
  number(file, 1, 1);
  g_byte_array_append(file, (const guint8 *)&size, 4);
  g_byte_array_append(file, bitmap_bytes, (guint)length);
  g_byte_array_append(file, (const guint8 *)&sum, 4);
  g_assert_true(object_put(store, EXAMPLE_PATH, file->data, file->len, DEADLINE_NEVER, NULL));
  g_autoptr(DeltaVector) vector = delta_vector_read(filed, store, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  g_assert_cmpint(vector->rows, ==, 6);
  file->data[20] ^= 1;
  g_assert_true(object_put(store, EXAMPLE_PATH, file->data, file->len, DEADLINE_NEVER, NULL));
  g_assert_null(delta_vector_read(filed, store, DEADLINE_NEVER, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT);
}

static void places_outside_are_refused(void) {
  static const char *const places[] = {"../^-aqEH.-t@S}K{vb[*k^", "a/b^-aqEH.-t@S}K{vb[*k^", "short", "ab^-aqEH.-t@S}K{vb[*k\""};
  for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
    g_autoptr(json_t) json = descriptor("u", places[i], EXAMPLE_BYTES, 6);
    g_autofree char *path = delta_vector_path(json);
    g_assert_null(path);
  }
}

/* ---- whole tables ---- */

typedef struct {
  Scratch scratch;
  Engine *engine;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  EngineOptions options = {.threads = 1, .max_connections = 2};
  fixture->scratch = scratch_new();
  fixture->engine = engine_open_duckdb(&options, &error);
  g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer data) {
  (void)data;
  engine_unref(fixture->engine);
  scratch_clear(&fixture->scratch);
}

/* 100,000 rows in one file: id from 0, and `odd`, NULL for even ids. */
static void write_table(Fixture *fixture) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  g_ptr_array_add(columns, delta_column_new("id", NULL, FIELD_INTEGER));
  g_ptr_array_add(columns, delta_column_new("odd", NULL, FIELD_INTEGER));
  g_autoptr(DeltaTable) draft = delta_table_draft(fixture->scratch.path, columns, NULL, NULL, &error);
  g_assert_no_error(error);
  g_assert_true(delta_append(draft, fixture->engine, "SELECT i AS id, if(i % 2 = 1, i, NULL) AS odd FROM range(100000) t(i)", NULL,
                             NULL, NULL, &error));
  g_assert_no_error(error);
}

static void write_commit(const Fixture *fixture, gint64 version, const char *text) {
  g_autofree char *path = g_strdup_printf("%s/_delta_log/%020" G_GINT64_FORMAT ".json", fixture->scratch.path, version);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* Commits the one file again, with a vector. */
static void delete_rows(Fixture *fixture, gint64 version, const GByteArray *bytes, gint64 rows) {
  g_autoptr(GError) error = NULL;
  g_autoptr(DeltaTable) table = delta_table_open(fixture->scratch.path, version - 1, fixture->engine, &error);
  g_assert_no_error(error);
  DeltaFile *file = table->files->pdata[0];
  g_autoptr(json_t) removed = json_pack("{s:{s:s, s:i, s:b}}", "remove", "path", file->path, "deletionTimestamp", 1, "dataChange", TRUE);
  delta_vector_unref(file->vector);
  file->vector = g_new0(DeltaVector, 1);
  file->vector->references = 1;
  file->vector->bitmap = g_bytes_new(bytes->data, bytes->len);
  file->vector->rows = rows;
  g_autoptr(json_t) added = json_pack("{s:o}", "add", delta_file_to_json(table, file, TRUE));
  g_autofree char *one = json_to_text(removed, JSON_PLAIN), *two = json_to_text(added, JSON_PLAIN);
  g_autofree char *text = g_strdup_printf(
      "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"deletionVectors\"],"
      "\"writerFeatures\":[\"deletionVectors\"]}}\n%s\n%s\n", one, two);
  write_commit(fixture, version, text);
}

static gint64 ask(const Fixture *fixture, const DeltaTable *table, const char *expression) {
  g_autoptr(GError) error = NULL;
  g_autofree char *relation = delta_relation_sql(table, NULL);
  g_autofree char *sql = g_strdup_printf("SELECT CAST(%s AS BIGINT) FROM (%s)", expression, relation);
  g_autoptr(ResultTable) rows = engine_query(fixture->engine, sql, NULL, 0, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  return result_table_at(rows, 0, 0)->integer;
}

static void check_deleted(Fixture *fixture, const GByteArray *bytes, gint64 rows, const char *condition) {
  g_autoptr(GError) error = NULL;
  write_table(fixture);
  delete_rows(fixture, 1, bytes, rows);
  g_autoptr(DeltaTable) before = delta_table_open(fixture->scratch.path, 0, fixture->engine, &error);
  g_assert_no_error(error);
  g_autoptr(DeltaTable) table = delta_table_open(fixture->scratch.path, -1, fixture->engine, &error);
  g_assert_no_error(error);
  g_assert_cmpint(delta_table_rows(table), ==, 100000 - rows);
  g_assert_cmpint(ask(fixture, before, "count(*)"), ==, 100000);
  g_assert_cmpint(ask(fixture, table, "count(*)"), ==, 100000 - rows);
  g_autofree char *kept = g_strdup_printf("sum(id) FILTER (WHERE NOT (%s))", condition);
  g_assert_cmpint(ask(fixture, table, "sum(id)"), ==, ask(fixture, before, kept));
  g_assert_false(delta_file_is_plain(table, table->files->pdata[0]));
  g_autoptr(GPtrArray) added = NULL, removed = NULL;
  delta_table_difference(before, table, &added, &removed);
  g_assert_cmpuint(added->len, ==, 1);
  g_assert_cmpuint(removed->len, ==, 1);
  /* Of what is left, the footer's number of NULLs says nothing any more. */
  const DeltaFile *file = table->files->pdata[0];
  g_assert_cmpint(file->bounds[0].nulls, ==, 0);
  g_assert_cmpint(file->bounds[1].nulls, ==, -1);
  /* Read only. */
  g_assert_false(delta_delete(table, fixture->engine, "id = 99999", NULL, 0, NULL, NULL, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED);
  g_assert_nonnull(strstr(error->message, "deletion vectors"));
}

static void a_few_rows_are_left_out(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GByteArray) bytes = runs_and_array(5, 7);
  check_deleted(fixture, bytes, 6, "id < 5 OR id = 65543");
}

static void many_rows_are_left_out(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GByteArray) bytes = bitmap();
  check_deleted(fixture, bytes, 32768, "id < 65536 AND id % 2 = 0");
}

static void a_vector_that_lies_is_refused(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GByteArray) bytes = bitmap();
  write_table(fixture);
  delete_rows(fixture, 1, bytes, 32767);
  g_autoptr(DeltaTable) table = delta_table_open(fixture->scratch.path, -1, fixture->engine, &error);
  g_assert_null(table);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT);
}

/* Renames by metadata alone: files, statistics and partition values go by the physical names. */
static void mapped_columns_are_read(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  write_table(fixture);
  write_commit(fixture, 1,
               "{\"protocol\":{\"minReaderVersion\":2,\"minWriterVersion\":5}}\n"
               "{\"metaData\":{\"id\":\"x\",\"format\":{\"provider\":\"parquet\",\"options\":{}},\"schemaString\":\"{\\\"type\\\":"
               "\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"order number\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,"
               "\\\"metadata\\\":{\\\"delta.columnMapping.id\\\":1,\\\"delta.columnMapping.physicalName\\\":\\\"id\\\"}},"
               "{\\\"name\\\":\\\"id\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,\\\"metadata\\\":{"
               "\\\"delta.columnMapping.id\\\":3,\\\"delta.columnMapping.physicalName\\\":\\\"col-3\\\"}}]}\",\"partitionColumns\":[],"
               "\"configuration\":{\"delta.columnMapping.mode\":\"name\"}}}\n");
  g_autoptr(DeltaTable) table = delta_table_open(fixture->scratch.path, -1, fixture->engine, &error);
  g_assert_no_error(error);
  g_assert_cmpint(ask(fixture, table, "sum(\"order number\")"), ==, G_GINT64_CONSTANT(4999950000));
  g_assert_cmpint(ask(fixture, table, "count(id)"), ==, 0);
  const DeltaFile *file = table->files->pdata[0];
  g_assert_true(file->bounds[0].known);
  g_assert_cmpint(file->bounds[0].maximum.integer, ==, 99999);
  g_assert_false(file->bounds[1].known);
  g_assert_false(delta_append(table, fixture->engine, "SELECT 1 AS id", NULL, NULL, NULL, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED);
  g_assert_nonnull(strstr(error->message, "columnMapping"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lake/vectors/containers are read", containers_are_read);
  g_test_add_func("/lake/vectors/bad bytes are refused", bad_bytes_are_refused);
  g_test_add_func("/lake/vectors/inline and in files", vectors_inline_and_in_files);
  g_test_add_func("/lake/vectors/places outside are refused", places_outside_are_refused);
  g_test_add("/lake/vectors/a few rows are left out", Fixture, NULL, set_up, a_few_rows_are_left_out, tear_down);
  g_test_add("/lake/vectors/many rows are left out", Fixture, NULL, set_up, many_rows_are_left_out, tear_down);
  g_test_add("/lake/vectors/a vector that lies is refused", Fixture, NULL, set_up, a_vector_that_lies_is_refused, tear_down);
  g_test_add("/lake/vectors/mapped columns are read", Fixture, NULL, set_up, mapped_columns_are_read, tear_down);
  return g_test_run();
}

/* The log of Delta tables: commits, races, reading what others write, refusing what is not understood. */
#include "lake/delta_change.h"
#include "scratch.h"

static GPtrArray *two_columns(void) {
  GPtrArray *columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  g_ptr_array_add(columns, delta_column_new("id", "Order ID", FIELD_TEXT));
  g_ptr_array_add(columns, delta_column_new("at", NULL, FIELD_TIMESTAMP));
  return columns;
}

static GPtrArray *one_file(const char *path, gint64 rows) {
  GPtrArray *files = g_ptr_array_new_with_free_func((GDestroyNotify)delta_file_free);
  DeltaFile *file = g_new0(DeltaFile, 1);
  file->path = g_strdup(path);
  file->bytes = 100;
  file->statistics = g_strdup_printf("{\"numRecords\":%" G_GINT64_FORMAT "}", rows);
  g_ptr_array_add(files, file);
  return files;
}

static void create(const char *folder) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) columns = two_columns(), files = one_file("part 1%.parquet", 7);
  DeltaIdentity identity = {"import:a", 1};
  gboolean created = delta_table_create(folder, columns, files, &identity, &error);
  g_assert_no_error(error);
  g_assert_true(created);
}

static void round_trip(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(GError) error = NULL;
  create(scratch.path);
  g_autoptr(DeltaTable) table = delta_table_open(scratch.path, -1, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpint(table->version, ==, 0);
  g_assert_cmpuint(table->columns->len, ==, 2);
  const DeltaColumn *id = table->columns->pdata[0], *at = table->columns->pdata[1];
  g_assert_cmpstr(id->label, ==, "Order ID");
  g_assert_cmpint(at->type, ==, FIELD_TIMESTAMP);
  const DeltaFile *file = table->files->pdata[0];
  g_assert_cmpstr(file->path, ==, "part 1%.parquet");
  g_assert_cmpint(file->rows, ==, 7);
  const gint64 *identity = g_hash_table_lookup(table->identities, "import:a");
  g_assert_cmpint(*identity, ==, 1);
}

static void a_second_creation_loses(void) {
  g_auto(Scratch) scratch = scratch_new();
  create(scratch.path);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) columns = two_columns(), files = one_file("other.parquet", 1);
  g_assert_false(delta_table_create(scratch.path, columns, files, NULL, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_EXISTS);
  g_autoptr(DeltaTable) table = delta_table_open(scratch.path, -1, NULL, NULL);
  g_assert_cmpstr(((DeltaFile *)table->files->pdata[0])->path, ==, "part 1%.parquet");
}

static void the_same_load_counts_once(void) {
  g_auto(Scratch) scratch = scratch_new();
  create(scratch.path);
  g_autoptr(GPtrArray) files = one_file("b.parquet", 3);
  DeltaIdentity identity = {"import:b", 1};
  g_assert_cmpint(delta_table_append(scratch.path, files, &identity, NULL, NULL), ==, 1);
  g_assert_cmpint(delta_table_append(scratch.path, files, &identity, NULL, NULL), ==, 1);
  g_autoptr(DeltaTable) table = delta_table_open(scratch.path, -1, NULL, NULL);
  g_assert_cmpint(table->version, ==, 1);
  g_assert_cmpuint(table->files->len, ==, 2);
  g_autoptr(DeltaTable) before = delta_table_open(scratch.path, 0, NULL, NULL);
  g_assert_cmpuint(before->files->len, ==, 1);
}

enum { WRITERS = 4, COMMITS = 8 };

static gpointer write_commits(gpointer folder) {
  for (int i = 0; i < COMMITS; i++) {
    g_autofree char *id = g_uuid_string_random();
    g_autofree char *name = g_strconcat(id, ".parquet", NULL);
    g_autoptr(GPtrArray) files = one_file(name, 1);
    g_autoptr(GError) error = NULL;
    gint64 version = delta_table_append(folder, files, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(version, >, 0);
  }
  return NULL;
}

static void racing_writers_lose_nothing(void) {
  g_auto(Scratch) scratch = scratch_new();
  create(scratch.path);
  GThread *threads[WRITERS];
  for (int i = 0; i < WRITERS; i++) threads[i] = g_thread_new("writer", write_commits, scratch.path);
  for (int i = 0; i < WRITERS; i++) g_thread_join(threads[i]);
  g_autoptr(DeltaTable) table = delta_table_open(scratch.path, -1, NULL, NULL);
  g_assert_cmpint(table->version, ==, WRITERS * COMMITS);
  g_assert_cmpuint(table->files->len, ==, WRITERS * COMMITS + 1);
}

static const char schema_action[] = "{\"metaData\":{\"id\":\"x\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"
                                    "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":"
                                    "[{\\\"name\\\":\\\"n\\\",\\\"type\\\":\\\"integer\\\",\\\"nullable\\\":true,"
                                    "\\\"metadata\\\":{}}]}\",\"partitionColumns\":[],\"configuration\":{}}}\n";

static void write_log(const Scratch *scratch, const char *name, const char *text) {
  g_autofree char *log = g_build_filename(scratch->path, "_delta_log", NULL);
  g_assert_true(disk_make_folder(log, NULL));
  g_autofree char *path = g_build_filename(log, name, NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void check_refused(const char *first_commit, int code, const char *word) {
  g_auto(Scratch) scratch = scratch_new();
  g_autofree char *text = g_strconcat(schema_action, first_commit, NULL);
  write_log(&scratch, "00000000000000000000.json", text);
  g_autoptr(GError) error = NULL;
  g_autoptr(DeltaTable) table = delta_table_open(scratch.path, -1, NULL, &error);
  g_assert_null(table);
  g_assert_error(error, AISLE_ERROR, code);
  if (!strstr(error->message, word)) g_error("\"%s\" does not say \"%s\"", error->message, word);
}

static void refuses_by_name(void) {
  check_refused("{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"variantType\"],"
                "\"writerFeatures\":[]}}\n",
                AISLE_ERROR_UNSUPPORTED, "variantType");
  check_refused("{\"add\":{\"path\":\"a.parquet\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,\"dataChange\":true,"
                "\"deletionVector\":{\"storageType\":\"p\",\"pathOrInlineDv\":\"x\",\"offset\":1,\"sizeInBytes\":1,\"cardinality\":1}}}\n",
                AISLE_ERROR_UNSUPPORTED, "deletion vectors");
  check_refused("{\"protocol\":{\"minReaderVersion\":4,\"minWriterVersion\":7}}\n", AISLE_ERROR_UNSUPPORTED,
                "reader version 4");
  check_refused("{\"add\":{\"path\":\"../../etc/"
                "passwd\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,\"dataChange\":true}}\n",
                AISLE_ERROR_CORRUPT, "passwd");
  check_refused("{\"add\":{\"path\":\"/etc/"
                "passwd\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,\"dataChange\":true}}\n",
                AISLE_ERROR_UNSUPPORTED, "passwd by an absolute path");
  check_refused("{\"add\":{\"path\":\"%2Fetc/"
                "passwd\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,\"dataChange\":true}}\n",
                AISLE_ERROR_CORRUPT, "passwd");
  check_refused("{not json\n", AISLE_ERROR_CORRUPT, "00000000000000000000.json");
}

static void a_gap_in_the_log_is_corrupt(void) {
  g_auto(Scratch) scratch = scratch_new();
  create(scratch.path);
  write_log(&scratch, "00000000000000000002.json", "{\"commitInfo\":{}}\n");
  g_autoptr(GError) error = NULL;
  g_autoptr(DeltaTable) table = delta_table_open(scratch.path, -1, NULL, &error);
  g_assert_null(table);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT);
}

static void removed_files_are_gone(void) {
  g_auto(Scratch) scratch = scratch_new();
  create(scratch.path);
  write_log(&scratch, "00000000000000000001.json",
            "{\"remove\":{\"path\":\"part%201%25.parquet\",\"dataChange\":true}}\n");
  g_autoptr(DeltaTable) table = delta_table_open(scratch.path, -1, NULL, NULL);
  g_assert_cmpuint(table->files->len, ==, 0);
}

/* Old commits removed, a checkpoint in their place, as other writers leave it. */
static void starts_from_a_checkpoint(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(GError) error = NULL;
  EngineOptions options = {.threads = 1};
  g_autoptr(Engine) engine = engine_open_duckdb(&options, &error);
  g_assert_no_error(error);
  create(scratch.path);
  g_autofree char *log = g_build_filename(scratch.path, "_delta_log", NULL);
  g_autofree char *first = g_build_filename(log, "00000000000000000000.json", NULL);
  g_autofree char *sql = g_strdup_printf(
      "COPY (SELECT * FROM read_json('%s', format='newline_delimited', columns={protocol: 'STRUCT(minReaderVersion "
      "INTEGER, minWriterVersion "
      "INTEGER, readerFeatures VARCHAR[], writerFeatures VARCHAR[])', metaData: 'STRUCT(id VARCHAR, format "
      "STRUCT(provider VARCHAR, options "
      "MAP(VARCHAR, VARCHAR)), schemaString VARCHAR, partitionColumns VARCHAR[], configuration MAP(VARCHAR, "
      "VARCHAR))', txn: 'STRUCT(appId "
      "VARCHAR, version BIGINT)', add: 'STRUCT(path VARCHAR, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT, "
      "modificationTime BIGINT, "
      "dataChange BOOLEAN, stats VARCHAR)'})) TO '%s/00000000000000000000.checkpoint.parquet' (FORMAT parquet)",
      first, log);
  engine_execute(engine, sql, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  disk_remove_tree(first);
  write_log(&scratch, "00000000000000000001.json",
            "{\"add\":{\"path\":\"c.parquet\",\"partitionValues\":{},\"size\":5,\"modificationTime\":1,\"dataChange\":"
            "true}}\n");
  g_autoptr(DeltaTable) table = delta_table_open(scratch.path, -1, engine, &error);
  g_assert_no_error(error);
  g_assert_cmpint(table->version, ==, 1);
  g_assert_cmpuint(table->files->len, ==, 2);
  g_assert_cmpstr(((DeltaFile *)table->files->pdata[1])->path, ==, "part 1%.parquet");
  g_assert_cmpint(((DeltaFile *)table->files->pdata[1])->rows, ==, 7);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lake/delta/round trip", round_trip);
  g_test_add_func("/lake/delta/a second creation loses", a_second_creation_loses);
  g_test_add_func("/lake/delta/the same load counts once", the_same_load_counts_once);
  g_test_add_func("/lake/delta/racing writers lose nothing", racing_writers_lose_nothing);
  g_test_add_func("/lake/delta/refuses by name", refuses_by_name);
  g_test_add_func("/lake/delta/a gap in the log is corrupt", a_gap_in_the_log_is_corrupt);
  g_test_add_func("/lake/delta/removed files are gone", removed_files_are_gone);
  g_test_add_func("/lake/delta/starts from a checkpoint", starts_from_a_checkpoint);
  return g_test_run();
}

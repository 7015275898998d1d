/* Files in, tables out: types, rows kept aside, series of files, other formats, snapshots. */
#include "lake/lake.h"
#include "scratch.h"
#include <sqlite3.h>

static Engine *open_engine(void) {
  g_autoptr(GError) error = NULL;
  EngineOptions options = {.threads = 2};
  Engine *engine = engine_open_duckdb(&options, &error);
  g_assert_no_error(error);
  return engine;
}

static GPtrArray *import(Engine *engine, const Scratch *scratch, const char *path, GError **error) {
  const char *paths[] = {path, NULL};
  g_autofree char *workspace = g_build_filename(scratch->path, "shop", NULL);
  return lake_import(engine, workspace, paths, NULL, DEADLINE_NEVER, error);
}

static const ImportedColumn *column_at(const GPtrArray *tables, guint table, guint i) {
  return ((const ImportedTable *)tables->pdata[table])->columns->pdata[i];
}

/* One value of a query over the published snapshot, as text. (transfer full) */
static char *ask(Engine *engine, const Scratch *scratch, const char *sql) {
  g_autoptr(GError) error = NULL;
  g_autofree char *workspace = g_build_filename(scratch->path, "shop", NULL);
  lake_snapshot_publish(workspace, "hash", &error);
  g_assert_no_error(error);
  g_autoptr(LakeSnapshot) snapshot = lake_snapshot_open(workspace, NULL, &error);
  g_assert_no_error(error);
  lake_snapshot_attach(snapshot, engine, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  g_autoptr(ResultTable) result = engine_query(engine, sql, NULL, 0, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  return value_to_text(result_table_at(result, 0, 0));
}

static void typed_table(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(Engine) engine = open_engine();
  g_autofree char *path = scratch_file(&scratch, "Orders 2023.csv",
                                       "Order ID;Datum;Uhrzeit;Betrag;Anteil;;Text\n"
                                       "0017;31.01.2023;9:05;1.234,50 €;5%;x;\"a; \"\"b\"\"\"\n"
                                       "0018;01.02.2023;13:30;99,00 €;10%;y;\"two\nlines\"\n",
                                       -1);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) tables = import(engine, &scratch, path, &error);
  g_assert_no_error(error);
  const ImportedTable *table = tables->pdata[0];
  g_assert_cmpstr(table->table, ==, "orders_2023");
  g_assert_cmpint(table->rows, ==, 2);
  static const FieldType types[] = {FIELD_TEXT,    FIELD_DATE, FIELD_TIME, FIELD_DECIMAL,
                                    FIELD_DECIMAL, FIELD_TEXT, FIELD_TEXT, FIELD_TIMESTAMP};
  g_assert_cmpuint(table->columns->len, ==, G_N_ELEMENTS(types));
  for (guint i = 0; i < G_N_ELEMENTS(types); i++) g_assert_cmpint(column_at(tables, 0, i)->type, ==, types[i]);
  g_assert_cmpstr(column_at(tables, 0, 0)->label, ==, "Order ID");
  g_assert_cmpstr(column_at(tables, 0, 3)->currency, ==, "EUR");
  g_assert_true(column_at(tables, 0, 4)->is_percent);
  g_assert_cmpstr(column_at(tables, 0, 7)->name, ==, "datum_time");
  g_autofree char *sum = ask(engine, &scratch, "SELECT sum(betrag) FROM lake.orders_2023");
  g_assert_cmpstr(sum, ==, "1333.5");
  g_autofree char *joined = ask(engine, &scratch, "SELECT CAST(min(datum_time) AS VARCHAR) FROM lake.orders_2023");
  g_assert_cmpstr(joined, ==, "2023-01-31 09:05:00");
  g_autofree char *text = ask(engine, &scratch, "SELECT text FROM lake.orders_2023 WHERE order_id = '0018'");
  g_assert_cmpstr(text, ==, "two\nlines");
}

static void ragged_rows_are_kept_aside(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(Engine) engine = open_engine();
  g_autoptr(GString) text = g_string_new("id,day,amount\n");
  for (int i = 0; i < 300; i++) g_string_append_printf(text, "%d,2023-01-%02d,%d.5\n", i, 1 + i % 28, i);
  g_string_append(text, "rubbish,only\n5,2023-01-01,xyz\n6,2023-01-02,1,2,3,4\n7,2023-01-03,1.5\nThe end\n");
  g_autofree char *path = scratch_file(&scratch, "t.csv", text->str, -1);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) tables = import(engine, &scratch, path, &error);
  g_assert_no_error(error);
  const ImportedTable *table = tables->pdata[0];
  g_assert_cmpint(table->rows, ==, 302);
  g_assert_cmpint(table->rejected_rows, ==, 2);
  g_autofree char *aside = g_build_filename(scratch.path, "shop/lake/_rejected/t.csv", NULL);
  g_autofree char *kept = NULL;
  g_assert_true(g_file_get_contents(aside, &kept, NULL, NULL));
  g_assert_nonnull(strstr(kept, ",302,2 cells instead of 3,\"rubbish,only\"\n"));
  g_assert_nonnull(strstr(kept, ",304,6 cells instead of 3,"));
  g_assert_nonnull(strstr(kept, ",303,column amount: not a number"));
  g_assert_nonnull(strstr(kept, "The end"));
}

static void series_of_files_is_one_table(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(Engine) engine = open_engine();
  g_autofree char *folder = g_build_filename(scratch.path, "in", NULL);
  g_assert_true(disk_make_folder(folder, NULL));
  g_autofree char *a = scratch_file(&scratch, "in/sales_2023-01.csv", "id,when,n\nA,1/2/2023,5\n", -1);
  g_autofree char *b = scratch_file(&scratch, "in/sales_2023-02.csv", "id,when,n\nB,25/2/2023,7\n", -1);
  g_autofree char *c = scratch_file(&scratch, "in/shops.csv", "shop,city\n1,Bonn\n2,Köln\n", -1);
  g_autoptr(GError) error = NULL;
  g_assert_true(a && b && c);
  g_autoptr(GPtrArray) tables = import(engine, &scratch, folder, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(tables->len, ==, 2);
  const ImportedTable *sales = tables->pdata[0];
  g_assert_cmpstr(sales->table, ==, "sales");
  g_assert_cmpint(sales->rows, ==, 2);
  /* decided over all files: the second tells that days come first */
  g_autofree char *first = ask(engine, &scratch, "SELECT CAST(min(\"when\") AS VARCHAR) FROM lake.sales");
  g_assert_cmpstr(first, ==, "2023-02-01");
}

static void duplicate_and_missing_names(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(Engine) engine = open_engine();
  g_autofree char *path = scratch_file(&scratch, "d.csv", ",Name,Name,name\n0,x,y,z\n1,u,v,w\n", -1);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) tables = import(engine, &scratch, path, &error);
  g_assert_no_error(error);
  g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < 4; i++) g_assert_true(g_hash_table_add(names, column_at(tables, 0, i)->name));
  g_assert_nonnull(strstr(column_at(tables, 0, 0)->note, "no name"));
  g_assert_nonnull(strstr(column_at(tables, 0, 2)->note, "more than once"));
}

static void parquet_and_json(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(Engine) engine = open_engine();
  g_autoptr(GError) error = NULL;
  g_autofree char *parquet = g_build_filename(scratch.path, "p.parquet", NULL);
  g_autofree char *sql = g_strdup_printf(
      "COPY (SELECT 1::INTEGER AS \"Order No\", 2.5::DECIMAL(9,2) AS price, TIMESTAMP '2023-01-01 10:00:00' AS at, "
      "[1, 2] AS tags, TIME '09:30:00' AS clock) TO '%s' (FORMAT parquet)",
      parquet);
  engine_execute(engine, sql, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  g_autoptr(GPtrArray) tables = import(engine, &scratch, parquet, &error);
  g_assert_no_error(error);
  static const FieldType types[] = {FIELD_INTEGER, FIELD_DECIMAL, FIELD_TIMESTAMP, FIELD_TEXT, FIELD_TIME};
  for (guint i = 0; i < G_N_ELEMENTS(types); i++) g_assert_cmpint(column_at(tables, 0, i)->type, ==, types[i]);
  g_autofree char *json =
      scratch_file(&scratch, "j.ndjson",
                   "{\"id\":\"007\",\"day\":\"31/12/2023\",\"price\":\"$5.50\"}\n{\"id\":\"008\",\"day\":\"1/1/"
                   "2024\",\"price\":null}\n",
                   -1);
  g_autoptr(GPtrArray) from_json = import(engine, &scratch, json, &error);
  g_assert_no_error(error);
  g_assert_cmpint(column_at(from_json, 0, 0)->type, ==, FIELD_TEXT);
  g_assert_cmpint(column_at(from_json, 0, 1)->type, ==, FIELD_DATE);
  g_assert_cmpstr(column_at(from_json, 0, 2)->currency, ==, "USD");
}

static void sqlite_tables(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(Engine) engine = open_engine();
  g_autofree char *path = g_build_filename(scratch.path, "shop.db", NULL);
  sqlite3 *database;
  g_assert_cmpint(sqlite3_open(path, &database), ==, SQLITE_OK);
  g_assert_cmpint(
      sqlite3_exec(database,
                   "CREATE TABLE orders(id TEXT, amount REAL); INSERT INTO orders VALUES ('01', 2.5), ('02', NULL);"
                   "CREATE TABLE \"shops, all\"(name TEXT); INSERT INTO \"shops, all\" VALUES ('a \"b\", c');"
                   "CREATE TABLE no_rows(x);",
                   NULL, NULL, NULL),
      ==, SQLITE_OK);
  sqlite3_close(database);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) tables = import(engine, &scratch, path, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(tables->len, ==, 2);
  g_autofree char *sum = ask(engine, &scratch, "SELECT sum(amount) FROM lake.orders");
  g_assert_cmpstr(sum, ==, "2.5");
  g_autofree char *name = ask(engine, &scratch, "SELECT name FROM lake.shops_all");
  g_assert_cmpstr(name, ==, "a \"b\", c");
}

/* The workbook was made with a spreadsheet library: shared and inline strings, dates by style, rows cut short, a title
 * page. */
static void excel_workbook(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(Engine) engine = open_engine();
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) tables = import(engine, &scratch, "tests/data/lake/book.xlsx", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(tables->len, ==, 2);
  static const FieldType types[] = {FIELD_TEXT,    FIELD_DATE,    FIELD_TIMESTAMP, FIELD_DECIMAL,
                                    FIELD_DECIMAL, FIELD_BOOLEAN, FIELD_TEXT};
  for (guint i = 0; i < G_N_ELEMENTS(types); i++) g_assert_cmpint(column_at(tables, 0, i)->type, ==, types[i]);
  g_assert_cmpint(((ImportedTable *)tables->pdata[0])->rows, ==, 50);
  g_autofree char *when =
      ask(engine, &scratch, "SELECT CAST(max(\"at\") AS VARCHAR) || ' ' || max(placed) FROM lake.orders_2023");
  g_assert_cmpstr(when, ==, "2023-01-03 09:30:00 2023-02-19");
  g_autofree char *remark = ask(engine, &scratch, "SELECT min(remark) FROM lake.orders_2023");
  g_assert_cmpstr(remark, ==, "x, \"y\"\nz");
  g_autofree char *city = ask(engine, &scratch, "SELECT city FROM lake.shops WHERE shop = 1");
  g_assert_cmpstr(city, ==, "Köln");
}

static void damaged_workbooks(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(Engine) engine = open_engine();
  g_autofree char *bytes = NULL;
  gsize length;
  g_assert_true(g_file_get_contents("tests/data/lake/book.xlsx", &bytes, &length, NULL));
  for (gsize cut = 5; cut < length; cut += length / 12) {
    g_autofree char *path = scratch_file(&scratch, "cut.xlsx", bytes, (gssize)cut);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) tables = import(engine, &scratch, path, &error);
    g_assert_null(tables);
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT);
  }
  GRand *random = g_rand_new_with_seed(5);
  for (int round = 0; round < 60; round++) {
    g_autofree char *spoilt = g_memdup2(bytes, length);
    for (int i = 0; i < 8; i++)
      spoilt[g_rand_int_range(random, 4, (gint32)length)] = (char)g_rand_int_range(random, 0, 256);
    g_autofree char *path = scratch_file(&scratch, "spoilt.xlsx", spoilt, (gssize)length);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) tables = import(engine, &scratch, path, &error);
    g_assert_true(tables || error); /* spoilt bytes may be ones that nobody reads */
  }
  g_rand_free(random);
}

static void bad_files_leave_nothing(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(Engine) engine = open_engine();
  static const struct {
    const char *name, *content;
    gssize length;
    int code;
  } cases[] = {
      {"empty.csv", "", 0, AISLE_ERROR_BAD_INPUT},
      {"blank.csv", "\n \n", 3, AISLE_ERROR_BAD_INPUT},
      {"header.csv", "a,b,c\n", 6, AISLE_ERROR_BAD_INPUT},
      {"zeros.csv", "\0\0\0\0\0\0\0\0\0\0\0", 11, AISLE_ERROR_BAD_INPUT},
      {"cut.parquet", "PAR1xxxxxxxxxxxxxxxx", 20, AISLE_ERROR_BAD_INPUT},
      {"bad.json", "{\"a\":", 5, AISLE_ERROR_BAD_INPUT},
      {"bad.db", "SQLite format 3\0garbage garbage", 30, AISLE_ERROR_BAD_INPUT},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = scratch_file(&scratch, cases[i].name, cases[i].content, cases[i].length);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) tables = import(engine, &scratch, path, &error);
    g_assert_null(tables);
    g_assert_error(error, AISLE_ERROR, cases[i].code);
    g_assert_nonnull(strstr(error->message, cases[i].name));
  }
  g_autofree char *lake = g_build_filename(scratch.path, "shop", "lake", NULL);
  g_autoptr(GDir) listing = g_dir_open(lake, 0, NULL);
  g_assert_null(listing ? g_dir_read_name(listing) : NULL);
}

static void very_wide_table(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(Engine) engine = open_engine();
  g_autoptr(GString) text = g_string_new(NULL);
  for (int row = 0; row < 4; row++)
    for (int i = 0; i < 10000; i++)
      g_string_append_printf(text, row ? "%d%s" : "column %d%s", i, i == 9999 ? "\n" : ",");
  g_autofree char *path = scratch_file(&scratch, "wide.csv", text->str, -1);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) tables = import(engine, &scratch, path, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(((ImportedTable *)tables->pdata[0])->columns->len, ==, 10000);
  g_assert_cmpint(column_at(tables, 0, 9999)->type, ==, FIELD_INTEGER);
}

static void snapshots_change_with_every_load(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(Engine) engine = open_engine();
  g_autoptr(GError) error = NULL;
  g_autofree char *workspace = g_build_filename(scratch.path, "shop", NULL);
  g_autoptr(LakeSnapshot) none = lake_snapshot_open(workspace, NULL, &error);
  g_assert_null(none);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_autofree char *path = scratch_file(&scratch, "t.csv", "a,b\n1,2\n", -1);
  g_autoptr(GPtrArray) tables = import(engine, &scratch, path, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(tables->len, ==, 1);
  g_assert_true(lake_snapshot_publish(workspace, "m1", NULL));
  g_autoptr(LakeSnapshot) first = lake_snapshot_open(workspace, NULL, NULL);
  g_assert_true(lake_snapshot_publish(workspace, NULL, NULL));
  g_autoptr(LakeSnapshot) second = lake_snapshot_open(workspace, NULL, NULL);
  g_assert_cmpstr(first->id, !=, second->id);
  g_assert_cmpstr(first->model_hash, ==, "m1");
  const SnapshotTable *table = lake_snapshot_find(first, "t");
  g_assert_cmpint(table->rows, ==, 1);
  g_assert_true(g_file_test(table->files[0], G_FILE_TEST_EXISTS));
  g_assert_null(lake_snapshot_find(first, "u"));
  g_assert_null(lake_snapshot_open(workspace, "../x", &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
}

/* Rows enough for the short way; the last ones are given. */
static char *large_file(const Scratch *scratch, const char *name, const char *tail) {
  g_autoptr(GString) text = g_string_new("Order ID,Placed,Pieces,Price,Paid,Remark\n");
  for (int i = 0; text->len < (17u << 20); i++)
    g_string_append_printf(text, "A%07d,%d/%d/2023,%d,%d.%02d,%s,\"some, text %d\"\n", i, 1 + i % 12, 1 + i % 28,
                           i % 50, i % 900, i % 100, i % 3 ? "true" : "false", i % 1000);
  g_string_append(text, tail);
  return scratch_file(scratch, name, text->str, (gssize)text->len);
}

static void check_large(const char *tail, FieldType pieces, FieldType price, gint64 rejected, const char *sum) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(Engine) engine = open_engine();
  g_autofree char *path = large_file(&scratch, "t.csv", tail);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) tables = import(engine, &scratch, path, &error);
  g_assert_no_error(error);
  g_assert_cmpint(column_at(tables, 0, 1)->type, ==, FIELD_DATE);
  g_assert_cmpint(column_at(tables, 0, 2)->type, ==, pieces);
  g_assert_cmpint(column_at(tables, 0, 3)->type, ==, price);
  g_assert_cmpint(column_at(tables, 0, 4)->type, ==, FIELD_BOOLEAN);
  g_assert_cmpint(((ImportedTable *)tables->pdata[0])->rejected_rows, ==, rejected);
  g_autofree char *found =
      ask(engine, &scratch, "SELECT sum(pieces) || ' on ' || max(placed) FROM lake.t WHERE remark LIKE 'last%'");
  g_assert_cmpstr(found, ==, sum);
}

/* What contradicts the sample at the very end of a large file is found, and nothing is rounded or dropped. */
static void large_files(void) {
  check_large("A,12/31/2023,7,1.25,true,last\n", FIELD_INTEGER, FIELD_DECIMAL, 0, "7 on 2023-12-31");
  check_large("A,12/31/2023,7.5,1.25,true,last\nB,12/30/2023,1,1,true,last\n", FIELD_DECIMAL, FIELD_DECIMAL, 0,
              "8.5000 on 2023-12-31");
  check_large("A,12/31/2023,7,1.123456,true,last\nB,12/30/2023,1,1,true,last\n", FIELD_INTEGER, FIELD_DOUBLE, 0,
              "8 on 2023-12-31");
  check_large("A,12/31/2023,7,1.25,true,last\nX,7\nB,12/30/2023,NA,1,,last\n", FIELD_INTEGER, FIELD_DECIMAL, 1,
              "7 on 2023-12-31");
  check_large("A,12/31/2023,7,1.25,true,last\nThe end\n", FIELD_INTEGER, FIELD_DECIMAL, 0, "7 on 2023-12-31");
}

static void real_files(void) {
  if (!g_file_test("../shared/data", G_FILE_TEST_IS_DIR)) {
    g_test_skip("../shared/data is not there");
    return;
  }
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(Engine) engine = open_engine();
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) tables = import(engine, &scratch, "../shared/data", &error);
  g_assert_no_error(error);
  static const struct {
    const char *table;
    gint64 rows;
  } expected[] = {{"amazon_products", 1465}, {"amazon_sale_report_5col", 16879}, {"amazon_sale_report_excerpt", 796},
                  {"online_retail", 541909}, {"supermarket_sales", 1016},        {"superstore", 9994}};
  g_assert_cmpuint(tables->len, ==, G_N_ELEMENTS(expected));
  for (guint i = 0; i < tables->len; i++) {
    const ImportedTable *table = tables->pdata[i];
    g_assert_cmpstr(table->table, ==, expected[i].table);
    g_assert_cmpint(table->rows, ==, expected[i].rows);
    g_assert_cmpint(table->rejected_rows, ==, 0);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lake/import/typed table", typed_table);
  g_test_add_func("/lake/import/ragged rows are kept aside", ragged_rows_are_kept_aside);
  g_test_add_func("/lake/import/series of files is one table", series_of_files_is_one_table);
  g_test_add_func("/lake/import/duplicate and missing names", duplicate_and_missing_names);
  g_test_add_func("/lake/import/parquet and json", parquet_and_json);
  g_test_add_func("/lake/import/sqlite tables", sqlite_tables);
  g_test_add_func("/lake/import/Excel workbook", excel_workbook);
  g_test_add_func("/lake/import/damaged workbooks", damaged_workbooks);
  g_test_add_func("/lake/import/bad files leave nothing", bad_files_leave_nothing);
  g_test_add_func("/lake/import/very wide table", very_wide_table);
  g_test_add_func("/lake/import/snapshots change with every load", snapshots_change_with_every_load);
  g_test_add_func("/lake/import/large files", large_files);
  g_test_add_func("/lake/import/real files", real_files);
  return g_test_run();
}

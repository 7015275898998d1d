/* The nth write, flush, link or rename fails: nothing half-written is ever seen. */
#include "lake/delta_commit.h"
#include "lake/lake.h"
#include "scratch.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static int calls_left; /* until the fault; negative: no fault any more */
static int fault;      /* errno */

static gboolean fails_now(void) {
  if (calls_left < 0 || calls_left-- > 0) return FALSE;
  errno = fault;
  return TRUE;
}

static ssize_t faulty_write(int fd, const void *bytes, size_t length) {
  if (!fails_now()) return write(fd, bytes, length);
  int saved = errno;
  if (length > 1 && write(fd, bytes, length / 2) < 0) /* half of it came through */
    g_assert_not_reached();
  errno = saved;
  return -1;
}
static int faulty_fsync(int fd) {
  return fails_now() ? -1 : fsync(fd);
}
static int faulty_rename(const char *from, const char *to) {
  return fails_now() ? -1 : rename(from, to);
}
static int faulty_link(const char *from, const char *to) {
  return fails_now() ? -1 : link(from, to);
}
static const DiskCalls faulty_calls = {faulty_write, faulty_fsync, faulty_rename, faulty_link};

static void start_faults(int after, int error_number) {
  calls_left = after;
  fault = error_number;
  disk_set_calls(&faulty_calls);
}

/* TRUE when the fault came to pass. */
static gboolean end_faults(void) {
  gboolean happened = calls_left < 0;
  disk_set_calls(NULL);
  return happened;
}

static void replaced_whole_or_not(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autofree char *path = scratch_file(&scratch, "f", "old", -1);
  for (int after = 0;; after++) {
    g_autoptr(GError) error = NULL;
    start_faults(after, ENOSPC);
    gboolean done = disk_replace(path, "new text", 8, &error);
    gboolean happened = end_faults();
    g_autofree char *found = NULL;
    g_assert_true(g_file_get_contents(path, &found, NULL, NULL));
    g_assert_true(!strcmp(found, "old") || !strcmp(found, "new text"));
    if (done)
      g_assert_cmpstr(found, ==, "new text");
    else
      g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NO_SPACE);
    if (!happened) break;
    g_assert_true(g_file_set_contents(path, "old", -1, NULL));
  }
}

/* Whatever fails, either the table is there as a whole or not at all; a second try then works. */
static void import_is_all_or_nothing(void) {
  g_autoptr(GError) opening = NULL;
  EngineOptions options = {.threads = 1};
  g_autoptr(Engine) engine = engine_open_duckdb(&options, &opening);
  g_assert_no_error(opening);
  for (int after = 0;; after++) {
    g_auto(Scratch) scratch = scratch_new();
    g_autofree char *path =
        scratch_file(&scratch, "orders.csv", "id,day,n\nA,2023-01-01,5\nB,2023-01-02,6\nC,2023-01-03\n", -1);
    g_autofree char *workspace = g_build_filename(scratch.path, "shop", NULL);
    const char *paths[] = {path, NULL};
    g_autoptr(GError) error = NULL;
    start_faults(after, after % 2 ? EIO : ENOSPC);
    g_autoptr(GPtrArray) tables = lake_import(engine, workspace, paths, NULL, DEADLINE_NEVER, &error);
    gboolean happened = end_faults();
    g_autofree char *folder = g_build_filename(workspace, "lake", "orders", NULL);
    g_autoptr(DeltaTable) table = delta_table_open(folder, -1, engine, NULL);
    if (tables) {
      g_assert_nonnull(table);
    } else {
      g_assert_error(error, AISLE_ERROR, (after % 2 ? AISLE_ERROR_IO : AISLE_ERROR_NO_SPACE));
    }
    if (table) {
      g_assert_cmpint(((DeltaFile *)table->files->pdata[0])->rows, ==, 2);
      g_autofree char *file = g_build_filename(folder, ((DeltaFile *)table->files->pdata[0])->path, NULL);
      g_assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
    } else {
      g_clear_error(&error);
      g_autoptr(GPtrArray) again = lake_import(engine, workspace, paths, NULL, DEADLINE_NEVER, &error);
      g_assert_no_error(error);
      g_assert_cmpstr(((ImportedTable *)again->pdata[0])->table, ==, "orders");
    }
    if (!happened) break;
    g_assert_cmpint(after, <, 100);
  }
}

static void snapshot_is_old_or_new(void) {
  g_auto(Scratch) scratch = scratch_new();
  EngineOptions options = {.threads = 1};
  g_autoptr(Engine) engine = engine_open_duckdb(&options, NULL);
  g_autofree char *path = scratch_file(&scratch, "t.csv", "a,b\n1,2\n", -1);
  const char *paths[] = {path, NULL};
  g_autoptr(GPtrArray) tables = lake_import(engine, scratch.path, paths, NULL, DEADLINE_NEVER, NULL);
  g_assert_nonnull(tables);
  g_assert_true(lake_snapshot_publish(scratch.path, "first", NULL));
  for (int after = 0;; after++) {
    start_faults(after, EIO);
    gboolean published = lake_snapshot_publish(scratch.path, "second", NULL);
    gboolean happened = end_faults();
    g_autoptr(GError) error = NULL;
    g_autoptr(LakeSnapshot) snapshot = lake_snapshot_open(scratch.path, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(!strcmp(snapshot->model_hash, "second") || (!published && !strcmp(snapshot->model_hash, "first")));
    if (!happened) break;
  }
}

/* The first commit of a table that lost its race, or whose link failed, is not there. */
static void append_keeps_the_log_whole(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  g_ptr_array_add(columns, delta_column_new("a", NULL, FIELD_INTEGER));
  g_autoptr(GPtrArray) none = g_ptr_array_new();
  g_assert_true(delta_table_create(scratch.path, columns, none, NULL, NULL));
  for (int after = 0;; after++) {
    gint64 before = delta_newest_version(scratch.path, NULL);
    start_faults(after, EIO);
    gint64 version = delta_table_append(scratch.path, none, NULL, NULL, NULL);
    gboolean happened = end_faults();
    g_autoptr(GError) error = NULL;
    g_autoptr(DeltaTable) table = delta_table_open(scratch.path, -1, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(table->version, >=, before);
    if (version >= 0) g_assert_cmpint(table->version, ==, before + 1);
    if (!happened) break;
  }
}

/* What a killed import leaves behind neither hinders a snapshot nor the next import of the same file. */
static void leftovers_do_no_harm(void) {
  g_auto(Scratch) scratch = scratch_new();
  EngineOptions options = {.threads = 1};
  g_autoptr(Engine) engine = engine_open_duckdb(&options, NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *log = g_build_filename(scratch.path, "lake", "orders", "_delta_log", NULL);
  g_autofree char *staging = g_build_filename(scratch.path, "lake", "_staging-x", NULL);
  g_assert_true(disk_make_folder(log, NULL) && disk_make_folder(staging, NULL));
  g_autofree char *half = scratch_file(&scratch, "lake/orders/part-0.parquet", "PAR1", 4);
  g_autofree char *aside = scratch_file(&scratch, "lake/orders/_delta_log/.tmp-1", "{", 1);
  g_assert_true(half && aside);
  lake_snapshot_publish(scratch.path, NULL, &error);
  g_assert_no_error(error);
  g_autofree char *path = scratch_file(&scratch, "orders.csv", "a,b\n1,2\n", -1);
  const char *paths[] = {path, NULL};
  g_autoptr(GPtrArray) tables = lake_import(engine, scratch.path, paths, NULL, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(((ImportedTable *)tables->pdata[0])->table, ==, "orders");
  lake_snapshot_publish(scratch.path, NULL, &error);
  g_assert_no_error(error);
  g_autoptr(LakeSnapshot) snapshot = lake_snapshot_open(scratch.path, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(snapshot->tables->len, ==, 1);
  g_assert_cmpint(lake_snapshot_find(snapshot, "orders")->rows, ==, 1);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lake/faults/replaced whole or not", replaced_whole_or_not);
  g_test_add_func("/lake/faults/import is all or nothing", import_is_all_or_nothing);
  g_test_add_func("/lake/faults/snapshot is old or new", snapshot_is_old_or_new);
  g_test_add_func("/lake/faults/append keeps the log whole", append_keeps_the_log_whole);
  g_test_add_func("/lake/faults/leftovers do no harm", leftovers_do_no_harm);
  return g_test_run();
}

/* Copies of remote files: fetched once, whole, bounded, shared by processes. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "object/object.h"
#include "support/s3_server.h"

#define FILE_BYTES 100000
#define THREADS 8

static S3Server *server; /* one for all cases */

typedef struct {
  ObjectStore *store, *other; /* two stores over one folder: like two processes */
  char *folder;
} Fixture;

static Deadline soon(void) {
  return deadline_in_ms(30000, NULL);
}

static ObjectStore *open_store(const char *folder, gint64 bytes) {
  g_autoptr(GError) error = NULL;
  ObjectOptions options = {.endpoint = server->proxy, .cache_folder = folder, .cache_bytes = bytes};
  ObjectStore *store = object_store_open("s3://lake/copies", &options, &error);
  g_assert_no_error(error);
  return store;
}

static void set_up(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("aisle-copies-XXXXXX", NULL);
  fixture->store = open_store(fixture->folder, 3 * FILE_BYTES + 50000);
  fixture->other = open_store(fixture->folder, 3 * FILE_BYTES + 50000);
  g_autofree char *bytes = g_strnfill(FILE_BYTES, 'x');
  for (int i = 0; i < 5; i++) {
    g_autofree char *key = g_strdup_printf("part-%d.parquet", i);
    bytes[0] = (char)('0' + i);
    g_assert_true(object_put(fixture->store, key, bytes, FILE_BYTES, soon(), &error));
  }
  s3_server_set_faults(server, "[]");
}

static void tear_down(Fixture *fixture, gconstpointer data) {
  (void)data;
  object_store_unref(fixture->store);
  object_store_unref(fixture->other);
  disk_remove_tree(fixture->folder);
  g_free(fixture->folder);
}

static ObjectCopy *take(ObjectStore *store, int part) {
  g_autoptr(GError) error = NULL;
  g_autofree char *key = g_strdup_printf("part-%d.parquet", part);
  ObjectCopy *copy = object_store_local_copy(store, key, FILE_BYTES, NULL, soon(), &error);
  g_assert_no_error(error);
  g_autofree char *text = NULL;
  gsize length;
  g_assert_true(g_file_get_contents(object_copy_path(copy), &text, &length, NULL));
  g_assert_cmpuint(length, ==, FILE_BYTES);
  g_assert_cmpint(text[0], ==, '0' + part);
  return copy;
}

static void take_and_free(ObjectStore *store, int part) {
  object_copy_free(take(store, part));
}
static guint fetched(void) {
  return s3_server_count_seen(server, "GET /lake/copies");
}

static void test_fetched_once(Fixture *fixture, gconstpointer data) {
  (void)data;
  take_and_free(fixture->store, 0);
  take_and_free(fixture->store, 0);
  take_and_free(fixture->other, 0);
  g_assert_cmpuint(fetched(), ==, 1);
}

static void *take_in_thread(void *store) {
  take_and_free(store, 1);
  return NULL;
}

static void test_at_once(Fixture *fixture, gconstpointer data) {
  (void)data;
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    g_assert_cmpint(pthread_create(&threads[i], NULL, take_in_thread, i % 2 ? fixture->store : fixture->other), ==, 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  g_assert_cmpuint(fetched(), ==, 1);
}

static void test_least_recently_used_goes(Fixture *fixture, gconstpointer data) {
  (void)data;
  for (int i = 0; i < 3; i++) {
    take_and_free(fixture->store, i);
    g_usleep(20000); /* times of files must differ */
  }
  take_and_free(fixture->store, 0);
  take_and_free(fixture->store, 3); /* 1 goes */
  g_assert_cmpuint(fetched(), ==, 4);
  take_and_free(fixture->store, 0);
  g_assert_cmpuint(fetched(), ==, 4);
  take_and_free(fixture->store, 1);
  g_assert_cmpuint(fetched(), ==, 5);
}

static void test_held_ones_stay(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  g_autoptr(ObjectCopy) first = take(fixture->store, 0);
  g_autoptr(ObjectCopy) second = take(fixture->other, 1);
  ObjectCopy *third = take(fixture->store, 2);
  g_assert_null(object_store_local_copy(fixture->store, "part-3.parquet", FILE_BYTES, NULL, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NO_SPACE);
  g_assert_nonnull(strstr(error->message, "cache.disk"));
  g_assert_true(g_file_test(object_copy_path(second), G_FILE_TEST_EXISTS));
  object_copy_free(third);
  take_and_free(fixture->store, 3);
  g_assert_true(g_file_test(object_copy_path(first), G_FILE_TEST_EXISTS));
  g_assert_true(g_file_test(object_copy_path(second), G_FILE_TEST_EXISTS));
}

static void test_too_large(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autofree char *folder = g_dir_make_tmp("aisle-copies-XXXXXX", NULL);
  g_autoptr(ObjectStore) small = open_store(folder, FILE_BYTES - 1);
  g_autoptr(GError) error = NULL;
  g_assert_null(object_store_local_copy(small, "part-0.parquet", -1, NULL, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE);
  g_assert_cmpuint(fetched(), ==, 0);
  (void)fixture;
  disk_remove_tree(folder);
}

static void test_half_files(Fixture *fixture, gconstpointer data) {
  (void)data;
  ObjectCopy *copy = take(fixture->store, 0);
  g_autofree char *path = g_strdup(object_copy_path(copy));
  object_copy_free(copy);
  g_assert_cmpint(truncate(path, 1000), ==, 0);
  take_and_free(fixture->store, 0);
  g_assert_cmpuint(fetched(), ==, 2);
  g_autofree char *leftover = g_build_filename(fixture->folder, "tmp", "of-a-fetch-that-died", NULL);
  g_assert_true(g_file_set_contents(leftover, "half", 4, NULL));
  g_autoptr(ObjectStore) next = open_store(fixture->folder, 1 << 20);
  g_assert_false(g_file_test(leftover, G_FILE_TEST_EXISTS));
}

static void test_replaced_object(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  ObjectInfo before, after;
  g_assert_true(object_stat(fixture->store, "part-4.parquet", &before, soon(), &error));
  take_and_free(fixture->store, 4);
  g_autofree char *bytes = g_strnfill(FILE_BYTES, '4');
  g_assert_true(object_put(fixture->store, "part-4.parquet", bytes, FILE_BYTES, soon(), &error));
  g_assert_true(object_stat(fixture->store, "part-4.parquet", &after, soon(), &error));
  g_autoptr(ObjectCopy) copy =
      object_store_local_copy(fixture->store, "part-4.parquet", FILE_BYTES, after.etag, soon(), &error);
  g_assert_no_error(error);
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents(object_copy_path(copy), &text, NULL, NULL));
  g_assert_cmpint(text[5], ==, '4');
  g_assert_true(object_delete(fixture->store, "part-4.parquet", soon(), &error));
  g_assert_no_error(error);
}

typedef struct {
  ObjectStore *store;
  int part;
} Taking;

/* A copy, or told that there is no room beside what the other one fetches. */
static void *take_if_room(void *data) {
  const Taking *taking = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *key = g_strdup_printf("part-%d.parquet", taking->part);
  g_autoptr(ObjectCopy) copy = object_store_local_copy(taking->store, key, FILE_BYTES, NULL, soon(), &error);
  if (copy == NULL) g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NO_SPACE);
  return NULL;
}

static gint64 bytes_below(const char *folder) {
  gint64 bytes = 0;
  g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
  const char *name;
  while (listing != NULL && (name = g_dir_read_name(listing)) != NULL) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    struct stat status;
    g_assert_cmpint(stat(path, &status), ==, 0);
    bytes += S_ISDIR(status.st_mode) ? bytes_below(path) : (gint64)status.st_size;
  }
  return bytes;
}

/* Two that fetch at once, as two processes do, both know of the room that the other one takes. */
static void test_bound_of_all_processes(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autofree char *folder = g_dir_make_tmp("aisle-copies-XXXXXX", NULL);
  const gint64 bound = FILE_BYTES + FILE_BYTES / 2;
  g_autoptr(ObjectStore) one = open_store(folder, bound), two = open_store(folder, bound);
  s3_server_set_faults(server, "[]");
  for (int round = 0; round < 20; round++) {
    Taking takings[] = {{one, round % 5}, {two, (round + 2) % 5}};
    pthread_t threads[G_N_ELEMENTS(takings)];
    for (guint i = 0; i < G_N_ELEMENTS(takings); i++)
      g_assert_cmpint(pthread_create(&threads[i], NULL, take_if_room, &takings[i]), ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(takings); i++) pthread_join(threads[i], NULL);
    g_assert_cmpint(bytes_below(folder), <=, bound);
  }
  (void)fixture;
  disk_remove_tree(folder);
}

static void skip(void) {
  g_test_skip(s3_server_missing());
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  if (s3_server_missing() != NULL) {
    g_test_add_func("/object/copies", skip);
    return g_test_run();
  }
  server = s3_server_start();
  s3_server_start_proxy(server);
  g_test_add("/object/copies/fetched-once", Fixture, NULL, set_up, test_fetched_once, tear_down);
  g_test_add("/object/copies/at-once", Fixture, NULL, set_up, test_at_once, tear_down);
  g_test_add("/object/copies/least-recently-used-goes", Fixture, NULL, set_up, test_least_recently_used_goes,
             tear_down);
  g_test_add("/object/copies/held-ones-stay", Fixture, NULL, set_up, test_held_ones_stay, tear_down);
  g_test_add("/object/copies/too-large", Fixture, NULL, set_up, test_too_large, tear_down);
  g_test_add("/object/copies/half-files", Fixture, NULL, set_up, test_half_files, tear_down);
  g_test_add("/object/copies/replaced-object", Fixture, NULL, set_up, test_replaced_object, tear_down);
  g_test_add("/object/copies/bound-of-all-processes", Fixture, NULL, set_up, test_bound_of_all_processes, tear_down);
  int status = g_test_run();
  s3_server_stop(server);
  return status;
}

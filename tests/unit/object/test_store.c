/* One suite over every kind of store: a folder, S3 in path style, and S3 over TLS with the bucket in the host's name.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/disk.h"
#include "object/object.h"
#include "support/s3_server.h"

#define WRITERS 20

typedef struct {
  S3Server *server; /* NULL: a folder */
  char *folder;
  guint next;
} Kind;

typedef struct {
  ObjectStore *store;
  char *copies;
} Fixture;

static Deadline soon(void) {
  return deadline_in_ms(30000, NULL);
}

static void set_up(Fixture *fixture, gconstpointer data) {
  Kind *kind = (Kind *)data;
  g_autoptr(GError) error = NULL;
  g_autofree char *prefix = g_strdup_printf("case %u/caf\xc3\xa9", ++kind->next);
  g_autofree char *url = kind->server != NULL ? g_strconcat("s3://lake/", prefix, "/", NULL)
                                              : g_build_filename(kind->folder, prefix, NULL);
  fixture->copies = g_dir_make_tmp("aisle-copies-XXXXXX", &error);
  gboolean secure = kind->server != NULL && kind->server->ca_file != NULL;
  if (secure)
    g_setenv("AWS_CA_BUNDLE", kind->server->ca_file, TRUE);
  else
    g_unsetenv("AWS_CA_BUNDLE");
  ObjectOptions options = {.endpoint = kind->server != NULL ? kind->server->endpoint : NULL,
                           .style = secure ? "host" : "path",
                           .cache_folder = fixture->copies,
                           .cache_bytes = 64 << 20};
  fixture->store = object_store_open(url, &options, &error);
  g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer data) {
  (void)data;
  object_store_unref(fixture->store);
  disk_remove_tree(fixture->copies);
  g_free(fixture->copies);
}

static void assert_bytes(GBytes *bytes, const void *expected, gsize length) {
  g_assert_nonnull(bytes);
  g_assert_cmpuint(g_bytes_get_size(bytes), ==, length);
  g_assert_true(length == 0 || memcmp(g_bytes_get_data(bytes, NULL), expected, length) == 0);
}

static void assert_holds(ObjectStore *store, const char *key, const char *expected) {
  g_autoptr(GError) error = NULL;
  ObjectInfo info;
  g_autoptr(GBytes) bytes = object_get(store, key, 1 << 20, &info, soon(), &error);
  g_assert_no_error(error);
  assert_bytes(bytes, expected, strlen(expected));
  g_assert_cmpint(info.size, ==, (gint64)strlen(expected));
}

static void put(ObjectStore *store, const char *key, const char *text) {
  g_autoptr(GError) error = NULL;
  object_put(store, key, text, strlen(text), soon(), &error);
  g_assert_no_error(error);
}

static void test_put_and_get(Fixture *fixture, gconstpointer data) {
  (void)data;
  static const char *const keys[] = {"a", "f/g/h.txt", "store=A/day=2026-01-02/x y+z%20.parquet",
                                     "caf\xc3\xa9/\xe2\x82\xac(1)!'~&;,@$:#?", "_delta_log/00000000000000000000.json"};
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
    put(fixture->store, keys[i], keys[i]);
    assert_holds(fixture->store, keys[i], keys[i]);
  }
  put(fixture->store, "a", "other bytes");
  assert_holds(fixture->store, "a", "other bytes");
  put(fixture->store, "empty", "");
  assert_holds(fixture->store, "empty", "");
}

static void test_stat(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  ObjectInfo first, second, third;
  put(fixture->store, "f/a", "one");
  g_assert_true(object_stat(fixture->store, "f/a", &first, soon(), &error));
  g_assert_true(object_stat(fixture->store, "f/a", &second, soon(), &error));
  g_assert_cmpint(first.size, ==, 3);
  g_assert_cmpstr(first.etag, ==, second.etag);
  g_assert_cmpint(strlen(first.etag), >, 0);
  gint64 now = g_get_real_time() / 1000;
  g_assert_cmpint(ABS(now - first.modified_ms), <, 120000);
  put(fixture->store, "f/a", "two!");
  g_assert_true(object_stat(fixture->store, "f/a", &third, soon(), &error));
  g_assert_cmpstr(first.etag, !=, third.etag);
  g_assert_no_error(error);
}

static void test_nothing_there(Fixture *fixture, gconstpointer data) {
  (void)data;
  put(fixture->store, "f/a", "one");
  static const char *const absent[] = {"b", "f", "f/b", "f/a/c"};
  for (guint i = 0; i < G_N_ELEMENTS(absent); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(object_get(fixture->store, absent[i], 10, NULL, soon(), &error));
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_false(object_stat(fixture->store, absent[i], NULL, soon(), &error));
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_true(object_delete(fixture->store, absent[i], soon(), &error));
    g_assert_no_error(error);
  }
  assert_holds(fixture->store, "f/a", "one");
}

static void test_ranges(Fixture *fixture, gconstpointer data) {
  (void)data;
  static const struct {
    gint64 offset;
    gsize length;
    const char *expected;
  } cases[] = {{0, 3, "012"}, {8, 2, "89"}, {8, 100, "89"}, {3, 0, ""}, {9, 1, "9"}, {10, 5, ""}, {4000, 1, ""}};
  put(fixture->store, "digits", "0123456789");
  ObjectInfo info;
  g_autoptr(GError) error = NULL;
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GBytes) bytes =
        object_get_range(fixture->store, "digits", cases[i].offset, cases[i].length, NULL, &info, soon(), &error);
    g_assert_no_error(error);
    assert_bytes(bytes, cases[i].expected, strlen(cases[i].expected));
    if (cases[i].length > 0) g_assert_cmpint(info.size, ==, 10);
  }
  g_autoptr(GBytes) same = object_get_range(fixture->store, "digits", 1, 2, info.etag, NULL, soon(), &error);
  g_assert_no_error(error);
  put(fixture->store, "digits", "0123456789, and more");
  g_assert_null(object_get_range(fixture->store, "digits", 1, 2, info.etag, NULL, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CONFLICT);
}

static void test_size_bound(Fixture *fixture, gconstpointer data) {
  (void)data;
  put(fixture->store, "a", "0123456789");
  g_autoptr(GError) error = NULL;
  g_assert_null(object_get(fixture->store, "a", 9, NULL, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE);
  g_autoptr(GBytes) bytes = object_get(fixture->store, "a", 10, NULL, soon(), NULL);
  g_assert_cmpint(g_bytes_get_size(bytes), ==, 10);
}

static void test_put_if_absent(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  g_assert_true(object_put_if_absent(fixture->store, "log/0.json", "mine", 4, soon(), &error));
  g_assert_no_error(error);
  g_assert_false(object_put_if_absent(fixture->store, "log/0.json", "yours", 5, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_EXISTS);
  g_clear_error(&error);
  /* Nobody's answer was lost: the same bytes are another's too. */
  g_assert_false(object_put_if_absent(fixture->store, "log/0.json", "mine", 4, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_EXISTS);
  assert_holds(fixture->store, "log/0.json", "mine");
}

typedef struct {
  ObjectStore *store;
  pthread_barrier_t *start;
  guint id;
  gboolean won, lost;
} Writer;

static void *write_once(void *user_data) {
  Writer *writer = user_data;
  g_autofree char *text = g_strdup_printf("writer %u", writer->id);
  g_autoptr(GError) error = NULL;
  pthread_barrier_wait(writer->start);
  writer->won = object_put_if_absent(writer->store, "race/0.json", text, strlen(text), soon(), &error);
  writer->lost = g_error_matches(error, AISLE_ERROR, AISLE_ERROR_EXISTS);
  return NULL;
}

static void test_race(Fixture *fixture, gconstpointer data) {
  (void)data;
  Writer writers[WRITERS];
  pthread_t threads[WRITERS];
  pthread_barrier_t start;
  pthread_barrier_init(&start, NULL, WRITERS);
  for (guint i = 0; i < WRITERS; i++) {
    writers[i] = (Writer){fixture->store, &start, i, FALSE, FALSE};
    g_assert_cmpint(pthread_create(&threads[i], NULL, write_once, &writers[i]), ==, 0);
  }
  guint won = 0, lost = 0, winner = 0;
  for (guint i = 0; i < WRITERS; i++) {
    pthread_join(threads[i], NULL);
    won += writers[i].won;
    lost += writers[i].lost;
    if (writers[i].won) winner = i;
  }
  pthread_barrier_destroy(&start);
  g_assert_cmpuint(won, ==, 1);
  g_assert_cmpuint(lost, ==, WRITERS - 1);
  g_autofree char *text = g_strdup_printf("writer %u", winner);
  assert_holds(fixture->store, "race/0.json", text);
}

static char *names_of(GPtrArray *page) {
  GString *names = g_string_new(NULL);
  for (guint i = 0; i < page->len; i++) g_string_append_printf(names, "%s ", ((ObjectEntry *)page->pdata[i])->key);
  return g_string_free(names, FALSE);
}

static void assert_lists(ObjectStore *store, ObjectListing listing, const char *expected, gboolean expected_more) {
  g_autoptr(GError) error = NULL;
  gboolean more = !expected_more;
  g_autoptr(GPtrArray) page = object_list(store, &listing, &more, soon(), &error);
  g_assert_no_error(error);
  g_autofree char *names = names_of(page);
  g_assert_cmpstr(names, ==, expected);
  g_assert_cmpint(more, ==, expected_more);
}

static void test_listing(Fixture *fixture, gconstpointer data) {
  (void)data;
  static const char *const keys[] = {"a/1", "a/2", "a-b", "a.c", "b/x/1", "b/x/2", "b/y", "c+d=e%20f"};
  assert_lists(fixture->store, (ObjectListing){0}, "", FALSE);
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++) put(fixture->store, keys[i], "x");
  assert_lists(fixture->store, (ObjectListing){0}, "a-b a.c a/1 a/2 b/x/1 b/x/2 b/y c+d=e%20f ", FALSE);
  assert_lists(fixture->store, (ObjectListing){.prefix = "a/"}, "a/1 a/2 ", FALSE);
  assert_lists(fixture->store, (ObjectListing){.prefix = "a"}, "a-b a.c a/1 a/2 ", FALSE);
  assert_lists(fixture->store, (ObjectListing){.prefix = "b/x"}, "b/x/1 b/x/2 ", FALSE);
  assert_lists(fixture->store, (ObjectListing){.prefix = "none/"}, "", FALSE);
  assert_lists(fixture->store, (ObjectListing){.start_after = "a/1"}, "a/2 b/x/1 b/x/2 b/y c+d=e%20f ", FALSE);
  assert_lists(fixture->store, (ObjectListing){.start_after = "a/11"}, "a/2 b/x/1 b/x/2 b/y c+d=e%20f ", FALSE);
  assert_lists(fixture->store, (ObjectListing){.prefix = "b/", .start_after = "b/x/1", .max = 1}, "b/x/2 ", TRUE);
  assert_lists(fixture->store, (ObjectListing){.max = 3}, "a-b a.c a/1 ", TRUE);
  assert_lists(fixture->store, (ObjectListing){.max = 8}, "a-b a.c a/1 a/2 b/x/1 b/x/2 b/y c+d=e%20f ", FALSE);
  assert_lists(fixture->store, (ObjectListing){.shallow = TRUE}, "a-b a.c a/ b/ c+d=e%20f ", FALSE);
  assert_lists(fixture->store, (ObjectListing){.prefix = "b/", .shallow = TRUE}, "b/x/ b/y ", FALSE);
  assert_lists(fixture->store, (ObjectListing){.shallow = TRUE, .start_after = "a/"}, "b/ c+d=e%20f ", FALSE);
}

static void test_pages(Fixture *fixture, gconstpointer data) {
  (void)data;
  for (guint i = 0; i < 1050; i++) {
    g_autofree char *key = g_strdup_printf("log/%05u.json", i);
    put(fixture->store, key, "{}");
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) all = object_list_all(fixture->store, "log/", 2000, soon(), &error);
  g_assert_no_error(error);
  g_assert_cmpuint(all->len, ==, 1050);
  g_assert_cmpstr(((ObjectEntry *)all->pdata[1049])->key, ==, "log/01049.json");
  g_assert_cmpint(((ObjectEntry *)all->pdata[7])->info.size, ==, 2);
  g_assert_null(object_list_all(fixture->store, "log/", 1000, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE);
}

static char *make_file(const char *folder, gsize size) {
  g_autofree char *bytes = g_malloc(size);
  for (gsize i = 0; i < size; i++) bytes[i] = (char)(i * 2654435761u >> 13);
  char *path = g_build_filename(folder, "big.bin", NULL);
  g_assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
  return path;
}

static void test_files(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = make_file(fixture->copies, (20 << 20) + 7);
  g_assert_true(object_put_file(fixture->store, "t/part-1.parquet", path, soon(), &error));
  ObjectInfo info;
  g_assert_true(object_stat(fixture->store, "t/part-1.parquet", &info, soon(), &error));
  g_assert_cmpint(info.size, ==, (20 << 20) + 7);
  g_autoptr(ObjectCopy) copy =
      object_store_local_copy(fixture->store, "t/part-1.parquet", info.size, NULL, soon(), &error);
  g_assert_no_error(error);
  g_assert_true(g_str_has_suffix(object_copy_path(copy), ".parquet"));
  g_autoptr(GMappedFile) wanted = g_mapped_file_new(path, FALSE, NULL),
                         got = g_mapped_file_new(object_copy_path(copy), FALSE, NULL);
  g_autoptr(GBytes) bytes = g_mapped_file_get_bytes(got);
  assert_bytes(bytes, g_mapped_file_get_contents(wanted), g_mapped_file_get_length(wanted));
  g_autoptr(ObjectCopy) by_etag =
      object_store_local_copy(fixture->store, "t/part-1.parquet", -1, info.etag, soon(), &error);
  g_assert_no_error(error);
  g_assert_null(object_store_local_copy(fixture->store, "t/part-1.parquet", 5, NULL, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CONFLICT);
  g_clear_error(&error);
  g_assert_null(object_store_local_copy(fixture->store, "t/part-2.parquet", -1, NULL, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_false(object_put_file(fixture->store, "x", fixture->copies, soon(), &error));
  g_assert_nonnull(error);
}

static void test_bad_names_and_deadlines(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  g_assert_false(object_put(fixture->store, "../x", "x", 1, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
  g_clear_error(&error);
  gint cancelled = 1;
  g_assert_false(object_put(fixture->store, "x", "x", 1, deadline_in_ms(1000, &cancelled), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CANCELLED);
  g_clear_error(&error);
  g_assert_null(object_get(fixture->store, "x", 1, NULL, deadline_in_ms(0, NULL), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TIMEOUT);
  g_clear_error(&error);
  assert_lists(fixture->store, (ObjectListing){0}, "", FALSE);
}

static void test_delete(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  put(fixture->store, "a/b", "x");
  put(fixture->store, "a/c", "x");
  g_assert_true(object_delete(fixture->store, "a/b", soon(), &error));
  g_assert_no_error(error);
  assert_lists(fixture->store, (ObjectListing){0}, "a/c ", FALSE);
}

static void add_all(const char *name, Kind *kind) {
  static const struct {
    const char *name;
    void (*run)(Fixture *, gconstpointer);
  } cases[] = {
      {"put-and-get", test_put_and_get},
      {"stat", test_stat},
      {"nothing-there", test_nothing_there},
      {"ranges", test_ranges},
      {"size-bound", test_size_bound},
      {"put-if-absent", test_put_if_absent},
      {"20-writers-one-wins", test_race},
      {"listing", test_listing},
      {"pages", test_pages},
      {"files", test_files},
      {"bad-names-and-deadlines", test_bad_names_and_deadlines},
      {"delete", test_delete},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/object/%s/%s", name, cases[i].name);
    g_test_add(path, Fixture, kind, set_up, cases[i].run, tear_down);
  }
}

static void skip(void) {
  g_test_skip(s3_server_missing());
}

/* A certificate that nobody vouches for is refused. */
static void test_certificates(gconstpointer data) {
  const Kind *kind = data;
  g_autoptr(GError) error = NULL;
  g_unsetenv("AWS_CA_BUNDLE");
  ObjectOptions options = {.endpoint = kind->server->endpoint, .style = "host"};
  g_autoptr(ObjectStore) store = object_store_open("s3://lake/x", &options, &error);
  g_assert_false(object_put(store, "a", "x", 1, deadline_in_ms(1500, NULL), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN);
  g_assert_nonnull(strstr(error->message, "certificate"));
  g_assert_null(strstr(error->message, "given up after")); /* trying again would not help */
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  Kind local = {.folder = g_dir_make_tmp("aisle-object-XXXXXX", NULL)}, s3 = {0}, secure = {0};
  g_autofree char *openssl = g_find_program_in_path("openssl");
  add_all("folder", &local);
  if (s3_server_missing() == NULL) {
    s3.server = s3_server_start();
    add_all("s3", &s3);
  } else {
    g_test_add_func("/object/s3", skip);
  }
  if (s3.server != NULL && openssl != NULL) {
    secure.server = s3_server_start_secure();
    add_all("s3-tls-host", &secure);
    g_test_add_data_func("/object/s3-tls-host/certificates", &secure, test_certificates);
  }
  int status = g_test_run();
  if (s3.server != NULL) s3_server_stop(s3.server);
  if (secure.server != NULL) s3_server_stop(secure.server);
  disk_remove_tree(local.folder);
  g_free(local.folder);
  return status;
}

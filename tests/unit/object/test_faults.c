/* What networks and services do wrong, made by a proxy before a real S3 server. */
#include <pthread.h>
#include <string.h>

#include "base/disk.h"
#include "object/object.h"
#include "support/s3_server.h"

#define BIG_BYTES 400000
#define STALL_MS 600

static S3Server *server; /* one for all cases: starting takes longer than they do */

typedef struct {
  ObjectStore *store;
  char *copies;
} Fixture;

static Deadline soon(void) {
  return deadline_in_ms(30000, NULL);
}

static void set_up(Fixture *fixture, gconstpointer data) {
  (void)data;
  static int next;
  g_autoptr(GError) error = NULL;
  g_autofree char *url = g_strdup_printf("s3://lake/faults/%d", ++next);
  fixture->copies = g_dir_make_tmp("aisle-copies-XXXXXX", NULL);
  ObjectOptions options = {
      .endpoint = server->proxy, .cache_folder = fixture->copies, .cache_bytes = 64 << 20, .stall_ms = STALL_MS};
  s3_server_set_faults(server, "[]");
  fixture->store = object_store_open(url, &options, &error);
  g_assert_no_error(error);
  g_autofree char *big = g_malloc(BIG_BYTES);
  for (gsize i = 0; i < BIG_BYTES; i++) big[i] = (char)(i * 2654435761u >> 11);
  g_assert_true(object_put(fixture->store, "big", big, BIG_BYTES, soon(), &error));
  g_assert_true(object_put(fixture->store, "small", "some bytes", 10, soon(), &error));
  g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer data) {
  (void)data;
  object_store_unref(fixture->store);
  disk_remove_tree(fixture->copies);
  g_free(fixture->copies);
}

static void assert_small(Fixture *fixture) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = object_get(fixture->store, "small", 100, NULL, soon(), &error);
  g_assert_no_error(error);
  g_assert_cmpuint(g_bytes_get_size(bytes), ==, 10);
  g_assert_true(memcmp(g_bytes_get_data(bytes, NULL), "some bytes", 10) == 0);
}

static void assert_refused(Fixture *fixture, AisleErrorCode code, const char *part) {
  g_autoptr(GError) error = NULL;
  g_assert_null(object_get(fixture->store, "small", 100, NULL, soon(), &error));
  g_assert_error(error, AISLE_ERROR, (gint)code);
  if (strstr(error->message, part) == NULL) g_error("'%s' does not say '%s'", error->message, part);
}

static void test_passing(Fixture *fixture, gconstpointer data) {
  (void)data;
  static const char *const faults[] = {"'kind':'status','status':500",
                                       "'kind':'status','status':503,'code':'SlowDown','retry_after':0",
                                       "'kind':'status','status':429",
                                       "'kind':'refuse'",
                                       "'kind':'truncate'",
                                       "'kind':'lost'",
                                       "'kind':'status','status':400,'code':'RequestTimeout'"};
  for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
    g_autofree char *rule = g_strdup_printf("[{'method':'GET','times':2,%s}]", faults[i]);
    s3_server_set_faults(server, g_strdelimit(rule, "'", '"'));
    assert_small(fixture);
    g_assert_cmpuint(s3_server_count_seen(server, "GET /lake"), ==, 3);
  }
}

static void test_stalls(Fixture *fixture, gconstpointer data) {
  (void)data;
  s3_server_set_faults(server, "[{\"method\":\"GET\",\"kind\":\"hang\"}]");
  assert_small(fixture);
  s3_server_set_faults(server, "[{\"method\":\"GET\",\"kind\":\"drip\"}]");
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = object_get(fixture->store, "big", BIG_BYTES, NULL, soon(), &error);
  g_assert_no_error(error);
  g_assert_cmpuint(g_bytes_get_size(bytes), ==, BIG_BYTES);
  g_assert_cmpuint(s3_server_count_seen(server, "GET /lake"), ==, 2);
}

static void test_final(Fixture *fixture, gconstpointer data) {
  (void)data;
  static const struct {
    const char *rule;
    AisleErrorCode code;
    const char *says;
  } cases[] = {
      {"[{\"kind\":\"status\",\"status\":403,\"code\":\"AccessDenied\"}]", AISLE_ERROR_FORBIDDEN, "may not do this"},
      {"[{\"kind\":\"status\",\"status\":403,\"code\":\"SignatureDoesNotMatch\"}]", AISLE_ERROR_FORBIDDEN,
       "AWS_SECRET_ACCESS_KEY"},
      {"[{\"kind\":\"status\",\"status\":400,\"code\":\"ExpiredToken\"}]", AISLE_ERROR_FORBIDDEN, "expired"},
      {"[{\"kind\":\"status\",\"status\":404,\"code\":\"NoSuchKey\"}]", AISLE_ERROR_NOT_FOUND, "no such object"},
      {"[{\"kind\":\"status\",\"status\":404,\"code\":\"NoSuchBucket\"}]", AISLE_ERROR_NOT_FOUND, "no such bucket"},
      {"[{\"kind\":\"status\",\"status\":412,\"code\":\"PreconditionFailed\"}]", AISLE_ERROR_CONFLICT, "first"},
      {"[{\"kind\":\"status\",\"status\":301,\"code\":\"PermanentRedirect\"}]", AISLE_ERROR_IO, "region"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    s3_server_set_faults(server, cases[i].rule);
    assert_refused(fixture, cases[i].code, cases[i].says);
    g_assert_cmpuint(s3_server_count_seen(server, "GET /lake"), ==, 1);
  }
}

/* HEAD has no body that says why; still the reason is found. */
static void test_reason_of_a_stat(Fixture *fixture, gconstpointer data) {
  (void)data;
  s3_server_set_faults(server, "[{\"kind\":\"status\",\"status\":403,\"code\":\"ExpiredToken\",\"times\":2}]");
  g_autoptr(GError) error = NULL;
  g_assert_false(object_stat(fixture->store, "small", NULL, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN);
  g_assert_nonnull(strstr(error->message, "expired"));
}

static void test_gives_up(Fixture *fixture, gconstpointer data) {
  (void)data;
  s3_server_set_faults(server, "[{\"kind\":\"status\",\"status\":503,\"code\":\"SlowDown\",\"times\":1000}]");
  g_autoptr(GError) error = NULL;
  g_assert_null(object_get(fixture->store, "small", 100, NULL, deadline_in_ms(1000, NULL), &error));
  const gboolean in_flight = g_error_matches(error, AISLE_ERROR, AISLE_ERROR_TIMEOUT); /* the deadline came within an attempt, as on a busy machine */
  if (!in_flight) {
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BUSY);
    g_assert_nonnull(strstr(error->message, "given up after"));
  }
  guint seen = s3_server_count_seen(server, "GET /lake");
  g_assert_cmpuint(seen, >=, in_flight ? 1 : 2);
  g_assert_cmpuint(seen, <=, 8);
}

/* A commit whose answer was lost is ours; one that another made meanwhile is not. */
static void test_lost_answer_of_a_conditional_put(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  s3_server_set_faults(server, "[{\"method\":\"PUT\",\"kind\":\"lost\"}]");
  g_assert_true(object_put_if_absent(fixture->store, "log/0.json", "writer a", 8, soon(), &error));
  g_assert_no_error(error);
  g_assert_cmpuint(s3_server_count_seen(server, "PUT /lake"), ==, 2);
  s3_server_set_faults(server, "[{\"method\":\"PUT\",\"kind\":\"status\",\"status\":500}]");
  g_assert_false(object_put_if_absent(fixture->store, "log/0.json", "writer b", 8, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_EXISTS);
  g_autoptr(GBytes) bytes = object_get(fixture->store, "log/0.json", 100, NULL, soon(), NULL);
  g_assert_true(memcmp(g_bytes_get_data(bytes, NULL), "writer a", 8) == 0);
}

static void test_412_is_not_tried_again(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  g_assert_true(object_put_if_absent(fixture->store, "log/1.json", "writer a", 8, soon(), &error));
  s3_server_set_faults(server, "[]");
  g_assert_false(object_put_if_absent(fixture->store, "log/1.json", "writer b", 8, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_EXISTS);
  g_assert_cmpuint(s3_server_count_seen(server, "/lake"), ==, 1);
}

static void test_conflict_of_writers_is_tried_again(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  s3_server_set_faults(
      server, "[{\"method\":\"PUT\",\"kind\":\"status\",\"status\":409,\"code\":\"ConditionalRequestConflict\"}]");
  g_assert_true(object_put_if_absent(fixture->store, "log/2.json", "writer a", 8, soon(), &error));
  g_assert_no_error(error);
}

/* A broken download goes on where it broke off. */
static void test_copy_resumes(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  s3_server_set_faults(server, "[{\"method\":\"GET\",\"kind\":\"truncate\",\"times\":3}]");
  g_autoptr(ObjectCopy) copy = object_store_local_copy(fixture->store, "big", BIG_BYTES, NULL, soon(), &error);
  g_assert_no_error(error);
  g_assert_cmpuint(s3_server_count_seen(server, "bytes=200000-"), ==, 1);
  g_assert_cmpuint(s3_server_count_seen(server, "bytes=300000-"), ==, 1);
  g_autoptr(GMappedFile) file = g_mapped_file_new(object_copy_path(copy), FALSE, NULL);
  g_autoptr(GBytes) whole = object_get(fixture->store, "big", BIG_BYTES, NULL, soon(), NULL);
  g_autoptr(GBytes) got = g_mapped_file_get_bytes(file);
  g_assert_true(g_bytes_equal(whole, got));
}

static void *cancel_soon(void *flag) {
  g_usleep(150000);
  g_atomic_int_set((gint *)flag, 1);
  return NULL;
}

static void test_cancelled_while_waiting(Fixture *fixture, gconstpointer data) {
  (void)data;
  gint cancelled = 0;
  pthread_t thread;
  s3_server_set_faults(server, "[{\"kind\":\"hang\",\"times\":100}]");
  g_assert_cmpint(pthread_create(&thread, NULL, cancel_soon, &cancelled), ==, 0);
  g_autoptr(GError) error = NULL;
  g_assert_null(object_get(fixture->store, "small", 100, NULL, deadline_in_ms(60000, &cancelled), &error));
  pthread_join(thread, NULL);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CANCELLED);
}

static void test_listing_and_delete(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(GError) error = NULL;
  s3_server_set_faults(server,
                       "[{\"kind\":\"truncate\",\"method\":\"GET\"},{\"kind\":\"lost\",\"method\":\"DELETE\"}]");
  g_autoptr(GPtrArray) page = object_list(fixture->store, &(ObjectListing){0}, NULL, soon(), &error);
  g_assert_no_error(error);
  g_assert_cmpuint(page->len, ==, 2);
  g_assert_true(object_delete(fixture->store, "small", soon(), &error));
  g_assert_no_error(error);
}

static void skip(void) {
  g_test_skip(s3_server_missing());
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  if (s3_server_missing() != NULL) {
    g_test_add_func("/object/faults", skip);
    return g_test_run();
  }
  server = s3_server_start();
  s3_server_start_proxy(server);
  static const struct {
    const char *name;
    void (*run)(Fixture *, gconstpointer);
  } cases[] = {
      {"passing-faults-are-tried-again", test_passing},
      {"stalls", test_stalls},
      {"final-answers-are-not", test_final},
      {"reason-of-a-stat", test_reason_of_a_stat},
      {"gives-up-at-the-deadline", test_gives_up},
      {"lost-answer-of-a-conditional-put", test_lost_answer_of_a_conditional_put},
      {"412-is-not-tried-again", test_412_is_not_tried_again},
      {"conflict-of-writers", test_conflict_of_writers_is_tried_again},
      {"a-broken-copy-goes-on", test_copy_resumes},
      {"cancelled-while-waiting", test_cancelled_while_waiting},
      {"listing-and-delete", test_listing_and_delete},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strconcat("/object/faults/", cases[i].name, NULL);
    g_test_add(path, Fixture, NULL, set_up, cases[i].run, tear_down);
  }
  int status = g_test_run();
  s3_server_stop(server);
  return status;
}

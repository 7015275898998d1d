/* Addresses, signatures and credentials of S3. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>

#include "base/disk.h"
#include "object/s3.h"
#include "support/s3_server.h"

static Deadline soon(void) {
  return deadline_in_ms(10000, NULL);
}

/* The published examples "GET Bucket Lifecycle" and "Get Bucket (List Objects)". */
static void test_signature(void) {
  Credentials credentials = {1, (char *)"AKIAIOSFODNN7EXAMPLE", (char *)"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                             NULL, 0};
  const char *empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  S3Signing signing = {"GET",       "examplebucket.s3.amazonaws.com", "/", "lifecycle=", empty, "us-east-1", 1369353600,
                       &credentials};
  g_autofree char *first = s3_sign(&signing);
  g_assert_true(g_str_has_suffix(first, "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
  signing.query = "max-keys=2&prefix=J";
  g_autofree char *second = s3_sign(&signing);
  g_assert_true(g_str_has_suffix(second, "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
  g_assert_nonnull(strstr(second, "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"));
}

static void test_addresses(void) {
  static const struct {
    const char *url, *endpoint, *style, *origin, *path, *shown;
  } cases[] = {
      {"s3://lake/a/b/", NULL, NULL, "https://lake.s3.eu-west-1.amazonaws.com", "", "s3://lake/a/b"},
      {"s3://my.lake", NULL, NULL, "https://s3.eu-west-1.amazonaws.com", "/my.lake", "s3://my.lake"},
      {"s3://lake", "http://127.0.0.1:9000", NULL, "http://127.0.0.1:9000", "/lake", "s3://lake"},
      {"s3://lake", "https://minio.example:443/", "path", "https://minio.example", "/lake", "s3://lake"},
      {"s3://lake/x", "https://minio.example:9443", "host", "https://lake.minio.example:9443", "", "s3://lake/x"},
      {"s3://lake/x", "https://gate.example/s3", "path", "https://gate.example", "/s3/lake", "s3://lake/x"},
      {"s3://lake", "http://[::1]:9000", "auto", "http://[::1]:9000", "/lake", "s3://lake"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    ObjectOptions options = {.endpoint = cases[i].endpoint, .region = "eu-west-1", .style = cases[i].style};
    S3Store *store = s3_open(cases[i].url, &options, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(store->origin, ==, cases[i].origin);
    g_assert_cmpstr(store->base_path, ==, cases[i].path);
    g_assert_cmpstr(store->url, ==, cases[i].shown);
    object_s3_backend.free(store);
  }
}

static void test_bad_addresses(void) {
  static const char *const urls[] = {"s3://",          "s3://ab",      "s3:///x",         "s3://a..b/x",
                                     "s3://lake/../x", "s3://lake//x", "s3://user@lake/x"};
  for (guint i = 0; i < G_N_ELEMENTS(urls); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(object_store_open(urls[i], NULL, &error));
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
  }
  static const char *const endpoints[] = {"127.0.0.1:9000", "ftp://x", "http://", "http://user:secret@x",
                                          "http://x?y=1"};
  for (guint i = 0; i < G_N_ELEMENTS(endpoints); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(object_store_open("s3://lake", &(ObjectOptions){.endpoint = endpoints[i]}, &error));
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
  }
  g_autoptr(GError) error = NULL;
  g_assert_null(object_store_open("s3://lake", &(ObjectOptions){.style = "odd"}, &error));
  g_assert_null(object_store_open("gs://lake", NULL, NULL));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
}

static void test_ini(void) {
  const char *text = "# note\r\n[default]\r\naws_access_key_id = A\r\n\n[ other ]\nAWS_SECRET_ACCESS_KEY=s=1\n  nested "
                     "= x\nnothing\n[";
  g_autoptr(GHashTable) other = credential_ini_section(text, "other"), first = credential_ini_section(text, "default");
  g_assert_cmpuint(g_hash_table_size(other), ==, 1);
  g_assert_cmpstr(g_hash_table_lookup(other, "aws_secret_access_key"), ==, "s=1");
  g_assert_cmpstr(g_hash_table_lookup(first, "aws_access_key_id"), ==, "A");
}

/* ---- services that hand out credentials ---- */

typedef struct {
  struct MHD_Daemon *daemon;
  int served, expires_in_s;
  char *address;
} Service;

static const char *answer_of(Service *service, struct MHD_Connection *connection, const char *url, const char *method,
                             char **text) {
  const char *token = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-aws-ec2-metadata-token");
  const char *container = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
  if (strcmp(method, "PUT") == 0 && strcmp(url, "/latest/api/token") == 0) return "token-1";
  gboolean known = g_strcmp0(token, "token-1") == 0 || g_strcmp0(container, "Bearer c") == 0;
  if (!known) return NULL;
  if (strcmp(url, "/latest/meta-data/iam/security-credentials/") == 0) return "shop-role\n";
  if (strcmp(url, "/latest/meta-data/iam/security-credentials/shop-role") != 0 && strcmp(url, "/container") != 0)
    return NULL;
  service->served++;
  g_autoptr(GDateTime) now = g_date_time_new_now_utc(), until = g_date_time_add_seconds(now, service->expires_in_s);
  g_autofree char *expires = g_date_time_format(until, "%Y-%m-%dT%H:%M:%SZ");
  return *text = g_strdup_printf(
             "{\"AccessKeyId\":\"key%d\",\"SecretAccessKey\":\"secret\",\"Token\":\"t\",\"Expiration\":\"%s\"}",
             service->served, expires);
}

static enum MHD_Result on_request(void *user_data, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload, size_t *upload_size,
                                  void **state) {
  (void)version, (void)upload, (void)state;
  if (*upload_size > 0) {
    *upload_size = 0;
    return MHD_YES;
  }
  g_autofree char *text = NULL;
  const char *body = answer_of(user_data, connection, url, method, &text);
  struct MHD_Response *response = MHD_create_response_from_buffer(
      strlen(body != NULL ? body : ""), (void *)(body != NULL ? body : ""), MHD_RESPMEM_MUST_COPY);
  enum MHD_Result result = MHD_queue_response(connection, body != NULL ? 200 : 401, response);
  MHD_destroy_response(response);
  return result;
}

static Service *service_start(void) {
  Service *service = g_new0(Service, 1);
  service->expires_in_s = 3600;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  service->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request, service,
                                     MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_END);
  g_assert_nonnull(service->daemon);
  service->address =
      g_strdup_printf("http://127.0.0.1:%d", MHD_get_daemon_info(service->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
  return service;
}

static void service_stop(Service *service) {
  MHD_stop_daemon(service->daemon);
  g_free(service->address);
  g_free(service);
}

static void no_credentials(void) {
  static const char *const variables[] = {"AWS_ACCESS_KEY_ID",
                                          "AWS_SECRET_ACCESS_KEY",
                                          "AWS_SESSION_TOKEN",
                                          "AWS_PROFILE",
                                          "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                          "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                          "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                          "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                          "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                          "AWS_ENDPOINT_URL",
                                          "AWS_ENDPOINT_URL_S3",
                                          "AWS_REGION",
                                          "AWS_DEFAULT_REGION"};
  for (guint i = 0; i < G_N_ELEMENTS(variables); i++) g_unsetenv(variables[i]);
  g_setenv("AWS_EC2_METADATA_DISABLED", "true", TRUE);
  g_setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", TRUE);
  g_setenv("AWS_CONFIG_FILE", "/nonexistent", TRUE);
  g_setenv("NO_PROXY", "127.0.0.1,localhost", TRUE);
  g_setenv("no_proxy", "127.0.0.1,localhost", TRUE);
}

static void assert_key(CredentialSource *source, const char *key_id) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Credentials) found = credential_source_get(source, NULL, soon(), &error);
  g_assert_no_error(error);
  g_assert_cmpstr(found->key_id, ==, key_id);
}

static void test_where_credentials_come_from(void) {
  no_credentials();
  g_autoptr(GError) error = NULL;
  CredentialSource *none = credential_source_new(), *files = credential_source_new(),
                   *environment = credential_source_new();
  g_assert_null(credential_source_get(none, NULL, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN);
  g_assert_nonnull(strstr(error->message, "AWS_ACCESS_KEY_ID"));
  g_autofree char *folder = g_dir_make_tmp("aisle-aws-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "credentials", NULL);
  g_file_set_contents(path, "[shop]\naws_access_key_id=from-file\naws_secret_access_key=x\n", -1, NULL);
  g_setenv("AWS_SHARED_CREDENTIALS_FILE", path, TRUE);
  g_setenv("AWS_PROFILE", "shop", TRUE);
  assert_key(files, "from-file");
  g_setenv("AWS_ACCESS_KEY_ID", "from-environment", TRUE);
  g_setenv("AWS_SECRET_ACCESS_KEY", "x", TRUE);
  assert_key(environment, "from-environment");
  credential_source_free(none);
  credential_source_free(files);
  credential_source_free(environment);
  no_credentials();
  disk_remove_tree(folder);
}

static void test_metadata_service(void) {
  no_credentials();
  Service *service = service_start();
  g_setenv("AWS_EC2_METADATA_DISABLED", "false", TRUE);
  g_setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", service->address, TRUE);
  CredentialSource *source = credential_source_new();
  assert_key(source, "key1");
  assert_key(source, "key1"); /* kept */
  credential_source_free(source);
  source = credential_source_new();
  service->expires_in_s = 60; /* about to expire: asked for again each time */
  assert_key(source, "key2");
  assert_key(source, "key3");
  credential_source_free(source);
  service_stop(service);
  no_credentials();
}

static void test_container_service(void) {
  no_credentials();
  Service *service = service_start();
  g_autofree char *url = g_strconcat(service->address, "/container", NULL);
  g_setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, TRUE);
  g_setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer c", TRUE);
  CredentialSource *source = credential_source_new();
  assert_key(source, "key1");
  g_autoptr(GError) error = NULL;
  g_autoptr(Credentials) old = credential_source_get(source, NULL, soon(), NULL);
  g_autoptr(Credentials) renewed =
      credential_source_get(source, old, soon(), &error); /* the service had refused them */
  g_assert_cmpstr(renewed->key_id, ==, "key2");
  g_setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://203.0.113.1/container", TRUE);
  CredentialSource *unsafe = credential_source_new();
  g_assert_null(credential_source_get(unsafe, NULL, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN);
  credential_source_free(source);
  credential_source_free(unsafe);
  service_stop(service);
  no_credentials();
}

static void test_no_secret_in_errors(void) {
  no_credentials();
  g_setenv("AWS_ACCESS_KEY_ID", "testkey", TRUE);
  g_setenv("AWS_SECRET_ACCESS_KEY", "very-secret-text", TRUE);
  g_autoptr(GError) error = NULL;
  g_autoptr(ObjectStore) store =
      object_store_open("s3://lake/x", &(ObjectOptions){.endpoint = "http://127.0.0.1:1"}, &error);
  g_assert_null(object_get(store, "a", 10, NULL, deadline_in_ms(700, NULL), &error));
  g_assert_true(g_error_matches(error, AISLE_ERROR, AISLE_ERROR_IO) ||
                g_error_matches(error, AISLE_ERROR, AISLE_ERROR_TIMEOUT));
  g_assert_null(strstr(error->message, "very-secret-text"));
  g_assert_null(strstr(error->message, "Signature"));
  no_credentials();
}

static void test_wrong_keys(void) {
  if (s3_server_missing() != NULL) {
    g_test_skip(s3_server_missing());
    return;
  }
  S3Server *server = s3_server_start();
  g_setenv("AWS_SECRET_ACCESS_KEY", "wrong", TRUE);
  g_autoptr(GError) error = NULL;
  g_autoptr(ObjectStore) store = object_store_open("s3://lake", &(ObjectOptions){.endpoint = server->endpoint}, &error);
  g_assert_false(object_put(store, "a", "x", 1, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN);
  g_clear_error(&error);
  g_setenv("AWS_SECRET_ACCESS_KEY", "testsecret123", TRUE);
  g_autoptr(ObjectStore) missing =
      object_store_open("s3://other-bucket", &(ObjectOptions){.endpoint = server->endpoint}, &error);
  g_assert_false(object_put(missing, "a", "x", 1, soon(), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_assert_nonnull(strstr(error->message, "bucket"));
  s3_server_stop(server);
  no_credentials();
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  no_credentials();
  g_test_add_func("/object/s3/signature", test_signature);
  g_test_add_func("/object/s3/addresses", test_addresses);
  g_test_add_func("/object/s3/bad-addresses", test_bad_addresses);
  g_test_add_func("/object/s3/ini", test_ini);
  g_test_add_func("/object/s3/where-credentials-come-from", test_where_credentials_come_from);
  g_test_add_func("/object/s3/metadata-service", test_metadata_service);
  g_test_add_func("/object/s3/container-service", test_container_service);
  g_test_add_func("/object/s3/no-secret-in-errors", test_no_secret_in_errors);
  g_test_add_func("/object/s3/wrong-keys", test_wrong_keys);
  return g_test_run();
}

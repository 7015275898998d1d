#include "server/asset.h"
#include "server/headers.h"

#include "server/listen.h"
#include "server/reply.h"
#include "server/route.h"

static void test_hosts(void) {
  static const char *const local[] = {"localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[::1]:80", "127.0.0.1:"};
  static const char *const foreign[] = {"",           "example.com",      "localhost.example.com", "127.0.0.1.example.com",
                                        "localhost:80:80", "127.0.0.1:123456",     "localhost:80x",
                                        "localhos",   "[::1]x",           "10.0.0.1",              "localhost/"};
  for (guint i = 0; i < G_N_ELEMENTS(local); i++) g_assert_true(headers_host_is_local(local[i]));
  for (guint i = 0; i < G_N_ELEMENTS(foreign); i++) g_assert_false(headers_host_is_local(foreign[i]));
  g_assert_false(headers_host_is_local(NULL));
  g_assert_true(headers_origin_is_local("http://localhost:5173"));
  g_assert_true(headers_origin_is_local("https://[::1]"));
  g_assert_false(headers_origin_is_local("http://example.com"));
  g_assert_false(headers_origin_is_local("null"));
}

static void test_content_types(void) {
  static const char *const json[] = {"application/json", "Application/JSON", "application/json; charset=utf-8",
                                     "application/json;charset=\"UTF-8\"", "application/json ;"};
  static const char *const other[] = {"",          "text/plain", "application/jsonp", "application/json; charset=latin-1",
                                      "text/json", "application/x-www-form-urlencoded"};
  for (guint i = 0; i < G_N_ELEMENTS(json); i++) g_assert_true(headers_is_json(json[i]));
  for (guint i = 0; i < G_N_ELEMENTS(other); i++) g_assert_false(headers_is_json(other[i]));
  g_assert_false(headers_is_json(NULL));
}

static void test_accept(void) {
  static const struct {
    const char *accept, *type;
    gboolean taken;
  } cases[] = {{NULL, "application/json", TRUE},
               {"*/*", "application/json", TRUE},
               {"", "application/json", TRUE},
               {"application/json", "application/json", TRUE},
               {"APPLICATION/*", "application/json", TRUE},
               {"text/html, application/json;q=0.5", "application/json", TRUE},
               {"text/html,*/*;q=0.1", "application/json", TRUE},
               {"text/html", "text/html; charset=utf-8", TRUE},
               {"text/html", "application/json", FALSE},
               {"application/json;q=0", "application/json", FALSE},
               {"application/json; v=1; q=0.0", "application/json", FALSE},
               {"application/jso", "application/json", FALSE},
               {"text/*", "application/json", FALSE},
               {"nonsense", "application/json", FALSE},
               {"application/json;", "application/json", TRUE},
               {";;;,,,", "application/json", FALSE}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    g_assert_cmpint(headers_accepts(cases[i].accept, cases[i].type), ==, cases[i].taken);
}

static void test_listen_addresses(void) {
  static const struct {
    const char *text, *host;
    guint16 port;
  } good[] = {{"127.0.0.1:8080", "127.0.0.1", 8080}, {"localhost:0", "127.0.0.1", 0}, {"[::1]:99", "[::1]", 99},
              {"8081", "127.0.0.1", 8081}};
  for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
    g_autoptr(GError) error = NULL;
    ListenAddress address;
    g_assert_true(listen_address_parse(good[i].text, &address, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(address.host, ==, good[i].host);
    guint16 port = address.ipv6 ? address.socket_address.ipv6.sin6_port : address.socket_address.ipv4.sin_port;
    g_assert_cmpuint(ntohs(port), ==, good[i].port);
  }
  static const char *const refused[] = {"",           ":8080",          "0.0.0.0:8080", "192.168.1.5:80", "example.com:80", "[::]:80",
                                        "127.0.0.1", "127.0.0.1:70000", "127.0.0.1:-1", "127.0.0.1:x",    "127.0.0.2:80", "*:80"};
  for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autoptr(GError) error = NULL;
    ListenAddress address;
    g_assert_false(listen_address_parse(refused[i], &address, &error));
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
  }
}

static void test_routes(void) {
  static const struct {
    const char *method, *path, *operation, *value, *allow;
  } cases[] = {{"GET", "/", "page", NULL, NULL},
               {"HEAD", "/healthz", "health", NULL, NULL},
               {"POST", "/v1/ask", "ask", NULL, NULL},
               {"GET", "/v1/ask", NULL, NULL, "POST"},
               {"DELETE", "/healthz", NULL, NULL, "GET, HEAD"},
               {"GET", "/v1/values/region", "values", "region", NULL},
               {"GET", "/v1/values/orders.region", "values", "orders.region", NULL},
               {"POST", "/v1/values/region", NULL, NULL, "GET, HEAD"},
               {"GET", "/v1/values/", NULL, NULL, NULL},
               {"GET", "/v1/values/a/b", NULL, NULL, NULL},
               {"GET", "/v1", NULL, NULL, NULL},
               {"GET", "/v1/ask/", NULL, NULL, NULL},
               {"GET", "", NULL, NULL, NULL},
               {"get", "/healthz", NULL, NULL, "GET, HEAD"}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    RouteMatch match;
    route_match(cases[i].method, cases[i].path, &match);
    g_assert_cmpstr(match.route != NULL ? match.route->operation : NULL, ==, cases[i].operation);
    g_assert_cmpstr(match.path_value, ==, cases[i].value);
    g_assert_cmpstr(match.allow, ==, cases[i].allow);
    route_match_clear(&match);
  }
}

static void test_problems(void) {
  for (int code = 0; code < AISLE_ERROR_COUNT; code++) {
    Reply reply = {0};
    reply_set_problem(&reply, (AisleErrorCode)code, "what happened");
    gsize length = 0;
    const char *text = g_bytes_get_data(reply.body, &length);
    g_autoptr(json_t) json = json_parse(text, length, NULL);
    g_assert_cmpint(reply.status, ==, aisle_error_info(code)->http_status);
    g_assert_cmpint(json_get_int(json, "status", 0), ==, reply.status);
    g_assert_cmpstr(json_get_string(json, "code"), ==, aisle_error_info(code)->name);
    g_assert_cmpstr(json_get_string(json, "detail"), ==, "what happened");
    g_assert_cmpint(reply.retry_after_s > 0, ==, reply.status == 503);
    reply_clear(&reply);
  }
  /* What other libraries say may hold paths of this machine. */
  Reply reply = {0};
  g_autoptr(GError) foreign = g_error_new(G_FILE_ERROR, G_FILE_ERROR_NOENT, "/srv/ann/secret.csv is not there");
  reply_set_error(&reply, foreign);
  gsize length = 0;
  const char *text = g_bytes_get_data(reply.body, &length);
  g_assert_null(g_strstr_len(text, (gssize)length, "/srv/ann"));
  reply_clear(&reply);
}

static void test_accepted_encodings(void) {
  g_assert_true(headers_accepts_encoding("gzip, deflate, br, zstd", "br"));
  g_assert_true(headers_accepts_encoding("GZIP;q=0.5", "gzip"));
  g_assert_false(headers_accepts_encoding("gzip;q=0, br;q=0.0", "gzip"));
  g_assert_false(headers_accepts_encoding("brotli", "br"));
  g_assert_false(headers_accepts_encoding("*", "gzip"));
  g_assert_false(headers_accepts_encoding("", "gzip"));
  g_assert_false(headers_accepts_encoding(NULL, "gzip"));
}

/* Every file of the page is whole in each form it is kept in; whoever takes no encoding gets the plain file. */
static void test_page_files(void) {
  guint count = 0;
  for (const Asset *asset = page_assets; asset->path != NULL; asset++, count++) {
    g_auto(AssetBody) plain = {0}, packed = {0};
    g_assert_true(asset_body(asset, NULL, &plain));
    g_assert_cmpuint(g_bytes_get_size(plain.bytes), ==, asset->length);
    g_assert_null(plain.encoding);
    g_assert_true(asset_body(asset, "gzip, br", &packed));
    g_assert_cmpuint(g_bytes_get_size(packed.bytes), <=, asset->length);
    g_assert_true(asset_is_known(asset, asset->etag));
    g_assert_true(asset_is_known(asset, "*"));
    g_assert_false(asset_is_known(asset, "\"other\", W/\"another\""));
    g_assert_false(asset_is_known(asset, NULL));
    g_assert_true(asset_find(asset->path) == asset);
  }
  g_assert_cmpuint(count, >, 3);
  g_assert_false(asset_find("/")->immutable);
  g_assert_null(asset_find("/assets/../page.html"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/server/hosts", test_hosts);
  g_test_add_func("/server/content-types", test_content_types);
  g_test_add_func("/server/accept", test_accept);
  g_test_add_func("/server/listen-addresses", test_listen_addresses);
  g_test_add_func("/server/routes", test_routes);
  g_test_add_func("/server/problems", test_problems);
  g_test_add_func("/server/accepted-encodings", test_accepted_encodings);
  g_test_add_func("/server/page-files", test_page_files);
  return g_test_run();
}

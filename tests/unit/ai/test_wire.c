/* Framing of HTTP bodies and of events, however the bytes are cut; Retry-After; YAML as JSON; the breaker. */
#include <string.h>

#include "ai/breaker.h"
#include "ai/sse.h"
#include "ai/transport.h"
#include "ai/wire_body.h"
#include "ai/yaml_json.h"

/* The content of `bytes` fed in pieces of `step`; NULL: invalid. */
static char *decoded(WireBodyKind kind, guint64 length, const char *bytes, gsize step, gboolean *finished) {
  WireBody body;
  wire_body_init(&body, kind, length);
  GString *out = g_string_new(NULL);
  for (gsize at = 0; at < strlen(bytes); at += step) {
    gsize have = MIN(step, strlen(bytes) - at), position = 0, size;
    const char *piece;
    while ((size = wire_body_next(&body, bytes + at, have, &position, &piece)) > 0) g_string_append_len(out, piece, (gssize)size);
  }
  *finished = body.finished;
  if (!body.invalid) return g_string_free(out, FALSE);
  g_string_free(out, TRUE);
  return NULL;
}

static void test_bodies(void) {
  static const char CHUNKED[] = "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: 1\r\n\r\n";
  for (gsize step = 1; step < sizeof CHUNKED; step++) {
    gboolean finished;
    g_autofree char *text = decoded(WIRE_BODY_CHUNKED, 0, CHUNKED, step, &finished);
    g_assert_cmpstr(text, ==, "hello world");
    g_assert_true(finished);
    g_autofree char *whole = decoded(WIRE_BODY_LENGTH, 5, "helloXX", step, &finished);
    g_assert_cmpstr(whole, ==, "hello");
    g_assert_true(finished);
    g_autofree char *open = decoded(WIRE_BODY_UNTIL_CLOSE, 0, "hello", step, &finished);
    g_assert_cmpstr(open, ==, "hello");
    g_assert_false(finished);
  }
  static const char *const WRONG[] = {"x\r\n", "\r\nhello", "fffffffffffff\r\n", "2\r\nhello\r\n"};
  for (guint i = 0; i < G_N_ELEMENTS(WRONG); i++) {
    gboolean finished;
    g_assert_null(decoded(WIRE_BODY_CHUNKED, 0, WRONG[i], 1, &finished));
  }
}

static gboolean collect(const char *data, gsize length, gpointer user) {
  g_string_append_len(user, data, (gssize)length);
  g_string_append_c(user, '|');
  return length != 4 || memcmp(data, "stop", 4) != 0;
}

static void test_events(void) {
  static const char STREAM[] = ": note\r\nevent: x\r\ndata: one\r\n\r\ndata:two\ndata: three\n\n\n\rdata: four\r\rdata\n\nid: 1\n\n";
  for (gsize step = 1; step < sizeof STREAM; step++) {
    Sse sse;
    sse_init(&sse);
    g_autoptr(GString) out = g_string_new(NULL);
    for (gsize at = 0; at < strlen(STREAM); at += step) g_assert_true(sse_feed(&sse, STREAM + at, MIN(step, strlen(STREAM) - at), collect, out));
    g_assert_cmpstr(out->str, ==, "one|two\nthree|four|");
    sse_clear(&sse);
  }
  Sse sse;
  sse_init(&sse);
  g_autoptr(GString) out = g_string_new(NULL);
  g_assert_false(sse_feed(&sse, "data: stop\n\ndata: more\n\n", 24, collect, out));
  sse_clear(&sse);
  sse_init(&sse);
  g_autofree char *large = g_strnfill(SSE_MAX_EVENT + 10, 'x');
  g_assert_false(sse_feed(&sse, large, strlen(large), collect, out));
  sse_clear(&sse);
}

static void test_retry_after(void) {
  g_assert_cmpint(transport_retry_after_ms(" 3"), ==, 3000);
  g_assert_cmpint(transport_retry_after_ms("0"), ==, 0);
  g_assert_cmpint(transport_retry_after_ms("0.5"), ==, 500);
  g_assert_cmpint(transport_retry_after_ms("-1"), ==, -1);
  g_assert_cmpint(transport_retry_after_ms("soon"), ==, -1);
  g_assert_cmpint(transport_retry_after_ms("Wed, 21 Oct 2015 07:28:00 GMT"), ==, 0);
  g_autoptr(GDateTime) now = g_date_time_new_now_utc(), later = g_date_time_add_seconds(now, 30);
  g_autofree char *date = g_date_time_format(later, "%a, %d %b %Y %H:%M:%S GMT");
  gint64 ms = transport_retry_after_ms(date);
  g_assert_true(ms > 25000 && ms <= 31000);
}

static void test_yaml(void) {
  static const struct {
    const char *yaml, *json;
  } CASES[] = {{"a: 1\nb: [x, 2.5, true, null, \"3\", 007]\nc: {d: -4}\n", "{\"a\":1,\"b\":[\"x\",2.5,true,null,\"3\",\"007\"],\"c\":{\"d\":-4}}"},
               {"", "{}"},
               {"a: |\n  two\n  lines\n", "{\"a\":\"two\\nlines\\n\"}"}};
  for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) value = yaml_json_parse("x.yaml", CASES[i].yaml, strlen(CASES[i].yaml), &error);
    g_assert_no_error(error);
    g_autofree char *text = json_to_text(value, JSON_SORTED);
    g_assert_cmpstr(text, ==, CASES[i].json);
  }
  static const char *const WRONG[] = {"a: 1\na: 2\n", "a: [1\n", "? [x]\n: 1\n", "a: &x [*x]\n"};
  for (guint i = 0; i < G_N_ELEMENTS(WRONG); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(yaml_json_parse("x.yaml", WRONG[i], strlen(WRONG[i]), &error));
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL);
    g_assert_true(g_str_has_prefix(error->message, "x.yaml:"));
  }
}

static void test_breaker(void) {
  AiBreaker *breaker = ai_breaker_new();
  for (int i = 0; i < 4; i++) ai_breaker_failed(breaker, 0, 0);
  g_assert_true(ai_breaker_allows(breaker, 0));
  ai_breaker_failed(breaker, 0, 0);
  g_assert_false(ai_breaker_allows(breaker, 500000));
  g_assert_cmpint(ai_breaker_wait_ms(breaker, 500000), ==, 500);
  g_assert_true(ai_breaker_allows(breaker, 1000000));  /* the one trial */
  g_assert_false(ai_breaker_allows(breaker, 1000001)); /* nobody else meanwhile */
  ai_breaker_failed(breaker, 1000002, 0);
  g_assert_false(ai_breaker_allows(breaker, 2900000)); /* twice as long */
  g_assert_true(ai_breaker_allows(breaker, 3100000));
  ai_breaker_succeeded(breaker);
  g_assert_true(ai_breaker_allows(breaker, 3100001));
  ai_breaker_failed(breaker, 3200000, 7000);
  g_assert_cmpint(ai_breaker_wait_ms(breaker, 3200000), ==, 7000);
  ai_breaker_free(breaker);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ai/wire/bodies", test_bodies);
  g_test_add_func("/ai/wire/events", test_events);
  g_test_add_func("/ai/wire/retry_after", test_retry_after);
  g_test_add_func("/ai/wire/yaml", test_yaml);
  g_test_add_func("/ai/wire/breaker", test_breaker);
  return g_test_run();
}

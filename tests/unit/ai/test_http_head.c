/* Heads of HTTP requests: what they say, what is refused, and that nothing is read beyond them. */
#include <string.h>

#include "ai/http_head.h"

typedef struct {
  const char *text;
  int status;
} Refused;

static HttpHead head;

/* A copy of its size and the NUL after it, so that reading on would show. (transfer full) */
static char *read_copy(const char *text, gsize length, int *status) {
  char *copy = g_malloc(length + 1);
  memcpy(copy, text, length);
  copy[length] = '\0';
  *status = http_head_read(&head, copy, length);
  return copy;
}

static void test_request(void) {
  static const char TEXT[] = "POST /llm/a%20sync?id=x%2By&wait=+5&empty&=v HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\nX-Two:  a b \t\r\nx-two: second\r\nExpect: 100-Continue\r\n\r\n";
  int status;
  g_assert_cmpuint(http_head_find(TEXT, sizeof TEXT - 2), ==, 0);
  g_assert_cmpuint(http_head_find(TEXT, sizeof TEXT - 1), ==, sizeof TEXT - 1);
  g_autofree char *copy = read_copy(TEXT, sizeof TEXT - 1, &status);
  g_assert_cmpint(status, ==, 0);
  g_assert_cmpstr(head.method, ==, "POST");
  g_assert_cmpstr(head.path, ==, "/llm/a sync");
  g_assert_cmpstr(http_head_argument(&head, "id"), ==, "x+y");
  g_assert_cmpstr(http_head_argument(&head, "wait"), ==, " 5");
  g_assert_cmpstr(http_head_argument(&head, "empty"), ==, "");
  g_assert_null(http_head_argument(&head, "other"));
  g_assert_cmpstr(http_head_line(&head, "X-TWO"), ==, "a b");
  g_assert_null(http_head_line(&head, "X-Tw"));
  g_assert_cmpuint(head.length, ==, 12);
  g_assert_true(head.expects && !head.chunked && !head.close && !head.old);
}

static void test_connection(void) {
  static const struct {
    const char *text;
    gboolean close, chunked;
  } CASES[] = {{"GET / HTTP/1.1\r\n\r\n", FALSE, FALSE},
               {"GET / HTTP/1.0\r\n\r\n", TRUE, FALSE},
               {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", FALSE, FALSE},
               {"GET / HTTP/1.1\r\nConnection: upgrade, Close\r\n\r\n", TRUE, FALSE},
               {"GET http://host/ HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n", FALSE, TRUE}};
  for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
    int status;
    g_autofree char *copy = read_copy(CASES[i].text, strlen(CASES[i].text), &status);
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpstr(head.path, ==, "/");
    g_assert_cmpint(head.close, ==, CASES[i].close);
    g_assert_cmpint(head.chunked, ==, CASES[i].chunked);
  }
}

static void test_refused(void) {
  static const Refused CASES[] = {
      {"GET /\r\n\r\n", 400}, {"GET  / HTTP/1.1\r\n\r\n", 400}, {" GET / HTTP/1.1\r\n\r\n", 400}, {"GET / HTTP/2.0\r\n\r\n", 505}, {"GET / HTTX/1.1\r\n\r\n", 400},
      {"G(T / HTTP/1.1\r\n\r\n", 400}, {"GET /%zz HTTP/1.1\r\n\r\n", 400}, {"GET /%0 HTTP/1.1\r\n\r\n", 400}, {"GET /%00 HTTP/1.1\r\n\r\n", 400}, {"GET /#x HTTP/1.1\r\n\r\n", 400},
      {"GET http://host HTTP/1.1\r\n\r\n", 400}, {"GET / HTTP/1.1\r\nName\r\n\r\n", 400}, {"GET / HTTP/1.1\r\nName : x\r\n\r\n", 400}, {"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nA: b\nB: c\r\n\r\n", 400}, {"GET / HTTP/1.1\r\nA: b\rB: c\r\n\r\n", 400}, {"GET / HTTP/1.1\r\n: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400}, {"GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", 400}, {"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400}, {"GET / HTTP/1.1\r\nContent-Length:\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400}, {"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501}, {"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400}, {"GET / HTTP/1.1\r\nExpect: tea\r\n\r\n", 417},
      {"GET /?a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a HTTP/1.1\r\n\r\n", 400}, {"\r\n\r\n", 400},
  };
  for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
    int status;
    g_autofree char *copy = read_copy(CASES[i].text, strlen(CASES[i].text), &status);
    if (status != CASES[i].status) g_test_message("%s", CASES[i].text);
    g_assert_cmpint(status, ==, CASES[i].status);
  }
  int status;
  g_autofree char *nul = read_copy("GET / HTTP/1.1\r\nA: \0b\r\n\r\n", 26, &status);
  g_assert_cmpint(status, ==, 400);
  g_autoptr(GString) many = g_string_new("GET / HTTP/1.1\r\n");
  for (guint i = 0; i <= HTTP_HEAD_LINES; i++) g_string_append(many, "A: b\r\n");
  g_string_append(many, "\r\n");
  g_autofree char *copy = read_copy(many->str, many->len, &status);
  g_assert_cmpint(status, ==, 431);
}

/* Any byte another: it is read or refused, and what is read lies within the text. */
static void test_damaged(void) {
  static const char TEXT[] = "POST /v1/x?a=%41&b=c HTTP/1.1\r\nContent-Length: 12\r\nConnection: close\r\nX-Aisle-Team: red\r\n\r\n";
  gsize length = sizeof TEXT - 1;
  guint good = 0;
  for (gsize at = 0; at < length; at++) {
    for (int byte = 0; byte < 256; byte++) {
      char changed[sizeof TEXT];
      int status;
      memcpy(changed, TEXT, sizeof TEXT);
      changed[at] = (char)byte;
      g_autofree char *copy = read_copy(changed, length, &status);
      if (status != 0) continue;
      good++;
      g_assert_true(head.path >= copy && head.path + strlen(head.path) <= copy + length);
      for (guint i = 0; i < head.n_lines; i++) g_assert_true(head.lines[i].name >= copy && head.lines[i].value + strlen(head.lines[i].value) <= copy + length);
    }
  }
  g_assert_cmpuint(good, >, 1000);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ai/http_head/request", test_request);
  g_test_add_func("/ai/http_head/connection", test_connection);
  g_test_add_func("/ai/http_head/refused", test_refused);
  g_test_add_func("/ai/http_head/damaged", test_damaged);
  return g_test_run();
}

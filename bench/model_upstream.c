/* A provider that answers at once or after a fixed time, whole or as a stream: model_upstream PORT DELAY_MS. One thread over
 * epoll, so that what is measured is what stands before it. Prints "up" when it listens. */
#include <arpa/inet.h>
#include <glib.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 65536
#define EVENTS 256

static const char BODY[] = "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":"
                           "{\"role\":\"assistant\",\"content\":\"Total revenue in March was 12,345.67.\"},\"finish_reason\":\"stop\"}],"
                           "\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":9,\"total_tokens\":21}}";

typedef struct {
  int fd;
  gint64 due_us;
  gboolean stream;
} Waiting;

static GString *whole_reply(void) {
  GString *reply = g_string_new(NULL);
  g_string_printf(reply, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", sizeof BODY - 1, BODY);
  return reply;
}

static void append_chunk(GString *out, const char *delta, const char *finish) {
  g_autofree char *event = g_strdup_printf("data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\",\"choices\":[{\"index\":0,"
                                           "\"delta\":%s,\"finish_reason\":%s}]}\n\n", delta, finish);
  g_string_append_printf(out, "%zx\r\n%s\r\n", strlen(event), event);
}

static GString *stream_reply(void) {
  static const char *const WORDS[] = {"Total ", "revenue ", "in ", "March ", "was ", "12,345.67."};
  GString *reply = g_string_new("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (guint i = 0; i < G_N_ELEMENTS(WORDS); i++) {
    g_autofree char *delta = g_strdup_printf("{\"content\":\"%s\"}", WORDS[i]);
    append_chunk(reply, delta, "null");
  }
  append_chunk(reply, "{}", "\"stop\"");
  g_string_append(reply, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
  return reply;
}

static int listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((guint16)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1024) == 0 ? fd : -1;
}

static void answer(int fd, const GString *reply) {
  if (send(fd, reply->str, reply->len, MSG_NOSIGNAL) < 0) shutdown(fd, SHUT_RDWR);
}

static void accept_one(int epoll, int listening) {
  int fd = accept(listening, NULL, NULL), on = 1;
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (fd < 0) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Who left gets no answer: it would go to the next one whose connection has the same number. */
static void forget(GQueue *waiting, int fd) {
  for (GList *link = waiting->head, *next; link != NULL; link = next) {
    Waiting *entry = link->data;
    next = link->next;
    if (entry->fd != fd) continue;
    g_free(entry);
    g_queue_delete_link(waiting, link);
  }
}

int main(int argc, char **argv) {
  int port = argc > 1 ? (int)g_ascii_strtoll(argv[1], NULL, 10) : 0, delay_ms = argc > 2 ? (int)g_ascii_strtoll(argv[2], NULL, 10) : 0;
  int listening = listen_on(port), epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event first = {.events = EPOLLIN, .data.fd = listening}, events[EVENTS];
  if (listening < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &first) != 0) return 1;
  GString *whole = whole_reply(), *stream = stream_reply();
  GQueue waiting = G_QUEUE_INIT; /* the delay is the same for all: first in, first out */
  static char bytes[READ_BYTES + 1];
  printf("up\n");
  fflush(stdout);
  for (;;) {
    Waiting *next = g_queue_peek_head(&waiting);
    /* In nanoseconds: rounded up to milliseconds, how late an answer is would depend on who asked just before. */
    gint64 left_us = next == NULL ? 0 : MAX(0, next->due_us - g_get_monotonic_time());
    struct timespec wait = {.tv_sec = left_us / G_USEC_PER_SEC, .tv_nsec = left_us % G_USEC_PER_SEC * 1000};
    int n = epoll_pwait2(epoll, events, EVENTS, next == NULL ? NULL : &wait, NULL);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd == listening) {
        accept_one(epoll, listening);
        continue;
      }
      ssize_t size = recv(fd, bytes, READ_BYTES, 0);
      if (size <= 0) {
        forget(&waiting, fd);
        close(fd);
        continue;
      }
      bytes[size] = '\0';
      gboolean streamed = strstr(bytes, "\"stream\":true") != NULL;
      if (delay_ms == 0) {
        answer(fd, streamed ? stream : whole);
      } else {
        Waiting *entry = g_new(Waiting, 1);
        *entry = (Waiting){fd, g_get_monotonic_time() + delay_ms * 1000, streamed};
        g_queue_push_tail(&waiting, entry);
      }
    }
    while ((next = g_queue_peek_head(&waiting)) != NULL && next->due_us <= g_get_monotonic_time()) {
      answer(next->fd, next->stream ? stream : whole);
      g_free(g_queue_pop_head(&waiting));
    }
  }
}

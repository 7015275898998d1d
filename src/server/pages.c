/* The page and its parts: files that travel inside the program. */
#include "base/embedded.h"
#include "server/route.h"

static void reply_with_file(Reply *reply, const char *name, const char *media_type) {
  const EmbeddedFile *file = embedded_file_find(name);
  if (file == NULL) {
    reply_set_problem(reply, AISLE_ERROR_INTERNAL, "the program lacks a part of its page");
    return;
  }
  reply_set_bytes(reply, 200, media_type, g_bytes_new_static(file->bytes, file->length));
  reply->cacheable = TRUE;
}

void handle_page(const Call *call, Reply *reply) {
  (void)call;
  reply_with_file(reply, "page.html", "text/html; charset=utf-8");
}

void handle_page_script(const Call *call, Reply *reply) {
  (void)call;
  reply_with_file(reply, "page.js", "text/javascript; charset=utf-8");
}

void handle_page_chart(const Call *call, Reply *reply) {
  (void)call;
  reply_with_file(reply, "chart.js", "text/javascript; charset=utf-8");
}

void handle_page_style(const Call *call, Reply *reply) {
  (void)call;
  reply_with_file(reply, "page.css", "text/css; charset=utf-8");
}

void handle_page_icon(const Call *call, Reply *reply) {
  (void)call;
  reply_with_file(reply, "favicon.svg", "image/svg+xml");
}

/*
 * The head of an HTTP/1.1 request (RFC 9112): its line, its header lines, and how its body is framed. Strict where leniency lets
 * requests be smuggled past a proxy: lines end with CR LF, no folded lines, no space before a colon, one length or chunks and
 * never both. Pure; fuzzed through the server.
 */
#pragma once
#include <glib.h>

#define HTTP_HEAD_MAX (32u << 10)
#define HTTP_HEAD_LINES 100
#define HTTP_HEAD_ARGUMENTS 16

typedef struct {
  const char *name, *value;
} HttpField;

/* Everything points into the text that was read. */
typedef struct {
  const char *method, *path; /* the path without its escapes */
  HttpField lines[HTTP_HEAD_LINES], arguments[HTTP_HEAD_ARGUMENTS];
  guint n_lines, n_arguments;
  gboolean old;     /* HTTP/1.0 */
  gboolean close;   /* the connection is not kept */
  gboolean expects; /* 100-continue */
  gboolean chunked;
  guint64 length;   /* of the body; 0 with `chunked` */
} HttpHead;

/* Length of the head that `bytes` begin with, its empty line included; 0: it has not come as a whole. */
gsize http_head_find(const char *bytes, gsize length);
/* Reads the head in `text` (of `length` bytes, a NUL after them), which it takes apart. 0, or the status to refuse it with. */
int http_head_read(HttpHead *head, char *text, gsize length);
const char *http_head_line(const HttpHead *head, const char *name);         /* the first of that name; NULL */
const char *http_head_argument(const HttpHead *head, const char *name);     /* of the address, decoded; NULL */

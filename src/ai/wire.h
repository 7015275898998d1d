/*
 * HTTP/1.1 without TLS to a numeric address or localhost: what a model server beside us speaks, at a tenth of the cost of a
 * general client. Content-Length, chunked and until-close bodies; kept-alive connections; a kept connection that the
 * server closed meanwhile is replaced once. RFC 9112. Private to transport.c; belongs to one loop.
 */
#pragma once
#include "ai/transport.h"

typedef struct Wire Wire;
typedef struct WireTransfer WireTransfer;

Wire *wire_new(AiLoop *loop);
void wire_free(Wire *wire);
/* NULL: not for us (https, a name to look up, a proxy). As transport_post(). */
WireTransfer *wire_post(Wire *wire, const char *url, const char *const *headers, GBytes *body, gint64 timeout_ms,
                        const TransferEvents *events, gpointer data);
void wire_cancel(WireTransfer *transfer);
/* Takes one line "Name: value" of a reply's head. */
void wire_read_header(TransferHead *head, const char *line);

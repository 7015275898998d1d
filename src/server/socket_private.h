/* Between socket_hub.c (connections and frames) and socket_messages.c (what is said over them). */
#pragma once
#include <wslay/wslay.h>

#include "server/socket_hub.h"

typedef struct Socket Socket;

/* An answer on its way to a socket. */
typedef struct {
  Socket *socket;
  EventReader *reader;
  char *id, *ref; /* ref: JSON text; NULL */
} Flight;

struct Socket {
  SocketHub *hub;
  int fd;
  struct MHD_UpgradeResponseHandle *handle;
  wslay_event_context_ptr frames;
  GByteArray *early;   /* what came behind the request; NULL */
  GPtrArray *flights;  /* of Flight* */
  gint64 heard_us, pinged_us, closing_us; /* closing_us 0: open */
  gboolean broken;     /* nothing can be read or written any more */
  gboolean is_watched;
  guint32 watched;     /* of epoll */
};

/* A text message. On the hub's thread, as all below. */
void socket_receive(Socket *socket, const char *text, gsize length);
/* Takes events from the flights while there is room. */
void socket_pump(Socket *socket);
void socket_flight_free(gpointer flight);
ServerState *socket_hub_state(SocketHub *hub);
/* From any thread, under a stream's lock: there are events for this socket. */
void socket_hub_wake(gpointer flight);

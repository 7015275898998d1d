/* Where to listen. Loopback only, until there are accounts. */
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/base.h"

typedef struct {
  union {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
  } socket_address;
  gboolean ipv6;
  const char *host; /* as it stands in a URL; static */
} ListenAddress;
/* "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "8080". INVALID_ARGUMENT says why not. */
gboolean listen_address_parse(const char *text, ListenAddress *out, GError **error);

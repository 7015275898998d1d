#include "server/listen.h"

#include <arpa/inet.h>
#include <string.h>

static gboolean refuse(GError **error, const char *text) {
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT,
              "cannot listen on '%s': an address is HOST:PORT, like 127.0.0.1:8080", text);
  return FALSE;
}

static gboolean refuse_host(GError **error, const char *host) {
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT,
              "cannot listen on '%s': there are no accounts yet, so anyone who reached it could read the data. "
              "Listen on 127.0.0.1 (or localhost, ::1) and reach it from elsewhere through an SSH tunnel",
              host);
  return FALSE;
}

/* Loopback names, and what else is an address (refused with its reason). */
static gboolean parse_host(const char *host, ListenAddress *out, GError **error) {
  struct in_addr ipv4;
  out->ipv6 = FALSE;
  if (g_ascii_strcasecmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0) {
    out->host = "127.0.0.1";
  } else if (strcmp(host, "[::1]") == 0 || strcmp(host, "::1") == 0) {
    out->host = "[::1]";
    out->ipv6 = TRUE;
  } else {
    /* Other addresses of 127.0.0.0/8 are loopback too, but nobody's browser would take them for this machine. */
    if (inet_pton(AF_INET, host, &ipv4) == 1 && (ntohl(ipv4.s_addr) >> 24) == 127) return refuse(error, host);
    return refuse_host(error, host);
  }
  return TRUE;
}

gboolean listen_address_parse(const char *text, ListenAddress *out, GError **error) {
  memset(out, 0, sizeof *out);
  const char *colon = strrchr(text, ':');
  gboolean only_port = *text != '\0' && strspn(text, "0123456789") == strlen(text);
  g_autofree char *host = only_port ? g_strdup("127.0.0.1") : colon != NULL ? g_strndup(text, (gsize)(colon - text)) : NULL;
  const char *port_text = only_port ? text : colon != NULL ? colon + 1 : "";
  guint64 port;
  if (host == NULL || *host == '\0' || !g_ascii_string_to_unsigned(port_text, 10, 0, 65535, &port, NULL)) return refuse(error, text);
  if (!parse_host(host, out, error)) return FALSE;
  if (out->ipv6) {
    out->socket_address.ipv6.sin6_family = AF_INET6;
    out->socket_address.ipv6.sin6_addr = in6addr_loopback;
    out->socket_address.ipv6.sin6_port = htons((guint16)port);
  } else {
    out->socket_address.ipv4.sin_family = AF_INET;
    out->socket_address.ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    out->socket_address.ipv4.sin_port = htons((guint16)port);
  }
  return TRUE;
}

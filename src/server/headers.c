#include "server/headers.h"

#include <string.h>

gboolean headers_host_is_local(const char *host) {
  static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
  for (guint i = 0; host != NULL && i < G_N_ELEMENTS(names); i++) {
    gsize length = strlen(names[i]);
    if (g_ascii_strncasecmp(host, names[i], length) != 0) continue;
    const char *rest = host + length;
    if (*rest == '\0') return TRUE;
    if (*rest == ':' && strlen(rest) <= 6 && strspn(rest + 1, "0123456789") == strlen(rest + 1)) return TRUE;
  }
  return FALSE;
}

gboolean headers_origin_is_local(const char *origin) {
  const char *host = strstr(origin, "://");
  return host != NULL && headers_host_is_local(host + 3);
}

gboolean headers_is_json(const char *content_type) {
  static const char json[] = "application/json";
  if (content_type == NULL || g_ascii_strncasecmp(content_type, json, strlen(json)) != 0) return FALSE;
  g_autofree char *rest = g_strstrip(g_ascii_strdown(content_type + strlen(json), -1));
  if (*rest == '\0') return TRUE;
  if (*rest != ';') return FALSE;
  const char *parameter = rest + 1 + strspn(rest + 1, " \t");
  return *parameter == '\0' || strcmp(parameter, "charset=utf-8") == 0 || strcmp(parameter, "charset=\"utf-8\"") == 0;
}

/* Whether one member of an Accept list covers the type. Text is "type/subtype;q=0.5". */
static gboolean member_covers(char *member, const char *type, gsize type_length) {
  char *parameters = strchr(member, ';');
  if (parameters != NULL) *parameters++ = '\0';
  g_strstrip(member);
  for (; parameters != NULL; parameters = strchr(parameters, ';')) {
    parameters += strspn(parameters, "; \t");
    if (g_ascii_strncasecmp(parameters, "q=", 2) == 0 && g_ascii_strtod(parameters + 2, NULL) <= 0) return FALSE;
    if (*parameters == '\0') break;
  }
  if (strcmp(member, "*/*") == 0) return TRUE;
  gsize length = strlen(member);
  if (length >= 2 && strcmp(member + length - 2, "/*") == 0)
    return length - 1 <= type_length && g_ascii_strncasecmp(member, type, length - 1) == 0;
  return length == type_length && g_ascii_strncasecmp(member, type, type_length) == 0;
}

gboolean headers_accepts(const char *accept, const char *media_type) {
  if (accept == NULL || *accept == '\0' || strcmp(accept, "*/*") == 0) return TRUE;
  gsize type_length = strcspn(media_type, ";");
  g_auto(GStrv) members = g_strsplit(accept, ",", 64);
  for (char **member = members; *member != NULL; member++) {
    if (member_covers(*member, media_type, type_length)) return TRUE;
  }
  return FALSE;
}

gboolean headers_names(const char *accept, const char *media_type) {
  if (accept == NULL) return FALSE;
  g_auto(GStrv) members = g_strsplit(accept, ",", 64);
  for (char **member = members; *member != NULL; member++) {
    g_strchug(*member);
    if (**member != '*' && g_ascii_strncasecmp(*member, media_type, strlen(media_type)) == 0 &&
        member_covers(*member, media_type, strlen(media_type)))
      return TRUE;
  }
  return FALSE;
}

gboolean headers_accepts_encoding(const char *accept_encoding, const char *encoding) {
  if (accept_encoding == NULL) return FALSE;
  g_auto(GStrv) members = g_strsplit(accept_encoding, ",", 64);
  for (char **member = members; *member != NULL; member++) {
    char *parameters = strchr(*member, ';');
    if (parameters != NULL) *parameters++ = '\0';
    if (g_ascii_strcasecmp(g_strstrip(*member), encoding) != 0) continue;
    const char *weight = parameters != NULL ? strstr(parameters, "q=") : NULL;
    return weight == NULL || g_ascii_strtod(weight + 2, NULL) > 0;
  }
  return FALSE;
}

#include "object/credentials.h"

#include <pthread.h>
#include <string.h>

#include "base/http.h"

#define FILE_MAX ((gsize)1 << 20)
/* Renewed so long before they expire, so that no request leaves with dead ones. */
#define RENEW_BEFORE_MS 300000
#define METADATA_CONNECT_MS 1000
#define METADATA_STALL_MS 3000
#define METADATA_ANSWER_MS 10000
#define METADATA_HOST "http://169.254.169.254"
#define CONTAINER_HOST "http://169.254.170.2"

struct CredentialSource {
  pthread_mutex_t lock;
  Credentials *current;
  HttpClient *http;
};

static Credentials *credentials_new(const char *key_id, const char *secret, const char *token, gint64 expires_ms) {
  Credentials *credentials = g_new0(Credentials, 1);
  credentials->references = 1;
  credentials->key_id = g_strdup(key_id);
  credentials->secret = g_strdup(secret);
  credentials->token = token != NULL && *token != '\0' ? g_strdup(token) : NULL;
  credentials->expires_ms = expires_ms;
  return credentials;
}

static void wipe(char *secret) {
  if (secret != NULL) explicit_bzero(secret, strlen(secret));
  g_free(secret);
}

void credentials_unref(Credentials *credentials) {
  if (credentials == NULL || !g_atomic_int_dec_and_test(&credentials->references)) return;
  g_free(credentials->key_id);
  wipe(credentials->secret);
  wipe(credentials->token);
  g_free(credentials);
}

CredentialSource *credential_source_new(void) {
  CredentialSource *source = g_new0(CredentialSource, 1);
  pthread_mutex_init(&source->lock, NULL);
  source->http = http_client_new(&(HttpOptions){.connect_ms = METADATA_CONNECT_MS, .stall_ms = METADATA_STALL_MS});
  return source;
}

void credential_source_free(CredentialSource *source) {
  if (source == NULL) return;
  credentials_unref(source->current);
  http_client_free(source->http);
  pthread_mutex_destroy(&source->lock);
  g_free(source);
}

/* ---- environment and files ---- */

static const char *environment(const char *name) {
  const char *text = g_getenv(name);
  return text != NULL && *text != '\0' ? text : NULL;
}

static gboolean from_environment(Credentials **out, GError **error) {
  const char *key_id = environment("AWS_ACCESS_KEY_ID"), *secret = environment("AWS_SECRET_ACCESS_KEY");
  if (key_id == NULL && secret == NULL) return TRUE;
  if (key_id == NULL || secret == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN,
                "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither");
    return FALSE;
  }
  *out = credentials_new(key_id, secret, environment("AWS_SESSION_TOKEN"), 0);
  return TRUE;
}

GHashTable *credential_ini_section(const char *text, const char *section) {
  GHashTable *values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  gboolean inside = FALSE;
  for (char **line = lines; *line != NULL; line++) {
    gboolean nested = g_ascii_isspace(**line);
    char *trimmed = g_strstrip(*line), *equals = strchr(trimmed, '=');
    if (*trimmed == '#' || *trimmed == ';' || *trimmed == '\0') continue;
    if (*trimmed == '[') {
      char *end = strchr(trimmed, ']');
      if (end != NULL) *end = '\0';
      inside = strcmp(g_strstrip(trimmed + 1), section) == 0;
    } else if (inside && !nested && equals != NULL) {
      *equals = '\0';
      g_hash_table_replace(values, g_ascii_strdown(g_strchomp(trimmed), -1), g_strdup(g_strchug(equals + 1)));
    }
  }
  return values;
}

static const char *profile_name(void) {
  const char *name = environment("AWS_PROFILE");
  return name != NULL ? name : "default";
}

/* NULL where there is no such file, or it is unreasonably large. (transfer full) */
static GHashTable *read_section(const char *variable, const char *usual, const char *section) {
  const char *set = environment(variable);
  g_autofree char *path = set != NULL ? g_strdup(set) : g_build_filename(g_get_home_dir(), ".aws", usual, NULL);
  g_autofree char *text = NULL;
  gsize length;
  if (!g_file_get_contents(path, &text, &length, NULL) || length > FILE_MAX) return NULL;
  return credential_ini_section(text, section);
}

static GHashTable *read_configuration(void) {
  const char *profile = profile_name();
  g_autofree char *section =
      strcmp(profile, "default") == 0 ? g_strdup(profile) : g_strconcat("profile ", profile, NULL);
  return read_section("AWS_CONFIG_FILE", "config", section);
}

char *credential_profile_region(void) {
  g_autoptr(GHashTable) values = read_configuration();
  return values != NULL ? g_strdup(g_hash_table_lookup(values, "region")) : NULL;
}

static Credentials *from_section(GHashTable *values) {
  if (values == NULL) return NULL;
  const char *key_id = g_hash_table_lookup(values, "aws_access_key_id"),
             *secret = g_hash_table_lookup(values, "aws_secret_access_key");
  if (key_id == NULL || secret == NULL) return NULL;
  return credentials_new(key_id, secret, g_hash_table_lookup(values, "aws_session_token"), 0);
}

static Credentials *from_files(void) {
  g_autoptr(GHashTable) credentials = read_section("AWS_SHARED_CREDENTIALS_FILE", "credentials", profile_name());
  Credentials *found = from_section(credentials);
  if (found != NULL) return found;
  g_autoptr(GHashTable) configuration = read_configuration();
  return from_section(configuration);
}

/* ---- services ---- */

/* The body of a successful answer as text; NULL with an error otherwise. (transfer full) */
static char *ask(CredentialSource *source, const char *method, const char *url, const char *header, Deadline deadline,
                 GError **error) {
  const char *headers[] = {header, NULL};
  Deadline soon = deadline_in_ms(MIN(deadline_left_ms(deadline), METADATA_ANSWER_MS), deadline.cancelled);
  HttpRequest request = {.method = method, .url = url, .headers = headers, .deadline = soon, .max_body = 64 << 10};
  g_auto(HttpResponse) response = {0};
  if (!http_client_send(source->http, &request, &response, error)) return NULL;
  if (response.status == 200) return g_strstrip(g_strndup((const char *)response.body->data, response.body->len));
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN, "the credentials service answered with status %d",
              response.status);
  return NULL;
}

static gint64 parse_time_ms(const char *text) {
  g_autoptr(GDateTime) time = text != NULL ? g_date_time_new_from_iso8601(text, NULL) : NULL;
  return time != NULL ? g_date_time_to_unix(time) * 1000 : 0;
}

static Credentials *from_json(const char *text, GError **error) {
  g_autoptr(json_t) answer = json_parse(text, strlen(text), error);
  if (answer == NULL) {
    g_prefix_error(error, "the credentials service: ");
    return NULL;
  }
  const char *key_id = json_get_string(answer, "AccessKeyId"), *secret = json_get_string(answer, "SecretAccessKey");
  if (key_id == NULL || secret == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN,
                "the credentials service gave no AccessKeyId and SecretAccessKey");
    return NULL;
  }
  return credentials_new(key_id, secret, json_get_string(answer, "Token"),
                         parse_time_ms(json_get_string(answer, "Expiration")));
}

/* The token must not travel in the clear beyond this machine and its host. */
static gboolean is_safe_container_url(const char *url) {
  static const char *const SAFE[] = {"https://",     "http://127.0.0.1", "http://localhost",
                                     "http://[::1]", CONTAINER_HOST,     "http://169.254.170.23"};
  for (guint i = 0; i < G_N_ELEMENTS(SAFE); i++) {
    if (!g_str_has_prefix(url, SAFE[i])) continue;
    char next = url[strlen(SAFE[i])];
    if (i == 0 || next == ':' || next == '/' || next == '\0') return TRUE;
  }
  return FALSE;
}

/* "Authorization: …" as the container's environment says; NULL: none. (transfer full) */
static char *container_header(void) {
  const char *token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
             *file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  g_autofree char *text = NULL;
  if (file != NULL && g_file_get_contents(file, &text, NULL, NULL)) token = g_strstrip(text);
  return token != NULL && strpbrk(token, "\r\n") == NULL ? g_strconcat("Authorization: ", token, NULL) : NULL;
}

static gboolean from_container(CredentialSource *source, Credentials **out, Deadline deadline, GError **error) {
  const char *full = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
             *relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  if (full == NULL && relative == NULL) return TRUE;
  g_autofree char *url = relative != NULL ? g_strconcat(CONTAINER_HOST, relative, NULL) : g_strdup(full);
  if (!is_safe_container_url(url)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or an address of this machine or container host");
    return FALSE;
  }
  g_autofree char *header = container_header();
  g_autofree char *answer = ask(source, "GET", url, header, deadline, error);
  *out = answer != NULL ? from_json(answer, error) : NULL;
  return *out != NULL;
}

static gboolean from_instance(CredentialSource *source, Credentials **out, Deadline deadline, GError **error) {
  const char *disabled = environment("AWS_EC2_METADATA_DISABLED"),
             *host = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (disabled != NULL && g_ascii_strcasecmp(disabled, "true") == 0) return TRUE;
  g_autofree char *base = g_strdup(host != NULL ? host : METADATA_HOST);
  if (g_str_has_suffix(base, "/")) base[strlen(base) - 1] = '\0';
  g_autofree char *token_url = g_strconcat(base, "/latest/api/token", NULL);
  g_autofree char *token =
      ask(source, "PUT", token_url, "X-aws-ec2-metadata-token-ttl-seconds: 21600", deadline, error);
  /* Most machines are no cloud instance: there nobody answers, and that is no error of its own. */
  if (token == NULL || strpbrk(token, "\r\n") != NULL) return FALSE;
  g_autofree char *header = g_strconcat("X-aws-ec2-metadata-token: ", token, NULL);
  g_autofree char *role_url = g_strconcat(base, "/latest/meta-data/iam/security-credentials/", NULL);
  g_autofree char *role = ask(source, "GET", role_url, header, deadline, error);
  if (role == NULL) return FALSE;
  role[strcspn(role, "\r\n")] = '\0';
  g_autofree char *escaped = http_escape(role, FALSE);
  g_autofree char *url = g_strconcat(role_url, escaped, NULL);
  g_autofree char *answer = ask(source, "GET", url, header, deadline, error);
  *out = answer != NULL ? from_json(answer, error) : NULL;
  return *out != NULL;
}

/* ---- the chain ---- */

static Credentials *look_up(CredentialSource *source, Deadline deadline, GError **error) {
  Credentials *found = NULL;
  if (!from_environment(&found, error)) return NULL;
  if (found == NULL) found = from_files();
  if (found == NULL && !from_container(source, &found, deadline, error)) return NULL;
  g_autoptr(GError) reason = NULL;
  if (found == NULL && !from_instance(source, &found, deadline, &reason) && !deadline_check(deadline, error))
    return NULL;
  if (found == NULL)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN,
                "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them to "
                "~/.aws/credentials%s%s%s",
                reason != NULL ? " (the instance's metadata service: " : "", reason != NULL ? reason->message : "",
                reason != NULL ? ")" : "");
  return found;
}

static gboolean same(const Credentials *a, const Credentials *b) {
  return strcmp(a->key_id, b->key_id) == 0 && strcmp(a->secret, b->secret) == 0 && g_strcmp0(a->token, b->token) == 0;
}

static gboolean is_fresh(const Credentials *credentials) {
  return credentials->expires_ms == 0 || g_get_real_time() / 1000 < credentials->expires_ms - RENEW_BEFORE_MS;
}

static Credentials *get_locked(CredentialSource *source, const Credentials *refused, Deadline deadline,
                               GError **error) {
  if (source->current != NULL && is_fresh(source->current) && (refused == NULL || !same(source->current, refused)))
    return source->current;
  Credentials *found = look_up(source, deadline, error);
  if (found == NULL) return NULL;
  if (refused != NULL && same(found, refused)) {
    credentials_unref(found);
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN,
                "the AWS credentials have expired: renew them and try again");
    return NULL;
  }
  credentials_unref(source->current);
  return source->current = found;
}

Credentials *credential_source_get(CredentialSource *source, const Credentials *refused, Deadline deadline,
                                   GError **error) {
  /* One thread looks them up, the others wait for it: each step of the chain has its own short limit. */
  pthread_mutex_lock(&source->lock);
  Credentials *credentials = get_locked(source, refused, deadline, error);
  if (credentials != NULL) g_atomic_int_inc(&credentials->references);
  pthread_mutex_unlock(&source->lock);
  return credentials;
}

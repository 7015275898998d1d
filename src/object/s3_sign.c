/* Signature version 4. libcurl's own leaves out the payload header and does not sort the query, so we sign ourselves.
 */
#include <string.h>

#include "object/s3.h"

char *s3_time_text(gint64 time_s) {
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(time_s);
  return g_date_time_format(time, "%Y%m%dT%H%M%SZ");
}

#define DIGEST_BYTES 32

static void hmac(const guint8 *key, gsize key_length, const char *text, guint8 out[DIGEST_BYTES]) {
  GHmac *state = g_hmac_new(G_CHECKSUM_SHA256, key, key_length);
  gsize length = DIGEST_BYTES;
  g_hmac_update(state, (const guchar *)text, -1);
  g_hmac_get_digest(state, out, &length);
  g_hmac_unref(state);
}

static char *signature_of(const S3Signing *signing, const char *date, const char *text) {
  guint8 key[DIGEST_BYTES];
  g_autofree char *secret = g_strconcat("AWS4", signing->credentials->secret, NULL);
  hmac((const guint8 *)secret, strlen(secret), date, key);
  explicit_bzero(secret, strlen(secret));
  hmac(key, sizeof key, signing->region, key);
  hmac(key, sizeof key, "s3", key);
  hmac(key, sizeof key, "aws4_request", key);
  char *signature = g_compute_hmac_for_string(G_CHECKSUM_SHA256, key, sizeof key, text, -1);
  explicit_bzero(key, sizeof key);
  return signature;
}

char *s3_sign(const S3Signing *signing) {
  const Credentials *credentials = signing->credentials;
  g_autofree char *time = s3_time_text(signing->time_s), *date = g_strndup(time, 8);
  g_autoptr(GString) canonical = g_string_new(NULL);
  g_string_append_printf(canonical, "%s\n%s\n%s\nhost:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\n", signing->method,
                         signing->path, signing->query != NULL ? signing->query : "", signing->host,
                         signing->payload_hash, time);
  const char *names = "host;x-amz-content-sha256;x-amz-date";
  if (credentials->token != NULL) {
    g_string_append_printf(canonical, "x-amz-security-token:%s\n", credentials->token);
    names = "host;x-amz-content-sha256;x-amz-date;x-amz-security-token";
  }
  g_string_append_printf(canonical, "\n%s\n%s", names, signing->payload_hash);
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, canonical->str, (gssize)canonical->len);
  g_autofree char *scope = g_strdup_printf("%s/%s/s3/aws4_request", date, signing->region);
  g_autofree char *text = g_strdup_printf("AWS4-HMAC-SHA256\n%s\n%s\n%s", time, scope, hash);
  g_autofree char *signature = signature_of(signing, date, text);
  return g_strdup_printf("Authorization: AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s",
                         credentials->key_id, scope, names, signature);
}

#include "server/asset.h"

#include <string.h>
#include <zlib.h>

#include "server/headers.h"

const Asset *asset_find(const char *path) {
  for (const Asset *asset = page_assets; asset->path != NULL; asset++) {
    if (strcmp(asset->path, path) == 0) return asset;
  }
  return NULL;
}

void asset_body_clear(AssetBody *body) {
  g_clear_pointer(&body->bytes, g_bytes_unref);
}

gboolean asset_is_known(const Asset *asset, const char *if_none_match) {
  if (if_none_match == NULL) return FALSE;
  g_auto(GStrv) tags = g_strsplit(if_none_match, ",", 16);
  for (char **tag = tags; *tag != NULL; tag++) {
    const char *text = g_strstrip(*tag);
    if (g_str_has_prefix(text, "W/")) text += 2;
    if (strcmp(text, "*") == 0 || strcmp(text, asset->etag) == 0) return TRUE;
  }
  return FALSE;
}

/* gzip, because zlib can undo it; its length is known beforehand. NULL: damaged. */
static GBytes *unpack(const Asset *asset) {
  z_stream stream = {0};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return NULL;
  g_autofree unsigned char *out = g_malloc(asset->length + 1);
  stream.next_in = (unsigned char *)asset->gzip.bytes;
  stream.avail_in = (uInt)asset->gzip.length;
  stream.next_out = out;
  stream.avail_out = (uInt)asset->length + 1;
  int status = inflate(&stream, Z_FINISH);
  gsize length = stream.total_out;
  inflateEnd(&stream);
  if (status != Z_STREAM_END || length != asset->length) return NULL;
  return g_bytes_new_take(g_steal_pointer(&out), length);
}

gboolean asset_body(const Asset *asset, const char *accept_encoding, AssetBody *out) {
  const char *encoding = NULL;
  const AssetContent *content = &asset->identity;
  if (asset->brotli.bytes != NULL && headers_accepts_encoding(accept_encoding, "br")) {
    encoding = "br";
    content = &asset->brotli;
  } else if (asset->gzip.bytes != NULL && headers_accepts_encoding(accept_encoding, "gzip")) {
    encoding = "gzip";
    content = &asset->gzip;
  }
  GBytes *bytes = content->bytes != NULL ? g_bytes_new_static(content->bytes, content->length) : unpack(asset);
  if (bytes == NULL) return FALSE;
  *out = (AssetBody){.encoding = encoding, .bytes = bytes};
  return TRUE;
}

/* The page and its parts: files that travel inside the program. */
#include "server/asset.h"
#include "server/route.h"

static void reply_with_asset(const Call *call, const char *path, Reply *reply) {
  const Asset *asset = asset_find(path);
  if (asset == NULL) {
    reply_refuse(reply, HTTP_NO_ROUTE, "the page has no such part; an older page may be open: load it anew");
    return;
  }
  AssetBody body = {0};
  gboolean known = asset_is_known(asset, call->if_none_match);
  if (known) {
    body.bytes = g_bytes_new_static("", 0);
  } else if (!asset_body(asset, call->accept_encoding, &body)) {
    reply_set_problem(reply, AISLE_ERROR_INTERNAL, "a part of the page inside the program is damaged");
    return;
  }
  reply_set_bytes(reply, known ? 304 : 200, asset->media_type, body.bytes);
  reply->encoding = body.encoding;
  reply->etag = asset->etag;
  reply->keep = asset->immutable ? REPLY_KEEP_FOREVER : REPLY_KEEP_CHECKED;
}

void handle_page(const Call *call, Reply *reply) {
  reply_with_asset(call, "/", reply);
}

void handle_page_part(const Call *call, Reply *reply) {
  g_autofree char *path = g_strconcat("/assets/", call->texts[0], NULL);
  reply_with_asset(call, path, reply);
}

void handle_page_icon(const Call *call, Reply *reply) {
  reply_with_asset(call, "/favicon.svg", reply);
}

/* The page's files, which travel inside the program: made at build time of web/ by scripts/build_page.py. Immutable. */
#pragma once
#include <glib.h>

typedef struct {
  const char *bytes; /* NULL: not kept in this encoding */
  gsize length;
} AssetContent;

/* Text is kept as gzip and Brotli; what is compressed in itself only as it is. */
typedef struct {
  const char *path;       /* "/", "/assets/index-1a2b3c.js"; NULL ends the table */
  const char *media_type;
  const char *etag;       /* of the content, quoted */
  gboolean immutable;     /* the path names the content: it may be kept for ever */
  gsize length;           /* as it is */
  AssetContent identity, gzip, brotli;
} Asset;
extern const Asset page_assets[];
/* NULL: no such file. (transfer none) */
const Asset *asset_find(const char *path);

typedef struct {
  const char *encoding; /* for Content-Encoding; NULL: as it is */
  GBytes *bytes;        /* owned by the caller */
} AssetBody;
void asset_body_clear(AssetBody *body);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AssetBody, asset_body_clear)
/*
 * The smallest form that the client takes; `accept_encoding` is its header or NULL. Whoever takes neither encoding gets
 * the file unpacked. FALSE: the file in the program is damaged.
 */
gboolean asset_body(const Asset *asset, const char *accept_encoding, AssetBody *out);
/* Whether a list of If-None-Match names this file. NULL: no. */
gboolean asset_is_known(const Asset *asset, const char *if_none_match);

/*
 * The Batch API of Gemini (ai.google.dev/api/batch-api, with ai.google.dev/api/files): a file of JSON lines {key, request} is uploaded by
 * the resumable protocol in one piece, a batch made of it; the results are a file of lines {key, response} or {key, error}.
 */
#include <string.h>

#include "ai/provider_batch.h"

#define LIST_PAGE 100
#define LIST_MOST_PAGES 20
#define FILE_TYPE "application/jsonl"
/* google.rpc.Code of a request that is wrong in itself. */
#define INVALID_ARGUMENT 3

static char *address(const AiBatchPeer *peer, const char *path) {
  return g_strdup_printf("%s/%s", peer->route->provider->url, path);
}

/* Uploads have their own address before that of the version: /upload/v1beta/files. (transfer full) */
static char *upload_address(const AiBatchPeer *peer) {
  const char *url = peer->route->provider->url, *host = strstr(url, "://") + 3, *version = strrchr(host, '/');
  if (version == NULL) version = url + strlen(url);
  return g_strdup_printf("%.*s/upload%s/files", (int)(version - url), url, version);
}

/* "batches/x" -> "x", as part of an address; NULL: it is no such name. (transfer full) */
static char *id_of(const char *name, const char *collection) {
  gsize n = strlen(collection);
  if (name == NULL || strncmp(name, collection, n) != 0 || name[n] != '/') return NULL;
  const char *id = name + n + 1;
  return *id != '\0' && strspn(id, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_") == strlen(id) ? g_strdup(id) : NULL;
}

static char *take_id(json_t *reply, const char *name, const char *collection, GError **error) {
  char *id = id_of(name, collection);
  if (reply != NULL && id == NULL) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "the reply has no name");
  json_decref(reply);
  return id;
}

static json_t *entry(const AiRoute *route, const char *id, json_t *native) {
  (void)route;
  return json_pack("{s:s, s:o}", "key", id, "request", native);
}

/* Our key and data go to the host that the configuration names, wherever the answer points. */
static gboolean is_same_host(const AiBatchPeer *peer, const char *url) {
  const char *ours = peer->route->provider->url, *host = strstr(ours, "://") + 3;
  gsize length = (gsize)(host - ours) + strcspn(host, "/");
  return url != NULL && strncmp(url, ours, length) == 0 && (url[length] == '/' || url[length] == '?');
}

static char *start_upload(const AiBatchPeer *peer, const char *id, gsize length, GError **error) {
  g_autofree char *url = upload_address(peer), *size = g_strdup_printf("X-Goog-Upload-Header-Content-Length: %zu", length);
  const char *const headers[] = {"X-Goog-Upload-Protocol: resumable", "X-Goog-Upload-Command: start", size, "X-Goog-Upload-Header-Content-Type: " FILE_TYPE, NULL};
  g_autoptr(json_t) about = json_pack("{s:{s:s}}", "file", "displayName", id);
  g_autofree char *text = json_to_text(about, JSON_PLAIN);
  g_auto(HttpResponse) response = {0};
  AiBatchBody body = {"application/json", text, strlen(text), headers};
  if (!ai_batch_exchange(peer, "POST", url, &body, &response, error)) return NULL;
  const char *where = http_response_header(&response, "x-goog-upload-url");
  if (is_same_host(peer, where)) return g_strdup(where);
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "the reply does not say where to upload to, or names another host");
  return NULL;
}

static gboolean upload(const AiBatchPeer *peer, const char *id, const GPtrArray *entries, char **file, GError **error) {
  static const char *const HEADERS[] = {"X-Goog-Upload-Offset: 0", "X-Goog-Upload-Command: upload, finalize", NULL};
  g_autoptr(GString) lines = g_string_new(NULL);
  for (guint i = 0; i < entries->len; i++) g_string_append_printf(lines, "%s\n", (const char *)g_ptr_array_index(entries, i));
  g_autofree char *where = start_upload(peer, id, lines->len, error);
  if (where == NULL) return FALSE;
  AiBatchBody body = {FILE_TYPE, lines->str, lines->len, HEADERS};
  json_t *reply = ai_batch_send_body(peer, "POST", where, &body, error);
  *file = take_id(reply, json_get_string(json_object_get(reply, "file"), "name"), "files", error);
  return *file != NULL;
}

static gboolean create(const AiBatchPeer *peer, const char *id, const GPtrArray *entries, const char *file, char **remote, GError **error) {
  (void)entries;
  g_autofree char *model = g_uri_escape_string(peer->route->model, NULL, FALSE), *path = g_strdup_printf("models/%s:batchGenerateContent", model);
  g_autofree char *url = address(peer, path), *name = g_strconcat("files/", file, NULL);
  g_autoptr(json_t) wanted = json_pack("{s:{s:s, s:{s:s}}}", "batch", "displayName", id, "inputConfig", "fileName", name);
  g_autofree char *text = json_to_text(wanted, JSON_PLAIN);
  json_t *reply = ai_batch_send(peer, "POST", url, "application/json", text, strlen(text), error);
  *remote = take_id(reply, json_get_string(reply, "name"), "batches", error);
  return *remote != NULL;
}

/* Our id is the batch's display name. Nothing says in which order they are listed: all pages are looked at. */
static AiBatchFound find(const AiBatchPeer *peer, const AiBatchSought *sought, char **remote, GError **error) {
  g_autofree char *token = NULL;
  for (int page = 0; page < LIST_MOST_PAGES; page++) {
    g_autofree char *escaped = token != NULL ? g_uri_escape_string(token, NULL, FALSE) : NULL;
    g_autofree char *path = g_strdup_printf("batches?pageSize=%d%s%s", LIST_PAGE, escaped != NULL ? "&pageToken=" : "", escaped != NULL ? escaped : "");
    g_autofree char *url = address(peer, path);
    g_autoptr(json_t) list = ai_batch_send(peer, "GET", url, NULL, NULL, 0, error);
    if (list == NULL) return AI_BATCH_ASKING_FAILED;
    json_t *items = json_object_get(list, "operations"), *item;
    gsize index;
    json_array_foreach(items, index, item) {
      if (g_strcmp0(json_get_string(json_object_get(item, "metadata"), "displayName"), sought->id) != 0) continue;
      *remote = id_of(json_get_string(item, "name"), "batches");
      if (*remote != NULL) return AI_BATCH_FOUND;
    }
    g_free(token);
    token = g_strdup(json_get_string(list, "nextPageToken"));
    if (token == NULL || *token == '\0') return AI_BATCH_NOT_THERE;
  }
  return AI_BATCH_NOT_SURE;
}

/* Their 64-bit numbers are texts. */
static gint64 number_of(const json_t *object, const char *key) {
  const char *text = json_get_string(object, key);
  return text != NULL ? g_ascii_strtoll(text, NULL, 10) : json_get_int(object, key, 0);
}

static gboolean look(const AiBatchPeer *peer, const char *remote, AiBatchStatus *status, GError **error) {
  static const char *const OVER[] = {"BATCH_STATE_SUCCEEDED", "BATCH_STATE_FAILED", "BATCH_STATE_CANCELLED", "BATCH_STATE_EXPIRED", NULL};
  g_autofree char *path = g_strconcat("batches/", remote, NULL), *url = address(peer, path);
  g_autoptr(json_t) operation = ai_batch_send(peer, "GET", url, NULL, NULL, 0, error);
  if (operation == NULL) return FALSE;
  const json_t *batch = json_object_get(operation, "metadata"), *counts = json_object_get(batch, "batchStats");
  const char *state = json_get_string(batch, "state"), *output = json_get_string(json_object_get(operation, "response"), "responsesFile");
  if (output == NULL) output = json_get_string(json_object_get(batch, "output"), "responsesFile");
  gint64 total = number_of(counts, "requestCount"), done = number_of(counts, "successfulRequestCount") + number_of(counts, "failedRequestCount");
  status->over = json_get_bool(operation, "done", FALSE) || (state != NULL && g_strv_contains(OVER, state));
  status->percent = total > 0 ? (int)CLAMP(done * 100 / total, 0, 100) : 0;
  status->output = id_of(output, "files");
  if (g_strcmp0(state, "BATCH_STATE_FAILED") != 0) return TRUE;
  const char *reason = json_get_string(json_object_get(operation, "error"), "message");
  status->reason = g_strdup(reason != NULL ? reason : "it failed");
  return TRUE;
}

static gboolean on_line(const json_t *line, gpointer data) {
  const AiBatchReader *reader = data;
  const char *id = json_get_string(line, "key");
  const json_t *answer = json_object_get(line, "response"), *failure = json_object_get(line, "error");
  if (id == NULL) return TRUE;
  if (json_is_object(answer)) return reader->result(id, AI_BATCH_ANSWERED, answer, NULL, reader->data);
  gint64 code = json_get_int(failure, "code", 0);
  gboolean refused = code == INVALID_ARGUMENT || code == 400;
  return reader->result(id, refused ? AI_BATCH_REFUSED : AI_BATCH_UNDONE, NULL, json_get_string(failure, "message"), reader->data);
}

static gboolean read_results(const AiBatchPeer *peer, const char *remote, const AiBatchStatus *status, AiBatchResult result, gpointer data, GError **error) {
  (void)remote;
  AiBatchReader reader = {result, data};
  if (status->output == NULL) return TRUE;
  g_autofree char *path = g_strdup_printf("files/%s:download?alt=media", status->output), *url = address(peer, path);
  return ai_batch_read_lines(peer, url, on_line, &reader, error);
}

static gboolean cancel(const AiBatchPeer *peer, const char *remote, GError **error) {
  g_autofree char *path = g_strdup_printf("batches/%s:cancel", remote), *url = address(peer, path);
  g_autoptr(json_t) reply = ai_batch_send(peer, "POST", url, "application/json", "{}", 2, error);
  return reply != NULL;
}

static void delete(const AiBatchPeer *peer, const char *collection, const char *id) {
  if (id == NULL) return;
  g_autofree char *path = g_strdup_printf("%s/%s", collection, id), *url = address(peer, path);
  json_decref(ai_batch_send(peer, "DELETE", url, NULL, NULL, 0, NULL));
}

static void forget(const AiBatchPeer *peer, const char *remote, const char *file, const AiBatchStatus *status) {
  delete(peer, "batches", remote);
  delete(peer, "files", file);
  delete(peer, "files", status->output);
}

const AiBatchProvider ai_batch_provider_gemini = {entry, upload, create, find, look, read_results, cancel, forget};

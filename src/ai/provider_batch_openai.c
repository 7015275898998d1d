/*
 * The Batch API of OpenAI (platform.openai.com/docs/api-reference/batch), and Azure's, which is the same below /openai: a file
 * of JSON lines is uploaded, a batch made of it; results are two files of lines, one of answers and one of errors.
 */
#include <string.h>

#include "ai/provider_batch.h"

#define WINDOW "24h"
#define METADATA "aisle_batch"
#define LIST_PAGE 100
#define LIST_MOST_PAGES 20
/* Their clock and ours. */
#define CLOCK_SLACK_MS (5 * 60000)

static gboolean is_azure(const AiRoute *route) {
  return route->provider->type == AI_PROVIDER_AZURE;
}

/* `query`: without '?'; may be NULL. (transfer full) */
static char *address(const AiBatchPeer *peer, const char *path, const char *query) {
  const AiProviderConfig *provider = peer->route->provider;
  g_autoptr(GString) url = g_string_new(provider->url);
  g_string_append_printf(url, "%s/%s", is_azure(peer->route) ? "/openai" : "", path);
  if (is_azure(peer->route)) g_string_append_printf(url, "?api-version=%s", provider->api_version != NULL ? provider->api_version : "2024-10-21");
  if (query != NULL) g_string_append_printf(url, "%c%s", is_azure(peer->route) ? '&' : '?', query);
  return g_strdup(url->str);
}

static const char *endpoint(const AiRoute *route) {
  return is_azure(route) ? "/chat/completions" : "/v1/chat/completions";
}

static json_t *entry(const AiRoute *route, const char *id, json_t *native) {
  json_object_set_new(native, "model", json_string(route->model));
  return json_pack("{s:s, s:s, s:s, s:o}", "custom_id", id, "method", "POST", "url", endpoint(route), "body", native);
}

static char *take_id(json_t *reply, GError **error) {
  char *id = g_strdup(json_get_string(reply, "id"));
  if (reply != NULL && id == NULL) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "the reply has no id");
  json_decref(reply);
  return id;
}

static gboolean upload(const AiBatchPeer *peer, const char *id, const GPtrArray *entries, char **file, GError **error) {
  g_autofree char *url = address(peer, "files", NULL), *boundary = g_strdup_printf("aisle-%08x%08x%08x", g_random_int(), g_random_int(), g_random_int());
  g_autofree char *type = g_strconcat("multipart/form-data; boundary=", boundary, NULL);
  g_autoptr(GString) body = g_string_new(NULL);
  g_string_append_printf(body, "--%s\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n", boundary);
  g_string_append_printf(body, "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s.jsonl\"\r\nContent-Type: application/jsonl\r\n\r\n", boundary, id);
  for (guint i = 0; i < entries->len; i++) g_string_append_printf(body, "%s\n", (const char *)g_ptr_array_index(entries, i));
  g_string_append_printf(body, "\r\n--%s--\r\n", boundary);
  *file = take_id(ai_batch_send(peer, "POST", url, type, body->str, body->len, error), error);
  return *file != NULL;
}

static gboolean create(const AiBatchPeer *peer, const char *id, const GPtrArray *entries, const char *file, char **remote, GError **error) {
  (void)entries;
  g_autofree char *url = address(peer, "batches", NULL);
  g_autoptr(json_t) wanted = json_pack("{s:s, s:s, s:s, s:{s:s}}", "input_file_id", file, "endpoint", endpoint(peer->route), "completion_window", WINDOW,
                                       "metadata", METADATA, id);
  g_autofree char *text = json_to_text(wanted, JSON_PLAIN);
  *remote = take_id(ai_batch_send(peer, "POST", url, "application/json", text, strlen(text), error), error);
  return *remote != NULL;
}

/* Our id stands in the batch's metadata. */
static AiBatchFound find(const AiBatchPeer *peer, const AiBatchSought *sought, char **remote, GError **error) {
  g_autofree char *after = NULL;
  for (int page = 0; page < LIST_MOST_PAGES; page++) {
    g_autofree char *query = after != NULL ? g_strdup_printf("limit=%d&after=%s", LIST_PAGE, after) : g_strdup_printf("limit=%d", LIST_PAGE);
    g_autofree char *url = address(peer, "batches", query);
    g_autoptr(json_t) list = ai_batch_send(peer, "GET", url, NULL, NULL, 0, error);
    if (list == NULL) return AI_BATCH_ASKING_FAILED;
    json_t *items = json_object_get(list, "data"), *item;
    gsize index;
    json_array_foreach(items, index, item) {
      const char *id = json_get_string(item, "id");
      if (id != NULL && g_strcmp0(json_get_string(json_object_get(item, "metadata"), METADATA), sought->id) == 0) {
        *remote = g_strdup(id);
        return AI_BATCH_FOUND;
      }
      g_free(after);
      after = g_strdup(id);
      if (json_get_int(item, "created_at", G_MAXINT64 / 1000) * 1000 < sought->since_ms - CLOCK_SLACK_MS) return AI_BATCH_NOT_THERE;
    }
    if (!json_get_bool(list, "has_more", FALSE) || after == NULL) return AI_BATCH_NOT_THERE;
  }
  return AI_BATCH_NOT_SURE;
}

static gboolean look(const AiBatchPeer *peer, const char *remote, AiBatchStatus *status, GError **error) {
  static const char *const OVER[] = {"completed", "failed", "expired", "cancelled", NULL};
  g_autofree char *path = g_strconcat("batches/", remote, NULL), *url = address(peer, path, NULL);
  g_autoptr(json_t) batch = ai_batch_send(peer, "GET", url, NULL, NULL, 0, error);
  if (batch == NULL) return FALSE;
  const char *state = json_get_string(batch, "status");
  const json_t *counts = json_object_get(batch, "request_counts");
  gint64 total = json_get_int(counts, "total", 0), done = json_get_int(counts, "completed", 0) + json_get_int(counts, "failed", 0);
  status->over = state != NULL && g_strv_contains(OVER, state);
  status->percent = total > 0 ? (int)CLAMP(done * 100 / total, 0, 100) : 0;
  status->output = g_strdup(json_get_string(batch, "output_file_id"));
  status->errors = g_strdup(json_get_string(batch, "error_file_id"));
  if (g_strcmp0(state, "failed") != 0) return TRUE;
  const char *reason = json_get_string(json_array_get(json_object_get(json_object_get(batch, "errors"), "data"), 0), "message");
  status->reason = g_strdup(reason != NULL ? reason : "it failed");
  return TRUE;
}

static gboolean on_line(const json_t *line, gpointer data) {
  const AiBatchReader *reader = data;
  const char *id = json_get_string(line, "custom_id");
  const json_t *response = json_object_get(line, "response"), *body = json_object_get(response, "body");
  gint64 status = json_get_int(response, "status_code", 0);
  if (id == NULL) return TRUE;
  if (status == 200) return reader->result(id, AI_BATCH_ANSWERED, body, NULL, reader->data);
  const char *reason = json_get_string(json_object_get(body, "error"), "message");
  if (reason == NULL) reason = json_get_string(json_object_get(line, "error"), "message");
  gboolean refused = status == 400 || status == 413 || status == 422;
  return reader->result(id, refused ? AI_BATCH_REFUSED : AI_BATCH_UNDONE, NULL, reason, reader->data);
}

static gboolean read_results(const AiBatchPeer *peer, const char *remote, const AiBatchStatus *status, AiBatchResult result, gpointer data, GError **error) {
  (void)remote;
  const char *const files[] = {status->output, status->errors};
  AiBatchReader reader = {result, data};
  for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
    if (files[i] == NULL) continue;
    g_autofree char *path = g_strdup_printf("files/%s/content", files[i]), *url = address(peer, path, NULL);
    if (!ai_batch_read_lines(peer, url, on_line, &reader, error)) return FALSE;
  }
  return TRUE;
}

static gboolean cancel(const AiBatchPeer *peer, const char *remote, GError **error) {
  g_autofree char *path = g_strdup_printf("batches/%s/cancel", remote), *url = address(peer, path, NULL);
  g_autoptr(json_t) reply = ai_batch_send(peer, "POST", url, "application/json", NULL, 0, error);
  return reply != NULL;
}

static void forget(const AiBatchPeer *peer, const char *remote, const char *file, const AiBatchStatus *status) {
  (void)remote;
  const char *const files[] = {file, status->output, status->errors};
  for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
    if (files[i] == NULL) continue;
    g_autofree char *path = g_strconcat("files/", files[i], NULL), *url = address(peer, path, NULL);
    json_decref(ai_batch_send(peer, "DELETE", url, NULL, NULL, 0, NULL));
  }
}

const AiBatchProvider ai_batch_provider_openai = {entry, upload, create, find, look, read_results, cancel, forget};

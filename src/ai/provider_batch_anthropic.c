/* Message Batches of Anthropic (docs.anthropic.com, API reference, "Message Batches"): requests inline, results as JSON lines. */
#include <string.h>

#include "ai/provider_batch.h"

#define LIST_PAGE 100
#define LIST_MOST_PAGES 20
#define CLOCK_SLACK_MS (5 * 60000)

/* (transfer full) */
static char *address(const AiBatchPeer *peer, const char *rest) {
  const char *url = peer->route->provider->url;
  return g_strconcat(url, g_str_has_suffix(url, "/v1") ? "" : "/v1", "/messages/batches", rest, NULL);
}

static json_t *entry(const AiRoute *route, const char *id, json_t *native) {
  (void)route;
  return json_pack("{s:s, s:o}", "custom_id", id, "params", native);
}

static gboolean create(const AiBatchPeer *peer, const char *id, const GPtrArray *entries, const char *file, char **remote, GError **error) {
  (void)id;
  (void)file;
  g_autofree char *url = address(peer, "");
  g_autoptr(GString) body = g_string_new("{\"requests\":[");
  for (guint i = 0; i < entries->len; i++) g_string_append_printf(body, "%s%s", i > 0 ? "," : "", (const char *)g_ptr_array_index(entries, i));
  g_string_append(body, "]}");
  g_autoptr(json_t) batch = ai_batch_send(peer, "POST", url, "application/json", body->str, body->len, error);
  *remote = g_strdup(json_get_string(batch, "id"));
  if (batch != NULL && *remote == NULL) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "the reply has no id");
  return *remote != NULL;
}

static gint64 count(const json_t *batch, gboolean with_processing) {
  const json_t *counts = json_object_get(batch, "request_counts");
  return json_get_int(counts, "succeeded", 0) + json_get_int(counts, "errored", 0) + json_get_int(counts, "canceled", 0) + json_get_int(counts, "expired", 0) +
         (with_processing ? json_get_int(counts, "processing", 0) : 0);
}

static gboolean is_ended(const json_t *batch) {
  return g_strcmp0(json_get_string(batch, "processing_status"), "ended") == 0;
}

typedef struct {
  const AiBatchSought *sought;
  gboolean ours;
} Match;

static gboolean match_line(const json_t *line, gpointer data) {
  Match *match = data;
  const char *id = json_get_string(line, "custom_id");
  match->ours = id != NULL && match->sought->is_ours(id, match->sought->data);
  return FALSE; /* one tells */
}

/* A batch carries no mark of ours but the ids of its requests, and these are seen when it has ended: until then one of the
 * same size and time may be it. */
static AiBatchFound judge(const AiBatchPeer *peer, const AiBatchSought *sought, const json_t *batch, GError **error) {
  const char *id = json_get_string(batch, "id");
  if (id == NULL || count(batch, TRUE) != sought->size || sought->is_taken(id, sought->data)) return AI_BATCH_NOT_THERE;
  if (!is_ended(batch)) return AI_BATCH_NOT_SURE;
  Match match = {sought, FALSE};
  g_autofree char *rest = g_strdup_printf("/%s/results", id), *url = address(peer, rest);
  if (!ai_batch_read_lines(peer, url, match_line, &match, error)) return AI_BATCH_ASKING_FAILED;
  return match.ours ? AI_BATCH_FOUND : AI_BATCH_NOT_THERE;
}

static AiBatchFound find(const AiBatchPeer *peer, const AiBatchSought *sought, char **remote, GError **error) {
  g_autofree char *after = NULL;
  AiBatchFound best = AI_BATCH_NOT_THERE;
  for (int page = 0; page < LIST_MOST_PAGES; page++) {
    g_autofree char *rest = after != NULL ? g_strdup_printf("?limit=%d&after_id=%s", LIST_PAGE, after) : g_strdup_printf("?limit=%d", LIST_PAGE);
    g_autofree char *url = address(peer, rest);
    g_autoptr(json_t) list = ai_batch_send(peer, "GET", url, NULL, NULL, 0, error);
    if (list == NULL) return AI_BATCH_ASKING_FAILED;
    json_t *items = json_object_get(list, "data"), *item;
    gsize index;
    json_array_foreach(items, index, item) {
      if (ai_batch_time_ms(json_get_string(item, "created_at")) < sought->since_ms - CLOCK_SLACK_MS) return best;
      AiBatchFound found = judge(peer, sought, item, error);
      if (found == AI_BATCH_FOUND) *remote = g_strdup(json_get_string(item, "id"));
      if (found == AI_BATCH_FOUND || found == AI_BATCH_ASKING_FAILED) return found;
      if (found == AI_BATCH_NOT_SURE) best = found;
      g_free(after);
      after = g_strdup(json_get_string(item, "id"));
    }
    if (!json_get_bool(list, "has_more", FALSE) || after == NULL) return best;
  }
  return AI_BATCH_NOT_SURE;
}

static gboolean look(const AiBatchPeer *peer, const char *remote, AiBatchStatus *status, GError **error) {
  g_autofree char *rest = g_strconcat("/", remote, NULL), *url = address(peer, rest);
  g_autoptr(json_t) batch = ai_batch_send(peer, "GET", url, NULL, NULL, 0, error);
  if (batch == NULL) return FALSE;
  gint64 total = count(batch, TRUE);
  status->over = is_ended(batch);
  status->percent = total > 0 ? (int)CLAMP(count(batch, FALSE) * 100 / total, 0, 100) : 0;
  return TRUE;
}

static gboolean on_line(const json_t *line, gpointer data) {
  const AiBatchReader *reader = data;
  const char *id = json_get_string(line, "custom_id");
  const json_t *result = json_object_get(line, "result"), *failure = json_object_get(json_object_get(result, "error"), "error");
  const char *type = json_get_string(result, "type");
  if (id == NULL) return TRUE;
  if (g_strcmp0(type, "succeeded") == 0) return reader->result(id, AI_BATCH_ANSWERED, json_object_get(result, "message"), NULL, reader->data);
  gboolean refused = g_strcmp0(type, "errored") == 0 && g_strcmp0(json_get_string(failure, "type"), "invalid_request_error") == 0;
  return reader->result(id, refused ? AI_BATCH_REFUSED : AI_BATCH_UNDONE, NULL, json_get_string(failure, "message"), reader->data);
}

/* Not from where `results_url` points: our key goes to the address that the configuration names. */
static gboolean read_results(const AiBatchPeer *peer, const char *remote, const AiBatchStatus *status, AiBatchResult result, gpointer data, GError **error) {
  (void)status;
  AiBatchReader reader = {result, data};
  g_autofree char *rest = g_strdup_printf("/%s/results", remote), *url = address(peer, rest);
  return ai_batch_read_lines(peer, url, on_line, &reader, error);
}

static gboolean cancel(const AiBatchPeer *peer, const char *remote, GError **error) {
  g_autofree char *rest = g_strdup_printf("/%s/cancel", remote), *url = address(peer, rest);
  g_autoptr(json_t) reply = ai_batch_send(peer, "POST", url, "application/json", NULL, 0, error);
  return reply != NULL;
}

static void forget(const AiBatchPeer *peer, const char *remote, const char *file, const AiBatchStatus *status) {
  (void)file;
  (void)status;
  g_autofree char *rest = g_strconcat("/", remote, NULL), *url = address(peer, rest);
  json_decref(ai_batch_send(peer, "DELETE", url, NULL, NULL, 0, NULL));
}

const AiBatchProvider ai_batch_provider_anthropic = {entry, NULL, create, find, look, read_results, cancel, forget};

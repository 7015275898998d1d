#include "server/reply.h"

#include <string.h>

void reply_clear(Reply *reply) {
  g_clear_pointer(&reply->body, g_bytes_unref);
  g_clear_pointer(&reply->stream, event_stream_unref);
  g_clear_pointer(&reply->allow, g_free);
  g_clear_pointer(&reply->disposition, g_free);
  g_clear_pointer(&reply->headers, g_ptr_array_unref);
  if (reply->source.next != NULL) reply->source.release(reply->source.data);
  memset(reply, 0, sizeof *reply);
}

void reply_set_bytes(Reply *reply, int status, const char *media_type, GBytes *body) {
  g_clear_pointer(&reply->body, g_bytes_unref);
  reply->status = status;
  reply->media_type = media_type;
  reply->body = body;
}

void reply_set_stream(Reply *reply, EventStream *stream, guint64 after) {
  reply->status = 200;
  reply->media_type = MEDIA_EVENTS;
  reply->stream = stream;
  reply->stream_after = after;
}

void reply_set_source(Reply *reply, const char *media_type, const ReplySource *source) {
  reply->status = 200;
  reply->media_type = media_type;
  reply->source = *source;
}

void reply_set_empty(Reply *reply, int status) {
  reply_set_bytes(reply, status, NULL, g_bytes_new_static("", 0));
}

static void set_json(Reply *reply, int status, const char *media_type, const json_t *json) {
  char *text = json_to_text(json, JSON_PLAIN);
  reply_set_bytes(reply, status, media_type, g_bytes_new_take(text, strlen(text)));
}

void reply_set_json(Reply *reply, int status, const json_t *json) {
  set_json(reply, status, MEDIA_JSON, json);
}

json_t *reply_time(gint64 milliseconds) {
  g_autoptr(GDateTime) whole = milliseconds >= 0 ? g_date_time_new_from_unix_utc(milliseconds / 1000) : NULL;
  if (whole == NULL) return json_null();
  g_autofree char *seconds = g_date_time_format(whole, "%Y-%m-%dT%H:%M:%S");
  g_autofree char *text = g_strdup_printf("%s.%03dZ", seconds, (int)(milliseconds % 1000));
  return json_string(text);
}

/* RFC 9457. `code` names the kind; titles do not change from one occurrence to the next. */
static void set_problem(Reply *reply, int status, const char *code, const char *title, const char *detail, const json_t *extra) {
  g_autoptr(json_t) problem = json_object();
  g_autofree char *type = g_strconcat("urn:aisle:error:", code, NULL);
  g_autofree char *valid = g_utf8_make_valid(detail != NULL ? detail : title, -1);
  json_object_set_new(problem, "type", json_string(type));
  json_object_set_new(problem, "title", json_string(title));
  json_object_set_new(problem, "status", json_integer(status));
  json_object_set_new(problem, "detail", json_string(valid));
  json_object_set_new(problem, "code", json_string(code));
  if (extra != NULL) json_object_update((json_t *)problem, (json_t *)extra);
  set_json(reply, status, MEDIA_PROBLEM, problem);
}

void reply_set_problem_of(Reply *reply, int status, const char *code, const char *title, const char *detail, const json_t *extra) {
  set_problem(reply, status, code, title, detail, extra);
}

void reply_add_header(Reply *reply, const char *name, const char *value) {
  if (reply->headers == NULL) reply->headers = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(reply->headers, g_strdup(name));
  g_ptr_array_add(reply->headers, g_strdup(value));
}

void reply_refuse(Reply *reply, HttpRefusal refusal, const char *detail) {
  static const struct {
    HttpRefusal refusal;
    const char *code, *title;
  } refusals[] = {{HTTP_NO_ROUTE, "not_found", "there is nothing at this address"},
                  {HTTP_METHOD, "method_not_allowed", "this address does not take this method"},
                  {HTTP_NOT_ACCEPTABLE, "not_acceptable", "none of the accepted media types is available"},
                  {HTTP_UPGRADE, "upgrade_required", "this address speaks WebSocket, version 13"},
                  {HTTP_MEDIA, "unsupported_media_type", "the body must be application/json in UTF-8"},
                  {HTTP_URI, "uri_too_long", "the address is too long"}};
  for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
    if (refusals[i].refusal == refusal) set_problem(reply, (int)refusal, refusals[i].code, refusals[i].title, detail, NULL);
  }
}

void reply_set_problem(Reply *reply, AisleErrorCode code, const char *detail) {
  const AisleErrorInfo *info = aisle_error_info((int)code);
  set_problem(reply, info->http_status, info->name, info->meaning, detail, NULL);
  if (code == AISLE_ERROR_BUSY) reply->retry_after_s = 1;
}

void reply_set_error(Reply *reply, const GError *error) {
  const AisleErrorInfo *info = aisle_error_info_of(error);
  gboolean own = error != NULL && error->domain == AISLE_ERROR;
  /* Messages of other domains may hold paths of this machine. */
  set_problem(reply, info->http_status, info->name, info->meaning, own ? error->message : NULL, NULL);
  if (info->http_status == 503) reply->retry_after_s = 1;
}

void reply_set_failed_answer(Reply *reply, const json_t *answer) {
  const json_t *error = json_object_get(answer, "error");
  const char *name = json_get_string(error, "code");
  const AisleErrorInfo *info = aisle_error_info(AISLE_ERROR_INTERNAL);
  for (int code = 0; code < AISLE_ERROR_COUNT; code++) {
    if (g_strcmp0(aisle_error_info(code)->name, name) == 0) info = aisle_error_info(code);
  }
  g_autoptr(json_t) extra = json_object();
  if (json_get_string(answer, "id") != NULL) json_object_set(extra, "answer_id", json_object_get(answer, "id"));
  if (json_get_string(error, "hint") != NULL) json_object_set(extra, "hint", json_object_get(error, "hint"));
  set_problem(reply, info->http_status, info->name, info->meaning, json_get_string(error, "message"), extra);
  if (info->http_status == 503) reply->retry_after_s = 1;
}

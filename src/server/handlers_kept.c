/*
 * Pins, feedback, links: what people keep of answers. None of them holds data, only what to ask. What a query means is not
 * checked here: the model may change before it is asked, and the answer says what is missing then.
 */
#include <string.h>

#include "agent/agent.h"
#include "server/kept.h"

#define MAX_PINS 500
#define DEFAULT_LINK_DAYS 365
#define DAY_MS ((gint64)86400 * 1000)
/* How far back a conversation is told with feedback. */
#define MAX_TRACE_TURNS 20

static gint64 now_ms(void) {
  return g_get_real_time() / 1000;
}

static const char *const pin_keys[] = {"id", "title", "query", "as_of", "chart_type", "position", NULL};

/* Replies with `record` (taken) as `keys` say, and tells others. */
static void reply_with_record(const Call *call, json_t *record, const char *const *keys, const char *kind, Reply *reply) {
  g_autoptr(json_t) json = json_object();
  kept_copy(json, record, keys);
  if (keys != pin_keys) json_object_del(record, "updated_ms"); /* nothing else can be changed */
  kept_copy_times(json, record, FALSE);
  reply_set_json(reply, call->body != NULL && strcmp(call->method, "POST") == 0 ? 201 : 200, json);
  if (call->body != NULL) kept_tell(call->state, kind);
  json_decref(record);
}

/* Keeps a new thing and replies with it. `body` is taken. */
static void add_record(const Call *call, StoreKind kind, const char *prefix, const char *subject, json_t *body, gint64 expires_ms,
                       const char *const *keys, const char *told, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) owned = body;
  Store *store = answer_service_store(call->state->service);
  g_autofree char *scope_key = access_scope_key(call->state->scope);
  g_autofree char *id = kept_new_id(prefix);
  StoreRecord record = {.id = id, .scope_key = scope_key, .subject = subject, .body = body, .created_ms = now_ms(), .expires_ms = expires_ms};
  gboolean put = store_put_record(store, kind, &record, &error);
  json_t *kept = put ? store_get_record(store, kind, id, scope_key, &error) : NULL;
  if (kept != NULL) reply_with_record(call, kept, keys, told, reply);
  else reply_set_error(reply, error);
}

/* ---- pins ---- */

static int by_position(gconstpointer a, gconstpointer b) {
  double first = json_get_double(*(json_t *const *)a, "position", 0), second = json_get_double(*(json_t *const *)b, "position", 0);
  return first < second ? -1 : first > second;
}

void handle_pins(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autofree char *scope_key = access_scope_key(call->state->scope);
  g_autoptr(json_t) records = store_list_records(answer_service_store(call->state->service), STORE_PIN, scope_key, NULL, MAX_PINS, &error);
  if (records == NULL) {
    reply_set_error(reply, error);
    return;
  }
  g_autoptr(GPtrArray) sorted = g_ptr_array_new();
  for (gsize i = 0; i < json_array_size(records); i++) g_ptr_array_add(sorted, json_array_get(records, i));
  g_ptr_array_sort(sorted, by_position);
  json_t *pins = json_array();
  for (guint i = 0; i < sorted->len; i++) {
    json_t *pin = json_object();
    kept_copy(pin, sorted->pdata[i], pin_keys);
    kept_copy_times(pin, sorted->pdata[i], FALSE);
    json_array_append_new(pins, pin);
  }
  g_autoptr(json_t) json = json_pack("{s:o}", "pins", pins);
  reply_set_json(reply, 200, json);
}

void handle_pin_add(const Call *call, Reply *reply) {
  json_t *body = json_copy((json_t *)call->body);
  json_object_set_new(body, "position", json_real((double)g_get_real_time() / 1000.0)); /* behind those that are there */
  add_record(call, STORE_PIN, "p", NULL, body, 0, pin_keys, "pins", reply);
}

void handle_pin_change(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autofree char *scope_key = access_scope_key(call->state->scope);
  json_t *pin = store_change_record(answer_service_store(call->state->service), STORE_PIN, call->texts[0], scope_key, call->body, now_ms(), &error);
  if (pin != NULL) reply_with_record(call, pin, pin_keys, "pins", reply);
  else reply_set_error(reply, error);
}

void handle_pin_delete(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autofree char *scope_key = access_scope_key(call->state->scope);
  if (!store_delete_record(answer_service_store(call->state->service), STORE_PIN, call->texts[0], scope_key, &error)) {
    reply_set_error(reply, error);
    return;
  }
  reply_set_empty(reply, 204);
  kept_tell(call->state, "pins");
}

/* ---- feedback ---- */

/* What the answer said and how it came to it: what was kept, what it means today, the questions before it. */
static json_t *trace_of(const Call *call, Store *store, const char *scope_key, json_t *answer) {
  g_autoptr(json_t) trace = json_copy(answer);
  AnswerRequest request;
  kept_answer_request(call, answer, &request);
  request.understand_only = TRUE;
  if (request.query != NULL || request.question != NULL) {
    static const char *const keys[] = {"understood", "resolved", "sql", "sources", "caveats", "reason", "clarify", "model_hash", NULL};
    g_autoptr(json_t) understood = answer_ask(call->state->service, &request);
    kept_copy(trace, understood, keys);
  }
  json_t *before = json_array();
  g_autoptr(json_t) turn = json_incref(answer);
  for (int i = 0; i < MAX_TRACE_TURNS && json_get_string(turn, "after") != NULL; i++) {
    json_t *earlier = store_get_answer(store, json_get_string(turn, "after"), scope_key, NULL);
    if (earlier == NULL) break;
    json_array_insert_new(before, 0, json_pack("{s:O, s:O, s:O}", "id", json_object_get(earlier, "id"), "question",
                                               json_object_get(earlier, "question"), "query", json_object_get(earlier, "query")));
    json_decref(turn);
    turn = earlier;
  }
  json_object_set_new(trace, "before", before);
  return g_steal_pointer(&trace);
}

/* One caller has one opinion of one answer. */
static gboolean forget_earlier(Store *store, const char *scope_key, const char *answer_id, GError **error) {
  g_autoptr(json_t) earlier = store_list_records(store, STORE_FEEDBACK, scope_key, answer_id, 100, error);
  if (earlier == NULL) return FALSE;
  for (gsize i = 0; i < json_array_size(earlier); i++) {
    /* Another tab may have been faster. */
    g_autoptr(GError) gone = NULL;
    store_delete_record(store, STORE_FEEDBACK, json_get_string(json_array_get(earlier, i), "id"), scope_key, &gone);
  }
  return TRUE;
}

void handle_feedback(const Call *call, Reply *reply) {
  static const char *const keys[] = {"id", "answer_id", "verdict", "reason", "text", NULL};
  g_autoptr(GError) error = NULL;
  Store *store = answer_service_store(call->state->service);
  g_autofree char *scope_key = access_scope_key(call->state->scope);
  const char *answer_id = json_get_string(call->body, "answer_id");
  g_autoptr(json_t) answer = store_get_answer(store, answer_id, scope_key, &error);
  if (answer == NULL || !forget_earlier(store, scope_key, answer_id, &error)) {
    reply_set_error(reply, error);
    return;
  }
  json_t *body = json_copy((json_t *)call->body);
  g_autofree char *owner = agent_owner(call->state->scope);
  json_object_set_new(body, "owner", json_string(owner));
  json_object_set_new(body, "trace", trace_of(call, store, scope_key, answer));
  add_record(call, STORE_FEEDBACK, "f", answer_id, body, 0, keys, "threads", reply);
}

/* ---- links ---- */

static const char *const link_keys[] = {"id", "query", "title", "as_of", "chart_type", NULL};

void handle_link_add(const Call *call, Reply *reply) {
  json_t *body = json_copy((json_t *)call->body);
  gint64 expires_ms = now_ms() + json_get_int(body, "days", DEFAULT_LINK_DAYS) * DAY_MS;
  json_object_del(body, "days");
  add_record(call, STORE_LINK, "l", NULL, body, expires_ms, link_keys, "links", reply);
}

/* Whoever has a link may read what it asks, and asks it under a scope of their own. */
void handle_link(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  json_t *link = store_get_record(answer_service_store(call->state->service), STORE_LINK, call->texts[0], NULL, &error);
  if (link != NULL) reply_with_record(call, link, link_keys, "links", reply);
  else reply_set_error(reply, error);
}

/* ---- news ---- */

/* Behind which event a client wants to hear: what it saw last, else from now on. */
static guint64 news_seen(const Call *call) {
  guint64 seen = MAX(call->last_event, (guint64)call->integers[0]), last = event_stream_last_number(call->state->news);
  if (seen == 0) return last;
  /* A number from before a restart, which counts anew: everything since then is news to this client. */
  return seen > last ? 0 : seen;
}

void handle_news_events(const Call *call, Reply *reply) {
  reply_set_stream(reply, event_stream_ref(call->state->news), news_seen(call));
}

static void stay_asleep(gpointer data) { (void)data; }

/* For those who look in now and then: what there is now, without waiting. */
void handle_news(const Call *call, Reply *reply) {
  static const EventReaderCalls calls = {NULL, stay_asleep};
  guint64 last = news_seen(call);
  EventReader *reader = event_reader_new(call->state->news, last, &calls, NULL);
  GString *text = g_string_new("{\"events\":[");
  Event event;
  while (event_reader_next(reader, &event) == EVENT_NEXT) {
    if (text->str[text->len - 1] == '}') g_string_append_c(text, ',');
    g_string_append_printf(text, "{\"id\":%" G_GUINT64_FORMAT ",\"event\":", event.number);
    json_append_string(text, event.name, -1);
    g_string_append_c(text, '}');
    last = event.number;
    g_bytes_unref(event.data);
  }
  event_reader_free(reader);
  g_string_append_printf(text, "],\"last\":%" G_GUINT64_FORMAT "}", last);
  reply_set_bytes(reply, 200, MEDIA_JSON, g_string_free_to_bytes(text));
}

/* Tables that lie elsewhere: look again, and events of the places they lie in. */
#include "lake/registry_watch.h"
#include "server/route.h"

void handle_registry_refresh(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  size_t i;
  const json_t *name;
  json_array_foreach (json_object_get(call->body, "accept"), i, name)
    g_ptr_array_add(names, (gpointer)json_string_value(name));
  g_ptr_array_add(names, NULL);
  const char *const *accept = names->len > 1 ? (const char *const *)names->pdata : NULL;
  g_autoptr(json_t) report = registry_watch_refresh(call->state->registry, accept, call->deadline, &error);
  if (report == NULL)
    reply_set_error(reply, error);
  else
    reply_set_json(reply, 200, report);
}

void handle_registry_event(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  guint objects, concerned;
  if (!registry_watch_event(call->state->registry, call->body, &objects, &concerned, &error)) {
    reply_set_error(reply, error);
    return;
  }
  g_autoptr(json_t) json = json_pack("{s:i, s:i}", "objects", (int)objects, "concerned", (int)concerned);
  reply_set_json(reply, 202, json);
}

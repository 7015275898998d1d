#include <pthread.h>
#include <string.h>

#include "agent/run.h"
#include "agent/service.h"
#include "model/relation.h"

#define VIEWS_MAX 64

struct AgentService {
  AgentOptions options;
  RunStore *runs;
  char *weights, *cache_folder;
  pthread_mutex_t building; /* of what follows, and may be held for long: names are embedded under it */
  Encoder *encoder;
  Embedder *embedder;
  gboolean embedder_tried;
  GHashTable *names;     /* scope and model -> View* */
  pthread_mutex_t lock;  /* of what follows; held for a moment */
  GHashTable *memories;  /* owner -> json_t*: as of `memory_version` */
  gint64 memory_version;
};

/* Names of a scope, and the values they were made of: new data have new ones. */
typedef struct {
  NameIndex *names;
  ValueIndex *values; /* NULL */
} View;

static void view_free(gpointer pointer) {
  View *view = pointer;
  name_index_unref(view->names);
  value_index_unref(view->values);
  g_free(view);
}

AgentService *agent_service_open(const AgentOptions *options, GError **error) {
  g_autoptr(AgentService) service = g_new0(AgentService, 1);
  service->options = *options;
  service->weights = g_strdup(options->weights);
  service->cache_folder = g_strdup(options->cache_folder);
  pthread_mutex_init(&service->building, NULL);
  pthread_mutex_init(&service->lock, NULL);
  service->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, view_free);
  service->memories = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_decref);
  g_mkdir_with_parents(options->state_folder, 0700);
  g_autofree char *path = g_build_filename(options->state_folder, "agent.db", NULL);
  service->runs = run_store_open(path, error);
  return service->runs != NULL ? g_steal_pointer(&service) : NULL;
}

void agent_service_free(AgentService *service) {
  if (service == NULL) return;
  run_store_free(service->runs);
  g_hash_table_unref(service->names);
  g_hash_table_unref(service->memories);
  embedder_free(service->embedder);
  encoder_free(service->encoder);
  pthread_mutex_destroy(&service->building);
  pthread_mutex_destroy(&service->lock);
  g_free(service->weights);
  g_free(service->cache_folder);
  g_free(service);
}

RunStore *agent_service_runs(AgentService *service) {
  return service->runs;
}

AnswerService *agent_service_answers(AgentService *service) {
  return service->options.answers;
}

char *agent_owner(const AccessScope *scope) {
  g_autofree char *key = access_scope_key(scope);
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  const char *parts[] = {scope->tenant, scope->user, key};
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
    const char *part = parts[i] != NULL ? parts[i] : "";
    /* With its closing NUL, so that no two lists of parts run into each other. */
    g_checksum_update(sum, (const guchar *)part, (gssize)strlen(part) + 1);
  }
  return g_strdup(g_checksum_get_string(sum));
}

gboolean agent_service_call_model(AgentService *service, const AgentModelCall *call, AgentModelReply *reply, GError **error) {
  if (service->options.model != NULL) return service->options.model(service->options.model_data, call, reply, error);
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "no language model is configured");
  return FALSE;
}

gboolean agent_service_has_model(const AgentService *service) {
  return service->options.model != NULL;
}

/* Under the lock: only runs that rules could not answer need it, so it is loaded for the first of them. */
static Embedder *embedder_of(AgentService *service) {
  if (service->embedder_tried) return service->embedder;
  service->embedder_tried = TRUE;
  if (service->options.embed != NULL) {
    service->embedder = embedder_of_endpoint(service->options.embed, service->options.embed_data);
  } else if (service->weights != NULL) {
    g_autoptr(GError) error = NULL;
    service->encoder = encoder_open(service->weights, &error);
    if (service->encoder == NULL) g_warning("texts are compared by words alone: %s", error->message);
    else service->embedder = embedder_of_encoder(service->encoder);
  }
  return service->embedder;
}

Embedder *agent_service_embedder(AgentService *service) {
  pthread_mutex_lock(&service->building);
  Embedder *embedder = embedder_of(service);
  pthread_mutex_unlock(&service->building);
  return embedder;
}

/* One file for each kind and scope: its texts change with the model, and what stays is not encoded again. */
char *agent_service_vectors_path(const AgentService *service, const char *kind, const char *scope_key) {
  if (service->cache_folder == NULL) return NULL;
  g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, scope_key, -1);
  g_autofree char *name = g_strdup_printf("%s-%.16s.vec", kind, sum);
  return g_build_filename(service->cache_folder, name, NULL);
}

NameIndex *agent_service_names(AgentService *service, AccessScope *scope) {
  g_autoptr(Model) model = answer_service_model_ref(service->options.answers), visible = NULL;
  g_autoptr(ValueIndex) values = NULL;
  /* Where the data cannot be read there are names still. */
  if (!answer_service_visible(service->options.answers, scope, &visible, &values, NULL)) visible = model_visible(model, scope);
  g_autofree char *scope_key = access_scope_key(scope), *key = g_strconcat(model->hash != NULL ? model->hash : "", scope_key, NULL);
  pthread_mutex_lock(&service->building);
  View *view = g_hash_table_lookup(service->names, key);
  Embedder *embedder = embedder_of(service);
  /* Names that were made while an endpoint did not answer know no vectors: they are made again when it does. */
  gboolean blind = view != NULL && !name_index_has_vectors(view->names) && embedder_is_there(embedder, NULL);
  if (view == NULL || view->values != values || blind) {
    if (g_hash_table_size(service->names) >= VIEWS_MAX) g_hash_table_remove_all(service->names);
    g_autofree char *path = agent_service_vectors_path(service, "names", scope_key);
    view = g_new0(View, 1);
    view->names = name_index_new(visible, service->options.hides_values ? NULL : values, embedder, path);
    view->values = g_steal_pointer(&values);
    g_hash_table_replace(service->names, g_steal_pointer(&key), view);
  }
  NameIndex *names = name_index_ref(view->names);
  pthread_mutex_unlock(&service->building);
  return names;
}

json_t *agent_service_memory(AgentService *service, const char *owner) {
  gint64 version = run_store_memory_version(service->runs, NULL);
  pthread_mutex_lock(&service->lock);
  if (version != service->memory_version || g_hash_table_size(service->memories) >= VIEWS_MAX) {
    g_hash_table_remove_all(service->memories);
    service->memory_version = version;
  }
  json_t *memory = g_hash_table_lookup(service->memories, owner);
  json_incref(memory);
  pthread_mutex_unlock(&service->lock);
  if (memory != NULL) return memory;
  memory = run_store_memory(service->runs, owner, NULL);
  if (memory == NULL) return json_array();
  pthread_mutex_lock(&service->lock);
  if (version == service->memory_version) g_hash_table_replace(service->memories, g_strdup(owner), json_incref(memory));
  pthread_mutex_unlock(&service->lock);
  return memory;
}

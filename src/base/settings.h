/*
 * Settings of a workspace: one table says which exist. A value comes from (weakest first) the table's default, the
 * workspace's aisle.yaml, its section `profiles: <profile>:`, the environment (AISLE_SERVER_LISTEN for server.listen), a
 * flag. Immutable once handed on; reading is thread-safe.
 */
#pragma once
#include <glib.h>
#include <jansson.h>

/* symbol, name, type, default ("" none), what it decides */
#define SETTINGS_TABLE(X)                                                                                               \
  X(NAME, "name", TEXT, "", "name of the workspace, shown to people")                                                   \
  X(PROFILE, "profile", TEXT, "", "which section of `profiles` holds: dev, staging, prod or a name of your own")      \
  X(TENANT, "tenant", TEXT, "", "name of the company; part of every cache key")                                         \
  X(ENGINE_THREADS, "engine.threads", INTEGER, "0", "threads of the SQL engine; 0: one for each core")                  \
  X(ENGINE_MEMORY, "engine.memory", BYTES, "0", "memory the SQL engine may take, such as 4GB; 0: its own default")     \
  X(CACHE_MEMORY, "cache.memory", BYTES, "256MB", "results kept in memory; 0: none")                                     \
  X(CACHE_DISK, "cache.disk", BYTES, "10GB", "copies of remote files kept on the local disk")                            \
  X(SERVER_LISTEN, "server.listen", TEXT, "127.0.0.1:8080", "address and port of the server")                            \
  X(SERVER_WORKERS, "server.workers", INTEGER, "4", "questions that may run at once")                                    \
  X(SERVER_QUEUE, "server.queue", INTEGER, "64", "questions that may wait; one more is told to come again")              \
  X(SERVER_TIMEOUT, "server.timeout", DURATION, "30s", "how long a question may take")                                   \
  X(SERVER_ABANDON, "server.abandon", DURATION, "30s", "how long a question goes on when nobody waits for its events any more") \
  X(SERVER_SCHEDULES, "server.schedules", BOOLEAN, "true", "whether the server carries out schedules: of ingestion files, rollups, compaction") \
  X(LOG_QUERIES, "log.queries", DURATION, "90d", "how long the query log is kept; 0: for ever")                          \
  X(LAKE_LOCATION, "lake.location", TEXT, "", "where tables are kept: a folder or s3://bucket/prefix; empty: lake/ of the workspace") \
  X(LAKE_RETENTION, "lake.retention", DURATION, "7d", "how long files that no version needs are kept before vacuum may remove them") \
  X(LAKE_FILE_SIZE, "lake.file_size", BYTES, "256MB", "size of data files that loads and compaction aim for")            \
  X(LAKE_COMPACT, "lake.compact", DURATION, "1d", "how often the server writes small files together; 0: never")          \
  X(LAKE_COMPACT_FILES, "lake.compact_files", INTEGER, "4", "small files that a partition must have before they are written together") \
  X(LAKE_REGISTRY_TTL, "lake.registry_ttl", DURATION, "5min", "how long what is known of a source is believed")          \
  X(S3_ENDPOINT, "s3.endpoint", TEXT, "", "address of the S3 service, such as https://minio.shop.example:9000; empty: Amazon's") \
  X(S3_REGION, "s3.region", TEXT, "", "region that requests are signed for; empty: AWS_REGION, then us-east-1")      \
  X(S3_STYLE, "s3.style", TEXT, "auto", "where the bucket stands in an address: path, host, or auto (host at Amazon only)") \
  X(AI_URL, "ai.url", TEXT, "", "address of the model gateway; empty: the one inside `aisle serve`")                    \
  X(AI_CONFIG, "ai.config", TEXT, "ai.yaml", "file of the gateway: providers, tiers, budgets (relative to the workspace)") \
  X(AI_QUESTIONS, "ai.questions", BOOLEAN, "false", "whether a language model may be asked to read a question that rules cannot") \
  X(AI_VALUES, "ai.values", BOOLEAN, "true", "whether a model that reads a question is shown values near its unknown words (never those of personal data)") \
  X(AI_SQL, "ai.sql", BOOLEAN, "false", "whether a language model may write SQL where all else fails and who asks allows it; labelled") \
  X(VECTOR_ENDPOINT, "vector.endpoint", BOOLEAN, "false", "whether names and verified questions become vectors by the gateway's model \"embedding\" (they leave the house)") \
  X(VECTOR_WEIGHTS, "vector.weights", TEXT, "", "folder with the text encoder's weights; empty: where set-up puts them")

typedef enum {
#define X(symbol, name, type, fallback, meaning) SETTING_##symbol,
  SETTINGS_TABLE(X)
#undef X
  SETTING_COUNT
} Setting;
typedef enum { SETTING_TYPE_TEXT, SETTING_TYPE_INTEGER, SETTING_TYPE_BYTES, SETTING_TYPE_DURATION, SETTING_TYPE_BOOLEAN } SettingType;

typedef struct Settings Settings;
/* `workspace` NULL: defaults and environment only. A file that is missing is fine; a key that does not exist or a value that
 * does not fit is INVALID_ARGUMENT with file, line and column. (transfer full) */
Settings *settings_load(const char *workspace, const char *profile, GError **error);
void settings_free(Settings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_free)
/* A flag of the command line; before the settings are shared. */
gboolean settings_set_flag(Settings *settings, Setting setting, const char *text, GError **error);

const char *settings_text(const Settings *settings, Setting setting);    /* never NULL (transfer none) */
gint64 settings_integer(const Settings *settings, Setting setting);      /* INTEGER; BYTES; DURATION in milliseconds */
gboolean settings_boolean(const Settings *settings, Setting setting);
/* "default", "aisle.yaml:12", "aisle.yaml:30 (profile prod)", "AISLE_SERVER_LISTEN", "flag". (transfer none) */
const char *settings_origin(const Settings *settings, Setting setting);
/* [{name, value, origin, meaning}] in the order of the table. (transfer full) */
json_t *settings_to_json(const Settings *settings);

/* "90s", "5min", "12h", "7d", "2w", "0" as milliseconds; FALSE when it is none. Pure. */
gboolean duration_parse(const char *text, gint64 *milliseconds);
/* The same, or "hourly", "daily", "weekly". Pure. */
gboolean schedule_parse(const char *text, gint64 *milliseconds);
/* "4GB" (powers of 1000), "4GiB" (of 1024), "512". Pure. */
gboolean bytes_parse(const char *text, gint64 *bytes);

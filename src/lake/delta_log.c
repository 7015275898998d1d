#include "lake/delta_log.h"
#include <stdio.h>
#include <string.h>

#define VERSION_DIGITS 20
#define HINT_MAX_BYTES (1u << 20)

void delta_log_listing_clear(DeltaLogListing *listing) {
  if (listing->commits) g_array_unref(listing->commits);
  if (listing->checkpoints) g_array_unref(listing->checkpoints);
  memset(listing, 0, sizeof *listing);
}

char *delta_log_commit_key(gint64 version) {
  return g_strdup_printf(DELTA_LOG "%0*" G_GINT64_FORMAT ".json", VERSION_DIGITS, version);
}

char *delta_log_checkpoint_key(const DeltaCheckpointName *name, guint part_from_one) {
  if (name->parts == 0)
    return g_strdup_printf(DELTA_LOG "%0*" G_GINT64_FORMAT ".checkpoint.parquet", VERSION_DIGITS, name->version);
  return g_strdup_printf(DELTA_LOG "%0*" G_GINT64_FORMAT ".checkpoint.%010u.%010u.parquet", VERSION_DIGITS,
                         name->version, part_from_one, name->parts);
}

/* ---- listing ---- */

/* The digits at the start of a name; -1 when there are not that many or they are too large. */
static gint64 leading_version(const char *name) {
  gint64 version = 0;
  for (int i = 0; i < VERSION_DIGITS; i++) {
    if (!g_ascii_isdigit(name[i]) || version > (G_MAXINT64 - 9) / 10) return -1;
    version = version * 10 + (name[i] - '0');
  }
  return version;
}

static guint digits(const char *text, guint count, const char **end) {
  guint value = 0;
  for (guint i = 0; i < count; i++) {
    if (!g_ascii_isdigit(text[i]) || value > 100000000) return 0;
    value = value * 10 + (guint)(text[i] - '0');
  }
  *end = text + count;
  return value;
}

static void note_part(DeltaLogListing *listing, gint64 version, const char *suffix) {
  const char *end = suffix;
  guint part = digits(suffix, 10, &end);
  guint parts = part > 0 && *end == '.' ? digits(end + 1, 10, &end) : 0;
  if (part == 0 || parts == 0 || strcmp(end, ".parquet") != 0) {
    listing->has_v2 = TRUE; /* N.checkpoint.<uuid>.parquet or .json */
    return;
  }
  for (guint i = 0; i < listing->checkpoints->len; i++) {
    DeltaCheckpointName *known = &g_array_index(listing->checkpoints, DeltaCheckpointName, i);
    if (known->version == version && known->parts == parts) {
      known->found++;
      return;
    }
  }
  DeltaCheckpointName name = {version, parts, 1};
  g_array_append_val(listing->checkpoints, name);
}

static void note_name(DeltaLogListing *listing, const char *name) {
  if (strlen(name) < VERSION_DIGITS) return;
  gint64 version = leading_version(name);
  const char *rest = name + VERSION_DIGITS;
  if (version < 0) return;
  if (!strcmp(rest, ".json")) {
    g_array_append_val(listing->commits, version);
  } else if (!strcmp(rest, ".checkpoint.parquet")) {
    DeltaCheckpointName single = {version, 0, 0};
    g_array_append_val(listing->checkpoints, single);
  } else if (g_str_has_prefix(rest, ".checkpoint.")) {
    note_part(listing, version, rest + strlen(".checkpoint."));
  }
}

static gint compare_versions(gconstpointer a, gconstpointer b) {
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
  return (x > y) - (x < y);
}

static gint compare_checkpoints(gconstpointer a, gconstpointer b) {
  return compare_versions(&((const DeltaCheckpointName *)a)->version, &((const DeltaCheckpointName *)b)->version);
}

static void finish_listing(DeltaLogListing *listing) {
  g_array_sort(listing->commits, compare_versions);
  g_array_sort(listing->checkpoints, compare_checkpoints);
  for (guint i = listing->checkpoints->len; i-- > 0;) {
    const DeltaCheckpointName *name = &g_array_index(listing->checkpoints, DeltaCheckpointName, i);
    if (name->found < name->parts) g_array_remove_index(listing->checkpoints, i);
  }
}

gboolean delta_log_list(ObjectStore *store, gint64 from, DeltaLogListing *listing, GError **error) {
  listing->commits = g_array_new(FALSE, FALSE, sizeof(gint64));
  listing->checkpoints = g_array_new(FALSE, FALSE, sizeof(DeltaCheckpointName));
  g_autofree char *after = g_strdup_printf(DELTA_LOG "%0*" G_GINT64_FORMAT, VERSION_DIGITS, MAX(from, 0));
  gboolean more = TRUE;
  for (guint seen = 0; more && seen < DELTA_LOG_MAX_ENTRIES;) {
    ObjectListing page = {.prefix = DELTA_LOG, .start_after = after};
    g_autoptr(GPtrArray) entries = object_list(store, &page, &more, DEADLINE_NEVER, error);
    if (!entries) return FALSE;
    for (guint i = 0; i < entries->len; i++)
      note_name(listing, ((const ObjectEntry *)entries->pdata[i])->key + strlen(DELTA_LOG));
    if (entries->len == 0) break;
    seen += entries->len;
    g_free(after);
    after = g_strdup(((const ObjectEntry *)entries->pdata[entries->len - 1])->key);
  }
  finish_listing(listing);
  return TRUE;
}

gint64 delta_log_last_checkpoint(ObjectStore *store) {
  g_autoptr(GBytes) bytes = object_get(store, DELTA_LAST_CHECKPOINT, HINT_MAX_BYTES, NULL, DEADLINE_NEVER, NULL);
  if (!bytes) return -1;
  gsize length;
  const char *text = g_bytes_get_data(bytes, &length);
  g_autoptr(json_t) hint = json_parse(text, length, NULL);
  return json_get_int(hint, "version", -1);
}

/* ---- commits ---- */

gboolean delta_log_parse(const char *bytes, gsize length, const char *where, DeltaActionFunc function, gpointer data,
                         GError **error) {
  for (const char *line = bytes, *stop = bytes + length; line < stop;) {
    const char *end = memchr(line, '\n', (gsize)(stop - line));
    if (!end) end = stop;
    gsize width = (gsize)(end - line);
    if (width > 0 && line[width - 1] == '\r') width--;
    if (width > 0) {
      g_autoptr(GError) failing = NULL;
      g_autoptr(json_t) action = json_parse(line, width, &failing);
      if (!action || !json_is_object(action)) {
        g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "%s: %s", where,
                    failing ? failing->message : "a line is not an action");
        return FALSE;
      }
      if (!function(action, data, error)) return FALSE;
    }
    line = end + 1;
  }
  return TRUE;
}

gboolean delta_log_read(ObjectStore *store, gint64 version, DeltaActionFunc function, gpointer data, GError **error) {
  g_autofree char *key = delta_log_commit_key(version);
  g_autoptr(GBytes) bytes = object_get(store, key, DELTA_COMMIT_MAX_BYTES, NULL, DEADLINE_NEVER, error);
  if (!bytes) return FALSE;
  gsize length;
  const char *text = g_bytes_get_data(bytes, &length);
  g_autofree char *where = g_strdup_printf("%s/%s", object_store_url(store), key);
  return length == 0 || delta_log_parse(text, length, where, function, data, error);
}

static gboolean take_time(const json_t *action, gpointer data, GError **error) {
  (void)error;
  const json_t *info = json_object_get(action, "commitInfo");
  gint64 time = json_get_int(info, "inCommitTimestamp", json_get_int(info, "timestamp", -1));
  if (time >= 0) *(gint64 *)data = time;
  return TRUE;
}

gint64 delta_log_commit_time(ObjectStore *store, gint64 version, GError **error) {
  gint64 time = -1;
  if (!delta_log_read(store, version, take_time, &time, error)) return -1;
  if (time >= 0) return time;
  ObjectInfo info;
  g_autofree char *key = delta_log_commit_key(version);
  return object_stat(store, key, &info, DEADLINE_NEVER, error) ? info.modified_ms : -1;
}

#include "answer/snapshots.h"

#include <string.h>

#include "ask/data_phrase.h"

#define DAY_MS G_GINT64_CONSTANT(86400000)
#define NEAR_LIMIT 2
#define LISTED 8

void settled_state_clear(SettledState *state) {
  data_ref_clear(&state->ref);
  g_clear_pointer(&state->fits, g_ptr_array_unref);
}

static const SnapshotName *name_at(const GPtrArray *known, guint index) {
  return g_ptr_array_index(known, index);
}

/* The last millisecond of a day. UTC, as --at and /v1/ask have it. */
static gint64 end_of(Day day) { return ((gint64)day + 1) * DAY_MS - 1; }

static void take(SettledState *out, const SnapshotName *name) {
  out->outcome = STATE_SETTLED;
  out->ref = (DataRef){.kind = DATA_SNAPSHOT, .name = g_strdup(name->name)};
  out->taken_ms = name->kept_ms;
}

/* One fits: taken. Several: asked back, unless they are the same data. */
static gboolean take_fits(SettledState *out, const GPtrArray *fits) {
  if (fits->len == 0) return FALSE;
  gboolean same = TRUE;
  for (guint i = 1; i < fits->len; i++) same = same && strcmp(name_at(fits, i)->id, name_at(fits, 0)->id) == 0;
  if (same) {
    take(out, name_at(fits, 0));
    return TRUE;
  }
  out->outcome = STATE_SEVERAL;
  for (guint i = 0; i < fits->len; i++) g_ptr_array_add(out->fits, g_strdup(name_at(fits, i)->name));
  return TRUE;
}

/* ---- by name ---- */
typedef gboolean (*Fits)(const SnapshotName *name, gconstpointer said);

static gboolean take_where(const GPtrArray *known, Fits fits, gconstpointer said, SettledState *out) {
  g_autoptr(GPtrArray) found = g_ptr_array_new();
  for (guint i = 0; i < known->len; i++)
    if (fits(name_at(known, i), said)) g_ptr_array_add(found, (gpointer)name_at(known, i));
  return take_fits(out, found);
}

static gboolean same_name(const SnapshotName *name, gconstpointer said) { return strcmp(name->name, said) == 0; }

static gboolean same_key(const SnapshotName *name, gconstpointer said) {
  g_autofree char *key = snapshot_key(name->name), *wanted = snapshot_key(said);
  return strcmp(key, wanted) == 0;
}

typedef struct { int year, week; } Week;

static gboolean same_week(const SnapshotName *name, gconstpointer said) {
  const Week *week = said;
  Week own;
  return snapshot_week(name->name, &own.year, &own.week) && own.week == week->week && (week->year == 0 || own.year == week->year);
}

/* "October" for "October close": a whole word of it, or all but a letter or two. */
static gboolean is_like(const SnapshotName *name, gconstpointer said) {
  Week own, wanted;
  gboolean weeks = snapshot_week(name->name, &own.year, &own.week) && snapshot_week(said, &wanted.year, &wanted.week);
  if (weeks) return FALSE; /* another week is another week */
  g_autofree char *key = snapshot_key(name->name), *other = snapshot_key(said);
  if (strlen(other) >= 3 && (strstr(key, other) != NULL || (strlen(key) >= 3 && strstr(other, key) != NULL))) return TRUE;
  return strlen(other) >= 5 && text_distance(key, other, NEAR_LIMIT) <= NEAR_LIMIT;
}

static gboolean any(const SnapshotName *name, gconstpointer said) {
  (void)name, (void)said;
  return TRUE;
}

static void settle_name(const GPtrArray *known, const char *said, SettledState *out) {
  Week week;
  if (*said == '\0') { /* "the snapshot" */
    take_where(known, any, NULL, out);
    return;
  }
  if (take_where(known, same_name, said, out) || take_where(known, same_key, said, out)) return;
  if (snapshot_week(said, &week.year, &week.week) && take_where(known, same_week, &week, out)) return;
  for (guint i = 0; i < known->len; i++)
    if (is_like(name_at(known, i), said)) g_ptr_array_add(out->fits, g_strdup(name_at(known, i)->name));
  if (out->fits->len > 0) out->outcome = STATE_NEAR;
}

/* ---- by time ---- */
static void settle_at(Day to, SettledState *out) {
  out->outcome = STATE_SETTLED;
  out->ref = (DataRef){.kind = DATA_AT, .time = time_range_absolute(to - 1, to)};
  out->taken_ms = end_of(to - 1);
}

static void settle_taken(const GPtrArray *known, Day from, Day to, SettledState *out) {
  Week week = {0};
  if (to == from + 7) {
    g_autofree char *named = day_format_unit(from, TIME_UNIT_WEEK, &CALENDAR_DEFAULT);
    if (snapshot_week(named, &week.year, &week.week) && take_where(known, same_week, &week, out)) return;
  }
  g_autoptr(GPtrArray) found = g_ptr_array_new();
  for (guint i = 0; i < known->len; i++) {
    const SnapshotName *name = name_at(known, i);
    if (name->kept_ms > end_of(from - 1) && name->kept_ms <= end_of(to - 1)) g_ptr_array_add(found, (gpointer)name);
  }
  if (take_fits(out, found)) return;
  settle_at(to, out);
  out->instead = TRUE;
}

static void settle_time(const GPtrArray *known, const DataRef *said, const ResolveContext *context, SettledState *out) {
  Day from = DAY_NONE, to = DAY_NONE;
  if (!time_range_resolve(&said->time, context, &from, &to) || to == DAY_NONE) return;
  if (said->kind == DATA_AT || from == DAY_NONE) settle_at(to, out);
  else settle_taken(known, from, to, out);
}

/* ---- the whole ---- */
void snapshots_settle(const GPtrArray *known, const char *current_id, const DataRef *said, const ResolveContext *context, SettledState *out) {
  *out = (SettledState){.outcome = STATE_UNKNOWN, .fits = g_ptr_array_new_with_free_func(g_free)};
  switch (said->kind) {
  case DATA_NOW:
    out->outcome = STATE_SETTLED;
    out->taken_ms = G_MAXINT64;
    return;
  case DATA_SNAPSHOT: settle_name(known, said->name, out); return;
  case DATA_TAKEN:
  case DATA_AT: settle_time(known, said, context, out); return;
  case DATA_NEWEST:
    if (known->len > 0) take(out, name_at(known, 0));
    return;
  case DATA_PREVIOUS:
    for (guint i = 0; i < known->len && out->outcome != STATE_SETTLED; i++)
      if (g_strcmp0(name_at(known, i)->id, current_id) != 0) take(out, name_at(known, i));
    return;
  case DATA_OLDEST:
    if (known->len > 0) take(out, name_at(known, known->len - 1));
    return;
  }
}

DataChoice snapshots_choice(const DataRef *settled, const DataChoice *otherwise) {
  if (settled->kind == DATA_SNAPSHOT) return (DataChoice){.snapshot = settled->name};
  if (settled->kind == DATA_AT) return (DataChoice){.at_ms = end_of(settled->time.to - 1)};
  return *otherwise;
}

char *snapshots_list(const GPtrArray *known) {
  g_autoptr(GString) list = g_string_new(NULL);
  for (guint i = 0; i < MIN(known->len, LISTED); i++) g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", name_at(known, i)->name);
  if (known->len > LISTED) g_string_append_printf(list, " and %u more", known->len - LISTED);
  return g_string_free(g_steal_pointer(&list), FALSE);
}

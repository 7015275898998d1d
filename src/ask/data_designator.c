#include "ask/data_designator.h"

#include <string.h>

#include "ask/time_point.h"

#define NAME_TOKENS 12

char *designator_text(const Designators *in, guint first, guint end) {
  if (first >= end) return g_strdup("");
  const Token *from = token_at(in->tokens, first), *to = token_at(in->tokens, end - 1);
  return g_strndup(in->question + from->start, (gsize)(to->start + to->length - from->start));
}

/* "June's" names June: the possessive is no part of it. */
static char *name_text(const Designators *in, guint first, guint end) {
  char *text = designator_text(in, first, end);
  gsize length = strlen(text);
  if (length > 2 && g_ascii_strcasecmp(text + length - 2, "'s") == 0) text[length - 2] = '\0';
  return text;
}

/* ---- names ---- */
static guint quoted_name(const Designators *in, guint at, DataRef *out) {
  guint end = at;
  while (end < in->tokens->len && token_at(in->tokens, end)->quoted) end++;
  if (end == at) return 0;
  *out = (DataRef){.kind = DATA_SNAPSHOT, .name = designator_text(in, at, end)};
  return end - at;
}

static guint known_name(const Designators *in, guint at, DataRef *out) {
  for (guint end = MIN(in->tokens->len, at + NAME_TOKENS); end > at; end--) {
    g_autofree char *text = name_text(in, at, end), *key = snapshot_key(text);
    for (guint i = 0; *key && i < in->keys->len; i++) {
      if (strcmp(g_ptr_array_index(in->keys, i), key) != 0) continue;
      *out = (DataRef){.kind = DATA_SNAPSHOT, .name = g_strdup(g_ptr_array_index(in->names, i))};
      return end - at;
    }
  }
  return 0;
}

static guint week_name(const Designators *in, guint at, DataRef *out) {
  for (guint end = MIN(in->tokens->len, at + 6); end > at; end--) {
    g_autofree char *text = name_text(in, at, end);
    int year, week;
    if (!snapshot_week(text, &year, &week)) continue;
    *out = (DataRef){.kind = DATA_SNAPSHOT, .name = year > 0 ? g_strdup_printf("week %04d-%02d", year, week) : g_strdup_printf("week %d", week)};
    return end - at;
  }
  return 0;
}

/* ---- days ---- */
static guint weekday(const Designators *in, guint at, DataRef *out) {
  static const char *const DAYS[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
  gboolean last = TOKEN_IS_ANY(in->tokens, at, "last", "previous", "past"), same = TOKEN_IS_ANY(in->tokens, at, "this", "on");
  guint day_at = at + (last || same);
  for (guint day = 0; day < G_N_ELEMENTS(DAYS); day++) {
    if (!token_is(in->tokens, day_at, DAYS[day])) continue;
    Day monday = day_unit_start(in->today, TIME_UNIT_WEEK, &(Calendar){.week_start = 1});
    Day wanted = monday + (Day)day;
    while (wanted > in->today || (last && wanted == in->today)) wanted -= 7;
    *out = (DataRef){.kind = DATA_TAKEN, .time = time_range_absolute(wanted, wanted + 1)};
    return day_at + 1 - at;
  }
  return 0;
}

static TimeUnit unit_of(const GArray *tokens, guint at) {
  static const struct { const char *word; TimeUnit unit; } UNITS[] = {
      {"day", TIME_UNIT_DAY}, {"week", TIME_UNIT_WEEK}, {"month", TIME_UNIT_MONTH}, {"quarter", TIME_UNIT_QUARTER}, {"year", TIME_UNIT_YEAR}};
  for (guint i = 0; at < tokens->len && i < G_N_ELEMENTS(UNITS); i++)
    if (strcmp(token_at(tokens, at)->singular, UNITS[i].word) == 0) return UNITS[i].unit;
  return TIME_UNIT_NONE;
}

static guint relative_time(const Designators *in, guint at, DataRef *out) {
  const GArray *tokens = in->tokens;
  out->kind = DATA_TAKEN;
  gboolean today = TOKEN_IS_ANY(tokens, at, "today", "todays");
  if (today || TOKEN_IS_ANY(tokens, at, "yesterday", "yesterdays")) {
    out->time = time_range_units(TIME_UNIT_DAY, today ? 0 : -1, 1);
    return 1;
  }
  TimeUnit unit = unit_of(tokens, at + 1);
  gboolean back = TOKEN_IS_ANY(tokens, at, "last", "previous", "past", "prior"), now = TOKEN_IS_ANY(tokens, at, "this", "current");
  if (unit != TIME_UNIT_NONE && (back || now)) {
    out->time = time_range_units(unit, back ? -1 : 0, 1);
    return 2;
  }
  gboolean ordinal = FALSE;
  int count = at < tokens->len ? number_word(token_at(tokens, at), &ordinal) : 0;
  if (TOKEN_IS_ANY(tokens, at, "a", "one", "an")) count = 1;
  if (count > 0 && !ordinal && unit != TIME_UNIT_NONE && TOKEN_IS_ANY(tokens, at + 2, "ago", "earlier", "back")) {
    out->time = time_range_units(unit, -count, 1);
    return 3;
  }
  return 0;
}

/* A day, month or the like of the calendar; without a year it is the last one that has begun. */
static guint calendar_time(const Designators *in, guint at, DataRef *out) {
  TimePoint point = {0};
  guint consumed = time_point_parse(in->tokens, at, &point);
  if (consumed == 0 || point.unit == TIME_UNIT_NONE) return 0;
  out->kind = DATA_TAKEN;
  if (!time_point_is_partial(&point)) return time_point_range(&point, in->calendar, &out->time) ? consumed : 0;
  point.year = day_year(in->today);
  if (!time_point_range(&point, in->calendar, &out->time)) return 0;
  if (out->time.from > in->today) {
    point.year--;
    if (!time_point_range(&point, in->calendar, &out->time)) return 0;
  }
  return consumed;
}

/* ---- by their order ---- */
static guint ordinal_state(const Designators *in, guint at, DataRef *out) {
  const GArray *tokens = in->tokens;
  *out = (DataRef){.kind = DATA_NOW};
  if (TOKEN_IS_ANY(tokens, at, "current", "present", "live")) return 1;
  out->kind = DATA_NEWEST;
  if (token_is(tokens, at, "most") && token_is(tokens, at + 1, "recent")) return 2;
  if (TOKEN_IS_ANY(tokens, at, "newest", "latest", "last")) return 1;
  out->kind = DATA_PREVIOUS;
  if (TOKEN_IS_ANY(tokens, at, "previous", "prior", "preceding", "earlier")) return 1;
  out->kind = DATA_OLDEST;
  if (TOKEN_IS_ANY(tokens, at, "first", "oldest", "original", "earliest")) return 1;
  out->kind = DATA_NOW;
  return 0;
}

guint designator_now(const Designators *in, guint at) {
  const GArray *tokens = in->tokens;
  if (TOKEN_IS_ANY(tokens, at, "now", "today")) return 1;
  guint begin = at;
  if (token_is(tokens, at, "the")) at++;
  if (!TOKEN_IS_ANY(tokens, at, "current", "live", "latest", "present", "todays", "today")) return 0;
  return TOKEN_IS_ANY(tokens, at + 1, "data", "state", "numbers", "figures", "one", "snapshot", "version") ? at + 2 - begin : 0;
}

guint designator_at(const Designators *in, guint at, gboolean beside, DataRef *out) {
  guint begin = at;
  *out = (DataRef){.kind = DATA_NOW};
  if (token_is(in->tokens, at, "the")) at++;
  if (at >= in->tokens->len) return 0;
  guint consumed = quoted_name(in, at, out);
  if (consumed == 0) consumed = known_name(in, at, out);
  if (consumed == 0) consumed = week_name(in, at, out);
  if (consumed == 0) consumed = weekday(in, at, out);
  if (consumed == 0) consumed = relative_time(in, at, out);
  if (consumed == 0) consumed = calendar_time(in, at, out);
  if (consumed == 0 && beside) consumed = ordinal_state(in, at, out);
  if (consumed == 0) {
    data_ref_clear(out);
    return 0;
  }
  return at - begin + consumed;
}

guint designator_before(const Designators *in, guint end, DataRef *out) {
  for (guint at = end > NAME_TOKENS ? end - NAME_TOKENS : 0; at < end; at++) {
    if (designator_at(in, at, TRUE, out) == end - at) return at;
    data_ref_clear(out);
  }
  return end;
}

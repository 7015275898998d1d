/* Which keys there may be, and patterns over them. */
#include <string.h>

#include "object/backend.h"

/* Deeper patterns cost time without saying more. */
#define MAX_GLOB_DEPTH 64

static const char *part_problem(const char *part, gsize length) {
  if (length == 0) return "an empty part";
  if (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.'))) return "'.' or '..'";
  if (length > 255) return "a part of more than 255 bytes";
  return strncmp(part, ".tmp-", 5) == 0 ? "a part that begins with '.tmp-'" : NULL;
}

gboolean object_key_check(const char *key, GError **error) {
  const char *problem = NULL;
  gsize length = strlen(key);
  if (length > OBJECT_KEY_MAX) problem = "more than 1024 bytes";
  if (!g_utf8_validate(key, (gssize)length, NULL)) problem = "bytes that are no UTF-8";
  for (const char *p = key; problem == NULL && *p != '\0'; p++)
    if ((guchar)*p < 0x20 || *p == 0x7f) problem = "a control character";
  for (const char *part = key; problem == NULL;) {
    gsize n = strcspn(part, "/");
    problem = part_problem(part, n);
    if (part[n] == '\0') break;
    part += n + 1;
  }
  if (problem == NULL) return TRUE;
  g_autofree char *shown = g_utf8_make_valid(key, (gssize)MIN(length, 80));
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "'%s' cannot be the name of an object: it has %s",
              shown, problem);
  return FALSE;
}

/* Moves `*pattern` past "[…]" and says whether `character` is in it; a set that is not closed matches itself only. */
static gboolean match_set(const char **pattern, char character) {
  const char *p = *pattern + 1;
  gboolean negated = *p == '!' || *p == '^', found = FALSE;
  if (negated) p++;
  for (gboolean first = TRUE; *p != '\0' && (first || *p != ']'); first = FALSE) {
    if (p[1] == '-' && p[2] != '\0' && p[2] != ']') {
      found |= (guchar)character >= (guchar)p[0] && (guchar)character <= (guchar)p[2];
      p += 3;
    } else {
      found |= *p++ == character;
    }
  }
  if (*p == '\0') {
    (*pattern)++;
    return character == '[';
  }
  *pattern = p + 1;
  return found != negated && character != '/';
}

/* What was tried after a star and failed, so that a pattern of many stars is not tried in every combination. */
typedef struct {
  const char *pattern, *key;
  gsize key_length;
  guint8 *tried; /* a bit for each place in the pattern and in the key */
} Glob;

static gboolean was_tried(Glob *glob, const char *pattern, const char *key) {
  gsize place = (gsize)(pattern - glob->pattern) * (glob->key_length + 1) + (gsize)(key - glob->key);
  guint8 bit = (guint8)(1u << (place % 8));
  gboolean before = (glob->tried[place / 8] & bit) != 0;
  glob->tried[place / 8] |= bit;
  return before;
}

static gboolean match(Glob *glob, const char *pattern, const char *key, int depth);

/* `pattern` stands behind the star. */
static gboolean match_star(Glob *glob, const char *pattern, const char *key, gboolean over_folders, int depth) {
  /* Over any number of folders, none included. */
  if (over_folders && *pattern == '/' && match(glob, pattern + 1, key, depth + 1)) return TRUE;
  for (;; key++) {
    if (match(glob, pattern, key, depth + 1)) return TRUE;
    if (*key == '\0' || (*key == '/' && !over_folders)) return FALSE;
  }
}

static gboolean match(Glob *glob, const char *pattern, const char *key, int depth) {
  if (depth > MAX_GLOB_DEPTH || was_tried(glob, pattern, key)) return FALSE;
  while (*pattern != '\0') {
    if (*pattern == '*') {
      gboolean over_folders = pattern[1] == '*';
      return match_star(glob, pattern + 1 + over_folders, key, over_folders, depth);
    }
    if (*key == '\0') return FALSE;
    if (*pattern == '[') {
      if (!match_set(&pattern, *key)) return FALSE;
    } else if (*pattern == '?') {
      if (*key == '/') return FALSE;
      pattern++;
    } else if (*pattern++ != *key) {
      return FALSE;
    }
    key++;
  }
  return *key == '\0';
}

gboolean object_glob_match(const char *pattern, const char *key) {
  gsize pattern_length = strlen(pattern), key_length = strlen(key);
  if (pattern_length > OBJECT_KEY_MAX || key_length > OBJECT_KEY_MAX) return FALSE;
  g_autofree guint8 *tried = g_malloc0((pattern_length + 1) * (key_length + 1) / 8 + 1);
  Glob glob = {pattern, key, key_length, tried};
  return match(&glob, pattern, key, 0);
}

char *object_glob_prefix(const char *pattern) {
  return g_strndup(pattern, strcspn(pattern, "*?["));
}

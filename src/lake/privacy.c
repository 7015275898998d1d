/* Rules, key and SQL of personal data on its way in. */
#include "lake/privacy.h"
#include "base/disk.h"
#include "lake/ingest_yaml.h"
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_BYTES 16
#define DEFAULT_KEEP 2
#define KEEP_MAX 100

static const char *const actions[] = {"hash", "mask", "generalise", "drop", "keep", NULL};

const char *privacy_action_name(PrivacyAction action) {
  return actions[action];
}

void privacy_rule_free(PrivacyRule *rule) {
  if (!rule) return;
  g_free(rule->column);
  g_free(rule);
}

static gboolean read_action(const YamlReading *reading, const YamlNode *node, PrivacyRule *rule) {
  static const char *const keys[] = {"action", "keep", NULL};
  const YamlNode *action = node;
  rule->keep = DEFAULT_KEEP;
  if (node->kind == YAML_MAP) {
    yaml_check_keys(reading, node, keys);
    action = yaml_get(node, "action");
    const YamlNode *keep = yaml_get(node, "keep");
    int count = keep && keep->kind == YAML_SCALAR ? text_leading_number(keep->text) : DEFAULT_KEEP;
    if (count < 1 || count > KEEP_MAX) yaml_complain(reading, keep, "'keep' is a number of characters from 1 to 100");
    rule->keep = (guint)CLAMP(count, 1, KEEP_MAX);
  }
  for (int i = 0; action && action->kind == YAML_SCALAR && actions[i]; i++)
    if (!strcmp(action->text, actions[i])) {
      rule->action = (PrivacyAction)i;
      return TRUE;
    }
  yaml_complain(reading, action ? action : node, "say what becomes of the column: hash, mask, generalise, drop or keep");
  return FALSE;
}

GPtrArray *privacy_rules_read(const YamlNode *node, const char *file, GPtrArray *problems) {
  GPtrArray *rules = g_ptr_array_new_with_free_func((GDestroyNotify)privacy_rule_free);
  YamlReading reading = {file, problems};
  if (yaml_is_null(node)) return rules;
  if (node->kind != YAML_MAP) {
    yaml_complain(&reading, node, "'privacy' is a map: column -> hash, mask, generalise, drop or keep");
    return rules;
  }
  for (guint i = 0; i < node->keys->len; i++) {
    const YamlNode *key = node->keys->pdata[i];
    PrivacyRule *rule = g_new0(PrivacyRule, 1);
    rule->column = g_strdup(key->text);
    rule->line = key->line;
    rule->place = key->column;
    g_ptr_array_add(rules, rule);
    if (!name_is_physical(key->text)) yaml_complain(&reading, key, "'%s' is no column of a table", key->text);
    read_action(&reading, node->items->pdata[i], rule);
  }
  return rules;
}

const PrivacyRule *privacy_rule_find(const GPtrArray *rules, const char *column) {
  for (guint i = 0; rules && i < rules->len; i++) {
    const PrivacyRule *rule = rules->pdata[i];
    if (!strcmp(rule->column, column)) return rule;
  }
  return NULL;
}

/* ---- the key ---- */

typedef struct {
  guchar key[crypto_generichash_KEYBYTES_MAX];
} PrivacyKey;

static void privacy_key_free(gpointer pointer) {
  sodium_memzero(pointer, sizeof(PrivacyKey));
  g_free(pointer);
}

static void hash_text(const char *text, gsize length, GString *out, gpointer user_data) {
  const PrivacyKey *key = user_data;
  guchar hash[HASH_BYTES];
  char hex[HASH_BYTES * 2 + 1];
  crypto_generichash(hash, sizeof hash, (const guchar *)text, length, key->key, sizeof key->key);
  sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
  g_string_append(out, "h_");
  g_string_append(out, hex);
}

/* A key that nobody chose: made once, for this workspace alone. */
static gboolean make_key_file(const char *path, GError **error) {
  guchar bytes[32];
  char hex[sizeof bytes * 2 + 1];
  randombytes_buf(bytes, sizeof bytes);
  sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
  g_autofree char *folder = g_path_get_dirname(path);
  if (!disk_make_folder(folder, error)) return FALSE;
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) return TRUE;
  gboolean good = fd >= 0 && write(fd, hex, strlen(hex)) == (ssize_t)strlen(hex) && fsync(fd) == 0;
  if (!good) aisle_error_set_errno(error, errno, "write the privacy key %s", path);
  if (fd >= 0) close(fd);
  return good;
}

static char *read_key(const char *workspace, GError **error) {
  const char *given = g_getenv(PRIVACY_KEY_ENVIRONMENT), *file = g_getenv(PRIVACY_KEY_ENVIRONMENT "_FILE");
  if (given && *given) return g_strdup(given);
  g_autofree char *own = g_build_filename(workspace, "state", "privacy.key", NULL);
  if ((!file || !*file) && !make_key_file(own, error)) return NULL;
  char *text = NULL;
  if (!g_file_get_contents(file && *file ? file : own, &text, NULL, error)) return NULL;
  return g_strstrip(text);
}

gboolean privacy_prepare(Engine *engine, const char *workspace, GError **error) {
  if (sodium_init() < 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INTERNAL, "libsodium does not start");
    return FALSE;
  }
  g_autofree char *text = read_key(workspace, error);
  if (!text) return FALSE;
  if (strlen(text) < PRIVACY_KEY_MIN_BYTES) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT,
                "the privacy key has fewer than %d characters: whoever guesses it can test guesses of the data", PRIVACY_KEY_MIN_BYTES);
    return FALSE;
  }
  PrivacyKey *key = g_new0(PrivacyKey, 1);
  crypto_generichash(key->key, sizeof key->key, (const guchar *)text, strlen(text), NULL, 0);
  sodium_memzero(text, strlen(text));
  return engine_add_text_function(engine, "aisle_hash", hash_text, key, privacy_key_free, error);
}

/* ---- SQL ---- */

static char *mask_sql(const char *expression) {
  return g_strdup_printf(
      "(CASE WHEN %s IS NULL THEN NULL "
      "WHEN contains(CAST(%s AS VARCHAR), '@') THEN left(CAST(%s AS VARCHAR), 1) || '***@' || split_part(CAST(%s AS VARCHAR), '@', -1) "
      "WHEN length(CAST(%s AS VARCHAR)) > 4 THEN left(CAST(%s AS VARCHAR), 1) || '*****' || right(CAST(%s AS VARCHAR), 1) "
      "ELSE '***' END)",
      expression, expression, expression, expression, expression, expression, expression);
}

char *privacy_sql(const PrivacyRule *rule, const char *expression, const char *sql_type) {
  switch (rule->action) {
  case PRIVACY_HASH: return g_strdup_printf("aisle_hash(CAST(%s AS VARCHAR))", expression);
  case PRIVACY_MASK: return mask_sql(expression);
  case PRIVACY_DROP: return NULL;
  case PRIVACY_KEEP: return g_strdup(expression);
  case PRIVACY_GENERALISE: break;
  }
  if (!strcmp(sql_type, "DATE") || g_str_has_prefix(sql_type, "TIMESTAMP"))
    return g_strdup_printf("CAST(date_trunc('year', %s) AS %s)", expression, sql_type);
  if (!strcmp(sql_type, "BIGINT") || !strcmp(sql_type, "DOUBLE") || g_str_has_prefix(sql_type, "DECIMAL"))
    return g_strdup_printf("CAST(floor(%s / 10) * 10 AS %s)", expression, sql_type);
  return g_strdup_printf("left(CAST(%s AS VARCHAR), %u)", expression, rule->keep);
}

/* ---- what else could tell ---- */

static gboolean names_column(const json_t *node, const char *column) {
  size_t i;
  json_t *item;
  if (json_is_array(node)) {
    json_array_foreach (node, i, item)
      if (names_column(item, column)) return TRUE;
    return FALSE;
  }
  if (!json_is_object(node)) return FALSE;
  const char *class = json_get_string(node, "class");
  if (!g_strcmp0(class, "STAR")) return TRUE;
  if (!g_strcmp0(class, "COLUMN_REF"))
    json_array_foreach (json_object_get(node, "column_names"), i, item)
      if (json_is_string(item) && !g_ascii_strcasecmp(json_string_value(item), column)) return TRUE;
  const char *key;
  json_object_foreach ((json_t *)node, key, item)
    if (names_column(item, column)) return TRUE;
  return FALSE;
}

gboolean privacy_reads(Engine *engine, const char *expression, const char *column) {
  g_autofree char *sql = g_strdup_printf("SELECT (%s\n)", expression), *parsed = engine_parse_sql(engine, sql, NULL);
  if (!parsed) return TRUE;
  g_autoptr(GString) text = g_string_new(parsed);
  /* "no location" is written as a number that is too large for JSON integers here */
  g_string_replace(text, "18446744073709551615", "-1", 0);
  g_autoptr(json_t) parse = json_parse(text->str, text->len, NULL);
  return !parse || names_column(parse, column);
}

#define ENGINE_SAYS "SQL engine: "

void privacy_hide_values(GError *error) {
  /* Of these kinds no message quotes a row. */
  static const char *const harmless[] = {"Binder Error", "Parser Error", "Catalog Error", "IO Error", "Out of Memory Error", NULL};
  static const char source[] = "source column ";
  char *said = error ? strstr(error->message, ENGINE_SAYS) : NULL;
  if (!said) return;
  said += strlen(ENGINE_SAYS);
  for (guint i = 0; harmless[i]; i++)
    if (g_str_has_prefix(said, harmless[i])) return;
  const char *column = g_strrstr(said, source);
  gsize width = column ? strspn(column + strlen(source), "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;
  GString *text = g_string_new_len(error->message, said - error->message);
  g_string_append_len(text, said, (gssize)strcspn(said, ":\n"));
  g_string_append(text, ": a value does not fit, and is not shown because the load has personal columns");
  if (width > 0) g_string_append_printf(text, "; look at the column %.*s", (int)width, column + strlen(source));
  g_free(error->message);
  error->message = g_string_free(text, FALSE);
}

/* ---- detection ---- */

static gboolean name_has(const char *column, const char *const *words) {
  g_auto(GStrv) parts = g_strsplit(column, "_", -1);
  for (guint i = 0; parts[i]; i++)
    if (g_strv_contains(words, parts[i])) return TRUE;
  return FALSE;
}

static double share_matching(const char *pattern, const char *const *sample) {
  guint seen = 0, matching = 0;
  g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_OPTIMIZE, 0, NULL);
  for (guint i = 0; regex && sample && sample[i]; i++) {
    seen++;
    matching += g_regex_match(regex, sample[i], 0, NULL);
  }
  return seen ? (double)matching / seen : 0;
}

/* The check digit of payment cards (ISO/IEC 7812-1). */
static gboolean is_card_number(const char *text) {
  guint digits = 0, sum = 0;
  for (const char *p = text + strlen(text); p-- > text;) {
    if (*p == ' ' || *p == '-') continue;
    if (!g_ascii_isdigit(*p)) return FALSE;
    guint digit = (guint)(*p - '0') * (digits % 2 ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
    digits++;
  }
  return digits >= 13 && digits <= 19 && sum % 10 == 0;
}

const char *privacy_detect(const char *column, const char *const *sample) {
  static const char *const phones[] = {"phone", "mobile", "telephone", "tel", "fax", NULL}, *const mails[] = {"email", "mail", NULL},
                          *const people[] = {"firstname", "lastname", "surname", "fullname", "birth", "birthday", "birthdate", NULL},
                          *const streets[] = {"address", "street", NULL}, *const persons[] = {"customer", "client", "buyer", "contact",
                          "cardholder", "employee", "recipient", "person", "seller", NULL}, *const names[] = {"name", NULL}, *const sellers[] = {"seller", "sellers", NULL}, *const cards_named[] = {"card", "iban", NULL};
  if (share_matching("^[^@\\s]+@[^@\\s]+\\.[A-Za-z]{2,}$", sample) > 0.5) return "email";
  guint seen = 0, cards = 0;
  for (guint i = 0; sample && sample[i]; i++, seen++) cards += is_card_number(sample[i]);
  if (seen && cards * 10 > seen * 8) return "card";
  if (name_has(column, cards_named) && share_matching("^[A-Z0-9][A-Z0-9 -]{11,}$", sample) > 0.5) return "card";
  if (name_has(column, mails)) return "email";
  if (name_has(column, phones) && (!seen || share_matching("^[+()0-9][-+()0-9 ./]{5,}$", sample) > 0.3)) return "phone";
  if (name_has(column, people) || (name_has(column, persons) && name_has(column, names))) return "name";
  if (name_has(column, streets)) return "address";
  if (name_has(column, sellers)) return "seller";
  return NULL;
}

/*
 * Personal data is changed on its way in, before anything of it is written: each rule names a column and what becomes of
 * it. What is hashed stays joinable and countable: equal values give equal hashes under one key, and without the key
 * nobody can test a guess.
 */
#pragma once
#include "base/yaml_tree.h"
#include "engine/engine.h"

typedef enum {
  PRIVACY_HASH,       /* BLAKE2b-128 keyed, in hexadecimal, with a prefix that says so: "h_4f..." */
  PRIVACY_MASK,       /* first and last character of long texts stay: "a*****z"; of e-mail addresses the domain too */
  PRIVACY_GENERALISE, /* dates to the first of their year, numbers to tens, postcodes to their first characters */
  PRIVACY_DROP,       /* the column does not reach the table */
  PRIVACY_KEEP        /* stored as it is: for a column made of personal ones that tells of nobody any more */
} PrivacyAction;

typedef struct {
  char *column; /* of the target */
  PrivacyAction action;
  guint keep;   /* GENERALISE of text: characters that stay (default 2) */
  guint line, place; /* in the file */
} PrivacyRule;
void privacy_rule_free(PrivacyRule *rule);
const char *privacy_action_name(PrivacyAction action);

#define PRIVACY_KEY_ENVIRONMENT "AISLE_PRIVACY_KEY"
#define PRIVACY_KEY_MIN_BYTES 16

/* The map under `privacy:` (column -> action, or {action, keep}). Of PrivacyRule*, empty without one. (transfer full) */
GPtrArray *privacy_rules_read(const YamlNode *node, const char *file, GPtrArray *problems);
const PrivacyRule *privacy_rule_find(const GPtrArray *rules, const char *column);

/*
 * Makes the keyed hash known to the engine. The key comes from AISLE_PRIVACY_KEY, or from the file AISLE_PRIVACY_KEY_FILE
 * names, or from <workspace>/state/privacy.key (made on first use, 0600). INVALID_ARGUMENT when it is too short.
 */
gboolean privacy_prepare(Engine *engine, const char *workspace, GError **error);
/*
 * The SQL that makes of `expression` (of the engine's type `sql_type`) what may be stored. NULL for DROP. `stored_type`
 * receives the type of the result. (transfer full)
 */
char *privacy_sql(const PrivacyRule *rule, const char *expression, const char *sql_type);

/* Whether an SQL expression reads the column; TRUE as well where that cannot be told. */
gboolean privacy_reads(Engine *engine, const char *expression, const char *column);
/* Takes out of an engine's message what it quotes of rows: such messages are shown and logged. */
void privacy_hide_values(GError *error);

/*
 * What a column looks like by its name and a sample of values: "email", "phone", "card", "name", "address", "seller"; NULL when it
 * looks like none. Pure.
 */
const char *privacy_detect(const char *column, const char *const *sample);

/*
 * Personal data and secrets in text that is about to leave: e-mail addresses, telephone numbers, payment cards (Luhn), bank
 * accounts (IBAN, mod 97), social security numbers, keys and tokens of common services, private keys, passwords in words and
 * in addresses. Each becomes [EMAIL], [PHONE], ... A redactor is immutable and thread-safe.
 */
#pragma once
#include "base/base.h"

typedef struct AiRedactor AiRedactor;
AiRedactor *ai_redactor_new(void); /* (transfer full) */
void ai_redactor_free(AiRedactor *redactor);
/* NULL: nothing was found. `kinds`, when not NULL, gets one bit for each kind found (see ai_redact_kind). (transfer full) */
char *ai_redact(const AiRedactor *redactor, const char *text, guint *found, guint32 *kinds);
const char *ai_redact_kind(guint bit); /* "EMAIL"; NULL past the last */
/* All strings in a JSON value, in place; how many were found. The value must not be shared. */
guint ai_redact_json(const AiRedactor *redactor, json_t *value, guint32 *kinds);

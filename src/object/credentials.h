/*
 * AWS credentials, found in this order: the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN),
 * the shared files (AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE, section AWS_PROFILE), a container's endpoint
 * (AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI), the instance's metadata service, version 2
 * (AWS_EC2_METADATA_SERVICE_ENDPOINT; AWS_EC2_METADATA_DISABLED=true turns it off). Private to the module.
 */
#pragma once
#include "base/base.h"

typedef struct {
  gint references;
  char *key_id, *secret, *token; /* token NULL: none */
  gint64 expires_ms;             /* since 1970; 0: never, as far as is known */
} Credentials;
void credentials_unref(Credentials *credentials);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Credentials, credentials_unref)

typedef struct CredentialSource CredentialSource;
CredentialSource *credential_source_new(void);
void credential_source_free(CredentialSource *source);
/*
 * What holds now; looked up again shortly before it expires, or when `refused` is what a service would not take any
 * more (then the same again is an error: nobody renewed them). FORBIDDEN where there are none, with where they were
 * looked for. Thread-safe. (transfer full)
 */
Credentials *credential_source_get(CredentialSource *source, const Credentials *refused, Deadline deadline,
                                   GError **error);
/* "region" of the profile in the shared configuration; NULL when it has none. (transfer full) */
char *credential_profile_region(void);

/* The values of one section of an INI text: name -> value, names in lower case. Pure. (transfer full) */
GHashTable *credential_ini_section(const char *text, const char *section);

#include "lake/content_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#define READ_BYTES (1u << 20)
#define HASH_BYTES 32

char *content_hash(const char *path, ContentProgress told, gpointer user_data, Deadline deadline, GError **error) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    aisle_error_set_errno(error, errno, "read %s", path);
    return NULL;
  }
  posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  crypto_generichash_state state;
  crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
  g_autofree guchar *bytes = g_malloc(READ_BYTES);
  gint64 done = 0;
  ssize_t n;
  while ((n = read(fd, bytes, READ_BYTES)) > 0) {
    crypto_generichash_update(&state, bytes, (unsigned long long)n);
    done += n;
    if (told) told(done, user_data);
    if (!deadline_check(deadline, error)) break;
  }
  int reason = errno;
  close(fd);
  if (n != 0) {
    if (n < 0) aisle_error_set_errno(error, reason, "read %s", path);
    return NULL;
  }
  guchar hash[HASH_BYTES];
  char hex[HASH_BYTES * 2 + 1];
  crypto_generichash_final(&state, hash, sizeof hash);
  sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
  return g_strdup(hex);
}

char *content_identity(const char *hash) {
  return g_strconcat("content:", hash, NULL);
}

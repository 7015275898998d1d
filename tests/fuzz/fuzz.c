#include "fuzz.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

char *fuzz_text(const uint8_t *bytes, size_t length) { return g_strndup((const char *)bytes, length); }

/* A file in memory: no disk, no clean-up. */
const char *fuzz_file(const uint8_t *bytes, size_t length) {
  static char path[64];
  static int fd = -1;
  if (fd >= 0) close(fd);
  fd = memfd_create("fuzz", MFD_CLOEXEC);
  if (fd < 0) abort();
  for (size_t done = 0; done < length;) {
    ssize_t wrote = write(fd, bytes + done, length - done);
    if (wrote <= 0) abort();
    done += (size_t)wrote;
  }
  g_snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return path;
}

/*
 * Makes the nth file operation of a program fail: LD_PRELOAD this, AISLE_FAULT="call:n:errno", AISLE_FAULT_MARK=PATH.
 * Calls: open (for writing), write, fsync, rename, link, mkdir, unlink, rmdir; "any" counts all of them; send (to a
 * server, as libcurl does), which "any" leaves out. Only regular files count, so that messages still get out. When the
 * fault strikes, PATH is made, so that a test knows that it did. "kill" in place of errno ends the process there and
 * then, as kill -9 does, before the call is made. With AISLE_FAULT_LOG=PATH each call is noted there as a line "call
 * path", so that a test can count them and name them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long seen;

/* The next definition of the name: the C library's. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void leave_mark(void) {
  const char *mark = getenv("AISLE_FAULT_MARK");
  if (!mark) return;
  int fd = REAL(open)(mark, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);
}

static void note(const char *call, const char *path) {
  const char *log = getenv("AISLE_FAULT_LOG");
  if (!log) return;
  char line[4200];
  int length = snprintf(line, sizeof line, "%s %s\n", call, path);
  int fd = REAL(open)(log, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  if (length > 0 && length < (int)sizeof line && REAL(write)(fd, line, (size_t)length) < 0) abort();
  close(fd);
}

/* Whether this call is the one to fail; errno is then set. */
static int strikes(const char *call, const char *path) {
  const char *fault = getenv("AISLE_FAULT");
  note(call, path);
  size_t length = strlen(call);
  if (!fault) return 0;
  if (strncmp(fault, "any:", 4) == 0 && strcmp(call, "send") != 0)
    length = 3;
  else if (strncmp(fault, call, length) != 0 || fault[length] != ':')
    return 0;
  char *end = NULL;
  long nth = strtol(fault + length + 1, &end, 10);
  int dies = end && strcmp(end, ":kill") == 0;
  int error = end && *end == ':' ? (int)strtol(end + 1, NULL, 10) : EIO;
  pthread_mutex_lock(&lock);
  int now = ++seen == nth;
  pthread_mutex_unlock(&lock);
  if (now) {
    leave_mark();
    if (dies) raise(SIGKILL);
    errno = error;
  }
  return now;
}

static int strikes_file(const char *call, int fd) {
  char link[40], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length > 0 ? length : 0] = '\0';
  return strikes(call, path);
}

static int is_regular(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

static mode_t mode_of(int flags, va_list arguments) {
  return flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

/* dirfd AT_FDCWD is what open() means. */
#define OPEN(name, signature, call)                                                                                    \
  int name signature {                                                                                                 \
    va_list arguments;                                                                                                 \
    va_start(arguments, flags);                                                                                        \
    mode_t mode = mode_of(flags, arguments);                                                                           \
    va_end(arguments);                                                                                                 \
    if ((flags & O_ACCMODE) != O_RDONLY && strncmp(path, "/dev/", 5) != 0 && strikes("open", path)) return -1;         \
    return REAL(name) call;                                                                                            \
  }
OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
OPEN(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))
OPEN(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))

ssize_t write(int fd, const void *bytes, size_t length) {
  return is_regular(fd) && strikes_file("write", fd) ? -1 : REAL(write)(fd, bytes, length);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  return is_regular(fd) && strikes_file("write", fd) ? -1 : REAL(pwrite)(fd, bytes, length, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  return is_regular(fd) && strikes_file("write", fd) ? -1 : REAL(pwrite64)(fd, bytes, length, at);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  return is_regular(fd) && strikes_file("write", fd) ? -1 : REAL(writev)(fd, parts, count);
}
int fsync(int fd) {
  return strikes_file("fsync", fd) ? -1 : REAL(fsync)(fd);
}
int fdatasync(int fd) {
  return strikes_file("fsync", fd) ? -1 : REAL(fdatasync)(fd);
}
int rename(const char *from, const char *to) {
  return strikes("rename", to) ? -1 : REAL(rename)(from, to);
}
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags) {
  return strikes("rename", to) ? -1 : REAL(renameat2)(from_folder, from, to_folder, to, flags);
}
int link(const char *from, const char *to) {
  return strikes("link", to) ? -1 : REAL(link)(from, to);
}
int mkdir(const char *path, mode_t mode) {
  return strikes("mkdir", path) ? -1 : REAL(mkdir)(path, mode);
}
int unlink(const char *path) {
  return strikes("unlink", path) ? -1 : REAL(unlink)(path);
}
int rmdir(const char *path) {
  return strikes("rmdir", path) ? -1 : REAL(rmdir)(path);
}
ssize_t send(int fd, const void *bytes, size_t length, int flags) {
  return strikes("send", "") ? -1 : REAL(send)(fd, bytes, length, flags);
}

#include "base/error.h"

#include <errno.h>
#include <string.h>

static const AisleErrorInfo error_table[AISLE_ERROR_COUNT] = {
#define X(symbol, name, http, exit_status, retry, meaning) [AISLE_ERROR_##symbol] = {name, http, exit_status, retry, meaning},
    AISLE_ERROR_TABLE(X)
#undef X
};

GQuark aisle_error_quark(void) {
  return g_quark_from_static_string("aisle-error");
}

const AisleErrorInfo *aisle_error_info(int code) {
  if (code < 0 || code >= AISLE_ERROR_COUNT) code = AISLE_ERROR_INTERNAL;
  return &error_table[code];
}

static int code_of_file_error(int code) {
  switch (code) {
  case G_FILE_ERROR_NOENT: return AISLE_ERROR_NOT_FOUND;
  case G_FILE_ERROR_NOSPC: return AISLE_ERROR_NO_SPACE;
  default: return AISLE_ERROR_IO;
  }
}

const AisleErrorInfo *aisle_error_info_of(const GError *error) {
  if (error == NULL) return aisle_error_info(AISLE_ERROR_INTERNAL);
  if (error->domain == AISLE_ERROR) return aisle_error_info(error->code);
  if (error->domain == G_FILE_ERROR) return aisle_error_info(code_of_file_error(error->code));
  return aisle_error_info(AISLE_ERROR_INTERNAL);
}

static int code_of_errno(int errno_value) {
  switch (errno_value) {
  case ENOSPC:
  case EDQUOT: return AISLE_ERROR_NO_SPACE;
  case ENOENT: return AISLE_ERROR_NOT_FOUND;
  case EEXIST: return AISLE_ERROR_EXISTS;
  default: return AISLE_ERROR_IO;
  }
}

void aisle_error_set_errno(GError **error, int errno_value, const char *what_format, ...) {
  va_list arguments;
  va_start(arguments, what_format);
  g_autofree char *what = g_strdup_vprintf(what_format, arguments);
  va_end(arguments);
  g_set_error(error, AISLE_ERROR, code_of_errno(errno_value), "cannot %s: %s", what, g_strerror(errno_value));
}

/*
 * The one table of error codes. Names (in JSON), HTTP status, process exit status, whether a retry can help,
 * and the documentation page all come from it. Exit 3 and 4 mean "clarify" and "refused", so no error uses them.
 */
#pragma once
#include <glib.h>

/* symbol, name in JSON, HTTP status, exit status, may be retried, what it means */
#define AISLE_ERROR_TABLE(X)                                                                            \
  X(INVALID_ARGUMENT, "invalid_argument", 400, 2, FALSE, "a flag, field or value is not acceptable")    \
  X(NOT_FOUND, "not_found", 404, 5, FALSE, "no such file, table, workspace or answer")                  \
  X(EXISTS, "exists", 409, 6, FALSE, "it is there already")                                             \
  X(BAD_INPUT, "bad_input", 422, 7, FALSE, "a data file cannot be read as a table")                     \
  X(BAD_MODEL, "bad_model", 422, 8, FALSE, "the semantic model has a mistake")                          \
  X(BAD_QUERY, "bad_query", 422, 9, FALSE, "the semantic query is not valid for this model")            \
  X(BLOCKED, "blocked", 403, 10, FALSE, "the guard refused a statement")                                \
  X(FORBIDDEN, "forbidden", 403, 10, FALSE, "the caller may not do or see this")                        \
  X(UNSUPPORTED, "unsupported", 501, 11, FALSE, "a table or file feature that is not supported")        \
  X(CORRUPT, "corrupt", 500, 12, FALSE, "stored data does not have the form it must have")              \
  X(IO, "io", 500, 13, TRUE, "reading or writing failed")                                               \
  X(NO_SPACE, "no_space", 507, 14, TRUE, "the disk is full")                                            \
  X(CONFLICT, "conflict", 409, 15, TRUE, "another writer was first")                                    \
  X(TIMEOUT, "timeout", 504, 16, TRUE, "the deadline passed")                                           \
  X(CANCELLED, "cancelled", 499, 17, FALSE, "the caller cancelled")                                     \
  X(BUSY, "busy", 503, 18, TRUE, "too much work at once; try again after the given time")               \
  X(TOO_LARGE, "too_large", 413, 19, FALSE, "a size or depth limit was passed")                         \
  X(ENGINE, "engine", 500, 20, FALSE, "the SQL engine reported an error")                               \
  X(BUDGET, "budget_exceeded", 429, 22, FALSE, "the budget for language models is used up")             \
  X(RATE_LIMITED, "rate_limited", 429, 23, TRUE, "too many requests or tokens in this minute")          \
  X(UPSTREAM, "upstream", 502, 24, TRUE, "a service that Aisle depends on failed")                      \
  X(INTERNAL, "internal", 500, 21, FALSE, "a defect in Aisle; please report it")

typedef enum {
#define X(symbol, name, http, exit_status, retry, meaning) AISLE_ERROR_##symbol,
  AISLE_ERROR_TABLE(X)
#undef X
  AISLE_ERROR_COUNT
} AisleErrorCode;

typedef struct {
  const char *name;
  int http_status;
  int exit_status;
  gboolean retryable;
  const char *meaning;
} AisleErrorInfo;

#define AISLE_ERROR (aisle_error_quark())
GQuark aisle_error_quark(void);

/* What the table says of a code; codes out of range are read as INTERNAL. (transfer none) */
const AisleErrorInfo *aisle_error_info(int code);
/* The same for any GError; errors of another domain are INTERNAL, G_FILE_ERROR is IO, NOT_FOUND or NO_SPACE. */
const AisleErrorInfo *aisle_error_info_of(const GError *error);
/* Sets an error from errno: "cannot <what>: <reason>"; ENOSPC and EDQUOT become NO_SPACE, ENOENT NOT_FOUND, EEXIST EXISTS. */
void aisle_error_set_errno(GError **error, int errno_value, const char *what_format, ...) G_GNUC_PRINTF(3, 4);

/* What the fuzz targets share. */
#pragma once
#include "base/base.h"
#include <stddef.h>
#include <stdint.h>

/* The input as a NUL-terminated string. (transfer full) */
char *fuzz_text(const uint8_t *bytes, size_t length);
/* A path under which the bytes can be read; valid until the next call. (transfer none) */
const char *fuzz_file(const uint8_t *bytes, size_t length);

/* The face libFuzzer knows. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

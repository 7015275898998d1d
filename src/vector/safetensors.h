/*
 * Tensors in a safetensors file (github.com/huggingface/safetensors, "Format"): 8 bytes little-endian length, a JSON head
 * {name: {dtype, shape, data_offsets}}, then the bytes. The file is mapped; nothing is copied.
 */
#pragma once
#include "base/base.h"

typedef struct Safetensors Safetensors;
/* NOT_FOUND, IO, CORRUPT. (transfer full) */
Safetensors *safetensors_open(const char *path, GError **error);
void safetensors_free(Safetensors *tensors);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Safetensors, safetensors_free)
/* A tensor of 32-bit floats of exactly this shape (columns 0: one dimension); CORRUPT otherwise. Lives as long as the file. */
const float *safetensors_floats(const Safetensors *tensors, const char *name, gint64 rows, gint64 columns, GError **error);

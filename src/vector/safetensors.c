#include "vector/safetensors.h"

#include <string.h>

#define HEAD_MAX_BYTES (8u << 20)
#define LENGTH_BYTES 8u

struct Safetensors {
  GMappedFile *file;
  json_t *head;
  const char *data; /* after the head */
  gsize data_length;
};

void safetensors_free(Safetensors *tensors) {
  if (tensors == NULL) return;
  json_decref(tensors->head);
  g_clear_pointer(&tensors->file, g_mapped_file_unref);
  g_free(tensors);
}

static gboolean read_head(Safetensors *tensors, const char *path, GError **error) {
  gsize length = g_mapped_file_get_length(tensors->file);
  const char *bytes = g_mapped_file_get_contents(tensors->file);
  guint64 head_length = 0;
  if (length >= LENGTH_BYTES) {
    memcpy(&head_length, bytes, LENGTH_BYTES);
    head_length = GUINT64_FROM_LE(head_length);
  }
  if (length < LENGTH_BYTES || head_length > HEAD_MAX_BYTES || head_length > length - LENGTH_BYTES) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "'%s' is not a safetensors file; install the weights again", path);
    return FALSE;
  }
  tensors->head = json_parse(bytes + LENGTH_BYTES, (gsize)head_length, error);
  if (tensors->head == NULL) {
    g_prefix_error(error, "the head of '%s' cannot be read: ", path);
    return FALSE;
  }
  tensors->data = bytes + LENGTH_BYTES + head_length;
  tensors->data_length = length - LENGTH_BYTES - (gsize)head_length;
  return TRUE;
}

Safetensors *safetensors_open(const char *path, GError **error) {
  g_autoptr(Safetensors) tensors = g_new0(Safetensors, 1);
  g_autoptr(GError) cause = NULL;
  tensors->file = g_mapped_file_new(path, FALSE, &cause);
  if (tensors->file == NULL) {
    g_set_error(error, AISLE_ERROR, g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? AISLE_ERROR_NOT_FOUND : AISLE_ERROR_IO,
                "cannot open '%s'", path);
    return NULL;
  }
  return read_head(tensors, path, error) ? g_steal_pointer(&tensors) : NULL;
}

static gboolean shape_is(const json_t *shape, gint64 rows, gint64 columns) {
  if (json_array_size(shape) != (columns > 0 ? 2 : 1)) return FALSE;
  return json_integer_value(json_array_get(shape, 0)) == rows &&
         (columns == 0 || json_integer_value(json_array_get(shape, 1)) == columns);
}

const float *safetensors_floats(const Safetensors *tensors, const char *name, gint64 rows, gint64 columns, GError **error) {
  const json_t *tensor = json_object_get(tensors->head, name), *offsets = json_object_get(tensor, "data_offsets");
  gint64 count = rows * MAX(columns, 1);
  gint64 from = json_integer_value(json_array_get(offsets, 0)), to = json_integer_value(json_array_get(offsets, 1));
  gboolean fits = g_strcmp0(json_get_string(tensor, "dtype"), "F32") == 0 && shape_is(json_object_get(tensor, "shape"), rows, columns) &&
                  from >= 0 && to >= from && (guint64)to <= tensors->data_length && (guint64)(to - from) == (guint64)count * sizeof(float) &&
                  (guintptr)(tensors->data + from) % sizeof(float) == 0;
  if (!fits) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT,
                "the weights have no tensor '%s' of the size this encoder needs; install the weights that set-up names", name);
    return NULL;
  }
  return (const float *)(const void *)(tensors->data + from);
}

/* SVG to PNG by librsvg and cairo, which bring a dozen libraries with them: loaded when the first picture is wanted. */
#include <cairo.h>
#include <dlfcn.h>
#include <librsvg/rsvg.h>
#include <pthread.h>
#include <string.h>

#include "media/media.h"

#define MAX_PNG_BYTES ((gsize)64 << 20)

/* What is used of them. */
typedef struct {
  RsvgHandle *(*handle_new_from_data)(const guint8 *data, gsize length, GError **error);
  gboolean (*handle_get_intrinsic_size_in_pixels)(RsvgHandle *handle, gdouble *width, gdouble *height);
  gboolean (*handle_render_document)(RsvgHandle *handle, cairo_t *cr, const RsvgRectangle *viewport, GError **error);
  cairo_surface_t *(*image_surface_create)(cairo_format_t format, int width, int height);
  cairo_t *(*create)(cairo_surface_t *target);
  void (*destroy)(cairo_t *cr);
  void (*surface_destroy)(cairo_surface_t *surface);
  cairo_status_t (*surface_write_to_png_stream)(cairo_surface_t *surface, cairo_write_func_t write, void *closure);
  gboolean complete;
} DrawingLibraries;

static DrawingLibraries libraries;
static pthread_once_t loaded = PTHREAD_ONCE_INIT;
/* One picture at a time: they are large, and share the system's list of fonts. */
static pthread_mutex_t drawing = PTHREAD_MUTEX_INITIALIZER;

static void load(void) {
  void *rsvg = dlopen("librsvg-2.so.2", RTLD_NOW | RTLD_LOCAL), *cairo = dlopen("libcairo.so.2", RTLD_NOW | RTLD_LOCAL);
  const struct {
    void *library;
    const char *name;
    void **function;
  } wanted[] = {
      {rsvg, "rsvg_handle_new_from_data", (void **)&libraries.handle_new_from_data},
      {rsvg, "rsvg_handle_get_intrinsic_size_in_pixels", (void **)&libraries.handle_get_intrinsic_size_in_pixels},
      {rsvg, "rsvg_handle_render_document", (void **)&libraries.handle_render_document},
      {cairo, "cairo_image_surface_create", (void **)&libraries.image_surface_create},
      {cairo, "cairo_create", (void **)&libraries.create},
      {cairo, "cairo_destroy", (void **)&libraries.destroy},
      {cairo, "cairo_surface_destroy", (void **)&libraries.surface_destroy},
      {cairo, "cairo_surface_write_to_png_stream", (void **)&libraries.surface_write_to_png_stream},
  };
  libraries.complete = rsvg != NULL && cairo != NULL;
  for (guint i = 0; libraries.complete && i < G_N_ELEMENTS(wanted); i++) {
    *wanted[i].function = dlsym(wanted[i].library, wanted[i].name);
    libraries.complete = *wanted[i].function != NULL;
  }
}

static cairo_status_t append_bytes(void *closure, const unsigned char *bytes, unsigned int length) {
  GByteArray *out = closure;
  if (length > MAX_PNG_BYTES - out->len) return CAIRO_STATUS_WRITE_ERROR;
  g_byte_array_append(out, bytes, length);
  return CAIRO_STATUS_SUCCESS;
}

static gboolean render(RsvgHandle *handle, cairo_surface_t *surface, double width, double height, GByteArray *out, GError **error) {
  cairo_t *cr = libraries.create(surface);
  RsvgRectangle viewport = {0, 0, width, height};
  gboolean drawn = libraries.handle_render_document(handle, cr, &viewport, error);
  libraries.destroy(cr);
  if (!drawn) return FALSE;
  if (libraries.surface_write_to_png_stream(surface, append_bytes, out) == CAIRO_STATUS_SUCCESS) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "the picture is too large; ask for a smaller one");
  return FALSE;
}

static GBytes *draw(RsvgHandle *handle, int scale, GError **error) {
  double width = 0, height = 0;
  if (!libraries.handle_get_intrinsic_size_in_pixels(handle, &width, &height) || width < 1 || height < 1 || width > MEDIA_MAX_SIDE ||
      height > MEDIA_MAX_SIDE) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "the picture has no size that can be drawn");
    return NULL;
  }
  width *= CLAMP(scale, 1, 4);
  height *= CLAMP(scale, 1, 4);
  cairo_surface_t *surface = libraries.image_surface_create(CAIRO_FORMAT_ARGB32, (int)width, (int)height);
  GByteArray *out = g_byte_array_new();
  gboolean done = render(handle, surface, width, height, out, error);
  libraries.surface_destroy(surface);
  if (done) return g_byte_array_free_to_bytes(out);
  g_byte_array_unref(out);
  return NULL;
}

GBytes *media_png_of_svg(const char *svg, int scale, GError **error) {
  pthread_once(&loaded, load);
  if (!libraries.complete) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED,
                "PNG pictures need librsvg and cairo (Debian: librsvg2-2, libcairo2); install them, or take the SVG");
    return NULL;
  }
  pthread_mutex_lock(&drawing);
  RsvgHandle *handle = libraries.handle_new_from_data((const guint8 *)svg, strlen(svg), error);
  GBytes *png = handle != NULL ? draw(handle, scale, error) : NULL;
  if (handle != NULL) g_object_unref(handle);
  pthread_mutex_unlock(&drawing);
  return png;
}

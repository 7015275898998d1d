/* ECharts inside Duktape. */
#include <duktape.h>
#include <pthread.h>
#include <string.h>
#include <zlib.h>

#include "base/condition.h"
#include "base/embedded.h"
#include "media/media.h"

/* What the compressed script may grow to, and what the engine may take. */
#define MAX_SCRIPT_BYTES ((gsize)8 << 20)
#define MAX_HEAP_BYTES ((gsize)512 << 20)
/* After so many charts the engine is made anew: what it leaks does not add up. */
#define CHARTS_PER_ENGINE 500
#define LOOK_MS 50

struct ChartDrawer {
  pthread_mutex_t lock;
  pthread_cond_t done;
  gboolean busy;
  duk_context *engine; /* only of whom `busy` belongs to */
  gsize heap_bytes;
  int drawn;
};

/* What a browser has and ECharts looks for while it loads. */
static const char before_script[] = "var global=this,self=this;var console={log:function(){},warn:function(){},error:function(){}};"
                                    "function setTimeout(){return 0}function clearTimeout(){}";

/* Numbers, then the option as JSON text. Labels must fit where nobody can move the mouse. */
static const char draw_script[] =
    "(function(width,height,dark,type,text){"
    "var option=JSON.parse(text);option.animation=false;option.tooltip=undefined;option.toolbox=undefined;option.dataZoom=undefined;"
    "option.backgroundColor=dark?'#16181d':'#ffffff';"
    "option.textStyle=option.textStyle||{};option.textStyle.fontFamily='DejaVu Sans, Arial, sans-serif';"
    "var grids=[].concat(option.grid||[]);" /* text is measured narrower than it is drawn */
    "for(var g=0;g<grids.length;g++)if(typeof grids[g].left==='number')grids[g].left=Math.max(grids[g].left,72);"
    "var series=[].concat(option.series||[]);"
    "for(var i=0;i<series.length;i++){if(type&&(series[i].type==='bar'||series[i].type==='line'))series[i].type=type;}"
    "var chart=echarts.init(null,dark?'dark':null,{renderer:'svg',ssr:true,width:width,height:height});"
    "try{chart.setOption(option);return chart.renderToSVGString();}finally{chart.dispose();}})";

/* ---- memory with a limit ---- */

static void *counted_realloc(void *data, void *old, duk_size_t size) {
  ChartDrawer *drawer = data;
  gsize *header = old != NULL ? (gsize *)old - 2 : NULL;
  gsize had = header != NULL ? header[0] : 0;
  if (size > MAX_HEAP_BYTES || drawer->heap_bytes - had + size > MAX_HEAP_BYTES) return NULL;
  gsize *block = g_try_realloc(header, size + 2 * sizeof(gsize));
  if (block == NULL) return NULL;
  block[0] = size;
  drawer->heap_bytes += size - had;
  return block + 2;
}

static void counted_free(void *data, void *old) {
  ChartDrawer *drawer = data;
  if (old == NULL) return;
  gsize *header = (gsize *)old - 2;
  drawer->heap_bytes -= header[0];
  g_free(header);
}

static void *counted_malloc(void *data, duk_size_t size) {
  return size > 0 ? counted_realloc(data, NULL, size) : NULL;
}

static void *counted_realloc_or_free(void *data, void *old, duk_size_t size) {
  if (size > 0) return counted_realloc(data, old, size);
  counted_free(data, old);
  return NULL;
}

/* ---- the engine ---- */

static char *read_script(gsize *length, GError **error) {
  const EmbeddedFile *file = embedded_file_find("echarts.min.js.zz");
  g_autofree char *script = file != NULL ? g_try_malloc(MAX_SCRIPT_BYTES) : NULL;
  uLongf size = MAX_SCRIPT_BYTES;
  if (script == NULL || uncompress((Bytef *)script, &size, (const Bytef *)file->bytes, file->length) != Z_OK) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INTERNAL, "the program lacks the part that draws charts");
    return NULL;
  }
  *length = size;
  return g_steal_pointer(&script);
}

/* Whatever goes wrong in the script comes back as an error of the call, also when memory runs out. */
static duk_ret_t load_echarts(duk_context *engine, void *data) {
  const GString *script = data;
  duk_eval_string_noresult(engine, before_script);
  duk_eval_lstring_noresult(engine, script->str, script->len);
  duk_eval_string(engine, draw_script);
  return 1;
}

static gboolean start_engine(ChartDrawer *drawer, GError **error) {
  gsize length = 0;
  char *text = read_script(&length, error);
  if (text == NULL) return FALSE;
  GString script = {text, length, length};
  drawer->engine = duk_create_heap(counted_malloc, counted_realloc_or_free, counted_free, drawer, NULL);
  gboolean loaded = drawer->engine != NULL && duk_safe_call(drawer->engine, load_echarts, &script, 0, 1) == DUK_EXEC_SUCCESS;
  g_free(text);
  if (loaded) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INTERNAL, "the part that draws charts does not start: %s",
              drawer->engine != NULL ? duk_safe_to_string(drawer->engine, -1) : "no memory");
  return FALSE;
}

static void stop_engine(ChartDrawer *drawer) {
  if (drawer->engine != NULL) duk_destroy_heap(drawer->engine);
  drawer->engine = NULL;
  drawer->drawn = 0;
}

/* ---- one chart ---- */

typedef struct {
  const ChartStyle *style;
  const char *option;
} Job;

/* The drawing function lies at the bottom of the stack. */
static duk_ret_t draw(duk_context *engine, void *data) {
  const Job *job = data;
  duk_dup(engine, 0);
  duk_push_int(engine, job->style->width);
  duk_push_int(engine, job->style->height);
  duk_push_boolean(engine, job->style->dark ? 1 : 0);
  if (job->style->type != NULL) duk_push_string(engine, job->style->type);
  else duk_push_null(engine);
  duk_push_string(engine, job->option);
  duk_call(engine, 5);
  return 1;
}

static char *draw_now(ChartDrawer *drawer, const Job *job, GError **error) {
  if (drawer->engine == NULL && !start_engine(drawer, error)) {
    stop_engine(drawer);
    return NULL;
  }
  duk_int_t result = duk_safe_call(drawer->engine, draw, (void *)job, 0, 1);
  duk_size_t length = 0;
  const char *text = result == DUK_EXEC_SUCCESS ? duk_get_lstring(drawer->engine, -1, &length) : NULL;
  char *svg = NULL;
  if (text == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INTERNAL, "this chart cannot be drawn: %s", duk_safe_to_string(drawer->engine, -1));
  } else if (length > MEDIA_MAX_SVG_BYTES) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "this chart is too large to be drawn; ask for fewer groups");
  } else {
    /* Duktape's strings may hold surrogates that UTF-8 does not know. */
    svg = g_utf8_make_valid(text, (gssize)length);
  }
  duk_pop(drawer->engine);
  if (svg == NULL || ++drawer->drawn >= CHARTS_PER_ENGINE) stop_engine(drawer);
  return svg;
}

/* ---- the face ---- */

ChartDrawer *chart_drawer_new(void) {
  ChartDrawer *drawer = g_new0(ChartDrawer, 1);
  pthread_mutex_init(&drawer->lock, NULL);
  condition_init(&drawer->done);
  return drawer;
}

void chart_drawer_free(ChartDrawer *drawer) {
  if (drawer == NULL) return;
  stop_engine(drawer);
  pthread_cond_destroy(&drawer->done);
  pthread_mutex_destroy(&drawer->lock);
  g_free(drawer);
}

/* Waits in slices, since a cancellation wakes nobody. */
static gboolean take_turn(ChartDrawer *drawer, Deadline deadline, GError **error) {
  gboolean good = TRUE;
  pthread_mutex_lock(&drawer->lock);
  while (drawer->busy && (good = deadline_check(deadline, error))) condition_wait_ms(&drawer->done, &drawer->lock, LOOK_MS);
  if (good) drawer->busy = TRUE;
  pthread_mutex_unlock(&drawer->lock);
  return good;
}

char *chart_drawer_svg(ChartDrawer *drawer, const json_t *option, const ChartStyle *style, Deadline deadline, GError **error) {
  g_autofree char *text = json_to_text(option, JSON_PLAIN);
  if (strlen(text) > MEDIA_MAX_OPTION_BYTES) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "this chart is too large to be drawn; ask for fewer groups");
    return NULL;
  }
  if (!take_turn(drawer, deadline, error)) return NULL;
  ChartStyle bounded = *style;
  bounded.width = CLAMP(style->width, MEDIA_MIN_SIDE, MEDIA_MAX_SIDE);
  bounded.height = CLAMP(style->height, MEDIA_MIN_SIDE, MEDIA_MAX_SIDE);
  Job job = {&bounded, text};
  char *svg = draw_now(drawer, &job, error);
  pthread_mutex_lock(&drawer->lock);
  drawer->busy = FALSE;
  pthread_cond_signal(&drawer->done);
  pthread_mutex_unlock(&drawer->lock);
  return svg;
}

/* Answers as files. Each is computed again under the caller's scope: an export holds what its caller may see, and no more. */
#include <string.h>

#include "server/kept.h"

#define MAX_EXPORT_ROWS 100000
#define MAX_FILE_NAME 80

/* What stands in a page of its own may show pictures it brought along, and run nothing. */
static const char page_policy[] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
                                  "frame-ancestors 'none'; sandbox";

/* "attachment; filename="revenue_by_region.csv"": from what was understood, in letters every system knows. */
static char *disposition_of(const json_t *answer, const char *format) {
  const char *name = json_get_string(answer, "restatement");
  if (name == NULL) name = json_get_string(answer, "question");
  g_autofree char *slug = text_slug(name != NULL ? name : "answer");
  if (strlen(slug) > MAX_FILE_NAME) slug[MAX_FILE_NAME] = '\0';
  const char *kind = strcmp(format, "html") == 0 ? "inline" : "attachment";
  return g_strdup_printf("%s; filename=\"%s.%s\"", kind, *slug != '\0' ? slug : "answer", format);
}

/* ---- CSV, row by row ---- */

typedef struct {
  json_t *answer;
  gsize next; /* 0: the header */
} CsvSource;

static gboolean next_csv_row(gpointer data, GString *out) {
  CsvSource *source = data;
  const json_t *rows = json_object_get(source->answer, "rows");
  if (source->next == 0) media_csv_header(out, json_object_get(source->answer, "columns"));
  else if (source->next <= json_array_size(rows)) media_csv_row(out, json_array_get(rows, source->next - 1));
  return source->next++ < json_array_size(rows);
}

static void release_csv(gpointer data) {
  CsvSource *source = data;
  json_decref(source->answer);
  g_free(source);
}

/* ---- the kinds of files ---- */

static void export_csv(const Call *call, json_t *answer, Reply *reply) {
  (void)call;
  CsvSource *source = g_new0(CsvSource, 1);
  source->answer = json_incref(answer);
  ReplySource body = {next_csv_row, release_csv, source};
  reply_set_source(reply, "text/csv; charset=utf-8; header=present", &body);
}

static void export_xlsx(const Call *call, json_t *answer, Reply *reply) {
  (void)call;
  g_autoptr(GError) error = NULL;
  GBytes *workbook = media_workbook(answer, &error);
  if (workbook != NULL) reply_set_bytes(reply, 200, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook);
  else reply_set_error(reply, error);
}

/* The chart's SVG; NULL without error: there is none. (transfer full) */
static char *draw(const Call *call, const json_t *answer, GError **error) {
  const json_t *option = json_object_get(answer, "chart");
  if (!json_is_object(option)) return NULL;
  ChartStyle style = {.width = (int)call->integers[4], .height = (int)call->integers[5], .dark = g_strcmp0(call->texts[2], "dark") == 0,
                      .type = call->texts[3]};
  return chart_drawer_svg(call->state->charts, option, &style, call->deadline, error);
}

static void export_picture(const Call *call, json_t *answer, Reply *reply) {
  g_autoptr(GError) error = NULL;
  gboolean png = strcmp(call->texts[1], "png") == 0;
  g_autofree char *svg = draw(call, answer, &error);
  if (svg == NULL && error == NULL) {
    reply_set_problem(reply, AISLE_ERROR_NOT_FOUND, "this answer has no chart; take its rows as csv or xlsx");
    return;
  }
  GBytes *picture = svg == NULL ? NULL : png ? media_png_of_svg(svg, (int)call->integers[6], &error) : g_bytes_new(svg, strlen(svg));
  if (picture == NULL) {
    reply_set_error(reply, error);
    return;
  }
  reply_set_bytes(reply, 200, png ? "image/png" : "image/svg+xml", picture);
  reply->policy = page_policy;
}

static void export_page(const Call *call, json_t *answer, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autofree char *svg = draw(call, answer, &error);
  if (error != NULL) {
    reply_set_error(reply, error);
    return;
  }
  char *html = media_printable(answer, svg);
  reply_set_bytes(reply, 200, "text/html; charset=utf-8", g_bytes_new_take(html, strlen(html)));
  reply->policy = page_policy;
}

static const struct {
  const char *format;
  void (*export)(const Call *call, json_t *answer, Reply *reply);
  gsize rows; /* 0: as many as are shown */
} kinds[] = {{"csv", export_csv, MAX_EXPORT_ROWS}, {"xlsx", export_xlsx, MAX_EXPORT_ROWS}, {"png", export_picture, 0}, {"svg", export_picture, 0},
             {"html", export_page, 0}};

void handle_export(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autofree char *scope_key = access_scope_key(call->state->scope);
  guint kind = 0;
  while (kind + 1 < G_N_ELEMENTS(kinds) && strcmp(kinds[kind].format, call->texts[1]) != 0) kind++;
  g_autoptr(json_t) kept = store_get_answer(answer_service_store(call->state->service), call->texts[0], scope_key, &error);
  if (kept == NULL) {
    reply_set_error(reply, error);
    return;
  }
  AnswerRequest request;
  kept_answer_request(call, kept, &request);
  request.max_rows = kinds[kind].rows;
  if (request.query == NULL) {
    reply_set_problem(reply, AISLE_ERROR_NOT_FOUND, "there is nothing to export: the question was not answered");
    return;
  }
  g_autoptr(json_t) answer = answer_ask(call->state->service, &request);
  if (g_strcmp0(json_get_string(answer, "status"), "answered") != 0) {
    if (json_is_object(json_object_get(answer, "error"))) reply_set_failed_answer(reply, answer);
    else reply_set_problem(reply, AISLE_ERROR_NOT_FOUND, json_get_string(answer, "narrative"));
    return;
  }
  json_t *question = json_object_get(kept, "question");
  if (json_is_string(question)) json_object_set(answer, "question", question);
  kinds[kind].export(call, answer, reply);
  if (reply->status == 200) reply->disposition = disposition_of(answer, kinds[kind].format);
}

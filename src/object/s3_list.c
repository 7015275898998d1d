/* ListObjectsV2: docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html. */
#include <string.h>

#include "object/s3.h"

#define MAX_PAGE_BYTES ((gsize)16 << 20)
/* Pages in a row that hold nothing for us (marks of folders, names that are no keys). */
#define MAX_EMPTY_PAGES 1000

typedef struct {
  const char *root; /* of the store within the bucket, with its slash; "" none */
  GPtrArray *page;
  GString *text;
  char *key, *etag, *modified, *size;
  char *last; /* the last name seen, ours or not: where the next page begins */
  gboolean in_contents, in_folders, truncated;
} PageReader;

static void page_reader_clear_entry(PageReader *reader) {
  g_clear_pointer(&reader->key, g_free);
  g_clear_pointer(&reader->etag, g_free);
  g_clear_pointer(&reader->modified, g_free);
  g_clear_pointer(&reader->size, g_free);
}

static void page_reader_clear(PageReader *reader) {
  page_reader_clear_entry(reader);
  g_clear_pointer(&reader->last, g_free);
  if (reader->text != NULL) g_string_free(reader->text, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PageReader, page_reader_clear)

static void on_start(GMarkupParseContext *context, const char *name, const char **attributes, const char **values,
                     gpointer user_data, GError **error) {
  (void)context, (void)attributes, (void)values, (void)error;
  PageReader *reader = user_data;
  if (strcmp(name, "Contents") == 0) reader->in_contents = TRUE;
  if (strcmp(name, "CommonPrefixes") == 0) reader->in_folders = TRUE;
  g_string_truncate(reader->text, 0);
}

static void on_text(GMarkupParseContext *context, const char *text, gsize length, gpointer user_data, GError **error) {
  (void)context, (void)error;
  PageReader *reader = user_data;
  g_string_append_len(reader->text, text, (gssize)length);
}

static void info_set_etag(ObjectInfo *info, const char *etag) {
  g_autofree char *bare = g_strdup(etag != NULL ? etag : "");
  g_strdelimit(bare, "\"", ' ');
  g_strlcpy(info->etag, g_strstrip(bare), sizeof info->etag);
}

/* `name` is the name in the bucket. */
static void add_entry(PageReader *reader, const char *name, const ObjectInfo *info) {
  if (reader->last == NULL || strcmp(name, reader->last) > 0) {
    g_free(reader->last);
    reader->last = g_strdup(name);
  }
  if (!g_str_has_prefix(name, reader->root)) return;
  const char *key = name + strlen(reader->root);
  gsize length = strlen(key);
  g_autofree char *checked = g_strndup(key, info->size < 0 && length > 0 ? length - 1 : length);
  if (object_key_check(checked, NULL)) g_ptr_array_add(reader->page, object_entry_new(key, info));
}

static void end_contents(PageReader *reader) {
  ObjectInfo info = {.size = reader->size != NULL ? g_ascii_strtoll(reader->size, NULL, 10) : 0};
  g_autoptr(GDateTime) time = reader->modified != NULL ? g_date_time_new_from_iso8601(reader->modified, NULL) : NULL;
  if (time != NULL) info.modified_ms = g_date_time_to_unix(time) * 1000 + g_date_time_get_microsecond(time) / 1000;
  info_set_etag(&info, reader->etag);
  if (reader->key != NULL && info.size >= 0) add_entry(reader, reader->key, &info);
  page_reader_clear_entry(reader);
}

static void on_end(GMarkupParseContext *context, const char *name, gpointer user_data, GError **error) {
  (void)context, (void)error;
  PageReader *reader = user_data;
  const char *text = reader->text->str;
  char **slot = NULL;
  if (strcmp(name, "Contents") == 0) {
    end_contents(reader);
    reader->in_contents = FALSE;
  } else if (strcmp(name, "CommonPrefixes") == 0) {
    reader->in_folders = FALSE;
  } else if (reader->in_folders && strcmp(name, "Prefix") == 0) {
    add_entry(reader, text, &(ObjectInfo){.size = -1});
  } else if (strcmp(name, "IsTruncated") == 0) {
    reader->truncated = strcmp(text, "true") == 0;
  } else if (reader->in_contents) {
    if (strcmp(name, "Key") == 0) slot = &reader->key;
    if (strcmp(name, "ETag") == 0) slot = &reader->etag;
    if (strcmp(name, "LastModified") == 0) slot = &reader->modified;
    if (strcmp(name, "Size") == 0) slot = &reader->size;
  }
  if (slot != NULL) {
    g_free(*slot);
    *slot = g_strdup(text);
  }
  g_string_truncate(reader->text, 0);
}

static gboolean read_page(PageReader *reader, const HttpResponse *response, const S3Store *store, GError **error) {
  static const GMarkupParser PARSER = {on_start, on_end, on_text, NULL, NULL};
  g_autoptr(GMarkupParseContext) context =
      g_markup_parse_context_new(&PARSER, G_MARKUP_TREAT_CDATA_AS_TEXT, reader, NULL);
  g_autoptr(GError) reason = NULL;
  if (g_markup_parse_context_parse(context, (const char *)response->body->data, (gssize)response->body->len, &reason) &&
      g_markup_parse_context_end_parse(context, &reason))
    return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "%s: the service's listing cannot be read: %s", store->url,
              reason->message);
  return FALSE;
}

static void append_parameter(GString *query, const char *name, const char *value) {
  g_autofree char *escaped = http_escape(value, FALSE);
  g_string_append_printf(query, "%s%s=%s", query->len > 0 ? "&" : "", name, escaped);
}

/* Names in order, as the signature wants them. (transfer full) */
static char *query_of(const ObjectListing *listing, const char *prefix, const char *start_after) {
  GString *query = g_string_new(NULL);
  g_autofree char *max = g_strdup_printf("%u", listing->max);
  if (listing->shallow) append_parameter(query, "delimiter", "/");
  append_parameter(query, "list-type", "2");
  append_parameter(query, "max-keys", max);
  append_parameter(query, "prefix", prefix);
  if (start_after != NULL) append_parameter(query, "start-after", start_after);
  return g_string_free(query, FALSE);
}

static gint compare_entries(gconstpointer a, gconstpointer b) {
  return strcmp((*(ObjectEntry *const *)a)->key, (*(ObjectEntry *const *)b)->key);
}

/* After a folder's name come its keys: to pass them, begin after the last name that can stand in it. (transfer full) */
static char *mark_after(const char *name) {
  return g_str_has_suffix(name, "/") ? g_strconcat(name, "\xF4\x8F\xBF\xBF", NULL) : g_strdup(name);
}

GPtrArray *s3_list(void *self, const ObjectListing *listing, gboolean *more, Deadline deadline, GError **error) {
  S3Store *store = self;
  g_autofree char *root = *store->prefix != '\0' ? g_strconcat(store->prefix, "/", NULL) : g_strdup("");
  g_autofree char *prefix = g_strconcat(root, listing->prefix, NULL);
  g_autofree char *first = listing->start_after != NULL ? g_strconcat(root, listing->start_after, NULL) : NULL;
  g_autofree char *mark = first != NULL ? mark_after(first) : NULL;
  g_autoptr(GPtrArray) page = g_ptr_array_new_with_free_func((GDestroyNotify)object_entry_free);
  for (int pages = 0; pages < MAX_EMPTY_PAGES && page->len == 0; pages++) {
    g_autofree char *query = query_of(listing, prefix, mark);
    g_auto(HttpResponse) response = {0};
    g_auto(S3Progress) progress = {0};
    g_auto(PageReader) reader = {.root = root, .page = page, .text = g_string_new(NULL)};
    S3Request request = {.method = "GET", .query = query, .max_body = MAX_PAGE_BYTES};
    if (!s3_send(store, &request, &response, &progress, deadline, error) ||
        !read_page(&reader, &response, store, error))
      return NULL;
    *more = reader.truncated;
    if (!reader.truncated || reader.last == NULL) break;
    g_free(mark);
    mark = mark_after(reader.last);
  }
  g_ptr_array_sort(page, compare_entries);
  return g_steal_pointer(&page);
}

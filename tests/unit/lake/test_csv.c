/* Splitting text into records, encodings, dialects. */
#include "lake/dialect.h"
#include "scratch.h"
#include <stdlib.h>

/* Cells joined with '|', records with '/'. (transfer full) */
static char *parse(const CsvDialect *dialect, const char *text, gsize length, gboolean at_end) {
  GString *out = g_string_new(NULL);
  CsvRecord record;
  csv_record_init(&record);
  for (gsize at = 0; at < length;) {
    gsize taken = csv_parse_record(dialect, text + at, length - at, at_end, CSV_NO_LITERAL, &record);
    if (!taken) break;
    for (guint i = 0; i < record.cells->len; i++) {
      if (i) g_string_append_c(out, '|');
      g_string_append_len(out, csv_record_cell(&record, i)->text, (gssize)csv_record_cell(&record, i)->length);
    }
    g_string_append_c(out, '/');
    at += taken;
  }
  csv_record_clear(&record);
  return g_string_free(out, FALSE);
}

static void check(const CsvDialect *dialect, const char *text, const char *expected) {
  g_autofree char *found = parse(dialect, text, strlen(text), TRUE);
  g_assert_cmpstr(found, ==, expected);
}

static void standard(void) {
  CsvDialect dialect = CSV_DIALECT_STANDARD;
  check(&dialect, "a,b\r\n1,2\n3,4\r5,6", "a|b/1|2/3|4/5|6/");
  check(&dialect, "\"a,b\",\"c\"\"d\",\"\"\n", "a,b|c\"d|/");
  check(&dialect, "\"two\nlines\",x\n", "two\nlines|x/");
  check(&dialect, ",,\n\n", "||//");
  check(&dialect, "\"a\" ,b\n", "a|b/");
}

static void sloppy_quotes(void) {
  CsvDialect dialect = CSV_DIALECT_STANDARD;
  check(&dialect, "5\" pipe,x\n", "5\" pipe|x/");
  check(&dialect, "\"5\" pipe\",x\n", "5\" pipe|x/");
  check(&dialect, "\"\"BH-9\",x\n", "\"BH-9|x/");
  check(&dialect, "\"open", "open/");
}

static void other_dialects(void) {
  CsvDialect bars = {"||", '"', 0, FALSE, TRUE};
  check(&bars, "a||b|c||\"d||e\"\n", "a|b|c|d||e/");
  CsvDialect backslash = {",", '"', '\\', FALSE, TRUE};
  check(&backslash, "\"a\\\"b\",c\\n\n", "a\"b|c\\n/");
  CsvDialect spaced = {",", '"', 0, TRUE, TRUE};
  check(&spaced, "a, \"b, c\",  d\n", "a|b, c|d/");
  CsvDialect no_bare_cr = {",", '"', 0, FALSE, FALSE};
  check(&no_bare_cr, "a\rb,c\r\nd,e\n", "a\rb|c/d|e/");
}

/* A record is given out only when its end is certain, wherever the text is cut. */
static void cut_anywhere(void) {
  CsvDialect dialect = {"||", '"', 0, FALSE, TRUE};
  const char *text = "a||\"b\"\"c\"||d\r\n\"e\r\nf\"||g||\"\"\r\nh||i||j\r\n";
  g_autofree char *whole = parse(&dialect, text, strlen(text), TRUE);
  for (gsize cut = 0; cut <= strlen(text); cut++) {
    g_autofree char *head = parse(&dialect, text, cut, FALSE);
    g_assert_true(g_str_has_prefix(whole, head));
  }
}

static char *read_all(const char *path, gsize buffer, GError **error) {
  g_autoptr(TextSource) source = text_source_open(path, error);
  if (!source) return NULL;
  GString *text = g_string_new(NULL);
  g_autofree char *bytes = g_malloc(buffer);
  gssize n;
  while ((n = text_source_read(source, bytes, buffer, error)) > 0) g_string_append_len(text, bytes, n);
  g_assert_cmpint(n, ==, 0);
  return g_string_free(text, FALSE);
}

static void encodings(void) {
  g_auto(Scratch) scratch = scratch_new();
  const char *text = "größe,naïve,€5,😀\nx,y,z,w\n";
  static const struct {
    const char *name, *charset, *bom;
    gssize bom_length;
  } encodings[] = {
      {"utf8", "UTF-8", "", 0},
      {"bom", "UTF-8", "\xef\xbb\xbf", 3},
      {"le", "UTF-16LE", "\xff\xfe", 2},
      {"be", "UTF-16BE", "\xfe\xff", 2},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(encodings); i++) {
    gsize length;
    g_autofree char *bytes = g_convert(text, -1, encodings[i].charset, "UTF-8", NULL, &length, NULL);
    g_autoptr(GString) file = g_string_new_len(encodings[i].bom, encodings[i].bom_length);
    g_string_append_len(file, bytes, (gssize)length);
    g_autofree char *path = scratch_file(&scratch, encodings[i].name, file->str, (gssize)file->len);
    for (gsize buffer = 16; buffer < 40; buffer += 5) {
      g_autofree char *found = read_all(path, buffer, NULL);
      g_assert_cmpstr(found, ==, text);
    }
  }
  g_autofree char *windows = scratch_file(&scratch, "1252", "caf\xe9 \x80 5 \x93x\x94\n", -1);
  g_autofree char *decoded = read_all(windows, 64, NULL);
  g_assert_cmpstr(decoded, ==, "café € 5 “x”\n");
}

static void damaged_utf8_stays_utf8(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(GString) text = g_string_new(NULL);
  for (int i = 0; i < 50; i++) g_string_append(text, "süß,größe\n");
  g_string_append(text, "bad \xff byte\n");
  g_autofree char *path = scratch_file(&scratch, "x", text->str, (gssize)text->len);
  g_autofree char *decoded = read_all(path, 100, NULL);
  g_assert_true(g_utf8_validate(decoded, -1, NULL));
  g_assert_true(g_str_has_prefix(decoded, "süß,größe\n"));
  g_assert_true(g_str_has_suffix(decoded, "bad ÿ byte\n"));
}

static void dialects(void) {
  static const struct {
    const char *text, *delimiter;
    char quote, escape;
  } cases[] = {
      {"a;b;c\n1,5;2;x\n2,5;3;y\n", ";", '"', 0},
      {"a\tb\n1, 2\tx\n3, 4\ty\n", "\t", '"', 0},
      {"a|b|c\n1|2|x,y\n3|4|z\n", "|", '"', 0},
      {"a, b, c\n1, 2, 3\n4, 5, 6\n", ",", '"', 0},
      {"id,name\n1,'x, y'\n2,'z, w'\n", ",", '\'', 0},
      {"id,name,n\n1,\"x \\\" y, z\",2\n2,\"z\\\", w\",3\n", ",", '"', '\\'},
      {"name\nNew York\nParis\n", "", '"', 0},
      {"isin name qty\nDE1 Alpha 5\nDE2 Beta 7\nDE3 Gamma 9\n", " ", '"', 0},
      {"pet\nbig red dog\nold grey cat\nthe blue bird\n", "", '"', 0},
      {"at\n2023-01-01 10:00:00\n2023-01-02 11:00:00\n", "", '"', 0},
      {"a~b~c\n1~2~3\n4~5~6\n", "~", '"', 0},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    CsvDialect found = dialect_detect(cases[i].text, strlen(cases[i].text), TRUE);
    g_assert_cmpstr(found.delimiter, ==, cases[i].delimiter);
    g_assert_cmpint(found.quote, ==, cases[i].quote);
    g_assert_cmpint(found.escape, ==, cases[i].escape);
  }
}

/* Quotes that never close cost one look ahead, not one through the rest of the file for each line. */
static void unclosed_quotes(void) {
  g_auto(Scratch) scratch = scratch_new();
  g_autoptr(GString) text = g_string_new("id,name,n\n");
  for (int i = 0; i < 2000; i++) g_string_append_printf(text, "%d,name,%d\n", i, i % 7);
  for (int i = 0; i < 40000; i++) g_string_append_printf(text, "%d,\"name,%d\n", i, i % 7);
  g_autofree char *path = scratch_file(&scratch, "t.csv", text->str, (gssize)text->len);
  CsvDialect dialect = CSV_DIALECT_STANDARD;
  TextSource *source = text_source_open(path, NULL);
  g_assert_nonnull(source);
  g_autoptr(CsvReader) reader = csv_reader_new(source, &dialect);
  CsvRecord record;
  csv_record_init(&record);
  gint64 records = 0, started = g_get_monotonic_time();
  while (csv_reader_next(reader, &record, NULL) > 0) {
    records++;
    g_assert_cmpint(record.line, ==, records);
  }
  csv_record_clear(&record);
  g_assert_cmpint(records, ==, 42001);
  g_assert_cmpint(g_get_monotonic_time() - started, <, 20 * G_USEC_PER_SEC);
}

/* Any bytes are read without a crash, and what comes out is valid text. */
static void noise(void) {
  static const char alphabet[] = "ab1,;\"'\\\n\r\t |\xc3\xa9\xff";
  GRand *random = g_rand_new_with_seed(42);
  for (int round = 0; round < 2000; round++) {
    char text[200];
    gsize length = (gsize)g_rand_int_range(random, 0, sizeof text);
    for (gsize i = 0; i < length; i++) text[i] = alphabet[g_rand_int_range(random, 0, sizeof alphabet - 1)];
    CsvDialect dialect = dialect_detect(text, length, TRUE);
    g_autofree char *found = parse(&dialect, text, length, TRUE);
    g_assert_nonnull(found);
  }
  g_rand_free(random);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lake/csv/standard", standard);
  g_test_add_func("/lake/csv/sloppy quotes", sloppy_quotes);
  g_test_add_func("/lake/csv/other dialects", other_dialects);
  g_test_add_func("/lake/csv/cut anywhere", cut_anywhere);
  g_test_add_func("/lake/csv/encodings", encodings);
  g_test_add_func("/lake/csv/damaged UTF-8 stays UTF-8", damaged_utf8_stays_utf8);
  g_test_add_func("/lake/csv/dialects", dialects);
  g_test_add_func("/lake/csv/unclosed quotes", unclosed_quotes);
  g_test_add_func("/lake/csv/noise", noise);
  return g_test_run();
}

#include "base/text.h"

#include <math.h>
#include <string.h>

typedef struct {
  const char *in, *out;
} Pair;

static void check_pairs(const Pair *pairs, guint n, char *(*function)(const char *)) {
  for (guint i = 0; i < n; i++) {
    g_autofree char *out = function(pairs[i].in);
    g_assert_cmpstr(out, ==, pairs[i].out);
  }
}

static void test_validity(void) {
  g_assert_true(text_is_valid("caf\xC3\xA9", 5));
  g_assert_true(text_is_valid("", 0));
  g_assert_false(text_is_valid("a\0b", 3));
  g_assert_false(text_is_valid("\xC3", 1));
  g_assert_false(text_is_valid("\xED\xA0\x80", 3)); /* a surrogate */
}

static void test_fold(void) {
  static const Pair pairs[] = {{"  Hello \t\n World ", "hello world"},
                               {"", ""},
                               {"   ", ""},
                               {"Caf\xC3\xA9 Cr\xC3\xA8me", "cafe creme"},
                               {"cafe\xCC\x81", "cafe"},
                               {"STRASSE stra\xC3\x9F" "e", "strasse strasse"},
                               {"\xE2\x80\x9CToys\xE2\x80\x9D \xE2\x80\x98n\xE2\x80\x99 Games", "\"toys\" 'n' games"},
                               {"\xEF\xAC\x81sh", "fish"},               /* ligature */
                               {"\xEF\xBC\xA1\xEF\xBC\xA2", "ab"},       /* full width */
                               {"a\xC2\xA0" "b", "a b"},                 /* no-break space */
                               {"so\xC2\xAD" "ft", "soft"},                 /* soft hyphen */
                               {"x\xC2\xB2", "x2"},
                               {"\xCE\xA3\xCE\xAF\xCF\x83\xCF\x85\xCF\x86\xCE\xBF\xCF\x82", "\xCF\x83\xCE\xB9\xCF\x83\xCF\x85\xCF\x86\xCE\xBF\xCF\x83"}};
  check_pairs(pairs, G_N_ELEMENTS(pairs), text_fold);
  g_autofree char *broken = text_fold("a\xff\x62");
  g_assert_true(g_utf8_validate(broken, -1, NULL));
}

static void test_fold_is_idempotent(void) {
  static const char *const texts[] = {"\xC4\xB0stanbul", "\xC7\x85", "\xE1\xBA\x9E", "\xE2\x84\xAB ngstr\xC3\xB6m", "\xC5\xBF", ("Ma\xC3\xB1" "ana")};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autofree char *once = text_fold(texts[i]), *twice = text_fold(once);
    g_assert_cmpstr(once, ==, twice);
  }
}

static void test_stem(void) {
  static const Pair pairs[] = {{"returns", "return"}, {"selling", "sell"}, {"categories", "categori"}, {"category", "categori"},
                               {"", ""},              {"profitable", "profit"}};
  check_pairs(pairs, G_N_ELEMENTS(pairs), text_stem);
}

static void test_distance(void) {
  static const struct {
    const char *a, *b;
    int limit, expected;
  } cases[] = {{"", "", 2, 0},
               {"abc", "abc", 2, 0},
               {"abc", "acb", 2, 1}, /* neighbours swapped */
               {"kitten", "sitting", 3, 3},
               {"kitten", "sitting", 2, 3},
               {"ca", "abc", 5, 3}, /* optimal string alignment, not the unrestricted one (2) */
               {"caf\xC3\xA9", "cafe", 2, 1},
               {"", "abc", 5, 3},
               {"abcdefgh", "a", 2, 3},
               {"furnitrue", "furniture", 2, 1},
               {"abcdef", "badcfe", 3, 3}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_assert_cmpint(text_distance(cases[i].a, cases[i].b, cases[i].limit), ==, cases[i].expected);
    g_assert_cmpint(text_distance(cases[i].b, cases[i].a, cases[i].limit), ==, cases[i].expected);
  }
  g_autofree char *long_text = g_strnfill(5000, 'a');
  g_assert_cmpint(text_distance(long_text, "b", 3), ==, 4);
  g_assert_cmpint(text_distance(long_text, long_text, 3), ==, 0);
}

/* The limit changes only what is beyond it. */
static void test_distance_with_any_limit(void) {
  for (int round = 0; round < 3000; round++) {
    char a[8] = "", b[8] = "";
    for (int i = g_test_rand_int_range(0, 8) - 1; i >= 0; i--) a[i] = (char)('a' + g_test_rand_int_range(0, 3));
    for (int i = g_test_rand_int_range(0, 8) - 1; i >= 0; i--) b[i] = (char)('a' + g_test_rand_int_range(0, 3));
    int exact = text_distance(a, b, 100);
    for (int limit = 0; limit < 8; limit++) g_assert_cmpint(text_distance(a, b, limit), ==, MIN(exact, limit + 1));
  }
}

static void test_slug(void) {
  static const Pair pairs[] = {{"Order Date", "order_date"},     {"Sub-Category", "sub_category"},
                               {"InvoiceNo", "invoice_no"},      {"CustomerID", "customer_id"},
                               {"SKUCode", "sku_code"},          {"unitPrice", "unit_price"},
                               {"", "c_"},                       {"2020 sales", "c_2020_sales"},
                               {"  % of total ", "of_total"},    {"Men's wear", "mens_wear"},
                               {"Pr\xC3\xA9nom", "prenom"},      {"a__b", "a_b"},
                               {"ORDER_ID", "order_id"},         {"Q1", "q1"},
                               {"\xE4\xBB\xB7\xE6\xA0\xBC", "c_"}, {"tax 5%", "tax_5"}};
  check_pairs(pairs, G_N_ELEMENTS(pairs), text_slug);
  g_autofree char *long_name = g_strnfill(500, 'x'), *slug = text_slug(long_name);
  g_assert_cmpuint(strlen(slug), <=, 63);
}

static void test_slug_unique(void) {
  g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  static const Pair pairs[] = {{"Name", "name"}, {"NAME", "name_2"}, {"name 2", "name_2_2"}, {"n\xC3\xA2me", "name_3"}};
  for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
    g_autofree char *slug = text_slug_unique(pairs[i].in, taken);
    g_assert_cmpstr(slug, ==, pairs[i].out);
    g_assert_true(g_hash_table_contains(taken, slug));
  }
}

static void test_sql(void) {
  static const Pair quoted[] = {{"it's", "'it''s'"}, {"", "''"}, {"'';--", "''''';--'"}};
  check_pairs(quoted, G_N_ELEMENTS(quoted), text_sql_quote);
  static const Pair names[] = {{"a", "\"a\""}, {"a\"b", "\"a\"\"b\""}, {"select", "\"select\""}};
  check_pairs(names, G_N_ELEMENTS(names), text_sql_identifier);
}

static void test_numbers(void) {
  static const struct {
    double value;
    int decimals;
    const char *text;
  } cases[] = {{1234567.891, 2, "1,234,567.89"}, {0, 0, "0"},       {-1234, 0, "-1,234"}, {999, 0, "999"},
               {1000, 0, "1,000"},               {-0.001, 2, "0.00"}, {0.5, 1, "0.5"},    {1e15, 0, "1,000,000,000,000,000"},
               {INFINITY, 0, "infinity"},        {-100000, 1, "-100,000.0"}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = text_format_number(cases[i].value, cases[i].decimals);
    g_assert_cmpstr(text, ==, cases[i].text);
  }
  g_autofree char *none = text_count(0, "row"), *one = text_count(1, "entry"), *many = text_count(2000, "entry");
  g_assert_cmpstr(none, ==, "0 rows");
  g_assert_cmpstr(one, ==, "1 entry");
  g_assert_cmpstr(many, ==, "2,000 entries");
  g_autofree char *huge = text_format_number(1.7e308, 15);
  g_assert_cmpuint(strlen(huge), >, 400);
}

static void test_plurals(void) {
  static const Pair pairs[] = {{"order", "orders"},       {"sub-category", "sub-categories"}, {"category", "categories"},
                               {"day", "days"},           {"branch", "branches"},             {"box", "boxes"},
                               {"class", "classes"},      {"status", "statuses"},             {"person", "people"},
                               {"Customer", "Customers"}, {"ship mode", "ship modes"},        {"country", "countries"},
                               {"City", "Cities"},        {"half", "halves"},                 {"analysis", "analyses"},
                               {"company", "companies"},  {"purchase", "purchases"},          {"warehouse", "warehouses"},
                               {"bus", "buses"},          {"size", "sizes"},                  {"price", "prices"},
                               {"tax", "taxes"},          {"dish", "dishes"},                 {"potato", "potatoes"},
                               {"movie", "movies"},       {"store", "stores"},                {"child", "children"},
                               {"Person", "People"},      {"invoice line", "invoice lines"}, {"shoe", "shoes"},
                               {"discount", "discounts"}, {"cause", "causes"},                {"bonus", "bonuses"}};
  check_pairs(pairs, G_N_ELEMENTS(pairs), text_plural);
  for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
    g_autofree char *singular = text_singular(pairs[i].out), *same = text_singular(pairs[i].in);
    g_autofree char *plural = text_plural(pairs[i].out);
    g_assert_cmpstr(singular, ==, pairs[i].in);
    g_assert_cmpstr(same, ==, pairs[i].in);
    g_assert_cmpstr(plural, ==, pairs[i].out);
  }
  static const Pair alone[] = {{"", ""}, {"series", "series"}, {"men's", "men's"}, {"revenue", "revenue"}, {"is", "is"}};
  check_pairs(alone, G_N_ELEMENTS(alone), text_singular);
}

/* Every change of one character, and every length, leads elsewhere; buckets fill evenly. */
static void test_hash(void) {
  char text[65] = "";
  g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
  guint buckets[64] = {0}, n = 0;
  for (guint length = 0; length < sizeof text; length++) {
    memset(text, 'a', length);
    text[length] = '\0';
    for (guint at = 0; at < MAX(length, 1); at++) {
      if (at < length) text[at] = 'b';
      guint hash = text_hash(text);
      g_assert_cmpuint(hash, ==, text_hash(text));
      g_assert_true(g_hash_table_add(seen, GUINT_TO_POINTER(hash)));
      buckets[hash % 64]++;
      n++;
      if (at < length) text[at] = 'a';
    }
  }
  for (guint i = 0; i < G_N_ELEMENTS(buckets); i++) g_assert_cmpuint(buckets[i], <, 3 * n / 64);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/text/hash", test_hash);
  g_test_add_func("/text/validity", test_validity);
  g_test_add_func("/text/fold", test_fold);
  g_test_add_func("/text/fold-is-idempotent", test_fold_is_idempotent);
  g_test_add_func("/text/stem", test_stem);
  g_test_add_func("/text/distance", test_distance);
  g_test_add_func("/text/distance-with-any-limit", test_distance_with_any_limit);
  g_test_add_func("/text/slug", test_slug);
  g_test_add_func("/text/slug-unique", test_slug_unique);
  g_test_add_func("/text/sql", test_sql);
  g_test_add_func("/text/numbers", test_numbers);
  g_test_add_func("/text/plurals", test_plurals);
  return g_test_run();
}

/* Sketches of distinct values: exact while few, near enough when many, the same whatever the order and the parts. */
#include "engine/sketch.h"

#include <math.h>
#include <string.h>

static void add_numbers(Sketch *sketch, guint from, guint to) {
  for (guint i = from; i < to; i++) {
    g_autofree char *text = g_strdup_printf("C%08u", i);
    sketch_add(sketch, text, strlen(text));
  }
}

static void test_few_are_exact(void) {
  g_autoptr(Sketch) sketch = sketch_new();
  g_assert_cmpint(sketch_count(sketch), ==, 0);
  for (guint round = 0; round < 3; round++) add_numbers(sketch, 0, SKETCH_EXACT);
  g_assert_cmpint(sketch_count(sketch), ==, SKETCH_EXACT);
  sketch_add(sketch, "", 0);
  g_assert_cmpint(ABS(sketch_count(sketch) - SKETCH_EXACT - 1), <, SKETCH_EXACT / 10);
}

/* Of counts over three decades no more than a tenth may lie beyond two standard errors: about a twentieth does. */
static void test_many_are_near(void) {
  guint tries = 0, far = 0;
  double worst = 0;
  for (guint series = 0; series < 40; series++) {
    g_autoptr(Sketch) sketch = sketch_new();
    guint from = series * 1000000, known = 0;
    for (guint size = 400; size <= 60000; size = size * 12 / 5) {
      add_numbers(sketch, from + known, from + size);
      known = size;
      double error = fabs((double)sketch_count(sketch) / size - 1);
      worst = MAX(worst, error);
      far += error > ENGINE_SKETCH_ERROR;
      tries++;
    }
  }
  g_test_message("%u of %u counts beyond the bound, the worst by %.2f %%", far, tries, worst * 100);
  g_assert_cmpuint(far * 10, <=, tries);
  g_assert_cmpfloat(worst, <, 0.08);
}

static void test_parts_give_the_whole(void) {
  g_autoptr(GRand) random = g_rand_new_with_seed(7);
  for (guint round = 0; round < 30; round++) {
    guint size = (guint)g_rand_int_range(random, 1, round % 2 ? 5000 : 400), parts = 1 + round % 7;
    g_autoptr(Sketch) whole = sketch_new(), merged = sketch_new();
    add_numbers(whole, 0, size);
    for (guint part = 0; part < parts; part++) {
      g_autoptr(Sketch) one = sketch_new();
      add_numbers(one, size * part / parts, MIN(size, size * (part + 1) / parts + 50)); /* they overlap */
      g_autoptr(GString) text = g_string_new(NULL);
      sketch_write(one, text);
      g_assert_cmpuint(text->len, <=, SKETCH_MAX_TEXT);
      g_assert_true(g_str_is_ascii(text->str));
      g_assert_true(sketch_merge_text(merged, text->str, text->len));
      sketch_merge(merged, one);
    }
    g_autoptr(GString) a = g_string_new(NULL), b = g_string_new(NULL);
    sketch_write(whole, a);
    sketch_write(merged, b);
    g_assert_cmpstr(a->str, ==, b->str);
    g_assert_cmpint(sketch_count(whole), ==, sketch_count(merged));
  }
}

/* Tables are read by later versions: what these texts stand for never changes. */
static void test_the_written_form_stays(void) {
  g_autoptr(Sketch) sketch = sketch_new();
  sketch_add(sketch, "C1", 2);
  sketch_add(sketch, "C2", 2);
  g_autoptr(GString) text = g_string_new(NULL);
  sketch_write(sketch, text);
  g_assert_cmpstr(text->str, ==, "h82eae06dcd13617b922ad50759bdb5df");
}

static void test_garbage_is_refused(void) {
  g_autoptr(GRand) random = g_rand_new_with_seed(11);
  g_autoptr(Sketch) sketch = sketch_new();
  g_autofree char *registers = g_strnfill(SKETCH_MAX_TEXT, '0'), *high = g_strnfill(SKETCH_MAX_TEXT, 'z');
  registers[0] = high[0] = 'r';
  static const char *const bad[] = {"", "x", "h123", "h00000000000000zz", "r", "r000"};
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) g_assert_false(sketch_merge_text(sketch, bad[i], strlen(bad[i])));
  g_assert_false(sketch_merge_text(sketch, high, SKETCH_MAX_TEXT));
  g_assert_false(sketch_merge_text(sketch, registers, SKETCH_MAX_TEXT - 1));
  for (guint round = 0; round < 2000; round++) {
    char noise[64];
    gsize length = (gsize)g_rand_int_range(random, 0, sizeof noise);
    for (gsize i = 0; i < length; i++) noise[i] = (char)g_rand_int_range(random, 0, 256);
    if (length) noise[0] = round % 2 ? 'h' : 'r';
    sketch_merge_text(sketch, noise, length);
  }
  g_assert_cmpint(sketch_count(sketch), ==, 0);
  g_assert_true(sketch_merge_text(sketch, registers, SKETCH_MAX_TEXT));
  g_assert_cmpint(sketch_count(sketch), ==, 0);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/engine/sketch/few_are_exact", test_few_are_exact);
  g_test_add_func("/engine/sketch/many_are_near", test_many_are_near);
  g_test_add_func("/engine/sketch/parts_give_the_whole", test_parts_give_the_whole);
  g_test_add_func("/engine/sketch/written_form_stays", test_the_written_form_stays);
  g_test_add_func("/engine/sketch/garbage_is_refused", test_garbage_is_refused);
  return g_test_run();
}

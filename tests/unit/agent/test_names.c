/* Names of a model, and how near a text is to them. */
#include <string.h>

#include "agent/names.h"
#include "shop.h"

static const char *target_of(const NameIndex *names, const char *text) {
  const Name *name = name_index_find(names, text);
  return name != NULL ? name->target : NULL;
}

static void test_names(gconstpointer with_encoder) {
  g_autofree char *weights = encoder_find_weights(NULL);
  g_autoptr(GError) error = NULL;
  if (with_encoder != NULL && weights == NULL) {
    g_test_skip("the text encoder's weights are not installed (scripts/setup.sh weights)");
    return;
  }
  char *folder = shop_workspace_new();
  g_autofree char *cache = g_build_filename(folder, "cache", "names.vec", NULL);
  g_autoptr(Model) model = model_load(folder, &error);
  g_assert_no_error(error);
  g_autoptr(Encoder) encoder = with_encoder != NULL ? encoder_open(weights, &error) : NULL;
  g_assert_no_error(error);
  g_autoptr(Embedder) embedder = encoder != NULL ? embedder_of_encoder(encoder) : NULL;
  g_autoptr(NameIndex) names = name_index_new(model, NULL, embedder, cache);
  g_assert_cmpstr(target_of(names, "mood"), ==, "field orders.mood");
  g_assert_cmpstr(target_of(names, "REVENUE"), ==, "metric revenue");
  g_assert_null(target_of(names, "flumph"));
  g_assert_null(target_of(names, "North")); /* no values were given */
  const Name *mood = name_index_find(names, "Mood");
  g_assert_cmpstr(name_index_evidence(names, "moods", mood), ==, "form");
  g_assert_null(name_index_evidence(names, "flumph", mood));
  g_assert_cmpstr(name_index_evidence(names, "feeling", mood), ==, with_encoder != NULL ? "meaning" : NULL);
  g_assert_null(name_index_evidence(names, "feeling", name_index_find(names, "Region")));
  /* Kept vectors give the same, and each thing stands once. */
  g_autoptr(NameIndex) again = name_index_new(model, NULL, embedder, cache);
  g_autoptr(GPtrArray) near = name_index_near(names, "feeling", 5), same = name_index_near(again, "feeling", 5);
  g_assert_cmpuint(near->len, ==, same->len);
  for (guint i = 0; i < near->len; i++) {
    const Name *name = g_ptr_array_index(near, i);
    g_assert_cmpstr(name->text, ==, ((const Name *)g_ptr_array_index(same, i))->text);
    for (guint j = 0; j < i; j++) g_assert_cmpstr(name->target, !=, ((const Name *)g_ptr_array_index(near, j))->target);
  }
  if (with_encoder != NULL) g_assert_cmpstr(((const Name *)g_ptr_array_index(near, 0))->target, ==, "field orders.mood");
  shop_workspace_remove(folder);
}

/* Values are near too, but only those this caller sees. */
static void test_values(void) {
  g_autofree char *weights = encoder_find_weights(NULL);
  if (weights == NULL) {
    g_test_skip("the text encoder's weights are not installed (scripts/setup.sh weights)");
    return;
  }
  char *folder = shop_workspace_new();
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) books_only = json_pack("{s:s, s:[{s:s, s:[s]}]}", "user", "reader", "row_filters", "field", "Category", "values", "Books");
  g_autoptr(Encoder) encoder = encoder_open(weights, &error);
  for (int restricted = 0; restricted < 2; restricted++) {
    Shop shop;
    shop_open(&shop, folder, restricted ? books_only : NULL, NULL, FALSE);
    g_autoptr(Model) model = NULL;
    g_autoptr(ValueIndex) values = NULL;
    g_assert_true(answer_service_visible(shop.answers, shop.scope, &model, &values, &error));
    g_assert_no_error(error);
    g_autoptr(Embedder) embedder = embedder_of_encoder(encoder);
    g_autoptr(NameIndex) names = name_index_new(model, values, embedder, NULL);
    const Name *lamps = name_index_find(names, "lamps"), *books = name_index_find(names, "books");
    g_assert_cmpstr(target_of(names, "books"), ==, "value orders.category=Books");
    g_assert_cmpint(lamps != NULL, ==, !restricted);
    if (lamps != NULL) g_assert_cmpstr(name_index_evidence(names, "illumination", lamps), ==, "meaning");
    g_assert_null(name_index_evidence(names, "illumination", books));
    g_autoptr(GPtrArray) near = name_index_near(names, "illumination", 6);
    guint n_values = 0;
    for (guint i = 0; i < near->len; i++) n_values += ((const Name *)g_ptr_array_index(near, i))->is_value;
    g_assert_cmpuint(n_values, <=, 3);
    shop_close(&shop);
  }
  shop_workspace_remove(folder);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_data_func("/agent/names/by_words", NULL, test_names);
  g_test_add_data_func("/agent/names/by_meaning", "encoder", test_names);
  g_test_add_func("/agent/names/values", test_values);
  return g_test_run();
}

/* A small shop, taken the whole way a real one takes: imported, inferred, indexed. */
#include "shop.h"
#include <stdio.h>
#include <stdlib.h>

static const char *const SHOP_CSV =
    "Order ID,Order Date,Ship Date,Customer,City,Region,Category,Product,Quantity,Unit Price,Discount,Revenue,Profit,Status\n"
    "A-1,2022-01-05,2022-01-07,Ana Bell,Leeds,North,Toys,Red Kite,2,10.50,0,21.00,4.20,shipped\n"
    "A-1,2022-01-05,2022-01-07,Ana Bell,Leeds,North,Lamps,Desk Lamp,1,30.00,0.1,27.00,-3.00,shipped\n"
    "A-2,2022-02-11,2022-02-15,Bo Carr,Exeter,South,Toys,Blue Kite,5,9.99,0,49.95,11.00,cancelled\n"
    "A-3,2022-11-30,2022-12-02,Cy Dunn,Exeter,South,Books,Field Guide,1,15.25,0.2,12.20,2.10,shipped\n"
    "A-4,2023-03-08,2023-03-09,Ana Bell,Leeds,North,Books,Road Atlas,3,22.00,0,66.00,20.00,returned\n"
    "A-5,2023-03-21,2023-03-28,Di Eng,Truro,West,Lamps,Floor Lamp,1,80.00,0.3,56.00,-8.40,shipped\n"
    "A-6,2023-12-24,2023-12-29,Bo Carr,Exeter,South,Toys,Red Kite,4,10.50,0,42.00,8.40,shipped\n"
    "A-7,2024-01-02,2024-01-05,Ed Frost,York,North,Books,Field Guide,2,15.25,0,30.50,6.00,shipped\n";

static void must(gboolean good, GError *error, const char *what) {
  if (good) return;
  fprintf(stderr, "fuzz: cannot make the shop (%s): %s\n", what, error ? error->message : "");
  abort();
}

static FuzzShop *shop_new(void) {
  g_autoptr(GError) error = NULL;
  FuzzShop *shop = g_new0(FuzzShop, 1);
  shop->workspace = g_dir_make_tmp("aisle-fuzz-XXXXXX", &error);
  must(shop->workspace != NULL, error, "folder");
  g_autofree char *csv = g_build_filename(shop->workspace, "orders.csv", NULL);
  must(g_file_set_contents(csv, SHOP_CSV, -1, &error), error, "file");

  EngineOptions options = {.threads = 1};
  shop->engine = engine_open_duckdb(&options, &error);
  must(shop->engine != NULL, error, "engine");
  const char *const paths[] = {csv, NULL};
  g_autoptr(GPtrArray) tables = lake_import(shop->engine, shop->workspace, paths, NULL, DEADLINE_NEVER, &error);
  must(tables != NULL, error, "import");
  must(lake_snapshot_publish(shop->workspace, "", &error), error, "publish");
  g_autoptr(LakeSnapshot) snapshot = lake_snapshot_open(shop->workspace, NULL, &error);
  must(snapshot && lake_snapshot_attach(snapshot, shop->engine, DEADLINE_NEVER, &error), error, "attach");
  must(engine_execute(shop->engine, "CREATE TABLE orders AS FROM lake.orders", DEADLINE_NEVER, &error), error, "table");
  g_autoptr(GHashTable) notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  shop->model = model_infer(shop->engine, "shop", tables, notes, DEADLINE_NEVER, &error);
  must(shop->model != NULL, error, "model");
  must(model_save(shop->model, notes, shop->workspace, &error), error, "save");
  shop->scope = access_scope_new_local();
  shop->values = value_index_build(shop->engine, shop->model, shop->scope, DEADLINE_NEVER, &error);
  must(shop->values != NULL, error, "values");
  shop->lexicon = lexicon_new(shop->model, shop->values, &error);
  must(shop->lexicon != NULL, error, "lexicon");
  return shop;
}

const FuzzShop *fuzz_shop(void) {
  static FuzzShop *shop;
  if (!shop) shop = shop_new();
  return shop;
}

/* The tables that stand still or grow slowly: regions, stores, products, sellers, customers, campaigns and so on. */
#include <math.h>

#include "generate/output.h"

typedef struct {
  const char *name, *header;
  /* Writes all rows; FALSE only when the deadline passed. */
  gboolean (*write)(const World *world, Output *output, Deadline deadline, GError **error);
} Table;

static gboolean write_regions(const World *world, Output *output, Deadline deadline, GError **error) {
  static const char *const managers[REGIONS] = {"North-west desk", "High desk",  "Middle desk",
                                                "Lake desk",       "South desk", "East desk"};
  (void)world, (void)deadline, (void)error;
  for (guint i = 0; i < REGIONS; i++) {
    g_string_append_printf(output->text, "%s,%s", WORLD_REGIONS[i].name, managers[i]);
    output_end_line(output);
  }
  return TRUE;
}

static gboolean write_stores(const World *world, Output *output, Deadline deadline, GError **error) {
  static const char *const formats[] = {"online hub", "corner", "high street", "retail park"};
  static const char *const starts[] = {"Alder", "Birch", "Cedar", "Dun", "Elm", "Fern", "Glen", "Hazel"};
  static const char *const ends[] = {"bridge", "dale", "field", "ford", "ham", "mouth", "port", "wick", "wood"};
  (void)deadline, (void)error;
  for (guint i = 0; i < world->n_shops; i++) {
    const Shop *shop = &world->shops[i];
    const Region *region = &WORLD_REGIONS[shop->region];
    g_string_append_printf(output->text, "S%04u,%s%s %u,%s,%s,%s,", i + 1, starts[i % 8], ends[i / 8 % 9], i / 72 + 1,
                           formats[shop->format], region->states[shop->state], region->name);
    output_date(output->text, world->first - (Day)(365 * (1 + i % 12)));
    output_end_line(output);
  }
  return TRUE;
}

static gboolean write_products(const World *world, Output *output, Deadline deadline, GError **error) {
  static const char *const makers[] = {"Aldona", "Bruma", "Corvex", "Dalgro", "Estivo", "Fjordan", "Grenna", "Hollis"};
  (void)deadline, (void)error;
  for (guint i = 0; i < world->n_products; i++) {
    const Product *product = &world->products[i];
    const Department *department = &WORLD_DEPARTMENTS[world_type_department(product->type)];
    g_autofree char *subcategory = world_subcategory(product->type), *type = world_product_type(product->type);
    g_string_append_printf(output->text, "P%06u,%s no. %u,%s,%s,%s,%s,%s %u,", i + 1, type,
                           i - world->type_start[product->type] + 1, department->name,
                           department->categories[world_type_category(product->type)], subcategory, type,
                           makers[product->brand % 8], product->brand / 8 + 1);
    output_cents(output->text, product->price_cents);
    g_string_append_c(output->text, ',');
    output_date(output->text, world->first + (Day)product->launched);
    output_end_line(output);
  }
  return TRUE;
}

static gboolean write_sellers(const World *world, Output *output, Deadline deadline, GError **error) {
  static const char *const tiers[] = {"new", "trusted", "premium"};
  (void)deadline, (void)error;
  for (guint i = 0; i < world->n_sellers; i++) {
    Random random = random_stream(world->options.seed, STREAM_SELLER, i, 0);
    g_string_append_printf(output->text, "V%04u,Seller %u,%s,%s", i + 1, i + 1, tiers[random_below(&random, 3)],
                           WORLD_REGIONS[random_below(&random, REGIONS)].name);
    output_end_line(output);
  }
  return TRUE;
}

static gboolean write_customers(const World *world, Output *output, Deadline deadline, GError **error) {
  static const char *const segments[] = {"household", "trade", "gift buyer", "bargain hunter"};
  static const char *const tiers[] = {"none", "bronze", "silver", "gold"};
  static const char *const ages[] = {"18-24", "25-34", "35-44", "45-54", "55-64", "65+"};
  guint day = 0;
  for (gint64 i = 0; i < world->n_customers; i++) {
    Random random = random_stream(world->options.seed, STREAM_CUSTOMER, (guint64)i, 1);
    while (day + 1 < world->n_days && world_customers_on(world, day) <= i) day++;
    g_string_append_printf(output->text, "C%08" G_GINT64_FORMAT ",customer%" G_GINT64_FORMAT "@mail.example,", i + 1,
                           i + 1);
    output_date(output->text, world->first + (Day)day - (day ? 0 : (Day)random_below(&random, 700)));
    g_string_append_printf(output->text, ",%s,%s,%s,%s", segments[random_below(&random, 4)],
                           tiers[random_below(&random, 4)], ages[random_below(&random, 6)],
                           WORLD_REGIONS[world_customer_region(world, i)].name);
    output_end_line(output);
    if (i % 8192 == 0 && !deadline_check(deadline, error)) return FALSE;
  }
  return TRUE;
}

static gboolean write_promotions(const World *world, Output *output, Deadline deadline, GError **error) {
  (void)deadline, (void)error;
  for (guint i = 0; i < world->n_promotions; i++) {
    const Promotion *promotion = &world->promotions[i];
    const char *department = WORLD_DEPARTMENTS[promotion->department].name;
    g_string_append_printf(output->text, "PR-%03u,%s %u%% off,%s,0.%02u,", i + 1, department, promotion->percent,
                           department, promotion->percent);
    output_date(output->text, world->first + (Day)promotion->from);
    g_string_append_c(output->text, ',');
    output_date(output->text, world->first + (Day)promotion->to - 1);
    output_end_line(output);
  }
  return TRUE;
}

static gboolean write_campaigns(const World *world, Output *output, Deadline deadline, GError **error) {
  (void)deadline, (void)error;
  for (guint i = 0; i < world->n_campaigns; i++) {
    const Campaign *campaign = &world->campaigns[i];
    const char *detail = WORLD_SOURCE_DETAILS[campaign->source][campaign->detail];
    g_string_append_printf(output->text, "CMP-%03u,%s push %u,%s,%s,", i + 1, detail, i / 4 + 1,
                           WORLD_SOURCES[campaign->source], detail);
    output_cents(output->text, campaign->daily_budget_cents * (campaign->to - campaign->from));
    g_string_append_c(output->text, ',');
    output_date(output->text, world->first + (Day)campaign->from);
    g_string_append_c(output->text, ',');
    output_date(output->text, world->first + (Day)campaign->to - 1);
    output_end_line(output);
  }
  return TRUE;
}

static gboolean write_spend(const World *world, Output *output, Deadline deadline, GError **error) {
  const Event *lost = &world->events[EVENT_LOST_CAMPAIGN];
  (void)deadline, (void)error;
  for (guint i = 0; i < world->n_campaigns; i++)
    for (guint day = world->campaigns[i].from; day < world->campaigns[i].to; day++) {
      if (i == lost->campaign && day >= lost->from && day < lost->to) continue;
      Random random = random_stream(world->options.seed, STREAM_SPEND, i, day);
      gint64 budget = world->campaigns[i].daily_budget_cents;
      gint64 spend = (gint64)((double)budget * (0.75 + 0.25 * random_unit(&random)));
      gint64 shown = spend * (2 + random_below(&random, 3));
      g_string_append_printf(output->text, "CMP-%03u,", i + 1);
      output_date(output->text, world->first + (Day)day);
      g_string_append_c(output->text, ',');
      output_cents(output->text, budget);
      g_string_append_c(output->text, ',');
      output_cents(output->text, spend);
      g_string_append_printf(output->text, ",%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT, shown,
                             shown * (10 + random_below(&random, 20)) / 1000);
      output_end_line(output);
    }
  return TRUE;
}

static gboolean write_inventory(const World *world, Output *output, Deadline deadline, GError **error) {
  const Event *event = &world->events[EVENT_STOCK_OUT];
  guint types = SUBCATEGORIES * PRODUCT_TYPES; /* of a category */
  for (guint day = 0; day < world->n_days; day += 7) {
    if (!deadline_check(deadline, error)) return FALSE;
    for (guint region = 0; region < REGIONS; region++)
      for (guint p = 0; p < world->n_products; p++) {
        Random random = random_stream(world->options.seed, STREAM_INVENTORY, day * REGIONS + region, p);
        gboolean out = day + 7 > event->from && day < event->to && region == event->region &&
                       world->products[p].type / types == event->type / types;
        if (world->products[p].launched > day) continue;
        output_date(output->text, world->first + (Day)day);
        g_string_append_printf(output->text, ",P%06u,%s,%u,%u", p + 1, WORLD_REGIONS[region].name,
                               out ? 0 : 5 + random_below(&random, 200), 20 + p % 30);
        output_end_line(output);
      }
  }
  return TRUE;
}

/* What people search for, as somebody outside would sell it: follows the seasons, with noise of its own. */
static gboolean write_interest(const World *world, Output *output, Deadline deadline, GError **error) {
  (void)deadline, (void)error;
  for (guint d = 0; d < DEPARTMENTS; d++) {
    double drift = 0;
    for (guint day = 0; day < world->n_days; day += 7) {
      Random random = random_stream(world->options.seed, STREAM_INTEREST, d, day);
      const Department *department = &WORLD_DEPARTMENTS[d];
      double angle = (day % 365 / 365.0 * 12 - department->peak_month) / 12 * 2 * G_PI;
      drift = 0.9 * drift + 2.0 * random_normal(&random);
      double index = 50 + 35 * department->swing * cos(angle) + drift + 3.0 * random_normal(&random);
      output_date(output->text, world->first + (Day)day);
      g_string_append_printf(output->text, ",%s,%d", department->name, (int)CLAMP(index + 0.5, 0, 100));
      output_end_line(output);
    }
  }
  return TRUE;
}

static const Table TABLES[] = {
    {"inventory.csv", "counted_on,product_id,region,on_hand,reorder_point", write_inventory},
    {"customers.csv", "customer_id,email,signed_up,customer_segment,loyalty_tier,age_band,home_region",
     write_customers},
    {"products.csv", "product_id,product_name,department,category,subcategory,product_type,brand,list_price,launched",
     write_products},
    {"stores.csv", "store_id,store_name,store_format,store_state,region,opened", write_stores},
    {"regions.csv", "region,sales_desk", write_regions},
    {"sellers.csv", "seller_id,seller_name,seller_tier,seller_region", write_sellers},
    {"promotions.csv", "promotion_id,promotion_name,department,promotion_discount,starts,ends", write_promotions},
    {"campaigns.csv", "campaign_id,campaign_name,traffic_source,traffic_detail,budget,starts,ends", write_campaigns},
    {"campaign_spend.csv", "campaign_id,spend_date,daily_budget,spend,impressions,clicks", write_spend},
    {"market_interest.csv", "week_start,department,interest_index", write_interest},
};

guint generate_table_count(void) {
  return G_N_ELEMENTS(TABLES);
}

gboolean generate_table(const World *world, guint number, Account *account, Deadline deadline, GError **error) {
  const Table *table = &TABLES[number];
  g_autoptr(Output) output = output_open(world->options.folder, table->name, table->header, error);
  if (!output || !table->write(world, output, deadline, error)) return FALSE;
  account->written.files++;
  return output_close(g_steal_pointer(&output), &account->written.bytes, error);
}

/* Making the company: catalogue, shops, campaigns, and how many orders each day draws. */
#include "generate/world.h"
#include <math.h>

#define FIRST_YEAR 2023
#define N_YEARS 3
#define ORDERS_PER_DAY 365.0 /* at scale 1: 400,000 orders, a million lines */

void world_free(World *world) {
  if (!world) return;
  g_free(world->products);
  g_free(world->shops);
  g_free(world->promotions);
  g_free(world->campaigns);
  g_free(world->days);
  g_free(world);
}

static guint scaled(double base, double scale, guint least, guint most) {
  return (guint)CLAMP(base * sqrt(scale), least, most);
}

/* ---- catalogue ---- */
static void make_products(World *world) {
  world->n_products = scaled(864, world->options.scale, ALL_PRODUCT_TYPES, 60000);
  world->products = g_new0(Product, world->n_products);
  for (guint i = 0; i < world->n_products; i++) {
    Random random = random_stream(world->options.seed, STREAM_PRODUCT, i, 0);
    Product *product = &world->products[i];
    product->type = (guint)((guint64)i * ALL_PRODUCT_TYPES / world->n_products);
    double level = 1 + 0.6 * (product->type % PRODUCT_TYPES) + 0.5 * (product->type / PRODUCT_TYPES % SUBCATEGORIES);
    double price =
        WORLD_DEPARTMENTS[world_type_department(product->type)].price_cents * level * exp(0.5 * random_normal(&random));
    product->price_cents = MAX((gint64)(price / 100), 1) * 100 - 1;
    product->cost_cents = (gint64)((double)product->price_cents * (0.45 + 0.25 * random_unit(&random)));
    product->brand = random_below(&random, world->n_brands);
    product->seller = random_chance(&random, 0.3) ? 1 + random_below(&random, world->n_sellers) : 0;
    product->launched = random_chance(&random, 0.8) ? 0 : random_below(&random, world->n_days * 3 / 4);
  }
  for (guint type = 0, i = 0; type <= ALL_PRODUCT_TYPES; type++) {
    while (i < world->n_products && world->products[i].type < type) i++;
    world->type_start[type] = i;
  }
}

static void make_shops(World *world) {
  guint per_region = scaled(12, world->options.scale, 4, 400);
  world->n_shops = per_region * REGIONS;
  world->shops = g_new0(Shop, world->n_shops);
  for (guint i = 0; i < world->n_shops; i++) {
    Random random = random_stream(world->options.seed, STREAM_STORE, i, 0);
    Shop *shop = &world->shops[i];
    shop->region = i / per_region;
    shop->state = random_below(&random, 5);
    shop->format = i % per_region == 0 ? 0 : 1 + random_below(&random, 3);
    shop->weight = shop->format == 0 ? 0 : 0.4 + shop->format * random_unit(&random);
    world->shop_weight[shop->region] += shop->weight;
  }
  for (guint region = 0; region <= REGIONS; region++) world->shop_start[region] = region * per_region;
}

/* ---- what is going on: promotions, campaigns ---- */
static guint day_index(const World *world, int year, int month, int day) {
  return (guint)(day_from_ymd(year, month, day) - world->first);
}

static void make_promotions(World *world) {
  world->n_promotions = N_YEARS * 12;
  world->promotions = g_new0(Promotion, world->n_promotions);
  for (guint i = 0; i < world->n_promotions; i++) {
    Random random = random_stream(world->options.seed, STREAM_WORLD, 1, i);
    Promotion *promotion = &world->promotions[i];
    promotion->department = random_below(&random, DEPARTMENTS);
    promotion->percent = 10 + 5 * random_below(&random, 5);
    promotion->from =
        day_index(world, FIRST_YEAR + (int)(i / 12), 1 + (int)(i % 12), 1 + (int)random_below(&random, 14));
    promotion->to = promotion->from + 7 + random_below(&random, 8);
  }
}

static void make_campaigns(World *world) {
  static const guint paid[][2] = {{0, 0}, {1, 0}, {2, 0}, {4, 0}}; /* source and detail that cost money */
  world->n_campaigns = N_YEARS * 4 * G_N_ELEMENTS(paid);
  world->campaigns = g_new0(Campaign, world->n_campaigns);
  for (guint i = 0; i < world->n_campaigns; i++) {
    Random random = random_stream(world->options.seed, STREAM_WORLD, 2, i);
    guint quarter = i / G_N_ELEMENTS(paid);
    Campaign *campaign = &world->campaigns[i];
    campaign->source = paid[i % G_N_ELEMENTS(paid)][0];
    campaign->detail = paid[i % G_N_ELEMENTS(paid)][1];
    campaign->from = day_index(world, FIRST_YEAR + (int)(quarter / 4), 1 + 3 * (int)(quarter % 4), 8);
    campaign->to = campaign->from + 70;
    campaign->daily_budget_cents = (gint64)((20000 + random_below(&random, 30000)) * world->options.scale) + 1000;
  }
}

int world_campaign_on(const World *world, guint day, guint source, guint detail) {
  for (guint i = 0; i < world->n_campaigns; i++) {
    const Campaign *campaign = &world->campaigns[i];
    if (campaign->source == source && campaign->detail == detail && day >= campaign->from && day < campaign->to)
      return (int)i;
  }
  return -1;
}

const Promotion *world_promotion_on(const World *world, guint day, guint department) {
  for (guint i = 0; i < world->n_promotions; i++) {
    const Promotion *promotion = &world->promotions[i];
    if (promotion->department == department && day >= promotion->from && day < promotion->to) return promotion;
  }
  return NULL;
}

/* ---- how many, when ---- */
static double day_level(const World *world, guint day) {
  static const double weekday[] = {0.88, 0.86, 0.90, 0.97, 1.15, 1.28, 0.96};
  int year, month, day_of_month;
  day_to_ymd(world->first + (Day)day, &year, &month, &day_of_month);
  double growth = pow(1.08, day / 365.25);
  double season = month == 11 ? 1.22 : month == 12 ? 1.38 : month <= 2 ? 0.84 : 1 + 0.05 * sin(month / 12.0 * 2 * G_PI);
  double level = growth * season * weekday[day_weekday(world->first + (Day)day) - 1];
  for (guint d = 0; d < DEPARTMENTS; d++)
    if (world_promotion_on(world, day, d)) level *= 1.04;
  Random random = random_stream(world->options.seed, STREAM_DAY, day, 0);
  return level * (1 + 0.05 * random_normal(&random));
}

static void make_days(World *world) {
  world->days = g_new0(WorldDay, world->n_days);
  gint64 next = 100001;
  double late = 0.5; /* what rounding left over goes to the next day, or few orders a day would never be late */
  for (guint d = 0; d < world->n_days; d++) {
    WorldDay *day = &world->days[d];
    day->orders = (guint)MAX(ORDERS_PER_DAY * world->options.scale * day_level(world, d) + 0.5, 1);
    late += day->orders * world->options.late;
    day->late = (guint)MIN(late, day->orders);
    late -= day->late;
    day->first_order = next;
    next += day->orders;
  }
  for (guint month = 0; month < 12; month++)
    for (guint d = 0; d < DEPARTMENTS; d++) {
      const Department *department = &WORLD_DEPARTMENTS[d];
      double angle = (month + 0.5 - department->peak_month) / 12 * 2 * G_PI;
      world->department_weight[month][d] = department->weight * (1 + department->swing * cos(angle));
    }
}

/* ---- customers ---- */
gint64 world_customers_on(const World *world, guint day) {
  double grown = 0.25 + 0.75 * (day + 1) / world->n_days; /* a quarter had signed up before the first day */
  return MAX((gint64)((double)world->n_customers * grown), 1);
}

guint world_customer_region(const World *world, gint64 customer) {
  double weights[REGIONS], total = 0;
  for (guint i = 0; i < REGIONS; i++) total += weights[i] = WORLD_REGIONS[i].weight;
  Random random = random_stream(world->options.seed, STREAM_CUSTOMER, (guint64)customer, 0);
  return random_weighted(&random, weights, REGIONS, total);
}

/* Dates are fixed so that whoever reads truth.json twice meets the same story; whom they hit depends on the seed. */
static void make_events(World *world) {
  Random random = random_stream(world->options.seed, STREAM_WORLD, 3, 0);
  guint type = random_below(&random, ALL_PRODUCT_TYPES);
  world->events[EVENT_STOCK_OUT] = (Event){.from = day_index(world, FIRST_YEAR, 9, 4),
                                           .to = day_index(world, FIRST_YEAR, 10, 2),
                                           .type = type,
                                           .region = random_below(&random, REGIONS)};
  guint other = (type + ALL_PRODUCT_TYPES / 2 + random_below(&random, ALL_PRODUCT_TYPES / 4)) % ALL_PRODUCT_TYPES;
  world->events[EVENT_PRICE_CHANGE] = (Event){.from = day_index(world, FIRST_YEAR + 1, 3, 1),
                                              .to = world->n_days,
                                              .type = other,
                                              .price_factor = 1.18,
                                              .kept = 0.75};
  guint campaign = 20 + random_below(&random, 4); /* of the second year's second quarter */
  world->events[EVENT_LOST_CAMPAIGN] = (Event){
      .from = world->campaigns[campaign].from + 20, .to = world->campaigns[campaign].from + 34, .campaign = campaign};
  world->events[EVENT_REGION_OUTAGE] = (Event){.from = day_index(world, FIRST_YEAR + 2, 10, 14),
                                               .to = day_index(world, FIRST_YEAR + 2, 10, 17),
                                               .region = random_below(&random, REGIONS)};
}

World *world_new(const GenerateOptions *options) {
  World *world = g_new0(World, 1);
  world->options = *options;
  world->first = day_from_ymd(FIRST_YEAR, 1, 1);
  world->n_days = (guint)(day_from_ymd(FIRST_YEAR + N_YEARS, 1, 1) - world->first);
  world->n_brands = 40;
  world->n_sellers = scaled(40, options->scale, 8, 2000);
  world->n_customers = MAX((gint64)(60000 * options->scale), 50);
  make_products(world);
  make_shops(world);
  make_promotions(world);
  make_campaigns(world);
  make_days(world);
  make_events(world);
  return world;
}

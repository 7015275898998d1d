/* One order, drawn from its own stream of random numbers. */
#include "generate/events.h"
#include <math.h>

static const double HOURS[24] = {0.6, 0.3, 0.2, 0.1, 0.1, 0.3, 0.8, 1.8, 3.0, 4.4, 5.6, 6.2,
                                 6.6, 6.0, 5.6, 5.8, 6.4, 7.2, 7.6, 7.8, 7.4, 6.0, 3.6, 1.6};

static Channel draw_channel(Random *random, guint day) {
  double app = 0.10 + 0.10 * day / 1096.0; /* the app grows at the expense of the shops */
  const double weights[CHANNELS] = {0.62 - app, 0.33, app, 0.05};
  return (Channel)random_weighted(random, weights, CHANNELS, 1.0);
}

static guint draw_shop(const World *world, Random *random, guint region) {
  double left = random_unit(random) * world->shop_weight[region];
  guint shop = world->shop_start[region] + 1;
  while (shop + 1 < world->shop_start[region + 1] && (left -= world->shops[shop].weight) >= 0) shop++;
  return shop;
}

static void draw_source(const World *world, Random *random, Order *order) {
  static const double weights[SOURCES] = {0.38, 0.18, 0.14, 0.22, 0.08};
  order->source = (int)random_weighted(random, weights, SOURCES, 1.0);
  order->detail = random_chance(random, 0.55) ? 0 : 1;
  order->campaign = world_campaign_on(world, order->day, (guint)order->source, (guint)order->detail);
}

static void draw_header(const World *world, Random *random, Order *order) {
  static const double payments[] = {0.52, 0.21, 0.09, 0.12, 0.06}, fulfilments[] = {0.62, 0.23, 0.15};
  order->channel = draw_channel(random, order->day);
  gboolean online = order->channel == CHANNEL_WEB || order->channel == CHANNEL_APP;
  double place = pow(random_unit(random), 1.4); /* earlier customers buy more often */
  gboolean known = order->channel != CHANNEL_STORE || random_chance(random, 0.7);
  order->customer = (gint64)(place * (double)world_customers_on(world, order->day));
  order->region = world_customer_region(world, order->customer);
  if (!known) order->customer = -1;
  order->shop =
      order->channel == CHANNEL_STORE ? draw_shop(world, random, order->region) : world->shop_start[order->region];
  order->state = order->channel == CHANNEL_STORE ? world->shops[order->shop].state : random_below(random, 5);
  order->second = random_weighted(random, HOURS, 24, 95.0) * 3600 + random_below(random, 3600);
  order->payment = random_weighted(random, payments, G_N_ELEMENTS(payments), 1.0);
  order->fulfilment = order->channel == CHANNEL_STORE ? 3 : random_weighted(random, fulfilments, 3, 1.0);
  order->device = online ? (order->channel == CHANNEL_APP ? 1 + random_below(random, 2) : random_below(random, 3)) : 3;
  order->source = order->detail = order->campaign = -1;
  if (online) draw_source(world, random, order);
  order->cancelled = random_chance(random, order->channel == CHANNEL_STORE ? 0.004 : 0.035);
  order->shipping_cents = order->fulfilment < 2 ? 299 + 100 * random_below(random, 5) : 0;
}

static guint draw_product(const World *world, Random *random, guint day, guint department) {
  guint types = CATEGORIES * SUBCATEGORIES * PRODUCT_TYPES;
  guint from = world->type_start[department * types], to = world->type_start[(department + 1) * types];
  /* A few goods make most of the sales: places are squared within a shuffled order. */
  guint n = to - from, place = (guint)(n * pow(random_unit(random), 1.8));
  guint product = from + (guint)(((guint64)place * 7919u) % n);
  return world->products[product].launched <= day ? product : from + random_below(random, n);
}

static void draw_line(const World *world, Random *random, const Order *order, guint month, OrderLine *line) {
  const double *weights = world->department_weight[month];
  double total = 0;
  for (guint d = 0; d < DEPARTMENTS; d++) total += weights[d];
  guint department = random_weighted(random, weights, DEPARTMENTS, total);
  line->product = draw_product(world, random, order->day, department);
  const Product *product = &world->products[line->product];
  guint year = order->day / 365;
  line->price_cents = product->price_cents + product->price_cents * (gint64)(3 * year) / 100; /* list prices rise */
  line->cost_cents = product->cost_cents;
  line->quantity = 1 + (random_chance(random, 0.3) ? 1 + random_below(random, 4) : 0);
  const Promotion *promotion = world_promotion_on(world, order->day, department);
  line->promotion = promotion && random_chance(random, 0.7) ? (int)(promotion - world->promotions) : -1;
  line->percent_off = line->promotion >= 0 ? promotion->percent : random_chance(random, 0.08) ? 5 : 0;
  line->ship_days = order->fulfilment == 3 ? 0 : order->fulfilment == 2 ? 1 : 1 + random_below(random, 6);
  gboolean comes_back = random_chance(random, WORLD_DEPARTMENTS[department].return_rate);
  line->returned = comes_back && !order->cancelled ? 1 + random_below(random, line->quantity) : 0;
  line->dirty =
      random_chance(random, world->options.dirty) ? (Dirty)(1 + random_below(random, DIRTY_KINDS - 1)) : DIRTY_NO;
}

void order_make(const World *world, guint day, guint index, Order *order, EventEffects *effects) {
  Random random = random_stream(world->options.seed, STREAM_ORDER, day, index);
  *order = (Order){.number = world->days[day].first_order + index, .day = day};
  draw_header(world, &random, order);
  while (order->n_lines < MAX_LINES && (order->n_lines == 0 || random_chance(&random, 0.6))) {
    int year, month, day_of_month;
    day_to_ymd(world->first + (Day)day, &year, &month, &day_of_month);
    draw_line(world, &random, order, (guint)month - 1, &order->lines[order->n_lines++]);
  }
  events_apply(world, &random, order, effects);
}

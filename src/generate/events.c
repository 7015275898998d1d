/* Planted events: each is a change to orders that would have come about, so that its size is known exactly. */
#include "generate/events.h"

static gboolean is_on(const Event *event, guint day) {
  return day >= event->from && day < event->to;
}

static void add_line(Amounts *amounts, const OrderLine *line) {
  amounts->lines++;
  amounts->units += line->quantity;
  amounts->revenue += order_line_revenue(line);
}

static void lose_order(const Order *order, Amounts *lost) {
  lost->orders++;
  for (guint i = 0; i < order->n_lines; i++) add_line(lost, &order->lines[i]);
}

/* The event that takes the whole order; EVENTS: none. */
static EventKind taken_by(const World *world, const Order *order) {
  const Event *outage = &world->events[EVENT_REGION_OUTAGE], *campaign = &world->events[EVENT_LOST_CAMPAIGN];
  gboolean online = order->channel == CHANNEL_WEB || order->channel == CHANNEL_APP;
  if (online && is_on(outage, order->day) && order->region == outage->region) return EVENT_REGION_OUTAGE;
  if (order->campaign == (int)campaign->campaign && is_on(campaign, order->day)) return EVENT_LOST_CAMPAIGN;
  return EVENTS;
}

static EventKind line_taken_by(const World *world, Random *random, const Order *order, const OrderLine *line) {
  guint type = world->products[line->product].type;
  const Event *stock = &world->events[EVENT_STOCK_OUT], *price = &world->events[EVENT_PRICE_CHANGE];
  guint category = SUBCATEGORIES * PRODUCT_TYPES;
  if (is_on(stock, order->day) && order->region == stock->region && type / category == stock->type / category)
    return EVENT_STOCK_OUT;
  if (is_on(price, order->day) && type / category == price->type / category && !random_chance(random, price->kept))
    return EVENT_PRICE_CHANGE;
  return EVENTS;
}

static void raise_price(const World *world, const Order *order, OrderLine *line, Amounts *gained) {
  const Event *price = &world->events[EVENT_PRICE_CHANGE];
  guint category = SUBCATEGORIES * PRODUCT_TYPES;
  if (!is_on(price, order->day) || world->products[line->product].type / category != price->type / category) return;
  gint64 before = order_line_revenue(line);
  line->price_cents = (gint64)((double)line->price_cents * price->price_factor);
  gained->lines++;
  gained->units += line->quantity;
  gained->revenue += order_line_revenue(line) - before;
}

void events_apply(const World *world, Random *random, Order *order, EventEffects *effects) {
  EventEffects unused = {0};
  if (!effects) effects = &unused;
  EventKind whole = taken_by(world, order);
  if (whole != EVENTS) {
    lose_order(order, &effects->lost[whole]);
    order->n_lines = 0;
    return;
  }
  guint kept = 0;
  EventKind last = EVENTS;
  for (guint i = 0; i < order->n_lines; i++) {
    EventKind taken = line_taken_by(world, random, order, &order->lines[i]);
    if (taken != EVENTS) {
      add_line(&effects->lost[taken], &order->lines[i]);
      last = taken;
      continue;
    }
    raise_price(world, order, &order->lines[i], &effects->gained);
    order->lines[kept++] = order->lines[i];
  }
  order->n_lines = kept;
  if (!kept) effects->lost[last].orders++;
}

gboolean events_stop_visit(const World *world, guint day, guint region, int campaign) {
  const Event *outage = &world->events[EVENT_REGION_OUTAGE], *lost = &world->events[EVENT_LOST_CAMPAIGN];
  return (is_on(outage, day) && region == outage->region) || (is_on(lost, day) && campaign == (int)lost->campaign);
}

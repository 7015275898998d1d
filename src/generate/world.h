/* The made-up company: everything that does not depend on a single order. Immutable once made, shared by threads. */
#pragma once
#include "generate/generate.h"
#include "generate/random.h"

enum {
  REGIONS = 6,
  DEPARTMENTS = 6,
  CATEGORIES = 4,
  SUBCATEGORIES = 3,
  PRODUCT_TYPES = 3,
  SOURCES = 5,
  SOURCE_DETAILS = 2
};
#define ALL_PRODUCT_TYPES (DEPARTMENTS * CATEGORIES * SUBCATEGORIES * PRODUCT_TYPES)

/* What a stream of random numbers is for. */
typedef enum {
  STREAM_WORLD,
  STREAM_PRODUCT,
  STREAM_STORE,
  STREAM_CUSTOMER,
  STREAM_SELLER,
  STREAM_DAY,
  STREAM_ORDER,
  STREAM_VISIT,
  STREAM_REVIEW,
  STREAM_REPEAT,
  STREAM_INVENTORY,
  STREAM_SPEND,
  STREAM_INTEREST
} Stream;

typedef struct {
  const char *name;
  const char *states[5];
  double weight; /* share of customers */
} Region;
extern const Region WORLD_REGIONS[REGIONS];

/* Departments, categories, subcategories, types: names and what is bought when. */
typedef struct {
  const char *name;
  const char *categories[CATEGORIES];
  double weight, peak_month, swing; /* share; month of the year (0..12) with most sales; 0..1 */
  double return_rate;
  int price_cents;
} Department;
extern const Department WORLD_DEPARTMENTS[DEPARTMENTS];
extern const char *const WORLD_SOURCES[SOURCES];
extern const char *const WORLD_SOURCE_DETAILS[SOURCES][SOURCE_DETAILS];
/* Names of a type's levels, made of words. (transfer full) */
char *world_subcategory(guint type);
char *world_product_type(guint type);

typedef struct {
  guint type; /* department * ... : see world_type_department() */
  gint64 price_cents, cost_cents;
  guint brand, seller; /* seller 0: own goods */
  guint launched;      /* day index */
} Product;
typedef struct {
  guint region, state, format; /* format 0: online hub */
  double weight;
} Shop;
typedef struct {
  guint department, percent;
  guint from, to; /* day indexes, half open */
} Promotion;
typedef struct {
  guint source, detail;
  guint from, to;
  gint64 daily_budget_cents;
} Campaign;
typedef struct {
  guint orders, late; /* drawn that day; the last `late` of them arrive a file later */
  gint64 first_order; /* number of its first order */
} WorldDay;

/* ---- planted events ---- */
typedef enum { EVENT_STOCK_OUT, EVENT_PRICE_CHANGE, EVENT_LOST_CAMPAIGN, EVENT_REGION_OUTAGE, EVENTS } EventKind;
typedef struct {
  guint from, to; /* day indexes, half open */
  guint type; /* STOCK_OUT, PRICE_CHANGE: a type of the category; type / (SUBCATEGORIES * PRODUCT_TYPES) is the same for
                 all */
  guint region, campaign;
  double price_factor, kept; /* PRICE_CHANGE: price times; share of lines still bought */
} Event;

typedef struct {
  GenerateOptions options;
  Day first;
  guint n_days;
  guint n_products, n_shops, n_sellers, n_brands, n_campaigns, n_promotions;
  gint64 n_customers;
  Product *products;                       /* sorted by type */
  guint type_start[ALL_PRODUCT_TYPES + 1]; /* of products */
  Shop *shops;
  guint shop_start[REGIONS + 1]; /* shops are sorted by region; the first of each is the hub */
  double shop_weight[REGIONS];
  Promotion *promotions;
  Campaign *campaigns;
  WorldDay *days;
  double department_weight[12][DEPARTMENTS];
  Event events[EVENTS];
} World;

World *world_new(const GenerateOptions *options);
void world_free(World *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)

static inline guint world_type_department(guint type) {
  return type / (CATEGORIES * SUBCATEGORIES * PRODUCT_TYPES);
}
static inline guint world_type_category(guint type) {
  return type / (SUBCATEGORIES * PRODUCT_TYPES) % CATEGORIES;
}
/* Customers that had signed up by the end of a day: numbers 0..n-1. */
gint64 world_customers_on(const World *world, guint day);
guint world_customer_region(const World *world, gint64 customer);
/* Campaign of the source that runs on a day; -1: none. */
int world_campaign_on(const World *world, guint day, guint source, guint detail);
const Promotion *world_promotion_on(const World *world, guint day, guint department);

/* ---- orders ---- */
enum { MAX_LINES = 8 };
typedef enum { CHANNEL_STORE, CHANNEL_WEB, CHANNEL_APP, CHANNEL_PHONE, CHANNELS } Channel;
extern const char *const WORLD_CHANNELS[CHANNELS];
extern const char *const WORLD_DEVICES[3];
typedef enum {
  DIRTY_NO,
  DIRTY_MISSING_PRODUCT,
  DIRTY_IMPOSSIBLE_DATE,
  DIRTY_NEGATIVE_QUANTITY,
  DIRTY_WORD_AS_PRICE,
  DIRTY_UNTIDY_STATE,
  DIRTY_UNKNOWN_PRODUCT,
  DIRTY_KINDS
} Dirty;
extern const char *const WORLD_DIRTY_NAMES[DIRTY_KINDS];

typedef struct {
  guint product, quantity, returned, percent_off; /* percent */
  gint64 price_cents, cost_cents;
  guint ship_days;
  int promotion; /* -1: none */
  Dirty dirty;
} OrderLine;
typedef struct {
  gint64 number, customer; /* customer -1: not known */
  guint day, second, shop, region, state;
  Channel channel;
  guint payment, fulfilment, device; /* device 3: none */
  int source, detail, campaign;      /* -1: none */
  gboolean cancelled;
  gint64 shipping_cents;
  guint n_lines;
  OrderLine lines[MAX_LINES];
} Order;

typedef struct {
  gint64 orders, lines, units;
  gint64 revenue; /* 1/10000 of the currency: quantity x cents x (100 - percent) */
} Amounts;
typedef struct {
  Amounts lost[EVENTS]; /* what would have been there without the event */
  Amounts gained;       /* PRICE_CHANGE: more money for what was still bought */
} EventEffects;
/* Order number `index` of a day; n_lines 0 when an event took all of it. `effects` (may be NULL) is added to. */
void order_make(const World *world, guint day, guint index, Order *order, EventEffects *effects);
static inline gint64 order_line_revenue(const OrderLine *line) {
  return line->quantity * line->price_cents * (100 - line->percent_off);
}

/* Names in the made-up company. */
#include "generate/world.h"

const Region WORLD_REGIONS[REGIONS] = {
    {"Pacific Coast", {"CA", "WA", "OR", "HI", "AK"}, 0.22}, {"Mountain", {"CO", "UT", "AZ", "NV", "NM"}, 0.12},
    {"Plains", {"KS", "NE", "IA", "MO", "OK"}, 0.10},        {"Great Lakes", {"IL", "OH", "MI", "WI", "IN"}, 0.20},
    {"Gulf", {"TX", "LA", "FL", "AL", "MS"}, 0.20},          {"Atlantic", {"NY", "PA", "NJ", "MA", "VA"}, 0.16},
};

const Department WORLD_DEPARTMENTS[DEPARTMENTS] = {
    {"Gardening", {"Planters", "Watering", "Lawn Care", "Seeds and Bulbs"}, 0.18, 4.5, 0.55, 0.04, 1800},
    {"Cooking", {"Pans and Pots", "Bakeware", "Cutlery", "Countertop Machines"}, 0.22, 10.5, 0.35, 0.06, 3200},
    {"Camping", {"Tents", "Sleeping Gear", "Camp Stoves", "Backpacks"}, 0.14, 6.0, 0.60, 0.09, 5400},
    {"Nursery", {"Strollers", "Cots", "Baby Feeding", "Soft Toys"}, 0.15, 9.0, 0.15, 0.07, 4100},
    {"Workshop", {"Hand Tools", "Power Tools", "Fixings", "Ladders"}, 0.17, 5.5, 0.25, 0.05, 4700},
    {"Pet Care", {"Dog Supplies", "Cat Supplies", "Aquarium", "Bird Feeding"}, 0.14, 11.0, 0.10, 0.03, 1500},
};

const char *const WORLD_SOURCES[SOURCES] = {"Search", "Social", "E-mail", "Direct", "Partner"};
const char *const WORLD_SOURCE_DETAILS[SOURCES][SOURCE_DETAILS] = {{"Paid Search", "Organic Search"},
                                                                   {"Video Ads", "Feed Posts"},
                                                                   {"Newsletter", "Cart Reminder"},
                                                                   {"Typed Address", "Saved Link"},
                                                                   {"Affiliate", "Price Finder"}};
const char *const WORLD_CHANNELS[CHANNELS] = {"store", "web", "app", "phone"};
const char *const WORLD_DEVICES[3] = {"desktop", "smartphone", "tablet"};
const char *const WORLD_DIRTY_NAMES[DIRTY_KINDS] = {
    "none",          "missing_product", "impossible_date", "negative_quantity",
    "word_as_price", "untidy_state",    "unknown_product"};

static const char *const SUBCATEGORY_WORDS[SUBCATEGORIES] = {"Basic", "Classic", "Professional"};
static const char *const TYPE_WORDS[PRODUCT_TYPES] = {"Compact", "Standard", "Large"};

char *world_subcategory(guint type) {
  const Department *department = &WORLD_DEPARTMENTS[world_type_department(type)];
  return g_strdup_printf("%s %s", SUBCATEGORY_WORDS[type / PRODUCT_TYPES % SUBCATEGORIES],
                         department->categories[world_type_category(type)]);
}

char *world_product_type(guint type) {
  g_autofree char *subcategory = world_subcategory(type);
  return g_strdup_printf("%s %s", TYPE_WORDS[type % PRODUCT_TYPES], subcategory);
}

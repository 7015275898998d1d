/* truth.json: what is in the files, exactly, and what was planted. Money is text, so that nothing is rounded. */
#include "generate/output.h"

static json_t *money(gint64 ten_thousandths) {
  guint64 size = ten_thousandths < 0 ? 0 - (guint64)ten_thousandths : (guint64)ten_thousandths;
  g_autofree char *text = g_strdup_printf("%s%" G_GUINT64_FORMAT ".%04" G_GUINT64_FORMAT,
                                          ten_thousandths < 0 ? "-" : "", size / 10000, size % 10000);
  return json_string(text);
}

static json_t *amounts_to_json(const Amounts *amounts) {
  return json_pack("{s:I, s:I, s:I, s:o}", "orders", (json_int_t)amounts->orders, "lines", (json_int_t)amounts->lines,
                   "units", (json_int_t)amounts->units, "revenue", money(amounts->revenue));
}

static json_t *day_to_json(const World *world, guint day) {
  g_autofree char *text = day_format_iso(world->first + (Day)day);
  return json_string(text);
}

static json_t *event_to_json(const World *world, EventKind kind, const Account *account) {
  const Event *event = &world->events[kind];
  json_t *json = json_object();
  guint type = event->type;
  const Department *department = &WORLD_DEPARTMENTS[world_type_department(type)];
  json_object_set_new(json, "from", day_to_json(world, event->from));
  json_object_set_new(json, "to_exclusive", day_to_json(world, event->to));
  if (kind == EVENT_STOCK_OUT || kind == EVENT_PRICE_CHANGE) {
    json_object_set_new(json, "department", json_string(department->name));
    json_object_set_new(json, "category", json_string(department->categories[world_type_category(type)]));
  }
  if (kind == EVENT_PRICE_CHANGE) {
    json_object_set_new(json, "price_factor", json_real(event->price_factor));
    json_object_set_new(json, "lines_kept", json_real(event->kept));
    json_object_set_new(json, "gained_by_price", amounts_to_json(&account->effects.gained));
  }
  if (kind == EVENT_STOCK_OUT || kind == EVENT_REGION_OUTAGE)
    json_object_set_new(json, "region", json_string(WORLD_REGIONS[event->region].name));
  if (kind == EVENT_REGION_OUTAGE) json_object_set_new(json, "channels", json_pack("[s,s]", "web", "app"));
  if (kind == EVENT_LOST_CAMPAIGN) {
    g_autofree char *name = g_strdup_printf("CMP-%03u", event->campaign + 1);
    json_object_set_new(json, "campaign_id", json_string(name));
  }
  json_object_set_new(json, "lost", amounts_to_json(&account->effects.lost[kind]));
  return json;
}

static json_t *events_to_json(const World *world, const Account *account) {
  static const char *const names[EVENTS] = {"stock_out", "price_change", "lost_campaign", "region_outage"};
  static const char *const causes[EVENTS] = {"goods of one category could not be bought in one region",
                                             "prices of a category went up and some people stopped buying",
                                             "a campaign was paused and its orders did not come",
                                             "web shop and app were down in one region"};
  json_t *events = json_array();
  for (guint i = 0; i < EVENTS; i++) {
    json_t *event = event_to_json(world, (EventKind)i, account);
    json_object_set_new(event, "event", json_string(names[i]));
    json_object_set_new(event, "cause", json_string(causes[i]));
    json_array_append_new(events, event);
  }
  return events;
}

static json_t *lines_to_json(const World *world, const Account *account) {
  json_t *dirty = json_object(), *years = json_object(), *clean_years = json_object();
  for (guint i = 1; i < DIRTY_KINDS; i++)
    json_object_set_new(dirty, WORLD_DIRTY_NAMES[i], json_integer(account->dirty[i]));
  int first = day_year(world->first), last = day_year(world->first + (Day)world->n_days - 1);
  for (int year = first; year <= last; year++) {
    g_autofree char *name = g_strdup_printf("%d", year);
    json_object_set_new(years, name, money(account->year_revenue[year - first]));
    json_object_set_new(clean_years, name, money(account->clean_year_revenue[year - first]));
  }
  json_t *clean = amounts_to_json(&account->clean), *before = amounts_to_json(&account->everything);
  json_object_set_new(clean, "revenue_by_year", clean_years);
  json_object_set_new(before, "revenue_by_year", years);
  return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "written", (json_int_t)account->written.lines,
                   "distinct", (json_int_t)account->distinct_lines, "duplicates", (json_int_t)account->duplicate_lines,
                   "late", (json_int_t)account->late_lines, "of_cancelled_orders", (json_int_t)account->cancelled_lines,
                   "returned_units", (json_int_t)account->returned_units, "dirty", dirty, "clean",
                   clean, "before_dirt", before);
}

gboolean generate_truth(const World *world, const Account *account, GError **error) {
  g_autoptr(json_t) truth = json_pack(
      "{s:i, s:I, s:f, s:o, s:o, s:o, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I}}", "schema_version", 1, "seed",
      (json_int_t)world->options.seed, "scale", world->options.scale, "from", day_to_json(world, 0), "to_exclusive",
      day_to_json(world, world->n_days), "order_lines", lines_to_json(world, account), "events",
      events_to_json(world, account), "rows", "orders", (json_int_t)account->written.orders, "visits",
      (json_int_t)account->written.visits, "reviews", (json_int_t)account->written.reviews, "products",
      (json_int_t)world->n_products, "stores", (json_int_t)world->n_shops, "customers", (json_int_t)world->n_customers);
  g_autofree char *text = json_to_text(truth, JSON_PRETTY);
  g_autofree char *path = g_build_filename(world->options.folder, "truth.json", NULL);
  g_autoptr(GError) failure = NULL;
  if (g_file_set_contents(path, text, -1, &failure)) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "%s", failure->message);
  return FALSE;
}

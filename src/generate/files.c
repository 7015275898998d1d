/* The files that grow: orders, their lines, visits to the web shop and the app, reviews. One file each per period. */
#include <errno.h>
#include <string.h>

#include "generate/events.h"
#include "generate/output.h"

Output *output_open(const char *folder, const char *name, const char *header, GError **error) {
  g_autofree char *path = g_build_filename(folder, name, NULL);
  FILE *file = fopen(path, "wbe");
  if (!file) {
    aisle_error_set_errno(error, errno, "write %s", path);
    return NULL;
  }
  Output *output = g_new0(Output, 1);
  output->file = file;
  output->path = g_steal_pointer(&path);
  output->text = g_string_sized_new(OUTPUT_BUFFER_BYTES + 4096);
  g_string_append(output->text, header);
  output_end_line(output);
  return output;
}

void output_discard(Output *output) {
  if (!output) return;
  if (output->file) fclose(output->file);
  g_string_free(output->text, TRUE);
  g_free(output->path);
  g_free(output);
}

gboolean output_close(Output *output, gint64 *bytes, GError **error) {
  g_autoptr(Output) owned = output;
  gboolean written = output_flush(output);
  if (fclose(g_steal_pointer(&output->file)) != 0 && written) {
    output->failed = errno;
    written = FALSE;
  }
  if (!written)
    aisle_error_set_errno(error, output->failed, "write %s", output->path);
  else if (bytes)
    *bytes += output->bytes;
  return written;
}

/* ---- one period ---- */
enum { RECENT_LINES = 32 };

typedef struct {
  const World *world;
  Account *account;
  Output *orders, *lines, *visits, *reviews;
  GString *recent[RECENT_LINES]; /* lines as written, to be sent again */
  guint n_recent;
  Random repeats;
} PeriodFiles;

static void write_order(PeriodFiles *files, const Order *order) {
  static const char *const payments[] = {"card", "wallet", "bank transfer", "invoice", "gift card"};
  static const char *const fulfilments[] = {"from warehouse", "from store", "collected", "taken away"};
  const World *world = files->world;
  GString *text = files->orders->text;
  output_int(text, order->number);
  g_string_append_c(text, ',');
  output_moment(text, world->first + (Day)order->day, order->second);
  g_string_append_printf(text, ",%s,%s,%s,%s", order->cancelled ? "cancelled" : "completed", payments[order->payment],
                         fulfilments[order->fulfilment], order->device < 3 ? WORLD_DEVICES[order->device] : "");
  g_string_append_printf(text, ",%s,%s,", order->source >= 0 ? WORLD_SOURCES[order->source] : "",
                         order->source >= 0 ? WORLD_SOURCE_DETAILS[order->source][order->detail] : "");
  if (order->campaign >= 0) g_string_append_printf(text, "CMP-%03d", order->campaign + 1);
  g_string_append_c(text, ',');
  output_cents(text, order->shipping_cents);
  output_end_line(files->orders);
  files->account->written.orders++;
}

static void put_state(GString *text, const Order *order, gboolean untidy) {
  const char *state = WORLD_REGIONS[order->region].states[order->state];
  if (untidy)
    g_string_append_printf(text, " %c%c ", g_ascii_tolower(state[0]), g_ascii_tolower(state[1]));
  else
    g_string_append(text, state);
}

static void put_product(GString *text, const OrderLine *line) {
  if (line->dirty == DIRTY_MISSING_PRODUCT) return;
  g_string_append_printf(text, "P%06u",
                         line->dirty == DIRTY_UNKNOWN_PRODUCT ? 900000 + line->product : line->product + 1);
}

/* The line as it stands in the file, without its end. */
static void put_line(const World *world, const Order *order, guint number, GString *text) {
  const OrderLine *line = &order->lines[number];
  Day day = world->first + (Day)order->day;
  output_int(text, order->number);
  g_string_append_c(text, '-');
  output_int(text, number + 1);
  g_string_append_c(text, ',');
  output_int(text, order->number);
  g_string_append_c(text, ',');
  if (line->dirty == DIRTY_IMPOSSIBLE_DATE)
    g_string_append(text, "2024-02-31");
  else
    output_date(text, day);
  g_string_append_printf(text, ",%s,S%04u,", WORLD_CHANNELS[order->channel], order->shop + 1);
  if (order->customer >= 0) g_string_append_printf(text, "C%08" G_GINT64_FORMAT, order->customer + 1);
  g_string_append_c(text, ',');
  put_state(text, order, line->dirty == DIRTY_UNTIDY_STATE);
  g_string_append_c(text, ',');
  put_product(text, line);
  g_string_append_c(text, ',');
  guint seller = world->products[line->product].seller;
  if (seller) g_string_append_printf(text, "V%04u", seller);
  g_string_append_c(text, ',');
  output_int(text, line->dirty == DIRTY_NEGATIVE_QUANTITY ? -(gint64)line->quantity : (gint64)line->quantity);
  g_string_append_c(text, ',');
  if (line->dirty == DIRTY_WORD_AS_PRICE)
    g_string_append(text, "ask");
  else
    output_cents(text, line->price_cents);
  g_string_append_printf(text, ",0.%02u,", line->percent_off);
  output_cents(text, line->cost_cents);
  g_string_append_c(text, ',');
  if (line->promotion >= 0) g_string_append_printf(text, "PR-%03d", line->promotion + 1);
  g_string_append_c(text, ',');
  output_date(text, day + (Day)line->ship_days);
  g_string_append_c(text, ',');
  output_int(text, line->returned);
}

/* Sends one of the last lines once more. */
static void maybe_repeat(PeriodFiles *files) {
  if (!files->n_recent || !random_chance(&files->repeats, files->world->options.duplicate)) return;
  guint pick = random_below(&files->repeats, MIN(files->n_recent, RECENT_LINES));
  g_string_append_len(files->lines->text, files->recent[pick]->str, (gssize)files->recent[pick]->len);
  output_end_line(files->lines);
  files->account->duplicate_lines++;
  files->account->written.lines++;
}

static void count_line(PeriodFiles *files, const Order *order, const OrderLine *line, gboolean late) {
  Account *account = files->account;
  int year = day_year(files->world->first + (Day)order->day) - day_year(files->world->first);
  gint64 revenue = order_line_revenue(line);
  account->written.lines++;
  account->distinct_lines++;
  account->late_lines += late;
  account->cancelled_lines += order->cancelled;
  account->returned_units += line->returned;
  account->dirty[line->dirty]++;
  account->year_revenue[year] += revenue;
  if (line->dirty == DIRTY_NO) account->clean_year_revenue[year] += revenue;
  Amounts *sums[] = {&account->everything, line->dirty == DIRTY_NO ? &account->clean : NULL};
  for (guint i = 0; i < G_N_ELEMENTS(sums) && sums[i]; i++) {
    sums[i]->lines++;
    sums[i]->units += line->quantity;
    sums[i]->revenue += revenue;
  }
}

static void write_line(PeriodFiles *files, const Order *order, guint number, gboolean late) {
  GString *kept = files->recent[files->n_recent++ % RECENT_LINES];
  g_string_truncate(kept, 0);
  put_line(files->world, order, number, kept);
  g_string_append_len(files->lines->text, kept->str, (gssize)kept->len);
  output_end_line(files->lines);
  count_line(files, order, &order->lines[number], late);
  maybe_repeat(files);
}

static void write_visit(PeriodFiles *files, const Order *order, gint64 number, gboolean bought, Random *random) {
  GString *text = files->visits->text;
  guint pages = 1 + (bought ? 3 : 0) + random_below(random, bought ? 12 : 7);
  gboolean basket = bought || random_chance(random, 0.12), checkout = bought || (basket && random_chance(random, 0.4));
  guint second = bought ? order->second - MIN(order->second, 60 + random_below(random, 1200)) : order->second;
  g_string_append_printf(text, "W%" G_GINT64_FORMAT ",", number);
  output_moment(text, files->world->first + (Day)order->day, second);
  g_string_append_printf(text, ",%s,%s,%s,%s,", order->channel == CHANNEL_APP ? "app" : "web",
                         WORLD_DEVICES[order->device], WORLD_SOURCES[order->source],
                         WORLD_SOURCE_DETAILS[order->source][order->detail]);
  if (order->campaign >= 0) g_string_append_printf(text, "CMP-%03d", order->campaign + 1);
  g_string_append_printf(text, ",%s,", WORLD_REGIONS[order->region].name);
  if (bought) g_string_append_printf(text, "C%08" G_GINT64_FORMAT, order->customer + 1);
  g_string_append_printf(text, ",%u,%d,%d,", pages, basket, checkout);
  if (bought) output_int(text, order->number);
  output_end_line(files->visits);
  files->account->written.visits++;
}

static void write_review(PeriodFiles *files, const Order *order, Random *random) {
  static const char *const words[5] = {"Broke at once", "Not what I expected", "It does what it says", "Good value",
                                       "Would buy it again"};
  static const double stars[5] = {0.07, 0.06, 0.14, 0.29, 0.44};
  guint rating = random_weighted(random, stars, 5, 1.0);
  const OrderLine *line = &order->lines[random_below(random, order->n_lines)];
  GString *text = files->reviews->text;
  g_string_append_printf(text, "R%" G_GINT64_FORMAT ",P%06u,", order->number, line->product + 1);
  g_string_append_printf(text, "C%08" G_GINT64_FORMAT ",", order->customer + 1);
  output_date(text, files->world->first + (Day)(order->day + line->ship_days + 2 + random_below(random, 20)));
  g_string_append_printf(text, ",%u,%s", rating + 1, words[rating]);
  output_end_line(files->reviews);
  files->account->written.reviews++;
}

/* Visits beside an online order: its own, and others like it that bought nothing. */
static void write_visits(PeriodFiles *files, const Order *order) {
  if (order->source < 0) return;
  Random random = random_stream(files->world->options.seed, STREAM_VISIT, order->day, (guint64)order->number);
  guint others = 1 + random_below(&random, 4);
  if (order->n_lines) write_visit(files, order, order->number * 10, TRUE, &random);
  for (guint i = 1; i <= others; i++) {
    Order visit = *order;
    visit.second = random_below(&random, 86400);
    visit.device = random_below(&random, 3);
    visit.channel = visit.device == 0 ? CHANNEL_WEB : order->channel;
    if (events_stop_visit(files->world, visit.day, visit.region, visit.campaign)) continue;
    write_visit(files, &visit, order->number * 10 + i, FALSE, &random);
  }
}

static void write_one(PeriodFiles *files, guint day, guint index, gboolean late) {
  Order order;
  order_make(files->world, day, index, &order, &files->account->effects);
  write_visits(files, &order);
  if (!order.n_lines) return;
  files->account->distinct_orders++;
  files->account->everything.orders++;
  write_order(files, &order);
  gboolean clean = FALSE;
  for (guint i = 0; i < order.n_lines; i++) {
    write_line(files, &order, i, late);
    clean = clean || order.lines[i].dirty == DIRTY_NO;
  }
  files->account->clean.orders += clean;
  Random random = random_stream(files->world->options.seed, STREAM_REVIEW, day, index);
  if (order.customer >= 0 && !order.cancelled && random_chance(&random, 0.06)) write_review(files, &order, &random);
}

static gboolean write_days(PeriodFiles *files, guint before, guint from, guint to, Deadline deadline, GError **error) {
  const World *world = files->world;
  for (guint day = before; day < from; day++)
    for (guint i = world->days[day].orders - world->days[day].late; i < world->days[day].orders; i++)
      write_one(files, day, i, TRUE);
  for (guint day = from; day < to; day++) {
    /* Nothing comes after the last file: there nothing is late. */
    guint late = to == world->n_days ? 0 : world->days[day].late;
    for (guint i = 0; i < world->days[day].orders - late; i++) {
      write_one(files, day, i, FALSE);
      if (i % 1024 == 0 && !deadline_check(deadline, error)) return FALSE;
    }
  }
  return TRUE;
}

static Output *open_one(const World *world, const char *table, guint from, const char *header, GError **error) {
  g_autofree char *date = day_format_iso(world->first + (Day)from);
  g_autofree char *name = g_strdup_printf("%s/%s_%s.csv", table, table, date);
  return output_open(world->options.folder, name, header, error);
}

static gboolean close_all(PeriodFiles *files, GError **error) {
  Output **all[] = {&files->orders, &files->lines, &files->visits, &files->reviews};
  for (guint i = 0; i < G_N_ELEMENTS(all); i++)
    if (!output_close(g_steal_pointer(all[i]), &files->account->written.bytes, error)) return FALSE;
  files->account->written.files += G_N_ELEMENTS(all);
  return TRUE;
}

static gboolean open_all(PeriodFiles *files, guint from, GError **error) {
  const World *world = files->world;
  files->orders = open_one(world, "orders", from,
                           "order_id,placed_at,status,payment_method,fulfilment,device,traffic_source,traffic_detail,"
                           "campaign_id,shipping_fee",
                           error);
  if (!files->orders) return FALSE;
  files->lines =
      open_one(world, "order_lines", from,
               "line_id,order_id,order_date,channel,store_id,customer_id,ship_state,product_id,seller_id,quantity,"
               "unit_price,discount,unit_cost,promotion_id,ship_date,returned_quantity",
               error);
  if (!files->lines) return FALSE;
  files->visits =
      open_one(world, "visits", from,
               "visit_id,started_at,site,device,traffic_source,traffic_detail,campaign_id,region,customer_id,"
               "pages,added_to_basket,reached_checkout,order_id",
               error);
  if (!files->visits) return FALSE;
  files->reviews =
      open_one(world, "reviews", from, "review_id,product_id,customer_id,reviewed_on,stars,review_text", error);
  return files->reviews != NULL;
}

gboolean generate_period_files(const World *world, guint before, guint from, guint to, Account *account,
                               Deadline deadline, GError **error) {
  PeriodFiles files = {.world = world, .account = account};
  files.repeats = random_stream(world->options.seed, STREAM_REPEAT, from, 0);
  for (guint i = 0; i < RECENT_LINES; i++) files.recent[i] = g_string_new(NULL);
  gboolean done = open_all(&files, from, error) && write_days(&files, before, from, to, deadline, error) &&
                  close_all(&files, error);
  for (guint i = 0; i < RECENT_LINES; i++) g_string_free(files.recent[i], TRUE);
  output_discard(files.orders);
  output_discard(files.lines);
  output_discard(files.visits);
  output_discard(files.reviews);
  return done;
}

/* Hands the files out to threads and adds up what they wrote, always in the same order. */
#include "generate/generate.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <pthread.h>

#include "generate/output.h"

typedef struct {
  const World *world;
  GArray *starts; /* of guint: first day of each period, and the end */
  Account *accounts;
  guint n_tasks;
  gint next; /* task; past the last after a failure */
  Deadline deadline;
  pthread_mutex_t lock;
  GError *failure; /* the first */
} Work;

static void add_amounts(Amounts *sum, const Amounts *part) {
  sum->orders += part->orders;
  sum->lines += part->lines;
  sum->units += part->units;
  sum->revenue += part->revenue;
}

void account_add(Account *sum, const Account *part) {
  sum->written.files += part->written.files;
  sum->written.bytes += part->written.bytes;
  sum->written.orders += part->written.orders;
  sum->written.lines += part->written.lines;
  sum->written.visits += part->written.visits;
  sum->written.reviews += part->written.reviews;
  sum->distinct_orders += part->distinct_orders;
  sum->distinct_lines += part->distinct_lines;
  sum->duplicate_lines += part->duplicate_lines;
  sum->late_lines += part->late_lines;
  sum->cancelled_lines += part->cancelled_lines;
  sum->returned_units += part->returned_units;
  for (guint i = 0; i < DIRTY_KINDS; i++) sum->dirty[i] += part->dirty[i];
  add_amounts(&sum->clean, &part->clean);
  add_amounts(&sum->everything, &part->everything);
  for (guint i = 0; i < G_N_ELEMENTS(sum->year_revenue); i++) {
    sum->year_revenue[i] += part->year_revenue[i];
    sum->clean_year_revenue[i] += part->clean_year_revenue[i];
  }
  for (guint i = 0; i < EVENTS; i++) add_amounts(&sum->effects.lost[i], &part->effects.lost[i]);
  add_amounts(&sum->effects.gained, &part->effects.gained);
}

/* ---- periods ---- */
static GArray *period_starts(const World *world) {
  static const TimeUnit units[] = {TIME_UNIT_MONTH, TIME_UNIT_WEEK, TIME_UNIT_DAY};
  GArray *starts = g_array_new(FALSE, FALSE, sizeof(guint));
  TimeUnit unit = units[world->options.period];
  guint day = 0;
  while (day < world->n_days) {
    g_array_append_val(starts, day);
    Day today = world->first + (Day)day;
    Day next = day_unit_add(day_unit_start(today, unit, &CALENDAR_DEFAULT), unit, 1, &CALENDAR_DEFAULT);
    day = MIN((guint)(next - world->first), world->n_days);
  }
  g_array_append_val(starts, world->n_days);
  return starts;
}

/* ---- threads ---- */
static gboolean run_task(Work *work, guint task, GError **error) {
  guint tables = generate_table_count();
  if (task < tables) return generate_table(work->world, task, &work->accounts[task], work->deadline, error);
  guint period = task - tables;
  const guint *start = &g_array_index(work->starts, guint, period);
  return generate_period_files(work->world, period ? start[-1] : 0, start[0], start[1], &work->accounts[task],
                               work->deadline, error);
}

static void *run_tasks(void *data) {
  Work *work = data;
  for (guint task; (task = (guint)g_atomic_int_add(&work->next, 1)) < work->n_tasks;) {
    GError *error = NULL;
    if (run_task(work, task, &error)) continue;
    pthread_mutex_lock(&work->lock);
    if (work->failure)
      g_error_free(error);
    else
      work->failure = error;
    pthread_mutex_unlock(&work->lock);
    g_atomic_int_set(&work->next, (gint)work->n_tasks);
  }
  return NULL;
}

static void run_all(Work *work, guint n_threads) {
  g_autofree pthread_t *threads = g_new0(pthread_t, n_threads);
  guint started = 0;
  while (started + 1 < n_threads && pthread_create(&threads[started], NULL, run_tasks, work) == 0) started++;
  run_tasks(work);
  for (guint i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

/* ---- options and folders ---- */
static gboolean check_share(double share, const char *name, GError **error) {
  if (share >= 0 && share <= 0.5) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "--%s is a share between 0 and 0.5", name);
  return FALSE;
}

static gboolean check_options(const GenerateOptions *options, GError **error) {
  if (!(options->scale >= GENERATE_MIN_SCALE && options->scale <= GENERATE_MAX_SCALE)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "--scale is a number between %g and %g",
                GENERATE_MIN_SCALE, GENERATE_MAX_SCALE);
    return FALSE;
  }
  return check_share(options->dirty, "dirty", error) && check_share(options->duplicate, "duplicate", error) &&
         check_share(options->late, "late", error);
}

static gboolean make_folders(const char *folder, GError **error) {
  static const char *const tables[] = {"orders", "order_lines", "visits", "reviews"};
  g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
  if (listing && g_dir_read_name(listing)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_EXISTS, "%s is not empty; name a new folder", folder);
    return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
    g_autofree char *path = g_build_filename(folder, tables[i], NULL);
    if (g_mkdir_with_parents(path, 0777) != 0) {
      aisle_error_set_errno(error, errno, "make the folder %s", path);
      return FALSE;
    }
  }
  return TRUE;
}

gboolean generate_retailer(const GenerateOptions *options, GenerateSummary *summary, Deadline deadline,
                           GError **error) {
  if (!check_options(options, error) || !make_folders(options->folder, error)) return FALSE;
  g_autoptr(World) world = world_new(options);
  g_autoptr(GArray) starts = period_starts(world);
  Work work = {.world = world, .starts = starts, .deadline = deadline, .lock = PTHREAD_MUTEX_INITIALIZER};
  work.n_tasks = generate_table_count() + starts->len - 1;
  work.accounts = g_new0(Account, work.n_tasks);
  run_all(&work, options->threads > 0 ? (guint)options->threads : g_get_num_processors());
  Account sum = {0};
  for (guint i = 0; i < work.n_tasks; i++) account_add(&sum, &work.accounts[i]);
  g_free(work.accounts);
  if (work.failure) {
    g_propagate_error(error, work.failure);
    return FALSE;
  }
  if (!generate_truth(world, &sum, error)) return FALSE;
  *summary = sum.written;
  summary->files++;
  return TRUE;
}

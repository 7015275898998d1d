#include "server/schedule.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/condition.h"
#include "base/disk.h"
#include "lake/ingest.h"
#include "lake/snapshot.h"
#include "model/model.h"

#define TICK_MS 1000
#define NICENESS 10
/* A run that takes longer hangs. */
#define RUN_LIMIT_MS (G_GINT64_CONSTANT(6) * 3600 * 1000)
#define POLL_MS 200
/* Of what a run said, the end is kept. */
#define OUTPUT_BYTES 4096
#define MESSAGE_BYTES 400

/* One piece of work. */
typedef struct {
  char *key;  /* "ingest sales" */
  char *verb, *name, *least_files; /* the last two may be NULL */
  gint64 every_ms;
  gboolean rests; /* while the snapshot stays the one it saw */
  gboolean waits; /* its first run comes one interval after it was first seen */
} Piece;

typedef struct {
  guint64 done, failed;
  gint64 last_ms;
  double last_seconds;
} Tally;

struct Schedule {
  char *workspace, *program;
  pthread_t thread;
  pthread_mutex_t lock; /* of the rest */
  pthread_cond_t wake;
  gboolean stopping;
  GHashTable *tallies; /* key -> Tally* */
  char *running;       /* key; NULL */
  /* only the thread's own: */
  GPtrArray *pieces;
  char *mark; /* of the files that `pieces` came from */
};

static void piece_free(gpointer pointer) {
  Piece *piece = pointer;
  g_free(piece->key);
  g_free(piece->verb);
  g_free(piece->name);
  g_free(piece->least_files);
  g_free(piece);
}

static gint64 now_ms(void) {
  return g_get_real_time() / 1000;
}

static gboolean is_stopping(Schedule *schedule) {
  pthread_mutex_lock(&schedule->lock);
  gboolean stopping = schedule->stopping;
  pthread_mutex_unlock(&schedule->lock);
  return stopping;
}

/* ---- what there is to do ---- */

static void mark_file(GString *mark, const char *path) {
  struct stat status;
  if (stat(path, &status) != 0) return;
  g_string_append_printf(mark, "%s %" G_GINT64_FORMAT ".%ld %" G_GINT64_FORMAT "\n", path, (gint64)status.st_mtim.tv_sec,
                         status.st_mtim.tv_nsec, (gint64)status.st_size);
}

static gint compare_texts(gconstpointer a, gconstpointer b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Changes when a file that says what to do does. */
static char *mark_of(const Schedule *schedule) {
  static const char *const files[] = {"aisle.yaml", "model/core.yaml", "model/aisle.yaml", "snapshots"};
  GString *mark = g_string_new(NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_build_filename(schedule->workspace, files[i], NULL);
    if (strcmp(files[i], "snapshots") != 0) mark_file(mark, path);
    else g_string_append_printf(mark, "data: %d\n", g_file_test(path, G_FILE_TEST_IS_DIR));
  }
  g_autofree char *folder = g_build_filename(schedule->workspace, "ingest", NULL);
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
  const char *name;
  while (listing != NULL && (name = g_dir_read_name(listing)) != NULL)
    if (g_str_has_suffix(name, ".yaml")) g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
  g_ptr_array_sort(paths, compare_texts);
  for (guint i = 0; i < paths->len; i++) mark_file(mark, paths->pdata[i]);
  return g_string_free(mark, FALSE);
}

static Piece *add_piece(Schedule *schedule, const char *verb, const char *name, gint64 every_ms) {
  Piece *piece = g_new0(Piece, 1);
  piece->verb = g_strdup(verb);
  piece->name = g_strdup(name);
  piece->key = name != NULL ? g_strdup_printf("%s %s", verb, name) : g_strdup(verb);
  piece->every_ms = every_ms;
  g_ptr_array_add(schedule->pieces, piece);
  return piece;
}

static void tell_problem(const char *what, const GError *problem) {
  if (problem != NULL) g_warning("schedules of %s do not run: %s", what, problem->message);
}

static void find_loads(Schedule *schedule) {
  g_autoptr(GError) problem = NULL;
  g_autoptr(GPtrArray) definitions = ingest_definitions_load(schedule->workspace, &problem);
  tell_problem("ingestion files", problem);
  for (guint i = 0; definitions != NULL && i < definitions->len; i++) {
    const IngestDefinition *definition = definitions->pdata[i];
    if (definition->schedule_ms > 0) add_piece(schedule, "ingest", definition->name, definition->schedule_ms);
  }
}

static void find_rollups(Schedule *schedule) {
  g_autoptr(GError) problem = NULL;
  g_autoptr(Model) model = model_load(schedule->workspace, &problem);
  tell_problem("rollups", problem);
  for (guint i = 0; model != NULL && i < model->rollups->len; i++) {
    const Rollup *rollup = model->rollups->pdata[i];
    gint64 every_ms = 0;
    if (rollup->refresh != NULL && schedule_parse(rollup->refresh, &every_ms) && every_ms > 0)
      add_piece(schedule, "refresh", rollup->name, every_ms)->rests = TRUE;
  }
}

static void find_compaction(Schedule *schedule) {
  g_autoptr(GError) problem = NULL;
  g_autoptr(Settings) settings = settings_load(schedule->workspace, NULL, &problem);
  tell_problem("compaction", problem);
  gint64 every_ms = settings != NULL ? settings_integer(settings, SETTING_LAKE_COMPACT) : 0;
  if (every_ms <= 0) return;
  Piece *piece = add_piece(schedule, "compact", NULL, every_ms);
  piece->rests = piece->waits = TRUE;
  piece->least_files = g_strdup_printf("%" G_GINT64_FORMAT, CLAMP(settings_integer(settings, SETTING_LAKE_COMPACT_FILES), 2, 1000000));
}

static void find_pieces(Schedule *schedule) {
  g_autofree char *mark = mark_of(schedule);
  if (g_strcmp0(mark, schedule->mark) == 0) return;
  g_free(schedule->mark);
  schedule->mark = g_steal_pointer(&mark);
  g_ptr_array_set_size(schedule->pieces, 0);
  find_loads(schedule);
  find_rollups(schedule);
  find_compaction(schedule);
}

/* ---- what was done ---- */

static char *state_path(const Schedule *schedule) {
  return g_build_filename(schedule->workspace, "state", "schedule.json", NULL);
}

/* (transfer full) */
static json_t *read_state(const Schedule *schedule) {
  g_autofree char *path = state_path(schedule);
  json_t *state = g_file_test(path, G_FILE_TEST_EXISTS) ? json_parse_file(path, NULL) : NULL;
  if (json_is_object(state)) return state;
  json_decref(state);
  return json_object();
}

/* Takes `record`. With the lock "schedule". */
static void write_state(const Schedule *schedule, const Piece *piece, json_t *record) {
  g_autoptr(json_t) state = read_state(schedule);
  json_object_set_new(state, piece->key, record);
  g_autofree char *path = state_path(schedule), *folder = g_path_get_dirname(path), *text = json_to_text(state, JSON_PRETTY);
  g_autoptr(GError) problem = NULL;
  if (!disk_make_folder(folder, &problem) || !disk_replace_unflushed(path, text, strlen(text), &problem))
    g_warning("schedule: %s", problem->message);
}

static gboolean is_due(const Schedule *schedule, const Piece *piece, const json_t *state) {
  const json_t *record = json_object_get(state, piece->key);
  gint64 began = json_get_int(record, "began_ms", 0), now = now_ms();
  if (!json_is_object(record)) return TRUE;
  if (began <= now && now - began < piece->every_ms) return FALSE;
  if (!piece->rests || g_strcmp0(json_get_string(record, "status"), "done") != 0) return TRUE;
  g_autofree char *snapshot = lake_snapshot_current_id(schedule->workspace, NULL);
  return g_strcmp0(snapshot, json_get_string(record, "snapshot")) != 0;
}

/* ---- one run ---- */

/* In the child, before it becomes the program: it goes when this server does. */
static void prepare_child(gpointer unused) {
  (void)unused;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (nice(NICENESS) == -1) return; /* then it runs as it is */
}

static gboolean start_child(const Schedule *schedule, const Piece *piece, GPid *pid, int *output, GError **error) {
  const char *arguments[] = {schedule->program, piece->verb, "-w", schedule->workspace, NULL, NULL, NULL};
  if (piece->name != NULL) arguments[4] = piece->name;
  if (piece->least_files != NULL) {
    arguments[4] = "--min-files";
    arguments[5] = piece->least_files;
  }
  /* Both of its outputs come through one pipe, in the order in which they were written. */
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    aisle_error_set_errno(error, errno, "make a pipe");
    return FALSE;
  }
  gboolean started = g_spawn_async_with_fds(NULL, (char **)arguments, NULL, G_SPAWN_DO_NOT_REAP_CHILD, prepare_child, NULL, pid, -1, ends[1],
                                            ends[1], error);
  close(ends[1]);
  if (started) *output = ends[0];
  else close(ends[0]);
  return started;
}

/* Until the child ends; what it said last goes to `said`. FALSE: it was killed. */
static gboolean listen_to_child(Schedule *schedule, GPid pid, int output, GString *said) {
  Deadline deadline = deadline_in_ms(RUN_LIMIT_MS, NULL);
  gboolean killed = FALSE;
  for (;;) {
    struct pollfd waiting = {.fd = output, .events = POLLIN};
    int ready = poll(&waiting, 1, POLL_MS);
    char bytes[1024];
    ssize_t n = ready > 0 ? read(output, bytes, sizeof bytes) : -1;
    if (ready > 0 && n <= 0 && errno != EINTR) break;
    if (n > 0) g_string_append_len(said, bytes, n);
    if (said->len > OUTPUT_BYTES) g_string_erase(said, 0, (gssize)(said->len - OUTPUT_BYTES));
    if (killed || (!is_stopping(schedule) && deadline_left_ms(deadline) > 0)) continue;
    killed = TRUE;
    kill(pid, SIGKILL);
  }
  return !killed;
}

/* The last line that says something. (transfer full) */
static char *last_line(const GString *said) {
  g_autofree char *valid = g_utf8_make_valid(said->str, (gssize)said->len);
  g_auto(GStrv) lines = g_strsplit(valid, "\n", -1);
  for (guint i = g_strv_length(lines); i-- > 0;)
    if (*g_strstrip(lines[i]) != '\0') return g_utf8_substring(lines[i], 0, MIN(g_utf8_strlen(lines[i], -1), MESSAGE_BYTES));
  return g_strdup("");
}

/* TRUE: it did what it should. `message`: what it said last. (transfer full) */
static gboolean run_child(Schedule *schedule, const Piece *piece, char **message) {
  g_autoptr(GError) problem = NULL;
  g_autoptr(GString) said = g_string_new(NULL);
  GPid pid;
  int output = -1, status = 0;
  if (!start_child(schedule, piece, &pid, &output, &problem)) {
    *message = g_strdup(problem->message);
    return FALSE;
  }
  gboolean ended = listen_to_child(schedule, pid, output, said);
  close(output);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  *message = ended ? last_line(said) : g_strdup(is_stopping(schedule) ? "the server stopped" : "it took too long and was ended");
  return ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void set_running(Schedule *schedule, const char *key) {
  pthread_mutex_lock(&schedule->lock);
  g_free(schedule->running);
  schedule->running = g_strdup(key);
  pthread_mutex_unlock(&schedule->lock);
}

static void count_run(Schedule *schedule, const Piece *piece, gboolean done, double seconds) {
  pthread_mutex_lock(&schedule->lock);
  Tally *tally = g_hash_table_lookup(schedule->tallies, piece->key);
  if (tally == NULL) g_hash_table_insert(schedule->tallies, g_strdup(piece->key), tally = g_new0(Tally, 1));
  *(done ? &tally->done : &tally->failed) += 1;
  tally->last_ms = now_ms();
  tally->last_seconds = seconds;
  pthread_mutex_unlock(&schedule->lock);
}

/* With the lock "schedule". */
static void run_piece(Schedule *schedule, const Piece *piece) {
  gint64 began = now_ms(), began_us = g_get_monotonic_time();
  g_autofree char *snapshot = lake_snapshot_current_id(schedule->workspace, NULL), *message = NULL;
  /* Whoever finds this after a crash waits for the next turn. */
  write_state(schedule, piece, json_pack("{s:I, s:s}", "began_ms", (json_int_t)began, "status", "running"));
  set_running(schedule, piece->key);
  gboolean done = run_child(schedule, piece, &message);
  double seconds = (double)(g_get_monotonic_time() - began_us) / 1e6;
  set_running(schedule, NULL);
  count_run(schedule, piece, done, seconds);
  if (done) g_message("schedule: %s: %s (%.1f s)", piece->key, message, seconds);
  else g_warning("schedule: %s failed after %.1f s: %s", piece->key, seconds, message);
  write_state(schedule, piece, json_pack("{s:I, s:f, s:s, s:s, s:s?}", "began_ms", (json_int_t)began, "seconds", seconds, "status",
                                         done ? "done" : "failed", "message", message, "snapshot", done ? snapshot : NULL));
}

static void look_at_piece(Schedule *schedule, const Piece *piece) {
  g_autoptr(json_t) state = read_state(schedule);
  if (!is_due(schedule, piece, state)) return;
  g_auto(WorkspaceLock) lock = WORKSPACE_LOCK_NONE;
  if (!workspace_lock(schedule->workspace, "schedule", &lock, deadline_in_ms(0, NULL), NULL)) return; /* another server is at it */
  g_autoptr(json_t) newest = read_state(schedule);
  if (!is_due(schedule, piece, newest)) return;
  if (piece->waits && json_object_get(newest, piece->key) == NULL)
    write_state(schedule, piece, json_pack("{s:I, s:s}", "began_ms", (json_int_t)now_ms(), "status", "seen"));
  else
    run_piece(schedule, piece);
}

/* ---- life ---- */

static void *run(void *data) {
  Schedule *schedule = data;
  pthread_mutex_lock(&schedule->lock);
  while (!schedule->stopping) {
    pthread_mutex_unlock(&schedule->lock);
    find_pieces(schedule);
    for (guint i = 0; i < schedule->pieces->len && !is_stopping(schedule); i++) look_at_piece(schedule, schedule->pieces->pdata[i]);
    pthread_mutex_lock(&schedule->lock);
    if (!schedule->stopping) condition_wait_ms(&schedule->wake, &schedule->lock, TICK_MS);
  }
  pthread_mutex_unlock(&schedule->lock);
  return NULL;
}

static void schedule_clear(Schedule *schedule) {
  g_ptr_array_unref(schedule->pieces);
  g_hash_table_unref(schedule->tallies);
  pthread_cond_destroy(&schedule->wake);
  pthread_mutex_destroy(&schedule->lock);
  g_free(schedule->running);
  g_free(schedule->mark);
  g_free(schedule->program);
  g_free(schedule->workspace);
  g_free(schedule);
}

Schedule *schedule_start(const char *workspace, const char *program) {
  Schedule *schedule = g_new0(Schedule, 1);
  schedule->workspace = g_canonicalize_filename(workspace, NULL);
  schedule->program = g_strdup(program);
  schedule->pieces = g_ptr_array_new_with_free_func(piece_free);
  schedule->tallies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  pthread_mutex_init(&schedule->lock, NULL);
  condition_init(&schedule->wake);
  if (pthread_create(&schedule->thread, NULL, run, schedule) == 0) return schedule;
  schedule_clear(schedule);
  return NULL;
}

void schedule_free(Schedule *schedule) {
  if (schedule == NULL) return;
  pthread_mutex_lock(&schedule->lock);
  schedule->stopping = TRUE;
  pthread_cond_signal(&schedule->wake);
  pthread_mutex_unlock(&schedule->lock);
  pthread_join(schedule->thread, NULL);
  schedule_clear(schedule);
}

/* ---- metrics ---- */

static char *label_of(const char *text) {
  GString *label = g_string_new(NULL);
  for (const char *p = text; *p != '\0'; p++) {
    if (*p == '"' || *p == '\\') g_string_append_c(label, '\\');
    g_string_append_c(label, *p);
  }
  return g_string_free(label, FALSE);
}

void schedule_write_metrics(Schedule *schedule, GString *out) {
  if (schedule == NULL) return;
  g_string_append(out, "# HELP aisle_schedule_runs_total Scheduled work that ended.\n# TYPE aisle_schedule_runs_total counter\n");
  g_autoptr(GString) ended = g_string_new("# HELP aisle_schedule_last_end_seconds When it ended last, in seconds since 1970.\n"
                                          "# TYPE aisle_schedule_last_end_seconds gauge\n");
  g_autoptr(GString) took = g_string_new("# HELP aisle_schedule_last_duration_seconds How long its last run took.\n"
                                         "# TYPE aisle_schedule_last_duration_seconds gauge\n");
  pthread_mutex_lock(&schedule->lock);
  g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(schedule->tallies), (GCompareFunc)strcmp);
  for (const GList *at = keys; at != NULL; at = at->next) {
    const Tally *tally = g_hash_table_lookup(schedule->tallies, at->data);
    g_autofree char *work = label_of(at->data);
    g_string_append_printf(out, "aisle_schedule_runs_total{work=\"%s\",status=\"done\"} %" G_GUINT64_FORMAT "\n", work, tally->done);
    g_string_append_printf(out, "aisle_schedule_runs_total{work=\"%s\",status=\"failed\"} %" G_GUINT64_FORMAT "\n", work, tally->failed);
    g_string_append_printf(ended, "aisle_schedule_last_end_seconds{work=\"%s\"} %" G_GINT64_FORMAT "\n", work, tally->last_ms / 1000);
    g_string_append_printf(took, "aisle_schedule_last_duration_seconds{work=\"%s\"} %.3f\n", work, tally->last_seconds);
  }
  gboolean running = schedule->running != NULL;
  pthread_mutex_unlock(&schedule->lock);
  g_string_append_printf(out, "%s%s# HELP aisle_schedule_running Scheduled work that runs now.\n# TYPE aisle_schedule_running gauge\n"
                         "aisle_schedule_running %d\n", ended->str, took->str, running);
}

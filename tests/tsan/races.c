/* SPDX-License-Identifier: Apache-2.0 */
/*
 * races CASE right|wrong: a few lines in which two threads share something, held together by what GLib offers, and the
 * same without it. The sanitizer must report every wrong one, or the shim hides races; and no right one, or it sees
 * none of GLib.
 */
#include <gio/gio.h>
#include <jansson.h>
#include <string.h>

#define TIMES 200

typedef struct {
    gboolean right;
    GMutex lock;
    GCond changed;
    int shared, turn;
} Ground;

static Ground ground;
static int
    stage; /* what makes a wrong twin go the same way each time; a relaxed atomic orders nothing in TSan's eyes */

static void reach(int n)
{
    __atomic_store_n(&stage, n, __ATOMIC_RELAXED);
}

static void await(int n)
{
    while (__atomic_load_n(&stage, __ATOMIC_RELAXED) < n)
        g_usleep(100);
}

/* Runs both at once until they end. */
static void both(GThreadFunc one, GThreadFunc other, gpointer data)
{
    GThread *a = g_thread_new("one", one, data), *b = g_thread_new("other", other, data);
    g_thread_join(a);
    g_thread_join(b);
}

/* ---- mutex: one side of the wrong twin forgets the lock that the other holds. */

static gpointer count_locked(gpointer data)
{
    for (int i = 0; i < TIMES; i++) {
        g_mutex_lock(&ground.lock);
        ground.shared++;
        g_mutex_unlock(&ground.lock);
    }
    return NULL;
}

static gpointer count_maybe_locked(gpointer data)
{
    if (ground.right)
        return count_locked(data);
    for (int i = 0; i < TIMES; i++)
        ground.shared++;
    return NULL;
}

static void case_mutex(void)
{
    both(count_locked, count_maybe_locked, NULL);
}

/* ---- recursive mutex, and the lock of readers and writers, of which the wrong twin writes as a reader. */

static gpointer count_nested(gpointer data)
{
    static GRecMutex lock;
    g_rec_mutex_lock(&lock);
    g_rec_mutex_lock(&lock);
    ground.shared++;
    g_rec_mutex_unlock(&lock);
    ground.turn++;
    g_rec_mutex_unlock(&lock);
    if (!ground.right)
        ground.shared++;
    return NULL;
}

static void case_rec_mutex(void)
{
    both(count_nested, count_nested, NULL);
}

static gpointer count_as_writer(gpointer data)
{
    static GRWLock lock;
    g_rw_lock_reader_lock(&lock);
    int seen = ground.shared;
    if (!ground.right)
        ground.shared++;
    g_rw_lock_reader_unlock(&lock);
    if (ground.right) {
        g_rw_lock_writer_lock(&lock);
        ground.shared++;
        g_rw_lock_writer_unlock(&lock);
    }
    return GINT_TO_POINTER(seen);
}

static void case_rw_lock(void)
{
    both(count_as_writer, count_as_writer, NULL);
}

/* ---- two locks, each side with its own. */

static gpointer count_by_turn(gpointer data)
{
    static GMutex locks[2];
    g_mutex_lock(&ground.lock);
    GMutex *mine = &locks[ground.right ? 0 : ground.turn++];
    g_mutex_unlock(&ground.lock);
    for (int i = 0; i < TIMES; i++) {
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(mine);
        ground.shared++;
    }
    return NULL;
}

static void case_two_locks(void)
{
    both(count_by_turn, count_by_turn, NULL);
}

/* ---- trylock: the wrong twin goes on when it did not get it. */

static gpointer count_tried(gpointer data)
{
    await(1);
    gboolean got = g_mutex_trylock(&ground.lock);
    if (ground.right) {
        g_assert_false(got);
        reach(2);
        g_mutex_lock(&ground.lock);
    }
    ground.shared++;
    if (ground.right)
        g_mutex_unlock(&ground.lock);
    reach(2);
    return NULL;
}

static gpointer count_held(gpointer data)
{
    g_mutex_lock(&ground.lock);
    ground.shared++;
    reach(1);
    await(2);
    g_mutex_unlock(&ground.lock);
    return NULL;
}

static void case_trylock(void)
{
    both(count_held, count_tried, NULL);
}

/* ---- cond: the wrong twin writes after it said that it had written. */

static gpointer produce(gpointer data)
{
    if (ground.right)
        ground.shared = 1;
    g_mutex_lock(&ground.lock);
    ground.turn = 1;
    g_cond_signal(&ground.changed);
    g_mutex_unlock(&ground.lock);
    if (!ground.right)
        ground.shared = 1;
    return NULL;
}

static gpointer consume(gpointer data)
{
    gint64 end = g_get_monotonic_time() + G_TIME_SPAN_MINUTE;
    g_mutex_lock(&ground.lock);
    while (!ground.turn)
        if (!g_cond_wait_until(&ground.changed, &ground.lock, end))
            g_error("nobody signalled in a minute");
    g_mutex_unlock(&ground.lock);
    return GINT_TO_POINTER(ground.shared);
}

static void case_cond(void)
{
    both(produce, consume, NULL);
}

/* ---- once: the wrong twin makes a value without asking whether it is there. */

static int *made;

static gpointer make_once(gpointer data)
{
    static gsize once;
    if (!ground.right) {
        made = g_new0(int, 1);
    } else if (g_once_init_enter(&once)) {
        made = g_new0(int, 1);
        g_once_init_leave(&once, 1);
    }
    return GINT_TO_POINTER(*made);
}

static void case_once_init(void)
{
    both(make_once, make_once, NULL);
}

static gpointer make_value(gpointer data)
{
    made = g_new0(int, 1);
    return made;
}

static gpointer ask_once(gpointer data)
{
    static GOnce once = G_ONCE_INIT;
    if (ground.right)
        g_once(&once, make_value, NULL);
    else
        make_value(NULL);
    return GINT_TO_POINTER(*made);
}

static void case_once(void)
{
    both(ask_once, ask_once, NULL);
}

/* ---- rc box: the last of two owners clears; the wrong twin looks at it after it let go. */

typedef struct {
    int uses;
} Box;

static void clear_box(gpointer data)
{
    ((Box *)data)->uses = -1;
}

static gpointer use_box(gpointer data)
{
    Box *box = data;
    int uses = ground.right ? box->uses : 0;
    g_atomic_rc_box_release_full(box, clear_box);
    return GINT_TO_POINTER(ground.right ? uses : box->uses);
}

static void case_rc_box(void)
{
    Box *box = g_atomic_rc_box_new0(Box);
    both(use_box, use_box, g_atomic_rc_box_acquire(box));
}

/* ---- pool: the wrong twin writes what it has pushed already; then both wait for the end of all work. */

static void work(gpointer data, gpointer user_data)
{
    int *item = data;
    *item += 1;
}

static void case_pool(void)
{
    int items[TIMES] = {0}, sum = 0;
    GThreadPool *pool = g_thread_pool_new(work, NULL, 2, FALSE, NULL);
    for (int i = 0; i < TIMES; i++) {
        items[i] = 1;
        g_thread_pool_push(pool, &items[i], NULL);
        if (!ground.right)
            items[i] = 1;
    }
    g_thread_pool_free(pool, FALSE, TRUE);
    for (int i = 0; i < TIMES; i++)
        sum += items[i];
    g_assert_cmpint(sum, >=, TIMES);
}

/* ---- main loop: a thread hands a value to it with an idle; the wrong twin writes it afterwards. */

static GMainLoop *loop;

static gboolean on_idle(gpointer data)
{
    ground.shared++;
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static gpointer hand_over(gpointer data)
{
    if (ground.right)
        ground.shared = 1;
    g_idle_add_full(G_PRIORITY_DEFAULT, on_idle, NULL, NULL);
    if (!ground.right)
        ground.shared = 1;
    return NULL;
}

static void case_idle(void)
{
    loop = g_main_loop_new(NULL, FALSE);
    GThread *thread = g_thread_new("one", hand_over, NULL);
    g_main_loop_run(loop);
    g_thread_join(thread);
}

/* ---- GTask: its thread gets what was written before, and what it made is for whoever gets the reply. */

static void task_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    if (!ground.right) {
        reach(1);
        await(2); /* past every lock that GIO takes on the way here */
    }
    *(int *)data += 1;
    g_task_return_boolean(task, TRUE);
}

static void on_task(GObject *source, GAsyncResult *result, gpointer data)
{
    ground.shared = *made;
    g_main_loop_quit(loop);
}

static void case_task(void)
{
    made = g_new0(int, 1);
    loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GTask) task = g_task_new(NULL, NULL, on_task, NULL);
    g_task_set_task_data(task, made, NULL);
    g_task_run_in_thread(task, task_thread);
    if (!ground.right) {
        await(1);
        *made = 1;
        reach(2);
    }
    g_main_loop_run(loop);
}

/* ---- containers, which GLib and Jansson write for us. */

/* Both take turns, so that the wrong twin does not crash before it is reported. */
static gpointer fill(gpointer data)
{
    static char names[][2] = {"a", "b", "c", "d"};
    gpointer *one_of = data;
    int me = g_atomic_int_add(&ground.turn, 1);
    for (int i = me; i < (int)G_N_ELEMENTS(names); i += 2) {
        await(i);
        if (ground.right)
            g_mutex_lock(&ground.lock);
        if (one_of[0])
            g_hash_table_insert(one_of[0], names[i], data);
        if (one_of[1])
            g_ptr_array_add(one_of[1], data);
        if (one_of[2])
            json_object_set_new(one_of[2], names[i], json_true());
        if (ground.right)
            g_mutex_unlock(&ground.lock);
        reach(i + 1);
    }
    return NULL;
}

static void case_hash_table(void)
{
    both(fill, fill, (gpointer[]){g_hash_table_new(g_str_hash, g_str_equal), NULL, NULL});
}

static void case_ptr_array(void)
{
    both(fill, fill, (gpointer[]){NULL, g_ptr_array_new(), NULL});
}

static void case_json(void)
{
    both(fill, fill, (gpointer[]){NULL, NULL, json_object()});
}

/* ---- free: after the last use by another thread; the wrong twin does not wait for it. */

static gpointer use_text(gpointer data)
{
    char *copy = g_strdup(data);
    g_free(copy);
    reach(1);
    return NULL;
}

static void case_free(void)
{
    char *text = g_strdup("shared");
    GThread *thread = g_thread_new("one", use_text, text);
    if (ground.right)
        g_thread_join(thread);
    else
        await(1); /* used by now, but nothing orders it */
    g_free(text);
    if (!ground.right)
        g_thread_join(thread);
}

/* ---- the log tells the time of day, for which libc frees and keeps texts of its own under a lock that TSan cannot
 * see. */

static gpointer count_and_log(gpointer data)
{
    static GMutex lock;
    const GLogField field = {"MESSAGE", "counted", -1};
    for (int i = 0; i < TIMES; i++) {
        g_free(g_log_writer_format_fields(G_LOG_LEVEL_WARNING, &field, 1, FALSE));
        if (ground.right)
            g_mutex_lock(&lock);
        ground.shared++;
        if (ground.right)
            g_mutex_unlock(&lock);
    }
    return NULL;
}

static void case_log(void)
{
    both(count_and_log, count_and_log, NULL);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {{"rec-mutex", case_rec_mutex},
                 {"rw-lock", case_rw_lock},
                 {"mutex", case_mutex},
                 {"two-locks", case_two_locks},
                 {"trylock", case_trylock},
                 {"cond", case_cond},
                 {"once", case_once},
                 {"once-init", case_once_init},
                 {"rc-box", case_rc_box},
                 {"pool", case_pool},
                 {"idle", case_idle},
                 {"task", case_task},
                 {"hash-table", case_hash_table},
                 {"ptr-array", case_ptr_array},
                 {"json", case_json},
                 {"free", case_free},
                 {"log", case_log}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (argc == 1)
            g_print("%s\n", cases[i].name);
        if (argc == 3 && strcmp(argv[1], cases[i].name) == 0) {
            ground.right = strcmp(argv[2], "right") == 0;
            cases[i].run();
            return 0;
        }
    }
    return argc == 1 ? 0 : 2;
}

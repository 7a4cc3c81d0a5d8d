/* SPDX-License-Identifier: Apache-2.0 */
/* Who comes before whom, where GLib hands something from one thread to another: see shim.h. */
#include "shim.h"

#include <glib-object.h>

/* ---- References: whoever drops the last one comes after all who dropped theirs. */

gboolean(g_atomic_ref_count_dec)(gatomicrefcount *count)
{
    __tsan_release(count);
    gboolean last = REAL(g_atomic_ref_count_dec)(count);
    if (last)
        __tsan_acquire(count);
    return last;
}

static _Thread_local GDestroyNotify
    clear_of_this_box; /* GLib calls it at once, in this thread, and hands over nothing else */

static void clear_box(gpointer block)
{
    GDestroyNotify clear = clear_of_this_box;
    __tsan_acquire(block);
    if (clear)
        clear(block);
}

void(g_atomic_rc_box_release_full)(gpointer block, GDestroyNotify clear)
{
    GDestroyNotify outer = clear_of_this_box; /* a clear function may release other boxes */
    clear_of_this_box = clear;
    __tsan_release(block);
    REAL(g_atomic_rc_box_release_full)(block, clear_box);
    clear_of_this_box = outer;
}

void(g_atomic_rc_box_release)(gpointer block)
{
    (g_atomic_rc_box_release_full)(block, NULL);
}

/* Of these GLib does not tell which was the last: each comes after all earlier ones. */
#define UNREF(type, name)                                                                                              \
    void(name)(type * object)                                                                                          \
    {                                                                                                                  \
        if (object) {                                                                                                  \
            __tsan_release(object);                                                                                    \
            __tsan_acquire(object);                                                                                    \
        }                                                                                                              \
        REAL(name)(object);                                                                                            \
    }
UNREF(GPtrArray, g_ptr_array_unref)
UNREF(GArray, g_array_unref)
UNREF(GByteArray, g_byte_array_unref)
UNREF(GHashTable, g_hash_table_unref)
UNREF(GBytes, g_bytes_unref)
UNREF(void, g_object_unref)

/* ---- Pools of threads: who pushes comes before the work; who waits for the pool's end comes after all work. */

typedef struct {
    GFunc func;
    gpointer user_data;
} Pool; /* lives as long as the process: a thread of a pool that nobody waited for may still read it */

static void pool_work(gpointer item, gpointer user_data)
{
    Pool *pool = user_data;
    __tsan_acquire(pool);
    pool->func(item, pool->user_data);
    __tsan_release(pool);
}

GThreadPool *(g_thread_pool_new_full)(GFunc func, gpointer user_data, GDestroyNotify free_item, gint most,
                                      gboolean exclusive, GError **error)
{
    Pool *pool = g_new(Pool, 1);
    *pool = (Pool){func, user_data};
    return REAL(g_thread_pool_new_full)(pool_work, pool, free_item, most, exclusive, error);
}

GThreadPool *(g_thread_pool_new)(GFunc func, gpointer user_data, gint most, gboolean exclusive, GError **error)
{
    return (g_thread_pool_new_full)(func, user_data, NULL, most, exclusive, error);
}

gboolean(g_thread_pool_push)(GThreadPool *pool, gpointer item, GError **error)
{
    __tsan_release(pool->user_data);
    return REAL(g_thread_pool_push)(pool, item, error);
}

void(g_thread_pool_free)(GThreadPool *pool, gboolean at_once, gboolean wait)
{
    Pool *ours = pool->user_data;
    __tsan_acquire(ours); /* items that nobody worked on are freed here */
    REAL(g_thread_pool_free)(pool, at_once, wait);
    if (wait)
        __tsan_acquire(ours);
}

/* ---- The main loop: who attaches a source comes before what it calls; who ends the loop comes before what follows it.
 */

guint(g_source_attach)(GSource *source, GMainContext *context)
{
    __tsan_release(source);
    return REAL(g_source_attach)(source, context);
}

static guint attach_new(GSource *source, int priority, GSourceFunc func, gpointer data, GDestroyNotify notify)
{
    g_source_set_priority(source, priority);
    g_source_set_callback(source, func, data, notify);
    guint id = (g_source_attach)(source, NULL);
    g_source_unref(source);
    return id;
}

guint(g_idle_add_full)(gint priority, GSourceFunc func, gpointer data, GDestroyNotify notify)
{
    return attach_new(g_idle_source_new(), priority, func, data, notify);
}

guint(g_idle_add)(GSourceFunc func, gpointer data)
{
    return (g_idle_add_full)(G_PRIORITY_DEFAULT_IDLE, func, data, NULL);
}

guint(g_timeout_add_full)(gint priority, guint interval, GSourceFunc func, gpointer data, GDestroyNotify notify)
{
    return attach_new(g_timeout_source_new(interval), priority, func, data, notify);
}

guint(g_timeout_add)(guint interval, GSourceFunc func, gpointer data)
{
    return (g_timeout_add_full)(G_PRIORITY_DEFAULT, interval, func, data, NULL);
}

guint(g_timeout_add_seconds)(guint interval, GSourceFunc func, gpointer data)
{
    return attach_new(g_timeout_source_new_seconds(interval), G_PRIORITY_DEFAULT, func, data, NULL);
}

gboolean(g_idle_remove_by_data)(gpointer data)
{
    GSource *source = g_main_context_find_source_by_funcs_user_data(NULL, &g_idle_funcs, data);
    if (source)
        __tsan_acquire(source);
    return REAL(g_idle_remove_by_data)(data);
}

void(g_main_loop_quit)(GMainLoop *loop)
{
    __tsan_release(loop);
    REAL(g_main_loop_quit)(loop);
}

void(g_main_loop_run)(GMainLoop *loop)
{
    REAL(g_main_loop_run)(loop);
    __tsan_acquire(loop);
}

/* Every kind of source gets a dispatch that first takes up what g_source_attach released. GLib's own tables of
 * functions are exported and can be written; tables of others are copied when they make a source. */
typedef struct {
    GSourceFuncs funcs; /* first: what source->source_funcs points to is a Kind */
    gboolean (*dispatch)(GSource *, GSourceFunc, gpointer);
} Kind;

static gboolean dispatch_of_kind(GSource *source, GSourceFunc func, gpointer data)
{
    __tsan_acquire(source);
    return ((Kind *)source->source_funcs)->dispatch(source, func, data);
}

GSource *(g_source_new)(GSourceFuncs *funcs, guint size)
{
    static struct {
        GSourceFuncs *of;
        Kind kind;
    } kinds[64]; /* libraries have some dozen, for the life of the process */
    static GMutex lock;
    gsize i = 0;
    REAL(g_mutex_lock)(&lock);
    while (i < G_N_ELEMENTS(kinds) - 1 && kinds[i].of && kinds[i].of != funcs)
        i++;
    if (!kinds[i].of && funcs->dispatch) {
        kinds[i].of = funcs;
        kinds[i].kind = (Kind){*funcs, funcs->dispatch};
        kinds[i].kind.funcs.dispatch = dispatch_of_kind;
    }
    gboolean known = kinds[i].of == funcs;
    REAL(g_mutex_unlock)(&lock);
    return REAL(g_source_new)(known ? &kinds[i].kind.funcs : funcs, size);
}

#define GLIB_KIND(kind)                                                                                                \
    static gboolean (*real_##kind)(GSource *, GSourceFunc, gpointer);                                                  \
    static gboolean dispatch_##kind(GSource *source, GSourceFunc func, gpointer data)                                  \
    {                                                                                                                  \
        __tsan_acquire(source);                                                                                        \
        return real_##kind(source, func, data);                                                                        \
    }                                                                                                                  \
    __attribute__((constructor)) static void replace_##kind(void)                                                      \
    {                                                                                                                  \
        real_##kind = kind.dispatch;                                                                                   \
        kind.dispatch = dispatch_##kind;                                                                               \
    }
extern GSourceFuncs g_unix_signal_funcs, g_unix_fd_source_funcs; /* exported, in no header */
GLIB_KIND(g_idle_funcs)
GLIB_KIND(g_timeout_funcs)
GLIB_KIND(g_unix_signal_funcs)
GLIB_KIND(g_unix_fd_source_funcs)

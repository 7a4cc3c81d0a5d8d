/* SPDX-License-Identifier: Apache-2.0 */
/* Locks, conditions and once, as GLib promises them: see shim.h. */
#include "shim.h"

#include <pthread.h>
#include <stdlib.h>

/* ---- GMutex and GCond: futexes. TSan's words for a lock also give it the order of locks, and so deadlocks that may
 * be. */

void(g_mutex_init)(GMutex *mutex)
{
    REAL(g_mutex_init)(mutex);
    if (FROM_PROGRAM) /* to TSan it is a write, which must come before all uses: that much is not seen of GLib's own
                         objects */
        __tsan_mutex_create(mutex, __tsan_mutex_not_static);
}

void(g_mutex_clear)(GMutex *mutex)
{
    if (FROM_PROGRAM)
        __tsan_mutex_destroy(mutex, __tsan_mutex_not_static);
    REAL(g_mutex_clear)(mutex);
}

void(g_mutex_lock)(GMutex *mutex)
{
    __tsan_mutex_pre_lock(mutex, 0);
    REAL(g_mutex_lock)(mutex);
    __tsan_mutex_post_lock(mutex, 0, 0);
}

gboolean(g_mutex_trylock)(GMutex *mutex)
{
    __tsan_mutex_pre_lock(mutex, __tsan_mutex_try_lock);
    gboolean got = REAL(g_mutex_trylock)(mutex);
    __tsan_mutex_post_lock(mutex, got ? __tsan_mutex_try_lock : __tsan_mutex_try_lock | __tsan_mutex_try_lock_failed,
                           0);
    return got;
}

void(g_mutex_unlock)(GMutex *mutex)
{
    __tsan_mutex_pre_unlock(mutex, 0);
    REAL(g_mutex_unlock)(mutex);
    __tsan_mutex_post_unlock(mutex, 0);
}

/* A wait gives the mutex back and takes it again. The signal itself orders nothing, as POSIX has it: whoever waits
 * without looking at a variable under the mutex has a race. */
static void wait_begins(GMutex *mutex)
{
    __tsan_mutex_pre_unlock(mutex, 0);
    __tsan_mutex_post_unlock(mutex, 0);
}

static void wait_ended(GMutex *mutex)
{
    __tsan_mutex_pre_lock(mutex, 0);
    __tsan_mutex_post_lock(mutex, 0, 0);
}

void(g_cond_wait)(GCond *cond, GMutex *mutex)
{
    wait_begins(mutex);
    REAL(g_cond_wait)(cond, mutex);
    wait_ended(mutex);
}

gboolean(g_cond_wait_until)(GCond *cond, GMutex *mutex, gint64 end_time)
{
    wait_begins(mutex);
    gboolean woken = REAL(g_cond_wait_until)(cond, mutex, end_time);
    wait_ended(mutex);
    return woken;
}

/* ---- GRecMutex and GRWLock are of pthread, but TSan does not look into calls from within libglib (tsan.supp), so they
 * are made here. As in GLib, the first use makes what p points to: those that are all zero need no init. */

static gpointer made_once(gpointer *slot, gsize size, void (*init)(gpointer))
{
    gpointer made = __atomic_load_n(slot, __ATOMIC_ACQUIRE), none = NULL;
    if (made)
        return made;
    made = calloc(1, size);
    init(made);
    if (__atomic_compare_exchange_n(slot, &none, made, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    free(made);
    return none;
}

static void init_recursive(gpointer mutex)
{
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(mutex, &recursive);
    pthread_mutexattr_destroy(&recursive);
}

static pthread_mutex_t *recursive(GRecMutex *mutex)
{
    return made_once(&mutex->p, sizeof(pthread_mutex_t), init_recursive);
}

void(g_rec_mutex_init)(GRecMutex *mutex)
{
    mutex->p = NULL;
}

void(g_rec_mutex_clear)(GRecMutex *mutex)
{
    pthread_mutex_destroy(recursive(mutex));
    free(mutex->p);
}

void(g_rec_mutex_lock)(GRecMutex *mutex)
{
    pthread_mutex_lock(recursive(mutex));
}

gboolean(g_rec_mutex_trylock)(GRecMutex *mutex)
{
    return pthread_mutex_trylock(recursive(mutex)) == 0;
}

void(g_rec_mutex_unlock)(GRecMutex *mutex)
{
    pthread_mutex_unlock(recursive(mutex));
}

static void init_rwlock(gpointer lock)
{
    pthread_rwlock_init(lock, NULL);
}

static pthread_rwlock_t *rwlock(GRWLock *lock)
{
    return made_once(&lock->p, sizeof(pthread_rwlock_t), init_rwlock);
}

void(g_rw_lock_init)(GRWLock *lock)
{
    lock->p = NULL;
}

void(g_rw_lock_clear)(GRWLock *lock)
{
    pthread_rwlock_destroy(rwlock(lock));
    free(lock->p);
}

void(g_rw_lock_reader_lock)(GRWLock *lock)
{
    pthread_rwlock_rdlock(rwlock(lock));
}

void(g_rw_lock_reader_unlock)(GRWLock *lock)
{
    pthread_rwlock_unlock(rwlock(lock));
}

void(g_rw_lock_writer_lock)(GRWLock *lock)
{
    pthread_rwlock_wrlock(rwlock(lock));
}

void(g_rw_lock_writer_unlock)(GRWLock *lock)
{
    pthread_rwlock_unlock(rwlock(lock));
}

/* ---- Once. The fast way of both macros is an atomic load in the caller's own code, which takes up what is released
 * here. */

gboolean(g_once_init_enter)(volatile void *location)
{
    gboolean first = REAL(g_once_init_enter)(location);
    if (!first)
        __tsan_acquire((void *)location);
    return first;
}

void(g_once_init_leave)(volatile void *location, gsize result)
{
    __tsan_release((void *)location);
    REAL(g_once_init_leave)(location, result);
}

typedef struct {
    GOnce *once;
    GThreadFunc func;
    gpointer arg;
} Once;

static gpointer once_body(gpointer data)
{
    Once *o = data;
    gpointer value = o->func(o->arg);
    __tsan_release((void *)&o->once->status); /* before GLib sets it, or a fast one would come too early */
    return value;
}

gpointer(g_once_impl)(GOnce *once, GThreadFunc func, gpointer arg)
{
    Once o = {once, func, arg};
    gpointer value = REAL(g_once_impl)(once, once_body, &o);
    __tsan_acquire((void *)&once->status);
    return value;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded calls: see virt.h. A call that hangs keeps its worker, its place in the lane and its VM from others, and
 * nothing else.
 */
#include "base/scope.h"
#include "virt/virt.h"

#include <string.h>

#define WORKERS (FCT_PER_LANE * FCT_N_LANES)
enum { BUSY = 1, STUCK = 2 };

/* Calls in these lanes wait for a QEMU, a guest or a file server. */
static const gboolean may_hang[FCT_N_LANES] = {[FCT_LANE_POWER] = TRUE,
                                               [FCT_LANE_KILL] = TRUE,
                                               [FCT_LANE_STORAGE] = TRUE,
                                               [FCT_LANE_XML] = TRUE,
                                               [FCT_LANE_AGENT] = TRUE};

typedef struct {
    gint refs;
    FctVirt *virt;
    virConnectPtr conn; /* NULL: to be opened */
    FctVirtLane lane;
    int place;       /* in the lane */
    guint connected; /* the count of connections when the place was taken */
    char *id;        /* NULL: serialises nothing */
    FctVirtFn fn;
    gpointer data;
    GDestroyNotify clear;
    /* guarded by virt->lock */
    gboolean done, ok;
    GError *error;
} Call;

static void call_unref(Call *call)
{
    if (!g_atomic_int_dec_and_test(&call->refs))
        return;
    if (call->conn)
        virConnectClose(call->conn);
    g_atomic_rc_box_release_full(call->data, call->clear);
    g_clear_error(&call->error);
    g_free(call->id);
    fct_virt_unref(call->virt);
    g_free(call);
}

/* Nobody waits for the result any more, so the watcher reads the VM. The lock is held. */
static void note_late(FctVirt *virt, const char *id)
{
    if (g_str_has_prefix(id, FCT_VIRT_POOL))
        g_hash_table_add(virt->pools, g_strdup(id + strlen(FCT_VIRT_POOL)));
    else if (g_str_has_prefix(id, FCT_VIRT_XML))
        g_hash_table_add(virt->changed, g_strdup(id + strlen(FCT_VIRT_XML)));
    else if (!g_str_has_prefix(id, FCT_VIRT_AGENT) && !g_str_has_prefix(id, FCT_VIRT_SERIAL)) /* changes nothing */
        g_hash_table_add(virt->changed, g_strdup(id));
}

/* Opens the connection of a place that has none yet. It is kept for later calls, unless libvirt went away meanwhile. */
static gboolean open_place(Call *call, GError **error)
{
    FctVirt *virt = call->virt;
    virConnectPtr conn = fct_virt_open(virt, error);
    if (!conn)
        return FALSE;
    virConnectRef(conn); /* the call's own */
    call->conn = conn;
    g_mutex_lock(&virt->lock);
    gboolean stays = virt->up && virt->connected == call->connected && !virt->conns[call->lane][call->place];
    if (stays)
        virt->conns[call->lane][call->place] = conn;
    g_mutex_unlock(&virt->lock);
    if (!stays)
        fct_virt_close(conn);
    return TRUE;
}

static void call_work(gpointer data, gpointer unused)
{
    Call *call = data;
    FctVirt *virt = call->virt;
    GError *error = NULL;
    gboolean ok = (call->conn || open_place(call, &error)) && call->fn(call->conn, call->data, &error);
    g_mutex_lock(&virt->lock);
    virt->taken[call->lane][call->place] = FALSE;
    call->ok = ok;
    call->error = error;
    call->done = TRUE;
    virt->in_flight[call->lane]--;
    if (call->id) {
        if (GPOINTER_TO_INT(g_hash_table_lookup(virt->busy, call->id)) == STUCK)
            note_late(virt, call->id);
        g_hash_table_remove(virt->busy, call->id);
    }
    g_cond_broadcast(&virt->cond);
    g_mutex_unlock(&virt->lock);
    call_unref(call);
}

static gboolean refuse_stuck(const char *id, GError **error)
{
    if (g_str_has_prefix(id, FCT_VIRT_POOL))
        return fct_set_error_full(error, FCT_ERROR_TIMEOUT,
                                  "Look at its server or disks; it goes on by itself when they do.", NULL,
                                  "Storage pool %s has not answered an earlier request.", id + strlen(FCT_VIRT_POOL));
    if (g_str_has_prefix(id, FCT_VIRT_AGENT))
        return fct_set_error_full(error, FCT_ERROR_TIMEOUT, "Start the agent in the guest again.", NULL,
                                  "The guest agent has not answered an earlier request.");
    return fct_set_error_full(error, FCT_ERROR_TIMEOUT, "Force the VM off if it does not come back by itself.", NULL,
                              "The VM (%s) has not answered an earlier request.", id);
}

/* Waits until the VM is free and the lane has a place; the lock is held. */
static gboolean call_admit(FctVirt *virt, FctVirtLane lane, const char *id, gint64 until, GError **error)
{
    while (TRUE) {
        int state = id ? GPOINTER_TO_INT(g_hash_table_lookup(virt->busy, id)) : 0;
        if (!virt->up || virt->quit)
            return fct_set_error(error, FCT_ERROR_LIBVIRT_DOWN, "libvirt does not answer at %s.", virt->uri);
        if (state == STUCK)
            return refuse_stuck(id, error);
        if (!state && virt->in_flight[lane] < FCT_PER_LANE)
            return TRUE;
        if (!g_cond_wait_until(&virt->cond, &virt->lock, until))
            return fct_set_error(error, FCT_ERROR_TIMEOUT,
                                 state ? "It is busy with another request." : "libvirt is busy with other requests.");
    }
}

/* Waits for the end or the deadline; the lock is held. */
static gboolean call_await(FctVirt *virt, Call *call, gint64 until, int deadline_ms, GError **error)
{
    while (!call->done)
        if (!g_cond_wait_until(&virt->cond, &virt->lock, until))
            break;
    if (call->done) {
        fct_error_pass(error, &call->error);
        return call->ok;
    }
    if (call->id)
        g_hash_table_replace(virt->busy, g_strdup(call->id), GINT_TO_POINTER(STUCK));
    return fct_set_error(error, FCT_ERROR_TIMEOUT, "libvirt has not answered within %d s.", deadline_ms / 1000);
}

/* A free place of the lane, which has one; the lock is held. */
static int take_place(FctVirt *virt, FctVirtLane lane)
{
    int place = 0;
    while (virt->taken[lane][place])
        place++;
    virt->taken[lane][place] = may_hang[lane];
    return place;
}

gboolean fct_virt_call(FctVirt *virt, FctVirtLane lane, const char *id, int deadline_ms, FctVirtFn fn, gpointer data,
                       GDestroyNotify clear, GError **error)
{
    gint64 until = g_get_monotonic_time() + deadline_ms * G_TIME_SPAN_MILLISECOND;
    g_mutex_lock(&virt->lock);
    if (!call_admit(virt, lane, id, until, error)) {
        g_mutex_unlock(&virt->lock);
        return FALSE;
    }
    Call *call = g_new0(Call, 1);
    call->refs = 2;
    call->virt = fct_virt_ref(virt);
    call->lane = lane;
    call->place = take_place(virt, lane);
    call->connected = virt->connected;
    call->conn = virt->conns[lane][call->place];
    if (call->conn)
        virConnectRef(call->conn);
    call->id = g_strdup(id);
    call->fn = fn;
    call->data = g_atomic_rc_box_acquire(data);
    call->clear = clear;
    virt->in_flight[lane]++;
    if (id)
        g_hash_table_replace(virt->busy, g_strdup(id), GINT_TO_POINTER(BUSY));
    g_thread_pool_push(virt->pool, call, NULL);
    gboolean ok = call_await(virt, call, until, deadline_ms, error);
    g_mutex_unlock(&virt->lock);
    call_unref(call);
    return ok;
}

gboolean fct_virt_claim(FctVirt *virt, const char *id, int ms, GError **error)
{
    fct_autolock(&virt->lock);
    gboolean ok = call_admit(virt, FCT_LANE_AGENT, id, g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND, error);
    if (ok)
        g_hash_table_replace(virt->busy, g_strdup(id), GINT_TO_POINTER(BUSY));
    return ok;
}

void fct_virt_release(FctVirt *virt, const char *id)
{
    fct_autolock(&virt->lock);
    g_hash_table_remove(virt->busy, id);
    g_cond_broadcast(&virt->cond);
}

gboolean fct_virt_answers(FctVirt *virt, const char *id, GError **error)
{
    g_mutex_lock(&virt->lock);
    gboolean stuck = GPOINTER_TO_INT(g_hash_table_lookup(virt->busy, id)) == STUCK;
    g_mutex_unlock(&virt->lock);
    return stuck ? refuse_stuck(id, error) : TRUE;
}

GThreadPool *fct_virt_workers(void)
{
    return g_thread_pool_new(call_work, NULL, WORKERS, FALSE, NULL);
}

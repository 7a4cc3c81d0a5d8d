/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that hang, on libvirt's test driver: none of them holds a connection that another call needs. */
#include "virt/virt.h"

typedef struct {
    virConnectPtr conn;
    gboolean began, go;
} Held;

static GMutex lock;
static GCond cond;
static guint ups;

static void on_connection(gboolean up, gpointer data)
{
    g_mutex_lock(&lock);
    ups += up;
    g_cond_broadcast(&cond);
    g_mutex_unlock(&lock);
}

static gboolean hold(virConnectPtr conn, gpointer data, GError **error)
{
    Held *held = data;
    g_mutex_lock(&lock);
    held->conn = conn;
    held->began = TRUE;
    g_cond_broadcast(&cond);
    while (!held->go)
        g_cond_wait(&cond, &lock);
    g_mutex_unlock(&lock);
    return virConnectIsAlive(conn) == 1;
}

static void keep(gpointer data)
{
}

typedef struct {
    FctVirt *virt;
    FctVirtLane lane;
    Held *held; /* an atomic rc box */
    GThread *thread;
} Caller;

static gpointer call(gpointer data)
{
    const Caller *caller = data;
    return GINT_TO_POINTER(fct_virt_call(caller->virt, caller->lane, NULL, 60000, hold, caller->held, keep, NULL));
}

/* Returns when the call is at work. */
static void begin(Caller *caller, FctVirt *virt, FctVirtLane lane)
{
    *caller = (Caller){virt, lane, g_atomic_rc_box_new0(Held), NULL};
    caller->thread = g_thread_new("caller", call, caller);
    g_mutex_lock(&lock);
    while (!caller->held->began)
        g_cond_wait(&cond, &lock);
    g_mutex_unlock(&lock);
}

/* Lets it go on; gives its connection back, which is only good for comparing. */
static virConnectPtr end(Caller *caller)
{
    g_mutex_lock(&lock);
    caller->held->go = TRUE;
    g_cond_broadcast(&cond);
    g_mutex_unlock(&lock);
    g_assert_true(GPOINTER_TO_INT(g_thread_join(caller->thread)));
    virConnectPtr conn = caller->held->conn;
    g_atomic_rc_box_release(caller->held);
    return conn;
}

static FctVmm *connected(void)
{
    const FctVmmOptions options = {"test:///default", "tcg", "It was not tried.", "standin"};
    FctVmm *vmm = fct_vmm_libvirt_new(&options, NULL);
    g_mutex_lock(&lock);
    ups = 0;
    g_mutex_unlock(&lock);
    vmm->ops->watch(vmm, NULL, on_connection, NULL);
    g_mutex_lock(&lock);
    while (!ups)
        g_cond_wait(&cond, &lock);
    g_mutex_unlock(&lock);
    return vmm;
}

static void test_each_has_its_own(void)
{
    static const FctVirtLane lanes[] = {FCT_LANE_POWER, FCT_LANE_KILL, FCT_LANE_STORAGE, FCT_LANE_AGENT};
    FctVmm *vmm = connected();
    for (gsize l = 0; l < G_N_ELEMENTS(lanes); l++) {
        Caller callers[FCT_PER_LANE], later;
        for (int i = 0; i < FCT_PER_LANE; i++) {
            begin(&callers[i], (FctVirt *)vmm, lanes[l]);
            for (int k = 0; k < i; k++)
                g_assert_true(callers[i].held->conn != callers[k].held->conn);
        }
        /* What was opened is used again, and no call waits on a connection that is taken. */
        virConnectPtr second = end(&callers[1]);
        begin(&later, (FctVirt *)vmm, lanes[l]);
        g_assert_true(later.held->conn == second);
        end(&later);
        for (int i = 0; i < FCT_PER_LANE; i++)
            if (i != 1)
                end(&callers[i]);
    }
    fct_vmm_free(vmm);
}

/* An owner that ends while a call is under way: the call's connection lives as long as the call. */
static void test_outlives_its_owner(void)
{
    FctVmm *vmm = connected();
    Caller first, second;
    begin(&first, (FctVirt *)vmm, FCT_LANE_POWER);
    begin(&second, (FctVirt *)vmm, FCT_LANE_POWER);
    FctVirt *virt = fct_virt_ref((FctVirt *)vmm);
    fct_vmm_free(vmm);
    end(&second);
    end(&first);
    fct_virt_unref(virt);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/call/each-has-its-own", test_each_has_its_own);
    g_test_add_func("/call/outlives-its-owner", test_outlives_its_owner);
    return g_test_run();
}

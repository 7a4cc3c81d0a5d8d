/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots of a running VM, and starting one with saved memory. libvirt keeps no record of them (NO_METADATA), since
 * 9.0 could neither revert to nor delete such snapshots; Facet keeps it (ADR 5).
 */
#include "virt/virt.h"

#include <string.h>

#define SWITCH_MS 60000
#define FREEZE_S 60 /* the guest first writes everything that it has in memory */
#define FREEZE_MS (FREEZE_S * 1000 + SWITCH_MS)
#define AGENT_TURN_MS 30000
#define SAVE_MS_PER_GIB 30000
#define RESTORE_MS 60000
#define LONG_MS_MAX (60 * 60 * 1000)
#define POLL_MS 10000
#define POLL_US (300 * 1000)

typedef struct {
    char *id;
    GPtrArray *overlays; /* FctChainFile* */
    char *memory;        /* NULL: disks alone */
    gboolean freeze, paused;
    json_t *paths;                  /* disk_paths */
    unsigned long long done, total; /* bytes of memory saved */
} Order;

static void order_clear(gpointer data)
{
    Order *order = data;
    g_free(order->id);
    g_free(order->memory);
    if (order->overlays)
        g_ptr_array_unref(order->overlays);
    json_decref(order->paths);
}

static void order_release(Order *order)
{
    g_atomic_rc_box_release_full(order, order_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Order, order_release)

static Order *order_new(const char *id, const GPtrArray *overlays, const char *memory)
{
    Order *order = g_atomic_rc_box_new0(Order);
    order->id = g_strdup(id);
    order->memory = g_strdup(memory);
    order->overlays = g_ptr_array_new_with_free_func((GDestroyNotify)fct_chain_file_free);
    for (guint i = 0; overlays && i < overlays->len; i++)
        g_ptr_array_add(order->overlays, fct_chain_file_copy(g_ptr_array_index(overlays, i)));
    return order;
}

static GPtrArray *drives_of(virDomainPtr domain, GError **error)
{
    char *xml = virDomainGetXMLDesc(domain, 0);
    if (!xml)
        fct_virt_set_error(error, "The VM could not be read");
    GPtrArray *drives = xml ? fct_domain_drives(xml, error) : NULL;
    free(xml);
    return drives;
}

/* ---- taking one ---- */

static gboolean do_snapshot(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    unsigned int flags = VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC | VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA |
                         VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT;
    virDomainPtr domain = fct_virt_find_ours(conn, order->id, error);
    g_autoptr(GPtrArray) drives = domain ? drives_of(domain, error) : NULL;
    virDomainSnapshotPtr snapshot = NULL;
    if (drives) {
        g_autofree char *xml = fct_snapshot_xml(drives, order->overlays, order->memory);
        flags |= order->memory ? 0 : VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY;
        flags |= order->freeze ? VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE : 0;
        if (order->freeze)
            virDomainAgentSetResponseTimeout(domain, FREEZE_S, 0);
        snapshot = virDomainSnapshotCreateXML(domain, xml, flags);
        if (!snapshot)
            fct_virt_set_error(error, "The snapshot could not be taken");
    }
    if (snapshot)
        virDomainSnapshotFree(snapshot);
    if (domain)
        virDomainFree(domain);
    return snapshot != NULL;
}

typedef struct {
    FctVirt *virt;
    Order *order;
    int deadline_ms;
    gint ended;
    gboolean ok;
    GError *error;
} Save;

static gpointer save_thread(gpointer data)
{
    Save *save = data;
    save->ok = fct_virt_call(save->virt, FCT_LANE_POWER, save->order->id, save->deadline_ms, do_snapshot, save->order,
                             order_clear, &save->error);
    g_atomic_int_set(&save->ended, 1);
    return NULL;
}

static gboolean save_do_poll(virConnectPtr conn, gpointer data, GError **error)
{
    Order *order = data;
    virDomainJobInfo info;
    virDomainPtr domain = fct_virt_find_ours(conn, order->id, error);
    if (domain && virDomainGetJobInfo(domain, &info) == 0 && info.type == VIR_DOMAIN_JOB_UNBOUNDED) {
        order->done = info.memProcessed;
        order->total = info.memTotal;
    }
    if (domain)
        virDomainFree(domain);
    return domain != NULL;
}

static gboolean save_do_abort(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virDomainPtr domain = fct_virt_find_ours(conn, order->id, error);
    gboolean ok = domain && virDomainAbortJob(domain) == 0;
    if (domain)
        virDomainFree(domain);
    return ok;
}

/* Saves memory while progress is reported; the calls for progress are not serialized with the one that saves. */
static gboolean save_memory(FctVirt *virt, Order *order, int deadline_ms, FctVmmProgress progress, gpointer data,
                            GError **error)
{
    Save save = {.virt = virt, .order = order, .deadline_ms = deadline_ms};
    GThread *thread = g_thread_new("save-memory", save_thread, &save);
    gboolean cancelled = FALSE;
    while (!g_atomic_int_get(&save.ended)) {
        g_usleep(POLL_US);
        g_autoptr(Order) poll = order_new(order->id, NULL, NULL);
        if (fct_virt_call(virt, FCT_LANE_POWER, NULL, POLL_MS, save_do_poll, poll, order_clear, NULL) && poll->total &&
            !cancelled && !progress((gint64)poll->done, (gint64)poll->total, data))
            cancelled = fct_virt_call(virt, FCT_LANE_POWER, NULL, POLL_MS, save_do_abort, poll, order_clear, NULL);
    }
    g_thread_join(thread);
    if (!save.ok && cancelled) {
        fct_set_error(error, FCT_ERROR_CANCELLED, "Saving the memory was cancelled.");
        g_clear_error(&save.error);
    } else if (save.error) {
        g_propagate_error(error, save.error);
    }
    return save.ok;
}

static int long_ms(int base_ms, gint64 memory_mib)
{
    return (int)MIN(base_ms + memory_mib * SAVE_MS_PER_GIB / 1024, LONG_MS_MAX);
}

/* Claims the agent: guest.c sets a shorter time for its answers, which libvirt keeps for the VM. */
static gboolean freeze_and_switch(FctVirt *virt, Order *order, GError **error)
{
    g_autofree char *agent = g_strconcat(FCT_VIRT_AGENT, order->id, NULL);
    if (!fct_virt_claim(virt, agent, AGENT_TURN_MS, error))
        return FALSE;
    gboolean ok = fct_virt_call(virt, FCT_LANE_POWER, order->id, FREEZE_MS, do_snapshot, order, order_clear, error);
    fct_virt_release(virt, agent);
    return ok;
}

gboolean fct_virt_snapshot(FctVmm *vmm, const char *id, const GPtrArray *overlays, const char *memory,
                           gint64 memory_mib, gboolean freeze, FctVmmProgress progress, gpointer data, GError **error)
{
    FctVirt *virt = (FctVirt *)vmm;
    g_autoptr(Order) order = order_new(id, overlays, memory);
    order->freeze = freeze && !memory;
    if (memory)
        return save_memory(virt, order, long_ms(SWITCH_MS, memory_mib), progress, data, error);
    if (order->freeze)
        return freeze_and_switch(virt, order, error);
    return fct_virt_call(virt, FCT_LANE_POWER, id, SWITCH_MS, do_snapshot, order, order_clear, error);
}

/* ---- going back to one ---- */

static gboolean domain_is_ours(virDomainPtr domain, const char *saved, const char *next, GError **error)
{
    char *ours = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
    gboolean ok = ours && fct_saved_is_ours(saved, ours, next, error);
    if (!ours)
        fct_virt_set_error(error, "The VM could not be read");
    free(ours);
    return ok;
}

static gboolean snapshot_restore(virConnectPtr conn, virDomainPtr domain, const Order *order, GError **error)
{
    char *saved = virDomainSaveImageGetXMLDesc(conn, order->memory, VIR_DOMAIN_SAVE_IMAGE_XML_SECURE);
    if (!saved) {
        fct_virt_set_error(error, "The saved memory could not be read");
        return FALSE;
    }
    g_autofree char *xml = fct_domain_with_overlays(saved, order->overlays, error);
    free(saved);
    /* The present definition was made for this start: with the settings of the snapshot, and the overlays. */
    if (!xml || !domain_is_ours(domain, xml, "Go back to the snapshot without a start: its disks are there.", error))
        return FALSE;
    if (virDomainRestoreFlags(conn, order->memory, xml,
                              order->paused ? VIR_DOMAIN_SAVE_PAUSED : VIR_DOMAIN_SAVE_RUNNING) == 0)
        return TRUE;
    fct_virt_set_error(error, "The VM could not be started with its saved memory");
    return FALSE;
}

static gboolean do_restore(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virDomainPtr domain = fct_virt_find_ours(conn, order->id, error);
    if (!domain)
        return FALSE;
    gboolean ok = snapshot_restore(conn, domain, order, error);
    virDomainFree(domain);
    return ok;
}

gboolean fct_virt_restore(FctVmm *vmm, const char *id, const GPtrArray *overlays, const char *memory, gint64 memory_mib,
                          gboolean paused, GError **error)
{
    g_autoptr(Order) order = order_new(id, overlays, memory);
    order->paused = paused;
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, id, long_ms(RESTORE_MS, memory_mib), do_restore, order,
                         order_clear, error);
}

/* ---- memory that virsh saved ---- */

#define DROP_SAVED "Drop what was saved: to the guest that is a power cut."

/* Parts of a run may belong to another VM once it is off: nobody may start it with them again. */
static gboolean may_continue(virDomainPtr domain, GError **error)
{
    char *saved = virDomainManagedSaveGetXMLDesc(domain, VIR_DOMAIN_SAVE_IMAGE_XML_SECURE);
    if (!saved) {
        fct_virt_set_error(error, "The saved memory could not be read");
        return FALSE;
    }
    g_autoptr(FctVmInfo) info = fct_domain_info(saved, error);
    gboolean has_parts = info && json_array_size(info->parts);
    if (has_parts)
        fct_set_error_full(error, FCT_ERROR_REFUSED, DROP_SAVED, NULL,
                           "VM %s was saved with parts of cards, which it does not hold any more.", info->name);
    gboolean ok = info && !has_parts && domain_is_ours(domain, saved, DROP_SAVED, error);
    free(saved);
    return ok;
}

static gboolean do_continue(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virDomainPtr domain = fct_virt_find_ours(conn, order->id, error);
    gboolean ok = domain && may_continue(domain, error);
    if (ok && virDomainCreate(domain) < 0) {
        ok = FALSE;
        fct_virt_set_error(error, "The VM could not go on with its saved memory");
    }
    if (domain)
        virDomainFree(domain);
    return ok;
}

static gboolean do_drop(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virDomainPtr domain = fct_virt_find_ours(conn, order->id, error);
    if (!domain)
        return FALSE;
    gboolean ok = virDomainHasManagedSaveImage(domain, 0) == 0 || virDomainManagedSaveRemove(domain, 0) >= 0;
    if (!ok)
        fct_virt_set_error(error, "The saved memory could not be dropped");
    virDomainFree(domain);
    return ok;
}

gboolean fct_virt_saved_continue(FctVmm *vmm, const char *id, gint64 memory_mib, GError **error)
{
    g_autoptr(Order) order = order_new(id, NULL, NULL);
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, id, long_ms(RESTORE_MS, memory_mib), do_continue, order,
                         order_clear, error);
}

gboolean fct_virt_saved_drop(FctVmm *vmm, const char *id, GError **error)
{
    g_autoptr(Order) order = order_new(id, NULL, NULL);
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, id, POLL_MS, do_drop, order, order_clear, error);
}

/* ---- what it writes to ---- */

/* While a snapshot waits for the guest's agent only the job shows it, and not the monitor. */
static gboolean is_at_work(virDomainPtr domain)
{
    virDomainControlInfo control;
    virDomainJobInfo job;
    return (virDomainGetControlInfo(domain, &control, 0) == 0 && control.state == VIR_DOMAIN_CONTROL_JOB) ||
           (virDomainGetJobInfo(domain, &job) == 0 &&
            (job.type == VIR_DOMAIN_JOB_BOUNDED || job.type == VIR_DOMAIN_JOB_UNBOUNDED));
}

/* A snapshot that facetd began before it was killed may still be under way in libvirtd. */
static void await_quiet(virDomainPtr domain)
{
    while (virDomainIsActive(domain) == 1 && is_at_work(domain))
        g_usleep(POLL_US);
}

static gboolean do_paths(virConnectPtr conn, gpointer data, GError **error)
{
    Order *order = data;
    virDomainPtr domain = fct_virt_find_ours(conn, order->id, error);
    if (domain)
        await_quiet(domain);
    g_autoptr(GPtrArray) drives = domain ? drives_of(domain, error) : NULL;
    if (domain)
        virDomainFree(domain);
    if (!drives)
        return FALSE;
    order->paths = json_object();
    for (guint i = 0; i < drives->len; i++) {
        const FctDrive *drive = g_ptr_array_index(drives, i);
        if (drive->paths->len)
            json_object_set_new(order->paths, drive->target, json_string(drive->paths->pdata[0]));
    }
    return TRUE;
}

json_t *fct_virt_disk_paths(FctVmm *vmm, const char *id, GError **error)
{
    FctVirt *virt = (FctVirt *)vmm;
    g_autoptr(Order) order = order_new(id, NULL, NULL);
    if (!fct_virt_answers(virt, id, error) || /* a call for which nobody waits any more may still switch them */
        !fct_virt_call(virt, FCT_LANE_POWER, id, LONG_MS_MAX, do_paths, order, order_clear, error))
        return NULL;
    return g_steal_pointer(&order->paths);
}

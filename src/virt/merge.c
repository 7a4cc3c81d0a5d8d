/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merges files of a chain by a block job of QEMU: of the VM's own, or, when that does not run or does not read these
 * files, of a QEMU that is started for it, never runs a guest, and ends with our connection. Whether a merge happened
 * is read from libvirt's description of the domain.
 */
#include "base/text.h"
#include "virt/virt.h"

#include <string.h>

#define CALL_MS 20000
#define FINISH_MS 60000
#define HELPER_MS 60000
#define POLL_US (200 * 1000)
#define GONE_TRIES 100

typedef struct {
    char *id; /* of the domain that does it */
    char *vm;
    char *target; /* in that domain */
    char *base, *top;
    gboolean active; /* the top is the file to which the VM writes */
    gboolean kvm;
    FctChainFile *leaf; /* files that the helper opens */
    /* what was seen */
    gboolean merged, job, ready;
    gboolean foreign; /* the job is another program's */
    unsigned long long done, total;
} Merge;

static void merge_clear(gpointer data)
{
    Merge *merge = data;
    g_free(merge->id);
    g_free(merge->vm);
    g_free(merge->target);
    g_free(merge->base);
    g_free(merge->top);
    fct_chain_file_free(merge->leaf);
}

static void merge_release(Merge *merge)
{
    g_atomic_rc_box_release_full(merge, merge_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Merge, merge_release)

/* The domain that merges: the VM, or our helper. */
static virDomainPtr find(virConnectPtr conn, const Merge *merge, GError **error)
{
    if (strcmp(merge->id, merge->vm) == 0)
        return fct_virt_find_ours(conn, merge->id, error);
    virDomainPtr domain = virDomainLookupByUUIDString(conn, merge->id);
    if (!domain)
        fct_virt_set_error(error, "The QEMU that merges has ended");
    return domain;
}

/*
 * A job does not say who began it: ours is recognized by what it does. A job that has just ended is not in the
 * description any more.
 */
static gboolean is_merge(const Merge *merge, const virDomainBlockJobInfo *info, const FctDrive *drive)
{
    if (!merge->active)
        return info->type == VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT;
    return info->type == VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT && drive &&
           (!*drive->mirror || strcmp(drive->mirror, merge->base) == 0);
}

/* The description is read after the job, so a merge that ends between the two calls is in it. */
static gboolean merge_poll(virDomainPtr domain, Merge *merge, GError **error)
{
    virDomainBlockJobInfo info;
    int rc = virDomainIsActive(domain) == 1 ? virDomainGetBlockJobInfo(domain, merge->target, &info, 0) : 0;
    if (rc < 0) {
        fct_virt_set_error(error, "QEMU does not tell how far the merge is");
        return FALSE;
    }
    char *xml = virDomainGetXMLDesc(domain, 0);
    g_autoptr(GPtrArray) drives = xml ? fct_domain_drives(xml, error) : NULL;
    if (!xml)
        fct_virt_set_error(error, "The VM could not be read");
    free(xml);
    if (!drives)
        return FALSE;
    const FctDrive *drive = fct_drive_find(drives, merge->target);
    merge->merged = drive && !fct_drive_reads(drive, merge->top) && fct_drive_reads(drive, merge->base);
    merge->ready = drive && drive->mirror_ready;
    merge->job = rc > 0;
    merge->foreign = rc > 0 && !is_merge(merge, &info, drive);
    if (rc > 0) {
        merge->done = info.cur;
        merge->total = info.end;
    }
    return TRUE;
}

static gboolean merge_do_poll(virConnectPtr conn, gpointer data, GError **error)
{
    virDomainPtr domain = find(conn, data, error);
    gboolean ok = domain && merge_poll(domain, data, error);
    if (domain)
        virDomainFree(domain);
    return ok;
}

static gboolean merge_do_begin(virConnectPtr conn, gpointer data, GError **error)
{
    const Merge *merge = data;
    virDomainPtr domain = find(conn, merge, error);
    if (!domain)
        return FALSE;
    gboolean ok = virDomainBlockCommit(domain, merge->target, merge->base, merge->top, 0,
                                       merge->active ? VIR_DOMAIN_BLOCK_COMMIT_ACTIVE : 0) == 0;
    if (!ok)
        fct_virt_set_error(error, "The merge could not begin");
    virDomainFree(domain);
    return ok;
}

static gboolean end_job(virConnectPtr conn, const Merge *merge, unsigned int flags, GError **error)
{
    virDomainPtr domain = find(conn, merge, error);
    if (!domain)
        return FALSE;
    gboolean ok = virDomainBlockJobAbort(domain, merge->target, flags) == 0;
    if (!ok)
        fct_virt_set_error(error, "The merge could not be ended");
    virDomainFree(domain);
    return ok;
}

static gboolean do_pivot(virConnectPtr conn, gpointer data, GError **error)
{
    return end_job(conn, data, VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT, error);
}

static gboolean merge_do_abort(virConnectPtr conn, gpointer data, GError **error)
{
    return end_job(conn, data, 0, error);
}

static gboolean merge_call(FctVirt *virt, Merge *merge, int ms, FctVirtFn fn, GError **error)
{
    return fct_virt_call(virt, FCT_LANE_POWER, merge->id, ms, fn, merge, merge_clear, error);
}

static gboolean merge_cancel(FctVirt *virt, Merge *merge, GError **error)
{
    g_autoptr(GError) fault = NULL;
    if (!merge_call(virt, merge, FINISH_MS, merge_do_abort, &fault))
        g_info("%s", fault->message); /* it ended by itself just then, or goes when its QEMU goes */
    for (int i = 0; i < GONE_TRIES && merge_call(virt, merge, CALL_MS, merge_do_poll, NULL) && merge->job; i++)
        g_usleep(POLL_US);
    return fct_set_error(error, FCT_ERROR_CANCELLED, "The merge was cancelled.");
}

static gboolean merge_refuse_foreign(const Merge *merge, GError **error)
{
    return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Wait until it has ended, or end it (virsh blockjob).", NULL,
                              "Another program copies or merges disk %s of the VM.", merge->target);
}

/* Waits until the job has ended; then libvirt's description tells whether it did what it should. */
static gboolean merge_follow(FctVirt *virt, Merge *merge, FctVmmProgress progress, gpointer data, GError **error)
{
    while (TRUE) {
        if (!merge_call(virt, merge, CALL_MS, merge_do_poll, error))
            return FALSE;
        if (!merge->job)
            return TRUE;
        if (merge->foreign)
            return merge_refuse_foreign(merge, error);
        if (!progress((gint64)merge->done, (gint64)merge->total, data))
            return merge_cancel(virt, merge, error);
        if (merge->active && merge->ready && !merge_call(virt, merge, FINISH_MS, do_pivot, error))
            return FALSE;
        if (!merge->ready)
            g_usleep(POLL_US);
    }
}

static gboolean merge_run(FctVirt *virt, Merge *merge, FctVmmProgress progress, gpointer data, GError **error)
{
    if (!merge_call(virt, merge, CALL_MS, merge_do_poll, error))
        return FALSE;
    if (merge->merged)
        return TRUE;
    if (merge->foreign)
        return merge_refuse_foreign(merge, error);
    if (!merge->job && !merge_call(virt, merge, FINISH_MS, merge_do_begin, error)) /* ours may be under way already */
        return FALSE;
    if (!merge_follow(virt, merge, progress, data, error))
        return FALSE;
    if (!merge->merged)
        fct_set_error_full(error, FCT_ERROR_LIBVIRT, "Look at QEMU's log of the VM, then delete the snapshot again.",
                           NULL, "QEMU broke the merge of disk %s off. Nothing is lost.", merge->target);
    return merge->merged;
}

/* ---- the helper ---- */

/* Ours when its description says so: another program's domain of that name is left alone. */
static gboolean is_helper(virDomainPtr domain)
{
    char *xml = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, FCT_VIRT_NS, 0);
    gboolean is = xml && strstr(xml, "merge");
    free(xml);
    return is;
}

static gboolean do_end_helper(virConnectPtr conn, gpointer data, GError **error)
{
    const Merge *merge = data;
    g_autofree char *name = fct_merge_name(merge->vm);
    virDomainPtr domain = virDomainLookupByName(conn, name);
    if (!domain)
        return TRUE;
    gboolean ok = !is_helper(domain) || virDomainDestroy(domain) == 0 || virDomainIsActive(domain) != 1;
    if (!ok)
        fct_virt_set_error(error, "The QEMU that merges could not be ended");
    virDomainFree(domain);
    return ok;
}

static gboolean do_start_helper(virConnectPtr conn, gpointer data, GError **error)
{
    const Merge *merge = data;
    if (!do_end_helper(conn, data, error))
        return FALSE;
    g_autofree char *xml = fct_merge_xml(merge->id, merge->vm, merge->kvm, FALSE, merge->leaf);
    virDomainPtr domain = virDomainCreateXML(conn, xml, VIR_DOMAIN_START_PAUSED | VIR_DOMAIN_START_AUTODESTROY);
    if (!domain) {
        fct_virt_set_error(error, "The QEMU that merges could not be started");
        return FALSE;
    }
    virDomainFree(domain);
    return TRUE;
}

static Merge *merge_new(const char *vm, const char *id)
{
    Merge *merge = g_atomic_rc_box_new0(Merge);
    merge->vm = g_strdup(vm);
    merge->id = g_strdup(id);
    return merge;
}

gboolean fct_virt_merge_end(FctVmm *vmm, const char *id, GError **error)
{
    g_autoptr(Merge) merge = merge_new(id, id);
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_KILL, NULL, HELPER_MS, do_end_helper, merge, merge_clear, error);
}

static gboolean run_helper(FctVirt *virt, Merge *merge, FctVmmProgress progress, gpointer data, GError **error)
{
    g_autoptr(json_t) facts = fct_virt_facts(&virt->base, error);
    if (!facts)
        return FALSE;
    merge->kvm = strcmp(fct_json_str(facts, "accel", ""), "kvm") == 0;
    fct_text_set(&merge->target, "vda");
    gboolean ok =
        merge_call(virt, merge, HELPER_MS, do_start_helper, error) && merge_run(virt, merge, progress, data, error);
    g_autoptr(GError) fault = NULL;
    if (fct_virt_merge_end(&virt->base, merge->vm, &fault))
        return ok;
    if (!ok)
        return FALSE;                     /* it ends with our connection */
    return fct_error_pass(error, &fault); /* while it has the files open nobody may delete one */
}

gboolean fct_virt_merge(FctVmm *vmm, const char *id, const FctChainStep *step, gboolean own, FctVmmProgress progress,
                        gpointer data, GError **error)
{
    FctVirt *virt = (FctVirt *)vmm;
    g_autofree char *helper = g_uuid_string_random();
    g_autoptr(Merge) merge = merge_new(id, own ? id : helper);
    merge->target = g_strdup(step->base->target);
    merge->base = g_strdup(step->base->path);
    merge->top = g_strdup(step->top->path);
    merge->active = step->above == NULL;
    merge->leaf = fct_chain_file_copy(step->above ? step->above : step->top);
    return own ? merge_run(virt, merge, progress, data, error) : run_helper(virt, merge, progress, data, error);
}

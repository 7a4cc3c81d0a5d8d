/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies into another format, or of disks that stand on other files. A QEMU that never runs a guest opens the source
 * for reading, in the formats that it is told, and copies what a guest would see into a volume of exactly that size. It
 * ends with our connection, and is recognized by the volume that it makes.
 */
#include "base/text.h"
#include "virt/virt.h"

#include <string.h>

#define CALL_MS 20000
#define BEGIN_MS 60000
#define HELPER_MS 60000
#define POLL_US (200 * 1000)
#define GONE_TRIES 100
#define TARGET "vda"

typedef struct {
    char *id;
    char *key; /* name of the helper */
    gboolean kvm;
    FctChainFile *source;
    char *disk;      /* XML of the target */
    FctVolume *made; /* the target; NULL: not made yet */
    /* what was seen */
    gint64 capacity;
    gboolean job, ready;
    unsigned long long done, total;
} Copy;

static void copy_clear(gpointer data)
{
    Copy *copy = data;
    g_free(copy->id);
    g_free(copy->key);
    g_free(copy->disk);
    fct_volume_free(copy->made);
    fct_chain_file_free(copy->source);
}

static void copy_release(Copy *copy)
{
    g_atomic_rc_box_release_full(copy, copy_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Copy, copy_release)

/* A volume's name may be longer than a domain's may be. */
static char *key_of(const char *pool, const char *name)
{
    g_autofree char *id = g_strconcat(pool, ":", name, NULL);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, id, -1);
    return g_strdup_printf("copy-%.16s", sum);
}

static Copy *copy_new(const FctVmmSource *from, const char *pool, const char *name)
{
    Copy *copy = g_atomic_rc_box_new0(Copy);
    copy->id = g_uuid_string_random();
    copy->key = key_of(pool, name);
    copy->source = fct_chain_file_new(TARGET, from->pool, from->name, from->path, from->format, "");
    copy->source->below = fct_layers_copy(from->below);
    return copy;
}

static gboolean convert_call(FctVmm *vmm, Copy *copy, int ms, FctVirtFn fn, GError **error)
{
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, copy->id, ms, fn, copy, copy_clear, error);
}

static virDomainPtr convert_find_domain(virConnectPtr conn, const Copy *copy, GError **error)
{
    virDomainPtr domain = virDomainLookupByUUIDString(conn, copy->id);
    if (!domain)
        fct_virt_set_error(error, "The QEMU that copies has ended");
    return domain;
}

/* ---- the helper ---- */

static gboolean convert_do_start(virConnectPtr conn, gpointer data, GError **error)
{
    Copy *copy = data;
    virDomainBlockInfo info;
    g_autofree char *xml = fct_merge_xml(copy->id, copy->key, copy->kvm, TRUE, copy->source);
    virDomainPtr domain = virDomainCreateXML(conn, xml, VIR_DOMAIN_START_PAUSED | VIR_DOMAIN_START_AUTODESTROY);
    if (!domain) {
        fct_virt_set_error(error, "The QEMU that copies could not be started");
        return FALSE;
    }
    gboolean ok = virDomainGetBlockInfo(domain, TARGET, &info, 0) == 0;
    if (ok)
        copy->capacity = (gint64)info.capacity;
    else
        fct_virt_set_error(error, "QEMU does not tell how large the disk is");
    virDomainFree(domain);
    return ok;
}

gboolean fct_virt_copy_end(FctVmm *vmm, const char *pool, const char *name, GError **error)
{
    g_autofree char *key = key_of(pool, name);
    return fct_virt_merge_end(vmm, key, error);
}

/* ---- its block job ---- */

static gboolean convert_do_begin(virConnectPtr conn, gpointer data, GError **error)
{
    const Copy *copy = data;
    virDomainPtr domain = convert_find_domain(conn, copy, error);
    if (!domain)
        return FALSE;
    gboolean ok = virDomainBlockCopy(domain, TARGET, copy->disk, NULL, 0, VIR_DOMAIN_BLOCK_COPY_REUSE_EXT) == 0;
    if (!ok)
        fct_virt_set_error(error, "The copy could not begin");
    virDomainFree(domain);
    return ok;
}

static gboolean convert_poll(virDomainPtr domain, Copy *copy, GError **error)
{
    virDomainBlockJobInfo info;
    char *xml = virDomainGetXMLDesc(domain, 0);
    g_autoptr(GPtrArray) drives = xml ? fct_domain_drives(xml, error) : NULL;
    int rc = xml ? virDomainGetBlockJobInfo(domain, TARGET, &info, 0) : -1;
    free(xml);
    if (rc < 0 || !drives) {
        fct_virt_set_error(error, "QEMU does not tell how far the copy is");
        return FALSE;
    }
    const FctDrive *drive = fct_drive_find(drives, TARGET);
    copy->job = rc > 0;
    copy->ready = drive && drive->mirror_ready;
    if (rc > 0) {
        copy->done = info.cur;
        copy->total = info.end;
    }
    return TRUE;
}

static gboolean convert_do_poll(virConnectPtr conn, gpointer data, GError **error)
{
    virDomainPtr domain = convert_find_domain(conn, data, error);
    gboolean ok = domain && convert_poll(domain, data, error);
    if (domain)
        virDomainFree(domain);
    return ok;
}

/* Ends a job that is ready: both sides are equal, and QEMU flushes the copy and stays with the source. */
static gboolean do_finish(virConnectPtr conn, gpointer data, GError **error)
{
    virDomainPtr domain = convert_find_domain(conn, data, error);
    gboolean ok = domain && virDomainBlockJobAbort(domain, TARGET, 0) == 0;
    if (domain && !ok)
        fct_virt_set_error(error, "The copy could not be ended");
    if (domain)
        virDomainFree(domain);
    return ok;
}

static gboolean await_end(FctVmm *vmm, Copy *copy, GError **error)
{
    for (int i = 0; i < GONE_TRIES; i++) {
        if (!convert_call(vmm, copy, CALL_MS, convert_do_poll, error))
            return FALSE;
        if (!copy->job)
            return TRUE;
        g_usleep(POLL_US);
    }
    return fct_set_error(error, FCT_ERROR_TIMEOUT, "QEMU does not end the copy.");
}

static gboolean convert_follow(FctVmm *vmm, Copy *copy, FctVmmProgress progress, gpointer data, GError **error)
{
    while (convert_call(vmm, copy, CALL_MS, convert_do_poll, error)) {
        if (!copy->job)
            return fct_set_error_full(error, FCT_ERROR_LIBVIRT, "See that the pool has room, then copy it again.", NULL,
                                      "QEMU broke the copy off.");
        if (progress && !progress((gint64)copy->done, (gint64)copy->total, data))
            return fct_set_error(error, FCT_ERROR_CANCELLED, "The copy was cancelled.");
        if (copy->ready)
            return convert_call(vmm, copy, BEGIN_MS, do_finish, error) && await_end(vmm, copy, error);
        g_usleep(POLL_US);
    }
    return FALSE;
}

static char *target_xml(const FctVolume *to, const char *format)
{
    GString *xml = g_string_new(NULL);
    fct_xml(xml, "<disk type='file'><driver name='qemu' type='%s'/><source file='%s'/>", format, to->path);
    fct_layers_xml(xml, NULL);
    g_string_append(xml, "</disk>");
    return g_string_free(xml, FALSE);
}

static gboolean convert_run(FctVmm *vmm, Copy *copy, const char *pool, const char *name, const char *format,
                            FctVmmProgress progress, gpointer data, GError **error)
{
    if (!fct_virt_merge_end(vmm, copy->key, error) || !convert_call(vmm, copy, HELPER_MS, convert_do_start, error))
        return FALSE;
    copy->made = vmm->ops->volume_create(vmm, pool, name, format, copy->capacity, NULL, error);
    if (!copy->made)
        return FALSE;
    copy->disk = target_xml(copy->made, format);
    if (!progress || progress(0, copy->capacity, data))
        return convert_call(vmm, copy, BEGIN_MS, convert_do_begin, error) &&
               convert_follow(vmm, copy, progress, data, error);
    return fct_set_error(error, FCT_ERROR_CANCELLED, "The copy was cancelled.");
}

gboolean fct_virt_volume_convert(FctVmm *vmm, const FctVmmSource *from, const char *pool, const char *name,
                                 const char *format, FctVmmProgress progress, gpointer data, GError **error)
{
    g_autoptr(Copy) copy = copy_new(from, pool, name);
    g_autoptr(json_t) facts = fct_virt_facts(vmm, error);
    g_autoptr(GError) fault = NULL;
    if (!facts)
        return FALSE;
    copy->kvm = strcmp(fct_json_str(facts, "accel", ""), "kvm") == 0;
    gboolean ok = convert_run(vmm, copy, pool, name, format, progress, data, error);
    gboolean ended = fct_virt_merge_end(vmm, copy->key, &fault);
    if (copy->made && !(ok && ended))
        fct_virt_volume_unmake(vmm, copy->made);
    if (ended || !ok)
        return ok;
    return fct_error_pass(error, &fault); /* while it has the file open nobody may use it */
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what another program's domain would be as one of ours, and sets or removes the mark that makes it so. */
#include "virt/adopt.h"
#include "base/scope.h"
#include "virt/virt.h"

#include <string.h>

#define READ_MS 20000
#define MARK_MS 20000

typedef struct {
    char *id;
    gboolean ours; /* of the mark */
    FctVmSpec *spec;
    char *original;
    gboolean host_starts;
    GPtrArray *networks;   /* FctNetwork* */
    FctAdoptHost host;     /* without its machine */
    FctAdoption *adoption; /* found */
    FctRelease *release;   /* made */
} Order;

static void order_clear(gpointer data)
{
    Order *order = data;
    g_free(order->id);
    g_free(order->original);
    fct_vm_spec_free(order->spec);
    g_clear_pointer(&order->networks, g_ptr_array_unref);
    fct_adoption_free(order->adoption);
    fct_release_free(order->release);
}

static void order_release(Order *order)
{
    g_atomic_rc_box_release_full(order, order_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Order, order_release)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virStorageVol, virStorageVolFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virStoragePool, virStoragePoolFree)

static Order *order_new(const char *id)
{
    Order *order = g_atomic_rc_box_new0(Order);
    order->id = g_strdup(id);
    return order;
}

/*
 * Its persistent definition, or that of its run if it has none, with the password of its screen, which a release must
 * give back. *ret_info tells whose it is.
 */
static char *read_xml(virDomainPtr domain, FctVmInfo **ret_info, GError **error)
{
    const unsigned int which = virDomainIsPersistent(domain) == 1 ? VIR_DOMAIN_XML_INACTIVE : 0;
    char *xml = virDomainGetXMLDesc(domain, which | VIR_DOMAIN_XML_SECURE);
    if (!xml) {
        fct_virt_set_error(error, "The VM could not be read");
        return NULL;
    }
    char *copy = g_strdup(xml);
    free(xml);
    *ret_info = fct_domain_info(copy, error);
    if (!*ret_info)
        g_clear_pointer(&copy, g_free);
    return copy;
}

static void adopt_refuse(FctAdoption *adoption, const char *code, const char *next, const char *sentence)
{
    g_ptr_array_add(adoption->verdicts, fct_verdict_new(FCT_REFUSE, code, "", next, "%s", sentence));
}

static void check_domain(virDomainPtr domain, FctAdoption *adoption)
{
    if (virDomainIsPersistent(domain) != 1)
        adopt_refuse(adoption, "transient", "Define it with virsh first.",
                     "It has no definition: it is gone as soon as it is off.");
    if (virDomainHasManagedSaveImage(domain, 0) == 1)
        adopt_refuse(adoption, "saved", "Start it with the program that saved it, or drop what is saved.",
                     "Its memory is saved on the disk, and a start by Facet would leave that behind.");
    int snapshots = virDomainSnapshotNum(domain, 0);
    if (snapshots > 0)
        g_ptr_array_add(adoption->verdicts,
                        fct_verdict_new(FCT_WARN, "snapshots", "", "Go on using virsh for these.",
                                        "It has %d snapshot%s of libvirt, which Facet neither shows nor takes back.",
                                        snapshots, snapshots == 1 ? "" : "s"));
}

/* A number that somebody made up is cut to what fits. */
static int in_gib(unsigned long long bytes)
{
    unsigned long long gib = (bytes >> 30) + (bytes % (1ULL << 30) != 0);
    return (int)MIN(gib, (unsigned long long)G_MAXINT);
}

/* The pool and volume that a disk is. A disk that is no volume keeps its path. */
static void adopt_find_volume(virConnectPtr conn, FctVmDisk *disk)
{
    g_autoptr(virStoragePool) pool = *disk->volume ? virStoragePoolLookupByName(conn, disk->pool) : NULL;
    g_autoptr(virStorageVol) volume = pool          ? virStorageVolLookupByName(pool, disk->volume)
                                      : *disk->path ? virStorageVolLookupByPath(conn, disk->path)
                                                    : NULL;
    g_autoptr(virStoragePool) its = volume && !pool ? virStoragePoolLookupByVolume(volume) : NULL;
    char *path = volume ? virStorageVolGetPath(volume) : NULL;
    virStorageVolInfo info;
    if (its) {
        fct_text_set(&disk->pool, virStoragePoolGetName(its));
        fct_text_set(&disk->volume, virStorageVolGetName(volume));
    }
    if (path && !*disk->path)
        fct_text_set(&disk->path, path);
    /*
     * For a raw disk libvirt takes the capacity from bytes that its guest has written; physical is how long the file
     * is.
     */
    gboolean raw = strcmp(disk->format, "raw") == 0;
    if (volume && !disk->cdrom && virStorageVolGetInfoFlags(volume, &info, raw ? VIR_STORAGE_VOL_GET_PHYSICAL : 0) == 0)
        disk->size_gib = in_gib(raw ? info.allocation : info.capacity);
    free(path);
}

/* What only a run has, and its definition does not mention. */
static void check_job(virDomainPtr domain, FctAdoption *adoption, const FctVmDisk *disk)
{
    virDomainBlockJobInfo job;
    if (*disk->path && virDomainIsActive(domain) == 1 && virDomainGetBlockJobInfo(domain, disk->path, &job, 0) == 1)
        g_ptr_array_add(adoption->verdicts,
                        fct_verdict_new(FCT_REFUSE, "block-job", "", "Let it end first (virsh blockjob).",
                                        "Disk %s is being copied or merged.", disk->target));
}

static void check_disk(FctAdoption *adoption, const FctVmDisk *disk)
{
    if (!*disk->path && *disk->volume)
        g_ptr_array_add(adoption->verdicts,
                        fct_verdict_new(FCT_REFUSE, "no-volume", "", "Start the pool first.",
                                        "Disk %s is volume %s of pool %s, which libvirt does not find.", disk->target,
                                        disk->volume, disk->pool));
}

/* What this host's QEMU calls "q35": "pc-q35-7.2"; "" when libvirt does not say. */
static char *newest_q35(virConnectPtr conn, gboolean kvm)
{
    char *caps = virConnectGetDomainCapabilities(conn, NULL, "x86_64", "q35", kvm ? "kvm" : "qemu", 0);
    const char *at = caps ? strstr(caps, "<machine>") : NULL;
    const char *end = at ? strchr(at + 9, '<') : NULL;
    char *machine = end ? g_strndup(at + 9, (gsize)(end - at - 9)) : g_strdup("");
    free(caps);
    return machine;
}

/* What @xml tells, and where its volumes are. */
static FctAdoption *read_adoption(virConnectPtr conn, Order *order, const char *xml, GError **error)
{
    g_autofree char *machine = newest_q35(conn, order->host.xml.kvm);
    FctAdoptHost host = order->host;
    host.machine = machine;
    FctAdoption *adoption = fct_adopt_read(xml, &host, error);
    for (guint i = 0; adoption && i < adoption->spec->disks->len; i++)
        adopt_find_volume(conn, adoption->spec->disks->pdata[i]);
    return adoption;
}

static gboolean adopt_do_read(virConnectPtr conn, gpointer data, GError **error)
{
    Order *order = data;
    int starts = 0;
    g_autoptr(virDomain) domain = virDomainLookupByUUIDString(conn, order->id);
    g_autoptr(FctVmInfo) info = NULL;
    if (!domain) {
        fct_virt_set_error(error, "libvirt does not know the VM");
        return FALSE;
    }
    g_autofree char *xml = read_xml(domain, &info, error);
    order->adoption = xml ? read_adoption(conn, order, xml, error) : NULL;
    if (!order->adoption)
        return FALSE;
    check_domain(domain, order->adoption);
    for (guint i = 0; i < order->adoption->spec->disks->len; i++) {
        check_disk(order->adoption, order->adoption->spec->disks->pdata[i]);
        check_job(domain, order->adoption, order->adoption->spec->disks->pdata[i]);
    }
    if (virDomainGetAutostart(domain, &starts) == 0 && starts) {
        order->adoption->host_starts = TRUE;
        g_ptr_array_add(order->adoption->kept, g_strdup("It starts with the host"));
    }
    return TRUE;
}

static gboolean adopt_read_surroundings(FctVmm *vmm, Order *order, GError **error)
{
    g_autoptr(json_t) facts = fct_virt_facts(vmm, error);
    order->networks = facts ? fct_virt_networks(vmm, error) : NULL;
    order->host.networks = order->networks;
    order->host.xml = (FctXmlOptions){strcmp(fct_json_str(facts, "accel", ""), "kvm") == 0,
                                      fct_json_bool(facts, "secure_boot", FALSE), ((FctVirt *)vmm)->attach};
    return order->networks != NULL;
}

FctAdoption *fct_virt_adoption(FctVmm *vmm, const char *id, GError **error)
{
    g_autoptr(Order) order = order_new(id);
    if (!adopt_read_surroundings(vmm, order, error) ||
        !fct_virt_call((FctVirt *)vmm, FCT_LANE_QUERY, id, READ_MS, adopt_do_read, order, order_clear, error))
        return NULL;
    return g_steal_pointer(&order->adoption);
}

static gboolean write_mark(virDomainPtr domain, const Order *order, GError **error)
{
    g_autofree char *mark = order->ours ? g_strdup_printf("<vm id='%s'/>", order->id) : NULL;
    unsigned int flags = VIR_DOMAIN_AFFECT_CONFIG;
    if (virDomainIsActive(domain) == 1)
        flags |= VIR_DOMAIN_AFFECT_LIVE;
    if (virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, mark, mark ? "facet" : NULL, FCT_VIRT_NS, flags) <
        0) {
        fct_virt_set_error(error, "The VM could not be marked");
        return FALSE;
    }
    return TRUE;
}

static gboolean do_mark(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    g_autoptr(virDomain) domain = virDomainLookupByUUIDString(conn, order->id);
    g_autoptr(FctVmInfo) info = NULL;
    if (!domain) {
        fct_virt_set_error(error, "libvirt does not know the VM");
        return FALSE;
    }
    g_autofree char *xml = read_xml(domain, &info, error);
    if (!xml)
        return FALSE;
    return info->ours == order->ours || write_mark(domain, order, error);
}

static void adopt_tell_changed(FctVirt *virt, const char *id)
{
    fct_autolock(&virt->lock); /* a change of metadata sends no lifecycle event */
    g_hash_table_add(virt->changed, g_strdup(id));
    g_cond_broadcast(&virt->cond);
}

gboolean fct_virt_mark(FctVmm *vmm, const char *id, gboolean ours, GError **error)
{
    FctVirt *virt = (FctVirt *)vmm;
    g_autoptr(Order) order = order_new(id);
    order->ours = ours;
    if (!fct_virt_call(virt, FCT_LANE_QUERY, id, MARK_MS, do_mark, order, order_clear, error))
        return FALSE;
    adopt_tell_changed(virt, id);
    return TRUE;
}

/* ---- the way back ---- */

/* Defines the old definition again, if nothing forbids it. That libvirt does not accept it any more is no failure. */
static void adopt_restore(virConnectPtr conn, Order *order, const FctAdoption *then)
{
    g_autofree char *xml = fct_adopt_back(order->original, then->spec, order->spec);
    g_autoptr(virDomain) domain = xml ? virDomainDefineXML(conn, xml) : NULL;
    order->release->restored = domain != NULL;
    if (!xml)
        fct_text_set(&order->release->why, "more than its name, description, memory and vCPUs was changed");
    else if (!domain)
        fct_text_take(&order->release->why, g_strdup_printf("libvirt does not take the one of before any more (%s)",
                                                            virGetLastErrorMessage()));
}

/*
 * The domain as it is now, compared with the adopted one: a change of vCPUs also removes pinning, and libvirt drops
 * what it cannot keep.
 */
static void note_lost(virConnectPtr conn, virDomainPtr domain, Order *order, const FctAdoption *then)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVmInfo) info = NULL;
    g_autofree char *xml = read_xml(domain, &info, &fault);
    g_autoptr(FctAdoption) now = xml ? read_adoption(conn, order, xml, &fault) : NULL;
    g_clear_pointer(&order->release->lost, g_ptr_array_unref);
    order->release->lost = fct_adopt_lost_for_good(then, now);
}

static void give_back(virConnectPtr conn, virDomainPtr domain, Order *order)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctAdoption) then = *order->original ? read_adoption(conn, order, order->original, &fault) : NULL;
    if (then) {
        adopt_restore(conn, order, then);
        note_lost(conn, domain, order, then);
    } else {
        fct_text_set(&order->release->why, "Facet has no readable copy of the one of before");
    }
}

static gboolean do_release(virConnectPtr conn, gpointer data, GError **error)
{
    Order *order = data;
    g_autoptr(virDomain) domain = virDomainLookupByUUIDString(conn, order->id);
    if (!domain) {
        fct_virt_set_error(error, "libvirt does not know the VM");
        return FALSE;
    }
    if (virDomainSetAutostart(domain, order->host_starts) < 0) {
        fct_virt_set_error(error, "libvirt cannot be told whether the VM starts with the host");
        return FALSE;
    }
    order->release = fct_release_new();
    give_back(conn, domain, order);
    return write_mark(domain, order, error);
}

FctRelease *fct_virt_let_go(FctVmm *vmm, FctVmSpec *spec, const char *original, gboolean host_starts, GError **error)
{
    FctVirt *virt = (FctVirt *)vmm;
    g_autoptr(Order) order = order_new(spec->id);
    order->spec = spec;
    order->original = g_strdup(original);
    order->host_starts = host_starts;
    if (!adopt_read_surroundings(vmm, order, error) ||
        !fct_virt_call(virt, FCT_LANE_QUERY, order->id, MARK_MS, do_release, order, order_clear, error))
        return NULL;
    adopt_tell_changed(virt, order->id);
    return g_steal_pointer(&order->release);
}

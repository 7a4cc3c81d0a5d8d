/* SPDX-License-Identifier: Apache-2.0 */
/* What another's domain would be as one of ours, and the mark that makes it so. */
#include "virt/adopt.h"
#include "virt/virt.h"

#include <string.h>

#define LOOK_MS 20000
#define MARK_MS 20000

typedef struct {
    char *id;
    gboolean ours;         /* of the mark */
    GPtrArray *networks;   /* FctNetwork* */
    FctAdoption *adoption; /* found */
} Order;

static void order_clear(gpointer data)
{
    Order *order = data;
    g_free(order->id);
    g_clear_pointer(&order->networks, g_ptr_array_unref);
    fct_adoption_free(order->adoption);
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

/* Its persistent definition; of a domain without one, that of its run. *ret_info tells whose it is. */
static char *read_xml(virDomainPtr domain, FctVmInfo **ret_info, GError **error)
{
    char *xml = virDomainGetXMLDesc(domain, virDomainIsPersistent(domain) == 1 ? VIR_DOMAIN_XML_INACTIVE : 0);
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

static void refuse(FctAdoption *adoption, const char *code, const char *next, const char *sentence)
{
    g_ptr_array_add(adoption->verdicts, fct_verdict_new(FCT_REFUSE, code, "", next, "%s", sentence));
}

static void check_domain(virDomainPtr domain, FctAdoption *adoption)
{
    if (virDomainIsPersistent(domain) != 1)
        refuse(adoption, "transient", "Define it with virsh first.",
               "It has no definition: it is gone as soon as it is off.");
    if (virDomainHasManagedSaveImage(domain, 0) == 1)
        refuse(adoption, "saved", "Start it with the program that saved it, or drop what is saved.",
               "Its memory is saved on the disk, and a start by Facet would leave that behind.");
    int snapshots = virDomainSnapshotNum(domain, 0);
    if (snapshots > 0)
        g_ptr_array_add(adoption->verdicts,
                        fct_verdict_new(FCT_WARN, "snapshots", "", "Go on using virsh for these.",
                                        "It has %d snapshot%s of libvirt, which Facet neither shows nor takes back.",
                                        snapshots, snapshots == 1 ? "" : "s"));
}

/* Which volume of which pool a disk is. One that is none keeps its path. */
static void find_volume(virConnectPtr conn, FctVmDisk *disk)
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
    if (volume && !disk->cdrom && virStorageVolGetInfo(volume, &info) == 0)
        disk->size_gib = (int)((info.capacity + (1ULL << 30) - 1) >> 30);
    free(path);
}

static void check_disk(FctAdoption *adoption, const FctVmDisk *disk)
{
    if (!*disk->path && *disk->volume)
        g_ptr_array_add(adoption->verdicts,
                        fct_verdict_new(FCT_REFUSE, "no-volume", "", "Start the pool first.",
                                        "Disk %s is volume %s of pool %s, which libvirt does not find.", disk->target,
                                        disk->volume, disk->pool));
}

static gboolean do_look(virConnectPtr conn, gpointer data, GError **error)
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
    if (!xml)
        return FALSE;
    order->adoption = fct_adopt_read(xml, order->networks, error);
    if (!order->adoption)
        return FALSE;
    check_domain(domain, order->adoption);
    for (guint i = 0; i < order->adoption->spec->disks->len; i++) {
        find_volume(conn, order->adoption->spec->disks->pdata[i]);
        check_disk(order->adoption, order->adoption->spec->disks->pdata[i]);
    }
    if (virDomainGetAutostart(domain, &starts) == 0 && starts) {
        order->adoption->host_starts = TRUE;
        g_ptr_array_add(order->adoption->kept, g_strdup("It starts with the host"));
    }
    return TRUE;
}

FctAdoption *fct_virt_adoption(FctVmm *vmm, const char *id, GError **error)
{
    g_autoptr(Order) order = order_new(id);
    order->networks = fct_virt_networks(vmm, error);
    if (!order->networks ||
        !fct_virt_call((FctVirt *)vmm, FCT_LANE_QUERY, id, LOOK_MS, do_look, order, order_clear, error))
        return NULL;
    return g_steal_pointer(&order->adoption);
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
    if (info->ours == order->ours)
        return TRUE;
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

gboolean fct_virt_mark(FctVmm *vmm, const char *id, gboolean ours, GError **error)
{
    FctVirt *virt = (FctVirt *)vmm;
    g_autoptr(Order) order = order_new(id);
    order->ours = ours;
    if (!fct_virt_call(virt, FCT_LANE_QUERY, id, MARK_MS, do_mark, order, order_clear, error))
        return FALSE;
    g_mutex_lock(&virt->lock); /* a change of metadata is no event of a domain's life */
    g_hash_table_add(virt->changed, g_strdup(id));
    g_cond_broadcast(&virt->cond);
    g_mutex_unlock(&virt->lock);
    return TRUE;
}

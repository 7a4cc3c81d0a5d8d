/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices of a running VM. libvirt's success at detaching only means that the guest was asked (host.md 0.5): the caller
 * must look at the domain afterwards.
 */
#include "virt/virt.h"

#include <string.h>

#define PLUG_MS 30000
#define GROW_MS 60000

typedef struct {
    char *id;
    char *xml;    /* of the device */
    char *alias;  /* to detach */
    char *target; /* to grow */
    gint64 bytes;
} Order;

static void order_clear(gpointer data)
{
    Order *order = data;
    g_free(order->id);
    g_free(order->xml);
    g_free(order->alias);
    g_free(order->target);
}

static void order_release(Order *order)
{
    g_atomic_rc_box_release_full(order, order_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Order, order_release)

static Order *order_new(const char *id)
{
    Order *order = g_atomic_rc_box_new0(Order);
    order->id = g_strdup(id);
    return order;
}

static Order *disk_order(const char *id, const FctVmDisk *disk)
{
    Order *order = order_new(id);
    GString *xml = g_string_new(NULL);
    fct_disk_xml(xml, disk, 0);
    order->xml = g_string_free(xml, FALSE);
    return order;
}

static Order *nic_order(const char *id, const FctVmNic *nic)
{
    Order *order = order_new(id);
    GString *xml = g_string_new(NULL);
    fct_nic_xml(xml, nic, 0);
    order->xml = g_string_free(xml, FALSE);
    return order;
}

static gboolean hotplug_finish(virDomainPtr domain, int rc, const char *what, GError **error)
{
    if (rc < 0)
        fct_virt_set_error(error, what);
    virDomainFree(domain);
    return rc >= 0;
}

static gboolean do_attach(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virDomainPtr domain = fct_virt_find_ours(conn, order->id, error);
    return domain && hotplug_finish(domain, virDomainAttachDeviceFlags(domain, order->xml, VIR_DOMAIN_AFFECT_LIVE),
                                    "The device could not be plugged in", error);
}

static gboolean do_update(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virDomainPtr domain = fct_virt_find_ours(conn, order->id, error);
    return domain && hotplug_finish(domain, virDomainUpdateDeviceFlags(domain, order->xml, VIR_DOMAIN_AFFECT_LIVE),
                                    "The device could not be changed", error);
}

/*
 * A device that was asked for before and is not gone yet counts as asked for now; a device that is missing is success.
 */
static gboolean is_leaving(void)
{
    const char *words = virGetLastErrorMessage();
    return virGetLastErrorCode() == VIR_ERR_DEVICE_MISSING ||
           (words && (strstr(words, "in the process of unplug") || strstr(words, "no device found with alias")));
}

static gboolean do_detach(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virDomainPtr domain = fct_virt_find_ours(conn, order->id, error);
    if (!domain)
        return FALSE;
    int rc = virDomainDetachDeviceAlias(domain, order->alias, VIR_DOMAIN_AFFECT_LIVE);
    if (rc < 0 && is_leaving())
        rc = 0;
    return hotplug_finish(domain, rc, "The guest could not be asked to let go of the device", error);
}

static gboolean hotplug_do_grow(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virDomainPtr domain = fct_virt_find_ours(conn, order->id, error);
    return domain && hotplug_finish(domain,
                                    virDomainBlockResize(domain, order->target, (unsigned long long)order->bytes,
                                                         VIR_DOMAIN_BLOCK_RESIZE_BYTES),
                                    "The disk could not be made larger", error);
}

/* Takes @order over. */
static gboolean hotplug_call(FctVmm *vmm, Order *taken, int ms, FctVirtFn fn, GError **error)
{
    g_autoptr(Order) order = taken;
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, order->id, ms, fn, order, order_clear, error);
}

gboolean fct_virt_disk_attach(FctVmm *vmm, const char *id, const FctVmDisk *disk, GError **error)
{
    if (strcmp(disk->bus, "virtio") == 0)
        return hotplug_call(vmm, disk_order(id, disk), PLUG_MS, do_attach, error);
    return fct_set_error(error, FCT_ERROR_UNSUPPORTED, "A disk at %s can only be added while the VM is off.",
                         disk->bus);
}

gboolean fct_virt_disk_detach(FctVmm *vmm, const char *id, const char *target, GError **error)
{
    Order *order = order_new(id);
    order->alias = g_strconcat(FCT_DISK_ALIAS, target, NULL);
    return hotplug_call(vmm, order, PLUG_MS, do_detach, error);
}

gboolean fct_virt_disk_medium(FctVmm *vmm, const char *id, const FctVmDisk *cdrom, GError **error)
{
    return hotplug_call(vmm, disk_order(id, cdrom), PLUG_MS, do_update, error);
}

gboolean fct_virt_disk_grow(FctVmm *vmm, const char *id, const char *target, gint64 bytes, GError **error)
{
    Order *order = order_new(id);
    order->target = g_strdup(target);
    order->bytes = bytes;
    return hotplug_call(vmm, order, GROW_MS, hotplug_do_grow, error);
}

gboolean fct_virt_nic_attach(FctVmm *vmm, const char *id, const FctVmNic *nic, GError **error)
{
    return hotplug_call(vmm, nic_order(id, nic), PLUG_MS, do_attach, error);
}

gboolean fct_virt_nic_detach(FctVmm *vmm, const char *id, const char *mac, GError **error)
{
    Order *order = order_new(id);
    order->alias = fct_nic_alias(mac);
    return hotplug_call(vmm, order, PLUG_MS, do_detach, error);
}

gboolean fct_virt_nic_move(FctVmm *vmm, const char *id, const FctVmNic *nic, GError **error)
{
    return hotplug_call(vmm, nic_order(id, nic), PLUG_MS, do_update, error);
}

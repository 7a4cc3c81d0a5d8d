/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions and power. Domains that are not ours are never changed: each call checks that first. */
#include "base/scope.h"
#include "virt/virt.h"

#include <string.h>

#define DEFINE_MS 20000
#define ASK_MS 10000
#define DESTROY_MS 60000 /* destroying a QEMU that hangs was seen to take 11.5 s (host.md 0.6) */
#define START_MS 60000   /* and 2 s for each GiB, which VFIO pins and maps (host.md 1.5) */
#define START_MS_PER_GIB 2000
#define START_MS_MAX (30 * 60 * 1000)

typedef struct {
    FctVirt *virt;
    char *id;
    char *name;
    char *xml;     /* persistent definition */
    char *run_xml; /* of this run */
} Order;

static void order_clear(gpointer data)
{
    Order *order = data;
    fct_virt_unref(order->virt);
    g_free(order->id);
    g_free(order->name);
    g_free(order->xml);
    g_free(order->run_xml);
}

static void order_release(Order *order)
{
    g_atomic_rc_box_release_full(order, order_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Order, order_release)

static Order *order_new(FctVmm *vmm, const char *id)
{
    Order *order = g_atomic_rc_box_new0(Order);
    order->virt = fct_virt_ref((FctVirt *)vmm);
    order->id = g_strdup(id);
    return order;
}

virDomainPtr fct_virt_find_ours(virConnectPtr conn, const char *id, GError **error)
{
    virDomainPtr domain = virDomainLookupByUUIDString(conn, id);
    if (!domain) {
        fct_virt_set_error(error, "libvirt does not know the VM");
        return NULL;
    }
    char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
    g_autoptr(FctVmInfo) info = xml ? fct_domain_info(xml, error) : NULL;
    if (!xml)
        fct_virt_set_error(error, "The VM could not be read");
    free(xml);
    if (info && info->ours)
        return domain;
    if (info)
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Manage it with the program that made it.", NULL,
                           "VM %s was not made by Facet and is left alone.", info->name);
    virDomainFree(domain);
    return NULL;
}

/* TRUE when @id is unused, or ours to replace; then the domain has the wanted name. */
static gboolean may_define(virConnectPtr conn, const Order *order, GError **error)
{
    g_autoptr(GError) fault = NULL;
    virDomainPtr domain = fct_virt_find_ours(conn, order->id, &fault);
    if (!domain) {
        if (fault->code == FCT_ERROR_NOT_FOUND)
            return TRUE;
        return fct_error_pass(error, &fault);
    }
    gboolean ok = strcmp(virDomainGetName(domain), order->name) == 0 || virDomainRename(domain, order->name, 0) >= 0;
    if (!ok)
        fct_virt_set_error(error, "The VM could not be renamed");
    virDomainFree(domain);
    return ok;
}

/* A digest of what we asked for and what libvirt made of it. NULL when libvirt does not tell. */
static char *domain_digest(const Order *order, virDomainPtr domain)
{
    char *text = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
    if (!text)
        return NULL;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, (const guchar *)order->xml, -1);
    g_checksum_update(sum, (const guchar *)"", 1);
    g_checksum_update(sum, (const guchar *)text, -1);
    free(text);
    return g_strdup(g_checksum_get_string(sum));
}

static void note_defined(const Order *order, virDomainPtr domain)
{
    char *digest = domain_digest(order, domain);
    fct_autolock(&order->virt->lock);
    if (digest)
        g_hash_table_replace(order->virt->defined, g_strdup(order->id), digest);
    else
        g_hash_table_remove(order->virt->defined, order->id);
}

/*
 * Whether the definition is still what we made from the same text. Defining makes libvirt read its whole schema and
 * flush its disk, which a start need not wait for.
 */
static gboolean is_defined(virConnectPtr conn, const Order *order)
{
    virDomainPtr domain = virDomainLookupByUUIDString(conn, order->id);
    if (!domain)
        return FALSE;
    g_autofree char *digest = domain_digest(order, domain);
    virDomainFree(domain);
    fct_autolock(&order->virt->lock);
    return digest && g_strcmp0(digest, g_hash_table_lookup(order->virt->defined, order->id)) == 0;
}

static gboolean domain_do_define(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    if (!may_define(conn, order, error))
        return FALSE;
    virDomainPtr domain = virDomainDefineXMLFlags(conn, order->xml, VIR_DOMAIN_DEFINE_VALIDATE);
    if (!domain) {
        g_autofree char *what = g_strdup_printf("VM %s could not be defined", order->name);
        fct_virt_set_error(error, what);
        return FALSE;
    }
    /*
     * libvirt would start the VM with the host before its devices are there, so facetd starts our VMs, in their order.
     * An adopted VM may have come with libvirt's autostart.
     */
    int starts = 0;
    if (virDomainGetAutostart(domain, &starts) == 0 && starts)
        virDomainSetAutostart(domain, 0);
    note_defined(order, domain);
    virDomainFree(domain);
    return TRUE;
}

static gboolean domain_do_start(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    if (!is_defined(conn, order) && !domain_do_define(conn, data, error))
        return FALSE;
    /*
     * The run gets a definition of its own; when it ends libvirt is back at the persistent one, which has no devices.
     * It is not checked against the schema again: the definition was, and what a run adds is the same for every VM.
     */
    virDomainPtr domain = virDomainCreateXML(conn, order->run_xml, 0);
    if (!domain) {
        g_autofree char *what = g_strdup_printf("VM %s could not be started", order->name);
        fct_virt_set_error(error, what);
        return FALSE;
    }
    virDomainFree(domain);
    return TRUE;
}

static gboolean xml_options(FctVmm *vmm, const FctVmSpec *spec, FctXmlOptions *ret, GError **error)
{
    g_autoptr(json_t) facts = fct_virt_facts(vmm, error);
    if (!facts)
        return FALSE;
    ret->attach = ((FctVirt *)vmm)->attach;
    ret->kvm = strcmp(fct_json_str(facts, "accel", ""), "kvm") == 0;
    ret->secure_boot = fct_json_bool(facts, "secure_boot", FALSE);
    if (spec->uefi && !*spec->loader && !fct_json_bool(facts, "uefi", FALSE))
        fct_set_error_full(error, FCT_ERROR_UNSUPPORTED, "Install the package ovmf, or choose BIOS.", NULL,
                           "This host has no UEFI firmware for VMs.");
    else if (spec->tpm && !fct_json_bool(facts, "tpm", FALSE))
        fct_set_error_full(error, FCT_ERROR_UNSUPPORTED, "Install the packages swtpm and swtpm-tools.", NULL,
                           "This host cannot emulate a TPM.");
    else
        return TRUE;
    return FALSE;
}

static Order *order_for(FctVmm *vmm, const FctVmSpec *spec, const FctXmlOptions *options)
{
    Order *order = order_new(vmm, spec->id);
    order->name = g_strdup(spec->name);
    order->xml = fct_domain_xml(spec, options, FALSE);
    order->run_xml = fct_domain_xml(spec, options, TRUE);
    return order;
}

gboolean fct_virt_define(FctVmm *vmm, const FctVmSpec *spec, GError **error)
{
    FctXmlOptions options;
    if (!xml_options(vmm, spec, &options, error))
        return FALSE;
    g_autoptr(Order) order = order_for(vmm, spec, &options);
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_QUERY, spec->id, DEFINE_MS, domain_do_define, order, order_clear,
                         error);
}

gboolean fct_virt_check_device(FctVmm *vmm, const FctVmDevice *device, GError **error)
{
    return ((FctVirt *)vmm)->attach->check(device, error);
}

gboolean fct_virt_start(FctVmm *vmm, const FctVmSpec *spec, GError **error)
{
    FctXmlOptions options;
    for (guint i = 0; i < spec->devices->len; i++)
        if (!fct_virt_check_device(vmm, g_ptr_array_index(spec->devices, i), error))
            return FALSE;
    if (!xml_options(vmm, spec, &options, error))
        return FALSE;
    g_autoptr(Order) order = order_for(vmm, spec, &options);
    gint64 deadline = START_MS + spec->memory_mib * START_MS_PER_GIB / 1024;
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, spec->id, (int)MIN(deadline, START_MS_MAX), domain_do_start,
                         order, order_clear, error);
}

static gboolean domain_power(virConnectPtr conn, const Order *order, int (*send)(virDomainPtr domain), const char *what,
                             GError **error)
{
    virDomainPtr domain = fct_virt_find_ours(conn, order->id, error);
    if (!domain)
        return FALSE;
    gboolean ok = send(domain) >= 0;
    if (!ok)
        fct_virt_set_error(error, what);
    virDomainFree(domain);
    return ok;
}

static int domain_order_shutdown(virDomainPtr domain)
{
    return virDomainShutdownFlags(domain, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN);
}

static int domain_order_reset(virDomainPtr domain)
{
    return virDomainReset(domain, 0);
}

static int domain_order_reboot(virDomainPtr domain)
{
    return virDomainReboot(domain, VIR_DOMAIN_REBOOT_ACPI_POWER_BTN);
}

static int domain_order_undefine(virDomainPtr domain)
{
    const unsigned int all = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA;
    const unsigned int state = VIR_DOMAIN_UNDEFINE_NVRAM | VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA;
    int rc = virDomainUndefineFlags(domain, all | state | VIR_DOMAIN_UNDEFINE_TPM);
    if (rc < 0 && virGetLastErrorCode() == VIR_ERR_INVALID_ARG) /* a driver that has none of these */
        rc = virDomainUndefineFlags(domain, all);
    return rc;
}

static gboolean domain_do_shutdown(virConnectPtr conn, gpointer data, GError **error)
{
    return domain_power(conn, data, domain_order_shutdown, "The guest could not be asked to shut down", error);
}

static gboolean do_reset(virConnectPtr conn, gpointer data, GError **error)
{
    return domain_power(conn, data, domain_order_reset, "The VM could not be reset", error);
}

static gboolean domain_do_reboot(virConnectPtr conn, gpointer data, GError **error)
{
    return domain_power(conn, data, domain_order_reboot, "The guest could not be asked to reboot", error);
}

static gboolean do_pause(virConnectPtr conn, gpointer data, GError **error)
{
    return domain_power(conn, data, virDomainSuspend, "The VM could not be paused", error);
}

static gboolean do_resume(virConnectPtr conn, gpointer data, GError **error)
{
    return domain_power(conn, data, virDomainResume, "The VM could not be resumed", error);
}

/*
 * If libvirt 9.0 is killed after it noted a start and before it knew QEMU's process id, it never looks at that domain
 * again: qemuProcessReconnectHelper skips domains without a pid, and the noted job keeps its lock across restarts.
 */
static gboolean is_half_started(virConnectPtr conn, const char *id)
{
    int state = 0, reason = 0;
    virDomainPtr domain = virDomainLookupByUUIDString(conn, id);
    gboolean half = domain && virDomainGetState(domain, &state, &reason, 0) == 0 && state == VIR_DOMAIN_PAUSED &&
                    reason == VIR_DOMAIN_PAUSED_STARTING_UP;
    if (domain)
        virDomainFree(domain);
    return half;
}

static gboolean is_off(virConnectPtr conn, const char *id)
{
    virDomainPtr domain = fct_virt_find_ours(conn, id, NULL);
    gboolean off = domain && virDomainIsActive(domain) == 0;
    if (domain)
        virDomainFree(domain);
    return off;
}

static gboolean do_destroy(virConnectPtr conn, gpointer data, GError **error)
{
    g_autoptr(GError) fault = NULL;
    const Order *order = data;
    /* The answer may be lost together with the domain, or the VM was off already: only the present state counts. */
    if (domain_power(conn, data, virDomainDestroy, "The VM could not be forced off", &fault) || is_off(conn, order->id))
        return TRUE;
    if (fault->code == FCT_ERROR_TIMEOUT && is_half_started(conn, order->id))
        fct_set_error_full(
            error, FCT_ERROR_LIBVIRT,
            "On the host, remove the VM's file in /run/libvirt/qemu and restart libvirtd. Running VMs go "
            "on meanwhile.",
            NULL, "libvirt was ended while it started the VM, and cannot let go of it.");
    else
        fct_error_pass(error, &fault);
    return FALSE;
}

/* libvirt would undefine a running domain, which goes on without a definition: its disks would be deleted under it. */
static gboolean do_undefine(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virDomainPtr domain = fct_virt_find_ours(conn, order->id, error);
    if (!domain)
        return FALSE;
    gboolean active = virDomainIsActive(domain) != 0;
    virDomainFree(domain);
    if (!active)
        return domain_power(conn, data, domain_order_undefine, "The VM could not be removed from libvirt", error);
    return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Stop it first.", NULL, "The VM runs.");
}

static gboolean call_power(FctVmm *vmm, FctVirtLane lane, const char *id, gboolean serialise, int ms, FctVirtFn fn,
                           GError **error)
{
    g_autoptr(Order) order = order_new(vmm, id);
    return fct_virt_call((FctVirt *)vmm, lane, serialise ? id : NULL, ms, fn, order, order_clear, error);
}

gboolean fct_virt_shutdown(FctVmm *vmm, const char *id, GError **error)
{
    if (fct_virt_agent_shutdown((FctVirt *)vmm, id))
        return TRUE;
    return call_power(vmm, FCT_LANE_POWER, id, TRUE, ASK_MS, domain_do_shutdown, error);
}

gboolean fct_virt_reset(FctVmm *vmm, const char *id, GError **error)
{
    return call_power(vmm, FCT_LANE_POWER, id, TRUE, ASK_MS, do_reset, error);
}

gboolean fct_virt_reboot(FctVmm *vmm, const char *id, GError **error)
{
    if (fct_virt_agent_reboot((FctVirt *)vmm, id))
        return TRUE;
    return call_power(vmm, FCT_LANE_POWER, id, TRUE, ASK_MS, domain_do_reboot, error);
}

gboolean fct_virt_pause(FctVmm *vmm, const char *id, GError **error)
{
    return call_power(vmm, FCT_LANE_POWER, id, TRUE, ASK_MS, do_pause, error);
}

gboolean fct_virt_resume(FctVmm *vmm, const char *id, GError **error)
{
    return call_power(vmm, FCT_LANE_POWER, id, TRUE, ASK_MS, do_resume, error);
}

gboolean fct_virt_destroy(FctVmm *vmm, const char *id, GError **error)
{
    /* Not serialized by VM: this is the way out when another call to the VM hangs. */
    return call_power(vmm, FCT_LANE_KILL, id, FALSE, DESTROY_MS, do_destroy, error);
}

gboolean fct_virt_undefine(FctVmm *vmm, const char *id, GError **error)
{
    g_autoptr(GError) fault = NULL;
    if (call_power(vmm, FCT_LANE_QUERY, id, TRUE, DEFINE_MS, do_undefine, &fault) ||
        fault->code == FCT_ERROR_NOT_FOUND) {
        FctVirt *virt = (FctVirt *)vmm;
        g_mutex_lock(&virt->lock);
        g_hash_table_remove(virt->defined, id);
        g_mutex_unlock(&virt->lock);
        return TRUE;
    }
    return fct_error_pass(error, &fault);
}

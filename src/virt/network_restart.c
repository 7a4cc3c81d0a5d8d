/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of a network that can be continued after a crash: the present and the wanted state are recorded first, and
 * each step looks at the actual state, does what is missing, and looks again. What libvirt cannot change while a
 * network runs is done by defining the network, stopping and starting it, and plugging in the NICs of running VMs
 * again, which libvirt does not do by itself.
 */
#include "virt/virt.h"

#include <string.h>

#define CHANGE_MS 60000 /* dnsmasq and the firewall are started */
#define REPLUG_MS 20000

typedef struct {
    FctNetwork *wanted; /* prepare */
    gboolean redefine;
    json_t *change; /* all others */
    gboolean back;
    char *id;
    json_t *answer;
} Job;

static void job_clear(gpointer data)
{
    Job *job = data;
    fct_network_free(job->wanted);
    json_decref(job->change);
    g_free(job->id);
    json_decref(job->answer);
}

static void job_release(Job *job)
{
    g_atomic_rc_box_release_full(job, job_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Job, job_release)

static Job *job_new(const json_t *change)
{
    Job *job = g_atomic_rc_box_new0(Job);
    job->change = json_deep_copy(change); /* the call may outlive its caller */
    return job;
}

static const char *job_name(const Job *job)
{
    return fct_json_str(job->change, "name", "");
}

/* ---- what there is ---- */

/* The definition (FALSE: the XML with which it runs); g_free it. */
static char *xml_of(virNetworkPtr handle, gboolean definition, GError **error)
{
    char *xml = virNetworkGetXMLDesc(handle, definition ? VIR_NETWORK_XML_INACTIVE : 0);
    char *copy = g_strdup(xml);
    if (!xml)
        fct_virt_set_error(error, "A network could not be read");
    free(xml);
    return copy;
}

static FctNetwork *read_live(virNetworkPtr handle, GError **error)
{
    g_autofree char *xml = xml_of(handle, FALSE, error);
    return xml ? fct_network_read(xml, error) : NULL;
}

static gboolean same_place(const FctNetwork *a, const FctNetwork *b)
{
    return strcmp(a->bridge, b->bridge) == 0 && strcmp(a->interface, b->interface) == 0 && a->vlan == b->vlan &&
           a->open_vswitch == b->open_vswitch && strcmp(a->gateway, b->gateway) == 0 && a->prefix == b->prefix;
}

static gboolean network_is_same(const FctNetwork *a, const FctNetwork *b)
{
    return same_place(a, b) && fct_virt_network_same_dhcp(a, b);
}

static gboolean is_like(const FctNetwork *network, const Job *job, const char *which)
{
    g_autoptr(FctNetwork) one = fct_network_read(fct_json_str(job->change, which, ""), NULL);
    return one &&
           (fct_json_bool(job->change, "redefine", TRUE) ? network_is_same(network, one) : same_place(network, one));
}

/* The NICs that a running VM has in the network; NULL: the VM cannot be read, so it has gone. */
static GPtrArray *domain_nics_on(virDomainPtr domain, const char *network)
{
    char *xml = virDomainGetXMLDesc(domain, 0);
    GPtrArray *nics = xml ? fct_domain_nics(xml, network, NULL) : NULL;
    free(xml);
    return nics;
}

typedef gboolean (*IsMeant)(const FctNicXml *nic, gconstpointer data);

/* Running VMs with NICs in the network: [{"id","name","nics":[{"mac","link"}]}]. */
static json_t *guests_of(virConnectPtr conn, const char *network, IsMeant is_meant, gconstpointer data, GError **error)
{
    virDomainPtr *domains = NULL;
    int n = virConnectListAllDomains(conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    json_t *guests = n < 0 ? NULL : json_array();
    if (n < 0)
        fct_virt_set_error(error, "The VMs could not be listed");
    for (int i = 0; i < n; i++) {
        char id[VIR_UUID_STRING_BUFLEN];
        g_autoptr(GPtrArray) nics = domain_nics_on(domains[i], network);
        g_autoptr(json_t) list = json_array();
        for (guint k = 0; nics && k < nics->len; k++) {
            const FctNicXml *nic = g_ptr_array_index(nics, k);
            if (is_meant(nic, data))
                json_array_append_new(list, json_pack("{s:s, s:s}", "mac", nic->mac, "link", nic->link));
        }
        if (json_array_size(list) && virDomainGetUUIDString(domains[i], id) == 0)
            json_array_append_new(
                guests, json_pack("{s:s, s:s, s:O}", "id", id, "name", virDomainGetName(domains[i]), "nics", list));
        virDomainFree(domains[i]);
    }
    free(domains);
    return guests;
}

/* ---- written down ---- */

/*
 * A bridge name in libvirt's style that no network uses. libvirt plugs a NIC in again only when the bridge's name is
 * another one.
 */
static char *new_bridge(virConnectPtr conn)
{
    int highest = 0;
    virNetworkPtr *handles = NULL;
    int n = virConnectListAllNetworks(conn, &handles, 0);
    for (int i = 0; i < n; i++) {
        char *bridge = virNetworkGetBridgeName(handles[i]); /* fails for networks without a bridge */
        guint64 number = 0;
        if (bridge && g_str_has_prefix(bridge, "virbr") &&
            g_ascii_string_to_unsigned(bridge + strlen("virbr"), 10, 0, 9999, &number, NULL))
            highest = MAX(highest, (int)number);
        free(bridge);
        virNetworkFree(handles[i]);
    }
    free(handles);
    return g_strdup_printf("virbr%d", highest + 1);
}

static void set_bridge(FctNetwork *network, const char *bridge)
{
    g_free(network->bridge);
    network->bridge = g_strdup(bridge);
}

static gboolean any_nic(const FctNicXml *nic, gconstpointer data)
{
    return TRUE;
}

/* Undoing leads to a new bridge as well, so that NICs can be plugged in again. */
static gboolean network_note_places(virConnectPtr conn, Job *job, virNetworkPtr handle, FctNetwork *present,
                                    GError **error)
{
    FctNetwork *wanted = job->wanted;
    gboolean subnet = fct_network_has_subnet(present->kind), active = present->active, was = present->autostart;
    gboolean replug = job->redefine && active && (subnet || strcmp(present->bridge, wanted->bridge) != 0);
    g_autoptr(json_t) guests = replug ? guests_of(conn, present->name, any_nic, NULL, error) : json_array();
    g_autofree char *before = guests ? xml_of(handle, TRUE, error) : NULL;
    if (!before)
        return FALSE;
    if (subnet) {
        g_autofree char *bridge = json_array_size(guests) ? new_bridge(conn) : g_strdup(present->bridge);
        set_bridge(present, bridge);
        set_bridge(wanted, bridge);
    }
    g_autofree char *after = fct_network_edit(before, wanted, error);
    g_autofree char *back = after ? fct_network_edit(before, present, error) : NULL;
    if (!back)
        return FALSE;
    job->answer = json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:O}", "name", present->name, "before",
                            before, "after", after, "back", back, "active", active, "redefine", job->redefine, "replug",
                            replug, "autostart", wanted->autostart, "autostart_before", was, "guests", guests);
    return TRUE;
}

static gboolean do_prepare(virConnectPtr conn, gpointer data, GError **error)
{
    Job *job = data;
    g_autoptr(FctNetwork) present = NULL;
    virNetworkPtr handle = fct_virt_network_find(conn, job->wanted->name, &present, error);
    gboolean ok = handle && network_note_places(conn, job, handle, present, error);
    if (handle)
        virNetworkFree(handle);
    return ok;
}

json_t *fct_virt_network_prepare(FctVmm *vmm, const FctNetwork *wanted, gboolean redefine, GError **error)
{
    g_autoptr(Job) job = g_atomic_rc_box_new0(Job);
    job->wanted = fct_network_copy(wanted);
    job->redefine = redefine;
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_QUERY, NULL, CHANGE_MS, do_prepare, job, job_clear, error)
               ? json_incref(job->answer)
               : NULL;
}

/* ---- the definition ---- */

/* The XML that the network is to have. A network that was not stopped yet needs no new bridge to be as before. */
static const char *target_of(const Job *job, virNetworkPtr handle, const FctNetwork *present)
{
    g_autoptr(FctNetwork) live = job->back && present->active ? read_live(handle, NULL) : NULL;
    const char *which = !job->back ? "after" : live && is_like(live, job, "before") ? "before" : "back";
    return fct_json_str(job->change, which, "");
}

static gboolean not_so(const Job *job, GError **error)
{
    return fct_set_error(error, FCT_ERROR_LIBVIRT, "libvirt did not make network %s as it was told.", job_name(job));
}

static gboolean set_definition(virConnectPtr conn, const Job *job, virNetworkPtr handle, const FctNetwork *present,
                               const char *xml, GError **error)
{
    g_autoptr(FctNetwork) wanted = fct_network_read(xml, error);
    if (!wanted)
        return FALSE;
    if (network_is_same(present, wanted))
        return TRUE;
    if (!is_like(present, job, "before") && !is_like(present, job, "after") && !is_like(present, job, "back"))
        return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Look at it, then change it again.", NULL,
                                  "Somebody else has changed network %s meanwhile.", present->name);
    if (!fct_json_bool(job->change, "redefine", TRUE))
        return fct_virt_network_change_dhcp(handle, present, wanted, error);
    virNetworkPtr defined = virNetworkDefineXML(conn, xml);
    if (!defined)
        return fct_virt_network_fail(error, present->name, "defined");
    virNetworkFree(defined);
    return TRUE;
}

static gboolean network_redefine(virConnectPtr conn, const Job *job, virNetworkPtr handle, const FctNetwork *present,
                                 GError **error)
{
    const char *xml = target_of(job, handle, present);
    gboolean autostart = fct_json_bool(job->change, job->back ? "autostart_before" : "autostart", TRUE);
    if (!set_definition(conn, job, handle, present, xml, error))
        return FALSE;
    if (present->autostart != autostart && virNetworkSetAutostart(handle, autostart) < 0)
        return fct_virt_network_fail(error, present->name, "changed");
    g_autoptr(FctNetwork) wanted = fct_network_read(xml, error);
    g_autoptr(FctNetwork) seen = wanted ? fct_virt_network_read(handle, error) : NULL;
    return seen && ((network_is_same(seen, wanted) && seen->autostart == autostart) || not_so(job, error));
}

typedef gboolean (*Step)(virConnectPtr conn, const Job *job, virNetworkPtr handle, const FctNetwork *present,
                         GError **error);

static gboolean with_network(virConnectPtr conn, const Job *job, Step step, GError **error)
{
    g_autoptr(FctNetwork) present = NULL;
    virNetworkPtr handle = fct_virt_network_find(conn, job_name(job), &present, error);
    gboolean ok = handle && step(conn, job, handle, present, error);
    if (handle)
        virNetworkFree(handle);
    return ok;
}

static gboolean network_do_redefine(virConnectPtr conn, gpointer data, GError **error)
{
    return with_network(conn, data, network_redefine, error);
}

gboolean fct_virt_network_define(FctVmm *vmm, const json_t *change, gboolean back, GError **error)
{
    g_autoptr(Job) job = job_new(change);
    job->back = back;
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, NULL, CHANGE_MS, network_do_redefine, job, job_clear, error);
}

/* ---- the restart ---- */

static gboolean network_restart_run(virConnectPtr conn, const Job *job, virNetworkPtr handle, const FctNetwork *present,
                                    GError **error)
{
    g_autoptr(FctNetwork) wanted = fct_network_read(target_of(job, handle, present), error);
    g_autoptr(FctNetwork) live = wanted && present->active ? read_live(handle, error) : NULL;
    if (!wanted || (present->active && !live))
        return FALSE;
    if (live && network_is_same(live, wanted))
        return TRUE;
    if (live && virNetworkDestroy(handle) < 0)
        return fct_virt_network_fail(error, present->name, "stopped");
    if (virNetworkCreate(handle) < 0)
        return fct_virt_network_fail(error, present->name, "started");
    g_autoptr(FctNetwork) seen = read_live(handle, error);
    return seen && (network_is_same(seen, wanted) || not_so(job, error));
}

static gboolean do_restart(virConnectPtr conn, gpointer data, GError **error)
{
    return with_network(conn, data, network_restart_run, error);
}

gboolean fct_virt_network_restart(FctVmm *vmm, const json_t *change, gboolean back, GError **error)
{
    g_autoptr(Job) job = job_new(change);
    job->back = back;
    if (!fct_json_bool(change, "redefine", TRUE) || !fct_json_bool(change, "active", TRUE))
        return TRUE;
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, NULL, CHANGE_MS, do_restart, job, job_clear, error);
}

/* ---- NICs that lost their plug ---- */

typedef struct {
    const Job *job;
    char *bridge; /* the bridge or interface where the network is now */
} Place;

/* The link state that the NIC had before anything was done. */
static const char *link_of(const Job *job, const FctNicXml *nic)
{
    size_t i, k;
    json_t *guest, *one;
    json_array_foreach (json_object_get(job->change, "guests"), i, guest)
        json_array_foreach (json_object_get(guest, "nics"), k, one)
            if (g_strcmp0(fct_json_str(one, "mac", ""), nic->mac) == 0)
                return fct_json_str(one, "link", "up");
    return nic->link;
}

static gboolean is_unplugged(const FctNicXml *nic, gconstpointer data)
{
    const Place *place = data;
    return strcmp(nic->bridge, place->bridge) != 0 || strcmp(nic->link, link_of(place->job, nic)) != 0;
}

static char *bridge_now(virConnectPtr conn, const Job *job, GError **error)
{
    g_autoptr(FctNetwork) present = NULL;
    virNetworkPtr handle = fct_virt_network_find(conn, job_name(job), &present, error);
    g_autoptr(FctNetwork) live = handle && present->active ? read_live(handle, error) : NULL;
    if (handle && !present->active)
        fct_set_error(error, FCT_ERROR_CONFLICT, "Network %s does not run.", present->name);
    if (handle)
        virNetworkFree(handle);
    return live ? g_strdup(live->bridge) : NULL;
}

static gboolean do_unplugged(virConnectPtr conn, gpointer data, GError **error)
{
    Job *job = data;
    g_autofree char *bridge = bridge_now(conn, job, error);
    const Place place = {job, bridge};
    job->answer = bridge ? guests_of(conn, job_name(job), is_unplugged, &place, error) : NULL;
    return job->answer != NULL;
}

json_t *fct_virt_network_unplugged(FctVmm *vmm, const json_t *change, GError **error)
{
    g_autoptr(Job) job = job_new(change);
    if (!fct_json_bool(change, "replug", FALSE))
        return json_array();
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_QUERY, NULL, CHANGE_MS, do_unplugged, job, job_clear, error)
               ? json_incref(job->answer)
               : NULL;
}

/* First without link: a guest that sees its link come back asks for an address again. */
static gboolean nic_plug(virDomainPtr domain, const Job *job, const FctNicXml *nic, GError **error)
{
    g_autofree char *down = fct_nic_with_link(nic, "down");
    g_autofree char *up = fct_nic_with_link(nic, link_of(job, nic));
    if (virDomainUpdateDeviceFlags(domain, down, VIR_DOMAIN_AFFECT_LIVE) == 0 &&
        virDomainUpdateDeviceFlags(domain, up, VIR_DOMAIN_AFFECT_LIVE) == 0)
        return TRUE;
    fct_virt_set_error(error, "A NIC could not be plugged in again");
    return FALSE;
}

static gboolean plug_all(virDomainPtr domain, const Job *job, const Place *place, GError **error)
{
    g_autoptr(GPtrArray) nics = domain_nics_on(domain, job_name(job));
    gboolean ok = TRUE;
    for (guint i = 0; nics && i < nics->len; i++)
        if (is_unplugged(nics->pdata[i], place) && !nic_plug(domain, job, nics->pdata[i], ok ? error : NULL))
            ok = FALSE;
    return ok;
}

static gboolean do_replug(virConnectPtr conn, gpointer data, GError **error)
{
    const Job *job = data;
    g_autofree char *bridge = bridge_now(conn, job, error);
    const Place place = {job, bridge};
    virDomainPtr domain = bridge ? virDomainLookupByUUIDString(conn, job->id) : NULL;
    gboolean ok = domain ? plug_all(domain, job, &place, error) : bridge != NULL; /* a VM that is gone needs no link */
    if (domain)
        virDomainFree(domain);
    return ok;
}

gboolean fct_virt_network_replug(FctVmm *vmm, const json_t *change, const char *id, GError **error)
{
    g_autoptr(Job) job = job_new(change);
    job->id = g_strdup(id);
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, id, REPLUG_MS, do_replug, job, job_clear, error);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "app/networks/networks.h"

#include "app/domains/domains.h"
#include "app/domains/guests.h"
#include "app/networks/cache.h"
#include "app/networks/host_state.h"
#include "app/networks/task.h"
#include "base/read.h"

#include <string.h>

#define FRESH_MS 500   /* a page asks for a list and its first object together: one reading serves both */
#define RECENT_MS 2500 /* age at which a reading is renewed while a page is open */

static gboolean has_libvirt(FctApp *app, GError **error)
{
    if (app->networks)
        return TRUE;
    return fct_set_error(error, FCT_ERROR_UNSUPPORTED, "This node runs without libvirt.");
}

static const FctNetwork *networks_find_by_name(const GPtrArray *networks, const char *name)
{
    for (guint i = 0; i < networks->len; i++)
        if (strcmp(((FctNetwork *)networks->pdata[i])->name, name) == 0)
            return networks->pdata[i];
    return NULL;
}

/* ---- NICs ---- */

static gboolean is_fixed(const FctNetwork *network, const char *mac, const char *address)
{
    for (guint i = 0; i < network->fixed->len; i++) {
        const FctLease *lease = g_ptr_array_index(network->fixed, i);
        if (strcmp(lease->mac, mac) == 0 && strcmp(lease->address, address) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean is_listed(const json_t *list, const char *address)
{
    size_t i;
    json_t *one;
    json_array_foreach ((json_t *)list, i, one)
        if (strcmp(fct_json_str(one, "address", ""), address) == 0)
            return TRUE;
    return FALSE;
}

static void add_address(json_t *list, const char *address, const char *source)
{
    if (!is_listed(list, address))
        json_array_append_new(list, json_pack("{s:s, s:s}", "address", address, "source", source));
}

/*
 * The addresses of a NIC: what DHCP has handed out and what the guest reports; if there are none, what DHCP will hand
 * out.
 */
static json_t *addresses_json(const FctNetwork *network, const char *mac, const json_t *said)
{
    json_t *list = json_array();
    size_t k;
    json_t *own;
    for (guint i = 0; i < network->leases->len; i++) {
        const FctLease *lease = g_ptr_array_index(network->leases, i);
        if (strcmp(lease->mac, mac) == 0)
            add_address(list, lease->address, is_fixed(network, mac, lease->address) ? "static" : "lease");
    }
    json_array_foreach (json_object_get(said, mac), k, own)
        add_address(list, json_string_value(own), "agent");
    for (guint i = 0; json_array_size(list) == 0 && i < network->fixed->len; i++) {
        const FctLease *lease = g_ptr_array_index(network->fixed, i);
        if (strcmp(lease->mac, mac) == 0)
            add_address(list, lease->address, "reserved");
    }
    return list;
}

typedef struct {
    const FctNetwork *network;
    json_t *list;
    GHashTable *known; /* "id mac" */
} Nics;

static void add_nic(Nics *nics, const char *id, const char *name, const char *given, gboolean runs, const json_t *said)
{
    g_autofree char *mac = g_ascii_strdown(given, -1);
    g_autofree char *key = g_strdup_printf("%s %s", id, mac);
    if (!g_hash_table_add(nics->known, g_steal_pointer(&key)))
        return;
    json_array_append_new(nics->list,
                          json_pack("{s:{s:s, s:s}, s:s, s:b, s:o}", "vm", "id", id, "name", name, "mac", mac,
                                    "running", runs, "addresses", addresses_json(nics->network, mac, said)));
}

/* Counts a VM by the NICs that it runs with and by those that its document has. */
json_t *fct_networks_nics(FctApp *app, const FctNetwork *network, const GPtrArray *mine)
{
    g_autoptr(GPtrArray) infos = fct_domains_infos(app->domains);
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Nics nics = {network, json_array(), known};
    for (guint i = 0; i < infos->len; i++) {
        const FctVmInfo *info = g_ptr_array_index(infos, i);
        g_autoptr(json_t) said = NULL;
        size_t k;
        json_t *nic;
        json_array_foreach (info->nics, k, nic) {
            if (strcmp(fct_json_str(nic, "network", ""), network->name) != 0)
                continue;
            if (!said)
                said = fct_guests_addresses(app->guests, info->id);
            add_nic(&nics, info->id, info->name, fct_json_str(nic, "mac", ""), fct_vm_info_active(info), said);
        }
    }
    for (guint i = 0; i < mine->len; i++) {
        const FctVm *vm = g_ptr_array_index(mine, i);
        for (guint k = 0; k < vm->nics->len; k++) {
            const FctVmNic *nic = g_ptr_array_index(vm->nics, k);
            if (strcmp(nic->network, network->name) == 0)
                add_nic(&nics, vm->id, vm->name, nic->mac, FALSE, NULL);
        }
    }
    return nics.list;
}

/* ---- views ---- */

static json_t *nic_network_names(const json_t *nics)
{
    json_t *names = json_array();
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    size_t i;
    json_t *nic;
    json_array_foreach ((json_t *)nics, i, nic) {
        const json_t *vm = json_object_get(nic, "vm");
        if (g_hash_table_add(known, (gpointer)fct_json_str(vm, "id", "")))
            json_array_append(names, json_object_get(vm, "name"));
    }
    return names;
}

static json_t *network_view(FctApp *app, const FctNetwork *network, const GPtrArray *mine)
{
    json_t *json = fct_network_to_json(network);
    json_t *nics = fct_networks_nics(app, network, mine);
    json_object_set_new(json, "vms", nic_network_names(nics));
    json_object_set_new(json, "nics", nics);
    fct_app_stamp(app, json, network->name, network->revision);
    return json;
}

json_t *fct_networks_list(FctApp *app, GError **error)
{
    g_autoptr(GPtrArray) networks = has_libvirt(app, error) ? fct_network_cache_get(app->networks, error) : NULL;
    g_autoptr(GPtrArray) mine = networks ? fct_vm_load_all(app->store, error) : NULL;
    if (!mine)
        return NULL;
    json_t *items = json_array();
    for (guint i = 0; i < networks->len; i++)
        json_array_append_new(items, network_view(app, networks->pdata[i], mine));
    return items;
}

/* The networks; read again if @name is in no recent reading, since it may have been made just now. */
static GPtrArray *networks_read_with(FctApp *app, const char *name, GError **error)
{
    GPtrArray *networks = fct_network_cache_read(app->networks, FRESH_MS, error);
    if (!networks || networks_find_by_name(networks, name))
        return networks;
    g_ptr_array_unref(networks);
    return fct_network_cache_read(app->networks, 0, error);
}

json_t *fct_networks_get(FctApp *app, const char *name, GError **error)
{
    g_autoptr(GPtrArray) networks = has_libvirt(app, error) ? networks_read_with(app, name, error) : NULL;
    const FctNetwork *network = networks ? networks_find_by_name(networks, name) : NULL;
    if (networks && !network)
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no network “%s”.", name);
    g_autoptr(GPtrArray) mine = network ? fct_vm_load_all(app->store, error) : NULL;
    return mine ? network_view(app, network, mine) : NULL;
}

json_t *fct_networks_interfaces(FctApp *app, GError **error)
{
    static const char *const no_routes[] = {NULL};
    g_autoptr(FctHostState) state = has_libvirt(app, error) ? fct_host_state_read(app, no_routes, error) : NULL;
    if (!state)
        return NULL;
    json_t *items = json_array();
    for (guint i = 0; i < state->interfaces->len; i++)
        json_array_append_new(items, fct_host_interface_to_json(state->interfaces->pdata[i]));
    return json_pack("{s:o, s:s}", "items", items, "why", state->why ? state->why : "");
}

/* ---- NICs of VMs ---- */

json_t *fct_networks_addresses(FctApp *app)
{
    return app->networks ? fct_network_cache_addresses(app->networks) : json_object();
}

json_t *fct_networks_addresses_now(FctApp *app)
{
    g_autoptr(GPtrArray) read G_GNUC_UNUSED =
        app->networks ? fct_network_cache_read(app->networks, RECENT_MS, NULL) : NULL;
    return fct_networks_addresses(app);
}

void fct_networks_default_nic(FctApp *app, FctVm *vm)
{
    static const char *const first[] = {"default", "facet"};
    g_autoptr(GPtrArray) networks =
        app->networks ? fct_network_cache_read(app->networks, FRESH_MS, NULL) : g_ptr_array_new();
    const FctNetwork *chosen = NULL;
    for (guint i = 0; !chosen && networks && i < G_N_ELEMENTS(first); i++) {
        const FctNetwork *network = networks_find_by_name(networks, first[i]);
        chosen = network && network->active ? network : NULL;
    }
    for (guint i = 0; !chosen && networks && i < networks->len; i++) {
        const FctNetwork *network = g_ptr_array_index(networks, i);
        chosen = network->active && network->kind == FCT_NETWORK_NAT ? network : NULL;
    }
    if (!chosen)
        return;
    g_autofree char *mac = fct_vm_new_mac();
    FctVmNic *nic = fct_vm_nic_new(chosen->name, mac);
    g_free(nic->model);
    nic->model = g_strdup(fct_vm_default_nic_model(vm));
    g_ptr_array_add(vm->nics, nic);
}

static gboolean mac_is_free(const FctVm *vm, const char *mac, const GPtrArray *mine, GError **error)
{
    for (guint i = 0; i < mine->len; i++) {
        const FctVm *other = g_ptr_array_index(mine, i);
        for (guint k = 0; strcmp(other->id, vm->id) != 0 && k < other->nics->len; k++)
            if (strcmp(((FctVmNic *)other->nics->pdata[k])->mac, mac) == 0)
                return fct_read_refuse(error, "mac", "Another VM has this MAC address: “%s”.", other->name);
    }
    return TRUE;
}

/* Other programs' VMs count too: of two VMs with one address each receives the other's traffic. */
static gboolean is_free_in_libvirt(FctApp *app, const FctVm *vm, const char *mac, GError **error)
{
    g_autoptr(GPtrArray) infos = fct_domains_infos(app->domains);
    for (guint i = 0; i < infos->len; i++) {
        const FctVmInfo *info = g_ptr_array_index(infos, i);
        size_t k;
        json_t *nic;
        if (strcmp(info->id, vm->id) == 0)
            continue;
        json_array_foreach (info->nics, k, nic)
            if (g_ascii_strcasecmp(fct_json_str(nic, "mac", ""), mac) == 0)
                return fct_read_refuse(error, "mac", "Another VM has this MAC address: “%s”.", info->name);
    }
    return TRUE;
}

gboolean fct_networks_check_nics(FctApp *app, const FctVm *vm, GError **error)
{
    g_autoptr(GPtrArray) mine = !vm->nics->len || has_libvirt(app, error) ? fct_vm_load_all(app->store, error) : NULL;
    for (guint i = 0; mine && i < vm->nics->len; i++) {
        const FctVmNic *nic = g_ptr_array_index(vm->nics, i);
        g_autoptr(GPtrArray) networks = networks_read_with(app, nic->network, error);
        if (!networks)
            return FALSE;
        if (!networks_find_by_name(networks, nic->network))
            return fct_read_refuse(error, "nics", "There is no network “%s”.", nic->network);
        if (!fct_network_change_stays(app, nic->network, NULL, error))
            return FALSE;
        if (!mac_is_free(vm, nic->mac, mine, error) || !is_free_in_libvirt(app, vm, nic->mac, error))
            return FALSE;
    }
    return mine != NULL;
}

gboolean fct_networks_guard_nics(FctApp *app, const FctVm *vm, FctWrites *writes, GError **error)
{
    for (guint i = 0; i < vm->nics->len; i++)
        if (!fct_network_change_stays(app, ((FctVmNic *)vm->nics->pdata[i])->network, writes, error))
            return FALSE;
    return TRUE;
}

gboolean fct_networks_refused(FctApp *app, const FctVm *vm, const GError *fault, GError **error)
{
    g_autoptr(FctWrites) again = fct_writes_new();
    return fault->code == FCT_ERROR_REVISION && !fct_networks_guard_nics(app, vm, again, error);
}

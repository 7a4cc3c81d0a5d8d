/* SPDX-License-Identifier: Apache-2.0 */
#include "app/networks.h"

#include "app/hub.h"
#include "app/vm_service.h"

#include <string.h>

/* @name follows @sentence in quotes. */
static gboolean refuse(GError **error, const char *field, const char *sentence, const char *name)
{
    fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", field), "%s “%s”.", sentence,
                       name);
    return FALSE;
}

static GPtrArray *read_all(FctApp *app, GError **error)
{
    if (app->vmm)
        return app->vmm->ops->networks(app->vmm, error);
    fct_set_error(error, FCT_ERROR_UNSUPPORTED, "This node runs without libvirt.");
    return NULL;
}

static const FctNetwork *find(const GPtrArray *networks, const char *name)
{
    for (guint i = 0; i < networks->len; i++)
        if (strcmp(((FctNetwork *)networks->pdata[i])->name, name) == 0)
            return networks->pdata[i];
    return NULL;
}

static const FctNetwork *need(const GPtrArray *networks, const char *name, GError **error)
{
    const FctNetwork *network = find(networks, name);
    if (!network)
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no network “%s”.", name);
    return network;
}

/* ---- views ---- */

static gboolean names_network(const json_t *list, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach ((json_t *)list, i, item)
        if (g_strcmp0(json_string_value(item), name) == 0)
            return TRUE;
    return FALSE;
}

static gboolean has_nic(const FctVm *vm, const char *network)
{
    for (guint i = 0; i < vm->nics->len; i++)
        if (strcmp(((FctVmNic *)vm->nics->pdata[i])->network, network) == 0)
            return TRUE;
    return FALSE;
}

/* Ours by what they shall have and by what they run with, others' by what libvirt says. */
static json_t *vms_on(const char *name, const GPtrArray *mine, const GPtrArray *infos)
{
    json_t *names = json_array();
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < mine->len; i++) {
        const FctVm *vm = g_ptr_array_index(mine, i);
        if (has_nic(vm, name) && g_hash_table_add(known, vm->id))
            json_array_append_new(names, json_string(vm->name));
    }
    for (guint i = 0; i < infos->len; i++) {
        const FctVmInfo *info = g_ptr_array_index(infos, i);
        if (names_network(info->networks, name) && g_hash_table_add(known, info->id))
            json_array_append_new(names, json_string(info->name));
    }
    return names;
}

static json_t *view(FctApp *app, const FctNetwork *network, const GPtrArray *mine, const GPtrArray *infos)
{
    json_t *json = fct_network_to_json(network);
    json_object_set_new(json, "vms", vms_on(network->name, mine, infos));
    fct_app_stamp(app, json, network->name, network->revision);
    return json;
}

json_t *fct_networks_list(FctApp *app, GError **error)
{
    g_autoptr(GPtrArray) networks = read_all(app, error);
    g_autoptr(GPtrArray) mine = networks ? fct_vm_load_all(app->store, error) : NULL;
    if (!mine)
        return NULL;
    g_autoptr(GPtrArray) infos = fct_vms_infos(app->vms);
    json_t *items = json_array();
    for (guint i = 0; i < networks->len; i++)
        json_array_append_new(items, view(app, networks->pdata[i], mine, infos));
    return items;
}

json_t *fct_networks_get(FctApp *app, const char *name, GError **error)
{
    g_autoptr(GPtrArray) networks = read_all(app, error);
    const FctNetwork *network = networks ? need(networks, name, error) : NULL;
    g_autoptr(GPtrArray) mine = network ? fct_vm_load_all(app->store, error) : NULL;
    if (!mine)
        return NULL;
    g_autoptr(GPtrArray) infos = fct_vms_infos(app->vms);
    return view(app, network, mine, infos);
}

static json_t *published(FctApp *app, const char *name, GError **error)
{
    json_t *json = fct_networks_get(app, name, error);
    if (json)
        fct_hub_publish(app->hub, "network", name, json_incref(json));
    return json;
}

/* ---- changes ---- */

static gboolean is_new(const GPtrArray *networks, const FctNetwork *network, GError **error)
{
    if (find(networks, network->name)) {
        fct_set_error_full(error, FCT_ERROR_EXISTS, NULL, json_pack("{s:s}", "field", "name"),
                           "There is a network %s already.", network->name);
        return FALSE;
    }
    for (guint i = 0; i < networks->len; i++) {
        const FctNetwork *other = g_ptr_array_index(networks, i);
        if (fct_network_overlaps(network, other))
            return refuse(error, "subnet", "This subnet has addresses of the network", other->name);
    }
    return TRUE;
}

json_t *fct_networks_create(FctApp *app, const json_t *input, GError **error)
{
    g_autoptr(GPtrArray) networks = read_all(app, error);
    g_autoptr(FctNetwork) network = networks ? fct_network_from_input(input, error) : NULL;
    if (!network || !is_new(networks, network, error) || !app->vmm->ops->network_create(app->vmm, network, error))
        return NULL;
    return published(app, network->name, error);
}

static gboolean is_present(const FctNetwork *network, guint64 revision, GError **error)
{
    if (revision == FCT_REV_ANY || revision == network->revision)
        return TRUE;
    fct_set_error(error, FCT_ERROR_REVISION, "Network %s has changed meanwhile.", network->name);
    return FALSE;
}

json_t *fct_networks_update(FctApp *app, const char *name, const json_t *input, guint64 revision, GError **error)
{
    g_autoptr(GPtrArray) networks = read_all(app, error);
    const FctNetwork *network = networks ? need(networks, name, error) : NULL;
    if (!network || !is_present(network, revision, error))
        return NULL;
    g_autoptr(GPtrArray) fixed = fct_network_read_fixed(network, json_object_get(input, "static_leases"), error);
    if (!fixed || !app->vmm->ops->network_fix(app->vmm, name, fixed, error))
        return NULL;
    return published(app, name, error);
}

gboolean fct_networks_delete(FctApp *app, const char *name, guint64 revision, GError **error)
{
    g_autoptr(GPtrArray) networks = read_all(app, error);
    const FctNetwork *network = networks ? need(networks, name, error) : NULL;
    g_autoptr(GPtrArray) mine = NULL;
    if (!network || !is_present(network, revision, error) || !(mine = fct_vm_load_all(app->store, error)))
        return FALSE;
    g_autoptr(GPtrArray) infos = fct_vms_infos(app->vms);
    g_autoptr(json_t) vms = vms_on(name, mine, infos);
    if (json_array_size(vms) > 0) {
        fct_set_error_full(error, FCT_ERROR_IN_USE, "Take the network out of these VMs first.",
                           json_pack("{s:O}", "holders", vms), "VM %s is attached to this network.",
                           json_string_value(json_array_get(vms, 0)));
        return FALSE;
    }
    if (!app->vmm->ops->network_delete(app->vmm, name, error))
        return FALSE;
    fct_hub_publish_deleted(app->hub, "network", name);
    return TRUE;
}

/* ---- NICs of VMs ---- */

json_t *fct_networks_addresses(FctApp *app)
{
    json_t *by_mac = json_object();
    g_autoptr(GPtrArray) networks = read_all(app, NULL);
    for (guint i = 0; networks && i < networks->len; i++) {
        const GPtrArray *leases = ((FctNetwork *)networks->pdata[i])->leases;
        for (guint k = 0; k < leases->len; k++) {
            const FctLease *lease = g_ptr_array_index(leases, k);
            json_t *list = json_object_get(by_mac, lease->mac);
            if (!list)
                json_object_set_new(by_mac, lease->mac, list = json_array());
            json_array_append_new(list, json_string(lease->address));
        }
    }
    return by_mac;
}

void fct_networks_default_nic(FctApp *app, FctVm *vm)
{
    g_autoptr(GPtrArray) networks = read_all(app, NULL);
    const FctNetwork *network = networks ? find(networks, "default") : NULL;
    if (!network || !network->active)
        return;
    g_autofree char *mac = fct_vm_new_mac();
    FctVmNic *nic = fct_vm_nic_new(network->name, mac);
    g_free(nic->model);
    nic->model = g_strdup(fct_vm_default_nic_model(vm));
    g_ptr_array_add(vm->nics, nic);
}

static gboolean is_free(const FctVm *vm, const char *mac, const GPtrArray *mine, GError **error)
{
    for (guint i = 0; i < mine->len; i++) {
        const FctVm *other = g_ptr_array_index(mine, i);
        for (guint k = 0; strcmp(other->id, vm->id) != 0 && k < other->nics->len; k++)
            if (strcmp(((FctVmNic *)other->nics->pdata[k])->mac, mac) == 0)
                return refuse(error, "mac", "Another VM has this MAC address:", other->name);
    }
    return TRUE;
}

gboolean fct_networks_check_nics(FctApp *app, const FctVm *vm, GError **error)
{
    if (!vm->nics->len)
        return TRUE;
    g_autoptr(GPtrArray) networks = read_all(app, error);
    g_autoptr(GPtrArray) mine = networks ? fct_vm_load_all(app->store, error) : NULL;
    for (guint i = 0; mine && i < vm->nics->len; i++) {
        const FctVmNic *nic = g_ptr_array_index(vm->nics, i);
        if (!find(networks, nic->network))
            return refuse(error, "nics", "There is no network", nic->network);
        if (!is_free(vm, nic->mac, mine, error))
            return FALSE;
    }
    return mine != NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of networks. core/network_plan judges them, in the same way for a preview and for the change itself. */
#include "app/domains/domains.h"
#include "app/domains/snapshot_users.h"
#include "app/domains/vm_docs.h"
#include "app/networks/cache.h"
#include "app/networks/host_state.h"
#include "app/networks/task.h"
#include "app/news/hub.h"
#include "app/news/records.h"
#include "base/read.h"
#include "core/preflight.h"

#include <string.h>

#define FIRST_KEY "mark/first-network"

/* The facts from which a change is judged. */
typedef struct {
    GPtrArray *networks, *coming;
    GPtrArray *all;     /* of both */
    FctHostState *host; /* NULL: not read yet, or libvirt does not answer */
    json_t *nics;       /* NICs in the network in question; NULL: the network is new */
    GArray *users;
    GPtrArray *snapshots;
    FctNetworkScene scene;
    const FctNetwork *present; /* of networks */
    FctNetwork *wanted;
    FctNetworkPlan *plan;
} Proposal;

static void proposal_free(Proposal *proposal)
{
    g_clear_pointer(&proposal->networks, g_ptr_array_unref);
    g_clear_pointer(&proposal->coming, g_ptr_array_unref);
    g_clear_pointer(&proposal->all, g_ptr_array_unref);
    fct_host_state_free(proposal->host);
    json_decref(proposal->nics);
    g_clear_pointer(&proposal->users, g_array_unref);
    g_clear_pointer(&proposal->snapshots, g_ptr_array_unref);
    fct_network_free(proposal->wanted);
    fct_network_plan_free(proposal->plan);
    g_free(proposal);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Proposal, proposal_free)

/* "9.0.0" → 9000000. Asked only when it matters, since a libvirtd answers its first question slowly. */
static guint libvirt_version(FctApp *app)
{
    g_autoptr(json_t) facts = app->vmm->ops->facts(app->vmm, NULL);
    g_auto(GStrv) parts = g_strsplit(fct_json_str(facts, "libvirt", ""), ".", 3);
    guint version = 0;
    for (guint i = 0, unit = 1000000; parts[i]; i++, unit /= 1000)
        version += (guint)g_ascii_strtoull(parts[i], NULL, 10) * unit;
    return version;
}

static GPtrArray *nic_addresses(const json_t *nic)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
    size_t i;
    json_t *address;
    json_array_foreach (json_object_get(nic, "addresses"), i, address)
        g_ptr_array_add(list, g_strdup(fct_json_str(address, "address", "")));
    return list;
}

static void user_clear(gpointer data)
{
    g_ptr_array_unref(((FctNetworkUser *)data)->addresses);
}

static gboolean find_users(FctApp *app, Proposal *proposal, GError **error)
{
    g_autoptr(GPtrArray) mine = fct_vm_load_all(app->store, error);
    size_t i;
    json_t *nic;
    proposal->snapshots = fct_snapshot_users(app, "nics", "network", proposal->present->name, error);
    if (!mine || !proposal->snapshots)
        return FALSE;
    proposal->scene.snapshots = proposal->snapshots;
    proposal->nics = fct_networks_nics(app, proposal->present, mine);
    proposal->users = g_array_new(FALSE, TRUE, sizeof(FctNetworkUser));
    g_array_set_clear_func(proposal->users, user_clear);
    json_array_foreach (proposal->nics, i, nic) {
        FctNetworkUser user = {fct_json_str(json_object_get(nic, "vm"), "name", ""),
                               fct_json_bool(nic, "running", FALSE), nic_addresses(nic)};
        g_array_append_val(proposal->users, user);
    }
    proposal->scene.users = proposal->users;
    return TRUE;
}

/* @name NULL: for a new network. */
static Proposal *proposal_new(FctApp *app, const char *name, const FctNetworkCaller *caller, GError **error)
{
    g_autoptr(Proposal) proposal = g_new0(Proposal, 1);
    if (!app->networks) {
        fct_set_error(error, FCT_ERROR_UNSUPPORTED, "This node runs without libvirt.");
        return NULL;
    }
    proposal->networks = fct_network_cache_read(app->networks, 0, error);
    proposal->coming = proposal->networks ? fct_network_changes_coming(app, name, error) : NULL;
    if (!proposal->coming)
        return NULL;
    proposal->all = g_ptr_array_new();
    g_ptr_array_extend(proposal->all, proposal->networks, NULL, NULL);
    g_ptr_array_extend(proposal->all, proposal->coming, NULL, NULL);
    proposal->scene = (FctNetworkScene){.networks = proposal->all, .local = caller->local, .remote = caller->remote};
    for (guint i = 0; name && i < proposal->networks->len; i++)
        if (strcmp(((FctNetwork *)proposal->networks->pdata[i])->name, name) == 0)
            proposal->present = proposal->networks->pdata[i];
    if (name && !proposal->present) {
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no network “%s”.", name);
        return NULL;
    }
    return !name || find_users(app, proposal, error) ? g_steal_pointer(&proposal) : NULL;
}

/*
 * Reads the host's interfaces and routes as far as @wanted depends on them. The kinds of interfaces are unknown when
 * libvirt does not answer.
 */
static void proposal_read_host(FctApp *app, Proposal *proposal, const FctNetwork *wanted)
{
    g_autofree char *subnet = fct_network_subnet(wanted);
    const char *const within[] = {*subnet ? subnet : NULL, FCT_NETWORK_PROPOSED, NULL};
    proposal->host = fct_host_state_read(app, within, NULL);
    proposal->scene.interfaces = proposal->host && !proposal->host->why ? proposal->host->interfaces : NULL;
    proposal->scene.routes = proposal->host && proposal->host->kernel ? proposal->host->kernel->routes : NULL;
    proposal->scene.more_routes = proposal->scene.routes && proposal->host->kernel->more;
}

static gboolean plan_create(FctApp *app, Proposal *proposal, const json_t *input, GError **error)
{
    proposal->wanted = fct_network_from_input(input, error);
    if (!proposal->wanted)
        return FALSE;
    proposal->scene.libvirt = proposal->wanted->vlan ? libvirt_version(app) : 0;
    proposal_read_host(app, proposal, proposal->wanted);
    proposal->plan = fct_network_plan_create(&proposal->scene, proposal->wanted);
    return TRUE;
}

static gboolean plan_update(FctApp *app, Proposal *proposal, const json_t *input, GError **error)
{
    proposal->wanted = fct_network_changed(proposal->present, input, error);
    if (!proposal->wanted)
        return FALSE;
    proposal->scene.libvirt = proposal->wanted->vlan ? libvirt_version(app) : 0;
    proposal_read_host(app, proposal, proposal->wanted);
    proposal->plan = fct_network_plan_update(&proposal->scene, proposal->present, proposal->wanted);
    return TRUE;
}

/* ---- preview ---- */

static json_t *verdict_texts_json(const GPtrArray *list)
{
    json_t *json = json_array();
    for (guint i = 0; i < list->len; i++)
        json_array_append_new(json, json_string(list->pdata[i]));
    return json;
}

static gboolean read_question(const json_t *body, const char **action, const char **id, const json_t **input,
                              GError **error)
{
    static const char *const actions[] = {"create", "update", "delete", NULL};
    *action = fct_json_str(body, "action", "");
    *id = fct_json_str(body, "id", "");
    *input = json_object_get(body, "input");
    if (!g_strv_contains(actions, *action))
        return fct_read_refuse(error, "action", "The action is create, update or delete.");
    if (strcmp(*action, "create") != 0 && !**id)
        return fct_read_refuse(error, "id", "Name the network that is to be changed or deleted.");
    if (strcmp(*action, "delete") != 0 && !json_is_object(*input))
        return fct_read_refuse(error, "input", "Say what the network shall be.");
    return TRUE;
}

json_t *fct_networks_preview(FctApp *app, const json_t *body, const FctNetworkCaller *caller, GError **error)
{
    const char *action, *id;
    const json_t *input;
    if (!read_question(body, &action, &id, &input, error))
        return NULL;
    gboolean create = strcmp(action, "create") == 0;
    g_autoptr(Proposal) proposal = proposal_new(app, create ? NULL : id, caller, error);
    if (!proposal)
        return NULL;
    if (strcmp(action, "delete") == 0)
        proposal->plan = fct_network_plan_delete(&proposal->scene, proposal->present);
    else if (!(create ? plan_create(app, proposal, input, error) : plan_update(app, proposal, input, error)))
        return NULL;
    return json_pack("{s:o, s:o, s:o}", "changes", verdict_texts_json(proposal->plan->changes), "interrupts",
                     verdict_texts_json(proposal->plan->interrupts), "verdicts",
                     fct_verdicts_to_json(proposal->plan->verdicts));
}

/* ---- acts ---- */

/* The names of the VMs that verdicts say hold the network. */
static json_t *verdict_holders(const GPtrArray *verdicts)
{
    json_t *names = json_array();
    for (guint i = 0; i < verdicts->len; i++) {
        const FctVerdict *verdict = g_ptr_array_index(verdicts, i);
        if (strcmp(verdict->code, "in-use") == 0)
            json_array_append_new(names, json_string(verdict->subject));
    }
    return names;
}

/* The error takes its code from the first verdict that forbids the change; its details list all verdicts. */
static gboolean network_change_allowed(const FctNetworkPlan *plan, const FctNetworkCaller *caller, GError **error)
{
    static const struct {
        const char *verdict;
        FctErrorCode code;
    } codes[] = {{"name-taken", FCT_ERROR_EXISTS}, {"not-ours", FCT_ERROR_CONFLICT}, {"in-use", FCT_ERROR_IN_USE}};
    g_autoptr(GError) refusal = fct_preflight_error(plan->verdicts, caller->confirmed);
    const FctVerdict *first = NULL;
    if (!refusal)
        return TRUE;
    for (guint i = 0; !first && i < plan->verdicts->len; i++) {
        const FctVerdict *verdict = g_ptr_array_index(plan->verdicts, i);
        if (verdict->severity == FCT_BLOCK || verdict->severity == FCT_REFUSE)
            first = verdict;
    }
    if (!first) /* no verdict forbids it: only the user's consent is missing */
        return fct_error_pass(error, &refusal);
    const char *field = fct_network_plan_field(first);
    FctErrorCode code = field ? FCT_ERROR_BAD_REQUEST : FCT_ERROR_REFUSED;
    for (guint i = 0; i < G_N_ELEMENTS(codes); i++)
        if (strcmp(codes[i].verdict, first->code) == 0)
            code = codes[i].code;
    json_t *details = json_pack("{s:o}", "verdicts", fct_verdicts_to_json(plan->verdicts));
    if (field)
        json_object_set_new(details, "field", json_string(field));
    if (code == FCT_ERROR_IN_USE)
        json_object_set_new(details, "holders", verdict_holders(plan->verdicts));
    return fct_set_error_full(error, code, *first->next ? first->next : NULL, details, "%s", first->sentence);
}

static json_t *network_published(FctApp *app, const char *name, GError **error)
{
    g_autoptr(GPtrArray) networks = fct_network_cache_read(app->networks, 0, error);
    fct_network_cache_refresh(app->networks); /* tells the page */
    return networks ? fct_networks_get(app, name, error) : NULL;
}

/*
 * Makes the network, and first the VLAN's interface that it needs. When libvirt refuses the network the interface is
 * deleted again.
 */
static gboolean network_make(FctApp *app, const FctNetwork *wanted, GError **error)
{
    const FctHwOps *hw = app->hw->ops;
    g_autofree char *kept = NULL;
    g_autoptr(GError) fault = NULL;
    if (*wanted->device && !hw->vlan_make(app->hw, wanted->interface, wanted->vlan, wanted->device, error))
        return FALSE;
    if (app->vmm->ops->network_create(app->vmm, wanted, error))
        return TRUE;
    if (!fct_network_device_drop(app, wanted->name, wanted->device, &kept, &fault))
        g_warning("%s", fault->message);
    return FALSE;
}

json_t *fct_networks_create(FctApp *app, const json_t *input, const FctNetworkCaller *caller, GError **error)
{
    if (!app->networks)
        return fct_networks_get(app, "", error);
    fct_network_cache_lock(app->networks);
    g_autoptr(Proposal) proposal = proposal_new(app, NULL, caller, error);
    gboolean ok = proposal && plan_create(app, proposal, input, error) &&
                  network_change_allowed(proposal->plan, caller, error) &&
                  fct_network_change_begin(app, proposal->wanted, error);
    fct_network_cache_unlock(app->networks);
    if (!ok)
        return NULL;
    ok = network_make(app, proposal->wanted, error);
    fct_network_change_end(app, proposal->wanted->name);
    return ok ? network_published(app, proposal->wanted->name, error) : NULL;
}

/* A VLAN's interface of ours does not survive a restart of the host: it is made again before the network starts. */
static gboolean network_start_made(FctApp *app, const FctNetwork *network, GError **error)
{
    if (network->ours && *network->device &&
        !app->hw->ops->vlan_make(app->hw, network->interface, network->vlan, network->device, error))
        return FALSE;
    return app->vmm->ops->network_start(app->vmm, network->name, error);
}

json_t *fct_networks_start(FctApp *app, const char *name, GError **error)
{
    static const FctNetworkCaller nobody = {"", "", FALSE};
    if (!app->networks)
        return fct_networks_get(app, name, error);
    fct_network_cache_lock(app->networks);
    g_autoptr(Proposal) proposal =
        fct_network_change_idle(app, name, error) ? proposal_new(app, name, &nobody, error) : NULL;
    gboolean ok = proposal && (proposal->present->active || network_start_made(app, proposal->present, error));
    fct_network_cache_unlock(app->networks);
    return ok ? network_published(app, name, error) : NULL;
}

static gboolean is_present(const FctNetwork *network, guint64 revision, GError **error)
{
    g_return_val_if_fail(network, FALSE); /* proposal_new has found it */
    if (revision == FCT_REV_ANY || revision == network->revision)
        return TRUE;
    return fct_set_error(error, FCT_ERROR_REVISION, "Network %s has changed meanwhile.", network->name);
}

FctTask *fct_networks_update(FctApp *app, const char *user, const char *name, const json_t *input, guint64 revision,
                             const FctNetworkCaller *caller, GError **error)
{
    FctTask *task = NULL;
    if (app->networks)
        fct_network_cache_lock(app->networks);
    g_autoptr(Proposal) proposal =
        fct_network_change_idle(app, name, error) ? proposal_new(app, name, caller, error) : NULL;
    if (proposal && is_present(proposal->present, revision, error) && plan_update(app, proposal, input, error) &&
        network_change_allowed(proposal->plan, caller, error))
        task = fct_network_change_start(app, user, proposal->present, proposal->wanted, proposal->plan, input, error);
    if (app->networks)
        fct_network_cache_unlock(app->networks);
    return task;
}

FctTask *fct_networks_delete(FctApp *app, const char *user, const char *name, guint64 revision,
                             const FctNetworkCaller *caller, GError **error)
{
    FctTask *task = NULL;
    if (app->networks)
        fct_network_cache_lock(app->networks);
    g_autoptr(Proposal) proposal =
        fct_network_change_idle(app, name, error) ? proposal_new(app, name, caller, error) : NULL;
    if (proposal)
        proposal->plan = fct_network_plan_delete(&proposal->scene, proposal->present);
    if (proposal && is_present(proposal->present, revision, error) &&
        network_change_allowed(proposal->plan, caller, error))
        task = fct_network_delete_start(app, user, proposal->present, error);
    if (app->networks)
        fct_network_cache_unlock(app->networks);
    return task;
}

/* ---- the first network ---- */

static gboolean runs_any(const GPtrArray *networks)
{
    for (guint i = 0; i < networks->len; i++)
        if (((FctNetwork *)networks->pdata[i])->active)
            return TRUE;
    return FALSE;
}

/*
 * Noted before the network is made: after a crash it is better to have no network than to bring one back that somebody
 * deleted.
 */
static gboolean is_first_time(FctApp *app)
{
    g_autoptr(json_t) mark = json_pack("{s:I}", "time_ms", (json_int_t)fct_app_now_ms());
    const FctWrite write = {FIRST_KEY, mark, FCT_REV_NONE};
    return app->store->ops->commit(app->store, &write, 1, NULL, NULL);
}

gboolean fct_networks_make_first(FctApp *app, const GPtrArray *networks)
{
    static const FctNetworkCaller nobody = {"", "", FALSE};
    g_autoptr(GError) fault = NULL;
    static const char *const within[] = {FCT_NETWORK_PROPOSED, NULL};
    if (runs_any(networks) || !is_first_time(app))
        return TRUE;
    g_autoptr(FctHostState) host = fct_host_state_read(app, within, NULL);
    const FctNetworkScene scene = {.networks = networks,
                                   .interfaces = host ? host->interfaces : NULL,
                                   .routes = host && host->kernel ? host->kernel->routes : NULL,
                                   .local = "",
                                   .remote = ""};
    g_autofree char *subnet = fct_network_free_subnet(&scene);
    g_autoptr(json_t) input =
        json_pack("{s:s, s:s, s:s}", "name", "facet", "kind", "nat", "subnet", subnet ? subnet : "");
    g_autoptr(json_t) made = fct_networks_create(app, input, &nobody, &fault);
    if (made)
        fct_event(app, "network", "info", "network", "facet", "facet",
                  "The network facet (NAT, %s) was made, so that the first VM has one.", subnet);
    else
        fct_event(app, "network", "warning", "network", "facet", "facet",
                  "No network runs, and the first one could not be made: %s", fault->message);
    return TRUE;
}

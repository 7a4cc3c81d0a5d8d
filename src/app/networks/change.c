/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of networks. core/network_plan judges them, in the same way for a preview and for the change itself. */
#include "app/domains/domains.h"
#include "app/domains/snapshot_users.h"
#include "app/domains/vm_docs.h"
#include "app/networks/cache.h"
#include "app/networks/host_look.h"
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
    GPtrArray *all;    /* of both */
    FctHostLook *host; /* NULL: not read yet, or libvirt does not answer */
    json_t *nics;      /* NICs in the network in question; NULL: the network is new */
    GArray *users;
    GPtrArray *snapshots;
    FctNetworkScene scene;
    const FctNetwork *present; /* of networks */
    FctNetwork *wanted;
    FctNetworkPlan *plan;
} Look;

static void look_free(Look *look)
{
    g_clear_pointer(&look->networks, g_ptr_array_unref);
    g_clear_pointer(&look->coming, g_ptr_array_unref);
    g_clear_pointer(&look->all, g_ptr_array_unref);
    fct_host_look_free(look->host);
    json_decref(look->nics);
    g_clear_pointer(&look->users, g_array_unref);
    g_clear_pointer(&look->snapshots, g_ptr_array_unref);
    fct_network_free(look->wanted);
    fct_network_plan_free(look->plan);
    g_free(look);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Look, look_free)

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

static GPtrArray *addresses_of(const json_t *nic)
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

static gboolean find_users(FctApp *app, Look *look, GError **error)
{
    g_autoptr(GPtrArray) mine = fct_vm_load_all(app->store, error);
    size_t i;
    json_t *nic;
    look->snapshots = fct_snapshot_users(app, "nics", "network", look->present->name, error);
    if (!mine || !look->snapshots)
        return FALSE;
    look->scene.snapshots = look->snapshots;
    look->nics = fct_networks_nics(app, look->present, mine);
    look->users = g_array_new(FALSE, TRUE, sizeof(FctNetworkUser));
    g_array_set_clear_func(look->users, user_clear);
    json_array_foreach (look->nics, i, nic) {
        FctNetworkUser user = {fct_json_str(json_object_get(nic, "vm"), "name", ""),
                               fct_json_bool(nic, "running", FALSE), addresses_of(nic)};
        g_array_append_val(look->users, user);
    }
    look->scene.users = look->users;
    return TRUE;
}

/* @name NULL: for a new network. */
static Look *look_new(FctApp *app, const char *name, const FctNetworkCaller *caller, GError **error)
{
    g_autoptr(Look) look = g_new0(Look, 1);
    if (!app->networks) {
        fct_set_error(error, FCT_ERROR_UNSUPPORTED, "This node runs without libvirt.");
        return NULL;
    }
    look->networks = fct_network_cache_read(app->networks, 0, error);
    look->coming = look->networks ? fct_network_acts_coming(app, name, error) : NULL;
    if (!look->coming)
        return NULL;
    look->all = g_ptr_array_new();
    g_ptr_array_extend(look->all, look->networks, NULL, NULL);
    g_ptr_array_extend(look->all, look->coming, NULL, NULL);
    look->scene = (FctNetworkScene){.networks = look->all, .local = caller->local, .remote = caller->remote};
    for (guint i = 0; name && i < look->networks->len; i++)
        if (strcmp(((FctNetwork *)look->networks->pdata[i])->name, name) == 0)
            look->present = look->networks->pdata[i];
    if (name && !look->present) {
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no network “%s”.", name);
        return NULL;
    }
    return !name || find_users(app, look, error) ? g_steal_pointer(&look) : NULL;
}

/*
 * Reads the host's interfaces and routes as far as @wanted depends on them. The kinds of interfaces are unknown when
 * libvirt does not answer.
 */
static void look_at_host(FctApp *app, Look *look, const FctNetwork *wanted)
{
    g_autofree char *subnet = fct_network_subnet(wanted);
    const char *const within[] = {*subnet ? subnet : NULL, FCT_NETWORK_PROPOSED, NULL};
    look->host = fct_host_look(app, within, NULL);
    look->scene.interfaces = look->host && !look->host->why ? look->host->interfaces : NULL;
    look->scene.routes = look->host && look->host->kernel ? look->host->kernel->routes : NULL;
    look->scene.more_routes = look->scene.routes && look->host->kernel->more;
}

static gboolean plan_create(FctApp *app, Look *look, const json_t *input, GError **error)
{
    look->wanted = fct_network_from_input(input, error);
    if (!look->wanted)
        return FALSE;
    look->scene.libvirt = look->wanted->vlan ? libvirt_version(app) : 0;
    look_at_host(app, look, look->wanted);
    look->plan = fct_network_plan_create(&look->scene, look->wanted);
    return TRUE;
}

static gboolean plan_update(FctApp *app, Look *look, const json_t *input, GError **error)
{
    look->wanted = fct_network_changed(look->present, input, error);
    if (!look->wanted)
        return FALSE;
    look->scene.libvirt = look->wanted->vlan ? libvirt_version(app) : 0;
    look_at_host(app, look, look->wanted);
    look->plan = fct_network_plan_update(&look->scene, look->present, look->wanted);
    return TRUE;
}

/* ---- preview ---- */

static json_t *texts(const GPtrArray *list)
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
    g_autoptr(Look) look = look_new(app, create ? NULL : id, caller, error);
    if (!look)
        return NULL;
    if (strcmp(action, "delete") == 0)
        look->plan = fct_network_plan_delete(&look->scene, look->present);
    else if (!(create ? plan_create(app, look, input, error) : plan_update(app, look, input, error)))
        return NULL;
    return json_pack("{s:o, s:o, s:o}", "changes", texts(look->plan->changes), "interrupts",
                     texts(look->plan->interrupts), "verdicts", fct_verdicts_to_json(look->plan->verdicts));
}

/* ---- acts ---- */

/* The names of the VMs that verdicts say hold the network. */
static json_t *holders(const GPtrArray *verdicts)
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
static gboolean allowed(const FctNetworkPlan *plan, const FctNetworkCaller *caller, GError **error)
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
        json_object_set_new(details, "holders", holders(plan->verdicts));
    return fct_set_error_full(error, code, *first->next ? first->next : NULL, details, "%s", first->sentence);
}

static json_t *published(FctApp *app, const char *name, GError **error)
{
    g_autoptr(GPtrArray) networks = fct_network_cache_read(app->networks, 0, error);
    fct_network_cache_look(app->networks); /* tells the page */
    return networks ? fct_networks_get(app, name, error) : NULL;
}

/*
 * Makes the network, and first the VLAN's interface that it needs. When libvirt refuses the network the interface is
 * deleted again.
 */
static gboolean make(FctApp *app, const FctNetwork *wanted, GError **error)
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
    g_autoptr(Look) look = look_new(app, NULL, caller, error);
    gboolean ok = look && plan_create(app, look, input, error) && allowed(look->plan, caller, error) &&
                  fct_network_act_begin(app, look->wanted, error);
    fct_network_cache_unlock(app->networks);
    if (!ok)
        return NULL;
    ok = make(app, look->wanted, error);
    fct_network_act_end(app, look->wanted->name);
    return ok ? published(app, look->wanted->name, error) : NULL;
}

/* A VLAN's interface of ours does not survive a restart of the host: it is made again before the network starts. */
static gboolean start(FctApp *app, const FctNetwork *network, GError **error)
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
    g_autoptr(Look) look = fct_network_act_idle(app, name, error) ? look_new(app, name, &nobody, error) : NULL;
    gboolean ok = look && (look->present->active || start(app, look->present, error));
    fct_network_cache_unlock(app->networks);
    return ok ? published(app, name, error) : NULL;
}

static gboolean is_present(const FctNetwork *network, guint64 revision, GError **error)
{
    g_return_val_if_fail(network, FALSE); /* look_new has found it */
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
    g_autoptr(Look) look = fct_network_act_idle(app, name, error) ? look_new(app, name, caller, error) : NULL;
    if (look && is_present(look->present, revision, error) && plan_update(app, look, input, error) &&
        allowed(look->plan, caller, error))
        task = fct_network_change_start(app, user, look->present, look->wanted, look->plan, input, error);
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
    g_autoptr(Look) look = fct_network_act_idle(app, name, error) ? look_new(app, name, caller, error) : NULL;
    if (look)
        look->plan = fct_network_plan_delete(&look->scene, look->present);
    if (look && is_present(look->present, revision, error) && allowed(look->plan, caller, error))
        task = fct_network_delete_start(app, user, look->present, error);
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
    g_autoptr(FctHostLook) host = fct_host_look(app, within, NULL);
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

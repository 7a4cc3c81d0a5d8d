/* SPDX-License-Identifier: Apache-2.0 */
#include "app/vms/api_vm.h"
#include "app/api/api.h"
#include "app/api/list.h"
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/guests.h"
#include "app/domains/vm_doc.h"
#include "app/gpus/holds.h"
#include "app/networks/networks.h"
#include "app/storage/volume_record.h"
#include "app/vms/act/task.h"
#include "app/vms/console/console.h"
#include "app/vms/disks/disks.h"
#include "app/vms/first_boot/first_boot.h"
#include "app/vms/make/adopt.h"
#include "app/vms/make/make.h"
#include "app/vms/power/choose.h"
#include "app/vms/power/power.h"
#include "app/vms/publish.h"
#include "app/vms/state/facts.h"
#include "app/vms/view.h"

#include <string.h>

/* The context, where there is libvirt to ask. */
static FctApp *app_with_vms(const FctRequest *request, GError **error)
{
    if (!request->app->vms)
        fct_set_error(error, FCT_ERROR_UNSUPPORTED, "This node runs without libvirt.");
    return request->app->vms ? request->app : NULL;
}

/* Another program's VM by id or name; NULL: there is none. */
static FctVmInfo *find_foreign(FctApp *app, const char *id)
{
    g_autoptr(GPtrArray) infos = fct_domains_infos(app->domains);
    for (guint i = 0; i < infos->len; i++) {
        const FctVmInfo *info = g_ptr_array_index(infos, i);
        if (strcmp(info->id, id) == 0 || strcmp(info->name, id) == 0)
            return fct_vm_info_ref(info);
    }
    return NULL;
}

/* A VM of ours by id or name. FCT_ERROR_NOT_FOUND also for another program's VM: then *ret_foreign is set. */
static FctVm *vm_find(FctApp *app, const char *id, FctVmInfo **ret_foreign, GError **error)
{
    FctStore *store = app->store;
    g_autoptr(GError) fault = NULL;
    g_autoptr(GError) no_name = NULL;
    FctVm *vm = fct_vm_load(store, id, &fault);
    if (vm || fault->code != FCT_ERROR_NOT_FOUND) {
        if (fault)
            g_propagate_error(error, g_steal_pointer(&fault));
        return vm;
    }
    g_autofree char *key = fct_vm_name_key(id);
    g_autoptr(FctDoc) name = store->ops->get(store, key, &no_name);
    if (name)
        return fct_vm_load(store, fct_json_str(name->value, "id", ""), error);
    *ret_foreign = find_foreign(app, id);
    fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no VM “%s”.", id);
    return NULL;
}

static gboolean check_revision(const FctRequest *request, const FctVm *vm, GError **error)
{
    guint64 revision;
    if (!fct_request_revision(request, &revision, error))
        return FALSE;
    if (revision == FCT_REV_ANY || revision == vm->revision)
        return TRUE;
    return fct_set_error(error, FCT_ERROR_REVISION, "VM %s has changed meanwhile.", vm->name);
}

FctVm *fct_api_vm_ours(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVmInfo) foreign = NULL;
    FctApp *app = app_with_vms(request, error);
    FctVm *vm = app ? vm_find(app, request->id, &foreign, &fault) : NULL;
    if (vm)
        reply->subject = g_strdup_printf("vm %s", vm->name);
    else if (foreign)
        fct_vm_set_foreign_error(error, foreign->name);
    else if (app)
        g_propagate_error(error, g_steal_pointer(&fault));
    if (vm && request->if_match && strcmp(request->route->method, "POST") != 0 && !check_revision(request, vm, error))
        g_clear_pointer(&vm, fct_vm_free);
    return vm;
}

/* Cards that cannot be seen are no error here: the VM's verdicts tell. */
static json_t *vm_answer_view(FctApp *app, const FctVm *vm, GError **error)
{
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    g_autoptr(FctVmOffer) offer = fct_vm_offer_new(app, FALSE, NULL);
    g_autoptr(GPtrArray) holds = fct_holds_list(app->store, vm->id, error);
    g_autoptr(json_t) addresses = fct_networks_addresses_now(app);
    json_t *json = holds ? fct_vm_view(app, offer, vm, info, holds, addresses) : NULL;
    if (json)
        fct_vms_note_view(app, vm->id, json);
    return json;
}

json_t *fct_api_vm_view(FctApp *app, const char *id, GError **error)
{
    g_autoptr(FctVm) vm = fct_vm_load(app->store, id, error);
    return vm ? vm_answer_view(app, vm, error) : NULL;
}

static gboolean list_vms(const FctRequest *request, FctReply *reply, GError **error)
{
    return app_with_vms(request, error) && fct_vm_list(request, reply, error);
}

static gboolean get_vm(const FctRequest *request, FctReply *reply, GError **error)
{
    FctApp *app = app_with_vms(request, error);
    g_autoptr(FctVmInfo) foreign = NULL;
    g_autoptr(GError) fault = NULL;
    if (!app)
        return FALSE;
    g_autoptr(FctVm) vm = vm_find(app, request->id, &foreign, &fault);
    if (!vm && !foreign) {
        g_propagate_error(error, g_steal_pointer(&fault));
        return FALSE;
    }
    json_t *json = vm ? vm_answer_view(app, vm, error) : fct_vm_view_foreign(app, foreign);
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

static gboolean create_vm(const FctRequest *request, FctReply *reply, GError **error)
{
    FctApp *app = app_with_vms(request, error);
    if (!app)
        return FALSE;
    reply->subject = g_strdup_printf("vm %s", fct_json_str(request->body, "name", ""));
    return fct_reply_task(reply, fct_vm_create(app, request->who, request->body, error));
}

/* ---- changing ---- */

/* Updates libvirt's definition while the VM is off, so that virsh shows the same. A running VM keeps what it has. */
static gboolean vm_redefine(FctApp *app, const FctVm *vm, gboolean renamed, GError **error)
{
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    g_autoptr(FctVmSpec) spec = NULL;
    g_autoptr(GError) fault = NULL;
    if (!fct_vm_info_active(info)) {
        spec = fct_record_spec(app, vm, &fault);
        if (spec)
            return app->vmm->ops->define(app->vmm, spec, error);
        /* A disk that cannot be opened now forbids a start, which tells so, but no other change. */
        if (fault->code == FCT_ERROR_REFUSED && !renamed)
            return TRUE;
        g_propagate_error(error, g_steal_pointer(&fault));
        return FALSE;
    }
    if (renamed)
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Stop it first.", json_pack("{s:s}", "field", "name"),
                           "A VM that runs cannot be renamed.");
    return !renamed;
}

/* The media that the drives name. */
static gboolean find_media(FctApp *app, FctVm *vm, GError **error)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        if (disk->cdrom && !disk->seed && !fct_vm_plan_cdrom(app, disk, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean name_taken(FctApp *app, const char *name)
{
    g_autoptr(FctVmInfo) other = find_foreign(app, name);
    return other != NULL;
}

/* FCT_ERROR_CONFLICT: a network of its NICs is being deleted by now. */
static gboolean store_patched(FctApp *app, FctVm *vm, const char *old_name, GError **error)
{
    g_autoptr(FctWrites) writes = fct_writes_new();
    g_autoptr(GError) fault = NULL;
    gboolean renamed = strcmp(vm->name, old_name) != 0;
    if (!fct_networks_guard_nics(app, vm, writes, error))
        return FALSE;
    fct_writes_add(writes, fct_vm_key(vm->id), fct_vm_to_doc(vm), vm->revision);
    if (renamed) {
        fct_writes_add(writes, fct_vm_name_key(old_name), NULL, FCT_REV_ANY);
        fct_writes_add(writes, fct_vm_name_key(vm->name), json_pack("{s:s}", "id", vm->id), FCT_REV_NONE);
    }
    if (fct_writes_commit(app->store, writes, &vm->revision, &fault))
        return TRUE;
    if (!fct_networks_refused(app, vm, fault, error))
        g_propagate_error(error, g_steal_pointer(&fault));
    return FALSE;
}

/* What could not be stored is taken out of libvirt's definition again. */
static void redefine_as_stored(FctApp *app, const char *id)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVm) vm = fct_vm_load(app->store, id, &fault);
    if (!vm || !vm_redefine(app, vm, FALSE, &fault))
        g_warning("VM %s keeps a definition that was not stored: %s", id, fault->message);
}

static gboolean redefine_and_store(FctApp *app, FctVm *vm, const char *old_name, GError **error)
{
    if (!vm_redefine(app, vm, strcmp(vm->name, old_name) != 0, error))
        return FALSE;
    gboolean ok = store_patched(app, vm, old_name, error);
    if (!ok)
        redefine_as_stored(app, vm->id);
    return ok;
}

/* What the host can never give is refused when it is asked for, and not at the next start. */
static gboolean check_host(FctApp *app, const FctVm *vm, const json_t *body, GError **error)
{
    static const char *const fields[] = {"tpm", "vcpus", "memory_mib"};
    gboolean asks = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
        asks |= json_object_get(body, fields[i]) && !json_is_false(json_object_get(body, fields[i]));
    return !asks || fct_vm_facts_check(app, vm, FALSE, body, error);
}

static gboolean vm_patch(FctApp *app, FctVm *vm, const json_t *body, GError **error)
{
    g_autofree char *old_name = g_strdup(vm->name);
    if (!fct_vm_patch(vm, body, error))
        return FALSE;
    fct_vm_make_ids(vm);
    gboolean renamed = strcmp(vm->name, old_name) != 0;
    if (json_object_get(body, "devices")) {
        g_autoptr(FctVmOffer) offer = vm->devices->len ? fct_vm_offer_new(app, FALSE, error) : NULL;
        if (vm->devices->len && (!offer || !fct_vm_check_groups(offer, vm, error)))
            return FALSE;
    }
    if (json_object_get(body, "nics") && !fct_networks_check_nics(app, vm, error))
        return FALSE;
    if ((json_object_get(body, "cdroms") && !find_media(app, vm, error)) || !check_host(app, vm, body, error))
        return FALSE;
    if (renamed && name_taken(app, vm->name))
        return fct_set_error_full(error, FCT_ERROR_EXISTS, NULL, json_pack("{s:s}", "field", "name"),
                                  "There is a VM %s already.", vm->name);
    FctVmDisk *old = NULL;
    gboolean anew = json_object_get(body, "cloud_init") || json_object_get(body, "windows");
    if (anew && !(fct_vm_first_boot_read(vm, body, error) && fct_vm_first_boot_write(app, vm, NULL, NULL, &old, error)))
        return FALSE;
    gboolean ok = redefine_and_store(app, vm, old_name, error);
    if (anew)
        fct_vm_first_boot_settle(app, vm, old, ok);
    if (!ok)
        return FALSE;
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    if (fct_vm_info_active(info))
        fct_vm_apply_live(app, vm);
    return TRUE;
}

static gboolean update_vm(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autoptr(FctVm) vm = fct_api_vm_ours(request, reply, error);
    FctApp *app = request->app;
    if (!vm || !fct_vm_begin(app, &vm, "is being changed", error))
        return FALSE;
    gboolean ok = check_revision(request, vm, error) &&
                  fct_vm_facts_check_outside(app, vm, "cannot be changed", error) &&
                  vm_patch(app, vm, request->body, error);
    fct_acts_end(app->acts, vm->id);
    json_t *json = ok ? fct_api_vm_view(app, vm->id, error) : NULL;
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

/* "vda,vdb"; the older keep_disk=true means the first disk. */
static GStrv read_keep(const FctRequest *request, const FctVm *vm, GError **error)
{
    const char *text = g_hash_table_lookup(request->query, "keep");
    const FctVmDisk *first = fct_vm_first_disk(vm);
    if (!text)
        text = first && fct_request_query_bool(request, "keep_disk", FALSE) ? first->target : "";
    g_auto(GStrv) keep = g_strsplit(text, ",", -1);
    if (!*text && g_hash_table_contains(request->query, "keep")) {
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "Leave “keep” out to keep none.",
                           json_pack("{s:s}", "field", "keep"), "“keep” names no disk.");
        return NULL;
    }
    for (guint i = 0; keep[i]; i++)
        if (!fct_vm_find_disk(vm, keep[i])) {
            fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "keep"),
                               "VM %s has no disk “%s”.", vm->name, keep[i]);
            return NULL;
        }
    return g_steal_pointer(&keep);
}

static gboolean delete_vm(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autoptr(FctVm) vm = fct_api_vm_ours(request, reply, error);
    if (!vm || !check_revision(request, vm, error))
        return FALSE;
    g_auto(GStrv) keep = read_keep(request, vm, error);
    return keep && fct_reply_task(reply, fct_vm_delete(request->app, request->who, g_steal_pointer(&vm),
                                                       (const char *const *)keep, error));
}

/* ---- power ---- */

static gboolean start_vm(const FctRequest *request, FctReply *reply, GError **error)
{
    FctVm *vm = fct_api_vm_ours(request, reply, error);
    return vm && fct_reply_task(reply, fct_vm_start(request->app, request->who, vm, error));
}

static gboolean stop_vm(const FctRequest *request, FctReply *reply, GError **error)
{
    FctVm *vm = fct_api_vm_ours(request, reply, error);
    gboolean force = fct_json_bool(request->body, "force", FALSE);
    return vm && fct_reply_task(reply, fct_vm_stop(request->app, request->who, vm, force, error));
}

static json_t *vm_devices(const FctVm *vm, const GPtrArray *picks)
{
    json_t *devices = json_array();
    for (guint i = 0; i < vm->devices->len; i++) {
        const FctDevice *device = g_ptr_array_index(vm->devices, i);
        int given = 0;
        for (guint p = 0; p < picks->len; p++) {
            const FctHold *pick = g_ptr_array_index(picks, p);
            if (pick->device != (int)i)
                continue;
            json_array_append_new(
                devices, json_pack("{s:i, s:s, s:s}", "index", (int)i, "group", device->group, "part", pick->part));
            given++;
        }
        for (; given < device->count; given++)
            json_array_append_new(devices,
                                  json_pack("{s:i, s:s, s:n}", "index", (int)i, "group", device->group, "part"));
    }
    return devices;
}

static gboolean preflight_vm(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autoptr(FctVm) vm = fct_api_vm_ours(request, reply, error);
    if (!vm)
        return FALSE;
    FctApp *app = request->app;
    g_autoptr(FctVmOffer) offer = fct_vm_offer_new(app, FALSE, NULL);
    g_autoptr(GPtrArray) verdicts = NULL;
    g_autoptr(GPtrArray) picks = NULL;
    fct_vm_facts_refresh(app);
    fct_domains_refresh(app->domains, vm->id); /* it may have ended a moment ago */
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    fct_vm_preflight(app, offer, vm, fct_vm_info_active(info), &verdicts, &picks);
    reply->json = json_pack("{s:b, s:o, s:o}", "can_start", fct_verdicts_allow(verdicts, FALSE), "verdicts",
                            fct_verdicts_to_json(verdicts), "devices", vm_devices(vm, picks));
    return TRUE;
}

/* ---- others' VMs ---- */

static gboolean adopt_vm(const FctRequest *request, FctReply *reply, GError **error)
{
    FctApp *app = app_with_vms(request, error);
    if (!app)
        return FALSE;
    reply->subject = g_strdup_printf("vm %s", request->id);
    if (fct_json_bool(request->body, "preview", FALSE))
        return (reply->json = fct_vm_adoption(app, request->id, error)) != NULL;
    gboolean confirm = fct_json_bool(request->body, "confirm", FALSE);
    const char *digest = fct_json_str(request->body, "digest", "");
    g_autoptr(json_t) lost = NULL;
    g_autofree char *id = fct_vm_adopt(app, request->who, request->id, confirm, digest, &lost, error);
    json_t *json = id ? fct_api_vm_view(app, id, error) : NULL;
    if (!json)
        return FALSE;
    json_object_set(json, "lost", lost);
    fct_reply_resource(reply, 200, json);
    return TRUE;
}

static gboolean release_vm(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autoptr(FctVm) vm = fct_api_vm_ours(request, reply, error);
    return vm && (reply->json = fct_vm_let_go(request->app, request->who, vm->id, error));
}

/* ---- guest ---- */

static gboolean vm_guest(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autoptr(FctVm) vm = fct_api_vm_ours(request, reply, error);
    if (!vm)
        return FALSE;
    FctApp *app = request->app;
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    reply->json = fct_guests_ask(app->guests, vm->id, info);
    return TRUE;
}

/* ---- consoles ---- */

#define VIEWER_MAX 64

/* Borrows from @request and @vm. */
static gboolean console_wish(const FctRequest *request, const FctVm *vm, FctConsoleWish *wish, GError **error)
{
    const char *viewer = g_hash_table_lookup(request->query, "viewer");
    if (viewer && strlen(viewer) > VIEWER_MAX)
        return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "viewer"),
                                  "“viewer” has at most %d characters.", VIEWER_MAX);
    *wish = (FctConsoleWish){vm->id, request->who->user, viewer, fct_request_query_bool(request, "force", FALSE),
                             request->who->login};
    return TRUE;
}

static gboolean vm_consoles(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autoptr(FctVm) vm = fct_api_vm_ours(request, reply, error);
    if (vm)
        reply->json = fct_consoles_view(request->app->consoles, vm->id);
    return vm != NULL;
}

static gboolean vm_serial(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autoptr(FctVm) vm = fct_api_vm_ours(request, reply, error);
    FctApp *app = request->app;
    FctConsoleWish wish;
    return vm && console_wish(request, vm, &wish, error) &&
           fct_console_serial(app->consoles, app->vmm, &wish, reply, error);
}

static gboolean vm_vnc(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autoptr(FctVm) vm = fct_api_vm_ours(request, reply, error);
    FctApp *app = request->app;
    FctConsoleWish wish;
    return vm && console_wish(request, vm, &wish, error) &&
           fct_console_graphics(app->consoles, app->vmm, &wish, reply, error);
}

const FctRoute fct_routes_vm[] = {
    {"GET", "/vms", "vm.read", list_vms,
     .query = FCT_LIST_QUERY " offset:int q:text name:text state:text ours:bool sort:text order:text"},
    {"POST", "/vms", "vm.write", create_vm,
     /* null removes what a template has */
     .body = "name:text image:text? iso:text? volume:object? pool:text? disks:list? cdroms:list? template:text "
             "vcpus:int? memory_mib:int? disk_gib:int? uefi:bool? os:text? tpm:bool? agent:bool? boot:list? "
             "autostart:object? devices:list? nics:list? start:bool description:text? cloud_init:object? "
             "windows:object?"},
    {"GET", "/vms/{id}", "vm.read", get_vm},
    {"PATCH", "/vms/{id}", "vm.write", update_vm,
     .body = "cdroms:list cloud_init:object? windows:object? os:text tpm:bool agent:bool boot:list autostart:object "
             "nics:list name:text vcpus:int memory_mib:int devices:list description:text"},
    {"DELETE", "/vms/{id}", "vm.write", delete_vm, .query = "keep:text keep_disk:bool"},
    {"POST", "/vms/{id}/start", "vm.power", start_vm},
    {"POST", "/vms/{id}/stop", "vm.power", stop_vm, .body = "force:bool"},
    {"POST", "/vms/{id}/adopt", "vm.write", adopt_vm, .body = "preview:bool confirm:bool digest:text"},
    {"POST", "/vms/{id}/release", "vm.write", release_vm},
    {"GET", "/vms/{id}/guest", "vm.read", vm_guest, .slow = TRUE},
    {"GET", "/vms/{id}/preflight", "vm.read", preflight_vm},
    {"GET", "/vms/{id}/console", "vm.read", vm_consoles},
    {"GET", "/vms/{id}/console/serial", "vm.console", vm_serial, .query = "force:bool viewer:text"},
    {"GET", "/vms/{id}/console/vnc", "vm.console", vm_vnc, .query = "viewer:text"},
    {NULL},
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Disks of a VM, and power beyond on and off. */
#include "app/api/api.h"
#include "app/vms/api_vm.h"
#include "app/vms/disks/disks.h"
#include "app/vms/power/power.h"

static gboolean add_disk(const FctRequest *request, FctReply *reply, GError **error)
{
    FctVm *vm = fct_api_vm_ours(request, reply, error);
    return vm && fct_reply_task(reply, fct_vm_disk_add(request->app, request->who, vm, request->body, error));
}

static gboolean grow_disk(const FctRequest *request, FctReply *reply, GError **error)
{
    FctVm *vm = fct_api_vm_ours(request, reply, error);
    g_autofree char *id = vm ? g_strdup(vm->id) : NULL;
    if (!vm || !fct_vm_disk_grow(request->app, vm, request->sub, request->body, error))
        return FALSE;
    json_t *json = fct_api_vm_view(request->app, id, error);
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

static gboolean vm_remove_disk(const FctRequest *request, FctReply *reply, GError **error)
{
    FctVm *vm = fct_api_vm_ours(request, reply, error);
    gboolean keep = fct_request_query_bool(request, "keep", FALSE);
    return vm && fct_reply_task(reply, fct_vm_disk_remove(request->app, request->who, vm, request->sub, keep, error));
}

static gboolean reboot_vm(const FctRequest *request, FctReply *reply, GError **error)
{
    FctVm *vm = fct_api_vm_ours(request, reply, error);
    gboolean force = fct_json_bool(request->body, "force", FALSE);
    return vm && fct_reply_task(reply, fct_vm_reboot(request->app, request->who, vm, force, error));
}

static gboolean restart_vm(const FctRequest *request, FctReply *reply, GError **error)
{
    FctVm *vm = fct_api_vm_ours(request, reply, error);
    gboolean force = fct_json_bool(request->body, "force", FALSE);
    return vm && fct_reply_task(reply, fct_vm_restart(request->app, request->who, vm, force, error));
}

static gboolean pause_vm(const FctRequest *request, FctReply *reply, GError **error)
{
    FctVm *vm = fct_api_vm_ours(request, reply, error);
    return vm && fct_reply_task(reply, fct_vm_pause(request->app, request->who, vm, error));
}

static gboolean resume_vm(const FctRequest *request, FctReply *reply, GError **error)
{
    FctVm *vm = fct_api_vm_ours(request, reply, error);
    return vm && fct_reply_task(reply, fct_vm_resume(request->app, request->who, vm, error));
}

static gboolean continue_vm(const FctRequest *request, FctReply *reply, GError **error)
{
    FctVm *vm = fct_api_vm_ours(request, reply, error);
    return vm && fct_reply_task(reply, fct_vm_continue(request->app, request->who, vm, error));
}

static gboolean drop_saved(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autoptr(FctVm) vm = fct_api_vm_ours(request, reply, error);
    json_t *json = vm && fct_vm_drop_saved(request->app, request->who, vm, error)
                       ? fct_api_vm_view(request->app, vm->id, error)
                       : NULL;
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

const FctRoute fct_routes_vm_hardware[] = {
    {"POST", "/vms/{id}/disks", "vm.write", add_disk, .body = "pool:text size_gib:int bus:text volume:object"},
    {"PATCH", "/vms/{id}/disks/{sub}", "vm.write", grow_disk, .body = "size_gib:int"},
    {"DELETE", "/vms/{id}/disks/{sub}", "vm.write", vm_remove_disk, .query = "keep:bool"},
    {"POST", "/vms/{id}/reboot", "vm.power", reboot_vm, .body = "force:bool"},
    {"POST", "/vms/{id}/restart", "vm.power", restart_vm, .body = "force:bool"},
    {"POST", "/vms/{id}/pause", "vm.power", pause_vm},
    {"POST", "/vms/{id}/resume", "vm.power", resume_vm},
    {"POST", "/vms/{id}/continue", "vm.power", continue_vm},
    {"DELETE", "/vms/{id}/saved", "vm.power", drop_saved},
    {NULL},
};

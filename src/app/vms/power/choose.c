/* SPDX-License-Identifier: Apache-2.0 */
/* What a VM would get, and what stands against its start: core/vm_preflight and the chooser, fed with the present. */
#include "app/vms/power/choose.h"
#include "app/gpus/groups.h"
#include "app/gpus/holds.h"
#include "app/gpus/parts.h"
#include "app/gpus/world.h"
#include "app/shared/writes.h"
#include "app/vms/act/refused.h"
#include "app/vms/first_boot/first_boot.h"
#include "app/vms/state/facts.h"
#include "core/chooser.h"

#include <string.h>

struct FctVmWorld {
    FctInventory *inventory;
    GPtrArray *parts;  /* FctPart* */
    GPtrArray *groups; /* FctGroup* */
};

void fct_vm_world_free(FctVmWorld *world)
{
    if (!world)
        return;
    if (world->groups)
        g_ptr_array_unref(world->groups);
    if (world->parts)
        g_ptr_array_unref(world->parts);
    if (world->inventory)
        fct_inventory_unref(world->inventory);
    g_free(world);
}

FctVmWorld *fct_vm_world_new(FctVms *vms, gboolean fresh, GError **error)
{
    FctApp *app = vms->app;
    g_autoptr(FctVmWorld) world = g_new0(FctVmWorld, 1);
    world->inventory = fresh ? fct_world_refresh(app->world, error) : fct_world_inventory(app->world, error);
    if (!world->inventory)
        return NULL;
    g_autoptr(GPtrArray) reservations = fct_parts_reservations(app, error);
    if (!reservations)
        return NULL;
    world->parts = fct_parts_list(world->inventory, reservations);
    world->groups = fct_groups_all(app, world->parts, error);
    return world->groups ? g_steal_pointer(&world) : NULL;
}

static const FctGroup *find_group(const FctVmWorld *world, const char *id)
{
    for (guint i = 0; world && i < world->groups->len; i++) {
        const FctGroup *group = g_ptr_array_index(world->groups, i);
        if (strcmp(group->id, id) == 0)
            return group;
    }
    return NULL;
}

gboolean fct_vm_world_sees(const FctVmWorld *world, const char *gpu)
{
    const FctGpu *card = world ? fct_inventory_gpu(world->inventory, gpu) : NULL;
    return card && card->state == FCT_GPU_OK;
}

/* A built-in group is there while its parts are seen. One that a card out of sight may have is not taken for gone. */
gboolean fct_vm_world_has_group(const FctVmWorld *world, const char *group)
{
    return find_group(world, group) || (fct_group_id_is_builtin(group) && fct_card_unseen(world->inventory));
}

const char *fct_vm_world_group_name(const FctVmWorld *world, const char *group)
{
    const FctGroup *found = find_group(world, group);
    return found ? found->name : group;
}

json_t *fct_vm_world_part(const FctVmWorld *world, const char *part)
{
    for (guint i = 0; world && i < world->parts->len; i++) {
        const FctPart *found = g_ptr_array_index(world->parts, i);
        if (strcmp(found->id, part) == 0)
            return fct_part_to_json(found);
    }
    return NULL;
}

gboolean fct_vm_check_groups(const FctVmWorld *world, const FctVm *vm, GError **error)
{
    for (guint i = 0; i < vm->devices->len; i++) {
        const FctDevice *device = g_ptr_array_index(vm->devices, i);
        if (fct_vm_world_has_group(world, device->group))
            continue;
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "Choose one of the resource groups in the list.",
                           json_pack("{s:s}", "field", "devices"), "There is no resource group “%s”.", device->group);
        return FALSE;
    }
    return TRUE;
}

FctVmDevice *fct_vm_device_for(const FctHold *hold, guint index)
{
    FctVmDevice *device = fct_vm_device_new();
    g_free(device->alias);
    g_free(device->part);
    g_free(device->label);
    device->alias = g_strdup_printf("ua-facet-gpu%u", index);
    device->part = g_strdup(hold->part);
    device->label =
        g_strdup_printf("%s %s", fct_json_str(hold->what, "gpu_name", "GPU"), fct_json_str(hold->what, "profile", ""));
    g_strchomp(device->label);
    return device;
}

void fct_vm_guard_plans(FctWrites *writes, const GPtrArray *holds)
{
    g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < holds->len; i++) {
        const char *gpu = fct_json_str(((FctHold *)holds->pdata[i])->what, "gpu", "");
        if (g_hash_table_add(done, (gpointer)gpu))
            fct_writes_add(writes, fct_journal_key(gpu), NULL, FCT_REV_NONE);
    }
}

/* What this host cannot pass to a guest at all, in preview as in execution. */
static void check_attach(FctVms *vms, const GPtrArray *picks, GPtrArray *verdicts)
{
    for (guint i = 0; i < picks->len; i++) {
        const FctHold *hold = g_ptr_array_index(picks, i);
        g_autoptr(GError) fault = NULL;
        FctVmDevice *device = fct_vm_device_for(hold, i);
        if (!vms->app->vmm->ops->check_device(vms->app->vmm, device, &fault)) {
            g_autoptr(json_t) json = fct_error_to_json(fault);
            g_autofree char *subject = g_strdup_printf("device %d", hold->device);
            g_ptr_array_add(verdicts, fct_verdict_new(FCT_REFUSE, "cannot-attach", subject,
                                                      fct_json_str(json, "next", ""), "%s", fault->message));
        }
        fct_vm_device_free(device);
    }
}

/* FctHold*: the parts that the VM would get now. */
static GPtrArray *choose(FctVms *vms, const FctVmWorld *world, const FctVm *vm, GPtrArray *verdicts)
{
    GPtrArray *picks = g_ptr_array_new_with_free_func((GDestroyNotify)fct_hold_free);
    g_autoptr(GPtrArray) chosen =
        fct_choose_parts(vm->devices, world->groups, world->parts, vm->id, FCT_PACK, verdicts);
    fct_verdicts_name_unseen(verdicts, world->inventory);
    for (guint i = 0; i < chosen->len; i++) {
        const FctChosen *choice = g_ptr_array_index(chosen, i);
        if (!choice->part)
            continue;
        g_autoptr(json_t) what = fct_part_to_json(choice->part);
        g_ptr_array_add(picks, fct_hold_new(choice->part->id, vm->id, vm->name, (int)choice->device, what));
    }
    check_attach(vms, picks, verdicts);
    return picks;
}

gboolean fct_vm_check_devices(FctVms *vms, const FctVm *vm, GError **error)
{
    if (!vm->devices->len)
        return TRUE;
    g_autoptr(FctVmWorld) world = fct_vm_world_new(vms, TRUE, error);
    if (!world)
        return FALSE;
    g_autoptr(GPtrArray) verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    g_autoptr(GPtrArray) picks G_GNUC_UNUSED = choose(vms, world, vm, verdicts);
    if (fct_verdicts_allow(verdicts, FALSE))
        return TRUE;
    fct_vm_set_refused(error, vm, verdicts, "could not start", "Free that first, or make the VM without a start.");
    return FALSE;
}

void fct_vm_preflight(FctVms *vms, const FctVmWorld *world, const FctVm *vm, gboolean active, GPtrArray **ret_verdicts,
                      GPtrArray **ret_picks)
{
    GPtrArray *verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    GPtrArray *picks = NULL;
    fct_vm_facts_judge(vms, vm, active, verdicts);
    fct_vm_first_boot_check(vm, verdicts);
    if (vm->devices->len && !world) {
        g_ptr_array_add(verdicts, fct_verdict_new(FCT_BLOCK, "no-inventory", "", "Check that facet-helper runs.",
                                                  "The GPUs of this node cannot be seen."));
    } else if (vm->devices->len) {
        picks = choose(vms, world, vm, verdicts);
    }
    *ret_verdicts = verdicts;
    *ret_picks = picks ? picks : g_ptr_array_new_with_free_func((GDestroyNotify)fct_hold_free);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which parts a VM would get, and what forbids its start: core/vm_preflight and the chooser, fed with the present
 * state.
 */
#include "app/vms/power/choose.h"
#include "app/gpus/groups.h"
#include "app/gpus/holds.h"
#include "app/gpus/observer.h"
#include "app/gpus/parts.h"
#include "app/shared/writes.h"
#include "app/vms/act/refused.h"
#include "app/vms/first_boot/first_boot.h"
#include "app/vms/state/facts.h"
#include "core/chooser.h"

#include <string.h>

struct FctVmOffer {
    FctInventory *inventory;
    GPtrArray *parts;  /* FctPart* */
    GPtrArray *groups; /* FctGroup* */
};

void fct_vm_offer_free(FctVmOffer *offer)
{
    if (!offer)
        return;
    if (offer->groups)
        g_ptr_array_unref(offer->groups);
    if (offer->parts)
        g_ptr_array_unref(offer->parts);
    if (offer->inventory)
        fct_inventory_unref(offer->inventory);
    g_free(offer);
}

FctVmOffer *fct_vm_offer_new(FctApp *app, gboolean fresh, GError **error)
{
    g_autoptr(FctVmOffer) offer = g_new0(FctVmOffer, 1);
    offer->inventory =
        fresh ? fct_observer_refresh(app->observer, error) : fct_observer_inventory(app->observer, error);
    if (!offer->inventory)
        return NULL;
    g_autoptr(GPtrArray) reservations = fct_parts_reservations(app, error);
    if (!reservations)
        return NULL;
    offer->parts = fct_parts_list(offer->inventory, reservations);
    offer->groups = fct_groups_all(app, offer->parts, error);
    return offer->groups ? g_steal_pointer(&offer) : NULL;
}

static const FctGroup *offer_find_group(const FctVmOffer *offer, const char *id)
{
    for (guint i = 0; offer && i < offer->groups->len; i++) {
        const FctGroup *group = g_ptr_array_index(offer->groups, i);
        if (strcmp(group->id, id) == 0)
            return group;
    }
    return NULL;
}

gboolean fct_vm_offer_sees(const FctVmOffer *offer, const char *gpu)
{
    const FctGpu *card = offer ? fct_inventory_gpu(offer->inventory, gpu) : NULL;
    return card && card->state == FCT_GPU_OK;
}

/*
 * A built-in group exists while parts of its kind are seen. A card that cannot be seen may have some: then the group
 * does not count as gone.
 */
gboolean fct_vm_offer_has_group(const FctVmOffer *offer, const char *group)
{
    return offer_find_group(offer, group) || (fct_group_id_is_builtin(group) && fct_card_unseen(offer->inventory));
}

const char *fct_vm_offer_group_name(const FctVmOffer *offer, const char *group)
{
    const FctGroup *found = offer_find_group(offer, group);
    return found ? found->name : group;
}

json_t *fct_vm_offer_part(const FctVmOffer *offer, const char *part)
{
    for (guint i = 0; offer && i < offer->parts->len; i++) {
        const FctPart *found = g_ptr_array_index(offer->parts, i);
        if (strcmp(found->id, part) == 0)
            return fct_part_to_json(found);
    }
    return NULL;
}

gboolean fct_vm_check_groups(const FctVmOffer *offer, const FctVm *vm, GError **error)
{
    for (guint i = 0; i < vm->devices->len; i++) {
        const FctDevice *device = g_ptr_array_index(vm->devices, i);
        if (fct_vm_offer_has_group(offer, device->group))
            continue;
        return fct_set_error_full(
            error, FCT_ERROR_BAD_REQUEST, "Choose one of the resource groups that there are (facet group list).",
            json_pack("{s:s}", "field", "devices"), "There is no resource group “%s”.", device->group);
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

/* Devices that this host can never pass to a guest are refused, in preview as in execution. */
static void check_attach(FctApp *app, const GPtrArray *picks, GPtrArray *verdicts)
{
    for (guint i = 0; i < picks->len; i++) {
        const FctHold *hold = g_ptr_array_index(picks, i);
        g_autoptr(GError) fault = NULL;
        FctVmDevice *device = fct_vm_device_for(hold, i);
        if (!app->vmm->ops->check_device(app->vmm, device, &fault)) {
            g_autoptr(json_t) json = fct_error_to_json(fault);
            g_autofree char *subject = g_strdup_printf("device %d", hold->device);
            g_ptr_array_add(verdicts, fct_verdict_new(FCT_REFUSE, "cannot-attach", subject,
                                                      fct_json_str(json, "next", ""), "%s", fault->message));
        }
        fct_vm_device_free(device);
    }
}

/* FctHold*: the parts that the VM would get now. */
static GPtrArray *offer_choose(FctApp *app, const FctVmOffer *offer, const FctVm *vm, GPtrArray *verdicts)
{
    GPtrArray *picks = g_ptr_array_new_with_free_func((GDestroyNotify)fct_hold_free);
    g_autoptr(GPtrArray) chosen =
        fct_choose_parts(vm->devices, offer->groups, offer->parts, vm->id, FCT_PACK, verdicts);
    fct_verdicts_name_unseen(verdicts, offer->inventory);
    for (guint i = 0; i < chosen->len; i++) {
        const FctChosen *choice = g_ptr_array_index(chosen, i);
        if (!choice->part)
            continue;
        g_autoptr(json_t) what = fct_part_to_json(choice->part);
        g_ptr_array_add(picks, fct_hold_new(choice->part->id, vm->id, vm->name, (int)choice->device, what));
    }
    check_attach(app, picks, verdicts);
    return picks;
}

gboolean fct_vm_check_devices(FctApp *app, const FctVm *vm, GError **error)
{
    if (!vm->devices->len)
        return TRUE;
    g_autoptr(FctVmOffer) offer = fct_vm_offer_new(app, TRUE, error);
    if (!offer)
        return FALSE;
    g_autoptr(GPtrArray) verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    g_autoptr(GPtrArray) picks G_GNUC_UNUSED = offer_choose(app, offer, vm, verdicts);
    if (fct_verdicts_allow(verdicts, FALSE))
        return TRUE;
    fct_vm_set_refused(error, vm, verdicts, "could not start", "Free that first, or make the VM without a start.");
    return FALSE;
}

void fct_vm_preflight(FctApp *app, const FctVmOffer *offer, const FctVm *vm, gboolean active, GPtrArray **ret_verdicts,
                      GPtrArray **ret_picks)
{
    GPtrArray *verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    GPtrArray *picks = NULL;
    fct_vm_facts_judge(app, vm, active, verdicts);
    fct_vm_first_boot_check(vm, verdicts);
    if (vm->devices->len && !offer) {
        g_ptr_array_add(verdicts, fct_verdict_new(FCT_BLOCK, "no-inventory", "", "Check that facet-helper runs.",
                                                  "The GPUs of this node cannot be seen."));
    } else if (vm->devices->len) {
        picks = offer_choose(app, offer, vm, verdicts);
    }
    *ret_verdicts = verdicts;
    *ret_picks = picks ? picks : g_ptr_array_new_with_free_func((GDestroyNotify)fct_hold_free);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A VM as the API gives it. */
#include "app/vms/view.h"
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/guests.h"
#include "app/gpus/holds.h"
#include "app/vms/first_boot/first_boot.h"
#include "app/vms/power/choose.h"
#include "app/vms/stuck.h"
#include "core/vm_pending.h"

#include <string.h>

/* A part that the VM holds: as it is now, or, when its card is away, as it was when it was reserved. */
static json_t *part_json(const FctVmOffer *offer, const FctHold *hold)
{
    json_t *part = fct_vm_offer_part(offer, hold->part);
    if (!part) {
        part = json_is_object(hold->what) ? json_deep_copy(hold->what) : json_object();
        json_object_set_new(part, "id", json_string(hold->part));
        json_object_set_new(part, "why",
                            json_string(fct_vm_offer_sees(offer, fct_json_str(part, "gpu", ""))
                                            ? "Another program has removed it. Stop the VM to let go of it."
                                            : "Its card cannot be seen now."));
    }
    json_object_set_new(part, "state", json_string(fct_hold_state_name(hold->state)));
    json_object_set_new(part, "holder",
                        json_pack("{s:s, s:s, s:s}", "kind", "vm", "id", hold->vm, "name", hold->vm_name));
    return part;
}

static json_t *devices_json(FctApp *app, const FctVmOffer *offer, const FctVm *vm, const GPtrArray *holds)
{
    json_t *list = json_array();
    for (guint i = 0; i < vm->devices->len; i++) {
        const FctDevice *device = g_ptr_array_index(vm->devices, i);
        json_t *parts = json_array();
        for (guint h = 0; h < holds->len; h++) {
            const FctHold *hold = g_ptr_array_index(holds, h);
            if (hold->device == (int)i && strcmp(hold->vm, vm->id) == 0)
                json_array_append_new(parts, part_json(offer, hold));
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:b, s:s, s:o}", "group", device->group, "group_name",
                                              fct_vm_offer_group_name(offer, device->group), "count", device->count,
                                              "optional", device->optional, "attach", app->config.part_device, "parts",
                                              parts));
    }
    return list;
}

/* The addresses that DHCP has handed out, and those that only the guest reports: these go to @from_guest as well. */
static json_t *join_addresses(const json_t *leased, const json_t *said, json_t *from_guest)
{
    json_t *all = leased ? json_deep_copy(leased) : json_array();
    for (size_t i = 0; i < json_array_size(said); i++) {
        json_t *address = json_array_get(said, i);
        gboolean there = FALSE;
        for (size_t k = 0; k < json_array_size(all); k++)
            there = there || json_equal(json_array_get(all, k), address);
        if (there)
            continue;
        json_array_append(all, address);
        json_array_append(from_guest, address);
    }
    return all;
}

static json_t *nics_json(const FctVm *vm, const json_t *addresses, const json_t *said)
{
    json_t *list = json_array();
    for (guint i = 0; i < vm->nics->len; i++) {
        const FctVmNic *nic = g_ptr_array_index(vm->nics, i);
        json_t *from_guest = json_array();
        json_t *all = join_addresses(json_object_get(addresses, nic->mac), json_object_get(said, nic->mac), from_guest);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o, s:o}", "network", nic->network, "mac", nic->mac,
                                              "model", nic->model, "addresses", all, "from_guest", from_guest));
    }
    return list;
}

static const char *group_name(gconstpointer offer, const char *group)
{
    return fct_vm_offer_group_name(offer, group);
}

static json_t *disks_json(const FctVm *vm)
{
    json_t *list = json_array();
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        if (!disk->cdrom)
            json_array_append_new(list,
                                  json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "target", disk->target,
                                            "kind", disk->seed ? "seed" : "disk", "pool", disk->pool, "volume",
                                            disk->volume, "path", disk->path, "format", disk->format, "bus", disk->bus,
                                            "made", disk->made, "leaving", disk->leaving));
        if (!disk->cdrom)
            json_object_set_new(json_array_get(list, json_array_size(list) - 1), "size_gib",
                                disk->size_gib ? json_integer(disk->size_gib) : json_null());
    }
    return list;
}

static json_t *cdroms_json(const FctVm *vm)
{
    json_t *list = json_array();
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        if (disk->cdrom)
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b}", "target", disk->target, "file", disk->file,
                                                  "path", disk->path, "seed", disk->seed));
    }
    return list;
}

static json_t *boot_json(const FctVm *vm)
{
    json_t *list = json_array();
    for (guint i = 0; vm->boot[i]; i++)
        json_array_append_new(list, json_string(vm->boot[i]));
    if (!json_array_size(list))
        json_array_append_new(list, json_string("disk"));
    return list;
}

/* Why a running VM has no graphical console in Facet; "" when it has one, or is off. */
static const char *no_graphics(const FctVmInfo *info)
{
    if (!fct_vm_info_active(info) || info->can_graphics)
        return "";
    return info->other_screen ? "The screen of this run is a SPICE one; Facet shows VNC. Open it with virt-viewer on "
                                "the host, or start the VM anew with Facet: from then on it has VNC."
                              : "This run of the VM has no screen. From its next start with Facet it has one.";
}

static void add_hardware(json_t *json, const FctVm *vm)
{
    json_object_set_new(json, "os", json_string(vm->os));
    json_object_set_new(json, "tpm", json_boolean(vm->tpm));
    json_object_set_new(json, "agent", json_boolean(vm->agent));
    json_object_set_new(json, "boot", boot_json(vm));
    fct_vm_first_boot_view(vm, json);
    json_object_set_new(json, "disks", disks_json(vm));
    json_object_set_new(json, "cdroms", cdroms_json(vm));
    json_object_set_new(json, "template", json_string(vm->template));
    json_object_set_new(json, "snapshots", json_integer(fct_json_int(vm->chain, "count", 0)));
    json_object_set_new(json, "autostart",
                        json_pack("{s:b, s:i, s:i}", "enabled", vm->autostart.enabled, "order", vm->autostart.order,
                                  "delay_s", vm->autostart.delay_s));
}

const char *fct_vms_state_name(FctApp *app, const char *id, const FctVmInfo *info)
{
    if (!fct_domains_is_up(app->domains))
        return fct_vm_state_name(FCT_VM_UNKNOWN);
    if (fct_acts_is(app->acts, id, "is being stopped") && fct_vm_info_active(info))
        return fct_vm_state_name(FCT_VM_STOPPING);
    return fct_vm_state_name(info ? info->state : FCT_VM_OFF);
}

static json_t *readings_json(FctApp *app, const char *id, gboolean active)
{
    g_autoptr(json_t) stats = active ? fct_domains_stats(app->domains) : NULL;
    json_t *readings = json_deep_copy(json_object_get(stats, id));
    return readings ? readings : json_null();
}

/* What keeps an idle VM from starting. Warnings do not: preflight shows them. */
json_t *fct_vm_blocked(FctApp *app, const FctVmOffer *offer, const FctVm *vm)
{
    g_autoptr(GPtrArray) verdicts = NULL;
    g_autoptr(GPtrArray) picks = NULL;
    fct_vm_preflight(app, offer, vm, FALSE, &verdicts, &picks);
    for (guint i = verdicts->len; i > 0; i--)
        if (((FctVerdict *)verdicts->pdata[i - 1])->severity == FCT_WARN)
            g_ptr_array_remove_index(verdicts, i - 1);
    return fct_verdicts_to_json(verdicts);
}

json_t *fct_vm_view(FctApp *app, const FctVmOffer *offer, const FctVm *vm, const FctVmInfo *info,
                    const GPtrArray *holds, const json_t *addresses)
{
    gboolean active = fct_vm_info_active(info);
    const FctVmDisk *first = fct_vm_first_disk(vm);
    g_autoptr(json_t) said = NULL;
    json_t *guest = fct_guests_view(app->guests, vm->id, info, &said);
    json_t *json = json_pack(
        "{s:s, s:b, s:s, s:i, s:I, s:i, s:b, s:s, s:s, s:o, s:o, s:b, s:b, s:o, s:I, s:o, s:o}", "name", vm->name,
        "ours", TRUE, "state", fct_vms_state_name(app, vm->id, info), "vcpus", vm->vcpus, "memory_mib",
        (json_int_t)vm->memory_mib, "disk_gib", first ? first->size_gib : 0, "uefi", vm->uefi, "image", vm->image,
        "description", vm->description, "devices", devices_json(app, offer, vm, holds), "nics",
        nics_json(vm, active ? addresses : NULL, said), "can_serial", active && info->can_serial, "can_graphics",
        active && info->can_graphics, "pending_changes", active ? fct_vm_pending(vm, group_name, offer) : json_array(),
        "created_ms", (json_int_t)vm->created_ms, "blocked", active ? json_array() : fct_vm_blocked(app, offer, vm),
        "readings", readings_json(app, vm->id, active));
    add_hardware(json, vm);
    json_object_set_new(json, "guest", guest);
    json_object_set_new(json, "graphics_why_not", json_string(no_graphics(info)));
    g_autofree char *detail = fct_stuck_detail(app->stuck_vms, vm->id, info);
    json_object_set_new(json, "state_detail", json_string(detail));
    fct_app_stamp(app, json, vm->id, vm->revision);
    return json;
}

json_t *fct_vm_view_foreign(FctApp *app, const FctVmInfo *info)
{
    json_t *json =
        json_pack("{s:s, s:b, s:s, s:i, s:I, s:n, s:b, s:s, s:s, s:[], s:[], s:b, s:b, s:[], s:n, s:[], s:o}", "name",
                  info->name, "ours", FALSE, "state", fct_vms_state_name(app, info->id, info), "vcpus", info->vcpus,
                  "memory_mib", (json_int_t)info->memory_mib, "disk_gib", "uefi", FALSE, "image", "", "description", "",
                  "devices", "nics", "can_serial", FALSE, "can_graphics", FALSE, "pending_changes", "created_ms",
                  "blocked", "readings", readings_json(app, info->id, fct_vm_info_active(info)));
    g_autoptr(FctVm) unknown = fct_vm_new(); /* members that only a VM of ours has are empty */
    add_hardware(json, unknown);
    json_object_set_new(json, "os", json_string("other"));
    json_object_set_new(json, "graphics_why_not", json_string(""));
    json_object_set_new(json, "state_detail", json_string(""));
    json_object_set_new(json, "host_name", json_null());
    g_autoptr(json_t) said = NULL;
    json_object_set_new(json, "guest", fct_guests_view(app->guests, info->id, info, &said));
    fct_app_stamp(app, json, info->id, 0);
    return json;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives a running VM those changes that it can take at once: media of CD drives, network interfaces. Other changes wait
 * for the next start and are listed as pending: nothing here fails.
 */
#include "app/domains/domains.h"
#include "app/domains/vm_edit.h"
#include "app/storage/volume_record.h"
#include "app/vms/power/power.h"

#include <string.h>

#define UNPLUG_MS 10000

typedef struct {
    FctApp *app;
    const FctVm *vm; /* as wanted */
    json_t *run;     /* settings of the run; updated as it takes changes */
} Live;

static gboolean live_took(const Live *live, gboolean ok, GError *fault)
{
    if (!ok)
        g_message("VM %s takes a change with its next start: %s", live->vm->name, fault->message);
    g_clear_error(&fault);
    return ok;
}

static size_t place_of(const json_t *list, const char *key, const char *value)
{
    size_t i = 0;
    for (; i < json_array_size(list); i++)
        if (strcmp(fct_json_str(json_array_get(list, i), key, ""), value) == 0)
            break;
    return i;
}

/* A CD of an adopted VM need not be in the library: then it has only a path. */
static gboolean has_another_medium(const json_t *now, const FctVmDisk *drive)
{
    return strcmp(fct_json_str(now, "file", ""), drive->file) != 0 ||
           strcmp(fct_json_str(now, "path", ""), drive->path) != 0;
}

static void change_media(Live *live)
{
    FctVmm *vmm = live->app->vmm;
    json_t *drives = json_object_get(live->run, "disks");
    for (guint i = 0; i < live->vm->disks->len; i++) {
        FctVmDisk *drive = g_ptr_array_index(live->vm->disks, i);
        size_t place = place_of(drives, "target", drive->target);
        const json_t *now = json_array_get(drives, place);
        GError *fault = NULL;
        if (drive->cdrom && now && has_another_medium(now, drive) &&
            live_took(live,
                      fct_record_fill_disk(live->app, drive, &fault) &&
                          vmm->ops->disk_medium(vmm, live->vm->id, drive, &fault),
                      fault))
            json_array_set_new(drives, place, fct_vm_disk_to_json(drive));
    }
}

static json_t *nic_json(const FctVmNic *nic)
{
    return json_pack("{s:s, s:s, s:s}", "network", nic->network, "mac", nic->mac, "model", nic->model);
}

static void add_and_move(Live *live)
{
    FctVmm *vmm = live->app->vmm;
    json_t *nics = json_object_get(live->run, "nics");
    for (guint i = 0; i < live->vm->nics->len; i++) {
        const FctVmNic *nic = g_ptr_array_index(live->vm->nics, i);
        size_t place = place_of(nics, "mac", nic->mac);
        const json_t *now = json_array_get(nics, place);
        GError *fault = NULL;
        if (!now && live_took(live, vmm->ops->nic_attach(vmm, live->vm->id, nic, &fault), fault))
            json_array_append_new(nics, nic_json(nic));
        else if (now && strcmp(fct_json_str(now, "network", ""), nic->network) != 0 &&
                 strcmp(fct_json_str(now, "model", "virtio"), nic->model) == 0 &&
                 live_took(live, vmm->ops->nic_move(vmm, live->vm->id, nic, &fault), fault))
            json_array_set_new(nics, place, nic_json(nic));
    }
}

static gboolean nic_is_wanted(const FctVm *vm, const char *mac)
{
    for (guint i = 0; i < vm->nics->len; i++)
        if (strcmp(((FctVmNic *)vm->nics->pdata[i])->mac, mac) == 0)
            return TRUE;
    return FALSE;
}

static gboolean lacks_nic(const FctVmInfo *info, gpointer data)
{
    return place_of(info->nics, "mac", data) == json_array_size(info->nics);
}

/* The guest was only asked to let the device go: wait until it is seen to be gone (host.md 0.5). */
static void take_away(Live *live)
{
    FctVmm *vmm = live->app->vmm;
    json_t *nics = json_object_get(live->run, "nics");
    for (size_t i = json_array_size(nics); i > 0; i--) {
        g_autofree char *mac = g_strdup(fct_json_str(json_array_get(nics, i - 1), "mac", ""));
        GError *fault = NULL;
        if (!nic_is_wanted(live->vm, mac) &&
            live_took(live, vmm->ops->nic_detach(vmm, live->vm->id, mac, &fault), fault) &&
            fct_domains_await_that(live->app->domains, NULL, live->vm->id, lacks_nic, mac, UNPLUG_MS))
            json_array_remove(nics, i - 1);
    }
}

static void set_run(FctVm *vm, gpointer data)
{
    json_decref(vm->run);
    vm->run = json_incref(data);
}

void fct_vm_apply_live(FctApp *app, const FctVm *vm)
{
    if (!json_is_object(vm->run))
        return;
    g_autoptr(GError) fault = NULL;
    g_autoptr(json_t) run = json_deep_copy(vm->run);
    Live live = {app, vm, run};
    change_media(&live);
    if (json_is_array(json_object_get(run, "nics"))) {
        add_and_move(&live);
        take_away(&live);
    }
    if (!json_equal(run, vm->run) && !fct_vm_edit(app, vm->id, set_run, run, &fault))
        g_warning("VM %s: what it has now could not be stored: %s", vm->name, fault->message);
}

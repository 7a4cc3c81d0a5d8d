/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First-boot data is secret: a user's password as a hash that can be tried, Windows' administrator's as plain as can
 * be, tokens in what people write themselves. So its medium is given to the guest and to nobody else, and once the
 * guest has had it the secrets leave both the medium and the VM's document. Had it: its agent has answered, or a run
 * that began with it has ended, however it ended. The medium stays in its drive with the same instance, so that
 * cloud-init has nothing to do again.
 */
#include "app/vm_first_boot.h"
#include "app/volume_record.h"
#include "app/volumes.h"

#include <string.h>

/* The first-boot drive of a VM of ours that is at @pool and @name, or whose file has the path of that. */
static gboolean is_medium(const FctVm *vm, const char *pool, const char *name, const char *path)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = vm->disks->pdata[i];
        if (!disk->seed)
            continue;
        if ((strcmp(disk->pool, pool) == 0 && strcmp(disk->volume, name) == 0) ||
            (*disk->path && strcmp(disk->path, path) == 0))
            return TRUE;
    }
    return FALSE;
}

static char *released_key(const char *pool, const char *name)
{
    return g_strdup_printf("medium/%s:%s", pool, name);
}

static gboolean refuse(GError **error, const char *name, const char *whose)
{
    fct_set_error_full(error, FCT_ERROR_FORBIDDEN, "Give another VM first-boot data of its own.", NULL,
                       "%s is the first-boot medium of %s%s. It holds secrets, and is for that guest alone.", name,
                       *whose ? "VM " : "a VM", whose);
    return FALSE;
}

gboolean fct_volume_no_medium(FctApp *app, const char *pool, const char *name, GError **error)
{
    if (!app->vms)
        return TRUE;
    g_autoptr(FctVolume) volume = app->vmm->ops->volume(app->vmm, pool, name, NULL);
    g_autoptr(GPtrArray) mine = fct_vms_known(app->vms);
    for (guint i = 0; i < mine->len; i++) {
        const FctVm *vm = ((FctVmKnown *)mine->pdata[i])->vm;
        if (is_medium(vm, pool, name, volume ? volume->path : ""))
            return refuse(error, name, vm->name);
    }
    g_autofree char *key = released_key(pool, name);
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctDoc) released = app->store->ops->get(app->store, key, &fault);
    if (released)
        return refuse(error, name, "");
    if (fault->code == FCT_ERROR_NOT_FOUND)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&fault));
    return FALSE;
}

/* ---- has the guest had it? ---- */

static gboolean is_unspent(const FctVm *vm)
{
    return json_is_object(vm->first_boot) && !fct_json_bool(vm->first_boot, "spent", FALSE);
}

/* The present or the last run began with this very data. */
static gboolean ran_with_it(const FctVm *vm)
{
    const char *run = fct_json_str(vm->run, "first_boot", "");
    return *run && strcmp(run, fct_json_str(vm->first_boot, "instance", "-")) == 0;
}

/* ---- spending ---- */

static void forget(char **secret)
{
    explicit_bzero(*secret, strlen(*secret));
    g_free(*secret);
    *secret = g_strdup("");
}

static void forget_secrets(FctFirstBoot *boot)
{
    boot->had_password |= *boot->hash != '\0' || boot->kind == FCT_FIRST_BOOT_WINDOWS;
    boot->had_user_data |= *boot->user_data != '\0';
    forget(&boot->hash);
    forget(&boot->user_data);
    boot->spent = TRUE;
}

/* Over the whole of it: nothing of what was there is left behind the new end. */
static gboolean overwrite(FctApp *app, const FctVmDisk *drive, GBytes *iso, GError **error)
{
    FctVmm *vmm = app->vmm;
    g_autoptr(FctVolume) volume = vmm->ops->volume(vmm, drive->pool, drive->volume, error);
    if (!volume)
        return FALSE;
    gsize size = MAX((gsize)volume->capacity, g_bytes_get_size(iso));
    g_autofree guint8 *bytes = g_malloc0(size);
    memcpy(bytes, g_bytes_get_data(iso, NULL), g_bytes_get_size(iso));
    if ((gsize)volume->capacity < size && !fct_record_grow_seed(app, volume->pool, volume->name, (gint64)size, error))
        return FALSE;
    FctVmmStream *stream = vmm->ops->volume_open(vmm, volume->pool, volume->name, TRUE, 0, (gint64)size, error);
    if (!stream)
        return FALSE;
    gboolean ok = vmm->ops->stream_write(stream, bytes, size, FALSE, error);
    return vmm->ops->stream_close(stream, ok, ok ? error : NULL) && ok;
}

static gboolean clear_medium(FctVms *vms, const FctVm *vm, const FctFirstBoot *boot, GError **error)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = vm->disks->pdata[i];
        if (!disk->seed || !*disk->pool)
            continue;
        g_autoptr(GBytes) iso = fct_vm_first_boot_iso(vms, vm, boot, error);
        if (!iso || !overwrite(vms->app, disk, iso, error))
            return FALSE;
    }
    return TRUE;
}

/* Other first-boot data may have been asked for meanwhile: that is not spent. */
static void set_spent(FctVm *vm, gpointer data)
{
    const FctFirstBoot *boot = data;
    if (strcmp(fct_json_str(vm->first_boot, "instance", ""), boot->instance) != 0)
        return;
    json_decref(vm->first_boot);
    vm->first_boot = fct_first_boot_to_doc(boot);
}

/* The medium first: whoever dies in between finds the document unspent, and does it again. */
static gboolean spend(FctVms *vms, const FctVm *vm, GError **error)
{
    g_autoptr(FctFirstBoot) boot = fct_first_boot_from_doc(vm->first_boot);
    forget_secrets(boot);
    FctStore *store = vms->app->store;
    return clear_medium(vms, vm, boot, error) && fct_vm_edit(vms, vm->id, set_spent, boot, error) &&
           store->ops->scrub(store, error);
}

void fct_vm_first_boot_look(FctVms *vms, const char *id, gboolean answered)
{
    g_autoptr(FctVmKnown) known = fct_vms_known_one(vms, id);
    g_autoptr(FctVmInfo) info = fct_vms_info(vms, id);
    g_autoptr(GError) fault = NULL;
    if (!known || !info || !is_unspent(known->vm) || !ran_with_it(known->vm))
        return;
    if (!answered && fct_vm_info_active(info))
        return;
    if (spend(vms, known->vm, &fault))
        g_message("VM %s has had its first-boot data: the secrets have left its medium", known->vm->name);
    else
        g_warning("VM %s: the secrets are on its first-boot medium still: %s", known->vm->name, fault->message);
}

void fct_vm_first_boot_look_at_all(FctVms *vms)
{
    g_autoptr(GPtrArray) mine = fct_vms_known(vms);
    for (guint i = 0; i < mine->len; i++)
        fct_vm_first_boot_look(vms, ((FctVmKnown *)mine->pdata[i])->vm->id, FALSE);
}

gboolean fct_vm_first_boot_let_go(FctVms *vms, const FctVm *vm, FctWrites *writes, GError **error)
{
    if (is_unspent(vm) && ran_with_it(vm))
        return spend(vms, vm, error);
    for (guint i = 0; is_unspent(vm) && i < vm->disks->len; i++) {
        const FctVmDisk *disk = vm->disks->pdata[i];
        if (!disk->seed)
            continue;
        fct_writes_add(writes, released_key(disk->pool, disk->volume), json_pack("{s:s}", "vm", vm->id), FCT_REV_ANY);
    }
    return TRUE;
}

void fct_volume_medium_gone(FctApp *app, const char *pool, const char *name)
{
    g_autofree char *key = released_key(pool, name);
    FctWrite write = {key, NULL, FCT_REV_ANY};
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctDoc) released = app->store->ops->get(app->store, key, NULL);
    if (released && !app->store->ops->commit(app->store, &write, 1, NULL, &fault))
        g_warning("%s stays marked as a first-boot medium: %s", name, fault->message);
}

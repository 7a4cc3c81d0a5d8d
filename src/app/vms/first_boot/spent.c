/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First-boot data is secret: the hash of a user's password, which can be tried; the Windows administrator's password in
 * the clear; tokens in user data. So its medium is given to the guest and to nobody else, and once the guest has had
 * the data the secrets are removed from the medium and from the VM's document. The guest has had it when its agent has
 * answered, or when a run that began with it has ended, in whatever way. The medium stays in its drive with the same
 * instance id, so that cloud-init does nothing again.
 */
#include "app/domains/domains.h"
#include "app/domains/vm_docs.h"
#include "app/domains/vm_edit.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "app/vms/first_boot/first_boot.h"

#include <string.h>

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

const char *fct_vm_first_boot_lacks(const FctVm *vm)
{
    g_autoptr(FctFirstBoot) boot = fct_first_boot_from_doc(vm->first_boot);
    gboolean password = boot && boot->had_password && !*boot->hash,
             data = boot && boot->had_user_data && !*boot->user_data;
    return password && data
               ? "Its first-boot data has no password and no user data any more: the guest has had them. Give "
                 "them anew if it shall set itself up again."
           : password ? "Its first-boot data has no password any more: the guest has had it. Give one anew if it "
                        "shall set itself up again."
           : data     ? "Its first-boot data has no user data any more: the guest has had it. Give it anew if it "
                        "shall set itself up again."
                      : NULL;
}

/* ---- spending ---- */

static void secret_forget(char **secret)
{
    explicit_bzero(*secret, strlen(*secret));
    g_free(*secret);
    *secret = g_strdup("");
}

static void forget_secrets(FctFirstBoot *boot)
{
    boot->had_password |= *boot->hash != '\0' || boot->kind == FCT_FIRST_BOOT_WINDOWS;
    boot->had_user_data |= *boot->user_data != '\0';
    secret_forget(&boot->hash);
    secret_forget(&boot->user_data);
    boot->spent = TRUE;
}

/* Overwrites the whole medium, so that nothing of the old data is left behind the new end. */
static gboolean first_boot_overwrite(FctApp *app, const FctVmDisk *drive, GBytes *iso, GError **error)
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

static gboolean clear_medium(FctApp *app, const FctVm *vm, const FctFirstBoot *boot, GError **error)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = vm->disks->pdata[i];
        if (!disk->seed || !*disk->pool)
            continue;
        g_autoptr(GBytes) iso = fct_vm_first_boot_iso(app, vm, boot, error);
        if (!iso || !first_boot_overwrite(app, disk, iso, error))
            return FALSE;
    }
    return TRUE;
}

/* Other first-boot data may have been asked for meanwhile: that has not been used yet. */
static void set_first_boot(FctVm *vm, gpointer data)
{
    const FctFirstBoot *boot = data;
    if (strcmp(fct_json_str(vm->first_boot, "instance", ""), boot->instance) != 0)
        return;
    json_decref(vm->first_boot);
    vm->first_boot = fct_first_boot_to_doc(boot);
}

/*
 * Removes the secrets from the medium, the document and the store's log; only then the data counts as spent. After a
 * crash or a failure in between, the document still says unspent, and all of it is done again.
 */
static gboolean first_boot_spend(FctApp *app, const FctVm *vm, GError **error)
{
    g_autoptr(FctFirstBoot) boot = fct_first_boot_from_doc(vm->first_boot);
    FctStore *store = app->store;
    forget_secrets(boot);
    if (!clear_medium(app, vm, boot, error))
        return FALSE;
    boot->spent = FALSE;
    if (!fct_vm_edit(app, vm->id, set_first_boot, boot, error) || !store->ops->scrub(store, error))
        return FALSE;
    boot->spent = TRUE;
    return fct_vm_edit(app, vm->id, set_first_boot, boot, error);
}

void fct_vm_first_boot_expire(FctApp *app, const char *id, gboolean answered)
{
    g_autoptr(FctVmKnown) known = fct_vm_docs_one(app->vm_docs, id);
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, id);
    g_autoptr(GError) fault = NULL;
    if (!known || !info || !is_unspent(known->vm) || !ran_with_it(known->vm))
        return;
    if (!answered && fct_vm_info_active(info))
        return;
    if (first_boot_spend(app, known->vm, &fault))
        g_message("VM %s has had its first-boot data: the secrets have left its medium", known->vm->name);
    else
        g_warning("VM %s: the secrets are on its first-boot medium still: %s", known->vm->name, fault->message);
}

void fct_vm_first_boot_expire_all(FctApp *app)
{
    g_autoptr(GPtrArray) mine = fct_vm_docs_all(app->vm_docs);
    for (guint i = 0; i < mine->len; i++) {
        const FctVm *vm = ((FctVmKnown *)mine->pdata[i])->vm;
        g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
        if (info && info->state == FCT_VM_RUNNING &&
            !json_is_object(vm->run)) /* begun by virsh while facetd was away */
            fct_vm_note_run(app, vm->id);
        fct_vm_first_boot_expire(app, vm->id, FALSE);
    }
}

gboolean fct_vm_first_boot_let_go(FctApp *app, const FctVm *vm, FctWrites *writes, GError **error)
{
    if (is_unspent(vm) && ran_with_it(vm))
        return first_boot_spend(app, vm, error);
    for (guint i = 0; is_unspent(vm) && i < vm->disks->len; i++) {
        const FctVmDisk *disk = vm->disks->pdata[i];
        if (disk->seed)
            fct_volume_note_medium(disk, vm->id, writes);
    }
    return TRUE;
}

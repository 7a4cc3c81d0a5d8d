/* SPDX-License-Identifier: Apache-2.0 */
#include "app/vms/first_boot/first_boot.h"

#include "app/shared/password_hash.h"
#include "app/storage/storage.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "base/read.h"
#include "base/text.h"
#include "core/first_boot_text.h"

#include <string.h>

#define NAMES_MAX 99

/* ---- what is asked ---- */

static void set_instance(FctFirstBoot *boot, const char *vm)
{
    g_autofree char *chance = fct_app_new_id("");
    g_free(boot->instance);
    boot->instance = g_strdup_printf("%s-%s", vm, chance);
}

static gboolean first_boot_complete(FctVm *vm, FctFirstBoot *boot, GError **error)
{
    gboolean windows = boot->kind == FCT_FIRST_BOOT_WINDOWS;
    if (windows && strcmp(vm->os, "windows") != 0)
        return fct_read_refuse(error, "windows", "Answers for Windows are for a VM whose os is windows.");
    if (!windows && strcmp(vm->os, "windows") == 0)
        return fct_read_refuse(error, "cloud_init", "Windows takes its answers by “windows”, not from cloud-init.");
    set_instance(boot, vm->id);
    if (windows || !*boot->password)
        return TRUE;
    char *hash = fct_password_crypt(boot->password, error);
    if (!hash)
        return FALSE;
    g_free(boot->hash);
    boot->hash = hash;
    return TRUE;
}

gboolean fct_vm_first_boot_read(FctVm *vm, const json_t *input, GError **error)
{
    g_autoptr(GError) fault = NULL;
    if (!json_object_get(input, "cloud_init") && !json_object_get(input, "windows"))
        return TRUE;
    FctFirstBoot *boot = fct_first_boot_from_input(input, &fault);
    if (fault || (boot && !first_boot_complete(vm, boot, &fault))) {
        fct_first_boot_free(boot);
        return fct_error_pass(error, &fault);
    }
    fct_first_boot_free(vm->asked);
    vm->asked = boot;
    json_decref(vm->first_boot);
    vm->first_boot = fct_first_boot_to_doc(boot);
    return TRUE;
}

void fct_vm_first_boot_renew(FctVm *vm)
{
    g_autoptr(FctFirstBoot) boot = fct_first_boot_from_doc(vm->first_boot);
    if (!boot)
        return;
    json_decref(vm->first_boot);
    vm->first_boot = json_null();
    g_clear_pointer(&vm->asked, fct_first_boot_free);
    if (boot->kind == FCT_FIRST_BOOT_WINDOWS)
        return;
    /* A copy must not share the host name or a fixed address with the original. */
    *boot->hostname = '\0';
    *boot->address = '\0';
    boot->spent = FALSE; /* a new instance, which no guest has had */
    set_instance(boot, vm->id);
    vm->first_boot = fct_first_boot_to_doc(boot);
}

char *fct_vm_host_name(const FctVm *vm)
{
    g_autoptr(FctFirstBoot) boot = fct_first_boot_from_doc(vm->first_boot);
    if (strcmp(vm->os, "windows") == 0)
        return fct_windows_computer_name(vm->name, vm->id);
    return fct_cloud_host_name(boot, vm->name, vm->id);
}

/* ---- the volume ---- */

static gboolean has_virtio_cd(const FctVm *vm)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        g_autofree char *file = g_ascii_strdown(disk->file, -1);
        if (disk->cdrom && strstr(file, "virtio-win"))
            return TRUE;
    }
    return FALSE;
}

static GBytes *windows_iso(FctApp *app, const FctVm *vm, const FctFirstBoot *boot, GError **error)
{
    static const char used[] = "Windows has had its answers; the file with the password is no longer here.\r\n";
    if (boot->spent) {
        const FctMediaFile note = {"USED.TXT", used, strlen(used)};
        return app->media->ops->iso(app->media, "ANSWERS", &note, 1, error);
    }
    g_autofree char *name = fct_vm_host_name(vm);
    g_autofree char *answers = fct_windows_answers(boot, name, vm->uefi, has_virtio_cd(vm));
    const FctMediaFile file = {"Autounattend.xml", answers, strlen(answers)};
    GBytes *iso = app->media->ops->iso(app->media, "ANSWERS", &file, 1, error);
    explicit_bzero(answers, strlen(answers));
    return iso;
}

static GBytes *cloud_iso(FctApp *app, const FctVm *vm, const FctFirstBoot *boot, GError **error)
{
    g_autoptr(GPtrArray) macs = g_ptr_array_new();
    for (guint i = 0; i < vm->nics->len; i++)
        g_ptr_array_add(macs, ((FctVmNic *)vm->nics->pdata[i])->mac);
    g_ptr_array_add(macs, NULL);
    g_autofree char *name = fct_cloud_host_name(boot, vm->name, vm->id);
    g_autofree char *user = fct_cloud_user_data(boot), *meta = fct_cloud_meta_data(boot, name);
    g_autofree char *network = fct_cloud_network_config(boot, (const char *const *)macs->pdata);
    const FctMediaFile files[] = {{"user-data", user, strlen(user)},
                                  {"meta-data", meta, strlen(meta)},
                                  {"network-config", network, network ? strlen(network) : 0}};
    return app->media->ops->iso(app->media, "cidata", files, network ? 3 : 2, error);
}

static FctVmDisk *find_seed(const FctVm *vm)
{
    for (guint i = 0; i < vm->disks->len; i++)
        if (((FctVmDisk *)vm->disks->pdata[i])->seed)
            return vm->disks->pdata[i];
    return NULL;
}

/* "db-2-seed.iso", "db-2-seed-2.iso" …: the first name that is unused in the pool. */
static char *free_volume(FctVmm *vmm, const FctVm *vm, const char *pool, GError **error)
{
    for (int n = 1; n <= NAMES_MAX; n++) {
        g_autoptr(GError) fault = NULL;
        g_autofree char *name =
            n == 1 ? g_strdup_printf("%s-seed.iso", vm->name) : g_strdup_printf("%s-seed-%d.iso", vm->name, n);
        g_autoptr(FctVolume) present = vmm->ops->volume(vmm, pool, name, &fault);
        if (present)
            continue;
        if (fault->code == FCT_ERROR_NOT_FOUND)
            return g_steal_pointer(&name);
        fct_error_pass(error, &fault);
        return NULL;
    }
    fct_set_error(error, FCT_ERROR_EXISTS, "There are too many volumes called %s-seed in pool %s.", vm->name, pool);
    return NULL;
}

static gboolean first_boot_fill_drive(FctVmm *vmm, const FctVolume *volume, GBytes *iso, GError **error)
{
    gsize length;
    const guint8 *bytes = g_bytes_get_data(iso, &length);
    FctVmmStream *stream = vmm->ops->volume_open(vmm, volume->pool, volume->name, TRUE, 0, (gint64)length, error);
    if (!stream)
        return FALSE;
    gboolean ok = vmm->ops->stream_write(stream, bytes, length, FALSE, error);
    return vmm->ops->stream_close(stream, ok, ok ? error : NULL) && ok;
}

static char *free_target(const FctVm *vm, const char *prefix)
{
    for (int letter = 'a'; letter < 'z'; letter++) {
        char target[] = {prefix[0], prefix[1], (char)letter, '\0'};
        if (!fct_vm_find_disk(vm, target))
            return g_strdup(target);
    }
    return g_strdup_printf("%sz", prefix);
}

void fct_vm_first_boot_keep(FctVm *vm, const FctVm *before)
{
    for (guint i = vm->disks->len; i-- > 0;)
        if (((FctVmDisk *)vm->disks->pdata[i])->seed)
            g_ptr_array_remove_index(vm->disks, i);
    for (guint i = 0; i < before->disks->len; i++) {
        const FctVmDisk *disk = g_ptr_array_index(before->disks, i);
        if (!disk->seed)
            continue;
        FctVmDisk *drive = fct_vm_disk_copy(disk);
        if (fct_vm_find_disk(vm, drive->target)) {
            g_free(drive->target);
            drive->target = free_target(vm, drive->cdrom ? "sd" : "vd");
        }
        g_ptr_array_add(vm->disks, drive);
    }
}

static const char *pool_of(const FctVm *vm)
{
    const FctVmDisk *disk = fct_vm_first_disk(vm);
    return disk && *disk->pool ? disk->pool : FCT_POOL_OWN;
}

/* cloud-init gets a virtio disk, since kernels made for clouds have no driver for a CD drive; Windows looks on CDs. */
static FctVmDisk *first_boot_drive_new(FctApp *app, const FctVm *vm, gboolean windows, GError **error)
{
    g_autofree char *name = free_volume(app->vmm, vm, pool_of(vm), error);
    if (!name)
        return NULL;
    FctVmDisk *disk = fct_vm_disk_new();
    char **texts[] = {&disk->target, &disk->pool, &disk->volume, &disk->format, &disk->bus};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(*texts[i]);
    /* The last letter, so that vdb is left for the second disk of the guest. */
    disk->target = windows ? free_target(vm, "sd") : g_strdup("vdz");
    disk->bus = g_strdup(windows ? "sata" : "virtio");
    disk->pool = g_strdup(pool_of(vm));
    disk->volume = g_steal_pointer(&name);
    disk->format = g_strdup("raw");
    disk->cdrom = windows;
    disk->read_only = disk->made = disk->seed = TRUE;
    return disk;
}

/* Makes the volume of @drive. *ret_foreign: a volume of that name exists now and is not ours. */
static gboolean first_boot_make_volume(FctApp *app, const FctVm *vm, FctVmDisk *drive, GBytes *iso,
                                       gboolean *ret_foreign, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVolumeRecord) plan = fct_volume_record_new(drive->pool, drive->volume, "raw");
    fct_text_set(&plan->vm, vm->id);
    plan->seed = TRUE;
    gint64 size = (gint64)g_bytes_get_size(iso);
    g_autoptr(FctVolume) volume = fct_record_create(app, plan, size, FALSE, NULL, NULL, &fault);
    *ret_foreign = fault && fault->code == FCT_ERROR_EXISTS;
    if (volume && first_boot_fill_drive(app->vmm, volume, iso, &fault) &&
        fct_volume_zero(app, drive->pool, drive->volume, size, NULL, NULL, &fault) &&
        fct_record_complete(app, drive->pool, drive->volume, &fault)) {
        g_free(drive->path);
        drive->path = g_strdup(volume->path);
        return TRUE;
    }
    if (volume)
        fct_record_abandon(app, drive->pool, drive->volume, volume->path, NULL);
    return fct_error_pass(error, &fault);
}

GBytes *fct_vm_first_boot_iso(FctApp *app, const FctVm *vm, const FctFirstBoot *boot, GError **error)
{
    if (!app->media) {
        fct_set_error(error, FCT_ERROR_UNSUPPORTED, "This facetd makes no first-boot data.");
        return NULL;
    }
    return (boot->kind == FCT_FIRST_BOOT_WINDOWS ? windows_iso : cloud_iso)(app, vm, boot, error);
}

static gboolean first_boot_add_drive(FctApp *app, FctVm *vm, const FctFirstBoot *stored, FctVmAnnounce announce,
                                     gpointer data, GError **error)
{
    gboolean foreign = FALSE;
    g_autoptr(GBytes) iso = fct_vm_first_boot_iso(app, vm, vm->asked ? vm->asked : stored, error);
    FctVmDisk *drive = iso ? first_boot_drive_new(app, vm, stored->kind == FCT_FIRST_BOOT_WINDOWS, error) : NULL;
    if (!drive)
        return FALSE;
    g_ptr_array_add(vm->disks, drive);
    if ((!announce || announce(vm, data, error)) && first_boot_make_volume(app, vm, drive, iso, &foreign, error))
        return TRUE;
    if (foreign || !announce) /* the caller, who announced it, takes the announcement back */
        g_ptr_array_remove(vm->disks, drive);
    return FALSE;
}

gboolean fct_vm_first_boot_write(FctApp *app, FctVm *vm, FctVmAnnounce announce, gpointer data, FctVmDisk **ret_old,
                                 GError **error)
{
    g_autoptr(FctFirstBoot) stored = fct_first_boot_from_doc(vm->first_boot);
    FctVmDisk *seed = find_seed(vm), *old = seed ? fct_vm_disk_copy(seed) : NULL;
    if (seed)
        g_ptr_array_remove(vm->disks, seed);
    if (stored && !first_boot_add_drive(app, vm, stored, announce, data, error)) {
        if (old)
            g_ptr_array_add(vm->disks, old);
        return FALSE;
    }
    g_clear_pointer(&vm->asked, fct_first_boot_free);
    *ret_old = old;
    return TRUE;
}

void fct_vm_first_boot_settle(FctApp *app, const FctVm *vm, FctVmDisk *old, gboolean stored)
{
    g_autoptr(FctVmDisk) own = old;
    const FctVmDisk *gone = stored ? own : find_seed(vm);
    if (gone && gone->made && *gone->pool && !fct_record_abandon(app, gone->pool, gone->volume, gone->path, NULL))
        fct_storage_sweep_later(app->storage); /* it is deleted as soon as possible; nobody reads it until then */
}

/* ---- what is told about it ---- */

void fct_vm_first_boot_check(const FctVm *vm, GPtrArray *verdicts)
{
    gboolean virtio = FALSE;
    if (strcmp(fct_json_str(vm->first_boot, "kind", ""), "windows") != 0 || json_is_object(vm->run) ||
        has_virtio_cd(vm))
        return;
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        virtio = virtio || (!disk->cdrom && strcmp(disk->bus, "virtio") == 0);
    }
    if (virtio)
        g_ptr_array_add(verdicts,
                        fct_verdict_new(FCT_WARN, "no-virtio-driver", "",
                                        "Attach the CD virtio-win from the file library, or make the disk a SATA one.",
                                        "Windows’ Setup has no driver for this VM’s virtio disk and will not see it."));
}

void fct_vm_first_boot_view(const FctVm *vm, json_t *view)
{
    g_autoptr(FctFirstBoot) boot = fct_first_boot_from_doc(vm->first_boot);
    json_object_set_new(view, "cloud_init", fct_first_boot_view(boot, FCT_FIRST_BOOT_CLOUD_INIT));
    g_autofree char *name = fct_vm_host_name(vm);
    json_object_set_new(view, "host_name", json_string(name));
    json_object_set_new(view, "windows", fct_first_boot_view(boot, FCT_FIRST_BOOT_WINDOWS));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the drives that people ask for: a disk without a volume is to be made, one with a volume exists. */
#include "base/read.h"
#include "model/storage.h"
#include "model/vm.h"

#include <string.h>

#define ISO_DISK_GIB 20
#define DISK_MAX_GIB 65536
#define DISKS_MAX 16
#define CDROMS_MAX 4

static void disk_text_set(char **field, const char *text)
{
    g_free(*field);
    *field = g_strdup(text);
}

/* "vda", "vdb" … for virtio, "sda" … for everything else; "" when all letters are taken. */
static char *next_target(const FctVm *vm, const char *bus)
{
    const char *prefix = strcmp(bus, "virtio") == 0 ? "vd" : "sd";
    for (int letter = 'a'; letter <= 'z'; letter++) {
        char target[] = {prefix[0], prefix[1], (char)letter, '\0'};
        if (!fct_vm_find_disk(vm, target))
            return g_strdup(target);
    }
    return g_strdup("");
}

/* Disks as people count them: neither CD drives nor first-boot media. */
static gboolean bus_has_room(const FctVm *vm, const FctVmDisk *wanted, GError **error)
{
    guint disks = 0;
    for (guint i = 0; i < vm->disks->len; i++)
        disks += !((FctVmDisk *)vm->disks->pdata[i])->cdrom && !((FctVmDisk *)vm->disks->pdata[i])->seed;
    if (disks <= DISKS_MAX && *wanted->target)
        return TRUE;
    return fct_read_refuse(error, "disks",
                           "A VM has room for 17 disks, and on each bus for 26 drives: take one out first.");
}

static FctVmDisk *input_drive_new(const FctVm *vm, const char *bus)
{
    FctVmDisk *disk = fct_vm_disk_new();
    disk_text_set(&disk->bus, bus);
    g_free(disk->target);
    disk->target = next_target(vm, bus);
    return disk;
}

/* A Windows that was not prepared for it cannot read a virtio disk. */
static const char *default_bus(const FctVm *vm)
{
    return strcmp(vm->os, "windows") == 0 ? "sata" : "virtio";
}

static gboolean read_volume(const json_t *json, FctVmDisk *disk, GError **error)
{
    static const char *const known[] = {"pool", "name", "format", NULL};
    static const char *const formats[] = {"raw", "qcow2", NULL};
    const char *pool, *name;
    if (!json_is_object(json))
        return fct_read_refuse(error, "volume", "“volume” must be an object with a pool and a name.");
    if (!fct_read_only(json, known, error) || !fct_read_str(json, "pool", &pool, error) ||
        !fct_read_str(json, "name", &name, error))
        return FALSE;
    if (!*pool || !*name)
        return fct_read_refuse(error, "volume", "Name the pool and the volume.");
    disk_text_set(&disk->pool, pool);
    disk_text_set(&disk->volume, name);
    return fct_read_opt_word(json, "format", formats, &disk->format, error);
}

static gboolean read_pool(const json_t *json, FctVmDisk *disk, GError **error)
{
    const char *pool = FCT_POOL_OWN;
    if (json_object_get(json, "pool") && !fct_read_str(json, "pool", &pool, error))
        return FALSE;
    disk_text_set(&disk->pool, pool);
    return TRUE;
}

FctVmDisk *fct_vm_read_disk(const FctVm *vm, const json_t *json, GError **error)
{
    static const char *const known[] = {"pool", "size_gib", "bus", "volume", NULL};
    static const char *const buses[] = {"virtio", "sata", NULL};
    g_autofree char *bus = g_strdup(default_bus(vm));
    gint64 size = 0;
    if (!json_is_object(json)) {
        fct_read_refuse(error, "disks", "Each disk must be an object.");
        return NULL;
    }
    if (!fct_read_only(json, known, error) || !fct_read_opt_word(json, "bus", buses, &bus, error))
        return NULL;
    g_autoptr(FctVmDisk) disk = input_drive_new(vm, bus);
    if (!bus_has_room(vm, disk, error))
        return NULL;
    if (json_object_get(json, "volume")) {
        if (json_object_get(json, "size_gib") || json_object_get(json, "pool")) {
            fct_read_refuse(error, "volume", "A volume has its pool and its size already: leave out both.");
            return NULL;
        }
        return read_volume(json_object_get(json, "volume"), disk, error) ? g_steal_pointer(&disk) : NULL;
    }
    if (!read_pool(json, disk, error) || !fct_read_int(json, "size_gib", 1, DISK_MAX_GIB, &size, error))
        return NULL;
    disk->size_gib = (int)size;
    return g_steal_pointer(&disk);
}

static gboolean is_own_cdrom(const FctVmDisk *disk)
{
    return disk && disk->cdrom && !disk->seed;
}

static FctVmDisk *cdrom_at(const FctVm *vm, guint place)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        if (is_own_cdrom(disk) && place-- == 0)
            return disk;
    }
    return NULL;
}

static gboolean names_target(const json_t *list)
{
    size_t i;
    json_t *json;
    json_array_foreach ((json_t *)list, i, json)
        if (json_object_get(json, "target"))
            return TRUE;
    return FALSE;
}

/*
 * FALSE with @error: there is no such drive. *@ret NULL: a new one. A list without any target is in the drives' order.
 */
static gboolean find_cdrom(const FctVm *vm, const json_t *list, size_t place, const FctVmDisk **ret, GError **error)
{
    const json_t *json = json_array_get(list, place);
    const char *target = "";
    *ret = names_target(list) ? NULL : cdrom_at(vm, (guint)place);
    if (!json_object_get(json, "target"))
        return TRUE;
    if (!fct_read_str(json, "target", &target, error))
        return FALSE;
    for (size_t i = 0; i < place; i++)
        if (strcmp(fct_json_str(json_array_get(list, i), "target", ""), target) == 0)
            return fct_read_refuse(error, "cdroms", "Two of the CD drives have the same target.");
    const FctVmDisk *disk = fct_vm_find_disk(vm, target);
    *ret = is_own_cdrom(disk) ? disk : NULL;
    return *ret || fct_read_refuse(error, "cdroms", "The VM has no CD drive of that target.");
}

/* A CD that is not from the library has only a path, which stays unless the drive is to be empty. */
static void put_medium(FctVmDisk *drive, const json_t *json, const char *file)
{
    gboolean stays = !json_object_get(json, "file") && (!*drive->file || json_object_get(json, "target"));
    if (stays || (*file && strcmp(drive->file, file) == 0))
        return;
    disk_text_set(&drive->file, file);
    disk_text_set(&drive->path, "");
    disk_text_set(&drive->pool, "");
    disk_text_set(&drive->volume, "");
}

static FctVmDisk *read_cdrom(const FctVm *vm, const json_t *list, size_t place, GError **error)
{
    static const char *const known[] = {"target", "file", NULL};
    const json_t *json = json_array_get(list, place);
    const FctVmDisk *old;
    const char *file = "";
    if (!json_is_object(json)) {
        fct_read_refuse(error, "cdroms", "Each CD drive must be an object with a file.");
        return NULL;
    }
    if (!fct_read_only(json, known, error) ||
        (json_object_get(json, "file") && !fct_read_str(json, "file", &file, error)) ||
        !find_cdrom(vm, list, place, &old, error))
        return NULL;
    FctVmDisk *drive = old ? fct_vm_disk_copy(old) : fct_vm_disk_new();
    drive->cdrom = drive->read_only = TRUE;
    disk_text_set(&drive->bus, "sata");
    disk_text_set(&drive->format, "raw");
    put_medium(drive, json, file);
    return drive;
}

gboolean fct_vm_read_cdroms(FctVm *vm, const json_t *list, GError **error)
{
    if (!json_is_array(list) || json_array_size(list) > CDROMS_MAX)
        return fct_read_refuse(error, "cdroms", "The CD drives must be a list of at most 4.");
    g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_disk_free);
    for (size_t i = 0; i < json_array_size(list); i++) {
        FctVmDisk *drive = read_cdrom(vm, list, i, error);
        if (!drive)
            return FALSE;
        g_ptr_array_add(read, drive);
    }
    for (guint i = vm->disks->len; i > 0; i--)
        if (is_own_cdrom(vm->disks->pdata[i - 1]))
            g_ptr_array_remove_index(vm->disks, i - 1);
    for (guint i = 0; i < read->len; i++) /* drives that stay keep their targets; new ones are given out afterwards */
        if (*((FctVmDisk *)read->pdata[i])->target)
            g_ptr_array_add(vm->disks, fct_vm_disk_copy(read->pdata[i]));
    for (guint i = 0; i < read->len; i++) {
        FctVmDisk *drive = read->pdata[i];
        if (*drive->target)
            continue;
        g_free(drive->target);
        drive->target = next_target(vm, "sata");
        if (!*drive->target)
            return fct_read_refuse(error, "cdroms", "This VM has 26 SATA drives, and room for no more.");
        g_ptr_array_add(vm->disks, fct_vm_disk_copy(drive));
    }
    return TRUE;
}

/* The source of the VM: exactly one of the three. */
static gboolean disk_read_source(FctVm *vm, const json_t *input, GError **error)
{
    const char *image = "";
    const json_t *iso = json_object_get(input, "iso"), *volume = json_object_get(input, "volume");
    gint64 size = iso ? ISO_DISK_GIB : 0;
    g_autoptr(FctVmDisk) disk = input_drive_new(vm, default_bus(vm));
    int sources = (json_object_get(input, "image") != NULL) + (iso != NULL) + (volume != NULL);
    if (sources != 1)
        return fct_read_refuse(error, "image",
                               sources ? "Give one of “image”, “iso” and “volume”, not several."
                                       : "Say what the VM begins with: “image”, “iso” or “volume”.");
    if (json_object_get(input, "image") && !fct_read_str(input, "image", &image, error))
        return FALSE;
    if (json_object_get(input, "image") && !*image)
        return fct_read_refuse(error, "image", "Name an image of the library.");
    if (volume && (json_object_get(input, "disk_gib") || json_object_get(input, "pool")))
        return fct_read_refuse(error, json_object_get(input, "pool") ? "pool" : "disk_gib",
                               "A volume has its pool and its size already: leave out both.");
    if (json_object_get(input, "disk_gib") && !fct_read_int(input, "disk_gib", 1, DISK_MAX_GIB, &size, error))
        return FALSE;
    if (volume ? !read_volume(volume, disk, error) : !read_pool(input, disk, error))
        return FALSE;
    disk_text_set(&vm->image, image);
    disk->size_gib = (int)size;
    g_ptr_array_add(vm->disks, g_steal_pointer(&disk));
    return TRUE;
}

/* The ISO gets the first CD drive, before those that were asked for. */
static gboolean read_all_cdroms(FctVm *vm, const json_t *input, GError **error)
{
    const json_t *iso = json_object_get(input, "iso"), *cdroms = json_object_get(input, "cdroms");
    const char *file = "";
    if (!iso)
        return !cdroms || fct_vm_read_cdroms(vm, cdroms, error);
    if (!fct_read_str(input, "iso", &file, error))
        return FALSE;
    if (!*file)
        return fct_read_refuse(error, "iso", "Name a file of the library.");
    if (cdroms && !json_is_array(cdroms))
        return fct_read_refuse(error, "cdroms", "The CD drives must be a list of at most 4.");
    g_autoptr(json_t) all = json_pack("[{s:s}]", "file", file);
    json_array_extend(all, (json_t *)cdroms);
    if (!*vm->boot) { /* an empty disk does not boot, and an installed one goes first */
        g_strfreev(vm->boot);
        vm->boot = g_strsplit("disk,cdrom", ",", -1);
    }
    return fct_vm_read_cdroms(vm, all, error);
}

gboolean fct_vm_read_drives(FctVm *vm, const json_t *input, GError **error)
{
    const json_t *disks = json_object_get(input, "disks");
    if (!disk_read_source(vm, input, error))
        return FALSE;
    if (disks && (!json_is_array(disks) || json_array_size(disks) > DISKS_MAX))
        return fct_read_refuse(error, "disks", "The further disks must be a list of at most 16.");
    for (size_t i = 0; i < json_array_size(disks); i++) {
        FctVmDisk *disk = fct_vm_read_disk(vm, json_array_get(disks, i), error);
        if (!disk)
            return FALSE;
        g_ptr_array_add(vm->disks, disk);
    }
    return read_all_cdroms(vm, input, error);
}

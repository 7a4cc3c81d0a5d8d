/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes that are first-boot media: the secrets on them are for one guest alone. */
#include "app/domains/vm_docs.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"

#include <string.h>

/* The volume that is asked for, and all pools, since one file may be reached through several. */
typedef struct {
    const char *pool, *name;
    char *path; /* "" unknown */
    FctVolumeSurvey *places;
} Asked;

static void asked_clear(Asked *asked)
{
    g_free(asked->path);
    fct_volume_survey_free(asked->places);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asked, asked_clear)

static gboolean asked_open(Asked *asked, FctApp *app, GError **error)
{
    asked->places = fct_volume_places_new(app, error);
    if (!asked->places)
        return FALSE;
    g_autoptr(FctVolume) volume = app->vmm->ops->volume(app->vmm, asked->pool, asked->name, NULL);
    asked->path = g_strdup(volume ? volume->path : "");
    return TRUE;
}

static gboolean is_it(const Asked *asked, const char *pool, const char *name, const char *path)
{
    if (strcmp(asked->pool, pool) == 0 && strcmp(asked->name, name) == 0)
        return TRUE;
    return fct_volume_survey_same(asked->places, path, asked->path);
}

/* TRUE when it is the first-boot drive of a VM of ours. */
static gboolean is_medium(const FctVm *vm, const Asked *asked)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = vm->disks->pdata[i];
        if (disk->seed && is_it(asked, disk->pool, disk->volume, disk->path))
            return TRUE;
    }
    return FALSE;
}

/* The path of a medium that is half made: its record has none yet. */
static char *medium_path(const Asked *asked, const FctVolumeRecord *record)
{
    const FctPool *pool = fct_volume_survey_pool(asked->places, record->pool, NULL);
    return *record->path || !pool ? g_strdup(record->path) : g_build_filename(pool->path, record->name, NULL);
}

/* TRUE when it was made as a medium, even if no VM names it: between a change and its end, or after a release. */
static gboolean made_as_medium(FctApp *app, const Asked *asked, gboolean *ret, GError **error)
{
    g_autoptr(GHashTable) records = fct_records_load(app, error);
    GHashTableIter iter;
    gpointer value;
    *ret = FALSE;
    if (!records)
        return FALSE;
    g_hash_table_iter_init(&iter, records);
    while (!*ret && g_hash_table_iter_next(&iter, NULL, &value)) {
        const FctVolumeRecord *record = value;
        g_autofree char *path = record->seed ? medium_path(asked, record) : NULL;
        *ret = path && is_it(asked, record->pool, record->name, path);
    }
    return TRUE;
}

static char *released_key(const char *pool, const char *name)
{
    return g_strdup_printf("medium/%s:%s", pool, name);
}

static gboolean medium_refuse(GError **error, const char *name, const char *whose)
{
    return fct_set_error_full(error, FCT_ERROR_FORBIDDEN, "Give another VM first-boot data of its own.", NULL,
                              "%s is the first-boot medium of %s%s. It holds secrets, and is for that guest alone.",
                              name, *whose ? "VM " : "a VM", whose);
}

gboolean fct_volume_no_medium(FctApp *app, const char *pool, const char *name, GError **error)
{
    g_auto(Asked) asked = {.pool = pool, .name = name};
    gboolean made;
    if (!app->vms)
        return TRUE;
    if (!asked_open(&asked, app, error) || !made_as_medium(app, &asked, &made, error))
        return FALSE;
    g_autoptr(GPtrArray) mine = fct_vm_docs_all(app->vm_docs);
    for (guint i = 0; i < mine->len; i++) {
        const FctVm *vm = ((FctVmKnown *)mine->pdata[i])->vm;
        if (is_medium(vm, &asked))
            return medium_refuse(error, name, vm->name);
    }
    if (made)
        return medium_refuse(error, name, "");
    g_autofree char *key = released_key(pool, name);
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctDoc) released = app->store->ops->get(app->store, key, &fault);
    if (released)
        return medium_refuse(error, name, "");
    if (fault->code == FCT_ERROR_NOT_FOUND)
        return TRUE;
    return fct_error_pass(error, &fault);
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

void fct_volume_note_medium(const FctVmDisk *disk, const char *vm, FctWrites *writes)
{
    fct_writes_add(writes, released_key(disk->pool, disk->volume), json_pack("{s:s}", "vm", vm), FCT_REV_ANY);
}

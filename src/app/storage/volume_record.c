/* SPDX-License-Identifier: Apache-2.0 */
#include "app/storage/volume_record.h"

#include "app/domains/acts.h"
#include "app/storage/storage.h"
#include "app/storage/volumes.h"
#include "base/text.h"

#include <string.h>

#define TRIES 5

/* ---- whether it is the same ---- */

static gboolean refuse_lost(const FctVolumeRecord *record, GError **error)
{
    return fct_set_error_full(
        error, FCT_ERROR_CONFLICT, "Use another name.", json_pack("{s:s}", "field", "name"),
        "Volume %s was deleted before it was ready, and its name has another file now, which stays.", record->name);
}

/* A record says nothing about another file that has taken the name of its own. */
static gboolean record_is_of_volume(const FctVolumeRecord *record, const FctVolume *there, GError **error)
{
    if (fct_record_is_lost(record, there))
        return refuse_lost(record, error);
    if (!*record->path || strcmp(record->path, there->path) == 0)
        return TRUE;
    return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Lead the pool back to the folder that it had.",
                              json_pack("{s:s}", "field", "pool"),
                              "Volume %s of pool %s was %s, and is %s now: another file.", record->name, record->pool,
                              record->path, there->path);
}

/*
 * libvirt and QEMU open a file by its name, a moment after we looked at it. Whoever may write to the folder could
 * exchange it in between; so when they are done, the file that we looked at must still be there.
 */
static gboolean has_stayed(FctApp *app, const FctVolume *before, GError **error)
{
    g_autoptr(FctVolume) after = app->vmm->ops->volume(app->vmm, before->pool, before->name, error);
    if (!after || !fct_volume_inside(after, error))
        return FALSE;
    if (strcmp(before->path, after->path) == 0 && (!*before->inode || strcmp(before->inode, after->inode) == 0))
        return TRUE;
    return fct_set_error_full(error, FCT_ERROR_CONFLICT,
                              "Let nobody but root write to the pool's folder, see what is there, then do it again.",
                              NULL, "Volume %s was exchanged for another file while Facet worked on it.", before->name);
}

gboolean fct_record_there(FctApp *app, const char *pool, const char *name, GError **error)
{
    g_autoptr(FctVolumeRecord) record = fct_record_find(app, pool, name, error);
    g_autoptr(FctVolume) there = record ? app->vmm->ops->volume(app->vmm, pool, name, error) : NULL;
    return there && record_is_of_volume(record, there, error) && fct_volume_host_free(app, name, there->path, error);
}

/* ---- making ---- */

static void note_making(FctApp *app, const char *pool, const char *name, gboolean making)
{
    g_autofree char *id = fct_volume_id(pool, name);
    fct_storage_note_making(app->storage, id, making);
}

/* TRUE with *ret NULL: the volume does not exist. A volume that cannot be looked for is not taken for absent. */
static gboolean record_find_volume(FctApp *app, const char *pool, const char *name, FctVolume **ret, GError **error)
{
    g_autoptr(GError) fault = NULL;
    *ret = app->vmm->ops->volume(app->vmm, pool, name, &fault);
    if (*ret || fault->code == FCT_ERROR_NOT_FOUND)
        return TRUE;
    return fct_error_pass(error, &fault);
}

/*
 * @recorded: there was a record of that name, so a file may be there that libvirt does not know: its pool is scanned
 * again.
 */
static gboolean volume_name_is_free(FctApp *app, const FctVolumeRecord *plan, gboolean recorded, GError **error)
{
    FctVmm *vmm = app->vmm;
    g_autoptr(FctVolume) there = NULL;
    if (!record_find_volume(app, plan->pool, plan->name, &there, error))
        return FALSE;
    if (!there && recorded && vmm->ops->pool_refresh(vmm, plan->pool, NULL) &&
        !record_find_volume(app, plan->pool, plan->name, &there, error))
        return FALSE;
    if (there)
        fct_set_error_full(error, FCT_ERROR_EXISTS, NULL, json_pack("{s:s}", "field", "name"),
                           "There is a volume %s in pool %s already.", plan->name, plan->pool);
    return !there;
}

/* Stores the record before the volume is made. A record whose volume is gone gives way. */
static gboolean record_begin(FctApp *app, const FctVolumeRecord *plan, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVolumeRecord) old = fct_record_find(app, plan->pool, plan->name, &fault);
    g_autoptr(FctVolumeRecord) record = fct_volume_record_copy(plan);
    if (!old && fault->code != FCT_ERROR_NOT_FOUND)
        return fct_error_pass(error, &fault);
    if (!volume_name_is_free(app, plan, old != NULL, error))
        return FALSE;
    record->revision = old ? old->revision : FCT_REV_NONE;
    note_making(app, plan->pool, plan->name, TRUE);
    if (fct_record_store(app, record, error))
        return TRUE;
    note_making(app, plan->pool, plan->name, FALSE);
    return FALSE;
}

/* The volume is there and we made it: only from here on may whoever finds the record delete this very file. */
static gboolean note_made(FctApp *app, const FctVolumeRecord *plan, const FctVolume *made, GError **error)
{
    g_autoptr(FctVolumeRecord) record = fct_record_find(app, plan->pool, plan->name, error);
    if (!record || !fct_volume_host_free(app, made->name, made->path, error))
        return FALSE;
    fct_text_set(&record->path, made->path);
    fct_text_set(&record->inode, made->inode);
    return fct_record_store(app, record, error);
}

gboolean fct_record_abandon(FctApp *app, const char *pool, const char *name, const char *path, GError **error)
{
    FctVmm *vmm = app->vmm;
    g_autoptr(FctVolume) there = NULL;
    g_autoptr(FctVolumeRecord) record = fct_record_find(app, pool, name, NULL);
    gboolean recorded = record && *path && strcmp(record->path, path) == 0;
    gboolean ok = vmm->ops->copy_end(vmm, pool, name, error) && record_find_volume(app, pool, name, &there, error);
    gboolean ours = ok && there && *path && strcmp(there->path, path) == 0;
    if (ours && !(record && fct_record_is_lost(record, there)))
        ok = fct_volume_host_free(app, name, there->path, error) && vmm->ops->volume_delete(vmm, pool, name, error);
    if (ok && (ours || !there || recorded))
        ok = fct_record_drop(app, pool, name, FCT_REV_ANY, error);
    else if (ok)
        g_message("Volume %s of pool %s stays: nothing says that Facet made what is there.", name, pool);
    note_making(app, pool, name, FALSE);
    if (!ok)
        fct_storage_sweep_later(app->storage);
    return ok;
}

gboolean fct_record_complete(FctApp *app, const char *pool, const char *name, GError **error)
{
    return fct_record_complete_with(app, pool, name, NULL, 0, error);
}

gboolean fct_record_complete_with(FctApp *app, const char *pool, const char *name, const FctWrite *more, guint n,
                                  GError **error)
{
    g_autoptr(FctVolumeRecord) record = fct_record_find(app, pool, name, error);
    g_autoptr(FctVolume) volume = record ? app->vmm->ops->volume(app->vmm, pool, name, error) : NULL;
    if (!volume || (fct_record_is_lost(record, volume) && !refuse_lost(record, error)) ||
        !app->vmm->ops->volume_sync(app->vmm, volume, error)) /* libvirt's streams end before the disk has the bytes */
        return FALSE;
    fct_text_set(&record->path, volume->path);
    fct_text_set(&record->inode, volume->inode);
    fct_text_set(&record->task, "");
    record->state = FCT_RECORD_READY;
    g_autofree char *key = fct_record_key(pool, name);
    g_autoptr(json_t) value = fct_volume_record_to_json(record);
    g_autofree FctWrite *writes = g_new(FctWrite, n + 1);
    writes[0] = (FctWrite){key, value, record->revision};
    for (guint i = 0; i < n; i++)
        writes[i + 1] = more[i];
    if (!app->store->ops->commit(app->store, writes, n + 1, NULL, error))
        return FALSE;
    note_making(app, pool, name, FALSE);
    return TRUE;
}

/* Cleans up after a failed creation. @path: of what we made; "". What somebody else made under that name is theirs. */
static void record_take_back(FctApp *app, const FctVolumeRecord *plan, const char *path, const GError *fault)
{
    g_autoptr(GError) stays = NULL;
    g_autoptr(FctVolumeRecord) record = fct_record_find(app, plan->pool, plan->name, NULL);
    if (fault->code == FCT_ERROR_EXISTS) {
        if (record && record->state != FCT_RECORD_READY)
            fct_record_drop(app, plan->pool, plan->name, record->revision, NULL);
        note_making(app, plan->pool, plan->name, FALSE);
    } else if (!fct_record_abandon(app, plan->pool, plan->name, path, &stays)) {
        g_message("Volume %s of pool %s stays incomplete for now: %s", plan->name, plan->pool, stays->message);
    }
}

/* A device shows what was on it before, so it is ready only once that is overwritten. */
static gboolean record_finish(FctApp *app, const FctVolumeRecord *plan, const FctVolume *made, FctVmmProgress progress,
                              gpointer data, GError **error)
{
    return (!fct_path_is_device(made->path) ||
            (note_made(app, plan, made, error) &&
             fct_volume_zero(app, plan->pool, plan->name, 0, progress, data, error))) &&
           fct_record_complete(app, plan->pool, plan->name, error);
}

FctVolume *fct_record_create(FctApp *app, const FctVolumeRecord *plan, gint64 bytes, gboolean whole,
                             FctVmmProgress progress, gpointer data, GError **error)
{
    FctVmm *vmm = app->vmm;
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVolumeRecord) below = *plan->backing ? fct_record_below(app, plan->backing, TRUE, error) : NULL;
    if (*plan->backing && !below)
        return NULL;
    const FctLayer layer = {below ? below->path : NULL, below ? below->format : NULL};
    if (!record_begin(app, plan, error))
        return NULL;
    g_autoptr(FctVolume) made =
        vmm->ops->volume_create(vmm, plan->pool, plan->name, plan->format, bytes, below ? &layer : NULL, &fault);
    if (made && (whole ? record_finish(app, plan, made, progress, data, &fault) : note_made(app, plan, made, &fault)))
        return g_steal_pointer(&made);
    record_take_back(app, plan, made ? made->path : "", fault);
    fct_error_pass(error, &fault);
    return NULL;
}

/* A copy under way: its volume is noted as ours as soon as it exists, while @progress is passed on. */
typedef struct {
    FctApp *app;
    const FctVolumeRecord *plan;
    FctVmmProgress progress;
    gpointer data;
    const FctVolume *there; /* the source, as it was inspected */
    gint64 shown;           /* what a guest sees of the source */
    char *path;             /* NULL: not noted yet */
    GError *fault;          /* why it could not be noted */
} Copying;

static gboolean copying_on_progress(gint64 done, gint64 total, gpointer data)
{
    Copying *c = data;
    g_autoptr(FctVolume) made =
        c->path ? NULL : c->app->vmm->ops->volume(c->app->vmm, c->plan->pool, c->plan->name, NULL);
    if (made) {
        c->path = g_strdup(made->path);
        if (!note_made(c->app, c->plan, made, &c->fault))
            return FALSE;
    }
    return !c->progress || c->progress(done, total, c->data);
}

static FctVolume *copy_from(const FctVmmSource *source, Copying *c, GError **error)
{
    FctVmm *vmm = c->app->vmm;
    const FctVolumeRecord *plan = c->plan;
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVolume) made =
        vmm->ops->volume_copy(vmm, source, plan->pool, plan->name, plan->format, copying_on_progress, c, &fault);
    if (made && has_stayed(c->app, c->there, &fault) &&
        fct_volume_zero(c->app, plan->pool, plan->name, c->shown, NULL, NULL, &fault) &&
        fct_record_complete(c->app, plan->pool, plan->name, &fault))
        return fct_record_volume(c->app, plan->pool, plan->name, error);
    record_take_back(c->app, plan, made ? made->path : c->path ? c->path : "", c->fault ? c->fault : fault);
    g_propagate_error(error, g_error_copy(c->fault ? c->fault : fault));
    return NULL;
}

FctVolume *fct_record_copy(FctApp *app, const FctVolumeRecord *from, const FctVolumeRecord *plan,
                           FctVmmProgress progress, gpointer data, GError **error)
{
    FctVmm *vmm = app->vmm;
    g_autoptr(GPtrArray) below =
        fct_record_check_whole(app, from, error) ? fct_record_layers(app, from, TRUE, error) : NULL;
    g_autoptr(FctVolume) there = below ? vmm->ops->volume(vmm, from->pool, from->name, error) : NULL;
    if (!there || !fct_volume_inside(there, error) || !fct_volume_host_free(app, there->name, there->path, error) ||
        !record_is_of_volume(from, there, error) || !fct_volume_replaced_whole(app, from, there, error))
        return NULL;
    const FctVmmSource source = {from->pool,   from->name, there->path,
                                 from->format, below,      there->physical >= 0 ? there->physical : there->capacity};
    if (!record_begin(app, plan, error))
        return NULL;
    gboolean plain = strcmp(from->format, plan->format) == 0;
    Copying copying = {.app = app,
                       .there = there,
                       .plan = plan,
                       .progress = progress,
                       .data = data,
                       .shown = plain ? source.bytes : there->capacity};
    FctVolume *made = copy_from(&source, &copying, error);
    g_free(copying.path);
    g_clear_error(&copying.fault);
    return made;
}

/* ---- changing ---- */

/* The part that a device has grown by is cleared before anybody sees it. */
static gboolean record_grow(FctApp *app, const FctVolumeRecord *record, gint64 bytes, GError **error)
{
    FctVmm *vmm = app->vmm;
    g_autoptr(FctVolume) before = vmm->ops->volume(vmm, record->pool, record->name, error);
    return before && record_is_of_volume(record, before, error) && fct_volume_inside(before, error) &&
           fct_volume_host_free(app, before->name, before->path, error) &&
           vmm->ops->volume_grow(vmm, record->pool, record->name, record->format, bytes, error) &&
           has_stayed(app, before, error) &&
           fct_volume_zero(app, record->pool, record->name, MAX(before->capacity, before->physical), NULL, NULL, error);
}

gboolean fct_record_grow(FctApp *app, const char *pool, const char *name, gint64 bytes, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVolumeRecord) record = fct_record_find(app, pool, name, &fault);
    if (record && record->seed)
        return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Grow the VM's own disk.",
                                  json_pack("{s:s}", "field", "size_gib"),
                                  "Volume %s is first-boot data of a VM: it has the size of its content.", name);
    if (record) /* whoever makes a volume may grow it before it is complete; nobody else gets here then */
        return record_grow(app, record, bytes, error);
    if (fault->code == FCT_ERROR_NOT_FOUND)
        fct_set_error_full(error, FCT_ERROR_REFUSED, "Copy it to a new volume, or attach it to a VM first.",
                           json_pack("{s:s}", "field", "format"),
                           "Facet has no record of what volume %s is, so it does not change it.", name);
    else
        fct_error_pass(error, &fault);
    return FALSE;
}

gboolean fct_record_grow_seed(FctApp *app, const char *pool, const char *name, gint64 bytes, GError **error)
{
    return app->vmm->ops->volume_grow(app->vmm, pool, name, "raw", bytes, error);
}

gboolean fct_record_delete(FctApp *app, const char *pool, const char *name, GError **error)
{
    return app->vmm->ops->volume_delete(app->vmm, pool, name, error) &&
           fct_record_drop(app, pool, name, FCT_REV_ANY, error);
}

static const FctChainFile *at_path(const GPtrArray *files, const char *path)
{
    for (guint i = 0; i < files->len; i++)
        if (strcmp(((FctChainFile *)files->pdata[i])->path, path) == 0)
            return files->pdata[i];
    return NULL;
}

gboolean fct_record_restand(FctApp *app, const GPtrArray *files, FctWrites *writes, GError **error)
{
    for (guint i = 0; i < files->len; i++) {
        const FctChainFile *file = files->pdata[i], *base = *file->backing ? at_path(files, file->backing) : NULL;
        g_autoptr(GError) fault = NULL;
        if (!base || !*file->pool)
            continue;
        g_autofree char *below = fct_volume_id(base->pool, *base->pool ? base->volume : base->path);
        g_autoptr(FctVolumeRecord) record = fct_record_find(app, file->pool, file->volume, &fault);
        if (!record && fault->code == FCT_ERROR_NOT_FOUND) /* not made yet */
            continue;
        if (!record)
            return fct_error_pass(error, &fault);
        if (strcmp(record->backing, below) == 0)
            continue;
        fct_text_set(&record->backing, below);
        fct_writes_add(writes, fct_record_key(record->pool, record->name), fct_volume_record_to_json(record),
                       record->revision);
    }
    return TRUE;
}

/* ---- upkeep ---- */

gboolean fct_record_clear(FctApp *app, const char *pool, const char *name, gboolean *ret_gone, GError **error)
{
    g_autoptr(FctVolumeSurvey) survey = fct_volume_survey_new(app, error);
    g_autoptr(FctVolume) there = NULL;
    *ret_gone = FALSE;
    if (!survey || !record_find_volume(app, pool, name, &there, error) ||
        (there && !fct_volume_unused(app, survey, there, error)))
        return FALSE;
    g_autofree char *id = fct_volume_id(pool, name);
    const FctVolumeRecord *record = g_hash_table_lookup(survey->records, id);
    gboolean ours = !there || (record && strcmp(record->path, there->path) == 0 && !fct_record_is_lost(record, there));
    gboolean ok = fct_record_abandon(app, pool, name, record ? record->path : "", error);
    *ret_gone = ok && ours;
    return ok;
}

/* FALSE: try again. What somebody works on now waits for the next start of facetd. */
static gboolean sweep_one(FctApp *app, const FctVolumeRecord *record)
{
    g_autoptr(GError) fault = NULL;
    g_autofree char *id = fct_volume_record_id(record);
    gboolean gone;
    if (!fct_storage_claim(app->storage, id, NULL))
        return TRUE; /* somebody works on it now */
    gboolean ok = fct_record_clear(app, record->pool, record->name, &gone, &fault);
    fct_storage_release(app->storage, id);
    if (!ok)
        g_info("%s", fault->message);
    else if (gone)
        g_message("Volume %s of pool %s was left half made, and is deleted.", record->name, record->pool);
    return ok || fault->code == FCT_ERROR_IN_USE;
}

static gboolean names_volume(const FctVm *vm, const FctVolumeRecord *record)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = vm->disks->pdata[i];
        if (strcmp(disk->pool, record->pool) == 0 && strcmp(disk->volume, record->name) == 0)
            return TRUE;
    }
    return FALSE;
}

/*
 * Whether the VM names the volume, by its name or by its file under any pool: a volume that was released and adopted
 * again may be named under another pool.
 */
static gboolean vm_names_volume(const FctVolumeSurvey *places, const FctVm *vm, const FctVolumeRecord *record)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = vm->disks->pdata[i];
        if (fct_volume_survey_same(places, record->path, disk->path))
            return TRUE;
    }
    return names_volume(vm, record);
}

/*
 * Deletes first-boot data that its VM does not name any more: it was made and not stored, or replaced and not deleted.
 * Its secrets go with it. FALSE: it could not be deleted. What a task of the VM left half made is deleted by the VM's
 * own recovery, since the VM names it.
 */
static gboolean sweep_seed(FctApp *app, const FctVolumeRecord *record)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVolumeSurvey) places = fct_volume_places_new(app, &fault);
    if (!places || !fct_acts_begin_beside(app->acts, record->vm, "is being looked at", &fault)) {
        g_info("%s", fault->message);
        return FALSE;
    }
    g_autoptr(FctVm) vm = fct_vm_load(app->store, record->vm, NULL);
    gboolean gone = !vm || vm_names_volume(places, vm, record) ||
                    fct_record_abandon(app, record->pool, record->name, record->path, &fault);
    fct_acts_end(app->acts, record->vm);
    if (!gone)
        g_info("%s", fault->message);
    return gone;
}

gboolean fct_records_sweep(FctApp *app)
{
    g_autoptr(GHashTable) records = fct_records_load(app, NULL);
    gboolean clean = records != NULL;
    GHashTableIter iter;
    gpointer value;
    if (records)
        g_hash_table_iter_init(&iter, records);
    while (records && g_hash_table_iter_next(&iter, NULL, &value)) {
        const FctVolumeRecord *record = value;
        g_autoptr(FctVm) vm = *record->vm ? fct_vm_load(app->store, record->vm, NULL) : NULL;
        if (vm && record->seed && !names_volume(vm, record))
            clean = sweep_seed(app, record) && clean;
        /* What a task of a VM left half made is deleted by the VM's own recovery. */
        if (fct_record_is_half(app, record) && !vm && !sweep_one(app, record))
            clean = FALSE;
    }
    return clean;
}

/*
 * An old record does not name its file yet. A volume that a VM names keeps its record, as people who restore a disk
 * from a backup expect.
 */
static void note_inode(FctApp *app, const FctVolumeRecord *record, const FctVolume *there)
{
    g_autoptr(FctVolumeRecord) now = fct_volume_record_copy(record);
    fct_text_set(&now->inode, there->inode);
    fct_record_store(app, now, NULL); /* or the next time */
}

/*
 * A list leaves out volumes that could not be read: so a record is ended only after libvirt was asked for this one
 * volume.
 */
static gboolean is_gone(FctApp *app, const FctVolumeRecord *record)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVolume) volume G_GNUC_UNUSED = app->vmm->ops->volume(app->vmm, record->pool, record->name, &fault);
    return g_error_matches(fault, FCT_ERROR, FCT_ERROR_NOT_FOUND);
}

/* @there: the file that has its name now; NULL: none. */
static void record_settle(FctApp *app, const FctVolumeSurvey *survey, const FctVolumeRecord *record,
                          const FctVolume *there)
{
    g_autofree char *id = fct_volume_record_id(record);
    const GPtrArray *users = fct_volume_survey_users(survey, record->path);
    gboolean needed = there ? g_hash_table_contains(survey->records, id) : users && users->len;
    if (there && needed && fct_volume_replaced_whole(app, record, there, NULL))
        note_inode(app, record, there); /* else the file stays another one, and each start says why it is not opened */
    else if (!needed && (there || is_gone(app, record))) /* else its user may get the volume back */
        fct_record_drop(app, record->pool, record->name, record->revision, NULL);
}

void fct_records_prune(FctApp *app, const FctPool *pool, const GHashTable *records, const GPtrArray *volumes)
{
    g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(FctVolumeSurvey) survey = NULL;
    GHashTableIter iter;
    gpointer value;
    for (guint i = 0; i < volumes->len; i++)
        g_hash_table_insert(by_name, ((FctVolume *)volumes->pdata[i])->name, volumes->pdata[i]);
    g_hash_table_iter_init(&iter, (GHashTable *)records);
    while (volumes->len && g_hash_table_iter_next(&iter, NULL, &value)) { /* a folder that is not mounted is empty */
        const FctVolumeRecord *record = value;
        if (strcmp(record->pool, pool->name) != 0 || record->state != FCT_RECORD_READY)
            continue;
        const FctVolume *there = g_hash_table_lookup(by_name, record->name);
        if (there && !*record->inode && *there->inode && strcmp(record->path, there->path) == 0)
            note_inode(app, record, there);
        if (there && !fct_record_is_replaced(record, there))
            continue;
        if (!survey && !(survey = fct_volume_survey_new(app, NULL)))
            return;
        record_settle(app, survey, record, there);
    }
}

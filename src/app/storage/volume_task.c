/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks that make, grow and delete volumes. */
#include "app/domains/domains.h"
#include "app/domains/vm_docs.h"
#include "app/domains/vm_edit.h"
#include "app/domains/vm_news.h"
#include "app/library/files.h"
#include "app/news/hub.h"
#include "app/news/records.h"
#include "app/storage/storage.h"
#include "app/storage/vm_rest.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "base/read.h"
#include "base/text.h"
#include "core/storage_rules.h"
#include "core/upload_rules.h"

#include <string.h>

#define GIB (G_GINT64_CONSTANT(1) << 30)
#define GIB_MAX 65536

typedef enum { FROM_NOTHING, FROM_IMAGE, FROM_VOLUME } From;

typedef struct {
    FctApp *app;
    From from;
    char *id, *pool, *name, *format;
    gint64 bytes; /* 0: as large as the source */
    FctImage *image;
    char *from_id;
    /* of FROM_VOLUME */
    FctVolumeRecord *source;
    GHashTable *before; /* fct_vm_rest_begin */
    GPtrArray *had;     /* char*: ids of the VMs that have the source as a disk */
    GHashTable *stamps; /* fct_vm_rest_note */
} Making;

static void making_free(gpointer data)
{
    Making *m = data;
    if (!m)
        return;
    g_free(m->id);
    g_free(m->pool);
    g_free(m->name);
    g_free(m->format);
    g_free(m->from_id);
    fct_image_free(m->image);
    fct_volume_record_free(m->source);
    g_clear_pointer(&m->before, g_hash_table_unref);
    g_clear_pointer(&m->had, g_ptr_array_unref);
    g_clear_pointer(&m->stamps, g_hash_table_unref);
    g_free(m);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Making, making_free)

/* ---- the task ---- */

/*
 * Another program's VM that is saved goes on with the disk as it is, so it counts as running. For our VMs the
 * inspection tells.
 */
static gboolean leaves_alone(FctApp *app, const FctVolumeUser *user, GError **error)
{
    fct_domains_refresh(app->domains, user->vm);
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, user->vm);
    g_autoptr(FctVmKnown) known = fct_vm_docs_one(app->vm_docs, user->vm);
    gboolean disk = strcmp(user->how, "disk") == 0, active = fct_vm_info_active(info);
    if (!disk || (!active && (known || !info || !info->saved)))
        return !known || fct_storage_may_read(app, known->vm, error);
    return fct_set_error_full(error, FCT_ERROR_IN_USE,
                              active ? "Shut it down first." : "Let it go on with virsh start, then shut it down.",
                              json_pack("{s:[s]}", "holders", user->name),
                              active ? "VM %s is running with this volume."
                                     : "VM %s was saved with its memory in the middle of a run with this volume.",
                              user->name);
}

/* A volume that a running VM writes to has no single content that could be copied. */
static gboolean is_still(FctApp *app, const FctVolumeSurvey *survey, const char *id, GError **error)
{
    const FctVolume *volume = fct_volume_survey_find(survey, id, error);
    const GPtrArray *users = volume ? fct_volume_survey_users(survey, volume->path) : NULL;
    for (guint i = 0; users && i < users->len; i++) {
        const FctVolumeUser *user = g_ptr_array_index(users, i);
        if (*user->vm && !leaves_alone(app, user, error))
            return FALSE;
    }
    return volume != NULL;
}

/* Ids of the VMs that have the volume @id as a disk; CD drives do not count, since nothing is written to them. */
static GPtrArray *vms_with(const FctVolumeSurvey *survey, const char *id)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
    const FctVolume *volume = fct_volume_survey_find(survey, id, NULL);
    const GPtrArray *users = volume ? fct_volume_survey_users(survey, volume->path) : NULL;
    for (guint i = 0; users && i < users->len; i++) {
        const FctVolumeUser *user = g_ptr_array_index(users, i);
        if (*user->vm && strcmp(user->how, "disk") == 0)
            g_ptr_array_add(list, g_strdup(user->vm));
    }
    return list;
}

static gboolean all_held(const Making *m, const GPtrArray *ids, GError **error)
{
    for (guint i = 0; i < ids->len; i++)
        if (!fct_vm_rest_held(m->app, m->before, ids->pdata[i], error))
            return FALSE;
    return TRUE;
}

/* Nothing holds virsh back from starting a VM with the source, or from giving it to one for a moment. */
static gboolean stayed_still(const Making *m, GError **error)
{
    fct_vm_rest_settle();
    g_autoptr(FctVolumeSurvey) survey = fct_volume_survey_new(m->app, error);
    g_autoptr(GPtrArray) have = survey ? vms_with(survey, m->from_id) : NULL;
    return survey && is_still(m->app, survey, m->from_id, error) && all_held(m, m->had, error) &&
           all_held(m, have, error) && fct_vm_rest_unwritten(m->app, m->stamps, error);
}

static gboolean make_copy(Making *m, FctTask *task, const FctVolumeRecord *plan, GError **error)
{
    FctVolumeProgress progress = {task, 0, "Copying"};
    m->stamps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    fct_vm_rest_note(m->app, m->source, m->stamps);
    g_autoptr(FctVolume) volume = fct_record_copy(m->app, m->source, plan, fct_volume_progress, &progress, error);
    if (!volume)
        return FALSE;
    if (stayed_still(m, error) &&
        (m->bytes <= volume->capacity || fct_record_grow(m->app, m->pool, m->name, m->bytes, error)))
        return TRUE;
    fct_record_abandon(m->app, m->pool, m->name, volume->path, NULL);
    return FALSE;
}

static gboolean making_run(Making *m, FctTask *task, GError **error)
{
    FctVolumeProgress progress = {task, 0, "Clearing"};
    g_autoptr(FctVolume) volume = NULL;
    g_autoptr(FctVolumeRecord) plan = fct_volume_record_new(m->pool, m->name, m->format);
    fct_text_set(&plan->task, fct_task_id(task));
    if (m->from == FROM_VOLUME)
        return make_copy(m, task, plan, error);
    if (m->from == FROM_IMAGE)
        volume = fct_volume_from_image(m->app, task, m->image, plan, m->bytes, 0, error);
    else
        volume = fct_record_create(m->app, plan, m->bytes, TRUE, fct_volume_progress, &progress, error);
    return volume != NULL;
}

static void making_let_go(const Making *m)
{
    fct_storage_release(m->app->storage, m->id);
    if (m->from_id)
        fct_storage_release(m->app->storage, m->from_id);
    fct_storage_poke(m->app->storage, m->pool);
}

/* A part of it is left. */
static gboolean is_half(const Making *m)
{
    g_autoptr(FctVolumeRecord) record = fct_record_find(m->app, m->pool, m->name, NULL);
    return record && record->state == FCT_RECORD_MAKING;
}

static void volume_create_thread(FctTask *task, gpointer data)
{
    Making *m = data;
    g_autoptr(GError) error = NULL;
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    gboolean ok = making_run(m, task, &error);
    gboolean cancelled = !ok && error->code == FCT_ERROR_CANCELLED, half = !ok && is_half(m);
    if (cancelled && fct_task_stopping(task) && !fct_task_cancelled(task)) {
        making_let_go(m);
        return; /* the next start of facetd ends the task */
    }
    fct_task_step(task, 0,
                  ok          ? FCT_TASK_STEP_DONE
                  : cancelled ? FCT_TASK_STEP_UNDONE
                              : FCT_TASK_STEP_FAILED,
                  ok || cancelled ? NULL : error->message);
    making_let_go(m);
    if (ok)
        fct_task_end(task, FCT_TASK_DONE, NULL, NULL, 0, "Volume %s is made.", m->name);
    else
        fct_task_end(
            task, cancelled ? FCT_TASK_CANCELLED : FCT_TASK_FAILED, cancelled ? NULL : error, NULL, 0,
            half
                ? "Volume %s was not made. What may be left of it is incomplete: delete it if it does not go by itself."
                : "Volume %s was not made; nothing is left of it.",
            m->name);
}

/* ---- what was asked for ---- */

static gboolean read_from(Making *m, const FctVolumeSurvey *survey, const json_t *from, gint64 *ret_content,
                          GError **error)
{
    static const char *const known[] = {"image", "pool", "volume", "format", NULL};
    const char *image = NULL, *pool = NULL, *name = NULL, *format = NULL;
    if (!fct_read_only(from, known, error) || !fct_read_opt_str(from, "image", &image, error) ||
        !fct_read_opt_str(from, "pool", &pool, error) || !fct_read_opt_str(from, "volume", &name, error) ||
        !fct_read_opt_str(from, "format", &format, error))
        return FALSE;
    if (image && !pool && !name) {
        m->from = FROM_IMAGE;
        m->image = fct_images_find(m->app->config.images_dir, image, error);
        if (m->image && m->bytes && m->bytes < m->image->size_bytes)
            return fct_read_refuse(error, "size_gib", "The image needs a larger volume.");
        *ret_content = 0; /* the size of an image's content is not known before; libvirt says when the pool is full */
        return m->image != NULL;
    }
    if (!pool || !name || image)
        return fct_read_refuse(error, "from", "Name an image, or a pool and a volume to copy.");
    m->from = FROM_VOLUME;
    m->from_id = fct_volume_id(pool, name);
    m->before = fct_vm_rest_begin(m->app);
    m->had = vms_with(survey, m->from_id);
    const FctVolume *volume = fct_volume_survey_find(survey, m->from_id, error);
    if (!volume || !is_still(m->app, survey, m->from_id, error) || !fct_volume_no_medium(m->app, pool, name, error) ||
        !(m->source = fct_volume_inspect(m->app, volume, format, TRUE, error)))
        return FALSE;
    /* Of a volume without a record only its own bytes say how large it is. */
    gint64 size = strcmp(m->source->format, "raw") == 0 && volume->physical >= 0 ? volume->physical : volume->capacity;
    if (m->bytes && m->bytes < size)
        return fct_read_refuse(error, "size_gib", "A copy cannot be smaller than its source.");
    *ret_content = MAX(volume->allocated, 0);
    if (!m->bytes)
        m->bytes = size;
    return TRUE;
}

static gboolean read_format(Making *m, const json_t *input, const FctPool *pool, GError **error)
{
    const char *format = fct_pool_has_files(pool) ? "qcow2" : "raw";
    if (!fct_read_opt_str(input, "format", &format, error))
        return FALSE;
    if (strcmp(format, "qcow2") != 0 && strcmp(format, "raw") != 0)
        return fct_read_refuse(error, "format", "The format is qcow2 or raw.");
    m->format = g_strdup(format);
    return TRUE;
}

static gboolean volume_check_input(const json_t *input, GError **error)
{
    static const char *const known[] = {"pool", "name", "format", "size_gib", "from", "upload_bytes", "sha256", NULL};
    if (!fct_read_only_or(input, known, "A volume has no such field.", error))
        return FALSE;
    if (json_object_get(input, "upload_bytes") &&
        (json_object_get(input, "from") || json_object_get(input, "size_gib")))
        return fct_read_refuse(error, "upload_bytes", "What is uploaded brings its size and content along.");
    if (json_object_get(input, "sha256") && !json_object_get(input, "upload_bytes"))
        return fct_read_refuse(error, "sha256", "Only what is uploaded has a checksum that can be compared.");
    return TRUE;
}

/* Whether the name is known to be taken: a pool that does not answer may have such a volume. */
static gboolean making_is_free(const FctVolumeSurvey *survey, const Making *m, GError **error)
{
    g_autoptr(GError) fault = NULL;
    if (fct_volume_survey_find(survey, m->id, &fault))
        fct_set_error_full(error, FCT_ERROR_EXISTS, NULL, json_pack("{s:s}", "field", "name"),
                           "There is a volume %s in pool %s already.", m->name, m->pool);
    else if (fault->code != FCT_ERROR_NOT_FOUND)
        fct_error_pass(error, &fault);
    else
        return TRUE;
    return FALSE;
}

static Making *volume_read_input(FctApp *app, const FctVolumeSurvey *survey, const json_t *input, GError **error)
{
    g_autoptr(Making) m = g_new0(Making, 1);
    const char *pool_name, *name;
    const json_t *from = json_object_get(input, "from");
    gint64 gib = 0, content = 0;
    m->app = app;
    if (!volume_check_input(input, error) || !fct_read_str(input, "pool", &pool_name, error) ||
        !fct_read_str(input, "name", &name, error) || !fct_volume_name_check(name, "name", error))
        return NULL;
    const FctPool *pool = fct_volume_survey_pool(survey, pool_name, NULL);
    if (!pool) {
        fct_read_refuse(error, "pool", "There is no such storage pool.");
        return NULL;
    }
    if ((json_object_get(input, "size_gib") || !from) && !json_object_get(input, "upload_bytes") &&
        !fct_read_int(input, "size_gib", 1, GIB_MAX, &gib, error))
        return NULL;
    m->pool = g_strdup(pool_name);
    m->name = g_strdup(name);
    m->id = fct_volume_id(pool_name, name);
    m->bytes = gib * GIB;
    if (!read_format(m, input, pool, error) || (from && !read_from(m, survey, from, &content, error)) ||
        !fct_volume_fits(pool, m->format, MAX(m->bytes, m->image ? m->image->size_bytes : 0), content, error))
        return NULL;
    return making_is_free(survey, m, error) ? g_steal_pointer(&m) : NULL;
}

static gboolean making_start(Making *m, const char *user, json_t **ret_task, GError **error)
{
    static const char *const steps[] = {"Make the volume", NULL};
    static const char *const copy_steps[] = {"Copy the content", NULL};
    FctApp *app = m->app;
    g_autofree char *title = g_strdup_printf("Make volume %s", m->name);
    const FctTaskSpec spec = {.kind = "volume.create",
                              .title = title,
                              .user = user,
                              .subject_kind = "volume",
                              .subject_id = m->id,
                              .subject_name = m->name,
                              .plan = "",
                              .steps = m->from == FROM_NOTHING ? steps : copy_steps,
                              .cancellable = TRUE};
    if (!fct_storage_claim(app->storage, m->id, error))
        return FALSE;
    if (m->from_id && !fct_storage_claim(app->storage, m->from_id, error)) {
        fct_storage_release(app->storage, m->id);
        return FALSE;
    }
    /* Drops the note of an upload whose volume somebody else deleted: it would go on in the new volume. */
    if (!fct_volume_upload_forget(app, m->id, error)) {
        making_let_go(m);
        return FALSE;
    }
    g_autoptr(FctTask) task = fct_task_new(app, &spec);
    if (!fct_task_commit(task, NULL, 0, error)) {
        fct_task_forget(task);
        making_let_go(m);
        return FALSE;
    }
    fct_task_start(task, volume_create_thread, m, making_free);
    *ret_task = fct_task_to_json(task);
    return TRUE;
}

gboolean fct_volumes_create(FctApp *app, const char *user, const json_t *input, json_t **ret_task, json_t **ret_volume,
                            GError **error)
{
    gint64 size;
    g_autoptr(FctVolumeSurvey) survey = fct_volume_survey_new(app, error);
    g_autoptr(Making) m = survey ? volume_read_input(app, survey, input, error) : NULL;
    *ret_task = *ret_volume = NULL;
    if (!m)
        return FALSE;
    if (json_object_get(input, "upload_bytes")) {
        const json_t *sum = json_object_get(input, "sha256");
        g_autofree char *sha256 = NULL;
        if (fct_read_int(input, "upload_bytes", 1, GIB_MAX * GIB, &size, error) &&
            (!sum || fct_sha256_check(json_is_string(sum) ? json_string_value(sum) : "", &sha256, error)))
            *ret_volume =
                fct_volume_upload_begin(app, survey, m->pool, m->name, m->format, size, sha256 ? sha256 : "", error);
        return *ret_volume != NULL;
    }
    if (!making_start(m, user, ret_task, error))
        return FALSE;
    g_steal_pointer(&m); /* the task's */
    return TRUE;
}

/* ---- recovery ---- */

static void volume_recover_thread(FctTask *task, gpointer data)
{
    Making *m = data;
    FctApp *app = m->app;
    g_autoptr(GError) fault = NULL, error = NULL;
    if (!fct_domains_await_up(app->domains, task))
        return;
    gboolean gone;
    fct_record_clear(app, m->pool, m->name, &gone, &fault);
    fct_storage_release(app->storage, m->id);
    fct_storage_poke(app->storage, m->pool);
    fct_set_error_full(&error, FCT_ERROR_INTERNAL, "Start the work again.", NULL,
                       "Facet was restarted in the middle of this task.");
    if (fault)
        fct_task_log(task, "%s", fault->message);
    fct_task_end(task, FCT_TASK_FAILED, error, NULL, 0,
                 gone ? "Volume %s was not made; nothing is left of it."
                      : "Volume %s may be there in part: look at it, then delete it.",
                 m->name);
}

void fct_volumes_recover(FctTask *task, gpointer data)
{
    FctApp *app = data;
    g_autoptr(json_t) json = fct_task_to_json(task);
    g_autoptr(Making) m = g_new0(Making, 1);
    m->app = app;
    m->id = g_strdup(fct_json_str(json_object_get(json, "subject"), "id", ""));
    if (!fct_volume_split(m->id, &m->pool, &m->name, NULL)) {
        fct_task_end(task, FCT_TASK_FAILED, NULL, NULL, 0, "Facet was restarted in the middle; it did not finish.");
        return;
    }
    fct_storage_claim(app->storage, m->id, NULL);
    fct_task_start(task, volume_recover_thread, g_steal_pointer(&m), making_free);
}

/* ---- growing and deleting ---- */

typedef struct {
    const char *path;
    int size_gib;
} NewSize;

static void note_size(FctVm *vm, gpointer data)
{
    const NewSize *size = data;
    for (guint i = 0; i < vm->disks->len; i++) {
        FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        if (strcmp(disk->path, size->path) == 0)
            disk->size_gib = size->size_gib;
    }
}

/* Updates the documents, which also say how large a disk is. */
static void note_users(FctApp *app, const GPtrArray *users, const char *path, gint64 size_gib)
{
    NewSize size = {path, (int)size_gib};
    for (guint i = 0; users && i < users->len; i++) {
        const FctVolumeUser *user = g_ptr_array_index(users, i);
        if (*user->vm && strcmp(user->how, "disk") == 0 && fct_vm_edit(app, user->vm, note_size, &size, NULL))
            fct_vm_news_add(app->vm_news, user->vm);
    }
}

static gboolean can_grow(FctApp *app, const FctVolumeSurvey *survey, const FctVolume *volume, gint64 size_gib,
                         GError **error)
{
    const GPtrArray *users = fct_volume_survey_users(survey, volume->path);
    const FctPool *pool = fct_volume_survey_pool(survey, volume->pool, error);
    g_autofree char *id = fct_volume_id(volume->pool, volume->name);
    for (guint i = 0; users && i < users->len; i++) {
        const FctVolumeUser *user = g_ptr_array_index(users, i);
        if (strcmp(user->how, "backing") == 0 || strcmp(user->how, "snapshot") == 0)
            return fct_volume_unused(app, survey, volume, error); /* says who */
    }
    if (!pool || !fct_volume_ready(app, volume->pool, volume->name, error))
        return FALSE;
    if (size_gib * GIB < volume->capacity)
        return fct_read_refuse(error, "size_gib", "The volume is larger than that already; it can only grow.");
    if (!fct_volume_fits(pool, fct_pool_has_files(pool) ? volume->format : "raw",
                         fct_pool_has_files(pool) ? size_gib * GIB : size_gib * GIB - volume->capacity, 0, error))
        return FALSE;
    g_autoptr(GError) fault = NULL;
    if (is_still(app, survey, id, &fault))
        return TRUE;
    if (fault->code == FCT_ERROR_IN_USE) {
        g_autoptr(json_t) wire = fct_error_to_json(fault);
        fct_set_error_full(error, FCT_ERROR_IN_USE, "Grow the disk on the VM's own page, while it runs.",
                           json_incref(json_object_get(wire, "details")), "%s", fault->message);
    } else {
        fct_error_pass(error, &fault);
    }
    return FALSE;
}

json_t *fct_volumes_grow(FctApp *app, const char *id, gint64 size_gib, GError **error)
{
    g_autoptr(FctVolumeSurvey) survey = fct_volume_survey_new(app, error);
    const FctVolume *volume = survey ? fct_volume_survey_find(survey, id, error) : NULL;
    if (!volume || !can_grow(app, survey, volume, size_gib, error) || !fct_storage_claim(app->storage, id, error))
        return NULL;
    gboolean ok = fct_record_grow(app, volume->pool, volume->name, size_gib * GIB, error);
    fct_storage_release(app->storage, id);
    if (!ok)
        return NULL;
    note_users(app, fct_volume_survey_users(survey, volume->path), volume->path, size_gib);
    fct_storage_poke(app->storage, volume->pool);
    return fct_volumes_get(app, id, error);
}

/* The event of a VM that was defined a moment ago may not have arrived yet, so libvirt is asked. */
static gboolean no_domain_has(FctApp *app, const FctVolumeSurvey *survey, const FctVolume *volume, GError **error)
{
    g_autoptr(GPtrArray) infos = app->vmm->ops->list(app->vmm, error);
    for (guint i = 0; infos && i < infos->len; i++) {
        const FctVmInfo *info = g_ptr_array_index(infos, i);
        if (fct_volume_survey_has(survey, info, volume->path))
            return fct_set_error_full(error, FCT_ERROR_IN_USE, "Take it out of there first.",
                                      json_pack("{s:[s]}", "holders", info->name), "VM %s has volume %s.", info->name,
                                      volume->name);
        if (info->unseen)
            return fct_domain_unseen(info, error);
    }
    return infos != NULL;
}

/* A creation that found the volume free before it was claimed holds this lock until its VM, which uses it, is stored.
 */
static void await_creations(FctStorage *storage)
{
    g_mutex_lock(fct_storage_names(storage));
    g_mutex_unlock(fct_storage_names(storage));
}

/* Deletes a volume that is claimed, so that nobody begins to use it meanwhile. */
static gboolean delete_claimed(FctApp *app, const char *id, GError **error)
{
    g_autofree char *pool = NULL, *name = NULL;
    await_creations(app->storage);
    if (!fct_volume_split(id, &pool, &name, error))
        return FALSE;
    /* Finds overlays that were made in the folder without libvirt. A pool that is being written to is not scanned. */
    app->vmm->ops->pool_refresh(app->vmm, pool, NULL);
    g_autoptr(FctVolumeSurvey) survey = fct_volume_survey_new(app, error);
    const FctVolume *volume = survey ? fct_volume_survey_find(survey, id, error) : NULL;
    if (!volume || !fct_volume_unused(app, survey, volume, error) || !no_domain_has(app, survey, volume, error) ||
        !fct_record_delete(app, pool, name, error) || !fct_volume_upload_forget(app, id, error))
        return FALSE;
    fct_volume_medium_gone(app, pool, name);
    fct_event(app, "volume.deleted", "info", "volume", id, name, "Volume %s of pool %s was deleted.", name, pool);
    return TRUE;
}

gboolean fct_volumes_delete(FctApp *app, const char *id, GError **error)
{
    g_autofree char *pool = NULL, *name = NULL;
    if (!app->storage)
        return fct_set_error(error, FCT_ERROR_UNSUPPORTED, "This node runs without libvirt.");
    if (!fct_volume_split(id, &pool, &name, error) || !fct_storage_claim(app->storage, id, error))
        return FALSE;
    gboolean ok = delete_claimed(app, id, error);
    fct_storage_release(app->storage, id);
    fct_storage_poke(app->storage, pool);
    return ok;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a new VM from another: complete copies of its disks, as they are now or were at a snapshot. The source must not
 * change meanwhile: either the VM is off and held by an act, or its snapshots are held and their files are copied.
 */
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/vm_doc.h"
#include "app/domains/vm_edit.h"
#include "app/domains/vm_news.h"
#include "app/vms/act/task.h"
#include "app/vms/disks/disks.h"
#include "app/vms/first_boot/first_boot.h"
#include "app/vms/make/make.h"
#include "app/vms/power/choose.h"
#include "app/vms/power/power.h"
#include "app/vms/snapshots/snapshots.h"
#include "app/vms/state/facts.h"
#include "app/vms/state/tree.h"

#include "app/storage/storage.h"
#include "app/storage/vm_rest.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "base/read.h"
#include "base/text.h"

#include <string.h>

#define STEP_START 2

static const char *const make_steps[] = {"Copy the disks", "Define the VM", NULL};
static const char *const start_steps[] = {"Copy the disks", "Define the VM", "Start the VM", NULL};
static const FctVmJob make_job = {"vm.clone", "Clone", make_steps, TRUE, NULL};
static const FctVmJob start_job = {"vm.clone", "Clone", start_steps, TRUE, NULL};

typedef struct {
    FctVmWork work;     /* of the new VM; flag: start it */
    GPtrArray *files;   /* FctChainFile*: the files to copy, by target */
    char *source;       /* VM id */
    gboolean live;      /* the source's snapshots are held, not the source */
    GHashTable *before; /* fct_vm_rest_begin, from when the source was held */
    GHashTable *stamps; /* fct_vm_rest_note */
} Clone;

static void clone_let_go(Clone *clone)
{
    if (clone->live)
        fct_acts_hold_snapshots(clone->work.app->acts, clone->source, FALSE);
    else
        fct_acts_end(clone->work.app->acts, clone->source);
}

static void clone_free(gpointer data)
{
    Clone *clone = data;
    fct_vm_free(clone->work.vm);
    g_ptr_array_unref(clone->files);
    g_free(clone->source);
    g_clear_pointer(&clone->before, g_hash_table_unref);
    g_hash_table_unref(clone->stamps);
    g_free(clone);
}

/* ---- the task ---- */

static const FctChainFile *file_for(const Clone *clone, const FctVmDisk *disk)
{
    for (guint i = 0; i < clone->files->len; i++)
        if (strcmp(((FctChainFile *)clone->files->pdata[i])->target, disk->target) == 0)
            return clone->files->pdata[i];
    return NULL;
}

/* Whether the source was at rest throughout: Facet does not start it, but virsh can. */
static gboolean source_stayed_off(const Clone *clone, GError **error)
{
    FctVmm *vmm = clone->work.app->vmm;
    g_autoptr(FctVmInfo) info = clone->live ? NULL : vmm->ops->info(vmm, clone->source, error);
    if (clone->live)
        return TRUE;
    if (info && !fct_vm_info_active(info))
        return fct_vm_rest_held(clone->work.app, clone->before, clone->source, error);
    if (info)
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Stop it, then clone it again.", NULL,
                           "VM %s was started while its disks were copied.", info->name);
    return FALSE;
}

static gboolean stood_still(const Clone *clone, GError **error)
{
    return source_stayed_off(clone, error) && fct_vm_rest_unwritten(clone->work.app, clone->stamps, error);
}

/* Notes the state of all files before the first is copied, so that they are of one moment. */
static void note_files(const Clone *clone)
{
    for (guint i = 0; i < clone->files->len; i++) {
        const FctChainFile *file = g_ptr_array_index(clone->files, i);
        g_autoptr(FctVolumeRecord) record = fct_record_find(clone->work.app, file->pool, file->volume, NULL);
        if (record)
            fct_vm_rest_note(clone->work.app, record, clone->stamps);
    }
}

static gboolean copy_disk(Clone *clone, FctTask *task, FctVmDisk *disk, const FctChainFile *file, GError **error)
{
    FctApp *app = clone->work.app;
    g_autofree char *what = g_strdup_printf("Copying %s", disk->target);
    FctVolumeProgress progress = {task, 0, what};
    g_autoptr(GError) fault = NULL;
    fct_text_set(&clone->work.vm->making, disk->target);
    if (!fct_vm_store_disks(app, clone->work.vm, error))
        return FALSE;
    g_autoptr(FctVolumeRecord) plan = fct_volume_record_new(disk->pool, disk->volume, disk->format);
    fct_text_set(&plan->vm, clone->work.vm->id);
    g_autoptr(FctVolumeRecord) from = fct_record_find(app, file->pool, file->volume, &fault);
    g_autoptr(FctVolume) volume =
        from ? fct_record_copy(app, from, plan, fct_volume_progress, &progress, &fault) : NULL;
    if (volume)
        fct_text_set(&disk->path, volume->path);
    if (volume || fault->code == FCT_ERROR_EXISTS) /* somebody else was quicker with the name: that one is theirs */
        fct_text_set(&clone->work.vm->making, "");
    fct_storage_poke(app->storage, disk->pool);
    fct_error_pass(error, &fault);
    return fct_vm_store_disks(app, clone->work.vm, volume ? error : NULL) && volume && stood_still(clone, error);
}

static gboolean copy_disks(Clone *clone, FctTask *task, GError **error)
{
    note_files(clone);
    for (guint i = 0; i < clone->work.vm->disks->len; i++) {
        FctVmDisk *disk = g_ptr_array_index(clone->work.vm->disks, i);
        const FctChainFile *file = file_for(clone, disk);
        if (file && !copy_disk(clone, task, disk, file, error))
            return FALSE;
        if (fct_task_cancelled(task))
            return fct_set_error(error, FCT_ERROR_CANCELLED, "It was cancelled.");
    }
    fct_vm_rest_settle();
    return stood_still(clone, error);
}

/* Stores the name of the first-boot volume before it is made. */
static gboolean clone_announce_seed(FctVm *vm, gpointer data, GError **error)
{
    FctApp *app = data;
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        if (disk->seed)
            fct_text_set(&vm->making, disk->target);
    }
    return fct_vm_store_disks(app, vm, error);
}

/* The copy is another machine: it does its first boot once more, under its own name. */
static gboolean clone_write_first_boot(Clone *clone, GError **error)
{
    FctVmWork *work = &clone->work;
    FctVmDisk *none = NULL;
    if (!fct_vm_first_boot_write(work->app, work->vm, clone_announce_seed, work->app, &none, error))
        return FALSE;
    fct_vm_disk_free(none);
    fct_text_set(&work->vm->making, "");
    return fct_vm_store_disks(work->app, work->vm, error);
}

static void clone_set_ready(FctVm *vm, gpointer data)
{
    fct_text_set(&vm->state, "ready");
}

static gboolean clone_define(Clone *clone, GError **error)
{
    FctVmWork *work = &clone->work;
    FctVmm *vmm = work->app->vmm;
    g_autoptr(FctVmSpec) spec = fct_record_spec(work->app, work->vm, error);
    return spec && vmm->ops->define(vmm, spec, error) &&
           fct_vm_edit(work->app, work->vm->id, clone_set_ready, NULL, error);
}

static void clone_take_back(Clone *clone, FctTask *task, guint step, const GError *error)
{
    FctVmWork *work = &clone->work;
    g_autoptr(GError) fault = NULL;
    gboolean clean = fct_vm_remove(work->app, work->vm, FALSE, &fault), cancelled = error->code == FCT_ERROR_CANCELLED;
    g_autofree char *outcome =
        g_strdup_printf("VM %s was not made; %s.", work->vm->name,
                        clean ? "nothing is left of it" : "what is left of it could not be removed yet: delete it");
    if (!clean)
        fct_task_log(task, "%s", fault->message);
    fct_task_step(task, step, cancelled ? FCT_TASK_STEP_UNDONE : FCT_TASK_STEP_FAILED, error->message);
    fct_vm_task_end(work, task, cancelled ? FCT_TASK_CANCELLED : FCT_TASK_FAILED, cancelled ? NULL : error, outcome);
}

/* The VM is made, whatever becomes of its start. */
static void clone_finish(Clone *clone, FctTask *task)
{
    FctVmWork *work = &clone->work;
    g_autoptr(GError) error = NULL;
    gboolean runs = FALSE;
    if (work->flag) {
        fct_task_step(task, STEP_START, FCT_TASK_STEP_RUNNING, NULL);
        runs = fct_vm_reserve(work->app, work->vm, task, &error) && fct_vm_run(work->app, task, work->vm, &error);
        if (!runs)
            fct_vm_release_parts(work->app, task, work->vm->id);
        fct_task_step(task, STEP_START, runs ? FCT_TASK_STEP_DONE : FCT_TASK_STEP_FAILED, runs ? "" : error->message);
    }
    g_autofree char *outcome = g_strdup_printf("VM %s is made%s.", work->vm->name,
                                               runs    ? " and runs"
                                               : error ? ", but did not start"
                                                       : "");
    fct_vm_task_end(work, task, error ? FCT_TASK_FAILED : FCT_TASK_DONE, error, outcome);
}

static void clone_thread(FctTask *task, gpointer data)
{
    Clone *clone = data;
    g_autoptr(GError) error = NULL;
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    gboolean copied = copy_disks(clone, task, &error);
    clone_let_go(clone);
    if (!copied) {
        clone_take_back(clone, task, 0, error);
        return;
    }
    fct_task_step(task, 0, FCT_TASK_STEP_DONE, NULL);
    fct_task_step(task, 1, FCT_TASK_STEP_RUNNING, NULL);
    if (!clone_write_first_boot(clone, &error) || !clone_define(clone, &error)) {
        clone_take_back(clone, task, 1, error);
        return;
    }
    clone_set_ready(clone->work.vm, NULL);
    fct_task_step(task, 1, FCT_TASK_STEP_DONE, NULL);
    clone_finish(clone, task);
}

/* ---- the request ---- */

static gboolean clone_check_name(FctApp *app, FctVm *vm, const char *name, GError **error)
{
    g_autoptr(json_t) patch = json_pack("{s:s}", "name", name);
    g_autoptr(GPtrArray) infos = fct_domains_infos(app->domains);
    if (!fct_vm_patch(vm, patch, error))
        return FALSE;
    for (guint i = 0; i < infos->len; i++)
        if (strcmp(((FctVmInfo *)infos->pdata[i])->name, name) == 0)
            return fct_set_error_full(error, FCT_ERROR_EXISTS, NULL, json_pack("{s:s}", "field", "name"),
                                      "There is a VM %s already.", name);
    return TRUE;
}

/* The drives of the copy: new disks to be filled, the same media, but not the source's first-boot medium. */
static void renew_drives(FctVm *vm, const GPtrArray *files)
{
    for (guint i = vm->disks->len; i-- > 0;) {
        FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        const FctChainFile *file = NULL;
        for (guint k = 0; k < files->len && !file; k++)
            if (strcmp(((FctChainFile *)files->pdata[k])->target, disk->target) == 0)
                file = g_ptr_array_index(files, k);
        if (file) {
            fct_text_set(&disk->pool, file->pool);
            fct_text_set(&disk->volume, "");
            fct_text_set(&disk->path, "");
            disk->made = TRUE;
        } else if (disk->seed) {
            g_ptr_array_remove_index(vm->disks, i);
        }
    }
    for (guint i = 0; i < vm->nics->len; i++)
        fct_text_take(&((FctVmNic *)vm->nics->pdata[i])->mac, fct_vm_new_mac());
}

static FctVm *copy_of(const FctVmTree *tree, const json_t *snapshot, const GPtrArray *files, GError **error)
{
    const char *key;
    json_t *value;
    g_autofree char *id = g_uuid_string_random();
    g_autoptr(FctDoc) doc = g_new(FctDoc, 1);
    *doc = (FctDoc){g_strdup(""), 0, fct_vm_to_doc(tree->vm)};
    json_object_foreach (json_object_get(snapshot, "settings"), key, value)
        json_object_set_new(doc->value, key, json_deep_copy(value));
    json_object_set_new(doc->value, "id", json_string(id));
    json_object_set_new(doc->value, "state", json_string("creating"));
    json_object_set_new(doc->value, "created_ms", json_integer(fct_app_now_ms()));
    json_object_set_new(doc->value, "run", json_null());
    json_object_set_new(doc->value, "chain", json_null());
    json_object_set_new(doc->value, "keep", json_array());
    json_object_set_new(doc->value, "making", json_string(""));
    json_object_set_new(doc->value, "nvram", json_string(""));
    FctVm *vm = fct_vm_from_doc(doc, error);
    if (vm) {
        fct_vm_origin_copied(vm);
        vm->autostart.enabled = FALSE; /* the copy does not start with the host unless it is asked for */
        renew_drives(vm, files);
    }
    return vm;
}

static gboolean store_new(FctApp *app, FctVm *vm, FctTask *task, GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(fct_storage_names(app->storage));
    for (guint i = 0; i < vm->disks->len; i++) {
        FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        if (!disk->cdrom && !*disk->volume && !fct_vm_plan_disk(app, vm, disk, "name", error))
            return FALSE;
    }
    return fct_vm_store_new(app, vm, task, error);
}

/* Holds the source so that it does not change, until clone_let_go. */
static gboolean hold_source(FctApp *app, const FctVm *vm, gboolean snapshot, GError **error)
{
    if (!fct_acts_begin_beside(app->acts, vm->id, "is being cloned", error))
        return FALSE;
    fct_domains_refresh(app->domains, vm->id);
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    if (snapshot) {
        fct_acts_hold_snapshots(app->acts, vm->id, TRUE);
        fct_acts_end(app->acts, vm->id);
        return TRUE;
    }
    if (!fct_vm_info_active(info))
        return TRUE;
    fct_acts_end(app->acts, vm->id);
    return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Take a snapshot and clone that, or stop the VM.",
                              json_pack("{s:s}", "field", "snapshot"),
                              "VM %s runs, so its disks change while they are copied.", vm->name);
}

static FctTask *clone_begin(FctApp *app, const FctIdentity *who, Clone *clone, const json_t *input, GError **error)
{
    const char *name, *wanted = fct_json_str(input, "snapshot", "");
    g_autoptr(FctVmTree) tree = fct_vm_tree_load(app->store, clone->source, error);
    if (!tree || !fct_vm_tree_idle(app, tree, error) || !fct_read_str(input, "name", &name, error))
        return NULL;
    const json_t *doc = *wanted ? fct_vm_tree_find(tree, wanted, FALSE, error) : NULL;
    if (*wanted && !doc) {
        g_clear_error(error);
        fct_set_error_full(error, FCT_ERROR_NOT_FOUND, NULL, json_pack("{s:s}", "field", "snapshot"),
                           "VM %s has no snapshot “%s”.", tree->vm->name, wanted);
        return NULL;
    }
    const FctChainNode *node = doc ? fct_chain_node(tree->chain, fct_json_str(doc, "id", "")) : tree->chain->current;
    for (guint i = 0; i < node->files->len; i++)
        g_ptr_array_add(clone->files, fct_chain_file_copy(g_ptr_array_index(node->files, i)));
    clone->work.vm = copy_of(tree, doc, clone->files, error);
    clone->work.flag = fct_json_bool(input, "start", FALSE);
    if (!clone->work.vm || !clone_check_name(app, clone->work.vm, name, error) ||
        (clone->work.flag && !(fct_vm_facts_check(app, clone->work.vm, TRUE, NULL, error) &&
                               fct_vm_check_devices(app, clone->work.vm, error))) ||
        !fct_acts_begin(app->acts, clone->work.vm->id, "is being made", error))
        return NULL;
    fct_vm_first_boot_renew(clone->work.vm);
    g_autoptr(FctTask) task = fct_vm_task_new(app, who, clone->work.flag ? &start_job : &make_job, clone->work.vm);
    const char *lacks = fct_vm_first_boot_lacks(clone->work.vm);
    if (lacks)
        fct_task_log(task, "%s", lacks);
    if (store_new(app, clone->work.vm, task, error))
        return g_steal_pointer(&task);
    fct_task_forget(task);
    fct_acts_end(app->acts, clone->work.vm->id);
    return NULL;
}

FctTask *fct_vm_clone(FctApp *app, const FctIdentity *who, FctVm *given, const json_t *input, GError **error)
{
    g_autoptr(FctVm) vm = given;
    gboolean snapshot = *fct_json_str(input, "snapshot", "") != '\0';
    if (!fct_domains_is_up(app->domains)) {
        fct_set_error(error, FCT_ERROR_LIBVIRT_DOWN, "libvirt does not answer; nothing can be cloned now.");
        return NULL;
    }
    g_autoptr(GHashTable) before = fct_vm_rest_begin(app); /* first: a start after the check counts */
    if (!hold_source(app, vm, snapshot, error))
        return NULL;
    Clone *clone = g_new0(Clone, 1);
    clone->work.app = app;
    clone->work.acts = TRUE;
    clone->stamps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    clone->files = g_ptr_array_new_with_free_func((GDestroyNotify)fct_chain_file_free);
    clone->source = g_strdup(vm->id);
    clone->live = snapshot;
    clone->before = g_steal_pointer(&before);
    FctTask *task = clone_begin(app, who, clone, input, error);
    if (!task) {
        clone_let_go(clone);
        clone_free(clone);
        return NULL;
    }
    fct_vm_news_add(app->vm_news, clone->work.vm->id);
    fct_task_start(task, clone_thread, clone, clone_free);
    return task;
}

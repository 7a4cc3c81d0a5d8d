/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking a snapshot. New files are named in the VM's document and made; then the VM is switched to them all at once, or
 * not at all; then the documents say so. Whoever finds this half done checks to which files the VM writes.
 */
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/vm_doc.h"
#include "app/vms/act/task.h"
#include "app/vms/snapshots/snapshots.h"
#include "app/vms/state/facts.h"
#include "app/vms/state/tree.h"

#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "base/read.h"
#include "base/text.h"
#include "core/vm_pending.h"

#include <string.h>

#define NAME_LENGTH_MAX 63
#define DESCRIPTION_MAX 400
#define NO_MEMORY_DEVICE "The memory of a VM with a passed-through device cannot be saved."
#define NO_MEMORY_OFF "The VM was off: there was no memory to save."

static const char *const disk_steps[] = {"Make new files", "Switch the disks to them", NULL};
static const char *const memory_steps[] = {"Make new files", "Save the memory and switch the disks", NULL};
static void take_thread(FctTask *task, gpointer data);
static const FctVmJob disk_job = {"vm.snapshot", "Take a snapshot of", disk_steps, TRUE, take_thread};
static const FctVmJob memory_job = {"vm.snapshot", "Take a snapshot of", memory_steps, TRUE, take_thread};

/* ---- the end of it, also after a crash ---- */

static gboolean snapshot_finish(FctVmTree *tree, gpointer data, GError **error)
{
    json_t *doing = fct_vm_tree_doing(tree), *doc = json_object_get(doing, "snapshot");
    g_autoptr(GPtrArray) overlays = fct_vm_files_from_json(json_object_get(doing, "files"));
    const char *id = fct_json_str(doc, "id", "");
    gboolean same = overlays->len == tree->chain->current->files->len;
    for (guint i = 0; same && i < overlays->len; i++)
        same = fct_chain_node_file(tree->chain->current, ((FctChainFile *)overlays->pdata[i])->target) != NULL;
    if (!same)
        return fct_set_error(error, FCT_ERROR_CONFLICT, "The disks of VM %s have changed meanwhile.", tree->vm->name);
    g_hash_table_insert(tree->docs, g_strdup(id), json_deep_copy(doc));
    fct_chain_freeze(tree->chain, id, overlays);
    fct_vm_tree_take_disks(tree);
    fct_vm_tree_set_doing(tree, NULL);
    return TRUE;
}

/* Whether the VM has a disk that its present run does not have. */
static gboolean waits_for_start(const FctVm *vm)
{
    const json_t *run = json_object_get(vm->run, "disks");
    g_autoptr(json_t) now = fct_vm_run_json(vm);
    return json_array_size(json_object_get(now, "disks")) > json_array_size(run);
}

/*
 * A VM that is off is switched in libvirt's definition. virsh may start it at any moment: from then on with the new
 * files; if it was started before, it is seen to run with the old ones.
 */
static gboolean snapshot_switch_definition(FctApp *app, const char *id, GError **error)
{
    g_autoptr(FctVmTree) next = fct_vm_tree_load(app->store, id, error);
    return next && snapshot_finish(next, NULL, error) && fct_vm_tree_redefine(app, next->vm, error);
}

FctVmSettled fct_vm_snapshot_settle(FctApp *app, FctTask *task, const FctVmTree *tree)
{
    gboolean known = FALSE, switched = fct_vm_tree_switched(app, task, tree, &known);
    if (!known)
        return FCT_VM_UNSETTLED;
    gboolean live = fct_json_bool(fct_vm_tree_doing(tree), "live", FALSE);
    if (fct_json_bool(fct_vm_tree_doing(tree), "freeze", FALSE) && !fct_vm_thaw(app, task, tree->vm->id)) {
        if (fct_task_stopping(task))
            return FCT_VM_UNSETTLED;
        fct_task_log(task, "The guest’s file systems may still be frozen: a task waits until they are not.");
    }
    if (!switched) {
        if (!live)
            fct_vm_tree_redefine(app, tree->vm, NULL);
        fct_vm_tree_forget(app, task, tree->vm->id);
        return FCT_VM_UNCHANGED;
    }
    if (live && waits_for_start(tree->vm)) /* libvirt has the frozen file of it; the rest it has switched itself */
        snapshot_switch_definition(app, tree->vm->id, NULL);
    g_autoptr(FctVmTree) done = fct_vm_tree_settle(app, task, tree->vm->id, snapshot_finish);
    return done ? FCT_VM_CHANGED : FCT_VM_UNSETTLED;
}

/* ---- the task ---- */

static void set_turned(GError **error, const FctVm *vm)
{
    fct_set_error_full(error, FCT_ERROR_CONFLICT, "Take it again.", NULL,
                       "VM %s was started or went off in the middle of it.", vm->name);
}

/* QEMU made the file, so libvirt must scan the pool to list it among the volumes. */
static void list_memory(FctApp *app, const json_t *memory)
{
    g_autoptr(GError) fault = NULL;
    if (json_is_object(memory) && !app->vmm->ops->pool_refresh(app->vmm, fct_json_str(memory, "pool", ""), &fault))
        g_info("The file of the saved memory is not listed yet: %s", fault->message);
}

static gboolean switch_disks(FctVmWork *work, FctTask *task, const FctVmTree *tree, GError **error)
{
    FctApp *app = work->app;
    const json_t *doing = fct_vm_tree_doing(tree);
    const json_t *memory = json_object_get(doing, "memory");
    g_autoptr(GPtrArray) overlays = fct_vm_files_from_json(json_object_get(doing, "files"));
    g_autoptr(FctVmInfo) info = app->vmm->ops->info(app->vmm, tree->vm->id, error);
    FctVolumeProgress progress = {task, 1, "Saving"};
    if (!info)
        return FALSE;
    if (fct_vm_info_active(info) != fct_json_bool(doing, "live", FALSE)) {
        set_turned(error, tree->vm);
        return FALSE;
    }
    if (!fct_json_bool(doing, "live", FALSE))
        return snapshot_switch_definition(app, tree->vm->id, error);
    gboolean ok = app->vmm->ops->snapshot(
        app->vmm, tree->vm->id, overlays, json_is_object(memory) ? fct_json_str(memory, "path", "") : NULL,
        info->memory_mib, fct_json_bool(doing, "freeze", FALSE), fct_volume_progress, &progress, error);
    if (ok)
        list_memory(app, memory);
    return ok;
}

static void end_failed(FctVmWork *work, FctTask *task, guint step, const GError *error)
{
    gboolean cancelled = !error || error->code == FCT_ERROR_CANCELLED;
    g_autofree char *outcome = g_strdup_printf("No snapshot was taken; VM %s is as it was.", work->vm->name);
    fct_task_step(task, step, cancelled ? FCT_TASK_STEP_UNDONE : FCT_TASK_STEP_FAILED, error ? error->message : NULL);
    fct_vm_task_end(work, task, cancelled ? FCT_TASK_CANCELLED : FCT_TASK_FAILED, cancelled ? NULL : error, outcome);
}

/* Writes the documents, whatever happened to the VM. */
static void snapshot_settle(FctVmWork *work, FctTask *task, const FctVmTree *tree, GError **fault)
{
    FctApp *app = work->app;
    const json_t *doc = json_object_get(fct_vm_tree_doing(tree), "snapshot");
    const char *why = fct_json_str(doc, "disk_only_reason", "");
    FctVmSettled end = fct_vm_snapshot_settle(app, task, tree);
    if (end == FCT_VM_UNSETTLED) {
        fct_acts_end(app->acts, tree->vm->id); /* the next start of facetd ends the task */
    } else if (end == FCT_VM_UNCHANGED) {
        if (!*fault)
            set_turned(fault, tree->vm);
        end_failed(work, task, 1, *fault);
    } else {
        g_autofree char *outcome = g_strdup_printf("Snapshot %s is taken.%s%s", fct_json_str(doc, "name", ""),
                                                   *why ? " Disks only: " : "", why);
        fct_task_step(task, 1, FCT_TASK_STEP_DONE, NULL);
        fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, outcome);
    }
}

static void take_thread(FctTask *task, gpointer data)
{
    FctVmWork *work = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVmTree) tree = fct_vm_tree_load(work->app->store, work->vm->id, &error);
    g_autoptr(GPtrArray) overlays =
        tree ? fct_vm_files_from_json(json_object_get(fct_vm_tree_doing(tree), "files")) : NULL;
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    if (!tree || !fct_vm_tree_make(work->app, tree, overlays, &error) || fct_task_cancelled(task)) {
        fct_vm_tree_forget(work->app, task, work->vm->id);
        end_failed(work, task, 0, error);
        return;
    }
    fct_task_step(task, 0, FCT_TASK_STEP_DONE, NULL);
    fct_task_step(task, 1, FCT_TASK_STEP_RUNNING, NULL);
    switch_disks(work, task, tree, &error);
    snapshot_settle(work, task, tree, &error);
}

/* ---- the request ---- */

static gboolean snapshot_refuse(GError **error, FctErrorCode code, const char *field, const char *next,
                                const char *sentence)
{
    return fct_set_error_full(error, code, next, json_pack("{s:s}", "field", field), "%s", sentence);
}

static gboolean snapshot_check_text(const char *text, gsize max, const char *field, gboolean empty, GError **error)
{
    gboolean good = g_utf8_validate(text, -1, NULL) && g_utf8_strlen(text, -1) <= (glong)max && (empty || *text);
    for (const char *p = text; good && *p; p = g_utf8_next_char(p))
        good = g_unichar_isprint(g_utf8_get_char(p)) && (*p != '/' || empty);
    if (good)
        return TRUE;
    g_autofree char *sentence =
        g_strdup_printf("“%s” has %s %" G_GSIZE_FORMAT " characters, without slashes or control "
                        "characters.",
                        field, empty ? "at most" : "1 to", max);
    return snapshot_refuse(error, FCT_ERROR_BAD_REQUEST, field, NULL, sentence);
}

static gboolean snapshot_check_input(const FctVmTree *tree, const json_t *input, GError **error)
{
    const char *name;
    if (!fct_read_str(input, "name", &name, error) ||
        !snapshot_check_text(name, NAME_LENGTH_MAX, "name", FALSE, error) ||
        !snapshot_check_text(fct_json_str(input, "description", ""), DESCRIPTION_MAX, "description", TRUE, error))
        return FALSE;
    if (fct_vm_tree_find(tree, name, FALSE, NULL))
        return snapshot_refuse(error, FCT_ERROR_EXISTS, "name", NULL, "The VM has a snapshot of that name already.");
    return TRUE;
}

const char *fct_vm_snapshot_no_memory(const FctVm *vm, const FctVmInfo *info)
{
    if (!fct_vm_info_active(info))
        return NO_MEMORY_OFF;
    return vm->devices->len || json_array_size(info->parts) ? NO_MEMORY_DEVICE : "";
}

const char *fct_vm_snapshot_no_freeze(const FctVm *vm, const FctVmInfo *info)
{
    if (!fct_vm_info_active(info) || info->state == FCT_VM_PAUSED)
        return "The VM does not run: its file systems are at rest.";
    if (!vm->agent || info->agent == FCT_AGENT_NONE)
        return "The VM has no channel for a guest agent.";
    return info->agent == FCT_AGENT_DISCONNECTED ? "No agent runs in the guest: start qemu-guest-agent there." : "";
}

typedef struct {
    json_t *doing; /* borrowed */
} Begin;

static gboolean snapshot_begin(FctVmTree *tree, gpointer data, GError **error)
{
    json_object_set(json_object_get(((Begin *)data)->doing, "snapshot"), "parent",
                    json_object_get(tree->vm->chain, "parent"));
    fct_vm_tree_set_doing(tree, json_incref(((Begin *)data)->doing));
    return TRUE;
}

/* The settings that the snapshot restores, besides the content of disks. */
static json_t *settings_of(const FctVm *vm)
{
    static const char *const kept[] = {"os",   "vcpus", "memory_mib", "uefi", "tpm", "agent",
                                       "boot", "disks", "devices",    "nics", "run"};
    g_autoptr(json_t) doc = fct_vm_to_doc(vm);
    json_t *settings = json_object();
    for (guint i = 0; i < G_N_ELEMENTS(kept); i++)
        json_object_set(settings, kept[i], json_object_get(doc, kept[i]));
    return settings;
}

static json_t *memory_file(const FctVm *vm, const FctChainFile *beside)
{
    g_autofree char *id = fct_app_new_id("");
    g_autofree char *name = g_strdup_printf("%s-memory-%s.mem", vm->name, id + strlen(id) - 6);
    g_autofree char *folder = g_path_get_dirname(beside->path);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    FctChainFile *file = fct_chain_file_new("", beside->pool, name, path, "raw", "");
    json_t *json = fct_vm_file_to_json(file);
    fct_chain_file_free(file);
    return json;
}

static json_t *snapshot_plan(FctApp *app, const FctVmTree *tree, const json_t *input, GError **error)
{
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, tree->vm->id);
    g_autoptr(GPtrArray) overlays = fct_vm_tree_overlays(app, tree, tree->chain->current, error);
    if (!overlays)
        return NULL;
    gboolean live = fct_vm_info_active(info), freeze = fct_json_bool(input, "freeze", FALSE);
    gboolean memory = fct_json_bool(input, "memory", FALSE);
    const char *no_memory = memory ? fct_vm_snapshot_no_memory(tree->vm, info) : "";
    const char *no_freeze = freeze ? fct_vm_snapshot_no_freeze(tree->vm, info) : "";
    if (*no_freeze) {
        snapshot_refuse(error, FCT_ERROR_CONFLICT, "freeze", "Leave freeze out.", no_freeze);
        return NULL;
    }
    memory = memory && !*no_memory;
    g_autofree char *id = fct_app_new_id("snap");
    json_t *file = memory ? memory_file(tree->vm, overlays->pdata[0]) : json_null();
    json_t *doc = json_pack("{s:s, s:s, s:s, s:s, s:I, s:b, s:O, s:s, s:s, s:o}", "id", id, "vm", tree->vm->id, "name",
                            fct_json_str(input, "name", ""), "description", fct_json_str(input, "description", ""),
                            "created_ms", (json_int_t)fct_app_now_ms(), "frozen", freeze && !memory, "memory", file,
                            "vm_state", fct_vm_state_name(info ? info->state : FCT_VM_OFF), "disk_only_reason",
                            no_memory, "settings", settings_of(tree->vm));
    return json_pack("{s:s, s:o, s:o, s:o, s:b, s:b}", "kind", "snapshot", "snapshot", doc, "files",
                     fct_vm_files_to_json(overlays), "memory", file, "freeze", freeze && !memory, "live", live);
}

/*
 * Refuses while a disk is to leave with the next start: what the guest writes after the snapshot would go with it,
 * although its volume may have to stay.
 */
static gboolean nothing_leaves(const FctVm *vm, GError **error)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        if (!disk->leaving)
            continue;
        return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Restart the VM, then take the snapshot.", NULL,
                                  "Disk %s of VM %s goes with its next start.", disk->target, vm->name);
    }
    return TRUE;
}

static FctTask *snapshot_take(FctApp *app, const FctIdentity *who, FctVm **vm, const json_t *input, GError **error)
{
    g_autoptr(FctVmTree) tree = fct_vm_tree_load(app->store, (*vm)->id, error);
    if (!tree || !snapshot_check_input(tree, input, error) || !fct_vm_tree_idle(app, tree, error) ||
        !nothing_leaves(tree->vm, error))
        return NULL;
    g_autoptr(json_t) doing = snapshot_plan(app, tree, input, error);
    if (!doing)
        return NULL;
    const FctVmJob *job = json_is_object(json_object_get(doing, "memory")) ? &memory_job : &disk_job;
    g_autoptr(FctTask) task = fct_vm_task_new(app, who, job, *vm);
    Begin data = {doing};
    g_autoptr(FctVmTree) begun = fct_vm_tree_edit(app, (*vm)->id, task, snapshot_begin, &data, error);
    if (!begun) {
        fct_task_forget(task);
        return NULL;
    }
    fct_vm_task_run(app, task, job, g_steal_pointer(vm), FALSE, TRUE);
    return g_steal_pointer(&task);
}

FctTask *fct_vm_snapshot(FctApp *app, const FctIdentity *who, FctVm *given, const json_t *input, GError **error)
{
    g_autoptr(FctVm) vm = given;
    g_autofree char *id = g_strdup(vm->id);
    if (!fct_acts_begin_beside(app->acts, id, "has a snapshot taken of it", error))
        return NULL;
    FctTask *task = snapshot_take(app, who, &vm, input, error);
    if (!task)
        fct_acts_end(app->acts, id);
    return task;
}

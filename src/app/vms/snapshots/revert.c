/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reverting to a snapshot: new files on top of the frozen ones are made, then the documents change in one commit, and
 * what the VM wrote since is deleted after that. Before that commit nothing has changed, except that the VM is off.
 */
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/vm_doc.h"
#include "app/storage/volume_record.h"
#include "app/vms/act/refused.h"
#include "app/vms/act/task.h"
#include "app/vms/first_boot/first_boot.h"
#include "app/vms/power/choose.h"
#include "app/vms/power/power.h"
#include "app/vms/snapshots/snapshots.h"
#include "app/vms/state/facts.h"
#include "app/vms/state/tree.h"
#include "base/text.h"

#include <string.h>

#define FORCED_MS 60000
#define SEEN_RUNNING_MS 30000
enum { STEP_OFF, STEP_FILES, STEP_BACK, STEP_START };

static const char *const stay_steps[] = {"Force the VM off", "Make new files", "Go back to the snapshot", NULL};
static const char *const start_steps[] = {"Force the VM off", "Make new files", "Go back to the snapshot",
                                          "Start the VM", NULL};
static void revert_thread(FctTask *task, gpointer data);
static const FctVmJob stay_job = {"vm.revert", "Revert", stay_steps, TRUE, revert_thread};
static const FctVmJob start_job = {"vm.revert", "Revert", start_steps, TRUE, revert_thread};

/* ---- documents ---- */

/* @now with the settings of a snapshot. */
static FctVm *with_settings(const FctVm *now, const json_t *settings, GError **error)
{
    json_t *doc = fct_vm_to_doc(now), *value;
    const char *key;
    json_object_foreach ((json_t *)settings, key, value)
        json_object_set_new(doc, key, json_deep_copy(value));
    g_autoptr(FctDoc) whole = g_new(FctDoc, 1);
    *whole = (FctDoc){g_strdup(""), now->revision, doc};
    FctVm *vm = fct_vm_from_doc(whole, error);
    if (vm)
        fct_vm_first_boot_keep(vm, now);
    return vm;
}

static gboolean take_settings(FctVmTree *tree, const json_t *settings, GError **error)
{
    FctVm *vm = with_settings(tree->vm, settings, error);
    if (!vm)
        return FALSE;
    fct_vm_free(tree->vm);
    tree->vm = vm;
    return TRUE;
}

static gboolean revert_go_back(FctVmTree *tree, gpointer data, GError **error)
{
    json_t *doing = json_incref(fct_vm_tree_doing(tree));
    const char *id = fct_json_str(doing, "to", "");
    g_autoptr(GPtrArray) overlays = fct_vm_files_from_json(json_object_get(doing, "files"));
    g_autoptr(GPtrArray) thrown = g_ptr_array_new();
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    const json_t *doc = g_hash_table_lookup(tree->docs, id);
    gboolean ok = doc && take_settings(tree, json_object_get(doc, "settings"), error);
    if (ok) {
        fct_chain_leaving(tree->chain, thrown, kept);
        for (guint i = 0; i < thrown->len; i++)
            fct_vm_tree_discard(tree, g_ptr_array_index(thrown, i));
        fct_chain_revert(tree->chain, id, overlays);
        fct_vm_tree_take_disks(tree);
        fct_vm_tree_set_doing(tree, NULL);
    }
    json_decref(doing);
    return ok;
}

/* ---- what it would do, in words ---- */

static void revert_say(json_t *list, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void revert_say(json_t *list, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    json_array_append_new(list, json_string(text));
}

static void say_settings(json_t *list, const FctVm *vm, const json_t *settings)
{
    gint64 vcpus = fct_json_int(settings, "vcpus", vm->vcpus);
    gint64 memory = fct_json_int(settings, "memory_mib", vm->memory_mib);
    g_autoptr(json_t) doc = fct_vm_to_doc(vm);
    if (vcpus != vm->vcpus)
        revert_say(list, "%" G_GINT64_FORMAT " vCPU%s instead of %d.", vcpus, vcpus == 1 ? "" : "s", vm->vcpus);
    if (memory != vm->memory_mib)
        revert_say(list, "%" G_GINT64_FORMAT " MiB of memory instead of %" G_GINT64_FORMAT " MiB.", memory,
                   vm->memory_mib);
    if (!json_equal(json_object_get(doc, "nics"), json_object_get(settings, "nics")))
        revert_say(list, "Its network interfaces are those of then.");
    if (!json_equal(json_object_get(doc, "devices"), json_object_get(settings, "devices")))
        revert_say(list, "It asks for the devices of then; parts are chosen when it starts.");
}

/* The VM as a revert to @doc would leave it, on the files that the snapshot has frozen. */
static FctVm *vm_of_then(const FctVmTree *tree, const json_t *doc, GError **error)
{
    const FctChainNode *node = fct_chain_node(tree->chain, fct_json_str(doc, "id", ""));
    FctVm *vm = with_settings(tree->vm, json_object_get(doc, "settings"), error);
    for (guint i = 0; vm && node && i < node->files->len; i++) {
        const FctChainFile *file = g_ptr_array_index(node->files, i);
        FctVmDisk *disk = fct_vm_find_disk(vm, file->target);
        if (!disk)
            continue;
        fct_text_set(&disk->pool, file->pool);
        fct_text_set(&disk->volume, file->volume);
        fct_text_set(&disk->path, file->path);
        fct_text_set(&disk->format, file->format);
    }
    return vm;
}

/* What would forbid a start of the VM after the revert (FctVerdict*): its "why" will say the same. */
static GPtrArray *against_start(FctApp *app, const FctVmOffer *offer, const FctVmTree *tree, const json_t *doc,
                                GError **error)
{
    GPtrArray *verdicts = NULL;
    g_autoptr(GPtrArray) picks = NULL;
    g_autoptr(FctVm) then = vm_of_then(tree, doc, error);
    const json_t *memory = json_object_get(doc, "memory");
    if (!then)
        return NULL;
    fct_vm_preflight(app, offer, then, FALSE, &verdicts, &picks);
    if (json_is_object(memory))
        fct_vm_facts_judge_memory_file(app, fct_json_str(memory, "path", ""), verdicts);
    return verdicts;
}

static void say_missing(FctApp *app, const FctVmOffer *offer, const FctVmTree *tree, const json_t *doc, json_t *list)
{
    g_autoptr(GPtrArray) verdicts = against_start(app, offer, tree, doc, NULL);
    for (guint i = 0; verdicts && i < verdicts->len; i++) {
        const FctVerdict *verdict = g_ptr_array_index(verdicts, i);
        if (verdict->severity == FCT_BLOCK || verdict->severity == FCT_REFUSE)
            revert_say(list, "The VM could not start then: %s", verdict->sentence);
    }
}

/*
 * The snapshot was taken before the guest had its first-boot data: the guest will ask for it again, but its secrets are
 * gone.
 */
static void say_first_boot(json_t *list, const FctVm *vm, const json_t *settings)
{
    const char *lacks = fct_vm_first_boot_lacks(vm);
    const char *then = fct_json_str(json_object_get(settings, "run"), "first_boot", "");
    if (lacks && strcmp(then, fct_json_str(vm->first_boot, "instance", "")) != 0)
        revert_say(list, "%s", lacks);
}

json_t *fct_vm_revert_effects(FctApp *app, const FctVmOffer *offer, const FctVmTree *tree, const json_t *doc,
                              gboolean active)
{
    json_t *list = json_array();
    g_autoptr(GPtrArray) thrown = g_ptr_array_new();
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    const FctChainNode *node = fct_chain_node(tree->chain, fct_json_str(doc, "id", ""));
    fct_chain_leaving(tree->chain, thrown, kept);
    if (active)
        revert_say(list, "The VM runs and is forced off first.");
    revert_say(list, "Everything written since that is in no snapshot is lost.");
    for (guint i = 0; i < kept->len; i++) {
        const FctChainFile *file = g_ptr_array_index(kept, i);
        revert_say(list, "Disk %s was added later: it is detached, and kept as volume %s.", file->target,
                   *file->volume ? file->volume : file->path);
    }
    for (guint i = 0; i < thrown->len; i++) {
        const FctChainFile *file = g_ptr_array_index(thrown, i);
        if (!fct_chain_node_file(node, file->target))
            revert_say(list,
                       "Disk %s was added later: it is detached; what later snapshots have of it stays with them.",
                       file->target);
    }
    for (guint i = 0; i < node->files->len; i++) {
        const char *target = ((FctChainFile *)node->files->pdata[i])->target;
        if (!fct_chain_node_file(tree->chain->current, target))
            revert_say(list, "Disk %s, removed since, comes back.", target);
    }
    if (tree->vm->uefi || tree->vm->tpm)
        revert_say(list, "What UEFI and TPM remember is no part of it, and stays as it is.");
    say_settings(list, tree->vm, json_object_get(doc, "settings"));
    say_first_boot(list, tree->vm, json_object_get(doc, "settings"));
    say_missing(app, offer, tree, doc, list);
    return list;
}

/* ---- the task ---- */

static void revert_fail(FctVmWork *work, FctTask *task, guint step, const GError *error, const char *outcome)
{
    gboolean cancelled = !error || error->code == FCT_ERROR_CANCELLED;
    fct_task_step(task, step, cancelled ? FCT_TASK_STEP_UNDONE : FCT_TASK_STEP_FAILED, error ? error->message : NULL);
    fct_vm_task_end(work, task, cancelled ? FCT_TASK_CANCELLED : FCT_TASK_FAILED, cancelled ? NULL : error, outcome);
}

static gboolean force_off(FctVmWork *work, FctTask *task, GError **error)
{
    FctApp *app = work->app;
    FctVmm *vmm = app->vmm;
    g_autoptr(FctVmInfo) info = vmm->ops->info(vmm, work->vm->id, error);
    if (!info)
        return FALSE;
    if (!fct_vm_info_active(info)) {
        fct_task_step(task, STEP_OFF, FCT_TASK_STEP_SKIPPED, "It is off.");
        return TRUE;
    }
    fct_task_step(task, STEP_OFF, FCT_TASK_STEP_RUNNING, NULL);
    if (!vmm->ops->destroy(vmm, work->vm->id, error))
        return FALSE;
    if (!fct_domains_await(app->domains, task, work->vm->id, FALSE, FORCED_MS))
        return fct_set_error(error, FCT_ERROR_TIMEOUT, "libvirt does not show the VM as off.");
    fct_vm_release_parts(app, task, work->vm->id);
    fct_task_step(task, STEP_OFF, FCT_TASK_STEP_DONE, NULL);
    return TRUE;
}

/* libvirt resumes the guest only after it has reported that the domain is there. */
static gboolean is_back(const FctVmInfo *info, gpointer data)
{
    return fct_vm_info_active(info) && (*(const gboolean *)data || info->state != FCT_VM_PAUSED);
}

/* Starts with the saved memory; FALSE without an error when the snapshot has none. */
static gboolean start_with_memory(FctVmWork *work, FctTask *task, const FctVmTree *tree, GError **error)
{
    FctApp *app = work->app;
    FctVmm *vmm = app->vmm;
    const json_t *doc = g_hash_table_lookup(tree->docs, tree->chain->current->parent);
    const json_t *memory = json_object_get(doc, "memory");
    if (!json_is_object(memory))
        return FALSE;
    gboolean paused = strcmp(fct_json_str(doc, "vm_state", ""), "paused") == 0;
    if (!fct_record_fill_files(app, tree->chain->current->files, error) ||
        !vmm->ops->restore(vmm, tree->vm->id, tree->chain->current->files, fct_json_str(memory, "path", ""),
                           tree->vm->memory_mib, paused, error))
        return FALSE;
    if (!fct_domains_await_that(app->domains, task, tree->vm->id, is_back, &paused, SEEN_RUNNING_MS))
        return fct_set_error(error, FCT_ERROR_LIBVIRT, "The VM ended as soon as it had started.");
    return TRUE;
}

static gboolean revert_start_again(FctVmWork *work, FctTask *task, const FctVmTree *tree, GError **error)
{
    g_autoptr(GError) fault = NULL;
    if (start_with_memory(work, task, tree, &fault))
        return TRUE;
    if (fault)
        return fct_error_pass(error, &fault);
    return fct_vm_reserve(work->app, tree->vm, task, error) && fct_vm_run(work->app, task, tree->vm, error);
}

void fct_vm_revert_go_on(FctVmWork *work, FctTask *task)
{
    FctApp *app = work->app;
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVmTree) tree = fct_vm_tree_load(app->store, work->vm->id, &error);
    const json_t *doc = tree ? g_hash_table_lookup(tree->docs, tree->chain->current->parent) : NULL;
    g_autofree char *back =
        g_strdup_printf("VM %s is back at %s", work->vm->name, fct_json_str(doc, "name", "its snapshot"));
    gboolean told = !tree || fct_vm_tree_define(app, tree);
    if ((told && !fct_vm_tree_sweep(app, work->vm->id, &fault)) ||
        !fct_vm_merge(app, task, STEP_BACK, work->vm->id, &fault))
        fct_task_log(task, "Files that nobody needs go later: %s", fault->message);
    fct_task_step(task, STEP_BACK, FCT_TASK_STEP_DONE, NULL);
    if (!work->flag) {
        g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, work->vm->id);
        g_autofree char *outcome = g_strdup_printf("%s, and %s.", back, fct_vm_info_active(info) ? "runs" : "off");
        fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, outcome);
        return;
    }
    fct_task_step(task, STEP_START, FCT_TASK_STEP_RUNNING, NULL);
    if (tree && revert_start_again(work, task, tree, &error)) {
        g_autofree char *outcome = g_strdup_printf("%s, and runs.", back);
        fct_task_step(task, STEP_START, FCT_TASK_STEP_DONE, NULL);
        fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, outcome);
        return;
    }
    fct_vm_release_parts(app, task, work->vm->id);
    g_autofree char *outcome = g_strdup_printf("%s, but did not start.", back);
    revert_fail(work, task, STEP_START, error, outcome);
}

/*
 * Changes libvirt's definition first. virsh may start the VM at any moment: from then on with the new files; if it was
 * started before, it is seen to run with the old files, which must not be deleted then.
 */
static void revert_switch_definition(FctApp *app, const char *id, GError **error)
{
    g_autoptr(FctVmTree) next = fct_vm_tree_load(app->store, id, error);
    if (next && revert_go_back(next, NULL, error))
        fct_vm_tree_redefine(app, next->vm, error);
}

FctVmSettled fct_vm_revert_settle(FctApp *app, FctTask *task, const FctVmTree *tree)
{
    gboolean known, switched = fct_vm_tree_switched(app, task, tree, &known);
    if (!known)
        return FCT_VM_UNSETTLED;
    if (!switched) {
        fct_vm_tree_redefine(app, tree->vm, NULL);
        fct_vm_tree_forget(app, task, tree->vm->id);
        return FCT_VM_UNCHANGED;
    }
    g_autoptr(FctVmTree) back = fct_vm_tree_settle(app, task, tree->vm->id, revert_go_back);
    return back ? FCT_VM_CHANGED : FCT_VM_UNSETTLED;
}

static void revert_thread(FctTask *task, gpointer data)
{
    FctVmWork *work = data;
    FctApp *app = work->app;
    g_autoptr(GError) error = NULL;
    g_autofree char *off = g_strdup_printf("VM %s was not reverted. It is off if it was forced off.", work->vm->name);
    g_autoptr(FctVmTree) tree = fct_vm_tree_load(app->store, work->vm->id, &error);
    g_autoptr(GPtrArray) files =
        tree ? fct_vm_files_from_json(json_object_get(fct_vm_tree_doing(tree), "files")) : NULL;
    if (!tree || fct_task_cancelled(task) || !force_off(work, task, &error)) {
        fct_vm_tree_forget(app, task, work->vm->id);
        revert_fail(work, task, STEP_OFF, error, off);
        return;
    }
    fct_task_step(task, STEP_FILES, FCT_TASK_STEP_RUNNING, NULL);
    if (!fct_vm_tree_make(app, tree, files, &error) || fct_task_cancelled(task)) {
        fct_vm_tree_forget(app, task, work->vm->id);
        revert_fail(work, task, STEP_FILES, error, off);
        return;
    }
    fct_task_step(task, STEP_FILES, FCT_TASK_STEP_DONE, NULL);
    fct_task_step(task, STEP_BACK, FCT_TASK_STEP_RUNNING, NULL);
    revert_switch_definition(app, work->vm->id, &error);
    FctVmSettled end = fct_vm_revert_settle(app, task, tree);
    if (end == FCT_VM_CHANGED) {
        fct_vm_revert_go_on(work, task);
    } else if (end == FCT_VM_UNSETTLED) {
        fct_acts_end(app->acts, work->vm->id); /* facetd ends; its next start settles it */
    } else {
        if (!error)
            fct_set_error_full(&error, FCT_ERROR_CONFLICT, "Stop it, then revert it again.", NULL,
                               "VM %s was started in the middle of it.", work->vm->name);
        revert_fail(work, task, STEP_BACK, error, off);
    }
}

/* ---- the request ---- */

typedef struct {
    const char *snapshot;
    json_t *doing;
} Begin;

static gboolean revert_begin(FctVmTree *tree, gpointer data, GError **error)
{
    fct_vm_tree_set_doing(tree, json_incref(((Begin *)data)->doing));
    return TRUE;
}

static gboolean check_consent(FctApp *app, const FctVmTree *tree, const json_t *doc, const json_t *input,
                              GError **error)
{
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, tree->vm->id);
    if (!fct_vm_info_active(info) || fct_json_bool(input, "confirm", FALSE))
        return TRUE;
    g_autoptr(FctVmOffer) offer = fct_vm_offer_new(app, FALSE, NULL);
    json_t *effects = fct_vm_revert_effects(app, offer, tree, doc, TRUE);
    return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Send “confirm” to force it off and go back.",
                              json_pack("{s:s, s:o}", "field", "confirm", "reasons", effects),
                              "VM %s runs. It would be forced off.", tree->vm->name);
}

/* Refuses at once if the VM is to run afterwards and could not start, instead of forcing it off first. */
static gboolean check_start(FctApp *app, const FctVmTree *tree, const json_t *doc, GError **error)
{
    fct_vm_facts_refresh(app);
    g_autoptr(FctVmOffer) offer = fct_vm_offer_new(app, FALSE, NULL);
    g_autoptr(GPtrArray) verdicts = against_start(app, offer, tree, doc, error);
    if (!verdicts)
        return FALSE;
    if (fct_verdicts_allow(verdicts, FALSE))
        return TRUE;
    fct_vm_set_refused(error, tree->vm, verdicts, "could not start afterwards",
                       "Mend that first, or send “start” as false to go back without a start.");
    return FALSE;
}

static FctTask *snapshot_revert(FctApp *app, const FctIdentity *who, FctVm **vm, const char *snapshot,
                                const json_t *input, GError **error)
{
    g_autoptr(FctVmTree) tree = fct_vm_tree_load(app->store, (*vm)->id, error);
    const json_t *doc = tree && fct_vm_tree_idle(app, tree, error) && fct_vm_tree_free_to_change(app, tree->vm, error)
                            ? fct_vm_tree_find(tree, snapshot, FALSE, error)
                            : NULL;
    if (!doc || !check_consent(app, tree, doc, input, error))
        return NULL;
    const char *id = fct_json_str(doc, "id", "");
    gboolean start = fct_json_bool(input, "start", json_is_object(json_object_get(doc, "memory")));
    if (start && !check_start(app, tree, doc, error))
        return NULL;
    g_autoptr(GPtrArray) files = fct_vm_tree_overlays(app, tree, fct_chain_node(tree->chain, id), error);
    if (!files)
        return NULL;
    g_autoptr(json_t) doing =
        json_pack("{s:s, s:s, s:o}", "kind", "revert", "to", id, "files", fct_vm_files_to_json(files));
    const FctVmJob *job = start ? &start_job : &stay_job;
    g_autoptr(FctTask) task = fct_vm_task_new(app, who, job, *vm);
    Begin data = {id, doing};
    g_autoptr(FctVmTree) begun = fct_vm_tree_edit(app, (*vm)->id, task, revert_begin, &data, error);
    if (!begun) {
        fct_task_forget(task);
        return NULL;
    }
    fct_vm_task_run(app, task, job, g_steal_pointer(vm), start, TRUE);
    return g_steal_pointer(&task);
}

FctTask *fct_vm_revert(FctApp *app, const FctIdentity *who, FctVm *given, const char *snapshot, const json_t *input,
                       GError **error)
{
    g_autoptr(FctVm) vm = given;
    g_autofree char *id = g_strdup(vm->id);
    if (!fct_acts_begin(app->acts, id, "is being reverted", error))
        return NULL;
    FctTask *task = snapshot_revert(app, who, &vm, snapshot, input, error);
    if (!task)
        fct_acts_end(app->acts, id);
    return task;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Making a VM: completely, or nothing is left. */
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/vm_doc.h"
#include "app/domains/vm_edit.h"
#include "app/library/images.h"
#include "app/networks/networks.h"
#include "app/storage/storage.h"
#include "app/storage/volume_record.h"
#include "app/vms/act/task.h"
#include "app/vms/disks/disks.h"
#include "app/vms/first_boot/first_boot.h"
#include "app/vms/make/make.h"
#include "app/vms/make/templates.h"
#include "app/vms/power/choose.h"
#include "app/vms/power/power.h"
#include "app/vms/state/facts.h"

#include <string.h>

static const char *const make_steps[] = {"Make the disks", "Write the first-boot data", "Define the VM", NULL};
static const char *const start_steps[] = {"Make the disks", "Write the first-boot data", "Define the VM",
                                          "Start the VM", NULL};
static void create_vm_thread(FctTask *task, gpointer data);
static const FctVmJob make_job = {"vm.create", "Create", make_steps, TRUE, create_vm_thread};
static const FctVmJob start_job = {"vm.create", "Create", start_steps, TRUE, create_vm_thread};

static gboolean make_disks(FctVmWork *work, FctTask *task, guint step, GError **error)
{
    return fct_vm_make_disks(work->app, task, step, work->vm, error);
}

static gboolean create_announce_seed(FctVm *vm, gpointer app, GError **error)
{
    const FctVmDisk *seed = g_ptr_array_index(vm->disks, vm->disks->len - 1);
    g_free(vm->making);
    vm->making = g_strdup(seed->target);
    return fct_vm_store_disks(app, vm, error);
}

static gboolean create_write_first_boot(FctVmWork *work, FctTask *task, guint step, GError **error)
{
    FctVmDisk *none = NULL;
    if (!fct_vm_first_boot_write(work->app, work->vm, create_announce_seed, work->app, &none, error))
        return FALSE;
    g_free(work->vm->making);
    work->vm->making = g_strdup("");
    return fct_vm_store_disks(work->app, work->vm, error);
}

static void create_set_ready(FctVm *vm, gpointer data)
{
    g_free(vm->state);
    vm->state = g_strdup("ready");
}

static gboolean create_define(FctVmWork *work, FctTask *task, guint step, GError **error)
{
    FctVmm *vmm = work->app->vmm;
    g_autoptr(FctVmSpec) spec = fct_record_spec(work->app, work->vm, error);
    if (!spec || !vmm->ops->define(vmm, spec, error) ||
        !fct_vm_edit(work->app, work->vm->id, create_set_ready, NULL, error))
        return FALSE;
    create_set_ready(work->vm, NULL);
    return TRUE;
}

/* @error NULL: a person cancelled. */
static void create_take_back(FctVmWork *work, FctTask *task, guint step, const GError *error)
{
    g_autoptr(GError) fault = NULL;
    gboolean clean = fct_vm_remove(work->app, work->vm, FALSE, &fault);
    g_autofree char *outcome =
        g_strdup_printf("VM %s was not made; %s.", work->vm->name,
                        clean ? "nothing is left of it" : "what is left of it could not be removed yet: delete it");
    if (!clean)
        fct_task_log(task, "%s", fault->message);
    fct_task_step(task, step, error ? FCT_TASK_STEP_FAILED : FCT_TASK_STEP_UNDONE, error ? error->message : NULL);
    fct_vm_task_end(work, task, error ? FCT_TASK_FAILED : FCT_TASK_CANCELLED, error, outcome);
}

typedef gboolean (*StepFunc)(FctVmWork *work, FctTask *task, guint step, GError **error);

static gboolean run_step(FctVmWork *work, FctTask *task, guint step, StepFunc func)
{
    g_autoptr(GError) error = NULL;
    fct_task_step(task, step, FCT_TASK_STEP_RUNNING, NULL);
    gboolean ok = func(work, task, step, &error), cancelled = fct_task_cancelled(task);
    if (ok && !cancelled) {
        fct_task_step(task, step, FCT_TASK_STEP_DONE, NULL);
        fct_task_store(task);
        return TRUE;
    }
    if (!ok && !cancelled && fct_task_stopping(task)) {
        fct_acts_end(work->app->acts, work->vm->id); /* the next start of facetd removes what was made */
        return FALSE;
    }
    create_take_back(work, task, step, cancelled ? NULL : error);
    return FALSE;
}

/* The VM is made, whatever becomes of its start. */
static void start_made(FctVmWork *work, FctTask *task, guint step)
{
    g_autoptr(GError) error = NULL;
    fct_task_step(task, step, FCT_TASK_STEP_RUNNING, NULL);
    if (fct_vm_reserve(work->app, work->vm, task, &error) && fct_vm_run(work->app, task, work->vm, &error)) {
        g_autofree char *outcome = g_strdup_printf("VM %s is made and runs.", work->vm->name);
        fct_task_step(task, step, FCT_TASK_STEP_DONE, NULL);
        fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, outcome);
        return;
    }
    fct_vm_release_parts(work->app, task, work->vm->id);
    g_autofree char *outcome = g_strdup_printf("VM %s is made, but did not start.", work->vm->name);
    fct_task_step(task, step, FCT_TASK_STEP_FAILED, error->message);
    fct_vm_task_end(work, task, FCT_TASK_FAILED, error, outcome);
}

static void create_vm_thread(FctTask *task, gpointer data)
{
    FctVmWork *work = data;
    guint step = 0;
    if (!run_step(work, task, step++, make_disks))
        return;
    if (!json_is_object(work->vm->first_boot))
        fct_task_step(task, step, FCT_TASK_STEP_SKIPPED, NULL);
    else if (!run_step(work, task, step, create_write_first_boot))
        return;
    step++;
    if (!run_step(work, task, step++, create_define))
        return;
    if (work->flag) {
        start_made(work, task, step);
        return;
    }
    g_autofree char *outcome = g_strdup_printf("VM %s is made.", work->vm->name);
    fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, outcome);
}

/* Another program's VM may have the name too; libvirt would refuse it later and less clearly. */
static gboolean vm_name_is_free(FctApp *app, const FctVm *vm, GError **error)
{
    g_autoptr(GPtrArray) infos = fct_domains_infos(app->domains);
    for (guint i = 0; i < infos->len; i++)
        if (strcmp(((FctVmInfo *)infos->pdata[i])->name, vm->name) == 0)
            return fct_set_error_full(error, FCT_ERROR_EXISTS, NULL, json_pack("{s:s}", "field", "name"),
                                      "There is a VM %s already.", vm->name);
    return TRUE;
}

static gboolean check_groups(FctApp *app, const FctVm *vm, GError **error)
{
    if (!vm->devices->len)
        return TRUE;
    g_autoptr(FctVmOffer) offer = fct_vm_offer_new(app, FALSE, error);
    return offer && fct_vm_check_groups(offer, vm, error);
}

static gboolean fit_image(FctApp *app, FctVm *vm, GError **error)
{
    if (!*vm->image)
        return TRUE;
    g_autoptr(FctImage) image = fct_images_find(app->config.images_dir, vm->image, error);
    return image && fct_vm_fit_image(vm, image, error);
}

/* Makes the VM from @input and checks everything but the names of its volumes, which create_begin() chooses. */
static FctVm *create_read_input(FctApp *app, const json_t *input, GError **error)
{
    g_autoptr(FctVm) vm = fct_vm_from_input(input, error);
    if (vm)
        fct_vm_make_ids(vm);
    if (!vm || !fct_vm_first_boot_read(vm, input, error) || !fit_image(app, vm, error) ||
        !vm_name_is_free(app, vm, error) || !check_groups(app, vm, error))
        return NULL;
    if (!json_object_get(input, "nics"))
        fct_networks_default_nic(app, vm);
    gboolean start = fct_json_bool(input, "start", FALSE);
    return fct_networks_check_nics(app, vm, error) && fct_vm_facts_check(app, vm, start, NULL, error) &&
                   (!start || fct_vm_check_devices(app, vm, error))
               ? g_steal_pointer(&vm)
               : NULL;
}

/* @input: what was sent, merged with its template. @given: what was sent, which tells whose fault an error is. */
static FctVm *read_given(FctApp *app, const json_t *given, gboolean *ret_start, GError **error)
{
    g_autofree char *template = NULL;
    g_autoptr(GError) fault = NULL;
    g_autoptr(json_t) input = fct_templates_apply(app, given, &template, error);
    if (!input)
        return NULL;
    FctVm *vm = create_read_input(app, input, &fault);
    *ret_start = fct_json_bool(input, "start", FALSE);
    if (vm) {
        g_free(vm->template);
        vm->template = g_steal_pointer(&template);
    } else {
        fct_templates_blame(app, template, given, g_steal_pointer(&fault), error);
    }
    return vm;
}

gboolean fct_vm_refuse_new(FctApp *app, const FctVm *vm, GError *given, GError **error)
{
    g_autoptr(GError) fault = given;
    if (fct_networks_refused(app, vm, fault, error))
        return FALSE;
    if (fault->code != FCT_ERROR_REVISION)
        fct_error_pass(error, &fault);
    else
        fct_set_error_full(error, FCT_ERROR_EXISTS, "Rename one of the two first.", json_pack("{s:s}", "field", "name"),
                           "There is a VM %s already.", vm->name);
    return FALSE;
}

gboolean fct_vm_store_new(FctApp *app, const FctVm *vm, FctTask *task, GError **error)
{
    g_autoptr(FctWrites) writes = fct_writes_new();
    GError *fault = NULL;
    if (!fct_networks_guard_nics(app, vm, writes, error))
        return FALSE;
    fct_writes_add(writes, fct_vm_key(vm->id), fct_vm_to_doc(vm), FCT_REV_NONE);
    fct_writes_add(writes, fct_vm_name_key(vm->name), json_pack("{s:s}", "id", vm->id), FCT_REV_NONE);
    return fct_task_commit(task, (const FctWrite *)writes->writes->data, writes->writes->len, &fault) ||
           fct_vm_refuse_new(app, vm, fault, error);
}

/* Chooses the names of its volumes and stores the VM together with its task. */
static gboolean create_begin(FctApp *app, FctVm *vm, FctTask *task, GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(fct_storage_names(app->storage));
    if (!fct_vm_plan_disks(app, vm, error))
        return FALSE;
    return fct_vm_store_new(app, vm, task, error);
}

FctTask *fct_vm_create(FctApp *app, const FctIdentity *who, const json_t *input, GError **error)
{
    gboolean start = FALSE;
    g_autoptr(FctVm) vm = read_given(app, input, &start, error);
    const FctVmJob *job = start ? &start_job : &make_job;
    if (!vm || !fct_acts_begin(app->acts, vm->id, "is being made", error))
        return NULL;
    g_autoptr(FctTask) task = fct_vm_task_new(app, who, job, vm);
    if (create_begin(app, vm, task, error)) {
        fct_vm_task_run(app, task, job, g_steal_pointer(&vm), start, TRUE);
        return g_steal_pointer(&task);
    }
    fct_task_forget(task);
    fct_acts_end(app->acts, vm->id);
    return NULL;
}

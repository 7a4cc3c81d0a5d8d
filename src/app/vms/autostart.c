/* SPDX-License-Identifier: Apache-2.0 */
#include "app/vms/autostart.h"

#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/vm_doc.h"
#include "app/domains/vm_news.h"
#include "app/gpus/observer.h"
#include "app/gpus/reconcile.h"
#include "app/news/records.h"
#include "app/vms/act/task.h"
#include "app/vms/power/power.h"
#include "core/autostart.h"

#include <string.h>

#define KEY "autostart/boot"
#define POLL_MS 200  /* how often something that sends no event here is checked */
#define STEP_READY 0 /* VMs' steps come after this one */
#define STEPS_FIRST 1

struct FctAutostarter {
    FctApp *app;
    GThread *thread;
    GMutex lock; /* stopping */
    GCond wake;
    gboolean stopping;
};

/* One run of the task. */
typedef struct {
    FctApp *app;
    FctTask *task;
    /* What the store has: {"boot_id", "task", "next", "ended": bool, "vms": [{"id", "name", "delay_s"}]}. `next` is the
     * first of the VMs that was not dealt with. */
    json_t *state;
} Run;

/* The boot that the host is in; "" while the helper does not answer. Free it. */
static char *boot_now(FctApp *app)
{
    g_autoptr(FctInventory) seen = fct_observer_inventory(app->observer, NULL);
    return g_strdup(seen ? seen->boot_id : "");
}

static json_t *load_state(FctApp *app)
{
    g_autoptr(FctDoc) doc = app->store->ops->get(app->store, KEY, NULL);
    return doc ? json_incref(doc->value) : NULL;
}

/* ---- the task ---- */

static void autostart_save(Run *run, guint next)
{
    g_autoptr(GError) error = NULL;
    FctWrite write = {KEY, run->state, FCT_REV_ANY};
    json_object_set_new(run->state, "next", json_integer(next));
    if (!fct_task_commit(run->task, &write, 1, &error))
        g_warning("How far the start of the VMs is could not be stored: %s", error->message);
}

/* Waits until the cards have their layouts of this boot again, or cannot get them. FALSE when the task is to end. */
static gboolean await_ready(Run *run)
{
    const char *boot = fct_json_str(run->state, "boot_id", "");
    fct_task_step(run->task, STEP_READY, FCT_TASK_STEP_RUNNING, NULL);
    while (!fct_domains_is_up(run->app->domains) || !fct_reconciler_settled(run->app->reconciler, boot)) {
        g_autofree char *now = boot_now(run->app);
        if ((*now && strcmp(now, boot) != 0) || fct_task_cancelled(run->task) || !fct_task_wait(run->task, POLL_MS))
            return FALSE;
    }
    fct_task_step(run->task, STEP_READY, FCT_TASK_STEP_DONE, NULL);
    return TRUE;
}

/* Starts the VM; the caller has begun its act. */
static gboolean autostart_start_vm(Run *run, const FctVm *vm, GError **error)
{
    FctApp *app = run->app;
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    if (fct_vm_info_active(info)) {
        fct_task_log(run->task, "VM %s runs already.", vm->name);
        return TRUE;
    }
    fct_vm_release_parts(app, run->task, vm->id); /* left of the VM's run before the restart of the host */
    if (fct_vm_reserve(app, vm, run->task, error) && fct_vm_run(app, run->task, vm, error))
        return TRUE;
    fct_vm_release_parts(app, run->task, vm->id);
    return FALSE;
}

static gboolean try_vm(Run *run, const char *id, GError **error)
{
    FctApp *app = run->app;
    g_autoptr(FctVm) vm = fct_vm_load(run->app->store, id, error);
    if (!vm)
        return FALSE;
    if (!fct_vm_begin(app, &vm, "is being started", error))
        return FALSE;
    fct_vm_news_add(app->vm_news, id);
    if (!vm->autostart.enabled)
        fct_set_error(error, FCT_ERROR_CONFLICT, "It no longer starts with the host.");
    gboolean ok = vm->autostart.enabled && autostart_start_vm(run, vm, error);
    fct_acts_end(app->acts, id);
    return ok;
}

static void one_vm(Run *run, guint index, const json_t *entry)
{
    g_autoptr(GError) error = NULL;
    const char *id = fct_json_str(entry, "id", ""), *name = fct_json_str(entry, "name", "");
    guint step = STEPS_FIRST + index;
    fct_task_step(run->task, step, FCT_TASK_STEP_RUNNING, NULL);
    if (try_vm(run, id, &error)) {
        fct_task_step(run->task, step, FCT_TASK_STEP_DONE, NULL);
        return;
    }
    fct_task_step(run->task, step, FCT_TASK_STEP_SKIPPED, error->message);
    fct_event(run->app, "vm.autostart", "warning", "vm", id, name, "VM %s was not started with the host: %s", name,
              error->message);
}

/* How many of the VMs' steps are in @state. */
static guint autostart_count(FctTask *task, const char *state)
{
    g_autoptr(json_t) json = fct_task_to_json(task);
    const json_t *steps = json_object_get(json, "steps");
    guint n = 0;
    for (size_t i = STEPS_FIRST; i < json_array_size(steps); i++)
        n += strcmp(fct_json_str(json_array_get(steps, i), "state", ""), state) == 0;
    return n;
}

static void autostart_end(Run *run, gboolean cancelled)
{
    FctWrite write = {KEY, run->state, FCT_REV_ANY};
    guint done = autostart_count(run->task, "done"), skipped = autostart_count(run->task, "skipped");
    guint all = (guint)json_array_size(json_object_get(run->state, "vms"));
    g_autoptr(GError) error = NULL;
    json_object_set_new(run->state, "ended", json_true());
    if (cancelled) {
        fct_task_end(run->task, FCT_TASK_CANCELLED, NULL, &write, 1, "Cancelled: %u of %u VMs were started.", done,
                     all);
        return;
    }
    if (skipped)
        fct_set_error_full(&error, FCT_ERROR_REFUSED, "Look at the reasons in its steps, then start them by hand.",
                           NULL, "%u of %u VMs could not be started with the host.", skipped, all);
    fct_task_end(run->task, skipped ? FCT_TASK_FAILED : FCT_TASK_DONE, error, &write, 1, "%u of %u VMs run.", done,
                 all);
}

/* The host was restarted while the task ran: the new boot has a task of its own. */
static void end_of_old(FctTask *task)
{
    g_autoptr(GError) error = NULL;
    fct_set_error(&error, FCT_ERROR_CONFLICT, "The host was restarted meanwhile.");
    fct_task_end(task, FCT_TASK_FAILED, error, NULL, 0, "The host was restarted before all VMs were started.");
}

static gboolean is_of_this_boot(Run *run)
{
    const char *task = fct_json_str(run->state, "task", "");
    g_autofree char *now = boot_now(run->app);
    return strcmp(task, fct_task_id(run->task)) == 0 &&
           (!*now || strcmp(now, fct_json_str(run->state, "boot_id", "")) == 0);
}

static void pause_after(Run *run, const json_t *entry)
{
    gint64 delay_s = fct_json_int(entry, "delay_s", 0);
    if (delay_s > 0 && !fct_task_cancelled(run->task))
        fct_task_wait(run->task, (guint)(delay_s * 1000));
}

static void autostart_run(FctTask *task, gpointer data)
{
    Run *run = data;
    const json_t *vms = json_object_get(run->state, "vms");
    guint next = (guint)fct_json_int(run->state, "next", 0), all = (guint)json_array_size(vms);
    if (!is_of_this_boot(run)) {
        end_of_old(task);
        return;
    }
    gboolean ready = await_ready(run);
    if (ready && next > 0 && next < all) /* facetd may have died in the pause after the VM before this one */
        pause_after(run, json_array_get(vms, next - 1));
    for (guint i = next; ready && i < all && !fct_task_cancelled(task) && !fct_task_stopping(task); i++) {
        one_vm(run, i, json_array_get(vms, i));
        if (fct_task_stopping(task)) /* the next facetd tries this VM again, which may have had too little time */
            return;
        autostart_save(run, i + 1);
        if (i + 1 < all)
            pause_after(run, json_array_get(vms, i));
    }
    if (fct_task_stopping(task))
        return;
    if (!ready && !fct_task_cancelled(task))
        end_of_old(task);
    else
        autostart_end(run, fct_task_cancelled(task));
}

static void run_free(gpointer data)
{
    Run *run = data;
    json_decref(run->state);
    fct_task_unref(run->task);
    g_free(run);
}

/* Takes @state over. */
static void run_start(FctApp *app, FctTask *task, json_t *state)
{
    Run *run = g_new(Run, 1);
    *run = (Run){app, fct_task_ref(task), state};
    fct_task_start(task, autostart_run, run, run_free);
}

static void autostart_recover(FctTask *task, gpointer data)
{
    FctAutostarter *starter = data;
    json_t *state = load_state(starter->app);
    run_start(starter->app, task, state ? state : json_object());
}

/* ---- the beginning ---- */

static GArray *autostart_chosen(GPtrArray *vms)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(FctAutostart));
    for (guint i = 0; i < vms->len; i++) {
        const FctVm *vm = vms->pdata[i];
        FctAutostart entry = {vm->id, vm->name, vm->autostart.order, vm->autostart.delay_s};
        if (vm->autostart.enabled && strcmp(vm->state, "deleting") != 0)
            g_array_append_val(list, entry);
    }
    fct_autostart_sort(list);
    return list;
}

static FctTask *autostart_task_new(FctApp *app, const GArray *list, json_t *entries)
{
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(steps, g_strdup("Wait for libvirt and the GPUs"));
    for (guint i = 0; i < list->len; i++) {
        const FctAutostart *entry = &g_array_index(list, FctAutostart, i);
        g_ptr_array_add(steps, g_strdup_printf("Start VM %s", entry->name));
        json_array_append_new(
            entries, json_pack("{s:s, s:s, s:i}", "id", entry->id, "name", entry->name, "delay_s", entry->delay_s));
    }
    g_ptr_array_add(steps, NULL);
    FctTaskSpec spec = {.kind = "vm.autostart",
                        .title = "Start VMs with the host",
                        .user = "facet",
                        .subject_kind = "node",
                        .subject_id = app->config.node,
                        .subject_name = app->config.node,
                        .plan = "",
                        .steps = (const char *const *)steps->pdata,
                        .cancellable = TRUE};
    return fct_task_new(app, &spec);
}

/* Notes the boot and starts the task. Without VMs to start there is no task and the boot is noted as done. */
static gboolean autostart_begin(FctApp *app, const char *boot, GError **error)
{
    g_autoptr(GPtrArray) vms = fct_vm_load_all(app->store, error);
    if (!vms)
        return FALSE;
    g_autoptr(GArray) list = autostart_chosen(vms);
    g_autoptr(json_t) entries = json_array();
    g_autoptr(FctTask) task = list->len ? autostart_task_new(app, list, entries) : NULL;
    g_autoptr(json_t) state =
        json_pack("{s:s, s:s, s:i, s:b, s:O}", "boot_id", boot, "task", task ? fct_task_id(task) : "", "next", 0,
                  "ended", task == NULL, "vms", entries);
    FctWrite write = {KEY, state, FCT_REV_ANY};
    gboolean ok =
        task ? fct_task_commit(task, &write, 1, error) : app->store->ops->commit(app->store, &write, 1, NULL, error);
    if (ok && task)
        run_start(app, task, json_deep_copy(state));
    else if (task)
        fct_task_forget(task);
    return ok;
}

/* TRUE when there is nothing more to do while this facetd runs. */
static gboolean autostart_begin_when_due(FctApp *app)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *boot = boot_now(app);
    g_autoptr(json_t) state = load_state(app);
    if (!*boot)
        return FALSE;
    const char *begun = state ? fct_json_str(state, "boot_id", "") : NULL;
    FctAutostartDue due = fct_autostart_due(begun, fct_json_bool(state, "ended", FALSE), boot);
    if (due != FCT_AUTOSTART_BEGIN || autostart_begin(app, boot, &error))
        return TRUE;
    g_warning("The VMs that start with the host are not started yet: %s", error->message);
    return FALSE;
}

static gpointer autostart_watch(gpointer data)
{
    FctAutostarter *starter = data;
    gboolean stopping = FALSE;
    while (!stopping && !autostart_begin_when_due(starter->app)) {
        gint64 until = g_get_monotonic_time() + POLL_MS * G_TIME_SPAN_MILLISECOND;
        g_mutex_lock(&starter->lock);
        if (!starter->stopping)
            g_cond_wait_until(&starter->wake, &starter->lock, until);
        stopping = starter->stopping;
        g_mutex_unlock(&starter->lock);
    }
    return NULL;
}

FctAutostarter *fct_autostarter_new(FctApp *app)
{
    FctAutostarter *starter = g_new0(FctAutostarter, 1);
    starter->app = app;
    g_mutex_init(&starter->lock);
    g_cond_init(&starter->wake);
    return starter;
}

void fct_autostarter_start(FctAutostarter *starter)
{
    fct_tasks_on_recover(starter->app->tasks, "vm.autostart", autostart_recover, starter);
    starter->thread = g_thread_new("autostart", autostart_watch, starter);
}

void fct_autostarter_stop(FctAutostarter *starter)
{
    if (!starter || !starter->thread)
        return;
    g_mutex_lock(&starter->lock);
    starter->stopping = TRUE;
    g_cond_signal(&starter->wake);
    g_mutex_unlock(&starter->lock);
    g_clear_pointer(&starter->thread, g_thread_join);
}

void fct_autostarter_free(FctAutostarter *starter)
{
    if (!starter)
        return;
    g_mutex_clear(&starter->lock);
    g_cond_clear(&starter->wake);
    g_free(starter);
}

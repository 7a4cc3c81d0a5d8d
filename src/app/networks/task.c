/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change of a network as a task. The present state, the wanted state and the VMs to plug in again are stored before
 * the first effect, and each step first looks at the actual state. So whoever finds the task, also after a crash, can
 * run it from its beginning, forward or back.
 */
#include "app/networks/task.h"

#include "app/domains/domains.h"
#include "app/domains/vm_docs.h"
#include "app/networks/cache.h"
#include "app/news/records.h"

#include <string.h>

#define RETRY_MS 500
#define LATE_MAX 3 /* how many calls of a step may pass their deadline */
#define ROUNDS 3   /* how often plugging in is repeated when libvirt went away during it */

enum { DEFINE, RESTART, PLUG };

typedef struct {
    FctApp *app;
    char *name, *key;
    json_t *doc; /* {"act","name","input","revision","redefine","places","change","back","error"} */
    guint steps;
    json_t *cut; /* the VMs that are not plugged in, as last seen */
    guint plugged;
} Job;

typedef enum { WENT, FAILED, LEAVING } End;
typedef gboolean (*Doing)(Job *job, GError **error);

static void job_free(gpointer data)
{
    Job *job = data;
    g_free(job->name);
    g_free(job->key);
    json_decref(job->doc);
    json_decref(job->cut);
    g_free(job);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Job, job_free)

static gboolean is_back(const Job *job)
{
    return fct_json_bool(job->doc, "back", FALSE);
}

static const json_t *network_task_noted(const Job *job)
{
    const json_t *change = json_object_get(job->doc, "change");
    return json_is_object(change) ? change : NULL;
}

static gboolean network_store(const Job *job, FctTask *task, GError **error)
{
    const FctWrite write = {job->key, job->doc, FCT_REV_ANY};
    return fct_task_commit(task, &write, 1, error);
}

/* ---- what is done ---- */

static gboolean network_task_note(Job *job, GError **error)
{
    g_autoptr(GPtrArray) networks = fct_network_cache_read(job->app->networks, 0, error);
    const FctNetwork *present = NULL;
    for (guint i = 0; networks && i < networks->len; i++)
        if (strcmp(((FctNetwork *)networks->pdata[i])->name, job->name) == 0)
            present = networks->pdata[i];
    if (!networks)
        return FALSE;
    if (!present || present->revision != (guint64)fct_json_int(job->doc, "revision", 0))
        return fct_set_error(error, FCT_ERROR_CONFLICT,
                             present ? "Network %s has changed meanwhile." : "Network %s is gone.", job->name);
    g_autoptr(FctNetwork) wanted = fct_network_changed(present, json_object_get(job->doc, "input"), error);
    json_t *change = wanted ? job->app->vmm->ops->network_prepare(job->app->vmm, wanted,
                                                                  fct_json_bool(job->doc, "redefine", TRUE), error)
                            : NULL;
    if (change)
        json_object_set_new(job->doc, "change", change);
    return change != NULL;
}

static gboolean network_define_wanted(Job *job, GError **error)
{
    return job->app->vmm->ops->network_define(job->app->vmm, network_task_noted(job), is_back(job), error);
}

static gboolean network_restart_wanted(Job *job, GError **error)
{
    return job->app->vmm->ops->network_restart(job->app->vmm, network_task_noted(job), is_back(job), error);
}

static gboolean network_find_cut(Job *job, GError **error)
{
    json_decref(job->cut);
    job->cut = job->app->vmm->ops->network_unplugged(job->app->vmm, network_task_noted(job), error);
    return job->cut != NULL;
}

/* Waits while libvirt is away. After a call that passed its deadline the next try sees whether it had its effect. */
static End network_bring(Job *job, FctTask *task, Doing doing, GError **error)
{
    for (int late = 0, away = 0;;) {
        g_autoptr(GError) fault = NULL;
        if (!fct_domains_await_up(job->app->domains, task))
            return LEAVING;
        if (doing(job, &fault))
            return WENT;
        if (fault->code == FCT_ERROR_LIBVIRT_DOWN ? !away++ : fault->code == FCT_ERROR_TIMEOUT && ++late < LATE_MAX)
            fct_task_log(task, "%s Looking again.", fault->message);
        else if (fault->code != FCT_ERROR_LIBVIRT_DOWN) {
            fct_error_pass(error, &fault);
            return FAILED;
        }
        fct_task_wait(task, RETRY_MS);
    }
}

static End network_task_step(Job *job, FctTask *task, guint number, Doing doing, GError **error)
{
    if (number >= job->steps)
        return WENT;
    fct_task_step(task, number, FCT_TASK_STEP_RUNNING, NULL);
    fct_task_store(task);
    End end = network_bring(job, task, doing, error);
    if (end != LEAVING)
        fct_task_step(task, number, end == WENT ? FCT_TASK_STEP_DONE : FCT_TASK_STEP_FAILED,
                      end == WENT ? NULL : (*error)->message);
    return end;
}

static End network_task_forward(Job *job, FctTask *task, GError **error)
{
    End end = network_task_step(job, task, DEFINE, network_define_wanted, error);
    return end == WENT ? network_task_step(job, task, RESTART, network_restart_wanted, error) : end;
}

/* ---- the way back ---- */

static void show_back(Job *job, FctTask *task)
{
    g_autoptr(json_t) json = fct_task_to_json(task);
    const json_t *steps = json_object_get(json, "steps");
    for (guint i = 0; i < MIN(job->steps, PLUG); i++) {
        const char *state = fct_json_str(json_array_get(steps, i), "state", "");
        if (strcmp(state, "failed") != 0)
            fct_task_step(task, i, strcmp(state, "waiting") == 0 ? FCT_TASK_STEP_SKIPPED : FCT_TASK_STEP_UNDONE, NULL);
    }
}

static End network_task_go_back(Job *job, FctTask *task, GError **error)
{
    End end = network_bring(job, task, network_define_wanted, error);
    if (end == WENT)
        end = network_bring(job, task, network_restart_wanted, error);
    if (end == WENT)
        show_back(job, task);
    return end;
}

/* Stores that the change is being undone before undoing it; if the disk is full it is undone all the same. */
static void network_task_turn_back(Job *job, FctTask *task, const GError *why)
{
    g_autoptr(GError) fault = NULL;
    fct_task_log(task, "%s", why->message);
    fct_task_log(task, "Making network %s as it was.", job->name);
    json_object_set_new(job->doc, "back", json_true());
    json_object_set_new(job->doc, "error", fct_error_to_json(why));
    if (!network_store(job, task, &fault))
        g_warning("Network %s goes back without a record: %s", job->name, fault->message);
}

/* ---- plugging in ---- */

/* FALSE: libvirt went away meanwhile. */
static gboolean plug_round(Job *job, FctTask *task)
{
    FctVmm *vmm = job->app->vmm;
    gboolean there = TRUE;
    size_t i;
    json_t *guest;
    json_array_foreach (job->cut, i, guest) {
        g_autoptr(GError) fault = NULL;
        const char *name = fct_json_str(guest, "name", "");
        if (vmm->ops->network_replug(vmm, network_task_noted(job), fct_json_str(guest, "id", ""), &fault)) {
            job->plugged++;
            fct_task_log(task, "VM %s is plugged in again.", name);
        } else {
            fct_task_log(task, "VM %s: %s", name, fault->message);
            there = there && fault->code != FCT_ERROR_LIBVIRT_DOWN;
        }
        fct_task_progress(task, PLUG, 100 * (guint)(i + 1) / (guint)json_array_size(job->cut), NULL);
    }
    return there;
}

/* Afterwards act->cut lists the VMs that could not be plugged in. */
static End network_plug_guests(Job *job, FctTask *task, GError **error)
{
    End end = network_bring(job, task, network_find_cut, error);
    if (job->steps > PLUG)
        fct_task_step(task, PLUG, FCT_TASK_STEP_RUNNING, NULL);
    fct_task_store(task);
    for (int round = 0; end == WENT && round < ROUNDS && json_array_size(job->cut); round++) {
        gboolean there = plug_round(job, task);
        end = network_bring(job, task, network_find_cut, error);
        if (there)
            break;
    }
    if (end != LEAVING && job->steps > PLUG)
        fct_task_step(task, PLUG, end == WENT && !json_array_size(job->cut) ? FCT_TASK_STEP_DONE : FCT_TASK_STEP_FAILED,
                      NULL);
    return end;
}

/* ---- the end ---- */

static char *guest_names(const json_t *guests)
{
    GString *names = g_string_new(NULL);
    size_t i;
    json_t *guest;
    json_array_foreach ((json_t *)guests, i, guest)
        g_string_append_printf(names, "%s%s", i ? ", " : "", fct_json_str(guest, "name", ""));
    return g_string_free(names, FALSE);
}

/* Publishes the network before the end of the task, so that the page hears of them in this order. */
static void network_task_end(Job *job, FctTask *task, FctTaskState state, const GError *error, const char *outcome)
{
    const FctWrite drop = {job->key, NULL, FCT_REV_ANY};
    g_autoptr(GPtrArray) networks G_GNUC_UNUSED = fct_network_cache_read(job->app->networks, 0, NULL);
    fct_task_end(task, state, error, &drop, 1, "%s", outcome);
    fct_network_cache_refresh(job->app->networks);
}

static void end_cut(Job *job, FctTask *task, const char *what, const GError *error)
{
    g_autofree char *names = guest_names(job->cut);
    g_autofree char *outcome = g_strdup_printf("%s; without link until started anew: VM %s.", what, names);
    g_autoptr(GError) own = NULL;
    fct_set_error_full(&own, FCT_ERROR_TIMEOUT, "Stop and start them.", NULL, "These VMs do not answer: %s.", names);
    network_task_end(job, task, FCT_TASK_FAILED, error ? error : own, outcome);
}

static void end_back(Job *job, FctTask *task)
{
    g_autoptr(GError) why = fct_error_from_json(json_object_get(job->doc, "error"));
    g_autofree char *what = g_strdup_printf("Network %s is as it was", job->name);
    g_autofree char *outcome = g_strconcat(what, ".", NULL);
    if (json_array_size(job->cut))
        end_cut(job, task, what, why);
    else
        network_task_end(job, task, FCT_TASK_UNDONE, why, outcome);
}

static void end_changed(Job *job, FctTask *task)
{
    g_autofree char *what = g_strdup_printf("Network %s is changed", job->name);
    g_autofree char *outcome = job->plugged == 1 ? g_strconcat(what, "; 1 VM is plugged in again.", NULL)
                               : job->plugged > 1
                                   ? g_strdup_printf("%s; %u VMs are plugged in again.", what, job->plugged)
                                   : g_strconcat(what, ".", NULL);
    if (json_array_size(job->cut))
        end_cut(job, task, what, NULL);
    else
        network_task_end(job, task, FCT_TASK_DONE, NULL, outcome);
}

static void end_lost(Job *job, FctTask *task, const GError *error)
{
    g_autofree char *outcome = g_strdup_printf(
        "Network %s could neither be changed nor made as it was; it is as its page shows it.", job->name);
    network_task_end(job, task, FCT_TASK_FAILED, error, outcome);
}

static void end_unseen(Job *job, FctTask *task, const GError *error)
{
    g_autofree char *outcome = g_strdup_printf("Network %s is %s; whether its VMs have their link could not be seen.",
                                               job->name, is_back(job) ? "as it was" : "changed");
    network_task_end(job, task, FCT_TASK_FAILED, error, outcome);
}

/* Runs the steps forward, and back when one fails. LEAVING: facetd ends, and the next start continues. */
static End network_change(Job *job, FctTask *task, GError **error)
{
    g_autoptr(GError) fault = NULL;
    End end = is_back(job) ? FAILED : network_task_forward(job, task, &fault);
    if (end != FAILED)
        return end;
    if (fault)
        network_task_turn_back(job, task, fault);
    return network_task_go_back(job, task, error);
}

static void network_task_run(FctTask *task, gpointer data)
{
    Job *job = data;
    g_autoptr(GError) fault = NULL;
    gboolean fresh = !network_task_noted(job);
    End end = fresh ? network_bring(job, task, network_task_note, &fault) : WENT;
    if (end == WENT && fresh && !network_store(job, task, &fault))
        end = FAILED;
    if (end == FAILED) {
        g_autofree char *outcome = g_strdup_printf("Network %s was not changed.", job->name);
        network_task_end(job, task, FCT_TASK_FAILED, fault, outcome);
    }
    if (end != WENT)
        return;
    end = network_change(job, task, &fault);
    if (end == FAILED)
        end_lost(job, task, fault);
    if (end != WENT)
        return;
    end = network_plug_guests(job, task, &fault);
    if (end == FAILED)
        end_unseen(job, task, fault);
    else if (end == WENT && is_back(job))
        end_back(job, task);
    else if (end == WENT)
        end_changed(job, task);
}

/* ---- the beginning ---- */

/* The places that others must leave alone during the change, as NetworkInputs: the present one and the wanted one. */
static json_t *places_of(const FctNetwork *present, const FctNetwork *wanted)
{
    json_t *places = json_array();
    fct_network_place_add(places, present);
    fct_network_place_add(places, wanted);
    return places;
}

static FctTask *network_task_new(FctApp *app, const char *user, const char *name, const FctNetworkPlan *plan,
                                 gboolean active)
{
    g_autofree char *title = g_strdup_printf("Change network %s", name);
    guint vms = plan->interrupts->len;
    g_autofree char *plug = vms == 1 ? g_strdup_printf("Plug VM %s in again", (char *)plan->interrupts->pdata[0])
                                     : g_strdup_printf("Plug %u VMs in again", vms);
    const char *const steps[] = {"Change its definition", plan->redefine && active ? "Restart the network" : NULL,
                                 vms ? plug : NULL, NULL};
    const FctTaskSpec spec = {.kind = "network.change",
                              .title = title,
                              .user = user,
                              .subject_kind = "network",
                              .subject_id = name,
                              .subject_name = name,
                              .plan = "",
                              .steps = steps};
    return fct_task_new(app, &spec);
}

static Job *job_new(FctApp *app, const char *name, json_t *doc, FctTask *task)
{
    g_autoptr(json_t) json = fct_task_to_json(task);
    Job *job = g_new0(Job, 1);
    job->app = app;
    job->name = g_strdup(name);
    job->key = fct_network_change_key(name);
    job->doc = doc;
    job->steps = (guint)json_array_size(json_object_get(json, "steps"));
    return job;
}

FctTask *fct_network_change_start(FctApp *app, const char *user, const FctNetwork *present, const FctNetwork *wanted,
                                  const FctNetworkPlan *plan, const json_t *input, GError **error)
{
    GError *fault = NULL;
    json_t *doc = json_pack("{s:s, s:s, s:O, s:I, s:b, s:o, s:b}", "act", "change", "name", present->name, "input",
                            input, "revision", (json_int_t)present->revision, "redefine", plan->redefine, "places",
                            places_of(present, wanted), "back", FALSE);
    FctTask *task = network_task_new(app, user, present->name, plan, present->active);
    g_autoptr(Job) job = job_new(app, present->name, doc, task);
    const FctWrite write = {job->key, job->doc, FCT_REV_NONE};
    if (!fct_task_commit(task, &write, 1, &fault)) {
        fct_task_forget(task);
        fct_task_unref(task);
        fct_network_change_refused(present->name, fault, error);
        return NULL;
    }
    fct_task_start(task, network_task_run, g_steal_pointer(&job), job_free);
    return task;
}

void fct_networks_recover(FctTask *task, gpointer data)
{
    FctApp *app = data;
    g_autoptr(json_t) json = fct_task_to_json(task);
    const char *name = fct_json_str(json_object_get(json, "subject"), "id", "");
    g_autofree char *key = fct_network_change_key(name);
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctDoc) doc = app->store->ops->get(app->store, key, &fault);
    if (!doc) {
        fct_task_end(task, FCT_TASK_FAILED, fault, NULL, 0, "Network %s is as its page shows it.", name);
        return;
    }
    if (strcmp(fct_json_str(json, "kind", ""), "network.delete") == 0) {
        fct_network_delete_recover(task, app, doc->value);
        return;
    }
    fct_task_log(task, "Facet was restarted; going on from what is so now.");
    fct_task_start(task, network_task_run, job_new(app, name, json_incref(doc->value), task), job_free);
}

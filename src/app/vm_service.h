/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the VM service: the state that its files share. */
#pragma once
#include "app/acts.h"
#include "app/api.h"
#include "app/console.h"
#include "app/domains.h"
#include "app/task.h"
#include "app/vm_doc.h"
#include "app/vm_docs.h"
#include "app/vm_guest.h"
#include "app/vm_holds.h"
#include "app/vm_news.h"
#include "app/vms.h"

typedef struct FctStuck FctStuck;                 /* vm_stuck.h */
typedef struct FctVmFactsKeeper FctVmFactsKeeper; /* vm_facts.h */

struct FctVms {
    FctApp *app;
    /* The context's. */
    FctDomains *domains;
    FctActs *acts;
    FctVmNews *news;
    FctVmDocs *docs;
    FctGuests *guests;

    FctConsoles *consoles;
    FctVmFactsKeeper *facts;
    FctStuck *stuck;
    GThread *watcher, *publisher;

    GMutex lock; /* guards everything below; nothing else is locked under it */
    GCond cond;
    gboolean quit;
    GHashTable *due;    /* set of VM ids to be looked at by the watcher */
    GHashTable *looked; /* VM id → FctVmInfo*, as it was when the watcher last looked */
    gboolean came_up, went_down;
    int lists_left;
    gint64 list_us;      /* when all is listed once more after libvirt came up; 0: not */
    gint64 retry_us;     /* when a release that could not be finished is tried again; 0: none */
    GHashTable *blocked; /* VM id → json_t*: why it could not start when that was last worked out */
};

/* ---- vm_publish.c: one thread tells the page of changed VMs, many at a time ---- */
gpointer fct_vms_publisher(gpointer vms);
/*
 * What keeps an idle VM from starting is known once for all: the list, its counts and the events tell the same. Whoever
 * makes a VM's view notes here what it found; TRUE when that is news, which the page is then told.
 */
gboolean fct_vms_note_view(FctVms *vms, const char *id, const json_t *view);
gboolean fct_vms_is_blocked(FctVms *vms, const char *id);

/* ---- vm_reconcile.c ---- */
/* Who holds what has changed: tells the page of the cards and groups, and of the VMs that may be blocked or not now. */
void fct_vms_publish_holds(FctVms *vms, const GPtrArray *holds);
/*
 * Brings the holds of one VM to what is so: in use while its domain runs with them, released once it is gone and
 * nothing holds the part. Fails closed: what cannot be looked at stays held. TRUE when nothing is left to do.
 */
gboolean fct_vm_reconcile(FctVms *vms, const char *id);

/* ---- vm_choose.c ---- */
/* One look at the parts, for as many VMs as the caller has. */
typedef struct FctVmWorld FctVmWorld;
/* @fresh: with an observation made now instead of the newest there is. */
FctVmWorld *fct_vm_world_new(FctVms *vms, gboolean fresh, GError **error);
void fct_vm_world_free(FctVmWorld *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVmWorld, fct_vm_world_free)
/* A VM that shall run as soon as it is made gets its parts, as far as is known now. FCT_ERROR_REFUSED with verdicts. */
gboolean fct_vm_check_devices(FctVms *vms, const FctVm *vm, GError **error);
/*
 * Why the VM cannot start now (FctVerdict*), and the parts that it would get (FctHold*, not reserved yet). @active: it
 * runs. Of the host what vm_facts.h last saw; call fct_vm_facts_refresh before to act on it.
 */
void fct_vm_preflight(FctVms *vms, const FctVmWorld *world, const FctVm *vm, gboolean active, GPtrArray **ret_verdicts,
                      GPtrArray **ret_picks);
/* FCT_ERROR_BAD_REQUEST naming "devices" when a device asks a group that is not there. */
gboolean fct_vm_check_groups(const FctVmWorld *world, const FctVm *vm, GError **error);
/* The card is there and answers. */
gboolean fct_vm_world_sees(const FctVmWorld *world, const char *gpu);
gboolean fct_vm_world_has_group(const FctVmWorld *world, const char *group);
const char *fct_vm_world_group_name(const FctVmWorld *world, const char *group);
/* A part as the API gives it, with its present state; NULL when the world does not have it. New reference. */
json_t *fct_vm_world_part(const FctVmWorld *world, const char *part);
/* The label is what the guest can show: "NVIDIA A100 80GB PCIe 3g.40gb". */
FctVmDevice *fct_vm_device_for(const FctHold *hold, guint index);
/* Writes that fail the transaction while a plan runs on the card of one of @holds. */
void fct_vm_guard_plans(FctWrites *writes, const GPtrArray *holds);

/* ---- vm_view.c ---- */
/* As in the contract. @info may be NULL. @addresses: of fct_networks_addresses. */
json_t *fct_vm_view(FctVms *vms, const FctVmWorld *world, const FctVm *vm, const FctVmInfo *info,
                    const GPtrArray *holds, const json_t *addresses);
json_t *fct_vm_view_foreign(FctVms *vms, const FctVmInfo *info);
/* Its state for people: what libvirt says, what is under way, or that libvirt is away. */
const char *fct_vms_state_name(FctVms *vms, const char *id, const FctVmInfo *info);
/* Why an idle VM cannot start, as in the contract. New reference. */
json_t *fct_vm_blocked(FctVms *vms, const FctVmWorld *world, const FctVm *vm);

/* ---- vm_list.c ---- */
/* GET /vms. */
gboolean fct_vm_list(const FctRequest *request, FctReply *reply, GError **error);

/* ---- api_vm.c ---- */
/* The VM that the request names, to be changed: another's is refused as such. Sets the reply's subject. */
FctVm *fct_api_vm_ours(const FctRequest *request, FctReply *reply, GError **error);

/* As the API gives it, as it is stored now. */
json_t *fct_api_vm_view(FctVms *vms, const char *id, GError **error);

/* ---- vm_live.c ---- */
/* Gives a running VM what it can take at once of @vm, which is stored; its document then says what the run has. */
void fct_vm_apply_live(FctVms *vms, const FctVm *vm);

/* ---- vm_power.c: each makes its task and returns it running, or refuses. Take @vm over. ---- */
FctTask *fct_vm_reboot(FctVms *vms, const FctIdentity *who, FctVm *vm, gboolean force, GError **error);
FctTask *fct_vm_pause(FctVms *vms, const FctIdentity *who, FctVm *vm, GError **error);
FctTask *fct_vm_resume(FctVms *vms, const FctIdentity *who, FctVm *vm, GError **error);

/* ---- vm_saved.c: of a VM that virsh saved with its memory. FCT_ERROR_CONFLICT when it was not. ---- */
/* It goes on with that, as a task, which runs already. Takes @vm over. FCT_ERROR_REFUSED lists the verdicts. */
FctTask *fct_vm_continue(FctVms *vms, const FctIdentity *who, FctVm *vm, GError **error);
/* To the guest that is a power cut. */
gboolean fct_vm_drop_saved(FctVms *vms, const FctIdentity *who, const FctVm *vm, GError **error);

/* ---- vm_task.c ---- */
/* What a task's thread is given. */
typedef struct {
    FctVms *vms;
    FctVm *vm;     /* owned */
    gboolean flag; /* force, or start when made */
    gboolean acts; /* it owns the VM's act, and ends it */
} FctVmAct;
typedef struct {
    const char *kind; /* "vm.start" */
    const char *verb; /* "Start": the title is "Start VM db-2" */
    const char *const *steps;
    gboolean cancellable;
    FctTaskFunc func; /* gets an FctVmAct */
} FctVmJob;
FctTask *fct_vm_task_new(FctVms *vms, const FctIdentity *who, const FctVmJob *job, const FctVm *vm);
/*
 * fct_acts_begin, and *vm is as it is stored once the act has begun. One that was read before may be of before an act
 * that ended in between: a start from it would write to files that a snapshot has frozen meanwhile.
 */
gboolean fct_vm_begin(FctVms *vms, FctVm **vm, const char *what, GError **error);
/* Runs the stored task; takes @vm over. */
void fct_vm_task_run(FctVms *vms, FctTask *task, const FctVmJob *job, FctVm *vm, gboolean flag, gboolean acts);
/* fct_task_end, after which the VM is free for the next act. */
void fct_vm_task_end(FctVmAct *act, FctTask *task, FctTaskState state, const GError *error, const char *outcome);
/* The same sentence wherever another's VM is to be changed. */
void fct_vm_set_foreign_error(GError **error, const char *name);

/* ---- vm_release.c ---- */
/* Releases what the VM holds, waiting a little; what cannot be released yet is left to the watcher. TRUE: all free. */
gboolean fct_vm_release_parts(FctVms *vms, FctTask *task, const char *id);

/* ---- vm_refused.c ---- */
/*
 * The verdicts that forbid a start, as FCT_ERROR_REFUSED that lists them. @what: "cannot start". @next: NULL: what the
 * first of them says.
 */
void fct_vm_set_refused(GError **error, const FctVm *vm, const GPtrArray *verdicts, const char *what, const char *next);
/* ---- vm_create.c, vm_start.c, vm_stop.c: each makes its task and returns it running, or refuses. Take @vm over. ----
 */
FctTask *fct_vm_create(FctVms *vms, const FctIdentity *who, const json_t *input, GError **error);
/* A new VM together with its task, unless its name is taken or a network of its NICs is being deleted. */
gboolean fct_vm_store_new(FctVms *vms, const FctVm *vm, FctTask *task, GError **error);
/* Why the commit of a new VM failed. Takes @given over; FALSE. */
gboolean fct_vm_refuse_new(FctVms *vms, const FctVm *vm, GError *given, GError **error);
FctTask *fct_vm_start(FctVms *vms, const FctIdentity *who, FctVm *vm, GError **error);
FctTask *fct_vm_stop(FctVms *vms, const FctIdentity *who, FctVm *vm, gboolean force, GError **error);
#define FCT_VM_POLITE_S 90 /* what a guest gets to shut down */
/*
 * On a task's thread: the guest is asked until it is off, or QEMU is ended. FALSE too when the task was cancelled or
 * facetd ends. FCT_ERROR_TIMEOUT when the guest does not react.
 */
gboolean fct_vm_shut_down(FctVmAct *act, FctTask *task, GError **error);
gboolean fct_vm_force_off(FctVmAct *act, FctTask *task, GError **error);
/* @keep: targets of the disks that stay although they were made for it. */
FctTask *fct_vm_delete(FctVms *vms, const FctIdentity *who, FctVm *vm, const char *const *keep, GError **error);

/* ---- vm_restart.c: off and on again, with what waits for the next start ---- */
FctTask *fct_vm_restart(FctVms *vms, const FctIdentity *who, FctVm *vm, gboolean force, GError **error);
/* facetd ended in the middle of it, and libvirt answers: a VM that is off, or goes off, is started. Ends the task. */
void fct_vm_restart_go_on(FctVmAct *act, FctTask *task);

/* Reserves the parts in one transaction with @task. FCT_ERROR_REFUSED lists the verdicts. */
gboolean fct_vm_reserve(FctVms *vms, const FctVm *vm, FctTask *task, GError **error);
/* Starts the domain with the parts that the VM has reserved, and waits until it is seen to run. */
gboolean fct_vm_run(FctVms *vms, FctTask *task, const FctVm *vm, GError **error);
/* Takes a VM apart: domain, disks that were made for it, documents. @keep: all but those it lists. Idempotent. */
gboolean fct_vm_remove(FctVms *vms, const FctVm *vm, gboolean keep, GError **error);
/* Ends the tasks "vm.…" that were running when facetd ended. */
void fct_vm_recover(FctTask *task, gpointer vms);

/* SPDX-License-Identifier: Apache-2.0 */
/* What libvirt says about VMs, ours and others': the last known state, and waiting for a state to come. Thread-safe. */
#pragma once
#include "app/shared/context.h"
#include "app/work/task.h"

/* Both functions are called on any thread with no lock held, and must only post. */
typedef struct {
    void (*changed)(const char *id, gpointer data); /* libvirt sent an event about the VM; it may be gone */
    void (*connection)(gboolean up, gpointer data);
} FctDomainsNews;

FctDomains *fct_domains_new(FctApp *app);
/*
 * Begins to listen. When libvirt comes up, the listener must call fct_domains_read: until then fct_domains_is_up says
 * FALSE.
 */
void fct_domains_start(FctDomains *domains, const FctDomainsNews *news, gpointer data);
/* After this no event of libvirt arrives any more. */
void fct_domains_stop(FctDomains *domains);
void fct_domains_free(FctDomains *domains);

/* TRUE when libvirt answers and all its VMs are known. */
gboolean fct_domains_is_up(FctDomains *domains);
/* A reference; NULL when libvirt does not know it (or is away). */
FctVmInfo *fct_domains_info(FctDomains *domains, const char *id);
/* References to all, in no order. */
GPtrArray *fct_domains_infos(FctDomains *domains);
/*
 * Asks libvirt about one VM, since some changes send no event (virsh gave another file to a disk of a VM that is off).
 * fct_domains_info has the answer afterwards. Call it before acting on the VM; waits for libvirt.
 */
void fct_domains_refresh(FctDomains *domains, const char *id);
/*
 * Asks libvirt for all its VMs (FctVmInfo*, NULL with an error) and keeps the answer, except where an event that came
 * meanwhile is newer. *ret_changed gets the ids of VMs that are gone or have another state than before.
 */
GPtrArray *fct_domains_read(FctDomains *domains, GPtrArray **ret_changed, GError **error);

/*
 * Waits until libvirt says that the VM is @active, or not. FALSE after @ms, or when the task was cancelled or facetd
 * ends (look at the task).
 */
gboolean fct_domains_await(FctDomains *domains, FctTask *task, const char *id, gboolean active, gint64 ms);
/*
 * The same for any condition @that, which is called under the lock and must only read. @task NULL: the wait cannot be
 * cancelled.
 */
typedef gboolean (*FctDomainsThat)(const FctVmInfo *info, gpointer data);
gboolean fct_domains_await_that(FctDomains *domains, FctTask *task, const char *id, FctDomainsThat that, gpointer data,
                                gint64 ms);
/* Waits until libvirt is up. FALSE: facetd ends. */
gboolean fct_domains_await_up(FctDomains *domains, FctTask *task);

/* The newest readings of fct_vmm stats, by VM id: the sampler stores them, the API reads them. */
void fct_domains_note_stats(FctDomains *domains, const json_t *stats);
/* NULL: none. New reference. */
json_t *fct_domains_stats(FctDomains *domains);

/*
 * FALSE when the files of some VM cannot be known: it does not answer (FCT_ERROR_TIMEOUT), or it has a volume that
 * libvirt does not find (FCT_ERROR_CONFLICT).
 */
gboolean fct_domain_unseen(const FctVmInfo *info, GError **error);

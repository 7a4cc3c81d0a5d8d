/* SPDX-License-Identifier: Apache-2.0 */
/* What libvirt says of VMs, ours and others: as it last told, and waiting for what it will tell. Thread-safe. */
#pragma once
#include "app/shared/context.h"
#include "app/work/task.h"

/* Called on any thread, without a lock. Both only post. */
typedef struct {
    void (*changed)(const char *id, gpointer data); /* libvirt told of the VM, perhaps that it is gone */
    void (*connection)(gboolean up, gpointer data);
} FctDomainsNews;

FctDomains *fct_domains_new(FctApp *app);
/* Begins to listen. Whoever is told that libvirt came up calls fct_domains_read; until then nothing is up. */
void fct_domains_start(FctDomains *domains, const FctDomainsNews *news, gpointer data);
/* Nothing is heard of libvirt any more. */
void fct_domains_stop(FctDomains *domains);
void fct_domains_free(FctDomains *domains);

/* libvirt answers, and what is known of its VMs is complete. */
gboolean fct_domains_is_up(FctDomains *domains);
/* A reference; NULL when libvirt does not know it (or is away). */
FctVmInfo *fct_domains_info(FctDomains *domains, const char *id);
/* References to all, in no order. */
GPtrArray *fct_domains_infos(FctDomains *domains);
/*
 * What libvirt tells only who asks (virsh gave a disk that is off another file) is in fct_domains_info afterwards. For
 * whoever is about to act on the VM; waits for libvirt.
 */
void fct_domains_look(FctDomains *domains, const char *id);
/*
 * Asks libvirt for all its VMs (FctVmInfo*, NULL with an error) and keeps what it says; what was heard meanwhile is
 * newer. *ret_changed gets the ids of those that are gone, or in another state than was known.
 */
GPtrArray *fct_domains_read(FctDomains *domains, GPtrArray **ret_changed, GError **error);

/*
 * Waits until libvirt says that the VM is @active, or not. FALSE after @ms, or when the task was cancelled or facetd
 * ends (look at the task).
 */
gboolean fct_domains_await(FctDomains *domains, FctTask *task, const char *id, gboolean active, gint64 ms);
/* The same for whatever @that looks at (under the lock: it only looks). @task NULL: nobody can cancel. */
typedef gboolean (*FctDomainsThat)(const FctVmInfo *info, gpointer data);
gboolean fct_domains_await_that(FctDomains *domains, FctTask *task, const char *id, FctDomainsThat that, gpointer data,
                                gint64 ms);
/* Waits for libvirt until facetd ends; FALSE then. */
gboolean fct_domains_await_up(FctDomains *domains, FctTask *task);

/* The newest readings of fct_vmm stats, by VM id, from whoever samples them; kept for the API. */
void fct_domains_note_stats(FctDomains *domains, const json_t *stats);
/* NULL: none. New reference. */
json_t *fct_domains_stats(FctDomains *domains);

/* Why nobody can know which files it has: it does not answer (FCT_ERROR_TIMEOUT), or it has a volume that is not found
 * (FCT_ERROR_CONFLICT). FALSE. */
gboolean fct_domain_unseen(const FctVmInfo *info, GError **error);

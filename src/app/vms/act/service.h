/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM service: the state that its files share. Whoever works on a VM gets it as FctVms; what is below the service
 * (storage, networks, cards) gets the context alone.
 */
#pragma once
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/guests.h"
#include "app/domains/vm_doc.h"
#include "app/domains/vm_docs.h"
#include "app/domains/vm_news.h"

typedef struct FctConsoles FctConsoles;           /* console.h */
typedef struct FctStuck FctStuck;                 /* vms/stuck.h */
typedef struct FctVmFactsKeeper FctVmFactsKeeper; /* state/facts.h */

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

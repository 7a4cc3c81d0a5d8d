/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The context: what all parts of facetd share. assemble.c (app.h) makes it once.
 *
 * Threads: the main thread runs the GLib loop and serves HTTP; it never waits for the store, the helper or libvirt.
 * Handlers run on the request pool, tasks on threads of their own; the samplers and watchers each have a thread that
 * runs for ever. The members are set before the first thread starts and do not change; what they point at is
 * thread-safe.
 */
#pragma once
#include "port/hw.h"
#include "port/media.h"
#include "port/store.h"
#include "port/vmm.h"

#define FCT_PROJECT "default" /* the one project there is */

typedef struct FctActs FctActs;
typedef struct FctAuth FctAuth;
typedef struct FctDomains FctDomains;
typedef struct FctHub FctHub;
typedef struct FctOpened FctOpened;
typedef struct FctRecords FctRecords;
typedef struct FctTasks FctTasks;
typedef struct FctObserver FctObserver;
typedef struct FctReconciler FctReconciler;
typedef struct FctExecutor FctExecutor;
typedef struct FctSampler FctSampler;
typedef struct FctServer FctServer;
typedef struct FctSignins FctSignins;
typedef struct FctVmDocs FctVmDocs;
typedef struct FctVmNews FctVmNews;
typedef struct FctVms FctVms;
typedef struct FctVmPublisher FctVmPublisher;
typedef struct FctVmFactsKeeper FctVmFactsKeeper;
typedef struct FctConsoles FctConsoles;
typedef struct FctStuck FctStuck;
typedef struct FctAutostarter FctAutostarter;
typedef struct FctNetworkCache FctNetworkCache;
typedef struct FctNetworkWatch FctNetworkWatch;
typedef struct FctFiles FctFiles;
typedef struct FctGuests FctGuests;
typedef struct FctFileProbe FctFileProbe;
typedef struct FctStorage FctStorage;
typedef struct FctStorageWatch FctStorageWatch;
typedef struct FctRoute FctRoute; /* api.h */

/* What the command line said. The FctApp owns the strings; none is NULL unless said so. */
typedef struct {
    char *state_dir;
    char *ui_dir; /* "" when there is none: then only the API is served */
    char *bind;   /* address */
    guint16 port; /* 0: any free port; the server tells which */
    char *images_dir;
    char **pool_roots; /* further folders in which pools may be; NULL: none */
    char *disks_dir;   /* folder of the pool "facet" */
    char *part_device; /* "vfio" or "standin" */
    char *node;
    char **names;      /* further names by which browsers reach this host; may be NULL */
    char **proxies;    /* addresses and networks of trusted reverse proxies; may be NULL */
    guint connections; /* most connections in all and from one address; 0: the default */
    guint connections_by_address;
    guint patience_ms; /* the unit of all time limits of connections; 0: the default */
} FctConfig;

typedef struct FctApp {
    FctConfig config;
    FctHw *hw;       /* owned */
    FctStore *store; /* owned */
    FctVmm *vmm;     /* owned; NULL: built without virtual machines */
    FctMedia *media; /* owned; NULL: no first-boot data can be made */
    FctHub *hub;
    FctRecords *events, *audit;
    FctSignins *signins;
    FctAuth *auth;
    FctOpened *opened;
    FctTasks *tasks;
    FctObserver *observer;
    FctExecutor *executor;
    FctReconciler *reconciler;
    FctSampler *sampler;
    FctFiles *files;
    FctServer *server;
    /* NULL without a vmm: */
    FctDomains *domains;
    FctActs *acts;
    FctVmDocs *vm_docs;
    FctVmNews *vm_news;
    FctGuests *guests;
    FctConsoles *consoles;
    FctVmFactsKeeper *vm_facts;
    FctStuck *stuck_vms;
    FctVmPublisher *vm_publisher;
    FctVms *vms;
    FctFileProbe *probe;
    FctStorage *storage;
    FctStorageWatch *storage_watch;
    FctNetworkCache *networks;
    FctNetworkWatch *network_watch;
    FctAutostarter *autostarter;
    const FctRoute *const *routes; /* every operation of the API; ends with NULL */
    /*
     * Read-locked from looking at cards until the commit that reserves parts of them (a VM's start, a plan);
     * write-locked by whoever takes a card away from Facet. So nobody can reserve parts of a card that is being taken
     * away.
     */
    GRWLock choosing;
} FctApp;

/* Milliseconds since 1970. */
gint64 fct_app_now_ms(void);
/* A fresh id: 16 random lower-case characters behind a prefix that says what it names ("plan-…"). */
char *fct_app_new_id(const char *prefix);
/* Adds id, node, project and revision to an API object. */
void fct_app_stamp(const FctApp *app, json_t *object, const char *id, guint64 revision);

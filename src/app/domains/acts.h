/* SPDX-License-Identifier: Apache-2.0 */
/* One act at a time on a VM (start, snapshot, change), and what else keeps others from acting on it. Thread-safe. */
#pragma once
#include "app/shared/context.h"

/* Both functions are called on any thread with no lock held, and must only post. */
typedef struct {
    void (*ended)(const char *id, gpointer data);
    void (*retry)(gpointer data);
} FctActsNews;

FctActs *fct_acts_new(void);
void fct_acts_free(FctActs *acts);
/* Call it before the first act begins. */
void fct_acts_tell(FctActs *acts, const FctActsNews *news, gpointer data);

/* @what: "is being started". FCT_ERROR_CONFLICT says what is under way. */
gboolean fct_acts_begin(FctActs *acts, const char *id, const char *what, GError **error);
/*
 * The same for an act that neither starts nor ends the VM (a copy, a change of disks). If the VM starts or ends while
 * it runs, somebody else did that, and it is told and noted once the act is over.
 */
gboolean fct_acts_begin_beside(FctActs *acts, const char *id, const char *what, GError **error);
/* The act is over: the VM is looked at afresh and published. */
void fct_acts_end(FctActs *acts, const char *id);
/* Whether @what is under way on it. */
gboolean fct_acts_is(FctActs *acts, const char *id, const char *what);
/* Whether any act is under way. *ret_beside: it was begun by fct_acts_begin_beside. */
gboolean fct_acts_any(FctActs *acts, const char *id, gboolean *ret_beside);
/* Parts of a VM could not be released yet: the watcher tries again later. */
void fct_acts_retry_later(FctActs *acts);

/* While clones are copied from a VM's snapshots, the snapshots must not change. Each TRUE needs its FALSE. */
void fct_acts_hold_snapshots(FctActs *acts, const char *id, gboolean hold);
gboolean fct_acts_holds_snapshots(FctActs *acts, const char *id);

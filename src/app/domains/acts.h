/* SPDX-License-Identifier: Apache-2.0 */
/* One act at a time on a VM (start, snapshot, change), and what else keeps others from acting on it. Thread-safe. */
#pragma once
#include "app/shared/context.h"

/* Called on any thread, without a lock. Both only post. */
typedef struct {
    void (*ended)(const char *id, gpointer data);
    void (*retry)(gpointer data);
} FctActsNews;

FctActs *fct_acts_new(void);
void fct_acts_free(FctActs *acts);
/* Before the first act. */
void fct_acts_tell(FctActs *acts, const FctActsNews *news, gpointer data);

/* @what: "is being started". FCT_ERROR_CONFLICT says what is under way. */
gboolean fct_acts_begin(FctActs *acts, const char *id, const char *what, GError **error);
/*
 * The same for an act that neither starts nor ends the VM (a copy, a change of disks): who does meanwhile is somebody
 * else, which is told and noted when the act is over.
 */
gboolean fct_acts_begin_beside(FctActs *acts, const char *id, const char *what, GError **error);
/* The act is over: the VM is looked at afresh and published. */
void fct_acts_end(FctActs *acts, const char *id);
/* Whether @what is under way on it. */
gboolean fct_acts_is(FctActs *acts, const char *id, const char *what);
/* Whether anything is. *ret_beside: an act of fct_acts_begin_beside. */
gboolean fct_acts_any(FctActs *acts, const char *id, gboolean *ret_beside);
/* Something that a VM had may have to be released later: the watcher tries again. */
void fct_acts_retry_later(FctActs *acts);

/* Clones are copied from snapshots of it, which stay as they are meanwhile. As often off as on. */
void fct_acts_hold_snapshots(FctActs *acts, const char *id, gboolean hold);
gboolean fct_acts_holds_snapshots(FctActs *acts, const char *id);

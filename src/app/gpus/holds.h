/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which VM holds which part: one document for each part ("hold/<part id>"), so that the store itself prevents two VMs
 * from getting the same one. A hold goes reserved → in-use → releasing → gone, or from reserved straight to releasing.
 * It is durable before the VM starts, and goes only when the domain is known to be gone (power/reconcile.c).
 * Thread-safe; calls wait for the disk.
 */
#pragma once
#include "app/shared/context.h"
#include "app/shared/writes.h"

typedef enum { FCT_HOLD_RESERVED, FCT_HOLD_IN_USE, FCT_HOLD_RELEASING } FctHoldState;

typedef struct {
    char *part;
    char *vm, *vm_name;
    int device; /* index in the VM's devices */
    FctHoldState state;
    json_t *what; /* the part as it was when reserved: gpu, gpu_name, profile, start, size, memory_mib */
    guint64 revision;
} FctHold;

FctHold *fct_hold_new(const char *part, const char *vm, const char *vm_name, int device, const json_t *what);
void fct_hold_free(FctHold *hold);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctHold, fct_hold_free)
const char *fct_hold_state_name(FctHoldState state); /* "reserved" "in-use" "releasing" */

/* FctHold*, ordered by part; @vm NULL: of all VMs. */
GPtrArray *fct_holds_list(FctStore *store, const char *vm, GError **error);
/*
 * Called at the start: a hold that names no VM could never be released, so it is set aside and an event tells so. If a
 * VM runs with that part, it gets the hold again when the watcher sees it.
 */
gboolean fct_holds_set_aside(FctApp *app, GError **error);
/* The hold of one part; NULL when there is none. The result belongs to @holds. */
const FctHold *fct_holds_find(const GPtrArray *holds, const char *part);

/* ---- holds in a transaction: it fails with FCT_ERROR_REVISION when somebody else has changed or taken one meanwhile
 * ---- */
/* Adds a hold in its state (reserved, unless set) to @writes: the commit fails when the part is held. */
void fct_writes_reserve(FctWrites *writes, const FctHold *hold);
/* Puts all of @holds into @state. */
void fct_writes_move(FctWrites *writes, const GPtrArray *holds, FctHoldState state);
void fct_writes_drop(FctWrites *writes, const GPtrArray *holds);

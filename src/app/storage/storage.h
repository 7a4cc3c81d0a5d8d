/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims on volumes, and what was last seen of pools; storage_watch.h keeps that fresh. Nothing about a pool is stored.
 * Thread-safe; only fct_storage_await waits.
 */
#pragma once
#include "app/domains/vm_doc.h"

FctStorage *fct_storage_new(void);
/*
 * Called before a volume is read that VM @vm of ours has as a disk, while the VM is off: FCT_ERROR_REFUSED when the VM
 * may have another disk than its document says. The VM service sets it once, before the first thread starts, since
 * storage does not know the rules of VMs.
 */
typedef gboolean (*FctStorageAsk)(FctApp *app, const FctVm *vm, GError **error);
void fct_storage_on_read(FctStorage *storage, FctStorageAsk ask);
gboolean fct_storage_may_read(FctApp *app, const FctVm *vm, GError **error);
void fct_storage_free(FctStorage *storage);
/* Bytes by which the thin volumes of @pool may still grow, as last seen; -1 unknown. */
gint64 fct_storage_promised(FctStorage *storage, const char *pool);
/* FctPool*, as last seen; NULL while libvirt does not answer. Does not wait. Free with g_ptr_array_unref. */
GPtrArray *fct_storage_pools(FctStorage *storage);
/* Hold it from choosing names for volumes until the document with these names is stored. */
GMutex *fct_storage_names(FctStorage *storage);
/* Claims a volume for one piece of work: FCT_ERROR_IN_USE when it is claimed already. @id: "<pool>:<name>". */
gboolean fct_storage_claim(FctStorage *storage, const char *id, GError **error);
void fct_storage_release(FctStorage *storage, const char *id);
gboolean fct_storage_is_claimed(FctStorage *storage, const char *id);
/* Notes that this facetd is making the volume now, claimed or not, so that it is not taken for a leftover. */
void fct_storage_note_making(FctStorage *storage, const char *id, gboolean making);
gboolean fct_storage_is_making(FctStorage *storage, const char *id);
/* Something half made could not be deleted: the watch tries again until it can. */
void fct_storage_sweep_later(FctStorage *storage);
/* Makes the watch look again soon, because something has changed in @pool; NULL: libvirt came up. */
void fct_storage_poke(FctStorage *storage, const char *pool);

/* ---- for the watch ---- */
typedef struct {
    GHashTable *pools; /* set of names of pools */
    gboolean ensure;   /* start the pool "facet" */
    gboolean sweep;    /* delete what was left half made */
} FctStorageDue;
void fct_storage_due_clear(FctStorageDue *due);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FctStorageDue, fct_storage_due_clear)
/* Takes the work that is due; waits for it up to @us, so *ret may be empty. FALSE: facetd ends. */
gboolean fct_storage_await(FctStorage *storage, gint64 us, FctStorageDue *ret);
void fct_storage_quit(FctStorage *storage);
/* @pools NULL: unknown now. TRUE when pools were added or removed, or one was started or stopped. */
gboolean fct_storage_keep_pools(FctStorage *storage, GPtrArray *pools);
void fct_storage_keep_promised(FctStorage *storage, const char *pool, gint64 bytes);

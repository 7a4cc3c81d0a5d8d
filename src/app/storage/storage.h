/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who works on which volume, and what was last seen of pools; storage_watch.h keeps that fresh. Nothing about a pool is
 * stored. Thread-safe; no function but fct_storage_await waits.
 */
#pragma once
#include "app/domains/vm_doc.h"

FctStorage *fct_storage_new(void);
/*
 * Before a volume is read that VM @vm of ours, which is off, has as a disk: FCT_ERROR_REFUSED when the VM may have
 * another disk than its document says. Set once, before the first thread starts: the rules of VMs are not known here.
 */
typedef gboolean (*FctStorageAsk)(FctApp *app, const FctVm *vm, GError **error);
void fct_storage_on_read(FctStorage *storage, FctStorageAsk ask);
gboolean fct_storage_may_read(FctApp *app, const FctVm *vm, GError **error);
void fct_storage_free(FctStorage *storage);
/* What the thin volumes of @pool may still grow by, as last seen; -1 unknown. */
gint64 fct_storage_promised(FctStorage *storage, const char *pool);
/* FctPool*, as last seen; NULL while libvirt does not tell. Does not wait. Free with g_ptr_array_unref. */
GPtrArray *fct_storage_pools(FctStorage *storage);
/* Held from choosing names of volumes until the document that has them is stored. */
GMutex *fct_storage_names(FctStorage *storage);
/*
 * One piece of work at a time on a volume: FCT_ERROR_IN_USE says that there is one. @id: "<pool>:<name>".
 */
gboolean fct_storage_claim(FctStorage *storage, const char *id, GError **error);
void fct_storage_release(FctStorage *storage, const char *id);
gboolean fct_storage_is_claimed(FctStorage *storage, const char *id);
/* A volume that this facetd is making now, without a claim or with one: it is not left over. */
void fct_storage_note_making(FctStorage *storage, const char *id, gboolean making);
gboolean fct_storage_is_making(FctStorage *storage, const char *id);
/* Something half made could not be deleted: tries again until it can. */
void fct_storage_sweep_later(FctStorage *storage);
/* The watch looks again soon: something has changed in @pool; NULL: libvirt came up. */
void fct_storage_poke(FctStorage *storage, const char *pool);

/* ---- for the watch ---- */
typedef struct {
    GHashTable *pools; /* set of their names */
    gboolean ensure;   /* that our own pool runs */
    gboolean sweep;    /* what was left half made */
} FctStorageDue;
void fct_storage_due_clear(FctStorageDue *due);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FctStorageDue, fct_storage_due_clear)
/* Takes what is due, and waits for it up to @us: *ret may be empty. FALSE: facetd ends. */
gboolean fct_storage_await(FctStorage *storage, gint64 us, FctStorageDue *ret);
void fct_storage_quit(FctStorage *storage);
/* @pools NULL: not known now. TRUE when there are others, or they run or not other than before. */
gboolean fct_storage_keep_pools(FctStorage *storage, GPtrArray *pools);
void fct_storage_keep_promised(FctStorage *storage, const char *pool, gint64 bytes);

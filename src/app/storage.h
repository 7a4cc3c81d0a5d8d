/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps facetd's own pool "facet" running whenever libvirt is there, tells the page when pools or volumes changed (also
 * by others, who need not ask us), and tells once when a pool runs full. Nothing about a pool is stored. Takes away
 * volumes that were left half made. Thread-safe.
 */
#pragma once
#include "app/context.h"

FctStorage *fct_storage_new(FctApp *app);
void fct_storage_start(FctStorage *storage);
void fct_storage_stop(FctStorage *storage);
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
/* Looks again soon: something of ours has changed in @pool. */
void fct_storage_poke(FctStorage *storage, const char *pool);

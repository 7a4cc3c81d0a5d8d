/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes are made, copied, grown and deleted here, with their records (volume_records.h); and a volume without one is
 * looked at, once. Any thread but the one that serves HTTP.
 */
#pragma once
#include "app/shared/writes.h"
#include "app/storage/volume_open.h"
#include "app/storage/volume_records.h"
#include "app/storage/volume_safe.h"

/* ---- making and changing ---- */
/* FCT_ERROR_CONFLICT when it is lost, for whoever is about to write to what is being made. */
gboolean fct_record_there(FctApp *app, const char *pool, const char *name, GError **error);
/*
 * A new volume as @plan says; its record is there before it is. @whole: it is all there when it is made, and
 * a device is filled with zeros for it (@progress; NULL); else whoever fills it says fct_record_complete, or
 * fct_record_abandon. Nothing is left after a failure, or it is incomplete.
 */
FctVolume *fct_record_create(FctApp *app, const FctVolumeRecord *plan, gint64 bytes, gboolean whole,
                             FctVmmProgress progress, gpointer data, GError **error);
gboolean fct_record_complete(FctApp *app, const char *pool, const char *name, GError **error);
/* The same in one commit with @more, of @n. */
gboolean fct_record_complete_with(FctApp *app, const char *pool, const char *name, const FctWrite *more, guint n,
                                  GError **error);
/*
 * Deletes the volume if it is the one at @path, which we made or have, and drops its record. One that lies elsewhere
 * (the pool leads to another folder now), that was put in the place of what we were making, or of which nothing says
 * that we made it (@path "") stays, and so does its record while it says no more than that something was to be made.
 * FALSE: it could not be deleted now.
 */
gboolean fct_record_abandon(FctApp *app, const char *pool, const char *name, const char *path, GError **error);
/*
 * The same for what somebody left half made, by its record and if nobody refers to it. *ret_gone FALSE: what is there
 * stays, since nothing says that we made it. FALSE: not now.
 */
gboolean fct_record_clear(FctApp *app, const char *pool, const char *name, gboolean *ret_gone, GError **error);
/* A whole copy of what @from says, of fct_record_find or fct_volume_look, standing on nothing. */
FctVolume *fct_record_copy(FctApp *app, const FctVolumeRecord *from, const FctVolumeRecord *plan,
                           FctVmmProgress progress, gpointer data, GError **error);
gboolean fct_record_grow(FctApp *app, const char *pool, const char *name, gint64 bytes, GError **error);
/* First-boot data, for whoever rewrites it. */
gboolean fct_record_grow_seed(FctApp *app, const char *pool, const char *name, gint64 bytes, GError **error);
/* Volume and record, whatever is there by that name: for people, who name it. Missing is success. */
gboolean fct_record_delete(FctApp *app, const char *pool, const char *name, GError **error);
/* The records of the files that stand on one another now, for the commit that makes it so. @files: FctChainFile* */
gboolean fct_record_restand(FctApp *app, const GPtrArray *files, FctWrites *writes, GError **error);

/* ---- volume_look.c: one that has no record yet ---- */
/*
 * What a volume is: by its record, else by a look at its bytes, its name and what the request states (@asked; NULL),
 * which is not recorded. @copy: other formats than ours are welcome. FCT_ERROR_REFUSED, FCT_ERROR_BAD_REQUEST name
 * "format".
 */
FctVolumeRecord *fct_volume_look(FctApp *app, const FctVolume *volume, const char *asked, gboolean copy,
                                 GError **error);
/* The same for a VM that is given it: recorded from then on. @volume gets what the record says. */
gboolean fct_volume_take(FctApp *app, FctVolume *volume, const char *asked, GError **error);
/* The record of a disk of an adopted VM, in the format that its definition states. @active: it runs. In @writes. */
gboolean fct_volume_adopt(FctApp *app, const FctVmDisk *disk, gboolean active, FctWrites *writes, GError **error);

/* ---- upkeep, by the storage thread ---- */
/* Deletes what was left half made by us, and first-boot data that its VM no longer names. FALSE: some of it is still
 * there. */
gboolean fct_records_sweep(FctApp *app);
/*
 * Drops the records of volumes of @pool that it has no more, or that are other files now: @volumes is what it has,
 * listed after @records were read. What a VM, snapshot or other volume needs keeps its record.
 */
void fct_records_prune(FctApp *app, const FctPool *pool, const GHashTable *records, const GPtrArray *volumes);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes, copies, grows and deletes volumes together with their records (volume_records.h), and inspects, once, a volume
 * that has no record. Any thread but the one that serves HTTP.
 */
#pragma once
#include "app/shared/writes.h"
#include "app/storage/volume_open.h"
#include "app/storage/volume_records.h"
#include "app/storage/volume_safe.h"

/* ---- making and changing ---- */
/* FCT_ERROR_CONFLICT when what is being made is lost: call it before writing to it. */
gboolean fct_record_there(FctApp *app, const char *pool, const char *name, GError **error);
/*
 * Makes a volume as @plan says; its record is stored before it. @whole: the volume is complete when it is made, and a
 * device is filled with zeros for that (@progress may be NULL); otherwise whoever fills it calls fct_record_complete or
 * fct_record_abandon. After a failure nothing is left, or an incomplete volume that is deleted later.
 */
FctVolume *fct_record_create(FctApp *app, const FctVolumeRecord *plan, gint64 bytes, gboolean whole,
                             FctVmmProgress progress, gpointer data, GError **error);
gboolean fct_record_complete(FctApp *app, const char *pool, const char *name, GError **error);
/* Stores that the volume is complete, in one commit with @more, of @n. */
gboolean fct_record_complete_with(FctApp *app, const char *pool, const char *name, const FctWrite *more, guint n,
                                  GError **error);
/*
 * Deletes the volume if it is the one at @path, which we made or have, and drops its record. Nothing is deleted when
 * another file is there (the pool leads to another folder now, or somebody put it in the place of what we were making),
 * or when nothing says that we made it (@path ""); the record then stays, too, as long as it only says that something
 * was to be made. FALSE: it could not be deleted now.
 */
gboolean fct_record_abandon(FctApp *app, const char *pool, const char *name, const char *path, GError **error);
/*
 * The same for a volume that was left half made, by its record, and only if nobody refers to it. *ret_gone FALSE: what
 * is there stays, since nothing says that we made it. FALSE: it could not be deleted now.
 */
gboolean fct_record_clear(FctApp *app, const char *pool, const char *name, gboolean *ret_gone, GError **error);
/*
 * Makes a volume as @plan says with the whole content of @from (of fct_record_find or fct_volume_inspect), standing on
 * nothing.
 */
FctVolume *fct_record_copy(FctApp *app, const FctVolumeRecord *from, const FctVolumeRecord *plan,
                           FctVmmProgress progress, gpointer data, GError **error);
gboolean fct_record_grow(FctApp *app, const char *pool, const char *name, gint64 bytes, GError **error);
/* Grows a first-boot medium, for whoever rewrites it. */
gboolean fct_record_grow_seed(FctApp *app, const char *pool, const char *name, gint64 bytes, GError **error);
/* Deletes a volume that a person names, and its record, whatever file is there. A missing volume is success. */
gboolean fct_record_delete(FctApp *app, const char *pool, const char *name, GError **error);
/*
 * Adds to @writes what the records of these files say about their backing files, for the commit that changes them.
 * @files: FctChainFile*
 */
gboolean fct_record_restand(FctApp *app, const GPtrArray *files, FctWrites *writes, GError **error);

/* ---- volume_inspect.c: one that has no record yet ---- */
/*
 * What a volume is: by its record; without one by its bytes, its name and the format that the request states (@asked;
 * may be NULL), which is not recorded. @copy: formats other than ours are allowed. FCT_ERROR_REFUSED,
 * FCT_ERROR_BAD_REQUEST name "format".
 */
FctVolumeRecord *fct_volume_inspect(FctApp *app, const FctVolume *volume, const char *asked, gboolean copy,
                                    GError **error);
/* The same for a volume that a VM gets: the result is recorded. @volume gets what the record says. */
gboolean fct_volume_take(FctApp *app, FctVolume *volume, const char *asked, GError **error);
/*
 * Adds the record of an adopted VM's disk to @writes, in the format that its definition states. @active: the VM runs.
 */
gboolean fct_volume_adopt(FctApp *app, const FctVmDisk *disk, gboolean active, FctWrites *writes, GError **error);

/* ---- upkeep, by the storage thread ---- */
/*
 * Deletes what we left half made, and first-boot data that its VM does not name any more. FALSE: some of it is still
 * there.
 */
gboolean fct_records_sweep(FctApp *app);
/*
 * Drops records of @pool whose volumes are gone or are other files now. @volumes: what the pool has, listed after
 * @records were read. What a VM, a snapshot or another volume needs keeps its record.
 */
void fct_records_prune(FctApp *app, const FctPool *pool, const GHashTable *records, const GPtrArray *volumes);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place that knows what a volume is (ADR 6): its format, what it stands on, whose it is, and whether it is all
 * there. Whoever makes, opens, copies, grows or deletes a volume comes here; libvirt's own idea of its format, which it
 * takes from bytes that a guest can write, is asked by nobody. Any thread but the one that serves HTTP.
 */
#pragma once
#include "app/vm_service.h"
#include "model/volume_record.h"

/* ---- what is known ---- */
/* FCT_ERROR_NOT_FOUND without a record. */
FctVolumeRecord *fct_record_find(FctApp *app, const char *pool, const char *name, GError **error);
GHashTable *fct_records_load(FctApp *app, GError **error); /* id → FctVolumeRecord* */
/* Puts what the record says into what libvirt tells of a volume; without a record it has no format. */
void fct_record_apply(const GHashTable *records, FctVolume *volume);
/* Whether another file lies under the name of the one that @record tells of, as far as the two can be compared. */
gboolean fct_record_is_replaced(const FctVolumeRecord *record, const FctVolume *there);
/*
 * The same of one that is not ready: what we began to make is gone, and @there is somebody else's. Only between making
 * and ready: a ready one may have been restored from a backup.
 */
gboolean fct_record_is_lost(const FctVolumeRecord *record, const FctVolume *there);
/* FCT_ERROR_CONFLICT when it is lost, for whoever is about to write to what is being made. */
gboolean fct_record_there(FctApp *app, const char *pool, const char *name, GError **error);
/* As libvirt lists it, with what the record says. FCT_ERROR_NOT_FOUND when libvirt has none. */
FctVolume *fct_record_volume(FctApp *app, const char *pool, const char *name, GError **error);
/* FCT_ERROR_CONFLICT while it is no disk: being made or sent, or left half made. Without a record it is one. */
gboolean fct_record_whole(FctApp *app, const char *pool, const char *name, GError **error);
/* FALSE: it is being made by somebody now, or it is whole. */
gboolean fct_record_is_half(FctApp *app, const FctVolumeRecord *record);

/* ---- for whoever opens one ---- */
/*
 * The format and all layers below of a disk or file, by records alone: FCT_ERROR_REFUSED when one of the chain has
 * none, is not whole or leads out of its pool. What is in the file library, or a drive without a medium, is raw and
 * stands on nothing.
 */
gboolean fct_record_fill_disk(FctApp *app, FctVmDisk *disk, GError **error);
/* The same by the records alone, which waits for no libvirt: for whoever foresees it, of a thousand VMs at once. */
gboolean fct_record_judge_disk(FctApp *app, FctVmDisk *disk, GError **error);
gboolean fct_record_fill_files(FctApp *app, const GPtrArray *files, GError **error); /* FctChainFile* */
FctVmSpec *fct_record_spec(FctApp *app, const FctVm *vm, GError **error);            /* fct_vm_spec with filled disks */
/*
 * The same, or as the document has it where a disk may not be opened: for the release of a VM, which gives its first
 * definition back. Nothing is started or defined by it.
 */
FctVmSpec *fct_record_spec_told(FctApp *app, const FctVm *vm, GError **error);

/* ---- making and changing ---- */
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
/* Ends the record of a file that has given way to @volume's. Without one of such a file nothing is done. */
gboolean fct_record_end_replaced(FctApp *app, const FctVolume *volume, GError **error);
/* Why a volume without a record is not opened for the first time: its bytes may be those of any file of the host. */
#define FCT_VOLUME_LINKED "Its file has another name elsewhere (a hard link)."
/* FCT_ERROR_REFUSED for one that is no plain file inside of its pool. */
gboolean fct_volume_inside(const FctVolume *volume, GError **error);
/*
 * FCT_ERROR_IN_USE for a device that the host itself has mounted, swaps to or has built on: asked before it is given to
 * a VM, copied, grown, cleared or deleted. @name: for people.
 */
gboolean fct_volume_host_free(FctApp *app, const char *name, const char *path, GError **error);
/*
 * A record that a VM names goes on by its path, also when another file lies there by now (fct_records_prune): the head
 * of such a one is a stranger's. FCT_ERROR_REFUSED when a qcow2 keeps data elsewhere or is encrypted; TRUE of the file
 * that was recorded.
 */
gboolean fct_volume_replaced_whole(FctApp *app, const FctVolumeRecord *record, const FctVolume *there, GError **error);
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

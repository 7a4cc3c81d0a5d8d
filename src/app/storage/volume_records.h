/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place that knows what a volume is (ADR 6): its format, what it stands on, whose it is, and whether it is
 * complete. Whoever makes, opens, copies, grows or deletes a volume comes here. libvirt's own idea of the format is
 * never used, since it takes it from bytes that a guest can write. Any thread but the one that serves HTTP.
 */
#pragma once
#include "app/shared/context.h"
#include "model/volume_record.h"

/* FCT_ERROR_NOT_FOUND without a record. */
FctVolumeRecord *fct_record_find(FctApp *app, const char *pool, const char *name, GError **error);
GHashTable *fct_records_load(FctApp *app, GError **error); /* id → FctVolumeRecord* */
/* Puts what the record says into libvirt's facts of a volume; a volume without a record has no format. */
void fct_record_apply(const GHashTable *records, FctVolume *volume);
/* Whether the file under its name is another one than @record tells of, as far as the two can be compared. */
gboolean fct_record_is_replaced(const FctVolumeRecord *record, const FctVolume *there);
/*
 * The same for a volume that is not ready: what we began to make is gone, and @there is somebody else's. Only between
 * making and ready, since a ready volume may have been restored from a backup.
 */
gboolean fct_record_is_lost(const FctVolumeRecord *record, const FctVolume *there);
/* The volume as libvirt lists it, with what the record says. FCT_ERROR_NOT_FOUND when libvirt has none. */
FctVolume *fct_record_volume(FctApp *app, const char *pool, const char *name, GError **error);
/*
 * FCT_ERROR_CONFLICT while the volume is no disk: it is being made or uploaded, or was left half made. A volume without
 * a record is a disk.
 */
gboolean fct_record_whole(FctApp *app, const char *pool, const char *name, GError **error);
/* FALSE when somebody is making it now, or it is complete: it was not left half made. */
gboolean fct_record_is_half(FctApp *app, const FctVolumeRecord *record);
/* FCT_ERROR_CONFLICT while @record's volume is no disk. */
gboolean fct_record_check_whole(FctApp *app, const FctVolumeRecord *record, GError **error);
/* Ends the record of a file that was replaced by @volume's file. Otherwise it does nothing. */
gboolean fct_record_end_replaced(FctApp *app, const FctVolume *volume, GError **error);

/* ---- for whoever changes records ---- */
/* The key of its document. Free with g_free. */
char *fct_record_key(const char *pool, const char *name);
/* Sends an event for each record that cannot be read. */
void fct_records_tell_unreadable(FctApp *app);
/* Adds the record to @writes: the commit fails with FCT_ERROR_REVISION if it was stored again since it was read. */
gboolean fct_record_store(FctApp *app, const FctVolumeRecord *record, GError **error);
gboolean fct_record_drop(FctApp *app, const char *pool, const char *name, guint64 revision, GError **error);

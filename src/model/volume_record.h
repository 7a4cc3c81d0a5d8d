/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Facet knows of a volume. It was decided when the volume was made, uploaded or first given to a VM, and comes
 * from no byte that a guest can write (ADR 6). Pure.
 */
#pragma once
#include "base/json.h"

typedef enum { FCT_RECORD_READY, FCT_RECORD_MAKING, FCT_RECORD_UPLOADING } FctRecordState;

/* No string is NULL. */
typedef struct {
    char *pool, *name; /* pool "": a file that is in no pool, and name is its path */
    char *path;        /* "" until the file exists and is known to be ours: without a path nobody deletes anything */
    char *format;      /* "raw", "qcow2" */
    char *backing;     /* id of the record on which it stands; "" */
    char *vm;          /* id of the VM for which it was made; "" */
    char *task;        /* id of the task that makes it; "" */
    char *inode;       /* which file it is, as in FctVolume, noted with its path; "" unknown */
    gboolean seed;     /* first-boot data: not shown as a disk */
    FctRecordState state;
    guint64 revision; /* of its document; not in the JSON */
} FctVolumeRecord;

FctVolumeRecord *fct_volume_record_new(const char *pool, const char *name, const char *format);
FctVolumeRecord *fct_volume_record_copy(const FctVolumeRecord *record);
void fct_volume_record_free(FctVolumeRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVolumeRecord, fct_volume_record_free)

json_t *fct_volume_record_to_json(const FctVolumeRecord *record);
/* FCT_ERROR_INTERNAL for a document with an unknown state or format: nobody opens such a volume. */
FctVolumeRecord *fct_volume_record_from_json(const json_t *json, GError **error);
char *fct_volume_record_id(const FctVolumeRecord *record); /* "<pool>:<name>" */

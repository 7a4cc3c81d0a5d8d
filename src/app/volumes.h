/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes: libvirt keeps them; what is here is the work on them that takes long, and who refers to them. Any thread but
 * the one that serves HTTP.
 */
#pragma once
#include "app/images.h"
#include "app/task.h"

/* Shown in the task's @step; cancelling the task cancels the work. For FctVmmProgress. */
typedef struct {
    FctTask *task; /* NULL: nobody looks on */
    guint step;
    const char *what; /* "Copying"; the step's message becomes "Copying: 3.2 of 10.0 GiB." */
} FctVolumeProgress;
gboolean fct_volume_progress(gint64 done, gint64 total, gpointer progress);

/*
 * A new volume with the image's content, @bytes large (0: as the image). Unpacked into the state folder first where the
 * image's format is another. Deleted again on failure; FCT_ERROR_CANCELLED when the task was cancelled.
 */
FctVolume *fct_volume_from_image(FctApp *app, FctTask *task, const FctImage *image, const char *pool, const char *name,
                                 const char *format, gint64 bytes, guint step, GError **error);
/* The same from a file that facetd can read, byte for byte: @file is an image in @format ("raw": an ISO, too). */
FctVolume *fct_volume_from_file(FctApp *app, FctTask *task, const char *file, const char *pool, const char *name,
                                const char *format, gint64 bytes, guint step, GError **error);

typedef struct {
    char *vm;        /* id; "" when it is no VM */
    char *name;      /* the VM's name; for "backing" the volume's path */
    const char *how; /* "disk", "cdrom", "backing", "snapshot" */
} FctVolumeUser;
/* FctVolumeUser*: who refers to the file or device at @path: VMs of ours and of others, snapshots, other volumes. */
GPtrArray *fct_volume_users(FctApp *app, const char *path, GError **error);

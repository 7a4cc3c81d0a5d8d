/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes: libvirt keeps them; what is here is the work on them that takes long, and who refers to them. Any thread but
 * the one that serves HTTP.
 */
#pragma once
#include "app/library/file_probe.h"
#include "app/library/images.h"
#include "app/shared/writes.h"
#include "app/work/task.h"
#include "model/volume_record.h"

/* Shown in the task's @step; cancelling the task cancels the work. For FctVmmProgress. */
typedef struct {
    FctTask *task; /* NULL: nobody looks on */
    guint step;
    const char *what; /* "Copying"; the step's message becomes "Copying: 3.2 of 10.0 GiB." */
} FctVolumeProgress;
gboolean fct_volume_progress(gint64 done, gint64 total, gpointer progress);

/*
 * A new volume as @plan says with the image's content, @bytes large (0: as the image). Unpacked into the state folder
 * first where the image's format is another. Deleted again on failure; FCT_ERROR_CANCELLED when the task was cancelled.
 */
FctVolume *fct_volume_from_image(FctApp *app, FctTask *task, const FctImage *image, const FctVolumeRecord *plan,
                                 gint64 bytes, guint step, GError **error);

/* ---- volume_sum.c ---- */
/* The key of the document that has the SHA-256 of what was uploaded as volume @id. Free with g_free. */
char *fct_volume_sum_key(const char *id);
/* SHA-256 of what was uploaded, or null. */
json_t *fct_volume_upload_sum(FctApp *app, const char *id);

/* ---- volume_zero.c ---- */
/*
 * Zeros from @from to its end where it is a device (LVM): there the bytes of whoever had that room before show through.
 * What is a file reads as zeros by itself. FCT_ERROR_CANCELLED when @progress (NULL: nobody looks on) says so.
 */
gboolean fct_volume_zero(FctApp *app, const char *pool, const char *name, gint64 from, FctVmmProgress progress,
                         gpointer data, GError **error);

typedef struct {
    char *vm;        /* id; "" when it is no VM */
    char *name;      /* the VM's name; for "backing" the volume's id */
    const char *how; /* "disk", "cdrom", "backing", "snapshot" */
} FctVolumeUser;
/* FctVolumeUser*: who refers to the file or device at @path: VMs of ours and of others, snapshots, other volumes. */
GPtrArray *fct_volume_users(FctApp *app, const char *path, GError **error);

/* ---- volume_survey.c: one look at all pools, their volumes and who refers to them ---- */
typedef struct {
    GPtrArray *pools;    /* FctPool* */
    GPtrArray *volumes;  /* FctVolume*, of the pools that answer */
    GHashTable *records; /* id → FctVolumeRecord*, of volumes that are gone too, not of other files */
    GHashTable *users;   /* key of the file → GPtrArray of FctVolumeUser* */
    GHashTable *uploads; /* volume's id → json_t*, its upload document */
    GPtrArray *unclear;  /* FctVolume*, of @volumes: they claim to stand on something that nobody here can follow */
    GError *silent;      /* why the volumes of some pool are not there; NULL */
    FctFileProbe *probe;
    GPtrArray *remote; /* as fct_file_probe_remote gives it */
    GHashTable *keys;  /* path → what fct_file_key made of it */
} FctVolumeSurvey;
/* FCT_ERROR_UNSUPPORTED without libvirt, FCT_ERROR_LIBVIRT_DOWN until it has told of all VMs. */
FctVolumeSurvey *fct_volume_survey_new(FctApp *app, GError **error);
FctVolumeSurvey *fct_volume_places_new(FctApp *app, GError **error); /* pools alone, to compare paths by */
void fct_volume_survey_free(FctVolumeSurvey *survey);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVolumeSurvey, fct_volume_survey_free)
const FctPool *fct_volume_survey_pool(const FctVolumeSurvey *survey, const char *name, GError **error);
/* @id: "<pool>:<name>". FCT_ERROR_NOT_FOUND. */
const FctVolume *fct_volume_survey_find(const FctVolumeSurvey *survey, const char *id, GError **error);
const GPtrArray *fct_volume_survey_users(const FctVolumeSurvey *survey, const char *path); /* NULL: none */
/* Whether both lead to one file or device, however they are spelled. "" leads to none. */
gboolean fct_volume_survey_same(const FctVolumeSurvey *survey, const char *path, const char *other);
/* Whether libvirt told of the file at @path among those of the VM; of one that is unseen it could tell of none. */
gboolean fct_volume_survey_has(const FctVolumeSurvey *survey, const FctVmInfo *info, const char *path);
/* FALSE with FCT_ERROR_NOT_FOUND when it is no id. Free both. */
gboolean fct_volume_split(const char *id, char **ret_pool, char **ret_name, GError **error);
/* As the contract has them: [{"vm","name","how"}]. @users NULL: none. New reference. */
json_t *fct_volume_users_json(const GPtrArray *users);
/* FCT_ERROR_IN_USE when a volume of its pool may stand on the file at @path, for all that can be read of it. */
gboolean fct_volume_survey_clear(const FctVolumeSurvey *survey, const char *path, GError **error);
/* FCT_ERROR_IN_USE with the users in "reasons" and "used_by" unless nobody refers to it, nor has the host it in use. */
gboolean fct_volume_unused(FctApp *app, const FctVolumeSurvey *survey, const FctVolume *volume, GError **error);

/* ---- volume_view.c ---- */
json_t *fct_volumes_list(FctApp *app, const char *pool, GError **error); /* @pool NULL: of all */
json_t *fct_volumes_get(FctApp *app, const char *id, GError **error);
/* FCT_ERROR_CONFLICT while a volume is being uploaded, made or changed, or is half made: it is no disk. */
gboolean fct_volume_ready(FctApp *app, const char *pool, const char *name, GError **error);
/* Of one that is not ready: it is all there, and a task copies or changes it. */
gboolean fct_volume_at_work(FctApp *app, const char *pool, const char *name);

/* ---- volume_medium.c ---- */
/*
 * FCT_ERROR_FORBIDDEN when the volume is the first-boot medium of a VM, whose secrets are for its guest alone: asked by
 * whatever shows a volume's content to somebody else (download, copy, another VM).
 */
gboolean fct_volume_no_medium(FctApp *app, const char *pool, const char *name, GError **error);
/* The volume was deleted: what comes by its name is no medium. */
void fct_volume_medium_gone(FctApp *app, const char *pool, const char *name);
/* The drive's volume stays a medium, which nobody reads, when the VM (id) that had it is managed no longer. */
void fct_volume_note_medium(const FctVmDisk *disk, const char *vm, FctWrites *writes);

/* ---- volume_guard.c: before a file goes, or gets another content ---- */
/* An FctFilesUsers: VMs that have the file of the library in a drive, and volumes that stand on it. */
gboolean fct_volume_file_users(FctApp *app, const char *path, json_t *reasons, GError **error);
/*
 * FCT_ERROR_IN_USE when any of @paths (char *) is somebody's besides the VM @vm's (id; "": nobody's): another VM's, a
 * snapshot's of one, or what another volume stands on; when the VM's present run has it open; and while it is being
 * copied. The error of a pool that does not answer: what is in there may stand on any of them.
 */
gboolean fct_volume_spare(FctApp *app, const char *vm, const GPtrArray *paths, GError **error);
/* FCT_ERROR_IN_USE when @path is somebody's besides the VM @vm's, or is being copied; its run may have it open. */
gboolean fct_volume_alone(FctApp *app, const char *vm, const char *path, GError **error);
/* As fct_volume_spare, of a single one; "" is spare. */
gboolean fct_volume_spare_one(FctApp *app, const char *vm, const char *path, GError **error);

/* ---- volume_task.c ---- */
/* @input: VolumeInput. Gives a running task, or for an upload the volume that waits for its bytes. */
gboolean fct_volumes_create(FctApp *app, const char *user, const json_t *input, json_t **ret_task, json_t **ret_volume,
                            GError **error);
json_t *fct_volumes_grow(FctApp *app, const char *id, gint64 size_gib, GError **error);
gboolean fct_volumes_delete(FctApp *app, const char *id, GError **error);
/* Ends the tasks "volume.…" that were running when facetd ended. For fct_tasks_on_recover. */
void fct_volumes_recover(FctTask *task, gpointer app);

/* ---- volume_upload.c ---- */
/* Makes the volume that the bytes go to, and notes how many there will be ("upload/<id>"), and their SHA-256; "". */
json_t *fct_volume_upload_begin(FctApp *app, const FctVolumeSurvey *survey, const char *pool, const char *name,
                                const char *format, gint64 size_bytes, const char *sha256, GError **error);
/* What is kept of an upload to a volume that is gone, or is made anew. */
gboolean fct_volume_upload_forget(FctApp *app, const char *id, GError **error);
typedef struct FctVolumeUpload FctVolumeUpload;
FctVolumeUpload *fct_volume_upload_open(FctApp *app, const char *id, const char *range, gint64 body_length,
                                        GError **error);
gboolean fct_volume_upload_write(FctVolumeUpload *upload, const guint8 *bytes, gsize length, GError **error);
/* Notes what has come; with the last byte the volume is ready. @ret: the volume as in the contract, or NULL. */
gboolean fct_volume_upload_end(FctVolumeUpload *upload, json_t **ret, GError **error);
void fct_volume_upload_free(FctVolumeUpload *upload);

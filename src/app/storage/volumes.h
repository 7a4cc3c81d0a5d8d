/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes: the long-running work on them, and who refers to them. libvirt keeps the volumes themselves. Any thread but
 * the one that serves HTTP.
 */
#pragma once
#include "app/library/file_probe.h"
#include "app/library/images.h"
#include "app/shared/writes.h"
#include "app/work/task.h"
#include "model/volume_record.h"

/* For FctVmmProgress: progress is shown in the task's @step, and cancelling the task cancels the work. */
typedef struct {
    FctTask *task; /* NULL: progress is not shown */
    guint step;
    const char *what; /* "Copying"; the step's message becomes "Copying: 3.2 of 10.0 GiB." */
} FctVolumeProgress;
gboolean fct_volume_progress(gint64 done, gint64 total, gpointer progress);

/*
 * A new volume as @plan says with the image's content, @bytes large (0: as large as the image). An image in another
 * format is unpacked into the state folder first. Deleted again on failure; FCT_ERROR_CANCELLED when the task was
 * cancelled.
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
 * Writes zeros from @from to the end if the volume is a device (LVM), where the bytes of its former user would show
 * through; a file reads as zeros by itself. FCT_ERROR_CANCELLED when @progress (may be NULL) says so.
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

/* ---- volume_survey.c: all pools, their volumes and who refers to them, read once ---- */
typedef struct {
    GPtrArray *pools;    /* FctPool* */
    GPtrArray *volumes;  /* FctVolume*, of the pools that answer */
    GHashTable *records; /* id → FctVolumeRecord*; also of volumes that are gone, but not of replaced files */
    GHashTable *users;   /* key of the file → GPtrArray of FctVolumeUser* */
    GHashTable *uploads; /* volume's id → json_t*, its upload document */
    GPtrArray *unclear;  /* FctVolume*, of @volumes: they claim to stand on something that cannot be followed */
    GError *silent;      /* why the volumes of some pool are missing; NULL */
    FctFileProbe *probe;
    GPtrArray *remote; /* as fct_file_probe_remote gives it */
    GHashTable *keys;  /* path → what fct_file_key made of it */
} FctVolumeSurvey;
/* FCT_ERROR_UNSUPPORTED without libvirt, FCT_ERROR_LIBVIRT_DOWN until libvirt has listed all VMs. */
FctVolumeSurvey *fct_volume_survey_new(FctApp *app, GError **error);
FctVolumeSurvey *fct_volume_places_new(FctApp *app, GError **error); /* pools alone, to compare paths by */
void fct_volume_survey_free(FctVolumeSurvey *survey);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVolumeSurvey, fct_volume_survey_free)
const FctPool *fct_volume_survey_pool(const FctVolumeSurvey *survey, const char *name, GError **error);
/* @id: "<pool>:<name>". FCT_ERROR_NOT_FOUND. */
const FctVolume *fct_volume_survey_find(const FctVolumeSurvey *survey, const char *id, GError **error);
const GPtrArray *fct_volume_survey_users(const FctVolumeSurvey *survey, const char *path); /* NULL: none */
/* Whether both paths lead to one file or device, however they are spelled. "" leads to none. */
gboolean fct_volume_survey_same(const FctVolumeSurvey *survey, const char *path, const char *other);
/* Whether libvirt reports the file at @path among the VM's; of a VM that is not seen that cannot be excluded. */
gboolean fct_volume_survey_has(const FctVolumeSurvey *survey, const FctVmInfo *info, const char *path);
/* FALSE with FCT_ERROR_NOT_FOUND when it is no id. Free both. */
gboolean fct_volume_split(const char *id, char **ret_pool, char **ret_name, GError **error);
/* As the contract has them: [{"vm","name","how"}]. @users NULL: none. New reference. */
json_t *fct_volume_users_json(const GPtrArray *users);
/* FCT_ERROR_IN_USE when a volume of its pool may stand on the file at @path, as far as that can be read. */
gboolean fct_volume_survey_clear(const FctVolumeSurvey *survey, const char *path, GError **error);
/* FCT_ERROR_IN_USE, with the users in "reasons" and "used_by", if anybody refers to it or the host uses it. */
gboolean fct_volume_unused(FctApp *app, const FctVolumeSurvey *survey, const FctVolume *volume, GError **error);

/* ---- volume_view.c ---- */
json_t *fct_volumes_list(FctApp *app, const char *pool, GError **error); /* @pool NULL: of all */
json_t *fct_volumes_get(FctApp *app, const char *id, GError **error);
/* FCT_ERROR_CONFLICT while a volume is no disk: it is being uploaded, made or changed, or is half made. */
gboolean fct_volume_ready(FctApp *app, const char *pool, const char *name, GError **error);
/* Of a volume that is not ready: it is complete, but a task copies or changes it. */
gboolean fct_volume_at_work(FctApp *app, const char *pool, const char *name);

/* ---- volume_medium.c ---- */
/*
 * FCT_ERROR_FORBIDDEN when the volume is the first-boot medium of a VM, whose secrets are for its guest alone. Ask
 * before the content of a volume is shown to anybody else (download, copy, another VM).
 */
gboolean fct_volume_no_medium(FctApp *app, const char *pool, const char *name, GError **error);
/* The volume was deleted: another volume of this name is no medium. */
void fct_volume_medium_gone(FctApp *app, const char *pool, const char *name);
/* The VM (id) that had the medium is not managed any more: the volume stays a medium, which nobody may read. */
void fct_volume_note_medium(const FctVmDisk *disk, const char *vm, FctWrites *writes);

/* ---- volume_guard.c: before a file goes, or gets another content ---- */
/* An FctFilesUsers: VMs that have the file of the library in a drive, and volumes that stand on it. */
gboolean fct_volume_file_users(FctApp *app, const char *path, json_t *reasons, GError **error);
/*
 * FCT_ERROR_IN_USE when any of @paths (char *) is used by anybody but the VM @vm (id; "": nobody is excepted): by
 * another VM, a snapshot of one, or a volume that stands on it; when the VM's present run has it open; or while it is
 * being copied. Fails also when a pool does not answer, since its volumes may stand on any of them.
 */
gboolean fct_volume_spare(FctApp *app, const char *vm, const GPtrArray *paths, GError **error);
/* FCT_ERROR_IN_USE when @path is used by anybody but the VM @vm, or is being copied; the VM's run may have it open. */
gboolean fct_volume_alone(FctApp *app, const char *vm, const char *path, GError **error);
/* Like fct_volume_spare, for one path; "" is spare. */
gboolean fct_volume_spare_one(FctApp *app, const char *vm, const char *path, GError **error);

/* ---- volume_task.c ---- */
/* @input: VolumeInput. Returns a running task, or, for an upload, the volume that waits for its bytes. */
gboolean fct_volumes_create(FctApp *app, const char *user, const json_t *input, json_t **ret_task, json_t **ret_volume,
                            GError **error);
json_t *fct_volumes_grow(FctApp *app, const char *id, gint64 size_gib, GError **error);
gboolean fct_volumes_delete(FctApp *app, const char *id, GError **error);
/* Ends the tasks "volume.…" that were running when facetd ended. For fct_tasks_on_recover. */
void fct_volumes_recover(FctTask *task, gpointer app);

/* ---- volume_upload.c ---- */
/*
 * Makes the volume for an upload, and notes how many bytes will come ("upload/<id>") and their SHA-256 ("": unknown).
 */
json_t *fct_volume_upload_begin(FctApp *app, const FctVolumeSurvey *survey, const char *pool, const char *name,
                                const char *format, gint64 size_bytes, const char *sha256, GError **error);
/* Drops what is kept of an upload whose volume is gone, or is made anew. */
gboolean fct_volume_upload_forget(FctApp *app, const char *id, GError **error);
typedef struct FctVolumeUpload FctVolumeUpload;
FctVolumeUpload *fct_volume_upload_open(FctApp *app, const char *id, const char *range, gint64 body_length,
                                        GError **error);
gboolean fct_volume_upload_write(FctVolumeUpload *upload, const guint8 *bytes, gsize length, GError **error);
/* Notes what has arrived; with the last byte the volume becomes ready. @ret: the volume as in the contract, or NULL. */
gboolean fct_volume_upload_end(FctVolumeUpload *upload, json_t **ret, GError **error);
void fct_volume_upload_free(FctVolumeUpload *upload);

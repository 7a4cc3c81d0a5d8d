/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inspects a volume that Facet has no record of, once: the result is recorded and holds from then on
 * (core/volume_rules).
 */
#include "app/storage/volume_record.h"

#include "app/storage/volume_bytes.h"
#include "app/storage/volume_content.h"
#include "app/storage/volume_safe.h"
#include "app/storage/volumes.h"
#include "base/scope.h"
#include "base/text.h"
#include "core/storage_rules.h"
#include "core/volume_rules.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECKED_COPY (G_GINT64_CONSTANT(1) << 30)

/* Reads head and tail of a file that is in no pool, if facetd may. */
static gboolean image_read_head(const char *path, FctVolumeBytes *content, GError **error)
{
    struct stat st;
    fct_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    gboolean ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    ssize_t head = ok ? pread(fd, content->head, sizeof content->head, 0) : -1;
    gsize length = ok ? (gsize)MIN((gint64)st.st_size, (gint64)sizeof content->tail) : 0;
    ssize_t tail = ok ? pread(fd, content->tail, length, st.st_size - (off_t)length) : -1;
    if (head >= 0 && tail >= 0) {
        content->bytes =
            (FctDiskBytes){content->head, (gsize)head, tail ? content->tail : NULL, (gsize)tail, (gint64)st.st_size};
        return TRUE;
    }
    return fct_set_error_full(error, FCT_ERROR_REFUSED, "Make a storage pool of its folder first.", NULL,
                              "Facet cannot read %s to see whether it is a whole disk.", path);
}

/* Finds the record of the same file under another pool that leads to the same folder. */
static const FctVolumeRecord *find_alias(const FctVolumeSurvey *survey, const char *path)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, survey->records);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const FctVolumeRecord *record = value;
        if (fct_volume_survey_same(survey, record->path, path))
            return record;
    }
    return NULL;
}

static gboolean format_agrees(const FctVolumeRecord *record, const char *asked, GError **error)
{
    if (!asked || strcmp(asked, record->format) == 0)
        return TRUE;
    return fct_set_error_full(
        error, FCT_ERROR_BAD_REQUEST, "Leave the format out.", json_pack("{s:s}", "field", "format"),
        "Volume %s is %s: that was decided when it was made or first used.", record->name, record->format);
}

/* Copies such a record for the volume at @pool and @name. */
static FctVolumeRecord *record_like(const FctVolumeRecord *alias, const char *pool, const char *name)
{
    FctVolumeRecord *record = fct_volume_record_copy(alias);
    fct_text_set(&record->pool, pool);
    fct_text_set(&record->name, name);
    record->revision = FCT_REV_NONE;
    return record;
}

/*
 * Checks a qcow2's tables before a guest writes by them: a file that was copied only in half has a good head, too. A
 * file that facetd may not read is copied for that; a large one is not checked, since nobody waits so long.
 */
static gboolean volume_is_sound(FctApp *app, const FctVolume *volume, GError **error)
{
    if (access(volume->path, R_OK) == 0 || volume->physical <= CHECKED_COPY)
        return fct_volume_sound(app, volume, volume->physical, error);
    g_message("Volume %s of pool %s is taken unchecked: facetd may not read it.", volume->name, volume->pool);
    return TRUE;
}

static gboolean refuse_ploop(const FctVolume *volume, GError **error)
{
    return fct_set_error_full(
        error, FCT_ERROR_REFUSED,
        "Convert it with “qemu-img convert -f parallels -O qcow2” on the host, and use the new file.",
        json_pack("{s:s}", "field", "format"), "Volume %s is %s, which libvirt does not read here.", volume->name,
        fct_disk_kind_text(FCT_DISK_PARALLELS));
}

static FctVolumeRecord *volume_judge(FctApp *app, const FctVolume *volume, const char *asked, gboolean copy,
                                     GError **error)
{
    g_autofree FctVolumeBytes *content = g_new(FctVolumeBytes, 1);
    if ((volume->linked && !fct_volume_refuse_opening(volume, FCT_VOLUME_LINKED, error)) ||
        (volume->ploop && !refuse_ploop(volume, error)) || !fct_volume_bytes_read(app->vmm, volume, content, error))
        return NULL;
    const FctVolumeCase this = {volume->name, asked, &content->bytes, copy ? FCT_VOLUME_COPY : FCT_VOLUME_ATTACH};
    const char *format = fct_volume_judge(&this, error);
    if (!format || (strcmp(format, "qcow2") == 0 && !volume_is_sound(app, volume, error)))
        return NULL;
    FctVolumeRecord *record = fct_volume_record_new(volume->pool, volume->name, format);
    record->state = FCT_RECORD_READY;
    return record;
}

FctVolumeRecord *fct_volume_inspect(FctApp *app, const FctVolume *volume, const char *asked, gboolean copy,
                                    GError **error)
{
    g_autoptr(FctVolumeSurvey) survey =
        fct_volume_inside(volume, error) && fct_volume_host_free(app, volume->name, volume->path, error)
            ? fct_volume_survey_new(app, error)
            : NULL;
    if (!survey)
        return NULL;
    g_autofree char *id = fct_volume_id(volume->pool, volume->name);
    const FctVolumeRecord *own = g_hash_table_lookup(survey->records, id);
    if (!own && !fct_record_end_replaced(app, volume, error))
        return NULL;
    gboolean stale = own && *own->path && strcmp(own->path, volume->path) != 0;
    const FctVolumeRecord *known = own && !stale ? own : find_alias(survey, volume->path);
    if (known && (!format_agrees(known, asked, error) || !fct_record_whole(app, known->pool, known->name, error)))
        return NULL;
    FctVolumeRecord *record = known == own && known ? fct_volume_record_copy(known)
                              : known               ? record_like(known, volume->pool, volume->name)
                                                    : volume_judge(app, volume, asked, copy, error);
    if (record && stale)
        record->revision = own->revision;
    if (record && (!known || known != own)) {
        fct_text_set(&record->path, volume->path);
        fct_text_set(&record->inode, volume->inode);
    }
    return record;
}

gboolean fct_volume_take(FctApp *app, FctVolume *volume, const char *asked, GError **error)
{
    FctStore *store = app->store;
    g_autoptr(FctVolumeRecord) record = fct_volume_inspect(app, volume, asked, FALSE, error);
    if (!record)
        return FALSE;
    g_autofree char *id = fct_volume_record_id(record), *key = g_strconcat("volume/", id, NULL);
    g_autoptr(json_t) value = fct_volume_record_to_json(record);
    const FctWrite write = {key, value, record->revision};
    if (!store->ops->commit(store, &write, 1, NULL, error))
        return FALSE;
    g_autoptr(GHashTable) records = fct_records_load(app, error);
    if (records)
        fct_record_apply(records, volume);
    return records != NULL;
}

/* Records @disk as its definition says. A qcow2 must be whole by itself, since nobody has told us what it stands on. */
static gboolean judge_disk(FctApp *app, const FctVmDisk *disk, gboolean active, GError **error)
{
    gint64 bytes;
    g_autofree FctVolumeBytes *content = g_new(FctVolumeBytes, 1);
    const char *name = *disk->pool ? disk->volume : disk->path;
    g_autoptr(FctVolume) volume = *disk->pool ? app->vmm->ops->volume(app->vmm, disk->pool, disk->volume, error) : NULL;
    if (*disk->pool ? !volume || !fct_volume_bytes_read(app->vmm, volume, content, error)
                    : !image_read_head(disk->path, content, error))
        return FALSE;
    const FctVolumeCase this = {name, disk->format, &content->bytes, FCT_VOLUME_ATTACH};
    if (!fct_volume_judge(&this, error))
        return FALSE;
    if (active || strcmp(disk->format, "qcow2") != 0) /* QEMU has the file open and changes it */
        return TRUE;
    return volume ? volume_is_sound(app, volume, error)
                  : app->vmm->ops->disk_check(app->vmm, disk->path, disk->format, &bytes, error);
}

static gboolean same_layers(const GPtrArray *a, const GPtrArray *b)
{
    guint length = a ? a->len : 0;
    gboolean same = length == (b ? b->len : 0);
    for (guint i = 0; same && i < length; i++) {
        const FctLayer *x = a->pdata[i], *y = b->pdata[i];
        same = strcmp(x->path, y->path) == 0 && strcmp(x->format, y->format) == 0;
    }
    return same;
}

/*
 * What the definition of @disk names as its backing file, if anything, must agree with Facet's record, from which
 * definitions are made from then on. @record NULL: the disk is new to Facet, and may stand on nothing.
 */
static gboolean same_chain(FctApp *app, const FctVolumeRecord *record, const FctVmDisk *disk, GError **error)
{
    g_autoptr(FctVmDisk) ours = fct_vm_disk_new();
    if (!disk->below)
        return TRUE;
    if (record) {
        fct_text_set(&ours->pool, record->pool);
        fct_text_set(*record->pool ? &ours->volume : &ours->path, record->name);
        if (!fct_record_judge_disk(app, ours, error))
            return FALSE;
    }
    if (same_layers(ours->below, disk->below))
        return TRUE;
    return fct_set_error_full(error, FCT_ERROR_REFUSED, FCT_FLATTEN, NULL,
                              "The definition says that disk %s stands on %s, which Facet knows nothing of.",
                              disk->target,
                              disk->below->len ? ((const FctLayer *)disk->below->pdata[0])->path : "nothing");
}

/* As far as facetd can see the disk's file. */
static gboolean is_unlinked(const char *path, GError **error)
{
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink == 1)
        return TRUE;
    return fct_set_error_full(error, FCT_ERROR_REFUSED, "Give the VM a copy of the file, made with “cp”.",
                              json_pack("{s:[s]}", "reasons", FCT_VOLUME_LINKED), "Disk %s is not taken. %s", path,
                              FCT_VOLUME_LINKED);
}

/* A record of ours counts only while the file is the one for which it was made. */
static const FctVolumeRecord *record_of(const FctVolumeSurvey *survey, const char *id, const char *path)
{
    const FctVolumeRecord *own = g_hash_table_lookup(survey->records, id);
    const FctVolumeRecord *known = own ? own : find_alias(survey, path);
    g_autofree char *its = known ? fct_volume_record_id(known) : NULL;
    const FctVolume *there = its && *known->pool ? fct_volume_survey_find(survey, its, NULL) : NULL;
    return there && fct_record_is_replaced(known, there) ? NULL : known;
}

/*
 * A record that a VM names may by now be of another file of that name (fct_records_prune): so if the file stands on
 * another, that is noticed.
 */
static gboolean must_judge(const FctVolumeRecord *known, const FctVmDisk *disk, gboolean active)
{
    return strcmp(disk->format, "raw") != 0 && (!known || (!active && !*known->backing && !disk->cdrom));
}

gboolean fct_volume_adopt(FctApp *app, const FctVmDisk *disk, gboolean active, FctWrites *writes, GError **error)
{
    const char *name = *disk->pool ? disk->volume : disk->path;
    if (!*name)
        return TRUE; /* no medium */
    g_autoptr(FctVolumeSurvey) survey = fct_volume_survey_new(app, error);
    g_autofree char *id = fct_volume_id(disk->pool, name);
    const FctVolume *volume = survey && *disk->pool ? fct_volume_survey_find(survey, id, NULL) : NULL;
    const FctVolumeRecord *known = survey ? record_of(survey, id, disk->path) : NULL;
    if (!survey || (volume && !fct_volume_inside(volume, error)) ||
        (!active && !disk->read_only && !fct_volume_host_free(app, name, disk->path, error)) ||
        (known && !format_agrees(known, disk->format, error)) || !same_chain(app, known, disk, error) ||
        (!known && !is_unlinked(disk->path, error)) ||
        (must_judge(known, disk, active) && !judge_disk(app, disk, active, error)))
        return FALSE;
    const FctVolumeRecord *own = g_hash_table_lookup(survey->records, id);
    if (own && own == known)
        return TRUE;
    g_autoptr(FctVolumeRecord) record =
        known ? record_like(known, disk->pool, name) : fct_volume_record_new(disk->pool, name, disk->format);
    fct_text_set(&record->path, disk->path);
    fct_text_set(&record->inode, volume ? volume->inode : "");
    record->seed |= disk->seed;
    record->state = FCT_RECORD_READY;
    fct_writes_add(writes, g_strconcat("volume/", id, NULL), fct_volume_record_to_json(record),
                   own ? own->revision : FCT_REV_NONE);
    return TRUE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who refers to which volume, worked out from the documents of VMs and snapshots, from the domains, and from the
 * volumes.
 */
#include "app/domains/domains.h"
#include "app/domains/vm_docs.h"
#include "app/library/file_probe.h"
#include "app/storage/storage.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "base/text.h"
#include "core/backing_name.h"
#include "core/storage_rules.h"

#include <string.h>

/* ---- names ---- */

/*
 * The name of a pool may contain a colon (“nas:backup”). An id ends the pool at its first colon, so a colon in the name
 * is written %3A.
 */
gboolean fct_volume_split(const char *id, char **ret_pool, char **ret_name, GError **error)
{
    const char *colon = strchr(id, ':');
    char *pool = colon ? g_uri_unescape_segment(id, colon, NULL) : NULL;
    if (!pool || !*pool || !colon[1] || strchr(colon, '/')) {
        g_free(pool);
        return fct_set_error_full(error, FCT_ERROR_NOT_FOUND, "A volume is named pool:name.", NULL,
                                  "There is no volume “%s”.", id);
    }
    *ret_pool = pool;
    *ret_name = g_strdup(colon + 1);
    return TRUE;
}

/* ---- who refers to it ---- */

static void volume_user_free(gpointer data)
{
    FctVolumeUser *user = data;
    g_free(user->vm);
    g_free(user->name);
    g_free(user);
}

/* Files that cannot be looked at here get the path of their pool's folder without links. */
static char *survey_real_path(const FctVolumeSurvey *survey, const char *path)
{
    for (guint i = 0; i < survey->pools->len; i++) {
        const FctPool *pool = g_ptr_array_index(survey->pools, i);
        gsize length = strlen(pool->path);
        if (*pool->real && strncmp(path, pool->path, length) == 0 && path[length] == '/')
            return g_strconcat(pool->real, path + length, NULL);
    }
    return g_strdup(path);
}

static const char *survey_key(const FctVolumeSurvey *survey, const char *path)
{
    const char *known = g_hash_table_lookup(survey->keys, path);
    if (known)
        return known;
    g_autofree char *real = survey_real_path(survey, path);
    char *key = fct_file_key(survey->probe, survey->remote, real);
    if (*key == '/') /* it could not be looked at; its spelling may have led out of the pool's folder and back */
        fct_text_take(&key, survey_real_path(survey, key));
    g_hash_table_insert(survey->keys, g_strdup(path), key);
    return key;
}

gboolean fct_volume_survey_same(const FctVolumeSurvey *survey, const char *path, const char *other)
{
    return *path && *other && strcmp(survey_key(survey, path), survey_key(survey, other)) == 0;
}

gboolean fct_volume_survey_has(const FctVolumeSurvey *survey, const FctVmInfo *info, const char *path)
{
    size_t i;
    json_t *disk;
    json_array_foreach (info->disks, i, disk)
        if (fct_volume_survey_same(survey, json_string_value(disk), path))
            return TRUE;
    return FALSE;
}

static void add_user(FctVolumeSurvey *survey, const char *path, const char *vm, const char *name, const char *how)
{
    if (!*path)
        return;
    const char *file = survey_key(survey, path);
    GPtrArray *list = g_hash_table_lookup(survey->users, file);
    if (!list) {
        list = g_ptr_array_new_with_free_func(volume_user_free);
        g_hash_table_insert(survey->users, g_strdup(file), list);
    }
    for (guint i = 0; i < list->len; i++) {
        const FctVolumeUser *user = g_ptr_array_index(list, i);
        if (strcmp(user->vm, vm) == 0 && strcmp(user->name, name) == 0)
            return;
    }
    FctVolumeUser *user = g_new(FctVolumeUser, 1);
    *user = (FctVolumeUser){g_strdup(vm), g_strdup(name), how};
    g_ptr_array_add(list, user);
}

/* Adds every path that the document names anywhere. @how NULL: as a drive. */
static void add_document(FctVolumeSurvey *survey, const json_t *json, const char *vm, const char *name, const char *how)
{
    const char *key, *text;
    json_t *value;
    size_t i;
    if (json_is_array(json))
        json_array_foreach ((json_t *)json, i, value)
            add_document(survey, value, vm, name, how);
    json_object_foreach ((json_t *)json, key, value) {
        text = json_string_value(value);
        if (text && *text == '/')
            add_user(survey, text, vm, name, how ? how : fct_json_bool(json, "cdrom", FALSE) ? "cdrom" : "disk");
        else
            add_document(survey, value, vm, name, how);
    }
}

static gboolean survey_add_documents(FctApp *app, FctVolumeSurvey *survey, const char *prefix, const char *how,
                                     GError **error)
{
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, prefix, error);
    for (guint i = 0; docs && i < docs->len; i++) {
        const FctDoc *doc = g_ptr_array_index(docs, i);
        g_auto(GStrv) parts = g_strsplit(doc->key, "/", 3);
        add_document(survey, doc->value, parts[1], fct_json_str(doc->value, "name", parts[1]), how);
    }
    return docs != NULL;
}

static void survey_add_domains(FctApp *app, FctVolumeSurvey *survey)
{
    g_autoptr(GPtrArray) infos = fct_domains_infos(app->domains);
    for (guint i = 0; i < infos->len; i++) {
        const FctVmInfo *info = g_ptr_array_index(infos, i);
        size_t k;
        json_t *disk;
        json_array_foreach (info->disks, k, disk)
            add_user(survey, json_string_value(disk), info->id, info->name, "disk");
        if (info->unseen && !info->ours && !survey->silent) /* ours have a document */
            fct_domain_unseen(info, &survey->silent);
    }
}

/* ---- the reading ---- */

void fct_volume_survey_free(FctVolumeSurvey *survey)
{
    if (!survey)
        return;
    g_clear_pointer(&survey->pools, g_ptr_array_unref);
    g_clear_pointer(&survey->volumes, g_ptr_array_unref);
    g_clear_pointer(&survey->users, g_hash_table_unref);
    g_clear_pointer(&survey->uploads, g_hash_table_unref);
    g_clear_pointer(&survey->records, g_hash_table_unref);
    g_clear_pointer(&survey->unclear, g_ptr_array_unref);
    g_clear_pointer(&survey->remote, g_ptr_array_unref);
    g_clear_pointer(&survey->keys, g_hash_table_unref);
    g_clear_error(&survey->silent);
    g_free(survey);
}

/* Whether a VM, a snapshot or the record of another volume needs it; claims in a volume's bytes do not count. */
static gboolean is_needed(const FctVolumeSurvey *survey, const char *id, const char *path)
{
    GHashTableIter iter;
    gpointer record;
    const GPtrArray *users = fct_volume_survey_users(survey, path);
    for (guint i = 0; users && i < users->len; i++)
        if (strcmp(((FctVolumeUser *)users->pdata[i])->how, "backing") != 0)
            return TRUE;
    g_hash_table_iter_init(&iter, survey->records);
    while (g_hash_table_iter_next(&iter, NULL, &record))
        if (strcmp(((FctVolumeRecord *)record)->backing, id) == 0)
            return TRUE;
    return FALSE;
}

/*
 * A record of a replaced file says nothing about the new file. But what a VM, a snapshot or another volume names is
 * found by its path all the same: a disk that was restored from a backup is another file, too.
 */
static void pass_by_replaced(FctVolumeSurvey *survey, const char *id, const FctVolume *volume)
{
    const FctVolumeRecord *record = g_hash_table_lookup(survey->records, id);
    if (record && fct_record_is_replaced(record, volume) && !is_needed(survey, id, volume->path))
        g_hash_table_remove(survey->records, id);
}

/* The name may be a link that leads into the pool on a way that we cannot see. */
static gboolean can_be_followed(const FctVolumeSurvey *survey, const char *path)
{
    for (guint i = 0; i < survey->pools->len; i++) {
        const FctPool *pool = g_ptr_array_index(survey->pools, i);
        if (*pool->path && fct_path_overlaps(pool->path, path))
            return TRUE;
    }
    return fct_file_probe(survey->probe, survey->remote, path, FALSE).there != FCT_SEEN_UNKNOWN;
}

/*
 * A claim in the bytes of another program's volume can only keep files from being deleted: the one that it names, or
 * all of its pool.
 */
static void add_claim(FctVolumeSurvey *survey, FctVolume *volume, const char *id)
{
    g_autofree char *folder = g_path_get_dirname(volume->path);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    gboolean clear = !*volume->claim || fct_backing_files(volume->claim, folder, paths);
    for (guint i = 0; i < paths->len; i++) {
        add_user(survey, paths->pdata[i], "", id, "backing");
        clear = clear && can_be_followed(survey, paths->pdata[i]);
    }
    if (!clear)
        g_ptr_array_add(survey->unclear, volume);
}

static void survey_add_volumes(FctApp *app, FctVolumeSurvey *survey, const FctPool *pool)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(GPtrArray) volumes = pool->active ? app->vmm->ops->volumes(app->vmm, pool->name, &fault) : NULL;
    if (fault && fault->code != FCT_ERROR_NOT_FOUND && !survey->silent)
        survey->silent = g_steal_pointer(&fault);
    for (guint i = 0; volumes && i < volumes->len; i++) {
        FctVolume *volume = g_ptr_array_index(volumes, i);
        g_autofree char *id = fct_volume_id(volume->pool, volume->name);
        pass_by_replaced(survey, id, volume);
        if (volume->linked && !g_hash_table_contains(survey->records, id) && !is_needed(survey, id, volume->path))
            fct_text_set(&volume->outside, FCT_VOLUME_LINKED);
        fct_record_apply(survey->records, volume);
        if (*volume->format)
            add_user(survey, volume->backing, "", id, "backing");
        else
            add_claim(survey, volume, id);
        g_ptr_array_add(survey->volumes, volume);
    }
    if (volumes)
        g_ptr_array_set_free_func(volumes, NULL);
}

static gboolean add_uploads(FctApp *app, FctVolumeSurvey *survey, GError **error)
{
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, "upload/", error);
    for (guint i = 0; docs && i < docs->len; i++) {
        const FctDoc *doc = g_ptr_array_index(docs, i);
        g_hash_table_insert(survey->uploads, g_strdup(doc->key + strlen("upload/")), json_incref(doc->value));
    }
    return docs != NULL;
}

FctVolumeSurvey *fct_volume_places_new(FctApp *app, GError **error)
{
    g_autoptr(FctVolumeSurvey) places = g_new0(FctVolumeSurvey, 1);
    if (!app->vmm) {
        fct_set_error(error, FCT_ERROR_UNSUPPORTED, "This node runs without libvirt.");
        return NULL;
    }
    places->probe = app->probe;
    places->remote = fct_file_probe_remote();
    places->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    places->pools = app->vmm->ops->pools(app->vmm, error);
    return places->pools ? g_steal_pointer(&places) : NULL;
}

FctVolumeSurvey *fct_volume_survey_new(FctApp *app, GError **error)
{
    g_autoptr(FctVolumeSurvey) survey = fct_volume_places_new(app, error);
    if (!survey)
        return NULL;
    survey->unclear = g_ptr_array_new();
    survey->volumes = g_ptr_array_new_with_free_func((GDestroyNotify)fct_volume_free);
    survey->users = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    survey->uploads = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_decref);
    survey->records = fct_records_load(app, error);
    if (!survey->records || !survey_add_documents(app, survey, "vm/", NULL, error) ||
        !survey_add_documents(app, survey, "snapshot/", "snapshot", error) || !add_uploads(app, survey, error))
        return NULL;
    if (!fct_domains_is_up(app->domains)) {
        fct_set_error(error, FCT_ERROR_LIBVIRT_DOWN, "libvirt has not told of its VMs yet.");
        return NULL;
    }
    survey_add_domains(app, survey);
    for (guint i = 0; i < survey->pools->len; i++)
        survey_add_volumes(app, survey, survey->pools->pdata[i]);
    return g_steal_pointer(&survey);
}

const FctPool *fct_volume_survey_pool(const FctVolumeSurvey *survey, const char *name, GError **error)
{
    for (guint i = 0; i < survey->pools->len; i++)
        if (strcmp(((FctPool *)survey->pools->pdata[i])->name, name) == 0)
            return survey->pools->pdata[i];
    fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no storage pool “%s”.", name);
    return NULL;
}

const FctVolume *fct_volume_survey_find(const FctVolumeSurvey *survey, const char *id, GError **error)
{
    g_autofree char *pool = NULL, *name = NULL;
    if (!fct_volume_split(id, &pool, &name, error))
        return NULL;
    for (guint i = 0; i < survey->volumes->len; i++) {
        const FctVolume *volume = g_ptr_array_index(survey->volumes, i);
        if (strcmp(volume->pool, pool) == 0 && strcmp(volume->name, name) == 0)
            return volume;
    }
    if (survey->silent)
        g_propagate_error(error, g_error_copy(survey->silent));
    else
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no volume %s in pool %s.", name, pool);
    return NULL;
}

const GPtrArray *fct_volume_survey_users(const FctVolumeSurvey *survey, const char *path)
{
    return g_hash_table_lookup(survey->users, survey_key(survey, path));
}

static gpointer copy_user(gconstpointer src, gpointer unused)
{
    const FctVolumeUser *user = src;
    FctVolumeUser *copy = g_new(FctVolumeUser, 1);
    *copy = (FctVolumeUser){g_strdup(user->vm), g_strdup(user->name), user->how};
    return copy;
}

GPtrArray *fct_volume_users(FctApp *app, const char *path, GError **error)
{
    g_autoptr(FctVolumeSurvey) survey = fct_volume_survey_new(app, error);
    if (!survey)
        return NULL;
    if (survey->silent) { /* a volume of a pool that does not answer may stand on it */
        g_propagate_error(error, g_error_copy(survey->silent));
        return NULL;
    }
    const GPtrArray *users = fct_volume_survey_users(survey, path);
    GPtrArray *copy = g_ptr_array_new_with_free_func(volume_user_free);
    for (guint i = 0; users && i < users->len; i++)
        g_ptr_array_add(copy, copy_user(users->pdata[i], NULL));
    return copy;
}

/* ---- views ---- */

json_t *fct_volume_users_json(const GPtrArray *users)
{
    json_t *list = json_array();
    for (guint i = 0; users && i < users->len; i++) {
        const FctVolumeUser *user = g_ptr_array_index(users, i);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "vm", user->vm, "name", user->name, "how", user->how));
    }
    return list;
}

/* ---- whether ---- */

static char *user_reason(const FctVolumeUser *user)
{
    if (strcmp(user->how, "backing") == 0)
        return g_strdup_printf("Volume %s stands on it.", strchr(user->name, ':') + 1);
    if (strcmp(user->how, "snapshot") == 0)
        return g_strdup_printf("Snapshot %s needs it.", user->name);
    return g_strdup_printf("VM %s has it as a %s.", user->name, strcmp(user->how, "cdrom") == 0 ? "CD" : "disk");
}

/* The file at @path is another volume of the pool in which @other lies. */
static gboolean shares_pool(const FctVolumeSurvey *survey, const char *path, const FctVolume *other)
{
    for (guint i = 0; i < survey->volumes->len; i++) {
        const FctVolume *volume = g_ptr_array_index(survey->volumes, i);
        if (strcmp(volume->pool, other->pool) == 0 && fct_volume_survey_same(survey, volume->path, path))
            return !fct_volume_survey_same(survey, other->path, path);
    }
    return FALSE;
}

gboolean fct_volume_survey_clear(const FctVolumeSurvey *survey, const char *path, GError **error)
{
    for (guint i = 0; i < survey->unclear->len; i++) {
        const FctVolume *other = g_ptr_array_index(survey->unclear, i);
        g_autofree char *file = g_path_get_basename(path);
        if (!shares_pool(survey, path, other))
            continue;
        return fct_set_error_full(
            error, FCT_ERROR_IN_USE, "Delete that volume first, or name what it stands on by its path.",
            json_pack("{s:[s]}", "reasons", other->name),
            "%s must stay as it is: volume %s stands on “%s”, which may be it.", file, other->name, other->claim);
    }
    return TRUE;
}

gboolean fct_volume_unused(FctApp *app, const FctVolumeSurvey *survey, const FctVolume *volume, GError **error)
{
    const GPtrArray *users = fct_volume_survey_users(survey, volume->path);
    if (survey->silent) {
        g_propagate_error(error, g_error_copy(survey->silent));
        return FALSE;
    }
    if (!users || !users->len)
        return fct_volume_survey_clear(survey, volume->path, error) &&
               fct_volume_host_free(app, volume->name, volume->path, error);
    json_t *reasons = json_array();
    for (guint i = 0; i < users->len; i++) {
        g_autofree char *text = user_reason(users->pdata[i]);
        json_array_append_new(reasons, json_string(text));
    }
    return fct_set_error_full(error, FCT_ERROR_IN_USE, "Take it out of these first.",
                              json_pack("{s:o, s:o}", "reasons", reasons, "used_by", fct_volume_users_json(users)),
                              "Volume %s is in use.", volume->name);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "app/library/files.h"

#include "app/domains/snapshot_users.h"
#include "app/library/images.h"
#include "base/scope.h"
#include "core/file_rules.h"
#include "core/upload_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PART ".upload-"
#define NOTE ".size"
#define SUM ".sum-"

struct FctFiles {
    FctApp *app;
    GMutex lock;
    GHashTable *claimed; /* set of ids of files that somebody writes, makes or deletes */
    FctSums *sums;
    FctFilesUsers users; /* NULL: no file can be in use */
};

void fct_files_on_delete(FctFiles *files, FctFilesUsers users)
{
    files->users = users;
}

FctFiles *fct_files_new(FctApp *app)
{
    FctFiles *files = g_new0(FctFiles, 1);
    files->app = app;
    g_mutex_init(&files->lock);
    files->claimed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    files->sums = fct_sums_new();
    return files;
}

void fct_files_free(FctFiles *files)
{
    if (!files)
        return;
    g_hash_table_unref(files->claimed);
    fct_sums_free(files->sums);
    g_mutex_clear(&files->lock);
    g_free(files);
}

FctApp *fct_files_app(FctFiles *files)
{
    return files->app;
}

gboolean fct_files_claim(FctFiles *files, const char *id, GError **error)
{
    g_mutex_lock(&files->lock);
    gboolean free_now = g_hash_table_add(files->claimed, g_strdup(id));
    g_mutex_unlock(&files->lock);
    if (!free_now)
        fct_set_error_full(error, FCT_ERROR_IN_USE, "Wait until the other request has ended.", NULL,
                           "Somebody is sending or changing %s.", id);
    return free_now;
}

void fct_files_release(FctFiles *files, const char *id)
{
    fct_autolock(&files->lock);
    g_hash_table_remove(files->claimed, id);
}

/* ---- checksums ---- */

FctSums *fct_files_sums(FctFiles *files)
{
    return files->sums;
}

static char *sum_path(FctFiles *files, const char *id)
{
    return g_strconcat(files->app->config.images_dir, "/" SUM, id, NULL);
}

static gint64 mtime_ns(const struct stat *st)
{
    return (gint64)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

gboolean fct_files_sum_write(FctFiles *files, const char *id, int fd, const char *sha256, GError **error)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return fct_set_error_errno(error, "Could not read", id);
    g_autofree char *path = sum_path(files, id);
    g_autoptr(json_t) json = json_pack("{s:s, s:I, s:I}", "sha256", sha256, "size_bytes", (json_int_t)st.st_size,
                                       "changed_ns", (json_int_t)mtime_ns(&st));
    g_autofree char *text = fct_json_text(json);
    return g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644,
                                    error);
}

char *fct_files_sha256(FctFiles *files, const char *id)
{
    g_autofree char *path = sum_path(files, id), *file = fct_files_final_path(files, id), *text = NULL;
    gsize length;
    struct stat st;
    if (stat(file, &st) < 0 || !g_file_get_contents(path, &text, &length, NULL))
        return NULL;
    g_autoptr(json_t) json = fct_json_parse(text, length, NULL);
    if (!json || fct_json_int(json, "size_bytes", -1) != st.st_size ||
        fct_json_int(json, "changed_ns", -1) != mtime_ns(&st))
        return NULL;
    return g_strdup(fct_json_str(json, "sha256", NULL));
}

/* ---- names on disk ---- */

char *fct_files_upload_path(FctFiles *files, const char *id)
{
    return g_strconcat(files->app->config.images_dir, "/" PART, id, NULL);
}

char *fct_files_size_path(FctFiles *files, const char *id)
{
    return g_strconcat(files->app->config.images_dir, "/" PART, id, NOTE, NULL);
}

char *fct_files_final_path(FctFiles *files, const char *id)
{
    return g_build_filename(files->app->config.images_dir, id, NULL);
}

gboolean fct_files_may_describe(FctFiles *files, const char *id, GError **error)
{
    g_autofree char *base = g_strconcat(id, ".json", NULL), *path = fct_files_final_path(files, base), *text = NULL;
    struct stat st;
    gsize length;
    if (lstat(path, &st) < 0 && errno == ENOENT)
        return TRUE;
    g_autoptr(json_t) json =
        g_file_get_contents(path, &text, &length, NULL) ? fct_json_parse(text, length, NULL) : NULL;
    if (strcmp(fct_json_str(json, "file", ""), id) == 0)
        return TRUE; /* left by an upload of the same name */
    return fct_set_error_full(error, FCT_ERROR_EXISTS, "Choose another name, or delete that image first.",
                              json_pack("{s:s}", "field", "name"), "There is an image %s already.", id);
}

gboolean fct_files_sync_folder(FctFiles *files, GError **error)
{
    const char *folder = files->app->config.images_dir;
    fct_autoclose int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return (fd >= 0 && fsync(fd) == 0) || fct_set_error_errno(error, "Could not write", folder);
}

static gboolean has_folder(FctFiles *files, GError **error)
{
    const char *folder = files->app->config.images_dir;
    if (!*folder)
        return fct_set_error_full(error, FCT_ERROR_UNSUPPORTED, "Start facetd with --images DIR.", NULL,
                                  "This facetd has no folder for files.");
    return g_mkdir_with_parents(folder, 0755) == 0 || fct_set_error_errno(error, "Could not make", folder);
}

/* ---- what is there ---- */

gboolean fct_files_read_kind(const char *path, const char **ret_kind, GError **error)
{
    FctDiskHead head;
    struct stat st;
    fct_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return fct_set_error_errno(error, "Could not read", path);
    if (!fct_content_head(fd, st.st_size, st.st_size, &head, error) || !fct_upload_accept(&head, "", st.st_size, error))
        return FALSE;
    *ret_kind = fct_upload_format(&head);
    return TRUE;
}

/* @sha256: of the bytes that arrived, or that are to arrive. */
static json_t *file_json(const char *id, const char *format, const char *state, gint64 size, gint64 received,
                         const char *image, const char *sha256)
{
    return json_pack("{s:s, s:s, s:s?, s:s, s:I, s:I, s:s?, s:s?}", "id", id, "name", id, "format", format, "state",
                     state, "size_bytes", (json_int_t)size, "received_bytes", (json_int_t)received, "image", image,
                     "sha256", sha256);
}

/* "SIZE" or "SIZE SHA256" */
gboolean fct_files_upload_note(FctFiles *files, const char *id, gint64 *ret_size, char **ret_sha256, GError **error)
{
    g_autofree char *note = fct_files_size_path(files, id), *text = NULL;
    if (fct_file_name_check(id, NULL) && g_file_get_contents(note, &text, NULL, NULL)) {
        g_auto(GStrv) words = g_strsplit(text, " ", 2);
        if (words[0] && g_ascii_string_to_signed(words[0], 10, 1, G_MAXINT64, ret_size, NULL)) {
            if (ret_sha256)
                *ret_sha256 = g_strdup(words[1] ? words[1] : "");
            return TRUE;
        }
    }
    return fct_set_error(error, FCT_ERROR_NOT_FOUND, "No upload of a file %s was begun.", id);
}

void fct_files_upload_drop(FctFiles *files, const char *id)
{
    g_autofree char *part = fct_files_upload_path(files, id), *note = fct_files_size_path(files, id);
    unlink(part);
    unlink(note);
    fct_sums_drop(files->sums, id);
}

static json_t *upload_json(FctFiles *files, const char *id, GError **error)
{
    g_autofree char *part = fct_files_upload_path(files, id), *sha256 = NULL;
    struct stat st;
    gint64 size;
    if (!fct_files_upload_note(files, id, &size, &sha256, error))
        return NULL;
    return file_json(id, NULL, "uploading", size, stat(part, &st) == 0 ? st.st_size : 0, NULL, *sha256 ? sha256 : NULL);
}

/* TRUE for an image (it has a description) or an ISO (its bytes say so). Other files in the folder are not listed. */
static json_t *ready_json(FctFiles *files, const char *id, GPtrArray *images)
{
    g_autofree char *path = fct_files_final_path(files, id);
    const char *kind = NULL;
    struct stat st;
    if (!fct_file_name_check(id, NULL) || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return NULL;
    g_autofree char *sha256 = fct_files_sha256(files, id);
    for (guint i = 0; i < images->len; i++) {
        const FctImage *image = g_ptr_array_index(images, i);
        if (strcmp(image->path, path) == 0)
            return file_json(id, image->format, "ready", st.st_size, st.st_size, image->id, sha256);
    }
    if (!fct_files_read_kind(path, &kind, NULL) || strcmp(kind, "iso") != 0)
        return NULL;
    return file_json(id, kind, "ready", st.st_size, st.st_size, NULL, sha256);
}

json_t *fct_files_get(FctFiles *files, const char *id, GError **error)
{
    g_autoptr(GPtrArray) images = fct_images_list(files->app->config.images_dir);
    json_t *ready = ready_json(files, id, images);
    if (ready)
        return ready;
    json_t *upload = upload_json(files, id, NULL);
    if (!upload)
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no file %s.", id);
    return upload;
}

char *fct_files_path(FctFiles *files, const char *id, GError **error)
{
    g_autoptr(json_t) file = fct_files_get(files, id, error);
    if (!file)
        return NULL;
    if (strcmp(fct_json_str(file, "state", ""), "ready") == 0)
        return fct_files_final_path(files, id);
    fct_set_error(error, FCT_ERROR_CONFLICT, "%s is not all there yet.", id);
    return NULL;
}

static int file_by_name(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(fct_json_str(*(json_t *const *)a, "name", ""), fct_json_str(*(json_t *const *)b, "name", ""));
}

/* The files of the folder, by name; json_t*. */
static GPtrArray *files_read_folder(FctFiles *files)
{
    GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    g_autoptr(GPtrArray) images = fct_images_list(files->app->config.images_dir);
    g_autoptr(GDir) dir = g_dir_open(files->app->config.images_dir, 0, NULL);
    const char *base;
    while (dir && (base = g_dir_read_name(dir))) {
        g_autofree char *id = NULL;
        json_t *file;
        if (g_str_has_prefix(base, PART) && g_str_has_suffix(base, NOTE)) {
            id = g_strndup(base + strlen(PART), strlen(base) - strlen(PART NOTE));
            file = upload_json(files, id, NULL);
        } else {
            file = ready_json(files, base, images);
        }
        if (file)
            g_ptr_array_add(found, file);
    }
    g_ptr_array_sort(found, file_by_name);
    return found;
}

json_t *fct_files_list(FctFiles *files, GError **error)
{
    const char *folder = files->app->config.images_dir;
    struct statvfs fs;
    if (!has_folder(files, error))
        return NULL;
    if (statvfs(folder, &fs) < 0) {
        fct_set_error_errno(error, "Could not read", folder);
        return NULL;
    }
    g_autoptr(GPtrArray) found = files_read_folder(files);
    json_t *items = json_array();
    for (guint i = 0; i < found->len; i++)
        json_array_append(items, found->pdata[i]);
    return json_pack("{s:o, s:s, s:I, s:I}", "items", items, "folder", folder, "capacity_bytes",
                     (json_int_t)((guint64)fs.f_blocks * fs.f_frsize), "free_bytes",
                     (json_int_t)((guint64)fs.f_bavail * fs.f_frsize));
}

/* ---- begin ---- */

static gboolean files_check_space(FctFiles *files, gint64 size, GError **error)
{
    g_autoptr(json_t) list = fct_files_list(files, error);
    gint64 promised = 0;
    size_t i;
    json_t *file;
    if (!list)
        return FALSE;
    json_array_foreach (json_object_get(list, "items"), i, file)
        promised += fct_json_int(file, "size_bytes", 0) - fct_json_int(file, "received_bytes", 0);
    gint64 left = fct_json_int(list, "free_bytes", 0) - promised;
    if (size <= left)
        return TRUE;
    return fct_set_error_full(
        error, FCT_ERROR_NO_SPACE, "Delete files that nobody needs, or finish other uploads first.",
        json_pack("{s:s}", "field", "size_bytes"),
        "The file needs %" G_GINT64_FORMAT " MiB; %" G_GINT64_FORMAT " MiB are free in %s.",
        (size - 1) / (1024 * 1024) + 1, MAX(left, 0) / (1024 * 1024), files->app->config.images_dir);
}

static gboolean files_begin_upload(FctFiles *files, const char *id, gint64 size, const char *sha256, GError **error)
{
    g_autofree char *part = fct_files_upload_path(files, id), *note = fct_files_size_path(files, id);
    g_autofree char *final = fct_files_final_path(files, id),
                    *text = g_strdup_printf("%" G_GINT64_FORMAT "%s%s", size, *sha256 ? " " : "", sha256);
    g_autoptr(GError) fault = NULL;
    struct stat st;
    if (lstat(final, &st) == 0 || lstat(note, &st) == 0)
        return fct_set_error_full(error, FCT_ERROR_EXISTS, "Choose another name, or delete that file first.",
                                  json_pack("{s:s}", "field", "name"), "There is a file %s already.", id);
    if (!fct_files_may_describe(files, id, error))
        return FALSE;
    unlink(part); /* bytes without their note belong to no upload */
    if (!g_file_set_contents_full(note, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                  &fault)) {
        gboolean full = g_error_matches(fault, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
        gboolean closed = g_error_matches(fault, G_FILE_ERROR, G_FILE_ERROR_ACCES) ||
                          g_error_matches(fault, G_FILE_ERROR, G_FILE_ERROR_ROFS);
        return fct_set_error(error,
                             full     ? FCT_ERROR_NO_SPACE
                             : closed ? FCT_ERROR_UNSUPPORTED
                                      : FCT_ERROR_INTERNAL,
                             "%s", fault->message);
    }
    return TRUE;
}

json_t *fct_files_create(FctFiles *files, const char *name, gint64 size_bytes, const char *sha256, GError **error)
{
    if (!fct_file_name_check(name, error) || !has_folder(files, error) ||
        !files_check_space(files, size_bytes, error) || !fct_files_claim(files, name, error))
        return NULL;
    json_t *file = files_begin_upload(files, name, size_bytes, sha256, error) ? upload_json(files, name, error) : NULL;
    fct_files_release(files, name);
    return file;
}

/* ---- end ---- */

static gboolean file_is_unused(FctFiles *files, const char *path, GError **error)
{
    g_autoptr(json_t) reasons = json_array();
    if (files->users && !files->users(files->app, path, reasons, error))
        return FALSE;
    g_autoptr(GPtrArray) snapshots = fct_snapshot_users(files->app, "disks", "path", path, error);
    if (!snapshots)
        return FALSE;
    for (guint i = 0; i < snapshots->len; i++) {
        g_autofree char *reason = g_strdup_printf("It is needed by %s.", (char *)snapshots->pdata[i]);
        json_array_append_new(reasons, json_string(reason));
    }
    if (json_array_size(reasons) == 0)
        return TRUE;
    return fct_set_error_full(error, FCT_ERROR_IN_USE, "Take it out of these VMs, and delete these snapshots, first.",
                              json_pack("{s:O}", "reasons", reasons), "The file is in use.");
}

static gboolean file_drop(const char *path, GError **error)
{
    return unlink(path) == 0 || errno == ENOENT || fct_set_error_errno(error, "Could not delete", path);
}

static gboolean delete_ready(FctFiles *files, const char *id, const json_t *file, GError **error)
{
    g_autofree char *path = fct_files_final_path(files, id);
    const char *image = fct_json_str(file, "image", NULL);
    g_autofree char *base = image ? g_strconcat(image, ".json", NULL) : NULL;
    g_autofree char *description = base ? fct_files_final_path(files, base) : NULL;
    g_autofree char *sum = sum_path(files, id);
    return file_is_unused(files, path, error) && (!description || file_drop(description, error)) &&
           file_drop(path, error) && file_drop(sum, error);
}

static gboolean delete_upload(FctFiles *files, const char *id, GError **error)
{
    g_autofree char *part = fct_files_upload_path(files, id), *note = fct_files_size_path(files, id);
    fct_sums_drop(files->sums, id);
    return file_drop(part, error) && file_drop(note, error);
}

gboolean fct_files_delete(FctFiles *files, const char *id, GError **error)
{
    if (!fct_files_claim(files, id, error))
        return FALSE;
    g_autoptr(json_t) file = fct_files_get(files, id, error);
    gboolean ready = strcmp(fct_json_str(file, "state", ""), "ready") == 0;
    gboolean ok = file && (ready ? delete_ready(files, id, file, error) : delete_upload(files, id, error)) &&
                  fct_files_sync_folder(files, error);
    fct_files_release(files, id);
    return ok;
}

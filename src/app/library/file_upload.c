/* SPDX-License-Identifier: Apache-2.0 */
/* One request that brings bytes of a file, and the finish once the last byte is there. */
#include "app/library/files.h"
#include "base/scope.h"
#include "core/file_rules.h"
#include "core/upload_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct FctUpload {
    FctFiles *files;
    char *id; /* claimed */
    int fd;
    gint64 at, end, size; /* next byte, end of this request's bytes, size of the whole file */
    char *sha256;         /* the checksum that the client told; "" */
    FctSum *sum;
    gboolean judged, refused;
};

void fct_upload_free(FctUpload *upload)
{
    if (!upload)
        return;
    fct_close(&upload->fd);
    if (upload->refused) /* sending the same bytes again would be refused again */
        fct_files_upload_drop(upload->files, upload->id);
    if (upload->sum && !upload->refused && upload->at < upload->size)
        fct_sums_keep(fct_files_sums(upload->files), upload->id, g_steal_pointer(&upload->sum));
    fct_sum_free(upload->sum);
    fct_files_release(upload->files, upload->id);
    g_free(upload->sha256);
    g_free(upload->id);
    g_free(upload);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctUpload, fct_upload_free)

static gboolean open_part(FctUpload *upload, gint64 *ret_received, GError **error)
{
    g_autofree char *part = fct_files_upload_path(upload->files, upload->id);
    struct stat st;
    upload->fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (upload->fd < 0 || fstat(upload->fd, &st) < 0)
        return fct_set_error_errno(error, "Could not open", part);
    *ret_received = st.st_size;
    return TRUE;
}

FctUpload *fct_upload_open(FctFiles *files, const char *id, const char *range, gint64 body_length, GError **error)
{
    FctFileRange bytes;
    gint64 received = 0;
    if (!fct_files_claim(files, id, error))
        return NULL;
    g_autoptr(FctUpload) upload = g_new0(FctUpload, 1);
    *upload = (FctUpload){.files = files, .id = g_strdup(id), .fd = -1};
    if (!fct_files_upload_note(files, id, &upload->size, &upload->sha256, error) ||
        !fct_file_range(range, body_length, upload->size, &bytes, error) || !open_part(upload, &received, error))
        return NULL;
    upload->at = bytes.length ? bytes.first : received;
    upload->end = upload->at + bytes.length;
    upload->judged = received >= FCT_DISK_HEAD_BYTES;
    if (upload->at == received) {
        upload->sum = fct_sums_take(fct_files_sums(files), id, received);
        return g_steal_pointer(&upload);
    }
    fct_set_error_full(error, FCT_ERROR_CONFLICT, "Go on with the byte after those that are there.",
                       json_pack("{s:I}", "received_bytes", (json_int_t)received),
                       "%" G_GINT64_FORMAT " bytes of %s are there; the request begins at %" G_GINT64_FORMAT ".",
                       received, id, upload->at);
    return NULL;
}

/* Refuses as soon as the first bytes tell, instead of after the whole file was sent. */
static gboolean upload_judge(FctUpload *upload, GError **error)
{
    FctDiskHead head;
    gint64 enough = MIN(upload->size, (gint64)FCT_DISK_HEAD_BYTES);
    if (upload->judged || upload->at < enough)
        return TRUE;
    if (!fct_content_head(upload->fd, upload->at, upload->size, &head, error))
        return FALSE;
    upload->judged = TRUE;
    upload->refused = !fct_upload_accept(&head, upload->id, upload->size, error);
    return !upload->refused;
}

gboolean fct_upload_write(FctUpload *upload, const guint8 *bytes, gsize length, GError **error)
{
    if (length > (guint64)(upload->end - upload->at))
        return fct_set_error(error, FCT_ERROR_TOO_LARGE, "More bytes came than the request had announced.");
    while (length > 0) {
        ssize_t n = pwrite(upload->fd, bytes, length, upload->at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fct_set_error_errno(error, "Could not write", upload->id);
        fct_sum_add(upload->sum, upload->at, bytes, (gsize)n);
        bytes += n;
        length -= (gsize)n;
        upload->at += n;
    }
    return upload_judge(upload, error);
}

/* A disk needs a description to be an image from which VMs are made: see images.h. */
static gboolean upload_describe(FctUpload *upload, const char *kind, gint64 guest_bytes, GError **error)
{
    g_autofree char *base = g_strconcat(upload->id, ".json", NULL);
    g_autofree char *path = fct_files_final_path(upload->files, base);
    g_autoptr(json_t) json = json_pack("{s:s, s:s, s:s, s:I}", "name", upload->id, "file", upload->id, "format", kind,
                                       "size_bytes", (json_int_t)guest_bytes);
    g_autofree char *text = fct_json_text(json);
    return fct_files_may_describe(upload->files, upload->id,
                                  error) && /* a file of this name may have appeared since the upload began */
           g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644,
                                    error);
}

typedef struct {
    int fd;
    gint64 at;
} Reading;

static gssize upload_read_on(gpointer data, guint8 *bytes, gsize length, GError **error)
{
    Reading *reading = data;
    ssize_t n = pread(reading->fd, bytes, length, reading->at);
    if (n < 0)
        fct_set_error_errno(error, "Could not read", "the file");
    reading->at += MAX(n, 0);
    return n;
}

/* The checksum is compared first: if the bytes are not those that were meant, no other reason matters. */
static gboolean upload_check(FctUpload *upload, const char *part, const char **ret_kind, gint64 *ret_bytes,
                             char **ret_sha256, GError **error)
{
    g_autoptr(GError) fault = NULL;
    Reading reading = {upload->fd, 0};
    *ret_sha256 = fct_sum_end(upload->sum, upload->size);
    if (!*ret_sha256)
        *ret_sha256 = fct_sum_read(upload_read_on, &reading, upload->size, error);
    if (!*ret_sha256)
        return FALSE;
    if (fct_sha256_compare(upload->sha256, *ret_sha256, upload->id, &fault) &&
        fct_content_check(fct_files_app(upload->files), part, upload->id, ret_kind, ret_bytes, &fault))
        return TRUE;
    upload->refused = g_error_matches(fault, FCT_ERROR, FCT_ERROR_REFUSED);
    return fct_error_pass(error, &fault);
}

/*
 * Writes the description before the file gets its name: a description without a file is skipped by lists, but a file
 * without a description would be forgotten.
 */
static gboolean upload_publish(FctUpload *upload, GError **error)
{
    FctFiles *files = upload->files;
    g_autofree char *part = fct_files_upload_path(files, upload->id), *note = fct_files_size_path(files, upload->id);
    g_autofree char *final = fct_files_final_path(files, upload->id), *sha256 = NULL;
    const char *kind = NULL;
    gint64 guest_bytes;
    if (!upload_check(upload, part, &kind, &guest_bytes, &sha256, error) ||
        !fct_files_sum_write(files, upload->id, upload->fd, sha256, error) ||
        (strcmp(kind, "iso") != 0 && !upload_describe(upload, kind, guest_bytes, error)))
        return FALSE;
    if (renameat2(AT_FDCWD, part, AT_FDCWD, final, RENAME_NOREPLACE) < 0)
        return fct_set_error_errno(error, "Could not name", upload->id);
    unlink(note);
    return fct_files_sync_folder(files, error);
}

gboolean fct_upload_end(FctUpload *upload, json_t **ret, GError **error)
{
    if (fsync(upload->fd) < 0)
        return fct_set_error_errno(error, "Could not write", upload->id);
    if (upload->at == upload->size && !upload_publish(upload, error))
        return FALSE;
    *ret = fct_files_get(upload->files, upload->id, error);
    return *ret != NULL;
}

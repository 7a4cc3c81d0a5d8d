/* SPDX-License-Identifier: Apache-2.0 */
/* One request that brings bytes of a file, and what happens once the last one is there. */
#include "app/files.h"
#include "core/file_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct FctUpload {
    FctFiles *files;
    char *id; /* claimed */
    int fd;
    gint64 at, end, size; /* bytes: the next, behind the last of this request, of the whole file */
};

void fct_upload_free(FctUpload *upload)
{
    if (!upload)
        return;
    if (upload->fd >= 0)
        close(upload->fd);
    fct_files_release(upload->files, upload->id);
    g_free(upload->id);
    g_free(upload);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctUpload, fct_upload_free)

static gboolean open_part(FctUpload *upload, gint64 *ret_received, GError **error)
{
    g_autofree char *part = fct_files_part(upload->files, upload->id);
    struct stat st;
    upload->fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (upload->fd < 0 || fstat(upload->fd, &st) < 0)
        return fct_files_errno(error, "Could not open", part);
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
    if (!fct_files_upload_size(files, id, &upload->size, error) ||
        !fct_file_range(range, body_length, upload->size, &bytes, error) || !open_part(upload, &received, error))
        return NULL;
    upload->at = bytes.length ? bytes.first : received;
    upload->end = upload->at + bytes.length;
    if (upload->at == received)
        return g_steal_pointer(&upload);
    fct_set_error_full(error, FCT_ERROR_CONFLICT, "Go on with the byte after those that are there.",
                       json_pack("{s:I}", "received_bytes", (json_int_t)received),
                       "%" G_GINT64_FORMAT " bytes of %s are there; the request begins at %" G_GINT64_FORMAT ".",
                       received, id, upload->at);
    return NULL;
}

gboolean fct_upload_write(FctUpload *upload, const guint8 *bytes, gsize length, GError **error)
{
    if (length > (guint64)(upload->end - upload->at)) {
        fct_set_error(error, FCT_ERROR_TOO_LARGE, "More bytes came than the request had announced.");
        return FALSE;
    }
    while (length > 0) {
        ssize_t n = pwrite(upload->fd, bytes, length, upload->at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fct_files_errno(error, "Could not write", upload->id);
        bytes += n;
        length -= (gsize)n;
        upload->at += n;
    }
    return TRUE;
}

/* What VMs can be made from needs a description: see images.h. */
static gboolean describe(FctUpload *upload, const char *kind, gint64 guest_bytes, GError **error)
{
    g_autofree char *base = g_strconcat(upload->id, ".json", NULL);
    g_autofree char *path = fct_files_final(upload->files, base);
    g_autoptr(json_t) json = json_pack("{s:s, s:s, s:s, s:I}", "name", upload->id, "file", upload->id, "format", kind,
                                       "size_bytes", (json_int_t)guest_bytes);
    g_autofree char *text = fct_json_text(json);
    return g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644,
                                    error);
}

static gboolean check(FctUpload *upload, const char *part, const char **ret_kind, gint64 *ret_bytes, GError **error)
{
    FctVmm *vmm = fct_files_app(upload->files)->vmm;
    *ret_bytes = upload->size;
    if (!fct_files_read_kind(part, ret_kind, error))
        return FALSE;
    if (strcmp(*ret_kind, "qcow2") != 0)
        return TRUE; /* any bytes are a raw disk; an ISO was known by its mark */
    if (vmm)
        return vmm->ops->disk_check(vmm, part, *ret_kind, ret_bytes, error);
    fct_set_error(error, FCT_ERROR_UNSUPPORTED,
                  "A qcow2 image is checked by QEMU's tools, which this facetd runs without.");
    return FALSE;
}

/* The description comes first: one without its file is left out of the list, a file without it would be forgotten. */
static gboolean publish(FctUpload *upload, GError **error)
{
    FctFiles *files = upload->files;
    g_autofree char *part = fct_files_part(files, upload->id), *note = fct_files_note(files, upload->id);
    g_autofree char *final = fct_files_final(files, upload->id);
    g_autoptr(GError) fault = NULL;
    const char *kind = NULL;
    gint64 guest_bytes;
    if (!check(upload, part, &kind, &guest_bytes, &fault)) {
        if (g_error_matches(fault, FCT_ERROR, FCT_ERROR_REFUSED)) { /* sending it again would not change it */
            unlink(part);
            unlink(note);
        }
        g_propagate_error(error, g_steal_pointer(&fault));
        return FALSE;
    }
    if (strcmp(kind, "iso") != 0 && !describe(upload, kind, guest_bytes, error))
        return FALSE;
    if (renameat2(AT_FDCWD, part, AT_FDCWD, final, RENAME_NOREPLACE) < 0)
        return fct_files_errno(error, "Could not name", upload->id);
    unlink(note);
    return fct_files_sync_folder(files, error);
}

gboolean fct_upload_end(FctUpload *upload, json_t **ret, GError **error)
{
    if (fsync(upload->fd) < 0)
        return fct_files_errno(error, "Could not write", upload->id);
    if (upload->at == upload->size && !publish(upload, error))
        return FALSE;
    *ret = fct_files_get(upload->files, upload->id, error);
    return *ret != NULL;
}

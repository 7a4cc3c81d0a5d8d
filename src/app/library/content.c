/* SPDX-License-Identifier: Apache-2.0 */
#include "app/library/content.h"

#include "base/scope.h"
#include "core/upload_rules.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (1024 * 1024)
#define SUMS_MAX 64

/* Reads until @length bytes or the end of the file. */
static gssize read_at(int fd, guint8 *bytes, gsize length, gint64 at)
{
    gsize got = 0;
    while (got < length) {
        ssize_t n = pread(fd, bytes + got, length - got, at + (gint64)got);
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        got += (gsize)n;
    }
    return (gssize)got;
}

gboolean fct_content_head(int fd, gint64 there, gint64 size, FctDiskHead *ret, GError **error)
{
    g_autofree guint8 *head = g_malloc(FCT_DISK_HEAD_BYTES);
    guint8 tail[FCT_DISK_TAIL_BYTES];
    gsize foot = there == size ? (gsize)MIN(size, (gint64)sizeof tail) : 0;
    gssize n = read_at(fd, head, (gsize)MIN(there, (gint64)FCT_DISK_HEAD_BYTES), 0);
    gssize m = read_at(fd, tail, foot, size - (gint64)foot);
    if (n < 0 || m < 0)
        return fct_set_error_errno(error, "Could not read", "the file");
    const FctDiskBytes bytes = {head, (gsize)n, tail, (gsize)m, size};
    fct_disk_head_read(&bytes, ret);
    return TRUE;
}

static gboolean check_fd(FctApp *app, int fd, const char *path, const char *name, const char **ret_format,
                         gint64 *ret_bytes, GError **error)
{
    FctDiskHead head = {0};
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return fct_set_error(error, FCT_ERROR_REFUSED, "It is no plain file.");
    if (!fct_content_head(fd, st.st_size, st.st_size, &head, error) ||
        !fct_upload_accept(&head, name, st.st_size, error))
        return FALSE;
    *ret_format = fct_upload_format(&head);
    *ret_bytes = st.st_size;
    if (head.kind != FCT_DISK_QCOW2)
        return TRUE; /* any bytes make a raw disk; an ISO would have been known by its mark */
    if (app->vmm)
        return app->vmm->ops->disk_check(app->vmm, path, *ret_format, ret_bytes, error);
    return fct_set_error(error, FCT_ERROR_UNSUPPORTED,
                         "A qcow2 image is checked by QEMU's tools, which this facetd runs without.");
}

gboolean fct_content_check(FctApp *app, const char *path, const char *name, const char **ret_format, gint64 *ret_bytes,
                           GError **error)
{
    fct_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe that lies there blocks nobody */
    if (fd < 0)
        return fct_set_error_errno(error, "Could not read", path);
    return check_fd(app, fd, path, name, ret_format, ret_bytes, error);
}

/* ---- checksums ---- */

struct FctSums {
    GMutex lock;
    GHashTable *table; /* id → FctSum* */
};

void fct_sum_free(FctSum *sum)
{
    if (!sum)
        return;
    gnutls_hash_deinit(sum->sum, NULL);
    g_free(sum);
}

void fct_sum_add(FctSum *sum, gint64 at, const guint8 *bytes, gsize length)
{
    if (sum->at != at) {
        sum->at = -1;
        return;
    }
    gnutls_hash(sum->sum, bytes, length);
    sum->at += (gint64)length;
}

/* GnuTLS uses the processor's instructions for SHA-256; GLib's own code would be the slowest part of an upload. */
static gnutls_hash_hd_t hash_new(void)
{
    gnutls_hash_hd_t hash;
    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) != 0)
        g_error("GnuTLS has no SHA-256");
    return hash;
}

/* Ends @hash. */
static char *hash_text(gnutls_hash_hd_t hash)
{
    guint8 digest[32];
    GString *text = g_string_sized_new(2 * sizeof digest);
    gnutls_hash_deinit(hash, digest);
    for (gsize i = 0; i < sizeof digest; i++)
        g_string_append_printf(text, "%02x", digest[i]);
    return g_string_free(text, FALSE);
}

char *fct_sum_end(const FctSum *sum, gint64 size)
{
    gnutls_hash_hd_t copy = sum->at == size ? gnutls_hash_copy(sum->sum) : NULL;
    return copy ? hash_text(copy) : NULL;
}

char *fct_sum_read(FctContentRead read, gpointer data, gint64 size, GError **error)
{
    gnutls_hash_hd_t hash = hash_new();
    g_autofree guint8 *block = g_malloc(BLOCK);
    for (gint64 at = 0; at < size;) {
        gssize n = read(data, block, (gsize)MIN(size - at, (gint64)BLOCK), error);
        if (n == 0)
            fct_set_error(error, FCT_ERROR_INTERNAL, "What was sent is not all there any more.");
        if (n <= 0) {
            gnutls_hash_deinit(hash, NULL);
            return NULL;
        }
        gnutls_hash(hash, block, (gsize)n);
        at += n;
    }
    return hash_text(hash);
}

FctSums *fct_sums_new(void)
{
    FctSums *sums = g_new0(FctSums, 1);
    g_mutex_init(&sums->lock);
    sums->table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)fct_sum_free);
    return sums;
}

void fct_sums_free(FctSums *sums)
{
    if (!sums)
        return;
    g_hash_table_unref(sums->table);
    g_mutex_clear(&sums->lock);
    g_free(sums);
}

FctSum *fct_sums_take(FctSums *sums, const char *id, gint64 received)
{
    gpointer key = NULL, kept = NULL;
    g_mutex_lock(&sums->lock);
    g_hash_table_steal_extended(sums->table, id, &key, &kept);
    g_mutex_unlock(&sums->lock);
    g_free(key);
    FctSum *sum = kept;
    if (sum && sum->at == received)
        return sum;
    fct_sum_free(sum);
    sum = g_new0(FctSum, 1);
    sum->sum = hash_new();
    sum->at = received == 0 ? 0 : -1;
    return sum;
}

void fct_sums_keep(FctSums *sums, const char *id, FctSum *sum)
{
    g_mutex_lock(&sums->lock);
    gboolean room = sum->at > 0 && g_hash_table_size(sums->table) < SUMS_MAX;
    if (room)
        g_hash_table_replace(sums->table, g_strdup(id), sum);
    g_mutex_unlock(&sums->lock);
    if (!room)
        fct_sum_free(sum);
}

void fct_sums_drop(FctSums *sums, const char *id)
{
    fct_autolock(&sums->lock);
    g_hash_table_remove(sums->table, id);
}

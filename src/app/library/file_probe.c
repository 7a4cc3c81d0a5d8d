/* SPDX-License-Identifier: Apache-2.0 */
#include "app/library/file_probe.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define WAIT_US (300 * 1000)
#define THREADS_MAX 16

struct FctFileProbe {
    gint refs; /* atomic: owner and questions under way hold one each */
    GMutex lock;
    GCond cond;
    GHashTable *asked; /* folder → number of questions under way there */
    GHashTable *slow;  /* set of folders in which a question was not answered in time and is still open */
};

typedef struct {
    gint refs; /* asker and thread hold one each */
    FctFileProbe *probe;
    char *path, *folder;
    gboolean qcow2, done;
    FctProbed result;
} Question;

static void probe_unref(FctFileProbe *probe)
{
    if (!g_atomic_int_dec_and_test(&probe->refs))
        return;
    g_hash_table_unref(probe->asked);
    g_hash_table_unref(probe->slow);
    g_mutex_clear(&probe->lock);
    g_cond_clear(&probe->cond);
    g_free(probe);
}

static void question_unref(Question *question)
{
    if (!g_atomic_int_dec_and_test(&question->refs))
        return;
    probe_unref(question->probe);
    g_free(question->path);
    g_free(question->folder);
    g_free(question);
}

FctFileProbe *fct_file_probe_new(void)
{
    FctFileProbe *probe = g_new0(FctFileProbe, 1);
    probe->refs = 1;
    g_mutex_init(&probe->lock);
    g_cond_init(&probe->cond);
    probe->asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    probe->slow = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return probe;
}

void fct_file_probe_free(FctFileProbe *probe)
{
    if (probe)
        probe_unref(probe);
}

/* ---- the reading ---- */

#define HEAD 80     /* of a qcow2 of version 3: magic, version, …, crypt_method at byte 32, … */
#define FEATURES 79 /* the last byte of its incompatible features */
#define HEAD_MIN 72 /* of one of version 2, which has no features */
#define CORRUPT 0x02
#define DATA_FILE 0x04

/*
 * QEMU opens no other file as qcow2, and does not write to one that is marked as corrupt. If the header names a data
 * file, QEMU opens that, too.
 */
static void judge_head(const guint8 *head, gssize length, FctProbed *probed)
{
    if (length < HEAD_MIN || memcmp(head, "QFI\xfb", 4) != 0) {
        probed->fault = FCT_FILE_HEADLESS;
        return;
    }
    probed->encrypted = head[32] | head[33] | head[34] | head[35] ? FCT_SEEN_YES : FCT_SEEN_NO;
    if (head[7] < 3 || length < HEAD)
        return;
    if (head[FEATURES] & DATA_FILE)
        probed->fault = FCT_FILE_SPLIT;
    else if (head[FEATURES] & CORRUPT)
        probed->fault = FCT_FILE_CORRUPT;
}

static void probe_read_head(const char *path, FctProbed *probed)
{
    guint8 head[HEAD];
    fct_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    gssize n = fd < 0 ? -1 : pread(fd, head, sizeof head, 0);
    if (n >= 0)
        judge_head(head, n, probed);
}

/*
 * Makes the key of a file. A device node has many names, and so has a file by links and mounts: they have one key. Hard
 * links are different: each name has a key of its own, since the file stays for one name when another is deleted.
 */
static void file_identify(const char *path, const struct stat *st, char id[FCT_FILE_ID_BYTES])
{
    char real[PATH_MAX];
    if (S_ISBLK(st->st_mode) || S_ISCHR(st->st_mode)) {
        g_snprintf(id, FCT_FILE_ID_BYTES, "device %u:%u", major(st->st_rdev), minor(st->st_rdev));
    } else if (st->st_nlink <= 1 || !realpath(path, real)) {
        g_snprintf(id, FCT_FILE_ID_BYTES, "file %u:%u %" G_GUINT64_FORMAT, major(st->st_dev), minor(st->st_dev),
                   (guint64)st->st_ino);
    } else {
        g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, real, -1);
        g_snprintf(id, FCT_FILE_ID_BYTES, "name %s", sum);
    }
}

/* ctime is left out: libvirt changes it when it gives a file to QEMU, even if nothing is written. */
static void note_stamp(const struct stat *st, char stamp[FCT_FILE_STAMP_BYTES])
{
    if (S_ISREG(st->st_mode))
        g_snprintf(stamp, FCT_FILE_STAMP_BYTES,
                   "%u:%u %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld", major(st->st_dev),
                   minor(st->st_dev), (guint64)st->st_ino, (gint64)st->st_size, (gint64)st->st_mtim.tv_sec,
                   st->st_mtim.tv_nsec);
}

static FctProbed probe_read(const char *path, gboolean qcow2)
{
    struct stat st;
    FctProbed probed = {.there = FCT_SEEN_YES};
    probed.link = lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
    if (stat(path, &st) < 0)
        probed.there = errno == ENOENT || errno == ENOTDIR ? FCT_SEEN_NO : FCT_SEEN_UNKNOWN;
    else
        file_identify(path, &st, probed.id);
    if (!*probed.id)
        return probed;
    note_stamp(&st, probed.stamp);
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        probed.fault = FCT_FILE_ODD;
    else if (qcow2)
        probe_read_head(path, &probed);
    return probed;
}

/* ---- where it may hang ---- */

static gboolean is_remote_kind(const char *kind)
{
    static const char *const kinds[] = {"nfs",  "nfs4",  "cifs", "smb3", "ceph",   "9p",     "glusterfs", "lustre",
                                        "gfs2", "ocfs2", "afs",  "gpfs", "beegfs", "autofs", "virtiofs"};
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i], kind) == 0)
            return TRUE;
    return g_str_has_prefix(kind, "fuse");
}

/* Reads the kernel's list of mounts: that is text, and touches none of the file systems. */
GPtrArray *fct_file_probe_remote(void)
{
    GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/proc/self/mountinfo", &text, NULL, NULL))
        return folders;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        const char *after = strstr(lines[i], " - ");
        g_auto(GStrv) words = g_strsplit(lines[i], " ", 6);
        g_auto(GStrv) kind = g_strsplit(after ? after + 3 : "", " ", 2);
        if (after && g_strv_length(words) >= 5 && kind[0] && is_remote_kind(kind[0]))
            g_ptr_array_add(folders, g_strcompress(words[4])); /* the list writes a space as \040 */
    }
    return folders;
}

gboolean fct_file_is_remote(const GPtrArray *remote, const char *path)
{
    for (guint i = 0; i < remote->len; i++) {
        const char *folder = remote->pdata[i];
        gsize length = strlen(folder);
        if (strncmp(path, folder, length) == 0 && (path[length] == '/' || (length && folder[length - 1] == '/')))
            return TRUE;
    }
    return FALSE;
}

/* ---- asking on a thread of its own ---- */

static gpointer probe_on_answer(gpointer data)
{
    Question *question = data;
    FctFileProbe *probe = question->probe;
    FctProbed result = probe_read(question->path, question->qcow2);
    g_mutex_lock(&probe->lock);
    int left = GPOINTER_TO_INT(g_hash_table_lookup(probe->asked, question->folder)) - 1;
    if (left)
        g_hash_table_replace(probe->asked, g_strdup(question->folder), GINT_TO_POINTER(left));
    else
        g_hash_table_remove(probe->asked, question->folder);
    g_hash_table_remove(probe->slow, question->folder);
    question->result = result;
    question->done = TRUE;
    g_cond_broadcast(&probe->cond);
    g_mutex_unlock(&probe->lock);
    question_unref(question);
    return NULL;
}

/* TRUE when the question was begun. The lock is held. */
static gboolean probe_begin(FctFileProbe *probe, Question *question)
{
    int asked = GPOINTER_TO_INT(g_hash_table_lookup(probe->asked, question->folder));
    if (g_hash_table_contains(probe->slow, question->folder) || g_hash_table_size(probe->asked) >= THREADS_MAX)
        return FALSE;
    GThread *thread = g_thread_try_new("file-probe", probe_on_answer, question, NULL);
    if (!thread)
        return FALSE;
    g_thread_unref(thread);
    g_hash_table_replace(probe->asked, g_strdup(question->folder), GINT_TO_POINTER(asked + 1));
    return TRUE;
}

static FctProbed probe_ask(FctFileProbe *probe, const char *path, gboolean qcow2)
{
    FctProbed result = {.there = FCT_SEEN_UNKNOWN};
    gint64 until = g_get_monotonic_time() + WAIT_US;
    Question *question = g_new0(Question, 1);
    *question = (Question){2, probe, g_strdup(path), g_path_get_dirname(path), qcow2, FALSE, result};
    g_atomic_int_inc(&probe->refs);
    g_mutex_lock(&probe->lock);
    if (probe_begin(probe, question)) {
        while (!question->done && g_cond_wait_until(&probe->cond, &probe->lock, until))
            ;
        if (question->done)
            result = question->result;
        else
            g_hash_table_add(probe->slow, g_strdup(question->folder));
    } else {
        question_unref(question); /* the thread that would have had this reference was not started */
    }
    g_mutex_unlock(&probe->lock);
    question_unref(question);
    return result;
}

FctProbed fct_file_probe(FctFileProbe *probe, const GPtrArray *remote, const char *path, gboolean qcow2)
{
    return fct_file_is_remote(remote, path) ? probe_ask(probe, path, qcow2) : probe_read(path, qcow2);
}

char *fct_file_key(FctFileProbe *probe, const GPtrArray *remote, const char *path)
{
    FctProbed probed = fct_file_probe(probe, remote, path, FALSE);
    while (path[0] == '/' && path[1] == '/') /* POSIX lets "//" at the beginning mean something else */
        path++;
    return *probed.id ? g_strdup(probed.id) : g_canonicalize_filename(path, "/");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a volume of a pool of files is a plain file inside of the pool. libvirt follows symbolic links, and reads and
 * writes as root: what leads out of the pool's folder, or is a device, must not be opened on our behalf.
 */
#include "base/scope.h"
#include "virt/virt.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Opens without following any link on the way; O_PATH opens no content and needs no right to read. */
static int open_inside(int folder, const char *name)
{
    struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
}

static const char *open_judge(int fd, int fault)
{
    struct stat st;
    if (fd < 0 && fault == ELOOP)
        return "A symbolic link leads to it.";
    if (fd < 0 && fault == ENOENT)
        return NULL; /* gone: whoever opens it will be told */
    if (fd < 0 && fault == EXDEV)
        return "It leads out of the pool's folder.";
    if (fd < 0)
        return "Facet may not look into the pool's folder.";
    if (fstat(fd, &st) < 0)
        return "It could not be looked at.";
    if (S_ISLNK(st.st_mode))
        return "It is a symbolic link.";
    if (S_ISDIR(st.st_mode))
        return "It is a folder.";
    return S_ISREG(st.st_mode) ? NULL : "It is a device or pipe, no file.";
}

/*
 * Checks the way to the folder itself. A link that root or facetd's own user made is the administrator's. Anybody else
 * who may write there could lead libvirt, which is root, to any folder, and every file in that would then be "inside".
 */
static gboolean is_led(const char *folder)
{
    struct stat st;
    for (const char *end = strchr(folder + 1, '/');; end = strchr(end + 1, '/')) {
        g_autofree char *part = end ? g_strndup(folder, (gsize)(end - folder)) : g_strdup(folder);
        if (lstat(part, &st) == 0 && S_ISLNK(st.st_mode) && st.st_uid != 0 && st.st_uid != geteuid())
            return TRUE;
        if (!end)
            return FALSE;
    }
}

/* -1 unless the volume exists; *ret_why as in fct_virt_volume_outside. */
static int open_volume(const FctPool *pool, const char *path, const char **ret_why)
{
    gsize length = strlen(pool->path);
    *ret_why = NULL;
    if (!fct_pool_has_files(pool))
        return -1; /* its volumes are devices that the pool's own driver makes */
    if (!length || strncmp(path, pool->path, length) != 0 || path[length] != '/')
        *ret_why = "It leads out of the pool's folder.";
    else if (is_led(pool->path))
        *ret_why = "Another user's symbolic link leads to the pool's folder.";
    if (*ret_why)
        return -1;
    fct_autoclose int folder = open(pool->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = folder < 0 ? -1 : open_inside(folder, path + length + 1);
    *ret_why = open_judge(fd, errno);
    return fd;
}

const char *fct_virt_volume_outside(const FctPool *pool, const char *path)
{
    const char *why;
    int fd = open_volume(pool, path, &why);
    fct_close(&fd);
    return why;
}

/* ---- while libvirt opens it ---- */

#define SETTLED_NS (50 * G_GINT64_CONSTANT(1000000)) /* several ticks of the clock that file systems use */

static gint64 ns_of(gint64 s, gint64 ns)
{
    return s * G_GINT64_CONSTANT(1000000000) + ns;
}

static gboolean folder_others_may_write(const struct statx *st)
{
    return (st->stx_uid != 0 && st->stx_uid != geteuid()) || st->stx_mode & S_IWOTH ||
           (st->stx_mode & S_IWGRP && st->stx_gid != 0);
}

void fct_virt_mark_clear(FctVirtMark *mark)
{
    g_clear_pointer(&mark->folder, g_free);
}

gboolean fct_virt_mark_set(FctVirtMark *mark, const FctPool *pool)
{
    struct timespec now;
    fct_virt_mark_clear(mark);
    if (!fct_pool_has_files(pool) || statx(AT_FDCWD, pool->path, 0, STATX_BASIC_STATS, &mark->seen) < 0 ||
        !folder_others_may_write(&mark->seen))
        return TRUE;
    mark->folder = g_strdup(pool->path);
    clock_gettime(CLOCK_REALTIME, &now);
    gint64 age = ns_of(now.tv_sec, now.tv_nsec) - ns_of(mark->seen.stx_ctime.tv_sec, mark->seen.stx_ctime.tv_nsec);
    return ABS(age) >= SETTLED_NS; /* the clock may have been set back */
}

gboolean fct_virt_mark_holds(const FctVirtMark *mark)
{
    struct statx now;
    const struct statx *then = &mark->seen;
    if (!mark->folder)
        return TRUE;
    return statx(AT_FDCWD, mark->folder, 0, STATX_BASIC_STATS, &now) == 0 && now.stx_ino == then->stx_ino &&
           now.stx_dev_major == then->stx_dev_major && now.stx_dev_minor == then->stx_dev_minor &&
           now.stx_ctime.tv_sec == then->stx_ctime.tv_sec && now.stx_ctime.tv_nsec == then->stx_ctime.tv_nsec;
}

/* Not the device number, which may change with a restart of the host. */
static void read_inode(int fd, FctVolume *volume)
{
    struct statx st;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME | STATX_NLINK, &st) < 0)
        return;
    volume->linked = st.stx_nlink > 1;
    if (!(st.stx_mask & STATX_BTIME))
        return; /* a freed inode number is given to the next file */
    g_free(volume->inode);
    volume->inode = g_strdup_printf("%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT ".%09u", (guint64)st.stx_ino,
                                    (gint64)st.stx_btime.tv_sec, st.stx_btime.tv_nsec);
}

void fct_virt_volume_inspect(const FctPool *pool, FctVolume *volume)
{
    const char *why;
    fct_autoclose int fd = open_volume(pool, volume->path, &why);
    fct_text_set(&volume->outside, why ? why : "");
    if (fd >= 0 && !why)
        read_inode(fd, volume);
}

/* ---- on the disk ---- */

static gboolean refuse_sync(const FctVolume *volume, GError **error)
{
    return fct_set_error(error, errno == ENOSPC || errno == EDQUOT ? FCT_ERROR_NO_SPACE : FCT_ERROR_INTERNAL,
                         "Volume %s could not be written to the disk: %s.", volume->name, g_strerror(errno));
}

/* On an overlay file system a file has another device number than its folder, but one mount has one file system. */
static gboolean same_file_system(int a, int b)
{
    struct statx first, second;
    const unsigned int mask = STATX_MNT_ID;
    if (statx(a, "", AT_EMPTY_PATH, mask, &first) != 0 || statx(b, "", AT_EMPTY_PATH, mask, &second) != 0)
        return FALSE;
    if (first.stx_dev_major == second.stx_dev_major && first.stx_dev_minor == second.stx_dev_minor)
        return TRUE;
    return (first.stx_mask & second.stx_mask & mask) && first.stx_mnt_id == second.stx_mnt_id;
}

/* The nearest folder that this process may open on the file system of the file @seen; -1: there is none. */
static int open_beside(const FctPool *pool, int seen)
{
    g_autofree char *path = g_strdup(*pool->real ? pool->real : pool->path);
    for (;; fct_text_take(&path, g_path_get_dirname(path))) {
        fct_autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0 && same_file_system(seen, fd))
            return fct_keep_open(&fd);
        if (fd >= 0 || strcmp(path, "/") == 0) /* above it is another file system */
            return -1;
    }
}

/* A disk belongs to root or to QEMU: this process can only sync its whole file system. */
static gboolean sync_around(const FctPool *pool, int seen, const FctVolume *volume, FctVirtSynced *ret, GError **error)
{
    fct_autoclose int fd = open_beside(pool, seen);
    *ret = fd < 0 ? FCT_SYNCED_NOTHING : FCT_SYNCED_ALL;
    return fd < 0 || syncfs(fd) == 0 || refuse_sync(volume, error);
}

/* The folder too: without it a new file has no name on the disk. */
static gboolean sync_itself(int fd, int folder, const FctVolume *volume, FctVirtSynced *ret, GError **error)
{
    *ret = FCT_SYNCED_FILE;
    return (fsync(fd) == 0 && fsync(folder) == 0) || refuse_sync(volume, error);
}

/*
 * Opens the very file that was judged, which nobody can exchange any more. Devices are not opened: that could do
 * something to them.
 */
gboolean fct_virt_sync_in(const FctPool *pool, const FctVolume *volume, FctVirtSynced *ret, GError **error)
{
    const char *why;
    fct_autoclose int seen = open_volume(pool, volume->path, &why);
    *ret = FCT_SYNCED_NOTHING;
    if (seen < 0)
        return TRUE;
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", seen);
    fct_autoclose int fd = why ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    fct_autoclose int folder = fd < 0 ? -1 : open(pool->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (why)
        return TRUE;
    return folder < 0 ? sync_around(pool, seen, volume, ret, error) : sync_itself(fd, folder, volume, ret, error);
}

gboolean fct_virt_volume_sync(FctVmm *vmm, const FctVolume *volume, GError **error)
{
    FctVirtSynced synced;
    g_autoptr(GPtrArray) pools = vmm->ops->pools(vmm, error);
    for (guint i = 0; pools && i < pools->len; i++)
        if (strcmp(((FctPool *)pools->pdata[i])->name, volume->pool) == 0)
            return fct_virt_sync_in(pools->pdata[i], volume, &synced, error);
    return pools != NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a volume of a pool of files is a plain file inside of it. libvirt follows symbolic links, and it reads and
 * writes as root: what leads out of the pool's folder, or is a device, is opened by nobody on our behalf.
 */
#include "virt/virt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Without following any link on the way; O_PATH opens nothing and asks no right to read. */
static int open_inside(int folder, const char *name)
{
    struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
}

static const char *judge(int fd, int fault)
{
    struct stat st;
    if (fd < 0 && fault == ELOOP)
        return "A symbolic link leads to it.";
    if (fd < 0 && fault == ENOENT)
        return NULL; /* gone: whoever opens it is told so */
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

const char *fct_virt_volume_outside(const FctPool *pool, const char *path)
{
    gsize length = strlen(pool->path);
    if (!fct_pool_has_files(pool))
        return NULL; /* its volumes are devices that the pool's own driver makes */
    if (!length || strncmp(path, pool->path, length) != 0 || path[length] != '/')
        return "It leads out of the pool's folder.";
    int folder = open(pool->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = folder < 0 ? -1 : open_inside(folder, path + length + 1);
    const char *why = judge(fd, errno);
    if (fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    return why;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scope.h"
#include "host/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define TEXT_LIMIT (64 * 1024)

G_GNUC_PRINTF(2, 0) static char *sysfs_path(const char *root, const char *format, va_list ap)
{
    g_autofree char *below = g_strdup_vprintf(format, ap);
    return g_build_filename(root, below, NULL);
}

static gssize read_up_to(const char *path, void *buffer, gsize size)
{
    gsize done = 0;
    fct_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -1;
    while (done < size) {
        gssize n = read(fd, (char *)buffer + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && done == 0)
            return -1;
        if (n <= 0)
            break;
        done += (gsize)n;
    }
    return (gssize)done;
}

static char *text_at(const char *path)
{
    g_autofree char *buffer = g_malloc(TEXT_LIMIT + 1);
    gssize n = read_up_to(path, buffer, TEXT_LIMIT);
    if (n < 0)
        return NULL;
    buffer[n] = '\0';
    return g_strdup(g_strchomp(buffer));
}

char *fct_sysfs_text(const char *root, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *path = sysfs_path(root, format, ap);
    va_end(ap);
    return text_at(path);
}

char *fct_sysfs_text_or_empty(const char *root, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *path = sysfs_path(root, format, ap);
    va_end(ap);
    char *text = text_at(path);
    return text ? text : g_strdup("");
}

char *fct_sysfs_link(const char *root, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *path = sysfs_path(root, format, ap);
    va_end(ap);
    g_autofree char *target = g_file_read_link(path, NULL);
    return target ? g_path_get_basename(target) : NULL;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

GPtrArray *fct_sysfs_list(const char *root, const char *format, ...)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    va_list ap;
    va_start(ap, format);
    g_autofree char *path = sysfs_path(root, format, ap);
    va_end(ap);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir)))
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    return names;
}

gboolean fct_sysfs_exists(const char *root, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *path = sysfs_path(root, format, ap);
    va_end(ap);
    return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

gssize fct_sysfs_bytes(const char *root, const char *path, void *buffer, gsize size)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    return read_up_to(full, buffer, size);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bin/notify.h"
#include "base/scope.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct {
    gboolean (*healthy)(gpointer data);
    gpointer data;
    guint timer;
} watchdog;

static void systemd_tell(const char *what)
{
    const char *path = g_getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    gsize length = path ? strlen(path) : 0;
    if (length < 2 || length >= sizeof address.sun_path || (*path != '/' && *path != '@'))
        return;
    memcpy(address.sun_path, path, length);
    if (*path == '@')
        address.sun_path[0] = '\0'; /* a name of the kernel's own, no file */
    fct_autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || sendto(fd, what, strlen(what), MSG_NOSIGNAL, (struct sockaddr *)&address,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
        g_warning("systemd cannot be told “%s”: %s", what, g_strerror(errno));
}

static gboolean watchdog_on_time(gpointer unused)
{
    if (watchdog.healthy(watchdog.data))
        systemd_tell("WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

/* Twice within the time after which systemd takes us for dead; 0: it does not watch us. */
static guint interval_ms(void)
{
    const char *usec = g_getenv("WATCHDOG_USEC"), *pid = g_getenv("WATCHDOG_PID");
    guint64 time = usec ? g_ascii_strtoull(usec, NULL, 10) : 0;
    gboolean ours = !pid || g_ascii_strtoll(pid, NULL, 10) == getpid();
    return ours && time ? (guint)CLAMP(time / 2000, 1, 3600 * 1000) : 0;
}

void fct_notify_start(gboolean (*healthy)(gpointer data), gpointer data)
{
    watchdog.healthy = healthy;
    watchdog.data = data;
    systemd_tell("READY=1");
    if (interval_ms())
        watchdog.timer = g_timeout_add(interval_ms(), watchdog_on_time, NULL);
}

void fct_notify_stop(void)
{
    g_clear_handle_id(&watchdog.timer, g_source_remove);
    systemd_tell("STOPPING=1");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

extern const FsimVerb fsim_verb_stop;

enum { FUSE_MAGIC = 0x65735546, WAIT_STEPS = 100, WAIT_STEP_US = 50000 };

static int open_pid_file(const char *sim_dir, int flags)
{
    g_autofree char *path = g_build_filename(sim_dir, "fs.pid", NULL);
    return open(path, flags | O_CLOEXEC, 0644);
}

pid_t fsim_daemon_pid(const char *sim_dir)
{
    int fd = open_pid_file(sim_dir, O_RDONLY);
    if (fd < 0)
        return 0;
    char text[32] = "";
    pid_t pid = 0;
    if (flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK && read(fd, text, sizeof text - 1) > 0)
        pid = atoi(text);
    close(fd);
    return pid;
}

gboolean fsim_daemon_serves(const char *sim_dir)
{
    g_autofree char *probe = g_build_filename(sim_dir, "root", "sys", "kernel", "uevent_seqnum", NULL);
    char byte;
    int fd = open(probe, O_RDONLY | O_CLOEXEC); /* asks the server itself; the kernel would answer access() from its
                                                   cache while the server dies */
    gboolean answers = fd >= 0 && read(fd, &byte, 1) == 1;
    if (fd >= 0)
        close(fd);
    return answers;
}

int fsim_daemon_claim(const char *sim_dir, GError **error)
{
    int fd = open_pid_file(sim_dir, O_RDWR | O_CREAT);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "%s: %s", sim_dir,
                    errno == EWOULDBLOCK ? "the host runs already" : g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || write(fd, text, strlen(text)) < 0) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_FILE, "%s/fs.pid: %s", sim_dir, g_strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

static gboolean is_mounted(const char *root)
{
    struct statfs info;
    if (statfs(root, &info) == 0)
        return (guint32)info.f_type == FUSE_MAGIC;
    return errno == ENOTCONN || errno == ECONNABORTED;
}

void fsim_daemon_unmount(const char *sim_dir)
{
    g_autofree char *root = g_build_filename(sim_dir, "root", NULL);
    /* Stale mounts can lie on top of each other. */
    for (int i = 0; i < 8 && is_mounted(root); i++) {
        if (umount2(root, MNT_DETACH) == 0)
            continue;
        const char *argv[] = {"fusermount3", "-u", "-z", "-q", root, NULL};
        g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                     NULL, NULL, NULL);
    }
}

gboolean fsim_daemon_stop(const char *sim_dir, GError **error)
{
    pid_t pid = fsim_daemon_pid(sim_dir);
    for (int i = 0; pid > 0 && i < WAIT_STEPS && fsim_daemon_pid(sim_dir) == pid; i++) {
        /* A server that does not end by itself is killed in the second half of the time. */
        if (i == 0 || i == WAIT_STEPS / 2)
            kill(pid, i == 0 ? SIGTERM : SIGKILL);
        g_usleep(WAIT_STEP_US);
    }
    fsim_daemon_unmount(sim_dir);
    if (pid == 0 || fsim_daemon_pid(sim_dir) != pid)
        return TRUE;
    g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "process %d does not end", (int)pid);
    return FALSE;
}

/* A process of this program that has the state mapped. Its own file may have been built anew since it started. */
static gboolean is_ours(const FsimContext *ctx, pid_t pid, const char *state)
{
    g_autofree char *link = g_strdup_printf("/proc/%d/exe", (int)pid),
                    *file = g_strdup_printf("/proc/%d/maps", (int)pid);
    g_autofree char *exe = g_file_read_link(link, NULL), *maps = NULL;
    gsize length = strlen(ctx->program);
    if (exe == NULL || strncmp(exe, ctx->program, length) != 0 ||
        (exe[length] != '\0' && strcmp(exe + length, " (deleted)") != 0))
        return FALSE;
    return g_file_get_contents(file, &maps, NULL, NULL) && strstr(maps, state) != NULL;
}

void fsim_daemon_end_holders(const FsimContext *ctx, const char *sim_dir)
{
    g_autofree char *given = g_build_filename(sim_dir, "state.bin", NULL);
    g_autofree char *state = realpath(given, NULL);
    GDir *proc = state != NULL ? g_dir_open("/proc", 0, NULL) : NULL;
    pid_t server = fsim_daemon_pid(sim_dir);
    /* Not by the registered holders: a wedged card has forgotten them. */
    for (const char *name = proc != NULL ? g_dir_read_name(proc) : NULL; name != NULL; name = g_dir_read_name(proc)) {
        pid_t pid = atoi(name);
        if (pid <= 1 || pid == getpid() || pid == server || !is_ours(ctx, pid, state))
            continue;
        kill(pid, SIGTERM);
        for (int i = 0; i < WAIT_STEPS && is_ours(ctx, pid, state); i++)
            g_usleep(WAIT_STEP_US / 10);
    }
    if (proc != NULL)
        g_dir_close(proc);
}

static int run(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    g_autofree char *dir = NULL;
    const GOptionEntry entries[] = {
        {"dir", 0, 0, G_OPTION_ARG_FILENAME, &dir, "Directory of the host (default: --sim-dir)", "DIR"}, {NULL}};
    if (!fsim_verb_parse(&fsim_verb_stop, entries, &argc, &argv, 0, 0, error))
        return 2;
    const char *sim_dir = dir != NULL ? dir : ctx->sim_dir;
    fsim_daemon_end_holders(ctx, sim_dir);
    return fsim_daemon_stop(sim_dir, error) ? 0 : 1;
}

const FsimVerb fsim_verb_stop = {"stop", "[--dir DIR]", "stop the host: unmount its tree, end what holds its cards",
                                 run};

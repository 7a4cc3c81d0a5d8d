/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program that knows nothing of the simulation on the simulated host: in a mount namespace of its own, with the
 * host's /sys, files of its /proc, its nodes in /dev, and its NVML library first.
 */
#include "ctl/daemon.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern const FsimVerb fsim_verb_exec;

/* A file can only be mounted over one that exists: where the machine has none, the whole of /proc is replaced. */
static const char *const proc_files[] = {
    "cmdline", "cpuinfo", "iomem", "meminfo", "modules", "uptime", "version", "driver", "sys/kernel/random/boot_id"};

static gboolean write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    gboolean ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return ok;
}

/* What is mounted from here on stays in this namespace. In a chroot "/" is no mount, but those that matter are. */
static gboolean make_private(void)
{
    static const char *const mounts[] = {"/sys", "/proc", "/dev"};
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(mounts); i++)
        if (mount(NULL, mounts[i], NULL, MS_REC | MS_PRIVATE, NULL) < 0)
            return FALSE;
    return TRUE;
}

static gboolean may_mount(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
    sets[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective = CAP_TO_MASK(CAP_SYS_ADMIN);
    sets[CAP_TO_INDEX(CAP_SYS_ADMIN)].permitted = CAP_TO_MASK(CAP_SYS_ADMIN);
    return syscall(SYS_capset, &header, sets) == 0;
}

/*
 * Root becomes the user whose program it runs at once and keeps only the right to mount, which the program then does
 * not get: the kernel takes it away when a user other than root runs one. It must be at once, because the tree of a
 * user's simulated host is closed to everyone else, root included.
 */
static gboolean become(const char *name, GError **error)
{
    const struct passwd *user = getpwnam(name);
    if (user == NULL) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_USAGE, "there is no user %s", name);
        return FALSE;
    }
    if (geteuid() == user->pw_uid)
        return TRUE;
    if (initgroups(name, user->pw_gid) == 0 && setresgid(user->pw_gid, user->pw_gid, user->pw_gid) == 0 &&
        prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && setresuid(user->pw_uid, user->pw_uid, user->pw_uid) == 0 &&
        may_mount() && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) == 0)
        return TRUE;
    g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "cannot become %s: %s", name, g_strerror(errno));
    return FALSE;
}

/* A mount namespace for who may have one (root); for others a user namespace in which they keep their own uid. */
static gboolean enter_namespace(GError **error)
{
    g_autofree char *uids = g_strdup_printf("%u %u 1", geteuid(), geteuid());
    g_autofree char *gids = g_strdup_printf("%u %u 1", getegid(), getegid());
    gboolean ok = unshare(CLONE_NEWNS) == 0;
    if (!ok)
        ok = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_file("/proc/self/setgroups", "deny") &&
             write_file("/proc/self/uid_map", uids) && write_file("/proc/self/gid_map", gids);
    if (ok && make_private())
        return TRUE;
    g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE,
                "cannot make a mount namespace (%s); run as root, or allow user namespaces", g_strerror(errno));
    return FALSE;
}

/* ---- /dev: a tmpfs with all that is there, and the simulated nodes beside it ---- */

static void copy_entry(const char *from_dir, const char *to_dir, const char *name)
{
    g_autofree char *from = g_build_filename(from_dir, name, NULL), *to = g_build_filename(to_dir, name, NULL);
    struct stat info;
    /* What the simulated host has already put there goes before the real one. */
    if (lstat(from, &info) < 0 || g_file_test(to, G_FILE_TEST_EXISTS))
        return;
    if (S_ISLNK(info.st_mode)) {
        g_autofree char *target = g_file_read_link(from, NULL);
        if (target != NULL && symlink(target, to) < 0)
            return;
        return;
    }
    if (S_ISDIR(info.st_mode)) {
        if (mkdir(to, 0755) < 0)
            return;
    } else {
        int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
            return;
        close(fd);
    }
    /* What cannot be shown is left out; the program will say what it misses. */
    (void)mount(from, to, NULL, MS_BIND | MS_REC, NULL);
}

static void copy_entries(const char *from, const char *to, const char *prefix)
{
    DIR *dir = opendir(from);
    for (const struct dirent *e = dir != NULL ? readdir(dir) : NULL; e != NULL; e = readdir(dir))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && g_str_has_prefix(e->d_name, prefix))
            copy_entry(from, to, e->d_name);
    if (dir != NULL)
        closedir(dir);
}

static void show_nodes(const char *sim_dir)
{
    g_autofree char *stage = g_build_filename(sim_dir, "dev", NULL);
    g_autofree char *nodes = g_build_filename(sim_dir, "root", "dev", NULL);
    if (g_mkdir_with_parents(stage, 0755) < 0 || mount("facet-sim", stage, "tmpfs", MS_NOSUID, "mode=0755") < 0)
        return;
    copy_entries(nodes, stage, "nvidia");
    copy_entries(nodes, stage, "vfio");
    copy_entries("/dev", stage, "");
    (void)mount(stage, "/dev", NULL, MS_MOVE, NULL);
}

/* Below `proc`, those of the simulated host over those of the machine. */
static gboolean show_proc_files(const char *sim_dir, const char *proc, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(proc_files); i++) {
        g_autofree char *from = g_build_filename(sim_dir, "root", "proc", proc_files[i], NULL);
        g_autofree char *to = g_build_filename(proc, proc_files[i], NULL);
        if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0 && errno != ENOENT) {
            g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "cannot mount %s on %s: %s", from, to, g_strerror(errno));
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean machine_lacks_a_file(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(proc_files); i++) {
        g_autofree char *path = g_build_filename("/proc", proc_files[i], NULL);
        if (strchr(proc_files[i], '/') == NULL && access(path, F_OK) < 0)
            return TRUE;
    }
    return FALSE;
}

/* The machine's /proc moves aside, and links of a /proc that the simulated host makes lead to it. */
static gboolean replace_proc(const char *sim_dir, GError **error)
{
    g_autofree char *aside = g_build_filename(sim_dir, "realproc", NULL);
    g_autofree char *view = g_build_filename(sim_dir, "root", "procview", NULL);
    if (g_mkdir_with_parents(aside, 0755) < 0 || mount("/proc", aside, NULL, MS_BIND | MS_REC, NULL) < 0) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "cannot mount /proc on %s: %s", aside, g_strerror(errno));
        return FALSE;
    }
    if (!show_proc_files(sim_dir, aside, error))
        return FALSE;
    if (mount(view, "/proc", NULL, MS_BIND, NULL) == 0)
        return TRUE;
    g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "cannot mount %s on /proc: %s", view, g_strerror(errno));
    return FALSE;
}

static gboolean show_host(const char *sim_dir, GError **error)
{
    g_autofree char *sys = g_build_filename(sim_dir, "root", "sys", NULL);
    if (mount(sys, "/sys", NULL, MS_BIND | MS_REC, NULL) < 0) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "cannot mount %s on /sys: %s", sys, g_strerror(errno));
        return FALSE;
    }
    show_nodes(sim_dir);
    return machine_lacks_a_file() ? replace_proc(sim_dir, error) : show_proc_files(sim_dir, "/proc", error);
}

static int run(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    const char *dir = ctx->sim_dir, *user = NULL;
    int at = 1;
    /* By hand: what follows the command belongs to the command. */
    for (; at + 1 < argc && (strcmp(argv[at], "--dir") == 0 || strcmp(argv[at], "--user") == 0); at += 2)
        *(argv[at][2] == 'd' ? &dir : &user) = argv[at + 1];
    if (at < argc && strcmp(argv[at], "--") == 0)
        at++;
    if (at >= argc || strcmp(argv[at], "--help") == 0) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_USAGE, "usage: facet-sim exec %s", fsim_verb_exec.arguments);
        return 2;
    }
    if (user != NULL && !become(user, error))
        return 1;
    g_autofree char *sim_dir = g_canonicalize_filename(dir, NULL);
    g_autofree char *lib = g_build_filename(sim_dir, "lib", NULL);
    if (!fsim_daemon_serves(sim_dir)) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "%s does not run; facet-sim start starts it", sim_dir);
        return 1;
    }
    if (!enter_namespace(error) || !show_host(sim_dir, error))
        return 1;
    const char *old = g_getenv("LD_LIBRARY_PATH");
    g_autofree char *path = old != NULL && *old != '\0' ? g_strdup_printf("%s:%s", lib, old) : g_strdup(lib);
    g_setenv("LD_LIBRARY_PATH", path, TRUE);
    /* libudev of systemd 251 and later takes no /sys that is not a sysfs, unless told so. */
    g_setenv("SYSTEMD_DEVICE_VERIFY_SYSFS", "0", TRUE);
    g_setenv("FACET_SIM_DIR", sim_dir, TRUE);
    execvp(argv[at], argv + at);
    int status = errno == ENOENT ? 127 : 126;
    g_printerr("facet-sim: %s: %s\n", argv[at], g_strerror(errno));
    return status;
}

const FsimVerb fsim_verb_exec = {"exec", "[--dir DIR] [--user NAME] -- COMMAND…",
                                 "run a program that sees the simulated host", run};

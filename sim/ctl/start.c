/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern const FsimVerb fsim_verb_start;

static gboolean create(const FsimContext *ctx, const char *name, const char *sim_dir, GError **error)
{
    gboolean is_file = strchr(name, '/') != NULL || g_str_has_suffix(name, ".json");
    g_autofree char *base = g_strconcat(name, ".json", NULL);
    g_autofree char *file = is_file ? g_strdup(name) : g_build_filename(ctx->data_dir, "hosts", base, NULL);
    g_autofree char *catalogue = g_build_filename(ctx->data_dir, "catalogue", NULL);
    g_autoptr(FsimHost) host = fsim_host_load(file, catalogue, error);
    return host != NULL && fsim_host_create(host, sim_dir, ctx->library, error);
}

/* The child: becomes `facet-sim fs` in a session of its own, with its messages in $SIM/fs.log. */
static void become_server(const FsimContext *ctx, const char *sim_dir, int ready)
{
    g_autofree char *log = g_build_filename(sim_dir, "fs.log", NULL);
    g_autofree char *ready_text = g_strdup_printf("--ready-fd=%d", ready);
    int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644), in = open("/dev/null", O_RDONLY);
    setsid();
    if (out < 0 || in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(126);
    /*
     * The server must not keep the caller's pipes: whoever reads our output until its end must not wait for the server.
     */
    for (int fd = 3; fd < 1024; fd++)
        if (fd != ready)
            close(fd);
    if (chdir("/") == 0)
        execl(ctx->program, ctx->program, "--sim-dir", sim_dir, "fs", ready_text, (char *)NULL);
    _exit(127);
}

static gboolean launch(const FsimContext *ctx, const char *sim_dir, GError **error)
{
    int ready[2];
    if (pipe(ready) < 0) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "pipe: %s", g_strerror(errno));
        return FALSE;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(ready[0]);
        become_server(ctx, sim_dir, ready[1]);
    }
    close(ready[1]);
    char byte;
    ssize_t got;
    do
        got = pid > 0 ? read(ready[0], &byte, 1) : 0;
    while (got < 0 && errno == EINTR);
    close(ready[0]);
    if (got == 1)
        return TRUE;
    if (pid > 0)
        waitpid(pid, NULL, 0);
    g_autofree char *log = g_build_filename(sim_dir, "fs.log", NULL);
    g_autofree char *text = NULL;
    g_file_get_contents(log, &text, NULL, NULL);
    g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "the tree does not come up; %s says: %s", log,
                text != NULL ? g_strstrip(text) : "nothing");
    return FALSE;
}

static int run(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    g_autofree char *dir = NULL;
    const GOptionEntry entries[] = {
        {"dir", 0, 0, G_OPTION_ARG_FILENAME, &dir, "Directory of the host (default: --sim-dir)", "DIR"}, {NULL}};
    if (!fsim_verb_parse(&fsim_verb_start, entries, &argc, &argv, 0, 1, error))
        return 2;
    g_autofree char *sim_dir = g_canonicalize_filename(dir != NULL ? dir : ctx->sim_dir, NULL);
    gboolean running = fsim_daemon_pid(sim_dir) > 0 && fsim_daemon_serves(sim_dir);
    if (running && argc > 1) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "%s runs already; stop it before you make another host of it",
                    sim_dir);
        return 1;
    }
    g_autofree char *description = g_build_filename(sim_dir, "host.json", NULL);
    if (argc < 2 && !g_file_test(description, G_FILE_TEST_EXISTS)) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_USAGE,
                    "%s is no host yet: name one (small, lab, hgx, messy or a JSON file)", sim_dir);
        return 2;
    }
    /* A server that is ending, or whose mount was taken away, is in the way. */
    if (!running && !fsim_daemon_stop(sim_dir, error))
        return 1;
    if (argc > 1 && !create(ctx, argv[1], sim_dir, error))
        return 1;
    if (!running && !launch(ctx, sim_dir, error))
        return 1;
    g_print("%s/root\n%s/lib/libnvidia-ml.so.1\n", sim_dir, sim_dir);
    return 0;
}

const FsimVerb fsim_verb_start = {"start", "[HOST|FILE.json] [--dir DIR]", "make a host if one is named, and boot it",
                                  run};

/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/daemon.h"
#include "fs/world.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

extern const FsimVerb fsim_verb_fs;

static int ready_fd = -1;

static void tell_ready(gpointer context)
{
    if (ready_fd < 0)
        return;
    if (write(ready_fd, "+", 1) < 0)
        g_printerr("facet-sim: %s\n", g_strerror(errno));
    close(ready_fd);
}

static void sync_world(gpointer context)
{
    fsim_world_sync(context);
}

static FsimFault find_fault(gpointer context, const char *path, const char *text)
{
    return fsim_world_fault(context, path, text);
}

static int serve(const char *sim_dir, GError **error)
{
    static const FsimServerHooks hooks = {.sync = sync_world, .fault = find_fault};
    FsimWorld *world = fsim_world_new(sim_dir, error);
    if (world == NULL)
        return 1;
    /*
     * root lets other users in, since the product's web half runs as an ordinary user. Only root may ask FUSE for that.
     */
    world->server = fsim_server_new(world->root, world->root_path, geteuid() == 0, &hooks, world);
    if (world->server != NULL) {
        fsim_server_run(world->server, tell_ready);
        fsim_server_free(world->server);
    }
    int status = world->server != NULL ? 0 : 1;
    world->server = NULL;
    fsim_world_free(world);
    return status;
}

static int run(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    g_autofree char *dir = NULL;
    const GOptionEntry entries[] = {
        {"dir", 0, 0, G_OPTION_ARG_FILENAME, &dir, "Directory of the host (default: --sim-dir)", "DIR"},
        {"ready-fd", 0, 0, G_OPTION_ARG_INT, &ready_fd, "Descriptor to write a byte to once it serves", "N"},
        {NULL}};
    if (!fsim_verb_parse(&fsim_verb_fs, entries, &argc, &argv, 0, 0, error))
        return 2;
    const char *sim_dir = dir != NULL ? dir : ctx->sim_dir;
    g_autofree char *root = g_build_filename(sim_dir, "root", NULL);
    if (fsim_daemon_claim(sim_dir, error) < 0)
        return 1;
    fsim_daemon_unmount(sim_dir);
    g_mkdir_with_parents(root, 0755);
    /* The lock ends with the process: whoever waits for the lock waits for our end. */
    return serve(sim_dir, error);
}

const FsimVerb fsim_verb_fs = {"fs", "[--dir DIR]", "serve the tree of an existing host in the foreground", run};

/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/verbs.h"

#include <string.h>

extern const FsimVerb fsim_verb_create;

/* A file, or the name of a ready-made host. */
static char *find_host(const FsimContext *ctx, const char *name)
{
    if (strchr(name, '/') || g_str_has_suffix(name, ".json"))
        return g_strdup(name);
    g_autofree char *file = g_strconcat(name, ".json", NULL);
    return g_build_filename(ctx->data_dir, "hosts", file, NULL);
}

static int run(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    if (!fsim_verb_parse(&fsim_verb_create, NULL, &argc, &argv, 1, 2, error))
        return 2;
    g_autofree char *file = find_host(ctx, argv[1]);
    g_autofree char *catalogue = g_build_filename(ctx->data_dir, "catalogue", NULL);
    const char *dir = argc > 2 ? argv[2] : ctx->sim_dir;
    g_autoptr(FsimHost) host = fsim_host_load(file, catalogue, error);
    if (!host || !fsim_host_create(host, dir, ctx->library, error))
        return 1;
    g_print("%s: %s, %u cards, driver %s\n", dir, host->title, host->gpus->len, host->driver_version);
    return 0;
}

const FsimVerb fsim_verb_create = {"create", "HOST [DIR]", "make a host from small, lab, hgx, messy or a JSON file",
                                   run};

/* SPDX-License-Identifier: Apache-2.0 */
/* What can happen to a card or to the whole host: lose, return, reset, reboot. */
#include "ctl/daemon.h"

extern const FsimVerb fsim_verb_lose, fsim_verb_return, fsim_verb_reset, fsim_verb_reboot;

static gboolean gone;

/* Either it only stops answering, or it leaves the bus, as a hot-plug controller does it when a link dies. */
static int lose(FsimState *st, guint gpu)
{
    int result = fsim_gpu_set_lost(st, gpu, TRUE);
    return result < 0 || !gone ? result : fsim_gpu_set_removed(st, gpu, TRUE);
}

static int come_back(FsimState *st, guint gpu)
{
    int result = fsim_gpu_set_lost(st, gpu, FALSE);
    if (result == 0)
        result = fsim_gpu_set_removed(st, gpu, FALSE);
    /* A card that comes back has gone through a power cycle. */
    return result < 0 ? result : fsim_gpu_reset(st, gpu);
}

static int reset(FsimState *st, guint gpu)
{
    return fsim_gpu_reset(st, gpu);
}

static int on_gpu(const FsimContext *ctx, const FsimVerb *verb, const GOptionEntry *entries,
                  int (*what)(FsimState *, guint), int argc, char **argv, GError **error)
{
    FsimState st;
    if (!fsim_verb_parse(verb, entries, &argc, &argv, 1, 1, error))
        return 2;
    if (!fsim_verb_open(ctx, NULL, &st, error))
        return 1;
    int gpu = fsim_verb_gpu(&st, argv[1], error);
    gboolean ok = gpu >= 0 && fsim_verb_check(what(&st, (guint)gpu), argv[1], error);
    fsim_state_close(&st);
    return ok ? 0 : 1;
}

static int run_lose(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"gone", 0, 0, G_OPTION_ARG_NONE, &gone, "Take it out of the bus too (default: it answers all ones)", NULL},
        {NULL}};
    return on_gpu(ctx, &fsim_verb_lose, entries, lose, argc, argv, error);
}

static int run_return(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    return on_gpu(ctx, &fsim_verb_return, NULL, come_back, argc, argv, error);
}

static int run_reset(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    return on_gpu(ctx, &fsim_verb_reset, NULL, reset, argc, argv, error);
}

static int run_reboot(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    FsimState st;
    if (!fsim_verb_parse(&fsim_verb_reboot, NULL, &argc, &argv, 0, 0, error))
        return 2;
    if (!fsim_verb_open(ctx, NULL, &st, error))
        return 1;
    /* No process survives a boot: those that facet-sim started to hold cards are ended, the product's are not ours. */
    fsim_daemon_end_holders(ctx, ctx->sim_dir);
    gboolean ok = fsim_verb_check(fsim_reboot(&st), "reboot", error);
    fsim_state_close(&st);
    return ok ? 0 : 1;
}

const FsimVerb fsim_verb_lose = {"lose", "GPU [--gone]", "let a card fall off the bus", run_lose};
const FsimVerb fsim_verb_return = {"return", "GPU", "bring a lost card back, power-cycled", run_return};
const FsimVerb fsim_verb_reset = {"reset", "GPU", "reset a card: pending modes become current, instances go",
                                  run_reset};
const FsimVerb fsim_verb_reboot = {"reboot", "", "reboot the host: new boot id, modes by each generation's rules",
                                   run_reboot};

/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/verbs.h"

#include "model/mig.h"

#include <string.h>

extern const FsimVerb fsim_verb_load;

/* "auto", "idle", "75", or "curve" with the options. */
static gboolean parse_load(const char *text, int amplitude, int period, FsimLoad *load, GError **error)
{
    guint64 percent = 50;
    *load = (FsimLoad){.mode = FSIM_LOAD_AUTO};
    if (strcmp(text, "auto") == 0)
        return TRUE;
    gboolean curve = strcmp(text, "curve") == 0;
    if (!curve && !g_ascii_string_to_unsigned(text, 10, 0, 100, &percent, NULL)) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_USAGE, "\"%s\": give a percentage, \"curve\" or \"auto\"", text);
        return FALSE;
    }
    *load = (FsimLoad){.mode = curve ? FSIM_LOAD_CURVE : FSIM_LOAD_FIXED,
                       .percent = (guint32)percent,
                       .amplitude = (guint32)CLAMP(amplitude, 0, 50),
                       .period_s = (guint32)CLAMP(period, 1, 86400)};
    return TRUE;
}

static int run(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    int amplitude = 35, period = 60;
    const GOptionEntry entries[] = {
        {"amplitude", 0, 0, G_OPTION_ARG_INT, &amplitude, "How far a curve swings about 50 % (35)", "PERCENT"},
        {"period", 0, 0, G_OPTION_ARG_INT, &period, "Length of its wave in seconds (60)", "S"},
        {NULL}};
    FsimState st;
    FsimLoad load;
    guint gpu;
    guint32 gi, ci;
    if (!fsim_verb_parse(&fsim_verb_load, entries, &argc, &argv, 2, 2, error) ||
        !parse_load(argv[2], amplitude, period, &load, error))
        return 2;
    if (!fsim_verb_open(ctx, NULL, &st, error))
        return 1;
    gboolean ok = fsim_verb_target(&st, argv[1], &gpu, &gi, &ci, error) &&
                  fsim_verb_check(fsim_gpu_set_load(&st, gpu, gi, &load),
                                  gi == FSIM_NO_INSTANCE ? argv[1] : "no such GPU instance", error);
    fsim_state_close(&st);
    return ok ? 0 : 1;
}

const FsimVerb fsim_verb_load = {"load", "GPU[/GI] PERCENT|curve|auto", "set how busy a card or GPU instance looks",
                                 run};

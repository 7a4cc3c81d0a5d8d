/* SPDX-License-Identifier: Apache-2.0 */
/* Sets the caller's privilege, and shows what clients call. */
#include "ctl/verbs.h"

#include "nvml/functions.h"

#include <string.h>

extern const FsimVerb fsim_verb_privilege, fsim_verb_trace, fsim_verb_calls;

static int run_privilege(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    static const char *const names[] = {"root", "uid", "deny"}; /* FsimPrivilege */
    FsimState st;
    FsimTxn txn;
    guint value = 0;
    if (!fsim_verb_parse(&fsim_verb_privilege, NULL, &argc, &argv, 1, 1, error))
        return 2;
    while (value < G_N_ELEMENTS(names) && strcmp(names[value], argv[1]) != 0)
        value++;
    if (value == G_N_ELEMENTS(names)) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_USAGE,
                    "give \"root\" (every caller may do all), \"uid\" (only real root may) or \"deny\" (nobody may)");
        return 2;
    }
    if (!fsim_verb_open(ctx, NULL, &st, error))
        return 1;
    gboolean ok = fsim_verb_check(fsim_txn_begin(&st, &txn), "state", error);
    if (ok) {
        txn.body->privilege = value;
        fsim_txn_commit(&txn);
    }
    fsim_state_close(&st);
    return ok ? 0 : 1;
}

static int run_trace(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    FsimState st;
    if (!fsim_verb_parse(&fsim_verb_trace, NULL, &argc, &argv, 1, 1, error))
        return 2;
    gboolean on = strcmp(argv[1], "on") == 0;
    if (!on && strcmp(argv[1], "off") != 0) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_USAGE, "give \"on\" or \"off\"");
        return 2;
    }
    if (!fsim_verb_open(ctx, NULL, &st, error))
        return 1;
    atomic_store(&st.file->live.trace, on);
    fsim_state_close(&st);
    return 0;
}

static int run_calls(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    gboolean clear = FALSE;
    const GOptionEntry entries[] = {{"clear", 0, 0, G_OPTION_ARG_NONE, &clear, "Count from 0 again", NULL}, {NULL}};
    FsimState st;
    guint64 total = 0;
    if (!fsim_verb_parse(&fsim_verb_calls, entries, &argc, &argv, 0, 0, error))
        return 2;
    if (!fsim_verb_open(ctx, NULL, &st, error))
        return 1;
    for (guint i = 0; i < FN_COUNT; i++) {
        _Atomic uint64_t *calls = &st.file->live.calls[i];
        guint64 n = clear ? atomic_exchange(calls, 0) : atomic_load(calls);
        total += n;
        if (n)
            g_print("%10" G_GUINT64_FORMAT " %s\n", n, nvml_functions[i].name);
    }
    g_print("%10" G_GUINT64_FORMAT " all\n", total);
    fsim_state_close(&st);
    return 0;
}

const FsimVerb fsim_verb_privilege = {"privilege", "root|uid|deny", "whom NVML takes for root", run_privilege};
const FsimVerb fsim_verb_trace = {"trace", "on|off", "write each NVML call to trace.log", run_trace};
const FsimVerb fsim_verb_calls = {"calls", "[--clear]", "how often each NVML function was called", run_calls};

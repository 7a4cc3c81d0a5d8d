/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/verbs.h"

#include "nvml/functions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

extern const FsimVerb fsim_verb_inject;

static const char help[] =
    "\n  facet-sim inject nvml FUNCTION|all CODE [--count N] [--delay MS]   CODE 0: only the delay"
    "\n  facet-sim inject tree PATTERN ACTION [--op read|write] [--errno N] [--ms MS] [--count N]"
    "\n      ACTION: hang, fail or late; PATTERN as in sys/bus/pci/devices/0000:3b:00.0/driver/*"
    "\n  facet-sim inject xid GPU NUMBER [--pid N --name NAME | --no-process] [--gi N [--ci N]] [--text TEXT]"
    "\n      [--caused-by NUMBER]                                     an event, and its line in dev/kmsg"
    "\n  facet-sim inject sxid SWITCH NUMBER [--text TEXT]            NVSwitches are counted from 0; only the line"
    "\n  facet-sim inject ecc GPU CORRECTED UNCORRECTED"
    "\n  facet-sim inject crash begin|copied|half|changed|published   kill the next writer there"
    "\n  facet-sim inject latency US [--create MS]                    added to every NVML call"
    "\n  facet-sim inject list | clear";

typedef struct Options {
    int count, delay_ms, error, create_ms;
    char *op;
    int pid, gi, ci, caused_by; /* -1: not said */
    gboolean no_process;
    char *name, *text;
} Options;

static gboolean usage(GError **error)
{
    g_set_error(error, FSIM_ERROR, FSIM_ERROR_USAGE, "usage:%s", help);
    return FALSE;
}

static gboolean number(const char *text, gint64 min, gint64 max, gint64 *out, GError **error)
{
    if (g_ascii_string_to_signed(text, 10, min, max, out, NULL))
        return TRUE;
    g_set_error(error, FSIM_ERROR, FSIM_ERROR_USAGE,
                "\"%s\": must be a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, text, min, max);
    return FALSE;
}

static gboolean inject_nvml(FsimState *st, char **args, const Options *o, GError **error)
{
    gint64 code;
    guint function = FSIM_MAX_FUNCTIONS;
    if (!args[0] || !args[1])
        return usage(error);
    if (strcmp(args[0], "all") != 0)
        for (function = 0; function < FN_COUNT && strcmp(nvml_functions[function].name, args[0]) != 0;)
            function++;
    if (function == FN_COUNT) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_USAGE, "NVML has no function \"%s\"", args[0]);
        return FALSE;
    }
    if (!number(args[1], 0, 999, &code, error))
        return FALSE;
    FsimLive *live = &st->file->live;
    for (guint i = 0; i < FSIM_MAX_NVML_FAULTS; i++) {
        FsimNvmlFault *f = &live->faults[i];
        if (atomic_load(&f->active) && atomic_load(&f->count) != 0)
            continue;
        atomic_store(&f->active, 0);
        f->function = function;
        f->code = (int32_t)code;
        f->delay_us = (uint32_t)o->delay_ms * 1000;
        atomic_store(&f->count, o->count);
        atomic_store(&f->active, 1);
        uint32_t high = atomic_load(&live->fault_high);
        while (high < i + 1 && !atomic_compare_exchange_weak(&live->fault_high, &high, i + 1)) {
        }
        return TRUE;
    }
    return fsim_verb_check(-ENOSPC, "no more faults fit; facet-sim inject clear", error);
}

static gboolean inject_tree(FsimState *st, char **args, const Options *o, GError **error)
{
    static const char *const actions[] = {"hang", "fail", "late", NULL};
    if (!args[0] || !args[1])
        return usage(error);
    FsimTreeFault f = {.op = FSIM_TREE_ANY, .error = o->error, .delay_ms = (uint32_t)o->delay_ms, .count = o->count};
    for (guint i = 0; actions[i]; i++)
        if (strcmp(actions[i], args[1]) == 0)
            f.action = FSIM_TREE_HANG + i;
    if (o->op)
        f.op = strcmp(o->op, "read") == 0 ? FSIM_TREE_READ : strcmp(o->op, "write") == 0 ? FSIM_TREE_WRITE : 0;
    if (!f.action || !f.op || g_strlcpy(f.match, args[0], sizeof f.match) >= sizeof f.match)
        return usage(error);
    uint32_t id;
    if (!fsim_verb_check(fsim_tree_fault_add(st, &f, &id), "no more faults fit", error))
        return FALSE;
    g_print("%u\n", id);
    return TRUE;
}

static void describe(FsimEvent *event, const Options *o)
{
    event->pid = o->no_process ? FSIM_SAYS_NO_PROCESS : o->pid > 0 ? o->pid : FSIM_NO_PROCESS;
    event->caused_by = (guint32)MAX(o->caused_by, 0);
    g_strlcpy(event->name, o->name ? o->name : "", sizeof event->name);
    g_strlcpy(event->text, o->text ? o->text : "", sizeof event->text);
}

static gboolean inject_sxid(FsimState *st, char **args, const Options *o, GError **error)
{
    gint64 nvswitch, xid;
    guint n = st->file->fixed.n_nvswitches;
    if (!args[0] || !args[1])
        return usage(error);
    if (n == 0) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_USAGE, "this host has no NVSwitch");
        return FALSE;
    }
    FsimTxn txn;
    if (!number(args[0], 0, n - 1, &nvswitch, error) || !number(args[1], 0, 99999, &xid, error) ||
        !fsim_verb_check(fsim_txn_begin(st, &txn), "state", error))
        return FALSE;
    FsimEvent *event = fsim_event(txn.body, 0, 0, (guint64)xid, FSIM_NO_INSTANCE, FSIM_NO_INSTANCE);
    describe(event, o);
    event->nvswitch = (guint32)nvswitch + 1;
    fsim_txn_commit(&txn);
    return TRUE;
}

/* One change of one card: an event, or counts. */
static gboolean inject_card(FsimState *st, const char *kind, char **args, const Options *o, GError **error)
{
    enum { EVENT_XID = 8 };
    gint64 first, second = 0;
    gboolean ecc = strcmp(kind, "ecc") == 0;
    if (!args[0] || !args[1] || (ecc && !args[2]))
        return usage(error);
    int gpu = fsim_verb_gpu(st, args[0], error);
    if (gpu < 0 || !number(args[1], 0, G_MAXINT32, &first, error) ||
        (ecc && !number(args[2], 0, G_MAXINT32, &second, error)))
        return FALSE;
    FsimTxn txn;
    if (!fsim_verb_check(fsim_txn_begin(st, &txn), "state", error))
        return FALSE;
    if (ecc) {
        txn.body->gpus[gpu].ecc_corrected += (guint64)first;
        txn.body->gpus[gpu].ecc_uncorrected += (guint64)second;
    } else {
        describe(fsim_event(txn.body, (guint)gpu, EVENT_XID, (guint64)first,
                            o->gi < 0 ? FSIM_NO_INSTANCE : (guint32)o->gi,
                            o->ci < 0 ? FSIM_NO_INSTANCE : (guint32)o->ci),
                 o);
    }
    fsim_txn_commit(&txn);
    return TRUE;
}

static gboolean inject_crash(FsimState *st, char **args, GError **error)
{
    static const char *const points[] = {"begin", "copied", "half", "changed", "published", NULL};
    if (!args[0] || !g_strv_contains(points, args[0]))
        return usage(error);
    atomic_store(&st->file->live.crash_armed, 0);
    g_strlcpy(st->file->live.crash_point, args[0], sizeof st->file->live.crash_point);
    atomic_store(&st->file->live.crash_armed, 1);
    return TRUE;
}

static gboolean inject_latency(FsimState *st, char **args, const Options *o, GError **error)
{
    gint64 us;
    if (!args[0])
        return usage(error);
    if (!number(args[0], 0, 10000000, &us, error))
        return FALSE;
    atomic_store(&st->file->live.latency_us, (uint32_t)us);
    atomic_store(&st->file->live.create_ms, (uint32_t)o->create_ms);
    return TRUE;
}

static void print_all(FsimState *st)
{
    FsimLive *live = &st->file->live;
    for (guint i = 0; i < FSIM_MAX_NVML_FAULTS; i++) {
        FsimNvmlFault *f = &live->faults[i];
        if (atomic_load(&f->active) && atomic_load(&f->count) != 0)
            g_print("nvml %s code %d delay %u us, %d left\n",
                    f->function < FN_COUNT ? nvml_functions[f->function].name : "all", f->code, f->delay_us,
                    atomic_load(&f->count));
    }
    g_autofree FsimBody *body = g_new0(FsimBody, 1);
    fsim_state_read(st, body);
    for (guint i = 0; i < FSIM_MAX_TREE_FAULTS; i++) {
        const FsimTreeFault *f = &body->tree_faults[i];
        if (f->id)
            g_print("tree %u: %s op %u action %u errno %d %u ms, %d left\n", f->id, f->match, f->op, f->action,
                    f->error, f->delay_ms, f->count);
    }
    if (atomic_load(&live->crash_armed))
        g_print("crash at %s\n", live->crash_point);
    g_print("latency %u us, create %u ms\n", atomic_load(&live->latency_us), atomic_load(&live->create_ms));
}

static gboolean clear(FsimState *st, GError **error)
{
    FsimLive *live = &st->file->live;
    for (guint i = 0; i < FSIM_MAX_NVML_FAULTS; i++)
        atomic_store(&live->faults[i].active, 0);
    atomic_store(&live->fault_high, 0);
    atomic_store(&live->crash_armed, 0);
    atomic_store(&live->latency_us, 0);
    atomic_store(&live->create_ms, 0);
    return fsim_verb_check(fsim_tree_fault_clear(st, 0), "clear", error);
}

static gboolean inject(FsimState *st, char **args, const Options *o, GError **error)
{
    const char *kind = args[0];
    if (strcmp(kind, "nvml") == 0)
        return inject_nvml(st, args + 1, o, error);
    if (strcmp(kind, "tree") == 0)
        return inject_tree(st, args + 1, o, error);
    if (strcmp(kind, "xid") == 0 || strcmp(kind, "ecc") == 0)
        return inject_card(st, kind, args + 1, o, error);
    if (strcmp(kind, "sxid") == 0)
        return inject_sxid(st, args + 1, o, error);
    if (strcmp(kind, "crash") == 0)
        return inject_crash(st, args + 1, error);
    if (strcmp(kind, "latency") == 0)
        return inject_latency(st, args + 1, o, error);
    if (strcmp(kind, "clear") == 0)
        return clear(st, error);
    if (strcmp(kind, "list") != 0)
        return usage(error);
    print_all(st);
    return TRUE;
}

static int run(const FsimContext *ctx, int argc, char **argv, GError **error)
{
    Options o = {.count = 1, .error = EIO, .create_ms = 0, .pid = -1, .gi = -1, .ci = -1, .caused_by = -1};
    g_autofree char *op = NULL, *name = NULL, *text = NULL;
    const GOptionEntry entries[] = {
        {"count", 0, 0, G_OPTION_ARG_INT, &o.count, "How often (1); -1 for ever", "N"},
        {"delay", 0, 0, G_OPTION_ARG_INT, &o.delay_ms, "Delay before the answer", "MS"},
        {"ms", 0, 0, G_OPTION_ARG_INT, &o.delay_ms, "The same", "MS"},
        {"errno", 0, 0, G_OPTION_ARG_INT, &o.error, "Error number of \"fail\" (5, EIO)", "N"},
        {"op", 0, 0, G_OPTION_ARG_STRING, &op, "Only \"read\" or only \"write\"", "OP"},
        {"create", 0, 0, G_OPTION_ARG_INT, &o.create_ms, "Time that making an instance takes", "MS"},
        {"pid", 0, 0, G_OPTION_ARG_INT, &o.pid, "Process of an XID", "N"},
        {"name", 0, 0, G_OPTION_ARG_STRING, &name, "Its name", "NAME"},
        {"no-process", 0, 0, G_OPTION_ARG_NONE, &o.no_process, "A line without process", NULL},
        {"gi", 0, 0, G_OPTION_ARG_INT, &o.gi, "GPU instance of an XID", "N"},
        {"ci", 0, 0, G_OPTION_ARG_INT, &o.ci, "Compute instance of an XID", "N"},
        {"text", 0, 0, G_OPTION_ARG_STRING, &text, "What the driver says", "TEXT"},
        {"caused-by", 0, 0, G_OPTION_ARG_INT, &o.caused_by, "The XID that it follows from", "NUMBER"},
        {NULL}};
    FsimState st;
    if (!fsim_verb_parse(&fsim_verb_inject, entries, &argc, &argv, 1, 4, error))
        return 2;
    o.op = op;
    o.name = name;
    o.text = text;
    o.delay_ms = MAX(o.delay_ms, 0);
    o.create_ms = MAX(o.create_ms, 0);
    if (!fsim_verb_open(ctx, NULL, &st, error))
        return 1;
    gboolean ok = inject(&st, argv + 1, &o, error);
    fsim_state_close(&st);
    return ok ? 0 : 1;
}

const FsimVerb fsim_verb_inject = {"inject", "nvml|tree|xid|sxid|ecc|crash|latency|list|clear …",
                                   "make NVML or the tree fail, hang or be late", run};

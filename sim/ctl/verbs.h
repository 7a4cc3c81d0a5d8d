/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of facet-sim: one file each. A new verb is a line in FSIM_VERBS and a file that defines its FsimVerb.
 */
#pragma once

#include "model/host.h"
#include "model/ops.h"

typedef struct FsimContext {
    const char *program;  /* path of facet-sim */
    const char *sim_dir;  /* $SIM: --sim-dir, else $FACET_SIM_DIR, else ./sim-host */
    const char *data_dir; /* holds catalogue/ and hosts/ */
    const char *library;  /* the NVML library to link into $SIM/lib */
} FsimContext;

typedef struct FsimVerb {
    const char *name;
    const char *arguments; /* "HOST DIR", for the help */
    const char *summary;   /* one line */
    /* argv[0] is the verb. Returns the exit status; with an error set it is printed and the status is 1 (2 for
     * FSIM_ERROR_USAGE). */
    int (*run)(const FsimContext *ctx, int argc, char **argv, GError **error);
} FsimVerb;

/* Each names `const FsimVerb fsim_verb_<name>`. */
#define FSIM_VERBS(X)                                                                                                  \
    X(create)                                                                                                          \
    X(start)                                                                                                           \
    X(stop)                                                                                                            \
    X(exec)                                                                                                            \
    X(fs)                                                                                                              \
    X(list)                                                                                                            \
    X(load)                                                                                                            \
    X(hold)                                                                                                            \
    X(release)                                                                                                         \
    X(lose)                                                                                                            \
    X(return )                                                                                                         \
    X(reset)                                                                                                           \
    X(reboot)                                                                                                          \
    X(inject)                                                                                                          \
    X(privilege)                                                                                                       \
    X(trace)                                                                                                           \
    X(calls)

/* Parses options of a verb with GLib (--help included); FALSE and an error when they are wrong. argv keeps the rest,
 * of which there must be from `min` to `max`. */
gboolean fsim_verb_parse(const FsimVerb *verb, const GOptionEntry *entries, int *argc, char ***argv, int min, int max,
                         GError **error);
/* Opens the state of ctx->sim_dir. `host` may be NULL. */
gboolean fsim_verb_open(const FsimContext *ctx, FsimHost **host, FsimState *st, GError **error);
/* A GPU by index, PCI address (with or without domain), UUID or serial; -1 and an error when there is none. */
int fsim_verb_gpu(const FsimState *st, const char *name, GError **error);
/* "GPU", "GPU/GI" or "GPU/GI/CI"; parts not given are FSIM_NO_INSTANCE. They are not checked against the state. */
gboolean fsim_verb_target(const FsimState *st, const char *text, guint *gpu, guint32 *gi, guint32 *ci, GError **error);
/* Turns a negative errno into an error. */
gboolean fsim_verb_check(int result, const char *what, GError **error);

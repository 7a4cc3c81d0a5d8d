/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Shows a tree of nodes (node.h) as a FUSE mount, with everything uncached: what changes is seen at once.
 *
 * One thread serves all requests from a GLib main loop. An operation that has to block (a hung unbind, an injected
 * delay) is parked without an answer, so that only its caller waits. Such a caller cannot be killed, just as on a real
 * host; it is released when the host reboots or stops.
 */
#include "fs/node.h"

typedef struct FsimServer FsimServer;

typedef enum { FSIM_FAULT_NONE, FSIM_FAULT_HANG, FSIM_FAULT_FAIL, FSIM_FAULT_LATE } FsimFaultAction;

typedef struct {
    FsimFaultAction action;
    int error;      /* for FAIL */
    guint delay_ms; /* for LATE */
} FsimFault;

typedef struct {
    /* Called before every operation: bring the tree up to date with what changed outside. */
    void (*sync)(gpointer context);
    /* Whether a fault is injected into this read or write of `path`; `text` is what is written, or NULL. */
    FsimFault (*fault)(gpointer context, const char *path, const char *text);
} FsimServerHooks;

/* Mounts the tree on `mountpoint` (a directory). With `for_all`, other users may enter (only root may ask for that).
 * NULL and a message on stderr if it cannot be mounted. */
FsimServer *fsim_server_new(FsimNode *root, const char *mountpoint, gboolean for_all, const FsimServerHooks *hooks,
                            gpointer context);
/* Serves until SIGTERM, SIGINT or SIGHUP, or until somebody unmounts it. `ready` (may be NULL) runs once requests can
 * be answered. */
void fsim_server_run(FsimServer *server, void (*ready)(gpointer context));
/* Unmounts; everybody who still waits gets an error. */
void fsim_server_free(FsimServer *server);

/* Tries parked writes again, after something changed that they may wait for. */
void fsim_server_kick(FsimServer *server);
/* Answers all that is parked with `error`: the host rebooted under them. */
void fsim_server_abort_parked(FsimServer *server, int error);

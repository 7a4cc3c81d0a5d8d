/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facet-helper: the only door to sysfs and NVML, and who looks at the host's network where libvirt lives. Its main
 * process holds neither: it only moves frames. A worker child observes; each step runs in a child of its own with a
 * deadline. A child that hangs is killed; one that cannot be killed makes its card wedged until the next boot, and
 * everything else goes on.
 *
 * Wire (frame.h): request {"id", "verb", "args"} → {"id", "ok": true, "result"} or {"id", "ok": false, "error"}; many
 * may be in flight. Event to those who asked for it: {"event": "changed", "revision"}.
 *
 * verb        args      result
 * hello       -         {"protocol": 1, "version", "revision", "pid"}
 * inventory   -         FctInventory, observed now
 * sample      -         readings (port/hw.h)
 * step.run    {"step"}  {"outcome": "done" | "failed" | "wedged", "already", "error"}
 * card.hold   {"gpu", "hold"}  {}: hold false lets go of the card, for other programs, and answers once no process of
 *                       the helper holds it; true takes it back
 * watch       -         {"revision"}; "changed" events follow
 * network     {"within"} FctHostNetwork: routes that share addresses with one of these subnets (net_read.h)
 * vlan.make   {"parent","tag","name"}  -: the VLAN's interface is there (net_vlan.h)
 * vlan.take   {"name"}  {"kept"}: it is gone, or why it stays
 */
#pragma once
#include "base/json.h"

typedef struct {
    const char *root;      /* "/" */
    const char *nvml;      /* path or soname */
    const char *socket;    /* path; accessible to the helper's own user and group, and to @uids */
    const char *state;     /* directory: wedged cards, locks */
    GArray *uids;          /* guint32: who may connect besides root and the helper's own user */
    int worker_timeout_ms; /* deadline for the observation of one card */
    int grace_ms;          /* time between SIGKILL and calling a child unkillable */
    int poll_ms;           /* time between two checks for changes */
} FctHelperConfig;

/* Serves until SIGTERM or SIGINT. Exit status. */
int fct_helper_serve(const FctHelperConfig *config);
/* The main function of a child; file descriptor 3 is the channel to the parent. Exit status. */
int fct_helper_worker(const FctHelperConfig *config);
int fct_helper_step(const FctHelperConfig *config);
int fct_helper_network(const FctHelperConfig *config);

/* SPDX-License-Identifier: Apache-2.0 */
/* Which VMs start with the host, in which order, and what is left of that in this boot. */
#pragma once
#include <glib.h>

typedef struct {
    const char *id, *name;
    int order;   /* 1…999; lower is earlier */
    int delay_s; /* to wait after it, before the next */
} FctAutostart;

/* Sorts @vms (FctAutostart) by order; equal orders by name. */
void fct_autostart_sort(GArray *vms);

typedef enum {
    FCT_AUTOSTART_BEGIN, /* nothing was begun in this boot */
    FCT_AUTOSTART_GO_ON, /* it was begun in this boot and has not ended */
    FCT_AUTOSTART_DONE   /* there is nothing to do in this boot */
} FctAutostartDue;

/* @begun: the boot in which it was begun last, NULL when it never was; @ended: and ended. @now: the boot there is. */
FctAutostartDue fct_autostart_due(const char *begun, gboolean ended, const char *now);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's network: interfaces as libvirt lists them, addresses and routes as the kernel reports them. Any thread but
 * the main one.
 */
#pragma once
#include "app/shared/context.h"

typedef struct {
    GPtrArray *interfaces;  /* FctHostInterface*; with addresses if they are known */
    char *why;              /* why kinds and members of interfaces are not known; NULL when they are */
    FctHostNetwork *kernel; /* NULL: unknown, for instance while the helper is away */
} FctHostState;
void fct_host_state_free(FctHostState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctHostState, fct_host_state_free)

/* @within: which routes are wanted (port/hw.h). NULL when libvirt does not answer. Waits for libvirt and the helper. */
FctHostState *fct_host_state_read(FctApp *app, const char *const *within, GError **error);

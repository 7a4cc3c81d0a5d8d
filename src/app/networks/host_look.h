/* SPDX-License-Identifier: Apache-2.0 */
/* What the host's network is: interfaces as libvirt lists them, addresses and routes as the kernel tells them. */
#pragma once
#include "app/shared/context.h"

typedef struct {
    GPtrArray *interfaces;  /* FctHostInterface*; with addresses where they are known */
    char *why;              /* why kinds and members are not known; NULL when they are */
    FctHostNetwork *kernel; /* NULL: not known, as while the helper is away */
} FctHostLook;
void fct_host_look_free(FctHostLook *look);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctHostLook, fct_host_look_free)

/* @within: which routes are wanted (port/hw.h). NULL when libvirt does not tell. May wait for libvirt and the helper.
 */
FctHostLook *fct_host_look(FctApp *app, const char *const *within, GError **error);

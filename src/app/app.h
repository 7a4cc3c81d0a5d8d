/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application: makes all parts of facetd, starts them and ends them, and ties who listens to who speaks. Only
 * bin/facetd.c, which names the back ends, and tests use it; parts know the context (context.h) and one another.
 */
#pragma once
#include "app/shared/context.h"

/* The ports that the application uses. fct_app_new takes ownership of them, also when it fails. */
typedef struct {
    FctHw *hw;
    FctStore *store;
    FctVmm *vmm;     /* NULL: built without virtual machines */
    FctMedia *media; /* NULL: no first-boot data can be made */
} FctPorts;

/* Opens what the store holds; starts nothing yet. */
FctApp *fct_app_new(const FctConfig *config, const FctPorts *ports, GError **error);
/* Replays open journals, starts the threads and the server. Main thread. */
gboolean fct_app_start(FctApp *app, GError **error);
/*
 * Ends the threads and closes the connections. A task that still runs is continued from its journal by the next start.
 * Main thread.
 */
void fct_app_free(FctApp *app);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctApp, fct_app_free)

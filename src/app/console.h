/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consoles: a socket of the VMM's joined to a WebSocket on the main thread. Neither side is read faster than the other
 * takes it. A console that ends closes its WebSocket with a code and a sentence.
 */
#pragma once
#include "app/api.h"

#define FCT_CONSOLE_ENDED 4000 /* the VM went off, or libvirt closed the console */
#define FCT_CONSOLE_TAKEN 4001 /* somebody else took it over */

typedef struct FctConsoles FctConsoles;

FctConsoles *fct_consoles_new(void);
void fct_consoles_free(FctConsoles *consoles); /* main thread; ends them all */

/* Request pool. @force: the viewer that there may be hears that it was taken over. Sets up @reply. */
gboolean fct_console_serial(FctConsoles *consoles, FctVmm *vmm, const char *vm, gboolean force, FctReply *reply,
                            GError **error);
gboolean fct_console_graphics(FctConsoles *consoles, FctVmm *vmm, const char *vm, FctReply *reply, GError **error);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consoles: a socket of the VMM's joined to a WebSocket on the main thread. Neither side is read faster than the other
 * takes it. A console that ends closes its WebSocket with a code and a sentence.
 */
#pragma once
#include "app/api/api.h"

#define FCT_CONSOLE_ENDED 4000 /* the VM went off, or libvirt closed the console */
#define FCT_CONSOLE_TAKEN 4001 /* somebody else took it over */
#define FCT_CONSOLE_LOGIN 4002 /* whoever opened it is signed out, or their token was revoked */

/* @app: its hub is told who watches ("console"). */
FctConsoles *fct_consoles_new(FctApp *app);
void fct_consoles_free(FctConsoles *consoles); /* main thread; ends them all */

typedef struct {
    const char *vm;     /* id */
    const char *user;   /* who watches, for people */
    const char *viewer; /* what the viewer calls itself, to tell itself from others; NULL: nothing */
    gboolean force;     /* serial: ends another viewer, who hears by whom */
    const char *login;  /* of FctIdentity: the console ends with it; NULL: with none */
} FctConsoleWish;

/*
 * Request pool. Sets up @reply. A serial console has one viewer: FCT_ERROR_IN_USE without force. A screen is shared by
 * all who open it.
 */
gboolean fct_console_serial(FctConsoles *consoles, FctVmm *vmm, const FctConsoleWish *wish, FctReply *reply,
                            GError **error);
gboolean fct_console_graphics(FctConsoles *consoles, FctVmm *vmm, const FctConsoleWish *wish, FctReply *reply,
                              GError **error);
/* Who watches now, as in the contract (Consoles). Any thread. */
json_t *fct_consoles_view(FctConsoles *consoles, const char *vm);

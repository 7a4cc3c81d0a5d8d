/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consoles: a socket of the VMM joined to a WebSocket, on the main thread. Neither side is read faster than the other
 * takes the bytes. A console that ends closes its WebSocket with a code and a sentence.
 */
#pragma once
#include "app/api/api.h"

#define FCT_CONSOLE_ENDED 4000 /* the VM went off, or libvirt closed the console */
#define FCT_CONSOLE_TAKEN 4001 /* somebody else took the console over */
#define FCT_CONSOLE_LOGIN 4002 /* whoever opened it has signed out, or their token was revoked */

/* @app: its hub is told who watches ("console"). */
FctConsoles *fct_consoles_new(FctApp *app);
void fct_consoles_free(FctConsoles *consoles); /* main thread; ends all consoles */

typedef struct {
    const char *vm;     /* id */
    const char *user;   /* the viewer's name, for people */
    const char *viewer; /* what the viewer calls itself, to tell itself from others; NULL: nothing */
    gboolean force;     /* serial: ends the present viewer, who is told by whom */
    const char *login;  /* of FctIdentity: the console ends with this login; NULL: with none */
} FctConsoleWish;

/*
 * Called on the request pool; prepares @reply. A serial console has one viewer: FCT_ERROR_IN_USE without force. A
 * screen is shared by all who open it.
 */
gboolean fct_console_serial(FctConsoles *consoles, FctVmm *vmm, const FctConsoleWish *wish, FctReply *reply,
                            GError **error);
gboolean fct_console_graphics(FctConsoles *consoles, FctVmm *vmm, const FctConsoleWish *wish, FctReply *reply,
                              GError **error);
/* Who has consoles of the VM open, as in the contract (Consoles). Any thread. */
json_t *fct_consoles_view(FctConsoles *consoles, const char *vm);

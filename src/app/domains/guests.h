/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What guests tell by their agents: asked when an agent comes up, and slowly while it runs; the newest answer is kept.
 * A guest's word decides nothing: it is shown. Thread-safe.
 */
#pragma once
#include "app/shared/context.h"

/* Called on threads that ask guests, without a lock. */
typedef struct {
    void (*said)(const char *id, gpointer data);     /* what people see of the guest is new */
    void (*answered)(const char *id, gpointer data); /* its agent runs, so it has started; before said */
} FctGuestsNews;

FctGuests *fct_guests_new(FctApp *app);
void fct_guests_start(FctGuests *guests, const FctGuestsNews *news, gpointer data);
/* Ends the thread; calls that are under way end by themselves. */
void fct_guests_stop(FctGuests *guests);
void fct_guests_free(FctGuests *guests);
/* libvirt told of the VM; @info NULL: it is gone. Posts only. TRUE when its agent has come or gone. */
gboolean fct_guests_note(FctGuests *guests, const char *id, const FctVmInfo *info);

/*
 * The member "guest" of a Vm: {"agent","hostname","os","why_not"}. And what the guest adds to the addresses of its
 * NICs, into *ret_addresses: MAC → ["10.0.0.5"]; link-local ones are left out.
 */
json_t *fct_guests_view(FctGuests *guests, const char *id, const FctVmInfo *info, json_t **ret_addresses);
/* The same addresses alone, as last told; asks nobody. Empty when nothing was told. New reference. */
json_t *fct_guests_addresses(FctGuests *guests, const char *id);
/*
 * The Guest of the contract, asked now where there is an agent. Waits for the guest, some seconds; not when somebody
 * asks it already: then it is what the guest said last.
 */
json_t *fct_guests_ask(FctGuests *guests, const char *id, const FctVmInfo *info);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What guests tell through their agents. A guest is asked when its agent comes up, and slowly while it runs; the newest
 * answer is kept. It is only shown: no decision rests on a guest's word. Thread-safe.
 */
#pragma once
#include "app/shared/context.h"

/* Called on threads that ask guests, without a lock. */
typedef struct {
    void (*said)(const char *id, gpointer data);     /* what people see of the guest has changed */
    void (*answered)(const char *id, gpointer data); /* its agent runs, so the guest has started; before said */
} FctGuestsNews;

FctGuests *fct_guests_new(FctApp *app);
void fct_guests_start(FctGuests *guests, const FctGuestsNews *news, gpointer data);
/* Ends the thread; calls that are under way end by themselves. */
void fct_guests_stop(FctGuests *guests);
void fct_guests_free(FctGuests *guests);
/* libvirt sent an event about the VM; @info NULL: it is gone. Only posts. TRUE when its agent has come or gone. */
gboolean fct_guests_note(FctGuests *guests, const char *id, const FctVmInfo *info);

/*
 * The member "guest" of a Vm: {"agent","hostname","os","why_not"}. *ret_addresses gets the addresses that the guest
 * reports for its NICs: MAC → ["10.0.0.5"], without link-local ones.
 */
json_t *fct_guests_view(FctGuests *guests, const char *id, const FctVmInfo *info, json_t **ret_addresses);
/* Only the addresses, from the last answer. Asks no guest. Empty when nothing is known. New reference. */
json_t *fct_guests_addresses(FctGuests *guests, const char *id);
/*
 * The Guest of the contract. Asks the guest now if it has an agent, which may take some seconds. If somebody else is
 * asking it already, the last answer is returned at once.
 */
json_t *fct_guests_ask(FctGuests *guests, const char *id, const FctVmInfo *info);

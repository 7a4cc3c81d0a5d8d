/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workaround for libsoup before 3.3 (Debian 12 has 3.2.3). When a client closes a connection between two requests,
 * that libsoup keeps its descriptor and memory for ever (upstream d20c6601): it waits for nothing on the connection any
 * more, and only the connection's signal "disconnected" makes it let go, but it gives that object to no user of the
 * library. Here the object is found through the signal that begins each request. With a newer libsoup nothing of this
 * is active. Main thread.
 */
#pragma once
#include "app/api/visits.h"

/* Whether the library that runs has the fault. */
gboolean fct_soup_old(void);
/* Learns which connection belongs to which visit, which @of finds. Call it once a server listens. 0: not needed. */
typedef FctVisit *(*FctSoupOldVisit)(SoupServerMessage *message);
gulong fct_soup_old_watch(FctSoupOldVisit of);
void fct_soup_old_unwatch(gulong watch);
/* TRUE: the client has closed its side. */
gboolean fct_soup_old_left(const FctVisit *visit);
/*
 * Makes libsoup let go of a connection that has ended between two requests, once libsoup has seen the end; frees
 * @visit. FALSE: it is not such a connection, or not yet.
 */
gboolean fct_soup_old_release(FctVisit *visit);

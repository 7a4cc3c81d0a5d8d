/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libsoup before 3.3 (Debian 12 has 3.2.3) does wrong: a connection that its client closes between two requests
 * keeps its descriptor and its memory for ever (upstream d20c6601). libsoup waits for nothing on it any more, and only
 * its signal "disconnected" makes it let go; the object that has it is given to no user of the library. Here it is
 * learnt from the signal that begins each request. With a newer libsoup nothing of this is at work.
 */
#pragma once
#include "app/api/visits.h"

/* Whether the library that runs is such a one. */
gboolean fct_soup_old(void);
/* Learns which connection belongs to which visit: @of finds that. Once a server listens. 0: not needed. */
typedef FctVisit *(*FctSoupOldVisit)(SoupServerMessage *message);
gulong fct_soup_old_watch(FctSoupOldVisit of);
void fct_soup_old_unwatch(gulong watch);
/* TRUE: the client has closed its side. */
gboolean fct_soup_old_left(const FctVisit *visit);
/*
 * Makes libsoup let go of a connection that has ended between two requests, once it has seen the end; frees @visit.
 * FALSE: it is not such a one, or not yet.
 */
gboolean fct_soup_old_release(FctVisit *visit);

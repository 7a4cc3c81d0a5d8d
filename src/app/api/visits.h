/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections that there are: how many in all and by address, what each waits for, and how long it may. A client
 * that says nothing, or too slowly, is sent away, so that nobody without a sign-in keeps a descriptor. Main thread.
 */
#pragma once
#include <gio/gio.h>
#include <libsoup/soup.h>

typedef enum {
    FCT_VISIT_HELLO, /* accepted; the first bytes of TLS are awaited */
    FCT_VISIT_SHAKING,
    FCT_VISIT_WAITING, /* for a request */
    FCT_VISIT_HEADERS, /* a request has begun */
    FCT_VISIT_BODY,
    FCT_VISIT_WORK, /* the request is there: what lasts now is ours */
    FCT_VISIT_ANSWER,
    FCT_VISIT_SOCKET, /* a WebSocket */
} FctVisitPhase;

typedef struct FctVisits FctVisits;
typedef struct FctVisitPlace FctVisitPlace;

typedef struct FctVisit {
    FctVisits *visits;
    GSocket *socket; /* owned */
    GSocketAddress
        *remote;          /* owned; libsoup hands the same object out with each message: so a message finds its visit */
    FctVisitPlace *place; /* what is counted together: an address, of IPv6 the first 64 bits */
    gboolean exempt;      /* a trusted proxy: many people, one address */
    FctVisitPhase phase;
    gint64 since, last; /* begin of the phase; last progress: of g_get_monotonic_time */
    guint64 bytes;      /* of the body, or of the answer, that went by in this phase */
    int unsent;         /* bytes the client had not taken at the last look */
    guint requests;
    gboolean answered; /* at least once: it is one that speaks HTTP */
    gboolean known;    /* somebody has signed in on it: fct_visit_know */
    gboolean upload;   /* the body goes to the disk: as long as it moves, it may last */
    gboolean endless;  /* the answer has no end: it may be slow, but not stand */
    gboolean ended;
    gpointer soup;     /* soup_old.h */
    GIOStream *stream; /* borrowed; NULL until it follows one */
    /* Until the handshake is over: */
    guint watch;
    gboolean ready; /* its greeting is there: a handshake may begin */
    GCancellable *handshake;
} FctVisit;

typedef struct {
    guint in_all, by_address;
    guint patience_ms;      /* what the times below are made of */
    gint64 (*now_us)(void); /* NULL: g_get_monotonic_time */
} FctVisitLimits;

FctVisits *fct_visits_new(const FctVisitLimits *limits);
/* Streams that still live are forgotten. */
void fct_visits_free(FctVisits *visits);

/*
 * A connection that was accepted. NULL: there is no room, not even by sending an idle one away; @socket is closed.
 * Takes
 * @socket over.
 */
FctVisit *fct_visit_new(FctVisits *visits, GSocket *socket, GSocketAddress *remote, gboolean exempt);
/* From here on it lives as long as @stream. */
void fct_visit_follow(FctVisit *visit, GIOStream *stream);
/* Before it follows a stream. */
void fct_visit_free(FctVisit *visit);
/* Sends it away: what is unsent is lost. */
void fct_visit_end(FctVisit *visit);
/*
 * Cuts the connection of a message, whichever door it came by. It is "finished" once libsoup reads or writes next;
 * while it is being answered it is given something to write, so that this is soon.
 */
void fct_visit_cut(SoupServerMessage *message);
/* A request begins: from here on its signals tell how far it is. */
void fct_visit_request(FctVisit *visit, SoupServerMessage *message);
void fct_visit_enter(FctVisit *visit, FctVisitPhase phase);
/* Somebody has signed in on it. */
void fct_visit_know(FctVisit *visit);
/* NULL: the message came by no door (a test's own server). */
FctVisit *fct_visit_of(SoupServerMessage *message);
/* Makes room for a descriptor. FALSE: nobody can be sent away. */
gboolean fct_visits_make_room(FctVisits *visits);
guint fct_visits_count(const FctVisits *visits);
/*
 * The one whose handshake begins next: of the place that has the fewest under way. NULL: none is ready, or too many are
 * under way, in all or from its place.
 */
FctVisit *fct_visits_next(const FctVisits *visits, guint in_all, guint by_place);
/* Sends those away who are late; a timer does so every second. */
void fct_visits_look(FctVisits *visits);

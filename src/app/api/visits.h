/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections: how many there are in all and from each address, what each waits for, and for how long it may. A
 * client that says nothing, or too slowly, is sent away, so that nobody keeps a descriptor without signing in. Main
 * thread.
 */
#pragma once
#include <gio/gio.h>
#include <libsoup/soup.h>

typedef enum {
    FCT_VISIT_HELLO, /* accepted; waits for the first bytes of TLS */
    FCT_VISIT_SHAKING,
    FCT_VISIT_WAITING, /* for a request */
    FCT_VISIT_HEADERS, /* a request has begun */
    FCT_VISIT_BODY,
    FCT_VISIT_WORK, /* the request is complete: the time is ours now */
    FCT_VISIT_ANSWER,
    FCT_VISIT_SOCKET, /* a WebSocket */
} FctVisitPhase;

typedef struct FctVisits FctVisits;
typedef struct FctVisitPlace FctVisitPlace;

typedef struct FctVisit {
    FctVisits *visits;
    GSocket *socket;        /* owned */
    GSocketAddress *remote; /* owned; libsoup gives this object out with each message, by which the visit is found */
    FctVisitPlace *place;   /* what is counted as one: an address, or an IPv6 /64 */
    gboolean exempt;        /* a trusted proxy: many people behind one address */
    FctVisitPhase phase;
    gint64 since, last; /* begin of the phase; last progress: by g_get_monotonic_time */
    guint64 bytes;      /* of the body, or of the answer, in this phase */
    int unsent;         /* bytes that the client had not taken at the last check */
    guint requests;
    gboolean answered; /* it has completed a request, so it speaks HTTP */
    gboolean known;    /* somebody has signed in on it: fct_visit_know */
    gboolean upload;   /* the body goes to the disk: it may last as long as it moves */
    gboolean endless;  /* the answer is endless: it may be slow, but must not stand still */
    gboolean ended;
    gpointer soup;     /* soup_old.h */
    GIOStream *stream; /* borrowed; NULL until fct_visit_follow */
    /* Until the handshake is over: */
    guint watch;
    gboolean ready; /* its greeting is complete: the handshake can begin */
    GCancellable *handshake;
} FctVisit;

typedef struct {
    guint in_all, by_address;
    guint patience_ms;      /* the unit of the times below */
    gint64 (*now_us)(void); /* NULL: g_get_monotonic_time */
} FctVisitLimits;

FctVisits *fct_visits_new(const FctVisitLimits *limits);
/* Streams that still live are forgotten. */
void fct_visits_free(FctVisits *visits);

/*
 * Registers a connection that was accepted. NULL: there is no room, not even by sending an idle one away; @socket is
 * closed. Takes @socket over.
 */
FctVisit *fct_visit_new(FctVisits *visits, GSocket *socket, GSocketAddress *remote, gboolean exempt);
/* From here on it is freed with @stream. */
void fct_visit_follow(FctVisit *visit, GIOStream *stream);
/* Frees it before it follows a stream. */
void fct_visit_free(FctVisit *visit);
/* Sends it away: unsent bytes are lost. */
void fct_visit_end(FctVisit *visit);
/*
 * Cuts the connection of a message, whichever door it came by. It is "finished" when libsoup reads or writes next; a
 * message that is being answered is given something to write, so that this is soon.
 */
void fct_visit_cut(SoupServerMessage *message);
/* A request begins: from here on its signals report its phase. */
void fct_visit_request(FctVisit *visit, SoupServerMessage *message);
void fct_visit_enter(FctVisit *visit, FctVisitPhase phase);
/* Somebody has signed in on it. */
void fct_visit_know(FctVisit *visit);
/* NULL: the message came by no door (a test's own server). */
FctVisit *fct_visit_of(SoupServerMessage *message);
/* Makes room for one descriptor. FALSE: nobody can be sent away. */
gboolean fct_visits_make_room(FctVisits *visits);
guint fct_visits_count(const FctVisits *visits);
/*
 * The visit whose handshake begins next: from the place with the fewest handshakes under way. NULL: none is ready, or
 * too many are under way, in all or from its place.
 */
FctVisit *fct_visits_next(const FctVisits *visits, guint in_all, guint by_place);
/* Sends away all that are late; a timer does this every second. */
void fct_visits_check(FctVisits *visits);

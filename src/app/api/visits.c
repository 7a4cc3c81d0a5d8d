/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/visits.h"

#include "app/api/proxies.h"
#include "app/api/soup_old.h"

#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define KEY "facet-visit"
#define CHECK_MS 1000
#define SHAKE_MS 3000 /* time for the client's part of the handshake, unless patience is shorter */
#define SLOWEST 1024  /* bytes a second that an answer or a body must reach in the long run */

/* Who is sent away first when there is no room; the lowest first. */
enum {
    LEFT,  /* its client has closed it */
    IDLE,  /* of an unknown client, like the next two */
    HALF,  /* a greeting, a request or an answer that takes its time */
    FRESH, /* an answer that has just begun */
    RESTS, /* of a known client, between two requests */
    NEVER, /* not sent away */
};

struct FctVisitPlace {
    char *name;
    guint refs; /* all its visits */
    guint live; /* those that were not sent away yet */
    guint strangers, shaking;
};

struct FctVisits {
    FctVisitLimits limits;
    GList *all;         /* FctVisit*, the newest first */
    GHashTable *places; /* char* (the place's) → FctVisitPlace* */
    guint count, strangers, shaking;
    guint timer, release;
    gint64 told; /* when a refusal was last logged */
};

static gint64 now_us(const FctVisits *visits)
{
    return visits->limits.now_us ? visits->limits.now_us() : g_get_monotonic_time();
}

/* ---- counting ---- */

static char *remote_name(GSocketAddress *remote)
{
    g_autofree char *text =
        G_IS_INET_SOCKET_ADDRESS(remote)
            ? g_inet_address_to_string(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(remote)))
            : g_strdup("");
    return fct_place_of_address(text);
}

static void place_free(gpointer data)
{
    FctVisitPlace *place = data;
    g_free(place->name);
    g_free(place);
}

static FctVisitPlace *place_ref(FctVisits *visits, const char *name)
{
    FctVisitPlace *place = g_hash_table_lookup(visits->places, name);
    if (!place) {
        place = g_new0(FctVisitPlace, 1);
        place->name = g_strdup(name);
        g_hash_table_insert(visits->places, place->name, place);
    }
    place->refs++;
    return place;
}

static void place_unref(FctVisits *visits, FctVisitPlace *place)
{
    if (--place->refs == 0)
        g_hash_table_remove(visits->places, place->name);
}

static void visit_count_add(guint *count, int by)
{
    *count = (guint)((int)*count + by);
}

static void count_stranger(FctVisit *visit, int by)
{
    visit_count_add(&visit->place->strangers, by);
    visit_count_add(&visit->visits->strangers, by);
}

static void visit_count(FctVisit *visit, int by)
{
    visit_count_add(&visit->place->live, by);
    visit_count_add(&visit->visits->count, by);
    if (!visit->known)
        count_stranger(visit, by);
}

static void count_shaking(FctVisit *visit, int by)
{
    if (visit->phase != FCT_VISIT_SHAKING)
        return;
    visit_count_add(&visit->place->shaking, by);
    visit_count_add(&visit->visits->shaking, by);
}

guint fct_visits_count(const FctVisits *visits)
{
    return visits->count;
}

void fct_visit_know(FctVisit *visit)
{
    if (!visit->known && !visit->ended)
        count_stranger(visit, -1);
    visit->known = TRUE;
}

FctVisit *fct_visits_next(const FctVisits *visits, guint in_all, guint by_place)
{
    FctVisit *next = NULL;
    guint fewest = by_place;
    if (visits->shaking >= in_all)
        return NULL;
    for (const GList *l = g_list_last(visits->all); l && fewest; l = l->prev) {
        FctVisit *visit = l->data;
        guint under_way = visit->exempt ? 0 : visit->place->shaking;
        if (!visit->ready || under_way >= fewest)
            continue;
        fewest = under_way;
        next = visit;
    }
    return next;
}

/* ---- the end of one ---- */

static void visit_forget(FctVisit *visit)
{
    FctVisits *visits = visit->visits;
    visits->all = g_list_remove(visits->all, visit);
    if (!visit->ended)
        visit_count(visit, -1);
    count_shaking(visit, -1);
    place_unref(visits, visit->place);
    g_object_set_data(G_OBJECT(visit->remote), KEY, NULL);
    g_clear_weak_pointer(&visit->soup);
    g_clear_handle_id(&visit->watch, g_source_remove);
    g_clear_object(&visit->handshake);
    if (!visit->stream)
        g_socket_close(visit->socket, NULL); /* else the stream frees it: a WebSocket may outlive the door */
    g_object_unref(visit->socket);
    g_object_unref(visit->remote);
    g_free(visit);
}

static void on_stream_gone(gpointer visit, GObject *stream)
{
    visit_forget(visit);
}

void fct_visit_follow(FctVisit *visit, GIOStream *stream)
{
    g_clear_object(&visit->handshake);
    visit->stream = stream;
    g_object_weak_ref(G_OBJECT(stream), on_stream_gone, visit);
}

void fct_visit_free(FctVisit *visit)
{
    visit_forget(visit);
}

/*
 * An old libsoup does not notice connections that end while idle: first it must see the end, then it is made to let go.
 */
static void release_ended(FctVisits *visits)
{
    for (GList *l = visits->all, *next; l; l = next) {
        next = l->next;
        FctVisit *visit = l->data;
        if (visit->ended && visit->soup)
            fct_soup_old_release(visit);
    }
}

static gboolean release_old(gpointer data)
{
    FctVisits *visits = data;
    visits->release = 0;
    release_ended(visits);
    return G_SOURCE_REMOVE;
}

void fct_visit_end(FctVisit *visit)
{
    if (!visit->ended) {
        visit->ended = TRUE;
        visit_count(visit, -1);
    }
    /*
     * Shuts the socket down; whoever reads or writes it sees its end and cleans up. It is not closed here, since
     * another connection would get its number at once.
     */
    if (!g_socket_is_closed(visit->socket))
        shutdown(g_socket_get_fd(visit->socket), SHUT_RDWR);
    if (visit->phase == FCT_VISIT_HELLO && !visit->handshake)
        visit_forget(visit);
    else if (visit->handshake)
        g_cancellable_cancel(visit->handshake);
    else if (visit->soup && !visit->visits->release)
        visit->visits->release = g_idle_add_full(G_PRIORITY_DEFAULT, release_old, visit->visits, NULL);
}

/* ---- room ---- */

static int visit_rank(const FctVisit *visit)
{
    if (visit->ended)
        return NEVER;
    switch (visit->phase) {
    case FCT_VISIT_WAITING:
        return fct_soup_old_left(visit) ? LEFT : visit->known ? RESTS : IDLE;
    case FCT_VISIT_HELLO:
    case FCT_VISIT_SHAKING:
    case FCT_VISIT_HEADERS:
        return visit->known ? NEVER : HALF;
    case FCT_VISIT_BODY:
        return visit->known || visit->upload ? NEVER : HALF;
    case FCT_VISIT_ANSWER: /* that it trickles is no reason to keep it */
        return visit->known                                                                       ? NEVER
               : now_us(visit->visits) - visit->since < visit->visits->limits.patience_ms * 500LL ? FRESH
                                                                                                  : HALF;
    default:
        return NEVER;
    }
}

typedef struct {
    FctVisit *visit;
    int rank;
} Victim;

/*
 * Of unknown clients, those go first whose place has most connections, whatever they are doing: otherwise a client
 * could stay by keeping busy.
 */
static gboolean goes_before(const Victim *a, const Victim *b)
{
    gboolean strangers = a->rank >= IDLE && a->rank <= FRESH && b->rank >= IDLE && b->rank <= FRESH;
    guint many = a->visit->exempt ? 1 : a->visit->place->strangers;
    guint others = b->visit->exempt ? 1 : b->visit->place->strangers;
    if (strangers && many != others)
        return many > others;
    if (a->rank != b->rank)
        return a->rank < b->rank;
    return a->visit->last < b->visit->last;
}

/*
 * Sends a connection with a rank below @below away; @place NULL: of any place. A connection that has just begun is not
 * sent away for another one of its own place.
 */
static gboolean send_one_away(FctVisits *visits, const FctVisitPlace *place, int below)
{
    Victim victim = {NULL, NEVER};
    for (GList *l = visits->all; l; l = l->next) {
        const Victim candidate = {l->data, visit_rank(l->data)};
        if (candidate.rank >= below || (place && (candidate.visit->place != place || candidate.rank == FRESH)))
            continue;
        if (!victim.visit || goes_before(&candidate, &victim))
            victim = candidate;
    }
    if (victim.visit)
        fct_visit_end(victim.visit);
    return victim.visit != NULL;
}

gboolean fct_visits_make_room(FctVisits *visits)
{
    return send_one_away(visits, NULL, NEVER);
}

/* An eighth of all connections is reserved for those on which somebody has signed in. */
static gboolean visits_have_room(FctVisits *visits, const FctVisitPlace *place, gboolean exempt)
{
    const FctVisitLimits *limits = &visits->limits;
    if (!exempt && place->live >= limits->by_address && !send_one_away(visits, place, NEVER))
        return FALSE;
    if (visits->strangers >= limits->in_all - limits->in_all / 8 && !send_one_away(visits, NULL, RESTS))
        return FALSE;
    return visits->count < limits->in_all || send_one_away(visits, NULL, NEVER);
}

/* At most once in ten seconds: callers who are refused must not fill the log. */
static void tell_refusal(FctVisits *visits, const FctVisitPlace *place)
{
    gint64 now = now_us(visits);
    if (visits->told && now - visits->told < 10 * G_USEC_PER_SEC)
        return;
    visits->told = now;
    g_message("A connection from %s was refused: %u of %u are open, %u from there (at most %u); none can be ended.",
              place->name, visits->count, visits->limits.in_all, place->live, visits->limits.by_address);
}

static gboolean visits_on_settle(gpointer data);

FctVisit *fct_visit_new(FctVisits *visits, GSocket *socket, GSocketAddress *remote, gboolean exempt)
{
    g_autofree char *name = remote_name(remote);
    FctVisitPlace *place = place_ref(visits, name);
    if (!visits_have_room(visits, place, exempt)) {
        tell_refusal(visits, place);
        place_unref(visits, place);
        g_socket_close(socket, NULL);
        g_object_unref(socket);
        return NULL;
    }
    FctVisit *visit = g_new0(FctVisit, 1);
    *visit = (FctVisit){
        .visits = visits, .socket = socket, .remote = g_object_ref(remote), .place = place, .exempt = exempt};
    g_object_set_data(G_OBJECT(remote), KEY, visit);
    visits->all = g_list_prepend(visits->all, visit);
    visit_count(visit, 1);
    fct_visit_enter(visit, FCT_VISIT_HELLO);
    if (!visits->timer)
        visits->timer = g_timeout_add_full(G_PRIORITY_HIGH, MIN(CHECK_MS, visits->limits.patience_ms / 4),
                                           visits_on_settle, visits, NULL);
    return visit;
}

/* ---- how far a request is ---- */

void fct_visit_enter(FctVisit *visit, FctVisitPhase phase)
{
    count_shaking(visit, -1);
    visit->phase = phase;
    count_shaking(visit, 1);
    visit->since = visit->last = now_us(visit->visits);
    visit->bytes = 0;
    visit->unsent = 0;
}

FctVisit *fct_visit_of(SoupServerMessage *message)
{
    GSocketAddress *remote = soup_server_message_get_remote_address(message);
    return remote ? g_object_get_data(G_OBJECT(remote), KEY) : NULL;
}

void fct_visit_cut(SoupServerMessage *message)
{
    FctVisit *visit = fct_visit_of(message);
    GSocket *socket = soup_server_message_get_socket(message);
    if (visit)
        fct_visit_end(visit);
    else if (socket)
        g_socket_shutdown(socket, TRUE, TRUE, NULL);
    if (soup_server_message_get_status(message) == SOUP_STATUS_NONE)
        return; /* its body is being read: libsoup sees the end with its next read */
    soup_message_body_append(soup_server_message_get_response_body(message), SOUP_MEMORY_STATIC, "\n", 1);
    soup_server_message_unpause(message);
}

static void visit_enter(SoupServerMessage *message, FctVisitPhase phase)
{
    FctVisit *visit = fct_visit_of(message);
    if (visit)
        fct_visit_enter(visit, phase);
}

static void visit_bytes_moved(SoupServerMessage *message, gsize bytes)
{
    FctVisit *visit = fct_visit_of(message);
    if (!visit)
        return;
    visit->last = now_us(visit->visits);
    visit->bytes += bytes;
}

static void visit_on_headers(SoupServerMessage *message, gpointer data)
{
    visit_enter(message, FCT_VISIT_BODY);
}

static void visit_on_chunk(SoupServerMessage *message, GBytes *chunk, gpointer data)
{
    visit_bytes_moved(message, g_bytes_get_size(chunk));
}

static void on_body(SoupServerMessage *message, gpointer data)
{
    visit_enter(message, FCT_VISIT_WORK);
}

static void on_answer(SoupServerMessage *message, gpointer data)
{
    SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
    FctVisit *visit = fct_visit_of(message);
    visit_enter(message, FCT_VISIT_ANSWER);
    if (visit)
        visit->endless = soup_message_headers_get_encoding(headers) == SOUP_ENCODING_CHUNKED;
}

static void on_data(SoupServerMessage *message, guint bytes, gpointer data)
{
    visit_bytes_moved(message, bytes);
}

static void visit_on_upgraded(SoupServerMessage *message, gpointer data)
{
    if (soup_server_message_get_status(message) == SOUP_STATUS_SWITCHING_PROTOCOLS)
        visit_enter(message, FCT_VISIT_SOCKET);
}

static gboolean is_last(SoupServerMessage *message)
{
    return soup_message_headers_header_contains(soup_server_message_get_request_headers(message), "Connection",
                                                "close") ||
           soup_message_headers_header_contains(soup_server_message_get_response_headers(message), "Connection",
                                                "close") ||
           soup_server_message_get_http_version(message) == SOUP_HTTP_1_0;
}

static void visit_on_finished(SoupServerMessage *message, gpointer data)
{
    FctVisit *visit = fct_visit_of(message);
    if (!visit)
        return;
    fct_visit_enter(visit, FCT_VISIT_WAITING);
    visit->upload = visit->endless = FALSE;
    visit->answered = TRUE;
    /*
     * libsoup now closes the connection and TLS says goodbye; writing that to a client that does not read would block
     * this thread. What was sent before still arrives.
     */
    if (is_last(message) && !g_socket_is_closed(visit->socket) &&
        !(g_socket_condition_check(visit->socket, G_IO_OUT) & G_IO_OUT))
        shutdown(g_socket_get_fd(visit->socket), SHUT_WR);
}

void fct_visit_request(FctVisit *visit, SoupServerMessage *message)
{
    /* libsoup makes the first message of a connection when that begins, later ones with their first byte. */
    fct_visit_enter(visit, visit->requests++ ? FCT_VISIT_HEADERS : FCT_VISIT_WAITING);
    g_signal_connect(message, "got-headers", G_CALLBACK(visit_on_headers), NULL);
    g_signal_connect(message, "got-chunk", G_CALLBACK(visit_on_chunk), NULL);
    g_signal_connect(message, "got-body", G_CALLBACK(on_body), NULL);
    g_signal_connect(message, "wrote-headers", G_CALLBACK(on_answer), NULL);
    g_signal_connect(message, "wrote-body-data", G_CALLBACK(on_data), NULL);
    g_signal_connect(message, "wrote-informational", G_CALLBACK(visit_on_upgraded), NULL);
    g_signal_connect(message, "finished", G_CALLBACK(visit_on_finished), NULL);
}

/* ---- patience ---- */

static int visit_queued(const FctVisit *visit, unsigned long what)
{
    int n = 0;
    return !g_socket_is_closed(visit->socket) && ioctl(g_socket_get_fd(visit->socket), what, &n) == 0 ? n : 0;
}

/* Checks a client that does not take the bytes that are ready for it. */
static void visit_check_unsent(FctVisit *visit, gint64 now)
{
    int unsent = visit_queued(visit, SIOCOUTQ);
    if (unsent == 0 || unsent < visit->unsent)
        visit->last = now;
    visit->unsent = unsent;
}

static gboolean too_slow(const FctVisit *visit, gint64 now, gint64 grace)
{
    gint64 over = now - visit->since - grace;
    guint64 gone = visit->bytes - MIN(visit->bytes, (guint64)visit->unsent);
    return over > 0 && gone < (guint64)over * SLOWEST / G_USEC_PER_SEC;
}

/* How long each may take is in the guide (security.md). */
static gboolean is_late(FctVisit *visit, gint64 now)
{
    gint64 patience = visit->visits->limits.patience_ms * 1000LL;
    switch (visit->phase) {
    case FCT_VISIT_HELLO:
        return now - visit->since > (visit->ready ? 6 : 1) * patience; /* ready: it waits for us */
    case FCT_VISIT_SHAKING:
        if (visit_queued(visit, FIONREAD) > 0)
            visit->since = now; /* the handshake waits for a thread */
        return now - visit->since > MIN(patience, SHAKE_MS * 1000LL) || now - visit->last > 6 * patience;
    case FCT_VISIT_WAITING:
        return now - visit->since > (visit->answered ? 8 : 2) * patience ||
               (visit->requests && fct_soup_old_left(visit));
    case FCT_VISIT_HEADERS:
        return now - visit->since > 2 * patience;
    case FCT_VISIT_BODY:
        if (visit_queued(visit, FIONREAD) > 0)
            visit->last = now; /* we are the slow side: a disk */
        return now - visit->last > (visit->upload ? 6 : 2) * patience ||
               (!visit->upload && too_slow(visit, now, 3 * patience));
    case FCT_VISIT_ANSWER:
        visit_check_unsent(visit, now);
        return now - visit->last > 3 * patience ||
               (!visit->endless && visit->unsent && too_slow(visit, now, 6 * patience));
    case FCT_VISIT_SOCKET:
        visit_check_unsent(visit, now);
        return now - visit->last > 6 * patience;
    case FCT_VISIT_WORK:
        return FALSE;
    }
    return FALSE;
}

void fct_visits_check(FctVisits *visits)
{
    gint64 now = now_us(visits);
    for (GList *l = visits->all, *next; l; l = next) {
        next = l->next;
        FctVisit *visit = l->data;
        if (!visit->ended && is_late(visit, now))
            fct_visit_end(visit); /* this one alone leaves the list, if any */
    }
    release_ended(visits);
}

static gboolean visits_on_settle(gpointer data)
{
    FctVisits *visits = data;
    fct_visits_check(visits);
    if (visits->all)
        return G_SOURCE_CONTINUE;
    visits->timer = 0;
    return G_SOURCE_REMOVE;
}

FctVisits *fct_visits_new(const FctVisitLimits *limits)
{
    FctVisits *visits = g_new0(FctVisits, 1);
    visits->limits = *limits;
    visits->places = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, place_free);
    return visits;
}

void fct_visits_free(FctVisits *visits)
{
    if (!visits)
        return;
    g_clear_handle_id(&visits->timer, g_source_remove);
    g_clear_handle_id(&visits->release, g_source_remove);
    while (visits->all) {
        FctVisit *visit = visits->all->data;
        if (visit->stream)
            g_object_weak_unref(G_OBJECT(visit->stream), on_stream_gone, visit);
        visit_forget(visit);
    }
    g_hash_table_unref(visits->places);
    g_free(visits);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "app/visits.h"

#include "app/proxies.h"
#include "app/soup_old.h"

#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define KEY "facet-visit"
#define LOOK_MS 1000
#define NEVER 4      /* a rank: not sent away */
#define SLOWEST 1024 /* bytes a second that an answer, or a body, must make in the end */

struct FctVisits {
    FctVisitLimits limits;
    GList *all;         /* FctVisit*, the newest first */
    GHashTable *places; /* char* → GUINT: how many live */
    guint count;        /* of those that were not sent away yet */
    guint timer, release;
    gint64 told; /* when a refusal was last logged */
};

static gint64 now_us(void)
{
    return g_get_monotonic_time();
}

/* ---- counting ---- */

static char *place_of(GSocketAddress *remote)
{
    g_autofree char *text =
        G_IS_INET_SOCKET_ADDRESS(remote)
            ? g_inet_address_to_string(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(remote)))
            : g_strdup("");
    return fct_place_of_address(text);
}

static guint count_of(const FctVisits *visits, const char *place)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(visits->places, place));
}

static void count(FctVisits *visits, const char *place, int by)
{
    guint n = (guint)((int)count_of(visits, place) + by);
    visits->count = (guint)((int)visits->count + by);
    if (n)
        g_hash_table_replace(visits->places, g_strdup(place), GUINT_TO_POINTER(n));
    else
        g_hash_table_remove(visits->places, place);
}

guint fct_visits_count(const FctVisits *visits)
{
    return visits->count;
}

static guint shaking_from(const GPtrArray *shaking, const FctVisit *visit)
{
    guint n = 0;
    for (guint i = 0; i < shaking->len && !visit->exempt; i++)
        n += strcmp(((const FctVisit *)shaking->pdata[i])->place, visit->place) == 0;
    return n;
}

FctVisit *fct_visits_next(const FctVisits *visits, guint in_all, guint by_place)
{
    g_autoptr(GPtrArray) shaking = g_ptr_array_new();
    for (const GList *l = visits->all; l; l = l->next)
        if (((FctVisit *)l->data)->handshake)
            g_ptr_array_add(shaking, l->data);
    for (const GList *l = g_list_last(visits->all); l && shaking->len < in_all; l = l->prev) {
        FctVisit *visit = l->data;
        if (visit->ready && shaking_from(shaking, visit) < by_place)
            return visit;
    }
    return NULL;
}

/* ---- the end of one ---- */

static void forget(FctVisit *visit)
{
    FctVisits *visits = visit->visits;
    visits->all = g_list_remove(visits->all, visit);
    if (!visit->ended)
        count(visits, visit->place, -1);
    g_object_set_data(G_OBJECT(visit->remote), KEY, NULL);
    g_clear_weak_pointer(&visit->soup);
    g_clear_handle_id(&visit->watch, g_source_remove);
    g_clear_object(&visit->handshake);
    if (!visit->stream)
        g_socket_close(visit->socket, NULL); /* else it is the stream's: a WebSocket may outlive the door */
    g_object_unref(visit->socket);
    g_object_unref(visit->remote);
    g_free(visit->place);
    g_free(visit);
}

static void on_stream_gone(gpointer visit, GObject *stream)
{
    forget(visit);
}

void fct_visit_follow(FctVisit *visit, GIOStream *stream)
{
    g_clear_object(&visit->handshake);
    visit->stream = stream;
    g_object_weak_ref(G_OBJECT(stream), on_stream_gone, visit);
}

void fct_visit_free(FctVisit *visit)
{
    forget(visit);
}

/* An old libsoup forgets those that end while they wait: first it sees the end, then it is made to let go. */
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
        count(visit->visits, visit->place, -1);
    }
    /* Whoever reads or writes it sees its end, and cleans up. Not closed: the number would be another's soon. */
    if (!g_socket_is_closed(visit->socket))
        shutdown(g_socket_get_fd(visit->socket), SHUT_RDWR);
    if (visit->phase == FCT_VISIT_HELLO && !visit->handshake)
        forget(visit);
    else if (visit->handshake)
        g_cancellable_cancel(visit->handshake);
    else if (visit->soup && !visit->visits->release)
        visit->visits->release = g_idle_add_full(G_PRIORITY_DEFAULT, release_old, visit->visits, NULL);
}

/* ---- room ---- */

/* Who goes first when there is no room; the lower. */
static int rank(const FctVisit *visit)
{
    if (visit->ended)
        return NEVER;
    switch (visit->phase) {
    case FCT_VISIT_WAITING:
        return fct_soup_old_left(visit) ? 0 : visit->known ? 3 : 1;
    case FCT_VISIT_HELLO:
    case FCT_VISIT_SHAKING:
    case FCT_VISIT_HEADERS:
        return visit->known ? NEVER : 2;
    case FCT_VISIT_BODY:
        return visit->known || visit->upload ? NEVER : 2;
    case FCT_VISIT_ANSWER: /* to nobody known, who does not take it */
        return visit->known || now_us() - visit->last < visit->visits->limits.patience_ms * 500LL ? NEVER : 2;
    default:
        return NEVER;
    }
}

/* @place NULL: of any. */
static gboolean send_one_away(FctVisits *visits, const char *place)
{
    FctVisit *victim = NULL;
    int worst = NEVER;
    for (GList *l = visits->all; l; l = l->next) {
        FctVisit *visit = l->data;
        if (place && strcmp(visit->place, place) != 0)
            continue;
        int r = rank(visit);
        if (r < worst || (r == worst && victim && visit->last < victim->last)) {
            worst = r;
            victim = visit;
        }
    }
    if (victim)
        fct_visit_end(victim);
    return victim != NULL;
}

gboolean fct_visits_make_room(FctVisits *visits)
{
    return send_one_away(visits, NULL);
}

static gboolean has_room(FctVisits *visits, const char *place, gboolean exempt)
{
    if (!exempt && count_of(visits, place) >= visits->limits.by_address && !send_one_away(visits, place))
        return FALSE;
    return visits->count < visits->limits.in_all || send_one_away(visits, NULL);
}

/* Once in ten seconds: the log is no place for who knocks often. */
static void tell_refusal(FctVisits *visits, const char *place)
{
    if (visits->told && now_us() - visits->told < 10 * G_USEC_PER_SEC)
        return;
    visits->told = now_us();
    g_message("A connection from %s was refused: %u of %u are open, %u from there (at most %u); none is idle.", place,
              visits->count, visits->limits.in_all, count_of(visits, place), visits->limits.by_address);
}

static gboolean look(gpointer data);

FctVisit *fct_visit_new(FctVisits *visits, GSocket *socket, GSocketAddress *remote, gboolean exempt)
{
    g_autofree char *place = place_of(remote);
    if (!has_room(visits, place, exempt)) {
        tell_refusal(visits, place);
        g_socket_close(socket, NULL);
        g_object_unref(socket);
        return NULL;
    }
    FctVisit *visit = g_new0(FctVisit, 1);
    *visit = (FctVisit){.visits = visits,
                        .socket = socket,
                        .remote = g_object_ref(remote),
                        .place = g_steal_pointer(&place),
                        .exempt = exempt};
    g_object_set_data(G_OBJECT(remote), KEY, visit);
    visits->all = g_list_prepend(visits->all, visit);
    count(visits, visit->place, 1);
    fct_visit_enter(visit, FCT_VISIT_HELLO);
    if (!visits->timer)
        visits->timer =
            g_timeout_add_full(G_PRIORITY_HIGH, MIN(LOOK_MS, visits->limits.patience_ms / 4), look, visits, NULL);
    return visit;
}

/* ---- how far a request is ---- */

void fct_visit_enter(FctVisit *visit, FctVisitPhase phase)
{
    visit->phase = phase;
    visit->since = visit->last = now_us();
    visit->bytes = 0;
    visit->unsent = 0;
}

FctVisit *fct_visit_of(SoupServerMessage *message)
{
    GSocketAddress *remote = soup_server_message_get_remote_address(message);
    return remote ? g_object_get_data(G_OBJECT(remote), KEY) : NULL;
}

static void enter(SoupServerMessage *message, FctVisitPhase phase)
{
    FctVisit *visit = fct_visit_of(message);
    if (visit)
        fct_visit_enter(visit, phase);
}

static void moved(SoupServerMessage *message, gsize bytes)
{
    FctVisit *visit = fct_visit_of(message);
    if (!visit)
        return;
    visit->last = now_us();
    visit->bytes += bytes;
}

static void on_headers(SoupServerMessage *message, gpointer data)
{
    enter(message, FCT_VISIT_BODY);
}

static void on_chunk(SoupServerMessage *message, GBytes *chunk, gpointer data)
{
    moved(message, g_bytes_get_size(chunk));
}

static void on_body(SoupServerMessage *message, gpointer data)
{
    enter(message, FCT_VISIT_WORK);
}

static void on_answer(SoupServerMessage *message, gpointer data)
{
    SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
    FctVisit *visit = fct_visit_of(message);
    enter(message, FCT_VISIT_ANSWER);
    if (visit)
        visit->endless = soup_message_headers_get_encoding(headers) == SOUP_ENCODING_CHUNKED;
}

static void on_data(SoupServerMessage *message, guint bytes, gpointer data)
{
    moved(message, bytes);
}

static void on_upgraded(SoupServerMessage *message, gpointer data)
{
    if (soup_server_message_get_status(message) == SOUP_STATUS_SWITCHING_PROTOCOLS)
        enter(message, FCT_VISIT_SOCKET);
}

static gboolean is_last(SoupServerMessage *message)
{
    return soup_message_headers_header_contains(soup_server_message_get_request_headers(message), "Connection",
                                                "close") ||
           soup_message_headers_header_contains(soup_server_message_get_response_headers(message), "Connection",
                                                "close") ||
           soup_server_message_get_http_version(message) == SOUP_HTTP_1_0;
}

static void on_finished(SoupServerMessage *message, gpointer data)
{
    FctVisit *visit = fct_visit_of(message);
    if (!visit)
        return;
    fct_visit_enter(visit, FCT_VISIT_WAITING);
    visit->upload = visit->endless = FALSE;
    visit->answered = TRUE;
    /* libsoup closes such a one now, and TLS says goodbye: written to a client that does not read, that would hold this
     * thread. What was sent before still arrives. */
    if (is_last(message) && !g_socket_is_closed(visit->socket) &&
        !(g_socket_condition_check(visit->socket, G_IO_OUT) & G_IO_OUT))
        shutdown(g_socket_get_fd(visit->socket), SHUT_WR);
}

void fct_visit_request(FctVisit *visit, SoupServerMessage *message)
{
    /* libsoup makes the first message when the connection begins, later ones with their first byte. */
    fct_visit_enter(visit, visit->requests++ ? FCT_VISIT_HEADERS : FCT_VISIT_WAITING);
    g_signal_connect(message, "got-headers", G_CALLBACK(on_headers), NULL);
    g_signal_connect(message, "got-chunk", G_CALLBACK(on_chunk), NULL);
    g_signal_connect(message, "got-body", G_CALLBACK(on_body), NULL);
    g_signal_connect(message, "wrote-headers", G_CALLBACK(on_answer), NULL);
    g_signal_connect(message, "wrote-body-data", G_CALLBACK(on_data), NULL);
    g_signal_connect(message, "wrote-informational", G_CALLBACK(on_upgraded), NULL);
    g_signal_connect(message, "finished", G_CALLBACK(on_finished), NULL);
}

/* ---- patience ---- */

static int queued(const FctVisit *visit, unsigned long what)
{
    int n = 0;
    return !g_socket_is_closed(visit->socket) && ioctl(g_socket_get_fd(visit->socket), what, &n) == 0 ? n : 0;
}

/* A client that takes nothing of what is there for it. */
static void look_at_unsent(FctVisit *visit, gint64 now)
{
    int unsent = queued(visit, SIOCOUTQ);
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
    case FCT_VISIT_SHAKING:
        return now - visit->since > patience;
    case FCT_VISIT_WAITING:
        return now - visit->since > (visit->answered ? 8 : 2) * patience ||
               (visit->requests && fct_soup_old_left(visit));
    case FCT_VISIT_HEADERS:
        return now - visit->since > 2 * patience;
    case FCT_VISIT_BODY:
        if (queued(visit, FIONREAD) > 0)
            visit->last = now; /* we are the slow one: a disk */
        return now - visit->last > (visit->upload ? 6 : 2) * patience ||
               (!visit->upload && too_slow(visit, now, 3 * patience));
    case FCT_VISIT_ANSWER:
        look_at_unsent(visit, now);
        return now - visit->last > 3 * patience ||
               (!visit->endless && visit->unsent && too_slow(visit, now, 6 * patience));
    case FCT_VISIT_SOCKET:
        look_at_unsent(visit, now);
        return now - visit->last > 6 * patience;
    case FCT_VISIT_WORK:
        return FALSE;
    }
    return FALSE;
}

static gboolean look(gpointer data)
{
    FctVisits *visits = data;
    gint64 now = now_us();
    for (GList *l = visits->all, *next; l; l = next) {
        next = l->next;
        FctVisit *visit = l->data;
        if (!visit->ended && is_late(visit, now))
            fct_visit_end(visit); /* this one alone leaves the list, if any */
    }
    release_ended(visits);
    if (visits->all)
        return G_SOURCE_CONTINUE;
    visits->timer = 0;
    return G_SOURCE_REMOVE;
}

FctVisits *fct_visits_new(const FctVisitLimits *limits)
{
    FctVisits *visits = g_new0(FctVisits, 1);
    visits->limits = *limits;
    visits->places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
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
        forget(visit);
    }
    g_hash_table_unref(visits->places);
    g_free(visits);
}

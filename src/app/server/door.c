/* SPDX-License-Identifier: Apache-2.0 */
#include "app/server/door.h"

#include "app/api/soup_old.h"
#include "base/error.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 512
#define AT_ONCE 16         /* connections that are accepted before others get their turn */
#define SHAKING 16         /* handshakes at once: each holds a thread of GIO, which has few */
#define SHAKING_BY_PLACE 4 /* of one address */
#define RECORD_HEAD 5      /* of a TLS record: kind, version, length */
#define RECORD_MAX (RECORD_HEAD + 16384)
#define HANDSHAKE_RECORD 22
#define PAUSE_MS 200 /* pause after descriptors have run out */

struct FctDoor {
    SoupServer *soup;
    GTlsCertificate *certificate;
    const FctProxies *proxies;
    FctVisits *visits;
    GSocket *listener;
    GSocket *quiet; /* see door_keep_spare */
    GList *shakes;  /* Shake*: handshakes under way */
    guint source, pause;
    int spare; /* a descriptor to give up when none is left, so that callers can be turned away */
    gint64 told;
    gulong old;
    guint16 port;
};

/* ---- the handshake ---- */

static void shake_next(FctDoor *door);

typedef struct {
    FctDoor *door; /* NULL: the door is gone, and the visit with it */
    FctVisit *visit;
} Shake;

static gboolean is_modern(GTlsConnection *tls)
{
    return g_tls_connection_get_protocol_version(tls) >= G_TLS_PROTOCOL_VERSION_TLS_1_2;
}

static void on_shaken(GObject *object, GAsyncResult *result, gpointer data)
{
    g_autofree Shake *shake = data;
    FctVisit *visit = shake->visit;
    g_autoptr(GTlsConnection) tls = G_TLS_CONNECTION(object);
    g_autoptr(GSocketAddress) local = NULL;
    if (!shake->door)
        return;
    shake->door->shakes = g_list_remove(shake->door->shakes, shake);
    gboolean ok = g_tls_connection_handshake_finish(tls, result, NULL) && is_modern(tls) && !visit->ended &&
                  (local = g_socket_get_local_address(visit->socket, NULL));
    if (ok) {
        fct_visit_enter(visit, FCT_VISIT_WAITING);
        fct_visit_follow(visit, G_IO_STREAM(tls));
        soup_server_accept_iostream(shake->door->soup, G_IO_STREAM(tls), local, visit->remote, NULL);
    } else {
        fct_visit_free(visit);
    }
    shake_next(shake->door);
}

static void door_shake_hands(FctDoor *door, FctVisit *visit)
{
    static const char *const protocols[] = {"http/1.1", "http/1.0", NULL};
    g_autoptr(GSocketConnection) plain = g_socket_connection_factory_create_connection(visit->socket);
    g_autoptr(GIOStream) tls = g_tls_server_connection_new(G_IO_STREAM(plain), door->certificate, NULL);
    visit->ready = FALSE;
    if (!tls) {
        fct_visit_free(visit);
        return;
    }
    /* Clients show no certificate, so no authorities are needed; GIO would read the system's for each connection. */
    g_object_set(tls, "database", NULL, "require-close-notify", FALSE, "advertised-protocols", protocols, NULL);
    visit->handshake = g_cancellable_new();
    fct_visit_enter(visit, FCT_VISIT_SHAKING);
    Shake *data = g_new(Shake, 1);
    *data = (Shake){door, visit};
    door->shakes = g_list_prepend(door->shakes, data);
    g_tls_connection_handshake_async(G_TLS_CONNECTION(g_steal_pointer(&tls)), G_PRIORITY_DEFAULT, visit->handshake,
                                     on_shaken, data);
}

static void shake_next(FctDoor *door)
{
    FctVisit *visit = fct_visits_next(door->visits, SHAKING, SHAKING_BY_PLACE);
    if (visit && door->listener)
        door_shake_hands(door, visit);
}

/* ---- the greeting ---- */

static void wake_at(const FctVisit *visit, int bytes)
{
    setsockopt(g_socket_get_fd(visit->socket), SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
}

/*
 * GIO uses a thread for each handshake, so it begins when the client's whole first record is there. The bytes are only
 * peeked at.
 */
static gboolean on_greeting(int fd, GIOCondition condition, gpointer data)
{
    Shake *greeting = data;
    FctVisit *visit = greeting->visit;
    guint8 record[RECORD_MAX];
    gssize n = recv(fd, record, sizeof record, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    int whole = n >= RECORD_HEAD ? RECORD_HEAD + (record[3] << 8 | record[4]) : 0;
    if (whole > (int)n && whole <= RECORD_MAX && record[0] == HANDSHAKE_RECORD &&
        !(condition & (G_IO_HUP | G_IO_ERR))) {
        int before = 0;
        socklen_t length = sizeof before;
        getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &before, &length);
        if (before < whole) { /* woken again without more bytes: the client has ended */
            wake_at(visit, whole);
            return G_SOURCE_CONTINUE;
        }
    }
    visit->watch = 0;
    if (n < RECORD_HEAD || record[0] != HANDSHAKE_RECORD || whole > (int)n) {
        fct_visit_free(visit);
        return G_SOURCE_REMOVE;
    }
    wake_at(visit, 1);
    fct_visit_enter(visit, FCT_VISIT_HELLO); /* from here on the client waits for us */
    visit->ready = TRUE;
    shake_next(greeting->door);
    return G_SOURCE_REMOVE;
}

static void door_welcome(FctDoor *door, int fd, const struct sockaddr_storage *from, socklen_t length)
{
    g_autoptr(GSocketAddress) remote = g_socket_address_new_from_native((gpointer)from, length);
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, NULL);
    if (!socket || !remote) {
        if (!socket)
            close(fd);
        return;
    }
    gboolean exempt = fct_proxies_trusts(door->proxies, remote);
    FctVisit *visit = fct_visit_new(door->visits, g_steal_pointer(&socket), remote, exempt);
    if (!visit)
        return;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    wake_at(visit, RECORD_HEAD);
    Shake *greeting = g_new(Shake, 1);
    *greeting = (Shake){door, visit};
    visit->watch =
        g_unix_fd_add_full(G_PRIORITY_DEFAULT, fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_greeting, greeting, g_free);
}

/* ---- accepting ---- */

static gboolean on_knock(int fd, GIOCondition condition, gpointer data);

static void listen_again(FctDoor *door)
{
    door->source = g_unix_fd_add(g_socket_get_fd(door->listener), G_IO_IN, on_knock, door);
}

static gboolean on_pause_over(gpointer data)
{
    FctDoor *door = data;
    door->pause = 0;
    listen_again(door);
    return G_SOURCE_REMOVE;
}

static int take_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/*
 * No descriptor is left. The next caller is turned away rather than kept waiting, and an idle connection is closed to
 * make room.
 */
static void on_shortage(FctDoor *door, int why)
{
    gboolean room = fct_visits_make_room(door->visits);
    gint64 now = g_get_monotonic_time();
    if (!door->told || now - door->told > 10 * G_USEC_PER_SEC)
        g_warning(
            "A connection cannot be accepted: %s. %u are open; %s. More descriptors: LimitNOFILE of facetd's unit.",
            g_strerror(why), fct_visits_count(door->visits), room ? "an idle one was ended" : "none is idle");
    door->told = now;
    if (door->spare >= 0) {
        fct_close(&door->spare);
        int fd = accept4(g_socket_get_fd(door->listener), NULL, NULL, SOCK_CLOEXEC);
        fct_close(&fd);
        door->spare = take_spare();
    }
    g_clear_handle_id(&door->source, g_source_remove);
    door->pause = g_timeout_add(PAUSE_MS, on_pause_over, door);
}

static gboolean on_knock(int listener, GIOCondition condition, gpointer data)
{
    FctDoor *door = data;
    if (door->spare < 0)
        door->spare = take_spare();
    for (int i = 0; i < AT_ONCE; i++) {
        struct sockaddr_storage from;
        socklen_t length = sizeof from;
        int fd = accept4(listener, (struct sockaddr *)&from, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            door_welcome(door, fd, &from, length);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            on_shortage(door, errno);
            return G_SOURCE_CONTINUE; /* its source was removed */
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
        /* Other errors are of this one connection, which has ended before it began. */
    }
    return G_SOURCE_CONTINUE;
}

/* ---- the door ---- */

static gboolean open_listener(FctDoor *door, const char *text, guint16 port, GError **error)
{
    g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string(text, port);
    if (!address)
        return fct_set_error(error, FCT_ERROR_BAD_REQUEST, "“%s” is no address to serve at.", text);
    GSocketFamily family = g_socket_address_get_family(address);
    g_autoptr(GSocket) socket = g_socket_new(family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
    if (!socket)
        return FALSE;
    if (family == G_SOCKET_FAMILY_IPV6)
        g_socket_set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, TRUE, NULL);
    g_socket_set_listen_backlog(socket, BACKLOG);
    g_socket_set_blocking(socket, FALSE);
    if (!g_socket_bind(socket, address, TRUE, error) || !g_socket_listen(socket, error))
        return FALSE;
    g_autoptr(GSocketAddress) local = g_socket_get_local_address(socket, error);
    if (!local)
        return FALSE;
    door->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(local));
    door->listener = g_steal_pointer(&socket);
    return TRUE;
}

/*
 * libsoup keeps a connection for further requests only while it listens itself: so it listens at a socket to which
 * nobody connects.
 */
static gboolean door_keep_spare(FctDoor *door, GError **error)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return fct_set_error(error, FCT_ERROR_INTERNAL, "A socket cannot be made: %s.", g_strerror(errno));
    g_autoptr(GSocket) mine = g_socket_new_from_fd(ends[0], error);
    door->quiet = g_socket_new_from_fd(ends[1], NULL);
    return mine && door->quiet && soup_server_listen_socket(door->soup, mine, 0, error);
}

FctDoor *fct_door_new(SoupServer *soup, GTlsCertificate *certificate, const FctProxies *proxies,
                      const FctVisitLimits *limits, const char *address, guint16 port, GError **error)
{
    FctDoor *door = g_new0(FctDoor, 1);
    door->soup = g_object_ref(soup);
    door->certificate = g_object_ref(certificate);
    door->proxies = proxies;
    door->visits = fct_visits_new(limits);
    door->spare = take_spare();
    if (!open_listener(door, address, port, error) || !door_keep_spare(door, error)) {
        fct_door_free(door);
        return NULL;
    }
    door->old = fct_soup_old_watch(fct_visit_of);
    listen_again(door);
    return door;
}

guint16 fct_door_port(const FctDoor *door)
{
    return door->port;
}

void fct_door_close(FctDoor *door)
{
    g_clear_handle_id(&door->source, g_source_remove);
    g_clear_handle_id(&door->pause, g_source_remove);
    g_clear_object(&door->listener);
}

void fct_door_free(FctDoor *door)
{
    if (!door)
        return;
    fct_door_close(door);
    fct_soup_old_unwatch(door->old);
    for (GList *l = door->shakes; l; l = l->next) {
        Shake *under_way = l->data;
        under_way->door = NULL;
        g_cancellable_cancel(under_way->visit->handshake);
    }
    g_list_free(door->shakes);
    fct_visits_free(door->visits);
    g_clear_object(&door->quiet);
    fct_close(&door->spare);
    g_object_unref(door->certificate);
    g_object_unref(door->soup);
    g_free(door);
}

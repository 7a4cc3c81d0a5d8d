/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/soup_old.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define FIXED_MAJOR 3
#define FIXED_MINOR 3
#define CONNECTION "SoupServerConnection"

static FctSoupOldVisit visit_of; /* the same for all servers */

gboolean fct_soup_old(void)
{
    return !soup_check_version(FIXED_MAJOR, FIXED_MINOR, 0);
}

static guint connection_signal(const char *name)
{
    GType type = g_type_from_name(CONNECTION);
    if (!type)
        return 0;
    g_type_class_unref(g_type_class_ref(type)); /* its signals exist from its first use on */
    return g_signal_lookup(name, type);
}

/* The connection tells its server that a request begins. */
static gboolean on_request(GSignalInvocationHint *hint, guint n, const GValue *values, gpointer data)
{
    GObject *connection = g_value_get_object(&values[0]);
    FctVisit *visit = n > 1 ? visit_of(g_value_get_object(&values[1])) : NULL;
    if (visit && !visit->soup)
        g_set_weak_pointer(&visit->soup, connection);
    return TRUE;
}

gulong fct_soup_old_watch(FctSoupOldVisit of)
{
    visit_of = of;
    guint signal = fct_soup_old() ? connection_signal("request-started") : 0;
    return signal ? g_signal_add_emission_hook(signal, 0, on_request, NULL, NULL) : 0;
}

void fct_soup_old_unwatch(gulong watch)
{
    if (watch)
        g_signal_remove_emission_hook(connection_signal("request-started"), watch);
}

gboolean fct_soup_old_left(const FctVisit *visit)
{
    struct tcp_info info;
    socklen_t length = sizeof info;
    return visit->soup && !g_socket_is_closed(visit->socket) &&
           getsockopt(g_socket_get_fd(visit->socket), IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
           info.tcpi_state != TCP_ESTABLISHED;
}

gboolean fct_soup_old_release(FctVisit *visit)
{
    GObject *connection = visit->soup;
    /* Another reference belongs to a message: libsoup still waits for its bytes and will see the end. */
    if (!connection || g_atomic_int_get((gint *)&connection->ref_count) != 1)
        return FALSE;
    g_clear_weak_pointer(&visit->soup);
    g_signal_emit_by_name(connection, "disconnected"); /* the server drops its reference, which is the last */
    return TRUE;
}

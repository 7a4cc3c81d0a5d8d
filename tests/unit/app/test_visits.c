/* SPDX-License-Identifier: Apache-2.0 */
/* Newcomers get in beside four addresses that keep the door as busy as they can, none of them signed in. */
#include "app/api/visits.h"

#include <sys/socket.h>
#include <unistd.h>

#define ATTACKERS 4
#define IN_ALL 64
#define BY_ADDRESS 16
#define SLOTS 8
#define SLOTS_BY_PLACE 2
#define STEP_MS 100

static gint64 clock_us;

static gint64 now_us(void)
{
    return clock_us;
}

typedef struct {
    FctVisits *visits;
    GList *clients; /* what they hold of their connections: descriptors */
} Door;

static void set_up(Door *door, gconstpointer data)
{
    const FctVisitLimits limits = {IN_ALL, BY_ADDRESS, 10000, now_us};
    clock_us = G_USEC_PER_SEC;
    door->visits = fct_visits_new(&limits);
}

static void tear_down(Door *door, gconstpointer data)
{
    fct_visits_free(door->visits);
    for (GList *l = door->clients; l; l = l->next)
        close(GPOINTER_TO_INT(l->data));
    g_list_free(door->clients);
}

/* NULL: refused. */
static FctVisit *knock(Door *door, const char *address)
{
    static guint16 port;
    int ends[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
    door->clients = g_list_prepend(door->clients, GINT_TO_POINTER(ends[1]));
    g_autoptr(GSocketAddress) remote = g_inet_socket_address_new_from_string(address, ++port);
    return fct_visit_new(door->visits, g_socket_new_from_fd(ends[0], NULL), remote, FALSE);
}

static const char *attacker(int n)
{
    static const char *const addresses[ATTACKERS] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"};
    return addresses[n % ATTACKERS];
}

/* ---- handshakes ---- */

static void greet(FctVisit *visit)
{
    if (visit)
        visit->ready = TRUE;
}

/* What the door does: begins handshakes while there is room for them; those that were cancelled end. */
static gboolean shake(Door *door, GList **shaking, const FctVisit *awaited)
{
    FctVisit *visit;
    gboolean came = FALSE;
    for (GList *l = *shaking, *next; l; l = next) {
        next = l->next;
        if (!g_cancellable_is_cancelled(((FctVisit *)l->data)->handshake))
            continue;
        fct_visit_free(l->data);
        *shaking = g_list_delete_link(*shaking, l);
    }
    while ((visit = fct_visits_next(door->visits, SLOTS, SLOTS_BY_PLACE))) {
        visit->ready = FALSE;
        visit->handshake = g_cancellable_new();
        fct_visit_enter(visit, FCT_VISIT_SHAKING);
        *shaking = g_list_prepend(*shaking, visit);
        came = came || visit == awaited;
    }
    return came;
}

/* They greet whole, again and again, and say nothing more; one who is honest comes when all that they may have waits.
 */
static void test_handshakes(Door *door, gconstpointer data)
{
    GList *shaking = NULL;
    FctVisit *honest = NULL;
    gint64 came_us = 0;
    for (int step = 0; !came_us && step < 300; step++) {
        for (int i = 0; i < ATTACKERS && step % 6 == 0; i++)
            greet(knock(door, attacker(i)));
        if (step == 100)
            greet(honest = knock(door, "198.51.100.1"));
        clock_us += STEP_MS * 1000LL;
        if (step % 10 == 0)
            fct_visits_check(door->visits);
        if (shake(door, &shaking, honest) && honest)
            came_us = clock_us;
    }
    g_assert_cmpint(came_us, >, 0);
    g_assert_cmpint(came_us - G_USEC_PER_SEC, <, 105 * STEP_MS * 1000LL + 4 * G_USEC_PER_SEC);
    g_list_free(shaking);
}

/* Who waits for us is not sent away after the time that a client has. */
static void test_queue(Door *door, gconstpointer data)
{
    FctVisit *silent = knock(door, "192.0.2.1"), *waits = knock(door, "198.51.100.1");
    g_assert_nonnull(silent);
    greet(waits);
    clock_us += 11 * G_USEC_PER_SEC;
    fct_visits_check(door->visits);
    g_assert_cmpuint(fct_visits_count(door->visits), ==, 1);
    g_assert_true(fct_visits_next(door->visits, SLOTS, SLOTS_BY_PLACE) == waits);
}

/* ---- answers ---- */

/* All that there may be, each taking an answer a little faster than the slowest that may be. */
static GList *trickling(Door *door)
{
    GList *all = NULL;
    for (int i = 0; i < IN_ALL; i++) {
        FctVisit *visit = knock(door, attacker(i));
        if (!visit)
            continue;
        fct_visit_enter(visit, FCT_VISIT_ANSWER);
        all = g_list_prepend(all, visit);
    }
    return all;
}

static void trickle(Door *door, GList *all, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        clock_us += G_USEC_PER_SEC;
        for (GList *l = all; l; l = l->next) {
            ((FctVisit *)l->data)->last = clock_us;
            ((FctVisit *)l->data)->bytes += 1100;
        }
        fct_visits_check(door->visits);
    }
}

/* An answer that trickles keeps nobody out, and who came meanwhile is not the next to go. */
static void test_answers(Door *door, gconstpointer data)
{
    GList *all = trickling(door);
    trickle(door, all, 8);
    FctVisit *honest = knock(door, "198.51.100.1"), *signed_in = knock(door, "198.51.100.2");
    g_assert_nonnull(honest);
    g_assert_nonnull(signed_in);
    fct_visit_enter(honest, FCT_VISIT_WAITING);
    fct_visit_enter(signed_in, FCT_VISIT_WAITING);
    fct_visit_know(signed_in);
    for (int i = 0; i < IN_ALL; i++) {
        FctVisit *more = knock(door, attacker(i));
        if (more)
            fct_visit_enter(more, FCT_VISIT_ANSWER);
    }
    g_assert_false(honest->ended);
    g_assert_false(signed_in->ended);
    g_assert_cmpuint(fct_visits_count(door->visits), <=, IN_ALL);
    g_list_free(all);
}

/* Answers that have all just begun neither. */
static void test_fresh_answers(Door *door, gconstpointer data)
{
    g_list_free(trickling(door));
    g_assert_nonnull(knock(door, "198.51.100.1"));
}

/* Nobody's connections push out those on which somebody has signed in, nor all of them together the last eighth. */
static void test_strangers(Door *door, gconstpointer data)
{
    FctVisit *known[IN_ALL / 8 * 2];
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        known[i] = knock(door, i % 2 ? "198.51.100.1" : "198.51.100.2");
        fct_visit_enter(known[i], FCT_VISIT_WAITING);
        fct_visit_know(known[i]);
    }
    for (int i = 0; i < 4 * IN_ALL; i++)
        knock(door, attacker(i));
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        g_assert_false(known[i]->ended);
    g_assert_cmpuint(fct_visits_count(door->visits), <=, IN_ALL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/app/visits/" name, Door, NULL, set_up, func, tear_down)
    ADD("handshakes", test_handshakes);
    ADD("queue", test_queue);
    ADD("answers", test_answers);
    ADD("fresh-answers", test_fresh_answers);
    ADD("strangers", test_strangers);
    return g_test_run();
}

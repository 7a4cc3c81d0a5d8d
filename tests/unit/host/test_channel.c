/* SPDX-License-Identifier: Apache-2.0 */
/* What one client may cost the helper: frames are bounded, half ones time out (security.md S14). */
#include "host/channel.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    FctChannel *channel;
    int peer;
    guint frames;
    gboolean closed;
    int code; /* of the error it was closed with; -1: a clean end */
} Fixture;

static const FctChannelRules rules = {.frame = 1000, .backlog = 4000, .half_ms = 200};

static void on_frame(json_t *frame, gpointer data)
{
    ((Fixture *)data)->frames++;
}

static void on_closed(const GError *error, gpointer data)
{
    Fixture *f = data;
    f->closed = TRUE;
    f->code = error ? (int)fct_error_code(error) : -1;
}

static void set_up(Fixture *f, gconstpointer data)
{
    int ends[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
    f->peer = ends[1];
    f->channel = fct_channel_new(ends[0], &rules, on_frame, on_closed, f);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    fct_channel_free(f->channel);
    close(f->peer);
}

/* A length and so many bytes of what follows. */
static void say(Fixture *f, guint32 announced, const char *text, gsize length)
{
    guint32 head = GUINT32_TO_LE(announced);
    g_assert_cmpint(send(f->peer, &head, sizeof head, 0), ==, sizeof head);
    g_assert_cmpint(send(f->peer, text, length, 0), ==, (gssize)length);
}

static void wait_closed(const Fixture *f)
{
    while (!f->closed)
        g_main_context_iteration(NULL, TRUE);
}

static void test_large(Fixture *f, gconstpointer data)
{
    say(f, 15u * 1024 * 1024, "{", 1);
    wait_closed(f);
    g_assert_cmpint(f->code, ==, FCT_ERROR_TOO_LARGE);
}

static void test_half(Fixture *f, gconstpointer data)
{
    say(f, 2, "{}", 2);
    say(f, 900, "{\"verb\":", 8);
    wait_closed(f);
    g_assert_cmpuint(f->frames, ==, 1);
    g_assert_cmpint(f->code, ==, FCT_ERROR_TIMEOUT);
}

static void test_silent_head(Fixture *f, gconstpointer data)
{
    g_assert_cmpint(send(f->peer, "\x02", 1, 0), ==, 1);
    wait_closed(f);
    g_assert_cmpint(f->code, ==, FCT_ERROR_TIMEOUT);
}

static gboolean on_time(gpointer data)
{
    *(gboolean *)data = TRUE;
    return G_SOURCE_REMOVE;
}

/* Whoever has sent whole frames may be silent as long as he likes. */
static void test_whole(Fixture *f, gconstpointer data)
{
    gboolean over = FALSE;
    for (int i = 0; i < 100; i++)
        say(f, 2, "{}", 2);
    g_timeout_add(3 * rules.half_ms, on_time, &over);
    while (!over)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(f->frames, ==, 100);
    g_assert_false(f->closed);
    close(f->peer);
    f->peer = dup(0);
    wait_closed(f);
    g_assert_cmpint(f->code, ==, -1);
}

/* What a client that does not read makes wait is bounded: the backlog and one answer. */
static void test_deaf(Fixture *f, gconstpointer data)
{
    g_autofree char *text = g_strnfill(100000, 'x');
    g_autoptr(json_t) answer = json_pack("{s:s}", "text", text);
    for (int i = 0; i < 100; i++)
        fct_channel_send(f->channel, answer);
    wait_closed(f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/channel/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("large", test_large);
    ADD("half", test_half);
    ADD("silent-head", test_silent_head);
    ADD("whole", test_whole);
    ADD("deaf", test_deaf);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is decided at the door, without sockets: proxies, names, known browsers, the queue of sign-ins, plain text. */
#include "app/api/api.h"
#include "app/api/proxies.h"
#include "app/people/browser.h"
#include "app/people/signin_line.h"
#include "app/server/own_names.h"
#include "base/json.h"
#include "base/plain.h"

#include <string.h>

static void assert_client(const FctProxies *proxies, const char *peer, const char *forwarded, const char *client)
{
    g_autofree char *got = fct_proxies_client(proxies, peer, forwarded);
    g_assert_cmpstr(got, ==, client);
}

static void test_proxies(void)
{
    static const char *const texts[] = {"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", NULL}, *const bad[] = {"proxy",
                                                                                                           NULL};
    g_autoptr(GError) error = NULL;
    FctProxies *proxies = fct_proxies_new(texts, &error);
    g_assert_no_error(error);
    assert_client(proxies, "198.51.100.1", "203.0.113.5", "198.51.100.1"); /* no proxy: not believed */
    assert_client(proxies, "10.1.2.3", NULL, "10.1.2.3");
    assert_client(proxies, "10.1.2.3", "203.0.113.5", "203.0.113.5");
    assert_client(proxies, "10.1.2.3", "1.1.1.1, 203.0.113.5, 10.9.9.9", "203.0.113.5");
    assert_client(proxies, "10.1.2.3", "203.0.113.5:4711", "203.0.113.5");
    assert_client(proxies, "2001:db8::1", "[2001:db9::5]:4711", "2001:db9::5");
    assert_client(proxies, "192.0.2.7", "203.0.113.5, <script>", "192.0.2.7");
    assert_client(proxies, "10.1.2.3", ",,,", "10.1.2.3");
    fct_proxies_free(proxies);
    g_assert_null(fct_proxies_new(bad, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
}

static void test_places(void)
{
    g_autofree char *four = fct_place_of_address("192.0.2.7");
    g_autofree char *six = fct_place_of_address("2001:db8:1:2:aaaa:bbbb:cccc:dddd");
    g_autofree char *same = fct_place_of_address("2001:db8:1:2::1");
    g_assert_cmpstr(four, ==, "192.0.2.7");
    g_assert_cmpstr(six, ==, "2001:db8:1:2::/64");
    g_assert_cmpstr(six, ==, same);
}

static void test_names(void)
{
    static const char *const given[] = {"facet.example", "*.wild.example", "203.0.113.9", NULL};
    FctOwnNames *names = fct_own_names_new(given, "node-1", "0.0.0.0", NULL);
    static const char *const own[] = {"localhost",      "localhost:8006", "127.0.0.1",         "[::1]:8006",
                                      "node-1",         "facet.example",  "FACET.example:443", "facet.example.",
                                      "a.wild.example", "203.0.113.9",    "198.51.100.4:8006"};
    static const char *const others[] = {
        "evil.example", "facet.example.evil.example", "wild.example", "a.b.wild.example", "203.0.113.8", "0.0.0.0", "",
        "[::2]"};
    for (gsize i = 0; i < G_N_ELEMENTS(own); i++)
        g_assert_true(fct_own_names_has(names, own[i], "198.51.100.4"));
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(fct_own_names_has(names, others[i], "198.51.100.4"));
    g_assert_false(fct_own_names_has(names, NULL, NULL));
    fct_own_names_free(names);
}

static void test_browser(void)
{
    static const guint8 key[FCT_BROWSER_KEY] = {1, 2, 3}, other[FCT_BROWSER_KEY] = {3, 2, 1};
    const gint64 now = 1000 * 1000 * 1000LL, day = 24 * 3600 * 1000LL;
    g_autofree char *cookie = fct_browser_make(key, "a:dmin;x", "hash", "browser-1", now);
    g_autoptr(FctBrowser) good = fct_browser_read(key, cookie, now + 5);
    g_assert_nonnull(good);
    g_assert_cmpstr(good->account, ==, "a:dmin;x");
    g_assert_cmpstr(good->id, ==, "browser-1");
    g_assert_true(fct_browser_is_of(good, "a:dmin;x", "hash"));
    g_assert_false(fct_browser_is_of(good, "a:dmin;x", "hash of a new password"));
    g_assert_false(fct_browser_is_of(good, "other", "hash"));
    g_assert_null(strpbrk(cookie, ";, \"")); /* nothing that ends a cookie */
    g_assert_null(fct_browser_read(other, cookie, now));
    g_assert_null(fct_browser_read(key, cookie, now - 1));
    g_assert_null(fct_browser_read(key, cookie, now + (FCT_BROWSER_DAYS + 1) * day));
    g_assert_null(fct_browser_read(key, NULL, now));
    for (gsize i = 0; i < strlen(cookie); i++) { /* each letter counts */
        char was = cookie[i];
        cookie[i] = was == 'a' ? 'b' : 'a';
        g_assert_null(fct_browser_read(key, cookie, now));
        cookie[i] = was;
    }
}

static void test_line(void)
{
    FctSigninLine *line = fct_signin_line_new(6, 4);
    /* All of one network: whoever has one address of it has all. */
    static const char *const attacker[] = {"2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::1", "2001:db8::3"};
    char guess[8], owner, neighbour, known;
    for (gsize i = 0; i < 4; i++)
        g_assert_true(fct_signin_line_push(line, attacker[i], NULL, &guess[i]));
    g_assert_false(fct_signin_line_push(line, "2001:db8::4", NULL, &guess[4])); /* its lane is full */
    g_assert_true(fct_signin_line_push(line, "192.0.2.1", NULL, &owner));
    g_assert_true(fct_signin_line_push(line, "192.0.2.2", NULL, &neighbour));
    g_assert_false(fct_signin_line_push(line, "192.0.2.3", NULL, &guess[5]));      /* the whole line is */
    g_assert_true(fct_signin_line_push(line, "2001:db8::1", "browser-1", &known)); /* but not for who is known */
    const gpointer order[] = {&known, &guess[0], &owner, &neighbour, &guess[1], &guess[2], &guess[3], NULL};
    for (gsize i = 0; i < G_N_ELEMENTS(order); i++)
        g_assert_true(fct_signin_line_pop(line) == order[i]);
    fct_signin_line_free(line);
}

static void test_plain(void)
{
    static const char *const good[] = {"", "a", "Büro 7", "日本語", "شبكة", "می\u200cخواهم", "e\u0301", "👍"};
    static const char *const bad[] = {"\a",     "a\n",    "\t",     "\x7f",   "\xc2\x85", "a\u202eb",   "\u2066",
                                      "\u200e", "\u061c", "\u200b", "\ufeff", "\u2028",   "\U000e0041", "\xff"};
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(fct_plain_is(good[i], FALSE));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *shown = fct_plain_shown(bad[i]);
        g_assert_false(fct_plain_is(bad[i], FALSE));
        g_assert_true(fct_plain_is(shown, FALSE));
    }
    g_assert_true(fct_plain_is("one\n\ttwo\r\n", TRUE));
    g_assert_false(fct_plain_is("one\vtwo", TRUE));
    g_autofree char *shown = fct_plain_shown("a\u202eb\n");
    g_assert_cmpstr(shown, ==, "a\\u{202E}b\\u{000A}");
}

/* security.md S15: "-1" was any revision. */
static void test_revisions(void)
{
    static const char *const bad[] = {"\"-1\"",
                                      "-1",
                                      "+1",
                                      "\"+1\"",
                                      "\" 1\"",
                                      " 1",
                                      "\"1",
                                      "1\"",
                                      "\"0\"",
                                      "0",
                                      "\"\"",
                                      "",
                                      "W/\"1\"",
                                      "\"1x\"",
                                      "0x1",
                                      "\"18446744073709551615\"",
                                      "\"99999999999999999999\"",
                                      "\"1\", \"2\""};
    guint64 revision;
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        const FctRequest request = {.if_match = bad[i]};
        g_assert_false(fct_request_revision(&request, &revision, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    }
    const FctRequest quoted = {.if_match = "\"42\""}, bare = {.if_match = "42"}, any = {.if_match = "*"};
    g_assert_true(fct_request_revision(&quoted, &revision, NULL) && revision == 42);
    g_assert_true(fct_request_revision(&bare, &revision, NULL) && revision == 42);
    g_assert_true(fct_request_revision(&any, &revision, NULL) && revision == FCT_REV_ANY);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gate/proxies", test_proxies);
    g_test_add_func("/gate/places", test_places);
    g_test_add_func("/gate/names", test_names);
    g_test_add_func("/gate/browser", test_browser);
    g_test_add_func("/gate/line", test_line);
    g_test_add_func("/gate/plain", test_plain);
    g_test_add_func("/gate/revisions", test_revisions);
    return g_test_run();
}

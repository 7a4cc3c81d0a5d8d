/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's answer comes from a stranger: it is bounded, valid, and never more than the guest said. */
#include "virt/guest.h"

#include <string.h>

typedef struct {
    virTypedParameterPtr params;
    int n, max;
} Words;

static void say(Words *w, const char *key, const char *text)
{
    g_assert_cmpint(virTypedParamsAddString(&w->params, &w->n, &w->max, key, text), ==, 0);
}

static void count(Words *w, const char *key, unsigned int n)
{
    g_assert_cmpint(virTypedParamsAddUInt(&w->params, &w->n, &w->max, key, n), ==, 0);
}

static void bytes(Words *w, const char *key, unsigned long long n)
{
    g_assert_cmpint(virTypedParamsAddULLong(&w->params, &w->n, &w->max, key, n), ==, 0);
}

static void check(Words *w, const char *expected)
{
    g_autoptr(json_t) json = fct_guest_read(w->params, w->n);
    g_autoptr(json_t) want = fct_json_parse(expected, strlen(expected), NULL);
    g_autofree char *text = fct_json_text(json);
    g_assert_nonnull(want);
    if (!json_equal(json, want))
        g_error("%s", text);
    virTypedParamsFree(w->params, w->n);
}

static void test_plain(void)
{
    Words w = {0};
    say(&w, "hostname", "alpha");
    say(&w, "os.pretty-name", "Debian GNU/Linux 12");
    say(&w, "os.kernel-release", "6.1.0");
    count(&w, "if.count", 2);
    say(&w, "if.0.name", "lo");
    count(&w, "if.0.addr.count", 1);
    say(&w, "if.0.addr.0.addr", "127.0.0.1");
    count(&w, "if.0.addr.0.prefix", 8);
    say(&w, "if.1.name", "eth0");
    say(&w, "if.1.hwaddr", "52:54:00:AA:BB:01");
    count(&w, "if.1.addr.count", 2);
    say(&w, "if.1.addr.0.addr", "10.0.0.5");
    count(&w, "if.1.addr.0.prefix", 24);
    say(&w, "if.1.addr.1.addr", "fd00::5");
    count(&w, "if.1.addr.1.prefix", 64);
    count(&w, "fs.count", 1);
    say(&w, "fs.0.mountpoint", "/");
    say(&w, "fs.0.fstype", "ext4");
    bytes(&w, "fs.0.total-bytes", 1000);
    bytes(&w, "fs.0.used-bytes", 400);
    check(&w, "{\"hostname\":\"alpha\",\"os\":\"Debian GNU/Linux 12\",\"kernel\":\"6.1.0\",\"interfaces\":["
              "{\"name\":\"lo\",\"mac\":null,\"addresses\":[\"127.0.0.1/8\"]},"
              "{\"name\":\"eth0\",\"mac\":\"52:54:00:aa:bb:01\",\"addresses\":[\"10.0.0.5/24\",\"fd00::5/64\"]}],"
              "\"filesystems\":[{\"mountpoint\":\"/\",\"type\":\"ext4\",\"total_bytes\":1000,\"used_bytes\":400}]}");
}

static void test_nothing(void)
{
    Words w = {0};
    check(&w, "{\"hostname\":null,\"os\":null,\"kernel\":null,\"interfaces\":null,\"filesystems\":null}");
}

static void test_hostile(void)
{
    Words w = {0};
    g_autofree char *long_text = g_strnfill(5000, 'a');
    say(&w, "hostname", "a\x1b[31mb");
    say(&w, "os.pretty-name", "\xff\xfe");
    say(&w, "os.name", long_text);
    say(&w, "os.kernel-release",
        "6.1 \xe2\x80\xae"
        "0.1.6"); /* turns what follows around */
    count(&w, "if.count", 4);
    say(&w, "if.0.name", "eth0");
    say(&w, "if.0.hwaddr", "<script>");
    count(&w, "if.0.addr.count", 4000000000u);
    say(&w, "if.0.addr.0.addr", "10.0.0.5; rm -rf /");
    count(&w, "if.0.addr.0.prefix", 24);
    say(&w, "if.0.addr.1.addr", "10.0.0.6");
    count(&w, "if.0.addr.1.prefix", 77);
    say(&w, "if.0.addr.2.addr", "10.0.0.7"); /* without a prefix */
    count(&w, "fs.count", 2);
    say(&w, "fs.0.mountpoint", "/");
    bytes(&w, "fs.0.total-bytes", 10);
    bytes(&w, "fs.0.used-bytes", 11);
    bytes(&w, "fs.1.total-bytes", 10); /* without a mount point */
    check(&w, "{\"hostname\":null,\"os\":null,\"kernel\":null,\"interfaces\":[{\"name\":\"eth0\",\"mac\":null,"
              "\"addresses\":[]}],"
              "\"filesystems\":[{\"mountpoint\":\"/\",\"type\":null,\"total_bytes\":10,\"used_bytes\":null}]}");
}

static void test_many(void)
{
    Words w = {0};
    count(&w, "fs.count", 1000);
    for (int i = 0; i < 1000; i++) {
        g_autofree char *key = g_strdup_printf("fs.%d.mountpoint", i);
        say(&w, key, "/");
    }
    g_autoptr(json_t) json = fct_guest_read(w.params, w.n);
    g_assert_cmpuint(json_array_size(json_object_get(json, "filesystems")), ==, 64);
    virTypedParamsFree(w.params, w.n);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0); /* no connection does it here */
    g_test_add_func("/guest-read/plain", test_plain);
    g_test_add_func("/guest-read/nothing", test_nothing);
    g_test_add_func("/guest-read/hostile", test_hostile);
    g_test_add_func("/guest-read/many", test_many);
    return g_test_run();
}

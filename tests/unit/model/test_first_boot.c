/* SPDX-License-Identifier: Apache-2.0 */
/* What people may ask for the first boot; each refusal names its field; no secret gets into a document. */
#include "model/first_boot.h"

#include <string.h>

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIL5Oj2mEpxvTCg9bV0ZSNZSjUiRQZSS0DZ1QOWYzFyE anna@desk"

static FctFirstBoot *read_boot(const char *text, GError **error)
{
    g_autoptr(json_t) input = fct_json_parse(text, strlen(text), NULL);
    g_assert_nonnull(input);
    return fct_first_boot_from_input(input, error);
}

static void test_none(void)
{
    static const char *const texts[] = {"{}", "{\"cloud_init\":null}", "{\"windows\":null,\"cloud_init\":null}"};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(read_boot(texts[i], &error));
        g_assert_no_error(error);
    }
    g_autoptr(json_t) doc = fct_first_boot_to_doc(NULL);
    g_assert_true(json_is_null(doc));
    g_assert_null(fct_first_boot_from_doc(doc));
}

static void test_good(void)
{
    static const char *const texts[] = {
        "{\"cloud_init\":{}}",
        "{\"cloud_init\":{\"user\":\"anna\",\"password\":\"p\"}}",
        "{\"cloud_init\":{\"user\":\"_a-1\",\"ssh_keys\":[\"" KEY "\",\"  " KEY "  \"]}}",
        "{\"cloud_init\":{\"hostname\":\"db-2.example.org\",\"packages\":[\"g++\",\"libc6:i386\"]}}",
        "{\"cloud_init\":{\"network\":{\"address\":\"10.0.0.5/"
        "24\",\"gateway\":\"10.0.0.1\",\"dns\":[\"10.0.0.1\",\"fd00::1\"]}}}",
        "{\"cloud_init\":{\"network\":{\"address\":\"fd00::5/64\",\"gateway\":\"fd00::1\"}}}",
        "{\"cloud_init\":{\"network\":{\"address\":\"10.0.0.0/31\",\"gateway\":\"10.0.0.1\"}}}",
        "{\"cloud_init\":{\"network\":{\"address\":\"10.0.0.0/32\",\"gateway\":\"10.9.0.255\"}}}",
        "{\"cloud_init\":{\"network\":{\"address\":\"fd00::/127\",\"gateway\":\"fd00::1\"}}}",
        "{\"cloud_init\":{\"network\":{\"address\":\"fd00::5/64\",\"gateway\":\"fe80::1\"}}}",
        "{\"cloud_init\":{\"network\":{\"address\":\"fd00::5/64\",\"gateway\":\"fd00::\"}}}",
        "{\"cloud_init\":{\"user_data\":\"#!/bin/sh\\ntrue\",\"hostname\":\"a\",\"network\":{\"address\":\"10.0.0.5/"
        "8\"}}}",
        "{\"cloud_init\":{\"user_data\":\"MIME-Version: 1.0\\nContent-Type: text/x-shellscript\\n\\n#!/bin/sh\"}}",
        "{\"windows\":{\"user\":\"Änne Müller\",\"password\":\"geheim\"}}",
        "{\"windows\":{\"user\":\"a\",\"password\":\"b\",\"product_key\":\"AAAAA-BBBBB-CCCCC-DDDDD-EEEE1\","
        "\"language\":\"zh-Hans-CN\",\"edition\":\"2\"}}",
    };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FctFirstBoot) boot = read_boot(texts[i], &error);
        g_assert_no_error(error);
        g_assert_nonnull(boot);
    }
}

static void check_refused(const char *members, const char *field)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("{%s}", members);
    g_test_message("%s", text);
    g_assert_null(read_boot(text, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    g_autoptr(json_t) wire = fct_error_to_json(error);
    g_assert_cmpstr(fct_json_str(json_object_get(wire, "details"), "field", ""), ==, field);
}

static void test_refused(void)
{
    static const char *const cases[][2] = {
        {"\"cloud_init\":7", "cloud_init"},
        {"\"cloud_init\":{\"root\":true}", "cloud_init.root"},
        {"\"cloud_init\":{\"user\":\"Anna\",\"password\":\"p\"}", "cloud_init.user"},
        {"\"cloud_init\":{\"user\":\"a b\",\"password\":\"p\"}", "cloud_init.user"},
        {"\"cloud_init\":{\"user\":[],\"password\":\"p\"}", "cloud_init.user"},
        {"\"cloud_init\":{\"user\":\"a\\nroot\",\"password\":\"p\"}", "cloud_init.user"},
        {"\"cloud_init\":{\"password\":\"p\"}", "cloud_init.user"},
        {"\"cloud_init\":{\"ssh_keys\":[\"" KEY "\"]}", "cloud_init.user"},
        {"\"cloud_init\":{\"user\":\"anna\"}", "cloud_init.password"},
        {"\"cloud_init\":{\"user\":\"anna\",\"password\":\"a\\nb\"}", "cloud_init.password"},
        {"\"cloud_init\":{\"hostname\":\"-a\"}", "cloud_init.hostname"},
        {"\"cloud_init\":{\"hostname\":\"a..b\"}", "cloud_init.hostname"},
        {"\"cloud_init\":{\"hostname\":\"a_b\"}", "cloud_init.hostname"},
        {"\"cloud_init\":{\"ssh_keys\":\"" KEY "\"}", "cloud_init.ssh_keys"},
        {"\"cloud_init\":{\"ssh_keys\":[\"hello\"]}", "cloud_init.ssh_keys"},
        {"\"cloud_init\":{\"ssh_keys\":[\"ssh-ed25519 AAAA\"]}", "cloud_init.ssh_keys"},
        /* the type within is another than the one without */
        {"\"cloud_init\":{\"ssh_keys\":[\"ssh-rsa "
         "AAAAC3NzaC1lZDI1NTE5AAAAIIL5Oj2mEpxvTCg9bV0ZSNZSjUiRQZSS0DZ1QOWYzFyE\"]}",
         "cloud_init.ssh_keys"},
        {"\"cloud_init\":{\"ssh_keys\":[\"-----BEGIN OPENSSH PRIVATE KEY-----\"]}", "cloud_init.ssh_keys"},
        {"\"cloud_init\":{\"ssh_keys\":[7]}", "cloud_init.ssh_keys"},
        {"\"cloud_init\":{\"packages\":[\"a b\"]}", "cloud_init.packages"},
        {"\"cloud_init\":{\"packages\":[\"--yes\"]}", "cloud_init.packages"},
        {"\"cloud_init\":{\"network\":\"dhcp\"}", "cloud_init.network"},
        {"\"cloud_init\":{\"network\":{}}", "cloud_init.network.address"},
        {"\"cloud_init\":{\"network\":{\"address\":\"10.0.0.5\"}}", "cloud_init.network.address"},
        {"\"cloud_init\":{\"network\":{\"address\":\"10.0.0.5/33\"}}", "cloud_init.network.address"},
        {"\"cloud_init\":{\"network\":{\"address\":\"10.0.0.256/24\"}}", "cloud_init.network.address"},
        {"\"cloud_init\":{\"network\":{\"address\":\"10.0.0.5/24\",\"gateway\":\"fd00::1\"}}",
         "cloud_init.network.gateway"},
        {"\"cloud_init\":{\"network\":{\"address\":\"10.0.0.5/24\",\"dns\":[\"ns\"]}}", "cloud_init.network.dns"},
        {"\"cloud_init\":{\"network\":{\"address\":\"10.0.0.5/24\",\"mtu\":9000}}", "cloud_init.network.mtu"},
        {"\"cloud_init\":{\"user_data\":\"hello\"}", "cloud_init.user_data"},
        {"\"cloud_init\":{\"user_data\":\"#!/bin/sh\",\"user\":\"a\",\"password\":\"b\"}", "cloud_init.user"},
        {"\"cloud_init\":{},\"windows\":{}", "windows"},
        {"\"windows\":{\"password\":\"b\"}", "windows.user"},
        {"\"windows\":{\"user\":\"Administrator\",\"password\":\"b\"}", "windows.user"},
        {"\"windows\":{\"user\":\"a/b\",\"password\":\"b\"}", "windows.user"},
        {"\"windows\":{\"user\":\"a\"}", "windows.password"},
        {"\"windows\":{\"user\":\"a\",\"password\":\"b\",\"language\":\"deutsch!\"}", "windows.language"},
        {"\"windows\":{\"user\":\"a\",\"password\":\"b\",\"product_key\":\"123\"}", "windows.product_key"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        check_refused(cases[i][0], cases[i][1]);
}

/* Addresses that are well written, and that no VM or router of its network can have. */
static void test_unusable(void)
{
    static const char *const cases[][2] = {
        {"\"cloud_init\":{\"network\":{\"address\":\"10.0.0.0/24\"}}", "cloud_init.network.address"},
        {"\"cloud_init\":{\"network\":{\"address\":\"10.0.0.255/24\"}}", "cloud_init.network.address"},
        {"\"cloud_init\":{\"network\":{\"address\":\"0.0.0.0/24\"}}", "cloud_init.network.address"},
        {"\"cloud_init\":{\"network\":{\"address\":\"127.0.0.1/8\"}}", "cloud_init.network.address"},
        {"\"cloud_init\":{\"network\":{\"address\":\"224.0.0.5/24\"}}", "cloud_init.network.address"},
        {"\"cloud_init\":{\"network\":{\"address\":\"255.255.255.255/32\"}}", "cloud_init.network.address"},
        {"\"cloud_init\":{\"network\":{\"address\":\"::/64\"}}", "cloud_init.network.address"},
        {"\"cloud_init\":{\"network\":{\"address\":\"::1/64\"}}", "cloud_init.network.address"},
        {"\"cloud_init\":{\"network\":{\"address\":\"ff02::1/64\"}}", "cloud_init.network.address"},
        {"\"cloud_init\":{\"network\":{\"address\":\"fd00::/64\"}}", "cloud_init.network.address"},
        {"\"cloud_init\":{\"network\":{\"address\":\"10.0.0.5/24\",\"gateway\":\"10.0.0.5\"}}",
         "cloud_init.network.gateway"},
        {"\"cloud_init\":{\"network\":{\"address\":\"10.0.0.5/24\",\"gateway\":\"10.0.0.0\"}}",
         "cloud_init.network.gateway"},
        {"\"cloud_init\":{\"network\":{\"address\":\"10.0.0.5/24\",\"gateway\":\"10.0.0.255\"}}",
         "cloud_init.network.gateway"},
        {"\"cloud_init\":{\"network\":{\"address\":\"10.0.0.5/24\",\"gateway\":\"0.0.0.0\"}}",
         "cloud_init.network.gateway"},
        {"\"cloud_init\":{\"network\":{\"address\":\"10.0.0.5/24\",\"gateway\":\"127.0.0.1\"}}",
         "cloud_init.network.gateway"},
        {"\"cloud_init\":{\"network\":{\"address\":\"10.0.0.5/24\",\"gateway\":\"239.0.0.1\"}}",
         "cloud_init.network.gateway"},
        {"\"cloud_init\":{\"network\":{\"address\":\"fd00::5/64\",\"gateway\":\"fd00::5\"}}",
         "cloud_init.network.gateway"},
        {"\"cloud_init\":{\"network\":{\"address\":\"fd00::5/64\",\"gateway\":\"::\"}}", "cloud_init.network.gateway"},
        {"\"cloud_init\":{\"network\":{\"address\":\"fd00::5/64\",\"gateway\":\"ff02::2\"}}",
         "cloud_init.network.gateway"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        check_refused(cases[i][0], cases[i][1]);
}

static void check_stored(const char *text, FctFirstBootKind kind)
{
    g_autoptr(FctFirstBoot) boot = read_boot(text, NULL);
    g_assert_cmpstr(boot->password, ==, "geh\"eim");
    g_autoptr(json_t) doc = fct_first_boot_to_doc(boot);
    g_autofree char *stored = fct_json_text(doc);
    g_assert_null(strstr(stored, "geh"));
    g_assert_null(strstr(stored, "AAAAA-BBBBB"));
    g_autoptr(FctFirstBoot) again = fct_first_boot_from_doc(doc);
    g_autoptr(json_t) twice = fct_first_boot_to_doc(again);
    g_assert_true(json_equal(doc, twice));
    g_autoptr(json_t) view = fct_first_boot_view(again, kind);
    g_autoptr(json_t) other = fct_first_boot_view(again, !kind);
    g_assert_true(json_is_object(view) && json_is_null(other));
    g_assert_cmpstr(fct_json_str(view, "user", ""), ==, "anna");
}

static void test_stored(void)
{
    check_stored("{\"cloud_init\":{\"user\":\"anna\",\"password\":\"geh\\\"eim\",\"ssh_keys\":[\"" KEY
                 "\"],\"packages\":[\"vim\"],"
                 "\"network\":{\"address\":\"10.0.0.5/24\",\"dns\":[\"10.0.0.1\"]}}}",
                 FCT_FIRST_BOOT_CLOUD_INIT);
    check_stored("{\"windows\":{\"user\":\"anna\",\"password\":\"geh\\\"eim\",\"product_key\":\"AAAAA-BBBBB-CCCCC-"
                 "DDDDD-EEEEE\"}}",
                 FCT_FIRST_BOOT_WINDOWS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/first-boot/none", test_none);
    g_test_add_func("/first-boot/good", test_good);
    g_test_add_func("/first-boot/refused", test_refused);
    g_test_add_func("/first-boot/unusable", test_unusable);
    g_test_add_func("/first-boot/stored", test_stored);
    return g_test_run();
}

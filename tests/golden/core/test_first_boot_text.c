/* SPDX-License-Identifier: Apache-2.0 */
/* What guests read at their first boot, against kept files; FACET_GOLDEN_UPDATE=1 rewrites them. */
#include "core/first_boot_text.h"

#include <string.h>

static FctFirstBoot *read_boot(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) input = fct_json_parse(text, strlen(text), &error);
    FctFirstBoot *boot = fct_first_boot_from_input(input, &error);
    g_assert_no_error(error);
    g_free(boot->instance);
    boot->instance = g_strdup("facet-1");
    if (*boot->password) {
        g_free(boot->hash);
        boot->hash = g_strdup("$6$salt$hash");
    }
    return boot;
}

static void check_golden(const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(g_getenv("FACET_GOLDEN"), name, NULL), *kept = NULL;
    if (g_getenv("FACET_GOLDEN_UPDATE"))
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_true(g_file_get_contents(path, &kept, NULL, NULL));
    g_assert_cmpstr(text, ==, kept);
}

static void check_cloud(const char *name, const char *input)
{
    static const char *const macs[] = {"52:54:00:12:34:56", "52:54:00:12:34:57", NULL};
    g_autoptr(FctFirstBoot) boot = read_boot(input);
    g_autofree char *user = fct_cloud_user_data(boot), *meta = NULL;
    g_autofree char *host = fct_cloud_host_name(boot, "db_2.lab", "0a1b2c3d-0000");
    meta = fct_cloud_meta_data(boot, host);
    g_autofree char *network = fct_cloud_network_config(boot, macs);
    g_autofree char *all =
        g_strdup_printf("-- user-data\n%s-- meta-data\n%s-- network-config\n%s", user, meta, network);
    check_golden(name, all);
}

static void test_cloud(void)
{
    check_cloud("cloud-password.txt", "{\"cloud_init\":{\"user\":\"anna\",\"password\":\"x\"}}");
    check_cloud("cloud-key.txt",
                "{\"cloud_init\":{\"user\":\"anna\",\"hostname\":\"db-2.example.org\",\"packages\":[\"vim\",\"qemu-"
                "guest-agent\"],"
                "\"ssh_keys\":[\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIL5Oj2mEpxvTCg9bV0ZSNZSjUiRQZSS0DZ1QOWYzFyE "
                "it's: \\\"me\\\" # {}\"],"
                "\"network\":{\"address\":\"10.0.0.5/24\",\"gateway\":\"10.0.0.1\",\"dns\":[\"10.0.0.2\"]}}}");
    check_cloud("cloud-ipv6.txt",
                "{\"cloud_init\":{\"network\":{\"address\":\"fd00::5/64\",\"gateway\":\"fd00::1\"}}}");
    /* Case 12: a gateway outside of the network of the address. */
    check_cloud("cloud-on-link.txt",
                "{\"cloud_init\":{\"network\":{\"address\":\"198.51.100.7/32\",\"gateway\":\"203.0.113.1\"}}}");
    check_cloud("cloud-on-link-ipv6.txt",
                "{\"cloud_init\":{\"network\":{\"address\":\"2001:db8:0:1::2/64\",\"gateway\":\"2001:db8::1\"}}}");
    check_cloud("cloud-link-local.txt",
                "{\"cloud_init\":{\"network\":{\"address\":\"2001:db8::2/128\",\"gateway\":\"fe80::1\"}}}");
    check_cloud("cloud-text.txt", "{\"cloud_init\":{\"user_data\":\"#!/bin/sh\\necho hello\\n\"}}");
    static const char *const none[] = {NULL};
    g_autoptr(FctFirstBoot) boot = read_boot("{\"cloud_init\":{}}");
    g_assert_null(fct_cloud_network_config(boot, none));
}

static void check_windows(const char *name, const char *input, gboolean uefi, gboolean virtio)
{
    g_autoptr(FctFirstBoot) boot = read_boot(input);
    g_autofree char *computer = fct_windows_computer_name("desk_7.lab-windows-11", "0a1b2c3d-0000");
    g_autofree char *xml = fct_windows_answers(boot, computer, uefi, virtio);
    check_golden(name, xml);
}

static void test_windows(void)
{
    check_windows("windows-plain.xml", "{\"windows\":{\"user\":\"Änne\",\"password\":\"pässwörd\"}}", FALSE, FALSE);
    check_windows("windows-full.xml",
                  "{\"windows\":{\"user\":\"a'b\",\"password\":\"</Value><x>&\",\"language\":\"de-DE\","
                  "\"time_zone\":\"W. Europe Standard Time\",\"product_key\":\"AAAAA-BBBBB-CCCCC-DDDDD-EEEEE\","
                  "\"organization\":\"<A & B> \\\"GmbH\\\"\",\"edition\":\"Windows 11 Pro\"}}",
                  TRUE, TRUE);
}

#define ID "0a1b2c3d-1111-4222-8333-444455556666"

static void test_computer_name(void)
{
    static const char *const cases[][2] = {{"db-2", "db-2"},
                                           {"a.very.long_name-of-a-vm", "a-very-long-nam"},
                                           {"12345", "vm-12345"},
                                           {"12345678901234567", "vm-123456789012"},
                                           {"abcdefghijklm--x", "abcdefghijklm-x"},
                                           {"abcdefghijklmn--x", "abcdefghijklmn"},
                                           {"база", "vm-0a1b2c3d"},
                                           {"", "vm-0a1b2c3d"}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = fct_windows_computer_name(cases[i][0], ID);
        g_assert_cmpstr(name, ==, cases[i][1]);
    }
}

static gboolean is_label(const char *name)
{
    gsize length = strlen(name);
    for (const char *c = name; *c; c++)
        if (!g_ascii_isalnum(*c) && *c != '-')
            return FALSE;
    return length > 0 && length <= 63 && name[0] != '-' && name[length - 1] != '-';
}

/* Case 18: VMs of others are called whatever people like. */
static void test_host_name(void)
{
    static const char *const cases[][2] = {
        {"数据库", "vm-0a1b2c3d"},   {"数据库-db", "db"}, {"Сервер 1", "vm-1"},
        {"db--2", "db-2"},           {"-x-", "x"},        {"...", "vm-0a1b2c3d"},
        {"web.lab", "web-lab"},      {"Büro", "B-ro"},    {"win 11 (test)", "win-11-test"},
        {"\xff\xfe", "vm-0a1b2c3d"}, {"2024", "vm-2024"}};
    g_autoptr(FctFirstBoot) asked = read_boot("{\"cloud_init\":{\"hostname\":\"db.example.org\"}}");
    g_autofree char *given = fct_cloud_host_name(asked, "x", ID);
    g_assert_cmpstr(given, ==, "db.example.org");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = fct_cloud_host_name(NULL, cases[i][0], ID);
        g_assert_cmpstr(name, ==, cases[i][1]);
    }
    for (guint i = 0; i < 20000; i++) {
        char vm[90] = "";
        gsize length = (gsize)g_test_rand_int_range(0, sizeof vm);
        for (gsize k = 0; k < length; k++)
            vm[k] = (char)(g_test_rand_int_range(0, 3) ? "-.a7Z_ "[g_test_rand_int_range(0, 7)]
                                                       : g_test_rand_int_range(1, 256));
        g_autofree char *name = fct_cloud_host_name(NULL, vm, ID), *windows = fct_windows_computer_name(vm, ID);
        g_assert_true(is_label(name) && is_label(windows) && strlen(windows) <= 15);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/first-boot-text/cloud-init", test_cloud);
    g_test_add_func("/first-boot-text/windows", test_windows);
    g_test_add_func("/first-boot-text/computer-name", test_computer_name);
    g_test_add_func("/first-boot-text/host-name", test_host_name);
    return g_test_run();
}

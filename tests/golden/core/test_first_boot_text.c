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
    g_autofree char *user = fct_cloud_user_data(boot), *meta = fct_cloud_meta_data(boot, "db_2.lab");
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
    check_cloud("cloud-text.txt", "{\"cloud_init\":{\"user_data\":\"#!/bin/sh\\necho hello\\n\"}}");
    static const char *const none[] = {NULL};
    g_autoptr(FctFirstBoot) boot = read_boot("{\"cloud_init\":{}}");
    g_assert_null(fct_cloud_network_config(boot, none));
}

static void check_windows(const char *name, const char *input, gboolean uefi, gboolean virtio)
{
    g_autoptr(FctFirstBoot) boot = read_boot(input);
    g_autofree char *xml = fct_windows_answers(boot, "desk_7.lab-windows-11", uefi, virtio);
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

static void test_computer_name(void)
{
    static const char *const cases[][2] = {{"db-2", "db-2"},
                                           {"a.very.long_name-of-a-vm", "a-very-long-nam"},
                                           {"12345", "vm-12345"},
                                           {"12345678901234567", "vm-123456789012"},
                                           {"abcdefghijklm--x", "abcdefghijklm"}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = fct_windows_computer_name(cases[i][0]);
        g_assert_cmpstr(name, ==, cases[i][1]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/first-boot-text/cloud-init", test_cloud);
    g_test_add_func("/first-boot-text/windows", test_windows);
    g_test_add_func("/first-boot-text/computer-name", test_computer_name);
    return g_test_run();
}

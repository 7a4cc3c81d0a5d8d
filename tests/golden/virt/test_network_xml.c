/* SPDX-License-Identifier: Apache-2.0 */
/* Network XML against kept files (FACET_GOLDEN_UPDATE=1 rewrites them), and read back as it was meant. */
#include "virt/xml.h"

#include <string.h>

static void check(const char *name, const char *input, const char *fixed)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) json = fct_json_parse(input, strlen(input), &error);
    g_autoptr(FctNetwork) network = fct_network_from_input(json, &error);
    g_assert_no_error(error);
    if (fixed) {
        g_autoptr(json_t) list = fct_json_parse(fixed, strlen(fixed), &error);
        g_ptr_array_unref(network->fixed);
        network->fixed = fct_network_read_fixed(network, list, &error);
        g_assert_no_error(error);
    }
    g_autofree char *xml = fct_network_xml(network), *kept = NULL;
    g_autofree char *path = g_build_filename(g_getenv("FACET_GOLDEN"), name, NULL);
    if (g_getenv("FACET_GOLDEN_UPDATE"))
        g_assert_true(g_file_set_contents(path, xml, -1, NULL));
    g_assert_true(g_file_get_contents(path, &kept, NULL, NULL));
    g_assert_cmpstr(xml, ==, kept);
    g_autoptr(FctNetwork) again = fct_network_read(xml, &error);
    g_assert_no_error(error);
    again->autostart = network->autostart; /* not in the XML */
    g_autoptr(json_t) meant = fct_network_to_json(network);
    g_autoptr(json_t) read = fct_network_to_json(again);
    g_assert_true(json_equal(meant, read));
    g_assert_cmpuint(again->revision, >, 0);
}

static void test_ours(void)
{
    check("network-nat.xml", "{\"name\":\"lan\",\"kind\":\"nat\",\"subnet\":\"192.168.130.0/24\"}",
          "[{\"mac\":\"52:54:00:12:34:56\",\"address\":\"192.168.130.7\",\"name\":\"db-1\"},"
          "{\"mac\":\"52:54:00:12:34:57\",\"address\":\"192.168.130.8\"}]");
    check("network-isolated.xml", "{\"name\":\"lab\",\"kind\":\"isolated\",\"subnet\":\"10.7.0.0/16\",\"dhcp\":null}",
          NULL);
    check("network-bridge.xml", "{\"name\":\"office\",\"kind\":\"bridge\",\"bridge\":\"br0\"}", NULL);
}

static void test_others(void)
{
    static const char xml[] =
        "<network connections='1'><name>a&lt;b</name><uuid>6f1c4d9e-2f0a-4b5e-9a57-0d3c5b1a7e42</uuid>"
        "<forward mode='route'/><bridge name='virbr9'/><metadata><x:network xmlns:x='urn:other' "
        "name='a&lt;b'/></metadata>"
        "<ip family='ipv6' address='fd00::1' prefix='64'/>"
        "<ip address='192.168.9.1' netmask='255.255.254.0'><dhcp><range start='192.168.9.2' "
        "end='192.168.9.9'/></dhcp></ip>"
        "<ip address='192.168.20.1' prefix='24'/></network>";
    g_autoptr(GError) error = NULL;
    g_autoptr(FctNetwork) network = fct_network_read(xml, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(network->name, ==, "a<b");
    g_assert_false(network->ours);
    g_assert_cmpint(network->kind, ==, FCT_NETWORK_OTHER);
    g_assert_cmpstr(network->gateway, ==, "192.168.9.1");
    g_assert_cmpint(network->prefix, ==, 23);
    g_assert_cmpstr(network->last, ==, "192.168.9.9");
}

static void test_broken(void)
{
    static const char *const texts[] = {"", "<network>", "<network/>", "no XML", "<network><name></name></network>"};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(fct_network_read(texts[i], &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_LIBVIRT);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/network-xml/ours", test_ours);
    g_test_add_func("/network-xml/others", test_others);
    g_test_add_func("/network-xml/broken", test_broken);
    return g_test_run();
}

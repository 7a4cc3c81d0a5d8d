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
    check("network-routed.xml", "{\"name\":\"dmz\",\"kind\":\"routed\",\"subnet\":\"10.8.0.0/24\"}", NULL);
    check("network-direct.xml", "{\"name\":\"floor\",\"kind\":\"direct\",\"interface\":\"eno1.100\"}", NULL);
    check("network-direct-vlan.xml", "{\"name\":\"floor\",\"kind\":\"direct\",\"interface\":\"eno1\",\"vlan\":30}",
          NULL);
    check("network-vlan.xml", "{\"name\":\"v\",\"kind\":\"bridge\",\"bridge\":\"br0\",\"vlan\":7}", NULL);
    check("network-ovs.xml", "{\"name\":\"o\",\"kind\":\"bridge\",\"bridge\":\"br1\",\"open_vswitch\":true,\"vlan\":7}",
          NULL);
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
    g_assert_cmpint(network->kind, ==, FCT_NETWORK_ROUTED);
    g_assert_cmpstr(network->uuid, ==, "6f1c4d9e-2f0a-4b5e-9a57-0d3c5b1a7e42");
    g_assert_cmpstr(network->gateway, ==, "192.168.9.1");
    g_assert_cmpint(network->prefix, ==, 23);
    g_assert_cmpstr(network->last, ==, "192.168.9.9");
}

static void test_kinds(void)
{
    static const struct {
        const char *xml;
        FctNetworkKind kind;
    } cases[] = {
        {"<forward/>", FCT_NETWORK_NAT},
        {"<forward mode='open'/>", FCT_NETWORK_OTHER},
        {"<forward mode='hostdev'><pf dev='eno1'/></forward>", FCT_NETWORK_OTHER},
        {"<forward mode='private'><interface dev='eno1'/></forward>", FCT_NETWORK_OTHER},
        {"<forward mode='bridge'><interface dev='eno1'/></forward>", FCT_NETWORK_DIRECT},
        {"<forward mode='bridge'><interface dev='eno1'/><interface dev='eno2'/></forward>", FCT_NETWORK_OTHER},
        {"<forward mode='bridge'/><bridge name='br0'/>", FCT_NETWORK_BRIDGE},
        {"", FCT_NETWORK_ISOLATED},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = g_strdup_printf("<network><name>n</name>%s</network>", cases[i].xml);
        g_autoptr(FctNetwork) network = fct_network_read(xml, NULL);
        g_test_message("%s", xml);
        g_assert_cmpint(network->kind, ==, cases[i].kind);
    }
}

/* What others added to a network of ours stays when it is defined anew. */
static void test_edit(void)
{
    static const char xml[] =
        "<network connections='2'><name>lan</name><uuid>6f1c4d9e-2f0a-4b5e-9a57-0d3c5b1a7e42</uuid><metadata>"
        "<facet:network xmlns:facet='urn:facet:network:1' name='lan'/><x:note xmlns:x='urn:x'>a &amp; b</x:note>"
        "</metadata><forward mode='nat'><nat><port start='1024' end='65535'/></nat></forward>"
        "<bridge name='virbr1' stp='on' delay='0' zone='trusted'/><mac address='52:54:00:e6:59:de'/>"
        "<domain name='lan.example' localOnly='yes'/><dns><host ip='10.7.0.9'><hostname>db</hostname></host></dns>"
        "<ip address='10.7.0.1' prefix='24'><dhcp><range start='10.7.0.2' end='10.7.0.9'/></dhcp></ip>"
        "<ip family='ipv6' address='fd00::1' prefix='64'/></network>";
    g_autoptr(GError) error = NULL;
    g_autoptr(FctNetwork) network = fct_network_read(xml, &error);
    g_autoptr(json_t) input = json_loads("{\"subnet\":\"10.9.0.0/24\"}", 0, NULL);
    g_autoptr(FctNetwork) wanted = fct_network_changed(network, input, &error);
    g_assert_no_error(error);
    g_free(wanted->bridge);
    wanted->bridge = g_strdup("virbr8");
    g_autofree char *edited = fct_network_edit(xml, wanted, &error);
    g_assert_no_error(error);
    g_autoptr(FctNetwork) again = fct_network_read(edited, &error);
    g_autoptr(json_t) meant = fct_network_to_json(wanted);
    g_autoptr(json_t) read = fct_network_to_json(again);
    g_assert_true(json_equal(meant, read));
    static const char *const kept[] = {"a &amp; b",
                                       "<port start='1024' end='65535'>",
                                       "zone='trusted'",
                                       "name='virbr8'",
                                       "lan.example",
                                       "<hostname>db</hostname>",
                                       "fd00::1",
                                       "52:54:00:e6:59:de",
                                       "6f1c4d9e-2f0a-4b5e-9a57-0d3c5b1a7e42"};
    for (guint i = 0; i < G_N_ELEMENTS(kept); i++)
        g_assert_nonnull(strstr(edited, kept[i]));
    g_assert_null(strstr(edited, "10.7.0.1'"));
    g_assert_null(fct_network_edit("<network>", wanted, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_LIBVIRT);
}

/* Only the NICs in the network, without the plug they had; a link that was set down stays down. */
static void test_nics(void)
{
    static const char xml[] =
        "<domain type='qemu'><name>d</name><devices>"
        "<interface type='network'><mac address='52:54:00:00:00:11'/>"
        "<source network='lab' portid='35f31bc7-5726-4504-b653-90eb342f64ca' bridge='virbr1'/><target dev='vnet0'/>"
        "<model type='virtio'/><alias name='ua-nic0'/></interface>"
        "<interface type='network'><mac address='52:54:00:00:00:12'/><source network='other' "
        "bridge='virbr0'/></interface>"
        "<interface type='network'><mac address='52:54:00:00:00:13'/><source network='lab'/><link "
        "state='down'/></interface>"
        "<disk type='file'><source file='/lab'/></disk></devices></domain>";
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) nics = fct_domain_nics(xml, "lab", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(nics->len, ==, 2);
    const FctNicXml *first = nics->pdata[0], *second = nics->pdata[1];
    g_autofree char *down = fct_nic_with_link(first, "down"), *up = fct_nic_with_link(first, "up");
    g_assert_cmpstr(down, ==,
                    "<interface type='network'><mac address='52:54:00:00:00:11'></mac><source network='lab'></source>"
                    "<target dev='vnet0'></target><model type='virtio'></model><alias name='ua-nic0'></alias>"
                    "<link state='down'/></interface>");
    g_assert_true(g_str_has_suffix(up, "<link state='up'/></interface>"));
    g_assert_cmpstr(first->mac, ==, "52:54:00:00:00:11");
    g_assert_cmpstr(first->bridge, ==, "virbr1");
    g_assert_cmpstr(first->link, ==, "up");
    g_assert_cmpstr(second->mac, ==, "52:54:00:00:00:13");
    g_assert_cmpstr(second->link, ==, "down");
    g_assert_cmpstr(second->bridge, ==, "");
}

static FctHostInterface *read_interface(const char *xml)
{
    g_autoptr(GError) error = NULL;
    FctHostInterface *interface = fct_host_interface_read(xml, &error);
    g_assert_no_error(error);
    return interface;
}

static void test_interfaces(void)
{
    g_autoptr(FctHostInterface) card =
        read_interface("<interface type='ethernet' name='eno1'><mtu size='1500'/><link speed='1000' state='up'/>"
                       "<mac address='56:D4:c5:68:e9:aa'/></interface>");
    g_assert_cmpint(card->kind, ==, FCT_INTERFACE_ETHERNET);
    g_assert_cmpint(card->link, ==, FCT_LINK_UP);
    g_assert_cmpstr(card->mac, ==, "56:d4:c5:68:e9:aa");
    g_autoptr(FctHostInterface) bridge = read_interface(
        "<interface type='bridge' name='br0'><bridge stp='off' delay='1500'><interface type='ethernet' name='eno1'>"
        "<link state='down'/><mac address='9a:d2:7b:96:38:fe'/></interface></bridge></interface>");
    g_assert_cmpint(bridge->kind, ==, FCT_INTERFACE_BRIDGE);
    g_assert_cmpint(bridge->link, ==, FCT_LINK_UNKNOWN);
    g_assert_cmpstr(bridge->members->pdata[0], ==, "eno1");
    g_autoptr(FctHostInterface) vlan = read_interface(
        "<interface type='vlan' name='eno1.100'><link state='lowerlayerdown'/><mac address='56:d4:c5:68:e9:aa'/>"
        "<vlan tag='100'><interface name='eno1'/></vlan></interface>");
    g_assert_cmpint(vlan->vlan, ==, 100);
    g_assert_cmpstr(vlan->parent, ==, "eno1");
    g_assert_cmpint(vlan->link, ==, FCT_LINK_DOWN);
    g_autoptr(FctHostInterface) bond = read_interface(
        "<interface type='bond' name='bond0'><bond mode='active-backup'><interface type='ethernet' name='eno2'/>"
        "<interface type='ethernet' name='eno3'/></bond></interface>");
    g_assert_cmpint(bond->kind, ==, FCT_INTERFACE_BOND);
    g_assert_cmpuint(bond->members->len, ==, 2);
    g_assert_null(read_interface("<interface type='ethernet' name='lo'/>"));
    g_assert_null(read_interface("<interface type='ethernet' name='vnet3'/>"));
    g_assert_null(read_interface("<interface type='other' name='x'/>"));
    g_autoptr(FctHostInterface) device = fct_host_interface_read_device(
        "<device><name>net_eno1</name><parent>pci_0000</parent><capability type='net'><interface>eno1</interface>"
        "<address>56:d4:c5:68:e9:aa</address><link state='up'/><feature name='rx'/></capability></device>",
        NULL);
    g_assert_cmpstr(device->name, ==, "eno1");
    g_assert_cmpstr(device->mac, ==, "56:d4:c5:68:e9:aa");
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

/* Several subnets and ranges, none of them lost or taken for another's (others' tools make them). */
static void test_several(void)
{
    static const char xml[] =
        "<network><name>a%2Fb ü</name><forward mode='nat'/><bridge name='virbr9'/>"
        "<dns><host ip='10.1.0.3'><hostname>x</hostname></host></dns>"
        "<ip address='10.1.0.1' prefix='24'><dhcp><range start='10.1.0.10' end='10.1.0.20'/>"
        "<range start='10.1.0.100' end='10.1.0.120'/><host mac='52:54:00:00:00:01' ip='10.1.0.5'/></dhcp></ip>"
        "<ip address='10.2.0.1' netmask='255.255.0.0'><dhcp><range start='10.2.0.10' end='10.2.0.20'/>"
        "<host mac='52:54:00:00:00:02' ip='10.2.0.5' name='two'/></dhcp></ip>"
        "<ip address='172.16.5.1'/>"
        "<ip family='ipv6' address='fd00:1:2::1' prefix='60'><dhcp><range start='fd00:1:2::10' end='fd00:1:2::20'/>"
        "<host id='0:1:2' name='six' ip='fd00:1:2::5'/></dhcp></ip></network>";
    static const char *const subnets[] = {"10.1.0.0/24", "10.2.0.0/16", "172.16.0.0/16", "fd00:1:2::/60"};
    static const guint ranges[] = {2, 1, 0, 1}, fixed[] = {1, 1, 0, 1};
    g_autoptr(GError) error = NULL;
    g_autoptr(FctNetwork) network = fct_network_read(xml, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(network->name, ==, "a%2Fb ü");
    g_assert_cmpstr(network->first, ==, "10.1.0.10");
    g_assert_cmpuint(network->fixed->len, ==, 1);
    g_autoptr(FctNetwork) copy = fct_network_copy(network);
    g_autoptr(json_t) json = fct_network_to_json(network);
    g_autoptr(json_t) again = fct_network_to_json(copy);
    g_assert_true(json_equal(json, again));
    const json_t *list = json_object_get(json, "subnets");
    g_assert_cmpuint(json_array_size(list), ==, G_N_ELEMENTS(subnets));
    for (guint i = 0; i < G_N_ELEMENTS(subnets); i++) {
        const json_t *one = json_array_get(list, i);
        g_assert_cmpstr(fct_json_str(one, "subnet", ""), ==, subnets[i]);
        g_assert_cmpuint(json_array_size(json_object_get(one, "ranges")), ==, ranges[i]);
        g_assert_cmpuint(json_array_size(json_object_get(one, "static_leases")), ==, fixed[i]);
    }
    g_assert_cmpstr(fct_json_str(json_array_get(json_object_get(json_array_get(list, 0), "ranges"), 1), "first", ""),
                    ==, "10.1.0.100");
}

/* A range that another tool added stays until the range is changed, and is written as it was. */
static void test_more_ranges(void)
{
    g_autoptr(json_t) input = json_loads("{\"name\":\"n\",\"kind\":\"nat\",\"subnet\":\"10.1.0.0/24\"}", 0, NULL);
    g_autoptr(FctNetwork) network = fct_network_from_input(input, NULL);
    g_ptr_array_add(network->more_ranges, fct_range_new("10.1.0.100", "10.1.0.120"));
    g_autofree char *xml = fct_network_xml(network);
    g_assert_nonnull(strstr(xml, "<range start='10.1.0.100' end='10.1.0.120'/>"));
    g_autoptr(json_t) autostart = json_loads("{\"autostart\":false}", 0, NULL);
    g_autoptr(FctNetwork) kept = fct_network_changed(network, autostart, NULL);
    g_assert_cmpuint(kept->more_ranges->len, ==, 1);
    g_autoptr(json_t) range = json_loads("{\"dhcp\":{\"first\":\"10.1.0.9\",\"last\":\"10.1.0.19\"}}", 0, NULL);
    g_autoptr(FctNetwork) changed = fct_network_changed(network, range, NULL);
    g_assert_cmpuint(changed->more_ranges->len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/network-xml/ours", test_ours);
    g_test_add_func("/network-xml/others", test_others);
    g_test_add_func("/network-xml/broken", test_broken);
    g_test_add_func("/network-xml/kinds", test_kinds);
    g_test_add_func("/network-xml/edit", test_edit);
    g_test_add_func("/network-xml/nics", test_nics);
    g_test_add_func("/network-xml/several", test_several);
    g_test_add_func("/network-xml/more-ranges", test_more_ranges);
    g_test_add_func("/network-xml/interfaces", test_interfaces);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of networks: refused with the field named, or understood as it was meant. */
#include "model/address.h"
#include "model/network.h"

#include <string.h>

static FctNetwork *read_input(const char *members, GError **error)
{
    g_autofree char *text = g_strdup_printf("{%s}", members);
    g_autoptr(json_t) json = json_loads(text, 0, NULL);
    g_assert_nonnull(json);
    return fct_network_from_input(json, error);
}

static const char *field_of(const GError *error)
{
    static char field[64];
    g_autoptr(json_t) json = fct_error_to_json(error);
    g_strlcpy(field, fct_json_str(json_object_get(json, "details"), "field", ""), sizeof field);
    return field;
}

#define NAT "\"name\":\"n\",\"kind\":\"nat\",\"subnet\":"

static void test_refused(void)
{
    static const struct {
        const char *members, *field;
    } cases[] = {
        {"\"kind\":\"nat\"", "name"},
        {"\"name\":\"\",\"kind\":\"nat\"", "name"},
        {"\"name\":\"a/b\",\"kind\":\"nat\"", "name"},
        {"\"name\":\"</name>\",\"kind\":\"nat\"", "name"},
        {"\"name\":\"..\",\"kind\":\"nat\"", "name"},
        {"\"name\":\"a\",\"kind\":\"other\"", "kind"},
        {"\"name\":\"a\",\"kind\":\"nat\"", "subnet"},
        {"\"name\":\"a\",\"kind\":\"nat\",\"vlan\":7", "vlan"},
        {"\"name\":\"a\",\"kind\":\"routed\"", "subnet"},
        {"\"name\":\"a\",\"kind\":\"nat\",\"colour\":7", "colour"},
        {NAT "\"192.168.1.0/24\",\"autostart\":1", "autostart"},
        {NAT "\"192.168.1.0/24\",\"interface\":\"eno1\"", "interface"},
        {NAT "\"192.168.1.0/24\",\"open_vswitch\":true", "open_vswitch"},
        {NAT "\"192.168.122.0\"", "subnet"},
        {NAT "\"192.168.122.0/33\"", "subnet"},
        {NAT "\"192.168.122.0/31\"", "subnet"},
        {NAT "\"10.0.0.0/7\"", "subnet"},
        {NAT "\"192.168.122.1/24\"", "subnet"},
        {NAT "\"192.168.256.0/24\"", "subnet"},
        {NAT "\"192.168.0.0/24/24\"", "subnet"},
        {NAT "\"0192.168.0.0/24\"", "subnet"},
        {NAT "\"0.0.0.0/8\"", "subnet"},
        {NAT "\"127.0.0.0/8\"", "subnet"},
        {NAT "\"127.9.0.0/16\"", "subnet"},
        {NAT "\"169.254.0.0/16\"", "subnet"},
        {NAT "\"169.254.169.0/24\"", "subnet"},
        {NAT "\"169.0.0.0/8\"", "subnet"},
        {NAT "\"224.0.0.0/24\"", "subnet"},
        {NAT "\"239.1.2.0/24\"", "subnet"},
        {NAT "\"240.0.0.0/24\"", "subnet"},
        {NAT "\"255.255.255.0/24\"", "subnet"},
        {"\"name\":\"a\",\"kind\":\"routed\",\"subnet\":\"127.0.0.0/24\"", "subnet"},
        {NAT "\"10.0.0.0/8\",\"dhcp\":{\"first\":\"10.0.0.2\",\"last\":\"10.1.0.0\"}", "dhcp"},
        {NAT "\"10.0.0.0/8\",\"dhcp\":{\"first\":\"10.0.255.250\",\"last\":\"10.1.0.5\"}", "dhcp"},
        {NAT "\"192.168.1.0/24\",\"bridge\":\"br0\"", "bridge"},
        {NAT "\"192.168.1.0/24\",\"dhcp\":7", "dhcp"},
        {NAT "\"192.168.1.0/24\",\"dhcp\":{\"first\":\"192.168.1.9\"}", "dhcp"},
        {NAT "\"192.168.1.0/24\",\"dhcp\":{\"first\":\"192.168.1.9\",\"last\":\"192.168.1.8\"}", "dhcp"},
        {NAT "\"192.168.1.0/24\",\"dhcp\":{\"first\":\"192.168.1.1\",\"last\":\"192.168.1.8\"}", "dhcp"},
        {NAT "\"192.168.1.0/24\",\"dhcp\":{\"first\":\"192.168.1.2\",\"last\":\"192.168.1.255\"}", "dhcp"},
        {NAT "\"192.168.1.0/24\",\"dhcp\":{\"first\":\"192.168.2.2\",\"last\":\"192.168.2.9\"}", "dhcp"},
        {"\"name\":\"a\",\"kind\":\"bridge\"", "bridge"},
        {"\"name\":\"a\",\"kind\":\"bridge\",\"bridge\":\"a-name-of-16-let\"", "bridge"},
        {"\"name\":\"a\",\"kind\":\"bridge\",\"bridge\":\"br0'/>\"", "bridge"},
        {"\"name\":\"a\",\"kind\":\"bridge\",\"bridge\":\"br0\",\"subnet\":\"10.0.0.0/24\"", "subnet"},
        {"\"name\":\"a\",\"kind\":\"bridge\",\"bridge\":\"br0\",\"dhcp\":null", "dhcp"},
        {"\"name\":\"a\",\"kind\":\"bridge\",\"bridge\":\"br0\",\"vlan\":0", "vlan"},
        {"\"name\":\"a\",\"kind\":\"bridge\",\"bridge\":\"br0\",\"vlan\":4095", "vlan"},
        {"\"name\":\"a\",\"kind\":\"bridge\",\"bridge\":\"br0\",\"vlan\":\"7\"", "vlan"},
        {"\"name\":\"a\",\"kind\":\"bridge\",\"bridge\":\"br0\",\"open_vswitch\":1", "open_vswitch"},
        {"\"name\":\"a\",\"kind\":\"direct\"", "interface"},
        {"\"name\":\"a\",\"kind\":\"direct\",\"interface\":\"../eno1\"", "interface"},
        {"\"name\":\"a\",\"kind\":\"direct\",\"interface\":\"eno1\",\"vlan\":4095", "vlan"},
        {"\"name\":\"a\",\"kind\":\"direct\",\"interface\":\"eno1\",\"open_vswitch\":true", "open_vswitch"},
        {"\"name\":\"a\",\"kind\":\"direct\",\"interface\":\"eno1\",\"bridge\":\"br0\"", "bridge"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FctNetwork) network = read_input(cases[i].members, &error);
        g_test_message("%s", cases[i].members);
        g_assert_null(network);
        g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
        g_assert_cmpstr(field_of(error), ==, cases[i].field);
    }
}

static void test_range(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctNetwork) all = read_input(NAT "\"10.1.2.0/23\"", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(all->gateway, ==, "10.1.2.1");
    g_assert_cmpstr(all->first, ==, "10.1.2.2");
    g_assert_cmpstr(all->last, ==, "10.1.3.254");
    g_autoptr(FctNetwork) least = read_input(NAT "\"10.1.2.0/30\"", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(least->first, ==, "10.1.2.2");
    g_assert_cmpstr(least->last, ==, "10.1.2.2");
    g_autoptr(FctNetwork) half =
        read_input(NAT "\"10.0.0.0/8\",\"dhcp\":{\"first\":\"10.7.0.0\",\"last\":\"10.7.255.255\"}", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(half->last, ==, "10.7.255.255");
    g_autoptr(FctNetwork) none = read_input(NAT "\"10.1.2.0/29\",\"dhcp\":null", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(none->first, ==, "");
}

/* What libvirt demands of a range (case 07): both ends begin alike, in every subnet that may be asked for. */
static void check_range(const FctNetwork *network)
{
    guint32 gateway = 0, first = 0, last = 0, mask = fct_ipv4_mask(network->prefix);
    g_assert_true(fct_ipv4_parse(network->gateway, &gateway));
    g_assert_true(fct_ipv4_parse(network->first, &first));
    g_assert_true(fct_ipv4_parse(network->last, &last));
    g_assert_cmpuint(first, ==, gateway + 1);
    g_assert_cmpuint(first, <=, last);
    g_assert_cmpuint(first >> 16, ==, last >> 16);
    g_assert_cmpuint(first & mask, ==, last & mask);
    g_assert_cmpuint(last & ~mask, !=, ~mask);
    /* Cut where it must be, and only there. */
    g_assert_true((last | mask) == 0xfffffffe || (network->prefix < 16 && (last & 0xffff) == 0xffff));
}

static void test_default_range(void)
{
    for (int prefix = 8; prefix <= 30; prefix++)
        for (int i = 0; i < 50; i++) {
            guint32 base = (10u << 24 | (guint32)g_test_rand_int_range(0, 1 << 24)) & fct_ipv4_mask(prefix);
            g_autofree char *address = fct_ipv4_text(base);
            g_autofree char *members = g_strdup_printf(NAT "\"%s/%d\"", address, prefix);
            g_autofree char *change = g_strdup_printf("{\"subnet\":\"%s/%d\"}", address, prefix);
            g_autoptr(json_t) input = json_loads(change, 0, NULL);
            g_autoptr(GError) error = NULL;
            g_autoptr(FctNetwork) network = read_input(members, &error);
            g_test_message("%s", members);
            g_assert_no_error(error);
            check_range(network);
            g_autoptr(FctNetwork) small = read_input(NAT "\"192.168.1.0/24\"", NULL);
            g_autoptr(FctNetwork) edited = fct_network_changed(small, input, &error);
            g_assert_no_error(error);
            check_range(edited);
        }
}

/* What each range is for, at its first and last address and beside it. */
static void test_use(void)
{
    static const struct {
        const char *subnet;
        FctIpv4Use use;
    } cases[] = {
        {"10.0.0.0/8", FCT_IPV4_PRIVATE},          {"172.16.0.0/12", FCT_IPV4_PRIVATE},
        {"192.168.255.0/24", FCT_IPV4_PRIVATE},    {"172.15.0.0/16", FCT_IPV4_PUBLIC},
        {"172.32.0.0/16", FCT_IPV4_PUBLIC},        {"172.0.0.0/8", FCT_IPV4_PUBLIC},
        {"192.0.0.0/8", FCT_IPV4_PUBLIC},          {"100.64.0.0/10", FCT_IPV4_SPECIAL},
        {"100.127.255.0/24", FCT_IPV4_SPECIAL},    {"100.128.0.0/24", FCT_IPV4_PUBLIC},
        {"203.0.113.16/28", FCT_IPV4_SPECIAL},     {"203.0.112.0/23", FCT_IPV4_PUBLIC},
        {"198.18.0.0/15", FCT_IPV4_SPECIAL},       {"8.8.8.0/24", FCT_IPV4_PUBLIC},
        {"0.0.0.0/8", FCT_IPV4_UNUSABLE},          {"1.0.0.0/24", FCT_IPV4_PUBLIC},
        {"127.255.0.0/24", FCT_IPV4_UNUSABLE},     {"169.254.0.0/16", FCT_IPV4_UNUSABLE},
        {"169.255.0.0/16", FCT_IPV4_PUBLIC},       {"223.255.255.0/24", FCT_IPV4_PUBLIC},
        {"224.0.0.0/24", FCT_IPV4_UNUSABLE},       {"240.0.0.0/8", FCT_IPV4_UNUSABLE},
        {"255.255.255.240/28", FCT_IPV4_UNUSABLE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint32 address;
        int prefix;
        const char *what;
        g_test_message("%s", cases[i].subnet);
        g_assert_true(fct_ipv4_cidr(cases[i].subnet, &address, &prefix));
        g_assert_cmpint(fct_ipv4_use(address, prefix, &what), ==, cases[i].use);
        g_assert_true((*what == '\0') == (cases[i].use == FCT_IPV4_PUBLIC));
    }
}

static void test_overlap(void)
{
    g_autoptr(FctNetwork) wide = read_input(NAT "\"10.1.0.0/16\"", NULL);
    g_autoptr(FctNetwork) inside = read_input(NAT "\"10.1.9.0/24\"", NULL);
    g_autoptr(FctNetwork) beside = read_input(NAT "\"10.2.9.0/24\"", NULL);
    g_autoptr(FctNetwork) bridge = read_input("\"name\":\"a\",\"kind\":\"bridge\",\"bridge\":\"br0\"", NULL);
    g_assert_true(fct_network_overlaps(wide, inside) && fct_network_overlaps(inside, wide));
    g_assert_false(fct_network_overlaps(wide, beside));
    g_assert_false(fct_network_overlaps(wide, bridge) || fct_network_overlaps(bridge, bridge));
}

#define MAC "\"mac\":\"52:54:00:00:00:01\""

static void test_fixed(void)
{
    static const struct {
        const char *list, *field;
    } cases[] = {
        {"{}", "static_leases"},
        {"[{" MAC ",\"address\":\"10.1.2.5\",\"x\":\"\"}]", "static_leases"},
        {"[{\"mac\":\"52:54:00:00:00\",\"address\":\"10.1.2.5\"}]", "mac"},
        {"[{\"mac\":\"ff:ff:ff:ff:ff:ff\",\"address\":\"10.1.2.5\"}]", "mac"},
        {"[{\"mac\":\"00:00:00:00:00:00\",\"address\":\"10.1.2.5\"}]", "mac"},
        {"[{" MAC ",\"address\":\"10.1.3.5\"}]", "address"},
        {"[{" MAC ",\"address\":\"10.1.2.1\"}]", "address"},
        {"[{" MAC ",\"address\":\"10.1.2.255\"}]", "address"},
        {"[{" MAC ",\"address\":\"10.1.2.5\",\"name\":\"a'b\"}]", "name"},
        {"[{" MAC ",\"address\":\"10.1.2.5\",\"name\":\"db-\"}]", "name"},
        {"[{" MAC ",\"address\":\"10.1.2.5\",\"name\":\"-db\"}]", "name"},
        {"[{" MAC ",\"address\":\"10.1.2.5\",\"name\":\"db.lan\"}]", "name"},
        {"[{" MAC ",\"address\":\"10.1.2.5\"},{" MAC ",\"address\":\"10.1.2.6\"}]", "mac"},
        {"[{" MAC ",\"address\":\"10.1.2.5\"},{\"mac\":\"52:54:00:00:00:02\",\"address\":\"10.1.2.5\"}]", "address"},
        {"[{" MAC ",\"address\":\"10.1.2.5\",\"name\":\"a\"},"
         "{\"mac\":\"52:54:00:00:00:02\",\"address\":\"10.1.2.6\",\"name\":\"A\"}]",
         "name"},
    };
    g_autoptr(FctNetwork) network = read_input(NAT "\"10.1.2.0/24\"", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) list = json_loads(cases[i].list, 0, NULL);
        g_assert_nonnull(list);
        g_test_message("%s", cases[i].list);
        g_assert_null(fct_network_read_fixed(network, list, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
        g_assert_cmpstr(field_of(error), ==, cases[i].field);
    }
    g_autoptr(json_t) good =
        json_loads("[{\"mac\":\"52:54:00:AB:00:01\",\"address\":\"10.1.2.5\",\"name\":\"db\"}]", 0, NULL);
    g_autoptr(GPtrArray) fixed = fct_network_read_fixed(network, good, NULL);
    g_assert_cmpuint(fixed->len, ==, 1);
    g_assert_cmpstr(((FctLease *)fixed->pdata[0])->mac, ==, "52:54:00:ab:00:01");
}

static FctNetwork *changed(const FctNetwork *present, const char *members, GError **error)
{
    g_autofree char *text = g_strdup_printf("{%s}", members);
    g_autoptr(json_t) json = json_loads(text, 0, NULL);
    g_assert_nonnull(json);
    return fct_network_changed(present, json, error);
}

static FctNetwork *with_lease(void)
{
    FctNetwork *network =
        read_input(NAT "\"10.1.2.0/24\",\"dhcp\":{\"first\":\"10.1.2.50\",\"last\":\"10.1.2.99\"}", NULL);
    g_ptr_array_add(network->fixed, fct_lease_new("52:54:00:00:00:01", "10.1.2.5", "db"));
    return network;
}

/* What is left out stays; what is given is checked against what the network becomes. */
static void test_changed(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctNetwork) network = with_lease();
    g_autoptr(FctNetwork) same = changed(network, "", &error);
    g_autoptr(json_t) before = fct_network_to_json(network);
    g_autoptr(json_t) after = fct_network_to_json(same);
    g_assert_true(json_equal(before, after));
    g_autoptr(FctNetwork) range = changed(network, "\"dhcp\":{\"first\":\"10.1.2.2\",\"last\":\"10.1.2.3\"}", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(range->last, ==, "10.1.2.3");
    g_assert_cmpuint(range->fixed->len, ==, 1);
    g_autoptr(FctNetwork) moved = changed(network, "\"subnet\":\"10.1.0.0/16\",\"autostart\":false", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(moved->gateway, ==, "10.1.0.1");
    g_assert_cmpstr(moved->last, ==, "10.1.255.254");
    g_assert_false(moved->autostart);
    g_autoptr(FctNetwork) off = changed(network, "\"dhcp\":null,\"static_leases\":[]", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(off->first, ==, "");
    g_autoptr(FctNetwork) still = changed(off, "\"subnet\":\"10.9.0.0/24\"", &error);
    g_assert_cmpstr(still->first, ==, "");
}

/* Direct with a tag is on an interface of Facet's, which it keeps. */
static void test_vlan(void)
{
    static const char *const kept[][2] = {
        {"\"vlan\":31", "vlan"}, {"\"vlan\":null", "vlan"}, {"\"interface\":\"eno2\"", "interface"}};
    g_autoptr(GError) error = NULL;
    g_autoptr(FctNetwork) network =
        read_input("\"name\":\"a\",\"kind\":\"direct\",\"interface\":\"eno1\",\"vlan\":30", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(network->device, ==, "eno1.30");
    for (guint i = 0; i < G_N_ELEMENTS(kept); i++) {
        g_autoptr(GError) refused = NULL;
        g_assert_null(changed(network, kept[i][0], &refused));
        g_assert_cmpstr(field_of(refused), ==, kept[i][1]);
    }
    g_autoptr(FctNetwork) same = changed(network, "\"interface\":\"eno1\",\"vlan\":30,\"autostart\":false", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(same->device, ==, "eno1.30");
    g_autoptr(FctNetwork) plain = read_input("\"name\":\"a\",\"kind\":\"direct\",\"interface\":\"eno1\"", &error);
    g_assert_cmpstr(plain->device, ==, "");
    g_assert_null(changed(plain, "\"vlan\":30", &error));
    g_assert_cmpstr(field_of(error), ==, "vlan");
    g_autofree char *at_limit = fct_network_vlan_device("enp193s0f0np", 30);
    g_autofree char *over = fct_network_vlan_device("enp193s0f0np0", 30);
    g_assert_cmpstr(at_limit, ==, "enp193s0f0np.30");
    g_assert_cmpstr(over, ==, "vlan30");
}

static void test_change_refused(void)
{
    static const struct {
        const char *members, *field;
    } cases[] = {
        {"\"name\":\"b\"", "name"},
        {"\"kind\":\"nat\"", "kind"},
        {"\"bridge\":\"br0\"", "bridge"},
        {"\"subnet\":\"127.0.0.0/24\"", "subnet"},
        {"\"subnet\":\"10.0.0.0/8\",\"dhcp\":{\"first\":\"10.1.2.2\",\"last\":\"10.2.2.2\"}", "dhcp"},
        {"\"subnet\":\"10.9.0.0/24\"", "static_leases"},
        {"\"dhcp\":null", "static_leases"},
        {"\"dhcp\":{\"first\":\"10.9.0.2\",\"last\":\"10.9.0.3\"}", "dhcp"},
        {"\"static_leases\":[{" MAC ",\"address\":\"10.9.0.5\"}]", "address"},
        {"\"autostart\":null", "autostart"},
    };
    g_autoptr(FctNetwork) network = with_lease();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", cases[i].members);
        g_assert_null(changed(network, cases[i].members, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
        g_assert_cmpstr(field_of(error), ==, cases[i].field);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/network/refused", test_refused);
    g_test_add_func("/network/range", test_range);
    g_test_add_func("/network/default-range", test_default_range);
    g_test_add_func("/network/use", test_use);
    g_test_add_func("/network/overlap", test_overlap);
    g_test_add_func("/network/fixed", test_fixed);
    g_test_add_func("/network/changed", test_changed);
    g_test_add_func("/network/vlan", test_vlan);
    g_test_add_func("/network/change-refused", test_change_refused);
    return g_test_run();
}

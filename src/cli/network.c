/* SPDX-License-Identifier: Apache-2.0 */
/* Networks as they are. */
#include "cli/network.h"

static int network_list(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *network;
    if (!fct_client_call(cli->client, "GET", "/networks", NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("NAME", "KIND", "STATE", "SUBNET", "BRIDGE", "VMS", "", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, network) {
        g_autofree char *vms = fct_names_joined(json_object_get(network, "vms"));
        fct_table_row(table, fct_json_str(network, "name", ""), fct_json_str(network, "kind", ""),
                      fct_json_bool(network, "active", FALSE) ? "runs" : "off", fct_json_str(network, "subnet", ""),
                      fct_json_str(network, "bridge", ""), vms,
                      fct_json_bool(network, "ours", TRUE) ? "" : "made by others", NULL);
    }
    fct_table_print(table);
    return 0;
}

static void show_leases(const char *what, const json_t *leases)
{
    size_t i;
    json_t *lease;
    json_array_foreach ((json_t *)leases, i, lease)
        printf("  %s  %s  %s  %s\n", what, fct_json_str(lease, "mac", ""), fct_json_str(lease, "address", ""),
               fct_json_str(lease, "name", ""));
}

static void show_subnets(const json_t *subnets)
{
    size_t i, k;
    json_t *subnet, *range;
    json_array_foreach ((json_t *)subnets, i, subnet) {
        printf("  subnet %s, the host is %s\n", fct_json_str(subnet, "subnet", ""),
               fct_json_str(subnet, "gateway", ""));
        json_array_foreach (json_object_get(subnet, "ranges"), k, range)
            printf("  hands out %s to %s\n", fct_json_str(range, "first", ""), fct_json_str(range, "last", ""));
        show_leases("always ", json_object_get(subnet, "static_leases"));
    }
}

/* Where an address is known from, in words. */
static const char *source_of(const json_t *address)
{
    static const char *const words[][2] = {
        {"static", "fixed"}, {"lease", "by DHCP"}, {"reserved", "reserved"}, {"agent", "says the guest"}};
    const char *source = fct_json_str(address, "source", "");
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_str_equal(words[i][0], source))
            return words[i][1];
    return source;
}

static void show_nics(const json_t *nics)
{
    size_t i, k;
    json_t *nic, *address;
    json_array_foreach ((json_t *)nics, i, nic) {
        printf("  VM %s  %s", fct_json_str(json_object_get(nic, "vm"), "name", ""), fct_json_str(nic, "mac", ""));
        json_array_foreach (json_object_get(nic, "addresses"), k, address)
            printf("  %s (%s)", fct_json_str(address, "address", ""), source_of(address));
        printf("\n");
    }
}

static int network_show(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) network = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *segment = fct_client_segment(fct_args_word(args, 0));
    g_autofree char *path = g_strconcat("/networks/", segment, NULL);
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &network, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(network);
        return 0;
    }
    const char *interface = fct_json_str(network, "interface", ""), *device = fct_json_str(network, "device", "");
    printf("%s  ·  %s  ·  %s  ·  %s %s\n", fct_json_str(network, "name", ""), fct_json_str(network, "kind", ""),
           fct_json_bool(network, "active", FALSE) ? "runs" : "off", *interface ? "interface" : "bridge",
           *interface ? interface : fct_json_str(network, "bridge", ""));
    if (fct_json_int(network, "vlan", 0))
        printf("  VLAN tag %d%s%s\n", (int)fct_json_int(network, "vlan", 0), *device ? ", by its interface " : "",
               device);
    show_subnets(json_object_get(network, "subnets"));
    show_leases("now    ", json_object_get(network, "leases"));
    show_nics(json_object_get(network, "nics"));
    return 0;
}

static int network_interfaces(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *one;
    if (!fct_client_call(cli->client, "GET", "/host-interfaces", NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("NAME", "KIND", "LINK", "VLAN", "WITH", "OWN ADDRESSES", "", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, one) {
        const json_t *vlan = json_object_get(one, "vlan");
        g_autofree char *tag = json_is_object(vlan) ? g_strdup_printf("%d on %s", (int)fct_json_int(vlan, "tag", 0),
                                                                      fct_json_str(vlan, "parent", ""))
                                                    : g_strdup("");
        g_autofree char *members = fct_names_joined(json_object_get(one, "members"));
        g_autofree char *addresses = json_is_array(json_object_get(one, "addresses"))
                                         ? fct_names_joined(json_object_get(one, "addresses"))
                                         : g_strdup("unknown");
        const char *network = fct_json_str(one, "network", ""), *master = fct_json_str(one, "master", "");
        g_autofree char *note = *network  ? g_strconcat("made for network ", network, NULL)
                                : *master ? g_strconcat("part of ", master, NULL)
                                          : g_strdup("");
        fct_table_row(table, fct_json_str(one, "name", ""), fct_json_str(one, "kind", ""),
                      fct_json_str(one, "link", ""), tag, members, addresses, note, NULL);
    }
    fct_table_print(table);
    if (*fct_json_str(answer, "why", ""))
        printf("%s\n", fct_json_str(answer, "why", ""));
    return 0;
}

static const FctVerb look[] = {
    {"network list", "Networks that VMs can be attached to", network_list},
    {"network show", "One network with its addresses", network_show, .operands = {{"NETWORK", FCT_KIND_NETWORK}}},
    {"network interfaces", "The host's interfaces that networks can be put on", network_interfaces},
    {NULL},
};
static const FctVerb *const tables[] = {look, fct_network_changes, NULL};
const FctNoun fct_noun_network = {"network", "networks that VMs are attached to", tables};

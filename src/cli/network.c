/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

static gboolean load(FctCli *cli, const char *name, json_t **ret, char **ret_path, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *segment = fct_client_segment(name);
    *ret_path = g_strconcat("/networks/", segment, NULL);
    if (fct_client_call(cli->client, "GET", *ret_path, NULL, 0, ret, &error))
        return TRUE;
    *ret_status = fct_cli_fail(cli, error);
    return FALSE;
}

static char *joined(const json_t *names)
{
    GString *text = g_string_new(NULL);
    size_t i;
    json_t *name;
    json_array_foreach ((json_t *)names, i, name)
        g_string_append_printf(text, "%s%s", i ? ", " : "", json_string_value(name));
    return g_string_free(text, FALSE);
}

int fct_verb_network_list(FctCli *cli, int argc, char **argv)
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
        g_autofree char *vms = joined(json_object_get(network, "vms"));
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

int fct_verb_network_show(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) network = NULL;
    g_autofree char *path = NULL;
    int status;
    if (argc != 2)
        return fct_cli_usage("network show takes the name of one network.");
    if (!load(cli, argv[1], &network, &path, &status))
        return status;
    if (cli->json) {
        fct_print_json(network);
        return 0;
    }
    const json_t *dhcp = json_object_get(network, "dhcp");
    g_autofree char *vms = joined(json_object_get(network, "vms"));
    printf("%s  ·  %s  ·  %s  ·  bridge %s\n", fct_json_str(network, "name", ""), fct_json_str(network, "kind", ""),
           fct_json_bool(network, "active", FALSE) ? "runs" : "off", fct_json_str(network, "bridge", ""));
    if (*fct_json_str(network, "subnet", ""))
        printf("  subnet %s, the host is %s\n", fct_json_str(network, "subnet", ""),
               fct_json_str(network, "gateway", ""));
    if (json_is_object(dhcp))
        printf("  hands out %s to %s\n", fct_json_str(dhcp, "first", ""), fct_json_str(dhcp, "last", ""));
    show_leases("always ", json_object_get(network, "static_leases"));
    show_leases("now    ", json_object_get(network, "leases"));
    if (*vms)
        printf("  VMs: %s\n", vms);
    return 0;
}

int fct_verb_network_create(FctCli *cli, int argc, char **argv)
{
    g_autofree char *nat = NULL, *isolated = NULL, *bridge = NULL;
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    GOptionEntry entries[] = {
        {"nat", 0, 0, G_OPTION_ARG_STRING, &nat, "VMs reach out through the host", "SUBNET"},
        {"isolated", 0, 0, G_OPTION_ARG_STRING, &isolated, "VMs and host only", "SUBNET"},
        {"bridge", 0, 0, G_OPTION_ARG_STRING, &bridge, "VMs beside the host, on a bridge it has", "BRIDGE"},
        {NULL}};
    if (!fct_cli_options("NAME", entries, &argc, &argv))
        return 2;
    if (argc != 2 || !!nat + !!isolated + !!bridge != 1)
        return fct_cli_usage("network create takes a name and one of --nat, --isolated and --bridge.");
    const char *kind = nat ? "nat" : isolated ? "isolated" : "bridge";
    g_autoptr(json_t) body = json_pack("{s:s, s:s, s:s}", "name", argv[1], "kind", kind, bridge ? "bridge" : "subnet",
                                       bridge     ? bridge
                                       : isolated ? isolated
                                                  : nat);
    if (!fct_client_call(cli->client, "POST", "/networks", body, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    else
        printf("Network %s is made and runs.\n", fct_json_str(answer, "name", ""));
    return 0;
}

/* The list without what @mac has. */
static json_t *without(const json_t *leases, const char *mac)
{
    json_t *rest = json_array();
    size_t i;
    json_t *lease;
    json_array_foreach ((json_t *)leases, i, lease)
        if (g_ascii_strcasecmp(fct_json_str(lease, "mac", ""), mac) != 0)
            json_array_append(rest, lease);
    return rest;
}

int fct_verb_network_fix(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) network = NULL;
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    int status;
    if (argc != 4)
        return fct_cli_usage("network fix takes a network, a MAC address, and an address or “none”.");
    if (!load(cli, argv[1], &network, &path, &status))
        return status;
    json_t *leases = without(json_object_get(network, "static_leases"), argv[2]);
    g_autoptr(json_t) body = json_pack("{s:o}", "static_leases", leases);
    gboolean gone = g_str_equal(argv[3], "none");
    if (!gone)
        json_array_append_new(leases, json_pack("{s:s, s:s}", "mac", argv[2], "address", argv[3]));
    if (!fct_client_call(cli->client, "PUT", path, body, (guint64)fct_json_int(network, "revision", 0), &answer,
                         &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    else if (gone)
        printf("%s has no fixed address.\n", argv[2]);
    else
        printf("%s gets %s when it next asks.\n", argv[2], argv[3]);
    return 0;
}

int fct_verb_network_delete(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) network = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    gboolean yes = FALSE;
    int status;
    GOptionEntry entries[] = {{"yes", 'y', 0, G_OPTION_ARG_NONE, &yes, "Do not ask", NULL}, {NULL}};
    if (!fct_cli_options("NETWORK", entries, &argc, &argv))
        return 2;
    if (argc != 2)
        return fct_cli_usage("network delete takes the name of one network.");
    if (!load(cli, argv[1], &network, &path, &status))
        return status;
    g_autofree char *question = g_strdup_printf("Delete network %s?", argv[1]);
    if (!yes && !fct_cli_ask(question))
        return fct_cli_usage("Nothing was deleted. Add --yes to delete without being asked.");
    if (!fct_client_call(cli->client, "DELETE", path, NULL, (guint64)fct_json_int(network, "revision", 0), NULL,
                         &error))
        return fct_cli_fail(cli, error);
    if (!cli->json)
        printf("Network %s is gone.\n", argv[1]);
    return 0;
}

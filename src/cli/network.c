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

/* ---- what a network shall be ---- */

typedef struct {
    char *nat, *routed, *isolated, *bridge, *direct, *subnet, *dhcp, *autostart;
    int vlan;
    gboolean open_vswitch, preview, confirm, yes;
} Wish;

static void wish_clear(Wish *wish)
{
    char *const texts[] = {wish->nat,    wish->routed, wish->isolated, wish->bridge,
                           wish->direct, wish->subnet, wish->dhcp,     wish->autostart};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wish, wish_clear)

/* "FIRST-LAST" or "none". */
static gboolean put_dhcp(json_t *body, const char *text)
{
    g_auto(GStrv) ends = g_strsplit(text, "-", 2);
    if (g_str_equal(text, "none"))
        json_object_set_new(body, "dhcp", json_null());
    else if (g_strv_length(ends) == 2)
        json_object_set_new(body, "dhcp", json_pack("{s:s, s:s}", "first", ends[0], "last", ends[1]));
    else
        return FALSE;
    return TRUE;
}

/* All but what says the kind. */
static gboolean put_wish(json_t *body, const Wish *wish)
{
    if (wish->dhcp && !put_dhcp(body, wish->dhcp))
        return FALSE;
    if (wish->autostart && !g_str_equal(wish->autostart, "yes") && !g_str_equal(wish->autostart, "no"))
        return FALSE;
    if (wish->autostart)
        json_object_set_new(body, "autostart", json_boolean(g_str_equal(wish->autostart, "yes")));
    if (!fct_cli_put_from(body, "vlan", "--vlan", 0, wish->vlan))
        return FALSE;
    if (wish->vlan == 0)
        json_object_set_new(body, "vlan", json_null());
    if (wish->open_vswitch)
        json_object_set_new(body, "open_vswitch", json_true());
    return TRUE;
}

static void print_sentences(const json_t *list, const char *before)
{
    size_t i;
    json_t *sentence;
    json_array_foreach ((json_t *)list, i, sentence)
        printf("%s%s\n", before, json_string_value(sentence));
}

/* What @question would do; nothing is changed. */
static int preview(FctCli *cli, json_t *question)
{
    g_autoptr(json_t) body = question;
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *verdict;
    if (!fct_client_call(cli->client, "POST", "/networks/preview", body, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    print_sentences(json_object_get(answer, "changes"), "  ");
    g_autofree char *cut = joined(json_object_get(answer, "interrupts"));
    printf("%s%s\n", *cut ? "Lose their link for some seconds: " : "No VM loses its link.", cut);
    json_array_foreach (json_object_get(answer, "verdicts"), i, verdict)
        printf("%s: %s %s\n", fct_json_str(verdict, "severity", ""), fct_json_str(verdict, "sentence", ""),
               fct_json_str(verdict, "next", ""));
    return 0;
}

int fct_verb_network_create(FctCli *cli, int argc, char **argv)
{
    g_auto(Wish) wish = {.vlan = FCT_CLI_UNSAID};
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    GOptionEntry entries[] = {
        {"nat", 0, 0, G_OPTION_ARG_STRING, &wish.nat, "VMs reach out through the host", "SUBNET"},
        {"routed", 0, 0, G_OPTION_ARG_STRING, &wish.routed, "VMs reach out with their own addresses", "SUBNET"},
        {"isolated", 0, 0, G_OPTION_ARG_STRING, &wish.isolated, "VMs and host only", "SUBNET"},
        {"bridge", 0, 0, G_OPTION_ARG_STRING, &wish.bridge, "VMs beside the host, on a bridge it has", "BRIDGE"},
        {"direct", 0, 0, G_OPTION_ARG_STRING, &wish.direct, "VMs beside the host, on an interface or VLAN of it",
         "INTERFACE"},
        {"dhcp", 0, 0, G_OPTION_ARG_STRING, &wish.dhcp, "What is handed out", "FIRST-LAST|none"},
        {"vlan", 0, 0, G_OPTION_ARG_INT, &wish.vlan, "VLAN tag; with --direct Facet makes its interface", "TAG"},
        {"open-vswitch", 0, 0, G_OPTION_ARG_NONE, &wish.open_vswitch, "The bridge is one of Open vSwitch", NULL},
        {"autostart", 0, 0, G_OPTION_ARG_STRING, &wish.autostart, "Start with the host", "yes|no"},
        {"plan", 0, 0, G_OPTION_ARG_NONE, &wish.preview, "Only say what would happen", NULL},
        {"confirm", 0, 0, G_OPTION_ARG_NONE, &wish.confirm, "Do it although Facet warns and asks", NULL},
        {NULL}};
    if (!fct_cli_options("NAME", entries, &argc, &argv))
        return 2;
    const struct {
        const char *kind, *field, *value;
    } kinds[] = {{"nat", "subnet", wish.nat},
                 {"routed", "subnet", wish.routed},
                 {"isolated", "subnet", wish.isolated},
                 {"bridge", "bridge", wish.bridge},
                 {"direct", "interface", wish.direct}};
    g_autoptr(json_t) body = json_object();
    int given = 0;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (kinds[i].value && ++given) {
            json_object_set_new(body, "kind", json_string(kinds[i].kind));
            json_object_set_new(body, kinds[i].field, json_string(kinds[i].value));
        }
    if (argc != 2 || given != 1 || !put_wish(body, &wish))
        return fct_cli_usage(
            "network create takes a name and one of --nat, --routed, --isolated, --bridge and --direct.");
    json_object_set_new(body, "name", json_string(argv[1]));
    if (wish.preview)
        return preview(cli, json_pack("{s:s, s:O}", "action", "create", "input", body));
    if (!fct_client_call(cli->client, "POST", wish.confirm ? "/networks?confirm=1" : "/networks", body, 0, &answer,
                         &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    else
        printf("Network %s is made and runs.\n", fct_json_str(answer, "name", ""));
    return 0;
}

/* Changes the network and follows the task. */
static int change(FctCli *cli, const char *path, const json_t *network, json_t *body)
{
    g_autoptr(json_t) task = NULL;
    g_autoptr(GError) error = NULL;
    if (!fct_client_call(cli->client, "PUT", path, body, (guint64)fct_json_int(network, "revision", 0), &task, &error))
        return fct_cli_fail(cli, error);
    return fct_task_follow(cli, task);
}

/* Asks, at a terminal, before running VMs lose their link; what else stands against it the change itself says. */
static gboolean may_cut(FctCli *cli, const char *network, json_t *input, int *ret_status)
{
    g_autoptr(json_t) question = json_pack("{s:s, s:s, s:O}", "action", "update", "id", network, "input", input);
    g_autoptr(json_t) answer = NULL;
    if (!fct_client_call(cli->client, "POST", "/networks/preview", question, 0, &answer, NULL))
        return TRUE;
    g_autofree char *cut = joined(json_object_get(answer, "interrupts"));
    return !*cut ||
           fct_cli_confirm_stop(FALSE, ret_status, "Change network %s? For some seconds these lose their link: %s.",
                                network, cut);
}

int fct_verb_network_edit(FctCli *cli, int argc, char **argv)
{
    g_auto(Wish) wish = {.vlan = FCT_CLI_UNSAID};
    g_autoptr(json_t) network = NULL;
    g_autoptr(json_t) body = json_object();
    g_autofree char *path = NULL;
    int status;
    GOptionEntry entries[] = {
        {"subnet", 0, 0, G_OPTION_ARG_STRING, &wish.subnet, "Another subnet; VMs lose their link for some seconds",
         "SUBNET"},
        {"dhcp", 0, 0, G_OPTION_ARG_STRING, &wish.dhcp, "What is handed out", "FIRST-LAST|none"},
        {"bridge", 0, 0, G_OPTION_ARG_STRING, &wish.bridge, "Another bridge", "BRIDGE"},
        {"interface", 0, 0, G_OPTION_ARG_STRING, &wish.direct, "Another interface", "INTERFACE"},
        {"vlan", 0, 0, G_OPTION_ARG_INT, &wish.vlan, "VLAN tag on the bridge; 0: none", "TAG"},
        {"autostart", 0, 0, G_OPTION_ARG_STRING, &wish.autostart, "Start with the host", "yes|no"},
        {"plan", 0, 0, G_OPTION_ARG_NONE, &wish.preview, "Only say what would happen", NULL},
        {"confirm", 0, 0, G_OPTION_ARG_NONE, &wish.confirm, "Also when your own connection may be cut", NULL},
        FCT_CLI_YES(wish.yes),
        {NULL}};
    if (!fct_cli_options("NETWORK", entries, &argc, &argv))
        return 2;
    if (argc != 2 || !put_wish(body, &wish))
        return fct_cli_usage("network edit takes the name of one network, and what shall be otherwise.");
    if (wish.subnet)
        json_object_set_new(body, "subnet", json_string(wish.subnet));
    if (wish.bridge)
        json_object_set_new(body, "bridge", json_string(wish.bridge));
    if (wish.direct)
        json_object_set_new(body, "interface", json_string(wish.direct));
    if (wish.preview)
        return preview(cli, json_pack("{s:s, s:s, s:O}", "action", "update", "id", argv[1], "input", body));
    if (!load(cli, argv[1], &network, &path, &status) || (!wish.yes && !may_cut(cli, argv[1], body, &status)))
        return status;
    g_autofree char *target = g_strconcat(path, wish.confirm ? "?confirm=1" : "", NULL);
    return change(cli, target, network, body);
}

int fct_verb_network_start(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    if (argc != 2)
        return fct_cli_usage("network start takes the name of one network.");
    g_autofree char *segment = fct_client_segment(argv[1]), *path = g_strdup_printf("/networks/%s/start", segment);
    if (!fct_client_call(cli->client, "POST", path, NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    else
        printf("Network %s runs.\n", fct_json_str(answer, "name", ""));
    return 0;
}

int fct_verb_network_interfaces(FctCli *cli, int argc, char **argv)
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
        g_autofree char *members = joined(json_object_get(one, "members"));
        g_autofree char *addresses = json_is_array(json_object_get(one, "addresses"))
                                         ? joined(json_object_get(one, "addresses"))
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

/* ---- static leases ---- */

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
    status = change(cli, path, network, body);
    if (status || cli->json)
        return status;
    if (gone)
        printf("%s has no fixed address.\n", argv[2]);
    else
        printf("%s gets %s when it next asks.\n", argv[2], argv[3]);
    return 0;
}

/*
 * Says which snapshots need the network. TRUE: a yes to the deletion is a yes to that too, and to nothing else that
 * must be confirmed.
 */
static gboolean only_snapshots_ask(FctCli *cli, const char *name)
{
    g_autoptr(json_t) body = json_pack("{s:s, s:s}", "action", "delete", "id", name);
    g_autoptr(json_t) answer = NULL;
    gboolean asked = FALSE, other = FALSE;
    size_t i;
    json_t *verdict;
    if (!fct_client_call(cli->client, "POST", "/networks/preview", body, 0, &answer, NULL))
        return FALSE;
    json_array_foreach (json_object_get(answer, "verdicts"), i, verdict) {
        gboolean snapshot = strcmp(fct_json_str(verdict, "code", ""), "snapshot-needs") == 0;
        if (snapshot)
            fprintf(stderr, "%s\n", fct_json_str(verdict, "sentence", ""));
        asked |= snapshot;
        other |= !snapshot && strcmp(fct_json_str(verdict, "severity", ""), "confirm") == 0;
    }
    return asked && !other;
}

int fct_verb_network_delete(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) network = NULL;
    g_autoptr(json_t) task = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    gboolean yes = FALSE, look = FALSE, confirm = FALSE;
    int status;
    GOptionEntry entries[] = {
        FCT_CLI_YES(yes),
        {"plan", 0, 0, G_OPTION_ARG_NONE, &look, "Only say what would happen", NULL},
        {"confirm", 0, 0, G_OPTION_ARG_NONE, &confirm, "Also when your own connection may be cut", NULL},
        {NULL}};
    if (!fct_cli_options("NETWORK", entries, &argc, &argv))
        return 2;
    if (argc != 2)
        return fct_cli_usage("network delete takes the name of one network.");
    if (look)
        return preview(cli, json_pack("{s:s, s:s}", "action", "delete", "id", argv[1]));
    if (!load(cli, argv[1], &network, &path, &status))
        return status;
    confirm |= only_snapshots_ask(cli, argv[1]);
    if (!fct_cli_confirm(yes, &status, "Delete network %s?", argv[1]))
        return status;
    g_autofree char *target = g_strconcat(path, confirm ? "?confirm=1" : "", NULL);
    if (!fct_client_call(cli->client, "DELETE", target, NULL, (guint64)fct_json_int(network, "revision", 0), &task,
                         &error))
        return fct_cli_fail(cli, error);
    return fct_task_follow(cli, task);
}

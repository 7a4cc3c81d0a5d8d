/* SPDX-License-Identifier: Apache-2.0 */
/* What a network shall be: making, changing and deleting one. */
#include "cli/network.h"

#include <string.h>

static gboolean network_load(FctCli *cli, const char *name, json_t **ret, char **ret_path, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *segment = fct_client_segment(name);
    *ret_path = g_strconcat("/networks/", segment, NULL);
    if (fct_client_call(cli->client, "GET", *ret_path, NULL, 0, ret, &error))
        return TRUE;
    *ret_status = fct_cli_fail(cli, error);
    return FALSE;
}

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

/* All but what says the kind. FALSE: --dhcp is neither. */
static gboolean put_wish(json_t *body, const FctArgs *args)
{
    const char *dhcp = fct_args_text(args, "dhcp"), *autostart = fct_args_text(args, "autostart");
    if (dhcp && !put_dhcp(body, dhcp))
        return FALSE;
    if (autostart)
        json_object_set_new(body, "autostart", json_boolean(g_str_equal(autostart, "yes")));
    fct_args_put_number(args, "vlan", body, "vlan");
    if (fct_args_number(args, "vlan", 1) == 0)
        json_object_set_new(body, "vlan", json_null());
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
static int network_preview(FctCli *cli, json_t *question)
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
    g_autofree char *cut = fct_names_joined(json_object_get(answer, "interrupts"));
    printf("%s%s\n", *cut ? "Lose their link for some seconds: " : "No VM loses its link.", cut);
    json_array_foreach (json_object_get(answer, "verdicts"), i, verdict)
        printf("%s: %s %s\n", fct_json_str(verdict, "severity", ""), fct_json_str(verdict, "sentence", ""),
               fct_json_str(verdict, "next", ""));
    return 0;
}

static int network_create(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    static const struct {
        const char *kind, *field; /* the kind is the option, too */
    } kinds[] = {
        {"nat", "subnet"}, {"routed", "subnet"}, {"isolated", "subnet"}, {"bridge", "bridge"}, {"direct", "interface"}};
    g_autoptr(json_t) body = json_object();
    int given = 0;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (fct_args_said(args, kinds[i].kind) && ++given) {
            json_object_set_new(body, "kind", json_string(kinds[i].kind));
            fct_args_put_text(args, kinds[i].kind, body, kinds[i].field);
        }
    if (given != 1 || !put_wish(body, args))
        return fct_cli_usage(
            "network create takes a name and one of --nat, --routed, --isolated, --bridge and --direct.");
    json_object_set_new(body, "name", json_string(fct_args_word(args, 0)));
    if (fct_args_flag(args, "open-vswitch"))
        json_object_set_new(body, "open_vswitch", json_true());
    if (fct_args_flag(args, "plan"))
        return network_preview(cli, json_pack("{s:s, s:O}", "action", "create", "input", body));
    if (!fct_client_call(cli->client, "POST", fct_args_flag(args, "confirm") ? "/networks?confirm=1" : "/networks",
                         body, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    else
        printf("Network %s is made and runs.\n", fct_json_str(answer, "name", ""));
    return 0;
}

/* Changes the network and follows the task. */
static int network_change(FctCli *cli, const char *path, const json_t *network, json_t *body)
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
    g_autofree char *cut = fct_names_joined(json_object_get(answer, "interrupts"));
    return !*cut ||
           fct_cli_confirm_stop(FALSE, ret_status, "Change network %s? For some seconds these lose their link: %s.",
                                network, cut);
}

static int network_edit(FctCli *cli, const FctArgs *args)
{
    const char *name = fct_args_word(args, 0);
    g_autoptr(json_t) network = NULL;
    g_autoptr(json_t) body = json_object();
    g_autofree char *path = NULL;
    int status;
    if (!put_wish(body, args))
        return fct_cli_usage("network edit takes the name of one network, and what shall be otherwise.");
    fct_args_put_text(args, "subnet", body, "subnet");
    fct_args_put_text(args, "bridge", body, "bridge");
    fct_args_put_text(args, "interface", body, "interface");
    if (fct_args_flag(args, "plan"))
        return network_preview(cli, json_pack("{s:s, s:s, s:O}", "action", "update", "id", name, "input", body));
    if (!network_load(cli, name, &network, &path, &status) ||
        (!fct_args_yes(args) && !may_cut(cli, name, body, &status)))
        return status;
    g_autofree char *target = g_strconcat(path, fct_args_flag(args, "confirm") ? "?confirm=1" : "", NULL);
    return network_change(cli, target, network, body);
}

static int network_start(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *segment = fct_client_segment(fct_args_word(args, 0)),
                    *path = g_strdup_printf("/networks/%s/start", segment);
    if (!fct_client_call(cli->client, "POST", path, NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    else
        printf("Network %s runs.\n", fct_json_str(answer, "name", ""));
    return 0;
}

/* ---- static leases ---- */

/* The list without what @mac has. */
static json_t *network_without(const json_t *leases, const char *mac)
{
    json_t *rest = json_array();
    size_t i;
    json_t *lease;
    json_array_foreach ((json_t *)leases, i, lease)
        if (g_ascii_strcasecmp(fct_json_str(lease, "mac", ""), mac) != 0)
            json_array_append(rest, lease);
    return rest;
}

static int network_fix(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) network = NULL;
    g_autofree char *path = NULL;
    const char *mac = fct_args_word(args, 1), *address = fct_args_word(args, 2);
    int status;
    if (!network_load(cli, fct_args_word(args, 0), &network, &path, &status))
        return status;
    json_t *leases = network_without(json_object_get(network, "static_leases"), mac);
    g_autoptr(json_t) body = json_pack("{s:o}", "static_leases", leases);
    gboolean gone = g_str_equal(address, "none");
    if (!gone)
        json_array_append_new(leases, json_pack("{s:s, s:s}", "mac", mac, "address", address));
    status = network_change(cli, path, network, body);
    if (status || cli->json)
        return status;
    if (gone)
        printf("%s has no fixed address.\n", mac);
    else
        printf("%s gets %s when it next asks.\n", mac, address);
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

static int delete_network(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) network = NULL;
    g_autoptr(json_t) task = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    gboolean confirm = fct_args_flag(args, "confirm");
    const char *name = fct_args_word(args, 0);
    int status;
    if (fct_args_flag(args, "plan"))
        return network_preview(cli, json_pack("{s:s, s:s}", "action", "delete", "id", name));
    if (!network_load(cli, name, &network, &path, &status))
        return status;
    confirm |= only_snapshots_ask(cli, name);
    if (!fct_cli_confirm(fct_args_yes(args), &status, "Delete network %s?", name))
        return status;
    g_autofree char *target = g_strconcat(path, confirm ? "?confirm=1" : "", NULL);
    if (!fct_client_call(cli->client, "DELETE", target, NULL, (guint64)fct_json_int(network, "revision", 0), &task,
                         &error))
        return fct_cli_fail(cli, error);
    return fct_task_follow(cli, task);
}

#define DHCP                                                                                                           \
    {                                                                                                                  \
        "dhcp", .value = "FIRST-LAST|none", .help = "What is handed out"                                               \
    }
#define AUTOSTART                                                                                                      \
    {                                                                                                                  \
        "autostart", .value = "yes|no", .help = "Start with the host", .kind = FCT_KIND_CHOICE                         \
    }
#define LOOK                                                                                                           \
    {                                                                                                                  \
        "plan", .help = "Only say what would happen"                                                                   \
    }

const FctVerb fct_network_changes[] = {
    {"network create", "Make a network and start it", network_create, .operands = {{"NAME", FCT_KIND_NEW}},
     .options = FCT_OPTIONS(
         {"nat", .value = "SUBNET", .help = "VMs reach out through the host"},
         {"routed", .value = "SUBNET", .help = "VMs reach out with their own addresses"},
         {"isolated", .value = "SUBNET", .help = "VMs and host only"},
         {"bridge", .value = "BRIDGE", .help = "VMs beside the host, on a bridge it has"},
         {"direct", .value = "INTERFACE", .help = "VMs beside the host, on an interface or VLAN of it"}, DHCP,
         {"vlan", .value = "TAG", .help = "VLAN tag; with --direct Facet makes its interface", .kind = FCT_KIND_NUMBER},
         {"open-vswitch", .help = "The bridge is one of Open vSwitch"}, AUTOSTART, LOOK,
         {"confirm", .help = "Do it although Facet warns and asks"}),
     .note = "Give one of --nat, --routed, --isolated, --bridge and --direct.",
     .examples = {"facet network create lab --isolated 10.20.0.0/24"}},
    {"network edit", "Change a network, or see what that would do", network_edit,
     .operands = {{"NETWORK", FCT_KIND_NETWORK}},
     .options =
         FCT_OPTIONS({"subnet", .value = "SUBNET", .help = "Another subnet; VMs lose their link for some seconds"},
                     DHCP, {"bridge", .value = "BRIDGE", .help = "Another bridge"},
                     {"interface", .value = "INTERFACE", .help = "Another interface"},
                     {"vlan", .value = "TAG", .help = "VLAN tag on the bridge; 0: none", .kind = FCT_KIND_NUMBER},
                     AUTOSTART, LOOK, {"confirm", .help = "Also when your own connection may be cut"}),
     .asks = FCT_ASKS_TERMINAL},
    {"network fix", "Give a NIC the same address always", network_fix,
     .operands = {{"NETWORK", FCT_KIND_NETWORK}, {"MAC"}, {"ADDRESS|none"}},
     .examples = {"facet network fix lab 52:54:00:00:00:10 10.20.0.10"}},
    {"network start", "Start a network that is off", network_start, .operands = {{"NETWORK", FCT_KIND_NETWORK}}},
    {"network delete", "Delete a network that no VM uses", delete_network, .operands = {{"NETWORK", FCT_KIND_NETWORK}},
     .options = FCT_OPTIONS(LOOK, {"confirm", .help = "Also when your own connection may be cut"}),
     .asks = FCT_ASKS_ALWAYS},
    {NULL},
};

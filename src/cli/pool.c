/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

#define MIB (1024 * 1024)

static char *pool_path(const char *name, const char *rest)
{
    g_autofree char *segment = fct_client_segment(name);
    return g_strconcat("/pools/", segment, rest, NULL);
}

/* Static, as fct_show_mib. */
static const char *show_bytes(const json_t *bytes)
{
    g_autoptr(json_t) mib = json_is_integer(bytes) ? json_integer(json_integer_value(bytes) / MIB) : json_null();
    return fct_show_mib(mib);
}

static int pool_list(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *pool;
    if (!fct_client_call(cli->client, "GET", "/pools", NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("NAME", "KIND", "STATE", "#FREE", "#SIZE", "WHERE", "", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, pool) {
        const char *source = fct_json_str(pool, "source", "");
        const char *warning = fct_json_str(json_object_get(pool, "warning"), "sentence", "");
        fct_table_row(table, fct_json_str(pool, "name", ""), fct_json_str(pool, "kind", ""),
                      fct_json_str(pool, "state", ""), show_bytes(json_object_get(pool, "free_bytes")),
                      show_bytes(json_object_get(pool, "capacity_bytes")),
                      *source ? source : fct_json_str(pool, "path", ""),
                      *warning                            ? warning
                      : fct_json_bool(pool, "ours", TRUE) ? ""
                                                          : "made by others",
                      NULL);
    }
    fct_table_print(table);
    return 0;
}

static int pool_create(FctCli *cli, const FctArgs *args)
{
    const char *name = fct_args_word(args, 0), *dir = fct_args_text(args, "dir"), *nfs = fct_args_text(args, "nfs"),
               *lvm = fct_args_text(args, "lvm"), *confirm = fct_args_text(args, "confirm");
    g_autoptr(json_t) answer = NULL;
    g_autoptr(json_t) body = NULL;
    g_autoptr(GError) error = NULL;
    if (!!dir + !!nfs + !!lvm != 1)
        return fct_cli_usage("pool create takes a name and one of --dir, --nfs and --lvm.");
    const char *slash = nfs ? strstr(nfs, ":/") : NULL;
    if (nfs && !slash)
        return fct_cli_usage("--nfs takes HOST:EXPORT, like nas:/export/vms.");
    if (dir)
        body = json_pack("{s:s, s:s, s:s, s:s*}", "name", name, "kind", "dir", "path", dir, "confirm", confirm);
    else if (lvm)
        body = json_pack("{s:s, s:s, s:s, s:s*}", "name", name, "kind", "lvm", "volume_group", lvm, "confirm", confirm);
    else
        body = json_pack("{s:s, s:s, s:s%, s:s, s:s*}", "name", name, "kind", "nfs", "host", nfs, (size_t)(slash - nfs),
                         "export", slash + 1, "confirm", confirm);
    if (!fct_client_call(cli->client, "POST", "/pools", body, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    else
        printf("Pool %s is made and runs.\n", fct_json_str(answer, "name", ""));
    return 0;
}

static int pool_act(FctCli *cli, const char *name, const char *verb, const char *done)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *rest = g_strconcat("/", verb, NULL), *path = pool_path(name, rest);
    if (!fct_client_call(cli->client, "POST", path, NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    else
        printf("Pool %s %s.\n", name, done);
    return 0;
}

static int pool_start(FctCli *cli, const FctArgs *args)
{
    return pool_act(cli, fct_args_word(args, 0), "start", "runs");
}

static int pool_stop(FctCli *cli, const FctArgs *args)
{
    int status;
    if (!fct_cli_confirm_stop(fct_args_yes(args), &status, "Stop pool %s?", fct_args_word(args, 0)))
        return status;
    return pool_act(cli, fct_args_word(args, 0), "stop", "is stopped");
}

static int pool_refresh(FctCli *cli, const FctArgs *args)
{
    return pool_act(cli, fct_args_word(args, 0), "refresh", "was looked through");
}

static int delete_pool(FctCli *cli, const FctArgs *args)
{
    g_autoptr(GError) error = NULL;
    const char *name = fct_args_word(args, 0);
    int status;
    g_autofree char *path = pool_path(name, "");
    if (!fct_cli_confirm(fct_args_yes(args), &status, "Take pool %s out? Its data stays.", name))
        return status;
    if (!fct_client_call(cli->client, "DELETE", path, NULL, 0, NULL, &error))
        return fct_cli_fail(cli, error);
    return fct_cli_said(cli, "Pool %s is gone; its data stays where it is.", name);
}

static const FctVerb verbs[] = {
    {"pool list", "Storage pools with their free space", pool_list},
    {"pool create", "Make a pool and start it", pool_create, .operands = {{"NAME", FCT_KIND_NEW}},
     .options = FCT_OPTIONS(
         {"dir", .value = "PATH", .help = "A folder: simple, snapshots and thin disks"},
         {"nfs", .value = "HOST:EXPORT", .help = "An NFS export: shared between hosts"},
         {"lvm", .value = "GROUP", .help = "A volume group: fast raw disks"},
         {"confirm", .value = "PATH", .help = "The folder or volume group once more, when Facet asks for it"}),
     .note = "Give one of --dir, --nfs and --lvm.", .examples = {"facet pool create fast --dir /srv/vms"}},
    {"pool start", "Start a pool", pool_start, .operands = {{"POOL", FCT_KIND_POOL}}},
    {"pool stop", "Stop a pool that no VM uses", pool_stop, .operands = {{"POOL", FCT_KIND_POOL}},
     .asks = FCT_ASKS_TERMINAL},
    {"pool refresh", "Look for volumes that came or went", pool_refresh, .operands = {{"POOL", FCT_KIND_POOL}}},
    {"pool delete", "Take a pool out; its data stays", delete_pool, .operands = {{"POOL", FCT_KIND_POOL}},
     .asks = FCT_ASKS_ALWAYS},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_pool = {"pool", "storage pools", tables};

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

int fct_verb_pool_list(FctCli *cli, int argc, char **argv)
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

int fct_verb_pool_create(FctCli *cli, int argc, char **argv)
{
    g_autofree char *dir = NULL, *nfs = NULL, *lvm = NULL, *confirm = NULL;
    g_autoptr(json_t) answer = NULL;
    g_autoptr(json_t) body = NULL;
    g_autoptr(GError) error = NULL;
    GOptionEntry entries[] = {
        {"dir", 0, 0, G_OPTION_ARG_STRING, &dir, "A folder: simple, snapshots and thin disks", "PATH"},
        {"nfs", 0, 0, G_OPTION_ARG_STRING, &nfs, "An NFS export: shared between hosts", "HOST:EXPORT"},
        {"lvm", 0, 0, G_OPTION_ARG_STRING, &lvm, "A volume group: fast raw disks", "GROUP"},
        {"confirm", 0, 0, G_OPTION_ARG_STRING, &confirm, "The folder or volume group once more, when Facet asks for it",
         "PATH"},
        {NULL}};
    if (!fct_cli_options("NAME", entries, &argc, &argv))
        return 2;
    if (argc != 2 || !!dir + !!nfs + !!lvm != 1)
        return fct_cli_usage("pool create takes a name and one of --dir, --nfs and --lvm.");
    const char *slash = nfs ? strstr(nfs, ":/") : NULL;
    if (nfs && !slash)
        return fct_cli_usage("--nfs takes HOST:EXPORT, like nas:/export/vms.");
    if (dir)
        body = json_pack("{s:s, s:s, s:s, s:s*}", "name", argv[1], "kind", "dir", "path", dir, "confirm", confirm);
    else if (lvm)
        body =
            json_pack("{s:s, s:s, s:s, s:s*}", "name", argv[1], "kind", "lvm", "volume_group", lvm, "confirm", confirm);
    else
        body = json_pack("{s:s, s:s, s:s%, s:s, s:s*}", "name", argv[1], "kind", "nfs", "host", nfs,
                         (size_t)(slash - nfs), "export", slash + 1, "confirm", confirm);
    if (!fct_client_call(cli->client, "POST", "/pools", body, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    else
        printf("Pool %s is made and runs.\n", fct_json_str(answer, "name", ""));
    return 0;
}

static int act(FctCli *cli, int argc, char **argv, const char *verb, const char *done)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    if (argc != 2)
        return fct_cli_usage("pool %s takes the name of one pool.", verb);
    g_autofree char *rest = g_strconcat("/", verb, NULL), *path = pool_path(argv[1], rest);
    if (!fct_client_call(cli->client, "POST", path, NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    else
        printf("Pool %s %s.\n", argv[1], done);
    return 0;
}

int fct_verb_pool_start(FctCli *cli, int argc, char **argv)
{
    return act(cli, argc, argv, "start", "runs");
}

int fct_verb_pool_stop(FctCli *cli, int argc, char **argv)
{
    gboolean yes = FALSE;
    int status;
    GOptionEntry entries[] = {FCT_CLI_YES(yes), {NULL}};
    if (!fct_cli_options("POOL", entries, &argc, &argv))
        return 2;
    if (argc == 2 && !fct_cli_confirm_stop(yes, &status, "Stop pool %s?", argv[1]))
        return status;
    return act(cli, argc, argv, "stop", "is stopped");
}

int fct_verb_pool_refresh(FctCli *cli, int argc, char **argv)
{
    return act(cli, argc, argv, "refresh", "was looked through");
}

int fct_verb_pool_delete(FctCli *cli, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean yes = FALSE;
    int status;
    GOptionEntry entries[] = {FCT_CLI_YES(yes), {NULL}};
    if (!fct_cli_options("POOL", entries, &argc, &argv))
        return 2;
    if (argc != 2)
        return fct_cli_usage("pool delete takes the name of one pool.");
    g_autofree char *path = pool_path(argv[1], "");
    if (!fct_cli_confirm(yes, &status, "Take pool %s out? Its data stays.", argv[1]))
        return status;
    if (!fct_client_call(cli->client, "DELETE", path, NULL, 0, NULL, &error))
        return fct_cli_fail(cli, error);
    return fct_cli_said(cli, "Pool %s is gone; its data stays where it is.", argv[1]);
}

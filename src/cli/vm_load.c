/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/vm.h"

char *fct_vm_path(const char *name, const char *rest)
{
    g_autofree char *segment = fct_client_segment(name);
    return g_strconcat("/vms/", segment, rest, NULL);
}

gboolean fct_vm_load(FctCli *cli, const char *name, json_t **ret, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fct_vm_path(name, "");
    if (fct_client_call(cli->client, "GET", path, NULL, 0, ret, &error))
        return TRUE;
    *ret_status = fct_cli_fail(cli, error);
    return FALSE;
}

int fct_vm_task(FctCli *cli, const char *method, const char *path, json_t *body, guint64 if_match, gboolean no_wait)
{
    g_autoptr(json_t) task = NULL;
    g_autoptr(GError) error = NULL;
    if (!fct_client_call(cli->client, method, path, body, if_match, &task, &error))
        return fct_cli_fail(cli, error);
    if (!no_wait)
        return fct_task_follow(cli, task);
    if (cli->json)
        fct_print_json(task);
    else
        printf("Running as task %s.\n", fct_json_str(task, "id", ""));
    return 0;
}

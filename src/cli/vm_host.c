/* SPDX-License-Identifier: Apache-2.0 */
/* VMs of others, and VMs that start with the host. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

static char *vm_path(const char *name, const char *rest)
{
    g_autofree char *segment = fct_client_segment(name);
    return g_strconcat("/vms/", segment, rest, NULL);
}

static json_t *load(FctCli *cli, const char *name, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = vm_path(name, "");
    json_t *vm = NULL;
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &vm, &error))
        *ret_status = fct_cli_fail(cli, error);
    return vm;
}

static void print_texts(const char *title, const json_t *texts)
{
    size_t i;
    json_t *text;
    if (json_array_size(texts))
        printf("%s\n", title);
    json_array_foreach ((json_t *)texts, i, text)
        printf("  %s\n", json_string_value(text));
}

static gboolean allowed(const json_t *verdicts)
{
    size_t i;
    json_t *verdict;
    json_array_foreach ((json_t *)verdicts, i, verdict)
        if (strcmp(fct_json_str(verdict, "severity", ""), "refuse") == 0 ||
            strcmp(fct_json_str(verdict, "severity", ""), "block") == 0)
            return FALSE;
    return TRUE;
}

int fct_verb_vm_adopt(FctCli *cli, int argc, char **argv)
{
    gboolean yes = FALSE, only_plan = FALSE;
    g_autoptr(json_t) look = NULL, ask = json_pack("{s:b}", "preview", 1), act = json_pack("{s:b}", "confirm", 1);
    g_autoptr(json_t) vm = NULL;
    g_autoptr(GError) error = NULL;
    GOptionEntry entries[] = {
        {"plan", 0, 0, G_OPTION_ARG_NONE, &only_plan, "Only say what stays and what would change", NULL},
        {"yes", 'y', 0, G_OPTION_ARG_NONE, &yes, "Do not ask", NULL},
        {NULL}};
    if (!fct_cli_options("VM", entries, &argc, &argv))
        return 2;
    if (argc != 2)
        return fct_cli_usage("vm adopt takes the name of one VM of others.");
    g_autofree char *path = vm_path(argv[1], "/adopt");
    if (!fct_client_call(cli->client, "POST", path, ask, 0, &look, &error))
        return fct_cli_fail(cli, error);
    gboolean can = allowed(json_object_get(look, "verdicts"));
    if (cli->json && only_plan) {
        fct_print_json(look);
    } else if (!cli->json) {
        print_texts("Stays as it is:", json_object_get(look, "kept"));
        print_texts("Changes at its next start:", json_object_get(look, "lost"));
        fct_print_verdicts(stdout, json_object_get(look, "verdicts"));
    }
    if (only_plan || !can)
        return can ? 0 : fct_error_exit_status(FCT_ERROR_REFUSED);
    int status;
    if (!fct_cli_confirm(yes, &status, "Manage VM %s with Facet from now on?", argv[1]))
        return status;
    json_object_set(act, "digest", json_object_get(look, "digest")); /* the consent is for what was printed */
    if (!fct_client_call(cli->client, "POST", path, act, 0, &vm, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(vm);
    else
        printf("VM %s is managed by Facet now.\n", fct_json_str(vm, "name", ""));
    return 0;
}

int fct_verb_vm_release(FctCli *cli, int argc, char **argv)
{
    int status = 0;
    gboolean yes = FALSE;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) released = NULL;
    GOptionEntry entries[] = {FCT_CLI_YES(yes), {NULL}};
    if (!fct_cli_options("VM", entries, &argc, &argv))
        return 2;
    if (argc != 2)
        return fct_cli_usage("vm release takes the name of one VM.");
    g_autoptr(json_t) vm = load(cli, argv[1], &status);
    if (!vm || !fct_cli_confirm_stop(yes, &status, "Manage VM %s with Facet no longer?", fct_json_str(vm, "name", "")))
        return status;
    g_autofree char *path = vm_path(fct_json_str(vm, "id", ""), "/release");
    if (!fct_client_call(cli->client, "POST", path, NULL, 0, &released, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(released);
        return 0;
    }
    printf("VM %s is no longer managed by Facet; its disks stay as they are.\n%s\n", fct_json_str(vm, "name", ""),
           fct_json_str(released, "sentence", ""));
    print_texts("Stays changed:", json_object_get(released, "lost"));
    return 0;
}

/* ---- with the host ---- */

static int by_order(gconstpointer a, gconstpointer b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    gint64 first = fct_json_int(json_object_get(x, "autostart"), "order", 0);
    gint64 second = fct_json_int(json_object_get(y, "autostart"), "order", 0);
    if (first != second)
        return first < second ? -1 : 1;
    return strcmp(fct_json_str(x, "name", ""), fct_json_str(y, "name", ""));
}

static int list(FctCli *cli)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) vms = g_ptr_array_new();
    size_t i;
    json_t *vm;
    if (!fct_client_call(cli->client, "GET", "/vms", NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    json_array_foreach (json_object_get(answer, "items"), i, vm)
        if (fct_json_bool(json_object_get(vm, "autostart"), "enabled", FALSE))
            g_ptr_array_add(vms, vm);
    g_ptr_array_sort(vms, by_order);
    if (cli->json) {
        g_autoptr(json_t) items = json_array();
        for (guint k = 0; k < vms->len; k++)
            json_array_append_new(items, json_pack("{s:O, s:O, s:O}", "id", json_object_get(vms->pdata[k], "id"),
                                                   "name", json_object_get(vms->pdata[k], "name"), "autostart",
                                                   json_object_get(vms->pdata[k], "autostart")));
        g_autoptr(json_t) whole = json_pack("{s:O}", "items", items);
        fct_print_json(whole);
        return 0;
    }
    FctTable *table = fct_table_new("#ORDER", "NAME", "#WAIT AFTER", NULL);
    for (guint k = 0; k < vms->len; k++) {
        const json_t *autostart = json_object_get(vms->pdata[k], "autostart");
        g_autofree char *order = g_strdup_printf("%d", (int)fct_json_int(autostart, "order", 0));
        g_autofree char *wait = g_strdup_printf("%d s", (int)fct_json_int(autostart, "delay_s", 0));
        fct_table_row(table, order, fct_json_str(vms->pdata[k], "name", ""), wait, NULL);
    }
    fct_table_print(table);
    return 0;
}

int fct_verb_vm_autostart(FctCli *cli, int argc, char **argv)
{
    int order = FCT_CLI_UNSAID, wait = FCT_CLI_UNSAID, status = 0;
    gboolean off = FALSE;
    g_autoptr(GError) error = NULL;
    GOptionEntry entries[] = {
        {"order", 'o', 0, G_OPTION_ARG_INT, &order, "Lower is earlier (1 to 999)", "N"},
        {"wait", 'w', 0, G_OPTION_ARG_INT, &wait, "Pause after it, before the next one", "SECONDS"},
        {"off", 0, 0, G_OPTION_ARG_NONE, &off, "It does not start with the host any more", NULL},
        {NULL}};
    if (!fct_cli_options("[VM]", entries, &argc, &argv))
        return 2;
    if (argc > 2 || (argc < 2 && (order != FCT_CLI_UNSAID || wait != FCT_CLI_UNSAID || off)))
        return fct_cli_usage("vm autostart takes the name of one VM, or nothing to list them.");
    if (argc < 2)
        return list(cli);
    json_t *autostart = json_pack("{s:b}", "enabled", !off);
    g_autoptr(json_t) body = json_pack("{s:o}", "autostart", autostart), changed = NULL;
    if (!fct_cli_put_number(autostart, "order", "--order", order) ||
        !fct_cli_put_from(autostart, "delay_s", "--wait", 0, wait))
        return 2;
    g_autoptr(json_t) vm = load(cli, argv[1], &status);
    if (!vm)
        return status;
    g_autofree char *path = vm_path(fct_json_str(vm, "id", ""), "");
    if (!fct_client_call(cli->client, "PATCH", path, body, (guint64)fct_json_int(vm, "revision", 0), &changed, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(changed);
    else
        printf("VM %s %s with the host.\n", fct_json_str(vm, "name", ""), off ? "does not start" : "starts");
    return 0;
}

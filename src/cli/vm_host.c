/* SPDX-License-Identifier: Apache-2.0 */
/* VMs of others, and VMs that start with the host. */
#include "cli/vm.h"

#include <stdio.h>
#include <string.h>

static void print_texts(const char *title, const json_t *texts)
{
    size_t i;
    json_t *text;
    if (json_array_size(texts))
        printf("%s\n", title);
    json_array_foreach ((json_t *)texts, i, text)
        printf("  %s\n", json_string_value(text));
}

static gboolean vm_allowed(const json_t *verdicts)
{
    size_t i;
    json_t *verdict;
    json_array_foreach ((json_t *)verdicts, i, verdict)
        if (strcmp(fct_json_str(verdict, "severity", ""), "refuse") == 0 ||
            strcmp(fct_json_str(verdict, "severity", ""), "block") == 0)
            return FALSE;
    return TRUE;
}

static int vm_adopt(FctCli *cli, const FctArgs *args)
{
    const char *name = fct_args_word(args, 0);
    gboolean only_plan = fct_args_flag(args, "plan");
    g_autoptr(json_t) look = NULL, ask = json_pack("{s:b}", "preview", 1), act = json_pack("{s:b}", "confirm", 1);
    g_autoptr(json_t) vm = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fct_vm_path(name, "/adopt");
    if (!fct_client_call(cli->client, "POST", path, ask, 0, &look, &error))
        return fct_cli_fail(cli, error);
    gboolean can = vm_allowed(json_object_get(look, "verdicts"));
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
    if (!fct_cli_confirm(fct_args_yes(args), &status, "Manage VM %s with Facet from now on?", name))
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

static int vm_release(FctCli *cli, const FctArgs *args)
{
    int status = 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) released = NULL;
    g_autoptr(json_t) vm = NULL;
    if (!fct_vm_load(cli, fct_args_word(args, 0), &vm, &status) ||
        !fct_cli_confirm_stop(fct_args_yes(args), &status, "Manage VM %s with Facet no longer?",
                              fct_json_str(vm, "name", "")))
        return status;
    g_autofree char *path = fct_vm_path(fct_json_str(vm, "id", ""), "/release");
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

static int vm_list(FctCli *cli)
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

static int vm_autostart(FctCli *cli, const FctArgs *args)
{
    const char *name = fct_args_word(args, 0);
    gboolean off = fct_args_flag(args, "off");
    int status = 0;
    g_autoptr(GError) error = NULL;
    if (!name && (fct_args_said(args, "order") || fct_args_said(args, "wait") || off))
        return fct_cli_usage("vm autostart takes the name of one VM, or nothing to list them.");
    if (!name)
        return vm_list(cli);
    json_t *autostart = json_pack("{s:b}", "enabled", !off);
    g_autoptr(json_t) body = json_pack("{s:o}", "autostart", autostart), vm = NULL, changed = NULL;
    fct_args_put_number(args, "order", autostart, "order");
    fct_args_put_number(args, "wait", autostart, "delay_s");
    if (!fct_vm_load(cli, name, &vm, &status))
        return status;
    g_autofree char *path = fct_vm_path(fct_json_str(vm, "id", ""), "");
    if (!fct_client_call(cli->client, "PATCH", path, body, (guint64)fct_json_int(vm, "revision", 0), &changed, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(changed);
    else
        printf("VM %s %s with the host.\n", fct_json_str(vm, "name", ""), off ? "does not start" : "starts");
    return 0;
}

const FctVerb fct_vm_host[] = {
    {"vm adopt", "Manage a VM that another program made", vm_adopt, .operands = {{"VM", FCT_KIND_VM}},
     .options = FCT_OPTIONS({"plan", .help = "Only say what stays and what would change"}), .asks = FCT_ASKS_ALWAYS},
    {"vm release", "Manage it no longer; its disks stay", vm_release, .operands = {{"VM", FCT_KIND_VM}},
     .asks = FCT_ASKS_TERMINAL},
    {"vm autostart", "Which VMs start with the host, and when", vm_autostart,
     .operands = {{"VM", FCT_KIND_VM, FCT_MAY}},
     .options = FCT_OPTIONS({"order", 'o', "N", "Lower is earlier (1 to 999)", FCT_KIND_NUMBER, .least = 1},
                            {"wait", 'w', "SECONDS", "Pause after it, before the next one", FCT_KIND_NUMBER},
                            {"off", .help = "It does not start with the host any more"}),
     .note = "Without a VM it lists them."},
    {NULL},
};

/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest's agent tells. */
#include "cli/vm.h"

#include <stdio.h>

static void print_list(const json_t *list, const char *title, void (*line)(const json_t *item))
{
    size_t i;
    json_t *item;
    if (!json_array_size(list))
        return;
    printf("\n%s\n", title);
    json_array_foreach ((json_t *)list, i, item)
        line(item);
}

static void print_interface(const json_t *item)
{
    const json_t *addresses = json_object_get(item, "addresses");
    printf("  %-12s %-17s", fct_json_str(item, "name", ""), fct_json_str(item, "mac", "—"));
    for (size_t i = 0; i < json_array_size(addresses); i++)
        printf(" %s", json_string_value(json_array_get(addresses, i)));
    printf("\n");
}

static void print_filesystem(const json_t *item)
{
    const double gib = 1024.0 * 1024 * 1024;
    const json_t *used = json_object_get(item, "used_bytes"), *total = json_object_get(item, "total_bytes");
    printf("  %-20s %-8s", fct_json_str(item, "mountpoint", ""), fct_json_str(item, "type", "—"));
    if (json_is_integer(used) && json_is_integer(total))
        printf(" %.1f of %.1f GiB", (double)json_integer_value(used) / gib, (double)json_integer_value(total) / gib);
    printf("\n");
}

static int vm_guest_show(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) guest = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fct_vm_path(fct_args_word(args, 0), "/guest");
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &guest, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(guest);
        return 0;
    }
    printf("Agent      %s\n", fct_json_str(guest, "agent", ""));
    if (*fct_json_str(guest, "why_not", ""))
        printf("           %s\n", fct_json_str(guest, "why_not", ""));
    printf("Host name  %s\nSystem     %s\nKernel     %s\n", fct_json_str(guest, "hostname", "—"),
           fct_json_str(guest, "os", "—"), fct_json_str(guest, "kernel", "—"));
    print_list(json_object_get(guest, "interfaces"), "Interfaces", print_interface);
    print_list(json_object_get(guest, "filesystems"), "File systems", print_filesystem);
    return 0;
}

const FctVerb fct_vm_guest[] = {
    {"vm guest", "What the guest's agent tells: addresses, file systems", vm_guest_show,
     .operands = {{"VM", FCT_KIND_VM}}},
    {NULL},
};

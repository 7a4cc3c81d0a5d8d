/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static int node_show(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *node;
    if (!fct_client_call(cli->client, "GET", "/nodes", NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    json_array_foreach (json_object_get(answer, "items"), i, node) {
        const json_t *virt = json_object_get(node, "virt");
        printf("%s  ·  %s %s\n", fct_json_str(node, "name", ""), fct_json_str(node, "vendor", ""),
               fct_json_str(node, "product", ""));
        int cpus = (int)fct_json_int(node, "cpus", 0);
        printf("  %d %s  ·  %s  ·  kernel %s\n", cpus, cpus == 1 ? "CPU" : "CPUs",
               fct_show_mib(json_object_get(node, "memory_mib")), fct_json_str(node, "kernel", ""));
        printf("  NVIDIA driver %s  ·  IOMMU %s  ·  NVSwitches %d\n", fct_json_str(node, "driver_version", "—"),
               fct_json_str(node, "iommu", ""), (int)fct_json_int(node, "nvswitches", 0));
        if (*fct_json_str(node, "nvml_problem", ""))
            printf("  %s\n", fct_json_str(node, "nvml_problem", ""));
        printf("  libvirt %s  ·  QEMU %s  ·  %s %s\n", fct_json_str(virt, "libvirt", "—"),
               fct_json_str(virt, "qemu", "—"), fct_json_str(virt, "accel", ""), fct_json_str(virt, "why_not_kvm", ""));
    }
    return 0;
}

static const FctVerb verbs[] = {
    {"node show", "This host, its driver and what libvirt can do", node_show},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_node = {"node", "this host", tables};

/* SPDX-License-Identifier: Apache-2.0 */
/* NVML that is missing, too old or refuses; and names of profiles where the driver gives none. */
#include "host/mig_read.h"
#include "host/observe.h"
#include "tree.h"

#include <string.h>

static void test_missing(void)
{
    g_autoptr(FctNvml) nvml = fct_nvml_open("/nonexistent/libnvidia-ml.so.1", TRUE);
    g_assert_false(nvml->ready);
    g_assert_nonnull(strstr(nvml->problem, "Install the NVIDIA driver"));
    g_assert_cmpint(fct_nvml(nvml, init), ==, NV_FUNCTION_NOT_FOUND);
}

static void refuses_with(const char *code, const char *words)
{
    g_setenv("BROKEN_NVML", code, TRUE);
    g_autoptr(FctNvml) nvml = fct_nvml_open(g_getenv("BROKEN_NVML_LIBRARY"), TRUE);
    g_assert_false(nvml->ready);
    g_assert_nonnull(strstr(nvml->problem, words));
}

static void test_refusals(void)
{
    refuses_with("9", "driver is not loaded");
    refuses_with("18", "different versions");
    refuses_with("4", "as root");
    refuses_with("999", "code 999");
}

/* A library without most functions: the cards are seen in sysfs, and say why they are not managed. */
static void test_almost_nothing(void)
{
    char *root = tree_new();
    tree_function(root, "0000:41:00.0", "10de:20b5", "030200", "nvidia", NULL);
    tree_function(root, "0000:42:00.0", "10de:20b5", "030200", "vfio-pci", NULL);
    g_setenv("BROKEN_NVML", "0", TRUE);
    g_autoptr(FctObserver) observer = fct_observer_new(root, g_getenv("BROKEN_NVML_LIBRARY"), TRUE);
    const FctScan look = {.holders = TRUE, .readings = TRUE};
    g_autoptr(FctInventory) seen = fct_observer_scan(observer, &look);
    const FctGpu *gpu = seen->gpus->pdata[0], *bound = seen->gpus->pdata[1];
    g_assert_cmpint(gpu->state, ==, FCT_GPU_UNMANAGED);
    g_assert_nonnull(strstr(gpu->state_reason, "code 13"));
    g_assert_cmpstr(gpu->name, ==, "NVIDIA GPU 10de:20b5");
    g_assert_cmpint(bound->mode, ==, FCT_MODE_PASSTHROUGH);
    g_assert_cmpint(bound->state, ==, FCT_GPU_OK);
    g_autoptr(json_t) sample = fct_observer_sample(observer, NULL);
    const json_t *readings = json_object_get(json_object_get(sample, "gpus"), gpu->id);
    g_assert_true(json_is_null(json_object_get(readings, "gpu_percent")));
    g_assert_cmpstr(fct_json_str(readings, "why_not", ""), !=, "");
    g_autofree char *first = fct_inventory_digest(seen);
    g_autoptr(FctInventory) again = fct_observer_scan(observer, &look);
    g_autofree char *second = fct_inventory_digest(again);
    g_assert_cmpstr(first, ==, second);
    tree_free(root);
}

static void test_names(void)
{
    static const struct {
        int value, slices;
        guint64 mib, card_mib;
        const char *name;
    } names[] = {
        {0, 1, 4864, 40960, "1g.5gb"},        {4, 7, 40192, 40960, "7g.40gb"},
        {0, 1, 9728, 81920, "1g.10gb"},       {7, 1, 9728, 81920, "1g.10gb+me"},
        {9, 1, 19968, 81920, "1g.20gb"},      {2, 3, 40192, 81920, "3g.40gb"},
        {4, 7, 80640, 81920, "7g.80gb"},      {0, 1, 5888, 24576, "1g.6gb"},
        {3, 4, 24064, 24576, "4g.24gb"},      {8, 2, 12032, 24576, "2g.12gb+me"},
        {10, 1, 24192, 97887, "1g.24gb+gfx"}, {15, 1, 24192, 97887, "1g.24gb+me.all"},
        {13, 1, 24192, 97887, "1g.24gb-me"},  {3, 4, 97280, 97887, "4g.96gb"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *name = fct_mig_compose_name(names[i].value, names[i].slices, names[i].mib, names[i].card_mib);
        g_assert_cmpstr(name, ==, names[i].name);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nvml/missing", test_missing);
    g_test_add_func("/nvml/refusals", test_refusals);
    g_test_add_func("/nvml/almost-nothing", test_almost_nothing);
    g_test_add_func("/nvml/names", test_names);
    return g_test_run();
}

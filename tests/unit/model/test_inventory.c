/* SPDX-License-Identifier: Apache-2.0 */
#include "card.h"

#include <string.h>

static FctInventory *again(const FctInventory *inventory)
{
    g_autoptr(json_t) json = fct_inventory_to_json(inventory);
    g_autoptr(GError) error = NULL;
    FctInventory *read = fct_inventory_from_json(json, &error);
    g_assert_no_error(error);
    return read;
}

static void test_empty(void)
{
    g_autoptr(FctInventory) inventory = fct_inventory_new();
    g_autoptr(FctInventory) read = again(inventory);
    g_assert_cmpstr(read->node, ==, "");
    g_assert_cmpuint(read->gpus->len, ==, 0);
    FctGpu *gpu = fct_gpu_new();
    g_ptr_array_add(inventory->gpus, gpu);
    g_assert_cmpint(gpu->numa_node, ==, -1);
    g_assert_cmpint(gpu->iommu_group, ==, -1);
    g_assert_false(gpu->readings.power_w.have);
    g_assert_cmpstr(gpu->readings.why_not, ==, "");
}

static void test_round_trip(void)
{
    g_autoptr(FctInventory) inventory = card_inventory();
    FctGpu *gpu = inventory->gpus->pdata[0];
    FctGpuInstance *instance = gpu->mig.instances->pdata[0];
    FctComputeInstance *compute = card_compute(instance, 0, 2, 3);
    FctFunction *function = fct_function_new();
    set_text(&compute->uuid, "MIG-aaaaaaaa-bbbb-5ccc-8ddd-eeeeeeeeeeee");
    card_process(compute->processes, 4711, "python3")->memory_mib = (FctReading){TRUE, 0};
    set_text(&function->label, "NVIDIA audio function");
    function->same_slot = TRUE;
    g_ptr_array_add(gpu->functions, function);
    gpu->readings.temperature_c = (FctReading){TRUE, 41};
    gpu->state = FCT_GPU_WEDGED;
    gpu->mode = FCT_MODE_MIG;
    inventory->revision = G_GUINT64_CONSTANT(1) << 60;
    inventory->memory_mib = G_GINT64_CONSTANT(8) << 32;

    g_autoptr(FctInventory) read = again(inventory);
    g_autoptr(json_t) left = fct_inventory_to_json(inventory), right = fct_inventory_to_json(read);
    g_assert_true(json_equal(left, right));
    const FctGpu *copy = fct_inventory_gpu(read, gpu->id);
    g_assert_cmpint(copy->state, ==, FCT_GPU_WEDGED);
    g_assert_cmpint(copy->mode, ==, FCT_MODE_MIG);
    g_assert_cmpint(g_array_index(fct_mig_profile(&copy->mig, 9)->starts, int, 1), ==, 4);
    const FctGpuInstance *at = fct_mig_instance_at(&copy->mig, 4);
    g_assert_true(fct_gpu_instance_has_process(at));
    const FctComputeInstance *ci = at->compute->pdata[0];
    const FctProcess *process = ci->processes->pdata[0];
    g_assert_true(process->memory_mib.have); /* a known zero is not unknown */
    g_assert_false(at->memory_used_mib.have);
    g_assert_cmpuint(read->revision, ==, G_GUINT64_CONSTANT(1) << 60);
}

static void test_not_utf8(void)
{
    g_autoptr(FctInventory) inventory = card_inventory();
    FctGpu *gpu = inventory->gpus->pdata[0];
    card_process(gpu->processes, 1, "caf\xe9");
    g_autoptr(FctInventory) read = again(inventory);
    const FctProcess *process = ((FctGpu *)read->gpus->pdata[0])->processes->pdata[0];
    g_assert_true(g_str_has_prefix(process->name, "caf"));
    g_assert_true(g_utf8_validate(process->name, -1, NULL));
}

static void refuses(const char *text, const char *field)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) json = fct_json_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_null(fct_inventory_from_json(json, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    g_autoptr(json_t) wire = fct_error_to_json(error);
    g_assert_cmpstr(fct_json_str(json_object_get(wire, "details"), "field", ""), ==, field);
}

static void test_ill_typed(void)
{
    refuses("[]", "inventory");
    refuses("{\"node\": 7}", "node");
    refuses("{\"revision\": -1}", "revision");
    refuses("{\"cpus\": 4294967296}", "cpus");
    refuses("{\"gpus\": {}}", "gpus");
    refuses("{\"gpus\": [7]}", "gpu");
    refuses("{\"gpus\": [{\"state\": \"fine\"}]}", "state");
    refuses("{\"gpus\": [{\"boot_vga\": 1}]}", "boot_vga");
    refuses("{\"gpus\": [{\"readings\": {\"power_w\": \"70\"}}]}", "power_w");
    refuses("{\"gpus\": [{\"mig\": {\"profiles\": [{\"starts\": [0, \"4\"]}]}}]}", "starts");
}

static void test_find(void)
{
    static const char *const names[] = {"gpu-0000-41-00-0",
                                        "0",
                                        "GPU 0",
                                        "gpu0",
                                        "0000:41:00.0",
                                        "41:00.0",
                                        "41:00",
                                        "00000000:41:00.0",
                                        "gpu-11111111-2222-5333-8444-555555555555",
                                        "1234567890",
                                        " 0 "};
    static const char *const others[] = {"", "1", "GPU", "GPU x", "41:00.1", "0001:41:00.0", "0x", "41:00.0 x"};
    g_autoptr(FctInventory) inventory = card_inventory();
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_nonnull(fct_inventory_find_gpu(inventory, names[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_null(fct_inventory_find_gpu(inventory, others[i]));
    const FctMig *mig = &((FctGpu *)inventory->gpus->pdata[0])->mig;
    g_assert_cmpint(fct_mig_profile_by_name(mig, "3G.40GB")->id, ==, 9);
    g_assert_null(fct_mig_profile_by_name(mig, "3g.99gb"));
    g_assert_null(fct_mig_instance_at(mig, 0));
}

static void test_digest(void)
{
    g_autoptr(FctInventory) inventory = card_inventory();
    FctGpu *gpu = inventory->gpus->pdata[0];
    FctGpuInstance *instance = gpu->mig.instances->pdata[0];
    FctProcess *process = card_process(gpu->processes, 7, "a");
    g_autofree char *first = fct_gpu_digest(gpu);
    g_assert_cmpuint(strlen(first), ==, 64);
    gpu->readings.power_w = (FctReading){TRUE, 300};
    gpu->index = 3;
    instance->memory_used_mib = (FctReading){TRUE, 77};
    process->memory_mib = (FctReading){TRUE, 12};
    g_autofree char *readings_moved = fct_gpu_digest(gpu);
    g_assert_cmpstr(first, ==, readings_moved);
    process->pid = 8;
    g_autofree char *holder_changed = fct_gpu_digest(gpu);
    g_assert_cmpstr(first, !=, holder_changed);
    process->pid = 7;
    gpu->mig.pending = FALSE;
    g_autofree char *pending_changed = fct_gpu_digest(gpu);
    g_assert_cmpstr(first, !=, pending_changed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/empty", test_empty);
    g_test_add_func("/inventory/round-trip", test_round_trip);
    g_test_add_func("/inventory/not-utf8", test_not_utf8);
    g_test_add_func("/inventory/ill-typed", test_ill_typed);
    g_test_add_func("/inventory/find", test_find);
    g_test_add_func("/inventory/digest", test_digest);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* facet-helper and its client against the simulated hosts: what it observes, and what steps do. */
#include "host/observe.h"
#include "world.h"

#include <string.h>

static FctGpu *card(const FctInventory *seen, guint index)
{
    g_assert_cmpuint(index, <, seen->gpus->len);
    return seen->gpus->pdata[index];
}

static void fails_with(World *world, const FctStep *step, FctErrorCode code)
{
    g_autoptr(GError) error = NULL;
    FctStepOutcome outcome = world->hw->ops->run_step(world->hw, step, &error);
    g_assert_cmpint(outcome, ==, FCT_STEP_OUTCOME_FAILED);
    g_assert_error(error, FCT_ERROR, (int)code);
}

static void test_small(void)
{
    World *world = world_new("small", NULL);
    if (!world)
        return;
    g_autoptr(FctInventory) seen = world_look(world);
    g_assert_cmpuint(seen->gpus->len, ==, 2);
    g_assert_cmpstr(seen->nvml_problem, ==, "");
    g_assert_cmpstr(seen->driver_version, !=, "");
    g_assert_cmpstr(seen->boot_id, !=, "");
    g_assert_nonnull(strstr(seen->product, "Simulated"));
    const FctGpu *a100 = card(seen, 0), *l40s = card(seen, 1);
    g_assert_cmpstr(a100->id, ==, "gpu-0000-41-00-0");
    g_assert_cmpstr(a100->name, ==, "NVIDIA A100 80GB PCIe");
    g_assert_cmpstr(a100->architecture, ==, "ampere");
    g_assert_cmpint(a100->state, ==, FCT_GPU_OK);
    g_assert_true(g_str_has_prefix(a100->uuid, "GPU-"));
    g_assert_true(a100->mig.capable && a100->mig.mode_needs_reset && a100->mig.mode_survives_boot);
    g_assert_cmpint(a100->mig.units, ==, 8);
    g_assert_cmpuint(a100->mig.profiles->len, ==, 7);
    g_assert_cmpint(fct_mig_profile_by_name(&a100->mig, "1g.10gb+me")->id, ==, 20);
    g_assert_cmpint(fct_mig_profile_by_name(&a100->mig, "3g.40gb")->size, ==, 4);
    g_assert_cmpstr(l40s->name, ==, "NVIDIA L40S");
    g_assert_false(l40s->mig.capable);
    g_assert_true(l40s->readings.gpu_percent.have && l40s->readings.power_w.have);
    g_assert_cmpuint(l40s->functions->len, ==, 2);
    const FctFunction *audio = l40s->functions->pdata[1];
    g_assert_cmpstr(audio->label, ==, "NVIDIA audio function");
    g_assert_true(audio->same_slot);
    world_free(world);
}

static void test_carve(void)
{
    World *world = world_new("small", NULL);
    if (!world)
        return;
    g_autoptr(FctInventory) off = world_look(world);
    g_autoptr(FctStep) gi = world_step(off, 0, FCT_STEP_GI_CREATE, 9, 4);
    g_autoptr(FctStep) ci = world_step(off, 0, FCT_STEP_CI_CREATE, 9, 4);
    g_autoptr(FctStep) ci_away = world_step(off, 0, FCT_STEP_CI_DESTROY, 9, 4);
    g_autoptr(FctStep) gi_away = world_step(off, 0, FCT_STEP_GI_DESTROY, 9, 4);
    fails_with(world, gi, FCT_ERROR_STALE); /* MIG is off */
    world_mig_on(world, 0);
    world_do(world, gi);
    world_do(world, gi); /* again: there already */
    world_do(world, ci);
    g_autoptr(FctInventory) cut = world_look(world);
    g_assert_cmpuint(cut->revision, >, off->revision);
    const FctGpuInstance *instance = fct_mig_instance_at(&card(cut, 0)->mig, 4);
    g_assert_cmpint(card(cut, 0)->mode, ==, FCT_MODE_MIG);
    g_assert_cmpstr(instance->profile, ==, "3g.40gb");
    g_assert_true(instance->memory_total_mib.have);
    const FctComputeInstance *compute = instance->compute->pdata[0];
    g_assert_true(g_str_has_prefix(compute->uuid, "MIG-"));

    /* Ampere tells no utilization in MIG mode: unknown with a reason, never 0. */
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) sample = world->hw->ops->sample(world->hw, &error);
    g_assert_no_error(error);
    const json_t *gpu = json_object_get(json_object_get(sample, "gpus"), card(cut, 0)->id);
    const json_t *part = json_array_get(json_object_get(gpu, "instances"), 0);
    g_assert_true(json_is_null(json_object_get(gpu, "gpu_percent")));
    g_assert_cmpstr(fct_json_str(gpu, "why_not", ""), !=, "");
    g_assert_true(json_is_null(json_object_get(part, "gpu_percent")));
    g_assert_true(json_is_number(json_object_get(part, "memory_total_mib")));

    g_autoptr(FctStep) mode_off = world_step(cut, 0, FCT_STEP_MIG_MODE, -1, -1);
    mode_off->enabled = FALSE;
    fails_with(world, mode_off, FCT_ERROR_IN_USE);
    fails_with(world, gi_away, FCT_ERROR_IN_USE); /* its compute instance goes first */
    world_do(world, ci_away);
    world_do(world, gi_away);
    world_do(world, mode_off);
    world_free(world);
}

static void test_in_use(void)
{
    World *world = world_new("small", NULL);
    if (!world)
        return;
    /* A process on the card keeps its mode. */
    world_hold(world, 0, FSIM_NO_INSTANCE, FSIM_NO_INSTANCE);
    g_autoptr(FctInventory) held = world_look(world);
    g_assert_cmpuint(card(held, 0)->processes->len, ==, 1);
    const FctProcess *process = card(held, 0)->processes->pdata[0];
    g_assert_cmpuint((guint)process->pid, ==, world->sleeper);
    g_assert_true(process->memory_mib.have);
    g_autoptr(FctStep) mode = world_step(held, 0, FCT_STEP_MIG_MODE, -1, -1);
    fails_with(world, mode, FCT_ERROR_IN_USE);
    g_autoptr(FctInventory) still = world_look(world);
    g_assert_false(card(still, 0)->mig.current);
    g_assert_false(card(still, 0)->mig.pending); /* taken back: no surprise at the next reset */
    world_release(world);

    /* A process on an instance keeps the instance. */
    world_mig_on(world, 0);
    g_autoptr(FctStep) gi = world_step(held, 0, FCT_STEP_GI_CREATE, 14, 2);
    g_autoptr(FctStep) ci = world_step(held, 0, FCT_STEP_CI_CREATE, 14, 2);
    g_autoptr(FctStep) away = world_step(held, 0, FCT_STEP_CI_DESTROY, 14, 2);
    world_do(world, gi);
    world_do(world, ci);
    g_autoptr(FctInventory) cut = world_look(world);
    world_hold(world, 0, (guint32)fct_mig_instance_at(&card(cut, 0)->mig, 2)->id, 0);
    g_autoptr(FctInventory) busy = world_look(world);
    g_assert_true(fct_gpu_instance_has_process(fct_mig_instance_at(&card(busy, 0)->mig, 2)));
    fails_with(world, away, FCT_ERROR_IN_USE);
    world_free(world);
}

static void test_lab(void)
{
    World *world = world_new("lab", NULL);
    if (!world)
        return;
    g_autoptr(FctInventory) seen = world_look(world);
    g_assert_cmpuint(seen->gpus->len, ==, 5);
    g_assert_cmpstr(seen->iommu, ==, "amd");
    g_assert_cmpint(card(seen, 2)->mig.units, ==, 4);  /* A30 */
    g_assert_cmpint(card(seen, 4)->mig.units, ==, 12); /* RTX PRO 6000 */
    g_assert_cmpint(card(seen, 4)->numa_node, ==, 1);
    g_assert_false(card(seen, 4)->mig.mode_needs_reset);

    /* The 12-unit grid: a 1g takes three units. */
    world_mig_on(world, 4);
    const FctMigProfile *one = fct_mig_profile_by_name(&card(seen, 4)->mig, "1g.24gb");
    g_autoptr(FctStep) small = world_step(seen, 4, FCT_STEP_GI_CREATE, one->id, 9);
    g_assert_cmpint(small->size, ==, 3);
    world_do(world, small);

    /* Two wirings: the same place has another id on the other card. Places count, ids are only read. */
    world_mig_on(world, 0);
    world_mig_on(world, 1);
    g_autoptr(FctStep) first = world_step(seen, 0, FCT_STEP_GI_CREATE, 9, 4);
    g_autoptr(FctStep) second = world_step(seen, 1, FCT_STEP_GI_CREATE, 9, 4);
    world_do(world, first);
    world_do(world, second);
    g_autoptr(FctInventory) cut = world_look(world);
    const FctGpuInstance *plain = fct_mig_instance_at(&card(cut, 0)->mig, 4);
    const FctGpuInstance *swapped = fct_mig_instance_at(&card(cut, 1)->mig, 4);
    g_assert_cmpint(plain->id, !=, swapped->id);
    world_free(world);
}

static void test_hgx(void)
{
    World *world = world_new("hgx", NULL);
    if (!world)
        return;
    g_autoptr(FctInventory) seen = world_look(world);
    g_assert_cmpuint(seen->gpus->len, ==, 8);
    g_assert_cmpint(seen->nvswitches, >, 0);
    for (guint i = 0; i < 8; i++) {
        g_assert_cmpint(card(seen, i)->state, ==, FCT_GPU_OK);
        g_assert_cmpint(card(seen, i)->index, ==, (int)i);
        g_assert_false(card(seen, i)->mig.mode_survives_boot);
    }
    /* Hopper tells utilization in MIG mode too, between two samples. */
    world_mig_on(world, 3);
    g_autoptr(FctStep) gi = world_step(seen, 3, FCT_STEP_GI_CREATE, 9, 0);
    g_autoptr(FctStep) ci = world_step(seen, 3, FCT_STEP_CI_CREATE, 9, 0);
    world_do(world, gi);
    world_do(world, ci);
    gboolean known = FALSE;
    world_wait(known || ({
                   g_autoptr(json_t) sample = world->hw->ops->sample(world->hw, NULL);
                   const json_t *gpu = json_object_get(json_object_get(sample, "gpus"), card(seen, 3)->id);
                   const json_t *part = json_array_get(json_object_get(gpu, "instances"), 0);
                   known = json_is_number(json_object_get(part, "gpu_percent"));
                   known;
               }));
    world_free(world);
}

static gboolean has_label(const FctGpu *gpu, const char *label)
{
    for (guint i = 0; i < gpu->functions->len; i++) {
        const FctFunction *function = gpu->functions->pdata[i];
        if (strcmp(function->label, label) == 0)
            return TRUE;
    }
    return FALSE;
}

static void test_messy(void)
{
    World *world = world_new("messy", NULL);
    if (!world)
        return;
    g_autoptr(FctInventory) seen = world_look(world);
    g_assert_cmpuint(seen->gpus->len, ==, 3);
    const FctGpu *boot = card(seen, 0), *behind_chipset = card(seen, 2);
    g_assert_true(boot->boot_vga);
    g_assert_false(behind_chipset->boot_vga);
    g_assert_cmpint(boot->iommu_group, ==, card(seen, 1)->iommu_group); /* two cards in one group */
    g_assert_true(has_label(boot, "Intel PCI bridge"));
    g_assert_true(has_label(behind_chipset, "NVIDIA USB controller"));
    g_assert_true(has_label(behind_chipset, "NVIDIA USB-C controller"));
    g_assert_true(has_label(behind_chipset, "Samsung NVMe disk"));
    g_assert_true(has_label(behind_chipset, "Realtek network card"));
    g_assert_true(has_label(behind_chipset, "Intel SATA controller"));
    /* The oldest driver gives profile names through the older struct. */
    g_assert_nonnull(fct_mig_profile_by_name(&card(seen, 1)->mig, "1g.6gb"));
    world_free(world);
}

static void test_lost_and_bound(void)
{
    World *world = world_new("lab", NULL);
    if (!world)
        return;
    g_autoptr(FctInventory) before = world_look(world);
    fsim_gpu_set_lost(&world->sim, 0, true);
    g_autoptr(FctInventory) lost = world_look(world);
    g_assert_cmpint(card(lost, 0)->state, ==, FCT_GPU_LOST);
    g_assert_cmpstr(card(lost, 0)->state_reason, !=, "");
    g_assert_cmpint(card(lost, 1)->state, ==, FCT_GPU_OK);
    g_autoptr(FctStep) step = world_step(before, 0, FCT_STEP_MIG_MODE, -1, -1);
    fails_with(world, step, FCT_ERROR_GPU_LOST);
    fsim_gpu_set_lost(&world->sim, 0, false);

    /* A swapped card: the step names another one. */
    g_free(step->gpu_uuid);
    step->gpu_uuid = g_strdup(card(before, 1)->uuid);
    fails_with(world, step, FCT_ERROR_STALE);

    fsim_gpu_set_driver(&world->sim, 1, "vfio-pci");
    fsim_gpu_set_driver(&world->sim, 2, "");
    g_autoptr(FctInventory) bound = world_look(world);
    g_assert_cmpint(card(bound, 0)->state, ==, FCT_GPU_OK);
    g_assert_cmpint(card(bound, 1)->mode, ==, FCT_MODE_PASSTHROUGH);
    g_assert_cmpint(card(bound, 1)->state, ==, FCT_GPU_OK);
    g_assert_cmpstr(card(bound, 1)->readings.source, ==, "none");
    g_assert_cmpint(card(bound, 2)->state, ==, FCT_GPU_UNMANAGED);
    g_autoptr(FctStep) unmanaged = world_step(before, 2, FCT_STEP_MIG_MODE, -1, -1);
    fails_with(world, unmanaged, FCT_ERROR_CONFLICT);
    world_free(world);
}

static void count_change(gpointer data)
{
    g_atomic_int_inc((int *)data);
}

static void test_changes_are_noticed(void)
{
    static int changes;
    const char *const options[] = {"--poll", "100", NULL};
    World *world = world_new("small", options);
    if (!world)
        return;
    g_atomic_int_set(&changes, 0);
    world->hw->ops->watch(world->hw, count_change, &changes);
    g_autoptr(FctInventory) before = world_look(world);
    g_autoptr(FctInventory) again = world_look(world);
    g_assert_cmpuint(before->revision, ==, again->revision); /* readings do not count */
    fsim_gpu_set_driver(&world->sim, 1, "vfio-pci");
    world_wait(g_atomic_int_get(&changes) > 0);
    g_autoptr(FctInventory) after = world_look(world);
    g_assert_cmpuint(after->revision, >, before->revision);

    /* A restarted host: other boot, all instances gone, and the helper needs no restart. */
    fsim_reboot(&world->sim);
    g_autoptr(FctInventory) rebooted = world_look(world);
    g_assert_cmpstr(rebooted->boot_id, !=, before->boot_id);
    g_assert_cmpint(card(rebooted, 1)->state, ==, FCT_GPU_OK);
    g_assert_cmpuint(rebooted->revision, >, after->revision);
    world_free(world);
}

/*
 * What the monitor costs is counted in NVML calls, each an ioctl on a real card: at most eight a card and sample, and
 * three an instance, over a long run.
 */
static void test_cost_of_a_sample(void)
{
    enum { SAMPLES = 64 };
    World *world = world_new("hgx", NULL);
    if (!world)
        return;
    world_mig_on(world, 0);
    g_autoptr(FctInventory) seen = world_look(world);
    g_autoptr(FctStep) gi = world_step(seen, 0, FCT_STEP_GI_CREATE, 9, 0);
    g_autoptr(FctStep) ci = world_step(seen, 0, FCT_STEP_CI_CREATE, 9, 0);
    world_do(world, gi);
    world_do(world, ci);
    g_autoptr(FctObserver) observer = fct_observer_new(world->root, world->library, TRUE);
    const FctScan look = {.readings = TRUE};
    g_autoptr(FctInventory) first = fct_observer_scan(observer, &look);
    guint64 before = fct_observer_nvml(observer)->calls;
    for (int i = 0; i < SAMPLES; i++)
        json_decref(fct_observer_sample(observer, NULL));
    guint64 calls = fct_observer_nvml(observer)->calls - before;
    g_test_message("%.2f NVML calls a card and sample", (double)calls / SAMPLES / first->gpus->len);
    g_assert_cmpuint(calls, >, 0);
    g_assert_cmpuint(calls, <=, SAMPLES * (8 * first->gpus->len + 3));
    world_free(world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/helper/small", test_small);
    g_test_add_func("/helper/carve", test_carve);
    g_test_add_func("/helper/in-use", test_in_use);
    g_test_add_func("/helper/lab", test_lab);
    g_test_add_func("/helper/hgx", test_hgx);
    g_test_add_func("/helper/messy", test_messy);
    g_test_add_func("/helper/lost-and-bound", test_lost_and_bound);
    g_test_add_func("/helper/changes", test_changes_are_noticed);
    g_test_add_func("/helper/cost-of-a-sample", test_cost_of_a_sample);
    return g_test_run();
}

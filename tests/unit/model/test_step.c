/* SPDX-License-Identifier: Apache-2.0 */
/* Before, after and undo of each kind of step, on the card of card.h (one 3g.40gb at slot 4). */
#include "card.h"
#include "model/plan.h"

#include <string.h>

static FctStep *make(const FctInventory *world, FctStepKind kind, int profile_id, int start, int size)
{
    FctStep *step = fct_step_new(kind, world->gpus->pdata[0]);
    step->profile_id = profile_id;
    step->start = start;
    step->size = size;
    return step;
}

static void expect(const FctStep *step, const FctInventory *world, gboolean before, gboolean after)
{
    g_autoptr(GError) why_before = NULL;
    g_autoptr(GError) why_after = NULL;
    g_assert_cmpint(fct_step_before_holds(step, world, &why_before), ==, before);
    g_assert_cmpint(fct_step_after_holds(step, world, &why_after), ==, after);
    g_assert_cmpint(why_before == NULL, ==, before);
    g_assert_cmpint(why_after == NULL, ==, after);
}

static void expect_refusal(const FctStep *step, const FctInventory *world, FctErrorCode code)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(fct_step_before_holds(step, world, &error));
    g_assert_error(error, FCT_ERROR, (int)code);
}

static void test_identity(void)
{
    g_autoptr(FctInventory) world = card_inventory();
    FctGpu *gpu = world->gpus->pdata[0];
    g_autoptr(FctStep) step = make(world, FCT_STEP_GI_CREATE, 9, 0, 4);
    expect(step, world, TRUE, FALSE);
    set_text(&step->gpu_uuid, "GPU-another");
    expect(step, world, FALSE, FALSE);
    expect_refusal(step, world, FCT_ERROR_STALE);
    set_text(&step->gpu_uuid, gpu->uuid);
    gpu->state = FCT_GPU_LOST;
    expect_refusal(step, world, FCT_ERROR_GPU_LOST);
    gpu->state = FCT_GPU_WEDGED;
    expect_refusal(step, world, FCT_ERROR_GPU_WEDGED);
    gpu->state = FCT_GPU_UNMANAGED;
    expect_refusal(step, world, FCT_ERROR_CONFLICT);
    set_text(&step->gpu, "gpu-0000-42-00-0");
    expect_refusal(step, world, FCT_ERROR_GPU_LOST);
}

static void test_mode(void)
{
    g_autoptr(FctInventory) world = card_inventory();
    FctGpu *gpu = world->gpus->pdata[0];
    g_autoptr(FctStep) step = fct_step_new(FCT_STEP_MIG_MODE, gpu);
    step->enabled = FALSE;
    expect_refusal(step, world, FCT_ERROR_IN_USE); /* an instance is there */
    g_ptr_array_set_size(gpu->mig.instances, 0);
    expect(step, world, TRUE, FALSE);
    g_autoptr(FctStep) undo = fct_step_undo(step, gpu);
    g_assert_true(undo->enabled);
    gpu->mig.pending = FALSE; /* accepted, waits for a reset */
    expect(step, world, TRUE, FALSE);
    gpu->mig.current = FALSE;
    expect(step, world, FALSE, TRUE);
    g_assert_null(fct_step_undo(step, gpu));
    gpu->mig.capable = FALSE;
    step->enabled = TRUE;
    expect_refusal(step, world, FCT_ERROR_UNSUPPORTED);
}

static void test_gi_create(void)
{
    g_autoptr(FctInventory) world = card_inventory();
    FctGpu *gpu = world->gpus->pdata[0];
    g_autoptr(FctStep) free_place = make(world, FCT_STEP_GI_CREATE, 9, 0, 4);
    g_autoptr(FctStep) there = make(world, FCT_STEP_GI_CREATE, 9, 4, 4);
    g_autoptr(FctStep) overlaps = make(world, FCT_STEP_GI_CREATE, 19, 5, 1);
    g_autoptr(FctStep) illegal = make(world, FCT_STEP_GI_CREATE, 5, 4, 4);
    g_autoptr(FctStep) unknown = make(world, FCT_STEP_GI_CREATE, 99, 0, 4);
    expect(free_place, world, TRUE, FALSE);
    expect(there, world, FALSE, TRUE);
    expect(overlaps, world, FALSE, FALSE);
    expect(illegal, world, FALSE, FALSE);
    expect(unknown, world, FALSE, FALSE);
    g_autoptr(FctStep) undo = fct_step_undo(free_place, gpu);
    g_assert_cmpint(undo->kind, ==, FCT_STEP_GI_DESTROY);
    g_assert_cmpstr(undo->title, ==, "Remove 3g.40gb at slot 0");
    g_assert_null(fct_step_undo(there, gpu)); /* it was there before: nothing to take back */
    gpu->mig.current = FALSE;
    expect(free_place, world, FALSE, FALSE);
}

static void test_destroy(void)
{
    g_autoptr(FctInventory) world = card_inventory();
    FctGpu *gpu = world->gpus->pdata[0];
    FctGpuInstance *instance = gpu->mig.instances->pdata[0];
    FctComputeInstance *compute = card_compute(instance, 0, 2, 3);
    g_autoptr(FctStep) gi = make(world, FCT_STEP_GI_DESTROY, 9, 4, 0);
    g_autoptr(FctStep) ci = make(world, FCT_STEP_CI_DESTROY, 9, 4, 0);
    ci->ci_id = 0;
    expect_refusal(gi, world, FCT_ERROR_IN_USE);
    expect(ci, world, TRUE, FALSE);
    card_process(compute->processes, 4711, "python3");
    expect_refusal(ci, world, FCT_ERROR_IN_USE);
    g_autoptr(FctStep) ci_undo = fct_step_undo(ci, gpu);
    g_assert_cmpint(ci_undo->kind, ==, FCT_STEP_CI_CREATE);
    g_assert_cmpint(ci_undo->ci_profile_id, ==, 2);
    g_autoptr(FctStep) gi_undo = fct_step_undo(gi, gpu);
    g_assert_cmpint(gi_undo->kind, ==, FCT_STEP_GI_CREATE);
    g_assert_cmpint(gi_undo->size, ==, 4);
    g_ptr_array_set_size(instance->compute, 0);
    expect(ci, world, FALSE, TRUE);
    expect(gi, world, TRUE, FALSE);
    g_ptr_array_set_size(gpu->mig.instances, 0);
    expect(gi, world, FALSE, TRUE);
    expect(ci, world, FALSE, TRUE);
}

static void test_ci_create(void)
{
    g_autoptr(FctInventory) world = card_inventory();
    FctGpu *gpu = world->gpus->pdata[0];
    FctGpuInstance *instance = gpu->mig.instances->pdata[0];
    g_autoptr(FctStep) whole = make(world, FCT_STEP_CI_CREATE, 9, 4, 0);
    g_autoptr(FctStep) second = make(world, FCT_STEP_CI_CREATE, 9, 4, 0);
    whole->ci_profile_id = 2;
    second->ci_profile_id = 0;
    second->ci_id = 1;
    expect(whole, world, TRUE, FALSE);
    card_compute(instance, 0, 0, 1);
    expect(whole, world, FALSE, FALSE); /* no room for three slices beside one */
    expect(second, world, TRUE, FALSE); /* the first of that profile is not the second */
    g_autoptr(FctStep) undo = fct_step_undo(second, gpu);
    g_assert_cmpint(undo->kind, ==, FCT_STEP_CI_DESTROY);
    g_assert_cmpint(undo->ci_id, ==, 1);
    g_autoptr(FctStep) undo_whole = fct_step_undo(whole, gpu);
    g_assert_cmpint(undo_whole->ci_id, ==, 1); /* id 0 was taken */
    card_compute(instance, 1, 0, 1);
    expect(second, world, TRUE, TRUE); /* one slice is left; the effect is there */
    whole->ci_profile_id = 7;
    expect(whole, world, FALSE, FALSE);
}

static void test_wire(void)
{
    g_autoptr(FctInventory) world = card_inventory();
    g_autoptr(FctStep) step = make(world, FCT_STEP_GI_CREATE, 9, 0, 4);
    g_autoptr(GError) error = NULL;
    fct_step_set_title(step, world->gpus->pdata[0]);
    g_assert_cmpstr(step->title, ==, "Create 3g.40gb at slot 0");
    g_autoptr(json_t) json = fct_step_to_json(step);
    g_assert_cmpstr(fct_json_str(json, "kind", ""), ==, "gi.create");
    g_autoptr(FctStep) read = fct_step_from_json(json, &error);
    g_assert_no_error(error);
    g_autoptr(FctStep) copy = fct_step_copy(read);
    g_autoptr(json_t) twice = fct_step_to_json(copy);
    g_assert_true(json_equal(json, twice));
    g_assert_cmpint(read->deadline_ms, >, 0);
    json_object_set_new(json, "kind", json_string("gi.explode"));
    g_assert_null(fct_step_from_json(json, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    g_clear_error(&error);
    json_object_del(json, "kind");
    g_assert_null(fct_step_from_json(json, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/step/identity", test_identity);
    g_test_add_func("/step/mode", test_mode);
    g_test_add_func("/step/gi-create", test_gi_create);
    g_test_add_func("/step/destroy", test_destroy);
    g_test_add_func("/step/ci-create", test_ci_create);
    g_test_add_func("/step/wire", test_wire);
    return g_test_run();
}

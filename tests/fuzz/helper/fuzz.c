/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client can send to facet-helper, and the helper's answer can hold: frames, steps, inventories. A libFuzzer
 * target, as each folder beside it; replay.c runs its corpus as an ordinary test.
 */
#include "host/frame.h"
#include "model/plan.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void try_models(const json_t *frame)
{
    g_autoptr(FctStep) step = fct_step_from_json(frame, NULL);
    g_autoptr(FctInventory) inventory = fct_inventory_from_json(frame, NULL);
    g_autoptr(FctPlan) plan = fct_plan_from_json(frame, NULL);
    if (plan)
        json_decref(fct_plan_to_json(plan));
    if (step && inventory) {
        fct_step_before_holds(step, inventory, NULL);
        fct_step_after_holds(step, inventory, NULL);
    }
    if (inventory) {
        /* What was read is written and read again as the same. */
        g_autoptr(json_t) once = fct_inventory_to_json(inventory);
        g_autoptr(FctInventory) again = fct_inventory_from_json(once, NULL);
        g_autoptr(json_t) twice = fct_inventory_to_json(again);
        g_assert_true(json_equal(once, twice));
    }
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    FctFrames frames;
    GError *error = NULL;
    json_t *frame;
    fct_frames_init(&frames, FCT_FRAME_REQUEST_LIMIT);
    fct_frames_push(&frames, data, size);
    while ((frame = fct_frames_pop(&frames, &error))) {
        try_models(frame);
        json_decref(frame);
    }
    g_clear_error(&error);
    fct_frames_clear(&frames);
    return 0;
}

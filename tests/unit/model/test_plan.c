/* SPDX-License-Identifier: Apache-2.0 */
#include "card.h"
#include "model/plan.h"

static void test_round_trip(void)
{
    g_autoptr(FctInventory) inventory = card_inventory();
    const FctGpu *gpu = inventory->gpus->pdata[0];
    g_autoptr(FctPlan) plan = fct_plan_new();
    FctLayoutItem *item = fct_layout_item_new();
    FctStep *step = fct_step_new(FCT_STEP_GI_CREATE, gpu);
    g_assert_cmpint(item->ci_profile_id, ==, -1);
    item->start = 4;
    item->kept = TRUE;
    set_text(&item->profile, "3g.40gb");
    g_ptr_array_add(plan->then, item);
    step->start = 0;
    step->size = 4;
    step->profile_id = 9;
    g_ptr_array_add(plan->steps, step);
    g_ptr_array_add(plan->verdicts, fct_verdict_new(FCT_CONFIRM, "interrupts", "vm db-2", NULL, "%d VM stops.", 1));
    g_ptr_array_add(plan->interrupts, g_strdup("db-2"));
    set_text(&plan->id, "plan-1");
    plan->request = json_pack("{s:s}", "gpu", gpu->id);
    plan->created_ms = G_GINT64_CONSTANT(1790000000000);

    g_autoptr(json_t) json = fct_plan_to_json(plan);
    g_autoptr(GError) error = NULL;
    g_autoptr(FctPlan) read = fct_plan_from_json(json, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) twice = fct_plan_to_json(read);
    g_assert_true(json_equal(json, twice));
    g_assert_cmpint(((FctStep *)read->steps->pdata[0])->kind, ==, FCT_STEP_GI_CREATE);
    g_assert_cmpstr(((FctVerdict *)read->verdicts->pdata[0])->sentence, ==, "1 VM stops.");
    g_assert_cmpstr(read->interrupts->pdata[0], ==, "db-2");
    g_assert_cmpstr(fct_json_str(read->request, "gpu", ""), ==, gpu->id);
}

static void test_allow(void)
{
    g_autoptr(GPtrArray) verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    g_assert_true(fct_verdicts_allow(verdicts, FALSE));
    g_ptr_array_add(verdicts, fct_verdict_new(FCT_WARN, "w", NULL, NULL, "Warm."));
    g_assert_true(fct_verdicts_allow(verdicts, FALSE));
    g_ptr_array_add(verdicts, fct_verdict_new(FCT_CONFIRM, "c", NULL, NULL, "Sure?"));
    g_assert_false(fct_verdicts_allow(verdicts, FALSE));
    g_assert_true(fct_verdicts_allow(verdicts, TRUE));
    g_ptr_array_add(verdicts, fct_verdict_new(FCT_REFUSE, "r", NULL, "Stop it.", "Busy."));
    g_assert_false(fct_verdicts_allow(verdicts, TRUE));
    g_autoptr(json_t) json = fct_verdicts_to_json(verdicts);
    g_assert_cmpuint(json_array_size(json), ==, 3);
    g_assert_cmpstr(fct_json_str(json_array_get(json, 2), "severity", ""), ==, "refuse");
    g_assert_cmpstr(fct_json_str(json_array_get(json, 2), "next", ""), ==, "Stop it.");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/round-trip", test_round_trip);
    g_test_add_func("/plan/allow", test_allow);
    return g_test_run();
}

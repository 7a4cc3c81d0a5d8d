/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans for a card that others have changed: instances that hold only a part of their compute (case 15), a mode that
 * waits for a reset, a card that Facet let go of; and what a wish leaves unused or takes away.
 */
#include "core/carve.h"
#include "core/chooser.h"
#include "core/reconcile.h"
#include "gpus.h"

#include <string.h>

typedef struct {
    FctInventory *inventory;
    FctGpu *gpu;
    GPtrArray *reservations;
    FctPlan *plan;
    GError *error;
} Fixture;

static Fixture fixture(const char *instances)
{
    Fixture f = {fct_inventory_new(), NULL, test_reservations(), fct_plan_new(), NULL};
    f.gpu = test_gpu_a100(f.inventory, instances);
    return f;
}

static void clear(Fixture *f)
{
    fct_plan_free(f->plan);
    g_ptr_array_unref(f->reservations);
    fct_inventory_unref(f->inventory);
    g_clear_error(&f->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, clear)

static gboolean carve(Fixture *f, const char *request)
{
    g_autoptr(json_t) json = fct_json_parse(request, strlen(request), &f->error);
    g_assert_no_error(f->error);
    g_autoptr(FctCarveRequest) wish = fct_carve_request_from_json(json, &f->error);
    return wish && fct_plan_carve(f->plan, f->gpu, f->reservations, wish, &f->error);
}

static void expect(Fixture *f, const char *steps, const char *then, const char *verdicts)
{
    g_assert_no_error(f->error);
    g_autofree char *steps_text = test_steps_text(f->plan->steps);
    g_autofree char *then_text = test_items_text(f->plan->then);
    g_autofree char *verdicts_text = test_verdicts_text(f->plan->verdicts);
    g_assert_cmpstr(steps_text, ==, steps);
    g_assert_cmpstr(then_text, ==, then);
    g_assert_cmpstr(verdicts_text, ==, verdicts);
}

static const char *not_whole(const GPtrArray *items, guint i)
{
    return ((const FctLayoutItem *)items->pdata[i])->not_whole;
}

/* nvidia-smi mig -cgi 0, then -gi 0 -cci 0: 1c.7g.80gb. */
static void test_partial(void)
{
    g_auto(Fixture) f = fixture("0@0/1");
    g_assert_true(carve(&f, "{\"profiles\": {\"7g.80gb\": 1}}"));
    expect(&f, "-ci 0@0, +ci 0@0", "7g.80gb@0", "");
    g_assert_cmpstr(not_whole(f.plan->now, 0), ==, "1c.7g.80gb, 1 of 7 compute");
    g_assert_cmpint(((FctLayoutItem *)f.plan->now->pdata[0])->slices_used, ==, 1);
    g_assert_cmpstr(not_whole(f.plan->then, 0), ==, "");
    g_assert_cmpstr(((FctStep *)f.plan->steps->pdata[0])->title, ==,
                    "Remove compute instance 1c.7g.80gb of 7g.80gb at slot 0");
    /* On wish it stays as it is, or is split otherwise: the largest first, so that all find room. */
    g_assert_true(carve(&f, "{\"profiles\": {\"7g\": 1}, \"compute\": {\"7g\": [\"1c\"]}}"));
    expect(&f, "", "7g.80gb@0=", "");
    g_assert_true(carve(&f, "{\"profiles\": {\"7g\": 1}, \"compute\": {\"7g\": [\"1c\", \"2c\", \"3c\"]}}"));
    expect(&f, "-ci 0@0, +ci 0@0, +ci 0@0, +ci 0@0", "7g.80gb@0", "");
    g_assert_cmpint(((FctStep *)f.plan->steps->pdata[1])->ci_profile_id, ==, 2);
    g_assert_cmpstr(not_whole(f.plan->then, 0), ==, "1c.7g.80gb + 2c.7g.80gb + 3c.7g.80gb, 6 of 7 compute");
}

static void test_split_parts(void)
{
    static const struct {
        const char *instances, *not_whole, *why;
    } cases[] = {
        {"9@4", "", ""},
        {"9@4!", "no compute instance", "It has no compute instance yet. Carve the card again to complete it."},
        {"9@4/1", "1c.3g.40gb, 1 of 3 compute",
         "It is not whole: 1c.3g.40gb, 1 of 3 compute. Carve the card again to complete it."},
        {"9@4/1/2", "1c.3g.40gb + 2c.3g.40gb",
         "It is not whole: 1c.3g.40gb + 2c.3g.40gb. Carve the card again to complete it."},
        {"9@4/1/1/1", "3 × 1c.3g.40gb", "It is not whole: 3 × 1c.3g.40gb. Carve the card again to complete it."},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Fixture) f = fixture(cases[i].instances);
        g_autoptr(GPtrArray) parts = fct_parts_of(f.inventory, f.reservations);
        const FctPart *part = parts->pdata[0];
        g_assert_cmpstr(part->not_whole, ==, cases[i].not_whole);
        g_assert_cmpstr(part->why, ==, cases[i].why);
        g_assert_cmpint(part->state, ==, *cases[i].why ? FCT_PART_UNAVAILABLE : FCT_PART_FREE);
        g_assert_true(carve(&f, "{\"profiles\": {\"3g.40gb\": 1}}"));
        g_assert_cmpint(f.plan->steps->len == 0, ==, i == 0);
        g_assert_cmpstr(not_whole(f.plan->then, 0), ==, "");
    }
    /* What a VM reserved and somebody split since is no longer what it reserved. */
    g_auto(Fixture) f = fixture("9@4/1/2");
    g_ptr_array_add(f.reservations, test_reserve(f.gpu, 4, "db-2", FCT_RESERVED));
    g_autoptr(GPtrArray) parts = fct_parts_of(f.inventory, f.reservations);
    g_autoptr(GPtrArray) groups = fct_groups_builtin(parts);
    g_autoptr(GPtrArray) devices = g_ptr_array_new_with_free_func((GDestroyNotify)fct_device_free);
    g_autoptr(GPtrArray) verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    FctDevice *device = fct_device_new();
    g_free(device->group);
    device->group = g_strdup(((FctGroup *)groups->pdata[0])->id);
    g_ptr_array_add(devices, device);
    g_autoptr(GPtrArray) chosen = fct_choose_parts(devices, groups, parts, "db-2", FCT_PACK, verdicts);
    g_assert_null(((FctChosen *)chosen->pdata[0])->part);
    g_assert_cmpuint(verdicts->len, ==, 1);
}

/* Another program removed the part of a VM that runs: nothing but to make it again is done to the card. */
static void test_part_gone(void)
{
    g_auto(Fixture) f = fixture("9@4 9@0");
    g_ptr_array_add(f.reservations, test_reserve(f.gpu, 4, "db-2", FCT_IN_USE));
    g_ptr_array_remove_index(f.gpu->mig.instances, 0);
    fct_plan_mode(f.plan, f.gpu, f.reservations, FALSE);
    g_autofree char *off = test_verdicts_text(f.plan->verdicts);
    g_assert_cmpstr(off, ==, "refuse held-by-vm, confirm instances-go, warn card-resets");
    g_assert_true(carve(&f, "{\"profiles\": {\"3g.40gb\": 1, \"2g.20gb\": 1}}"));
    g_autofree char *other = test_verdicts_text(f.plan->verdicts);
    g_assert_nonnull(strstr(other, "refuse held-by-vm"));
    g_assert_true(carve(&f, "{\"profiles\": {\"3g.40gb\": 2}}"));
    g_autofree char *again = test_verdicts_text(f.plan->verdicts);
    g_assert_null(strstr(again, "held-by-vm"));
}

static void test_busy_split_stays(void)
{
    g_auto(Fixture) f = fixture("9@4/1/2*");
    g_assert_true(carve(&f, "{\"profiles\": {\"3g.40gb\": 1}}"));
    expect(&f, "", "3g.40gb@4=", "warn compute-stays");
    g_assert_cmpstr(((FctVerdict *)f.plan->verdicts->pdata[0])->sentence, ==,
                    "3g.40gb at slot 4 keeps its compute as it is (1c.3g.40gb + 2c.3g.40gb), since process 4711 "
                    "(python3) uses it.");
    g_assert_cmpstr(f.plan->state, ==, "open");
}

static void test_bad_splits(void)
{
    static const char *const computes[] = {
        "{\"3g.40gb\": \"1c\"}",           "{\"3g.40gb\": [\"4c\"]}",         "{\"3g.40gb\": [1]}",
        "{\"3g.40gb\": [\"2c\", \"2c\"]}", "{\"3g.40gb\": [\"3g\", \"1c\"]}", "{\"3g.40gb\": [\"\"]}"};
    for (guint i = 0; i < G_N_ELEMENTS(computes); i++) {
        g_auto(Fixture) f = fixture("");
        g_autofree char *request = g_strdup_printf("{\"profiles\": {\"3g\": 1}, \"compute\": %s}", computes[i]);
        g_assert_false(carve(&f, request));
        g_assert_error(f.error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    }
}

/* The way back of a change of compute instances gives the ids that a card then gives out. */
static void test_split_undo(void)
{
    g_auto(Fixture) f = fixture("9@4/1/2");
    g_assert_true(carve(&f, "{\"profiles\": {\"3g.40gb\": 1}}"));
    expect(&f, "-ci 9@4, -ci 9@4, +ci 9@4", "3g.40gb@4", "");
    g_autoptr(GPtrArray) undo = fct_undo_steps(f.gpu, f.plan->steps);
    g_assert_cmpuint(undo->len, ==, 3);
    for (int i = 0; i < 2; i++) {
        const FctStep *step = undo->pdata[i + 1];
        g_assert_cmpint(step->kind, ==, FCT_STEP_CI_CREATE);
        g_assert_cmpint(step->ci_id, ==, i);
        g_assert_cmpint(step->ci_profile_id, ==, i);
    }
}

/* What was wished of the compute is wanted after a restart too, at its place and at another. */
static void test_split_wanted(void)
{
    g_auto(Fixture) f = fixture("9@4");
    g_autoptr(GPtrArray) drift = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(FctPlan) none = NULL, repair = NULL, back = NULL;
    g_autofree char *nothing = NULL, *why = NULL, *because = NULL;
    g_assert_true(carve(&f, "{\"profiles\": {\"3g\": 1}, \"compute\": {\"3g\": [\"1c\", \"2c\"]}}"));
    g_autoptr(FctWantedLayout) wanted = fct_wanted_of(f.plan);

    g_auto(Fixture) same = fixture("9@4/2/1");
    g_assert_cmpint(fct_reconcile(same.gpu, NULL, wanted, drift, &none, &nothing), ==, FCT_DRIFT_NONE);
    g_auto(Fixture) whole = fixture("9@4");
    g_assert_cmpint(fct_reconcile(whole.gpu, NULL, wanted, drift, &repair, &why), ==, FCT_DRIFT_REPAIRABLE);
    g_assert_cmpstr(drift->pdata[0], ==, "3g.40gb at slot 4 is whole, but another split of its compute is wanted.");
    g_assert_cmpstr(not_whole(repair->then, 0), ==, "1c.3g.40gb + 2c.3g.40gb");
    g_ptr_array_set_size(drift, 0);
    g_auto(Fixture) booted = fixture("");
    g_assert_cmpint(fct_reconcile(booted.gpu, NULL, wanted, drift, &back, &because), ==, FCT_DRIFT_REPAIRABLE);
    g_assert_cmpstr(not_whole(back->then, 0), ==, "1c.3g.40gb + 2c.3g.40gb");
}

static void test_split_drift(void)
{
    g_auto(Fixture) f = fixture("9@4");
    g_autoptr(GPtrArray) drift = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(FctPlan) repair = NULL;
    g_autofree char *why = NULL;
    g_assert_true(carve(&f, "{\"profiles\": {\"3g\": 1}}"));
    g_autoptr(FctWantedLayout) wanted = fct_wanted_of(f.plan);
    g_auto(Fixture) split = fixture("9@4/1/2");
    g_assert_cmpint(fct_reconcile(split.gpu, NULL, wanted, drift, &repair, &why), ==, FCT_DRIFT_REPAIRABLE);
    g_assert_cmpstr(drift->pdata[0], ==, "3g.40gb at slot 4 is not whole: 1c.3g.40gb + 2c.3g.40gb.");
}

/* A wish that cannot be read is not the wish to have MIG off. */
static void test_unreadable_wish(void)
{
    static const char *const broken[] = {"{\"mig\": \"on\"}", "{}", "{\"mig\": true, \"profiles\": []}",
                                         "{\"mig\": true, \"profiles\": {}, \"placements\": {}}"};
    g_auto(Fixture) f = fixture("");
    for (guint i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autoptr(GPtrArray) drift = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(FctPlan) plan = NULL;
        g_autofree char *why = NULL;
        g_autoptr(json_t) doc = json_loads(broken[i], 0, NULL);
        g_autoptr(FctWantedLayout) wanted = fct_wanted_layout_from_json(doc, NULL);
        g_assert_null(wanted);
        g_assert_cmpint(fct_reconcile(f.gpu, NULL, wanted, drift, &plan, &why), ==, FCT_DRIFT_NEEDS_YOU);
        g_assert_null(plan);
        g_assert_cmpint(drift->len, ==, 1);
        g_assert_nonnull(strstr(why, "backup"));
    }
}

/* Somebody's nvidia-smi -mig 1 on a card that was in use: finished, taken back, or carved through. */
static void test_pending(void)
{
    g_auto(Fixture) f = fixture("");
    f.gpu->mig.current = FALSE;
    fct_plan_mode(f.plan, f.gpu, f.reservations, TRUE);
    expect(&f, "mig on", "", "warn mig-pending, warn card-resets");
    g_assert_cmpstr(f.plan->title, ==, "Turn on MIG on GPU 0");
    fct_plan_mode(f.plan, f.gpu, f.reservations, FALSE);
    expect(&f, "mig off", "", "warn mig-pending");
    g_assert_cmpstr(f.plan->title, ==, "Take back the pending MIG mode of GPU 0");
    g_assert_true(carve(&f, "{\"profiles\": {\"7g\": 1}}"));
    expect(&f, "mig on, +gi 0@0, +ci 0@0", "7g.80gb@0", "warn mig-pending, warn card-resets");
    /* Who is in the way is named. */
    FctProcess *process = fct_process_new();
    process->pid = 12;
    g_ptr_array_add(f.gpu->processes, process);
    fct_plan_mode(f.plan, f.gpu, f.reservations, TRUE);
    expect(&f, "mig on", "", "warn mig-pending, refuse held-by-process, warn card-resets");
    /* To take it back resets nothing and disturbs nobody. */
    fct_plan_mode(f.plan, f.gpu, f.reservations, FALSE);
    expect(&f, "mig off", "", "warn mig-pending");
    g_assert_cmpstr(f.plan->state, ==, "open");
}

static void test_pending_off(void)
{
    g_auto(Fixture) f = fixture("9@4* 19@0");
    f.gpu->mig.pending = FALSE;
    fct_plan_mode(f.plan, f.gpu, f.reservations, TRUE);
    expect(&f, "mig on", "1g.10gb@0= 3g.40gb@4=", "warn mig-pending");
    g_assert_cmpstr(((FctStep *)f.plan->steps->pdata[0])->title, ==,
                    "Take the pending change of MIG back, so that it stays on");
    g_assert_true(carve(&f, "{\"profiles\": {\"3g\": 1, \"1g.10gb\": 2}}"));
    expect(&f, "mig on, +gi 19@1, +ci 19@1", "1g.10gb@0= 1g.10gb@1 3g.40gb@4=", "warn mig-pending");
}

static void test_pending_drift(void)
{
    g_auto(Fixture) f = fixture("");
    g_autoptr(GPtrArray) drift = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(FctWantedLayout) wanted = fct_wanted_layout_new(); /* MIG off */
    g_autoptr(FctPlan) repair = NULL;
    g_autofree char *why = NULL;
    f.gpu->mig.current = FALSE;
    g_assert_cmpint(fct_reconcile(f.gpu, NULL, wanted, drift, &repair, &why), ==, FCT_DRIFT_REPAIRABLE);
    g_assert_cmpstr(drift->pdata[0], ==, "MIG is off, but will be on after the next reset of the card.");
}

static void test_released(void)
{
    g_auto(Fixture) f = fixture("9@4");
    g_autoptr(GPtrArray) drift = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(FctWantedLayout) wanted = fct_wanted_layout_new(); /* MIG off */
    g_autoptr(FctPlan) repair = NULL;
    g_autofree char *why = NULL;
    f.gpu->state = FCT_GPU_RELEASED;
    g_assert_true(carve(&f, "{\"profiles\": {}}"));
    expect(&f, "", "3g.40gb@4=", "block gpu-released");
    g_assert_cmpint(fct_reconcile(f.gpu, NULL, wanted, drift, &repair, &why), ==, FCT_DRIFT_NONE);
}

static void test_emptying_asks(void)
{
    g_auto(Fixture) f = fixture("9@4 19@0!");
    g_assert_true(carve(&f, "{\"profiles\": {}}"));
    expect(&f, "-gi 19@0, -ci 9@4, -gi 9@4", "", "confirm instances-go");
    g_assert_cmpstr(f.plan->state, ==, "open");
    g_assert_cmpstr(((FctVerdict *)f.plan->verdicts->pdata[0])->sentence, ==,
                    "All instances of GPU 0 will be removed; nothing is made in their place.");
    g_autoptr(GError) unasked = fct_preflight_error(f.plan->verdicts, FALSE);
    g_assert_error(unasked, FCT_ERROR, FCT_ERROR_REFUSED);
    g_assert_true(carve(&f, "{\"profiles\": {\"3g\": 0, \"1g.10gb\": 0}}"));
    expect(&f, "-gi 19@0, -ci 9@4, -gi 9@4", "", "confirm instances-go");
    g_auto(Fixture) empty = fixture("");
    g_assert_true(carve(&empty, "{\"profiles\": {}}"));
    expect(&empty, "", "", "");
}

static void test_unused_compute(void)
{
    static const struct {
        const char *now, *wish, *told; /* told "": nothing of unused compute */
    } cases[] = {
        {"", "{\"4g\": 1}", "3 of 7 compute slices stay unused. This would use them: 1 × 4g.40gb, 1 × 3g.40gb"},
        {"", "{\"3g\": 2}", "1 of 7 compute slices stay unused. This would use them: 1 × 4g.40gb, 1 × 3g.40gb"},
        {"", "{\"1g.20gb\": 4}", "3 of 7 compute slices stay unused. This would use them: 3 × 2g.20gb, 1 × 1g.20gb"},
        {"", "{\"4g\": 1, \"3g\": 1}", ""},
        {"", "{\"7g\": 1}", ""},
        {"", "{\"1g.10gb\": 7}", ""},
        {"", "{}", ""},
        /* Both are in use: making one larger would stop somebody. */
        {"9@0* 9@4*", "{\"3g\": 2}", ""},
        /* 3g at slot 4 may stay while the other one grows. */
        {"9@0 9@4*", "{\"3g\": 2}", "1 of 7 compute slices stay unused. This would use them: 1 × 4g.40gb, 1 × 3g.40gb"},
        /* Media engines are not given to those who did not ask. */
        {"", "{\"1g.10gb+me\": 1, \"3g\": 1, \"2g\": 1}",
         "1 of 7 compute slices stay unused. This would use them: 1 × 3g.40gb, 1 × 2g.20gb, 1 × 1g.10gb, 1 × "
         "1g.10gb+me"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Fixture) f = fixture(cases[i].now);
        g_autofree char *request = g_strdup_printf("{\"profiles\": %s}", cases[i].wish);
        g_assert_true(carve(&f, request));
        const char *told = "";
        for (guint k = 0; k < f.plan->alternatives->len; k++)
            if (strstr(f.plan->alternatives->pdata[k], "unused"))
                told = f.plan->alternatives->pdata[k];
        g_assert_cmpstr(told, ==, cases[i].told);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/foreign/partial", test_partial);
    g_test_add_func("/core/foreign/split-parts", test_split_parts);
    g_test_add_func("/core/foreign/part-gone", test_part_gone);
    g_test_add_func("/core/foreign/busy-split-stays", test_busy_split_stays);
    g_test_add_func("/core/foreign/bad-splits", test_bad_splits);
    g_test_add_func("/core/foreign/split-undo", test_split_undo);
    g_test_add_func("/core/foreign/split-wanted", test_split_wanted);
    g_test_add_func("/core/foreign/split-drift", test_split_drift);
    g_test_add_func("/core/foreign/unreadable-wish", test_unreadable_wish);
    g_test_add_func("/core/foreign/pending", test_pending);
    g_test_add_func("/core/foreign/pending-off", test_pending_off);
    g_test_add_func("/core/foreign/pending-drift", test_pending_drift);
    g_test_add_func("/core/foreign/released", test_released);
    g_test_add_func("/core/foreign/emptying-asks", test_emptying_asks);
    g_test_add_func("/core/foreign/unused-compute", test_unused_compute);
    return g_test_run();
}

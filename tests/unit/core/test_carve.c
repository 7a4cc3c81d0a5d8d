/* SPDX-License-Identifier: Apache-2.0 */
/* Plans for a card, their preflight, their undo, and what a refusal says. */
#include "core/carve.h"
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

static void test_empty_card(void)
{
    g_auto(Fixture) f = fixture("");
    g_assert_true(carve(&f, "{\"profiles\": {\"3g.40gb\": 1, \"2g\": 1, \"1g.10gb\": 2}}"));
    expect(&f, "+gi 19@0, +ci 19@0, +gi 19@1, +ci 19@1, +gi 14@2, +ci 14@2, +gi 9@4, +ci 9@4",
           "1g.10gb@0 1g.10gb@1 2g.20gb@2 3g.40gb@4", "");
    g_assert_cmpstr(f.plan->title, ==, "Carve GPU 0");
    g_assert_cmpstr(f.plan->state, ==, "open");
    g_assert_cmpuint(f.plan->interrupts->len, ==, 0);
    g_assert_cmpstr(((FctStep *)f.plan->steps->pdata[6])->title, ==, "Create 3g.40gb at slot 4");
}

static void test_keeps_busy(void)
{
    g_auto(Fixture) f = fixture("9@4* 14@0 19@2");
    g_ptr_array_add(f.reservations, test_reserve(f.gpu, 2, "db-2", FCT_IN_USE));
    g_assert_true(carve(&f, "{\"profiles\": {\"3g.40gb\": 1, \"1g.10gb\": 4}}"));
    expect(&f, "+gi 19@3, +ci 19@3, -ci 14@0, -gi 14@0, +gi 19@0, +ci 19@0, +gi 19@1, +ci 19@1",
           "1g.10gb@0 1g.10gb@1 1g.10gb@2= 1g.10gb@3 3g.40gb@4=", "");
    g_assert_cmpuint(f.plan->interrupts->len, ==, 0);
    g_assert_true(((FctLayoutItem *)f.plan->now->pdata[0])->busy);
    g_assert_cmpstr(((FctLayoutItem *)f.plan->then->pdata[0])->holder, ==, "");
    g_assert_cmpstr(((FctLayoutItem *)f.plan->then->pdata[2])->holder, ==, "db-2");
    g_assert_true(((FctLayoutItem *)f.plan->then->pdata[4])->busy);
}

static void test_displaces_busy(void)
{
    g_auto(Fixture) f = fixture("19@0* 19@4");
    g_ptr_array_add(f.reservations, test_reserve(f.gpu, 4, "db-2", FCT_IN_USE));
    g_assert_true(carve(&f, "{\"profiles\": {\"3g.40gb\": 2}}"));
    expect(&f, "-ci 19@0, -gi 19@0, +gi 9@0, +ci 9@0, -ci 19@4, -gi 19@4, +gi 9@4, +ci 9@4", "3g.40gb@0 3g.40gb@4",
           "refuse held-by-process, refuse held-by-vm");
    g_assert_cmpstr(f.plan->state, ==, "refused");
    g_assert_cmpuint(f.plan->interrupts->len, ==, 2);
    g_assert_cmpstr(f.plan->interrupts->pdata[0], ==, "process 4711 (python3)");
    g_assert_cmpstr(f.plan->interrupts->pdata[1], ==, "VM db-2");
    g_assert_cmpstr(((FctVerdict *)f.plan->verdicts->pdata[1])->next, ==, "Stop VM db-2, then try again.");
    g_assert_nonnull(strstr(f.plan->alternatives->pdata[0], "keeps everything"));
    g_autoptr(GError) refusal = fct_preflight_error(f.plan->verdicts, TRUE);
    g_assert_error(refusal, FCT_ERROR, FCT_ERROR_REFUSED);
}

static void test_turns_mig_on(void)
{
    g_auto(Fixture) f = fixture("");
    f.gpu->mig.current = f.gpu->mig.pending = FALSE;
    g_assert_true(carve(&f, "{\"profiles\": {\"7g.80gb\": 1}}"));
    expect(&f, "mig on, +gi 0@0, +ci 0@0", "7g.80gb@0", "warn card-resets");
    g_assert_false(f.plan->mig_now);
    g_assert_true(f.plan->mig_then);
    f.gpu->mig.mode_survives_boot = f.gpu->mig.mode_needs_reset = FALSE;
    FctProcess *process = fct_process_new();
    process->pid = 12;
    g_free(process->name);
    process->name = g_strdup("nv-hostengine");
    g_ptr_array_add(f.gpu->processes, process);
    g_assert_true(carve(&f, "{\"profiles\": {\"7g.80gb\": 1}}"));
    expect(&f, "mig on, +gi 0@0, +ci 0@0", "7g.80gb@0", "refuse held-by-process, warn mode-forgotten");
    g_assert_cmpstr(((FctVerdict *)f.plan->verdicts->pdata[0])->next, ==,
                    "Stop the service nvidia-dcgm, then try again.");
}

static void test_mode(void)
{
    g_auto(Fixture) f = fixture("9@4 14@0!");
    fct_plan_mode(f.plan, f.gpu, f.reservations, FALSE);
    expect(&f, "-ci 9@4, -gi 9@4, -gi 14@0, mig off", "", "confirm instances-go, warn card-resets");
    g_assert_cmpstr(f.plan->state, ==, "open");
    g_assert_false(fct_verdicts_allow(f.plan->verdicts, FALSE));
    fct_plan_mode(f.plan, f.gpu, f.reservations, TRUE);
    g_assert_cmpuint(f.plan->steps->len, ==, 0);
    g_ptr_array_add(f.reservations, test_reserve(f.gpu, 4, "db-2", FCT_RESERVED));
    fct_plan_mode(f.plan, f.gpu, f.reservations, FALSE);
    g_autofree char *verdicts = test_verdicts_text(f.plan->verdicts);
    g_assert_cmpstr(verdicts, ==, "refuse held-by-vm, confirm instances-go, warn card-resets");
    g_assert_cmpstr(f.plan->state, ==, "refused");
}

static void test_card_states(void)
{
    static const struct {
        FctGpuState state;
        const char *driver;
        gboolean capable;
        const char *verdict;
    } cases[] = {
        {FCT_GPU_LOST, "nvidia", TRUE, "block gpu-lost"},
        {FCT_GPU_WEDGED, "nvidia", TRUE, "block gpu-wedged"},
        {FCT_GPU_UNMANAGED, "vfio-pci", TRUE, "block gpu-unmanaged"},
        {FCT_GPU_OK, "vfio-pci", TRUE, "block gpu-driver"},
        {FCT_GPU_OK, "nvidia", FALSE, "block no-mig"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Fixture) f = fixture("9@4");
        f.gpu->state = cases[i].state;
        g_free(f.gpu->driver);
        f.gpu->driver = g_strdup(cases[i].driver);
        f.gpu->mig.capable = cases[i].capable;
        g_assert_true(carve(&f, "{\"profiles\": {\"1g.10gb\": 1}}"));
        expect(&f, "", "3g.40gb@4=", cases[i].verdict);
        g_assert_cmpstr(f.plan->state, ==, "refused");
    }
}

/* A card that the NVIDIA driver has is not to be given to it. */
static void test_unmanaged_advice(void)
{
    static const char *const drivers[] = {"nvidia", "vfio-pci"};
    for (guint i = 0; i < G_N_ELEMENTS(drivers); i++) {
        g_auto(Fixture) f = fixture("9@4");
        f.gpu->state = FCT_GPU_UNMANAGED;
        g_free(f.gpu->driver);
        f.gpu->driver = g_strdup(drivers[i]);
        g_assert_true(carve(&f, "{\"profiles\": {\"1g.10gb\": 1}}"));
        const FctVerdict *verdict = f.plan->verdicts->pdata[0];
        g_assert_cmpint(strstr(verdict->next, "NVIDIA driver") != NULL, ==, i == 1);
        g_assert_cmpstr(verdict->next, !=, "");
    }
}

static void test_half_made(void)
{
    g_auto(Fixture) f = fixture("9@4! 19@0");
    g_assert_true(carve(&f, "{\"profiles\": {\"3g.40gb\": 1, \"1g.10gb\": 1}}"));
    expect(&f, "+ci 9@4", "1g.10gb@0= 3g.40gb@4", "");
}

static void test_split(void)
{
    g_auto(Fixture) f = fixture("9@4");
    g_assert_true(
        carve(&f, "{\"profiles\": {\"3g.40gb\": 2}, \"compute\": {\"3g.40gb\": [\"1c.3g.40gb\", \"2c.3g.40gb\"]}}"));
    expect(&f, "-ci 9@4, +ci 9@4, +ci 9@4, +gi 9@0, +ci 9@0, +ci 9@0", "3g.40gb@0 3g.40gb@4", "");
    g_assert_false(carve(&f, "{\"profiles\": {}, \"compute\": {\"3g.40gb\": [\"2c.3g.40gb\", \"2c.3g.40gb\"]}}"));
    g_assert_error(f.error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
}

static void test_pins(void)
{
    g_auto(Fixture) f = fixture("");
    g_assert_true(
        carve(&f, "{\"profiles\": {\"1g.10gb\": 1}, \"placements\": [{\"profile\": \"1g.10gb\", \"start\": 6}]}"));
    expect(&f, "+gi 19@6, +ci 19@6", "1g.10gb@6", "");
    g_assert_false(
        carve(&f, "{\"profiles\": {\"3g.40gb\": 1}, \"placements\": [{\"profile\": \"3g.40gb\", \"start\": 2}]}"));
    g_assert_error(f.error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    g_clear_error(&f.error);
    g_assert_false(carve(&f, "{\"profiles\": {\"4g.40gb\": 1, \"3g.40gb\": 1},"
                             " \"placements\": [{\"profile\": \"3g.40gb\", \"start\": 0}]}"));
    g_assert_error(f.error, FCT_ERROR, FCT_ERROR_NO_FIT);
}

static void test_bad_requests(void)
{
    static const char *const requests[] = {"{}",
                                           "{\"profiles\": {\"3g.99gb\": 1}}",
                                           "{\"profiles\": {\"1g\": 1}}",
                                           "{\"profiles\": {\"3g.40gb\": -1}}",
                                           "{\"profiles\": {\"3g.40gb\": \"2\"}}",
                                           "{\"profiles\": {\"3g.40gb\": 1000}}",
                                           "{\"profiles\": {\"3g\": 1}, \"placements\": {}}",
                                           "{\"profiles\": {\"3g\": 1}, \"placements\": [\"3g\"]}",
                                           ("{\"profiles\": {\"3g\": 1}, \"placements\":"
                                            " [{\"profile\": \"3g\", \"start\": 0, \"slot\": 4}]}"),
                                           "{\"profiles\": {\"3g\": 1}, \"compute\": [\"1c\"]}"};
    for (guint i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_auto(Fixture) f = fixture("");
        g_assert_false(carve(&f, requests[i]));
        g_assert_error(f.error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    }
    g_auto(Fixture) f = fixture("");
    g_assert_false(carve(&f, "{\"profiles\": {\"3g.99gb\": 1}}"));
    g_autoptr(json_t) json = fct_error_to_json(f.error);
    g_assert_cmpstr(f.error->message, ==, "GPU 0 has no profile 3g.99gb.");
    g_assert_nonnull(strstr(fct_json_str(json, "next", ""), "2g.20gb"));
}

static const char *detail(const json_t *error, const char *list, gsize i)
{
    const char *text = json_string_value(json_array_get(json_object_get(json_object_get(error, "details"), list), i));
    return text ? text : "";
}

static void test_no_fit(void)
{
    static const struct {
        const char *request, *reason, *alternative;
    } cases[] = {
        {"{\"profiles\": {\"3g.40gb\": 2, \"1g.10gb\": 1}}", "Together they need 9 memory slots; the card has 8.",
         "Without one 1g.10gb: 2 × 3g.40gb"},
        {"{\"profiles\": {\"3g.40gb\": 3}}", "The card takes at most 2 × 3g.40gb; 3 were asked for.",
         "Without one 3g.40gb: 2 × 3g.40gb"},
        {"{\"profiles\": {\"1g.20gb\": 3, \"1g.10gb\": 2, \"4g.40gb\": 1}}",
         "Together they need 12 memory slots; the card has 8.", "Without one 4g.40gb: 3 × 1g.20gb, 2 × 1g.10gb"},
        {"{\"profiles\": {\"2g.20gb\": 3, \"1g.20gb\": 1, \"1g.10gb+me\": 1}}",
         "Together they need 9 memory slots; the card has 8.",
         "1g.10gb instead of one 2g.20gb: 2 × 2g.20gb, 1 × 1g.20gb, 1 × 1g.10gb, 1 × 1g.10gb+me"},
        {"{\"profiles\": {\"4g.40gb\": 1, \"2g.20gb\": 2}}", "Together they need 8 compute slices; the card has 7.",
         "1g.20gb instead of one 2g.20gb: 1 × 4g.40gb, 1 × 2g.20gb, 1 × 1g.20gb"},
        {"{\"profiles\": {\"3g.40gb\": 1, \"2g.20gb\": 1, \"1g.20gb\": 1, \"1g.10gb\": 1}}",
         "Together they need 9 memory slots; the card has 8.",
         "1g.10gb instead of one 1g.20gb: 1 × 3g.40gb, 1 × 2g.20gb, 2 × 1g.10gb"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Fixture) f = fixture("");
        g_assert_false(carve(&f, cases[i].request));
        g_assert_error(f.error, FCT_ERROR, FCT_ERROR_NO_FIT);
        g_autoptr(json_t) json = fct_error_to_json(f.error);
        g_assert_cmpstr(detail(json, "reasons", 0), ==, cases[i].reason);
        g_assert_cmpstr(detail(json, "alternatives", 0), ==, cases[i].alternative);
        /* What is offered is accepted. */
        g_autoptr(json_t) retry = json_object();
        json_object_set(retry, "profiles",
                        json_array_get(json_object_get(json_object_get(json, "details"), "alternative_profiles"), 0));
        g_clear_error(&f.error);
        g_autoptr(FctCarveRequest) wish = fct_carve_request_from_json(retry, &f.error);
        g_assert_true(wish && fct_plan_carve(f.plan, f.gpu, f.reservations, wish, &f.error));
    }
}

/* Undo after every number of steps done gives steps that lead from there back to where it was. */
static void test_undo(void)
{
    g_auto(Fixture) f = fixture("14@0 19@2 9@4*");
    g_assert_true(carve(&f, "{\"profiles\": {\"3g.40gb\": 1, \"1g.10gb\": 4}}"));
    for (guint n = 0; n <= f.plan->steps->len; n++) {
        g_autoptr(GPtrArray) done = g_ptr_array_new();
        for (guint i = 0; i < n; i++)
            g_ptr_array_add(done, f.plan->steps->pdata[i]);
        g_autoptr(GPtrArray) undo = fct_undo_steps(f.gpu, done);
        g_assert_cmpuint(undo->len, ==, n);
        for (guint i = 0; i < undo->len; i++)
            g_ptr_array_add(done, undo->pdata[i]);
        g_autoptr(GPtrArray) back = fct_foresee(f.gpu, done, NULL, &f.error);
        g_assert_no_error(f.error);
        g_assert_cmpuint(back->len, ==, 3);
        for (guint i = 0; i < back->len; i++) {
            const FctLayoutItem *item = back->pdata[i];
            const FctGpuInstance *was = fct_mig_instance_at(&f.gpu->mig, item->start);
            g_assert_nonnull(was);
            g_assert_cmpint(was->profile_id, ==, item->profile_id);
        }
    }
}

static void test_undo_plan(void)
{
    g_auto(Fixture) f = fixture("14@0 9@4*");
    g_autoptr(FctPlan) back = fct_plan_new();
    g_assert_true(carve(&f, "{\"profiles\": {\"3g.40gb\": 1, \"1g.10gb\": 2}}"));
    g_autofree char *then = test_items_text(f.plan->then);
    g_assert_cmpstr(then, ==, "1g.10gb@0 1g.10gb@1 3g.40gb@4=");

    g_auto(Fixture) now = fixture("19@0 19@1 9@4*");
    g_assert_true(fct_plan_undo(back, now.gpu, now.reservations, f.gpu, f.plan->steps, &f.error));
    g_autofree char *undone = test_items_text(back->then);
    g_assert_cmpstr(undone, ==, "2g.20gb@0 3g.40gb@4=");
    g_assert_cmpstr(back->state, ==, "open");

    /* Undoing the first carve of a card leaves nothing on it: that is asked, as for a carve to nothing. */
    g_auto(Fixture) bare = fixture("");
    g_assert_true(carve(&bare, "{\"profiles\": {\"3g.40gb\": 1}}"));
    g_auto(Fixture) full = fixture("9@4");
    g_autoptr(FctPlan) empty = fct_plan_new();
    g_assert_true(fct_plan_undo(empty, full.gpu, full.reservations, bare.gpu, bare.plan->steps, &f.error));
    g_autofree char *asked = test_verdicts_text(empty->verdicts);
    g_assert_cmpstr(asked, ==, "confirm instances-go");

    /* A VM has taken what came: undo would stop it, so it is refused. */
    g_ptr_array_add(now.reservations, test_reserve(now.gpu, 1, "db-2", FCT_IN_USE));
    g_assert_true(fct_plan_undo(back, now.gpu, now.reservations, f.gpu, f.plan->steps, &f.error));
    g_autofree char *verdicts = test_verdicts_text(back->verdicts);
    g_assert_cmpstr(verdicts, ==, "refuse held-by-vm");

    /* Somebody changed the card since: there is nothing to take back. */
    g_auto(Fixture) other = fixture("5@0");
    g_assert_false(fct_plan_undo(back, other.gpu, other.reservations, f.gpu, f.plan->steps, &f.error));
    g_assert_error(f.error, FCT_ERROR, FCT_ERROR_STALE);
}

static void test_foresee_refuses(void)
{
    g_auto(Fixture) f = fixture("9@4");
    g_assert_true(carve(&f, "{\"profiles\": {\"1g.10gb\": 1}}"));
    /* Without the removal of the compute instance the rest cannot run. */
    g_ptr_array_remove_index(f.plan->steps, 1 + (f.plan->steps->len == 4));
    g_assert_null(fct_foresee(f.gpu, f.plan->steps, NULL, &f.error));
    g_assert_error(f.error, FCT_ERROR, FCT_ERROR_STALE);
}

static void test_reconcile(void)
{
    g_auto(Fixture) f = fixture("9@4 19@0");
    g_autoptr(GPtrArray) drift = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(FctPlan) repair = NULL;
    g_autofree char *why = NULL;
    g_assert_true(carve(&f, "{\"profiles\": {\"3g.40gb\": 1, \"2g.20gb\": 1, \"1g.10gb\": 1}}"));
    g_autoptr(FctWantedLayout) wanted = fct_wanted_of(f.plan);
    g_autofree char *then = test_items_text(f.plan->then);
    g_assert_cmpstr(then, ==, "1g.10gb@0= 2g.20gb@2 3g.40gb@4=");

    g_assert_cmpint(fct_reconcile(f.gpu, NULL, wanted, drift, &repair, &why), ==, FCT_DRIFT_REPAIRABLE);
    g_assert_cmpstr(drift->pdata[0], ==, "1 × 2g.20gb wanted, 0 there.");
    g_autofree char *steps = test_steps_text(repair->steps);
    g_assert_cmpstr(steps, ==, "+gi 14@2, +ci 14@2");

    /* After a restart: everything comes back where it was. */
    fct_plan_free(repair);
    repair = NULL;
    g_clear_pointer(&why, g_free);
    g_ptr_array_set_size(f.gpu->mig.instances, 0);
    g_assert_cmpint(fct_reconcile(f.gpu, NULL, wanted, drift, &repair, &why), ==, FCT_DRIFT_REPAIRABLE);
    g_autofree char *again = test_items_text(repair->then);
    g_assert_cmpstr(again, ==, "1g.10gb@0 2g.20gb@2 3g.40gb@4");

    /* A foreign hand made something busy in the way: it needs a person. */
    g_auto(Fixture) g = fixture("5@0*");
    g_autoptr(FctPlan) other = NULL;
    g_autofree char *because = NULL;
    g_assert_cmpint(fct_reconcile(g.gpu, NULL, wanted, drift, &other, &because), ==, FCT_DRIFT_NEEDS_YOU);
    g_assert_nonnull(strstr(because, "python3"));

    /* In step. */
    g_auto(Fixture) h = fixture("19@0 14@2 9@4");
    g_autoptr(FctPlan) none = NULL;
    g_autofree char *nothing = NULL;
    g_assert_cmpint(fct_reconcile(h.gpu, NULL, wanted, drift, &none, &nothing), ==, FCT_DRIFT_NONE);
    g_assert_null(none);
}

static void test_fits_json(void)
{
    g_auto(Fixture) f = fixture("5@0");
    g_autoptr(json_t) fits = fct_card_fits_json(f.gpu);
    g_autoptr(json_t) stranded = fct_card_stranded_json(f.gpu);
    gsize i;
    json_t *fit;
    int ok = 0;
    json_array_foreach (fits, i, fit) {
        ok += fct_json_bool(fit, "ok", FALSE);
        if (fct_json_int(fit, "profile_id", -1) == 9 && fct_json_int(fit, "start", -1) == 4)
            g_assert_cmpstr(fct_json_str(fit, "leaves", ""), ==, "nothing");
        if (fct_json_int(fit, "profile_id", -1) == 14 && fct_json_int(fit, "start", -1) == 4)
            g_assert_cmpstr(fct_json_str(fit, "leaves", ""), ==, "1 × 1g.20gb or 1 × 1g.10gb");
        if (fct_json_int(fit, "profile_id", -1) == 0)
            g_assert_cmpstr(fct_json_str(fit, "why", ""), ==, "4g.40gb at slot 0 is in the way.");
    }
    g_assert_cmpint(ok, ==, 3 + 3 + 2 + 1 + 1);
    g_assert_cmpuint(json_array_size(stranded), ==, 0);

    g_auto(Fixture) g = fixture("9@0 19@4 19@5 19@6");
    g_autoptr(json_t) lost = fct_card_stranded_json(g.gpu);
    g_autofree char *text = fct_json_text(lost);
    g_assert_cmpstr(text, ==, "[{\"size\":1,\"start\":7,\"why\":\"1g.10gb at slot 6 is in the way.\"}]");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/carve/empty-card", test_empty_card);
    g_test_add_func("/core/carve/keeps-busy", test_keeps_busy);
    g_test_add_func("/core/carve/displaces-busy", test_displaces_busy);
    g_test_add_func("/core/carve/turns-mig-on", test_turns_mig_on);
    g_test_add_func("/core/carve/mode", test_mode);
    g_test_add_func("/core/carve/card-states", test_card_states);
    g_test_add_func("/core/carve/unmanaged-advice", test_unmanaged_advice);
    g_test_add_func("/core/carve/half-made", test_half_made);
    g_test_add_func("/core/carve/split", test_split);
    g_test_add_func("/core/carve/pins", test_pins);
    g_test_add_func("/core/carve/bad-requests", test_bad_requests);
    g_test_add_func("/core/carve/no-fit", test_no_fit);
    g_test_add_func("/core/carve/undo", test_undo);
    g_test_add_func("/core/carve/undo-plan", test_undo_plan);
    g_test_add_func("/core/carve/foresee-refuses", test_foresee_refuses);
    g_test_add_func("/core/carve/reconcile", test_reconcile);
    g_test_add_func("/core/card/fits", test_fits_json);
    return g_test_run();
}

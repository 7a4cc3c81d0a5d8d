/* SPDX-License-Identifier: Apache-2.0 */
/* Plans over the API: preview, apply, refusals, faults on the way, cancelling, undo, restart of the host. */
#include "fixture.h"
#include "hw_model.h"

#include "app/gpus/executor.h"
#include "app/gpus/observer.h"
#include "store/store_memory.h"

#include <string.h>

#define GPU "gpu-0000-40-00-0"

static char *layout(Fixture *f)
{
    return hw_model_text(f->hw, 0);
}

#define assert_layout(f, wanted)                                                                                       \
    do {                                                                                                               \
        g_autofree char *has = layout(f);                                                                              \
        g_assert_cmpstr(has, ==, wanted);                                                                              \
    } while (0)

static json_t *profiles(const char *text)
{
    return fct_json_parse(text, strlen(text), NULL);
}

/* A plan for these profiles on card 0; the status is checked. Returns the answer. */
static json_t *plan(Fixture *f, const char *wanted, guint status)
{
    json_t *json = NULL;
    guint has =
        fixture_call(f, "POST", "/plans",
                     json_pack("{s:s, s:s, s:o}", "kind", "carve", "gpu", "0", "profiles", profiles(wanted)), &json);
    g_assert_cmpuint(has, ==, status);
    return json;
}

static guint apply(Fixture *f, const json_t *made, json_t *body, json_t **ret)
{
    g_autofree char *path = g_strdup_printf("/plans/%s/apply", fct_json_str(made, "id", "?"));
    return fixture_call(f, "POST", path, body, ret);
}

/* Plans, applies, waits for the end. */
static json_t *carve(Fixture *f, const char *wanted)
{
    g_autoptr(json_t) made = plan(f, wanted, 201), task = NULL;
    g_assert_cmpuint(apply(f, made, NULL, &task), ==, 202);
    return fixture_wait_task(f, fct_json_str(task, "id", ""));
}

static void assert_end(const json_t *task, const char *state, const char *outcome)
{
    g_assert_cmpstr(fct_json_str(task, "outcome", ""), ==, outcome);
    g_assert_cmpstr(fct_json_str(task, "state", ""), ==, state);
}

static void assert_no_journal(Fixture *f)
{
    g_autoptr(GPtrArray) docs = f->store->ops->list(f->store, "journal/", NULL);
    g_assert_cmpuint(docs->len, ==, 0);
}

static void begin(Fixture *f, gconstpointer data)
{
    fixture_set_up(f, data);
    fixture_login(f);
}

static void test_apply(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = plan(f, "{\"3g.40gb\":1,\"2g.20gb\":1,\"1g.10gb\":2}", 201), gpu = NULL, again = NULL;
    g_assert_cmpstr(fct_json_str(made, "state", ""), ==, "open");
    g_assert_cmpuint(json_array_size(json_object_get(made, "interrupts")), ==, 0);
    assert_layout(f, "19@0 19@1 9@4*"); /* a preview changes nothing */
    g_autoptr(json_t) task = carve(f, "{\"3g.40gb\":1,\"2g.20gb\":1,\"1g.10gb\":2}");
    assert_end(task, "done", "GPU 0 has the wanted layout.");
    g_assert_cmpint(fct_json_int(task, "percent", 0), ==, 100);
    assert_layout(f, "19@0 19@1 14@2 9@4*");
    g_assert_cmpuint(fixture_call(f, "GET", "/gpus/0", NULL, &gpu), ==, 200);
    const json_t *wanted = json_object_get(gpu, "wanted");
    g_assert_cmpint(fct_json_int(json_object_get(wanted, "profiles"), "1g.10gb", 0), ==, 2);
    g_assert_cmpuint(json_array_size(json_object_get(gpu, "drift")), ==, 0);
    /* The first preview looked at another card than there is now. */
    g_assert_cmpuint(apply(f, made, NULL, &again), ==, 409);
    g_assert_cmpstr(error_code(again), ==, "stale");
    assert_no_journal(f);
}

static void test_second_apply(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = plan(f, "{\"3g.40gb\":1,\"2g.20gb\":1}", 201), task = NULL, second = NULL, third = NULL;
    hw_model_block(f->hw, TRUE);
    g_assert_cmpuint(apply(f, made, NULL, &task), ==, 202);
    g_assert_cmpuint(apply(f, made, NULL, &second), ==, 409); /* while it runs */
    g_assert_cmpstr(error_code(second), ==, "already-applied");
    const json_t *details = json_object_get(json_object_get(second, "error"), "details");
    g_assert_cmpstr(fct_json_str(details, "task", ""), ==, fct_json_str(task, "id", "?"));
    hw_model_block(f->hw, FALSE);
    g_autoptr(json_t) ended = fixture_wait_task(f, fct_json_str(task, "id", ""));
    assert_end(ended, "done", "GPU 0 has the wanted layout.");
    g_assert_cmpuint(apply(f, made, NULL, &third), ==, 409); /* and afterwards */
    g_assert_cmpstr(error_code(third), ==, "already-applied");
}

/* Two previews of the same card: the second one finds the first one running. */
static void test_one_plan_a_gpu(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) one = plan(f, "{\"3g.40gb\":1,\"2g.20gb\":1}", 201), task = NULL, refused = NULL;
    g_autoptr(json_t) two = plan(f, "{\"3g.40gb\":1}", 201);
    hw_model_block(f->hw, TRUE);
    g_assert_cmpuint(apply(f, one, NULL, &task), ==, 202);
    g_assert_cmpuint(apply(f, two, NULL, &refused), ==, 409);
    g_assert_cmpstr(error_code(refused), ==, "conflict");
    hw_model_block(f->hw, FALSE);
    g_autoptr(json_t) ended = fixture_wait_task(f, fct_json_str(task, "id", ""));
    assert_end(ended, "done", "GPU 0 has the wanted layout.");
}

static void test_bad_input(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *body, *field;
        guint status;
        const char *code;
    } cases[] = {
        {"{}", "kind", 400, "bad-request"},
        {"{\"kind\":\"paint\"}", "kind", 400, "bad-request"},
        {"{\"kind\":\"carve\"}", "gpu", 400, "bad-request"},
        {"{\"kind\":\"carve\",\"gpu\":\"0\"}", "profiles", 400, "bad-request"},
        {"{\"kind\":\"carve\",\"gpu\":\"0\",\"profiles\":{\"3g.99gb\":1}}", "profiles", 400, "bad-request"},
        {"{\"kind\":\"carve\",\"gpu\":\"0\",\"profiles\":{\"3g.40gb\":-1}}", "profiles", 400, "bad-request"},
        {"{\"kind\":\"carve\",\"gpu\":\"0\",\"profiles\":{\"3g.40gb\":\"1\"}}", "profiles", 400, "bad-request"},
        {"{\"kind\":\"carve\",\"gpu\":\"0\",\"profiles\":{},\"enabled\":true}", "enabled", 400, "bad-request"},
        {"{\"kind\":\"mig-mode\",\"gpu\":\"0\"}", "enabled", 400, "bad-request"},
        {"{\"kind\":\"undo\"}", "task", 400, "bad-request"},
        {"{\"kind\":\"carve\",\"gpu\":\"9\",\"profiles\":{}}", "gpu", 404, "not-found"},
        {"{\"kind\":\"undo\",\"task\":\"task-none\"}", NULL, 404, "not-found"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(json_t) json = NULL;
        g_assert_cmpuint(fixture_call_text(f, "POST", "/plans", cases[i].body, -1, &json), ==, cases[i].status);
        g_assert_cmpstr(error_code(json), ==, cases[i].code);
        const json_t *details = json_object_get(json_object_get(json, "error"), "details");
        g_assert_cmpstr(fct_json_str(details, "field", NULL), ==, cases[i].field);
    }
    g_autoptr(json_t) none = NULL;
    g_assert_cmpuint(fixture_call(f, "POST", "/plans/plan-none/apply", NULL, &none), ==, 404);
}

static void test_impossible(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) json = plan(f, "{\"7g.80gb\":1,\"1g.10gb\":1}", 422);
    const json_t *details = json_object_get(json_object_get(json, "error"), "details");
    g_assert_cmpstr(error_code(json), ==, "no-fit");
    g_assert_cmpuint(json_array_size(json_object_get(details, "reasons")), >, 0);
    g_assert_cmpuint(json_array_size(json_object_get(details, "alternatives")), >, 0);
}

/* What would displace a busy instance is shown, refused, and cannot be applied. */
static void test_refused(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = plan(f, "{\"7g.80gb\":1}", 201), json = NULL;
    g_assert_cmpstr(fct_json_str(made, "state", ""), ==, "refused");
    g_assert_cmpuint(json_array_size(json_object_get(made, "interrupts")), ==, 1);
    g_assert_cmpuint(apply(f, made, json_pack("{s:b}", "confirm", 1), &json), ==, 422);
    g_assert_cmpstr(error_code(json), ==, "refused");
    const json_t *details = json_object_get(json_object_get(json, "error"), "details");
    g_assert_cmpuint(json_array_size(json_object_get(details, "verdicts")), >, 0);
    assert_layout(f, "19@0 19@1 9@4*");
}

static void test_stale(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = plan(f, "{\"3g.40gb\":1,\"2g.20gb\":1}", 201), json = NULL;
    hw_model_hold(f->hw, 0, 0, TRUE); /* a process begins on what the plan removes */
    g_assert_cmpuint(apply(f, made, NULL, &json), ==, 409);
    g_assert_cmpstr(error_code(json), ==, "stale");
    g_assert_false(hw_model_touched_busy(f->hw));
}

/* Between apply and the step: the executor looks again. */
static void test_busy_meanwhile(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = plan(f, "{\"3g.40gb\":1,\"2g.20gb\":1}", 201), task = NULL;
    hw_model_block(f->hw, TRUE);
    g_assert_cmpuint(apply(f, made, NULL, &task), ==, 202);
    hw_model_hold(f->hw, 0, 1, TRUE); /* the first step removes the compute instance at 0 */
    hw_model_block(f->hw, FALSE);
    g_autoptr(json_t) ended = fixture_wait_task(f, fct_json_str(task, "id", ""));
    assert_end(ended, "undone", "GPU 0 has its previous layout.");
    assert_layout(f, "19@0 19@1* 9@4*");
    g_assert_false(hw_model_touched_busy(f->hw));
}

static void test_cancel(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = plan(f, "{\"3g.40gb\":1,\"2g.20gb\":1}", 201), task = NULL, cancelled = NULL, late = NULL;
    hw_model_block(f->hw, TRUE);
    g_assert_cmpuint(apply(f, made, NULL, &task), ==, 202);
    hw_model_release(f->hw);
    g_autofree char *path = g_strdup_printf("/tasks/%s/cancel", fct_json_str(task, "id", ""));
    g_assert_cmpuint(fixture_call(f, "POST", path, NULL, &cancelled), ==, 202);
    hw_model_block(f->hw, FALSE);
    g_autoptr(json_t) ended = fixture_wait_task(f, fct_json_str(task, "id", ""));
    assert_end(ended, "cancelled", "GPU 0 has its previous layout.");
    assert_layout(f, "19@0 19@1 9@4*");
    g_assert_cmpuint(fixture_call(f, "POST", path, NULL, &late), ==, 409);
    assert_no_journal(f);
}

/* Another program takes a place that the plan is about to use: it is named, and so is the layout that this leaves. */
static void test_foreign_in_the_way(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = plan(f, "{\"3g.40gb\":1,\"1g.10gb\":3}", 201), task = NULL;
    hw_model_block(f->hw, TRUE);
    g_assert_cmpuint(apply(f, made, NULL, &task), ==, 202);
    hw_model_make(f->hw, 0, 14, 2);
    hw_model_block(f->hw, FALSE);
    g_autoptr(json_t) ended = fixture_wait_task(f, fct_json_str(task, "id", ""));
    assert_end(
        ended, "undone",
        "What was done is taken back, but GPU 0 has not its previous layout. It has now: 1g.10gb at slot 0, 1g.10gb "
        "at slot 1, 2g.20gb at slot 2, 3g.40gb at slot 4. Another program made 2g.20gb at slot 2.");
    const char *message = fct_json_str(json_object_get(ended, "error"), "message", "");
    g_assert_nonnull(strstr(message, "Another program came in the way: it made 2g.20gb at slot 2 meanwhile."));
    assert_layout(f, "19@0 19@1 14@2 9@4*");
}

/* One that comes elsewhere does not stop the plan, but the layout is not the wanted one. */
static void test_foreign_beside(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = plan(f, "{\"3g.40gb\":1,\"2g.20gb\":1}", 201), task = NULL;
    hw_model_block(f->hw, TRUE);
    g_assert_cmpuint(apply(f, made, NULL, &task), ==, 202);
    hw_model_make(f->hw, 0, 19, 3);
    hw_model_block(f->hw, FALSE);
    g_autoptr(json_t) ended = fixture_wait_task(f, fct_json_str(task, "id", ""));
    assert_end(
        ended, "done",
        "Every step was done, but GPU 0 has not the wanted layout. It has now: 2g.20gb at slot 0, 1g.10gb at slot 3, "
        "3g.40gb at slot 4. Another program made 1g.10gb at slot 3.");
}

/* {} is a wish like any other, but nobody empties a card by leaving something out. */
static void test_emptying(Fixture *f, gconstpointer data)
{
    hw_model_hold(f->hw, 0, 4, FALSE);
    g_autoptr(json_t) made = plan(f, "{}", 201), refused = NULL, task = NULL;
    g_assert_cmpuint(apply(f, made, NULL, &refused), ==, 422);
    g_assert_cmpuint(apply(f, made, json_pack("{s:b}", "confirm", 0), NULL), ==, 422);
    assert_layout(f, "19@0 19@1 9@4");
    g_assert_cmpuint(apply(f, made, json_pack("{s:b}", "confirm", 1), &task), ==, 202);
    g_autoptr(json_t) ended = fixture_wait_task(f, fct_json_str(task, "id", ""));
    assert_end(ended, "done", "GPU 0 has the wanted layout.");
    assert_layout(f, "");
}

static void test_release(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) gpu = NULL, again = NULL, made = NULL, task = NULL, taken = NULL, running = NULL, odd = NULL;
    g_assert_cmpuint(fixture_call(f, "POST", "/gpus/0/release", json_pack("{s:i}", "force", 1), &odd), ==, 400);
    g_assert_cmpuint(fixture_call(f, "POST", "/gpus/7/release", NULL, NULL), ==, 404);
    g_assert_cmpuint(fixture_call(f, "POST", "/gpus/0/release", NULL, &gpu), ==, 200);
    g_assert_cmpstr(fct_json_str(gpu, "state", ""), ==, "released");
    g_assert_cmpuint(fixture_call(f, "POST", "/gpus/0/release", NULL, &again), ==, 200);
    g_autoptr(json_t) blocked = plan(f, "{\"1g.10gb\":1}", 201);
    g_assert_cmpstr(fct_json_str(blocked, "state", ""), ==, "refused");
    g_assert_cmpuint(fixture_call(f, "POST", "/gpus/0/take", NULL, &taken), ==, 200);
    g_assert_cmpstr(fct_json_str(taken, "state", ""), ==, "ok");
    /* Not under a plan, and not from a VM that has a part of it. */
    made = plan(f, "{\"3g.40gb\":1,\"2g.20gb\":1}", 201);
    hw_model_block(f->hw, TRUE);
    g_assert_cmpuint(apply(f, made, NULL, &task), ==, 202);
    g_assert_cmpuint(fixture_call(f, "POST", "/gpus/0/release", NULL, &running), ==, 409);
    g_assert_cmpstr(error_code(running), ==, "conflict");
    hw_model_block(f->hw, FALSE);
    g_autoptr(json_t) ended = fixture_wait_task(f, fct_json_str(task, "id", ""));
    g_assert_nonnull(ended);
    g_autoptr(json_t) hold = json_pack("{s:s, s:s, s:s}", "vm", "v1", "vm_name", "db-2", "state", "in-use"),
                      held = NULL;
    const FctWrite write = {"hold/gpu-0000-40-00-0.4.9", hold, FCT_REV_ANY};
    g_assert_true(f->store->ops->commit(f->store, &write, 1, NULL, NULL));
    g_assert_cmpuint(fixture_call(f, "POST", "/gpus/0/release", NULL, &held), ==, 409);
    g_assert_cmpstr(error_code(held), ==, "in-use");
    g_assert_nonnull(strstr(fct_json_str(json_object_get(held, "error"), "message", ""), "db-2"));
}

/* A VM's start that has looked at the card already: it commits only now. */
static gboolean commit_start(gpointer data)
{
    static const char *const vms[][2] = {{"hold/gpu-0000-40-00-0.0.19", "db-2"}, {"hold/gpu-0000-40-00-0.1.19", "db"}};
    Fixture *f = data;
    for (guint i = 0; i < G_N_ELEMENTS(vms); i++) {
        g_autoptr(json_t) hold =
            json_pack("{s:s, s:s, s:s}", "vm", vms[i][1], "vm_name", vms[i][1], "state", "reserved");
        const FctWrite write = {vms[i][0], hold, FCT_REV_NONE};
        g_assert_true(f->store->ops->commit(f->store, &write, 1, NULL, NULL));
    }
    g_rw_lock_reader_unlock(&f->app->choosing);
    return G_SOURCE_REMOVE;
}

static void test_release_while_starting(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) held = NULL, gpu = NULL;
    g_rw_lock_reader_lock(&f->app->choosing);
    g_timeout_add(50, commit_start, f); /* if the request comes later, it finds the holds anyway */
    g_assert_cmpuint(fixture_call(f, "POST", "/gpus/0/release", NULL, &held), ==, 409);
    g_assert_cmpstr(error_code(held), ==, "in-use");
    g_assert_nonnull(strstr(fct_json_str(json_object_get(held, "error"), "message", ""), ": db-2, db."));
    g_assert_cmpuint(fixture_call(f, "GET", "/gpus/0", NULL, &gpu), ==, 200);
    g_assert_cmpstr(fct_json_str(gpu, "state", ""), ==, "ok");
}

static void test_undo(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) task = carve(f, "{\"3g.40gb\":1,\"2g.20gb\":1}"), back = NULL, applied = NULL, gpu = NULL;
    g_assert_true(fct_json_bool(task, "can_undo", FALSE));
    assert_layout(f, "14@0 9@4*");
    g_assert_cmpuint(fixture_call(f, "POST", "/plans",
                                  json_pack("{s:s, s:s}", "kind", "undo", "task", fct_json_str(task, "id", "")), &back),
                     ==, 201);
    g_assert_cmpuint(apply(f, back, NULL, &applied), ==, 202);
    g_autoptr(json_t) ended = fixture_wait_task(f, fct_json_str(applied, "id", ""));
    g_assert_cmpstr(fct_json_str(ended, "state", ""), ==, "done");
    assert_layout(f, "19@0 19@1 9@4*");
    g_assert_cmpuint(fixture_call(f, "GET", "/gpus/0", NULL, &gpu), ==, 200);
    g_assert_cmpuint(json_array_size(json_object_get(gpu, "drift")), ==, 0);
}

/* Every fault at every step: one of the two layouts, the task says which, busy ones untouched, nothing left open. */
static void test_faults(Fixture *f, gconstpointer data)
{
    static const HwFault faults[] = {HW_REFUSE, HW_LATE, HW_AWAY, HW_AWAY_AFTER};
    for (gsize i = 0; i < G_N_ELEMENTS(faults); i++)
        for (int nth = 1; nth <= 6; nth++) {
            assert_layout(f, "19@0 19@1 9@4*");
            hw_model_fault(f->hw, nth, faults[i]);
            g_autoptr(json_t) task = carve(f, "{\"3g.40gb\":1,\"2g.20gb\":1}");
            g_test_message("fault %d at step %d: %s", faults[i], nth, fct_json_str(task, "outcome", ""));
            if (faults[i] == HW_REFUSE) {
                assert_end(task, "undone", "GPU 0 has its previous layout.");
                g_assert_nonnull(strstr(fct_json_str(json_object_get(task, "error"), "message", ""), "NVML_ERROR"));
            } else {
                assert_end(task, "done", "GPU 0 has the wanted layout.");
                assert_layout(f, "14@0 9@4*");
                g_autoptr(json_t) back = carve(f, "{\"3g.40gb\":1,\"1g.10gb\":2}");
                assert_end(back, "done", "GPU 0 has the wanted layout.");
            }
            assert_no_journal(f);
        }
    g_assert_false(hw_model_touched_busy(f->hw));
}

static void test_lie(Fixture *f, gconstpointer data)
{
    hw_model_fault(f->hw, 2, HW_LIE);
    g_autoptr(json_t) task = carve(f, "{\"3g.40gb\":1,\"2g.20gb\":1}");
    assert_end(task, "undone", "GPU 0 has its previous layout.");
    assert_layout(f, "19@0 19@1 9@4*");
}

static void test_wedge(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) gpu = NULL, after = NULL;
    hw_model_fault(f->hw, 2, HW_WEDGE);
    g_autoptr(json_t) task = carve(f, "{\"3g.40gb\":1,\"2g.20gb\":1}");
    assert_end(task, "failed", "GPU 0 hung and is left alone until the host restarts; its layout is not known.");
    g_assert_cmpstr(fct_json_str(json_object_get(task, "error"), "code", ""), ==, "gpu-wedged");
    g_autofree char *log = hw_model_log(f->hw);
    g_assert_cmpstr(log, ==, "-ci0@0"); /* nothing more was sent, not even to undo */
    fixture_restart(f);                 /* of facetd: the mark stays */
    g_assert_cmpuint(fixture_call(f, "GET", "/gpus/0", NULL, &gpu), ==, 200);
    g_assert_cmpstr(fct_json_str(gpu, "state", ""), ==, "wedged");
    g_autoptr(json_t) refused = plan(f, "{\"1g.10gb\":1}", 201);
    g_assert_cmpstr(fct_json_str(refused, "state", ""), ==, "refused");
    hw_model_reboot(f->hw);
    FctInventory *seen = fct_observer_refresh(f->app->observer, NULL);
    fct_inventory_unref(seen);
    g_assert_cmpuint(fixture_call(f, "GET", "/gpus/0", NULL, &after), ==, 200);
    g_assert_cmpstr(fct_json_str(after, "state", ""), ==, "ok");
}

static void test_vanish(Fixture *f, gconstpointer data)
{
    for (int nth = 1; nth <= 4; nth++) {
        Fixture one = {0};
        begin(&one, NULL);
        hw_model_fault(one.hw, nth, HW_LOSE);
        g_autoptr(json_t) task = carve(&one, "{\"3g.40gb\":1,\"2g.20gb\":1}"), gpu = NULL;
        assert_end(task, "failed", "GPU 0 went away in the middle; its layout is not known.");
        g_assert_cmpstr(fct_json_str(json_object_get(task, "error"), "code", ""), ==, "gpu-lost");
        g_assert_cmpuint(fixture_call(&one, "GET", "/gpus/0", NULL, &gpu), ==, 404);
        assert_no_journal(&one);
        fixture_tear_down(&one, NULL);
    }
}

static void test_helper_away(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = plan(f, "{\"3g.40gb\":1,\"2g.20gb\":1}", 201), json = NULL, none = NULL, task = NULL,
                      node = NULL;
    hw_model_down(f->hw, TRUE);
    g_assert_cmpuint(apply(f, made, NULL, &json), ==, 503);
    g_assert_cmpstr(error_code(json), ==, "helper-unavailable");
    none = plan(f, "{}", 503);
    g_assert_cmpstr(error_code(none), ==, "helper-unavailable");
    g_assert_cmpuint(fixture_call(f, "GET", "/nodes/test-node", NULL, &node), ==, 200);
    g_assert_cmpstr(fct_json_str(node, "helper", ""), ==, "down");
    g_assert_cmpuint(fixture_call(f, "GET", "/gpus", NULL, NULL), ==, 200); /* as last seen */
    hw_model_down(f->hw, FALSE);
    g_assert_cmpuint(apply(f, made, NULL, &task), ==, 202);
    g_autoptr(json_t) ended = fixture_wait_task(f, fct_json_str(task, "id", ""));
    assert_end(ended, "done", "GPU 0 has the wanted layout.");
}

typedef struct {
    FctStore *store;
    int countdown;
} FullAt;

/* The disk fills up when the executor is at the given place of its work. */
static void fill_disk(const char *place, gpointer data)
{
    FullAt *full = data;
    if (--full->countdown == 0)
        fct_store_memory_set_full(full->store, TRUE);
}

/* At each journal record: the step is not run, what was done is taken back, and nothing is lost. */
static void test_full_disk(Fixture *f, gconstpointer data)
{
    for (int nth = 1; nth <= 18; nth++) {
        Fixture one = {0};
        begin(&one, NULL);
        FullAt full = {one.store, nth};
        fct_executor_set_probe(one.app->executor, fill_disk, &full);
        g_autoptr(json_t) made = plan(&one, "{\"3g.40gb\":1,\"2g.20gb\":1}", 201), task = NULL, refused = NULL;
        g_assert_cmpuint(apply(&one, made, NULL, &task), ==, 202);
        g_autoptr(json_t) ended = fixture_wait_task(&one, fct_json_str(task, "id", ""));
        g_test_message("full at %d: %s", nth, fct_json_str(ended, "outcome", ""));
        g_autofree char *text = hw_model_text(one.hw, 0);
        if (strcmp(fct_json_str(ended, "state", ""), "done") == 0) {
            g_assert_cmpstr(text, ==, "14@0 9@4*");
        } else {
            assert_end(ended, "undone", "GPU 0 has its previous layout.");
            g_assert_cmpstr(text, ==, "19@0 19@1 9@4*");
            g_assert_cmpstr(fct_json_str(json_object_get(ended, "error"), "code", ""), ==, "no-space");
        }
        /* Others hear of it too. */
        refused = plan(&one, "{}", 507);
        g_assert_cmpstr(error_code(refused), ==, "no-space");
        fct_store_memory_set_full(one.store, FALSE);
        g_autoptr(json_t) next = NULL;
        do { /* the end of the first task reaches the disk by itself */
            g_clear_pointer(&next, json_decref);
            g_autoptr(json_t) again = plan(&one, "{\"3g.40gb\":1}", 201);
            guint status = apply(&one, again, NULL, &next);
            if (status != 202) {
                g_assert_cmpuint(status, ==, 409);
                g_clear_pointer(&next, json_decref);
                g_usleep(20000);
            }
        } while (!next);
        g_autoptr(json_t) last = fixture_wait_task(&one, fct_json_str(next, "id", ""));
        assert_end(last, "done", "GPU 0 has the wanted layout.");
        fixture_tear_down(&one, NULL);
    }
}

/* The wanted layout comes back after the host was restarted, at the same places; no one asks for it. */
static void test_reboot(Fixture *f, gconstpointer data)
{
    hw_model_hold(f->hw, 0, 4, FALSE);
    g_autoptr(json_t) task = carve(f, "{\"3g.40gb\":1,\"2g.20gb\":1}");
    assert_end(task, "done", "GPU 0 has the wanted layout.");
    g_autofree char *before = layout(f);
    hw_model_reboot(f->hw);
    FctInventory *seen = fct_observer_refresh(f->app->observer, NULL);
    fct_inventory_unref(seen);
    for (;;) {
        g_autoptr(json_t) tasks = NULL;
        g_assert_cmpuint(fixture_call(f, "GET", "/tasks?limit=1", NULL, &tasks), ==, 200);
        const json_t *newest = json_array_get(json_object_get(tasks, "items"), 0);
        if (strcmp(fct_json_str(newest, "user", ""), "facet") == 0 &&
            json_is_integer(json_object_get(newest, "ended_ms"))) {
            assert_end(newest, "done", "GPU 0 has the wanted layout.");
            break;
        }
        g_usleep(2000);
    }
    assert_layout(f, before);
}

/* What somebody changes by hand is shown, and left alone. */
static void test_drift(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) gpu = NULL;
    hw_model_hold(f->hw, 0, 4, FALSE);
    g_autoptr(json_t) task = carve(f, "{\"3g.40gb\":1,\"2g.20gb\":1}");
    assert_end(task, "done", "GPU 0 has the wanted layout.");
    hw_model_mig(f->hw, 0, FALSE);
    FctInventory *seen = fct_observer_refresh(f->app->observer, NULL);
    fct_inventory_unref(seen);
    g_assert_cmpuint(fixture_call(f, "GET", "/gpus/" GPU, NULL, &gpu), ==, 200);
    g_assert_cmpuint(json_array_size(json_object_get(gpu, "drift")), >, 0);
    assert_layout(f, "mig off");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* A full disk and a lost card are warned of, and that is right. */
    g_log_set_always_fatal((GLogLevelFlags)(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL));
#define ADD(name, func) g_test_add("/plans/" name, Fixture, NULL, begin, func, fixture_tear_down)
    ADD("apply", test_apply);
    ADD("second-apply", test_second_apply);
    ADD("one-plan-a-gpu", test_one_plan_a_gpu);
    ADD("bad-input", test_bad_input);
    ADD("impossible", test_impossible);
    ADD("refused", test_refused);
    ADD("stale", test_stale);
    ADD("busy-meanwhile", test_busy_meanwhile);
    ADD("cancel", test_cancel);
    ADD("foreign-in-the-way", test_foreign_in_the_way);
    ADD("foreign-beside", test_foreign_beside);
    ADD("emptying", test_emptying);
    ADD("release", test_release);
    ADD("release-while-starting", test_release_while_starting);
    ADD("undo", test_undo);
    ADD("faults", test_faults);
    ADD("lie", test_lie);
    ADD("wedge", test_wedge);
    ADD("vanish", test_vanish);
    ADD("helper-away", test_helper_away);
    ADD("full-disk", test_full_disk);
    ADD("reboot", test_reboot);
    ADD("drift", test_drift);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every prefix of a re-carve: at each place where a crash matters, the disk and the cards are copied as they are. Each
 * copy is then given to a new facetd, which must bring the card to the wanted or the previous layout, say which, leave
 * busy instances alone and leave no journal. The same for the prefixes of the way back, and for a crash in a recovery.
 */
#include "fixture.h"
#include "hw_model.h"

#include "app/gpus/executor.h"
#include "app/gpus/observer.h"
#include "app/gpus/plans.h"
#include "app/work/task.h"
#include "store/store_memory.h"

#include <string.h>

#define BEFORE "19@0 14@2 9@4*"
#define WANTED "{\"3g.40gb\":1,\"1g.10gb\":3}" /* keeps 9@4 (busy) and 19@0, removes 14@2, creates 19@1 and 19@2 */

/* What a crash leaves. */
typedef struct {
    char *place;
    GPtrArray *docs;
    FctHw *hw;
    char *text;
} Wreck;

typedef struct {
    FctStore *store;
    FctHw *hw;
    GPtrArray *wrecks; /* Wreck* */
} Recorder;

static void wreck_free(gpointer data)
{
    Wreck *wreck = data;
    g_free(wreck->place);
    g_free(wreck->text);
    g_ptr_array_unref(wreck->docs);
    fct_hw_free(wreck->hw);
    g_free(wreck);
}

static void record(const char *place, gpointer data)
{
    Recorder *recorder = data;
    Wreck *wreck = g_new(Wreck, 1);
    *wreck = (Wreck){g_strdup_printf("%u %s", recorder->wrecks->len, place),
                     recorder->store->ops->list(recorder->store, "", NULL), hw_model_copy(recorder->hw),
                     hw_model_text(recorder->hw, 0)};
    g_ptr_array_add(recorder->wrecks, wreck);
}

static FctApp *open_app(const char *dir, FctHw *hw, FctStore *store)
{
    g_autoptr(GError) error = NULL;
    FctConfig config = {.state_dir = (char *)dir,
                        .ui_dir = (char *)"",
                        .bind = (char *)"127.0.0.1",
                        .images_dir = (char *)"",
                        .part_device = (char *)"standin",
                        .node = (char *)"test-node"};
    const FctPorts ports = {.hw = hw, .store = store};
    FctApp *app = fct_app_new(&config, &ports, &error);
    g_assert_no_error(error);
    return app;
}

static void start_app(FctApp *app)
{
    g_autoptr(GError) error = NULL;
    fct_app_start(app, &error);
    g_assert_no_error(error);
}

static FctStore *store_of(const GPtrArray *docs)
{
    FctStore *store = fct_store_memory_new();
    for (guint i = 0; i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        FctWrite write = {doc->key, doc->value, FCT_REV_ANY};
        g_assert_true(store->ops->commit(store, &write, 1, NULL, NULL));
    }
    return store;
}

/* The one task there is, once it has ended. */
static json_t *wait_end(FctApp *app)
{
    for (;;) {
        g_autoptr(json_t) tasks = fct_tasks_list(app->tasks, NULL, NULL, NULL, 10, NULL);
        g_assert_cmpuint(json_array_size(tasks), ==, 1);
        json_t *task = json_array_get(tasks, 0);
        if (json_is_integer(json_object_get(task, "ended_ms")))
            return json_incref(task);
        g_usleep(1000);
    }
}

/* Each layout with its sentence; busy 9@4 is in both, as it was. */
static void judge(FctApp *app, FctHw *hw, const char *where, gboolean back)
{
    g_autoptr(json_t) task = wait_end(app);
    g_autofree char *text = hw_model_text(hw, 0);
    const char *outcome = fct_json_str(task, "outcome", "");
    g_test_message("%s: %s (%s) %s", where, fct_json_str(task, "state", ""), text, outcome);
    if (!back && strcmp(fct_json_str(task, "state", ""), "done") == 0) {
        g_assert_cmpstr(text, ==, "19@0 19@1 19@2 9@4*");
        g_assert_cmpstr(outcome, ==, "GPU 0 has the wanted layout.");
    } else {
        g_assert_cmpstr(text, ==, BEFORE);
        g_assert_cmpstr(outcome, ==, "GPU 0 has its previous layout.");
    }
    g_assert_false(hw_model_touched_busy(hw));
    g_autoptr(GPtrArray) journals = app->store->ops->list(app->store, "journal/", NULL);
    g_assert_cmpuint(journals->len, ==, 0);
}

/* Gives a wreck to a new facetd. @recorder records that one's own prefixes (NULL: none). */
static void recover(const char *dir, const Wreck *wreck, Recorder *recorder, gboolean back)
{
    FctStore *store = store_of(wreck->docs);
    FctHw *hw = hw_model_copy(wreck->hw);
    FctApp *app = open_app(dir, hw, store);
    if (recorder) {
        recorder->store = store;
        recorder->hw = hw;
        fct_executor_set_probe(app->executor, record, recorder);
    }
    start_app(app);
    judge(app, hw, wreck->place, back);
    fct_app_free(app);
}

/* A re-carve whose @nth step (0: none) is refused; its prefixes are in @recorder. */
static void run_recorded(const char *dir, Recorder *recorder, int nth)
{
    static const char *const cards[] = {BEFORE, NULL};
    g_autoptr(GError) error = NULL;
    FctHw *hw = hw_model_new(cards);
    FctStore *store = fct_store_memory_new();
    FctApp *app = open_app(dir, hw, store);
    *recorder = (Recorder){store, hw, g_ptr_array_new_with_free_func(wreck_free)};
    fct_executor_set_probe(app->executor, record, recorder);
    start_app(app);
    g_autoptr(json_t) request = json_pack("{s:s, s:s, s:o}", "kind", "carve", "gpu", "0", "profiles",
                                          fct_json_parse(WANTED, strlen(WANTED), NULL));
    g_autoptr(json_t) plan = fct_plans_make(app, request, &error);
    g_assert_no_error(error);
    hw_model_fault(hw, nth, HW_REFUSE);
    g_autoptr(json_t) task G_GNUC_UNUSED =
        fct_executor_apply(app->executor, fct_json_str(plan, "id", ""), FALSE, "admin", &error);
    g_assert_no_error(error);
    judge(app, hw, "uninterrupted", nth != 0);
    fct_app_free(app);
}

static char *temp_dir(void)
{
    char *dir = g_dir_make_tmp("facet-replay-XXXXXX", NULL);
    g_assert_nonnull(dir);
    g_setenv("FACET_ADMIN_PASSWORD", "not used here", TRUE);
    return dir;
}

static void test_forward(void)
{
    g_autofree char *dir = temp_dir();
    Recorder recorder, inner;
    run_recorded(dir, &recorder, 0);
    g_assert_cmpuint(recorder.wrecks->len, ==, 1 + 6 * 3); /* six steps, three places each, and the commit */
    for (guint i = 0; i < recorder.wrecks->len; i++) {
        const Wreck *wreck = recorder.wrecks->pdata[i];
        inner.wrecks = g_ptr_array_new_with_free_func(wreck_free);
        recover(dir, wreck, &inner, FALSE);
        /* A crash in the middle of the recovery, too. */
        for (guint k = 0; k < inner.wrecks->len; k++)
            recover(dir, inner.wrecks->pdata[k], NULL, FALSE);
        g_ptr_array_unref(inner.wrecks);
    }
    g_ptr_array_unref(recorder.wrecks);
}

static void test_back(void)
{
    g_autofree char *dir = temp_dir();
    for (int nth = 2; nth <= 6; nth++) {
        Recorder recorder;
        run_recorded(dir, &recorder, nth);
        for (guint i = 0; i < recorder.wrecks->len; i++) {
            const Wreck *wreck = recorder.wrecks->pdata[i];
            /* Once the way back is on disk it is taken to its end; before that the refused step may work now. */
            gboolean back = strstr(wreck->place, "undo") != NULL;
            recover(dir, wreck, NULL, back);
        }
        g_ptr_array_unref(recorder.wrecks);
    }
}

/* A process took an instance while facetd was down: it is not removed, neither forward nor on the way back. */
static void test_busy_meanwhile(void)
{
    g_autofree char *dir = temp_dir();
    Recorder recorder;
    run_recorded(dir, &recorder, 0);
    for (guint i = 0; i < recorder.wrecks->len; i++) {
        const Wreck *wreck = recorder.wrecks->pdata[i];
        if (!strstr(wreck->text, "14@2 "))
            continue; /* it is gone already, or has no compute instance to run on */
        hw_model_hold(wreck->hw, 0, 2, TRUE);
        FctHw *hw = hw_model_copy(wreck->hw);
        FctApp *app = open_app(dir, hw, store_of(wreck->docs));
        start_app(app);
        g_autoptr(json_t) task = wait_end(app);
        g_autofree char *text = hw_model_text(hw, 0);
        g_test_message("%s: %s %s", wreck->place, text, fct_json_str(task, "outcome", ""));
        g_assert_cmpstr(text, ==, "19@0 14@2* 9@4*");
        g_assert_cmpstr(fct_json_str(task, "outcome", ""), ==, "GPU 0 has its previous layout.");
        g_assert_false(hw_model_touched_busy(hw));
        fct_app_free(app);
    }
    g_ptr_array_unref(recorder.wrecks);
}

/* The host restarts while facetd is down: the task says so, and the wanted layout is made again. */
static void test_reboot(void)
{
    g_autofree char *dir = temp_dir();
    Recorder recorder;
    run_recorded(dir, &recorder, 0);
    for (guint i = 0; i < recorder.wrecks->len; i += 4) {
        const Wreck *wreck = recorder.wrecks->pdata[i];
        hw_model_reboot(wreck->hw);
        FctHw *hw = hw_model_copy(wreck->hw);
        FctApp *app = open_app(dir, hw, store_of(wreck->docs));
        start_app(app);
        gboolean restored = FALSE;
        while (!restored) {
            g_autoptr(json_t) tasks = fct_tasks_list(app->tasks, "done", NULL, NULL, 10, NULL);
            restored =
                json_array_size(tasks) == 1 && strcmp(fct_json_str(json_array_get(tasks, 0), "user", ""), "facet") == 0;
            g_usleep(1000);
        }
        g_autoptr(json_t) failed = fct_tasks_list(app->tasks, "failed", NULL, NULL, 10, NULL);
        g_assert_cmpuint(json_array_size(failed), ==, 1);
        g_assert_nonnull(strstr(fct_json_str(json_array_get(failed, 0), "outcome", ""), "The host was restarted"));
        g_autofree char *text = hw_model_text(hw, 0);
        g_assert_cmpstr(text, ==, "19@0 19@1 19@2 9@4");
        fct_app_free(app);
    }
    g_ptr_array_unref(recorder.wrecks);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal((GLogLevelFlags)(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL));
    g_test_add_func("/replay/forward", test_forward);
    g_test_add_func("/replay/back", test_back);
    g_test_add_func("/replay/busy-meanwhile", test_busy_meanwhile);
    g_test_add_func("/replay/reboot", test_reboot);
    return g_test_run();
}

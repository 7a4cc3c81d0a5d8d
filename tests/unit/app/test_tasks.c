/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks over a restart. */
#include "fixture.h"

#include "app/work/task.h"

#define TASK "task/left-over"

static const FctStoreOps *real_ops;
static FctStoreOps slow_ops;

static json_t *task_doc(const char *state, json_t *ended)
{
    json_t *steps = json_array(), *log = json_array();
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:{s:s, s:s, s:s}, s:s, s:o, s:o, s:n, s:s, s:i, s:i, s:o}",
                     "id", "left-over", "node", "n", "project", "default", "kind", "apply", "title", "Carve GPU 0",
                     "state", state, "percent", 100, "subject", "kind", "gpu", "id", "g", "name", "GPU 0", "plan", "p",
                     "steps", steps, "log", log, "error", "user", "admin", "created_ms", 1, "started_ms", 1, "ended_ms",
                     ended);
}

static void put(FctStore *store, json_t *doc)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) value = doc;
    const FctWrite write = {TASK, value, FCT_REV_ANY};
    g_assert_true(real_ops->commit(store, &write, 1, NULL, &error));
    g_assert_no_error(error);
}

/* The executor ends its task just after recovery made its list. */
static GPtrArray *list_then_end(FctStore *store, const char *prefix, GError **error)
{
    GPtrArray *docs = real_ops->list(store, prefix, error);
    static gboolean once;
    if (g_str_equal(prefix, "task/") && !once) {
        once = TRUE;
        put(store, task_doc("done", json_integer(2)));
    }
    return docs;
}

static char *state_after_recovery(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(fct_tasks_recover(f->app->tasks, &error));
    g_assert_no_error(error);
    g_autoptr(FctDoc) doc = real_ops->get(f->store, TASK, &error);
    g_assert_no_error(error);
    return g_strdup(fct_json_str(doc->value, "state", ""));
}

static void test_left_over_fails(Fixture *f, gconstpointer data)
{
    real_ops = f->store->ops;
    put(f->store, task_doc("running", json_null()));
    g_autofree char *state = state_after_recovery(f);
    g_assert_cmpstr(state, ==, "failed");
}

static void test_ended_meanwhile_stays(Fixture *f, gconstpointer data)
{
    real_ops = f->store->ops;
    put(f->store, task_doc("running", json_null()));
    slow_ops = *real_ops;
    slow_ops.list = list_then_end;
    f->store->ops = &slow_ops;
    g_autofree char *state = state_after_recovery(f);
    f->store->ops = real_ops;
    g_assert_cmpstr(state, ==, "done");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/tasks/left-over-fails", Fixture, NULL, fixture_set_up, test_left_over_fails, fixture_tear_down);
    g_test_add("/tasks/ended-meanwhile-stays", Fixture, NULL, fixture_set_up, test_ended_meanwhile_stays,
               fixture_tear_down);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks across a restart of facetd. */
#include "fixture.h"

#include "app/work/task.h"

#include <string.h>

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

/* ---- the log ---- */

static GMutex told_lock;
static GString *told; /* lines of KEY=value */

static GLogWriterOutput keep_fields(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
    gboolean of_task = FALSE;
    for (gsize i = 0; i < n; i++)
        of_task |= strcmp(fields[i].key, "FACET_TASK") == 0;
    g_mutex_lock(&told_lock);
    for (gsize i = 0; of_task && i < n; i++)
        g_string_append_printf(told, "%s=%s\n", fields[i].key, (const char *)fields[i].value);
    g_mutex_unlock(&told_lock);
    return of_task ? G_LOG_WRITER_HANDLED : g_log_writer_default(level, fields, n, data);
}

static void assert_told(const char *line)
{
    g_mutex_lock(&told_lock);
    g_autofree char *all = g_strdup(told->str);
    g_mutex_unlock(&told_lock);
    if (!strstr(all, line))
        g_error("not in the log: %s; it has %s", line, all);
}

/* What was done is found by the VM, and a name is no second line. */
static void test_log(Fixture *f, gconstpointer data)
{
    static const char *const steps[] = {"Stop it", "Release its parts", NULL};
    g_autoptr(GError) error = NULL;
    FctTaskSpec spec = {.kind = "vm.stop",
                        .title = "Stop VM db-2",
                        .subject_kind = "vm",
                        .subject_id = "id-2",
                        .subject_name = "db-2\nMESSAGE=forged",
                        .user = "admin",
                        .steps = steps};
    g_autoptr(FctTask) task = fct_task_new(f->app, &spec);
    g_assert_true(fct_task_commit(task, NULL, 0, &error));
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    fct_task_step(task, 0, FCT_TASK_STEP_DONE, NULL);
    fct_task_step(task, 1, FCT_TASK_STEP_FAILED, "It is in use.");
    fct_set_error(&error, FCT_ERROR_IN_USE, "It is in use.");
    fct_task_end(task, FCT_TASK_FAILED, error, NULL, 0, "VM %s still runs.", "db-2");
    g_autofree char *id = g_strdup_printf("FACET_TASK=%s\n", fct_task_id(task));
    assert_told(id);
    assert_told("MESSAGE=Stop VM db-2: Stop it: done\n");
    assert_told(
        "FACET_STEP=Stop it\nFACET_STATE=done\nFACET_USER=admin\nFACET_VM=db-2 MESSAGE=forged\nFACET_ID=id-2\n");
    assert_told("MESSAGE=Stop VM db-2: Release its parts: failed: It is in use.\n");
    assert_told("MESSAGE=Stop VM db-2: failed: VM db-2 still runs.\n");
    assert_told(
        "FACET_STATE=failed\nFACET_USER=admin\nFACET_VM=db-2 MESSAGE=forged\nFACET_ID=id-2\nFACET_ERROR=in-use\n");
    g_assert_null(strstr(told->str, "running"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    told = g_string_new(NULL);
    g_log_set_writer_func(keep_fields, NULL, NULL);
    g_test_add("/tasks/log", Fixture, NULL, fixture_set_up, test_log, fixture_tear_down);
    g_test_add("/tasks/left-over-fails", Fixture, NULL, fixture_set_up, test_left_over_fails, fixture_tear_down);
    g_test_add("/tasks/ended-meanwhile-stays", Fixture, NULL, fixture_set_up, test_ended_meanwhile_stays,
               fixture_tear_down);
    int rc = g_test_run();
    g_string_free(told, TRUE);
    return rc;
}

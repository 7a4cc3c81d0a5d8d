/* SPDX-License-Identifier: Apache-2.0 */
/* What virsh does to a VM while Facet reads its disk. Run by test_volumes.c. */
#include "volume_play.h"

#include "app/task.h"
#include "app/vm_service.h"
#include "app/volumes.h"

#include <string.h>

static void starts_and_ends(void)
{
    play.starts++;
}

static void loses_libvirt(void)
{
    play.connection++;
    play.starts = 0;
}

static void deletes_vm(void)
{
    play.foreign = NULL;
}

/* libvirt tells of its VMs anew. */
static void meet_vm(Fixture *f, const char *path)
{
    guint n = 0;
    play.foreign = path;
    play.told(FALSE, play.data);
    play.told(TRUE, play.data);
    while (n != 1) {
        g_autoptr(GPtrArray) infos = fct_vms_infos(f->app->vms);
        n = fct_vms_is_up(f->app->vms) ? infos->len : 0;
        g_main_context_iteration(NULL, FALSE);
    }
}

static json_t *wait_task(Fixture *f, const char *id)
{
    for (;;) {
        json_t *task = fct_tasks_get(f->app->tasks, id, NULL);
        if (json_is_integer(json_object_get(task, "ended_ms")))
            return task;
        json_decref(task);
        g_usleep(2000);
    }
}

/* Copies nas:source, which the VM "theirs" has, while @during happens; how the task ends and what it says. */
static char *copy_while(Fixture *f, void (*during)(void))
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) wish = json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "pool", "nas", "name", "copy", "format",
                                       "qcow2", "from", "pool", "nas", "volume", "source");
    json_t *begun = NULL, *volume = NULL;
    have(f, "nas", "source", FCT_RECORD_READY, NULL, "");
    meet_vm(f, "/pools/nas/source");
    play.during = during;
    g_assert_true(fct_volumes_create(f->app, "admin", wish, &begun, &volume, &error));
    g_assert_no_error(error);
    g_autoptr(json_t) task = begun, ended = wait_task(f, fct_json_str(task, "id", ""));
    const json_t *fault = json_object_get(ended, "error");
    return g_strdup_printf("%s: %s %s", fct_json_str(ended, "state", ""), fct_json_str(fault, "message", ""),
                           fct_json_str(fault, "next", ""));
}

/* A VM that has the disk and stays off is no hindrance. */
void test_rest_kept(Fixture *f, gconstpointer data)
{
    play.starts = 3;
    g_autofree char *end = copy_while(f, NULL);
    g_assert_true(g_str_has_prefix(end, "done"));
    assert_state(f, "nas", "copy", FCT_RECORD_READY);
}

/* Nothing of the copy is left: it has a part from before and a part from after. */
static void assert_torn(Fixture *f, void (*during)(void), const char *why)
{
    g_autofree char *end = copy_while(f, during);
    g_assert_true(g_str_has_prefix(end, "failed"));
    g_assert_nonnull(strstr(end, why));
    g_assert_nonnull(strstr(end, "again")); /* what to do */
    g_assert_cmpstr(play.deleted->str, ==, "/pools/nas/copy ");
    assert_state(f, "nas", "copy", -1);
}

/* "virsh start" and the end of the guest, both while it was copied. */
void test_rest_broken(Fixture *f, gconstpointer data)
{
    assert_torn(f, starts_and_ends, "VM theirs was started");
}

void test_rest_unknown(Fixture *f, gconstpointer data)
{
    assert_torn(f, loses_libvirt, "nobody can know");
}

void test_rest_gone(Fixture *f, gconstpointer data)
{
    assert_torn(f, deletes_vm, "nobody can know");
}

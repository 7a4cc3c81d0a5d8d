/* SPDX-License-Identifier: Apache-2.0 */
/* What virsh does to a VM while Facet reads its disk. Run by test_volumes.c. */
#include "volume_play.h"

#include "app/domains/domains.h"
#include "app/domains/vm_docs.h"
#include "app/domains/vm_news.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "app/work/task.h"
#include "base/text.h"
#include "core/disk_head.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

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

/* ---- what is put in the place of a disk ---- */

static void put_big(guint8 *head, gsize at, guint64 value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        head[at + (gsize)i] = (guint8)(value >> 8 * (bytes - 1 - i));
}

static void assert_not_opened(Fixture *f, FctVolumeRecord *record, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVmDisk) disk = fct_vm_disk_new();
    g_autoptr(FctVolumeRecord) plan = fct_volume_record_new("nas", "copy", "qcow2");
    fct_text_set(&disk->pool, "nas");
    fct_text_set(&disk->volume, "web.qcow2");
    fct_text_set(&disk->path, "/pools/nas/web.qcow2");
    g_assert_false(fct_record_fill_disk(f->app, disk, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
    g_assert_nonnull(strstr(error->message, why));
    g_clear_error(&error);
    g_assert_null(fct_record_copy(f->app, record, plan, NULL, NULL, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
    g_assert_nonnull(strstr(error->message, why));
}

/* The file of a VM's disk gave way to a qcow2 of others, which names a file of the host as where its data is. */
void test_replaced_head(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    guint8 head[112] = "QFI\xfb\0\0\0\3";
    g_autoptr(json_t) vm = json_pack("{s:s, s:[{s:s}]}", "name", "web", "disks", "path", "/pools/nas/web.qcow2");
    const FctWrite write = {"vm/" VM, vm, FCT_REV_ANY};
    g_autoptr(GPtrArray) pools = f->vmm->ops->pools(f->vmm, NULL);
    g_assert_true(f->store->ops->commit(f->store, &write, 1, NULL, &error));
    have(f, "nas", "web.qcow2", FCT_RECORD_READY, NULL, VM);
    g_autoptr(FctVolumeRecord) record = fct_record_find(f->app, "nas", "web.qcow2", NULL);
    fct_text_set(&record->inode, "one");
    g_autoptr(json_t) value = fct_volume_record_to_json(record);
    const FctWrite known = {"volume/nas:web.qcow2", value, FCT_REV_ANY};
    g_assert_true(f->store->ops->commit(f->store, &known, 1, NULL, &error));
    play.inode = "two";
    play.head = (const char *)head;
    play.head_length = sizeof head;
    put_big(head, 72, FCT_QCOW2_DATA_FILE, 8);
    assert_not_opened(f, record, "keeps its data in another file");
    g_autoptr(GHashTable) records = fct_records_load(f->app, NULL);
    g_autoptr(GPtrArray) volumes = f->vmm->ops->volumes(f->vmm, "nas", NULL);
    for (guint i = 0; i < pools->len; i++) /* a look at the pool makes it no friend */
        if (strcmp(((FctPool *)pools->pdata[i])->name, "nas") == 0)
            fct_records_prune(f->app, pools->pdata[i], records, volumes);
    assert_not_opened(f, record, "keeps its data in another file");
    put_big(head, 72, 0, 8);
    put_big(head, 32, FCT_QCOW2_LUKS, 4);
    assert_not_opened(f, record, "is encrypted");
    put_big(head, 32, 0, 4);
    put_big(head, 8, 4096, 8);
    assert_not_opened(f, record, "stands on another file");
}

/* ---- what starts meanwhile ---- */

/* libvirt tells of its VMs anew. */
static void meet_vm(Fixture *f, const char *path)
{
    guint n = 0;
    play.foreign = path;
    play.told(FALSE, play.data);
    play.told(TRUE, play.data);
    while (n != 1) {
        g_autoptr(GPtrArray) infos = fct_domains_infos(f->app->domains);
        n = fct_domains_is_up(f->app->domains) ? infos->len : 0;
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

static void stand_on(Fixture *f, const char *below)
{
    g_autoptr(FctVolumeRecord) record = fct_record_find(f->app, "nas", "source", NULL);
    fct_text_set(&record->backing, below);
    g_assert_true(fct_record_store(f->app, record, NULL));
}

/* Copies nas:source, which the VM "theirs" has, while @during happens; how the task ends and what it says. */
static char *copy_at_while(Fixture *f, const char *path, const char *below, void (*during)(void))
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) wish = json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "pool", "nas", "name", "copy", "format",
                                       "qcow2", "from", "pool", "nas", "volume", "source");
    json_t *begun = NULL, *volume = NULL;
    have(f, "nas", "source", FCT_RECORD_READY, path, "");
    stand_on(f, below);
    put("nas:source", path);
    meet_vm(f, path);
    play.during = during;
    g_assert_true(fct_volumes_create(f->app, "admin", wish, &begun, &volume, &error));
    g_assert_no_error(error);
    g_autoptr(json_t) task = begun, ended = wait_task(f, fct_json_str(task, "id", ""));
    const json_t *fault = json_object_get(ended, "error");
    return g_strdup_printf("%s: %s %s", fct_json_str(ended, "state", ""), fct_json_str(fault, "message", ""),
                           fct_json_str(fault, "next", ""));
}

static char *copy_while(Fixture *f, void (*during)(void))
{
    return copy_at_while(f, "/pools/nas/source", "", during);
}

/* A VM that has the disk and stays off is no hindrance. */
void test_rest_kept(Fixture *f, gconstpointer data)
{
    play.starts = 3;
    g_autofree char *end = copy_while(f, NULL);
    g_assert_true(g_str_has_prefix(end, "done"));
    assert_state(f, "nas", "copy", FCT_RECORD_READY);
}

/* What a VM has in its CD drive it does not write to: it may start as it likes. */
void test_rest_of_medium(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) vm =
        json_pack("{s:s, s:[{s:s, s:b}]}", "name", "theirs", "disks", "path", "/pools/nas/source", "cdrom", TRUE);
    const FctWrite write = {"vm/" FOREIGN, vm, FCT_REV_ANY};
    g_assert_true(f->store->ops->commit(f->store, &write, 1, NULL, NULL));
    g_autofree char *end = copy_while(f, starts_and_ends);
    g_assert_cmpstr(end, ==, "done:  ");
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

/* ---- what is written meanwhile, by whoever ---- */

static char *written; /* path */

static void writes(void)
{
    int fd = open(written, O_WRONLY | O_CLOEXEC);
    g_assert_cmpint(pwrite(fd, "new", 3, 0), ==, 3);
    close(fd);
}

static void relabels(void)
{
    g_assert_cmpint(g_chmod(written, 0600), ==, 0);
}

static void exchanges(void)
{
    g_assert_true(g_file_set_contents(written, "old", 3, NULL)); /* by a rename */
}

/* Copies a file of this host while @during happens to @victim, that file or one below it. */
static char *copy_file_while(Fixture *f, const char *victim, void (*during)(void))
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("facet-rest-XXXXXX", &error), *top = g_build_filename(dir, "top", NULL),
                    *base = g_build_filename(dir, "base", NULL);
    written = strcmp(victim, "top") == 0 ? top : base;
    g_assert_true(g_file_set_contents(top, "old", 3, NULL) && g_file_set_contents(base, "old", 3, NULL));
    have(f, "nas", "base", FCT_RECORD_READY, base, "");
    put("nas:base", base);
    g_autofree char *end = copy_at_while(f, top, "nas:base", during);
    g_unlink(top);
    g_unlink(base);
    g_rmdir(dir);
    written = NULL;
    return g_steal_pointer(&end);
}

static void assert_written(Fixture *f, const char *victim, void (*during)(void))
{
    g_autofree char *end = copy_file_while(f, victim, during);
    g_assert_true(g_str_has_prefix(end, "failed"));
    g_assert_nonnull(strstr(end, "was written to while it was copied, so the copy is torn. Leave everything"));
    g_assert_cmpstr(play.deleted->str, ==, "/pools/nas/copy ");
    assert_state(f, "nas", "copy", -1);
}

/* A VM that had it only in between, or has another name for it: no count of starts tells. */
void test_rest_written(Fixture *f, gconstpointer data)
{
    assert_written(f, "top", writes);
}

void test_rest_exchanged(Fixture *f, gconstpointer data)
{
    assert_written(f, "top", exchanges);
}

void test_rest_written_below(Fixture *f, gconstpointer data)
{
    assert_written(f, "base", writes);
}

/* libvirt gives the file to the user of a QEMU, which writes nothing. */
void test_rest_relabelled(Fixture *f, gconstpointer data)
{
    g_autofree char *end = copy_file_while(f, "top", relabels);
    g_assert_cmpstr(end, ==, "done:  ");
}

/* ---- how a VM is, on a host where much happens ---- */

/* What libvirt tells of other VMs makes its answer about this one no older. */
void test_look_beside_news(Fixture *f, gconstpointer data)
{
    meet_vm(f, "/pools/nas/source");
    play.busy = TRUE;
    play.starts = 7;
    fct_domains_refresh(f->app->domains, FOREIGN);
    g_autoptr(FctVmInfo) info = fct_domains_info(f->app->domains, FOREIGN);
    g_assert_cmpint(info->starts, ==, 7);
}

static struct {
    const FctStoreOps *real;
    FctStoreOps ops;
    gint fail, read; /* atomic: so often holds shall not be read, and were read */
} holds;

static GPtrArray *list_holds(FctStore *store, const char *prefix, GError **error)
{
    if (strcmp(prefix, "hold/") != 0)
        return holds.real->list(store, prefix, error);
    if (g_atomic_int_get(&holds.fail) > 0) {
        g_atomic_int_add(&holds.fail, -1);
        fct_set_error(error, FCT_ERROR_INTERNAL, "The disk is full.");
        return NULL;
    }
    g_atomic_int_inc(&holds.read);
    return holds.real->list(store, prefix, error);
}

/* What the page could not be told of a VM it is told later, though nobody says it once more. */
void test_told_later(Fixture *f, gconstpointer data)
{
    meet_vm(f, "/pools/nas/source");
    g_usleep(G_USEC_PER_SEC / 2); /* it has been told of this one */
    holds.real = f->store->ops;
    holds.ops = *holds.real;
    holds.ops.list = list_holds;
    holds.fail = 4;
    holds.read = 0;
    f->store->ops = &holds.ops;
    GLogLevelFlags fatal = g_log_set_always_fatal(G_LOG_FATAL_MASK); /* it warns */
    gint64 begin = g_get_monotonic_time(), spent = 0;
    fct_vm_news_add(f->app->vm_news, FOREIGN);
    while (!g_atomic_int_get(&holds.read) && spent < 20 * G_USEC_PER_SEC) {
        g_usleep(G_USEC_PER_SEC / 20);
        spent = g_get_monotonic_time() - begin;
    }
    f->store->ops = holds.real;
    g_log_set_always_fatal(fatal);
    g_assert_cmpint(holds.read, >, 0);
    g_assert_cmpint(spent, >=, G_USEC_PER_SEC); /* not at once, and at once again */
}

static gboolean has_doc(Fixture *f, const char *key)
{
    g_autoptr(FctDoc) doc = f->store->ops->get(f->store, key, NULL);
    return doc != NULL;
}

/* One VM that cannot be read keeps its place and is told; all others are there, and a name without a VM is free. */
void test_broken_vm(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) broken = json_pack("{s:s, s:s}", "name", "bad", "vcpus", "two");
    g_autoptr(json_t) good = json_pack("{s:s, s:s}", "id", "good", "name", "good");
    g_autoptr(json_t) of_bad = json_pack("{s:s}", "id", "bad"), of_gone = json_pack("{s:s}", "id", "gone");
    g_autoptr(json_t) volume = json_pack("{s:s, s:s, s:s}", "pool", "nas", "name", "odd", "format", "vmdk");
    g_autoptr(json_t) of_nobody = json_pack("{s:s, s:i}", "state", "in-use", "vm", 5);
    const FctWrite writes[] = {
        {(char *)"vm/bad", broken, FCT_REV_NONE},         {(char *)"vm/good", good, FCT_REV_NONE},
        {(char *)"vm-name/bad", of_bad, FCT_REV_NONE},    {(char *)"vm-name/gone", of_gone, FCT_REV_NONE},
        {(char *)"volume/nas:odd", volume, FCT_REV_NONE}, {(char *)"hold/part", of_nobody, FCT_REV_NONE}};
    GLogLevelFlags fatal = g_log_set_always_fatal(G_LOG_FATAL_MASK); /* it warns */
    g_assert_true(f->store->ops->commit(f->store, writes, G_N_ELEMENTS(writes), NULL, &error));
    fixture_restart(f);
    g_log_set_always_fatal(fatal);
    g_autoptr(GPtrArray) known = fct_vm_docs_all(f->app->vm_docs), all = fct_vm_load_all(f->store, &error);
    g_assert_cmpint(known->len, ==, 1);
    g_assert_cmpint(all->len, ==, 1);
    g_assert_true(has_doc(f, "vm/bad") && has_doc(f, "vm-name/bad") && !has_doc(f, "vm-name/gone"));
    g_assert_true(has_doc(f, "aside/hold/part") && !has_doc(f, "hold/part"));
    g_autoptr(GPtrArray) events = f->store->ops->list(f->store, "event/", &error);
    gboolean told = FALSE, told_volume = FALSE;
    for (guint i = 0; i < events->len; i++) {
        g_autofree char *text = fct_json_text(((FctDoc *)events->pdata[i])->value);
        told |= strstr(text, "store.unreadable") && strstr(text, "vcpus");
        told_volume |= strstr(text, "store.unreadable") && strstr(text, "volume/nas:odd");
    }
    g_assert_true(told && told_volume);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks on the interface of one VLAN, on a host whose interfaces libvirt cannot list: the interface is deleted with
 * the last of them. And a network that is deleted while a VM is being attached to it. The test plays libvirt.
 */
#include "fixture.h"

#include "hw_model.h"
#include "model/network.h"
#include "quiet_vmm.h"

#include <string.h>

static struct {
    GMutex lock;
    GPtrArray *networks; /* FctNetwork* */
    FctStore *store;     /* in which the next definition finds the network "floor" on its way out; NULL: it does not */
    GString *defined;    /* how many NICs each definition had */
} play;

#define ID "6f1c4d9e-2f0a-4b5e-9a57-0d3c5b1a7e42"

static GPtrArray *play_list(FctVmm *vmm, GError **error)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_info_unref);
}

static GPtrArray *play_pools(FctVmm *vmm, GError **error)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)fct_pool_free);
    FctPool *pool = fct_pool_new();
    g_free(pool->name);
    pool->name = g_strdup(FCT_POOL_OWN);
    pool->active = TRUE;
    g_ptr_array_add(list, pool);
    return list;
}

static gboolean play_refresh(FctVmm *vmm, const char *pool, GError **error)
{
    return TRUE;
}

static GPtrArray *play_networks(FctVmm *vmm, GError **error)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)fct_network_free);
    g_mutex_lock(&play.lock);
    for (guint i = 0; i < play.networks->len; i++)
        g_ptr_array_add(list, fct_network_copy(play.networks->pdata[i]));
    g_mutex_unlock(&play.lock);
    return list;
}

static gboolean play_delete(FctVmm *vmm, const char *name, GError **error)
{
    g_mutex_lock(&play.lock);
    for (guint i = play.networks->len; i-- > 0;)
        if (strcmp(((FctNetwork *)play.networks->pdata[i])->name, name) == 0)
            g_ptr_array_remove_index(play.networks, i);
    g_mutex_unlock(&play.lock);
    return TRUE;
}

static gboolean play_create(FctVmm *vmm, const FctNetwork *network, GError **error)
{
    fct_set_error(error, FCT_ERROR_LIBVIRT, "The test makes none.");
    return FALSE;
}

static gboolean play_define(FctVmm *vmm, const FctVmSpec *spec, GError **error)
{
    g_autoptr(json_t) note = json_pack("{s:s, s:s}", "act", "delete", "name", "floor");
    const FctWrite write = {"network-act/floor", note, FCT_REV_NONE};
    g_string_append_printf(play.defined, " %u", spec->nics->len);
    if (play.store)
        g_assert_true(play.store->ops->commit(play.store, &write, 1, NULL, NULL));
    play.store = NULL;
    return TRUE;
}

static FctVmInfo *play_info(FctVmm *vmm, const char *id, GError **error)
{
    fct_set_error(error, FCT_ERROR_NOT_FOUND, "The test has defined none.");
    return NULL;
}

static void play_watch(FctVmm *vmm, FctVmmChanged changed, FctVmmConnection told, gpointer data)
{
    if (told) /* at the end nobody watches any more */
        told(TRUE, data);
}

static const FctVmmOps ops = {
    QUIET_VMM_OPS,
    .list = play_list,
    .pools = play_pools,
    .pool_refresh = play_refresh,
    .networks = play_networks,
    .network_create = play_create,
    .network_delete = play_delete,
    .watch = play_watch,
    .define = play_define,
    .info = play_info,
};
static FctVmm vmm = {&ops};

static json_t *input(const char *name)
{
    return json_pack("{s:s, s:s, s:s, s:i}", "name", name, "kind", "direct", "interface", "eno1", "vlan", 30);
}

static void add(const char *name)
{
    g_autoptr(json_t) json = input(name);
    FctNetwork *network = fct_network_from_input(json, NULL);
    network->ours = network->active = TRUE;
    g_ptr_array_add(play.networks, network);
}

static void begin(Fixture *f, gconstpointer data)
{
    play.networks = g_ptr_array_new_with_free_func((GDestroyNotify)fct_network_free);
    play.defined = g_string_new(NULL);
    for (const char *const *name = data; *name; name++)
        add(*name);
    f->vmm = &vmm;
    fixture_set_up(f, NULL);
    fixture_login(f);
}

static void end(Fixture *f, gconstpointer data)
{
    fixture_tear_down(f, NULL);
    g_ptr_array_unref(play.networks);
    g_string_free(play.defined, TRUE);
}

static void delete_network(Fixture *f, const char *name, const char *log, const char *vlans)
{
    g_autoptr(json_t) task = NULL;
    g_autofree char *path = g_strconcat("/networks/", name, NULL);
    g_assert_cmpuint(fixture_call(f, "DELETE", path, NULL, &task), ==, 202);
    g_autoptr(json_t) ended = fixture_wait_task(f, fct_json_str(task, "id", ""));
    g_autofree char *lines = fct_json_text(json_object_get(ended, "log")), *has = hw_model_vlans(f->hw);
    g_assert_cmpstr(fct_json_str(ended, "state", ""), ==, "done");
    g_assert_nonnull(strstr(lines, log));
    g_assert_cmpstr(has, ==, vlans);
}

static void test_delete(Fixture *f, gconstpointer data)
{
    delete_network(f, "floor", "eno1.30 stays: the network second", "");
    delete_network(f, "second", "", "-eno1.30");
}

/* The second is refused, though nothing is known of the host's interfaces. */
static void test_create(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) problem = NULL;
    g_assert_cmpuint(fixture_call(f, "POST", "/networks", input("second"), &problem), ==, 400);
    g_autofree char *has = hw_model_vlans(f->hw);
    g_assert_cmpstr(has, ==, "");
}

/* What was made for a network that libvirt does not take goes again. */
static void test_create_fails(Fixture *f, gconstpointer data)
{
    g_assert_cmpuint(fixture_call(f, "POST", "/networks", input("floor"), NULL), >=, 500);
    g_autofree char *has = hw_model_vlans(f->hw);
    g_assert_cmpstr(has, ==, "+eno1.30 -eno1.30");
}

/* Judged while it was there; libvirt has the NIC when the deletion begins, and neither side keeps it. */
static void test_attach_while_deleted(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) vm = json_pack("{s:s, s:s, s:s, s:i, s:i, s:[], s:[]}", "id", ID, "name", "db-2", "state",
                                     "ready", "vcpus", 1, "memory_mib", 256, "disks", "nics");
    const FctWrite write = {"vm/" ID, vm, FCT_REV_NONE};
    g_autoptr(json_t) problem = NULL, after = NULL;
    guint64 revision = 0;
    g_assert_true(f->store->ops->commit(f->store, &write, 1, &revision, NULL));
    f->if_match = g_strdup_printf("\"%" G_GUINT64_FORMAT "\"", revision);
    play.store = f->store;
    json_t *nics = json_pack("{s:[{s:s}]}", "nics", "network", "floor");
    g_assert_cmpuint(fixture_call(f, "PATCH", "/vms/" ID, nics, &problem), ==, 409);
    g_assert_cmpstr(error_code(problem), ==, "conflict");
    g_assert_cmpstr(play.defined->str, ==, " 1 0");
    g_assert_cmpuint(fixture_call(f, "GET", "/vms/" ID, NULL, &after), ==, 200);
    g_assert_cmpuint(json_array_size(json_object_get(after, "nics")), ==, 0);
}

int main(int argc, char **argv)
{
    static const char *const both[] = {"floor", "second", NULL}, *const one[] = {"floor", NULL}, *const none[] = {NULL};
    g_test_init(&argc, &argv, NULL);
    g_test_add("/networks/vlan/delete", Fixture, both, begin, test_delete, end);
    g_test_add("/networks/vlan/create", Fixture, one, begin, test_create, end);
    g_test_add("/networks/vlan/create-fails", Fixture, none, begin, test_create_fails, end);
    g_test_add("/networks/attach-while-deleted", Fixture, one, begin, test_attach_while_deleted, end);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks on the interface of one VLAN, on a host whose interfaces libvirt cannot list: the interface goes with the
 * last of them. The test plays libvirt.
 */
#include "fixture.h"

#include "hw_model.h"
#include "model/network.h"
#include "quiet_vmm.h"

#include <string.h>

static struct {
    GMutex lock;
    GPtrArray *networks; /* FctNetwork* */
} play;

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

int main(int argc, char **argv)
{
    static const char *const both[] = {"floor", "second", NULL}, *const one[] = {"floor", NULL}, *const none[] = {NULL};
    g_test_init(&argc, &argv, NULL);
    g_test_add("/networks/vlan/delete", Fixture, both, begin, test_delete, end);
    g_test_add("/networks/vlan/create", Fixture, one, begin, test_create, end);
    g_test_add("/networks/vlan/create-fails", Fixture, none, begin, test_create_fails, end);
    return g_test_run();
}

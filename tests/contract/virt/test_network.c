/* SPDX-License-Identifier: Apache-2.0 */
/* The networks of port/vmm.h against a private libvirtd, which has a network "default" that is not ours. */
#include "virt/libvirt.h"

#include <string.h>

#define PATIENCE_S 60
#define NAME "facet-test"

static FctVmm *vmm;
static GMutex lock;
static GCond cond;
static gboolean is_up;

static void on_connection(gboolean up, gpointer data)
{
    g_mutex_lock(&lock);
    is_up = up;
    g_cond_broadcast(&cond);
    g_mutex_unlock(&lock);
}

static FctNetwork *make(const char *subnet)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) input = json_pack("{s:s, s:s, s:s}", "name", NAME, "kind", "nat", "subnet", subnet);
    FctNetwork *network = fct_network_from_input(input, &error);
    g_assert_no_error(error);
    return network;
}

/* NULL when it is not there. Owned by *ret_all. */
static FctNetwork *find(const char *name, GPtrArray **ret_all)
{
    g_autoptr(GError) error = NULL;
    *ret_all = vmm->ops->networks(vmm, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < (*ret_all)->len; i++)
        if (strcmp(((FctNetwork *)(*ret_all)->pdata[i])->name, name) == 0)
            return (*ret_all)->pdata[i];
    return NULL;
}

static void fix(const FctNetwork *network, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) list = json_loads(text, 0, NULL);
    g_autoptr(GPtrArray) fixed = fct_network_read_fixed(network, list, &error);
    g_assert_no_error(error);
    vmm->ops->network_fix(vmm, NAME, fixed, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(json_t) json = fct_network_to_json(find(NAME, &all));
    g_assert_cmpuint(json_array_size(json_object_get(json, "static_leases")), ==, json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++)
        g_assert_true(json_equal(json_array_get(json_object_get(json, "static_leases"), i), json_array_get(list, i)));
}

static void test_life(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctNetwork) network = make("10.213.7.0/24");
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(GPtrArray) after = NULL;
    vmm->ops->network_create(vmm, network, &error);
    g_assert_no_error(error);
    const FctNetwork *seen = find(NAME, &all);
    g_assert_nonnull(seen);
    g_assert_true(seen->ours && seen->active && seen->autostart);
    g_assert_cmpint(seen->kind, ==, FCT_NETWORK_NAT);
    g_assert_cmpstr(seen->gateway, ==, "10.213.7.1");
    g_assert_cmpstr(seen->bridge, !=, "");
    g_assert_false(vmm->ops->network_create(vmm, network, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_EXISTS);
    g_clear_error(&error);
    fix(network, "[{\"mac\":\"52:54:00:00:00:01\",\"address\":\"10.213.7.5\",\"name\":\"db\"}]");
    /* the address changes hands, and one comes */
    fix(network, "[{\"mac\":\"52:54:00:00:00:02\",\"address\":\"10.213.7.5\",\"name\":\"\"},"
                 "{\"mac\":\"52:54:00:00:00:01\",\"address\":\"10.213.7.6\",\"name\":\"db\"}]");
    fix(network, "[]");
    vmm->ops->network_delete(vmm, NAME, &error);
    g_assert_no_error(error);
    g_assert_null(find(NAME, &after));
    vmm->ops->network_delete(vmm, NAME, &error); /* gone already */
    g_assert_no_error(error);
}

/* One that cannot be started leaves nothing: its subnet is the other network's. */
static void test_not_started(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctNetwork) network = make("192.168.122.0/24");
    g_autoptr(GPtrArray) all = NULL;
    g_assert_false(vmm->ops->network_create(vmm, network, &error));
    g_assert_nonnull(error);
    g_assert_null(find(NAME, &all));
}

static void test_others(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    const FctNetwork *network = find("default", &all);
    g_assert_nonnull(network);
    g_assert_false(network->ours);
    g_assert_false(vmm->ops->network_fix(vmm, "default", none, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_clear_error(&error);
    g_assert_false(vmm->ops->network_delete(vmm, "default", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_test_init(&argc, &argv, NULL);
    const FctVmmOptions options = {g_getenv("FACET_TEST_LIBVIRT_URI"), "tcg", NULL, "standin"};
    vmm = fct_vmm_libvirt_new(&options, &error);
    g_assert_no_error(error);
    vmm->ops->watch(vmm, NULL, on_connection, NULL);
    gint64 until = g_get_monotonic_time() + PATIENCE_S * G_TIME_SPAN_SECOND;
    g_mutex_lock(&lock);
    while (!is_up)
        g_assert_true(g_cond_wait_until(&cond, &lock, until));
    g_mutex_unlock(&lock);
    g_test_add_func("/network/life", test_life);
    g_test_add_func("/network/not-started", test_not_started);
    g_test_add_func("/network/others", test_others);
    int rc = g_test_run();
    fct_vmm_free(vmm);
    return rc;
}

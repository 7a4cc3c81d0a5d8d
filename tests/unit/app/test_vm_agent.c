/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that boots while libvirtd is away: libvirt tells of its agent by no event, only its list shows it. The test
 * plays libvirt.
 */
#include "fixture.h"

#include <string.h>

#define ID "6f1c4d9e-2f0a-4b5e-9a57-0d3c5b1a7e42"

static struct {
    GMutex lock;
    FctAgentState agent;
    int asked; /* so often the agent was asked */
    FctVmmConnection told;
    gpointer data;
} play;

static FctVmInfo *play_info(FctVmm *vmm, const char *id, GError **error)
{
    FctVmInfo *info = fct_vm_info_new();
    g_free(info->id);
    g_free(info->name);
    info->id = g_strdup(ID);
    info->name = g_strdup("db-2");
    info->state = FCT_VM_RUNNING;
    g_mutex_lock(&play.lock);
    info->agent = play.agent;
    g_mutex_unlock(&play.lock);
    return info;
}

static GPtrArray *play_list(FctVmm *vmm, GError **error)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_info_unref);
    g_ptr_array_add(list, play_info(vmm, ID, error));
    return list;
}

static json_t *play_guest(FctVmm *vmm, const char *id, GError **error)
{
    g_mutex_lock(&play.lock);
    play.asked++;
    g_mutex_unlock(&play.lock);
    return json_pack("{s:s, s:n, s:n, s:[{s:s, s:s, s:[s]}], s:[]}", "hostname", "booted", "os", "kernel", "interfaces",
                     "name", "eth0", "mac", "52:54:00:00:00:01", "addresses", "10.0.0.5/24", "filesystems");
}

static json_t *play_facts(FctVmm *vmm, GError **error)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:[]}", "libvirt", "9.0.0", "qemu", "7.2.0", "accel", "tcg",
                     "why_not_kvm", "", "part_device", "standin", "missing");
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

static GPtrArray *play_networks(FctVmm *vmm, GError **error)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)fct_network_free);
    FctNetwork *network = fct_network_new();
    g_free(network->name);
    network->name = g_strdup("lan");
    network->active = TRUE; /* or a first one would be made */
    g_ptr_array_add(list, network);
    return list;
}

static GPtrArray *play_interfaces(FctVmm *vmm, char **ret_why, GError **error)
{
    *ret_why = g_strdup("The test has none.");
    return g_ptr_array_new();
}

static gboolean play_refresh(FctVmm *vmm, const char *pool, GError **error)
{
    return TRUE;
}

static json_t *play_stats(FctVmm *vmm, GError **error)
{
    return json_object();
}

static void play_watch(FctVmm *vmm, FctVmmChanged changed, FctVmmConnection told, gpointer data)
{
    g_mutex_lock(&play.lock);
    play.told = told;
    play.data = data;
    g_mutex_unlock(&play.lock);
}

static void play_watch_storage(FctVmm *vmm, FctVmmStorageChanged changed, gpointer data)
{
}

static void play_watch_networks(FctVmm *vmm, FctVmmNetworks changed, gpointer data)
{
}

static void play_free(FctVmm *vmm)
{
}

static const FctVmmOps ops = {.facts = play_facts,
                              .list = play_list,
                              .info = play_info,
                              .guest = play_guest,
                              .pools = play_pools,
                              .pool_refresh = play_refresh,
                              .networks = play_networks,
                              .interfaces = play_interfaces,
                              .stats = play_stats,
                              .watch = play_watch,
                              .watch_storage = play_watch_storage,
                              .watch_networks = play_watch_networks,
                              .free = play_free};
static FctVmm vmm = {&ops};

static void tell(gboolean up)
{
    g_mutex_lock(&play.lock);
    FctVmmConnection told = play.told;
    gpointer data = play.data;
    g_mutex_unlock(&play.lock);
    told(up, data);
}

static char *member(Fixture *f, const char *path, const char *object, const char *key)
{
    g_autoptr(json_t) json = NULL;
    if (fixture_call(f, "GET", path, NULL, &json) != 200) /* not listed yet */
        return g_strdup("");
    return g_strdup(fct_json_str(object ? json_object_get(json, object) : json, key, ""));
}

/* Asks until it is so: Meson's limit ends a test that waits in vain. */
static void await_member(Fixture *f, const char *path, const char *object, const char *key, const char *wanted)
{
    for (;;) {
        g_autofree char *now = member(f, path, object, key);
        if (strcmp(now, wanted) == 0)
            return;
        g_usleep(20 * 1000);
    }
}

static void begin(Fixture *f, gconstpointer data)
{
    play.agent = data ? FCT_AGENT_CONNECTED : FCT_AGENT_DISCONNECTED;
    play.asked = 0;
    f->vmm = &vmm;
    fixture_set_up(f, NULL);
    fixture_login(f);
    tell(TRUE);
}

static void test_booted_while_away(Fixture *f, gconstpointer data)
{
    await_member(f, "/vms/" ID, NULL, "state", "running");
    await_member(f, "/vms/" ID, "guest", "agent", "disconnected");
    g_assert_cmpint(play.asked, ==, 0);
    tell(FALSE);
    await_member(f, "/vms/" ID, NULL, "state", "unknown");
    g_mutex_lock(&play.lock);
    play.agent = FCT_AGENT_CONNECTED; /* and no event tells it */
    g_mutex_unlock(&play.lock);
    tell(TRUE);
    await_member(f, "/vms/" ID, "guest", "hostname", "booted");
}

/* The same for a facetd that begins beside guests that are up already. */
static void test_booted_before(Fixture *f, gconstpointer data)
{
    await_member(f, "/vms/" ID, "guest", "hostname", "booted");
    g_assert_cmpint(play.asked, >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/vm-agent/booted-while-away", Fixture, NULL, begin, test_booted_while_away, fixture_tear_down);
    g_test_add("/vm-agent/booted-before", Fixture, "connected", begin, test_booted_before, fixture_tear_down);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that boots while libvirtd is away: libvirt sends no event for its agent, only its list shows it. The test
 * plays libvirt.
 */
#include "fixture.h"

#include "app/server/server.h"
#include "quiet_vmm.h"

#include <string.h>

#define ID "6f1c4d9e-2f0a-4b5e-9a57-0d3c5b1a7e42"

static struct {
    GMutex lock;
    FctAgentState agent;
    int asked;         /* so often the agent was asked */
    gboolean mute;     /* its agent is connected and does not answer */
    gboolean hang;     /* a refresh of a pool does not come back */
    int hanging, most; /* such that do not now, and the most at once */
    GCond released;
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
    while (play.mute)
        g_cond_wait(&play.released, &play.lock);
    g_mutex_unlock(&play.lock);
    return json_pack("{s:s, s:n, s:n, s:[{s:s, s:s, s:[s]}], s:[]}", "hostname", "booted", "os", "kernel", "interfaces",
                     "name", "eth0", "mac", "52:54:00:00:00:01", "addresses", "10.0.0.5/24", "filesystems");
}

static GPtrArray *play_pools(FctVmm *vmm, GError **error)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)fct_pool_free);
    FctPool *pool = fct_pool_new();
    g_free(pool->name);
    pool->name = g_strdup(FCT_POOL_OWN);
    pool->active = TRUE;
    g_ptr_array_add(list, pool);
    FctPool *nas = fct_pool_new();
    g_free(nas->name);
    nas->name = g_strdup("nas");
    g_ptr_array_add(list, nas);
    return list;
}

static GPtrArray *play_volumes(FctVmm *vmm, const char *pool, GError **error)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)fct_volume_free);
}

/* Of an NFS server that is away. */
static gboolean play_refresh(FctVmm *vmm, const char *pool, GError **error)
{
    g_mutex_lock(&play.lock);
    gboolean hung = play.hang && strcmp(pool, "nas") == 0;
    play.hanging += hung;
    play.most = MAX(play.most, play.hanging);
    while (hung && play.hang)
        g_cond_wait(&play.released, &play.lock);
    play.hanging -= hung;
    g_mutex_unlock(&play.lock);
    if (hung)
        fct_set_error(error, FCT_ERROR_LIBVIRT, "The server is away.");
    return !hung;
}

static void play_watch(FctVmm *vmm, FctVmmChanged changed, FctVmmConnection told, gpointer data)
{
    g_mutex_lock(&play.lock);
    play.told = told;
    play.data = data;
    g_mutex_unlock(&play.lock);
}

static const FctVmmOps ops = {
    QUIET_VMM_OPS,           .list = play_list,          .info = play_info,
    .guest = play_guest,     .pools = play_pools,        .pool_refresh = play_refresh,
    .volumes = play_volumes, .networks = quiet_networks, .watch = play_watch,
};
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

/* Whoever looks at a guest that does not answer is told what is known, and does not wait beside whoever asks it. */
static void test_mute(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) guest = NULL, vm = json_pack("{s:s, s:s, s:s}", "id", ID, "name", "db-2", "state", "ready");
    const FctWrite write = {"vm/" ID, vm, FCT_REV_NONE}; /* ours */
    g_assert_true(f->store->ops->commit(f->store, &write, 1, NULL, NULL));
    play.mute = TRUE;
    await_member(f, "/vms/" ID, NULL, "state", "running");
    g_mutex_lock(&play.lock);
    play.agent = FCT_AGENT_CONNECTED;
    g_mutex_unlock(&play.lock);
    tell(FALSE);
    tell(TRUE);
    for (int asked = 0; !asked;) {
        g_usleep(20 * 1000);
        g_mutex_lock(&play.lock);
        asked = play.asked;
        g_mutex_unlock(&play.lock);
    }
    g_assert_cmpuint(fixture_call(f, "GET", "/vms/" ID "/guest", NULL, &guest), ==, 200);
    g_assert_cmpstr(fct_json_str(guest, "agent", ""), ==, "connected");
    g_assert_true(json_is_null(json_object_get(guest, "asked_ms")));
    g_mutex_lock(&play.lock);
    g_assert_cmpint(play.asked, ==, 1);
    play.mute = FALSE;
    g_cond_broadcast(&play.released);
    g_mutex_unlock(&play.lock);
    await_member(f, "/vms/" ID, "guest", "hostname", "booted");
}

static gboolean accept_any(SoupMessage *message, GTlsCertificate *certificate, GTlsCertificateFlags errors,
                           gpointer data)
{
    return TRUE;
}

static void on_refreshed(GObject *session, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes G_GNUC_UNUSED = soup_session_send_and_read_finish(SOUP_SESSION(session), result, &error);
    g_assert_no_error(error);
    ++*(int *)data;
}

static int hanging(void)
{
    g_mutex_lock(&play.lock);
    int now = play.hanging;
    g_mutex_unlock(&play.lock);
    return now;
}

/* A pool whose server is away takes its own threads, and none of those that answer everybody. */
static void test_slow_changes(Fixture *f, gconstpointer data)
{
    enum { SENT = 12, SLOW_THREADS = 4 };
    g_autoptr(SoupSession) many = soup_session_new_with_options("max-conns", SENT, "max-conns-per-host", SENT, NULL);
    g_autofree char *url =
        g_strdup_printf("https://127.0.0.1:%u/api/v1/pools/nas/refresh", fct_server_port(f->app->server));
    int done = 0;
    await_member(f, "/vms/" ID, NULL, "state", "running");
    play.hang = TRUE;
    for (int i = 0; i < SENT; i++) {
        g_autoptr(SoupMessage) message = soup_message_new("POST", url);
        g_signal_connect(message, "accept-certificate", G_CALLBACK(accept_any), NULL);
        soup_message_headers_replace(soup_message_get_request_headers(message), "Cookie", f->cookie);
        soup_session_send_and_read_async(many, message, G_PRIORITY_DEFAULT, NULL, on_refreshed, &done);
    }
    while (hanging() < SLOW_THREADS)
        g_main_context_iteration(NULL, FALSE);
    g_assert_cmpuint(fixture_call(f, "GET", "/tasks", NULL, NULL), ==, 200);
    g_assert_true(fct_server_healthy(f->app->server));
    g_mutex_lock(&play.lock);
    play.hang = FALSE;
    g_cond_broadcast(&play.released);
    g_mutex_unlock(&play.lock);
    while (done < SENT)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpint(play.most, ==, SLOW_THREADS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/vm-agent/booted-while-away", Fixture, NULL, begin, test_booted_while_away, fixture_tear_down);
    g_test_add("/vm-agent/booted-before", Fixture, "connected", begin, test_booted_before, fixture_tear_down);
    g_test_add("/vm-agent/mute", Fixture, NULL, begin, test_mute, fixture_tear_down);
    g_test_add("/vm-agent/slow-changes", Fixture, NULL, begin, test_slow_changes, fixture_tear_down);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "host/hw_remote.h"

#include "base/scope.h"
#include "host/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* how long a request waits for a connection */
#define CONNECT_WAIT_US (2 * G_USEC_PER_SEC)
#define OBSERVE_TIMEOUT_US (120 * G_USEC_PER_SEC) /* the helper has a deadline for each card and tries again */
#define NETWORK_TIMEOUT_US (30 * G_USEC_PER_SEC)
#define SEND_TIMEOUT_US (5 * G_USEC_PER_SEC)
/* A step may wait for other steps before its own deadline begins. */
#define STEP_SLACK_US (180 * G_USEC_PER_SEC)
#define FIRST_PAUSE_US (50 * 1000)
#define LONGEST_PAUSE_US (2 * G_USEC_PER_SEC)

typedef struct {
    json_t *answer; /* NULL: the connection ended */
    gboolean done;
} Pending;

typedef struct {
    FctHw port;
    char *path;
    GThread *thread;
    GMutex lock; /* of everything below */
    GCond changed;
    int fd;  /* -1: not connected */
    int why; /* errno of the last attempt to connect; 0 none */
    gboolean stopping;
    gboolean had_connection;
    gint64 last_id;
    GHashTable *pending; /* id → Pending* (on the stack of the one that waits) */
    FctHwChanged watcher;
    gpointer watcher_data;
    GMutex send_lock; /* one frame at a time on the wire; taken without `lock` held */
} Remote;

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    fct_autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return -1;
    return fct_keep_open(&fd);
}

static void tell_watcher(Remote *remote)
{
    g_mutex_lock(&remote->lock);
    FctHwChanged watcher = remote->watcher;
    gpointer data = remote->watcher_data;
    g_mutex_unlock(&remote->lock);
    if (watcher)
        watcher(data);
}

/* The first frame of a connection, before anybody else may send. Its answer has an id for which nobody waits. */
static void send_watch(int fd)
{
    g_autoptr(json_t) frame = json_pack("{s:i, s:s}", "id", 0, "verb", "watch");
    fct_frame_send(fd, frame, g_get_monotonic_time() + SEND_TIMEOUT_US, NULL);
}

/* Takes @frame over: exactly one thread has it at a time. */
static void remote_take_answer(Remote *remote, json_t *frame)
{
    gint64 id = fct_json_int(frame, "id", 0);
    g_mutex_lock(&remote->lock);
    Pending *pending = g_hash_table_lookup(remote->pending, &id);
    if (pending) {
        pending->answer = g_steal_pointer(&frame);
        pending->done = TRUE;
        g_hash_table_remove(remote->pending, &id);
        g_cond_broadcast(&remote->changed);
    }
    g_mutex_unlock(&remote->lock);
    json_decref(frame);
}

static void remote_connected(Remote *remote, int fd)
{
    send_watch(fd);
    g_mutex_lock(&remote->lock);
    gboolean again = remote->had_connection;
    remote->fd = fd;
    remote->had_connection = TRUE;
    g_cond_broadcast(&remote->changed);
    g_mutex_unlock(&remote->lock);
    if (again)
        tell_watcher(remote);
}

/* When this returns no thread is sending any more, and every waiter has been told. */
static void remote_disconnected(Remote *remote, int fd)
{
    GHashTableIter iter;
    gpointer value;
    g_mutex_lock(&remote->lock);
    remote->fd = -1;
    g_hash_table_iter_init(&iter, remote->pending);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        ((Pending *)value)->done = TRUE;
    g_hash_table_remove_all(remote->pending);
    g_cond_broadcast(&remote->changed);
    g_mutex_unlock(&remote->lock);
    g_mutex_lock(&remote->send_lock);
    close(fd);
    g_mutex_unlock(&remote->send_lock);
}

static void serve_connection(Remote *remote, int fd)
{
    FctFrames frames;
    json_t *frame;
    fct_frames_init(&frames, FCT_FRAME_LIMIT);
    remote_connected(remote, fd);
    while ((frame = fct_frame_receive(fd, &frames, 0, NULL))) {
        gboolean event = strcmp(fct_json_str(frame, "event", ""), "changed") == 0;
        remote_take_answer(remote, frame);
        if (event)
            tell_watcher(remote);
    }
    remote_disconnected(remote, fd);
    fct_frames_clear(&frames);
}

static gpointer remote_run(gpointer data)
{
    Remote *remote = data;
    gint64 pause = FIRST_PAUSE_US;
    g_mutex_lock(&remote->lock);
    while (!remote->stopping) {
        g_mutex_unlock(&remote->lock);
        int fd = connect_to(remote->path), why = fd < 0 ? errno : 0;
        if (fd >= 0) {
            serve_connection(remote, fd);
            pause = FIRST_PAUSE_US;
        }
        g_mutex_lock(&remote->lock);
        remote->why = why;
        gint64 until = g_get_monotonic_time() + pause;
        while (!remote->stopping && g_cond_wait_until(&remote->changed, &remote->lock, until))
            ;
        pause = MIN(pause * 2, LONGEST_PAUSE_US);
    }
    g_mutex_unlock(&remote->lock);
    return NULL;
}

/* With the lock held: waits for a connection. -1: none in time. */
static int wait_connected(Remote *remote)
{
    gint64 until = g_get_monotonic_time() + CONNECT_WAIT_US;
    while (remote->fd < 0 && !remote->stopping && g_cond_wait_until(&remote->changed, &remote->lock, until))
        ;
    return remote->fd;
}

static void send_request(Remote *remote, json_t *frame, gint64 deadline)
{
    g_mutex_lock(&remote->send_lock);
    g_mutex_lock(&remote->lock);
    int fd = remote->fd; /* cannot be closed while the send lock is held */
    g_mutex_unlock(&remote->lock);
    if (fd >= 0 && !fct_frame_send(fd, frame, MIN(deadline, g_get_monotonic_time() + SEND_TIMEOUT_US), NULL))
        shutdown(fd, SHUT_RDWR); /* half a frame may be out: the reader ends the connection and tells the waiters */
    g_mutex_unlock(&remote->send_lock);
}

static void set_away_error(const Remote *remote, int why, GError **error)
{
    if (why == EACCES || why == EPERM)
        fct_set_error_full(
            error, FCT_ERROR_HELPER, "Start facet-helper with --allow-uid and the number of facetd's user.", NULL,
            "Permission denied: the hardware helper lets only root and chosen users in (%s).", remote->path);
    else
        fct_set_error(error, FCT_ERROR_HELPER, "The hardware helper is not there (%s).", remote->path);
}

/* The "result" of the answer (new reference). Takes @args over. */
static json_t *remote_ask(Remote *remote, const char *verb, json_t *args, gint64 timeout_us, GError **error)
{
    Pending pending = {0};
    gint64 deadline = g_get_monotonic_time() + timeout_us;
    g_autoptr(json_t) frame = json_pack("{s:s, s:o}", "verb", verb, "args", args);

    g_mutex_lock(&remote->lock);
    if (wait_connected(remote) < 0) {
        int why = remote->why;
        g_mutex_unlock(&remote->lock);
        set_away_error(remote, why, error);
        return NULL;
    }
    gint64 id = ++remote->last_id;
    json_object_set_new(frame, "id", json_integer(id));
    g_hash_table_insert(remote->pending, g_memdup2(&id, sizeof id), &pending);
    g_mutex_unlock(&remote->lock);

    send_request(remote, frame, deadline);

    g_mutex_lock(&remote->lock);
    while (!pending.done && g_cond_wait_until(&remote->changed, &remote->lock, deadline))
        ;
    gboolean late = !pending.done;
    g_hash_table_remove(remote->pending, &id);
    g_mutex_unlock(&remote->lock);

    g_autoptr(json_t) answer = pending.answer;
    if (!answer) {
        fct_set_error(error, late ? FCT_ERROR_TIMEOUT : FCT_ERROR_HELPER, "%s",
                      late ? "The hardware helper did not answer in time." : "The hardware helper went away.");
        return NULL;
    }
    if (!fct_json_bool(answer, "ok", FALSE)) {
        g_propagate_error(error, fct_error_from_json(json_object_get(answer, "error")));
        return NULL;
    }
    json_t *result = json_object_get(answer, "result");
    return result ? json_incref(result) : json_null();
}

/* A question changes nothing, so it is asked once more when the helper went away in between. */
static json_t *ask_again(Remote *remote, const char *verb, GError **error)
{
    g_autoptr(GError) fault = NULL;
    json_t *result = remote_ask(remote, verb, json_object(), OBSERVE_TIMEOUT_US, &fault);
    if (!result && g_error_matches(fault, FCT_ERROR, FCT_ERROR_HELPER))
        return remote_ask(remote, verb, json_object(), OBSERVE_TIMEOUT_US, error);
    if (!result)
        fct_error_pass(error, &fault);
    return result;
}

static FctInventory *remote_inventory(FctHw *hw, GError **error)
{
    g_autoptr(json_t) json = ask_again((Remote *)hw, "inventory", error);
    return json ? fct_inventory_from_json(json, error) : NULL;
}

static json_t *remote_sample(FctHw *hw, GError **error)
{
    return ask_again((Remote *)hw, "sample", error);
}

static FctHostNetwork *remote_network(FctHw *hw, const char *const *within, GError **error)
{
    json_t *list = json_array();
    for (; *within; within++)
        json_array_append_new(list, json_string(*within));
    g_autoptr(json_t) json =
        remote_ask((Remote *)hw, "network", json_pack("{s:o}", "within", list), NETWORK_TIMEOUT_US, error);
    return json ? fct_host_network_from_json(json, error) : NULL;
}

static gboolean remote_vlan_make(FctHw *hw, const char *parent, int tag, const char *name, GError **error)
{
    json_t *args = json_pack("{s:s, s:i, s:s}", "parent", parent, "tag", tag, "name", name);
    g_autoptr(json_t) json = remote_ask((Remote *)hw, "vlan.make", args, NETWORK_TIMEOUT_US, error);
    return json != NULL;
}

static gboolean remote_vlan_take(FctHw *hw, const char *name, char **ret_kept, GError **error)
{
    g_autoptr(json_t) json =
        remote_ask((Remote *)hw, "vlan.take", json_pack("{s:s}", "name", name), NETWORK_TIMEOUT_US, error);
    *ret_kept = json ? g_strdup(fct_json_str(json, "kept", "")) : NULL;
    return json != NULL;
}

static FctStepOutcome remote_run_step(FctHw *hw, const FctStep *step, GError **error)
{
    gint64 timeout = (gint64)step->deadline_ms * 1000 + STEP_SLACK_US;
    json_t *args = json_pack("{s:o}", "step", fct_step_to_json(step));
    g_autoptr(json_t) result = remote_ask((Remote *)hw, "step.run", args, timeout, error);
    if (!result)
        return FCT_STEP_OUTCOME_FAILED;
    const char *outcome = fct_json_str(result, "outcome", "failed");
    if (strcmp(outcome, "done") == 0)
        return FCT_STEP_OUTCOME_DONE;
    g_propagate_error(error, fct_error_from_json(json_object_get(result, "error")));
    return strcmp(outcome, "wedged") == 0 ? FCT_STEP_OUTCOME_WEDGED : FCT_STEP_OUTCOME_FAILED;
}

static gboolean remote_hold(FctHw *hw, const char *gpu, gboolean hold, GError **error)
{
    json_t *args = json_pack("{s:s, s:b}", "gpu", gpu, "hold", hold);
    g_autoptr(json_t) result = remote_ask((Remote *)hw, "card.hold", args, OBSERVE_TIMEOUT_US, error);
    return result != NULL;
}

static void remote_watch(FctHw *hw, FctHwChanged changed, gpointer data)
{
    Remote *remote = (Remote *)hw;
    fct_autolock(&remote->lock);
    remote->watcher = changed;
    remote->watcher_data = data;
}

static void remote_free(FctHw *hw)
{
    Remote *remote = (Remote *)hw;
    g_mutex_lock(&remote->lock);
    remote->stopping = TRUE;
    if (remote->fd >= 0)
        shutdown(remote->fd, SHUT_RDWR);
    g_cond_broadcast(&remote->changed);
    g_mutex_unlock(&remote->lock);
    g_thread_join(remote->thread);
    g_hash_table_unref(remote->pending);
    g_mutex_clear(&remote->lock);
    g_mutex_clear(&remote->send_lock);
    g_cond_clear(&remote->changed);
    g_free(remote->path);
    g_free(remote);
}

FctHw *fct_hw_remote_new(const char *socket_path)
{
    static const FctHwOps ops = {remote_inventory, remote_run_step,  remote_sample,    remote_hold, remote_watch,
                                 remote_network,   remote_vlan_make, remote_vlan_take, remote_free};
    Remote *remote = g_new0(Remote, 1);
    remote->port.ops = &ops;
    remote->path = g_strdup(socket_path);
    remote->fd = -1;
    remote->pending = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_mutex_init(&remote->lock);
    g_mutex_init(&remote->send_lock);
    g_cond_init(&remote->changed);
    remote->thread = g_thread_new("facet-hw", remote_run, remote);
    return &remote->port;
}

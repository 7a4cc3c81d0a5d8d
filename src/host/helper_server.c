/* SPDX-License-Identifier: Apache-2.0 */
/* The helper's main process: sockets, verbs, answers. Everything slow happens in children. */
#include "base/scope.h"
#include "host/channel.h"
#include "host/helper_net.h"
#include "host/helper_steps.h"
#include "host/helper_watch.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PROTOCOL 1
#define MAX_CLIENTS 32
#define MAX_IN_FLIGHT 256

typedef struct {
    const FctHelperConfig *config;
    GMainLoop *loop;
    FctAvoid *avoid;
    FctWorker *worker;
    FctSteps *steps;
    FctWatch *watch;
    FctNetKeeper *keeper;
    GList *clients; /* Client* */
    int listener;
} Server;

typedef struct {
    Server *server;
    FctChannel *channel; /* NULL once gone; requests in flight keep the client */
    int references;
    int in_flight;
    gboolean watching;
} Client;

/* A request that waits for its answer. */
typedef struct {
    Client *client;
    json_t *id;
} Request;

static void client_unref(Client *client)
{
    if (--client->references == 0)
        g_free(client);
}

static void client_gone(Client *client)
{
    client->server->clients = g_list_remove(client->server->clients, client);
    g_clear_pointer(&client->channel, fct_channel_free);
    client_unref(client);
}

static Request *request_new(Client *client, const json_t *frame)
{
    Request *request = g_new0(Request, 1);
    json_t *id = json_object_get(frame, "id");
    request->client = client;
    request->id = id ? json_incref(id) : json_null();
    client->references++;
    client->in_flight++;
    return request;
}

/* Takes @request and @result over. */
static void request_answer(Request *request, json_t *result)
{
    g_autoptr(json_t) frame = json_pack("{s:O, s:b, s:o}", "id", request->id, "ok", 1, "result", result);
    request->client->in_flight--;
    if (request->client->channel)
        fct_channel_send(request->client->channel, frame);
    json_decref(request->id);
    client_unref(request->client);
    g_free(request);
}

static void answer_error(Request *request, const GError *error)
{
    g_autoptr(json_t) frame =
        json_pack("{s:O, s:b, s:o}", "id", request->id, "ok", 0, "error", fct_error_to_json(error));
    request->client->in_flight--;
    if (request->client->channel)
        fct_channel_send(request->client->channel, frame);
    json_decref(request->id);
    client_unref(request->client);
    g_free(request);
}

static json_t *server_revision(const Server *server)
{
    return json_integer((json_int_t)fct_watch_revision(server->watch));
}

static void verb_hello(Request *request, const json_t *args)
{
    request_answer(request,
                   json_pack("{s:i, s:s, s:o, s:I}", "protocol", PROTOCOL, "version", FACET_VERSION, "revision",
                             server_revision(request->client->server), "pid", (json_int_t)getpid()));
}

static void verb_watch(Request *request, const json_t *args)
{
    request->client->watching = TRUE;
    request_answer(request, json_pack("{s:o}", "revision", server_revision(request->client->server)));
}

static void inventory_done(json_t *seen, const GError *error, gpointer data)
{
    Request *request = data;
    Server *server = request->client->server;
    if (error) {
        answer_error(request, error);
        return;
    }
    fct_watch_saw(server->watch, seen);
    json_t *inventory = json_incref(json_object_get(seen, "inventory"));
    json_object_set_new(inventory, "revision", server_revision(server));
    request_answer(request, inventory);
}

static void verb_inventory(Request *request, const json_t *args)
{
    fct_worker_ask(request->client->server->worker, json_pack("{s:s, s:b}", "verb", "look", "full", 1), inventory_done,
                   request);
}

static void sample_done(json_t *seen, const GError *error, gpointer data)
{
    if (error)
        answer_error(data, error);
    else
        request_answer(data, json_incref(json_object_get(seen, "sample")));
}

static void verb_sample(Request *request, const json_t *args)
{
    fct_worker_ask(request->client->server->worker, json_pack("{s:s}", "verb", "sample"), sample_done, request);
}

static void step_done(json_t *result, gpointer data)
{
    Request *request = data;
    fct_watch_hurry(request->client->server->watch);
    request_answer(request, json_incref(result));
}

/* The id names a lock file, so it must look like one of Facet's: gpu-0000-41-00-0. */
static gboolean valid_gpu_id(const char *id)
{
    return g_str_has_prefix(id, "gpu-") && strlen(id) < 64 && strspn(id + 4, "0123456789abcdef-") == strlen(id + 4);
}

static void verb_step(Request *request, const json_t *args)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctStep) step = fct_step_from_json(json_object_get(args, "step"), &error);
    if (step && (!valid_gpu_id(step->gpu) || step->deadline_ms <= 0)) {
        fct_set_error(&error, FCT_ERROR_BAD_REQUEST, "A step needs a card and a deadline.");
        g_clear_pointer(&step, fct_step_free);
    }
    if (step)
        fct_steps_run(request->client->server->steps, g_steal_pointer(&step), step_done, request);
    else
        answer_error(request, error);
}

static void network_done(json_t *result, const GError *error, gpointer data)
{
    if (error)
        answer_error(data, error);
    else
        request_answer(data, json_incref(result));
}

static void verb_network(Request *request, const json_t *args)
{
    if (json_is_array(json_object_get(args, "within"))) {
        fct_net_ask(request->client->server->config, "look", args, network_done, request);
        return;
    }
    g_autoptr(GError) error = NULL;
    fct_set_error(&error, FCT_ERROR_BAD_REQUEST, "Say which subnets the routes are wanted for.");
    answer_error(request, error);
}

static void verb_vlan_make(Request *request, const json_t *args)
{
    fct_net_ask(request->client->server->config, "vlan.make", args, network_done, request);
}

static void verb_vlan_take(Request *request, const json_t *args)
{
    fct_net_ask(request->client->server->config, "vlan.take", args, network_done, request);
}

static void hold_done(gpointer data)
{
    Request *request = data;
    fct_watch_hurry(request->client->server->watch);
    request_answer(request, json_object());
}

static void verb_hold(Request *request, const json_t *args)
{
    Server *server = request->client->server;
    const char *gpu = fct_json_str(args, "gpu", "");
    const json_t *hold = json_object_get(args, "hold");
    g_autoptr(GError) error = NULL;
    if (!valid_gpu_id(gpu) || !json_is_boolean(hold))
        fct_set_error(&error, FCT_ERROR_BAD_REQUEST, "To hold or to let go of a card needs its id, and which of both.");
    else if (json_is_false(hold) && fct_steps_has(server->steps, gpu))
        fct_set_error_full(&error, FCT_ERROR_CONFLICT, "Wait until it has ended.", NULL,
                           "A change of this card is running.");
    if (error) {
        answer_error(request, error);
        return;
    }
    fct_avoid_set_released(server->avoid, gpu, json_is_false(hold));
    if (json_is_true(hold))
        hold_done(request);
    else
        fct_worker_renew(server->worker, hold_done, request);
}

static const struct {
    const char *name;
    void (*run)(Request *request, const json_t *args);
} verbs[] = {
    {"hello", verb_hello},         {"inventory", verb_inventory}, {"sample", verb_sample},
    {"step.run", verb_step},       {"watch", verb_watch},         {"network", verb_network},
    {"vlan.make", verb_vlan_make}, {"vlan.take", verb_vlan_take}, {"card.hold", verb_hold},
};

static void client_on_frame(json_t *frame, gpointer data)
{
    Client *client = data;
    Request *request = request_new(client, frame);
    const char *verb = fct_json_str(frame, "verb", "");
    g_autoptr(GError) error = NULL;
    if (client->in_flight > MAX_IN_FLIGHT) {
        fct_set_error(&error, FCT_ERROR_TOO_MANY, "More than %d requests are in flight.", MAX_IN_FLIGHT);
        answer_error(request, error);
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (strcmp(verbs[i].name, verb) == 0) {
            verbs[i].run(request, json_object_get(frame, "args"));
            return;
        }
    fct_set_error(&error, FCT_ERROR_BAD_REQUEST, "The helper knows no verb “%.40s”.", verb);
    answer_error(request, error);
}

static void client_on_closed(const GError *error, gpointer data)
{
    if (error)
        g_message("A client was cut off: %s", error->message);
    client_gone(data);
}

static void server_on_changed(guint64 now, gpointer data)
{
    Server *server = data;
    g_autoptr(json_t) event = json_pack("{s:s, s:I}", "event", "changed", "revision", (json_int_t)now);
    for (GList *at = server->clients; at; at = at->next) {
        Client *client = at->data;
        if (client->watching)
            fct_channel_send(client->channel, event);
    }
}

static gboolean may_connect(const Server *server, int fd)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
        return FALSE;
    if (peer.uid == 0 || peer.uid == geteuid())
        return TRUE;
    for (guint i = 0; i < server->config->uids->len; i++)
        if (g_array_index(server->config->uids, guint32, i) == peer.uid)
            return TRUE;
    g_warning("A connection of user %u was refused.", (unsigned int)peer.uid);
    return FALSE;
}

static gboolean server_on_connection(int listener, GIOCondition condition, gpointer data)
{
    Server *server = data;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return G_SOURCE_CONTINUE;
    gboolean full = g_list_length(server->clients) >= MAX_CLIENTS;
    if (full)
        g_message("A client was turned away: %d are connected.", MAX_CLIENTS);
    if (full || !may_connect(server, fd)) {
        close(fd);
        return G_SOURCE_CONTINUE;
    }
    Client *client = g_new0(Client, 1);
    client->server = server;
    client->references = 1;
    client->channel = fct_channel_new(fd, &fct_channel_client, client_on_frame, client_on_closed, client);
    server->clients = g_list_prepend(server->clients, client);
    return G_SOURCE_CONTINUE;
}

/*
 * may_connect decides by the peer's user; the file's mode must only not be in the way. A single other user becomes its
 * owner. For several users no owner fits, so the file is open to all, and connections of others are closed at once.
 */
static gboolean open_to_others(const FctHelperConfig *config)
{
    guint others = 0;
    guint32 other = 0;
    for (guint i = 0; i < config->uids->len; i++) {
        guint32 uid = g_array_index(config->uids, guint32, i);
        if (uid == 0 || uid == geteuid() || (others && uid == other))
            continue;
        other = uid;
        others++;
    }
    if (others == 0 || (others == 1 && chown(config->socket, other, (gid_t)-1) == 0))
        return TRUE;
    return chmod(config->socket, 0666) == 0;
}

/* -1 when it cannot be made; the reason is logged. */
static int listen_on(const FctHelperConfig *config)
{
    const char *path = config->socket;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        g_warning("The socket's path is too long: %s", path);
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t old = umask(0117); /* 0660 from the first moment */
    unlink(path);
    gboolean ok = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && open_to_others(config) &&
                  listen(fd, 16) == 0;
    umask(old);
    if (!ok) {
        g_warning("The socket %s cannot be made: %s", path, g_strerror(errno));
        fct_close(&fd);
        return -1;
    }
    return fd;
}

static gboolean server_on_signal(gpointer data)
{
    g_main_loop_quit(((Server *)data)->loop);
    return G_SOURCE_CONTINUE;
}

int fct_helper_serve(const FctHelperConfig *config)
{
    Server server = {.config = config, .loop = g_main_loop_new(NULL, FALSE)};
    if (g_mkdir_with_parents(config->state, 0700) < 0)
        g_warning("The state directory %s cannot be made: %s", config->state, g_strerror(errno));
    server.listener = listen_on(config);
    if (server.listener < 0)
        return 1;
    server.avoid = fct_avoid_load(config->state);
    server.worker = fct_worker_new(config, server.avoid);
    server.steps = fct_steps_new(config, server.avoid, server.worker);
    server.watch = fct_watch_new(config, server.avoid, server.worker, server_on_changed, &server);
    server.keeper = fct_net_keeper_new(config);
    guint source = g_unix_fd_add(server.listener, G_IO_IN, server_on_connection, &server);
    guint terminated = g_unix_signal_add(SIGTERM, server_on_signal, &server);
    guint interrupted = g_unix_signal_add(SIGINT, server_on_signal, &server);
    g_main_loop_run(server.loop);

    g_source_remove(source);
    g_source_remove(terminated);
    g_source_remove(interrupted);
    close(server.listener);
    unlink(config->socket);
    g_list_free_full(g_steal_pointer(&server.clients), (GDestroyNotify)client_gone);
    fct_net_keeper_free(server.keeper);
    fct_watch_free(server.watch);
    fct_steps_free(server.steps);
    fct_worker_free(server.worker);
    fct_avoid_free(server.avoid);
    g_main_loop_unref(server.loop);
    return 0;
}

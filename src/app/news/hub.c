/* SPDX-License-Identifier: Apache-2.0 */
#include "app/news/hub.h"

#include "app/api/visits.h"
#include "base/scope.h"

#include <libsoup/soup.h>
#include <string.h>

#define QUEUE_MAX 2000 /* messages that may wait for one client */
#define KEEPALIVE_S 15 /* proxies cut connections that are silent for longer */

/* A message on its way, as text of the stream, which all clients share. */
typedef struct {
    char *key; /* "gpu/gpu-0000-41-00-0"; messages with "" are never merged */
    char *text;
} Message;

typedef struct FctHubClient {
    FctHub *hub;
    SoupServerMessage *soup; /* NULL until the stream begins */
    char *first;             /* text of the stream that is sent first; NULL: none */
    GQueue queue;            /* Message*, oldest first */
    GHashTable *by_key;      /* char* (of the message) → GList* link in the queue */
    gboolean writing;        /* a chunk is being written; the next is made afterwards */
    gulong wrote, finished;
} Client;

struct FctHub {
    GMutex lock;     /* guards incoming, scheduled, coming and the clients in it */
    GQueue incoming; /* Message* */
    guint scheduled; /* source id */
    GList *coming;   /* Client* whose stream has not begun */
    gint watchers;   /* atomic: number of clients */
    GList *clients;  /* Client*; main thread only, like everything below */
    guint keepalive;
};

static Message *message_new(const char *key, char *text)
{
    Message *message = g_new(Message, 1);
    *message = (Message){g_strdup(key), text};
    return message;
}

static void message_free(Message *message)
{
    g_free(message->key);
    g_free(message->text);
    g_free(message);
}

static char *stream_text(const char *kind, const json_t *data)
{
    g_autofree char *json = fct_json_text(data);
    return g_strdup_printf("event: %s\ndata: %s\n\n", kind, json);
}

static Client *client_new(FctHub *hub)
{
    Client *client = g_new0(Client, 1);
    client->hub = hub;
    client->by_key = g_hash_table_new(g_str_hash, g_str_equal);
    g_queue_init(&client->queue);
    return client;
}

static void client_free(Client *client)
{
    if (client->soup) {
        g_signal_handler_disconnect(client->soup, client->wrote);
        g_signal_handler_disconnect(client->soup, client->finished);
        client->hub->clients = g_list_remove(client->hub->clients, client);
        g_atomic_int_add(&client->hub->watchers, -1);
        g_object_unref(client->soup);
    }
    g_hash_table_unref(client->by_key);
    g_queue_clear_full(&client->queue, (GDestroyNotify)message_free);
    g_free(client->first);
    g_free(client);
}

/* Sends everything that waits as one chunk. */
static void client_flush(Client *client)
{
    if (client->writing || (!client->first && g_queue_is_empty(&client->queue)))
        return;
    GString *chunk = g_string_new(client->first);
    g_clear_pointer(&client->first, g_free);
    g_hash_table_remove_all(client->by_key);
    while (!g_queue_is_empty(&client->queue)) {
        Message *message = g_queue_pop_head(&client->queue);
        g_string_append(chunk, message->text);
        message_free(message);
    }
    client->writing = TRUE;
    gsize length = chunk->len;
    soup_message_body_append_take(soup_server_message_get_response_body(client->soup),
                                  (guchar *)g_string_free(chunk, FALSE), length);
    soup_server_message_unpause(client->soup);
}

/* TRUE when the client is still served afterwards. */
static void client_add(Client *client, const Message *message)
{
    GList *old = *message->key ? g_hash_table_lookup(client->by_key, message->key) : NULL;
    if (old) {
        Message *waiting = old->data;
        g_free(waiting->text);
        waiting->text = g_strdup(message->text);
        return;
    }
    Message *copy = message_new(message->key, g_strdup(message->text));
    g_queue_push_tail(&client->queue, copy);
    if (*copy->key)
        g_hash_table_insert(client->by_key, copy->key, g_queue_peek_tail_link(&client->queue));
}

/* Cuts off a client that does not read: it connects again and loads its lists again. */
static void client_drop(Client *client)
{
    g_autoptr(SoupServerMessage) soup = g_object_ref(client->soup);
    client_free(client);
    fct_visit_cut(soup);
}

static gboolean client_deliver(gpointer data)
{
    FctHub *hub = data;
    GQueue messages = G_QUEUE_INIT;
    g_mutex_lock(&hub->lock);
    messages = hub->incoming;
    g_queue_init(&hub->incoming);
    hub->scheduled = 0;
    g_mutex_unlock(&hub->lock);
    for (GList *m = messages.head; m; m = m->next)
        for (GList *c = hub->clients; c; c = c->next)
            client_add(c->data, m->data);
    g_queue_clear_full(&messages, (GDestroyNotify)message_free);
    for (GList *c = hub->clients, *next; c; c = next) {
        Client *client = c->data;
        next = c->next;
        if (g_queue_get_length(&client->queue) > QUEUE_MAX)
            client_drop(client);
        else
            client_flush(client);
    }
    return G_SOURCE_REMOVE;
}

static gboolean client_keep_alive(gpointer data)
{
    FctHub *hub = data;
    g_autofree char *key = g_strdup("keep-alive");
    Message message = {key, (char *)":\n\n"};
    for (GList *c = hub->clients; c; c = c->next) {
        client_add(c->data, &message);
        client_flush(c->data);
    }
    return G_SOURCE_CONTINUE;
}

FctHub *fct_hub_new(void)
{
    FctHub *hub = g_new0(FctHub, 1);
    g_mutex_init(&hub->lock);
    g_queue_init(&hub->incoming);
    hub->keepalive = g_timeout_add_seconds(KEEPALIVE_S, client_keep_alive, hub);
    return hub;
}

void fct_hub_free(FctHub *hub)
{
    if (!hub)
        return;
    g_list_free_full(g_steal_pointer(&hub->clients), (GDestroyNotify)client_free); /* the server is gone already */
    g_source_remove(hub->keepalive);
    if (hub->scheduled)
        g_source_remove(hub->scheduled);
    g_queue_clear_full(&hub->incoming, (GDestroyNotify)message_free);
    g_mutex_clear(&hub->lock);
    g_free(hub);
}

gboolean fct_hub_watched(FctHub *hub)
{
    return g_atomic_int_get(&hub->watchers) > 0;
}

void fct_hub_publish(FctHub *hub, const char *kind, const char *id, json_t *data)
{
    g_autofree char *key = *id ? g_strdup_printf("%s/%s", kind, id) : g_strdup("");
    Message *message = message_new(key, stream_text(kind, data));
    json_decref(data);
    fct_autolock(&hub->lock);
    g_queue_push_tail(&hub->incoming, message);
    for (GList *c = hub->coming; c; c = c->next)
        client_add(c->data, message);
    if (!hub->scheduled)
        hub->scheduled = g_idle_add_full(G_PRIORITY_DEFAULT, client_deliver, hub, NULL);
}

void fct_hub_publish_deleted(FctHub *hub, const char *kind, const char *id)
{
    fct_hub_publish(hub, kind, id, json_pack("{s:s, s:b}", "id", id, "deleted", TRUE));
}

static void on_wrote(SoupServerMessage *soup, gpointer data)
{
    Client *client = data;
    client->writing = FALSE;
    client_flush(client);
}

static void client_on_finished(SoupServerMessage *soup, gpointer data)
{
    client_free(data);
}

FctHubClient *fct_hub_expect(FctHub *hub)
{
    Client *client = client_new(hub);
    fct_autolock(&hub->lock);
    hub->coming = g_list_prepend(hub->coming, client);
    return client;
}

void fct_hub_client_begin(FctHubClient *client, const char *kind, const json_t *data)
{
    client->first = stream_text(kind, data);
}

/* The stream begins: from here on the client gets messages on the main thread like every other. */
static void has_come(Client *client)
{
    fct_autolock(&client->hub->lock);
    client->hub->coming = g_list_remove(client->hub->coming, client);
}

void fct_hub_client_free(FctHubClient *client)
{
    has_come(client);
    client_free(client);
}

static void send_headers(SoupServerMessage *soup)
{
    SoupMessageHeaders *headers = soup_server_message_get_response_headers(soup);
    soup_message_headers_set_encoding(headers, SOUP_ENCODING_CHUNKED);
    soup_message_headers_set_content_type(headers, "text/event-stream", NULL);
    soup_message_headers_replace(headers, "Cache-Control", "no-store");
    soup_message_body_set_accumulate(soup_server_message_get_response_body(soup), FALSE);
    soup_server_message_set_status(soup, SOUP_STATUS_OK, NULL);
}

void fct_hub_serve(FctApp *app, FctSoupMessage *soup, gpointer data)
{
    Client *client = data;
    has_come(client);
    client->soup = g_object_ref(soup);
    client->wrote = g_signal_connect(soup, "wrote-chunk", G_CALLBACK(on_wrote), client);
    client->finished = g_signal_connect(soup, "finished", G_CALLBACK(client_on_finished), client);
    app->hub->clients = g_list_prepend(app->hub->clients, client);
    g_atomic_int_inc(&app->hub->watchers);
    send_headers(soup);
    g_autofree char *first = g_steal_pointer(&client->first);
    client->first = g_strdup_printf("retry: 2000\nevent: hello\ndata: {\"node\":\"%s\",\"version\":\"%s\"}\n\n%s",
                                    app->config.node, FACET_VERSION, first ? first : "");
    client_flush(client);
}

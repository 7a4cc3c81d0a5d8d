/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hub carries what changed to whoever looks on (server-sent events). Publishing works from any thread and never
 * waits. Each client has a queue in which a newer message about the same object replaces the older one; a client that
 * is still too slow is cut off, connects again and loads its lists again.
 */
#pragma once
#include "app/api/api.h"

FctHub *fct_hub_new(void);
void fct_hub_free(FctHub *hub); /* main thread, after the server, which has ended the streams */
/* Somebody looks on. Any thread. */
gboolean fct_hub_watched(FctHub *hub);

/*
 * @kind: gpu, group, plan, task, vm, node, console, event, sample. @id: of the object; messages without one ("") are
 * not merged. Takes @data over.
 */
void fct_hub_publish(FctHub *hub, const char *kind, const char *id, json_t *data);
/* {"id", "deleted": true} */
void fct_hub_publish_deleted(FctHub *hub, const char *kind, const char *id);

/*
 * A client that has no stream yet: what is published from now on reaches it too, after what its stream begins with. Who
 * expects it first and then looks at what is so misses no change. Any thread; of one thread at a time.
 */
typedef struct FctHubClient FctHubClient;
FctHubClient *fct_hub_expect(FctHub *hub);
void fct_hub_client_begin(FctHubClient *client, const char *kind, const json_t *data);
void fct_hub_client_free(FctHubClient *client); /* it does not come after all */
/* Main thread: turns an open message into the stream of @client, which it takes over. For FctReply.stream. */
void fct_hub_serve(FctApp *app, FctSoupMessage *message, gpointer client);

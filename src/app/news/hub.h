/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hub carries news to open pages and other clients (server-sent events). Publishing works on any thread and never
 * waits. Each client has a queue in which a newer message about an object replaces the older one; a client that is
 * still too slow is cut off, connects again and loads its lists again.
 */
#pragma once
#include "app/api/api.h"

FctHub *fct_hub_new(void);
void fct_hub_free(FctHub *hub); /* main thread, after the server, which has ended the streams */
/* Whether any client is connected. Any thread. */
gboolean fct_hub_watched(FctHub *hub);

/*
 * @kind: gpu, group, plan, task, vm, node, console, event, sample. @id: of the object; messages with "" are not merged.
 * Takes @data over.
 */
void fct_hub_publish(FctHub *hub, const char *kind, const char *id, json_t *data);
/* {"id", "deleted": true} */
void fct_hub_publish_deleted(FctHub *hub, const char *kind, const char *id);

/*
 * Makes a client whose stream begins later: everything published from now on will reach it, after the text with which
 * its stream begins. Call it before you read the state that the stream begins with; otherwise changes in between are
 * lost. Any thread; one thread at a time uses a client.
 */
typedef struct FctHubClient FctHubClient;
FctHubClient *fct_hub_expect(FctHub *hub);
void fct_hub_client_begin(FctHubClient *client, const char *kind, const json_t *data);
void fct_hub_client_free(FctHubClient *client); /* for a client whose stream never begins */
/* Main thread: makes an open message the stream of @client, and takes @client over. For FctReply.stream. */
void fct_hub_serve(FctApp *app, FctSoupMessage *message, gpointer client);

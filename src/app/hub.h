/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hub carries what changed to whoever looks on (server-sent events). Publishing works from any thread and never
 * waits. Each client has a queue in which a newer message about the same object replaces the older one; a client that
 * is still too slow is cut off, connects again and loads its lists again.
 */
#pragma once
#include "app/api.h"

FctHub *fct_hub_new(void);
void fct_hub_free(FctHub *hub); /* main thread; ends the streams */
/* Somebody looks on. Any thread. */
gboolean fct_hub_watched(FctHub *hub);

/*
 * @kind: gpu, group, plan, task, vm, node, console, event, sample. @id: of the object; messages without one ("") are
 * not merged. Takes @data over.
 */
void fct_hub_publish(FctHub *hub, const char *kind, const char *id, json_t *data);
/* {"id", "deleted": true} */
void fct_hub_publish_deleted(FctHub *hub, const char *kind, const char *id);

/* Main thread: turns an open message into a stream. For FctReply.stream. */
void fct_hub_serve(FctApp *app, FctSoupMessage *message, gpointer data);

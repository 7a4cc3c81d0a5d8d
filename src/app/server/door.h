/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where connections come in: listens, counts (visits.h), shakes hands and gives what is TLS 1.2 or newer to libsoup. A
 * client that has not greeted whole holds no thread; of handshakes so many are under way in all and from one address.
 * When descriptors run out it says so in the log, sends an idle connection away and goes on. Main thread.
 */
#pragma once
#include "app/api/proxies.h"
#include "app/api/visits.h"

typedef struct FctDoor FctDoor;

/* @certificate, @proxies are borrowed. */
FctDoor *fct_door_new(SoupServer *soup, GTlsCertificate *certificate, const FctProxies *proxies,
                      const FctVisitLimits *limits, const char *address, guint16 port, GError **error);
/* After the last message: connections that libsoup still has are closed with it. */
void fct_door_free(FctDoor *door);
/* Takes no more connections. */
void fct_door_close(FctDoor *door);
guint16 fct_door_port(const FctDoor *door);

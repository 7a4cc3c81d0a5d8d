/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where connections come in. The door listens, counts (visits.h), does the TLS handshake and hands TLS 1.2 or newer to
 * libsoup. A client holds no thread before its greeting is complete; handshakes are limited in all and by address. When
 * descriptors run out it logs that, closes an idle connection and goes on. Main thread.
 */
#pragma once
#include "app/api/proxies.h"
#include "app/api/visits.h"

typedef struct FctDoor FctDoor;

/* @certificate and @proxies are borrowed. */
FctDoor *fct_door_new(SoupServer *soup, GTlsCertificate *certificate, const FctProxies *proxies,
                      const FctVisitLimits *limits, const char *address, guint16 port, GError **error);
/* After the last message: connections that libsoup still has are closed. */
void fct_door_free(FctDoor *door);
/* Accepts no more connections. */
void fct_door_close(FctDoor *door);
guint16 fct_door_port(const FctDoor *door);

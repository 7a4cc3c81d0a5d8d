/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPS by libsoup: /api/v1 goes to the request pool, everything else is the page. Main thread only. */
#pragma once
#include "app/api/api.h"

#define FCT_BODY_MAX (1024 * 1024)       /* bytes of a request's body */
#define FCT_BODY_UNKNOWN_MAX (16 * 1024) /* the same for a caller who is not signed in */

FctServer *fct_server_new(FctApp *app, GError **error);
/* TRUE while no request waits too long for a thread. Cheap; for a watchdog. */
gboolean fct_server_healthy(const FctServer *server);
guint16 fct_server_port(const FctServer *server);
/* Waits for the handlers that run. */
void fct_server_free(FctServer *server);

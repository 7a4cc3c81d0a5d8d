/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTPS on libsoup: /api/v1 goes to the request pool, everything else is the page. Main thread throughout.
 */
#pragma once
#include "app/api.h"

#define FCT_BODY_MAX (1024 * 1024) /* bytes of a request's body */

FctServer *fct_server_new(FctApp *app, GError **error);
guint16 fct_server_port(const FctServer *server);
/* Waits for the handlers that run. */
void fct_server_free(FctServer *server);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this server is called: a browser that was sent here under another name was sent by somebody else (a name that
 * was made to lead here, "DNS rebinding"). Immutable: any thread.
 */
#pragma once
#include <gio/gio.h>

typedef struct FctOwnNames FctOwnNames;

/* Besides @names (may be NULL): localhost, the host's name, @node, @bind, and what @certificate (may be NULL) names. */
FctOwnNames *fct_own_names_new(const char *const *names, const char *node, const char *bind,
                               GTlsCertificate *certificate);
void fct_own_names_free(FctOwnNames *names);
/* @host: the header, with or without a port. @local: the address at which the connection came in; NULL unknown. */
gboolean fct_own_names_has(const FctOwnNames *names, const char *host, const char *local);

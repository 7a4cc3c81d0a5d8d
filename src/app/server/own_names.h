/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of this server. A browser that uses another name was led here by somebody else, whose name resolves to our
 * address ("DNS rebinding"). Immutable: any thread.
 */
#pragma once
#include <gio/gio.h>

typedef struct FctOwnNames FctOwnNames;

/*
 * Its names are @names (may be NULL), localhost, the host's name, @node, @bind, and the names in @certificate (may be
 * NULL).
 */
FctOwnNames *fct_own_names_new(const char *const *names, const char *node, const char *bind,
                               GTlsCertificate *certificate);
void fct_own_names_free(FctOwnNames *names);
/* @host: the header, with or without a port. @local: the address at which the connection arrived; NULL unknown. */
gboolean fct_own_names_has(const FctOwnNames *names, const char *host, const char *local);

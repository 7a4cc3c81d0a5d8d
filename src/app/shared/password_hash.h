/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes for the password files of guests. Facet's own users have others (auth.h). */
#pragma once
#include "base/error.h"

/*
 * SHA-512-crypt with chance salt, which every Linux guest understands. Some tens of milliseconds; any thread. Free with
 * g_free. FCT_ERROR_INTERNAL when this host's libcrypt has no such method.
 */
char *fct_password_crypt(const char *password, GError **error);

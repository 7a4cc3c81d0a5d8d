/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes for the password files of guests. Facet's own users have other hashes (auth.h). Any thread. */
#pragma once
#include "base/error.h"

/*
 * SHA-512-crypt with random salt, which every Linux guest understands. Takes some tens of milliseconds. Free with
 * g_free. FCT_ERROR_INTERNAL when this host's libcrypt has no such method.
 */
char *fct_password_crypt(const char *password, GError **error);

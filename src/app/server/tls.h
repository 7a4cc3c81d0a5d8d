/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's certificate: STATE/tls/{cert,key}.pem. Made on the first start (self-signed, ECDSA P-256) for localhost,
 * the host's names and the address served; an administrator may put another pair in its place.
 */
#pragma once
#include <gio/gio.h>

/* TLS 1.2 at least, for the whole process. Before the first thread and the first use of TLS. */
void fct_tls_prepare(void);
GTlsCertificate *fct_tls_certificate(const char *state_dir, const char *bind, GError **error);

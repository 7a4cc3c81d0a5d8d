/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's certificate: STATE/tls/{cert,key}.pem. On the first start a self-signed one (ECDSA P-256) is made for
 * localhost, the host's names and the served address; an administrator may replace the pair. Main thread; waits for the
 * disk.
 */
#pragma once
#include <gio/gio.h>

/* Demands TLS 1.2 for the whole process. Call it before the first thread and the first use of TLS. */
void fct_tls_prepare(void);
GTlsCertificate *fct_tls_certificate(const char *state_dir, const char *bind, GError **error);

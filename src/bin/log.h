/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

/*
 * What libraries have to say goes to the log once in ten seconds at most: some of it is caused by what anybody may
 * send (libsoup and a negative Content-Length), and the log must not grow with it. Our own messages all go there. Once,
 * before the first thread.
 */
void fct_log_bound(void);

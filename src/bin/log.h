/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

/*
 * Writes messages of libraries to the log at most once in ten seconds: anybody can cause some of them (libsoup and a
 * negative Content-Length), and the log must not grow with that. Our own messages are all written. Call it once, before
 * the first thread.
 */
void fct_log_bound(void);

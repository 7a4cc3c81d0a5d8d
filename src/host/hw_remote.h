/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FctHw over facet-helper's socket. Thread-safe; many threads share one connection, with many requests in flight. A
 * thread of its own keeps it up, with growing pauses up to two seconds while the helper is away.
 */
#pragma once
#include "port/hw.h"

/*
 * Never NULL; the helper need not be there yet. The watcher is also called after a reconnect, since events may have
 * been missed.
 */
FctHw *fct_hw_remote_new(const char *socket_path);

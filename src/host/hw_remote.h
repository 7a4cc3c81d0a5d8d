/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FctHw over facet-helper's socket. Thread-safe; requests of many threads are in flight at once over one connection,
 * which one thread of its own keeps up (with growing pauses up to two seconds while the helper is away).
 */
#pragma once
#include "port/hw.h"

/* Never NULL; the helper need not be there yet. After a reconnect the watcher is told, since events may be missing. */
FctHw *fct_hw_remote_new(const char *socket_path);

/* SPDX-License-Identifier: Apache-2.0 */
/* Watchers of keys, the same for every store. The store's lock is held during each call. */
#pragma once
#include "port/store.h"

typedef struct {
    GArray *list;
} FctWatchers;

void fct_watchers_init(FctWatchers *watchers);
void fct_watchers_clear(FctWatchers *watchers);
void fct_watchers_add(FctWatchers *watchers, const char *prefix, FctStoreChanged changed, gpointer data);
/* Calls each watcher whose prefix matches a write of this commit, write by write. */
void fct_watchers_tell(const FctWatchers *watchers, const FctWrite *writes, gsize n, guint64 revision);

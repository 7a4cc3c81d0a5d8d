/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of one node in one SQLite file (WAL, synchronous=FULL): a table of documents and the store's revision.
 * Reads go over a connection of their own, so they do not wait for a commit's disk flush.
 *
 * A file that a newer Facet wrote is refused (FCT_ERROR_UNSUPPORTED); a damaged one too (FCT_ERROR_INTERNAL, with
 * SQLite's words): Facet never starts on half of its state.
 */
#pragma once
#include "port/store.h"

FctStore *fct_store_sqlite_open(const char *path, GError **error);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of one node in one SQLite file (WAL, synchronous=FULL): a table of documents and the store's revision.
 * Reads go over a connection of their own, so they do not wait for a commit's disk flush.
 *
 * A file that a newer Facet wrote is refused (FCT_ERROR_UNSUPPORTED); a damaged one too (FCT_ERROR_INTERNAL), and one
 * that was there and is gone (FCT_ERROR_NOT_FOUND), each with its path and a way out. A single document that is broken
 * is put aside (port/store.h).
 */
#pragma once
#include "port/store.h"

FctStore *fct_store_sqlite_open(const char *path, GError **error);
/* Before it is opened: what is there is kept beside it under another name, and a new state begins. */
gboolean fct_store_sqlite_begin_anew(const char *path, GError **error);

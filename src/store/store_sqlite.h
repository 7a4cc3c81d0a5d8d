/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of one node in one SQLite file (WAL, synchronous=FULL): a table of documents and the store's revision.
 * Reads use a connection of their own, so they do not wait for the disk flush of a commit.
 *
 * Opening refuses a file that a newer Facet wrote (FCT_ERROR_UNSUPPORTED), a damaged one (FCT_ERROR_INTERNAL), and one
 * that was there before and is gone (FCT_ERROR_NOT_FOUND), each with its path and what to do. A single broken document
 * is put aside (port/store.h).
 */
#pragma once
#include "port/store.h"

FctStore *fct_store_sqlite_open(const char *path, GError **error);
/* Call it before opening: what is there is kept beside it under another name, and a new state begins. */
gboolean fct_store_sqlite_begin_anew(const char *path, GError **error);

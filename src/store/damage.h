/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may have happened to the database's file: gone, empty, damaged, on a disk that takes no writes. Each is told
 * with its path and a way out. A marker beside it tells a lost database from a new installation.
 */
#pragma once
#include "base/error.h"

#include <sqlite3.h>

/* Before it is opened: FALSE when it was there once and is not now. */
gboolean fct_damage_check(const char *path, GError **error);
/* It is there and whole: remembered. */
void fct_damage_mark(const char *path);
/* Puts everything that belongs to a lost or damaged database aside, so that a new one begins. */
gboolean fct_damage_begin_anew(const char *path, GError **error);
/* Documents that are no JSON any more go to FCT_STORE_ASIDE. */
gboolean fct_damage_set_aside(sqlite3 *db, const char *path, GError **error);
/* The sentence for a fault of opening; any other is the caller's. FALSE: it is none of these. */
gboolean fct_damage_explain(const char *path, sqlite3 *db, int rc, GError **error);

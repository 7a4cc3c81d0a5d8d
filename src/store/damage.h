/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damage to the database's file: it is gone, empty, broken, or on a disk that takes no writes. Each is reported with
 * its path and what to do. A marker file beside it tells a lost database from a new installation. Called by the SQLite
 * store only, while it opens.
 */
#pragma once
#include "base/error.h"

#include <sqlite3.h>

/* Call it before opening. FALSE when the database was there before and is not now. */
gboolean fct_damage_check(const char *path, GError **error);
/* The database is there and sound: writes the marker. */
void fct_damage_mark(const char *path);
/* Puts everything that belongs to a lost or damaged database aside, so that a new one begins. */
gboolean fct_damage_begin_anew(const char *path, GError **error);
/* Moves documents that are no JSON any more to FCT_STORE_ASIDE. */
gboolean fct_damage_set_aside(sqlite3 *db, const char *path, GError **error);
/* Sets the error for a fault of opening that is one of these; FALSE: it is another, and left to the caller. */
gboolean fct_damage_explain(const char *path, sqlite3 *db, int rc, GError **error);

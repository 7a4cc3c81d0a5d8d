/* SPDX-License-Identifier: Apache-2.0 */
#include "store/damage.h"

#include "port/store.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESTORE                                                                                                        \
    "Stop facetd, put a backup of %s in its place and start again. To begin anew instead, start facetd once with "     \
    "--new-state: the old files are kept beside it, and VMs, disks and networks stay with libvirt."

static char *marker_of(const char *path)
{
    return g_strconcat(path, ".kept-here", NULL);
}

gboolean fct_damage_check(const char *path, GError **error)
{
    g_autofree char *marker = marker_of(path), *wal = g_strconcat(path, "-wal", NULL);
    g_autofree char *next = g_strdup_printf(RESTORE, path);
    struct stat status, log;
    gboolean there = stat(path, &status) == 0;
    if (there && status.st_size > 0)
        return TRUE;
    /* An empty file with a log beside it was never checkpointed: SQLite reads both. */
    if (there && stat(wal, &log) == 0 && log.st_size > 0)
        return TRUE;
    if (!g_file_test(marker, G_FILE_TEST_EXISTS) && !(!there && stat(wal, &log) == 0 && log.st_size > 0))
        return TRUE;
    return fct_set_error_full(error, FCT_ERROR_NOT_FOUND, next, NULL,
                              there ? "The database %s is empty, though Facet has kept its state there before."
                                    : "The database %s is gone, though Facet has kept its state there before.",
                              path);
}

void fct_damage_mark(const char *path)
{
    static const char text[] = "Facet keeps its state in the database beside this file. If only this file is left, the "
                               "database was lost.\n";
    g_autofree char *marker = marker_of(path);
    g_autoptr(GError) fault = NULL;
    if (!g_file_test(marker, G_FILE_TEST_EXISTS) && !g_file_set_contents(marker, text, -1, &fault))
        g_warning("%s", fault->message);
}

gboolean fct_damage_begin_anew(const char *path, GError **error)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    g_autofree char *marker = marker_of(path);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y%m%dT%H%M%S");
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autofree char *old = g_strconcat(path, ends[i], NULL);
        g_autofree char *aside = g_strdup_printf("%s.before-%s%s", path, time, ends[i]);
        if (rename(old, aside) != 0 && errno != ENOENT)
            return fct_set_error(error, FCT_ERROR_INTERNAL, "%s cannot be put aside: %s.", old, g_strerror(errno));
    }
    g_unlink(marker);
    return TRUE;
}

gboolean fct_damage_explain(const char *path, sqlite3 *db, int rc, GError **error)
{
    g_autofree char *next = g_strdup_printf(RESTORE, path);
    if (g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        fct_set_error_full(error, FCT_ERROR_INTERNAL, next, NULL, "%s is not a file, so it is no database.", path);
        return TRUE;
    }
    switch (rc & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        fct_set_error_full(error, FCT_ERROR_INTERNAL, next, NULL, "The database %s is damaged: %s.", path,
                           db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
        return TRUE;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        fct_set_error_full(
            error, FCT_ERROR_INTERNAL,
            "Look whether its disk is mounted read-only (after a fault, for instance), and whether facetd's "
            "user may write there.",
            NULL, "The database %s cannot be written: %s.", path, sqlite3_errstr(rc));
        return TRUE;
    default:
        return FALSE;
    }
}

/* ---- single documents ---- */

static gboolean is_broken(const char *text, int length)
{
    g_autoptr(json_t) json = text ? fct_json_parse(text, (gsize)length, NULL) : NULL;
    return !json_is_object(json);
}

static gboolean move_aside(sqlite3 *db, const char *key, const char *text)
{
    sqlite3_stmt *put = NULL, *drop = NULL;
    g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
    g_autofree char *aside = g_strconcat(FCT_STORE_ASIDE, key, NULL);
    g_autoptr(json_t) json = json_pack("{s:s, s:s, s:s, s:I}", "key", key, "text", valid, "reason",
                                       "it is no JSON object", "time_ms", (json_int_t)(g_get_real_time() / 1000));
    g_autofree char *row = fct_json_text(json);
    int rc = sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO docs VALUES(?1, 1, ?2)", -1, &put, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, "DELETE FROM docs WHERE key = ?1", -1, &drop, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(put, 1, aside, -1, SQLITE_STATIC);
        sqlite3_bind_text(put, 2, row, -1, SQLITE_STATIC);
        sqlite3_bind_text(drop, 1, key, -1, SQLITE_STATIC);
        rc = sqlite3_step(put) == SQLITE_DONE && sqlite3_step(drop) == SQLITE_DONE ? SQLITE_OK : SQLITE_ERROR;
    }
    sqlite3_finalize(put);
    sqlite3_finalize(drop);
    return rc == SQLITE_OK;
}

/* Every document is an object. What SQLite takes for JSON and Jansson does not, list leaves out and reports. */
static GPtrArray *broken_keys(sqlite3 *db, int *ret_rc)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(
        db, "SELECT key, value FROM docs WHERE NOT json_valid(value) OR json_type(value) <> 'object'", -1, &statement,
        NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 1);
        if (is_broken(text, sqlite3_column_bytes(statement, 1))) {
            g_ptr_array_add(keys, g_strdup((const char *)sqlite3_column_text(statement, 0)));
            g_ptr_array_add(keys, g_strdup(text ? text : ""));
        }
        rc = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    *ret_rc = rc;
    return keys;
}

gboolean fct_damage_set_aside(sqlite3 *db, const char *path, GError **error)
{
    int rc;
    g_autoptr(GPtrArray) keys = broken_keys(db, &rc);
    if (rc != SQLITE_DONE && fct_damage_explain(path, db, rc, error))
        return FALSE;
    for (guint i = 0; i + 1 < keys->len; i += 2) {
        gboolean moved = move_aside(db, keys->pdata[i], keys->pdata[i + 1]);
        g_warning("In %s the record %s is no JSON object; %s.", path, (char *)keys->pdata[i],
                  moved ? "it was set aside" : "it is left out");
    }
    return TRUE;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sqlite.h"

#include "base/scope.h"
#include "model/secrets.h"
#include "store/damage.h"
#include "store/reserve.h"
#include "store/watchers.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#define SCHEMA_VERSION 1
#define SCRUB_AGAIN_US (60 * G_USEC_PER_SEC) /* each try may wait for other readers of the database */

typedef struct {
    FctStore port;
    /*
     * Held during a commit and the calls of its watchers, so that these see commits in order; recursive, since a
     * watcher may read.
     */
    GRecMutex write_lock;
    GMutex read_lock;
    sqlite3 *writer, *reader;
    sqlite3_stmt *begin, *end, *rollback, *bump, *revision, *old, *put, *drop;
    sqlite3_stmt *get, *list, *list_after;
    FctWatchers watchers;
    FctReserve reserve; /* under the write lock */
    /*
     * Under the write lock: a secret has left its document and may still be in the log; and when to try again to remove
     * it.
     */
    gboolean secret_left;
    gint64 scrub_us;
} SqliteStore;

/*
 * SQLite recognizes ENOSPC; for a quota or a file size limit only this thread's errno tells, which was cleared before.
 */
static gboolean is_full(int rc)
{
    return (rc & 0xff) == SQLITE_FULL ||
           ((rc & 0xff) == SQLITE_IOERR && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG));
}

static void set_sqlite_error(GError **error, sqlite3 *db, int rc, const char *doing)
{
    if (is_full(rc))
        fct_set_error(error, FCT_ERROR_NO_SPACE, "The disk that holds Facet's state is full.");
    else
        fct_set_error(error, FCT_ERROR_INTERNAL, "The store failed while %s: %s (%d).", doing, sqlite3_errmsg(db), rc);
}

/* Runs a statement that returns no rows. */
static int sqlite_run(sqlite3_stmt *statement)
{
    errno = 0;
    int rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static FctDoc *doc_from_row(sqlite3_stmt *row, GError **error)
{
    const char *text = (const char *)sqlite3_column_text(row, 2);
    json_t *value = fct_json_parse(text, (gsize)sqlite3_column_bytes(row, 2), error);
    if (!value) {
        g_prefix_error(error, "The stored “%s” is damaged: ", (const char *)sqlite3_column_text(row, 0));
        return NULL;
    }
    FctDoc *doc = g_new(FctDoc, 1);
    *doc = (FctDoc){g_strdup((const char *)sqlite3_column_text(row, 0)), (guint64)sqlite3_column_int64(row, 1), value};
    return doc;
}

static FctDoc *sqlite_get(FctStore *port, const char *key, GError **error)
{
    SqliteStore *store = (SqliteStore *)port;
    FctDoc *doc = NULL;
    fct_autolock(&store->read_lock);
    sqlite3_bind_text(store->get, 1, key, -1, SQLITE_STATIC);
    int rc = sqlite3_step(store->get);
    if (rc == SQLITE_ROW)
        doc = doc_from_row(store->get, error);
    else if (rc == SQLITE_DONE)
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no “%s”.", key);
    else
        set_sqlite_error(error, store->reader, rc, "reading");
    sqlite3_reset(store->get);
    sqlite3_clear_bindings(store->get);
    return doc;
}

/* The rows of a statement that is bound. The read lock is held. */
static GPtrArray *read_rows(SqliteStore *store, sqlite3_stmt *list, GError **error)
{
    g_autoptr(GPtrArray) docs = g_ptr_array_new_with_free_func((GDestroyNotify)fct_doc_free);
    int rc;
    while ((rc = sqlite3_step(list)) == SQLITE_ROW) {
        g_autoptr(GError) fault = NULL;
        FctDoc *doc = doc_from_row(list, &fault);
        if (doc)
            g_ptr_array_add(docs, doc);
        else
            g_warning("%s It is left out.", fault->message); /* the others go on; the next start puts it aside */
    }
    if (rc != SQLITE_DONE)
        set_sqlite_error(error, store->reader, rc, "reading");
    sqlite3_reset(list);
    sqlite3_clear_bindings(list);
    return rc == SQLITE_DONE ? g_steal_pointer(&docs) : NULL;
}

static GPtrArray *sqlite_list(FctStore *port, const char *prefix, GError **error)
{
    SqliteStore *store = (SqliteStore *)port;
    fct_autolock(&store->read_lock);
    sqlite3_bind_text(store->list, 1, prefix, -1, SQLITE_STATIC);
    return read_rows(store, store->list, error);
}

static GPtrArray *sqlite_list_after(FctStore *port, const char *prefix, const char *after, guint max, GError **error)
{
    SqliteStore *store = (SqliteStore *)port;
    fct_autolock(&store->read_lock);
    sqlite3_bind_text(store->list_after, 1, prefix, -1, SQLITE_STATIC);
    sqlite3_bind_text(store->list_after, 2, after, -1, SQLITE_STATIC);
    sqlite3_bind_int64(store->list_after, 3, max);
    return read_rows(store, store->list_after, error);
}

/* FALSE with the error set when an expectation does not hold. */
static gboolean check_expectation(SqliteStore *store, const FctWrite *write, GError **error)
{
    if (write->expect == FCT_REV_ANY)
        return TRUE;
    sqlite3_bind_text(store->revision, 1, write->key, -1, SQLITE_STATIC);
    int rc = sqlite3_step(store->revision);
    guint64 has = rc == SQLITE_ROW ? (guint64)sqlite3_column_int64(store->revision, 0) : FCT_REV_NONE;
    sqlite3_reset(store->revision);
    sqlite3_clear_bindings(store->revision);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        set_sqlite_error(error, store->writer, rc, "checking a revision");
        return FALSE;
    }
    if (has == write->expect)
        return TRUE;
    return fct_set_error(error, FCT_ERROR_REVISION, "“%s” was changed meanwhile.", write->key);
}

/* What a write is about to replace may hold a secret; a document that nobody can read may have held anything. */
static void note_secrets(SqliteStore *store, const FctWrite *write)
{
    if (!fct_secrets_may_be_in(write->key))
        return;
    sqlite3_bind_text(store->old, 1, write->key, -1, SQLITE_STATIC);
    if (sqlite3_step(store->old) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(store->old, 0);
        g_autoptr(json_t) old = fct_json_parse(text, (gsize)sqlite3_column_bytes(store->old, 0), NULL);
        if (!old || fct_secrets_leave(write->key, old, write->value)) {
            store->secret_left = TRUE;
            store->scrub_us = 0;
        }
    }
    sqlite3_reset(store->old);
    sqlite3_clear_bindings(store->old);
}

static gboolean write_one(SqliteStore *store, const FctWrite *write, guint64 revision, GError **error)
{
    int rc;
    note_secrets(store, write);
    if (write->value) {
        g_autofree char *text = fct_json_text(write->value);
        sqlite3_bind_text(store->put, 1, write->key, -1, SQLITE_STATIC);
        sqlite3_bind_int64(store->put, 2, (sqlite3_int64)revision);
        sqlite3_bind_text(store->put, 3, text, -1, SQLITE_STATIC);
        rc = sqlite_run(store->put);
    } else {
        sqlite3_bind_text(store->drop, 1, write->key, -1, SQLITE_STATIC);
        rc = sqlite_run(store->drop);
    }
    if (rc != SQLITE_OK)
        set_sqlite_error(error, store->writer, rc, "writing");
    return rc == SQLITE_OK;
}

static gboolean sqlite_write_all(SqliteStore *store, const FctWrite *writes, gsize n, guint64 *ret_revision,
                                 GError **error)
{
    for (gsize i = 0; i < n; i++)
        if (!check_expectation(store, &writes[i], error))
            return FALSE;
    errno = 0;
    int rc = sqlite3_step(store->bump);
    guint64 revision = rc == SQLITE_ROW ? (guint64)sqlite3_column_int64(store->bump, 0) : 0;
    if (rc == SQLITE_ROW)
        rc = sqlite3_step(store->bump); /* the statement has RETURNING: it is complete only when it says so */
    sqlite3_reset(store->bump);
    if (rc != SQLITE_DONE) {
        set_sqlite_error(error, store->writer, rc, "writing");
        return FALSE;
    }
    for (gsize i = 0; i < n; i++)
        if (!write_one(store, &writes[i], revision, error))
            return FALSE;
    *ret_revision = revision;
    return TRUE;
}

static gboolean commit_once(SqliteStore *store, const FctWrite *writes, gsize n, guint64 *ret_revision, GError **error)
{
    int rc = sqlite_run(store->begin);
    gboolean ok = rc == SQLITE_OK;
    if (!ok)
        set_sqlite_error(error, store->writer, rc, "beginning a transaction");
    ok = ok && sqlite_write_all(store, writes, n, ret_revision, error);
    if (ok && (rc = sqlite_run(store->end)) != SQLITE_OK) {
        set_sqlite_error(error, store->writer, rc, "committing");
        ok = FALSE;
    }
    /* After some faults SQLite has rolled back by itself; then there is nothing to roll back. */
    if (!ok && !sqlite3_get_autocommit(store->writer))
        sqlite_run(store->rollback);
    return ok;
}

/*
 * The log has former versions of pages until they are carried over and the log is truncated; free pages are overwritten
 * (secure_delete). The write lock is held.
 */
static gboolean sqlite_scrub_database(SqliteStore *store, GError **error)
{
    int log = 0, done = 0;
    g_mutex_lock(&store->read_lock); /* a reader keeps the log from being truncated */
    errno = 0;
    int rc = sqlite3_wal_checkpoint_v2(store->writer, NULL, SQLITE_CHECKPOINT_TRUNCATE, &log, &done);
    if (rc != SQLITE_OK)
        set_sqlite_error(error, store->writer, rc, "emptying its log");
    g_mutex_unlock(&store->read_lock);
    return rc == SQLITE_OK;
}

/* The commit stands whatever comes of this, so it returns no error. */
static void scrub_when_due(SqliteStore *store)
{
    g_autoptr(GError) fault = NULL;
    gint64 now = g_get_monotonic_time();
    if (!store->secret_left || now < store->scrub_us)
        return;
    store->secret_left = !sqlite_scrub_database(store, &fault);
    store->scrub_us = now + SCRUB_AGAIN_US;
    if (fault)
        g_warning("What was secret may be in the database's log still; it is emptied later. %s", fault->message);
}

static gboolean only_deletes(const FctWrite *writes, gsize n)
{
    for (gsize i = 0; i < n; i++)
        if (writes[i].value)
            return FALSE;
    return n > 0;
}

static gboolean sqlite_commit(FctStore *port, const FctWrite *writes, gsize n, guint64 *ret_revision, GError **error)
{
    SqliteStore *store = (SqliteStore *)port;
    guint64 revision = 0;
    GError *fault = NULL;
    g_rec_mutex_lock(&store->write_lock);
    gboolean ok = commit_once(store, writes, n, &revision, &fault);
    if (!ok && g_error_matches(fault, FCT_ERROR, FCT_ERROR_NO_SPACE) && only_deletes(writes, n) &&
        fct_reserve_release(&store->reserve)) {
        g_clear_error(&fault);
        ok = commit_once(store, writes, n, &revision, &fault);
    }
    if (ok) {
        fct_reserve_restore(&store->reserve);
        if (ret_revision)
            *ret_revision = revision;
        fct_watchers_tell(&store->watchers, writes, n, revision);
        scrub_when_due(store);
    }
    g_rec_mutex_unlock(&store->write_lock);
    if (fault)
        g_propagate_error(error, fault);
    return ok;
}

static void sqlite_watch(FctStore *port, const char *prefix, FctStoreChanged changed, gpointer data)
{
    SqliteStore *store = (SqliteStore *)port;
    g_rec_mutex_lock(&store->write_lock);
    fct_watchers_add(&store->watchers, prefix, changed, data);
    g_rec_mutex_unlock(&store->write_lock);
}

static gboolean sqlite_scrub(FctStore *port, GError **error)
{
    SqliteStore *store = (SqliteStore *)port;
    g_rec_mutex_lock(&store->write_lock);
    gboolean ok = sqlite_scrub_database(store, error);
    g_rec_mutex_unlock(&store->write_lock);
    return ok;
}

static void sqlite_free(FctStore *port)
{
    SqliteStore *store = (SqliteStore *)port;
    sqlite3_stmt *const statements[] = {store->begin,    store->end,  store->rollback,  store->bump,
                                        store->revision, store->old,  store->put,       store->drop,
                                        store->get,      store->list, store->list_after};
    for (gsize i = 0; i < G_N_ELEMENTS(statements); i++)
        sqlite3_finalize(statements[i]);
    sqlite3_close(store->reader);
    sqlite3_close(store->writer);
    fct_watchers_clear(&store->watchers);
    fct_reserve_clear(&store->reserve);
    g_rec_mutex_clear(&store->write_lock);
    g_mutex_clear(&store->read_lock);
    g_free(store);
}

static void set_open_error(GError **error, const char *path, sqlite3 *db, int rc, const char *doing)
{
    if (!fct_damage_explain(path, db, rc, error))
        set_sqlite_error(error, db, rc, doing);
}

static gboolean make_schema(sqlite3 *db, const char *path, GError **error)
{
    sqlite3_stmt *statement = NULL;
    int version = -1;
    int rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL);
    if (rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    if (version < 0) {
        set_open_error(error, path, db, sqlite3_extended_errcode(db), "opening");
        return FALSE;
    }
    if (version > SCHEMA_VERSION)
        return fct_set_error_full(error, FCT_ERROR_UNSUPPORTED, "Start the newer Facet, or restore an older state.",
                                  NULL, "The state was written by a newer Facet (layout %d).", version);
    if (version == SCHEMA_VERSION)
        return TRUE;
    rc = sqlite3_exec(db,
                      "BEGIN IMMEDIATE;"
                      "CREATE TABLE docs(key TEXT PRIMARY KEY, revision INTEGER NOT NULL, value TEXT NOT NULL)"
                      " WITHOUT ROWID;"
                      "CREATE TABLE meta(one INTEGER PRIMARY KEY CHECK(one = 1), revision INTEGER NOT NULL);"
                      "INSERT INTO meta VALUES(1, 0);"
                      "PRAGMA user_version = 1;"
                      "COMMIT;",
                      NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        set_open_error(error, path, db, rc, "making its tables");
    return rc == SQLITE_OK;
}

static gboolean open_one(const char *path, int flags, sqlite3 **ret_db, GError **error)
{
    int rc = sqlite3_open_v2(path, ret_db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_extended_result_codes(*ret_db, 1);
        sqlite3_busy_timeout(*ret_db, 5000);
        rc = sqlite3_exec(*ret_db,
                          "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF; "
                          "PRAGMA secure_delete=ON;" /* so that free pages hold no secrets */,
                          NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK)
        set_open_error(error, path, *ret_db, rc, "opening");
    return rc == SQLITE_OK;
}

static gboolean prepare_all(SqliteStore *store, const char *path, GError **error)
{
    const struct {
        sqlite3 *db;
        sqlite3_stmt **statement;
        const char *sql;
    } wanted[] = {
        {store->writer, &store->begin, "BEGIN IMMEDIATE"},
        {store->writer, &store->end, "COMMIT"},
        {store->writer, &store->rollback, "ROLLBACK"},
        {store->writer, &store->bump, "UPDATE meta SET revision = revision + 1 RETURNING revision"},
        {store->writer, &store->revision, "SELECT revision FROM docs WHERE key = ?1"},
        {store->writer, &store->old, "SELECT value FROM docs WHERE key = ?1"},
        {store->writer, &store->put,
         "INSERT INTO docs VALUES(?1, ?2, ?3)"
         " ON CONFLICT(key) DO UPDATE SET revision = excluded.revision, value = excluded.value"},
        {store->writer, &store->drop, "DELETE FROM docs WHERE key = ?1"},
        {store->reader, &store->get, "SELECT key, revision, value FROM docs WHERE key = ?1"},
        {store->reader, &store->list,
         "SELECT key, revision, value FROM docs WHERE key >= ?1 AND key < ?1 || char(1114111) ORDER BY key"},
        {store->reader, &store->list_after,
         "SELECT key, revision, value FROM docs WHERE key > ?2 AND key < ?1 || char(1114111) ORDER BY key LIMIT ?3"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
        int rc =
            sqlite3_prepare_v3(wanted[i].db, wanted[i].sql, -1, SQLITE_PREPARE_PERSISTENT, wanted[i].statement, NULL);
        if (rc != SQLITE_OK) {
            set_open_error(error, path, wanted[i].db, rc, "opening");
            return FALSE;
        }
    }
    return TRUE;
}

FctStore *fct_store_sqlite_open(const char *path, GError **error)
{
    static const FctStoreOps ops = {sqlite_get,   sqlite_list,  sqlite_list_after, sqlite_commit,
                                    sqlite_watch, sqlite_scrub, sqlite_free};
    SqliteStore *store = g_new0(SqliteStore, 1);
    store->port.ops = &ops;
    g_rec_mutex_init(&store->write_lock);
    g_mutex_init(&store->read_lock);
    fct_watchers_init(&store->watchers);
    if (fct_damage_check(path, error) &&
        open_one(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &store->writer, error) &&
        make_schema(store->writer, path, error) && fct_damage_set_aside(store->writer, path, error) &&
        open_one(path, SQLITE_OPEN_READWRITE, &store->reader, error) && prepare_all(store, path, error)) {
        fct_reserve_init(&store->reserve, path);
        fct_damage_mark(path);
        store->secret_left = TRUE; /* a kill between a commit and its scrub leaves the log as it was */
        scrub_when_due(store);
        return &store->port;
    }
    sqlite_free(&store->port);
    return NULL;
}

gboolean fct_store_sqlite_begin_anew(const char *path, GError **error)
{
    return fct_damage_begin_anew(path, error);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of port/store.h, the same for every back end; what concerns the disk alone is at the end. */
#include "store/store_memory.h"
#include "store/store_sqlite.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    FctStore *store;
    char *dir, *path; /* SQLite only */
} Fixture;

static void open_sqlite(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    f->dir = g_dir_make_tmp("facet-store-XXXXXX", &error);
    g_assert_no_error(error);
    f->path = g_build_filename(f->dir, "facet.db", NULL);
    f->store = fct_store_sqlite_open(f->path, &error);
    g_assert_no_error(error);
}

static void open_memory(Fixture *f, gconstpointer data)
{
    f->store = fct_store_memory_new();
}

static void shut(Fixture *f, gconstpointer data)
{
    fct_store_free(f->store);
    if (!f->dir)
        return;
    g_autoptr(GDir) dir = g_dir_open(f->dir, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(f->dir, name, NULL);
        g_unlink(path);
    }
    g_rmdir(f->dir);
    g_free(f->path);
    g_free(f->dir);
}

static gboolean put(FctStore *store, const char *key, const char *text, guint64 expect, guint64 *revision,
                    GError **error)
{
    g_autoptr(json_t) value = text ? json_pack("{s:s}", "v", text) : NULL;
    FctWrite write = {key, value, expect};
    return store->ops->commit(store, &write, 1, revision, error);
}

static char *value_of(FctStore *store, const char *key)
{
    g_autoptr(FctDoc) doc = store->ops->get(store, key, NULL);
    return doc ? g_strdup(fct_json_str(doc->value, "v", "?")) : g_strdup("(none)");
}

#define assert_value(store, key, wanted)                                                                               \
    do {                                                                                                               \
        g_autofree char *has = value_of(store, key);                                                                   \
        g_assert_cmpstr(has, ==, wanted);                                                                              \
    } while (0)

static void test_get_put_delete(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    guint64 first, second, third;
    g_assert_null(f->store->ops->get(f->store, "a/1", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_true(put(f->store, "a/1", "one", FCT_REV_ANY, &first, &error));
    g_autoptr(FctDoc) doc = f->store->ops->get(f->store, "a/1", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(doc->key, ==, "a/1");
    g_assert_cmpuint(doc->revision, ==, first);
    assert_value(f->store, "a/1", "one");
    g_assert_true(put(f->store, "a/1", "zwei “2”", FCT_REV_ANY, &second, &error));
    g_assert_cmpuint(second, >, first);
    assert_value(f->store, "a/1", "zwei “2”");
    g_assert_true(put(f->store, "a/1", NULL, FCT_REV_ANY, &third, &error));
    g_assert_cmpuint(third, >, second);
    assert_value(f->store, "a/1", "(none)");
    /* Deleting what is not there is no fault, and revisions do not begin again. */
    g_assert_true(put(f->store, "a/1", NULL, FCT_REV_ANY, NULL, &error));
    g_assert_true(put(f->store, "a/1", "again", FCT_REV_NONE, &first, &error));
    g_assert_cmpuint(first, >, third);
}

static void test_values_are_copies(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) value = json_pack("{s:s}", "v", "stored");
    FctWrite write = {"k", value, FCT_REV_ANY};
    g_assert_true(f->store->ops->commit(f->store, &write, 1, NULL, NULL));
    json_object_set_new(value, "v", json_string("changed by the caller"));
    g_autoptr(FctDoc) doc = f->store->ops->get(f->store, "k", NULL);
    json_object_set_new(doc->value, "v", json_string("changed by the reader"));
    assert_value(f->store, "k", "stored");
}

static void test_list(Fixture *f, gconstpointer data)
{
    static const char *const keys[] = {"vm/b", "vm/a", "vm/a/x", "vmx/1", "vm", "vm/é", "uz"};
    static const char *const wanted[] = {"vm/a", "vm/a/x", "vm/b", "vm/é"};
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        g_assert_true(put(f->store, keys[i], keys[i], FCT_REV_NONE, NULL, NULL));
    g_autoptr(GPtrArray) docs = f->store->ops->list(f->store, "vm/", NULL);
    g_assert_cmpuint(docs->len, ==, G_N_ELEMENTS(wanted));
    for (gsize i = 0; i < docs->len; i++)
        g_assert_cmpstr(((FctDoc *)docs->pdata[i])->key, ==, wanted[i]);
    g_autoptr(GPtrArray) none = f->store->ops->list(f->store, "zz/", NULL);
    g_assert_cmpuint(none->len, ==, 0);
    /* In blocks. */
    g_autofree char *after = g_strdup("vm/");
    for (gsize at = 0; at <= G_N_ELEMENTS(wanted);) {
        g_autoptr(GPtrArray) block = f->store->ops->list_after(f->store, "vm/", after, 3, NULL);
        g_assert_cmpuint(block->len, ==, MIN(3, G_N_ELEMENTS(wanted) - at));
        for (guint i = 0; i < block->len; i++)
            g_assert_cmpstr(((FctDoc *)block->pdata[i])->key, ==, wanted[at++]);
        if (block->len == 0)
            break;
        g_free(after);
        after = g_strdup(wanted[at - 1]);
    }
}

static void test_expectations(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    guint64 revision;
    g_assert_true(put(f->store, "k", "1", FCT_REV_NONE, &revision, NULL));
    g_assert_false(put(f->store, "k", "2", FCT_REV_NONE, NULL, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REVISION);
    g_clear_error(&error);
    g_assert_false(put(f->store, "k", "2", revision + 1, NULL, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REVISION);
    g_clear_error(&error);
    g_assert_false(put(f->store, "other", "2", revision, NULL, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REVISION);
    assert_value(f->store, "k", "1");
    g_assert_true(put(f->store, "k", "2", revision, NULL, NULL));
    assert_value(f->store, "k", "2");
    g_assert_false(put(f->store, "k", NULL, revision, NULL, NULL));
    assert_value(f->store, "k", "2");
}

static void test_all_or_nothing(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) value = json_pack("{s:s}", "v", "new");
    guint64 revision;
    g_assert_true(put(f->store, "b", "old", FCT_REV_NONE, &revision, NULL));
    FctWrite bad[] = {{"a", value, FCT_REV_NONE}, {"b", NULL, FCT_REV_ANY}, {"c", value, 12345}};
    g_assert_false(f->store->ops->commit(f->store, bad, G_N_ELEMENTS(bad), NULL, NULL));
    assert_value(f->store, "a", "(none)");
    assert_value(f->store, "b", "old");
    FctWrite good[] = {{"a", value, FCT_REV_NONE}, {"b", NULL, revision}, {"c", value, FCT_REV_NONE}};
    g_assert_true(f->store->ops->commit(f->store, good, G_N_ELEMENTS(good), &revision, NULL));
    g_autoptr(FctDoc) a = f->store->ops->get(f->store, "a", NULL);
    g_autoptr(FctDoc) c = f->store->ops->get(f->store, "c", NULL);
    g_assert_cmpuint(a->revision, ==, revision);
    g_assert_cmpuint(c->revision, ==, revision);
    assert_value(f->store, "b", "(none)");
}

typedef struct {
    FctStore *store;
    GString *seen;
} Watch;

static void on_changed(const char *key, guint64 revision, const json_t *value, gpointer data)
{
    Watch *watch = data;
    /* A watcher may read, and sees what was committed. */
    g_autofree char *now = value_of(watch->store, key);
    g_assert_cmpstr(now, ==, value ? fct_json_str(value, "v", "?") : "(none)");
    g_string_append_printf(watch->seen, "%s=%s;", key, now);
}

static void test_watch(Fixture *f, gconstpointer data)
{
    g_autoptr(GString) seen = g_string_new(NULL);
    Watch watch = {f->store, seen};
    f->store->ops->watch(f->store, "w/", on_changed, &watch);
    put(f->store, "w/1", "a", FCT_REV_ANY, NULL, NULL);
    put(f->store, "other", "a", FCT_REV_ANY, NULL, NULL);
    put(f->store, "w/1", "b", FCT_REV_NONE, NULL, NULL); /* refused: not told */
    put(f->store, "w/2", "c", FCT_REV_ANY, NULL, NULL);
    put(f->store, "w/1", NULL, FCT_REV_ANY, NULL, NULL);
    g_assert_cmpstr(seen->str, ==, "w/1=a;w/2=c;w/1=(none);");
}

#define WRITERS 4
#define ROUNDS 25

static gpointer increment(gpointer data)
{
    FctStore *store = data;
    for (int done = 0; done < ROUNDS;) {
        g_autoptr(FctDoc) doc = store->ops->get(store, "n", NULL);
        g_autoptr(json_t) next = json_pack("{s:I}", "n", (json_int_t)(fct_json_int(doc->value, "n", 0) + 1));
        FctWrite write = {"n", next, doc->revision};
        done += store->ops->commit(store, &write, 1, NULL, NULL);
    }
    return NULL;
}

/* Compare-and-set loses no increment between threads. */
static void test_threads(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) zero = json_pack("{s:i}", "n", 0);
    FctWrite write = {"n", zero, FCT_REV_NONE};
    GThread *threads[WRITERS];
    g_assert_true(f->store->ops->commit(f->store, &write, 1, NULL, NULL));
    for (int i = 0; i < WRITERS; i++)
        threads[i] = g_thread_new("writer", increment, f->store);
    for (int i = 0; i < WRITERS; i++)
        g_thread_join(threads[i]);
    g_autoptr(FctDoc) doc = f->store->ops->get(f->store, "n", NULL);
    g_assert_cmpint(fct_json_int(doc->value, "n", 0), ==, WRITERS * ROUNDS);
}

static void test_memory_full(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(put(f->store, "k", "1", FCT_REV_ANY, NULL, NULL));
    fct_store_memory_set_full(f->store, TRUE);
    g_assert_false(put(f->store, "k", "2", FCT_REV_ANY, NULL, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NO_SPACE);
    assert_value(f->store, "k", "1");
    fct_store_memory_set_full(f->store, FALSE);
    g_assert_true(put(f->store, "k", "2", FCT_REV_ANY, NULL, NULL));
}

/* ---- the disk ---- */

static int write_errno; /* what the "disk" answers */

static ssize_t failing_pwrite(int fd, const void *data, size_t length, off_t offset)
{
    errno = write_errno;
    return -1;
}

static void full_disk_once(Fixture *f, int number)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    g_autoptr(GError) error = NULL;
    const char *name = vfs->xGetSystemCall(vfs, "pwrite64") ? "pwrite64" : "pwrite";
    g_assert_true(put(f->store, "k", "before", FCT_REV_ANY, NULL, NULL));
    write_errno = number;
    g_assert_cmpint(vfs->xSetSystemCall(vfs, name, (sqlite3_syscall_ptr)failing_pwrite), ==, SQLITE_OK);
    g_assert_false(put(f->store, "k", "refused", FCT_REV_ANY, NULL, &error));
    g_assert_cmpint(vfs->xSetSystemCall(vfs, name, NULL), ==, SQLITE_OK);
    const FctErrorCode wanted = number == EIO ? FCT_ERROR_INTERNAL : FCT_ERROR_NO_SPACE;
    g_assert_error(error, FCT_ERROR, (int)wanted);
    assert_value(f->store, "k", "before");
    g_assert_true(put(f->store, "k", "after", FCT_REV_ANY, NULL, NULL));
    assert_value(f->store, "k", "after");
}

/* SQLite's own door to the system answers as a full, a rationed and a broken disk do. */
static void test_sqlite_write_faults(Fixture *f, gconstpointer data)
{
    full_disk_once(f, ENOSPC);
    full_disk_once(f, EDQUOT);
    full_disk_once(f, EIO);
}

static char *reserve; /* the file that keeps room free */

static ssize_t pwrite_while_free(int fd, const void *data, size_t length, off_t offset)
{
    if (g_file_test(reserve, G_FILE_TEST_EXISTS))
        return failing_pwrite(fd, data, length, offset);
    return pwrite(fd, data, length, offset);
}

/* security.md S5: on a full disk what is taken away (a session, a token) is away; nothing else uses the room for that.
 */
static void test_sqlite_full_takes_away(Fixture *f, gconstpointer data)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    g_autoptr(GError) error = NULL, none = NULL;
    const char *name = vfs->xGetSystemCall(vfs, "pwrite64") ? "pwrite64" : "pwrite";
    reserve = g_strconcat(f->path, ".reserve", NULL);
    g_assert_true(put(f->store, "token/1", "x", FCT_REV_ANY, NULL, NULL));
    g_assert_true(g_file_test(reserve, G_FILE_TEST_EXISTS));
    write_errno = ENOSPC;
    g_assert_cmpint(vfs->xSetSystemCall(vfs, name, (sqlite3_syscall_ptr)pwrite_while_free), ==, SQLITE_OK);
    g_assert_false(put(f->store, "token/2", "y", FCT_REV_ANY, NULL, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NO_SPACE);
    g_assert_true(g_file_test(reserve, G_FILE_TEST_EXISTS));
    g_assert_true(put(f->store, "token/1", NULL, FCT_REV_ANY, NULL, &none));
    g_assert_no_error(none);
    g_assert_false(g_file_test(reserve, G_FILE_TEST_EXISTS));
    g_assert_cmpint(vfs->xSetSystemCall(vfs, name, NULL), ==, SQLITE_OK);
    fct_store_free(f->store);
    f->store = fct_store_sqlite_open(f->path, &none);
    g_assert_no_error(none);
    g_assert_null(f->store->ops->get(f->store, "token/1", NULL));
    g_assert_true(g_file_test(reserve, G_FILE_TEST_EXISTS)); /* kept again */
    g_clear_pointer(&reserve, g_free);
}

/* A limit on the size of files: commits are refused one day, and nothing acknowledged is lost. */
static void test_sqlite_full(Fixture *f, gconstpointer data)
{
    g_autofree char *big = g_strnfill(64 * 1024, 'x');
    struct rlimit before, small;
    g_autoptr(GError) error = NULL;
    int taken = 0;
    g_assert_true(put(f->store, "kept", "before", FCT_REV_ANY, NULL, NULL));
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
    small = before;
    small.rlim_cur = 256 * 1024;
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    while (taken < 100) {
        g_autofree char *key = g_strdup_printf("big/%03d", taken);
        if (!put(f->store, key, big, FCT_REV_ANY, NULL, &error))
            break;
        taken++;
    }
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NO_SPACE);
    g_clear_error(&error);
    /* What was acknowledged is there, what was refused is not; reading still works. */
    g_autoptr(GPtrArray) docs = f->store->ops->list(f->store, "big/", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(docs->len, ==, taken);
    assert_value(f->store, "kept", "before");
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
    g_assert_true(put(f->store, "kept", "after", FCT_REV_ANY, NULL, &error));
    g_assert_no_error(error);
    assert_value(f->store, "kept", "after");
}

static void test_sqlite_survives_close(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    guint64 before, after;
    g_assert_true(put(f->store, "k", "1", FCT_REV_ANY, &before, NULL));
    fct_store_free(f->store);
    f->store = fct_store_sqlite_open(f->path, &error);
    g_assert_no_error(error);
    assert_value(f->store, "k", "1");
    g_assert_true(put(f->store, "k", "2", before, &after, NULL));
    g_assert_cmpuint(after, >, before);
}

/* kill -9 at any moment: every commit that was acknowledged is there, none is half there. */
static void test_sqlite_survives_kill(Fixture *f, gconstpointer data)
{
    int acks[2];
    g_assert_cmpint(pipe(acks), ==, 0);
    pid_t child = fork();
    if (child == 0) {
        FctStore *store = fct_store_sqlite_open(f->path, NULL);
        for (int i = 0;; i++) {
            g_autofree char *text = g_strdup_printf("%d", i);
            g_autoptr(json_t) value = json_pack("{s:s}", "v", text);
            FctWrite both[] = {{"left", value, FCT_REV_ANY}, {"right", value, FCT_REV_ANY}};
            if (!store->ops->commit(store, both, 2, NULL, NULL) || write(acks[1], &i, sizeof i) != sizeof i)
                _exit(1);
        }
    }
    int last = -1;
    while (last < 20)
        g_assert_cmpint(read(acks[0], &last, sizeof last), ==, sizeof last);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(acks[1]);
    while (read(acks[0], &last, sizeof last) == sizeof last)
        ;
    close(acks[0]);
    g_autofree char *left = value_of(f->store, "left");
    g_autofree char *right = value_of(f->store, "right");
    g_assert_cmpstr(left, ==, right);
    g_assert_cmpint(atoi(left), >=, last);
}

static void test_sqlite_damaged(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(f->dir, "damaged.db", NULL);
    g_assert_true(
        g_file_set_contents(path, "this is no database, it is a text of some length ...............", -1, NULL));
    g_assert_null(fct_store_sqlite_open(path, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_INTERNAL);
    g_assert_nonnull(strstr(error->message, path));
    g_autoptr(json_t) told = fct_error_to_json(error);
    g_assert_nonnull(strstr(fct_json_str(told, "next", ""), "--new-state"));
}

#define BOTH(name, func)                                                                                               \
    g_test_add("/store/sqlite/" name, Fixture, NULL, open_sqlite, func, shut);                                         \
    g_test_add("/store/memory/" name, Fixture, NULL, open_memory, func, shut)
#define SQLITE(name, func) g_test_add("/store/sqlite/" name, Fixture, NULL, open_sqlite, func, shut)

/* security.md S13: a database that is gone or empty, where Facet has kept its state, is no new installation. */
static void test_sqlite_lost(Fixture *f, gconstpointer data)
{
    g_autofree char *wal = g_strconcat(f->path, "-wal", NULL);
    g_autoptr(GError) gone = NULL, empty = NULL, error = NULL;
    g_assert_true(put(f->store, "a/1", "x", FCT_REV_NONE, NULL, NULL));
    fct_store_free(f->store);
    g_unlink(wal);
    g_assert_cmpint(g_unlink(f->path), ==, 0);
    g_assert_null(fct_store_sqlite_open(f->path, &gone));
    g_assert_error(gone, FCT_ERROR, FCT_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(gone->message, f->path));
    g_assert_false(g_file_test(f->path, G_FILE_TEST_EXISTS)); /* and it stays so */
    g_assert_true(g_file_set_contents(f->path, "", 0, NULL));
    g_assert_null(fct_store_sqlite_open(f->path, &empty));
    g_assert_error(empty, FCT_ERROR, FCT_ERROR_NOT_FOUND);
    g_assert_true(fct_store_sqlite_begin_anew(f->path, &error));
    g_assert_no_error(error);
    f->store = fct_store_sqlite_open(f->path, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) docs = f->store->ops->list(f->store, "", NULL);
    g_assert_cmpuint(docs->len, ==, 0);
}

static void spoil(const char *path, const char *sql)
{
    sqlite3 *db;
    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
}

/* One document that is no JSON does not keep the others from being read; nothing of it is thrown away. */
static void test_sqlite_broken_document(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(put(f->store, "a/1", "x", FCT_REV_NONE, NULL, NULL));
    fct_store_free(f->store);
    g_log_set_always_fatal(G_LOG_LEVEL_ERROR); /* it warns, and shall */
    spoil(f->path, "INSERT INTO docs VALUES('a/2', 1, '{\"half\":'), ('b/1', 1, '')");
    f->store = fct_store_sqlite_open(f->path, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) docs = f->store->ops->list(f->store, "a/", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(docs->len, ==, 1);
    g_autoptr(GPtrArray) aside = f->store->ops->list(f->store, FCT_STORE_ASIDE, &error);
    g_assert_cmpuint(aside->len, ==, 2);
    const FctDoc *doc = aside->pdata[0];
    g_assert_cmpstr(doc->key, ==, FCT_STORE_ASIDE "a/2");
    g_assert_cmpstr(fct_json_str(doc->value, "text", ""), ==, "{\"half\":");
}

/* Whether a file of the store has @text somewhere; one in memory has no files. */
static gboolean is_in_files(Fixture *f, const char *text)
{
    g_autoptr(GDir) dir = f->dir ? g_dir_open(f->dir, 0, NULL) : NULL;
    gboolean is = FALSE;
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(f->dir, name, NULL), *bytes = NULL;
        gsize length;
        g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
        is |= memmem(bytes, length, text, strlen(text)) != NULL;
    }
    return is;
}

/* Neither the database nor its log has what was deleted before. */
static void test_scrub(Fixture *f, gconstpointer data)
{
    static const char *const secret = "correct-horse-battery-staple";
    g_autoptr(GError) error = NULL;
    g_assert_true(put(f->store, "vm/1", secret, FCT_REV_NONE, NULL, &error));
    g_assert_true(put(f->store, "vm/1", "spent", FCT_REV_ANY, NULL, &error));
    g_assert_no_error(error);
    f->store->ops->scrub(f->store, &error);
    g_assert_no_error(error);
    g_autofree char *value = value_of(f->store, "vm/1");
    g_assert_cmpstr(value, ==, "spent");
    g_assert_false(is_in_files(f, secret));
}

/* Each kind of document that holds a secret, and what replaces it. */
static const struct {
    const char *key, *with, *without;
} secrets[] = {
    {"vm/1", "{'first_boot': {'hash': 'SECRET', 'user': 'a'}}", "{'first_boot': {'hash': '', 'user': 'a'}}"},
    {"vm/2", "{'first_boot': {'hash': '', 'user_data': 'SECRET'}}", "{'first_boot': null}"},
    {"vm-origin/1", "{'xml': 'SECRET'}", "{'xml': ''}"},
    {"template/1", "{'input': {'cloud_init': {'user_data': 'SECRET'}}}", "{'input': {}}"},
    {"user/a", "{'hash': 'SECRET'}", "{'hash': 'other'}"},
    {"secret/browser", "{'key': 'SECRET'}", "{'key': 'other'}"},
    {"aside/vm/1", "{'text': 'SECRET'}", "{'text': ''}"},
};

static void write_text(FctStore *store, const char *key, const char *text, const char *secret)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) filled = g_string_new(text);
    g_string_replace(filled, "'", "\"", 0);
    g_string_replace(filled, "SECRET", secret, 0);
    g_autoptr(json_t) value = text ? fct_json_parse(filled->str, filled->len, &error) : NULL;
    g_assert_no_error(error);
    const FctWrite write = {key, value, FCT_REV_ANY};
    store->ops->commit(store, &write, 1, NULL, &error);
    g_assert_no_error(error);
}

/* Nobody has to ask for it: what no document has any more is in no file when the commit returns. */
static void test_secrets_leave(Fixture *f, gconstpointer data)
{
    for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++) {
        g_autofree char *replaced = g_strdup_printf("correct-horse-%" G_GSIZE_FORMAT, i);
        g_autofree char *deleted = g_strdup_printf("battery-staple-%" G_GSIZE_FORMAT, i);
        write_text(f->store, secrets[i].key, secrets[i].with, replaced);
        write_text(f->store, secrets[i].key, secrets[i].without, "");
        g_assert_false(is_in_files(f, replaced));
        write_text(f->store, secrets[i].key, secrets[i].with, deleted);
        write_text(f->store, secrets[i].key, NULL, "");
        g_assert_false(is_in_files(f, deleted));
    }
}

/* Emptying the log costs several flushes: a change that takes no secret away does not pay for it. */
static void test_sqlite_secrets_stay(Fixture *f, gconstpointer data)
{
    g_autofree char *wal = g_strconcat(f->path, "-wal", NULL);
    GStatBuf before, after;
    write_text(f->store, secrets[0].key, secrets[0].with, "staple");
    g_assert_cmpint(g_stat(wal, &before), ==, 0);
    write_text(f->store, secrets[0].key, "{'first_boot': {'hash': 'SECRET'}, 'state': 'ready'}", "staple");
    g_assert_cmpint(g_stat(wal, &after), ==, 0);
    g_assert_cmpint(after.st_size, >, before.st_size);
}

/* Another program reads the database, so the log has to stay; a later start empties it. The commit stands. */
static void test_sqlite_secret_is_held(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    sqlite3 *other;
    write_text(f->store, secrets[0].key, secrets[0].with, "correct-horse");
    g_assert_cmpint(sqlite3_open(f->path, &other), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(other, "BEGIN; SELECT * FROM docs", NULL, NULL, NULL), ==, SQLITE_OK);
    g_log_set_always_fatal(G_LOG_LEVEL_ERROR); /* it warns, and shall */
    write_text(f->store, secrets[0].key, NULL, "");
    g_assert_true(is_in_files(f, "correct-horse"));
    sqlite3_exec(other, "COMMIT", NULL, NULL, NULL);
    FctStore *second = fct_store_sqlite_open(f->path, &error); /* as after a kill: nobody shut the first one */
    g_assert_no_error(error);
    g_assert_false(is_in_files(f, "correct-horse"));
    fct_store_free(second);
    sqlite3_close(other);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    BOTH("get-put-delete", test_get_put_delete);
    BOTH("values-are-copies", test_values_are_copies);
    BOTH("list", test_list);
    BOTH("expectations", test_expectations);
    BOTH("all-or-nothing", test_all_or_nothing);
    BOTH("watch", test_watch);
    BOTH("threads", test_threads);
    BOTH("scrub", test_scrub);
    BOTH("secrets-leave", test_secrets_leave);
    g_test_add("/store/memory/full", Fixture, NULL, open_memory, test_memory_full, shut);
    SQLITE("secrets-stay", test_sqlite_secrets_stay);
    SQLITE("secret-is-held", test_sqlite_secret_is_held);
    SQLITE("write-faults", test_sqlite_write_faults);
    SQLITE("full", test_sqlite_full);
    SQLITE("full-takes-away", test_sqlite_full_takes_away);
    SQLITE("survives-close", test_sqlite_survives_close);
    SQLITE("survives-kill", test_sqlite_survives_kill);
    SQLITE("damaged", test_sqlite_damaged);
    SQLITE("lost", test_sqlite_lost);
    SQLITE("broken-document", test_sqlite_broken_document);
    return g_test_run();
}

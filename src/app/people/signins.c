/* SPDX-License-Identifier: Apache-2.0 */
#include "app/people/signins.h"

#include "app/api/proxies.h"
#include "base/scope.h"

#include <sodium.h>
#include <string.h>

#define WINDOW_MS 60000
#define FAILURES_PAIR 5     /* failures for one account from one address, in a window */
#define FAILURES_ONE 30     /* failures for one account, or from one address */
#define FAILURES_BROWSER 10 /* failures of one known browser */
#define ROWS_REFUSED 60     /* rows of the audit trail for one account */
#define KEYS_MAX 20000      /* keys that are counted at once */
#define MINUTE_MS 60000LL
#define ROWS_MAX 64 /* addresses of one minute; further ones share one row */
#define NAMES_MAX 4 /* of one row */
#define MINUTES_KEPT 500
#define STORE_MS 10000 /* between two writes */
#define KEY "secret/browser"

typedef struct {
    gint64 since_ms;
    guint count;
} Failures;

typedef struct {
    char *address; /* "": the row that further addresses share */
    guint64 count;
    char *names[NAMES_MAX];
} Row;

struct FctSignins {
    FctApp *app;
    guint8 key[FCT_BROWSER_KEY];
    GMutex lock;
    GHashTable *failures; /* char* → Failures* */
    GQueue minutes;       /* json_t*: finished minutes, oldest first */
    gint64 minute;        /* the minute that is being counted, in ms; 0: none */
    GPtrArray *rows;      /* Row*, of it */
    gint64 stored_ms;
    gboolean dirty;
};

static gint64 steady_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

static void row_free(Row *row)
{
    g_free(row->address);
    for (gsize i = 0; i < NAMES_MAX; i++)
        g_free(row->names[i]);
    g_free(row);
}

/* ---- who may try ---- */

static guint failures_of(FctSignins *signins, const char *key)
{
    const Failures *failures = g_hash_table_lookup(signins->failures, key);
    return failures && steady_ms() - failures->since_ms < WINDOW_MS ? failures->count : 0;
}

static gboolean is_over(gpointer key, gpointer failures, gpointer unused)
{
    return steady_ms() - ((Failures *)failures)->since_ms >= WINDOW_MS;
}

static void add_failure(FctSignins *signins, const char *key)
{
    Failures *failures = g_hash_table_lookup(signins->failures, key);
    if (!failures) {
        if (g_hash_table_size(signins->failures) >= KEYS_MAX)
            g_hash_table_foreach_remove(signins->failures, is_over, NULL);
        if (g_hash_table_size(signins->failures) >= KEYS_MAX)
            g_hash_table_remove_all(signins->failures); /* tried from everywhere: counting is no help */
        failures = g_new0(Failures, 1);
        g_hash_table_insert(signins->failures, g_strdup(key), failures);
    }
    if (steady_ms() - failures->since_ms >= WINDOW_MS)
        *failures = (Failures){.since_ms = steady_ms()};
    failures->count++;
}

typedef struct {
    char *browser, *pair, *account, *address; /* browser NULL: neither known nor signed in */
} Keys;

static void keys_clear(Keys *keys)
{
    g_free(keys->browser);
    g_free(keys->pair);
    g_free(keys->account);
    g_free(keys->address);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Keys, keys_clear)

static Keys keys_of(FctSignins *signins, const FctAttempt *attempt, const char *hash)
{
    g_autoptr(FctBrowser) browser = hash ? fct_signins_browser_of(signins, attempt->browser) : NULL;
    g_autofree char *place = fct_place_of_address(attempt->address);
    gboolean known = browser && fct_browser_is_of(browser, attempt->name, hash);
    return (Keys){.browser = attempt->signed_in ? g_strdup_printf("signed in %s", attempt->signed_in)
                             : known            ? g_strdup_printf("browser %s", browser->id)
                                                : NULL,
                  .pair = g_strdup_printf("pair %s %s", place, attempt->name),
                  .account = g_strdup_printf("account %s", attempt->name),
                  .address = g_strdup_printf("address %s", place)};
}

gboolean fct_signins_may_try(FctSignins *signins, const FctAttempt *attempt, const char *hash, GError **error)
{
    g_auto(Keys) keys = keys_of(signins, attempt, hash);
    g_mutex_lock(&signins->lock);
    gboolean known = keys.browser && failures_of(signins, keys.browser) < FAILURES_BROWSER;
    gboolean may = known || (failures_of(signins, keys.pair) < FAILURES_PAIR &&
                             failures_of(signins, keys.account) < FAILURES_ONE &&
                             failures_of(signins, keys.address) < FAILURES_ONE);
    g_mutex_unlock(&signins->lock);
    if (!may)
        fct_set_error_full(error, FCT_ERROR_TOO_MANY,
                           "Wait a minute, or sign in with a browser that has been signed in here before.", NULL,
                           "Too many failed attempts to sign in.");
    return may;
}

void fct_signins_passed(FctSignins *signins, const FctAttempt *attempt, const char *hash)
{
    g_auto(Keys) keys = keys_of(signins, attempt, hash);
    fct_autolock(&signins->lock);
    /* Failures of others at the same address stay counted: the owner's sign-in gives them no new tries. */
    g_hash_table_remove(signins->failures, keys.browser ? keys.browser : keys.pair);
}

void fct_signins_failed(FctSignins *signins, const FctAttempt *attempt, const char *hash)
{
    g_auto(Keys) keys = keys_of(signins, attempt, hash);
    fct_autolock(&signins->lock);
    if (keys.browser && failures_of(signins, keys.browser) < FAILURES_BROWSER) {
        add_failure(signins, keys.browser);
    } else {
        add_failure(signins, keys.pair);
        add_failure(signins, keys.account);
        add_failure(signins, keys.address);
    }
}

/* ---- browsers ---- */

FctBrowser *fct_signins_browser_of(FctSignins *signins, const char *cookie)
{
    return fct_browser_read(signins->key, cookie, fct_app_now_ms());
}

char *fct_signins_browser(FctSignins *signins, const FctAttempt *attempt, const char *hash)
{
    g_autoptr(FctBrowser) browser = fct_signins_browser_of(signins, attempt->browser);
    if (browser && fct_browser_is_of(browser, attempt->name, hash))
        return NULL;
    g_autofree char *id = fct_app_new_id("browser");
    return fct_browser_make(signins->key, attempt->name, hash, id, fct_app_now_ms());
}

static gboolean load_key(FctSignins *signins, GError **error)
{
    FctStore *store = signins->app->store;
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctDoc) doc = store->ops->get(store, KEY, &fault);
    char text[2 * FCT_BROWSER_KEY + 1];
    if (!doc && !g_error_matches(fault, FCT_ERROR, FCT_ERROR_NOT_FOUND))
        return fct_error_pass(error, &fault);
    gsize length = 0;
    const char *hex = doc ? fct_json_str(doc->value, "key", "") : "";
    if (sodium_hex2bin(signins->key, sizeof signins->key, hex, strlen(hex), NULL, &length, NULL) == 0 &&
        length == sizeof signins->key)
        return TRUE;
    randombytes_buf(signins->key, sizeof signins->key);
    sodium_bin2hex(text, sizeof text, signins->key, sizeof signins->key);
    g_autoptr(json_t) json = json_pack("{s:s}", "key", text);
    FctWrite write = {KEY, json, FCT_REV_ANY};
    return store->ops->commit(store, &write, 1, NULL, error);
}

/* ---- what failed ---- */

static json_t *row_json(gint64 minute, const Row *row)
{
    json_t *names = json_array();
    for (gsize i = 0; i < NAMES_MAX && row->names[i]; i++)
        json_array_append_new(names, json_string(row->names[i]));
    return json_pack("{s:I, s:s, s:I, s:o}", "minute_ms", (json_int_t)minute, "address", row->address, "count",
                     (json_int_t)row->count, "names", names);
}

static json_t *minute_json(const FctSignins *signins)
{
    json_t *rows = json_array();
    for (guint i = 0; i < signins->rows->len; i++)
        json_array_append_new(rows, row_json(signins->minute, signins->rows->pdata[i]));
    return json_pack("{s:I, s:o}", "minute_ms", (json_int_t)signins->minute, "rows", rows);
}

static char *minute_key(gint64 minute)
{
    return g_strdup_printf("refused/%020" G_GINT64_FORMAT, minute);
}

/* Stored under the lock: that is rare, and only the refused wait for it. */
static void store_minute(FctSignins *signins)
{
    FctStore *store = signins->app->store;
    g_autoptr(GError) fault = NULL;
    g_autoptr(json_t) json = minute_json(signins);
    g_autofree char *key = minute_key(signins->minute), *old_key = NULL;
    FctWrite writes[2] = {{key, json, FCT_REV_ANY}};
    gsize n = 1;
    if (g_queue_get_length(&signins->minutes) > MINUTES_KEPT) {
        g_autoptr(json_t) old = g_queue_pop_head(&signins->minutes);
        old_key = minute_key(fct_json_int(old, "minute_ms", 0));
        writes[n++] = (FctWrite){old_key, NULL, FCT_REV_ANY};
    }
    signins->stored_ms = steady_ms();
    signins->dirty = FALSE;
    if (!store->ops->commit(store, writes, n, NULL, &fault))
        g_warning("Failed sign-ins are kept in memory alone: %s", fault->message);
}

static void begin_minute(FctSignins *signins, gint64 minute)
{
    if (signins->minute) {
        if (signins->dirty)
            store_minute(signins);
        g_queue_push_tail(&signins->minutes, minute_json(signins));
    }
    const json_t *last = g_queue_peek_tail(&signins->minutes);
    signins->minute = MAX(minute, fct_json_int(last, "minute_ms", 0) + 1); /* facetd was started twice in one minute */
    g_ptr_array_set_size(signins->rows, 0);
}

static Row *signins_row(FctSignins *signins, const char *address)
{
    const char *wanted = address;
    for (guint i = 0; i < signins->rows->len; i++)
        if (strcmp(((Row *)signins->rows->pdata[i])->address, wanted) == 0)
            return signins->rows->pdata[i];
    if (signins->rows->len >= ROWS_MAX && *address)
        return signins_row(signins, "");
    Row *row = g_new0(Row, 1);
    row->address = g_strdup(address);
    g_ptr_array_add(signins->rows, row);
    return row;
}

static void add_name(Row *row, const char *name)
{
    for (gsize i = 0; *name && i < NAMES_MAX; i++) {
        if (!row->names[i])
            row->names[i] = g_strdup(name);
        if (strcmp(row->names[i], name) == 0)
            return;
    }
}

void fct_signins_refused(FctSignins *signins, const char *address, const char *name)
{
    gint64 minute = fct_app_now_ms() / MINUTE_MS * MINUTE_MS;
    g_autofree char *place = fct_place_of_address(address);
    fct_autolock(&signins->lock);
    if (minute > signins->minute)
        begin_minute(signins, minute);
    Row *row = signins_row(signins, place);
    row->count++;
    add_name(row, name);
    signins->dirty = TRUE;
    if (!signins->stored_ms || steady_ms() - signins->stored_ms >= STORE_MS)
        store_minute(signins);
}

gboolean fct_signins_refused_again(FctSignins *signins, const char *account)
{
    g_autofree char *key = g_strdup_printf("refused %s", account);
    fct_autolock(&signins->lock);
    add_failure(signins, key);
    return failures_of(signins, key) > ROWS_REFUSED;
}

static void append_rows(json_t *items, const json_t *minute)
{
    json_array_extend(items, json_object_get(minute, "rows"));
}

json_t *fct_signins_list(FctSignins *signins)
{
    json_t *items = json_array();
    g_mutex_lock(&signins->lock);
    g_autoptr(json_t) present = signins->minute ? minute_json(signins) : NULL;
    append_rows(items, present);
    for (const GList *l = signins->minutes.tail; l; l = l->prev)
        append_rows(items, l->data);
    g_mutex_unlock(&signins->lock);
    return items;
}

/* ---- the whole ---- */

FctSignins *fct_signins_new(FctApp *app, GError **error)
{
    FctSignins *signins = g_new0(FctSignins, 1);
    signins->app = app;
    g_mutex_init(&signins->lock);
    g_queue_init(&signins->minutes);
    signins->failures = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    signins->rows = g_ptr_array_new_with_free_func((GDestroyNotify)row_free);
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, "refused/", error);
    if (!docs || !load_key(signins, error)) {
        fct_signins_free(signins);
        return NULL;
    }
    for (guint i = 0; i < docs->len; i++)
        g_queue_push_tail(&signins->minutes, json_incref(((FctDoc *)docs->pdata[i])->value));
    return signins;
}

void fct_signins_free(FctSignins *signins)
{
    if (!signins)
        return;
    if (signins->dirty)
        store_minute(signins);
    g_queue_clear_full(&signins->minutes, (GDestroyNotify)json_decref);
    g_ptr_array_unref(signins->rows);
    g_hash_table_unref(signins->failures);
    g_mutex_clear(&signins->lock);
    sodium_memzero(signins->key, sizeof signins->key);
    g_free(signins);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "app/people/auth.h"

#include "app/people/account.h"
#include "app/people/signins.h"
#include "app/shared/secret.h"
#include "base/scope.h"

#include <sodium.h>
#include <string.h>

#define SESSION_IDLE_MS (12 * 3600 * 1000LL)    /* without a request */
#define SESSION_MAX_MS (7 * 24 * 3600 * 1000LL) /* in all */
#define SEEN_STORE_MS (15 * 60 * 1000LL)        /* how often "last seen" is written to the disk */
#define SESSIONS_MAX 100                        /* per account; with one more, the longest unseen ends */

typedef struct {
    char *name, *role, *hash;
} User;

typedef struct {
    char *user;
    gint64 created_ms, seen_ms, stored_ms;
} Session;

struct FctAuth {
    FctApp *app;
    GMutex lock;          /* the tables */
    GMutex hashing;       /* one argon2id at a time, since each takes 64 MiB */
    GMutex changing;      /* one change of a password at a time; taken before `lock` */
    GHashTable *users;    /* name → User* */
    GHashTable *sessions; /* hash of the secret → Session* */
    FctTokens *tokens;
    FctAuthEnded on_end;
    gpointer on_end_data;
};

static void user_free(User *user)
{
    g_free(user->name);
    g_free(user->role);
    g_free(user->hash);
    g_free(user);
}

static void session_free(Session *session)
{
    g_free(session->user);
    g_free(session);
}

char *fct_auth_cookie(const char *secret)
{
    return g_strdup_printf("facet_session=%s; Path=/; HttpOnly; Secure; SameSite=Strict%s", secret,
                           *secret ? "" : "; Max-Age=0");
}

static char *hash_password(FctAuth *auth, const char *password, GError **error)
{
    fct_autolock(&auth->hashing);
    return fct_account_hash(password, error);
}

static gboolean store_one(FctAuth *auth, const char *prefix, const char *id, json_t *value, GError **error)
{
    g_autofree char *key = g_strdup_printf("%s/%s", prefix, id);
    FctWrite write = {key, value, FCT_REV_ANY};
    return auth->app->store->ops->commit(auth->app->store, &write, 1, NULL, error);
}

/* ---- opening ---- */

static gboolean make_admin(FctAuth *auth, GError **error)
{
    const char *given = g_getenv("FACET_ADMIN_PASSWORD");
    g_autofree char *password = given && *given ? g_strdup(given) : fct_secret_new("");
    if (!(given && *given)) {
        password[20] = '\0'; /* 120 bits, still fit for typing */
        g_autofree char *path = g_build_filename(auth->app->config.state_dir, "initial-password", NULL);
        g_autofree char *line = g_strconcat(password, "\n", NULL);
        if (!g_file_set_contents_full(path, line, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                      0600, error))
            return FALSE;
    }
    g_autofree char *hash = hash_password(auth, password, error);
    if (!hash)
        return FALSE;
    g_autoptr(json_t) json =
        json_pack("{s:s, s:s, s:I}", "role", "admin", "hash", hash, "created_ms", (json_int_t)fct_app_now_ms());
    if (!store_one(auth, "user", "admin", json, error))
        return FALSE;
    User *user = g_new(User, 1);
    *user = (User){g_strdup("admin"), g_strdup("admin"), g_strdup(hash)};
    g_hash_table_insert(auth->users, user->name, user);
    return TRUE;
}

static void load_user(FctAuth *auth, const char *name, const json_t *json)
{
    User *user = g_new(User, 1);
    *user = (User){g_strdup(name), g_strdup(fct_json_str(json, "role", "viewer")),
                   g_strdup(fct_json_str(json, "hash", ""))};
    g_hash_table_insert(auth->users, user->name, user);
}

static void load_session(FctAuth *auth, const char *digest, const json_t *json)
{
    Session *session = g_new(Session, 1);
    gint64 seen = fct_json_int(json, "seen_ms", 0);
    *session = (Session){g_strdup(fct_json_str(json, "user", "")), fct_json_int(json, "created_ms", 0), seen, seen};
    g_hash_table_insert(auth->sessions, g_strdup(digest), session);
}

static gboolean auth_load(FctAuth *auth, const char *prefix, void (*one)(FctAuth *, const char *, const json_t *),
                          GError **error)
{
    g_autoptr(GPtrArray) docs = auth->app->store->ops->list(auth->app->store, prefix, error);
    for (guint i = 0; docs && i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        one(auth, doc->key + strlen(prefix), doc->value);
    }
    return docs != NULL;
}

static gboolean session_is_old(const Session *session)
{
    gint64 now = fct_app_now_ms();
    return now - session->seen_ms > SESSION_IDLE_MS || now - session->created_ms > SESSION_MAX_MS;
}

static void drop_old_sessions(FctAuth *auth)
{
    GHashTableIter iter;
    gpointer digest, session;
    g_hash_table_iter_init(&iter, auth->sessions);
    while (g_hash_table_iter_next(&iter, &digest, &session)) {
        g_autoptr(GError) error = NULL;
        if (!session_is_old(session))
            continue;
        if (!store_one(auth, "session", digest, NULL, &error))
            g_warning("An old session stays on disk: %s", error->message);
        g_hash_table_iter_remove(&iter);
    }
}

static gboolean session_lives(gpointer data, const char *login)
{
    return fct_auth_live(data, login, FALSE);
}

FctAuth *fct_auth_new(FctApp *app, GError **error)
{
    FctAuth *auth = g_new0(FctAuth, 1);
    auth->app = app;
    g_mutex_init(&auth->lock);
    g_mutex_init(&auth->hashing);
    g_mutex_init(&auth->changing);
    auth->users = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)user_free);
    auth->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)session_free);
    if (!auth_load(auth, "user/", load_user, error) || !auth_load(auth, "session/", load_session, error) ||
        !(auth->tokens = fct_tokens_open(app, session_lives, auth, error)) ||
        (g_hash_table_size(auth->users) == 0 && !make_admin(auth, error))) {
        fct_auth_free(auth);
        return NULL;
    }
    drop_old_sessions(auth);
    return auth;
}

void fct_auth_on_end(FctAuth *auth, FctAuthEnded ended, gpointer data)
{
    auth->on_end = ended;
    auth->on_end_data = data;
}

void fct_auth_ended(FctAuth *auth)
{
    if (auth->on_end)
        auth->on_end(auth->on_end_data);
}

void fct_auth_free(FctAuth *auth)
{
    if (!auth)
        return;
    g_hash_table_unref(auth->users);
    g_hash_table_unref(auth->sessions);
    fct_tokens_free(auth->tokens);
    g_mutex_clear(&auth->lock);
    g_mutex_clear(&auth->hashing);
    g_mutex_clear(&auth->changing);
    g_free(auth);
}

/* ---- who calls ---- */

static json_t *session_json(const Session *session)
{
    return json_pack("{s:s, s:I, s:I}", "user", session->user, "created_ms", (json_int_t)session->created_ms, "seen_ms",
                     (json_int_t)session->seen_ms);
}

/* Stores only over an existing document, so that a session that was ended meanwhile does not come back. */
static void store_seen(FctAuth *auth, const char *digest, json_t *session)
{
    FctStore *store = auth->app->store;
    g_autofree char *key = g_strdup_printf("session/%s", digest);
    g_autoptr(FctDoc) present = store->ops->get(store, key, NULL);
    FctWrite write = {key, session, present ? present->revision : FCT_REV_NONE};
    if (!present || !store->ops->commit(store, &write, 1, NULL, NULL))
        g_debug("last seen is not stored");
}

FctIdentity *fct_auth_by_session(FctAuth *auth, const char *secret)
{
    g_autofree char *digest = fct_secret_digest(secret);
    g_autoptr(json_t) store = NULL;
    FctIdentity *identity = NULL;
    g_mutex_lock(&auth->lock);
    Session *session = g_hash_table_lookup(auth->sessions, digest);
    const User *user = session && !session_is_old(session) ? g_hash_table_lookup(auth->users, session->user) : NULL;
    if (user) {
        identity = fct_identity_new(user->name, user->name, user->role);
        identity->makes = TRUE;
        identity->login = g_strdup_printf("session/%s", digest);
        session->seen_ms = fct_app_now_ms();
        if (session->seen_ms - session->stored_ms > SEEN_STORE_MS) {
            session->stored_ms = session->seen_ms;
            store = session_json(session);
        }
    }
    g_mutex_unlock(&auth->lock);
    if (store)
        store_seen(auth, digest, store);
    return identity;
}

/* ---- signing in ---- */

static gboolean auth_verify(FctAuth *auth, const char *hash, const char *password)
{
    /* Checks a hash for unknown names too: the time of the answer must not tell which names exist. */
    static const char *const nobody = "$argon2id$v=19$m=65536,t=2,p=1$YWFhYWFhYWFhYWFhYWFhYQ$"
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    char padded[crypto_pwhash_STRBYTES] = {0};
    g_strlcpy(padded, hash ? hash : nobody, sizeof padded);
    g_mutex_lock(&auth->hashing);
    int rc = crypto_pwhash_str_verify(padded, password, strlen(password));
    g_mutex_unlock(&auth->hashing);
    return hash && rc == 0;
}

/*
 * The lock is held. Takes out sessions that are too old, and those of @user that are too many; returns their keys in
 * the store.
 */
static GPtrArray *take_surplus(FctAuth *auth, const char *user)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer digest, value, longest = NULL;
    gint64 seen_ms = G_MAXINT64;
    guint count = 0;
    g_hash_table_iter_init(&iter, auth->sessions);
    while (g_hash_table_iter_next(&iter, &digest, &value)) {
        const Session *session = value;
        if (session_is_old(session)) {
            g_ptr_array_add(keys, g_strdup_printf("session/%s", (const char *)digest));
            g_hash_table_iter_remove(&iter);
        } else if (strcmp(session->user, user) == 0) {
            count++;
            longest = session->seen_ms < seen_ms ? digest : longest;
            seen_ms = MIN(seen_ms, session->seen_ms);
        }
    }
    if (count >= SESSIONS_MAX) {
        g_ptr_array_add(keys, g_strdup_printf("session/%s", (const char *)longest));
        g_hash_table_remove(auth->sessions, longest);
    }
    return keys;
}

/*
 * Puts the session into memory first, where a change of the password finds it; the caller stores it then. NULL: @hash
 * is not the account's password any more. Takes @session over.
 */
static GPtrArray *auth_admit(FctAuth *auth, const char *digest, Session *session, const char *hash)
{
    GPtrArray *surplus = NULL;
    fct_autolock(&auth->lock);
    const User *user = g_hash_table_lookup(auth->users, session->user);
    if (user && strcmp(user->hash, hash) == 0) {
        surplus = take_surplus(auth, session->user);
        g_hash_table_insert(auth->sessions, g_strdup(digest), session);
    } else {
        session_free(session);
    }
    return surplus;
}

static gboolean store_session(FctAuth *auth, const char *digest, json_t *session, const GPtrArray *surplus,
                              GError **error)
{
    g_autofree FctWrite *writes = g_new(FctWrite, surplus->len + 1);
    g_autofree char *key = g_strdup_printf("session/%s", digest);
    writes[0] = (FctWrite){key, session, FCT_REV_NONE};
    for (guint i = 0; i < surplus->len; i++)
        writes[i + 1] = (FctWrite){surplus->pdata[i], NULL, FCT_REV_ANY};
    return auth->app->store->ops->commit(auth->app->store, writes, surplus->len + 1, NULL, error);
}

static void auth_set_wrong_password(GError **error)
{
    fct_set_error_full(error, FCT_ERROR_UNAUTHENTICATED, "Check both; capitals count.", NULL,
                       "The name or the password is wrong.");
}

/* @hash: the one that the password was checked against. If it has changed meanwhile, the password was wrong. */
static char *open_session(FctAuth *auth, const char *user, const char *hash, GError **error)
{
    g_autofree char *secret = fct_secret_new("");
    g_autofree char *digest = fct_secret_digest(secret);
    gint64 now = fct_app_now_ms();
    Session *session = g_new(Session, 1);
    *session = (Session){g_strdup(user), now, now, now};
    g_autoptr(json_t) json = session_json(session);
    g_autoptr(GPtrArray) surplus = auth_admit(auth, digest, session, hash);
    gboolean stored = surplus && store_session(auth, digest, json, surplus, error);
    g_mutex_lock(&auth->lock);
    gboolean live = g_hash_table_contains(auth->sessions, digest);
    if (!stored)
        g_hash_table_remove(auth->sessions, digest);
    g_mutex_unlock(&auth->lock);
    if (stored && live)
        return g_steal_pointer(&secret);
    if (stored && !store_one(auth, "session", digest, NULL, NULL))
        g_debug("a session whose secret nobody has stays on disk until it is old");
    if (stored || !surplus)
        auth_set_wrong_password(error);
    return NULL;
}

FctIdentity *fct_auth_login(FctAuth *auth, const FctAttempt *attempt, const char *password, char **ret_secret,
                            GError **error)
{
    FctSignins *signins = auth->app->signins;
    g_autofree char *hash = NULL;
    g_autoptr(FctIdentity) identity = NULL;
    g_mutex_lock(&auth->lock);
    const User *user = g_hash_table_lookup(auth->users, attempt->name);
    if (user) {
        identity = fct_identity_new(user->name, user->name, user->role);
        hash = g_strdup(user->hash);
    }
    g_mutex_unlock(&auth->lock);
    if (!fct_signins_may_try(signins, attempt, hash, error))
        return NULL;
    if (!auth_verify(auth, hash, password)) {
        fct_signins_failed(signins, attempt, hash);
        auth_set_wrong_password(error);
        return NULL;
    }
    *ret_secret = open_session(auth, attempt->name, hash, error);
    if (!*ret_secret)
        return NULL;
    fct_signins_passed(signins, attempt, hash);
    return g_steal_pointer(&identity);
}

char *fct_auth_browser(FctAuth *auth, const char *account, const char *cookie)
{
    g_autofree char *hash = NULL;
    const FctAttempt attempt = {.name = account, .browser = cookie};
    g_mutex_lock(&auth->lock);
    const User *user = g_hash_table_lookup(auth->users, account);
    if (user)
        hash = g_strdup(user->hash);
    g_mutex_unlock(&auth->lock);
    return hash ? fct_signins_browser(auth->app->signins, &attempt, hash) : NULL;
}

gboolean fct_auth_knows(FctAuth *auth, const char *secret)
{
    g_autofree char *digest = fct_secret_digest(secret);
    g_mutex_lock(&auth->lock);
    const Session *session = g_hash_table_lookup(auth->sessions, digest);
    gboolean knows = session && !session_is_old(session);
    g_mutex_unlock(&auth->lock);
    return knows || fct_tokens_knows(auth->tokens, secret);
}

FctTokens *fct_auth_tokens(FctAuth *auth)
{
    return auth->tokens;
}

FctIdentity *fct_auth_by_token(FctAuth *auth, const char *secret)
{
    FctIdentity *who = fct_tokens_identify(auth->tokens, secret);
    if (!who || who->by != FCT_BY_LOGIN)
        return who;
    /*
     * A login may do what its account may. Logins of lesser role, which earlier versions made, are limited like tokens.
     */
    fct_autolock(&auth->lock);
    const User *user = g_hash_table_lookup(auth->users, who->account);
    if (!user || strcmp(user->role, who->role) != 0)
        who->by = FCT_BY_TOKEN;
    return who;
}

/* ---- what ends ---- */

gboolean fct_auth_live(FctAuth *auth, const char *login, gboolean use)
{
    if (g_str_has_prefix(login, "token/"))
        return fct_tokens_live(auth->tokens, login + strlen("token/"), use);
    fct_autolock(&auth->lock);
    Session *session = g_hash_table_lookup(auth->sessions, login + strlen("session/"));
    gboolean live = session && !session_is_old(session) && g_hash_table_contains(auth->users, session->user);
    if (live && use)
        session->seen_ms = fct_app_now_ms();
    return live;
}

/* Deletes it from the store first: a session that was said to have ended must not come back after a restart. */
static gboolean end_session(FctAuth *auth, const char *secret, GError **error)
{
    g_autofree char *digest = fct_secret_digest(secret);
    if (!store_one(auth, "session", digest, NULL, error))
        return FALSE;
    fct_autolock(&auth->lock);
    g_hash_table_remove(auth->sessions, digest);
    return TRUE;
}

gboolean fct_auth_logout(FctAuth *auth, const FctIdentity *who, const char *secret, GError **error)
{
    gboolean ok = who->token ? fct_tokens_drop(auth->tokens, who, who->token, error) : end_session(auth, secret, error);
    fct_auth_ended(auth);
    return ok;
}

/* ---- another password ---- */

/*
 * From here on the old password is refused, and sessions that are about to end can do nothing more. Returns the
 * sessions of the account, taken out of memory, except @spared (may be NULL). NULL: the session @proof, which was
 * opened with the old password, has ended.
 */
static GHashTable *begin_change(FctAuth *auth, const char *account, const char *proof, const char *spared,
                                const char *hash, char **ret_before)
{
    GHashTable *taken = NULL;
    GHashTableIter iter;
    gpointer digest, session;
    fct_autolock(&auth->lock);
    if (g_hash_table_contains(auth->sessions, proof)) {
        User *user = g_hash_table_lookup(auth->users, account);
        *ret_before = user->hash;
        user->hash = g_strdup(hash);
        taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)session_free);
        g_hash_table_iter_init(&iter, auth->sessions);
        while (g_hash_table_iter_next(&iter, &digest, &session))
            if (strcmp(((Session *)session)->user, account) == 0 && g_strcmp0(digest, spared) != 0) {
                g_hash_table_iter_steal(&iter);
                g_hash_table_insert(taken, digest, session);
            }
    }
    return taken;
}

/* The store did not take the change: everything is put back. */
static void auth_restore_sessions(FctAuth *auth, const char *account, GHashTable *taken, const char *hash)
{
    GHashTableIter iter;
    gpointer digest, session;
    fct_autolock(&auth->lock);
    User *user = g_hash_table_lookup(auth->users, account);
    g_free(user->hash);
    user->hash = g_strdup(hash);
    g_hash_table_iter_init(&iter, taken);
    while (g_hash_table_iter_next(&iter, &digest, &session)) {
        g_hash_table_iter_steal(&iter);
        g_hash_table_insert(auth->sessions, digest, session);
    }
}

/*
 * Signs in once more with the old password, which proves it and makes the session that will go on. Wrong guesses are
 * counted as those of a known browser, so strangers' guesses cannot lock the owner out. Logins share one count, since
 * there may be any number of them.
 */
static char *auth_prove(FctAuth *auth, const FctPasswordChange *change, GError **error)
{
    char *secret = NULL;
    g_autoptr(GError) fault = NULL;
    const FctIdentity *who = change->who;
    const FctAttempt attempt = {
        .name = who->account, .address = change->address, .signed_in = who->token ? who->account : who->login};
    g_autoptr(FctIdentity) again = fct_auth_login(auth, &attempt, change->old_password, &secret, &fault);
    if (!again && fault->code == FCT_ERROR_UNAUTHENTICATED)
        fct_set_error_full(error, FCT_ERROR_FORBIDDEN, "Give the password that you sign in with now.",
                           json_pack("{s:s}", "field", "old_password"), "The old password is wrong.");
    else if (!again)
        fct_error_pass(error, &fault);
    return secret;
}

/* @proof: the session that was opened with the old password. */
static gboolean change_to(FctAuth *auth, const FctPasswordChange *change, const char *proof, const char *hash,
                          GError **error)
{
    const FctIdentity *who = change->who;
    g_autofree char *before = NULL;
    /* A command line keeps its own login. */
    g_autoptr(GHashTable) taken = begin_change(auth, who->account, proof, who->token ? NULL : proof, hash, &before);
    if (!taken)
        return fct_set_error_full(error, FCT_ERROR_FORBIDDEN, "Give the password that you sign in with now.",
                                  json_pack("{s:s}", "field", "old_password"), "The password was changed meanwhile.");
    g_autoptr(GPtrArray) sessions = g_ptr_array_new();
    GHashTableIter iter;
    gpointer digest;
    g_hash_table_iter_init(&iter, taken);
    while (g_hash_table_iter_next(&iter, &digest, NULL))
        g_ptr_array_add(sessions, digest);
    g_autoptr(GPtrArray) tokens = fct_tokens_of_account(auth->tokens, who->account, who->token, change->end_tokens);
    if (!fct_account_store(auth->app->store, who->account, hash, sessions, tokens, error)) {
        auth_restore_sessions(auth, who->account, taken, before);
        return FALSE;
    }
    fct_tokens_forget(auth->tokens, tokens);
    return TRUE;
}

gboolean fct_auth_change_password(FctAuth *auth, const FctPasswordChange *change, char **ret_secret, GError **error)
{
    if (!fct_account_check_password(change->new_password, error))
        return FALSE;
    g_autofree char *secret = auth_prove(auth, change, error);
    g_autofree char *hash = secret ? hash_password(auth, change->new_password, error) : NULL;
    if (!hash)
        return FALSE;
    g_autofree char *proof = fct_secret_digest(secret);
    g_mutex_lock(&auth->changing);
    gboolean ok = change_to(auth, change, proof, hash, error);
    g_mutex_unlock(&auth->changing);
    fct_auth_ended(auth);
    if (ok && !change->who->token)
        *ret_secret = g_steal_pointer(&secret);
    return ok;
}

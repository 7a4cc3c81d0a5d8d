/* SPDX-License-Identifier: Apache-2.0 */
#include "app/auth.h"

#include "app/signins.h"

#include <sodium.h>
#include <string.h>

#define SESSION_IDLE_MS (12 * 3600 * 1000LL)    /* without a request */
#define SESSION_MAX_MS (7 * 24 * 3600 * 1000LL) /* in all */
#define SEEN_STORE_MS (15 * 60 * 1000LL)        /* how often "last seen" goes to the disk */

typedef struct {
    char *name, *role, *hash;
} User;

typedef struct {
    char *user;
    gint64 created_ms, seen_ms, stored_ms;
} Session;

typedef struct {
    char *id, *name, *role;
    char *account;                         /* that made it */
    gint64 created_ms, used_ms, stored_ms; /* used_ms 0: never */
} Token;

struct FctAuth {
    FctApp *app;
    GMutex lock;          /* the tables */
    GMutex hashing;       /* one argon2id at a time: each takes 64 MiB */
    GHashTable *users;    /* name → User* */
    GHashTable *sessions; /* hash of the secret → Session* */
    GHashTable *tokens;   /* hash of the secret → Token* */
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

static void token_free(Token *token)
{
    g_free(token->id);
    g_free(token->name);
    g_free(token->role);
    g_free(token->account);
    g_free(token);
}

void fct_identity_free(FctIdentity *identity)
{
    if (!identity)
        return;
    g_free(identity->user);
    g_free(identity->account);
    g_free(identity->role);
    g_free(identity);
}

static FctIdentity *identity_new(const char *user, const char *account, const char *role)
{
    FctIdentity *identity = g_new(FctIdentity, 1);
    *identity = (FctIdentity){g_strdup(user), g_strdup(account), g_strdup(role)};
    return identity;
}

static char *random_secret(const char *prefix)
{
    guint8 bytes[32];
    char text[sodium_base64_ENCODED_LEN(sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(text, sizeof text, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return g_strconcat(prefix, text, NULL);
}

/* A secret has 256 random bits: a fast digest is enough, unlike for passwords. */
static char *secret_digest(const char *secret)
{
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, secret, -1);
}

static char *hash_password(FctAuth *auth, const char *password)
{
    char hash[crypto_pwhash_STRBYTES];
    g_mutex_lock(&auth->hashing);
    int rc = crypto_pwhash_str(hash, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                               crypto_pwhash_MEMLIMIT_INTERACTIVE);
    g_mutex_unlock(&auth->hashing);
    return rc == 0 ? g_strdup(hash) : NULL;
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
    g_autofree char *password = given && *given ? g_strdup(given) : random_secret("");
    if (!(given && *given)) {
        password[20] = '\0'; /* 120 bits, still fit for typing */
        g_autofree char *path = g_build_filename(auth->app->config.state_dir, "initial-password", NULL);
        g_autofree char *line = g_strconcat(password, "\n", NULL);
        if (!g_file_set_contents_full(path, line, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                      0600, error))
            return FALSE;
    }
    g_autofree char *hash = hash_password(auth, password);
    if (!hash) {
        fct_set_error(error, FCT_ERROR_INTERNAL, "There is not enough memory to hash a password.");
        return FALSE;
    }
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

static void load_token(FctAuth *auth, const char *id, const json_t *json)
{
    Token *token = g_new(Token, 1);
    gint64 used = fct_json_int(json, "last_used_ms", 0);
    *token = (Token){g_strdup(id),
                     g_strdup(fct_json_str(json, "name", "")),
                     g_strdup(fct_json_str(json, "role", "viewer")),
                     g_strdup(fct_json_str(json, "account", "")),
                     fct_json_int(json, "created_ms", 0),
                     used,
                     used};
    g_hash_table_insert(auth->tokens, g_strdup(fct_json_str(json, "hash", "")), token);
}

static gboolean load(FctAuth *auth, const char *prefix, void (*one)(FctAuth *, const char *, const json_t *),
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

FctAuth *fct_auth_new(FctApp *app, GError **error)
{
    FctAuth *auth = g_new0(FctAuth, 1);
    auth->app = app;
    g_mutex_init(&auth->lock);
    g_mutex_init(&auth->hashing);
    auth->users = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)user_free);
    auth->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)session_free);
    auth->tokens = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)token_free);
    if (!load(auth, "user/", load_user, error) || !load(auth, "session/", load_session, error) ||
        !load(auth, "token/", load_token, error) || (g_hash_table_size(auth->users) == 0 && !make_admin(auth, error))) {
        fct_auth_free(auth);
        return NULL;
    }
    drop_old_sessions(auth);
    return auth;
}

void fct_auth_free(FctAuth *auth)
{
    if (!auth)
        return;
    g_hash_table_unref(auth->users);
    g_hash_table_unref(auth->sessions);
    g_hash_table_unref(auth->tokens);
    g_mutex_clear(&auth->lock);
    g_mutex_clear(&auth->hashing);
    g_free(auth);
}

/* ---- who calls ---- */

static json_t *session_json(const Session *session)
{
    return json_pack("{s:s, s:I, s:I}", "user", session->user, "created_ms", (json_int_t)session->created_ms, "seen_ms",
                     (json_int_t)session->seen_ms);
}

FctIdentity *fct_auth_by_session(FctAuth *auth, const char *secret)
{
    g_autofree char *digest = secret_digest(secret);
    g_autoptr(json_t) store = NULL;
    FctIdentity *identity = NULL;
    g_mutex_lock(&auth->lock);
    Session *session = g_hash_table_lookup(auth->sessions, digest);
    const User *user = session && !session_is_old(session) ? g_hash_table_lookup(auth->users, session->user) : NULL;
    if (user) {
        identity = identity_new(user->name, user->name, user->role);
        session->seen_ms = fct_app_now_ms();
        if (session->seen_ms - session->stored_ms > SEEN_STORE_MS) {
            session->stored_ms = session->seen_ms;
            store = session_json(session);
        }
    }
    g_mutex_unlock(&auth->lock);
    if (store && !store_one(auth, "session", digest, store, NULL))
        g_debug("last seen is not stored");
    return identity;
}

static json_t *token_stored(const Token *token, const char *digest)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "name", token->name, "role", token->role, "account",
                     token->account, "hash", digest, "created_ms", (json_int_t)token->created_ms, "last_used_ms",
                     (json_int_t)token->used_ms);
}

FctIdentity *fct_auth_by_token(FctAuth *auth, const char *secret)
{
    g_autofree char *digest = secret_digest(secret);
    g_autofree char *id = NULL;
    g_autoptr(json_t) store = NULL;
    FctIdentity *identity = NULL;
    g_mutex_lock(&auth->lock);
    Token *token = g_hash_table_lookup(auth->tokens, digest);
    if (token) {
        g_autofree char *user = g_strdup_printf("%s (token %s)", token->account, token->name);
        identity = identity_new(user, token->account, token->role);
        token->used_ms = fct_app_now_ms();
        if (token->used_ms - token->stored_ms > SEEN_STORE_MS) {
            token->stored_ms = token->used_ms;
            store = token_stored(token, digest);
            id = g_strdup(token->id);
        }
    }
    g_mutex_unlock(&auth->lock);
    if (store && !store_one(auth, "token", id, store, NULL))
        g_debug("last use is not stored");
    return identity;
}

/* ---- signing in ---- */

static gboolean verify(FctAuth *auth, const char *hash, const char *password)
{
    /* A name that is not there costs as much as one that is: the answer's time must not tell which names exist. */
    static const char *const nobody = "$argon2id$v=19$m=65536,t=2,p=1$YWFhYWFhYWFhYWFhYWFhYQ$"
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    char padded[crypto_pwhash_STRBYTES] = {0};
    g_strlcpy(padded, hash ? hash : nobody, sizeof padded);
    g_mutex_lock(&auth->hashing);
    int rc = crypto_pwhash_str_verify(padded, password, strlen(password));
    g_mutex_unlock(&auth->hashing);
    return hash && rc == 0;
}

static char *open_session(FctAuth *auth, const char *user, GError **error)
{
    g_autofree char *secret = random_secret("");
    char *digest = secret_digest(secret);
    gint64 now = fct_app_now_ms();
    Session *session = g_new(Session, 1);
    *session = (Session){g_strdup(user), now, now, now};
    g_autoptr(json_t) json = session_json(session);
    if (!store_one(auth, "session", digest, json, error)) {
        session_free(session);
        g_free(digest);
        return NULL;
    }
    g_mutex_lock(&auth->lock);
    g_hash_table_insert(auth->sessions, digest, session);
    g_mutex_unlock(&auth->lock);
    return g_steal_pointer(&secret);
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
        identity = identity_new(user->name, user->name, user->role);
        hash = g_strdup(user->hash);
    }
    g_mutex_unlock(&auth->lock);
    if (!fct_signins_may_try(signins, attempt, hash, error))
        return NULL;
    if (!verify(auth, hash, password)) {
        fct_signins_failed(signins, attempt, hash);
        fct_set_error_full(error, FCT_ERROR_UNAUTHENTICATED, "Check both; capitals count.", NULL,
                           "The name or the password is wrong.");
        return NULL;
    }
    fct_signins_passed(signins, attempt, hash);
    *ret_secret = open_session(auth, attempt->name, error);
    return *ret_secret ? g_steal_pointer(&identity) : NULL;
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
    g_autofree char *digest = secret_digest(secret);
    g_mutex_lock(&auth->lock);
    gboolean knows = g_hash_table_contains(auth->sessions, digest) || g_hash_table_contains(auth->tokens, digest);
    g_mutex_unlock(&auth->lock);
    return knows;
}

gboolean fct_auth_logout(FctAuth *auth, const char *secret, GError **error)
{
    g_autofree char *digest = secret_digest(secret);
    if (!store_one(auth, "session", digest, NULL, error)) /* first: what lives there lives again after a restart */
        return FALSE;
    g_mutex_lock(&auth->lock);
    g_hash_table_remove(auth->sessions, digest);
    g_mutex_unlock(&auth->lock);
    return TRUE;
}

/* ---- tokens ---- */

static json_t *token_json(const Token *token)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:o}", "id", token->id, "name", token->name, "role", token->role,
                     "created_ms", (json_int_t)token->created_ms, "last_used_ms",
                     token->used_ms ? json_integer(token->used_ms) : json_null());
}

json_t *fct_auth_token_make(FctAuth *auth, const FctIdentity *who, const char *name, const char *role,
                            char **ret_secret, GError **error)
{
    g_autofree char *secret = random_secret("facet_");
    char *digest = secret_digest(secret);
    Token *token = g_new(Token, 1);
    *token = (Token){
        fct_app_new_id("token"), g_strdup(name), g_strdup(role), g_strdup(who->account), fct_app_now_ms(), 0, 0};
    g_autoptr(json_t) stored = token_stored(token, digest);
    if (!store_one(auth, "token", token->id, stored, error)) {
        token_free(token);
        g_free(digest);
        return NULL;
    }
    json_t *json = token_json(token);
    g_mutex_lock(&auth->lock);
    g_hash_table_insert(auth->tokens, digest, token);
    g_mutex_unlock(&auth->lock);
    *ret_secret = g_steal_pointer(&secret);
    return json;
}

static gboolean may_see(const FctIdentity *who, const Token *token)
{
    return strcmp(who->role, "admin") == 0 || strcmp(who->account, token->account) == 0;
}

gboolean fct_auth_token_drop(FctAuth *auth, const FctIdentity *who, const char *id, GError **error)
{
    GHashTableIter iter;
    gpointer token;
    gboolean there = FALSE;
    g_mutex_lock(&auth->lock);
    g_hash_table_iter_init(&iter, auth->tokens);
    while (!there && g_hash_table_iter_next(&iter, NULL, &token))
        if ((there = strcmp(((Token *)token)->id, id) == 0 && may_see(who, token)))
            g_hash_table_iter_remove(&iter);
    g_mutex_unlock(&auth->lock);
    if (!there) {
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no token “%s”.", id);
        return FALSE;
    }
    return store_one(auth, "token", id, NULL, error);
}

static gint by_id(gconstpointer a, gconstpointer b)
{
    return strcmp((*(Token *const *)a)->id, (*(Token *const *)b)->id);
}

json_t *fct_auth_tokens(FctAuth *auth, const FctIdentity *who)
{
    json_t *items = json_array();
    g_mutex_lock(&auth->lock);
    g_autoptr(GPtrArray) tokens = g_ptr_array_new();
    GHashTableIter iter;
    gpointer token;
    g_hash_table_iter_init(&iter, auth->tokens);
    while (g_hash_table_iter_next(&iter, NULL, &token))
        if (may_see(who, token))
            g_ptr_array_add(tokens, token);
    g_ptr_array_sort(tokens, by_id);
    for (guint i = 0; i < tokens->len; i++)
        json_array_append_new(items, token_json(tokens->pdata[i]));
    g_mutex_unlock(&auth->lock);
    return items;
}

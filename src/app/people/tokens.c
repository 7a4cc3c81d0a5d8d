/* SPDX-License-Identifier: Apache-2.0 */
#include "app/people/tokens.h"

#include "app/shared/secret.h"
#include "base/scope.h"
#include "core/policy.h"

#include <string.h>

#define USED_STORE_MS (15 * 60 * 1000LL) /* how often "last used" is written to the disk */
#define PARENTS_MAX 16                   /* the longest chain of tokens that made one another */

typedef struct {
    char *id, *name, *role, *digest;
    char *account; /* that made it */
    char *parent;  /* id of the token that made it; "": a person made it */
    gboolean login, makes;
    gint64 created_ms, used_ms, stored_ms; /* used_ms 0: never */
    gint64 ends_ms;                        /* 0: until it is revoked */
} Token;

struct FctTokens {
    FctApp *app;
    FctSessionLives lives;
    gpointer data; /* of lives */
    GMutex lock;
    GHashTable *by_id;     /* id → Token* */
    GHashTable *by_secret; /* hash of the secret → Token*, which by_id owns */
};

static void token_free(Token *token)
{
    g_free(token->id);
    g_free(token->name);
    g_free(token->role);
    g_free(token->digest);
    g_free(token->account);
    g_free(token->parent);
    g_free(token);
}

static json_t *token_stored(const Token *token)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:I, s:I, s:I}", "name", token->name, "role", token->role,
                     "account", token->account, "parent", token->parent, "hash", token->digest, "login", token->login,
                     "makes", token->makes, "created_ms", (json_int_t)token->created_ms, "last_used_ms",
                     (json_int_t)token->used_ms, "ends_ms", (json_int_t)token->ends_ms);
}

static Token *token_load(const char *id, const json_t *json)
{
    const char *role = fct_json_str(json, "role", "viewer");
    const json_t *makes = json_object_get(json, "makes");
    Token *token = g_new0(Token, 1);
    token->id = g_strdup(id);
    token->name = g_strdup(fct_json_str(json, "name", ""));
    token->role = g_strdup(role);
    token->digest = g_strdup(fct_json_str(json, "hash", ""));
    token->account = g_strdup(fct_json_str(json, "account", ""));
    token->parent = g_strdup(fct_json_str(json, "parent", ""));
    token->login = json_is_true(json_object_get(json, "login"));
    /* Tokens of versions that did not have the member are read as a new one would be made. */
    token->makes = makes ? json_is_true(makes) : strcmp(role, "admin") == 0;
    token->created_ms = fct_json_int(json, "created_ms", 0);
    token->used_ms = token->stored_ms = fct_json_int(json, "last_used_ms", 0);
    token->ends_ms = fct_json_int(json, "ends_ms", 0);
    return token;
}

static void tokens_add(FctTokens *tokens, Token *token)
{
    g_hash_table_insert(tokens->by_id, token->id, token);
    g_hash_table_insert(tokens->by_secret, token->digest, token);
}

/* ---- until when; the lock is held ---- */

/* When the token's own time ends; 0: never. */
static gint64 own_end(const Token *token)
{
    gint64 idle = token->login ? MAX(token->used_ms, token->created_ms) + FCT_LOGIN_IDLE_MS : 0;
    return idle && token->ends_ms ? MIN(idle, token->ends_ms) : MAX(idle, token->ends_ms);
}

/* When it ends, by its own time or that of its makers; 0: never; 1: one of its makers is gone. */
static gint64 end_of(FctTokens *tokens, const Token *token)
{
    gint64 end = own_end(token);
    for (int depth = 0; *token->parent; depth++) {
        token = depth < PARENTS_MAX ? g_hash_table_lookup(tokens->by_id, token->parent) : NULL;
        if (!token)
            return 1;
        gint64 theirs = own_end(token);
        end = end && theirs ? MIN(end, theirs) : MAX(end, theirs);
    }
    return end;
}

static gboolean token_is_live(FctTokens *tokens, const Token *token)
{
    gint64 end = end_of(tokens, token);
    return !end || fct_app_now_ms() < end;
}

static gboolean token_is_made_by(FctTokens *tokens, const Token *token, const char *maker)
{
    for (int depth = 0; token && depth <= PARENTS_MAX; depth++) {
        if (strcmp(token->id, maker) == 0)
            return TRUE;
        token = *token->parent ? g_hash_table_lookup(tokens->by_id, token->parent) : NULL;
    }
    return FALSE;
}

static gboolean may_see(FctTokens *tokens, const FctIdentity *who, const Token *token)
{
    if (who->by == FCT_BY_TOKEN)
        return token_is_made_by(tokens, token, who->token);
    return strcmp(who->role, "admin") == 0 || strcmp(who->account, token->account) == 0;
}

/* ---- several at once ---- */

void fct_tokens_forget(FctTokens *tokens, const GPtrArray *ids)
{
    fct_autolock(&tokens->lock);
    for (guint i = 0; i < ids->len; i++) {
        Token *token = g_hash_table_lookup(tokens->by_id, ids->pdata[i]);
        if (!token)
            continue;
        g_hash_table_remove(tokens->by_secret, token->digest);
        g_hash_table_remove(tokens->by_id, token->id);
    }
}

/* One transaction: a token does not end without those that it made. */
static gboolean end_all(FctTokens *tokens, const GPtrArray *ids, GError **error)
{
    g_autofree FctWrite *writes = g_new0(FctWrite, ids->len);
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < ids->len; i++) {
        g_ptr_array_add(keys, g_strdup_printf("token/%s", (const char *)ids->pdata[i]));
        writes[i] = (FctWrite){keys->pdata[i], NULL, FCT_REV_ANY};
    }
    if (ids->len && !tokens->app->store->ops->commit(tokens->app->store, writes, ids->len, NULL, error))
        return FALSE;
    fct_tokens_forget(tokens, ids);
    return TRUE;
}

/* Deletes tokens whose time is over from memory and from the store. Blocks. */
static void drop_ended(FctTokens *tokens)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    GHashTableIter iter;
    gpointer token;
    g_mutex_lock(&tokens->lock);
    g_hash_table_iter_init(&iter, tokens->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &token))
        if (!token_is_live(tokens, token))
            g_ptr_array_add(ids, g_strdup(((Token *)token)->id));
    g_mutex_unlock(&tokens->lock);
    if (!end_all(tokens, ids, &error))
        g_warning("Tokens that have ended stay on disk: %s", error->message);
}

GPtrArray *fct_tokens_of_account(FctTokens *tokens, const char *account, const char *but, gboolean all)
{
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer value;
    fct_autolock(&tokens->lock);
    g_hash_table_iter_init(&iter, tokens->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Token *token = value;
        if (strcmp(token->account, account) == 0 && (all || token->login) && g_strcmp0(token->id, but) != 0)
            g_ptr_array_add(ids, g_strdup(token->id));
    }
    return ids;
}

/* ---- opening ---- */

FctTokens *fct_tokens_open(FctApp *app, FctSessionLives lives, gpointer data, GError **error)
{
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, "token/", error);
    if (!docs)
        return NULL;
    FctTokens *tokens = g_new0(FctTokens, 1);
    tokens->app = app;
    tokens->lives = lives;
    tokens->data = data;
    g_mutex_init(&tokens->lock);
    tokens->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)token_free);
    tokens->by_secret = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        tokens_add(tokens, token_load(doc->key + strlen("token/"), doc->value));
    }
    drop_ended(tokens);
    return tokens;
}

void fct_tokens_free(FctTokens *tokens)
{
    if (!tokens)
        return;
    g_hash_table_unref(tokens->by_secret);
    g_hash_table_unref(tokens->by_id);
    g_mutex_clear(&tokens->lock);
    g_free(tokens);
}

/* ---- who calls ---- */

/* Notes a use of the token. Returns what should be stored of it now and then, or NULL. The lock is held. */
static json_t *token_note_use(Token *token)
{
    token->used_ms = fct_app_now_ms();
    if (token->used_ms - token->stored_ms <= USED_STORE_MS)
        return NULL;
    token->stored_ms = token->used_ms;
    return token_stored(token);
}

static void store_use(FctTokens *tokens, const char *id, json_t *doc)
{
    g_autoptr(json_t) own = doc;
    g_autofree char *key = g_strdup_printf("token/%s", id);
    FctWrite write = {key, own, FCT_REV_ANY};
    FctDoc *present = own ? tokens->app->store->ops->get(tokens->app->store, key, NULL) : NULL;
    if (!present)
        return; /* nothing to store, or it was revoked meanwhile and must not come back */
    write.expect = present->revision;
    fct_doc_free(present);
    if (!tokens->app->store->ops->commit(tokens->app->store, &write, 1, NULL, NULL))
        g_debug("last use is not stored");
}

FctIdentity *fct_tokens_identify(FctTokens *tokens, const char *secret)
{
    g_autofree char *digest = fct_secret_digest(secret);
    FctIdentity *identity = NULL;
    json_t *store = NULL;
    g_mutex_lock(&tokens->lock);
    Token *token = g_hash_table_lookup(tokens->by_secret, digest);
    if (token && token_is_live(tokens, token)) {
        g_autofree char *user = g_strdup_printf("%s (token %s)", token->account, token->name);
        identity = fct_identity_new(user, token->account, token->role);
        identity->by = token->login ? FCT_BY_LOGIN : FCT_BY_TOKEN;
        identity->makes = token->login || token->makes;
        identity->token = g_strdup(token->id);
        identity->login = g_strdup_printf("token/%s", token->id);
        store = token_note_use(token);
    }
    g_mutex_unlock(&tokens->lock);
    if (identity)
        store_use(tokens, identity->token, store);
    return identity;
}

gboolean fct_tokens_knows(FctTokens *tokens, const char *secret)
{
    g_autofree char *digest = fct_secret_digest(secret);
    fct_autolock(&tokens->lock);
    const Token *token = g_hash_table_lookup(tokens->by_secret, digest);
    return token && token_is_live(tokens, token);
}

gboolean fct_tokens_live(FctTokens *tokens, const char *id, gboolean in_use)
{
    fct_autolock(&tokens->lock);
    Token *token = g_hash_table_lookup(tokens->by_id, id);
    gboolean live = token && token_is_live(tokens, token);
    if (live && in_use)
        token->used_ms = fct_app_now_ms(); /* on the main thread: the disk gets it with the next request */
    return live;
}

/* ---- making, ending, listing ---- */

static json_t *time_or_null(gint64 ms)
{
    return ms ? json_integer((json_int_t)ms) : json_null();
}

static json_t *token_json(FctTokens *tokens, const Token *token)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:I, s:o, s:o}", "id", token->id, "name", token->name,
                     "account", token->account, "kind", token->login ? "login" : "token", "role", token->role, "parent",
                     *token->parent ? json_string(token->parent) : json_null(), "makes_tokens",
                     token->login || token->makes, "created_ms", (json_int_t)token->created_ms, "last_used_ms",
                     time_or_null(token->used_ms), "ends_ms", time_or_null(end_of(tokens, token)));
}

static Token *token_new(const FctIdentity *who, const FctTokenWish *wish, const char *secret)
{
    Token *token = g_new0(Token, 1);
    token->id = fct_app_new_id("token");
    token->name = g_strdup(wish->name);
    token->role = g_strdup(wish->role);
    token->digest = fct_secret_digest(secret);
    token->account = g_strdup(who->account);
    token->parent = g_strdup(who->by == FCT_BY_TOKEN ? who->token : "");
    token->login = wish->login;
    token->makes = wish->makes;
    token->created_ms = fct_app_now_ms();
    token->ends_ms = wish->lifetime_s ? token->created_ms + wish->lifetime_s * 1000 : 0;
    return token;
}

/*
 * Whether the maker, a session or a token, is still valid. The lock is held; the lock of the sessions is taken inside
 * it.
 */
static gboolean maker_lives(FctTokens *tokens, const FctIdentity *who)
{
    const Token *maker = who->token ? g_hash_table_lookup(tokens->by_id, who->token) : NULL;
    return who->token ? maker && token_is_live(tokens, maker) : tokens->lives(tokens->data, who->login);
}

static void token_set_ended_error(GError **error)
{
    fct_set_error(error, FCT_ERROR_UNAUTHENTICATED, "The session or token that was to make this one has ended.");
}

/* The lock is held throughout, so that the maker cannot end between the check and the insertion of its token. */
static json_t *add_checked(FctTokens *tokens, const FctIdentity *who, Token *token, GError **error)
{
    json_t *json = NULL;
    g_mutex_lock(&tokens->lock);
    if (maker_lives(tokens, who)) {
        tokens_add(tokens, token);
        json = token_json(tokens, token);
    }
    g_mutex_unlock(&tokens->lock);
    if (!json) {
        token_free(token);
        token_set_ended_error(error);
    }
    return json;
}

/* It may have been ended before it was on the disk, where ending did not find it. */
static gboolean token_exists(FctTokens *tokens, const char *id)
{
    fct_autolock(&tokens->lock);
    return g_hash_table_contains(tokens->by_id, id);
}

json_t *fct_tokens_make(FctTokens *tokens, const FctIdentity *who, const FctTokenWish *wish, char **ret_secret,
                        GError **error)
{
    g_autofree char *secret = fct_secret_new("facet_");
    Token *token = token_new(who, wish, secret);
    g_autoptr(json_t) stored = token_stored(token);
    g_autofree char *key = g_strdup_printf("token/%s", token->id);
    g_autofree char *id = g_strdup(token->id);
    FctWrite write = {key, stored, FCT_REV_NONE};
    drop_ended(tokens);
    /* Memory first, where whatever ends it finds it; then the disk. */
    g_autoptr(json_t) json = add_checked(tokens, who, token, error);
    if (!json)
        return NULL;
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    g_ptr_array_add(ids, id);
    if (!tokens->app->store->ops->commit(tokens->app->store, &write, 1, NULL, error)) {
        fct_tokens_forget(tokens, ids);
        return NULL;
    }
    if (!token_exists(tokens, id)) {
        if (!end_all(tokens, ids, NULL))
            g_debug("a token whose secret nobody has stays on disk");
        token_set_ended_error(error);
        return NULL;
    }
    *ret_secret = g_steal_pointer(&secret);
    return g_steal_pointer(&json);
}

gboolean fct_tokens_drop(FctTokens *tokens, const FctIdentity *who, const char *id, GError **error)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer value;
    g_mutex_lock(&tokens->lock);
    const Token *token = g_hash_table_lookup(tokens->by_id, id);
    gboolean there = token && may_see(tokens, who, token);
    g_hash_table_iter_init(&iter, tokens->by_id);
    while (there && g_hash_table_iter_next(&iter, NULL, &value))
        if (token_is_made_by(tokens, value, id))
            g_ptr_array_add(ids, g_strdup(((Token *)value)->id));
    g_mutex_unlock(&tokens->lock);
    if (!there)
        return fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no token “%s”.", id);
    return end_all(tokens, ids, error);
}

static gint by_id(gconstpointer a, gconstpointer b)
{
    return strcmp((*(Token *const *)a)->id, (*(Token *const *)b)->id);
}

json_t *fct_tokens_list(FctTokens *tokens, const FctIdentity *who)
{
    json_t *items = json_array();
    g_autoptr(GPtrArray) seen = g_ptr_array_new();
    GHashTableIter iter;
    gpointer token;
    drop_ended(tokens);
    fct_autolock(&tokens->lock);
    g_hash_table_iter_init(&iter, tokens->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &token))
        if (may_see(tokens, who, token))
            g_ptr_array_add(seen, token);
    g_ptr_array_sort(seen, by_id);
    for (guint i = 0; i < seen->len; i++)
        json_array_append_new(items, token_json(tokens, seen->pdata[i]));
    return items;
}

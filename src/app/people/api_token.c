/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/list.h"
#include "app/people/auth.h"
#include "base/read.h"
#include "core/policy.h"

#include <string.h>

#define NAME_MAX_LENGTH 64

static gboolean list_tokens(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"id"}};
    json_t *items = fct_tokens_list(fct_auth_tokens(request->app->auth), request->who);
    return fct_reply_list(request, reply, &order, items, error);
}

static gboolean read_kind(const json_t *body, gboolean *ret_login, GError **error)
{
    const char *kind = "token";
    if (json_object_get(body, "kind") && !fct_read_str(body, "kind", &kind, error))
        return FALSE;
    *ret_login = strcmp(kind, "login") == 0;
    return *ret_login || strcmp(kind, "token") == 0 ||
           fct_read_refuse(error, "kind", "The kind must be token or login.");
}

static gboolean read_wish(const FctRequest *request, FctTokenWish *wish, GError **error)
{
    const json_t *body = request->body;
    FctRole role;
    wish->role = request->who->role;
    if (!fct_read_str(body, "name", &wish->name, error))
        return FALSE;
    if (!*wish->name || g_utf8_strlen(wish->name, -1) > NAME_MAX_LENGTH)
        return fct_read_refuse(error, "name", "The name must have 1 to 64 characters.");
    if (json_object_get(body, "role") && !fct_read_str(body, "role", &wish->role, error))
        return FALSE;
    if (!fct_role_from_name(wish->role, &role))
        return fct_read_refuse(error, "role", "The role must be admin, operator or viewer.");
    /* An admin's token may do everything already; what it makes ends with it. */
    wish->makes = fct_json_bool(body, "makes_tokens", role == FCT_ROLE_ADMIN);
    if (!read_kind(body, &wish->login, error))
        return FALSE;
    return !json_object_get(body, "lifetime_s") ||
           fct_read_int(body, "lifetime_s", 1, FCT_TOKEN_LIFE_MAX_S, &wish->lifetime_s, error);
}

/* People who signed in, and tokens with that right, may make tokens; never of a higher role than their own. */
static gboolean may_make(const FctIdentity *who, const FctTokenWish *wish, GError **error)
{
    FctRole mine, given;
    if (!who->makes)
        return fct_set_error_full(error, FCT_ERROR_FORBIDDEN, "Sign in, or use a token that may make tokens.", NULL,
                                  "This API token may not make tokens.");
    if (!fct_role_from_name(who->role, &mine) || !fct_role_from_name(wish->role, &given) ||
        !fct_policy_may_grant(mine, given))
        return fct_set_error(error, FCT_ERROR_FORBIDDEN, "The role %s cannot give the role %s.", who->role, wish->role);
    if (wish->login && mine != given)
        return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "Leave out the role, or make a token of that role.",
                                  json_pack("{s:s}", "field", "role"), "A login has the role of its account.");
    if (wish->login && who->by != FCT_BY_SESSION)
        return fct_set_error_full(error, FCT_ERROR_FORBIDDEN, "Sign in with the password first, as “facet login” does.",
                                  NULL, "A token cannot make a login.");
    return TRUE;
}

static gboolean create_token(const FctRequest *request, FctReply *reply, GError **error)
{
    FctTokenWish wish = {0};
    g_autofree char *secret = NULL;
    if (!read_wish(request, &wish, error) || !may_make(request->who, &wish, error))
        return FALSE;
    json_t *json = fct_tokens_make(fct_auth_tokens(request->app->auth), request->who, &wish, &secret, error);
    if (!json)
        return FALSE;
    json_object_set_new(json, "secret", json_string(secret));
    reply->subject = g_strdup_printf("token %s", wish.name);
    reply->status = 201;
    reply->json = json;
    return TRUE;
}

static gboolean delete_token(const FctRequest *request, FctReply *reply, GError **error)
{
    gboolean ok = fct_tokens_drop(fct_auth_tokens(request->app->auth), request->who, request->id, error);
    fct_auth_ended(request->app->auth);
    reply->status = 204;
    return ok;
}

const FctRoute fct_routes_token[] = {
    {"GET", "/tokens", "token.read", list_tokens, .query = FCT_LIST_QUERY},
    {"POST", "/tokens", "token.write", create_token,
     .body = "name:text role:text kind:text makes_tokens:bool? lifetime_s:int"},
    {"DELETE", "/tokens/{id}", "token.write", delete_token},
    {NULL},
};

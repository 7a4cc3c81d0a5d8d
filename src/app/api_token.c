/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api.h"
#include "app/auth.h"
#include "core/policy.h"

static gboolean list_tokens(const FctRequest *request, FctReply *reply, GError **error)
{
    fct_reply_items(reply, fct_auth_tokens(request->app->auth, request->who));
    return TRUE;
}

static gboolean create_token(const FctRequest *request, FctReply *reply, GError **error)
{
    static const char *const known[] = {"name", "role", NULL};
    FctRole mine, given;
    const char *name, *role = request->who->role;
    g_autofree char *secret = NULL;
    if (!fct_request_only(request, known, error) || !fct_json_need_str(request->body, "name", &name, error))
        return FALSE;
    if (json_object_get(request->body, "role") && !fct_json_need_str(request->body, "role", &role, error))
        return FALSE;
    gboolean bad_role = !fct_role_from_name(role, &given);
    if (bad_role || !*name || g_utf8_strlen(name, -1) > 64) {
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", bad_role ? "role" : "name"),
                           bad_role ? "The role must be admin, operator or viewer."
                                    : "The name must have 1 to 64 characters.");
        return FALSE;
    }
    if (!fct_role_from_name(request->who->role, &mine) || !fct_policy_may_grant(mine, given)) {
        fct_set_error(error, FCT_ERROR_FORBIDDEN, "The role %s cannot give the role %s.", request->who->role, role);
        return FALSE;
    }
    json_t *json = fct_auth_token_make(request->app->auth, request->who, name, role, &secret, error);
    if (!json)
        return FALSE;
    json_object_set_new(json, "secret", json_string(secret));
    reply->subject = g_strdup_printf("token %s", name);
    reply->status = 201;
    reply->json = json;
    return TRUE;
}

static gboolean delete_token(const FctRequest *request, FctReply *reply, GError **error)
{
    reply->status = 204;
    return fct_auth_token_drop(request->app->auth, request->who, request->id, error);
}

const FctRoute fct_routes_token[] = {
    {"GET", "/tokens", "token.read", list_tokens},
    {"POST", "/tokens", "token.write", create_token},
    {"DELETE", "/tokens/{id}", "token.write", delete_token},
    {NULL},
};

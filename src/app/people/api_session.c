/* SPDX-License-Identifier: Apache-2.0 */
/* Version and contract, signing in and out, who am I. */
#include "app/api/api.h"
#include "app/api/contract.h"
#include "app/people/account.h"
#include "app/people/auth.h"
#include "base/plain.h"
#include "base/read.h"
#include "core/policy.h"

#include <string.h>

#define BROWSER FCT_BROWSER_COOKIE "=%s; Path=/api/v1/session; HttpOnly; Secure; SameSite=Strict; Max-Age=%d"

static gboolean get_version(const FctRequest *request, FctReply *reply, GError **error)
{
    reply->json = json_pack("{s:s, s:s, s:i}", "product", "Facet", "version", FACET_VERSION, "api", 1);
    return TRUE;
}

static gpointer pack_contract(gpointer unused)
{
    return fct_packed_new(g_bytes_new_static(fct_contract, strlen(fct_contract)), TRUE);
}

/* Public: programmers read it before they can sign in, and it says nothing about this host. */
static gboolean get_contract(const FctRequest *request, FctReply *reply, GError **error)
{
    static GOnce once = G_ONCE_INIT;
    reply->packed = g_once(&once, pack_contract, NULL);
    return TRUE;
}

static json_t *session_view(const FctIdentity *who)
{
    json_t *actions = json_array();
    FctRole role;
    for (const char *const *action = fct_policy_actions(); *action; action++)
        if (fct_role_from_name(who->role, &role) && fct_policy_allows(role, *action))
            json_array_append_new(actions, json_string(*action));
    return json_pack("{s:s, s:s, s:o}", "user", who->user, "role", who->role, "may", actions);
}

/*
 * The page asks this when it starts. With the answer to the sign-in itself there is only one cookie, so that programs
 * that keep one cookie keep the right one.
 */
static gboolean get_session(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autofree char *browser =
        request->session ? fct_auth_browser(request->app->auth, request->who->account, request->browser) : NULL;
    if (browser)
        reply->cookie = g_strdup_printf(BROWSER, browser, FCT_BROWSER_DAYS * 24 * 3600);
    reply->json = session_view(request->who);
    return TRUE;
}

/* A longer name is no account; only its beginning is passed on. */
static char *cut_name(const char *name)
{
    if (g_utf8_strlen(name, -1) <= FCT_NAME_MAX)
        return fct_plain_shown(name);
    g_autofree char *begin = g_utf8_substring(name, 0, FCT_NAME_MAX);
    g_autofree char *shown = fct_plain_shown(begin);
    return g_strconcat(shown, "…", NULL);
}

static gboolean session_login(const FctRequest *request, FctReply *reply, GError **error)
{
    const char *user, *password;
    g_autofree char *secret = NULL;
    if (!fct_read_str(request->body, "username", &user, error) ||
        !fct_read_str(request->body, "password", &password, error))
        return FALSE;
    if (strlen(password) > FCT_PASSWORD_MAX)
        return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "password"),
                                  "A password has at most %d bytes.", FCT_PASSWORD_MAX);
    g_autofree char *name = cut_name(user);
    const FctAttempt attempt = {name, request->address, request->browser};
    g_autoptr(FctIdentity) who = fct_auth_login(request->app->auth, &attempt, password, &secret, error);
    if (!who)
        return FALSE;
    reply->cookie = fct_auth_cookie(secret);
    reply->json = session_view(who);
    return TRUE;
}

static gboolean session_logout(const FctRequest *request, FctReply *reply, GError **error)
{
    if (request->who->by == FCT_BY_TOKEN)
        return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Revoke it with DELETE /tokens/{id}.", NULL,
                                  "An API token is no session: signing out does not end it.");
    if (!fct_auth_logout(request->app->auth, request->who, request->session, error))
        return FALSE;
    reply->cookie = fct_auth_cookie("");
    reply->status = 204;
    return TRUE;
}

const FctRoute fct_routes_session[] = {
    {"GET", "/version", NULL, get_version},
    {"GET", "/openapi.json", NULL, get_contract},
    {"GET", "/session", "session.read", get_session},
    {"POST", "/session", NULL, session_login, .body = "username:text password:text"},
    {"DELETE", "/session", "session.end", session_logout},
    {NULL},
};

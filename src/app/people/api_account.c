/* SPDX-License-Identifier: Apache-2.0 */
/* What people may do with the account with which they have signed in. */
#include "app/api/api.h"
#include "app/people/auth.h"
#include "base/read.h"

static gboolean change_password(const FctRequest *request, FctReply *reply, GError **error)
{
    FctPasswordChange change = {.who = request->who, .address = request->address};
    g_autofree char *secret = NULL;
    reply->subject = g_strdup_printf("user %s", request->who->account);
    if (request->who->by == FCT_BY_TOKEN)
        return fct_set_error_full(error, FCT_ERROR_FORBIDDEN, "Sign in on the page, or with “facet login”.", NULL,
                                  "An API token cannot change a password.");
    if (!fct_read_str(request->body, "old_password", &change.old_password, error) ||
        !fct_read_str(request->body, "new_password", &change.new_password, error))
        return FALSE;
    change.end_tokens = fct_json_bool(request->body, "end_tokens", FALSE);
    if (!fct_auth_change_password(request->app->auth, &change, &secret, error))
        return FALSE;
    if (secret)
        reply->cookie = fct_auth_cookie(secret);
    reply->status = 204;
    return TRUE;
}

const FctRoute fct_routes_account[] = {
    {"PUT", "/account/password", "account.write", change_password,
     .body = "old_password:text new_password:text end_tokens:bool"},
    {NULL},
};

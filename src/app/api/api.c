/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/api.h"

#include <string.h>

void fct_identity_free(FctIdentity *identity)
{
    if (!identity)
        return;
    g_free(identity->user);
    g_free(identity->account);
    g_free(identity->role);
    g_free(identity->token);
    g_free(identity->login);
    g_free(identity);
}

FctIdentity *fct_identity_new(const char *user, const char *account, const char *role)
{
    FctIdentity *identity = g_new0(FctIdentity, 1);
    *identity = (FctIdentity){.user = g_strdup(user), .account = g_strdup(account), .role = g_strdup(role)};
    return identity;
}

void fct_reply_resource(FctReply *reply, int status, json_t *json)
{
    reply->status = status;
    reply->json = json;
    if (json_is_integer(json_object_get(json, "revision")))
        reply->etag = g_strdup_printf("\"%" G_GINT64_FORMAT "\"", fct_json_int(json, "revision", 0));
}

void fct_reply_clear(FctReply *reply)
{
    json_decref(reply->json);
    g_free(reply->etag);
    g_free(reply->cookie);
    g_free(reply->subject);
    g_free(reply->text);
    g_free(reply->mime);
    g_free(reply->login);
    if (reply->data && reply->destroy)
        reply->destroy(reply->data);
    memset(reply, 0, sizeof *reply);
}

gboolean fct_request_revision(const FctRequest *request, guint64 *ret_revision, GError **error)
{
    const char *text = request->if_match;
    char *end = NULL;
    if (!text)
        return fct_set_error(error, FCT_ERROR_REVISION_NEEDED,
                             "The change does not name the revision that it changes.");
    if (strcmp(text, "*") == 0) {
        *ret_revision = FCT_REV_ANY;
        return TRUE;
    }
    gboolean quoted = *text == '"';
    text += quoted;
    guint64 revision = g_ascii_isdigit(*text) ? g_ascii_strtoull(text, &end, 10) : 0; /* refuses "-1", " 1" and "+1" */
    if (revision && quoted && *end == '-') /* an ETag of GET: what follows tells answers apart, not revisions */
        end += 1 + strspn(end + 1, "0123456789abcdef");
    if (revision == 0 || revision > G_MAXINT64 || strcmp(end, quoted ? "\"" : "") != 0)
        return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "If-Match"),
                                  "If-Match must be a revision in quotes, as \"42\".");
    *ret_revision = revision;
    return TRUE;
}

gboolean fct_request_revision_optional(const FctRequest *request, guint64 *ret_revision, GError **error)
{
    *ret_revision = FCT_REV_ANY;
    return !request->if_match || fct_request_revision(request, ret_revision, error);
}

gboolean fct_request_query_int(const FctRequest *request, const char *key, gint64 min, gint64 max, gint64 fallback,
                               gint64 *ret, GError **error)
{
    const char *text = g_hash_table_lookup(request->query, key);
    g_autoptr(GError) fault = NULL;
    *ret = fallback;
    if (!text || g_ascii_string_to_signed(text, 10, min, max, ret, &fault))
        return TRUE;
    return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", key),
                              "“%s” must be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ".", key,
                              min, max);
}

gboolean fct_request_query_bool(const FctRequest *request, const char *key, gboolean fallback)
{
    const char *text = g_hash_table_lookup(request->query, key);
    return text ? strcmp(text, "true") == 0 || strcmp(text, "1") == 0 : fallback;
}

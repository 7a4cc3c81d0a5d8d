/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api.h"

#include <string.h>

/* The tables in the order of the contract. A new resource adds its table here. */
static const FctRoute *const tables[] = {
    fct_routes_session, fct_routes_account, fct_routes_token,    fct_routes_node,        fct_routes_gpu,
    fct_routes_group,   fct_routes_plan,    fct_routes_task,     fct_routes_image,       fct_routes_event,
    fct_routes_sample,  fct_routes_vm,      fct_routes_template, fct_routes_file,        fct_routes_network,
    fct_routes_pool,    fct_routes_volume,  fct_routes_snapshot, fct_routes_vm_hardware,
};

static char *decode(const char *segment, gsize length)
{
    g_autofree char *given = g_strndup(segment, length), *text = g_uri_unescape_string(given, NULL);
    return text && *text && g_utf8_validate(text, -1, NULL) ? g_steal_pointer(&text) : NULL;
}

static gboolean is_word(const char *pattern, gsize length, const char *word)
{
    return length == strlen(word) && strncmp(pattern, word, length) == 0;
}

/*
 * TRUE when @path (segments still encoded) is an instance of @pattern; then what stood for {id} and {sub} is given.
 * Anybody may send any path, of many segments and long ones: the first that differs ends it, and nothing is decoded
 * before all fit.
 */
static gboolean path_matches(const char *pattern, const char *path, char **ret_id, char **ret_sub)
{
    const char *id = NULL, *sub = NULL;
    gsize id_length = 0, sub_length = 0;
    for (;; pattern++, path++) {
        gsize wanted = strcspn(pattern, "/"), given = strcspn(path, "/");
        if (is_word(pattern, wanted, "{id}"))
            id = path, id_length = given;
        else if (is_word(pattern, wanted, "{sub}"))
            sub = path, sub_length = given;
        else if (wanted != given || strncmp(pattern, path, wanted) != 0)
            return FALSE;
        pattern += wanted;
        path += given;
        if (!*pattern || !*path)
            break;
    }
    if (*pattern || *path)
        return FALSE;
    g_autofree char *decoded = id ? decode(id, id_length) : NULL, *more = sub ? decode(sub, sub_length) : NULL;
    if ((id && !decoded) || (sub && !more))
        return FALSE;
    *ret_id = g_steal_pointer(&decoded);
    *ret_sub = g_steal_pointer(&more);
    return TRUE;
}

static void allow_add(GString *allow, const char *method)
{
    g_string_append_printf(allow, "%s%s", allow->len ? ", " : "", method);
    if (strcmp(method, "GET") == 0)
        g_string_append(allow, ", HEAD");
}

const FctRoute *fct_api_route(const char *method, const char *path, char **ret_id, char **ret_sub, char **ret_allow,
                              GError **error)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    const FctRoute *const *routes = fct_api_routes();
    g_autoptr(GString) allow = g_string_new(NULL);
    *ret_id = *ret_sub = *ret_allow = NULL;
    for (; *routes; routes++) {
        g_autofree char *id = NULL, *sub = NULL;
        if (!path_matches((*routes)->path, path, &id, &sub))
            continue;
        if (strcmp((*routes)->method, wanted) == 0) {
            *ret_id = g_steal_pointer(&id);
            *ret_sub = g_steal_pointer(&sub);
            return *routes;
        }
        allow_add(allow, (*routes)->method);
    }
    if (allow->len) {
        fct_set_error(error, FCT_ERROR_METHOD, "/api/v1%s does not take %s.", path, method);
        allow_add(allow, "OPTIONS");
        *ret_allow = g_strdup(allow->str);
    } else {
        fct_set_error_full(error, FCT_ERROR_NOT_FOUND, "See the API description.", NULL, "There is no /api/v1%s.",
                           path);
    }
    return NULL;
}

static gpointer collect_routes(gpointer unused)
{
    GPtrArray *all = g_ptr_array_new();
    for (gsize t = 0; t < G_N_ELEMENTS(tables); t++)
        for (const FctRoute *route = tables[t]; route->method; route++)
            g_ptr_array_add(all, (gpointer)route);
    g_ptr_array_add(all, NULL);
    return g_ptr_array_free(all, FALSE);
}

const FctRoute *const *fct_api_routes(void)
{
    static GOnce once = G_ONCE_INIT;
    return g_once(&once, collect_routes, NULL);
}

void fct_reply_resource(FctReply *reply, int status, json_t *json)
{
    reply->status = status;
    reply->json = json;
    if (json_is_integer(json_object_get(json, "revision")))
        reply->etag = g_strdup_printf("\"%" G_GINT64_FORMAT "\"", fct_json_int(json, "revision", 0));
}

void fct_reply_items(FctReply *reply, json_t *items)
{
    reply->json = json_pack("{s:o}", "items", items);
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
    if (!text) {
        fct_set_error(error, FCT_ERROR_REVISION_NEEDED, "The change does not name the revision that it changes.");
        return FALSE;
    }
    if (strcmp(text, "*") == 0) {
        *ret_revision = FCT_REV_ANY;
        return TRUE;
    }
    gboolean quoted = *text == '"';
    text += quoted;
    guint64 revision = g_ascii_isdigit(*text) ? g_ascii_strtoull(text, &end, 10) : 0; /* not "-1", " 1" or "+1" */
    if (revision == 0 || revision > G_MAXINT64 || strcmp(end, quoted ? "\"" : "") != 0) {
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "If-Match"),
                           "If-Match must be a revision in quotes, as \"42\".");
        return FALSE;
    }
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
    fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", key),
                       "“%s” must be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ".", key, min, max);
    return FALSE;
}

gboolean fct_request_query_bool(const FctRequest *request, const char *key, gboolean fallback)
{
    const char *text = g_hash_table_lookup(request->query, key);
    return text ? strcmp(text, "true") == 0 || strcmp(text, "1") == 0 : fallback;
}

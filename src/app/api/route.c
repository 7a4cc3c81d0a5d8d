/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/route.h"

#include <string.h>

static char *segment_decode(const char *segment, gsize length)
{
    g_autofree char *given = g_strndup(segment, length), *text = g_uri_unescape_string(given, NULL);
    return text && *text && g_utf8_validate(text, -1, NULL) ? g_steal_pointer(&text) : NULL;
}

static gboolean segment_is(const char *pattern, gsize length, const char *word)
{
    return length == strlen(word) && strncmp(pattern, word, length) == 0;
}

/*
 * TRUE when @path (segments still encoded) matches @pattern; then gives the texts of {id} and {sub}. Anybody may send
 * any path, however long: the first segment that differs ends the comparison, and nothing is decoded before all
 * segments match.
 */
static gboolean route_path_matches(const char *pattern, const char *path, char **ret_id, char **ret_sub)
{
    const char *id = NULL, *sub = NULL;
    gsize id_length = 0, sub_length = 0;
    for (;; pattern++, path++) {
        gsize wanted = strcspn(pattern, "/"), given = strcspn(path, "/");
        if (segment_is(pattern, wanted, "{id}"))
            id = path, id_length = given;
        else if (segment_is(pattern, wanted, "{sub}"))
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
    g_autofree char *decoded = id ? segment_decode(id, id_length) : NULL,
                    *more = sub ? segment_decode(sub, sub_length) : NULL;
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

const FctRoute *fct_route_find(const FctRoute *const *routes, const char *method, const char *path, char **ret_id,
                               char **ret_sub, char **ret_allow, GError **error)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    g_autoptr(GString) allow = g_string_new(NULL);
    *ret_id = *ret_sub = *ret_allow = NULL;
    for (; *routes; routes++) {
        g_autofree char *id = NULL, *sub = NULL;
        if (!route_path_matches((*routes)->path, path, &id, &sub))
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/etag.h"

#include <string.h>

char *fct_etag(const json_t *revision, const char *text)
{
    gsize length = strlen(text);
    if (length > FCT_ETAG_MAX)
        return NULL;
    g_autofree char *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text, length);
    if (json_is_integer(revision))
        return g_strdup_printf("\"%" JSON_INTEGER_FORMAT "-%.32s\"", json_integer_value(revision), digest);
    return g_strdup_printf("\"%.32s\"", digest);
}

/* W/ says that the tag was made of another form of the same, such as a compressed one: that is the same here. */
gboolean fct_etag_known(const char *if_none_match, const char *etag)
{
    g_auto(GStrv) tags = g_strsplit(if_none_match ? if_none_match : "", ",", -1);
    for (guint i = 0; tags[i]; i++) {
        const char *tag = g_strstrip(tags[i]);
        if (strcmp(tag, "*") == 0 || strcmp(g_str_has_prefix(tag, "W/") ? tag + 2 : tag, etag) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean has_tag(const FctRequest *request, const json_t *resource)
{
    g_autofree char *text = fct_json_text_unsorted(resource);
    g_autofree char *etag = fct_etag(NULL, text);
    return strcmp(request->if_match, "*") == 0 || g_strcmp0(request->if_match, etag) == 0;
}

gboolean fct_request_match(const FctRequest *request, const json_t *resource, GError **error)
{
    const json_t *has = json_object_get(resource, "revision");
    guint64 wanted = FCT_REV_ANY;
    if (!request->if_match)
        return TRUE;
    if (has && !fct_request_revision(request, &wanted, error))
        return FALSE;
    if (has ? wanted == FCT_REV_ANY || wanted == (guint64)json_integer_value(has) : has_tag(request, resource))
        return TRUE;
    return fct_set_error(error, FCT_ERROR_REVISION, "%s has changed meanwhile.", request->id);
}

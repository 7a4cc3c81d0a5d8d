/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/members.h"

#include <string.h>

static gboolean member_refuse(GError **error, const char *field, const char *format)
{
    g_autoptr(GString) sentence = g_string_new(format);
    g_string_replace(sentence, "%", field, 1);
    return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", field), "%s",
                              sentence->str);
}

/* The type of @name in @spec ("bool", "text?" …); NULL: the route does not take it. Free it. */
static char *type_of(const char *spec, const char *name)
{
    g_auto(GStrv) members = g_strsplit(spec ? spec : "", " ", -1);
    gsize length = strlen(name);
    for (guint i = 0; members[i]; i++)
        if (strncmp(members[i], name, length) == 0 && members[i][length] == ':')
            return g_strdup(members[i] + length + 1);
    return NULL;
}

/* ---- query ---- */

/*
 * @query lacks values that are missing or cannot be decoded, and repeated names: so the text of the query is checked,
 * too.
 */
static gboolean is_whole(const char *raw, GHashTable *query)
{
    g_auto(GStrv) pairs = g_strsplit(raw ? raw : "", "&", -1);
    guint given = 0;
    for (guint i = 0; pairs[i]; i++)
        given += *pairs[i] != '\0';
    return given == g_hash_table_size(query);
}

static gboolean is_bool(const char *text)
{
    static const char *const words[] = {"true", "false", "1", "0", NULL};
    return g_strv_contains(words, text);
}

gboolean fct_members_check_query(const FctRoute *route, const char *raw, GHashTable *query, GError **error)
{
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, query);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        g_autofree char *type = type_of(route->query, name);
        if (!type)
            return member_refuse(error, name, "“%”, behind the question mark, is not known here.");
        if (strcmp(type, "bool") == 0 && !is_bool(value))
            return member_refuse(error, name, "“%” must be true or false.");
    }
    return is_whole(raw, query) ||
           member_refuse(error, "query",
                         "What stands behind the question mark is NAME=VALUE, each name once, with “&” between.");
}

/* ---- body ---- */

static const struct {
    const char *type, *sentence;
} types[] = {
    {"text", "The field “%” must be a text."},        {"int", "The field “%” must be a whole number."},
    {"bool", "The field “%” must be true or false."}, {"list", "The field “%” must be a list."},
    {"object", "The field “%” must be an object."},
};

static gboolean member_is_of_type(const json_t *value, const char *type)
{
    switch (*type) {
    case 't':
        return json_is_string(value);
    case 'i':
        return json_is_integer(value);
    case 'b':
        return json_is_boolean(value);
    case 'l':
        return json_is_array(value);
    default:
        return json_is_object(value);
    }
}

gboolean fct_members_check_body(const FctRoute *route, const json_t *body, GError **error)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)body, name, value) {
        g_autofree char *type = type_of(route->body, name);
        if (!type)
            return member_refuse(error, name, "The field “%” is not known here.");
        gboolean or_null = g_str_has_suffix(type, "?");
        if (member_is_of_type(value, type) || (or_null && json_is_null(value)))
            continue;
        for (guint i = 0; i < G_N_ELEMENTS(types); i++)
            if (*types[i].type == *type)
                return member_refuse(error, name, types[i].sentence);
    }
    return TRUE;
}

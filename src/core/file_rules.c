/* SPDX-License-Identifier: Apache-2.0 */
#include "core/file_rules.h"

#include <string.h>

static gboolean bad_name(GError **error, const char *why)
{
    return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "name"),
                              "The file's name %s.", why);
}

gboolean fct_file_name_check(const char *name, GError **error)
{
    gsize length = strlen(name);
    if (length == 0)
        return bad_name(error, "must not be empty");
    if (length > FCT_FILE_NAME_MAX)
        return bad_name(error, "must not be longer than 200 bytes");
    if (!g_utf8_validate(name, -1, NULL))
        return bad_name(error, "must be UTF-8");
    if (*name == '.' || *name == '-' || *name == ' ' || name[length - 1] == ' ')
        return bad_name(error, "must not begin with a dot, a dash or a blank, nor end with a blank");
    if (g_str_has_suffix(name, ".json"))
        return bad_name(error, "must not end with .json, which describes a file");
    for (const char *p = name; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == '/' || c == '\\')
            return bad_name(error, "must not contain a slash or a backslash");
        if (!g_unichar_isprint(c))
            return bad_name(error, "must not contain control characters");
    }
    return TRUE;
}

static gboolean bad_range(GError **error, const char *why)
{
    return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "Send “Content-Range: bytes FIRST-LAST/SIZE”.",
                              json_pack("{s:s}", "field", "Content-Range"), "The range %s.", why);
}

/* Reads a number without sign or blanks that ends with @end, and steps over @end. */
static gboolean range_take_number(const char **text, char end, gint64 *ret)
{
    char *rest;
    if (!g_ascii_isdigit(**text))
        return FALSE;
    guint64 value = g_ascii_strtoull(*text, &rest, 10);
    if (value > G_MAXINT64 || *rest != end)
        return FALSE;
    *ret = (gint64)value;
    *text = end ? rest + 1 : rest;
    return TRUE;
}

static gboolean parse_range(const char *text, FctFileRange *ret, gint64 *ret_size)
{
    gint64 last;
    if (g_ascii_strncasecmp(text, "bytes ", 6) != 0)
        return FALSE;
    text += 6;
    if (g_str_has_prefix(text, "*/")) {
        text += 2;
        *ret = (FctFileRange){0};
        return range_take_number(&text, '\0', ret_size);
    }
    if (!range_take_number(&text, '-', &ret->first) || !range_take_number(&text, '/', &last) || last < ret->first ||
        !range_take_number(&text, '\0', ret_size) || last >= *ret_size)
        return FALSE;
    ret->length = last - ret->first + 1;
    return TRUE;
}

gboolean fct_file_range(const char *header, gint64 body_length, gint64 total, FctFileRange *ret, GError **error)
{
    gint64 size = total;
    *ret = (FctFileRange){0, total};
    if (header && !parse_range(header, ret, &size))
        return bad_range(error, "is not understood");
    if (size != total)
        return bad_range(error, "is of a file of another size");
    if (body_length >= 0 && body_length != ret->length)
        return bad_range(error, "is not as long as the body");
    return TRUE;
}
